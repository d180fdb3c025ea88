//! One entry of a journal, and what entries that say the same have in common.

use std::ops::Deref;
use std::sync::Arc;

use super::{Kind, Seq, Subject};
use crate::reference::unit_number;
use trustsim_kernel::Time;

/// What happened, and to what.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its subject.
    pub subject: Subject,
    /// What happened.
    pub kind: Kind,
}

/// One thing that happened.
///
/// Its [`Event`] is shared with entries that say the same at another time: a unit that has run `update-status` for ten
/// years has two events and two million entries. An entry is read as if it had the event's fields.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When, in true time.
    pub time: Time,
    /// The entry that caused it; none for the first.
    pub cause: Option<Seq>,
    event: Arc<Event>,
}

impl Entry {
    /// An entry of its own event.
    pub fn new(time: Time, cause: Option<Seq>, subject: Subject, kind: Kind) -> Self {
        let event = Arc::new(Event { subject, kind });
        Self { time, cause, event }
    }

    /// What this entry shares with those that say the same.
    pub(super) const fn event(&self) -> &Arc<Event> {
        &self.event
    }

    /// Makes this entry one more of an event that says the same.
    pub(super) fn share(&mut self, event: &Arc<Event>) {
        self.event = Arc::clone(event);
    }

    /// Asserts that what an entry says more than once agrees.
    pub(super) fn assert_whole(&self) {
        let is_unit_of = |application: &str, unit: &Option<Arc<str>>| {
            let unit = unit.as_deref();
            unit.is_none_or(|unit| unit_number(application, unit).is_some())
        };
        if let Some(application) = &self.subject.application {
            assert!(
                is_unit_of(application, &self.subject.unit),
                "a unit is named after its application: {:?}",
                self.subject
            );
        }
        match &self.kind {
            Kind::Persists(record) => assert!(
                record.until.is_none_or(|until| self.time <= until),
                "{} does not persist until a time that is past",
                record.name
            ),
            Kind::CertificateIssued(record) => {
                assert!(
                    record.requested_at.is_none_or(|at| at <= self.time),
                    "a certificate of {} is issued after it was requested",
                    record.application
                );
                assert!(
                    is_unit_of(&record.application, &record.unit),
                    "a certificate is issued to a unit of its application: {:?} of {}",
                    record.unit,
                    record.application
                );
            }
            Kind::HookStarted { .. } | Kind::HookCommitted { .. } | Kind::HookFailed { .. } => {
                assert!(
                    self.subject.unit.is_some(),
                    "a hook is of a unit: {:?}",
                    self.subject
                )
            }
            Kind::Relation {
                provider, requirer, ..
            } => assert_ne!(provider, requirer, "a relation has two ends"),
            Kind::KeyStored(record) => assert!(
                !record.controllers.is_empty(),
                "a controller stores the key of {}",
                record.holder
            ),
            _ => {}
        }
    }
}

impl Deref for Entry {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

impl Event {
    /// Whether it is of a kind of which a run may have millions that say the same.
    pub(super) const fn may_recur(&self) -> bool {
        matches!(
            self.kind,
            Kind::HookStarted { .. }
                | Kind::HookCommitted { .. }
                | Kind::HookFailed { .. }
                | Kind::DatabagChanged { .. }
                | Kind::StatusChanged { .. }
                | Kind::AgentNotConnected(_)
                | Kind::LinkDown(_)
        )
    }

    /// Whether another event that may recur says the same.
    pub(super) fn recurs_as(&self, other: &Self) -> bool {
        self.subject == other.subject
            && match (&self.kind, &other.kind) {
                (Kind::HookStarted { hook }, Kind::HookStarted { hook: again })
                | (Kind::HookCommitted { hook }, Kind::HookCommitted { hook: again }) => {
                    hook == again
                }
                (
                    Kind::HookFailed { hook, error },
                    Kind::HookFailed {
                        hook: again,
                        error: same,
                    },
                ) => hook == again && error == same,
                (
                    Kind::DatabagChanged { relation, keys },
                    Kind::DatabagChanged {
                        relation: again,
                        keys: same,
                    },
                ) => relation == again && keys == same,
                (
                    Kind::StatusChanged { status, message },
                    Kind::StatusChanged {
                        status: again,
                        message: same,
                    },
                ) => status == again && message == same,
                (Kind::AgentNotConnected(error), Kind::AgentNotConnected(again))
                | (Kind::LinkDown(error), Kind::LinkDown(again)) => error == again,
                _ => false,
            }
    }
}
