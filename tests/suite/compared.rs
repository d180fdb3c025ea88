//! `trustsim charm compare`: the charms of `tests/charms` against models of the same behaviour, and against charms with a
//! mistake in them, each of which has to differ in the trials in which the mistake shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::trustsim;
use crate::own_code::{changed_charm, pod};

/// What does what the charm `pod` does.
const DESCRIBED: &str = "charms:
  test-pod:
    system-roots: false
    containers: {web: {}}
    options: {log-level: {default: info}}
    requires:
      certificates: {interface: tls-certificates, limit: 1}
      receive-ca-cert: {interface: certificate_transfer, store: bundle}
";

/// The exit code, and the aspects in which each trial differs; `None` of a trial that was not played or does not apply.
fn compared(python: &Path, charm: &Path, arguments: &[&str]) -> (Option<i32>, Found) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("described.yaml"), DESCRIBED).expect("a file is written");
    let (charm, python) = (charm.display().to_string(), python.display().to_string());
    let given = ["charm", "compare", "test-pod", &charm, "--python", &python];
    let how = ["--described", "described.yaml", "--format", "json", "-q"];
    let all: Vec<&str> = given.iter().chain(&how).chain(arguments).copied().collect();
    let output = trustsim(folder.path(), &all);
    let told = String::from_utf8_lossy(&output.stderr);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
    let trials = value["trials"].as_array().expect("a list");
    let found = trials.iter().map(|row| {
        let name = row["trial"].as_str().expect("a name").to_owned();
        let aspects = row["differences"].as_array().map(Vec::as_slice);
        let aspects = aspects.unwrap_or_default().iter();
        let aspects: Vec<String> = aspects
            .map(|each| each["aspect"].as_str().expect("a name").to_owned())
            .collect();
        let is_played = row["result"] == "same" || row["result"] == "differs";
        (name, is_played.then_some(aspects))
    });
    (output.status.code(), found.collect())
}

type Found = BTreeMap<String, Option<Vec<String>>>;

#[test]
fn a_charm_and_a_model_of_it_are_the_same_in_every_trial() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let (code, found) = compared(&python, &pod(), &[]);
    let apart = found.iter().filter(|(_, found)| **found != Some(vec![]));
    let apart: Vec<&str> = apart.map(|(name, _)| name.as_str()).collect();
    assert_eq!(apart, ["refresh"], "no code of before is given: {found:?}");
    assert_eq!(code, Some(0));
}

#[test]
fn a_mistake_differs_where_it_shows_and_nowhere_else() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    // It restarts for its first certificate, and for no other.
    let stale = changed_charm(
        "pod",
        "changed = self._write_certificate()\n",
        "first = not self.container.exists(CERTIFICATE)\n        changed = self._write_certificate() and first\n",
    );
    // It serves its leaf alone.
    let alone = changed_charm(
        "pod",
        "\"\\n\".join(str(each) for each in assigned[0].chain)",
        "str(assigned[0].certificate)",
    );
    // It deletes what it has while it waits.
    let deletes = changed_charm(
        "pod",
        "        if not assigned or key is None:\n            return False\n",
        "        if not assigned or key is None:\n            if self.container.exists(CERTIFICATE):\n                self.container.remove_path(CERTIFICATE)\n                return True\n            return False\n",
    );
    let trials = ["first-certificate", "renewal-late-config", "intermediate"];
    let arguments: Vec<&str> = trials.iter().flat_map(|name| ["--trial", name]).collect();
    for (charm, differs) in [
        (&stale, "renewal-late-config"),
        (&alone, "intermediate"),
        (&deletes, "renewal-late-config"),
    ] {
        let (code, found) = compared(&python, charm.path(), &arguments);
        assert_eq!(code, Some(1), "{differs}: {found:?}");
        for (name, aspects) in &found {
            let aspects = aspects.as_ref().expect("each is played");
            assert_eq!(aspects.is_empty(), name != differs, "{name}: {aspects:?}");
        }
        let served = found[differs].as_ref().expect("it is played");
        assert!(
            served.iter().any(|aspect| aspect == "served"),
            "{differs}: {served:?}"
        );
    }
}

/// A charm that lets Pebble plan anew at each update-status does nothing with it, and is asked what it does later: between those
/// instants at which certificates begin and end, too (canonical/opentelemetry-collector-k8s-operator 2a77867, whose library
/// renews in the last twentieth of a life alone).
#[test]
fn what_is_done_late_in_a_life_is_found_though_each_hook_replans() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let late = "framework.observe(self.on.collect_unit_status, self._on_collect_status)
        framework.observe(self.on.update_status, self._late)

    def _late(self, _):
        from datetime import datetime, timezone
        if not self.container.can_connect() or not self.container.exists(CERTIFICATE):
            return
        self.container.replan()
        one = tls.Certificate.from_string(self.container.pull(CERTIFICATE).read())
        begin, end = one.validity_start_time, one.expiry_time
        if begin + (end - begin) * 0.95 <= datetime.now(timezone.utc) < end:
            self.container.remove_path(CERTIFICATE)
            self.container.restart('web')
