//! What becomes of the same deployment with other libraries and other consumers: whole scenarios.

use std::path::Path;

use trustsim::charms::{CharmMetadata, EndpointProfile, Role, Unnamed};
use trustsim::diagnosis::diagnose;
use trustsim::kernel::Span;
use trustsim::scenario::{self, MemoryFiles};
use trustsim::validators::Validator;
use trustsim::world::Options;

const SCENARIO: &str = "
name: consumers
seed: 5
duration: DURATION
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: CA}
      web: {charm: WEB, scale: 3}
    relations:
      - [web:ENDPOINT, ca:certificates]
charms:
CHARMS
connections:
  - {from: web, to: web, every: 10s, mutual: true, validator: VALIDATOR}
FAULTS
";

/// Errors of the outages after the first hour, with how long each lasted; none where it has no end.
fn outages(replacements: &[(&str, &str)]) -> Vec<(&'static str, Option<Span>)> {
    let defaults = [
        ("DURATION", "2d"),
        ("ENDPOINT", "certificates"),
        ("CA", "self-signed-certificates"),
        ("WEB", "web"),
        ("VALIDATOR", "openssl"),
        ("FAULTS", ""),
    ];
    let mut text = SCENARIO.to_owned();
    for (place, value) in replacements.iter().chain(&defaults) {
        text = text.replace(place, value);
    }
    let files = MemoryFiles::new([("s.yaml", text.as_str())]);
    let deployment = match scenario::load(Path::new("s.yaml"), &files) {
        Ok(loaded) => loaded.deployment,
        Err(wrong) => panic!("{}", wrong.render(false)),
    };
    let record = crate::common::play(&deployment, Options::default());
    let hour = deployment.start + Span::from_secs(3_600);
    let found = diagnose(&deployment, &record.manifest, &record.journal).outages;
    let lasting = found
        .iter()
        .filter(|one| one.until.is_none_or(|until| until > hour));
    lasting
        .map(|one| {
            (
                one.error.kebab(),
                one.until.map(|until| until.since(one.from)),
            )
        })
        .collect()
}

const UNITS: &str = "  web: {requires: {certificates: {interface: tls-certificates}}}";

#[test]
fn peers_of_a_plain_consumer_are_well() {
    assert_eq!(outages(&[("CHARMS", UNITS)]), []);
}

/// Extended key usage `clientAuth` alone, as the legacy protocol's client certificates and those of
/// charmed-kubernetes/layer-easyrsa have it: every stack refuses it of a server.
#[test]
fn a_server_that_presents_a_client_certificate_is_refused() {
    let issuer = |purposes: &str| {
        format!(
            "{UNITS}\n  ca: {{provides: {{certificates: {{interface: tls-certificates}}}}, issuer: {{chain: [{{common-name: Root, validity: 520w}}], leaf-purposes: {purposes}}}}}"
        )
    };
    for validator in Validator::ALL {
        let with = |purposes| {
            let charms = issuer(purposes);
            let replacements = [
                ("CHARMS", charms.as_str()),
                ("CA", "ca"),
                ("VALIDATOR", validator.name()),
            ];
            outages(&replacements)
        };
        assert_eq!(with("[server, client]"), [], "{validator}");
        let refused = with("[client]");
        assert_eq!(refused.len(), 6, "{validator}");
        assert!(
            refused.iter().all(|one| *one == ("invalid-purpose", None)),
            "{validator}: {refused:?}"
        );
    }
}

/// canonical/tls-certificates-interface 257bfe7, `v3/tls_certificates.py`: its provider hears units
/// only, so an application that asks in its own databag waits for ever.
#[test]
fn an_application_waits_for_ever_for_a_provider_with_version_3() {
    let charms = |mode: &str| {
        format!(
            "  web: {{requires: {{certificates: {{interface: tls-certificates, mode: {mode}}}}}}}
  self-signed-certificates: {{provides: {{certificates: {{library: tls-certificates-v3}}}}}}"
        )
    };
    assert_eq!(outages(&[("CHARMS", &charms("unit"))]), []);
    let waiting = outages(&[("CHARMS", &charms("app"))]);
    assert_eq!(waiting.len(), 6);
    assert!(
        waiting.iter().all(|one| *one == ("no-certificate", None)),
        "{waiting:?}"
    );
}

