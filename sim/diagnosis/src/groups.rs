//! Outages that are told together: those of one kind of cause between the same two applications.
//!
//! A rotated CA breaks forty connections of one ingress at once; they are one group, told by its longest outage. A
//! restart of a minute and a CA that was never trusted are two groups, though one connection had both.

use std::cmp::Reverse;

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

    /// What it has in common with a group of another run.
    pub fn likeness(&self, manifest: &Manifest, findings: &Findings) -> Likeness {
        let index = self.longest();
        let connection = &manifest.connections[findings.outages[index].connection as usize];
        Likeness {
            client: connection.client.to_application(),
            server: connection.server.to_application(),
            cause: findings.explanations[index].cause.what.name(),
        }
    }
}

/// Outages with one error and one kind of cause from one application to one other, after one thing that happened or
/// with one first line. The group that lost the most time is the first. What is too small, or part of the installation,
/// is in none.
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
    let sides = |outage: &Outage| {
        let connection = &manifest.connections[outage.connection as usize];
        [&connection.client, &connection.server].map(|side| side.application())
    };
    let [first, second] = [one, other].map(|index| &findings.outages[index]);
    let [left, right] = [one, other].map(|index| &findings.explanations[index]);
    first.error == second.error
        && sides(first) == sides(second)
        && left.cause.what.name() == right.cause.what.name()
        && (left.root == right.root || left.cause.what == right.cause.what)
}

/// How long outages are together, up to `end` where they are open.
pub fn time_lost<'a>(outages: impl IntoIterator<Item = &'a Outage>, end: Time) -> Span {
    let lengths = outages.into_iter().map(|outage| outage.length(end));
    lengths.sum()
}
