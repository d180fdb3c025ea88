//! In which order hooks run from the first to the last.

use super::stage::{Stage, nth, pair, seconds};
use crate::*;

/// `internal/worker/uniter/resolver.go`, `NextOp`; `operation/runhook.go`, `Commit`.
#[test]
fn a_machine_unit_starts_in_order() {
    let mut stage = Stage::new();
    let model = stage.model("m", false);
    let a = stage.app(model, "a", &["provides db", "peers cluster"]);
    let b = stage.app(model, "b", &["requires db"]);
    stage.relate((a, "db"), (b, "db"));
    let leader = stage.unit(a);
    stage.run_for(seconds(60));
    let hooks = stage.hooks(leader);
    assert_eq!(hooks[0], "install");
    let mut created = hooks[1..3].to_vec();
    created.sort_unstable();
    assert_eq!(created, ["cluster-relation-created", "db-relation-created"]);
    assert_eq!(hooks[3..], ["leader-elected", "config-changed", "start"]);
}

/// `internal/worker/uniter/resolver.go`: only the leader runs `leader-elected`; relations come
/// after `start`.
#[test]
fn a_new_unit_of_an_integrated_application_creates_its_relations_before_it_starts() {
    let (mut stage, a, b, _) = pair((1, 1));
    stage.settle();
    let second = stage.unit(b);
    stage.run_for(seconds(60));
    assert_eq!(
        stage.hooks(second),
        [
            "install",
            "db-relation-created",
            "config-changed",
            "start",
            "db-relation-joined a/0",
            "db-relation-changed a/0",
        ]
    );
    assert_eq!(
        stage.hooks(nth(&stage, a, 0)),
        ["db-relation-joined b/1", "db-relation-changed b/1"]
    );
}

/// `internal/worker/uniter/pebblepoller.go` asks each container every five seconds;
/// `container/workload.go` lets the event in wherever nothing is recorded.
#[test]
fn containers_are_ready_after_install_whenever_they_answer() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app_of(model, "a", &[], &["web", "exporter"], false);
    let unit = stage.unit(a);
    stage.run_for(seconds(60));
    let mut hooks = stage.hooks(unit);
    let ready = |hook: &&str| hook.ends_with("-pebble-ready");
    let found: Vec<&str> = hooks.iter().copied().filter(ready).collect();
    assert_eq!(found, ["web-pebble-ready", "exporter-pebble-ready"]);
    hooks.retain(|hook| !ready(hook));
    assert_eq!(
        hooks,
        ["install", "leader-elected", "config-changed", "start"]
    );
    let first = stage.played.iter().find(|played| ready(&&*played.name));
    let after = first.expect("it ran").at.since(super::stage::START);
    assert!(after >= seconds(5), "{after:?}");
}

/// `container/workload.go`, `noOp`: the failed event is skipped and comes again with the next
/// poll; other hooks go on.
#[test]
fn a_failed_pebble_ready_blocks_nothing_and_comes_again() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app_of(model, "a", &[], &["web"], false);
    stage.code(a, |hook, unit| match hook {
        Hook::PebbleReady { .. } if unit.config("level") == Some("info") => {
            Err(HookError::Charm("not yet".into()))
        }
        _ => Ok(()),
    });
    let unit = stage.unit(a);
    stage.run_for(seconds(20));
    assert!(stage.agent(unit).started);
    stage.configure(a, "debug");
    stage.run_for(seconds(20));
    let hooks = stage.hooks(unit);
    assert_eq!(hooks.last(), Some(&"web-pebble-ready"));
    assert!(
        hooks
            .iter()
            .filter(|hook| **hook == "web-pebble-ready")
            .count()
            > 2
    );
    assert!(stage.juju.is_settled(stage.now()));
}

/// `internal/worker/uniter/resolver.go`, `charmModified`; `operation/runhook.go`: `upgrade-charm`
/// queues `config-changed`.
#[test]
fn a_refreshed_machine_unit_upgrades_and_configures() {
    let mut stage = Stage::new();
    let model = stage.model("m", false);
    let a = stage.app(model, "a", &["peers cluster"]);
    let units = [stage.unit(a), stage.unit(a)];
    stage.settle();
    stage.call(|juju, host| juju.pods().refresh(a, None, host));
    stage.run_for(seconds(60));
    for unit in units {
        assert_eq!(stage.hooks(unit), ["upgrade-charm", "config-changed"]);
    }
}

