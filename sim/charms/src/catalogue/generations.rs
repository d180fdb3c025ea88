//! Generations of charms before the one that an entry of the catalogue describes: `generations.yaml`.
//!
//! An entry was read at one commit. What its charm was at other revisions was found by comparing what each tagged
//! revision has: its libraries, endpoints, options and actions. A generation is the entry with those laid over it, and
//! says what else the charm does otherwise there. For example, `prometheus-k8s` at revision 200 has version 3 of the
//! library and no endpoint `receive-ca-cert`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::{block, catalogue, catalogue_source};
use crate::{CharmDeclaration, KnownCharm, Provenance, REGISTRY, Revisions};
use trustsim_charm_model::{Generation, GenerationDeclaration};
use trustsim_packed::packed_text;
use trustsim_yaml::{FromNode, Node, Reader, Unknown, Value, parse};

/// The whole file.
fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| packed_text!("generations.yaml"))
}

/// A generation of an entry, whose charm is built when it is first asked for.
#[derive(Clone, Debug)]
pub(super) struct EntryGeneration {
    key: &'static str,
    generation: Generation,
    option_names: OnceLock<BTreeSet<String>>,
    charm: OnceLock<KnownCharm>,
}

/// The generations of an entry, the newest first. Those of an entry are read when they are first asked for: most runs
/// need those of a few charms, and a model can have thousands of applications.
///
/// # Panics
///
/// Where the embedded file is not well formed, which a test rules out, or the catalogue has no such entry.
pub(super) fn generations(key: &str) -> &'static [EntryGeneration] {
    static ALL: OnceLock<BTreeMap<&str, OnceLock<Vec<EntryGeneration>>>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let keys = catalogue().keys().map(String::as_str);
        keys.map(|key| (key, OnceLock::new())).collect()
    });
    let (key, read) = all.get_key_value(key).expect("it is an entry");
    read.get_or_init(|| read_generations(key))
}

fn read_generations(key: &'static str) -> Vec<EntryGeneration> {
    let Some(text) = block(text(), key) else {
        return Vec::new();
    };
    let mut reader = Reader::new(Unknown::Refused, true);
    let documents = parse(text, 0).expect("the embedded generations are YAML");
    let listed = documents.first().and_then(|document| document.get(key));
    let mut read = Vec::new();
    for node in listed.map_or(&[][..], Node::elements) {
        if let Some(declaration) = GenerationDeclaration::from_node(node, &mut reader) {
            read.push(EntryGeneration {
                key,
                generation: declaration.to_generation(&mut reader),
                option_names: OnceLock::new(),
                charm: OnceLock::new(),
            });
        }
    }
    assert!(
        reader.mistakes.is_empty(),
        "the generations of {key}: {:?}",
        reader.mistakes
    );
    read
}

impl EntryGeneration {
    /// Its revisions.
    pub(super) fn revisions(&self) -> &[Revisions] {
        &self.generation.revisions
    }

    /// Tracks whose newest revision is one of these.
    pub(super) fn tracks(&self) -> &[String] {
        &self.generation.tracks
    }

    /// The entry with what the generation has otherwise.
    fn node(&self) -> Node {
        let Self {
            key, generation, ..
        } = self;
        let (_, text) =
            catalogue_source(key).expect("a generation is of an entry of the catalogue");
        let text = block(text, key).expect("the entry is in its file");
        let documents = parse(text, 0).expect("the embedded catalogue is YAML");
        let mut node = documents[0]
            .get(key)
            .expect("the entry is in its block")
            .clone();
        if let Some(patch) = &generation.patch {
            node.merge_patch(patch);
        }
        if let (Some(options), Value::Map(entries)) = (&generation.options, &mut node.value) {
            let own = entries
                .iter_mut()
                .find(|entry| entry.key.value == "options")
                .expect("an entry has options where a generation has others in their place");
            own.value = options.clone();
        }
        node
    }

    /// The names of its options, as far as they are known.
    pub(super) fn options(&self) -> &BTreeSet<String> {
        self.option_names.get_or_init(|| {
            let node = self.node();
            let options = node.get("options").map_or(&[][..], Node::entries);
            options
                .iter()
                .map(|entry| entry.key.value.clone())
                .collect()
        })
    }

    /// The charm as it was.
    ///
    /// # Panics
    ///
    /// Where the entry with the patch is no charm, which a test rules out.
    pub(super) fn charm(&self) -> &KnownCharm {
        self.charm.get_or_init(|| self.build())
    }

