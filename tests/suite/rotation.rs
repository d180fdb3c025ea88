//! Rotations in steps: what each step becomes, what is refused, rehearsals, and the closed forms that
//! real systems compute their overlaps by.

use std::path::Path;

use crate::common::rehearsals::{judged, playbook, rehearsed_on};
use trustsim::diagnosis::{Invariant, Rotated, outages};
use trustsim::kernel::{Span, Time};
use trustsim::rehearsal::{Judged, Rehearsal, Task};
use trustsim::report::words::{command, violation};
use trustsim::scenario::{self, MemoryFiles};
use trustsim::world::{CertificateKind, Deployment, Kind, Options, Record};

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

fn load(text: &str) -> Result<Deployment, String> {
    let files = MemoryFiles::new([("it.yaml", text)]);
    let loaded = scenario::load(Path::new("it.yaml"), &files);
    loaded
        .map(|loaded| loaded.deployment)
        .map_err(|wrong| wrong.render(false))
}

fn deployment(text: &str) -> Deployment {
    load(text).unwrap_or_else(|wrong| panic!("{wrong}"))
}

const SHOP: &str = "
name: shop
duration: 30d
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {charm: PROVIDER}
      spare: {charm: PROVIDER}
      api: {charm: api, scale: 3}
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
  browser: {trusts: [shop.ca]}
connections:
  - {from: web, to: api, every: 5s}
  - {from: browser, to: api, every: 5s}
";

fn shop(provider: &str, rotation: &str) -> String {
    let mut text = SHOP.replace("PROVIDER", provider);
    if !rotation.is_empty() {
        text.push_str("faults:\n  - at: 10d\n    rotation:\n");
        for line in rotation.lines() {
            text.push_str(&format!("      {line}\n"));
        }
    }
    text
}

/// What is done when, in seconds from the beginning of the rotation.
fn commands(text: &str) -> Vec<String> {
    let deployment = deployment(text);
    let begins = Span::from_secs(10 * DAY);
    let commands = deployment.actions.iter().map(|timed| {
        let at = timed.at.saturating_sub(begins).as_secs();
        format!("{at} {}", timed.action.to_command(&deployment))
    });
    commands.collect()
}

#[test]
fn the_steps_of_a_held_ca_are_its_providers_actions() {
    let steps = "\
ca: ca
steps:
  - prepare: {same-name: true}
  - distribute: {lag: 30s}
  - cross-sign:
  - hold: 1h
  - switch-issuer:
  - re-issue: {per-hour: 60}
  - reload: {unit: web/0}
  - hold: 1h
  - roll-back:
  - withdraw: {except: [browser]}
";
    let expected = [
        "0 juju run -m shop ca/leader prepare same-name=true",
        "0 juju run -m shop ca/leader distribute",
        "0 juju run -m shop ca/leader cross-sign",
        "30 browser is given the CA of shop.ca",
        "3600 juju run -m shop ca/leader switch-issuer",
        "3600 juju run -m shop ca/leader re-issue count=1 first=0",
        "3660 juju run -m shop ca/leader re-issue count=1 first=1",
        "3720 juju run -m shop ca/leader re-issue first=2",
        "3720 restart of shop.web/0, with `pebble restart SERVICE` in its container",
        "7320 juju run -m shop ca/leader roll-back",
        "7320 juju run -m shop ca/leader withdraw",
    ];
    assert_eq!(commands(&shop("corporate-ca", steps)), expected);
}

#[test]
fn jitter_is_drawn_from_the_seed_within_its_bounds() {
    let steps = "ca: ca\nsteps:\n  - prepare:\n  - switch-issuer:\n  - re-issue: {jitter: 1h}\n";
    let text = shop("corporate-ca", steps);
    let times = |text: &str| -> Vec<u64> {
        let commands = commands(text);
        let reissues = commands
            .iter()
            .filter(|command| command.contains("re-issue"));
        let times = reissues.map(|command| command.split(' ').next().unwrap_or("").parse());
        times.map(|time| time.expect("a number")).collect()
    };
    let drawn = times(&text);
    assert_eq!(drawn.len(), 3);
    assert!(drawn.iter().all(|late| *late <= HOUR), "{drawn:?}");
    assert!(drawn.windows(2).any(|pair| pair[0] != pair[1]), "{drawn:?}");
    assert_eq!(drawn, times(&text));
    let other = text.replace("name: shop\nduration", "name: shop\nseed: 7\nduration");
    assert_ne!(drawn, times(&other));
}

