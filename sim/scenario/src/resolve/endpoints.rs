//! The endpoints that one side of a relation could mean.

use super::drafts::SideDraft;
use super::inventory::Inventory;
use trustsim_charms::{Endpoint, Role};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_model::{ApplicationIndex, Party};
use trustsim_yaml::{Text, nearest};

/// An endpoint that one side could mean.
pub(super) struct Candidate {
    pub endpoint: Endpoint,
    pub implicit: bool,
}

/// Every endpoint a side could mean; a named one that is not there is told of.
pub(super) fn candidates(
    side: &SideDraft,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Option<Vec<Candidate>> {
    let charm = inventory.charm(side.application);
    let offered: Option<&[String]> = match side.party {
        Party::Saas(saas) => {
            let deployment = inventory.deployment();
            Some(&deployment.offers[deployment.saas[saas].offer].endpoints)
        }
        _ => None,
    };
    let is_offered =
        |name: &str| offered.is_none_or(|offered| offered.iter().any(|known| known == name));
    let explicit = |endpoint: &Endpoint| Candidate {
        endpoint: endpoint.clone(),
        implicit: false,
    };
    let Some(named) = &side.endpoint else {
        let own = charm
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.role != Role::Peer && is_offered(&endpoint.name));
        let mut candidates: Vec<Candidate> = own.map(explicit).collect();
        if offered.is_none() && charm.endpoint("juju-info").is_none() {
            candidates.push(juju_info());
        }
        return Some(candidates);
    };
    if let Some(endpoint) = charm
        .endpoint(&named.value)
        .filter(|_| is_offered(&named.value))
    {
        return Some(vec![explicit(endpoint)]);
    }
    if named.value == "juju-info" && offered.is_none() {
        return Some(vec![juju_info()]);
    }
    out.push(match offered {
        Some(offered) => {
            let party = inventory.deployment().party_name(side.party);
            let message = format!(
                "saas application {party:?} has no {:?} relation",
                named.value
            );
            let help = format!("the offer has {}", offered.join(", "));
            Diagnostic::error(Code::UnknownEndpoint, side.text.place, message).help(help)
        }
        None => unknown_endpoint(side.application, named, inventory),
    });
    None
}

/// What is said of an endpoint that an application's charm does not have.
pub(super) fn unknown_endpoint(
    application: ApplicationIndex,
    endpoint: &Text,
    inventory: &Inventory,
) -> Diagnostic {
    let spec = &inventory.deployment().applications[application];
    let message = format!(
        "application {:?} has no {:?} relation",
        spec.name, endpoint.value
    );
    let names = spec.charm.endpoints.iter().map(|known| known.name.as_str());
    let near = nearest(&endpoint.value, names.clone());
    let label = format!("the charm `{}` has no such endpoint", spec.charm.name);
    let diagnostic = Diagnostic::error(Code::UnknownEndpoint, endpoint.place, message).label(label);
    match near {
        Some(_) => diagnostic.similar("an endpoint", near),
        None => {
            let names: Vec<&str> = names.collect();
            diagnostic.help(format!("it has {}", names.join(", ")))
        }
    }
}

/// The endpoint every application has without saying so.
fn juju_info() -> Candidate {
    Candidate {
        endpoint: Endpoint {
            name: "juju-info".to_owned(),
            role: Role::Provider,
            interface: "juju-info".to_owned(),
            limit: None,
            container_scope: false,
            protocol: trustsim_charms::Protocol::Current,
            profile: None,
            client_certificate: None,
            library: None,
            bugs: trustsim_charms::Bugs::default(),
            source: trustsim_charms::EndpointSource::Description,
        },
        implicit: true,
    }
}
