//! What operators do with a charm or a client that is in their way: another version, a hook that is
//! passed over, another provider, a CA that is handed on.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::plan;
use crate::versions::{Named, later};
use trustsim_charm_model::{CharmMetadata, Role};
use trustsim_diagnosis::{Command, Fix, Obstacle};
use trustsim_interfaces::Interface;
use trustsim_kernel::Span;
use trustsim_world::{
    Action, ActionIndex, ApplicationIndex, CommandLine, Deployment, HookAction, Instruction, Party,
    RelationIndex, RelationSpec, ScaleAction, Side, Target, TimedAction,
};

/// Between two commands of which the second needs what the first brings about.
const THEN: Span = Span::from_secs(60);
/// How soon a relation that is removed is gone, where no hook of its sides fails: an update-status may go before. Juju
/// refuses to make it again before.
pub(crate) const GONE: Span = Span::from_secs(300);

/// A version without the mistakes that the application's charm is played with, from `at` on; zero is
/// from the start, in every version that the plan brings.
pub(super) fn refresh(
    changed: &mut Deployment,
    application: ApplicationIndex,
    at: Span,
) -> Result<Vec<Command>, Obstacle> {
    let channel = changed.applications[application].channel.clone();
    let related = related_endpoints(changed, application);
    let related: Vec<&str> = related.iter().map(String::as_str).collect();
    let next = |charm: &CharmMetadata| later(charm, channel.as_deref(), &related);
    if !at.is_zero() {
        let next = next(&charm_at(changed, application, at)).ok_or(Obstacle::NoLaterVersion)?;
        let command = refresh_command(application, &next.named, changed);
        let brought = refreshed(application, &next.named, Some(Arc::new(next.charm)));
        plan(changed, at, brought);
        return Ok(vec![to_version(command, next.fixes)]);
    }
    let mut last: Option<(Vec<Fix>, Named)> = None;
    let spec = &mut changed.applications[application].charm;
    let own = std::iter::once(spec);
    let planned = changed
        .actions
        .iter_mut()
        .filter_map(|timed| match &mut timed.action {
            Action::Scale(ScaleAction::Refresh {
                application: of,
                charm: Some(charm),
                ..
            }) if *of == application => Some(charm),
            _ => None,
        });
    for charm in own.chain(planned) {
        if let Some(next) = next(charm) {
            *charm = Arc::new(next.charm);
            last = Some((next.fixes, next.named));
        }
    }
    let (fixes, named) = last.ok_or(Obstacle::NoLaterVersion)?;
    let command = refresh_command(application, &named, changed);
    Ok(vec![to_version(command, fixes)])
}

/// The endpoints of an application that relations name: Juju refuses a version without one of them.
fn related_endpoints(deployment: &Deployment, application: ApplicationIndex) -> BTreeSet<String> {
    let relations = deployment.relations.iter();
    let sides = relations.flat_map(|relation| &relation.sides);
    let own = sides.filter(|side| deployment.application_of(side.party) == Some(application));
    own.map(|side| side.endpoint.clone()).collect()
}

fn to_version(command: CommandLine, fixes: Vec<Fix>) -> Command {
    Command::Refresh {
        command,
        force_units: false,
        fixes,
    }
}

/// `juju refresh` to what is named, or whatever the channel has that is tracked.
fn refresh_command(
    application: ApplicationIndex,
    named: &Named,
    deployment: &Deployment,
) -> CommandLine {
    match refreshed(application, named, None).to_command(deployment) {
        Instruction::Typed(command) => command,
        Instruction::ByHand(phrase) => {
            unreachable!("a refresh is a command of Juju, not: {phrase}")
        }
    }
}

fn refreshed(
    application: ApplicationIndex,
    named: &Named,
    charm: Option<Arc<CharmMetadata>>,
) -> Action {
    let (channel, revision) = match named {
        Named::Nothing => (None, None),
        Named::Channel(channel) => (Some(channel.clone()), None),
        Named::Revision(revision) => (None, Some(*revision)),
    };
    Action::Scale(ScaleAction::Refresh {
        application,
        channel,
        revision,
        charm,
    })
}

