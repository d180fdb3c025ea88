//! What happens to units: their processes, pods, machines, leases and clocks.

use std::net::IpAddr;

use super::{ActionTarget, clock_of, unit_suffix};
use crate::command_line::CommandLine;
use crate::deployment::{Deployment, ModelKind};
use crate::index::{ApplicationIndex, MachineIndex};
use trustsim_kernel::{Span, format_duration};

/// An application, or one unit of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// Application index.
    pub application: ApplicationIndex,
    /// Unit number; every unit where absent.
    pub unit: Option<u32>,
}

impl Target {
    /// Whether every unit of `other` is one of these.
    pub fn covers(self, other: Self) -> bool {
        self.application == other.application && (self.unit.is_none() || self.unit == other.unit)
    }
}

/// Something that happens to units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitAction {
    /// Workload processes stop: connections are refused, what they only remembered is gone.
    Stop(Target),
    /// Stopped processes start, and read their files.
    Start(Target),
    /// Pods are killed without a word, or machines restart with all units on them.
    Kill {
        /// Which.
        target: Target,
        /// How long until they are back; as fast as it goes where absent.
        away: Option<Span>,
    },
    /// What processes only remember is forgotten: a Vault is sealed.
    Seal(Target),
    /// The leader's agent cannot reach its controller until its lease ends.
    LoseLeader {
        /// Application index.
        application: ApplicationIndex,
    },
    /// Machines, or pods, get another address, which clients dial from then on.
    ChangeAddress {
        /// Whose. All units of a machine move with it.
        target: Target,
        /// Which; one that no unit ever had where absent.
        to: Option<IpAddr>,
    },
    /// The load balancer of an application gets another address, for which reverse DNS has no name.
    ChangeLoadBalancer {
        /// Application index.
        application: ApplicationIndex,
        /// The address.
        to: IpAddr,
    },
    /// The clock of a machine jumps to be off by so much; zero sets it right.
    SkewMachine {
        /// Machine index.
        machine: MachineIndex,
        /// Nanoseconds ahead of true time; negative is behind.
        skew_ns: i64,
    },
}

impl UnitAction {
    pub(super) fn inverse(&self) -> Option<Self> {
        match self {
            Self::Stop(target) => Some(Self::Start(*target)),
            Self::SkewMachine { machine, .. } => Some(Self::SkewMachine {
                machine: *machine,
                skew_ns: 0,
            }),
            // A pod comes back by itself, an operator unseals, another unit is elected, and which address it had is not
            // known here.
            Self::Start(_)
            | Self::Kill { .. }
            | Self::Seal(_)
            | Self::LoseLeader { .. }
            | Self::ChangeAddress { .. }
            | Self::ChangeLoadBalancer { .. } => None,
        }
    }

    pub(super) fn undoes(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::Start(target), Self::Stop(of)) => target.covers(*of),
            (Self::SkewMachine { machine, .. }, Self::SkewMachine { machine: of, .. }) => {
                machine == of
            }
            _ => false,
        }
    }

    pub(super) fn to_phrase(&self, deployment: &Deployment) -> String {
        match self {
            Self::Stop(target) => format!("workload of {} stops", name(*target, deployment)),
            Self::Start(target) => format!("workload of {} starts", name(*target, deployment)),
            Self::Kill { target, away } => kill(*target, *away, deployment),
            Self::Seal(target) => format!("at {}: vault operator seal", name(*target, deployment)),
            Self::LoseLeader { application } => format!(
                "leader of {} cut off until its lease ends",
                deployment.application_address(*application)
            ),
            Self::ChangeAddress { target, to } => {
                let name = name(*target, deployment);
                let to = to.map_or("another".to_owned(), |to| to.to_string());
                format!("address of {name} changes to {to}")
            }
            Self::ChangeLoadBalancer { application, to } => format!(
                "address of the load balancer of {} changes to {to}",
                deployment.application_address(*application)
            ),
            Self::SkewMachine { machine, skew_ns } => {
                let found = &deployment.machines[*machine];
                let model = &deployment.models[found.model].name;
                clock_of(&format!("machine {model}.{}", found.id), *skew_ns)
            }
        }
    }

    pub(super) fn target(&self, deployment: &Deployment) -> ActionTarget {
        match self {
            Self::Stop(target)
            | Self::Start(target)
            | Self::Kill { target, .. }
            | Self::ChangeAddress { target, .. }
            | Self::Seal(target) => ActionTarget::Application(target.application),
            Self::LoseLeader { application } | Self::ChangeLoadBalancer { application, .. } => {
                ActionTarget::Application(*application)
            }
            Self::SkewMachine { machine, .. } => {
                ActionTarget::Model(deployment.machines[*machine].model)
            }
        }
    }
}

/// `model.app` or `model.app/0`.
pub(super) fn name(target: Target, deployment: &Deployment) -> String {
    let address = deployment.application_address(target.application);
    format!("{address}{}", unit_suffix(target.unit))
}

fn kill(target: Target, away: Option<Span>, deployment: &Deployment) -> String {
    let spec = &deployment.applications[target.application];
    let model = &deployment.models[spec.model];
    let what = match (model.kind, target.unit) {
        (ModelKind::Kubernetes, unit) => {
            let typed = CommandLine::new(["kubectl", "delete", "pod", "-n", &model.name]);
            let typed = match unit {
                Some(unit) => typed.and(format_args!("{}-{unit}", spec.name)),
                None => typed
                    .and("-l")
                    .and(format_args!("app.kubernetes.io/name={}", spec.name)),
            };
            typed.and_all(["--now", "--force"]).to_string()
        }
        (ModelKind::Machine, _) => format!("machine of {} restarts", name(target, deployment)),
    };
    match away {
        Some(away) => format!("{what} (back after {})", format_duration(away)),
        None => what,
    }
}
