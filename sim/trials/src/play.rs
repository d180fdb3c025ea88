//! A charm's trials, each played by its model and by its code.

use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use trustsim_charm_model::CharmMetadata;
use trustsim_model::Deployment;
use trustsim_scenario::{Diagnostics, DiskFiles, LoadOptions, parse_with, resolve};

use crate::difference::{Difference, differences};
use crate::facts::Facts;
use crate::observe::{observe, unplayed};
use crate::trial::{Charm, Code, SUBJECT, Trial};

/// What plays the charm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Its model.
    Model,
    /// Its own code.
    Code,
}

/// Why a charm has no trials.
#[derive(Debug, Error)]
pub enum TrialError {
    /// The scenario of a trial has mistakes, which are those of what was given.
    #[error("the charm cannot be deployed as {0:?}")]
    Scenario(Side, Diagnostics),
}

/// A trial that was played on one side.
#[derive(Clone, Debug)]
pub struct Played {
    /// What was seen.
    pub facts: Facts,
    /// What of the code could not be played: nothing holds then.
    pub unplayed: Vec<String>,
}

/// What came of a trial.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Both do the same.
    Same,
    /// They do not.
    Differs(Vec<Difference>),
    /// The code could not be played: what it tried.
    NotPlayed(Vec<String>),
    /// The trial is none for this charm: it lacks the endpoints, or what is needed was not given.
    NotApplicable,
}

/// The deployment of a trial; `None` where the trial is none for this charm. `previous` is the code before a refresh.
///
/// # Errors
///
/// [`TrialError`].
pub fn deployment(
    trial: Trial,
    charm: &Charm<'_>,
    side: Side,
    code: &Code,
    previous: Option<&Code>,
) -> Result<Option<Deployment>, TrialError> {
    // Both sides have the endpoints of the code: a model that lacks one differs.
    let metadata = metadata(charm, code)?;
    if !trial.is_for(&metadata, charm, previous.is_some()) {
        return Ok(None);
    }
    let of_code = (side == Side::Code).then_some(code);
    let previous = previous.filter(|_| side == Side::Code);
    let text = trial
        .scenario(&metadata, is_ingress(charm)?, charm, of_code, previous)
        .to_string();
    load(&text, trial.name(), side).map(Some)
}

/// Plays a deployment of a trial.
pub fn play(deployment: Deployment) -> Played {
    let deployment = Arc::new(deployment);
    let facts = observe(&deployment);
    let unplayed = unplayed(&deployment).into_iter().collect();
    Played { facts, unplayed }
}

/// Holds two plays of a trial against each other.
pub fn compare(trial: Trial, model: &Played, code: &Played) -> Outcome {
    if !code.unplayed.is_empty() {
        return Outcome::NotPlayed(code.unplayed.clone());
    }
    let from = trial.compared_from();
    let found: Vec<Difference> = differences(&model.facts, &code.facts, from);
    match found.is_empty() {
        true => Outcome::Same,
        false => Outcome::Differs(found),
    }
}

/// What the charm's own files say of it.
fn metadata(charm: &Charm<'_>, code: &Code) -> Result<CharmMetadata, TrialError> {
    described(charm, Side::Code, Some(code))
}

/// Whether the model is dialled at the address of a load balancer.
fn is_ingress(charm: &Charm<'_>) -> Result<bool, TrialError> {
    let model = described(charm, Side::Model, None)?;
    Ok(model.implementation.public_name_option.is_some())
}

fn described(
    charm: &Charm<'_>,
    side: Side,
    code: Option<&Code>,
) -> Result<CharmMetadata, TrialError> {
    let text = Trial::bare(charm, code).to_string();
    let deployment = load(&text, charm.name, side)?;
    let mut applications = deployment.applications.iter();
    let subject = applications.find(|each| each.name == SUBJECT);
    let subject = subject.expect("the scenario has it");
    Ok((*subject.charm).clone())
}

fn load(text: &str, name: &str, side: Side) -> Result<Deployment, TrialError> {
    let told = |wrong| TrialError::Scenario(side, wrong);
    let scenario = parse_with(text, name, LoadOptions::default()).map_err(told)?;
    let loaded = resolve(scenario, Path::new("trial.yaml"), &DiskFiles).map_err(told)?;
    Ok(loaded.deployment)
}
