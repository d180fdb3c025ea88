//! What keeps a charm from doing the right thing: a hook that fails, a version with
//! a known mistake, an option, a provider that only one side has left.

use std::collections::BTreeSet;

use super::{CandidateSearch, DAY, NOTICE};
use crate::change::Change;
use trustsim_charm_model::EndpointProfile;
use trustsim_diagnosis::{
    Apart, CaRoute, Cause, CertificateCause, ChainCause, ClockEffect, Explanation, FaultCause,
    NotGiven, NotLoadedReason, NotRequestedReason, Refusal, Transit, TrustCause,
};
use trustsim_interfaces::Interface;
use trustsim_interfaces::notes::RefusalKind;
use trustsim_kernel::{Span, Time};
use trustsim_world::{Action, Address, ApplicationIndex, HookAction, RelationIndex, Target};

/// How soon every charm knows the address of its machine: the controller asks the cloud every quarter of an hour (juju/juju
/// 3.6 `internal/worker/instancepoller/worker.go`, `LongPoll`), and its units run their hooks then. What is asked for
/// before is asked for the address before.
const ADDRESS_LEARNT: Span = Span::from_secs(3_600);
/// How long after a renewal a process is restarted that does not read its new certificate: the next renewals come minutes
/// later than the one before.
const RENEWED: Span = Span::from_secs(6 * 3_600);
/// So many restarts of one process a person would type.
const RESTARTS_MAX: u32 = 12;
/// How long after an outage has begun for a new CA the charm of the one that judges has it on disk, with its own certificate.
const CA_ON_DISK: Span = Span::from_secs(3_600);
/// Ten years, as Vault writes it.
const LONG_LEASE: &str = "87600h";

