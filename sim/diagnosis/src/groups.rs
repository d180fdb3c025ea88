//! Outages that are told together: those of one cause.
//!
//! A sealed Vault breaks forty connections of ten applications; they are one group, told by its longest outage. A
//! restart of a minute and a CA that was never trusted are two groups, though one connection had both.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::culprit::{Mark, blamed, is_one_cause, marks};
use super::{Findings, Outage, RootCause};
use trustsim_kernel::{Span, Time};
use trustsim_model::{Address, Manifest, Seq};

/// Up to so many outages a dev build groups a second time by comparing every two.
const COMPARED_PAIRWISE: usize = 300;

/// Outages that are told together, as indices into [`Findings::outages`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutageGroup {
    /// The longest first.
    pub outages: Vec<usize>,
    /// How long all of them are together.
    pub lost: Span,
}

/// What makes outages of different runs alike: the applications on both sides, and the cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Likeness {
    /// The application of the client, or a client outside Juju.
    pub client: Address,
    /// The application of the server.
    pub server: Address,
    /// What is to blame.
    pub cause: CauseLikeness,
}

/// What makes causes in different runs alike, whatever the units and instants in them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CauseLikeness {
    /// The kind of the cause.
    pub kind: &'static str,
    /// The applications and clients to blame, and a name that is asked for.
    pub blamed: BTreeSet<String>,
    /// The action to blame, where nothing else is: two that are planned are two causes.
    pub action: Option<PlannedAction>,
}

/// An action of a plan: when it is done, and the place of the scenario that asks for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlannedAction {
    /// When.
    pub at: Time,
    /// The file; empty where there is none.
    pub file: Arc<str>,
    /// Line and column, from 1.
    pub place: [u32; 2],
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
    pub fn of(manifest: &Manifest, findings: &Findings, outage: usize) -> Self {
        let connection = &manifest.connections[findings.outages[outage].connection as usize];
        Self {
            client: connection.client.to_application(),
            server: connection.server.to_application(),
            cause: CauseLikeness::of(&findings.explanations[outage].cause),
        }
    }
}

impl CauseLikeness {
    fn of(cause: &RootCause) -> Self {
        let blamed = blamed(&cause.what);
        let action = cause.action.as_ref().filter(|_| blamed.is_empty());
        Self {
            kind: cause.what.name(),
            action: action.map(|(at, source)| PlannedAction {
                at: *at,
                file: Arc::clone(&source.file),
                place: [source.line, source.column],
            }),
            blamed,
        }
    }
}

/// Outages of one cause: the same kind of cause with the same applications to blame, or after one action, whatever
/// errors the clients print and whichever applications they are between; after anything else that happened, those from
/// one application to one other. The group that lost the most time is the first. What is too small, or part of the
/// installation, is in none.
pub fn outage_groups(manifest: &Manifest, findings: &Findings) -> Vec<OutageGroup> {
    let told = (0..findings.outages.len()).filter(|&index| findings.classes[index].is_told());
    let told: Vec<usize> = told.collect();
    let groups = group(manifest, findings, &told);
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

/// Each outage with the first group that it is like. It is compared with those groups alone that have something in common
/// with it: of a thousand clients that lack a CA each is a group of its own.
fn group(manifest: &Manifest, findings: &Findings, told: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut by_mark: BTreeMap<Mark<'_>, Vec<usize>> = BTreeMap::new();
    let mut by_start: BTreeMap<(Option<Seq>, [&str; 2]), Vec<usize>> = BTreeMap::new();
    for &index in told {
        let explanation = &findings.explanations[index];
        let start = (explanation.root, sides(manifest, findings, index));
        let marks = marks(explanation);
        let alike = marks.iter().filter_map(|mark| by_mark.get(mark));
        let alike = alike.chain(by_start.get(&start)).flatten();
        let candidates: BTreeSet<usize> = alike.copied().collect();
        let mut candidates = candidates.into_iter();
        let found = candidates.find(|&at| is_alike(manifest, findings, groups[at][0], index));
        if let Some(at) = found {
            groups[at].push(index);
            continue;
        }
        let at = groups.len();
        groups.push(vec![index]);
        for mark in marks {
            by_mark.entry(mark).or_default().push(at);
        }
        by_start.entry(start).or_default().push(at);
    }
    if cfg!(debug_assertions) && told.len() <= COMPARED_PAIRWISE {
        let pairwise = group_pairwise(manifest, findings, told);
        assert_eq!(
            groups, pairwise,
            "outages that are alike have something in common"
        );
    }
    groups
}

/// The same by comparing each outage with every group.
fn group_pairwise(manifest: &Manifest, findings: &Findings, told: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for &index in told {
        let alike = |group: &&mut Vec<usize>| is_alike(manifest, findings, group[0], index);
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

/// The applications on both sides of an outage.
fn sides<'a>(manifest: &'a Manifest, findings: &Findings, outage: usize) -> [&'a str; 2] {
    let connection = findings.outages[outage].connection;
    let connection = &manifest.connections[connection as usize];
    [&connection.client, &connection.server].map(|side| side.application())
}

fn is_alike(manifest: &Manifest, findings: &Findings, one: usize, other: usize) -> bool {
    let sides = |index: usize| sides(manifest, findings, index);
    let [left, right] = [one, other].map(|index| &findings.explanations[index]);
    let after_one = left.root == right.root && sides(one) == sides(other);
    is_one_cause(left, right) || (left.cause.what.is_like(&right.cause.what) && after_one)
}

/// How long outages are together, up to `end` where they are open.
pub fn time_lost<'a>(outages: impl IntoIterator<Item = &'a Outage>, end: Time) -> Span {
    let lengths = outages.into_iter().map(|outage| outage.length(end));
    lengths.sum()
}
