//! Agents on slow or lossy wires (`api/monitor.go`, `internal/worker/apicaller`,
//! `internal/worker/uniter/runner/context/contextfactory.go`; RFC 6298).

use std::time::Duration;

use super::stage::{Stage, nth, pair, seconds};
use crate::*;
use trustsim_kernel::{Span, Time};

fn begin(stage: &mut Stage, wire: NetworkPath, trouble: Disruption) {
    stage.call(|juju, host| juju.connections().disrupt(wire, trouble, None, host));
}

fn end(stage: &mut Stage, wire: NetworkPath, trouble: Disruption) {
    stage.call(|juju, host| juju.connections().restore(wire, trouble, host));
}

fn slow(ms: u64) -> Disruption {
    Disruption::Delay(Duration::from_millis(ms))
}

/// A unit that only ever wants something asked of it, and when its hooks began.
fn alone(every_hook: bool) -> (Stage, ApplicationId, UnitId) {
    let mut stage = Stage::with(1, every_hook);
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &["peers cluster"]);
    let unit = stage.unit(a);
    stage.settle();
    (stage, a, unit)
}

/// When the unit's `config-changed` began.
fn began(stage: &Stage) -> Time {
    let mut played = stage.played.iter();
    let found = played.find(|played| played.name == "config-changed");
    found.expect("it ran").at
}

/// How long the hook takes that runs now.
fn hook_takes(stage: &mut Stage, unit: UnitId) -> Span {
    match &stage.agent(unit).state {
        Activity::Running(running) => running.ends.since(stage.now()),
        _ => panic!("no hook runs"),
    }
}

/// A watcher's event comes later by what a packet takes longer.
#[test]
fn an_event_arrives_later_on_a_slow_wire() {
    let (mut stage, a, unit) = alone(false);
    begin(&mut stage, NetworkPath::Agent(unit), slow(7_000));
    let changed = stage.now();
    stage.configure(a, "debug");
    stage.run_for(seconds(20));
    assert_eq!(began(&stage).since(changed), Duration::from_millis(7_050));
}

/// Each change has its own way: the first is seen when it arrives, though another follows.
#[test]
fn changes_in_a_row_arrive_one_after_the_other() {
    let (mut stage, a, unit) = alone(false);
    begin(&mut stage, NetworkPath::Agent(unit), slow(7_000));
    let changed = stage.now();
    stage.configure(a, "debug");
    stage.run_for(seconds(2));
    stage.configure(a, "trace");
    stage.run_for(seconds(600));
    let hooks: Vec<Span> = stage
        .played
        .iter()
        .filter(|played| played.name == "config-changed")
        .map(|played| played.at.since(changed))
        .collect();
    assert_eq!(hooks[0], Duration::from_millis(7_050));
    assert_eq!(hooks.len(), 2, "{hooks:?}");
}

/// Eleven calls of its own, and one for each thing that the charm asks for: a round trip each.
#[test]
fn every_call_of_a_hook_takes_a_round_trip_longer() {
    let (mut stage, a, unit) = alone(false);
    stage.code(a, |hook, unit| {
        if *hook == Hook::ConfigChanged {
            // The agent keeps what it was told until the hook ends.
            let _ = (unit.config("level"), unit.config("level"));
            let relation = unit.relations("cluster")[0];
            unit.unit_data(relation, unit.id())?;
            unit.set_status(Status::Active, "");
        }
        Ok(())
    });
    begin(&mut stage, NetworkPath::Agent(unit), slow(1_000));
    stage.configure(a, "debug");
    stage.run_for(Duration::from_millis(1_050));
    let takes = hook_takes(&mut stage, unit);
    let healthy = stage.juju.timing().hook_duration(unit, stage.now());
    assert_eq!(takes - healthy, seconds(2 * (11 + 3)));
}

/// On a machine its addresses are asked for, too.
#[test]
fn a_hook_on_a_machine_makes_two_calls_more() {
    let mut stage = Stage::new();
    let model = stage.model("m", false);
    let a = stage.app(model, "a", &[]);
    let unit = stage.unit(a);
    stage.settle();
    begin(&mut stage, NetworkPath::Agent(unit), slow(1_000));
    stage.configure(a, "debug");
    stage.run_for(Duration::from_millis(1_050));
    let takes = hook_takes(&mut stage, unit);
    let healthy = stage.juju.timing().hook_duration(unit, stage.now());
    assert_eq!(takes - healthy, seconds(2 * 13));
}

/// What is left of a hook is done at the pace of the wire as it is then.
#[test]
fn a_wire_that_recovers_lets_a_hook_end_sooner() {
    let (mut stage, a, unit) = alone(false);
    begin(&mut stage, NetworkPath::Agent(unit), slow(10_000));
    stage.configure(a, "debug");
    stage.run_for(Duration::from_millis(10_050));
    let takes = hook_takes(&mut stage, unit);
    assert!(takes > seconds(220), "{takes:?}");
    stage.run_for(takes / 2);
    end(&mut stage, NetworkPath::Agent(unit), slow(10_000));
    let left = hook_takes(&mut stage, unit);
    assert!(left <= seconds(1), "{left:?}");
    stage.run_for(seconds(2));
    assert!(stage.agent(unit).is_idle());
    assert_eq!(stage.hooks(unit), ["config-changed"]);
}

