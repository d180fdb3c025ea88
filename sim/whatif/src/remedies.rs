//! Which changes help: each candidate is made in a copy of the world, or from the start, and played on, and
//! what fails then is compared with what failed before.

use std::sync::Arc;

use super::change::Change;
use super::effort::Unfinished;
use super::failing_times::{FailingTimes, compare};
use super::futures::{Future, Outcome};
use super::untried::{Possible, Untried};
use trustsim_diagnosis::{Findings, Remedies, Remedy, outage_groups};
use trustsim_world::{Additions, Deployment, Manifest};

/// Groups of outages without a remedy for which more is tried: those that are told first.
const GROUPS_MAX: usize = 4;

/// What was found by trying, and the deployments in which it was.
#[derive(Clone, Debug, Default)]
pub struct Trials {
    /// What helps.
    pub found: Remedies,
    /// Each change that was played; [`Remedy::plan`] is an index into it.
    pub plans: Vec<Plan>,
}

/// A change, as a deployment with it in its plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The deployment.
    pub deployment: Arc<Deployment>,
    /// Whether all in which it is other than the deployment of the run was added to that: offers, SAAS and actions.
    pub only_adds: bool,
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

/// Plays the run again with candidate changes in it and keeps what helped and cost less in all: the first `tries_max` of
/// them, and for each cause that is told first and has no remedy then, half as many more of those that are meant for it.
/// `play` plays a future to its end; of each of these lots they come in order of time.
pub fn remedies(
    deployment: &Deployment,
    run: &Outcome,
    findings: &Findings,
    tries_max: usize,
    mut play: impl FnMut(Future) -> Result<Outcome, Unfinished>,
) -> Trials {
    let mut search = Search {
        deployment,
        run,
        before: FailingTimes::new(&run.manifest, &run.outages),
        untried: Untried::new(deployment, run, findings),
        trials: Trials::default(),
        helping: Vec::new(),
    };
    let first = search.untried.take(tries_max, |_| true);
    search.try_all(first, &mut play);
    for group in outage_groups(&run.manifest, findings)
        .into_iter()
        .take(GROUPS_MAX)
    {
        let found = &search.trials.found;
        if found
            .best_for(&run.manifest, findings, &group.outages)
            .is_none()
        {
            let own = search
                .untried
                .take(tries_max / 2, |possible| possible.is_for(&group.outages));
            search.try_all(own, &mut play);
        }
    }
    search.trials.found.untried = search.untried.count();
    note_prices(&mut search, findings, play);
    search.trials
}

/// A run for which remedies are looked for, and what was found so far.
struct Search<'a> {
    deployment: &'a Deployment,
    run: &'a Outcome,
    before: FailingTimes<'a>,
    untried: Untried<'a>,
    trials: Trials,
    /// What helps, and its place among the candidates: a remedy each, in no order.
    helping: Vec<(usize, Change, Remedy)>,
}

impl Search<'_> {
    /// Plays each, and puts what helps among what is proven: in the order of the candidates, those alike.
    fn try_all(
        &mut self,
        mut possible: Vec<Possible>,
        mut play: impl FnMut(Future) -> Result<Outcome, Unfinished>,
    ) {
        possible.sort_by_key(|possible| possible.change.at());
        for possible in possible {
            self.try_one(possible, &mut play);
        }
        self.helping.sort_by_key(|(rank, ..)| *rank);
        let proven = self.helping.iter().map(|(_, _, remedy)| remedy.clone());
        self.trials.found.proven = proven.collect();
        self.trials.found.sort();
        let found = &self.trials.found;
        assert!(
            found.proven.len() <= found.tried,
            "what helps was played: {found:?}"
        );
    }

    fn try_one(
        &mut self,
        possible: Possible,
        play: impl FnOnce(Future) -> Result<Outcome, Unfinished>,
    ) {
        let Possible {
            rank,
            change,
            changed,
            meant_for,
        } = possible;
        let start = self.deployment.start;
        let at = (!change.at().is_zero()).then(|| start + change.at());
        let planned = Arc::new(changed.deployment);
        let future = match at {
            None => Future::FromStart(Arc::clone(&planned)),
            Some(at) => Future::From(at, Additions::between(self.deployment, &planned)),
        };
        let Some(outcome) = self.trials.count(play(future)) else {
            return;
        };
        let after = FailingTimes::new(&outcome.manifest, &outcome.outages);
        let plan = self.trials.plans.len();
        let mut remedy = compare(&self.before, &after, at, changed.commands, plan);
        remedy.new_cas = outcome.new_cas(self.run);
        remedy.serves_tls = change.serves_tls(self.deployment);
        remedy.renames = change.renames(self.deployment);
        remedy.rank = rank;
        remedy.meant_for = at.map(|_| meant_for);
        let later = changed.later.into_iter();
        remedy.later = later.map(|(at, it)| (start + at, it)).collect();
        self.trials.plans.push(Plan {
            deployment: planned,
            only_adds: at.is_some(),
        });
        if remedy.is_worth_it() {
            self.helping.push((rank, change, remedy));
        }
    }
}

/// Plays settings that are told as they would be typed once the deployment runs: an option that makes a CA anew costs
/// nothing where it is there from the start.
fn note_prices(
    search: &mut Search<'_>,
    findings: &Findings,
    mut play: impl FnMut(Future) -> Result<Outcome, Unfinished>,
) {
    let run = search.run;
    for plan in told_plans(&search.trials.found, &run.manifest, findings) {
        let mut helping = search.helping.iter();
        let told = helping.find(|(_, _, remedy)| remedy.plan == plan);
        let (_, change, _) = told.expect("what is told helps");
        let Some((at, additions)) = change.typed_later(search.deployment, run) else {
            continue;
        };
        if run.manifest.end() <= at {
            continue;
        }
        // What was not played keeps the price that it has from the start.
        if let Ok(outcome) = play(Future::From(at, additions)) {
            search.trials.proven(plan).new_cas = outcome.new_cas(run);
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
    use trustsim_diagnosis::{Command, Outage, diagnose};
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
