//! Which changes might end an outage: guesses from its explanation, to be tried and not believed.

mod guesses;
mod missing;
mod neighbours;
mod obstacles;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::change::{Change, GONE};
pub(super) use guesses::Candidate;
use guesses::Guesses;
use neighbours::Neighbours;
use trustsim_diagnosis::{
    CaRoute, Cause, CertificateCause, Explanation, FaultCause, Findings, Outage, TrustCause,
};
use trustsim_interfaces::Interface;
use trustsim_kernel::Span;
use trustsim_validators::ErrorKind;
use trustsim_world::{
    Action, Address, ApplicationIndex, ClientNames, Deployment, Manifest, Side, TimedAction,
};

/// How soon an operator acts who watches.
const REACTION: Span = Span::from_secs(1);
/// Ten years: a root that is not renewed within any run.
const LONG_ROOT: &str = "3650d";
/// Actions with which a provider issues its certificates again.
const REISSUES: [&str; 2] = ["reissue-certificates", "re-issue"];
/// When what an outage began with has ended: a restart in the middle of it reads the old files or the new ones by chance.
const RESTED: Span = Span::from_secs(3_600);
/// How soon an operator notices that a hook fails, or a charm does not do what it should.
const NOTICE: Span = Span::from_secs(60);
const DAY: Span = Span::from_secs(86_400);

/// How likely it is that a change is what an operator would do. In this order they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likelihood {
    /// The cause is put right, or what is missing is brought: a relation, a name, a CA.
    Obvious,
    /// A setting, or an action that makes things anew.
    Setting,
    /// A workload starts again, or a relation is made again, whatever the cause.
    Restart,
    /// Another version of a charm.
    Version,
}

/// Every change that might help, once each: the most likely first, and of those what is for the costliest outages.
pub(super) fn candidates(
    deployment: &Deployment,
    manifest: &Manifest,
    findings: &Findings,
) -> Vec<Candidate> {
    let end = manifest.start + manifest.duration;
    let search = CandidateSearch {
        deployment,
        clients: ClientNames::of(deployment),
        manifest,
        neighbours: Neighbours::of(deployment),
    };
    let mut guesses = Guesses::default();
    let mut of_applications: BTreeMap<_, Vec<Change>> = BTreeMap::new();
    let classes = findings.classes.iter();
    for (index, ((outage, explanation), class)) in findings.explained().zip(classes).enumerate() {
        // What breaks nothing needs no remedy.
        if !class.is_told() {
            continue;
        }
        let connection = &manifest.connections[outage.connection as usize];
        let (client, server) = (
            connection.client.application(),
            connection.server.application(),
        );
        let length = outage.length(end);
        for (likelihood, change) in search.of_connection(outage, explanation) {
            guesses.add(likelihood, change, length, index);
        }
        // Units of one application fail alike: the first speaks for the others.
        match of_applications.entry((client, server, outage.error)) {
            Entry::Occupied(alike) => guesses.also_for(alike.get(), index),
            Entry::Vacant(first) => {
                let found = search.of_applications(outage, explanation);
                first.insert(found.iter().map(|(_, change)| change.clone()).collect());
                for (likelihood, change) in found {
                    guesses.add(likelihood, change, length, index);
                }
            }
        }
    }
    guesses.in_order()
}

struct CandidateSearch<'a> {
    deployment: &'a Deployment,
    clients: ClientNames<'a>,
    manifest: &'a Manifest,
    neighbours: Neighbours,
}

