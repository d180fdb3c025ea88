//! Reading a scenario file for a command: its deployment, its warnings as they are printed, and what
//! identifies it when it is played again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::error::CliError;
use trustsim_import::{ImportOptions, Imported, import, is_importable};
use trustsim_scenario::{
    Derived, DigestedFiles, DiskFiles, FILE_SIZE_MAX, Files, GivenCharm, LoadOptions, load_with,
};
use trustsim_world::Deployment;

thread_local! {
    /// What was read from pipes, such as `<(...)` of a shell. A pipe has its text once, and a command reads a scenario
    /// again for each of its variants.
    static PIPED: RefCell<BTreeMap<PathBuf, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The files of this machine, of which what is no file is read only once.
struct ReadOnce;

impl Files for ReadOnce {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        if self.is_file(path) {
            return DiskFiles.read(path, limit);
        }
        let known = PIPED.with_borrow(|piped| piped.get(path).cloned());
        let mut bytes = match known {
            Some(bytes) => bytes,
            None => {
                // Its first reader may want no more than its beginning, and the next one all of it.
                let bytes = DiskFiles.read(path, limit.max(FILE_SIZE_MAX + 1))?;
                PIPED.with_borrow_mut(|piped| piped.insert(path.to_owned(), bytes.clone()));
                bytes
            }
        };
        // What is longer than a size is longer than what was read.
        if let Ok(limit) = usize::try_from(limit) {
            bytes.truncate(limit);
        }
        Ok(bytes)
    }

    fn is_file(&self, path: &Path) -> bool {
        DiskFiles.is_file(path)
    }

    fn is_there(&self, path: &Path) -> bool {
        DiskFiles.is_there(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        DiskFiles.list(folder)
    }
}

/// A scenario that could be read.
#[derive(Clone, Debug)]
pub(super) struct LoadedScenario {
    /// What it describes.
    pub(super) deployment: Deployment,
    /// Warnings and lints, rendered with their excerpts; empty where there are none.
    pub(super) warnings: String,
    /// Names of its variants.
    pub(super) variants: Vec<String>,
    /// What was derived of its connections, where they are.
    pub(super) derived: Option<Derived>,
    /// SHA-256 of every file that was read, one after the other, in hexadecimal.
    pub(super) sha256: String,
}

/// How long an imported scenario is played, unless it is said: past a year, the life of most certificates.
pub(super) const IMPORTED_DURATION: &str = "400d";

/// Makes a scenario of what people have. `folder` is where it is for.
///
/// # Errors
///
/// [`CliError::scenario`] with the rendered diagnostics.
pub(super) fn import_scenario(
    paths: &[PathBuf],
    folder: &Path,
    duration: &str,
    charms: &[GivenCharm],
    files: &dyn Files,
) -> Result<Imported, CliError> {
    let options = ImportOptions {
        folder: folder.to_owned(),
        duration: duration.to_owned(),
        charms: charms.to_vec(),
    };
    import(paths, &options, files)
        .map_err(|diagnostics| CliError::scenario(diagnostics.render(true)))
}

/// The same with the files of this machine.
pub(super) fn import_files(
    paths: &[PathBuf],
    folder: &Path,
    duration: &str,
) -> Result<Imported, CliError> {
    import_scenario(paths, folder, duration, &[], &ReadOnce)
}

/// Whether a folder has something that can be imported.
pub(super) fn is_folder_to_import(path: &Path) -> bool {
    path.is_dir() && is_importable(path, &ReadOnce)
}

/// Reads and resolves a scenario file, or one of its variants; what people have in place of one is imported. Findings
/// are rendered with colours, which the console strips where they are not wanted.
///
/// # Errors
///
/// [`CliError::scenario`] with the rendered diagnostics.
pub(super) fn load_scenario(
    path: &Path,
    options: LoadOptions<'_>,
) -> Result<LoadedScenario, CliError> {
    let files = DigestedFiles::new(&ReadOnce);
    // Of a folder with nothing to import, an import says so.
    if path.is_dir() || is_importable(path, &ReadOnce) {
        return load_imported(path, options, &files);
    }
    let loaded = load_with(path, options, &files)
        .map_err(|diagnostics| CliError::scenario(diagnostics.render(true)))?;
    Ok(LoadedScenario {
        deployment: loaded.deployment,
        warnings: rendered(&loaded.warnings),
        variants: loaded.variants,
        derived: loaded.derived,
        sha256: files.sha256(),
    })
}

/// A scenario that is made in memory.
fn load_imported(
    path: &Path,
    options: LoadOptions<'_>,
    files: &DigestedFiles<'_>,
) -> Result<LoadedScenario, CliError> {
    if let Some(variant) = options.variant {
        let message = format!(
            "`{}` is no scenario, and has no variant `{variant}`",
            path.display()
        );
        let hint = "write a scenario of it first: trustsim import";
        return Err(CliError::usage(message).hint(hint));
    }
    let folder = match path.is_dir() {
        true => path,
        false => path.parent().unwrap_or(Path::new("")),
    };
    let imported = import_scenario(
        &[path.to_owned()],
        folder,
        IMPORTED_DURATION,
        options.charms,
        files,
    )?;
    Ok(LoadedScenario {
        deployment: imported.loaded.deployment,
        warnings: rendered(&imported.notes),
        variants: Vec::new(),
        derived: imported.loaded.derived,
        sha256: files.sha256(),
    })
}

/// Findings as they are printed, which end with a line break.
pub(super) fn rendered(findings: &trustsim_scenario::Diagnostics) -> String {
    let mut text = findings.render(true);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_end_with_a_line_break() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/missing-transfer.yaml");
        let loaded = load_scenario(&path, LoadOptions::default()).expect("it is sound");
        assert!(loaded.warnings.contains("TS0301"));
        assert!(loaded.warnings.ends_with('\n'));
    }
}
