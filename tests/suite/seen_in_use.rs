//! Wrong answers that were seen when real deployments were rehearsed, each with what is true.

use std::sync::Arc;

use trustsim::diagnosis::{Findings, OutageClass, diagnose, outage_groups};
use trustsim::kernel::Span;
use trustsim::report::words;
use trustsim::scenario::{Loaded, MemoryFiles, load};
use trustsim::world::{Options, Record};

fn loaded(text: &str) -> Loaded {
    let files = MemoryFiles::new([("s.yaml", text)]);
    load(std::path::Path::new("s.yaml"), &files)
        .unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
}

fn played(text: &str) -> (Arc<Record>, Findings) {
    let deployment = loaded(text).deployment;
    let record = crate::common::play(&deployment, Options::default());
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    (Arc::new(record), findings)
}

fn first_lines(findings: &Findings) -> Vec<String> {
    let explanations = findings.explanations.iter();
    let lines = explanations.map(|explanation| words::cause::line(&explanation.cause.what));
    lines.collect()
}

/// Vault signs its own API's certificate where nothing is integrated with `tls-certificates-access`, and hands that CA
/// out over `send-ca-cert` (canonical/vault-k8s-operator 619be7dc5, `vault_helpers.generate_vault_ca_certificate`). It
/// was said to have none, for thirty days.
#[test]
fn the_api_of_a_vault_has_a_certificate_of_its_own() {
    let text = "
duration: 30d
models:
  v:
    bundle: kubernetes
    applications:
      vault: {charm: vault-k8s, scale: 1, options: {pki_ca_common_name: example.com}}
      web: {charm: prometheus-k8s, scale: 1}
    relations: [['vault:send-ca-cert', 'web:receive-ca-cert']]
operators: {ops: {answers: [v.vault], delay: {exactly: 1m}}}
connections: [{from: v.web, to: v.vault}]
";
    let codes: Vec<String> = loaded(text)
        .warnings
        .list
        .iter()
        .map(|each| each.code.to_string())
        .collect();
    assert!(!codes.contains(&"TS0303".to_owned()), "{codes:?}");
    let (record, findings) = played(text);
    assert!(findings.outages.is_empty(), "{:?}", first_lines(&findings));
    assert_eq!(record.manifest.connections.len(), 1);
}

/// A traefik without a certificate presents the one that it makes for itself (traefik/traefik `pkg/tls/generate`). The
/// client was told that there is no certificate, which no client of a traefik ever reads.
#[test]
fn a_traefik_without_a_certificate_presents_its_default() {
    let text = "
duration: 2d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: latest/stable, scale: 1}
      ingress: {charm: traefik-k8s, scale: 1, options: {external_hostname: example.com}}
    relations: [['ca:certificates', 'ingress:certificates']]
clients: {browser: {trusts: [m.ca], validator: curl}}
connections: [{from: browser, to: m.ingress}]
";
    let (_, findings) = played(text);
    assert_eq!(findings.outages.len(), 1);
    assert_eq!(findings.outages[0].error.kebab(), "unknown-issuer");
    assert_eq!(
        first_lines(&findings),
        ["m.ca reads the requests of units only, and m.ingress asks as an application (TS0305)"]
    );
}

/// charm-vault rotates with three actions (openstack/charm-vault 5a0c525, `actions.yaml`); `rotate-ca` was refused.
#[test]
fn a_rotation_of_several_actions_runs_all_of_them() {
    let text = "
duration: 30d
models:
  k:
    applications:
      vault: {charm: vault, channel: 1.7/stable, num_units: 1}
      web: {charm: etcd, num_units: 1}
    relations: [['vault:certificates', 'web:certificates']]
faults: [{at: 10d, rotate-ca: {app: k.vault}}]
";
    let deployment = loaded(text).deployment;
    let commands = deployment
        .actions
        .iter()
        .map(|timed| timed.action.to_command(&deployment).to_string());
    let commands: Vec<String> = commands.collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    for (command, action) in
        commands
            .iter()
            .zip(["disable-pki", "generate-root-ca", "reissue-certificates"])
    {
        assert!(command.contains(action), "{command}");
    }
}

/// `installs-once` is a key of charms with version 3 of the library: on a charm with another library, or with code of
/// its own, it would change nothing.
#[test]
fn a_key_that_a_charm_does_not_read_is_refused() {
    let refused = |charm: &str, keys: &str| -> Vec<String> {
        let text = format!(
            "
duration: 1d
models: {{m: {{bundle: kubernetes, applications: {{it: {{charm: {charm}, scale: 1}}}}}}}}
charms: {{{charm}: {{requires: {{certificates: {{interface: tls-certificates, {keys}}}}}}}}}
"
        );
        let files = MemoryFiles::new([("s.yaml", &*text)]);
        match load(std::path::Path::new("s.yaml"), &files) {
            Ok(_) => Vec::new(),
            Err(wrong) => wrong
                .list
                .iter()
                .map(|each| each.code.to_string())
                .collect(),
        }
    };
    assert_eq!(refused("prometheus-k8s", "installs-once: true"), ["TS0228"]);
    assert!(refused("prometheus-k8s", "apply: restart").is_empty());
    assert_eq!(refused("traefik-k8s", "apply: restart"), ["TS0228"]);
    // What its own code does may be said.
    assert!(refused("traefik-k8s", "mode: app").is_empty());
    assert_eq!(refused("traefik-k8s", "mode: unit"), ["TS0228"]);
}

