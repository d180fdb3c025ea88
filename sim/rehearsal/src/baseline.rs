//! A deployment played up to the instant at which rotations begin, and its futures: one without a
//! rotation, and one for each rotation that is tried.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::failure::ConnectionFailure;
use super::{Lost, RehearsalError};
use trustsim_diagnosis::{Outage, Rotated, outages};
use trustsim_faults::rotation::{Refusal, Rotation, timed};
use trustsim_kernel::{Span, Time};
use trustsim_pki::Certificate;
use trustsim_tls::Case;
use trustsim_validators::ErrorKind;
use trustsim_world::{
    ApplicationIndex, CertificateKind, Deployment, Journal, Kind, Manifest, Options, RotationSpec,
    Simulation, TimedAction,
};

/// What every rotation is played from and compared with: the deployment at the instant at which
/// rotations begin, and its future without one.
pub(super) struct Baseline {
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
pub(super) struct PlayedRotation {
    pub(super) actions: Vec<TimedAction>,
    pub(super) spec: RotationSpec,
    pub(super) simulation: Simulation,
    pub(super) lost: Lost,
    /// The first connection that uses a certificate of the old CA when all is done.
    pub(super) still_old: Option<String>,
    /// What fails because of it, and is no restart.
    failing: Vec<Outage>,
}

impl Baseline {
    pub(super) fn new(deployment: Arc<Deployment>, at: Span) -> Result<Self, RehearsalError> {
        let mut before = Simulation::new(Arc::clone(&deployment), Options::default());
        let begins = deployment.start + at;
        // What happens at that very instant is the rotation's.
        before.run_until(begins - Span::from_nanos(1));
        if before.watched_from().is_none() {
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

    /// Whether some connection uses a certificate of this CA now, or one that a CA under it signed.
    pub(super) fn has_connection_of(&self, ca: ApplicationIndex) -> bool {
        self.connection_of(&self.before, ca).is_some()
    }

    /// The first connection that does so in a future of this.
    fn connection_of(&self, simulation: &Simulation, ca: ApplicationIndex) -> Option<String> {
        let address = self.deployment.application_address(ca);
        let mut issued = BTreeMap::new();
        for entry in simulation.journal().entries() {
            if let Kind::CertificateIssued(record) = &entry.kind {
                issued.insert(record.certificate.serial(), record);
            }
        }
        let is_of_it = |leaf: &Certificate| {
            let mut serial = leaf.serial();
            while let Some(record) = issued.get(serial) {
                let is_ca = record.kind != CertificateKind::Leaf;
                if is_ca && record.owner() == address {
                    return true;
                }
                // The issuer of an intermediate may be unknown: it is noted with its own serial then.
                if record.kind.is_root() || *record.issuer_serial == *serial {
                    return false;
                }
                serial = &record.issuer_serial;
            }
            false
        };
        let uses = |case: &Case| {
            let sides = [Some(&case.server.identity), case.client.identity.as_ref()];
            let mut leaves = sides.into_iter().flatten().filter_map(|each| each.leaf());
            leaves.any(is_of_it)
        };
        let cases = simulation.cases();
        let found = cases
            .iter()
            .position(|case| case.as_ref().is_some_and(uses))?;
        Some(simulation.manifest().connections[found].name.clone())
    }

    /// A rotation from its first step until nothing of it can show any more.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a step that the CA cannot do.
    pub(super) fn play(&mut self, rotation: &Rotation) -> Result<PlayedRotation, Refusal> {
        let (actions, spec) = timed(&self.deployment, rotation)?;
        let last = spec.steps.last();
        let last = last.expect("a playbook has steps").at;
        let last = actions.iter().map(|timed| timed.at).fold(last, Span::max);
        let duration = last + self.after;
        self.plays += 1;
        let mut simulation = self.before.fork(actions.clone(), duration);
        let end = simulation.end();
        simulation.run_until(end);
        if self.undisturbed.now() < end {
            self.undisturbed.run_until(end);
        }
        let (lost, failing) = self.compare(&simulation, &spec, end);
        assert_eq!(
            lost.total.is_zero(),
            lost.first.is_none(),
            "a rotation that loses time names the first connection that failed, and only such a one"
        );
        let still_old = self.connection_of(&simulation, rotation.ca);
        Ok(PlayedRotation {
            still_old,
            actions,
            spec,
            simulation,
            lost,
            failing,
        })
    }

    /// What both sides of every connection bring just before an instant of a future.
    pub(super) fn cases_before(&self, played: &PlayedRotation, instant: Time) -> Vec<Option<Case>> {
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
        let (own, others) = (identities(&manifest), identities(&known));
        let identity = |outage: &Outage| own[outage.connection as usize];
        let (mut by_connection, mut lost) = (BTreeMap::new(), Lost::default());
        let mut failing = Vec::new();
        for outage in outages(&manifest, simulation.journal()) {
            let (from, until) = (outage.from.max(begins), outage.until.unwrap_or(end));
            let same = usual
                .iter()
                .filter(|other| others[other.connection as usize] == identity(&outage));
            let too: Span = same
                .map(|other| {
                    until
                        .min(other.until.unwrap_or(end))
                        .since(from.max(other.from))
                })
                .sum();
            let extra = until.since(from).checked_sub(too);
            let extra = extra.expect("the outages of one connection do not overlap");
            if extra.is_zero() {
                continue;
            }
            if outage.errors().all(is_restart) {
                lost.restarts += extra;
                continue;
            }
            *by_connection.entry(identity(&outage)).or_insert(Span::ZERO) += extra;
            failing.push(outage);
        }
        let worst = by_connection
            .iter()
            .max_by_key(|(name, lost)| (**lost, std::cmp::Reverse(*name)));
        lost.total = by_connection.values().sum();
        lost.connections = by_connection.len();
        lost.most = worst.map_or(Span::ZERO, |(_, lost)| *lost);
        lost.worst = worst.map(|((name, _), _)| (*name).to_owned());
        lost.first = failing.first().map(|first| ConnectionFailure {
            connection: identity(first).0.to_owned(),
            after: first.from.max(begins).since(begins),
            error: first.error,
        });
        (lost, failing)
    }
}

/// What tells a connection of one future from the others, and is the same in another future: its
/// name, and how many of that name come before it. Their order may differ: units come and go.
fn identities(manifest: &Manifest) -> Vec<(&str, usize)> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let connections = manifest.connections.iter();
    connections
        .map(|connection| {
            let count = seen.entry(&connection.name).or_default();
            *count += 1;
            (connection.name.as_str(), *count)
        })
        .collect()
}

/// Whether a connection failed with what a workload answers while it restarts.
fn is_restart(error: ErrorKind) -> bool {
    error == ErrorKind::Unreachable
}

/// The longest time after which a change is noticed: a client fetches its roots, a connection or a
/// session that was open is opened anew. A session that no age ends is never noticed.
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

impl PlayedRotation {
    /// Reads its journal by the rotation that was played.
    pub(super) fn judged<T>(&self, judge: impl FnOnce(&Rotated<'_>, Time) -> T) -> T {
        let manifest = self.simulation.manifest();
        let deployment = Arc::clone(self.simulation.deployment());
        let journal = self.simulation.journal();
        let rotated = Rotated::new(&deployment, &self.spec, &manifest, journal, &self.failing);
        judge(&rotated, self.simulation.end())
    }
}
