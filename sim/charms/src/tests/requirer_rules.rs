//! What canonical/charmlibs `interfaces/tls-certificates` does on the requirer's side, rule by
//! rule, seen from outside.

use super::super::surface::{chain_path, key_path};
use super::super::{Apply, Mode, surface};
use super::*;
use trustsim_interfaces::notes::RefusalKind;
use trustsim_interfaces::pem;
use trustsim_interfaces::tls_certificates::{
    CERTIFICATES, ErrorCode, LIBID, Library, Provider, REQUESTS, RequestError, read_provider,
    read_requests,
};
use trustsim_juju::Status;
use trustsim_pki::{Certificate, CertificateRequest};

const DAY_S: u64 = 86_400;

pub(super) struct Pair {
    pub stage: Stage,
    pub ca: ApplicationId,
    pub web: ApplicationId,
    pub relation: RelationId,
}

/// One CA and its consumer, related and settled.
pub(super) fn pair(profile: CertificatesProfile, units: u32) -> Pair {
    pair_with(profile, Library::Current, units)
}

/// The same where the consumer carries this library.
pub(super) fn pair_with(profile: CertificatesProfile, library: Library, units: u32) -> Pair {
    let mut stage = Stage::new(1, true, false);
    stage.keeps_all = true;
    let library = LibraryProfile::Certificates(library);
    let charm = with_library(consumer(profile), "certificates", library);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let web = stage.deploy("web", &charm, &[], units);
    stage.run_for(30);
    let relation = stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.run_for(120);
    Pair {
        stage,
        ca,
        web,
        relation,
    }
}

fn unit_pair() -> Pair {
    pair(certificates_profile(Mode::Unit), 1)
}

impl Pair {
    fn request(&self) -> CertificateRequest {
        let bag = self
            .stage
            .unit_bag(self.relation, self.stage.unit(self.web, 0));
        read_requests(&bag).unwrap().entries[0].request.clone()
    }

    pub(super) fn answers(
        &self,
    ) -> Vec<Arc<trustsim_interfaces::tls_certificates::CertificateEntry>> {
        let bag = self.stage.application_bag(self.relation, self.ca);
        let data = read_provider(&bag).unwrap().expect("it is valid");
        data.certificates.entries().to_vec()
    }

    pub(super) fn served(&self, number: usize) -> Option<Vec<Certificate>> {
        let files = &self
            .stage
            .juju
            .unit(self.stage.unit(self.web, number))
            .workload
            .loaded;
        let served = surface::served(files);
        let chain = pem::chain(served.first()?.chain);
        Some((*chain).clone().expect("it is PEM"))
    }

    fn labels(&self) -> Vec<String> {
        let unit = self.stage.unit(self.web, 0);
        let owned = self.stage.juju.secrets_of(SecretOwner::Unit(unit));
        owned
            .map(|id| self.stage.juju.secret(id).label.to_string())
            .collect()
    }

    /// Runs `stunt` as an action of this unit.
    pub(super) fn stunt(&mut self, unit: UnitId, stunt: Stunt) {
        self.stage.stunts.insert("stunt", stunt);
        self.stage.act(unit, "stunt");
        self.stage.run_for(30);
    }
}

#[test]
fn a_certificate_is_kept_in_a_secret_that_expires_at_nine_tenths_of_what_is_left() {
    let pair = unit_pair();
    let answer = &pair.answers()[0];
    let digest = pair.request().sha256_hex();
    assert_eq!(
        pair.labels(),
        [
            format!("{LIBID}-certificate-0-certificates-{digest}"),
            format!("{LIBID}-private-key-0-certificates"),
        ]
    );
    let unit = pair.stage.unit(pair.web, 0);
    let expire = pair.stage.juju.secrets_of(SecretOwner::Unit(unit));
    let expire = expire
        .filter_map(|id| pair.stage.juju.secret(id).expire)
        .next();
    let (from, until) = (
        answer.certificate.not_before(),
        answer.certificate.not_after(),
    );
    let whole = until.since(from).as_secs();
    let at = expire.expect("it expires").since(from).as_secs();
    // From its arrival some seconds later, not from its beginning.
    assert!(
        (whole * 9 / 10..whole * 9 / 10 + 10).contains(&at),
        "{at} of {whole}"
    );
}

