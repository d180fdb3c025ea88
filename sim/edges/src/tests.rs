//! Deployments made by hand, one for each way in which a relation becomes edges.

mod catalogues;
mod deployments;
mod identity;
mod kubernetes;
mod openstack;
mod rows;

use super::*;
use deployments::{Built, edge_lines};

/// A server with certificates from a CA, and a client.
fn client_and_server(interface: &str) -> Built {
    let mut built = Built::on_kubernetes();
    built.relate("ca:certificates", "server:certificates", "tls-certificates");
    built.relate("server:api", "client:server", interface);
    built
}

#[test]
fn a_requirer_dials_a_provider_with_a_certificate_over_tls() {
    let mut built = client_and_server("prometheus_remote_write");
    assert_eq!(
        edge_lines(&built),
        ["client -> server, tls certificates (relation 1)"]
    );
    assert_eq!(
        derive(&built.deployment).counts(),
        Counts {
            tls: 1,
            plain: 0,
            none: 1,
            unknown: 0
        }
    );
    built.deployment.relations.raw.remove(0);
    assert_eq!(
        edge_lines(&built),
        ["client -> server, plain, tls over certificates (relation 0)"]
    );
}

#[test]
fn a_server_that_could_not_have_a_certificate_is_plain_and_no_finding() {
    let mut built = Built::on_kubernetes();
    built.relate("server:api", "client:server", "prometheus_remote_write");
    assert_eq!(edge_lines(&built), ["client -> server, plain (relation 0)"]);
}

#[test]
fn what_is_never_or_always_tls_does_not_ask_for_certificates() {
    assert_eq!(
        edge_lines(&client_and_server("milter")),
        ["client -> server at its address, plain (relation 1)"]
    );
    let mut built = Built::on_kubernetes();
    built.relate("server:api", "client:server", "vault-kv");
    assert_eq!(
        edge_lines(&built),
        ["client -> server at its ingress address, tls, ca in databag (relation 0)"]
    );
}

/// `get_vault_url` of openstack/charm-vault 5a0c525, `src/lib/charm/vault.py`.
#[test]
fn charm_vault_serves_its_store_in_clear_without_a_certificate_of_its_options() {
    let mut built = Built::on_kubernetes();
    built.relate("server:secrets", "client:vault-kv", "vault-kv");
    let dialled = "client -> server at its ingress address";
    let plain = format!("{dialled}, plain, ca in databag (relation 0)");
    assert_eq!(edge_lines(&built), [plain]);
    built.set("server", "ssl-cert", "LS0t");
    let tls = format!("{dialled}, tls, ca in databag (relation 0)");
    assert_eq!(edge_lines(&built), [tls]);
}

#[test]
fn a_provider_may_dial_and_may_check_nothing_or_less() {
    let route = |interface: &str| {
        let mut built = Built::on_kubernetes();
        built.relate("ca:certificates", "web:certificates", "tls-certificates");
        built.relate("proxy:route", "web:ingress", interface);
        edge_lines(&built)
    };
    assert_eq!(
        route("haproxy-route"),
        [
            "proxy -> web at its address, tls certificates, chain only (relation 1)",
            "outside -> proxy at its public name, plain (front 1)"
        ]
    );
    assert_eq!(
        route("loadbalancer"),
        [
            "proxy -> web at its address, tls certificates, unverified (relation 1)",
            "outside -> proxy at its address, tls (front 1)"
        ]
    );
    // The TLS of a client outside ends at the application.
    assert_eq!(
        route("haproxy-route-tcp"),
        ["outside -> web at its public name, tls certificates (relation 1)"]
    );
}

#[test]
fn an_option_decides() {
    let mut built = Built::on_kubernetes();
    built.relate("nginx:nginx-route", "web:nginx-route", "nginx-route");
    let tls = |built: &Built| edge_lines(built)[0].contains("tls");
    assert!(!tls(&built));
    for (value, is_tls) in [("HTTPS", true), ("HTTP", false), ("", false)] {
        built.set("nginx", "backend-protocol", value);
        assert_eq!(tls(&built), is_tls, "{value}");
    }
}

