//! What charms of the data platform do with a certificate after the first, in whole scenarios: what they load, what they do
//! while a renewal is not answered, and how they get from one CA to the next. Each was read in its code:
//!
//! - canonical/kafka-operator 7b00b34b (`3/stable`), 86f04458, 6868a008 and 5ffef397, canonical/kafka-k8s-operator 6f98d44a
//!   to efd0d73e: `_on_certificate_available`, `_on_config_changed`; apache/kafka 08df21f9 `DefaultSslEngineFactory`
//! - canonical/postgresql-operator 4d43436a `src/charm.py` (`is_tls_enabled`, `update_config`), 946c478d5c with
//!   postgresql-charms-single-kernel 16.3.5 `managers/config.py`; canonical/postgresql-k8s-operator d0c0603c, 03acb1b2
//! - canonical/charmed-etcd-operator ab2a7bc and 3692dba5 `src/events/tls.py`; etcd-io/etcd#7784, #11555
//! - canonical/zookeeper-operator 7004c99 `src/managers/config.py`, b6fc686 and 755eeaa `src/events/tls.py`
//! - canonical/wazuh-server-operator 8736143 `src/certificates_observer.py`
//! - canonical/pgbouncer-operator 4137e2a33, 405004e11 and d287e8d79, canonical/pgbouncer-k8s-operator 9d2d3f500, 1574fa7e4
//!   and 96c62d1a9 `src/charm.py` (`push_tls_files_to_workload`, `_reload_pgbouncer`, `render_pgb_config`); pgbouncer/pgbouncer
//!   eb754aeb `src/main.c`, `src/sbuf.c`; libusual/libusual 4c77495 `usual/tls/tls_server.c`

use crate::common::{deployed, diagnosed};
use trustsim::diagnosis::{Findings, Outage};
use trustsim::kernel::{Span, Time};
use trustsim::model::{Coverage, Kind, Standing};
use trustsim::report::words;
use trustsim::validators::ErrorKind;
use trustsim::world::{Deployment, Record};

const HOUR: Span = Span::from_secs(3_600);
const DAY: Span = Span::from_secs(86_400);

const SELF_SIGNED: &str = "charm: self-signed-certificates, channel: 1/stable, options: {certificate-validity: 90d, root-ca-validity: 3650d}";
const BY_HAND: &str = "charm: manual-tls-certificates, channel: 1/stable";
const OPERATOR: &str = "operators:
  team: {answers: [m.ca], delay: {exactly: 20h}, signs-with: {chain: [{common-name: Corporate Root, validity: 3650d}], leaf-validity: 90d}}
";

/// Units of a charm with a provider; a client, and the units among each other.
struct Case<'a> {
    charm: &'a str,
    on_kubernetes: bool,
    units: u32,
    endpoints: &'a [&'a str],
    provider: &'a str,
    faults: &'a str,
}

impl Case<'_> {
    fn text(&self) -> String {
        let Self { charm, units, .. } = self;
        let kind = match self.on_kubernetes {
            true => "type: kubernetes",
            false => "type: machines",
        };
        let relations: Vec<String> = self
            .endpoints
            .iter()
            .map(|endpoint| format!("['it:{endpoint}', 'ca:certificates']"))
            .collect();
        let operator = if self.provider == BY_HAND {
            OPERATOR
        } else {
            ""
        };
        format!(
            "
name: data platform
duration: 181d
models:
  m:
    {kind}
    applications:
      ca: {{{}, num_units: 1}}
      it: {{charm: {charm}, num_units: {units}}}
    relations: [{}]
clients:
  app: {{trusts: [m.ca], refresh: 1h}}
connections:
  - {{from: app, to: m.it, every: 10s}}
  - {{from: m.it, to: m.it, every: 10s, mutual: true}}
faults: [{}]
{operator}",
            self.provider,
            relations.join(", "),
            self.faults,
        )
    }

    fn played(&self) -> Played {
        let (deployment, record, findings) = diagnosed(deployed(&self.text()));
        let settled = record.manifest.start + DAY * 2;
        let later = findings.outages.iter().filter(|it| settled < it.from);
        Played {
            outages: later.cloned().collect(),
            deployment,
            record,
            findings,
        }
    }
}

struct Played {
    /// Those after the installation.
    outages: Vec<Outage>,
    deployment: Deployment,
    record: Record,
    findings: Findings,
}

impl Played {
    fn errors(&self) -> Vec<(ErrorKind, bool)> {
        let outages = self.outages.iter();
        outages.map(|it| (it.error, it.until.is_some())).collect()
    }

