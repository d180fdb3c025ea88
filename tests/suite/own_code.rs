//! Charms that are played by their own code: the charms of `tests/charms`, with the real `ops` and `charmlibs`, beside what is
//! built in, and what a charm with a mistake in it does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::{deployed, errors, play_every_hook, trustsim};
use trustsim::diagnosis::diagnose;
use trustsim::kernel::{Span, Time};
use trustsim::world::{Deployment, Kind, Options, Record, Simulation};

/// A copy of a charm of `tests/charms`, changed.
pub(crate) fn changed_charm(name: &str, from: &str, to: &str) -> tempfile::TempDir {
    let charm = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/charms")
        .join(name);
    let copy = tempfile::tempdir().expect("a folder");
    fs::create_dir(copy.path().join("src")).expect("a folder is made");
    for file in ["charmcraft.yaml", "src/charm.py"] {
        let text = fs::read_to_string(charm.join(file)).expect("a file of the project");
        fs::write(copy.path().join(file), text.replace(from, to)).expect("a file is written");
    }
    copy
}

/// A CA, a server and a client, each with a charm of this kind; on day 60 the CA is replaced.
fn scenario(charms: &str, ca: &str, pod: &str, days: u32) -> String {
    scenario_on("kubernetes", charms, ca, pod, days)
}

/// The same on this kind of cloud.
fn scenario_on(bundle: &str, charms: &str, ca: &str, pod: &str, days: u32) -> String {
    let faults = match days > 60 {
        true => "faults:\n  - {at: 60d, run-action: {unit: ca/0, action: rotate-private-key}}\n",
        false => "",
    };
    let (cloud, units) = match bundle {
        "kubernetes" => ("bundle: kubernetes\n    ", "scale: 1"),
        _ => ("", "num_units: 1"),
    };
    format!(
        "duration: {days}d
models:
  prod:
    {cloud}applications:
      ca: {{charm: {ca}, {units}}}
      web: {{charm: {pod}, {units}}}
      other: {{charm: {pod}, {units}}}
    relations:
      - [ca:certificates, web:certificates]
      - [ca:send-ca-cert, web:receive-ca-cert]
      - [ca:certificates, other:certificates]
      - [ca:send-ca-cert, other:receive-ca-cert]
charms:
{charms}
clients:
  operator: {{trusts: [ca], refresh: 1d}}
connections:
  - {{from: other, to: web, every: 1m}}
  - {{from: operator, to: web, every: 1m}}
{faults}"
    )
}

fn of_their_own_code(python: &Path, pod: &Path, days: u32) -> Deployment {
    let charms = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charms");
    let (provider, python) = (charms.join("provider"), python.display());
    let charms = format!(
        "  test-provider: {{source: {}, python: {python}}}
  test-pod: {{source: {}, python: {python}, system-roots: false}}",
        provider.display(),
        pod.display(),
    );
    deployed(&scenario(&charms, "test-provider", "test-pod", days))
}

fn built_in(days: u32) -> Deployment {
    let charms = "  self-signed-certificates:
    options: {ca-common-name: {default: Test Root}, certificate-validity: {default: 30d}, root-ca-validity: {default: 365d}}
  pod:
    system-roots: false
    containers: {web: {}}
    requires:
      certificates: {interface: tls-certificates, limit: 1}
      receive-ca-cert: {interface: certificate_transfer, store: bundle}";
    deployed(&scenario(charms, "self-signed-certificates", "pod", days))
}

/// The consumer of `tests/charms/machine`, or one that is made of it, with the provider beside it on machines.
fn on_machines(python: &Path, machine: &Path, days: u32) -> Deployment {
    let charms = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charms");
    let (provider, python) = (charms.join("provider"), python.display());
    let charms = format!(
        "  test-provider: {{source: {}, python: {python}}}
  test-machine: {{source: {}, python: {python}, system-roots: false}}",
        provider.display(),
        machine.display(),
    );
    deployed(&scenario_on(
        "machines",
        &charms,
        "test-provider",
        "test-machine",
        days,
    ))
}

