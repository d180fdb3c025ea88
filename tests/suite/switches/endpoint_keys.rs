//! Keys of the TLS endpoints of every charm.

use std::collections::BTreeMap;

use super::occasions::Occasion::{
    Bound, Chained, Fronted, Legacy, Moved, Mute, Provides, Rebooted, Root, Rotated, Routed,
    TwoSenders, Withdrawn,
};
use super::occasions::{Occasion, Subject};
use super::{Came, assert_none_ignored, came_of};
use trustsim::charms::{
    CharmMetadata, Endpoint, EndpointDeclaration, EndpointProfile, Protocol, Role, Server, Store,
    Unnamed, WITHOUT_TLS, catalogue,
};
use trustsim::yaml::Flag;

/// A key of an endpoint.
struct Key {
    name: &'static str,
    /// Values that are not the default of any charm, or of few.
    values: &'static [&'static str],
    /// What else is said of the endpoint, in both runs.
    beside: &'static str,
    /// Where it matters.
    occasions: &'static [Occasion],
}

const fn key(
    name: &'static str,
    values: &'static [&'static str],
    occasions: &'static [Occasion],
) -> Key {
    Key {
        name,
        values,
        beside: "",
        occasions,
    }
}

const LIBRARIES: [&str; 3] = [
    "tls-certificates-v3",
    "tls-certificates-v4.27",
    "certificate-transfer-v0",
];

/// Of `bugs` each value is a key of its own.
const KEYS: [Key; 63] = [
    key("mode", &["unit", "app"], &[Rotated]),
    key("apply", &["none", "reload", "restart"], &[Rotated]),
    Key {
        // A process that starts again for a new certificate reads the CA with it.
        beside: "apply: reload, ",
        ..key("apply-ca", &["none", "restart"], &[Rotated])
    },
    key("name-option", &["trustsim-name"], &[Rotated]),
    key("extra-name-options", &["[trustsim-name]"], &[Rotated]),
    key("address-of", &["every", "nowhere"], &[Bound]),
    key("fixed-name", &["it.example.org"], &[Rotated]),
    key("common-name", &["'{model}'"], &[Rotated]),
    Key {
        beside: "name-option: trustsim-none, ",
        ..key("unnamed", &["nothing"], &[Rotated])
    },
    key("asks-with", &["[trustsim-route]"], &[Rotated]),
    Key {
        beside: "name-option: trustsim-none, unnamed: nothing, ",
        ..key("names-from", &["[trustsim-route]"], &[Routed])
    },
    key("renewal", &["0.6"], &[Rotated]),
    key("trusts-ca", &["false", "true"], &[Rotated]),
    key(
        "delete-on-missing",
        &["true", "false"],
        &[Rotated, Rebooted],
    ),
    key("delete-when-broken", &["true", "false"], &[Rotated]),
    key(
        "reconciles",
        &["at-end", "at-start", "[update-status]"],
        &[Rotated, Rebooted],
    ),
    Key {
        beside: "apply: reload, apply-ca: none, ",
        ..key("restarts-at-first", &["true", "false"], &[Rotated])
    },
    key("plain-without-certificate", &["true", "false"], &[Rotated]),
    Key {
        beside: "apply: none, ",
        ..key("restarts-for-names", &["true", "false"], &[Rotated, Moved])
    },
    key("phased", &["true", "false"], &[Rotated]),
    key("own-ca", &["20d", "7300d"], &[Rotated]),
    Key {
        beside: "apply: reload, apply-ca: none, restarts-at-first: true, ",
        ..key("reconfigures", &["[update-status]"], &[Rotated])
    },
    key("stops-without", &["without a certificate"], &[Rotated]),
    key("listens", &["false", "true"], &[Rotated]),
    key("library", &LIBRARIES, &[Rotated, TwoSenders]),
    key("serves", &["leaf", "chain"], &[Chained]),
    key("key", &["renewed", "kept"], &[Rotated]),
    key("unique-requests", &["false", "true"], &[Rotated, Chained]),
    key("restores", &["false", "true"], &[Rotated]),
    key("keeps-old-ca", &["true", "false"], &[Rotated]),
    key("keeps-first-ca", &["true", "false"], &[Rotated]),
    key("renews-on", &["[expired]", "[]"], &[Rotated]),
    key("notification", &["3d"], &[Rotated]),
    key("installs-once", &["true", "false"], &[Rotated]),
    key("cert-handler", &["v1.6", "v1.13", "v0"], &[Rotated]),
    key(
        "store",
        &["bundle", "last", "each"],
        &[Withdrawn, TwoSenders],
    ),
    key("reads", &["raw", "again", "event"], &[Rotated]),
    Key {
        beside: "apply: none, ",
        ..key("reads-first", &["true", "false"], &[Rotated])
    },
    key("keeps-removed", &["true", "false"], &[Withdrawn, Rotated]),
    key("protocol", &["legacy", "v1"], &[Rotated]),
    key("bugs", &["[root-first]"], &[Rotated]),
    key("bugs", &["[broken-raises]"], &[Rotated]),
    key("bugs", &["[keeps-when-broken]"], &[Rotated]),
    key("bugs", &["[shared-not-applied]"], &[Rotated]),
    key("bugs", &["[empty-name-raises]"], &[Rotated]),
    key("bugs", &["[unknown-alias-raises]"], &[Mute]),
    key("bugs", &["[needs-parent]"], &[Rotated]),
    key("bugs", &["[silent-refusals]"], &[Rotated]),
    key("bugs", &["[chain-without-leaf]"], &[Rotated]),
    key("bugs", &["[default-lease]"], &[Rotated]),
    key("bugs", &["[keeps-own-certificate]"], &[Rotated]),
    key("bugs", &["[ingress-address-only]", "[]"], &[Rotated]),
    key("bugs", &["[no-alternative-names]", "[]"], &[Rotated]),
    key("bugs", &["[start-takes-address]", "[]"], &[Moved]),
    key("bugs", &["[keeps-issued]"], &[Rotated]),
    key("bugs", &["[reload-only]"], &[Moved]),
    key("bugs", &["[reverse-dns-only]"], &[Fronted]),
    // These are of endpoints that are there for something else than certificates and CAs.
    key("bugs", &["[word-as-ca]"], &[Rotated]),
    key("bugs", &["[earlier-relations-only]"], &[Rotated]),
    key("bugs", &["[stale-root-kubeconfig]"], &[Root]),
    key("passes-ca", &["certificates", "[certificates]"], &[Rotated]),
    key("hands-certificate", &["certificates"], &[Rotated]),
    key("trusts-handed", &["restart", "reload"], &[Rotated]),
];

