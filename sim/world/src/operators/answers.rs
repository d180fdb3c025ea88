//! What an operator's answer means as an action.

use crate::deployed::Deployed;
use trustsim_charm_model::{OperatorAction, OperatorContext, PendingTask};
use trustsim_kernel::Time;
use trustsim_model::{Action, ApplicationIndex};

/// What is carried out for an operator: `unit` is the one that their action runs on, `number` the one
/// whose workload they change.
pub(super) fn action_of(
    answer: OperatorAction,
    application: ApplicationIndex,
    unit: Option<u32>,
    number: u32,
) -> Action {
    match answer {
        OperatorAction::Action { name, parameters } => Action::RunAction {
            application,
            unit,
            name,
            parameters,
        },
        OperatorAction::Config { options } => Action::SetConfig {
            application,
            options,
        },
        OperatorAction::AtWorkload {
            command,
            files,
            notifies,
        } => Action::AtWorkload {
            application,
            unit: number,
            command,
            files,
            notifies,
        },
    }
}

/// What has to be done to revoke what an application gave for a name; `None` where it gave nothing.
pub(crate) fn revocation(
    deployed: &Deployed,
    application: ApplicationIndex,
    name: &str,
    now: Time,
) -> Option<Action> {
    let pending = PendingTask {
        what: "revocation",
        subject: name.to_owned(),
        common_name: Some(name.to_owned()),
        detail: String::new(),
    };
    let mut operator = OperatorContext {
        stream: deployed.streams().stream("operator-answer", name),
        ca: None,
        rejects: Vec::new(),
    };
    let leader = deployed.leader(application)?;
    let mut context = deployed.context(leader, now);
    let charm = deployed.charm_now(deployed.id(application));
    let answer = charm.operator_action(&pending, &mut operator, &mut context)?;
    let is_done_there = matches!(answer, OperatorAction::AtWorkload { .. });
    let number = deployed.juju().unit(leader).number;
    is_done_there.then(|| action_of(answer, application, None, number))
}
