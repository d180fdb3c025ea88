//! Elided hooks leave no trace: every other hook is the same, at the same instant.

use std::time::Duration;

use proptest::prelude::*;

use super::random::{OperatorAction, Scene, actions};
use super::stage::{Played, START, Stage, seconds};
use crate::*;

/// Hooks that were not idle repeats, in one order for both.
fn essence(played: Vec<Played>) -> Vec<Played> {
    let mut kept: Vec<Played> = played;
    kept.retain(|played| !played.idle_repeat);
    kept.sort_by(|left, right| (left.at, &left.unit).cmp(&(right.at, &right.unit)));
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The promise: an elided hook keeps its agent busy for as long as the played one would.
    #[test]
    fn elision_changes_nothing_else(seed: u64, actions in actions()) {
        let play = |every_hook| {
            let mut scene = Scene::new(seed, every_hook);
            scene.play(&actions);
            essence(scene.stage.played)
        };
        let (elided, every) = (play(false), play(true));
        for (left, right) in elided.iter().zip(&every) {
            prop_assert_eq!(left, right);
        }
        prop_assert_eq!(elided.len(), every.len());
    }
}

/// A unit that waits for the machine lock when its charm's word ends does not look for it earlier.
#[test]
fn the_end_of_a_charms_word_is_no_reason_to_hurry() {
    for seed in [12_449_434_944_772_701_143, 5, 6, 7] {
        let play = |every_hook| {
            let mut scene = Scene::new(seed, every_hook);
            scene.play(&[(0, OperatorAction::Act(0, "add"))]);
            essence(scene.stage.played)
        };
        assert_eq!(play(false), play(true), "{seed}");
    }
}

/// A unit that waits for the machine lock looks for it when its own timer fires, too.
#[test]
fn an_alarm_is_a_look_at_the_lock() {
    let play = |every_hook| {
        let mut scene = Scene::new(3_953_138_348_530_243_552, every_hook);
        scene.play(&[
            (218_951, OperatorAction::Act(0, "add")),
            (1_842, OperatorAction::Act(183, "add")),
        ]);
        essence(scene.stage.played)
    };
    assert_eq!(play(false), play(true));
}

/// A quiet year of a quiet charm costs nothing.
#[test]
fn a_quiet_year_is_free() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    let unit = stage.unit(a);
    stage.settle();
    let before = stage.handled;
    stage.run_for(seconds(365 * 86_400));
    assert_eq!(stage.handled, before);
    assert!(stage.agenda.is_empty());
    stage.configure(a, "debug");
    stage.run_for(seconds(10));
    assert_eq!(stage.hooks(unit), ["config-changed"]);
}

/// Nor does that of four charms on one machine, once all of them rest.
#[test]
fn a_quiet_year_on_a_shared_machine_is_free() {
    let mut stage = Stage::new();
    let model = stage.model("m", false);
    let a = stage.app(model, "a", &[]);
    let machine = stage.juju.operator().add_machine(model, "7");
    let units: Vec<UnitId> = (0..4).map(|_| stage.unit_on(a, Some(machine))).collect();
    stage.settle();
    stage.run_for(seconds(1_000));
    let before = stage.handled;
    stage.run_for(seconds(365 * 86_400));
    assert_eq!(stage.handled, before);
    assert!(stage.agenda.is_empty());
    stage.configure(a, "debug");
    stage.played.clear();
    stage.run_for(seconds(20));
    for unit in units {
        assert_eq!(stage.hooks(unit), ["config-changed"]);
    }
}

/// A hook waits for the machine lock that an elided one of another unit holds.
#[test]
fn an_elided_hook_keeps_the_machine_locked() {
    let play = |every_hook: bool, at_ms: u64| {
        let mut stage = Stage::with(1, every_hook);
        let model = stage.model("m", false);
        let machine = stage.juju.operator().add_machine(model, "7");
        let apps = ["a", "b", "c"].map(|name| stage.app(model, name, &[]));
        for app in apps {
            stage.unit_on(app, Some(machine));
        }
        stage.run_until(START + Duration::from_millis(at_ms));
        stage.configure(apps[1], "debug");
        stage.run_for(seconds(20));
        stage.played
    };
    let beats: Vec<u64> = play(true, 3_000_000)
        .into_iter()
        .filter(|played| played.hook == Hook::UpdateStatus && played.unit != "b/0")
        .map(|played| (played.at.as_nanos() - START.as_nanos()) / 1_000_000)
        .collect();
    assert!(beats.len() > 8);
    let mut waited = 0;
    for beat in &beats[4..] {
        for offset_ms in [-60, -49, 0, 1, 100, 460, 1_100] {
            let at_ms = beat.saturating_add_signed(offset_ms);
            let (elided, every) = (play(false, at_ms), play(true, at_ms));
            let change = elided.iter().find(|played| {
                played.name == "config-changed" && played.at > START + Duration::from_millis(at_ms)
            });
            let late = change.expect("it runs").at > START + Duration::from_millis(at_ms + 51);
            waited += u32::from(late);
            assert_eq!(essence(elided), essence(every), "{offset_ms} ms off {beat}");
        }
    }
    assert!(waited > 10, "{waited}");
}

