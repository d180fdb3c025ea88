//! The words for how a CA gets, or does not get, to the application or client that needs it.

use trustsim_diagnosis::{CaRoute, PassingRelation};
use trustsim_model::Address;

/// `the CA that m.store has for its own units`.
pub fn among_units(application: &Address) -> String {
    format!("the CA that {application} has for its own units")
}

/// Returns one clause, which follows a colon.
pub fn clause(ca_route: &CaRoute) -> String {
    match ca_route {
        CaRoute::Relation {
            interface,
            provider,
            requirer,
        } => format!(
            "the {interface} relation between {provider} and {requirer} is there, and the client's trust store does \
             not have the CA"
        ),
        CaRoute::AmongUnits { application } => {
            format!(
                "it is {}, and the client's trust store does not have it",
                among_units(application)
            )
        }
        CaRoute::PassedOn(relation) => passed_on(relation),
        CaRoute::OtherProcess {
            process,
            ca_owner,
            workload_has_it_over,
        } => match workload_has_it_over {
            Some(over) => format!(
                "the CA of {ca_owner} comes over {over}, and the charm does not give it to {process}"
            ),
            None => format!("no relation brings {process} the CA of {ca_owner}"),
        },
        CaRoute::NoRelation {
            ca_owner,
            needed_by,
            removed,
            ..
        } => {
            // What is missing is always a certificate_transfer relation. A tls-certificates relation brings the
            // requirer only the CA that signed its own certificate, so that it is no way to another CA.
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
            fetches_again: false,
        } => format!(
            "client {client} has of {ca_owner} only what the scenario gave it when it began"
        ),
        CaRoute::OutsideClient {
            client,
            ca_owner,
            is_trusted_by_scenario: true,
            fetches_again: true,
        } => format!("client {client} has of {ca_owner} what it fetched last"),
        CaRoute::OutsideClient {
            client,
            ca_owner,
            is_trusted_by_scenario: false,
            fetches_again: _,
        } => format!("client {client} was not given the CA of {ca_owner}"),
    }
}

/// What is handed on with the data of a relation, and is not there.
fn passed_on(relation: &PassingRelation) -> String {
    let PassingRelation {
        provider,
        requirer,
        interface,
        ..
    } = relation;
    match (relation.of_client, relation.passes) {
        (true, _) => format!(
            "{provider} hands its certificate to {requirer} over {interface}, and the server's trust store does not have \
             the one that is shown"
        ),
        (false, true) => format!(
            "{provider} hands on the CA of its certificates to {requirer} over {interface}, and the client's trust store \
             does not have it"
        ),
        (false, false) => format!("{provider} hands {requirer} no CA over {interface}"),
    }
}
