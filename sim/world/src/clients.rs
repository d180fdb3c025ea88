//! Clients outside Juju: people with browsers and curl, who were given CAs by hand, or fetch them
//! with `juju run`. What cannot be fetched stays as it was.

use std::collections::BTreeMap;
use trustsim_model::{
    ApplicationIndex, ClientIndex, Entry, Kind, NotFetched, Note, Refusal, Subject, Trigger,
};

use super::simulation::{Event, World};
use trustsim_interfaces::UnitContext;
use trustsim_kernel::{Agenda, Seq, Time};
use trustsim_pki::Certificate;
use trustsim_validators::TrustStore;

/// One client.
#[derive(Clone, Debug)]
pub(super) struct ClientSide {
    /// What it was given when it last fetched.
    given: Vec<Certificate>,
    /// What it trusts, with what was done to its store by hand.
    trust: TrustStore,
    /// Applications whose CA it fetches.
    trusts: Vec<ApplicationIndex>,
    /// What it last fetched of each.
    fetched: BTreeMap<ApplicationIndex, Vec<Certificate>>,
    /// The entry that last changed what it trusts.
    trusted_by: Option<Seq>,
    /// Connections it opens.
    touching: Vec<u32>,
}

impl ClientSide {
    /// What it trusts, with what was done to its store by hand.
    pub(super) fn trust(&self) -> &TrustStore {
        &self.trust
    }

    /// The entry that last changed what it trusts.
    pub(super) fn trusted_by(&self) -> Option<Seq> {
        self.trusted_by
    }

    /// It opens this connection.
    pub(super) fn opens(&mut self, connection: u32) {
        self.touching.push(connection);
    }
}

impl World {
    /// Every client is given what it trusts.
    pub(super) fn start_clients(&mut self, settled: Seq, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        assert!(
            self.clients.is_empty(),
            "clients begin once, when the deployment settles"
        );
        for index in self.deployment.clients.keys() {
            self.clients.push(ClientSide {
                given: Vec::new(),
                trust: TrustStore::empty(),
                trusts: self.deployment.clients[index].trusts.clone(),
                fetched: BTreeMap::new(),
                trusted_by: Some(settled),
                touching: Vec::new(),
            });
            self.fetch(index, settled, now);
            let given = self.clients[index].given.clone();
            self.clients[index].trust = self.by_hand(index, given).into_iter().collect();
            self.note_client_trust(index, Some(settled), now);
            if let Some(refresh) = self.deployment.clients[index].refresh {
                agenda.after(refresh, Event::RefreshClient(index));
            }
        }
    }

    /// A client fetches the CAs it trusts again; what it had is replaced.
    pub(super) fn refresh_client(&mut self, index: ClientIndex, agenda: &mut Agenda<Event>) {
        self.fetch_again(index, self.root, agenda);
        if let Some(refresh) = self.deployment.clients[index].refresh {
            agenda.after(refresh, Event::RefreshClient(index));
        }
    }

    /// Somebody gives a client the CA of an application as it is now, or takes it from it.
    pub(super) fn change_client_trust(
        &mut self,
        (index, application): (ClientIndex, ApplicationIndex),
        trusts: bool,
        cause: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        // Before the deployment settles nobody has opened anything.
        let Some(client) = self.clients.get_mut(index) else {
            return self.refused(Refusal::NotSettled, cause, agenda.now());
        };
        client.trusts.retain(|known| *known != application);
        client.fetched.remove(&application);
        if trusts {
            client.trusts.push(application);
        }
        self.fetch_again(index, cause, agenda);
    }

    fn fetch_again(&mut self, index: ClientIndex, cause: Seq, agenda: &mut Agenda<Event>) {
        self.fetch(index, cause, agenda.now());
        self.client_store_changed(index, cause, agenda);
    }

    /// What a client was given, or what was done to its store by hand, is another.
    pub(super) fn client_store_changed(
        &mut self,
        index: ClientIndex,
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
            self.assert_opened_by(connection, index);
            self.judge(connection, Trigger::Trust, agenda);
        }
    }

    fn note_client_trust(&mut self, index: ClientIndex, cause: Option<Seq>, time: Time) {
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

    /// Asks every application that a client trusts for its CA. Of one that cannot be asked, or has
    /// none to give, the client keeps what it has.
    fn fetch(&mut self, index: ClientIndex, cause: Seq, now: Time) {
        for application in self.clients[index].trusts.clone() {
            if let Err((why, by)) = self.can_ask(application) {
                let name = self.deployment.clients[index].name.as_str();
                let subject = Subject {
                    unit: Some(name.into()),
                    ..Subject::default()
                };
                self.journal.record(Entry {
                    time: now,
                    cause: by.or(Some(cause)),
                    subject,
                    kind: Kind::Note(Note::TrustNotFetched {
                        ca: application,
                        why,
                    }),
                });
                continue;
            }
            let roots = self.ca_of(application, now);
            if !roots.is_empty() {
                self.clients[index].fetched.insert(application, roots);
            }
        }
        self.clients[index].given = self.given(index);
    }

    /// Whether `juju run APP/leader` would be answered; else why not, and what stands behind it.
    fn can_ask(&self, application: ApplicationIndex) -> Result<(), (NotFetched, Option<Seq>)> {
        let id = self.applications[application];
        let application = self.juju.application(id);
        if let Some(down_by) = self.juju.down_by(application.model) {
            return Err((NotFetched::ControllerDown, down_by));
        }
        match application.lease.holder {
            Some(leader) if self.juju.answers(leader) => Ok(()),
            Some(leader) => Err((NotFetched::LeaderLost, self.juju.hindrance(leader))),
            None => Err((NotFetched::NoLeader, None)),
        }
    }

    /// All that a client was given and has fetched.
    fn given(&self, index: ClientIndex) -> Vec<Certificate> {
        let client = &self.deployment.clients[index];
        let given = client.roots_pem.iter();
        let given = given.flat_map(|pem| {
            Certificate::chain_from_pem(pem).expect("a deployment has roots that can be read")
        });
        let side = &self.clients[index];
        let fetched = side.trusts.iter().flat_map(|application| {
            // Nothing of an application that could not be asked yet.
            let fetched = side.fetched.get(application).into_iter().flatten();
            let external = self.external_roots(*application);
            fetched.cloned().chain(external)
        });
        let public = self.public_roots().filter(|_| client.trusts_system);
        given.chain(fetched).chain(public.cloned()).collect()
    }

    /// What `juju run APP/leader get-ca-certificate` would print.
    pub(super) fn ca_of(&self, application: ApplicationIndex, now: Time) -> Vec<Certificate> {
        let id = self.applications[application];
        match self.juju.application(id).lease.holder {
            Some(leader) => {
                let context = UnitContext::new(&self.juju, leader, now, None);
                self.charm_now(id).ca_certificates(&context)
            }
            // `juju run APP/leader` has no unit to run on.
            None => Vec::new(),
        }
    }
}
