//! The actions and relations of canonical/manual-tls-certificates-operator `src/charm.py` at
//! 3204502, as its `tests/unit/test_charm.py` has them.

use super::super::tests::{Stage, certificates_profile, consumer};
use super::super::{DeclaredAuthority, ExternalCa, IssuerProfile, Mode, Transfers, catalogue};
use super::*;
use trustsim_interfaces::KeySource;
use trustsim_juju::{ApplicationId, UnitId};
use trustsim_kernel::{Span, Streams};
use trustsim_pki::{KeyAlgorithm, KeyPool};

const DAY: Span = Span::from_secs(86_400);

/// A stage with two units of the charm, two consumers, and a CA outside.
struct Play {
    stage: Stage,
    manual: ApplicationId,
    relations: [RelationId; 2],
    ca: ExternalCa,
}

impl Play {
    fn new() -> Self {
        let mut stage = Stage::new(1, true, false);
        let manual = stage.deploy(
            "tls",
            &catalogue()["manual-tls-certificates"].metadata,
            &[],
            2,
        );
        let web = stage.deploy("web", &consumer(certificates_profile(Mode::Unit)), &[], 1);
        let api = stage.deploy("api", &consumer(certificates_profile(Mode::Unit)), &[], 1);
        stage.run_for(30);
        let relations = [web, api]
            .map(|consumer| stage.integrate((manual, CERTIFICATES), (consumer, "certificates")));
        stage.run_for(60);
        Self {
            stage,
            manual,
            relations,
            ca: external_ca(),
        }
    }

    fn leader(&self) -> UnitId {
        let lease = &self.stage.juju.application(self.manual).lease;
        lease.holder.expect("there is a leader")
    }

    fn other(&self) -> UnitId {
        let units = [0, 1].map(|number| self.stage.unit(self.manual, number));
        let mut others = units.into_iter().filter(|unit| *unit != self.leader());
        others.next().expect("two units")
    }

    /// The parameters for the first request that is outstanding.
    fn parameters(&self) -> Parameters {
        let mut context = self.stage.context(self.leader());
        let charm = ManualTlsCertificates::default();
        let waits = charm.pending_tasks(&context);
        let mut hand = OperatorContext {
            stream: Streams::new(1).stream("test", "answer"),
            ca: Some(self.ca.clone()),
            rejects: Vec::new(),
        };
        match charm.operator_action(&waits[0], &mut hand, &mut context) {
            Some(OperatorAction::Action { name, parameters }) if name == PROVIDE => parameters,
            other => panic!("{other:?}"),
        }
    }

    /// What the action says on this unit.
    fn provide(&mut self, unit: UnitId, parameters: Parameters) -> (&'static str, String) {
        self.stage.act_with(unit, PROVIDE, parameters);
        self.stage.run_for(10);
        let notes = self.stage.notes.iter().rev();
        let mut said = notes.filter(|(_, of, kind, _)| *of == unit && kind.starts_with("action"));
        let (_, _, kind, value) = said.next().expect("it says something");
        (*kind, value.clone())
    }

    fn answered(&self) -> bool {
        self.relations.iter().any(|relation| {
            let bag = self.stage.application_bag(*relation, self.manual);
            bag.get("certificates").is_some()
        })
    }
}

fn external_ca() -> ExternalCa {
    let authority = |name: &str| DeclaredAuthority {
        common_name: name.to_owned(),
        validity: DAY * 3650,
        ..DeclaredAuthority::default()
    };
    let profile = IssuerProfile {
        leaf_purposes: Vec::new(),
        public: false,
        chain: vec![authority("Corporate Root"), authority("Corporate Issuing")],
        leaf_validity: DAY * 90,
        chain_includes_root: true,
        transfers: Transfers::Root,
        ca_is_root: false,
    };
    let streams = Streams::new(1);
    let pool = KeyPool::new(&streams, KeyPool::DEFAULT_SIZE);
    let keys = KeySource::new(KeyAlgorithm::EcdsaP256, pool);
    ExternalCa::new(
        &profile,
        &keys,
        &streams,
        "test",
        super::super::tests::START,
    )
    .expect("a CA")
}

