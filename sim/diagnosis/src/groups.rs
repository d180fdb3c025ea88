//! Outages that are told together: those of one cause.
//!
//! A sealed Vault breaks forty connections of ten applications; they are one group, told by its longest outage. A
//! restart of a minute and a CA that was never trusted are two groups, though one connection had both.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::culprit::is_one_cause;
use super::{Findings, Outage};
use trustsim_kernel::{Span, Time};
use trustsim_model::{Address, Manifest};

/// Outages that are told together, as indices into [`Findings::outages`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutageGroup {
    /// The longest first.
    pub outages: Vec<usize>,
    /// How long all of them are together.
    pub lost: Span,
}

/// What makes outages of different runs alike: the applications on both sides, and the kind of cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Likeness {
    /// The application of the client, or a client outside Juju.
    pub client: Address,
    /// The application of the server.
    pub server: Address,
    /// The kind of the cause.
    pub cause: &'static str,
}

impl OutageGroup {
    /// The outage that is told.
    pub fn longest(&self) -> usize {
        self.outages[0]
    }

    /// What its outages have in common with those of another run: once for each pair of applications.
    pub fn likenesses(&self, manifest: &Manifest, findings: &Findings) -> BTreeSet<Likeness> {
        let each = self.outages.iter();
        each.map(|&index| Likeness::of(manifest, findings, index))
            .collect()
    }
}

impl Likeness {
    /// What an outage has in common with one of another run.
    pub(crate) fn of(manifest: &Manifest, findings: &Findings, outage: usize) -> Self {
        let connection = &manifest.connections[findings.outages[outage].connection as usize];
        Self {
            client: connection.client.to_application(),
            server: connection.server.to_application(),
            cause: findings.explanations[outage].cause.what.name(),
        }
    }
}

/// Outages of one cause: the same kind of cause with the same applications to blame, or after one action, whatever
/// errors the clients print and whichever applications they are between; after anything else that happened, those from
/// one application to one other. The group that lost the most time is the first. What is too small, or part of the
/// installation, is in none.
pub fn outage_groups(manifest: &Manifest, findings: &Findings) -> Vec<OutageGroup> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let told = (0..findings.outages.len()).filter(|&index| findings.classes[index].is_told());
    let told: Vec<usize> = told.collect();
    for &index in &told {
        let alike = |group: &&mut Vec<usize>| is_alike(manifest, findings, group[0], index);
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    assert_eq!(
        groups.iter().map(Vec::len).sum::<usize>(),
        told.len(),
        "every outage that is told is in one group: {groups:?}"
    );
    let end = manifest.end();
    let length = |index: usize| findings.outages[index].length(end);
    let groups = groups.into_iter().map(|mut outages| {
        // Of equally long ones the first.
        outages.sort_by_key(|&index| Reverse(length(index)));
        let lost = outages.iter().map(|&index| length(index)).sum();
        OutageGroup { outages, lost }
    });
    let mut groups: Vec<OutageGroup> = groups.collect();
    groups.sort_by_key(|group| Reverse(group.lost));
    groups
}

fn is_alike(manifest: &Manifest, findings: &Findings, one: usize, other: usize) -> bool {
    let sides = |index: usize| {
        let connection = findings.outages[index].connection;
        let connection = &manifest.connections[connection as usize];
        [&connection.client, &connection.server].map(|side| side.application())
    };
    let [left, right] = [one, other].map(|index| &findings.explanations[index]);
    let after_one = left.root == right.root && sides(one) == sides(other);
    is_one_cause(left, right) || (left.cause.what.is_like(&right.cause.what) && after_one)
}

/// How long outages are together, up to `end` where they are open.
pub fn time_lost<'a>(outages: impl IntoIterator<Item = &'a Outage>, end: Time) -> Span {
    let lengths = outages.into_iter().map(|outage| outage.length(end));
    lengths.sum()
}
