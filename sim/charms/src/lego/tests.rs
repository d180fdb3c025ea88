//! `src/charm.py` of canonical/lego-operator at 8f0fdad, unit by unit.

use super::super::tests::{START, Stage, certificates_profile, consumer};
use super::super::{CertificatesProfile, Mode, catalogue};
use super::*;
use trustsim_charm_model::acme::{AcmeProfile, DOWN};
use trustsim_interfaces::KeySource;
use trustsim_juju::{ApplicationId, RelationId, UnitId};
use trustsim_kernel::{Span, Streams};
use trustsim_pki::{KeyAlgorithm, KeyPool};

const RIGHT: [(&str, &str); 3] = [
    ("email", "pki@rehearsal.dev"),
    ("plugin", "route53"),
    ("plugin-config-secret-id", "secret:x"),
];

struct Play {
    stage: Stage,
    lego: ApplicationId,
    relation: RelationId,
}

impl Play {
    /// Two units of lego and a consumer that asks for this name.
    fn new(options: &[(&str, &str)], name: &str) -> Self {
        let mut stage = Stage::new(1, true, false);
        let streams = Streams::new(1);
        let pool = KeyPool::new(&streams, KeyPool::DEFAULT_SIZE);
        let keys = KeySource::new(KeyAlgorithm::EcdsaP256, pool);
        let day = Span::from_secs(86_400);
        let server = AcmeServer::new(AcmeProfile::default(), &keys, &streams, START, day);
        stage.acme = Some(server.expect("a server"));
        let lego = stage.deploy("lego", &catalogue()["lego"].metadata, options, 2);
        let profile = CertificatesProfile {
            trusts_ca: false,
            ..certificates_profile(Mode::Unit)
        };
        let web = stage.deploy("web", &consumer(profile), &[("name", name)], 1);
        stage.run_for(60);
        let relation = stage.integrate((lego, CERTIFICATES), (web, "certificates"));
        stage.run_for(200);
        Self {
            stage,
            lego,
            relation,
        }
    }

    fn leader(&self) -> UnitId {
        let lease = &self.stage.juju.application(self.lego).lease;
        lease.holder.expect("there is a leader")
    }

    fn other(&self) -> UnitId {
        let units = [0, 1].map(|number| self.stage.unit(self.lego, number));
        let mut others = units.into_iter().filter(|unit| *unit != self.leader());
        others.next().expect("two units")
    }

    /// A key of lego's databag, as JSON; null where it is not there.
    fn bag(&self, key: &str) -> serde_json::Value {
        let bag = self.stage.application_bag(self.relation, self.lego);
        let text = bag.get(key).map(|value| value.text().to_owned());
        serde_json::from_str(&text.unwrap_or_else(|| "null".to_owned())).expect("json")
    }

    fn error(&self) -> (i64, String) {
        let bag = self.bag("request_errors");
        let error = &bag[0]["error"];
        let code = error["code"].as_i64().expect("a code");
        (code, error["name"].as_str().unwrap_or("").to_owned())
    }

    fn status(&self, unit: UnitId) -> (Status, String) {
        let (status, message) = &self.stage.juju.unit(unit).status;
        (*status, message.to_string())
    }
}

/// `_map_lego_error_to_certificate_error`: code and name of each error in the databag.
#[test]
fn errors_are_mapped_to_the_codes_of_the_interface() {
    let refused = |name| Play::new(&RIGHT, name).error();
    assert_eq!(refused("10.1.2.3"), (101, "IP_NOT_ALLOWED".to_owned()));
    assert_eq!(refused("web.lan"), (102, "DOMAIN_NOT_ALLOWED".to_owned()));
    assert_eq!(
        refused("a.*.rehearsal.dev"),
        (103, "WILDCARD_NOT_ALLOWED".to_owned())
    );
    let http = [("plugin", "http"), RIGHT[0]];
    // Without an ingress the server does not reach the challenge: an ACME `connection` problem is 201 too.
    let unreached = Play::new(&http, "a.rehearsal.dev");
    assert_eq!(unreached.error(), (201, "SERVER_NOT_AVAILABLE".to_owned()));
    let (status, message) = unreached.status(unreached.leader());
    assert_eq!(status, Status::Blocked);
    assert_eq!(message, "ingress relation is required for http-01 plugin");
    let early = [RIGHT[0], RIGHT[1], RIGHT[2], ("dns-propagation-wait", "1")];
    assert_eq!(
        Play::new(&early, "a.rehearsal.dev").error(),
        (999, "OTHER".to_owned())
    );
}

