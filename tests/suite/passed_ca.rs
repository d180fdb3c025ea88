//! CAs that travel with the data of other relations: who is handed another CA, who is told of it, and that it is a source
//! of trust like any other. What the libraries do: canonical/data-platform-libs
//! `lib/charms/data_platform_libs/v0/data_interfaces.py` at 4bf12d1, charmed-kubernetes/interface-kube-control
//! `ops/ops/interface_kube_control/` at 9e7b13e.

mod cluster;
mod handed_certificate;
mod own_ca;
mod peer_cluster;
mod vault_kv;

use std::collections::BTreeMap;
use std::sync::Arc;

use trustsim::diagnosis::{TrustSource, diagnose, why};
use trustsim::kernel::Span;
use trustsim::report::words;
use trustsim::whatif::{least_trust, trust_found};
use trustsim::world::{Deployment, Options, Simulation};

const DAY: Span = Span::from_secs(86_400);

/// A server that hands its CA on, and a client; on the third day the server is given another CA.
fn handed_on(interface: &str, client: &str) -> Deployment {
    crate::common::deployed(&format!(
        "duration: 8d
models:
  m:
    applications:
      old: {{charm: self-signed-certificates, num_units: 1}}
      new: {{charm: self-signed-certificates, num_units: 1}}
      store: {{charm: server, num_units: 1}}
      reader: {{charm: client, num_units: 1}}
    relations:
      - [store:certificates, old:certificates]
      - [reader:db, store:clients]
charms:
  server:
    requires: {{certificates: {{interface: tls-certificates, limit: 1}}}}
    provides: {{clients: {{interface: {interface}, passes-ca: certificates}}}}
  client:
    system-roots: false
    requires: {{db: {{interface: {interface}, trusts-ca: true{client}}}}}
connections:
  - {{from: m.reader, to: m.store, every: 1m}}
faults:
  - {{at: 3d, remove-relation: {{between: ['store:certificates', 'old:certificates']}}}}
  - {{at: 3d10m, integrate: {{between: ['store:certificates', 'new:certificates']}}}}
"
    ))
}

/// The first line of the diagnosis of the outage that is open at the end; `None` where none is.
fn open_at_the_end(deployment: &Deployment) -> Option<String> {
    let record = crate::common::play(deployment, Options::default());
    let found = diagnose(deployment, &record.manifest, &record.journal);
    let open = found
        .outages
        .iter()
        .position(|outage| outage.until.is_none())?;
    Some(words::cause::line(&found.explanations[open].cause.what))
}

