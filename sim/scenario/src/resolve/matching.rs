//! Which relation two sides mean: Juju's endpoint inference (juju/juju `state.InferEndpoints`), and
//! what is said where none or several fit.

use super::drafts::{RelationDraft, SideDraft};
use super::endpoints::{Candidate, candidates};
use super::intermediates::not_an_intermediate;
use super::inventory::Inventory;
use trustsim_charms::{Endpoint, Role};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_model::{Party, RelationSpec, Side};
use trustsim_yaml::Text;

/// Finds the endpoints of both sides as Juju does.
pub(super) fn relation_between(
    draft: &RelationDraft,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Option<RelationSpec> {
    // Both are looked up before either is given up, so that both are told of.
    let [lefts, rights] = draft
        .sides
        .each_ref()
        .map(|side| candidates(side, inventory, out));
    let (lefts, rights) = (lefts?, rights?);
    let mut pairs: Vec<(&Candidate, &Candidate)> = Vec::new();
    for one in &lefts {
        for other in &rights {
            if fits(draft, &one.endpoint, &other.endpoint, inventory) {
                pairs.push((one, other));
            }
        }
    }
    if pairs.len() > 1 {
        pairs.retain(|(one, other)| !one.implicit && !other.implicit);
    }
    match pairs.as_slice() {
        [(one, other)] => Some(relation(draft, &one.endpoint, &other.endpoint)),
        [] => {
            out.push(no_relation(draft, &lefts, &rights, inventory));
            None
        }
        several => {
            out.push(ambiguous(draft, several));
            None
        }
    }
}

fn relation(draft: &RelationDraft, left: &Endpoint, right: &Endpoint) -> RelationSpec {
    let side = |draft: &SideDraft, endpoint: &Endpoint| Side {
        party: draft.party,
        endpoint: endpoint.name.clone(),
        role: endpoint.role,
    };
    let mut sides = [side(&draft.sides[0], left), side(&draft.sides[1], right)];
    sides.sort_by_key(|side| side.role);
    RelationSpec {
        model: draft.model,
        sides,
        interface: left.interface.clone(),
    }
}

fn fits(draft: &RelationDraft, left: &Endpoint, right: &Endpoint, inventory: &Inventory) -> bool {
    let opposite = matches!(
        (left.role, right.role),
        (Role::Provider, Role::Requirer) | (Role::Requirer, Role::Provider)
    );
    opposite
        && left.interface == right.interface
        && (!(left.container_scope || right.container_scope) || shares_machines(draft, inventory))
}

/// Container scope needs a subordinate and no other model.
fn shares_machines(draft: &RelationDraft, inventory: &Inventory) -> bool {
    let local = draft
        .sides
        .iter()
        .all(|side| matches!(side.party, Party::Application(_)));
    local
        && draft
            .sides
            .iter()
            .any(|side| inventory.charm(side.application).subordinate)
}

fn no_relation(
    draft: &RelationDraft,
    lefts: &[Candidate],
    rights: &[Candidate],
    inventory: &Inventory,
) -> Diagnostic {
    let [left, right] = &draft.sides;
    if let Some(diagnostic) = not_an_intermediate(left, right, inventory) {
        return diagnostic;
    }
    let says = format!(
        "juju says: cannot add relation between {} and {}: no relations found",
        quoted(&left.text),
        quoted(&right.text)
    );
    let (code, message) = match (lefts, rights) {
        ([one], [other]) if one.endpoint.interface != other.endpoint.interface => (
            Code::NoRelation,
            format!(
                "`{}` is `{}` and `{}` is `{}`: interfaces differ",
                left.text.value, one.endpoint.interface, right.text.value, other.endpoint.interface
            ),
        ),
        ([one], [other]) if one.endpoint.role == other.endpoint.role => (
            Code::NoRelation,
            format!(
                "`{}` and `{}` both {} `{}`",
                left.text.value,
                right.text.value,
                both_verb(one.endpoint.role),
                one.endpoint.interface
            ),
        ),
        ([one], [other]) if one.endpoint.container_scope || other.endpoint.container_scope => {
            let message = "an endpoint with container scope needs a subordinate in the same model";
            (Code::ImpossibleRelation, message.to_owned())
        }
        _ => (
            Code::NoRelation,
            format!(
                "no endpoints of `{}` and `{}` fit",
                left.text.value, right.text.value
            ),
        ),
    };
    let label = |candidates: &[Candidate]| match candidates {
        [one] => format!("{} {}", verb(one.endpoint.role), one.endpoint.interface),
        _ => String::new(),
    };
    let mut diagnostic = Diagnostic::error(code, left.text.place, message)
        .label(label(lefts))
        .also(right.text.place, label(rights))
        .note(says);
    if let Some(help) = fitting_endpoint(left, lefts, right, rights, inventory) {
        diagnostic = diagnostic.help(help);
    }
    diagnostic
}

/// The endpoint that would fit in the place of a named one that does not.
fn fitting_endpoint(
    left: &SideDraft,
    lefts: &[Candidate],
    right: &SideDraft,
    rights: &[Candidate],
    inventory: &Inventory,
) -> Option<String> {
    let suggest = |side: &SideDraft, other: &[Candidate]| {
        let [wanted] = other else {
            return None;
        };
        let charm = inventory.charm(side.application);
        let mut fitting = charm.endpoints.iter().filter(|endpoint| {
            endpoint.interface == wanted.endpoint.interface
                && endpoint.role != wanted.endpoint.role
                && endpoint.role != Role::Peer
        });
        let first = fitting.next()?;
        let name = inventory.deployment().party_name(side.party);
        Some(format!("`{name}:{}` would fit", first.name))
    };
    suggest(right, lefts).or_else(|| suggest(left, rights))
}

fn ambiguous(draft: &RelationDraft, pairs: &[(&Candidate, &Candidate)]) -> Diagnostic {
    let [left, right] = &draft.sides;
    let name = |side: &SideDraft| {
        let text = side.text.value.as_str();
        text.split_once(':')
            .map_or(text, |(name, _)| name)
            .to_owned()
    };
    let (one, other) = (name(left), name(right));
    let mut could: Vec<String> = pairs
        .iter()
        .map(|(a, b)| {
            let a_text = format!("{one}:{}", a.endpoint.name);
            let b_text = format!("{other}:{}", b.endpoint.name);
            // Juju writes the requirer first.
            if a.endpoint.role == Role::Requirer {
                format!("\"{a_text} {b_text}\"")
            } else {
                format!("\"{b_text} {a_text}\"")
            }
        })
        .collect();
    could.sort();
    let both = format!("{} {}", left.text.value, right.text.value);
    let message = format!(
        "ambiguous relation: {both:?} could refer to {}",
        could.join("; ")
    );
    Diagnostic::error(Code::AmbiguousRelation, draft.place, message)
        .help("name the endpoints: `[app:endpoint, app:endpoint]`")
}

/// `"a"`, the way Go prints names in Juju's messages.
pub(super) fn quoted(text: &Text) -> String {
    format!("{:?}", text.value)
}

const fn verb(role: Role) -> &'static str {
    match role {
        Role::Provider => "provides",
        Role::Requirer => "requires",
        Role::Peer => "peers with",
    }
}

const fn both_verb(role: Role) -> &'static str {
    match role {
        Role::Provider => "provide",
        Role::Requirer => "require",
        Role::Peer => "peer with",
    }
}
