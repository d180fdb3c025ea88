//! Each connection as files, so that any other tool can judge the same case.

use crate::Simulation;
use crate::connections::Attempt;
use trustsim_kernel::Time;
use trustsim_pki::Certificate;
use trustsim_tls::{Case, Identity};
use trustsim_validators::{ErrorKind, Side, Verdict};

/// One connection at one instant.
#[derive(Clone, Debug)]
pub struct ExportedConnection {
    /// `model.app/0 -> model.app/1`.
    pub connection: String,
    /// Who opens it.
    pub client: String,
    /// Who accepts it.
    pub server: String,
    /// The name asked for.
    pub server_name: String,
    /// The client's TLS stack.
    pub validator: String,
    /// The instant, on the client's own clock.
    pub at: Time,
    /// What the server would send, leaf first; empty where it has nothing to send.
    pub server_chain: Vec<Certificate>,
    /// What the client trusts.
    pub trust_store: Vec<Certificate>,
    /// What the client would send when asked, in mutual TLS.
    pub client_chain: Option<Vec<Certificate>>,
    /// What the server trusts for clients, in mutual TLS.
    pub client_trust_store: Option<Vec<Certificate>>,
    /// The predicted outcome.
    pub verdict: Verdict,
}

impl Simulation {
    /// What both sides of every connection would bring to a handshake now, in the order of the
    /// manifest; `None` where it cannot begin.
    pub fn cases(&self) -> Vec<Option<Case>> {
        let tried = self.tried_cases().into_iter();
        tried.map(Result::ok).collect()
    }

    /// The same, with what fails before a handshake can begin.
    pub fn tried_cases(&self) -> Vec<Result<Case, ErrorKind>> {
        let attempts = self.attempts().into_iter();
        attempts.map(Attempt::into_case).collect()
    }

    fn attempts(&self) -> Vec<Attempt> {
        let world = self.world();
        world.peers().attempts(world.connections(), self.now())
    }

    /// Every connection as it would go now.
    pub fn export(&self) -> Vec<ExportedConnection> {
        let world = self.world();
        let attempts = self.attempts();
        assert_eq!(
            world.connections().records().count(),
            attempts.len(),
            "each connection is attempted once"
        );
        let watched = world.connections().records().zip(attempts);
        let exported = watched.map(|(record, attempt)| {
            let handshakes = world.handshakes();
            let (verdict, case) = match attempt {
                Attempt::Handshake(case) => {
                    (handshakes.perform_apart(&case, &record.name), Some(case))
                }
                Attempt::Failed(error) => (Verdict::failed(error, Side::Client), None),
                Attempt::WithoutTls => (Verdict::without_tls(), None),
            };
            let case = case.as_deref();
            let chain = |identity: &Identity| identity.chain().to_vec();
            let client_identity = case.and_then(|case| case.client.identity.as_ref());
            let client_trust = case.and_then(|case: &Case| case.server.client_trust.as_ref());
            ExportedConnection {
                connection: record.name.clone(),
                client: record.client.to_string(),
                server: record.server.to_string(),
                server_name: record.server_name_at(self.now()).to_owned(),
                validator: record.validator.clone(),
                at: case.map_or(self.now(), |case| case.client.clock),
                server_chain: case
                    .map(|case| chain(&case.server.identity))
                    .unwrap_or_default(),
                trust_store: case
                    .map(|case| case.client.trust.roots().cloned().collect())
                    .unwrap_or_default(),
                client_chain: client_identity.map(chain),
                client_trust_store: client_trust.map(|trust| trust.roots().cloned().collect()),
                verdict,
            }
        });
        exported.collect()
    }
}