/// A set that becomes empty while its relation stays comes of Vault's charm alone, where the CA beside its server is
/// gone. That the CA then stays in a file for each relation is held by `cas_that_left_the_set_go_or_stay` of
/// `trustsim-charms`. What a charm speaks of which nothing is played decides about a warning alone (TS0304).
fn has_no_occasion(key: &Key, charm: &CharmMetadata, endpoint: &Endpoint) -> bool {
    if key.name == "protocol" && *charm.implementation == WITHOUT_TLS {
        return true;
    }
    // Without a certificate for its request is who asks at the end alone for the seconds that an answer takes.
    let asks_late = matches!(&endpoint.profile,
        Some(EndpointProfile::Certificates(profile)) if !profile.renews_on.expiring);
    // Of a leaf without alternative names no other name is seen.
    let has_no_names = endpoint.bugs.no_alternative_names && key.name == "restarts-for-names";
    if has_no_names || (asks_late && key.name == "delete-on-missing") {
        return true;
    }
    // It deletes its files in the hook in which it would look.
    let deletes_then = matches!(&endpoint.profile,
        Some(EndpointProfile::Certificates(profile))
            if profile.reconciles.is_any() && !profile.reconciles.is_in_each_hook());
    // A pod that keeps its files has a certificate from its first on, and this one keeps them when its relation goes.
    let keeps_files = charm.volumes.iter().any(|path| path.starts_with("tls/"));
    if (deletes_then && key.name == "reconfigures")
        || (keeps_files && key.name == "plain-without-certificate")
    {
        return true;
    }
    let is_one_file = matches!(&endpoint.profile,
        Some(EndpointProfile::ReceivesCa(profile)) if profile.store == Store::Relation);
    key.name == "keeps-removed" && is_one_file
}

