//! Revocation lists that the authorities of a deployment publish, for connections that look into them.

use std::collections::BTreeMap;
use trustsim_model::{ApplicationIndex, Revoked};

use super::event::Event;
use super::keys::Keys;
use trustsim_kernel::{Agenda, Seq, Span, Time};
use trustsim_pki::{RevocationList, RevocationTerms};

/// What is published, by the application of the authority.
#[derive(Clone, Debug, Default)]
pub(super) struct Publications(BTreeMap<ApplicationIndex, Publication>);

/// How long each list is valid, and how often the next one is published.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Schedule {
    pub(super) valid: Span,
    /// `None`: once.
    pub(super) every: Option<Span>,
}

#[derive(Clone, Debug, Default)]
struct Publication {
    revoked: Vec<(Vec<u8>, Time)>,
    schedule: Schedule,
    /// Of the last list; a publication that was ended goes on counting.
    number: u64,
    lists: Vec<RevocationList>,
    /// The entry that asked for it.
    cause: Option<Seq>,
}

impl Publications {
    pub(super) fn lists(&self) -> impl Iterator<Item = RevocationList> + '_ {
        let all = self.0.values();
        all.flat_map(|publication| publication.lists.iter().cloned())
    }

    pub(super) fn cause(&self) -> Option<Seq> {
        self.0.values().filter_map(|one| one.cause).max()
    }

    /// An authority is to publish a list, and, where its schedule says so, again and again. What was revoked
    /// stays so.
    pub(super) fn ask(
        &mut self,
        ca: ApplicationIndex,
        revoked: &[Revoked],
        schedule: Schedule,
        entry: Seq,
        now: Time,
        keys: Keys<'_>,
    ) {
        let publication = self.0.entry(ca).or_default();
        for serial in serials_of(ca, revoked, keys) {
            let mut known = publication.revoked.iter();
            if known.all(|(known, _)| *known != serial) {
                publication.revoked.push((serial, now));
            }
        }
        publication.schedule = schedule;
        publication.cause = Some(entry);
    }

    /// Nothing new is published from now on; the last list stays until it is out of date.
    pub(super) fn stop(&mut self, ca: ApplicationIndex) {
        if let Some(publication) = self.0.get_mut(&ca) {
            publication.schedule.every = None;
        }
    }

    /// Whether the list after this one is still to be published.
    pub(super) fn is_due(&self, ca: ApplicationIndex, number: u64) -> bool {
        self.0.get(&ca).is_some_and(|one| {
            assert!(
                number <= one.number,
                "a list is due after one that was published"
            );
            one.number == number && one.schedule.every.is_some()
        })
    }

    /// One list for each certificate of the authority whose key there is; says whether there was
    /// one.
    pub(super) fn publish(
        &mut self,
        ca: ApplicationIndex,
        keys: Keys<'_>,
        agenda: &mut Agenda<Event>,
    ) -> bool {
        let now = agenda.now();
        let signers = keys.signers_of(ca);
        let publication = self.0.get_mut(&ca);
        let publication = publication.expect("lists are published of what was asked for");
        publication.number += 1;
        let terms = RevocationTerms {
            number: publication.number,
            this_update: now,
            next_update: now + publication.schedule.valid,
            revoked: publication.revoked.clone(),
        };
        // None where its time would lie beyond the year 9999, which no list can say.
        let lists = signers
            .iter()
            .filter_map(|ca| RevocationList::sign(&ca.certificate, &ca.key, &terms).ok());
        publication.lists = lists.collect();
        if let Some(every) = publication.schedule.every {
            let number = publication.number;
            agenda.after(every, Event::PublishLists { ca, number });
        }
        !publication.lists.is_empty()
    }
}

/// The serial numbers of everything that this authority gave to those that are meant.
fn serials_of(ca: ApplicationIndex, revoked: &[Revoked], keys: Keys<'_>) -> Vec<Vec<u8>> {
    let deployment = keys.deployed.spec();
    let issuers = keys.authorities_of(ca);
    let is_meant = |record: &trustsim_model::CertificateRecord| {
        revoked.iter().any(|one| {
            let spec = &deployment.applications[one.application];
            let unit = one.unit.map(|number| format!("{}/{number}", spec.name));
            let has_unit = unit.is_none() || record.unit.as_deref() == unit.as_deref();
            *record.model == deployment.models[spec.model].name
                && *record.application == spec.name
                && has_unit
        })
    };
    let records = keys.journal.certificates();
    let records = records.filter(|record| is_meant(record));
    let given = records.filter(|record| {
        let mut issuers = issuers.iter();
        issuers.any(|issuer| *issuer.serial() == *record.issuer_serial)
    });
    given
        .map(|record| record.certificate.serial_bytes())
        .collect()
}
