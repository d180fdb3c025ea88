//! Units that come and go, and charms that are refreshed.

use std::sync::Arc;

use super::{ActionTarget, Instruction, juju};
use crate::deployment::{Deployment, ModelKind};
use crate::index::ApplicationIndex;
use trustsim_charm_model::CharmMetadata;

/// Something an operator does to an application's units or charm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScaleAction {
    /// `juju add-unit`.
    AddUnits {
        /// Application index.
        application: ApplicationIndex,
        /// How many.
        count: u32,
    },
    /// `juju remove-unit`.
    RemoveUnit {
        /// Application index.
        application: ApplicationIndex,
        /// Number; on Kubernetes the highest one goes, whichever is meant.
        unit: u32,
    },
    /// `juju remove-application`.
    RemoveApplication {
        /// Application index.
        application: ApplicationIndex,
    },
    /// `juju refresh`.
    Refresh {
        /// Application index.
        application: ApplicationIndex,
        /// The channel that is named.
        channel: Option<String>,
        /// The revision that is named.
        revision: Option<u64>,
        /// The new charm; the same one again where absent.
        charm: Option<Arc<CharmMetadata>>,
    },
}

impl ScaleAction {
    pub(super) fn to_command(&self, deployment: &Deployment) -> Instruction {
        let named = |index: ApplicationIndex| {
            let spec = &deployment.applications[index];
            let model = &deployment.models[spec.model];
            (model.name.as_str(), spec.name.as_str(), model.kind)
        };
        let typed = match self {
            Self::AddUnits { application, count } => {
                let (model, app, _) = named(*application);
                juju(["add-unit", "-m", model, app]).and_option("--num-units", Some(count))
            }
            Self::RemoveUnit { application, unit } => match named(*application) {
                (model, app, ModelKind::Machine) => {
                    juju(["remove-unit", "-m", model]).and(format_args!("{app}/{unit}"))
                }
                (model, app, ModelKind::Kubernetes) => {
                    juju(["remove-unit", "-m", model, app]).and_option("--num-units", Some(1))
                }
            },
            Self::RemoveApplication { application } => {
                let (model, app, _) = named(*application);
                juju(["remove-application", "-m", model, app, "--no-prompt"])
            }
            Self::Refresh {
                application,
                channel,
                revision,
                ..
            } => {
                let (model, app, _) = named(*application);
                juju(["refresh", "-m", model, app])
                    .and_option("--channel", channel.as_ref())
                    .and_option("--revision", revision.as_ref())
            }
        };
        typed.into()
    }

    pub(super) const fn target(&self) -> ActionTarget {
        ActionTarget::Application(self.application())
    }

    /// Index of the application.
    pub const fn application(&self) -> ApplicationIndex {
        match self {
            Self::AddUnits { application, .. }
            | Self::RemoveUnit { application, .. }
            | Self::RemoveApplication { application }
            | Self::Refresh { application, .. } => *application,
        }
    }
}
