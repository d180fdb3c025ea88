//! The words for how a CA gets, or does not get, to the one who needs it.

use trustsim_diagnosis::CaRoute;

/// One clause, to follow a colon.
pub fn clause(ca_route: &CaRoute) -> String {
    match ca_route {
        CaRoute::Relation {
            interface,
            provider,
            requirer,
        } => format!(
            "the {interface} relation {provider} - {requirer} is there, but had not brought it \
             into the client's trust store"
        ),
        CaRoute::Missing {
            from, to, removed, ..
        } => {
            let since = match removed {
                Some(_) => " since that relation was removed",
                None => "",
            };
            format!("no certificate_transfer relation carries it from {from} to {to}{since}")
        }
        CaRoute::Given {
            client,
            from,
            listed: true,
        } => format!("client {client} still has the CA of {from} that it was given before"),
        CaRoute::Given {
            client,
            from,
            listed: false,
        } => format!("client {client} was not given the CA of {from}"),
    }
}
