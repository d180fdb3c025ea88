//! Changes an operator could make to a deployment, with the commands that make them. Knows what
//! Juju takes, not whether it helps.

mod by_hand;

use std::collections::BTreeMap;

pub(super) use by_hand::GONE;

use crate::futures::Outcome;
use trustsim_charm_model::{EndpointProfile, Role, Serves};
use trustsim_diagnosis::{Command, Obstacle, Transfer};
use trustsim_interfaces::Interface;
use trustsim_kernel::{Delay, Span, Time};
use trustsim_world::{
    Action, ActionIndex, Additions, Address, ApplicationIndex, ClientIndex, Deployment,
    OfferAction, OperatorIndex, OperatorSpec, Party, RelationIndex, Side, Source, Target,
    TimedAction, TlsAction, TlsEdit, When,
};

/// One change. Indices point into the [`Deployment`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// The CA of one application is transferred to another, from this instant on.
    Transfer {
        provider: ApplicationIndex,
        requirer: ApplicationIndex,
        at: Span,
    },
    /// An application that has no certificates gets them from another one from this instant on, and with `trusted_by` the
    /// CA goes to that one.
    Certify {
        provider: ApplicationIndex,
        requirer: ApplicationIndex,
        trusted_by: Option<ApplicationIndex>,
        at: Span,
    },
    /// A CA that issues nothing without one above it is put under another one, and with `trusted_by` that one's CA goes
    /// to the one that judges.
    PutUnder {
        parent: ApplicationIndex,
        ca: ApplicationIndex,
        trusted_by: Option<ApplicationIndex>,
    },
    /// An option has another value from the start.
    Option {
        application: ApplicationIndex,
        option: String,
        value: String,
    },
    /// The workload of every unit is restarted at this instant.
    Restart {
        application: ApplicationIndex,
        at: Span,
    },
    /// The workload of every unit is restarted at this instant, and again after each of these spans for as long as the run
    /// lasts.
    RestartEach {
        application: ApplicationIndex,
        at: Span,
        every: Span,
    },
    /// What an action of the plan did, by its index, is put right at this instant.
    Undo { action: ActionIndex, at: Span },
    /// An action of the charm is run on the leader at this instant.
    Run {
        application: ApplicationIndex,
        name: &'static str,
        at: Span,
    },
    /// An operator answers each wait of its applications within an hour.
    Attend { operator: OperatorIndex },
    /// An operator does what an application waits for, which the scenario has no operator for, each time within an hour.
    Appoint { application: ApplicationIndex },
    /// An operator who runs actions on a unit that does not lead runs them on the leader.
    OnLeader { operator: OperatorIndex },
    /// A version of the charm without the mistakes that it is played with, from this instant on.
    Refresh {
        application: ApplicationIndex,
        at: Span,
    },
    /// A version in which no hook fails that an action of the plan, by its index, makes fail.
    FixHook { action: ActionIndex, at: Span },
    /// The failed hook of a unit counts as done.
    Resolve { target: Target, at: Span },
    /// Certificates come from another provider, as those of the other side do.
    Move {
        application: ApplicationIndex,
        from: ApplicationIndex,
        to: ApplicationIndex,
        at: Span,
    },
    /// A relation is removed and made again, so that what came over it comes once more.
    Again { relation: RelationIndex, at: Span },
    /// A client outside Juju is given the CA of an application.
    Give {
        client: ClientIndex,
        ca: ApplicationIndex,
        at: Span,
    },
}

/// Interfaces over which an ingress hands out URLs with its public name.
const INGRESS: [&str; 3] = ["ingress", "ingress_per_unit", "traefik_route"];
/// Options with that name: canonical/traefik-k8s-operator and canonical/istio-ingress-k8s-operator, canonical/haproxy-operator
/// and canonical/gateway-api-integrator-operator.
const PUBLIC_NAMES: [&str; 2] = ["external_hostname", "external-hostname"];

/// How soon an operator answers who attends.
const ATTENTION: Span = Span::from_secs(3_600);

/// An operator that the scenario does not have.
const APPOINTED: &str = "operator";

/// How long after everything was at rest for the first time an operator types something.
const SETTLED: Span = Span::from_secs(60);

/// A deployment with a change in it, and what an operator would type.
pub(super) struct Changed {
    pub(super) deployment: Deployment,
    pub(super) commands: Vec<Command>,
    /// What is typed after that, and when, from the start of the run.
    pub(super) later: Vec<(Span, Command)>,
}

