//! Rules of the legacy protocol and of its providers, hook by hook.

use super::*;
use trustsim_interfaces::tls_certificates_legacy::{Flavour, Requirer};
use trustsim_pki::Certificate;

/// charmed-kubernetes/layer-easyrsa `src/metadata.yaml`.
pub(super) fn easyrsa(release: u8) -> CharmMetadata {
    let version = format!("3.0.{release}");
    let mut client = endpoint("client", Role::Provider, "tls-certificates", None);
    client.protocol = Protocol::Legacy;
    let implementation = implementation("easyrsa", Some(&version)).expect("it is registered");
    CharmMetadata {
        implementation,
        ..metadata("easyrsa", "easyrsa", vec![client])
    }
}

/// A generic consumer of the legacy protocol.
pub(super) fn legacy_consumer(mode: Mode) -> CharmMetadata {
    let profile = EndpointProfile::LegacyCertificates(certificates_profile(mode));
    let mut certificates = endpoint(
        "certificates",
        Role::Requirer,
        "tls-certificates",
        Some(profile),
    );
    certificates.protocol = Protocol::Legacy;
    metadata("consumer", "legacy-requirer", vec![certificates])
}

pub(super) fn certificate(value: &Value) -> Certificate {
    Certificate::from_pem(value.text()).expect("a certificate")
}

struct Pair {
    stage: Stage,
    ca: ApplicationId,
    web: ApplicationId,
    relation: RelationId,
}

fn pair(release: u8, mode: Mode) -> Pair {
    let mut stage = Stage::new(1, false, false);
    let ca = stage.deploy("easyrsa", &easyrsa(release), &[], 1);
    let web = stage.deploy("web", &legacy_consumer(mode), &[], 2);
    stage.run_for(30);
    let relation = stage.integrate((ca, "client"), (web, "certificates"));
    stage.run_for(60);
    Pair {
        stage,
        ca,
        web,
        relation,
    }
}

impl Pair {
    fn provider_bag(&self) -> Bag {
        without_addresses(
            &self
                .stage
                .unit_bag(self.relation, self.stage.unit(self.ca, 0)),
        )
    }

    fn requirer_bag(&self, number: usize) -> Bag {
        let unit = self.stage.unit(self.web, number);
        without_addresses(&self.stage.unit_bag(self.relation, unit))
    }
}

fn keys(bag: &Bag) -> Vec<&str> {
    bag.iter().map(|(key, _)| key).collect()
}

