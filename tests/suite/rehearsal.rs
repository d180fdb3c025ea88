//! Rehearsals of whole scenarios: what stays open beyond the distrust of a CA (I6), what each charm
//! can do, and the timetables.

use std::path::Path;

use crate::common::rehearsals::{judged, playbook, rehearsed_on};
use trustsim::diagnosis::{ClaimedTruth, Invariant, diagnose};
use trustsim::kernel::Span;
use trustsim::rehearsal::{Judged, Lost, NotApplicable, Rehearsal, Rehearsed, Task};
use trustsim::report::words::{command, rotation as words};
use trustsim::scenario::{self, MemoryFiles};
use trustsim::validators::ErrorKind;
use trustsim::world::{Claim, Deployment, Options};

fn deployment(text: &str) -> Deployment {
    let files = MemoryFiles::new([("it.yaml", text)]);
    let loaded = scenario::load(Path::new("it.yaml"), &files);
    let loaded = loaded.unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
    loaded.deployment
}

fn rehearsed(text: &str, ca: &str, longest_days: u64) -> Rehearsal {
    rehearsed_on(&deployment(text), (ca, 1), longest_days)
}

// ---- I6 ----

/// A server that reads its files again without a restart, and a browser that holds on to it.
const OPEN: &str = "
name: open
duration: 30d
timings: {restart: 10s}
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {charm: corporate-ca}
      api: {charm: api}
      web: {charm: api}
    relations:
      - [api:certificates, ca:certificates]
      - [web:certificates, ca:certificates]
      - [api:receive-ca-cert, ca:send-ca-cert]
      - [web:receive-ca-cert, ca:send-ca-cert]
charms:
  corporate-ca:
    provides:
      certificates: {interface: tls-certificates}
      send-ca-cert: {interface: certificate_transfer}
    issuer: {chain: [{common-name: Corporate Root, validity: 3650d}], leaf-validity: 100d}
  api:
    requires:
      certificates: {interface: tls-certificates, limit: 1, mode: unit, apply: reload, trusts-ca: false}
      receive-ca-cert: {interface: certificate_transfer, apply: reload}
clients:
  browser: {trusts: [shop.ca], validator: openssl}
connections:
  - {from: browser, to: api, every: 5s, lives: 30h}
";

const DISTRUST: Invariant = Invariant::DistrustEffective;

/// An open connection hides a certificate that no client would accept any more until it is opened anew:
/// so long the future is played. Renewals come after 90 days here.
#[test]
fn a_failure_that_an_open_connection_puts_off_is_found() {
    let rehearsal = rehearsed(OPEN, "shop.ca", 1);
    let by_renewal = playbook(&rehearsal, "by-renewal");
    assert!(!by_renewal.is_safe());
    let first = lost(by_renewal).first.as_ref().expect("it fails");
    assert_eq!(
        words::connection_failure(first),
        "browser -> shop.api/0 fails 2d18h after the beginning: unknown-issuer"
    );
}

#[test]
fn what_stays_open_beyond_the_withdrawal_breaks_i6_and_a_restart_before_it_does_not() {
    let rehearsal = rehearsed(OPEN, "shop.ca", 1);
    for name in ["step-by-step", "second-provider"] {
        let left_open = playbook(&rehearsal, name);
        assert!(left_open.is_safe(), "{name}");
        let broken = judged(left_open, DISTRUST);
        assert!(matches!(broken, Judged::Broken(_)), "{name}: {broken:?}");
        let why = words::judged_message(broken).expect("it is broken");
        let expected = "browser -> shop.api/0 stays open with a certificate of the old CA, which \
                        browser trusts no more since ";
        assert!(why.starts_with(expected), "{why}");
        let closing = playbook(&rehearsal, &format!("{name}-closing"));
        assert!(closing.is_safe(), "{name}");
        assert_eq!(judged(closing, DISTRUST), &Judged::Held, "{name}");
        assert!(lost(closing).restarts > lost(left_open).restarts, "{name}");
    }
    // An emergency distrusts first: what is open then lives on.
    let emergency = playbook(&rehearsal, "emergency");
    assert!(matches!(judged(emergency, DISTRUST), Judged::Broken(_)));
    // What holds every invariant comes before what is merely safe.
    assert_eq!(rehearsal.safe().expect("one is").broken(), 0);
}

