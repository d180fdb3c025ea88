//! Rehearsals: the ways in which a CA of a deployment can be rotated, each played in forks of one
//! world, with the shortest pauses that lose nothing and the commands that make it.
//!
//! A playbook is a list of steps with two pauses left open: before the switch to the new CA and before
//! the withdrawal of the old one. [`rehearse`] plays the deployment up to the beginning of the rotation
//! once, forks it for each pair of pauses that is tried, and halves until one second less fails. For
//! example, `step-by-step` of a provider that hands its root on over relations may need 61 s before the
//! switch, because an operator copies the root to a browser a minute after it is there; with 60 s
//! `browser -> shop.api/0` fails with `unknown-issuer`.
//!
//! Everything it finds is a value: which playbook, which failure, which check. `report::words::rotation`
//! says them in English.
//!
//! Must not know the terminal, files or how a report looks.

mod baseline;
mod baselines;
mod failure;
mod invariants;
mod ordered;
mod play;
mod playbook;
mod playbooks;
mod solve;
mod successor;
#[cfg(test)]
mod tests;
mod timetable;
mod unfit;

use std::num::{NonZeroU32, NonZeroUsize};

pub use failure::{ConnectionFailure, Failure};
pub use invariants::{Breach, BreachKind, Judged, NotApplicable, Quadrant, RefusedHandshake};
pub use ordered::ordered;
pub use playbook::PlaybookKind;
pub use solve::{Pause, Pauses, Shortfall};

pub use timetable::{Check, NewCa, Task, TimetableLine};
pub use unfit::{Misfit, Unfit};

use baselines::Baselines;

use trustsim_diagnosis::Invariant;
use trustsim_faults::rotation::Refusal;
use trustsim_kernel::{Span, Time};
use trustsim_world::{Address, ApplicationIndex, Deployment, TimedAction};

/// What is rehearsed.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The application whose CA is rotated.
    pub ca: ApplicationIndex,
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
    /// The application whose CA it is.
    pub ca: Address,
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

/// One playbook, as it went.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// Which it is.
    pub playbook: PlaybookKind,
    /// The pauses with which it loses nothing; `None` where none do.
    pub pauses: Option<Pauses>,
    /// What is lost: with these pauses, or with the best that were tried. A refusal where the CA
    /// cannot do one of the steps, so that nothing was played.
    pub lost: Result<Lost, Refusal>,
    /// What goes wrong first with those; `None` where nothing does.
    pub failure: Option<Failure>,
    /// Each invariant, in order.
    pub invariants: Vec<(Invariant, Judged)>,
    /// Old and new leaf with the bundles of before the first use and of before the first distrust.
    pub two_by_two: Vec<Quadrant>,
    /// What an operator types, in order of time.
    pub timetable: Vec<TimetableLine>,
}

impl Rehearsed {
    /// Whether no connection fails because of it.
    pub const fn is_safe(&self) -> bool {
        self.pauses.is_some()
    }

    /// Whether the CA can do it at all.
    pub const fn is_possible(&self) -> bool {
        self.lost.is_ok()
    }

    /// Whether no connection fails, be it that the old CA stays in use.
    pub fn loses_nothing(&self) -> bool {
        self.lost.as_ref().is_ok_and(|lost| lost.total.is_zero())
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
    /// Time in which workloads restart, so that no client can connect; not counted above.
    pub restarts: Span,
    /// The first connection that failed.
    pub first: Option<ConnectionFailure>,
}

impl Lost {
    /// What two rotations are compared by: lost time, then restarts.
    pub(crate) const fn cost(&self) -> (Span, Span) {
        (self.total, self.restarts)
    }
}

/// Why a rehearsal cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RehearsalError {
    /// The application issues nothing.
    #[error("{0} provides no certificates")]
    NoProvider(Address),
    /// No connection would notice.
    #[error("no connection meets a certificate of {0}")]
    NoConnection(Address),
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
    let mut own = Baselines::new(&deployment, request)?;
    if !own.first().has_connection_of(request.ca) {
        return Err(RehearsalError::NoConnection(address));
    }
    for playbook in playbooks::playbooks_of_ca(&deployment, request.ca) {
        rehearsed.push(playbook.rehearse(&mut own, request));
    }
    plays += own.plays();
    let successor::WithSuccessor {
        deployment: both,
        index,
        commands,
    } = successor::with_successor(&deployment, request.ca);
    let playbooks = match unfit::database(&deployment, request.ca) {
        Some(_) => Vec::new(),
        None => playbooks::second_provider(&deployment, index, &commands),
    };
    let mut with_successor = Baselines::new(&both, request)?;
    for playbook in playbooks {
        rehearsed.push(playbook.rehearse(&mut with_successor, request));
    }
    plays += with_successor.plays();
    let rank = |each: &Rehearsed| {
        let lost = each.lost.as_ref().ok().map(|lost| lost.total);
        let keeps_key = each.playbook == PlaybookKind::SameKey;
        (
            !each.is_safe(),
            lost.is_none(),
            // What does not rotate loses nothing.
            !each.is_safe() && each.loses_nothing(),
            lost,
            keeps_key,
            each.broken(),
            each.length(),
        )
    };
    rehearsed.sort_by_key(rank);
    let unfit = unfit::unfit_playbooks(&deployment, request.ca);
    for kind in PlaybookKind::ALL {
        let played = rehearsed
            .iter()
            .filter(|each| each.playbook == kind)
            .count();
        let left_out = unfit.iter().filter(|each| each.playbooks.contains(&kind));
        assert_eq!(
            played + left_out.count(),
            1,
            "the playbook {} is either played or left out with a reason, and once",
            kind.name()
        );
    }
    Ok(Rehearsal {
        ca: address,
        charm: deployment.applications[request.ca].charm.name.clone(),
        at: deployment.start + request.at,
        seeds: own.seeds(),
        playbooks: rehearsed,
        unfit,
        plays,
    })
}
