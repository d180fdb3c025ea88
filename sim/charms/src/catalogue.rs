//! The charms trustsim knows: data in `catalogue.yaml` and the folder `catalogue`, read by the same
//! code as a scenario's `charms` section.

mod choice;
mod generations;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::{CharmDeclaration, KnownCharm, Provenance, REGISTRY};
pub use choice::{
    KnownReading, entry_key, known_charm, readings, revisions_with_action, revisions_with_option,
};
use trustsim_packed::packed_text;
use trustsim_yaml::{FromNode, Map, Node, Reader, Unknown, parse};

/// Name and text of each file.
fn files() -> &'static [(&'static str, String)] {
    static FILES: OnceLock<[(&str, String); 11]> = OnceLock::new();
    FILES.get_or_init(|| {
        [
            ("catalogue.yaml", packed_text!("catalogue.yaml")),
            ("catalogue/sql.yaml", packed_text!("sql.yaml")),
            ("catalogue/ingress.yaml", packed_text!("ingress.yaml")),
            ("catalogue/kubernetes.yaml", packed_text!("kubernetes.yaml")),
            (
                "catalogue/observability.yaml",
                packed_text!("observability.yaml"),
            ),
            (
                "catalogue/coordinators.yaml",
                packed_text!("coordinators.yaml"),
            ),
            ("catalogue/earlier.yaml", packed_text!("earlier.yaml")),
            ("catalogue/data.yaml", packed_text!("data.yaml")),
            (
                "catalogue/applications.yaml",
                packed_text!("applications.yaml"),
            ),
            ("catalogue/openstack.yaml", packed_text!("openstack.yaml")),
            ("catalogue/telemetry.yaml", packed_text!("telemetry.yaml")),
        ]
    })
}

/// Every known charm, by Charmhub name.
///
/// # Panics
///
/// Never, as long as the embedded file is well formed, which a test holds it to.
pub fn catalogue() -> &'static BTreeMap<String, KnownCharm> {
    static CATALOGUE: OnceLock<BTreeMap<String, KnownCharm>> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let mut charms = BTreeMap::new();
        for (file, text) in files() {
            for (key, charm) in read(text).unwrap_or_else(|error| panic!("{file}: {error}")) {
                let before = charms.insert(key, charm);
                assert_eq!(before, None, "a charm of {file} is in another file too");
            }
        }
        charms
    })
}

/// The file with a known charm, and its text, for a scenario that overrides some of it.
pub fn catalogue_source(charm: &str) -> Option<(&'static str, &'static str)> {
    if !catalogue().contains_key(charm) {
        return None;
    }
    let mut named = files().iter().map(|(file, text)| (*file, text.as_str()));
    named.find(|(_, text)| block(text, charm).is_some())
}

/// An entry as it is written, whose places are of no file.
///
/// # Panics
///
/// Never, as long as the embedded files are well formed, which a test holds them to.
pub fn catalogue_entry(charm: &str) -> Option<Node> {
    let (_, text) = catalogue_source(charm)?;
    let block = block(text, charm)?;
    let documents = parse(block, 0).expect("the embedded catalogue is YAML");
    documents.first()?.get(charm).cloned()
}

/// The lines of a top-level key in an embedded file, with the key and the comments up to the next one.
fn block<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let head = format!("\n{key}:\n");
    let start = text.find(&head)? + 1;
    let body = start + head.len() - 1;
    let mut ends = text[body..]
        .match_indices('\n')
        .map(|(at, _)| body + at + 1);
    let is_next = |at: &usize| !text[*at..].starts_with([' ', '-', '\n', '#']);
    let end = ends.find(is_next).unwrap_or(text.len());
    Some(&text[start..end])
}

