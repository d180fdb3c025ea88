//! A deployment as it is once everything is at rest: what questions about it are answered by.

use trustsim_kernel::{Span, Time};
use trustsim_pki::Certificate;
use trustsim_world::{Address, CertificateRecord, Journal, Kind, Simulation, TriesInVain};

/// How long is waited for: people may take days to do what an application waits for.
const LONGEST: Span = Span::from_secs(30 * 86_400);
/// How often it is looked at.
const STEP: Span = Span::from_secs(600);

/// Why a deployment is not at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unrest {
    /// Nothing more happens by itself, and these units try again what does not succeed.
    TriesInVain(Vec<TriesInVain>),
    /// Something is under way after thirty days, or without an end.
    Moving,
}

/// Plays on until everything is at rest, at the latest until thirty days from the start. A hook that waits for its turn,
/// or a person who will come, keeps a deployment from being at rest.
///
/// # Errors
///
/// Why it is not.
pub fn play_to_rest(simulation: &mut Simulation) -> Result<(), Unrest> {
    let latest = simulation.deployment().start + LONGEST;
    loop {
        if simulation.watched_from().is_some() {
            if simulation.settled_at().is_some() {
                return Ok(());
            }
            if simulation.is_still() {
                return Err(Unrest::TriesInVain(simulation.units_in_vain()));
            }
        }
        if simulation.endless().is_some() || simulation.now() >= latest {
            return Err(Unrest::Moving);
        }
        let next: Time = simulation.now() + STEP;
        simulation.run_until(next.min(latest));
    }
}

/// The CAs that were made in a run.
pub(super) struct Authorities<'a>(Vec<&'a CertificateRecord>);

impl<'a> Authorities<'a> {
    pub(super) fn of(journal: &'a Journal) -> Self {
        let entries = journal.entries().iter();
        let made = entries.filter_map(|entry| match &entry.kind {
            Kind::CertificateIssued(record) if record.certificate.is_ca() => Some(record),
            _ => None,
        });
        Self(made.collect())
    }

    /// The certificate of each.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &'a Certificate> {
        self.0.iter().map(|record| &record.certificate)
    }

    /// The application that has a CA, where it was made in the run.
    pub(super) fn owner(&self, ca: &Certificate) -> Option<Address> {
        let mut all = self.0.iter();
        let record = all.find(|record| record.certificate == *ca);
        record.map(|record| record.owner())
    }

    /// The CA that signed a certificate.
    fn issuer(&self, certificate: &Certificate) -> Option<&'a CertificateRecord> {
        let mut latest_first = self.0.iter().rev();
        let signed = |record: &&&CertificateRecord| {
            let ca = &record.certificate;
            ca.subject_der() == certificate.issuer_der() && certificate.verify_issued_by(ca)
        };
        latest_first.find(signed).copied()
    }

    /// The CAs above a certificate, the nearest first.
    pub(super) fn above(&self, certificate: &Certificate) -> Vec<&'a CertificateRecord> {
        let mut above: Vec<&CertificateRecord> = Vec::new();
        loop {
            let below = above.last().map_or(certificate, |last| &last.certificate);
            if below.is_self_issued() {
                return above;
            }
            match self.issuer(below) {
                Some(issuer)
                    if !above
                        .iter()
                        .any(|known| known.certificate == issuer.certificate) =>
                {
                    above.push(issuer);
                }
                _ => return above,
            }
        }
    }
}
