//! Which entry or generation plays a charm at a revision, in a channel and on a series, by the tags of its repository.

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
    assert_eq!(told("certificate-extra-sans"), "242 to 257; 259 to 262");
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

/// What a revision far beyond all that are known is played as: the newest of its track, and without a track that is known
/// the newest of all. Each has the key of its entry and its own newest revision, none where no tag names one. The tags are
/// those of the repositories that the catalogue names (`rev1199`, `machine-rev711`), and of canonical/kafka-k8s-operator.
#[test]
fn a_revision_beyond_all_is_played_as_the_newest_of_its_track() {
    for (name, channel, expected) in [
        ("postgresql", "14/stable", ("postgresql", Some(1199))),
        ("postgresql", "16/edge", ("postgresql", Some(1195))),
        ("postgresql-k8s", "14/stable", ("postgresql-k8s", Some(921))),
        ("postgresql-k8s", "16/stable", ("postgresql-k8s", Some(916))),
        ("vault", "2.0/edge", ("vault", Some(711))),
        ("vault", "1.16/stable", ("vault", Some(633))),
        ("vault", "1.18/stable", ("vault", Some(684))),
        ("vault", "1.7/stable", ("charm-vault", None)),
        ("vault", "1.8/stable", ("charm-vault-raft", None)),
        ("vault", "edge", ("vault", Some(711))),
        ("vault-k8s", "edge", ("vault-k8s", Some(570))),
        ("kafka", "3/stable", ("kafka", Some(258))),
        ("kafka", "4/edge", ("kafka", Some(262))),
        ("kafka", "edge", ("kafka", Some(262))),
        ("kafka-k8s", "3/stable", ("kafka-k8s", Some(116))),
        ("kafka-k8s", "4/edge", ("kafka-k8s", Some(116))),
        (
            "self-signed-certificates",
            "latest/stable",
            ("self-signed-certificates-latest", Some(634)),
        ),
        (
            "self-signed-certificates",
            "1/stable",
            ("self-signed-certificates", Some(653)),
        ),
        (
            "self-signed-certificates",
            "edge",
            ("self-signed-certificates", Some(653)),
        ),
        ("opensearch", "2/stable", ("opensearch", Some(185))),
        ("opensearch", "3/edge", ("opensearch", Some(185))),
        ("prometheus-k8s", "1/stable", ("prometheus-k8s", Some(254))),
        ("prometheus-k8s", "dev/edge", ("prometheus-k8s", Some(309))),
        ("mysql-router", "8.0/stable", ("charm-mysql-router", None)),
        ("mysql-router", "dpe/edge", ("mysql-router", None)),
        ("mysql-router", "edge", ("mysql-router", None)),
        (
            "tls-certificates-requirer",
            "edge",
            ("tls-certificates-requirer", None),
        ),
        ("oauth2-proxy-k8s", "edge", ("oauth2-proxy-k8s", None)),
        (
            "oauth2-proxy-k8s",
            "latest/edge",
            ("oauth2-proxy-k8s", None),
        ),
    ] {
        let pinned = Pinned {
            channel: Some(channel),
            ..at(50_000)
        };
        let choice = choose(name, pinned).expect("it is known");
        let played = (choice.key, newest(choice.ranges()));
        assert_eq!(played, expected, "{name} {channel}");
    }
}
