//! A CA on its way over `certificate_transfer`: how far it came, and what the two libraries make of
//! each other.

use super::{Cause, Detective, short};
use crate::case::Case;
use crate::expectations::application_of;
use trustsim_charms::{Apply, EndpointProfile, Reads, Store};
use trustsim_interfaces::certificate_transfer::Library;
use trustsim_kernel::Time;
use trustsim_world::{Entry, Kind, Seq};

impl<'a> Detective<'_, 'a> {
    /// Where a CA is stuck on its way over a relation.
    pub(super) fn why_late(
        &self,
        (provider, requirer): (&str, &str),
        signer: &str,
        case: &Case<'a>,
        since: Time,
    ) -> (String, &'static str, Option<Cause>) {
        let (judge, at) = (case.judge, case.at);
        let (from, gives) = provider.rsplit_once(':').unwrap_or((provider, ""));
        let (_, takes) = requirer.rsplit_once(':').unwrap_or((requirer, ""));
        let from = crate::carrier::side(self.deployment, &format!("{from}:{gives}"));
        let sent = self.last(&from, since, at, |entry| match &entry.kind {
            Kind::DatabagChanged { relation, .. } => *relation.endpoint == *gives,
            _ => false,
        });
        let Some((_, sent)) = sent else {
            let held = self
                .fails(&from, since, at)
                .or_else(|| self.is_down(&from, at));
            return (format!("{from} has not sent it yet"), "not-sent", held);
        };
        let began = self.last(judge, sent.time, at, |entry| {
            matches!(&entry.kind, Kind::HookStarted { hook: name } if name.endpoint() == Some(takes))
        });
        if began.is_none() {
            let whom = application_of(judge);
            let held = self
                .is_down(whom, at)
                .or_else(|| self.fails(judge, since, at))
                .or_else(|| self.cut_off(whom, &[from], at));
            let why = format!(
                "{judge} has not run a hook for what came at {}",
                short(sent.time)
            );
            return (why, "not-heard", held);
        }
        let done = self.last(judge, sent.time, at, |entry| {
            matches!(&entry.kind, Kind::HookCommitted { hook: name } if name.endpoint() == Some(takes))
        });
        if done.is_some() {
            if let Some(random) = self.one_of_several((provider, requirer), signer, case) {
                return (random, "one-at-random", None);
            }
            let differ = self.versions(provider, requirer);
            let differ = differ.or_else(|| self.unversioned(provider, requirer, at));
            if let Some(versions) = differ {
                return (versions, "versions-differ", None);
            }
            if let Some((why, kind)) = self.not_kept(requirer, signer, case) {
                return (why, kind, None);
            }
        }
        match done {
            None => (
                format!("the hook of {judge} that takes it has not ended"),
                "hook-running",
                self.fails(judge, sent.time, at),
            ),
            Some((_, entry)) => (
                format!(
                    "{judge} took it at {}, and its process does not have it: it has not read it \
                     again, or another file took its place",
                    short(entry.time)
                ),
                "not-read",
                None,
            ),
        }
    }

    /// The two sides speak different versions of `certificate_transfer`.
    fn versions(&self, provider: &str, requirer: &str) -> Option<String> {
        let (gives, takes) = (self.spoken_by(provider)?, self.spoken_by(requirer)?);
        if is_old(takes) && !is_old(gives) {
            return self.reads_raw(requirer).then(|| {
                format!(
                    "{requirer} speaks version 0 of certificate_transfer and takes the databag as \
                     it stands: what {provider} writes there, in quotes, is no certificate"
                )
            });
        }
        (is_old(gives) && !is_old(takes)).then(|| {
            let version = |library| if is_old(library) { "0" } else { "1" };
            format!(
                "{provider} speaks version {} of certificate_transfer and {requirer} version {}",
                version(gives),
                version(takes)
            )
        })
    }

    fn reads_raw(&self, requirer: &str) -> bool {
        let side = crate::carrier::side(self.deployment, requirer);
        let (_, name) = requirer.rsplit_once(':').unwrap_or((requirer, ""));
        let charm = self
            .application(&side)
            .map(|index| &self.deployment.applications[index].charm);
        let endpoint = charm.and_then(|charm| charm.endpoint(name));
        matches!(
            endpoint.and_then(|endpoint| endpoint.profile.as_ref()),
            Some(EndpointProfile::ReceivesCa(profile)) if profile.reads == Reads::Raw
        )
    }

    fn last(
        &self,
        whom: &str,
        since: Time,
        at: Time,
        is_it: impl Fn(&Entry) -> bool,
    ) -> Option<(Seq, &'a Entry)> {
        let own = self.trail.about(whom, since, at);
        own.into_iter().rev().find(|(_, entry)| is_it(entry))
    }

    /// The requirer wrote the CA where its process does not see it, by how its charm is.
    pub(super) fn not_kept(
        &self,
        requirer: &str,
        signer: &str,
        case: &Case<'a>,
    ) -> Option<(String, &'static str)> {
        let (_, name) = requirer.rsplit_once(':')?;
        let side = crate::carrier::side(self.deployment, requirer);
        let charm = &self.deployment.applications[self.application(&side)?].charm;
        let profile = match charm.endpoint(name)?.profile.as_ref() {
            Some(EndpointProfile::ReceivesCa(profile)) => Some(profile),
            _ => None,
        };
        let judge = case.judge;
        let one_file = charm.implementation.overwrites_received_cas
            || profile.is_some_and(|profile| profile.store == Store::Last);
        let others = self.trail.issued_to(signer).into_iter();
        let mut others = others.filter(|(_, _, record)| record.certificate.is_ca());
        let trusted = case.trusted.unwrap_or_default();
        if one_file
            && let Some((_, entry, _)) =
                others.find(|(_, _, record)| trusted.contains(&record.certificate))
        {
            let line = format!(
                "charm {} writes every CA of a relation to one file, and {judge} is left with \
                 that of {}",
                charm.name,
                short(entry.time)
            );
            return Some((line, "written-over"));
        }
        (profile?.apply == Apply::None).then(|| {
            let line = format!(
                "charm {} does not restart its process for a CA, and that of {judge} has not read \
                 it again",
                charm.name
            );
            (line, "read-at-start")
        })
    }

    /// A provider that speaks version 1 keeps one field for peers of version 0, and writes
    /// `list(set)[0]` of its add-only set there (canonical/charmlibs interfaces/certificate_transfer
    /// `_set_relation_data`).
    fn one_of_several(
        &self,
        (provider, requirer): (&str, &str),
        signer: &str,
        case: &Case<'a>,
    ) -> Option<String> {
        let (gives, takes) = (self.spoken_by(provider)?, self.spoken_by(requirer)?);
        if is_old(gives) || !is_old(takes) {
            return None;
        }
        let all = self.trail.issued_to(signer).into_iter();
        let known =
            all.filter(|(_, entry, record)| entry.time <= case.at && record.certificate.is_ca());
        let known: Vec<_> = known.map(|(_, _, record)| &record.certificate).collect();
        let trusted = case.trusted?;
        let other = known.iter().find(|ca| trusted.contains(ca))?;
        Some(format!(
            "{requirer} speaks version 0 of certificate_transfer, for which {provider} picks one \
             of its {} CAs at random, and picked that of {}",
            known.len(),
            short(other.not_before())
        ))
    }

    /// Both sides know version 1, and nobody has written so: only the requirer's leader does, in
    /// relation-created (canonical/certificate-transfer-interface f79a9f4 v1).
    fn unversioned(&self, provider: &str, requirer: &str, at: Time) -> Option<String> {
        let (gives, takes) = (self.spoken_by(provider)?, self.spoken_by(requirer)?);
        if is_old(gives) || is_old(takes) {
            return None;
        }
        let side = |name: &str| crate::carrier::side(self.deployment, name);
        let (from, to) = (side(provider), side(requirer));
        let (_, endpoint) = requirer.rsplit_once(':')?;
        let written = self.last(&to, self.deployment.start, at, |entry| match &entry.kind {
            Kind::DatabagChanged { relation, keys } => {
                *relation.endpoint == *endpoint && keys.iter().any(|key| **key == *"version")
            }
            _ => false,
        });
        written.is_none().then(|| {
            format!(
                "no leader of {to} ran {endpoint}-relation-created, so nobody wrote which version \
                 of certificate_transfer it speaks, and {from} writes as for version 0"
            )
        })
    }

    /// What `model.app:endpoint` speaks.
    fn spoken_by(&self, name: &str) -> Option<Library> {
        let (_, endpoint) = name.rsplit_once(':')?;
        let side = crate::carrier::side(self.deployment, name);
        let charm = &self.deployment.applications[self.application(&side)?].charm;
        Some(charm.transfer_library(endpoint).unwrap_or_default())
    }
}

const fn is_old(library: Library) -> bool {
    matches!(library, Library::V0Patch11)
}
