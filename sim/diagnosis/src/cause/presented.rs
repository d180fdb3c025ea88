//! A side that presents the wrong thing although it was given the right one: a chain the wrong way
//! round, a chain without its certificate.

use super::{Cause, Event, RootCause, Search, SignedInThePast, short};
use crate::addresses::{address, application_of, holder};
use crate::case::Case;
use trustsim_charm_model::{CertificatesProfile, EndpointProfile, Serves};
use trustsim_world::{Action, CertificateRecord, Kind, Seq};

impl<'a> Search<'_, 'a> {
    /// A process that cannot load what its charm wrote, where nobody changed it by hand.
    pub(super) fn misbuilt(&self, case: &Case<'a>, root: Option<Seq>) -> Option<RootCause> {
        let by_hand = root.and_then(|root| self.timed(root));
        if by_hand.is_some_and(|timed| matches!(timed.action, Action::Tls(_))) {
            return None;
        }
        let who = case.presenter;
        let (seq, own) = self.newest(
            &[who, application_of(who)],
            None,
            self.deployment.start,
            case.at,
        )?;
        let charm = &self.deployment.applications[self.application(who)?]
            .charm
            .name;
        let writes = |wanted: Serves| self.profiles(who).any(|each| each.serves == wanted);
        let name = own.certificate.subject_common_name().unwrap_or_default();
        if writes(Serves::WithoutLeaf) {
            let what = Cause::ChainWithoutCertificate {
                presenter: who.to_owned(),
                charm: charm.clone(),
                name: name.to_owned(),
            };
            return Some(self.since_issued(what, seq));
        }
        let issuers = self.facts.issuers(own);
        let presented = case.leaf?;
        let is_above = |issuer: &&&CertificateRecord| issuer.certificate == presented.certificate;
        let issuer = issuers.iter().find(is_above)?;
        let what = Cause::ChainReversed {
            presenter: who.to_owned(),
            first: holder(issuer),
            provider: self.giver_of(own)?,
            charm: writes(Serves::Reversed).then(|| charm.clone()),
        };
        Some(self.since_issued(what, seq))
    }

    /// `seq` is where the certificate was issued.
    fn since_issued(&self, what: Cause, seq: Seq) -> RootCause {
        let entry = self
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
            holder: holder(record),
        };
        RootCause::new(what, Some(seq)).after(entry.time, event)
    }

    /// How a unit's charm uses its certificates.
    pub(super) fn profiles(&self, who: &str) -> impl Iterator<Item = &'a CertificatesProfile> {
        let application = self.application(who);
        let charm = application.map(|index| &self.deployment.applications[index].charm);
        let endpoints = charm.into_iter().flat_map(|charm| &charm.endpoints);
        endpoints.filter_map(|endpoint| match &endpoint.profile {
            Some(
                EndpointProfile::Certificates(profile)
                | EndpointProfile::LegacyCertificates(profile),
            ) => Some(profile),
            _ => None,
        })
    }

    /// A certificate that was over, or will be too soon, when it was signed, since its signer's
    /// clock was behind.
    pub(super) fn signed_in_the_past(
        &self,
        record: &'a CertificateRecord,
        case: &Case<'a>,
    ) -> Option<RootCause> {
        let issued = self.issued_at(record);
        let signer = self.giver_of(record)?;
        let (skew_ns, timed) = self.skew(&signer, issued)?;
        let off = trustsim_kernel::Span::from_nanos(skew_ns.unsigned_abs());
        if skew_ns >= 0 || record.certificate.not_after() + off <= case.at {
            return None;
        }
        let signed = SignedInThePast {
            holder: holder(record),
            at: short(issued),
            ended: short(record.certificate.not_after()),
        };
        Some(self.clock_skew(&signer, (skew_ns, timed), Some(signed)))
    }

    /// `model.app` of whoever signed a certificate for its holder.
    pub(super) fn giver_of(&self, record: &CertificateRecord) -> Option<String> {
        let of = self.trail.issued_to(&holder(record));
        let mut of = of.into_iter();
        let found = of.find(|(_, _, known)| known.certificate == record.certificate);
        let giver = found.map(|(_, entry, _)| address(&entry.subject))?;
        Some(application_of(&giver).to_owned())
    }
}
