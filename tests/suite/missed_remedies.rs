//! "None of the changes helps" is said of a group of outages only where nothing plain would: deployments of charms of the
//! whole catalogue are played with a plan of faults, and where no remedy is told for a group, what an operator would type
//! first is put into the scenario ten minutes after its longest outage began: each relation made that could be made, each
//! relation made again, each restart, each action that makes certificates anew. None of these may take half of what the
//! group loses away.
//!
//! A few seeds in every test run; `cargo test --test suite missed_remedies:: -- --ignored` plays more.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::common::{catalogued, on_every_core};
use trustsim::diagnosis::{Findings, Likeness, diagnose, outage_groups};
use trustsim::kernel::{Span, Time};
use trustsim::report::words;
use trustsim::scenario::{MemoryFiles, load};
use trustsim::whatif::{Effort, Forks, Outcome, remedies};
use trustsim::world::{Deployment, Manifest, Options, Simulation};

/// How many changes `trustsim run` tries, unless it is told otherwise.
const TRIES: usize = 8;
/// How soon an operator types.
const REACTION: Span = Span::from_secs(600);
/// A group that loses less ends before an operator has understood it.
const WORTH_TYPING: Span = Span::from_secs(4 * 3_600);

/// A played scenario.
struct Played {
    deployment: Arc<Deployment>,
    run: Outcome,
    findings: Findings,
}

impl Played {
    /// `None` where the scenario is refused.
    fn new(text: &str) -> Option<Self> {
        let files = MemoryFiles::new([("s.yaml", text)]);
        let loaded = load(Path::new("s.yaml"), &files).ok()?;
        let record = crate::common::play(&loaded.deployment, Options::default());
        let findings = diagnose(&loaded.deployment, &record.manifest, &record.journal);
        Some(Self {
            deployment: Arc::new(loaded.deployment),
            run: Outcome::of(record.manifest, &record.journal),
            findings,
        })
    }

    /// Whether whatever fails in another run fails in this one, too: between the same applications, of the same cause.
    fn has_all_causes_of(&self, other: &Self) -> bool {
        other.causes().is_subset(&self.causes())
    }

    fn causes(&self) -> BTreeSet<Likeness> {
        let manifest = &self.run.manifest;
        let groups = outage_groups(manifest, &self.findings);
        let likenesses = groups.iter();
        likenesses
            .flat_map(|group| group.likenesses(manifest, &self.findings))
            .collect()
    }

    fn tried(mut self) -> Self {
        let to = |simulation: &mut Simulation, until| simulation.run_until(until);
        let mut forks = Forks::new(Arc::clone(&self.deployment), Effort::UNBOUNDED, to);
        let trials = remedies(&self.deployment, &self.run, &self.findings, TRIES, |it| {
            forks.play(it)
        });
        self.findings.remedies = trials.found;
        self
    }
}

/// How long these connections, by name, fail in all from an instant on.
fn lost(manifest: &Manifest, outcome: &Outcome, names: &BTreeSet<&str>, from: Time) -> Span {
    let end = manifest.end();
    let own = outcome.outages.iter().filter(|outage| {
        let connection = &outcome.manifest.connections[outage.connection as usize];
        names.contains(connection.name.as_str())
    });
    own.map(|outage| outage.until.unwrap_or(end).since(outage.from.max(from)))
        .sum()
}

/// What an operator would type, as lines of `faults:`, from this time on.
fn plain(deployment: &Deployment, at: Span) -> Vec<Vec<String>> {
    let seconds = at.as_secs();
    let mut found = Vec::new();
    let charms: Vec<_> = deployment
        .applications
        .iter_enumerated()
        .map(|(index, application)| {
            let address = deployment.application_address(index).to_string();
            (address, &application.charm)
        })
        .collect();
    for (requirer, charm) in &charms {
        for wants in &charm.endpoints {
            for (provider, other) in &charms {
                for gives in &other.endpoints {
                    if provider == requirer
                        || gives.interface != wants.interface
                        || gives.role == wants.role
                        || wants.role != trustsim::charms::Role::Requirer
                    {
                        continue;
                    }
                    let name = |address: &str| address.split_once('.').map(|it| it.1.to_owned());
                    let (Some(provider), Some(requirer)) = (name(provider), name(requirer)) else {
                        continue;
                    };
                    let ends = format!(
                        "{{model: m, between: ['{requirer}:{}', '{provider}:{}']}}",
                        wants.name, gives.name
                    );
                    let line = |at: u64, what: &str| format!("- {{at: {at}s, {what}: {ends}}}");
                    found.push(vec![line(seconds, "integrate")]);
                    found.push(vec![
                        line(seconds, "remove-relation"),
                        line(seconds + 600, "integrate"),
                    ]);
                }
            }
        }
    }
    for (address, charm) in &charms {
        found.push(vec![format!(
            "- {{at: {seconds}s, restart: {{app: {address}}}}}"
        )]);
        if charm.rotate_ca_action.is_some() {
            found.push(vec![format!(
                "- {{at: {seconds}s, rotate-ca: {{app: {address}}}}}"
            )]);
        }
    }
    found
}