/// The charm that an application runs at an instant.
fn charm_at(
    deployment: &Deployment,
    application: ApplicationIndex,
    at: Span,
) -> Arc<CharmMetadata> {
    let before = deployment.actions.iter().filter(|timed| timed.at <= at);
    let mut last = before.filter_map(|timed| match &timed.action {
        Action::Scale(ScaleAction::Refresh {
            application: of,
            charm: Some(charm),
            ..
        }) if *of == application => Some(charm),
        _ => None,
    });
    let own = &deployment.applications[application].charm;
    Arc::clone(last.next_back().unwrap_or(own))
}

/// A version in which the hooks do not fail that an action of the plan makes fail.
pub(super) fn fix_hook(
    changed: &mut Deployment,
    action: ActionIndex,
    at: Span,
) -> Result<Vec<Command>, Obstacle> {
    let Action::Hook(HookAction::Fail(failing)) = changed.actions[action].action.clone() else {
        return Err(Obstacle::NotUndoable);
    };
    let application = failing.target.application;
    let command = Command::Refresh {
        command: refresh_command(application, &Named::Nothing, changed),
        // Without the flag a unit in error keeps its charm.
        force_units: !at.is_zero(),
        fixes: vec![Fix::DoesNotFail(failing.hook.clone())],
    };
    if at.is_zero() {
        changed.actions.remove(action);
    } else {
        plan(changed, at, Action::Hook(HookAction::Succeed(failing)));
        plan(changed, at, refreshed(application, &Named::Nothing, None));
    }
    Ok(vec![command])
}

/// The failed hook of a unit counts as done.
pub(super) fn resolve(changed: &mut Deployment, target: Target, at: Span) -> Vec<Command> {
    let action = Action::Hook(HookAction::Resolve {
        target,
        no_retry: true,
    });
    let command = Command::of(&action, changed);
    plan(changed, at, action);
    vec![command]
}

/// An application has its certificates from another provider in the same model.
pub(super) fn move_to(
    changed: &mut Deployment,
    later: &mut Vec<(Span, Command)>,
    application: ApplicationIndex,
    [from, to]: [ApplicationIndex; 2],
    at: Span,
) -> Result<Vec<Command>, Obstacle> {
    let model = changed.applications[application].model;
    let old = joined(changed, application, from).ok_or(Obstacle::NotRelated)?;
    if changed.applications[to].model != model {
        return Err(Obstacle::OtherModel);
    }
    let gives = changed.applications[to].charm.endpoints.iter();
    let mut gives = gives.filter(|each| {
        each.role == Role::Provider && Interface::TlsCertificates.is(&each.interface)
    });
    let gives = gives.next().ok_or(Obstacle::ProvidesNoCertificates)?;
    let provider = Side {
        party: Party::Application(to),
        endpoint: gives.name.clone(),
        role: Role::Provider,
    };
    let requirer = old[1].clone();
    let remove = Action::RemoveRelation { model, sides: old };
    let integrate = Action::Integrate {
        model,
        sides: [provider, requirer],
    };
    let commands = vec![Command::of(&remove, changed)];
    later.push((at + THEN, Command::of(&integrate, changed)));
    plan(changed, at, remove);
    plan(changed, at + THEN, integrate);
    Ok(commands)
}

/// A relation goes, and comes again when its hooks have run.
pub(super) fn again(
    changed: &mut Deployment,
    later: &mut Vec<(Span, Command)>,
    relation: RelationIndex,
    at: Span,
) -> Vec<Command> {
    let RelationSpec { model, sides, .. } = changed.relations[relation].clone();
    let remove = Action::RemoveRelation { model, sides };
    let integrate = remove
        .inverse()
        .expect("a relation that was removed can be made again");
    let commands = vec![Command::of(&remove, changed)];
    later.push((at + GONE, Command::of(&integrate, changed)));
    plan(changed, at, remove);
    plan(changed, at + GONE, integrate);
    commands
}

/// A workload whose charm neither restarts nor reloads it is restarted by hand, after each renewal.
pub(super) fn restart_each(
    changed: &mut Deployment,
    later: &mut Vec<(Span, Command)>,
    application: ApplicationIndex,
    at: Span,
    every: Span,
) -> Vec<Command> {
    let restart = Action::Restart {
        application,
        unit: None,
    };
    let command = Command::of(&restart, changed);
    plan(changed, at, restart.clone());
    let mut next = at + every;
    while next < changed.duration {
        plan(changed, next, restart.clone());
        later.push((next, command.clone()));
        next += every;
    }
    vec![command]
}

