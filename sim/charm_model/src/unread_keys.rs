//! Keys of an endpoint's declaration that the charm it is written for does not read.
//!
//! A generic consumer reads nearly all of them; a charm whose own code is played reads few, since its code decides. A
//! key that changes nothing must not look as if it did: `apply: reload` on a vault would promise a run that is never
//! played. Each implementation says which keys it reads ([`EndpointKeys`]), and a scenario that gives another one is
//! refused with the reason.

use super::metadata::{
    Apply, CertificatesProfile, Mode, Reads, Role, Serves, Store, TrustProfile, Unnamed,
};
use super::surface::{chain_path, trust_path};
use super::{CharmMetadata, Endpoint, EndpointProfile, LibraryProfile, Reconciles};
use trustsim_interfaces::{certificate_transfer, tls_certificates};

/// Which keys of its endpoints the code of a charm reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointKeys {
    /// Those of the generic consumer, by interface, library and what else the endpoint says.
    GenericConsumer,
    /// Those of the generic consumer of the legacy protocol.
    LegacyConsumer,
    /// These, of endpoints that provide or require certificates or CAs.
    Listed(&'static [&'static str]),
}

/// Why a key has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadKey {
    /// The charm's own code decides it.
    OwnCode,
    /// The interface of the endpoint, or its role, has no such thing.
    OtherInterface,
    /// Only charms with version 3 of the library have it.
    OnlyVersion3,
    /// Charms with version 3 of the library do not have it.
    NotVersion3,
    /// The library tells the charm of its certificate again before the workload starts.
    ToldAgain,
    /// The `cert_handler` that the charm carries decides it.
    CertHandler,
    /// It does something only together with another key, or with another value of one.
    Without(&'static str),
}

/// What Juju enforces or a bundle needs, whatever the charm's code is.
const OF_JUJU: [&str; 6] = [
    "interface",
    "limit",
    "scope",
    "optional",
    "description",
    "earlier-interfaces",
];

const OF_LEGACY: [&str; 6] = [
    "mode",
    "apply",
    "name-option",
    "extra-name-options",
    "trusts-ca",
    "plain-without-certificate",
];

impl CharmMetadata {
    /// Why a key of one of its endpoints has no effect; `None` where it has one. Of `bugs` each value is asked for
    /// ([`Self::unread_bug`]).
    pub fn unread_key(&self, endpoint: &Endpoint, key: &str) -> Option<UnreadKey> {
        if OF_JUJU.contains(&key) || key == "bugs" {
            return None;
        }
        let is_tls = ["tls-certificates", "certificate_transfer"].contains(&&*endpoint.interface);
        if key == "protocol" {
            // Where nothing plays the charm, it tells what the other side speaks.
            let is_read = match self.implementation.endpoint_keys {
                EndpointKeys::GenericConsumer | EndpointKeys::LegacyConsumer => true,
                EndpointKeys::Listed(_) => *self.implementation == super::WITHOUT_TLS,
            };
            return match (&*endpoint.interface, is_read) {
                ("tls-certificates", true) => None,
                ("tls-certificates", false) => Some(UnreadKey::OwnCode),
                _ => Some(UnreadKey::OtherInterface),
            };
        }
        if !is_tls {
            return self.unread_of_passed(endpoint, key);
        }
        match (self.implementation.endpoint_keys, &endpoint.profile) {
            (EndpointKeys::Listed(listed), _) => {
                (!listed.contains(&key)).then_some(UnreadKey::OwnCode)
            }
            (EndpointKeys::LegacyConsumer, Some(EndpointProfile::LegacyCertificates(_))) => {
                let is_read = OF_LEGACY.contains(&key);
                (!is_read).then_some(UnreadKey::OtherInterface)
            }
            (EndpointKeys::GenericConsumer, Some(EndpointProfile::Certificates(_)))
                if ["extra-name-options", "address-of"].contains(&key)
                    && endpoint.bugs.no_alternative_names =>
            {
                Some(UnreadKey::Without("alternative names (`bugs`)"))
            }
            // Where the library is called in each hook, what it assigns is written after that in any case.
            (EndpointKeys::GenericConsumer, Some(EndpointProfile::Certificates(profile)))
                if key == "reconciles"
                    && profile.reconciles != Reconciles::AtEnd
                    && (self.has_workers(&endpoint.name) || !profile.listens) =>
            {
                Some(UnreadKey::Without(
                    "a library that is called in some hooks alone; in each one it is as `at-end`",
                ))
            }
            (EndpointKeys::GenericConsumer, Some(EndpointProfile::Certificates(_)))
                if key == "restores" && self.keeps_files(&endpoint.name) =>
            {
                Some(UnreadKey::Without("files that a new pod lacks (`volumes`)"))
            }
            (EndpointKeys::GenericConsumer, Some(EndpointProfile::Certificates(profile))) => {
                of_certificates(profile, library(endpoint), key)
            }
            (EndpointKeys::GenericConsumer, Some(EndpointProfile::ReceivesCa(profile))) => {
                of_transfer(profile, endpoint.library, key)
            }
            (EndpointKeys::GenericConsumer | EndpointKeys::LegacyConsumer, _) => {
                Some(UnreadKey::OtherInterface)
            }
        }
    }

