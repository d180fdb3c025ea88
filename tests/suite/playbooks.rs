//! The playbooks of `scenarios/playbooks/`: each comes out as it says, and each breaks when a phase
//! is left out, a client is forgotten or a pause is a second too short.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use trustsim::diagnosis::{Findings, diagnose};
use trustsim::scenario::{self, MemoryFiles};
use trustsim::world::{Deployment, Options, Simulation};

/// Phases that do no harm when they are left out, by playbook: what they do is done by another.
///
/// A bridge carries clients until the withdrawal gives them the new root, renewals stand in for a
/// re-issue where the hold is long, a workload that gets a certificate restarts anyway, and a root
/// with the same key needs no client to know it.
const HARMLESS: [(&str, &str); 11] = [
    ("p02-teleport-rollback", "prepare"),
    ("p02-teleport-rollback", "switch-issuer"),
    ("p02-teleport-rollback", "re-issue"),
    ("p02-teleport-rollback", "roll-back"),
    ("p02-teleport-rollback", "withdraw"),
    ("p03-vault-pki", "distribute"),
    ("p12-consul", "re-issue"),
    ("p12-consul", "distribute"),
    ("p13-openshift", "re-issue"),
    ("p13-openshift", "withdraw"),
    ("p16-same-key", "distribute"),
];

/// Where the first connection fails, and with what, when a phase is left out.
const FIRST_EDGES: [(&str, &str, &str); 12] = [
    (
        "p01-kubernetes-manual",
        "reload",
        "shop.web -> shop.api: unknown-issuer",
    ),
    (
        "p01-kubernetes-manual",
        "re-issue",
        "browser -> shop.api: unknown-issuer",
    ),
    (
        "p02-teleport",
        "distribute",
        "shop.web -> shop.api: unknown-issuer",
    ),
    (
        "p03-vault-pki",
        "cross-sign",
        "shop.web -> shop.api: unknown-issuer",
    ),
    (
        "p05-spire",
        "distribute",
        "shop.web -> shop.api: unknown-issuer",
    ),
    (
        "p05-spire",
        "switch-issuer",
        "shop.web -> shop.api: expired",
    ),
    (
        "p06-istio",
        "distribute",
        "mesh.web -> mesh.api: unknown-issuer",
    ),
    (
        "p07-linkerd",
        "reload",
        "shop.web -> shop.api: unknown-issuer",
    ),
    (
        "p11-trust-manager",
        "re-issue",
        "shop.web -> shop.api: unknown-issuer",
    ),
    (
        "p12-consul",
        "cross-sign",
        "shop.web -> shop.api: unknown-issuer",
    ),
    ("p13-openshift", "reload", "shop.web -> shop.api: expired"),
    (
        "p14-strimzi",
        "distribute",
        "shop.zookeeper -> shop.broker: no-client-certificate",
    ),
];

struct Playbook {
    name: String,
    text: String,
}

fn playbooks() -> Vec<Playbook> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/playbooks");
    let entries = std::fs::read_dir(&folder).expect("the project has playbooks");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(files.len() >= 15, "{files:?}");
    let playbook = |path: PathBuf| Playbook {
        name: path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned(),
        text: std::fs::read_to_string(&path).expect("text"),
    };
    files.into_iter().map(playbook).collect()
}

/// A run of a text, and its findings.
fn played(text: &str) -> (Arc<Deployment>, trustsim::world::Record, Findings) {
    let files = MemoryFiles::new([("playbook.yaml", text)]);
    let loaded = scenario::load(Path::new("playbook.yaml"), &files);
    let loaded = loaded.unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
    let deployment = Arc::new(loaded.deployment);
    let record = Simulation::new(Arc::clone(&deployment), Options::default()).finish();
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    (deployment, record, findings)
}

fn passes(text: &str) -> bool {
    played(text).2.passed()
}

/// The steps of the rotation as (line, kind).
fn steps(text: &str) -> Vec<(usize, &str)> {
    let lines = text.lines().enumerate();
    let steps = lines.filter_map(|(number, line)| {
        let kind = line.strip_prefix("        - ")?.split(':').next()?;
        Some((number, kind))
    });
    steps.collect()
}

fn without(text: &str, gone: usize) -> String {
    let lines = text.lines().enumerate();
    let kept: Vec<&str> = lines
        .filter(|(number, _)| *number != gone)
        .map(|(_, line)| line)
        .collect();
    kept.join("\n")
}

fn with_line(text: &str, at: usize, other: &str) -> String {
    let lines = text.lines().enumerate();
    let lines: Vec<&str> = lines
        .map(|(number, line)| if number == at { other } else { line })
        .collect();
    lines.join("\n")
}

#[test]
fn every_playbook_comes_out_as_it_says() {
    for playbook in playbooks() {
        let (deployment, _, findings) = played(&playbook.text);
        assert_eq!(deployment.name, playbook.name);
        assert!(
            findings.passed(),
            "{}: {:?}",
            playbook.name,
            findings.expectations
        );
        assert!(
            !findings.expectations.is_empty(),
            "{} expects nothing",
            playbook.name
        );
    }
}