/// The mutations: a server that restarts with its certificate closes what was open; a root with the
/// same key distrusts nothing; and where nothing stays open there is nothing to say.
#[test]
fn i6_holds_where_a_restart_comes_anyway_and_says_nothing_where_nothing_persists() {
    let restarts = OPEN.replace("mode: unit, apply: reload", "mode: unit, apply: restart");
    let rehearsal = rehearsed(&restarts, "shop.ca", 1);
    let by_steps = playbook(&rehearsal, "step-by-step");
    assert_eq!(judged(by_steps, DISTRUST), &Judged::Held);
    let same_key = playbook(&rehearsal, "same-key");
    assert_eq!(judged(same_key, DISTRUST), &Judged::Held);
    let attempts = OPEN.replace(", lives: 30h", "");
    let rehearsal = rehearsed(&attempts, "shop.ca", 1);
    assert_eq!(
        judged(playbook(&rehearsal, "step-by-step"), DISTRUST),
        &Judged::NotApplicable(NotApplicable::NothingPersists)
    );
    let closing = |each: &Rehearsed| each.playbook.closes_connections();
    assert!(!rehearsal.playbooks.iter().any(closing));
}

/// Whether the run up to its last step is as it claims.
fn effective(text: &str) -> bool {
    let deployment = deployment(text);
    let record = crate::common::play(&deployment, Options::default());
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    let mut claims = findings.expectations.iter();
    let claim = claims.find(|each| match each.claim {
        ClaimedTruth::OfRotation { claim, .. } => claim == Claim::DistrustEffective,
        ClaimedTruth::Expected(_) => false,
    });
    claim.expect("it is claimed").held
}

/// A connection lives thirty hours and was opened with the deployment: held so long between the
/// re-issue and the withdrawal, nothing of the old CA is open; a second less and something is.
#[test]
fn the_hold_that_outlasts_every_open_connection_is_exact() {
    let with = |hold: u64| {
        let steps = format!(
            "faults:\n  - at: 1d\n    rotation:\n      ca: ca\n      steps:\n        - prepare:\n        \
             - distribute:\n        - hold: 1h\n        - switch-issuer:\n        - re-issue:\n        \
             - hold: {hold}s\n        - withdraw:\n        - hold: 1h\n        \
             - assert: [distrust-effective, no-failures]\n"
        );
        format!("{OPEN}{steps}")
    };
    let (mut fails, mut does) = (0, 31 * 3_600);
    assert!(!effective(&with(fails)) && effective(&with(does)));
    while fails + 1 < does {
        let middle = u64::midpoint(fails, does);
        match effective(&with(middle)) {
            true => does = middle,
            false => fails = middle,
        }
    }
    // Opened a minute or two after the start and again every thirty hours; re-issued after 25.
    assert!((5 * 3_600..5 * 3_600 + 300).contains(&does), "{does}");
}

/// A server stops trusting the CA of a client that still has its old certificate: its session is
/// taken up without that being looked at (rustls 0.23 `server/hs.rs`; OpenSSL and Java the same),
/// while Go looks (golang/go `handshake_server.go`, `checkForResumption`).
#[test]
fn a_session_of_a_client_that_is_distrusted_breaks_i6_but_with_go() {
    let faults = "
faults:
  - at: 1d
    rotation:
      ca: ca
      steps:
        - prepare:
        - distribute:
        - hold: 2h
        - assert: [distrust-effective]
  - {at: 25h, distrust: {app: api, ca: ca}}
";
    let connection = "{from: browser, to: api, every: 5s, lives: 30h}";
    for (stack, holds) in [("rustls", false), ("openssl", false), ("go", true)] {
        let mutual = format!(
            "{{from: web, to: api, every: 5s, mutual: true, validator: {stack}, resume: tls13-ticket}}"
        );
        let text = OPEN.replace(connection, &mutual) + faults;
        assert_eq!(effective(&text), holds, "{stack}");
    }
}

// ---- what each charm can do ----

/// Names of what was played, and of what was not with why.
fn fits(rehearsal: &Rehearsal) -> (Vec<&str>, Vec<(&str, String)>) {
    let playbooks = rehearsal.playbooks.iter();
    let mut played: Vec<&str> = playbooks.map(|each| each.playbook.name()).collect();
    played.sort_unstable();
    let unfit = rehearsal.unfit.iter();
    let unfit = unfit.flat_map(|unfit| {
        let playbooks = unfit.playbooks.iter();
        playbooks.map(|playbook| (playbook.name(), words::misfit(&unfit.reason)))
    });
    (played, unfit.collect())
}

