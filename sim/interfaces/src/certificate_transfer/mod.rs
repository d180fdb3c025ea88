//! The `certificate_transfer` interface: version 1, the version 0 that its provider falls back to,
//! and version 0 as its own library.
//!
//! Follows canonical/charmlibs `interfaces/certificate_transfer` 1.1.0
//! (`src/charmlibs/interfaces/certificate_transfer/_certificate_transfer.py`); where a charm
//! vendors another library, [`Library`] says what that one does otherwise.
//!
//! | provider | requirer | what the requirer gets |
//! |---|---|---|
//! | v0 | v0 | the `ca` of whichever unit changed last |
//! | v0 | v1 | nothing: its fallback wants JSON, and v0 writes plain PEM |
//! | v1 | v0 | an arbitrary one of the set, from the unit databag of the leader, never taken back |
//! | v1 | v1 | the set; the unit databag first where the provider acts before `version` is there |

use std::sync::Arc;

use rand::seq::SliceRandom;

use crate::UnitContext;

mod data;
mod provider;
mod requirer;

pub use data::CertificateSet;
pub use provider::Provider;
pub use requirer::{Event, Requirer};

/// The key of the certificates in the provider's application databag.
pub const CERTIFICATES: &str = "certificates";
/// The key of the version in both application databags.
pub const VERSION: &str = "version";

/// Which library a charm carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Library {
    /// charmlibs-interfaces-certificate-transfer 1.1.0.
    #[default]
    Current,
    /// Charmhub `certificate_transfer_interface.v1`, patch 15 (canonical/certificate-transfer-interface
    /// f79a9f4), as canonical/traefik-k8s-operator (8ab4a7e) vendors it: it tells the charm of every
    /// relation-changed, and the order of a set is that of Python's hashes, another one in each hook.
    V1Patch15,
    /// Charmhub `certificate_transfer_interface.v0`, patch 11 (canonical/certificate-transfer-interface
    /// f79a9f4): everything in the provider's unit databags, one certificate at a time.
    V0Patch11,
}

impl Library {
    /// Every library with its name in catalogue and scenarios.
    pub const ALL: [(Self, &str); 3] = [
        (Self::Current, "certificate-transfer"),
        (Self::V1Patch15, "certificate-transfer-v1"),
        (Self::V0Patch11, "certificate-transfer-v0"),
    ];

    /// Its name in catalogue and scenarios.
    ///
    /// # Panics
    ///
    /// Never: [`Self::ALL`] has every library.
    pub fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        let found = all.find(|(library, _)| *library == self);
        found.expect("every library has a name").1
    }

    /// The `LIBAPI` that its requirer writes into its application databag.
    const fn version(self) -> &'static str {
        match self {
            Self::Current | Self::V1Patch15 => "1",
            Self::V0Patch11 => "0",
        }
    }

    /// Whether sets keep the order of Python's hashes, which is another one in each hook.
    const fn shuffles(self) -> bool {
        matches!(self, Self::V1Patch15)
    }
}

/// The texts in the order in which a Python set of another process has them.
fn hash_ordered(set: &CertificateSet, unit: &mut UnitContext<'_>) -> Vec<Arc<str>> {
    let mut texts: Vec<Arc<str>> = set.texts.iter().cloned().collect();
    if texts.len() > 1 {
        texts.shuffle(&mut unit.stream("python-set-order"));
    }
    texts
}
