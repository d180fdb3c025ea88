//! What a unit had and lost: files that went with their container, or that a hook took away.

use super::kinds::{CertificateCause, FaultCause, TrustCause};
use super::{Cause, CertificateSearch, Event, Hindrances, Lost, Performed, RootCause, short};
use crate::case::Case;
use crate::notes;
use trustsim_juju::HookName;
use trustsim_kernel::Time;
use trustsim_model::{Action, Address, Entry, Kind, ScaleAction, Seq, UnitAction};
use trustsim_pki::Certificate;

impl<'a> Hindrances<'_, 'a> {
    /// One of these CAs was trusted by `who` and none is any more, though none was withdrawn.
    pub(super) fn lost_trust(
        &self,
        who: &Address,
        cas: &[&Certificate],
        owner: &Address,
        at: Time,
    ) -> Option<RootCause> {
        let has = |entry: &Entry| match &entry.kind {
            Kind::TrustChanged { roots } => Some(cas.iter().any(|ca| roots.contains(ca))),
            _ => None,
        };
        self.lost(who, Lost::Ca(owner.clone()), has, at)
    }

    /// Whether the judge trusted a CA of the chain once, and does not any more.
    pub(super) fn has_lost_trust(&self, case: &Case<'a>) -> bool {
        let start = self.records.deployment.start;
        let mut own = self.records.trail.facts_about(case.judge, start, case.at);
        own.retain(|(seq, _)| *seq <= case.as_of);
        first_without(own, |entry| case.trusted_by(entry)).is_some()
    }

    /// The hook of a relation that went took away the CA that the judge had, where that is none of `endpoint`: a CA may
    /// come beside a certificate, while another relation is there for CAs.
    pub(super) fn ca_taken_away(
        &self,
        case: &Case<'a>,
        signer: &Address,
        endpoint: Option<&str>,
    ) -> Option<RootCause> {
        let start = self.records.deployment.start;
        let mut own = self.records.trail.facts_about(case.judge, start, case.at);
        own.retain(|(seq, _)| *seq <= case.as_of);
        let (seq, entry) = first_without(own, |entry| case.trusted_by(entry))?;
        let (unit, hook) = self.first_hook(entry)?;
        if !hook.is_relation_broken() || hook.endpoint() == endpoint {
            return None;
        }
        let what = TrustCause::TakenAway {
            signer: signer.clone(),
            judge: case.judge.clone(),
            at: short(entry.time),
            unit,
            hook: hook.clone(),
            by: self.records.action_behind(seq).map(|(_, by)| by),
        };
        Some(RootCause::new(what, Some(seq)))
    }

    /// The hook with which what led to an entry began, in the units of one application.
    fn first_hook(&self, entry: &'a Entry) -> Option<(Address, &'a HookName)> {
        let of = entry.subject.address()?.to_application();
        let mut found = None;
        let mut next = entry.cause;
        while let Some(seq) = next {
            let cause = self.records.trail.entry(seq)?;
            match (&cause.kind, cause.subject.address()) {
                (_, Some(unit)) if unit.to_application() != of => break,
                (Kind::HookStarted { hook }, Some(unit)) => found = Some((unit, hook)),
                (Kind::Action(_), _) => break,
                _ => {}
            }
            next = cause.cause.filter(|cause| *cause < seq);
        }
        found
    }

    /// What took the CA of a chain out of a trust store by hand, and was not undone.
    pub(super) fn distrusted(&self, case: &Case<'a>) -> Option<RootCause> {
        let start = self.records.deployment.start;
        let mut own = self.records.trail.facts_about(case.judge, start, case.at);
        own.retain(|(seq, _)| *seq <= case.as_of);
        let (gone, _) = first_without(own, |entry| case.trusted_by(entry))?;
        let (seq, performed) = self.records.action_behind(gone)?;
        let by_hand = matches!(self.records.timed(seq)?.action, Action::Tls(_));
        by_hand.then(|| RootCause::new(Cause::Action(performed), Some(seq)))
    }

    /// `has` says of an entry whether the unit has the thing from then on.
    fn lost(
        &self,
        who: &Address,
        what: Lost,
        has: impl Fn(&Entry) -> Option<bool>,
        at: Time,
    ) -> Option<RootCause> {
        let (seq, entry) = self.records.gone(who, at, &has)?;
        let by = self.new_container(entry)?;
        let end = self.records.deployment.start + self.records.deployment.duration;
        let is_back = |entry: &Entry| entry.time > at && has(entry) == Some(true);
        let later = self.records.trail.about_if(who, at, end, is_back);
        let cause = FaultCause::LostWithContainer {
            who: who.clone(),
            what: what.clone(),
            at: short(entry.time),
            by,
            until: later.first().map(|(_, entry)| short(entry.time)),
            and: None,
        };
        let who = who.clone();
        let event = Event::Lost { who, what };
        Some(RootCause::new(cause, Some(seq)).after(entry.time, event))
    }

    /// The action that replaced the container, where that and no hook took the files.
    fn new_container(&self, entry: &Entry) -> Option<Performed> {
        let mut next = entry.cause;
        while let Some(seq) = next {
            let cause = self.records.trail.entry(seq)?;
            match &cause.kind {
                Kind::HookStarted { .. } | Kind::HookCommitted { .. } => return None,
                Kind::Action(_) => {
                    let replaces = matches!(
                        self.records.timed(seq)?.action,
                        Action::Scale(ScaleAction::Refresh { .. })
                            | Action::Unit(UnitAction::Kill { .. })
                    );
                    return replaces.then(|| self.records.performed(seq)).flatten();
                }
                _ => next = cause.cause.filter(|cause| *cause < seq),
            }
        }
        None
    }
}

