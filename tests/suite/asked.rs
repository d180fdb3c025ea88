//! The answers of `trustsim ask` about what is played, against what a run of every shipped scenario reports.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trustsim::charms::readings;
use trustsim::diagnosis::{RequestOutcome, requests};
use trustsim::kernel::Span;
use trustsim::report::words::order::no_order;
use trustsim::report::words::{requests as words, trusted};
use trustsim::validators::ErrorKind;
use trustsim::whatif::{
    MissingTrust, NameVerdict, PlayedOrder, RefreshTo, dialled_names, refresh_order,
    relation_order, trust_found,
};
use trustsim::world::{CertificateKind, Deployment, Kind, Options, Simulation};

use crate::common::{deployed, load, load_named, scenario_files, yaml_files};

/// Past the installation, and past what people do on the first days.
const PLAYED: Span = Span::from_secs(10 * 86_400);

/// Each shipped scenario, as it is after some days.
fn played() -> impl Iterator<Item = (String, Arc<Deployment>, Simulation)> {
    let incidents = yaml_files("scenarios/incidents");
    let all = scenario_files().into_iter().chain(incidents);
    all.map(|path| {
        let deployment = Arc::new(load(&path));
        let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
        simulation.run_until(deployment.start + PLAYED.min(deployment.duration));
        (deployment.name.clone(), deployment, simulation)
    })
}

/// easyrsa gives every unit that asks for `system:kubelet` the one certificate that it made for it
/// (charmed-kubernetes/layer-easyrsa 3cb8d83, `create_client_cert`): each is answered, though one certificate is issued.
#[test]
fn a_certificate_that_is_handed_out_again_answers_too() {
    let deployment = Arc::new(load_named("charmed-kubernetes"));
    let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
    simulation.run_until(deployment.start + PLAYED);
    let found = requests(&deployment, simulation.journal());
    let named = found.requests.iter();
    let kubelets: Vec<_> = named
        .filter(|one| one.common_name == "system:kubelet")
        .collect();
    assert!(kubelets.len() >= 2, "{kubelets:?}");
    for one in kubelets {
        assert_eq!(one.outcome, RequestOutcome::Signed, "{one:?}");
    }
}

/// Every certificate that `certificates.csv` has for a request is of a request that is told, with the same names; and
/// what is told as signed has such a certificate.
#[test]
fn requests_agree_with_certificates() {
    let mut told = 0;
    for (name, deployment, simulation) in played() {
        let found = requests(&deployment, simulation.journal());
        let entries = simulation.journal().entries().iter();
        let issued = entries.filter_map(|entry| match &entry.kind {
            Kind::CertificateIssued(record) if record.kind != CertificateKind::Root => Some(record),
            _ => None,
        });
        let mut held = BTreeSet::new();
        for record in issued {
            let holder = record.holder();
            held.insert((holder.clone(), record.certificate.sans().len()));
            let is_own = |one: &&trustsim::diagnosis::AskedRequest| {
                one.holder == holder && one.outcome != RequestOutcome::Refused
            };
            let mut of_holder = found.requests.iter().filter(is_own).peekable();
            if record.requested_at.is_none() && of_holder.peek().is_none() {
                // What a charm signs for itself is no request.
                continue;
            }
            let has_names = of_holder.any(|one| {
                let names = words::alternative_names(one);
                let certificate = record.certificate.sans();
                names.iter().all(|name| certificate.contains(name))
            });
            assert!(
                has_names,
                "{name}: no request of {holder} for {:?}",
                record.certificate.sans()
            );
        }
        for one in &found.requests {
            assert!(
                !one.asked.is_empty() && one.asked.is_sorted(),
                "{name}: {one:?}"
            );
            if one.outcome == RequestOutcome::Signed {
                let mut holders = held.iter().map(|(holder, _)| holder);
                assert!(
                    holders.any(|holder| *holder == one.holder),
                    "{name}: {one:?}"
                );
                assert!(
                    !one.lives.is_empty() && !one.issuers.is_empty(),
                    "{name}: {one:?}"
                );
            }
        }
        told += found.requests.len();
    }
    assert!(told > 100, "only {told} requests");
}

/// A control plane whose hooks do not get so far has no CA of etcd yet; it was told that no relation could bring it.
/// charmed-kubernetes/layer-etcd 233f62a `src/reactive/etcd.py`, `send_cluster_connection_details`.
#[test]
fn the_ca_of_etcd_comes_over_its_own_relation() {
    let deployment = crate::common::deployed(
        "duration: 2d
models:
  m:
    applications:
      easyrsa: {charm: easyrsa, num_units: 1}
      etcd: {charm: etcd, num_units: 1}
      cp: {charm: kubernetes-control-plane, num_units: 1}
    relations: [['easyrsa:client', 'etcd:certificates'], ['etcd:db', 'cp:etcd']]
connections: [{from: m.cp, to: m.etcd}]
",
    );
    let mut simulation = Simulation::new(Arc::new(deployment), Options::default());
    simulation.run_until(simulation.deployment().start + Span::from_secs(86_400));
    let found = trust_found(&simulation);
    let missing: Vec<&MissingTrust> = found.checks.iter().flat_map(|one| &one.missing).collect();
    for one in &missing {
        let MissingTrust::NotBrought(relation) = one else {
            panic!("{one:?}");
        };
        assert_eq!(relation.interface, "etcd");
    }
    let is_trusted = found.checks.iter().all(|one| one.anchor.is_some());
    assert!(is_trusted || !missing.is_empty(), "{:?}", found.checks);
}

