//! Random plans of faults on random small deployments: no panic, no run that does not end, and
//! after the end of the last fault every connection recovers, or the diagnosis says why it cannot.
//!
//! A few seeds in every test run; `cargo test --test suite random_faults:: -- --ignored` plays 2,000.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::common::deployed;
use crate::common::small::scenario;
use trustsim::diagnosis::diagnose;
use trustsim::kernel::Span;
use trustsim::report::words;
use trustsim::world::{Options, Simulation};

/// A run that takes longer has come to no end. Seconds of the machine's own clock; a run takes
/// a fraction of one.
const PATIENCE: Duration = Duration::from_secs(240);

/// What one seed came to: how many outages, how many of them open at the end; or what is wrong.
fn play(seed: u64) -> Result<(usize, usize), String> {
    let text = scenario(seed);
    let deployment = Arc::new(deployed(&text));
    let options = Options::default();
    let mut simulation = Simulation::new(Arc::clone(&deployment), options);
    let end = simulation.end();
    while simulation.now() < end {
        let next = simulation.now() + Span::from_secs(3_600);
        simulation.run_until(next.min(end));
        if simulation.journal().entries().len() > 200_000 {
            return Err("the journal grows without end".to_owned());
        }
    }
    let (manifest, journal) = (simulation.manifest(), simulation.journal().clone());
    if simulation.watched_from().is_none() {
        return Err("it never settled".to_owned());
    }
    let findings = diagnose(&deployment, &manifest, &journal);
    for open in &findings.open_outages {
        let outage = &findings.outages[open.outage];
        let explanation = &findings.explanations[open.outage];
        if open.why.is_none() {
            let name = &manifest.connections[outage.connection as usize].name;
            return Err(format!(
                "{name} fails since {} as {}, and nothing says why it stays so: {}",
                outage.from,
                outage.error,
                words::explanation::line(explanation)
            ));
        }
    }
    Ok((findings.outages.len(), findings.open_outages.len()))
}

/// Plays seeds on every core; every one that goes wrong is told with its scenario and its plan.
#[expect(
    clippy::disallowed_methods,
    reason = "each run is one thread; many runs need not be"
)]
fn check(seeds: std::ops::Range<u64>) {
    let total = seeds.end - seeds.start;
    let next = Arc::new(Mutex::new(seeds));
    let (sender, receiver) = mpsc::channel();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    for _ in 0..workers {
        let (next, sender) = (Arc::clone(&next), sender.clone());
        thread::spawn(move || {
            loop {
                let Some(seed) = next.lock().expect("no worker panics with it").next() else {
                    return;
                };
                let done = std::panic::catch_unwind(|| play(seed));
                let done = done.unwrap_or_else(|_| Err("a panic".to_owned()));
                if sender.send((seed, done)).is_err() {
                    return;
                }
            }
        });
    }
    drop(sender);
    let (mut wrong, mut outages, mut standing, mut played) = (Vec::new(), 0, 0, 0);
    while played < total {
        match receiver.recv_timeout(PATIENCE) {
            Ok((_, Ok((all, open)))) => (outages, standing) = (outages + all, standing + open),
            Ok((seed, Err(what))) => wrong.push((seed, what)),
            Err(_) => panic!("a run does not end; {played} of {total} seeds are done"),
        }
        played += 1;
    }
    assert!(outages > 0, "faults without an outage are none");
    let told: Vec<String> = wrong
        .iter()
        .take(5)
        .map(|(seed, what)| {
            let drawn = deployed(&scenario(*seed)).drawn.join("\n  ");
            format!("seed {seed}: {what}\n{}  {drawn}\n", scenario(*seed))
        })
        .collect();
    let all: Vec<u64> = wrong.iter().map(|(seed, _)| *seed).collect();
    assert!(
        wrong.is_empty(),
        "{} of {total} seeds go wrong ({standing} of {outages} outages stay for a reason): {all:?}\n\n{}",
        wrong.len(),
        told.join("\n")
    );
}

#[test]
fn a_few_random_plans_heal_or_say_why_not() {
    check(0..24);
}

/// For `.ci/run`: a few minutes.
#[test]
#[ignore = "2,000 seeds"]
fn two_thousand_random_plans_heal_or_say_why_not() {
    check(0..2_000);
}

/// A plan is drawn from the seed alone, and can be pasted: as lines of a scenario it is the same.
#[test]
fn a_drawn_plan_can_be_pasted() {
    for seed in 0..40 {
        let text = scenario(seed);
        let drawn = deployed(&text);
        assert_eq!(drawn.drawn, deployed(&text).drawn);
        let (head, _) = text.split_once("faults:\n").expect("a plan");
        let lines: String = drawn
            .drawn
            .iter()
            .map(|line| format!("  {line}\n"))
            .collect();
        let pasted = deployed(&format!("{head}faults:\n{lines}"));
        let actions = |deployment: &trustsim::world::Deployment| -> Vec<_> {
            let actions = deployment.actions.iter();
            actions
                .map(|timed| (timed.at, timed.action.clone()))
                .collect()
        };
        assert_eq!(actions(&drawn), actions(&pasted), "{text}{lines}");
    }
}

/// Machines and pods get other addresses in random plans, and a load balancer, which gets the one back that it had.
#[test]
fn addresses_change_in_random_plans() {
    let drawn = |application: &str| {
        let text = format!(
            "
name: s
duration: 30d
models:
  m:
    bundle: kubernetes
    applications: {{front: {{{application}, num_units: 2}}}}
faults:
  - {{at: 1d, random: {{count: 60, for: 20d}}}}
"
        );
        let lines = deployed(&text).drawn.into_iter();
        lines
            .filter(|line| line.contains("change-address"))
            .collect::<Vec<String>>()
    };
    let of_pods = drawn("charm: traefik-k8s");
    assert!(
        of_pods.iter().all(|line| line.contains("m.front")),
        "{of_pods:?}"
    );
    assert!(!of_pods.is_empty());
    let fronted = drawn("charm: traefik-k8s, load-balancer: {address: 192.0.2.7}");
    let back = fronted
        .iter()
        .filter(|line| line.contains("to: \"192.0.2.7\""));
    assert!(!fronted.is_empty());
    assert_eq!(back.count() * 2, fronted.len(), "{fronted:?}");
}