#[test]
fn what_goes_outside_is_tls_where_its_url_is_known() {
    let outcome = |interface: &str, value: Option<&str>| {
        let mut built = Built::on_kubernetes();
        built.relate("integrator:out", "app:out", interface);
        if let Some(value) = value {
            built.set("integrator", "transport_security", value);
        }
        derive(&built.deployment).outcomes.raw.remove(0)
    };
    assert!(matches!(outcome("azure_storage", None), Outcome::Tls(_)));
    assert!(matches!(outcome("smtp", Some("tls")), Outcome::Tls(_)));
    assert!(matches!(outcome("smtp", Some("none")), Outcome::Plain(_)));
    assert!(matches!(
        outcome("smtp", None),
        Outcome::Unknown(Unknown::OutsideUrl(_))
    ));
    assert!(matches!(
        outcome("s3", None),
        Outcome::Unknown(Unknown::OutsideUrl(_))
    ));
}

#[test]
fn a_provider_behind_an_ingress_has_two_edges() {
    let mut built = client_and_server("prometheus_remote_write");
    built.relate("traefik:ingress", "server:ingress", "ingress_per_unit");
    assert_eq!(
        edge_lines(&built),
        [
            "client -> traefik at its public name, plain (ingress 1)",
            "traefik -> server, tls certificates (ingress 1, relation 2)",
            "outside -> traefik at its public name, plain (front 2)",
        ]
    );
    built.relate(
        "ca:certificates",
        "traefik:certificates",
        "tls-certificates",
    );
    assert_eq!(
        edge_lines(&built)[0],
        "client -> traefik at its public name, tls certificates (ingress 1)"
    );
    // The metrics of a server are scraped past its ingress.
    built.relate("server:metrics", "client:metrics", "prometheus_scrape");
    assert!(
        edge_lines(&built).contains(&"client -> server, tls certificates (relation 4)".to_owned())
    );
}

#[test]
fn the_public_name_of_an_ingress_is_its_option() {
    let mut built = Built::on_kubernetes();
    built.relate("traefik:ingress", "web:ingress", "ingress");
    built.certificate_profile("traefik", "external_hostname");
    built.set("traefik", "external_hostname", "web.example.com");
    assert_eq!(
        edge_lines(&built)[1],
        "outside -> traefik as web.example.com, plain (front 0)"
    );
}

#[test]
fn charms_that_do_otherwise_are_exceptions() {
    let mut built = Built::on_kubernetes();
    built.relate(
        "ca:certificates",
        "traefik:certificates",
        "tls-certificates",
    );
    built.relate("traefik:metrics", "prometheus:metrics", "prometheus_scrape");
    let tls = |built: &Built| edge_lines(built)[0].contains("tls");
    assert!(tls(&built));
    built.charm("traefik", "traefik-k8s");
    assert!(!tls(&built));
}

#[test]
fn another_model_dials_the_application_behind_the_offer() {
    let mut built = client_and_server("loki_push_api");
    let saas = built.offer_to("other", "server", "api");
    built.relate_saas(saas, "api", "agent:logging", "loki_push_api");
    assert_eq!(
        edge_lines(&built),
        [
            "client -> server, tls certificates (relation 1)",
            "agent -> server, tls certificates (relation 2)"
        ]
    );
}

#[test]
fn workers_dial_each_other_with_the_certificate_of_their_coordinator() {
    let mut built = Built::on_kubernetes();
    built.relate(
        "ca:certificates",
        "coordinator:certificates",
        "tls-certificates",
    );
    built.relate("coordinator:cluster", "read:cluster", "tempo_cluster");
    built.relate("coordinator:cluster", "write:cluster", "tempo_cluster");
    let edges = derive(&built.deployment);
    assert_eq!(edges.edges.len(), 6);
    assert!(edges.edges.iter().all(|edge| edge.transport.is_tls()));
    let lines = edge_lines(&built);
    let pair = "read -> write as read-0.read-endpoints.m.svc.cluster.local, tls, ca in databag (relation 1)";
    assert!(lines.contains(&pair.to_owned()), "{lines:?}");
}