fn read(text: &str) -> Result<BTreeMap<String, KnownCharm>, String> {
    let documents = parse(text, 0).map_err(|error| error.message)?;
    let mut reader = Reader::new(Unknown::Refused, true);
    let charms = documents
        .first()
        .and_then(|node| Map::<CharmDeclaration>::from_node(node, &mut reader))
        .ok_or("it has no charms")?;
    let read: BTreeMap<String, KnownCharm> = charms
        .iter()
        .map(|(key, charm)| {
            let name = charm.name.as_ref().unwrap_or(key);
            (
                key.value.clone(),
                charm.to_charm(&name.value, &REGISTRY, &mut reader),
            )
        })
        .collect();
    for (key, charm) in &read {
        if charm.metadata.provenance == Provenance::Scenario {
            return Err(format!("`{key}` does not say where it was read"));
        }
    }
    match reader.mistakes.first() {
        Some(mistake) => Err(format!(
            "{} at byte {}",
            mistake.message, mistake.place.start
        )),
        None => Ok(read),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EndpointProfile, Mode, Pinned, Protocol, Role};

    #[test]
    fn the_embedded_file_is_well_formed() {
        let mut names = Vec::new();
        for (file, text) in files() {
            let charms = read(text).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(
                text.lines().count() < 400,
                "{file} is more than one can read"
            );
            names.extend(charms.into_keys());
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "a charm is in two files");
        assert!(count >= 75, "{count}");
    }

    /// Whose rules judge a workload's peers follows from what it is written in.
    #[test]
    fn every_consumer_says_which_stack_judges_its_peers() {
        let mut open = Vec::new();
        for charm in catalogue().values() {
            let consumes = charm.metadata.endpoints.iter().any(|endpoint| {
                let is_tls =
                    ["tls-certificates", "certificate_transfer"].contains(&&*endpoint.interface);
                is_tls && endpoint.role == Role::Requirer
            });
            let text = files().iter().find_map(|(_, text)| {
                let at = text.find(&format!("\n{}:\n", charm.metadata.name))?;
                text[at + 1..].split("\n\n").next()
            });
            let text = text.expect("it is in a file");
            if let Some(stack) = &charm.metadata.validator {
                assert!(
                    stack.parse::<trustsim_validators::Validator>().is_ok(),
                    "{stack}"
                );
                assert!(text.contains("\n  workload: "), "{}", charm.metadata.name);
            } else if consumes {
                open.push(charm.metadata.name.as_str());
            }
        }
        // The stack of the first two is not one that is played; the others judge no peer, or in the
        // charm only.
        assert_eq!(
            open,
            [
                "gateway-api-integrator",
                "istio-ingress-k8s",
                "lego",
                "tls-certificates-requirer",
                "tls-constraints"
            ]
        );
        let stack = |name: &str| catalogue()[name].metadata.validator.clone();
        for (name, expected) in [
            ("traefik-k8s", "go"),
            ("grafana-k8s", "go"),
            ("prometheus-k8s", "go"),
            ("kubernetes-worker", "go"),
            ("kafka", "java"),
            ("opensearch", "java"),
            ("zookeeper", "java"),
            ("haproxy", "openssl"),
            ("postgresql", "openssl"),
        ] {
            assert_eq!(stack(name).as_deref(), Some(expected), "{name}");
        }
    }

    /// Which library a charm carries, as the paths in its repository say.
    #[test]
    fn charms_carry_the_libraries_they_vendor() {
        use trustsim_interfaces::{certificate_transfer as transfer, tls_certificates as tls};
        let charm = |name: &str| &catalogue()[name].metadata;
        for (name, library) in [
            ("traefik-k8s", tls::Library::V4Patch30),
            ("prometheus-k8s", tls::Library::V4Patch30),
            ("loki-k8s", tls::Library::V4Patch30),
            ("grafana-k8s", tls::Library::V4Patch27),
            ("opensearch", tls::Library::V3),
        ] {
            let found = charm(name).certificates_library("certificates");
            assert_eq!(found, Some(library), "{name}");
        }
        let postgresql = charm("postgresql-k8s").transfer_library("receive-ca-cert");
        assert_eq!(postgresql, Some(transfer::Library::V0Patch11));
    }

    /// Each entry names a repository, and either the commit at which it was read or what was not verified.
    #[test]
    fn every_entry_names_its_source() {
        for (name, charm) in catalogue() {
            let repository = match &charm.metadata.provenance {
                Provenance::Read(reading) => {
                    let commit = &reading.commit;
                    let is_hash = commit.bytes().all(|byte| byte.is_ascii_hexdigit());
                    assert!(
                        is_hash && (7..=40).contains(&commit.len()),
                        "{name}: {commit}"
                    );
                    &reading.repository
                }
                Provenance::Unread {
                    repository,
                    missing,
                } => {
                    assert!(!missing.is_empty(), "{name}");
                    repository
                }
                other => panic!("{name} is in the catalogue, and its source is {other:?}"),
            };
            let parts: Vec<&str> = repository.split('/').collect();
            assert!(
                parts.len() == 2 && parts.iter().all(|part| part.len() > 1),
                "{name}"
            );
        }
    }

    /// A Java trust store, a `ca-file` or a kubeconfig is all that these trust.
    #[test]
    fn some_workloads_do_not_look_at_the_systems_roots() {
        let alone = catalogue()
            .values()
            .filter(|charm| !charm.metadata.system_roots);
        let alone: Vec<&str> = alone.map(|charm| charm.metadata.name.as_str()).collect();
        assert_eq!(
            alone,
            [
                "cassandra",
                "charmed-etcd",
                "cinder-csi",
                "etcd",
                "haproxy",
                "kafka",
                "kafka-k8s",
                "kubernetes-control-plane",
                "kubernetes-worker",
                "mongodb",
                "mongodb-k8s",
                "opensearch",
                "opensearch-dashboards",
                "openstack-cloud-controller",
                "valkey",
                "zookeeper",
                "zookeeper-k8s",
            ]
        );
    }

    #[test]
    fn the_provider_of_most_scenarios_is_known_exactly() {
        let charm = &catalogue()["self-signed-certificates"];
        assert!(!charm.more_options && !charm.more_endpoints);
        let metadata = &charm.metadata;
        assert_eq!(
            metadata.implementation.behaviour,
            "self-signed-certificates"
        );
        assert_eq!(
            metadata.rotate_ca_action.as_deref(),
            Some("rotate-private-key")
        );
        assert_eq!(
            metadata.options["root-ca-validity"].default.as_deref(),
            Some("365d")
        );
        assert_eq!(
            metadata.options["certificate-limit"].default.as_deref(),
            Some("99")
        );
        let endpoint = metadata.endpoint("send-ca-cert").expect("an endpoint");
        assert_eq!(
            (endpoint.role, endpoint.interface.as_str()),
            (Role::Provider, "certificate_transfer")
        );
    }

    #[test]
    fn traefik_asks_once_for_the_application() {
        let metadata = &catalogue()["traefik-k8s"].metadata;
        assert_eq!(metadata.implementation.behaviour, "traefik");
        let endpoint = metadata.endpoint("certificates").expect("an endpoint");
        let Some(EndpointProfile::Certificates(profile)) = &endpoint.profile else {
            panic!("no profile");
        };
        assert_eq!((profile.mode, endpoint.limit), (Mode::App, Some(1)));
        assert_eq!(
            metadata
                .endpoint("receive-ca-cert")
                .and_then(|endpoint| endpoint.limit),
            Some(1)
        );
    }

    /// `vault` is charm-vault (openstack/charm-vault) in its tracks, and Canonical's newer charm
    /// (canonical/vault-k8s-operator) in every other.
    #[test]
    fn one_name_can_mean_two_charms() {
        let behaviour = |channel| {
            let pinned = Pinned {
                channel,
                ..Pinned::default()
            };
            let known = known_charm("vault", pinned).expect("known");
            known.metadata.implementation.behaviour
        };
        for channel in ["1.7/stable", "1.5/edge", "1.8/stable"] {
            assert_eq!(behaviour(Some(channel)), "charm-vault", "{channel}");
        }
        for channel in [None, Some("1.18/stable"), Some("latest/edge")] {
            assert_eq!(behaviour(channel), "vault", "{channel:?}");
        }
        // Without a track, the series: the newer one is built for noble alone
        // (`machine/charmcraft.yaml`), and each has its own endpoints only.
        let on = |channel, series| {
            let pinned = Pinned {
                channel,
                series: Some(series),
                endpoints: &[],
                revision: None,
            };
            known_charm("vault", pinned).expect("known")
        };
        for (channel, series, is_old) in [
            (None, "focal", true),
            (Some("stable"), "jammy", true),
            (None, "noble", false),
            (Some("1.18/stable"), "jammy", false),
            (Some("1.8/stable"), "noble", true),
        ] {
            let metadata = on(channel, series).metadata;
            assert_eq!(
                metadata.endpoint("certificates").is_some(),
                is_old,
                "{series}"
            );
            assert_eq!(
                metadata.endpoint("vault-pki").is_some(),
                !is_old,
                "{series}"
            );
        }
    }

    #[test]
    fn legacy_endpoints_say_so() {
        for (name, endpoint) in [
            ("kubernetes-control-plane", "certificates"),
            ("easyrsa", "client"),
        ] {
            let metadata = &catalogue()[name].metadata;
            let endpoint = metadata.endpoint(endpoint).expect("an endpoint");
            assert_eq!(endpoint.protocol, Protocol::Legacy, "{name}");
        }
    }
}
