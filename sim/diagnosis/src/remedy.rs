//! Remedies, as values: changes an operator could make, each of which a second run has proven. Nothing is
//! called a remedy that was not played; `trustsim_whatif` plays them.

use std::collections::{BTreeMap, BTreeSet};

use super::Findings;
use super::command::Command;
use trustsim_kernel::{Span, Time};
use trustsim_model::{Address, Manifest};
use trustsim_validators::ErrorKind;

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
    /// Those of which no more than a hundredth is left: an operator cannot type before the outage is seen, or before Juju
    /// takes the command. They are in `shortens` too.
    pub nearly_ends: Vec<usize>,
    /// Names of connections that lose more with it than without, by more than the scenario tolerates: an outage that comes
    /// seconds earlier or later is no harm.
    pub breaks: Vec<String>,
    /// Those of them that fail without it, too.
    pub fails_longer: BTreeSet<String>,
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
    /// Applications that had no certificate before and serve TLS with it: who dials them without TLS has to follow.
    pub serves_tls: Vec<Address>,
    /// The ingress whose public name it changes: every URL that it hands out has the new one.
    pub renames: Option<Address>,
    /// How likely it is what an operator would do: its place among all candidates, the most likely first. What was worked
    /// out for a whole run comes after them.
    pub rank: usize,
    /// Which of the changes that were tried it is, by its place among them.
    pub plan: usize,
    /// The outages whose cause it was guessed from, in order; `None` for what is there from the start, or was worked out
    /// for a whole run.
    pub meant_for: Option<Vec<usize>>,
    /// Whether what it does outlives the run, for groups of outages with which that was played: by the first of each.
    pub lasting: BTreeMap<usize, Lasting>,
    /// What comes of it with other seeds, for groups of outages with which that was played: by the first of each.
    pub elsewhere: BTreeMap<usize, Vec<RemedyElsewhere>>,
}

/// Whether what a remedy does for a group of outages outlives the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// Played on beyond the end of the run, the same cause does not come back.
    Ends,
    /// The same cause is back at this instant: what was renewed ends later, that is all.
    PutsOff(Time),
}

/// What comes of a remedy with another seed, for a group of outages that comes with that seed too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemedyElsewhere {
    /// The seed.
    pub seed: u64,
    /// What outages like those of the group lose without it.
    pub due: Span,
    /// What the connections between their applications lose without it, of whatever cause.
    pub lost_before: Span,
    /// And with it.
    pub lost_after: Span,
}

impl RemedyElsewhere {
    /// Whether at least half of what the group loses is not lost then.
    pub fn helps(&self) -> bool {
        self.lost_after + self.due / 2 <= self.lost_before
    }
}

impl Remedy {
    /// Whether it does something for this outage.
    pub fn helps(&self, outage: usize) -> bool {
        self.ends.contains(&outage) || self.shortens.iter().any(|(index, _)| *index == outage)
    }

    /// Whether it ends this outage, or all but a hundredth of it.
    fn all_but_ends(&self, outage: usize) -> bool {
        self.ends.contains(&outage) || self.nearly_ends.contains(&outage)
    }

    /// Whether it was guessed from the cause of one of these outages, or for a whole run.
    fn is_meant_for(&self, group: &[usize]) -> bool {
        let Some(meant_for) = &self.meant_for else {
            return true;
        };
        let mut group = group.iter();
        group.any(|outage| meant_for.binary_search(outage).is_ok())
    }

    /// Whether these connections, by name, together lose less with it than this.
    pub fn lowers<'n>(&self, names: impl IntoIterator<Item = &'n str>, lost: Span) -> bool {
        // A connection that does not fail at all has no entry.
        let after = names.into_iter().filter_map(|name| self.lost_by.get(name));
        after.sum::<Span>() < lost
    }

    /// Which part of what was lost is lost with it, in hundredths: less is as much an accident of when it is typed.
    fn hundredths_left(&self) -> u128 {
        let before = self.lost_before.as_nanos().max(1);
        self.lost_after.as_nanos() * 100 / before
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
    /// What helps: what breaks nothing first, then what leaves least lost, to a hundredth, then what an operator would
    /// more likely do.
    pub proven: Vec<Remedy>,
    /// How many changes were played.
    pub tried: usize,
    /// How many more could have been, had more been allowed.
    pub untried: usize,
    /// How many were not played, or not to their end, since all together had taken as long as they may.
    pub too_long: usize,
}

impl Remedies {
    /// Into their order.
    pub fn sort(&mut self) {
        self.proven.sort_by_key(|remedy| {
            let breaks = remedy.breaks.len();
            let commands = remedy.commands.len() + remedy.later.len();
            let left = remedy.hundredths_left();
            (
                breaks > 0,
                left,
                remedy.rank,
                remedy.lost_after,
                commands,
                breaks,
            )
        });
    }

    /// The best remedy for one outage.
    pub fn best(&self, outage: usize) -> Option<&Remedy> {
        let helping = || self.proven.iter().filter(|remedy| remedy.helps(outage));
        let ends = |remedy: &&Remedy| remedy.all_but_ends(outage);
        helping().find(ends).or_else(|| helping().next())
    }

