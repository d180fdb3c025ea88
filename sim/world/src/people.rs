//! People who answer what applications wait for: who notices a wait, when they answer it, and what
//! that does. Must not know what any wait is about: charms say so.

use std::collections::BTreeMap;
use std::sync::Arc;
use trustsim_model::{
    Action, ApplicationIndex, CertificateKind, CertificateRecord, Entry, Kind, Note, OperatorIndex,
    OperatorSpec, Refusal, Source, Subject, TiVec, When,
};

use super::desk::subject;
use super::simulation::{Event, World};
use trustsim_charm_model::{ExternalCa, OperatorAction, OperatorContext, PendingTask};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::Note as CharmNote;
use trustsim_juju::{About, ApplicationId, UnitId};
use trustsim_kernel::{Agenda, Seq, Span, Time};
use trustsim_pki::{Certificate, KeyPair};

/// When somebody tries again who could not reach the controller.
const TRY_AGAIN: Span = Span::from_secs(300);

/// Which wait: application index, what, subject.
type Key = (ApplicationIndex, &'static str, String);

/// What people have noticed and done.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    /// The operator of each application, by their indices in the deployment.
    of: BTreeMap<ApplicationIndex, OperatorIndex>,
    /// Waits that show now, with their tasks.
    open: BTreeMap<Key, usize>,
    /// Everything that was ever noticed.
    tasks: Vec<OperatorTask>,
    /// The CA of each operator who has one.
    cas: TiVec<OperatorIndex, Option<ExternalCa>>,
    /// How often each wait was noticed, so that each time is a draw of its own.
    noticed: BTreeMap<Key, u32>,
}

/// One wait that somebody has noticed.
#[derive(Clone, Debug)]
struct OperatorTask {
    operator: OperatorIndex,
    application: ApplicationIndex,
    wait: PendingTask,
    /// How often this wait was noticed before, and now.
    number: u32,
    /// The entry that says it was noticed.
    entry: Seq,
    /// When it is done; `None` where nobody will.
    due: Option<Time>,
    done: bool,
}

impl World {
    pub(super) fn start_people(&mut self, agenda: &mut Agenda<Event>) {
        let deployment = Arc::clone(&self.deployment);
        for (operator, spec) in deployment.operators.iter_enumerated() {
            for application in &spec.answers {
                let other = self.people.of.insert(*application, operator);
                assert!(
                    other.is_none(),
                    "{} is looked after by one operator",
                    deployment.application_address(*application)
                );
            }
            let ca = self.external_ca(spec);
            self.people.cas.push(ca);
            if let When::At(rounds) = &spec.when {
                for at in rounds {
                    agenda.at(deployment.start + *at, Event::Round(operator));
                }
            }
        }
    }

    /// Makes the CA with which an operator signs. Its certificates are filed under the first
    /// application that they look after.
    fn external_ca(&mut self, spec: &OperatorSpec) -> Option<ExternalCa> {
        let profile = spec.signs_with.as_ref()?;
        let deployment = Arc::clone(&self.deployment);
        let keys = (deployment.keys, &self.pool);
        let randomness = (&self.streams, spec.name.as_str());
        let ca = ExternalCa::new(profile, keys, randomness, deployment.start);
        let ca = ca.expect("its names can be written");
        let application = &deployment.applications[*spec.answers.first()?];
        let mut issuer: Option<Arc<str>> = None;
        for certificate in ca.certificates() {
            let serial: Arc<str> = certificate.serial().into();
            let kind = match issuer {
                None => CertificateKind::Root,
                Some(_) => CertificateKind::Intermediate,
            };
            let record = CertificateRecord {
                certificate: certificate.clone(),
                kind,
                issuer_serial: issuer.unwrap_or_else(|| Arc::clone(&serial)),
                requested_at: None,
                model: deployment.models[application.model].name.as_str().into(),
                application: application.name.as_str().into(),
                unit: None,
            };
            issuer = Some(serial);
            self.journal.record(Entry {
                time: deployment.start,
                cause: Some(self.root),
                subject: Subject::default(),
                kind: Kind::CertificateIssued(record),
            });
        }
        Some(ca)
    }

    /// Roots that every system trusts: of the public ACME server, and of public CAs with which
    /// people sign.
    pub(super) fn public_roots(&self) -> impl Iterator<Item = &Certificate> {
        let acme = self.acme.iter().map(trustsim_charm_model::AcmeServer::root);
        let signers = self.people.cas.iter().flatten();
        acme.chain(signers.filter_map(ExternalCa::public_root))
    }

