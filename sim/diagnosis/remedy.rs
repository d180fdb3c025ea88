//! Remedies: changes an operator could make, each proven by playing the run again with it in
//! place. Nothing is called a remedy that was not played.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Findings;
use super::candidates::candidates;
use super::outages::Outage;
use crate::kernel::{Span, Time};
use crate::world::{Deployment, Manifest};

/// A change that ends or shortens outages, as a second run with it has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What an operator types, in order.
    pub commands: Vec<String>,
    /// When; `None` is before the run begins.
    pub at: Option<Time>,
    /// Outages of which nothing is left, as indices into [`Findings::outages`].
    pub ends: Vec<usize>,
    /// Outages of which at most half is left, with what that is: what leaves more is as likely an
    /// accident of timing.
    pub shortens: Vec<(usize, Span)>,
    /// Names of connections that fail with it at times at which they did not without.
    pub breaks: Vec<String>,
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

    /// One line: what to type, and when.
    pub fn line(&self) -> String {
        let commands = self.commands.join(" && ");
        match self.at {
            None => format!("{commands} (beforehand)"),
            Some(at) => format!("{commands} (at {at})"),
        }
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

/// Plays the run again with each candidate change in it, `tries_max` times at most, and keeps
/// what helped and cost less in all. `play` gives a deployment's connections and outages, played
/// to its end.
pub fn remedies(
    deployment: &Deployment,
    manifest: &Manifest,
    findings: &Findings,
    tries_max: usize,
    mut play: impl FnMut(Arc<Deployment>) -> Option<(Manifest, Vec<Outage>)>,
) -> Remedies {
    let mut found = Remedies::default();
    let mut possible: Vec<_> = candidates(deployment, manifest, findings)
        .into_iter()
        .filter_map(|change| Some((change.at(), change.make(deployment).ok()?)))
        .collect();
    found.untried = possible.len().saturating_sub(tries_max);
    possible.truncate(tries_max);
    let before = FailingTimes::new(manifest, &findings.outages);
    for (at, changed) in possible {
        let Some((manifest, outages)) = play(Arc::new(changed.deployment)) else {
            continue;
        };
        found.tried += 1;
        let after = FailingTimes::new(&manifest, &outages);
        let at = (!at.is_zero()).then(|| deployment.start + at);
        let remedy = compare(&before, &after, at, changed.commands);
        let helps = !remedy.ends.is_empty() || !remedy.shortens.is_empty();
        if helps && remedy.lost_after < remedy.lost_before {
            found.proven.push(remedy);
        }
    }
    let rank = |remedy: &Remedy| {
        let (breaks, commands) = (remedy.breaks.len(), remedy.commands.len());
        (breaks > 0, remedy.lost_after, commands, breaks)
    };
    found.proven.sort_by_key(rank);
    found
}

/// When each connection failed, by its name.
struct FailingTimes<'a> {
    by_name: BTreeMap<&'a str, Vec<(usize, Time, Time)>>,
    lost: Span,
}

impl<'a> FailingTimes<'a> {
    fn new(manifest: &'a Manifest, outages: &[Outage]) -> Self {
        let end = manifest.start + manifest.duration;
        let mut by_name: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (index, outage) in outages.iter().enumerate() {
            let name = manifest.connections[outage.connection as usize]
                .name
                .as_str();
            let times = (index, outage.from, outage.until.unwrap_or(end));
            by_name.entry(name).or_default().push(times);
        }
        let lost = outages.iter().map(|outage| outage.length(end)).sum();
        Self { by_name, lost }
    }

    /// How much of an interval this connection fails.
    fn within(&self, name: &str, from: Time, until: Time) -> Span {
        let own = self.by_name.get(name).into_iter().flatten();
        own.map(|(_, begun, ended)| until.min(*ended).since(from.max(*begun)))
            .sum()
    }
}

fn compare(
    before: &FailingTimes<'_>,
    after: &FailingTimes<'_>,
    at: Option<Time>,
    commands: Vec<String>,
) -> Remedy {
    let mut remedy = Remedy {
        commands,
        at,
        ends: Vec::new(),
        shortens: Vec::new(),
        breaks: Vec::new(),
        lost_before: before.lost,
        lost_after: after.lost,
    };
    for (name, times) in &before.by_name {
        for (index, from, until) in times {
            let left = after.within(name, *from, *until);
            if left.is_zero() {
                remedy.ends.push(*index);
            } else if left * 2 <= until.since(*from) {
                remedy.shortens.push((*index, left));
            }
        }
    }
    remedy.ends.sort_unstable();
    remedy.shortens.sort_unstable();
    for (name, times) in &after.by_name {
        let is_new = |(_, from, until): &(usize, Time, Time)| {
            before.within(name, *from, *until) < until.since(*from)
        };
        if times.iter().any(is_new) {
            remedy.breaks.push((*name).to_owned());
        }
    }
    remedy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::diagnose;
    use crate::diagnosis::fixtures::{Authority, Script, deployment, seconds};

    /// `a.client/0` trusts nothing and fails from 60 s to 200 s.
    fn failing() -> (Deployment, Script) {
        let mut script = Script::new(&["a.web/0"]);
        "a.client/0".clone_into(&mut script.manifest.connections[0].client);
        let ca = Authority::root("ca");
        let leaf = ca.leaf("web.example.com");
        script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
        script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
        script.trusts(3, "a.client/0", &[]);
        script.serves(4, None, "a.web/0", &leaf);
        script.fail(60, 0, "unknown-issuer");
        script.ok(200, 0);
        (deployment(), script)
    }

    /// What is found where every second run fails in this interval, in seconds.
    fn found(again: Option<(u64, u64)>) -> (Remedies, usize) {
        let (deployment, script) = failing();
        let findings = diagnose(&deployment, &script.manifest, &script.journal);
        let mut played = 0;
        let proven = remedies(&deployment, &script.manifest, &findings, 1, |_| {
            played += 1;
            let start = script.manifest.start;
            let failing = again.map(|(from, until)| Outage {
                from: start + seconds(from),
                until: Some(start + seconds(until)),
                ..findings.outages[0].clone()
            });
            Some((script.manifest.clone(), failing.into_iter().collect()))
        });
        (proven, played)
    }

    #[test]
    fn what_is_gone_is_ended() {
        let (found, played) = found(None);
        assert_eq!((played, found.tried), (1, 1));
        let best = found.best(0).expect("it ended");
        assert_eq!((&best.ends[..], &best.shortens[..]), (&[0][..], &[][..]));
        let command = "juju integrate -m a client:receive-ca-cert ca:send-ca-cert";
        assert_eq!(best.line(), format!("{command} (beforehand)"));
        assert_eq!(best.lost_before, seconds(140));
    }

    #[test]
    fn what_is_left_is_said() {
        let (found, _) = found(Some((60, 90)));
        let best = found.best(0).expect("it helps");
        assert_eq!(best.shortens, [(0, seconds(30))]);
        assert_eq!((best.ends.len(), best.breaks.len()), (0, 0));
    }

    #[test]
    fn what_fails_instead_is_said() {
        let (found, _) = found(Some((300, 320)));
        let best = found.best(0).expect("it ended");
        assert_eq!(best.breaks, ["browser -> a.web/0"]);
    }

    #[test]
    fn what_changes_nothing_is_no_remedy() {
        assert_eq!(found(Some((60, 200))).0.proven, []);
        assert_eq!(
            found(Some((10, 900))).0.proven,
            [],
            "nor what makes it worse"
        );
    }
}