impl CandidateSearch<'_> {
    /// What might help one outage.
    fn of_connection(
        &self,
        outage: &Outage,
        explanation: &Explanation,
    ) -> Vec<(Likelihood, Change)> {
        let find = |address: &Address| self.deployment.application_at(address);
        let at = self.reacted(outage);
        // What a process has not read is there: nothing else is as near.
        let mut obvious: Vec<Change> = self.restarted(explanation, at).into_iter().collect();
        obvious.extend(self.put_right(explanation, at));
        let mut settings = Vec::new();
        let judge = &explanation.symptom.judge;
        let since = transferred_from(explanation.ca_route.as_ref(), at);
        let signer = explanation.symptom.signer().and_then(find);
        if let (Some(provider), Some(requirer), Some(at)) = (signer, find(judge), since) {
            obvious.push(Change::Transfer {
                provider,
                requirer,
                at: self.when_taken([provider, requirer], at),
            });
        }
        obvious.extend(self.transfer_of_root(explanation));
        if let Some(provider) = signer {
            let what = explanation.cause.what.innermost();
            if matches!(
                what,
                Cause::Trust(TrustCause::NotGiven { .. })
                    | Cause::Certificate(CertificateCause::TrustedRootExpired { .. })
            ) {
                obvious.extend(self.handed_on(provider, judge, at));
            }
            settings.extend(self.longer_root(provider, explanation));
        }
        settings.extend(self.issued_again(explanation, at));
        ranked([
            (Likelihood::Obvious, obvious),
            (Likelihood::Setting, settings),
        ])
    }

    /// What concerns the whole applications on both sides of an outage.
    fn of_applications(
        &self,
        outage: &Outage,
        explanation: &Explanation,
    ) -> Vec<(Likelihood, Change)> {
        let connection = &self.manifest.connections[outage.connection as usize];
        let find = |address: &Address| self.deployment.application_at(address);
        let at = self.reacted(outage);
        let sides = [&connection.client, &connection.server].map(find);
        let name = connection.server_name_at(outage.from);
        let mut obvious = self.named(explanation, name);
        obvious.extend(self.certified(explanation, sides));
        obvious.extend(self.certified_provider(explanation));
        obvious.extend(self.trusted_beside(explanation, sides[0], at));
        obvious.extend(self.put_under(explanation, sides[0]));
        obvious.extend(self.comes_again(explanation, sides[1], at));
        let [client, server] = sides;
        let others = server.filter(|_| server != client);
        let length = outage.length(self.manifest.end());
        let at_rest = if length > RESTED * 4 { at + RESTED } else { at };
        let restart = |application| Change::Restart {
            application,
            at: at_rest,
        };
        let mut restarts: Vec<Change> = client.into_iter().chain(others).map(restart).collect();
        restarts.extend(self.issued_for(explanation, server, at));
        ranked([
            (Likelihood::Obvious, obvious),
            (Likelihood::Setting, self.in_the_way(explanation, sides, at)),
            (Likelihood::Restart, restarts),
            (Likelihood::Version, self.versions(explanation, sides, at)),
        ])
    }

    /// As soon as an operator acts who sees an outage begin.
    fn reacted(&self, outage: &Outage) -> Span {
        outage.from.since(self.manifest.start) + REACTION
    }

    /// The instant itself, or where the plan has just removed a relation between the two, when that is gone: Juju refuses
    /// to make a relation that is being removed.
    fn when_taken(&self, pair: [ApplicationIndex; 2], at: Span) -> Span {
        let is_between = |sides: &[Side; 2]| {
            let ends = sides
                .each_ref()
                .map(|side| self.deployment.application_of(side.party));
            pair.iter().all(|index| ends.contains(&Some(*index)))
        };
        let actions = self.deployment.actions.iter();
        let removed = actions.filter(|timed| match &timed.action {
            Action::RemoveRelation { sides, .. } => is_between(sides),
            _ => false,
        });
        let gone = removed
            .filter(|timed| timed.at <= at)
            .map(|timed| timed.at + GONE);
        // None was removed.
        gone.fold(at, Span::max)
    }

    /// Whether an application's charm waits for an operator that the scenario does not have. One who signs has a CA
    /// outside Juju, which cannot be made up.
    fn lacks_operator(&self, application: ApplicationIndex) -> bool {
        let charm = &self.deployment.applications[application].charm;
        let mut operators = self.deployment.operators.iter();
        charm
            .implementation
            .operator
            .is_some_and(|need| !need.signs)
            && !operators.any(|operator| operator.answers.contains(&application))
    }

    /// What the cause says: the person comes, what was done is undone, certificates are issued again.
    fn put_right(&self, explanation: &Explanation, failing: Span) -> Vec<Change> {
        let cause = &explanation.cause;
        let at = self.noticed(explanation, failing);
        let mut changes = Vec::new();
        match cause.what.innermost() {
            Cause::Fault(FaultCause::Operator { operator, .. }) => changes.push(Change::Attend {
                operator: *operator,
            }),
            Cause::Blocked { unit, .. } => {
                let waiting = self.deployment.application_at(unit);
                let waiting = waiting.filter(|index| self.lacks_operator(*index));
                changes.extend(waiting.map(|application| Change::Appoint { application }));
            }
            Cause::Certificate(CertificateCause::NotTheLeader { provider, .. }) => {
                let provider = self.deployment.application_at(provider);
                let operators = self.deployment.operators.iter_enumerated();
                let own = operators.filter(|(_, operator)| {
                    provider.is_some_and(|provider| operator.answers.contains(&provider))
                });
                changes.extend(own.map(|(operator, _)| Change::OnLeader { operator }));
            }
            _ => {}
        }
        let mut actions = self.deployment.actions.iter_enumerated();
        let led_there = |timed: &TimedAction| {
            let action = cause.action.as_ref();
            action.is_some_and(|(done, source)| {
                timed.source == *source && self.deployment.start + timed.at == *done
            })
        };
        let action = actions.rfind(|(_, timed)| led_there(timed));
        changes.extend(action.map(|(action, timed)| {
            // Juju refuses a relation that is being removed: it is made again when the hooks of both sides have run.
            let at = match timed.action {
                // That certificates come over a relation no more is seen when it goes, months before they end.
                Action::RemoveRelation { .. } if is_of_a_relation(&cause.what) => timed.at + GONE,
                Action::RemoveRelation { .. } => at.max(timed.at + GONE),
                _ => at.max(timed.at + REACTION),
            };
            Change::Undo { action, at }
        }));
        changes
    }

    /// As soon as it can be noticed: with the last step before the failure.
    fn noticed(&self, explanation: &Explanation, failing: Span) -> Span {
        let steps = explanation.cause.steps.iter();
        let before = steps.map(|step| step.at.since(self.manifest.start) + REACTION);
        before.filter(|at| *at < failing).max().unwrap_or(failing)
    }

    /// An action of the provider that issues everything again: now, and a day before
    /// a certificate ends that is not renewed.
    fn issued_again(&self, explanation: &Explanation, failing: Span) -> Vec<Change> {
        let at = self.noticed(explanation, failing);
        let signer = explanation.symptom.signer();
        let signer = signer.and_then(|signer| self.deployment.application_at(signer));
        let Some(application) = signer else {
            return Vec::new();
        };
        let actions = &self.deployment.applications[application].charm.actions;
        let again = REISSUES
            .iter()
            .find(|name| actions.iter().any(|known| known == *name));
        let in_time = explanation
            .symptom
            .leaf
            .as_ref()
            .filter(|_| explanation.symptom.error == ErrorKind::Expired);
        let in_time = in_time.map(|leaf| leaf.not_after().since(self.manifest.start));
        let in_time = in_time.and_then(|end| end.checked_sub(DAY));
        again
            .into_iter()
            .flat_map(|name| {
                let run = |at| Change::Run {
                    application,
                    name,
                    at,
                };
                // Two that an operator would not tell apart are one.
                let later = (failing > at + NOTICE).then_some(failing);
                let times = in_time.into_iter().chain([at]).chain(later);
                times.map(run).collect::<Vec<_>>()
            })
            .collect()
    }

    /// A client outside Juju fetches the CA.
    fn handed_on(&self, ca: ApplicationIndex, judge: &Address, at: Span) -> Option<Change> {
        let (client, _) = self.clients.get(judge)?;
        Some(Change::Give { client, ca, at })
    }

    /// The root above the CA that signed, where that is another application's.
    fn transfer_of_root(&self, explanation: &Explanation) -> Option<Change> {
        let what = explanation.cause.what.innermost();
        let is_anchor = matches!(what, Cause::Trust(TrustCause::IntermediateAnchor { .. }));
        let symptom = &explanation.symptom;
        let requirer = self.deployment.application_at(&symptom.judge)?;
        let above = self.deployment.application_at(symptom.signer()?)?;
        let relations = self.deployment.relations.iter();
        let mut roots = relations.filter_map(|relation| {
            let [gives, takes] = relation.sides.each_ref();
            let takes = self.deployment.application_of(takes.party)?;
            (takes == above).then(|| self.deployment.application_of(gives.party))?
        });
        let provider = roots.next().filter(|_| is_anchor)?;
        Some(Change::Transfer {
            provider,
            requirer,
            at: Span::ZERO,
        })
    }

    /// Where a root that came in the course of the run has to do with it, and its charm lets
    /// people say how long roots live.
    fn longer_root(&self, provider: ApplicationIndex, explanation: &Explanation) -> Option<Change> {
        const OPTION: &str = "root-ca-validity";
        let spec = &self.deployment.applications[provider];
        spec.charm.options.get(OPTION)?;
        let known = explanation.symptom.presented().skip(1);
        let trusted = explanation.symptom.trusted.iter().flatten();
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

/// Whether a cause blames that certificates, or a CA, come over a relation no more.
fn is_of_a_relation(cause: &Cause) -> bool {
    matches!(
        cause.innermost(),
        Cause::Certificate(
            CertificateCause::CertificatesRelationRemoved { .. }
                | CertificateCause::TakenAway { .. }
        ) | Cause::Trust(TrustCause::TakenAway { .. })
    )
}

/// Each change with how likely those of its list are.
fn ranked<const N: usize>(lists: [(Likelihood, Vec<Change>); N]) -> Vec<(Likelihood, Change)> {
    let each = lists.into_iter();
    let each = each.flat_map(|(rank, changes)| changes.into_iter().map(move |it| (rank, it)));
    each.collect()
}

/// From when a transfer might help: where one was removed, from `at`; where none was there, or only
/// the CA beside each certificate, from the start. `None` where trust is not what is missing, or
/// has its transfer.
fn transferred_from(ca_route: Option<&CaRoute>, at: Span) -> Option<Span> {
    match ca_route? {
        CaRoute::NoRelation { removed, .. } => Some(removed.map_or(Span::ZERO, |_| at)),
        CaRoute::Relation { interface, .. } => match interface {
            Interface::TlsCertificates => Some(Span::ZERO),
            Interface::CertificateTransfer => None,
        },
        // One that brings it past the charm that does not pass it on.
        CaRoute::PassedOn(_) => Some(Span::ZERO),
        CaRoute::AmongUnits { .. }
        | CaRoute::OtherProcess { .. }
        | CaRoute::OutsideClient { .. } => None,
    }
}
