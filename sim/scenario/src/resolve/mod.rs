//! From a scenario as written to a deployment with nothing left to look up.
//!
//! [`resolve()`] goes through the sections in the order in which they refer to each other. A section reads what is
//! known so far from the [`Inventory`]. It gives what it found; `infer`, `clients` and `faults` add to the inventory
//! themselves, entry by entry. Whatever is wrong is noted and left out, so that one pass finds every mistake.
//!
//! A further section is a file here and a line in [`resolve()`], after the sections that it refers to.

mod absent;
mod addresses;
mod answers;
mod applications;
mod charm_names;
mod charms;
mod clients;
mod connections;
mod constraints;
mod declarations;
mod derived;
mod directives;
mod drafts;
mod endpoints;
mod expectations;
mod faults;
mod folder;
mod guesses;
mod header;
mod infer;
mod intermediates;
mod inventory;
mod machines;
mod matching;
mod models;
mod names;
mod offers;
mod operators;
mod options;
mod own_files;
mod own_tree;
mod placements;
mod published;
mod relations;
mod saas;
mod spaces;
mod suggestions;
mod unread_keys;
mod usual_names;
mod values;

pub use usual_names::{Usual as UsualEndpoint, usual as usual_endpoint};

use std::path::Path;
use std::sync::Arc;

use crate::format::{Files, ScenarioFile};
use crate::lints::Places;
pub use applications::untold_charm;
use charms::Charms;
pub use derived::{Derived, LeftOut};
use folder::Folder;
use inventory::Inventory;
pub use saas::{OfferUrl, parse_offer_url};
use trustsim_errors::Diagnostics;
use trustsim_model::{Deployment, Source};
use trustsim_yaml::{Place, Sources};

/// What a scenario resolves to. The deployment is whole only where the diagnostics have no errors.
pub(super) struct Resolved {
    pub deployment: Deployment,
    pub places: Places,
    pub derived: Option<Derived>,
    pub diagnostics: Diagnostics,
}

/// Resolves a scenario.
pub(super) fn resolve(
    scenario: &ScenarioFile,
    folder: &Path,
    files: &dyn Files,
    mut diagnostics: Diagnostics,
) -> Resolved {
    let out = &mut diagnostics;
    let folder = Folder::new(folder, files);
    let header = header::header(scenario, out);
    let charms = Charms::declared(scenario.charms.as_ref(), folder, out);
    let models = models::models(scenario, &header.controllers, folder, out);
    let bundles = &models.bundles;

    let mut inventory = Inventory::new(header, models.specs, bundles);
    let applications = applications::applications(bundles, &inventory, &charms, out);
    inventory.add_applications(applications);
    inventory.place(placements::placements(bundles, &inventory, out));
    spaces::note_assumed(&inventory, out);
    inventory.add_offers(offers::offers(bundles, &inventory, out));
    inventory.add_saas(saas::saas(bundles, &inventory, out));
    let drafts = drafts::drafts(bundles, &inventory, out);
    let drafts = infer::complete(drafts, &mut inventory, out);
    inventory.add_relations(relations::relations(&drafts, &inventory, out));
    inventory.add_absent(absent::absent(bundles, &inventory));
    published::check(bundles, &inventory, out);
    clients::clients(scenario.clients.as_ref(), folder, &mut inventory, out);
    let operators = scenario.operators.as_ref();
    inventory.add_operators(operators::operators(operators, &inventory, out));
    let file = scenario.connections.as_ref();
    let listed = file.map_or(&[][..], |file| &file.listed);
    let mut written = connections::connections(listed, &inventory, out);
    derived::mark_what_follows(&mut written, &inventory, out);
    let derived = derived::derived(file, &written, &mut inventory, out);
    inventory.add_connections(written);
    faults::faults(section(&scenario.faults), &charms, &mut inventory, out);
    spaces::check_room(bundles, &inventory, out);
    // Fewer in the inventory means that some were wrong, and then an expectation may be about one of those.
    let declared = listed.len() + derived.as_ref().map_or(0, |derived| derived.made);
    let expect = section(&scenario.expect);
    let expectations = expectations::expectations(expect, declared, &inventory, out);

    let (mut deployment, places) = inventory.into_parts();
    deployment.expectations = expectations;
    Resolved {
        deployment,
        places,
        derived,
        diagnostics,
    }
}

/// The entries of a section; one that is left out has none.
fn section<T>(entries: &Option<Vec<T>>) -> &[T] {
    entries.as_deref().unwrap_or_default()
}

/// File, line and text of a place, for the report.
fn source_of(sources: &Sources, place: Place) -> Source {
    let (line, column) = sources.position(place);
    let file = sources.get(place.file);
    Source {
        file: file.map_or_else(|| "".into(), |source| Arc::clone(&source.name)),
        line,
        column,
        text: sources.line_text(place).into(),
    }
}