/// The library clears a bag before it writes it.
#[test]
fn the_addresses_of_the_unit_go_with_its_first_request() {
    let pair = unit_pair();
    let bag = pair
        .stage
        .unit_bag(pair.relation, pair.stage.unit(pair.web, 0));
    let keys: Vec<&str> = bag.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [REQUESTS]);
    let text = bag.get(REQUESTS).unwrap().text();
    let escaped = pair.request().pem().replace('\n', "\\n");
    let expected = format!("[{{\"certificate_signing_request\": \"{escaped}\", \"ca\": false}}]");
    assert_eq!(text, expected);
}

#[test]
fn a_renewal_is_a_new_request_with_the_old_key() {
    let mut pair = unit_pair();
    let (before, served) = (pair.request(), pair.served(0).unwrap());
    pair.stage.run_for(82 * DAY_S);
    let after = pair.request();
    assert_ne!(before, after);
    assert_eq!(before.spki_der(), after.spki_der());
    let identifiers =
        [&before, &after].map(|request| request.attributes().unique_identifier.clone());
    assert_ne!(identifiers[0], identifiers[1]);
    let renewed = pair.served(0).unwrap();
    assert_ne!(served[0], renewed[0]);
    assert_eq!(served[1], renewed[1], "the CA is the same");
    assert_eq!(pair.labels().len(), 2, "the expired secret is gone");
    let web = pair.stage.unit(pair.web, 0);
    let fired = pair
        .stage
        .hooks_of(web)
        .iter()
        .filter(|hook| *hook == "secret-expired")
        .count();
    assert_eq!(fired, 1);
}

#[test]
fn other_names_withdraw_the_request_and_ask_anew_in_one_hook() {
    let mut pair = unit_pair();
    let before = pair.request();
    pair.stage
        .set_config(pair.web, "extra", "a.example, 10.9.8.7");
    pair.stage.run_for(3);
    let after = pair.request();
    assert_ne!(before, after);
    assert_eq!(after.attributes().sans_dns.last().unwrap(), "a.example");
    assert_eq!(after.attributes().sans_ip[0].to_string(), "10.9.8.7");
    pair.stage.run_for(60);
    assert_eq!(pair.answers().len(), 1, "the old answer is taken back");
    let sans = pair.served(0).unwrap()[0].sans().to_vec();
    assert!(sans.contains(&"IP:10.9.8.7".to_owned()), "{sans:?}");
}

/// The secret of a withdrawn request stays until it expires. Then the library looks for the request
/// in its databag and writes the bag again, though it finds nothing (charmlibs
/// `interfaces/tls-certificates` 1.12.0, `_remove_requirer_csr_from_relation_data`): what
/// config-changed had put there goes.
#[test]
fn the_end_of_a_withdrawn_request_s_secret_writes_the_bag_again() {
    let mut pair = unit_pair();
    let unit = pair.stage.unit(pair.web, 0);
    pair.stage.set_config(pair.web, "extra", "a.example");
    pair.stage.run_for(60);
    let keys = |pair: &Pair| {
        let bag = pair.stage.unit_bag(pair.relation, unit);
        bag.iter()
            .map(|(key, _)| key.to_owned())
            .collect::<Vec<_>>()
    };
    let before = pair.request();
    assert_eq!(
        keys(&pair),
        [
            REQUESTS,
            "egress-subnets",
            "ingress-address",
            "private-address"
        ]
    );
    assert_eq!(pair.labels().len(), 3, "two certificates, one key");
    while pair.labels().len() == 3 {
        pair.stage.run_for(60);
    }
    assert_eq!(pair.request(), before, "it asks for nothing new");
    assert_eq!(keys(&pair), [REQUESTS]);
}