fn without(mut parameters: Parameters, key: &str) -> Parameters {
    parameters.remove(key);
    parameters
}

fn with(mut parameters: Parameters, key: &str, value: &str) -> Parameters {
    parameters.insert(key.to_owned(), value.to_owned());
    parameters
}

/// `_on_collect_unit_status`, and what `waits` makes of it.
#[test]
fn the_status_counts_what_waits_for_a_person() {
    let play = Play::new();
    let (status, message) = &play.stage.juju.unit(play.leader()).status;
    assert_eq!(*status, Status::Active);
    let wanted = "2 outstanding requests, use juju actions to provide certificates";
    assert_eq!(&**message, wanted);
    let waits = |unit| ManualTlsCertificates::default().pending_tasks(&play.stage.context(unit));
    let kinds: Vec<&str> = waits(play.leader()).iter().map(|wait| wait.what).collect();
    assert_eq!(kinds, ["certificate", "certificate"]);
    assert!(waits(play.other()).is_empty());
}

/// `_on_provide_certificate_action`.
#[test]
fn a_certificate_that_is_provided_reaches_the_requirer() {
    let mut play = Play::new();
    let said = play.provide(play.leader(), play.parameters());
    assert_eq!(
        said,
        (
            "action-result",
            "Certificates successfully provided.".to_owned()
        )
    );
    assert!(play.answered());
    let charm = ManualTlsCertificates::default();
    assert_eq!(
        charm
            .pending_tasks(&play.stage.context(play.leader()))
            .len(),
        1
    );
    let sent = play.relations.iter().find_map(|relation| {
        let bag = play.stage.application_bag(*relation, play.manual);
        bag.get("certificates").map(|value| value.text().to_owned())
    });
    let sent: serde_json::Value = serde_json::from_str(&sent.expect("a bag")).expect("json");
    let chain = sent[0]["chain"].as_array().expect("a chain");
    assert_eq!(chain.len(), 3);
    assert_eq!(chain[0], sent[0]["certificate"]);
    assert_eq!(chain[1], sent[0]["ca"]);
}

/// The action does not look at leadership and the library's `set_relation_certificate` only logs
/// a warning, so it says what it always says.
#[test]
fn on_a_unit_that_does_not_lead_the_action_succeeds_and_does_nothing() {
    let mut play = Play::new();
    let said = play.provide(play.other(), play.parameters());
    assert_eq!(
        said,
        (
            "action-result",
            "Certificates successfully provided.".to_owned()
        )
    );
    assert!(!play.answered());
    let (_, message) = &play.stage.juju.unit(play.other()).status;
    assert!(message.starts_with("2 outstanding"), "{message}");
}

/// Every check of `_on_provide_certificate_action`, in its words.
#[test]
fn what_does_not_fit_is_refused_in_the_charms_words() {
    let mut play = Play::new();
    let right = play.parameters();
    let other_ca = encode_base64(external_ca().certificates().next().expect("a root").pem());
    let pems = |certificates: &[&Certificate]| {
        let pems: Vec<&str> = certificates.iter().map(|found| found.pem()).collect();
        encode_base64(&pems.join("\n"))
    };
    let ca = play.ca.clone();
    let all: Vec<&Certificate> = ca.certificates().collect();
    let cases = [
        (
            without(right.clone(), "certificate"),
            "One or more action parameters are missing.",
        ),
        (
            with(right.clone(), "certificate", "%"),
            "Action input is not valid.",
        ),
        (
            with(right.clone(), "certificate", &other_ca),
            "Certificate and CSR do not match.",
        ),
        (
            with(right.clone(), "ca-chain", &pems(&all)),
            "Action input is not valid.",
        ),
        (
            with(right.clone(), "relation-id", "99"),
            "Requested relation id is not the correct id of any found CSR's.",
        ),
    ];
    for (parameters, wanted) in cases {
        let said = play.provide(play.leader(), parameters);
        assert_eq!(said, ("action-failed", wanted.to_owned()));
        assert!(!play.answered(), "{wanted}");
    }
    for relation in play.relations {
        play.stage.remove_relation(relation);
        play.stage.run_for(60);
        if relation == play.relations[0] {
            let said = play.provide(play.leader(), without(right.clone(), "relation-id"));
            // The first request may have been of either relation.
            let gone = "CSR was not found in any requirer databags.".to_owned();
            let provided = "Certificates successfully provided.".to_owned();
            assert!([gone, provided].contains(&said.1), "{said:?}");
        }
    }
    let said = play.provide(play.leader(), right);
    assert_eq!(said.1, "No certificates relation has been created yet.");
}

