//! Attackers who have a CA's key: whom they can pass for, and from when to when. Shown by forging
//! the certificate and doing the handshake; the journal says when it begins to work and when it
//! ends.

use std::collections::{BTreeMap, BTreeSet};
use trustsim_model::{ApplicationIndex, Entry, Kind, Note, Refusal};

use super::connections::Meeting;
use super::simulation::{Event, World};
use trustsim_kernel::{Agenda, Seq, Time};
use trustsim_pki::{Certificate, KeyPair};
use trustsim_tls::{Case, Identity};
use trustsim_validators::Side;

/// Everybody who has a key that is not theirs.
#[derive(Clone, Debug, Default)]
pub(super) struct Attackers {
    all: Vec<Attacker>,
    forged: BTreeMap<(usize, String), Identity>,
    /// Connection, attacker, and the side that they pass for.
    believed: BTreeSet<(u32, usize, Side)>,
}

#[derive(Clone, Debug)]
struct Attacker {
    ca: Certificate,
    key: KeyPair,
    /// Index of the application whose CA it is.
    application: ApplicationIndex,
    since: Time,
    entry: Seq,
}

impl World {
    /// Somebody has the key of an application's present CA from now on, whatever becomes of it.
    pub(super) fn compromise(
        &mut self,
        ca: ApplicationIndex,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let authorities = self.authorities_of(ca).into_iter().rev();
        let stolen = authorities
            .filter_map(|authority| Some((self.key_of(&authority)?, authority)))
            .next();
        let Some((key, authority)) = stolen else {
            return self.refused(Refusal::NoKey, entry, agenda.now());
        };
        self.attackers.all.push(Attacker {
            ca: authority,
            key,
            application: ca,
            since: agenda.now(),
            entry,
        });
        for connection in self.connections.since(0) {
            let meeting = self.meeting(connection, agenda.now());
            self.attack(connection, &meeting, agenda.now());
        }
    }

    /// The side that each attacker can impersonate on this connection now.
    pub(super) fn attack(&mut self, number: u32, meeting: &Meeting, now: Time) {
        let Meeting::Case(case) = meeting else {
            return;
        };
        for index in 0..self.attackers.all.len() {
            let as_server = self.forged_server(index, case);
            self.tell(number, (index, Side::Server), as_server, now);
            if case.server.client_trust.is_some() {
                let as_client = self.forged_client(index, number, case);
                self.tell(number, (index, Side::Client), as_client, now);
            }
        }
    }

    /// Whether the client takes the attacker for the server.
    fn forged_server(&mut self, index: usize, case: &Case) -> bool {
        let Some(identity) = self.forged(index, &case.server_name) else {
            return false;
        };
        let mut case = case.clone();
        case.server.identity = identity;
        case.server.client_trust = None;
        self.is_believed(&case)
    }

    /// Whether the server takes the attacker for its client.
    fn forged_client(&mut self, index: usize, number: u32, case: &Case) -> bool {
        let client = self.connection_client(number).replace('/', "-");
        let Some(identity) = self.forged(index, &client) else {
            return false;
        };
        let mut case = case.clone();
        case.client.identity = Some(identity);
        self.is_believed(&case)
    }

    fn forged(&mut self, index: usize, name: &str) -> Option<Identity> {
        let key = (index, name.to_owned());
        if let Some(identity) = self.attackers.forged.get(&key) {
            return Some(identity.clone());
        }
        let attacker = &self.attackers.all[index];
        let identity = self.forge((&attacker.ca, &attacker.key), name, attacker.since)?;
        self.attackers.forged.insert(key, identity.clone());
        Some(identity)
    }

    fn is_believed(&mut self, case: &Case) -> bool {
        let streams = self.streams.clone();
        let stream = || streams.stream("attack", &case.server_name);
        let (verdict, performed) = self.cache.judge(case, stream);
        self.performed += u64::from(performed);
        verdict.is_ok()
    }

    fn tell(&mut self, number: u32, (index, side): (usize, Side), believed: bool, time: Time) {
        let key = (number, index, side);
        let was = self.attackers.believed.contains(&key);
        if was == believed {
            return;
        }
        let attacker = &self.attackers.all[index];
        let note = Note::Impersonation {
            connection: number,
            ca: attacker.application,
            side,
            believed,
        };
        let cause = Some(attacker.entry);
        let subject = self.connection_subject(number);
        self.journal.record(Entry {
            time,
            cause,
            subject,
            kind: Kind::Note(note),
        });
        let is_changed = match believed {
            true => self.attackers.believed.insert(key),
            false => self.attackers.believed.remove(&key),
        };
        assert!(is_changed, "only a change is noted of an impersonation");
    }
}
