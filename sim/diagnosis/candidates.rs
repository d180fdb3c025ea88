//! Which changes might end an outage: guesses from its explanation, to be tried and not believed.

use std::collections::BTreeSet;

use super::Findings;
use super::carrier::{Carrier, application};
use super::change::Change;
use super::expectations::application_of;
use super::explanation::Explanation;
use super::outages::Outage;
use crate::kernel::{Span, Time};
use crate::world::{Deployment, Manifest, TimedAction};

/// How soon an operator acts who watches.
const REACTION: Span = Span::from_secs(1);
/// Ten years: a root that is not renewed within any run.
const LONG_ROOT: &str = "3650d";
/// Actions with which a provider issues its certificates again.
const REISSUES: [&str; 1] = ["reissue-certificates"];
const DAY: Span = Span::from_secs(86_400);

/// Every change that might help, once each: those for the costliest outages first.
pub(super) fn candidates(
    deployment: &Deployment,
    manifest: &Manifest,
    findings: &Findings,
) -> Vec<Change> {
    let end = manifest.start + manifest.duration;
    let guesser = Guesser {
        deployment,
        manifest,
    };
    let mut cost: Vec<(Change, Span)> = Vec::new();
    let mut seen = BTreeSet::new();
    for (outage, explanation) in findings.outages.iter().zip(&findings.explanations) {
        let connection = &manifest.connections[outage.connection as usize];
        let (client, server) = (
            application_of(&connection.client),
            application_of(&connection.server),
        );
        // Units of one application fail alike: the first speaks for the others.
        let is_first = seen.insert((client, server, outage.error));
        for change in guesser.changes(outage, explanation, is_first) {
            let length = outage.length(end);
            match cost.iter_mut().find(|(known, _)| *known == change) {
                Some((_, sum)) => *sum += length,
                None => cost.push((change, length)),
            }
        }
    }
    cost.sort_by_key(|(change, sum)| (std::cmp::Reverse(*sum), change.at()));
    cost.into_iter().map(|(change, _)| change).collect()
}

struct Guesser<'a> {
    deployment: &'a Deployment,
    manifest: &'a Manifest,
}

impl Guesser<'_> {
    /// What might help one outage; a restart only for the first of those alike.
    fn changes(&self, outage: &Outage, explanation: &Explanation, is_first: bool) -> Vec<Change> {
        let connection = &self.manifest.connections[outage.connection as usize];
        let find = |address: &str| application(self.deployment, application_of(address));
        let at = outage.from.since(self.manifest.start) + REACTION;
        let mut changes = Vec::new();
        if let Some(provider) = explanation.signer.as_deref().and_then(find) {
            let judge = explanation.judge.as_deref().and_then(find);
            let since = transferred_from(explanation.carrier.as_ref(), at);
            changes.extend(judge.zip(since).map(|(requirer, at)| Change::Transfer {
                provider,
                requirer,
                at,
            }));
            changes.extend(self.longer_root(provider, explanation));
        }
        changes.extend(self.put_right(explanation, at));
        if is_first {
            let (client, server) = (find(&connection.client), find(&connection.server));
            let others = server.filter(|_| server != client);
            let restart = |application| Change::Restart { application, at };
            changes.extend(client.into_iter().chain(others).map(restart));
        }
        changes
    }

    /// What the cause says: the person comes, what was done is undone, certificates are issued again.
    fn put_right(&self, explanation: &Explanation, failing: Span) -> Vec<Change> {
        let cause = &explanation.cause;
        let since_start = |at: Time| at.since(self.manifest.start);
        // As soon as it can be noticed: with the last step before the failure.
        let before = cause
            .steps
            .iter()
            .map(|step| since_start(step.at) + REACTION);
        let at = before.filter(|at| *at < failing).max().unwrap_or(failing);
        let mut changes = Vec::new();
        if cause.kind == "operator" {
            let operators = self.deployment.operators.iter().enumerate();
            let named = operators.filter(|(_, operator)| cause.line.contains(&operator.name));
            changes.extend(named.map(|(operator, _)| Change::Attend { operator }));
        }
        if let Some((done, source)) = &cause.action {
            let actions = self.deployment.actions.iter();
            let is_it = |timed: &TimedAction| {
                timed.source == *source && self.deployment.start + timed.at == *done
            };
            let action = actions.enumerate().find(|(_, timed)| is_it(timed));
            changes.extend(action.map(|(action, _)| Change::Undo { action, at }));
        }
        let signer = explanation.signer.as_deref();
        let signer = signer.and_then(|signer| application(self.deployment, signer));
        if let Some(application) = signer {
            let actions = &self.deployment.applications[application].charm.actions;
            let again = REISSUES
                .iter()
                .find(|name| actions.iter().any(|known| known == *name));
            changes.extend(again.map(|name| Change::Run {
                application,
                name,
                at,
            }));
        }
        changes
    }

    /// Where a root that came in the course of the run has to do with it, and its charm lets
    /// people say how long roots live.
    fn longer_root(&self, provider: usize, explanation: &Explanation) -> Option<Change> {
        const OPTION: &str = "root-ca-validity";
        let spec = &self.deployment.applications[provider];
        spec.charm.options.get(OPTION)?;
        let known = explanation.presented.iter().skip(1);
        let trusted = explanation.trusted.iter().flatten();
        let is_later = known
            .chain(trusted)
            .any(|root| root.not_before().since(self.manifest.start) > DAY);
        let is_set = spec
            .options
            .get(OPTION)
            .is_some_and(|value| value == LONG_ROOT);
        (is_later && !is_set).then(|| Change::Option {
            application: provider,
            option: OPTION.to_owned(),
            value: LONG_ROOT.to_owned(),
        })
    }
}

/// From when a transfer might help: where one was removed, from `at`; where none was there, or only
/// the CA beside each certificate, from the start. `None` where trust is not what is missing, or
/// has its transfer.
fn transferred_from(carrier: Option<&Carrier>, at: Span) -> Option<Span> {
    match carrier? {
        Carrier::Missing { removed, .. } => Some(removed.map_or(Span::ZERO, |_| at)),
        Carrier::Relation { interface, .. } if interface == "tls-certificates" => Some(Span::ZERO),
        Carrier::Relation { .. } | Carrier::Given { .. } => None,
    }
}