/// `_on_secret_changed_event` of version 0 of `data_interfaces` passes; `KubeControlRequirer._on_secret_change` emits
/// relation-changed. `import_cert` of canonical/kafka-connect-operator ad7cfb3 finds its alias in use.
#[test]
fn another_ca_comes_to_those_who_are_told_or_look() {
    let cases = [
        (
            "postgresql_client",
            "",
            Some("the library tells the charm of m.reader/0 nothing of it"),
        ),
        ("postgresql_client", ", reads: again", None),
        ("kube-control", "", None),
        (
            "kube-control",
            ", keeps-first-ca: true",
            Some("m.reader/0 keeps the CA that m.store:clients handed it first"),
        ),
        ("an_interface", "", None),
        (
            "an_interface",
            ", apply: none",
            Some("and reads it only when it starts"),
        ),
    ];
    let mut wrong = BTreeMap::new();
    for (interface, client, expected) in cases {
        let found = open_at_the_end(&handed_on(interface, client));
        let is_so = match (expected, &found) {
            (Some(words), Some(line)) => line.contains(words),
            (expected, found) => expected.is_none() && found.is_none(),
        };
        if !is_so {
            wrong.insert((interface, client), found);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_ca_that_is_handed_on_is_a_source_of_trust() {
    let deployment = handed_on("postgresql_client", "");
    let record = crate::common::play(&deployment, Options::default());
    let at = deployment.start + DAY * 2;
    let (manifest, journal) = (&record.manifest, &record.journal);
    let answers = why(&deployment, manifest, journal, "m.reader", "m.store", at);
    let answer = answers.expect("it is watched").remove(0);
    let rests = answer.rests.expect("it holds");
    let TrustSource::PassedOn(relation) = &rests.source else {
        panic!("{:?}", rests.source);
    };
    assert_eq!(
        words::transit::passing(relation),
        "what m.store:clients hands m.reader:db over postgresql_client"
    );

    let mut simulation = Simulation::new(Arc::new(deployment.clone()), Options::default());
    simulation.run_until(at);
    let found = trust_found(&simulation);
    let routes: Vec<String> = found
        .trusted
        .iter()
        .filter(|root| &*root.holder == "m.reader/0")
        .map(|root| format!("{:?}", root.route))
        .collect();
    assert_eq!(routes.len(), 1, "{routes:?}");
    assert!(routes[0].contains("postgresql_client"), "{routes:?}");

    let least = least_trust(&Arc::new(deployment));
    let source = least
        .sources
        .iter()
        .find(|source| &*source.holder == "m.reader/0");
    let source = source.expect("it has one");
    assert!(
        source.source.starts_with("db-") && source.is_single(),
        "{source:?}"
    );
}

/// Whether a reader that trusts only what a server hands it holds its connection to the end.
fn is_handed_on(application: &str, certificates: &str, client: (&str, &str)) -> bool {
    let (endpoint, interface) = client;
    let deployment = crate::common::deployed(&format!(
        "duration: 1d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1}}
      server: {{{application}}}
      reader: {{charm: reader, num_units: 1}}
    relations:
      - [server:{certificates}, ca:certificates]
      - [reader:server, server:{endpoint}]
charms:
  reader:
    system-roots: false
    requires: {{server: {{interface: {interface}, trusts-ca: true}}}}
connections: [{{from: m.reader, to: m.server, every: 1m}}]
"
    ));
    open_at_the_end(&deployment).is_none()
}

/// `set_tls_ca` of `src/relations/postgresql_provider.py`: canonical/postgresql-operator 2e492f86 (revision 513) has it and
/// c5c916d4 (512) has not, canonical/postgresql-k8s-operator 01577b46 (429) and b41e4f28 (445). Track 14 hands on the CA of
/// `certificates` (9251d5db), track 16 that of `client-certificates` (46ab840d, k8s 03acb1b2).
#[test]
fn postgresql_hands_its_ca_on_in_the_revisions_that_do() {
    let clients = ("database", "postgresql_client");
    for (server, certificates, expected) in [
        (
            "charm: postgresql, channel: 14/stable",
            "certificates",
            true,
        ),
        ("charm: postgresql, revision: 513", "certificates", true),
        ("charm: postgresql, revision: 512", "certificates", false),
        ("charm: postgresql, revision: 300", "certificates", false),
        (
            "charm: postgresql, channel: 16/stable",
            "client-certificates",
            true,
        ),
        (
            "charm: postgresql, revision: 952",
            "client-certificates",
            true,
        ),
        (
            "charm: postgresql-k8s, channel: 14/stable",
            "certificates",
            true,
        ),
        ("charm: postgresql-k8s, revision: 429", "certificates", true),
        (
            "charm: postgresql-k8s, revision: 445",
            "certificates",
            false,
        ),
        (
            "charm: postgresql-k8s, channel: 16/stable",
            "client-certificates",
            true,
        ),
    ] {
        let application = format!("{server}, num_units: 1");
        let found = is_handed_on(&application, certificates, clients);
        assert_eq!(found, expected, "{server}");
    }
}

/// `update_certs` of canonical/opensearch-operator cd1c0349, which its leader calls for each new certificate; revision 14
/// (28af8f71) has no `set_tls_ca`, and 15 has it.
#[test]
fn opensearch_hands_its_ca_on_in_the_revisions_that_do() {
    let clients = ("opensearch-client", "opensearch_client");
    for (server, expected) in [("channel: 2/stable", true), ("revision: 14", false)] {
        let application = format!("charm: opensearch, {server}, num_units: 3");
        let found = is_handed_on(&application, "certificates", clients);
        assert_eq!(found, expected, "{server}");
    }
}

/// `set_tls_ca` is called nowhere in `src` of canonical/mongodb-operator 460b6ccb and canonical/mysql-k8s-operator 0088c958.
#[test]
fn where_a_real_charm_does_not_hand_its_ca_on_neither_do_we() {
    for (server, interface) in [
        ("charm: mongodb, channel: 6/stable", "mongodb_client"),
        ("charm: mysql-k8s, channel: 8.0/stable", "mysql_client"),
    ] {
        let application = format!("{server}, num_units: 1");
        let found = is_handed_on(&application, "certificates", ("database", interface));
        assert!(!found, "{server}");
    }
}

/// Whether the client that is related on the first day, and the one that is related on the second, hold to the end, where the
/// third day brings another CA, or not.
fn related_early_and_late(server: &str, more: &str, brings_another: bool) -> [bool; 2] {
    let another =
        "  - {at: 3d, remove-relation: {between: ['api:certificates', 'old:certificates']}}
  - {at: 3d10m, integrate: {between: ['api:certificates', 'new:certificates']}}
";
    let another = if brings_another { another } else { "" };
    let deployment = crate::common::deployed(&format!(
        "duration: 5d
models:
  m:
    applications:
      old: {{charm: self-signed-certificates, num_units: 1}}
      new: {{charm: self-signed-certificates, num_units: 1}}
      api: {{{server}, num_units: 1}}
      early: {{charm: client, num_units: 1}}
      late: {{charm: client, num_units: 1}}
    relations:
      - ['api:certificates', 'old:certificates']
      - ['early:kube-control', 'api:kube-control']
charms:
  client: {{system-roots: false, requires: {{kube-control: {{interface: kube-control, trusts-ca: true}}}}}}
{more}connections:
  - {{from: m.early, to: m.api, every: 10m}}
  - {{from: m.late, to: m.api, every: 10m}}
faults:
  - {{at: 1d, integrate: {{between: ['late:kube-control', 'api:kube-control']}}}}
{another}"
    ));
    let record = crate::common::play(&deployment, Options::default());
    let found = diagnose(&deployment, &record.manifest, &record.journal);
    ["early", "late"].map(|client| {
        let name = format!("m.{client}/0 -> m.api/0");
        let mut outages = found.outages.iter();
        outages.all(|outage| {
            let connection = &record.manifest.connections[outage.connection as usize];
            connection.name != name || outage.until.is_some()
        })
    })
}

/// `set_ca_certificate` of `src/kube_control.py`: canonical/k8s-operator 75584117 (revision 104) has it, with a library that has
/// canonical/k8s-operator#950 (ops-interface-kube-control edc07bc to 9e7b13e). `Secret.set_content` of `ops` 3.9.0 finds the id
/// that `get_secret(label=...)` left out, so that another CA comes to everyone: run with the real library under `ops[testing]`.
#[test]
fn k8s_hands_its_ca_to_those_who_are_related_when_it_comes() {
    for server in [
        "charm: k8s, channel: 1.35/stable",
        "charm: k8s, channel: 1.32/stable",
        "charm: k8s, revision: 104",
    ] {
        let found = related_early_and_late(server, "", false);
        assert_eq!(found, [true, false], "{server}");
    }
    let api = "  server:
    requires: {certificates: {interface: tls-certificates, limit: 1}}
    provides: {kube-control: {interface: kube-control, passes-ca: certificates, bugs: [earlier-relations-only]}}
";
    for (brings_another, late) in [(false, false), (true, true)] {
        let found = related_early_and_late("charm: server", api, brings_another);
        assert_eq!(found, [true, late], "{brings_another}");
    }
}

/// What is handed on follows a rotation: `_on_certificate_available` of canonical/opensearch-operator cd1c0349 comes to
/// `update_certs` once the certificate under the new CA is in place, and the library tells the client's charm nothing of it.
/// One node, since several are stuck where one hears of a renewal of another first (#448).
#[test]
fn opensearch_hands_on_another_ca_once_it_serves_under_it() {
    for (reads, is_held) in [("again", true), ("event", false)] {
        let deployment = crate::common::deployed(&format!(
            "duration: 8d
models:
  m:
    applications:
      old: {{charm: self-signed-certificates, num_units: 1}}
      new: {{charm: self-signed-certificates, num_units: 1}}
      search: {{charm: opensearch, channel: 2/stable, num_units: 1}}
      reader: {{charm: reader, num_units: 1}}
    relations:
      - [search:certificates, old:certificates]
      - [reader:search, search:opensearch-client]
charms:
  reader:
    system-roots: false
    requires: {{search: {{interface: opensearch_client, trusts-ca: true, reads: {reads}}}}}
connections: derived
faults:
  - {{at: 3d, remove-relation: {{between: ['search:certificates', 'old:certificates']}}}}
  - {{at: 3d10m, integrate: {{between: ['search:certificates', 'new:certificates']}}}}
"
        ));
        assert_eq!(open_at_the_end(&deployment).is_none(), is_held, "{reads}");
    }
}

/// A job of canonical/prometheus-k8s-operator 432c227 has the CA of its server (`src/charm.py`, `self_scraping_job`), and
/// `_process_tls_config` trusts what a job brings, with every configuration that it makes.
#[test]
fn a_scrape_job_brings_the_ca_of_who_is_scraped() {
    let deployment = crate::common::deployed(
        "duration: 8d
models:
  m:
    bundle: kubernetes
    applications:
      old: {charm: self-signed-certificates, scale: 1}
      new: {charm: self-signed-certificates, scale: 1}
      scraped: {charm: prometheus-k8s, scale: 1}
      scraping: {charm: prometheus-k8s, scale: 1}
    relations:
      - ['scraped:certificates', 'old:certificates']
      - ['scraping:metrics-endpoint', 'scraped:self-metrics-endpoint']
connections: derived
faults:
  - {at: 3d, remove-relation: {between: ['scraped:certificates', 'old:certificates']}}
  - {at: 3d10m, integrate: {between: ['scraped:certificates', 'new:certificates']}}
",
    );
    assert_eq!(deployment.connections.len(), 1);
    assert_eq!(open_at_the_end(&deployment), None);
}

/// Before canonical/kafka-operator#344 (4a6846a2) the field `tls-ca` had the word `enabled`; in track 3 it still has.
#[test]
fn kafka_hands_its_ca_on_in_the_revisions_that_do() {
    let deployment = |kafka: &str| {
        crate::common::deployed(&format!(
            "duration: 1d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1}}
      kafka: {{charm: kafka, num_units: 1, {kafka}}}
      connect: {{charm: worker, num_units: 1}}
    relations:
      - [kafka:certificates, ca:certificates]
      - [connect:kafka-client, kafka:kafka-client]
charms: {{worker: {{system-roots: false, requires: {{kafka-client: {{interface: kafka_client, trusts-ca: true}}}}}}}}
connections: derived
"
        ))
    };
    for (kafka, is_handed_on) in [
        ("channel: 4/stable", true),
        ("revision: 212", true),
        ("revision: 258", false),
        ("channel: 3/stable", false),
    ] {
        let deployment = deployment(kafka);
        assert_eq!(deployment.connections.len(), 1, "{kafka}");
        assert_eq!(
            open_at_the_end(&deployment).is_none(),
            is_handed_on,
            "{kafka}"
        );
    }
}
