//! Leases (`internal/worker/leadership`, `internal/worker/lease`).

use super::stage::{Stage, seconds};
use crate::*;

fn trio() -> (Stage, ApplicationId, Vec<UnitId>) {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    let units = (0..3).map(|_| stage.unit(a)).collect();
    stage.settle();
    (stage, a, units)
}

fn leader(stage: &Stage, a: ApplicationId) -> UnitId {
    stage
        .juju
        .application(a)
        .lease
        .holder
        .expect("there is one")
}

/// The lease outlives its holder's connection by 30 to 60 s, then another is elected.
#[test]
fn a_lost_leader_is_followed_after_its_lease() {
    let (mut stage, a, _) = trio();
    let first = leader(&stage, a);
    stage.unreachable.insert(first);
    stage.call(|juju, host| juju.agents().disconnect(first, host));
    stage.run_for(seconds(29));
    assert_eq!(leader(&stage, a), first);
    stage.run_for(seconds(40));
    let second = leader(&stage, a);
    assert_ne!(second, first);
    assert_eq!(stage.hooks(second), ["leader-elected"]);
    stage.unreachable.clear();
    stage.call(|_, host| host.schedule(host.now(), Event::AgentStart(first)));
    stage.run_for(seconds(60));
    assert!(!stage.agent(first).leader, "it resigned");
    assert_eq!(leader(&stage, a), second);
    assert!(!stage.hooks(first).contains(&"leader-elected"));
}

/// A holder that is back in time renews its lease: an end that was near is none.
#[test]
fn a_leader_that_returns_keeps_its_lease() {
    let (mut stage, a, _) = trio();
    let first = leader(&stage, a);
    for _ in 0..5 {
        stage.call(|juju, host| juju.agents().disconnect(first, host));
        stage.run_for(seconds(20));
        stage.call(|_, host| host.schedule(host.now(), Event::AgentStart(first)));
        stage.run_for(seconds(5));
    }
    stage.run_for(seconds(200));
    assert_eq!(leader(&stage, a), first);
    assert!(stage.hooks(first).is_empty());
}

/// A leader that is removed gives its lease up at once when it is dead.
#[test]
fn a_dead_leader_is_followed_at_once() {
    let (mut stage, a, _) = trio();
    let first = leader(&stage, a);
    stage.call(|juju, host| juju.relations_mut().remove_unit(first, None, host));
    stage.run_for(seconds(10));
    assert!(stage.agent(first).removed);
    let second = leader(&stage, a);
    assert_ne!(second, first);
    assert_eq!(stage.hooks(second), ["leader-elected"]);
}

/// A lease given to no unit is claimed again; where none is connected, by the first to return.
#[test]
fn a_free_lease_is_claimed() {
    let (mut stage, a, units) = trio();
    stage.call(|juju, host| juju.leases().give_leadership(a, None, None, host));
    stage.run_for(seconds(5));
    leader(&stage, a);
    for unit in &units {
        stage.unreachable.insert(*unit);
        stage.call(|juju, host| juju.agents().disconnect(*unit, host));
    }
    stage.run_for(seconds(120));
    assert_eq!(stage.juju.application(a).lease.holder, None);
    stage.unreachable.clear();
    stage.call(|_, host| host.schedule(host.now(), Event::AgentStart(units[1])));
    stage.run_for(seconds(10));
    assert_eq!(leader(&stage, a), units[1]);
    assert!(stage.agent(units[1]).leader);
}
