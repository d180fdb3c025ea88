//! Why an outage that is open when the run ends does not heal by itself: what was not undone, which
//! unit fails, which person does not come.

use std::collections::{BTreeMap, BTreeSet};

use super::cause::{
    Cause, CertificateCause, ClockEffect, FaultCause, NotLoadedReason, Performed, Status, Transit,
    TrustCause,
};
use super::culprit::Doubt;
use super::notes;
use super::{CaRoute, Explanation, Outage};
use trustsim_charm_model::PendingTask;
use trustsim_interfaces::Interface;
use trustsim_juju::{Disruption, HookError, HookName};
use trustsim_kernel::{Span, Time};
use trustsim_model::{
    Action, Address, ApplicationIndex, ClientNames, Deployment, HookAction, Instruction, Journal,
    Kind, Manifest, NetworkAction, Note, OfferAction, OperatorIndex, Refusal, ScaleAction, Target,
    TimedAction, UnitAction,
};
use trustsim_validators::ErrorKind;

/// An outage that is open at the end, and why nothing ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOutage {
    /// Index of the outage.
    pub outage: usize,
    /// Why it does not heal by itself; `None` where nothing in the journal is in its way.
    pub why: Option<OpenReason>,
}

/// Why an outage does not heal by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenReason {
    /// A unit fails in a hook, and runs nothing else.
    HookFails {
        /// The unit.
        unit: Address,
        /// The hook.
        hook: HookName,
        /// Since when.
        since: Time,
        /// How often it failed.
        times: u64,
        /// Why it failed.
        error: HookError,
    },
    /// An action of the plan was not undone.
    NotUndone {
        /// The action.
        action: Performed,
        /// The last command that would have undone it and was refused, with the reason.
        refused: Option<(Instruction, Refusal)>,
    },
    /// An application waits for a person who does not come again.
    OperatorAbsent {
        /// The application.
        application: Address,
        /// What it waits for.
        wait: PendingTask,
        /// The operator's name.
        operator: String,
    },
    /// A Vault is sealed, and no operator looks after it.
    Sealed {
        /// The Vault's application.
        application: Address,
        /// The command that sealed it.
        command: Instruction,
    },
    /// A unit says that it is blocked.
    Blocked {
        /// The unit.
        unit: Address,
        /// What it says.
        status: Status,
    },
    /// A client outside Juju keeps the CAs that it was given when it began.
    ClientKeepsCas {
        /// The client.
        client: Address,
    },
    /// No certificate comes up to the end of the run, since none is asked for, or a hook took it away.
    NoCertificateComes {
        /// Whose certificate it was, or who had a CA beside its certificate.
        holder: Address,
    },
    /// A process goes on with what it read when it started, and nothing restarts it.
    NotRestarted {
        /// Whose process.
        holder: Address,
    },
    /// The CA does not come to where it should be trusted.
    NotCarried(CaRoute),
}

/// Every outage that is open at the end.
pub(super) fn open_outages(
    deployment: &Deployment,
    manifest: &Manifest,
    journal: &Journal,
    outages: &[Outage],
    explanations: &[Explanation],
) -> Vec<OpenOutage> {
    assert_eq!(
        outages.len(),
        explanations.len(),
        "every outage has its explanation"
    );
    let open = outages.iter().zip(explanations).enumerate();
    let open: Vec<_> = open.filter(|(_, (each, _))| each.until.is_none()).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let search = OpenOutageSearch {
        deployment,
        clients: ClientNames::of(deployment),
        end: deployment.duration,
        failing: failing(manifest, journal),
        waiting: waiting(journal),
        blocked: blocked(journal),
        refused: refused(journal),
    };
    let found = open.into_iter().map(|(index, (outage, explanation))| {
        let connection = &manifest.connections[outage.connection as usize];
        let (server, client) = (&connection.server, &connection.client);
        let error = outage.errors().last().unwrap_or(outage.error);
        OpenOutage {
            outage: index,
            why: search.why(server, client, error, explanation),
        }
    });
    found.collect()
}

/// A unit that only fails: since when, how often, in which hook, with what words.
struct Failing {
    since: Time,
    times: u64,
    hook: HookName,
    error: HookError,
}

