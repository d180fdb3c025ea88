//! Which entry of the catalogue plays a charm, where several have its name: generations of one charm that do
//! different things, or two charms that share a name.
//!
//! What lacks an endpoint that a relation of the deployment names is out of the question, where another one has it: Juju
//! would refuse the relation. Of the others a revision decides first, as each entry says which revisions it was read for,
//! and each of its generations which ones it has. For example, `self-signed-certificates` at revision 155 or in
//! `latest/stable` never renews its CA, and in `1/stable` it does.
//!
//! A revision that is in no range is near to some range. That is better evidence than the track: revision 5 of
//! `self-signed-certificates` is older than any that was read, and a track that was made years later does not change
//! what is in it, whatever `1/stable` brings today. It is not where the ranges of the track lie on both sides of the
//! revision, or where the revision is beyond all ranges: tracks that are developed side by side share one sequence of
//! numbers (`postgresql` 14 and 16 in turn), so that the next number may be of either, and only the track tells. Nor is it
//! where no range is known of what the track brings, since nothing can be near to that (`vault` in the tracks of
//! openstack/charm-vault). Without a revision the track decides, then the series.

use std::collections::BTreeSet;

use super::catalogue;
use super::generations::{EntryGeneration, generations};
use crate::{CharmMetadata, KnownCharm, Pinned, Provenance, Revisions};

/// The known charm of a Charmhub name, in the generation that is deployed.
pub fn known_charm(name: &str, pinned: Pinned<'_>) -> Option<KnownCharm> {
    let mut charm = choose(name, pinned)?.charm();
    if let Provenance::Read(reading) = &mut charm.metadata.provenance {
        let known: BTreeSet<String> = namesakes(name)
            .flat_map(|choice| choice.tracks().to_vec())
            .collect();
        reading.tracks = known.into_iter().collect();
    }
    Some(charm)
}

