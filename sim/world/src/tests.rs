//! Low-level rules of a run, on a small deployment: what actions leave in the journal, futures, and
//! processes that are stopped.

pub(crate) mod played;

use std::sync::Arc;

use super::*;
use trustsim_kernel::{Span, Time};
use trustsim_testkit::{deployment, seconds, source};

fn timed(at_s: u64, line: u32, action: Action) -> TimedAction {
    TimedAction {
        at: seconds(at_s),
        action,
        source: source(line, ""),
    }
}

fn restart(application: usize) -> Action {
    Action::Restart {
        application: application.into(),
        unit: None,
    }
}

fn played(actions: Vec<TimedAction>, until_s: u64) -> Simulation {
    let mut deployment = deployment();
    deployment.actions = actions.into();
    let mut simulation = Simulation::new(Arc::new(deployment), Options::default());
    simulation.run_until(instant(&simulation, until_s));
    simulation
}

fn instant(simulation: &Simulation, at_s: u64) -> Time {
    simulation.deployment().start + seconds(at_s)
}

/// When actions were done, in seconds from the start, with the line that asked for each.
fn done(simulation: &Simulation) -> Vec<(u64, u32)> {
    let start = simulation.deployment().start;
    let entries = simulation.journal().entries().iter();
    let actions = entries.filter_map(|entry| match &entry.kind {
        Kind::Action(record) => Some((entry.time.since(start).as_secs(), record.source().line)),
        _ => None,
    });
    actions.collect()
}

#[test]
fn actions_are_done_at_their_time_and_kept_as_they_were_planned() {
    let plan = vec![timed(300, 5, restart(1)), timed(400, 6, restart(2))];
    let simulation = played(plan.clone(), 500);
    assert_eq!(done(&simulation), [(300, 5), (400, 6)]);
    let entries = simulation.journal().entries().iter();
    let kept: Vec<TimedAction> = entries
        .filter_map(|entry| match &entry.kind {
            Kind::Action(record) => {
                assert!(record.planned);
                Some((*record.timed).clone())
            }
            _ => None,
        })
        .collect();
    assert_eq!(kept, plan);
}

#[test]
fn a_future_does_what_is_past_at_once_and_leaves_the_present_alone() {
    let present = played(vec![timed(300, 5, restart(1))], 350);
    let mut future = present.fork(vec![timed(10, 7, restart(2))], seconds(1000));
    future.run_until(instant(&future, 360));
    assert_eq!(done(&future), [(300, 5), (350, 7)]);
    assert_eq!(done(&present), [(300, 5)]);
    assert_eq!(present.deployment().actions.len(), 1);
}

#[test]
fn a_future_may_be_longer() {
    let present = played(Vec::new(), 350);
    let future = present.fork(vec![timed(1_200, 7, restart(2))], seconds(1_500));
    let record = future.finish();
    let last = record.journal.entries().last().expect("entries").time;
    assert!(last.since(record.manifest.start) >= seconds(1_200));
    assert_eq!(record.manifest.duration, seconds(1_500));
}

#[test]
fn what_a_later_deployment_adds_is_found_between_the_actions_of_its_base() {
    let mut base = deployment();
    base.actions = vec![timed(100, 1, restart(0)), timed(300, 3, restart(1))].into();
    let mut later = base.clone();
    later.actions.insert(1.into(), timed(200, 2, restart(2)));
    let added = Additions::between(&base, &later);
    assert_eq!(added.actions, [timed(200, 2, restart(2))]);
    assert!(added.offers.is_empty() && added.saas.is_empty());
}

#[test]
#[should_panic(expected = "a later deployment has every action of its base")]
fn a_deployment_that_lacks_an_action_is_no_later_one() {
    let mut base = deployment();
    base.actions = vec![timed(100, 1, restart(0)), timed(300, 3, restart(1))].into();
    let mut other = base.clone();
    other.actions.remove(0.into());
    let _ = Additions::between(&base, &other);
}

/// A plan with more in it, at a later instant, at that of an action of the base and at that of a relation that is made.
fn with_more(base: &Deployment) -> Arc<Deployment> {
    let mut later = base.clone();
    later.actions.insert(1.into(), timed(400, 7, restart(2)));
    later.actions.insert(2.into(), timed(450, 8, restart(1)));
    later.actions.push(timed(600, 9, restart(2)));
    Arc::new(later)
}