";
    let last = "framework.observe(self.on.collect_unit_status, self._on_collect_status)\n";
    let silent = ["--trial", "provider-silent"];
    for (lives, differs) in [("* 0.95 <=", true), ("* 1.95 <=", false)] {
        let charm = changed_charm("pod", last, &late.replace("* 0.95 <=", lives));
        let (_, found) = compared(&python, charm.path(), &silent);
        let found = found["provider-silent"].as_ref().expect("it is played");
        assert_eq!(found.contains(&"served".to_owned()), differs, "{found:?}");
    }
}

#[test]
fn what_cannot_be_compared_has_its_own_exit_code() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let reaching = changed_charm(
        "pod",
        "        changed = self._write_certificate()\n",
        "        import subprocess\n        subprocess.run([\"snap\", \"list\"])\n        changed = self._write_certificate()\n",
    );
    let (code, found) = compared(&python, reaching.path(), &["--trial", "first-certificate"]);
    assert_eq!((code, &found["first-certificate"]), (Some(2), &None));
    // What it reaches for is declared.
    let folder = tempfile::tempdir().expect("a folder");
    let answers = folder.path().join("answers.yaml");
    let text =
        "charms: {test-pod: {answers: [{command: [snap, list], stdout: none}]}, other: {}}\n";
    fs::write(&answers, text).expect("a file is written");
    let answers = answers.display().to_string();
    let trial = ["--trial", "first-certificate", "--answers", &answers];
    let (code, found) = compared(&python, reaching.path(), &trial);
    assert_eq!(
        (code, &found["first-certificate"]),
        (Some(0), &Some(Vec::new()))
    );
    let pod_folder = pod().display().to_string();
    let none = [
        "charm",
        "compare",
        "other",
        &pod_folder,
        "--described",
        &answers,
        "--answers",
        &answers,
    ];
    let none = trustsim(folder.path(), &none);
    let told = String::from_utf8_lossy(&none.stderr);
    assert_eq!(none.status.code(), Some(2));
    assert!(told.contains("has no `answers`"), "{told}");
    let folder = tempfile::tempdir().expect("a folder");
    let pod = pod().display().to_string();
    let unknown = trustsim(
        folder.path(),
        &["charm", "compare", "alertmanager-k8", &pod],
    );
    let told = String::from_utf8_lossy(&unknown.stderr);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(told.contains("`alertmanager-k8s`"), "{told}");
}

/// A person answers what waits for one, and by its own code so: `provide-certificate` of the charm itself is run. What the
/// person signed with is an intermediate CA, so that a chain that is cut short shows.
#[test]
fn a_person_answers_a_charm_that_is_played_by_its_own_code() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let charm = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charms/by_hand");
    let results = |charm: &Path, trials: &[&str]| -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let (charm, python) = (charm.display().to_string(), python.display().to_string());
        let given = ["charm", "compare", "manual-tls-certificates", &charm];
        let how = ["--python", &python, "--format", "json", "-q"];
        let trials = trials.iter().flat_map(|name| ["--trial", name]);
        let all: Vec<&str> = given.into_iter().chain(how).chain(trials).collect();
        let output = trustsim(folder.path(), &all);
        let told = String::from_utf8_lossy(&output.stderr);
        let value: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
        let rows = value["trials"].as_array().expect("a list").iter();
        let rows = rows.flat_map(|row| {
            let differences = row["differences"].as_array().map_or(&[][..], Vec::as_slice);
            let aspects = differences.iter().map(|each| each["aspect"].to_string());
            let result = row["result"].as_str().expect("a result").to_owned();
            std::iter::once(result).chain(aspects)
        });
        rows.collect()
    };
    let trials = ["first-certificate", "renewal", "relation-again"];
    assert_eq!(results(&charm, &trials), ["same"; 3]);
    let cut = changed_charm(
        "by_hand",
        "BLOCK.findall(given[\"ca-chain\"])]",
        "[given[\"certificate\"]]]",
    );
    let found = results(cut.path(), &["first-certificate"]);
    assert!(
        found[0] == "differs" && found.contains(&"\"connection\"".to_owned()),
        "{found:?}"
    );
    let silent = changed_charm("by_hand", "not in known", "in known");
    let found = results(silent.path(), &["first-certificate"]);
    assert!(found.contains(&"\"issued\"".to_owned()), "{found:?}");
}
