//! A run: the world as one value, and the events that change it.

use std::collections::BTreeMap;
use std::sync::Arc;
use trustsim_model::{
    ActionIndex, ApplicationIndex, ClientIndex, ControllerIndex, Deployment, Entry, Journal, Kind,
    Manifest, OperatorIndex, SaasIndex, Subject, TiVec,
};

use super::act::RevokedAccess;
use super::attack::Attackers;
use super::clients::ClientSide;
use super::connections::Connections;
use super::controllers::ControllerSide;
use super::deployed_charms::DeployedCharms;
use super::desk::{Desk, flush};
use super::failing::Armed;
use super::people::People;
use super::recorder::Recorder;
use super::revocation::Publications;
use super::sides::Sides;
use super::tampering::Edits;
use trustsim_charm_model::AcmeServer;
use trustsim_juju::{
    self as juju, ApplicationId, ConnectionError, Driver, Hook, Host, Juju, LinkId, Quiet, UnitId,
};
use trustsim_kernel::{self as kernel, Agenda, Seq, Span, Streams, Time};
use trustsim_pki::KeyPool;
use trustsim_tls::VerdictCache;

/// How a run is played.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Every update-status and repeated secret event is played, quiet or not.
    pub every_hook: bool,
    /// Every attempt of every connection is a real handshake.
    pub every_handshake: bool,
}

/// Something due in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Something due in Juju.
    Juju(juju::Event),
    /// The n-th action of the plan.
    Action(ActionIndex),
    /// Looks whether the deployment has settled.
    SettleCheck,
    /// A validity boundary of a connection passes.
    Boundary { connection: u32, generation: u32 },
    /// The next revocation list of an authority.
    PublishLists { ca: ApplicationIndex, number: u64 },
    /// An open connection or a session of a connection is as old as it gets.
    BondEnds { connection: u32, end: u32 },
    /// A connection is tried; only where every attempt is performed.
    Attempt(u32),
    /// A client fetches the CAs it trusts again.
    RefreshClient(ClientIndex),
    /// A restarted workload answers again.
    Answers(juju::UnitId),
    /// A new unit may be ready; it is watched at the latest from `deadline`.
    Ready { unit: juju::UnitId, deadline: Time },
    /// Somebody does the n-th task.
    OperatorTask(usize),
    /// An operator looks after whatever waits.
    Round(OperatorIndex),
}

/// How often the world looks whether the deployment has settled.
const SETTLE_CHECK: Span = Span::from_secs(1);

/// The deployment as one value: plain data, no threads, no files. Clone it to play another future.
#[derive(Clone, Debug)]
pub struct Simulation {
    pub(super) agenda: Agenda<Event>,
    pub(super) world: World,
}

/// Everything but the agenda.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) deployment: Arc<Deployment>,
    pub(super) options: Options,
    pub(super) streams: Streams,
    pub(super) juju: Juju,
    pub(super) journal: Journal,
    /// Where RSA keys come from.
    pub(super) pool: KeyPool,
    pub(super) charms: DeployedCharms,
    /// Applications by their index in the deployment.
    pub(super) applications: TiVec<ApplicationIndex, ApplicationId>,
    /// SAAS proxies by their index in the deployment.
    pub(super) saas: TiVec<SaasIndex, ApplicationId>,
    pub(super) controllers: TiVec<ControllerIndex, ControllerSide>,
    pub(super) clients: TiVec<ClientIndex, ClientSide>,
    pub(super) sides: Sides,
    pub(super) connections: Connections,
    pub(super) cache: VerdictCache,
    /// The first entry: what everything at the start is caused by.
    pub(super) root: Seq,
    /// When the deployment settled.
    pub(super) settled: Option<Time>,
    /// How many handshakes were performed.
    pub(super) performed: u64,
    /// When each request reached a databag, by the PEM of the request.
    pub(super) requested: BTreeMap<Box<str>, Time>,
    /// The last hook of each unit that stands in the journal.
    pub(super) last_hook: BTreeMap<juju::UnitId, Seq>,
    /// The entry that last set a clock.
    pub(super) clock_cause: Option<Seq>,
    pub(super) people: People,
    /// What was changed by hand on TLS sides.
    pub(super) edits: Edits,
    /// Hooks that are made to fail.
    pub(super) failing: Vec<Armed>,
    pub(super) revoked: RevokedAccess,
    pub(super) publications: Publications,
    pub(super) attackers: Attackers,
    /// The public ACME server; none where no charm orders from one.
    pub(super) acme: Option<AcmeServer>,
    pub(super) recorder: Recorder,
}

