//! What the provider's side of the library and self-signed-certificates do, rule by rule.

use super::super::Mode;
use super::requirer_rules::pair;
use super::*;
use trustsim_interfaces::tls_certificates::{
    Answer, CAPABILITIES, Capabilities, CertificateList, Provider,
};
use trustsim_juju::Status;
use trustsim_pki::Certificate;

const DAY_S: u64 = 86_400;

#[test]
fn the_answer_to_a_unit_that_left_is_taken_back_by_the_next_update_status() {
    let mut pair = pair(certificates_profile(Mode::Unit), 2);
    assert_eq!(pair.answers().len(), 2);
    let gone = pair.stage.unit(pair.web, 1);
    let host = &mut TestHost(&mut pair.stage.agenda, false);
    pair.stage
        .juju
        .relations_mut()
        .remove_unit(gone, None, host);
    pair.stage.run_for(20);
    assert_eq!(pair.answers().len(), 2, "relation-departed is not observed");
    pair.stage.run_for(400);
    assert_eq!(pair.answers().len(), 1);
}

#[test]
fn the_limit_is_a_batch_size() {
    let mut stage = Stage::new(1, true, false);
    stage.keeps_all = true;
    let options = [("certificate-limit", "1"), ("root-ca-validity", "10d")];
    let ca = stage.deploy("ca", &self_signed_certificates(), &options, 1);
    let web = stage.deploy("web", &consumer(certificates_profile(Mode::Unit)), &[], 3);
    stage.run_for(30);
    // The CA's configuration is not valid: nothing is signed before all have asked.
    let relation = stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.run_for(60);
    stage.set_config(ca, "root-ca-validity", "365d");
    stage.run_for(3);
    stage.played.clear();
    stage.run_for(1_500);
    let provider = stage.unit(ca, 0);
    let writes = stage.played.iter().filter(|played| played.unit == provider);
    let writes: Vec<usize> = writes
        .filter(|played| !played.changed.is_empty())
        .map(|played| {
            let data = trustsim_interfaces::tls_certificates::read_provider(&played.changed[0].2);
            data.unwrap().unwrap().certificates.entries().len()
        })
        .collect();
    assert_eq!(writes, [1, 2, 3]);
    assert_eq!(stage.application_bag(relation, ca).iter().count(), 1);
}

#[test]
fn capabilities_are_published_and_taken_back() {
    let mut pair = pair(certificates_profile(Mode::Unit), 1);
    let ca = pair.stage.unit(pair.ca, 0);
    pair.stunt(ca, |unit| {
        let mut provider = Provider::new("certificates");
        provider.capabilities = Some(Capabilities {
            supports_ip_sans: Some(false),
            allowed_domains: Some(vec!["mydomain.com".to_owned()]),
            provider_type: Some("acme".to_owned()),
            ..Capabilities::default()
        });
        provider.on_hook(&Hook::UpdateStatus, unit)
    });
    let bag = pair.stage.application_bag(pair.relation, pair.ca);
    assert_eq!(
        bag.get(CAPABILITIES).expect("published").text(),
        r#"{"supports_ip_sans": false, "allowed_domains": ["mydomain.com"], "provider_type": "acme"}"#
    );
    assert_eq!(pair.answers().len(), 1, "certificates stay");
    pair.stage.run_for(400);
    let bag = pair.stage.application_bag(pair.relation, pair.ca);
    assert!(
        bag.get(CAPABILITIES).is_none(),
        "the charm itself says nothing"
    );
}

#[test]
fn an_empty_chain_is_an_index_error() {
    let mut pair = pair(certificates_profile(Mode::Unit), 1);
    let ca = pair.stage.unit(pair.ca, 0);
    pair.stunt(ca, |unit| {
        let provider = Provider::new("certificates");
        let entry = provider.issued(unit)?[0].clone();
        let answer = Answer {
            request: entry.request.clone(),
            certificate: entry.certificate.clone(),
            ca: entry.ca.clone(),
            chain: Vec::new(),
        };
        let relation = unit.relations("certificates")[0];
        let refused = provider.set_certificates(unit, relation, vec![answer]);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "uncaught exception: IndexError: list index out of range"
        );
        Ok(())
    });
}

#[test]
fn a_unit_that_does_not_lead_takes_everything_for_outstanding_and_writes_nothing() {
    let mut stage = Stage::new(1, true, false);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 2);
    let web = stage.deploy("web", &consumer(certificates_profile(Mode::Unit)), &[], 1);
    stage.stunts.insert("look", |unit| {
        let provider = Provider::new("certificates");
        assert!(!unit.is_leader());
        assert_eq!(provider.outstanding(unit)?.len(), 1);
        // To write the application's databag would be refused.
        provider.on_hook(&Hook::UpdateStatus, unit)
    });
    stage.run_for(30);
    stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.run_for(60);
    let minion = stage.unit(ca, 1);
    stage.act(minion, "look");
    stage.run_for(10);
    let (status, message) = stage.juju.unit(minion).status.clone();
    assert_eq!(status, Status::Blocked);
    assert_eq!(&*message, "Scaling is not implemented for this charm");
}

