//! What two journals are compared by: a rolling hash over time, subject, kind and outcome of every entry.

use std::fmt::{self, Write};

use super::{Entry, Event, Kind, Note};
use trustsim_kernel::Time;

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;

/// The hash of a journal up to an entry; it differs from then on once it differed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rolling(pub(super) u64);

impl Default for Rolling {
    fn default() -> Self {
        Self(FNV_OFFSET)
    }
}

impl Rolling {
    /// The hash with one more entry.
    pub(super) fn with(self, time: Time, event: EventHash) -> Self {
        let state = eat(self.0, &time.as_nanos().to_le_bytes());
        Self(eat(state, &event.0.to_le_bytes()))
    }
}

/// The hash of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EventHash(u64);

impl EventHash {
    pub(super) fn of(event: &Event) -> Self {
        let mut hash = Self(FNV_OFFSET);
        let subject = &event.subject;
        for part in [&subject.model, &subject.application, &subject.unit] {
            hash.eat(part.as_deref().unwrap_or("-").as_bytes());
        }
        hash.eat_kind(&event.kind);
        hash
    }

    fn eat(&mut self, bytes: &[u8]) {
        self.0 = eat(self.0, bytes);
    }

    /// What is written of a value, without making a text of it.
    fn eat_written(&mut self, written: fmt::Arguments<'_>) {
        self.write_fmt(written)
            .expect("what is eaten is never refused");
    }
}

/// Whether two entries are the same but for what caused them, by their hashes.
pub(super) fn is_same(one: &Entry, other: &Entry) -> bool {
    let hash = |entry: &Entry| EventHash::of(entry.event());
    one.time == other.time && hash(one) == hash(other)
}

/// FNV-1a, eight bytes at a time, over what makes an entry: when, of what, what and how it went; never random bytes of
/// a handshake.
fn eat(mut state: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    for word in words.iter().chain([&last]) {
        state = (state ^ u64::from_le_bytes(*word)).wrapping_mul(FNV_PRIME);
        state ^= state >> 32;
    }
    (state ^ bytes.len() as u64).wrapping_mul(FNV_PRIME)
}

impl EventHash {
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of entry")]
    fn eat_kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Started => self.eat(b"started"),
            Kind::Settled { at_rest: true } => self.eat(b"settled"),
            Kind::Settled { at_rest: false } => self.eat(b"watched"),
            Kind::LeaderElected => self.eat(b"leader-elected"),
            // The value and not its place in a plan, which differs between a future and its base.
            Kind::Action(record) => self.eat_written(format_args!("{:?}", record.action())),
            Kind::Relation {
                change,
                interface,
                provider,
                requirer,
            } => {
                for part in [change.as_str(), interface] {
                    self.eat(part.as_bytes());
                }
                for side in [provider, requirer] {
                    self.eat_written(format_args!("{side}"));
                }
            }
            Kind::HookStarted { hook } => {
                self.eat(b"started");
                self.eat_written(format_args!("{hook}"));
            }
            Kind::HookCommitted { hook } => {
                self.eat(b"committed");
                self.eat_written(format_args!("{hook}"));
            }
            Kind::HookFailed { hook, error } => {
                self.eat(b"failed");
                self.eat_written(format_args!("{hook} {error}"));
            }
            Kind::DatabagChanged { relation, keys } => {
                self.eat_written(format_args!("{relation}"));
                for key in &**keys {
                    self.eat(key.as_bytes());
                }
            }
            Kind::Secret { change, label } => {
                for part in [change.as_str().as_bytes(), label.as_bytes()] {
                    self.eat(part);
                }
            }
            Kind::StatusChanged { status, message } => {
                for part in [status.as_str(), message] {
                    self.eat(part.as_bytes());
                }
            }
            Kind::AgentNotConnected(error) | Kind::LinkDown(error) => {
                self.eat_written(format_args!("{error}"));
            }
            Kind::CertificateIssued(record) => self.eat(record.certificate.sha256()),
            Kind::CertificateServed {
                endpoint,
                certificate,
            } => {
                self.eat(endpoint.as_bytes());
                self.eat(
                    certificate
                        .as_ref()
                        .map_or(&[], |certificate| certificate.sha256()),
                );
            }
            Kind::KeyStored(record) => {
                for part in [&record.place, &record.holder, &record.serial] {
                    self.eat(part.as_bytes());
                }
            }
            Kind::TrustChanged { roots } => roots.iter().for_each(|root| self.eat(root.sha256())),
            Kind::Handshake(record) => {
                self.eat(&record.connection.to_le_bytes());
                self.eat(&[record.trigger as u8]);
                self.eat(record.verdict.error_name().as_bytes());
            }
            Kind::Persists(record) => {
                self.eat(&record.connection.to_le_bytes());
                self.eat_written(format_args!("{:?} {:?}", record.what, record.until));
                self.eat(record.error.kebab().as_bytes());
            }
            // What else is said of a request follows from the databag in which it is.
            Kind::Note(Note::CertificateRequested(record)) => {
                self.eat(record.common_name.as_bytes())
            }
            // The value and not the place of the request.
            Kind::Note(Note::CertificateRefused { refused, .. }) => {
                self.eat_written(format_args!("{refused:?}"));
            }
            Kind::Note(note) => self.eat_written(format_args!("{note:?}")),
        }
    }
}

impl fmt::Write for EventHash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.eat(text.as_bytes());
        Ok(())
    }
}
