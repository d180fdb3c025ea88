//! A deployment played up to the instant at which rotations begin, and its futures: one without a
//! rotation, and one for each rotation that is tried.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Lost, RehearsalError};
use trustsim_diagnosis::{Outage, Rotated, outages};
use trustsim_faults::rotation::{Refusal, Rotation, timed};
use trustsim_kernel::{Span, Time};
use trustsim_pki::Certificate;
use trustsim_tls::{Case, ErrorKind};
use trustsim_world::{
    CertificateKind, Deployment, Journal, Kind, Options, RotationSpec, Simulation, TimedAction,
};

/// The error of a connection to a workload that is restarting.
const RESTARTING: ErrorKind = ErrorKind::Unreachable;

/// The stage of a rehearsal.
pub(super) struct Stage {
    deployment: Arc<Deployment>,
    /// At the instant at which rotations begin.
    before: Simulation,
    /// The future without a rotation, played as far as any other.
    undisturbed: Simulation,
    /// How long after its last step a rotation may still show its effects.
    after: Span,
    plays: usize,
}

/// One rotation, played.
pub(super) struct Played {
    pub(super) actions: Vec<TimedAction>,
    pub(super) spec: RotationSpec,
    pub(super) simulation: Simulation,
    pub(super) lost: Lost,
    /// What fails because of it, and is no restart.
    failing: Vec<Outage>,
}

impl Stage {
    pub(super) fn new(deployment: Arc<Deployment>, at: Span) -> Result<Self, RehearsalError> {
        let mut before = Simulation::new(Arc::clone(&deployment), Options::default());
        let begins = deployment.start + at;
        // What happens at that very instant is the rotation's.
        before.run_until(begins - Span::from_nanos(1));
        if before.settled_at().is_none() {
            return Err(RehearsalError::NotSettled(begins));
        }
        let undisturbed = before.clone();
        Ok(Self {
            before,
            undisturbed,
            // Agents notice within their update-status interval, minutes.
            after: latest_to_notice(&deployment) + Span::from_secs(2 * 3_600),
            plays: 0,
            deployment,
        })
    }

    pub(super) fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// What happened before rotations begin.
    pub(super) fn journal_before(&self) -> &Journal {
        self.before.journal()
    }

    pub(super) fn seed(&self) -> u64 {
        self.deployment.seed
    }

    pub(super) const fn plays(&self) -> usize {
        self.plays
    }

    /// Whether some connection meets a certificate of this CA now, or one that a CA under it signed.
    pub(super) fn meets(&self, ca: usize) -> bool {
        let address = self.deployment.application_address(ca);
        let mut issued = BTreeMap::new();
        for entry in self.before.journal().entries() {
            if let Kind::CertificateIssued(record) = &entry.kind {
                issued.insert(record.certificate.serial(), record);
            }
        }
        let is_of_it = |leaf: &Certificate| {
            let mut serial = leaf.serial();
            while let Some(record) = issued.get(serial) {
                let is_ca = record.kind != CertificateKind::Leaf;
                if is_ca && format!("{}.{}", record.model, record.application) == address {
                    return true;
                }
                if record.kind == CertificateKind::Root {
                    return false;
                }
                serial = &record.issuer_serial;
            }
            false
        };
        let cases = self.before.cases();
        cases.iter().flatten().any(|case: &Case| {
            let sides = [Some(&case.server.identity), case.client.identity.as_ref()];
            let mut leaves = sides.into_iter().flatten().filter_map(|each| each.leaf());
            leaves.any(is_of_it)
        })
    }

    /// A rotation from its first step until nothing of it can show any more.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a step that the CA cannot do.
    pub(super) fn play(&mut self, rotation: &Rotation) -> Result<Played, Refusal> {
        let (actions, spec) = timed(&self.deployment, rotation)?;
        let last = spec.steps.last().map_or(spec.at, |step| step.at);
        let last = actions.iter().map(|timed| timed.at).fold(last, Span::max);
        let duration = last.saturating_add(self.after);
        self.plays += 1;
        let mut simulation = self.before.fork(actions.clone(), duration);
        let end = simulation.end();
        simulation.run_until(end);
        if self.undisturbed.now() < end {
            self.undisturbed.run_until(end);
        }
        let (lost, failing) = self.compare(&simulation, &spec, end);
        Ok(Played {
            actions,
            spec,
            simulation,
            lost,
            failing,
        })
    }

