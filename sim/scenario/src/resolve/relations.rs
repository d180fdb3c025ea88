//! Relations that are there from the start: each once, and no more than their endpoints take.

use std::collections::BTreeMap;

use super::drafts::RelationDraft;
use super::inventory::Inventory;
use super::matching::relation_between;
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_faults::{RelationKey, relation_key};
use trustsim_model::{ApplicationIndex, RelationSpec};
use trustsim_yaml::Place;

/// Something with its place in the files.
pub(super) type Located<T> = (T, Place);

/// The relations that are drafted.
pub(super) fn relations(
    drafts: &[RelationDraft],
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Vec<Located<RelationSpec>> {
    let mut relations = Vec::new();
    let mut seen: BTreeMap<RelationKey, Place> = BTreeMap::new();
    for draft in drafts {
        let Some(relation) = relation_between(draft, inventory, out) else {
            continue;
        };
        let key = relation_key(relation.model, &relation.sides);
        if let Some(&first) = seen.get(&key) {
            let [left, right] = relation
                .sides
                .each_ref()
                .map(|side| inventory.deployment().side_name(side));
            let message = format!("relation [{left:?} {right:?}] is defined more than once");
            let diagnostic = Diagnostic::error(Code::Duplicate, draft.place, message);
            out.push(diagnostic.also(first, "first here"));
            continue;
        }
        seen.insert(key, draft.place);
        relations.push((relation, draft.place));
    }
    check_limits(&relations, inventory, out);
    relations
}

/// `limit` of every endpoint, on both ends of cross-model relations.
fn check_limits(relations: &[Located<RelationSpec>], inventory: &Inventory, out: &mut Diagnostics) {
    let mut taken: BTreeMap<(ApplicationIndex, &str), u32> = BTreeMap::new();
    for (relation, place) in relations {
        for side in &relation.sides {
            let Some(application) = inventory.deployment().application_of(side.party) else {
                continue;
            };
            let endpoint = side.endpoint.as_str();
            let count = taken.entry((application, endpoint)).or_default();
            *count += 1;
            let Some(message) = limit_exceeded(application, endpoint, *count, inventory) else {
                continue;
            };
            // Where Juju has taken the relation, its charm has another limit than that of the catalogue.
            let severity = match inventory.unlisted(application).deployed {
                true => Severity::Warning,
                false => Severity::Error,
            };
            out.push(Diagnostic::new(Code::RelationLimit, severity, message).at(*place, ""));
        }
    }
}

/// Juju's words where an endpoint would have more relations than it takes.
pub(super) fn limit_exceeded(
    application: ApplicationIndex,
    endpoint: &str,
    count: u32,
    inventory: &Inventory,
) -> Option<String> {
    let limit = inventory.charm(application).endpoint(endpoint)?.limit?;
    let name = &inventory.deployment().applications[application].name;
    (count > limit).then(|| {
        format!(
            "establishing a new relation for {name}:{endpoint} would exceed its maximum relation limit of {limit}"
        )
    })
}
