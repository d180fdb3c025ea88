//! What is left to chance is part of the answer: which CA of a set is written last, which unit restarts first.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use trustsim::diagnosis::{
    Cause, SeedOutcome, Transit, TrustCause, chance, diagnose, elsewhere, outage_groups,
};
use trustsim::report::words;
use trustsim::scenario::{DiskFiles, load};
use trustsim::whatif::{KeptWorlds, play_seeds, seeds_after};
use trustsim::world::{Deployment, Options, Simulation};

/// traefik writes every CA of a relation to one file, in the order of a Python set.
const ONE_FILE: &str = "scenarios/incidents/a-self-signed-certificates-renewal-one-file.yaml";

fn deployment() -> Deployment {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(ONE_FILE);
    let loaded = load(&path, &DiskFiles);
    loaded
        .unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
        .deployment
}

fn outcomes(deployment: &Deployment, seeds: Vec<u64>, threads: usize) -> Vec<SeedOutcome> {
    let until = deployment.start + deployment.duration;
    let threads = NonZeroUsize::new(threads).expect("not zero");
    let mut kept = KeptWorlds::for_seeds(2);
    play_seeds(
        deployment,
        Options::default(),
        until,
        seeds,
        threads,
        &mut kept,
    )
}

/// What comes of a seed does not depend on what else is played, nor on how many threads play.
#[test]
fn a_seed_comes_to_the_same_alone_and_beside_others() {
    let deployment = deployment();
    let seeds = seeds_after(deployment.seed, 5);
    let together = outcomes(&deployment, seeds.clone(), 3);
    for (seed, outcome) in seeds.into_iter().zip(&together) {
        let mut alone = deployment.clone();
        alone.seed = seed;
        let alone = Arc::new(alone);
        let mut simulation = Simulation::new(Arc::clone(&alone), Options::default());
        simulation.run_until(alone.start + alone.duration);
        let manifest = simulation.manifest();
        let findings = diagnose(&alone, &manifest, simulation.journal());
        let own = SeedOutcome::of(&manifest, &findings);
        assert_eq!(format!("{own:?}"), format!("{outcome:?}"), "seed {seed}");
    }
}

/// The same CA is left in the file with some seeds and not with others: either one is broken for weeks.
#[test]
fn which_ca_is_left_in_one_file_is_a_matter_of_chance() {
    let deployment = deployment();
    let mut seeds = vec![deployment.seed];
    seeds.extend(seeds_after(deployment.seed, 7));
    let outcomes = outcomes(&deployment, seeds, 2);
    let first = outcomes[0].groups.keys().next().expect("it fails");
    let found = chance(&outcomes, &BTreeSet::from([first.clone()])).expect("it comes");
    assert_eq!((found.seeds, found.of), (5, 8));
    assert!(found.least.as_secs() > 48 * 86_400, "{found:?}");
    let others = elsewhere(&outcomes);
    assert_eq!(others.len(), 1, "{others:?}");
    let likeness = others[0].likenesses.first().expect("it is between two");
    assert_eq!(
        (&likeness.client, &likeness.server),
        (&first.client, &first.server)
    );
    assert_eq!(others[0].chance.seeds, 3);
}

#[test]
fn a_deployment_without_an_outage_has_none_with_any_seed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/internal.yaml");
    let loaded = load(&path, &DiskFiles);
    let mut deployment = loaded
        .unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
        .deployment;
    deployment.duration = trustsim::kernel::Span::from_secs(20 * 86_400);
    let outcomes = outcomes(&deployment, seeds_after(deployment.seed, 3), 2);
    assert!(
        outcomes.iter().all(|outcome| outcome.outages == 0),
        "{outcomes:?}"
    );
    assert!(elsewhere(&outcomes).is_empty());
}

/// Three things done to the same server and its client, one after the other.
const THREE_ACTIONS: &str = "
duration: 30d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      t: {charm: traefik-k8s, scale: 2, options: {external_hostname: x.example.com}}
    relations:
      - [t:certificates, ca:certificates]
connections:
  - {from: b, to: m.t, name: x.example.com}
clients: {b: {trusts: [m.ca], refresh: 1d}}
faults:
  - {at: 10d, distrust: {client: b, ca: m.ca, for: 5h}}
  - {at: 15d, hang-up: {app: m.t, for: 3h}}
  - {at: 20d, plaintext: {unit: m.t/1, for: 2h}}
";

/// What two actions led to between the same applications is counted apart: 18 h were told of each, the sum of all.
#[test]
fn what_two_actions_led_to_is_counted_apart() {
    let deployment = crate::common::deployed(THREE_ACTIONS);
    let record = crate::common::play(&deployment, Options::default());
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    let own = SeedOutcome::of(&record.manifest, &findings);
    let mut outcomes = vec![own];
    outcomes.extend(outcomes_of(&deployment));
    let groups = outage_groups(&record.manifest, &findings);
    let told: Vec<(usize, u64, u64)> = groups
        .iter()
        .map(|group| {
            let likenesses = group.likenesses(&record.manifest, &findings);
            let found = chance(&outcomes, &likenesses).expect("it comes");
            assert_eq!(found.most, group.lost);
            (found.seeds, found.least.as_secs(), found.most.as_secs())
        })
        .collect();
    let hours = |hours: u64| (3, hours * 3600, hours * 3600);
    assert_eq!(told, [hours(10), hours(6), hours(2)]);
    assert_eq!(outcomes[0].groups.len(), 3, "a row of seeds.csv for each");
}

