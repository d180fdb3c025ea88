//! Keys of a scenario's `charms` section that would change nothing: each is refused with the reason.

use trustsim_charms::{CharmMetadata, Endpoint, Role, UnreadKey, catalogue, catalogue_source};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{Entry, Node, parse};

/// Keys that only an entry of the catalogue has.
const OF_CATALOGUE: [&str; 3] = ["tracks", "series", "reading"];

/// Refuses what a scenario says of a charm that the charm's code does not read.
pub(super) fn refuse_unread_keys(written: &Node, charm: &CharmMetadata, out: &mut Diagnostics) {
    for entry in written.entries() {
        if OF_CATALOGUE.contains(&&*entry.key.value) {
            let message = format!("`{}` is a key of trustsim's own catalogue", entry.key.value);
            out.push(Diagnostic::error(Code::UnreadKey, entry.key.place, message));
        }
    }
    for (group, role) in [("provides", Role::Provider), ("requires", Role::Requirer)] {
        for declared in written.get(group).map_or(&[][..], Node::entries) {
            let name = &declared.key.value;
            let mut endpoints = charm.endpoints.iter();
            // One that is declared wrongly was reported.
            let found = endpoints.find(|endpoint| endpoint.name == *name && endpoint.role == role);
            let Some(endpoint) = found else { continue };
            for key in declared.value.entries() {
                match charm.unread_key(endpoint, &key.key.value) {
                    None => {}
                    Some(UnreadKey::OwnCode) if is_as_played(charm, endpoint, key) => {}
                    Some(why) => out.push(refusal(charm, endpoint, key, why)),
                }
            }
        }
    }
}

/// Whether a key says of a charm with code of its own what that code does: what the catalogue has of the charm that the
/// code is of.
fn is_as_played(charm: &CharmMetadata, endpoint: &Endpoint, key: &Entry) -> bool {
    let behaviour = charm.implementation.behaviour;
    let mut entries = catalogue().iter();
    entries.any(|(entry, known)| {
        let own = known.metadata.implementation.behaviour;
        // A variant of a charm's code, such as `vault-renews-early`, is told apart by its ending.
        let ending = behaviour.strip_prefix(own);
        ending.is_some_and(|ending| ending.is_empty() || ending.starts_with('-'))
            && catalogue_value(entry, endpoint, &key.key.value)
                .is_some_and(|value| value.value == key.value.value)
    })
}

/// The value of a key of an endpoint in an entry of the catalogue.
fn catalogue_value(entry: &str, endpoint: &Endpoint, key: &str) -> Option<Node> {
    let group = match endpoint.role {
        Role::Provider => "provides",
        Role::Requirer => "requires",
        Role::Peer => "peers",
    };
    let (_, text) = catalogue_source(entry)?;
    let documents = parse(text, 0).ok()?;
    let endpoints = documents.first()?.get(entry)?.get(group)?;
    endpoints.get(&endpoint.name)?.get(key).cloned()
}

fn refusal(charm: &CharmMetadata, endpoint: &Endpoint, key: &Entry, why: UnreadKey) -> Diagnostic {
    let (name, key_name) = (&endpoint.name, &key.key.value);
    let message = match why {
        UnreadKey::OwnCode => format!(
            "`{key_name}` has no effect on `{name}`: the code of {} is played, and decides it",
            charm.name
        ),
        UnreadKey::OtherInterface => format!(
            "`{key_name}` has no effect on `{name}`, which {} {}",
            match endpoint.role {
                Role::Provider => "provides",
                Role::Requirer => "requires",
                Role::Peer => "is a peer over",
            },
            endpoint.interface
        ),
        UnreadKey::OnlyVersion3 => format!(
            "`{key_name}` has no effect on `{name}`: only charms with version 3 of the library have it"
        ),
        UnreadKey::NotVersion3 => format!(
            "`{key_name}` has no effect on `{name}`: charms with version 3 of the library do not have it"
        ),
    };
    let diagnostic = Diagnostic::error(Code::UnreadKey, key.key.place, message);
    match why {
        UnreadKey::OwnCode => diagnostic.help(
            "leave it out, or play a generic consumer in the charm's place with `behaviour: requirer`",
        ),
        UnreadKey::OnlyVersion3 => diagnostic.help("add `library: tls-certificates-v3`"),
        UnreadKey::OtherInterface | UnreadKey::NotVersion3 => diagnostic,
    }
}
