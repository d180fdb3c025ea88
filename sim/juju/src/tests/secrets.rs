//! Secrets (`internal/worker/secretexpire`, `state/secrets.go`,
//! `internal/worker/uniter/secrets/resolver.go`).

use std::collections::BTreeMap;

use super::stage::{START, Stage, seconds};
use crate::*;

fn content(text: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([("key".to_owned(), text.into())])
}

/// An application whose actions say what to do with secrets: `add LABEL SECONDS`,
/// `set LABEL TEXT`, `remove LABEL`, `drop LABEL REVISION`, `get LABEL`, `refresh LABEL`,
/// `peek LABEL`.
fn keeper(every_hook: bool, units: usize) -> (Stage, ApplicationId, Vec<UnitId>) {
    let mut stage = Stage::with(1, every_hook);
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    stage.code(a, move |hook, unit| {
        if let Hook::Action { name, .. } = hook {
            act(name, a, unit)?;
        }
        Ok(())
    });
    let units = (0..units).map(|_| stage.unit(a)).collect();
    stage.settle();
    (stage, a, units)
}

fn act(name: &str, a: ApplicationId, unit: &mut UnitContext<'_>) -> Result<(), ToolError> {
    let words: Vec<&str> = name.split(' ').collect();
    let owner = SecretOwner::Application(a);
    let view = unit.secret(owner, words[1]);
    match (words[0], view) {
        ("add", _) => {
            let expire = words.get(2).map(|after| after.parse().expect("seconds"));
            let expire = expire.map(|after: u64| START + seconds(after));
            unit.add_secret(owner, words[1], content("1"), expire)?;
        }
        ("set", Some(view)) => unit.set_secret_content(view.id, content(words[2]))?,
        ("expire", Some(view)) => {
            let after: u64 = words[2].parse().expect("seconds");
            unit.set_secret_expire(view.id, Some(START + seconds(after)))?;
        }
        ("remove", Some(view)) => unit.remove_secret(view.id)?,
        ("drop", Some(view)) => {
            unit.remove_secret_revision(view.id, words[2].parse().expect("a number"))?;
        }
        ("get", _) => note(unit, |unit| unit.read_application_secret(words[1], false)),
        ("refresh", _) => note(unit, |unit| unit.read_application_secret(words[1], true)),
        ("peek", _) => note(unit, |unit| unit.peek_application_secret(words[1])),
        _ => {}
    }
    Ok(())
}

fn note(unit: &mut UnitContext<'_>, read: impl FnOnce(&mut UnitContext<'_>) -> Option<SecretView>) {
    let text = read(unit).map_or("none".to_owned(), |view| {
        view.content["key"].text().to_owned()
    });
    unit.set_status(Status::Active, &text);
}

fn run(stage: &mut Stage, unit: UnitId, action: &str) -> String {
    stage.call(|juju, host| {
        juju.operator()
            .run_action(unit, action, Default::default(), None, host)
    });
    stage.run_for(seconds(8));
    stage.juju.unit(unit).status.1.to_string()
}

fn times(stage: &Stage, name: &str) -> Vec<u64> {
    let played = stage.played.iter().filter(|played| played.name == name);
    played
        .map(|played| played.at.since(START).as_secs())
        .collect()
}

/// At its expiry and every 300 s until the revision is removed, to the leader alone.
#[test]
fn an_expired_revision_is_told_until_it_is_removed() {
    let (mut stage, a, units) = keeper(true, 2);
    let leader = stage
        .juju
        .application(a)
        .lease
        .holder
        .expect("there is one");
    run(&mut stage, leader, "add s 1030");
    stage.run_until(START + seconds(2_000));
    for (at, nominal) in times(&stage, "secret-expired 1")
        .into_iter()
        .zip([1_030, 1_330, 1_630])
    {
        assert!((nominal..nominal + 3).contains(&at), "{at} for {nominal}");
    }
    assert_eq!(times(&stage, "secret-expired 1").len(), 4);
    let others = units.iter().filter(|unit| **unit != leader);
    for other in others {
        assert!(!stage.hooks(*other).contains(&"secret-expired 1"));
    }
    run(&mut stage, leader, "remove s");
    stage.played.clear();
    stage.run_for(seconds(2_000));
    assert!(times(&stage, "secret-expired 1").is_empty());
}

