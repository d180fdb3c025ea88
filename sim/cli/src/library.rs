//! The engine that the program runs on: the rest of the library.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::engine::{Engine, Loaded, Simulation};
use super::error::{CliError, ErrorKind};
use trustsim_diagnosis as diagnosis;
use trustsim_kernel::Time;
use trustsim_scenario::{self as scenario, DigestedFiles, DiskFiles};
use trustsim_tls as tls;
use trustsim_world::{self as world, Deployment, ExportedConnection, Journal, Manifest, Options};

/// The library itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Library;

impl Engine for Library {
    fn load(&self, path: &Path, variant: Option<&str>) -> Result<Loaded, CliError> {
        let files = DigestedFiles::new(&DiskFiles);
        match scenario::load_variant(path, variant, &files) {
            Ok(loaded) => {
                let mut warnings = loaded.warnings.render(true);
                if !warnings.is_empty() && !warnings.ends_with('\n') {
                    warnings.push('\n');
                }
                Ok(Loaded {
                    deployment: loaded.deployment,
                    warnings,
                    variants: loaded.variants,
                    sha256: files.sha256(),
                })
            }
            Err(diagnostics) => Err(CliError::scenario(diagnostics.render(true))),
        }
    }

    fn start(
        &self,
        deployment: Arc<Deployment>,
        options: Options,
    ) -> Result<Box<dyn Simulation>, CliError> {
        Ok(Box::new(world::Simulation::new(deployment, options)))
    }

    fn schema(&self) -> Result<Value, CliError> {
        serde_json::from_str(&scenario::schema()).map_err(|error| {
            CliError::new(ErrorKind::Io, "failed to write the schema").caused_by(error)
        })
    }

    fn explain(&self, code: &str) -> Option<String> {
        scenario::explain(code)
            .or_else(|| tls::explain(code))
            .or_else(|| diagnosis::explain(code))
            .map(str::to_owned)
    }

    fn codes(&self) -> Vec<(String, String)> {
        let of_files = scenario::Code::ALL.iter().map(|code| {
            let title = code.page().lines().next().unwrap_or_default();
            (
                code.text().to_owned(),
                title.trim_start_matches([' ', '#']).to_owned(),
            )
        });
        let of_handshakes = tls::ErrorKind::ALL
            .iter()
            .map(|error| (error.code().to_owned(), error.kebab().to_owned()));
        let of_rotations = diagnosis::Invariant::ALL
            .iter()
            .map(|each| (each.code().to_owned(), each.name().to_owned()));
        of_files.chain(of_handshakes).chain(of_rotations).collect()
    }
}

impl Simulation for world::Simulation {
    fn run_until(&mut self, until: Time) {
        self.run_until(until);
    }

    fn manifest(&self) -> Manifest {
        self.manifest()
    }

    fn journal(&self) -> &Journal {
        self.journal()
    }

    fn status(&self, model: &str) -> Option<Value> {
        self.status(model)
    }

    fn show_unit(&self, model: &str, unit: &str) -> Option<Value> {
        self.show_unit(model, unit)
    }

    fn record(&mut self, unit: &str) -> bool {
        self.record(unit)
    }

    fn record_all(&mut self) {
        self.record_all();
    }

    fn recording(&self) -> Vec<Value> {
        self.recording()
    }

    fn export(&self) -> Vec<ExportedConnection> {
        self.export()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_end_with_a_line_break() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/missing-transfer.yaml");
        let loaded = Library.load(&path, None).expect("it is sound");
        assert!(loaded.warnings.contains("TS0301"));
        assert!(loaded.warnings.ends_with('\n'));
    }
}
