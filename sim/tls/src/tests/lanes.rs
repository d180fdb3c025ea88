//! Real handshakes: both lanes, all kinds of keys, mutual TLS, and what each side sees.

use proptest::prelude::*;

use super::duplex::handshake_through_tokio;
use super::make::*;
use crate::{VerdictCache, handshake, next_boundary};
use trustsim_kernel::Time;
use trustsim_pki::KeyAlgorithm;
use trustsim_validators::{ErrorKind, Side, Validator, Verdict, judge_server};

const ALGORITHMS: [KeyAlgorithm; 3] = [
    KeyAlgorithm::EcdsaP256,
    KeyAlgorithm::Ed25519,
    KeyAlgorithm::Rsa2048,
];

/// The verdict of both lanes, which must be one.
fn both_lanes(case: &super::super::Case) -> Verdict {
    let sans_io = handshake(case, stream("sans-io"));
    let duplex = handshake_through_tokio(case, stream("duplex"));
    assert_eq!(sans_io, duplex);
    sans_io
}

#[test]
fn every_kind_of_key_shakes_hands() {
    for algorithm in ALGORITHMS {
        let Pair { root, leaf } = pair(algorithm);
        for validator in Validator::ALL {
            let case = case(leaf.identity(&[]), trust([&root]), validator, start());
            assert_eq!(
                both_lanes(&case),
                Verdict::ok(),
                "{algorithm:?} {validator}"
            );
        }
    }
}

#[test]
fn an_unknown_issuer_is_refused_with_its_alert_and_texts() {
    let Pair { leaf, .. } = pair(KeyAlgorithm::EcdsaP256);
    let other = self_signed(authority("other", 365), key(KeyAlgorithm::EcdsaP256, "x"));
    let case = case(
        leaf.identity(&[]),
        trust([&other]),
        Validator::OpenSsl,
        start(),
    );
    let verdict = both_lanes(&case);
    insta::assert_debug_snapshot!(verdict);
    let judged = judge_server(
        case.server.identity.chain(),
        &case.client.trust,
        NAME,
        start(),
        Validator::OpenSsl,
    );
    assert_eq!(judged, verdict);
}

#[test]
fn an_expired_leaf_is_refused_by_both_validators() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    for validator in Validator::ALL {
        let late = start() + DAY * 91;
        let verdict = both_lanes(&case(leaf.identity(&[]), trust([&root]), validator, late));
        assert_eq!(verdict.error, Some(ErrorKind::Expired));
        let alert = match validator {
            Validator::Go => "bad_certificate",
            Validator::Java => "certificate_unknown",
            _ => "certificate_expired",
        };
        assert_eq!(verdict.alert, Some(alert));
        assert_eq!(verdict.judged_by, Some(Side::Client));
    }
}

#[test]
fn an_expired_root_fails_openssl_and_not_rustls() {
    let root = self_signed(authority("root", 10), key(KeyAlgorithm::EcdsaP256, "root"));
    let leaf = root.issue(
        params("web", &[NAME], 90),
        key(KeyAlgorithm::EcdsaP256, "leaf"),
    );
    let at = |validator| {
        let late = start() + DAY * 11;
        both_lanes(&case(leaf.identity(&[]), trust([&root]), validator, late))
    };
    assert!(at(Validator::Rustls).is_ok());
    assert_eq!(at(Validator::OpenSsl).openssl_code, Some(10));
}

#[test]
fn mutual_tls_is_judged_by_the_server_at_its_own_clock() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    let mut case = case(
        leaf.identity(&[]),
        trust([&root]),
        Validator::OpenSsl,
        start(),
    );
    case.server.client_trust = Some(trust([&root]));
    let missing = both_lanes(&case);
    assert_eq!(missing.error, Some(ErrorKind::NoClientCertificate));
    assert_eq!(missing.alert, Some("certificate_required"));
    assert_eq!(missing.judged_by, Some(Side::Server));

    let client = root.issue(
        params("client", &[NAME], 30),
        key(KeyAlgorithm::EcdsaP256, "c"),
    );
    case.client.identity = Some(client.identity(&[]));
    assert_eq!(both_lanes(&case), Verdict::ok());

    case.server.clock = start() + DAY * 31;
    for validator in Validator::ALL {
        case.server.validator = validator;
        let expired = both_lanes(&case);
        assert_eq!(expired.error, Some(ErrorKind::Expired));
        let alert = match validator {
            Validator::Java => "certificate_unknown",
            _ => "certificate_expired",
        };
        assert_eq!(expired.alert, Some(alert));
        assert_eq!(expired.judged_by, Some(Side::Server));
    }
}

