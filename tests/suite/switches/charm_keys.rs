//! Keys of every charm itself, and of a declared provider's chain.

use std::collections::BTreeMap;

use super::occasions::CHAINED;
use super::{Came, assert_none_ignored, came_of};
use trustsim::charms::{CharmDeclaration, CharmMetadata, Endpoint, Protocol, Role, catalogue};
use trustsim::yaml::Flag;

/// Keys that say what a deployment may name (`server`: where a connection may go), or from where the rest is read or played, and
/// `issuer`, whose own keys are below.
const NOT_TRIED: [&str; 7] = [
    "more-options",
    "more-endpoints",
    "from",
    "source",
    "python",
    "issuer",
    "server",
];

/// Keys of a charm, with values that are not the default of any, or of few.
const KEYS: [(&str, &[&str]); 15] = [
    ("name", &["another"]),
    ("containers", &["[one-more]"]),
    ("validator", &["rustls", "openssl"]),
    ("workload", &["a program"]),
    ("system-roots", &["false", "true"]),
    ("volumes", &["['']", "[]"]),
    ("rotate-ca-action", &["trustsim-action"]),
    ("behaviour", &["plain", "self-signed-certificates"]),
    ("version", &["'3.0.9'", "'1.8'", "latest"]),
    ("tracks", &["['9']"]),
    ("series", &["[jammy]"]),
    ("reading", &["{repository: a/b, commit: abc1234}"]),
    ("subordinate", &["true", "false"]),
    ("processes", &["{charm: {trusts: [nowhere]}}"]),
    ("answers", &["[{command: [snap, list]}]"]),
];

#[test]
fn every_key_of_a_charm_is_tried() {
    let ours = CharmDeclaration::KEYS
        .iter()
        .filter(|(_, flags)| flags.contains(&Flag::Extension));
    let ours = ours.map(|(key, _)| *key);
    let tried = |key: &str| KEYS.iter().any(|(each, _)| *each == key);
    let missing = ours.filter(|key| !NOT_TRIED.contains(key) && !tried(key));
    let missing: Vec<&str> = missing.collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// `it` with one of its endpoints, beside a server that it trusts by hand and one under a public root. The store that a
/// hand wrote is damaged, which not every stack minds; its pod is killed; its CA, if it has one, is rotated.
fn scenario(charm: &CharmMetadata, said: &str, rotates: bool) -> String {
    let name = &charm.name;
    let (relation, legacy) = match charm.endpoints.iter().find_map(relation) {
        Some((relation, is_legacy)) => (format!("    - {relation}\n"), is_legacy),
        None => (String::new(), false),
    };
    let easyrsa = match legacy {
        true => {
            "      old: {charm: easyrsa, num_units: 1}\n      node: {charm: keystone, num_units: 1}\n"
        }
        false => "",
    };
    let rotation = match rotates {
        true => "  - {at: 4d, rotate-ca: {app: m.it}}\n",
        false => "",
    };
    let mut changed = said.to_owned();
    if charm.subordinate && !said.contains("subordinate") {
        changed = format!("subordinate: false, {changed}");
    }
    let changed = match changed.as_str() {
        "" => String::new(),
        changed => format!("  {name}: {{{changed}}}"),
    };
    format!(
        "
name: switches
duration: 6d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: chained, num_units: 1}}
      it: {{charm: {name}, num_units: 1}}
      web: {{charm: front, num_units: 1}}
      hand: {{charm: manual-tls-certificates, num_units: 1}}
      public: {{charm: front, num_units: 1}}
{easyrsa}    relations:
    - ['ca:certificates', 'web:certificates']
    - ['hand:certificates', 'public:certificates']
{relation}charms:
  front: {{requires: {{certificates: {{interface: tls-certificates}}}}}}
{CHAINED}{changed}
operators:
  people:
    answers: [m.hand]
    delay: {{exactly: 1h}}
    signs-with: {{chain: [{{common-name: Public, validity: 3650d}}], leaf-validity: 90d, public: true}}
connections:
  - {{from: m.it, to: m.web, every: 1h}}
  - {{from: m.it, to: m.public, every: 1h}}
faults:
  - {{at: 1d, trust: {{app: m.it, ca: m.ca}}}}
  - {{at: 2d, trust: {{app: m.it, garbage: true}}}}
  - {{at: 3d, kill-unit: {{unit: m.it/0}}}}
{rotation}"
    )
}

/// A relation of an endpoint of `it`, and whether it is in the legacy protocol.
fn relation(endpoint: &Endpoint) -> Option<(String, bool)> {
    let name = &endpoint.name;
    let is_legacy = endpoint.protocol == Protocol::Legacy;
    let other = match (&*endpoint.interface, endpoint.role, is_legacy) {
        ("tls-certificates", Role::Requirer, true) => "old:client",
        ("tls-certificates", Role::Requirer, false) => "ca:certificates",
        ("tls-certificates", Role::Provider, true) => "node:certificates",
        ("certificate_transfer", Role::Requirer, _) => "ca:send-ca-cert",
        _ => return None,
    };
    Some((format!("['it:{name}', '{other}']"), is_legacy))
}

