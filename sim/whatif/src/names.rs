//! The name that each connection dials beside those of the certificate that it meets.
//!
//! Whether the name matches is what the client's TLS stack says in a handshake in which it trusts every CA there is:
//! that it does not trust the real one hides nothing then.

use super::at_rest::Authorities;
use trustsim_kernel::Time;
use trustsim_pki::Certificate;
use trustsim_tls::Case;
use trustsim_validators::ErrorKind;
use trustsim_world::{ConnectionRecord, Simulation};

/// The name of one connection.
#[derive(Clone, Debug)]
pub struct DialledName {
    /// The connection.
    pub connection: ConnectionRecord,
    /// What the server presents for that name; `None` where it can begin no handshake.
    pub presented: Option<Certificate>,
    /// Whether the certificate is for the name.
    pub verdict: NameVerdict,
}

/// Whether a certificate is for the name that is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameVerdict {
    /// It is.
    Matches,
    /// It is not.
    Differs,
    /// There is none to be compared.
    NothingPresented,
    /// The handshake fails with another error, before the name is looked at.
    Untold(ErrorKind),
}

/// The names of a deployment at an instant.
#[derive(Clone, Debug)]
pub struct DialledNames {
    /// The instant.
    pub at: Time,
    /// Each connection that is simulated, in the order of the manifest.
    pub dialled: Vec<DialledName>,
}

/// The names that are dialled now.
pub fn dialled_names(simulation: &Simulation) -> DialledNames {
    let authorities = Authorities::of(simulation.journal());
    let connections = simulation.manifest().connections;
    let cases = simulation.cases();
    assert_eq!(
        connections.len(),
        cases.len(),
        "every connection has what both sides would bring, or nothing"
    );
    let named = connections.into_iter().zip(cases);
    let dialled = named.filter(|(connection, _)| connection.ended.is_none());
    DialledNames {
        at: simulation.now(),
        dialled: dialled
            .map(|(connection, case)| dialled_name(simulation, &authorities, connection, case))
            .collect(),
    }
}

fn dialled_name(
    simulation: &Simulation,
    authorities: &Authorities<'_>,
    connection: ConnectionRecord,
    case: Option<Case>,
) -> DialledName {
    let Some(mut case) = case else {
        return DialledName {
            connection,
            presented: None,
            verdict: NameVerdict::NothingPresented,
        };
    };
    let chain = case.server.identity.chain().iter();
    let trusted = case.client.trust.roots().chain(authorities.certificates());
    let in_chain = chain.filter(|each| each.is_ca());
    case.client.trust = trusted.chain(in_chain).cloned().collect();
    case.client.clock = simulation.now();
    case.server.client_trust = None;
    let subject = format!("names {}", connection.name);
    let verdict = simulation.perform(&case, &subject);
    DialledName {
        presented: case.server.identity.leaf().cloned(),
        verdict: match verdict.error {
            None => NameVerdict::Matches,
            Some(ErrorKind::NotValidForName) => NameVerdict::Differs,
            Some(error) => NameVerdict::Untold(error),
        },
        connection,
    }
}