/// What is under way when the disruption ends arrives at once.
#[test]
fn what_is_under_way_arrives_when_the_trouble_is_over() {
    let (mut stage, a, unit) = alone(false);
    begin(&mut stage, NetworkPath::Agent(unit), slow(14_000));
    stage.configure(a, "debug");
    stage.run_for(seconds(1));
    end(&mut stage, NetworkPath::Agent(unit), slow(14_000));
    let over = stage.now();
    stage.run_for(seconds(5));
    assert_eq!(began(&stage), over);
}

/// `api/monitor.go`: pings every minute, each answered within 30 s, or the connection is given up.
/// With a round trip longer than three seconds no dial succeeds (`DialTimeout`).
#[test]
fn a_ping_that_takes_too_long_ends_the_connection_for_good() {
    for (ms, is_lost) in [(14_900, false), (15_100, true)] {
        let (mut stage, _, unit) = alone(false);
        begin(&mut stage, NetworkPath::Agent(unit), slow(ms));
        stage.run_for(seconds(95));
        assert_eq!(stage.agent(unit).connected, !is_lost, "{ms}");
        stage.run_for(seconds(3_600));
        assert_eq!(stage.agent(unit).connected, !is_lost, "{ms}");
        end(&mut stage, NetworkPath::Agent(unit), slow(ms));
        stage.run_for(seconds(125));
        assert!(stage.agent(unit).connected, "dialled within two minutes");
    }
}

/// A lossy wire loses pings now and then: the agent dials again and again, and is there most of
/// the time; what is asked of it is done.
#[test]
fn a_lossy_wire_makes_agents_reconnect() {
    let (mut stage, a, unit) = alone(false);
    begin(&mut stage, NetworkPath::Agent(unit), Disruption::Loss(75));
    stage.run_for(seconds(24 * 3_600));
    let timed_out = stage.happened.iter().filter(|(_, what)| {
        matches!(
            what,
            Happening::AgentNotConnected(ConnectionError::PingTimeout)
        )
    });
    let count = timed_out.count();
    assert!((20..800).contains(&count), "{count}");
    stage.configure(a, "debug");
    stage.run_for(seconds(3_600));
    assert!(stage.hooks(unit).contains(&"config-changed"));
}

/// A loss of a few in a hundred costs calls some hundred milliseconds and breaks nothing.
#[test]
fn a_little_loss_breaks_nothing() {
    let (mut stage, a, unit) = alone(false);
    begin(&mut stage, NetworkPath::Agent(unit), Disruption::Loss(5));
    stage.run_for(seconds(30 * 86_400));
    assert!(
        stage
            .happened
            .iter()
            .all(|(_, what)| !matches!(what, Happening::AgentNotConnected(_)))
    );
    stage.configure(a, "debug");
    stage.run_for(seconds(20));
    assert_eq!(stage.hooks(unit), ["config-changed"]);
}

/// The wire of one unit is not that of its neighbour; a model's is that of all its units.
#[test]
fn a_wire_is_a_units_or_a_models() {
    let (mut stage, a, _, _) = pair((2, 1));
    stage.settle();
    let units = [nth(&stage, a, 0), nth(&stage, a, 1)];
    let (model, _) = stage.juju.models().next().expect("a model");
    for (wire, late) in [
        (NetworkPath::Agent(units[0]), [true, false]),
        (NetworkPath::Agents(model), [true, true]),
    ] {
        stage.played.clear();
        begin(&mut stage, wire, slow(5_000));
        let changed = stage.now();
        let level = format!("{wire:?}");
        stage.configure(a, &level);
        stage.run_for(seconds(300));
        for (unit, is_late) in units.into_iter().zip(late) {
            let name = stage.juju.unit(unit).name.to_string();
            let mut played = stage.played.iter();
            let found =
                played.find(|played| played.unit == name && played.hook == Hook::ConfigChanged);
            let waited = found.expect("it ran").at.since(changed);
            assert_eq!(waited > seconds(4), is_late, "{wire:?} {name} {waited:?}");
        }
        end(&mut stage, wire, slow(5_000));
        stage.run_for(seconds(5));
    }
}

/// Repeats are played while the wire is slow, and elided again when it is not.
#[test]
fn nothing_is_elided_on_such_a_wire() {
    let (mut stage, _, unit) = alone(false);
    let day = seconds(86_400);
    begin(&mut stage, NetworkPath::Agent(unit), slow(1_000));
    stage.run_for(day);
    let played = stage.played.len();
    assert!((250..330).contains(&played), "{played} update-status a day");
    end(&mut stage, NetworkPath::Agent(unit), slow(1_000));
    stage.run_for(day);
    assert!(stage.played.len() <= played + 1);
}
