//! Equal cases are performed once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Case, Identity, handshake};
use trustsim_kernel::Stream;
use trustsim_validators::{TrustStore, Validator, Verdict};

type Digest = [u8; 32];

/// The verdicts of earlier handshakes, by all that they depend on. Cloning shares the verdicts
/// and copies the rest.
#[derive(Clone, Debug, Default)]
pub struct VerdictCache {
    verdicts: BTreeMap<Key, Arc<Verdict>>,
    real: u64,
    reused: u64,
}

/// All that a verdict depends on; of the clocks, only between which validity boundaries they
/// stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    server: Digest,
    client_trust: Option<Digest>,
    client: Option<Digest>,
    trust: Digest,
    server_name: String,
    validators: (Validator, Validator),
    interval: (usize, usize),
}

impl Key {
    fn of(case: &Case) -> Self {
        Self {
            server: *case.server.identity.digest(),
            client_trust: case
                .server
                .client_trust
                .as_ref()
                .map(TrustStore::digest)
                .copied(),
            client: case.client.identity.as_ref().map(Identity::digest).copied(),
            trust: *case.client.trust.digest(),
            server_name: case.server_name.clone(),
            validators: (case.client.validator, case.server.validator),
            interval: case.interval(),
        }
    }
}

impl VerdictCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// The verdict of the case, and whether a handshake was performed for it; if so, its random
    /// bytes come from `stream`.
    pub fn judge(&mut self, case: &Case, stream: impl FnOnce() -> Stream) -> (Arc<Verdict>, bool) {
        let key = Key::of(case);
        if let Some(verdict) = self.verdicts.get(&key) {
            self.reused += 1;
            return (Arc::clone(verdict), false);
        }
        let verdict = Arc::new(handshake(case, stream()));
        self.real += 1;
        self.verdicts.insert(key, Arc::clone(&verdict));
        (verdict, true)
    }

    /// How many handshakes were performed.
    pub const fn real(&self) -> u64 {
        self.real
    }

    /// How many verdicts were reused.
    pub const fn reused(&self) -> u64 {
        self.reused
    }
}
