//! Puts acts in an order in which each comes after what it needs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Act;
use super::steps::{Need, Plan};
use trustsim_world::ApplicationIndex;

/// The order: of what may come next, first what gives CAs, then what gives trust, then what gives certificates. Needs
/// that form a circle are replaced, where one of them is trust that comes with the holder's own certificates.
pub(super) fn sort(plan: &mut Plan<'_>) -> Vec<Act> {
    loop {
        let (sorted, left) = attempt(plan);
        if left.is_empty() {
            return sorted;
        }
        let circular = circular(plan, &left);
        assert!(
            !circular.is_empty(),
            "what cannot be ordered needs its own certificates for trust: {left:?}"
        );
        for (act, before) in of_best_holder(plan, &circular) {
            plan.replace(act, before);
        }
    }
}

/// What can be ordered, and what is left.
fn attempt(plan: &Plan<'_>) -> (Vec<Act>, BTreeSet<Act>) {
    let mut left: BTreeSet<Act> = plan.acts().collect();
    let mut sorted = Vec::new();
    loop {
        let ready = left.iter().copied().filter(|act| {
            let mut needs = plan.needs(*act);
            needs.all(|(before, _)| !left.contains(&before))
        });
        let Some(next) = ready.min_by_key(|act| (plan.kind(*act), *act)) else {
            return (sorted, left);
        };
        left.remove(&next);
        sorted.push(next);
    }
}

/// A need of trust that comes with the holder's own certificates: what needs it, what it needs, the holder and the CA.
type OwnTrust = (Act, Act, ApplicationIndex, ApplicationIndex);

/// The replaceable needs that are part of a circle.
fn circular(plan: &Plan<'_>, left: &BTreeSet<Act>) -> Vec<OwnTrust> {
    let mut found = Vec::new();
    for &act in left {
        for (before, need) in plan.needs(act) {
            if let Need::TrustByOwn { holder, ca } = need
                && left.contains(&before)
                && reaches(plan, before, act)
            {
                found.push((act, before, holder, ca));
            }
        }
    }
    found
}

/// Those of one holder, to which one relation brings the CA: of those to which one can, the one with the most.
fn of_best_holder(plan: &Plan<'_>, circular: &[OwnTrust]) -> Vec<(Act, Act)> {
    let mut counts: BTreeMap<(ApplicationIndex, ApplicationIndex), usize> = BTreeMap::new();
    for (_, _, holder, ca) in circular {
        *counts.entry((*holder, *ca)).or_default() += 1;
    }
    let best = counts.into_iter().max_by_key(|&((holder, ca), count)| {
        let can = plan.can_transfer(ca, holder);
        (can, count, Reverse(holder))
    });
    let (best, _) = best.expect("there is a circle");
    let own = circular
        .iter()
        .filter(|(.., holder, ca)| (*holder, *ca) == best);
    own.map(|(act, before, ..)| (*act, *before)).collect()
}

/// Whether one act needs another, over however many others.
fn reaches(plan: &Plan<'_>, from: Act, to: Act) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(act) = open.pop() {
        if act == to {
            return true;
        }
        if seen.insert(act) {
            open.extend(plan.needs(act).map(|(before, _)| before));
        }
    }
    false
}
