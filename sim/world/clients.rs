//! Clients outside Juju: people with browsers and curl, who were given CAs by hand.

use super::journal::{Entry, Kind, Subject};
use super::simulation::{Event, World};
use crate::juju::UnitContext;
use crate::kernel::{Agenda, Seq, Time};
use crate::pki::Certificate;
use crate::tls::TrustStore;

/// One client.
#[derive(Clone, Debug)]
pub(super) struct ClientSide {
    pub(super) trust: TrustStore,
    /// Applications whose CA it fetches.
    pub(super) trusts: Vec<usize>,
    pub(super) trusted_by: Option<Seq>,
    /// Connections it opens.
    pub(super) touching: Vec<u32>,
}

impl World {
    /// Every client is given what it trusts.
    pub(super) fn start_clients(&mut self, settled: Seq, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        for index in 0..self.deployment.clients.len() {
            let trusts = self.deployment.clients[index].trusts.clone();
            let trust = self.fetch_trust(index, &trusts, now);
            self.clients.push(ClientSide {
                trust,
                trusts,
                trusted_by: Some(settled),
                touching: Vec::new(),
            });
            self.note_client_trust(index, Some(settled), now);
            if let Some(refresh) = self.deployment.clients[index].refresh {
                agenda.after(refresh, Event::RefreshClient(index));
            }
        }
    }

    /// A client fetches the CAs it trusts again; what it had is replaced.
    pub(super) fn refresh_client(&mut self, index: usize, agenda: &mut Agenda<Event>) {
        self.fetch_again(index, self.root, agenda);
        if let Some(refresh) = self.deployment.clients[index].refresh {
            agenda.after(refresh, Event::RefreshClient(index));
        }
    }

    /// Somebody gives a client the CA of an application as it is now, or takes it from it.
    pub(super) fn change_client_trust(
        &mut self,
        (index, application): (usize, usize),
        trusts: bool,
        cause: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        // Before the deployment settles nobody has opened anything.
        let Some(client) = self.clients.get_mut(index) else {
            return self.refused("the deployment has not settled", cause, agenda.now());
        };
        client.trusts.retain(|known| *known != application);
        if trusts {
            client.trusts.push(application);
        }
        self.fetch_again(index, cause, agenda);
    }

    fn fetch_again(&mut self, index: usize, cause: Seq, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let trust = self.fetch_trust(index, &self.clients[index].trusts, now);
        if trust == self.clients[index].trust {
            return;
        }
        self.clients[index].trust = trust;
        self.note_client_trust(index, Some(cause), now);
        for connection in self.clients[index].touching.clone() {
            self.judge(connection, "trust", agenda);
        }
    }

    fn note_client_trust(&mut self, index: usize, cause: Option<Seq>, time: Time) {
        let roots = self.clients[index].trust.roots().cloned().collect();
        let name = self.deployment.clients[index].name.as_str();
        let subject = Subject {
            unit: Some(name.into()),
            ..Subject::default()
        };
        let kind = Kind::TrustChanged { roots };
        let entry = self.journal.record(Entry {
            time,
            cause,
            subject,
            kind,
        });
        self.clients[index].trusted_by = Some(entry);
    }

    fn fetch_trust(&self, index: usize, trusts: &[usize], now: Time) -> TrustStore {
        let client = &self.deployment.clients[index];
        let given = client.roots_pem.iter();
        let given = given.flat_map(|pem| Certificate::chain_from_pem(pem).unwrap_or_default());
        let fetched = trusts.iter().flat_map(|application| {
            let mut roots = self.ca_of(*application, now);
            roots.extend(self.external_roots(*application));
            roots
        });
        let public = self.acme.iter().filter(|_| client.trusts_system);
        let public = public.map(|server| server.root().clone());
        given.chain(fetched).chain(public).collect()
    }

    /// What `juju run APP/leader get-ca-certificate` would print.
    fn ca_of(&self, application: usize, now: Time) -> Vec<Certificate> {
        let id = self.applications[application];
        let Some(leader) = self.juju.application(id).lease.holder else {
            return Vec::new();
        };
        match &self.charms[id.index()] {
            Some(charm) => charm.ca_certificates(&UnitContext::new(&self.juju, leader, now, None)),
            None => Vec::new(),
        }
    }
}
