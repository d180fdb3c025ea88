//! What a side kept, lost or wrote the wrong way, by itself.

use std::sync::Arc;

use super::{Told, cause, note, requested};
use trustsim_charm_model::{
    Apply, CertificatesProfile, Endpoint, EndpointProfile, LibraryProfile, Role, Serves, Store,
    TrustProfile,
};
use trustsim_charms::implementation;
use trustsim_interfaces::certificate_transfer::Library;
use trustsim_juju::{HookError, RelationChange, RelationName};
use trustsim_model::{
    Action, ApplicationIndex, Deployment, Kind, ScaleAction, Seq, Side, Subject, TimedAction,
};
use trustsim_testkit::{
    Authority, Script, address_of, deployment, endpoint as endpoint_ref, hook_name, seconds,
    source, subject,
};
use trustsim_validators::ErrorKind;

/// Indices into the deployment of these tests.
const CA: ApplicationIndex = ApplicationIndex::new(0);
const WEB: ApplicationIndex = ApplicationIndex::new(1);
const CLIENT: ApplicationIndex = ApplicationIndex::new(2);

/// The deployment, with this profile at `a.web:certificates`.
fn web_that(profile: CertificatesProfile) -> Deployment {
    let mut deployment = deployment();
    let own = endpoint(&mut deployment, WEB, "certificates");
    own.profile = Some(EndpointProfile::Certificates(profile));
    deployment
}

fn endpoint<'a>(
    deployment: &'a mut Deployment,
    application: ApplicationIndex,
    name: &str,
) -> &'a mut Endpoint {
    let charm = Arc::make_mut(&mut deployment.applications[application].charm);
    let mut endpoints = charm.endpoints.iter_mut();
    let found = endpoints.find(|endpoint| endpoint.name == name);
    found.expect("an endpoint")
}

/// `action` is done at `at_s`, in the plan and in the journal.
fn done(deployment: &mut Deployment, script: &mut Script, at_s: u64, action: Action) -> Seq {
    let line = u32::try_from(at_s).expect("a line");
    deployment.actions.push(TimedAction {
        at: seconds(at_s),
        action: action.clone(),
        source: source(line, ""),
    });
    script.done(at_s, Some(Seq(0)), (action, source(line, "")))
}

fn relation(
    script: &mut Script,
    at_s: u64,
    change: RelationChange,
    provider: &str,
    cause: Seq,
) -> Seq {
    let kind = Kind::Relation {
        change,
        interface: "tls-certificates".into(),
        provider: endpoint_ref(&format!("{provider}:certificates")),
        requirer: endpoint_ref("a.web:certificates"),
    };
    script.record(at_s, Some(cause), Subject::default(), kind)
}

fn relation_name(endpoint: &str) -> RelationName {
    RelationName {
        endpoint: endpoint.into(),
        number: 1,
    }
}

fn refreshed(application: ApplicationIndex) -> Action {
    Action::Scale(ScaleAction::Refresh {
        application,
        channel: None,
        revision: None,
        charm: None,
    })
}

#[test]
fn a_ca_that_went_with_the_container_is_lost() {
    let mut deployment = deployment();
    let mut script = Script::new(&["a.web/0"]);
    script.manifest.connections[0].client = address_of("a.client/0");
    let ca = Authority::root("ca");
    let leaf = ca.leaf("web.example.com");
    script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
    script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
    script.serves(4, None, "a.web/0", &leaf);
    script.transfer(
        5,
        RelationChange::Created,
        "a.ca:send-ca-cert",
        "a.client:receive-ca-cert",
    );
    script.trusts(6, "a.client/0", &[&ca.certificate]);
    script.ok(60, 0);
    let action = done(&mut deployment, &mut script, 200, refreshed(CLIENT));
    let nothing = Kind::TrustChanged { roots: Vec::new() };
    let gone = script.record(201, Some(action), subject("a.client/0"), nothing);
    script.fail(201, 0, ErrorKind::UnknownIssuer);
    let found = cause(&deployment, &script);
    assert_eq!((found.kind, found.seq), ("lost-with-container", Some(gone)));
    insta::assert_snapshot!(found.line, @"a.client/0 lost the CA of a.ca with its container at 2026-01-01T00:03:21Z, by `juju refresh -m a client` (rotation.yaml:200), and it is not written again");
    script.trusts(400, "a.client/0", &[&ca.certificate]);
    script.ok(400, 0);
    let line = cause(&deployment, &script).line;
    assert!(
        line.ends_with("and had none until 2026-01-01T00:06:40Z"),
        "{line}"
    );
}

