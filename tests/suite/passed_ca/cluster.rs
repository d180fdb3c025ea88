//! The CA that a coordinator hands its workers: canonical/cos-coordinated-workers at 3c7fec5,
//! `src/coordinated_workers/interfaces/cluster.py` (`ca_cert`) and `worker.py` (`_sync_tls_files`).

use std::sync::Arc;

use trustsim::diagnosis::{TrustSource, diagnose, why};
use trustsim::kernel::Span;
use trustsim::report::words;
use trustsim::whatif::{NameVerdict, dialled_names, least_trust, trust_found};
use trustsim::world::{Deployment, Options, Simulation};

const DAY: Span = Span::from_secs(86_400);

fn deployed(of: &str, faults: &str) -> Deployment {
    deployed_at(of, "", faults)
}

fn deployed_at(of: &str, revision: &str, faults: &str) -> Deployment {
    crate::common::deployed(&format!(
        "duration: 6d
models:
  m:
    bundle: kubernetes
    applications:
      old: {{charm: self-signed-certificates, scale: 1}}
      new: {{charm: self-signed-certificates, scale: 1}}
      coordinator: {{charm: {of}-coordinator-k8s{revision}, scale: 1}}
      worker: {{charm: {of}-worker-k8s, scale: 2}}
    relations:
      - ['coordinator:certificates', 'old:certificates']
      - ['worker:{of}-cluster', 'coordinator:{of}-cluster']
connections: derived
{faults}"
    ))
}

/// What is told of each outage after the first hour, and whether it is open at the end.
fn outages(deployment: &Deployment) -> Vec<(String, bool)> {
    let record = crate::common::play(deployment, Options::default());
    let found = diagnose(deployment, &record.manifest, &record.journal);
    let all = found.outages.iter().zip(&found.explanations);
    let told = all.zip(&found.classes).filter(|(_, class)| class.is_told());
    let later = told
        .map(|(explained, _)| explained)
        .filter(|(outage, _)| outage.from > deployment.start + Span::from_secs(3600));
    later
        .map(|(outage, told)| {
            let line = words::cause::line(&told.cause.what);
            (line, outage.until.is_none())
        })
        .collect()
}

/// canonical/tempo-operators 85a88de `coordinator/src/tempo.py`, `_build_tls_config`: workers check each other's certificate
/// under the address that is the first of all, so that a worker that is not in the certificate yet is dialled nonetheless.
/// canonical/mimir-coordinator-k8s-operator a2435e1 `src/mimir_config.py` and canonical/loki-operators 65f4684
/// `coordinator/src/loki_config.py` have TLS for HTTP alone, which nginx of the coordinator dials and does not verify
/// (canonical/charmlibs caaf7415 `nginx_k8s/src/charmlibs/nginx_k8s/_directives.py`).
#[test]
fn workers_of_tempo_dial_each_other_as_the_first_of_them() {
    let added = "faults:\n  - {at: 3d, add-units: {app: m.worker}}\n";
    let deployment = deployed("tempo", added);
    let names = |deployment: &Deployment| -> Vec<String> {
        let record = crate::common::play(deployment, Options::default());
        let connections = record.manifest.connections.iter();
        let dialled = connections.map(|one| format!("{} as {}", one.name, one.server_name));
        dialled
            .filter(|one| one.starts_with("m.worker/1"))
            .collect()
    };
    assert_eq!(
        names(&deployment),
        [
            "m.worker/1 -> m.coordinator/0 as coordinator-0.coordinator-endpoints.m.svc.cluster.local",
            "m.worker/1 -> m.worker/0 as worker-0.worker-endpoints.m.svc.cluster.local",
            "m.worker/1 -> m.worker/2 as worker-0.worker-endpoints.m.svc.cluster.local",
        ]
    );
    // A name more is asked for, and until it is answered the coordinator and its workers have no certificate: seconds.
    assert_eq!(outages(&deployment), []);
    assert_eq!(names(&deployed("mimir", added)).len(), 1);
}