    /// What both sides of every connection bring just before an instant of a future.
    pub(super) fn cases_before(&self, played: &Played, instant: Time) -> Vec<Option<Case>> {
        let duration = instant.since(self.deployment.start);
        let mut simulation = self.before.fork(played.actions.clone(), duration);
        simulation.run_until(instant - Span::from_nanos(1));
        simulation.cases()
    }

    /// Lost time that the undisturbed future does not lose too.
    fn compare(
        &self,
        simulation: &Simulation,
        spec: &RotationSpec,
        end: Time,
    ) -> (Lost, Vec<Outage>) {
        let begins = self.deployment.start + spec.at;
        let manifest = simulation.manifest();
        let known = self.undisturbed.manifest();
        let usual = outages(&known, self.undisturbed.journal());
        let name = |outage: &Outage| {
            manifest.connections[outage.connection as usize]
                .name
                .clone()
        };
        let (mut by_connection, mut lost) = (BTreeMap::new(), Lost::default());
        let mut failing = Vec::new();
        for outage in outages(&manifest, simulation.journal()) {
            let (from, until) = (outage.from.max(begins), outage.until.unwrap_or(end));
            let same = usual
                .iter()
                .filter(|other| known.connections[other.connection as usize].name == name(&outage));
            let too: Span = same
                .map(|other| {
                    until
                        .min(other.until.unwrap_or(end))
                        .since(from.max(other.from))
                })
                .sum();
            let extra = until.since(from).saturating_sub(too);
            if extra.is_zero() {
                continue;
            }
            if outage.errors().all(|error| error == RESTARTING) {
                lost.restarts += extra;
                continue;
            }
            *by_connection.entry(name(&outage)).or_insert(Span::ZERO) += extra;
            failing.push(outage);
        }
        let worst = by_connection
            .iter()
            .max_by_key(|(name, lost)| (**lost, std::cmp::Reverse(*name)));
        lost.total = by_connection.values().sum();
        lost.connections = by_connection.len();
        lost.most = worst.map_or(Span::ZERO, |(_, lost)| *lost);
        lost.worst = worst.map(|(name, _)| name.clone());
        lost.first = failing.first().map(|first| {
            let at = first.from.max(begins).since(begins);
            let after = trustsim_kernel::format_duration(at);
            format!(
                "{} fails {after} after the beginning: {}",
                name(first),
                first.error
            )
        });
        (lost, failing)
    }
}

/// Clients notice when they fetch, and what is open when it is opened anew. A session that no age
/// ends shows nothing, however long it is watched.
fn latest_to_notice(deployment: &Deployment) -> Span {
    let clients = deployment.clients.iter();
    let refreshes = clients.filter_map(|client| client.refresh);
    let connections = deployment.connections.iter();
    let ends = connections.flat_map(|spec| {
        let persistence = spec.persistence;
        let kept = || persistence.resumes?.lifetime(spec.validator);
        let session = persistence.resumes.and(persistence.session_lifetime);
        [persistence.lives, session.or_else(kept)]
    });
    refreshes.chain(ends.flatten()).max().unwrap_or_default()
}

impl Played {
    /// Whether nothing failed because of it.
    pub(super) const fn is_safe(&self) -> bool {
        self.lost.total.is_zero()
    }

    /// Reads its journal by the rotation that was played.
    pub(super) fn judged<T>(&self, judge: impl FnOnce(&Rotated<'_>, Time) -> T) -> T {
        let manifest = self.simulation.manifest();
        let deployment = Arc::clone(self.simulation.deployment());
        let journal = self.simulation.journal();
        let rotated = Rotated::new(&deployment, &self.spec, &manifest, journal, &self.failing);
        judge(&rotated, self.simulation.end())
    }
}
