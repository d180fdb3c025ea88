//! The words for how a CA gets, or does not get, to the application or client that needs it.

use trustsim_diagnosis::CaRoute;

/// One clause, to follow a colon.
pub fn clause(ca_route: &CaRoute) -> String {
    match ca_route {
        CaRoute::Relation {
            interface,
            provider,
            requirer,
        } => format!(
            "the {interface} relation between {provider} and {requirer} exists, but had not yet brought it into \
             the client's trust store"
        ),
        CaRoute::NoRelation {
            ca_owner,
            needed_by,
            removed,
            ..
        } => {
            // What is missing is always a certificate_transfer: a relation for certificates brings the requirer the CA
            // of its own certificate, and is not made for another CA.
            let removal = match removed {
                Some(_) => "; the relation that did was removed",
                None => "",
            };
            format!(
                "no certificate_transfer relation carries it from {ca_owner} to {needed_by}{removal}"
            )
        }
        CaRoute::OutsideClient {
            client,
            ca_owner,
            is_trusted_by_scenario: true,
        } => format!(
            "client {client} still trusts the earlier CA of {ca_owner} that the scenario gave it"
        ),
        CaRoute::OutsideClient {
            client,
            ca_owner,
            is_trusted_by_scenario: false,
        } => format!("client {client} was not given the CA of {ca_owner}"),
    }
}
