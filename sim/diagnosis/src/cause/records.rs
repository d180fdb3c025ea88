//! What a journal and its deployment say, asked for by who and when: requests, certificates and providers of a
//! unit, and the actions of the plan that are in force. Knows no cause: [`super::Search`] asks it.

use super::faults;
use super::{Fault, FaultAction, Issued, NotRequestedReason, Performed, Trail, short};
use crate::ca_route::ProtocolMismatches;
use crate::case::Case;
use crate::facts::{Facts, RelationFact};
use crate::notes;
use trustsim_charm_model::surface::DEFAULT_CERTIFICATE;
use trustsim_charm_model::{
    CertificatesProfile, CharmMetadata, EndpointProfile, KeyUse, Mode, Protocol, Role, Serves,
};
use trustsim_interfaces::Interface;
use trustsim_interfaces::certificate_transfer::Library;
use trustsim_kernel::Time;
use trustsim_model::{
    Action, Address, ApplicationIndex, CertificateRecord, Deployment, EndpointRef, Entry, Kind,
    OperatorIndex, OperatorSpec, ScaleAction, Seq, TimedAction,
};

/// A journal, indexed, with the deployment that was played.
#[derive(Clone, Copy)]
pub(crate) struct Records<'e, 'a> {
    pub(crate) deployment: &'a Deployment,
    pub(crate) facts: &'e Facts<'a>,
    pub(crate) trail: &'e Trail<'a>,
    pub(crate) mismatches: &'e ProtocolMismatches,
}

/// A request that was sent.
#[derive(Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) seq: Seq,
    pub(crate) at: Time,
}

/// A clock that is off, in nanoseconds, and the action that set it so.
#[derive(Clone, Copy)]
pub(crate) struct Skew<'a> {
    pub(crate) skew_ns: i64,
    pub(crate) by: &'a TimedAction,
}

