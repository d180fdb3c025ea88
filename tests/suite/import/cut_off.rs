//! Texts that were cut off between two lines: YAML all the same, and only less of it.

use super::{from_texts, notes};

/// As Juju 3.6 prints it: the time of the controller comes last.
const STATUS: &str = "model:
  name: m
  type: iaas
  controller: c
  version: 3.6.1
machines:
  \"0\":
    life: alive
  \"1\":
    life: alive
applications:
  ca:
    charm-name: self-signed-certificates
    units:
      ca/0:
        machine: \"0\"
    relations:
      certificates:
      - related-application: web
        interface: tls-certificates
        scope: global
  web:
    charm-name: web
    units:
      web/0:
        machine: \"1\"
    relations:
      certificates:
      - related-application: ca
        interface: tls-certificates
        scope: global
storage: {}
controller:
  timestamp: 17:17:42-05:00
";

const CUT: &str =
    "the status may have been cut off: `controller` is missing, which Juju prints last";

/// Wherever it is cut: it is refused, or it is told that it may have been cut off.
#[test]
fn a_status_that_ends_early_says_so_after_each_line() {
    let lines: Vec<&str> = STATUS.split_inclusive('\n').collect();
    let mut told = 0;
    for count in 1..=lines.len() {
        let text = lines[..count].concat();
        let made = from_texts([("s.yaml", text.as_str())], &["s.yaml"]);
        let said = notes(&made);
        let is_whole = count + 1 >= lines.len();
        assert_eq!(
            made.is_ok() && !said.contains(CUT),
            is_whole,
            "{text}\n{said}"
        );
        told += usize::from(made.is_ok() && said.contains(CUT));
    }
    assert!(told >= 10, "{told}");
}

/// With what it speaks of and does not have, and where it ends.
#[test]
fn what_is_missing_is_named() {
    let (half, _) = STATUS
        .split_once("  web:\n    charm")
        .expect("two applications");
    let half = half.replace("  \"0\":\n    life: alive\n", "");
    let said = notes(&from_texts([("s.yaml", half.as_str())], &["s.yaml"]));
    let named = "and it names `machine 0`, `web`, which it does not have";
    assert!(
        said.contains("warning[TS0117]") && said.contains(CUT),
        "{said}"
    );
    assert!(
        said.contains(named) && said.contains("s.yaml:19:"),
        "{said}"
    );
    // Of a whole one, or of JSON, which ends in a brace, nothing is told.
    for whole in [
        STATUS,
        "{model: {name: m, type: caas}, applications: {a: {charm-name: a}}}",
    ] {
        let said = notes(&from_texts([("s.yaml", whole)], &["s.yaml"]));
        assert!(!said.contains("cut off"), "{said}");
    }
}

/// A bundle has its relations last.
#[test]
fn a_bundle_without_relations_may_have_been_cut_off() {
    let bundle = "applications:\n  a:\n    charm: a\n  b:\n    charm: b\n";
    let said = notes(&from_texts([("b.yaml", bundle)], &["b.yaml"]));
    let told = "the bundle has no relations, which come last: it may have been cut off";
    assert!(said.contains(told) && said.contains("b.yaml:5:"), "{said}");
    for other in [
        format!("{bundle}relations: []\n"),
        "applications:\n  a:\n    charm: a\n".to_owned(),
    ] {
        let said = notes(&from_texts([("b.yaml", other.as_str())], &["b.yaml"]));
        assert!(!said.contains("cut off"), "{said}");
    }
}
