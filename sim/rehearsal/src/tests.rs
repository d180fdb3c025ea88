//! Rehearsals of small deployments.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;

use super::*;
use trustsim_scenario::{self as scenario, MemoryFiles};

fn deployment(text: &str) -> Deployment {
    let files = MemoryFiles::new([("it.yaml", text)]);
    let loaded = scenario::load(Path::new("it.yaml"), &files);
    loaded
        .unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
        .deployment
}

const HELD: &str = "
name: held
duration: 30d
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {charm: corporate-ca}
      api: {charm: api, scale: 2}
      web: {charm: web}
    relations:
      - [api:certificates, ca:certificates]
      - [web:receive-ca-cert, ca:send-ca-cert]
charms:
  corporate-ca:
    provides:
      certificates: {interface: tls-certificates}
      send-ca-cert: {interface: certificate_transfer}
    issuer: {chain: [{common-name: Corporate Root, validity: 3650d}], leaf-validity: 10d}
  api:
    requires: {certificates: {interface: tls-certificates, limit: 1, mode: unit}}
  web:
    requires: {receive-ca-cert: {interface: certificate_transfer}}
clients:
  browser: {trusts: [shop.ca], validator: openssl}
connections:
  - {from: web, to: api, every: 5s}
  - {from: browser, to: api, every: 5s}
";

const HOUR: u64 = 3_600;

fn rehearsed(text: &str) -> Rehearsal {
    tried(text, 31 * 24 * HOUR, (1, 1), 1)
}

/// With so many seeds from this one on, so many at once; no pause longer than an hour.
fn with_seeds(seeds: (u64, u32), threads: usize) -> Rehearsal {
    tried(HELD, HOUR, seeds, threads)
}

fn tried(text: &str, longest_s: u64, (first, seeds): (u64, u32), threads: usize) -> Rehearsal {
    let mut deployment = deployment(text);
    deployment.seed = first;
    let named = |each: &trustsim_world::ApplicationSpec| each.name == "ca";
    let ca = deployment.applications.position(named);
    let request = Request {
        ca: ca.expect("a CA"),
        at: Span::from_secs(86_400),
        longest: Span::from_secs(longest_s),
        seeds: NonZeroU32::new(seeds).expect("some"),
        threads: NonZeroUsize::new(threads).expect("some"),
    };
    rehearse(&deployment, request).expect("it can be rehearsed")
}

fn named<'a>(rehearsal: &'a Rehearsal, name: &str) -> &'a Rehearsed {
    let found = rehearsal
        .playbooks
        .iter()
        .find(|each| each.playbook.name() == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn a_rehearsal_is_the_same_twice_and_safe_ones_come_first() {
    let rehearsal = rehearsed(HELD);
    let again = rehearsed(HELD);
    let names = |each: &Rehearsal| -> Vec<_> {
        let playbooks = each.playbooks.iter();
        playbooks
            .map(|each| (each.playbook, each.pauses.clone(), each.lost.clone()))
            .collect()
    };
    assert_eq!(names(&rehearsal), names(&again));
    for name in [
        "step-by-step",
        "by-renewal",
        "cross-signed",
        "same-key",
        "second-provider",
    ] {
        assert!(named(&rehearsal, name).is_safe(), "{name}");
    }
    let last = rehearsal.playbooks.last().expect("there are some");
    assert_eq!((last.playbook.name(), last.is_safe()), ("emergency", false));
    assert!(rehearsal.plays > 20);
}

/// What a pause is solved to was played, and so was one second less.
#[test]
fn the_edge_of_every_pause_was_played() {
    let rehearsal = rehearsed(HELD);
    for each in &rehearsal.playbooks {
        let Some(pauses) = &each.pauses else { continue };
        for pause in [&pauses.before_switch, &pauses.before_withdrawal] {
            let shown = pause.one_second_less.is_some();
            assert_eq!(shown, !pause.length.is_zero(), "{:?}", each.playbook);
        }
    }
}

#[test]
fn what_cannot_be_rehearsed_says_why() {
    let deployment = deployment(HELD);
    let request = |ca: &str, at: u64| Request {
        ca: deployment
            .applications
            .position(|each| each.name == ca)
            .expect("it is there"),
        at: Span::from_secs(at),
        longest: Span::from_secs(60),
        seeds: NonZeroU32::MIN,
        threads: NonZeroUsize::MIN,
    };
    let said = |ca, at| rehearse(&deployment, request(ca, at)).map_err(|error| error.to_string());
    let refused = said("web", 86_400).expect_err("no provider");
    assert_eq!(refused, "shop.web provides no certificates");
    let early = said("ca", 1).expect_err("too early");
    assert_eq!(
        early,
        "the deployment has not settled by 2026-01-01T00:00:01Z: the rotation has to begin later"
    );
}

/// What a pause is solved to with several seeds is what the one that needs most needs by itself, and
/// the seed that is named is that one.
#[test]
fn with_several_seeds_a_pause_is_the_longest_of_any() {
    let all = with_seeds((1, 4), 2);
    assert_eq!(all.seeds, [1, 2, 3, 4]);
    let lead = |rehearsal: &Rehearsal| {
        let pauses = named(rehearsal, "step-by-step").pauses.clone();
        pauses.expect("it is safe").before_switch
    };
    let alone: Vec<(u64, Span)> = (1..5)
        .map(|seed| (seed, lead(&with_seeds((seed, 1), 1)).length))
        .collect();
    let most = alone.iter().map(|(_, lead)| *lead).max().expect("some");
    assert_eq!(lead(&all).length, most, "{alone:?}");
    let short = lead(&all).one_second_less.expect("it fails");
    assert!(
        alone.contains(&(short.seed, most)),
        "{short:?} of {alone:?}"
    );
    assert!(alone.iter().any(|(_, lead)| *lead < most), "{alone:?}");
}

#[test]
fn how_many_are_played_at_once_changes_nothing() {
    let [one, four] = [1, 4].map(|threads| with_seeds((1, 3), threads));
    assert_eq!(format!("{one:?}"), format!("{four:?}"));
}