    /// What people outside Juju are given to trust where this application has others sign.
    pub(super) fn external_roots(&self, application: ApplicationIndex) -> Vec<Certificate> {
        let operator = self.people.of.get(&application);
        let ca = operator.and_then(|operator| self.people.cas[*operator].as_ref());
        ca.into_iter()
            .flat_map(ExternalCa::trusted)
            .cloned()
            .collect()
    }

    /// The keys of every CA that people sign with.
    pub(super) fn people_keys(&self) -> impl Iterator<Item = KeyPair> {
        let cas = self.people.cas.iter().flatten();
        cas.flat_map(ExternalCa::keys).cloned()
    }

    /// Whether somebody has noticed something and will answer it.
    pub(super) fn operators_have_tasks(&self) -> bool {
        let owed = |task: &OperatorTask| !task.done && task.due.is_some();
        let mut open = self.people.open.values();
        open.any(|task| owed(&self.people.tasks[*task]))
    }

    /// A hook of `unit` ended, or its workload changed: whoever looks after its application
    /// notices what it waits for now. `cause` is the unit's last hook unless it is given.
    pub(super) fn look_for_people(
        &mut self,
        unit: UnitId,
        cause: Option<Seq>,
        agenda: &mut Agenda<Event>,
    ) {
        if self.people.of.is_empty() {
            return;
        }
        let id = self.juju.unit(unit).application;
        let index = self.applications.position(|other| *other == id);
        let Some(application) = index.filter(|index| self.people.of.contains_key(index)) else {
            return;
        };
        let waits = self.waits(id, agenda.now());
        self.people.open.retain(|(of, what, about), _| {
            let is_it =
                |(_, wait): &(UnitId, PendingTask)| wait.what == *what && wait.subject == *about;
            *of != application || waits.iter().any(is_it)
        });
        let cause = cause.or(self.last_hook.get(&unit).copied());
        for (unit, wait) in waits {
            self.notice(application, unit, wait, cause, agenda);
        }
    }

    /// What the units of an application show, each once, with the unit that shows it.
    fn waits(&self, id: ApplicationId, now: Time) -> Vec<(UnitId, PendingTask)> {
        let charm = self.charm_now(id);
        let mut waits: Vec<(UnitId, PendingTask)> = Vec::new();
        for unit in &self.juju.application(id).units {
            let context = UnitContext::new(&self.juju, *unit, now, None);
            for wait in charm.pending_tasks(&context) {
                let is_new = |(_, other): &(UnitId, PendingTask)| *other != wait;
                if waits.iter().all(is_new) {
                    waits.push((*unit, wait));
                }
            }
        }
        waits
    }

    fn notice(
        &mut self,
        application: ApplicationIndex,
        unit: UnitId,
        wait: PendingTask,
        cause: Option<Seq>,
        agenda: &mut Agenda<Event>,
    ) {
        let key: Key = (application, wait.what, wait.subject.clone());
        if self.people.open.contains_key(&key) {
            return;
        }
        let now = agenda.now();
        let deployment = Arc::clone(&self.deployment);
        let operator = self.people.of[&application];
        let spec = &deployment.operators[operator];
        let count = self.people.noticed.entry(key.clone()).or_default();
        *count += 1;
        let number = *count;
        let due = match &spec.when {
            When::After(delay) => {
                let subject = self.stream_subject(application, &wait, number);
                Some(now + delay.draw(&mut self.streams.stream("operator-delay", &subject)))
            }
            When::At(rounds) => {
                let rounds = rounds.iter().map(|at| deployment.start + *at);
                rounds.filter(|at| *at > now).min()
            }
        };
        let entry = self.journal.record(Entry {
            time: now,
            cause: cause.or(Some(self.root)),
            subject: subject(&self.juju, About::Unit(unit)),
            kind: Kind::Note(Note::WaitNoticed {
                wait: wait.clone(),
                operator,
                answers_in: due.map(|due| due.since(now)),
            }),
        });
        let task = self.people.tasks.len();
        if let (When::After(_), Some(due)) = (&spec.when, due) {
            agenda.at(due, Event::OperatorTask(task));
        }
        self.people.open.insert(key, task);
        self.people.tasks.push(OperatorTask {
            operator,
            application,
            wait,
            number,
            entry,
            due,
            done: false,
        });
    }

    /// An operator answers all that waits, in the order in which it was noticed.
    pub(super) fn answer_all_tasks(&mut self, operator: OperatorIndex, agenda: &mut Agenda<Event>) {
        let mut due: Vec<usize> = self.people.open.values().copied().collect();
        due.sort_unstable();
        for task in due {
            if self.people.tasks[task].operator == operator {
                self.answer_task(task, agenda);
            }
        }
    }

