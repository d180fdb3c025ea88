//! Rehearsing a rotation, and finding what one came to.

use std::num::{NonZeroU32, NonZeroUsize};

use trustsim::diagnosis::Invariant;
use trustsim::kernel::Span;
use trustsim::rehearsal::{Judged, Rehearsal, Rehearsed, Request, rehearse};
use trustsim::world::Deployment;

const DAY: u64 = 86_400;

/// A rotation of a CA that begins on this day, with one seed.
pub(crate) fn rehearsed_on(
    deployment: &Deployment,
    (ca, day): (&str, u64),
    longest_days: u64,
) -> Rehearsal {
    let mut all = deployment.applications.keys();
    let ca = all.find(|index| deployment.application_address(*index) == ca);
    let request = Request {
        ca: ca.expect("a CA"),
        at: Span::from_secs(day * DAY),
        longest: Span::from_secs(longest_days * DAY),
        seeds: NonZeroU32::MIN,
        threads: NonZeroUsize::MIN,
    };
    rehearse(deployment, request).expect("it can be rehearsed")
}

pub(crate) fn playbook<'a>(rehearsal: &'a Rehearsal, name: &str) -> &'a Rehearsed {
    let found = rehearsal
        .playbooks
        .iter()
        .find(|each| each.playbook.name() == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

pub(crate) fn judged(rehearsed: &Rehearsed, invariant: Invariant) -> &Judged {
    let mut all = rehearsed.invariants.iter();
    let found = all.find(|(each, _)| *each == invariant);
    &found.expect("all are judged").1
}