    fn build(&self) -> KnownCharm {
        let Self {
            key, generation, ..
        } = self;
        let node = self.node();
        let mut reader = Reader::new(Unknown::Refused, true);
        let declaration = CharmDeclaration::from_node(&node, &mut reader);
        let declaration = declaration.expect("an entry with a patch laid over it is a mapping");
        let name = declaration.name.as_ref().map_or(*key, |name| &name.value);
        let mut charm = declaration.to_charm(name, &REGISTRY, &mut reader);
        assert!(
            reader.mistakes.is_empty(),
            "{key} at {:?}: {:?}",
            generation.revisions,
            reader.mistakes
        );
        match &mut charm.metadata.provenance {
            Provenance::Read(reading) => {
                reading.covers.clone_from(&generation.revisions);
                reading.is_generation = true;
                reading.facts_only |= generation.facts_only;
                for clause in &generation.does_not {
                    let place = reading.differs.iter().position(|known| known == clause);
                    let place = place.expect("what a generation does not do is said of its entry");
                    reading.differs.remove(place);
                }
                reading.differs.extend(generation.differs.iter().cloned());
                if let Some(commit) = &generation.commit {
                    reading.commit.clone_from(commit);
                }
            }
            // What was not read at all is not known better for another revision.
            Provenance::Unread { .. } => {}
            other => panic!("{key} is in the catalogue, and its source is {other:?}"),
        }
        charm
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_charm_model::{Apply, EndpointProfile};

    fn keys() -> Vec<&'static str> {
        let lines = text()
            .lines()
            .filter(|line| !line.starts_with([' ', '-', '#']));
        lines.filter_map(|line| line.strip_suffix(':')).collect()
    }

    #[test]
    fn every_generation_is_a_charm_of_an_entry() {
        let keys = keys();
        assert!(keys.len() > 50, "{}", keys.len());
        let mut count = 0;
        for key in keys {
            let entry = &catalogue()[key];
            for generation in generations(key) {
                let charm = generation.charm();
                assert_eq!(charm.metadata.name, entry.metadata.name, "{key}");
                let has_revisions = !generation.revisions().is_empty();
                assert!(has_revisions || !generation.tracks().is_empty(), "{key}");
                count += 1;
            }
        }
        // Each begins with a dash at the left edge.
        let written = text().lines().filter(|line| line.starts_with("- ")).count();
        assert_eq!(count, written);
    }

    /// What a charm does without a relation is told while no such relation is there: a name that is no endpoint would have it
    /// told for ever.
    #[test]
    fn what_a_charm_does_without_a_relation_names_its_endpoints() {
        let mut count = 0;
        for (key, entry) in catalogue() {
            let generations = generations(key).iter().map(EntryGeneration::charm);
            for charm in generations.chain([entry]) {
                let reading = charm.metadata.provenance.reading();
                let lacking = reading.map_or(&[][..], |reading| &reading.differs_without);
                for endpoint in lacking.iter().flat_map(|one| &one.endpoints) {
                    assert!(
                        charm.metadata.endpoint(endpoint).is_some(),
                        "{key}: {endpoint}"
                    );
                    count += 1;
                }
            }
        }
        assert!(count > 0);
    }

    /// A revision is of one generation only.
    #[test]
    fn no_revision_is_in_two_generations() {
        for key in keys() {
            let Provenance::Read(reading) = &catalogue()[key].metadata.provenance else {
                continue;
            };
            let mut ranges = reading.covers.clone();
            ranges.extend(generations(key).iter().flat_map(EntryGeneration::revisions));
            ranges.sort();
            for pair in ranges.windows(2) {
                let is_apart = pair[0].last < pair[1].first;
                assert!(is_apart, "{key}: {} and {}", pair[0], pair[1]);
            }
        }
    }

    /// The tag k8s-rev365 of canonical/vault-k8s-operator, `k8s/charmcraft.yaml`: all the options `pki_*` came later.
    #[test]
    fn a_generation_may_have_options_of_its_own_in_place_of_those_of_its_entry() {
        let all = generations("vault-k8s");
        let has = |range: &Revisions| range.contains(365);
        let generation = all.iter().find(|each| each.revisions().iter().any(has));
        let generation = generation.expect("it is known");
        let names: Vec<&str> = generation.options().iter().map(String::as_str).collect();
        let expected = [
            "common_name",
            "default_lease_ttl",
            "log_level",
            "max_lease_ttl",
        ];
        assert_eq!(names, expected);
        let charm = generation.charm();
        assert!(charm.metadata.options.keys().eq(&expected));
        assert!(catalogue()["vault-k8s"].metadata.options.len() > 20);
    }

