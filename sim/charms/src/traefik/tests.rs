//! The traps of traefik-k8s.

use super::super::surface::{self, chain_path, trust_path};
use super::super::tests::{Stage, self_signed_certificates, traefik};
use super::*;
use trustsim_interfaces::tls_certificates::{LIBID, read_requests};
use trustsim_juju::{ApplicationId, SecretOwner, UnitId};
use trustsim_pki::Certificate;

const DAY_S: u64 = 86_400;
const HOST: &str = "a.example.com";

struct Ingress {
    stage: Stage,
    ca: ApplicationId,
    traefik: ApplicationId,
}

fn ingress(units: u32) -> Ingress {
    stage_with(units, false)
}

fn stage_with(units: u32, every_hook: bool) -> Ingress {
    let mut stage = Stage::new(1, true, every_hook);
    stage.keeps_all = true;
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let options = [("external_hostname", HOST)];
    let traefik = stage.deploy("traefik", &traefik(), &options, units);
    stage.run_for(60);
    Ingress { stage, ca, traefik }
}

impl Ingress {
    fn certify(&mut self) -> RelationId {
        let sides = ((self.ca, "certificates"), (self.traefik, "certificates"));
        let relation = self.stage.integrate(sides.0, sides.1);
        self.stage.run_for(200);
        relation
    }

    fn unit(&self, number: usize) -> UnitId {
        self.stage.unit(self.traefik, number)
    }

    /// Names served by the process.
    fn served(&self, number: usize) -> Vec<String> {
        let files = &self.stage.juju.unit(self.unit(number)).workload.loaded;
        let served = surface::served(files);
        served.iter().map(|files| files.name.to_owned()).collect()
    }

    fn serial(&self, number: usize) -> String {
        let files = &self.stage.juju.unit(self.unit(number)).workload.loaded;
        let chain = pem::chain(files.get(chain_path(CERTIFICATES, HOST).as_str()).unwrap());
        (*chain).clone().unwrap()[0].serial().to_owned()
    }
}

#[test]
fn without_a_certificate_it_serves_one_that_no_client_trusts() {
    let ingress = ingress(1);
    assert_eq!(ingress.served(0), ["default"]);
    let files = &ingress.stage.juju.unit(ingress.unit(0)).workload.loaded;
    let chain = pem::chain(surface::served(files)[0].chain);
    let certificate: Certificate = (*chain).clone().unwrap()[0].clone();
    assert_eq!(
        certificate.subject_common_name(),
        Some("TRAEFIK DEFAULT CERT")
    );
    assert!(!certificate.is_ca() && certificate.is_self_issued());
}

/// The entry point for TLS is there without a certificate: canonical/traefik-k8s-operator rev109 `src/charm.py` 362,
/// rev166 `src/traefik.py` 210, rev236 262, rev250 314.
#[test]
fn earlier_revisions_serve_that_certificate_too() {
    for revision in [109, 166, 236, 250, 280] {
        let pinned = crate::Pinned {
            revision: Some(revision),
            ..crate::Pinned::default()
        };
        let known = crate::known_charm("traefik-k8s", pinned).expect("it is known");
        let mut stage = Stage::new(1, true, false);
        stage.keeps_all = true;
        let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
        let traefik = stage.deploy("traefik", &known.metadata, &[], 1);
        stage.run_for(60);
        let mut ingress = Ingress { stage, ca, traefik };
        let is_default = |ingress: &Ingress| ingress.served(0) == ["default"];
        assert!(is_default(&ingress), "{revision}");
        let relation = ingress.certify();
        assert_eq!(ingress.served(0).len(), 1, "{revision}");
        assert!(!is_default(&ingress), "{revision}");
        ingress.stage.remove_relation(relation);
        ingress.stage.run_for(200);
        assert!(is_default(&ingress), "{revision}");
    }
}

#[test]
fn the_leader_asks_and_every_unit_serves() {
    let mut ingress = ingress(3);
    let relation = ingress.certify();
    let bag = ingress.stage.application_bag(relation, ingress.traefik);
    let asked = read_requests(&bag).unwrap();
    assert_eq!(asked.entries.len(), 1);
    assert_eq!(asked.entries[0].request.attributes().sans_dns, [HOST]);
    for number in 0..3 {
        assert_eq!(ingress.served(number), [HOST], "unit {number}");
        assert_eq!(ingress.serial(number), ingress.serial(0));
        let trust = trust_path(&format!("certificates-{HOST}"));
        assert!(ingress.stage.file(ingress.unit(number), &trust).is_some());
    }
}

