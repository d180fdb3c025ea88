//! Nothing that a scenario says of a charm is ignored in silence: for every charm of the catalogue and every key of its
//! TLS endpoints, another value either changes what happens or is refused.

use std::collections::BTreeMap;
use std::path::Path;

use trustsim::charms::{CharmMetadata, Endpoint, Protocol, Role, catalogue};
use trustsim::scenario::{MemoryFiles, load};
use trustsim::world::Options;

/// Keys with values that are not the default of any charm, or of few.
const VALUES: [(&str, &[&str]); 21] = [
    ("mode", &["unit", "app"]),
    ("apply", &["none", "reload", "restart"]),
    ("apply-ca", &["restart", "none"]),
    ("name-option", &["trustsim-name"]),
    ("extra-name-options", &["[trustsim-name]"]),
    ("renewal", &["0.6"]),
    ("trusts-ca", &["false", "true"]),
    ("delete-on-missing", &["true", "false"]),
    (
        "library",
        &[
            "tls-certificates-v3",
            "tls-certificates-v4.27",
            "certificate-transfer-v0",
        ],
    ),
    ("serves", &["leaf", "chain"]),
    ("key", &["renewed", "kept"]),
    ("unique-requests", &["false", "true"]),
    ("restores", &["false", "true"]),
    ("keeps-old-ca", &["true", "false"]),
    ("renews-on", &["[expired]", "[]"]),
    ("notification", &["3d"]),
    ("installs-once", &["true", "false"]),
    ("store", &["bundle", "last", "each"]),
    ("reads", &["raw", "again", "event"]),
    ("keeps-removed", &["true", "false"]),
    (
        "bugs",
        &[
            "[root-first]",
            "[broken-raises]",
            "[keeps-when-broken]",
            "[shared-not-applied]",
            "[empty-name-raises]",
            "[unknown-alias-raises]",
        ],
    ),
];

/// Keys whose occasion does not come in the deployment below with every charm: a CA that leaves a set, a CA that comes
/// without a certificate, a workload that starts without any hook that writes its files. Where one of them has an
/// effect is held by the tests of `trustsim-charms`, key by key.
const WITHOUT_OCCASION: [&str; 7] = [
    "apply-ca",
    "bugs",
    "delete-on-missing",
    "keeps-old-ca",
    "keeps-removed",
    "restores",
    "store",
];

/// What comes of a scenario: refused with these codes, or played to this journal.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    Refused(Vec<String>),
    Played(u64),
}

/// A deployment in which a charm renews, meets another CA, restarts, is integrated again and is left alone.
fn scenario(
    charm: &CharmMetadata,
    endpoint: &Endpoint,
    override_of: &str,
    chained: bool,
) -> String {
    let name = &charm.name;
    let provider = match chained {
        true => "{charm: chained, scale: 1}",
        false => {
            "{charm: self-signed-certificates, channel: 1/stable, scale: 1, \
             options: {root-ca-validity: 60d, certificate-validity: 20d}}"
        }
    };
    let (given, rotation) = match (&*endpoint.interface, chained) {
        ("tls-certificates", false) => ("certificates", "  - {at: 10d, rotate-ca: {app: m.ca}}\n"),
        ("tls-certificates", true) => ("certificates", ""),
        (_, false) => ("send-ca-cert", "  - {at: 10d, rotate-ca: {app: m.ca}}\n"),
        (_, true) => ("send-ca-cert", ""),
    };
    let ep = &endpoint.name;
    format!(
        "
name: switches
duration: 50d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {provider}
      peer: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      it: {{charm: {name}, scale: 2}}
      web: {{charm: catalogue-k8s, scale: 1}}
    relations:
    - ['ca:{given}', 'it:{ep}']
    - ['ca:certificates', 'web:certificates']
charms:
  chained:
    provides: {{certificates: {{interface: tls-certificates}}, send-ca-cert: {{interface: certificate_transfer}}}}
    issuer:
      chain: [{{common-name: root, validity: 3650d}}, {{common-name: mid, validity: 3650d}}]
      leaf-validity: 20d
{override_of}
clients: {{browser: {{trusts: [m.ca], validator: openssl}}}}
connections:
  - {{from: browser, to: m.it, every: 1h}}
  - {{from: m.it, to: m.web, every: 1h}}
faults:
{rotation}  - {{at: 25d, kill-unit: {{unit: m.it/1}}}}
  - {{at: 40d, remove-relation: {{between: ['ca:{given}', 'it:{ep}']}}}}
"
    )
}

