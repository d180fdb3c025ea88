//! What the command line needs of the rest of the library, as two traits: so that commands are
//! tested on a made-up simulation.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::error::CliError;
use trustsim_kernel::Time;
use trustsim_world::{Deployment, ExportedConnection, Journal, Manifest, Options};

/// A scenario that could be read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it describes.
    pub deployment: Deployment,
    /// Warnings and lints, rendered with their excerpts; empty where there are none.
    pub warnings: String,
    /// Names of its variants.
    pub variants: Vec<String>,
    /// SHA-256 of every file that was read, one after the other, in hexadecimal.
    pub sha256: String,
}

/// The library below the command line.
pub trait Engine {
    /// Reads and resolves a scenario file, or one of its variants; findings are rendered with colours, which the console
    /// strips where they are not wanted.
    ///
    /// # Errors
    ///
    /// [`CliError::scenario`] with the rendered diagnostics.
    fn load(&self, path: &Path, variant: Option<&str>) -> Result<Loaded, CliError>;

    /// Sets a deployment up at its start.
    ///
    /// # Errors
    ///
    /// [`CliError`] where it cannot be played.
    fn start(
        &self,
        deployment: Arc<Deployment>,
        options: Options,
    ) -> Result<Box<dyn Simulation>, CliError>;

    /// The JSON Schema of scenario files.
    ///
    /// # Errors
    ///
    /// [`CliError`] where it cannot be written as JSON.
    fn schema(&self) -> Result<Value, CliError>;

    /// The page of a code, in Markdown.
    fn explain(&self, code: &str) -> Option<String>;

    /// Every code with its one-line title, by code.
    fn codes(&self) -> Vec<(String, String)>;
}

/// A deployment while it is played.
pub trait Simulation {
    /// Plays up to and including this instant.
    fn run_until(&mut self, until: Time);

    /// What the run is.
    fn manifest(&self) -> Manifest;

    /// What happened so far.
    fn journal(&self) -> &Journal;

    /// What `juju status -m MODEL --format json` answers now; `None` without such a model.
    fn status(&self, model: &str) -> Option<Value>;

    /// What `juju show-unit -m MODEL UNIT --format json` answers now: an object with the unit's
    /// name as its key; `None` without such a unit.
    fn show_unit(&self, model: &str, unit: &str) -> Option<Value>;

    /// Keeps every hook that this unit, `model.app/0`, runs from now on; false where there is no
    /// such application.
    fn record(&mut self, unit: &str) -> bool;

    /// Keeps every hook of every unit from now on.
    fn record_all(&mut self);

    /// The hooks kept so far, in the order in which they began.
    fn recording(&self) -> Vec<Value>;

    /// What every connection would present and trust now.
    fn export(&self) -> Vec<ExportedConnection>;
}
