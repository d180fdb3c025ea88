//! What each TLS stack says of one connection as it was exported.

use trustsim_validators::{Side, TrustStore, Validator, Verdict, judge_client, judge_server};
use trustsim_world::ExportedConnection;

/// What one stack says of a connection.
#[derive(Clone, Debug)]
pub struct SaidBy {
    /// The stack.
    pub validator: Validator,
    /// Its verdict.
    pub verdict: Verdict,
}

/// What each stack would say of a connection as it was exported: the client's side, or the
/// server's where it is the one that refuses. A side that cannot begin says so in every stack.
pub fn said_by_stacks(connection: &ExportedConnection) -> Vec<SaidBy> {
    let roots: TrustStore = connection.trust_store.iter().cloned().collect();
    let by_server = connection.verdict.judged_by == Some(Side::Server);
    let said = Validator::ALL.into_iter().map(|validator| {
        let verdict = match (&connection.client_trust_store, &connection.client_chain) {
            (Some(trusted), chain) if by_server => {
                let roots: TrustStore = trusted.iter().cloned().collect();
                // A client that shows no certificate sends an empty chain (RFC 8446, 4.4.2).
                let chain = chain.as_deref().unwrap_or_default();
                judge_client(chain, &roots, connection.at, validator)
            }
            _ if connection.server_chain.is_empty() => connection.verdict.clone(),
            _ => judge_server(
                &connection.server_chain,
                &roots,
                &connection.server_name,
                connection.at,
                validator,
            ),
        };
        SaidBy { validator, verdict }
    });
    said.collect()
}
