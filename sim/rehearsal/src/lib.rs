//! Rehearsals: the ways in which a CA of a deployment can be rotated, each played in forks of one
//! world, with the shortest pauses that lose nothing and the commands that make it.
//!
//! Must not know the terminal, files or how a report looks.

mod invariants;
mod ordered;
mod play;
mod playbooks;
mod solve;
mod stage;
mod stages;
mod successor;
#[cfg(test)]
mod tests;
mod timetable;

use std::num::{NonZeroU32, NonZeroUsize};

pub use invariants::{Judged, Quadrant};
pub use ordered::ordered;
pub use solve::{Pause, Pauses, Shortfall};

use stages::Stages;
pub use timetable::{Command, Doing};

use trustsim_diagnosis::Invariant;
use trustsim_kernel::{Span, Time};
use trustsim_world::{Deployment, TimedAction};

/// What is rehearsed.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The application whose CA is rotated.
    pub ca: usize,
    /// When every playbook begins, from the start of the run.
    pub at: Span,
    /// No pause longer than this is tried.
    pub longest: Span,
    /// With how many seeds everything is played: the deployment's and those that follow it. A pause
    /// is long enough where it is with each of them.
    pub seeds: NonZeroU32,
    /// How many futures are played at once. Changes no answer.
    pub threads: NonZeroUsize,
}

/// Every playbook that was tried on one CA.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// `model.app`.
    pub ca: String,
    /// Its charm.
    pub charm: String,
    /// When every playbook begins.
    pub at: Time,
    /// The seeds, in order; the first is the scenario's.
    pub seeds: Vec<u64>,
    /// The playbooks: safe ones first, by how many invariants they break and how long they take;
    /// what keeps the key comes after what makes a new one.
    pub playbooks: Vec<Rehearsed>,
    /// The playbooks that do not fit, and why.
    pub unfit: Vec<Unfit>,
    /// How many futures were played.
    pub plays: usize,
}

impl Rehearsal {
    /// The best playbook that loses nothing.
    pub fn safe(&self) -> Option<&Rehearsed> {
        self.playbooks.iter().find(|each| each.is_safe())
    }
}

/// Playbooks that do not fit a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Their names.
    pub names: Vec<&'static str>,
    /// Why they were not played.
    pub why: String,
}

/// One playbook, as it went.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// Kebab-case name.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// The pauses with which it loses nothing; `None` where none do.
    pub pauses: Option<Pauses>,
    /// What is lost: with these pauses, or with the best that were tried.
    pub lost: Lost,
    /// Each invariant, in order.
    pub invariants: Vec<(Invariant, Judged)>,
    /// Old and new leaf with the bundles of before the first use and of before the first distrust.
    pub two_by_two: Vec<Quadrant>,
    /// What an operator types, in order of time.
    pub timetable: Vec<Command>,
}

impl Rehearsed {
    /// Whether no connection fails because of it.
    pub const fn is_safe(&self) -> bool {
        self.pauses.is_some()
    }

    /// Whether the CA can do it at all.
    pub fn is_possible(&self) -> bool {
        self.lost.total != Span::MAX
    }

    /// How many invariants it breaks.
    pub fn broken(&self) -> usize {
        let judged = self.invariants.iter();
        let broken = judged.filter(|(_, judged)| matches!(judged, Judged::Broken(_)));
        broken.count()
    }

    /// From the first command to the last.
    pub fn length(&self) -> Span {
        self.timetable.last().map_or(Span::ZERO, |last| last.at)
    }
}

/// What a rotation costs, beside what fails without it too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Lost time of all connections together.
    pub total: Span,
    /// Of the connection that loses most.
    pub most: Span,
    /// Which that is.
    pub worst: Option<String>,
    /// How many connections fail.
    pub connections: usize,
    /// While workloads restart nobody can connect; not counted above.
    pub restarts: Span,
    /// The first thing that went wrong.
    pub first: Option<String>,
}

/// Why a rehearsal cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RehearsalError {
    /// The application issues nothing.
    #[error("{0} provides no certificates")]
    NoProvider(String),
    /// Nobody would notice.
    #[error("no connection meets a certificate of {0}")]
    NoConnection(String),
    /// The deployment is not up by then.
    #[error("the deployment has not settled by {0}: the rotation has to begin later")]
    NotSettled(Time),
}

/// Plays every playbook that fits the CA.
///
/// The scenario's own faults from `request.at` on are left out: a rehearsal is of the deployment.
///
/// # Errors
///
/// [`RehearsalError`] where there is nothing to rehearse.
pub fn rehearse(deployment: &Deployment, request: Request) -> Result<Rehearsal, RehearsalError> {
    let address = deployment.application_address(request.ca);
    if !playbooks::is_provider(deployment, request.ca) {
        return Err(RehearsalError::NoProvider(address));
    }
    let mut deployment = deployment.clone();
    let keeps = |timed: &TimedAction| timed.at < request.at;
    deployment.actions.retain(keeps);
    deployment.rotations.clear();
    let mut plays = 0;
    let mut rehearsed = Vec::new();
    let mut own = Stages::new(&deployment, request)?;
    if !own.first().meets(request.ca) {
        return Err(RehearsalError::NoConnection(address));
    }
    for playbook in playbooks::of_one(&deployment, request.ca) {
        rehearsed.push(playbook.rehearse(&mut own, request));
    }
    plays += own.plays();
    let successor::Beside {
        deployment: both,
        index,
        commands,
    } = successor::beside(&deployment, request.ca);
    let playbooks = playbooks::second_provider(&deployment, index, &commands);
    let mut with_successor = Stages::new(&both, request)?;
    for playbook in playbooks {
        rehearsed.push(playbook.rehearse(&mut with_successor, request));
    }
    plays += with_successor.plays();
    let rank = |each: &Rehearsed| {
        let lost = each.lost.total;
        let keeps_key = each.name == playbooks::SAME_KEY;
        (
            !each.is_safe(),
            lost,
            keeps_key,
            each.broken(),
            each.length(),
        )
    };
    rehearsed.sort_by_key(rank);
    Ok(Rehearsal {
        ca: address,
        charm: deployment.applications[request.ca].charm.name.clone(),
        at: deployment.start + request.at,
        seeds: own.seeds(),
        playbooks: rehearsed,
        unfit: playbooks::unfit(&deployment, request.ca),
        plays,
    })
}
