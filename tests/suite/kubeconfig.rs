//! The CA in a kubeconfig: who holds which one when the cluster's CA changes, and what restarts.
//! charmed-kubernetes/charm-lib-kubernetes-snaps at ccb9ec2 (`create_kubeconfig`,
//! `configure_kubernetes_service`: a restart after every whole reconciliation).

use std::collections::BTreeMap;

use crate::common::{deployed, load_named, play};
use trustsim::diagnosis::diagnose;
use trustsim::kernel::{Span, Time};
use trustsim::world::{Deployment, Kind, Options, Record};

const HOUR: Span = Span::from_secs(3600);

/// One machine of each kind, two CAs, and people with kubeconfigs. On the second day everybody is
/// taken from one CA and, `later`, given to the other.
fn two_cas(later: &str, more: &str) -> Deployment {
    let users = [
        "etcd",
        "kubernetes-control-plane",
        "kubernetes-worker",
        "kubeapi-load-balancer",
    ];
    let moves: String = users
        .iter()
        .map(|app| {
            format!(
                "  - {{at: 24h, remove-relation: {{between: ['{app}:certificates', 'old:client']}}}}
  - {{at: {later}, integrate: {{between: ['{app}:certificates', 'new:client']}}}}\n"
            )
        })
        .collect();
    let asked: String = users
        .iter()
        .map(|app| format!("      - ['{app}:certificates', 'old:client']\n"))
        .collect();
    deployed(&format!(
        "duration: 3d
models:
  k8s:
    applications:
      old: {{charm: easyrsa, num_units: 1}}
      new: {{charm: easyrsa, num_units: 1}}
      etcd: {{charm: etcd, num_units: 1}}
      kubernetes-control-plane: {{charm: kubernetes-control-plane, num_units: 1}}
      kubernetes-worker: {{charm: kubernetes-worker, num_units: 1}}
      kubeapi-load-balancer: {{charm: kubeapi-load-balancer, num_units: 1}}
    relations:
      - [kubernetes-control-plane:loadbalancer-external, kubeapi-load-balancer:lb-consumers]
      - [kubernetes-control-plane:loadbalancer-internal, kubeapi-load-balancer:lb-consumers]
      - [kubernetes-control-plane:kube-control, kubernetes-worker:kube-control]
      - [kubernetes-control-plane:etcd, etcd:db]
{asked}clients:
  person: {{trusts: [kubernetes-control-plane], validator: go}}
  pipeline: {{trusts: [kubernetes-control-plane], refresh: 6h, validator: go}}
connections:
  - {{from: person, to: kubeapi-load-balancer, every: 1m}}
  - {{from: pipeline, to: kubeapi-load-balancer, every: 1m}}
  - {{from: kubernetes-worker, to: kubeapi-load-balancer, every: 10s}}
  - {{from: 'kubernetes-control-plane:certificates', to: kubernetes-worker, mutual: true, every: 10s}}
  - {{from: 'kubernetes-control-plane:etcd', to: etcd, mutual: true, every: 5s}}
  - {{from: person, to: kubernetes-control-plane, name: extra.example.com, every: 1m}}
faults:
{more}{moves}"
    ))
}

type Changes = BTreeMap<String, Vec<(Time, &'static str)>>;

/// Verdicts by the name of the connection.
fn verdicts(record: &Record) -> Changes {
    let by_index = crate::common::verdicts(record);
    let named = by_index.into_iter().map(|(index, changes)| {
        let connection = &record.manifest.connections[index as usize];
        (connection.name.clone(), changes)
    });
    named.collect()
}

fn of<'a>(changes: &'a Changes, from: &str, to: &str) -> &'a [(Time, &'static str)] {
    let found = changes
        .iter()
        .find(|(name, _)| name.starts_with(from) && name.contains(to));
    found
        .unwrap_or_else(|| panic!("{from} {to}: {changes:?}"))
        .1
}