#[test]
fn a_ca_that_a_hook_took_away_did_not_go_with_the_container() {
    let mut deployment = deployment();
    let mut script = Script::new(&["a.web/0"]);
    script.manifest.connections[0].client = address_of("a.client/0");
    let ca = Authority::root("ca");
    let leaf = ca.leaf("web.example.com");
    script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
    script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
    script.serves(4, None, "a.web/0", &leaf);
    script.transfer(
        5,
        RelationChange::Created,
        "a.ca:send-ca-cert",
        "a.client:receive-ca-cert",
    );
    script.trusts(6, "a.client/0", &[&ca.certificate]);
    let action = done(&mut deployment, &mut script, 200, refreshed(CLIENT));
    let hook = Kind::HookStarted {
        hook: hook_name("upgrade-charm"),
    };
    let hook = script.record(201, Some(action), subject("a.client/0"), hook);
    let nothing = Kind::TrustChanged { roots: Vec::new() };
    script.record(202, Some(hook), subject("a.client/0"), nothing);
    script.fail(202, 0, ErrorKind::UnknownIssuer);
    assert_ne!(cause(&deployment, &script).kind, "lost-with-container");
}

/// What is said of `a.web/0`, which presents this and cannot load it.
fn misbuilt(deployment: &Deployment, shows_issuer: bool, error: ErrorKind) -> Told {
    misbuilt_after(deployment, shows_issuer, error, false)
}

/// The same where the certificate is in place of another one.
fn misbuilt_after(
    deployment: &Deployment,
    shows_issuer: bool,
    error: ErrorKind,
    had_another: bool,
) -> Told {
    let mut script = Script::new(&["a.web/0"]);
    let ca = Authority::root("ca");
    let leaf = ca.leaf("web.example.com");
    script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
    let started = Kind::HookStarted {
        hook: hook_name("certificates-relation-changed"),
    };
    let started = script.record(2, Some(Seq(0)), subject("a.web/0"), started);
    if had_another {
        let earlier = ca.leaf("web.example.com");
        script.issued(2, None, "a.web/0", &earlier, &ca.certificate);
    }
    script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
    match shows_issuer {
        true => script.serves(4, Some(started), "a.web/0", &ca.certificate),
        false => script.serves(4, Some(started), "a.web/0", &leaf),
    };
    if error == ErrorKind::BadEncoding {
        script.presented = "".into();
    }
    let mut verdict = trustsim_testkit::bad(error);
    verdict.judged_by = Some(trustsim_validators::Side::Server);
    script.judge(60, None, 0, verdict);
    cause(deployment, &script)
}

/// canonical/traefik-k8s-operator#491, canonical/opensearch-operator#641.
#[test]
fn a_chain_that_begins_with_its_issuer_is_turned_round() {
    let reverses = web_that(CertificatesProfile {
        serves: Serves::Reversed,
        ..CertificatesProfile::default()
    });
    let found = misbuilt(&reverses, true, ErrorKind::KeyMismatch);
    assert_eq!(found.kind, "chain-turned-round");
    insta::assert_snapshot!(found.line, @"a.web/0 serves its chain turned round, the certificate of its issuer a.ca first: charm web reverses the order in which a.ca sends it");
    // A provider that sends it so is named in its place.
    let found = misbuilt(
        &web_that(CertificatesProfile::default()),
        true,
        ErrorKind::KeyMismatch,
    );
    insta::assert_snapshot!(found.line, @"a.web/0 serves its chain turned round, the certificate of its issuer a.ca first: a.ca sends it that way");
    // Its own certificate beside another key is another matter.
    let found = misbuilt(&reverses, false, ErrorKind::KeyMismatch);
    assert_eq!(found.kind, "key-mismatch");
}

/// canonical/observability-libs 454c1f8 `lib/charms/observability_libs/v1/cert_handler.py`, `_on_certificate_invalidated`:
/// the key goes with a request in place of a certificate that was there, so with the first one it cannot have gone.
#[test]
fn a_key_is_dropped_with_a_certificate_that_was_there_before_and_not_with_the_first() {
    let drops = web_that(CertificatesProfile {
        serves: Serves::Leaf,
        cert_handler: Some(trustsim_interfaces::cert_handler::Version::V1),
        ..CertificatesProfile::default()
    });
    for (shows_issuer, had_another, kind) in [
        (false, true, "key-dropped"),
        (false, false, "key-mismatch"),
        (true, true, "chain-turned-round"),
        (true, false, "chain-turned-round"),
    ] {
        let found = misbuilt_after(&drops, shows_issuer, ErrorKind::KeyMismatch, had_another);
        assert_eq!(found.kind, kind, "{shows_issuer} {had_another}");
    }
}