/// The key of the entry that plays a charm, or whose generation does.
pub fn entry_key(name: &str, pinned: Pinned<'_>) -> Option<&'static str> {
    Some(choose(name, pinned)?.key)
}

/// One way in which a charm can be played.
#[derive(Clone, Debug)]
pub struct KnownReading {
    /// The key of the entry of the catalogue.
    pub key: &'static str,
    /// Whether it is an earlier generation of the entry.
    pub is_generation: bool,
    /// Tracks that bring it.
    pub tracks: Vec<String>,
    /// Its revisions, also where its code was not read; empty where no tag of its repository tells.
    pub revisions: Vec<Revisions>,
    /// The charm.
    pub charm: KnownCharm,
}

/// Every way in which the charm of a name can be played: its entries, each with its generations after it.
pub fn readings(name: &str) -> Vec<KnownReading> {
    let reading = |choice: Choice| KnownReading {
        key: choice.key,
        is_generation: !choice.is_entry(),
        tracks: choice.tracks().to_vec(),
        revisions: choice.ranges().to_vec(),
        charm: choice.charm(),
    };
    namesakes(name).map(reading).collect()
}

/// The revisions of a charm that have an option, as far as they were read or compared: those of each entry of its name
/// and of each generation that has it, in ascending order. An entry that names no revisions has none to tell.
pub fn revisions_with_option(name: &str, option: &str) -> Vec<Revisions> {
    let having = namesakes(name).filter(|choice| choice.has_option(option));
    let mut ranges: Vec<Revisions> = having.flat_map(|choice| choice.ranges().to_vec()).collect();
    ranges.sort_unstable();
    ranges
}

/// The revisions of a charm that have an action, as those with an option are told.
pub fn revisions_with_action(name: &str, action: &str) -> Vec<Revisions> {
    let having = namesakes(name).filter(|choice| {
        let actions = choice.charm().metadata.actions;
        actions.iter().any(|own| own == action)
    });
    let mut ranges: Vec<Revisions> = having.flat_map(|choice| choice.ranges().to_vec()).collect();
    ranges.sort_unstable();
    ranges
}

/// An entry, or one of its generations.
#[derive(Clone, Copy)]
struct Choice {
    key: &'static str,
    entry: &'static KnownCharm,
    generation: Option<&'static EntryGeneration>,
}

impl Choice {
    fn charm(self) -> KnownCharm {
        match self.generation {
            Some(generation) => generation.charm(),
            None => self.entry.clone(),
        }
    }

    fn is_entry(&self) -> bool {
        self.generation.is_none()
    }

    fn tracks(&self) -> &[String] {
        match self.generation {
            Some(generation) => generation.tracks(),
            None => &self.entry.tracks,
        }
    }

    fn has_option(&self, option: &str) -> bool {
        match self.generation {
            Some(generation) => generation.options().contains(option),
            None => self.entry.metadata.options.contains_key(option),
        }
    }

    /// Whether it has endpoints of these names.
    fn has_endpoints(self, names: &[&str]) -> bool {
        let charm = self.charm();
        let known = &charm.metadata.endpoints;
        let mut names = names.iter();
        names.all(|name| known.iter().any(|endpoint| endpoint.name == **name))
    }

    fn ranges(&self) -> &[Revisions] {
        match self.generation {
            Some(generation) => generation.revisions(),
            None => covers(&self.entry.metadata),
        }
    }
}

fn choose(name: &str, pinned: Pinned<'_>) -> Option<Choice> {
    let mut choices: Vec<Choice> = namesakes(name).collect();
    // Generations of one entry are told apart by revision and track alone.
    let keys: BTreeSet<&str> = choices.iter().map(|choice| choice.key).collect();
    if keys.len() > 1 && !pinned.endpoints.is_empty() {
        let fitting: Vec<Choice> = choices
            .iter()
            .copied()
            .filter(|choice| choice.has_endpoints(pinned.endpoints))
            .collect();
        if !fitting.is_empty() {
            choices = fitting;
        }
    }
    let find = |test: &dyn Fn(&Choice) -> bool| choices.iter().position(test);
    let track = pinned.track();
    let series = pinned.series.filter(|_| track.is_none());
    let by_revision = || covering(&choices, pinned.revision?);
    let by_track = || {
        let track = track?;
        let of_entry = find(&|choice| choice.is_entry() && has(choice.tracks(), track));
        of_entry.or_else(|| find(&|choice| has(choice.tracks(), track)))
    };
    let by_series = || {
        let series = series?;
        find(&|choice| choice.is_entry() && has(&choice.entry.series, series))
    };
    let by_distance = || nearest(&choices, pinned.revision?);
    let found = by_revision()
        .or_else(|| {
            let of_track = by_track()?;
            let outweighs = pinned
                .revision
                .is_some_and(|revision| outweighs_its_track(&choices, of_track, revision));
            if outweighs {
                by_distance()
            } else {
                Some(of_track)
            }
        })
        .or_else(by_series)
        .or_else(by_distance)
        .or_else(|| find(&|choice| choice.key == name))
        // Entries come before their generations.
        .or((!choices.is_empty()).then_some(0));
    found.map(|index| choices[index])
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|own| own == wanted)
}

/// Every entry of a name, and its generations.
fn namesakes(name: &str) -> impl Iterator<Item = Choice> {
    let entries = catalogue().iter();
    let named = entries.filter(move |(_, known)| known.metadata.name == name);
    named.flat_map(|(key, entry)| {
        let generations = generations(key).iter().map(Some);
        let all = std::iter::once(None).chain(generations);
        all.map(move |generation| Choice {
            key,
            entry,
            generation,
        })
    })
}

/// The revisions that a description is about.
fn covers(metadata: &CharmMetadata) -> &[Revisions] {
    match &metadata.provenance {
        Provenance::Read(reading) => &reading.covers,
        _ => &[],
    }
}