fn why<'a>(unfit: &'a [(&str, String)], name: &str) -> &'a str {
    let found = unfit.iter().find(|(each, _)| *each == name);
    &found.unwrap_or_else(|| panic!("{name} was played")).1
}

fn lost(rehearsed: &Rehearsed) -> &Lost {
    rehearsed.lost.as_ref().expect("it was played")
}

fn commands(rehearsed: &Rehearsed) -> Vec<String> {
    let lines = rehearsed.timetable.iter();
    let typed = lines.filter_map(|line| match &line.task {
        Task::Command(command) => Some(command::text(command)),
        _ => None,
    });
    typed.collect()
}

/// Charmed Kubernetes in small: one machine of each kind and this CA.
fn kubernetes(ca: &str, endpoint: &str, more: &str, relation: &str) -> String {
    format!(
        "
name: small
duration: 40d
models:
  k8s:
    applications:
      ca: {{{ca}}}
{more}      etcd: {{charm: etcd, num_units: 1}}
      kubernetes-control-plane: {{charm: kubernetes-control-plane, num_units: 1}}
      kubernetes-worker: {{charm: kubernetes-worker, num_units: 1}}
    relations:
{relation}      - [etcd:certificates, ca:{endpoint}]
      - [kubernetes-control-plane:certificates, ca:{endpoint}]
      - [kubernetes-worker:certificates, ca:{endpoint}]
      - [kubernetes-control-plane:kube-control, kubernetes-worker:kube-control]
      - [kubernetes-control-plane:etcd, etcd:db]
connections:
  - {{from: 'kubernetes-control-plane:certificates', to: kubernetes-worker, mutual: true, every: 10s}}
  - {{from: 'kubernetes-control-plane:etcd', to: etcd, mutual: true, every: 5s}}
"
    )
}

/// charmed-kubernetes/layer-easyrsa makes its CA when it is installed and has no action or option for
/// another; the charms around it take trust with their own certificate, so that no client can be told
/// before.
#[test]
fn easyrsa_is_rotated_by_another_and_not_without_loss() {
    let text = kubernetes("charm: easyrsa, num_units: 1", "client", "", "");
    let rehearsal = rehearsed(&text, "k8s.ca", 1);
    let (played, unfit) = fits(&rehearsal);
    assert_eq!(played, ["second-provider"]);
    assert_eq!(
        why(&unfit, "charm-action"),
        "the charm `easyrsa` has no action that rotates its CA"
    );
    assert_eq!(
        why(&unfit, "charm-config"),
        "the charm `easyrsa` has no option that names its CA"
    );
    assert!(why(&unfit, "step-by-step").contains("has one CA at a time"));
    assert!(rehearsal.safe().is_none());
    let second = playbook(&rehearsal, "second-provider");
    assert!(lost(second).connections == 2);
    // Each side takes the new CA with its own certificate, at its own time.
    let first = lost(second).first.as_ref().expect("it fails");
    assert_eq!(first.error, ErrorKind::UnknownIssuer, "{first:?}");
}

/// openstack/charm-vault: its backend goes with its CA (`disable-pki`), another root is generated, and
/// certificates are issued again, all at once.
#[test]
fn charm_vault_is_rotated_by_three_actions_and_not_without_loss() {
    let ca = "charm: vault, channel: 1.7/stable, num_units: 1, options: \
              {auto-generate-root-ca-cert: true, totally-unsecure-auto-unlock: true}";
    let text = kubernetes(
        ca,
        "certificates",
        "      mysql: {charm: mysql-innodb-cluster, num_units: 1}\n",
        "      - [ca:shared-db, mysql:shared-db]\n",
    );
    let rehearsal = rehearsed(&text, "k8s.ca", 1);
    let (played, unfit) = fits(&rehearsal);
    // `mysql_setup` of `src/reactive/vault_handlers.py` at 5a0c525 asks for the database `vault`: two would share it.
    assert_eq!(played, ["charm-action"]);
    assert!(
        why(&unfit, "second-provider").contains("database `vault` that k8s.mysql brings"),
        "{unfit:?}"
    );
    let own = playbook(&rehearsal, "charm-action");
    assert!(own.is_possible() && !own.is_safe());
    let action = |name: &str| format!("juju run -m k8s ca/leader {name}");
    assert_eq!(
        commands(own),
        [
            action("disable-pki"),
            action("generate-root-ca"),
            action("reissue-certificates")
        ]
    );
    // It comes out as it should: the loss ends, whichever fails.
    assert!(lost(own).most < Span::from_secs(600), "{:?}", own.lost);
}