/// canonical/traefik-k8s-operator#306, #400.
#[test]
fn a_chain_without_its_certificate_is_named() {
    let without = web_that(CertificatesProfile {
        serves: Serves::WithoutLeaf,
        ..CertificatesProfile::default()
    });
    for (shows_issuer, error) in [
        (true, ErrorKind::KeyMismatch),
        (false, ErrorKind::BadEncoding),
    ] {
        let found = misbuilt(&without, shows_issuer, error);
        assert_eq!(found.kind, "chain-without-certificate");
        insta::allow_duplicates! {
            insta::assert_snapshot!(found.line, @"a.web/0 is served without the certificate: charm web writes the chain above the one for web.example.com to disk, and not that one itself");
        }
    }
}

/// `a.web/0` had a certificate of `a.ca`, and was moved to `a.client`, whose CA `browser` trusts.
fn moved(deployment: &mut Deployment) -> (Script, Authority) {
    let mut script = Script::new(&["a.web/0"]);
    let (first, second) = (Authority::root("first"), Authority::root("second"));
    let leaf = first.leaf_for("web.example.com", 1000);
    script.issued(1, None, "a.ca", &first.certificate, &first.certificate);
    script.issued(
        1,
        None,
        "a.client",
        &second.certificate,
        &second.certificate,
    );
    relation(&mut script, 1, RelationChange::Created, "a.ca", Seq(0));
    script.issued(2, None, "a.web/0", &leaf, &first.certificate);
    script.serves(3, None, "a.web/0", &leaf);
    script.trusts(3, "browser", &[&second.certificate]);
    script.record(5, None, Subject::default(), Kind::Settled { at_rest: true });
    script.fail(6, 0, ErrorKind::UnknownIssuer);
    let sides = [CA, WEB].map(|index| Side {
        party: trustsim_model::Party::Application(index),
        endpoint: "certificates".to_owned(),
        role: if index == CA {
            Role::Provider
        } else {
            Role::Requirer
        },
    });
    let action = done(
        deployment,
        &mut script,
        100,
        Action::RemoveRelation {
            model: 0.into(),
            sides,
        },
    );
    relation(&mut script, 100, RelationChange::Removed, "a.ca", action);
    (script, second)
}

/// canonical/traefik-k8s-operator#340: what was true when the outage opened, that the browser does not
/// trust the first CA, is not what keeps it open.
#[test]
fn a_certificate_that_was_kept_is_named_with_what_took_its_provider_away() {
    let mut deployment = web_that(CertificatesProfile {
        installs_once: true,
        ..CertificatesProfile::default()
    });
    let (mut script, second) = moved(&mut deployment);
    relation(
        &mut script,
        110,
        RelationChange::Created,
        "a.client",
        Seq(0),
    );
    let other = second.leaf_for("other.example.com", 1000);
    script.issued(120, None, "a.web/0", &other, &second.certificate);
    let found = cause(&deployment, &script);
    assert_eq!(found.kind, "kept");
    insta::assert_snapshot!(found.line, @"a.web/0 kept the certificate of a.ca after `juju remove-relation -m a ca:certificates web:certificates` (rotation.yaml:100): a.client issued another one at 2026-01-01T00:02:00Z, and its charm installs the first certificate only");
}

/// canonical/traefik-k8s-operator#330.
#[test]
fn a_hook_that_fails_keeps_the_certificate_of_the_provider_before() {
    let mut deployment = deployment();
    let (mut script, _) = moved(&mut deployment);
    for at_s in [105, 300, 600] {
        let failed = Kind::HookFailed {
            hook: hook_name("certificates-relation-broken"),
            error: HookError::Charm("ValueError: x".to_owned()),
        };
        script.record(at_s, None, subject("a.web/0"), failed);
    }
    let found = cause(&deployment, &script);
    assert_eq!(found.kind, "hook-failed");
    insta::assert_snapshot!(found.line, @"hook certificates-relation-broken of a.web/0 fails since 2026-01-01T00:01:45Z: uncaught exception: ValueError: x; a.web/0 runs nothing else and still presents a certificate of a.ca");
}