/// The verdict of each connection that is in force, as `handshakes.csv` has it, by its number.
fn verdicts(simulation: &Simulation) -> BTreeMap<u32, Option<ErrorKind>> {
    let entries = simulation.journal().entries().iter();
    let judged = entries.filter_map(|entry| match &entry.kind {
        Kind::Handshake(record) => Some((record.connection, record.verdict.error)),
        _ => None,
    });
    judged.collect()
}

/// A connection that holds dials a name of the certificate and trusts its CA; what `handshakes.csv` says of one that
/// fails by its name, or by its trust, is said of it.
#[test]
fn names_and_trust_agree_with_handshakes() {
    let (mut held, mut failed) = (0, 0);
    for (name, _, simulation) in played() {
        let verdicts = verdicts(&simulation);
        let (names, trust) = (dialled_names(&simulation), trust_found(&simulation));
        let connections = simulation.manifest().connections;
        for (number, connection) in (0..).zip(&connections) {
            let Some(error) = verdicts.get(&number) else {
                continue;
            };
            let of_it = names
                .dialled
                .iter()
                .find(|one| one.connection == *connection);
            let Some(dialled) = of_it else {
                continue;
            };
            let mut checks = trust
                .checks
                .iter()
                .filter(|one| one.connection == *connection);
            let said = format!(
                "{name}: {}: {error:?}, {:?}",
                connection.name, dialled.verdict
            );
            match error {
                None => {
                    held += 1;
                    assert_eq!(dialled.verdict, NameVerdict::Matches, "{said}");
                    assert!(
                        checks.all(|one| one.anchor.is_some() && one.error.is_none()),
                        "{said}"
                    );
                }
                Some(ErrorKind::NotValidForName) => {
                    failed += 1;
                    assert_eq!(dialled.verdict, NameVerdict::Differs, "{said}");
                }
                Some(ErrorKind::UnknownIssuer) => {
                    failed += 1;
                    assert!(checks.any(|one| one.anchor.is_none()), "{said}");
                }
                Some(_) => failed += 1,
            }
        }
    }
    assert!(held > 150 && failed > 10, "{held} hold, {failed} fail");
}

/// The order of every shipped scenario that can run without TLS loses nothing, but between units that trust each other
/// only with their own certificates; the opposite order does.
#[test]
fn an_order_loses_nothing_and_the_opposite_does() {
    let (mut ordered, mut worse) = (0, BTreeSet::new());
    for path in scenario_files() {
        let deployment = load(&path);
        let name = &deployment.name;
        let Ok(found) = relation_order(&deployment) else {
            continue;
        };
        ordered += 1;
        for (place, step) in found.steps.iter().enumerate() {
            assert!(!step.commands.is_empty(), "{name}: {step:?}");
            assert!(
                step.after.iter().all(|before| *before < place),
                "{name}: {step:?}"
            );
        }
        for play in &found.plays {
            if play.order == PlayedOrder::Found {
                let among_units = |failure: &trustsim::whatif::OrderFailure| {
                    let mut unordered = found.unordered.iter();
                    unordered.any(|one| {
                        let mut sides = failure.connection.split(" -> ");
                        sides.all(|side| side.starts_with(&format!("{}/", one.holder)))
                    })
                };
                assert!(
                    play.failures.iter().all(among_units),
                    "{name}: {:?}",
                    play.failures
                );
            } else if play.order == PlayedOrder::Opposite && !play.failures.is_empty() {
                worse.insert(name.clone());
            }
        }
    }
    assert!(ordered >= 20, "only {ordered} scenarios have an order");
    for name in [
        "api",
        "cos-lite-tls",
        "cross-model",
        "reference-architecture",
        "vault-sealed",
    ] {
        assert!(
            worse.contains(name),
            "the opposite order of {name} loses nothing"
        );
    }
}

/// A charm uses a CA that comes with its own certificates at once, and needs no relation for it
/// (canonical/alertmanager-k8s-operator `src/charm.py`, `_update_ca_certs`): of the units of COS Lite, prometheus alone dials
/// others over TLS before it has any.
#[test]
fn an_order_adds_no_relation_that_it_does_not_need() {
    let found = relation_order(&load_named("cos-lite-tls")).expect("it has an order");
    let added = found.steps.iter().filter(|step| step.is_new);
    let added: Vec<&str> = added.map(|step| step.gains.as_str()).collect();
    assert_eq!(added, ["cos.prometheus"]);
    let play = found
        .plays
        .iter()
        .find(|play| play.order == PlayedOrder::Found);
    let play = play.expect("it is played");
    assert!(play.failures.is_empty() && play.seeds == 4, "{play:?}");
}

