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
mod events;
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
use super::repeats::{self, Repeats};
use super::revocation::Publications;
use super::sides::Sides;
use super::simulation::{Options, TriesInVain};
use super::tampering::Edits;
use super::watchdog::Watchdog;
use trustsim_juju::{Juju, UnitId};
use trustsim_kernel::{Agenda, Places, Span, Time};
use trustsim_model::{
    ActionIndex, ConnectionRecord, Deployment, EndlessLoop, Journal, Manifest, OfferSpec, SaasSpec,
    TiSlice, TimedAction,
};

/// How often the world looks whether the deployment has settled, at first.
const SETTLE_CHECK: Span = Span::from_secs(1);
/// How often it looks at least: a deployment that never settles costs no more than this.
const SETTLE_CHECK_MAX: Span = Span::from_secs(600);
/// It looks again after this part of the time that has gone by.
const SETTLE_CHECKS: u32 = 4_096;

/// How many actions a plan may have more in another world that begins as this one does.
const LATER_ACTIONS_MAX: u32 = 1 << 16;

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
    /// From when connections are watched.
    watched_from: Option<Time>,
    /// When the deployment settled.
    settled: Option<Time>,
    watchdog: Watchdog,
    repeats: Repeats,
    /// Where in the order of their instant the actions belong that another plan has more.
    later_actions: Places,
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
        let later_actions = agenda.keep_places(LATER_ACTIONS_MAX);
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
            watched_from: None,
            settled: None,
            watchdog: Watchdog::default(),
            repeats: Repeats::new(options.every_hook),
            later_actions,
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

    pub(super) fn recorder_mut(&mut self) -> &mut Recorder {
        &mut self.recorder
    }

    #[cfg(test)]
    pub(super) fn operators(&self) -> &Operators {
        &self.operators
    }

    /// Why the run ended before its time, if it did.
    pub(super) fn endless(&self) -> Option<&EndlessLoop> {
        self.watchdog.found()
    }

    /// From when connections are watched.
    pub(super) fn watched_from(&self) -> Option<Time> {
        self.watched_from
    }

    /// When everything was at rest for the first time, once it was.
    pub(super) fn settled_at(&self) -> Option<Time> {
        self.settled
    }

    /// Whether nothing is due that anything but time has caused, and no person will come for what waits.
    pub(super) fn is_at_rest(&self, now: Time) -> bool {
        // A person may take hours, in which this is asked every second: that is seen at once, the rest unit by unit.
        !self.operators.have_tasks() && self.juju().is_settled(now)
    }

    /// As [`Self::is_at_rest`], where a unit counts as at rest that tries again in vain.
    pub(super) fn is_still(&self, now: Time) -> bool {
        !self.operators.have_tasks() && self.juju().is_still(now)
    }

    /// The units that do, with what they say.
    pub(super) fn units_in_vain(&self) -> Vec<TriesInVain> {
        let tries = |unit: UnitId| TriesInVain {
            unit: self.deployed.unit_address(unit),
            message: self.juju().unit(unit).status.1.to_string(),
        };
        self.juju().units_in_vain().map(tries).collect()
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
        let duration = match self.watchdog.found() {
            Some(found) => found.at.since(deployment.start),
            None => deployment.duration,
        };
        let end = deployment.start + duration;
        Manifest {
            deployment: Arc::clone(deployment),
            name: deployment.name.clone(),
            about: deployment.about.clone(),
            seed: deployment.seed,
            start: deployment.start,
            duration,
            timings: deployment.timings.listed(),
            drawn: deployment.drawn.clone(),
            settled_at: self.settled,
            connections: self
                .connections
                .records()
                .map(|record| attempted_until(end, record.clone()))
                .collect(),
            endless: self.watchdog.found().cloned(),
            unplayed: self.repeats.unplayed(&self.deployed),
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

    /// Whether what was played so far could be other where the run is longer.
    pub(super) fn has_looked_at_end(&self, now: Time) -> bool {
        let played = now.since(self.deployment().start);
        self.deployed.acme_root().is_some()
            || self.repeats.has_asked_end()
            || played >= repeats::SAME_FOR
    }

    /// Has another plan from now on, in which those actions of this one that are left have the places that `moved` tells and
    /// the `added` ones are new.
    pub(super) fn plan_anew(
        &mut self,
        planned: Arc<Deployment>,
        moved: &TiSlice<ActionIndex, ActionIndex>,
        added: &[ActionIndex],
        agenda: &mut Agenda<Event>,
    ) {
        for event in agenda.pending_mut() {
            if let Event::Action(index) = event {
                *index = moved[*index];
            }
        }
        for &index in added {
            let at = planned.start + planned.actions[index].at;
            agenda.at_place(at, &mut self.later_actions, Event::Action(index));
        }
        self.deployed.set_spec(planned);
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

/// Its parts, lent to those that change.
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

    /// Revocation lists, with where the keys that sign them are found.
    fn publications(&mut self) -> (&mut Publications, Keys<'_>) {
        let keys = Keys {
            deployed: &self.deployed,
            operators: &self.operators,
            journal: &self.journal,
        };
        (&mut self.publications, keys)
    }
}

/// A connection that was to be attempted first after the run had ended, or after one of its units was gone, was never
/// attempted.
fn attempted_until(end: Time, mut record: ConnectionRecord) -> ConnectionRecord {
    record.first_attempt = record
        .first_attempt
        .filter(|&first| first <= end && record.ended.is_none_or(|ended| first < ended));
    record
}
