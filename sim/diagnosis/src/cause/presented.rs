//! A side that presents the wrong thing although it was given the right one: a chain the wrong way
//! round, a chain without its certificate.

use super::faults::Strike;
use super::kinds::{ChainCause, KeyLoss};
use super::records::profiles_of;
use super::{Event, Issued, Performed, RootCause, Search};
use crate::case::Case;
use trustsim_charm_model::{CertificatesProfile, CharmMetadata, Serves};
use trustsim_interfaces::cert_handler;
use trustsim_model::{Action, Address, Kind, Seq};
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
        let charm = self.records.charm(self.records.application(who)?, case.at);
        let charm = &charm.name;
        let writes = |wanted: Serves| {
            let mut profiles = self.records.profiles(who, case.at);
            profiles.any(|each| each.serves == wanted)
        };
        // A certificate may have no common name; its names are in the SAN then.
        let name = own.certificate.subject_common_name().unwrap_or_default();
        if writes(Serves::WithoutLeaf) {
            let what = ChainCause::ChainWithoutCertificate {
                presenter: who.clone(),
                charm: charm.clone(),
                name: name.to_owned(),
                after: self.refreshed_into(case, |profile| profile.serves == Serves::WithoutLeaf),
            };
            return Some(self.since_issued(what, seq));
        }
        let issuers = self.records.facts.issuers(own);
        let above = case.leaf.and_then(|leaf| {
            let mut issuers = issuers.iter();
            issuers.find(|issuer| issuer.certificate == leaf.certificate)
        });
        let loses_key = case.error() == ErrorKind::KeyMismatch && above.is_none();
        if let Some((why, after)) = loses_key.then(|| self.key_lost(case, seq)).flatten() {
            let what = ChainCause::KeyDropped {
                presenter: who.clone(),
                charm: charm.clone(),
                name: name.to_owned(),
                why,
                after,
            };
            return Some(self.since_issued(what, seq));
        }
        let provider = self.records.giver_of(own)?;
        let is_reversed_here = writes(Serves::Reversed);
        let after = self.reversed_after(case, &provider, is_reversed_here);
        let what = ChainCause::ChainReversed {
            presenter: who.clone(),
            first: above?.holder(),
            provider,
            charm: is_reversed_here.then(|| charm.clone()),
            after,
        };
        Some(self.since_issued(what, seq))
    }

    /// Why a charm that drops its key has none for the certificate that was issued with `seq`, and what made it so.
    fn key_lost(&self, case: &Case<'a>, seq: Seq) -> Option<(KeyLoss, Option<Performed>)> {
        let who = case.presenter;
        if !self.records.profiles(who, case.at).any(drops_key) {
            return None;
        }
        // What the version before wrote is nothing that this one knows: it makes a key, and writes that.
        let refreshed = self.records.refreshed(&who.to_application(), case.at);
        if let Some((_, refresh)) = refreshed.filter(|(refresh, _)| seq < *refresh) {
            return Some((KeyLoss::KeptElsewhere, Some(refresh)));
        }
        // The key goes with a request in place of a certificate that was there before.
        let holders = [who, who.application()];
        let mut all = holders
            .iter()
            .flat_map(|holder| self.records.trail.issued_to(holder));
        all.any(|each| each.seq < seq)
            .then(|| (KeyLoss::ThrownAway, self.ended_by(case, seq)))
    }

    /// The refresh since which a chain is turned round: that of the presenter, which now reverses it or does not put it right
    /// any more, or that of the provider, which now does something else.
    fn reversed_after(
        &self,
        case: &Case<'a>,
        provider: &Address,
        is_reversed_here: bool,
    ) -> Option<Performed> {
        if is_reversed_here {
            return self.refreshed_into(case, |profile| profile.serves == Serves::Reversed);
        }
        let now = self.records.profiles(case.presenter, case.at).next()?;
        let behaviour = |charm: &CharmMetadata| charm.implementation.behaviour;
        let provides = behaviour(
            self.records
                .charm(self.records.application(provider)?, case.at),
        );
        self.refreshed_into(case, |profile| profile.serves == now.serves)
            .or_else(|| {
                let is_as_now = |charm: &CharmMetadata| behaviour(charm) == provides;
                self.records.refreshed_into(provider, case.at, is_as_now)
            })
    }

    /// Why the certificate before had ended when this one was issued: an action, or a clock that is off; else the refresh
    /// that brought a charm which drops its key.
    fn ended_by(&self, case: &Case<'a>, issued: Seq) -> Option<Performed> {
        if let Some((_, action)) = self.records.planned_behind(issued) {
            return Some(action);
        }
        let at = self.records.trail.entry(issued)?.time;
        let application = self.records.application(case.presenter)?;
        let is_clock = |strike| matches!(strike, Strike::Clock(_));
        if let Some(skewed) = self.records.strike_on(application, at, is_clock) {
            return self.records.performed(self.records.seq_of(skewed)?);
        }
        self.refreshed_into(case, drops_key)
    }

    /// The refresh of the presenter that brought a charm which uses its certificates so.
    fn refreshed_into(
        &self,
        case: &Case<'a>,
        is_so: impl Fn(&CertificatesProfile) -> bool,
    ) -> Option<Performed> {
        let application = case.presenter.to_application();
        let brought = |charm: &CharmMetadata| profiles_of(charm).any(&is_so);
        self.records.refreshed_into(&application, case.at, brought)
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

/// Whether a charm throws away the key that it asked with, once its certificate is revoked or has ended.
fn drops_key(profile: &CertificatesProfile) -> bool {
    let version = profile.cert_handler;
    version.is_some_and(cert_handler::Version::drops_its_key)
}
