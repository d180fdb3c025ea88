//! Clients outside Juju: people with browsers and curl, who were given CAs by hand, or fetch them
//! with `juju run`. What cannot be fetched stays as it was.

use std::collections::BTreeMap;
use trustsim_model::{
    ApplicationIndex, ClientIndex, Entry, Kind, NotFetched, Note, Party, Subject, TiVec,
};

use super::deployed::Deployed;
use super::event::Event;
use super::journal::JournalWriter;
use super::operators::Operators;
use super::tampering::Edits;
use trustsim_kernel::{Agenda, Seq, Time};
use trustsim_pki::Certificate;
use trustsim_validators::TrustStore;

/// Every client, by its index in the deployment; none before the deployment has settled.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients(TiVec<ClientIndex, ClientSide>);

/// One client.
#[derive(Clone, Debug)]
struct ClientSide {
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
}

/// Where clients get what they trust, and where it is written down.
pub(super) struct Fetching<'a> {
    pub deployed: &'a Deployed,
    pub operators: &'a Operators,
    pub edits: &'a Edits,
    pub journal: &'a mut JournalWriter,
    pub now: Time,
}

impl Clients {
    /// What each trusts, with what was done to its store by hand.
    pub(super) fn stores(&self) -> impl Iterator<Item = (ClientIndex, &TrustStore)> {
        let all = self.0.iter_enumerated();
        all.map(|(index, client)| (index, &client.trust))
    }

    /// What a client trusts, with what was done to its store by hand.
    pub(super) fn trust(&self, index: ClientIndex) -> &TrustStore {
        &self.0[index].trust
    }

    /// The entry that last changed what a client trusts.
    pub(super) fn trusted_by(&self, index: ClientIndex) -> Option<Seq> {
        self.0[index].trusted_by
    }

    /// Every client is given what it trusts.
    pub(super) fn start(
        &mut self,
        settled: Seq,
        from: &mut Fetching<'_>,
        agenda: &mut Agenda<Event>,
    ) {
        assert!(
            self.0.is_empty(),
            "clients begin once, when the deployment settles"
        );
        let clients = &from.deployed.spec().clients;
        for (index, spec) in clients.iter_enumerated() {
            self.0.push(ClientSide {
                given: Vec::new(),
                trust: TrustStore::empty(),
                trusts: spec.trusts.clone(),
                fetched: BTreeMap::new(),
                trusted_by: Some(settled),
            });
            self.fetch(index, settled, from);
            self.0[index].trust = self.store_of(index, from);
            self.note_trust(index, settled, from);
            if let Some(refresh) = spec.refresh {
                agenda.after(refresh, Event::RefreshClient(index));
            }
        }
    }

    /// A client is given the CA of an application as it is now, or loses it; says whether there are
    /// clients yet.
    pub(super) fn change_trust(
        &mut self,
        index: ClientIndex,
        application: ApplicationIndex,
        trusts: bool,
    ) -> bool {
        let Some(client) = self.0.get_mut(index) else {
            return false;
        };
        client.trusts.retain(|known| *known != application);
        client.fetched.remove(&application);
        if trusts {
            client.trusts.push(application);
        }
        true
    }

    /// A client fetches the CAs it trusts again, and what it had is replaced. Says whether it trusts
    /// something else now.
    pub(super) fn fetch_again(
        &mut self,
        index: ClientIndex,
        cause: Seq,
        from: &mut Fetching<'_>,
    ) -> bool {
        self.fetch(index, cause, from);
        self.store_changed(index, cause, from)
    }

    /// What a client was given, or what was done to its store by hand, is another. Says whether it
    /// trusts something else now.
    pub(super) fn store_changed(
        &mut self,
        index: ClientIndex,
        cause: Seq,
        from: &mut Fetching<'_>,
    ) -> bool {
        if self.0.get(index).is_none() {
            // It is given what it trusts when the deployment has settled.
            return false;
        }
        let trust = self.store_of(index, from);
        if trust == self.0[index].trust {
            return false;
        }
        self.0[index].trust = trust;
        self.note_trust(index, cause, from);
        true
    }