struct Trial<'a> {
    charm: &'a CharmMetadata,
    plain: BTreeMap<bool, Came>,
}

impl Trial<'_> {
    fn plain(&mut self, rotates: bool) -> Came {
        let came = self
            .plain
            .entry(rotates)
            .or_insert_with(|| came_of(&scenario(self.charm, "", rotates)));
        came.clone()
    }

    fn has_effect(&mut self, key: &str, values: &[&str]) -> bool {
        let rotates = key == "rotate-ca-action";
        values.iter().any(|value| {
            let said = match key {
                // It is one of the charm's actions.
                "rotate-ca-action" => format!("actions: [{value}], {key}: {value}"),
                _ => format!("{key}: {value}"),
            };
            let came = came_of(&scenario(self.charm, &said, rotates));
            let is_played = matches!(self.plain(false), Came::Played(_));
            assert!(is_played, "{}: {:?}", self.charm.name, self.plain(false));
            match &came {
                Came::Played(_) => came != self.plain(rotates),
                // A subordinate has no units of its own, and others have none without it.
                Came::Refused(_) => key == "subordinate" || came.is_refused_key(),
            }
        })
    }
}

#[test]
fn no_key_of_a_charm_is_ignored_in_silence() {
    let charms = catalogue().iter();
    let charms = charms.filter(|(key, known)| **key == known.metadata.name);
    let charms: Vec<&CharmMetadata> = charms.map(|(_, known)| &known.metadata).collect();
    assert_none_ignored(&charms, 900, |charm| {
        let mut trial = Trial {
            charm,
            plain: BTreeMap::new(),
        };
        let silent = KEYS
            .iter()
            .filter(|(key, values)| !trial.has_effect(key, values));
        let silent = silent.map(|(key, _)| format!("{} {key} -", charm.name));
        (silent.collect(), KEYS.len())
    });
}

/// Keys of `issuer`, and of the second of the CAs in its chain. With `chain-includes-root` OpenSSL says error 19 in place
/// of 20 of a chain whose root it does not know: that is in the reports, and no verdict of the journal.
const OF_ISSUER: [(&str, &str); 5] = [
    ("leaf-validity", "10d"),
    ("transfers", "issuer"),
    ("ca-is-root", "true"),
    ("leaf-purposes", "[client]"),
    ("public", "true"),
];
const OF_AUTHORITY: [(&str, &str); 3] = [
    ("path-length", "0"),
    ("permitted-dns", "[example.org]"),
    ("excluded-dns", "[svc.cluster.local]"),
];

/// A provider with a chain of three CAs, a server that trusts the CA which came with its certificate, and a client that
/// is sent one.
fn declared(issuer: &str, authority: &str) -> String {
    format!(
        "
name: switches
duration: 30d
models:
  m:
    bundle: kubernetes
    applications:
      mine: {{charm: mine, num_units: 1}}
      web: {{charm: front, num_units: 2}}
      app: {{charm: postgresql-k8s, num_units: 1}}
    relations:
    - ['mine:certificates', 'web:certificates']
    - ['mine:send-ca-cert', 'app:receive-ca-cert']
charms:
  front: {{requires: {{certificates: {{interface: tls-certificates}}}}}}
  mine:
    provides: {{certificates: {{interface: tls-certificates}}, send-ca-cert: {{interface: certificate_transfer}}}}
    issuer:
      chain:
      - {{common-name: root, validity: 3650d}}
      - {{common-name: middle, validity: 3650d{authority}}}
      - {{common-name: last, validity: 3650d}}
{issuer}
connections:
  - {{from: m.web, to: m.web, every: 1h}}
  - {{from: m.app, to: m.web, every: 1h}}
"
    )
}

#[test]
fn no_key_of_a_declared_chain_is_ignored_in_silence() {
    let plain = came_of(&declared("", ""));
    assert!(matches!(plain, Came::Played(_)), "{plain:?}");
    let of_issuer = OF_ISSUER.map(|(key, value)| {
        let said = format!("      {key}: {value}");
        (key, declared(&said, ""))
    });
    let of_authority = OF_AUTHORITY.map(|(key, value)| {
        let said = format!(", {key}: {value}");
        (key, declared("", &said))
    });
    let silent: Vec<&str> = of_issuer
        .iter()
        .chain(&of_authority)
        .filter(|(_, text)| {
            let came = came_of(text);
            let is_played = matches!(came, Came::Played(_));
            assert!(is_played || came.is_refused_key(), "{came:?}");
            came == plain
        })
        .map(|(key, _)| *key)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}