/// `secretexpire.go`, `expire`: one alarm takes along whatever expires within its minute.
#[test]
fn expiries_of_one_minute_are_told_together() {
    let (mut stage, _, units) = keeper(true, 1);
    let minute = (START.as_seconds() + 1_200) % 60;
    assert_eq!(minute, 0, "the test counts from a full minute");
    for action in ["add early 1210", "add late 1250", "add after 1262"] {
        run(&mut stage, units[0], action);
    }
    stage.played.clear();
    stage.run_until(START + seconds(1_300));
    let at = times(&stage, "secret-expired 1");
    assert_eq!(at.len(), 3, "{at:?}");
    assert!(
        at[0] < 1_213 && at[1] < 1_216,
        "the second comes early: {at:?}"
    );
    assert!(at[2] >= 1_262);
}

/// `secretexpire.go`, `computeNextExpireTime`: what fell due while the agent was down fires when
/// it is back, and repeats from there.
#[test]
fn a_missed_expiry_fires_when_the_agent_is_back() {
    let (mut stage, _, units) = keeper(true, 1);
    run(&mut stage, units[0], "add s 1000");
    stage.unreachable.insert(units[0]);
    stage.call(|juju, host| juju.agents().disconnect(units[0], host));
    stage.run_until(START + seconds(1_500));
    assert!(times(&stage, "secret-expired 1").is_empty());
    stage.unreachable.clear();
    stage.call(|_, host| host.schedule(host.now(), Event::AgentStart(units[0])));
    stage.run_until(START + seconds(1_900));
    let at = times(&stage, "secret-expired 1");
    // With the connection came the election: both fire at once and are told once.
    assert_eq!(at.len(), 2, "{at:?}");
    assert!(
        (1_500..1_505).contains(&at[0]) && (1_800..1_805).contains(&at[1]),
        "{at:?}"
    );
}

/// `uniter.go`: on a change of leadership the watchers start again, and the new leader is told.
#[test]
fn a_new_leader_is_told_at_once() {
    let (mut stage, a, units) = keeper(true, 2);
    let leader = stage
        .juju
        .application(a)
        .lease
        .holder
        .expect("there is one");
    let other = *units.iter().find(|unit| **unit != leader).expect("two");
    run(&mut stage, leader, "add s 1000");
    stage.run_until(START + seconds(1_100));
    stage.played.clear();
    stage.call(|juju, host| juju.leases().give_leadership(a, Some(other), None, host));
    stage.run_until(START + seconds(1_290));
    assert_eq!(stage.hooks(other), ["leader-elected", "secret-expired 1"]);
    assert!(stage.hooks(leader).is_empty());
    stage.played.clear();
    stage.run_until(START + seconds(1_420));
    assert!(
        stage.hooks(leader).is_empty(),
        "the former leader is told no more"
    );
    assert_eq!(
        stage.hooks(other),
        ["secret-expired 1"],
        "every 300 s from its election"
    );
}

/// `state/secrets.go`, `UpdateSecret`: expiry is of a revision; that of the one before stays.
#[test]
fn the_expiry_of_an_older_revision_stays() {
    let (mut stage, _, units) = keeper(true, 1);
    run(&mut stage, units[0], "add s 1000");
    run(&mut stage, units[0], "set s 2");
    let secret = stage
        .juju
        .secrets_of(SecretOwner::Application(ApplicationId(0)))
        .next();
    assert_eq!(stage.juju.secret(secret.expect("it is there")).expire, None);
    run(&mut stage, units[0], "expire s 1120");
    stage.run_until(START + seconds(1_250));
    assert_eq!(times(&stage, "secret-expired 1").len(), 1);
    assert_eq!(times(&stage, "secret-expired 2").len(), 1);
    run(&mut stage, units[0], "drop s 1");
    stage.played.clear();
    stage.run_until(START + seconds(1_500));
    assert!(times(&stage, "secret-expired 1").is_empty());
    assert_eq!(times(&stage, "secret-expired 2").len(), 1);
}

/// `uniter/secrets/resolver.go`, `secretCompleter`: only a first run completes an expiry, so one
/// that failed and was run again is told once more.
#[test]
fn an_expiry_that_failed_first_is_told_again() {
    let (mut stage, a, units) = keeper(true, 1);
    run(&mut stage, units[0], "add s 1000");
    stage.code(a, |hook, unit| match hook {
        Hook::SecretExpired { .. } if unit.now() < START + seconds(1_004) => {
            Err(HookError::Charm("no".into()))
        }
        _ => Ok(()),
    });
    stage.run_until(START + seconds(1_100));
    assert_eq!(times(&stage, "secret-expired 1").len(), 3);
}