    fn store_of(&self, index: ClientIndex, from: &Fetching<'_>) -> TrustStore {
        let given = self.0[index].given.clone();
        let stack = from.deployed.spec().clients[index].validator;
        from.edits
            .by_hand(index, stack, given)
            .into_iter()
            .collect()
    }

    fn note_trust(&mut self, index: ClientIndex, cause: Seq, from: &mut Fetching<'_>) {
        let roots = self.0[index].trust.roots().cloned().collect();
        let entry = from.journal.record(Entry::new(
            from.now,
            Some(cause),
            client_subject(from.deployed, index),
            Kind::TrustChanged { roots },
        ));
        self.0[index].trusted_by = Some(entry);
    }

    /// Asks every application that a client trusts for its CA. Of one that cannot be asked, or has
    /// none to give, the client keeps what it has.
    fn fetch(&mut self, index: ClientIndex, cause: Seq, from: &mut Fetching<'_>) {
        for application in self.0[index].trusts.clone() {
            if let Err((why, by)) = can_ask(from.deployed, application) {
                from.journal.record(Entry::new(
                    from.now,
                    by.or(Some(cause)),
                    client_subject(from.deployed, index),
                    Kind::Note(Note::TrustNotFetched {
                        ca: application,
                        why,
                    }),
                ));
                continue;
            }
            let mut roots = from.deployed.ca_of(application, from.now);
            if dials(index, application, from.deployed) {
                roots.extend(from.deployed.own_server_ca(application, from.now));
            }
            if !roots.is_empty() {
                self.0[index].fetched.insert(application, roots);
            }
        }
        self.0[index].given = self.given(index, from);
    }

    /// All that a client was given and has fetched.
    fn given(&self, index: ClientIndex, from: &Fetching<'_>) -> Vec<Certificate> {
        let client = &from.deployed.spec().clients[index];
        let given = client.roots_pem.iter();
        let given = given.flat_map(|pem| {
            Certificate::chain_from_pem(pem).expect("a deployment has roots that can be read")
        });
        let side = &self.0[index];
        assert!(
            side.fetched.keys().all(|of| side.trusts.contains(of)),
            "{} has fetched CAs only of applications that it trusts",
            client.name
        );
        let fetched = side.trusts.iter().flat_map(|application| {
            // Nothing of an application that could not be asked yet.
            let fetched = side.fetched.get(application).into_iter().flatten();
            let external = from.operators.external_roots(*application);
            fetched.cloned().chain(external)
        });
        let public = from.operators.public_roots(from.deployed);
        let public = public.filter(|_| client.trusts_system);
        given.chain(fetched).chain(public.cloned()).collect()
    }
}

/// Whether a client has a connection to an application itself, and not only to servers whose certificates it signs.
fn dials(index: ClientIndex, application: ApplicationIndex, deployed: &Deployed) -> bool {
    let mut connections = deployed.spec().connections.iter();
    connections.any(|each| each.from == Party::Client(index) && each.to == application)
}

/// Names for an entry about a client outside Juju.
pub(super) fn client_subject(deployed: &Deployed, index: ClientIndex) -> Subject {
    let name = deployed.spec().clients[index].name.as_str();
    Subject {
        unit: Some(name.into()),
        ..Subject::default()
    }
}

/// Whether `juju run APP/leader` would be answered; else why not, and what caused that.
fn can_ask(
    deployed: &Deployed,
    application: ApplicationIndex,
) -> Result<(), (NotFetched, Option<Seq>)> {
    let juju = deployed.juju();
    let application = juju.application(deployed.id(application));
    if let Some(down_by) = juju.down_by(application.model) {
        return Err((NotFetched::ControllerDown, down_by));
    }
    match application.lease.holder {
        Some(leader) if juju.answers(leader) => Ok(()),
        Some(leader) => Err((NotFetched::LeaderLost, juju.hindrance(leader))),
        None => Err((NotFetched::NoLeader, None)),
    }
}
