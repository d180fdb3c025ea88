//! Which of Juju's ids are of what a deployment lists: `deploy` adds controllers, models and machines in
//! the order of the deployment and before anything else, and asserts that they got these. Applications
//! and SAAS are found in [`World`](super::simulation::World), since futures add to them.

use trustsim_juju::{ControllerId, MachineId, ModelId};
use trustsim_model::{ControllerIndex, MachineIndex, ModelIndex};

pub(super) fn controller_id(index: ControllerIndex) -> ControllerId {
    ControllerId::from_index(index.into())
}

/// Every controller is in the deployment.
pub(super) fn controller_index(id: ControllerId) -> ControllerIndex {
    id.index().into()
}

pub(super) fn model_id(index: ModelIndex) -> ModelId {
    ModelId::from_index(index.into())
}

pub(super) fn machine_id(index: MachineIndex) -> MachineId {
    MachineId::from_index(index.into())
}
