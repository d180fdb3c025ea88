//! Remedies, as values: changes an operator could make, each of which a second run has proven. Nothing is
//! called a remedy that was not played; `trustsim_whatif` plays them.

use std::collections::{BTreeMap, BTreeSet};

use super::Findings;
use super::command::Command;
use trustsim_kernel::{Span, Time};
use trustsim_model::{Address, Manifest};

/// Which part of the time that a remedy saves has to be a gain in all: a tenth.
const LEAST_GAIN: u32 = 10;

/// A change that ends or shortens outages, as a second run with it has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What an operator types, in order.
    pub commands: Vec<Command>,
    /// When; `None` is before the run begins.
    pub at: Option<Time>,
    /// What is typed after that, each at its time: a change in several steps.
    pub later: Vec<(Time, Command)>,
    /// Outages of which nothing is left, as indices into [`crate::Findings::outages`].
    pub ends: Vec<usize>,
    /// Outages of which at most half is left, with what that is: what leaves more is as likely an
    /// accident of timing.
    pub shortens: Vec<(usize, Span)>,
    /// Names of connections that fail with it at times at which they did not without.
    pub breaks: Vec<String>,
    /// How much less the outages that it ends or shortens take.
    pub relieved: Span,
    /// Lost time of all connections together, without it.
    pub lost_before: Span,
    /// And with it.
    pub lost_after: Span,
    /// With it, the lost time of each connection that fails at all, by its name.
    pub lost_by: BTreeMap<String, Span>,
    /// Applications that make more CAs with it than without: whatever trusts the one before has to follow.
    pub new_cas: Vec<Address>,
    /// Which of the changes that were tried it is, by its place among them.
    pub plan: usize,
    /// What comes of it with other seeds; nothing where none was played.
    pub elsewhere: Vec<RemedyElsewhere>,
}

/// What comes of a remedy with another seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemedyElsewhere {
    /// The seed.
    pub seed: u64,
    /// What is lost without it.
    pub lost_before: Span,
    /// And with it.
    pub lost_after: Span,
}

impl RemedyElsewhere {
    /// Whether less is lost.
    pub fn helps(&self) -> bool {
        self.lost_after < self.lost_before
    }
}

impl Remedy {
    /// Whether it does something for this outage.
    pub fn helps(&self, outage: usize) -> bool {
        self.ends.contains(&outage) || self.shortens.iter().any(|(index, _)| *index == outage)
    }

    /// Whether these connections, by name, together lose less with it than this.
    pub fn lowers<'n>(&self, names: impl IntoIterator<Item = &'n str>, lost: Span) -> bool {
        // A connection that does not fail at all has no entry.
        let after = names.into_iter().filter_map(|name| self.lost_by.get(name));
        after.sum::<Span>() < lost
    }

    /// Whether it did something for an outage, and cost less in all. Where other outages take nearly all of the
    /// time that it saves, the little that is left is as likely an accident of timing.
    pub fn is_worth_it(&self) -> bool {
        let helps = !self.ends.is_empty() || !self.shortens.is_empty();
        let gained = self.lost_before.saturating_sub(self.lost_after);
        helps && !gained.is_zero() && gained >= self.relieved / LEAST_GAIN
    }
}

/// What was found by trying.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedies {
    /// What helps: what breaks nothing first, then what leaves least lost, then what takes
    /// fewest commands.
    pub proven: Vec<Remedy>,
    /// How many changes were played.
    pub tried: usize,
    /// How many more could have been, had more been allowed.
    pub untried: usize,
    /// How many were not played, or not to their end, since all together had taken as long as they may.
    pub too_long: usize,
}

impl Remedies {
    /// Into their order; those alike stay in theirs.
    pub fn sort(&mut self) {
        self.proven.sort_by_key(|remedy| {
            let breaks = remedy.breaks.len();
            let commands = remedy.commands.len() + remedy.later.len();
            (breaks > 0, remedy.lost_after, commands, breaks)
        });
    }

    /// The best remedy for one outage.
    pub fn best(&self, outage: usize) -> Option<&Remedy> {
        self.best_of(outage, |_| true)
    }

    /// The best remedy for a group of outages, told by the first: one with which its connections lose less in all.
    pub fn best_for(
        &self,
        manifest: &Manifest,
        findings: &Findings,
        group: &[usize],
    ) -> Option<&Remedy> {
        let connections: BTreeSet<u32> = group
            .iter()
            .map(|&index| findings.outages[index].connection)
            .collect();
        let lost = connections
            .iter()
            .map(|&index| findings.tallies[index as usize].lost);
        let lost: Span = lost.sum();
        let names = || {
            let of = |&index: &u32| manifest.connections[index as usize].name.as_str();
            connections.iter().map(of)
        };
        self.best_of(group[0], |remedy| remedy.lowers(names(), lost))
    }

    fn best_of(&self, outage: usize, fits: impl Fn(&Remedy) -> bool) -> Option<&Remedy> {
        let fitting = || self.proven.iter().filter(|remedy| fits(remedy));
        let ends = |remedy: &&Remedy| remedy.ends.contains(&outage);
        let helps = |remedy: &&Remedy| remedy.helps(outage);
        fitting().find(ends).or_else(|| fitting().find(helps))
    }
}