#[test]
fn another_plan_is_played_on_as_it_is_from_the_start() {
    let plan = vec![timed(400, 5, restart(1)), timed(500, 6, restart(2))];
    let base = played(plan, 350);
    let planned = with_more(base.deployment());
    let from_start = Simulation::new(Arc::clone(&planned), Options::default()).finish();
    let begun = base.replanned(&planned).expect("all of it is later");
    assert_eq!(begun.now(), base.now());
    let done = done(&{
        let mut begun = begun.clone();
        begun.run_until(instant(&base, 700));
        begun
    });
    assert_eq!(done, [(400, 5), (400, 7), (450, 8), (500, 6), (600, 9)]);
    let record = begun.finish();
    assert_eq!(from_start.journal.first_difference(&record.journal), None);
    assert_eq!(
        format!("{:?}", from_start.manifest),
        format!("{:?}", record.manifest)
    );
    assert_eq!(base.deployment().actions.len(), 2);
}

#[test]
fn what_may_be_another_world_already_is_not_played_on() {
    let base = played(vec![timed(400, 5, restart(1))], 350);
    let is_played_on = |change: &dyn Fn(&mut Deployment)| {
        let mut planned = Deployment::clone(base.deployment());
        change(&mut planned);
        base.replanned(&Arc::new(planned)).is_some()
    };
    assert!(is_played_on(&|_| {}));
    assert!(is_played_on(&|planned| planned.duration += seconds(1)));
    assert!(is_played_on(&|planned| {
        planned.actions.insert(0.into(), timed(351, 7, restart(2)));
    }));
    // This instant was played without it.
    assert!(!is_played_on(&|planned| {
        planned.actions.insert(0.into(), timed(350, 7, restart(2)));
    }));
    // It would be done before what is there anyhow.
    assert!(!is_played_on(&|planned| {
        planned.actions.insert(0.into(), timed(400, 7, restart(2)));
    }));
}

/// From the sixth week on it matters when a run ends: units that repeat themselves are let rest until then.
#[test]
fn a_run_of_which_the_end_was_looked_at_is_no_longer_one() {
    let mut base = deployment();
    base.duration = seconds(40 * 86_400);
    let mut longer = base.clone();
    longer.duration += seconds(1);
    let longer = Arc::new(longer);
    let mut simulation = Simulation::new(Arc::new(base), Options::default());
    simulation.run_until(instant(&simulation, 35 * 86_400 - 1));
    assert!(simulation.replanned(&longer).is_some());
    simulation.run_until(instant(&simulation, 35 * 86_400));
    assert!(simulation.replanned(&longer).is_none());
}

/// Two faults that hold one process down overlap: it answers when the second is over.
#[test]
fn a_process_that_was_stopped_twice_starts_with_the_second_start() {
    let target = Target {
        application: 1.into(),
        unit: None,
    };
    let stop = Action::Unit(UnitAction::Stop(target));
    let start = Action::Unit(UnitAction::Start(target));
    let plan = vec![
        timed(300, 1, stop.clone()),
        timed(310, 2, stop),
        timed(320, 3, start.clone()),
        timed(330, 4, start),
    ];
    let mut simulation = played(plan, 325);
    let id = simulation.world().deployed().id(1.into());
    let unit = simulation.juju().application(id).units[0];
    let is_held =
        |simulation: &Simulation| simulation.world().peers().sides.get(unit).is_held_down();
    assert!(is_held(&simulation));
    simulation.run_until(instant(&simulation, 331));
    assert!(!is_held(&simulation));
}

#[test]
fn the_same_seed_gives_the_same_journal_and_another_seed_another() {
    let print = |seed: u64| {
        let mut deployment = deployment();
        deployment.seed = seed;
        let simulation = Simulation::new(Arc::new(deployment), Options::default());
        simulation.finish().journal.fingerprint()
    };
    assert_eq!(print(1), print(1));
    assert_ne!(print(1), print(2));
}

#[test]
fn a_run_settles_once_and_before_settle_max() {
    let simulation = played(Vec::new(), 999);
    let entries = simulation.journal().entries().iter();
    let settled: Vec<Time> = entries
        .filter(|entry| matches!(entry.kind, Kind::Settled { .. }))
        .map(|entry| entry.time)
        .collect();
    let [at] = settled[..] else {
        panic!("settled {} times", settled.len());
    };
    assert_eq!(simulation.watched_from(), Some(at));
    let start = simulation.deployment().start;
    assert!(at.since(start) < Span::from_secs(600), "{at}");
}
