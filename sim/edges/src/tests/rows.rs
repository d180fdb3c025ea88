//! Every row of the table: its source names what was read, and between two charms that are made up, who dials is who it says,
//! over TLS when it says.

use super::deployments::Built;
use crate::row::{Dials, Row, TlsWhen};
use crate::{
    Edge, End, Outcome, Transport, catalogue_rows, derive, listener_rows, rows, units_rows,
    workload_rows,
};

const TEXT: &str = include_str!("../interfaces.yaml");

/// The repositories that the head of the table lists with their commits.
fn repositories() -> Vec<String> {
    let head = TEXT.split("\ninterfaces:").next().expect("a head");
    let (_, list) = head.split_once("Commits: ").expect("commits");
    let list = list.replace("\n# ", " ").replace(" (2024)", "");
    let entries = list.trim_end_matches(['.', '\n']).split(", ");
    let names = entries.map(|entry| {
        let (name, commit) = entry.split_once(' ').expect("a name and a commit");
        assert!(is_commit(commit), "{entry}");
        name.to_owned()
    });
    names.collect()
}

fn is_commit(word: &str) -> bool {
    let is_hex = |letter: char| letter.is_ascii_digit() || ('a'..='f').contains(&letter);
    (7..=40).contains(&word.len()) && word.chars().all(is_hex)
}

/// Whether a source names a repository: one with its commit, one of the head, or the interface's own page there.
fn names_a_repository(source: &str, known: &[String]) -> bool {
    let words: Vec<&str> = source.split([' ', ',', ';', ':', '(', ')']).collect();
    let has_commit = words.windows(2).any(|two| {
        let is_name = two[0].chars().any(char::is_alphabetic);
        is_name && is_commit(two[1])
    });
    let is_page = words.iter().any(|word| word.starts_with("IF/"));
    let is_owned = words.iter().any(|word| word.starts_with("canonical/"));
    let names = words.iter().flat_map(|word| word.split('/'));
    let mut known_names = names.filter(|name| known.iter().any(|one| one == name));
    has_commit || is_page || is_owned || known_names.next().is_some()
}

fn names_a_file(source: &str) -> bool {
    let ends = [".py", ".yaml", ".md", ".j2", ".go", ".conf"];
    let mut words = source.split([' ', ',', ';', ':', '(', ')']);
    words.any(|word| {
        ends.iter().any(|end| word.ends_with(end))
            || word
                .strip_prefix("IF/")
                .is_some_and(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()))
    })
}

/// All sources, with what they are of.
fn sources() -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for row in rows() {
        let name = format!("row {} {}", row.number, row.interfaces[0]);
        let own = std::iter::once(&row.source);
        let exceptions = row.exceptions.iter().map(|one| &one.source);
        let plain = row.plain_endpoints.iter().map(|one| &one.source);
        for source in own.chain(exceptions).chain(plain) {
            found.push((name.clone(), source.as_str()));
        }
    }
    let units = units_rows().iter().map(|row| (&row.charms, &row.source));
    let workloads = workload_rows().iter().map(|row| (&row.charms, &row.source));
    let listeners = listener_rows().iter().map(|row| (&row.charms, &row.source));
    let lookups = catalogue_rows().iter().flat_map(|row| &row.lookups);
    let lookups = lookups.map(|row| (&row.charms, &row.source));
    for (charms, source) in units.chain(workloads).chain(listeners).chain(lookups) {
        found.push((charms.join(" "), source.as_str()));
    }
    found
}

#[test]
fn each_source_names_a_repository_and_a_file() {
    let known = repositories();
    assert!(known.len() > 50, "{known:?}");
    let all = sources();
    assert!(all.len() > 150, "only {}", all.len());
    let wrong = all.iter().filter(|(_, source)| {
        let unread = ["metadata only", "not read further", "opensearch: not read"];
        !names_a_repository(source, &known)
            || !names_a_file(source)
            || unread.iter().any(|word| source.contains(word))
    });
    let wrong: Vec<String> = wrong
        .map(|(of, source)| format!("{of}: {source}"))
        .collect();
    assert_eq!(wrong, [] as [&str; 0]);
}

#[test]
fn what_is_no_source_is_told_from_one() {
    let known = repositories();
    for (source, is_one) in [
        ("metadata only; not read further", false),
        ("charmlibs", false),
        ("IF/…", false),
        ("mongodb charm.py", true),
        ("charm-cinder 0e1e5d8 metadata.yaml", true),
    ] {
        let found = names_a_repository(source, &known) && names_a_file(source);
        assert_eq!(found, is_one, "{source}");
    }
}