#[test]
fn a_real_charm_rotates_in_its_own_way() {
    let action = "ca: ca\nsteps:\n  - switch-issuer:\n  - distribute:\n";
    assert_eq!(
        commands(&shop("self-signed-certificates", action)),
        [
            "0 juju run -m shop ca/leader rotate-private-key",
            "60 browser is given the CA of shop.ca"
        ]
    );
    let config = "ca: ca\nsteps:\n  - switch-issuer: {options: {ca-common-name: other}}\n";
    assert_eq!(
        commands(&shop("self-signed-certificates", config)),
        ["0 juju config -m shop ca ca-common-name=other"]
    );
}

#[test]
fn a_second_provider_takes_over_by_relations() {
    let steps = "ca: ca\nto: spare\nsteps:\n  - distribute:\n  - hold: 1h\n  - switch-issuer:\n  \
                 - hold: 1h\n  - roll-back:\n  - withdraw: {lag: 0s}\n";
    let expected = [
        "0 juju integrate -m shop spare:send-ca-cert web:receive-ca-cert",
        "60 browser is given the CA of shop.spare",
        "3600 juju remove-relation -m shop ca:certificates api:certificates",
        "3660 juju integrate -m shop spare:certificates api:certificates",
        "7200 juju remove-relation -m shop spare:certificates api:certificates",
        "7200 juju remove-relation -m shop ca:send-ca-cert web:receive-ca-cert",
        "7200 browser trusts the CA of shop.ca no more",
        "7260 juju integrate -m shop ca:certificates api:certificates",
    ];
    assert_eq!(commands(&shop("self-signed-certificates", steps)), expected);
}

/// One mistake each: the code and the sentence.
#[test]
fn what_a_ca_cannot_do_is_refused_with_its_place() {
    let refused = |provider: &str, steps: &str, code: &str, why: &str| {
        let wrong = load(&shop(provider, steps)).expect_err("refused");
        assert!(wrong.contains(code) && wrong.contains(why), "{wrong}");
    };
    let own = "self-signed-certificates";
    for (step, why) in [
        ("prepare", "uses a new CA as soon as it has made it"),
        ("cross-sign", "does not cross-sign"),
        ("re-issue", "signs again by itself"),
        ("roll-back", "has forgotten the key of the old CA"),
    ] {
        let steps = format!("ca: ca\nsteps:\n  - {step}:\n");
        refused(own, &steps, "TS0540", why);
        let steps = format!("ca: ca\nto: spare\nsteps:\n  - {step}:\n");
        if step != "roll-back" {
            refused(own, &steps, "TS0540", "");
        }
    }
    refused(
        own,
        "ca: ca\nto: ca\nsteps:\n  - hold: 1h\n",
        "TS0540",
        "from itself",
    );
    let held = "corporate-ca";
    let bad = |step: &str, code: &str, why: &str| {
        refused(held, &format!("ca: ca\nsteps:\n  - {step}\n"), code, why);
    };
    bad("assert: [no-failure]", "TS0111", "no-failures");
    bad("assert: []", "TS0110", "an assertion needs");
    bad(
        "re-issue: {per-hour: 0}",
        "TS0111",
        "at no certificate an hour",
    );
    bad("{prepare: {}, hold: 1h}", "TS0112", "a step has one kind");
    bad("{}", "TS0112", "a step needs its kind");
    // Where another provider takes over, each receiver has a relation of its own with it.
    let forgets = "distribute: {except: [shop.web]}";
    bad(forgets, "TS0540", "`except` names clients outside Juju");
    bad(
        "distribute: {except: [shop.elsewhere]}",
        "TS0202",
        "elsewhere",
    );
    bad(
        "distribute: {except: [shop.web/0]}",
        "TS0222",
        "whole application",
    );
}

fn rehearsed(deployment: &Deployment, ca: &str, longest_days: u64) -> Rehearsal {
    rehearsed_on(deployment, (ca, 1), longest_days)
}