/// A restart of a few seconds was the headline of a run that had nothing else to say, and ended it with exit code 1.
#[test]
fn an_outage_of_seconds_is_counted_and_breaks_nothing() {
    let text = |tolerate: &str| {
        format!(
            "
duration: 3d
{tolerate}
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, scale: 1}}
      web: {{charm: prometheus-k8s, scale: 1}}
    relations: [['ca:certificates', 'web:certificates']]
clients: {{browser: {{trusts: [m.ca]}}}}
connections: [{{from: browser, to: m.web, every: 10s}}]
faults:
  - at: 1d
    kill-unit: {{unit: m.web/0, for: 40s}}
expect:
  - no-failures: {{from: browser}}
"
        )
    };
    let of = |tolerate: &str| {
        let (record, findings) = played(&text(tolerate));
        let told = outage_groups(&record.manifest, &findings).len();
        let longest = findings.tallies[0].longest;
        assert!(Span::from_secs(30) < longest && longest < Span::from_secs(60));
        (findings.classes.clone(), told, findings.passed())
    };
    assert_eq!(of(""), (vec![OutageClass::Tolerated], 0, true));
    let unexpected = || (vec![OutageClass::Unexpected], 1, false);
    assert_eq!(of("tolerate: 0s"), unexpected());
    assert_eq!(of("tolerate: 30s"), unexpected());
}

/// A deployment that waits two days until people have signed its first certificate is not broken: it is being installed.
#[test]
fn what_fails_before_a_deployment_is_first_at_rest_is_installation() {
    let text = |first: &str| {
        format!(
            "
duration: 10d
models:
  m:
    bundle: kubernetes
    applications:
      manual: {{charm: manual-tls-certificates, scale: 1}}
      web: {{charm: prometheus-k8s, scale: 1}}
    relations: [['manual:certificates', 'web:certificates']]
clients: {{browser: {{trusts: [m.manual]}}}}
operators:
  pki-team:
    answers: [m.manual]
    at: [{first}]
    signs-with: {{chain: [{{common-name: Corporate Root CA, validity: 3650d}}], leaf-validity: 90d}}
connections: [{{from: browser, to: m.web}}]
"
        )
    };
    let (record, findings) = played(&text("2d"));
    let settled = record.manifest.settled_at.expect("all is signed by then");
    assert_eq!(findings.classes, [OutageClass::Installation]);
    let outage = &findings.outages[0];
    assert!(outage.until.expect("it ends") <= settled);
    assert!(outage.length(record.manifest.end()) > Span::from_secs(86_400));
    assert!(findings.passed() && outage_groups(&record.manifest, &findings).is_empty());
    // Where it never is at rest, nothing excuses what fails.
    let (record, findings) = played(&text("20d"));
    assert_eq!(record.manifest.settled_at, None);
    assert_eq!(findings.classes, [OutageClass::Unexpected]);
}

/// A key that was left empty was as if it had not been there: the connection, the fault, the whole deployment was gone.
#[test]
fn a_key_without_its_value_is_refused() {
    let text = |units: &str, fault: &str, to: &str| {
        format!(
            "
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, num_units: {units}}}
clients: {{browser: {{}}}}
connections: [{{from: browser, to: {to}}}]
faults:
  - at: 1d
    {fault}
"
        )
    };
    let refused = |text: &str| {
        let files = MemoryFiles::new([("s.yaml", text)]);
        let wrong = load(std::path::Path::new("s.yaml"), &files).map(|_| ());
        wrong.expect_err("it is refused").render(false)
    };
    loaded(&text("1", "rotate-ca: {app: m.ca}", "m.ca"));
    let rotate = "rotate-ca: {app: m.ca}";
    for (text, key) in [
        (text("1", "rotate-ca: {app: }", "m.ca"), "app"),
        (text("1", rotate, ""), "to"),
        (text("1", rotate, "m.ca").replace("at: 1d", "at:"), "at"),
        ("models:\n".to_owned(), "models"),
    ] {
        let wrong = refused(&text);
        assert!(wrong.contains(&format!("`{key}` has no value")), "{wrong}");
    }
    let many = refused(&text("1000000000", rotate, "m.ca"));
    assert!(
        many.contains("1000000000 units are more than can be played"),
        "{many}"
    );
}