/// Units whose last hook failed, whichever it was.
fn failing(manifest: &Manifest, journal: &Journal) -> BTreeMap<Address, Failing> {
    let mut failing: BTreeMap<Address, Failing> = BTreeMap::new();
    for entry in journal.entries() {
        let unit = || entry.subject.address().expect("a hook is of a unit");
        match &entry.kind {
            Kind::HookFailed { hook, .. } | Kind::HookCommitted { hook } if hook.is_action() => {}
            Kind::HookFailed { hook, error } => {
                let found = failing.entry(unit()).or_insert(Failing {
                    since: entry.time,
                    times: 0,
                    hook: hook.clone(),
                    error: error.clone(),
                });
                found.times += 1;
            }
            Kind::HookCommitted { .. } => {
                failing.remove(&unit());
            }
            _ => {}
        }
    }
    for unplayed in manifest.unplayed.iter().filter(|it| it.fails) {
        let same =
            |found: &&mut Failing| found.hook == unplayed.hook && found.since <= unplayed.since;
        if let Some(found) = failing.get_mut(&unplayed.unit).filter(same) {
            found.times += unplayed.count;
        }
    }
    failing
}

/// Applications whose wait an operator noticed who does not come again, with the wait and the
/// operator's index.
fn waiting(journal: &Journal) -> BTreeMap<Address, (&PendingTask, OperatorIndex)> {
    let mut waiting = BTreeMap::new();
    for entry in journal.entries() {
        if let Kind::Note(Note::WaitNoticed {
            wait,
            operator,
            answers_in,
        }) = &entry.kind
            && let Some(unit) = entry.subject.address()
        {
            let application = unit.to_application();
            match answers_in {
                None => {
                    waiting.insert(application, (wait, *operator));
                }
                Some(_) => {
                    waiting.remove(&application);
                }
            }
        }
    }
    waiting
}

/// Units that are blocked, with what they say.
fn blocked(journal: &Journal) -> BTreeMap<Address, Status> {
    let mut blocked = BTreeMap::new();
    for entry in journal.entries() {
        if let Some(status) = notes::status(entry)
            && let Some(unit) = entry.subject.address()
        {
            if status.word == trustsim_juju::Status::Blocked {
                blocked.insert(unit, status);
            } else {
                blocked.remove(&unit);
            }
        }
    }
    blocked
}

/// Actions that were refused, with what was said.
fn refused(journal: &Journal) -> Vec<(&TimedAction, &Refusal)> {
    let notes = journal.entries().iter().filter_map(|entry| {
        let Kind::Note(Note::ActionRefused(reason)) = &entry.kind else {
            return None;
        };
        let asked = journal.get(entry.cause?)?;
        let Kind::Action(record) = &asked.kind else {
            return None;
        };
        Some((&*record.timed, reason))
    });
    notes.collect()
}

struct OpenOutageSearch<'a> {
    deployment: &'a Deployment,
    clients: ClientNames<'a>,
    end: Span,
    failing: BTreeMap<Address, Failing>,
    waiting: BTreeMap<Address, (&'a PendingTask, OperatorIndex)>,
    blocked: BTreeMap<Address, Status>,
    refused: Vec<(&'a TimedAction, &'a Refusal)>,
}

