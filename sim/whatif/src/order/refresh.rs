//! In which order to refresh charms whose libraries for certificates change, so that no connection fails.
//!
//! The two libraries read each other's data, and what a refresh costs is that the new code may ask for a certificate that
//! the old one had. Whether those who sign or those who ask come first is found by playing both.

use std::sync::Arc;

use super::play::{Counted, play};
use super::{NoOrder, OrderStep, PlayedOrder, RelationOrder, StepKind, without_plan};
use crate::at_rest::play_to_rest;
use trustsim_charm_model::{CharmMetadata, Provenance, Revisions};
use trustsim_diagnosis::Command;
use trustsim_interfaces::Interface;
use trustsim_kernel::Span;
use trustsim_validators::Verdict;
use trustsim_world::{Action, ApplicationIndex, Deployment, Options, ScaleAction, Simulation};

/// What a charm is refreshed to.
#[derive(Clone, Debug)]
pub struct RefreshTo {
    /// The application.
    pub application: ApplicationIndex,
    /// The tracks that bring it, as far as they are known.
    pub tracks: Vec<String>,
    /// The new charm.
    pub charm: Arc<CharmMetadata>,
}

impl RefreshTo {
    /// The revisions that the new charm was read for, as far as they are known.
    pub fn revisions(&self) -> &[Revisions] {
        match &self.charm.provenance {
            Provenance::Read(reading) => &reading.covers,
            _ => &[],
        }
    }
}

/// Plays those who sign before those who ask, the opposite, and all at once; of the first two the one in which fewer
/// connections fail, or for less long, is what was found.
///
/// # Errors
///
/// See [`NoOrder`].
pub fn refresh_order(
    deployment: &Deployment,
    refreshes: &[RefreshTo],
) -> Result<RelationOrder, NoOrder> {
    if refreshes.is_empty() {
        return Err(NoOrder::NothingToRefresh);
    }
    let base = without_plan(deployment);
    let failing_anyway = failing(&base)?;
    let mut sorted: Vec<&RefreshTo> = refreshes.iter().collect();
    sorted.sort_by_key(|one| (providers_above(&base, one.application), one.application));
    let acts = |sorted: &[&RefreshTo]| -> Vec<Vec<Action>> {
        sorted.iter().map(|one| vec![action(one)]).collect()
    };
    let tried = |sorted: &[&RefreshTo]| {
        let played = play(&base, &acts(sorted), &failing_anyway, Counted::All);
        played.map_err(NoOrder::NotAtRest)
    };
    let mut played = tried(&sorted)?;
    let lost = |order: PlayedOrder| {
        let mut plays = played.plays.iter();
        let play = plays.find(|play| play.order == order);
        play.map_or((0, Span::ZERO), |play| {
            let lost = play.failures.iter().map(|one| one.lost).sum();
            (play.failures.len(), lost)
        })
    };
    if lost(PlayedOrder::Opposite) < lost(PlayedOrder::Found) {
        sorted.reverse();
        played = tried(&sorted)?;
    }
    Ok(RelationOrder {
        steps: sorted.iter().map(|one| step(&base, one)).collect(),
        unordered: Vec::new(),
        plays: played.plays,
        failing_anyway,
        not_proven: Vec::new(),
    })
}

/// The connections that fail once everything is at rest.
fn failing(base: &Deployment) -> Result<Vec<String>, NoOrder> {
    let mut simulation = Simulation::new(Arc::new(base.clone()), Options::default());
    play_to_rest(&mut simulation).map_err(NoOrder::NotAtRest)?;
    let (connections, cases) = (simulation.manifest().connections, simulation.cases());
    assert_eq!(
        connections.len(),
        cases.len(),
        "every connection has what both sides would bring, or nothing"
    );
    let judged = connections.into_iter().zip(cases);
    let failing = judged.filter(|(connection, case)| {
        let subject = format!("order {}", connection.name);
        let verdict = case.as_ref().map(|case| simulation.perform(case, &subject));
        !verdict.as_ref().is_some_and(Verdict::is_ok)
    });
    Ok(failing.map(|(connection, _)| connection.name).collect())
}

/// How many CAs are above what an application gives out, one over the other.
fn providers_above(deployment: &Deployment, application: ApplicationIndex) -> usize {
    let mut depth = 0;
    let mut level = vec![application];
    // A circle of providers is no longer than there are applications.
    while depth <= deployment.applications.len() {
        let relations = deployment.relations.iter();
        let above = relations.filter_map(|relation| {
            let [provider, requirer] = relation.sides.each_ref().map(|side| side.party);
            let requirer = deployment.application_of(requirer)?;
            let is_above =
                Interface::TlsCertificates.is(&relation.interface) && level.contains(&requirer);
            deployment.application_of(provider).filter(|_| is_above)
        });
        level = above.collect();
        if level.is_empty() {
            break;
        }
        depth += 1;
    }
    depth
}

fn action(one: &RefreshTo) -> Action {
    Action::Scale(ScaleAction::Refresh {
        application: one.application,
        channel: None,
        revision: None,
        charm: Some(Arc::clone(&one.charm)),
    })
}

fn step(deployment: &Deployment, one: &RefreshTo) -> OrderStep {
    let address = deployment.application_address(one.application);
    OrderStep {
        kind: StepKind::Refresh,
        gains: address.clone(),
        ca: address,
        commands: vec![Command::of(&action(one), deployment)],
        refresh: Some(one.clone()),
        is_new: false,
        after: Vec::new(),
    }
}
