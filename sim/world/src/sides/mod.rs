//! The TLS side of each unit: what its workload serves and trusts, read off the files its
//! process has loaded, and kept until those change.

mod files;
mod processes;

use std::sync::Arc;
use trustsim_model::{Answering, Entry, Kind, Trigger};

use super::deployed::Deployed;
use super::event::Event;
use super::journal::JournalWriter;
use super::operators::Operators;
use files::{Trusted, read_pairs, read_trust};
pub(super) use processes::ProcessSide;
use trustsim_charm_model::surface;
use trustsim_juju::{About, UnitId};
use trustsim_kernel::{Agenda, Seq, Time};
use trustsim_pki::Certificate;
use trustsim_tls::Identity;
use trustsim_validators::{TrustStore, Validator};

/// Sides of all units, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Sides {
    by_unit: Vec<UnitSide>,
    /// The side of every unit whose files were never read: it serves and trusts nothing.
    unread: UnitSide,
}

/// What one unit's workload serves and trusts.
#[derive(Clone, Debug)]
pub(super) struct UnitSide {
    generation: u64,
    /// Chains with keys, by certificates endpoint and name.
    served: Arc<[Served]>,
    /// Chains with keys that it shows to servers only.
    presented: Arc<[Served]>,
    trust: TrustStore,
    /// The same without the CAs that its charm has for its own units alone.
    general_trust: TrustStore,
    /// What it trusts, by where that came from.
    trust_of: Arc<[(Arc<str>, TrustStore)]>,
    /// The same as a stack reads it that skips damaged blocks; empty where nothing is damaged.
    salvaged: Arc<[(Arc<str>, TrustStore)]>,
    /// What its other processes trust that open connections.
    processes: Vec<ProcessSide>,
    /// Counts the starts of its process, and since when the present one runs.
    starts: u32,
    started_at: Time,
    /// How its port answers.
    answering: Answering,
    /// The entries that last changed what it serves, and what it trusts.
    served_by: Option<Seq>,
    trusted_by: Option<Seq>,
    /// The entry that last took it down or brought it up.
    reached_by: Option<Seq>,
    /// Before this instant the workload does not answer.
    answers_from: Time,
    /// How many things hold its process down.
    held_down: u32,
    /// Whether its charm has stopped its process.
    stopped: bool,
}

/// One chain with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) endpoint: Arc<str>,
    pub(super) name: Arc<str>,
    /// Without a certificate where the file holds none that can be read.
    pub(super) identity: Identity,
}

impl Served {
    /// Whether it is of an endpoint; without one, whether it is for others than the application's own units, too.
    pub(super) fn is_of(&self, endpoint: Option<&str>) -> bool {
        match endpoint {
            Some(wanted) => *self.endpoint == *wanted,
            None => *self.name != *surface::OF_OWN_CA,
        }
    }
}

impl Default for UnitSide {
    fn default() -> Self {
        Self {
            // Its files were never read: a workload without any has the system's roots.
            generation: u64::MAX,
            served: Arc::from([]),
            presented: Arc::from([]),
            trust: TrustStore::empty(),
            general_trust: TrustStore::empty(),
            trust_of: Arc::from([]),
            salvaged: Arc::from([]),
            processes: Vec::new(),
            starts: 0,
            started_at: Time::EPOCH,
            answering: Answering::default(),
            served_by: None,
            trusted_by: None,
            reached_by: None,
            answers_from: Time::EPOCH,
            held_down: 0,
            stopped: false,
        }
    }
}

impl UnitSide {
    /// How often its process started, or would have.
    pub(super) fn starts(&self) -> u32 {
        self.starts
    }

    /// Chains with keys, by certificates endpoint and name.
    pub(super) fn served(&self) -> &[Served] {
        &self.served
    }

    /// Everything it trusts.
    pub(super) fn trust(&self) -> &TrustStore {
        &self.trust
    }

    /// What it trusts, by where that came from.
    pub(super) fn trust_by_source(&self) -> &[(Arc<str>, TrustStore)] {
        &self.trust_of
    }

    /// The entry that last changed what it serves.
    pub(super) fn served_by(&self) -> Option<Seq> {
        self.served_by
    }

    /// The entry that last changed what it trusts.
    pub(super) fn trusted_by(&self) -> Option<Seq> {
        self.trusted_by
    }

    /// How its port answers.
    pub(super) fn answering(&self) -> Answering {
        self.answering
    }

