//! `lego` and the public ACME CA behind it: canonical/lego-operator `src/charm.py` at 8f0fdad, and
//! the rate limits of letsencrypt.org/docs/rate-limits.

use crate::common::{deployed, notes, play, play_every_hook, text_of};
use trustsim::kernel::Span;
use trustsim::world::{Deployment, Kind, Options, Record};

const DAY: u64 = 86_400;

fn scenario(days: u32, lego: &str, web: &str, more: &str) -> String {
    format!(
        "duration: {days}d
models:
  m:
    bundle: kubernetes
    applications:
      tls:
        charm: lego
        scale: 2
        options: {{email: pki@rehearsal.dev, plugin: route53, plugin-config-secret-id: secret:x{lego}}}
      web: {{charm: web, options: {{name: {web}}}}}
    relations: [[web:certificates, tls:certificates], [web:receive-ca-cert, tls:send-ca-cert]]
charms:
  web:
    options: {{name: {{type: string}}}}
    requires:
      certificates: {{interface: tls-certificates, name-option: name, trusts-ca: false}}
      receive-ca-cert: {{interface: certificate_transfer}}
clients: {{browser: {{trusts: [system]}}}}
connections: [{{from: browser, to: web, name: {web}}}]
{more}"
    )
}

fn run(text: &str) -> (Deployment, Record) {
    let deployment = deployed(text);
    let record = play(&deployment, Options::default());
    (deployment, record)
}

fn errors(record: &Record) -> Vec<&'static str> {
    let changes = crate::common::verdicts(record)
        .remove(&0)
        .unwrap_or_default();
    changes.iter().map(|(_, error)| *error).collect()
}

/// The orders that were refused, with the day on which they were.
fn refused(deployment: &Deployment, record: &Record) -> Vec<(u64, String)> {
    let found = notes(record, "acme-order-refused");
    found
        .into_iter()
        .map(|(_, entry)| {
            let at = entry.time.since(deployment.start).as_secs();
            (at, text_of(record, entry))
        })
        .collect()
}

/// `_generate_signed_certificate`: `ca` is the issuer, an intermediate, and `chain` the bundle;
/// a client with the public roots trusts it. What signed gathers in `send-ca-cert`
/// (`_configure_send_ca_certificates`).
#[test]
fn a_public_certificate_is_trusted_by_clients_with_the_public_roots() {
    let (_, record) = run(&scenario(400, "", "a.rehearsal.dev", ""));
    assert_eq!(errors(&record), [""]);
    let issued: Vec<_> = record
        .journal
        .entries()
        .iter()
        .filter_map(|entry| match &entry.kind {
            Kind::CertificateIssued(issued) => Some(&issued.certificate),
            _ => None,
        })
        .collect();
    let leaves: Vec<_> = issued.iter().filter(|found| !found.is_ca()).collect();
    // One every 81 days, and each for 90 less a second.
    assert_eq!(leaves.len(), 5);
    for leaf in &leaves {
        let life = leaf.not_after().since(leaf.not_before()).as_secs();
        assert!([90 * DAY - 1, 64 * DAY - 1].contains(&life), "{life}");
    }
    let roots = issued
        .iter()
        .filter(|found| found.is_ca() && found.is_self_issued());
    assert_eq!(roots.count(), 1);
    let signers: std::collections::BTreeSet<_> = leaves.iter().map(|leaf| leaf.issuer()).collect();
    assert!(signers.len() > 1, "intermediates rotate: {signers:?}");
    let trusted = record
        .journal
        .entries()
        .iter()
        .rev()
        .find_map(|entry| match &entry.kind {
            Kind::TrustChanged { roots } if entry.subject.application.as_deref() == Some("web") => {
                Some(roots.len())
            }
            _ => None,
        });
    // The root of the system, and every intermediate that ever signed.
    assert_eq!(trusted, Some(1 + signers.len()));
}

/// The order runs inside the hook, so the hook lasts as long as DNS and the server take.
#[test]
fn an_order_takes_its_time_inside_the_hook() {
    let more = "acme: {dns-propagation: 50s, order: 20s}\n";
    let (_, record) = run(&scenario(2, "", "a.rehearsal.dev", more));
    let entries = record.journal.entries();
    let issued = entries.iter().find(|entry| match &entry.kind {
        Kind::CertificateIssued(issued) => !issued.certificate.is_ca(),
        _ => false,
    });
    let hook = issued.and_then(|entry| entry.cause).expect("a hook");
    let ended = entries.iter().find(|entry| {
        entry.cause == Some(hook) && matches!(entry.kind, Kind::HookCommitted { .. })
    });
    let began = record.journal.get(hook).expect("there").time;
    let lasted = ended.expect("it ended").time.since(began).as_secs();
    assert!((70..=75).contains(&lasted), "{lasted}");
}

/// letsencrypt/boulder `policy/pa.go`: rejectedIdentifier, which the charm maps to 102
/// (`_map_lego_error_to_certificate_error`), and orders again at each update-status.
#[test]
fn a_name_inside_the_cluster_is_refused_again_and_again() {
    let (deployment, record) = run(&scenario(1, "", "web.m.svc.cluster.local", ""));
    let found = refused(&deployment, &record);
    assert!(found.len() > 250, "every five minutes: {}", found.len());
    assert!(found[0].1.contains("rejectedIdentifier"), "{}", found[0].1);
    assert!(
        found[0]
            .1
            .ends_with("Domain name does not end with a valid public suffix (TLD)")
    );
    assert!(!errors(&record).contains(&""));
}