/// Each phase but pauses and assertions, left out by itself.
#[test]
fn a_phase_that_is_left_out_breaks_a_playbook() {
    let (mut tried, mut harmless, mut edges) = (0, Vec::new(), 0);
    for playbook in playbooks() {
        for (line, kind) in steps(&playbook.text) {
            if ["hold", "assert"].contains(&kind) {
                continue;
            }
            tried += 1;
            let (deployment, record, findings) = played(&without(&playbook.text, line));
            if findings.passed() {
                let known = HARMLESS.contains(&(playbook.name.as_str(), kind));
                assert!(known, "{} without {kind} passes", playbook.name);
                harmless.push((playbook.name.clone(), kind.to_owned()));
                continue;
            }
            let first = FIRST_EDGES
                .iter()
                .find(|(name, phase, _)| *name == playbook.name && *phase == kind);
            let Some((_, _, expected)) = first else {
                continue;
            };
            let begins = deployment.start + deployment.rotations[0].at;
            let Some(outage) = findings.outages.iter().find(|outage| outage.from >= begins) else {
                // The same phase twice: the one that only cleans up breaks no connection.
                continue;
            };
            let connection = &record.manifest.connections[outage.connection as usize];
            let application = |name: &str| name.split('/').next().unwrap_or(name).to_owned();
            let edge = format!(
                "{} -> {}: {}",
                application(&connection.client),
                application(&connection.server),
                outage.error
            );
            assert_eq!(edge, *expected, "{} without {kind}", playbook.name);
            edges += 1;
        }
    }
    assert!(tried >= 70, "only {tried} phases");
    assert!(
        edges >= FIRST_EDGES.len(),
        "only {edges} of them were seen to break"
    );
    for (name, kind) in HARMLESS {
        let known = (name.to_owned(), kind.to_owned());
        assert!(harmless.contains(&known), "{name} needs {kind} now");
    }
}

/// The browser is neither told nor fetches anything.
#[test]
fn one_stale_client_breaks_a_playbook() {
    let mut tried = 0;
    for playbook in playbooks() {
        let mut text = String::new();
        for line in playbook.text.lines() {
            let line = match line.find(", refresh: ") {
                Some(at) => {
                    let rest = &line[at + 2..];
                    let end = rest.find([',', '}']).expect("a mapping");
                    format!("{}{}", &line[..at], &rest[end..])
                }
                None => line.to_owned(),
            };
            let line = line
                .replace("distribute: {", "distribute: {except: [browser], ")
                .replace("withdraw: {", "withdraw: {except: [browser], ")
                .replace(", }", "}");
            text.push_str(&line);
            text.push('\n');
        }
        if !text.contains("except: [browser]") {
            continue;
        }
        tried += 1;
        assert!(
            !passes(&text),
            "{} with a stale browser passes",
            playbook.name
        );
    }
    assert!(tried >= 13, "only {tried}");
}

/// Every pause that is needed, cut down to where it just does: one second less breaks the playbook.
/// OpenShift's years are left to `tests/suite/rotation.rs`, which solves for them.
#[test]
fn a_pause_one_second_short_breaks_a_playbook() {
    let mut with_pauses = Vec::new();
    let all = playbooks().into_iter();
    for playbook in all.filter(|playbook| playbook.name != "p13-openshift") {
        let mut needed = 0;
        for (line, kind) in steps(&playbook.text) {
            if kind != "hold" {
                continue;
            }
            let written = playbook.text.lines().nth(line).expect("a line");
            let length = written.split(": ").nth(1).expect("a length");
            let length = trustsim::kernel::parse_duration(length)
                .expect("a duration")
                .as_secs();
            let does = |seconds: u64| {
                let held = format!("        - hold: {seconds}s");
                passes(&with_line(&playbook.text, line, &held))
            };
            if does(0) {
                continue;
            }
            needed += 1;
            let (mut fails, mut enough) = (0, length);
            while fails + 1 < enough {
                let middle = u64::midpoint(fails, enough);
                if does(middle) {
                    enough = middle;
                } else {
                    fails = middle;
                }
            }
            assert!(
                does(enough) && !does(enough - 1),
                "{} at {line}",
                playbook.name
            );
        }
        if needed > 0 {
            with_pauses.push(playbook.name);
        }
    }
    assert!(with_pauses.len() >= 11, "{with_pauses:?}");
}

/// Forced without a bridge, or at the pace of renewals without the wait, Consul's way loses.
#[test]
fn what_consul_calls_a_forced_rotation_is_not_without_downtime() {
    let all = playbooks();
    let consul = all.iter().find(|playbook| playbook.name == "p12-consul");
    let text = &consul.expect("it is there").text;
    let renewed = text.replace("        - re-issue: {jitter: 30s, per-hour: 3600}\n", "");
    assert!(passes(&renewed), "six days are more than a leaf lives");
    assert!(!passes(&renewed.replace("- hold: 6d", "- hold: 6h")));
    assert!(
        passes(&text.replace("- hold: 6d", "- hold: 2h")),
        "signed again, none waits"
    );
}
