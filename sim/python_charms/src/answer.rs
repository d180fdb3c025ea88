//! What the worker says that a hook did, as values.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

/// So many seconds a hook may sleep. One that sleeps for longer waits for something that is not played.
pub(crate) const LONGEST_SLEEP: f64 = 86_400.0;

/// What a hook left.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Answer {
    /// The exception with which the charm's code ended; none of what it buffered is committed then.
    pub(crate) error: Option<Raised>,
    /// Its databags as they are after the hook.
    pub(crate) relations: Vec<Databags>,
    /// Calls of the hook tools for secrets, in order.
    pub(crate) secrets: Vec<SecretCall>,
    /// What was done to files and services of containers, in order.
    pub(crate) workload: Vec<Act>,
    /// What Pebble knows, by container; the worker alone reads it.
    pub(crate) pebble: BTreeMap<String, Json>,
    /// What the charm's machine knows beside its files: packages, services; the worker alone reads it.
    pub(crate) machine: Option<Json>,
    /// What ops keeps between hooks; the worker alone reads it.
    pub(crate) framework: Option<Json>,
    /// The workload status, where the hook set it.
    pub(crate) status: Option<StatusSet>,
    /// What the action told.
    pub(crate) results: Option<BTreeMap<String, String>>,
    /// The message with which the action failed.
    pub(crate) action_failed: Option<String>,
    /// What the code tried and is not played.
    pub(crate) refused: Vec<Refused>,
    /// Seconds for which the code slept, at most [`LONGEST_SLEEP`].
    pub(crate) slept: f64,
    /// Whether the hook depends on what was drawn at random.
    pub(crate) drew: bool,
}

/// An uncaught exception.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Raised {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) message: String,
    /// File and line.
    #[serde(rename = "where")]
    pub(crate) place: String,
}

/// The databags of a relation that the unit writes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Databags {
    pub(crate) relation_id: u32,
    pub(crate) application_data: BTreeMap<String, String>,
    pub(crate) unit_data: BTreeMap<String, String>,
}

/// A call of a hook tool. Ids are `secret:URI`; the worker draws that of a secret that the hook adds.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "tool")]
pub(crate) enum SecretCall {
    #[serde(rename = "secret-add")]
    Add {
        id: String,
        owner: Owner,
        label: Option<String>,
        content: BTreeMap<String, String>,
        expire: Option<String>,
    },
    #[serde(rename = "secret-set")]
    Set {
        id: String,
        content: Option<BTreeMap<String, String>>,
        expire: Option<String>,
    },
    #[serde(rename = "secret-get")]
    Get {
        id: String,
        refresh: bool,
        peek: bool,
    },
    #[serde(rename = "secret-remove")]
    Remove { id: String, revision: Option<u32> },
}

/// Whose a secret is that a hook adds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Owner {
    Unit,
    Application,
}

/// Something that was done in a container, or on the charm's own machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Act {
    Write {
        container: String,
        write: String,
        content: String,
    },
    Remove {
        container: String,
        remove: String,
    },
    Services {
        started: Vec<String>,
        stopped: Vec<String>,
    },
}

/// `status-set`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct StatusSet {
    pub(crate) current: String,
    pub(crate) message: String,
}

/// Something that is not played.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Refused {
    pub(crate) kind: String,
    pub(crate) what: String,
}
