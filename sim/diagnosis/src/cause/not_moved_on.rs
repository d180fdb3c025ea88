//! A side that has not moved on to the CA that the other one trusts.

use super::kinds::ChainCause;
use super::{
    Apart, Cause, ChangedProvider, Event, Issued, NotInstalledReason, PENDING_MAX, Removal,
    RootCause, StillPresented, TrustSearch, short,
};
use crate::case::Case;
use trustsim_interfaces::Interface;
use trustsim_kernel::Time;
use trustsim_model::{Address, CertificateRecord};

impl<'a> TrustSearch<'_, 'a> {
    /// The presenter should have a certificate of a CA that the judge trusts: the provider that gives it
    /// certificates now has one there.
    pub(super) fn not_moved_on(&self, case: &Case<'a>) -> Option<RootCause> {
        let (leaf, trusted) = (case.leaf?, case.trusted?);
        let who = case.presenter;
        self.records.application(who)?;
        let signer = self.records.giver_of(leaf)?;
        let mut givers = self.records.providers(who, case.at);
        let moved = !givers.contains(&signer);
        if !moved {
            givers.retain(|giver| *giver == signer);
        }
        let is_ready = |giver: &&Address| {
            let own = self.records.trail.issued_to(giver);
            let mut own = own
                .filter(|issued| issued.entry.time <= case.at && issued.record.certificate.is_ca());
            own.any(|issued| trusted.contains(&issued.record.certificate))
        };
        let giver = givers.iter().find(is_ready);
        let failing = self
            .hindrances()
            .failing_hook(who, self.records.deployment.start, case.at);
        // A judge that had the CA and lost it would not be helped by what the presenter would move on to.
        let is_moved = moved && !self.hindrances().has_lost_trust(case);
        if let Some(failing) = failing.filter(|_| is_moved || giver.is_some()) {
            return Some(self.fails_on(failing, case, &signer, moved));
        }
        let giver = giver?;
        let born = self.records.issued_at(leaf);
        let accepted = self.accepted(case, giver, born)?;
        let is_recent = case.at.since(accepted.entry.time) < PENDING_MAX;
        // What is never read will not be read in time.
        if !moved && is_recent && !self.certificates().reads_at_start(who, case.at) {
            return None;
        }
        match moved {
            true => Some(self.kept(case, &signer, giver, accepted)),
            false => Some(self.certificates().not_loaded(who, accepted, case.at)),
        }
    }

    /// Its hook fails, so that it does nothing else and keeps what it has.
    fn fails_on(
        &self,
        mut failing: RootCause,
        case: &Case<'a>,
        signer: &Address,
        moved: bool,
    ) -> RootCause {
        let who = case.presenter;
        let Cause::HookFailed { presents, .. } = &mut failing.what else {
            panic!("a hook that fails is found as one: {:?}", failing.what);
        };
        *presents = Some(StillPresented {
            presenter: who.clone(),
            signer: signer.clone(),
            old_ca: !moved,
        });
        match self.removed(signer, who, case.at) {
            Some((at, removal)) if moved => failing.after(at, Event::RelationRemoved(removal)),
            _ => failing,
        }
    }

    /// The newest certificate by `giver` of the presenter's that the judge would accept.
    fn accepted(&self, case: &Case<'a>, giver: &Address, born: Time) -> Option<Issued<'a>> {
        let who = case.presenter;
        let trusted = case.trusted?;
        let names = [who.as_str(), who.application()];
        let mut found: Option<Issued<'a>> = None;
        for name in names {
            for issued in self.records.trail.issued_to(name) {
                let Issued { seq, entry, record } = issued;
                let issuers = self.records.facts.issuers(record);
                let fits = entry.time > born
                    && entry.time <= case.at
                    && self.records.giver_of(record).as_ref() == Some(giver)
                    && issuers
                        .iter()
                        .any(|issuer| trusted.contains(&issuer.certificate));
                if fits && found.is_none_or(|known| known.seq < seq) {
                    found = Some(issued);
                }
            }
        }
        found
    }

    /// It was given another certificate by another provider, and went on with the one it had.
    fn kept(
        &self,
        case: &Case<'a>,
        signer: &Address,
        giver: &Address,
        Issued { seq, entry, record }: Issued<'_>,
    ) -> RootCause {
        let issued = entry.time;
        let who = case.presenter;
        let removed = self.removed(signer, who, case.at);
        let once = self
            .records
            .profiles(who, case.at)
            .any(|profile| profile.installs_once);
        let is_pending = case.at.since(issued) < PENDING_MAX;
        let what = ChainCause::PreviousProviderStillServed {
            presenter: who.clone(),
            previous_provider: signer.clone(),
            removed: removed.as_ref().map(|(_, removal)| removal.clone()),
            current_provider: giver.clone(),
            issued: short(issued),
            why: match once {
                true => NotInstalledReason::InstallsOnce,
                false if is_pending => NotInstalledReason::Pending,
                false => NotInstalledReason::NotRead,
            },
        };
        let issue = Event::Issued {
            certificate: record.certificate.clone(),
            holder: record.holder(),
        };
        let cause = RootCause::new(what, Some(seq))
            .pending(is_pending && !once)
            .after(issued, issue);
        match removed {
            Some((at, removal)) => cause.after(at, Event::RelationRemoved(removal)),
            None => cause,
        }
    }

    /// The provider from which the presenter had certificates before, where the judge trusts it, and since
    /// when the presenter has certificates of another.
    pub(super) fn changed_provider(
        &self,
        case: &Case<'a>,
        signer: &Address,
    ) -> Option<ChangedProvider> {
        let trusted = case.trusted?;
        let since = self.records.issued_at(case.leaf?);
        let who = case.presenter;
        let names = [who.as_str(), who.application()].into_iter();
        let mut before = names.flat_map(|name| self.records.trail.issued_to(name));
        let before = before.find_map(|Issued { entry, record, .. }| {
            let issuers = self.records.facts.issuers(record);
            let known = |issuer: &&CertificateRecord| trusted.contains(&issuer.certificate);
            let giver = self.records.giver_of(record)?;
            let fits = entry.time < since && giver != *signer && issuers.iter().any(known);
            fits.then_some(giver)
        })?;
        let removed = self.removed(&before, who, case.at);
        Some(ChangedProvider {
            server: who.clone(),
            since: short(since),
            before,
            removed: removed.map(|(_, removal)| removal),
        })
    }

    /// When the relation in which one gave the other certificates was removed, and by what.
    pub(super) fn removed(
        &self,
        giver: &Address,
        requirer: &Address,
        at: Time,
    ) -> Option<(Time, Removal)> {
        let last = self.records.trail.last_before(at);
        let mut facts = self
            .records
            .facts
            .relations(
                &requirer.to_application(),
                &[Interface::TlsCertificates],
                last,
            )
            .into_iter();
        let fact = facts.rfind(|fact| !fact.there && fact.provider.application == *giver)?;
        let entry = self.records.trail.entry(fact.seq)?;
        let by = entry
            .cause
            .and_then(|cause| self.records.action_behind(cause));
        let removal = Removal {
            at: short(entry.time),
            by: by.map(|(_, performed)| performed),
        };
        Some((entry.time, removal))
    }

    /// What the judge trusts in place of the presenter's CA, since it has its own certificates from
    /// another provider: two that were moved apart.
    pub(super) fn moved_apart(&self, case: &Case<'a>, signer: &Address) -> Option<Apart> {
        let judge = case.judge.to_application();
        self.records.application(&judge)?;
        let givers = self.records.providers(&judge, case.at);
        let giver = givers.first().filter(|giver| *giver != signer)?;
        let presenter = case.presenter.to_application();
        if presenter == judge {
            return Some(Apart::Units {
                application: judge,
                now: giver.clone(),
                unit: case.presenter.clone(),
                before: signer.clone(),
                after: case.leaf.and_then(|leaf| self.records.issued_after(leaf)),
            });
        }
        let removed = self.removed(giver, &presenter, case.at);
        Some(Apart::Applications {
            judge,
            judge_provider: giver.clone(),
            presenter,
            presenter_provider: signer.clone(),
            removed: removed.map(|(_, removal)| removal),
        })
    }
}
