//! Operators, who do what applications wait for: which of them notices a pending task, when they do it,
//! and what that does. Must not know what any task is about: charms say so.

mod answers;
mod ca;

use std::collections::BTreeMap;
use trustsim_model::{
    Action, ApplicationIndex, Entry, Kind, Note, OperatorIndex, Source, TiVec, When,
};

use super::deployed::Deployed;
use super::event::Event;
use super::journal::JournalWriter;
use answers::action_of;
pub(super) use answers::revocation;
use ca::external_ca;
use trustsim_charm_model::{ExternalCa, OperatorAction, OperatorContext, PendingTask};
use trustsim_interfaces::notes::Note as CharmNote;
use trustsim_juju::{About, UnitId};
use trustsim_kernel::{Agenda, Seq, Span, Time};
use trustsim_pki::{Certificate, KeyPair};

/// When an operator tries again who could not reach the controller.
const TRY_AGAIN: Span = Span::from_secs(300);

/// Which task: application index, what, subject.
type Key = (ApplicationIndex, &'static str, String);

/// What operators have noticed and done.
#[derive(Clone, Debug, Default)]
pub(super) struct Operators {
    /// The operator of each application, by their indices in the deployment.
    of: BTreeMap<ApplicationIndex, OperatorIndex>,
    /// Tasks that are pending now, by their place in `tasks`.
    open: BTreeMap<Key, usize>,
    /// Everything that was ever noticed.
    tasks: Vec<OperatorTask>,
    /// The CA of each operator who has one.
    cas: TiVec<OperatorIndex, Option<ExternalCa>>,
    /// How often each task was noticed, so that each time is a draw of its own.
    noticed: BTreeMap<Key, u32>,
}

/// What a unit waits for, before its operator has noticed it.
struct Wait {
    key: Key,
    task: PendingTask,
    unit: UnitId,
    cause: Option<Seq>,
}

/// One pending task that an operator has noticed.
#[derive(Clone, Debug)]
struct OperatorTask {
    operator: OperatorIndex,
    application: ApplicationIndex,
    pending: PendingTask,
    /// How often this task was noticed before, and now.
    number: u32,
    /// The entry that says it was noticed.
    entry: Seq,
    /// When it is done; `None` where the operator does not come again.
    due: Option<Time>,
    done: bool,
}

impl Operators {
    /// Every operator of a deployment, with the CA that they sign with.
    pub(super) fn start(
        deployed: &Deployed,
        journal: &mut JournalWriter,
        agenda: &mut Agenda<Event>,
    ) -> Self {
        let mut operators = Self::default();
        let deployment = deployed.spec();
        for (operator, spec) in deployment.operators.iter_enumerated() {
            for application in &spec.answers {
                let other = operators.of.insert(*application, operator);
                assert!(
                    other.is_none(),
                    "{} is looked after by one operator",
                    deployment.application_address(*application)
                );
            }
            operators.cas.push(external_ca(spec, deployed, journal));
            if let When::At(rounds) = &spec.when {
                for at in rounds {
                    agenda.at(deployment.start + *at, Event::Round(operator));
                }
            }
        }
        operators
    }

    /// Roots that every system trusts: of the public ACME server, and of public CAs with which
    /// operators sign.
    pub(super) fn public_roots<'a>(
        &'a self,
        deployed: &'a Deployed,
    ) -> impl Iterator<Item = &'a Certificate> {
        let signers = self.cas.iter().flatten();
        let signers = signers.filter_map(ExternalCa::public_root);
        deployed.acme_root().into_iter().chain(signers)
    }

    /// What people outside Juju are given to trust where this application has others sign.
    pub(super) fn external_roots(&self, application: ApplicationIndex) -> Vec<Certificate> {
        let operator = self.of.get(&application);
        let ca = operator.and_then(|operator| self.cas[*operator].as_ref());
        ca.into_iter()
            .flat_map(ExternalCa::trusted)
            .cloned()
            .collect()
    }

    /// The keys of every CA that operators sign with.
    pub(super) fn keys(&self) -> impl Iterator<Item = KeyPair> {
        let cas = self.cas.iter().flatten();
        cas.flat_map(ExternalCa::keys).cloned()
    }

    /// Whether an operator has noticed a task and will do it.
    pub(super) fn have_tasks(&self) -> bool {
        let is_due = |task: &OperatorTask| !task.done && task.due.is_some();
        let mut open = self.open.values();
        open.any(|task| is_due(&self.tasks[*task]))
    }

    /// A hook of `unit` ended, or its workload changed: the operator of its application notices what
    /// it waits for now. `cause` is the unit's last hook unless it is given.
    pub(super) fn look(
        &mut self,
        unit: UnitId,
        cause: Option<Seq>,
        deployed: &Deployed,
        journal: &mut JournalWriter,
        agenda: &mut Agenda<Event>,
    ) {
        if self.of.is_empty() {
            return;
        }
        let id = deployed.juju().unit(unit).application;
        let index = deployed.index_of(id);
        let Some(application) = index.filter(|index| self.of.contains_key(index)) else {
            return;
        };
        let pending = deployed.pending_tasks(id, agenda.now());
        self.open.retain(|(of, what, about), _| {
            let is_it =
                |(_, task): &(UnitId, PendingTask)| task.what == *what && task.subject == *about;
            *of != application || pending.iter().any(is_it)
        });
        let cause = cause.or(journal.last_hook(unit)).or(Some(journal.root()));
        for (unit, task) in pending {
            let key: Key = (application, task.what, task.subject.clone());
            if !self.open.contains_key(&key) {
                let wait = Wait {
                    key,
                    task,
                    unit,
                    cause,
                };
                self.notice(wait, deployed, journal, agenda);
            }
        }
    }

    fn notice(
        &mut self,
        wait: Wait,
        deployed: &Deployed,
        journal: &mut JournalWriter,
        agenda: &mut Agenda<Event>,
    ) {
        let Wait {
            key,
            task: pending,
            unit,
            cause,
        } = wait;
        let now = agenda.now();
        let deployment = deployed.spec();
        let application = key.0;
        let operator = self.of[&application];
        let spec = &deployment.operators[operator];
        let count = self.noticed.entry(key.clone()).or_default();
        *count += 1;
        let number = *count;
        let due = match &spec.when {
            When::After(delay) => {
                let subject = stream_subject(deployed, application, &pending, number);
                let mut stream = deployed.streams().stream("operator-delay", &subject);
                Some(now + delay.draw(&mut stream))
            }
            When::At(rounds) => {
                let rounds = rounds.iter().map(|at| deployment.start + *at);
                rounds.filter(|at| *at > now).min()
            }
        };
        let entry = journal.record(Entry::new(
            now,
            cause,
            deployed.subject(About::Unit(unit)),
            Kind::Note(Note::WaitNoticed {
                wait: pending.clone(),
                operator,
                answers_in: due.map(|due| due.since(now)),
            }),
        ));
        let task = self.tasks.len();
        if let (When::After(_), Some(due)) = (&spec.when, due) {
            agenda.at(due, Event::OperatorTask(task));
        }
        let other = self.open.insert(key, task);
        assert!(other.is_none(), "what is noticed is not noticed already");
        assert!(
            due.is_none_or(|due| now <= due),
            "a task is due when it was noticed, or later"
        );
        self.tasks.push(OperatorTask {
            operator,
            application,
            pending,
            number,
            entry,
            due,
            done: false,
        });
    }

    /// What an operator has noticed and not done, in the order in which it was noticed.
    pub(super) fn tasks_of(&self, operator: OperatorIndex) -> Vec<usize> {
        let open = self.open.values().copied();
        let own = open.filter(|task| self.tasks[*task].operator == operator);
        let mut own: Vec<usize> = own.collect();
        own.sort_unstable();
        own
    }

    /// An operator does what they noticed, unless it has settled itself or was done before; what has
    /// to be carried out for it is given back, with the entry that says it was noticed. An action that
    /// ran counts as done even where it changed nothing: it reported success.
    pub(super) fn do_task(
        &mut self,
        index: usize,
        deployed: &Deployed,
        journal: &mut JournalWriter,
        agenda: &mut Agenda<Event>,
    ) -> Option<(Action, Source, Seq)> {
        let now = agenda.now();
        let task = self.tasks[index].clone();
        let key: Key = (
            task.application,
            task.pending.what,
            task.pending.subject.clone(),
        );
        if task.done || self.open.get(&key) != Some(&index) {
            return None;
        }
        let model = deployed.spec().applications[task.application].model;
        // Without a leader, too: `juju run APP/leader` fails, and the status that an operator reads is
        // the one that the last leader set.
        if deployed.is_model_down(model) || deployed.leader(task.application).is_none() {
            agenda.after(TRY_AGAIN, Event::OperatorTask(index));
            return None;
        }
        let pending = deployed.pending_tasks(deployed.id(task.application), now);
        let still = pending.into_iter().find(|(_, pending)| {
            pending.what == task.pending.what && pending.subject == task.pending.subject
        });
        let Some((unit, pending)) = still else {
            self.open.remove(&key);
            return None;
        };
        let (answer, notes) = self.answer(&task, &pending, unit, deployed, now)?;
        for note in notes {
            journal.charm_note(deployed, unit, note, Some(task.entry), now);
        }
        self.tasks[index].done = true;
        if matches!(answer, OperatorAction::AtWorkload { .. }) {
            // It is done at once; if the unit waits again, that is another task.
            self.open.remove(&key);
        }
        let spec = &deployed.spec().operators[task.operator];
        let number = deployed.juju().unit(unit).number;
        let action = action_of(answer, task.application, spec.unit, number);
        Some((action, spec.source.clone(), task.entry))
    }

    /// What the operator does, and what it puts into the journal.
    fn answer(
        &self,
        task: &OperatorTask,
        pending: &PendingTask,
        unit: UnitId,
        deployed: &Deployed,
        now: Time,
    ) -> Option<(OperatorAction, Vec<CharmNote>)> {
        let charm = deployed.charm_now(deployed.id(task.application));
        let subject = stream_subject(deployed, task.application, pending, task.number);
        let mut operator = OperatorContext {
            stream: deployed.streams().stream("operator-answer", &subject),
            ca: self.cas[task.operator].clone(),
            rejects: deployed.spec().operators[task.operator].rejects.clone(),
        };
        let mut context = deployed.context(unit, now);
        let answer = charm.operator_action(pending, &mut operator, &mut context)?;
        let (_, notes) = context.into_effects();
        Some((answer, notes))
    }
}

fn stream_subject(
    deployed: &Deployed,
    application: ApplicationIndex,
    pending: &PendingTask,
    number: u32,
) -> String {
    let address = deployed.spec().application_address(application);
    format!("{address} {} {}#{number}", pending.what, pending.subject)
}

#[cfg(test)]
mod tests;
