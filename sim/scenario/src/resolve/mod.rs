//! From a scenario as written to a deployment with nothing left to look up.
//!
//! One resolver walks the scenario section by section; each section has its file here. Whatever
//! is wrong is noted and left out, so that one walk finds every mistake.

mod addresses;
mod applications;
mod charms;
mod connections;
mod drafts;
mod endpoints;
mod expectations;
mod faults;
mod header;
mod infer;
mod intermediates;
mod models;
mod offers;
mod operators;
mod placements;
mod relations;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::format::{Files, MergedModel, ScenarioFile};
use crate::lints::Places;
use trustsim_charms::{CharmMetadata, KnownCharm};
use trustsim_errors::{Diagnostic, Diagnostics};
use trustsim_model::{
    ApplicationIndex, ClientIndex, Deployment, ModelIndex, SaasIndex, Source, TiVec,
};
use trustsim_yaml::{Place, Text};

/// What is known of an application beyond its place in the deployment.
struct ApplicationDraft {
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
    models: TiVec<ModelIndex, MergedModel>,
    model_names: BTreeMap<String, ModelIndex>,
    declared_charms: BTreeMap<String, Arc<KnownCharm>>,
    drafts: TiVec<ApplicationIndex, ApplicationDraft>,
    application_names: TiVec<ModelIndex, BTreeMap<String, ApplicationIndex>>,
    saas_names: TiVec<ModelIndex, BTreeMap<String, SaasIndex>>,
    client_names: BTreeMap<String, ClientIndex>,
    places: Places,
    /// How many units each application is given by faults so far.
    units_added: BTreeMap<ApplicationIndex, u32>,
}

/// Resolves a scenario.
pub(super) fn resolve(
    scenario: &ScenarioFile,
    folder: &Path,
    files: &dyn Files,
    out: Diagnostics,
) -> Resolved {
    let mut resolver = Resolver {
        scenario,
        folder,
        files,
        out,
        deployment: Deployment::empty(),
        models: TiVec::new(),
        model_names: BTreeMap::new(),
        declared_charms: BTreeMap::new(),
        drafts: TiVec::new(),
        application_names: TiVec::new(),
        saas_names: TiVec::new(),
        client_names: BTreeMap::new(),
        places: Places::default(),
        units_added: BTreeMap::new(),
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
    Resolved {
        deployment: resolver.deployment,
        places: resolver.places,
        diagnostics: resolver.out,
    }
}

/// What a scenario resolves to. The deployment is whole only where the diagnostics have no errors.
pub(super) struct Resolved {
    pub deployment: Deployment,
    pub places: Places,
    pub diagnostics: Diagnostics,
}

impl Resolver<'_> {
    fn push(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic);
    }

    /// File, line and text of a place, for the report.
    fn source_of(&self, place: Place) -> Source {
        let (line, column) = self.out.sources.position(place);
        let file = self.out.sources.get(place.file);
        Source {
            file: file.map_or_else(|| "".into(), |source| Arc::clone(&source.name)),
            line,
            column,
            text: self.out.sources.line_text(place).into(),
        }
    }

    fn charm(&self, application: ApplicationIndex) -> &CharmMetadata {
        &self.deployment.applications[application].charm
    }
}

/// `"a"`, the way Go prints names in Juju's messages.
fn quoted(text: &Text) -> String {
    format!("{:?}", text.value)
}