/// charmed-kubernetes/interface-tls-certificates `requires.py` (`joined`, `request_server_cert`)
/// and `tls_certificates_common.py` (`_server_cert_key`), commit 236e089; the provider's keys as in
/// `ops/tests/data/tls_certificate_data.yaml` there.
#[test]
fn the_first_server_certificate_has_keys_of_its_own() {
    let pair = pair(1, Mode::Unit);
    let asked = pair.requirer_bag(1);
    assert_eq!(
        keys(&asked),
        ["certificate_name", "common_name", "sans", "unit_name"]
    );
    assert_eq!(asked.get("unit_name").unwrap().text(), "web_1");
    let address = asked.get("common_name").unwrap().text();
    assert_eq!(
        asked.get("sans").unwrap().text(),
        format!("[\"{address}\"]")
    );
    let said = pair.provider_bag();
    assert_eq!(
        keys(&said),
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
    let served = certificate(said.get("web_1.server.cert").unwrap());
    assert_eq!(served.subject(), format!("CN={address}"));
    assert_eq!(served.sans(), [format!("IP:{address}")]);
    let ca = certificate(said.get("ca").unwrap());
    assert!(served.verify_issued_by(&ca));
    // What went through leader settings has lost its last line's end, as in the sample.
    for (key, ends) in [
        ("ca", false),
        ("client.key", false),
        ("web_1.server.key", true),
    ] {
        assert_eq!(said.get(key).unwrap().text().ends_with('\n'), ends, "{key}");
    }
    let unit = pair.stage.unit(pair.web, 1);
    assert_eq!(
        pair.stage.file(unit, "trust/certificates.pem"),
        said.get("ca")
    );
    assert_eq!(
        pair.stage.file(unit, "tls/certificates/server.key"),
        said.get("web_1.server.key")
    );
}

/// OpenVPN/easy-rsa `easyrsa3/easyrsa` (`EASYRSA_CA_EXPIRE`, `EASYRSA_CERT_EXPIRE`,
/// `EASYRSA_RAND_SN`), tags 3.0.1, v3.0.5, v3.0.7; serial numbers 1, 11, 12 in
/// charmed-kubernetes/interface-tls-certificates `ops/tests/data/tls_certificate_data.yaml`.
#[test]
fn lifetimes_and_serial_numbers_follow_the_release_of_easyrsa() {
    for (release, days, counts) in [
        (1, 3650, true),
        (4, 3650, true),
        (5, 1080, false),
        (9, 825, false),
    ] {
        let pair = pair(release, Mode::Unit);
        let said = pair.provider_bag();
        let days_of = |key: &str| {
            let found = certificate(said.get(key).unwrap());
            found.not_after().since(found.not_before()).as_secs() / 86_400
        };
        assert_eq!(days_of("ca"), 3650, "3.0.{release}");
        for key in ["client.cert", "web_0.server.cert", "web_1.server.cert"] {
            assert_eq!(days_of(key), days, "3.0.{release} {key}");
        }
        let mut serials: Vec<String> = ["client.cert", "web_0.server.cert", "web_1.server.cert"]
            .map(|key| certificate(said.get(key).unwrap()).serial().to_owned())
            .to_vec();
        serials.sort();
        assert_eq!(serials == ["01", "02", "03"], counts, "{serials:?}");
    }
}

/// `is_handled` in charmed-kubernetes/interface-tls-certificates `tls_certificates_common.py`:
/// published, and `sorted(set(sans))` unchanged.
#[test]
fn a_certificate_is_made_anew_only_when_its_names_change() {
    let mut pair = pair(1, Mode::Unit);
    let before = pair.provider_bag();
    pair.stage.run_for(400 * 86_400);
    assert_eq!(pair.provider_bag(), before, "nothing is renewed");
    pair.stage
        .set_config(pair.web, "extra", "b.example a.example");
    pair.stage.run_for(60);
    let after = pair.provider_bag();
    for key in ["web_0.server.cert", "web_0.server.key", "web_1.server.cert"] {
        assert_ne!(after.get(key), before.get(key), "{key}");
    }
    for key in ["ca", "client.cert", "client.key"] {
        assert_eq!(after.get(key), before.get(key), "{key}");
    }
    let names = certificate(after.get("web_0.server.cert").unwrap());
    assert_eq!(names.sans()[1..], ["DNS:a.example", "DNS:b.example"]);
    // Another order of the same names is the same set.
    pair.stage
        .set_config(pair.web, "extra", "a.example,b.example");
    pair.stage.run_for(60);
    assert_eq!(pair.provider_bag(), after);
}

/// A certificate may run out under the legacy protocol: no one requests it anew and none is sent.
#[test]
fn what_expires_stays_expired() {
    let mut pair = pair(9, Mode::Unit);
    pair.stage.run_for(826 * 86_400);
    let said = pair.provider_bag();
    let served = certificate(said.get("web_0.server.cert").unwrap());
    assert!(served.not_after() < pair.stage.now());
}

/// `easyrsa.py` at 3cb8d83 handles server and client requests; `application_cert_requests` set the
/// flag `client.certs.requested`, which no handler of the charm waits for.
#[test]
fn easyrsa_answers_no_request_for_an_application() {
    let pair = pair(1, Mode::App);
    let asked = pair.requirer_bag(0);
    assert_eq!(keys(&asked), ["application_cert_requests", "unit_name"]);
    assert_eq!(
        keys(&pair.provider_bag()),
        ["ca", "client.cert", "client.key"]
    );
}

fn ask_as_client(unit: &mut UnitContext<'_>) -> Result<(), HookError> {
    let library = Requirer::new("certificates", Flavour::Ops);
    library.request_client(unit, "system:kube-apiserver", None)?;
    library.request_server(unit, "second.example", &["second.example".to_owned()], None)?;
    library.request_intermediate(unit, "ca.example", &[])
}

/// `create_client_certificate` keys files by name (`easyrsa.py` at 3cb8d83): one key pair for
/// every unit that asks for `system:kube-apiserver`. Further server certificates lie in a list
/// (`cert_requests`, `processed_requests`), intermediates stay unanswered.
#[test]
fn a_client_certificate_is_shared_by_all_who_ask_for_its_name() {
    let mut pair = pair(1, Mode::Unit);
    pair.stage.stunts.insert("ask", ask_as_client);
    for number in 0..2 {
        pair.stage.act(pair.stage.unit(pair.web, number), "ask");
    }
    pair.stage.run_for(60);
    let asked = pair.requirer_bag(0);
    for (key, text) in [
        (
            "client_cert_requests",
            r#"{"system:kube-apiserver": {"sans": null}}"#,
        ),
        (
            "cert_requests",
            r#"{"second.example": {"sans": ["second.example"]}}"#,
        ),
        (
            "intermediate_cert_requests",
            r#"{"ca.example": {"sans": []}}"#,
        ),
    ] {
        assert_eq!(asked.get(key).unwrap().text(), text);
    }
    let said = pair.provider_bag();
    let clients = said.get("web_0.processed_client_requests").unwrap();
    assert_eq!(Some(clients), said.get("web_1.processed_client_requests"));
    assert!(
        clients
            .text()
            .starts_with(r#"{"system:kube-apiserver": {"cert": "-----BEGIN CERTIFICATE-----\n"#)
    );
    assert!(said.get("web_0.processed_requests").is_some());
    assert!(said.get("web_0.processed_intermediate_requests").is_none());
    let parsed: serde_json::Value = serde_json::from_str(clients.text()).unwrap();
    let text = parsed["system:kube-apiserver"]["cert"].as_str().unwrap();
    assert!(Certificate::from_pem(text).unwrap().sans().is_empty());
}

/// A unit that takes over has the CA of the leader settings, but neither index nor files, and
/// starts to count where the CA began: `create_certificate_authority`, "Recovering CA from
/// controller", `easyrsa.py` at 3cb8d83. Its predecessor, which has the flag, answers too.
#[test]
fn a_unit_that_takes_over_issues_everything_anew_with_numbers_used_before() {
    let mut stage = Stage::new(1, false, false);
    let ca = stage.deploy("easyrsa", &easyrsa(1), &[], 2);
    let web = stage.deploy("web", &legacy_consumer(Mode::Unit), &[], 1);
    stage.run_for(30);
    let relation = stage.integrate((ca, "client"), (web, "certificates"));
    stage.run_for(60);
    let units = [stage.unit(ca, 0), stage.unit(ca, 1)];
    let (first, second) = match stage.juju.application(ca).lease.holder {
        Some(leader) if leader == units[0] => (units[0], units[1]),
        _ => (units[1], units[0]),
    };
    let before = stage.unit_bag(relation, first);
    assert!(stage.unit_bag(relation, second).get("ca").is_none());
    stage.give_leadership(ca, second);
    stage.run_for(60);
    let after = stage.unit_bag(relation, second);
    assert_eq!(after.get("ca"), before.get("ca"));
    assert_eq!(after.get("client.key"), before.get("client.key"));
    let [old, new] =
        [&before, &after].map(|bag| certificate(bag.get("web_0.server.cert").unwrap()));
    assert_ne!(old, new);
    let global = certificate(before.get("client.cert").unwrap());
    assert_eq!(new.serial(), "01");
    assert!(
        new.serial() == global.serial() || new.serial() == old.serial(),
        "a number that was used before"
    );
    // Both answer from now on, and disagree.
    stage.set_config(web, "extra", "a.example");
    stage.run_for(60);
    let said = [first, second].map(|unit| stage.unit_bag(relation, unit));
    let answers = said
        .each_ref()
        .map(|bag| certificate(bag.get("web_0.server.cert").unwrap()));
    assert!(answers.iter().all(|answer| answer.sans().len() == 2));
    assert_ne!(answers[0], answers[1]);
}

/// charms.reactive 1.5.3 `endpoints.py` (`CombinedUnitsView`): the lowest relation id and unit
/// name win; `ops/.../requires.py`: `for unit in relation.units: data.update(...)`.
#[test]
fn of_two_provider_units_that_disagree_one_is_believed() {
    let mut stage = Stage::new(1, false, false);
    let ca = stage.deploy("easyrsa", &easyrsa(1), &[], 2);
    let web = stage.deploy("web", &legacy_consumer(Mode::Unit), &[], 1);
    stage.run_for(30);
    let relation = stage.integrate((ca, "client"), (web, "certificates"));
    stage.run_for(60);
    for unit in [stage.unit(ca, 0), stage.unit(ca, 1)] {
        stage.give_leadership(ca, unit);
        stage.run_for(60);
    }
    let [first, second] = [0, 1].map(|number| stage.unit_bag(relation, stage.unit(ca, number)));
    let key = "web_0.server.cert";
    assert_ne!(first.get(key), second.get(key));
    let unit = stage.unit(web, 0);
    assert_eq!(
        stage.file(unit, "tls/certificates/server.pem"),
        first.get(key)
    );
    let context = UnitContext::new(&stage.juju, unit, stage.now(), None);
    let read = |flavour| Requirer::new("certificates", flavour).received(&context);
    let pair = |flavour| read(flavour).unwrap().unwrap().servers[0].pair.clone();
    assert_eq!(Some(&pair(Flavour::Reactive).certificate), first.get(key));
    assert_eq!(Some(&pair(Flavour::Ops).certificate), second.get(key));
}

/// A private key that a databag holds is told to the journal, with whom it is for.
#[test]
fn every_key_in_a_databag_is_noted() {
    let pair = pair(1, Mode::Unit);
    let notes = pair.stage.stored_keys.iter();
    let stored: Vec<_> = notes
        .map(|key| {
            (
                key.relation.is_some(),
                key.place.to_string(),
                key.holder.to_string(),
            )
        })
        .collect();
    for (in_databag, place, holder) in [
        (false, "certificate_authority_key", "easyrsa"),
        (false, "client_key", "easyrsa"),
        (true, "client.key", "web"),
        (true, "web_0.server.key", "web/0"),
        (true, "web_1.server.key", "web/1"),
    ] {
        let wanted = (in_databag, place.to_owned(), holder.to_owned());
        assert_eq!(
            stored.iter().filter(|found| **found == wanted).count(),
            1,
            "{stored:?}"
        );
    }
    assert_eq!(stored.len(), 5);
}

/// Both sides have the interface `tls-certificates`; `juju integrate` accepts the pair and
/// nothing ever happens.
#[test]
fn the_two_protocols_ignore_each_other() {
    let mut stage = Stage::new(1, false, false);
    let old_ca = stage.deploy("easyrsa", &easyrsa(1), &[], 1);
    let new_ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let old = stage.deploy("old", &legacy_consumer(Mode::Unit), &[], 1);
    let new = stage.deploy("new", &consumer(certificates_profile(Mode::Unit)), &[], 1);
    stage.run_for(30);
    stage.integrate((old_ca, "client"), (new, "certificates"));
    stage.integrate((new_ca, "certificates"), (old, "certificates"));
    stage.run_for(30 * 86_400);
    for application in [old, new] {
        let files = &stage.juju.unit(stage.unit(application, 0)).workload.files;
        let served = files.keys().filter(|path| path.starts_with("tls/"));
        assert_eq!(served.count(), 0);
    }
    assert!(stage.played.iter().all(|played| played.failed.is_none()));
}
