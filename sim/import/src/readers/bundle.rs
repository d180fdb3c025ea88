//! Bundles, after their documents, overlays and included files were merged as `juju deploy` does.

use std::path::Path;

use trustsim_errors::{Code, Diagnostics, Severity};
use trustsim_scenario::{ApplicationFile, Files, ModelFile, merged_bundle};
use trustsim_yaml::{Map, Node, Place, Spanned, Text, Value};

use super::left_out;
use crate::addresses::{of_bindings, of_constraints, of_spaces};
use crate::dump::{ApplicationDump, Kind, ModelDump, OfferDump, RelationDump, SaasDump, SideDump};

/// The model of a bundle file with overlays laid over it; `place` is where the file begins.
pub(crate) fn read(
    bundle: &Path,
    overlays: &[&Path],
    place: Place,
    files: &dyn Files,
    out: &mut Diagnostics,
) -> ModelDump {
    let count = out.list.len();
    let file = merged_bundle(bundle, overlays, files, out);
    // An application without a charm, the only key that it must have, is told of below, with what to give.
    let without = file.applications.iter().flat_map(Map::iter);
    let without = without.filter(|(_, application)| application.charm.is_none());
    let without: Vec<Place> = without
        .flat_map(|(name, application)| [name.place, application.place])
        .collect();
    let told = out.list.split_off(count);
    out.list.extend(told.into_iter().filter(|mistake| {
        let place = mistake.primary.as_ref().map(|label| label.place);
        mistake.code != Code::MissingKey || place.is_none_or(|place| !without.contains(&place))
    }));
    for mistake in &mut out.list[count..] {
        // What is wrong is left out; `juju deploy` would refuse the bundle.
        if mistake.severity == Severity::Error && mistake.code != Code::Syntax {
            mistake.severity = Severity::Warning;
        }
    }
    let folder = bundle.parent().unwrap_or(Path::new(""));
    let mut dump = ModelDump::new(Kind::Bundle, place);
    dump.kubernetes = Some(is_kubernetes(&file));
    let is_overlay = file
        .applications
        .iter()
        .flat_map(Map::iter)
        .all(|(_, application)| application.charm.is_none());
    for (name, application) in file.applications.iter().flat_map(Map::iter) {
        if is_overlay {
            dump.changed.push(name.clone());
            continue;
        }
        let read = self::application(name, application, &file, folder, out);
        dump.applications
            .extend(read.map(|read| (name.value.clone(), read)));
    }
    for (name, saas) in file.saas.iter().flat_map(Map::iter) {
        let read = SaasDump {
            place: name.place,
            url: saas.url.clone(),
            ..SaasDump::default()
        };
        dump.saas.insert(name.value.clone(), read);
    }
    for (number, machine) in file.machines.iter().flat_map(Map::iter) {
        dump.machines.insert(number.value.clone());
        if let Some(constraints) = of_constraints(machine.get("constraints")) {
            dump.constraints.insert(number.value.clone(), constraints);
        }
    }
    for relation in file.relations.iter().flatten() {
        relations(relation, &mut dump, out);
    }
    dump
}

/// A bundle says so itself; before 2.9 its series did.
fn is_kubernetes(file: &ModelFile) -> bool {
    let kind = file.kind.as_ref().map(|kind| kind.value.as_str());
    let series = file.series.as_ref().and_then(Node::as_scalar);
    kind == Some("kubernetes") || series.is_some_and(|series| series.text == "kubernetes")
}

fn application(
    name: &Spanned<String>,
    file: &ApplicationFile,
    model: &ModelFile,
    folder: &Path,
    out: &mut Diagnostics,
) -> Option<ApplicationDump> {
    let Some(charm) = &file.charm else {
        let message = format!("`{}` has no charm: it is left out", name.value);
        let help = "give the bundle that this is an overlay of beside it";
        left_out(out, name.place, message, help);
        return None;
    };
    let units = file.num_units.as_ref().or(file.scale.as_ref());
    let of_base = [&file.base, &file.series, &model.default_base, &model.series];
    let base = of_base.into_iter().flatten().find_map(|node| {
        let scalar = node.as_scalar()?;
        Some(Spanned::new(scalar.canonical(), node.place))
    });
    let mut read = ApplicationDump {
        place: name.place,
        charm: Some(Spanned::new(local(&charm.value, folder), charm.place)),
        channel: file.channel.clone(),
        revision: file.revision.clone(),
        base: base.filter(|base| base.value != "kubernetes"),
        units: units.cloned(),
        bindings: of_bindings(file.bindings.as_ref()),
        constraints: file.constraints.as_ref().and_then(of_spaces),
        to: file.to.iter().flat_map(placed).collect(),
        ..ApplicationDump::default()
    };
    for (option, node) in file.options.iter().flat_map(Map::iter) {
        match node.as_scalar() {
            Some(scalar) if !scalar.text.starts_with("include-") => {
                read.set(&option.value, scalar.clone(), option.place);
            }
            None if node.is_null() => {}
            // A file that could not be included was told of.
            Some(_) => {}
            None => {
                let message = format!(
                    "the option `{}` of `{}` is no value: it is left out",
                    option.value, name.value
                );
                left_out(
                    out,
                    option.place,
                    message,
                    "a value is a text, a number or a boolean",
                );
            }
        }
    }
    for (offer, file) in file.offers.iter().flat_map(Map::iter) {
        let endpoints = file.endpoints.iter().flatten();
        let read_offer = OfferDump {
            place: offer.place,
            endpoints: endpoints
                .map(|endpoint| (endpoint.value.clone(), Default::default()))
                .collect(),
        };
        read.offers.insert(offer.value.clone(), read_offer);
    }
    Some(read)
}

/// A local charm is relative to its bundle.
fn local(charm: &str, folder: &Path) -> String {
    let path = charm.strip_prefix("local:").unwrap_or(charm);
    let is_path = path.starts_with('.') || path.ends_with(".charm") && !path.starts_with('/');
    match is_path {
        true => folder.join(path).display().to_string(),
        false => charm.to_owned(),
    }
}

fn placements(node: &Node) -> Vec<String> {
    match &node.value {
        Value::Scalar(scalar) => vec![scalar.canonical()],
        Value::List(elements) => elements.iter().flat_map(placements).collect(),
        Value::Null | Value::Map(_) => Vec::new(),
    }
}

/// The same, each where it is.
fn placed(node: &Node) -> Vec<Text> {
    let texts = placements(node).into_iter();
    texts.map(|text| Spanned::new(text, node.place)).collect()
}

/// A relation; of a list of lists (juju/charm `bundledata.go`, `relations`), each to each.
fn relations(node: &Node, dump: &mut ModelDump, out: &mut Diagnostics) {
    let sides: Vec<Vec<String>> = node.elements().iter().map(placements).collect();
    let [left, right] = sides.as_slice() else {
        let message = format!("a relation has {} sides: it is left out", sides.len());
        left_out(
            out,
            node.place,
            message,
            "write `[app:endpoint, app:endpoint]`",
        );
        return;
    };
    for left in left {
        for right in right {
            dump.relations.push(RelationDump {
                sides: [side(left), side(right)],
                interface: None,
                container: false,
                number: None,
                kind: Kind::Bundle,
                place: node
                    .elements()
                    .first()
                    .map_or(node.place, |first| first.place),
            });
        }
    }
}

fn side(text: &str) -> SideDump {
    match text.split_once(':') {
        Some((name, endpoint)) => SideDump {
            name: name.to_owned(),
            endpoint: Some(endpoint.to_owned()),
        },
        None => SideDump {
            name: text.to_owned(),
            endpoint: None,
        },
    }
}
