//! From resources to models: which model each application is in, and what is integrated.

use std::collections::BTreeMap;

use trustsim_errors::Diagnostics;
use trustsim_yaml::{Node, Place, Scalar, ScalarKind, Spanned};

use super::references::{Configuration, Given, split};
use super::resources::{Resource, Resources, above, unkeyed};
use crate::addresses::of_constraints;
use crate::dump::{ApplicationDump, Kind, ModelDump, OfferDump};
use crate::readers::{left_out, number, text};

/// What a model is told by: the address of its resource, its UUID, or its name.
pub(super) type ModelKey = String;

/// An offer: its model, and its name.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub(super) model: ModelKey,
    pub(super) name: String,
}

/// Reads the resources of one document.
pub(super) struct Reading<'a> {
    pub(super) resources: &'a Resources<'a>,
    pub(super) configuration: &'a Configuration<'a>,
    pub(super) out: &'a mut Diagnostics,
    pub(super) models: BTreeMap<ModelKey, ModelDump>,
    /// Offers by the addresses of their resources.
    pub(super) offers: BTreeMap<String, Offer>,
    place: Place,
    /// Whether it is a state, which has all that there is.
    is_state: bool,
    /// How many resources say nothing of the model that they are in.
    untold: usize,
}

impl<'a> Reading<'a> {
    pub(super) const fn new(
        resources: &'a Resources<'a>,
        configuration: &'a Configuration<'a>,
        place: Place,
        is_state: bool,
        out: &'a mut Diagnostics,
    ) -> Self {
        Self {
            resources,
            configuration,
            out,
            models: BTreeMap::new(),
            offers: BTreeMap::new(),
            place,
            is_state,
            untold: 0,
        }
    }

    /// Every model with an application.
    pub(super) fn models(mut self) -> Vec<ModelDump> {
        let resources = self.resources;
        for resource in resources.of_kind("juju_model") {
            let key = resource.address.clone();
            let model = self.model(&key, resource.place);
            model.name = text(resource.values, "name");
            let kind = text(resource.values, "type");
            model.kubernetes =
                kind.map(|kind| ["caas", "kubernetes"].contains(&kind.value.as_str()));
        }
        for resource in resources.of_kind("juju_application") {
            self.application(resource);
        }
        if self.untold > 1 {
            let message = format!(
                "which models {} applications are in is known after apply: they are taken to be in one",
                self.untold
            );
            let help = "give what `terraform show -json` prints of the plan or of the state; in a test, the run has to be \
                        `command = apply`";
            left_out(self.out, self.place, message, help);
        }
        for resource in resources.of_kind("juju_offer") {
            self.offer(resource);
        }
        for resource in resources.of_kind("juju_integration") {
            self.integration(resource);
        }
        let models = self.models.into_values();
        let mut found: Vec<ModelDump> = models
            .filter(|model| !model.applications.is_empty())
            .collect();
        for model in &mut found {
            if model.kubernetes.is_none() {
                model.kubernetes = Some(has_charm_of_kubernetes(model));
                let message = match self.is_state {
                    true => {
                        "the state does not say whether the model is on Kubernetes; by the names of its charms it is taken to be"
                    }
                    false => {
                        "whether the model is on Kubernetes is known after apply; by the names of its charms it is taken to be"
                    }
                };
                let taken = match model.kubernetes {
                    Some(true) => message.to_owned(),
                    _ => message.replace("taken to be", "taken not to be"),
                };
                let help = match self.is_state {
                    true => {
                        "where that is wrong, say so in the scenario that `trustsim import` writes (`bundle: kubernetes`)"
                    }
                    false => "give the state after apply: terraform show -json",
                };
                left_out(self.out, model.place, taken, help);
            }
        }
        found
    }

    pub(super) fn model(&mut self, key: &str, place: Place) -> &mut ModelDump {
        let models = self.models.entry(key.to_owned());
        models.or_insert_with(|| ModelDump::new(Kind::Terraform, place))
    }