    /// Of one connection, how long it is refused in all.
    fn lost(&self, from: &str) -> Span {
        let connections = &self.record.manifest.connections;
        let is_its = |it: &&Outage| {
            let name = &connections[it.connection as usize].name;
            name.starts_with(from)
        };
        let outages = self.outages.iter().filter(is_its);
        outages
            .map(|it| it.length(self.record.manifest.end()))
            .sum()
    }

    fn cause(&self) -> String {
        let last = self.findings.explanations.last();
        words::cause::line(&last.expect("it is explained").cause.what)
    }

    /// Of the client's connection.
    fn standing(&self) -> Standing {
        Coverage::of(&self.deployment).bases.raw[0].standing
    }
}

/// A broker before revision 218 reads its key store when it starts, and restarts for other properties alone: what it renews
/// is not served. Later ones restart for each certificate (`tls_rotate`, canonical/kafka-operator#353).
#[test]
fn kafka_3_serves_its_first_certificate_to_its_end() {
    for (charm, on_kubernetes, is_renewed) in [
        ("kafka, channel: 3/stable", false, false),
        ("kafka, revision: 214", false, false),
        ("kafka, revision: 150", false, false),
        ("kafka, revision: 110", false, false),
        ("kafka, revision: 220", false, true),
        ("kafka, channel: 4/stable", false, true),
        ("kafka-k8s, revision: 85", true, false),
        ("kafka-k8s, revision: 20", true, false),
        ("kafka-k8s, channel: 4/stable", true, true),
    ] {
        for provider in [SELF_SIGNED, BY_HAND] {
            let case = Case {
                charm,
                on_kubernetes,
                units: 1,
                endpoints: &["certificates"],
                provider,
                faults: "",
            };
            let played = case.played();
            if is_renewed {
                assert!(played.lost("app") < HOUR, "{charm}: {:?}", played.outages);
                continue;
            }
            assert_eq!(played.errors(), [(ErrorKind::Expired, false)], "{charm}");
            let line = played.cause();
            assert!(
                line.ends_with("neither restarts nor reloads its process"),
                "{charm}: {line}"
            );
        }
    }
}

/// Its names are in `advertised.listeners`, so that a broker with another address is restarted with the certificate for it.
#[test]
fn kafka_3_restarts_with_a_certificate_for_other_names() {
    let case = Case {
        charm: "kafka, channel: 3/stable, options: {extra_listeners: 'a.example.com:{unit}9092'}",
        on_kubernetes: false,
        units: 1,
        endpoints: &["certificates"],
        provider: SELF_SIGNED,
        faults: "{at: 20d, set-config: {app: m.it, options: {extra_listeners: 'b.example.com:{unit}9092'}}}",
    };
    let played = case.played();
    let expired: Vec<Time> = played.outages.iter().map(|it| it.from).collect();
    let [ended] = expired.as_slice() else {
        panic!("{:?}", played.outages);
    };
    let days = ended.since(played.record.manifest.start).as_secs() / 86_400;
    assert_eq!(days, 110, "ninety days after the second certificate");
}

/// `_tls_relation_broken`: the stores go, and the broker restarts without TLS, which another relation brings back.
#[test]
fn kafka_3_is_plain_without_its_relation() {
    let case = Case {
        charm: "kafka, channel: 3/stable",
        on_kubernetes: false,
        units: 1,
        endpoints: &["certificates"],
        provider: SELF_SIGNED,
        faults: "{at: 20d, remove-relation: {between: ['it:certificates', 'ca:certificates']}},
  {at: 21d, integrate: {between: ['it:certificates', 'ca:certificates']}}",
    };
    let played = case.played();
    let [plain, ended] = played.outages.as_slice() else {
        panic!("{:?}", played.outages);
    };
    assert_eq!(plain.error, ErrorKind::NoCertificate);
    assert_eq!(
        plain.length(played.record.manifest.end()).as_secs() / 3_600,
        24
    );
    assert_eq!((ended.error, ended.until), (ErrorKind::Expired, None));
}