/// Once the key is shared, the library is given that one, removes its own, and an heir goes on
/// with it.
#[test]
fn the_shared_key_outlives_the_leader_and_the_relation() {
    let mut ingress = ingress(2);
    let relation = ingress.certify();
    let labels = |ingress: &Ingress| -> Vec<String> {
        let owner = SecretOwner::Application(ingress.traefik);
        let owned = ingress.stage.juju.secrets_of(owner);
        owned
            .map(|id| ingress.stage.juju.secret(id).label.to_string())
            .collect()
    };
    ingress.stage.set_config(ingress.traefik, "other", "x");
    ingress.stage.run_for(30);
    assert_eq!(
        labels(&ingress),
        ["tls-key"],
        "{LIBID}-private-key-certificates is gone"
    );
    let request = |ingress: &Ingress, relation| {
        let bag = ingress.stage.application_bag(relation, ingress.traefik);
        read_requests(&bag).unwrap().entries[0].request.clone()
    };
    let before = request(&ingress, relation);
    let heir = ingress.unit(1);
    ingress.stage.give_leadership(ingress.traefik, heir);
    ingress.stage.run_for(60);
    assert_eq!(request(&ingress, relation), before);
    ingress.stage.remove_relation(relation);
    ingress.stage.run_for(60);
    assert_eq!(ingress.served(0), ["default"], "TLS is off for every unit");
    assert_eq!(ingress.served(1), ["default"]);
    let again = ingress.certify();
    assert_ne!(request(&ingress, again), before);
    assert_eq!(request(&ingress, again).spki_der(), before.spki_der());
}

/// The library of this charm does not observe leader-elected, and keeps certificates in secrets
/// of the unit: an heir without any later event never renews.
#[test]
fn an_heir_that_hears_nothing_does_not_renew() {
    let mut ingress = ingress(2);
    ingress.certify();
    let before = ingress.serial(0);
    let heir = ingress.unit(1);
    ingress.stage.give_leadership(ingress.traefik, heir);
    ingress.stage.run_for(89 * DAY_S);
    assert_eq!(ingress.serial(0), before);
    assert_eq!(ingress.serial(1), before);
}

#[test]
fn a_renewal_restarts_every_unit_with_the_new_certificate() {
    let mut ingress = ingress(2);
    ingress.certify();
    let before = ingress.serial(0);
    ingress.stage.run_for(82 * DAY_S);
    assert_ne!(ingress.serial(0), before);
    assert_eq!(ingress.serial(0), ingress.serial(1));
}

/// `update_cert_configuration` deletes what is not assigned now, though it is good for days.
#[test]
fn an_event_in_the_gap_of_a_renewal_deletes_the_files() {
    let mut ingress = ingress(1);
    let relation = ingress.certify();
    assert_eq!(ingress.served(0), [HOST]);
    // The provider stops answering: its configuration is not valid any more.
    ingress
        .stage
        .set_config(ingress.ca, "root-ca-validity", "10d");
    ingress.stage.run_for(82 * DAY_S);
    assert_eq!(
        ingress.served(0),
        [HOST],
        "the renewal was asked for, the files are left"
    );
    let bag = ingress.stage.application_bag(relation, ingress.ca);
    assert!(bag.get("certificates").is_none());
    ingress.stage.set_config(ingress.traefik, "other", "x");
    ingress.stage.run_for(30);
    assert_eq!(ingress.served(0), ["default"]);
    ingress
        .stage
        .set_config(ingress.ca, "root-ca-validity", "365d");
    ingress.stage.run_for(700);
    assert_eq!(ingress.served(0), [HOST]);
}