fn built_in_on_machines(days: u32) -> Deployment {
    let charms = "  self-signed-certificates:
    options: {ca-common-name: {default: Test Root}, certificate-validity: {default: 30d}, root-ca-validity: {default: 365d}}
  machine:
    system-roots: false
    requires:
      certificates: {interface: tls-certificates, limit: 1}
      receive-ca-cert: {interface: certificate_transfer, store: bundle}";
    deployed(&scenario_on(
        "machines",
        charms,
        "self-signed-certificates",
        "machine",
        days,
    ))
}

fn machine() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charms/machine")
}

pub(crate) fn pod() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charms/pod")
}

/// Plays to the end, with what the units see in Juju then, and asserts that all of it was played.
fn played(deployment: Deployment) -> (Record, BTreeMap<String, BTreeSet<String>>) {
    let deployment = Arc::new(deployment);
    let end = deployment.start + deployment.duration;
    let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
    simulation.run_until(end);
    for application in &deployment.applications {
        if let Some(source) = &application.charm.source {
            assert_eq!(source.0.unplayed(), Vec::<String>::new());
        }
    }
    let keys = databag_keys(&simulation);
    (simulation.finish(), keys)
}

/// The keys of the databags of each unit and application, with those of what is in them.
fn databag_keys(simulation: &Simulation) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for unit in ["ca/0", "web/0", "other/0"] {
        let shown = simulation.show_unit("prod", unit).expect("it is there");
        let mut keys = BTreeSet::new();
        add_keys("", &shown["relation-info"], &mut keys);
        found.insert(unit.to_owned(), keys);
    }
    found
}

fn add_keys(path: &str, value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                found.insert(format!("{path}/{key}"));
                add_keys(&format!("{path}/{key}"), value, found);
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                add_keys(path, item, found);
            }
        }
        serde_json::Value::String(text) => {
            let parsed: Option<serde_json::Value> = serde_json::from_str(text).ok();
            match parsed {
                Some(inner) if inner.is_array() || inner.is_object() => {
                    add_keys(path, &inner, found)
                }
                _ => {}
            }
        }
        _ => {}
    }
}

/// Of each certificate its common name, its other names, how long it lives, whether it is a CA, and in which minute it was
/// made.
fn issued(record: &Record) -> Vec<(String, Vec<String>, u64, bool, u64)> {
    let entries = record.journal.entries().iter();
    let mut found: Vec<_> = entries
        .filter_map(|entry| match &entry.kind {
            Kind::CertificateIssued(issued) => {
                let certificate = &issued.certificate;
                let lives = certificate.not_after().since(certificate.not_before());
                Some((
                    certificate
                        .subject_common_name()
                        .unwrap_or_default()
                        .to_owned(),
                    certificate.sans().to_vec(),
                    lives.as_secs(),
                    certificate.is_ca(),
                    entry.time.as_seconds() / 60,
                ))
            }
            _ => None,
        })
        .collect();
    found.sort();
    found
}

/// The outages of at least a minute, to the minute, by connection.
fn outages(record: &Record, deployment: &Deployment) -> Vec<(String, u64, Option<u64>)> {
    let found = diagnose(deployment, &record.manifest, &record.journal);
    let minute = |at: Time| at.as_seconds() / 60;
    let lasting = found.outages.iter().filter(|outage| {
        let until = outage.until;
        until.is_none_or(|until| until.since(outage.from) >= Span::from_secs(60))
    });
    let name = |at: u32| record.manifest.connections[at as usize].name.to_string();
    lasting
        .map(|outage| {
            let until = outage.until.map(minute);
            (name(outage.connection), minute(outage.from), until)
        })
        .collect()
}

#[test]
fn own_code_and_what_is_built_in_give_the_same() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let (own, model) = (of_their_own_code(&python, &pod(), 120), built_in(120));
    let (played_own, own_keys) = played(own.clone());
    let (played_model, model_keys) = played(model.clone());
    assert_eq!(own_keys, model_keys);
    assert_eq!(issued(&played_own), issued(&played_model));
    let seen = outages(&played_own, &own);
    assert_eq!(seen, outages(&played_model, &model));
    assert!(
        !seen.is_empty(),
        "the operator is told of the new CA a day later"
    );
    // Another process, and other answers than those that it remembers: the same bytes.
    let (again, _) = played(of_their_own_code(&python, &pod(), 120));
    assert_eq!(
        again.journal.fingerprint(),
        played_own.journal.fingerprint()
    );
}