/// canonical/copilot-collections issue 69: the same request again, and a certificate that ends.
#[test]
fn the_same_request_again_ends_in_an_outage_that_has_no_end() {
    let charms = |unique: bool| {
        format!(
            "  web: {{requires: {{certificates: {{interface: tls-certificates, library: tls-certificates-v3, unique-requests: {unique}}}}}}}"
        )
    };
    let year = |charms: &str| outages(&[("CHARMS", charms), ("DURATION", "100d")]);
    assert_eq!(year(&charms(true)), []);
    let ended = year(&charms(false));
    assert_eq!(ended.len(), 6);
    assert!(
        ended.iter().all(|one| *one == ("expired", None)),
        "{ended:?}"
    );
}

/// canonical/opensearch-operator rotates in two phases, canonical/kafka-operator in one: the same
/// rotation of the same CA cuts brokers off from each other for as long as it takes, and no node.
#[test]
fn two_phases_spare_the_outage_that_one_phase_is() {
    let rotation = "faults:\n  - {at: 1d, rotate-ca: {app: ca}}";
    let with = |web: &str, endpoint: &str| {
        outages(&[
            ("CHARMS", "  unused: {}"),
            ("WEB", web),
            ("ENDPOINT", endpoint),
            ("FAULTS", rotation),
        ])
    };
    assert_eq!(with("opensearch", "certificates"), []);
    let kafka = with("kafka-k8s", "peer-certificates");
    assert!(!kafka.is_empty());
    for (error, lasted) in kafka {
        assert_eq!(error, "unknown-issuer");
        let lasted = lasted.expect("it heals");
        assert!(lasted < Span::from_secs(600), "{lasted:?}");
    }
}

/// Each real charm's own file, in a folder beside the scenario: the charm runs, and one that is
/// played gets a certificate over every endpoint that asks for one.
#[test]
fn every_real_charm_file_runs() {
    let Some(folder) = trustsim_oracles::shared("corpus/charms") else {
        return;
    };
    let mut played = 0;
    let entries = std::fs::read_dir(&folder).expect("a folder");
    for entry in entries.map(|entry| entry.expect("an entry").path()) {
        let metadata = std::fs::read_to_string(&entry).expect("text");
        let named = metadata
            .lines()
            .find_map(|line| line.strip_prefix("name: "));
        let name = named.expect("a name").trim().trim_matches('"');
        let file = format!("charms/{name}/charmcraft.yaml");
        let alone = format!(
            "{{models: {{m: {{bundle: kubernetes, applications: {{app: {{charm: {name}}}}}}}}}}}\n"
        );
        let charm = load(&alone, &file, &metadata).applications.raw[0]
            .charm
            .clone();
        assert!(charm.is_described(), "{name}");
        if charm.subordinate {
            continue;
        }
        let asks: Vec<&str> = charm
            .endpoints
            .iter()
            .filter(|it| it.role == Role::Requirer && it.interface == "tls-certificates")
            .map(|it| it.name.as_str())
            .collect();
        let relations: String = asks
            .iter()
            .map(|endpoint| format!("      - [app:{endpoint}, ca:certificates]\n"))
            .collect();
        let relations = if asks.is_empty() {
            "[]\n".to_owned()
        } else {
            format!("\n{relations}")
        };
        let text = format!(
            "duration: 1d\nmodels:\n  m:\n    bundle: kubernetes\n    applications:\n      ca: {{charm: self-signed-certificates}}\n      app: {{charm: {name}}}\n    relations: {relations}{}",
            without_waiting(&charm)
        );
        let deployment = load(&text, &file, &metadata);
        let record = crate::common::play(&deployment, Options::default());
        let played_ones = ["requirer", "traefik", "opensearch"];
        let is_played = played_ones.contains(&charm.implementation.behaviour);
        let leaves = crate::common::certificates(&record).len().saturating_sub(1);
        if is_played && !asks.is_empty() {
            assert!(leaves >= asks.len(), "{name}: {leaves} for {asks:?}");
            played += 1;
        }
    }
    assert!(played >= 12, "{played}");
}

