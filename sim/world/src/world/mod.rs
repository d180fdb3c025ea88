//! The world of a run: its parts, and which of them an event is for.
//!
//! Each part owns one thing, has private fields, and is lent what else it needs:
//!
//! - [`Deployed`]: Juju, the code of its charms, and the deployment that they are of. Most others read it.
//! - [`JournalWriter`], [`Handshakes`]: what happened, and what was verified.
//! - [`Sides`], [`Controllers`], [`Clients`], [`Publications`]: what takes part in handshakes. [`Peers`]
//!   reads them together.
//! - [`Connections`], [`Attackers`]: what came of handshakes. A [`Watcher`] judges them.
//! - [`Operators`], [`Edits`], [`FailingHooks`], [`Recorder`]: what people do, and ask to see.
//!
//! What is left to [`World`] is the order of things: a hook ends, so the files of its unit are read again, so
//! its connections are judged again.

mod act;
mod hooks;

use std::sync::Arc;

use super::clients::{Clients, Fetching};
use super::connections::{Attackers, Attempt, Connections, Peers, Watcher};
use super::controllers::Controllers;
use super::deployed::Deployed;
use super::event::Event;
use super::failing::FailingHooks;
use super::handshakes::Handshakes;
use super::host::JujuHost;
use super::journal::JournalWriter;
use super::keys::Keys;
use super::operators::Operators;
use super::recorder::Recorder;
use super::revocation::Publications;
use super::sides::{SideChange, Sides};
use super::simulation::Options;
use super::tampering::Edits;
use trustsim_juju::{
    self as juju, ConnectionError, Driver, Hook, Host, Juju, LinkId, Quiet, UnitId,
};
use trustsim_kernel::{self as kernel, Agenda, Seq, Span, Time};
use trustsim_model::{
    ClientIndex, Deployment, Entry, Journal, Kind, Manifest, OfferSpec, SaasSpec, Subject,
    TimedAction, Trigger,
};

/// How often the world looks whether the deployment has settled.
const SETTLE_CHECK: Span = Span::from_secs(1);

/// How often the world looks whether a new unit is ready.
const READY_CHECK: Span = Span::from_secs(1);

/// Everything but the agenda.
#[derive(Clone, Debug)]
pub(super) struct World {
    every_handshake: bool,
    deployed: Deployed,
    journal: JournalWriter,
    handshakes: Handshakes,
    controllers: Controllers,
    clients: Clients,
    sides: Sides,
    publications: Publications,
    connections: Connections,
    attackers: Attackers,
    operators: Operators,
    edits: Edits,
    failing: FailingHooks,
    recorder: Recorder,
    /// When the deployment settled.
    settled: Option<Time>,
}

/// What can be asked of it.
impl World {
    /// Deploys everything; nothing has happened yet.
    pub(super) fn new(
        deployment: Arc<Deployment>,
        options: Options,
        agenda: &mut Agenda<Event>,
    ) -> Self {
        let mut journal = JournalWriter::new(deployment.start);
        let mut deployed = Deployed::new(Arc::clone(&deployment), options.every_hook);
        deployed.deploy(&mut journal, agenda);
        for (index, action) in deployment.actions.iter_enumerated() {
            agenda.at(deployment.start + action.at, Event::Action(index));
        }
        let operators = Operators::start(&deployed, &mut journal, agenda);
        agenda.after(SETTLE_CHECK, Event::SettleCheck);
        Self {
            every_handshake: options.every_handshake,
            handshakes: Handshakes::new(deployed.streams().clone()),
            controllers: Controllers::bootstrap(&deployment, deployed.streams()),
            deployed,
            journal,
            clients: Clients::default(),
            sides: Sides::default(),
            publications: Publications::default(),
            connections: Connections::default(),
            attackers: Attackers::default(),
            operators,
            edits: Edits::default(),
            failing: FailingHooks::default(),
            recorder: Recorder::default(),
            settled: None,
        }
    }

    pub(super) fn deployed(&self) -> &Deployed {
        &self.deployed
    }

    pub(super) fn deployment(&self) -> &Arc<Deployment> {
        self.deployed.spec()
    }

    pub(super) fn juju(&self) -> &Juju {
        self.deployed.juju()
    }

    pub(super) fn journal(&self) -> &Journal {
        self.journal.written()
    }

    pub(super) fn handshakes(&self) -> &Handshakes {
        &self.handshakes
    }

    pub(super) fn connections(&self) -> &Connections {
        &self.connections
    }

    pub(super) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(super) fn recorder_mut(&mut self) -> &mut Recorder {
        &mut self.recorder
    }

    #[cfg(test)]
    pub(super) fn operators(&self) -> &Operators {
        &self.operators
    }

    /// When the deployment settled.
    pub(super) fn settled(&self) -> Option<Time> {
        self.settled
    }