    /// The tags rev123 and rev200 of canonical/prometheus-k8s-operator: the endpoint came with revision 276.
    #[test]
    fn a_generation_has_what_its_revisions_had() {
        let at = |revision| {
            let all = generations("prometheus-k8s");
            let has = |generation: &&EntryGeneration| {
                let mut ranges = generation.revisions().iter();
                ranges.any(|range| range.contains(revision))
            };
            let generation = all.iter().find(has).expect("it is known");
            &generation.charm().metadata
        };
        assert!(at(200).endpoint("receive-ca-cert").is_none());
        assert!(at(280).endpoint("receive-ca-cert").is_some());
        let library = at(200).certificates_library("certificates");
        let library = library.expect("it has one");
        assert_eq!(library, trustsim_interfaces::tls_certificates::Library::V3);
    }

    fn kratos_at(revision: u64) -> &'static KnownCharm {
        let mut all = generations("kratos").iter();
        let own = all.find(|each| {
            let mut ranges = each.revisions().iter();
            ranges.any(|range| range.contains(revision))
        });
        own.expect("it is known").charm()
    }

    /// The tags of canonical/kratos-operator, `charmcraft.yaml` and `metadata.yaml`: the routes came with 79e02bf and c868490, the
    /// internal ingress with 8fec05f; the branch for Istio (rev503, rev507, rev548) has none.
    #[test]
    fn kratos_before_version_2_has_ingresses() {
        for (revision, is_internal) in [
            (393, false),
            (416, false),
            (417, true),
            (422, true),
            (500, true),
            (503, false),
            (504, true),
            (507, false),
            (546, true),
            (548, false),
        ] {
            let charm = &kratos_at(revision).metadata;
            let has = |name: &str| charm.endpoint(name).is_some();
            assert_eq!(has("internal-ingress"), is_internal, "{revision}");
            assert!(has("public-ingress") && has("admin-ingress"), "{revision}");
            assert!(!has("internal-route") && !has("public-route"), "{revision}");
        }
        let newest = &catalogue()["kratos"].metadata;
        assert!(newest.endpoint("internal-route").is_some());
        assert!(newest.endpoint("internal-ingress").is_none());
    }

    /// The tags rev339 of canonical/hydra-operator and rev146 of canonical/identity-platform-login-ui-operator, `charmcraft.yaml`.
    #[test]
    fn hydra_and_its_pages_have_their_endpoints() {
        let known = |key: &str, revision: u64, names: &[&str]| {
            let mut all = generations(key).iter();
            let own = all.find(|each| {
                let mut ranges = each.revisions().iter();
                ranges.any(|range| range.contains(revision))
            });
            let charm = &own.expect("it is known").charm().metadata;
            for name in names {
                assert!(charm.endpoint(name).is_some(), "{key} {revision}: {name}");
            }
        };
        known(
            "hydra",
            339,
            &[
                "ui-endpoint-info",
                "hydra-endpoint-info",
                "internal-ingress",
                "oauth",
            ],
        );
        let pages = "identity-platform-login-ui-operator";
        known(
            pages,
            146,
            &["ingress", "kratos-info", "hydra-endpoint-info"],
        );
        known(pages, 190, &["receive-ca-cert", "ui-endpoint-info"]);
        let newest = &catalogue()[pages].metadata;
        assert!(newest.endpoint("public-route").is_some() && newest.endpoint("ingress").is_none());
    }

    /// canonical/kratos-operator rev500 `src/charm.py` 206-210, 798-800, 854-861: a received CA ends in `container.restart`.
    /// `PebbleService.plan` of ab286bf, in v2.0.0, restarts for a configuration alone.
    #[test]
    fn kratos_before_version_2_restarts_for_a_ca() {
        let apply = |charm: &KnownCharm| {
            let endpoint = charm.metadata.endpoint("receive-ca-cert");
            match &endpoint.expect("it has one").profile {
                Some(EndpointProfile::ReceivesCa(profile)) => (profile.apply, profile.reads_first),
                other => panic!("it receives CAs: {other:?}"),
            }
        };
        for revision in [420, 422, 500, 548] {
            assert_eq!(
                apply(kratos_at(revision)),
                (Apply::Restart, false),
                "{revision}"
            );
        }
        assert_eq!(apply(&catalogue()["kratos"]), (Apply::None, true));
    }

    /// The tags rev208, rev217, rev240 and rev258 of canonical/kafka-operator and rev83 and rev87 of
    /// canonical/kafka-k8s-operator: what their `TLSHandler` observes and whether an alias that is in use counts as done.
    #[test]
    fn kafka_before_version_4_keeps_its_first_ca_and_hears_of_the_notice_only() {
        for (key, revision) in [
            ("kafka", 208),
            ("kafka", 217),
            ("kafka", 240),
            ("kafka", 258),
            ("kafka-k8s", 83),
            ("kafka-k8s", 87),
        ] {
            let mut all = generations(key).iter();
            let own = all.find(|each| {
                let mut ranges = each.revisions().iter();
                ranges.any(|range| range.contains(revision))
            });
            let charm = own.expect("it is known").charm();
            let endpoint = charm.metadata.endpoint("certificates");
            let Some(trustsim_charm_model::EndpointProfile::Certificates(profile)) =
                &endpoint.expect("it has one").profile
            else {
                panic!("{key} at {revision} asks for certificates");
            };
            let renews = profile.renews_on;
            let found = (renews.expiring, renews.expired, renews.revoked);
            assert!(profile.keeps_first_ca, "{key} {revision}");
            assert_eq!(found, (true, false, false), "{key} {revision}");
        }
    }

    /// `lib/charms/observability_libs/v{0,1}/cert_handler.py` at the tags `revN` of each charm's repository, with the
    /// `tls_certificates` that it imports: version 2 and version 3 up to patch 10 tell the charm seven days before the
    /// end, later ones in the last third.
    #[test]
    fn a_generation_carries_the_cert_handler_of_its_revisions() {
        use trustsim_interfaces::cert_handler::Version::{V0, V1, V1Patch6, V1Patch13};
        for (key, revision, handler, in_a_week, raises) in [
            ("traefik-k8s", 136, None, true, false),
            ("traefik-k8s", 160, Some(V0), true, false),
            ("traefik-k8s", 176, Some(V0), true, true),
            ("traefik-k8s", 181, Some(V0), true, true),
            ("traefik-k8s", 184, Some(V1Patch6), true, false),
            ("traefik-k8s", 225, Some(V1Patch13), false, false),
            ("traefik-k8s", 236, Some(V1), false, false),
            ("traefik-k8s", 245, None, false, false),
            ("grafana-k8s", 160, Some(V1), false, false),
            ("prometheus-k8s", 213, Some(V1Patch13), false, false),
            ("prometheus-k8s", 214, Some(V1), false, false),
            ("loki-k8s", 138, Some(V1Patch6), true, true),
            ("loki-k8s", 140, Some(V1Patch6), true, false),
            ("alertmanager-k8s", 180, Some(V1), false, false),
            ("catalogue-k8s", 65, Some(V1Patch13), false, false),
            ("glauth-k8s", 44, Some(V1), false, false),
            ("grafana-agent", 92, Some(V0), true, true),
            ("grafana-agent", 128, Some(V1Patch6), true, false),
            ("grafana-agent", 655, Some(V0), true, false),
            ("grafana-agent-k8s", 77, Some(V1Patch13), true, false),
            ("mimir-coordinator-k8s", 60, Some(V1), false, false),
        ] {
            let all = generations(key).iter();
            let mut own = all.filter(|each| {
                let mut ranges = each.revisions().iter();
                ranges.any(|range| range.contains(revision))
            });
            let charm = own.next().expect("it is known").charm();
            let endpoint = charm.metadata.endpoint("certificates");
            let endpoint = endpoint.expect("it has one");
            let Some(trustsim_charm_model::EndpointProfile::Certificates(profile)) =
                &endpoint.profile
            else {
                panic!("{key} at {revision} asks for certificates");
            };
            let week = trustsim_kernel::Span::from_secs(7 * 86_400);
            let found = (
                profile.cert_handler,
                profile.notification == Some(week),
                endpoint.bugs.broken_raises,
            );
            assert_eq!(found, (handler, in_a_week, raises), "{key} at {revision}");
        }
    }
}
