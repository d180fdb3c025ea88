//! `juju status --format json` and `yaml`.
//!
//! The keys are those of juju/juju `cmd/juju/status/formatted.go`. What differs between versions:
//! - `relations` of an application are lists of names up to 3.1.2, and of objects with the interface and the scope from
//!   3.1.3 on (juju/juju#15548). Consumed offers (`application-endpoints`) have lists of names in every version.
//! - No version tells the endpoint of the other side, nor which side provides (juju/juju#21652).
//! - 2.9 has other commands: charmed-kubernetes/kubernetes-docs#756.
//! - 2.9 says `series: focal`, 3.x and 4.0 say `base: {name: ubuntu, channel: "20.04"}`.
//! - 4.0 leaves out times of units (juju/juju#21261), which are not read.

use std::collections::BTreeMap;

use trustsim_errors::Diagnostics;
use trustsim_yaml::{Entry, Node, Spanned, Text, Value};

use super::{check_mapping, endpoints, left_out, number, text};
use crate::addresses::{of_bindings, of_constraints, of_interfaces};
use crate::cut_off::tell_cut_status;
use crate::dump::{ApplicationDump, Kind, ListedRelation, ModelDump, OfferDump, SaasDump};

/// The models of a document.
pub(crate) fn read(document: &Node, out: &mut Diagnostics) -> Vec<ModelDump> {
    if document.get("model").is_none()
        && let Some(models) = document.get("models")
    {
        let models = models.entries().iter();
        return models.map(|entry| model(&entry.value, out)).collect();
    }
    let dump = model(document, out);
    tell_cut_status(document, &dump, out);
    vec![dump]
}

fn model(document: &Node, out: &mut Diagnostics) -> ModelDump {
    let mut dump = ModelDump::new(Kind::Status, document.place);
    if let Some(model) = document.get("model") {
        dump.place = model.place;
        dump.name = text(model, "name");
        dump.controller = text(model, "controller");
        let kind = text(model, "type");
        dump.kubernetes = kind.map(|kind| kind.value == "caas");
        if let Some(version) = text(model, "version").filter(is_without_secrets) {
            let message = format!(
                "the model runs Juju {}, which has no secrets, and is played as Juju 3.6",
                version.value
            );
            let help = "on that Juju charms keep private keys in databags, and some look at the end of their certificate in \
                        each update-status; commands are printed as Juju 3 has them, and `juju run` is \
                        `juju run-action --wait` there, `juju integrate` is `juju add-relation`";
            left_out(out, version.place, message, help);
        }
        if let Some(version) = text(model, "version").filter(is_newer) {
            let message = format!(
                "the model runs Juju {}, and is played as Juju 3.6",
                version.value
            );
            let help = "hooks, relations and secrets follow the rules of 3.6; what Juju 4 does otherwise is not played";
            left_out(out, version.place, message, help);
        }
    }
    for entry in entries(document, "machines", out) {
        dump.machines.insert(entry.key.value.clone());
        let addresses = of_interfaces(&entry.value);
        if !addresses.is_empty() {
            dump.addresses.insert(entry.key.value.clone(), addresses);
        }
        if let Some(constraints) = of_constraints(entry.value.get("constraints")) {
            dump.constraints
                .insert(entry.key.value.clone(), constraints);
        }
    }
    for entry in entries(document, "applications", out) {
        application(entry, &mut dump, out);
    }
    for entry in entries(document, "application-endpoints", out) {
        saas(entry, &mut dump, out);
    }
    for entry in entries(document, "offers", out) {
        offer(entry, &mut dump, out);
    }
    if dump.kubernetes.is_none() {
        // Clients before 2.4 do not say it. Units of a model on Kubernetes have no machine.
        dump.kubernetes = Some(dump.machines.is_empty());
    }
    dump
}

/// Secrets came with 3.0 (juju/juju 3.0.2 `apiserver/facades/agent/secretsmanager`).
fn is_without_secrets(version: &Text) -> bool {
    major(version).is_some_and(|major| major < 3)
}

fn is_newer(version: &Text) -> bool {
    major(version).is_some_and(|major| major > 3)
}

fn major(version: &Text) -> Option<u32> {
    version.value.split('.').next()?.parse().ok()
}

fn entries<'a>(document: &'a Node, key: &str, out: &mut Diagnostics) -> &'a [Entry] {
    let Some(node) = document.get(key) else {
        return &[];
    };
    check_mapping(node, &format!("`{key}`"), out);
    node.entries()
}

fn application(entry: &Entry, dump: &mut ModelDump, out: &mut Diagnostics) {
    let (name, node) = (&entry.key.value, &entry.value);
    if let Some(error) = text(node, "status-error") {
        let message = format!("the status of `{name}` could not be told: it is left out");
        left_out(out, error.place, message, "write the status again");
        return;
    }
    if let Some(life) = text(node, "life").filter(|life| life.value != "alive") {
        let message = format!("the application `{name}` is {}: it is left out", life.value);
        left_out(
            out,
            life.place,
            message,
            "write the status again once it is gone",
        );
        return;
    }
    let is_local = text(node, "charm-origin").is_some_and(|origin| origin.value == "local");
    let charm = text(node, "charm-name").or_else(|| charm_of_url(node));
    let mut read = ApplicationDump {
        place: entry.key.place,
        charm: match is_local {
            true => charm.map(|name| Spanned::new(format!("local:{}", name.value), name.place)),
            false => charm,
        },
        channel: text(node, "charm-channel"),
        // A local charm is counted by its own controller. Revisions on Charmhub begin with 1.
        revision: number(node, "charm-rev").filter(|rev| !is_local && rev.value > 0),
        base: base(node),
        bindings: of_bindings(node.get("endpoint-bindings")),
        address: text(node, "address"),
        serves_at: serves_at(node),
        subordinate: node
            .get("subordinate-to")
            .is_some_and(|principals| !principals.elements().is_empty()),
        ..ApplicationDump::default()
    };
    let units = entries(node, "units", out);
    if !read.subordinate {
        read.units = number(node, "scale")
            .or_else(|| counted(units, entry))
            .and_then(|count| Some(Spanned::new(u32::try_from(count.value).ok()?, count.place)));
        read.to = placements(units);
    }
    relations(name, node, dump, out);
    dump.applications.insert(name.clone(), read);
}

