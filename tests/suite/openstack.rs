//! Charmed OpenStack: charms that share what charm-helpers gives them, and charm-vault.

use trustsim::kernel::Span;

use crate::common::{deployed, diagnosed};

fn openstack(vault: &str, seed: u64) -> String {
    format!(
        "
name: openstack
seed: {seed}
duration: 30d
models:
  os:
    applications:
      keystone: {{charm: keystone, channel: yoga/stable, num_units: 1}}
      glance: {{charm: glance, channel: yoga/stable, num_units: 1}}
      vault: {{charm: vault, channel: 1.8/stable, num_units: 1{vault}}}
    relations:
      - [glance:identity-service, keystone:identity-service]
      - [keystone:certificates, vault:certificates]
      - [glance:certificates, vault:certificates]
connections: derived
"
    )
}

/// juju/charm-helpers 99980625 `contrib/hahelpers/cluster.py`, `https`: while its request has no answer, or there is no CA,
/// a charm serves without TLS and says so over its relations. It was told as an outage of thirty days.
#[test]
fn charms_of_openstack_serve_without_tls_until_vault_signs() {
    let (_, record, findings) = diagnosed(deployed(&openstack("", 1)));
    assert_eq!(findings.outages, []);
    let stretches = &findings.unencrypted;
    assert_eq!(stretches.len(), 1, "{stretches:?}");
    assert!(
        stretches[0].length(record.manifest.end()) > Span::from_secs(29 * 86_400),
        "{stretches:?}"
    );
}

/// `get_ca` of openstack/charm-vault `src/lib/charm/vault_pki.py` is a leader setting, which Juju has before any peer
/// relation: with some seeds it was written before that and never seen again, and every client lost its CA for good.
#[test]
fn the_ca_of_charm_vault_is_known_whenever_it_was_made() {
    let vault = ", options: {auto-generate-root-ca-cert: true, totally-unsecure-auto-unlock: true}";
    for seed in 1..=8 {
        let (_, record, findings) = diagnosed(deployed(&openstack(vault, seed)));
        assert_eq!(findings.outages, [], "seed {seed}");
        let real: u64 = findings.tallies.iter().map(|tally| tally.real).sum();
        assert!(real > 0, "seed {seed}: it is dialled over TLS");
        let end = record.manifest.end();
        let plain = findings.unencrypted.iter();
        let plain: Vec<Span> = plain.map(|stretch| stretch.length(end)).collect();
        assert!(
            plain.iter().all(|length| *length < Span::from_secs(3600)),
            "seed {seed}: {plain:?}"
        );
    }
}
