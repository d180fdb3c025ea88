//! Failed hooks (`operation/runhook.go`, `resolver.go` `nextOpHookError`,
//! `apiserver/facades/agent/retrystrategy`).

use super::stage::{Played, Stage, nth, pair, seconds};
use crate::*;

fn failing(stage: &mut Stage, application: ApplicationId, kind: &'static str) {
    stage.code(application, move |hook, unit| {
        let fails = unit.config("level") == Some("info");
        if hook.kind() == kind && fails {
            unit.set_status(Status::Blocked, "cannot");
            return Err(HookError::Charm("no".into()));
        }
        Ok(())
    });
}

fn waits(stage: &Stage, name: &str) -> Vec<u64> {
    let played: Vec<&Played> = stage.played.iter().filter(|p| p.name == name).collect();
    let waits = played
        .windows(2)
        .map(|pair| pair[1].at.since(pair[0].at).as_secs());
    waits.collect()
}

/// 5 s doubling to 300 s, three percent either way from the second on; the same hook each time.
#[test]
fn a_failed_hook_backs_off_and_blocks_the_others() {
    let (mut stage, _, b, _) = pair((1, 1));
    failing(&mut stage, b, "relation-joined");
    stage.run_for(seconds(3_000));
    let unit = nth(&stage, b, 0);
    let name = "db-relation-joined a/0";
    for (wait, nominal) in waits(&stage, name)
        .iter()
        .zip([5, 10, 20, 40, 80, 160, 300, 300])
    {
        let (low, high) = (nominal * 96 / 100, nominal * 104 / 100 + 3);
        assert!((low..=high).contains(wait), "{wait} for {nominal}");
    }
    assert_eq!(stage.hooks(unit).last(), Some(&name));
    assert_eq!(
        stage.juju.agent_status(unit),
        ("error", r#"hook failed: "db-relation-joined""#.to_owned())
    );
    let (status, message) = &stage.juju.unit(unit).status;
    assert_eq!(
        (*status, &**message),
        (Status::Blocked, "cannot"),
        "it survives the failure"
    );
}

/// `nextOpHookError`: what is run again is about the same unit but reads current data; what
/// changed meanwhile gives one more hook, for the version told is the one from before.
#[test]
fn a_retry_reads_fresh_data_and_what_changed_meanwhile_comes_after() {
    let (mut stage, a, b, relation) = pair((1, 1));
    stage.settle();
    let (writer, reader) = (nth(&stage, a, 0), nth(&stage, b, 0));
    stage.code(a, |hook, unit| {
        if let Hook::Action { name, .. } = hook {
            let relation = unit.relations("db")[0];
            unit.set_unit_data(relation, "key", Some(Value::new(&**name)))?;
        }
        Ok(())
    });
    stage.code(b, move |hook, unit| match hook {
        Hook::RelationChanged {
            unit: Some(remote), ..
        } => {
            let bag = unit.unit_data(relation, *remote)?;
            match bag.get("key").map(Value::text) {
                Some("bad") => Err(HookError::Charm("bad".into())),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    });
    let run = |stage: &mut Stage, name: &str| {
        stage.call(|juju, host| {
            juju.operator()
                .run_action(writer, name, Default::default(), None, host)
        });
    };
    run(&mut stage, "bad");
    stage.run_for(seconds(3));
    run(&mut stage, "good");
    stage.run_for(seconds(60));
    let changed = "db-relation-changed a/0";
    assert_eq!(stage.hooks(reader), [changed, changed, changed]);
    let failures: Vec<u32> = stage
        .played
        .iter()
        .filter(|played| played.name == changed)
        .map(|played| played.failures)
        .collect();
    assert_eq!(failures, [0, 1, 0]);
}

/// `resolver.go`: actions run while a hook is in error, and the hook is still the one that waits.
#[test]
fn actions_run_while_a_hook_is_in_error() {
    let (mut stage, _, b, _) = pair((1, 1));
    failing(&mut stage, b, "start");
    let unit = nth(&stage, b, 0);
    stage.run_for(seconds(100));
    stage.played.clear();
    stage.call(|juju, host| {
        juju.operator()
            .run_action(unit, "look", Default::default(), None, host)
    });
    stage.run_for(seconds(4));
    assert_eq!(stage.hooks(unit), ["action look"]);
    assert_eq!(stage.juju.agent_status(unit).0, "error");
    stage.configure(b, "debug");
    stage.run_for(seconds(300));
    assert_eq!(
        stage.hooks(unit)[..3],
        ["action look", "start", "config-changed"],
        "it is run again, then what was held back"
    );
}

/// `leadership/resolver.go`: a unit in error resigns; `runhook.go` `Prepare`: a `leader-elected`
/// that failed is skipped once the unit leads no more.
#[test]
fn a_unit_in_error_resigns() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    let (first, second) = (stage.unit(a), stage.unit(a));
    stage.settle();
    failing(&mut stage, a, "leader-elected");
    stage.call(|juju, host| juju.leases().give_leadership(a, Some(second), None, host));
    stage.run_for(seconds(20));
    assert_eq!(stage.juju.agent_status(second).0, "error");
    assert!(stage.agent(second).leader);
    stage.call(|juju, host| juju.leases().give_leadership(a, Some(first), None, host));
    stage.run_for(seconds(1));
    assert!(!stage.agent(second).leader);
    assert_eq!(stage.juju.agent_status(second).0, "error");
    let ran = stage.hooks(second).len();
    stage.run_for(seconds(600));
    assert_eq!(stage.hooks(second).len(), ran, "it was not run again");
    assert_eq!(stage.juju.agent_status(second).0, "idle");
}

/// `runhook.go`, `Prepare`: leadership lost between the election and its hook.
#[test]
fn leader_elected_is_skipped_when_leadership_is_gone() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    let (first, second) = (stage.unit(a), stage.unit(a));
    stage.settle();
    stage.configure(a, "debug");
    stage.run_for(seconds(1));
    // Both are busy with config-changed now; leadership goes and comes back meanwhile.
    stage.call(|juju, host| juju.leases().give_leadership(a, Some(second), None, host));
    stage.call(|juju, host| juju.leases().give_leadership(a, Some(first), None, host));
    stage.run_for(seconds(30));
    assert!(!stage.hooks(second).contains(&"leader-elected"));
    assert!(stage.agent(first).leader && !stage.agent(second).leader);
}

/// `nextOpHookError`, `ResolvedNoHooks`: done without having run or been committed.
#[test]
fn resolved_without_retry_goes_on() {
    let (mut stage, _, b, _) = pair((1, 1));
    failing(&mut stage, b, "relation-joined");
    let unit = nth(&stage, b, 0);
    stage.run_for(seconds(100));
    stage.played.clear();
    stage.call(|juju, host| juju.uniter().resolved(unit, true, host));
    stage.run_for(seconds(10));
    assert_eq!(stage.hooks(unit), ["db-relation-changed a/0"]);
}

/// `nextOpHookError`, `ResolvedRetryHooks`: at once, and the back-off begins anew.
#[test]
fn resolved_runs_it_again_at_once() {
    let (mut stage, _, b, _) = pair((1, 1));
    failing(&mut stage, b, "start");
    let unit = nth(&stage, b, 0);
    stage.run_for(seconds(400));
    stage.played.clear();
    let now = stage.now();
    stage.call(|juju, host| juju.uniter().resolved(unit, false, host));
    stage.run_for(seconds(20));
    let at: Vec<u64> = stage
        .played
        .iter()
        .map(|p| p.at.since(now).as_secs())
        .collect();
    assert_eq!(at[0], 0);
    assert!((5..=8).contains(&at[1]), "{at:?}");
}

/// `operation/executor.go`: a hook is recorded as begun before it runs, so an agent that is killed
/// in the middle of one comes back to it as failed.
#[test]
fn a_killed_agent_finds_its_hook_failed() {
    let (mut stage, _, b, _) = pair((1, 1));
    stage.settle();
    let unit = nth(&stage, b, 0);
    stage.configure(b, "debug");
    stage.run_for(std::time::Duration::from_millis(200));
    assert_eq!(stage.juju.agent_status(unit).0, "executing");
    stage.call(|juju, host| juju.uniter().kill_agent(unit, host));
    stage.run_for(seconds(60));
    stage.call(|_, host| host.schedule(host.now(), Event::AgentStart(unit)));
    let back = stage.now();
    stage.run_for(seconds(60));
    let again: Vec<&Played> = stage.played.iter().filter(|p| p.unit == "b/0").collect();
    assert_eq!(again[1].name, "config-changed");
    assert_eq!(again[1].failures, 1);
    assert_eq!(
        again[1].at,
        back + seconds(5),
        "the shortest delay, from its return"
    );
    // On Kubernetes an agent that starts tells its charm so.
    assert_eq!(
        stage.hooks(unit),
        ["config-changed", "config-changed", "start"]
    );
}

/// `uniter.go`: without its controller a hook runs to its end but cannot be committed.
#[test]
fn a_hook_that_loses_its_controller_fails_and_is_run_again() {
    let (mut stage, a, b, relation) = pair((1, 1));
    stage.settle();
    let (unit, other) = (nth(&stage, b, 0), nth(&stage, a, 0));
    stage.code(b, move |hook, unit| {
        if let Hook::ConfigChanged = hook {
            unit.push_file("/etc/b", "1".into());
            unit.set_unit_data(relation, "key", Some("1".into()))?;
        }
        Ok(())
    });
    stage.configure(b, "debug");
    stage.run_for(std::time::Duration::from_millis(200));
    stage.unreachable.insert(unit);
    stage.call(|juju, host| juju.agents().disconnect(unit, host));
    stage.run_for(seconds(30));
    assert!(
        stage.juju.unit(unit).workload.files.contains_key("/etc/b"),
        "files stay"
    );
    assert!(stage.hooks(other).is_empty());
    assert_eq!(stage.juju.agent_status(unit).0, "lost");
    stage.unreachable.clear();
    stage.call(|_, host| host.schedule(host.now(), Event::AgentStart(unit)));
    stage.run_for(seconds(30));
    assert_eq!(stage.hooks(unit), ["config-changed", "config-changed"]);
    assert_eq!(stage.hooks(other), ["db-relation-changed b/0"]);
}

/// `cmd/jujud/agent/engine`: an agent that is refused dials again, ever more slowly.
#[test]
fn a_refused_agent_dials_again() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    let unit = stage.unit(a);
    stage.unreachable.insert(unit);
    stage.run_for(seconds(600));
    assert!(stage.hooks(unit).is_empty());
    let refusals = stage.happened.len();
    assert!((10..40).contains(&refusals), "{refusals}");
    stage.unreachable.clear();
    stage.run_for(seconds(180));
    assert_eq!(stage.hooks(unit)[0], "install");
}
