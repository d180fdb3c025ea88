//! Commands that are refused during a run are told by the run itself, not in `journal.csv` alone.

use serde_json::{Value, json};

use super::{folder, trustsim};

/// A relation is made again before it is gone, and a controller is down.
const REFUSED: &str = "src/tests/refused.yaml";

#[test]
fn a_run_tells_the_first_commands_that_were_refused_and_counts_the_rest() {
    let (_root, path) = folder();
    let (_, out, _) = trustsim(&["run", REFUSED, "--remedies", "0", "-o", &path]);
    let told: Vec<&str> = out
        .lines()
        .filter(|line| line.starts_with("warning: ") || line.ends_with("more in journal.csv"))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    warning: `juju integrate -m a ca:certificates web:certificates` was refused at 2026-01-01T00:30:00Z: establishing a new relation for web:certificates would exceed its maximum relation limit of 1 (refused.yaml:22)
    warning: `juju config -m a ca certificate-validity=51d` was refused at 2026-01-01T00:51:00Z: the controller cannot be reached (refused.yaml:24)
    warning: `juju config -m a ca certificate-validity=52d` was refused at 2026-01-01T00:52:00Z: the controller cannot be reached (refused.yaml:25)
    warning: `juju config -m a ca certificate-validity=53d` was refused at 2026-01-01T00:53:00Z: the controller cannot be reached (refused.yaml:26)
    warning: `juju config -m a ca certificate-validity=54d` was refused at 2026-01-01T00:54:00Z: the controller cannot be reached (refused.yaml:27)
    2 more in journal.csv
    ");
    let (_, all, _) = trustsim(&["run", REFUSED, "--remedies", "0", "-v", "-o", &path]);
    let told = all.lines().filter(|line| line.starts_with("warning: "));
    assert_eq!(told.count(), 7, "{all}");
}

#[test]
fn the_summary_has_every_command_that_was_refused() {
    let (_root, path) = folder();
    let args = [
        "run",
        REFUSED,
        "--remedies",
        "0",
        "--format",
        "json",
        "-o",
        &path,
    ];
    let (_, out, _) = trustsim(&args);
    let summary: Value = serde_json::from_str(&out).expect("JSON");
    let refused = summary["refused"].as_array().expect("a list");
    assert_eq!(refused.len(), 7);
    assert_eq!(
        refused[1],
        json!({
            "at": "2026-01-01T00:51:00Z",
            "command": "juju config -m a ca certificate-validity=51d",
            "reason": "the controller cannot be reached",
            "source": {"file": "refused.yaml", "line": 24, "column": 5},
        })
    );
}
