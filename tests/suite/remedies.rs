//! Remedies are played, not guessed: each one shown ends or shortens what it says, in a run of its
//! own here, and none is shown that does not.

mod audited;

use std::path::Path;

use trustsim::diagnosis::{Command, Findings, diagnose, outages};
use trustsim::kernel::Span;
use trustsim::report::words;
use trustsim::scenario::{self, MemoryFiles};
use trustsim::validators::ErrorKind;
use trustsim::whatif::{Future, Outcome, remedies};
use trustsim::world::{Deployment, Options};

fn found(deployment: &Deployment, tries_max: usize) -> Findings {
    let record = crate::common::play(deployment, Options::default());
    let mut findings = diagnose(deployment, &record.manifest, &record.journal);
    let play = crate::common::forks(deployment);
    let run = Outcome::of(record.manifest, &record.journal);
    findings.remedies = remedies(deployment, &run, &findings, tries_max, play).found;
    findings
}

/// What an operator types.
fn typed(commands: &[Command]) -> Vec<String> {
    commands.iter().map(words::command::text).collect()
}

fn inline(text: &str) -> Deployment {
    let files = MemoryFiles::new([("it.yaml", text)]);
    let loaded = scenario::load(Path::new("it.yaml"), &files);
    let loaded = loaded.unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)));
    loaded.deployment
}

#[test]
fn a_missing_transfer_is_integrated_beforehand() {
    let findings = found(&crate::common::load_named("missing-transfer"), 8);
    let best = findings.remedies.best(0).expect("there is a remedy");
    let command = "juju integrate -m a traefik:receive-ca-cert ca:send-ca-cert";
    assert_eq!(typed(&best.commands), [command]);
    assert_eq!(best.at, None);
    assert_eq!(best.ends.len(), findings.outages.len());
    assert!(best.lost_after.is_zero() && best.breaks.is_empty());
}

const TWO_MODELS: &str = "
name: two models
seed: 1
duration: 10d
models:
  pki:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      api: {charm: api, scale: 1}
    relations:
      - [api:certificates, ca:certificates]
  apps:
    bundle: kubernetes
    applications:
      web: {charm: web, scale: 2}
charms:
  api:
    requires: {certificates: {interface: tls-certificates, mode: unit}}
  web:
    requires: {ENDPOINT}
connections:
  - {from: apps.web, to: pki.api, every: 60s}
";

/// The forms that `juju help offer`, `consume` and `integrate` give.
#[test]
fn trust_from_another_model_takes_an_offer() {
    let takes = "receive-ca-cert: {interface: certificate_transfer}";
    let findings = found(&inline(&TWO_MODELS.replace("ENDPOINT", takes)), 8);
    let best = findings.remedies.best(0).expect("there is a remedy");
    let commands = [
        "juju offer pki.ca:send-ca-cert ca",
        "juju consume -m apps admin/pki.ca",
        "juju integrate -m apps web:receive-ca-cert ca:send-ca-cert",
    ];
    assert_eq!(typed(&best.commands), commands);
    assert_eq!(best.ends, [0, 1]);
}

#[test]
fn nothing_is_shown_where_nothing_helps() {
    let findings = found(&inline(&TWO_MODELS.replace("ENDPOINT", "")), 8);
    assert_eq!(findings.outages.len(), 2);
    assert!(findings.remedies.tried > 0, "restarts were tried");
    assert_eq!(findings.remedies.proven, []);
}

#[test]
fn what_was_not_allowed_is_counted() {
    let findings = found(&crate::common::load_named("missing-transfer"), 0);
    assert_eq!(findings.remedies.tried, 0);
    assert!(findings.remedies.untried > 0);
}

