//! What is to blame for an outage for as long as it lasts, and not the last thing that happened before: a renewal of a
//! certificate that has the wrong name, a pod that was deleted long ago, a CA that was rotated while nothing passed.

use trustsim::diagnosis::{Findings, part_at, refused_actions};
use trustsim::kernel::Span;
use trustsim::model::{Coverage, Standing, Standings};
use trustsim::report::words;
use trustsim::world::{Deployment, Record};

use crate::common::{deployed, diagnosed};

/// What is told of a connection at a day of the run, and the line of the scenario beside it, from `faults:` on.
struct Told {
    line: String,
    place: Option<u32>,
}

struct Run {
    text: String,
    record: Record,
    findings: Findings,
}

impl Run {
    fn new(text: &str) -> Self {
        let (_, record, findings): (Deployment, Record, Findings) = diagnosed(deployed(text));
        Self {
            text: text.to_owned(),
            record,
            findings,
        }
    }

    /// Pods beside self-signed-certificates `ca`, and a client `user` that fetches its CA each hour.
    fn pods(
        days: u32,
        applications: &[&str],
        relations: &[&str],
        connection: &str,
        faults: &[&str],
    ) -> Self {
        Self::new(&pods(days, applications, relations, connection, faults))
    }

    fn at(&self, connection: &str, days: u64) -> Option<Told> {
        let at = self.record.manifest.start + Span::from_secs(days * 86_400);
        let end = self.record.manifest.end();
        let index = self.findings.outages.iter().position(|outage| {
            let name = &self.record.manifest.connections[outage.connection as usize].name;
            name == connection && outage.from <= at && at <= outage.until.unwrap_or(end)
        })?;
        let part = part_at(&self.findings.parts[index], at);
        let faults = self.text.lines().position(|line| line == "faults:");
        let before = u32::try_from(faults.expect("a scenario with faults") + 1).expect("small");
        let action = part.explanation.cause.action.as_ref();
        Some(Told {
            line: words::cause::line(&part.explanation.cause.what),
            place: action.map(|(_, source)| source.line - before),
        })
    }

    fn assert_told(&self, connection: &str, days: u64, words: &str, place: Option<u32>) {
        let Some(told) = self.at(connection, days) else {
            panic!("{connection} does not fail on day {days}");
        };
        assert!(told.line.contains(words), "day {days}: {}", told.line);
        assert_eq!(told.place, place, "day {days}: {}", told.line);
    }
}

fn pods(
    days: u32,
    applications: &[&str],
    relations: &[&str],
    connection: &str,
    faults: &[&str],
) -> String {
    let lines = |indent: &str, lines: &[&str]| -> String {
        lines
            .iter()
            .map(|line| format!("{indent}{line}\n"))
            .collect()
    };
    format!(
        "
duration: {days}d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
{}    relations:
{}clients: {{user: {{trusts: [m.ca], refresh: 1h}}}}
connections: {connection}
faults:
{}",
        lines("      ", applications),
        lines("      - ", relations),
        lines("  - ", faults)
    )
}

/// canonical/traefik-k8s-operator before revision 281 asks for the name of its unit alone. A CA that is made anew later
/// has the same wrong name signed again.
#[test]
fn a_wrong_name_is_of_what_brought_it_whatever_renews_it() {
    let run = Run::pods(
        120,
        &["t: {charm: traefik-k8s, scale: 1}"],
        &["[t:certificates, ca:certificates]"],
        "[{from: user, to: m.t, name: t.m.svc.cluster.local, every: 1m}]",
        &[
            "{at: 30d, refresh: {app: m.t, revision: 176}}",
            "{at: 60d, set-config: {app: m.ca, options: {ca-common-name: other}}}",
        ],
    );
    for day in [31, 59, 61, 119] {
        run.assert_told("user -> m.t/0", day, "juju refresh -m m t", Some(1));
    }
}