#[test]
fn a_revoked_certificate_loses_its_secret_but_is_served_on() {
    let mut pair = unit_pair();
    let served = pair.served(0);
    pair.stage
        .act(pair.stage.unit(pair.ca, 0), "rotate-private-key");
    pair.stage.run_for(20);
    assert!(pair.answers()[0].is_revoked());
    assert_eq!(pair.labels().len(), 1, "only the key is left");
    assert_eq!(pair.served(0), served);
    let before = pair.request();
    pair.stage.run_for(400);
    assert_eq!(
        pair.request(),
        before,
        "revocation does not change the request"
    );
    assert_ne!(pair.served(0), served, "the provider answers it again");
}

#[test]
fn one_bad_entry_blanks_the_whole_bag() {
    let profile = CertificatesProfile {
        delete_on_missing: true,
        ..certificates_profile(Mode::Unit)
    };
    let mut pair = pair(profile, 1);
    let ca = pair.stage.unit(pair.ca, 0);
    pair.stunt(ca, |unit| {
        let relation = unit.relations("certificates")[0];
        let bag = unit.own_application_data(relation)?;
        let text = bag.get(CERTIFICATES).unwrap().text();
        let spoilt = format!("{}, {{\"ca\": \"x\"}}]", &text[..text.len() - 1]);
        unit.set_application_data(relation, CERTIFICATES, Some(spoilt.into()))?;
        Ok(())
    });
    assert!(pair.served(0).is_some(), "no event told the charm");
    pair.stage.set_config(pair.web, "other", "x");
    pair.stage.run_for(10);
    assert!(pair.served(0).is_none());
}

#[test]
fn a_certificate_that_is_no_pem_is_an_uncaught_exception() {
    let mut pair = unit_pair();
    let ca = pair.stage.unit(pair.ca, 0);
    pair.stunt(ca, |unit| {
        let relation = unit.relations("certificates")[0];
        let entry = r#"{"ca": "x", "certificate_signing_request": "y", "certificate": "z"}"#;
        let text = format!("[{entry}]");
        unit.set_application_data(relation, CERTIFICATES, Some(text.into()))?;
        Ok(())
    });
    let failed = pair
        .stage
        .played
        .iter()
        .filter(|played| played.failed.is_some());
    let reasons: Vec<String> = failed
        .filter_map(|played| played.failed.clone())
        .map(|error| error.to_string())
        .collect();
    assert_eq!(
        reasons[0],
        "uncaught exception: TLSCertificatesError: Could not load certificate"
    );
    assert!(reasons.len() > 1, "Juju runs the hook again");
}

#[test]
fn a_refusal_reaches_the_charm() {
    let mut pair = unit_pair();
    let ca = pair.stage.unit(pair.ca, 0);
    pair.stunt(ca, |unit| {
        let relation = unit.relations("certificates")[0];
        let remote = unit.remote_units(relation)[0];
        let asked = read_requests(&unit.unit_data(relation, remote)?)?;
        let request = asked.entries[0].request.clone();
        let error = RequestError::new(ErrorCode::IpNotAllowed, "no addresses");
        let provider = Provider::new("certificates");
        provider.set_error(unit, relation, &request, error, RefusalKind::Other)
    });
    let web = pair.stage.juju.unit(pair.stage.unit(pair.web, 0));
    let expected = (
        Status::Blocked,
        "certificate request denied: no addresses".into(),
    );
    assert_eq!(web.status, expected);
    // The charm takes what it cannot read for outstanding, and answers.
    pair.stage.run_for(400);
    assert_eq!(pair.answers().len(), 1);
    let bag = pair.stage.application_bag(pair.relation, pair.ca);
    assert!(bag.get("request_errors").is_none());
}

fn lose_the_certificate_secret(unit: &mut UnitContext<'_>) -> Result<(), HookError> {
    let owner = SecretOwner::Unit(unit.id());
    let prefix = format!("{LIBID}-certificate");
    for label in unit.secret_labels(owner, &prefix) {
        let secret = unit.secret(owner, &label).unwrap();
        unit.remove_secret(secret.id)?;
    }
    Ok(())
}