/// A change that arrives in the middle of an elided hook waits for its end, as it would for a
/// played one.
#[test]
fn an_elided_hook_keeps_the_agent_busy() {
    let play = |every_hook: bool, at_ms: u64| {
        let mut stage = Stage::with(1, every_hook);
        let model = stage.model("m", true);
        let a = stage.app(model, "a", &[]);
        stage.unit(a);
        stage.run_until(START + Duration::from_millis(at_ms));
        stage.configure(a, "debug");
        stage.run_for(seconds(20));
        essence(stage.played)
    };
    let mut stage = Stage::with(1, true);
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    stage.unit(a);
    stage.run_for(seconds(2_000));
    let beats: Vec<u64> = stage
        .played
        .iter()
        .filter(|played| played.hook == Hook::UpdateStatus)
        .map(|played| (played.at.as_nanos() - START.as_nanos()) / 1_000_000)
        .collect();
    assert!(beats.len() > 4);
    for beat in beats {
        for offset_ms in [-60, -51, -49, -10, 0, 1, 100, 460, 2_100] {
            let at_ms = beat.saturating_add_signed(offset_ms);
            assert_eq!(
                play(false, at_ms),
                play(true, at_ms),
                "{offset_ms} ms off {beat}"
            );
        }
    }
}

/// Many expired secrets that are never removed: their firings are found again after months.
#[test]
fn many_beats_are_found_again() {
    for (secrets, days) in [(1_u64, 40), (20, 3), (200, 1)] {
        let play = |every_hook: bool| {
            let mut stage = Stage::with(3, every_hook);
            let model = stage.model("m", true);
            let a = stage.app(model, "a", &[]);
            stage.code(a, move |hook, unit| {
                if *hook == Hook::Start {
                    for n in 0..secrets {
                        let owner = SecretOwner::Unit(unit.id());
                        let expire = START + seconds(300 + 37 * n);
                        let content = Default::default();
                        unit.add_secret(owner, &format!("s{n}"), content, Some(expire))?;
                    }
                }
                Ok(())
            });
            stage.unit(a);
            for day in 1..=days {
                stage.run_until(START + seconds(day * 86_400 + 1_234));
                stage.configure(a, &day.to_string());
            }
            stage.run_for(seconds(100));
            essence(stage.played)
        };
        let (elided, every) = (play(false), play(true));
        assert_eq!(elided.len(), every.len());
        for (left, right) in elided.iter().zip(&every) {
            assert_eq!(left, right, "{secrets} secrets");
        }
    }
}

/// An agent that reconnects while a hook runs counts its update-status from then: what the hook
/// was told of the timer before is of no use.
#[test]
fn a_hook_that_outlives_its_connection_hides_no_update_status() {
    let mut stage = Stage::with(1, true);
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    let unit = stage.unit(a);
    stage.run_for(seconds(10_000));
    stage.configure(a, "debug");
    stage.run_for(Duration::from_millis(100));
    assert!(!stage.agent(unit).is_idle());
    stage.call(|juju, host| juju.agents().disconnect(unit, host));
    stage.call(|_, host| host.schedule(host.now(), Event::AgentStart(unit)));
    stage.played.clear();
    stage.run_for(seconds(1_000));
    let beats = stage.played.iter();
    let beats = beats.filter(|played| played.hook == Hook::UpdateStatus);
    assert!((2..=4).contains(&beats.count()), "{:?}", stage.played);
}

/// What was asked of an agent while it dialled in vain is known to it once it is connected, not
/// when it would have arrived.
#[test]
fn an_action_is_known_to_an_agent_that_is_back() {
    let actions = [
        (80, OperatorAction::Kill(15)),
        (1_142_135, OperatorAction::Remove(0)),
        (1_808, OperatorAction::AddUnit(0)),
        (
            754,
            OperatorAction::NetworkPath(81, true, Disruption::Loss(90)),
        ),
        (764, OperatorAction::Act(0, "add")),
        (4_091_957, OperatorAction::Act(154, "add")),
        (0, OperatorAction::Calm(0)),
    ];
    let play = |every_hook| {
        let mut scene = Scene::new(5_907_293_881_243_790_388, every_hook);
        scene.play(&actions);
        essence(scene.stage.played)
    };
    assert_eq!(play(false), play(true));
}

/// A unit with so many expired revisions that it is busy two thirds of the time, and never surely at rest. Of five days a
/// last one is replayed, which leaves it where all of them would have.
#[test]
fn a_unit_that_is_rarely_at_rest_is_replayed_from_a_day_before() {
    let play = |seed: u64, every_hook: bool, after: u64| {
        let mut stage = Stage::with(seed, every_hook);
        let model = stage.model("m", true);
        let a = stage.app(model, "a", &[]);
        stage.code(a, |hook, unit| {
            let Hook::Action { .. } = hook else {
                return Ok(());
            };
            let owner = SecretOwner::Unit(unit.id());
            for index in 0..160 {
                let content = [("index".to_owned(), Value::from(index.to_string()))];
                let expire = unit.now() + seconds(400 + index);
                unit.add_secret(owner, &format!("s{index}"), content.into(), Some(expire))?;
            }
            Ok(())
        });
        stage.quiet(a, |_| Quiet::Always);
        let unit = stage.unit(a);
        stage.settle();
        stage.call(|juju, host| {
            let parameters = std::collections::BTreeMap::new();
            juju.operator()
                .run_action(unit, "fill", parameters, None, host)
        });
        // Not at the very instant at which a revision expires.
        stage.run_for(seconds(5 * 86_400 + after) + trustsim_kernel::Span::from_millis(371));
        stage.configure(a, "debug");
        stage.run_for(seconds(600));
        let expiries = stage.agent(unit).expiries.len();
        assert_eq!(expiries, 160, "each expires, and none is removed");
        (stage.handled, essence(stage.played))
    };
    for (seed, after) in [(1, 0), (2, 17), (3, 100), (4, 211), (5, 299)] {
        let ((few, elided), (many, every)) = (play(seed, false, after), play(seed, true, after));
        let differ = elided
            .iter()
            .zip(&every)
            .find(|(left, right)| left != right);
        assert_eq!(differ, None, "{after} s on");
        assert_eq!(elided.len(), every.len());
        assert!(few * 20 < many, "{few} events of {many}");
    }
}
