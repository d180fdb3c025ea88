//! From a scenario file to a deployment, its plan and its expectations, with every mistake
//! explained.
//!
//! Must not know how a run works. A scenario is read in two steps: [`parse`] gives it as written,
//! every key with its place; [`resolve()`] merges its bundles, looks every name up and gives a
//! [`Deployment`]. Both note what is wrong and go on, so that one call of [`load`] tells every
//! mistake.

mod bundle;
mod codes;
mod diagnostic;
mod documents;
mod files;
mod merge;
mod render;
mod resolve;
mod rotation;
mod schema;
mod shape;
mod variants;

use std::path::Path;

pub use bundle::{ApplicationFile, ModelConfigFile, ModelFile, OfferFile, SaasFile};
pub use codes::{Code, explain};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use files::{DigestedFiles, DiskFiles, FILE_SIZE_MAX, Files, MemoryFiles};
pub use rotation::{
    HandingFile, NothingFile, PrepareFile, ReIssueFile, RotationFile, StepFile, SwitchFile,
};
pub use schema::schema;
pub use shape::{
    CharmNode, ClientFile, ClockSkewFile, ConnectionFile, ControllerFile, ExpectFile, FailsFile,
    FaultFile, ModelNode, OutageFile, RelationFile, RestartFile, RotateCaFile, ScenarioFile,
    SelectorFile, SetConfigFile, TimingsFile,
};

use trustsim_model::Deployment;
use trustsim_yaml::{FromNode, Reader, Unknown};

/// A scenario as written, with the mistakes found so far.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// What it says.
    pub file: ScenarioFile,
    /// What is wrong with how it says it, and its text.
    pub diagnostics: Diagnostics,
}

/// A scenario that can be played.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is played.
    pub deployment: Deployment,
    /// Warnings and notes, with every text that was read.
    pub warnings: Diagnostics,
    /// Names of the variants that the file has, in file order.
    pub variants: Vec<String>,
}

/// Reads a scenario from its file to the deployment it describes.
///
/// # Errors
///
/// Every mistake in it, where there is at least one error.
pub fn load(path: &Path, files: &dyn Files) -> Result<Loaded, Diagnostics> {
    load_variant(path, None, files)
}

/// Reads a scenario, or one of its variants, whose deployment has both names.
///
/// # Errors
///
/// Every mistake in it, where there is at least one error.
pub fn load_variant(
    path: &Path,
    variant: Option<&str>,
    files: &dyn Files,
) -> Result<Loaded, Diagnostics> {
    let text = files::read_text(files, path, None).map_err(|diagnostic| Diagnostics {
        list: vec![*diagnostic],
        ..Diagnostics::default()
    })?;
    let scenario = parse_variant(&text, &path.display().to_string(), variant)?;
    let mut loaded = resolve(scenario, path, files)?;
    if let Some(variant) = variant {
        let name = &mut loaded.deployment.name;
        *name = format!("{name}-{variant}");
    }
    Ok(loaded)
}

/// Reads a scenario as written; `file_name` is what diagnostics call it.
///
/// # Errors
///
/// Only where the text cannot be read as one YAML document; any other mistake is in the
/// scenario's diagnostics.
pub fn parse(text: &str, file_name: &str) -> Result<Scenario, Diagnostics> {
    parse_variant(text, file_name, None)
}

fn parse_variant(
    text: &str,
    file_name: &str,
    variant: Option<&str>,
) -> Result<Scenario, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let index = diagnostics.sources.add(file_name, text);
    let documents = match trustsim_yaml::parse(text, index) {
        Ok(documents) => documents,
        Err(error) => {
            let code = if error.limit {
                Code::Limits
            } else {
                Code::Syntax
            };
            diagnostics.push(Diagnostic::error(code, error.place, error.message));
            return Err(diagnostics);
        }
    };
    let mut documents = documents.into_iter();
    let Some(mut document) = documents.next() else {
        let message = format!("`{file_name}` is empty");
        let help = "a scenario needs at least `models`; the README has one to begin with";
        diagnostics.push(Diagnostic::new(Code::FileEmpty, Severity::Error, message).help(help));
        return Err(diagnostics);
    };
    if let Some(second) = documents.next() {
        let message = "a scenario is one YAML document";
        let help = "several documents are for bundle files, which `from:` names";
        diagnostics.push(Diagnostic::error(Code::OneOf, second.place, message).help(help));
    }
    if let Some(name) = variant {
        match variants::with_variant(&document, name) {
            Ok(merged) => document = merged,
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    let mut reader = Reader::new(Unknown::Refused, true);
    let file = ScenarioFile::from_node(&document, &mut reader).unwrap_or_default();
    let mistakes = reader.mistakes.into_iter().map(Diagnostic::from);
    diagnostics.list.extend(mistakes);
    Ok(Scenario { file, diagnostics })
}

/// Resolves a scenario that was read from `path`; files it names are relative to that.
///
/// # Errors
///
/// Every mistake in it, those of [`parse`] included, where there is at least one error.
pub fn resolve(scenario: Scenario, path: &Path, files: &dyn Files) -> Result<Loaded, Diagnostics> {
    let Scenario { file, diagnostics } = scenario;
    let folder = path.parent().unwrap_or(Path::new(""));
    let (mut deployment, mut diagnostics) = resolve::resolve(&file, folder, files, diagnostics);
    diagnostics.sort();
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    if deployment.name.is_empty() {
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        deployment.name = stem.unwrap_or_else(|| "scenario".to_owned());
    }
    let variants = file.variants.iter().flat_map(trustsim_yaml::Map::iter);
    Ok(Loaded {
        variants: variants.map(|(name, _)| name.value.clone()).collect(),
        deployment,
        warnings: diagnostics,
    })
}

#[cfg(test)]
mod tests;
