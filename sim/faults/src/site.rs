//! Where a fault is checked: its scenario, which knows the names, and what the faults
//! before it leave.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trustsim_charm_model::{CharmMetadata, DeclaredDuration, Pinned};
use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::Span;
use trustsim_model::{
    ApplicationIndex, ControllerIndex, Deployment, ModelIndex, Party, RelationSpec, Side, Source,
    Target,
};
use trustsim_yaml::{Map, Node, Place, Spanned, Text, nearest};

/// What an address such as `model.app/0:endpoint` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Application index.
    pub application: ApplicationIndex,
    /// Unit number.
    pub unit: Option<u32>,
    /// Name of an endpoint.
    pub endpoint: Option<String>,
}

/// The names of a scenario, as the check of a fault looks them up. Whatever is not found is reported
/// at its place, and the answer is `None`.
pub trait Names {
    /// The deployment so far; everything but its actions is there.
    fn deployment(&self) -> &Deployment;

    /// Notes what is wrong.
    fn report(&mut self, diagnostic: Diagnostic);

    /// File, line and text of a place.
    fn source(&self, place: Place) -> Source;

    /// `model.app`, with what else the address says.
    fn address(&mut self, text: &Text) -> Option<Addressed>;

    /// `model.app` and nothing more.
    fn application(&mut self, text: &Text) -> Option<ApplicationIndex>;

    /// A client's name, or an address without an endpoint.
    fn party(&mut self, text: &Text) -> Option<(Party, Option<u32>)>;

    /// An application whose CA can be trusted.
    fn authority(&mut self, text: &Text) -> Option<ApplicationIndex>;

    /// The relation between two sides as `juju integrate` takes them, there or not.
    fn relation(
        &mut self,
        model: ModelIndex,
        sides: [&Text; 2],
        place: Place,
    ) -> Option<RelationSpec>;

    /// Juju's words where an endpoint would have more relations than it takes.
    fn over_limit(
        &self,
        application: ApplicationIndex,
        endpoint: &str,
        count: u32,
    ) -> Option<String>;

    /// Values of options of an application's charm; `None` for null. Wrong ones are left out.
    fn options(
        &mut self,
        application: ApplicationIndex,
        options: Option<&Map<Node>>,
    ) -> BTreeMap<String, Option<String>>;

    /// The help where other revisions of an application's charm have an action that the one that is played has not.
    fn revisions_with_action(&self, application: ApplicationIndex, action: &str) -> Option<String>;

    /// The charm that an application is refreshed to: that of a channel, with what a declaration
    /// changes. `None` where it stays the same one.
    fn refreshed(
        &mut self,
        application: ApplicationIndex,
        pinned: Pinned<'_>,
        changes: Option<&Node>,
    ) -> Option<Arc<CharmMetadata>>;

    /// From now on, addresses may name so many more units.
    fn add_units(&mut self, application: ApplicationIndex, count: u32);

    /// How many units were added so far.
    fn units_added(&self, application: ApplicationIndex) -> u32;
}

/// A relation by its model and its sides, in an order that does not depend on how they were written.
pub type RelationKey = (ModelIndex, [(Party, String); 2]);

/// The key of a relation.
pub fn relation_key(model: ModelIndex, sides: &[Side; 2]) -> RelationKey {
    let mut key = sides
        .each_ref()
        .map(|side| (side.party, side.endpoint.clone()));
    key.sort();
    assert_ne!(key[0], key[1], "a relation has two ends");
    (model, key)
}

/// Where one entry of `faults` is checked.
pub(crate) struct Site<'a> {
    pub names: &'a mut dyn Names,
    /// The relations that there are when it strikes.
    pub relations: &'a mut BTreeSet<RelationKey>,
    /// When it strikes, from the start; `None` where that is missing.
    pub at: Option<Span>,
    /// The entry.
    pub place: Place,
}

impl Site<'_> {
    pub(crate) fn deployment(&self) -> &Deployment {
        self.names.deployment()
    }

    pub(crate) fn charm(&self, application: ApplicationIndex) -> &CharmMetadata {
        &self.deployment().applications[application].charm
    }

    /// Reports an error; gives `None`, for `return site.error(...)`.
    pub(crate) fn error<T>(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
    ) -> Option<T> {
        self.report(Diagnostic::error(code, place, message))
    }

    /// Reports a diagnostic; gives `None`.
    pub(crate) fn report<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.names.report(diagnostic);
        None
    }

    /// Every unit of `app`, or the one `unit`; exactly one of both must be given.
    pub(crate) fn target(
        &mut self,
        app: Option<&Text>,
        unit: Option<&Text>,
        place: Place,
    ) -> Option<Target> {
        match (app, unit) {
            (Some(app), None) => Some(Target {
                application: self.names.application(app)?,
                unit: None,
            }),
            (None, Some(unit)) => {
                let address = self.names.address(unit)?;
                if address.unit.is_none() || address.endpoint.is_some() {
                    let message = format!("`{}` is no unit", unit.value);
                    let help = "write `model.app/0`, or `app:` for every unit";
                    let wrong = Diagnostic::error(Code::BadAddress, unit.place, message);
                    return self.report(wrong.help(help));
                }
                Some(Target {
                    application: address.application,
                    unit: address.unit,
                })
            }
            _ => self.error(Code::OneOf, place, "name either `app` or `unit`"),
        }
    }

    /// A model; the only one where none is named.
    pub(crate) fn model(&mut self, name: Option<&Text>, place: Place) -> Option<ModelIndex> {
        let models = &self.deployment().models;
        let Some(name) = name else {
            if models.len() == 1 {
                return models.first_key();
            }
            let wrong = Diagnostic::error(Code::MissingKey, place, "there are several models");
            return self.report(wrong.help("say in which with `model:`"));
        };
        let found = models.position(|model| model.name == name.value);
        if found.is_some() {
            return found;
        }
        let message = format!("there is no model `{}`", name.value);
        let near = nearest(&name.value, sorted(models.iter().map(|model| &model.name)));
        let wrong = Diagnostic::error(Code::UnknownModel, name.place, message);
        let wrong = wrong.similar("a model", near);
        self.report(wrong)
    }

    /// A controller by its name.
    pub(crate) fn controller(&mut self, name: &Text) -> Option<ControllerIndex> {
        let controllers = &self.deployment().controllers;
        let found = controllers.position(|known| known.name == name.value);
        if found.is_some() {
            return found;
        }
        let message = format!("there is no controller `{}`", name.value);
        let wrong = Diagnostic::error(Code::Fault, name.place, message);
        let names = controllers.iter().map(|known| known.name.as_str());
        let wrong = wrong.similar("a controller", nearest(&name.value, names));
        self.report(wrong)
    }
}

/// Names in the order in which [`nearest`] prefers the first of equals.
pub(crate) fn sorted<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// `for:`.
pub(crate) fn span(lasts: Option<&Spanned<DeclaredDuration>>) -> Option<Span> {
    lasts.map(|lasts| lasts.value.0)
}
