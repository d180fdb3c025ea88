//! What an operator or nature can do to a deployment: one enum, timed, printable as the `juju`
//! command where there is one. The world carries actions out and knows none by its purpose.

mod hooks;
mod instruction;
mod inverse;
mod network;
mod offers;
mod scale;
mod units;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use hooks::{FailingHook, HookAction, HookFailure};
pub use instruction::Instruction;
pub use network::{Between, NetworkAction};
pub use offers::OfferAction;
pub use offers::offering;
pub use scale::ScaleAction;
pub use units::{Target, UnitAction};

use super::deployment::{Deployment, ModelKind, Side, Source};
use super::tls_action::TlsAction;
use crate::command_line::{CommandLine, FileContent, Word};
use crate::index::{ApplicationIndex, ClientIndex, ModelIndex};
use trustsim_juju::Value;
use trustsim_kernel::{Span, format_duration};

/// The object that an action changes, by index into the [`Deployment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionTarget {
    /// An application.
    Application(ApplicationIndex),
    /// A model.
    Model(ModelIndex),
    /// Neither: a controller, the public web.
    Outside,
}

/// One thing done to a deployment. Indices point into the [`Deployment`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `juju run APP/leader ACTION key=value`.
    RunAction {
        /// Application index; its leader runs the action unless `unit` is given.
        application: ApplicationIndex,
        /// Unit number.
        unit: Option<u32>,
        /// Name of the action.
        name: String,
        /// Its parameters.
        parameters: BTreeMap<String, String>,
    },
    /// A person changes a unit's workload, outside Juju.
    AtWorkload {
        /// Application index.
        application: ApplicationIndex,
        /// Unit number.
        unit: u32,
        /// The command as it would be typed, or a plain phrase.
        command: String,
        /// Files of the workload as they are afterwards; `None` is gone.
        files: BTreeMap<Arc<str>, Option<Value>>,
        /// The container whose charm is told.
        notifies: Option<&'static str>,
    },
    /// The public ACME server goes, or comes back.
    AcmeServer {
        /// Whether it can be reached.
        reachable: bool,
    },
    /// A person revokes the certificate for a name, at the workload that issued it.
    Revoke {
        /// Application index.
        application: ApplicationIndex,
        /// Common name.
        name: String,
    },
    /// `juju config APP key=value`; `None` resets the option.
    SetConfig {
        /// Application index.
        application: ApplicationIndex,
        /// New values.
        options: BTreeMap<String, Option<String>>,
    },
    /// `juju integrate A B`.
    Integrate {
        /// Model index.
        model: ModelIndex,
        /// Both sides, provider first.
        sides: [Side; 2],
    },
    /// `juju remove-relation A B`.
    RemoveRelation {
        /// Model index.
        model: ModelIndex,
        /// Both sides, provider first.
        sides: [Side; 2],
    },
    /// The workload process of a unit, or of every unit, is restarted.
    Restart {
        /// Application index.
        application: ApplicationIndex,
        /// Unit number; every unit where absent.
        unit: Option<u32>,
    },
    /// A client outside Juju is given the CA of an application as it is now, in place of what it
    /// had of it, or is told to trust it no more.
    ClientTrust {
        /// Client index.
        client: ClientIndex,
        /// Index of the application whose CA it is.
        ca: ApplicationIndex,
        /// Whether it trusts it from now on.
        trusts: bool,
    },
    /// Something is done to a TLS side by hand.
    Tls(TlsAction),
    /// The clock of a unit jumps to be off by so much; zero sets it right.
    SkewClock {
        /// Application index.
        application: ApplicationIndex,
        /// Unit number; every unit where absent.
        unit: Option<u32>,
        /// Nanoseconds ahead of true time; negative is behind.
        skew_ns: i64,
    },
    /// Something happens to units.
    Unit(UnitAction),
    /// Units come and go, or a charm is refreshed.
    Scale(ScaleAction),
    /// Hooks are made to fail.
    Hook(HookAction),
    /// Something happens to an offer or a relation through one.
    Offer(OfferAction),
    /// Something happens to controllers or what connects them.
    Network(NetworkAction),
}

/// An action and when it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedAction {
    /// From the start of the run.
    pub at: Span,
    /// What happens.
    pub action: Action,
    /// The scenario line that asked for it.
    pub source: Source,
}

impl Action {
    /// The command an operator would type, or a plain phrase where there is none.
    pub fn to_command(&self, deployment: &Deployment) -> Instruction {
        let application = |index: ApplicationIndex| {
            let application = &deployment.applications[index];
            (
                deployment.models[application.model].name.as_str(),
                application.name.as_str(),
            )
        };
        match self {
            Self::RunAction {
                application: index,
                unit,
                name,
                parameters,
            } => {
                let (model, app) = application(*index);
                let unit = unit.map_or("leader".to_owned(), |number| number.to_string());
                let typed = juju(["run", "-m", model]).and(format_args!("{app}/{unit}"));
                let parameters = parameters.iter();
                let parameters = parameters.map(|(key, value)| parameter(key, value));
                parameters
                    .fold(typed.and(name), CommandLine::and_word)
                    .into()
            }
            Self::SetConfig {
                application: index,
                options,
            } => {
                let (model, app) = application(*index);
                let typed = juju(["config", "-m", model, app]);
                let typed = options
                    .iter()
                    .fold(typed, |typed, (key, value)| match value {
                        Some(value) => typed.and_word(setting(key, value)),
                        None => typed.and("--reset").and(key),
                    });
                typed.into()
            }
            Self::Integrate { model, sides } | Self::RemoveRelation { model, sides } => {
                let verb = match self {
                    Self::Integrate { .. } => "integrate",
                    _ => "remove-relation",
                };
                let model = &deployment.models[*model].name;
                let sides = sides.each_ref().map(|side| deployment.side_name(side));
                juju([verb, "-m", model]).and_all(sides).into()
            }
            Self::Unit(action) => Instruction::ByHand(action.to_phrase(deployment)),
            Self::Tls(action) => Instruction::ByHand(action.to_phrase(deployment)),
            Self::Scale(action) => action.to_command(deployment),
            Self::Hook(action) => action.to_command(deployment),
            Self::Offer(action) => action.to_command(deployment),
            Self::Network(action) => Instruction::ByHand(action.to_phrase(deployment)),
            Self::AtWorkload { .. }
            | Self::AcmeServer { .. }
            | Self::Revoke { .. }
            | Self::ClientTrust { .. }
            | Self::SkewClock { .. } => Instruction::ByHand(self.to_phrase(deployment)),
            Self::Restart { application, .. } => {
                let how = restarted_by(*application, deployment);
                Instruction::ByHand(format!("{}, {how}", self.to_phrase(deployment)))
            }
        }
    }

