//! In which order to make the relations of a deployment's TLS, so that nothing is dialled over TLS before it is trusted.
//!
//! What needs what is read off the deployment as it is once all of it is there: which certificate each connection meets,
//! and over which relation the client came to trust the CA above it. The order is then played: the same deployment
//! without those relations, in which they are made one after the other, each when what came of the last has come to
//! rest. So is the opposite order, and all of them at once.

mod play;
mod refresh;
mod sort;
mod steps;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::at_rest::{Unrest, play_to_rest};
use super::trusted::{TrustCheck, trust_found};
use play::Counted;
pub use refresh::{RefreshTo, refresh_order};
use trustsim_diagnosis::Command;
use trustsim_kernel::{Span, Time};
use trustsim_validators::ErrorKind;
use trustsim_world::{
    Address, ApplicationIndex, ClientIndex, Deployment, Options, RelationIndex, Simulation, TiVec,
};

/// The order that was found, and what comes of it.
#[derive(Clone, Debug, Default)]
pub struct RelationOrder {
    /// What is done, in order.
    pub steps: Vec<OrderStep>,
    /// What of it needs a step that comes after it: two applications that are each trusted only through the
    /// certificates of the other.
    pub unordered: Vec<Unordered>,
    /// In this order, in the opposite one, and all at once.
    pub plays: Vec<OrderPlay>,
    /// Connections that fail however it is done, since they fail once everything is there; their names.
    pub failing_anyway: Vec<String>,
    /// Connections that are watched once everything is there, and not before: what they need has no description.
    pub not_proven: Vec<String>,
}

impl RelationOrder {
    /// What is lost in this order and all at once, where the latter loses less than half of it.
    pub fn better_at_once(&self) -> Option<[Span; 2]> {
        let lost = |order: PlayedOrder| -> Option<Span> {
            let play = self.plays.iter().find(|play| play.order == order)?;
            Some(play.failures.iter().map(|one| one.lost).sum())
        };
        let found = lost(PlayedOrder::Found)?;
        let at_once = lost(PlayedOrder::AtOnce)?;
        (at_once * 2 < found).then_some([found, at_once])
    }
}

/// One thing that is done.
#[derive(Clone, Debug)]
pub struct OrderStep {
    /// What it does.
    pub kind: StepKind,
    /// Who gains by it: an application, or a client outside Juju.
    pub gains: Address,
    /// The application whose CA or certificates it is about.
    pub ca: Address,
    /// What is typed.
    pub commands: Vec<Command>,
    /// What a charm is refreshed to.
    pub refresh: Option<RefreshTo>,
    /// Whether the deployment lacks it: it is there for the order alone.
    pub is_new: bool,
    /// The steps that have to come before it, by their number from 0.
    pub after: Vec<usize>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// A CA that signs for others is signed by another.
    Authority,
    /// An application trusts a CA.
    Trust,
    /// A client outside Juju is given a CA.
    Given,
    /// An application gets certificates: what dials it dials TLS.
    Certificates,
    /// A charm is refreshed.
    Refresh,
}

/// One of two steps that each need the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unordered {
    /// The application that is to trust the other.
    pub holder: Address,
    /// The application that is dialled.
    pub server: Address,
}

/// An order that was played.
#[derive(Clone, Debug)]
pub struct OrderPlay {
    /// Which.
    pub order: PlayedOrder,
    /// With how many seeds; what failed with any is told.
    pub seeds: u32,
    /// When the first step was made, and until when it was played.
    pub from: Time,
    /// See `from`.
    pub until: Time,
    /// What was dialled over TLS and failed, by connection.
    pub failures: Vec<OrderFailure>,
}

/// Which order was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayedOrder {
    /// The one that was found.
    Found,
    /// The opposite one.
    Opposite,
    /// Everything at the same instant.
    AtOnce,
}

/// A connection that was dialled over TLS and failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFailure {
    /// Its name.
    pub connection: String,
    /// When first.
    pub at: Time,
    /// With what at first.
    pub error: ErrorKind,
    /// For how long in all.
    pub lost: Span,
}

/// Why no order is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoOrder {
    /// No relation of the deployment is for certificates or CAs.
    NothingToOrder,
    /// All that are for them are with models that are not given: the offers that they consume.
    ModelsNotGiven(Vec<String>),
    /// No charm of the deployment is of a revision before its libraries for certificates changed.
    NothingToRefresh,
    /// The deployment does not come to rest.
    NotAtRest(Unrest),
    /// Without those relations it does not: its charms may not run without TLS.
    NotAtRestWithout(Unrest),
}

/// What a step does to a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    /// A relation of the deployment.
    Relation(RelationIndex),
    /// A relation that it lacks, over which the CA of one application comes to another.
    Transfer {
        ca: ApplicationIndex,
        to: ApplicationIndex,
    },
    /// A client outside Juju is given a CA.
    Give {
        client: ClientIndex,
        ca: ApplicationIndex,
    },
}

