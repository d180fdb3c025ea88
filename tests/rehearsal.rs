//! Rehearsals of whole scenarios: what stays open beyond the distrust of a CA (I6).

mod common;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;

use trustsim::diagnosis::{Invariant, diagnose};
use trustsim::kernel::Span;
use trustsim::rehearsal::{Judged, Rehearsal, Rehearsed, Request, rehearse};
use trustsim::scenario::{self, MemoryFiles};
use trustsim::world::{Deployment, Options};

const DAY: u64 = 86_400;

fn deployment(text: &str) -> Deployment {
    let files = MemoryFiles::new([("it.yaml", text)]);
    let loaded = scenario::load(Path::new("it.yaml"), &files);
    let loaded = loaded.unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
    loaded.deployment
}

fn rehearsed(text: &str, ca: &str, longest_days: u64) -> Rehearsal {
    let deployment = deployment(text);
    let mut all = 0..deployment.applications.len();
    let ca = all.find(|index| deployment.application_address(*index) == ca);
    let request = Request {
        ca: ca.expect("a CA"),
        at: Span::from_secs(DAY),
        longest: Span::from_secs(longest_days * DAY),
        seeds: NonZeroU32::MIN,
        threads: NonZeroUsize::MIN,
    };
    rehearse(&deployment, request).expect("it can be rehearsed")
}

fn playbook<'a>(rehearsal: &'a Rehearsal, name: &str) -> &'a Rehearsed {
    let found = rehearsal.playbooks.iter().find(|each| each.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

fn judged(rehearsed: &Rehearsed, invariant: Invariant) -> &Judged {
    let all = rehearsed.invariants.iter();
    let mut found = all.filter(|(each, _)| *each == invariant);
    &found.next().expect("all are judged").1
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

/// An open connection hides a certificate that nobody would accept any more until it is opened anew:
/// so long the future is played. Renewals come after 90 days here.
#[test]
fn a_failure_that_an_open_connection_puts_off_is_found() {
    let rehearsal = rehearsed(OPEN, "shop.ca", 1);
    let by_renewal = playbook(&rehearsal, "by-renewal");
    assert!(!by_renewal.is_safe());
    let first = by_renewal.lost.first.as_deref();
    let first = first.expect("it fails");
    assert_eq!(
        first,
        "browser -> shop.api/0 fails 2d18h after the beginning: unknown-issuer"
    );
}

#[test]
fn what_stays_open_beyond_the_withdrawal_breaks_i6_and_a_restart_before_it_does_not() {
    let rehearsal = rehearsed(OPEN, "shop.ca", 1);
    for name in ["step-by-step", "second-provider"] {
        let left_open = playbook(&rehearsal, name);
        assert!(left_open.is_safe(), "{name}");
        let Judged::Broken(why) = judged(left_open, DISTRUST) else {
            panic!("{name}: {:?}", judged(left_open, DISTRUST));
        };
        let expected = "browser -> shop.api/0 stays open with a certificate of the old CA, which \
                        browser trusts no more since ";
        assert!(why.starts_with(expected), "{why}");
        let closing = playbook(&rehearsal, &format!("{name}-closing"));
        assert!(closing.is_safe(), "{name}");
        assert_eq!(judged(closing, DISTRUST), &Judged::Held, "{name}");
        assert!(closing.lost.restarts > left_open.lost.restarts, "{name}");
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
        &Judged::NotApplicable("no connection stays open, and none takes up sessions".to_owned())
    );
    let closing = |each: &Rehearsed| each.name.ends_with("-closing");
    assert!(!rehearsal.playbooks.iter().any(closing));
}

/// Whether the run up to its last step is as it claims.
fn effective(text: &str) -> bool {
    let deployment = deployment(text);
    let record = common::play(&deployment, Options::default());
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    let mut claims = findings.expectations.iter();
    let claim = claims.find(|each| each.claim.starts_with("distrust-effective"));
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