    /// Where private keys are found.
    pub(super) fn keys(&self) -> Keys<'_> {
        Keys {
            deployed: &self.deployed,
            operators: &self.operators,
            journal: &self.journal,
        }
    }

    /// What both sides of connections are now.
    pub(super) fn peers(&self) -> Peers<'_> {
        Peers {
            deployed: &self.deployed,
            controllers: &self.controllers,
            sides: &self.sides,
            clients: &self.clients,
            publications: &self.publications,
        }
    }

    /// What an attempt of a watched connection would come to now.
    pub(super) fn attempt_of(&self, connection: u32, now: Time) -> Attempt {
        self.peers().attempt_of(&self.connections, connection, now)
    }

    pub(super) fn manifest(&self) -> Manifest {
        let deployment = self.deployment();
        Manifest {
            deployment: Arc::clone(deployment),
            name: deployment.name.clone(),
            about: deployment.about.clone(),
            seed: deployment.seed,
            start: deployment.start,
            duration: deployment.duration,
            timings: deployment.timings.listed(),
            drawn: deployment.drawn.clone(),
            connections: self.connections.records().cloned().collect(),
        }
    }

    pub(super) fn into_journal(self) -> Journal {
        self.journal.into_journal()
    }

    /// Puts an action into the plan; one that is past happens now.
    pub(super) fn plan(&mut self, action: TimedAction, agenda: &mut Agenda<Event>) {
        let at = self.deployment().start + action.at;
        let index = self.deployed.add_action(action);
        agenda.at(at.max(agenda.now()), Event::Action(index));
    }

    /// Offers and SAAS that another future has, at once.
    pub(super) fn add_offers(&mut self, offers: &[OfferSpec], saas: &[SaasSpec]) {
        self.deployed.add_offers(offers, saas);
    }

    /// The run ends so long after its start.
    pub(super) fn set_duration(&mut self, duration: Span) {
        self.deployed.set_duration(duration);
    }
}

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

    fn ask_quiet(&self, unit: UnitId) -> Quiet {
        let World {
            failing, deployed, ..
        } = &*self.world;
        failing.quiet_unless_failing(unit, self.agenda.now(), deployed)
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
    /// Calls into Juju with the agenda and the journal at hand.
    fn in_juju<T>(
        &mut self,
        agenda: &mut Agenda<Event>,
        call: impl FnOnce(&mut Juju, &mut JujuHost<'_>) -> T,
    ) -> T {
        self.deployed.in_juju(&mut self.journal, agenda, call)
    }

    /// The connections, with what they are judged by.
    fn watcher<'a>(&'a mut self, agenda: &'a mut Agenda<Event>) -> Watcher<'a> {
        Watcher {
            peers: Peers {
                deployed: &self.deployed,
                controllers: &self.controllers,
                sides: &self.sides,
                clients: &self.clients,
                publications: &self.publications,
            },
            connections: &mut self.connections,
            attackers: &mut self.attackers,
            handshakes: &mut self.handshakes,
            journal: &mut self.journal,
            agenda,
            every_handshake: self.every_handshake,
        }
    }

    /// The clients, with where they get what they trust.
    fn clients(&mut self, now: Time) -> (&mut Clients, Fetching<'_>) {
        let from = Fetching {
            deployed: &self.deployed,
            operators: &self.operators,
            edits: &self.edits,
            journal: &mut self.journal,
            now,
        };
        (&mut self.clients, from)
    }

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
        let last = self.deployment().start + self.deployment().timings.settle_max;
        let settled = self.juju().is_settled(now) && !self.operators.have_tasks();
        if now < last && !settled {
            agenda.after(SETTLE_CHECK, Event::SettleCheck);
            return;
        }
        assert!(self.settled.is_none(), "a deployment settles once");
        assert!(
            now <= last + SETTLE_CHECK,
            "a deployment settles at the latest one look after it has to"
        );
        self.settled = Some(now);
        let settled = self.journal.record(Entry {
            time: now,
            cause: Some(self.journal.root()),
            subject: Subject::default(),
            kind: Kind::Settled,
        });
        let (clients, mut from) = self.clients(now);
        clients.start(settled, &mut from, agenda);
        self.watcher(agenda).start();
    }

    /// A hook of `unit` ended, or its files were changed: what its process has read is read again, and
    /// its connections are judged for it.
    fn workload_changed(&mut self, unit: UnitId, agenda: &mut Agenda<Event>) {
        let (deployed, operators) = (&self.deployed, &self.operators);
        let change = self
            .sides
            .read_again(unit, deployed, operators, &mut self.journal, agenda);
        match change {
            SideChange::None => {}
            SideChange::Restarted => self.watcher(agenda).judge_sessions(unit),
            SideChange::Judge(trigger) => self.watcher(agenda).judge_unit(unit, trigger),
        }
    }

    /// The operator of the application of `unit` notices what it waits for now.
    fn notice_tasks(&mut self, unit: UnitId, cause: Option<Seq>, agenda: &mut Agenda<Event>) {
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
        if self.settled.is_none() || juju.agent(unit).is_none_or(|agent| agent.removed) {
            return; // It is watched with the others, or never.
        }
        if now < deadline && !juju.is_unit_at_rest(unit, now) {
            agenda.after(READY_CHECK, Event::Ready { unit, deadline });
            return;
        }
        self.watcher(agenda).watch_unit(unit);
    }

    /// A client fetches the CAs it trusts again, and its connections are judged for what it has then.
    fn fetch_again(&mut self, client: ClientIndex, cause: Seq, agenda: &mut Agenda<Event>) {
        let (clients, mut from) = self.clients(agenda.now());
        if clients.fetch_again(client, cause, &mut from) {
            self.watcher(agenda).judge_client(client);
        }
    }

    /// What was done to the store of a client by hand is another.
    fn store_changed(&mut self, client: ClientIndex, cause: Seq, agenda: &mut Agenda<Event>) {
        let (clients, mut from) = self.clients(agenda.now());
        if clients.store_changed(client, cause, &mut from) {
            self.watcher(agenda).judge_client(client);
        }
    }

    /// An authority publishes its next list; says whether it has a key to do so.
    fn publish(
        &mut self,
        ca: trustsim_model::ApplicationIndex,
        agenda: &mut Agenda<Event>,
    ) -> bool {
        let keys = Keys {
            deployed: &self.deployed,
            operators: &self.operators,
            journal: &self.journal,
        };
        let is_any = self.publications.publish(ca, keys, agenda);
        self.watcher(agenda).judge_revocation();
        is_any
    }
}