impl CandidateSearch<'_> {
    /// What a charm writes to disk and its process does not read is read when that is restarted: once for a CA, and after
    /// each renewal for a certificate.
    pub(super) fn restarted(&self, explanation: &Explanation, failing: Span) -> Option<Change> {
        let holder_of = |who: &Address| self.deployment.application_at(who);
        match explanation.cause.what.innermost() {
            Cause::NotTransferred {
                transit: Transit::ReadAtStart { judge, .. },
                ..
            } => Some(Change::Restart {
                application: holder_of(judge)?,
                at: failing + CA_ON_DISK,
            }),
            Cause::Certificate(CertificateCause::NotLoaded {
                holder,
                issued,
                why: NotLoadedReason::ReadAtStart(_),
                ..
            }) => {
                let application = holder_of(holder)?;
                let at = issued.since(self.manifest.start) + RENEWED;
                let ended = explanation.symptom.leaf.as_ref()?;
                let every = issued.since(ended.not_before());
                // A person types no more than that; of certificates that live for hours none of it.
                let left = self.manifest.duration.checked_sub(at)?;
                let is_typed = every > DAY && left <= every * RESTARTS_MAX;
                is_typed.then_some(Change::RestartEach {
                    application,
                    at,
                    every,
                })
            }
            _ => None,
        }
    }

    /// A hook that fails, a charm with a known mistake, an option, a provider that only one side has
    /// left. `sides` are the applications of the client and the server.
    pub(super) fn in_the_way(
        &self,
        explanation: &Explanation,
        sides: [Option<ApplicationIndex>; 2],
        failing: Span,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        let noticed = self.charm_noticed(explanation, failing);
        let near = self.near(sides);
        let innermost = explanation.cause.what.innermost();
        if matches!(innermost, Cause::HookFailed { .. }) {
            changes.extend(self.failing_hooks(&near, noticed));
            changes.extend(self.resolved(explanation));
        }
        changes.extend(self.options(explanation));
        if let Some(moved) = self.moved(explanation, failing) {
            changes.push(moved);
        }
        if let Cause::WrongName { presenter, .. } = innermost {
            let presenter = self.deployment.application_at(presenter);
            changes.extend(self.asked_again(presenter, noticed + ADDRESS_LEARNT));
        }
        changes
    }

    /// Other versions of the charms of both sides, and of what they are related to.
    pub(super) fn versions(
        &self,
        explanation: &Explanation,
        sides: [Option<ApplicationIndex>; 2],
        failing: Span,
    ) -> Vec<Change> {
        // A refresh starts pods again, which ends this whatever the version does.
        if matches!(
            explanation.cause.what.innermost(),
            Cause::Fault(FaultCause::Down { instead: None, .. })
        ) {
            return Vec::new();
        }
        let noticed = self.charm_noticed(explanation, failing);
        let near = self.near(sides).into_iter();
        near.flat_map(|application| {
            let refresh = |at| Change::Refresh { application, at };
            [Span::ZERO, noticed].map(refresh)
        })
        .collect()
    }

    /// When an operator notices that a charm does not do what it should.
    fn charm_noticed(&self, explanation: &Explanation, failing: Span) -> Span {
        let begun = explanation.cause.steps.iter().map(|step| step.at);
        let seen = begun.max().unwrap_or(self.manifest.start);
        (seen.since(self.manifest.start) + NOTICE).max(failing)
    }

    /// The applications of both sides and whatever is related to them.
    fn near(&self, sides: [Option<ApplicationIndex>; 2]) -> Vec<ApplicationIndex> {
        self.neighbours.near(sides.into_iter().flatten())
    }

    /// Hooks that the plan makes fail every time.
    fn failing_hooks(&self, near: &[ApplicationIndex], at: Span) -> Vec<Change> {
        let actions = self.deployment.actions.iter_enumerated();
        let fails = actions.filter(|(_, timed)| match &timed.action {
            Action::Hook(HookAction::Fail(failing)) => {
                failing.times.is_none() && near.contains(&failing.target.application)
            }
            _ => false,
        });
        fails
            .map(|(action, timed)| match timed.at.is_zero() {
                true => Change::FixHook {
                    action,
                    at: Span::ZERO,
                },
                false => Change::FixHook { action, at },
            })
            .collect()
    }

    /// `juju resolved --no-retry`, soon after the hook has failed first.
    fn resolved(&self, explanation: &Explanation) -> Option<Change> {
        let (unit, since) = failing_hook(&explanation.cause.what)?;
        let target = Target {
            application: self.deployment.application_at(unit)?,
            unit: Some(unit.unit_number().expect("a hook is of a unit")),
        };
        let at = since.since(self.manifest.start) + NOTICE;
        Some(Change::Resolve { target, at })
    }

    /// Options whose values are in the way.
    fn options(&self, explanation: &Explanation) -> Vec<Change> {
        let mut wanted: Vec<(ApplicationIndex, &str, String)> = Vec::new();
        if let Cause::Refused {
            providers,
            holder,
            refusal: Refusal::Request(refused),
            ..
        } = explanation.cause.what.innermost()
        {
            let concerned = providers.iter().chain([holder]);
            let concerned: BTreeSet<ApplicationIndex> = concerned
                .filter_map(|address| self.deployment.application_at(address))
                .collect();
            for index in concerned {
                match refused.kind {
                    RefusalKind::NameNotAllowed => {
                        wanted.push((index, "pki_allow_any_name", "true".to_owned()));
                    }
                    RefusalKind::OutlivesCa => {
                        wanted.push((index, "max_lease_ttl", LONG_LEASE.to_owned()));
                        wanted.extend(self.longer_parent(index));
                    }
                    RefusalKind::Filtered { option, allows } => {
                        wanted.push((index, option, allows.to_owned()));
                    }
                    RefusalKind::Other => {}
                }
            }
        }
        let set = wanted.into_iter();
        set.filter_map(|(index, option, value)| self.set(index, option, value))
            .collect()
    }

    /// Those who sign the CA of `index` give certificates half as long as their own roots live.
    fn longer_parent(
        &self,
        index: ApplicationIndex,
    ) -> Vec<(ApplicationIndex, &'static str, String)> {
        let parents = self.deployment.relations.iter().filter_map(|relation| {
            let [gives, takes] = relation.sides.each_ref();
            let takes = self.deployment.application_of(takes.party)?;
            (takes == index).then(|| self.deployment.application_of(gives.party))?
        });
        let half = |parent: ApplicationIndex| {
            let spec = &self.deployment.applications[parent];
            let root = spec.options.get("root-ca-validity")?;
            // A charm says itself that an option is no duration, and stays blocked.
            let root = trustsim_kernel::parse_duration(root).ok()?;
            let days = root.as_secs() / DAY.as_secs() / 2;
            Some((parent, "certificate-validity", format!("{days}d")))
        };
        parents.filter_map(half).collect()
    }

    /// What came over a relation and is not there any more, or will not come for long, comes again where that is made again.
    pub(super) fn comes_again(
        &self,
        explanation: &Explanation,
        server: Option<ApplicationIndex>,
        failing: Span,
    ) -> Option<Change> {
        let innermost = explanation.cause.what.innermost();
        let comes = matches!(
            innermost,
            Cause::Fault(
                FaultCause::LostWithContainer { .. }
                    | FaultCause::ClockSkew {
                        effect: Some(ClockEffect::NotRenewed { .. }),
                        ..
                    }
            ) | Cause::Chain(ChainCause::KeyDropped { .. })
                | Cause::NotTransferred {
                    transit: Transit::BesideCertificate { .. },
                    ..
                }
                | Cause::Certificate(
                    CertificateCause::TakenAway { .. }
                        | CertificateCause::NeverRequested {
                            why: NotRequestedReason::LeaderChanged { .. },
                            ..
                        }
                )
        );
        let noticed = self.charm_noticed(explanation, failing);
        // The judge has moved on to a new CA, and a certificate of it comes with a new request.
        if matches!(
            innermost,
            Cause::Trust(
                TrustCause::OldCaDropped { .. }
                    | TrustCause::NotGiven {
                        why: NotGiven::HasNew { .. },
                        ..
                    }
            )
        ) {
            return self.asked_again(server, noticed);
        }
        // A restart reads the certificate, and with another relation comes the CA that it is under, too.
        let is_unread = matches!(
            innermost,
            Cause::Certificate(CertificateCause::NotLoaded {
                why: NotLoadedReason::ReadAtStart(_),
                ..
            })
        );
        if is_unread && server.is_some_and(|server| self.keeps_first_ca(server)) {
            return self.asked_again(server, noticed);
        }
        comes.then(|| self.brought_again(explanation, server, noticed))?
    }

    /// Whether an application's charm takes no other CA than its first, for as long as its relation is there.
    fn keeps_first_ca(&self, application: ApplicationIndex) -> bool {
        let charm = &self.deployment.applications[application].charm;
        let mut endpoints = charm.endpoints.iter();
        endpoints.any(|endpoint| {
            matches!(&endpoint.profile,
                Some(EndpointProfile::Certificates(profile)) if profile.keeps_first_ca)
        })
    }

    /// What went with a container, what a hook took away, and what is not asked for any more comes again over a relation that
    /// is made again: the one that brought the CA, or where no certificate is there, the one that brought that.
    fn brought_again(
        &self,
        explanation: &Explanation,
        server: Option<ApplicationIndex>,
        at: Span,
    ) -> Option<Change> {
        let judge = self.deployment.application_at(&explanation.symptom.judge);
        let (whose, wanted) = match &explanation.ca_route {
            Some(CaRoute::Relation { interface, .. }) => (judge, *interface),
            _ => (server, Interface::TlsCertificates),
        };
        let relation = self.relation_of(whose?, wanted)?;
        Some(Change::Again { relation, at })
    }

    /// A certificate without the name that is asked for is issued anew over a relation that is made again, where one was
    /// kept that had been issued for other names: a unit that its provider knows no more asks as a new one does
    /// (charmed-kubernetes/bundle#425).
    fn asked_again(&self, presenter: Option<ApplicationIndex>, at: Span) -> Option<Change> {
        let relation = self.relation_of(presenter?, Interface::TlsCertificates)?;
        Some(Change::Again { relation, at })
    }

    /// Whatever is wrong with a certificate, one that is asked for over a relation that is made again is another: that of
    /// the server, and that of the one that judges, which may bring it the CA.
    pub(super) fn issued_for(
        &self,
        explanation: &Explanation,
        server: Option<ApplicationIndex>,
        failing: Span,
    ) -> Vec<Change> {
        let at = self.charm_noticed(explanation, failing);
        let judge = self.deployment.application_at(&explanation.symptom.judge);
        let judge = judge.filter(|judge| Some(*judge) != server);
        [server, judge]
            .into_iter()
            .filter_map(|holder| self.asked_again(holder, at))
            .collect()
    }

    /// The first relation over which an application takes what an interface brings.
    fn relation_of(&self, requirer: ApplicationIndex, wanted: Interface) -> Option<RelationIndex> {
        self.deployment.relations.position(|relation| {
            let [_, takes] = &relation.sides;
            wanted.is(&relation.interface)
                && self.deployment.application_of(takes.party) == Some(requirer)
        })
    }

    /// One side has another provider than the other: it follows.
    fn moved(&self, explanation: &Explanation, at: Span) -> Option<Change> {
        let (Cause::Trust(TrustCause::NoTransfer { apart, .. })
        | Cause::Trust(TrustCause::TransferRemoved { apart, .. })) = &explanation.cause.what
        else {
            return None;
        };
        let Some(Apart::Applications {
            judge_provider,
            presenter,
            presenter_provider,
            ..
        }) = apart
        else {
            return None;
        };
        let find = |address: &Address| self.deployment.application_at(address);
        Some(Change::Move {
            application: find(presenter)?,
            from: find(presenter_provider)?,
            to: find(judge_provider)?,
            at,
        })
    }
}

/// The unit whose hook is to blame, and since when; not where it only holds up a CA on its way.
pub(super) fn failing_hook(cause: &Cause) -> Option<(&Address, Time)> {
    match cause {
        Cause::HookFailed { unit, since, .. } => Some((unit, *since)),
        Cause::CaNeedsCertificate { because, .. } => failing_hook(because),
        _ => None,
    }
}