impl OpenOutageSearch<'_> {
    fn why(
        &self,
        server: &Address,
        client: &Address,
        error: ErrorKind,
        explanation: &Explanation,
    ) -> Option<OpenReason> {
        let near = self.concerned([server, client], explanation);
        self.failing_near([server, client], &near, explanation)
            .or_else(|| self.not_undone(server, error, &near, explanation))
            .or_else(|| self.operator_absent(&near))
            .or_else(|| self.sealed(&near))
            .or_else(|| self.blocked_near(&near))
            .or_else(|| self.keeps_its_roots(client, error, explanation))
            .or_else(|| not_restarted(explanation))
            .or_else(|| not_carried(explanation.ca_route.as_ref()?))
            .or_else(|| no_certificate_comes(explanation))
    }

    /// A unit that says what has to be done for it.
    fn blocked_near(&self, near: &BTreeSet<ApplicationIndex>) -> Option<OpenReason> {
        let mut blocked = self.blocked.iter();
        let (unit, status) = blocked.find(|(unit, _)| self.is_of(unit, near))?;
        Some(OpenReason::Blocked {
            unit: unit.clone(),
            status: status.clone(),
        })
    }

    /// Whether a unit is one of these applications'.
    fn is_of(&self, unit: &Address, near: &BTreeSet<ApplicationIndex>) -> bool {
        let application = self.deployment.application_at(unit);
        application.is_some_and(|application| near.contains(&application))
    }

    /// A client outside that was given CAs once and never asks again.
    fn keeps_its_roots(
        &self,
        client: &Address,
        error: ErrorKind,
        explanation: &Explanation,
    ) -> Option<OpenReason> {
        let (_, found) = self.clients.get(client)?;
        // Whatever the client trusts, a leaf that has expired is refused.
        let leaf = explanation.symptom.leaf.as_ref();
        let is_leaf = leaf.is_some() && explanation.symptom.invalid.as_ref() == leaf;
        let lacks_trust = error.lacks_trust() || (error == ErrorKind::Expired && !is_leaf);
        let client = client.clone();
        (lacks_trust && found.refresh.is_none()).then_some(OpenReason::ClientKeepsCas { client })
    }

    /// The applications that keep an outage open if they do nothing: who would have to do otherwise by what it is
    /// explained by, both sides where that is not known, and those who give them their certificates.
    fn concerned(
        &self,
        sides: [&Address; 2],
        explanation: &Explanation,
    ) -> BTreeSet<ApplicationIndex> {
        let deployment = self.deployment;
        let at = |address: &Address| deployment.application_at(address);
        let presenter = at(&explanation.symptom.presenter);
        let (mut found, open): (BTreeSet<ApplicationIndex>, Vec<ApplicationIndex>) =
            match explanation.doubt() {
                Doubt::Of(known) | Doubt::OfEndpoints(known) => {
                    let named = deployment.applications.keys().filter(|index| {
                        let address = deployment.application_address(*index);
                        known.contains(address.as_str())
                    });
                    // Who judges needs no certificate for that.
                    let judge =
                        at(&explanation.symptom.judge).filter(|own| presenter != Some(*own));
                    let named: BTreeSet<ApplicationIndex> = named.chain(presenter).collect();
                    let open = named.iter().copied();
                    let open = open.filter(|index| Some(*index) != judge).collect();
                    (named, open)
                }
                Doubt::Any => {
                    let own: BTreeSet<ApplicationIndex> =
                        sides.iter().copied().filter_map(at).collect();
                    let open = own.iter().copied().collect();
                    (own, open)
                }
                Doubt::None => (sides.iter().copied().filter_map(at).collect(), Vec::new()),
            };
        self.add_providers(&mut found, open);
        found
    }

    /// Adds those who give these their certificates, and so on up to the root.
    fn add_providers(
        &self,
        found: &mut BTreeSet<ApplicationIndex>,
        mut open: Vec<ApplicationIndex>,
    ) {
        while let Some(application) = open.pop() {
            for relation in &self.deployment.relations {
                if !Interface::TlsCertificates.is(&relation.interface) {
                    continue;
                }
                let sides = relation.sides.each_ref();
                let [provider, requirer] =
                    sides.map(|side| self.deployment.application_of(side.party));
                if let Some(provider) = provider.filter(|_| requirer == Some(application))
                    && found.insert(provider)
                {
                    open.push(provider);
                }
            }
        }
    }

    /// The nearest unit that is in a failed hook: Juju tries it again and does nothing else.
    fn failing_near(
        &self,
        sides: [&Address; 2],
        near: &BTreeSet<ApplicationIndex>,
        explanation: &Explanation,
    ) -> Option<OpenReason> {
        // What fails on another unit of a side keeps only that from working, unless it is what is to blame.
        let is_concerned = |unit: &Address| {
            let is_sibling = sides
                .iter()
                .any(|side| side.application() == unit.application());
            let is_blamed = matches!(
                explanation.cause.what.innermost(),
                Cause::HookFailed { unit: blamed, .. } if blamed == unit
            );
            self.is_of(unit, near) && (!is_sibling || is_blamed)
        };
        let mut others = self.failing.keys().filter(|unit| is_concerned(unit));
        let unit = sides
            .into_iter()
            .find(|unit| self.failing.contains_key(*unit) && self.is_of(unit, near))
            .or_else(|| others.next())?;
        let failing = self.failing.get(unit)?;
        Some(OpenReason::HookFails {
            unit: unit.clone(),
            hook: failing.hook.clone(),
            since: failing.since,
            times: failing.times,
            error: failing.error.clone(),
        })
    }

    /// What the plan did, near enough to matter, and did not undo before the end.
    fn not_undone(
        &self,
        server: &Address,
        error: ErrorKind,
        near: &BTreeSet<ApplicationIndex>,
        explanation: &Explanation,
    ) -> Option<OpenReason> {
        let actions = &self.deployment.actions;
        let played = actions
            .iter_enumerated()
            .filter(|(_, timed)| timed.at <= self.end);
        let mut open = played.filter(|(index, timed)| {
            let later = actions[*index..]
                .iter()
                .skip(1)
                .filter(|later| later.at <= self.end);
            (self.is_cause(timed, explanation) || self.matters(timed, server, error, near))
                && !later.clone().any(|later| {
                    later.action.undoes(&timed.action, self.deployment)
                        && self.refusal(later).is_none()
                })
        });
        let (index, timed) = open.next()?;
        let tried = actions[index..]
            .iter()
            .skip(1)
            .filter(|later| later.action.undoes(&timed.action, self.deployment));
        let refused = tried.filter_map(|later| self.refusal(later)).next_back();
        Some(OpenReason::NotUndone {
            action: Performed {
                command: timed.action.to_command(self.deployment),
                source: timed.source.clone(),
            },
            refused: refused.map(|(command, reason)| (command, reason.clone())),
        })
    }

    /// Whether an action that can be undone is what the outage is explained by. Of relations that were removed, and of
    /// what was done to a workload's TLS, no other is told: most have nothing to do with it.
    fn is_cause(&self, timed: &TimedAction, explanation: &Explanation) -> bool {
        let done = self.deployment.start + timed.at;
        let cause = explanation.cause.action.as_ref();
        let is_open = match &timed.action {
            Action::RemoveRelation { .. }
            | Action::Scale(ScaleAction::RemoveApplication { .. }) => true,
            tls @ Action::Tls(_) => tls.inverse().is_some(),
            _ => false,
        };
        is_open && cause.is_some_and(|(at, source)| *at == done && *source == timed.source)
    }

    /// The command of an action that was refused, and why.
    fn refusal(&self, timed: &TimedAction) -> Option<(Instruction, &Refusal)> {
        let mut refused = self.refused.iter().rev();
        let (_, words) = refused.find(|(asked, _)| *asked == timed)?;
        Some((timed.action.to_command(self.deployment), words))
    }

    fn matters(
        &self,
        timed: &TimedAction,
        server: &Address,
        error: ErrorKind,
        near: &BTreeSet<ApplicationIndex>,
    ) -> bool {
        let is_server = |target: &Target| {
            let is_unit = |unit| server.unit_number() == Some(unit);
            self.deployment.application_at(server) == Some(target.application)
                && target.unit.is_none_or(is_unit)
        };
        match &timed.action {
            Action::Unit(UnitAction::Stop(target)) => {
                is_server(target)
                    || (error != ErrorKind::Unreachable && near.contains(&target.application))
            }
            Action::Unit(UnitAction::Kill { target, away }) => {
                // Killed without being away, a process starts again at once.
                let back = away.map_or(Some(timed.at), |away| timed.at.checked_add(away));
                let is_away_to_the_end = back.is_none_or(|back| back >= self.end);
                near.contains(&target.application) && is_away_to_the_end
            }
            Action::Unit(UnitAction::SkewMachine { skew_ns, .. }) => *skew_ns != 0,
            Action::SkewClock {
                application,
                skew_ns,
                ..
            } => near.contains(application) && *skew_ns != 0,
            Action::Hook(HookAction::Fail(failing)) => {
                let (target, own) = (&failing.target, self.deployment.application_at(server));
                let is_sibling = own == Some(target.application) && !is_server(target);
                failing.times.is_none() && near.contains(&target.application) && !is_sibling
            }
            Action::Network(
                NetworkAction::ControllerDown(_)
                | NetworkAction::Disrupt(
                    _,
                    Disruption::Down | Disruption::Partition | Disruption::Stall,
                ),
            )
            | Action::Offer(
                OfferAction::Suspend { .. }
                | OfferAction::Revoke { .. }
                | OfferAction::Remove { force: true, .. },
            )
            | Action::AcmeServer { reachable: false } => true,
            _ => false,
        }
    }

    fn operator_absent(&self, near: &BTreeSet<ApplicationIndex>) -> Option<OpenReason> {
        let mut named = near
            .iter()
            .map(|index| self.deployment.application_address(*index));
        named.find_map(|application| {
            let (wait, operator) = *self.waiting.get(&application)?;
            Some(OpenReason::OperatorAbsent {
                application,
                wait: wait.clone(),
                operator: self.deployment.operators[operator].name.clone(),
            })
        })
    }

    /// A Vault that was sealed, or whose process started again, where no operator looks after it.
    fn sealed(&self, near: &BTreeSet<ApplicationIndex>) -> Option<OpenReason> {
        let deployment = self.deployment;
        let vault = near.iter().find(|index| {
            let seals = deployment.applications[**index].charm.implementation.seals;
            let mut operators = deployment.operators.iter();
            let looked_after = operators.any(|operator| operator.answers.contains(index));
            seals && !looked_after
        })?;
        let mut actions = deployment
            .actions
            .iter()
            .filter(|timed| timed.at <= self.end);
        let sealed = actions.find(|timed| match &timed.action {
            Action::Unit(
                UnitAction::Stop(target)
                | UnitAction::Seal(target)
                | UnitAction::Kill { target, .. },
            ) => target.application == *vault,
            Action::Restart { application, .. } => application == vault,
            _ => false,
        })?;
        Some(OpenReason::Sealed {
            application: deployment.application_address(*vault),
            command: sealed.action.to_command(deployment),
        })
    }
}

