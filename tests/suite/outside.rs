//! Clients outside Juju that come to an ingress: what is played of them, and what that says of the real COS Lite beside the
//! scenario that was written by hand.

use std::collections::BTreeSet;

use trustsim::diagnosis::{Outage, OutageClass};
use trustsim::model::{Deployment, Party};
use trustsim::report::{self, terminal::Detail};

use crate::common::{deployed, diagnosed, load_named};
use crate::corpus::{corpus, resolved};

/// What only one of the two has, and why.
const DIFFERENCES: [(&str, &str); 10] = [
    (
        "- browser -> cos.traefik",
        "the scenario writes its client, which fetches the CA each day",
    ),
    (
        "+ outside -> cos.traefik",
        "the client outside is taken to have the CA with which the ingress began",
    ),
    (
        "- apps.otelcol -> cos.traefik",
        "its model is none of the bundle's",
    ),
    (
        "- cos.grafana -> cos.loki",
        "loki-k8s 8bcecbf2f src/charm.py 219 gives Grafana the URL of its ingress",
    ),
    (
        "- cos.grafana -> cos.alertmanager",
        "alertmanager-k8s 876ead4 src/charm.py 151 gives Grafana the URL of its ingress",
    ),
    (
        "+ cos.grafana -> cos.traefik",
        "that URL is the one of the ingress",
    ),
    (
        "+ cos.alertmanager (charm) -> cos.alertmanager",
        "what a charm asks of its own workload is not written: alertmanager-k8s 876ead4 src/charm.py 229-238",
    ),
    (
        "+ cos.loki (charm) -> cos.loki",
        "the same: loki-k8s 8bcecbf2f src/charm.py 962-975",
    ),
    // The rest is derived and not played.
    (
        "~ cos.grafana (charm) -> cos.grafana",
        "in an action alone: grafana-k8s 382e463 src/charm.py 202, 574-578",
    ),
    (
        "~ cos.prometheus (charm) -> cos.prometheus",
        "it is not verified: prometheus-k8s 432c227 src/prometheus_client.py 45, 69",
    ),
];

fn edges(deployment: &Deployment) -> BTreeSet<String> {
    let each = deployment.connections.iter().map(|one| {
        let from = match one.from {
            Party::Client(index) => deployment.clients[index].name.clone(),
            party => {
                let application = deployment.application_of(party);
                let application = application.expect("a client or an application");
                deployment.application_address(application).to_string()
            }
        };
        let process = one.from_process.as_ref();
        let process = process.map_or_else(String::new, |name| format!(" ({name})"));
        let to = deployment.application_address(one.to);
        format!("{from}{process} -> {to}")
    });
    each.collect()
}

#[test]
fn the_real_cos_lite_has_the_edges_that_ours_has() {
    let Some(corpus) = corpus() else {
        return;
    };
    let text = format!("{}connections: derived\n", crate::corpus::real_cos_lite());
    let deployment = resolved(&corpus, &text);
    let (real, ours) = (edges(&deployment), edges(&load_named("cos-lite-tls")));
    let mut found: BTreeSet<String> = BTreeSet::new();
    found.extend(ours.difference(&real).map(|edge| format!("- {edge}")));
    found.extend(real.difference(&ours).map(|edge| format!("+ {edge}")));
    let scenario = trustsim::scenario::parse(&text, "s.yaml").expect("a scenario");
    let path = corpus.join("s.yaml");
    let loaded = trustsim::scenario::resolve(scenario, &path, &trustsim::scenario::DiskFiles);
    let derived = loaded.expect("sound").derived.expect("derived");
    for (index, _) in &derived.edges_left_out {
        let edge = &derived.edges.edges[*index];
        if edge.transport.is_tls() {
            let words = report::words::edges::dialer(edge, &deployment);
            let to = report::words::edges::end(edge.to, &deployment);
            found.insert(format!("~ {words} -> {to}"));
        }
    }
    let known: BTreeSet<String> = DIFFERENCES.map(|(edge, _)| edge.to_owned()).into();
    assert_eq!(found, known);
    assert_eq!(real.intersection(&ours).count(), 10);
}

/// Who does what waits for a person.
const PEOPLE: &str = "operators: {ops: {answers: [m.ca], delay: {exactly: 30m}}}\n";

fn outages_from_outside(text: &str) -> (Vec<Outage>, String) {
    let (deployment, record, findings) = diagnosed(deployed(text));
    let is_outside = |outage: &&Outage| {
        let connection = &record.manifest.connections[outage.connection as usize];
        let spec = &deployment.connections[connection.spec];
        matches!(spec.from, Party::Client(_))
    };
    let own = findings.outages.iter().filter(is_outside);
    let run = report::Run {
        manifest: &record.manifest,
        journal: &record.journal,
        findings: &findings,
        provenance: None,
    };
    let attempts = findings.tallies.iter().map(|tally| tally.attempts);
    assert!(attempts.sum::<u64>() > 0, "it is played");
    let told = report::terminal::terminal(&run, Detail::Verbose);
    (own.cloned().collect(), told)
}