impl Change {
    /// When it is made, from the start of the run; zero is before anything happens.
    pub(super) const fn at(&self) -> Span {
        match self {
            Self::Transfer { at, .. }
            | Self::Certify { at, .. }
            | Self::Restart { at, .. }
            | Self::RestartEach { at, .. }
            | Self::Undo { at, .. }
            | Self::Run { at, .. }
            | Self::Refresh { at, .. }
            | Self::FixHook { at, .. }
            | Self::Resolve { at, .. }
            | Self::Move { at, .. }
            | Self::Again { at, .. }
            | Self::Give { at, .. } => *at,
            Self::PutUnder { .. }
            | Self::Option { .. }
            | Self::Attend { .. }
            | Self::Appoint { .. }
            | Self::OnLeader { .. } => Span::ZERO,
        }
    }

    /// The deployment with this change made.
    ///
    /// # Errors
    ///
    /// Why no operator can make it.
    pub(super) fn make(&self, deployment: &Deployment) -> Result<Changed, Obstacle> {
        let mut changed = deployment.clone();
        let mut later = Vec::new();
        let commands = match self {
            Self::Transfer {
                provider,
                requirer,
                at,
            } => {
                let interface = Interface::CertificateTransfer;
                integrate(&mut changed, interface, *provider, *requirer, *at)?
            }
            Self::Certify {
                provider,
                requirer,
                trusted_by,
                at,
            } => certify(&mut changed, [*provider, *requirer], *trusted_by, *at)?,
            Self::PutUnder {
                parent,
                ca,
                trusted_by,
            } => put_under(&mut changed, *parent, *ca, *trusted_by)?,
            Self::Option {
                application,
                option,
                value,
            } => {
                let own = &mut changed.applications[*application].options;
                own.insert(option.clone(), value.clone());
                let action = set_config(*application, option, value);
                vec![Command::of(&action, deployment)]
            }
            Self::Restart { application, at } => {
                let action = Action::Restart {
                    application: *application,
                    unit: None,
                };
                typed(&mut changed, *at, action)
            }
            Self::Undo { action, at } => {
                let action = opposite(deployment, *action)?;
                let resumed = resumed_by_hand(deployment, &action);
                let mut commands = typed(&mut changed, *at, action);
                commands.extend(resumed);
                commands
            }
            Self::Run {
                application,
                name,
                at,
            } => {
                let action = Action::RunAction {
                    application: *application,
                    unit: None,
                    name: (*name).to_owned(),
                    parameters: BTreeMap::new(),
                };
                typed(&mut changed, *at, action)
            }
            Self::Attend { operator } => vec![attend(&mut changed, *operator)],
            Self::Appoint { application } => vec![appoint(&mut changed, *application)],
            Self::OnLeader { operator } => on_leader(&mut changed, *operator)?,
            other => other.make_by_hand(&mut changed, &mut later)?,
        };
        Ok(Changed {
            deployment: changed,
            commands,
            later,
        })
    }

    /// What is a setting from the start, as it would be typed once the deployment runs: when, and what is then more.
    /// `None` where the change has its own time already.
    pub(super) fn typed_later(
        &self,
        deployment: &Deployment,
        run: &Outcome,
    ) -> Option<(Time, Additions)> {
        let Self::Option {
            application,
            option,
            value,
        } = self
        else {
            return None;
        };
        let at = run.manifest.settled_at? + SETTLED;
        let mut changed = deployment.clone();
        let action = set_config(*application, option, value);
        plan(&mut changed, at.since(deployment.start), action);
        Some((at, Additions::between(deployment, &changed)))
    }

    /// The ingress whose public name it changes.
    pub(super) fn renames(&self, deployment: &Deployment) -> Option<Address> {
        let Self::Option {
            application,
            option,
            ..
        } = self
        else {
            return None;
        };
        let mut endpoints = deployment.applications[*application].charm.endpoints.iter();
        let is_ingress = endpoints.any(|endpoint| {
            endpoint.role == Role::Provider && INGRESS.contains(&endpoint.interface.as_str())
        });
        let is_name = PUBLIC_NAMES.contains(&option.as_str());
        (is_ingress && is_name).then(|| deployment.application_address(*application))
    }