#[test]
fn a_mistake_in_the_code_has_the_outage_that_it_must_have() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    // It restarts for its first certificate, and for no other.
    let stale = changed_charm(
        "pod",
        "changed = self._write_certificate()\n",
        "first = not self.container.exists(CERTIFICATE)\n        changed = self._write_certificate() and first\n",
    );
    let deployment = of_their_own_code(&python, stale.path(), 40);
    let (record, _) = played(deployment.clone());
    let entries = record.journal.entries().iter();
    let mut leaves = entries.filter_map(|entry| match &entry.kind {
        Kind::CertificateIssued(issued) if !issued.certificate.is_ca() => Some(&issued.certificate),
        _ => None,
    });
    let web = leaves.find(|leaf| leaf.dns_names().any(|name| name.starts_with("web-0")));
    let end = web.expect("there is one").not_after().as_seconds() / 60;
    let found = outages(&record, &deployment);
    assert_eq!(found.len(), 2, "{found:?}");
    for (connection, from, until) in found {
        assert!(
            from.abs_diff(end) <= 1 && until.is_none(),
            "{connection}: {from}, not {end}"
        );
    }

    // No file has the certificate of its key.
    let headless = changed_charm("pod", "assigned[0].chain)", "assigned[0].chain[1:])");
    let deployment = of_their_own_code(&python, headless.path(), 1);
    let (record, _) = played(deployment.clone());
    assert!(
        outages(&record, &deployment)
            .iter()
            .all(|(_, _, until)| until.is_none())
    );
    assert_eq!(
        outages(&record, &deployment).len(),
        2,
        "of both connections"
    );
}

#[test]
fn a_machine_and_what_is_built_in_give_the_same_over_a_year() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let (own, model) = (
        on_machines(&python, &machine(), 365),
        built_in_on_machines(365),
    );
    let (played_own, own_keys) = played(own.clone());
    let (played_model, model_keys) = played(model.clone());
    assert_eq!(own_keys, model_keys);
    assert_eq!(issued(&played_own), issued(&played_model));
    let seen = outages(&played_own, &own);
    assert_eq!(seen, outages(&played_model, &model));
    assert!(
        !seen.is_empty(),
        "the operator is told of the new CA a day later"
    );
    let (again, _) = played(on_machines(&python, &machine(), 365));
    assert_eq!(
        again.journal.fingerprint(),
        played_own.journal.fingerprint()
    );
}

#[test]
fn a_mistake_on_a_machine_has_the_outage_that_it_must_have() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let of = |from: &str, to: &str, days: u32| {
        let changed = changed_charm("machine", from, to);
        let deployment = on_machines(&python, changed.path(), days);
        let (record, _) = played(deployment.clone());
        let found = outages(&record, &deployment);
        (record, found)
    };
    // It restarts for its first certificate, and for no other.
    let (record, found) = of(
        "        changed = self._write_certificate()\n",
        "        first = not CERTIFICATE.exists()\n        changed = self._write_certificate() and first\n",
        40,
    );
    let entries = record.journal.entries().iter();
    let mut of_web = entries.filter_map(|entry| match &entry.kind {
        Kind::CertificateIssued(issued) if *issued.application == *"web" => {
            Some(&issued.certificate)
        }
        _ => None,
    });
    let web = of_web.next().expect("it has one");
    let end = web.not_after().as_seconds() / 60;
    assert_eq!(found.len(), 2, "{found:?}");
    for (connection, from, until) in found {
        let is_then = from.abs_diff(end) <= 1 && until.is_none();
        assert!(is_then, "{connection}: {from}, not {end}");
    }
    // Each root overwrites the one before, so that of the two which are there after the rotation one is left: the new one, or
    // the old, with which nothing is trusted any more.
    let written = "enumerate(sorted(self.transfer.get_all_certificates())):\n            changed = self._write(ROOTS / \
                   f\"received-{number}.crt\"";
    let overwritten = [false, true].map(|is_reversed| {
        let order = if is_reversed { "True" } else { "False" };
        let to = format!(
            "enumerate(sorted(self.transfer.get_all_certificates(), reverse={order})):\n            changed = \
             self._write(ROOTS / \"received.crt\""
        );
        let (record, found) = of(written, &to, 70);
        let rotated = (record.manifest.start + Span::from_secs(60 * 86_400)).as_seconds() / 60;
        let mut found = found.into_iter();
        found.any(|(connection, from, until)| {
            connection.contains("other") && from >= rotated && until.is_none()
        })
    });
    assert_ne!(
        overwritten[0], overwritten[1],
        "one of the orders keeps the new root"
    );
    // No file has the certificate of its key.
    let (_, found) = of("assigned[0].chain)", "assigned[0].chain[1:])", 1);
    assert_eq!(found.len(), 2, "of both connections: {found:?}");
    assert!(found.iter().all(|(_, _, until)| until.is_none()));
}