#[test]
fn a_ca_whose_key_is_at_hand_can_be_rotated_without_downtime() {
    let rehearsal = rehearsed(&deployment(&shop("corporate-ca", "")), "shop.ca", 31);
    let by_steps = playbook(&rehearsal, "step-by-step");
    let pauses = by_steps.pauses.as_ref().expect("it is safe");
    // People tell the browser a minute after the root is there: that long it may not be used.
    let lead = pauses.before_switch.length.as_secs();
    assert!((30..=61).contains(&lead), "{lead}");
    assert!(pauses.before_switch.one_second_less.is_some());
    for invariant in Invariant::ALL {
        let judged = judged(by_steps, invariant);
        assert!(!matches!(judged, Judged::Broken(_)), "{judged:?}");
    }
    assert_eq!(by_steps.two_by_two.len(), 4);
    assert!(
        by_steps
            .two_by_two
            .iter()
            .all(|each| each.verified > 0 && each.refused.is_none())
    );
    let bridged = playbook(&rehearsal, "cross-signed").pauses.as_ref();
    assert_eq!(
        bridged.expect("it is safe").before_switch.length,
        Span::ZERO
    );
    // At the pace of renewals: leaves of ten days, a day old, are renewed at nine tenths.
    let renewed = playbook(&rehearsal, "by-renewal").pauses.as_ref();
    let overlap = renewed.expect("it is safe").overlap().as_secs();
    assert!(
        (8 * DAY - 60..=8 * DAY + 300).contains(&overlap),
        "{overlap}"
    );
    let emergency = playbook(&rehearsal, "emergency");
    let lost = emergency.lost.as_ref().expect("it was played");
    assert!(!emergency.is_safe() && lost.connections == 6);
    assert!(matches!(
        judged(emergency, Invariant::UseEndsBeforeDistrust),
        Judged::Broken(_)
    ));
}

/// canonical/self-signed-certificates-operator has no overlap of its own; a second one beside it has.
#[test]
fn a_real_charms_own_rotation_loses_and_a_second_provider_does_not() {
    let rehearsal = rehearsed(
        &deployment(&shop("self-signed-certificates", "")),
        "shop.ca",
        31,
    );
    for name in ["charm-action", "charm-config"] {
        let own = playbook(&rehearsal, name);
        assert!(!own.is_safe() && own.is_possible(), "{name}");
        assert!(matches!(
            judged(own, Invariant::TrustBeforeUse),
            Judged::Broken(_)
        ));
        assert!(matches!(
            judged(own, Invariant::Rollback),
            Judged::NotApplicable(_)
        ));
    }
    let safe = rehearsal.safe().expect("a second provider");
    assert_eq!(safe.playbook.name(), "second-provider");
    assert_eq!(judged(safe, Invariant::Rollback), &Judged::Held);
    let first = &safe.timetable[0];
    assert!(first.beforehand);
    let Task::Command(typed) = &first.task else {
        panic!("{:?}", first.task);
    };
    assert_eq!(
        command::text(typed),
        "juju deploy -m shop self-signed-certificates ca-next"
    );
}

/// Peers that trust what comes with their own certificate have nothing to be told by beforehand.
#[test]
fn where_no_playbook_is_safe_the_least_loss_is_said() {
    let deployment = crate::common::load_named("ca-rotation-action");
    let rehearsal = rehearsed(&deployment, "shop.ca", 7);
    assert!(rehearsal.safe().is_none());
    let best = &rehearsal.playbooks[0];
    assert_eq!(best.playbook.name(), "second-provider");
    let lost = best.lost.as_ref().expect("it was played");
    let worst = lost.worst.as_deref().expect("something is lost");
    assert!(
        worst.starts_with("shop.api/") && worst.contains("-> shop.api/"),
        "{worst}"
    );
    let text = trustsim::report::rehearsal::tables(&rehearsal);
    insta::assert_snapshot!(
        "rehearsal_without_a_safe_playbook",
        anstream::adapter::strip_str(&text)
    );
    let data = trustsim::report::rehearsal::rehearsal(&rehearsal);
    assert_eq!(data["safe"], serde_json::Value::Null);
    assert_eq!(data["playbooks"][0]["outcome"], "loses");
}

// ---- closed forms ----

/// Nothing takes time but what is under test. `web` is told by transfer; `late` asks for its first
/// certificate when it is integrated; neither renews (version 3 of the library leaves that to them).
const EXACT: &str = "
name: exact
duration: DURATION
timings: {hook-min: 0s, hook-max: 0s, watch-latency: 0s, cross-model-latency: 0s}
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: corporate-ca}
      api: {charm: api}
      late: {charm: api}
      web: {charm: web}
    relations:
      - [api:certificates, ca:certificates]
      - [web:receive-ca-cert, ca:send-ca-cert]