    /// What is read of an endpoint that is there for something else than certificates and CAs.
    fn unread_of_passed(&self, endpoint: &Endpoint, key: &str) -> Option<UnreadKey> {
        let is_consumer = self.implementation.endpoint_keys == EndpointKeys::GenericConsumer;
        if let (Some(_), "hands-certificate" | "trusts-handed") =
            (&endpoint.client_certificate, key)
        {
            return (!is_consumer).then_some(UnreadKey::OwnCode);
        }
        match (&endpoint.profile, key) {
            (Some(EndpointProfile::PassesCa(_)), "passes-ca")
            | (
                Some(EndpointProfile::TakesCa(_)),
                "trusts-ca" | "apply" | "reads" | "keeps-first-ca" | "restores",
            ) => (!is_consumer).then_some(UnreadKey::OwnCode),
            // That it does not is said of a charm that does, too.
            (None, "trusts-ca") if is_consumer && endpoint.role == Role::Requirer => None,
            (None, "apply" | "reads" | "keeps-first-ca" | "restores")
                if is_consumer && endpoint.role == Role::Requirer =>
            {
                Some(UnreadKey::Without("`trusts-ca: true`"))
            }
            _ => Some(UnreadKey::OtherInterface),
        }
    }

    /// Whether a new pod has the certificate and the CA that came over an endpoint.
    fn keeps_files(&self, endpoint: &str) -> bool {
        let lies_on_one = |path: &str| {
            let mut volumes = self.volumes.iter();
            volumes.any(|volume| path.starts_with(volume.as_str()))
        };
        lies_on_one(&chain_path(endpoint, "")) && lies_on_one(&trust_path(endpoint))
    }

    /// Why a mistake of [`super::Bugs`] has no effect on one of its endpoints; `None` where it has one.
    pub fn unread_bug(&self, endpoint: &Endpoint, bug: &str) -> Option<UnreadKey> {
        match (self.implementation.endpoint_keys, &endpoint.profile) {
            (EndpointKeys::Listed(_), _) => {
                let has_it = self.implementation.bugs.contains(&(&*endpoint.name, bug));
                let has_pods = !self.containers.is_empty();
                match bug {
                    _ if !has_it => Some(UnreadKey::OwnCode),
                    "ingress-address-only" if !has_pods => {
                        Some(UnreadKey::Without("pods, whose service has an address"))
                    }
                    _ => None,
                }
            }
            (EndpointKeys::GenericConsumer, Some(EndpointProfile::Certificates(profile))) => {
                let is_version_3 = library(endpoint) == tls_certificates::Library::V3;
                match bug {
                    "broken-raises" | "no-alternative-names" => None,
                    "start-takes-address" if profile.cert_handler.is_some() => {
                        Some(UnreadKey::CertHandler)
                    }
                    "start-takes-address"
                        if profile.name_option.is_some()
                            || profile.fixed_name.is_some()
                            || profile.serves == Serves::Nothing =>
                    {
                        Some(UnreadKey::Without("a certificate for the unit's address"))
                    }
                    "start-takes-address"
                        if self.has_workers(&endpoint.name) || !profile.listens =>
                    {
                        Some(UnreadKey::Without(
                            "a library that is not asked in each hook",
                        ))
                    }
                    "start-takes-address" => None,
                    "empty-name-raises" | "reverse-dns-only" if profile.name_option.is_none() => {
                        Some(UnreadKey::Without("`name-option`"))
                    }
                    "empty-name-raises" => None,
                    "reverse-dns-only"
                        if profile.fixed_name.is_some() || profile.unnamed != Unnamed::OwnName =>
                    {
                        Some(UnreadKey::Without(
                            "`unnamed: own-name` and no `fixed-name`",
                        ))
                    }
                    "reverse-dns-only" => None,
                    "keeps-when-broken" => (!is_version_3).then_some(UnreadKey::OnlyVersion3),
                    "shared-not-applied" if is_version_3 => Some(UnreadKey::NotVersion3),
                    "shared-not-applied" if profile.mode == Mode::Unit => {
                        Some(UnreadKey::Without("`mode: app`"))
                    }
                    "shared-not-applied" => None,
                    _ => Some(UnreadKey::OtherInterface),
                }
            }
            (EndpointKeys::GenericConsumer, Some(EndpointProfile::ReceivesCa(profile))) => {
                match bug {
                    "unknown-alias-raises" if profile.store == Store::Bundle => {
                        Some(UnreadKey::Without("a file for each relation (`store`)"))
                    }
                    "unknown-alias-raises" => None,
                    _ => Some(UnreadKey::OtherInterface),
                }
            }
            (EndpointKeys::GenericConsumer, Some(EndpointProfile::PassesCa(_))) => {
                let is_its = ["word-as-ca", "earlier-relations-only"].contains(&bug);
                (!is_its).then_some(UnreadKey::OtherInterface)
            }
            _ => Some(UnreadKey::OtherInterface),
        }
    }
}