#[test]
fn the_safety_net_renews_what_the_secret_missed_between_95_and_100_percent() {
    let mut pair = unit_pair();
    let web = pair.stage.unit(pair.web, 0);
    let before = pair.request();
    pair.stunt(web, lose_the_certificate_secret);
    pair.stage.run_for(85 * DAY_S);
    pair.stage.set_config(pair.web, "other", "1");
    pair.stage.run_for(60);
    // That hook gave the certificate a secret again, which is in time to renew it.
    assert_eq!(pair.request(), before, "94 % is too early for the net");
    pair.stunt(web, lose_the_certificate_secret);
    pair.stage.run_for(DAY_S);
    pair.stage.set_config(pair.web, "other", "2");
    pair.stage.run_for(60);
    assert_ne!(pair.request(), before, "95.6 % is within it");
}

#[test]
fn nothing_renews_a_certificate_that_has_ended_without_its_secret() {
    let mut pair = unit_pair();
    let web = pair.stage.unit(pair.web, 0);
    let before = pair.request();
    pair.stunt(web, lose_the_certificate_secret);
    pair.stage.run_for(91 * DAY_S);
    assert_eq!(pair.request(), before);
    // Its new secret expires in the past: that is what brings it back.
    pair.stage.set_config(pair.web, "other", "1");
    pair.stage.run_for(60);
    assert_ne!(pair.request(), before);
}

#[test]
fn the_key_goes_with_the_relation() {
    let mut pair = unit_pair();
    let before = pair.request();
    pair.stage.remove_relation(pair.relation);
    pair.stage.run_for(60);
    assert!(pair.labels().is_empty(), "{:?}", pair.labels());
    assert!(pair.served(0).is_some(), "files stay");
    pair.relation = pair
        .stage
        .integrate((pair.ca, "certificates"), (pair.web, "certificates"));
    pair.stage.run_for(60);
    assert_ne!(pair.request().spki_der(), before.spki_der());
}

#[test]
fn two_relations_on_one_endpoint_are_an_uncaught_exception() {
    let mut pair = unit_pair();
    let other = pair
        .stage
        .deploy("other", &self_signed_certificates(), &[], 1);
    pair.stage.run_for(30);
    pair.stage
        .integrate((other, "certificates"), (pair.web, "certificates"));
    pair.stage.run_for(3);
    let failed = pair
        .stage
        .played
        .iter()
        .find_map(|played| played.failed.clone());
    assert_eq!(
        failed.expect("it fails").to_string(),
        "uncaught exception: TooManyRelatedAppsError: \
         Too many remote applications on certificates (2 > 1)"
    );
}

#[test]
fn in_app_mode_only_the_leader_asks_and_the_others_are_given_a_copy() {
    let mut pair = pair(certificates_profile(Mode::App), 3);
    let bag = pair.stage.application_bag(pair.relation, pair.web);
    assert_eq!(read_requests(&bag).unwrap().entries.len(), 1);
    let request = read_requests(&bag).unwrap().entries[0].request.clone();
    assert_eq!(request.attributes().sans_dns, ["web.m.svc.cluster.local"]);
    pair.stage.run_for(700);
    let chains: Vec<_> = (0..3).map(|number| pair.served(number)).collect();
    assert!(chains[0].is_some() && chains.iter().all(|chain| *chain == chains[0]));
    // Juju keeps the application's secrets for the next leader: the same key, no new request.
    let heir = pair.stage.unit(pair.web, 1);
    pair.stage.give_leadership(pair.web, heir);
    pair.stage.run_for(700);
    let bag = pair.stage.application_bag(pair.relation, pair.web);
    assert_eq!(read_requests(&bag).unwrap().entries[0].request, request);
    pair.stage.run_for(82 * DAY_S);
    let renewed: Vec<_> = (0..3).map(|number| pair.served(number)).collect();
    assert_ne!(renewed[0], chains[0], "the heir renews");
    assert!(renewed.iter().all(|chain| *chain == renewed[0]));
}

