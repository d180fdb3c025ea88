//! A run that is played on from a world that was kept is the run that is played from its start, entry by entry: in every
//! scenario that is shipped, at several instants, with actions more in its plan and for longer.

use std::sync::Arc;

use trustsim::diagnosis::{SeedOutcome, diagnose};
use trustsim::kernel::{Span, Time};
use trustsim::whatif::{
    Effort, Forks, KeptWorlds, Outcome, Trials, play_longer, play_remedies, play_seeds, remedies,
    seeds_after,
};
use trustsim::world::{Action, Deployment, Options, Record, Simulation, TimedAction};

use crate::common::{load, load_named, on_every_core, scenario_files};

/// No more of a scenario is played than this.
const PLAYED_MAX: Span = Span::from_secs(45 * 86_400);

fn restart(deployment: &Deployment, application: usize, at: Span) -> TimedAction {
    TimedAction {
        at,
        action: Action::Restart {
            application: (application % deployment.applications.len()).into(),
            unit: None,
        },
        source: trustsim::world::Source::default(),
    }
}

/// The deployment with restarts later in its plan: between its actions, at the same instants and behind them.
fn with_restarts(base: &Deployment, from: Span) -> Deployment {
    let mut planned = base.clone();
    let left = base.duration - from;
    let same = base.actions.iter().map(|timed| timed.at);
    let same = same.filter(|at| *at > from).take(2);
    let between = (1..4).map(|part| from + left / 4 * part);
    for (number, at) in same.chain(between).enumerate() {
        let place = planned.actions.partition_point(|other| other.at <= at);
        let more = restart(base, number, at);
        planned.actions.insert(place, more);
    }
    planned
}

fn assert_same(name: &str, kept_at: Time, from_start: &Record, played_on: &Record) {
    let (own, other) = (&from_start.journal, &played_on.journal);
    let difference = own.first_difference(other);
    if let Some(at) = difference {
        panic!(
            "{name}, kept at {kept_at}: {:?} and {:?}",
            own.get(at),
            other.get(at)
        );
    }
    let manifests = [&from_start.manifest, &played_on.manifest];
    let [own, other] = manifests.map(|manifest| format!("{manifest:?}"));
    assert!(own == other, "{name}, kept at {kept_at}: other manifests");
}

#[test]
fn what_is_played_on_is_what_is_played_from_the_start() {
    let files = scenario_files();
    let counts = on_every_core(&files, |path| {
        let name = path.display().to_string();
        let mut deployment = load(path);
        deployment.duration = deployment.duration.min(PLAYED_MAX);
        deployment.actions.retain(|timed| timed.at < PLAYED_MAX);
        let (start, length) = (deployment.start, deployment.duration);
        let mut simulation = Simulation::new(Arc::new(deployment.clone()), Options::default());
        let mut played_on = 0;
        for kept_at in [length / 100, length / 3] {
            simulation.run_until(start + kept_at);
            let mut planned = with_restarts(&deployment, kept_at);
            for longer in [Span::ZERO, Span::from_secs(86_400)] {
                planned.duration += longer;
                let planned = Arc::new(planned.clone());
                let Some(begun) = simulation.replanned(&planned) else {
                    assert!(!longer.is_zero(), "{name}: {kept_at:?}");
                    continue;
                };
                let from_start = Simulation::new(planned, Options::default()).finish();
                assert_same(&name, start + kept_at, &from_start, &begun.finish());
                played_on += 1;
            }
        }
        played_on
    });
    let played_on: usize = counts.iter().sum();
    // Two instants of each, and most of them longer too.
    assert!(
        played_on > files.len() * 3,
        "{played_on} in {}",
        files.len()
    );
}

/// The remedies of a run, whether they last, and what comes of them with other seeds.
fn answered(deployment: &Deployment, mut kept: KeptWorlds) -> Trials {
    let options = Options::default();
    let mut simulation = Simulation::new(Arc::new(deployment.clone()), options);
    let end = simulation.end();
    let installed = kept.play_installation(&mut simulation, end, Simulation::run_until);
    kept.keep(installed);
    simulation.run_until(end);
    let (manifest, journal) = (simulation.manifest(), simulation.journal());
    let mut findings = diagnose(deployment, &manifest, journal);
    findings.seeds.push(SeedOutcome::of(&manifest, &findings));
    let (more, threads) = (seeds_after(deployment.seed, 2), std::num::NonZeroUsize::MIN);
    let others = play_seeds(deployment, options, end, more, threads, &mut kept);
    findings.seeds.extend(others);
    let run = Outcome::of(manifest, journal);
    let effort = Effort::of(&simulation, 10);
    let spec = Arc::new(deployment.clone());
    let mut forks = Forks::new(spec, effort, Simulation::run_until).with_kept(&kept, options);
    let mut trials = remedies(deployment, &run, &findings, 4, |it| forks.play(it));
    play_longer(&mut trials, &run.manifest, &findings, |plan| {
        forks.play_and_diagnose(plan)
    });
    let left = forks.effort();
    let manifest = &run.manifest;
    play_remedies(
        &mut trials,
        manifest,
        &findings,
        options,
        left,
        &kept,
        threads,
    );
    trials
}

#[test]
fn what_was_kept_changes_no_remedy() {
    let names = [
        "incidents/a-self-signed-certificates-renewal-one-file",
        "vault-half-life-gap",
        "reference-architecture-pki-outage",
    ];
    let mut played_on = 0;
    for name in names {
        let deployment = load_named(name);
        let kept = answered(&deployment, KeptWorlds::for_seeds(3));
        let anew = answered(&deployment, KeptWorlds::default());
        assert_eq!(
            format!("{:?}", kept.found),
            format!("{:?}", anew.found),
            "{name}"
        );
        let proven = kept.found.proven.iter();
        let elsewhere = proven.filter(|remedy| !remedy.elsewhere.is_empty());
        played_on += elsewhere
            .filter(|remedy| kept.plans[remedy.plan].only_adds)
            .count();
    }
    assert!(played_on > 0, "no remedy is played on with another seed");
}
