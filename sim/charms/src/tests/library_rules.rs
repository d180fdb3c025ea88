//! More of what the libraries and self-signed-certificates do, rule by rule: secrets by library,
//! requests in several relations, chains and errors as they are written, names and lifetimes of CAs.

use super::super::surface::{self, served};
use super::super::{Mode, Serves};
use super::requirer_rules::pair_with as pair;
use super::*;
use trustsim_interfaces::notes::RefusalKind;
use trustsim_interfaces::tls_certificates::{
    Answer, Asks, ErrorCode, LIBID, Library, Mode as RequirerMode, Provider, REQUESTS, Request,
    RequestEntry, RequestError, RequestList, Requirer, Side, read_provider, read_requests,
};
use trustsim_interfaces::{KeySource, pem};
use trustsim_pki::Certificate;

const DAY_S: u64 = 86_400;

fn labels(stage: &Stage, owner: SecretOwner) -> Vec<String> {
    let owned = stage.juju.secrets_of(owner);
    let labels = owned.map(|id| stage.juju.secret(id).label.replace(LIBID, "LIBID"));
    labels
        .map(|label| match label.rsplit_once('-') {
            Some((head, digest)) if digest.len() == 64 => format!("{head}-SHA256"),
            _ => label,
        })
        .collect()
}

/// canonical/charmlibs interfaces/tls-certificates 1.12.0 keeps both in secrets of the
/// application; canonical/tls-certificates-interface 257bfe7 `v4/tls_certificates.py` keeps
/// certificates, and before patch 28 keys too, in secrets of the unit.
#[test]
fn secrets_of_an_application_have_the_owner_and_label_of_their_library() {
    let key = "LIBID-private-key-certificates";
    for (library, of_application, of_unit) in [
        (
            Library::Current,
            vec![
                "LIBID-certificate-certificates-SHA256",
                "LIBID-private-key-app-certificates",
            ],
            vec![],
        ),
        (
            Library::V4Patch30,
            vec![key],
            vec!["LIBID-certificate-SHA256"],
        ),
        (
            Library::V4Patch27,
            vec![],
            vec!["LIBID-certificate-SHA256", key],
        ),
    ] {
        let pair = pair(certificates_profile(Mode::App), library, 1);
        let unit = pair.stage.unit(pair.web, 0);
        let mut application = labels(&pair.stage, SecretOwner::Application(pair.web));
        // The generic consumer's own way of sharing what the leader got.
        application.retain(|label| label.starts_with("LIBID"));
        assert_eq!(application, of_application, "{library:?}");
        let own = labels(&pair.stage, SecretOwner::Unit(unit));
        assert_eq!(own, of_unit, "{library:?}");
    }
}

/// charmlibs `_find_available_certificates` tells of every certificate in every pass; canonical/
/// traefik-k8s-operator 8ab4a7e `lib/charms/tls_certificates_interface/v4` (patch 30) goes on
/// where the secret holds it already.
#[test]
fn only_todays_library_tells_of_a_certificate_again() {
    fn told(unit: &mut UnitContext<'_>, library: Library) -> Result<usize, HookError> {
        let relation = unit.relations("certificates")[0];
        let own = read_requests(&unit.unit_data(relation, unit.id())?)?;
        let attributes = own.entries[0].request.attributes().clone();
        let request = Request::new(attributes, Side::Unit);
        let keys = KeySource::new(
            KeyAlgorithm::EcdsaP256,
            KeyPool::new(&Streams::new(1), KeyPool::DEFAULT_SIZE),
        );
        let asks = Asks {
            requests: std::slice::from_ref(&request),
            private_key: None,
            keys: &keys,
            refresh: true,
        };
        let requirer = Requirer {
            library,
            ..Requirer::new("certificates", RequirerMode::Unit)
        };
        Ok(requirer.configure(unit, &asks)?.len())
    }
    for (library, stunt) in [
        (Library::Current, {
            let stunt: Stunt = |unit| {
                assert_eq!(told(unit, Library::Current)?, 1);
                Ok(())
            };
            stunt
        }),
        (Library::V4Patch30, |unit| {
            assert_eq!(told(unit, Library::V4Patch30)?, 0);
            Ok(())
        }),
    ] {
        let mut pair = pair(certificates_profile(Mode::Unit), library, 1);
        let web = pair.stage.unit(pair.web, 0);
        pair.stunt(web, stunt);
        let action = pair
            .stage
            .played
            .iter()
            .find(|played| played.hook.kind() == "action");
        assert_eq!(action.expect("it ran").failed, None);
    }
}