/// Track 16 asks its library whether clients get TLS whenever it writes its configuration, and while a renewal is not
/// answered they do not: an option that is set then costs them TLS until the operator has come. Track 14 keeps its files,
/// and so does 16 where nothing has it write its configuration.
#[test]
fn postgresql_16_is_plain_where_its_configuration_is_written_while_a_renewal_waits() {
    let option = "{at: 82d, set-config: {app: m.it, options: {profile: testing}}}";
    // Track 14 asks a week before the end.
    let late = "{at: 84d, set-config: {app: m.it, options: {profile: testing}}}";
    for (charm, faults, is_plain) in [
        ("postgresql, channel: 16/stable", option, true),
        ("postgresql, revision: 850", option, true),
        ("postgresql-k8s, channel: 16/stable", option, true),
        ("postgresql-k8s, revision: 677", option, true),
        ("postgresql, channel: 16/stable", "", false),
        ("postgresql, channel: 14/stable", late, false),
        ("postgresql-k8s, channel: 14/stable", late, false),
    ] {
        let endpoint = match charm.contains("14/") {
            true => "certificates",
            false => "client-certificates",
        };
        let case = Case {
            charm,
            on_kubernetes: charm.starts_with("postgresql-k8s"),
            units: 1,
            endpoints: &[endpoint],
            provider: BY_HAND,
            faults,
        };
        let played = case.played();
        assert_eq!(played.standing(), Standing::Modelled, "{charm}");
        if !is_plain {
            assert_eq!(played.errors(), [], "{charm}");
            continue;
        }
        assert_eq!(
            played.errors(),
            [(ErrorKind::NoCertificate, true)],
            "{charm}"
        );
        let length = played.outages[0].length(played.record.manifest.end());
        assert!(length < HOUR * 20, "{charm}: {length:?}");
        assert!(
            played.cause().contains("team"),
            "{charm}: {}",
            played.cause()
        );
    }
}

/// Two phases: no member shows another what it does not know. Before revision 16 the new CA was written and not read, and
/// members refuse each other from the rotation on; clients, who trust the new CA, are served.
#[test]
fn charmed_etcd_takes_a_new_ca_in_two_phases_since_revision_16() {
    let case = |charm| Case {
        charm,
        on_kubernetes: false,
        units: 3,
        endpoints: &["peer-certificates", "client-certificates"],
        provider: SELF_SIGNED,
        faults: "{at: 20d, rotate-ca: {app: m.ca}}",
    };
    let phased = case("charmed-etcd").played();
    assert_eq!(phased.standing(), Standing::Modelled);
    assert_eq!(
        phased.lost("m.it"),
        Span::from_secs(0),
        "{:?}",
        phased.outages
    );
    let before = case("charmed-etcd, revision: 14").played();
    assert_eq!(before.standing(), Standing::Modelled);
    let lasting = before.outages.iter().filter(|it| it.until.is_none());
    let peers: Vec<ErrorKind> = lasting.map(|it| it.error).collect();
    assert_eq!(peers.len(), 6, "{:?}", before.outages);
    assert!(before.lost("app") < HOUR, "{:?}", before.outages);
}

/// What is renewed under the same CA is served: etcd reads it for the next connection, ZooKeeper watches its stores, and
/// the first revisions of its charm restarted it.
#[test]
fn etcd_and_zookeeper_serve_what_they_renew() {
    for (charm, endpoint) in [
        ("charmed-etcd", "client-certificates"),
        ("charmed-etcd, revision: 14", "client-certificates"),
        ("zookeeper", "certificates"),
        ("zookeeper, revision: 150", "certificates"),
        ("zookeeper, revision: 100", "certificates"),
    ] {
        for provider in [SELF_SIGNED, BY_HAND] {
            let case = Case {
                charm,
                on_kubernetes: false,
                units: 1,
                endpoints: &[endpoint],
                provider,
                faults: "",
            };
            assert_eq!(case.played().errors(), [], "{charm}");
        }
    }
}

/// `_on_certificate_available` of canonical/mysql-operator 8b73ff31c and canonical/mysql-k8s-operator 0088c958
/// `lib/charms/mysql/v0/tls.py` returns where TLS is enabled. A new pod has the files of its data directory, and one that is
/// related anew installs what it gets.
#[test]
fn mysql_installs_another_certificate_over_another_relation_alone() {
    let killed = "{at: 60d, kill-unit: {unit: m.it/0}}";
    let late = "{at: 88d, kill-unit: {unit: m.it/0}}";
    let anew = "{at: 88d, remove-relation: {between: ['it:certificates', 'ca:certificates']}},
  {at: 89d, integrate: {between: ['it:certificates', 'ca:certificates']}}";
    for (charm, on_kubernetes) in [("mysql", false), ("mysql-k8s", true)] {
        for faults in ["", killed, late] {
            let case = Case {
                charm,
                on_kubernetes,
                units: 1,
                endpoints: &["certificates"],
                provider: SELF_SIGNED,
                faults,
            };
            let played = case.played();
            assert_eq!(played.standing(), Standing::Modelled, "{charm}");
            let last = played.errors().pop();
            assert_eq!(last, Some((ErrorKind::Expired, false)), "{charm} {faults}");
            let days = played.outages.last().expect("it ends").from;
            let days = days.since(played.record.manifest.start).as_secs() / 86_400;
            assert_eq!(days, 90, "{charm} {faults}");
        }
        let case = Case {
            charm,
            on_kubernetes,
            units: 1,
            endpoints: &["certificates"],
            provider: SELF_SIGNED,
            faults: anew,
        };
        let played = case.played();
        let last = played.outages.last().expect("it ends").from;
        let days = last.since(played.record.manifest.start).as_secs() / 86_400;
        assert_eq!(days, 179, "{charm}: ninety days after it was related anew");
    }
}

