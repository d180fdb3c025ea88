//! From a scenario as written to a deployment with nothing left to look up.
//!
//! One resolver walks the scenario section by section; each section has its file here. Whatever
//! is wrong is noted and left out, so that one walk finds every mistake.

mod addresses;
mod anchors;
mod applications;
mod charms;
mod choices;
mod connections;
mod endpoints;
mod expectations;
mod faults;
mod header;
mod infer;
mod libraries;
mod lints;
mod models;
mod offers;
mod operators;
mod placements;
mod providers;
mod relations;
mod rotations;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::documents::MergedModel;
use super::files::Files;
use super::shape::{ScenarioFile, Text};
use trustsim_charms::{CharmMetadata, KnownCharm};
use trustsim_model::{Deployment, Source};
use trustsim_yaml::Place;

/// What is known of an application beyond its place in the deployment.
struct ApplicationDraft {
    /// Where its name stands.
    place: Place,
    /// Whether endpoints its charm is not known to have may be real.
    more_endpoints: bool,
    /// Whether options its charm is not known to have may be real.
    more_options: bool,
    /// Endpoints whose interface was another one in other revisions, with those.
    earlier_interfaces: BTreeMap<String, Vec<String>>,
}

/// The walk through a scenario.
pub(super) struct Resolver<'a> {
    scenario: &'a ScenarioFile,
    folder: &'a Path,
    files: &'a dyn Files,
    out: Diagnostics,
    deployment: Deployment,
    models: Vec<MergedModel>,
    model_names: BTreeMap<String, usize>,
    declared_charms: BTreeMap<String, Arc<KnownCharm>>,
    drafts: Vec<ApplicationDraft>,
    application_names: Vec<BTreeMap<String, usize>>,
    saas_names: Vec<BTreeMap<String, usize>>,
    client_names: BTreeMap<String, usize>,
    relation_places: Vec<Place>,
    /// Applications that get more units, and how many.
    units_added: Vec<(usize, u32)>,
}

/// Resolves a scenario. The deployment is whole only where the diagnostics have no errors.
pub(super) fn resolve(
    scenario: &ScenarioFile,
    folder: &Path,
    files: &dyn Files,
    out: Diagnostics,
) -> (Deployment, Diagnostics) {
    let mut resolver = Resolver {
        scenario,
        folder,
        files,
        out,
        deployment: Deployment::empty(),
        models: Vec::new(),
        model_names: BTreeMap::new(),
        declared_charms: BTreeMap::new(),
        drafts: Vec::new(),
        application_names: Vec::new(),
        saas_names: Vec::new(),
        client_names: BTreeMap::new(),
        relation_places: Vec::new(),
        units_added: Vec::new(),
    };
    resolver.header();
    resolver.controllers();
    resolver.declared_charms();
    resolver.models();
    resolver.applications();
    resolver.placements();
    resolver.offers();
    resolver.saas();
    resolver.relations();
    resolver.clients();
    resolver.acme();
    resolver.operators();
    resolver.connections();
    resolver.faults();
    resolver.expectations();
    resolver.lints();
    resolver.libraries();
    (resolver.deployment, resolver.out)
}

impl Resolver<'_> {
    fn push(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic);
    }

    /// File, line and text of a place, for whoever reads the report.
    fn source(&self, place: Place) -> Source {
        let (line, column) = self.out.sources.position(place);
        let file = self.out.sources.get(place.file);
        Source {
            file: file.map_or_else(|| "".into(), |source| Arc::clone(&source.name)),
            line,
            column,
            text: self.out.sources.line_text(place).into(),
        }
    }

    fn charm(&self, application: usize) -> &CharmMetadata {
        &self.deployment.applications[application].charm
    }
}

/// `"a"`, the way Go prints names in Juju's messages.
fn quoted(text: &Text) -> String {
    format!("{:?}", text.value)
}