#[test]
fn a_certificate_that_is_over_when_it_is_signed_names_the_clock() {
    let mut deployment = deployment();
    let mut script = Script::new(&["a.web/0"]);
    let ca = Authority::root("ca");
    script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
    relation(&mut script, 1, RelationChange::Created, "a.ca", Seq(0));
    script.trusts(3, "browser", &[&ca.certificate]);
    let skew = Action::SkewClock {
        application: CA,
        unit: None,
        skew_ns: -600_000_000_000,
    };
    done(&mut deployment, &mut script, 100, skew);
    let leaf = ca.leaf_for("web.example.com", 60);
    note(&mut script, 110, "a.web/0", requested("web.example.com"));
    script.issued(120, None, "a.web/0", &leaf, &ca.certificate);
    script.serves(121, None, "a.web/0", &leaf);
    script.fail(121, 0, ErrorKind::Expired);
    let found = cause(&deployment, &script);
    assert_eq!(found.kind, "clock");
    insta::assert_snapshot!(found.line, @"the clock of a.ca is 10m behind since 2026-01-01T00:01:40Z (rotation.yaml:100): what it signed for a.web/0 at 2026-01-01T00:02:00Z had ended at 2026-01-01T00:01:00Z");
}

/// `a.client/0` speaks one library of `certificate_transfer` and `a.ca` another; it took what came
/// after a rotation, and trusts the old CA.
fn rotated(gives: Library, takes: Library, writes_version: bool) -> Told {
    rotated_in(deployment(), gives, takes, writes_version)
}

fn rotated_in(
    mut deployment: Deployment,
    gives: Library,
    takes: Library,
    writes_version: bool,
) -> Told {
    let speaks = |deployment: &mut Deployment, application, name, library| {
        let Endpoint { library: own, .. } = endpoint(deployment, application, name);
        *own = Some(LibraryProfile::Transfer(library));
    };
    speaks(&mut deployment, CA, "send-ca-cert", gives);
    speaks(&mut deployment, CLIENT, "receive-ca-cert", takes);
    let mut script = Script::new(&["a.web/0"]);
    script.manifest.connections[0].client = address_of("a.client/0");
    let (old, new) = (Authority::root("old"), Authority::root("new"));
    let leaf = new.leaf("web.example.com");
    script.issued(1, None, "a.ca", &old.certificate, &old.certificate);
    script.transfer(
        2,
        RelationChange::Created,
        "a.ca:send-ca-cert",
        "a.client:receive-ca-cert",
    );
    if writes_version {
        let kind = Kind::DatabagChanged {
            relation: relation_name("receive-ca-cert"),
            keys: ["version".into()].into(),
        };
        script.record(3, None, subject("a.client"), kind);
    }
    script.trusts(4, "a.client/0", &[&old.certificate]);
    script.record(5, None, Subject::default(), Kind::Settled { at_rest: true });
    script.issued(100, None, "a.ca", &new.certificate, &new.certificate);
    script.issued(101, None, "a.web/0", &leaf, &new.certificate);
    let sent = Kind::DatabagChanged {
        relation: relation_name("send-ca-cert"),
        keys: ["ca".into(), "chain".into()].into(),
    };
    script.record(101, None, subject("a.ca/0"), sent);
    let hook = "receive-ca-cert-relation-changed";
    let started = Kind::HookStarted {
        hook: hook_name(hook),
    };
    script.record(102, None, subject("a.client/0"), started);
    let committed = Kind::HookCommitted {
        hook: hook_name(hook),
    };
    script.record(103, None, subject("a.client/0"), committed);
    script.serves(104, None, "a.web/0", &leaf);
    script.fail(104, 0, ErrorKind::UnknownIssuer);
    cause(&deployment, &script)
}

/// canonical/charmlibs interfaces/certificate_transfer `_set_relation_data`.
#[test]
fn one_ca_of_several_for_a_peer_of_version_0_is_named() {
    let found = rotated(Library::default(), Library::V0Patch11, true);
    assert_eq!(found.kind, "one-at-random");
    let said = "for which a.ca:send-ca-cert picks one of its 2 CAs at random";
    assert!(found.line.contains(said), "{}", found.line);
}

/// canonical/certificate-transfer-interface f79a9f4 v1.
#[test]
fn a_version_that_nobody_wrote_is_named() {
    let found = rotated(Library::default(), Library::default(), false);
    assert_eq!(found.kind, "versions-differ");
    let said = "no leader of a.client ran receive-ca-cert-relation-created";
    assert!(found.line.contains(said), "{}", found.line);
    let found = rotated(Library::default(), Library::default(), true);
    assert_eq!(found.kind, "not-read");
}

