//! What people have is imported with no key typed: every real bundle, status and unit, and what trustsim prints itself.

mod absent;
mod addresses;
mod answers;
mod bad;
mod corpus;
mod crashdump;
mod cut_off;
mod export_bundle;
mod origins;
mod published;
mod questions;
mod random_round_trip;
mod round_trip;
mod secrets;
mod shapes;
mod shipped_round_trip;
mod terraform;
mod written_connections;

use std::path::{Path, PathBuf};

pub(crate) use corpus::{cases, cell};
use trustsim::import::{ImportOptions, Imported, import};
use trustsim::scenario::{Diagnostics, DiskFiles, Files, MemoryFiles};

fn options() -> ImportOptions {
    ImportOptions {
        folder: PathBuf::new(),
        duration: "400d".to_owned(),
        charms: Vec::new(),
    }
}

/// Imports files of this machine, for a scenario in the folder of the first.
pub(crate) fn from_disk(paths: &[PathBuf]) -> Result<Imported, Diagnostics> {
    let folder = paths[0].parent().unwrap_or(Path::new(""));
    let options = ImportOptions {
        folder: folder.to_owned(),
        ..options()
    };
    import(paths, &options, &DiskFiles)
}

/// Imports texts by the paths that are given.
fn from_texts<const N: usize>(
    files: [(&str, &str); N],
    paths: &[&str],
) -> Result<Imported, Diagnostics> {
    let files = MemoryFiles::new(files);
    from_files(&files, paths)
}

fn from_files(files: &dyn Files, paths: &[&str]) -> Result<Imported, Diagnostics> {
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    import(&paths, &options(), files)
}

/// What is said of texts that are imported.
fn notes(made: &Result<Imported, Diagnostics>) -> String {
    match made {
        Ok(imported) => imported.notes.render(false),
        Err(wrong) => wrong.render(false),
    }
}

/// Applications, relations, offers and consumed offers as sorted lines.
fn contents(deployment: &trustsim::model::Deployment) -> Vec<String> {
    let model = |index: trustsim::model::ModelIndex| &deployment.models[index].name;
    let applications = deployment.applications.iter().map(|app| {
        let (channel, revision) = (app.channel.as_deref().unwrap_or("-"), app.revision);
        format!(
            "{}.{} {} {channel} {revision:?} {}",
            model(app.model),
            app.name,
            app.charm.name,
            app.units
        )
    });
    let relations = deployment.relations.iter().map(|relation| {
        let [left, right] = relation
            .sides
            .each_ref()
            .map(|side| deployment.side_name(side));
        format!(
            "{}: {left} {right} {}",
            model(relation.model),
            relation.interface
        )
    });
    let offers = deployment.offers.iter().map(|offer| {
        let application = &deployment.applications[offer.application];
        let mut endpoints = offer.endpoints.clone();
        endpoints.sort();
        format!(
            "{}.{} offers {} {endpoints:?}",
            model(application.model),
            application.name,
            offer.name
        )
    });
    let mut lines: Vec<String> = applications.chain(relations).chain(offers).collect();
    lines.sort();
    lines
}
