//! What must be true of a rotation, judged by the journal of a run. Must not know how a rotation is
//! played; what takes other futures to judge is the rehearsal's.

mod invariant;
mod persistence;
mod progress;
#[cfg(test)]
mod tests;
mod trust;
mod validity;
mod violation;

use std::collections::BTreeMap;

pub use invariant::Invariant;
pub use violation::{PersistenceEnd, TrustGained, Violation, ViolationKind};

use super::expectations::{ClaimedTruth, ExpectationResult, Outcome};
use super::facts::Facts;
use super::outage_class::class_of;
use super::outages::Outage;
use trustsim_kernel::Time;
use trustsim_model::{
    CertificateKind, CertificateRecord, Claim, Deployment, Journal, Kind, Manifest, RotationSpec,
    RotationStep,
};

/// Which CA of a rotation a certificate belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Generation {
    Old,
    New,
}

/// One rotation in a run.
pub struct Rotated<'a> {
    deployment: &'a Deployment,
    spec: &'a RotationSpec,
    manifest: &'a Manifest,
    journal: &'a Journal,
    outages: &'a [Outage],
    facts: Facts<'a>,
    /// Every CA certificate of the two CAs, by serial.
    authorities: BTreeMap<&'a str, Generation>,
}

impl<'a> Rotated<'a> {
    /// Reads the journal once.
    pub fn new(
        deployment: &'a Deployment,
        spec: &'a RotationSpec,
        manifest: &'a Manifest,
        journal: &'a Journal,
        outages: &'a [Outage],
    ) -> Self {
        let begins = deployment.start + spec.at;
        let old = deployment.application_address(spec.ca);
        let new = spec
            .successor
            .map(|index| deployment.application_address(index));
        let authorities = journal.entries().iter().filter_map(|entry| {
            let Kind::CertificateIssued(record) = &entry.kind else {
                return None;
            };
            if record.kind == CertificateKind::Leaf {
                return None;
            }
            let owner = record.owner();
            let generation = if Some(&owner) == new.as_ref() {
                Generation::New
            } else if owner == old && (entry.time < begins || new.is_some()) {
                Generation::Old
            } else if owner == old {
                Generation::New
            } else {
                return None;
            };
            Some((record.certificate.serial(), generation))
        });
        let authorities = authorities.collect();
        Self {
            deployment,
            spec,
            manifest,
            journal,
            outages,
            facts: Facts::new(journal),
            authorities,
        }
    }

    /// The first breach of what the journal can show, up to and with `until`.
    ///
    /// [`Invariant::TwoByTwo`] and [`Invariant::Rollback`] take other futures: nothing is found of
    /// them here.
    pub fn violation(&self, invariant: Invariant, until: Time) -> Option<Violation> {
        match invariant {
            Invariant::TrustBeforeUse => self.untrusted(Generation::New, until),
            Invariant::UseEndsBeforeDistrust => self.untrusted(Generation::Old, until),
            Invariant::LeafWithinIssuer => self.outlives_issuer(until),
            Invariant::DistrustEffective => self.outlives_distrust(until),
            Invariant::TwoByTwo | Invariant::Rollback => None,
        }
    }

    /// The first failure of a connection since the rotation began, up to and with `until`; what breaks nothing is none.
    pub fn failure(&self, until: Time) -> Option<Violation> {
        let begins = self.begins();
        let mut failing = self.outages.iter();
        let outage = failing.find(|outage| {
            let ended = outage.until.is_some_and(|ended| ended <= begins);
            !ended && outage.from <= until && class_of(outage, self.manifest).is_told()
        })?;
        let at = outage.from.max(begins);
        let connection = &self.manifest.connections[outage.connection as usize];
        Some(Violation {
            at,
            what: ViolationKind::ConnectionFailed {
                connection: connection.name.clone(),
                error: outage.error,
            },
        })
    }

    /// Every assertion of the rotation, judged, in order.
    pub(super) fn assertions(&self) -> Vec<ExpectationResult> {
        let steps = self.spec.steps.iter();
        let asserted = steps.filter_map(|step| match step.step {
            RotationStep::Assert(claim) => Some((claim, step)),
            _ => None,
        });
        let judged = asserted.map(|(claim, step)| {
            let until = self.deployment.start + step.at;
            let violation = match claim {
                Claim::NoFailures => self.failure(until),
                Claim::TrustBeforeUse => self.violation(Invariant::TrustBeforeUse, until),
                Claim::UseEndsBeforeDistrust => {
                    self.violation(Invariant::UseEndsBeforeDistrust, until)
                }
                Claim::LeafWithinIssuer => self.violation(Invariant::LeafWithinIssuer, until),
                Claim::DistrustEffective => self.violation(Invariant::DistrustEffective, until),
                Claim::NewInUse => self.still_served(until),
                Claim::OldDistrusted => self.still_trusted(until),
            };
            let reached = until <= self.manifest.start + self.manifest.duration;
            let outcome = match violation {
                Some(violation) => Outcome::Violated(violation),
                None if reached => Outcome::Kept,
                None => Outcome::NotReached,
            };
            ExpectationResult {
                claim: ClaimedTruth::OfRotation {
                    ca: self.spec.ca,
                    claim,
                    until: step.at,
                },
                held: outcome == Outcome::Kept,
                outcome,
                source: step.source.clone(),
            }
        });
        judged.collect()
    }

    fn begins(&self) -> Time {
        self.deployment.start + self.spec.at
    }

    /// Which of the two CAs signed a leaf, or a CA above it; none of them for a stranger's.
    fn generation(&self, leaf: &CertificateRecord) -> Option<Generation> {
        let above = self.facts.issuers(leaf).into_iter();
        let mut serials = above.map(|record| record.certificate.serial());
        serials.find_map(|serial| self.authorities.get(serial).copied())
    }
}