fn outcomes_of(deployment: &Deployment) -> Vec<SeedOutcome> {
    outcomes(deployment, seeds_after(deployment.seed, 2), 2)
}

/// A provider of `certificate_transfer` that keeps one field for peers of version 0 writes the first of a set there
/// (canonical/charmlibs interfaces/certificate_transfer `_set_relation_data`).
const ONE_PICKED: &str = "
duration: 300d
models:
  pki:
    bundle: kubernetes
    applications:
      root: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
  web:
    bundle: kubernetes
    applications:
      t: {charm: traefik-k8s, channel: latest/stable, revision: 249, scale: 1}
      graf: {charm: grafana-k8s, channel: 1/stable, scale: 1}
      cat: {charm: alertmanager-k8s, channel: 1/stable, scale: 1}
      own: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
    relations:
      - [graf:certificates, own:certificates]
      - [cat:certificates, own:certificates]
      - [t:receive-ca-cert, own:send-ca-cert]
connections:
  - {from: web.t, to: web.graf}
  - {from: web.t, to: web.cat}
";

/// The new CA is picked with some seeds, and the old one with others: that was told as a matter of which unit gets its
/// next certificate first, and once for each server.
#[test]
fn what_a_provider_picks_is_what_decides() {
    let deployment = crate::common::deployed(ONE_PICKED);
    let mut seeds = vec![deployment.seed];
    seeds.extend(seeds_after(deployment.seed, 7));
    let mut outcomes = outcomes(&deployment, seeds, 2);
    let fails: Vec<bool> = outcomes.iter().map(|each| each.outages > 0).collect();
    let (first, holds) = (
        fails.iter().position(|fails| *fails),
        fails.iter().position(|fails| !fails),
    );
    let first = first.expect("the new CA is picked with some seed");
    let holds = holds.expect("the old CA is picked with some seed");
    let cause = outcomes[first].groups.values().next().expect("it fails");
    assert!(
        matches!(
            &cause.cause,
            Cause::Trust(TrustCause::OldCaDropped {
                only_one: Some(Transit::OneOfSeveral { .. }),
                ..
            })
        ),
        "{:?}",
        cause.cause
    );
    let found = chance(&outcomes, &outcomes[first].groups.keys().cloned().collect());
    let line = words::chance::told(&found.expect("it comes"), &cause.cause);
    assert!(
        line.ends_with(": which CA of a set is the first decides it"),
        "{line}"
    );
    // One cause, whichever servers it is about.
    outcomes.swap(0, holds);
    let others = elsewhere(&outcomes);
    assert_eq!(others.len(), 1, "{others:?}");
    assert_eq!(others[0].likenesses.len(), 2, "{others:?}");
}

/// The leader's certificate is taken away where the unit that leads is the one that is removed, which a seed decides.
const LEADER_OR_NOT: &str = "
duration: 60d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      t: {charm: traefik-k8s, channel: latest/edge, scale: 3, options: {external_hostname: x.example.com}}
    relations:
      - [t:certificates, ca:certificates]
connections:
  - {from: b, to: m.t, name: x.example.com}
clients: {b: {trusts: [m.ca], refresh: 1d}}
faults:
  - {at: 20d, remove-unit: {unit: m.t/2}}
expect:
  - no-failures: {}
";

/// A run whose expectation held with its own seed and was broken with three of eight had passed.
#[test]
fn a_run_that_fails_with_another_seed_has_not_passed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), LEADER_OR_NOT).expect("written");
    let ran = |seeds: &str| {
        let arguments = [
            "run",
            "s.yaml",
            "-o",
            "out",
            "--remedies",
            "0",
            "--seeds",
            seeds,
        ];
        let output = crate::common::trustsim(folder.path(), &arguments);
        let summary = std::fs::read(folder.path().join("out/summary.json")).expect("a summary");
        let summary: serde_json::Value = serde_json::from_slice(&summary).expect("JSON");
        let text = String::from_utf8(output.stdout).expect("text");
        (output.status.code(), summary, text)
    };
    let (code, summary, text) = ran("8");
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(summary["verdict"], "passed-with-this-seed");
    assert_eq!(summary["passed"], false);
    let breaking = &summary["expectations"]["held"][0]["broken_with_seeds"];
    let breaking = breaking.as_array().expect("a list");
    assert!((1..8).contains(&breaking.len()), "{breaking:?}");
    assert!(text.contains("passed with seed 1"), "{text}");
    let command = format!("trustsim run SCENARIO --seed {}", breaking[0]);
    assert!(text.contains(&command), "{command}\n{text}");
    let (code, summary, text) = ran("1");
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(summary["verdict"], "passed");
}

/// The address changes at the last instant of the run, and so does the verdict: that such an outage comes with both seeds and
/// loses nothing broke an assertion.
#[test]
fn an_outage_that_begins_as_the_run_ends_comes_with_each_seed() {
    let folder = tempfile::tempdir().expect("a folder");
    let incident = "scenarios/incidents/36-opensearch-operator-394-reload.yaml";
    let incident = format!("{}/{incident}", env!("CARGO_MANIFEST_DIR"));
    let play = ["run", &incident, "-o", "out", "--until", "5d"];
    let few = ["--seeds", "2", "--remedies", "0"];
    let output = crate::common::trustsim(folder.path(), &[&play[..], &few].concat());
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("with each of 2 seeds, 0s lost"), "{said}");
}
