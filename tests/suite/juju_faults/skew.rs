//! The clock of a controller: it decides when secrets expire, and what the controller thinks of
//! another one's certificate (juju/juju 3.6 `domain/secret`, `internal/worker/secretexpire`,
//! `api/apiclient.go`).

use trustsim::world::Kind;

use super::network::{apart, renewing};
use super::stage::played;

const DAY: f64 = 86_400.0;

/// Five days behind: the secret that says when to renew expires five days late, too late. Corrected,
/// everything is renewed at once.
#[test]
fn a_controller_that_is_behind_renews_too_late() {
    let run = played(&renewing(
        "  - {at: 5d, clock-skew: {controller: controller, by: -5d, for: 7d}}\n",
    ));
    let outages = run.outages();
    assert_eq!(outages.len(), 1, "{outages:?}");
    let (_, from, length, errors) = &outages[0];
    assert_eq!(errors, "expired");
    let until = from + length.expect("it recovers");
    assert!((10.0 * DAY..10.1 * DAY).contains(from), "{}", from / DAY);
    assert!((12.0 * DAY..12.0 * DAY + 600.0).contains(&until), "{until}");
    assert_eq!(
        run.first_line(),
        "since 2026-01-06T00:00:00Z, clock of the controller goes 5d behind (s.yaml:17): no secret expired, and shop.web/0 never asked for a new certificate"
    );
    assert_eq!(
        run.roots(),
        ["clock of the controller goes 5d behind (s.yaml:17)"]
    );
}

/// Ahead: everything is renewed early, and nothing fails; units have their own clocks.
#[test]
fn a_controller_that_is_ahead_renews_early() {
    let run = played(&renewing(
        "  - {at: 2d, clock-skew: {controller: controller, by: 8d, for: 1h}}\n",
    ));
    assert!(run.outages().is_empty(), "{:?}", run.outages());
    let issued = run.entries(|entry| match &entry.kind {
        Kind::CertificateIssued(record) => !record.certificate.is_ca(),
        _ => false,
    });
    let start = run.record.manifest.start;
    let second = issued[1].time.since(start).as_secs();
    assert!((2 * 86_400..2 * 86_400 + 600).contains(&second), "{second}");
}

/// Eleven years ahead the other controller's certificate has ended: a connection that is there
/// goes on, a new one is refused, until the clock is corrected.
#[test]
fn a_controller_far_ahead_refuses_the_other_one() {
    let skew = "  - {at: 45m, clock-skew: {controller: south, by: 4000d, for: 2h}}\n";
    let noted = |faults: &str| -> Vec<String> {
        let run = apart(faults);
        let entries = run.record.journal.entries().iter();
        entries
            .filter_map(|entry| match &entry.kind {
                Kind::LinkDown(error) => Some(error.of_link()),
                _ => None,
            })
            .collect()
    };
    assert_eq!(noted(skew), Vec::<String>::new());
    let cut =
        format!("{skew}  - {{at: 1h, link: {{between: [north, south], cut: true, for: 10s}}}}\n");
    let down = noted(&cut);
    assert!(
        down.len() > 200,
        "every 15 s for an hour and three quarters: {}",
        down.len()
    );
    assert_eq!(
        down[1],
        "cannot connect to external controller: InvalidCertificate(Expired { not_after: 2082758400 })"
    );
}
