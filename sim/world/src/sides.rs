//! The TLS side of each unit: what its workload serves and trusts, read off the files its
//! process has loaded, and kept until those change.

use std::sync::Arc;
use trustsim_model::{Answering, Entry, Kind, Trigger};

use super::desk::subject;
use super::simulation::{Event, World};
use trustsim_charm_model::surface;
use trustsim_interfaces::pem;
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
    /// Connections that a unit takes part in, by its id.
    touching: Vec<Vec<u32>>,
}

/// What one unit's workload serves and trusts.
#[derive(Clone, Debug)]
pub(super) struct UnitSide {
    generation: u64,
    /// Chains with keys, by certificates endpoint and name.
    pub(super) served: Arc<[Served]>,
    /// Chains with keys that it shows to servers only.
    pub(super) presented: Arc<[Served]>,
    pub(super) trust: TrustStore,
    /// What it trusts, by where that came from.
    pub(super) trust_of: Arc<[(Arc<str>, TrustStore)]>,
    /// The same as a stack reads it that skips damaged blocks; empty where nothing is damaged.
    pub(super) salvaged: Arc<[(Arc<str>, TrustStore)]>,
    /// Counts the starts of its process, and since when the present one runs.
    starts: u32,
    started_at: Time,
    /// How its port answers.
    answering: Answering,
    /// The entry that last changed what it serves, and what it trusts.
    pub(super) served_by: Option<Seq>,
    pub(super) trusted_by: Option<Seq>,
    /// The entry that last took it down or brought it up.
    reached_by: Option<Seq>,
    /// Before this instant the workload does not answer.
    answers_from: Time,
    /// How many things hold its process down.
    held_down: u32,
}

/// One chain with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) endpoint: Arc<str>,
    pub(super) name: Arc<str>,
    /// Without a certificate where the file holds none that can be read.
    pub(super) identity: Identity,
}

impl Default for UnitSide {
    fn default() -> Self {
        Self {
            // Its files were never read: a workload without any has the system's roots.
            generation: u64::MAX,
            served: Arc::from([]),
            presented: Arc::from([]),
            trust: TrustStore::empty(),
            trust_of: Arc::from([]),
            salvaged: Arc::from([]),
            starts: 0,
            started_at: Time::EPOCH,
            answering: Answering::default(),
            served_by: None,
            trusted_by: None,
            reached_by: None,
            answers_from: Time::EPOCH,
            held_down: 0,
        }
    }
}