/// The choice for a revision. Of several it is the one with the smallest range: a track that is continued beside the main
/// line has revisions among those of the main line.
fn covering(choices: &[Choice], revision: u64) -> Option<usize> {
    let ranges = choices.iter().enumerate().flat_map(|(index, choice)| {
        let ranges = choice.ranges().iter();
        ranges.map(move |range| (*range, index))
    });
    let having = ranges.filter(|(range, _)| range.contains(revision));
    let smallest = having.min_by_key(|(range, _)| {
        let size = range.last.map(|last| last - range.first);
        // An open range is larger than any other.
        (size.is_none(), size)
    });
    smallest.map(|(_, index)| index)
}

/// Whether a revision that is in no range says more than its track, which brings the choice `of_track`.
fn outweighs_its_track(choices: &[Choice], of_track: usize, revision: u64) -> bool {
    let is_below = |range: &Revisions| range.last.is_some_and(|last| last < revision);
    let own = choices[of_track].ranges();
    let is_between = own.iter().any(is_below) && !own.iter().all(is_below);
    let mut all = choices.iter().flat_map(|choice| choice.ranges());
    let is_beyond = all.all(is_below);
    !own.is_empty() && !is_between && !is_beyond
}

/// The choice whose revisions are nearest to one that none was read for.
fn nearest(choices: &[Choice], revision: u64) -> Option<usize> {
    let distance = |range: &Revisions| match range.last {
        Some(last) if last < revision => revision - last,
        _ => range.first.abs_diff(revision),
    };
    let ranges = choices.iter().enumerate().flat_map(|(index, choice)| {
        let ranges = choice.ranges().iter();
        ranges.map(move |range| (distance(range), index))
    });
    let nearest = ranges.min_by_key(|(distance, _)| *distance);
    nearest.map(|(_, index)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, pinned: Pinned<'_>) -> &'static str {
        entry_key(name, pinned).expect("it is known")
    }

    fn at(revision: u64) -> Pinned<'static> {
        Pinned {
            revision: Some(revision),
            ..Pinned::default()
        }
    }

    fn in_channel(channel: &str) -> Pinned<'_> {
        Pinned {
            channel: Some(channel),
            ..Pinned::default()
        }
    }

    /// The tags `rev155`, `rev308`, `rev309`, `rev372` and `rev487` of canonical/self-signed-certificates-operator.
    #[test]
    fn a_revision_decides_which_generation_is_played() {
        for (revision, expected) in [
            (155, "self-signed-certificates-latest"),
            (308, "self-signed-certificates-before-309"),
            (309, "self-signed-certificates"),
            // The branch `latest` goes on among the revisions of the branch `main`.
            (372, "self-signed-certificates-latest"),
            (487, "self-signed-certificates"),
            // What differs is known.
            (166, "self-signed-certificates-before-309"),
            // Nothing was read before 131.
            (100, "self-signed-certificates-latest"),
        ] {
            assert_eq!(
                key("self-signed-certificates", at(revision)),
                expected,
                "{revision}"
            );
        }
        let both = Pinned {
            channel: Some("1/stable"),
            ..at(155)
        };
        assert_eq!(
            key("self-signed-certificates", both),
            "self-signed-certificates-latest"
        );
    }

    /// canonical/kafka-operator `config.yaml` at the tags rev241, rev242, rev257, rev258 and rev262.
    #[test]
    fn it_is_known_which_revisions_have_an_option() {
        let told = |option| {
            let ranges = revisions_with_option("kafka", option);
            let words: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            words.join("; ")
        };
        assert_eq!(told("certificate-extra-sans"), "242 to 257; 259 and later");
        assert!(told("certificate_extra_sans").starts_with("133 to 188; 189 to 197; "));
        assert_eq!(told("no-such-option"), "");
        assert!(revisions_with_option("no-such-charm", "name").is_empty());
    }

    /// canonical/self-signed-certificates-operator `charmcraft.yaml` at the tags rev155, rev196 and rev197.
    #[test]
    fn it_is_known_which_revisions_have_an_action() {
        let having = revisions_with_action("self-signed-certificates", "rotate-private-key");
        let has = |revision| having.iter().any(|range| range.contains(revision));
        assert!(has(197) && has(308) && has(309));
        assert!(!has(155) && !has(196));
        assert!(revisions_with_action("self-signed-certificates", "no-such-action").is_empty());
    }

    /// canonical/juju-lint `tests/resources/fcb-yoga-focal-bundle.yaml` has `mysql-router` of `latest/edge` with
    /// `shared-db` and `db-router`, which the charm of that name in the track `dpe` does not have.
    #[test]
    fn endpoints_that_relations_name_decide_between_two_charms() {
        let of = |endpoints| {
            let pinned = Pinned {
                endpoints,
                ..in_channel("latest/edge")
            };
            key("mysql-router", pinned)
        };
        assert_eq!(of(&["shared-db", "db-router"]), "charm-mysql-router");
        assert_eq!(of(&["backend-database"]), "mysql-router");
        assert_eq!(of(&[]), "mysql-router");
        assert_eq!(of(&["no-such-endpoint"]), "mysql-router");
    }

    /// canonical/self-signed-certificates-operator has no revision before 131 among its tags, canonical/postgresql-operator
    /// has those of its tracks 14 and 16 in turn (rev1190 and rev1196 are of the branch `main`, rev1192 and rev1195 of
    /// `16/edge`), and openstack/charm-vault has none.
    #[test]
    fn a_revision_that_was_not_read_counts_before_its_track_where_it_is_near_to_one_that_was() {
        let of = |name, channel, revision| {
            let pinned = Pinned {
                channel: Some(channel),
                ..at(revision)
            };
            known_charm(name, pinned).expect("it is known")
        };
        let version = |channel, revision| {
            let known = of("self-signed-certificates", channel, revision);
            known.metadata.implementation.version
        };
        assert_eq!(version("1/stable", 5), Some("latest"));
        assert_eq!(version("1/stable", 900), Some("1"));
        for revision in [1, 5000] {
            let has = |channel, endpoint| {
                let known = of("postgresql", channel, revision);
                known.metadata.endpoint(endpoint).is_some()
            };
            let is_beyond = revision == 5000;
            assert!(has("14/stable", "certificates"), "{revision}");
            assert_eq!(
                has("16/stable", "client-certificates"),
                is_beyond,
                "{revision}"
            );
        }
        let vault = of("vault", "1.7/stable", 150);
        assert_eq!(vault.metadata.implementation.behaviour, "charm-vault");
    }

    /// The branches `track/N` of canonical/prometheus-k8s-operator, grafana-k8s-operator, loki-k8s-operator,
    /// alertmanager-k8s-operator, catalogue-k8s-operator, mimir-coordinator-k8s-operator, tempo-operators,
    /// opentelemetry-collector-k8s-operator, grafana-agent-operator and grafana-agent-k8s-operator, which
    /// `.github/workflows/release.yaml` releases to that track, and the branch `latest` of
    /// canonical/manual-tls-certificates-operator, each with the newest tag that it has.
    #[test]
    fn a_track_brings_the_generation_of_its_newest_revision() {
        for (name, track, newest) in [
            ("prometheus-k8s", "1", 247),
            ("prometheus-k8s", "2", 301),
            ("prometheus-k8s", "3.11", 309),
            ("grafana-k8s", "1", 160),
            ("grafana-k8s", "2", 180),
            ("loki-k8s", "1", 197),
            ("loki-k8s", "2", 217),
            ("loki-k8s", "3.7", 244),
            ("alertmanager-k8s", "1", 180),
            ("alertmanager-k8s", "2", 231),
            ("alertmanager-k8s", "0.31", 240),
            ("catalogue-k8s", "1", 87),
            ("catalogue-k8s", "2", 113),
            ("catalogue-k8s", "3.0", 147),
            ("mimir-coordinator-k8s", "1", 42),
            ("mimir-coordinator-k8s", "2", 77),
            ("tempo-coordinator-k8s", "2", 143),
            ("tempo-coordinator-k8s", "2.10", 162),
            ("opentelemetry-collector-k8s", "1", 32),
            ("opentelemetry-collector-k8s", "2", 210),
            ("opentelemetry-collector-k8s", "0.130", 217),
            ("grafana-agent", "1", 607),
            ("grafana-agent", "2", 851),
            ("grafana-agent-k8s", "1", 168),
            ("grafana-agent-k8s", "2", 221),
            ("istio-ingress-k8s", "2", 61),
            ("manual-tls-certificates", "latest", 187),
        ] {
            let channel = format!("{track}/stable");
            let known = known_charm(name, in_channel(&channel)).expect("it is known");
            let Provenance::Read(reading) = &known.metadata.provenance else {
                panic!("{name} was read");
            };
            assert!(reading.covers(newest), "{name} {track}");
            assert!(
                reading.tracks.iter().any(|own| own == track),
                "{name} {track}"
            );
        }
    }

    /// charmed-kubernetes/charm-kubernetes-control-plane `src/charm.py`, `create_kubeconfigs`: the branch release_1.29
    /// (341a765) writes root's kubeconfig only after a request with it (415 to 434), release_1.30 (d0893d6, 449) before.
    #[test]
    fn the_control_plane_of_track_1_29_keeps_its_kubeconfig() {
        for (channel, keeps) in [
            ("1.29/stable", true),
            ("1.30/stable", false),
            ("1.35/stable", false),
        ] {
            let known = known_charm("kubernetes-control-plane", in_channel(channel));
            let metadata = known.expect("it is known").metadata;
            let endpoint = metadata.endpoint("certificates").expect("it has one");
            assert_eq!(endpoint.bugs.stale_root_kubeconfig, keeps, "{channel}");
        }
    }

    /// canonical/oauth2-proxy-k8s-operator bda7196 `charmcraft.yaml` and `src/integrations.py`; the tag rev16 has no such
    /// endpoint.
    #[test]
    fn oauth2_proxy_receives_cas_after_its_revision_16() {
        let has = |pinned| {
            let known = known_charm("oauth2-proxy-k8s", pinned).expect("it is known");
            known.metadata.endpoint("receive-ca-cert").is_some()
        };
        assert!(has(in_channel("latest/stable")) && has(at(17)) && !has(at(16)));
    }

    /// `metadata.yaml` at the tags rev1199 and rev1195 of canonical/postgresql-operator, and rev921, rev916, rev703 and
    /// rev701 of canonical/postgresql-k8s-operator: the tracks 14 and 16 are released in turn.
    #[test]
    fn postgresql_has_the_endpoints_of_its_track() {
        let later = |channel| Pinned {
            channel: Some(channel),
            ..at(5_000)
        };
        for (name, pinned, is_16) in [
            ("postgresql", in_channel("14/stable"), false),
            ("postgresql", in_channel("16/stable"), true),
            ("postgresql", at(1_199), false),
            ("postgresql", at(1_195), true),
            ("postgresql", later("16/edge"), true),
            ("postgresql", later("14/edge"), false),
            ("postgresql-k8s", at(921), false),
            ("postgresql-k8s", at(916), true),
            ("postgresql-k8s", at(703), true),
            ("postgresql-k8s", at(701), false),
            ("postgresql-k8s", in_channel("16/candidate"), true),
        ] {
            let metadata = known_charm(name, pinned).expect("it is known").metadata;
            for (endpoint, is_there) in [
                ("certificates", !is_16),
                ("client-certificates", is_16),
                ("peer-certificates", is_16),
            ] {
                let found = metadata.endpoint(endpoint).is_some();
                assert_eq!(found, is_there, "{name} {pinned:?} {endpoint}");
            }
        }
    }

    #[test]
    fn a_track_decides_where_there_is_no_revision() {
        let ssc = |channel| key("self-signed-certificates", in_channel(channel));
        assert_eq!(ssc("latest/edge"), "self-signed-certificates-latest");
        assert_eq!(ssc("1/stable"), "self-signed-certificates");
        // Its default track is 1.
        assert_eq!(ssc("edge"), "self-signed-certificates");
    }
}
