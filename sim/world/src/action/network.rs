//! What happens to controllers and to what connects them.

use super::{Whom, clock_of};
use crate::deployment::Deployment;
use trustsim_juju::Trouble;
use trustsim_kernel::format_duration;

/// What connects two, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Two controllers.
    Controllers(usize, usize),
    /// The agents of a model, and their controller.
    Agents(usize),
    /// One unit's agent, and its controller.
    Agent {
        /// Application index.
        application: usize,
        /// Unit number.
        unit: u32,
    },
}

/// Something that happens to a controller or between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkAction {
    /// A controller's API server stops.
    ControllerDown(usize),
    /// It runs again.
    ControllerUp(usize),
    /// Something is wrong with a connection.
    Trouble(Between, Trouble),
    /// And no more.
    TroubleOver(Between, Trouble),
    /// The clock of a controller jumps to be off by so much; zero mends it.
    SkewController {
        /// Controller index.
        controller: usize,
        /// Nanoseconds ahead of true time; negative is behind.
        skew_ns: i64,
    },
}

impl NetworkAction {
    pub(super) fn to_command(&self, deployment: &Deployment) -> String {
        let controller = |index: usize| deployment.controllers[index].name.as_str();
        match self {
            Self::ControllerDown(index) => format!("controller {} goes down", controller(*index)),
            Self::ControllerUp(index) => format!("controller {} is back", controller(*index)),
            Self::Trouble(between, trouble) => {
                let ends = between.ends(deployment);
                match trouble {
                    Trouble::Cut => format!("connections between {ends} are cut"),
                    Trouble::Parted => format!("network between {ends} is partitioned"),
                    Trouble::Held => format!("messages between {ends} are held"),
                    Trouble::Slow(by) => {
                        let by = format_duration(*by);
                        format!("messages between {ends} take {by} longer")
                    }
                    Trouble::Lossy(percent) => {
                        format!("{percent} % of packets between {ends} are lost")
                    }
                }
            }
            Self::TroubleOver(between, trouble) => {
                let ends = between.ends(deployment);
                match trouble {
                    Trouble::Cut => format!("{ends} can connect again"),
                    Trouble::Parted => format!("network between {ends} carries again"),
                    Trouble::Held => format!("messages between {ends} are released"),
                    Trouble::Slow(_) => format!("messages between {ends} are as fast as before"),
                    Trouble::Lossy(_) => format!("no packets between {ends} are lost"),
                }
            }
            Self::SkewController {
                controller: index,
                skew_ns,
            } => clock_of(&format!("controller {}", controller(*index)), *skew_ns),
        }
    }

    pub(super) const fn whom(&self) -> Whom {
        match self {
            Self::Trouble(Between::Agents(model), _)
            | Self::TroubleOver(Between::Agents(model), _) => Whom::Model(*model),
            Self::Trouble(Between::Agent { application, .. }, _)
            | Self::TroubleOver(Between::Agent { application, .. }, _) => {
                Whom::Application(*application)
            }
            _ => Whom::Nobody,
        }
    }
}

impl Between {
    fn ends(self, deployment: &Deployment) -> String {
        let controller = |index: usize| deployment.controllers[index].name.as_str();
        match self {
            Self::Controllers(left, right) => {
                format!("controllers {} and {}", controller(left), controller(right))
            }
            Self::Agents(model) => {
                let model = &deployment.models[model];
                let controller = controller(model.controller);
                format!("the agents of {} and controller {controller}", model.name)
            }
            Self::Agent { application, unit } => {
                let address = deployment.application_address(application);
                let model = deployment.applications[application].model;
                let controller = controller(deployment.models[model].controller);
                format!("the agent of {address}/{unit} and controller {controller}")
            }
        }
    }
}