    /// The best remedy for a group of outages, told by the first: of those that help it ([`Self::all_for`]) the first
    /// that was seen to last, else one that puts the outage off; of those alike, the one that helps with most seeds.
    pub fn best_for(
        &self,
        manifest: &Manifest,
        findings: &Findings,
        group: &[usize],
    ) -> Option<&Remedy> {
        let fitting = self.all_for(manifest, findings, group).into_iter();
        // Of those alike the first.
        fitting.min_by_key(|remedy| {
            let lasts = match remedy.lasting.get(&group[0]) {
                Some(Lasting::Ends) => 0,
                Some(Lasting::PutsOff(_)) => 1,
                None => 2,
            };
            // One that was not played with other seeds comes after those that were.
            let fails = remedy.elsewhere.get(&group[0]).map_or(usize::MAX, |each| {
                each.iter().filter(|each| !each.helps()).count()
            });
            (lasts, fails)
        })
    }

    /// The remedies that help the first of a group of outages, or where none of them does without harm, at least half of the
    /// group, and with which their connections lose less in all; the best first. Where something
    /// has expired, whatever issues certificates earlier or later moves the outage: only what was guessed from the cause
    /// of one of the group counts.
    pub fn all_for(
        &self,
        manifest: &Manifest,
        findings: &Findings,
        group: &[usize],
    ) -> Vec<&Remedy> {
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
        let first = group[0];
        let is_expiry = findings.outages[first].error == ErrorKind::Expired;
        let fits = |remedy: &&Remedy| {
            remedy.lowers(names(), lost) && (!is_expiry || remedy.is_meant_for(group))
        };
        let all = || self.proven.iter().filter(fits);
        let mut fitting: Vec<&Remedy> = all().filter(|remedy| remedy.helps(first)).collect();
        // Those alike stay in their order.
        fitting.sort_by_key(|remedy| !remedy.all_but_ends(first));
        if fitting.first().is_some_and(|best| best.breaks.is_empty()) {
            return fitting;
        }
        // The longest may have another cause too, in its time: what helps most of them comes before what harms others.
        let helps_most = |remedy: &&Remedy| {
            let helped = group.iter().filter(|outage| remedy.helps(**outage));
            remedy.breaks.is_empty() && helped.count() * 2 >= group.len()
        };
        let mut harmless: Vec<&Remedy> = all().filter(helps_most).collect();
        fitting.retain(|remedy| !helps_most(remedy));
        harmless.append(&mut fitting);
        harmless
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remedy(plan: usize, breaks: &[&str]) -> Remedy {
        Remedy {
            commands: Vec::new(),
            at: None,
            later: Vec::new(),
            ends: Vec::new(),
            shortens: Vec::new(),
            nearly_ends: Vec::new(),
            breaks: breaks.iter().map(|name| (*name).to_owned()).collect(),
            fails_longer: BTreeSet::new(),
            relieved: Span::from_secs(1_000),
            lost_before: Span::from_secs(1_000),
            lost_after: Span::from_secs(100),
            lost_by: BTreeMap::new(),
            new_cas: Vec::new(),
            serves_tls: Vec::new(),
            renames: None,
            rank: plan,
            plan,
            meant_for: None,
            lasting: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
        }
    }

    /// A new CA in nine commands ended an outage, and broke other connections; one relation that is made again left five
    /// minutes of 240 days.
    #[test]
    fn what_leaves_minutes_of_months_is_no_worse_than_what_ends_it_and_breaks_others() {
        let mut exotic = remedy(0, &["client -> etcd"]);
        exotic.ends.push(0);
        let mut simple = remedy(1, &[]);
        simple.shortens.push((0, Span::from_secs(5)));
        let mut found = Remedies {
            proven: vec![exotic, simple],
            ..Remedies::default()
        };
        found.sort();
        assert_eq!(found.best(0).map(|best| best.plan), Some(0));
        for each in &mut found.proven {
            each.nearly_ends = each.shortens.iter().map(|(outage, _)| *outage).collect();
        }
        assert_eq!(found.best(0).map(|best| best.plan), Some(1));
    }

    /// A rotation under traefik, which is left with one CA of two by chance: with six seeds of eight the remedy lost a few
    /// seconds less of 79 days.
    #[test]
    fn seconds_of_days_are_no_help_with_another_seed() {
        let with = |lost_after: u64| RemedyElsewhere {
            seed: 2,
            due: Span::from_secs(40),
            lost_before: Span::from_secs(80),
            lost_after: Span::from_secs(lost_after),
        };
        assert!(!with(79).helps() && !with(61).helps());
        assert!(with(60).helps() && with(0).helps());
    }

    /// One that leaves minutes less is not told in place of what the cause says.
    #[test]
    fn of_those_that_leave_a_hundredth_the_likelier_comes_first() {
        let mut sooner = remedy(0, &[]);
        (sooner.rank, sooner.lost_after) = (5, Span::from_secs(1));
        let mut likelier = remedy(1, &[]);
        (likelier.rank, likelier.lost_after) = (2, Span::from_secs(9));
        let mut less = remedy(2, &[]);
        (less.rank, less.lost_after) = (1, Span::from_secs(10));
        let mut found = Remedies {
            proven: vec![sooner, likelier, less],
            ..Remedies::default()
        };
        found.sort();
        let plans: Vec<usize> = found.proven.iter().map(|remedy| remedy.plan).collect();
        assert_eq!(plans, [1, 0, 2]);
    }

    /// `juju resume-relation`, guessed from an outage of months before.
    #[test]
    fn what_was_guessed_from_another_cause_is_meant_for_that_alone() {
        let mut resumed = remedy(0, &[]);
        resumed.meant_for = Some(vec![2, 5]);
        assert!(resumed.is_meant_for(&[4, 5]) && !resumed.is_meant_for(&[3, 4]));
        resumed.meant_for = None;
        assert!(resumed.is_meant_for(&[3, 4]), "it is there from the start");
    }
}