/// A finished run: all that reports read.
#[derive(Clone, Debug)]
pub struct Record {
    /// What was played.
    pub manifest: Manifest,
    /// What happened.
    pub journal: Journal,
}

impl Simulation {
    /// Deploys everything; nothing has happened yet.
    pub fn new(deployment: Arc<Deployment>, options: Options) -> Self {
        let mut agenda = Agenda::new(deployment.start);
        let streams = Streams::new(deployment.seed);
        let mut journal = Journal::default();
        let root = journal.record(Entry {
            time: deployment.start,
            cause: None,
            subject: Subject::default(),
            kind: Kind::Started,
        });
        let timings = &deployment.timings;
        let latencies = juju::Latencies {
            hook_min: timings.hook_min,
            hook_max: timings.hook_max,
            watch: timings.watch_latency,
            cross_model: timings.cross_model_latency,
        };
        let mut world = World {
            options,
            juju: Juju::new(latencies, streams.clone(), options.every_hook),
            pool: KeyPool::new(&streams, KeyPool::DEFAULT_SIZE),
            streams,
            journal,
            charms: DeployedCharms::default(),
            applications: TiVec::new(),
            saas: TiVec::new(),
            controllers: TiVec::new(),
            clients: TiVec::new(),
            sides: Sides::default(),
            connections: Connections::default(),
            cache: VerdictCache::default(),
            root,
            settled: None,
            performed: 0,
            requested: BTreeMap::new(),
            last_hook: BTreeMap::new(),
            clock_cause: None,
            people: People::default(),
            edits: Edits::default(),
            failing: Vec::new(),
            revoked: RevokedAccess::default(),
            publications: Publications::default(),
            attackers: Attackers::default(),
            acme: None,
            recorder: Recorder::default(),
            deployment,
        };
        world.deploy(&mut agenda);
        for (index, action) in world.deployment.actions.iter_enumerated() {
            agenda.at(world.deployment.start + action.at, Event::Action(index));
        }
        world.start_people(&mut agenda);
        agenda.after(SETTLE_CHECK, Event::SettleCheck);
        Self { agenda, world }
    }

    /// Plays on until `until`.
    pub fn run_until(&mut self, until: Time) {
        kernel::run(&mut self.world, &mut self.agenda, until);
    }

    /// The current instant.
    pub fn now(&self) -> Time {
        self.agenda.now()
    }

    /// Where the run ends.
    pub fn end(&self) -> Time {
        self.world.deployment.start + self.world.deployment.duration
    }

    /// What is played.
    pub fn deployment(&self) -> &Arc<Deployment> {
        &self.world.deployment
    }

    /// What has happened so far.
    pub fn journal(&self) -> &Journal {
        &self.world.journal
    }

    /// What the run is, with the connections watched so far.
    pub fn manifest(&self) -> Manifest {
        self.world.manifest()
    }

    /// When the deployment settled; connections are watched from then.
    pub fn settled_at(&self) -> Option<Time> {
        self.world.settled
    }

    /// Handshakes performed and verdicts used again, so far.
    pub fn handshakes(&self) -> (u64, u64) {
        (self.world.performed, self.world.cache.reused())
    }

    /// Juju's side of the world.
    pub fn juju(&self) -> &Juju {
        &self.world.juju
    }

    /// Plays to the end and keeps what reports read.
    pub fn finish(mut self) -> Record {
        self.run_until(self.end());
        Record {
            manifest: self.world.manifest(),
            journal: self.world.journal,
        }
    }

