//! People answer what applications wait for: when, by what command, and what comes of it.

use std::sync::Arc;

use crate::common::{deployed, play};
use trustsim::kernel::{Span, Time};
use trustsim::world::{Entry, Kind, Options, Record, When};

const DAY: Span = Span::from_secs(86_400);
const HOUR: Span = Span::from_secs(3_600);

fn scenario(when: &str, more: &str) -> String {
    format!(
        "duration: 200d
timings: {{settle-max: 10d}}
models:
  m:
    bundle: kubernetes
    applications:
      tls: {{charm: manual-tls-certificates, scale: 2}}
      web: {{charm: web}}
      api: {{charm: web}}
    relations:
      - [web:certificates, tls:certificates]
      - [api:certificates, tls:certificates]
      - [web:receive-ca-cert, tls:trust_certificate]
charms:
  web: {{requires: {{certificates: {{interface: tls-certificates}}, receive-ca-cert: {{interface: certificate_transfer}}}}}}
operators:
  pki-team:
    answers: [tls]
    signs-with: {{chain: [{{common-name: Corporate Root, validity: 3650d}}], leaf-validity: 90d}}
    {when}
clients:
  browser: {{trusts: [tls]}}
connections:
  - {{from: browser, to: web}}
  - {{from: web, to: api}}
{more}"
    )
}

fn entries<'a>(record: &'a Record, what: &str) -> Vec<(usize, &'a Entry)> {
    let all = record.journal.entries().iter().enumerate();
    all.filter(|(_, entry)| match &entry.kind {
        Kind::Note(_) => crate::common::is_note(entry, what),
        Kind::Action(_) => what == "action",
        _ => false,
    })
    .collect()
}

fn delays(record: &Record) -> Vec<Span> {
    let actions = entries(record, "action").into_iter();
    actions
        .map(|(_, action)| {
            let noticed = record
                .journal
                .get(action.cause.expect("a cause"))
                .expect("there");
            action.time.since(noticed.time)
        })
        .collect()
}

fn lost(record: &Record, name: &str) -> Vec<(Time, &'static str)> {
    let connections = record.manifest.connections.iter();
    let index = connections
        .clone()
        .position(|connection| connection.name.contains(name));
    let index = u32::try_from(index.expect("a connection")).expect("small");
    let mut changes = crate::common::verdicts(record);
    changes.remove(&index).unwrap_or_default()
}

/// The person runs the documented command after exactly the declared delay, because of the hook
/// that showed the request.
#[test]
fn a_request_is_signed_after_the_declared_delay_by_the_documented_command() {
    let deployment = deployed(&scenario("delay: {exactly: 3h}", ""));
    let record = play(&deployment, Options::default());
    let actions = entries(&record, "action");
    assert!(
        actions.len() >= 6,
        "two first ones, one bundle, renewals: {}",
        actions.len()
    );
    assert!(delays(&record).iter().all(|delay| *delay == 3 * HOUR));
    let commands = commands(&record);
    assert!(commands.iter().any(|command| command.starts_with(
        "juju run -m m tls/leader provide-certificate ca-certificate=\"$(base64 -w0 ca-certificate.pem)\""
    )), "{commands:?}");
    assert!(commands.iter().any(|command| {
        command
            == "juju config -m m tls trusted-certificate-bundle=\"$(cat trusted-certificate-bundle.pem)\""
    }));
    for (_, entry) in &actions {
        let noticed = record
            .journal
            .get(entry.cause.expect("a cause"))
            .expect("there");
        assert!(
            crate::common::is_note(noticed, "waits-for-operator"),
            "{noticed:?}"
        );
        let detail = crate::common::text_of(&record, noticed);
        assert!(detail.ends_with("pki-team answers in 3h"), "{detail}");
        let hook = record
            .journal
            .get(noticed.cause.expect("a cause"))
            .expect("there");
        assert!(matches!(hook.kind, Kind::HookStarted { .. }), "{hook:?}");
    }
    // Watched from when the certificates were there, nothing ever fails: the tenth of their life
    // after renewal begins is nine days.
    for name in ["browser", "m.web/0 -> m.api"] {
        let errors: Vec<&str> = lost(&record, name)
            .iter()
            .map(|(_, error)| *error)
            .collect();
        assert_eq!(errors, [""], "{name}");
    }
}