    /// A client that gets a certificate for the CA beside it serves TLS with it, where its charm serves anything.
    pub(super) fn serves_tls(&self, deployment: &Deployment) -> Vec<Address> {
        let Self::Certify { requirer, at, .. } = self else {
            return Vec::new();
        };
        // What is there from the start is for a server that is dialled by TLS already, and a provider has a server of its own.
        let endpoints = &deployment.applications[*requirer].charm.endpoints;
        let provides = endpoints.iter().any(|endpoint| {
            endpoint.role == Role::Provider && Interface::TlsCertificates.is(&endpoint.interface)
        });
        let serves = endpoints.iter().any(|endpoint| match &endpoint.profile {
            Some(EndpointProfile::Certificates(profile)) => profile.serves != Serves::Nothing,
            _ => false,
        });
        let is_new = !at.is_zero() && serves && !provides;
        let own = is_new.then(|| deployment.application_address(*requirer));
        own.into_iter().collect()
    }

    /// What concerns a charm, a hook, a provider or a client; see [`by_hand`].
    fn make_by_hand(
        &self,
        changed: &mut Deployment,
        later: &mut Vec<(Span, Command)>,
    ) -> Result<Vec<Command>, Obstacle> {
        Ok(match self {
            Self::Refresh { application, at } => by_hand::refresh(changed, *application, *at)?,
            Self::FixHook { action, at } => by_hand::fix_hook(changed, *action, *at)?,
            Self::Resolve { target, at } => by_hand::resolve(changed, *target, *at),
            Self::RestartEach {
                application,
                at,
                every,
            } => by_hand::restart_each(changed, later, *application, *at, *every),
            Self::Move {
                application,
                from,
                to,
                at,
            } => by_hand::move_to(changed, later, *application, [*from, *to], *at)?,
            Self::Again { relation, at } => by_hand::again(changed, later, *relation, *at),
            Self::Give { client, ca, at } => {
                let action = Action::ClientTrust {
                    client: *client,
                    ca: *ca,
                    trusts: true,
                };
                typed(changed, *at, action)
            }
            other => unreachable!("`make` makes {other:?} itself"),
        })
    }
}

fn set_config(application: ApplicationIndex, option: &str, value: &str) -> Action {
    Action::SetConfig {
        application,
        options: [(option.to_owned(), Some(value.to_owned()))].into(),
    }
}

/// A relation over which certificates or CAs come, from this instant on.
fn integrate(
    changed: &mut Deployment,
    interface: Interface,
    provider: ApplicationIndex,
    requirer: ApplicationIndex,
    at: Span,
) -> Result<Vec<Command>, Obstacle> {
    let transfer = Transfer::plan(changed, interface, provider, requirer)?;
    Ok(relate(changed, transfer, at))
}

fn relate(changed: &mut Deployment, transfer: Transfer, at: Span) -> Vec<Command> {
    changed.offers.extend(transfer.offer);
    changed.saas.extend(transfer.saas);
    let (model, sides) = (transfer.model, transfer.sides);
    plan(changed, at, Action::Integrate { model, sides });
    transfer.commands
}

/// A CA above another one from the start, over the endpoint by which the lower one's charm needs it.
fn put_under(
    changed: &mut Deployment,
    parent: ApplicationIndex,
    ca: ApplicationIndex,
    trusted_by: Option<ApplicationIndex>,
) -> Result<Vec<Command>, Obstacle> {
    let endpoint = changed.applications[ca].charm.required_parent();
    let endpoint = endpoint.expect("only a CA that needs one is put under another");
    let interface = Interface::TlsCertificates;
    let transfer = Transfer::plan_to(changed, interface, parent, (ca, endpoint))?;
    let mut commands = relate(changed, transfer, Span::ZERO);
    if let Some(judge) = trusted_by {
        let interface = Interface::CertificateTransfer;
        commands.extend(integrate(changed, interface, parent, judge, Span::ZERO)?);
    }
    Ok(commands)
}

/// Certificates for an application from this instant on, and their CA for the one that judges them.
fn certify(
    changed: &mut Deployment,
    [provider, requirer]: [ApplicationIndex; 2],
    trusted_by: Option<ApplicationIndex>,
    at: Span,
) -> Result<Vec<Command>, Obstacle> {
    let interface = Interface::TlsCertificates;
    let mut commands = integrate(changed, interface, provider, requirer, at)?;
    if let Some(judge) = trusted_by {
        let interface = Interface::CertificateTransfer;
        commands.extend(integrate(changed, interface, provider, judge, at)?);
    }
    Ok(commands)
}

