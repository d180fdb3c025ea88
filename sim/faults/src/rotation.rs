//! A rotation of a CA in explicit steps, and the actions each step is for the CA at hand: those of
//! a provider whose key the operator holds, relations with a second provider that takes over, or
//! what the real charm offers. Must not know scenario files.

mod held;
mod own;
mod successor;

pub use held::{is_step_of_a_rotation, performs};

use trustsim_kernel::Span;
use trustsim_model::{
    Action, ApplicationIndex, Deployment, Party, RotationSpec, RotationStep, Source, TimedAction,
    TimedStep, TrustChange,
};

/// A rotation as asked for. Indices point into the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The application whose CA goes.
    pub ca: ApplicationIndex,
    /// The application whose CA comes; the same one makes a new CA where absent.
    pub successor: Option<ApplicationIndex>,
    /// From the start of the run.
    pub at: Span,
    /// One after the other: a step begins when the one before it has ended.
    pub steps: Vec<(RotationStep, Source)>,
}

/// A step that this CA cannot do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// Which step, by position.
    pub step: usize,
    /// Why not.
    pub why: String,
}

/// How a CA is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the steps' own actions: the operator holds its key.
    Held,
    /// As its charm does it.
    Own,
    /// Another application takes over.
    Successor(ApplicationIndex),
}

/// How this rotation goes.
pub fn way(deployment: &Deployment, rotation: &Rotation) -> Way {
    let charm = &deployment.applications[rotation.ca].charm;
    match rotation.successor {
        Some(successor) => Way::Successor(successor),
        None if charm.implementation.has_declared_chain() => Way::Held,
        None => Way::Own,
    }
}

/// The actions of a rotation, each at its time, and the plan by which it is judged.
///
/// # Errors
///
/// [`Refusal`] for the first step that this CA cannot do.
pub fn timed(
    deployment: &Deployment,
    rotation: &Rotation,
) -> Result<(Vec<TimedAction>, RotationSpec), Refusal> {
    let way = way(deployment, rotation);
    let mut clock = rotation.at;
    let (mut actions, mut steps) = (Vec::new(), Vec::new());
    for (index, (step, source)) in rotation.steps.iter().enumerate() {
        let planner = Planner {
            deployment,
            rotation,
            at: clock,
        };
        let planned = match step {
            RotationStep::Hold(_) | RotationStep::Assert(_) => Ok(Vec::new()),
            RotationStep::Reload { application, unit } => {
                let (application, unit) = (*application, *unit);
                Ok(vec![(clock, Action::Restart { application, unit })])
            }
            _ => match way {
                Way::Held => Ok(held::actions(&planner, step)),
                Way::Own => own::actions(&planner, step),
                Way::Successor(next) => successor::actions(&planner, step, next),
            },
        };
        let planned = match carried_to_all(step, way) {
            true => Err(
                "its relations carry roots to all who are related to it: `except` names \
                 clients outside Juju"
                    .to_owned(),
            ),
            false => planned,
        };
        let planned = planned.map_err(|why| Refusal { step: index, why })?;
        assert!(
            planned.iter().all(|(at, _)| *at >= clock),
            "no action of a step comes before the step: {step:?}"
        );
        steps.push(TimedStep {
            at: clock,
            step: step.clone(),
            source: source.clone(),
        });
        clock = match step {
            RotationStep::Hold(length) => clock + *length,
            // A paced step has ended with its last action.
            RotationStep::ReIssue { .. } => {
                planned.iter().map(|(at, _)| *at).fold(clock, Span::max)
            }
            _ => clock,
        };
        actions.extend(planned.into_iter().map(|(at, action)| TimedAction {
            at,
            action,
            source: source.clone(),
        }));
    }
    assert!(
        steps.is_sorted_by_key(|step| step.at),
        "the steps of a rotation follow each other"
    );
    actions.sort_by_key(|timed| timed.at);
    let spec = RotationSpec {
        ca: rotation.ca,
        successor: rotation.successor,
        at: rotation.at,
        steps,
    };
    Ok((actions, spec))
}

/// Whether a step would leave out an application that a provider's relation does not leave out.
fn carried_to_all(step: &RotationStep, way: Way) -> bool {
    let (RotationStep::Distribute(change) | RotationStep::Withdraw(change)) = step else {
        return false;
    };
    let is_related = |party: &Party| !matches!(party, Party::Client(_));
    !matches!(way, Way::Successor(_)) && change.except.iter().any(is_related)
}

/// What planning one step needs.
struct Planner<'a> {
    deployment: &'a Deployment,
    rotation: &'a Rotation,
    at: Span,
}

type Planned = Vec<(Span, Action)>;

impl Planner<'_> {
    /// People hand an application's CA, as it is then, to every client that trusts the CA that
    /// goes, but for those that are forgotten.
    fn to_clients(&self, change: &TrustChange, ca: ApplicationIndex, trusts: bool) -> Planned {
        let at = self.at + change.lag;
        let clients = self.deployment.clients.iter_enumerated();
        let told = clients.filter(|(index, client)| {
            let forgotten = change.except.contains(&Party::Client(*index));
            client.trusts.contains(&self.rotation.ca) && !forgotten
        });
        let give = |(client, _)| (at, Action::ClientTrust { client, ca, trusts });
        told.map(give).collect()
    }
}