/// Renewal begins at nine tenths of 90 days; an operator who takes twelve days is three too late.
#[test]
fn an_operator_slower_than_a_tenth_of_a_life_lets_certificates_expire() {
    let text = scenario("delay: {exactly: 12d}", "").replace("settle-max: 10d", "settle-max: 15d");
    let record = play(&deployed(&text), Options::default());
    let changes = lost(&record, "browser");
    let errors: Vec<&str> = changes.iter().map(|(_, error)| *error).collect();
    assert_eq!(errors[..3], ["", "expired", ""], "{changes:?}");
    let out = changes[2].0.since(changes[1].0);
    assert!(out > 3 * DAY - HOUR && out < 3 * DAY + HOUR, "{out:?}");
}

/// canonical/manual-tls-certificates-operator `_on_provide_certificate_action` does not look at
/// leadership: a person who always types `tls/0` or `tls/1` succeeds on one of them only.
#[test]
fn the_action_on_the_wrong_unit_reports_success_and_nothing_ever_comes() {
    let issued = |unit: u32| {
        let text = scenario(&format!("delay: {{exactly: 1h}}\n    unit: {unit}"), "");
        let record = play(&deployed(&text), Options::default());
        let succeeded = entries(&record, "action-result").len();
        assert!(succeeded >= 2, "unit {unit}");
        assert!(entries(&record, "action-failed").is_empty());
        let served = record.journal.entries().iter();
        served
            .filter(|entry| matches!(entry.kind, Kind::CertificateServed { .. }))
            .count()
    };
    let (first, second) = (issued(0), issued(1));
    assert!((first == 0) != (second == 0), "{first} {second}");
}

/// `at`: whatever waits then is answered, what comes later waits for the next time.
#[test]
fn an_operator_who_comes_at_given_times_answers_all_that_waits_then() {
    let deployment = deployed(&scenario("at: [2d, 100d]", ""));
    let record = play(&deployment, Options::default());
    let mut days: Vec<u64> = entries(&record, "action")
        .iter()
        .map(|(_, entry)| entry.time.since(deployment.start).as_secs() / 86_400)
        .collect();
    days.dedup();
    assert_eq!(days, [2, 100]);
    // Asked for again at day 83, expired at day 92, answered at day 100.
    let errors: Vec<&str> = lost(&record, "browser")
        .iter()
        .map(|(_, error)| *error)
        .collect();
    assert_eq!(errors[..3], ["", "expired", ""]);
    let notes = entries(&record, "waits-for-operator");
    let never = notes.iter().any(|(_, entry)| {
        crate::common::text_of(&record, entry).ends_with("pki-team does not come again")
    });
    assert!(never, "the renewals after day 180 wait for ever");
}

/// Delays are keyed by what waits: the same seed gives the same, and another application that
/// waits leaves them as they were.
#[test]
fn drawn_delays_are_the_same_every_time_and_do_not_depend_on_others() {
    let text = scenario("delay: {median: 4h, sigma: 1}", "");
    let deployment = deployed(&text);
    let [first, again] = [(); 2].map(|()| play(&deployment, Options::default()));
    assert_eq!(first.journal.fingerprint(), again.journal.fingerprint());
    let drawn = delays(&first);
    assert!(drawn.windows(2).any(|pair| pair[0] != pair[1]), "{drawn:?}");
    let mut other = deployment.clone();
    other.operators.raw[0].when = When::At(vec![Span::from_secs(60)]);
    assert_ne!(
        play(&other, Options::default()).journal.fingerprint(),
        first.journal.fingerprint()
    );
    let every = play(
        &deployment,
        Options {
            every_hook: true,
            ..Options::default()
        },
    );
    assert_eq!(
        crate::common::certificates(&every),
        crate::common::certificates(&first)
    );
    drop(Arc::new(other));
}

fn notary(duration: &str, more: &str, operator: &str) -> String {
    format!(
        "duration: {duration}
timings: {{settle-max: 10d}}
models:
  m:
    bundle: kubernetes
    applications:
      tls: {{charm: notary-k8s}}
      ca: {{charm: self-signed-certificates}}
      web: {{charm: web, options: {{name: web.example}}}}
      api: {{charm: web, options: {{name: api.example}}}}
    relations:
      - [web:certificates, tls:certificates]
      - [api:certificates, tls:certificates]
{more}
charms:
  web:
    options: {{name: {{type: string}}}}
    requires: {{certificates: {{interface: tls-certificates, name-option: name}}}}
operators:
  pki-team:
    answers: [tls]
    delay: {{exactly: 2h}}
    signs-with: {{chain: [{{common-name: Corporate Root, validity: 3650d}}], leaf-validity: 90d}}
    {operator}
clients:
  browser: {{trusts: [tls]}}
connections:
  - {{from: browser, to: web, name: web.example}}
  - {{from: browser, to: api, name: api.example}}
"
    )
}

