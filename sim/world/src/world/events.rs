//! Events: which part each is for, and what has to be looked at after it.

use super::{SETTLE_CHECK, SETTLE_CHECK_MAX, SETTLE_CHECKS, World};
use crate::commands::READY_CHECK;
use crate::event::Event;
use crate::sides::SideChange;
use trustsim_juju::{
    self as juju, ConnectionError, Driver, Hook, Host, Juju, LinkId, Quiet, RepeatedFailure, UnitId,
};
use trustsim_kernel::{self as kernel, Agenda, Seq, Time};
use trustsim_model::{ApplicationIndex, ClientIndex, Entry, Kind, Subject, Trigger};

/// The world as Juju's driver, at one event.
struct Playing<'a> {
    world: &'a mut World,
    agenda: &'a mut Agenda<Event>,
}

impl Driver for Playing<'_> {
    fn in_juju<T>(&mut self, call: impl FnOnce(&mut Juju, &mut dyn Host) -> T) -> T {
        self.world
            .in_juju(self.agenda, |juju, host| call(juju, host))
    }

    fn run_hook(&mut self, unit: UnitId, hook: Hook, cause: Option<Seq>, failures: u32) {
        self.world
            .run_hook(unit, hook, cause, failures, self.agenda);
    }

    fn ask_quiet(&mut self, unit: UnitId) -> Quiet {
        let now = self.agenda.now();
        let World {
            failing,
            deployed,
            repeats,
            journal,
            ..
        } = &mut *self.world;
        match failing.quiet_unless_failing(unit, now, deployed) {
            Quiet::No if !failing.may_fail_in_time(unit, deployed) => {
                let rest = repeats.rest(unit, now, deployed, journal);
                rest.unwrap_or(Quiet::No)
            }
            quiet => quiet,
        }
    }

    fn ask_failing(&mut self, unit: UnitId) -> Option<(RepeatedFailure, Time)> {
        let now = self.agenda.now();
        let World {
            failing,
            deployed,
            repeats,
            journal,
            ..
        } = &mut *self.world;
        repeats.rest_failing(unit, now, deployed, failing, journal)
    }

    fn judge_agent(&mut self, unit: UnitId) -> Result<(), ConnectionError> {
        let (now, world) = (self.agenda.now(), &mut *self.world);
        world
            .controllers
            .judge_agent(unit, now, &world.deployed, &mut world.handshakes)
    }

    fn judge_link(&mut self, link: LinkId) -> Result<(), ConnectionError> {
        let (now, world) = (self.agenda.now(), &mut *self.world);
        world
            .controllers
            .judge_link(link, now, &world.deployed, &mut world.handshakes)
    }
}

impl kernel::World for World {
    type Event = Event;

    fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        if self.watchdog.found().is_some() {
            return; // The run has ended: what is left on the agenda is not played.
        }
        match event {
            Event::Juju(event) => self.play_juju(event, agenda),
            Event::Action(index) => self.act(index, agenda),
            Event::SettleCheck => self.settle_check(agenda),
            Event::Boundary {
                connection,
                generation,
            } => self.watcher(agenda).boundary(connection, generation),
            Event::PublishLists { ca, number } => {
                if self.publications.is_due(ca, number) {
                    self.publish(ca, agenda);
                }
            }
            Event::SessionExpires { connection, expiry } => {
                self.watcher(agenda).session_expires(connection, expiry);
            }
            Event::Attempt(connection) => self.watcher(agenda).attempt(connection),
            Event::RefreshClient(client) => {
                self.fetch_again(client, self.journal.root(), agenda);
                if let Some(refresh) = self.deployment().clients[client].refresh {
                    agenda.after(refresh, Event::RefreshClient(client));
                }
            }
            Event::Ready { unit, deadline } => self.look_if_ready(unit, deadline, agenda),
            Event::Answers(unit) => {
                if self.sides.of(unit).answers(agenda.now()) {
                    self.watcher(agenda).judge_unit(unit, Trigger::Reachability);
                }
            }
            Event::OperatorTask(task) => self.do_task(task, agenda),
            Event::Round(operator) => {
                for task in self.operators.tasks_of(operator) {
                    self.do_task(task, agenda);
                }
            }
        }
    }
}

/// What follows from what.
impl World {
    fn play_juju(&mut self, event: juju::Event, agenda: &mut Agenda<Event>) {
        let world = &mut *self;
        juju::drive(&mut Playing { world, agenda }, event);
        match event {
            juju::Event::HookEnd(unit) => {
                self.workload_changed(unit, agenda);
                self.notice_tasks(unit, None, agenda);
                self.end_if_gone(unit, agenda.now());
            }
            // A pod may have ended, and its disks with it.
            juju::Event::PodGone(unit) | juju::Event::Wake(unit) => {
                self.workload_changed(unit, agenda);
                self.end_if_gone(unit, agenda.now());
            }
            _ => {}
        }
    }

