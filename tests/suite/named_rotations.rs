//! Causes that named what was only beside what was to blame: a relation that was removed while the CA that is missing came of a
//! rotation, a rotation that is stuck without what began it, and a certificate that was not taken without why.

use trustsim::report::words;

/// The first lines of what lasts longest on each connection.
fn told(text: &str) -> Vec<String> {
    let (_, _, findings) = crate::common::diagnosed(crate::common::deployed(text));
    let all = findings.explained();
    all.map(|(_, explanation)| words::cause::line(&explanation.cause.what))
        .collect()
}

fn assert_told(text: &str, parts: &[&str]) {
    let lines = told(text);
    let has_all = |line: &String| parts.iter().all(|part| line.contains(part));
    assert!(lines.iter().any(has_all), "{lines:#?}");
}

/// An early loki-k8s fails in relation-broken, keeps the CA that it was given before, and lacks the one that is made later.
#[test]
fn a_rotation_is_named_beside_the_relation_that_was_removed_before() {
    let text = "duration: 8d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      app0: {charm: mysql-router-k8s, revision: 15, scale: 1}
      app1: {charm: loki-k8s, revision: 129, scale: 1}
    relations:
      - ['app0:certificates', 'ca:certificates']
      - ['app1:certificates', 'ca:certificates']
connections:
  - {from: m.app1, to: m.app0, every: 30s}
faults:
  - {at: 6h, remove-relation: {model: m, between: ['app1:certificates', 'ca:certificates']}}
  - {at: 130h, rotate-ca: {app: m.ca}}
";
    let parts = [
        "m.ca has a new CA since 2026-01-06T10:00:00Z, after `juju run -m m ca/leader rotate-private-key`",
        "and the relation that carried the one before to m.app1 was removed at 2026-01-01T06:00:00Z",
    ];
    assert_told(text, &parts);
}

/// One application on two machines with certificates of two days, and a client that fetches its CAs.
fn on_machines(seed: u64, charm: &str, endpoints: &[&str], fault: &str) -> String {
    let relations = endpoints
        .iter()
        .map(|endpoint| format!("      - ['app0:{endpoint}', 'ca:certificates']\n"));
    let relations: String = relations.collect();
    format!(
        "seed: {seed}
duration: 12d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, options: {{certificate-validity: 2d, root-ca-validity: 30d}}, num_units: 1}}
      app0: {{charm: {charm}, num_units: 2}}
    relations:
{relations}clients:
  browser: {{trusts: [m.ca], refresh: 1h}}
connections:
  - {{from: browser, to: m.app0, every: 30s}}
faults:
  - {fault}
"
    )
}

/// canonical/opensearch-operator#448, with the action that began it.
#[test]
fn what_began_a_rotation_that_is_stuck_is_named() {
    let fault = "{at: 13h, rotate-ca: {app: m.ca}}";
    let text = on_machines(417, "opensearch, revision: 109", &["certificates"], fault);
    let parts = [
        "the rotation of m.app0 is stuck between its two phases since 2026-01-01T13:0",
        ", after `juju run -m m ca/leader rotate-private-key`",
    ];
    assert_told(&text, &parts);
}

/// By version 3 of the library a certificate that has ended by the unit's clock is none.
#[test]
fn a_clock_by_which_a_certificate_was_over_when_it_came_is_named() {
    let fault = "{at: 16h, clock-skew: {app: m.app0, by: 100d, for: 20h}}";
    let endpoints = ["certificates", "client-certificates", "peer-certificates"];
    let text = on_machines(381, "mongodb, revision: 88", &endpoints, fault);
    let parts = [
        "the clock of m.app0/0 was 100d ahead from 2026-01-01T16:00:00Z",
        "was over when it came, and it was not taken",
    ];
    assert_told(&text, &parts);
}
