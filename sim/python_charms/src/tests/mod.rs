//! The worker with the real ops: what its limits and its guard keep a charm's code from.

mod hooks;
mod machine;
mod misbehaviour;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::worker::{Ended, Limits, Worker};

/// A charm whose update-status runs these lines.
pub(crate) fn charm_that(lines: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let body: String = lines
        .lines()
        .map(|line| format!("        {line}\n"))
        .collect();
    let code = format!(
        "import os, random, socket, subprocess, sys, time, uuid, datetime\nimport ops\n\nclass Charm(ops.CharmBase):\n    \
         def __init__(self, framework):\n        super().__init__(framework)\n        framework.observe(self.on.update_status, \
         self._run)\n\n    def _run(self, event):\n{body}\n\nif __name__ == \"__main__\":\n    ops.main(Charm)\n"
    );
    fs::create_dir(folder.path().join("src")).expect("a folder is made");
    fs::write(folder.path().join("src/charm.py"), code).expect("a file is written");
    let metadata = "name: tried\ncontainers: {web: {}}\n";
    fs::write(folder.path().join("charmcraft.yaml"), metadata).expect("a file is written");
    folder
}

pub(crate) fn limits() -> Limits {
    Limits {
        seconds: 3,
        ..Limits::default()
    }
}

/// What is asked: an update-status of `tried/0` that sees nothing.
pub(crate) fn update_status() -> Json {
    json!({
        "model": "m", "unit": "tried/0", "hook": "update-status", "kind": "update-status",
        "before": {"clock": "2025-01-01T00:00:00Z", "leader": true, "config": {}, "relations": [], "secrets": []},
        "status": {"current": "active", "message": ""}, "kubernetes": true, "planned-units": 1,
        "hostname": "tried-0", "fqdn": "tried-0.tried-endpoints.m.svc.cluster.local", "networks": [], "load-balancer": null,
        "containers": [{"name": "web", "can-connect": true, "files": {}, "pebble": {}}],
        "files": {}, "machine": {}, "answers": [], "framework": {}, "entropy": "00",
    })
}

/// The same of a unit on a machine.
pub(crate) fn on_a_machine() -> Json {
    let mut asked = update_status();
    asked["kubernetes"] = json!(false);
    asked["containers"] = json!([]);
    asked
}

/// What a hook answers that runs these lines.
pub(crate) fn answered(lines: &str, asked: &Json) -> Option<Json> {
    let python: PathBuf = trustsim_oracles::python_with_ops()?;
    let folder = charm_that(lines);
    let ended = worker(&python, folder.path()).play(asked, &mut |_| None);
    match ended.expect("the worker goes on") {
        Ended::Answered(answer) => Some(answer),
        other => panic!("{lines}: {other:?}"),
    }
}

pub(crate) fn worker(python: &Path, folder: &Path) -> Worker {
    let started = Worker::start(python, folder, limits());
    started.unwrap_or_else(|error| panic!("{error}"))
}

/// How an update-status ends that runs these lines; nothing where there is no ops.
pub(crate) fn ended(lines: &str) -> Option<Ended> {
    let python: PathBuf = trustsim_oracles::python_with_ops()?;
    let folder = charm_that(lines);
    let mut worker = worker(&python, folder.path());
    let first = worker.play(&update_status(), &mut |_| None);
    let first = first.expect("the worker goes on");
    // Whatever it did, the worker plays the next hook, and says the same of it.
    let second = worker.play(&update_status(), &mut |_| None);
    let second = second.expect("the worker goes on");
    assert_eq!(format!("{first:?}"), format!("{second:?}"), "{lines}");
    Some(first)
}