/// pki row "unknown client CA": rustls and OpenSSL clients present their certificate whatever the
/// server asks for; Go (`SupportsCertificate`) and Java (`SunX509KeyManagerImpl`) keep it.
#[test]
fn go_and_java_clients_present_nothing_to_a_server_that_names_other_authorities() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    let other = self_signed(authority("other", 365), key(KeyAlgorithm::EcdsaP256, "x"));
    for validator in Validator::ALL {
        let mut case = case(leaf.identity(&[]), trust([&root]), validator, start());
        case.server.validator = Validator::Rustls;
        case.server.client_trust = Some(trust([&other]));
        case.client.identity = Some(leaf.identity(&[]));
        let verdict = both_lanes(&case);
        let is_kept = matches!(validator, Validator::Go | Validator::Java);
        let (error, alert) = if is_kept {
            ("no-client-certificate", "certificate_required")
        } else {
            ("unknown-issuer", "unknown_ca")
        };
        assert_eq!(verdict.error_name(), error, "{validator}");
        assert_eq!(verdict.alert, Some(alert), "{validator}");
        case.server.client_trust = Some(trust([&other, &root]));
        assert!(both_lanes(&case).is_ok(), "{validator}");
    }
}

#[test]
fn a_client_certificate_for_servers_only_is_refused() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    let mut case = case(
        leaf.identity(&[]),
        trust([&root]),
        Validator::Rustls,
        start(),
    );
    let client = root.issue(
        for_client_only(params("c", &[NAME], 30)),
        key(KeyAlgorithm::EcdsaP256, "c"),
    );
    case.server.client_trust = Some(trust([&root]));
    case.client.identity = Some(client.identity(&[]));
    assert!(both_lanes(&case).is_ok());
    case.server.identity = client.identity(&[]);
    let verdict = both_lanes(&case);
    assert_eq!(verdict.error, Some(ErrorKind::InvalidPurpose));
    assert_eq!(verdict.alert, Some("unsupported_certificate"));
}

#[test]
fn a_key_of_another_certificate_cannot_begin() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    let wrong = super::super::Identity::new([leaf.certificate.clone()], root.key.clone());
    let verdict = both_lanes(&case(wrong, trust([&root]), Validator::OpenSsl, start()));
    assert_eq!(verdict.error, Some(ErrorKind::KeyMismatch));
    assert_eq!(verdict.judged_by, Some(Side::Server));
    let none = super::super::Identity::new([], root.key.clone());
    let verdict = both_lanes(&case(none, trust([&root]), Validator::OpenSsl, start()));
    assert_eq!(verdict.error, Some(ErrorKind::NoCertificate));
}

#[test]
fn the_last_second_is_valid_for_rustls_and_not_for_openssl() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    let end = leaf.certificate.not_after();
    let at = |validator, at: Time| {
        let case = case(leaf.identity(&[]), trust([&root]), validator, at);
        handshake(&case, stream("edge")).is_ok()
    };
    let second = std::time::Duration::from_secs(1);
    let almost = std::time::Duration::from_nanos(999_999_999);
    assert!(at(Validator::Rustls, end + almost));
    assert!(!at(Validator::Rustls, end + second));
    assert!(!at(Validator::OpenSsl, end));
    assert!(at(Validator::OpenSsl, end - second + almost));
}

