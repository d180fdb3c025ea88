//! Changes an operator could make to a deployment, with the commands that make them. Knows what
//! Juju takes, not whether it helps.

mod by_hand;

use std::collections::BTreeMap;

use super::command::{Command, Obstacle};
use trustsim_charm_model::Role;
use trustsim_kernel::{Delay, Span};
use trustsim_world::{
    Action, ActionIndex, ApplicationIndex, ClientIndex, Deployment, ModelIndex, OfferSpec,
    OperatorIndex, Party, RelationIndex, SaasSpec, Side, Source, Target, TimedAction, When,
};

const TRANSFER: &str = "certificate_transfer";

/// One change. Indices point into the [`Deployment`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The CA of one application is transferred to another, from this instant on.
    Transfer {
        provider: ApplicationIndex,
        requirer: ApplicationIndex,
        at: Span,
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
    /// What an action of the plan did, by its index, is put right at this instant.
    Undo { action: ActionIndex, at: Span },
    /// Somebody runs an action of the charm on the leader at this instant.
    Run {
        application: ApplicationIndex,
        name: &'static str,
        at: Span,
    },
    /// Whoever looks after applications answers each wait within an hour.
    Attend { operator: OperatorIndex },
    /// Whoever runs actions on a unit that does not lead runs them on the leader.
    OnLeader { operator: OperatorIndex },
    /// A version of the charm without the mistakes that it is played with, from this instant on.
    Refresh {
        application: ApplicationIndex,
        at: Span,
    },
    /// A version in which no hook fails that an action of the plan, by its index, makes fail.
    Mend { action: ActionIndex, at: Span },
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

/// How soon somebody answers who attends.
const ATTENTION: Span = Span::from_secs(3_600);

/// A deployment with a change in it, and what an operator would type.
pub(super) struct Changed {
    pub(super) deployment: Deployment,
    pub(super) commands: Vec<Command>,
}

impl Change {
    /// When it is made, from the start of the run; zero is before anything happens.
    pub(super) const fn at(&self) -> Span {
        match self {
            Self::Transfer { at, .. }
            | Self::Restart { at, .. }
            | Self::Undo { at, .. }
            | Self::Run { at, .. }
            | Self::Refresh { at, .. }
            | Self::Mend { at, .. }
            | Self::Resolve { at, .. }
            | Self::Move { at, .. }
            | Self::Again { at, .. }
            | Self::Give { at, .. } => *at,
            Self::Option { .. } | Self::Attend { .. } | Self::OnLeader { .. } => Span::ZERO,
        }
    }

    /// The deployment with this change made.
    ///
    /// # Errors
    ///
    /// Why no operator can make it.
    pub(super) fn make(&self, deployment: &Deployment) -> Result<Changed, Obstacle> {
        let mut changed = deployment.clone();
        let commands = match self {
            Self::Transfer {
                provider,
                requirer,
                at,
            } => {
                let transfer = Transfer::plan(deployment, *provider, *requirer)?;
                changed.offers.extend(transfer.offer);
                changed.saas.extend(transfer.saas);
                let (model, sides) = (transfer.model, transfer.sides);
                plan(&mut changed, *at, Action::Integrate { model, sides });
                transfer.commands
            }
            Self::Option {
                application,
                option,
                value,
            } => {
                let own = &mut changed.applications[*application].options;
                own.insert(option.clone(), value.clone());
                let action = Action::SetConfig {
                    application: *application,
                    options: [(option.clone(), Some(value.clone()))].into(),
                };
                vec![Command::of(&action, deployment)]
            }
            Self::Restart { application, at } => {
                let action = Action::Restart {
                    application: *application,
                    unit: None,
                };
                let command = Command::of(&action, deployment);
                plan(&mut changed, *at, action);
                vec![command]
            }
            Self::Undo { action, at } => {
                let action = opposite(deployment, *action)?;
                let command = Command::of(&action, deployment);
                plan(&mut changed, *at, action);
                vec![command]
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
                let command = Command::of(&action, deployment);
                plan(&mut changed, *at, action);
                vec![command]
            }
            Self::Attend { operator } => vec![attend(&mut changed, *operator)],
            Self::OnLeader { operator } => on_leader(&mut changed, *operator)?,
            other => other.make_by_hand(&mut changed)?,
        };
        Ok(Changed {
            deployment: changed,
            commands,
        })
    }

    /// What concerns a charm, a hook, a provider or a client; see [`by_hand`].
    fn make_by_hand(&self, changed: &mut Deployment) -> Result<Vec<Command>, Obstacle> {
        Ok(match self {
            Self::Refresh { application, at } => by_hand::refresh(changed, *application, *at)?,
            Self::Mend { action, at } => by_hand::mend(changed, *action, *at)?,
            Self::Resolve { target, at } => by_hand::resolve(changed, *target, *at),
            Self::Move {
                application,
                from,
                to,
                at,
            } => by_hand::move_to(changed, *application, (*from, *to), *at)?,
            Self::Again { relation, at } => by_hand::again(changed, *relation, *at)?,
            Self::Give { client, ca, at } => {
                let action = Action::ClientTrust {
                    client: *client,
                    ca: *ca,
                    trusts: true,
                };
                let command = Command::of(&action, changed);
                plan(changed, *at, action);
                vec![command]
            }
            other => unreachable!("`make` makes {other:?} itself"),
        })
    }
}

/// Has an operator come soon whenever somebody waits for them.
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
        // Where hooks fail, where a CA is revoked or the public web is away, others must act.
        Action::AcmeServer { .. } | Action::Hook(_) | Action::Tls(_) => Err(Obstacle::NotUndoable),
        other => other.inverse().ok_or(Obstacle::NotUndoable),
    }
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

