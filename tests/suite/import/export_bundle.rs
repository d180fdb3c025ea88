//! What `trustsim export-bundle` prints, or says instead.

use std::path::Path;

use crate::common::trustsim;

/// What comes of the command: its exit status, what it prints, and what it says beside it.
fn exported(arguments: &[&str]) -> (Option<i32>, String, String) {
    let arguments: Vec<&str> = ["export-bundle"].iter().chain(arguments).copied().collect();
    let output = trustsim(Path::new(env!("CARGO_MANIFEST_DIR")), &arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn the_offers_of_a_model_are_an_overlay() {
    let (status, bundle, _) = exported(&["scenarios/cross-model.yaml", "-m", "owner"]);
    assert_eq!(status, Some(0));
    let (base, overlay) = bundle
        .split_once("--- # overlay.yaml\n")
        .expect("there are offers");
    assert!(
        base.contains("charm: ") && !base.contains("offers:"),
        "{base}"
    );
    assert!(
        overlay.contains("offers:") && !overlay.contains("charm: "),
        "{overlay}"
    );
    let (status, bundle, _) = exported(&["scenarios/cross-model.yaml", "-m", "consumer"]);
    assert_eq!(status, Some(0));
    assert!(
        bundle.contains("saas:") && !bundle.contains("overlay"),
        "{bundle}"
    );
}

#[test]
fn a_model_is_named_where_there_are_several() {
    let (status, bundle, told) = exported(&["scenarios/cross-model.yaml"]);
    assert_eq!((status, bundle.as_str()), (Some(2), ""));
    assert!(
        told.contains("give -m with one of owner, consumer"),
        "{told}"
    );
    let (status, bundle, told) = exported(&["scenarios/cross-model.yaml", "-m", "nope"]);
    assert_eq!((status, bundle.as_str()), (Some(2), ""));
    assert!(told.contains("no model `nope` in the scenario"), "{told}");
}

/// What was removed is not there, what was refreshed is what it is now, and the SAAS of an offer that is gone is
/// terminated.
#[test]
fn a_bundle_and_a_status_are_of_their_instant() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("s.yaml"),
        "
duration: 10d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, revision: 586, scale: 1, offers: {cas: {endpoints: [send-ca-cert]}}}
      web: {charm: traefik-k8s, channel: latest/stable, revision: 250, scale: 1}
    relations:
      - [web:receive-ca-cert, ca:send-ca-cert]
  n:
    bundle: kubernetes
    saas: {cas: {url: admin/m.cas}}
    applications:
      g: {charm: grafana-k8s, channel: dev/edge, scale: 1}
    relations:
      - [g:receive-ca-cert, cas:send-ca-cert]
connections: {derived: true}
faults:
  - {at: 1d, remove-relation: {model: m, between: ['web:receive-ca-cert', 'ca:send-ca-cert']}}
  - {at: 3d, integrate: {model: m, between: ['web:receive-ca-cert', 'ca:send-ca-cert']}}
  - {at: 4d, refresh: {app: m.web, channel: latest/edge}}
  - {at: 6d, remove-offer: {offer: m.cas, force: true}}
",
    )
    .expect("written");
    let printed = |arguments: &[&str]| {
        let output = trustsim(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("it prints UTF-8")
    };
    let bundle = |model, at| printed(&["export-bundle", "s.yaml", "-m", model, "--at", at]);
    let related = |bundle: &str| bundle.matches("web:receive-ca-cert").count();
    let before = bundle("m", "12h");
    assert_eq!(related(&before), 1, "{before}");
    assert!(before.contains("revision: 250"), "{before}");
    assert_eq!(related(&bundle("m", "2d")), 0);
    let after = bundle("m", "5d");
    assert_eq!(related(&after), 1, "{after}");
    assert!(
        after.contains("channel: latest/edge") && !after.contains("revision: 250"),
        "{after}"
    );
    let status = printed(&["status", "s.yaml", "-m", "m", "--at", "5d"]);
    assert!(
        status.contains("latest/edge") && !status.contains("250"),
        "{status}"
    );
    let status = printed(&["status", "s.yaml", "-m", "n", "--at", "7d"]);
    assert!(status.contains("terminated"), "{status}");
    assert!(bundle("n", "7d").contains("relations: []"));
}