/// Go compares instants (`time.After`), Java `Date`s of milliseconds: both take the instant of
/// `notAfter` itself, and neither the rest of its second.
#[test]
fn the_last_instant_is_valid_for_go_and_java() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    let end = leaf.certificate.not_after();
    for (validator, grain) in [
        (Validator::Go, std::time::Duration::from_nanos(1)),
        (Validator::Java, std::time::Duration::from_millis(1)),
    ] {
        let at = |at: Time| {
            let case = case(leaf.identity(&[]), trust([&root]), validator, at);
            handshake(&case, stream("edge")).is_ok()
        };
        assert!(at(end), "{validator}");
        assert!(!at(end + grain), "{validator}");
    }
}

#[test]
fn boundaries_are_the_instants_at_which_the_verdict_can_change() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    for validator in Validator::ALL {
        let early = start() - DAY;
        let mut case = case(leaf.identity(&[]), trust([&root]), validator, early);
        let mut boundaries = Vec::new();
        let mut at = early;
        while let Some(next) = next_boundary(&case, at) {
            boundaries.push(next);
            at = next;
        }
        assert_eq!(
            boundaries.len(),
            3,
            "begin, end of the leaf, end of the root"
        );
        for &boundary in &boundaries[..2] {
            let mut judge = |at| {
                case.client.clock = at;
                handshake(&case, stream("b")).is_ok()
            };
            let nanosecond = std::time::Duration::from_nanos(1);
            assert_ne!(judge(boundary), judge(boundary - nanosecond), "{validator}");
        }
    }
}

#[test]
fn boundaries_of_the_client_chain_are_told_on_the_clients_clock() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    let mut case = case(
        leaf.identity(&[]),
        trust([&root]),
        Validator::OpenSsl,
        start(),
    );
    let client = root.issue(params("c", &[NAME], 30), key(KeyAlgorithm::EcdsaP256, "c"));
    case.server.client_trust = Some(trust([&root]));
    case.client.identity = Some(client.identity(&[]));
    case.server.clock = start() + DAY;
    assert_eq!(next_boundary(&case, start()), Some(start() + DAY * 29));
    case.client.clock = start() + DAY;
    case.server.clock = start();
    assert_eq!(
        next_boundary(&case, start()),
        Some(start() + DAY),
        "the root begins a day later for the server"
    );
}

#[test]
fn the_cache_performs_equal_cases_once() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    let mut cache = VerdictCache::new();
    let mut case = case(
        leaf.identity(&[]),
        trust([&root]),
        Validator::OpenSsl,
        start(),
    );
    let mut judge = |case: &_| cache.judge(case, || stream("cache"));
    let (first, real) = judge(&case);
    assert!(real && first.is_ok());
    case.client.clock = start() + DAY * 89;
    case.server.clock = start() + DAY * 400;
    assert_eq!(judge(&case), (first, false));
    case.client.clock = start() + DAY * 90;
    let (expired, real) = judge(&case);
    assert!(real && !expired.is_ok());
    case.client.clock = start() + DAY * 200;
    assert_eq!(judge(&case), (expired, false));
    case.server_name = "other.test".to_owned();
    assert!(judge(&case).1);
    case.client.validator = Validator::Rustls;
    assert!(judge(&case).1);
    assert_eq!((cache.real(), cache.reused()), (4, 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// At any instant the cached verdict is the one a handshake gives.
    #[test]
    fn a_reused_verdict_is_what_a_handshake_says(
        instants in proptest::collection::vec((0_u32..400, 0_u32..400, any::<bool>()), 1..12),
    ) {
        let Pair { root, leaf } = pair(KeyAlgorithm::Ed25519);
        let client = root.issue(params("c", &[NAME], 30), key(KeyAlgorithm::Ed25519, "c"));
        let mut cache = VerdictCache::new();
        for (client_day, server_day, is_rustls) in instants {
            let validator = if is_rustls { Validator::Rustls } else { Validator::OpenSsl };
            let mut case = case(leaf.identity(&[]), trust([&root]), validator, start());
            case.client.clock = start() - DAY + DAY * client_day;
            case.server.clock = start() - DAY + DAY * server_day;
            case.server.client_trust = Some(trust([&root]));
            case.client.identity = Some(client.identity(&[]));
            let (cached, _) = cache.judge(&case, || stream("first"));
            let real = handshake(&case, stream("again"));
            prop_assert_eq!(&*cached, &real);
        }
    }
}