/// Records that are looked for before they can be seen: authorizations fail, and after five in an
/// hour the limit refuses, long after DNS is as it should be (there is no back-off).
#[test]
fn retries_without_back_off_run_into_the_limit_of_failed_authorizations() {
    let more = "acme: {dns-propagation: 2m}\n";
    let (deployment, record) = run(&scenario(
        1,
        ", dns-propagation-wait: 60",
        "a.rehearsal.dev",
        more,
    ));
    let found = refused(&deployment, &record);
    let is_limit = |text: &String| text.contains("rateLimited: too many failed authorizations (5)");
    let hour: Vec<_> = found
        .iter()
        .filter(|(at, _)| at - found[0].0 < 3_600)
        .collect();
    let limited = hour.iter().filter(|(_, text)| is_limit(text)).count();
    assert!(!is_limit(&found[4].1) && limited >= 2, "{hour:?}");
    assert!(
        found[0].1.contains("unauthorized: No TXT record found"),
        "{}",
        found[0].1
    );
}

/// Without `dns-propagation-wait` lego looks itself, for a minute; that is no failure at the server.
#[test]
fn dns_slower_than_legos_own_patience_fails_without_counting() {
    let (deployment, record) = run(&scenario(
        1,
        "",
        "a.rehearsal.dev",
        "acme: {dns-propagation: 2m}\n",
    ));
    let found = refused(&deployment, &record);
    assert!(
        found
            .iter()
            .all(|(_, text)| text.contains("propagation: time limit exceeded"))
    );
    assert!(found.len() > 100);
}

/// Five certificates of the same names within a week: each new request of the requirer is one.
#[test]
fn five_certificates_for_the_same_names_are_enough_for_a_week() {
    let changes: String = (1..=8)
        .map(|k| format!("  - {{at: {k}h, remove-relation: {{between: [web:certificates, tls:certificates]}}}}\n  - {{at: {k}h10m, integrate: {{between: [web:certificates, tls:certificates]}}}}\n"))
        .collect();
    let more = format!("faults:\n{changes}");
    let (deployment, record) = run(&scenario(4, "", "a.rehearsal.dev", &more));
    let found = refused(&deployment, &record);
    let text = &found.first().expect("the sixth is refused").1;
    assert!(text.contains("too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s"), "{text}");
    // One comes back every 34 hours, so it is not for ever.
    let last = found.last().expect("some").0;
    assert!(last < 2 * DAY, "{last}");
}

/// 201 (`network_error`), ordered again at every update-status until the server is back.
#[test]
fn an_outage_of_the_server_is_survived_while_certificates_last() {
    let outage = |days| format!("faults: [{{at: 80d, acme-outage: {{for: {days}d}}}}]\n");
    let (deployment, record) = run(&scenario(120, "", "a.rehearsal.dev", &outage(7)));
    assert_eq!(errors(&record), [""]);
    let found = refused(&deployment, &record);
    assert!(found.len() > 1_000 && found[0].1.contains("network_error"));
    let (_, record) = run(&scenario(120, "", "a.rehearsal.dev", &outage(12)));
    assert_eq!(errors(&record), ["", "expired", ""]);
}

/// go-acme/lego `LEGO_CA_CERTIFICATES` replaces the system's roots: with a CA from
/// `receive-ca-cert` the public server is not trusted any more.
#[test]
fn a_private_ca_bundle_hides_the_public_roots_from_lego() {
    let text = scenario(1, "", "a.rehearsal.dev", "")
        .replace(
            "      web: {charm",
            "      ca: {charm: self-signed-certificates}\n      web: {charm",
        )
        .replace(
            "relations: [",
            "relations: [[tls:receive-ca-cert, ca:send-ca-cert], ",
        );
    let (deployment, record) = run(&text);
    let found = refused(&deployment, &record);
    assert!(
        found
            .iter()
            .any(|(_, text)| text.contains("certificate signed by unknown authority")),
        "{found:?}"
    );
}

/// `_store_account_acme_account_details`: the account is a secret of the unit.
#[test]
fn the_account_belongs_to_the_unit_that_leads() {
    let (_, record) = run(&scenario(100, "", "a.rehearsal.dev", ""));
    let accounts = notes(&record, "acme-account");
    assert_eq!(accounts.len(), 1);
    assert!(accounts[0].1.subject.unit.is_some());
}

/// Elision: what is refused is played each time, what is settled is not.
#[test]
fn every_hook_gives_the_same_certificates() {
    let mut deployment = deployed(&scenario(100, "", "a.rehearsal.dev", ""));
    deployment.duration = Span::from_secs(85 * DAY);
    let elided = play(&deployment, Options::default());
    let every = play_every_hook(&deployment);
    assert_eq!(
        crate::common::certificates(&elided),
        crate::common::certificates(&every)
    );
}
