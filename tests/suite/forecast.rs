//! What is coming is read off a run, and how long a provider may be away is played.

use std::path::Path;
use std::sync::Arc;

use trustsim::diagnosis::{Forecast, forecast};
use trustsim::kernel::Span;
use trustsim::scenario::{MemoryFiles, load};
use trustsim::whatif::prove;
use trustsim::world::{Deployment, Options, Record};

const HOUR: Span = Span::from_secs(3_600);
const DAY: Span = Span::from_secs(86_400);

fn of(deployment: &Deployment) -> (Record, Forecast) {
    let record = crate::common::play(deployment, Options::default());
    let found = forecast(deployment, &record.manifest, &record.journal);
    (record, found)
}

/// A leaf of 90 days is asked for again when nine tenths are over, so its provider may be away for
/// the last tenth: nine days. An hour less is survived, an hour more is not.
#[test]
fn a_provider_may_be_away_for_the_last_tenth_of_a_life() {
    let deployment = Arc::new(crate::common::load_named("internal"));
    let (_, found) = of(&deployment);
    let least = found.tolerances.first().expect("something is renewed");
    assert!(
        least.longest > DAY * 9 - HOUR && least.longest <= DAY * 9,
        "{:?}",
        least.longest
    );
    let proofs = prove(&deployment, &found.tolerances, 2);
    assert_eq!(proofs.len(), 2);
    for proof in proofs {
        let longest = found.tolerances[proof.tolerance].longest;
        let fatal = proof.fatal.expect("an outage that is too long");
        assert!(proof.survived <= longest && longest <= fatal, "{proof:?}");
        assert!(fatal - proof.survived <= HOUR * 2, "{proof:?}");
    }
}

/// alertmanager-k8s 876ead4 looks in each hook whether a certificate is assigned to it and deletes its files where none is
/// (`src/charm.py`, `_update_cert`): while its renewal is not answered it has none after the next update-status. The
/// connection was said to survive nine days without its CA, and a run lost all of them.
#[test]
fn what_deletes_its_files_while_it_waits_survives_minutes() {
    let text = "
name: kept-for-minutes
duration: 100d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      web: {charm: alertmanager-k8s, scale: 1}
    relations:
      - [web:certificates, ca:certificates]
clients:
  browser: {trusts: [m.ca]}
connections:
  - {from: browser, to: m.web, every: 1m}
";
    let files = MemoryFiles::new([("s.yaml", text)]);
    let loaded = load(Path::new("s.yaml"), &files).expect("a scenario");
    let deployment = Arc::new(loaded.deployment);
    let (_, found) = of(&deployment);
    let least = found.tolerances.first().expect("something is renewed");
    assert!(least.longest <= Span::from_secs(300), "{:?}", least.longest);
    let proofs = prove(&deployment, &found.tolerances, 1);
    let [proof] = proofs.as_slice() else {
        panic!("{proofs:?}");
    };
    assert_eq!(proof.survived, Span::ZERO, "{proof:?}");
    assert!(
        proof
            .fatal
            .is_some_and(|fatal| fatal <= HOUR + least.longest),
        "{proof:?}"
    );
}

/// Only who gave a certificate is asked for the next one, where an application has several.
#[test]
fn only_the_provider_that_gave_a_certificate_is_waited_for() {
    let (record, found) = of(&crate::common::load_named("reference-architecture"));
    for one in &found.tolerances {
        let is_public = one.certificate.contains("example.com");
        let is_central = one.provider == "pki.tls";
        let name = &record.manifest.connections[one.connection as usize].name;
        assert_eq!(
            is_public, is_central,
            "{name}: {} of {}",
            one.certificate, one.provider
        );
    }
}

#[test]
fn what_ends_while_it_is_served_lapses() {
    let (_, found) = of(&crate::common::load_named("vault-sealed"));
    let lapsed: Vec<&str> = found
        .expiries
        .iter()
        .filter(|one| one.expired_in_service)
        .filter_map(|one| one.record.certificate.subject_common_name())
        .collect();
    assert_eq!(lapsed, ["late.example.com"]);
    let is_over = found.expiries.iter().filter(|one| one.has_ended);
    assert!(
        is_over.count() > 1,
        "others ended and were replaced in time"
    );
    assert!(found.expiries.iter().any(|one| one.margin().is_some()));
}

/// Requests wait for the slow operator: on-call came to Vault after ten days.
#[test]
fn the_longest_wait_is_for_who_is_slow() {
    let (_, found) = of(&crate::common::load_named("vault-sealed"));
    let vault = found
        .requests
        .iter()
        .find(|one| one.provider == "shop.vault");
    let vault = vault.expect("it answered");
    assert_eq!(vault.requirer, "shop.web-late/0");
    assert!(vault.longest > DAY * 8, "{:?}", vault.longest);
    let root = found
        .requests
        .iter()
        .find(|one| one.provider == "shop.root");
    assert!(root.expect("it answered").longest < HOUR);
}

/// letsencrypt.org/docs/rate-limits: what a year of renewals uses of each limit.
#[test]
fn orders_are_counted_against_each_limit_of_the_public_ca() {
    let (_, found) = of(&crate::common::load_named("reference-architecture-lego"));
    let limited: Vec<_> = found
        .request_peaks
        .iter()
        .filter(|one| one.limit.is_some())
        .collect();
    let kinds: std::collections::BTreeSet<&str> = limited.iter().map(|one| one.what).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    for one in &limited {
        assert!(one.peak > 0 && one.peak <= one.total, "{one:?}");
        assert!(one.peak <= one.limit.expect("filtered"), "{one:?}");
    }
    let domain = limited
        .iter()
        .find(|one| one.what.contains("registered-domain"));
    assert_eq!(domain.expect("a domain").subject, "rehearsal.dev");
}

#[test]
fn a_hook_waits_at_least_for_its_watcher() {
    let deployment = crate::common::load_named("internal");
    let (_, found) = of(&deployment);
    assert!(!found.hooks.is_empty());
    for one in &found.hooks {
        assert!(one.longest >= deployment.timings.watch_latency, "{one:?}");
        assert!(one.total >= one.longest && one.hooks > 0, "{one:?}");
    }
}
