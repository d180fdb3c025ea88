//! A Vault that is sealed by hand: nothing is issued until it is unsealed.

use super::stage::{Played, played};
use trustsim::report::words;

const DAY: f64 = 86_400.0;

/// Vault signs for 45 days as an intermediate of another CA; people look after it at `rounds`.
fn vault(rounds: &str, faults: &str) -> Played {
    played(&format!(
        "duration: 60d
models:
  shop:
    bundle: kubernetes
    applications:
      root: {{charm: self-signed-certificates, options: {{ca-common-name: Root, root-ca-validity: 3650d}}}}
      vault:
        charm: vault-k8s
        options: {{pki_ca_common_name: Issuing, pki_allowed_domains: example.com, pki_allow_subdomains: true}}
      web: {{charm: web, options: {{external-hostname: web.example.com}}}}
    relations:
      - [vault:tls-certificates-pki, root:certificates]
      - [web:certificates, vault:vault-pki]
charms:
  web:
    requires: {{certificates: {{interface: tls-certificates, limit: 1, mode: unit, name-option: external-hostname}}}}
    options: {{external-hostname: {{type: string}}}}
clients: {{browser: {{trusts: [shop.root]}}}}
operators: {{on-call: {{answers: [shop.vault], {rounds}}}}}
connections:
  - {{from: browser, to: shop.web, name: web.example.com, every: 1m}}
faults:
{faults}"
    ))
}

/// A unit that comes while Vault is sealed has no certificate until it is unsealed on day 41
/// (canonical/vault-k8s-operator `_configure`, `is_sealed`); the others serve on.
#[test]
fn a_sealed_vault_issues_nothing_until_an_operator_unseals_it() {
    let run = vault(
        "at: [607s, 1207s, 41d]",
        "  - {at: 38d, seal: {app: shop.vault}}
  - {at: 39d, add-units: {app: shop.web}}\n",
    );
    let outages = run.outages();
    assert_eq!(outages.len(), 1, "{outages:?}");
    let (name, from, length, errors) = &outages[0];
    assert_eq!(name, "browser -> shop.web/1");
    assert_eq!(errors, "no-certificate");
    let until = from + length.expect("it recovers");
    assert!((39.0 * DAY..39.1 * DAY).contains(from), "{}", from / DAY);
    assert!((41.0 * DAY..41.0 * DAY + 900.0).contains(&until), "{until}");
    assert_eq!(
        run.first_line(),
        "shop.vault/0 waited for on-call from 2026-02-08T00:00:00Z to 2026-02-11T00:00:00Z (unseal: Vault is sealed)"
    );
}

/// Unsealed before the next certificate is asked for, nothing comes of it.
#[test]
fn a_vault_that_is_unsealed_in_time_loses_nothing() {
    let run = vault(
        "delay: {exactly: 10m}",
        "  - {at: 38d, seal: {app: shop.vault}}\n",
    );
    assert!(run.outages().is_empty(), "{:?}", run.outages());
    let unsealed = run.entries(|entry| {
        let command = crate::common::command(&run.record, entry);
        command.is_some_and(|command| command.contains("unseal"))
    });
    assert!(unsealed.len() >= 2, "at first and after the seal");
}

/// Asked again at nine tenths of 45 days, while Vault is sealed: no answer, and no operator.
#[test]
fn a_sealed_vault_that_no_operator_unseals_stays_the_cause() {
    let run = vault(
        "at: [607s, 1207s]",
        "  - {at: 38d, seal: {app: shop.vault}}\n",
    );
    assert_eq!(run.outages()[0].2, None);
    let why = run.findings.open_outages[0].why.as_ref();
    let why = words::open_outage::clause(why.expect("it says why"));
    assert_eq!(
        why,
        "shop.vault waits for unseal Vault is sealed: on-call does not come again"
    );
    assert_eq!(
        run.first_line(),
        "shop.vault/0 waits since 2026-02-08T00:00:00Z for on-call, who does not come again (unseal: Vault is sealed)"
    );
}