#[test]
fn workers_trust_what_their_coordinator_hands_them() {
    for of in ["loki", "mimir", "tempo"] {
        let deployment = deployed(of, "");
        // Of these only the workers of Tempo speak TLS among themselves.
        let count = if of == "tempo" { 2 } else { 1 };
        assert_eq!(deployment.connections.len(), count, "{of}");
        assert_eq!(outages(&deployment), [], "{of}");
    }
    let deployment = deployed("loki", "");
    let record = crate::common::play(&deployment, Options::default());
    let at = deployment.start + DAY;
    let (manifest, journal) = (&record.manifest, &record.journal);
    let answers = why(
        &deployment,
        manifest,
        journal,
        "m.worker",
        "m.coordinator",
        at,
    );
    let rests = answers.expect("it is watched").remove(0).rests;
    let TrustSource::PassedOn(relation) = rests.expect("it holds").source else {
        panic!("the CA comes over the relation of the cluster");
    };
    let expected = "what m.coordinator:loki-cluster hands m.worker:loki-cluster over loki_cluster";
    assert_eq!(words::transit::passing(&relation), expected);
    let least = least_trust(&Arc::new(deployment));
    let mut sources = least.sources.iter();
    let source = sources.find(|source| source.source.starts_with("loki-cluster-"));
    assert!(source.expect("it has one").is_single());
}

/// `publish_grant_secrets` of canonical/mimir-coordinator-k8s-operator 937f48d7 (revision 12) hands on secrets in place of
/// `ca_cert`, which 4b018e47 (13) publishes.
#[test]
fn an_early_coordinator_of_mimir_hands_its_workers_nothing_that_they_read() {
    for (revision, is_handed) in [(12, false), (13, true)] {
        let deployment = deployed_at("mimir", &format!(", revision: {revision}"), "");
        let count = usize::from(is_handed);
        assert_eq!(deployment.connections.len(), count, "{revision}");
        assert_eq!(outages(&deployment), [], "{revision}");
    }
}

#[test]
fn workers_follow_another_ca() {
    let moved = "faults:
  - {at: 3d, remove-relation: {between: ['coordinator:certificates', 'old:certificates']}}
  - {at: 3d10m, integrate: {between: ['coordinator:certificates', 'new:certificates']}}
";
    let found = outages(&deployed("mimir", moved));
    // Without a relation the coordinator's charm deletes its certificate; the workers take the CA that comes with the next.
    assert_eq!(found.len(), 2, "{found:?}");
    for (line, is_open) in found {
        let removed = "the relation that brought m.coordinator certificates from m.old was removed";
        assert!(!is_open && line.starts_with(removed), "{line}");
    }
}

#[test]
fn without_the_relation_the_ca_is_gone() {
    let removed = "faults:
  - {at: 3d, remove-relation: {between: ['worker:tempo-cluster', 'coordinator:tempo-cluster']}}
";
    let found = outages(&deployed("tempo", removed));
    let taken = "its charm took it away in tempo-cluster-relation-broken";
    // Workers lack the CA for their coordinator, and have nothing to show each other.
    let of_ca = found.iter().filter(|(line, _)| line.contains(taken));
    assert_eq!((found.len(), of_ca.count()), (4, 2), "{found:?}");
    for (line, is_open) in found {
        assert!(is_open && line.contains("juju remove-relation"), "{line}");
    }
}

