//! observability_libs `cert_handler`, as the real ones were seen to do under `ops[testing]` 3.9.0 with Juju 3.6:
//!
//! | version | vendored by | patches of it and of `tls_certificates` |
//! |---|---|---|
//! | v0 | canonical/traefik-k8s-operator rev142, rev176, rev181; canonical/grafana-agent-operator rev655 | 7 and v2.9, 9 and v2.28, 11 and v3.10; 14 and v2.30 |
//! | v1.6 | canonical/alertmanager-k8s-operator rev107, rev110; canonical/prometheus-k8s-operator rev182 | 3 and v2.28, 4 and v3.10; 5 and v3.10 |
//! | v1.13 | canonical/prometheus-k8s-operator rev190; canonical/traefik-k8s-operator rev205, rev224 | 8 and v3.13; 10 and v3.15, 13 and v3.20 |
//! | v1 | canonical/loki-k8s-operator rev174; canonical/traefik-k8s-operator rev236, rev244 | 14 and v3.20; 15 and v3.24, 18 and v3.27 |
//!
//! Each test has what came of one event in each of them.

use super::super::Mode;
use super::older_libraries::{DAY_S, Pair, certificates, pair_with};
use super::*;
use trustsim_interfaces::cert_handler::Version;
use trustsim_interfaces::tls_certificates::Library;

const ALL: [Version; 4] = [
    Version::V0,
    Version::V1Patch6,
    Version::V1Patch13,
    Version::V1,
];

fn charm(version: Version, change: impl Fn(&mut CertificatesProfile)) -> CharmMetadata {
    let mut profile = certificates_profile(Mode::Unit);
    profile.cert_handler = Some(version);
    change(&mut profile);
    let mut charm = with_library(consumer(profile), "certificates", certificates(Library::V3));
    charm
        .endpoints
        .push(endpoint("replicas", Role::Peer, "web_replicas", None));
    charm
}

fn related(version: Version, change: impl Fn(&mut CertificatesProfile)) -> Pair {
    pair_with(&self_signed_certificates(), &charm(version, change), 1)
}

/// What is asked for, the key of each request by which it was seen first, and whether the installed certificate is
/// another than at first and goes with its key.
#[derive(Debug, PartialEq, Eq)]
struct Came {
    requests: usize,
    keys: usize,
    is_new: bool,
    fits: bool,
}

fn came(pair: &Pair, first: Option<&trustsim_pki::Certificate>) -> Came {
    let requests = pair.requests();
    let mut keys: Vec<&[u8]> = requests.iter().map(|request| request.spki_der()).collect();
    keys.sort_unstable();
    keys.dedup();
    Came {
        requests: requests.len(),
        keys: keys.len(),
        is_new: pair.served().as_ref() != first,
        fits: pair.key_fits(),
    }
}

/// The request goes out on relation-joined; its subject is the unit's name with a hyphen where the charm hands over
/// none, and the address is an alternative name.
#[test]
fn the_first_request_has_the_name_of_the_unit() {
    for version in ALL {
        let pair = related(version, |profile| profile.name_option = None);
        let requests = pair.requests();
        let [asked] = &requests[..] else {
            panic!("{version:?}: {requests:?}");
        };
        let attributes = asked.attributes();
        assert_eq!(
            attributes.common_name.as_deref(),
            Some("web-0"),
            "{version:?}"
        );
        assert_eq!(attributes.sans_dns.len(), 1, "{version:?}");
        assert!(attributes.unique_identifier.is_some(), "{version:?}");
        assert!(pair.served().is_some(), "{version:?}");
    }
}

/// config-changed without another name, twice: v0 asks anew, with its key, each time and installs what it gets. v1 does
/// so too before patch 7, but installs none of it, and withdraws its first request only, since the one that it keeps
/// is read as it was at first.
#[test]
fn config_changed_makes_requests_before_patch_7_of_v1() {
    for (version, after_one, after_two, is_new) in [
        (Version::V0, 1, 1, true),
        (Version::V1Patch6, 1, 2, false),
        (Version::V1Patch13, 1, 1, false),
        (Version::V1, 1, 1, false),
    ] {
        let mut pair = related(version, |_| {});
        let (first, asked) = (pair.served(), pair.requests());
        for (value, requests) in [("x", after_one), ("y", after_two)] {
            pair.stage.set_config(pair.web, "unrelated", value);
            pair.stage.run_for(60);
            let found = came(&pair, first.as_ref());
            let expected = Came {
                requests,
                keys: 1,
                is_new,
                fits: true,
            };
            assert_eq!(found, expected, "{version:?} {value}");
        }
        let makes_requests = version.asks_in_config_changed();
        assert_eq!(pair.requests() != asked, makes_requests, "{version:?}");
    }
}

/// config-changed with another name: patches 7 to 13 of v1 do not ask for it before the certificate nears its end.
#[test]
fn other_names_are_asked_for_but_by_patches_7_to_13_of_v1() {
    for (version, asks, installs) in [
        (Version::V0, true, true),
        (Version::V1Patch6, true, false),
        (Version::V1Patch13, false, false),
        (Version::V1, true, true),
    ] {
        let mut pair = related(version, |_| {});
        pair.stage.set_config(pair.web, "name", "b.example");
        pair.stage.run_for(60);
        let requests = pair.requests();
        let asked = requests.last().expect("it asked").attributes();
        let is_asked = asked.sans_dns.contains(&"b.example".to_owned());
        assert_eq!(is_asked, asks, "{version:?}");
        let sans = pair.served().expect("it is served").sans().to_vec();
        let is_served = sans.contains(&"DNS:b.example".to_owned());
        assert_eq!(is_served, installs, "{version:?}");
    }
}

