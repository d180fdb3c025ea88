//! Changes an operator could make to a deployment, with the commands that make them. Knows what
//! Juju takes, not whether it helps.

mod by_hand;

use std::collections::BTreeMap;

use trustsim_charms::Role;
use trustsim_kernel::{Delay, Span, format_duration};
use trustsim_world::{
    Action, Deployment, OfferSpec, Party, SaasSpec, Side, Source, Target, TimedAction, When,
};

const TRANSFER: &str = "certificate_transfer";

/// One change. Indices point into the [`Deployment`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The CA of one application is transferred to another, from this instant on.
    Transfer {
        provider: usize,
        requirer: usize,
        at: Span,
    },
    /// An option has another value from the start.
    Option {
        application: usize,
        option: String,
        value: String,
    },
    /// The workload of every unit is restarted at this instant.
    Restart { application: usize, at: Span },
    /// What an action of the plan did, by its index, is put right at this instant.
    Undo { action: usize, at: Span },
    /// Somebody runs an action of the charm on the leader at this instant.
    Run {
        application: usize,
        name: &'static str,
        at: Span,
    },
    /// Whoever looks after applications answers each wait within an hour.
    Attend { operator: usize },
    /// Whoever runs actions on a unit that does not lead runs them on the leader.
    OnLeader { operator: usize },
    /// A version of the charm without the mistakes that it is played with, from this instant on.
    Refresh { application: usize, at: Span },
    /// A version in which no hook fails that an action of the plan, by its index, makes fail.
    Mend { action: usize, at: Span },
    /// The failed hook of a unit counts as done.
    Resolve { target: Target, at: Span },
    /// Certificates come from another provider, as those of the other side do.
    Move {
        application: usize,
        from: usize,
        to: usize,
        at: Span,
    },
    /// A relation is removed and made again, so that what came over it comes once more.
    Again { relation: usize, at: Span },
    /// A client outside Juju is given the CA of an application.
    Give { client: usize, ca: usize, at: Span },
}

/// How soon somebody answers who attends.
const ATTENTION: Span = Span::from_secs(3_600);

/// A deployment with a change in it, and what an operator would type.
pub(super) struct Changed {
    pub(super) deployment: Deployment,
    pub(super) commands: Vec<String>,
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
    /// Why nobody can make it, in words.
    pub(super) fn make(&self, deployment: &Deployment) -> Result<Changed, String> {
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
                vec![action.to_command(deployment)]
            }
            Self::Restart { application, at } => {
                let action = Action::Restart {
                    application: *application,
                    unit: None,
                };
                let command = action.to_command(deployment);
                plan(&mut changed, *at, action);
                vec![command]
            }
            Self::Undo { action, at } => {
                let action = opposite(deployment, *action)?;
                let command = action.to_command(deployment);
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
                let command = action.to_command(deployment);
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
    fn make_by_hand(&self, changed: &mut Deployment) -> Result<Vec<String>, String> {
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
                let command = action.to_command(changed);
                plan(changed, *at, action);
                vec![command]
            }
            _ => return Err("this is made elsewhere".to_owned()),
        })
    }
}

/// Has an operator come soon whenever somebody waits for them.
fn attend(changed: &mut Deployment, operator: usize) -> String {
    let answers = changed.operators[operator].answers.clone();
    let whom = answers.iter();
    let whom: Vec<String> = whom
        .map(|index| changed.application_address(*index))
        .collect();
    let spec = &mut changed.operators[operator];
    spec.when = When::After(Delay::Fixed(ATTENTION));
    let within = format_duration(ATTENTION);
    format!(
        "{} answers what {} waits for within {within}",
        spec.name,
        whom.join(", ")
    )
}

/// Has an operator run actions where they are heard.
fn on_leader(changed: &mut Deployment, operator: usize) -> Result<Vec<String>, String> {
    let answers = changed.operators[operator].answers.clone();
    let spec = &mut changed.operators[operator];
    let unit = spec.unit.take();
    let unit = unit.ok_or_else(|| format!("{} uses the leader already", spec.name))?;
    let name = spec.name.clone();
    let whom = answers.iter().map(|index| {
        let address = changed.application_address(*index);
        format!("{name} runs actions on {address}/leader, not on {address}/{unit}")
    });
    Ok(whom.collect())
}

