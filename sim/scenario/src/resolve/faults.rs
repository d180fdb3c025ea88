//! The `faults` section: each kind of fault checks itself, and looks names up here.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::addresses::Addresses;
use super::charms::Charms;
use super::drafts::Parties;
use super::inventory::Inventory;
use super::matching::relation_between;
use super::options::{Options, have_it};
use super::relations::limit_exceeded;
use super::source_of;
use trustsim_charms::{CharmMetadata, Pinned, Provenance, revisions_with_action};
use trustsim_errors::{Diagnostic, Diagnostics};
use trustsim_faults::{Addressed, FaultFile, Names, resolve};
use trustsim_model::{ApplicationIndex, Deployment, ModelIndex, Party, RelationSpec, Source};
use trustsim_yaml::{Map, Node, Place, Text};

/// Plans every fault.
pub(super) fn faults(
    files: &[FaultFile],
    charms: &Charms<'_>,
    inventory: &mut Inventory,
    out: &mut Diagnostics,
) {
    let mut places = BTreeMap::new();
    for file in files {
        let (line, _) = out.sources.position(file.place);
        places.entry(line).or_insert(file.place);
    }
    let mut known = Known {
        inventory,
        charms,
        out,
    };
    let plan = resolve(files, &mut known);
    inventory.plan(plan, places);
}

/// What a fault can name.
struct Known<'a> {
    inventory: &'a mut Inventory,
    charms: &'a Charms<'a>,
    out: &'a mut Diagnostics,
}

impl Known<'_> {
    const fn addresses(&mut self) -> Addresses<'_> {
        Addresses::new(self.inventory, self.out)
    }
}

impl Names for Known<'_> {
    fn deployment(&self) -> &Deployment {
        self.inventory.deployment()
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic);
    }

    fn source(&self, place: Place) -> Source {
        source_of(&self.out.sources, place)
    }

    fn address(&mut self, text: &Text) -> Option<Addressed> {
        self.addresses().address(text)
    }

    fn application(&mut self, text: &Text) -> Option<ApplicationIndex> {
        self.addresses().application(text)
    }

    fn party(&mut self, text: &Text) -> Option<(Party, Option<u32>)> {
        self.addresses().party(text)
    }

    fn authority(&mut self, text: &Text) -> Option<ApplicationIndex> {
        self.addresses().authority(text)
    }

    fn relation(
        &mut self,
        model: ModelIndex,
        sides: [&Text; 2],
        place: Place,
    ) -> Option<RelationSpec> {
        let [left, right] = sides.map(Text::clone);
        let mut parties = Parties::new(self.inventory, self.out);
        let draft = parties.between(model, left, right, place)?;
        relation_between(&draft, self.inventory, self.out)
    }

    fn over_limit(
        &self,
        application: ApplicationIndex,
        endpoint: &str,
        count: u32,
    ) -> Option<String> {
        limit_exceeded(application, endpoint, count, self.inventory)
    }

    fn options(
        &mut self,
        application: ApplicationIndex,
        options: Option<&Map<Node>>,
    ) -> BTreeMap<String, Option<String>> {
        let charm = self.inventory.charm(application);
        let more = self.inventory.unlisted(application).options;
        Options::new(charm, more, self.out).values(options)
    }

    fn revisions_with_action(&self, application: ApplicationIndex, action: &str) -> Option<String> {
        let charm = self.inventory.charm(application);
        // Of a charm that the scenario describes the catalogue's revisions tell nothing.
        if !matches!(charm.provenance, Provenance::Read(_)) {
            return None;
        }
        let having = revisions_with_action(&charm.name, action);
        (!having.is_empty()).then(|| have_it(&having))
    }

    fn refreshed(
        &mut self,
        application: ApplicationIndex,
        pinned: Pinned<'_>,
        changes: Option<&Node>,
    ) -> Option<Arc<CharmMetadata>> {
        let name = &self.inventory.charm(application).name;
        let known = match changes {
            Some(changes) => self.charms.changed(name, pinned, changes, self.out),
            None if pinned == Pinned::default() => return None,
            None => self.charms.in_catalogue(name, pinned)?,
        };
        Some(Arc::new(known.metadata))
    }

    fn add_units(&mut self, application: ApplicationIndex, count: u32) {
        self.inventory.add_units(application, count);
    }

    fn units_added(&self, application: ApplicationIndex) -> u32 {
        self.inventory.units_added(application)
    }
}