#[test]
fn every_key_of_an_endpoint_is_tried() {
    let ours = EndpointDeclaration::KEYS
        .iter()
        .filter(|(_, flags)| flags.contains(&Flag::Extension));
    // What other revisions have in an endpoint's place is used where a bundle's relations need it.
    let tried = |key: &str| key == "earlier-interfaces" || KEYS.iter().any(|each| each.name == key);
    let missing: Vec<&str> = ours
        .map(|(key, _)| *key)
        .filter(|key| !tried(key))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// An endpoint of a charm, and what came of it without any change, by what else is said of it.
struct Trial<'a> {
    charm: &'a CharmMetadata,
    endpoint: &'a Endpoint,
    plain: BTreeMap<(Occasion, &'static str), Came>,
}

impl Trial<'_> {
    /// What lets a charm ask that waits for a name or another relation: until it asks, its other keys show nothing.
    fn unblocked(&self, said: &str) -> String {
        let Some(EndpointProfile::Certificates(profile)) = &self.endpoint.profile else {
            return String::new();
        };
        let mut keys = String::new();
        if !profile.asks_with.is_empty() && !said.contains("asks-with:") {
            keys.push_str("asks-with: [], ");
        }
        if profile.unnamed != Unnamed::OwnName && !said.contains("unnamed:") {
            keys.push_str("unnamed: own-name, ");
        }
        keys
    }

    fn came(&self, occasion: Occasion, said: &str) -> Came {
        let Endpoint {
            name, interface, ..
        } = self.endpoint;
        let charm = &self.charm.name;
        let subject = Subject {
            charm,
            endpoint: name,
            interface,
        };
        let group = match self.endpoint.role {
            Role::Provider => "provides",
            Role::Requirer | Role::Peer => "requires",
        };
        let said = format!("{}{said}", self.unblocked(said));
        let mut changed = String::new();
        if self.charm.subordinate {
            // Its code is the same beside no principal.
            changed.push_str("subordinate: false, ");
        }
        if self.charm.server != Server::Tls {
            // Nothing may connect to it, and so nothing would show what its keys do.
            changed.push_str("server: tls, ");
        }
        for (option, default) in [("trustsim-name", "it.example.com"), ("trustsim-none", "''")] {
            if said.contains(option) {
                changed.push_str(&format!(
                    "options: {{{option}: {{type: string, default: {default}}}}}, "
                ));
            }
        }
        let mut endpoints = vec![];
        if !said.is_empty() {
            let keys = format!("{name}: {{interface: {interface}, {said}}}");
            endpoints.push((group, keys));
        }
        if said.contains("trustsim-route") || occasion == Routed {
            let route = "trustsim-route: {interface: trustsim_route}".to_owned();
            endpoints.push(("provides", route));
        }
        for group in ["provides", "requires"] {
            let of = endpoints.iter().filter(|(of, _)| *of == group);
            let keys: Vec<&str> = of.map(|(_, keys)| keys.as_str()).collect();
            if !keys.is_empty() {
                changed.push_str(&format!("{group}: {{{}}}, ", keys.join(", ")));
            }
        }
        if !changed.is_empty() {
            changed = format!("  {charm}: {{{changed}}}");
        }
        came_of(&occasion.scenario(&subject, &changed))
    }

    fn plain(&mut self, occasion: Occasion, beside: &'static str) -> Came {
        if let Some(known) = self.plain.get(&(occasion, beside)) {
            return known.clone();
        }
        let came = self.came(occasion, beside);
        let (charm, endpoint) = (&self.charm.name, &self.endpoint.name);
        assert!(
            matches!(came, Came::Played(_)),
            "{charm} {endpoint} {occasion:?}: {came:?}"
        );
        self.plain.insert((occasion, beside), came.clone());
        came
    }

    /// Whether a key changes what happens, or is refused.
    fn has_effect(&mut self, key: &Key) -> bool {
        let occasions = match (self.endpoint.role, self.endpoint.protocol) {
            (Role::Provider, _) => &[Provides],
            // Charms with the older protocol need a provider of their own.
            (_, Protocol::Legacy) if !key.occasions.contains(&Root) => &[Legacy],
            (_, Protocol::Legacy | Protocol::Current) => key.occasions,
        };
        let tries = occasions
            .iter()
            .flat_map(|occasion| key.values.iter().map(move |value| (*occasion, *value)));
        for (occasion, value) in tries {
            let came = self.came(occasion, &format!("{}{}: {value}", key.beside, key.name));
            if came.is_refused_key() {
                return true;
            }
            let (charm, endpoint) = (&self.charm.name, &self.endpoint.name);
            assert!(
                matches!(came, Came::Played(_)),
                "{charm} {endpoint} {} {value} {occasion:?}: {came:?}",
                key.name
            );
            if came != self.plain(occasion, key.beside) {
                return true;
            }
        }
        false
    }
}

#[test]
fn no_key_of_an_endpoint_is_ignored_in_silence() {
    let charms = catalogue().iter();
    let charms = charms.filter(|(key, known)| **key == known.metadata.name);
    let endpoints = charms.flat_map(|(_, known)| {
        let endpoints = known.metadata.endpoints.iter();
        endpoints.map(|endpoint| (&known.metadata, endpoint))
    });
    let is_tls = |endpoint: &Endpoint| {
        ["tls-certificates", "certificate_transfer"].contains(&&*endpoint.interface)
    };
    let work: Vec<_> = endpoints.filter(|(_, endpoint)| is_tls(endpoint)).collect();
    assert_none_ignored(&work, 2_500, |(charm, endpoint)| {
        let mut trial = Trial {
            charm,
            endpoint,
            plain: BTreeMap::new(),
        };
        let tried = KEYS
            .iter()
            .filter(|key| !has_no_occasion(key, charm, endpoint));
        let tried: Vec<&Key> = tried.collect();
        let silent = tried.iter().filter(|key| !trial.has_effect(key));
        let silent = silent.map(|key| {
            let (name, value) = (key.name, key.values[0]);
            format!("{} {} {name} {value}", charm.name, endpoint.name)
        });
        (silent.collect(), tried.len())
    });
}
