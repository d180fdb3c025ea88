//! Loops of hooks, and runs that took minutes, or never ended.

use trustsim::diagnosis::{RunVerdict, diagnose};
use trustsim::juju::HookName;
use trustsim::report::words::endless_loop;
use trustsim::world::{Options, Record};

use crate::common::{deployed, play, play_every_hook};

const CA: &str = "
      ca:
        charm: self-signed-certificates
        channel: 1/stable
        num_units: 1
        options: {root-ca-validity: 4d, certificate-validity: 2d}
";

/// A server with certificates of a CA, with more lines of a scenario.
fn scenario(ca: &str, more: &str) -> String {
    format!(
        "
name: endless
controllers: {{alpha: {{}}}}
models:
  m:
    controller: alpha
    bundle: kubernetes
    applications:{ca}
      web: {{charm: catalogue-k8s, num_units: 2}}
    relations: [['ca:certificates', 'web:certificates']]
clients: {{browser: {{trusts: [m.ca]}}}}
connections: [{{from: browser, to: m.web}}]
{more}
"
    )
}

fn played(text: &str) -> Record {
    play(&deployed(text), Options::default())
}

/// The controller's clock is 400 days ahead of the units' clocks, so that each secret has expired when it is made: the
/// charm asks again in the hook that brought its certificate, as a real one would. The run was played on for minutes.
#[test]
fn a_loop_of_hooks_ends_the_run_and_is_named() {
    let text = scenario(
        "\n      ca: {charm: self-signed-certificates, channel: 1/stable, num_units: 1}",
        "duration: 2d\nfaults: [{at: 25h, clock-skew: {controller: alpha, by: 400d}}]",
    );
    let deployment = deployed(&text);
    let record = play(&deployment, Options::default());
    let found = record.manifest.endless.as_ref().expect("it never ends");
    let line = endless_loop::line(found);
    assert!(line.starts_with("m."), "{line}");
    assert!(line.contains("secret-expired"), "{line}");
    assert!(found.since >= deployment.start + trustsim::kernel::Span::from_secs(24 * 3_600));
    assert_eq!(record.manifest.end(), found.at);
    let last = record.journal.entries().last().expect("there are entries");
    assert!(last.time <= found.at, "nothing is played afterwards");
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    assert_eq!(findings.verdict(), RunVerdict::EndedEarly);
}

/// A CA of four days leaves an expired revision behind every second day, which self-signed-certificates never removes,
/// and the agent is told of each every five minutes (juju/juju 3.6 `internal/worker/secretexpire`). After five months
/// those hooks, which go before all others, leave it no time for a request.
#[test]
fn expired_revisions_that_leave_no_time_end_the_run() {
    let record = played(&scenario(CA, "duration: 400d"));
    let found = record.manifest.endless.as_ref().expect("it never ends");
    assert_eq!(found.unit.as_str(), "m.ca/0");
    assert_eq!(found.hooks[0].0, HookName::SecretExpired);
    let day = found.at.since(record.manifest.start).as_secs() / 86_400;
    assert!((100..200).contains(&day), "{day}");
    // Some 12,000 a day of them, with time for everything else: no loop, whether they are played or not.
    let earlier = deployed(&scenario(CA, "duration: 90d"));
    let (elided, every) = (
        play(&earlier, Options::default()),
        play_every_hook(&earlier),
    );
    assert_eq!(
        (&elided.manifest.endless, &every.manifest.endless),
        (&None, &None)
    );
    assert_eq!(elided.journal.fingerprint(), every.journal.fingerprint());
}

/// Three units of one application, and each asks for itself and for all.
#[test]
fn requests_of_units_and_of_their_application_come_to_rest() {
    let charms = "charms: {catalogue-k8s: {requires: {certificates: {interface: tls-certificates, mode: app-and-unit}}}}";
    let text = scenario(CA, charms).replace("num_units: 2", "num_units: 3");
    let record = played(&text);
    assert_eq!(record.manifest.endless, None);
}

/// The clock ends in July 2554; what a CA issues there is over when it arrives.
#[test]
fn years_that_cannot_be_played_are_refused() {
    for (start, duration) in [
        ("2554-07-01T00:00:00Z", "400d"),
        ("2399-12-31T00:00:00Z", "1d"),
        ("2026-01-01T00:00:00Z", "200000d"),
    ] {
        let text = scenario(CA, &format!("start: {start}\nduration: {duration}"));
        let said = crate::common::errors(&text);
        assert!(
            said.contains(
                "the run would go on after 2400-01-01T00:00:00Z, the last instant that is played"
            ),
            "{said}"
        );
    }
    let last = played(&scenario(CA, "start: 2399-01-01T00:00:00Z\nduration: 90d"));
    assert_eq!(last.manifest.endless, None);
}