/// A charm writes what comes to disk, and its process does not read it.
fn not_restarted(explanation: &Explanation) -> Option<OpenReason> {
    let holder = match explanation.cause.what.innermost() {
        Cause::Certificate(CertificateCause::NotLoaded {
            holder,
            why: NotLoadedReason::ReadAtStart(_),
            ..
        }) => holder,
        Cause::NotTransferred {
            transit: Transit::ReadAtStart { judge, .. },
            ..
        } => judge,
        _ => return None,
    };
    let holder = holder.clone();
    Some(OpenReason::NotRestarted { holder })
}

/// Who has no certificate, where the explanation found that none was asked for, or that a hook took it away.
fn no_certificate_comes(explanation: &Explanation) -> Option<OpenReason> {
    let (Cause::Certificate(
        CertificateCause::TakenAway { holder, .. }
        | CertificateCause::NeverRequested { holder, .. },
    )
    | Cause::Trust(TrustCause::TakenAway { judge: holder, .. })
    | Cause::Fault(FaultCause::ClockSkew {
        effect: Some(ClockEffect::NotRenewed { holder, .. }),
        ..
    })) = explanation.cause.what.innermost()
    else {
        return None;
    };
    let holder = holder.clone();
    Some(OpenReason::NoCertificateComes { holder })
}

/// How trust should have come, where the explanation found that it did not.
fn not_carried(ca_route: &CaRoute) -> Option<OpenReason> {
    match ca_route {
        CaRoute::Relation { .. } => None,
        CaRoute::PassedOn(_)
        | CaRoute::AmongUnits { .. }
        | CaRoute::OtherProcess { .. }
        | CaRoute::NoRelation { .. }
        | CaRoute::OutsideClient { .. } => Some(OpenReason::NotCarried(ca_route.clone())),
    }
}
