//! One side of a connection that verifies the other, and the handshake with another trust store.

use trustsim_pki::Certificate;
use trustsim_tls::Case;
use trustsim_validators::TrustStore;
use trustsim_world::{Address, Simulation, WatchedSource};

/// Which side verifies, and what it trusts.
pub(super) enum Side {
    Client,
    /// A server that asks for client certificates.
    Server(TrustStore),
}

/// One side that verifies the other.
pub(super) struct Verifier<'a> {
    pub(super) simulation: &'a Simulation,
    pub(super) case: Case,
    pub(super) connection: u32,
    /// Name of the connection.
    pub(super) name: String,
    /// A unit, or a client outside Juju.
    pub(super) holder: Address,
    pub(super) side: Side,
    pub(super) sources: Vec<WatchedSource>,
}

/// All that the outcome of a visit depends on; of the time, only between which validity boundaries it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CaseKey {
    connection: u32,
    is_client: bool,
    presented: Option<[u8; 32]>,
    trust: [u8; 32],
    interval: (usize, usize),
}

impl Verifier<'_> {
    pub(super) fn trust(&self) -> &TrustStore {
        match &self.side {
            Side::Client => &self.case.client.trust,
            Side::Server(trust) => trust,
        }
    }

    pub(super) const fn is_client(&self) -> bool {
        matches!(self.side, Side::Client)
    }

    pub(super) fn key(&self) -> CaseKey {
        // A client that is asked for a certificate may have none.
        let presented = match &self.side {
            Side::Client => Some(&self.case.server.identity),
            Side::Server(_) => self.case.client.identity.as_ref(),
        };
        CaseKey {
            connection: self.connection,
            is_client: self.is_client(),
            presented: presented.map(|identity| *identity.digest()),
            trust: *self.trust().digest(),
            interval: self.case.interval(),
        }
    }

    /// What tells the sources of one visit from those of another.
    pub(super) fn source_key(&self) -> Vec<(String, [u8; 32])> {
        let sources = self.sources.iter();
        sources
            .map(|source| (source.name.clone(), *source.trust.digest()))
            .collect()
    }

    /// Whether the handshake as it is succeeds: an open connection may have a verdict that is ok although it does not.
    pub(super) fn succeeds(&self) -> bool {
        self.perform(&self.case)
    }

    /// Whether it fails where this side trusts only these roots.
    pub(super) fn fails_with(&self, roots: Vec<Certificate>) -> bool {
        let mut case = self.case.clone();
        let trust = self.trust().with_roots(roots);
        match self.side {
            Side::Client => case.client.trust = trust,
            Side::Server(_) => case.server.client_trust = Some(trust),
        }
        !self.perform(&case)
    }

    fn perform(&self, case: &Case) -> bool {
        let subject = format!("least-trust {}", self.name);
        self.simulation.perform(case, &subject).is_ok()
    }

    /// The roots that remain when these sources are removed.
    pub(super) fn without_sources(&self, names: &[&str]) -> Vec<Certificate> {
        let brings = |source: &&WatchedSource, root: &Certificate| source.trust.contains(root);
        let is_removed = |source: &&WatchedSource| names.contains(&source.name.as_str());
        let stays = |root: &&Certificate| {
            let mut removed = self.sources.iter().filter(is_removed);
            let mut kept = self.sources.iter().filter(|source| !is_removed(source));
            kept.any(|source| brings(&source, root)) || !removed.any(|source| brings(&source, root))
        };
        self.trust().roots().filter(stays).cloned().collect()
    }
}