    /// The entry that last took it down or brought it up.
    pub(super) fn reached_by(&self) -> Option<Seq> {
        self.reached_by
    }

    /// Whether something holds its process down.
    pub(super) fn is_held_down(&self) -> bool {
        self.held_down > 0
    }

    /// Whether its charm has stopped its process.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Its port answers so from now on, by `entry`.
    pub(super) fn set_answering(&mut self, how: Answering, entry: Seq) {
        self.answering = how;
        self.reached_by = Some(entry);
    }

    /// One thing more holds its process down.
    pub(super) fn hold_down(&mut self, entry: Seq) {
        self.held_down += 1;
        self.starts += 1;
        self.reached_by = Some(entry);
    }

    /// One thing less holds its process down; says whether it starts now. A process that nothing
    /// held is started anew.
    pub(super) fn let_up(&mut self, entry: Seq) -> bool {
        if self.held_down > 1 {
            self.held_down -= 1;
            return false;
        }
        self.held_down = 0;
        self.reached_by = Some(entry);
        true
    }

    /// Whether its process listens.
    pub(super) fn answers(&self, now: Time) -> bool {
        self.answers_from <= now && self.held_down == 0
    }

    /// Reads its files, and has the roots in `public` beside them. Says whether it shows something else
    /// to servers, and whether it trusts something else. What it serves is compared by the caller.
    fn read_files(
        &mut self,
        files: &surface::Files,
        public: impl Iterator<Item = Certificate>,
    ) -> (bool, bool) {
        let presented = read_pairs(surface::presented(files));
        let Trusted {
            all: given,
            by_source: trust_of,
            salvaged,
        } = read_trust(files);
        let public: Vec<Certificate> = public.collect();
        let general = trust_of
            .iter()
            .filter(|(source, _)| !surface::is_own_ca_source(source));
        let general = general.flat_map(|(_, store)| store.roots());
        let general_trust: TrustStore = general.chain(&public).cloned().collect();
        let trust: TrustStore = given.roots().cloned().chain(public).collect();
        let presents_other = *self.presented != *presented;
        // The same CAs may have come another way, and be trusted for something else.
        let trusts_other =
            self.trust != trust || *self.trust_of != *trust_of || *self.salvaged != *salvaged;
        self.served = read_pairs(surface::served(files)).into();
        self.presented = presented.into();
        self.trust = trust;
        self.general_trust = general_trust;
        self.trust_of = trust_of.into();
        self.salvaged = salvaged.into();
        (presents_other, trusts_other)
    }

    /// What it trusts as a client of this stack: everything, or what came over this endpoint.
    pub(super) fn client_trust(&self, endpoint: Option<&str>, stack: Validator) -> TrustStore {
        let by_source = match stack.skips_damaged_blocks() && !self.salvaged.is_empty() {
            true => &self.salvaged,
            false => &self.trust_of,
        };
        let Some(endpoint) = endpoint else {
            if Arc::ptr_eq(by_source, &self.trust_of) {
                return self.general_trust.clone();
            }
            let stores = by_source.iter();
            let stores = stores.filter(|(source, _)| !surface::is_own_ca_source(source));
            let found = stores.flat_map(|(_, store)| store.roots().cloned());
            // What the system's store has beside the files.
            return found.chain(self.general_trust.roots().cloned()).collect();
        };
        let comes_from = |source: &str| {
            let rest = source.strip_prefix(endpoint);
            let is_own = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
            is_own || surface::is_by_hand(source)
        };
        let stores = by_source.iter();
        let stores = stores.filter(|(source, _)| comes_from(source));
        stores
            .flat_map(|(_, store)| store.roots().cloned())
            .collect()
    }

    /// What it shows to a server that asks: what it has for servers only, else what it serves;
    /// that of this endpoint where one is named.
    pub(super) fn client_identity(&self, endpoint: Option<&str>) -> Option<Identity> {
        let all = self.presented.iter().chain(self.served.iter());
        let mut fitting = all.filter(|served| served.is_of(endpoint));
        fitting.next().map(|served| served.identity.clone())
    }
}

impl Sides {
    pub(super) fn of(&mut self, unit: UnitId) -> &mut UnitSide {
        if self.by_unit.len() <= unit.index() {
            self.by_unit
                .resize_with(unit.index() + 1, UnitSide::default);
        }
        &mut self.by_unit[unit.index()]
    }

