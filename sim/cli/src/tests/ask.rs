//! `trustsim ask`.

use super::{folder, trustsim};
use crate::Exit;
use serde_json::Value;

const ASKED: &str = "src/tests/asked.yaml";

#[test]
fn edges_are_told_of_every_relation() {
    let (exit, out, _) = trustsim(&["ask", "edges", ASKED]);
    assert_eq!(exit, Exit::Held);
    insta::assert_snapshot!(out);
    let last = out.lines().last().expect("a line");
    assert!(last.ends_with(" of 9 relations"), "{last}");
    let (_, verbose, _) = trustsim(&["-v", "ask", "edges", ASKED]);
    assert!(verbose.contains("row 13: prometheus"), "{verbose}");
}

#[test]
fn edges_are_data_too() {
    let (_, json, _) = trustsim(&["ask", "edges", ASKED, "--format", "json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let relations = json["relations"].as_array().expect("a list");
    assert_eq!(relations.len(), 9);
    insta::assert_snapshot!(serde_json::to_string_pretty(&relations[3]).expect("JSON"));
    let (_root, path) = folder();
    let (exit, _, _) = trustsim(&["ask", "edges", ASKED, "-o", &path]);
    assert_eq!(exit, Exit::Held);
    let edges = std::fs::read_to_string(format!("{path}/edges.csv")).expect("a table");
    insta::assert_snapshot!(edges);
}

#[test]
fn check_counts_what_is_derived() {
    let (exit, _, err) = trustsim(&["check", ASKED]);
    assert_eq!(exit, Exit::Held);
    let line = err.lines().find(|line| line.starts_with("edges: "));
    insta::assert_snapshot!(line.expect("a line"));
    let (_, _, err) = trustsim(&["check", "src/tests/rotated.yaml"]);
    assert!(!err.contains("edges: "), "{err}");
}
