//! Rules of charm-vault, openstack/charm-vault `src/reactive/vault_handlers.py`.

use super::legacy_rules::{certificate, legacy_consumer};
use super::*;
use trustsim_interfaces::notes::CertificateKind;
use trustsim_pki::{
    Certificate, CertificateRequest, KeyPair, RequestAttributes, SerialNumber, Template, Terms,
    issue, self_sign,
};

const DAY: u64 = 86_400;

/// openstack/charm-vault `src/metadata.yaml` and `src/config.yaml`, as far as they matter here.
fn vault(version: &str) -> CharmMetadata {
    let mut certificates = endpoint("certificates", Role::Provider, "tls-certificates", None);
    certificates.protocol = Protocol::Legacy;
    let endpoints = vec![
        certificates,
        endpoint("shared-db", Role::Requirer, "mysql-shared", None),
        endpoint("cluster", Role::Peer, "vault-ha", None),
    ];
    let mut charm = metadata("vault", "charm-vault", endpoints);
    charm.implementation = implementation("charm-vault", Some(version)).expect("it is registered");
    for (key, default) in [
        ("auto-generate-root-ca-cert", "true"),
        ("default-ttl", "8759h"),
        ("default-ca-ttl", "87599h"),
        ("max-ttl", "87600h"),
    ] {
        let spec = OptionSpec {
            kind: "string".to_owned(),
            default: Some(default.to_owned()),
        };
        charm.options.insert(key.to_owned(), spec);
    }
    charm
}

fn database() -> CharmMetadata {
    let endpoints = vec![endpoint("shared-db", Role::Provider, "mysql-shared", None)];
    metadata("mysql-router", "plain", endpoints)
}

struct Cluster {
    stage: Stage,
    vault: ApplicationId,
    web: ApplicationId,
    relation: RelationId,
    database: RelationId,
}

fn cluster(units: u32, options: &[(&str, &str)]) -> Cluster {
    let mut stage = Stage::new(1, false, false);
    let vault = stage.deploy("vault", &vault("1.7"), options, units);
    let database = stage.deploy("mysql", &database(), &[], 1);
    let web = stage.deploy("web", &legacy_consumer(Mode::Unit), &[], 2);
    stage.run_for(60);
    let database = stage.integrate((database, "shared-db"), (vault, "shared-db"));
    let relation = stage.integrate((vault, "certificates"), (web, "certificates"));
    stage.run_for(60);
    Cluster {
        stage,
        vault,
        web,
        relation,
        database,
    }
}

impl Cluster {
    fn authorized(units: u32) -> Self {
        let mut cluster = cluster(units, &[]);
        cluster.act("authorize-charm");
        cluster
    }

    fn leader(&self) -> UnitId {
        let holder = self.stage.juju.application(self.vault).lease.holder;
        holder.expect("there is a leader")
    }

    fn act(&mut self, action: &str) {
        let leader = self.leader();
        self.stage.act(leader, action);
        self.stage.run_for(60);
    }

    fn act_with(&mut self, action: &str, parameters: &[(&str, &str)]) {
        let leader = self.leader();
        let parameters = parameters
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        self.stage.act_with(leader, action, parameters.collect());
        self.stage.run_for(60);
    }

    fn bag(&self, number: usize) -> Bag {
        let unit = self.stage.unit(self.vault, number);
        without_addresses(&self.stage.unit_bag(self.relation, unit))
    }

    fn leaders_bag(&self) -> Bag {
        without_addresses(&self.stage.unit_bag(self.relation, self.leader()))
    }

    fn web_file(&self, path: &str) -> Option<Value> {
        self.stage.file(self.stage.unit(self.web, 0), path).cloned()
    }

    fn said(&self, kind: &str) -> Vec<String> {
        let notes = self.stage.notes.iter();
        let notes = notes.filter(|(_, _, what, _)| *what == kind);
        notes.map(|(.., text)| text.clone()).collect()
    }
}