/// Finds the order and plays it.
///
/// # Errors
///
/// See [`NoOrder`].
pub fn relation_order(deployment: &Deployment) -> Result<RelationOrder, NoOrder> {
    let complete = without_plan(deployment);
    let mut simulation = Simulation::new(Arc::new(complete.clone()), Options::default());
    play_to_rest(&mut simulation).map_err(NoOrder::NotAtRest)?;
    let trust = trust_found(&simulation);
    let mut plan = steps::Plan::of(&complete, &trust);
    if plan.acts().next().is_none() {
        let absent = deployment.absent.iter();
        let offers = absent.filter(|absent| absent.brings_trust());
        let offers: Vec<String> = offers.map(|absent| absent.offer.clone()).collect();
        return Err(match offers.is_empty() {
            true => NoOrder::NothingToOrder,
            false => NoOrder::ModelsNotGiven(offers),
        });
    }
    let mut sorted = sort::sort(&mut plan);
    let failing = trust.checks.iter().filter(|check| check.error.is_some());
    let failing_anyway = names_of(failing);
    drop_needless(&mut plan, &mut sorted, &failing_anyway).map_err(NoOrder::NotAtRestWithout)?;
    let of_plan: BTreeSet<Act> = plan.acts().collect();
    assert!(
        sorted.len() == of_plan.len() && sorted.iter().all(|act| of_plan.contains(act)),
        "an order has every act, each once"
    );
    plan.plan_transfers(&sorted);
    let steps = plan.steps(&sorted);
    assert_eq!(steps.len(), sorted.len(), "each act is one step");
    let base = plan.base();
    let acts: Vec<Vec<_>> = sorted.iter().map(|act| vec![plan.action(*act)]).collect();
    let played = play::play(&base, &acts, &failing_anyway, Counted::IssuedSince);
    let played = played.map_err(NoOrder::NotAtRestWithout)?;
    let found = &played.plays[0];
    assert_eq!(found.order, PlayedOrder::Found, "it is played first");
    // What could not be ordered, and did not fail: a charm may use its CA in the hook that brings its certificate.
    plan.unordered.retain(|one| {
        let between = trust.checks.iter().filter(|check| {
            let ends = [&check.holder, &check.presenter];
            let ends = ends.map(|end| complete.application_at(end));
            let wanted = [&one.holder, &one.server].map(|end| complete.application_at(end));
            ends == wanted
        });
        let mut names = between.map(|check| &check.connection.name);
        names.any(|name| {
            found
                .failures
                .iter()
                .any(|failed| failed.connection == *name)
        })
    });
    let checks = trust.checks.iter();
    let not_watched = checks.filter(|check| !played.watched.contains(&check.connection.name));
    Ok(RelationOrder {
        steps,
        unordered: plan.unordered,
        plays: played.plays,
        failing_anyway,
        not_proven: names_of(not_watched),
    })
}

/// Leaves out the relations that the deployment lacks and without which nothing else fails, nor for longer: a client that gets its CA
/// with its own certificate may use it at once.
fn drop_needless(
    plan: &mut steps::Plan<'_>,
    sorted: &mut Vec<Act>,
    failing_anyway: &[String],
) -> Result<(), Unrest> {
    let is_new = |act: &Act| matches!(act, Act::Transfer { .. });
    let new: Vec<Act> = sorted.iter().copied().filter(is_new).collect();
    let fails = |plan: &steps::Plan<'_>, sorted: &[Act]| {
        let mut plan = plan.clone();
        plan.plan_transfers(sorted);
        let acts: Vec<Vec<_>> = sorted.iter().map(|act| vec![plan.action(*act)]).collect();
        play::failing(&plan.base(), &acts, failing_anyway, Counted::IssuedSince)
    };
    if new.is_empty() {
        return Ok(());
    }
    let with_all = fails(plan, sorted)?;
    for act in new {
        let mut without = plan.clone();
        without.remove(act);
        let rest: Vec<Act> = sorted.iter().copied().filter(|one| *one != act).collect();
        let fails_without = fails(&without, &rest)?;
        let mut each = fails_without.iter();
        if each.all(|(name, lost)| with_all.get(name).is_some_and(|before| lost <= before)) {
            *plan = without;
            *sorted = rest;
        }
    }
    Ok(())
}

/// The connections of checks, each once: with mutual TLS both sides check.
fn names_of<'a>(checks: impl Iterator<Item = &'a TrustCheck>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let names = checks.map(|check| &check.connection.name);
    names.filter(|name| seen.insert(*name)).cloned().collect()
}

/// The deployment as it is, without what a scenario does to it.
fn without_plan(deployment: &Deployment) -> Deployment {
    Deployment {
        actions: TiVec::new(),
        random: Vec::new(),
        rotations: Vec::new(),
        expectations: Vec::new(),
        ..deployment.clone()
    }
}
