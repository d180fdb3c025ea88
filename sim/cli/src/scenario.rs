//! Reading a scenario file for a command: its deployment, its warnings as they are printed, and what
//! identifies it when it is played again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::error::CliError;
use trustsim_scenario::{Derived, DigestedFiles, DiskFiles, Files, load_variant};
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
        if let Some(bytes) = known {
            return Ok(bytes);
        }
        let bytes = DiskFiles.read(path, limit)?;
        PIPED.with_borrow_mut(|piped| piped.insert(path.to_owned(), bytes.clone()));
        Ok(bytes)
    }

    fn is_file(&self, path: &Path) -> bool {
        DiskFiles.is_file(path)
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

/// Reads and resolves a scenario file, or one of its variants. Findings are rendered with colours,
/// which the console strips where they are not wanted.
///
/// # Errors
///
/// [`CliError::scenario`] with the rendered diagnostics.
pub(super) fn load_scenario(
    path: &Path,
    variant: Option<&str>,
) -> Result<LoadedScenario, CliError> {
    let files = DigestedFiles::new(&ReadOnce);
    let loaded = load_variant(path, variant, &files)
        .map_err(|diagnostics| CliError::scenario(diagnostics.render(true)))?;
    let mut warnings = loaded.warnings.render(true);
    if !warnings.is_empty() && !warnings.ends_with('\n') {
        warnings.push('\n');
    }
    Ok(LoadedScenario {
        deployment: loaded.deployment,
        warnings,
        variants: loaded.variants,
        derived: loaded.derived,
        sha256: files.sha256(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_end_with_a_line_break() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/missing-transfer.yaml");
        let loaded = load_scenario(&path, None).expect("it is sound");
        assert!(loaded.warnings.contains("TS0301"));
        assert!(loaded.warnings.ends_with('\n'));
    }
}