    /// The object that it changes.
    pub fn target(&self, deployment: &Deployment) -> ActionTarget {
        match self {
            Self::AcmeServer { .. } => ActionTarget::Outside,
            Self::RunAction { application, .. }
            | Self::AtWorkload { application, .. }
            | Self::Revoke { application, .. }
            | Self::ClientTrust {
                ca: application, ..
            }
            | Self::SetConfig { application, .. }
            | Self::Restart { application, .. }
            | Self::SkewClock { application, .. } => ActionTarget::Application(*application),
            Self::Integrate { model, .. } | Self::RemoveRelation { model, .. } => {
                ActionTarget::Model(*model)
            }
            Self::Unit(action) => action.target(deployment),
            Self::Tls(action) => action
                .application()
                .map_or(ActionTarget::Outside, ActionTarget::Application),
            Self::Scale(action) => action.target(),
            Self::Hook(action) => action.target(),
            Self::Offer(action) => action.target(deployment),
            Self::Network(action) => action.target(),
        }
    }

    /// What is done outside Juju, in plain words; empty for the actions of other families.
    fn to_phrase(&self, deployment: &Deployment) -> String {
        let address = |index: ApplicationIndex| deployment.application_address(index);
        match self {
            Self::AtWorkload {
                application: index,
                unit,
                command,
                ..
            } => {
                let app = address(*index);
                format!("at {app}/{unit}: {command}")
            }
            Self::AcmeServer { reachable: true } => "the ACME server is back".to_owned(),
            Self::AcmeServer { reachable: false } => "the ACME server cannot be reached".to_owned(),
            Self::Revoke {
                application: index,
                name,
            } => {
                let app = address(*index);
                format!("revocation of the certificate for {name} at {app}")
            }
            Self::Restart {
                application: index,
                unit,
            } => {
                let app = address(*index);
                format!("restart of {app}{}", unit_suffix(*unit))
            }
            Self::ClientTrust { client, ca, trusts } => {
                let (client, ca) = (&deployment.clients[*client].name, address(*ca));
                match trusts {
                    true => format!("{client} is given the CA of {ca}"),
                    false => format!("{client} trusts the CA of {ca} no more"),
                }
            }
            Self::SkewClock {
                application: index,
                unit,
                skew_ns,
            } => {
                let whose = format!("{}{}", address(*index), unit_suffix(*unit));
                clock_of(&whose, *skew_ns)
            }
            _ => String::new(),
        }
    }
}

/// One parameter of an action. What is the base64 of a PEM text is written as operators type it,
/// from a file.
fn parameter(key: &str, value: &str) -> Word {
    // "-----BEGIN ", as base64 has it.
    match value.starts_with("LS0tLS1CRUdJTi") {
        true => Word::File {
            key: key.to_owned(),
            content: FileContent::Base64,
        },
        false => Word::Text(format!("{key}={value}")),
    }
}

/// `key=value`, the word that sets an option; a PEM text comes from a file.
pub fn setting(key: &str, value: &str) -> Word {
    match value.starts_with("-----BEGIN ") {
        true => Word::File {
            key: key.to_owned(),
            content: FileContent::Text,
        },
        false => Word::Text(format!("{key}={value}")),
    }
}

/// A command of Juju: what follows `juju`.
fn juju<W: Into<String>>(words: impl IntoIterator<Item = W>) -> CommandLine {
    CommandLine::new(["juju"]).and_all(words)
}

/// What a clock does that jumps to be off by so much.
fn clock_of(whose: &str, skew_ns: i64) -> String {
    let off = format_duration(Span::from_nanos(skew_ns.unsigned_abs()));
    match skew_ns {
        0 => format!("clock of {whose} is right again"),
        1.. => format!("clock of {whose} goes {off} ahead"),
        _ => format!("clock of {whose} goes {off} behind"),
    }
}

fn unit_suffix(unit: Option<u32>) -> String {
    unit.map_or(String::new(), |number| format!("/{number}"))
}

/// What restarts the workload of an application; how its service is called is not known.
fn restarted_by(application: ApplicationIndex, deployment: &Deployment) -> String {
    let spec = &deployment.applications[application];
    let containers = &spec.charm.containers;
    match deployment.models[spec.model].kind {
        ModelKind::Machine => "with `systemctl restart SERVICE` on its machines".to_owned(),
        ModelKind::Kubernetes => match containers.as_slice() {
            [] => "with `pebble restart SERVICE` in its container".to_owned(),
            [one] => format!("with `pebble restart SERVICE` in its container {one}"),
            several => format!(
                "with `pebble restart SERVICE` in its containers {}",
                several.join(", ")
            ),
        },
    }
}