/// What one seed came to.
#[derive(Default)]
struct Found {
    groups: usize,
    unhelped: usize,
    played: usize,
    missed: Vec<String>,
}

fn look_at(seed: u64) -> Found {
    let mut found = Found::default();
    let (head, lines) = catalogued::deciding(seed);
    let with = |more: &[String]| {
        let lines = lines.iter().chain(more).map(|line| format!("  {line}\n"));
        format!("{head}{}", lines.collect::<String>())
    };
    let text = match lines.is_empty() {
        true => return found,
        false => with(&[]),
    };
    let Some(played) = Played::new(&text).map(Played::tried) else {
        panic!("a plan is refused:\n{text}");
    };
    let (manifest, findings) = (&played.run.manifest, &played.findings);
    for group in outage_groups(manifest, findings) {
        found.groups += 1;
        let told = findings
            .remedies
            .best_for(manifest, findings, &group.outages);
        let first = &findings.outages[group.longest()];
        if told.is_some() || first.length(manifest.end()) < WORTH_TYPING {
            continue;
        }
        found.unhelped += 1;
        let names: BTreeSet<&str> = group
            .outages
            .iter()
            .map(|&index| {
                let connection = findings.outages[index].connection;
                manifest.connections[connection as usize].name.as_str()
            })
            .collect();
        let at = first.from.since(manifest.start) + REACTION;
        let typed_at = manifest.start + at;
        let everything: BTreeSet<&str> = manifest
            .connections
            .iter()
            .map(|connection| connection.name.as_str())
            .collect();
        let before = lost(manifest, &played.run, &names, typed_at);
        let all_before = lost(manifest, &played.run, &everything, typed_at);
        for more in plain(&played.deployment, at) {
            let Some(other) = Played::new(&with(&more)) else {
                continue;
            };
            found.played += 1;
            let after = lost(manifest, &other.run, &names, typed_at);
            let all_after = lost(manifest, &other.run, &everything, typed_at);
            let costs_less = all_after < all_before;
            if after * 2 <= before && (costs_less || played.has_all_causes_of(&other)) {
                let cause = &findings.explanations[group.longest()].cause.what;
                found.missed.push(format!(
                    "seed {seed}, {} outages from {}: {}\n  {} tried, {} not, costs less: {costs_less}; helps: {} ({after:?} instead of {before:?})\n{text}",
                    group.outages.len(),
                    first.from,
                    words::cause::line(cause),
                    findings.remedies.tried,
                    findings.remedies.untried,
                    more.join(" "),
                ));
            }
        }
    }
    found
}

fn check(seeds: std::ops::Range<u64>, unhelped_min: usize) {
    let mut all = Found::default();
    let seeds: Vec<u64> = seeds.collect();
    for found in on_every_core(&seeds, |seed| look_at(*seed)) {
        all.groups += found.groups;
        all.unhelped += found.unhelped;
        all.played += found.played;
        all.missed.extend(found.missed);
    }
    let Found {
        groups,
        unhelped,
        played,
        missed,
    } = all;
    assert!(
        missed.is_empty(),
        "{} changes were missed for {unhelped} of {groups} groups of outages, {played} were played\n{}",
        missed.len(),
        missed.join("\n")
    );
    assert!(
        unhelped >= unhelped_min && played >= 5 * unhelped_min,
        "only {unhelped} of {groups} groups without a remedy, {played} changes"
    );
}

#[test]
#[ignore = "200 seeds, each played dozens of times"]
fn nothing_plain_helps_where_none_is_told_to() {
    check(0..200, 60);
}

#[test]
fn nothing_plain_helps_where_none_is_told_to_in_a_few() {
    check(44..50, 1);
}