#[test]
fn hooks_that_are_not_run_would_have_done_nothing() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let mut deployment = of_their_own_code(&python, &pod(), 1);
    deployment.duration = Span::from_secs(2 * 3600);
    let (elided, _) = played(deployment.clone());
    let every = play_every_hook(&deployment);
    assert_eq!(elided.journal.fingerprint(), every.journal.fingerprint());
}

#[test]
fn what_is_not_played_ends_a_run_without_an_outcome() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let reaching = changed_charm(
        "provider",
        "        if not self.unit.is_leader():\n            return\n",
        "        import subprocess\n        subprocess.run([\"snap\", \"list\"])\n",
    );
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "duration: 1h
models: {{m: {{bundle: kubernetes, applications: {{ca: {{charm: reaching}}}}}}}}
charms: {{reaching: {{source: {}, python: {}}}}}
",
        reaching.path().display(),
        python.display()
    );
    fs::write(folder.path().join("s.yaml"), text).expect("a file is written");
    let output = trustsim(
        folder.path(),
        &["run", "s.yaml", "-q", "-o", "out", "--run-charms"],
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot be played by its own code"), "{said}");
    assert!(said.contains("command: snap list"), "{said}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn keys_that_nothing_reads_beside_the_code_are_refused() {
    let refused = |keys: &str| {
        errors(&format!(
            "models: {{m: {{bundle: kubernetes, applications: {{a: {{charm: mine}}}}}}}}
charms: {{mine: {{{keys}}}}}
"
        ))
    };
    let pod = pod();
    let source = format!("source: {}", pod.display());
    for (keys, told) in [
        (
            "python: python3".to_owned(),
            "`python` has no effect without `source`",
        ),
        (
            format!("{source}, behaviour: requirer"),
            "played by its own code",
        ),
        (format!("{source}, from: x"), "has its own files there"),
        (
            format!("{source}, requires: {{certificates: {{apply: reload}}}}"),
            "`apply` has no effect",
        ),
        ("source: /nowhere/at/all".to_owned(), "/nowhere/at/all"),
    ] {
        let said = refused(&keys);
        assert!(said.contains(told), "{keys}: {said}");
    }
}

/// A scenario with one application of a charm that nothing is known of but its name, in a folder of its own.
fn of_unknown_charm(python: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "duration: 1h
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates}}
      web: {{charm: mine, scale: 1}}
    relations:
      - [ca:certificates, web:certificates]
charms: {{mine: {{python: {}, more-endpoints: true, system-roots: false}}}}
clients: {{operator: {{trusts: [ca]}}}}
connections: [{{from: operator, to: web, every: 1m}}]
",
        python.display()
    );
    fs::write(folder.path().join("s.yaml"), text).expect("a file is written");
    folder
}

