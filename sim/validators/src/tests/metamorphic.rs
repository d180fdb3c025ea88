//! What must not change a verdict, on random small PKIs, for every stack: all clocks moved, a root
//! that is not used, a root taken away, the presented issuers in another order.

use super::super::{TrustStore, Validator, Verdict, judge_server};
use super::cross::{RandomPki, draw_at};
use super::make::*;
use trustsim_kernel::{Span, Time};
use trustsim_pki::{Certificate, KeyAlgorithm};

const SEEDS: u32 = 250;

fn drawn(seed: u32, later: Span) -> RandomPki {
    let at = start() + DAY * (seed * 7 % 120) + Span::from_secs(3_600) + later;
    draw_at(20_000 + seed, at, later.as_secs() as i64).0
}

fn judge(drawn: &RandomPki, validator: Validator) -> Verdict {
    judge_server(&drawn.chain, &drawn.roots, drawn.name, drawn.at, validator)
}

/// All that does not name an instant.
fn without_instants(verdict: &Verdict) -> (&'static str, Option<&'static str>, Option<u32>) {
    (verdict.error_name(), verdict.alert, verdict.openssl_code)
}

fn with_roots(drawn: &RandomPki, roots: impl IntoIterator<Item = Certificate>) -> RandomPki {
    RandomPki {
        chain: drawn.chain.clone(),
        roots: roots.into_iter().collect(),
        name: drawn.name,
        at: drawn.at,
    }
}

/// Every PKI with every stack.
fn each(mut check: impl FnMut(u32, &RandomPki, Validator)) {
    for seed in 0..SEEDS {
        let drawn = drawn(seed, Span::ZERO);
        for validator in Validator::ALL {
            check(seed, &drawn, validator);
        }
    }
}

#[test]
fn moving_all_clocks_changes_nothing() {
    for later in [1, 86_399, 40_000_007, 800_000_000].map(Span::from_secs) {
        for seed in 0..SEEDS / 4 {
            let (here, there) = (drawn(seed, Span::ZERO), drawn(seed, later));
            for validator in Validator::ALL {
                assert_eq!(
                    without_instants(&judge(&here, validator)),
                    without_instants(&judge(&there, validator)),
                    "{seed} {validator} {later:?} later"
                );
            }
        }
    }
}

#[test]
fn a_root_that_nobody_uses_makes_nothing_worse() {
    let unrelated = self_signed(
        authority("unrelated", 300),
        key(KeyAlgorithm::EcdsaP256, "unrelated"),
    );
    let mut good = 0;
    each(|seed, drawn, validator| {
        if !judge(drawn, validator).is_ok() {
            return;
        }
        good += 1;
        let own = || drawn.roots.roots().cloned();
        let more = [unrelated.certificate.clone()];
        for roots in [
            own().chain(more.clone()).collect::<Vec<_>>(),
            more.iter().cloned().chain(own()).collect(),
        ] {
            let verdict = judge(&with_roots(drawn, roots), validator);
            assert!(
                verdict.is_ok(),
                "{seed} {validator}: {}",
                verdict.error_name()
            );
        }
    });
    assert!(good > 300, "only {good} good cases");
}

/// OpenSSL builds one path and never goes back (`build_chain`, `crypto/x509/x509_vfy.c`): a root it
/// would rather take, and then refuse, keeps another from being found. The stacks that go back are
/// never better off with less.
#[test]
fn a_root_taken_away_makes_nothing_better() {
    let (mut refused, mut in_the_way) = (0, 0);
    each(|seed, drawn, validator| {
        if judge(drawn, validator).is_ok() {
            return;
        }
        for gone in drawn.roots.roots() {
            refused += 1;
            let rest = drawn.roots.roots().filter(|root| *root != gone).cloned();
            let verdict = judge(&with_roots(drawn, rest), validator);
            if !verdict.is_ok() {
                continue;
            }
            let goes_back = matches!(
                validator,
                Validator::Rustls | Validator::Go | Validator::Java
            );
            assert!(!goes_back, "{seed} {validator} is better without {gone:?}");
            in_the_way += 1;
        }
    });
    assert!(refused > 300, "only {refused} refusals");
    assert!(in_the_way * 50 < refused, "{in_the_way} of {refused}");
}

/// The leaf stays first. Java takes a path as it was sent, so that what it says of a
/// broken one may change; what it takes does not.
#[test]
fn issuers_in_another_order_change_nothing() {
    let mut permuted = 0;
    each(|seed, drawn, validator| {
        let [leaf, rest @ ..] = drawn.chain.as_slice() else {
            return;
        };
        if rest.len() < 2 {
            return;
        }
        let before = judge(drawn, validator);
        for turn in 1..rest.len() {
            let mut issuers = rest.to_vec();
            issuers.rotate_left(turn);
            for reversed in [false, true] {
                if reversed {
                    issuers.reverse();
                }
                permuted += 1;
                let chain = std::iter::once(leaf.clone()).chain(issuers.iter().cloned());
                let other = RandomPki {
                    chain: chain.collect(),
                    roots: drawn.roots.clone(),
                    name: drawn.name,
                    at: drawn.at,
                };
                let after = judge(&other, validator);
                match validator {
                    Validator::Java => assert_eq!(after.is_ok(), before.is_ok(), "{seed}"),
                    _ => assert_eq!(
                        without_instants(&after),
                        without_instants(&before),
                        "{seed} {validator}"
                    ),
                }
            }
        }
    });
    assert!(permuted > 500, "only {permuted} permutations");
}

/// The exception that is known: webpki tries every root of a name, a hundred signatures at most
/// (rustls-webpki 0.103 `verify_cert.rs`, `Budget`).
#[test]
fn a_hundred_roots_of_the_same_name_make_rustls_worse() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    let namesakes = |count: usize| -> TrustStore {
        let made = (0..count).map(|index| {
            let key = key(KeyAlgorithm::EcdsaP256, &format!("namesake {index}"));
            self_signed(authority("root", 300), key).certificate
        });
        made.chain([root.certificate.clone()]).collect()
    };
    let at: Time = start() + DAY;
    let chain = [leaf.certificate.clone()];
    for (count, rustls_takes_it) in [(50, true), (120, false)] {
        let roots = namesakes(count);
        for validator in Validator::ALL {
            let verdict = judge_server(&chain, &roots, NAME, at, validator);
            let expected = validator != Validator::Rustls || rustls_takes_it;
            assert_eq!(
                verdict.is_ok(),
                expected,
                "{count} {validator}: {verdict:?}"
            );
        }
    }
}