/// A charm-vault that an action of the plan has authorized has a second one beside it, for which an operator does the same.
#[test]
fn a_second_charm_vault_is_authorized_as_the_first_was() {
    let ca = "charm: vault, channel: 1.8/stable, num_units: 1, options: {auto-generate-root-ca-cert: true}";
    let text = kubernetes(ca, "certificates", "", "").replace(
        "\nmodels:",
        "\nfaults: [{at: 1h, run-action: {app: k8s.ca, action: authorize-charm, parameters: {token: s.x}}}]\nmodels:",
    );
    let rehearsal = rehearsed(&text, "k8s.ca", 1);
    let second = playbook(&rehearsal, "second-provider");
    assert!(
        !second.loses_nothing(),
        "both sides move, one by one: {second:?}"
    );
    let attended = "operator answers what k8s.ca-next waits for within 1h";
    assert!(
        commands(second).iter().any(|typed| typed == attended),
        "{:?}",
        commands(second)
    );
}

/// The second provider has the options that the scenario begins with, with which it issues nothing: nothing fails, since
/// nothing is rotated.
#[test]
fn a_rotation_after_which_the_old_ca_is_in_use_is_not_safe() {
    let text = "
name: idle
duration: 30d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1, options: {certificate-validity: 100d, root-ca-validity: 100d}}
      web: {charm: api, scale: 1}
      api: {charm: api, scale: 1}
    relations: [[ca:certificates, web:certificates], [ca:certificates, api:certificates]]
charms: {api: {requires: {certificates: {interface: tls-certificates, apply: restart}}}}
connections: [{from: m.web, to: m.api}]
faults: [{at: 10m, set-config: {app: m.ca, options: {root-ca-validity: 400d}}}]
";
    let rehearsal = rehearsed(text, "m.ca", 1);
    let second = playbook(&rehearsal, "second-provider");
    assert!(!second.is_safe() && second.loses_nothing(), "{second:?}");
    assert_eq!(words::outcome(second), "incomplete");
    assert_eq!(
        second.failure.as_ref().map(words::failure).as_deref(),
        Some("m.web/0 -> m.api/0 still uses a certificate of the old CA when all is done")
    );
}

/// canonical/vault-k8s-operator: another Vault beside the first one has to be unsealed and authorized
/// before any client is moved.
#[test]
fn a_second_vault_waits_for_those_who_unseal_it() {
    let deployment = crate::common::load_named("vault-own-root");
    let rehearsal = rehearsed_on(&deployment, ("shop.vault", 1), 7);
    let (played, unfit) = fits(&rehearsal);
    assert_eq!(played, ["charm-config", "second-provider"]);
    assert_eq!(
        why(&unfit, "charm-action"),
        "the charm `vault-k8s` has no action that rotates its CA"
    );
    let second = rehearsal.safe().expect("one is safe");
    assert_eq!(second.playbook.name(), "second-provider");
    let lines: Vec<(bool, &str, String)> = second
        .timetable
        .iter()
        .map(|line| (line.beforehand, line.task.name(), words::task(&line.task)))
        .collect();
    let lines: Vec<(bool, &str, &str)> = lines
        .iter()
        .map(|(beforehand, kind, text)| (*beforehand, *kind, text.as_str()))
        .collect();
    assert_eq!(
        lines[1..5],
        [
            (
                true,
                "awaited",
                "at shop.vault-next/0: vault operator unseal"
            ),
            (
                true,
                "awaited",
                "juju run -m shop vault-next/leader authorize-charm secret-id=vault-token"
            ),
            (
                true,
                "check",
                "every unit of shop.vault-next is active and idle: juju status -m shop vault-next"
            ),
            (
                false,
                "command",
                "juju remove-relation -m shop vault:vault-pki web:certificates"
            ),
        ]
    );
    let position = |text: &str| lines.iter().position(|line| line.2.starts_with(text));
    let check =
        position("every unit of shop.web serves a certificate of the CA of shop.vault-next");
    let moved = position("juju integrate -m shop vault-next:vault-pki");
    let distrust = position("browser trusts the CA of shop.vault no more");
    assert!(moved < check && check < distrust, "{lines:?}");
    assert!(moved.is_some() && distrust.is_some());
}