/// `_configure_certificates` tries again what was refused; the certificate takes the error's place.
#[test]
fn an_error_goes_when_the_certificate_comes() {
    let mut play = Play::new(&RIGHT, "a.rehearsal.dev");
    assert!(play.bag("request_errors").is_null());
    play.stage.juju.set_outside(DOWN, Some(Value::from("")));
    play.stage.remove_relation(play.relation);
    play.stage.run_for(60);
    let web = play.stage.juju.relation(play.relation).ends[1].application;
    play.relation = play
        .stage
        .integrate((play.lego, CERTIFICATES), (web, "certificates"));
    play.stage.run_for(60);
    assert_eq!(play.error().0, 201);
    let said = play.status(play.leader()).1;
    assert_eq!(
        said,
        "0/1 certificate requests are fulfilled. please monitor logs for any errors"
    );
    play.stage.juju.set_outside(DOWN, None);
    play.stage.run_for(600);
    assert!(play.bag("request_errors").is_null());
    assert_eq!(play.bag("certificates").as_array().map(Vec::len), Some(1));
    assert_eq!(
        play.status(play.leader()).1,
        "1/1 certificate requests are fulfilled"
    );
}

/// `_generate_signed_certificate`: `ca` is who signed, an intermediate, and ends the chain.
#[test]
fn the_ca_is_the_intermediate_that_signed() {
    let play = Play::new(&RIGHT, "a.rehearsal.dev");
    let bag = play.bag("certificates");
    let pem = |value: &serde_json::Value| {
        Certificate::from_pem(value.as_str().expect("a text")).expect("a certificate")
    };
    let (leaf, ca) = (pem(&bag[0]["certificate"]), pem(&bag[0]["ca"]));
    assert!(ca.is_ca() && !ca.is_self_issued() && leaf.verify_issued_by(&ca));
    let chain = bag[0]["chain"].as_array().expect("a chain");
    assert_eq!(chain.iter().map(pem).collect::<Vec<_>>(), [leaf, ca]);
}

/// `unit.add_secret`: a new leader has no account, and opens another.
#[test]
fn a_new_leader_opens_a_new_account() {
    let mut play = Play::new(&RIGHT, "a.rehearsal.dev");
    let accounts = |play: &Play| {
        let notes = play.stage.notes.iter();
        notes
            .filter(|(_, _, kind, _)| *kind == "acme-account")
            .count()
    };
    assert_eq!(accounts(&play), 1);
    let other = play.other();
    play.stage.give_leadership(play.lego, other);
    play.stage.run_for(60);
    assert_eq!(accounts(&play), 1, "only an order needs one");
    let another = certificates_profile(Mode::Unit);
    let api = play
        .stage
        .deploy("api", &consumer(another), &[("name", "b.rehearsal.dev")], 1);
    play.stage.run_for(60);
    play.stage
        .integrate((play.lego, CERTIFICATES), (api, "certificates"));
    play.stage.run_for(200);
    assert_eq!(accounts(&play), 2);
}

