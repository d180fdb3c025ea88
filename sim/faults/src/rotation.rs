//! A rotation of a CA in explicit steps, and the actions each step is for the CA at hand: those of
//! a provider whose key the operator holds, relations with a second provider that takes over, or
//! what the real charm offers. Must not know scenario files.

mod held;
mod own;
mod successor;

use std::collections::BTreeMap;

use trustsim_kernel::Span;
use trustsim_world::{
    Action, Claim, Deployment, Party, RotationSpec, RotationStep, Source, StepKind, TimedAction,
};

/// How long after a step people have copied a root to clients outside Juju, where nobody says.
pub const LAG: Span = Span::from_secs(60);

/// A rotation as asked for. Indices point into the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The application whose CA goes.
    pub ca: usize,
    /// The application whose CA comes; the same one makes a new CA where absent.
    pub successor: Option<usize>,
    /// From the start of the run.
    pub at: Span,
    /// One after the other: a step begins when the one before it has ended.
    pub steps: Vec<(Step, Source)>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new CA is made.
    Prepare {
        /// Under the names of the old one.
        same_name: bool,
        /// With the keys of the old one, and so its names.
        same_key: bool,
    },
    /// Whoever trusts the old root gets the new one beside it.
    Distribute(Handing),
    /// The old root signs the new one's key; that goes with every new certificate.
    CrossSign,
    /// The new CA signs. A real charm may need options to be set for it.
    SwitchIssuer {
        /// Those options.
        options: BTreeMap<String, Option<String>>,
    },
    /// Every certificate is signed again, requirer by requirer.
    ReIssue {
        /// Each is late by up to this long, drawn from the seed.
        jitter: Span,
        /// How many an hour; all at once where absent.
        per_hour: Option<u32>,
    },
    /// Workloads are restarted.
    Reload {
        /// The application.
        application: usize,
        /// One unit of it; every one where absent.
        unit: Option<u32>,
    },
    /// The old root is taken from whoever trusts it.
    Withdraw(Handing),
    /// The old CA signs again.
    RollBack,
    /// Nothing happens for so long.
    Hold(Span),
    /// This is judged of the run up to here.
    Assert(Claim),
}

/// How roots go to whoever trusts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handing {
    /// When people have done it at clients outside Juju.
    pub lag: Span,
    /// Who is forgotten.
    pub except: Vec<Party>,
}

impl Default for Handing {
    fn default() -> Self {
        Self {
            lag: LAG,
            except: Vec::new(),
        }
    }
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
    Successor(usize),
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
            Step::Hold(_) | Step::Assert(_) => Ok(Vec::new()),
            Step::Reload { application, unit } => {
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
        steps.push(RotationStep {
            at: clock,
            kind: kind(step),
            source: source.clone(),
        });
        clock = match step {
            Step::Hold(length) => clock.saturating_add(*length),
            // A paced step has ended with its last action.
            Step::ReIssue { .. } => planned.iter().map(|(at, _)| *at).fold(clock, Span::max),
            _ => clock,
        };
        actions.extend(planned.into_iter().map(|(at, action)| TimedAction {
            at,
            action,
            source: source.clone(),
        }));
    }
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
fn carried_to_all(step: &Step, way: Way) -> bool {
    let (Step::Distribute(handing) | Step::Withdraw(handing)) = step else {
        return false;
    };
    let is_related = |party: &Party| !matches!(party, Party::Client(_));
    !matches!(way, Way::Successor(_)) && handing.except.iter().any(is_related)
}

const fn kind(step: &Step) -> StepKind {
    match step {
        Step::Prepare { .. } => StepKind::Prepare,
        Step::Distribute(_) => StepKind::Distribute,
        Step::CrossSign => StepKind::CrossSign,
        Step::SwitchIssuer { .. } => StepKind::SwitchIssuer,
        Step::ReIssue { .. } => StepKind::ReIssue,
        Step::Reload { .. } => StepKind::Reload,
        Step::Withdraw(_) => StepKind::Withdraw,
        Step::RollBack => StepKind::RollBack,
        Step::Hold(_) => StepKind::Hold,
        Step::Assert(claim) => StepKind::Assert(*claim),
    }
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
    fn to_clients(&self, handing: &Handing, ca: usize, trusts: bool) -> Planned {
        let at = self.at.saturating_add(handing.lag);
        let clients = self.deployment.clients.iter().enumerate();
        let told = clients.filter(|(index, client)| {
            let forgotten = handing.except.contains(&Party::Client(*index));
            client.trusts.contains(&self.rotation.ca) && !forgotten
        });
        let give = |(client, _)| (at, Action::ClientTrust { client, ca, trusts });
        told.map(give).collect()
    }
}