    /// The model of a resource: by its UUID, its name, or what the expression for it refers to.
    pub(super) fn model_of(&mut self, resource: &Resource<'_>) -> ModelKey {
        let known = ["model_uuid", "model"]
            .iter()
            .find_map(|key| text(resource.values, key));
        let given = || {
            let expressions = self.configuration.expressions(&resource.address)?;
            let expression = ["model_uuid", "model"]
                .iter()
                .find_map(|key| expressions.get(key))?;
            let (module, _) = split(&unkeyed(&resource.address));
            self.configuration.given(expression, &module)
        };
        let (key, name) = match known {
            Some(known) => (self.model_called(&known.value), Some(known)),
            None => match given() {
                Some(Given::Text(text)) => (
                    self.model_called(&text),
                    Some(Spanned::new(text, resource.place)),
                ),
                Some(Given::Attribute { address, .. }) => {
                    let found = self.resources.referred(&address, resource.module());
                    (
                        Ok(found.map_or(address, |found| found.address.clone())),
                        None,
                    )
                }
                None => {
                    let near = self.near(resource);
                    self.untold += usize::from(near.is_none());
                    (near.ok_or_else(|| "model".to_owned()), None)
                }
            },
        };
        match key {
            Ok(address) => {
                // A model that is there already is read by a data source.
                let source = self
                    .resources
                    .of_kind("juju_model")
                    .find(|model| model.address == address);
                let place = source.map_or(self.place, |source| source.place);
                let named = source.and_then(|source| text(source.values, "name"));
                let model = self.model(&address, place);
                model.name = model.name.take().or(named);
                address
            }
            Err(key) => {
                let model = self.model(&key, resource.place);
                // Of a UUID the name is not known.
                let name = name.filter(|name| !is_uuid(&name.value));
                model.name = model.name.take().or(name);
                key
            }
        }
    }

    /// The only model of the module of a resource, or of one that it is in. Of `local` values, as in `model_uuid =
    /// local.model_uuid`, the configuration has no expression.
    fn near(&self, resource: &Resource<'_>) -> Option<ModelKey> {
        let is_managed = |model: &&Resource<'_>| !model.address.contains("data.juju_model");
        let all: Vec<&Resource<'_>> = self
            .resources
            .of_kind("juju_model")
            .filter(is_managed)
            .collect();
        let mut module = resource.module();
        loop {
            let mut own = all.iter().filter(|model| model.module() == module);
            match (own.next(), own.next()) {
                (Some(only), None) => return Some(only.address.clone()),
                (Some(_), Some(_)) => return None,
                (None, _) if module.is_empty() => break,
                (None, _) => module = above(module),
            }
        }
        match all.as_slice() {
            [only] => Some(only.address.clone()),
            _ => None,
        }
    }