#[test]
fn units_of_a_cluster_dial_each_other() {
    let mut built = Built::on_kubernetes();
    built.relate(
        "ca:certificates",
        "db:peer-certificates",
        "tls-certificates",
    );
    built.relate("db:database", "app:database", "mongodb_client");
    built.charm("db", "mongodb-k8s");
    assert_eq!(edge_lines(&built).len(), 1, "one unit has no other");
    built.units("db", 3);
    // What units show each other is not shown to clients.
    assert_eq!(
        edge_lines(&built),
        [
            "app -> db, plain, ca in databag (relation 1)",
            "db -> db, tls peer-certificates, unverified, mutual (units)"
        ]
    );
}

#[test]
fn what_cannot_be_told_says_why() {
    let mut built = Built::on_kubernetes();
    built.relate("a:x", "b:x", "no-such-interface");
    built.relate("a:tokens", "b:tokens", "tokens");
    built.relate("c:ingress", "d:ingress", "ingress");
    for name in ["c", "d"] {
        built.guessed(name, "ingress");
    }
    let edges = derive(&built.deployment);
    assert!(edges.edges.is_empty(), "a guess gives no edge");
    let outcomes = edges.outcomes;
    assert_eq!(outcomes.raw[0], Outcome::Unknown(Unknown::NoRow));
    assert!(matches!(outcomes.raw[1], Outcome::None(NoEdge::Table(row)) if row.number == 59));
    assert_eq!(outcomes.raw[2], Outcome::Unknown(Unknown::Untold));
}

#[test]
fn a_database_is_dialled_by_its_service_on_kubernetes_and_by_its_address_on_machines() {
    let mut built = Built::on_kubernetes();
    built.relate("db:database", "app:database", "postgresql_client");
    built.relate("app:cos-agent", "agent:cos-agent", "cos_agent");
    assert_eq!(
        edge_lines(&built),
        [
            "app -> db at its service, plain, ca in databag (relation 0)",
            "agent -> app at localhost, plain, unverified (relation 1)"
        ]
    );
    built.deployment.models.raw[0].kind = trustsim_model::ModelKind::Machine;
    assert!(edge_lines(&built)[0].starts_with("app -> db at its address, plain"));
}

#[test]
fn one_edge_has_several_reasons() {
    let mut built = client_and_server("alertmanager_dispatch");
    built.relate("server:metrics", "client:metrics", "prometheus_scrape");
    assert_eq!(
        edge_lines(&built),
        ["client -> server, tls certificates (relation 1, relation 2)"]
    );
}

#[test]
fn what_a_server_publishes_says_how_it_is_dialled() {
    let edge = |urls: &[&str]| {
        let mut built = client_and_server("grafana_datasource");
        let endpoint = built.deployment.relations.raw[1].sides[0].endpoint.clone();
        for url in urls {
            built.publish("server", &endpoint, url);
        }
        edge_lines(&built).remove(0)
    };
    let derived = "client -> server, tls certificates (relation 1)";
    assert_eq!(edge(&[]), derived);
    // The name of a unit, and over TLS: as it is derived.
    let own = "https://server-0.server-endpoints.m.svc.cluster.local:3100";
    assert_eq!(edge(&[own]), derived);
    let plain = own.replace("https", "http");
    assert_eq!(edge(&[&plain]), "client -> server, plain (relation 1)");
    // Units that differ say nothing of TLS.
    assert_eq!(edge(&[own, &plain]), derived);
    // An address sorts first; the name of a unit is what tells that it is dialled itself.
    assert_eq!(edge(&["https://10.1.2.3:3100", own]), derived);
    assert_eq!(
        edge(&["http://server.m.svc.cluster.local:3100"]),
        "client -> server at its service, plain (relation 1)"
    );
    assert_eq!(
        edge(&["http://10.1.2.3:3100"]),
        "client -> server at its address, plain (relation 1)"
    );
    assert_eq!(
        edge(&["https://logs.example.com"]),
        "client -> server as logs.example.com, tls certificates (relation 1)"
    );
}