/// What puts right what an action of the plan did.
fn opposite(deployment: &Deployment, index: usize) -> Result<Action, String> {
    let action = &deployment.actions[index].action;
    let refusal = || format!("nobody can undo `{}`", action.to_command(deployment));
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
        Action::AcmeServer { .. } | Action::Hook(_) | Action::Tls(_) => Err(refusal()),
        other => other.mended().ok_or_else(refusal),
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
    model: usize,
    sides: [Side; 2],
    /// An offer that is not there yet.
    offer: Option<OfferSpec>,
    /// A SAAS that is not there yet.
    saas: Option<SaasSpec>,
    /// The forms are those of `juju integrate`, `juju offer` and `juju consume` (juju/juju,
    /// cmd/juju/application and cmd/juju/crossmodel).
    pub(super) commands: Vec<String>,
}

impl Transfer {
    /// # Errors
    ///
    /// Which of the charms has no endpoint for it.
    pub(super) fn plan(
        deployment: &Deployment,
        provider: usize,
        requirer: usize,
    ) -> Result<Self, String> {
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
        transfer.commands.push(format!(
            "juju integrate -m {} {}:{takes} {local}:{gives}",
            deployment.models[to].name, deployment.applications[requirer].name
        ));
        Ok(transfer)
    }

    /// Puts a SAAS in the provider's place, and says what it is called.
    fn over_an_offer(&mut self, deployment: &Deployment, provider: usize, gives: &str) -> String {
        let spec = &deployment.applications[provider];
        let (there, here) = (
            &deployment.models[spec.model],
            &deployment.models[self.model],
        );
        let controller = &deployment.controllers[there.controller].name;
        let foreign = there.controller != here.controller;
        let known = deployment.offers.iter().position(|offer| {
            offer.application == provider && offer.endpoints.iter().any(|each| each == gives)
        });
        let offer_name = match known {
            Some(offer) => deployment.offers[offer].name.clone(),
            None => {
                let name = free_offer_name(deployment, provider, gives);
                let at = match foreign {
                    true => format!("-c {controller} "),
                    false => String::new(),
                };
                let offered = format!("{}.{}:{gives}", there.name, spec.name);
                self.commands
                    .push(format!("juju offer {at}{offered} {name}"));
                self.offer = Some(OfferSpec {
                    name: name.clone(),
                    application: provider,
                    endpoints: vec![gives.to_owned()],
                });
                name
            }
        };
        let saas = (0..deployment.saas.len()).find(|&index| {
            let saas = &deployment.saas[index];
            saas.model == self.model && Some(saas.offer) == known
        });
        let (index, name) = match saas {
            Some(index) => (index, deployment.saas[index].name.clone()),
            None => {
                let url = match foreign {
                    true => format!("{controller}:{}/{}.{offer_name}", there.owner, there.name),
                    false => format!("{}/{}.{offer_name}", there.owner, there.name),
                };
                let (name, suffix) = match is_taken(deployment, self.model, &offer_name) {
                    true => {
                        let alias = format!("{}-{offer_name}", there.name);
                        (alias.clone(), format!(" {alias}"))
                    }
                    false => (offer_name, String::new()),
                };
                self.commands
                    .push(format!("juju consume -m {} {url}{suffix}", here.name));
                self.saas = Some(SaasSpec {
                    model: self.model,
                    name: name.clone(),
                    offer: known.unwrap_or(deployment.offers.len()),
                });
                (deployment.saas.len(), name)
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
    application: usize,
    role: Role,
) -> Result<&str, String> {
    let charm = &deployment.applications[application].charm;
    let endpoint = charm
        .endpoints
        .iter()
        .find(|each| each.role == role && each.interface == TRANSFER);
    endpoint.map(|each| each.name.as_str()).ok_or_else(|| {
        let verb = match role {
            Role::Provider => "provides",
            Role::Requirer | Role::Peer => "requires",
        };
        format!(
            "charm {} of {} has no endpoint that {verb} {TRANSFER}",
            charm.name,
            deployment.application_address(application)
        )
    })
}

/// The application's own name, as `juju offer` picks it, unless an offer has it already.
fn free_offer_name(deployment: &Deployment, application: usize, endpoint: &str) -> String {
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

fn is_taken(deployment: &Deployment, model: usize, name: &str) -> bool {
    let applications = deployment.applications.iter();
    let saas = deployment.saas.iter();
    applications
        .map(|app| (app.model, &app.name))
        .chain(saas.map(|saas| (saas.model, &saas.name)))
        .any(|(at, known)| at == model && known == name)
}