/// `@when_any('db.master.available', 'shared-db.available')` on every handler that issues
/// (`stable/1.7`), then `client_approle_authorized`.
#[test]
fn without_database_or_authorization_nothing_is_issued() {
    let mut stage = Stage::new(1, false, false);
    let alone = stage.deploy("vault", &vault("1.7"), &[], 1);
    let raft = stage.deploy("raft", &vault("1.8"), &[], 1);
    let web = stage.deploy("web", &legacy_consumer(Mode::Unit), &[], 1);
    let other = stage.deploy("other", &legacy_consumer(Mode::Unit), &[], 1);
    stage.run_for(60);
    let mute = stage.integrate((alone, "certificates"), (web, "certificates"));
    let spoken = stage.integrate((raft, "certificates"), (other, "certificates"));
    for application in [alone, raft] {
        stage.act(stage.unit(application, 0), "authorize-charm");
    }
    stage.run_for(10 * DAY);
    let mute = without_addresses(&stage.unit_bag(mute, stage.unit(alone, 0)));
    assert!(mute.is_empty(), "{mute:?}");
    assert!(
        stage
            .unit_bag(spoken, stage.unit(raft, 0))
            .get("ca")
            .is_some()
    );

    let mut waiting = cluster(1, &[]);
    waiting.stage.run_for(10 * DAY);
    assert!(waiting.bag(0).is_empty(), "it is not authorised");
    waiting.act("authorize-charm");
    assert!(waiting.bag(0).get("web_0.server.cert").is_some());
    // The database goes, and with it everything that would be issued.
    waiting.stage.remove_relation(waiting.database);
    waiting.stage.run_for(60);
    let before = waiting.bag(0);
    waiting.stage.set_config(waiting.web, "extra", "a.example");
    waiting.stage.run_for(10 * DAY);
    assert_eq!(waiting.bag(0), before);
}

/// `vault_pki.py`: root `87599h`, leaves `8759h`, both from 30 s before; no chain over a root.
#[test]
fn certificates_are_those_of_vaults_roles() {
    let cluster = Cluster::authorized(1);
    let said = cluster.leaders_bag();
    let keys: Vec<&str> = said.iter().map(|(key, _)| key).collect();
    assert_eq!(
        keys,
        [
            "ca",
            "client.cert",
            "client.key",
            "web_0.server.cert",
            "web_0.server.key",
            "web_1.server.cert",
            "web_1.server.key",
        ]
    );
    let hours =
        |found: &Certificate| found.not_after().since(found.not_before()).as_secs() as f64 / 3600.0;
    let ca = certificate(said.get("ca").unwrap());
    assert_eq!(
        ca.subject(),
        "CN=Vault Root Certificate Authority (charm-pki-local)"
    );
    assert!((hours(&ca) - 87_599.0).abs() < 0.01);
    let served = certificate(said.get("web_0.server.cert").unwrap());
    assert!((hours(&served) - 8759.0).abs() < 0.01 && served.verify_issued_by(&ca));
    // The address is the common name, and to Vault a DNS name as well.
    let address = served.subject_common_name().unwrap();
    assert_eq!(
        served.sans(),
        [format!("DNS:{address}"), format!("IP:{address}")]
    );
    let client = certificate(said.get("client.cert").unwrap());
    assert_eq!(client.subject(), "CN=global-client");
}

/// Nothing renews; `reissue-certificates` makes everything anew, the global client's too
/// (`src/actions/actions.py`, `certificates.reissue.requested`).
#[test]
fn only_an_action_makes_certificates_anew() {
    let mut cluster = Cluster::authorized(1);
    let before = cluster.leaders_bag();
    cluster.stage.run_for(360 * DAY);
    assert_eq!(cluster.leaders_bag(), before);
    cluster.act("reissue-certificates");
    let after = cluster.leaders_bag();
    for (key, value) in after.iter() {
        assert_eq!(before.get(key) == Some(value), key == "ca", "{key}");
    }
    let served = cluster.web_file("tls/certificates/server.pem").unwrap();
    assert_eq!(Some(&served), after.get("web_0.server.cert"));
}