/// `internal/worker/uniter/resolver.go` (`Shutdown`), `reboot/resolver.go`: the old pod stops, the
/// new one upgrades, configures and starts, with a new address. The other side is told that of the service, which stays,
/// and runs nothing (`apiserver/facades/agent/uniter/networkinfocaas.go`, `NetworksForRelation`).
#[test]
fn a_replaced_pod_stops_and_starts_with_a_new_address() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app_of(model, "a", &["provides db"], &["web"], false);
    let b = stage.app(model, "b", &["requires db"]);
    let relation = stage.relate((a, "db"), (b, "db"));
    let (pod, other) = (stage.unit(a), stage.unit(b));
    stage.settle();
    let before = stage.juju.unit(pod).address.value.clone();
    stage.call(|juju, host| juju.pods().restart_pod(pod, None, host));
    stage.run_for(seconds(60));
    let mut hooks = stage.hooks(pod);
    assert_eq!(hooks.remove(0), "stop");
    hooks.retain(|hook| *hook != "web-pebble-ready");
    assert_eq!(hooks, ["upgrade-charm", "config-changed", "start"]);
    assert!(stage.hooks(pod).contains(&"web-pebble-ready"));
    let after = stage.juju.unit(pod).address.value.clone();
    assert_ne!(before, after);
    assert_eq!(stage.hooks(other), Vec::<&str>::new());
    let member = &stage.juju.relation(relation).ends[0].units[&pod];
    let ingress = member.bag.value.get("ingress-address");
    assert_eq!(
        ingress.map(Value::text),
        Some(stage.juju.ingress_address(pod, ""))
    );
    assert_ne!(stage.juju.ingress_address(pod, ""), &*after);
    assert_eq!(stage.juju.unit(pod).number, 0);
}

/// A StatefulSet replaces the last pod first, and the next when that one is back.
#[test]
fn a_refreshed_application_of_pods_rolls_from_the_last_to_the_first() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    for _ in 0..3 {
        stage.unit(a);
    }
    stage.settle();
    stage.call(|juju, host| juju.pods().refresh(a, None, host));
    stage.run_for(seconds(120));
    let of = |hook: &str| -> Vec<&str> {
        let played = stage.played.iter().filter(|played| played.name == hook);
        played.map(|played| played.unit.as_str()).collect()
    };
    assert_eq!(of("stop"), ["a/2", "a/1", "a/0"]);
    assert_eq!(of("upgrade-charm"), ["a/2", "a/1", "a/0"]);
    assert_eq!(of("start"), ["a/2", "a/1", "a/0"]);
}

/// A pod gets thirty seconds to end: a `stop` that keeps failing does not hold its successor up.
#[test]
fn a_pod_that_does_not_stop_is_killed() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    stage.code(a, |hook, _| match hook {
        Hook::Stop => Err(HookError::Charm("no".into())),
        _ => Ok(()),
    });
    let pod = stage.unit(a);
    stage.settle();
    stage.call(|juju, host| juju.pods().restart_pod(pod, None, host));
    stage.run_for(seconds(90));
    let hooks = stage.hooks(pod);
    assert_eq!(hooks[0], "stop");
    assert!(
        hooks.ends_with(&["upgrade-charm", "config-changed", "start"]),
        "{hooks:?}"
    );
}

/// `core/leadership`: the lease is claimed before the hook that says so has run.
#[test]
fn a_unit_may_lead_before_it_is_told() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &["peers cluster"]);
    stage.code(a, |hook, unit| {
        let leads = unit.is_leader();
        match hook {
            Hook::RelationCreated { .. } if leads => Err(HookError::Charm("leads".into())),
            _ => Ok(()),
        }
    });
    let unit = stage.unit(a);
    stage.run_for(seconds(10));
    assert_eq!(
        stage.hooks(unit)[..2],
        ["install", "cluster-relation-created"]
    );
    assert!(stage.juju.agent_status(unit).0 == "error");
}

