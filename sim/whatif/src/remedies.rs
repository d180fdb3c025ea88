//! Which changes help: each candidate is made in a copy of the world, or from the start, and played on, and
//! what fails then is compared with what failed before.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::candidates::{Candidate, candidates};
use super::change::{Change, Changed};
use super::effort::{Effort, Unfinished};
use super::failing_times::{FailingTimes, compare};
use trustsim_diagnosis::{Findings, Outage, Remedies, Remedy, diagnose, outage_groups, outages};
use trustsim_kernel::{Span, Time};
use trustsim_world::{
    Additions, Address, CertificateKind, Deployment, Journal, Kind, Manifest, Options, Simulation,
};

/// Each change is made in a copy of the deployment. Where there are more of them than this, those that cannot be made
/// are counted with those that are not tried.
const LOOKED_AT_MAX: usize = 100;

/// A future of the deployment in which a change was made.
#[derive(Clone, Debug)]
pub enum Future {
    /// Something is other from the start.
    FromStart(Arc<Deployment>),
    /// All is as it was until this instant, and then something more is done.
    From(Time, Additions),
}

/// What came of a future.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its connections.
    pub manifest: Manifest,
    /// When they failed.
    pub outages: Vec<Outage>,
    /// How many CAs each application made.
    pub cas: BTreeMap<Address, usize>,
}

impl Outcome {
    /// What a run came to.
    pub fn of(manifest: Manifest, journal: &Journal) -> Self {
        let mut cas: BTreeMap<Address, usize> = BTreeMap::new();
        for entry in journal.entries() {
            let Kind::CertificateIssued(record) = &entry.kind else {
                continue;
            };
            if record.kind != CertificateKind::Leaf {
                *cas.entry(record.owner()).or_default() += 1;
            }
        }
        let outages = outages(&manifest, journal);
        Self {
            manifest,
            outages,
            cas,
        }
    }

    /// Applications that made more CAs here than there.
    pub(super) fn new_cas(&self, before: &Self) -> Vec<Address> {
        let made = self.cas.iter();
        // What made none has no entry.
        let more =
            made.filter(|(owner, count)| before.cas.get(*owner).is_none_or(|it| *count > it));
        more.map(|(owner, _)| owner.clone()).collect()
    }
}

/// Plays futures to their end. What comes before a change is played once: each later change is
/// made in a copy of the world as it is then, so long as changes come in order of time.
#[derive(Debug)]
pub struct Forks<P> {
    before: Option<Simulation>,
    deployment: Arc<Deployment>,
    effort: Effort,
    play: P,
}

impl<P: FnMut(&mut Simulation, Time)> Forks<P> {
    /// Futures of a deployment, of which no more is played than `effort`; `play` plays one up to an instant.
    pub fn new(deployment: Arc<Deployment>, effort: Effort, play: P) -> Self {
        Self {
            before: None,
            deployment,
            effort,
            play,
        }
    }

    /// Plays one to its end.
    ///
    /// # Errors
    ///
    /// Where the run ends early, or all futures together have taken too long.
    pub fn play(&mut self, future: Future) -> Result<Outcome, Unfinished> {
        let mut simulation = match future {
            Future::FromStart(deployment) => Simulation::new(deployment, Options::default()),
            Future::From(at, additions) => self.before(at)?.fork_with(additions),
        };
        let end = simulation.end();
        if !self.effort.play(&mut simulation, end, &mut self.play) {
            return Err(Unfinished::TooLong);
        }
        let manifest = simulation.manifest();
        match manifest.endless {
            None => Ok(Outcome::of(manifest, simulation.journal())),
            Some(_) => Err(Unfinished::EndedEarly),
        }
    }

    /// Plays a deployment from its start to its end, and says why it failed.
    ///
    /// # Errors
    ///
    /// Where the run ends early, or all futures together have taken too long.
    pub fn play_and_diagnose(
        &mut self,
        deployment: Arc<Deployment>,
    ) -> Result<(Manifest, Findings), Unfinished> {
        let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
        let end = simulation.end();
        if !self.effort.play(&mut simulation, end, &mut self.play) {
            return Err(Unfinished::TooLong);
        }
        let manifest = simulation.manifest();
        if manifest.endless.is_some() {
            return Err(Unfinished::EndedEarly);
        }
        let findings = diagnose(&deployment, &manifest, simulation.journal());
        Ok((manifest, findings))
    }

    /// What may still be played.
    pub const fn effort(&self) -> Effort {
        self.effort
    }

    /// The world just before an instant.
    fn before(&mut self, at: Time) -> Result<&Simulation, Unfinished> {
        let just_before = at - Span::from_nanos(1);
        let known = self.before.take();
        let known = known.filter(|before| before.now() <= just_before);
        let start = || Simulation::new(Arc::clone(&self.deployment), Options::default());
        let mut before = known.unwrap_or_else(start);
        if !self.effort.play(&mut before, just_before, &mut self.play) {
            return Err(Unfinished::TooLong);
        }
        Ok(self.before.insert(before))
    }
}