impl UnitSide {
    /// How often its process started, or would have.
    pub(super) fn starts(&self) -> u32 {
        self.starts
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

    /// What it trusts as a client of this stack: everything, or what came over this endpoint.
    pub(super) fn client_trust(&self, endpoint: Option<&str>, stack: Validator) -> TrustStore {
        let by_source = match stack.skips_damaged_blocks() && !self.salvaged.is_empty() {
            true => &self.salvaged,
            false => &self.trust_of,
        };
        let Some(endpoint) = endpoint else {
            if Arc::ptr_eq(by_source, &self.trust_of) {
                return self.trust.clone();
            }
            let stores = by_source.iter();
            let found = stores.flat_map(|(_, store)| store.roots().cloned());
            // What the system's store has beside the files.
            return found.chain(self.trust.roots().cloned()).collect();
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
        let mut fitting =
            all.filter(|served| endpoint.is_none_or(|wanted| *served.endpoint == *wanted));
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

    pub(super) fn touch(&mut self, unit: UnitId, connection: u32) {
        if self.touching.len() <= unit.index() {
            self.touching.resize_with(unit.index() + 1, Vec::new);
        }
        self.touching[unit.index()].push(connection);
    }

    pub(super) fn touching(&self, unit: UnitId) -> Vec<u32> {
        match self.touching.get(unit.index()) {
            Some(connections) => connections.clone(),
            None => Vec::new(), // It and all units after it take part in no connection.
        }
    }
}

impl World {
    /// A hook of `unit` ended: if its process has read other files, what it serves and trusts is
    /// read again and its connections are judged again.
    pub(super) fn workload_changed(&mut self, unit: UnitId, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let workload = &self.juju.unit(unit).workload;
        if workload.generation == self.sides.of(unit).generation {
            return;
        }
        let (generation, cause) = (workload.generation, workload.cause);
        let served = read_pairs(surface::served(&workload.loaded));
        let presented = read_pairs(surface::presented(&workload.loaded));
        let Trusted {
            all: given,
            by_source: trust_of,
            salvaged,
        } = read_trust(&workload.loaded);
        let trusts_public = self.trusts_public_roots(unit);
        let public: Vec<_> = self.public_roots().filter(|_| trusts_public).collect();
        let public = public.into_iter().cloned();
        let trust: TrustStore = given.roots().cloned().chain(public).collect();
        // It starts now, and takes a while, or not before its pod or machine is back.
        let answers_from = match workload.answers_from {
            at if at == now => now + self.deployment.timings.restart,
            at => at,
        };
        let away = answers_from > now && answers_from != self.sides.of(unit).answers_from;
        let started_at = self.juju.unit(unit).workload.answers_from;
        let side = self.sides.of(unit);
        let restarted = side.started_at != started_at;
        side.starts += u32::from(restarted);
        side.started_at = started_at;
        side.generation = generation;
        let serves_other = *side.served != *served;
        let presents_other = *side.presented != *presented;
        // The same CAs may have come another way, and be trusted for something else.
        let trusts_other =
            side.trust != trust || *side.trust_of != *trust_of || *side.salvaged != *salvaged;
        let before = std::mem::replace(&mut side.served, served.into());
        side.presented = presented.into();
        side.trust = trust;
        side.trust_of = trust_of.into();
        side.salvaged = salvaged.into();
        if serves_other {
            self.note_served(unit, &before, cause, now);
        }
        if trusts_other {
            self.note_trusted(unit, cause, now);
        }
        if away {
            let side = self.sides.of(unit);
            side.answers_from = answers_from;
            side.reached_by = cause;
            agenda.at(answers_from, Event::Answers(unit));
        }
        let trigger = match (serves_other || presents_other, trusts_other) {
            (true, _) => Trigger::ServerCertificate,
            (false, true) => Trigger::Trust,
            (false, false) if away => Trigger::Reachability,
            (false, false) if restarted => return self.judge_bonds(unit, agenda),
            (false, false) => return,
        };
        self.judge_touching(unit, trigger, agenda);
    }

    /// Whether the workload reads the system's trust store beside what its charm gave it.
    fn trusts_public_roots(&self, unit: UnitId) -> bool {
        let application = self.juju.unit(unit).application;
        let index = self.applications.position(|id| *id == application);
        let index = index.expect("a unit is of an application of the deployment");
        self.deployment.applications[index].charm.system_roots
    }

    /// A restarted workload answers again.
    pub(super) fn answers_again(&mut self, unit: UnitId, agenda: &mut Agenda<Event>) {
        if self.sides.of(unit).answers(agenda.now()) {
            self.judge_touching(unit, Trigger::Reachability, agenda);
        }
    }

    fn note_served(&mut self, unit: UnitId, before: &[Served], cause: Option<Seq>, time: Time) {
        let after = Arc::clone(&self.sides.of(unit).served);
        let new = after.iter().filter(|served| !before.contains(served));
        let gone = before.iter().filter(|served| {
            !after
                .iter()
                .any(|other| other.endpoint == served.endpoint && other.name == served.name)
        });
        let new = new.map(|served| (&served.endpoint, served.identity.leaf().cloned()));
        for (endpoint, certificate) in new.chain(gone.map(|served| (&served.endpoint, None))) {
            let subject = subject(&self.juju, About::Unit(unit));
            let kind = Kind::CertificateServed {
                endpoint: Arc::clone(endpoint),
                certificate,
            };
            let entry = self.journal.record(Entry {
                time,
                cause,
                subject,
                kind,
            });
            self.sides.of(unit).served_by = Some(entry);
        }
    }

    fn note_trusted(&mut self, unit: UnitId, cause: Option<Seq>, time: Time) {
        let roots = self.sides.of(unit).trust.roots().cloned().collect();
        let subject = subject(&self.juju, About::Unit(unit));
        let kind = Kind::TrustChanged { roots };
        let entry = self.journal.record(Entry {
            time,
            cause,
            subject,
            kind,
        });
        self.sides.of(unit).trusted_by = Some(entry);
    }
}

fn read_pairs(found: Vec<surface::ServedFiles<'_>>) -> Vec<Served> {
    let served = found.into_iter().filter_map(|found| {
        let chain = pem::chain(found.chain);
        let key = pem::key(found.key);
        Some(Served {
            endpoint: found.endpoint.into(),
            name: found.name.into(),
            identity: Identity::new(
                chain.iter().flatten().cloned(),
                key.as_ref().as_ref().ok()?.clone(),
            ),
        })
    });
    served.collect()
}

/// What a workload's files say it trusts.
struct Trusted {
    all: TrustStore,
    by_source: BySource,
    salvaged: BySource,
}

type BySource = Vec<(Arc<str>, TrustStore)>;

/// Everything that can be parsed, together and by source, without what is on the block list. A
/// file with a damaged block is lost whole, but for the stacks that skip such a block.
fn read_trust(files: &surface::Files) -> Trusted {
    let blocked: Vec<Certificate> = surface::distrusted(files)
        .flat_map(|value| match &*pem::chain(value) {
            Ok(chain) => chain.clone(),
            Err(wrong) => panic!("a block list is written whole, by hand: {wrong}"),
        })
        .collect();
    let store = |roots: &[Certificate]| -> TrustStore {
        let kept = roots.iter().filter(|root| !blocked.contains(root));
        kept.cloned().collect()
    };
    let mut by_source = BySource::new();
    let mut salvaged = BySource::new();
    let mut any_damaged = false;
    for (source, value) in surface::trusted_by_source(files) {
        let chain = pem::chain(value);
        let (whole, rest) = match &*chain {
            Ok(roots) => (store(roots), store(roots)),
            Err(_) => {
                any_damaged = true;
                let undamaged = Certificate::undamaged_from_pem(value.text());
                (TrustStore::empty(), store(&undamaged))
            }
        };
        by_source.push((source.into(), whole));
        salvaged.push((source.into(), rest));
    }
    if !any_damaged {
        salvaged.clear();
    }
    let all = by_source.iter().flat_map(|(_, store)| store.roots());
    Trusted {
        all: all.cloned().collect(),
        by_source,
        salvaged,
    }
}