/// Every outage that a remedy says it ends is gone when its commands are in the run: checked by
/// names and times, without the code that compared them.
#[test]
fn what_is_claimed_holds() {
    let deployment = crate::common::load_named("reference-architecture");
    let before = crate::common::play(&deployment, Options::default());
    let findings = diagnose(&deployment, &before.manifest, &before.journal);
    let mut runs = Vec::new();
    let mut play = crate::common::forks(&deployment);
    let run = Outcome::of(before.manifest.clone(), &before.journal);
    let trials = remedies(&deployment, &run, &findings, 4, |future| {
        let played = play(future)?;
        runs.push(played.clone());
        Ok(played)
    });
    let proven = trials.found;
    // A setting that helps is played once more, as it would be typed later.
    assert!(proven.tried <= runs.len() && runs.len() <= proven.tried + proven.proven.len());
    assert!(!proven.proven.is_empty());
    let end = before.manifest.start + before.manifest.duration;
    for remedy in &proven.proven {
        let lost = |failing: &[trustsim::diagnosis::Outage]| {
            let lengths = failing.iter().map(|outage| outage.length(end));
            lengths.sum::<std::time::Duration>()
        };
        let mut runs = runs.iter();
        let run = runs.find(|run| lost(&run.outages) == remedy.lost_after);
        let run = run.expect("it was played");
        let (manifest, failing) = (&run.manifest, &run.outages);
        assert_eq!(remedy.lost_before, lost(&findings.outages));
        for ended in &remedy.ends {
            let outage = &findings.outages[*ended];
            let name = &before.manifest.connections[outage.connection as usize].name;
            let until = outage.until.unwrap_or(end);
            let still = failing.iter().any(|other| {
                manifest.connections[other.connection as usize].name == *name
                    && other.from < until
                    && other.until.unwrap_or(end) > outage.from
            });
            assert!(
                !still,
                "{} does not end {name}",
                words::remedy::line(remedy)
            );
        }
    }
    let worst = (0..findings.outages.len()).max_by_key(|at| findings.outages[*at].length(end));
    let best = proven.best(worst.expect("it fails")).expect("a remedy");
    assert_eq!(
        typed(&best.commands),
        ["juju config -m a ca root-ca-validity=3650d"]
    );
}

/// The person who is waited for comes within an hour, and nothing expires.
#[test]
fn an_operator_who_comes_in_time_is_a_remedy() {
    let findings = found(&crate::common::load_named("vault-sealed"), 8);
    let worst = (0..findings.outages.len())
        .max_by_key(|index| findings.outages[*index].length(findings_end(&findings)));
    let best = findings
        .remedies
        .best(worst.expect("it fails"))
        .expect("a remedy");
    assert_eq!(
        typed(&best.commands),
        ["on-call answers what shop.vault waits for within 1h"]
    );
    assert_eq!(best.ends, [0]);
    // An hour is lost of the connection that had luck, and it says so: Vault is sealed each time it restarts.
    assert!(best.lost_after * 40 < best.lost_before, "{best:?}");
    assert_eq!(best.breaks, ["browser -> shop.web-lucky/0"]);
}

/// Without an operator in the scenario a Vault is never initialized: that one does what it waits for is a remedy.
#[test]
fn an_operator_who_is_missing_is_a_remedy() {
    let text = "
name: uninitialized
duration: 30d
models:
  m:
    applications:
      vault: {charm: vault, channel: 1.8/stable, num_units: 1, options: {auto-generate-root-ca-cert: true}}
      etcd: {charm: etcd, channel: latest/stable, num_units: 2}
    relations: [[etcd:certificates, vault:certificates]]
connections: derived
";
    let findings = found(&crate::common::deployed(text), 8);
    let best = findings.remedies.best(0).expect("a remedy");
    assert_eq!(
        typed(&best.commands),
        ["operator answers what m.vault waits for within 1h"]
    );
    assert!(best.lost_after * 40 < best.lost_before, "{best:?}");
}

fn findings_end(findings: &Findings) -> trustsim::kernel::Time {
    let ends = findings.outages.iter().filter_map(|outage| outage.until);
    ends.max().expect("they end")
}