/// Before charmlibs nothing observed relation-broken: key and certificate stay in their secrets,
/// the certificate's until its end is told once more, and the next relation asks with the old key
/// (canonical/tls-certificates-interface 257bfe7 `v4/tls_certificates.py`, `_on_secret_expired`).
#[test]
fn before_charmlibs_the_key_outlives_the_relation() {
    for (library, keeps) in [(Library::V4Patch30, true), (Library::Current, false)] {
        let mut pair = pair(certificates_profile(Mode::Unit), library, 1);
        let owner = SecretOwner::Unit(pair.stage.unit(pair.web, 0));
        let before = pair.answers()[0].certificate.spki_der().to_vec();
        pair.stage.remove_relation(pair.relation);
        pair.stage.run_for(60);
        let left = |stage: &Stage| labels(stage, owner).len();
        assert_eq!(left(&pair.stage), if keeps { 2 } else { 0 }, "{library:?}");
        // The end of its certificate: no relation, so the secret goes and nothing is asked.
        pair.stage.run_for(85 * DAY_S);
        assert_eq!(left(&pair.stage), usize::from(keeps), "{library:?}");
        pair.relation = pair
            .stage
            .integrate((pair.ca, "certificates"), (pair.web, "certificates"));
        pair.stage.run_for(60);
        let after = pair.answers()[0].certificate.spki_der().to_vec();
        assert_eq!(after == before, keeps, "{library:?}");
    }
}

/// charmlibs `_on_relation_broken`: of an application's secrets the leader disposes.
#[test]
fn the_secrets_of_an_application_go_with_its_relation() {
    let mut pair = pair(certificates_profile(Mode::App), Library::Current, 2);
    let owner = SecretOwner::Application(pair.web);
    let of_library = |stage: &Stage| {
        let all = labels(stage, owner);
        all.iter()
            .filter(|label| label.starts_with("LIBID"))
            .count()
    };
    assert_eq!(of_library(&pair.stage), 2);
    pair.stage.remove_relation(pair.relation);
    pair.stage.run_for(60);
    assert_eq!(of_library(&pair.stage), 0);
    let failed = pair
        .stage
        .played
        .iter()
        .find(|played| played.failed.is_some());
    assert!(failed.is_none(), "the other unit does nothing: {failed:?}");
}

const COPIED: &str = "test/copied";

/// charmlibs `_remove_certificates_for_which_no_csr_exists` and `_certificate_issued_for_csr` look
/// through every relation: a request that another requirer has copied is not answered twice, and
/// its answer stays where it is while either of them asks.
#[test]
fn a_request_is_looked_for_in_every_relation() {
    let mut pair = pair(certificates_profile(Mode::Unit), Library::Current, 1);
    // A charm that is no more than its databag.
    let asks = endpoint("certificates", Role::Requirer, "tls-certificates", None);
    let charm = metadata("mute", "plain", vec![asks]);
    let other = pair.stage.deploy("other", &charm, &[], 1);
    pair.stage.run_for(30);
    let second = pair
        .stage
        .integrate((pair.ca, "certificates"), (other, "certificates"));
    pair.stage.run_for(60);
    let entries = |stage: &Stage, relation| {
        let data = read_provider(&stage.application_bag(relation, pair.ca));
        let data = data.unwrap().expect("it is valid");
        let entries = data.certificates.entries().iter();
        entries
            .map(|entry| entry.certificate.clone())
            .collect::<Vec<_>>()
    };
    let first = entries(&pair.stage, pair.relation)[0].clone();

    let web = pair.stage.unit(pair.web, 0);
    let bag = pair.stage.unit_bag(pair.relation, web);
    let text = bag.get(REQUESTS).expect("it asked").clone();
    pair.stage.juju.set_outside(COPIED, Some(text));
    let copies: Stunt = |unit| {
        let relation = unit.relations("certificates")[0];
        let text = unit.outside(COPIED).cloned();
        Ok(unit.set_unit_data(relation, REQUESTS, text)?)
    };
    pair.stage.stunts.insert("copy", copies);
    pair.stage.act(pair.stage.unit(other, 0), "copy");
    pair.stage.run_for(30);
    assert_eq!(entries(&pair.stage, second), [], "it is answered there");
    assert_eq!(
        entries(&pair.stage, pair.relation),
        std::slice::from_ref(&first)
    );

    let withdraws: Stunt = |unit| {
        let relation = unit.relations("certificates")[0];
        Ok(unit.set_unit_data(relation, REQUESTS, None)?)
    };
    pair.stage.stunts.insert("withdraw", withdraws);
    pair.stage.act(web, "withdraw");
    pair.stage.run_for(10);
    assert_eq!(
        entries(&pair.stage, pair.relation),
        std::slice::from_ref(&first),
        "the other one still asks"
    );
    pair.stage.act(pair.stage.unit(other, 0), "withdraw");
    pair.stage.run_for(10);
    // The web hears of that, and asks anew.
    let left = entries(&pair.stage, pair.relation);
    assert!(!left.contains(&first), "{left:?}");
}