charms:
  corporate-ca:
    provides:
      certificates: {interface: tls-certificates}
      send-ca-cert: {interface: certificate_transfer}
    issuer: {chain: [{common-name: root, validity: VALIDITY}], leaf-validity: LEAF}
  api:
    requires:
      certificates: {interface: tls-certificates, library: tls-certificates-v3, renews-on: [], trusts-ca: false}
  web:
    requires: {receive-ca-cert: {interface: certificate_transfer}}
clients:
  pod: {trusts: [m.ca], validator: go, refresh: REFRESH}
connections:
  - {from: web, to: api, every: 5s, validator: go}
  - {from: web, to: late, every: 5s, validator: go}
  - {from: pod, to: api, every: 5s}
";

struct Exact {
    duration: u64,
    validity: u64,
    leaf: u64,
    refresh: u64,
}

impl Exact {
    fn text(&self) -> String {
        EXACT
            .replace("DURATION", &format!("{}s", self.duration))
            .replace("VALIDITY", &format!("{}s", self.validity))
            .replace("LEAF", &format!("{}s", self.leaf))
            .replace("REFRESH", &format!("{}s", self.refresh))
    }

    fn play(&self, faults: &str) -> (Deployment, Record) {
        let text = self.text() + faults;
        let deployment = deployment(&text);
        let record = crate::common::play(&deployment, Options::default());
        (deployment, record)
    }

    /// When the CA was made, in whole seconds from the start.
    fn made(&self) -> u64 {
        let (deployment, record) = self.play("");
        let mut issued = record
            .journal
            .entries()
            .iter()
            .filter_map(|entry| match &entry.kind {
                Kind::CertificateIssued(record) => Some((entry.time, record)),
                _ => None,
            });
        let root = issued.find(|(_, record)| record.kind == CertificateKind::Root);
        let (time, _) = root.expect("the CA");
        time.since(deployment.start).as_secs()
    }
}

/// `late` is integrated a second before `at`, which is the last moment at which the old CA signs.
fn signed_last(at: u64, steps: &str) -> String {
    let before = at - 1;
    format!(
        "faults:\n  - at: {before}s\n    integrate: {{model: m, between: [late:certificates, \
         ca:certificates]}}\n  - at: {at}s\n    rotation:\n      ca: ca\n      steps:\n{steps}"
    )
}

fn first_breach(
    deployment: &Deployment,
    record: &Record,
    invariant: Invariant,
) -> Option<(Time, String)> {
    let failing = outages(&record.manifest, &record.journal);
    let (manifest, journal) = (&record.manifest, &record.journal);
    let spec = &deployment.rotations[0];
    let rotated = Rotated::new(deployment, spec, manifest, journal, &failing);
    let end = deployment.start + deployment.duration;
    let found = rotated.violation(invariant, end)?;
    Some((found.at, violation::line(&found)))
}

/// The smallest number from `low` (which fails) to `high` (which does).
fn smallest(low: u64, high: u64, mut does: impl FnMut(u64) -> bool) -> u64 {
    let (mut fails, mut enough) = (low, high);
    assert!(!does(fails), "{fails} does");
    assert!(does(enough), "{enough} does not");
    while fails + 1 < enough {
        let middle = u64::midpoint(fails, enough);
        if does(middle) {
            enough = middle;
        } else {
            fails = middle;
        }
    }
    enough
}

/// SPIRE's `MaxSVIDTTLForCATTL` (spiffe/spire pkg/server/ca/manager/slot.go): the CA after next signs
/// from five sixths of a CA's life on, so what it signs lives at most a sixth of it.
#[test]
fn spires_longest_svid_is_a_sixth_of_its_ca() {
    for ca_ttl in [24 * HOUR, 6 * HOUR] {
        let exact = |leaf| Exact {
            duration: ca_ttl,
            validity: ca_ttl,
            leaf,
            refresh: 300,
        };
        let activation = exact(HOUR).made() + ca_ttl * 5 / 6;
        let steps = "        - prepare:\n        - distribute:\n        - switch-issuer:\n";
        let too_long = |leaf: u64| {
            let (deployment, record) = exact(leaf).play(&signed_last(activation, steps));
            first_breach(&deployment, &record, Invariant::LeafWithinIssuer).is_some()
        };
        let longest = smallest(ca_ttl / 12, ca_ttl / 2, too_long) - 1;
        // The last one was signed a second before.
        assert_eq!(longest - 1, ca_ttl / 6);
    }
}

