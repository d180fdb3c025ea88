//! Whether a remedy outlives the run. What has certificates issued anew ends an outage until they end in their turn: where
//! the cause is still there, the outage has moved behind the end of the run, that is all.
//!
//! For example, `juju run vault/leader reissue-certificates` a month before a relation is removed: the certificate that
//! would have ended within the run ends a year after the command, over no relation as before. The run is played again with
//! the command, until a certificate that is issued then has ended.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::effort::Unfinished;
use crate::remedies::{Plan, Trials};
use trustsim_diagnosis::{Explanation, Findings, Lasting, Likeness, OutageGroup, outage_groups};
use trustsim_kernel::{Span, Time};
use trustsim_validators::ErrorKind;
use trustsim_world::Manifest;

const DAY: Span = Span::from_secs(86_400);
/// How much longer at most: a leaf of the public web lives 398 days at most (CA/Browser Forum Baseline Requirements 6.3.2),
/// those of the charms a year. That a root of ten years ends again is no news.
const LONGER_MAX: Span = Span::from_secs(400 * DAY.as_secs());
/// Groups of outages for which it is played: those that are told first.
const GROUPS_MAX: usize = 2;
/// Remedies that are played for one of them, where the first puts the outage off.
const PLAYED_MAX: usize = 2;

/// Plays the run longer with the best remedy of each group of outages in which something has expired, and notes whether
/// the same cause comes back after the end of the run. One that only puts off is passed over for the next. `play` plays a
/// plan to its end and diagnoses it.
///
/// # Panics
///
/// Where an assertion of the simulation is broken.
pub fn play_longer(
    trials: &mut Trials,
    manifest: &Manifest,
    findings: &Findings,
    mut play: impl FnMut(&Plan) -> Result<(Manifest, Findings), Unfinished>,
) {
    let groups: Vec<OutageGroup> = outage_groups(manifest, findings)
        .into_iter()
        .filter(|group| expired_life(findings, group).is_some())
        .take(GROUPS_MAX)
        .collect();
    let lives = groups
        .iter()
        .filter_map(|group| expired_life(findings, group));
    // Without such a group nothing is played.
    let Some(life) = lives.max() else {
        return;
    };
    let mut played: BTreeMap<usize, Vec<Return>> = BTreeMap::new();
    for group in &groups {
        let told_by = group.longest();
        let fitting = trials.found.all_for(manifest, findings, &group.outages);
        let tried = fitting.iter().take(PLAYED_MAX);
        let tried: Vec<(usize, Span)> = tried
            .map(|remedy| (remedy.plan, long_enough(manifest, remedy.at, life)))
            .collect();
        for (plan, duration) in tried {
            if let Entry::Vacant(first) = played.entry(plan) {
                let mut planned = trials.plans[plan].clone();
                Arc::make_mut(&mut planned.deployment).duration = duration;
                let beyond = match duration > manifest.duration {
                    // What cannot be played says nothing of how long it lasts.
                    true => match play(&planned) {
                        Ok((beyond, found)) => returns(&beyond, &found, manifest.end()),
                        Err(_) => break,
                    },
                    // What comes back would have come back within the run.
                    false => Vec::new(),
                };
                first.insert(beyond);
            }
            let lasting = lasting(manifest, findings, group, &played[&plan]);
            trials.proven(plan).lasting.insert(told_by, lasting);
            if lasting == Lasting::Ends {
                break;
            }
        }
    }
}

/// For how long a run is played until a certificate has ended that was issued at an instant, or at the end of the run where
/// something is other from the start: a tenth of its life and a day more, for who issues it late.
fn long_enough(manifest: &Manifest, at: Option<Time>, life: Span) -> Span {
    let issued = at.map_or(manifest.duration, |at| at.since(manifest.start));
    let ended = issued + life + life / 10 + DAY;
    ended.clamp(manifest.duration, manifest.duration + LONGER_MAX)
}

/// How long the certificate lives that has expired, where it is that which a group of outages is told by.
fn expired_life(findings: &Findings, group: &OutageGroup) -> Option<Span> {
    let index = group.longest();
    if findings.outages[index].error != ErrorKind::Expired {
        return None;
    }
    let Explanation { symptom, .. } = &findings.explanations[index];
    let ended = symptom.invalid.as_ref().or(symptom.leaf.as_ref())?;
    Some(ended.not_after().since(ended.not_before()))
}

/// An outage that lasts beyond the end of the run that is played longer.
struct Return {
    likeness: Likeness,
    from: Time,
    /// `None` where it is open at the end of the longer run.
    length: Option<Span>,
}

/// The outages that last beyond an instant, those that begin first at first.
fn returns(manifest: &Manifest, findings: &Findings, end: Time) -> Vec<Return> {
    let groups = outage_groups(manifest, findings);
    let told = groups.iter().flat_map(|group| group.outages.iter());
    let beyond = told.filter_map(|&index| {
        let outage = &findings.outages[index];
        // One that is open lasts to the end of the longer run.
        let lasts = outage.until.is_none_or(|until| end < until);
        lasts.then(|| Return {
            likeness: Likeness::of(manifest, findings, index),
            from: outage.from,
            length: outage.until.map(|until| until.since(outage.from)),
        })
    });
    let mut beyond: Vec<Return> = beyond.collect();
    beyond.sort_by_key(|outage| outage.from);
    beyond
}

/// Whether one of these is what a group of outages is: of the same applications and the same cause, and no shorter than
/// half of its longest. A person who comes every quarter within the hour is no return of the weeks in which no one came.
fn lasting(
    manifest: &Manifest,
    findings: &Findings,
    group: &OutageGroup,
    beyond: &[Return],
) -> Lasting {
    let own = group.likenesses(manifest, findings);
    let longest = findings.outages[group.longest()].length(manifest.end());
    let is_same = |outage: &&Return| {
        // One that is open is as long as it may be.
        own.contains(&outage.likeness) && outage.length.is_none_or(|length| longest <= length * 2)
    };
    let back = beyond.iter().find(is_same);
    back.map_or(Lasting::Ends, |outage| Lasting::PutsOff(outage.from))
}
