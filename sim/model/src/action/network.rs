//! What happens to controllers and to what connects them.

use super::{ActionTarget, clock_of};
use crate::deployment::Deployment;
use crate::index::{ApplicationIndex, ControllerIndex, ModelIndex};
use trustsim_juju::Disruption;
use trustsim_kernel::format_duration;

/// What connects two, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Two controllers.
    Controllers(ControllerIndex, ControllerIndex),
    /// The agents of a model, and their controller.
    Agents(ModelIndex),
    /// One unit's agent, and its controller.
    Agent {
        /// Application index.
        application: ApplicationIndex,
        /// Unit number.
        unit: u32,
    },
}

/// Something that happens to a controller or between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkAction {
    /// A controller's API server stops.
    ControllerDown(ControllerIndex),
    /// It runs again.
    ControllerUp(ControllerIndex),
    /// Something is wrong with a connection.
    Disrupt(Between, Disruption),
    /// And no more.
    Restore(Between, Disruption),
    /// The clock of a controller jumps to be off by so much; zero sets it right.
    SkewController {
        /// Controller index.
        controller: ControllerIndex,
        /// Nanoseconds ahead of true time; negative is behind.
        skew_ns: i64,
    },
}

impl NetworkAction {
    pub(super) const fn inverse(&self) -> Option<Self> {
        match self {
            Self::ControllerDown(controller) => Some(Self::ControllerUp(*controller)),
            Self::Disrupt(between, disruption) => Some(Self::Restore(*between, *disruption)),
            Self::SkewController { controller, .. } => Some(Self::SkewController {
                controller: *controller,
                skew_ns: 0,
            }),
            Self::ControllerUp(_) | Self::Restore(..) => None,
        }
    }

    pub(super) fn undoes(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::ControllerUp(controller), Self::ControllerDown(of)) => controller == of,
            // Several disruptions may be on one path; each ends with its own counterpart.
            (Self::Restore(between, disruption), Self::Disrupt(of, which)) => {
                between == of && disruption == which
            }
            (
                Self::SkewController { controller, .. },
                Self::SkewController { controller: of, .. },
            ) => controller == of,
            _ => false,
        }
    }

    pub(super) fn to_phrase(&self, deployment: &Deployment) -> String {
        let controller = |index: ControllerIndex| controller(deployment, index);
        match self {
            Self::ControllerDown(index) => format!("{} goes down", controller(*index)),
            Self::ControllerUp(index) => format!("{} is back", controller(*index)),
            Self::Disrupt(between, disruption) => {
                let ends = between.ends(deployment);
                match disruption {
                    Disruption::Down => format!("connections between {ends} are cut"),
                    Disruption::Partition => format!("network between {ends} is partitioned"),
                    Disruption::Stall => format!("messages between {ends} are held"),
                    Disruption::Delay(by) => {
                        let by = format_duration(*by);
                        format!("messages between {ends} take {by} longer")
                    }
                    Disruption::Loss(percent) => {
                        format!("{percent} % of packets between {ends} are lost")
                    }
                }
            }
            Self::Restore(between, disruption) => {
                let ends = between.ends(deployment);
                match disruption {
                    Disruption::Down => format!("{ends} can connect again"),
                    Disruption::Partition => format!("network between {ends} carries again"),
                    Disruption::Stall => format!("messages between {ends} are released"),
                    Disruption::Delay(_) => {
                        format!("messages between {ends} are as fast as before")
                    }
                    Disruption::Loss(_) => format!("no packets between {ends} are lost"),
                }
            }
            Self::SkewController {
                controller: index,
                skew_ns,
            } => clock_of(&controller(*index), *skew_ns),
        }
    }

    pub(super) const fn target(&self) -> ActionTarget {
        match self {
            Self::Disrupt(Between::Agents(model), _) | Self::Restore(Between::Agents(model), _) => {
                ActionTarget::Model(*model)
            }
            Self::Disrupt(Between::Agent { application, .. }, _)
            | Self::Restore(Between::Agent { application, .. }, _) => {
                ActionTarget::Application(*application)
            }
            _ => ActionTarget::Outside,
        }
    }
}

impl Between {
    fn ends(self, deployment: &Deployment) -> String {
        let controller = |index: ControllerIndex| controller(deployment, index);
        match self {
            Self::Controllers(left, right) => {
                format!("{} and {}", controller(left), controller(right))
            }
            Self::Agents(model) => {
                let model = &deployment.models[model];
                let controller = controller(model.controller);
                format!("the agents of {} and {controller}", model.name)
            }
            Self::Agent { application, unit } => {
                let address = deployment.application_address(application);
                let model = deployment.applications[application].model;
                let controller = controller(deployment.models[model].controller);
                format!("the agent of {address}/{unit} and {controller}")
            }
        }
    }
}

/// `controller edge`; the one that has no name but that, as in a scenario of one controller, is `the controller`.
fn controller(deployment: &Deployment, index: ControllerIndex) -> String {
    match deployment.controllers[index].name.as_str() {
        "controller" => "the controller".to_owned(),
        name => format!("controller {name}"),
    }
}
