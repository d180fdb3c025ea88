//! self-signed-certificates of the track `latest`, rule by rule, as the charm itself did it under `ops[testing]`
//! (canonical/self-signed-certificates-operator 94929bd, branch `latest`).

use super::super::{Mode, catalogue};
use super::*;
use trustsim_interfaces::tls_certificates::{CertificateEntry, read_provider};
use trustsim_juju::Status;
use trustsim_pki::Certificate;

const DAY_S: u64 = 86_400;

struct Pair {
    stage: Stage,
    ca: ApplicationId,
    relation: RelationId,
}

fn pair(options: &[(&str, &str)]) -> Pair {
    let mut stage = Stage::new(5, true, false);
    let charm = &catalogue()["self-signed-certificates-latest"].metadata;
    let ca = stage.deploy("ca", charm, options, 1);
    let web = consumer(certificates_profile(Mode::Unit));
    let web = stage.deploy("web", &web, &[], 1);
    stage.run_for(30);
    let relation = stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.run_for(60);
    Pair {
        stage,
        ca,
        relation,
    }
}

impl Pair {
    fn stored(&self) -> Certificate {
        let unit = self.stage.unit(self.ca, 0);
        let charm = &catalogue()["self-signed-certificates-latest"].metadata;
        let pool = KeyPool::new(&Streams::new(1), 1);
        let code = charm.build(KeyAlgorithm::EcdsaP256, &pool, None);
        let known = code.ca_certificates(&self.stage.context(unit));
        known.into_iter().next().expect("it has a CA")
    }

    fn answer(&self) -> Arc<CertificateEntry> {
        let bag = self.stage.application_bag(self.relation, self.ca);
        let data = read_provider(&bag)
            .expect("it is PEM")
            .expect("it is valid");
        let entries = data.certificates.entries();
        assert_eq!(entries.len(), 1);
        Arc::clone(&entries[0])
    }
}

#[test]
fn the_chain_begins_with_the_ca_and_leaves_live_for_a_year() {
    let pair = pair(&[]);
    let answer = pair.answer();
    let (ca, leaf) = (pair.stored(), &answer.certificate);
    assert_eq!(
        answer.chain.as_deref(),
        Some(&[ca.clone(), leaf.clone()][..])
    );
    assert_eq!(
        leaf.not_after().since(leaf.not_before()).as_secs(),
        365 * DAY_S
    );
    assert_eq!(ca.subject(), "C=US,CN=self-signed-certificates-operator");
}

#[test]
fn the_ca_lives_for_a_year_whatever_is_configured() {
    let pair = pair(&[("root-ca-validity", "3650")]);
    let ca = pair.stored();
    assert_eq!(ca.not_after().since(ca.not_before()).as_secs(), 365 * DAY_S);
}

/// After `secret-expired` and `update-status` the CA was the same, and it signed a leaf that ends after it.
#[test]
fn the_ca_is_never_renewed() {
    let mut pair = pair(&[("certificate-validity", "90")]);
    let (ca, first) = (pair.stored(), pair.answer());
    pair.stage.run_for(400 * DAY_S);
    assert_eq!(pair.stored(), ca);
    assert!(ca.not_after() < pair.stage.now());
    let last = pair.answer();
    assert_ne!(last.certificate, first.certificate);
    assert!(last.certificate.not_after() > ca.not_after());
    assert!(last.certificate.verify_issued_by(&ca));
}

#[test]
fn another_name_makes_a_new_ca_and_revokes_what_the_old_one_signed() {
    let mut pair = pair(&[]);
    let (ca, first) = (pair.stored(), pair.answer());
    pair.stage.set_config(pair.ca, "ca-common-name", "other");
    // Long enough for `config-changed`; what is asked for again waits for the next hook that configures.
    pair.stage.run_for(15);
    assert_ne!(pair.stored(), ca);
    assert!(pair.answer().is_revoked());
    pair.stage.run_for(330);
    let answer = pair.answer();
    assert!(!answer.is_revoked());
    assert_eq!(answer.ca, pair.stored());
    assert_ne!(answer.certificate, first.certificate);
}

#[test]
fn nothing_is_issued_with_a_validity_of_no_days() {
    let mut stage = Stage::new(5, true, false);
    let charm = &catalogue()["self-signed-certificates-latest"].metadata;
    let options = [("certificate-validity", "0"), ("ca-common-name", "")];
    let ca = stage.deploy("ca", charm, &options, 1);
    stage.run_for(60);
    let (status, message) = stage.juju.unit(stage.unit(ca, 0)).status.clone();
    assert_eq!(status, Status::Blocked);
    assert_eq!(
        &*message,
        "The following configuration values are not valid: ['ca-common-name', 'certificate-validity']"
    );
}