    /// Connections are watched once every agent is at rest, or when it has taken too long.
    fn settle_check(&mut self, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let start = self.deployment().start;
        let last = start + self.deployment().timings.settle_max;
        let at_rest = self.is_at_rest(now);
        assert!(self.settled.is_none(), "a deployment settles once");
        if self.watched_from.is_none() && (at_rest || last <= now) {
            self.watch_all(at_rest, agenda);
        } else if at_rest {
            self.give_trust_again(agenda);
        }
        if at_rest {
            self.settled = Some(now);
        } else if self.watched_from.is_none() {
            agenda.after(SETTLE_CHECK, Event::SettleCheck);
        } else {
            // What takes hours need not be known to the second.
            let waited = now.since(start) / SETTLE_CHECKS;
            let after = waited.clamp(SETTLE_CHECK, SETTLE_CHECK_MAX);
            agenda.after(after, Event::SettleCheck);
        }
    }

    fn watch_all(&mut self, at_rest: bool, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        self.watched_from = Some(now);
        let settled = self.note_settled(at_rest, now);
        let (clients, mut from) = self.clients(now);
        clients.start(settled, &mut from, agenda);
        self.watcher(agenda).start();
    }

    /// People give clients their CAs when everything is installed; those that were watched before are given them now.
    fn give_trust_again(&mut self, agenda: &mut Agenda<Event>) {
        let settled = self.note_settled(true, agenda.now());
        let clients: Vec<ClientIndex> = self.deployment().clients.keys().collect();
        for client in clients {
            self.fetch_again(client, settled, agenda);
        }
    }

    fn note_settled(&mut self, at_rest: bool, now: Time) -> Seq {
        let cause = Some(self.journal.root());
        self.journal.record(Entry::new(
            now,
            cause,
            Subject::default(),
            Kind::Settled { at_rest },
        ))
    }

    /// A hook of `unit` ended, or its files were changed: what its process has read is read again, and
    /// its connections are judged for it.
    pub(super) fn workload_changed(&mut self, unit: UnitId, agenda: &mut Agenda<Event>) {
        let (deployed, operators) = (&self.deployed, &self.operators);
        let change = self
            .sides
            .read_again(unit, deployed, operators, &mut self.journal, agenda);
        if !matches!(change, SideChange::None) {
            self.watcher(agenda).follow_pod(unit);
        }
        match change {
            SideChange::None => {}
            SideChange::Restarted => self.watcher(agenda).judge_sessions(unit),
            SideChange::Judge(trigger) => self.watcher(agenda).judge_unit(unit, trigger),
        }
    }

    /// The operator of the application of `unit` notices what it waits for now.
    pub(super) fn notice_tasks(
        &mut self,
        unit: UnitId,
        cause: Option<Seq>,
        agenda: &mut Agenda<Event>,
    ) {
        let (deployed, journal) = (&self.deployed, &mut self.journal);
        self.operators.look(unit, cause, deployed, journal, agenda);
    }

    /// An operator does a task that is due.
    fn do_task(&mut self, task: usize, agenda: &mut Agenda<Event>) {
        let (deployed, journal) = (&self.deployed, &mut self.journal);
        let done = self.operators.do_task(task, deployed, journal, agenda);
        if let Some((action, source, cause)) = done {
            self.carry_out_unplanned(action, source, cause, agenda);
        }
    }

    /// A unit that is gone takes its connections along.
    fn end_if_gone(&mut self, unit: UnitId, now: Time) {
        let agent = self.deployed.juju().agent(unit);
        if agent.is_some_and(|agent| agent.removed) {
            self.connections.end_of_unit(unit, now);
        }
    }

    /// A new unit is ready, or is waited for no longer: its connections are watched.
    fn look_if_ready(&mut self, unit: UnitId, deadline: Time, agenda: &mut Agenda<Event>) {
        let (now, juju) = (agenda.now(), self.juju());
        if self.watched_from.is_none() || juju.agent(unit).is_none_or(|agent| agent.removed) {
            return; // It is watched with the others, or never.
        }
        if now < deadline && !juju.is_unit_at_rest(unit, now) {
            agenda.after(READY_CHECK, Event::Ready { unit, deadline });
            return;
        }
        self.watcher(agenda).watch_unit(unit);
    }

    /// A client fetches the CAs it trusts again, and its connections are judged for what it has then.
    pub(super) fn fetch_again(
        &mut self,
        client: ClientIndex,
        cause: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let (clients, mut from) = self.clients(agenda.now());
        if clients.fetch_again(client, cause, &mut from) {
            self.watcher(agenda).judge_client(client);
        }
    }

    /// What was done to the store of a client by hand is another.
    pub(super) fn store_changed(
        &mut self,
        client: ClientIndex,
        cause: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let (clients, mut from) = self.clients(agenda.now());
        if clients.store_changed(client, cause, &mut from) {
            self.watcher(agenda).judge_client(client);
        }
    }

    /// An authority publishes its next list; says whether it has a key to do so.
    pub(super) fn publish(&mut self, ca: ApplicationIndex, agenda: &mut Agenda<Event>) -> bool {
        let (publications, keys) = self.publications();
        let is_any = publications.publish(ca, keys, agenda);
        self.watcher(agenda).judge_revocation();
        is_any
    }
}
