//! Which relation carries a CA to those who should trust it, and the commands that would create
//! one where there is none.

use super::expectations::application_of;
use super::facts::Facts;
use crate::charms::{EndpointProfile, Role};
use crate::world::{Deployment, Seq};

const TRANSFER: &str = "certificate_transfer";
const CERTIFICATES: &str = "tls-certificates";

/// How a CA gets, or does not get, to the one who needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A relation carries it, but had not done so.
    Relation {
        /// Interface name.
        interface: String,
        /// `model.app:endpoint` of the provider.
        provider: String,
        /// `model.app:endpoint` of the requirer.
        requirer: String,
    },
    /// No relation carries it.
    Missing {
        /// `model.app` of the CA.
        from: String,
        /// `model.app` of the one who needs it.
        to: String,
        /// What would create the relation. Not proven to end the failure.
        commands: Vec<String>,
        /// Why no command can.
        obstacle: Option<String>,
        /// The entry in which a relation that carried it was removed.
        removed: Option<Seq>,
    },
    /// The one who needs it is no application: it has what the scenario gave it.
    Given {
        /// Name of the client.
        client: String,
        /// `model.app` of the CA.
        from: String,
        /// Whether the scenario gives it that CA at all.
        listed: bool,
    },
}

impl Carrier {
    /// One clause, to follow a colon.
    pub fn sentence(&self) -> String {
        match self {
            Self::Relation {
                interface,
                provider,
                requirer,
            } => format!(
                "the {interface} relation {provider} - {requirer} is there, but had not brought it into the client's trust store"
            ),
            Self::Missing {
                from,
                to,
                removed: None,
                ..
            } => format!("no {TRANSFER} relation carries it from {from} to {to}"),
            Self::Missing { from, to, .. } => format!(
                "no {TRANSFER} relation carries it from {from} to {to} since that relation was \
                 removed"
            ),
            Self::Given {
                client,
                from,
                listed: true,
            } => format!("client {client} still has the CA of {from} that it was given before"),
            Self::Given {
                client,
                from,
                listed: false,
            } => format!("client {client} was not given the CA of {from}"),
        }
    }

    /// The commands that would create what is missing.
    pub fn commands(&self) -> &[String] {
        match self {
            Self::Missing { commands, .. } => commands,
            Self::Relation { .. } | Self::Given { .. } => &[],
        }
    }
}

/// How the CA of `from` (`model.app`) gets to `to` (`model.app/0` or a client's name) when `seq`
/// was written.
pub(super) fn carrier(
    deployment: &Deployment,
    facts: &Facts<'_>,
    from: &str,
    to: &str,
    seq: Seq,
) -> Carrier {
    let provider = application(deployment, from);
    if let Some(client) = deployment.clients.iter().find(|client| client.name == to) {
        return Carrier::Given {
            client: to.to_owned(),
            from: from.to_owned(),
            listed: provider.is_some_and(|provider| client.trusts.contains(&provider)),
        };
    }
    let to = application_of(to);
    let requirer = application(deployment, to);
    let relations = facts.relations(&[TRANSFER, CERTIFICATES], seq);
    let mut removed = None;
    for relation in relations {
        let carries = side(deployment, &relation.provider) == from
            && side(deployment, &relation.requirer) == to
            && (&*relation.interface == TRANSFER
                || requirer.is_some_and(|index| {
                    trusts_through(deployment, index, endpoint(&relation.requirer))
                }));
        if carries && relation.there {
            return Carrier::Relation {
                interface: relation.interface.to_string(),
                provider: relation.provider.to_string(),
                requirer: relation.requirer.to_string(),
            };
        }
        if carries {
            removed = Some(relation.seq);
        }
    }
    let (commands, obstacle) = match (provider, requirer) {
        (Some(provider), Some(requirer)) => match commands(deployment, provider, requirer) {
            Ok(commands) => (commands, None),
            Err(obstacle) => (Vec::new(), Some(obstacle)),
        },
        _ => (Vec::new(), None),
    };
    Carrier::Missing {
        from: from.to_owned(),
        to: to.to_owned(),
        commands,
        obstacle,
        removed,
    }
}

