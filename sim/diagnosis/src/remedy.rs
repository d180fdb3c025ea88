//! Remedies, as values: changes an operator could make, each of which a second run has proven. Nothing is
//! called a remedy that was not played; `trustsim_whatif` plays them.

use super::command::Command;
use trustsim_kernel::{Span, Time};

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
}

impl Remedy {
    /// Whether it does something for this outage.
    pub fn helps(&self, outage: usize) -> bool {
        self.ends.contains(&outage) || self.shortens.iter().any(|(index, _)| *index == outage)
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
        let ends = |remedy: &&Remedy| remedy.ends.contains(&outage);
        let helps = |remedy: &&Remedy| remedy.helps(outage);
        self.proven
            .iter()
            .find(ends)
            .or_else(|| self.proven.iter().find(helps))
    }
}
