//! A certificate that expired, or never was there: was another one asked for, was it answered, was
//! the answer loaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::faults::{self, Strike};
use super::holdup::Unanswered;
use super::kinds::{CertificateCause, FaultCause, NotLoadedReason};
use super::{
    Cause, CertificateSearch, ClockEffect, Event, Issued, NeverAsked, NotRequestedReason,
    PENDING_MAX, Performed, RootCause, Sent, Separation, Status, short,
};
use crate::case::Case;
use crate::facts::RelationFact;
use crate::notes;
use trustsim_charm_model::surface::DEFAULT_CERTIFICATE;
use trustsim_charm_model::{Apply, EndpointProfile, Mode, Role, Serves};
use trustsim_interfaces::Interface;
use trustsim_juju::{HookName, RelationEvent};
use trustsim_kernel::Time;
use trustsim_model::{Address, ApplicationIndex, CertificateRecord, Entry, Kind, ModelKind, Seq};

impl<'a> CertificateSearch<'_, 'a> {
    /// A certificate of the chain, or a trusted root, has expired.
    pub(super) fn expired(&self, case: &Case<'a>) -> Option<RootCause> {
        let chain = case.leaf.into_iter().chain(case.issuers.iter().copied());
        let mut over = chain.filter(|record| record.certificate.not_after() <= case.at);
        // What a charm signs with a CA of its own lives as long as that, and nothing is asked for it.
        let culprit = match case.is_of_own_root() {
            true => over.next_back(),
            false => over.next(),
        };
        let Some(culprit) = culprit else {
            return self
                .hindrances()
                .clock(case, true)
                .or_else(|| self.trusted_root_expired(case));
        };
        let end = culprit.certificate.not_after();
        let cause = match (self.signed_in_the_past(culprit, case), culprit.kind) {
            (Some(cause), _) => cause,
            (None, kind) if kind.is_root() => self.expired_root(culprit, case),
            (None, _) => self.not_renewed(culprit, case.presenter, case.at),
        };
        Some(cause.after(end, Event::Expired(culprit.certificate.clone())))
    }

    /// A root that the judging side trusts has expired, and nothing that was presented has.
    fn trusted_root_expired(&self, case: &Case<'a>) -> Option<RootCause> {
        let mut trusted = case.roots().iter();
        let root = trusted.find(|root| root.not_after() <= case.at)?;
        let judge = case.judge;
        let clients = &self.records.deployment.clients;
        let what = CertificateCause::TrustedRootExpired {
            judge: judge.clone(),
            is_client: clients.iter().any(|client| *judge == *client.name),
            root: root.clone(),
        };
        Some(RootCause::new(what, None))
    }

    pub(super) fn not_valid_yet(&self, case: &Case<'a>) -> Option<RootCause> {
        self.hindrances().clock(case, false)
    }

    /// A side has nothing to present.
    pub(super) fn without_certificate(&self, case: &Case<'a>) -> Option<RootCause> {
        let who = case.presenter;
        if let Some(cause) = self.protocol_mismatch(who) {
            return Some(cause);
        }
        if let Some(gone) = self.relation_of_another_certificate_gone(who, case.at) {
            return Some(gone);
        }
        let Some(coordinator) = self.coordinator_of(who, case.at) else {
            return Some(self.has_none(who, case.at));
        };
        Some(
            match self.records.presents_something(&coordinator, case.at) {
                // What comes to it is handed on.
                false => self.has_none(&coordinator, case.at).pending(true),
                true => {
                    let what = CertificateCause::NotHanded {
                        holder: who.clone(),
                        coordinator: coordinator.to_application(),
                    };
                    RootCause::new(what, None).pending(true)
                }
            },
        )
    }

    /// Why a unit that gets its certificates over a relation of its own has none.
    fn has_none(&self, who: &Address, at: Time) -> RootCause {
        let start = self.records.deployment.start;
        let requests = self.records.requests(who, None, start, at);
        let Some(last) = requests.last() else {
            return self.not_asked(who, None, at);
        };
        let issued = self
            .records
            .newest(&[who, who.application()], None, last.at, at);
        match issued {
            Some(issued) => self.not_loaded(who, issued, at),
            None => self.unanswered(who, *last, at),
        }
    }

    /// The first unit of the coordinator that hands this worker its certificate, where their relation is there. Its units ask
    /// alike, so that what holds the first one up holds up all; one alone that is in error is not told apart.
    fn coordinator_of(&self, worker: &Address, at: Time) -> Option<Address> {
        let deployment = self.records.deployment;
        let own = self.records.application(worker)?;
        let mut endpoints = self.records.charm(own, at).endpoints.iter();
        let handed = endpoints.find(|endpoint| endpoint.brings_certificate())?;
        let is_its = |entry: &Entry| matches!(&entry.kind, Kind::HookStarted { hook } if hook.endpoint() == Some(&handed.name));
        let (_, last) = self.records.last(worker, deployment.start, at, is_its)?;
        if matches!(
            &last.kind,
            Kind::HookStarted {
                hook: HookName::Relation {
                    event: RelationEvent::Broken,
                    ..
                }
            }
        ) {
            return None;
        }
        let mut relations = deployment.relations.iter();
        let coordinator = relations.find_map(|relation| {
            let [gives, takes] = relation.sides.each_ref();
            let is_it = deployment.application_of(takes.party) == Some(own)
                && *takes.endpoint == *handed.name;
            is_it.then(|| deployment.application_of(gives.party))?
        })?;
        deployment.application_address(coordinator).unit(0)
    }

    /// Why a unit that asks for certificates has never been given one.
    pub(super) fn never_given(&self, who: &Address, at: Time) -> Option<RootCause> {
        let start = self.records.deployment.start;
        let Some(last) = self.records.requests(who, None, start, at).last().copied() else {
            return Some(self.not_asked(who, None, at));
        };
        let whose = [who.as_str(), who.application()];
        match self.records.newest(&whose, None, start, at) {
            Some(_) if self.records.has_served(who, at) => None,
            Some(issued) => Some(self.not_loaded(who, issued, at)),
            None => Some(self.unanswered(who, last, at)),
        }
    }

    /// A leaf or an intermediate of `culprit`'s holder has expired, and nothing took its place.
    fn not_renewed(&self, culprit: &'a CertificateRecord, who: &Address, at: Time) -> RootCause {
        let holder = culprit.holder();
        // What an application holds is presented by any of its units.
        let presenter = match holder == *who.application() {
            true => who,
            false => &holder,
        };
        let name = culprit.certificate.subject_common_name();
        let end = culprit.certificate.not_after();
        let born = self.records.issued_at(culprit);
        let newer = self.records.newest(&[&holder], name, after(born), at);
        let requests = self.records.requests(&holder, name, after(born), at);
        let Some(first) = requests
            .iter()
            .find(|sent| newer.is_none_or(|newer| sent.at > newer.entry.time))
        else {
            return match newer {
                Some(newer) => self.not_loaded(presenter, newer, at),
                None => self.not_asked(&holder, Some(culprit), end.min(at)),
            };
        };
        self.unanswered_by(self.records.asked_of(culprit, at), &holder, *first, at)
    }

    /// A root has expired: its owner has made another one, or has not.
    fn expired_root(&self, culprit: &'a CertificateRecord, case: &Case<'a>) -> RootCause {
        let owner = culprit.holder();
        let born = self.records.issued_at(culprit);
        let mut issued = self.records.trail.issued_to(&owner);
        let newer = issued.find(|Issued { entry, record, .. }| {
            record.kind == culprit.kind && entry.time > born && entry.time <= case.at
        });
        let end = short(culprit.certificate.not_after());
        match newer {
            Some(Issued { seq, entry, .. }) => {
                let what = CertificateCause::ReplacedRootStillUsed {
                    presenter: case.presenter.clone(),
                    owner,
                    ended: end,
                    next: short(entry.time),
                };
                RootCause::new(what, Some(seq))
            }
            None => RootCause::new(CertificateCause::RootNotRenewed { owner, ended: end }, None),
        }
    }

    /// No certificate was asked for.
    fn not_asked(&self, holder: &Address, leaf: Option<&CertificateRecord>, at: Time) -> RootCause {
        let requirer = &holder.to_application();
        if leaf.is_some() && self.records.issues_by_legacy_protocol(requirer, at) {
            let (holder, why) = (holder.clone(), NotRequestedReason::SharedOnce);
            return RootCause::new(CertificateCause::NeverRequested { holder, why }, None);
        }
        if self.records.providers(requirer, at).is_empty() {
            return self.without_provider(holder, at);
        }
        let since = leaf.map_or(self.records.deployment.start, |leaf| {
            self.records.issued_at(leaf)
        });
        if let Some(cause) = self.hindrances().failing_hook(holder, since, at) {
            return cause;
        }
        if let Some(mut cause) = self.hindrances().is_down(requirer, at) {
            let mut profiles = self.records.profiles(requirer, at);
            let never_late = profiles.any(|profile| !profile.renews_on.expired);
            let Cause::Fault(FaultCause::Down { instead, .. }) = &mut cause.what else {
                panic!("what is down is found as down: {:?}", cause.what);
            };
            *instead = Some(NeverAsked {
                holder: holder.clone(),
                too_late: never_late && leaf.is_some(),
            });
            return cause;
        }
        let late = |own| {
            self.records
                .strike_on(own, at, |strike| strike == Strike::Late)
        };
        if let Some(timed) = self.records.application(requirer).and_then(late) {
            let what = FaultCause::SecretsLate {
                fault: self.records.fault(timed),
                holder: holder.clone(),
            };
            return RootCause::new(what, self.records.seq_of(timed));
        }
        if leaf.is_none()
            && let Some(cause) = self.hindrances().blocked_unit(requirer, at)
        {
            return cause;
        }
        if let Some(leaf) = leaf
            && let Some(skew) = self.clock_ahead(holder, since, at)
        {
            let effect = ClockEffect::NotRenewed {
                holder: holder.clone(),
                ended: short(leaf.certificate.not_after()),
            };
            return self.hindrances().clock_skew(holder, skew, Some(effect));
        }
        let never_again = leaf.and_then(|_| self.records.never_asks_again(requirer, at));
        if never_again.is_none()
            && let Some(leaf) = leaf
            && let Some((seq, why)) = self.leader_changed(holder, leaf, at)
        {
            let holder = holder.clone();
            let what = CertificateCause::NeverRequested { holder, why };
            return RootCause::new(what, Some(seq));
        }
        let why = match leaf {
            None => NotRequestedReason::NoneEverRequested,
            Some(leaf) => never_again.unwrap_or_else(|| {
                NotRequestedReason::Unknown(short(leaf.certificate.not_after()))
            }),
        };
        let holder = holder.clone();
        RootCause::new(CertificateCause::NeverRequested { holder, why }, None)
    }

    /// The unit that asked for an application's certificate does not lead it any more: the secret that tells of the
    /// certificate's end is that unit's.
    fn leader_changed(
        &self,
        holder: &Address,
        leaf: &CertificateRecord,
        at: Time,
    ) -> Option<(Seq, NotRequestedReason)> {
        if holder.unit_number().is_some() {
            return None;
        }
        let asked = self.records.trail.entry(leaf.request?)?;
        let asked = asked.subject.address()?;
        let since = self.records.issued_at(leaf);
        let mut elected = self
            .records
            .trail
            .facts_about(holder, since, at)
            .into_iter();
        let elected = elected.rfind(|(_, entry)| matches!(entry.kind, Kind::LeaderElected));
        let (seq, entry) = elected?;
        let leader = entry.subject.address()?;
        (leader != asked).then(|| {
            let reason = NotRequestedReason::LeaderChanged {
                ended: short(leaf.certificate.not_after()),
                asked,
                leader,
                since: short(entry.time),
                by: self.records.action_behind(seq).map(|(_, by)| by),
            };
            (seq, reason)
        })
    }

    /// There is no provider to ask.
    fn without_provider(&self, holder: &Address, at: Time) -> RootCause {
        if let Some(gone) = self.certificates_relation_gone(&holder.to_application(), at) {
            return gone;
        }
        let open = faults::in_force(self.records.deployment, at);
        let mut pairs = self
            .records
            .deployment
            .applications
            .keys()
            .filter_map(|provider| {
                let own = self.records.application(holder)?;
                faults::parts(self.records.deployment, &open, [own, provider])
            });
        if let Some(removed) = pairs.next_back() {
            let what = FaultCause::Separated {
                by: Separation::Relation,
                fault: self.records.fault(removed),
            };
            return RootCause::new(what, self.records.seq_of(removed));
        }
        let holder = holder.clone();
        RootCause::new(CertificateCause::NoProvider { holder }, None)
    }

    /// A request was sent, and no certificate came.
    fn unanswered(&self, holder: &Address, request: Sent, at: Time) -> RootCause {
        let gone = self.certificates_relation_gone(&holder.to_application(), at);
        if let Some(gone) = gone {
            return gone;
        }
        let providers = self.records.providers(holder, at);
        self.unanswered_by(providers, holder, request, at)
    }

    fn unanswered_by(
        &self,
        providers: Vec<Address>,
        holder: &Address,
        Sent { seq, at: sent }: Sent,
        at: Time,
    ) -> RootCause {
        let entry = self.records.trail.entry(seq);
        let name = entry.and_then(notes::requested);
        let name = name.expect("a request is noted with its name").to_owned();
        let request = Unanswered {
            holder,
            name: &name,
            sent,
        };
        let cause = self
            .without_parent(&providers, at)
            .or_else(|| self.hindrances().holdup(request, &providers, at))
            .or_else(|| self.unread(&holder.to_application(), &providers, at))
            .unwrap_or_else(|| {
                let what = CertificateCause::NotAnswered {
                    providers: providers.clone(),
                    holder: holder.clone(),
                    name: name.clone(),
                    sent: short(sent),
                };
                RootCause::new(what, Some(seq)).pending(at.since(sent) < PENDING_MAX)
            });
        let request = Event::Requested {
            holder: holder.clone(),
            providers,
            name,
        };
        cause.after(sent, request)
    }

    /// The provider's charm needs a CA above it, and no relation brings one.
    fn without_parent(&self, providers: &[Address], at: Time) -> Option<RootCause> {
        let last = self.records.trail.last_before(at);
        let facts = &self.records.facts;
        providers.iter().find_map(|provider| {
            let index = self.records.application(provider)?;
            let charm = self.records.charm(index, at);
            let endpoint = charm.required_parent()?;
            let above = facts.relations(provider, &[Interface::TlsCertificates], last);
            let has_parent = above
                .iter()
                .any(|fact| fact.there && &*fact.requirer.endpoint == endpoint);
            (!has_parent).then(|| {
                let what = CertificateCause::NoParent {
                    provider: provider.clone(),
                    endpoint: endpoint.to_owned(),
                };
                RootCause::new(what, None)
            })
        })
    }

    /// The provider's library reads the databags of units only, and an application asks.
    fn unread(&self, requirer: &Address, providers: &[Address], at: Time) -> Option<RootCause> {
        let own = self.records.application(requirer)?;
        let charm = |index: ApplicationIndex| self.records.charm(index, at);
        let asks = charm(own)
            .endpoints
            .iter()
            .any(|endpoint| match &endpoint.profile {
                Some(EndpointProfile::Certificates(profile)) => profile.mode != Mode::Unit,
                _ => false,
            });
        let units_only = providers.iter().find(|provider| {
            let index = self.records.application(provider);
            index.is_some_and(|index| {
                let mut endpoints = charm(index).endpoints.iter();
                endpoints.any(|endpoint| {
                    let library = charm(index).certificates_library(&endpoint.name);
                    endpoint.role == Role::Provider
                        && library.is_some_and(|library| !library.has_application_requests())
                })
            })
        })?;
        asks.then(|| {
            let what = CertificateCause::ApplicationRequestUnread {
                provider: units_only.clone(),
                requirer: requirer.clone(),
            };
            RootCause::new(what, None)
        })
    }

    /// A newer certificate was there, and the workload went on with the old one.
    pub(super) fn not_loaded(
        &self,
        who: &Address,
        Issued { seq, entry, record }: Issued<'_>,
        at: Time,
    ) -> RootCause {
        let issued = entry.time;
        let application = &who.to_application();
        let found = self
            .hindrances()
            .failing_hook(who, issued, at)
            .or_else(|| self.lost_certificate(who, at))
            // With nothing to load, what it is busy with keeps nothing from being loaded.
            .or_else(|| {
                let is_shown = self.records.presents_something(who, at);
                self.certificates_relation_gone(application, at)
                    .filter(|_| !is_shown)
            })
            .or_else(|| self.hindrances().is_down(application, at))
            .or_else(|| {
                let providers = self.records.providers(application, at);
                self.hindrances().separated(application, &providers, at)
            });
        let found = found
            .or_else(|| self.not_the_leader(seq, issued))
            .or_else(|| self.between_phases(application, at))
            .or_else(|| self.certificates_relation_gone(application, at))
            .or_else(|| self.taken_away(who, at));
        let found = found
            .or_else(|| self.never_starts(who, at))
            .or_else(|| self.over_when_it_came(record));
        let cause = found.unwrap_or_else(|| {
            let own = self.records.trail.about(who, issued, at);
            let hook_ran = own.iter().any(|(_, entry)| match &entry.kind {
                Kind::HookCommitted { hook } => hook.is_relation_changed(),
                _ => false,
            });
            let what = CertificateCause::NotLoaded {
                after: self.not_loaded_after(who, seq, at),
                holder: who.clone(),
                issued: short(issued),
                serial: record.certificate.serial().to_owned(),
                why: match hook_ran {
                    true => self.unread_by_charm(who, at),
                    false => NotLoadedReason::Unheard,
                },
                says: self.status_at(who, at).filter(Status::is_stuck),
            };
            RootCause::new(what, Some(seq)).pending(at.since(issued) < PENDING_MAX)
        });
        let event = Event::Issued {
            certificate: record.certificate.clone(),
            holder: who.clone(),
        };
        cause.after(issued, event)
    }

    /// Why a certificate of which the charm heard is not served, by how that is.
    fn unread_by_charm(&self, who: &Address, at: Time) -> NotLoadedReason {
        let index = self.records.application(who);
        match index.filter(|_| self.reads_at_start(who, at)) {
            Some(index) => {
                let charm = self.records.charm(index, at);
                NotLoadedReason::ReadAtStart(charm.name.clone())
            }
            None => NotLoadedReason::Unread,
        }
    }

    /// Whether a unit's charm neither restarts nor reloads its workload for a certificate.
    pub(super) fn reads_at_start(&self, who: &Address, at: Time) -> bool {
        let profiles = self.records.profiles(who, at);
        let mut profiles = profiles
            .filter(|profile| profile.serves != Serves::Nothing)
            .peekable();
        profiles.peek().is_some() && profiles.all(|profile| profile.apply == Apply::None)
    }

    /// In a pod the server of a Vault is not planned before its charm has a CA of its own.
    fn never_starts(&self, who: &Address, at: Time) -> Option<RootCause> {
        let deployment = self.records.deployment;
        let index = self.records.application(who)?;
        let api = self.records.charm(index, at).implementation.api?;
        let is_pod =
            deployment.models[deployment.applications[index].model].kind == ModelKind::Kubernetes;
        let is_stuck = is_pod && api.blocks_start_in_pods && !self.records.has_served(who, at);
        is_stuck.then(|| {
            let what = CertificateCause::NeverStarts {
                holder: who.clone(),
                endpoint: api.endpoint,
            };
            RootCause::new(what, None)
        })
    }

    /// The refresh since which no certificate was loaded, else why the one that is not loaded was issued.
    fn not_loaded_after(&self, who: &Address, issued: Seq, at: Time) -> Option<Performed> {
        let start = self.records.deployment.start;
        let loads = |entry: &Entry| matches!(&entry.kind, Kind::CertificateServed { certificate, .. } if certificate.is_some());
        let loaded = self.records.last(who, start, at, loads);
        match self.records.refreshed(&who.to_application(), at) {
            Some((refreshed, performed)) if loaded.is_some_and(|(seq, _)| seq < refreshed) => {
                Some(performed)
            }
            _ => self
                .records
                .planned_behind(issued)
                .map(|(_, action)| action),
        }
    }

    /// What a unit said of itself last.
    fn status_at(&self, unit: &Address, at: Time) -> Option<Status> {
        let start = self.records.deployment.start;
        let is_status = |entry: &Entry| notes::status(entry).is_some();
        let (_, entry) = self.records.last(unit, start, at, is_status)?;
        notes::status(entry)
    }

    /// A unit signed that does not lead: what it writes goes nowhere.
    fn not_the_leader(&self, seq: Seq, issued: Time) -> Option<RootCause> {
        let entry = self.records.trail.entry(seq)?;
        let signer = entry.subject.address()?;
        let provider = signer.to_application();
        let start = self.records.deployment.start;
        let is_elected = |entry: &Entry| matches!(entry.kind, Kind::LeaderElected);
        let (_, leader) = self.records.last(&provider, start, issued, is_elected)?;
        let leader = leader.subject.address()?;
        // Who was told to hand it on: the unit on which an action was run for it.
        let minute = issued + trustsim_kernel::Span::from_secs(60);
        let told = self
            .records
            .trail
            .about(&provider, issued, minute)
            .into_iter();
        let mut told = told.filter_map(|(_, entry)| match &entry.kind {
            Kind::HookStarted { hook } if hook.is_action() => entry.subject.address(),
            _ => None,
        });
        let signer = told.next().unwrap_or(signer);
        (leader != signer).then(|| {
            let what = CertificateCause::NotTheLeader {
                unit: signer,
                provider,
                leader,
            };
            RootCause::new(what, Some(seq))
        })
    }

    /// The last relation that brought `requirer` certificates was removed, and none is there.
    pub(super) fn certificates_relation_gone(
        &self,
        requirer: &Address,
        at: Time,
    ) -> Option<RootCause> {
        let facts = self.records.serving_relations(requirer, at);
        if facts.iter().any(|fact| fact.there) {
            return None;
        }
        let gone = facts.iter().max_by_key(|fact| fact.seq)?;
        self.relation_gone(gone, requirer, at)
    }

    /// A server shows what came over one endpoint, and has nothing any more of another, whose relation was removed.
    fn relation_of_another_certificate_gone(&self, who: &Address, at: Time) -> Option<RootCause> {
        let start = self.records.deployment.start;
        let mut is_shown = BTreeMap::new();
        let is_served = |entry: &Entry| matches!(entry.kind, Kind::CertificateServed { .. });
        for (_, entry) in self.records.trail.about_if(who, start, at, is_served) {
            if let Kind::CertificateServed {
                endpoint,
                certificate,
            } = &entry.kind
                && **endpoint != *DEFAULT_CERTIFICATE
            {
                is_shown.insert(Arc::clone(endpoint), certificate.is_some());
            }
        }
        if !is_shown.values().any(|is_shown| *is_shown) {
            return None;
        }
        let application = who.to_application();
        let facts = self.records.serving_relations(&application, at);
        let is_there = |endpoint: &Arc<str>| {
            let mut there = facts.iter().filter(|fact| fact.there);
            there.any(|fact| fact.requirer.endpoint == *endpoint)
        };
        let withdrawn = facts.iter().filter(|fact| {
            let endpoint = &fact.requirer.endpoint;
            is_shown.get(endpoint) == Some(&false) && !is_there(endpoint)
        });
        let gone = withdrawn.max_by_key(|fact| fact.seq)?;
        self.relation_gone(gone, &application, at)
    }

    /// What removed a relation.
    fn relation_gone(
        &self,
        gone: &RelationFact,
        requirer: &Address,
        at: Time,
    ) -> Option<RootCause> {
        let entry = self.records.trail.entry(gone.seq)?;
        let by = self.records.action_behind(gone.seq).map(|(_, by)| by);
        if by.is_none()
            && let provider = &gone.provider.application
            && let Some(separated) =
                self.hindrances()
                    .separated(requirer, std::slice::from_ref(provider), at)
        {
            return Some(separated);
        }
        let what = CertificateCause::CertificatesRelationRemoved {
            requirer: requirer.clone(),
            provider: gone.provider.application.clone(),
            at: short(entry.time),
            by,
        };
        Some(RootCause::new(what, Some(gone.seq)))
    }

    /// Nothing comes over a relation whose sides speak different protocols.
    fn protocol_mismatch(&self, who: &Address) -> Option<RootCause> {
        let what = CertificateCause::ProtocolMismatch {
            endpoints: self.records.mismatches.of_requirer(who)?,
            holder: who.clone(),
        };
        Some(RootCause::new(what, None))
    }
}

/// The first instant after one.
fn after(time: Time) -> Time {
    time + trustsim_kernel::Span::from_nanos(1)
}