/// `internal/worker/uniter/resolver.go`: a dying unit breaks its relations, then stops, then is
/// removed; the others see it depart at once, while it is still at it.
#[test]
fn a_removed_unit_departs_early_breaks_stops_and_is_removed() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &["provides db", "peers cluster"]);
    let b = stage.app(model, "b", &["requires db"]);
    stage.relate((a, "db"), (b, "db"));
    let (stays, goes, other) = (stage.unit(a), stage.unit(a), stage.unit(b));
    stage.settle();
    stage.call(|juju, host| juju.relations_mut().remove_unit(goes, None, host));
    stage.run_for(seconds(60));
    assert_eq!(
        stage.hooks(goes),
        [
            "db-relation-departed b/0",
            "db-relation-broken",
            "cluster-relation-departed a/0",
            "stop",
            "remove",
        ]
    );
    assert_eq!(stage.hooks(other), ["db-relation-departed a/1"]);
    assert_eq!(stage.hooks(stays), ["cluster-relation-departed a/1"]);
    let when = |unit: &str, name: &str| {
        let mut played = stage.played.iter();
        let found = played.find(|played| played.unit == unit && played.name == name);
        found.expect("it ran").at
    };
    assert!(when("b/0", "db-relation-departed a/1") < when("a/1", "stop"));
    let departing = stage.played.iter().find_map(|played| match &played.hook {
        Hook::RelationDeparted { departing, .. } if played.unit == "a/1" => Some(*departing),
        _ => None,
    });
    assert_eq!(departing, Some(goes), "the local unit is the one that goes");
    assert!(stage.agent(goes).removed);
    assert_eq!(stage.juju.application(a).units, [stays]);
}

/// `state/application.go`, `newUnitName`: a StatefulSet's ordinal is used again, a machine unit's
/// number never.
#[test]
fn numbers_of_removed_units() {
    for (kubernetes, expected) in [(true, 1), (false, 2)] {
        let mut stage = Stage::new();
        let model = stage.model("m", kubernetes);
        let a = stage.app(model, "a", &[]);
        let (_, second) = (stage.unit(a), stage.unit(a));
        stage.settle();
        stage.call(|juju, host| juju.relations_mut().remove_unit(second, None, host));
        stage.settle();
        let third = stage.unit(a);
        assert_eq!(stage.juju.unit(third).number, expected);
    }
}

/// `internal/worker/uniter/resolver.go`: a unit that never installed has nothing to tear down.
#[test]
fn a_unit_removed_before_it_is_installed_just_ends() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    let unit = stage.unit(a);
    stage.call(|juju, host| juju.relations_mut().remove_unit(unit, None, host));
    stage.run_for(seconds(30));
    assert!(stage.hooks(unit).is_empty());
    assert!(stage.agent(unit).removed);
}

/// `state/relationunit.go`: a unit whose agent is dead stays in scope; no unit is told.
#[test]
fn a_dead_agent_departs_from_nothing() {
    let (mut stage, a, b, _) = pair((1, 1));
    stage.settle();
    let (dead, other) = (nth(&stage, a, 0), nth(&stage, b, 0));
    stage.call(|juju, host| juju.uniter().kill_agent(dead, host));
    stage.run_for(seconds(3_600));
    assert!(stage.hooks(other).is_empty());
    assert_eq!(stage.juju.agent_status(dead).0, "allocating");
}

/// `internal/worker/uniter/uniter.go`, `updateStatusSignal`: the first comes one interval after
/// the start, the others every 240 to 360 s.
#[test]
fn update_status_beats() {
    let mut stage = Stage::with(1, true);
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    stage.unit(a);
    stage.run_for(seconds(86_400));
    let beats = stage.played.iter();
    let beats: Vec<_> = beats
        .filter(|played| played.hook == Hook::UpdateStatus)
        .collect();
    assert!((280..=296).contains(&beats.len()), "{}", beats.len());
    assert!(beats[0].at.since(super::stage::START) >= seconds(240));
    for pair in beats.windows(2) {
        let wait = pair[1].at.since(pair[0].at);
        assert!((seconds(240)..=seconds(360)).contains(&wait), "{wait:?}");
    }
}

/// `uniter/resolver/opfactory.go`, `wrapHookOp`: any hook takes along an update-status that fired
/// before it began.
#[test]
fn a_hook_takes_along_the_update_status_before_it() {
    let mut stage = Stage::with(1, true);
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    stage.code(a, |hook, unit| match hook {
        Hook::ConfigChanged if unit.config("level") == Some("debug") => {
            Err(HookError::Charm("no".into()))
        }
        _ => Ok(()),
    });
    let unit = stage.unit(a);
    stage.run_for(seconds(100));
    stage.configure(a, "debug");
    stage.run_for(seconds(900));
    stage.configure(a, "trace");
    stage.played.clear();
    stage.run_for(seconds(320));
    let names: Vec<&str> = stage
        .played
        .iter()
        .map(|played| played.name.as_str())
        .collect();
    assert_eq!(names[0], "config-changed");
    let status = stage
        .played
        .iter()
        .find(|played| played.hook == Hook::UpdateStatus);
    let gap = status.map(|played| played.at.since(stage.played[0].at));
    assert!(gap.is_none_or(|gap| gap > seconds(5)), "{names:?} {gap:?}");
    assert!(!stage.hooks(unit).is_empty());
}
