//! Which endpoints are related: `juju status` lists at each side the other application, and not its endpoint.
//!
//! Of two applications, the endpoints of one that list the other and the endpoints of the other that list the first
//! belong together, each to one. Where there are several, interfaces, roles and names decide: for example, of
//! `grafana` that lists `loki` at `grafana-source` and at `grafana-dashboard`, and of `loki` that lists `grafana` at
//! endpoints of the same two interfaces, each is paired with that of its interface.

use std::collections::{BTreeMap, BTreeSet};

use trustsim_charms::Role;
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};

use crate::assign::assign;
use crate::dump::{Kind, ListedRelation, ModelDump, RelationDump, SideDump};
use crate::knowledge::{Knowledge, Name};

/// Relations of a model with both endpoints, those of other inputs merged with those of the status.
pub(crate) fn paired(
    model: &mut ModelDump,
    knowledge: &Knowledge,
    out: &mut Diagnostics,
) -> Vec<RelationDump> {
    let told = std::mem::take(&mut model.relations);
    let listed = std::mem::take(&mut model.listed);
    let has_status = model.kind == Kind::Status;
    let mut found: Vec<RelationDump> = Vec::new();
    for ((left, right), group) in groups(&listed) {
        if ![&left, &right].iter().all(|name| is_party(model, name)) {
            tell_unknown(model, &left, &right, &group, out);
            continue;
        }
        found.extend(pair(&left, &right, &group, &told, model, knowledge, out));
    }
    let mut by_names: BTreeMap<Pair, Vec<usize>> = BTreeMap::new();
    for (at, relation) in found.iter().enumerate() {
        by_names.entry(names(relation)).or_default().push(at);
    }
    for relation in told {
        let between = by_names.entry(names(&relation)).or_default();
        let mut same = between.iter().filter(|at| is_same(&found[**at], &relation));
        if let Some(at) = same.next() {
            let known = &mut found[*at];
            known.number = known.number.or(relation.number);
            continue;
        }
        if has_status && is_contradicted(&relation, model) {
            let [left, right] = relation.sides.each_ref().map(shown);
            let message = format!(
                "the status of the model has no relation of `{left}` and `{right}`: it is left out"
            );
            let warning = Diagnostic::warning(Code::Contradiction, relation.place, message);
            out.push(warning.also(model.place, "the status"));
            continue;
        }
        between.push(found.len());
        found.push(relation);
    }
    put_in_order(&mut found);
    found
}

/// Puts those whose numbers are told into the order in which they were made, in the places that they have together: of two
/// that ask two CAs for the same certificate the order decides which is answered first, and no status has it.
fn put_in_order(relations: &mut [RelationDump]) {
    let is_told = |at: &usize| relations[*at].number.is_some();
    let places: Vec<usize> = (0..relations.len()).filter(is_told).collect();
    let mut told: Vec<RelationDump> = places.iter().map(|at| relations[*at].clone()).collect();
    told.sort_by_key(|relation| relation.number);
    for (at, relation) in places.into_iter().zip(told) {
        relations[at] = relation;
    }
}

pub(crate) fn shown(side: &SideDump) -> String {
    match &side.endpoint {
        Some(endpoint) => format!("{}:{endpoint}", side.name),
        None => side.name.clone(),
    }
}

fn is_party(model: &ModelDump, name: &str) -> bool {
    model.applications.contains_key(name) || model.saas.contains_key(name)
}

/// Whether a status, which has all relations of a model, lacks one that another input has.
fn is_contradicted(relation: &RelationDump, model: &ModelDump) -> bool {
    relation.kind != Kind::ShowUnit
        && relation
            .sides
            .iter()
            .all(|side| is_party(model, &side.name))
}

/// Whether two relations are the same; an endpoint that one does not name is that of the other.
fn is_same(known: &RelationDump, other: &RelationDump) -> bool {
    let fits = |one: &SideDump, two: &SideDump| {
        let endpoints = one.endpoint.as_ref().zip(two.endpoint.as_ref());
        one.name == two.name && endpoints.is_none_or(|(one, two)| one == two)
    };
    let [a, b] = &known.sides;
    let [c, d] = &other.sides;
    (fits(a, c) && fits(b, d)) || (fits(a, d) && fits(b, c))
}

type Pair = (String, String);

/// The names of both sides, in their order.
fn names(relation: &RelationDump) -> Pair {
    let [one, other] = relation.sides.each_ref().map(|side| side.name.clone());
    match one <= other {
        true => (one, other),
        false => (other, one),
    }
}

