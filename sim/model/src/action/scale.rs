//! Units that come and go, and charms that are refreshed.

use std::sync::Arc;

use super::ActionTarget;
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
    pub(super) fn to_command(&self, deployment: &Deployment) -> String {
        let named = |index: ApplicationIndex| {
            let spec = &deployment.applications[index];
            let model = &deployment.models[spec.model];
            (model.name.as_str(), spec.name.as_str(), model.kind)
        };
        match self {
            Self::AddUnits { application, count } => {
                let (model, app, _) = named(*application);
                format!("juju add-unit -m {model} {app} --num-units {count}")
            }
            Self::RemoveUnit { application, unit } => match named(*application) {
                (model, app, ModelKind::Machine) => {
                    format!("juju remove-unit -m {model} {app}/{unit}")
                }
                (model, app, ModelKind::Kubernetes) => {
                    format!("juju remove-unit -m {model} {app} --num-units 1")
                }
            },
            Self::Refresh {
                application,
                channel,
                revision,
                ..
            } => {
                let (model, app, _) = named(*application);
                let channel = channel.as_ref().map(|name| format!(" --channel {name}"));
                let revision = revision.map(|number| format!(" --revision {number}"));
                let (channel, revision) =
                    (channel.unwrap_or_default(), revision.unwrap_or_default());
                format!("juju refresh -m {model} {app}{channel}{revision}")
            }
        }
    }

    pub(super) const fn target(&self) -> ActionTarget {
        ActionTarget::Application(self.application())
    }

    /// Index of the application.
    pub const fn application(&self) -> ApplicationIndex {
        match self {
            Self::AddUnits { application, .. }
            | Self::RemoveUnit { application, .. }
            | Self::Refresh { application, .. } => *application,
        }
    }
}