#[test]
fn in_both_modes_there_are_two_keys_and_two_requests() {
    let pair = pair(certificates_profile(Mode::AppAndUnit), 2);
    let app = read_requests(&pair.stage.application_bag(pair.relation, pair.web)).unwrap();
    let unit = read_requests(
        &pair
            .stage
            .unit_bag(pair.relation, pair.stage.unit(pair.web, 0)),
    );
    let unit = unit.unwrap();
    assert_eq!((app.entries.len(), unit.entries.len()), (1, 1));
    assert_ne!(
        app.entries[0].request.spki_der(),
        unit.entries[0].request.spki_der()
    );
    assert_eq!(pair.answers().len(), 3);
    let leader = pair.stage.unit(pair.web, 0);
    for name in [
        "web.m.svc.cluster.local",
        "web-0.web-endpoints.m.svc.cluster.local",
    ] {
        assert!(
            pair.stage
                .file(leader, &chain_path("certificates", name))
                .is_some(),
            "{name}"
        );
        assert!(
            pair.stage
                .file(leader, &key_path("certificates", name))
                .is_some(),
            "{name}"
        );
    }
    let application = SecretOwner::Application(pair.web);
    let labels: Vec<String> = pair
        .stage
        .juju
        .secrets_of(application)
        .map(|id| pair.stage.juju.secret(id).label.to_string())
        .collect();
    assert!(
        labels.contains(&format!("{LIBID}-private-key-app-certificates")),
        "{labels:?}"
    );
}

#[test]
fn a_name_in_the_option_is_asked_for_instead() {
    let mut stage = Stage::new(1, true, false);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let charm = consumer(certificates_profile(Mode::App));
    let web = stage.deploy("web", &charm, &[("name", "www.example.com")], 1);
    stage.run_for(30);
    let relation = stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.run_for(60);
    let bag = stage.application_bag(relation, web);
    let request = read_requests(&bag).unwrap().entries[0].request.clone();
    assert_eq!(request.attributes().sans_dns, ["www.example.com"]);
}

#[test]
fn on_machines_the_name_is_the_address() {
    let mut stage = Stage::new(1, false, false);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let web = stage.deploy("web", &consumer(certificates_profile(Mode::Unit)), &[], 1);
    stage.run_for(30);
    let relation = stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.run_for(60);
    let bag = stage.unit_bag(relation, stage.unit(web, 0));
    let request = read_requests(&bag).unwrap().entries[0].request.clone();
    let address = stage
        .juju
        .unit(stage.unit(web, 0))
        .address
        .value
        .to_string();
    assert_eq!(request.attributes().common_name.as_deref(), Some(&*address));
    assert!(request.attributes().sans_dns.is_empty());
    assert_eq!(request.attributes().sans_ip[0].to_string(), address);
}

/// Whether a consumer deletes what it no longer has is its own habit.
#[test]
fn files_of_a_broken_relation_go_only_where_the_charm_deletes_them() {
    for delete_on_missing in [false, true] {
        let profile = CertificatesProfile {
            delete_on_missing,
            ..certificates_profile(Mode::Unit)
        };
        let mut pair = pair(profile, 1);
        pair.stage.remove_relation(pair.relation);
        pair.stage.run_for(60);
        assert_eq!(pair.served(0).is_none(), delete_on_missing);
    }
}

/// A charm may delete what it has when the relation goes, and leave it while a renewal is not answered.
#[test]
fn files_may_go_with_the_relation_alone() {
    for mode in [Mode::Unit, Mode::App] {
        let profile = CertificatesProfile {
            delete_when_broken: true,
            ..certificates_profile(mode)
        };
        let mut pair = pair(profile, 2);
        // A unit that does not lead is given the application's certificate in its next update-status.
        pair.stage.run_for(600);
        assert!(pair.served(0).is_some() && pair.served(1).is_some());
        pair.stage.remove_relation(pair.relation);
        pair.stage.run_for(60);
        assert!(pair.served(0).is_none() && pair.served(1).is_none());
    }
}

#[test]
fn a_file_that_no_restart_follows_is_not_served() {
    let profile = CertificatesProfile {
        apply: Apply::None,
        ..certificates_profile(Mode::Unit)
    };
    let pair = pair(profile, 1);
    let web = pair.stage.unit(pair.web, 0);
    let name = "web-0.web-endpoints.m.svc.cluster.local";
    assert!(
        pair.stage
            .file(web, &chain_path("certificates", name))
            .is_some()
    );
    assert!(pair.served(0).is_none());
}
