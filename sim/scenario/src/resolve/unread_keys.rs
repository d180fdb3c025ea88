//! Keys of a scenario's `charms` section that would change nothing: each is refused with the reason.

mod refusal;
#[cfg(test)]
mod tests;

use trustsim_charms::{
    Authority, CharmMetadata, Endpoint, KnownCharm, Role, UnreadKey, WITHOUT_TLS, catalogue,
    catalogue_entry,
};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{Entry, Node, nearest};

use refusal::refusal;

/// Keys that only an entry of the catalogue has.
const OF_CATALOGUE: [&str; 4] = ["tracks", "series", "reading", "workload"];

/// Keys whose values name an option of the charm, or several.
const NAMING_OPTIONS: [&str; 2] = ["name-option", "extra-name-options"];

const GROUPS: [(&str, Role); 3] = [
    ("provides", Role::Provider),
    ("requires", Role::Requirer),
    ("peers", Role::Peer),
];

/// Refuses what a scenario says of a charm that the charm's code does not read. `written` is what it says of the charm
/// that it calls `name`.
pub(super) fn refuse_unread_keys(
    name: &str,
    written: &Node,
    known: &KnownCharm,
    out: &mut Diagnostics,
) {
    let charm = &known.metadata;
    for entry in written.entries() {
        if let Some(message) = unread_by_charm(name, entry, written, charm) {
            out.push(Diagnostic::error(Code::UnreadKey, entry.key.place, message));
        }
    }
    for (group, role) in GROUPS {
        for declared in written.get(group).map_or(&[][..], Node::entries) {
            let name = &declared.key.value;
            let mut endpoints = charm.endpoints.iter();
            // One that is declared wrongly was reported.
            let found = endpoints.find(|endpoint| endpoint.name == *name && endpoint.role == role);
            let Some(endpoint) = found else { continue };
            if let Some(message) = unknown_to_code(charm, endpoint) {
                let place = declared.key.place;
                out.push(Diagnostic::error(Code::UnreadKey, place, message));
                continue;
            }
            for key in declared.value.entries() {
                refuse_key(known, endpoint, key, out);
            }
        }
    }
}

/// Why a key of a charm has no effect.
fn unread_by_charm(
    name: &str,
    entry: &Entry,
    written: &Node,
    charm: &CharmMetadata,
) -> Option<String> {
    let key = entry.key.value.as_str();
    let code = charm.implementation;
    match key {
        _ if OF_CATALOGUE.contains(&key) => {
            Some(format!("`{key}` is a key of trustsim's own catalogue"))
        }
        "name" => {
            let is_same = entry
                .value
                .as_scalar()
                .is_some_and(|given| given.text == name);
            (!is_same).then(|| format!("`name` has no effect: here the charm is called {name}"))
        }
        "behaviour" if written.get("issuer").is_some() => Some(
            "`behaviour` has no effect beside `issuer`, which makes the charm a declared provider"
                .to_owned(),
        ),
        "version" if code.version.is_none() => Some(format!(
            "`version` has no effect: there is one version of the code of {}",
            charm.name
        )),
        "rotate-ca-action" if code.authority == Authority::None => Some(format!(
            "`rotate-ca-action` has no effect: {} has no CA",
            charm.name
        )),
        "processes" if !code.plays_processes => Some(format!(
            "`processes` has no effect: the code of {} fills no store of another process",
            charm.name
        )),
        "volumes" if !code.writes_files => Some(format!(
            "`volumes` has no effect: the code of {} writes no files of a workload",
            charm.name
        )),
        _ => None,
    }
}

/// An endpoint of certificates or CAs that the code which is played does nothing with.
fn unknown_to_code(charm: &CharmMetadata, endpoint: &Endpoint) -> Option<String> {
    let code = charm.implementation;
    let is_tls = ["tls-certificates", "certificate_transfer"].contains(&&*endpoint.interface);
    if !is_tls || code.plays_any_endpoint || *code == WITHOUT_TLS {
        return None;
    }
    let is_known = of_same_code(charm).any(|(_, known)| {
        known
            .endpoint(&endpoint.name)
            .is_some_and(|same| same.interface == endpoint.interface && same.role == endpoint.role)
    });
    (!is_known).then(|| {
        format!(
            "`{}` has no effect: the code of {} is played, and has no such endpoint of {}",
            endpoint.name, charm.name, endpoint.interface
        )
    })
}

