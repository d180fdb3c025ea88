//! The generic consumer's switches, one by one: what goes to disk, what the workload does about it,
//! and what is lost.

use super::super::{Apply, Mode, Serves, surface};
use super::requirer_rules::pair;
use super::*;
use trustsim_interfaces::pem;
use trustsim_interfaces::tls_certificates::Library;

fn profile(change: impl Fn(&mut CertificatesProfile)) -> CertificatesProfile {
    let mut profile = certificates_profile(Mode::Unit);
    change(&mut profile);
    profile
}

/// `tls_relation.py` of canonical/haproxy-operator writes certificate and chain, whose first is the
/// certificate again; vault's access files hold the certificate alone
/// (canonical/vault-k8s-operator 619be7dc5, `vault-package/vault/vault_managers.py`).
#[test]
fn what_is_served_is_the_profiles() {
    for (serves, length) in [
        (Serves::Chain, 2),
        (Serves::LeafFirst, 2),
        (Serves::LeafAndChain, 3),
        (Serves::Leaf, 1),
    ] {
        let pair = pair(profile(|profile| profile.serves = serves), 1);
        let chain = pair.served(0).expect("it is served");
        assert_eq!(chain.len(), length, "{serves:?}");
        assert!(!chain[0].is_ca());
        if serves == Serves::LeafAndChain {
            assert_eq!(chain[0], chain[1]);
        }
    }
}

/// Go reads a server's certificate again where the program watches the file, and the system's roots
/// once for each process: a CA that comes with the certificate waits for a restart.
#[test]
fn a_ca_may_wait_for_a_restart_while_the_certificate_does_not() {
    for (apply_ca, is_known) in [(None, true), (Some(Apply::None), false)] {
        let mut pair = pair(
            profile(|profile| {
                profile.apply = Apply::Reload;
                profile.apply_ca = apply_ca;
            }),
            1,
        );
        let before = pair.served(0).expect("it is served");
        let web = pair.stage.unit(pair.web, 0);
        pair.stage
            .act(pair.stage.unit(pair.ca, 0), "rotate-private-key");
        pair.stage.run_for(700);
        let after = pair.served(0).expect("it is served");
        assert_ne!(before[0], after[0], "the certificate is new either way");
        let loaded = &pair.stage.juju.unit(web).workload.loaded;
        let trusted = surface::trusted(loaded).next().map(pem::chain);
        let trusts = |ca: &trustsim_pki::Certificate| {
            trusted.as_ref().is_some_and(|chain| {
                chain
                    .as_ref()
                    .as_ref()
                    .is_ok_and(|chain| chain.contains(ca))
            })
        };
        assert_eq!(trusts(&after[1]), is_known);
        // It lies on disk; only the process has not read it.
        let path = surface::trust_path("certificates");
        let on_disk = pem::chain(pair.stage.file(web, &path).expect("it is there"));
        assert_eq!(on_disk.as_ref().as_ref().map(Vec::len), Ok(1));
    }
}

/// A replaced pod has an empty disk. canonical/traefik-k8s-operator issues 436 and 671: a charm that
/// does not write its files again when its container starts serves and trusts nothing until the next
/// event of the relation.
#[test]
fn files_go_with_the_pod_and_come_back_if_the_charm_writes_them_again() {
    for restores in [true, false] {
        let mut charm = consumer(profile(|profile| profile.restores = restores));
        charm.containers = vec!["web".to_owned()];
        let library = LibraryProfile::Certificates(Library::V4Patch30);
        charm = with_library(charm, "certificates", library);
        let trust = TrustProfile {
            restores,
            ..TrustProfile::default()
        };
        charm.endpoints[1].profile = Some(EndpointProfile::ReceivesCa(trust));
        let mut stage = Stage::new(5, true, false);
        let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
        let web = stage.deploy("web", &charm, &[], 1);
        stage.run_for(30);
        stage.integrate((ca, "certificates"), (web, "certificates"));
        stage.integrate((ca, "send-ca-cert"), (web, "receive-ca-cert"));
        stage.run_for(700);
        let unit = stage.unit(web, 0);
        let counts = |stage: &Stage| {
            let files = &stage.juju.unit(unit).workload.loaded;
            (
                surface::served(files).len(),
                surface::trusted(files).count(),
            )
        };
        assert_eq!(counts(&stage), (1, 2));
        stage.restart_pod(unit);
        stage.run_for(1);
        stage.run_for(900);
        let expected = if restores { (1, 2) } else { (0, 0) };
        assert_eq!(counts(&stage), expected, "restores: {restores}");
        stage.run_for(86 * 86_400);
        // The renewal brings certificate and CA back; the transferred CA has nothing to bring it.
        let expected = if restores { (1, 2) } else { (1, 1) };
        assert_eq!(counts(&stage), expected, "restores: {restores}");
    }
}