/// In the legacy protocol a CA comes beside the certificate. A unit that is added after that relation was removed gets
/// none, and no rotation or person is to blame.
#[test]
fn a_unit_that_comes_after_its_relation_went_lacks_what_the_others_had() {
    let run = Run::new(
        "
duration: 60d
models:
  m:
    applications:
      easyrsa: {charm: easyrsa, channel: 1.35/stable, num_units: 1}
      lb: {charm: kubeapi-load-balancer, channel: 1.35/stable, num_units: 1}
      node: {charm: etcd, channel: 1.35/stable, num_units: 1}
    relations: [['lb:certificates', 'easyrsa:client'], ['node:certificates', 'easyrsa:client']]
connections: [{from: m.node, to: m.lb, every: 1m}]
faults:
  - {at: 20d, remove-relation: {model: m, between: ['node:certificates', 'easyrsa:client']}}
  - {at: 30d, add-units: {app: m.node}}
",
    );
    let removed = "the relation that carried the CA of m.easyrsa to m.node was removed";
    run.assert_told("m.node/1 -> m.lb/0", 40, removed, Some(1));
}

/// canonical/vault-k8s-operator 619be7dc5 `k8s/src/charm.py` 1015-1023: the `leader_ca_cert_file` of every `retry_join` is
/// the CA that all units have of one secret.
#[test]
fn units_of_a_vault_trust_each_other() {
    for (charm, kind, number) in [
        (
            "vault-k8s, channel: 1.18/stable",
            "bundle: kubernetes",
            "scale",
        ),
        ("vault, channel: 1.18/stable", "type: iaas", "num_units"),
    ] {
        let kind = if number == "scale" { kind } else { "" };
        let run = Run::new(&format!(
            "
duration: 5d
models:
  m:
    {kind}
    applications: {{v: {{charm: {charm}, {number}: 3}}}}
operators: {{o: {{answers: [m.v], delay: {{exactly: 1h}}}}}}
connections: derived
faults:
  - {{at: 2d, restart: {{app: m.v}}}}
"
        ));
        // Each with each other, and each charm with its own.
        assert_eq!(run.record.manifest.connections.len(), 6 + 3, "{charm}");
        let told = run.findings.classes.iter().filter(|class| class.is_told());
        assert_eq!(told.count(), 0, "{charm}");
    }
}

const PAIR: [&str; 2] = [
    "am: {charm: alertmanager-k8s, channel: 2/stable, scale: 1}",
    "pr: {charm: prometheus-k8s, channel: 2/stable, scale: 1}",
];
const BOTH: [&str; 2] = [
    "[am:certificates, ca:certificates]",
    "[pr:certificates, ca:certificates]",
];

/// A CA is rotated while one side does nothing: what keeps that side is to blame, and each outage ends with it.
#[test]
fn who_cannot_move_on_to_a_new_ca_is_told() {
    let hook = "hook: certificates-relation-changed, for: 20d}";
    for (fault, words) in [
        (
            "partition: {between: [m.am/0, controller], for: 20d}",
            "is partitioned",
        ),
        (
            "partition: {between: [m.pr/0, controller], for: 20d}",
            "is partitioned",
        ),
        (
            &*format!("fail-hook: {{app: m.am, {hook}"),
            "of m.am/0 fail",
        ),
        (
            &*format!("fail-hook: {{app: m.pr, {hook}"),
            "of m.pr/0 fail",
        ),
    ] {
        let first = format!("{{at: 50d, {fault}}}");
        let faults = [&*first, "{at: 60d, rotate-ca: {app: m.ca}}"];
        let run = Run::pods(
            100,
            &[
                "am: {charm: grafana-k8s, scale: 1}",
                "pr: {charm: grafana-k8s, scale: 1}",
            ],
            &BOTH,
            "[{from: m.pr, to: m.am, every: 1m}]",
            &faults,
        );
        run.assert_told("m.pr/0 -> m.am/0", 65, words, Some(1));
        assert!(run.at("m.pr/0 -> m.am/0", 72).is_none(), "{fault}");
    }
}

/// A machine that restarts shows that the files of its certificate went weeks before, when the relation was removed.
#[test]
fn a_restart_of_seconds_is_not_the_cause_of_weeks() {
    let run = Run::pods(
        60,
        &["t: {charm: traefik-k8s, revision: 236, scale: 1}"],
        &["[t:certificates, ca:certificates]"],
        "[{from: user, to: m.t, every: 1m}]",
        &[
            "{at: 20d, remove-relation: {model: m, between: [t:certificates, ca:certificates]}}",
            "{at: 40d, kill-unit: {unit: m.t/0}}",
        ],
    );
    for day in [21, 39, 41, 59] {
        let removed = "the relation that brought m.t certificates from m.ca was removed";
        run.assert_told("user -> m.t/0", day, removed, Some(1));
    }
}