/// What was found by trying, and the deployments in which it was.
#[derive(Clone, Debug, Default)]
pub struct Trials {
    /// What helps.
    pub found: Remedies,
    /// Each change that was played, as a deployment with it in its plan; [`Remedy::plan`] is an index into it.
    pub plans: Vec<Arc<Deployment>>,
}

impl Trials {
    /// What came of a change, which is counted as tried, or as one that was not.
    pub(super) fn count(&mut self, played: Result<Outcome, Unfinished>) -> Option<Outcome> {
        match played {
            Ok(outcome) => {
                self.found.tried += 1;
                Some(outcome)
            }
            Err(Unfinished::EndedEarly) => None,
            Err(Unfinished::TooLong) => {
                self.found.too_long += 1;
                None
            }
        }
    }

    /// The remedy of a plan.
    ///
    /// # Panics
    ///
    /// Where the plan is of none.
    pub(super) fn proven(&mut self, plan: usize) -> &mut Remedy {
        let mut proven = self.found.proven.iter_mut();
        let found = proven.find(|remedy| remedy.plan == plan);
        found.expect("what is told was proven")
    }
}

/// Plays the run again with each candidate change in it, `tries_max` times at most, and keeps
/// what helped and cost less in all. `play` plays a future to its end; they come in order of time.
pub fn remedies(
    deployment: &Deployment,
    run: &Outcome,
    findings: &Findings,
    tries_max: usize,
    mut play: impl FnMut(Future) -> Result<Outcome, Unfinished>,
) -> Trials {
    let mut trials = Trials::default();
    let (possible, untried) = possible_changes(deployment, run, findings, tries_max);
    trials.found.untried = untried;
    let mut possible: Vec<_> = possible.into_iter().enumerate().collect();
    possible.sort_by_key(|(_, possible)| possible.change.at());
    let before = FailingTimes::new(&run.manifest, &run.outages);
    let mut helping = Vec::new();
    for (rank, possible) in possible {
        let Possible {
            change,
            changed,
            meant_for,
        } = possible;
        let at = (!change.at().is_zero()).then(|| deployment.start + change.at());
        let planned = Arc::new(changed.deployment);
        let future = match at {
            None => Future::FromStart(Arc::clone(&planned)),
            Some(at) => Future::From(at, Additions::between(deployment, &planned)),
        };
        let Some(outcome) = trials.count(play(future)) else {
            continue;
        };
        let after = FailingTimes::new(&outcome.manifest, &outcome.outages);
        let plan = trials.plans.len();
        let mut remedy = compare(&before, &after, at, changed.commands, plan);
        remedy.new_cas = outcome.new_cas(run);
        remedy.renames = change.renames(deployment);
        remedy.meant_for = at.map(|_| meant_for);
        let later = changed.later.into_iter();
        remedy.later = later.map(|(at, it)| (deployment.start + at, it)).collect();
        trials.plans.push(planned);
        if remedy.is_worth_it() {
            helping.push((rank, change, remedy));
        }
    }
    assert!(
        helping.len() <= trials.found.tried && trials.found.tried <= tries_max,
        "what helps was played, and no more than {tries_max} changes were: {:?}",
        trials.found
    );
    helping.sort_by_key(|(rank, ..)| *rank);
    let mut changes: BTreeMap<usize, Change> = BTreeMap::new();
    for (_, change, remedy) in helping {
        changes.insert(remedy.plan, change);
        trials.found.proven.push(remedy);
    }
    trials.found.sort();
    note_prices(&mut trials, deployment, run, findings, &changes, play);
    trials
}

/// A change that can be made, and the outages that it was guessed from.
struct Possible {
    change: Change,
    changed: Changed,
    meant_for: Vec<usize>,
}

/// The first changes that can be made, `tries_max` of them at most, and how many more there are.
fn possible_changes(
    deployment: &Deployment,
    run: &Outcome,
    findings: &Findings,
    tries_max: usize,
) -> (Vec<Possible>, usize) {
    let mut possible = Vec::new();
    let mut untried = 0;
    for (index, Candidate { change, meant_for }) in candidates(deployment, &run.manifest, findings)
        .into_iter()
        .enumerate()
    {
        // What is done after the end of the run helps nothing in it.
        if run.manifest.duration <= change.at() {
            continue;
        }
        if possible.len() < tries_max {
            let made = change.make(deployment).ok();
            possible.extend(made.map(|changed| Possible {
                change,
                changed,
                meant_for,
            }));
        } else if index >= LOOKED_AT_MAX || change.make(deployment).is_ok() {
            untried += 1;
        }
    }
    (possible, untried)
}