/// The CA above a Vault is met through what Vault signs with its intermediate.
#[test]
fn the_parent_of_an_intermediate_is_rotated_too() {
    let deployment = crate::common::load_named("vault-half-life-gap");
    let rehearsal = rehearsed_on(&deployment, ("shop.root", 1), 1);
    let own = playbook(&rehearsal, "charm-action");
    assert!(!own.is_safe() && own.is_possible());
    let broken = judged(own, Invariant::UseEndsBeforeDistrust);
    assert!(
        matches!(broken, Judged::Broken(_)),
        "leaves of the old intermediate live on"
    );
    let early = words::judged_message(broken).expect("it is broken");
    assert!(
        early.contains("still showed a certificate of the old CA"),
        "{early}"
    );
}

/// What cannot be rotated where it is says where it can be.
#[test]
fn a_public_ca_and_one_that_people_sign_with_say_so() {
    let lego = crate::common::load_named("reference-architecture-lego");
    let rehearsal = rehearsed_on(&lego, ("pki.tls", 1), 1);
    let (played, unfit) = fits(&rehearsal);
    assert_eq!(played, ["second-provider"]);
    assert_eq!(
        why(&unfit, "step-by-step"),
        "the charm `lego` orders from a public CA, whose roots and keys are not the operator's"
    );
    let manual = crate::common::deployed(
        "
name: manual
duration: 60d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: manual-tls-certificates}
      web: {charm: web}
    relations:
      - [web:certificates, ca:certificates]
charms:
  web: {requires: {certificates: {interface: tls-certificates, limit: 1, mode: unit}}}
operators:
  team: {answers: [m.ca], delay: {exactly: 5m}, signs-with: {chain: [{common-name: Corporate Root, validity: 3650d}], leaf-validity: 90d}}
clients:
  browser: {trusts: [m.ca]}
connections:
  - {from: browser, to: web, every: 5s}
",
    );
    let rehearsal = rehearsed_on(&manual, ("m.ca", 1), 1);
    let (played, unfit) = fits(&rehearsal);
    assert_eq!(played, ["second-provider"]);
    assert!(why(&unfit, "step-by-step").ends_with("the CA is rotated there"));
    let second = playbook(&rehearsal, "second-provider");
    let awaited = second.timetable.iter().filter(|line| {
        matches!(&line.task, Task::Awaited { command, .. }
            if command.to_string().contains("ca-next/leader provide-certificate"))
    });
    assert_eq!(awaited.count(), 1, "{:?}", second.timetable);
}

// ---- the timetable ----

/// Every command can be typed, and before each step that takes trust for granted it says how to see it.
#[test]
fn a_timetable_says_what_to_look_at_before_going_on() {
    let deployment = crate::common::load_named("ca-rotation-certificates-first");
    let rehearsal = rehearsed_on(&deployment, ("server.ca", 1), 7);
    let safe = rehearsal.safe().expect("one is");
    let lines: Vec<String> = safe
        .timetable
        .iter()
        .map(|line| format!("{}: {}", line.task.name(), words::task(&line.task)))
        .collect();
    assert_eq!(
        lines,
        [
            "command: juju deploy -m server self-signed-certificates ca-next --channel 1/stable",
            "command: juju offer server.ca-next:send-ca-cert send-ca-cert-next",
            "command: juju consume -m client admin/server.send-ca-cert-next server-ca-next",
            "check: every unit of server.ca-next is active and idle: juju status -m server ca-next",
            "command: juju integrate -m client server-ca-next:send-ca-cert web:receive-ca-cert",
            "check: every unit of client.web trusts the CA of server.ca-next: juju show-unit -m client \
             web/0 --endpoint receive-ca-cert",
            "command: juju remove-relation -m server ca:certificates api:certificates",
            "command: juju integrate -m server ca-next:certificates api:certificates",
            "check: every unit of server.api serves a certificate of the CA of server.ca-next: juju \
             show-unit -m server api/0 --endpoint certificates",
            "command: juju remove-relation -m client server-ca:send-ca-cert web:receive-ca-cert",
            "check: every unit in server is active and idle: juju status -m server",
            "check: every unit in client is active and idle: juju status -m client",
        ]
    );
    let data = trustsim::report::rehearsal::rehearsal(&rehearsal);
    let first = &data["playbooks"][0]["timetable"][3];
    assert_eq!(first["doing"], "check");
    assert_eq!(data["unfit"][0]["names"][0], "step-by-step");
}
