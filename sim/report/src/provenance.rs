//! What a run was made from, so that it can be played again from its folder.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What has to be given to play a run again; `played` in `summary.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object that says what was played")]
pub struct Provenance {
    /// The scenario file, as it was named on the command line.
    pub scenario: PathBuf,
    /// The variant of it.
    pub variant: Option<String>,
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