/// `_validate_charm_config_options` and `_on_collect_status`, in their words.
#[test]
fn what_is_missing_is_said_in_the_charms_words() {
    let said = |options: &[(&str, &str)]| {
        let play = Play::new(options, "a.rehearsal.dev");
        assert!(play.bag("certificates").is_null() && play.bag("request_errors").is_null());
        play.status(play.leader()).1
    };
    assert_eq!(said(&[]), "email address was not provided");
    assert_eq!(
        said(&RIGHT[..1]),
        "plugin configuration secret is not available"
    );
    let no_email = [("email", "no-address"), RIGHT[1], RIGHT[2]];
    assert_eq!(said(&no_email), "invalid email address");
    let wait = [RIGHT[0], RIGHT[1], RIGHT[2], ("dns-propagation-wait", "0")];
    assert_eq!(said(&wait), "dns-propagation-wait must be greater than 0");
    let play = Play::new(&RIGHT, "a.rehearsal.dev");
    let (status, message) = play.status(play.other());
    assert_eq!(status, Status::Blocked);
    assert!(
        message.starts_with("this charm does not scale"),
        "{message}"
    );
}

/// `_generate_signed_certificate` does not look at `is_ca`: it orders a leaf all the same.
#[test]
fn who_asks_for_a_ca_certificate_gets_a_leaf() {
    use trustsim_interfaces::tls_certificates::{REQUESTS, RequestEntry, RequestList};
    use trustsim_pki::{CertificateRequest, KeyPair, RequestAttributes};
    let mut play = Play::new(&RIGHT, "a.rehearsal.dev");
    play.stage.stunts.insert("ask-for-a-ca", |unit| {
        let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut unit.stream("test"));
        let mut name = RequestAttributes::with_common_name("ca.rehearsal.dev");
        name.sans_dns.push("ca.rehearsal.dev".to_owned());
        let request = CertificateRequest::new(&name, &key).expect("a request");
        let list = RequestList::new(vec![RequestEntry {
            request,
            ca: Some(true),
        }]);
        let relation = unit.relations("certificates")[0];
        Ok(unit.set_unit_data(relation, REQUESTS, list.into_value())?)
    });
    let web = play.stage.juju.relation(play.relation).ends[1].application;
    let unit = play.stage.unit(web, 0);
    play.stage.act(unit, "ask-for-a-ca");
    play.stage.run_for(100);
    let issued = play.stage.notes.iter().filter_map(|(_, _, kind, value)| {
        let is_it = *kind == "certificate-issued";
        is_it.then(|| Certificate::from_pem(value).expect("a certificate"))
    });
    let mut answers =
        issued.filter(|found| found.subject_common_name() == Some("ca.rehearsal.dev"));
    let answer = answers.next_back();
    assert!(!answer.expect("it was ordered").is_ca());
}

/// letsencrypt.org/docs/rate-limits: 50 certificates for a registered domain within a week,
/// renewals not counted; one comes back every 202 minutes.
#[test]
fn the_fifty_first_name_of_a_domain_waits() {
    let mut play = Play::new(&RIGHT, "a.rehearsal.dev");
    let profile = CertificatesProfile {
        trusts_ca: false,
        ..certificates_profile(Mode::Unit)
    };
    let metadata = consumer(profile);
    let mut relations = Vec::new();
    for number in 0..50 {
        let name = format!("web{number}");
        let host = format!("{name}.rehearsal.dev");
        let web = play.stage.deploy(&name, &metadata, &[("name", &host)], 1);
        relations.push(
            play.stage
                .integrate((play.lego, CERTIFICATES), (web, "certificates")),
        );
    }
    play.stage.run_for(3_000);
    let errors = relations.iter().filter_map(|relation| {
        let bag = play.stage.application_bag(*relation, play.lego);
        Some(bag.get("request_errors")?.text().to_owned())
    });
    let errors: Vec<String> = errors.collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let wanted = "certificates (50) already issued for \\\"rehearsal.dev\\\" in the last 168h0m0s";
    assert!(errors[0].contains(wanted), "{}", errors[0]);
}