/// What a generic consumer of `tls-certificates` reads.
fn of_certificates(
    profile: &CertificatesProfile,
    library: tls_certificates::Library,
    key: &str,
) -> Option<UnreadKey> {
    let is_version_3 = library == tls_certificates::Library::V3;
    if let Some(why) = beside_others(profile, key) {
        return Some(why);
    }
    match key {
        "mode"
        | "apply"
        | "name-option"
        | "extra-name-options"
        | "address-of"
        | "trusts-ca"
        | "library"
        | "delete-on-missing"
        | "serves"
        | "unique-requests"
        | "fixed-name"
        | "common-name"
        | "asks-with"
        | "plain-without-certificate" => None,
        "unnamed" if profile.name_option.is_none() => Some(UnreadKey::Without("`name-option`")),
        "names-from" if profile.name_option.is_none() && profile.asks_with.is_empty() => {
            Some(UnreadKey::Without("`name-option` or `asks-with`"))
        }
        "unnamed" | "names-from" => None,
        "key" | "renews-on" | "notification" | "installs-once" | "cert-handler" => {
            (!is_version_3).then_some(UnreadKey::OnlyVersion3)
        }
        "renewal" | "keeps-old-ca" | "delete-when-broken" | "reconciles" | "phased" | "listens"
        | "own-ca"
            if is_version_3 =>
        {
            Some(UnreadKey::NotVersion3)
        }
        // What is to be deleted is known by what is assigned.
        "delete-when-broken" if profile.reconciles.is_in_each_hook() => Some(UnreadKey::Without(
            "a charm that does not look in each hook (`reconciles`)",
        )),
        "restarts-at-first" | "restarts-for-names" | "reconfigures" | "reconciles"
        | "stops-without" | "listens" => None,
        "delete-when-broken" if profile.delete_on_missing => {
            Some(UnreadKey::Without("`delete-on-missing: false`"))
        }
        "renewal" | "delete-when-broken" => None,
        "keeps-old-ca" | "phased" if profile.keeps_first_ca => {
            Some(UnreadKey::Without("`keeps-first-ca: false`"))
        }
        "phased" | "own-ca" if profile.mode != Mode::Unit => {
            Some(UnreadKey::Without("`mode: unit`"))
        }
        "own-ca" if profile.phased => Some(UnreadKey::Without("`phased: false`")),
        "phased" if profile.reconciles.is_any() || profile.delete_on_missing => Some(
            UnreadKey::Without("a charm that looks only when it is told"),
        ),
        // With the first certificate comes the first CA.
        "keeps-first-ca" if profile.installs_once => {
            Some(UnreadKey::Without("`installs-once: false`"))
        }
        "apply-ca" | "keeps-old-ca" | "keeps-first-ca" | "phased" | "own-ca" => {
            (!profile.trusts_ca).then_some(UnreadKey::Without("`trusts-ca: true`"))
        }
        // It tells of each certificate in config-changed, which a new pod runs before its workload starts.
        "restores" => {
            (library == tls_certificates::Library::Current).then_some(UnreadKey::ToldAgain)
        }
        _ => Some(UnreadKey::OtherInterface),
    }
}

