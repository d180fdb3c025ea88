//! A side that presents the wrong thing although it was given the right one: a chain the wrong way
//! round, a chain without its certificate.

use super::faults::Strike;
use super::kinds::ChainCause;
use super::{Event, Issued, Performed, RootCause, Search};
use crate::case::Case;
use trustsim_charm_model::Serves;
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
                after: self.refreshed(case, Serves::WithoutLeaf),
            };
            return Some(self.since_issued(what, seq));
        }
        let issuers = self.records.facts.issuers(own);
        let above = case.leaf.and_then(|leaf| {
            let mut issuers = issuers.iter();
            issuers.find(|issuer| issuer.certificate == leaf.certificate)
        });
        let drops_key = |version: cert_handler::Version| version.drops_its_key();
        let mut profiles = self.records.profiles(who, case.at);
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
                after: self.ended_by(case, seq),
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

    /// The refresh since which a chain is turned round, by the presenter's charm or by its provider. One that comes so is
    /// served so since it comes so, or since it is not put right any more.
    fn reversed_after(
        &self,
        case: &Case<'a>,
        provider: &Address,
        is_reversed_here: bool,
    ) -> Option<Performed> {
        if is_reversed_here {
            return self.refreshed(case, Serves::Reversed);
        }
        let own = case.presenter.to_application();
        let own = self.records.refreshed(&own, case.at);
        let found = own.or_else(|| self.records.refreshed(provider, case.at));
        found.map(|(_, performed)| performed)
    }

    /// Why the certificate before had ended when this one was issued: an action, or a clock that is off.
    fn ended_by(&self, case: &Case<'a>, issued: Seq) -> Option<Performed> {
        if let Some((_, action)) = self.records.action_behind(issued) {
            return Some(action);
        }
        let at = self.records.trail.entry(issued)?.time;
        let application = self.records.application(case.presenter)?;
        let is_clock = |strike| matches!(strike, Strike::Clock(_));
        if let Some(skewed) = self.records.strike_on(application, at, is_clock) {
            return self.records.performed(self.records.seq_of(skewed)?);
        }
        // A charm that drops its key came with it.
        let (_, refreshed) = self
            .records
            .refreshed(&case.presenter.to_application(), case.at)?;
        Some(refreshed)
    }

    /// The refresh that brought a charm which writes its certificates so, where the one before did not.
    fn refreshed(&self, case: &Case<'a>, serves: Serves) -> Option<Performed> {
        let start = self.records.deployment.start;
        let mut before = self.records.profiles(case.presenter, start);
        match before.any(|each| each.serves == serves) {
            true => None,
            false => {
                let application = case.presenter.to_application();
                let found = self.records.refreshed(&application, case.at);
                found.map(|(_, performed)| performed)
            }
        }
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
