//! Changes that a floor above has worked out, such as a rotation in its order: proven by play like
//! any other, or not called a remedy. Must not know how they were worked out.

use std::sync::Arc;

use super::effort::Unfinished;
use super::failing_times::{FailingTimes, compare};
use super::futures::{Future, Outcome};
use super::remedies::{Plan, Trials};
use trustsim_diagnosis::Command;
use trustsim_kernel::Time;
use trustsim_world::Deployment;

/// Commands, each at its time, and the deployment in which they are typed.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// What is typed first, in order.
    pub commands: Vec<Command>,
    /// When; `None` is before the run begins.
    pub at: Option<Time>,
    /// What follows, in order of time.
    pub later: Vec<(Time, Command)>,
    /// With all of it in its plan, and without what it replaces.
    pub deployment: Deployment,
}

/// Plays the run again with each proposal, and adds what helped and cost less in all to `trials`.
/// `play` plays a future to its end.
pub fn try_proposals(
    trials: &mut Trials,
    run: &Outcome,
    proposals: Vec<Proposal>,
    mut play: impl FnMut(Future) -> Result<Outcome, Unfinished>,
) {
    let before = FailingTimes::new(&run.manifest, &run.outages);
    for proposal in proposals {
        let planned = Arc::new(proposal.deployment);
        let played = play(Future::FromStart(Arc::clone(&planned)));
        let Some(outcome) = trials.count(played) else {
            continue;
        };
        let after = FailingTimes::new(&outcome.manifest, &outcome.outages);
        let plan = trials.plans.len();
        let mut remedy = compare(&before, &after, proposal.at, proposal.commands, plan);
        remedy.later = proposal.later;
        remedy.new_cas = outcome.new_cas(run);
        trials.plans.push(Plan {
            deployment: planned,
            only_adds: false,
        });
        if remedy.is_worth_it() {
            trials.found.proven.push(remedy);
        }
    }
    trials.found.sort();
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_diagnosis::{Outage, Remedies, diagnose};
    use trustsim_testkit::{Authority, Script, address_of, deployment, seconds};
    use trustsim_validators::ErrorKind;
    use trustsim_world::CommandLine;

    /// `a.client/0` fails from 60 s to 200 s; the run that is played again fails in this interval.
    fn proven(again: Option<(u64, u64)>) -> Remedies {
        let mut script = Script::new(&["a.web/0"]);
        script.manifest.connections[0].client = address_of("a.client/0");
        let ca = Authority::root("ca");
        let leaf = ca.leaf("web.example.com");
        script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
        script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
        script.serves(4, None, "a.web/0", &leaf);
        script.fail(60, 0, ErrorKind::UnknownIssuer);
        script.ok(200, 0);
        let start = script.manifest.start;
        let findings = diagnose(&deployment(), &script.manifest, &script.journal);
        let proposal = Proposal {
            commands: vec![deploy()],
            at: None,
            later: vec![(start + seconds(50), integrate())],
            deployment: deployment(),
        };
        let mut trials = Trials::default();
        let run = Outcome::of(script.manifest.clone(), &script.journal);
        try_proposals(&mut trials, &run, vec![proposal], |_| {
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
        let found = trials.found;
        assert_eq!(found.tried, 1);
        found
    }

    fn deploy() -> Command {
        Command::Juju(CommandLine::new("juju deploy -m a ca ca-next".split(' ')))
    }

    fn integrate() -> Command {
        Command::Juju(CommandLine::new("juju integrate -m a x y".split(' ')))
    }

    #[test]
    fn a_proposal_that_was_played_and_helps_is_a_remedy_with_its_times() {
        let found = proven(None);
        let best = found.best(0).expect("it ends");
        assert_eq!((&best.commands[..], best.at), (&[deploy()][..], None));
        let [(at, later)] = &best.later[..] else {
            panic!("{:?}", best.later);
        };
        let script = Script::new(&[]);
        assert_eq!(
            (at, later),
            (&(script.manifest.start + seconds(50)), &integrate())
        );
    }

    #[test]
    fn a_proposal_that_does_not_help_is_none() {
        assert_eq!(proven(Some((60, 200))).proven, []);
        assert_eq!(proven(Some((10, 900))).proven, []);
    }
}