/// What a scenario says of a charm that waits for a name or another relation, so that it asks without.
fn without_waiting(charm: &CharmMetadata) -> String {
    let waiting = charm.endpoints.iter().filter_map(|endpoint| {
        let Some(EndpointProfile::Certificates(profile)) = &endpoint.profile else {
            return None;
        };
        let unnamed = match profile.unnamed {
            Unnamed::OwnName if profile.asks_with.is_empty() => return None,
            Unnamed::OwnName => "",
            Unnamed::LoadBalancer | Unnamed::Nothing => ", unnamed: own-name",
        };
        let name = &endpoint.name;
        Some(format!(
            "{name}: {{interface: tls-certificates, asks-with: []{unnamed}}}"
        ))
    });
    let waiting: Vec<String> = waiting.collect();
    match waiting.is_empty() {
        true => String::new(),
        false => format!(
            "charms: {{{}: {{requires: {{{}}}}}}}\n",
            charm.name,
            waiting.join(", ")
        ),
    }
}

fn load(text: &str, file: &str, metadata: &str) -> trustsim::world::Deployment {
    let files = MemoryFiles::new([("s.yaml", text), (file, metadata)]);
    match scenario::load(Path::new("s.yaml"), &files) {
        Ok(loaded) => loaded.deployment,
        Err(wrong) => panic!("{file}: {}", wrong.render(false)),
    }
}

const REMOVED: &str = "
duration: 120d
models:
  m:
KIND    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, num_units: 1}
      it: {charm: CHARM, num_units: 1}
    relations: [[it:ENDPOINT, ca:certificates]]
clients: {client: {trusts: [m.ca]}}
connections: [{from: client, to: m.itNAME}]
faults: [{at: 10d, remove-relation: {between: [it:ENDPOINT, ca:certificates]}}]
";

/// The same with a charm whose ingress `it` is.
fn with_user(text: &str) -> String {
    let user =
        "      user: {charm: user, num_units: 1}\n    relations: [[it:gateway, user:ingress], [";
    let text = text.replace("    relations: [[", user);
    format!("{text}charms: {{user: {{requires: {{ingress: {{interface: ingress}}}}}}}}\n")
}

/// How many days after its relation was removed a server is lost.
fn days_served_without_relation(charm: &str, endpoint: &str, on_kubernetes: bool) -> u64 {
    let kind = match on_kubernetes {
        true => "    bundle: kubernetes\n",
        false => "",
    };
    let name = match charm {
        "sdcore-amf-k8s" => ", name: amf.sdcore",
        _ if charm.contains("it.example.com") => ", name: it.example.com",
        _ => "",
    };
    let text = REMOVED
        .replace("NAME", name)
        .replace("KIND", kind)
        .replace("CHARM", charm)
        .replace("ENDPOINT", endpoint);
    // It asks where it is an ingress alone.
    let text = match charm.starts_with("gateway-api-integrator") {
        true => with_user(&text),
        false => text,
    };
    let deployment = crate::common::deployed(&text);
    let record = crate::common::play(&deployment, Options::default());
    let outages = diagnose(&deployment, &record.manifest, &record.journal).outages;
    let removed = deployment.start + Span::from_secs(10 * 86_400);
    let lost = outages.iter().find(|outage| outage.from > removed);
    let lost = lost.unwrap_or_else(|| panic!("{charm} is lost in the end"));
    lost.from.since(removed).as_secs() / 86_400
}

