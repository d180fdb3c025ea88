//! When connections fail in two futures, compared: which outages a change ends or shortens, and which connections it harms.

use std::collections::{BTreeMap, BTreeSet};

use trustsim_diagnosis::{Command, Outage, Remedy};
use trustsim_kernel::{Span, Time};
use trustsim_world::Manifest;

/// An outage of which no more than this part is left has all but ended.
const NEARLY: u32 = 100;

/// When each connection failed, by its name.
pub(super) struct FailingTimes<'a> {
    by_name: BTreeMap<&'a str, Vec<(usize, Time, Time)>>,
    lost: Span,
    /// What the scenario tolerates of one connection.
    tolerate: Span,
}

impl<'a> FailingTimes<'a> {
    pub(super) fn new(manifest: &'a Manifest, outages: &[Outage]) -> Self {
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
        Self {
            by_name,
            lost,
            tolerate: manifest.deployment.tolerate,
        }
    }

    /// How long each connection fails in all.
    fn by_connection(&self) -> BTreeMap<String, Span> {
        let names = self.by_name.keys();
        names
            .map(|name| ((*name).to_owned(), self.lost_by(name)))
            .collect()
    }

    /// How long a connection fails in all.
    fn lost_by(&self, name: &str) -> Span {
        // One that does not fail has no entry.
        let times = self.by_name.get(name).into_iter().flatten();
        times.map(|(_, from, until)| until.since(*from)).sum()
    }

    /// How much of an interval this connection fails.
    fn within(&self, name: &str, from: Time, until: Time) -> Span {
        let own = self.by_name.get(name).into_iter().flatten();
        own.map(|(_, begun, ended)| until.min(*ended).since(from.max(*begun)))
            .sum()
    }
}

pub(super) fn compare(
    before: &FailingTimes<'_>,
    after: &FailingTimes<'_>,
    at: Option<Time>,
    commands: Vec<Command>,
    plan: usize,
) -> Remedy {
    let mut remedy = Remedy {
        commands,
        at,
        later: Vec::new(),
        ends: Vec::new(),
        shortens: Vec::new(),
        nearly_ends: Vec::new(),
        breaks: Vec::new(),
        fails_longer: BTreeSet::new(),
        relieved: Span::ZERO,
        lost_before: before.lost,
        lost_after: after.lost,
        lost_by: after.by_connection(),
        new_cas: Vec::new(),
        serves_tls: Vec::new(),
        renames: None,
        rank: usize::MAX,
        plan,
        meant_for: None,
        lasting: BTreeMap::new(),
        elsewhere: BTreeMap::new(),
    };
    for (name, times) in &before.by_name {
        for (index, from, until) in times {
            let left = after.within(name, *from, *until);
            let length = until.since(*from);
            if left.is_zero() {
                remedy.ends.push(*index);
            } else if left * 2 <= length {
                remedy.shortens.push((*index, left));
                if left * NEARLY <= length {
                    remedy.nearly_ends.push(*index);
                }
            } else {
                continue;
            }
            remedy.relieved += length.saturating_sub(left);
        }
    }
    remedy.ends.sort_unstable();
    remedy.shortens.sort_unstable();
    let names = after.by_name.keys();
    let loses_more = |name: &&&str| after.lost_by(name) > before.lost_by(name) + before.tolerate;
    remedy.breaks = names
        .filter(loses_more)
        .map(|name| (*name).to_owned())
        .collect();
    let failed = |name: &&String| before.by_name.contains_key(name.as_str());
    remedy.fails_longer = remedy.breaks.iter().filter(failed).cloned().collect();
    remedy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::futures::Outcome;
    use std::sync::Arc;
    use trustsim_testkit::{Script, seconds};
    use trustsim_validators::ErrorKind;

    /// `other` loses nothing without a change, and 61 or 60 seconds with one, where a minute is tolerated.
    #[test]
    fn a_connection_that_loses_more_than_is_tolerated_is_harmed() {
        let mut script = Script::new(&["a.web/0", "a.other/0"]);
        let deployment = Arc::make_mut(&mut script.manifest.deployment);
        deployment.tolerate = seconds(60);
        script.fail(60, 0, ErrorKind::UnknownIssuer);
        script.ok(400, 0);
        let run = Outcome::of(script.manifest.clone(), &script.journal);
        let before = FailingTimes::new(&run.manifest, &run.outages);
        let breaks = |length: u64| {
            let failing = Outage {
                connection: 1,
                from: script.manifest.start + seconds(100),
                until: Some(script.manifest.start + seconds(100 + length)),
                ..run.outages[0].clone()
            };
            let after = [failing];
            let after = FailingTimes::new(&run.manifest, &after);
            compare(&before, &after, None, Vec::new(), 0).breaks
        };
        assert_eq!(breaks(60), Vec::<String>::new());
        assert_eq!(breaks(61), [script.manifest.connections[1].name.as_str()]);
    }
}
