//! CAs that charms have for the units of their application: each unit is signed for where nothing is assigned to it, its
//! fellows trust that CA, and it is a source of trust like any other. What the charms do is named in
//! `sim/generic_charms/src/requirer/own_ca.rs` and in the rows of `units` in `sim/edges/src/interfaces.yaml`.

use std::sync::Arc;

use trustsim::diagnosis::{TrustSource, diagnose, why};
use trustsim::edges::{Checks, Edge, End, Transport, derive};
use trustsim::interfaces::notes::CertificateKind;
use trustsim::kernel::Span;
use trustsim::model::{Address, Kind, Standing, Standings};
use trustsim::report::words;
use trustsim::whatif::{TrustRoute, least_trust, trust_found};
use trustsim::world::{Deployment, Options, Record, Simulation};

const DAY: Span = Span::from_secs(86_400);

fn deployed(charm: &str, more: &str) -> Deployment {
    crate::common::deployed(&format!(
        "duration: 40d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1, options: {{certificate-validity: 10d}}}}
      store: {{charm: {charm}, num_units: 3}}
connections: derived
{more}"
    ))
}

/// A charm that has a CA for its units, which lives for thirty days.
fn short_lived(own: &str, more: &str) -> Deployment {
    deployed(
        "kafka, channel: 4/stable",
        &format!(
            "charms:
  kafka:
    requires: {{peer-certificates: {{interface: tls-certificates, limit: 1, address-of: every, {own}}}}}
{more}"
        ),
    )
}

fn among(deployment: &Deployment) -> Edge {
    let edges = derive(deployment).edges;
    let mut among = edges.iter().filter(|edge| {
        let are_applications = [edge.from, edge.to].map(|end| matches!(end, End::Application(_)));
        are_applications == [true, true] && edge.from == edge.to && edge.process.is_none()
    });
    among.next().expect("its units dial each other").clone()
}

/// What is played, what is told and what is plain, by what each charm does without a relation for certificates.
#[test]
fn units_that_a_charm_signs_for_are_no_plain_ones() {
    for (charm, is_tls, checks, is_played) in [
        ("kafka, channel: 4/stable", true, Checks::Verified, true),
        ("kafka, revision: 218", true, Checks::Verified, true),
        ("kafka, revision: 214", false, Checks::Verified, false),
        ("kafka, channel: 3/stable", false, Checks::Verified, false),
        (
            "postgresql, channel: 16/stable",
            true,
            Checks::Verified,
            true,
        ),
        (
            "postgresql, channel: 14/stable",
            false,
            Checks::Verified,
            false,
        ),
        (
            "cassandra, channel: 5/stable",
            true,
            Checks::ChainOnly,
            false,
        ),
        (
            "opensearch, channel: 2/stable",
            true,
            Checks::Verified,
            false,
        ),
        (
            "mysql, channel: 8.0/stable",
            true,
            Checks::Unverified,
            false,
        ),
        (
            "charmed-etcd, channel: 3.5/stable",
            false,
            Checks::Verified,
            false,
        ),
    ] {
        let deployment = deployed(charm, "");
        let edge = among(&deployment);
        assert_eq!(edge.transport.is_tls(), is_tls, "{charm}");
        assert_eq!(edge.checks, checks, "{charm}");
        assert_eq!(!deployment.connections.is_empty(), is_played, "{charm}");
    }
}

/// A client of mysqld finds TLS without any relation for certificates, and no connection is made of it that could fail: it
/// is its own setting whether it checks.
#[test]
fn what_mysqld_signs_for_itself_is_told_to_its_clients() {
    for (relation, certificate) in [
        ("", None),
        (
            "\n      - ['store:certificates', 'ca:certificates']",
            Some("certificates"),
        ),
    ] {
        let deployment = crate::common::deployed(&format!(
            "duration: 1d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1}}
      store: {{charm: mysql, channel: 8.0/stable, num_units: 1}}
      reader: {{charm: reader, num_units: 1}}
    relations:
      - ['reader:db', 'store:database']{relation}
charms: {{reader: {{requires: {{db: {{interface: mysql_client}}}}}}}}
connections: derived
"
        ));
        let edges = derive(&deployment).edges;
        let edge = edges.first().expect("the reader dials the store");
        assert_eq!(edge.checks, Checks::ClientDecides);
        let certificate = certificate.map(str::to_owned);
        assert_eq!(edge.transport, Transport::Tls { certificate });
        assert!(deployment.connections.is_empty());
    }
}

fn played(deployment: &Deployment) -> Record {
    crate::common::play(deployment, Options::default())
}

fn own_cas(record: &Record) -> Vec<(String, Span)> {
    let entries = record.journal.entries().iter();
    let made = entries.filter_map(|entry| match &entry.kind {
        Kind::CertificateIssued(made) if made.kind == CertificateKind::OwnRoot => {
            let certificate = &made.certificate;
            let lives = certificate.not_after().since(certificate.not_before());
            Some((made.application.to_string(), lives))
        }
        _ => None,
    });
    made.collect()
}

