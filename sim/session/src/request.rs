//! What a session is asked: one request with what it takes. A key that a request does not have is refused.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Where the units of a model run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    /// In pods.
    #[default]
    Kubernetes,
    /// On machines.
    Machine,
}

/// A request, as a line has it: `{"deploy": {"model": "prod", "charm": "self-signed-certificates"}}`. Durations are texts such
/// as `89d` or `1h30m`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Request {
    /// `juju add-model`.
    AddModel {
        /// Its name.
        model: String,
        /// Pods, unless it says machines.
        #[serde(default)]
        cloud: Cloud,
        /// Its controller; models of different controllers are told apart by it.
        controller: Option<String>,
        /// Configuration of the model: `update-status-hook-interval`.
        #[serde(default)]
        config: IndexMap<String, Json>,
    },
    /// `juju model-config KEY=VALUE`, before any time has passed.
    ModelConfig {
        /// The model.
        model: String,
        /// New values: `update-status-hook-interval`.
        config: IndexMap<String, Json>,
    },
    /// `juju deploy`.
    Deploy {
        /// The model.
        model: String,
        /// The charm's name on Charmhub. A charm has this, or `source`.
        charm: Option<String>,
        /// The folder of a charm whose own code is played, or a packed charm.
        source: Option<PathBuf>,
        /// The interpreter that runs the code.
        python: Option<PathBuf>,
        /// The application's name, where it is not the charm's.
        application: Option<String>,
        /// How many units; one without it, and none of a subordinate.
        units: Option<u32>,
        /// Charmhub channel.
        channel: Option<String>,
        /// Charm revision.
        revision: Option<u64>,
        /// Options of the charm.
        #[serde(default)]
        options: IndexMap<String, Json>,
    },
    /// `juju integrate`.
    Integrate {
        /// The model.
        model: String,
        /// `app` or `app:endpoint`.
        sides: [String; 2],
    },
    /// `juju remove-relation`.
    RemoveRelation {
        /// The model.
        model: String,
        /// `app` or `app:endpoint`.
        sides: [String; 2],
    },
    /// `juju config APP KEY=VALUE`; null resets an option.
    Config {
        /// The model.
        model: String,
        /// The application.
        application: String,
        /// New values.
        options: IndexMap<String, Json>,
    },
    /// `juju run`: time passes until the action has ended.
    Run {
        /// The model.
        model: String,
        /// `app/leader` or `app/0`.
        unit: String,
        /// The action.
        action: String,
        /// Its parameters.
        #[serde(default)]
        parameters: IndexMap<String, Json>,
        /// How long it is waited for: `juju run` waits a minute.
        within: Option<String>,
    },
    /// `juju add-unit`.
    AddUnit {
        /// The model.
        model: String,
        /// The application.
        application: String,
        /// How many.
        count: u32,
    },
    /// `juju remove-unit`.
    RemoveUnit {
        /// The model.
        model: String,
        /// `app/0`; on Kubernetes the highest of `app`.
        unit: String,
    },
    /// `juju remove-application`.
    RemoveApplication {
        /// The model.
        model: String,
        /// The application.
        application: String,
    },
    /// `juju refresh` to another channel or revision, or to a charm's own code.
    Refresh {
        /// The model.
        model: String,
        /// The application.
        application: String,
        /// The folder of a charm whose own code is played, or a packed charm.
        source: Option<PathBuf>,
        /// The interpreter that runs the code.
        python: Option<PathBuf>,
        /// Charmhub channel.
        channel: Option<String>,
        /// Charm revision.
        revision: Option<u64>,
    },
    /// `juju offer`.
    Offer {
        /// The model.
        model: String,
        /// The application.
        application: String,
        /// Its endpoints.
        endpoints: Vec<String>,
        /// The offer's name, where it is not the application's.
        name: Option<String>,
    },
    /// `juju consume`.
    Consume {
        /// The model.
        model: String,
        /// `[controller:][user/]model.offer`.
        offer: String,
        /// The name it has here, where it is not the offer's.
        name: Option<String>,
    },
    /// Any kind of fault of `docs/reference/faults.md`, at the present instant: `{"kill-unit": {"unit": "prod.web/0"}}`.
    Fault {
        /// The kind with what it takes.
        what: Map<String, Json>,
    },
    /// A client connects to a server, with keys as under `connections` of a scenario. What has been played is played again
    /// with it.
    Connect {
        /// `from` and `to`, and what else a connection has.
        connection: Map<String, Json>,
    },
    /// A client outside Juju, with keys as under `clients` of a scenario.
    Client {
        /// Its name.
        name: String,
        /// What it trusts.
        what: Map<String, Json>,
    },
    /// A person who does what applications wait for, with keys as under `operators` of a scenario.
    Operator {
        /// Their name.
        name: String,
        /// What they answer, and when.
        what: Map<String, Json>,
    },
    /// Time passes.
    Advance {
        /// How much.
        by: String,
    },
    /// Time passes until everything is at rest.
    Settle {
        /// At most so much.
        within: String,
    },
    /// What `juju status` prints now.
    Status {
        /// The model.
        model: String,
    },
    /// What `juju show-model` prints.
    ShowModel {
        /// The model.
        model: String,
    },
    /// What `juju config APP` prints now: the options that are known, with their values.
    ShowConfig {
        /// The model.
        model: String,
        /// The application.
        application: String,
    },
    /// What `juju show-unit` prints now.
    ShowUnit {
        /// The model.
        model: String,
        /// `app/0`.
        unit: String,
    },
    /// How the connections from one application or client to another have been so far. Where none is watched, one every
    /// minute is, from the beginning.
    Connection {
        /// `model.app`, `model.app/0`, or the name of a client.
        from: String,
        /// `model.app` or `model.app/0`.
        to: String,
    },
    /// The session as a scenario file.
    Scenario {},
}