    /// The address of the model with a UUID or a name; the text itself where no resource is that.
    fn model_called(&self, called: &str) -> Result<ModelKey, ModelKey> {
        let is_it = |model: &&Resource<'_>| {
            ["uuid", "id", "name"]
                .iter()
                .any(|key| text(model.values, key).is_some_and(|text| text.value == called))
        };
        let found = self.resources.of_kind("juju_model").find(is_it);
        found
            .map(|found| found.address.clone())
            .ok_or_else(|| called.to_owned())
    }

    fn application(&mut self, resource: &Resource<'_>) {
        let Some(name) = self.application_name(resource) else {
            let message = format!(
                "the name of `{}` is not known: it is left out",
                resource.address
            );
            left_out(
                self.out,
                resource.place,
                message,
                "give the state after apply",
            );
            return;
        };
        let values = resource.values;
        let block = |key: &str| values.get(key).and_then(|list| list.elements().first());
        let (charm, local) = (block("charm"), block("local_charm"));
        let model = self.model_of(resource);
        let (to, of_containers) = self.machines_of(resource, &model);
        let count = number(values, "units")
            .and_then(|units| Some(Spanned::new(u32::try_from(units.value).ok()?, units.place)))
            .or_else(|| {
                let count = u32::try_from(to.len()).ok().filter(|count| *count > 0)?;
                Some(Spanned::new(count, resource.place))
            });
        let mut read = ApplicationDump {
            place: resource.place,
            charm: charm.and_then(|charm| text(charm, "name")).or_else(|| {
                local.and_then(|charm| text(charm, "path").or_else(|| text(charm, "name")))
            }),
            channel: charm.and_then(|charm| text(charm, "channel")),
            revision: charm.and_then(|charm| number(charm, "revision")),
            base: charm.or(local).and_then(|charm| text(charm, "base")),
            // The provider deploys one unit unless it is told.
            units: count.or_else(|| Some(Spanned::new(1, resource.place))),
            to,
            bindings: self.bindings_of(resource),
            constraints: of_constraints(values.get("constraints")).or(of_containers),
            ..ApplicationDump::default()
        };
        for entry in values.entries_of("config") {
            if let Some(scalar) = entry.value.as_scalar() {
                read.set(&entry.key.value, as_value(scalar), entry.key.place);
            }
        }
        self.model(&model, resource.place)
            .applications
            .insert(name, read);
    }

    /// Its name, or that of its charm.
    fn application_name(&self, resource: &Resource<'_>) -> Option<String> {
        let charm = ["charm", "local_charm"].iter().find_map(|key| {
            let block = resource.values.get(key)?.elements().first()?;
            text(block, "name")
        });
        let name = text(resource.values, "name").or_else(|| {
            let expression = self
                .configuration
                .expressions(&resource.address)?
                .get("name")?;
            let (module, _) = split(&unkeyed(&resource.address));
            match self.configuration.given(expression, &module)? {
                Given::Text(text) => Some(Spanned::new(text, resource.place)),
                Given::Attribute { .. } => None,
            }
        });
        Some(name.or(charm)?.value)
    }

    fn offer(&mut self, resource: &Resource<'_>) {
        let application = self.named(resource, resource.values, "application_name");
        let endpoints = ["endpoints", "endpoint"].iter().find_map(|key| {
            let node = resource.values.get(key)?;
            let list = node.elements().iter().chain(node.as_scalar().map(|_| node));
            let names: Vec<String> = list
                .filter_map(|name| Some(name.as_scalar()?.canonical()))
                .collect();
            (!names.is_empty()).then_some(names)
        });
        let (Some(application), Some(endpoints)) = (application, endpoints) else {
            let message = format!(
                "of which application `{}` is, is not known: it is left out",
                resource.address
            );
            left_out(
                self.out,
                resource.place,
                message,
                "give the state after apply",
            );
            return;
        };
        let named = text(resource.values, "name").map(|name| name.value);
        // Juju calls an offer as its application unless it is told.
        let name = named.unwrap_or_else(|| application.clone());
        let model = self.model_of(resource);
        let offer = OfferDump {
            place: resource.place,
            endpoints: endpoints
                .into_iter()
                .map(|name| (name, Default::default()))
                .collect(),
        };
        let address = resource.address.clone();
        self.offers.insert(
            address,
            Offer {
                model: model.clone(),
                name: name.clone(),
            },
        );
        let place = resource.place;
        match self.model(&model, place).applications.get_mut(&application) {
            Some(offering) => {
                offering.offers.insert(name, offer);
            }
            None => {
                let message = format!(
                    "the offer `{name}` is of `{application}`, which is not there: it is left out"
                );
                left_out(self.out, place, message, "give the whole plan");
            }
        }
    }

    /// The name of an application that a key says, or that its expression refers to.
    fn named(&self, resource: &Resource<'_>, values: &Node, key: &str) -> Option<String> {
        if let Some(known) = text(values, key) {
            return Some(known.value);
        }
        let expression = self
            .configuration
            .expressions(&resource.address)?
            .get(key)?;
        self.given_name(resource, expression)
    }

    pub(super) fn given_name(&self, resource: &Resource<'_>, expression: &Node) -> Option<String> {
        let (module, _) = split(&unkeyed(&resource.address));
        match self.configuration.given(expression, &module)? {
            Given::Text(text) => Some(text),
            Given::Attribute { address, .. } => {
                let found = self.resources.referred(&address, resource.module())?;
                self.application_name(found)
            }
        }
    }
}

/// `config` is a map of texts: what reads as a number or a boolean is one.
fn as_value(scalar: &Scalar) -> Scalar {
    let kind = match scalar.text.as_str() {
        "true" => ScalarKind::Bool(true),
        "false" => ScalarKind::Bool(false),
        number => number.parse().map_or(scalar.kind, ScalarKind::Int),
    };
    Scalar {
        kind,
        text: scalar.text.clone(),
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// By convention charms for Kubernetes are called `...-k8s`, and charms for machines are not: postgresql-k8s is beside
/// postgresql. `k8s` itself is for machines.
fn has_charm_of_kubernetes(model: &ModelDump) -> bool {
    let charms = model
        .applications
        .values()
        .filter_map(|application| application.charm.as_ref());
    let mut names = charms.map(|charm| charm.value.as_str());
    names.any(|name| name.ends_with("-k8s") || name.contains("-k8s-"))
}