/// Both sides of the relation in which one gives the other certificates, provider first, from the
/// start or by an action.
fn joined(
    deployment: &Deployment,
    requirer: ApplicationIndex,
    provider: ApplicationIndex,
) -> Option<[Side; 2]> {
    let is_it = |sides: &[Side; 2]| {
        sides[0].party == Party::Application(provider)
            && sides[1].party == Party::Application(requirer)
            && gives_certificates(deployment, &sides[0])
    };
    let added = deployment
        .actions
        .iter()
        .filter_map(|TimedAction { action, .. }| match action {
            Action::Integrate { sides, .. } => Some(sides),
            _ => None,
        });
    let own = deployment.relations.iter().map(|relation| &relation.sides);
    own.chain(added).find(|sides| is_it(sides)).cloned()
}

fn gives_certificates(deployment: &Deployment, side: &Side) -> bool {
    let Party::Application(index) = side.party else {
        return false;
    };
    let charm = &deployment.applications[index].charm;
    charm
        .endpoint(&side.endpoint)
        .is_some_and(|endpoint| Interface::TlsCertificates.is(&endpoint.interface))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Change, Changed};
    use trustsim_juju::HookName;
    use trustsim_testkit::{deployment, seconds};
    use trustsim_world::{FailingHook, HookFailure, Source};

    const CA: ApplicationIndex = ApplicationIndex::new(0);
    const WEB: ApplicationIndex = ApplicationIndex::new(1);
    const OTHER: ApplicationIndex = ApplicationIndex::new(2);

    fn actions<const N: usize>(texts: [&str; N]) -> [Command; N] {
        texts.map(|text| Command::Juju(CommandLine::new(text.split(' '))))
    }

    fn made(change: &Change, deployment: &Deployment) -> Changed {
        change.make(deployment).expect("an operator can do it")
    }

    /// `a.web` raises when its relation breaks.
    fn raising() -> Deployment {
        let mut deployment = deployment();
        let charm = Arc::make_mut(&mut deployment.applications[WEB].charm);
        charm.endpoints[0].bugs.broken_raises = true;
        deployment
    }

    #[test]
    fn another_version_comes_by_a_refresh_or_was_there_from_the_start() {
        let deployment = raising();
        let refresh = |at| Change::Refresh {
            application: WEB,
            at,
        };
        let later = made(&refresh(seconds(100)), &deployment);
        let refresh_web = Command::Refresh {
            command: CommandLine::new(["juju", "refresh", "-m", "a", "web"]),
            force_units: false,
            fixes: vec![Fix::HandlesRelationBroken],
        };
        assert_eq!(later.commands, [refresh_web]);
        assert_eq!(later.deployment.actions.len(), 1);
        assert!(
            later.deployment.applications[WEB].charm.endpoints[0]
                .bugs
                .broken_raises
        );
        let before = made(&refresh(Span::ZERO), &deployment);
        assert_eq!(before.commands, later.commands);
        assert_eq!(before.deployment.actions.raw, []);
        assert!(
            !before.deployment.applications[WEB].charm.endpoints[0]
                .bugs
                .broken_raises
        );
        let none = Change::Refresh {
            application: CA,
            at: Span::ZERO,
        };
        assert!(none.make(&deployment).is_err());
    }

    #[test]
    fn the_version_that_the_plan_brings_is_the_one_to_replace() {
        let mut deployment = deployment();
        let bad = Arc::clone(&raising().applications[WEB].charm);
        plan(
            &mut deployment,
            seconds(50),
            refreshed(WEB, &Named::Nothing, Some(bad)),
        );
        let at = |at| Change::Refresh {
            application: WEB,
            at,
        };
        assert!(
            at(seconds(10)).make(&deployment).is_err(),
            "it is good still"
        );
        let later = made(&at(seconds(60)), &deployment);
        assert_eq!(later.deployment.actions.len(), 2);
        let before = made(&at(Span::ZERO), &deployment);
        let Action::Scale(ScaleAction::Refresh { charm, .. }) =
            &before.deployment.actions.raw[0].action
        else {
            panic!("a refresh");
        };
        let charm = charm.as_ref().expect("a charm");
        assert!(!charm.endpoints[0].bugs.broken_raises);
    }

    #[test]
    fn a_hook_that_is_made_to_fail_needs_force_to_be_replaced() {
        let mut deployment = deployment();
        let target = Target {
            application: WEB,
            unit: None,
        };
        let failing = FailingHook {
            target,
            hook: Some(HookName::UpdateStatus),
            failure: HookFailure::Raises,
            times: None,
        };
        plan(
            &mut deployment,
            seconds(50),
            Action::Hook(HookAction::Fail(failing)),
        );
        let later = Change::FixHook {
            action: 0.into(),
            at: seconds(60),
        };
        let later = made(&later, &deployment);
        let forced = Command::Refresh {
            command: CommandLine::new(["juju", "refresh", "-m", "a", "web"]),
            force_units: true,
            fixes: vec![Fix::DoesNotFail(Some(HookName::UpdateStatus))],
        };
        assert_eq!(later.commands, [forced]);
        assert_eq!(later.deployment.actions.len(), 3);
        let before = Change::FixHook {
            action: 0.into(),
            at: Span::ZERO,
        };
        assert_eq!(made(&before, &deployment).deployment.actions.raw, []);
    }

    #[test]
    fn a_failed_hook_is_passed_over() {
        let target = Target {
            application: WEB,
            unit: Some(0),
        };
        let change = Change::Resolve {
            target,
            at: seconds(60),
        };
        assert_eq!(
            made(&change, &deployment()).commands,
            actions(["juju resolved -m a web/0 --no-retry"])
        );
    }

    #[test]
    fn a_relation_is_made_again_when_it_is_gone() {
        let mut deployment = deployment();
        let side = |index, role| Side {
            party: Party::Application(index),
            endpoint: "certificates".to_owned(),
            role,
        };
        deployment.relations = vec![RelationSpec {
            model: 0.into(),
            sides: [side(CA, Role::Provider), side(WEB, Role::Requirer)],
            interface: Interface::TlsCertificates.name().to_owned(),
        }]
        .into();
        let at = seconds(60);
        let again = made(
            &Change::Again {
                relation: 0.into(),
                at,
            },
            &deployment,
        );
        let [remove, integrate] = actions([
            "juju remove-relation -m a ca:certificates web:certificates",
            "juju integrate -m a ca:certificates web:certificates",
        ]);
        assert_eq!(again.commands, [remove]);
        assert_eq!(again.later, [(seconds(360), integrate)]);
        let times = again.deployment.actions.iter().map(|timed| timed.at);
        assert!(times.eq([seconds(60), seconds(360)]));
    }

    #[test]
    fn another_provider_takes_two_commands_a_minute_apart() {
        let mut deployment = deployment();
        let charm = Arc::clone(&deployment.applications[CA].charm);
        deployment.applications[OTHER].charm = charm;
        let side = |index, role| Side {
            party: Party::Application(index),
            endpoint: "certificates".to_owned(),
            role,
        };
        deployment.relations.push(RelationSpec {
            model: 0.into(),
            sides: [side(CA, Role::Provider), side(WEB, Role::Requirer)],
            interface: Interface::TlsCertificates.name().to_owned(),
        });
        let change = |from, to| Change::Move {
            application: WEB,
            from,
            to,
            at: seconds(60),
        };
        let moved = made(&change(CA, OTHER), &deployment);
        let [remove, integrate] = actions([
            "juju remove-relation -m a ca:certificates web:certificates",
            "juju integrate -m a client:certificates web:certificates",
        ]);
        assert_eq!(moved.commands, [remove]);
        assert_eq!(moved.later, [(seconds(120), integrate)]);
        let times: Vec<Span> = moved
            .deployment
            .actions
            .iter()
            .map(|timed| timed.at)
            .collect();
        assert_eq!(times, [seconds(60), seconds(120)]);
        assert!(
            moved
                .deployment
                .actions
                .iter()
                .all(|timed| timed.source == Source::default())
        );
        assert!(change(OTHER, CA).make(&deployment).is_err(), "not related");
    }

    #[test]
    fn a_client_is_given_a_ca() {
        let change = Change::Give {
            client: 0.into(),
            ca: CA,
            at: seconds(60),
        };
        assert_eq!(
            made(&change, &deployment()).commands,
            [Command::ByHand(
                "browser is given the CA of a.ca".to_owned()
            )]
        );
    }
}
