//! I6: nothing lives on that was opened or verified with a certificate of a CA that is trusted no
//! more.

use super::trust::is_about_trust;
use super::{Generation, PersistenceEnd, Rotated, Violation, ViolationKind};
use crate::facts::seq_of;
use trustsim_kernel::Time;
use trustsim_model::{Address, Kind, Persisting, PersistingRecord, Seq};

impl Rotated<'_> {
    /// The first connection that stays open, or takes up a session, with a certificate of the old
    /// CA although the side that judges it trusts that CA no more.
    pub(super) fn outlives_distrust(&self, until: Time) -> Option<Violation> {
        let entries = self.journal.entries().iter().enumerate();
        let mut going_on = entries
            .take_while(|(_, entry)| entry.time <= until)
            .filter(|(_, entry)| entry.time >= self.begins())
            .filter_map(|(index, entry)| match &entry.kind {
                Kind::Persists(record) => Some((seq_of(index), entry.time, record)),
                _ => None,
            });
        going_on.find_map(|(seq, at, record)| {
            let who = self.distrusts(record, seq)?;
            let end = match (self.ended(record, seq), record.until) {
                (Some(ended), _) => PersistenceEnd::Reopened(ended),
                (None, Some(due)) => PersistenceEnd::Due(due),
                (None, None) => PersistenceEnd::Restart,
            };
            Some(Violation {
                at,
                what: ViolationKind::OutlivesDistrust {
                    connection: record.name.to_string(),
                    what: record.what,
                    judge: who.clone(),
                    end,
                },
            })
        })
    }

    /// Which side trusts the old CA no more, by which the other side's certificate was signed.
    fn distrusts(&self, record: &PersistingRecord, seq: Seq) -> Option<&Address> {
        if !is_about_trust(record.error) {
            return None;
        }
        let connection = &self.manifest.connections[record.connection as usize];
        let sides = [
            (&connection.client, &record.server_serial),
            (&connection.server, &record.client_serial),
        ];
        let found = sides.into_iter().find(|(judge, serial)| {
            let Some(leaf) = self.facts.certificate(serial) else {
                return false;
            };
            let trusted = self.facts.trusted(judge, seq);
            let trusted = trusted.map_or(&[][..], |(_, roots)| roots);
            self.generation(leaf) == Some(Generation::Old) && !self.is_trusted(leaf, trusted)
        });
        found.map(|(judge, _)| judge)
    }

    /// When what was open was opened anew. A session leaves no such trace: each attempt takes it up.
    fn ended(&self, record: &PersistingRecord, seq: Seq) -> Option<Time> {
        if record.what == Persisting::Session {
            return None;
        }
        let later = self.journal.entries().iter().skip(seq.0 as usize + 1);
        let mut handshakes = later.filter(|entry| match &entry.kind {
            Kind::Handshake(handshake) => handshake.connection == record.connection,
            _ => false,
        });
        handshakes.next().map(|entry| entry.time)
    }
}