    pub(super) fn get(&self, unit: UnitId) -> &UnitSide {
        self.by_unit.get(unit.index()).unwrap_or(&self.unread)
    }

    /// If the process of `unit` has read other files, what it serves and trusts is read again. Says
    /// what its connections have to be judged for then.
    pub(super) fn read_again(
        &mut self,
        unit: UnitId,
        deployed: &Deployed,
        operators: &Operators,
        journal: &mut JournalWriter,
        agenda: &mut Agenda<Event>,
    ) -> SideChange {
        let now = agenda.now();
        let workload = &deployed.juju().unit(unit).workload;
        let side = self.of(unit);
        if workload.generation == side.generation {
            return SideChange::None;
        }
        let cause = workload.cause;
        // It starts now, and takes a while, or not before its pod or machine is back.
        let answers_from = match workload.answers_from {
            at if at == now => now + deployed.spec().timings.restart,
            at => at,
        };
        let away = answers_from > now && answers_from != side.answers_from;
        let restarted = side.started_at != workload.answers_from;
        side.starts += u32::from(restarted);
        side.started_at = workload.answers_from;
        side.generation = workload.generation;
        let before = Arc::clone(&side.served);
        let stopped = workload.loaded.contains_key(surface::STOPPED);
        let is_stopped_or_started = std::mem::replace(&mut side.stopped, stopped) != stopped;
        let (presents_other, trusts_other) = {
            let trusts_public = deployed.trusts_public_roots(unit);
            let public = operators.public_roots(deployed);
            let public = public.filter(|_| trusts_public).cloned();
            side.read_files(&workload.loaded, public)
        };
        let serves_other = *before != *side.served;
        if serves_other {
            note_served(unit, &before, side, cause, now, deployed, journal);
        }
        if trusts_other {
            note_trusted(unit, side, cause, now, deployed, journal);
        }
        let processes_trust_other =
            side.read_processes(unit, cause, deployed, operators, journal, now);
        if away {
            side.answers_from = answers_from;
            side.reached_by = cause;
            agenda.at(answers_from, Event::Answers(unit));
        }
        match (
            serves_other || presents_other,
            trusts_other || processes_trust_other,
        ) {
            (true, _) => SideChange::Judge(Trigger::ServerCertificate),
            (false, true) => SideChange::Judge(Trigger::Trust),
            (false, false) if away || is_stopped_or_started => {
                SideChange::Judge(Trigger::Reachability)
            }
            (false, false) if restarted => SideChange::Restarted,
            (false, false) => SideChange::None,
        }
    }
}

/// What is another at a side since its files were last read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SideChange {
    None,
    /// Its process has started again, and is as it was.
    Restarted,
    /// Its connections have to be judged for this.
    Judge(Trigger),
}

fn note_served(
    unit: UnitId,
    before: &[Served],
    side: &mut UnitSide,
    cause: Option<Seq>,
    time: Time,
    deployed: &Deployed,
    journal: &mut JournalWriter,
) {
    let after = Arc::clone(&side.served);
    let new = after.iter().filter(|served| !before.contains(served));
    // What a charm signs for its units and what a provider does take each other's place.
    let is_own = |served: &Served| *served.name == *surface::OF_OWN_CA;
    let gone = before.iter().filter(|served| {
        let mut of_endpoint = after
            .iter()
            .filter(|other| other.endpoint == served.endpoint);
        !of_endpoint.any(|other| other.name == served.name || is_own(served) || is_own(other))
    });
    let new = new.map(|served| (&served.endpoint, served.identity.leaf().cloned()));
    for (endpoint, certificate) in new.chain(gone.map(|served| (&served.endpoint, None))) {
        let entry = journal.record(Entry::new(
            time,
            cause,
            deployed.subject(About::Unit(unit)),
            Kind::CertificateServed {
                endpoint: Arc::clone(endpoint),
                certificate,
            },
        ));
        side.served_by = Some(entry);
    }
}

fn note_trusted(
    unit: UnitId,
    side: &mut UnitSide,
    cause: Option<Seq>,
    time: Time,
    deployed: &Deployed,
    journal: &mut JournalWriter,
) {
    let roots = side.trust.roots().cloned().collect();
    let entry = journal.record(Entry::new(
        time,
        cause,
        deployed.subject(About::Unit(unit)),
        Kind::TrustChanged { roots },
    ));
    side.trusted_by = Some(entry);
}