/// The agent's watchers start again while the hook runs: its retries count from then, and not as many firings
/// later as there had been.
#[test]
fn watchers_that_start_again_during_a_hook_delay_no_retry() {
    let (mut stage, _, units) = keeper(true, 1);
    run(&mut stage, units[0], "add s 1000");
    stage.run_until(START + seconds(2_200) + Span::from_millis(100));
    assert!(!stage.agent(units[0]).is_idle(), "the fifth hook runs");
    stage.call(|juju, host| {
        let now = host.now();
        juju.secrets().rearm_secrets(units[0], now);
    });
    stage.run_until(START + seconds(2_900));
    let told = times(&stage, "secret-expired 1");
    assert_eq!(told[told.len() - 3..], [2_200, 2_500, 2_800], "{told:?}");
}

/// Consumers track a revision each: `secret-changed` tells of a new one once, `--refresh` moves,
/// `--peek` does not; the same content is no new revision.
#[test]
fn readers_track_refresh_and_peek() {
    let (mut stage, a, units) = keeper(true, 2);
    let leader = stage
        .juju
        .application(a)
        .lease
        .holder
        .expect("there is one");
    let reader = *units.iter().find(|unit| **unit != leader).expect("two");
    run(&mut stage, leader, "add s");
    assert_eq!(run(&mut stage, reader, "get s"), "1");
    stage.played.clear();
    run(&mut stage, leader, "set s 1");
    assert!(
        stage.hooks(reader).is_empty(),
        "the same content is no new revision"
    );
    run(&mut stage, leader, "set s 2");
    assert_eq!(stage.hooks(reader), ["secret-changed"]);
    stage.run_for(seconds(900));
    assert_eq!(stage.hooks(reader), ["secret-changed"], "it is told once");
    assert_eq!(run(&mut stage, reader, "get s"), "1");
    assert_eq!(run(&mut stage, reader, "peek s"), "2");
    assert_eq!(run(&mut stage, reader, "get s"), "1");
    assert_eq!(run(&mut stage, reader, "refresh s"), "2");
    assert_eq!(run(&mut stage, reader, "get s"), "2");
    let others = stage.hooks(leader);
    assert!(!others.contains(&"secret-changed"));
}

/// `state/secrets.go`, `consumedSecretsWatcher`: a unit that first reads a secret that has been
/// changed before is told that it changed.
#[test]
fn a_first_look_at_a_later_revision_is_told_as_a_change() {
    let (mut stage, a, units) = keeper(true, 2);
    let leader = stage
        .juju
        .application(a)
        .lease
        .holder
        .expect("there is one");
    let reader = *units.iter().find(|unit| **unit != leader).expect("two");
    run(&mut stage, leader, "add s");
    run(&mut stage, leader, "set s 2");
    stage.played.clear();
    assert_eq!(run(&mut stage, reader, "get s"), "2");
    assert_eq!(stage.hooks(reader), ["action get s", "secret-changed"]);
}

/// `state/secrets.go`, `markObsoleteRevisionOps`: a revision that is not the latest and that
/// no unit tracks is told to the owner once.
#[test]
fn an_obsolete_revision_is_told_to_its_owner() {
    let (mut stage, a, units) = keeper(true, 2);
    let leader = stage
        .juju
        .application(a)
        .lease
        .holder
        .expect("there is one");
    let reader = *units.iter().find(|unit| **unit != leader).expect("two");
    run(&mut stage, leader, "add s");
    run(&mut stage, reader, "get s");
    stage.played.clear();
    run(&mut stage, leader, "set s 2");
    assert_eq!(
        stage.hooks(leader),
        ["action set s 2"],
        "the reader tracks it still"
    );
    run(&mut stage, reader, "refresh s");
    stage.run_for(seconds(900));
    assert_eq!(stage.hooks(leader), ["action set s 2", "secret-remove 1"]);
    stage.played.clear();
    run(&mut stage, leader, "set s 3");
    run(&mut stage, leader, "set s 4");
    assert_eq!(
        stage.hooks(leader),
        ["action set s 3", "action set s 4", "secret-remove 3"],
        "revision 2 is read, revision 3 never was"
    );
}

/// `state/secrets.go`: labels are unique to their owner.
#[test]
fn a_label_is_used_once() {
    let (mut stage, _, units) = keeper(true, 1);
    run(&mut stage, units[0], "add s");
    run(&mut stage, units[0], "add s");
    let failed = stage
        .happened
        .iter()
        .find_map(|(_, happening)| match happening {
            Happening::HookFailed(_, error) => Some(error.to_string()),
            _ => None,
        });
    insta::assert_snapshot!(
        failed.expect("it is refused"),
        @r#"ERROR secret with label "s" already exists"#
    );
}
