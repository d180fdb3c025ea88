//! Which of Juju's ids are of what a deployment lists: `deploy` adds controllers, models and machines in
//! the order of the deployment and before anything else, and asserts that they got these. Applications
//! and SAAS have lists of their own in [`Deployed`](super::Deployed), since futures add to them.

use trustsim_juju::{ControllerId, MachineId, ModelId};
use trustsim_model::{ControllerIndex, MachineIndex, ModelIndex};

pub(crate) fn controller_id(index: ControllerIndex) -> ControllerId {
    ControllerId::from_index(index.into())
}

/// Every controller is in the deployment.
pub(crate) fn controller_index(id: ControllerId) -> ControllerIndex {
    id.index().into()
}

pub(crate) fn model_id(index: ModelIndex) -> ModelId {
    ModelId::from_index(index.into())
}

pub(crate) fn machine_id(index: MachineIndex) -> MachineId {
    MachineId::from_index(index.into())
}