impl<'a> Records<'_, 'a> {
    /// The action that an entry is.
    pub(crate) fn performed(&self, seq: Seq) -> Option<Performed> {
        match &self.trail.entry(seq)?.kind {
            Kind::Action(record) => Some(Performed::new(record, self.deployment)),
            _ => None,
        }
    }

    /// The action nearest to an entry, of those that led to it: one of the scenario's, or, where there was none, what an
    /// operator did who was waited for.
    pub(crate) fn action_behind(&self, seq: Seq) -> Option<(Seq, Performed)> {
        let mut all = self.trail.actions_behind(seq);
        let planned = all.find(|action| self.timed(*action).is_some());
        let action = planned.or_else(|| self.trail.actions_behind(seq).next())?;
        Some((action, self.performed(action)?))
    }

    /// The action of the scenario nearest to an entry, of those that led to it.
    pub(crate) fn planned_behind(&self, seq: Seq) -> Option<(Seq, Performed)> {
        let behind = self.action_behind(seq);
        behind.filter(|(seq, _)| self.timed(*seq).is_some())
    }

    /// The refreshes of an application that Juju did not refuse, up to an instant, in order.
    fn refreshes(&self, index: ApplicationIndex, at: Time) -> Vec<(Seq, &'a Entry)> {
        let is_it = |entry: &Entry| match &entry.kind {
            Kind::Action(record) => match record.action() {
                Action::Scale(ScaleAction::Refresh { application, .. }) => *application == index,
                _ => false,
            },
            _ => false,
        };
        let actions = self.trail.actions();
        let done = actions.filter(|(seq, entry)| {
            entry.time <= at && is_it(entry) && !self.trail.is_refused(*seq)
        });
        done.collect()
    }

    /// The last refresh of an application up to an instant.
    pub(crate) fn refreshed(&self, application: &Address, at: Time) -> Option<(Seq, Performed)> {
        let index = self.application(application)?;
        let (seq, _) = self.refreshes(index, at).pop()?;
        Some((seq, self.performed(seq)?))
    }

    /// The refresh that brought a charm of which this holds, since when it has held up to an instant; `None` where it held
    /// from the start.
    pub(crate) fn refreshed_into(
        &self,
        application: &Address,
        at: Time,
        is_it: impl Fn(&CharmMetadata) -> bool,
    ) -> Option<Performed> {
        let index = self.application(application)?;
        let mut held = is_it(self.charm(index, self.deployment.start));
        let mut brought = None;
        for (seq, entry) in self.refreshes(index, at) {
            let holds = is_it(self.charm(index, entry.time));
            if holds != held {
                brought = holds.then_some(seq);
            }
            held = holds;
        }
        self.performed(brought?)
    }

    /// The latest action still in force that does this to an application.
    pub(super) fn strike_on(
        &self,
        application: ApplicationIndex,
        at: Time,
        is_it: impl Fn(faults::Strike) -> bool,
    ) -> Option<&'a TimedAction> {
        let open = faults::in_force(self.deployment, at);
        let strikes = |timed: &&&TimedAction| {
            faults::strikes(self.deployment, &timed.action, application).is_some_and(&is_it)
        };
        open.iter().rev().find(strikes).copied()
    }

    pub(crate) fn fault(&self, timed: &TimedAction) -> Fault {
        let what = match &timed.action {
            Action::AcmeServer { .. } => FaultAction::AcmeServerUnreachable,
            action => FaultAction::Command(action.to_command(self.deployment)),
        };
        Fault {
            since: short(self.deployment.start + timed.at),
            what,
            source: timed.source.clone(),
        }
    }

    /// The entry of an action of the plan.
    pub(crate) fn seq_of(&self, timed: &TimedAction) -> Option<Seq> {
        let mut actions = self.trail.actions();
        let is_it = |entry: &Entry| match &entry.kind {
            Kind::Action(record) => record.planned && *record.timed == *timed,
            _ => false,
        };
        actions.find(|(_, entry)| is_it(entry)).map(|(seq, _)| seq)
    }

    /// Index of an application, or of that of a unit.
    pub(crate) fn application(&self, address: &Address) -> Option<ApplicationIndex> {
        self.deployment.application_at(address)
    }

    /// Who looks after an application.
    pub(crate) fn operator(
        &self,
        application: ApplicationIndex,
    ) -> Option<(OperatorIndex, &'a OperatorSpec)> {
        let mut operators = self.deployment.operators.iter_enumerated();
        operators.find(|(_, operator)| operator.answers.contains(&application))
    }

    /// How far the clock of a unit or an application is off at `at`, and by what.
    pub(crate) fn skew(&self, who: &Address, at: Time) -> Option<Skew<'a>> {
        let application = self.application(who)?;
        let is_off = |strike| matches!(strike, faults::Strike::Clock(_));
        let timed = self.strike_on(application, at, is_off)?;
        match faults::strikes(self.deployment, &timed.action, application)? {
            faults::Strike::Clock(skew_ns) => Some(Skew { skew_ns, by: timed }),
            _ => None,
        }
    }

    /// The action of the plan that the entry at `seq` records.
    pub(crate) fn timed(&self, seq: Seq) -> Option<&'a TimedAction> {
        match &self.trail.entry(seq)?.kind {
            Kind::Action(record) if record.planned => Some(&record.timed),
            _ => None,
        }
    }

    /// Whether a workload ever presented a certificate that its charm gave it.
    pub(crate) fn has_served(&self, who: &Address, at: Time) -> bool {
        let is_it = |entry: &Entry| notes::presents(entry) == Some(true);
        let start = self.deployment.start;
        self.last(who, start, at, is_it).is_some()
    }

    /// Whether a workload presents a certificate that its charm gave it.
    pub(crate) fn presents_something(&self, who: &Address, at: Time) -> bool {
        let is_told = |entry: &Entry| notes::presents(entry).is_some();
        let last = self.last(who, self.deployment.start, at, is_told);
        last.is_some_and(|(_, entry)| notes::presents(entry) == Some(true))
    }

    /// Whether a workload presents the certificate that it makes for itself, since it has no other.
    pub(crate) fn presents_default(&self, case: &Case<'_>) -> bool {
        let is_it = |entry: &Entry| match &entry.kind {
            Kind::CertificateServed {
                endpoint,
                certificate: Some(certificate),
            } => **endpoint == *DEFAULT_CERTIFICATE && certificate.serial() == case.serial,
            _ => false,
        };
        let since = self.deployment.start;
        self.last(case.presenter, since, case.at, is_it).is_some()
    }

    /// Who is asked for a certificate in place of this one: the provider that gave it, where the relation is
    /// still there, else everybody who gives its holder certificates.
    pub(crate) fn asked_of(&self, record: &CertificateRecord, at: Time) -> Vec<Address> {
        let all = self.providers(&record.holder(), at);
        match self.giver_of(record).filter(|giver| all.contains(giver)) {
            Some(giver) => vec![giver],
            None => all,
        }
    }

    /// Whether an application gives certificates over the legacy protocol: what it holds itself, its clients share.
    pub(crate) fn issues_by_legacy_protocol(&self, provider: &Address, at: Time) -> bool {
        let application = self.application(provider);
        let charm = application.map(|index| self.charm(index, at));
        let mut endpoints = charm.into_iter().flat_map(|charm| &charm.endpoints);
        endpoints.any(|endpoint| {
            endpoint.role == Role::Provider
                && Interface::TlsCertificates.is(&endpoint.interface)
                && endpoint.protocol == Protocol::Legacy
        })
    }

    /// Why a charm never asks again, by its profile.
    pub(crate) fn never_asks_again(
        &self,
        requirer: &Address,
        at: Time,
    ) -> Option<NotRequestedReason> {
        let charm = self.charm(self.application(requirer)?, at);
        let mut profiles = charm
            .endpoints
            .iter()
            .filter_map(|each| each.profile.as_ref());
        profiles.find_map(|profile| match profile {
            EndpointProfile::LegacyCertificates(_) => Some(NotRequestedReason::LegacyIssuesOnce),
            EndpointProfile::Certificates(profile)
                if !profile.renews_on.expiring && !profile.renews_on.expired =>
            {
                Some(NotRequestedReason::ExpiryEventNotObserved(
                    charm.name.clone(),
                ))
            }
            EndpointProfile::Certificates(profile)
                if !profile.unique_requests && profile.key == KeyUse::Kept =>
            {
                Some(NotRequestedReason::SameRequest)
            }
            _ => None,
        })
    }

    /// The newest certificate that was issued to any of these, for this name where one is given.
    pub(crate) fn newest(
        &self,
        holders: &[&str],
        name: Option<&str>,
        since: Time,
        until: Time,
    ) -> Option<Issued<'a>> {
        let all = holders
            .iter()
            .flat_map(|holder| self.trail.issued_to(holder));
        let mut fits = all.filter(|Issued { entry, record, .. }| {
            let is_named = name.is_none() || record.certificate.subject_common_name() == name;
            entry.time >= since && entry.time <= until && is_named && !record.kind.is_root()
        });
        fits.next_back()
    }

    /// Requests of a unit or an application, for this name where one is given. What an application asks for as one is
    /// asked for each of its units.
    pub(crate) fn requests(
        &self,
        of: &Address,
        name: Option<&str>,
        since: Time,
        until: Time,
    ) -> Vec<Sent> {
        let asked_by = |who: &Address| -> Vec<Sent> {
            let asked = self.trail.about_if(who, since, until, |entry| {
                notes::requested(entry).is_some_and(|asked| name.is_none_or(|name| asked == name))
            });
            let sent = |(seq, entry): (Seq, &Entry)| Sent {
                seq,
                at: entry.time,
            };
            asked.into_iter().map(sent).collect()
        };
        let own = asked_by(of);
        match own.is_empty() && self.profiles(of, until).any(|each| each.mode != Mode::Unit) {
            true => asked_by(&of.to_application()),
            false => own,
        }
    }

    /// The action that led to a certificate, where something was done.
    pub(crate) fn issued_after(&self, wanted: &CertificateRecord) -> Option<Performed> {
        let found = self.trail.issue_of(wanted)?;
        let (_, action) = self.action_behind(found.seq)?;
        Some(action)
    }

    pub(crate) fn issued_at(&self, wanted: &CertificateRecord) -> Time {
        let found = self.trail.issue_of(wanted);
        found.map_or(wanted.certificate.not_before(), |issued| issued.entry.time)
    }

    /// The applications that give `requirer`, or its application, certificates at `at`.
    pub(crate) fn providers(&self, requirer: &Address, at: Time) -> Vec<Address> {
        let mut found: Vec<Address> = Vec::new();
        let relations = self.serving_relations(requirer, at).into_iter();
        for fact in relations.filter(|fact| fact.there) {
            let provider = fact.provider.application;
            if !found.contains(&provider) {
                found.push(provider);
            }
        }
        found
    }

    /// Every relation there ever was up to an instant that brings an application certificates which its workload serves.
    pub(crate) fn serving_relations(&self, requirer: &Address, at: Time) -> Vec<RelationFact> {
        let own = requirer.to_application();
        let last = self.trail.last_before(at);
        let interfaces = [Interface::TlsCertificates];
        let mut relations = self.facts.relations(&own, &interfaces, last);
        relations.retain(|relation| {
            self.serves_of(&own, &relation.requirer.endpoint, at) != Some(Serves::Nothing)
        });
        relations
    }

    /// What an endpoint of an application serves of what it is given; `None` where that is not told.
    fn serves_of(&self, application: &Address, endpoint: &str, at: Time) -> Option<Serves> {
        let charm = self.charm(self.application(application)?, at);
        match &charm.endpoint(endpoint)?.profile {
            Some(EndpointProfile::Certificates(profile)) => Some(profile.serves),
            _ => None,
        }
    }

    /// The charm that an application has at an instant.
    pub(crate) fn charm(&self, application: ApplicationIndex, at: Time) -> &'a CharmMetadata {
        self.facts.charm(self.deployment, application, at)
    }

    /// How a unit's charm uses its certificates at an instant.
    pub(crate) fn profiles(
        &self,
        who: &Address,
        at: Time,
    ) -> impl Iterator<Item = &'a CertificatesProfile> {
        let application = self.application(who);
        let charm = application.map(|index| self.charm(index, at));
        charm.into_iter().flat_map(profiles_of)
    }

    /// The application whose CA signed a certificate for its holder; `None` for one outside Juju.
    pub(crate) fn giver_of(&self, record: &CertificateRecord) -> Option<Address> {
        let found = self.trail.issue_of(record)?;
        Some(found.entry.subject.address()?.to_application())
    }

    pub(crate) fn last(
        &self,
        address: &Address,
        since: Time,
        at: Time,
        is_it: impl Fn(&Entry) -> bool,
    ) -> Option<(Seq, &'a Entry)> {
        self.trail.last_about(address, since, at, is_it)
    }

    /// The entry since which a thing that was there is not there, up to an instant. `has` says of an entry whether it is
    /// there from then on.
    pub(crate) fn gone(
        &self,
        who: &Address,
        at: Time,
        has: impl Fn(&Entry) -> Option<bool>,
    ) -> Option<(Seq, &'a Entry)> {
        let is_there = |entry: &Entry| has(entry) == Some(true);
        let (had, entry) = self.last(who, self.deployment.start, at, is_there)?;
        let is_gone = |entry: &Entry| has(entry) == Some(false);
        let gone = self.trail.about_if(who, entry.time, at, is_gone);
        gone.into_iter().find(|(seq, _)| *seq > had)
    }

    /// Which library an endpoint speaks.
    pub(crate) fn spoken_by(&self, of: &EndpointRef, at: Time) -> Option<Library> {
        let index = self.application(&of.application)?;
        let charm = self.charm(index, at);
        Some(charm.played_transfer_library(&of.endpoint))
    }
}

/// How a charm uses its certificates, at each of its endpoints for them.
pub(super) fn profiles_of(charm: &CharmMetadata) -> impl Iterator<Item = &CertificatesProfile> {
    let endpoints = charm.endpoints.iter();
    endpoints.filter_map(|endpoint| match &endpoint.profile {
        Some(
            EndpointProfile::Certificates(profile) | EndpointProfile::LegacyCertificates(profile),
        ) => Some(profile),
        _ => None,
    })
}
