//! Chains that a scenario declares.

use super::super::surface;
use super::super::tests::{Stage, certificates_profile, consumer, declared};
use super::super::{DeclaredAuthority, Mode, Transfers};
use super::*;
use crate::interfaces::pem;
use crate::pki::Certificate;

const DAY: Span = Span::from_secs(86_400);

fn profile() -> IssuerProfile {
    let authority = |name: &str| DeclaredAuthority {
        common_name: name.to_owned(),
        validity: DAY * 3650,
    };
    IssuerProfile {
        chain: vec![authority("root"), authority("middle"), authority("issuer")],
        leaf_validity: DAY * 90,
        chain_includes_root: false,
        transfers: Transfers::Root,
        ca_is_root: true,
        leaf_purposes: Vec::new(),
    }
}

/// What a consumer serves, and what it trusts by transfer.
fn play(profile: IssuerProfile) -> (Vec<Certificate>, Vec<Certificate>) {
    let mut stage = Stage::new(1, true, false);
    let ca = stage.deploy("tls", &declared(profile), &[], 1);
    let profile = super::super::CertificatesProfile {
        trusts_ca: false,
        ..certificates_profile(Mode::Unit)
    };
    let web = stage.deploy("web", &consumer(profile), &[], 1);
    stage.run_for(30);
    stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.integrate((ca, "send-ca-cert"), (web, "receive-ca-cert"));
    stage.run_for(400);
    let files = &stage.juju.unit(stage.unit(web, 0)).workload.loaded;
    let served = pem::chain(surface::served(files)[0].chain);
    let trusted = surface::trusted(files).map(|value| (*pem::chain(value)).clone().unwrap());
    ((*served).clone().unwrap(), trusted.flatten().collect())
}

fn names(chain: &[Certificate]) -> Vec<&str> {
    chain
        .iter()
        .filter_map(Certificate::subject_common_name)
        .collect()
}

#[test]
fn leafs_come_with_the_chain_below_the_root_and_the_root_is_sent() {
    let (served, trusted) = play(profile());
    assert_eq!(names(&served[1..]), ["issuer", "middle"]);
    assert_eq!(names(&trusted), ["root"]);
    let whole: Vec<&Certificate> = served.iter().chain(&trusted).collect();
    for pair in whole.windows(2) {
        assert!(pair[0].verify_issued_by(pair[1]), "{:?}", names(&served));
        assert_eq!(pair[0].issuer_der(), pair[1].subject_der());
    }
    assert!(!served[0].is_ca());
    assert_eq!(
        served[0].not_after().since(served[0].not_before()),
        DAY * 90
    );
}

#[test]
fn the_root_may_come_with_the_chain() {
    let (served, _) = play(IssuerProfile {
        chain_includes_root: true,
        ..profile()
    });
    assert_eq!(names(&served[1..]), ["issuer", "middle", "root"]);
}

#[test]
fn what_is_sent_is_as_declared() {
    for (transfers, sent) in [
        (Transfers::Issuer, vec!["issuer"]),
        (Transfers::All, vec!["issuer", "middle", "root"]),
    ] {
        let (_, trusted) = play(IssuerProfile {
            transfers,
            ..profile()
        });
        let mut found = names(&trusted);
        found.sort_unstable();
        assert_eq!(found, sent);
    }
}

#[test]
fn a_root_alone_signs_leafs_itself() {
    let mut short = profile();
    short.chain.truncate(1);
    let (served, trusted) = play(short);
    assert_eq!(served.len(), 1);
    assert!(served[0].verify_issued_by(&trusted[0]));
}
