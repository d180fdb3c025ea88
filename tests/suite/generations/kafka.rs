//! Charmed Kafka before version 4 of the library, in whole scenarios.

use super::{causes, played};

/// A broker that dials a server whose certificate is of a CA that comes over one of its endpoints, if any.
fn broker(endpoint: &str, fault: &str) -> String {
    let relation = match endpoint {
        "" => String::new(),
        name => format!("      - ['kafka:{name}', 'other:certificates']\n"),
    };
    format!(
        "
name: broker
duration: 20d
charms:
  web:
    requires: {{certificates: {{interface: tls-certificates}}}}
models:
  m:
    type: machines
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, num_units: 1}}
      other: {{charm: self-signed-certificates, channel: 1/stable, num_units: 1}}
      kafka: {{charm: kafka, channel: 3/stable, num_units: 1}}
      web: {{charm: web, num_units: 1}}
    relations:
      - ['kafka:certificates', 'ca:certificates']
      - ['web:certificates', 'other:certificates']
{relation}
connections:
  - {{from: m.kafka, to: m.web}}
faults: [{fault}]
"
    )
}

/// canonical/kafka-operator 7b00b34b (revision 258, `3/stable`), `src/events/tls.py`: what comes over `trusted-ca` is
/// trusted and not served, and another CA is not taken over the same relation. `client-cas` came with version 4 of the
/// library.
#[test]
fn kafka_3_trusts_the_first_ca_that_comes_over_trusted_ca() {
    let (_, _, found) = played(&broker("", ""));
    assert_eq!(found.outages.len(), 1, "{:?}", causes(&found));
    let (_, _, found) = played(&broker("trusted-ca", ""));
    assert!(found.outages.is_empty(), "{:?}", causes(&found));
    let (_, _, found) = played(&broker("trusted-certificate", ""));
    assert_eq!(found.outages.len(), 1, "{:?}", causes(&found));
    let (_, _, found) = played(&broker("trusted-ca", "{at: 5d, rotate-ca: {app: m.other}}"));
    let lasting = found.outages.iter().filter(|outage| outage.until.is_none());
    assert_eq!(lasting.count(), 1, "{:?}", causes(&found));
}