/// Plays settings that are told as they would be typed once the deployment runs: an option that makes a CA anew costs
/// nothing where it is there from the start.
fn note_prices(
    trials: &mut Trials,
    deployment: &Deployment,
    run: &Outcome,
    findings: &Findings,
    changes: &BTreeMap<usize, Change>,
    mut play: impl FnMut(Future) -> Result<Outcome, Unfinished>,
) {
    for plan in told_plans(&trials.found, &run.manifest, findings) {
        let Some((at, additions)) = changes[&plan].typed_later(deployment, run) else {
            continue;
        };
        if run.manifest.end() <= at {
            continue;
        }
        // What was not played keeps the price that it has from the start.
        if let Ok(outcome) = play(Future::From(at, additions)) {
            trials.proven(plan).new_cas = outcome.new_cas(run);
        }
    }
}

/// The plans of the remedies that are told for some group of outages, once each: those of the costliest groups first.
pub(super) fn told_plans(found: &Remedies, manifest: &Manifest, findings: &Findings) -> Vec<usize> {
    let mut told = Vec::new();
    for group in outage_groups(manifest, findings) {
        let best = found.best_for(manifest, findings, &group.outages);
        let plan = best.map(|remedy| remedy.plan);
        told.extend(plan.filter(|plan| !told.contains(plan)));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_diagnosis::{Command, diagnose};
    use trustsim_testkit::{Authority, Script, address_of, deployment, seconds};
    use trustsim_validators::ErrorKind;

    /// `a.client/0` trusts nothing and fails from 60 s to 200 s.
    fn failing() -> (Deployment, Script) {
        let mut script = Script::new(&["a.web/0"]);
        script.manifest.connections[0].client = address_of("a.client/0");
        let ca = Authority::root("ca");
        let leaf = ca.leaf("web.example.com");
        script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
        script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
        script.trusts(3, "a.client/0", &[]);
        script.serves(4, None, "a.web/0", &leaf);
        script.fail(60, 0, ErrorKind::UnknownIssuer);
        script.ok(200, 0);
        (deployment(), script)
    }

    /// What is found where every second run fails in this interval, in seconds.
    fn found(again: Option<(u64, u64)>) -> (Remedies, usize) {
        let (deployment, script) = failing();
        let findings = diagnose(&deployment, &script.manifest, &script.journal);
        let mut played = 0;
        let run = Outcome::of(script.manifest.clone(), &script.journal);
        let trials = remedies(&deployment, &run, &findings, 1, |_| {
            played += 1;
            let start = script.manifest.start;
            let failing = again.map(|(from, until)| Outage {
                from: start + seconds(from),
                until: Some(start + seconds(until)),
                ..findings.outages[0].clone()
            });
            Ok(Outcome {
                outages: failing.into_iter().collect(),
                ..run.clone()
            })
        });
        (trials.found, played)
    }

    #[test]
    fn what_is_gone_is_ended() {
        let (found, played) = found(None);
        assert_eq!((played, found.tried), (1, 1));
        let best = found.best(0).expect("it ended");
        assert_eq!((&best.ends[..], &best.shortens[..]), (&[0][..], &[][..]));
        let endpoints = ["client:receive-ca-cert", "ca:send-ca-cert"];
        let integrate = Command::Integrate {
            model: "a".to_owned(),
            endpoints: endpoints.map(str::to_owned),
        };
        assert_eq!((&best.commands[..], best.at), (&[integrate][..], None));
        assert_eq!(best.lost_before, seconds(140));
    }

    #[test]
    fn what_takes_too_long_is_counted_and_no_remedy() {
        let (deployment, script) = failing();
        let findings = diagnose(&deployment, &script.manifest, &script.journal);
        let run = Outcome::of(script.manifest.clone(), &script.journal);
        let never = |_| Err(Unfinished::TooLong);
        let found = remedies(&deployment, &run, &findings, 3, never).found;
        assert!(found.too_long > 0 && found.proven.is_empty() && found.tried == 0);
    }

    #[test]
    fn what_is_left_is_said() {
        let (found, _) = found(Some((60, 90)));
        let best = found.best(0).expect("it helps");
        assert_eq!(best.shortens, [(0, seconds(30))]);
        assert_eq!((best.ends.len(), best.breaks.len()), (0, 0));
    }

    /// The same outage some seconds later, and a shorter one at another time, are no harm to a connection that loses
    /// less in all: what is left is told.
    #[test]
    fn a_connection_that_loses_less_is_not_harmed() {
        let (found, _) = found(Some((300, 320)));
        let best = found.best(0).expect("it ended");
        assert_eq!((best.breaks.len(), best.lost_after), (0, seconds(20)));
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

    /// The outage of 140 seconds is gone, and another of 130 has taken its time.
    #[test]
    fn what_only_moves_an_outage_to_another_time_is_no_remedy() {
        assert_eq!(found(Some((300, 430))).0.proven, []);
        let (helping, _) = found(Some((300, 420)));
        let best = helping.best(0).expect("it costs 20 seconds less");
        assert_eq!(best.relieved, seconds(140));
        assert_eq!(best.lost_after, seconds(120));
    }
}
