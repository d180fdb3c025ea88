//! Why an outage that is open when the run ends does not heal by itself: what is not over, who is
//! stuck, whom nobody helps.

use std::collections::{BTreeMap, BTreeSet};

use super::describe::{noticed_wait, place, status_words};
use super::expectations::application_of;
use super::facts::address;
use super::{Carrier, Explanation, Outage};
use trustsim_juju::{Disruption, HookError, HookName, Status};
use trustsim_kernel::{Span, Time};
use trustsim_tls::ErrorKind;
use trustsim_world::{
    Action, Deployment, HookAction, Journal, Kind, Manifest, NetworkAction, Note, OfferAction,
    Refusal, Target, TimedAction, UnitAction,
};

/// An outage that is open at the end, and why nothing ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Index of the outage.
    pub outage: usize,
    /// Why it does not heal by itself, in words; `None` where nothing in the journal stands in
    /// its way.
    pub why: Option<String>,
}

/// Every outage that is open at the end.
pub fn standing(
    deployment: &Deployment,
    manifest: &Manifest,
    journal: &Journal,
    outages: &[Outage],
    explanations: &[Explanation],
) -> Vec<Standing> {
    let open = outages.iter().zip(explanations).enumerate();
    let open: Vec<_> = open.filter(|(_, (each, _))| each.until.is_none()).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let search = Search {
        deployment,
        end: deployment.duration,
        stuck: stuck(journal),
        waiting: waiting(deployment, journal),
        blocked: blocked(journal),
        refused: refused(journal),
    };
    let found = open.into_iter().map(|(index, (outage, explanation))| {
        let connection = &manifest.connections[outage.connection as usize];
        let sides = (connection.server.as_str(), connection.client.as_str());
        let error = outage.errors().last().unwrap_or(outage.error);
        Standing {
            outage: index,
            why: search.why(sides, error, explanation),
        }
    });
    found.collect()
}

/// A unit that only fails: since when, how often, in which hook, and why.
struct Stuck {
    since: Time,
    times: u32,
    hook: HookName,
    error: HookError,
}

/// Units whose last word on any hook was that it failed.
fn stuck(journal: &Journal) -> BTreeMap<String, Stuck> {
    let mut stuck: BTreeMap<String, Stuck> = BTreeMap::new();
    for entry in journal.entries() {
        match &entry.kind {
            Kind::HookFailed { hook, .. } | Kind::HookCommitted { hook } if hook.is_action() => {}
            Kind::HookFailed { hook, error } => {
                let found = stuck.entry(address(&entry.subject)).or_insert(Stuck {
                    since: entry.time,
                    times: 0,
                    hook: hook.clone(),
                    error: error.clone(),
                });
                found.times += 1;
            }
            Kind::HookCommitted { .. } => {
                stuck.remove(&address(&entry.subject));
            }
            _ => {}
        }
    }
    stuck
}