/// How a CA's application is related to the one that should trust it, over an offer where they
/// are in different models.
#[derive(Debug)]
pub(super) struct Transfer {
    /// The model of the relation.
    model: ModelIndex,
    sides: [Side; 2],
    /// An offer that is not there yet.
    offer: Option<OfferSpec>,
    /// A SAAS that is not there yet.
    saas: Option<SaasSpec>,
    /// What makes it, in order.
    pub(super) commands: Vec<Command>,
}

impl Transfer {
    /// # Errors
    ///
    /// Which of the charms has no endpoint for it.
    pub(super) fn plan(
        deployment: &Deployment,
        provider: ApplicationIndex,
        requirer: ApplicationIndex,
    ) -> Result<Self, Obstacle> {
        let gives = transfer_endpoint(deployment, provider, Role::Provider)?;
        let takes = transfer_endpoint(deployment, requirer, Role::Requirer)?;
        let (from, to) = (
            deployment.applications[provider].model,
            deployment.applications[requirer].model,
        );
        let mut transfer = Self {
            model: to,
            sides: [
                side(Party::Application(provider), gives, Role::Provider),
                side(Party::Application(requirer), takes, Role::Requirer),
            ],
            offer: None,
            saas: None,
            commands: Vec::new(),
        };
        let mut local = deployment.applications[provider].name.clone();
        if from != to {
            local = transfer.over_an_offer(deployment, provider, gives);
        }
        let own = &deployment.applications[requirer].name;
        transfer.commands.push(Command::Integrate {
            model: deployment.models[to].name.clone(),
            endpoints: [format!("{own}:{takes}"), format!("{local}:{gives}")],
        });
        Ok(transfer)
    }

    /// Puts a SAAS in the provider's place, and says what it is called.
    fn over_an_offer(
        &mut self,
        deployment: &Deployment,
        provider: ApplicationIndex,
        gives: &str,
    ) -> String {
        let spec = &deployment.applications[provider];
        let (there, here) = (
            &deployment.models[spec.model],
            &deployment.models[self.model],
        );
        let controller = &deployment.controllers[there.controller].name;
        let foreign = there.controller != here.controller;
        let known = deployment.offers.position(|offer| {
            offer.application == provider && offer.endpoints.iter().any(|each| each == gives)
        });
        let offer_name = match known {
            Some(offer) => deployment.offers[offer].name.clone(),
            None => {
                let name = free_offer_name(deployment, provider, gives);
                self.commands.push(Command::Offer {
                    controller: foreign.then(|| controller.clone()),
                    model: there.name.clone(),
                    application: spec.name.clone(),
                    endpoints: vec![gives.to_owned()],
                    name: name.clone(),
                });
                self.offer = Some(OfferSpec {
                    name: name.clone(),
                    application: provider,
                    endpoints: vec![gives.to_owned()],
                });
                name
            }
        };
        let saas = deployment
            .saas
            .position(|saas| saas.model == self.model && Some(saas.offer) == known);
        let (index, name) = match saas {
            Some(index) => (index, deployment.saas[index].name.clone()),
            None => {
                let alias = is_taken(deployment, self.model, &offer_name)
                    .then(|| format!("{}-{offer_name}", there.name));
                self.commands.push(Command::Consume {
                    model: here.name.clone(),
                    controller: foreign.then(|| controller.clone()),
                    owner: there.owner.clone(),
                    offer_model: there.name.clone(),
                    offer: offer_name.clone(),
                    alias: alias.clone(),
                });
                let name = alias.unwrap_or(offer_name);
                self.saas = Some(SaasSpec {
                    model: self.model,
                    name: name.clone(),
                    offer: known.unwrap_or(deployment.offers.next_key()),
                });
                (deployment.saas.next_key(), name)
            }
        };
        self.sides[0].party = Party::Saas(index);
        name
    }
}

fn side(party: Party, endpoint: &str, role: Role) -> Side {
    Side {
        party,
        endpoint: endpoint.to_owned(),
        role,
    }
}

fn transfer_endpoint(
    deployment: &Deployment,
    application: ApplicationIndex,
    role: Role,
) -> Result<&str, Obstacle> {
    let charm = &deployment.applications[application].charm;
    let endpoint = charm
        .endpoints
        .iter()
        .find(|each| each.role == role && each.interface == TRANSFER);
    endpoint
        .map(|each| each.name.as_str())
        .ok_or_else(|| Obstacle::NoEndpoint {
            charm: charm.name.clone(),
            application: deployment.application_address(application),
            provides: role == Role::Provider,
            interface: TRANSFER.to_owned(),
        })
}

/// The application's own name, as `juju offer` picks it, unless an offer has it already.
fn free_offer_name(
    deployment: &Deployment,
    application: ApplicationIndex,
    endpoint: &str,
) -> String {
    let app = &deployment.applications[application];
    let taken = deployment.offers.iter().any(|offer| {
        offer.name == app.name && deployment.applications[offer.application].model == app.model
    });
    if taken {
        format!("{}-{endpoint}", app.name)
    } else {
        app.name.clone()
    }
}

fn is_taken(deployment: &Deployment, model: ModelIndex, name: &str) -> bool {
    let applications = deployment.applications.iter();
    let saas = deployment.saas.iter();
    applications
        .map(|app| (app.model, &app.name))
        .chain(saas.map(|saas| (saas.model, &saas.name)))
        .any(|(at, known)| at == model && known == name)
}
