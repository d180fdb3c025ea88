//! The models of a scenario that is written: merged, with their relations, joined by the URLs of offers.

use std::collections::{BTreeMap, BTreeSet};

use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_scenario::untold_charm;
use trustsim_yaml::{Node, Spanned, Text};

use crate::assemble::Dumps;
use crate::declared::{Declared, PlannedCharm};
use crate::dump::{ModelDump, RelationDump};
use crate::gather::CharmFile;
use crate::join::join;
use crate::knowledge::Knowledge;
use crate::merge::{charm_name, controllers, merged};
use crate::pair::paired;

/// A model as it is written.
pub(crate) struct PlannedModel {
    pub(crate) name: String,
    pub(crate) dump: ModelDump,
    pub(crate) relations: Vec<RelationDump>,
    /// The user that the URLs of its offers name, where it is not `admin`.
    pub(crate) owner: Option<Text>,
}

/// Everything that is written.
pub(crate) struct Plan {
    pub(crate) models: Vec<PlannedModel>,
    /// Controllers, where there are several.
    pub(crate) controllers: Vec<String>,
    pub(crate) charms: BTreeMap<String, PlannedCharm>,
    /// Overlays without their bundle, as errors.
    pub(crate) overlays: Vec<Diagnostic>,
    /// Charms whose own files were found.
    pub(crate) files: Vec<CharmFile>,
}

/// Merges the dumps of each model, and joins the models.
pub(crate) fn plan(
    models: Vec<Dumps>,
    files: Vec<CharmFile>,
    metadata: &BTreeMap<String, Node>,
    out: &mut Diagnostics,
) -> Plan {
    let mut planned = Vec::new();
    let mut charms = Declared::default();
    let mut overlays = Vec::new();
    for Dumps { name, dumps } in models {
        let mut dump = merged(dumps, out);
        name_untold_charms(&mut dump);
        drop_offers_without_endpoints(&mut dump, out);
        let knowledge = Knowledge::of(&dump, metadata);
        let relations = paired(&mut dump, &knowledge, out);
        charms.add(&name, &dump, &relations, &knowledge, metadata);
        if let (Some(first), true) = (dump.changed.first(), dump.applications.is_empty()) {
            overlays.push(overlay_alone(&name, first, &dump));
            continue;
        }
        if dump.applications.is_empty() {
            let message = format!("the model `{name}` has no application: it is left out");
            let warning = Diagnostic::new(Code::LeftOut, Severity::Warning, message);
            out.push(warning.at(dump.place, ""));
            continue;
        }
        planned.push(PlannedModel {
            name,
            dump,
            relations,
            owner: None,
        });
    }
    let names = controllers(planned.iter().map(|model| &model.dump));
    let mut plan = Plan {
        controllers: if names.len() > 1 { names } else { Vec::new() },
        models: planned,
        charms: charms.charms(),
        overlays,
        files: Vec::new(),
    };
    join(&mut plan, out);
    let used: BTreeSet<&str> = plan
        .models
        .iter()
        .flat_map(|model| model.dump.applications.values())
        .filter_map(|application| application.charm.as_ref())
        .map(|charm| charm_name(&charm.value))
        .collect();
    let mut seen = BTreeSet::new();
    let is_first =
        |file: &CharmFile| used.contains(file.name.as_str()) && seen.insert(file.name.clone());
    plan.files = files.into_iter().filter(is_first).collect();
    plan
}

/// One error for all that an overlay without its bundle does not have.
fn overlay_alone(name: &str, first: &Text, dump: &ModelDump) -> Diagnostic {
    let others = match dump.changed.len() {
        1 => " has".to_owned(),
        count => format!(" and {} more have", count - 1),
    };
    let message = format!(
        "`{name}` is an overlay without its bundle: `{}`{others} no charm",
        first.value
    );
    let error = Diagnostic::error(Code::OtherFile, first.place, message);
    error.help("give the bundle that it is laid over beside it")
}

fn drop_offers_without_endpoints(dump: &mut ModelDump, out: &mut Diagnostics) {
    for application in dump.applications.values_mut() {
        application.offers.retain(|name, offer| {
            if offer.endpoints.is_empty() {
                let message = format!("the offer `{name}` has no endpoints: it is left out");
                let warning = Diagnostic::warning(Code::LeftOut, offer.place, message);
                out.push(
                    warning.help("an overlay that changes an offer names its endpoints again"),
                );
            }
            !offer.endpoints.is_empty()
        });
    }
}

/// Names the charms of applications that only relations name. Where the scenario is read, a warning tells of them, and what
/// is missing.
fn name_untold_charms(dump: &mut ModelDump) {
    let untold = dump.applications.iter_mut();
    for (name, application) in untold.filter(|(_, application)| application.charm.is_none()) {
        let place = application.place;
        application.charm = Some(Spanned::new(untold_charm(name), place));
    }
}