#[test]
fn what_a_server_publishes_says_whether_its_ingress_is_dialled() {
    let edges = |url: &str| {
        let mut built = client_and_server("prometheus_remote_write");
        built.relate("traefik:ingress", "server:ingress", "ingress_per_unit");
        let endpoint = built.deployment.relations.raw[1].sides[0].endpoint.clone();
        built.publish("server", &endpoint, url);
        let mut lines = edge_lines(&built);
        lines.retain(|line| !line.starts_with("outside"));
        lines
    };
    // canonical/juju-doctor `tests/manual/show-unit/cos-k8s-show-unit.yaml` has such URLs of loki and alertmanager.
    assert_eq!(
        edges("http://192.168.88.12/m-server-0"),
        [
            "client -> traefik as 192.168.88.12, plain (ingress 1)",
            "traefik -> server, tls certificates (ingress 1, relation 2)",
        ]
    );
    assert_eq!(
        edges("https://192.168.88.12/m-server-0")[0],
        "client -> traefik as 192.168.88.12, tls (ingress 1)"
    );
    // A server that gives its own name is dialled past its ingress.
    assert_eq!(
        edges("https://server-0.server-endpoints.m.svc.cluster.local:9090")[0],
        "client -> server, tls certificates (relation 1)"
    );
}

/// alertmanager-k8s 876ead4 `src/charm.py` 229-238 and fbb1a71, prometheus-k8s 432c227 `src/prometheus_client.py` 45.
#[test]
fn a_charm_dials_the_workload_of_its_own_unit() {
    let mut built = Built::on_kubernetes();
    built.relate("ca:certificates", "am:certificates", "tls-certificates");
    let own = "am (charm) -> am, tls certificates (workload)";
    assert_eq!(edge_lines(&built), [] as [&str; 0]);
    built.charm("am", "alertmanager-k8s");
    // A revision whose charm does not do so.
    assert_eq!(edge_lines(&built), [] as [&str; 0]);
    built.process("am", "charm");
    assert_eq!(edge_lines(&built), [own]);
    let mut plain = built.clone();
    plain.publish(
        "am",
        "grafana-source",
        "http://am-0.am-endpoints.m.svc:9093",
    );
    assert_eq!(edge_lines(&plain), [] as [&str; 0]);
    built.charm("am", "prometheus-k8s");
    assert_eq!(
        edge_lines(&built),
        ["am (charm) -> am, tls certificates, unverified (workload)"]
    );
    assert!(workload_rows().iter().any(|row| row.by_ingress.is_some()));
    // Some revisions go through their ingress.
    built.charm("am", "alertmanager-k8s");
    built.relate("traefik:ingress", "am:ingress", "ingress");
    built.relate(
        "ca:certificates",
        "traefik:certificates",
        "tls-certificates",
    );
    let lines = |built: &Built| {
        let lines = edge_lines(built).into_iter();
        lines
            .filter(|line| line.contains("workload"))
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&built), [own]);
    for (revision, line) in [
        (138, own),
        (
            139,
            "am (charm) -> traefik at its public name, tls certificates (workload)",
        ),
        (
            223,
            "am (charm) -> traefik at its public name, tls certificates (workload)",
        ),
        (224, own),
    ] {
        built.revision("am", revision);
        assert_eq!(lines(&built), [line], "{revision}");
    }
}

#[test]
fn agents_dial_their_controller() {
    let mut built = Built::on_kubernetes();
    built.relate("server:api", "client:server", "prometheus_remote_write");
    let found: Vec<_> = controller_edges(&built.deployment).into_iter().collect();
    assert_eq!(found.len(), 1);
    assert!(matches!(found[0], ControllerEdge::Agents(..)));
}

/// canonical/pgbouncer-operator 4137e2a33 `src/relations/pgbouncer_provider.py` 285-311.
#[test]
fn pgbouncer_is_dialled_beside_its_client() {
    let mut built = client_and_server("postgresql_client");
    built.charm("server", "pgbouncer");
    assert_eq!(
        edge_lines(&built),
        ["client -> server at localhost, plain, ca in databag (relation 1)"]
    );
}