/// `publish_data` leaves `ca_cert` out where there is no certificate, and `_sync_tls_files` removes what it had written.
#[test]
fn a_coordinator_without_a_certificate_takes_its_ca_back() {
    let deployment = crate::common::deployed(
        "duration: 4d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      coordinator: {charm: coordinator, scale: 1}
      worker: {charm: loki-worker-k8s, scale: 1}
    relations:
      - ['coordinator:certificates', 'ca:certificates']
      - ['worker:loki-cluster', 'coordinator:cluster']
charms:
  coordinator:
    requires: {certificates: {interface: tls-certificates, delete-on-missing: true}}
    provides: {cluster: {interface: loki_cluster, passes-ca: certificates}}
connections: derived
faults:
  - {at: 2d, remove-relation: {between: ['coordinator:certificates', 'ca:certificates']}}
",
    );
    let start = deployment.start;
    let mut simulation = Simulation::new(Arc::new(deployment), Options::default());
    let mut trusted = |days: u32| {
        simulation.run_until(start + DAY * days);
        let found = trust_found(&simulation).trusted;
        let mut holders = found.iter().map(|root| &*root.holder);
        holders.any(|holder| holder == "m.worker/0")
    };
    assert!(trusted(1));
    assert!(!trusted(3));
}

fn served(of: &str, faults: &str) -> Deployment {
    let text = format!(
        "duration: 6d
models:
  m:
    bundle: kubernetes
    applications:
      old: {{charm: self-signed-certificates, scale: 1}}
      new: {{charm: self-signed-certificates, scale: 1}}
      coordinator: {{charm: {of}-coordinator-k8s, scale: 1}}
      worker: {{charm: {of}-worker-k8s, scale: 2}}
    relations:
      - ['coordinator:certificates', 'old:certificates']
      - ['worker:{of}-cluster', 'coordinator:{of}-cluster']
clients: {{scraper: {{trusts: [m.old], validator: go}}}}
connections: [{{from: scraper, to: m.worker, every: 10m}}]
{faults}"
    );
    crate::common::deployed(&text)
}

/// `_certificate_request_attributes` of `coordinator.py` asks for the addresses of all workers, and `publish_data` hands them
/// the certificate with the secret of its key, with which each serves (`_sync_tls_files`).
#[test]
fn workers_serve_with_the_certificate_of_their_coordinator() {
    for of in ["loki", "mimir", "tempo"] {
        assert_eq!(outages(&served(of, "")), [], "{of}");
        let deployment = Arc::new(served(
            of,
            "faults: [{at: 2d, add-units: {app: m.worker}}]\n",
        ));
        let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
        simulation.run_until(deployment.start + Span::from_secs(3 * 86_400));
        let found = dialled_names(&simulation).dialled;
        let names: Vec<(&str, NameVerdict)> = found
            .iter()
            .map(|one| (one.connection.name.as_str(), one.verdict))
            .collect();
        let matches = |number: u32| {
            (
                format!("scraper -> m.worker/{number}"),
                NameVerdict::Matches,
            )
        };
        let expected: Vec<(String, NameVerdict)> = (0..3).map(matches).collect();
        let names: Vec<(String, NameVerdict)> = names
            .into_iter()
            .map(|(name, verdict)| (name.to_owned(), verdict))
            .collect();
        assert_eq!(names, expected, "{of}");
        let presented = found
            .iter()
            .map(|one| one.presented.as_ref().map(|one| one.serial().to_string()));
        let presented: std::collections::BTreeSet<_> = presented.collect();
        assert_eq!(presented.len(), 1, "{of}: all show one certificate");
    }
}

/// What happens to the certificate of the coordinator happens to its workers.
#[test]
fn outages_of_workers_follow_from_their_coordinator() {
    let removed = "faults:
  - {at: 3d, remove-relation: {between: ['worker:tempo-cluster', 'coordinator:tempo-cluster']}}
";
    for (line, is_open) in outages(&served("tempo", removed)) {
        assert!(is_open, "{line}");
        assert!(line.contains("tempo-cluster"), "{line}");
    }
    let moved = "faults:
  - {at: 3d, remove-relation: {between: ['coordinator:certificates', 'old:certificates']}}
  - {at: 3d10m, integrate: {between: ['coordinator:certificates', 'new:certificates']}}
";
    let found = outages(&served("mimir", moved));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|(_, is_open)| *is_open), "{found:?}");
}