/// Each CA of a set is written to the same file.
#[test]
fn of_two_received_cas_one_survives() {
    let mut ingress = ingress(1);
    let sides = (
        (ingress.ca, "send-ca-cert"),
        (ingress.traefik, "receive-ca-cert"),
    );
    let relation = ingress.stage.integrate(sides.0, sides.1);
    ingress.stage.run_for(400);
    let number = ingress.stage.juju.relation(relation).number;
    let path = trust_path(&format!("receive-ca-cert-{number}"));
    let trusted = |ingress: &Ingress| {
        let value = ingress.stage.file(ingress.unit(0), &path).cloned();
        value.map(|value| (*pem::chain(&value)).clone().unwrap())
    };
    assert_eq!(trusted(&ingress).unwrap().len(), 1);
    ingress
        .stage
        .set_config(ingress.ca, "ca-common-name", "new");
    ingress.stage.run_for(700);
    let bag = ingress.stage.application_bag(relation, ingress.ca);
    let sent: Vec<String> = serde_json::from_str(bag.get("certificates").unwrap().text()).unwrap();
    assert_eq!(sent.len(), 2);
    let kept = trusted(&ingress).unwrap();
    assert_eq!(kept.len(), 1);
    assert!(sent.iter().any(|text| text == kept[0].pem()));
    ingress.stage.remove_relation(relation);
    ingress.stage.run_for(30);
    assert!(trusted(&ingress).is_none());
}

/// `_on_traefik_pebble_ready` of `src/charm.py` configures and pushes what was received: a replaced
/// pod serves and trusts as before (issue 671 was what came of it when it did not).
#[test]
fn a_replaced_pod_gets_certificates_and_received_cas_again() {
    let mut ingress = ingress(2);
    ingress.certify();
    let sides = (
        (ingress.ca, "send-ca-cert"),
        (ingress.traefik, "receive-ca-cert"),
    );
    ingress.stage.integrate(sides.0, sides.1);
    ingress.stage.run_for(400);
    let state = |ingress: &Ingress, number| {
        let files = &ingress
            .stage
            .juju
            .unit(ingress.unit(number))
            .workload
            .loaded;
        (ingress.served(number), surface::trusted(files).count())
    };
    for number in [0, 1] {
        let before = state(&ingress, number);
        assert_eq!(before, (vec![HOST.to_owned()], 2), "unit {number}");
        let unit = ingress.unit(number);
        ingress.stage.restart_pod(unit);
        ingress.stage.run_for(60);
        assert_eq!(state(&ingress, number), before, "unit {number}");
    }
}

#[test]
fn every_change_of_the_received_set_restarts_it() {
    let mut ingress = ingress(1);
    let sides = (
        (ingress.ca, "send-ca-cert"),
        (ingress.traefik, "receive-ca-cert"),
    );
    ingress.stage.integrate(sides.0, sides.1);
    ingress.stage.run_for(400);
    let generation =
        |ingress: &Ingress| ingress.stage.juju.unit(ingress.unit(0)).workload.generation;
    let before = generation(&ingress);
    ingress
        .stage
        .set_config(ingress.ca, "ca-common-name", "new");
    ingress.stage.run_for(700);
    assert!(generation(&ingress) > before);
}

#[test]
fn elided_hooks_would_have_done_nothing() {
    let play = |every_hook| {
        let mut ingress = stage_with(2, every_hook);
        ingress.stage.keeps_all = false;
        let options = [("certificate-validity", "2d"), ("root-ca-validity", "6d")];
        for (option, value) in options {
            ingress.stage.set_config(ingress.ca, option, value);
        }
        ingress.certify();
        let sides = (
            (ingress.ca, "send-ca-cert"),
            (ingress.traefik, "receive-ca-cert"),
        );
        ingress.stage.integrate(sides.0, sides.1);
        ingress.stage.run_for(3 * DAY_S);
        let heir = ingress.unit(1);
        ingress.stage.give_leadership(ingress.traefik, heir);
        ingress.stage.run_for(7 * DAY_S);
        let writes: Vec<String> = ingress
            .stage
            .played
            .iter()
            .map(|played| format!("{} {} {:?}", played.at, played.hook.kind(), played.changed))
            .collect();
        let files: Vec<_> = (0..2)
            .map(|number| {
                ingress
                    .stage
                    .juju
                    .unit(ingress.unit(number))
                    .workload
                    .loaded
                    .clone()
            })
            .collect();
        (writes, files)
    };
    let (elided, every) = (play(false), play(true));
    assert!(elided.0.len() > 10);
    assert_eq!(elided.0, every.0);
    assert_eq!(elided.1, every.1);
}