fn errors(changes: &[(Time, &'static str)]) -> Vec<&'static str> {
    changes.iter().map(|(_, error)| *error).collect()
}

/// How long it failed in all.
fn lost(changes: &[(Time, &'static str)]) -> Span {
    let ends = changes.iter().skip(1).map(|(at, _)| *at);
    let failed = changes
        .iter()
        .zip(ends)
        .filter(|((_, error), _)| !error.is_empty());
    failed.fold(Span::ZERO, |lost, ((from, _), until)| {
        lost + until.since(*from)
    })
}

fn played(deployment: &Deployment) -> Changes {
    verdicts(&play(deployment, Options::default()))
}

/// Every service that reads the CA is restarted in the hook that writes it: control plane, kubelet,
/// etcd and nginx. What is not: a client that was given a kubeconfig before.
#[test]
fn a_kubeconfig_keeps_the_ca_of_the_day_it_was_fetched() {
    let changes = played(&two_cas("24h10m", ""));
    for (from, to) in [
        ("k8s.kubernetes-worker", "load-balancer"),
        ("k8s.kubernetes-control-plane", "worker"),
        ("k8s.kubernetes-control-plane", "etcd"),
    ] {
        let inside = of(&changes, from, to);
        assert_eq!(
            inside.last().map(|(_, error)| *error),
            Some(""),
            "{from} {to}"
        );
        assert!(
            lost(inside) < Span::from_secs(60),
            "{from} {to}: {inside:?}"
        );
    }
    let person = of(&changes, "person", "load-balancer");
    assert_eq!(errors(person), ["", "unknown-issuer"]);
    let pipeline = of(&changes, "pipeline", "load-balancer");
    assert_eq!(errors(pipeline), ["", "unknown-issuer", ""]);
    // Until it fetches its kubeconfig again, which it does every six hours.
    let out = lost(pipeline);
    assert!(out > HOUR * 5 && out <= HOUR * 6, "{out:?}");
}

/// `certificates-relation-created` of the second CA raises as long as the first relation is there
/// (charm-kubeapi-load-balancer at cd0b65d, `_check_certificates`), and while that hook fails its
/// agent runs no hook that would end the first one: the unit stays in error, with its old
/// certificate, and kubelets with their new CA do not trust it.
#[test]
fn both_relations_at_once_leave_the_load_balancer_in_error() {
    let deployment = two_cas("24h", "");
    let record = play(&deployment, Options::default());
    let changes = verdicts(&record);
    let kubelet = of(&changes, "k8s.kubernetes-worker", "load-balancer");
    assert_eq!(errors(kubelet), ["", "unknown-issuer"]);
    let failed = record.journal.entries().iter().rev().find(|entry| {
        let unit = entry.subject.unit.as_deref().unwrap_or_default();
        matches!(entry.kind, Kind::HookFailed { .. }) && unit.contains("kubeapi-load-balancer")
    });
    let failed = failed.expect("it fails").time;
    assert!(
        failed > deployment.start + HOUR * 71,
        "to the end: {failed}"
    );
}

/// `extra_sans` of the control plane: a hook, a request with another set of names, another
/// certificate, a restart. The names it had stay.
#[test]
fn extra_sans_reach_the_api_server_and_disturb_no_client() {
    let more = "  - {at: 10h, set-config: {app: kubernetes-control-plane, options: {extra_sans: extra.example.com other.example.com}}}\n";
    let mut deployment = two_cas("24h10m", more);
    deployment.duration = HOUR * 20;
    let start = deployment.start;
    deployment.actions.retain(|action| action.at <= HOUR * 20);
    let changes = played(&deployment);
    let person = of(&changes, "person", "control-plane");
    assert_eq!(errors(person), ["not-valid-for-name", ""]);
    let recovery = person[1].0.since(start + HOUR * 10);
    assert!(recovery < Span::from_secs(60), "{recovery:?}");
    for (name, changes) in changes
        .iter()
        .filter(|(name, _)| !name.starts_with("person"))
    {
        assert_eq!(errors(changes), [""], "{name}");
    }
}

/// A visitor who trusts only public roots is healed by the intermediate under one; a kubeconfig of
/// the morning is not.
#[test]
fn an_intermediate_under_a_public_root_heals_the_visitor() {
    let deployment = load_named("charmed-kubernetes-public-root");
    let record = play(&deployment, Options::default());
    let found = diagnose(&deployment, &record.manifest, &record.journal);
    assert!(found.passed(), "{:?}", found.expectations);
    let changes = verdicts(&record);
    let visitor = of(&changes, "visitor", "load-balancer");
    assert_eq!(errors(visitor), ["unknown-issuer", ""]);
    let healed = visitor[1].0.since(deployment.start);
    assert!(healed > HOUR * 13 && healed < HOUR * 13 + Span::from_secs(60));
    assert_eq!(errors(of(&changes, "kubectl", "")), ["", "unknown-issuer"]);
    for (name, changes) in changes.iter().filter(|(name, _)| name.starts_with("k8s")) {
        assert!(lost(changes) < Span::from_secs(10), "{name}: {changes:?}");
        assert_eq!(changes.last().map(|(_, error)| *error), Some(""), "{name}");
    }
}