/// What is listed between each two names, in order of the names. Peer relations are left out: charms imply them.
fn groups(listed: &[ListedRelation]) -> BTreeMap<Pair, Vec<&ListedRelation>> {
    let mut found: BTreeMap<Pair, Vec<&ListedRelation>> = BTreeMap::new();
    for each in listed.iter().filter(|each| each.name != each.related) {
        let pair = match each.name < each.related {
            true => (each.name.clone(), each.related.clone()),
            false => (each.related.clone(), each.name.clone()),
        };
        found.entry(pair).or_default().push(each);
    }
    found
}

/// Something is related that is neither an application nor a consumed offer of the model.
fn tell_unknown(
    model: &ModelDump,
    left: &str,
    right: &str,
    group: &[&ListedRelation],
    out: &mut Diagnostics,
) {
    let missing = match is_party(model, left) {
        true => right,
        false => left,
    };
    let place = group[0].place;
    let (message, help) = match missing.starts_with("remote-") {
        true => (
            format!(
                "`{missing}` is a consumer of an offer of this model: its relations are left out"
            ),
            "give the consuming model too",
        ),
        false => (
            format!("`{missing}` is not in the status: its relations are left out"),
            "write the status of the whole model, without names of applications",
        ),
    };
    let severity = Severity::Warning;
    out.push(
        Diagnostic::new(Code::LeftOut, severity, message)
            .at(place, "")
            .help(help),
    );
}

/// An endpoint of one of two sides that lists the other.
struct Listed<'a> {
    name: Name,
    by: &'a ListedRelation,
}

fn pair(
    left: &str,
    right: &str,
    group: &[&ListedRelation],
    told: &[RelationDump],
    model: &ModelDump,
    knowledge: &Knowledge,
    out: &mut Diagnostics,
) -> Vec<RelationDump> {
    assert!(
        left < right,
        "what is related is found under one pair of names"
    );
    let side = |name: &str| -> Vec<Listed<'_>> {
        let own = group.iter().filter(|listed| listed.name == name);
        own.map(|by| Listed {
            name: (by.name.clone(), by.endpoint.clone()),
            by,
        })
        .collect()
    };
    let (lefts, mut rights) = (side(left), side(right));
    let mut lefts = lefts;
    // A consumed offer need not list its relations, but says its endpoints.
    supply(&mut lefts, &rights, left, model, knowledge);
    supply(&mut rights, &lefts, right, model, knowledge);
    let score = |one: &Listed<'_>, two: &Listed<'_>| score(one, two, told, knowledge);
    // Two that require are related only where nothing else is left: what is known of a role may be of another revision.
    let fitting = |one: &Listed<'_>, two: &Listed<'_>| {
        let found = score(one, two)?;
        (found >= TOLD || may_be_related(one, two, knowledge)).then_some(found)
    };
    let scores: Vec<Vec<Option<u32>>> = lefts
        .iter()
        .map(|left| rights.iter().map(|right| fitting(left, right)).collect())
        .collect();
    let again = |one: &Listed<'_>, others: &[Listed<'_>]| {
        again(one, others, &fitting).or_else(|| again(one, others, &score))
    };
    let chosen = assign(&scores);
    assert_eq!(
        chosen.pairs.len(),
        lefts.len(),
        "each endpoint of `{left}` has its answer"
    );
    let mut free: BTreeSet<usize> = (0..rights.len()).collect();
    let mut found = Vec::new();
    for (one, at) in lefts.iter().zip(&chosen.pairs) {
        match at.or_else(|| again(one, &rights)) {
            Some(at) => {
                free.remove(&at);
                found.push(relation(one, &rights[at], knowledge));
            }
            None => tell_single(one, right, out),
        }
    }
    for at in free {
        match again(&rights[at], &lefts) {
            Some(one) => found.push(relation(&lefts[one], &rights[at], knowledge)),
            None => tell_single(&rights[at], left, out),
        }
    }
    if chosen.is_ambiguous && lefts.len() > 1 && rights.len() > 1 {
        tell_ambiguous(&found, out);
    }
    found
}