/// Its revisions 125 to 138 wrote another key store, which nothing read.
#[test]
fn zookeeper_served_its_first_certificate_to_its_end_for_a_while() {
    let case = Case {
        charm: "zookeeper, revision: 130",
        on_kubernetes: false,
        units: 1,
        endpoints: &["certificates"],
        provider: SELF_SIGNED,
        faults: "",
    };
    assert_eq!(case.played().errors(), [(ErrorKind::Expired, false)]);
}

/// When it is told of the end it asks with the request that is there, which version 3 of the library ignores; another one
/// it makes when the certificate has ended.
#[test]
fn wazuh_asks_anew_when_its_certificate_has_ended() {
    let case = Case {
        charm: "wazuh-server",
        on_kubernetes: true,
        units: 1,
        endpoints: &["certificates"],
        provider: SELF_SIGNED,
        faults: "",
    };
    let text = case.text().replace(
        "    relations: [",
        "      route: {charm: traefik-k8s, num_units: 1}\n    relations: [['it:ingress', 'route:traefik-route'], ",
    );
    let (_, record, _) = diagnosed(deployed(&text));
    let entries = record.journal.entries().iter();
    let issued: Vec<(Time, Time)> = entries
        .filter_map(|entry| match &entry.kind {
            Kind::CertificateIssued(issued) => Some((entry.time, issued.certificate.not_after())),
            _ => None,
        })
        .collect();
    // The first is the CA itself.
    let [_, (_, ended), (renewed, _), ..] = issued.as_slice() else {
        panic!("{issued:?}");
    };
    assert!(ended <= renewed, "{issued:?}");
    assert!(renewed.since(*ended) < HOUR, "{issued:?}");
}

/// pgbouncer reads its certificate again with SIGHUP, or is restarted in its first revisions; a new pod is given its files
/// again (`_on_pgbouncer_pebble_ready`). It sends its certificate alone, so that what trusts the root refuses it under a CA
/// between them.
#[test]
fn pgbouncer_serves_what_it_renews_and_sends_no_ca_between() {
    let killed = "{at: 60d, kill-unit: {unit: m.it/0}}";
    for charm in [
        "pgbouncer-k8s",
        "pgbouncer-k8s, revision: 512",
        "pgbouncer-k8s, revision: 150",
    ] {
        for (provider, faults) in [(SELF_SIGNED, ""), (SELF_SIGNED, killed), (BY_HAND, "")] {
            let case = Case {
                charm,
                on_kubernetes: true,
                units: 1,
                endpoints: &["certificates"],
                provider,
                faults,
            };
            // A pod that is replaced answers nothing for as long as that takes.
            let played = case.played();
            let errors = played.errors().into_iter();
            let wrong: Vec<_> = errors
                .filter(|(error, ends)| {
                    *error != ErrorKind::Unreachable || faults.is_empty() || !ends
                })
                .collect();
            assert_eq!(wrong, [], "{charm} {faults}");
        }
    }
    let (_, _, findings) = diagnosed(deployed(BETWEEN));
    let refused = |it: &&Outage| it.error == ErrorKind::UnknownIssuer && it.until.is_none();
    assert_eq!(
        findings.outages.iter().filter(refused).count(),
        1,
        "{:?}",
        findings.outages
    );
}

/// A subordinate under a CA that another one signed.
const BETWEEN: &str = "
name: a CA between
duration: 5d
models:
  m:
    type: machines
    applications:
      ca: {charm: pki, num_units: 1}
      app: {charm: self-signed-certificates, num_units: 1}
      pool: {charm: pgbouncer, channel: 1/stable}
    relations: [['pool:certificates', 'ca:certificates'], ['pool:juju-info', 'app:juju-info']]
charms:
  pki:
    issuer:
      chain: [{common-name: Root, validity: 3650d}, {common-name: Middle, validity: 3000d}]
      chain-includes-root: false
      transfers: root
      ca-is-root: false
    provides: {certificates: {interface: tls-certificates}, send-ca-cert: {interface: certificate_transfer}}
clients:
  out: {trusts: [m.ca], refresh: 1h}
connections:
  - {from: out, to: m.pool, every: 1m}
";