fn ingress(authority: &str, endpoint: &str, rest: &str) -> String {
    format!(
        "
duration: 100d
models:
  m:
    bundle: kubernetes
    deployed: true
    applications:
      root: {{charm: self-signed-certificates, channel: 1/stable, options: {{root-ca-validity: 3650d}}}}
      ca: {{charm: {authority}}}
      t: {{charm: traefik-k8s, options: {{external_hostname: x.example.com}}}}
      graf: {{charm: grafana-k8s}}
    relations:
      - ['t:certificates', 'ca:{endpoint}']
      - ['graf:ingress', 't:traefik-route']
{rest}connections: derived
"
    )
}

/// It would be an alarm that no deployment has: each client outside that is let in was given the CA.
#[test]
fn a_client_outside_is_let_in_whatever_is_between_the_root_and_the_ingress() {
    let texts = [
        ingress(
            "'self-signed-certificates', channel: 1/stable",
            "certificates",
            "",
        ),
        ingress(
            "vault-k8s, options: {pki_ca_common_name: ca.example.com, pki_allow_any_name: true}",
            "vault-pki",
            PEOPLE,
        ),
        ingress(
            "vault-k8s, options: {pki_ca_common_name: ca.example.com, pki_allow_any_name: true}",
            "vault-pki",
            &format!("      - ['ca:tls-certificates-pki', 'root:certificates']\n{PEOPLE}"),
        ),
        ingress(
            "manual-tls-certificates",
            "certificates",
            "operators: {pki: {answers: [m.ca], delay: {exactly: 30m}, signs-with: {chain: [{common-name: Corporate \
             Root, validity: 520w}], leaf-validity: 260w}}}\n",
        ),
    ];
    for text in texts {
        let (outages, told) = outages_from_outside(&text);
        // Until Vault is unsealed, the ingress shows a certificate of its own that is for no client.
        let untrusted = outages.iter().filter(|outage| outage.error.lacks_trust());
        let lasting = untrusted.filter(|outage| outage.until.is_none());
        assert_eq!(lasting.count(), 0, "{told}");
    }
}

/// A rotation of the CA cuts it off, and the answer says what that rests on.
#[test]
fn a_rotation_of_the_ca_cuts_a_client_outside_off_and_that_is_assumed() {
    let rotation =
        "faults: [{at: 10d, set-config: {app: m.ca, options: {ca-common-name: another}}}]\n";
    let text = ingress(
        "self-signed-certificates, channel: 1/stable",
        "certificates",
        rotation,
    );
    let (outages, told) = outages_from_outside(&text);
    assert_eq!(outages.len(), 1, "{told}");
    assert!(outages[0].error.lacks_trust());
    let since = told.lines().find(|line| line.contains("may not happen"));
    let said = "since this is assumed: m.t: its clients from outside are taken to have the CA with which it began, and to be \
                given no other";
    assert!(since.is_some_and(|line| line.ends_with(said)), "{told}");
    // Told of it, it is let in again.
    let given = "faults: [{at: 11d, trust: {client: outside, ca: m.ca}}, ";
    let (outages, told) = outages_from_outside(&text.replace("faults: [", given));
    let [outage] = outages.as_slice() else {
        panic!("{told}");
    };
    assert!(outage.until.is_some(), "{told}");
}

/// How a client outside is told of another CA is in no deployment: a run that fails by what it is taken to trust alone warns. A
/// client that is written, and what breaks whatever a client trusts, make it fail.
#[test]
fn what_is_assumed_of_a_client_outside_warns() {
    let classes = |text: &str| {
        let (_, _, findings) = diagnosed(deployed(text));
        (findings.classes.clone(), findings.passed())
    };
    let rotation =
        "faults: [{at: 10d, set-config: {app: m.ca, options: {ca-common-name: another}}}]\n";
    let authority = "self-signed-certificates, channel: 1/stable";
    let text = ingress(authority, "certificates", rotation);
    assert_eq!(classes(&text), (vec![OutageClass::Outside], true));
    let (_, told) = outages_from_outside(&text);
    assert!(told.contains("warning[TS0401]"), "{told}");
    assert!(
        told.contains("1 outage of clients outside does not fail the run"),
        "{told}"
    );

    let written = "clients: {browser: {trusts: [m.ca]}}\nconnections: {derived: true, add: [{from: browser, to: m.t}]}\n";
    let text_written = text.replace("connections: derived\n", written);
    assert_eq!(
        classes(&text_written),
        (vec![OutageClass::Unexpected], false)
    );

    let expected = format!("{text}expect: [{{no-failures: {{from: outside}}}}]\n");
    assert_eq!(classes(&expected), (vec![OutageClass::Outside], false));

    // Its certificate ends, whatever its clients trust.
    let away = "faults: [{at: 10d, kill-unit: {unit: m.ca/0, for: 190d}}]\n";
    let text = ingress(authority, "certificates", away);
    let longer = text.replace("duration: 100d", "duration: 150d");
    assert_eq!(classes(&longer), (vec![OutageClass::Unexpected], false));
}
