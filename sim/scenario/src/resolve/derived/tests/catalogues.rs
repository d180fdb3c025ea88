//! What clients find in a catalogue of services is played, left out and told as other edges are.

use super::{left_out, lines, loaded};
use crate::LeftOut;

const OPENSTACK: &str = "
duration: 1d
models:
  m:
    applications:
      ca: {charm: easyrsa, num_units: 1}
      keystone: {charm: keystone, num_units: 1}
      nova: {charm: nova-cloud-controller, num_units: 1}
      neutron: {charm: neutron-api, num_units: 1, options: {use-internal-endpoints: true}}
    relations:
      - [ca:client, keystone:certificates]
      - [ca:client, neutron:certificates]
      - [ca:client, nova:certificates]
      - [keystone:identity-service, nova:identity-service]
      - [keystone:identity-service, neutron:identity-service]
";

/// openstack/charm-neutron-api 4102c08 `templates/parts/section-nova`.
#[test]
fn what_is_found_in_the_catalogue_is_a_connection() {
    let text = format!("{OPENSTACK}connections: derived\n");
    let found = "m.neutron -> m.nova";
    let direct = ["m.nova -> m.keystone", "m.neutron -> m.keystone"];
    assert_eq!(lines(&loaded(&text)), [direct[0], direct[1], found]);
    let named = text.replace(
        "{charm: nova-cloud-controller, ",
        "{charm: nova-cloud-controller, options: {os-internal-hostname: nova.internal}, ",
    );
    let last = lines(&loaded(&named)).pop();
    assert_eq!(
        last.as_deref(),
        Some("m.neutron -> m.nova as nova.internal")
    );
    let plain = text.replace("      - [ca:client, nova:certificates]\n", "");
    assert_eq!(lines(&loaded(&plain)), direct);
    assert_eq!(left_out(&plain), [(LeftOut::Plain, 1)]);
}

#[test]
fn what_is_found_in_the_catalogue_can_be_excepted() {
    let text = format!(
        "{OPENSTACK}connections: {{derived: true, except: [{{from: m.neutron, to: m.nova}}]}}\n"
    );
    assert_eq!(
        lines(&loaded(&text)),
        ["m.nova -> m.keystone", "m.neutron -> m.keystone"]
    );
    assert_eq!(left_out(&text), [(LeftOut::Excepted, 1)]);
}

/// omec-project/openapi v1.3.3 `client.go` 43-49: nothing is checked, so that no CA breaks it.
#[test]
fn functions_of_a_core_are_not_played() {
    let text = "
duration: 1d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      amf: {charm: sdcore-amf-k8s, scale: 1}
      smf: {charm: sdcore-smf-k8s, scale: 1}
      nrf: {charm: sdcore-nrf-k8s, scale: 1}
    relations:
      - [amf:certificates, ca:certificates]
      - [smf:certificates, ca:certificates]
      - [nrf:certificates, ca:certificates]
      - [amf:fiveg_nrf, nrf:fiveg_nrf]
      - [smf:fiveg_nrf, nrf:fiveg_nrf]
connections: derived
charms:
  sdcore-nrf-k8s: {provides: {fiveg_nrf: {interface: fiveg_nrf}}}
  sdcore-smf-k8s: {requires: {fiveg_nrf: {interface: fiveg_nrf}}}
";
    // Two to the NRF, and one to each other.
    assert_eq!(left_out(text), [(LeftOut::Unchecked, 4)]);
    assert_eq!(lines(&loaded(text)), [] as [&str; 0]);
}