#[test]
fn the_leader_makes_one_ca_and_each_unit_trusts_it() {
    for (charm, days) in [
        ("kafka, channel: 4/stable", 3650),
        ("postgresql, channel: 16/stable", 7300),
        ("cassandra, channel: 5/stable", 3650),
    ] {
        let deployment = deployed(charm, "");
        let record = played(&deployment);
        assert_eq!(
            own_cas(&record),
            [("store".to_owned(), DAY * days)],
            "{charm}"
        );
        let found = diagnose(&deployment, &record.manifest, &record.journal);
        assert!(found.outages.is_empty(), "{charm}: {:#?}", found.outages);
    }
}

#[test]
fn a_charms_own_ca_is_a_source_of_trust() {
    let deployment = deployed("kafka, channel: 4/stable", "");
    let record = played(&deployment);
    let at = deployment.start + DAY * 2;
    let (manifest, journal) = (&record.manifest, &record.journal);
    let answers = why(&deployment, manifest, journal, "m.store", "m.store", at);
    let rests = answers.expect("it is watched").remove(0).rests;
    let rests = rests.expect("it holds");
    assert_eq!(
        rests.source,
        TrustSource::OwnUnits(Address::application_in("m", "store"))
    );

    let mut simulation = Simulation::new(Arc::new(deployment.clone()), Options::default());
    simulation.run_until(at);
    let found = trust_found(&simulation);
    assert_eq!(
        found.checks.len(),
        6,
        "each of three units dials two others"
    );
    assert!(found.checks.iter().all(|check| check.anchor.is_some()));

    let connection = deployment.connections.keys().next().expect("there is one");
    let basis = Standings::of(&deployment).of_connection(connection);
    assert_eq!(basis.standing, Standing::Modelled, "{:?}", basis.reasons);

    let least = least_trust(&Arc::new(deployment));
    let mut own = least
        .sources
        .iter()
        .filter(|one| one.source.ends_with("own-ca"));
    assert!(own.all(|source| source.is_single()) && !least.sources.is_empty());
}

/// No charm makes another one: it ends, and what it signed with it.
#[test]
fn a_ca_that_nothing_renews_ends() {
    let deployment = short_lived("own-ca: 30d", "");
    let record = played(&deployment);
    let found = diagnose(&deployment, &record.manifest, &record.journal);
    assert_eq!(found.outages.len(), 6, "{:#?}", found.outages);
    for (outage, explanation) in found.outages.iter().zip(&found.explanations) {
        let begins = outage.from.since(deployment.start);
        assert!(begins >= DAY * 30 && begins < DAY * 31, "{begins:?}");
        let line = words::cause::line(&explanation.cause.what);
        assert!(line.starts_with("m.store never renewed its root"), "{line}");
    }
}

/// Whether a unit trusts the CA that its charm has for its units, and whether a connection rests on it, at the end of each of
/// these days; and that no connection fails then.
fn own_ca_on(charm: &str, more: &str, days: &[u32]) -> Vec<Option<bool>> {
    let deployment = deployed(charm, more);
    let start = deployment.start;
    let mut simulation = Simulation::new(Arc::new(deployment), Options::default());
    let mut each = |days: &u32| {
        simulation.run_until(start + DAY * *days);
        let found = trust_found(&simulation);
        assert!(found.checks.iter().all(|check| check.anchor.is_some()));
        let mut own = found
            .trusted
            .iter()
            .filter(|one| &*one.holder == "m.store/1" && one.route == TrustRoute::AmongUnits);
        own.next().map(|own| !own.used_by.is_empty())
    };
    days.iter().map(&mut each).collect()
}

const GIVEN_AND_TAKEN: &str = "faults:
  - {at: 2d, integrate: {between: ['store:peer-certificates', 'ca:certificates']}}
  - {at: 30d, remove-relation: {between: ['store:peer-certificates', 'ca:certificates']}}
";

/// `get_peer_ca_bundle` of postgresql has the charm's CA for good; kafka keeps the CA before until the next certificate.
/// Without the relation both go back to their own.
#[test]
fn a_provider_takes_the_place_of_a_charms_own_ca() {
    for (charm, later) in [
        ("postgresql, channel: 16/stable", Some(false)),
        ("kafka, channel: 4/stable", None),
    ] {
        let found = own_ca_on(charm, GIVEN_AND_TAKEN, &[1, 3, 29, 31]);
        assert_eq!(
            found,
            [Some(true), Some(false), later, Some(true)],
            "{charm}"
        );
    }
}

/// What the units have for each other is shown to no other client.
#[test]
fn clients_are_not_shown_what_units_have_for_each_other() {
    let deployment = crate::common::deployed(
        "duration: 1d
models:
  m:
    applications:
      ca: {charm: self-signed-certificates, num_units: 1}
      store: {charm: kafka, channel: 4/stable, num_units: 1}
clients: {reader: {trusts: [m.ca]}}
connections: [{from: reader, to: m.store, every: 1h}]
",
    );
    let record = played(&deployment);
    let found = diagnose(&deployment, &record.manifest, &record.journal);
    let lines: Vec<String> = found
        .explanations
        .iter()
        .map(|explanation| words::cause::line(&explanation.cause.what))
        .collect();
    assert_eq!(lines, ["no relation brings m.store/0 a certificate"]);
}