/// What blocks a provider is undone with the command that sets it as it was.
#[test]
fn a_setting_that_blocks_is_set_back() {
    let findings = found(
        &crate::common::load_named("reference-architecture-pki-outage"),
        16,
    );
    let expired = findings
        .outages
        .iter()
        .position(|outage| outage.error == ErrorKind::Expired);
    let best = findings.remedies.best(expired.expect("something expires"));
    let best = best.expect("a remedy");
    assert!(
        typed(&best.commands)[0].starts_with("juju config -m pki tls "),
        "{best:?}"
    );
    assert!(
        best.at
            .is_some_and(|at| at < findings.outages[expired.expect("found")].from)
    );
}

/// A world that is copied and played on fails when and as one does that had the change in its plan
/// from the start: nothing of it waits outside the copy, and nothing is drawn anew.
#[test]
fn a_fork_is_a_run_with_the_change_in_its_plan() {
    let mut compared = 0;
    for path in crate::common::scenario_files() {
        let deployment =
            crate::common::cut(&crate::common::load(&path), Span::from_secs(100 * 86_400));
        if deployment.applications.len() > 12 {
            continue;
        }
        let before = crate::common::play(&deployment, Options::default());
        let findings = diagnose(&deployment, &before.manifest, &before.journal);
        let mut play = crate::common::forks(&deployment);
        let run = Outcome::of(before.manifest.clone(), &before.journal);
        remedies(&deployment, &run, &findings, 4, |future| {
            let later = match &future {
                Future::FromStart(_) => None,
                Future::From(_, additions) => Some(additions.clone()),
            };
            let outcome = play(future)?;
            if let Some(additions) = later {
                let mut whole = deployment.clone();
                whole.offers.extend(additions.offers);
                whole.saas.extend(additions.saas);
                whole.actions.extend(additions.actions);
                let record = crate::common::play(&whole, Options::default());
                let name = path.display();
                let connections = &outcome.manifest.connections;
                assert_eq!(*connections, record.manifest.connections, "{name}");
                let known: Vec<_> = outages(&record.manifest, &record.journal);
                assert_eq!(outcome.outages, known, "{name}");
                compared += 1;
            }
            Ok(outcome)
        });
    }
    assert!(compared >= 10, "only {compared} futures");
}

/// A charm that writes what it is told and never again: what went with the container comes over a
/// relation that is made again (the symptom is that of canonical/traefik-k8s-operator#436).
#[test]
fn what_went_with_a_container_comes_over_a_relation_made_again() {
    let takes = "receive-ca-cert: {interface: certificate_transfer, restores: false}";
    let related = "ca-of-pki: {url: admin/pki.ca}";
    let text = TWO_MODELS
        .replace("ENDPOINT", takes)
        .replace("{charm: self-signed-certificates, scale: 1}", "{charm: self-signed-certificates, scale: 1, offers: {ca: {endpoints: [send-ca-cert]}}}")
        .replace("  apps:\n    bundle: kubernetes\n", &format!("  apps:\n    bundle: kubernetes\n    saas:\n      {related}\n"))
        .replace("      web: {charm: web, scale: 2}\n", "      web: {charm: web, scale: 1}\n    relations:\n      - [web:receive-ca-cert, ca-of-pki]\n");
    let text = format!("{text}faults:\n  - {{at: 5d, kill-unit: {{unit: apps.web/0}}}}\n");
    let findings = found(&inline(&text), 8);
    let commands = [
        "juju remove-relation -m apps ca-of-pki:send-ca-cert web:receive-ca-cert",
        "juju integrate -m apps ca-of-pki:send-ca-cert web:receive-ca-cert",
    ];
    let mut proven = findings.remedies.proven.iter();
    let again = proven.find(|remedy| {
        let later = remedy.later.iter().map(|(_, command)| command.clone());
        let all: Vec<Command> = remedy.commands.iter().cloned().chain(later).collect();
        typed(&all) == commands
    });
    let again = again.expect("it is proven beside a better charm");
    assert_eq!(again.shortens.len(), 1, "{again:?}");
}