/// Charms of Charmed Kubernetes try again at each update-status for as long as they have no CA, and start nothing
/// (`is_retrying` of their models): no order is found, and the answer says which units wait for what.
#[test]
fn what_does_not_start_without_certificates_has_no_order() {
    let text = "
name: kubernetes
duration: 40d
models:
  k8s:
    applications:
      easyrsa: {charm: easyrsa, channel: 1.35/stable, num_units: 1}
      etcd: {charm: etcd, channel: 1.35/stable, num_units: 1}
      kubernetes-control-plane: {charm: kubernetes-control-plane, channel: 1.35/stable, num_units: 1}
      kubernetes-worker: {charm: kubernetes-worker, channel: 1.35/stable, num_units: 1}
    relations:
      - [kubernetes-worker:certificates, easyrsa:client]
      - [kubernetes-control-plane:certificates, easyrsa:client]
      - [etcd:certificates, easyrsa:client]
      - [kubernetes-control-plane:etcd, etcd:db]
      - [kubernetes-control-plane:kube-control, kubernetes-worker:kube-control]
connections: derived
";
    let why = relation_order(&deployed(text)).expect_err("nothing works without certificates");
    assert_eq!(
        no_order(&why),
        "without its relations for certificates and CAs k8s.kubernetes-control-plane/0 never starts: `Waiting for certificate \
         authority`, k8s.kubernetes-worker/0 never starts: `Waiting for certificate authority`, so that there is nothing in \
         which TLS could be turned on"
    );
}

/// Refreshed all at once COS loses seconds, and an hour one after the other: grafana reads the CA that comes first, until its next
/// update-status. Then the answer says that this is better.
#[test]
fn an_order_that_loses_more_than_all_at_once_says_so() {
    let revisions = [("ca", 155), ("loki", 160), ("prom", 180), ("graf", 100)];
    let [ca, loki, prom, graf] = revisions.map(|(_, revision)| revision);
    let deployment = deployed(&format!(
        "models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, revision: {ca}, scale: 1}}
      loki: {{charm: loki-k8s, scale: 1, revision: {loki}}}
      prom: {{charm: prometheus-k8s, scale: 1, revision: {prom}}}
      graf: {{charm: grafana-k8s, scale: 1, revision: {graf}}}
    relations:
      - [loki:certificates, ca:certificates]
      - [prom:certificates, ca:certificates]
      - [graf:certificates, ca:certificates]
      - [graf:grafana-source, loki:grafana-source]
      - [graf:grafana-source, prom:grafana-source]
      - [prom:metrics-endpoint, loki:metrics-endpoint]
connections: derived
"
    ));
    let found = relation_order(&deployment).expect("it has an order");
    assert!(found.better_at_once().is_none(), "{:?}", found.plays);
    // The charm of loki uses its CA in the hook that brings its certificate.
    assert_eq!(found.unordered, []);
    let newest = |name: &str| {
        let index = deployment.applications.iter_enumerated();
        let (index, spec) = index
            .into_iter()
            .find(|(_, one)| one.name == name)
            .expect("it is there");
        let mut all = readings(&spec.charm.name).into_iter();
        let reading = all
            .find(|reading| !reading.is_generation)
            .expect("it is known");
        RefreshTo {
            application: index,
            tracks: reading.tracks,
            charm: Arc::new(reading.charm.metadata),
        }
    };
    let to: Vec<RefreshTo> = revisions.iter().map(|(name, _)| newest(name)).collect();
    let found = refresh_order(&deployment, &to).expect("it has an order");
    let [in_order, at_once] = found.better_at_once().expect("it loses more");
    assert!(at_once < in_order, "{at_once:?} {in_order:?}");
    let seeds = found
        .plays
        .iter()
        .map(|play| (play.order == PlayedOrder::Opposite, play.seeds));
    assert!(
        seeds
            .into_iter()
            .all(|(is_opposite, seeds)| seeds == if is_opposite { 1 } else { 4 })
    );
}

/// canonical/opensearch-operator keeps the CA of its certificate in a store that is called after no endpoint, and so does the
/// charm beside each of the two nodes, which dials it.
#[test]
fn a_ca_in_a_store_of_its_own_came_over_the_relation_that_brought_it() {
    let deployment = Arc::new(deployed(
        "models:
  m:
    applications:
      ca: {charm: self-signed-certificates, num_units: 1}
      os: {charm: opensearch, num_units: 2}
    relations: [['os:certificates', 'ca:certificates']]
connections: derived
",
    ));
    let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
    simulation.run_until(deployment.start + Span::from_secs(3_600));
    let found = trust_found(&simulation);
    let used = found.trusted.iter().filter(|root| !root.used_by.is_empty());
    let routes: Vec<String> = used.map(|root| trusted::route(&root.route)).collect();
    assert_eq!(routes, ["m.ca:certificates m.os:certificates"; 4]);
}