fn came_of(text: &str) -> Came {
    let files = MemoryFiles::new([("s.yaml", text)]);
    match load(Path::new("s.yaml"), &files) {
        Err(wrong) => {
            let codes = wrong.list.iter();
            Came::Refused(
                codes
                    .map(|each| format!("{} {}", each.code, each.message))
                    .collect(),
            )
        }
        Ok(loaded) => {
            let record = crate::common::play(&loaded.deployment, Options::default());
            Came::Played(record.journal.fingerprint())
        }
    }
}

/// The keys of one endpoint that change nothing and are not refused.
fn ignored(charm: &CharmMetadata, endpoint: &Endpoint) -> (Vec<String>, usize) {
    let plain = [false, true].map(|chained| came_of(&scenario(charm, endpoint, "", chained)));
    for came in &plain {
        assert!(
            matches!(came, Came::Played(_)),
            "{} {}: {came:?}",
            charm.name,
            endpoint.name
        );
    }
    let group = match endpoint.role {
        Role::Provider => "provides",
        Role::Requirer | Role::Peer => "requires",
    };
    let (mut silent, mut tried) = (Vec::new(), 0);
    for (key, values) in VALUES {
        let option = match key.contains("name-option") {
            true => "options: {trustsim-name: {type: string, default: it.example.com}}, ",
            false => "",
        };
        let has_effect = values.iter().any(|value| {
            let changed = format!(
                "  {}: {{{option}{group}: {{{}: {{interface: {}, {key}: {value}}}}}}}",
                charm.name, endpoint.name, endpoint.interface
            );
            let came = |chained| came_of(&scenario(charm, endpoint, &changed, chained));
            match came(false) {
                Came::Refused(_) => true,
                played => played != plain[0] || came(true) != plain[1],
            }
        });
        if WITHOUT_OCCASION.contains(&key) && !has_effect {
            continue;
        }
        tried += 1;
        if !has_effect {
            silent.push(format!("{} {} {key}", charm.name, endpoint.name));
        }
    }
    (silent, tried)
}

#[test]
fn no_key_of_any_charm_is_ignored_in_silence() {
    let mut work: Vec<(&CharmMetadata, &Endpoint)> = Vec::new();
    for (key, known) in catalogue() {
        let charm = &known.metadata;
        if *key != charm.name || charm.subordinate {
            continue;
        }
        let endpoints = charm.endpoints.iter().filter(|endpoint| {
            let is_tls =
                ["tls-certificates", "certificate_transfer"].contains(&&*endpoint.interface);
            is_tls && endpoint.role == Role::Requirer && endpoint.protocol == Protocol::Current
        });
        work.extend(endpoints.map(|endpoint| (charm, endpoint)));
    }
    let next = std::sync::atomic::AtomicUsize::new(0);
    let found = std::sync::Mutex::new((BTreeMap::new(), 0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some((charm, endpoint)) = work.get(index) else {
                        break;
                    };
                    let (silent, tried) = ignored(charm, endpoint);
                    let mut found = found.lock().expect("not poisoned");
                    found.1 += tried;
                    if !silent.is_empty() {
                        found.0.insert(index, silent);
                    }
                }
            });
        }
    });
    let (silent, tried) = found.into_inner().expect("not poisoned");
    let silent: Vec<String> = silent.into_values().flatten().collect();
    assert!(tried > 500, "{tried}");
    assert!(
        silent.is_empty(),
        "{} of {tried} are ignored:\n{}",
        silent.len(),
        silent.join("\n")
    );
}
