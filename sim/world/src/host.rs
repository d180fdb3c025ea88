//! The host that Juju calls: it takes what Juju schedules to the agenda and what happens to the journal.
//!
//! While Juju is changing, names cannot be looked up in it: what happens is noted with its place
//! in the journal, and written there once the call is over.

use std::sync::Arc;
use trustsim_model::{EndpointRef, Entry, Kind, Note, Subject};

use super::event::Event;
use super::journal::JournalWriter;
use trustsim_juju::{
    self as juju, About, ApplicationKind, Happening, Host, Juju, RelationChange, RelationId,
};
use trustsim_kernel::{Agenda, EventId, Seq, Time};

/// One noted happening.
pub(super) struct Noted {
    time: Time,
    cause: Option<Seq>,
    about: About,
    what: Happening,
}

/// The host of one call into Juju.
pub(super) struct JujuHost<'a> {
    agenda: &'a mut Agenda<Event>,
    first: Seq,
    noted: Vec<Noted>,
}

impl<'a> JujuHost<'a> {
    pub(super) fn new(agenda: &'a mut Agenda<Event>, first: Seq) -> Self {
        Self {
            agenda,
            first,
            noted: Vec::new(),
        }
    }

    /// The place in the journal that the first entry of the call was promised, and what happened.
    pub(super) fn into_happenings(self) -> (Seq, Vec<Noted>) {
        (self.first, self.noted)
    }
}

impl Host for JujuHost<'_> {
    fn now(&self) -> Time {
        self.agenda.now()
    }

    fn schedule(&mut self, at: Time, event: juju::Event) -> EventId {
        self.agenda.at(at, Event::Juju(event))
    }

    fn cancel(&mut self, id: EventId) {
        self.agenda.cancel(id);
    }

    fn record(&mut self, cause: Option<Seq>, about: About, what: Happening) -> Option<Seq> {
        let place = u32::try_from(self.noted.len()).expect("a call notes fewer than 2^32 things");
        self.noted.push(Noted {
            time: self.agenda.now(),
            cause,
            about,
            what,
        });
        Some(Seq(self.first.0 + place))
    }
}

/// Writes what was noted to the journal, in order, each at the place that Juju was told.
pub(super) fn flush(first: Seq, noted: Vec<Noted>, juju: &Juju, journal: &mut JournalWriter) {
    assert_eq!(
        journal.next_seq(),
        first,
        "nothing else is written to the journal while Juju is changing"
    );
    let promised = u32::try_from(noted.len()).expect("a call notes fewer than 2^32 things");
    for Noted {
        time,
        cause,
        about,
        what,
    } in noted
    {
        let subject = subject(juju, about);
        let kind = kind(juju, what);
        journal.record(Entry::new(time, cause, subject, kind));
    }
    let next = Seq(first.0 + promised);
    assert_eq!(journal.next_seq(), next, "each happening is one entry");
}

/// Names for an entry's subject.
pub(super) fn subject(juju: &Juju, about: About) -> Subject {
    match about {
        About::Unit(unit) => {
            let found = juju.unit(unit);
            let application = juju.application(found.application);
            Subject {
                model: Some(Arc::clone(&juju.model(application.model).name)),
                application: Some(Arc::clone(&application.name)),
                unit: Some(Arc::clone(&found.name)),
            }
        }
        About::Application(application) => {
            let found = juju.application(application);
            Subject {
                model: Some(Arc::clone(&juju.model(found.model).name)),
                application: Some(Arc::clone(&found.name)),
                unit: None,
            }
        }
        About::Model(model) => Subject {
            model: Some(Arc::clone(&juju.model(model).name)),
            application: None,
            unit: None,
        },
    }
}

fn kind(juju: &Juju, what: Happening) -> Kind {
    match what {
        Happening::HookCommitted(hook) => Kind::HookCommitted { hook },
        Happening::HookFailed(hook, error) => Kind::HookFailed { hook, error },
        Happening::DatabagChanged(relation, keys) => Kind::DatabagChanged { relation, keys },
        Happening::Secret(change, label) => Kind::Secret { change, label },
        Happening::LeaderElected => Kind::LeaderElected,
        Happening::Relation(change, relation) => relation_kind(juju, change, relation),
        Happening::StatusChanged(status, message) => Kind::StatusChanged { status, message },
        Happening::AgentNotConnected(error) => Kind::AgentNotConnected(error),
        Happening::LinkDown(error) => Kind::LinkDown(error),
    }
}

/// A relation with its sides by their real addresses, whatever model they live in. The half of a
/// cross-model relation in the offering model, and peer relations, are only noted.
fn relation_kind(juju: &Juju, change: RelationChange, id: RelationId) -> Kind {
    let relation = juju.relation(id);
    let is_consumer_proxy = |end: &juju::End| {
        matches!(
            juju.application(end.application).kind,
            ApplicationKind::Consumer { .. }
        )
    };
    let [provider, requirer] = relation.ends.as_slice() else {
        let relation = juju.relation_key(id);
        return Kind::Note(Note::PeerRelation { relation, change });
    };
    if relation.ends.iter().any(is_consumer_proxy) {
        let relation = juju.relation_key(id);
        return Kind::Note(Note::OfferConnection { relation, change });
    }
    Kind::Relation {
        change,
        interface: Arc::clone(&relation.interface),
        provider: real_endpoint(juju, provider),
        requirer: real_endpoint(juju, requirer),
    }
}

/// The endpoint at one end of a relation, of the real application behind a proxy.
pub(super) fn real_endpoint(juju: &Juju, end: &juju::End) -> EndpointRef {
    let application = juju.application(end.application);
    let real = match &application.kind {
        ApplicationKind::Local => application,
        ApplicationKind::Saas { target, .. } | ApplicationKind::Consumer { target } => {
            juju.application(*target)
        }
    };
    EndpointRef::new(&juju.model(real.model).name, &real.name, &end.endpoint)
}