/// grafana/grafana 0aff354 `pkg/infra/tracing/tracing_config.go`; canonical/prometheus-k8s-operator 432c227 `_tracing_config`.
#[test]
fn a_dialer_that_speaks_without_tls_comes_to_nothing() {
    let traced = |charm: &str, endpoint: &str, own: bool| {
        let mut built = Built::on_kubernetes();
        built.relate("ca:certificates", "tempo:certificates", "tls-certificates");
        built.relate("tempo:tracing", &format!("client:{endpoint}"), "tracing");
        if own {
            built.relate("ca:certificates", "client:certificates", "tls-certificates");
        }
        built.charm("client", charm);
        let edges = derive(&built.deployment).edges;
        let edge = edges.first().expect("one edge");
        (
            edge.transport.clone(),
            edge.process.map(|process| process.name.to_owned()),
        )
    };
    let mismatched = |until_certificate| Transport::Plain(Plain::Mismatched { until_certificate });
    for own in [false, true] {
        let (transport, _) = traced("grafana-k8s", "workload-tracing", own);
        assert_eq!(transport, mismatched(false));
        // What the charm itself sends is another client's.
        let (transport, of) = traced("grafana-k8s", "charm-tracing", own);
        assert!(transport.is_tls());
        assert_eq!(of.as_deref(), Some("charm-tracing"));
    }
    let process = Some("tracing".to_owned());
    let without = traced("prometheus-k8s", "workload-tracing", false);
    assert_eq!(without, (mismatched(true), process.clone()));
    let (transport, of) = traced("prometheus-k8s", "workload-tracing", true);
    assert!(transport.is_tls());
    assert_eq!(of, process);
}

/// canonical/alertmanager-k8s-operator 7f64241 and 82e47e5, canonical/loki-operators 9b09dab.
#[test]
fn an_exception_may_be_of_revisions_and_of_what_is_on_the_other_side() {
    let line = |charm: &str, revision: Option<u64>, grafana: Option<u64>| {
        let mut built = Built::on_kubernetes();
        built.relate("ca:certificates", "it:certificates", "tls-certificates");
        built.relate("it:source", "graf:grafana-source", "grafana_datasource");
        built.charm("it", charm);
        built.charm("graf", "grafana-k8s");
        for (application, revision) in [("it", revision), ("graf", grafana)] {
            if let Some(revision) = revision {
                built.revision(application, revision);
            }
        }
        let lines = edge_lines(&built);
        lines.first().cloned().unwrap_or_default()
    };
    let unit = "graf -> it, tls certificates (relation 1)";
    let headless = "graf -> it at its headless service, tls certificates (relation 1)";
    let service = "graf -> it at its service, tls certificates (relation 1)";
    for (charm, revision, grafana, expected) in [
        ("alertmanager-k8s", Some(194), None, unit),
        ("alertmanager-k8s", Some(195), None, headless),
        ("alertmanager-k8s", Some(226), None, headless),
        ("alertmanager-k8s", None, None, headless),
        ("alertmanager-k8s", Some(225), Some(180), headless),
        ("alertmanager-k8s", Some(226), Some(180), ""),
        ("alertmanager-k8s", Some(226), Some(181), headless),
        ("loki-coordinator-k8s", Some(83), Some(180), unit),
        ("loki-coordinator-k8s", Some(90), None, headless),
        ("loki-coordinator-k8s", Some(91), None, service),
        ("loki-coordinator-k8s", Some(91), Some(180), ""),
        ("tempo-coordinator-k8s", Some(159), Some(180), unit),
        ("tempo-coordinator-k8s", Some(160), Some(180), ""),
    ] {
        let found = line(charm, revision, grafana);
        assert_eq!(found, expected, "{charm} {revision:?}, grafana {grafana:?}");
    }
}

/// Names of endpoints are no fact about which side provides, where the table has who dials by that.
#[test]
fn a_side_that_is_told_by_a_name_alone_is_assumed() {
    let mut built = Built::on_kubernetes();
    built.relate("server:api", "client:server", "prometheus_remote_write");
    let is_assumed = |built: &Built| {
        let edges = derive(&built.deployment).edges;
        assert_eq!(edges.len(), 1);
        edges[crate::EdgeIndex::from(0)].is_assumed()
    };
    assert!(!is_assumed(&built));
    built.named("client", "server");
    assert!(!is_assumed(&built), "the other side has a description");
    built.named("server", "api");
    assert!(is_assumed(&built));
}