/// Has an operator come soon whenever an application waits for them.
fn attend(changed: &mut Deployment, operator: OperatorIndex) -> Command {
    let answers = changed.operators[operator].answers.clone();
    let applications = answers.iter();
    let applications = applications
        .map(|index| changed.application_address(*index))
        .collect();
    let spec = &mut changed.operators[operator];
    spec.when = When::After(Delay::Fixed(ATTENTION));
    Command::Answer {
        operator: spec.name.clone(),
        applications,
        within: ATTENTION,
    }
}

/// Has an operator do what an application waits for that has none, each time within an hour, and gives what is to be told.
/// It signs nothing: it has no CA.
///
/// # Panics
///
/// Where the application has an operator.
pub fn appoint(changed: &mut Deployment, application: ApplicationIndex) -> Command {
    let mut operators = changed.operators.iter();
    assert!(
        !operators.any(|operator| operator.answers.contains(&application)),
        "no application has two operators"
    );
    changed.operators.push(OperatorSpec {
        name: APPOINTED.to_owned(),
        answers: vec![application],
        when: When::After(Delay::Fixed(ATTENTION)),
        unit: None,
        rejects: Vec::new(),
        signs_with: None,
        source: Source::default(),
    });
    Command::Answer {
        operator: APPOINTED.to_owned(),
        applications: vec![changed.application_address(application)],
        within: ATTENTION,
    }
}

/// Has an operator run actions where they are heard.
fn on_leader(changed: &mut Deployment, operator: OperatorIndex) -> Result<Vec<Command>, Obstacle> {
    let answers = changed.operators[operator].answers.clone();
    let spec = &mut changed.operators[operator];
    let unit = spec.unit.take().ok_or(Obstacle::UsesLeader)?;
    let name = spec.name.clone();
    let commands = answers.iter().map(|index| Command::UseLeader {
        operator: name.clone(),
        application: changed.application_address(*index),
        unit,
    });
    Ok(commands.collect())
}

/// What puts right what an action of the plan did.
fn opposite(deployment: &Deployment, index: ActionIndex) -> Result<Action, Obstacle> {
    let action = &deployment.actions[index].action;
    match action {
        Action::SetConfig {
            application,
            options,
        } => {
            let before = |name: &String| {
                let earlier = deployment.actions[..index].iter().rev();
                let mut set = earlier.filter_map(|timed| match &timed.action {
                    Action::SetConfig {
                        application: of,
                        options,
                    } if of == application => options.get(name).cloned(),
                    _ => None,
                });
                let own = deployment.applications[*application].options.get(name);
                set.next().unwrap_or_else(|| own.cloned())
            };
            let options = options.keys().map(|name| (name.clone(), before(name)));
            Ok(Action::SetConfig {
                application: *application,
                options: options.collect(),
            })
        }
        // A block list is the operator's own.
        Action::Tls(TlsAction::Edit(TlsEdit::Distrust { .. })) => {
            action.inverse().ok_or(Obstacle::NotUndoable)
        }
        // Where hooks fail, where a CA is revoked or the public web is away, others must act.
        Action::AcmeServer { .. } | Action::Hook(_) | Action::Tls(_) => Err(Obstacle::NotUndoable),
        other => other.inverse().ok_or(Obstacle::NotUndoable),
    }
}

/// What has to be typed after access to an offer is granted again: its relations stay suspended until each is resumed.
fn resumed_by_hand(deployment: &Deployment, action: &Action) -> Vec<Command> {
    let Action::Offer(OfferAction::Grant { offer, user }) = action else {
        return Vec::new();
    };
    let is_through = |side: &Side| match side.party {
        Party::Saas(index) => {
            let saas = &deployment.saas[index];
            saas.offer == *offer && deployment.models[saas.model].owner == *user
        }
        Party::Application(_) | Party::Client(_) => false,
    };
    let through = deployment.relations.iter();
    let through = through.filter(|relation| relation.sides.iter().any(is_through));
    through
        .map(|relation| {
            let resume = OfferAction::Resume {
                model: relation.model,
                sides: relation.sides.clone(),
            };
            Command::of(&Action::Offer(resume), deployment)
        })
        .collect()
}

/// An action that is typed at an instant.
fn typed(changed: &mut Deployment, at: Span, action: Action) -> Vec<Command> {
    let command = Command::of(&action, changed);
    plan(changed, at, action);
    vec![command]
}

/// Puts an action into the plan, after those of the same instant.
fn plan(deployment: &mut Deployment, at: Span, action: Action) {
    let place = deployment.actions.partition_point(|other| other.at <= at);
    let timed = TimedAction {
        at,
        action,
        source: Source::default(),
    };
    deployment.actions.insert(place, timed);
}