#[test]
fn invalid_configuration_blocks_and_stops_issuing() {
    let mut stage = Stage::new(1, true, false);
    let options = [("root-ca-validity", "100d")];
    let ca = stage.deploy("ca", &self_signed_certificates(), &options, 1);
    stage.run_for(60);
    let unit = stage.unit(ca, 0);
    let (status, message) = stage.juju.unit(unit).status.clone();
    assert_eq!(status, Status::Blocked);
    assert_eq!(
        &*message,
        "The following configuration values are not valid: \
         ['certificate-validity', 'root-ca-validity']"
    );
    assert!(stage.notes.is_empty());
}

/// canonical/self-signed-certificates-operator `_configure`: nothing of a new CA is published by
/// the hook that makes it.
#[test]
fn a_rotation_revokes_first_and_publishes_with_the_next_update_status() {
    let mut stage = Stage::new(1, true, false);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let web = stage.deploy("web", &consumer(certificates_profile(Mode::Unit)), &[], 1);
    stage.run_for(30);
    stage.integrate((ca, "certificates"), (web, "certificates"));
    let sent = stage.integrate((ca, "send-ca-cert"), (web, "receive-ca-cert"));
    stage.run_for(60);
    stage.played.clear();
    stage.act(stage.unit(ca, 0), "rotate-private-key");
    stage.run_for(600);
    let provider = stage.unit(ca, 0);
    let writes = stage.played.iter().filter(|played| played.unit == provider);
    let kinds: Vec<&str> = writes.map(|played| played.hook.kind()).collect();
    assert_eq!(kinds, ["action", "update-status"]);
    let bag = stage.application_bag(sent, ca);
    let sent: Vec<String> = serde_json::from_str(bag.get("certificates").unwrap().text()).unwrap();
    assert_eq!(sent.len(), 2, "the old CA stays for ever");
    let results: Vec<&str> = stage
        .notes
        .iter()
        .filter(|note| note.2 == "action-result")
        .map(|note| note.3.as_str())
        .collect();
    assert_eq!(
        results,
        ["New private key and CA certificate generated and stored."]
    );
}

#[test]
fn leaf_validity_is_not_compared_but_moves_the_next_threshold() {
    let mut pair = pair(certificates_profile(Mode::Unit), 1);
    pair.stage
        .set_config(pair.ca, "certificate-validity", "30d");
    pair.stage.run_for(700);
    assert!(!pair.answers()[0].is_revoked());
    let roots = pair.stage.notes.iter().filter(|note| {
        note.2 == "certificate-issued" && Certificate::from_pem(&note.3).unwrap().is_ca()
    });
    assert_eq!(roots.count(), 1);
}

/// `--every-hook` against elided hooks: the same certificates, the same writes.
#[test]
fn elided_hooks_would_have_done_nothing() {
    let play = |every_hook| {
        let mut stage = Stage::new(3, true, every_hook);
        let options = [("root-ca-validity", "12d"), ("certificate-validity", "4d")];
        let ca = stage.deploy("ca", &self_signed_certificates(), &options, 1);
        let charm = consumer(certificates_profile(Mode::App));
        let web = stage.deploy("web", &charm, &[], 2);
        stage.run_for(30);
        stage.integrate((ca, "certificates"), (web, "certificates"));
        stage.integrate((ca, "send-ca-cert"), (web, "receive-ca-cert"));
        stage.run_for(5 * DAY_S);
        stage.set_config(ca, "ca-common-name", "other");
        stage.run_for(5 * DAY_S);
        stage.act(stage.unit(ca, 0), "rotate-private-key");
        stage.run_for(20 * DAY_S);
        let writes: Vec<String> = stage
            .played
            .iter()
            .map(|played| format!("{} {} {:?}", played.at, played.hook.kind(), played.changed))
            .collect();
        let files: Vec<_> = (0..2)
            .map(|number| {
                stage
                    .juju
                    .unit(stage.unit(web, number))
                    .workload
                    .loaded
                    .clone()
            })
            .collect();
        (writes, files)
    };
    let (elided, every) = (play(false), play(true));
    assert!(elided.0.len() > 20);
    for (left, right) in elided.0.iter().zip(&every.0) {
        assert_eq!(left, right);
    }
    assert_eq!(elided.0.len(), every.0.len());
    assert_eq!(elided.1, every.1);
}

#[test]
fn a_hundred_requirers_are_answered_in_one_list() {
    let mut pair = pair(certificates_profile(Mode::Unit), 100);
    pair.stage.run_for(600);
    assert_eq!(pair.answers().len(), 100);
    let bag = pair.stage.application_bag(pair.relation, pair.ca);
    let value = bag.get("certificates").unwrap();
    let parsed: Arc<CertificateList> = value.parsed(|_| unreachable!("the writer hands it over"));
    let again = Value::from(value.text());
    let read: Bag = [("certificates", again)].into_iter().collect();
    let read = trustsim_interfaces::tls_certificates::read_provider(&read)
        .unwrap()
        .unwrap();
    for (left, right) in parsed.entries().iter().zip(read.certificates.entries()) {
        assert_eq!(left.certificate, right.certificate);
        assert_eq!(left.request, right.request);
        assert_eq!(left.chain, right.chain);
    }
    let text = CertificateList::new(read.certificates.entries().to_vec())
        .into_value()
        .unwrap();
    assert_eq!(text.text(), value.text());
}