/// What the library reads, it writes again to the byte: nothing, false and true of `ca` are three
/// things (canonical/charmlibs `_CertificateSigningRequest`).
#[test]
fn a_request_that_says_nothing_of_ca_is_written_with_null() {
    let pair = pair(certificates_profile(Mode::Unit), Library::Current, 1);
    let unit = pair.stage.unit(pair.web, 0);
    let request = read_requests(&pair.stage.unit_bag(pair.relation, unit)).unwrap();
    let request = request.entries[0].request.clone();
    for (ca, written) in [
        (None, "\"ca\": null}]"),
        (Some(false), "\"ca\": false}]"),
        (Some(true), "\"ca\": true}]"),
    ] {
        let entry = RequestEntry {
            request: request.clone(),
            ca,
        };
        let list = RequestList::new(vec![entry]).into_value().expect("a text");
        assert!(list.text().ends_with(written), "{}", list.text());
    }
}

/// charmlibs `set_relation_certificate` warns of an order that is wrong, and writes it. A charm
/// that writes the chain as it came then presents the CA first, which fits no key; canonical/
/// traefik-k8s-operator 8ab4a7e `src/charm.py` turns it round (pull request 509).
#[test]
fn a_chain_in_the_wrong_order_is_written_all_the_same() {
    for (serves, is_well) in [(Serves::Chain, false), (Serves::LeafFirst, true)] {
        let profile = CertificatesProfile {
            serves,
            ..certificates_profile(Mode::Unit)
        };
        let mut pair = pair(profile, Library::Current, 1);
        let ca = pair.stage.unit(pair.ca, 0);
        pair.stunt(ca, |unit| {
            let provider = Provider::new("certificates");
            let entry = provider.issued(unit)?[0].clone();
            let answer = Answer {
                request: entry.request.clone(),
                certificate: entry.certificate.clone(),
                ca: entry.ca.clone(),
                chain: vec![entry.ca.clone(), entry.certificate.clone()],
            };
            let relation = unit.relations("certificates")[0];
            provider.set_certificates(unit, relation, vec![answer])
        });
        let entry = pair.answers()[0].clone();
        let chain = entry.chain.clone().expect("it has one");
        assert!(chain[0] == entry.ca && chain[1] == entry.certificate);
        pair.stage.set_config(pair.web, "other", "x");
        pair.stage.run_for(10);
        let served = pair.served(0).expect("it is served");
        assert_eq!(served[0] == entry.certificate, is_well, "{serves:?}");
        let files = &pair
            .stage
            .juju
            .unit(pair.stage.unit(pair.web, 0))
            .workload
            .loaded;
        let key = pem::key(surface::served(files)[0].key);
        let key = key.as_ref().as_ref().expect("it is PEM");
        assert_eq!(key.spki_der() == served[0].spki_der(), is_well);
    }
}

/// charmlibs `set_relation_error`: the certificate for the request goes, and of errors there is one
/// for each request, the last.
#[test]
fn an_error_takes_the_place_of_the_certificate() {
    let mut pair = pair(certificates_profile(Mode::Unit), Library::Current, 1);
    assert_eq!(pair.answers().len(), 1);
    let ca = pair.stage.unit(pair.ca, 0);
    pair.stage.stunts.insert("stunt", |unit| {
        let provider = Provider::new("certificates");
        let relation = unit.relations("certificates")[0];
        let request = provider.requests(unit)?[0].request.clone();
        for (code, why) in [(ErrorCode::IpNotAllowed, "one"), (ErrorCode::Other, "two")] {
            let error = RequestError::new(code, why);
            provider.set_error(unit, relation, &request, error, RefusalKind::Other)?;
        }
        Ok(())
    });
    pair.stage.act(ca, "stunt");
    pair.stage.run_for(3);
    let bag = pair.stage.application_bag(pair.relation, pair.ca);
    let data = read_provider(&bag).unwrap().expect("it is valid");
    assert!(data.certificates.entries().is_empty());
    let errors: Vec<(i64, &str)> = data
        .errors
        .entries
        .iter()
        .map(|entry| (entry.error.code, entry.error.message.as_str()))
        .collect();
    assert_eq!(errors, [(999, "two")]);
}

fn roots(stage: &Stage) -> Vec<Certificate> {
    let notes = stage.notes.iter();
    let issued = notes.filter(|note| note.2 == "certificate-issued");
    let issued = issued.map(|note| Certificate::from_pem(&note.3).expect("a note"));
    issued.filter(Certificate::is_ca).collect()
}