/// `parse_ca_chain` of `src/helpers.py`; without `ca-chain` the charm makes `[cert, ca]`.
#[test]
fn without_a_chain_the_charm_makes_one_of_the_certificate_and_its_ca() {
    let mut play = Play::new();
    play.provide(play.leader(), without(play.parameters(), "ca-chain"));
    let bags = play
        .relations
        .map(|relation| play.stage.application_bag(relation, play.manual));
    let sent = bags.iter().find_map(|bag| bag.get("certificates"));
    let sent: serde_json::Value =
        serde_json::from_str(sent.expect("a certificate").text()).expect("json");
    assert_eq!(sent[0]["chain"].as_array().map(Vec::len), Some(2));
}

/// `_on_get_outstanding_certificate_requests_action`.
#[test]
fn outstanding_requests_are_listed_by_relation() {
    let mut play = Play::new();
    let leader = play.leader();
    let number = play
        .stage
        .context(leader)
        .relation_number(play.relations[1]);
    let only = [("relation-id".to_owned(), number.to_string())].into();
    let action = "get-outstanding-certificate-requests";
    play.stage.act(leader, action);
    play.stage.run_for(10);
    play.stage.act_with(leader, action, only);
    play.stage.run_for(10);
    let notes = play.stage.notes.iter();
    let lists = notes.filter(|(_, _, kind, _)| *kind == "action-result");
    let lists: Vec<serde_json::Value> = lists
        .map(|(_, _, _, value)| serde_json::from_str(value).expect("json"))
        .collect();
    assert_eq!(lists[0].as_array().map(Vec::len), Some(2));
    assert_eq!(lists[1][0]["relation_id"], number);
    assert_eq!(lists[1].as_array().map(Vec::len), Some(1));
}

/// `_on_trust_certificate_relation_joined` and `_on_config_changed` both call `add_certificates`:
/// what an earlier bundle held stays.
#[test]
fn a_bundle_is_only_ever_added_to() {
    let mut play = Play::new();
    let web = play.stage.juju.relation(play.relations[0]).ends[1].application;
    let trust = play
        .stage
        .integrate((play.manual, TRUST), (web, "receive-ca-cert"));
    play.stage.run_for(60);
    let leader = play.leader();
    let said = |play: &Play| play.stage.juju.unit(leader).status.1.to_string();
    assert_eq!(said(&play), "No trusted certificate bundle configured");
    let certificates: Vec<Certificate> = play.ca.certificates().cloned().collect();
    for certificate in &certificates {
        play.stage
            .set_config(play.manual, BUNDLE, certificate.pem());
        play.stage.run_for(60);
    }
    let bag = play.stage.application_bag(trust, play.manual);
    let sent = bag.get("certificates").expect("a set").text();
    let sent: Vec<String> = serde_json::from_str(sent).expect("json");
    assert_eq!(sent.len(), certificates.len());
    play.stage.set_config(play.manual, BUNDLE, "garbage");
    play.stage.run_for(60);
    assert_eq!(said(&play), "Invalid trusted certificate bundle configured");
    let status = play.stage.juju.unit(leader).status.0;
    assert_eq!(status, Status::Blocked);
}
