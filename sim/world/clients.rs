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
    /// What it was given when it last fetched.
    pub(super) given: Vec<Certificate>,
    /// What it trusts, with what was done to its store by hand.
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
            let given = self.fetch_trust(index, &trusts, now);
            let trust = self.by_hand(index, given.clone()).into_iter().collect();
            self.clients.push(ClientSide {
                given,
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
        let trusts = &self.clients[index].trusts;
        self.clients[index].given = self.fetch_trust(index, trusts, agenda.now());
        self.client_store_changed(index, cause, agenda);
    }

    /// What a client was given, or what was done to its store by hand, is another.
    pub(super) fn client_store_changed(
        &mut self,
        index: usize,
        cause: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let Some(client) = self.clients.get(index) else {
            // It is given what it trusts when the deployment has settled.
            return;
        };
        let trust: TrustStore = self
            .by_hand(index, client.given.clone())
            .into_iter()
            .collect();
        if trust == client.trust {
            return;
        }
        self.clients[index].trust = trust;
        self.note_client_trust(index, Some(cause), agenda.now());
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

    fn fetch_trust(&self, index: usize, trusts: &[usize], now: Time) -> Vec<Certificate> {
        let client = &self.deployment.clients[index];
        let given = client.roots_pem.iter();
        let given = given.flat_map(|pem| Certificate::chain_from_pem(pem).unwrap_or_default());
        let fetched = trusts.iter().flat_map(|application| {
            let mut roots = self.ca_of(*application, now);
            roots.extend(self.external_roots(*application));
            roots
        });
        let public = self.public_roots().filter(|_| client.trusts_system);
        let public = public.cloned();
        given.chain(fetched).chain(public).collect()
    }

    /// What `juju run APP/leader get-ca-certificate` would print.
    pub(super) fn ca_of(&self, application: usize, now: Time) -> Vec<Certificate> {
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
