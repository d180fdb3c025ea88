//! Hooks that are made to fail.

use super::units::{Target, name};
use super::{ActionTarget, Instruction, juju};
use crate::command_line::CommandLine;
use crate::deployment::Deployment;
use trustsim_juju::{CommitFault, HookName};

/// How a hook fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookFailure {
    /// The charm raises before it has done anything.
    Raises,
    /// Its commit breaks off there.
    Commit(CommitFault),
}

/// Which hooks fail, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingHook {
    /// Whose.
    pub target: Target,
    /// `certificates-relation-changed`, `update-status`; every hook, actions aside, where absent.
    pub hook: Option<HookName>,
    /// How.
    pub failure: HookFailure,
    /// How often; each time where absent.
    pub times: Option<u32>,
}

/// Something that happens to hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookAction {
    /// These hooks fail from now on.
    Fail(FailingHook),
    /// They fail no more.
    Succeed(FailingHook),
    /// `juju resolved`: the failed hook of each of these units is run again at once, or counts as
    /// done.
    Resolve {
        /// Whose.
        target: Target,
        /// `--no-retry`: it counts as done.
        no_retry: bool,
    },
}

impl HookAction {
    pub(super) fn inverse(&self) -> Option<Self> {
        match self {
            Self::Fail(failing) => Some(Self::Succeed(failing.clone())),
            Self::Succeed(_) | Self::Resolve { .. } => None,
        }
    }

    pub(super) fn undoes(&self, earlier: &Self) -> bool {
        matches!((self, earlier), (Self::Succeed(now), Self::Fail(failing)) if now == failing)
    }

    pub(super) fn to_command(&self, deployment: &Deployment) -> Instruction {
        let (failing, fail) = match self {
            Self::Fail(failing) => (failing, "fail"),
            Self::Succeed(failing) => (failing, "succeed again"),
            Self::Resolve { target, no_retry } => {
                return resolve(*target, *no_retry, deployment).into();
            }
        };
        let who = name(failing.target, deployment);
        let what = match &failing.hook {
            Some(hook) => hook.to_string(),
            None => "hooks".to_owned(),
        };
        let verb = match (fail, &failing.hook) {
            ("fail", Some(_)) => "fails",
            ("fail", None) => "fail",
            (_, Some(_)) => "succeeds again",
            _ => fail,
        };
        let point = match failing.failure {
            HookFailure::Raises => String::new(),
            HookFailure::Commit(point) => format!(" at its commit, {}", point.words()),
        };
        let times = match (fail, failing.times) {
            ("fail", Some(1)) => " once".to_owned(),
            ("fail", Some(times)) => format!(" {times} times"),
            _ => String::new(),
        };
        Instruction::ByHand(format!("{what} of {who} {verb}{point}{times}"))
    }

    pub(super) const fn target(&self) -> ActionTarget {
        let target = match self {
            Self::Fail(failing) | Self::Succeed(failing) => failing.target,
            Self::Resolve { target, .. } => *target,
        };
        ActionTarget::Application(target.application)
    }
}

/// The form is that of juju/juju cmd/juju/application/resolved.go.
fn resolve(target: Target, no_retry: bool, deployment: &Deployment) -> CommandLine {
    let spec = &deployment.applications[target.application];
    let (model, app) = (&deployment.models[spec.model].name, &spec.name);
    let numbers = match target.unit {
        Some(number) => vec![number],
        None => (0..spec.units).collect(),
    };
    let units = numbers.iter().map(|number| format!("{app}/{number}"));
    juju(["resolved", "-m", model])
        .and_all(units)
        .and_flag("--no-retry", no_retry)
}