    /// Index in the deployment of an application that was deployed there.
    pub(super) fn spec_of(&self, id: ApplicationId) -> Option<ApplicationIndex> {
        self.world
            .applications
            .position(|application| *application == id)
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }

    pub(super) fn world_mut(&mut self) -> &mut World {
        &mut self.world
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
            .in_juju(self.agenda, |juju, desk| call(juju, desk))
    }

    fn run_hook(&mut self, unit: UnitId, hook: Hook, cause: Option<Seq>, failures: u32) {
        self.world
            .run_hook(unit, hook, cause, failures, self.agenda);
    }

    fn ask_quiet(&self, unit: UnitId) -> Quiet {
        self.world.quiet_unless_failing(unit, self.agenda.now())
    }

    fn judge_agent(&mut self, unit: UnitId) -> Result<(), ConnectionError> {
        self.world.judge_agent(unit, self.agenda.now())
    }

    fn judge_link(&mut self, link: LinkId) -> Result<(), ConnectionError> {
        self.world.judge_link(link, self.agenda.now())
    }
}

impl kernel::World for World {
    type Event = Event;

    fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        match event {
            Event::Juju(event) => {
                let world = &mut *self;
                juju::drive(&mut Playing { world, agenda }, event);
                match event {
                    juju::Event::HookEnd(unit) => {
                        self.workload_changed(unit, agenda);
                        self.look_for_people(unit, None, agenda);
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
            Event::Action(index) => self.act(index, agenda),
            Event::SettleCheck => self.settle_check(agenda),
            Event::Boundary {
                connection,
                generation,
            } => {
                self.boundary(connection, generation, agenda);
            }
            Event::PublishLists { ca, number } => self.publish_again(ca, number, agenda),
            Event::BondEnds { connection, end } => self.bond_ends(connection, end, agenda),
            Event::Attempt(connection) => self.attempt(connection, agenda),
            Event::RefreshClient(client) => self.refresh_client(client, agenda),
            Event::Ready { unit, deadline } => self.look_if_ready(unit, deadline, agenda),
            Event::Answers(unit) => self.answers_again(unit, agenda),
            Event::OperatorTask(task) => self.answer_task(task, agenda),
            Event::Round(operator) => self.answer_all_tasks(operator, agenda),
        }
    }
}

impl World {
    /// Calls into Juju with the agenda and the journal at hand.
    pub(super) fn in_juju<T>(
        &mut self,
        agenda: &mut Agenda<Event>,
        call: impl FnOnce(&mut Juju, &mut Desk<'_>) -> T,
    ) -> T {
        let mut desk = Desk::new(agenda, self.journal.next_seq());
        let result = call(&mut self.juju, &mut desk);
        let happenings = desk.into_happenings();
        flush(happenings, &self.juju, &mut self.journal);
        result
    }

    /// Connections are watched once every agent is at rest, or when patience ends.
    fn settle_check(&mut self, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let patience_over = now >= self.deployment.start + self.deployment.timings.settle_max;
        let settled = self.juju.is_settled(now) && !self.operators_have_tasks();
        if !patience_over && !settled {
            agenda.after(SETTLE_CHECK, Event::SettleCheck);
            return;
        }
        assert!(self.settled.is_none(), "a deployment settles once");
        assert!(
            now <= self.deployment.start + self.deployment.timings.settle_max + SETTLE_CHECK,
            "a deployment settles at the latest one look after it has to"
        );
        self.settled = Some(now);
        let cause = Some(self.root);
        let kind = Kind::Settled;
        let settled = self.journal.record(Entry {
            time: now,
            cause,
            subject: Subject::default(),
            kind,
        });
        self.start_clients(settled, agenda);
        self.start_connections(agenda);
    }

    fn manifest(&self) -> Manifest {
        let deployment = &self.deployment;
        Manifest {
            deployment: Arc::clone(deployment),
            name: deployment.name.clone(),
            about: deployment.about.clone(),
            seed: deployment.seed,
            start: deployment.start,
            duration: deployment.duration,
            timings: deployment.timings.listed(),
            drawn: deployment.drawn.clone(),
            connections: self.connections.records(),
        }
    }
}