fn commands(record: &Record) -> Vec<String> {
    let entries = record.journal.entries().iter();
    entries
        .filter_map(|entry| crate::common::command(record, entry))
        .collect()
}

/// canonical/notary-k8s-operator `_configure_certificate_requirers`: a request waits until a
/// certificate is uploaded; the workload's custom notice has it distributed at once.
#[test]
fn notary_distributes_what_an_operator_uploads() {
    let record = play(&deployed(&notary("100d", "", "")), Options::default());
    let said = commands(&record);
    assert_eq!(
        said[0].split(", ").nth(1),
        Some("upload the certificate for web.example")
    );
    assert!(said[0].starts_with("at m.tls/0: in Notary"), "{said:?}");
    let notices = record.journal.entries().iter();
    let notices = notices.filter(|entry| {
        matches!(&entry.kind, Kind::HookStarted { hook } if hook.to_string() == "notary-pebble-custom-notice")
    });
    assert_eq!(notices.count(), said.len());
    for name in ["web", "api"] {
        let errors: Vec<_> = lost(&record, name)
            .iter()
            .map(|(_, error)| *error)
            .collect();
        assert_eq!(errors, [""], "{name}");
    }
}

/// The same: a rejected request gets nothing, and the requirer is not told.
#[test]
fn what_notary_rejects_is_never_answered() {
    let text = notary("30d", "", "rejects: [api.example]");
    let record = play(&deployed(&text), Options::default());
    let rejected = "at m.tls/0: in Notary, reject the request for api.example";
    assert!(
        commands(&record).contains(&rejected.to_owned()),
        "{:?}",
        commands(&record)
    );
    let errors = |name| -> Vec<_> {
        lost(&record, name)
            .iter()
            .map(|(_, error)| *error)
            .collect()
    };
    assert_eq!(errors("web"), [""]);
    assert_eq!(errors("api").len(), 1);
    assert_ne!(errors("api"), [""]);
}

/// `ProviderCertificate(revoked=True)` is dropped by `set_relation_certificate`
/// (canonical/charmlibs `_add_provider_certificate`), so a revocation changes nothing at all.
#[test]
fn what_notary_revokes_is_served_as_before() {
    let mut text = notary("30d", "", "");
    text.push_str("faults:\n  - {at: 10d, revoke: {app: tls, name: web.example}}\n  - {at: 11d, revoke: {app: tls, name: unknown.example}}\n");
    let record = play(&deployed(&text), Options::default());
    let revoked = "at m.tls/0: in Notary, revoke the certificate for web.example";
    assert!(commands(&record).contains(&revoked.to_owned()));
    let errors: Vec<_> = lost(&record, "web")
        .iter()
        .map(|(_, error)| *error)
        .collect();
    assert_eq!(errors, [""]);
    assert_eq!(
        entries(&record, "action-refused").len(),
        1,
        "nothing is for unknown.example"
    );
}

/// `_generate_self_signed_certificates` is never called again, and the charm's client verifies
/// what it made: after 365 days no request reaches Notary.
#[test]
fn notarys_own_certificate_ends_after_a_year_and_with_it_all_issuing() {
    let deployment = deployed(&notary("460d", "", ""));
    let record = play(&deployment, Options::default());
    let last = entries(&record, "action")
        .last()
        .map(|(_, entry)| entry.time);
    let last = last.expect("it was signed").since(deployment.start);
    assert!(last < 366 * DAY, "{last:?}");
    let errors: Vec<_> = lost(&record, "web")
        .iter()
        .map(|(_, error)| *error)
        .collect();
    assert_eq!(errors, ["", "expired"]);
    let short = crate::common::cut(&deployment, 20 * DAY);
    let elided = play(&short, Options::default());
    let every = play(
        &short,
        Options {
            every_hook: true,
            ..Options::default()
        },
    );
    assert_eq!(
        crate::common::certificates(&every),
        crate::common::certificates(&elided)
    );
}

/// `_send_ca_cert` pulls `ca.pem`, which with an access relation from the start is not there.
#[test]
fn notary_with_an_access_relation_from_the_start_fails_every_hook() {
    let text = notary(
        "2d",
        "      - [tls:access-certificates, ca:certificates]",
        "",
    );
    let record = play(&deployed(&text), Options::default());
    let failed = record.journal.entries().iter().filter(|entry| {
        matches!(&entry.kind, Kind::HookFailed { error, .. } if error.to_string().contains("PathError"))
    });
    assert!(failed.count() > 10);
    assert!(entries(&record, "action").is_empty());
}
