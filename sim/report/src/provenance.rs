//! What a run was made from, so that it can be played again from its folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What has to be given to play a run again; `played` in `summary.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object that says what was played")]
pub struct Provenance {
    /// The scenario file, as it was named on the command line.
    pub scenario: PathBuf,
    /// The variant of it.
    pub variant: Option<String>,
    /// Folders of charms whose code was given on the command line, by the name of the charm.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub charms: BTreeMap<String, PathBuf>,
    /// The seed.
    pub seed: u64,
    /// The end, in RFC 3339.
    pub until: String,
    /// Whether quiet hooks were played too.
    pub every_hook: bool,
    /// Whether each attempt was a handshake of its own.
    pub every_handshake: bool,
    /// SHA-256 of every file that the scenario was read from, one after the other, in hexadecimal.
    pub sha256: String,
}

/// What `summary.json` says of how a run was played and how it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayedBefore {
    /// What has to be given to play it again.
    pub provenance: Provenance,
    /// The fingerprint of its journal.
    pub fingerprint: String,
}

impl PlayedBefore {
    /// Reads a `summary.json`. The rest of it, which can be long, is not kept.
    ///
    /// # Errors
    ///
    /// Where it does not say both.
    pub fn read(summary: &[u8]) -> Result<Self, serde_json::Error> {
        /// The part that is read.
        #[derive(Deserialize)]
        struct Read {
            played: Value,
            fingerprint: String,
        }
        let Read {
            played,
            fingerprint,
        } = serde_json::from_slice(summary)?;
        Ok(Self {
            provenance: serde_json::from_value(played)?,
            fingerprint,
        })
    }
}