#[test]
fn the_command_line_gives_a_charm_its_code_and_its_runs_are_played_again_from_their_folder() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let folder = of_unknown_charm(&python);
    let run = |arguments: &[&str]| {
        let output = trustsim(folder.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    // `python` says nothing without a source.
    let (code, said) = run(&["check", "s.yaml", "-q"]);
    assert_eq!(code, Some(2), "{said}");
    // It is named as the shell sees it, from the folder in which the command runs.
    fs::create_dir(folder.path().join("mine")).expect("a folder");
    std::os::unix::fs::symlink(pod(), folder.path().join("mine/pod")).expect("a link");
    let given = ["--charm", "mine=mine/pod"];
    let (code, said) = run(&["check", "s.yaml", given[0], given[1]]);
    assert_eq!(code, Some(0), "{said}");
    // What lies in that folder is no module of Python.
    for module in ["json.py", "types.py", "dis.py", "ops.py"] {
        let path = folder.path().join(module);
        fs::write(path, "raise SystemExit(7)\n").expect("a file is written");
    }
    let (code, said) = run(&["run", "s.yaml", "-o", "out", given[0], given[1]]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&["status", "out"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("TS0119"),
        "a folder of a run may come from anywhere: {said}"
    );
    let (code, said) = run(&["status", "out", "--run-charms"]);
    assert_eq!(code, Some(0), "{said}");
    // A name that nothing has, and a folder that is none.
    let (code, said) = run(&[
        "run",
        "s.yaml",
        given[0],
        given[1],
        "--charm",
        "his=mine/pod",
    ]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("which no application runs"), "{said}");
    let (code, said) = run(&["run", "s.yaml", "--charm", "mine=nowhere"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("there is no charm at `nowhere`"), "{said}");
}

#[test]
fn what_is_imported_is_played_by_the_code_that_the_command_line_gives() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = "bundle: kubernetes
applications:
  ca: {charm: self-signed-certificates, scale: 1}
  web: {charm: mine, scale: 1}
relations:
  - [ca:certificates, web:certificates]
";
    fs::write(folder.path().join("bundle.yaml"), bundle).expect("a file is written");
    let given = format!("mine={}", pod().display());
    let output = trustsim(folder.path(), &["check", "bundle.yaml", "--charm", &given]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("2 applications, 1 relation"), "{said}");
    let output = trustsim(
        folder.path(),
        &["ask", "requests", "bundle.yaml", "--until", "1h"],
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(0),
        "without it nothing is run: {said}"
    );
}

#[test]
fn code_that_only_the_scenario_names_is_not_run_unless_the_command_line_says_so() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let mark = tempfile::tempdir().expect("a folder");
    let told = mark.path().join("was-run");
    let interpreter = mark.path().join("python");
    let script = format!(
        "#!/bin/sh\ntouch {}\nexec {} \"$@\"\n",
        told.display(),
        python.display()
    );
    fs::write(&interpreter, script).expect("a file is written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&interpreter, mode).expect("it is ours");
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "duration: 1h
models: {{m: {{bundle: kubernetes, applications: {{web: {{charm: mine}}}}}}}}
charms: {{mine: {{source: {}, python: {}}}}}
",
        pod().display(),
        interpreter.display()
    );
    fs::write(folder.path().join("s.yaml"), text).expect("a file is written");
    for command in [
        &["run", "s.yaml"][..],
        &["status", "s.yaml"],
        &["forecast", "s.yaml"],
        &["ask", "trust", "s.yaml"],
        &["record", "s.yaml"],
    ] {
        let output = trustsim(folder.path(), command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        assert!(said.contains("error[TS0119]"), "{command:?}: {said}");
        assert!(said.contains("--run-charms"), "{command:?}: {said}");
    }
    for command in [&["check", "s.yaml"][..], &["ask", "edges", "s.yaml"]] {
        let output = trustsim(folder.path(), command);
        assert_eq!(output.status.code(), Some(0), "{command:?}");
    }
    assert!(!told.exists(), "nothing was run");
    let output = trustsim(folder.path(), &["run", "s.yaml", "-q", "--run-charms"]);
    assert_eq!(output.status.code(), Some(1), "nothing was judged");
    assert!(told.exists(), "it was run now");
}
