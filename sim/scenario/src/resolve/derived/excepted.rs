//! Derived edges that a scenario leaves out by `except:`.
//!
//! An edge is named by its ends. A client that goes through an ingress is named by the ends of the way too: `{from:
//! m.grafana, to: m.loki}` takes away what is there because of that relation, and what also follows from others stays.

use super::super::addresses::Addresses;
use super::super::inventory::Inventory;
use super::ends;
use super::outside::OUTSIDE;
use crate::format::{DerivedFile, ExceptFile};
use trustsim_edges::{Edge, Edges, End, Outcome, Reason};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_model::RelationIndex;
use trustsim_yaml::{Text, nearest};

/// What a scenario leaves out.
#[derive(Debug, Default)]
pub(super) struct Excepted {
    ends: Vec<[End; 2]>,
    /// Why clients go through ingresses that are left out.
    reasons: Vec<Reason>,
}

impl Excepted {
    /// Whether an edge is left out: by its ends, or since nothing is left that it follows from.
    pub(super) fn has(&self, edge: &Edge) -> bool {
        let mut reasons = edge.reasons.iter();
        self.ends.contains(&ends(edge)) || reasons.all(|reason| self.reasons.contains(reason))
    }
}

/// A client that comes to an application by the URL of an ingress.
struct Route {
    ends: [End; 2],
    reason: Reason,
}

/// What a scenario leaves out. What leaves out nothing is told.
pub(super) fn excepted(
    file: &DerivedFile,
    edges: &Edges,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Excepted {
    let routes = routes(edges);
    let mut found = Excepted::default();
    let mut by_route = Vec::new();
    for except in file.except.iter().flatten() {
        let (Some(from), Some(to)) = (&except.from, &except.to) else {
            continue;
        };
        let mut end = |text: &Text| end(text, inventory, out);
        // Both are looked up before either is given up, so that both are told of.
        let (from, to) = (end(from), end(to));
        let (Some(from), Some(to)) = (from, to) else {
            continue;
        };
        let wanted = [from, to];
        let through = routes.iter().filter(|route| route.ends == wanted);
        let reasons: Vec<Reason> = through.map(|route| route.reason).collect();
        if edges.edges.iter().any(|edge| ends(edge) == wanted) {
            found.ends.push(wanted);
        } else if reasons.is_empty() {
            out.push(excepts_nothing(except, wanted, edges, &routes, inventory));
        } else {
            by_route.push((except, wanted, reasons.clone()));
        }
        found.reasons.extend(reasons);
    }
    for (except, wanted, reasons) in by_route {
        let mut those = edges.edges.iter();
        let is_left_out =
            |edge: &Edge| found.has(edge) && edge.reasons.iter().any(|one| reasons.contains(one));
        if !those.any(is_left_out) {
            out.push(stays(except, wanted, inventory));
        }
    }
    found
}

fn end(text: &Text, inventory: &Inventory, out: &mut Diagnostics) -> Option<End> {
    let mut models = inventory.deployment().models.keys();
    let is_application = models.any(|model| inventory.application(model, OUTSIDE).is_some());
    if text.value == OUTSIDE && !is_application {
        return Some(End::Outside);
    }
    let found = Addresses::new(inventory, out).application(text);
    found.map(End::Application)
}

/// Every way through an ingress: two edges of one relation, one after the other, for the same reason.
fn routes(edges: &Edges) -> Vec<Route> {
    let mut found = Vec::new();
    for (relation, outcome) in edges.outcomes.iter_enumerated() {
        let (Outcome::Tls(those) | Outcome::Plain(those)) = outcome else {
            continue;
        };
        for pair in those.windows(2) {
            let [outer, inner] = [pair[0], pair[1]].map(|index| &edges.edges[index]);
            let is_of_both = |reason: &&Reason| {
                is_through_ingress(reason, relation) && inner.reasons.contains(reason)
            };
            let reason = outer.reasons.iter().find(is_of_both);
            if let Some(reason) = reason.filter(|_| outer.to == inner.from) {
                found.push(Route {
                    ends: [outer.from, inner.to],
                    reason: *reason,
                });
            }
        }
    }
    found
}

fn is_through_ingress(reason: &Reason, relation: RelationIndex) -> bool {
    matches!(reason, Reason::Ingress { client, .. } if *client == relation)
}

fn name([from, to]: [End; 2], inventory: &Inventory) -> String {
    let [from, to] = [from, to].map(|end| match end {
        End::Application(index) => inventory
            .deployment()
            .application_address(index)
            .to_string(),
        End::Outside => OUTSIDE.to_owned(),
    });
    format!("{from} -> {to}")
}

/// What is told where every edge of a way is there for other clients too.
fn stays(except: &ExceptFile, wanted: [End; 2], inventory: &Inventory) -> Diagnostic {
    let message = format!(
        "every connection of `{}` is derived for other relations too, and stays",
        name(wanted, inventory)
    );
    let diagnostic = Diagnostic::warning(Code::ExceptsNothing, except.place, message);
    diagnostic.help("it goes through an ingress: leave out the edges to it and from it")
}

fn excepts_nothing(
    except: &ExceptFile,
    wanted: [End; 2],
    edges: &Edges,
    routes: &[Route],
    inventory: &Inventory,
) -> Diagnostic {
    let known = edges.edges.iter().map(ends);
    let known = known.chain(routes.iter().map(|route| route.ends));
    let known: Vec<String> = known.map(|ends| name(ends, inventory)).collect();
    let [from, to] = wanted;
    let (wanted, turned) = (name([from, to], inventory), name([to, from], inventory));
    // The other way round is the likeliest mistake.
    let near = match known.contains(&turned) {
        true => Some(turned.as_str()),
        false => nearest(&wanted, known.iter().map(String::as_str)),
    };
    let message = format!("no connection `{wanted}` is derived");
    let diagnostic = Diagnostic::warning(Code::ExceptsNothing, except.place, message);
    match near {
        Some(_) => diagnostic.similar("a connection", near),
        None => diagnostic.help("`trustsim ask edges` lists what is derived"),
    }
}
