//! When a deployment has settled: nothing is due that anything but time has caused.

use std::collections::BTreeMap;

use super::stage::{Stage, seconds};
use crate::*;

/// A pod that runs an update-status at this instant, played or elided.
fn busy_with_update_status(every_hook: bool) -> (Stage, ApplicationId, UnitId) {
    let mut stage = Stage::with(1, every_hook);
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    let unit = stage.unit(a);
    stage.settle();
    let firing = stage.juju.timing().timer(unit).firing(3);
    stage.run_until(firing + seconds(0) + trustsim_kernel::Span::from_millis(100));
    (stage, a, unit)
}

fn act(stage: &mut Stage, unit: UnitId) {
    stage.call(|juju, host| {
        juju.operator()
            .run_action(unit, "do", BTreeMap::new(), None, host)
    });
}

/// An update-status that does nothing is nothing that is due: elided, it would not be seen.
#[test]
fn an_update_status_that_does_nothing_does_not_count() {
    for every_hook in [true, false] {
        let (stage, _, unit) = busy_with_update_status(every_hook);
        assert_eq!(stage.agent(unit).is_idle(), !every_hook);
        assert!(stage.juju.is_settled(stage.now()));
    }
}

/// What an operator asks for while an update-status runs is due after it.
#[test]
fn an_action_asked_for_during_an_update_status_is_due() {
    for every_hook in [true, false] {
        let (mut stage, _, unit) = busy_with_update_status(every_hook);
        act(&mut stage, unit);
        assert!(!stage.agent(unit).is_idle(), "the update-status runs on");
        assert!(!stage.juju.is_settled(stage.now()));
        stage.run_for(seconds(10));
        assert_eq!(stage.hooks(unit), ["action do"]);
        assert!(stage.juju.is_settled(stage.now()));
    }
}

/// So is a change of its configuration, before the agent can have seen it.
#[test]
fn a_change_made_during_an_update_status_is_due() {
    for every_hook in [true, false] {
        let (mut stage, a, unit) = busy_with_update_status(every_hook);
        stage.configure(a, "debug");
        assert!(!stage.juju.is_settled(stage.now()));
        stage.run_for(seconds(10));
        assert_eq!(stage.hooks(unit), ["config-changed"]);
        assert!(stage.juju.is_settled(stage.now()));
    }
}

/// An update-status that changes something is what others wait for.
#[test]
fn an_update_status_that_changes_something_counts() {
    let mut stage = Stage::with(1, true);
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    stage.code(a, |hook, unit| {
        if *hook == Hook::UpdateStatus {
            unit.push_file("touched", "yes".into());
        }
        Ok(())
    });
    let unit = stage.unit(a);
    stage.settle();
    let firing = stage.juju.timing().timer(unit).firing(1);
    stage.run_until(firing + trustsim_kernel::Span::from_millis(100));
    assert!(!stage.agent(unit).is_idle());
    assert!(!stage.juju.is_settled(stage.now()));
}

/// A pod that is away has its hooks before it.
#[test]
fn a_pod_that_is_away_has_not_settled() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    let unit = stage.unit(a);
    stage.settle();
    stage.call(|juju, host| juju.agents().disconnect(unit, host));
    assert!(!stage.juju.is_settled(stage.now()));
    let now = stage.now();
    stage.call(|_, host| host.schedule(now + seconds(5), Event::AgentStart(unit)));
    stage.run_for(seconds(20));
    assert!(stage.juju.is_settled(stage.now()));
}
