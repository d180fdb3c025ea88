//! Revocation lists in handshakes: when time alone changes the answer.

use super::duplex::handshake_through_tokio;
use super::make::*;
use crate::{VerdictCache, handshake, next_boundary};
use trustsim_pki::{KeyAlgorithm, RevocationList, RevocationTerms};
use trustsim_validators::{ErrorKind, Validator, Verdict};

const KEY: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

#[test]
fn a_handshake_with_lists_is_judged_again_when_the_list_runs_out() {
    let Pair { root, leaf } = pair(KEY);
    let terms = RevocationTerms {
        number: 1,
        this_update: start(),
        next_update: start() + DAY * 7,
        revoked: Vec::new(),
    };
    let list = RevocationList::sign(&root.certificate, &root.key, &terms).unwrap();
    let roots = trust([&root]).with_revocation_lists([list]);
    let mut case = case(leaf.identity(&[]), roots, Validator::OpenSsl, start());
    assert_eq!(next_boundary(&case, start()), Some(start() + DAY * 7));
    let mut cache = VerdictCache::new();
    let mut judge = |case: &_| cache.judge(case, || stream("lists"));
    assert_eq!(*judge(&case).0, Verdict::ok());
    case.client.clock = start() + DAY * 7;
    let (stale, is_new) = judge(&case);
    assert!(is_new);
    assert_eq!(stale.openssl_code, Some(12));
    assert_eq!(*stale, handshake_through_tokio(&case, stream("again")));
    case.client.validator = Validator::Rustls;
    let stale = handshake(&case, stream("rustls"));
    assert_eq!(stale.error, Some(ErrorKind::RevocationListExpired));
    assert_eq!(stale.alert, Some("unknown_ca"));
}