/// What was signed last lives on for a whole leaf lifetime: so long both roots are trusted, to the
/// second, and with SPIRE's parameters that is a sixth of the CA's life.
#[test]
fn without_renewals_the_overlap_is_the_life_of_a_leaf() {
    let ca_ttl = 24 * HOUR;
    let leaf = ca_ttl / 6;
    let exact = Exact {
        duration: 30 * HOUR,
        validity: 2 * ca_ttl,
        leaf,
        refresh: 300,
    };
    let switch = 12 * HOUR;
    let solved = smallest(0, 2 * leaf, |tail| {
        let steps = format!(
            "        - prepare:\n        - distribute:\n        - switch-issuer:\n        - hold: \
             {tail}s\n        - withdraw:\n"
        );
        let (deployment, record) = exact.play(&signed_last(switch, &steps));
        first_breach(&deployment, &record, Invariant::UseEndsBeforeDistrust).is_none()
    });
    // Signed a second before the switch, and good for the very second in which it ends.
    assert_eq!(solved, ca_ttl / 6);
}

/// Consul keeps a root for twice the life of a leaf after it was rotated out
/// (hashicorp/consul agent/consul/leader_connect_ca.go, `pruneCARoots`): enough for a datacenter that
/// hears of the new root one leaf lifetime late and signs with the old one until then.
#[test]
fn consuls_two_leaf_lifetimes_cover_an_issuer_that_is_one_late() {
    let leaf = 6 * HOUR;
    let exact = Exact {
        duration: 40 * HOUR,
        validity: 300 * HOUR,
        leaf,
        refresh: 300,
    };
    let rotated_out = 12 * HOUR;
    let total = |late: u64| {
        late + smallest(0, 2 * leaf, |tail| {
            let begin = "        - prepare:\n        - cross-sign:\n        - distribute:\n";
            let steps = [
                format!("{begin}        - hold: {late}s"),
                "        - switch-issuer:".to_owned(),
                format!("        - hold: {tail}s"),
                "        - withdraw:\n".to_owned(),
            ]
            .join("\n");
            let faults = signed_last(rotated_out, &steps);
            let before = format!("at: {}s\n    integrate", rotated_out - 1);
            let after = format!("at: {}s\n    integrate", rotated_out + late - 1);
            let (deployment, record) = exact.play(&faults.replace(&before, &after));
            first_breach(&deployment, &record, Invariant::UseEndsBeforeDistrust).is_none()
        })
    };
    assert_eq!(total(0), leaf, "told at once: one leaf lifetime");
    assert_eq!(total(leaf), 2 * leaf, "one late: two");
}

/// OpenShift's service CA (openshift/enhancements, automated service CA rotation): pods restart at
/// least every `I`; the CA is replaced when less than `R` of its life `D` is left, behind a bridge.
/// No client is cut off if `R > I`, and `D = 2R` gives the next one as much: `D = 2R > 2I`.
#[test]
fn openshifts_remaining_life_is_the_longest_time_between_restarts() {
    let interval = 30 * DAY;
    // The pod has just read its bundle when the rotation begins.
    let exact = |validity| Exact {
        duration: 70 * DAY,
        validity,
        leaf: 200 * DAY,
        refresh: interval,
    };
    let settled = {
        let deployment = deployment(&exact(400 * DAY).text());
        let record = crate::common::play(&deployment, Options::default());
        let mut entries = record.journal.entries().iter();
        let settled = entries.find(|entry| matches!(entry.kind, Kind::Settled { .. }));
        settled
            .expect("it settles")
            .time
            .since(deployment.start)
            .as_secs()
    };
    let made = exact(400 * DAY).made();
    let begins = settled + interval + 1;
    let steps = "        - prepare: {same-name: true}\n        - cross-sign:\n        \
                 - distribute: {except: [pod]}\n        - switch-issuer:\n        - re-issue:\n";
    let faults =
        format!("faults:\n  - at: {begins}s\n    rotation:\n      ca: ca\n      steps:\n{steps}");
    let remaining = smallest(interval - HOUR, interval + HOUR, |remaining| {
        let (deployment, record) = exact(begins - made + remaining).play(&faults);
        let failing = outages(&record.manifest, &record.journal);
        let rotation = deployment.start + Span::from_secs(begins);
        let is_pods = |connection: u32| {
            record.manifest.connections[connection as usize]
                .client
                .as_str()
                == "pod"
        };
        !failing
            .iter()
            .any(|outage| outage.from > rotation && is_pods(outage.connection))
    });
    // It reads again a second short of `I` after the rotation began.
    let difference = remaining.abs_diff(interval);
    assert!(difference <= 2, "R = {remaining}, I = {interval}");
}
