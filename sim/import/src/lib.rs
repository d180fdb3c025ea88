//! From what people have of a deployment to a scenario: what `juju status`, `juju show-unit`, `juju export-bundle` and
//! `terraform show -json` print, and folders of those.
//!
//! ```text
//! paths -> groups of inputs -> dumps -> models -> plan -> scenario -> Deployment
//!          gather, recognise   readers  assemble  plan    write
//! ```
//!
//! A reader says what its text says, each fact with its place; a plan has joined what several of them say of one model,
//! and models with each other; the scenario is a text that people can read and change. It is loaded before it is given:
//! what could not be used is left out with a warning, so that what is written can be played.
//!
//! Must not know how a run works, and touches no file but through [`Files`].

mod addresses;
mod assemble;
mod assign;
mod cut_off;
mod damaged;
mod declared;
mod dump;
mod gather;
mod join;
mod knowledge;
mod load;
mod merge;
mod pair;
mod plan;
mod readers;
mod recognise;
mod repeated;
mod secrets;
mod text;
mod write;
mod write_application;
mod write_charms;
mod write_operators;

use std::path::Path;

use trustsim_scenario::{Files, read_text};

pub use dump::Kind;
pub use load::{ImportOptions, Imported, ImportedFile, import};
pub use recognise::is_scenario;

/// Whether a path is to be imported, in place of being read as a scenario: a folder in which something is recognised, or
/// a file that is something else than a scenario.
pub fn is_importable(path: &Path, files: &dyn Files) -> bool {
    if files.list(path).is_ok() {
        return gather::finds_anything(path, files);
    }
    let text = read_text(files, path, None);
    match text {
        Ok(text) => !is_scenario(&text),
        Err(_) => gather::is_stored(path, files),
    }
}
