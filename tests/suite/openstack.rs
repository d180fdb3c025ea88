//! Charmed OpenStack: charms that share what charm-helpers gives them, and charm-vault.

use trustsim::diagnosis::part_at;
use trustsim::kernel::Span;
use trustsim::report::words;

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

/// The client certificate that charm-vault shares with all its clients (`publish_global_client_cert` of
/// openstack/charm-vault 5a0c525 `src/reactive/vault_handlers.py`) ends like any other, and nothing issues another.
#[test]
fn the_end_of_the_shared_client_certificate_of_charm_vault_is_told_as_that() {
    let text = "
name: shared
duration: 400d
models:
  m:
    applications:
      vault: {charm: vault, channel: 1.8/stable, num_units: 1, options: {auto-generate-root-ca-cert: true}}
      etcd: {charm: etcd, channel: latest/stable, num_units: 1}
      control: {charm: kubernetes-control-plane, channel: 1.35/stable, num_units: 1}
    relations:
      - [etcd:certificates, vault:certificates]
      - [control:certificates, vault:certificates]
      - [control:etcd, etcd:db]
connections: derived
faults:
  - {at: 4h, run-action: {app: m.vault, action: authorize-charm, parameters: {token: s.x}}}
  - {at: 5h, remove-relation: {between: ['etcd:certificates', 'vault:certificates']}}
  - {at: 6h, integrate: {between: ['etcd:certificates', 'vault:certificates']}}
";
    let (_, record, findings) = diagnosed(deployed(text));
    let ended = findings.outages.iter().position(|outage| {
        let connection = &record.manifest.connections[outage.connection as usize];
        connection.name == "m.control/0 -> m.etcd/0" && outage.until.is_none()
    });
    let ended = ended.expect("it fails at its end");
    let first = part_at(&findings.parts[ended], findings.outages[ended].from);
    assert_eq!(
        words::cause::line(&first.explanation.cause.what),
        "m.vault never issued a new client certificate for those who share it: in the legacy protocol it is issued once"
    );
}
