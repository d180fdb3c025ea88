//! Revisions of a charm before the one that its entry in the catalogue was read for, played in whole scenarios.

mod cert_handler;
mod data_sources;
mod kafka;
mod options;

use trustsim::diagnosis::{Findings, diagnose};
use trustsim::kernel::Span;
use trustsim::model::{Coverage, Kind};
use trustsim::pki::Certificate;
use trustsim::report::words;
use trustsim::whatif::{Outcome, remedies};
use trustsim::world::{Deployment, Options, Record};

use crate::common::{deployed, forks, play, warnings};

const HOUR: Span = Span::from_secs(3_600);

/// A server with a certificate of Vault, which is under a root or by itself. The client trusts both CAs.
fn with_vault(vault: &str, host: &str, parent: bool) -> String {
    let parent = match parent {
        true => "      - ['vault:tls-certificates-pki', 'root:certificates']\n",
        false => "",
    };
    format!(
        "
name: vault
duration: 20d
charms:
  web:
    requires: {{certificates: {{interface: tls-certificates, name-option: host, serves: leaf-and-chain}}}}
    options: {{host: {{type: string}}}}
models:
  m:
    type: kubernetes
    applications:
      root: {{charm: self-signed-certificates, channel: 1/stable, num_units: 1}}
      vault: {{charm: vault-k8s, num_units: 1, {vault}}}
      web: {{charm: web, num_units: 1, options: {{host: {host}}}}}
    relations:
      - ['web:certificates', 'vault:vault-pki']
{parent}
operators: {{on-call: {{answers: [m.vault], delay: {{exactly: 5m}}}}}}
clients: {{browser: {{trusts: [m.vault, m.root]}}}}
connections:
  - {{from: browser, to: m.web, name: {host}}}
"
    )
}

fn played(text: &str) -> (Deployment, Record, Findings) {
    let deployment = deployed(text);
    let record = play(&deployment, Options::default());
    let found = diagnose(&deployment, &record.manifest, &record.journal);
    (deployment, record, found)
}

/// What is issued to the server.
fn issued(record: &Record) -> Vec<&Certificate> {
    let entries = record.journal.entries().iter();
    let issued = entries.filter_map(|entry| match &entry.kind {
        Kind::CertificateIssued(issued) => Some(&issued.certificate),
        _ => None,
    });
    let of_server = issued.filter(|certificate| {
        certificate
            .dns_names()
            .any(|name| name.ends_with("example.com"))
    });
    of_server.collect()
}

fn causes(found: &Findings) -> Vec<String> {
    let causes = found.explained();
    causes
        .map(|(_, explanation)| words::cause::line(&explanation.cause.what))
        .collect()
}

/// canonical/vault-k8s-operator at 71985c13 (revision 502, `1.16/stable`): the options `pki_*` came with #655. The name
/// of the CA is in `common_name`, and what is below it may be asked for. Played as today's revision, such a Vault had no
/// common name and was blocked for ever.
#[test]
fn vault_1_16_takes_the_name_of_its_ca_from_common_name_and_signs_what_is_below_it() {
    let vault = "channel: 1.16/stable, options: {common_name: example.com}";
    let (deployment, record, found) = played(&with_vault(vault, "www.example.com", true));
    assert!(found.outages.is_empty(), "{:?}", causes(&found));
    let signer = issued(&record)[0].issuer();
    assert!(signer.contains("CN=example.com"), "{signer}");
    let bases = Coverage::of(&deployment).bases;
    let reasons = bases.iter().flat_map(|basis| &basis.reasons);
    let reasons: Vec<String> = reasons
        .map(|reason| words::standing::reason(reason, &deployment))
        .collect();
    assert!(
        !reasons.iter().any(|reason| reason.contains("vault")),
        "{reasons:?}"
    );
}

/// Vault's own default refuses the name of the domain itself; `pki_allow_bare_domains` came with #977.
#[test]
fn vault_1_16_does_not_sign_its_domain_itself() {
    let vault = "channel: 1.16/stable, options: {common_name: example.com}";
    let (_, record, found) = played(&with_vault(vault, "example.com", true));
    assert_eq!(issued(&record).len(), 0);
    assert_eq!(causes(&found).len(), 1);
    let vault = "channel: 2.0/stable, options: {pki_ca_common_name: example.com}";
    let (_, record, found) = played(&with_vault(vault, "example.com", true));
    assert!(found.outages.is_empty(), "{:?}", causes(&found));
    assert!(!issued(&record).is_empty());
}