/// canonical/self-signed-certificates-operator `src/charm.py` at df04ad3,
/// `_root_certificate_matches_config`: each of these options makes a new CA, the leaves' validity
/// does not.
#[test]
fn every_field_of_the_ca_is_compared_with_the_configuration() {
    let mut stage = Stage::new(1, true, false);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    stage.run_for(60);
    let mut made = 1;
    assert_eq!(roots(&stage).len(), made);
    for (option, value, is_compared) in [
        ("ca-common-name", "Another CA", true),
        ("ca-organization", "Example", true),
        ("ca-email-address", "ops@example.com", true),
        ("ca-country-name", "DE", true),
        ("ca-state-or-province-name", "Bayern", true),
        ("ca-locality-name", "Nabburg", true),
        ("root-ca-validity", "400d", true),
        ("certificate-validity", "80d", false),
        ("certificate-limit", "7", false),
    ] {
        stage.set_config(ca, option, value);
        stage.run_for(700);
        made += usize::from(is_compared);
        assert_eq!(roots(&stage).len(), made, "{option}");
    }
}

/// `timedelta` of Python: a validity that it cannot hold raises `OverflowError`, which
/// `_parse_config_time_string`'s callers do not catch. What ends after the last instant of a run's clock never ends.
#[test]
fn a_validity_that_python_cannot_hold_fails_the_hook() {
    let mut stage = Stage::new(1, true, false);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    stage.run_for(60);
    stage.set_config(ca, "root-ca-validity", "300000d");
    stage.run_for(700);
    let made = roots(&stage);
    assert_eq!(made.len(), 2, "821 years are a validity");
    assert!(made[1].not_after() > Time::parse("2554-01-01T00:00:00Z").expect("an instant"));
    // Two roots that outlive the clock look alike, so the next one is compared with a shorter one.
    stage.set_config(ca, "root-ca-validity", "400d");
    stage.run_for(700);
    let unit = stage.unit(ca, 0);
    for (leaf, root, message) in [
        (
            "200000000000000",
            "200000000000000",
            "Python int too large to convert to C int",
        ),
        (
            "600000000",
            "600000000",
            "days=1200000000; must have magnitude <= 999999999",
        ),
        ("90d", "100000000d", "date value out of range"),
    ] {
        stage.set_config(ca, "certificate-validity", leaf);
        stage.set_config(ca, "root-ca-validity", root);
        let (_, _, result) = stage.run_code(unit, &Hook::ConfigChanged, stage.now());
        let error = result.expect_err(root);
        assert_eq!(
            error.to_string(),
            format!("uncaught exception: OverflowError: {message}")
        );
    }
}

/// canonical/charmlibs `CertificateRequestAttributes` adds a random identifier to the subject: two
/// CAs of one common name are two names, so that no path builder takes one for the other.
#[test]
fn every_ca_has_a_name_of_its_own() {
    let mut stage = Stage::new(1, true, false);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    stage.run_for(60);
    stage.act(stage.unit(ca, 0), "rotate-private-key");
    stage.run_for(60);
    let [one, other] = &roots(&stage)[..] else {
        panic!("two CAs");
    };
    assert_eq!(one.subject_common_name(), other.subject_common_name());
    assert_ne!(one.subject_der(), other.subject_der());
}

/// canonical/self-signed-certificates-operator `src/charm.py` at df04ad3: when the CA is due is
/// fixed as it is made (`root - leaf`), and canonical/charmlibs `Certificate.generate` cuts nothing
/// at its end. Longer leaves late in its life outlive it.
#[test]
fn a_leaf_may_outlive_its_ca() {
    let mut stage = Stage::new(1, true, false);
    let options = [("root-ca-validity", "20d"), ("certificate-validity", "2d")];
    let ca = stage.deploy("ca", &self_signed_certificates(), &options, 1);
    let web = stage.deploy("web", &consumer(certificates_profile(Mode::Unit)), &[], 1);
    stage.run_for(60);
    // The CA is due after 18 days.
    stage.run_for(17 * DAY_S);
    stage.set_config(ca, "certificate-validity", "10d");
    stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.run_for(120);
    let loaded = &stage.juju.unit(stage.unit(web, 0)).workload.loaded;
    let chain = pem::chain(served(loaded)[0].chain);
    let chain = chain.as_ref().as_ref().expect("it is PEM");
    let outlives = chain[0].not_after().since(chain[1].not_after());
    assert_eq!(roots(&stage).len(), 1);
    assert_eq!(outlives.as_secs() / DAY_S, 7);
}