/// The endpoint of the other side that fits best: each lists an application once, however many relations of it there are
/// (juju/juju 3.6 `apiserver/facades/client/client/status.go`, `processApplicationRelations`, makes a set of them).
fn again(
    one: &Listed<'_>,
    others: &[Listed<'_>],
    score: &dyn Fn(&Listed<'_>, &Listed<'_>) -> Option<u32>,
) -> Option<usize> {
    let scored = others
        .iter()
        .enumerate()
        .filter_map(|(at, other)| Some((score(one, other)?, std::cmp::Reverse(at))));
    scored.max().map(|(_, at)| at.0)
}

fn relation(one: &Listed<'_>, two: &Listed<'_>, knowledge: &Knowledge) -> RelationDump {
    let side = |name: &Name| SideDump {
        name: name.0.clone(),
        endpoint: Some(name.1.clone()),
    };
    let interface = knowledge
        .interface(&one.name)
        .or_else(|| knowledge.interface(&two.name));
    RelationDump {
        sides: [side(&one.name), side(&two.name)],
        interface: interface.map(str::to_owned),
        container: one.by.container || two.by.container,
        number: None,
        kind: Kind::Status,
        place: one.by.place,
    }
}

/// Endpoints of a side that lists less than the other one lists of it, where the interface tells which.
fn supply<'a>(
    own: &mut Vec<Listed<'a>>,
    others: &[Listed<'a>],
    name: &str,
    model: &ModelDump,
    knowledge: &Knowledge,
) {
    let Some(saas) = model.saas.get(name).filter(|_| own.is_empty()) else {
        return;
    };
    for other in others {
        let wanted = knowledge.interface(&other.name);
        let mut fitting = saas.endpoints.iter().filter(|(endpoint, said)| {
            said.interface.as_deref() == wanted || endpoint.as_str() == other.name.1
        });
        if let (Some((endpoint, _)), None) = (fitting.next(), fitting.next()) {
            own.push(Listed {
                name: (name.to_owned(), endpoint.clone()),
                by: other.by,
            });
        }
    }
}

/// How well two endpoints fit that another input has related.
const TOLD: u32 = 1_000;

/// Whether nothing that is known of the roles of two endpoints is against a relation of them.
fn may_be_related(one: &Listed<'_>, two: &Listed<'_>, knowledge: &Knowledge) -> bool {
    let roles = knowledge.role(&one.name).zip(knowledge.role(&two.name));
    let is_pair = |pair| {
        matches!(
            pair,
            (Role::Provider, Role::Requirer) | (Role::Requirer, Role::Provider)
        )
    };
    roles.is_none_or(is_pair)
}

/// How well two endpoints fit; `None` where Juju would not relate them.
fn score(
    one: &Listed<'_>,
    two: &Listed<'_>,
    told: &[RelationDump],
    knowledge: &Knowledge,
) -> Option<u32> {
    let is_told = told.iter().any(|relation| {
        let [a, b] = relation
            .sides
            .each_ref()
            .map(|side| (side.name.as_str(), side.endpoint.as_deref()));
        let [one, two] = [&one.name, &two.name].map(|name| (name.0.as_str(), Some(&*name.1)));
        (a, b) == (one, two) || (a, b) == (two, one)
    });
    if is_told {
        return Some(TOLD);
    }
    let mut score = 1;
    let interfaces = (&one.by.interface, &two.by.interface);
    match (
        knowledge.interface(&one.name),
        knowledge.interface(&two.name),
    ) {
        (Some(left), Some(right)) if left == right => score += 100,
        // What the status says is certain, and the catalogue may be of another revision.
        (Some(_), Some(_)) if interfaces.0.is_some() && interfaces.1.is_some() => return None,
        (Some(_), Some(_)) => score = 0,
        _ => {}
    }
    match (knowledge.role(&one.name), knowledge.role(&two.name)) {
        (Some(Role::Provider), Some(Role::Requirer))
        | (Some(Role::Requirer), Some(Role::Provider)) => {
            score += 50;
        }
        (Some(_), Some(_)) => score /= 2,
        _ => {}
    }
    let (left, right) = (&one.name.1, &two.name.1);
    if left == right {
        score += 20;
    } else if left.contains(right.as_str()) || right.contains(left.as_str()) {
        score += 10;
    }
    Some(score)
}

fn tell_single(one: &Listed<'_>, other: &str, out: &mut Diagnostics) {
    let (name, endpoint) = &one.name;
    let message = format!(
        "`{name}:{endpoint}` is related to `{other}`, which has no endpoint for it: it is left out"
    );
    let help = "write the status of the whole model again";
    out.push(Diagnostic::warning(Code::LeftOut, one.by.place, message).help(help));
}

fn tell_ambiguous(found: &[RelationDump], out: &mut Diagnostics) {
    let Some(first) = found.first() else {
        return;
    };
    let shown: Vec<String> = found
        .iter()
        .map(|relation| {
            let [left, right] = relation.sides.each_ref().map(shown);
            format!("`{left}` with `{right}`")
        })
        .collect();
    let message = format!(
        "the status does not tell which endpoints are related; taken are {}",
        shown.join(", ")
    );
    let help = "juju show-unit of a unit of each, or a bundle of the model, tells it";
    out.push(Diagnostic::warning(Code::LeftOut, first.place, message).help(help));
}
