//! Chains that a scenario declares.

use super::super::surface;
use super::super::tests::{Stage, certificates_profile, consumer, declared};
use super::super::{DeclaredAuthority, Mode, Transfers};
use super::*;
use trustsim_interfaces::pem;
use trustsim_pki::Certificate;

const DAY: Span = Span::from_secs(86_400);

fn profile() -> IssuerProfile {
    let authority = |name: &str| DeclaredAuthority {
        common_name: name.to_owned(),
        validity: DAY * 3650,
        ..DeclaredAuthority::default()
    };
    IssuerProfile {
        chain: vec![authority("root"), authority("middle"), authority("issuer")],
        leaf_validity: DAY * 90,
        chain_includes_root: false,
        transfers: Transfers::Root,
        ca_is_root: true,
        leaf_purposes: Vec::new(),
        public: false,
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
fn leaves_come_with_the_chain_below_the_root_and_the_root_is_sent() {
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
fn a_root_alone_signs_leaves_itself() {
    let mut short = profile();
    short.chain.truncate(1);
    let (served, trusted) = play(short);
    assert_eq!(served.len(), 1);
    assert!(served[0].verify_issued_by(&trusted[0]));
}

/// A root alone, with a consumer that trusts by transfer only.
struct Rotated {
    stage: Stage,
    ca: trustsim_juju::ApplicationId,
    web: trustsim_juju::ApplicationId,
}

impl Rotated {
    fn new() -> Self {
        let mut stage = Stage::new(1, true, false);
        let mut short = profile();
        short.chain.truncate(1);
        let ca = stage.deploy("tls", &declared(short), &[], 1);
        let consumes = super::super::CertificatesProfile {
            trusts_ca: false,
            ..certificates_profile(Mode::Unit)
        };
        let web = stage.deploy("web", &consumer(consumes), &[], 2);
        stage.run_for(30);
        stage.integrate((ca, "certificates"), (web, "certificates"));
        stage.integrate((ca, "send-ca-cert"), (web, "receive-ca-cert"));
        stage.run_for(400);
        Self { stage, ca, web }
    }

    fn act(&mut self, action: &str, parameters: &[(&str, &str)]) {
        let parameters = parameters.iter();
        let parameters = parameters.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let leader = self.stage.unit(self.ca, 0);
        self.stage.act_with(leader, action, parameters.collect());
        self.stage.run_for(60);
    }

    fn served(&self, number: usize) -> Vec<Certificate> {
        let unit = self.stage.unit(self.web, number);
        let files = &self.stage.juju.unit(unit).workload.loaded;
        let chain = pem::chain(surface::served(files)[0].chain);
        (*chain).clone().unwrap()
    }

    fn trusted(&self) -> Vec<Certificate> {
        let unit = self.stage.unit(self.web, 0);
        let files = &self.stage.juju.unit(unit).workload.loaded;
        let found = surface::trusted(files).map(|value| (*pem::chain(value)).clone().unwrap());
        found.flatten().collect()
    }
}

#[test]
fn a_rotation_does_one_thing_at_each_step() {
    let mut rotated = Rotated::new();
    let old = rotated.trusted().remove(0);
    rotated.act("prepare", &[]);
    assert_eq!(rotated.trusted().len(), 1, "made, and not handed out");
    rotated.act("distribute", &[]);
    let trusted = rotated.trusted();
    let new = trusted.iter().find(|root| **root != old).expect("both");
    assert_eq!(new.subject_common_name(), Some("root 2"));
    assert!(rotated.served(0)[0].verify_issued_by(&old));
    rotated.act("switch-issuer", &[]);
    assert!(rotated.served(0)[0].verify_issued_by(&old), "not asked yet");
    rotated.act("re-issue", &[("first", "1"), ("count", "1")]);
    assert!(rotated.served(0)[0].verify_issued_by(&old));
    assert!(rotated.served(1)[0].verify_issued_by(new));
    rotated.act("re-issue", &[]);
    assert!(rotated.served(0)[0].verify_issued_by(new));
    rotated.act("withdraw", &[]);
    assert_eq!(rotated.trusted(), std::slice::from_ref(new));
}

#[test]
fn a_bridge_goes_with_what_the_new_root_signs() {
    let mut rotated = Rotated::new();
    let old = rotated.trusted().remove(0);
    rotated.act("prepare", &[]);
    rotated.act("cross-sign", &[]);
    rotated.act("switch-issuer", &[]);
    rotated.act("re-issue", &[]);
    let served = rotated.served(0);
    let [leaf, bridge] = &served[..] else {
        panic!("{:?}", names(&served));
    };
    assert!(leaf.verify_issued_by(bridge) && bridge.verify_issued_by(&old));
    assert_eq!(bridge.not_after(), old.not_after());
    assert_eq!(rotated.trusted(), [old], "nothing was distributed");
}

/// The leaf of either generation verifies under the root of either: the same key and name.
#[test]
fn a_root_with_the_same_key_is_the_same_to_who_compares_keys() {
    let mut rotated = Rotated::new();
    let before = (rotated.trusted().remove(0), rotated.served(0).remove(0));
    rotated.act("prepare", &[("same-key", "true")]);
    rotated.act("distribute", &[]);
    rotated.act("switch-issuer", &[]);
    rotated.act("withdraw", &[]);
    rotated.act("re-issue", &[]);
    let after = (rotated.trusted().remove(0), rotated.served(0).remove(0));
    assert_ne!(before.0, after.0);
    assert_eq!(before.0.subject_der(), after.0.subject_der());
    for leaf in [&before.1, &after.1] {
        assert!(leaf.verify_issued_by(&before.0) && leaf.verify_issued_by(&after.0));
    }
}

#[test]
fn rolled_back_the_old_ca_signs_again() {
    let mut rotated = Rotated::new();
    let old = rotated.trusted().remove(0);
    for action in [
        "prepare",
        "distribute",
        "switch-issuer",
        "re-issue",
        "roll-back",
        "re-issue",
    ] {
        rotated.act(action, &[]);
    }
    assert!(rotated.served(0)[0].verify_issued_by(&old));
    assert_eq!(
        rotated.trusted().len(),
        2,
        "the new one stays until it is withdrawn"
    );
    rotated.act("withdraw", &[]);
    assert_eq!(rotated.trusted(), [old]);
}

#[test]
fn the_same_name_may_stay_with_another_key() {
    let mut rotated = Rotated::new();
    rotated.act("prepare", &[("same-name", "true")]);
    rotated.act("distribute", &[]);
    let trusted = rotated.trusted();
    assert_eq!(trusted[0].subject_der(), trusted[1].subject_der());
    assert_ne!(trusted[0].spki_der(), trusted[1].spki_der());
}

/// Without a new CA there is nothing to distribute, sign with or go back from.
#[test]
fn a_step_without_its_predecessor_changes_nothing() {
    let mut rotated = Rotated::new();
    let before = (rotated.trusted(), rotated.served(0));
    for action in [
        "distribute",
        "cross-sign",
        "switch-issuer",
        "roll-back",
        "withdraw",
    ] {
        rotated.act(action, &[]);
    }
    assert_eq!((rotated.trusted(), rotated.served(0)), before);
}