/// Two charms that are made up with this relation, and certificates for those that are named.
fn made_up(row: &Row, interface: &str, certified: &[&str]) -> Built {
    let mut built = Built::on_kubernetes();
    for name in certified {
        let own = format!("{name}:certificates");
        built.relate("ca:certificates", &own, "tls-certificates");
    }
    built.relate("provider:of", "requirer:of", interface);
    if let Some([providers, requirers]) = &row.between {
        built.charm("provider", &providers[0]);
        built.charm("requirer", &requirers[0]);
    }
    built
}

/// A name that a row covers.
fn name_of(interface: &str) -> String {
    interface.replace('*', "made-up")
}

/// The edges of a row's relation between the two.
fn edges_of(built: &Built, row: &Row) -> Vec<Edge> {
    let edges = derive(&built.deployment);
    let is_of = |edge: &&Edge| {
        edge.reasons.iter().any(|reason| match reason {
            crate::Reason::Relation { row: by, .. } => *by == row,
            _ => false,
        })
    };
    edges.edges.iter().filter(is_of).cloned().collect()
}

fn ends_of(built: &Built, edge: &Edge) -> [&'static str; 2] {
    [edge.from, edge.to].map(|end| match end {
        End::Outside => "outside",
        End::Application(index) => match built.deployment.applications[index].name.as_str() {
            "provider" => "provider",
            "requirer" => "requirer",
            other => panic!("{other} has no part in it"),
        },
    })
}

fn expected_ends(row: &Row, certified: &[&str]) -> Vec<[&'static str; 2]> {
    let outside = matches!(row.tls, TlsWhen::Outside | TlsWhen::OutsideUrl);
    match (row.dials, row.tls) {
        (Dials::None, _) => vec![],
        (Dials::Requirer, _) if outside => vec![["requirer", "outside"]],
        (Dials::Provider, TlsWhen::PassedThrough) if certified.contains(&"requirer") => {
            vec![["outside", "requirer"]]
        }
        (Dials::Provider, _) => vec![["provider", "requirer"]],
        (Dials::Requirer, _) => vec![["requirer", "provider"]],
        (Dials::Both, _) => vec![["provider", "requirer"], ["requirer", "provider"]],
    }
}

/// Whether an edge is TLS by its row: with certificates of these.
fn is_tls(row: &Row, ends: [&str; 2], certified: &[&str]) -> bool {
    let of = |name: &str| certified.contains(&name);
    match row.tls {
        TlsWhen::Never => false,
        TlsWhen::Always | TlsWhen::Outside | TlsWhen::OutsideUrl => true,
        TlsWhen::ListenerCertificate | TlsWhen::PassedThrough => of(ends[1]),
        TlsWhen::ProviderCertificate => of("provider"),
    }
}

/// An option that decides has to be set, for a server outside whose URL says it.
fn set_option(built: &mut Built, row: &Row) {
    if let (TlsWhen::OutsideUrl, Some(rule)) = (row.tls, &row.option) {
        built.set("requirer", &rule.name, &rule.tls[0]);
    }
}

#[test]
fn each_row_makes_the_edges_that_it_says_between_two_charms() {
    let certified: [&[&str]; 4] = [&[], &["provider"], &["requirer"], &["provider", "requirer"]];
    let mut count = 0;
    for row in rows() {
        for interface in row.interfaces.iter().map(|name| name_of(name)) {
            for those in certified {
                let mut built = made_up(row, &interface, those);
                set_option(&mut built, row);
                let told = format!(
                    "row {} {interface} with certificates of {those:?}",
                    row.number
                );
                let edges = edges_of(&built, row);
                let outcomes = derive(&built.deployment).outcomes;
                let outcome = outcomes.raw.last().expect("a relation");
                // What is handed on comes of other relations.
                if !row.hands_on.is_empty() {
                    assert!(matches!(outcome, Outcome::None(_)), "{told}: {outcome:?}");
                    continue;
                }
                if row.tls == TlsWhen::OutsideUrl && row.option.is_none() {
                    assert!(
                        matches!(outcome, Outcome::Unknown(_)),
                        "{told}: {outcome:?}"
                    );
                    continue;
                }
                let ends: Vec<[&str; 2]> = edges.iter().map(|edge| ends_of(&built, edge)).collect();
                assert_eq!(ends, expected_ends(row, those), "{told}");
                for (edge, ends) in edges.iter().zip(ends) {
                    assert_eq!(
                        edge.transport.is_tls(),
                        is_tls(row, ends, those),
                        "{told}: {ends:?} {:?}",
                        edge.transport
                    );
                    assert_eq!(edge.mutual, row.mutual, "{told}");
                    assert_eq!(edge.checks, row.checks, "{told}");
                    let port: Vec<u16> = edge.ports.iter().copied().collect();
                    assert_eq!(port, row.port.into_iter().collect::<Vec<u16>>(), "{told}");
                }
                count += 1;
            }
        }
    }
    assert!(count > 500, "only {count}");
}