/// Each is the code of the charm at the commits of the catalogue and of its generations: `_update_cert` of
/// canonical/prometheus-k8s-operator and canonical/loki-k8s-operator, `_render_manifest` of
/// canonical/alertmanager-k8s-operator, `_reconcile_tls_config` of canonical/grafana-k8s-operator, `receive_server_cert`
/// of canonical/opentelemetry-collector-operator and -k8s-operator, `_delete_certificates` of
/// canonical/cos-coordinated-workers, `_tls_relation_broken` of canonical/kafka-operator and
/// canonical/cassandra-operator, `_on_certificates_broken` of canonical/kyuubi-k8s-operator and
/// canonical/charmed-etcd-operator, `_remove_certificates` of canonical/temporal-k8s-operator, `is_tls_enabled` of
/// canonical/postgresql-operator and canonical/postgresql-k8s-operator.
#[test]
fn a_charm_that_takes_its_files_away_with_the_relation_is_lost_then() {
    for (charm, endpoint, on_kubernetes) in [
        ("prometheus-k8s", "certificates", true),
        ("prometheus-k8s, revision: 260", "certificates", true),
        ("loki-k8s", "certificates", true),
        ("loki-k8s, revision: 210", "certificates", true),
        ("alertmanager-k8s", "certificates", true),
        ("alertmanager-k8s, revision: 190", "certificates", true),
        ("grafana-k8s", "certificates", true),
        ("grafana-k8s, revision: 158", "certificates", true),
        // Its first track has version 3 of the library.
        ("grafana-k8s, channel: 1/stable", "certificates", true),
        ("opentelemetry-collector-k8s", "receive-server-cert", true),
        ("loki-coordinator-k8s", "certificates", true),
        ("mimir-coordinator-k8s", "certificates", true),
        ("tempo-coordinator-k8s", "certificates", true),
        ("kafka", "certificates", false),
        ("kafka, revision: 220", "certificates", false),
        ("kafka-k8s", "certificates", true),
        ("cassandra", "client-certificates", false),
        ("kyuubi-k8s", "certificates", true),
        ("kyuubi-k8s, revision: 90", "certificates", true),
        ("charmed-etcd", "client-certificates", false),
        ("charmed-etcd", "peer-certificates", false),
        (
            "postgresql, channel: 16/stable",
            "client-certificates",
            false,
        ),
        (
            "postgresql-k8s, channel: 16/stable",
            "client-certificates",
            true,
        ),
        (
            "temporal-k8s, options: {frontend-cert-common-name: it.example.com}",
            "frontend-certificates",
            true,
        ),
    ] {
        let days = days_served_without_relation(charm, endpoint, on_kubernetes);
        assert_eq!(days, 0, "{charm} {endpoint}");
    }
}

/// canonical/catalogue-k8s-operator 430b1b3 `_push_certs` writes only; canonical/sdcore-amf-k8s-operator 3646c47
/// `_on_certificates_relation_broken` deletes files that the running process has read;
/// canonical/gateway-api-integrator-operator d79df88 `_clean_up_resources_in_blocked_state` leaves gateway and secret;
/// canonical/haproxy-operator 165497fb and canonical/glauth-k8s-operator 4abe8fe do not listen for it.
#[test]
fn a_charm_that_leaves_its_certificate_serves_it_to_its_end() {
    for (charm, on_kubernetes) in [
        ("catalogue-k8s", true),
        ("sdcore-amf-k8s", true),
        (
            "gateway-api-integrator, options: {external-hostname: it.example.com}",
            true,
        ),
        (
            "haproxy, options: {external-hostname: it.example.com}",
            false,
        ),
        ("glauth-k8s", true),
    ] {
        let days = days_served_without_relation(charm, "certificates", on_kubernetes);
        assert_eq!(days, 80, "{charm}");
    }
}