/// Why a key of a consumer of `tls-certificates` has no effect beside what else its endpoint says.
fn beside_others(profile: &CertificatesProfile, key: &str) -> Option<UnreadKey> {
    match key {
        // It asks once, and what comes is not written.
        "mode"
        | "renewal"
        | "delete-on-missing"
        | "delete-when-broken"
        | "keeps-old-ca"
        | "key"
        | "unique-requests"
        | "renews-on"
        | "notification"
        | "installs-once"
        | "cert-handler"
        | "library"
        | "reconciles"
        | "restarts-at-first"
        | "reconfigures"
        | "stops-without"
        | "plain-without-certificate"
        | "restarts-for-names"
        | "phased"
        | "own-ca"
        | "listens"
            if profile.serves == Serves::Nothing =>
        {
            Some(UnreadKey::Without("anything that it `serves`"))
        }
        "key" | "renews-on" | "installs-once" | "unique-requests"
            if profile.cert_handler.is_some() =>
        {
            Some(UnreadKey::CertHandler)
        }
        // What is written in phases is decided by them, and a certificate that stays the only one is never missing.
        "apply-ca" | "delete-on-missing" | "trusts-ca" | "keeps-first-ca" | "keeps-old-ca"
        | "restores" | "reconciles"
            if profile.phased =>
        {
            Some(UnreadKey::Without("`phased: false`"))
        }
        "delete-on-missing" if profile.installs_once => {
            Some(UnreadKey::Without("`installs-once: false`"))
        }
        "restarts-for-names" if profile.reconciles.is_any() && profile.restarts_at_first => Some(
            UnreadKey::Without("a charm that looks only when it is told (`reconciles`)"),
        ),
        "unnamed" | "address-of" if profile.fixed_name.is_some() => Some(UnreadKey::Without(
            "a name that is not fixed (`fixed-name`)",
        )),
        "delete-on-missing" if profile.reconciles.is_any() => Some(UnreadKey::Without(
            "a charm that looks only when it is told (`reconciles`)",
        )),
        "restarts-at-first" if profile.restarts_for_names => {
            Some(UnreadKey::Without("`restarts-for-names: false`"))
        }
        "restarts-at-first" | "restarts-for-names" | "reconfigures" => of_restarts(profile, key),
        _ => None,
    }
}

/// Of the keys about when a process starts anew.
fn of_restarts(profile: &CertificatesProfile, key: &str) -> Option<UnreadKey> {
    if key == "reconfigures" {
        // What stays on disk is served, and its configuration with it.
        let deletes =
            profile.reconciles.is_any() || profile.delete_on_missing || profile.delete_when_broken;
        return (!profile.restarts_at_first || !deletes).then_some(UnreadKey::Without(
            "`restarts-at-first: true` of a charm that deletes its files (`reconciles`)",
        ));
    }
    // Else a restart does what is done anyway.
    let leaves_ca = profile.trusts_ca && profile.apply_ca == Some(Apply::None);
    let is_read = match profile.apply {
        Apply::Restart => false,
        Apply::Reload => leaves_ca,
        Apply::None => true,
    };
    (!is_read).then_some(UnreadKey::Without(
        "`apply: none`, or `apply: reload` and `apply-ca: none`",
    ))
}

/// What a generic consumer of `certificate_transfer` reads.
fn of_transfer(
    profile: &TrustProfile,
    library: Option<LibraryProfile>,
    key: &str,
) -> Option<UnreadKey> {
    let version_0 = certificate_transfer::Library::V0Patch11;
    let is_version_0 = library == Some(LibraryProfile::Transfer(version_0));
    match key {
        "apply" | "library" | "store" | "reads" => None,
        "reads-first" => {
            (profile.apply != Apply::None).then_some(UnreadKey::Without("`apply: none`"))
        }
        // A charm that asks the library itself does so in config-changed too.
        "restores" => (profile.reads == Reads::Again).then_some(UnreadKey::ToldAgain),
        "keeps-removed" => match profile.store {
            Store::Each | Store::Bundle => None,
            // The library's event never says that there is nothing any more, but for the relation's end.
            Store::Relation if is_version_0 && profile.reads == Reads::Event => {
                Some(UnreadKey::Without("`store: each`"))
            }
            Store::Relation => None,
            // What is written last stays in any case.
            Store::Last => Some(UnreadKey::Without("`store: each`")),
        },
        _ => Some(UnreadKey::OtherInterface),
    }
}

fn library(endpoint: &Endpoint) -> tls_certificates::Library {
    match endpoint.library {
        Some(LibraryProfile::Certificates(library)) => library,
        Some(LibraryProfile::Transfer(_)) | None => tls_certificates::Library::default(),
    }
}