    /// Somebody does what they noticed, unless it has settled itself or was done before. An
    /// action that ran counts as done even where it changed nothing: it reported success.
    pub(super) fn answer_task(&mut self, index: usize, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let task = self.people.tasks[index].clone();
        let key: Key = (task.application, task.wait.what, task.wait.subject.clone());
        if task.done || self.people.open.get(&key) != Some(&index) {
            return;
        }
        let model = self.deployment.applications[task.application].model;
        let id = self.applications[task.application];
        // Without a leader, too: `juju run APP/leader` fails, and the status that an operator reads is
        // the one that the last leader set.
        if self.is_model_down(model) || self.juju.application(id).lease.holder.is_none() {
            agenda.after(TRY_AGAIN, Event::OperatorTask(index));
            return;
        }
        let waits = self.waits(id, now);
        let still = waits
            .into_iter()
            .find(|(_, wait)| wait.what == task.wait.what && wait.subject == task.wait.subject);
        let Some((unit, wait)) = still else {
            self.people.open.remove(&key);
            return;
        };
        let Some((answer, notes)) = self.answer(&task, &wait, unit, now) else {
            return;
        };
        for note in notes {
            self.note(unit, note, Some(task.entry), now);
        }
        self.people.tasks[index].done = true;
        let deployment = Arc::clone(&self.deployment);
        let spec = &deployment.operators[task.operator];
        let action = match answer {
            OperatorAction::Action { name, parameters } => Action::RunAction {
                application: task.application,
                unit: spec.unit,
                name,
                parameters,
            },
            OperatorAction::Config { options } => Action::SetConfig {
                application: task.application,
                options,
            },
            OperatorAction::AtWorkload {
                command,
                files,
                notifies,
            } => {
                // It is done at once; if the unit waits again, that is another task.
                self.people.open.remove(&key);
                Action::AtWorkload {
                    application: task.application,
                    unit: self.juju.unit(unit).number,
                    command,
                    files,
                    notifies,
                }
            }
        };
        self.carry_out_unplanned(action, spec.source.clone(), task.entry, agenda);
    }

    /// What the person does, and what it puts into the journal.
    fn answer(
        &self,
        task: &OperatorTask,
        wait: &PendingTask,
        unit: UnitId,
        now: Time,
    ) -> Option<(OperatorAction, Vec<CharmNote>)> {
        let charm = self.charm_now(self.applications[task.application]);
        let subject = self.stream_subject(task.application, wait, task.number);
        let mut hand = OperatorContext {
            stream: self.streams.stream("operator-answer", &subject),
            ca: self.people.cas[task.operator].clone(),
            rejects: self.deployment.operators[task.operator].rejects.clone(),
        };
        let mut context = UnitContext::new(&self.juju, unit, now, None);
        let answer = charm.answer(wait, &mut hand, &mut context)?;
        let (_, notes) = context.into_effects();
        Some((answer, notes))
    }

    /// Somebody revokes what an application gave for a name.
    pub(super) fn revoke(
        &mut self,
        application: ApplicationIndex,
        name: &str,
        (cause, source): (Seq, Source),
        agenda: &mut Agenda<Event>,
    ) {
        let now = agenda.now();
        let id = self.applications[application];
        let wait = PendingTask {
            what: "revocation",
            subject: name.to_owned(),
            common_name: Some(name.to_owned()),
            detail: String::new(),
        };
        let mut hand = OperatorContext {
            stream: self.streams.stream("operator-answer", name),
            ca: None,
            rejects: Vec::new(),
        };
        let leader = self.juju.application(id).lease.holder;
        let answer = leader.and_then(|leader| {
            let mut context = UnitContext::new(&self.juju, leader, now, None);
            let charm = self.charm_now(id);
            charm.answer(&wait, &mut hand, &mut context)
        });
        let (
            Some(leader),
            Some(OperatorAction::AtWorkload {
                command,
                files,
                notifies,
            }),
        ) = (leader, answer)
        else {
            self.refused(Refusal::NoSuchCertificate, cause, now);
            return;
        };
        let action = Action::AtWorkload {
            application,
            unit: self.juju.unit(leader).number,
            command,
            files,
            notifies,
        };
        self.carry_out_unplanned(action, source, cause, agenda);
    }

    fn stream_subject(
        &self,
        application: ApplicationIndex,
        wait: &PendingTask,
        number: u32,
    ) -> String {
        let address = self.deployment.application_address(application);
        format!("{address} {} {}#{number}", wait.what, wait.subject)
    }
}

#[cfg(test)]
mod tests;