impl CertificateSearch<'_, '_> {
    /// The certificate that `who` served and does not serve any more.
    pub(super) fn lost_certificate(&self, who: &Address, at: Time) -> Option<RootCause> {
        let mut cause = self
            .hindrances()
            .lost(who, Lost::Certificate, notes::presents, at)?;
        // Whatever its charm would do, there is no provider to ask.
        if let Some(gone) = self.certificates_relation_gone(&who.to_application(), at) {
            let Cause::Fault(FaultCause::LostWithContainer { and, .. }) = &mut cause.what else {
                panic!("what is lost is found as lost: {:?}", cause.what);
            };
            *and = Some(Box::new(gone.what));
        }
        Some(cause)
    }

    /// A hook took away the certificate that `who` presented.
    pub(super) fn taken_away(&self, who: &Address, at: Time) -> Option<RootCause> {
        let (seq, entry) = self.records.gone(who, at, notes::presents)?;
        let (unit, hook) = self.hindrances().first_hook(entry)?;
        let what = CertificateCause::TakenAway {
            holder: who.clone(),
            at: short(entry.time),
            unit,
            hook: hook.clone(),
            by: self.records.action_behind(seq).map(|(_, by)| by),
        };
        let event = Event::TakenAway { who: who.clone() };
        Some(RootCause::new(what, Some(seq)).after(entry.time, event))
    }
}

/// The entry since which a thing that was there is not there. `has` says of an entry whether it is there from then on.
fn first_without(
    entries: Vec<(Seq, &Entry)>,
    has: impl Fn(&Entry) -> Option<bool>,
) -> Option<(Seq, &Entry)> {
    assert!(
        entries.is_sorted_by_key(|(seq, _)| *seq),
        "what happened to one side is told in the order of the journal"
    );
    let (mut had, mut gone) = (false, None);
    for (seq, entry) in entries {
        match has(entry) {
            Some(true) => (had, gone) = (true, None),
            Some(false) if had => gone = gone.or(Some((seq, entry))),
            _ => {}
        }
    }
    gone
}
