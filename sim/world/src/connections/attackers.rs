//! Attackers who have a CA's key: what they can pass for, and from when to when. Shown by forging
//! the certificate and doing the handshake; the journal says when it begins to work and when it
//! ends.

use std::collections::{BTreeMap, BTreeSet};
use trustsim_model::{ApplicationIndex, Entry, Kind, Note};

use super::Attempt;
use super::judgement::Judgement;
use crate::keys::forge;
use trustsim_charm_model::issuing::SigningCa;
use trustsim_kernel::{Seq, Time};
use trustsim_tls::{Case, Identity};
use trustsim_validators::Side;

/// Attackers, each with a key that is not theirs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attackers {
    all: Vec<Attacker>,
    forged: BTreeMap<(usize, String), Identity>,
    /// Connection, attacker, and the side that they pass for.
    believed: BTreeSet<(u32, usize, Side)>,
}

#[derive(Clone, Debug)]
struct Attacker {
    signer: SigningCa,
    /// Index of the application whose CA it is.
    application: ApplicationIndex,
    since: Time,
    entry: Seq,
}

impl Attackers {
    /// An attacker has the key of an application's CA from now on, whatever becomes of that CA.
    pub(crate) fn add(
        &mut self,
        application: ApplicationIndex,
        signer: SigningCa,
        entry: Seq,
        since: Time,
    ) {
        self.all.push(Attacker {
            signer,
            application,
            since,
            entry,
        });
    }

    /// The side that each attacker can impersonate on this connection now.
    pub(super) fn attack(&mut self, on: &mut Judgement<'_>) {
        let Attempt::Handshake(case) = on.attempt else {
            return;
        };
        for index in 0..self.all.len() {
            let as_server = self.is_taken_for_server(index, case, on);
            self.note(on, index, Side::Server, as_server);
            if case.server.client_trust.is_some() {
                let as_client = self.is_taken_for_client(index, case, on);
                self.note(on, index, Side::Client, as_client);
            }
        }
    }

    /// Whether the client takes the attacker for the server.
    fn is_taken_for_server(&mut self, index: usize, case: &Case, on: &mut Judgement<'_>) -> bool {
        let Some(identity) = self.forged(index, &case.server_name, on) else {
            return false;
        };
        let mut case = case.clone();
        case.server.identity = identity;
        case.server.client_trust = None;
        is_believed(&case, on)
    }

    /// Whether the server takes the attacker for its client.
    fn is_taken_for_client(&mut self, index: usize, case: &Case, on: &mut Judgement<'_>) -> bool {
        let client = on.pair.record.client.replace('/', "-");
        let Some(identity) = self.forged(index, &client, on) else {
            return false;
        };
        let mut case = case.clone();
        case.client.identity = Some(identity);
        is_believed(&case, on)
    }

    fn forged(&mut self, index: usize, name: &str, on: &Judgement<'_>) -> Option<Identity> {
        let key = (index, name.to_owned());
        if let Some(identity) = self.forged.get(&key) {
            return Some(identity.clone());
        }
        let attacker = &self.all[index];
        let streams = on.peers.deployed.streams();
        let identity = forge(&attacker.signer, name, attacker.since, streams, on.journal)?;
        self.forged.insert(key, identity.clone());
        Some(identity)
    }

    fn note(&mut self, on: &mut Judgement<'_>, index: usize, side: Side, believed: bool) {
        let key = (on.pair.number, index, side);
        let was = self.believed.contains(&key);
        if was == believed {
            return;
        }
        let attacker = &self.all[index];
        let note = Note::Impersonation {
            connection: on.pair.number,
            ca: attacker.application,
            side,
            believed,
        };
        on.journal.record(Entry::new(
            on.agenda.now(),
            Some(attacker.entry),
            on.peers.subject(on.pair),
            Kind::Note(note),
        ));
        let is_changed = match believed {
            true => self.believed.insert(key),
            false => self.believed.remove(&key),
        };
        assert!(is_changed, "only a change is noted of an impersonation");
    }
}

fn is_believed(case: &Case, on: &mut Judgement<'_>) -> bool {
    let judged = on.handshakes.judge(case, "attack", &case.server_name);
    judged.verdict.is_ok()
}