/// The port is that of what is published, of the row, of an option, and of the charm that listens, in this order.
#[test]
fn a_port_is_told_by_what_is_nearest() {
    let ports = |built: &Built| -> Vec<u16> {
        let edges = derive(&built.deployment).edges;
        let mut of = edges
            .iter()
            .filter(|edge| matches!(edge.reasons[0], crate::Reason::Relation { .. }));
        of.next().expect("an edge").ports.iter().copied().collect()
    };
    let related = |charm: &str, interface: &str| {
        let mut built = Built::on_kubernetes();
        built.relate("provider:of", "requirer:of", interface);
        built.charm("provider", charm);
        built
    };
    let mut prometheus = related("prometheus-k8s", "prometheus_remote_write");
    assert_eq!(ports(&prometheus), [9090]);
    prometheus.publish("provider", "of", "http://10.1.2.3:8080");
    assert_eq!(ports(&prometheus), [8080]);
    let mut keystone = related("keystone", "keystone");
    assert_eq!(ports(&keystone), [5000]);
    keystone.set("provider", "service-port", "5001");
    assert_eq!(ports(&keystone), [5001]);
    keystone.set("provider", "service-port", "none");
    assert_eq!(ports(&keystone), [] as [u16; 0], "what is no port");
    assert_eq!(ports(&related("some-db", "postgresql_client")), [5432]);
    assert_eq!(ports(&related("pgbouncer", "postgresql_client")), [6432]);
    assert_eq!(
        ports(&related("some-app", "prometheus_remote_write")),
        [] as [u16; 0]
    );
}

/// The names of the units' pods, of the service, and what an option says.
#[test]
fn the_name_that_is_dialled_is_told_where_it_is_known() {
    let of = |interface: &str, change: fn(&mut Built)| {
        let mut built = Built::on_kubernetes();
        built.relate("provider:of", "requirer:of", interface);
        built.units("provider", 2);
        change(&mut built);
        let edges = derive(&built.deployment).edges;
        edges.raw[0].dialled(&built.deployment)
    };
    let nothing = |_: &mut Built| {};
    assert_eq!(
        of("karapace_client", nothing),
        [
            "provider-0.provider-endpoints.m.svc.cluster.local",
            "provider-1.provider-endpoints.m.svc.cluster.local"
        ]
    );
    assert_eq!(of("ldap", nothing), ["provider.m.svc.cluster.local"]);
    assert_eq!(of("vault-kv", nothing), ["provider.m.svc.cluster.local"]);
    // The address of a pod is told by nothing.
    assert_eq!(of("milter", nothing), [] as [&str; 0]);
    let named = |built: &mut Built| built.set("provider", "os-admin-hostname", "id.example.com");
    assert_eq!(of("keystone", named), ["id.example.com"]);
    let published = |built: &mut Built| built.publish("provider", "of", "https://x.example.com");
    assert_eq!(of("prometheus_remote_write", published), ["x.example.com"]);
}

/// `--tlsAllowInvalidCertificates` of canonical/mongodb-operator 460b6ccb `lib/charms/mongodb/v1/helpers.py` 156.
#[test]
fn members_of_mongodb_do_not_check_each_other() {
    let row = units_rows()
        .iter()
        .find(|row| row.charms.contains(&"mongodb".to_owned()));
    let row = row.expect("a row");
    assert_eq!(
        (row.checks, row.port),
        (crate::Checks::Unverified, Some(27017))
    );
    let mut built = Built::on_machines();
    built.relate("ca:certificates", "db:certificates", "tls-certificates");
    built.charm("db", "mongodb");
    built.units("db", 3);
    let edges = derive(&built.deployment).edges;
    let [edge] = edges.raw.as_slice() else {
        panic!("{edges:?}");
    };
    assert!(matches!(edge.transport, Transport::Tls { .. }));
    assert_eq!(edge.checks, crate::Checks::Unverified);
}
