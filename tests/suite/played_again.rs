//! The folder of a run is enough to ask it more: what was played is played again, and it must be
//! the same.

use std::fs;

use crate::common::trustsim;
use serde_json::Value;

const SCENARIO: &str = "
name: shop
seed: 7
duration: 20d
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      api: {charm: api, scale: 1}
      web: {charm: web, scale: 1}
    relations:
      - [api:certificates, ca:certificates]
      - [web:receive-ca-cert, ca:send-ca-cert]
charms:
  api:
    requires: {certificates: {interface: tls-certificates, mode: unit}}
  web:
    requires: {receive-ca-cert: {interface: certificate_transfer}}
connections:
  - {from: shop.web, to: shop.api, every: 60s}
faults:
  - at: 5d
    random: {count: 2, for: 1h}
  - at: 10d
    remove-relation: {model: shop, between: [ca:send-ca-cert, web:receive-ca-cert]}
variants:
  quiet: {faults: []}
";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// A folder with the scenario and the report of a run of it.
fn played(arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("shop.yaml"), SCENARIO).expect("written");
    let all = ["run", "shop.yaml", "--remedies", "0", "-o", "out"];
    let all: Vec<&str> = all.iter().chain(arguments).copied().collect();
    let output = trustsim(folder.path(), &all);
    let said = text(&output.stderr);
    assert!(folder.path().join("out/summary.json").is_file(), "{said}");
    folder
}

#[test]
fn a_folder_answers_as_its_scenario_does() {
    let folder = played(&["--seed", "3", "--until", "15d"]);
    let pair = ["shop.web", "shop.api", "--at", "12d"];
    let of_run: Vec<&str> = ["why", "out"].into_iter().chain(pair).collect();
    let of_file = ["why", "shop.yaml", "--seed", "3"].into_iter().chain(pair);
    let of_file: Vec<&str> = of_file.collect();
    let (run, file) = (
        trustsim(folder.path(), &of_run),
        trustsim(folder.path(), &of_file),
    );
    assert!(run.status.success(), "{}", text(&run.stderr));
    let (run, file) = (text(&run.stdout), text(&file.stdout));
    assert!(run.contains("does not trust the issuer"), "{run}");
    // The run was cut short: how long it goes on failing is not known.
    assert_eq!(run.lines().next(), file.lines().next());
    let status = trustsim(folder.path(), &["status", "out", "--at", "1d"]);
    assert!(status.status.success(), "{}", text(&status.stderr));
    let beyond = trustsim(folder.path(), &["status", "out", "--at", "16d"]);
    assert!(text(&beyond.stderr).contains("outside the run"));
}

#[test]
fn a_run_played_again_writes_the_same_bytes() {
    let folder = played(&["--variant", "quiet"]);
    let again = ["run", "out", "--remedies", "0", "-o", "again"];
    let output = trustsim(folder.path(), &again);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut compared = 0;
    for entry in fs::read_dir(folder.path().join("out")).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        let read = |of: &str| fs::read(folder.path().join(of).join(&name)).expect("read");
        assert!(read("out") == read("again"), "{}", name.display());
        compared += 1;
    }
    assert!(compared >= 7, "only {compared} files");
}

#[test]
fn what_is_not_the_same_run_is_refused() {
    let folder = played(&[]);
    let ask = |arguments: &[&str]| {
        let all = ["why", "out", "shop.web", "shop.api"].iter();
        let all: Vec<&str> = all.chain(arguments).copied().collect();
        let output = trustsim(folder.path(), &all);
        assert_eq!(output.status.code(), Some(2));
        text(&output.stderr)
    };
    insta::assert_snapshot!(ask(&["--seed", "1"]), @"
    error: the folder of a run says itself how it was played
    hint: name the scenario file to play it otherwise
    ");

    let summary = folder.path().join("out/summary.json");
    let written = fs::read_to_string(&summary).expect("read");
    let mut value: Value = serde_json::from_str(&written).expect("JSON");
    value["fingerprint"] = "0000000000000000".into();
    fs::write(&summary, value.to_string()).expect("written");
    insta::assert_snapshot!(ask(&[]), @"
    error: `out` is of another run: played again, it came out otherwise
    hint: another version of trustsim may have played it: play the scenario again
    ");

    value["played"] = Value::Null;
    fs::write(&summary, value.to_string()).expect("written");
    insta::assert_snapshot!(ask(&[]), @"
    error: `out/summary.json` does not say what was played
      because: invalid type: null, expected an object that says what was played
    ");

    fs::write(&summary, &written).expect("written");
    let longer = SCENARIO.replace("20d", "21d");
    fs::write(folder.path().join("shop.yaml"), longer).expect("written");
    insta::assert_snapshot!(ask(&[]), @"
    error: `shop.yaml`, or a file that it names, is not what it was when `out` was written
    hint: play it again: trustsim run shop.yaml
    ");

    fs::remove_file(&summary).expect("removed");
    insta::assert_snapshot!(ask(&[]), @"
    error: `out` is no folder of a run: it has no summary.json
    hint: name a scenario file, or a folder that `trustsim run` wrote
    ");
}