/// A provider that is away is to blame until it is back; then what else keeps the certificate from coming.
#[test]
fn a_provider_that_is_back_is_no_cause_any_more() {
    let run = Run::pods(
        300,
        &[
            "gl: {charm: haproxy, channel: 2.8/edge, scale: 1, options: {external-hostname: a.example.com}}",
        ],
        &["[gl:certificates, ca:certificates]"],
        "[{from: user, to: m.gl, every: 1m}]",
        &[
            "{at: 50d, kill-unit: {unit: m.ca/0, for: 200d}}",
            "{at: 150d, remove-relation: {model: m, between: [gl:certificates, ca:certificates]}}",
        ],
    );
    run.assert_told(
        "user -> m.gl/0",
        100,
        "kubectl delete pod -n m ca-0",
        Some(1),
    );
    let removed = "the relation that brought m.gl certificates from m.ca was removed";
    run.assert_told("user -> m.gl/0", 260, removed, Some(2));
}

/// juju/juju 3.6 `state/application.go`, `checkRelationsOps`: "would break relation". canonical/prometheus-k8s-operator
/// has no endpoint for certificates before revision 134.
#[test]
fn juju_does_not_refresh_to_a_charm_without_an_endpoint_that_is_in_use() {
    let run = Run::pods(
        10,
        &["pr: {charm: prometheus-k8s, channel: 2/stable, scale: 1}"],
        &["[pr:certificates, ca:certificates]"],
        "[{from: user, to: m.pr, every: 1m}]",
        &["{at: 5d, refresh: {app: m.pr, revision: 103}}"],
    );
    assert!(
        run.findings.outages.is_empty(),
        "{:?}",
        run.findings.outages
    );
    let refused = refused_actions(&run.record.journal);
    let reasons: Vec<String> = refused.iter().map(words::refused_action::reason).collect();
    assert_eq!(
        reasons,
        ["would break relation \"pr:certificates ca:certificates\""]
    );
}

/// A Vault in pods that is to have the certificate of its API from elsewhere from the start (TS0307).
#[test]
fn a_vault_that_never_starts_is_told_so() {
    let run = Run::new(
        "
duration: 5d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      v: {charm: vault-k8s, channel: 1.18/stable, scale: 3}
    relations: [['v:tls-certificates-access', 'ca:certificates']]
operators: {o: {answers: [m.v], delay: {exactly: 1h}}}
clients: {u: {trusts: [m.ca], refresh: 1h}}
connections: [{from: u, to: m.v, every: 1m}]
faults:
  - {at: 4d, restart: {app: m.v}}
",
    );
    run.assert_told("u -> m.v/1", 3, "m.v/1 never starts its server", None);
}

/// openstack/charm-vault 5a0c525 `src/reactive/vault_handlers.py` 218-228: Vault is given the CA of its etcd in the data of
/// their relation, which is not played.
#[test]
fn a_connection_whose_ca_comes_in_a_databag_is_not_simulated() {
    let deployment = deployed(
        "
duration: 2d
models:
  m:
    applications:
      v: {charm: vault, channel: 1.8/stable, num_units: 1}
      etcd: {charm: etcd, channel: 1.35/stable, num_units: 1}
      easyrsa: {charm: easyrsa, channel: 1.35/stable, num_units: 1}
    relations: [['etcd:certificates', 'easyrsa:client'], ['v:etcd', 'etcd:db']]
connections: [{from: m.v, to: m.etcd, every: 1m}]
",
    );
    let standings = Standings::of(&deployment);
    let (connection, _) = deployment
        .connections
        .iter_enumerated()
        .next()
        .expect("one");
    let basis = standings.of_connection(connection);
    assert_eq!(basis.standing, Standing::NotSimulated, "{basis:?}");
}

