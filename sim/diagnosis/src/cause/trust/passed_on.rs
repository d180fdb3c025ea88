//! A CA that should come with the data of a relation: why the client does not have it.

use crate::ca_route::PassingRelation;
use crate::case::Case;
use crate::cause::kinds::{NotPassed, TrustCause};
use crate::cause::{Event, RootCause, TrustSearch};
use trustsim_charm_model::{Apply, Bugs, EndpointProfile, TakingProfile};
use trustsim_interfaces::Interface;
use trustsim_interfaces::notes::CertificateKind;
use trustsim_interfaces::passed_ca::Carrier;
use trustsim_kernel::Time;
use trustsim_model::{Address, EndpointRef};

impl<'a> TrustSearch<'_, 'a> {
    /// A server hands its clients the CA of its certificates, or should, and the judge does not have it.
    pub(super) fn not_passed_on(
        &self,
        over: &PassingRelation,
        signer: &Address,
        case: &Case<'a>,
    ) -> RootCause {
        if let Some(lost) = self.lost_trust(signer, case) {
            return lost;
        }
        let made = self.ca_made(case);
        let why = self.why_not_passed(over, case);
        let what = TrustCause::NotPassedOn {
            signer: signer.clone(),
            judge: case.judge.clone(),
            over: over.clone(),
            why,
        };
        let cause = RootCause::new(what, made.map(|made| made.seq));
        let cause = cause.pending(matches!(why, NotPassed::Pending | NotPassed::Certificate));
        match made.filter(|made| self.is_later(made.entry)) {
            Some(later) => {
                let signer = signer.clone();
                cause.after(later.entry.time, Event::CaMade { signer })
            }
            None => cause,
        }
    }

    fn why_not_passed(&self, over: &PassingRelation, case: &Case<'a>) -> NotPassed {
        let bugs = self.bugs_of(&over.provider, case.at);
        let taken = self.taking(&over.requirer, case.at);
        let has_earlier = self.has_earlier(over, case);
        if !over.passes {
            return NotPassed::Never;
        }
        match taken {
            _ if over.of_client => NotPassed::Certificate,
            _ if bugs.is_some_and(|bugs| bugs.word_as_ca) => NotPassed::Word,
            _ if bugs.is_some_and(|bugs| bugs.earlier_relations_only) && !has_earlier => {
                NotPassed::LaterRelation
            }
            Some(taken) if has_earlier && taken.keeps_first_ca => NotPassed::KeepsFirst,
            Some(taken)
                if has_earlier
                    && !taken.in_each_hook
                    && !Carrier::of(&over.interface).tells_of_changes() =>
            {
                NotPassed::Untold
            }
            Some(taken) if taken.apply == Apply::None => NotPassed::ReadAtStart,
            _ => NotPassed::Pending,
        }
    }

    /// Whether the judge trusts a CA that the server had its certificates of at some time.
    fn has_earlier(&self, over: &PassingRelation, case: &Case<'a>) -> bool {
        let server = &over.provider.application;
        let has_any = |of: &Address, is_its: fn(CertificateKind) -> bool| {
            let mut issued = self.records.trail.issued_to(of);
            issued.any(|issued| {
                is_its(issued.record.kind) && case.roots().contains(&issued.record.certificate)
            })
        };
        let given = [Interface::TlsCertificates];
        let given = self.records.facts.relations(server, &given, case.as_of);
        let mut givers = given.iter().map(|relation| &relation.provider.application);
        has_any(server, |kind| kind == CertificateKind::OwnRoot)
            || givers.any(|ca| has_any(ca, |_| true))
    }

    fn bugs_of(&self, of: &EndpointRef, at: Time) -> Option<Bugs> {
        let index = self.records.application(&of.application)?;
        let charm = self.records.charm(index, at);
        Some(charm.endpoint(&of.endpoint)?.bugs)
    }

    fn taking(&self, of: &EndpointRef, at: Time) -> Option<&'a TakingProfile> {
        let index = self.records.application(&of.application)?;
        let charm = self.records.charm(index, at);
        match charm.endpoint(&of.endpoint)?.profile.as_ref() {
            Some(EndpointProfile::TakesCa(profile)) => Some(profile),
            _ => None,
        }
    }
}
