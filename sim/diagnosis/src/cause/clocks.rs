//! Clocks that are wrong, and what that did: a certificate judged at another time, renewed too late, or signed with an
//! end that had passed.

use super::{
    CertificateSearch, ClockEffect, FaultCause, Hindrances, RootCause, SignedInThePast, Skew, short,
};
use crate::case::Case;
use trustsim_kernel::Time;
use trustsim_model::{Address, CertificateRecord};

impl Hindrances<'_, '_> {
    /// Whose clock is off at `at`, of those who have to do with a certificate.
    pub(super) fn clock(&self, case: &Case<'_>, ahead: bool) -> Option<RootCause> {
        let signer = case.signer();
        let mut addresses = [Some(case.judge), signer.as_ref(), Some(case.presenter)].into_iter();
        addresses.find_map(|address| {
            let address = address?;
            let skew = self.records.skew(address, case.at)?;
            let is_to_blame = (skew.skew_ns > 0) == (ahead == (address == case.judge));
            is_to_blame.then(|| self.clock_skew(address, skew, None))
        })
    }

    pub(super) fn clock_skew(
        &self,
        address: &Address,
        Skew { skew_ns, by }: Skew<'_>,
        effect: Option<ClockEffect>,
    ) -> RootCause {
        let deployment = self.records.deployment;
        let mut later = deployment.actions.iter();
        let is_right = later
            .find(|timed| *timed == by)
            .and_then(|by| later.find(|timed| timed.action.undoes(&by.action, deployment)));
        let cause = FaultCause::ClockSkew {
            address: address.clone(),
            skew_ns,
            since: short(deployment.start + by.at),
            until: is_right.map(|timed| short(deployment.start + timed.at)),
            source: by.source.clone(),
            effect,
        };
        RootCause::new(cause, self.records.seq_of(by))
    }
}

impl<'a> CertificateSearch<'_, 'a> {
    /// The first time between two instants at which the clock of `holder` was ahead.
    pub(super) fn clock_ahead(
        &self,
        holder: &Address,
        since: Time,
        until: Time,
    ) -> Option<Skew<'a>> {
        let deployment = self.records.deployment;
        let actions = deployment.actions.iter();
        let set = actions.map(|timed| deployment.start + timed.at);
        let set = set.filter(|at| since < *at && *at < until);
        let mut skews = std::iter::once(since)
            .chain(set)
            .filter_map(|at| self.records.skew(holder, at));
        skews.find(|skew| skew.skew_ns > 0)
    }

    /// A certificate that was over, or will be too soon, when it was signed, since its signer's
    /// clock was behind.
    pub(super) fn signed_in_the_past(
        &self,
        record: &'a CertificateRecord,
        case: &Case<'a>,
    ) -> Option<RootCause> {
        let issued = self.records.issued_at(record);
        let signer = self.records.giver_of(record)?;
        let skew = self.records.skew(&signer, issued)?;
        let off = trustsim_kernel::Span::from_nanos(skew.skew_ns.unsigned_abs());
        if skew.skew_ns >= 0 || record.certificate.not_after() + off <= case.at {
            return None;
        }
        let signed = SignedInThePast {
            holder: record.holder(),
            at: short(issued),
            ended: short(record.certificate.not_after()),
        };
        let effect = ClockEffect::SignedInThePast(signed);
        Some(self.hindrances().clock_skew(&signer, skew, Some(effect)))
    }

    /// A certificate that was over when it came, by the clock of who has not taken it.
    pub(super) fn over_when_it_came(&self, record: &CertificateRecord) -> Option<RootCause> {
        let (holder, issued) = (record.holder(), self.records.issued_at(record));
        let skew = self.records.skew(&holder, issued)?;
        let off = trustsim_kernel::Span::from_nanos(skew.skew_ns.unsigned_abs());
        if skew.skew_ns <= 0 || issued + off < record.certificate.not_after() {
            return None;
        }
        let effect = ClockEffect::NotTaken {
            holder: holder.clone(),
            issued: short(issued),
        };
        Some(self.hindrances().clock_skew(&holder, skew, Some(effect)))
    }
}