/// Before #977 there is no PKI without a CA above it; since #704 the status says so.
#[test]
fn a_vault_before_2_0_needs_a_ca_above_it() {
    for (vault, says) in [
        (
            "channel: 1.16/stable, options: {common_name: example.com}",
            false,
        ),
        (
            "channel: 1.18/stable, options: {pki_ca_common_name: example.com, pki_allow_subdomains: true}",
            true,
        ),
    ] {
        let text = with_vault(vault, "www.example.com", false);
        let (_, record, found) = played(&text);
        assert!(issued(&record).is_empty());
        assert_eq!(
            causes(&found),
            [
                "m.vault has no CA and issues nothing: its charm needs one over tls-certificates-pki, and no relation \
              brings it (TS0320)"
            ]
        );
        let message =
            "tls-certificates-pki relation is missing, cannot configure PKI secrets engine";
        let mut statuses = record
            .journal
            .entries()
            .iter()
            .filter_map(|entry| match &entry.kind {
                Kind::StatusChanged { message, .. } => Some(&**message),
                _ => None,
            });
        assert_eq!(statuses.any(|said| said == message), says);
        assert!(warnings(&text).contains("TS0320"), "{}", warnings(&text));
    }
    let today = "channel: 2.0/stable, options: {pki_ca_common_name: example.com, pki_allow_subdomains: true}";
    let text = with_vault(today, "www.example.com", false);
    let (_, _, found) = played(&text);
    assert!(found.outages.is_empty(), "{:?}", causes(&found));
    assert!(!warnings(&text).contains("TS0320"));
}

/// What brings such a Vault its CA is tried, by the endpoint that its charm needs it over, not by the first of its
/// interface, which is for the certificate of its own API.
#[test]
fn a_vault_without_a_ca_above_it_is_put_under_one_as_a_remedy() {
    let vault = "channel: 1.16/stable, options: {common_name: example.com}";
    let (deployment, record, mut found) = played(&with_vault(vault, "www.example.com", false));
    let run = Outcome::of(record.manifest, &record.journal);
    let play = forks(&deployment);
    found.remedies = remedies(&deployment, &run, &found, 8, play).found;
    let best = found.remedies.best(0).expect("there is a remedy");
    let typed: Vec<String> = best.commands.iter().map(words::command::text).collect();
    let command = "juju integrate -m m vault:tls-certificates-pki root:certificates";
    assert_eq!(typed, [command]);
    assert!(best.lost_after.is_zero(), "{:?}", best.lost_after);
}

/// Before #822 the leaf is not in the chain, and before #506 nothing says for how long Vault signs: for
/// `default_lease_ttl`, a week.
#[test]
fn vault_1_15_signs_for_a_week() {
    let vault = "channel: 1.15/stable, options: {common_name: example.com}";
    let (_, record, found) = played(&with_vault(vault, "www.example.com", true));
    assert!(found.outages.is_empty(), "{:?}", causes(&found));
    let life = |leaf: &Certificate| leaf.not_after().since(leaf.not_before());
    // Vault dates it back by half a minute.
    let week = HOUR.saturating_mul(7 * 24);
    let lives: Vec<Span> = issued(&record).into_iter().map(life).collect();
    assert!(lives.len() > 2, "it is renewed: {lives:?}");
    assert!(
        lives
            .iter()
            .all(|life| *life >= week && *life < week + HOUR),
        "{lives:?}"
    );
}

/// juju/juju 3.6 `state/application.go`, `changeCharmOps`: a refresh keeps what is set and what the new charm takes
/// (`FilterSettings`), and what is not set has the new charm's default. The validities of self-signed-certificates were
/// numbers, `365`, and are texts, `90d`.
#[test]
fn a_refresh_brings_the_defaults_of_the_new_charm() {
    let text = "
name: refreshed
duration: 20d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, revision: 265, options: {ca-common-name: Kept CA}}
      traefik: {charm: traefik-k8s, options: {external_hostname: m.example.com}}
    relations:
      - [traefik:certificates, ca:certificates]
faults:
  - {at: 1d, refresh: {app: m.ca, revision: 309}}
";
    let (_, record, _) = played(text);
    let after = record.manifest.start + HOUR.saturating_mul(24);
    let entries = record.journal.entries().iter();
    let blocked = entries.filter(|entry| {
        let is_ca = entry.subject.application.as_deref() == Some("ca");
        let is_blocked = matches!(entry.kind, Kind::StatusChanged { status, .. }
            if status == trustsim::juju::Status::Blocked);
        entry.time > after && is_ca && is_blocked
    });
    let blocked: Vec<_> = blocked.collect();
    assert!(blocked.is_empty(), "{blocked:?}");
    let names = record
        .journal
        .entries()
        .iter()
        .filter_map(|entry| match &entry.kind {
            Kind::CertificateIssued(made) if made.certificate.is_ca() => {
                made.certificate.subject_common_name().map(str::to_owned)
            }
            _ => None,
        });
    assert!(names.into_iter().all(|name| name == "Kept CA"));
}