/// On a unit that does not lead, the action sets its flags and nothing more: `create_certs` is
/// `@when('leadership.is_leader')`. They are still there when that unit leads.
#[test]
fn the_action_waits_on_a_unit_that_does_not_lead() {
    let mut cluster = Cluster::authorized(2);
    let leader = cluster.leader();
    let units = [0, 1].map(|number| cluster.stage.unit(cluster.vault, number));
    let follower = *units.iter().find(|unit| **unit != leader).unwrap();
    let before = cluster.leaders_bag();
    cluster.stage.act(follower, "reissue-certificates");
    cluster.stage.run_for(30 * DAY);
    assert_eq!(cluster.leaders_bag(), before);
    cluster.stage.give_leadership(cluster.vault, follower);
    cluster.stage.run_for(60);
    let after = without_addresses(&cluster.stage.unit_bag(cluster.relation, follower));
    assert_ne!(
        after.get("web_0.server.cert"),
        before.get("web_0.server.cert")
    );
}

/// `sync_cert_from_cache`: units that do not lead say what the leader said, out of leader settings,
/// so that it does not matter whom a requirer believes.
#[test]
fn followers_answer_from_leader_settings() {
    let cluster = Cluster::authorized(3);
    let first = cluster.bag(0);
    assert!(first.get("web_1.server.key").is_some());
    for number in 1..3 {
        assert_eq!(cluster.bag(number), first, "{number}");
    }
    let stored = cluster.stage.stored_keys.iter();
    let settings = stored.filter(|key| key.relation.is_none());
    let places: Vec<String> = settings.map(|key| key.place.to_string()).collect();
    assert!(
        places
            .iter()
            .any(|place| place.starts_with("pki:web_0:top_level_publish_key:")),
        "{places:?}"
    );
}

/// After `restart` the unit is sealed until people unseal it; what is asked meanwhile waits, and
/// update-status does not look at it (`is-update-status-hook`).
#[test]
fn a_sealed_vault_issues_nothing_and_does_not_look_again() {
    let mut cluster = Cluster::authorized(1);
    cluster.act("restart");
    cluster.stage.set_config(cluster.web, "extra", "a.example");
    cluster.stage.run_for(5 * DAY);
    let names = |cluster: &Cluster| {
        let served = certificate(cluster.leaders_bag().get("web_0.server.cert").unwrap());
        served.sans().len()
    };
    assert_eq!(names(&cluster), 2);
    cluster.act("authorize-charm");
    assert_eq!(names(&cluster), 3);
}

fn base64(text: &str) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = char::from(letters[(group >> (18 - 6 * place) & 63) as usize]);
            out.push(if place > chunk.len() { '=' } else { letter });
        }
    }
    out
}

/// A root of the operator's own, and the request signed under it.
fn signed(request: &str, now: Time) -> (String, Certificate) {
    let mut stream = Streams::new(9).stream("offline-root", "test");
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let mut terms = |days| Terms {
        serial: SerialNumber::random(&mut stream),
        now,
        validity: Span::from_secs(days * DAY),
    };
    let name = RequestAttributes::with_common_name("Offline Root");
    let root = self_sign(&name, &key, &terms(7300), &Template::root()).unwrap();
    let request = CertificateRequest::from_pem(request).unwrap();
    let own = issue(
        &request,
        &root,
        &key,
        &terms(3650),
        &Template::intermediate(),
    )
    .unwrap();
    (own.pem().to_owned(), root)
}

/// `regenerate-intermediate-ca` and `upload-signed-csr` (`src/actions/actions.py`): meanwhile there
/// is no CA; afterwards everything is issued anew under the intermediate, whose chain comes along.
#[test]
fn a_signed_request_makes_an_intermediate_of_it() {
    let mut cluster = Cluster::authorized(1);
    let before = cluster.leaders_bag();
    cluster.act("regenerate-intermediate-ca");
    assert!(cluster.said("action-failed")[0].starts_with("This action will invalidate"));
    cluster.act_with("regenerate-intermediate-ca", &[("force", "True")]);
    cluster.stage.set_config(cluster.web, "extra", "a.example");
    cluster.stage.run_for(60);
    assert_eq!(
        cluster.leaders_bag().get("web_0.server.cert"),
        before.get("web_0.server.cert"),
        "nothing is issued while there is no CA"
    );
    let request = cluster.said("action-result").pop().unwrap();
    let (own, root) = signed(&request, cluster.stage.now());
    let parameters = [("pem", base64(&own)), ("root-ca", base64(root.pem()))];
    let parameters = parameters
        .each_ref()
        .map(|(key, text)| (*key, text.as_str()));
    cluster.act_with("upload-signed-csr", &parameters);
    let after = cluster.leaders_bag();
    assert_eq!(after.get("ca").unwrap().text(), root.pem());
    assert_eq!(after.get("chain").unwrap().text(), own);
    let served = certificate(after.get("web_0.server.cert").unwrap());
    assert!(served.verify_issued_by(&Certificate::from_pem(&own).unwrap()));
    assert_eq!(served.sans().len(), 3);
    // layer-tls-client puts the chain behind the certificate.
    let file = cluster.web_file("tls/certificates/server.pem").unwrap();
    assert_eq!(Certificate::chain_from_pem(file.text()).unwrap().len(), 2);
}

