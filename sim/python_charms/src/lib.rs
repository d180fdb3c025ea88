//! Charms that are played by their own Python: what a unit sees goes to the charm's code under ops\[testing\], and what that
//! does comes back as effects.
//!
//! A [`PythonSource`] is a charm's folder with the interpreter that runs it. It starts a worker, a Python process that imports
//! the charm once and forks a process for each hook, so that no hook sees what another one left in memory. A line of JSON
//! goes in, a line comes out; both have the names that recordings of hooks have (`docs/reference/own-code.md`). For example,
//! an update-status that changes nothing comes back as
//!
//! ```json
//! {"answer": {"error": null, "relations": [], "secrets": [], "workload": [], "status": {"current": "active", ...}, ...}}
//! ```
//!
//! The worker is part of this crate (`worker/`) and is handed to the interpreter, which needs `ops[testing]` and
//! `time-machine` beside what the charm itself imports. Equal hooks are answered once.
//!
//! Must not know connections, faults or reports.

mod answer;
mod answers;
mod apply;
mod asked;
mod charm;
mod environment;
mod handshake_readers;
mod journal;
mod lookahead;
mod recognise;
mod source;
mod unpack;
mod worker;

pub use environment::{PrepareError, Prepared, environment_of, interpreter, prepare, prepared_in};
pub use source::PythonSource;
pub use unpack::{UnpackError, unpack};
pub use worker::{Limits, WorkerError};

#[cfg(test)]
mod tests;
