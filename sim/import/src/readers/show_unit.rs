//! `juju show-unit`: which endpoints are related, and the URLs that units publish.
//!
//! The keys are those of juju/juju `cmd/juju/application/showunit.go`. Databags may have keys and passwords in clear.
//! Nothing of a value is kept but what `published` takes of it: what is in any other value is never copied.

use std::collections::BTreeSet;
use std::net::IpAddr;

use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_yaml::{Entry, Node, Spanned};

use super::published::publish;
use super::status::{charm_of_url, split_revision};
use super::{left_out, number, text};
use crate::addresses::SeenAddress;
use crate::dump::{ApplicationDump, Kind, ModelDump, RelationDump, SaasDump, SideDump};

/// The model that units are of; its name is not told.
pub(crate) fn read(document: &Node, out: &mut Diagnostics) -> Vec<ModelDump> {
    let mut dump = ModelDump::new(Kind::ShowUnit, document.place);
    let mut units = BTreeSet::new();
    for entry in document.entries() {
        unit(entry, &mut dump, &mut units, out);
    }
    for name in units.iter().filter_map(|unit| application_of(unit)) {
        if dump.saas.contains_key(name) {
            continue;
        }
        let seen = units
            .iter()
            .filter(|unit| application_of(unit) == Some(name));
        let count = u32::try_from(seen.count()).ok();
        let application = dump.applications.entry(name.to_owned()).or_default();
        application.units = count.map(|count| Spanned::new(count, application.place));
    }
    vec![dump]
}

fn application_of(unit: &str) -> Option<&str> {
    unit.split_once('/').map(|(application, _)| application)
}

fn unit(entry: &Entry, dump: &mut ModelDump, units: &mut BTreeSet<String>, out: &mut Diagnostics) {
    let Some(name) = application_of(&entry.key.value) else {
        return;
    };
    units.insert(entry.key.value.clone());
    let node = &entry.value;
    let application = dump
        .applications
        .entry(name.to_owned())
        .or_insert_with(|| ApplicationDump {
            place: entry.key.place,
            ..ApplicationDump::default()
        });
    application.place = entry.key.place;
    application.charm = charm_of_url(node);
    application.revision = revision(node);
    // A unit on a machine says which one; a pod has none.
    let machine = text(node, "machine").filter(|machine| !machine.value.is_empty());
    dump.kubernetes = Some(machine.is_none());
    for relation in node.elements_of("relation-info") {
        if let Some(machine) = &machine {
            dump.seen
                .extend(seen_address(name, &machine.value, relation));
        }
        related(name, relation, dump, units, out);
    }
}

/// The address of the unit in the space of an endpoint, which Juju writes into its databag.
fn seen_address(application: &str, machine: &str, relation: &Node) -> Option<SeenAddress> {
    let endpoint = text(relation, "endpoint")?;
    let data = relation.get("local-unit")?.get("data")?;
    let address = text(data, "ingress-address")?;
    address.value.parse::<IpAddr>().ok()?;
    Some(SeenAddress {
        machine: machine.to_owned(),
        application: application.to_owned(),
        endpoint: endpoint.value,
        address: address.value,
        place: address.place,
    })
}

fn revision(node: &Node) -> Option<Spanned<u64>> {
    let url = text(node, "charm")?;
    let (_, revision) = split_revision(&url.value);
    let is_local = url.value.starts_with("local:");
    let revision = revision.filter(|revision| !is_local && *revision > 0);
    revision.map(|revision| Spanned::new(revision, url.place))
}

fn related(
    name: &str,
    node: &Node,
    dump: &mut ModelDump,
    units: &mut BTreeSet<String>,
    out: &mut Diagnostics,
) {
    let (Some(endpoint), Some(other)) = (text(node, "endpoint"), text(node, "related-endpoint"))
    else {
        left_out(
            out,
            node.place,
            format!("a relation of `{name}` names no endpoints: it is left out"),
            "write the unit again",
        );
        return;
    };
    let seen = node.entries_of("related-units");
    let related = seen.iter().find_map(|unit| application_of(&unit.key.value));
    let both = related.map(|related| (related, other.value.as_str()));
    publish((name, &endpoint.value), node, both, dump, out);
    let Some(related) = related else {
        // Of a peer relation of one unit nothing else is told.
        if endpoint.value != other.value {
            let message = format!(
                "which application is related to `{name}:{}` is not told, since no unit of it is there",
                endpoint.value
            );
            left_out(
                out,
                endpoint.place,
                message,
                "give the status of the model too",
            );
        }
        return;
    };
    if related == name {
        units.extend(seen.iter().map(|unit| unit.key.value.clone()));
        return;
    }
    let relation = RelationDump {
        sides: [(name, endpoint), (related, other)].map(|(name, endpoint)| SideDump {
            name: name.to_owned(),
            endpoint: Some(endpoint.value),
        }),
        interface: None,
        container: false,
        number: number(node, "relation-id").map(|number| number.value),
        kind: Kind::ShowUnit,
        place: node.place,
    };
    let crosses = text(node, "cross-model").is_some_and(|crosses| crosses.value == "true");
    if crosses {
        across_models(relation, dump, out);
        return;
    }
    units.extend(seen.iter().map(|unit| unit.key.value.clone()));
    let application = dump.applications.entry(related.to_owned()).or_default();
    if application.charm.is_none() {
        application.place = node.place;
    }
    dump.relations.push(relation);
}

/// A relation with another model: of a consumed offer, or of an own one with its consumer.
fn across_models(relation: RelationDump, dump: &mut ModelDump, out: &mut Diagnostics) {
    let [own, related] = &relation.sides;
    if related.name.starts_with("remote-") {
        let endpoint = own.endpoint.as_deref();
        let endpoint = endpoint.expect("a relation that `related` reads has its endpoints");
        let message = format!(
            "`{}:{endpoint}` is offered, and another model consumes it",
            own.name
        );
        let help = "give the status of the consuming model too, where it is not among the files";
        let note = Diagnostic::new(Code::RemoteConsumer, Severity::Note, message);
        out.push(note.at(relation.place, "").help(help));
        return;
    }
    let saas = dump.saas.entry(related.name.clone());
    saas.or_insert_with(|| SaasDump {
        place: relation.place,
        ..SaasDump::default()
    });
    dump.relations.push(relation);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_secret_is_kept() {
        let text = "{web/0: {charm: 'ch:amd64/web-3', relation-info: [{endpoint: db, related-endpoint: database, \
                    application-data: {password: hunter2}, local-unit: {data: {private-key: '-----BEGIN RSA', \
                    uri: 'pg://u:hunter2@h:1/x', ok: 'https://web:1/hunter2'}}, related-units: {pg/0: {data: {password: hunter2}}}}]}}";
        let documents = trustsim_yaml::parse(text, 0).expect("YAML");
        let mut out = Diagnostics::default();
        let models = read(&documents[0], &mut out);
        let shown = format!("{models:?} {out:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("BEGIN"),
            "{shown}"
        );
        let web = &models[0].applications["web"];
        assert_eq!(
            Vec::from_iter(models[0].published["web"]["db"].keys()),
            ["https://web:1"]
        );
        assert_eq!(
            web.revision.as_ref().map(|revision| revision.value),
            Some(3)
        );
        assert!(models[0].applications["pg"].charm.is_none());
    }
}