/// secret-expired before the end: all ask with their key. What v1 before patch 6 gets is not installed.
#[test]
fn all_renew_with_the_same_key() {
    for version in ALL {
        let mut pair = related(version, |_| {});
        let first = pair.served();
        pair.stage.run_for(61 * DAY_S);
        let expected = Came {
            requests: 1,
            keys: 1,
            is_new: version != Version::V1Patch6,
            fits: true,
        };
        assert_eq!(came(&pair, first.as_ref()), expected, "{version:?}");
    }
}

/// A certificate that is revoked: the request in its place is made with the key that is there, and the one before
/// stays. v0 keeps the key. v1 throws it away then, makes another one when it gets the certificate, and writes that
/// beside it, until the next renewal asks with it. Before patch 7 it looks for a secret that it has removed.
#[test]
fn after_a_revocation_v1_has_another_key_than_its_certificate_until_it_renews() {
    for (version, fits) in [
        (Version::V0, true),
        (Version::V1Patch13, false),
        (Version::V1, false),
    ] {
        let mut pair = related(version, |_| {});
        let (first, asked) = (pair.served(), pair.requests());
        let ca = pair.stage.unit(pair.ca, 0);
        pair.stage.act(ca, "rotate-private-key");
        pair.stage.run_for(120);
        let expected = Came {
            requests: 2,
            keys: 1,
            is_new: true,
            fits,
        };
        assert_eq!(came(&pair, first.as_ref()), expected, "{version:?}");
        assert_eq!(pair.requests()[0], asked[0], "{version:?}");
        pair.stage.run_for(61 * DAY_S);
        assert!(pair.key_fits(), "{version:?}");
        let last = pair.requests().last().expect("it asked").clone();
        let is_same_key = last.spki_der() == asked[0].spki_der();
        assert_eq!(is_same_key, fits, "{version:?}");
    }
    let mut pair = related(Version::V1Patch6, |_| {});
    let ca = pair.stage.unit(pair.ca, 0);
    pair.stage.act(ca, "rotate-private-key");
    pair.stage.run_for(120);
    let failed = pair.stage.played.iter().any(|played| {
        let message = played.failed.as_ref().map(ToString::to_string);
        message.is_some_and(|message| message.contains("SecretNotFoundError"))
    });
    assert!(failed);
}

/// secret-expired after the end does the same as a revocation. A notice that would be in the past is given at the end.
#[test]
fn after_its_end_v1_has_another_key_than_its_certificate() {
    for (version, fits) in [
        (Version::V0, true),
        (Version::V1Patch13, false),
        (Version::V1, false),
    ] {
        let notice = Span::from_secs(90 * DAY_S - 1);
        let mut pair = related(version, |profile| profile.notification = Some(notice));
        let first = pair.served().expect("it is served");
        pair.stage.run_until(first.not_after() - Span::from_secs(1));
        assert_eq!(pair.served(), Some(first.clone()), "{version:?}");
        pair.stage.run_for(120);
        let expected = Came {
            requests: 2,
            keys: 1,
            is_new: true,
            fits,
        };
        assert_eq!(came(&pair, Some(&first)), expected, "{version:?}");
    }
}

/// relation-broken: v0 keeps its key. Of v1 before patch 6 the secret of the certificate stays, so that none is ever
/// installed over another relation.
#[test]
fn over_a_second_relation_v0_asks_with_its_key_and_early_v1_installs_nothing() {
    for (version, same_key, installs) in [
        (Version::V0, true, true),
        (Version::V1Patch6, false, false),
        (Version::V1Patch13, false, true),
        (Version::V1, false, true),
    ] {
        let mut pair = related(version, |_| {});
        let asked = pair.requests();
        pair.stage.remove_relation(pair.relation);
        pair.stage.run_for(60);
        assert!(pair.loaded().is_empty(), "{version:?}");
        let ends = ((pair.ca, "certificates"), (pair.web, "certificates"));
        pair.relation = pair.stage.integrate(ends.0, ends.1);
        pair.stage.run_for(120);
        let again = pair.requests();
        assert_eq!(again.len(), 1, "{version:?}");
        let is_same = again[0].spki_der() == asked[0].spki_der();
        assert_eq!(is_same, same_key, "{version:?}");
        assert_eq!(pair.served().is_some(), installs, "{version:?}");
    }
}

/// v0 keeps its key in its databag of the peer relation, in clear; v1 in a secret.
#[test]
fn v0_keeps_its_key_in_the_peer_relation() {
    for version in ALL {
        let pair = related(version, |_| {});
        let places: Vec<&str> = pair
            .stage
            .stored_keys
            .iter()
            .map(|stored| &*stored.place)
            .collect();
        let expected: &[&str] = match version {
            Version::V0 => &["private_key"],
            _ => &[],
        };
        assert_eq!(places, expected, "{version:?}");
        let vault = pair
            .labels()
            .iter()
            .any(|(label, _)| label == "cert-handler-private-vault");
        assert_eq!(vault, version.drops_its_key(), "{version:?}");
    }
}
