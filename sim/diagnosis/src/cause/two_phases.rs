//! A rotation in two phases whose nodes wait for each other: some took the new CA before the others
//! heard of it, and those hear that a unit renews and wait (canonical/opensearch-operator#448, in
//! `lib/charms/opensearch/v0/opensearch_tls.py` at cd1c0349).

use std::collections::BTreeSet;

use super::kinds::CertificateCause;
use super::{CertificateSearch, Event, RootCause, short};
use trustsim_kernel::Time;
use trustsim_model::{Address, Entry, Kind, Seq};

impl<'a> CertificateSearch<'_, 'a> {
    /// Some nodes of an application have taken a CA, and others have not.
    pub(super) fn between_phases(&self, application: &Address, at: Time) -> Option<RootCause> {
        let index = self.records.application(application)?;
        let spec = &self.records.deployment.applications[index];
        // Set in the peer databag of a node that has taken the new CA.
        let renewed = self.records.charm(index, at).implementation.rotation_flag?;
        let own = self
            .records
            .trail
            .about(application, self.records.deployment.start, at);
        let wrote = |entry: &'a Entry| {
            let keys = match &entry.kind {
                Kind::DatabagChanged { keys, .. } => &**keys,
                _ => &[],
            };
            keys.iter().filter(|key| key.starts_with(renewed))
        };
        let mut took: Vec<(Address, Seq, Time)> = Vec::new();
        let mut flags = BTreeSet::new();
        for (seq, entry) in own {
            for flag in wrote(entry) {
                let who = entry.subject.address()?;
                // It is written when the CA is taken, and removed when all have.
                let is_set = flags.insert((who.clone(), flag));
                if !is_set {
                    flags.remove(&(who.clone(), flag));
                    took.retain(|(known, ..)| *known != who);
                } else if took.iter().all(|(known, ..)| *known != who) {
                    took.push((who, seq, entry.time));
                }
            }
        }
        let all = (0..spec.units).filter_map(|number| application.unit(number));
        let waiting: Vec<Address> = all
            .filter(|unit| took.iter().all(|(known, ..)| known != unit))
            .collect();
        let (_, seq, since) = *took.first().filter(|_| !waiting.is_empty())?;
        let taken: Vec<Address> = took.into_iter().map(|(name, ..)| name).collect();
        let what = CertificateCause::RotationStuck {
            application: application.clone(),
            since: short(since),
            after: self.records.action_behind(seq).map(|(_, action)| action),
            units_with_new_ca: taken.clone(),
            units_waiting: waiting,
        };
        let event = Event::CaTaken { units: taken };
        Some(RootCause::new(what, Some(seq)).after(since, event))
    }
}
