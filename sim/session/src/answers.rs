//! What a session answers, as values.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use trustsim_diagnosis::Explanation;
use trustsim_kernel::{Span, Time};
use trustsim_model::Address;
use trustsim_validators::ErrorKind;

/// The answer to a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It was done.
    Done,
    /// An action ended.
    Ran(Ran),
    /// What Juju prints.
    Juju(Json),
    /// How connections have been.
    Connection(Box<Connection>),
    /// The text of a scenario file.
    Scenario(String),
}

/// An action that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The unit that ran it.
    pub unit: Address,
    /// Whether it failed, with what it said.
    pub failed: Option<String>,
    /// What it told; of a charm that is not played by its own code nothing is known.
    pub results: BTreeMap<String, String>,
    /// What a charm that is not played by its own code did in it.
    pub log: Option<String>,
}

/// How the connections between two have been so far.
#[derive(Clone, Debug)]
pub struct Connection {
    /// One for each pair of units.
    pub watched: Vec<WatchedConnection>,
}

/// One connection.
#[derive(Clone, Debug)]
pub struct WatchedConnection {
    /// `prod.web/0 -> prod.web/1`.
    pub name: String,
    /// The name that is dialled.
    pub server_name: String,
    /// The first attempt; without one it was not tried.
    pub first_attempt: Option<Time>,
    /// When it did not work, in order of time.
    pub outages: Vec<Outage>,
    /// All of it.
    pub lost: Span,
}

/// A while in which a connection did not work.
#[derive(Clone, Debug)]
pub struct Outage {
    /// From the first failure.
    pub from: Time,
    /// To the next success; `None` where it has not come.
    pub until: Option<Time>,
    /// How long that is so far.
    pub lost: Span,
    /// How it fails at first.
    pub error: ErrorKind,
    /// What kept it from working.
    pub explanation: Explanation,
}
