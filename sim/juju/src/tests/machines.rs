//! Machines: the lock their units share, and subordinates (`core/machinelock`,
//! `state/relationunit.go`).

use super::stage::{Stage, seconds};
use crate::*;

fn intervals(stage: &Stage) -> Vec<(u64, String)> {
    let played = stage.played.iter();
    played
        .map(|played| (played.at.as_nanos(), played.unit.clone()))
        .collect()
}

/// Hooks of units on one machine never overlap; a unit that waits looks every 250 ms.
#[test]
fn units_on_one_machine_take_turns() {
    let mut stage = Stage::with(1, true);
    let model = stage.model("m", false);
    let a = stage.app(model, "a", &["peers cluster"]);
    let b = stage.app(model, "b", &["peers cluster"]);
    let machine = stage.juju.operator().add_machine(model, "0");
    for app in [a, b, b] {
        stage.unit_on(app, Some(machine));
    }
    stage.run_for(seconds(4_000));
    let played = intervals(&stage);
    assert!(played.len() > 50);
    for pair in played.windows(2) {
        let gap_ms = (pair[1].0 - pair[0].0) / 1_000_000;
        assert!(
            gap_ms >= 500,
            "a hook takes half a second at least: {pair:?}"
        );
    }
    let busy = played.windows(2).filter(|pair| pair[0].1 != pair[1].1);
    let waits: Vec<u64> = busy
        .map(|pair| (pair[1].0 - pair[0].0) / 1_000_000)
        .collect();
    assert!(waits.iter().any(|wait| *wait <= 2_250), "{waits:?}");
    assert!(stage.juju.is_settled(stage.now()));
}

fn subordinate() -> (Stage, ApplicationId, ApplicationId, RelationId, [UnitId; 2]) {
    let mut stage = Stage::new();
    let model = stage.model("m", false);
    let web = stage.app(model, "web", &["provides host"]);
    let agent = stage.app_of(model, "agent", &["requires host container"], &[], true);
    let relation = stage.relate((web, "host"), (agent, "host"));
    let units = [stage.unit(web), stage.unit(web)];
    (stage, web, agent, relation, units)
}

/// `subordinateOps`: the principal that enters scope gets a unit on its machine; each sees its
/// own pair only.
#[test]
fn a_principal_that_enters_scope_gets_its_subordinate() {
    let (mut stage, _, agent, relation, principals) = subordinate();
    assert!(stage.juju.relation(relation).container);
    stage.run_for(seconds(90));
    let units = stage.juju.application(agent).units.clone();
    assert_eq!(units.len(), 2);
    for unit in units {
        let found = stage.juju.unit(unit);
        let principal = found.principal.expect("it has one");
        assert!(principals.contains(&principal));
        assert_eq!(found.machine, stage.juju.unit(principal).machine);
        let joined: Vec<&str> = stage
            .hooks(unit)
            .into_iter()
            .filter(|hook| hook.contains("joined"))
            .collect();
        let name = &stage.juju.unit(principal).name;
        assert_eq!(joined, [format!("host-relation-joined {name}")]);
        let back: Vec<&str> = stage
            .hooks(principal)
            .into_iter()
            .filter(|hook| hook.contains("joined"))
            .collect();
        assert_eq!(
            back,
            [format!(
                "host-relation-joined {}",
                stage.juju.unit(unit).name
            )]
        );
    }
}

/// `uniter/relation/resolver.go`: a subordinate without its relation destroys itself, and a
/// principal that goes takes its own with it.
#[test]
fn subordinates_go_with_their_relation_or_their_principal() {
    let (mut stage, web, agent, relation, principals) = subordinate();
    stage.settle();
    stage.call(|juju, host| juju.relations_mut().remove_unit(principals[0], None, host));
    stage.run_for(seconds(60));
    assert_eq!(stage.juju.application(web).units.len(), 1);
    assert_eq!(stage.juju.application(agent).units.len(), 1);
    let last = stage.juju.application(agent).units[0];
    stage.played.clear();
    stage.call(|juju, host| juju.relations_mut().remove_relation(relation, None, host));
    stage.run_for(seconds(60));
    assert_eq!(
        stage.hooks(last),
        [
            &format!(
                "host-relation-departed {}",
                stage.juju.unit(principals[1]).name
            ),
            "host-relation-broken",
            "stop",
            "remove"
        ]
    );
    assert!(stage.juju.application(agent).units.is_empty());
    // Related again, the principal gets a new one.
    stage.relate((web, "host"), (agent, "host"));
    stage.run_for(seconds(60));
    let units = stage.juju.application(agent).units.clone();
    assert_eq!(units.len(), 1);
    assert_eq!(&*stage.juju.unit(units[0]).name, "agent/2");
}

/// A number is not given twice, and the last number of a container's id is none of a machine.
#[test]
fn a_machine_has_the_number_after_the_highest() {
    let mut stage = Stage::new();
    let (one, other) = (stage.model("m", false), stage.model("n", false));
    assert_eq!(stage.juju.model(one).next_machine, 0);
    for id in ["3", "0", "7/lxd/12"] {
        stage.juju.operator().add_machine(one, id);
    }
    assert_eq!(stage.juju.model(one).next_machine, 4);
    assert_eq!(stage.juju.model(other).next_machine, 0);
}

/// Two units of one machine.
fn sharers(stage: &mut Stage) -> [UnitId; 2] {
    let model = stage.model("m", false);
    let a = stage.app(model, "a", &[]);
    let machine = stage.juju.operator().add_machine(model, "0");
    [a, a].map(|app| stage.unit_on(app, Some(machine)))
}

#[test]
#[should_panic(expected = "takes a machine lock that")]
fn a_lock_that_is_held_is_not_taken() {
    let mut stage = Stage::new();
    for unit in sharers(&mut stage) {
        stage.juju.agents().take_lock(unit);
    }
}

#[test]
#[should_panic(expected = "holds its machine's lock")]
fn a_hook_without_the_lock_is_refused() {
    let mut stage = Stage::new();
    let [unit, _] = sharers(&mut stage);
    stage.juju.agents().assert_lock_held(unit);
}

#[test]
#[should_panic(expected = "an application is led by a unit of its own")]
fn a_unit_of_another_application_does_not_lead() {
    let mut stage = Stage::new();
    let [unit, _] = sharers(&mut stage);
    let model = stage
        .juju
        .application(stage.juju.unit(unit).application)
        .model;
    let other = stage.app(model, "other", &[]);
    stage.call(|juju, host| juju.leases().give_leadership(other, Some(unit), None, host));
}
