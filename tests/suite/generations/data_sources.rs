//! What Grafana dials of its data sources, by the revisions of both charms, and which ingress each of its revisions takes.
//!
//! - canonical/alertmanager-k8s-operator 7f64241 (revision 195), `src/charm.py`, `_service_url`: the name of its unit without
//!   the first label, while the certificate is for the unit's (`_csr_attributes`); canonical/loki-k8s-operator 904cf2f41
//!   (revision 242) the same. The coordinator of Loki stopped doing so (canonical/loki-operators#228).
//! - canonical/alertmanager-k8s-operator 82e47e5 (revision 226), the head of `lib/charms/grafana_k8s/v1/grafana_source.py`:
//!   a Grafana with version 0 of the library has no data source then.
//! - canonical/grafana-k8s-operator 37b7df2 (revision 174): `ingress` of the main branch has the interface `ingress`, that of
//!   the branch of track 2 (revisions 176 and 180) stays `traefik_route`.

use trustsim::validators::ErrorKind;

use crate::common::{deployed, diagnosed, errors};

/// Grafana and one data source with certificates of one CA that Grafana trusts.
fn with_source(grafana: &str, charm: &str) -> String {
    format!(
        "name: source
duration: 2d
models:
  cos:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      source: {{charm: {charm}, scale: 1}}
      graf: {{charm: grafana-k8s, {grafana}, scale: 1}}
    relations:
      - ['source:certificates', 'ca:certificates']
      - ['graf:receive-ca-cert', 'ca:send-ca-cert']
      - ['graf:grafana-source', 'source:grafana-source']
connections: {{derived: true, every: 30s}}
"
    )
}

/// How Grafana's connection ends: nothing where it has none, and what it fails with at the end.
fn dialled(text: &str) -> Option<(String, Option<ErrorKind>)> {
    let (_, record, findings) = diagnosed(deployed(text));
    let mut connections = record.manifest.connections.iter().enumerate();
    let (index, connection) =
        connections.find(|(_, connection)| connection.client == "cos.graf/0")?;
    let mut outages = findings.outages.iter();
    let open = outages.find(|outage| outage.connection as usize == index && outage.until.is_none());
    Some((
        connection.server_name.clone(),
        open.map(|outage| outage.error),
    ))
}

#[test]
fn grafana_dials_the_headless_service_of_sources_that_have_no_ingress() {
    let unit = "source-0.source-endpoints.cos.svc.cluster.local";
    let service = "source-endpoints.cos.svc.cluster.local";
    let newer = "channel: dev/edge";
    let mismatch = Some(ErrorKind::NotValidForName);
    for (charm, name, error) in [
        ("alertmanager-k8s, revision: 194", unit, None),
        ("alertmanager-k8s, revision: 195", service, mismatch),
        ("alertmanager-k8s, revision: 226", service, mismatch),
        ("alertmanager-k8s, channel: dev/edge", service, mismatch),
        ("loki-k8s, revision: 239", unit, None),
        ("loki-k8s, revision: 242", service, mismatch),
        ("loki-k8s, channel: dev/edge", service, mismatch),
        ("prometheus-k8s, channel: dev/edge", unit, None),
    ] {
        let found = dialled(&with_source(newer, charm));
        assert_eq!(found, Some((name.to_owned(), error)), "{charm}");
    }
}

#[test]
fn a_grafana_with_version_0_has_no_source_of_version_1() {
    for (grafana, charm, is_dialled) in [
        ("revision: 180", "alertmanager-k8s, revision: 225", true),
        ("revision: 180", "alertmanager-k8s, revision: 226", false),
        ("revision: 160", "loki-k8s, revision: 242", false),
        ("revision: 179", "loki-k8s, revision: 239", true),
        ("revision: 179", "prometheus-k8s, revision: 306", true),
        ("channel: dev/edge", "alertmanager-k8s, revision: 226", true),
    ] {
        let found = dialled(&with_source(grafana, charm));
        assert_eq!(found.is_some(), is_dialled, "{grafana}, {charm}: {found:?}");
    }
}

#[test]
fn each_revision_of_grafana_has_the_ingress_that_it_was_built_with() {
    let text = |grafana: &str, endpoint: &str| {
        format!(
            "name: ingress
duration: 1d
models:
  cos:
    bundle: kubernetes
    applications:
      traefik: {{charm: traefik-k8s, channel: latest/edge, scale: 1}}
      graf: {{charm: grafana-k8s, {grafana}, scale: 1}}
    relations: [['traefik:{endpoint}', 'graf:ingress']]
connections: {{derived: true, every: 30s}}
"
        )
    };
    for (grafana, taken, not) in [
        ("revision: 171", "traefik-route", "ingress"),
        ("revision: 174", "ingress", "traefik-route"),
        ("revision: 176", "traefik-route", "ingress"),
        ("revision: 179", "ingress", "traefik-route"),
        ("revision: 180", "traefik-route", "ingress"),
        ("channel: 2/stable", "traefik-route", "ingress"),
    ] {
        let taken = deployed(&text(grafana, taken));
        assert_eq!(taken.relations.len(), 1, "{grafana}");
        let refused = errors(&text(grafana, not));
        assert!(refused.contains("interface"), "{grafana}: {refused}");
    }
    // A deployment that names no revision has whichever its relation is of.
    for endpoint in ["ingress", "traefik-route"] {
        let taken = deployed(&text("channel: dev/edge", endpoint));
        assert_eq!(taken.relations.len(), 1);
    }
}