/// Applications whose wait an operator noticed who does not come again, with the words.
fn waiting(deployment: &Deployment, journal: &Journal) -> BTreeMap<String, String> {
    let mut waiting = BTreeMap::new();
    for entry in journal.entries() {
        if let Kind::Note(Note::WaitNoticed {
            wait,
            operator,
            answers_in,
        }) = &entry.kind
        {
            let unit = address(&entry.subject);
            let application = application_of(&unit).to_owned();
            match answers_in {
                None => {
                    let words = noticed_wait(wait, &deployment.operators[*operator], None);
                    waiting.insert(application, words);
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
fn blocked(journal: &Journal) -> BTreeMap<String, String> {
    let mut blocked = BTreeMap::new();
    for entry in journal.entries() {
        if let Kind::StatusChanged { status, message } = &entry.kind {
            let unit = address(&entry.subject);
            if *status == Status::Blocked {
                blocked.insert(unit, status_words(*status, message));
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
        let Kind::Note(Note::ActionRefused(why)) = &entry.kind else {
            return None;
        };
        let asked = journal.get(entry.cause?)?;
        let Kind::Action(record) = &asked.kind else {
            return None;
        };
        Some((&*record.timed, why))
    });
    notes.collect()
}

struct Search<'a> {
    deployment: &'a Deployment,
    end: Span,
    stuck: BTreeMap<String, Stuck>,
    waiting: BTreeMap<String, String>,
    blocked: BTreeMap<String, String>,
    refused: Vec<(&'a TimedAction, &'a Refusal)>,
}

impl Search<'_> {
    fn why(
        &self,
        (server, client): (&str, &str),
        error: ErrorKind,
        explanation: &Explanation,
    ) -> Option<String> {
        let near = self.near([server, client]);
        self.stuck_near(server, client, &near)
            .or_else(|| self.not_over(server, error, &near))
            .or_else(|| self.nobody_comes(&near))
            .or_else(|| self.nobody_unseals(&near))
            .or_else(|| self.blocked_near(&near))
            .or_else(|| self.keeps_its_roots(client, error))
            .or_else(|| carried(explanation.carrier.as_ref()?))
    }

    /// A unit that says what it wants done, and nobody does it.
    fn blocked_near(&self, near: &BTreeSet<usize>) -> Option<String> {
        let named: Vec<String> = near
            .iter()
            .map(|index| self.deployment.application_address(*index))
            .collect();
        let is_near = |unit: &str| named.iter().any(|name| name == application_of(unit));
        let mut blocked = self.blocked.iter();
        let (unit, words) = blocked.find(|(unit, _)| is_near(unit))?;
        Some(format!("{unit} is {words}"))
    }

    /// A client outside that was given CAs once and never asks again.
    fn keeps_its_roots(&self, client: &str, error: ErrorKind) -> Option<String> {
        let mut clients = self.deployment.clients.iter();
        let found = clients.find(|found| found.name == client)?;
        let lacks_trust = error.lacks_trust() || error == ErrorKind::Expired;
        (lacks_trust && found.refresh.is_none())
            .then(|| format!("client {client} keeps the CAs that it was given when it began"))
    }

    /// Applications that certificates or trust of these sides may come through: whatever is
    /// related to them, directly or not.
    fn near(&self, sides: [&str; 2]) -> BTreeSet<usize> {
        let deployment = self.deployment;
        let named = |address: &str| {
            let wanted = application_of(address);
            (0..deployment.applications.len())
                .find(|index| deployment.application_address(*index) == wanted)
        };
        let mut near: BTreeSet<usize> = sides.iter().filter_map(|side| named(side)).collect();
        let trusted = deployment.clients.iter();
        let trusted = trusted.filter(|client| sides.contains(&client.name.as_str()));
        near.extend(trusted.flat_map(|client| client.trusts.iter().copied()));
        loop {
            let before = near.len();
            for relation in &deployment.relations {
                let sides = relation.sides.each_ref();
                let [left, right] = sides.map(|side| deployment.application_of(side.party));
                if let (Some(left), Some(right)) = (left, right)
                    && (near.contains(&left) || near.contains(&right))
                {
                    near.extend([left, right]);
                }
            }
            if near.len() == before {
                return near;
            }
        }
    }

    /// The nearest unit that is in a failed hook: Juju tries it again and does nothing else.
    fn stuck_near(&self, server: &str, client: &str, near: &BTreeSet<usize>) -> Option<String> {
        let named: Vec<String> = near
            .iter()
            .map(|index| self.deployment.application_address(*index))
            .collect();
        let is_near = |unit: &&String| named.iter().any(|name| name == application_of(unit));
        let mut others = self.stuck.keys().filter(is_near).map(String::as_str);
        let unit = [server, client]
            .into_iter()
            .find(|unit| self.stuck.contains_key(*unit))
            .or_else(|| others.next())?;
        let Stuck {
            since,
            times,
            hook,
            error,
        } = self.stuck.get(unit)?;
        Some(format!(
            "{unit} fails {hook} since {since} ({times} times) and runs nothing else: {error}"
        ))
    }

    /// What the plan did, near enough to matter, and did not undo before the end.
    fn not_over(&self, server: &str, error: ErrorKind, near: &BTreeSet<usize>) -> Option<String> {
        let actions = &self.deployment.actions;
        let played = actions
            .iter()
            .enumerate()
            .filter(|(_, timed)| timed.at <= self.end);
        let mut open = played.filter(|(index, timed)| {
            let later = actions[index + 1..]
                .iter()
                .filter(|later| later.at <= self.end);
            self.matters(timed, server, error, near)
                && !later.clone().any(|later| {
                    undoes(&later.action, &timed.action) && self.refusal(later).is_none()
                })
        });
        let (index, timed) = open.next()?;
        let command = timed.action.to_command(self.deployment);
        let place = place(&timed.source).map(|place| format!(" ({place})"));
        let mut text = format!(
            "`{command}`{} is not over when the run ends",
            place.unwrap_or_default()
        );
        let tried = actions[index + 1..]
            .iter()
            .filter(|later| undoes(&later.action, &timed.action));
        if let Some((command, words)) = tried.filter_map(|later| self.refusal(later)).next_back() {
            text.push_str(&format!("; `{command}` was refused: {words}"));
        }
        Some(text)
    }

    /// The command of an action that was refused, and why.
    fn refusal(&self, timed: &TimedAction) -> Option<(String, String)> {
        let mut refused = self.refused.iter().rev();
        let (_, why) = refused.find(|(asked, _)| *asked == timed)?;
        let command = timed.action.to_command(self.deployment);
        Some((command, super::describe::refusal(why)))
    }

    fn matters(
        &self,
        timed: &TimedAction,
        server: &str,
        error: ErrorKind,
        near: &BTreeSet<usize>,
    ) -> bool {
        let is_server = |target: &Target| {
            let application = self.deployment.application_address(target.application);
            let unit = target.unit.map(|unit| format!("{application}/{unit}"));
            unit.map_or(application == application_of(server), |unit| unit == server)
        };
        match &timed.action {
            Action::Unit(UnitAction::Stop(target)) => {
                is_server(target)
                    || (error != ErrorKind::Unreachable && near.contains(&target.application))
            }
            Action::Unit(UnitAction::Kill { target, away }) => {
                let back = timed.at.saturating_add(away.unwrap_or_default());
                near.contains(&target.application) && back >= self.end
            }
            Action::Unit(UnitAction::SkewMachine { skew_ns, .. }) => *skew_ns != 0,
            Action::SkewClock {
                application,
                skew_ns,
                ..
            } => near.contains(application) && *skew_ns != 0,
            Action::Hook(HookAction::Fail(failing)) => {
                failing.times.is_none() && near.contains(&failing.target.application)
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
            | Action::RemoveRelation { .. }
            | Action::AcmeServer { reachable: false } => true,
            _ => false,
        }
    }

    fn nobody_comes(&self, near: &BTreeSet<usize>) -> Option<String> {
        let mut named = near
            .iter()
            .map(|index| self.deployment.application_address(*index));
        named.find_map(|application| {
            let words = self.waiting.get(&application)?;
            Some(format!("{application} waits for {words}"))
        })
    }

    /// A Vault that was sealed, or whose process started again, where no operator looks after it.
    fn nobody_unseals(&self, near: &BTreeSet<usize>) -> Option<String> {
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
        let command = sealed.action.to_command(deployment);
        let vault = deployment.application_address(*vault);
        Some(format!("nobody unseals {vault} after `{command}`"))
    }
}

/// How trust should have come, where the explanation found that it did not.
fn carried(carrier: &Carrier) -> Option<String> {
    match carrier {
        Carrier::Relation { .. } => None,
        Carrier::Missing { .. } | Carrier::Given { .. } => Some(carrier.sentence()),
    }
}

/// Whether what happened later undid what happened before.
fn undoes(later: &Action, before: &Action) -> bool {
    match (later, before) {
        (Action::Unit(UnitAction::Start(up)), Action::Unit(UnitAction::Stop(down))) => up == down,
        (
            Action::Unit(UnitAction::SkewMachine { machine, .. }),
            Action::Unit(UnitAction::SkewMachine { machine: other, .. }),
        ) => machine == other,
        (
            Action::SkewClock {
                application, unit, ..
            },
            Action::SkewClock {
                application: other,
                unit: of,
                ..
            },
        ) => application == other && (unit == of || unit.is_none()),
        (Action::Hook(HookAction::Mend(mended)), Action::Hook(HookAction::Fail(failing))) => {
            mended == failing
        }
        (
            Action::Network(NetworkAction::ControllerUp(up)),
            Action::Network(NetworkAction::ControllerDown(down)),
        ) => up == down,
        (
            Action::Network(NetworkAction::Restore(path, disruption)),
            Action::Network(NetworkAction::Disrupt(other, of)),
        ) => path == other && disruption == of,
        (
            Action::Offer(OfferAction::Resume { sides, .. }),
            Action::Offer(OfferAction::Suspend { sides: other, .. }),
        ) => sides == other,
        (
            Action::Offer(OfferAction::Grant { offer, user }),
            Action::Offer(OfferAction::Revoke {
                offer: other,
                user: of,
            }),
        ) => offer == other && user == of,
        (Action::Integrate { sides, .. }, Action::RemoveRelation { sides: other, .. }) => {
            sides == other
        }
        (Action::AcmeServer { reachable }, Action::AcmeServer { .. }) => *reachable,
        _ => false,
    }
}
