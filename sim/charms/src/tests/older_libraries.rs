//! `tls-certificates` with the libraries before charmlibs: canonical/tls-certificates-interface
//! 257bfe7, `lib/charms/tls_certificates_interface` `v3/tls_certificates.py` and
//! `v4/tls_certificates.py`, both patch 27.

use super::super::surface::{chain_path, key_path};
use super::super::{KeyUse, Mode, RenewsOn, surface};
use super::*;
use trustsim_interfaces::pem;
use trustsim_interfaces::tls_certificates::{
    CERTIFICATES, LIBID, Library, REQUESTS, read_requests,
};
use trustsim_pki::{Certificate, CertificateRequest};

pub(super) const DAY_S: u64 = 86_400;

pub(super) struct Pair {
    pub(super) stage: Stage,
    pub(super) ca: ApplicationId,
    pub(super) web: ApplicationId,
    pub(super) relation: RelationId,
}

pub(super) fn certificates(library: Library) -> LibraryProfile {
    LibraryProfile::Certificates(library)
}

fn pair_of(ca: &CharmMetadata, profile: CertificatesProfile, library: Library, units: u32) -> Pair {
    let web = with_library(consumer(profile), "certificates", certificates(library));
    pair_with(ca, &web, units)
}

pub(super) fn pair_with(ca: &CharmMetadata, web: &CharmMetadata, units: u32) -> Pair {
    let mut stage = Stage::new(3, true, false);
    stage.keeps_all = true;
    let ca = stage.deploy("ca", ca, &[], 1);
    let web = stage.deploy("web", web, &[], units);
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

fn pair(profile: CertificatesProfile, library: Library, units: u32) -> Pair {
    pair_of(&self_signed_certificates(), profile, library, units)
}

fn v3(change: impl Fn(&mut CertificatesProfile)) -> Pair {
    let mut profile = certificates_profile(Mode::Unit);
    change(&mut profile);
    pair(profile, Library::V3, 1)
}

impl Pair {
    pub(super) fn requests(&self) -> Vec<CertificateRequest> {
        let web = self.stage.unit(self.web, 0);
        let bag = self.stage.unit_bag(self.relation, web);
        let list = read_requests(&bag).expect("they are PEM");
        list.entries
            .iter()
            .map(|entry| entry.request.clone())
            .collect()
    }

    fn application_request(&self) -> Option<CertificateRequest> {
        let bag = self.stage.application_bag(self.relation, self.web);
        let list = read_requests(&bag).expect("they are PEM");
        list.entries.first().map(|entry| entry.request.clone())
    }

    pub(super) fn loaded(&self) -> &surface::Files {
        &self
            .stage
            .juju
            .unit(self.stage.unit(self.web, 0))
            .workload
            .loaded
    }

    pub(super) fn served(&self) -> Option<Certificate> {
        let served = surface::served(self.loaded());
        let chain = pem::chain(served.first()?.chain);
        chain.as_ref().as_ref().ok()?.first().cloned()
    }

    pub(super) fn key_fits(&self) -> bool {
        let served = surface::served(self.loaded());
        let served = served.first().expect("something is served");
        let key = pem::key(served.key);
        let key = key.as_ref().as_ref().expect("it is PEM");
        Some(key.spki_der()) == self.served().as_ref().map(Certificate::spki_der)
    }

    pub(super) fn labels(&self) -> Vec<(String, Option<Time>)> {
        let unit = self.stage.unit(self.web, 0);
        let owned = self.stage.juju.secrets_of(SecretOwner::Unit(unit));
        let secrets = owned.map(|id| self.stage.juju.secret(id));
        secrets
            .map(|secret| (secret.label.to_string(), secret.expire))
            .collect()
    }

    fn expiries(&self) -> usize {
        let hooks = self.stage.hooks_of(self.stage.unit(self.web, 0));
        hooks
            .iter()
            .filter(|hook| *hook == "secret-expired")
            .count()
    }
}

/// `calculate_expiry_notification_time`: neither side recommends a time, so it is the last third.
#[test]
fn version_3_is_told_when_the_last_third_begins() {
    let mut pair = v3(|_| {});
    let first = pair.served().expect("it is served");
    let digest = pair.requests()[0].sha256_hex();
    let (label, expire) = pair.labels()[0].clone();
    assert_eq!(label, format!("{LIBID}-{digest}"));
    let third = first.not_after() - Span::from_secs(30 * DAY_S);
    assert_eq!(expire, Some(third));
    pair.stage.run_for(59 * DAY_S);
    assert_eq!(pair.served(), Some(first.clone()));
    pair.stage.run_for(2 * DAY_S);
    let second = pair.served().expect("it is served");
    assert_ne!(second, first);
    assert_eq!(second.spki_der(), first.spki_der(), "the key is kept");
    assert_eq!(pair.requests().len(), 1);
    // The secret of the old certificate fires once more at its end, and is cleaned up.
    pair.stage.run_for(40 * DAY_S);
    assert!(
        !pair
            .labels()
            .iter()
            .any(|(label, _)| label.ends_with(&digest))
    );
}

/// `expiry_notification_time`, as canonical/opensearch-operator cd1c0349 gives it (23 hours).
#[test]
fn a_charm_with_version_3_may_want_to_be_told_later() {
    let mut pair = v3(|profile| profile.notification = Some(Span::from_secs(23 * 3_600)));
    let first = pair.served();
    pair.stage.run_for(88 * DAY_S);
    assert_eq!(pair.served(), first);
    pair.stage.run_for(2 * DAY_S);
    assert_ne!(pair.served(), first);
}

/// canonical/opensearch-operator asks with `add_unique_id_to_subject_name=False`, and
/// canonical/copilot-collections issue 69 is what comes of it where the names keep their order:
/// the same request again changes no databag, so no hook runs, and the certificate ends.
#[test]
fn the_same_request_again_is_never_answered() {
    let mut pair = v3(|profile| profile.unique_requests = false);
    let (first, asked) = (pair.served(), pair.requests());
    pair.stage.run_for(100 * DAY_S);
    assert_eq!(pair.requests(), asked);
    assert_eq!(pair.served(), first, "what ended is served on");
    assert_eq!(
        pair.expiries(),
        2,
        "it was told before the end and at the end"
    );
}

/// The same with version 4, whose library renews by itself: it too makes the same bytes again.
#[test]
fn version_4_without_identifiers_renews_into_the_void() {
    for library in [Library::V4Patch27, Library::V4Patch30, Library::Current] {
        let mut profile = certificates_profile(Mode::Unit);
        profile.unique_requests = false;
        let mut pair = pair(profile, library, 1);
        let first = pair.served();
        pair.stage.run_for(100 * DAY_S);
        assert_eq!(pair.served(), first, "{library:?}");
    }
}

/// canonical/postgresql-operator pull request 1394, canonical/opensearch-operator issue 401: a
/// charm that does not hear the events lets its certificate end.
#[test]
fn a_charm_that_does_not_act_lets_it_end() {
    let deaf = RenewsOn {
        expiring: false,
        expired: false,
        revoked: false,
    };
    let mut pair = v3(|profile| profile.renews_on = deaf);
    let (first, asked) = (pair.served(), pair.requests());
    pair.stage.run_for(100 * DAY_S);
    assert_eq!(pair.served(), first);
    // `request_certificate_revocation(certificate)` looks for a request with the text of the
    // certificate, and finds none.
    assert_eq!(pair.requests(), asked, "the request stays");
    assert!(
        pair.labels()
            .iter()
            .all(|(label, _)| !label.starts_with(LIBID))
    );
}

#[test]
fn a_charm_that_acts_at_the_end_only_is_late() {
    let late = RenewsOn {
        expiring: false,
        expired: true,
        revoked: false,
    };
    let mut pair = v3(|profile| profile.renews_on = late);
    let first = pair.served().expect("it is served");
    pair.stage.run_until(first.not_after() - Span::from_secs(1));
    assert_eq!(pair.served(), Some(first.clone()));
    pair.stage.run_for(300);
    let second = pair.served().expect("it is served");
    assert!(
        second.not_before() > first.not_after(),
        "nothing was valid in between"
    );
}

/// `certificate_invalidated` with reason `revoked`: a charm asks anew at once, where version 4
/// waits for the provider.
#[test]
fn version_3_tells_of_a_revocation() {
    for (revoked, asks) in [(true, true), (false, false)] {
        let mut pair = v3(|profile| profile.renews_on.revoked = revoked);
        let asked = pair.requests();
        pair.stage
            .act(pair.stage.unit(pair.ca, 0), "rotate-private-key");
        pair.stage.run_for(20);
        assert_eq!(pair.requests() != asked, asks);
    }
}

/// canonical/wazuh-server-operator issue 423: a renewal with a new key that is written before its
/// certificate; in between the workload cannot begin a handshake.
#[test]
fn a_new_key_written_early_does_not_fit_the_certificate() {
    for (key, breaks) in [
        (KeyUse::Kept, false),
        (KeyUse::Renewed, false),
        (KeyUse::RenewedEarly, true),
    ] {
        let mut pair = v3(|profile| profile.key = key);
        let first = pair.served().expect("it is served");
        pair.stage.run_for(60 * DAY_S - 300);
        let mut broke = false;
        for _ in 0..400 {
            pair.stage.run_for(2);
            broke |= !pair.key_fits();
        }
        assert_eq!(broke, breaks, "{key:?}");
        assert!(pair.key_fits(), "{key:?}");
        let second = pair.served().expect("it is served");
        assert_ne!(first, second);
        let is_kept = first.spki_der() == second.spki_der();
        assert_eq!(is_kept, key == KeyUse::Kept, "{key:?}");
    }
}

/// `_on_secret_expired` looks at no label: of two libraries in one charm, the one that does not know
/// the request throws the secret away at the first notice, so that the second, at the end of the
/// certificate, never comes. Only the library that is constructed last takes its own back: it sets
/// the expiry after the removal, and Juju's recorder lets an update win over a removal before it.
#[test]
fn two_libraries_of_version_3_in_one_charm_take_each_others_secrets() {
    let mut late = certificates_profile(Mode::Unit);
    late.renews_on.expiring = false;
    let mut charm = consumer(late);
    let profile = charm.endpoints[0].profile.clone();
    let peer = endpoint(
        "peer-certificates",
        Role::Requirer,
        "tls-certificates",
        profile,
    );
    charm.endpoints.push(peer);
    for name in ["certificates", "peer-certificates"] {
        charm = with_library(charm, name, certificates(Library::V3));
    }
    let mut stage = Stage::new(3, true, false);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let web = stage.deploy("web", &charm, &[], 1);
    stage.run_for(30);
    stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.integrate((ca, "certificates"), (web, "peer-certificates"));
    stage.run_for(120);
    let served = |stage: &Stage, endpoint: &str| {
        let files = &stage.juju.unit(stage.unit(web, 0)).workload.loaded;
        let served = surface::served(files);
        let found = served.iter().find(|found| found.endpoint == endpoint);
        found.map(|found| found.chain.clone())
    };
    let both = ["certificates", "peer-certificates"];
    let before = both.map(|name| served(&stage, name));
    assert!(before.iter().all(Option::is_some));
    stage.run_for(100 * DAY_S);
    // With one library the second notice renews: `a_charm_that_acts_at_the_end_only_is_late`.
    let renews = [0, 1].map(|at| served(&stage, both[at]) != before[at]);
    assert_eq!(renews, [false, true]);
}

/// canonical/kafka-operator 7b00b34b (revision 258, track 3): `src/events/tls.py` observes `certificate_expiring` and no
/// other end, and `src/managers/tls.py`, `set_truststore`, imports each CA under the alias of its place, which is in use
/// from the first one on. `remove_stores` in relation-broken takes them away.
#[test]
fn a_truststore_may_keep_its_first_ca_until_the_relation_goes() {
    for keeps in [false, true] {
        let mut pair = v3(|profile| {
            profile.renews_on.expired = false;
            profile.renews_on.revoked = false;
            profile.keeps_first_ca = keeps;
        });
        let path = surface::trust_path("certificates");
        let trusted = |pair: &Pair| pair.loaded().get(path.as_str()).cloned();
        let (first, served, asked) = (trusted(&pair), pair.served(), pair.requests());
        assert!(first.is_some());
        let ca = pair.stage.unit(pair.ca, 0);
        pair.stage.act(ca, "rotate-private-key");
        // The provider answers the same request again when it looks next.
        pair.stage.run_for(1_000);
        assert_eq!(pair.requests(), asked);
        assert_ne!(pair.served(), served);
        assert_eq!(trusted(&pair) == first, keeps);
        pair.stage.remove_relation(pair.relation);
        pair.stage.run_for(60);
        assert_eq!(trusted(&pair), None);
        let ends = ((pair.ca, "certificates"), (pair.web, "certificates"));
        pair.relation = pair.stage.integrate(ends.0, ends.1);
        pair.stage.run_for(120);
        let again = trusted(&pair);
        assert!(again.is_some() && again != first);
    }
}

/// `trusted-ca` of the same charm (`_trusted_relation_joined`, `_trusted_relation_changed`, `_trusted_relation_broken`).
#[test]
fn an_endpoint_may_ask_so_that_the_ca_comes_and_serve_nothing() {
    let mut pair = v3(|profile| {
        profile.serves = super::super::Serves::Nothing;
        profile.keeps_first_ca = true;
    });
    let asked = pair.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(pair.served(), None);
    let number = pair.stage.juju.relation(pair.relation).number;
    let path = surface::trust_path(&format!("certificates-{number}"));
    let trusted = |pair: &Pair| pair.loaded().get(path.as_str()).cloned();
    let first = trusted(&pair);
    assert!(first.is_some());
    let ca = pair.stage.unit(pair.ca, 0);
    pair.stage.act(ca, "rotate-private-key");
    pair.stage.run_for(100 * DAY_S);
    assert_eq!(pair.requests(), asked, "it never asks again");
    assert_eq!(trusted(&pair), first);
    let labels = pair.labels();
    assert!(
        labels.is_empty(),
        "the library has no part in it: {labels:?}"
    );
    pair.stage.remove_relation(pair.relation);
    pair.stage.run_for(60);
    assert_eq!(trusted(&pair), None);
}

#[test]
fn version_3_forgets_key_and_files_with_the_relation() {
    let mut pair = v3(|_| {});
    pair.stage.remove_relation(pair.relation);
    pair.stage.run_for(60);
    assert!(pair.loaded().is_empty(), "{:?}", pair.loaded().keys());
    let web = pair.stage.unit(pair.web, 0);
    assert_eq!(pair.stage.file(web, &key_path("certificates", "web")), None);
    let left = pair.labels();
    assert!(
        left.iter().all(|(label, _)| label.starts_with(LIBID)),
        "{left:?}"
    );
}

#[test]
fn version_3_asks_anew_for_other_names() {
    let mut pair = v3(|_| {});
    pair.stage.set_config(pair.web, "extra", "a.example");
    pair.stage.run_for(60);
    assert_eq!(pair.requests().len(), 1);
    let sans = pair.served().expect("it is served").sans().to_vec();
    assert!(sans.contains(&"DNS:a.example".to_owned()), "{sans:?}");
}

/// `_on_relation_changed` of the provider returns where the event has no unit, and reads the
/// databags of units only: an application that asks is never answered.
#[test]
fn a_provider_with_version_3_does_not_hear_applications() {
    let ca = self_signed_certificates();
    let ca = with_library(ca, "certificates", certificates(Library::V3));
    for (mode, is_answered) in [(Mode::Unit, true), (Mode::App, false)] {
        let profile = certificates_profile(mode);
        let mut pair = pair_of(&ca, profile, Library::Current, 1);
        pair.stage.run_for(2 * DAY_S);
        assert_eq!(pair.served().is_some(), is_answered, "{mode:?}");
        let bag = pair.stage.application_bag(pair.relation, pair.ca);
        assert_eq!(bag.get(CERTIFICATES).is_some(), is_answered, "{mode:?}");
        assert_eq!(pair.application_request().is_some(), mode == Mode::App);
    }
}

/// What version 3 writes is what later providers read.
#[test]
fn version_3_keeps_the_addresses_in_its_databag() {
    let pair = v3(|_| {});
    let web = pair.stage.unit(pair.web, 0);
    let bag = pair.stage.unit_bag(pair.relation, web);
    assert!(bag.get("ingress-address").is_some());
    let text = bag.get(REQUESTS).expect("it asked").text().to_owned();
    assert!(
        text.starts_with("[{\"certificate_signing_request\": \"-----BEGIN"),
        "{text}"
    );
    assert!(text.ends_with("\"ca\": false}]"), "{text}");
}

/// canonical/traefik-k8s-operator issue 709: before patch 28 each unit keeps a key of its own for
/// the application, so a new leader withdraws what the old one asked for.
#[test]
fn a_new_leader_asks_anew_before_patch_28() {
    for (library, keeps) in [
        (Library::V4Patch27, false),
        (Library::V4Patch30, true),
        (Library::Current, true),
    ] {
        let mut pair = pair(certificates_profile(Mode::App), library, 2);
        let asked = pair.application_request().expect("it asked");
        let follower = pair.stage.unit(pair.web, 1);
        pair.stage.give_leadership(pair.web, follower);
        pair.stage.run_for(60);
        pair.stage.set_config(pair.web, "unrelated", "x");
        pair.stage.run_for(60);
        let after = pair.application_request().expect("it asked");
        assert_eq!(after == asked, keeps, "{library:?}");
        assert_eq!(after.spki_der() == asked.spki_der(), keeps, "{library:?}");
    }
}

/// The safety net came with patch 29: where the secret that would expire is lost, what looks at the
/// relation late in the certificate's life renews it.
#[test]
fn only_later_libraries_have_a_safety_net() {
    for (library, renews) in [
        (Library::V4Patch27, false),
        (Library::V4Patch30, true),
        (Library::Current, true),
    ] {
        let mut pair = pair(certificates_profile(Mode::Unit), library, 1);
        let asked = pair.requests();
        pair.stage.stunts.insert("lose", |unit| {
            let owner = SecretOwner::Unit(unit.id());
            for label in unit.secret_labels(owner, &format!("{LIBID}-certificate")) {
                let secret = unit.secret(owner, &label).expect("it is there");
                unit.remove_secret(secret.id)?;
            }
            Ok(())
        });
        pair.stage.act(pair.stage.unit(pair.web, 0), "lose");
        pair.stage.run_for(86 * DAY_S);
        assert_eq!(pair.requests(), asked, "{library:?}");
        pair.stage.set_config(pair.web, "unrelated", "x");
        pair.stage.run_for(10);
        assert_eq!(pair.requests() != asked, renews, "{library:?}");
    }
}

/// Version 4 has no capabilities and no errors: its provider writes certificates only.
#[test]
fn a_provider_with_version_4_says_nothing_else() {
    let ca = with_library(
        self_signed_certificates(),
        "certificates",
        certificates(Library::V4Patch27),
    );
    let pair = pair_of(&ca, certificates_profile(Mode::Unit), Library::V4Patch27, 1);
    let bag = pair.stage.application_bag(pair.relation, pair.ca);
    let keys: Vec<&str> = bag.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [CERTIFICATES]);
    let web = pair.stage.unit(pair.web, 0);
    let name = pair.served().expect("it is served").sans()[0].replace("DNS:", "");
    assert!(
        pair.stage
            .file(web, &chain_path("certificates", &name))
            .is_some()
    );
}
