//! A CA that is not trusted: which relation would have carried it, and why it did not.

mod passed_on;
mod process;

use super::kinds::TrustCause;
use super::{
    CaTrigger, Cause, Event, Issued, MissingCa, NewCa, NotGiven, RootCause, Transit, TrustSearch,
    short,
};
use crate::ca_route::CaRoute;
use crate::case::Case;
use trustsim_interfaces::Interface;
use trustsim_kernel::Span;
use trustsim_model::{Address, CertificateRecord, EndpointRef, Entry, Kind, Seq};
use trustsim_pki::Certificate;

impl<'a> TrustSearch<'_, 'a> {
    pub(super) fn untrusted(
        &self,
        case: &Case<'a>,
        ca_route: Option<&CaRoute>,
        root: Option<Seq>,
    ) -> Option<RootCause> {
        if let Some(cause) = self
            .hindrances()
            .distrusted(case)
            .or_else(|| self.not_moved_on(case))
        {
            return Some(cause);
        }
        let Some(ca_route) = ca_route else {
            return self.without_carrier(case);
        };
        let signer = case.signer()?;
        let removed = match ca_route {
            CaRoute::NoRelation { removed, .. } => removed.and_then(|seq| self.requiring(seq)),
            _ => None,
        };
        if self.newer_in(case.roots(), &signer, case).is_none()
            && let Some(taken) = self.hindrances().ca_taken_away(case, &signer, removed)
        {
            return Some(taken);
        }
        match ca_route {
            CaRoute::NoRelation { removed, .. } => {
                Some(self.no_relation(&signer, case, *removed, root))
            }
            CaRoute::OtherProcess {
                workload_has_it_over,
                ..
            } => Some(self.not_for_process(&signer, case, workload_has_it_over.as_ref())),
            CaRoute::OutsideClient {
                client,
                is_trusted_by_scenario: listed,
                ..
            } => Some(self.not_given(client, *listed, &signer, case, root)),
            CaRoute::AmongUnits { .. } => self.without_carrier(case),
            CaRoute::PassedOn(relation) => self
                .kept_by_process(&signer, case)
                .or_else(|| Some(self.not_passed_on(relation, &signer, case))),
            CaRoute::Relation {
                interface,
                provider,
                requirer,
            } => self.kept_by_process(&signer, case).or_else(|| {
                let (of, to) = (provider, requirer);
                Some(self.not_transferred(*interface, of, to, &signer, case, root))
            }),
        }
    }

    /// The requirer's endpoint of the relation that an entry is about.
    fn requiring(&self, seq: Seq) -> Option<&'a str> {
        match &self.records.trail.entry(seq)?.kind {
            Kind::Relation { requirer, .. } => Some(&*requirer.endpoint),
            _ => None,
        }
    }

    /// The root is trusted, or no CA of the deployment signed what was presented.
    fn without_carrier(&self, case: &Case<'a>) -> Option<RootCause> {
        let leaf = case.leaf?;
        let who = case.presenter;
        if case.issuers.is_empty() {
            let what = TrustCause::ForeignIssuer {
                presenter: who.clone(),
                issuer: leaf.certificate.issuer().to_owned(),
            };
            return Some(RootCause::new(what, None));
        }
        if let Some(cause) = self.anchored_below(case) {
            return Some(cause);
        }
        let missing = case.issuers.first()?;
        // Of a CA that is not valid by the judge's clock some stacks say that they do not know it.
        if case.trusts_any_issuer()
            && let Some(skewed) = self.skewed_judge(case)
        {
            return Some(skewed);
        }
        // A root is never missing from what is presented: what was dialled with is not all that is trusted by now.
        let is_below = !missing.certificate.is_self_issued();
        (is_below && case.trusts_any_issuer()).then(|| {
            let what = TrustCause::MissingIntermediate {
                presenter: who.clone(),
                missing: missing.certificate.subject().to_owned(),
                judge: case.judge.clone(),
            };
            RootCause::new(what, None)
        })
    }

    /// The judge's clock is off so far that a certificate of the chain is not valid by it.
    fn skewed_judge(&self, case: &Case<'a>) -> Option<RootCause> {
        let skew = self.records.skew(case.judge, case.at)?;
        let off = Span::from_nanos(skew.skew_ns.unsigned_abs());
        let chain = case.leaf.into_iter().chain(case.issuers.iter().copied());
        let mut chain = chain.map(|record| &record.certificate);
        let is_invalid = match skew.skew_ns > 0 {
            true => chain.any(|certificate| certificate.not_after() <= case.at + off),
            false => chain.any(|certificate| case.at < certificate.not_before() + off),
        };
        is_invalid.then(|| self.hindrances().clock_skew(case.judge, skew, None))
    }

    /// All that is trusted of the chain is an intermediate, and the judging stack wants a root.
    fn anchored_below(&self, case: &Case<'a>) -> Option<RootCause> {
        let trusted = case.trusted?;
        let of_chain = |issuer: &&&CertificateRecord| trusted.contains(&issuer.certificate);
        let mut known = case.issuers.iter().filter(of_chain);
        let first = known.next()?;
        let is_below = |issuer: &CertificateRecord| !issuer.certificate.is_self_issued();
        (is_below(first) && known.all(|issuer| is_below(issuer))).then(|| {
            let what = TrustCause::IntermediateAnchor {
                judge: case.judge.clone(),
                anchor: first.certificate.clone(),
                validator: case.connection.validator.clone(),
            };
            RootCause::new(what, None)
        })
    }

    fn no_relation(
        &self,
        signer: &Address,
        case: &Case<'a>,
        removed: Option<Seq>,
        root: Option<Seq>,
    ) -> RootCause {
        // Two that never had one CA were not moved apart.
        let were_together = removed.is_some() || self.changed_provider(case, signer).is_some();
        let apart = self.moved_apart(case, signer).filter(|_| were_together);
        // What had been carried before is there still: it is the newer one that is missing.
        let keeps_earlier = |made: &Issued<'a>| {
            let earlier = self.earlier_cas(signer, *made, case);
            removed.is_some() && earlier.iter().any(|ca| case.roots().contains(ca))
        };
        let made = self.ca_made(case).filter(keeps_earlier);
        let made = made.map(|made| self.new_ca(made.entry, root));
        let (signer, judge) = (signer.clone(), case.judge.to_application());
        let Some(seq) = removed else {
            let what = TrustCause::NoTransfer {
                signer,
                judge,
                apart,
            };
            return RootCause::new(what, None);
        };
        let entry = self.records.trail.entry(seq);
        let entry = entry.expect("a relation is known from its entry");
        let what = TrustCause::TransferRemoved {
            signer,
            judge,
            at: short(entry.time),
            by: entry.cause.and_then(|cause| self.records.performed(cause)),
            made,
            apart,
        };
        RootCause::new(what, Some(seq))
    }

    /// A client outside Juju has what it was given.
    fn not_given(
        &self,
        client: &Address,
        listed: bool,
        signer: &Address,
        case: &Case<'a>,
        root: Option<Seq>,
    ) -> RootCause {
        let made = self.ca_made(case);
        let newer = self.newer_in(case.roots(), signer, case);
        let why = match (listed, made) {
            // It fetched a newer CA, and the server still has a certificate of the old one.
            (true, _) if let Some(newer) = newer => NotGiven::HasNew {
                made: self.new_ca(newer.entry, root),
                presenter: case.presenter.clone(),
            },
            (false, _) => NotGiven::Never {
                moved: self.changed_provider(case, signer),
            },
            (true, _) if case.is_of_own_root() => NotGiven::OwnRoot {
                presenter: case.presenter.clone(),
            },
            (true, Some(made)) if self.is_later(made.entry) => {
                let new_ca = self.new_ca(made.entry, root);
                match self.earlier_cas(signer, made, case).as_slice() {
                    [] => NotGiven::HadNone(new_ca),
                    earlier if earlier.iter().any(|ca| case.roots().contains(ca)) => {
                        NotGiven::HasOld(new_ca)
                    }
                    // It was never given what there was.
                    _ => NotGiven::Unknown,
                }
            }
            (true, _) => NotGiven::Unknown,
        };
        let what = TrustCause::NotGiven {
            client: client.clone(),
            signer: signer.clone(),
            why,
        };
        RootCause::new(what, made.map(|made| made.seq))
    }

    /// The judge has moved on to a newer CA, and the presenter has not.
    fn dropped(
        &self,
        Issued { seq, entry, .. }: Issued<'a>,
        [provider, requirer]: [&EndpointRef; 2],
        signer: &Address,
        case: &Case<'a>,
        root: Option<Seq>,
    ) -> RootCause {
        let picked = self.one_of_several(provider, requirer, signer, case);
        let only_one = picked.or_else(|| {
            let kept = self.not_kept(requirer, signer, case);
            kept.filter(|transit| matches!(transit, Transit::OneFile { .. }))
        });
        let signer = signer.clone();
        let what = TrustCause::OldCaDropped {
            signer: signer.clone(),
            judge: case.judge.clone(),
            presenter: case.presenter.clone(),
            made: self.new_ca(entry, root),
            only_one,
        };
        // Mostly the presenter moves on in seconds; where it does not, something keeps it from that.
        let cause = RootCause::new(what, Some(seq)).pending(true);
        cause.after(entry.time, Event::CaMade { signer })
    }

    /// A relation carries the CA, and the judge had one of its provider and lost it, or has another than the presenter.
    fn with_another_ca(
        &self,
        ends: [&EndpointRef; 2],
        signer: &Address,
        case: &Case<'a>,
        root: Option<Seq>,
    ) -> Option<RootCause> {
        let newer = self.newer_in(case.roots(), signer, case);
        if newer.is_none()
            && let Some(lost) = self.lost_trust(signer, case)
        {
            return Some(lost);
        }
        if self.newer_ca(signer, case).is_some()
            && let Some(gone) = self
                .certificates()
                .certificates_relation_gone(&case.presenter.to_application(), case.at)
        {
            // Whatever the judge does, no new certificate comes to the presenter.
            return Some(gone);
        }
        let newer = newer?;
        // The one with the old certificate would have moved on.
        let since = newer.entry.time;
        let held = self.hindrances().held_back(case.presenter, since, case.at);
        Some(held.unwrap_or_else(|| self.dropped(newer, ends, signer, case, root)))
    }

    /// A relation carries the CA, and had not done so yet, or not any more.
    fn not_transferred(
        &self,
        interface: Interface,
        provider: &EndpointRef,
        requirer: &EndpointRef,
        signer: &Address,
        case: &Case<'a>,
        root: Option<Seq>,
    ) -> RootCause {
        let judge = case.judge;
        let made = self.ca_made(case);
        if let Some(found) = self.with_another_ca([provider, requirer], signer, case, root) {
            return found;
        }
        let beside_certificate = interface == Interface::TlsCertificates;
        if beside_certificate
            && let Some(mut cause) = self.certificates().never_given(judge, case.at)
        {
            cause.what = Cause::CaNeedsCertificate {
                judge: judge.clone(),
                signer: signer.clone(),
                because: Box::new(cause.what),
            };
            return cause;
        }
        let since = made.map_or(self.records.deployment.start, |made| made.entry.time);
        let (transit, held) = match beside_certificate {
            true => {
                let held = self.hindrances().held_back(judge, since, case.at);
                let beside = || Transit::BesideCertificate {
                    judge: judge.clone(),
                };
                let unread = self.unread_beside_certificate(requirer, case);
                (unread.unwrap_or_else(beside), held)
            }
            false => self.transit(provider, requirer, signer, case, since),
        };
        let later = made.filter(|made| self.is_later(made.entry));
        let missing = MissingCa {
            signer: signer.clone(),
            judge: judge.clone(),
            presenter: case.presenter.clone(),
            made: later.map(|later| self.new_ca(later.entry, root)),
        };
        let pending = Event::TransferPending {
            interface,
            provider: provider.clone(),
            requirer: requirer.clone(),
            transit: transit.clone(),
        };
        let made = made.map(|made| made.seq);
        let mut cause = match held {
            Some(held) => {
                let seq = held.seq.or(made);
                let by = Box::new(held.what);
                RootCause::new(Cause::TransferHeld { missing, by }, seq)
            }
            None => {
                let is_pending = transit.is_pending();
                RootCause::new(Cause::NotTransferred { missing, transit }, made).pending(is_pending)
            }
        };
        if let Some(later) = later {
            let signer = signer.clone();
            cause = cause.after(later.entry.time, Event::CaMade { signer });
        }
        cause.after(case.at, pending)
    }

    /// Every CA of the signer that the judge trusted went with its container.
    pub(super) fn lost_trust(&self, signer: &Address, case: &Case<'a>) -> Option<RootCause> {
        let all = self.records.trail.issued_to(signer);
        let all =
            all.filter(|issued| issued.entry.time <= case.at && case.could_sign(issued.record));
        let all: Vec<_> = all.map(|issued| &issued.record.certificate).collect();
        self.hindrances()
            .lost_trust(case.judge, &all, signer, case.at)
    }

    /// The CAs that the signer had before this one was made.
    fn earlier_cas(
        &self,
        signer: &Address,
        made: Issued<'a>,
        case: &Case<'a>,
    ) -> Vec<&'a Certificate> {
        let all = self.records.trail.issued_to(signer);
        let before = all.filter(|issued| issued.seq < made.seq && case.could_sign(issued.record));
        before.map(|issued| &issued.record.certificate).collect()
    }

    /// The entry in which the CA that the judge should trust was made.
    fn ca_made(&self, case: &Case<'a>) -> Option<Issued<'a>> {
        let issuer = case.wanted_issuer()?;
        let owner = issuer.holder();
        let all = self.records.trail.issued_to(&owner);
        let mut own = all.filter(|issued| issued.record.certificate == issuer.certificate);
        own.next()
    }

    /// The last of these roots that the signer made after the one that the judge should trust.
    fn newer_in(
        &self,
        roots: &[Certificate],
        signer: &Address,
        case: &Case<'a>,
    ) -> Option<Issued<'a>> {
        let made = self.ca_made(case)?;
        let all = self.records.trail.issued_to(signer);
        let mut later = all.filter(|issued| {
            issued.seq > made.seq
                && case.could_sign(issued.record)
                && roots.contains(&issued.record.certificate)
        });
        later.next_back()
    }

    /// A CA that the signer made after the one that the judge should trust.
    fn newer_ca(&self, signer: &Address, case: &Case<'a>) -> Option<Issued<'a>> {
        let made = self.ca_made(case)?;
        let all = self.records.trail.issued_to(signer);
        let mut later = all.filter(|Issued { seq, entry, record }| {
            *seq > made.seq && entry.time <= case.at && case.could_sign(record)
        });
        later.next_back()
    }

    /// Whether a CA came in the course of the run, and not with the deployment.
    fn is_later(&self, entry: &Entry) -> bool {
        let settled = self
            .records
            .trail
            .settled()
            .unwrap_or(self.records.deployment.start);
        entry.time > settled
    }

    fn new_ca(&self, entry: &'a Entry, root: Option<Seq>) -> NewCa {
        NewCa {
            at: short(entry.time),
            trigger: self.ca_trigger(entry, root),
        }
    }

    /// What led to a new CA: the action nearest to it, or the secret that expired.
    fn ca_trigger(&self, entry: &'a Entry, root: Option<Seq>) -> Option<CaTrigger> {
        let mut next = entry.cause;
        while let Some(seq) = next {
            let Some(cause) = self.records.trail.entry(seq) else {
                break;
            };
            match &cause.kind {
                Kind::Action(_) => return self.records.performed(seq).map(CaTrigger::Action),
                Kind::Secret { change, label } => {
                    return Some(CaTrigger::Secret {
                        label: label.as_ref().into(),
                        owner: cause.subject.address()?,
                        change: *change,
                    });
                }
                _ => next = cause.cause.filter(|cause| *cause < seq),
            }
        }
        self.records.performed(root?).map(CaTrigger::Action)
    }
}
