//! Sessions, taken up by real rustls: what it looks at again, and what it does not.

use super::make::*;
use crate::{Case, Resumption, handshake, is_taken_up, resume};
use trustsim_kernel::{Span, Time};
use trustsim_pki::KeyAlgorithm;
use trustsim_validators::{ErrorKind, TrustStore, Validator};

const KEY: KeyAlgorithm = KeyAlgorithm::EcdsaP256;
const BOTH: [Resumption; 2] = [Resumption::Tls12Id, Resumption::Tls13Ticket];

fn at(mut case: Case, clock: Time) -> Case {
    case.client.clock = clock;
    case.server.clock = clock;
    case
}

/// A leaf of 90 days, judged by rustls.
fn fresh(validator: Validator) -> Case {
    let Pair { root, leaf } = pair(KEY);
    case(leaf.identity(&[]), trust([&root]), validator, start() + DAY)
}

/// rustls 0.23 `client/hs.rs`: a session is taken up without a look at the certificate.
#[test]
fn an_expired_certificate_goes_on_in_its_session() {
    let almost = start() + DAY * 90 - Span::from_secs(3_600);
    let later = almost + Span::from_secs(7_200);
    for how in BOTH {
        let earlier = at(fresh(Validator::Rustls), almost);
        let expired = at(earlier.clone(), later);
        assert_eq!(
            handshake(&expired, stream("full")).error,
            Some(ErrorKind::Expired)
        );
        let (verdict, resumed) = resume(&earlier, &expired, how, stream("resume"));
        assert!(verdict.is_ok() && resumed, "{how}: {verdict:?}");
    }
}

/// rustls 0.23 `server/tls13.rs`: a stateful ticket lasts a day; `msgs/persist.rs`: a TLS 1.2
/// session without a lifetime is kept by the client as long as it lives.
#[test]
fn a_ticket_dies_after_a_day_and_an_identifier_never() {
    let earlier = fresh(Validator::Rustls);
    for (how, after, expected) in [
        (Resumption::Tls13Ticket, DAY.as_secs() - 10, true),
        (Resumption::Tls13Ticket, DAY.as_secs() + 10, false),
        (Resumption::Tls12Id, DAY.as_secs() * 8, true),
        (Resumption::Tls12Id, DAY.as_secs() * 80, true),
    ] {
        let clock = earlier.client.clock + Span::from_secs(after);
        let later = at(earlier.clone(), clock);
        let (verdict, resumed) = resume(&earlier, &later, how, stream("life"));
        assert!(verdict.is_ok(), "{how} after {after} s: {verdict:?}");
        assert_eq!(resumed, expected, "{how} after {after} s");
        if let Some(lifetime) = how.lifetime(Validator::Rustls) {
            assert_eq!(resumed, Span::from_secs(after) < lifetime);
        }
    }
}

/// The server lost the sessions' certificate meanwhile: what it presents now is not looked at.
#[test]
fn a_bad_certificate_of_the_server_is_not_seen_in_a_session() {
    let earlier = fresh(Validator::OpenSsl);
    let rogue = self_signed(authority("rogue", 365), key(KEY, "rogue"));
    let other = rogue.issue(params("web", &[NAME], 90), key(KEY, "other"));
    let mut later = at(earlier.clone(), earlier.client.clock + Span::from_secs(60));
    later.server.identity = other.identity(&[]);
    for how in BOTH {
        let (verdict, resumed) = resume(&earlier, &later, how, stream("other"));
        assert!(verdict.is_ok() && resumed, "{how}");
    }
    assert_eq!(
        handshake(&later, stream("full")).error,
        Some(ErrorKind::UnknownIssuer)
    );
}

/// rustls' server keeps who the client was with the session, and trusts it again.
#[test]
fn a_client_ca_that_the_server_dropped_goes_on_in_its_session() {
    let Pair { root, leaf } = pair(KEY);
    let other = self_signed(authority("other", 365), key(KEY, "other"));
    let client = root.issue(params("client", &["client.test"], 90), key(KEY, "client"));
    let mut earlier = fresh(Validator::Rustls);
    earlier.server.identity = leaf.identity(&[]);
    earlier.client.identity = Some(client.identity(&[]));
    earlier.server.client_trust = Some(trust([&root]));
    let mut later = at(earlier.clone(), earlier.client.clock + Span::from_secs(60));
    later.server.client_trust = Some(trust([&other]));
    assert_eq!(
        handshake(&later, stream("full")).error,
        Some(ErrorKind::UnknownIssuer)
    );
    for how in BOTH {
        let (verdict, resumed) = resume(&earlier, &later, how, stream("client"));
        assert!(verdict.is_ok() && resumed, "{how}: {verdict:?}");
    }
}

/// golang/go `src/crypto/tls/handshake_client.go`, `loadSession`; the others take it up blindly.
#[test]
fn go_looks_again_at_dates_and_roots() {
    let early = start() + DAY;
    for validator in Validator::ALL {
        let earlier = at(fresh(validator), early);
        let good = at(earlier.clone(), early + Span::from_secs(60));
        let expired = at(earlier.clone(), start() + DAY * 91);
        let mut distrusted = good.clone();
        distrusted.client.trust = TrustStore::empty();
        assert!(is_taken_up(&earlier, &good), "{validator}");
        let is_go = validator == Validator::Go;
        assert_eq!(is_taken_up(&earlier, &expired), !is_go, "{validator}");
        assert_eq!(is_taken_up(&earlier, &distrusted), !is_go, "{validator}");
    }
}

#[test]
fn names_are_read_back() {
    for how in BOTH {
        assert_eq!(how.to_string().parse(), Ok(how));
    }
    assert!("tickets".parse::<Resumption>().is_err());
}
