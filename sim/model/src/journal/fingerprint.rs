//! What two journals are compared by: a rolling hash over time, subject, kind and outcome of every entry.

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
        let mut state = FNV_OFFSET;
        let mut add = |bytes: &[u8]| state = eat(state, bytes);
        let subject = &event.subject;
        for part in [&subject.model, &subject.application, &subject.unit] {
            add(part.as_deref().unwrap_or("-").as_bytes());
        }
        fold_kind(&event.kind, &mut add);
        Self(state)
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

#[expect(clippy::too_many_lines, reason = "one arm for each kind of entry")]
fn fold_kind(kind: &Kind, eat: &mut impl FnMut(&[u8])) {
    match kind {
        Kind::Started => eat(b"started"),
        Kind::Settled { at_rest: true } => eat(b"settled"),
        Kind::Settled { at_rest: false } => eat(b"watched"),
        Kind::LeaderElected => eat(b"leader-elected"),
        // The value and not its place in a plan, which differs between a future and its base.
        Kind::Action(record) => eat(format!("{:?}", record.action()).as_bytes()),
        Kind::Relation {
            change,
            interface,
            provider,
            requirer,
        } => {
            for part in [change.as_str(), interface] {
                eat(part.as_bytes());
            }
            for side in [provider, requirer] {
                eat(side.to_string().as_bytes());
            }
        }
        Kind::HookStarted { hook } => {
            for part in [&b"started"[..], hook.to_string().as_bytes()] {
                eat(part);
            }
        }
        Kind::HookCommitted { hook } => {
            for part in [&b"committed"[..], hook.to_string().as_bytes()] {
                eat(part);
            }
        }
        Kind::HookFailed { hook, error } => {
            for part in [hook.to_string(), error.to_string()] {
                eat(part.as_bytes());
            }
        }
        Kind::DatabagChanged { relation, keys } => {
            eat(relation.to_string().as_bytes());
            for key in &**keys {
                eat(key.as_bytes());
            }
        }
        Kind::Secret { change, label } => {
            for part in [change.as_str().as_bytes(), label.as_bytes()] {
                eat(part);
            }
        }
        Kind::StatusChanged { status, message } => {
            for part in [status.as_str(), message] {
                eat(part.as_bytes());
            }
        }
        Kind::AgentNotConnected(error) | Kind::LinkDown(error) => {
            eat(error.to_string().as_bytes());
        }
        Kind::CertificateIssued(record) => eat(record.certificate.sha256()),
        Kind::CertificateServed {
            endpoint,
            certificate,
        } => {
            eat(endpoint.as_bytes());
            eat(certificate
                .as_ref()
                .map_or(&[], |certificate| certificate.sha256()));
        }
        Kind::KeyStored(record) => {
            for part in [&record.place, &record.holder, &record.serial] {
                eat(part.as_bytes());
            }
        }
        Kind::TrustChanged { roots } => roots.iter().for_each(|root| eat(root.sha256())),
        Kind::Handshake(record) => {
            eat(&record.connection.to_le_bytes());
            eat(&[record.trigger as u8]);
            eat(record.verdict.error_name().as_bytes());
        }
        Kind::Persists(record) => {
            eat(&record.connection.to_le_bytes());
            eat(format!("{:?} {:?}", record.what, record.until).as_bytes());
            eat(record.error.kebab().as_bytes());
        }
        // What else is said of a request follows from the databag in which it is.
        Kind::Note(Note::CertificateRequested(record)) => eat(record.common_name.as_bytes()),
        // The value and not the place of the request.
        Kind::Note(Note::CertificateRefused { refused, .. }) => {
            eat(format!("{refused:?}").as_bytes());
        }
        Kind::Note(note) => eat(format!("{note:?}").as_bytes()),
    }
}
