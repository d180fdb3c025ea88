//! A CA on its way over `certificate_transfer`: how far it came, and what the two libraries make of
//! each other.

use super::{RootCause, Transit, TrustSearch, short};
use crate::case::Case;
use trustsim_charm_model::{Apply, EndpointProfile, Reads, Store};
use trustsim_interfaces::certificate_transfer::{Library, VERSION};
use trustsim_kernel::Time;
use trustsim_model::{Address, EndpointRef, Entry, Kind};

impl<'a> TrustSearch<'_, 'a> {
    /// How far a CA came on its way over a relation, and what holds it up there.
    pub(super) fn transit(
        &self,
        provider: &EndpointRef,
        requirer: &EndpointRef,
        signer: &Address,
        case: &Case<'a>,
        since: Time,
    ) -> (Transit, Option<RootCause>) {
        if let Some(other) = self.own_root_instead(signer, case) {
            return (other, None);
        }
        let (judge, at) = (case.judge, case.at);
        let from = provider.application.clone();
        let sent = self
            .records
            .last(&from, since, at, |entry| match &entry.kind {
                Kind::DatabagChanged { relation, .. } => relation.endpoint == provider.endpoint,
                _ => false,
            });
        let Some((_, sent)) = sent else {
            let held = self
                .hindrances()
                .failing_hook(&from, since, at)
                .or_else(|| self.hindrances().is_down(&from, at));
            return (Transit::NotSent { provider: from }, held);
        };
        let takes = Some(&*requirer.endpoint);
        let began = self.records.last(judge, sent.time, at, |entry| {
            matches!(&entry.kind, Kind::HookStarted { hook: name } if name.endpoint() == takes)
        });
        if began.is_none() {
            let held = self
                .hindrances()
                .is_down(&judge.to_application(), at)
                .or_else(|| self.hindrances().failing_hook(judge, since, at))
                .or_else(|| self.hindrances().separated(judge, &[from], at));
            let transit = Transit::NotHeard {
                judge: judge.clone(),
                sent: short(sent.time),
            };
            return (transit, held);
        }
        let done = self.records.last(judge, sent.time, at, |entry| {
            matches!(&entry.kind, Kind::HookCommitted { hook: name } if name.endpoint() == takes)
        });
        let judge = judge.clone();
        let Some((_, entry)) = done else {
            let held = self.hindrances().failing_hook(&judge, sent.time, at);
            return (Transit::HookRunning { judge }, held);
        };
        let transit = self
            .one_of_several(provider, requirer, signer, case)
            .or_else(|| self.versions(provider, requirer, at))
            .or_else(|| self.unversioned(provider, requirer, at))
            .or_else(|| self.not_kept(requirer, signer, case))
            .unwrap_or_else(|| Transit::NotRead {
                judge,
                taken: short(entry.time),
            });
        (transit, None)
    }

    /// What came is the CA of the provider's own server, and not the one with which it signs, or the other way round.
    fn own_root_instead(&self, signer: &Address, case: &Case<'a>) -> Option<Transit> {
        let own = self.records.trail.issued_to(signer);
        let mut own = own.filter(|issued| issued.record.kind.is_root());
        let trusted = case.roots();
        let other = own.find(|issued| {
            !case.could_sign(issued.record) && trusted.contains(&issued.record.certificate)
        })?;
        Some(Transit::OtherCa {
            provider: signer.clone(),
            judge: case.judge.clone(),
            came: other.record.certificate.clone(),
        })
    }

    /// The two sides speak different versions of `certificate_transfer`.
    fn versions(
        &self,
        provider: &EndpointRef,
        requirer: &EndpointRef,
        at: Time,
    ) -> Option<Transit> {
        let (gives, takes) = (
            self.records.spoken_by(provider, at)?,
            self.records.spoken_by(requirer, at)?,
        );
        if is_old(takes) && !is_old(gives) {
            return self.reads_raw(requirer, at).then(|| Transit::RawDatabag {
                provider: provider.clone(),
                requirer: requirer.clone(),
            });
        }
        (is_old(gives) && !is_old(takes)).then(|| Transit::VersionsDiffer {
            provider: provider.clone(),
            requirer: requirer.clone(),
            versions: [0, 1],
        })
    }

    fn reads_raw(&self, requirer: &EndpointRef, at: Time) -> bool {
        let charm = self
            .records
            .application(&requirer.application)
            .map(|index| self.records.charm(index, at));
        let endpoint = charm.and_then(|charm| charm.endpoint(&requirer.endpoint));
        matches!(
            endpoint.and_then(|endpoint| endpoint.profile.as_ref()),
            Some(EndpointProfile::ReceivesCa(profile)) if profile.reads == Reads::Raw
        )
    }

    /// The requirer wrote the CA where its process does not see it, by how its charm is.
    pub(super) fn not_kept(
        &self,
        requirer: &EndpointRef,
        signer: &Address,
        case: &Case<'a>,
    ) -> Option<Transit> {
        let index = self.records.application(&requirer.application)?;
        let charm = self.records.charm(index, case.at);
        let profile = match charm.endpoint(&requirer.endpoint)?.profile.as_ref() {
            Some(EndpointProfile::ReceivesCa(profile)) => Some(profile),
            _ => None,
        };
        let (charm_name, judge) = (charm.name.clone(), case.judge.clone());
        let one_file = charm.implementation.overwrites_received_cas
            || profile.is_some_and(|profile| profile.store == Store::Last);
        let others = self.records.trail.issued_to(signer);
        let mut others = others.filter(|issued| case.could_sign(issued.record));
        let trusted = case.roots();
        if one_file
            && let Some(left) = others.find(|issued| trusted.contains(&issued.record.certificate))
        {
            return Some(Transit::OneFile {
                charm: charm_name,
                judge,
                left: short(left.entry.time),
            });
        }
        (profile?.apply == Apply::None).then_some(Transit::ReadAtStart {
            charm: charm_name,
            judge,
        })
    }

    /// The judge has its own certificate of the CA already, which came beside it, and its process goes on with the CAs that it
    /// read when it started.
    pub(super) fn unread_beside_certificate(
        &self,
        requirer: &EndpointRef,
        case: &Case<'a>,
    ) -> Option<Transit> {
        let index = self.records.application(&requirer.application)?;
        let charm = self.records.charm(index, case.at);
        let endpoint = charm.endpoint(&requirer.endpoint)?;
        let Some(EndpointProfile::Certificates(profile)) = &endpoint.profile else {
            return None;
        };
        let wanted = &case.wanted_issuer()?.certificate;
        let is_of_it = |entry: &Entry| match &entry.kind {
            Kind::CertificateServed {
                endpoint,
                certificate: Some(certificate),
            } if *endpoint == requirer.endpoint => certificate.verify_issued_by(wanted),
            _ => false,
        };
        let start = self.records.deployment.start;
        let trail = &self.records.trail;
        trail.last_fact_about(case.judge, start, case.at, is_of_it)?;
        let apply = profile.apply_ca.unwrap_or(profile.apply);
        (apply == Apply::None).then(|| Transit::ReadAtStart {
            charm: charm.name.clone(),
            judge: case.judge.clone(),
        })
    }

    /// A provider that speaks version 1 keeps one field for peers of version 0, and writes
    /// `list(set)[0]` of its add-only set there (canonical/charmlibs interfaces/certificate_transfer
    /// `_set_relation_data`).
    pub(super) fn one_of_several(
        &self,
        provider: &EndpointRef,
        requirer: &EndpointRef,
        signer: &Address,
        case: &Case<'a>,
    ) -> Option<Transit> {
        let (gives, takes) = (
            self.records.spoken_by(provider, case.at)?,
            self.records.spoken_by(requirer, case.at)?,
        );
        if is_old(gives) || !is_old(takes) {
            return None;
        }
        let all = self.records.trail.issued_to(signer);
        let known = all
            .filter(|issued| issued.entry.time <= case.at && case.could_sign(issued.record))
            .map(|issued| &issued.record.certificate);
        let known: Vec<_> = known.collect();
        let trusted = case.trusted?;
        let other = known.iter().find(|ca| trusted.contains(ca))?;
        Some(Transit::OneOfSeveral {
            provider: provider.clone(),
            requirer: requirer.clone(),
            count: known.len(),
            picked: short(other.not_before()),
        })
    }

    /// Both sides know version 1, and neither has written so: only the requirer's leader does, in
    /// relation-created (canonical/certificate-transfer-interface f79a9f4 v1).
    fn unversioned(
        &self,
        provider: &EndpointRef,
        requirer: &EndpointRef,
        at: Time,
    ) -> Option<Transit> {
        let (gives, takes) = (
            self.records.spoken_by(provider, at)?,
            self.records.spoken_by(requirer, at)?,
        );
        if is_old(gives) || is_old(takes) {
            return None;
        }
        let trail = &self.records.trail;
        let written =
            trail.last_databag_change(&requirer.application, at, |entry| match &entry.kind {
                Kind::DatabagChanged { relation, keys } => {
                    relation.endpoint == requirer.endpoint
                        && keys.iter().any(|key| **key == *VERSION)
                }
                _ => false,
            });
        written.is_none().then(|| Transit::VersionUnwritten {
            provider: provider.application.clone(),
            requirer: requirer.application.clone(),
            endpoint: requirer.endpoint.to_string(),
        })
    }
}

const fn is_old(library: Library) -> bool {
    matches!(library, Library::V0Patch11)
}
