//! Work follows change: counted in events, which is what a run pays for.

use std::time::Duration;

use super::stage::{Stage, seconds};
use crate::*;

/// How many applications of a hundred units, each related to the next and with peers.
fn crowd(applications: usize, units: usize) -> Stage {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let apps: Vec<ApplicationId> = (0..applications)
        .map(|n| stage.app(model, &format!("a{n}"), &["provides up", "requires down"]))
        .collect();
    for pair in apps.windows(2) {
        let sides = [(pair[0], "up"), (pair[1], "down")];
        // The endpoints' interfaces differ; only their names matter here.
        let _ = stage.call(|juju, host| juju.relations_mut().integrate(sides, None, host));
    }
    for app in &apps {
        for _ in 0..units {
            stage.unit(*app);
        }
    }
    stage
}

/// Two hundred units that all see a hundred others join and change: the events are about as many
/// as the hooks.
#[test]
fn a_wide_relation_costs_about_an_event_a_hook() {
    let mut stage = crowd(2, 100);
    stage.run_for(seconds(2_000));
    assert!(stage.juju.is_settled(stage.now()));
    let hooks = stage.played.len() as u64;
    assert!(hooks > 2 * 2 * 100 * 100, "{hooks}");
    assert!(
        stage.handled < hooks * 5 / 4,
        "{} events for {hooks} hooks",
        stage.handled
    );
}

/// One configuration of one application among many wakes its units and those who see its change.
#[test]
fn a_change_wakes_those_it_concerns() {
    let mut stage = crowd(50, 4);
    stage.settle();
    let before = stage.handled;
    stage.configure(ApplicationId(25), "debug");
    stage.run_for(seconds(30));
    assert_eq!(stage.played.len(), 4);
    let events = stage.handled - before;
    assert!(events <= 12, "{events}");
    stage.run_for(Duration::from_secs(86_400));
    assert_eq!(stage.handled, before + events);
}

/// Ten thousand units: for looking at by hand, `cargo test --release -- --ignored ten_thousand`.
#[test]
#[ignore = "a minute in a debug build"]
fn ten_thousand_units() {
    let mut stage = crowd(100, 100);
    stage.run_for(seconds(3_000));
    println!("{} events, {} hooks", stage.handled, stage.played.len());
    assert!(stage.juju.is_settled(stage.now()));
}

/// A provider whose relation has units of the other side joining, changing and leaving: how many of them it compares, all
/// in all, each time that it has run a hook.
fn compared_members(units: u32) -> (usize, usize) {
    let (mut stage, provider, requirer, relation) = super::stage::pair((1, units));
    let watcher = super::stage::nth(&stage, provider, 0);
    let (mut compared, mut hooks) = (0, 0);
    let mut run = |stage: &mut Stage, until: u64| {
        let until = stage.now() + seconds(until);
        while stage.now() < until {
            stage.run_for(Span::from_millis(500));
            let agent = stage.agent(watcher);
            let due = agent.relations.get(&relation).map(|local| &local.due);
            compared += due.map_or(0, |due| due.news().len());
        }
        hooks = stage.hooks(watcher).len();
    };
    run(&mut stage, 2_000);
    let sides = [(provider, "db"), (requirer, "db")];
    assert_eq!(stage.juju.relation_between(sides), Some(relation));
    stage.call(|juju, host| juju.relations_mut().remove_relation(relation, None, host));
    run(&mut stage, 1_000);
    assert!(stage.juju.is_settled(stage.now()));
    (compared, hooks)
}

/// Each remote unit is compared when something about it has changed, and not at each hook: with eight times the units
/// a provider compares eight times as many, where a walk along all would compare 64 times as many.
#[test]
fn a_provider_compares_a_unit_when_it_changes() {
    let ((few, hooks), (many, more_hooks)) = (compared_members(25), compared_members(200));
    assert!(
        hooks > 3 * 25 && more_hooks > 3 * 200,
        "{hooks} {more_hooks}"
    );
    assert!(
        0 < few && many <= 12 * few,
        "{few} of 25 and {many} of 200 units"
    );
}
