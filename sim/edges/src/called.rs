//! Under which name an application is dialled that has one by its options, or is an ingress.

use crate::derive::Derivation;
use crate::edge::Name;
use crate::fronts::external_name;
use crate::legs::name;
use crate::row::{LookupRow, Row};
use trustsim_model::{ApplicationIndex, ApplicationSpec, RelationSpec};

impl Derivation<'_> {
    /// The name or address that an option gives an application; of several the first. Those of a cluster count where it is
    /// related to `hacluster`.
    pub(crate) fn named(
        &self,
        index: ApplicationIndex,
        named_by: &[String],
        clustered_by: &[String],
    ) -> Option<String> {
        let application = &self.deployment.applications[index];
        let value = |option: &String| application.option_value(option)?.split_whitespace().next();
        if let Some(name) = named_by.iter().find_map(value) {
            return Some(name.replace("{service_name}", &application.name));
        }
        let first = clustered_by.iter().find_map(value)?;
        let is_clustered = |relation: &RelationSpec| {
            let mut sides = relation.sides.iter();
            relation.interface == "hacluster"
                && sides.any(|side| self.deployment.application_of(side.party) == Some(index))
        };
        let is_virtual = self.deployment.relations.iter().any(is_clustered);
        is_virtual.then(|| first.to_owned())
    }

    /// The name of an ingress for the clients of what is behind it, by the row of the relation between the two.
    pub(crate) fn name_of_ingress(&self, ingress: ApplicationIndex, row: &Row) -> Name {
        let Some(called) = &row.called else {
            return Name::External(external_name(&self.deployment.applications[ingress]));
        };
        match self.named(ingress, &called.named_by, &called.clustered_by) {
            Some(name) => Name::External(Some(name)),
            None => name(called.dialled),
        }
    }
}

/// Whether a client looks up internal endpoints: `true`, or the first of the types that it tries.
pub(crate) fn set_to_internal(by: &LookupRow, client: &ApplicationSpec) -> bool {
    let option = by.internal_by.as_ref();
    let value = option.and_then(|option| client.option_value(option));
    by.internal
        || value.is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value == "true" || value.starts_with("internal")
        })
}
