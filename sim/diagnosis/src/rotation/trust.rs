//! I1 and I2: nobody meets a certificate while they do not trust the CA behind it.

use super::{Generation, Invariant, Rotated, Violation};
use crate::addresses::address;
use crate::facts::seq_of;
use trustsim_kernel::{Time, format_duration};
use trustsim_pki::Certificate;
use trustsim_validators::{ErrorKind, Side};
use trustsim_world::{CertificateRecord, Entry, Kind, Seq};

/// A refused certificate: who showed it to whom.
struct Refused<'a> {
    at: Time,
    seq: Seq,
    shown_by: &'a str,
    judged_by: &'a str,
    leaf: &'a CertificateRecord,
}

impl<'a> Rotated<'a> {
    /// The first certificate of this generation that somebody refused because they did not trust
    /// its CA.
    ///
    /// Failures that were mended at the same instant took no time and are none; a bridge, or a
    /// root that kept its key, makes a handshake good without trust in the new root itself.
    pub(super) fn untrusted(&self, generation: Generation, until: Time) -> Option<Violation> {
        let begins = self.begins();
        let mut refused: Vec<Refused<'_>> = self
            .outages
            .iter()
            .flat_map(|outage| {
                let changes = outage.changes.iter().map(|change| change.seq);
                std::iter::once(outage.opened).chain(changes)
            })
            .filter_map(|seq| self.refused(seq))
            .filter(|refused| refused.at >= begins && refused.at <= until)
            .filter(|refused| self.generation(refused.leaf) == Some(generation))
            .collect();
        refused.sort_by_key(|refused| refused.at);
        let first = refused.into_iter().next()?;
        let message = match generation {
            Generation::New => self.used_too_early(&first),
            Generation::Old => self.distrusted_too_early(&first),
        };
        Some(Violation {
            invariant: Some(match generation {
                Generation::New => Invariant::TrustBeforeUse,
                Generation::Old => Invariant::UseEndsBeforeDistrust,
            }),
            at: first.at,
            message,
        })
    }

    /// What a failing handshake refused, where that was for want of trust.
    fn refused(&self, seq: Seq) -> Option<Refused<'_>> {
        let entry = self.journal.get(seq)?;
        let Kind::Handshake(record) = &entry.kind else {
            return None;
        };
        let connection = &self.manifest.connections[record.connection as usize];
        let (client, server) = (connection.client.as_str(), connection.server.as_str());
        let (shown_by, judged_by, serial) = match record.verdict.judged_by? {
            Side::Client => (server, client, &record.server_serial),
            Side::Server => (client, server, &record.client_serial),
        };
        let leaf = self.facts.certificate(serial)?;
        let trusted = self.facts.trusted(judged_by, seq);
        let trusted = trusted.map_or(&[][..], |(_, roots)| roots);
        // A unit may trust a CA and not on this connection's endpoint: where the root itself signed
        // the leaf, nothing but that root can be missing.
        let is_direct = self.facts.issuers(leaf).len() == 1;
        let is_missing = is_direct || !self.is_trusted(leaf, trusted);
        let is_refused = is_missing && record.verdict.error.is_some_and(is_about_trust);
        is_refused.then_some(Refused {
            at: entry.time,
            seq,
            shown_by,
            judged_by,
            leaf,
        })
    }

    pub(super) fn is_trusted(&self, leaf: &CertificateRecord, roots: &[Certificate]) -> bool {
        let issuers = self.facts.issuers(leaf);
        let mut issuers = issuers.iter().map(|record| &record.certificate);
        issuers.any(|issuer| roots.contains(issuer))
    }

    /// The first time after `seq`, or the last one before it, at which `who` trusted the CA of
    /// `leaf`.
    fn trusting(&self, who: &str, leaf: &CertificateRecord) -> Vec<(Seq, Time)> {
        let changes = self.journal.entries().iter().enumerate();
        let trusting = changes.filter_map(|(index, entry)| {
            let seq = seq_of(index);
            self.trusts_in(entry, who, leaf)
                .then_some((seq, entry.time))
        });
        trusting.collect()
    }

    fn trusts_in(&self, entry: &Entry, who: &str, leaf: &CertificateRecord) -> bool {
        let Kind::TrustChanged { roots } = &entry.kind else {
            return false;
        };
        address(&entry.subject) == who && self.is_trusted(leaf, roots)
    }

    fn used_too_early(&self, refused: &Refused<'_>) -> String {
        let trusting = self.trusting(refused.judged_by, refused.leaf);
        let later = trusting.iter().find(|(seq, _)| *seq > refused.seq);
        let trusted = self.facts.trusted(refused.judged_by, refused.seq);
        let knows = trusted.is_some_and(|(_, roots)| self.is_trusted(refused.leaf, roots));
        let then = match later {
            _ if knows => "it trusted that CA, but not for this connection".to_owned(),
            Some((_, time)) => {
                let late = format_duration(time.since(refused.at).max_second());
                format!("it trusted that CA {late} later")
            }
            None => "it never trusted that CA".to_owned(),
        };
        format!(
            "{} met the new certificate of {} at {}; {then}",
            refused.judged_by, refused.shown_by, refused.at
        )
    }

    fn distrusted_too_early(&self, refused: &Refused<'_>) -> String {
        format!(
            "{} still showed a certificate of the old CA at {}, which {} trusted no more",
            refused.shown_by, refused.at, refused.judged_by
        )
    }
}

/// Errors that a missing root gives: no path, a path to another root of the same name, or a path
/// that ends in the middle.
pub(super) fn is_about_trust(error: ErrorKind) -> bool {
    error.lacks_trust() || error == ErrorKind::TooManyCandidates
}

/// Durations of at least a second: what is shorter reads as nothing.
trait MaxSecond {
    fn max_second(self) -> Self;
}

impl MaxSecond for trustsim_kernel::Span {
    fn max_second(self) -> Self {
        Self::from_secs(self.as_secs().max(1))
    }
}