/// charmed-kubernetes/jenkins#463: both CAs are named, whichever side moved.
#[test]
fn two_that_were_moved_apart_are_named_with_both_cas() {
    let mut script = Script::new(&["a.web/0"]);
    script.manifest.connections[0].client = address_of("b.client/0");
    let (old, new) = (Authority::root("old"), Authority::root("new"));
    let leaf = old.leaf("web.example.com");
    script.issued(1, None, "a.ca", &old.certificate, &old.certificate);
    script.issued(1, None, "a.client", &new.certificate, &new.certificate);
    let before = new.leaf("web.example.com");
    script.issued(1, None, "a.web/0", &before, &new.certificate);
    relation(&mut script, 1, RelationChange::Created, "a.ca", Seq(0));
    script.issued(2, None, "a.web/0", &leaf, &old.certificate);
    script.serves(3, None, "a.web/0", &leaf);
    script.trusts(4, "b.client/0", &[&new.certificate]);
    let kind = Kind::Relation {
        change: RelationChange::Created,
        interface: "tls-certificates".into(),
        provider: endpoint_ref("a.client:certificates"),
        requirer: endpoint_ref("b.client:certificates"),
    };
    script.record(4, Some(Seq(0)), Subject::default(), kind);
    script.fail(61, 0, ErrorKind::UnknownIssuer);
    let found = cause(&deployment(), &script);
    insta::assert_snapshot!(found.line, @"no relation carries the CA of a.ca to b.client: b.client has its certificates from a.client, and a.web from a.ca");
}

/// `a.client:receive-ca-cert` is used like this, and a rotation has ended.
fn taken_by(profile: TrustProfile) -> Told {
    let mut deployment = deployment();
    let own = endpoint(&mut deployment, CLIENT, "receive-ca-cert");
    own.profile = Some(EndpointProfile::ReceivesCa(profile));
    rotated_in(deployment, Library::default(), Library::default(), true)
}

/// canonical/traefik-k8s-operator `_update_received_ca_certs`, canonical/grafana-k8s-operator#436.
#[test]
fn a_ca_that_the_charm_does_not_keep_or_has_nobody_read_names_the_charm() {
    let found = taken_by(TrustProfile {
        store: Store::Last,
        ..TrustProfile::default()
    });
    assert_eq!(found.kind, "written-over");
    insta::assert_snapshot!(found.line, @"charm client writes every CA of a relation to one file, and a.client/0 is left with that of 2026-01-01T00:00:01Z; so a.client/0 does not have the CA that a.ca made at 2026-01-01T00:01:40Z");
    let found = taken_by(TrustProfile {
        apply: Apply::None,
        ..TrustProfile::default()
    });
    assert_eq!(found.kind, "read-at-start");
    let said = "charm client does not restart its process for a CA";
    assert!(found.line.starts_with(said), "{}", found.line);
    assert_eq!(taken_by(TrustProfile::default()).kind, "not-read");
}

/// canonical/opensearch-operator#448.
#[test]
fn nodes_that_wait_for_each_other_are_named() {
    let mut deployment = deployment();
    let charm = Arc::make_mut(&mut deployment.applications[WEB].charm);
    charm.implementation = implementation("opensearch", None).expect("it is registered");
    deployment.applications[WEB].units = 2;
    let mut script = Script::new(&["a.web/0"]);
    let ca = Authority::root("ca");
    let leaf = ca.leaf("web.example.com");
    script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
    relation(&mut script, 1, RelationChange::Created, "a.ca", Seq(0));
    script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
    script.trusts(3, "browser", &[&ca.certificate]);
    script.serves(4, None, "a.web/0", &leaf);
    let later = ca.leaf_for("web.example.com", 900);
    script.issued(10, None, "a.web/0", &later, &ca.certificate);
    let took = |script: &mut Script, at_s| {
        let kind = Kind::DatabagChanged {
            relation: relation_name("opensearch-peers"),
            keys: ["tls_configured".into(), "tls_ca_renewed".into()].into(),
        };
        script.record(at_s, None, subject("a.web/1"), kind)
    };
    took(&mut script, 20);
    script.ok(60, 0);
    script.fail(500, 0, ErrorKind::Expired);
    let found = cause(&deployment, &script);
    assert_eq!(found.kind, "stuck-rotation");
    insta::assert_snapshot!(found.line, @"the rotation of a.web is stuck between its two phases since 2026-01-01T00:00:20Z: a.web/1 has taken the new CA, and a.web/0 waits for that to be over");
}
