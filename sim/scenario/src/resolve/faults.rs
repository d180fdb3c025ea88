//! The `faults` section: each kind of fault checks itself, and looks names up here.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Resolver;
use trustsim_charms::CharmMetadata;
use trustsim_errors::Diagnostic;
use trustsim_faults::{Addressed, Names, draw, resolve};
use trustsim_model::{ApplicationIndex, Deployment, ModelIndex, Party, RelationSpec, Source};
use trustsim_yaml::{Map, Node, Place, Text};

impl Resolver<'_> {
    pub(super) fn faults(&mut self) {
        let files = self.scenario.faults.as_deref().unwrap_or_default();
        for file in files {
            let (line, _) = self.out.sources.position(file.place);
            self.places.faults.entry(line).or_insert(file.place);
        }
        let plan = resolve(files, self);
        self.deployment.actions = plan.actions.into();
        self.deployment.random = plan.random;
        self.deployment.rotations = plan.rotations;
        draw(&mut self.deployment);
    }
}

impl Names for Resolver<'_> {
    fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.push(diagnostic);
    }

    fn source(&self, place: Place) -> Source {
        self.source_of(place)
    }

    fn address(&mut self, text: &Text) -> Option<Addressed> {
        self.address_of(text)
    }

    fn application(&mut self, text: &Text) -> Option<ApplicationIndex> {
        self.application_address(text)
    }

    fn party(&mut self, text: &Text) -> Option<(Party, Option<u32>)> {
        self.party_address(text)
    }

    fn authority(&mut self, text: &Text) -> Option<ApplicationIndex> {
        self.trusted(text)
    }

    fn relation(
        &mut self,
        model: ModelIndex,
        sides: [&Text; 2],
        place: Place,
    ) -> Option<RelationSpec> {
        let [left, right] = sides.map(Text::clone);
        let draft = self.draft_between(model, left, right, place)?;
        self.resolve_relation(&draft)
    }

    fn over_limit(
        &self,
        application: ApplicationIndex,
        endpoint: &str,
        count: u32,
    ) -> Option<String> {
        self.limit_exceeded(application, endpoint, count)
    }

    fn options(
        &mut self,
        application: ApplicationIndex,
        options: Option<&Map<Node>>,
    ) -> BTreeMap<String, Option<String>> {
        let charm = self.known_charm(application);
        let mut values = BTreeMap::new();
        for (name, node) in options.into_iter().flat_map(Map::iter) {
            self.check_option_name(name, &charm);
            if let Some(value) = self.option_value(name, node, &charm) {
                values.insert(name.value.clone(), value);
            }
        }
        values
    }

    fn refreshed(
        &mut self,
        application: ApplicationIndex,
        channel: Option<&Text>,
        changes: Option<&Node>,
    ) -> Option<Arc<CharmMetadata>> {
        let name = self.charm(application).name.clone();
        let known = match (changes, channel) {
            (Some(changes), _) => self.changed_charm(&name, channel, changes),
            (None, Some(channel)) => self.charm_in_channel(&name, channel)?,
            (None, None) => return None,
        };
        Some(Arc::new(known.metadata))
    }

    fn add_units(&mut self, application: ApplicationIndex, count: u32) {
        *self.units_added.entry(application).or_default() += count;
    }

    fn units_added(&self, application: ApplicationIndex) -> u32 {
        self.units_added.get(&application).copied().unwrap_or(0)
    }
}