/// `upload_signed_csr` sets `root-ca` only where it is given; `publish_ca_info` publishes `None`
/// then, and requirers are left without any CA.
#[test]
fn an_upload_without_its_root_leaves_requirers_without_a_ca() {
    let mut cluster = Cluster::authorized(1);
    cluster.act_with("regenerate-intermediate-ca", &[("force", "true")]);
    let request = cluster.said("action-result").pop().unwrap();
    let (own, _) = signed(&request, cluster.stage.now());
    cluster.act_with("upload-signed-csr", &[("pem", &base64(&own))]);
    let said = cluster.leaders_bag();
    assert!(said.get("ca").is_none() && said.get("chain").is_some());
    assert!(said.get("web_0.server.cert").is_some());
    let noted = cluster.stage.issued.iter();
    let mut noted = noted.filter(|issued| issued.certificate.pem() == own);
    let kind = noted.next().map(|issued| issued.kind);
    assert_eq!(kind, Some(CertificateKind::Intermediate));
}

/// An application's certificate is one for all its units with the names of all of them;
/// `ApplicationCertificateRequest` in charmed-kubernetes/interface-tls-certificates.
#[test]
fn an_application_gets_one_certificate_for_all_its_units() {
    let mut stage = Stage::new(1, false, false);
    let vault = stage.deploy("vault", &vault("1.8"), &[], 1);
    let options = [("extra", "a.example")];
    let web = stage.deploy("web", &legacy_consumer(Mode::App), &options, 2);
    stage.run_for(60);
    let relation = stage.integrate((vault, "certificates"), (web, "certificates"));
    stage.act(stage.unit(vault, 0), "authorize-charm");
    stage.run_for(60);
    let said = stage.unit_bag(relation, stage.unit(vault, 0));
    let answers = [0, 1].map(|number| {
        let key = format!("web_{number}.processed_application_requests");
        said.get(&key).cloned().unwrap()
    });
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].text().starts_with("{\"app_data\": {\"cert\": "));
    for number in 0..2 {
        let unit = stage.unit(web, number);
        let file = stage.file(unit, "tls/certificates/server.pem").unwrap();
        let served = certificate(file);
        // Its own name, the names of both units, and the option's.
        let addresses = served.sans().iter().filter(|name| name.starts_with("IP:"));
        assert_eq!(addresses.count(), 2, "{:?}", served.sans());
        assert!(served.sans().contains(&"DNS:a.example".to_owned()));
    }
}

/// A CA that lives too short for another leaf refuses, and the requirer learns nothing
/// (`create_certs`: `continue  # TODO: report failure back to client`).
#[test]
fn what_vault_refuses_is_never_told() {
    let mut cluster = cluster(1, &[("auto-generate-root-ca-cert", "false")]);
    cluster.act("authorize-charm");
    cluster.act_with("generate-root-ca", &[("ttl", "9000h")]);
    assert!(cluster.leaders_bag().get("web_0.server.cert").is_some());
    cluster.stage.run_for(20 * DAY);
    let before = cluster.leaders_bag();
    cluster.stage.set_config(cluster.web, "extra", "a.example");
    cluster.stage.run_for(60);
    assert_eq!(cluster.leaders_bag(), before);
    let refused = cluster.said("certificate-refused");
    assert!(
        refused[0].contains("beyond the expiration of the CA certificate"),
        "{refused:?}"
    );
}