/// Index of the application at `model.app`.
fn application(deployment: &Deployment, address: &str) -> Option<usize> {
    (0..deployment.applications.len())
        .find(|&index| deployment.application_address(index) == address)
}

/// `model.app` of one side of a relation; a SAAS is the application behind it.
fn side(deployment: &Deployment, name: &str) -> String {
    let address = name.rsplit_once(':').map_or(name, |(address, _)| address);
    let saas = deployment.saas.iter().find(|saas| {
        address.split_once('.') == Some((&deployment.models[saas.model].name, &saas.name))
    });
    match saas {
        Some(saas) => deployment.application_address(deployment.offers[saas.offer].application),
        None => address.to_owned(),
    }
}

fn endpoint(name: &str) -> &str {
    name.rsplit_once(':').map_or("", |(_, endpoint)| endpoint)
}

/// Whether an application trusts the `ca` that comes with its certificate at this endpoint.
fn trusts_through(deployment: &Deployment, application: usize, endpoint: &str) -> bool {
    let charm = &deployment.applications[application].charm;
    let profile = charm
        .endpoint(endpoint)
        .and_then(|each| each.profile.as_ref());
    matches!(profile, Some(EndpointProfile::Certificates(profile)) if profile.trusts_ca)
}

/// What an operator would type to relate a CA's application to the one that should trust it.
/// The forms are those of `juju integrate`, `juju offer` and `juju consume` (juju/juju,
/// cmd/juju/application and cmd/juju/crossmodel).
fn commands(
    deployment: &Deployment,
    provider: usize,
    requirer: usize,
) -> Result<Vec<String>, String> {
    let gives = transfer_endpoint(deployment, provider, Role::Provider)?;
    let takes = transfer_endpoint(deployment, requirer, Role::Requirer)?;
    let provider_app = &deployment.applications[provider];
    let requirer_app = &deployment.applications[requirer];
    let model = &deployment.models[requirer_app.model];
    let integrate = |other: &str| {
        format!(
            "juju integrate -m {} {}:{takes} {other}:{gives}",
            model.name, requirer_app.name
        )
    };
    if provider_app.model == requirer_app.model {
        return Ok(vec![integrate(&provider_app.name)]);
    }
    let there = &deployment.models[provider_app.model];
    let foreign = there.controller != model.controller;
    let controller = &deployment.controllers[there.controller].name;
    let mut commands = Vec::new();
    let offer = deployment.offers.iter().position(|offer| {
        offer.application == provider && offer.endpoints.iter().any(|each| each == gives)
    });
    let offer_name = match offer {
        Some(index) => deployment.offers[index].name.clone(),
        None => {
            let name = free_offer_name(deployment, provider, gives);
            let at = if foreign {
                format!("-c {controller} ")
            } else {
                String::new()
            };
            let offered = format!("{}.{}:{gives}", there.name, provider_app.name);
            commands.push(format!("juju offer {at}{offered} {name}"));
            name
        }
    };
    let saas = deployment
        .saas
        .iter()
        .find(|saas| saas.model == requirer_app.model && Some(saas.offer) == offer);
    let local = match saas {
        Some(saas) => saas.name.clone(),
        None => {
            let prefix = if foreign {
                format!("{controller}:")
            } else {
                String::new()
            };
            let url = format!("{prefix}{}/{}.{offer_name}", there.owner, there.name);
            let taken = is_taken(deployment, requirer_app.model, &offer_name);
            let alias = format!("{}-{offer_name}", there.name);
            let suffix = if taken {
                format!(" {alias}")
            } else {
                String::new()
            };
            commands.push(format!("juju consume -m {} {url}{suffix}", model.name));
            if taken { alias } else { offer_name }
        }
    };
    commands.push(integrate(&local));
    Ok(commands)
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