/// The address in the status of the application, `Serving at 192.0.2.7`.
fn serves_at(node: &Node) -> Option<Text> {
    let message = text(node.get("application-status")?, "message")?;
    let address = message.value.strip_prefix("Serving at ")?;
    Some(Spanned::new(address.trim().to_owned(), message.place))
}

/// The name in `local:jammy/vault-k8s-10` or `ch:amd64/focal/traefik-k8s-125`.
pub(super) fn charm_of_url(node: &Node) -> Option<Text> {
    let url = text(node, "charm")?;
    let (_, path) = url.value.split_once(':').unwrap_or(("", &url.value));
    let last = path.rsplit('/').next().unwrap_or(path);
    let (name, _) = split_revision(last);
    Some(Spanned::new(name.to_owned(), url.place))
}

/// `vault-k8s` and 10 of `vault-k8s-10`.
pub(super) fn split_revision(charm: &str) -> (&str, Option<u64>) {
    match charm.rsplit_once('-') {
        Some((name, revision)) if revision.parse::<u64>().is_ok() => (name, revision.parse().ok()),
        _ => (charm, None),
    }
}

fn base(node: &Node) -> Option<Text> {
    let Some(base) = node.get("base") else {
        return text(node, "series").filter(|series| series.value != "kubernetes");
    };
    let (name, channel) = (text(base, "name")?, text(base, "channel")?);
    Some(Spanned::new(
        format!("{}@{}", name.value, channel.value),
        base.place,
    ))
}

fn counted(units: &[Entry], application: &Entry) -> Option<Spanned<u64>> {
    let count = u64::try_from(units.len()).ok()?;
    let place = units
        .first()
        .map_or(application.key.place, |unit| unit.key.place);
    Some(Spanned::new(count, place))
}

/// Where units are, in order of their numbers: `3` is a machine, `3/lxd/1` a container on it, which is `lxd:3` in a
/// bundle.
fn placements(units: &[Entry]) -> Vec<Text> {
    let number = |unit: &Entry| {
        let number = unit.key.value.split_once('/').map(|(_, number)| number);
        number.and_then(|number| number.parse::<u32>().ok())
    };
    let by_number: BTreeMap<Option<u32>, &Entry> =
        units.iter().map(|unit| (number(unit), unit)).collect();
    let machines = by_number
        .values()
        .filter_map(|unit| text(&unit.value, "machine"));
    let placed = machines.map(|machine| Spanned::new(placement(&machine.value), machine.place));
    placed.collect()
}

/// `lxd:3` of `3/lxd/1`, and a machine as it is.
pub(super) fn placement(machine: &str) -> String {
    let parts: Vec<&str> = machine.split('/').collect();
    match parts.as_slice() {
        [host, kind, ..] => format!("{kind}:{host}"),
        _ => machine.to_owned(),
    }
}

/// The relations that an application or a consumed offer lists.
fn relations(name: &str, node: &Node, dump: &mut ModelDump, out: &mut Diagnostics) {
    for endpoint in entries(node, "relations", out) {
        if !matches!(endpoint.value.value, Value::List(_)) {
            let message = format!(
                "the relations of `{name}:{}` are no list",
                endpoint.key.value
            );
            left_out(out, endpoint.value.place, message, "write the status again");
        }
        for related in endpoint.value.elements() {
            let listed = match related.as_scalar() {
                Some(scalar) => Some((scalar.text.clone(), None, false)),
                None => text(related, "related-application").map(|related_to| {
                    let interface = text(related, "interface").map(|text| text.value);
                    let scope = text(related, "scope");
                    let container = scope.is_some_and(|scope| scope.value == "container");
                    (related_to.value, interface, container)
                }),
            };
            let Some((related_to, interface, container)) = listed else {
                let message = format!(
                    "a relation of `{name}:{}` has no application",
                    endpoint.key.value
                );
                left_out(out, related.place, message, "write the status again");
                continue;
            };
            dump.listed.push(ListedRelation {
                name: name.to_owned(),
                endpoint: endpoint.key.value.clone(),
                related: related_to,
                interface,
                container,
                place: related.place,
            });
        }
    }
}

fn saas(entry: &Entry, dump: &mut ModelDump, out: &mut Diagnostics) {
    let (name, node) = (&entry.key.value, &entry.value);
    relations(name, node, dump, out);
    let read = SaasDump {
        place: entry.key.place,
        url: text(node, "url"),
        endpoints: endpoints(node.get("endpoints")),
    };
    dump.saas.insert(name.clone(), read);
}

fn offer(entry: &Entry, dump: &mut ModelDump, out: &mut Diagnostics) {
    let (name, node) = (&entry.key.value, &entry.value);
    let application = text(node, "application");
    let offering = application
        .as_ref()
        .and_then(|application| dump.applications.get_mut(&application.value));
    let Some(offering) = offering else {
        let message =
            format!("the offer `{name}` is of no application that is there: it is left out");
        left_out(
            out,
            entry.key.place,
            message,
            "write the status of the whole model",
        );
        return;
    };
    let read = OfferDump {
        place: entry.key.place,
        endpoints: endpoints(node.get("endpoints")),
    };
    offering.offers.insert(name.clone(), read);
}