/// Rows of the table of edges that were not read in code say so: what follows from them is assumed. What follows from the
/// relations and is not played is counted.
#[test]
fn what_is_derived_of_assumptions_is_assumed_and_what_is_left_out_is_counted() {
    let deployment = deployed(
        "
duration: 2d
models:
  m:
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, num_units: 1}
      pg: {charm: postgresql, channel: 16/stable, num_units: 2}
      etcd: {charm: etcd, channel: 1.35/stable, num_units: 1}
      easyrsa: {charm: easyrsa, channel: 1.35/stable, num_units: 1}
      v: {charm: vault, channel: 1.8/stable, num_units: 1}
    relations: [['pg:peer-certificates', 'ca:certificates'], ['etcd:certificates', 'easyrsa:client'], ['v:etcd', 'etcd:db']]
connections: derived
",
    );
    let coverage = Coverage::of(&deployment);
    let shares = coverage.connections;
    assert_eq!(shares.modelled, 0, "{coverage:?}");
    assert!(
        shares.assumed >= 1 && shares.not_simulated >= 1,
        "{shares:?}"
    );
    assert!(!coverage.is_modelled());
}

/// A connection that the scenario writes itself is not derived too. One of a single unit is one beside it.
#[test]
fn a_connection_is_played_once() {
    let related = [BOTH[0], BOTH[1], "[pr:alertmanager, am:alerting]"];
    let every = |add: &str| -> Vec<u64> {
        let connections = format!("{{derived: true, add: [{add}]}}");
        let text = pods(2, &PAIR, &related, &connections, &[]);
        let deployment = deployed(text.trim_end().trim_end_matches("faults:"));
        let name = |party| deployment.party_name(party).to_owned();
        let those = deployment.connections.iter().filter(|connection| {
            name(connection.from) == "pr" && deployment.applications[connection.to].name == "am"
        });
        those.map(|connection| connection.every.as_secs()).collect()
    };
    assert_eq!(every("{from: m.pr, to: m.am, every: 5m}"), [300]);
    assert_eq!(every("{from: m.pr/0, to: m.am, every: 5m}"), [60, 300]);
}

/// A clock that was set right is told as one that was wrong.
#[test]
fn a_clock_that_was_set_right_is_past() {
    let run = Run::pods(
        100,
        &PAIR,
        &BOTH,
        "[{from: m.pr, to: m.am, every: 1m}]",
        &[
            "{at: 50d, clock-skew: {app: m.ca, by: 200d, for: 20d}}",
            "{at: 60d, rotate-ca: {app: m.ca}}",
        ],
    );
    let words =
        "the clock of m.ca was 200d ahead from 2026-02-20T00:00:00Z until 2026-03-12T00:00:00Z";
    run.assert_told("m.pr/0 -> m.am/0", 90, words, Some(1));
}

/// traefik-k8s keeps one CA of a set (canonical/traefik-k8s-operator 8ab4a7e): a certificate of its own brings the CA that
/// it lacks beside it.
#[test]
fn a_client_is_given_a_certificate_for_the_ca_beside_it() {
    let applications = [
        "t: {charm: traefik-k8s, channel: latest/stable, scale: 1}",
        PAIR[0],
        PAIR[1],
    ];
    let relations = [BOTH[0], BOTH[1], "[t:receive-ca-cert, ca:send-ca-cert]"];
    let connection = "[{from: m.t, to: m.pr, every: 1m}]";
    let faults = ["{at: 60d, rotate-ca: {app: m.ca}}"];
    let text = pods(120, &applications, &relations, connection, &faults);
    // Which of its CAs is left in the one file is a toss.
    let text = format!("name: fz\n{text}");
    let found = crate::common::best_commands(diagnosed(deployed(&text)), 0, 40);
    assert_eq!(
        found,
        ["juju integrate -m m t:certificates ca:certificates"]
    );
}

/// The public CA of the ACME server issues nothing for `example.com`, whether the server can be reached or not.
#[test]
fn a_refusal_from_while_a_server_was_away_is_not_that_of_later() {
    let run = Run::pods(
        120,
        &[
            "lego: {charm: lego, channel: 4/stable, scale: 1, options: {email: a@example.com, plugin: httpreq, plugin-config-secret-id: secret:x}}",
            "t: {charm: traefik-k8s, scale: 1, options: {external_hostname: web.example.com}}",
        ],
        &["[t:certificates, lego:certificates]"],
        "[{from: user, to: m.t, every: 1m}]",
        &[
            "{at: 20d, acme-outage: {for: 20d}}",
            "{at: 30d, refresh: {app: m.t, revision: 236}}",
        ],
    );
    let told = |day| run.at("user -> m.t/0", day).expect("it fails").line;
    assert!(told(110).contains("Cannot issue for"), "{}", told(110));
    assert!(!told(110).contains("could not be reached"), "{}", told(110));
}
