//! I1 and I2: no side is shown a certificate while it does not trust the CA that signed it.

use super::{Generation, Rotated, TrustGained, Violation, ViolationKind};
use crate::facts::seq_of;
use trustsim_kernel::Time;
use trustsim_model::{Address, CertificateRecord, Entry, Kind, Seq};
use trustsim_pki::Certificate;
use trustsim_validators::{ErrorKind, Side};

/// A refused certificate: which side showed it, and which one judged it.
struct Refused<'a> {
    at: Time,
    seq: Seq,
    shown_by: &'a Address,
    judged_by: &'a Address,
    leaf: &'a CertificateRecord,
}

impl<'a> Rotated<'a> {
    /// The first certificate of this generation that a side refused because it did not trust
    /// its CA.
    ///
    /// Failures that ended at the same instant took no time and are none; a bridge, or a
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
        let (judge, presenter) = (first.judged_by.clone(), first.shown_by.clone());
        let what = match generation {
            Generation::New => ViolationKind::UsedTooEarly {
                judge,
                presenter,
                trusted: self.trust_gained(&first),
            },
            Generation::Old => ViolationKind::DistrustedTooEarly { judge, presenter },
        };
        Some(Violation { at: first.at, what })
    }

    /// What a failing handshake refused, where trust was missing.
    fn refused(&self, seq: Seq) -> Option<Refused<'_>> {
        let entry = self.journal.get(seq);
        let entry = entry.expect("an outage is known by entries of the journal");
        let Kind::Handshake(record) = &entry.kind else {
            panic!(
                "an outage begins and changes with handshakes: {seq:?} is {:?}",
                entry.kind
            );
        };
        assert!(
            !record.verdict.is_ok(),
            "an outage begins and changes with handshakes that fail: {seq:?}"
        );
        let connection = &self.manifest.connections[record.connection as usize];
        let (client, server) = (&connection.client, &connection.server);
        let (shown_by, judged_by, serial) = match record.verdict.judged_by? {
            Side::Client => (server, client, &record.server_serial),
            Side::Server => (client, server, &record.client_serial),
        };
        // A certificate from before the run, or none at all, is of neither CA.
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
    fn trusting(&self, who: &Address, leaf: &CertificateRecord) -> Vec<(Seq, Time)> {
        let changes = self.journal.entries().iter().enumerate();
        let trusting = changes.filter_map(|(index, entry)| {
            let seq = seq_of(index);
            self.trusts_in(entry, who, leaf)
                .then_some((seq, entry.time))
        });
        trusting.collect()
    }

    fn trusts_in(&self, entry: &Entry, who: &Address, leaf: &CertificateRecord) -> bool {
        let Kind::TrustChanged { roots } = &entry.kind else {
            return false;
        };
        entry.subject.address().as_ref() == Some(who) && self.is_trusted(leaf, roots)
    }

    /// When the one that refused a certificate of the new CA came to trust that CA.
    fn trust_gained(&self, refused: &Refused<'_>) -> TrustGained {
        let trusted = self.facts.trusted(refused.judged_by, refused.seq);
        if trusted.is_some_and(|(_, roots)| self.is_trusted(refused.leaf, roots)) {
            return TrustGained::Elsewhere;
        }
        let trusting = self.trusting(refused.judged_by, refused.leaf);
        let later = trusting.iter().find(|(seq, _)| *seq > refused.seq);
        later.map_or(TrustGained::Never, |(_, time)| {
            TrustGained::After(time.since(refused.at))
        })
    }
}

/// Errors that a missing root gives: no path, a path to another root of the same name, or a path
/// that ends in the middle.
pub(super) fn is_about_trust(error: ErrorKind) -> bool {
    error.lacks_trust() || error == ErrorKind::TooManyCandidates
}
