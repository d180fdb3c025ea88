//! Keys of an endpoint's declaration that the charm it is written for does not read.
//!
//! A generic consumer reads nearly all of them; a charm whose own code is played reads few, since its code decides. A
//! key that changes nothing must not look as if it did: `apply: reload` on a vault would promise a run that is never
//! played. Each implementation says which keys it reads ([`EndpointKeys`]), and a scenario that gives another one is
//! refused with the reason.

use super::{CharmMetadata, Endpoint, LibraryProfile, Role};
use trustsim_interfaces::tls_certificates::Library;

/// Which keys of its endpoints the code of a charm reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointKeys {
    /// Those of the generic consumer, by interface and library.
    GenericConsumer,
    /// These, of endpoints that provide or require certificates or CAs.
    Listed(&'static [&'static str]),
}

/// Why a key has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadKey {
    /// The charm's own code decides it.
    OwnCode,
    /// The interface of the endpoint has no such thing.
    OtherInterface,
    /// Only charms with version 3 of the library have it.
    OnlyVersion3,
    /// Charms with version 3 of the library do not have it.
    NotVersion3,
}

/// What Juju enforces or a bundle needs, whatever the charm's code is.
const OF_JUJU: [&str; 7] = [
    "interface",
    "limit",
    "scope",
    "optional",
    "description",
    "earlier-interfaces",
    "protocol",
];

/// What a generic consumer of `tls-certificates` reads with any library.
const OF_CERTIFICATES: [&str; 11] = [
    "mode",
    "apply",
    "apply-ca",
    "name-option",
    "extra-name-options",
    "trusts-ca",
    "delete-on-missing",
    "library",
    "serves",
    "unique-requests",
    "restores",
];

const ONLY_VERSION_3: [&str; 4] = ["key", "renews-on", "notification", "installs-once"];

const NOT_VERSION_3: [&str; 2] = ["renewal", "keeps-old-ca"];

/// What a generic consumer of `certificate_transfer` reads.
const OF_TRANSFER: [&str; 6] = [
    "apply",
    "library",
    "store",
    "reads",
    "keeps-removed",
    "restores",
];

impl CharmMetadata {
    /// Why a key of one of its endpoints has no effect; `None` where it has one.
    pub fn unread_key(&self, endpoint: &Endpoint, key: &str) -> Option<UnreadKey> {
        if OF_JUJU.contains(&key) {
            return None;
        }
        let listed = match self.implementation.endpoint_keys {
            EndpointKeys::GenericConsumer => return unread_by_consumer(endpoint, key),
            EndpointKeys::Listed(listed) => listed,
        };
        let is_tls = ["tls-certificates", "certificate_transfer"].contains(&&*endpoint.interface);
        match is_tls && listed.contains(&key) {
            true => None,
            false => Some(UnreadKey::OwnCode),
        }
    }
}

fn unread_by_consumer(endpoint: &Endpoint, key: &str) -> Option<UnreadKey> {
    let Endpoint {
        interface,
        role,
        library,
        ..
    } = endpoint;
    let is_version_3 = *library == Some(LibraryProfile::Certificates(Library::V3));
    let is_read = match (&**interface, *role) {
        ("tls-certificates", Role::Requirer) if ONLY_VERSION_3.contains(&key) => {
            return (!is_version_3).then_some(UnreadKey::OnlyVersion3);
        }
        ("tls-certificates", Role::Requirer) if NOT_VERSION_3.contains(&key) => {
            return is_version_3.then_some(UnreadKey::NotVersion3);
        }
        ("tls-certificates", Role::Requirer) => key == "bugs" || OF_CERTIFICATES.contains(&key),
        ("certificate_transfer", Role::Requirer) => key == "bugs" || OF_TRANSFER.contains(&key),
        _ => false,
    };
    (!is_read).then_some(UnreadKey::OtherInterface)
}
