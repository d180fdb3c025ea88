//! What only a person can do for an application: what it waits for, and what a person does about
//! it. Must not know who that person is nor how long they take.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ExternalCa;
use trustsim_juju::Value;
use trustsim_kernel::Stream;

/// Something that an application waits for and no hook brings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PendingTask {
    /// What has to be done, in one word: `certificate`, `unseal`.
    pub what: &'static str,
    /// Tells it from the application's other waits of this kind; stays the same for as long as
    /// the application waits.
    pub subject: String,
    /// Common name of the certificate that it is for, where it is for one; empty where the request
    /// has none.
    pub common_name: Option<String>,
    /// What a person reads, such as the name a certificate is for.
    pub detail: String,
}

/// What the person who answers has at hand.
#[derive(Debug)]
pub struct OperatorContext {
    /// Randomness of this one answer, for serial numbers and the like.
    pub stream: Stream,
    /// The CA that signs for them, where they have one.
    pub ca: Option<ExternalCa>,
    /// Common names that they refuse.
    pub rejects: Vec<String>,
}

/// What a person does about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorAction {
    /// `juju run APP/leader NAME key=value`.
    Action {
        /// Name of the action.
        name: String,
        /// Its parameters.
        parameters: BTreeMap<String, String>,
    },
    /// `juju config APP key=value`.
    Config {
        /// New values.
        options: BTreeMap<String, Option<String>>,
    },
    /// Something at the workload of the unit that waits, outside Juju.
    AtWorkload {
        /// The command as it would be typed, or a plain phrase.
        command: String,
        /// Files of the workload as they are afterwards, both on disk and as its process has
        /// them; `None` is gone.
        files: BTreeMap<Arc<str>, Option<Value>>,
        /// The container whose charm is told by a custom notice.
        notifies: Option<&'static str>,
    },
}
