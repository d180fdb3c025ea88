//! Charms that are played by their own code: those that the command line gives, whether their code may be run, with which
//! Python, and whether all that it did could be played.

use std::env;
use std::path::{Path, PathBuf, absolute};

use trustsim_python_charms::{prepared_in, unpack};
use trustsim_report::Provenance;
use trustsim_scenario::{Code, Diagnostic, Diagnostics, GivenCharm, Severity};
use trustsim_world::Deployment;

use crate::args::Named;
use crate::error::{CliError, ErrorKind};

/// The charms that the command line gives. A packed charm is unpacked.
///
/// # Errors
///
/// A charm that is given twice, or a path at which there is none.
pub(super) fn given(charms: &[Named<PathBuf>]) -> Result<Vec<GivenCharm>, CliError> {
    let mut found: Vec<GivenCharm> = Vec::new();
    for Named { name, value: path } in charms {
        if found.iter().any(|other| other.name == *name) {
            let message = format!("--charm gives `{name}` twice");
            return Err(CliError::usage(message));
        }
        found.push(GivenCharm {
            name: name.clone(),
            source: charm_folder(path)?,
        });
    }
    Ok(found)
}

/// The charms that were given when a run was played before.
pub(super) fn given_before(played: &Provenance) -> Vec<GivenCharm> {
    let charms = played.charms.iter();
    let charms = charms.map(|(name, source)| GivenCharm {
        name: name.clone(),
        source: source.clone(),
    });
    charms.collect()
}

/// The folder of a charm, as a path that holds wherever it is read from; of a packed charm the one into which it is
/// unpacked.
///
/// # Errors
///
/// Where there is nothing, or no packed charm.
pub(super) fn charm_folder(path: &Path) -> Result<PathBuf, CliError> {
    let shown = path.display();
    let folder = absolute(path)
        .map_err(|error| CliError::usage(format!("no charm at `{shown}`")).caused_by(error))?;
    if folder.is_dir() {
        return Ok(folder);
    }
    if !folder.is_file() {
        let error = CliError::usage(format!("there is no charm at `{shown}`"));
        return Err(error.hint("name the folder of a charm's source, or a packed charm"));
    }
    unpack(&folder, &cache()?.join("charms")).map_err(|error| {
        CliError::new(ErrorKind::Io, format!("failed to unpack `{shown}`")).caused_by(error)
    })
}

/// Where trustsim keeps what can be made again.
///
/// # Errors
///
/// Where the environment names no folder for it.
pub(super) fn cache() -> Result<PathBuf, CliError> {
    cache_folder().ok_or_else(|| {
        CliError::usage("neither XDG_CACHE_HOME nor HOME names a folder for what is kept")
            .hint("set XDG_CACHE_HOME to a folder")
    })
}

/// As the XDG Base Directory Specification has it, by which a path that is not absolute is as good as none.
fn cache_folder() -> Option<PathBuf> {
    let named = |name: &str| {
        let folder = PathBuf::from(env::var_os(name)?);
        folder.is_absolute().then_some(folder)
    };
    let cache = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
    Some(cache?.join("trustsim"))
}

/// Where `trustsim charm prepare` makes environments.
///
/// # Errors
///
/// Where the environment names no folder for it.
pub(super) fn environments() -> Result<PathBuf, CliError> {
    Ok(cache()?.join("venvs"))
}

/// Whether every charm that was given is one of the deployment's.
///
/// # Errors
///
/// One that no application has.
pub(super) fn check_used(given: &[GivenCharm], deployment: &Deployment) -> Result<(), CliError> {
    let mut names: Vec<&str> = deployment
        .applications
        .iter()
        .map(|application| application.charm.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    match given.iter().find(|charm| !names.contains(&&*charm.name)) {
        None => Ok(()),
        Some(unused) => {
            let message = format!("--charm gives `{}`, which no application runs", unused.name);
            let hint = format!("the charms of the scenario are {}", names.join(", "));
            Err(CliError::usage(message).hint(hint))
        }
    }
}

/// Whether the command line allows all code that a deployment would run: `named` are the charms that it gives.
///
/// # Errors
///
/// Code that only the scenario names.
pub(super) fn check_may_run(
    run_charms: bool,
    named: &[GivenCharm],
    deployment: &Deployment,
) -> Result<(), CliError> {
    if run_charms {
        return Ok(());
    }
    let is_named = |folder: &Path| named.iter().any(|charm| charm.source == folder);
    let mut folders: Vec<&Path> = deployment
        .sources()
        .map(|source| source.0.folder())
        .filter(|folder| !is_named(folder))
        .collect();
    folders.sort_unstable();
    folders.dedup();
    if folders.is_empty() {
        return Ok(());
    }
    let mut found = Diagnostics::default();
    for folder in folders {
        let message = format!(
            "the scenario would run the code of the charm in `{}`",
            folder.display()
        );
        let refusal = Diagnostic::new(Code::RunsCode, Severity::Error, message);
        found.push(refusal.help("play it with `--run-charms` if you trust that code"));
    }
    Err(CliError::scenario(found.render(true)))
}

/// Has charms for which no interpreter is named use the environments that were prepared for them.
///
/// # Errors
///
/// A charm whose folder has no path.
pub(super) fn use_prepared(deployment: &Deployment) -> Result<(), CliError> {
    for source in deployment.sources() {
        if source.0.has_interpreter() {
            continue;
        }
        let Some(cache) = cache_folder() else {
            continue;
        };
        let folder = absolute(source.0.folder()).map_err(|error| {
            let shown = source.0.folder().display();
            CliError::usage(format!("no charm at `{shown}`")).caused_by(error)
        })?;
        if let Some(python) = prepared_in(&cache.join("venvs"), &folder) {
            source.0.use_interpreter(python);
        }
    }
    Ok(())
}

/// Whether all that the code of charms did was played.
///
/// # Errors
///
/// What was not: an outcome without it would be a guess.
pub(super) fn check_played(deployment: &Deployment) -> Result<(), CliError> {
    for source in deployment.sources() {
        let unplayed = source.0.unplayed();
        if unplayed.is_empty() {
            continue;
        }
        let folder = source.0.folder().display();
        let message = format!("the charm in `{folder}` cannot be played by its own code");
        let error = CliError::new(ErrorKind::Usage, message);
        let error = unplayed.into_iter().fold(error, CliError::hint);
        return Err(match source.0.has_interpreter() {
            true => error,
            false => error.hint(format!(
                "no Python was prepared for it: trustsim charm prepare {folder}; or let `python` of the charm name one"
            )),
        });
    }
    Ok(())
}
