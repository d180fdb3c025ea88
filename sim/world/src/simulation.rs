//! A run: a world with its agenda, played from event to event.

use std::sync::Arc;
use trustsim_model::{
    ActionIndex, Address, ApplicationIndex, CharmVersion, Deployment, EndlessLoop, Journal,
    Manifest, TiSlice, TimedAction,
};

use super::event::Event;
use super::world::World;
use trustsim_juju::{ApplicationId, Juju};
use trustsim_kernel::{self as kernel, Agenda, Time};

/// How a run is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Every update-status and repeated secret event is played, quiet or not.
    pub every_hook: bool,
    /// Every attempt of every connection is a real handshake.
    pub every_handshake: bool,
}

/// The deployment as one value: plain data, no threads, no files. Clone it to play another future.
#[derive(Clone, Debug)]
pub struct Simulation {
    agenda: Agenda<Event>,
    world: World,
    /// Events handled so far.
    events: u64,
}

/// A unit whose charm tries again, at each update-status, what does not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriesInVain {
    /// The unit.
    pub unit: Address,
    /// The message of its workload status.
    pub message: String,
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
        let world = World::new(deployment, options, &mut agenda);
        Self {
            agenda,
            world,
            events: 0,
        }
    }

    /// Plays on until `until`.
    pub fn run_until(&mut self, until: Time) {
        self.events += kernel::run(&mut self.world, &mut self.agenda, until);
    }

    /// The current instant.
    pub fn now(&self) -> Time {
        self.agenda.now()
    }

    /// How many events were handled so far, in a fork those of its base included: what a run costs, on any machine.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Where the run ends.
    pub fn end(&self) -> Time {
        self.deployment().start + self.deployment().duration
    }

    /// What is played.
    pub fn deployment(&self) -> &Arc<Deployment> {
        self.world.deployment()
    }

    /// What has happened so far.
    pub fn journal(&self) -> &Journal {
        self.world.journal()
    }

    /// What the run is, with the connections watched so far.
    pub fn manifest(&self) -> Manifest {
        self.world.manifest()
    }

    /// How many connections were watched so far.
    pub fn connection_count(&self) -> usize {
        self.world.connections().records().count()
    }

    /// From when connections are watched: the deployment has settled, or has taken too long.
    pub fn watched_from(&self) -> Option<Time> {
        self.world.watched_from()
    }

    /// When everything was at rest for the first time, once it was.
    pub fn settled_at(&self) -> Option<Time> {
        self.world.settled_at()
    }

    /// Whether nothing is due that anything but time has caused, and no person will come for what waits.
    pub fn is_at_rest(&self) -> bool {
        self.world.is_at_rest(self.now())
    }

    /// As [`Self::is_at_rest`], where a unit counts as at rest whose charm tries again, at each update-status, what will not
    /// succeed until something else happens: Charmed Kubernetes without its CA.
    pub fn is_still(&self) -> bool {
        self.world.is_still(self.now())
    }

    /// The units whose charms try again so, with what they say.
    pub fn units_in_vain(&self) -> Vec<TriesInVain> {
        self.world.units_in_vain()
    }

    /// Handshakes performed and verdicts used again, so far.
    pub fn handshakes(&self) -> (u64, u64) {
        self.world.handshakes().count()
    }

    /// Why the run ended before its time, if it did: nothing is played any more.
    pub fn endless(&self) -> Option<&EndlessLoop> {
        self.world.endless()
    }

    /// Juju's side of the world.
    pub fn juju(&self) -> &Juju {
        self.world.juju()
    }

    /// Plays to the end and keeps what reports read.
    pub fn finish(mut self) -> Record {
        self.run_until(self.end());
        Record {
            manifest: self.world.manifest(),
            journal: self.world.into_journal(),
        }
    }

    /// Puts an action into the plan of this future; one that is past happens now.
    pub fn plan(&mut self, action: TimedAction) {
        self.world.plan(action, &mut self.agenda);
    }

    /// Plays another plan from now on; see [`super::fork`].
    pub(super) fn plan_anew(
        &mut self,
        planned: Arc<Deployment>,
        moved: &TiSlice<ActionIndex, ActionIndex>,
        added: &[ActionIndex],
    ) {
        let agenda = &mut self.agenda;
        self.world.plan_anew(planned, moved, added, agenda);
    }

    /// Index in the deployment of an application that was deployed there.
    pub(super) fn spec_of(&self, id: ApplicationId) -> Option<ApplicationIndex> {
        self.world.deployed().index_of(id)
    }

    /// The charm of an application now.
    ///
    /// # Panics
    ///
    /// For a proxy, which has no charm.
    pub(super) fn version_now(&self, id: ApplicationId) -> CharmVersion<'_> {
        let deployed = self.world.deployed();
        let index = deployed.index_of(id);
        deployed.version_now(index.expect("an application that has a charm is of the deployment"))
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }

    pub(super) fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }
}
