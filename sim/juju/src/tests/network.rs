//! Agents parted from their controller (`internal/worker/apicaller`, `api/apiclient.go`,
//! `internal/worker/uniter/operation/runhook.go`).

use std::time::Duration;

use super::stage::{Stage, nth, pair, seconds};
use crate::*;

/// The agents of the only model there is.
fn agents(stage: &Stage) -> NetworkPath {
    let (model, _) = stage.juju.models().next().expect("a model");
    NetworkPath::Agents(model)
}

fn begin(stage: &mut Stage, trouble: Disruption) {
    let wire = agents(stage);
    stage.call(|juju, host| juju.connections().disrupt(wire, trouble, None, host));
}

fn end(stage: &mut Stage, trouble: Disruption) {
    let wire = agents(stage);
    stage.call(|juju, host| juju.connections().restore(wire, trouble, host));
}

/// The last call of a hook hangs and goes through once the network carries again.
#[test]
fn a_hook_that_hangs_is_committed_after_a_short_partition() {
    let (mut stage, a, _, _) = pair((1, 1));
    let unit = nth(&stage, a, 0);
    stage.settle();
    stage.configure(a, "debug");
    stage.run_for(Duration::from_millis(400));
    assert_eq!(stage.juju.agent_status(unit).0, "executing");
    begin(&mut stage, Disruption::Partition);
    stage.run_for(seconds(20));
    assert_eq!(stage.juju.agent_status(unit).0, "executing");
    end(&mut stage, Disruption::Partition);
    stage.run_for(seconds(1));
    assert_eq!(stage.juju.agent_status(unit).0, "idle");
    assert_eq!(stage.hooks(unit), ["config-changed"]);
}

/// Once the connection is given up the hook has failed, and is run again by an agent that is
/// back.
#[test]
fn a_hook_that_hangs_fails_when_the_partition_is_noticed() {
    let (mut stage, a, _, _) = pair((1, 1));
    let unit = nth(&stage, a, 0);
    stage.settle();
    stage.configure(a, "debug");
    stage.run_for(Duration::from_millis(400));
    begin(&mut stage, Disruption::Partition);
    stage.run_for(seconds(95));
    assert_eq!(stage.juju.agent_status(unit).0, "lost");
    end(&mut stage, Disruption::Partition);
    stage.run_for(seconds(60));
    assert_eq!(stage.juju.agent_status(unit).0, "idle");
    assert_eq!(stage.hooks(unit), ["config-changed", "config-changed"]);
}

/// Two troubles on one wire: it carries when both are over.
#[test]
fn a_wire_carries_when_the_last_trouble_is_over() {
    let (mut stage, a, _, _) = pair((1, 1));
    let unit = nth(&stage, a, 0);
    stage.settle();
    begin(&mut stage, Disruption::Down);
    begin(&mut stage, Disruption::Stall);
    stage.run_for(seconds(10));
    end(&mut stage, Disruption::Down);
    stage.run_for(seconds(200));
    assert_eq!(stage.juju.agent_status(unit).0, "lost");
    end(&mut stage, Disruption::Stall);
    stage.run_for(seconds(200));
    assert_eq!(stage.juju.agent_status(unit).0, "idle");
}

/// A held agent cannot renew its lease: another leads, and it comes back as a follower. With no
/// other it goes on leading.
#[test]
fn a_held_leader_loses_its_lease() {
    for units in [1, 2] {
        let (mut stage, a, _, _) = pair((units, 1));
        stage.settle();
        let holder = stage.juju.application(a).lease.holder;
        begin(&mut stage, Disruption::Stall);
        stage.run_for(seconds(120));
        end(&mut stage, Disruption::Stall);
        stage.run_for(seconds(60));
        let lease = stage.juju.application(a).lease;
        let leaders = stage.juju.application(a).units.clone();
        let leaders = leaders.into_iter().filter(|unit| stage.agent(*unit).leader);
        assert_eq!(leaders.collect::<Vec<_>>(), [lease.holder.expect("one")]);
        assert!(units == 2 || lease.holder == holder);
    }
}
