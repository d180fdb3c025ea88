//! What tells that a YAML text was cut off between two lines: it is YAML all the same, and only less of it. JSON without its
//! end is none.

use std::collections::BTreeSet;

use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_yaml::{Node, Place, Value};

use crate::dump::{ApplicationDump, ModelDump};

/// How many names are told.
const NAMES_SHOWN: usize = 5;

/// Says of a status that it may have been cut off: the time of its controller is missing, which Juju prints last
/// (juju/juju 3.6 `cmd/juju/status/formatted.go`, `formattedStatus`; early versions of 2, such as 001fa6d, have none).
pub(crate) fn tell_cut_status(document: &Node, dump: &ModelDump, out: &mut Diagnostics) {
    if is_flow(document, out) || document.get("controller").is_some() {
        return;
    }
    let missing = missing(dump);
    let (severity, also) = match missing.is_empty() {
        true => (Severity::Note, String::new()),
        false => {
            let names = missing.iter().take(NAMES_SHOWN);
            let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            let more = match missing.len().checked_sub(NAMES_SHOWN) {
                None | Some(0) => String::new(),
                Some(more) => format!(" and {more} more"),
            };
            let also = format!(
                ", and it names {}{more}, which it does not have",
                names.join(", ")
            );
            (Severity::Warning, also)
        }
    };
    let message = format!(
        "the status may have been cut off: `controller` is missing, which Juju prints last{also}"
    );
    let told = Diagnostic::new(Code::LeftOut, severity, message);
    let help = "write it again, of the whole model: juju status --format json, which shows whether it is complete";
    out.push(told.at(last(document), "the last that is there").help(help));
}

/// Says of a bundle that it may have been cut off: it has several applications and no relations, which come last
/// (juju/juju 3.6 `apiserver/facades/client/bundle/bundle.go`, `bundleOutput`).
pub(crate) fn tell_cut_bundle(document: &Node, out: &mut Diagnostics) {
    // An overlay changes applications, and has no charms.
    let deploys = |key: &str| {
        let entries = document.entries_of(key).iter();
        entries
            .filter(|entry| entry.value.get("charm").is_some())
            .count()
    };
    let has_several = deploys("applications").max(deploys("services")) > 1;
    if is_flow(document, out) || !has_several || document.get("relations").is_some() {
        return;
    }
    let message = "the bundle has no relations, which come last: it may have been cut off";
    let told = Diagnostic::new(Code::LeftOut, Severity::Note, message);
    let help = "where its applications are related, write it again: juju export-bundle";
    out.push(told.at(last(document), "the last that is there").help(help));
}

/// Whether a document is in braces, as JSON is, and so has an end.
fn is_flow(document: &Node, out: &Diagnostics) -> bool {
    let source = out.sources.get(document.place.file);
    let text = source.and_then(|source| source.text.get(document.place.start as usize..));
    text.is_none_or(|text| text.starts_with('{'))
}

/// What is at the end of a document.
fn last(node: &Node) -> Place {
    match &node.value {
        Value::Map(entries) => match entries.last() {
            Some(entry) if entry.value.is_null() => entry.key.place,
            Some(entry) => last(&entry.value),
            None => node.place,
        },
        Value::List(elements) => elements.last().map_or(node.place, last),
        Value::Null | Value::Scalar(_) => node.place,
    }
}

/// What a status speaks of and does not have: applications that others are related to, and machines that units are on.
fn missing(dump: &ModelDump) -> BTreeSet<String> {
    let is_there =
        |name: &String| dump.applications.contains_key(name) || dump.saas.contains_key(name);
    let related = dump.listed.iter().map(|listed| &listed.related);
    let related = related.filter(|name| !is_there(name) && !name.starts_with("remote-"));
    let hosts = dump.applications.values().flat_map(hosts);
    let hosts = hosts.filter(|host| !dump.machines.contains(host.as_str()));
    let machines = hosts.map(|host| format!("machine {host}"));
    related.cloned().chain(machines).collect()
}

/// The machines that units of an application are on; of a container the one that it is on.
fn hosts(application: &ApplicationDump) -> impl Iterator<Item = String> + '_ {
    let to = application.to.iter();
    to.map(|to| to.value.rsplit(':').next().unwrap_or(&to.value).to_owned())
}
