//! Whether what was played before a command happens in the same way with it.

use trustsim_diagnosis::entry_kind;
use trustsim_kernel::Time;
use trustsim_model::{Entry, Journal, Kind, Subject};

type Told<'a> = (Time, &'a Subject, &'static str);

/// The first instant before `until` at which two journals tell of something else. What is judged of connections is left out,
/// since one more may be watched.
pub(crate) fn differs_at(before: &Journal, after: &Journal, until: Time) -> Option<Time> {
    let (before, after) = (told(before, until), told(after, until));
    let mut pairs = before.iter().zip(&after);
    if let Some((before, after)) = pairs.find(|(before, after)| before != after) {
        return Some(before.0.min(after.0));
    }
    let shorter = before.len().min(after.len());
    let mut rest = before[shorter..].iter().chain(&after[shorter..]);
    rest.next().map(|told| told.0)
}

/// The entries that are compared before an instant: the time, the subject and the kind of each.
fn told(journal: &Journal, until: Time) -> Vec<Told<'_>> {
    let entries = journal.entries().iter();
    let entries = entries.take_while(|entry| entry.time < until);
    let compared = entries.filter(|entry| is_compared(entry));
    compared
        .map(|entry| (entry.time, &entry.subject, entry_kind(&entry.kind)))
        .collect()
}

fn is_compared(entry: &Entry) -> bool {
    !matches!(entry.kind, Kind::Handshake(_) | Kind::Persists(_))
}