fn refuse_key(known: &KnownCharm, endpoint: &Endpoint, key: &Entry, out: &mut Diagnostics) {
    let charm = &known.metadata;
    if key.key.value == "bugs" {
        for bug in key.value.elements() {
            let Some(name) = bug.as_scalar() else {
                continue;
            };
            if let Some(why) = charm.unread_bug(endpoint, &name.text)
                && (why != UnreadKey::OwnCode || !is_as_played(charm, endpoint, key))
            {
                out.push(refusal(charm, endpoint, &name.text, bug.place, why));
            }
        }
        return;
    }
    match charm.unread_key(endpoint, &key.key.value) {
        None => {}
        Some(UnreadKey::OwnCode) if is_as_played(charm, endpoint, key) => {}
        Some(why) => {
            let (name, place) = (&key.key.value, key.key.place);
            out.push(refusal(charm, endpoint, name, place, why));
            return;
        }
    }
    if NAMING_OPTIONS.contains(&&*key.key.value) && !known.more_options {
        let named = key.value.as_scalar().into_iter();
        let named = named.chain(key.value.elements().iter().filter_map(Node::as_scalar));
        for option in named.filter(|option| !charm.options.contains_key(&option.text)) {
            let message = format!("the charm {} has no option `{}`", charm.name, option.text);
            let diagnostic = Diagnostic::error(Code::UnknownOption, key.value.place, message);
            let near = nearest(&option.text, charm.options.keys().map(String::as_str));
            out.push(match near {
                Some(_) => diagnostic.similar("an option", near),
                None => {
                    let add = format!("add it: `options: {{{}: {{type: string}}}}`", option.text);
                    diagnostic.help(add)
                }
            });
        }
    }
}

/// Entries of the catalogue with the code of a charm, or with a version of it that has other mistakes, which is told
/// apart by its ending, such as `vault-renews-early`.
fn of_same_code(
    charm: &CharmMetadata,
) -> impl Iterator<Item = (&'static str, &'static CharmMetadata)> {
    let behaviour = charm.implementation.behaviour;
    let entries = catalogue().iter();
    let same = entries.filter(move |(_, known)| {
        let own = known.metadata.implementation.behaviour;
        let ending = behaviour.strip_prefix(own);
        ending.is_some_and(|ending| ending.is_empty() || ending.starts_with('-'))
    });
    same.map(|(key, known)| (key.as_str(), &known.metadata))
}

/// Whether a key says of a charm with code of its own what that code does: what the catalogue has of the charm that the
/// code is of.
fn is_as_played(charm: &CharmMetadata, endpoint: &Endpoint, key: &Entry) -> bool {
    of_same_code(charm).any(|(entry, _)| {
        catalogue_value(entry, endpoint, &key.key.value)
            .is_some_and(|value| is_same(&value, &key.value))
    })
}

/// Whether two nodes say the same, wherever they are.
fn is_same(left: &Node, right: &Node) -> bool {
    match (left.as_scalar(), right.as_scalar()) {
        (Some(left), Some(right)) => left == right,
        (None, None) => {
            let (left, right) = (left.elements(), right.elements());
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| is_same(left, right))
        }
        _ => false,
    }
}

/// The value of a key of an endpoint in an entry of the catalogue.
fn catalogue_value(entry: &str, endpoint: &Endpoint, key: &str) -> Option<Node> {
    let (group, _) = GROUPS.iter().find(|(_, role)| *role == endpoint.role)?;
    let endpoints = catalogue_entry(entry)?.get(group)?.clone();
    endpoints.get(&endpoint.name)?.get(key).cloned()
}
