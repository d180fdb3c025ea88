//! From a scenario file to a deployment, its plan and its expectations, with every mistake
//! explained.
//!
//! Must not know how a run works. A scenario is read in two steps: [`parse`] gives it as written,
//! every key with its place; [`resolve()`] merges its bundles, looks every name up and gives a
//! [`Deployment`]. Both note what is wrong and go on, so that one call of [`load`] tells every
//! mistake.

mod format;
mod lints;
mod name_rules;
mod resolve;
mod sound;

use std::path::Path;

pub use format::{
    ApplicationFile, CharmNode, ClientFile, ConnectionFile, ConnectionsFile, ControllerFile,
    DerivedFile, DigestedFiles, DiskFiles, ExceptFile, ExpectFile, FILE_SIZE_MAX, FailsFile, Files,
    GivenCharm, LoadBalancerFile, LoadOptions, MemoryFiles, ModelConfigFile, ModelFile, ModelNode,
    OfferFile, OutageFile, SaasFile, Scenario, ScenarioFile, SelectorFile, TimingsFile,
    merged_bundle, parse, parse_with, read_text, schema,
};
pub use resolve::{
    Derived, LeftOut, OfferUrl, UsualEndpoint, parse_offer_url, untold_charm, usual_endpoint,
};
pub use trustsim_errors::{Code, Diagnostic, Diagnostics, Label, Severity, explain};

use trustsim_model::Deployment;

/// A scenario that can be played.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is played.
    pub deployment: Deployment,
    /// Warnings and notes, with every text that was read.
    pub warnings: Diagnostics,
    /// Names of the variants that the file has, in file order.
    pub variants: Vec<String>,
    /// What was derived of its connections, where they are.
    pub derived: Option<Derived>,
}

/// Reads a scenario from its file to the deployment it describes.
///
/// # Errors
///
/// Every mistake in it, where there is at least one error.
pub fn load(path: &Path, files: &dyn Files) -> Result<Loaded, Diagnostics> {
    load_with(path, LoadOptions::default(), files)
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
    let options = LoadOptions {
        variant,
        ..LoadOptions::default()
    };
    load_with(path, options, files)
}

/// Reads a scenario with what is laid over its file.
///
/// # Errors
///
/// Every mistake in it, where there is at least one error.
pub fn load_with(
    path: &Path,
    options: LoadOptions<'_>,
    files: &dyn Files,
) -> Result<Loaded, Diagnostics> {
    let text = format::read_text(files, path, None).map_err(|diagnostic| Diagnostics {
        list: vec![*diagnostic],
        ..Diagnostics::default()
    })?;
    let scenario = parse_with(&text, &path.display().to_string(), options)?;
    let mut loaded = resolve(scenario, path, files)?;
    if let Some(variant) = options.variant {
        let name = &mut loaded.deployment.name;
        *name = format!("{name}-{variant}");
    }
    Ok(loaded)
}

/// Resolves a scenario that was read from `path`; files it names are relative to that.
///
/// # Errors
///
/// Every mistake in it, those of [`parse`] included, where there is at least one error.
pub fn resolve(scenario: Scenario, path: &Path, files: &dyn Files) -> Result<Loaded, Diagnostics> {
    let Scenario { file, diagnostics } = scenario;
    let folder = path.parent().unwrap_or(Path::new(""));
    let resolved = resolve::resolve(&file, folder, files, diagnostics);
    let resolve::Resolved {
        mut deployment,
        places,
        derived,
        mut diagnostics,
    } = resolved;
    if diagnostics.has_errors() {
        // What a model should have had from a file of another kind, everything else misses.
        let is_other = |diagnostic: &Diagnostic| diagnostic.code == Code::OtherFile;
        if diagnostics.list.iter().any(is_other) {
            diagnostics.list.retain(is_other);
        }
        diagnostics.sort_and_dedup();
        return Err(diagnostics);
    }
    sound::assert_sound(&deployment);
    diagnostics.list.extend(lints::lint(&deployment, &places));
    diagnostics.sort_and_dedup();
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
        derived,
    })
}

#[cfg(test)]
mod tests;
