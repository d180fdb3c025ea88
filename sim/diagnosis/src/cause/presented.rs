//! A side that presents the wrong thing although it was given the right one: a chain the wrong way
//! round, a chain without its certificate.

use super::trail::holder;
use super::{Cause, Detective, short};
use crate::case::Case;
use crate::describe::certificate_name;
use crate::expectations::application_of;
use trustsim_charms::{CertificatesProfile, EndpointProfile, Serves};
use trustsim_world::{Action, CertificateRecord, Kind, Seq};

impl<'a> Detective<'_, 'a> {
    /// A process that cannot load what its charm wrote, where nobody changed it by hand.
    pub(super) fn misbuilt(&self, case: &Case<'a>, root: Option<Seq>) -> Option<Cause> {
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
            let line = format!(
                "{who} is served without the certificate: charm {charm} writes the chain above \
                 the one for {name} to disk, and not that one itself"
            );
            return Some(self.since_issued("chain-without-certificate", line, seq));
        }
        let issuers = self.facts.issuers(own);
        let presented = case.leaf?;
        let is_above = |issuer: &&&CertificateRecord| issuer.certificate == presented.certificate;
        let issuer = issuers.iter().find(is_above)?;
        let giver = self.giver_of(own)?;
        let why = match writes(Serves::Reversed) {
            true => format!("charm {charm} reverses the order in which {giver} sends it"),
            false => format!("{giver} sends it that way"),
        };
        let line = format!(
            "{who} serves its chain turned round, the certificate of its issuer {} first: {why}",
            holder(issuer)
        );
        Some(self.since_issued("chain-turned-round", line, seq))
    }

    fn since_issued(&self, kind: &'static str, line: String, seq: Seq) -> Cause {
        let cause = Cause::new(kind, line, Some(seq));
        let Some(entry) = self.trail.entry(seq) else {
            return cause;
        };
        let Kind::CertificateIssued(record) = &entry.kind else {
            return cause;
        };
        let name = certificate_name(&record.certificate);
        cause.after(
            entry.time,
            format!("{name} is issued for {}", holder(record)),
        )
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
    ) -> Option<Cause> {
        let issued = self.issued_at(record);
        let signer = self.giver_of(record)?;
        let (skew_ns, timed) = self.skew(&signer, issued)?;
        let off = trustsim_kernel::Span::from_nanos(skew_ns.unsigned_abs());
        if skew_ns >= 0 || record.certificate.not_after() + off <= case.at {
            return None;
        }
        let line = format!(
            "{}: what it signed for {} at {} had ended at {}",
            self.clock_line(&signer, skew_ns, timed),
            holder(record),
            short(issued),
            short(record.certificate.not_after()),
        );
        Some(Cause::new("clock", line, self.seq_of(timed)))
    }

    /// `model.app` of whoever signed a certificate for its holder.
    pub(super) fn giver_of(&self, record: &CertificateRecord) -> Option<String> {
        let of = self.trail.issued_to(&holder(record));
        let mut of = of.into_iter();
        let found = of.find(|(_, _, known)| known.certificate == record.certificate);
        let giver = found.map(|(_, entry, _)| crate::address(&entry.subject))?;
        Some(application_of(&giver).to_owned())
    }
}
