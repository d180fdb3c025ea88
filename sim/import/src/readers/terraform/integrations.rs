//! What an integration is of: two applications, or an application and an offer.

use trustsim_yaml::{Node, Place, Spanned, Text};

use super::models::{Offer, Reading};
use super::references::{Given, split};
use super::resources::{Resource, unkeyed};
use crate::dump::{Kind, RelationDump, SaasDump, SideDump};
use crate::readers::{left_out, text};

impl Reading<'_> {
    pub(super) fn integration(&mut self, resource: &Resource<'_>) {
        let model = self.model_of(resource);
        let sides = self.sides(resource, &model);
        let Ok([left, right]) = <[SideDump; 2]>::try_from(sides) else {
            let message = format!(
                "which applications `{}` integrates is not known: it is left out",
                resource.address
            );
            left_out(
                self.out,
                resource.place,
                message,
                "give the state after apply: terraform show -json",
            );
            return;
        };
        let place = resource.place;
        self.model(&model, place).relations.push(RelationDump {
            sides: [left, right],
            interface: None,
            container: false,
            number: None,
            kind: Kind::Terraform,
            place,
        });
    }

    /// What an integration is of. Blocks of the configuration come first: of a set, the planned values have what is
    /// known in another order.
    fn sides(&mut self, resource: &Resource<'_>, model: &str) -> Vec<SideDump> {
        let planned = resource.values.elements_of("application");
        let is_known =
            |block: &Node| text(block, "name").is_some() || text(block, "offer_url").is_some();
        if planned.len() == 2 && planned.iter().all(is_known) {
            let sides = planned
                .iter()
                .filter_map(|block| self.known_side(block, model, resource.place));
            return sides.collect::<Vec<_>>();
        }
        let configured = self.configuration.expressions(&resource.address);
        let blocks: Vec<&Node> = configured
            .into_iter()
            .flat_map(|blocks| blocks.elements_of("application"))
            .collect();
        let mut found = Vec::new();
        for block in blocks {
            found.extend(self.given_side(resource, block, model));
        }
        found
    }

    /// A side whose values are known.
    fn known_side(&mut self, block: &Node, model: &str, place: Place) -> Option<SideDump> {
        // Of a side with an offer the name is that of the consumed offer.
        let url = text(block, "offer_url")
            .filter(|url| url.value.contains('.') || self.offer_of(&url.value).is_some());
        let name = text(block, "name");
        let endpoint = text(block, "endpoint").map(|endpoint| endpoint.value);
        match (url, name) {
            (Some(url), _) => {
                let known = self.offer_of(&url.value);
                self.consume(model, Some(&url), known, place)
            }
            (None, Some(name)) => Some(SideDump {
                name: name.value,
                endpoint,
            }),
            (None, None) => None,
        }
    }

    /// The offer whose URL is the text, as a state and a test have it.
    fn offer_of(&self, url: &str) -> Option<Offer> {
        let mut offers = self.resources.of_kind("juju_offer");
        let found = offers.find(|offer| {
            ["url", "id"]
                .iter()
                .any(|key| text(offer.values, key).is_some_and(|text| text.value == url))
        })?;
        self.offers.get(&found.address).cloned()
    }

    /// A side as the configuration has it.
    fn given_side(
        &mut self,
        resource: &Resource<'_>,
        block: &Node,
        model: &str,
    ) -> Option<SideDump> {
        let (module, _) = split(&unkeyed(&resource.address));
        if let Some(expression) = block.get("offer_url") {
            let given = self.configuration.given(expression, &module);
            let place = resource.place;
            return match given? {
                Given::Text(url) => {
                    let known = self.offer_of(&url);
                    self.consume(model, Some(&Spanned::new(url, place)), known, place)
                }
                Given::Attribute { address, .. } => {
                    let found = self.resources.referred(&address, resource.module())?;
                    let url = text(found.values, "url");
                    let known = self.offers.get(&found.address).cloned();
                    self.consume(model, url.as_ref(), known, place)
                }
            };
        }
        let name = self.given_name(resource, block.get("name")?)?;
        let endpoint = block.get("endpoint").and_then(|expression| {
            match self.configuration.given(expression, &module)? {
                Given::Text(text) => Some(text),
                Given::Attribute { .. } => None,
            }
        });
        Some(SideDump { name, endpoint })
    }

    /// Adds a consumed offer, which is called as the offer (`docs/resources/integration.md`). Nothing where neither its
    /// URL nor its model is known before Terraform applies it.
    fn consume(
        &mut self,
        model: &str,
        url: Option<&Text>,
        known: Option<Offer>,
        place: Place,
    ) -> Option<SideDump> {
        let (written, name) = match known {
            Some(offer) => {
                let of = self
                    .models
                    .get(&offer.model)
                    .and_then(|model| model.name.as_ref());
                let of = &of?.value;
                (format!("admin/{of}.{}", offer.name), offer.name)
            }
            None => {
                let url = url?;
                let (_, offer) = url.value.rsplit_once('.')?;
                (url.value.clone(), offer.to_owned())
            }
        };
        let dump = self.model(model, place);
        let name = match dump.applications.contains_key(&name) {
            true => format!("{name}-saas"),
            false => name,
        };
        dump.saas.entry(name.clone()).or_insert_with(|| SaasDump {
            place,
            url: Some(Spanned::new(written, place)),
            ..SaasDump::default()
        });
        Some(SideDump {
            name,
            endpoint: None,
        })
    }
}
