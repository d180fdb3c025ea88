//! A side that presents the wrong thing although it was given the right one: a chain the wrong way
//! round, a chain without its certificate.

use super::kinds::ChainCause;
use super::{Event, Issued, RootCause, Search};
use crate::case::Case;
use trustsim_charm_model::Serves;
use trustsim_interfaces::cert_handler;
use trustsim_model::{Action, Kind, Seq};
use trustsim_validators::ErrorKind;

impl<'a> Search<'_, 'a> {
    /// A process that cannot load what its charm wrote, where it was not changed by hand.
    pub(super) fn misbuilt(&self, case: &Case<'a>, root: Option<Seq>) -> Option<RootCause> {
        let by_hand = root.and_then(|root| self.records.timed(root));
        if by_hand.is_some_and(|timed| matches!(timed.action, Action::Tls(_))) {
            return None;
        }
        let who = case.presenter;
        let Issued {
            seq, record: own, ..
        } = self.records.newest(
            &[who, who.application()],
            None,
            self.records.deployment.start,
            case.at,
        )?;
        let charm = &self.records.deployment.applications[self.records.application(who)?]
            .charm
            .name;
        let writes = |wanted: Serves| self.records.profiles(who).any(|each| each.serves == wanted);
        // A certificate may have no common name; its names are in the SAN then.
        let name = own.certificate.subject_common_name().unwrap_or_default();
        if writes(Serves::WithoutLeaf) {
            let what = ChainCause::ChainWithoutCertificate {
                presenter: who.clone(),
                charm: charm.clone(),
                name: name.to_owned(),
            };
            return Some(self.since_issued(what, seq));
        }
        let issuers = self.records.facts.issuers(own);
        let above = case.leaf.and_then(|leaf| {
            let mut issuers = issuers.iter();
            issuers.find(|issuer| issuer.certificate == leaf.certificate)
        });
        let drops_key = |version: cert_handler::Version| version.drops_its_key();
        let mut profiles = self.records.profiles(who);
        // The key goes with a request in place of a certificate that was there before.
        let holders = [who, who.application()];
        let mut all = holders
            .iter()
            .flat_map(|holder| self.records.trail.issued_to(holder));
        if case.error() == ErrorKind::KeyMismatch
            && above.is_none()
            && profiles.any(|each| each.cert_handler.is_some_and(drops_key))
            && all.any(|each| each.seq < seq)
        {
            let what = ChainCause::KeyDropped {
                presenter: who.clone(),
                charm: charm.clone(),
                name: name.to_owned(),
            };
            return Some(self.since_issued(what, seq));
        }
        let what = ChainCause::ChainReversed {
            presenter: who.clone(),
            first: above?.holder(),
            provider: self.records.giver_of(own)?,
            charm: writes(Serves::Reversed).then(|| charm.clone()),
        };
        Some(self.since_issued(what, seq))
    }

    /// `seq` is where the certificate was issued.
    fn since_issued(&self, what: ChainCause, seq: Seq) -> RootCause {
        let entry = self
            .records
            .trail
            .entry(seq)
            .expect("an issued certificate has its entry");
        let Kind::CertificateIssued(record) = &entry.kind else {
            panic!(
                "{seq:?} is where a certificate was issued: {:?}",
                entry.kind
            );
        };
        let event = Event::Issued {
            certificate: record.certificate.clone(),
            holder: record.holder(),
        };
        RootCause::new(what, Some(seq)).after(entry.time, event)
    }
}
