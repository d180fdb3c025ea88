//! What went wrong without any connection telling: actions that failed, requests that a provider
//! refused, hooks that raised. Read off the journal; must not know the terminal.

use std::collections::BTreeMap;

use trustsim_interfaces::notes::RefusedRequest;
use trustsim_juju::{HookError, HookName};
use trustsim_kernel::Time;
use trustsim_model::{Address, Entry, Journal, Kind, Manifest, Note, Subject};

/// Kinds of what goes wrong at a charm, each with a code of its own that `trustsim explain` tells more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CharmErrorKind {
    /// An action was refused by its charm.
    ActionFailed,
    /// A provider refused a request for a certificate.
    RequestRefused,
    /// A hook raised, and is run again until it does not.
    HookFailed,
}

impl CharmErrorKind {
    /// `TS0317` and so on.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ActionFailed => "TS0317",
            Self::RequestRefused => "TS0318",
            Self::HookFailed => "TS0319",
        }
    }
}

/// What a charm said when something went wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CharmErrorDetail {
    /// An action's message.
    ActionMessage(String),
    /// Which request was refused, and why.
    RefusedRequest(RefusedRequest),
    /// Which hook raised, and what.
    FailedHook(HookName, String),
}

/// The same thing going wrong at the same unit, once or again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharmError {
    /// What kind it is.
    pub kind: CharmErrorKind,
    /// The unit.
    pub unit: Address,
    /// What the charm said.
    pub detail: CharmErrorDetail,
    /// When it happened first.
    pub first: Time,
    /// When it happened last.
    pub last: Time,
    /// How often.
    pub count: u64,
}

/// What went wrong, as it lies in the journal: a hook may fail a million times, and is put into words once.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Found<'a> {
    ActionMessage(&'a str),
    RefusedRequest(&'a RefusedRequest),
    FailedHook(&'a HookName, &'a HookError),
}

/// When something went wrong first and last, and how often.
#[derive(Clone, Copy)]
struct Seen {
    first: Time,
    last: Time,
    count: u64,
}

impl Seen {
    fn add(&mut self, more: Self) {
        self.first = self.first.min(more.first);
        self.last = self.last.max(more.last);
        self.count += more.count;
    }
}

/// Everything that went wrong, by kind, unit and words, in the order in which it began.
pub fn charm_errors(manifest: &Manifest, journal: &Journal) -> Vec<CharmError> {
    let mut seen: BTreeMap<(Found<'_>, &Subject), Seen> = BTreeMap::new();
    for entry in journal.entries() {
        let Some(found) = classify(entry) else {
            continue;
        };
        let once = Seen {
            first: entry.time,
            last: entry.time,
            count: 1,
        };
        let known = seen.entry((found, &entry.subject));
        known.and_modify(|seen| seen.add(once)).or_insert(once);
    }
    // What reads the same is the same.
    let mut by_words: BTreeMap<(CharmErrorKind, Address, CharmErrorDetail), Seen> = BTreeMap::new();
    for ((found, subject), once) in seen {
        let Some(unit) = subject.address() else {
            continue;
        };
        let (kind, detail) = found.to_detail();
        let known = by_words.entry((kind, unit, detail));
        known.and_modify(|seen| seen.add(once)).or_insert(once);
    }
    let of = |((kind, unit, detail), seen): ((_, _, _), Seen)| CharmError {
        kind,
        unit,
        detail,
        first: seen.first,
        last: seen.last,
        count: seen.count,
    };
    let mut all: Vec<CharmError> = by_words.into_iter().map(of).collect();
    all.sort_by_key(|error| error.first);
    for unplayed in manifest.unplayed.iter().filter(|it| it.fails) {
        let hook = |detail: &CharmErrorDetail| match detail {
            CharmErrorDetail::FailedHook(hook, _) => *hook == unplayed.hook,
            _ => false,
        };
        let same = all.iter_mut().filter(|error| {
            error.unit == unplayed.unit && hook(&error.detail) && error.last >= unplayed.from
        });
        if let Some(error) = same.min_by_key(|error| error.last) {
            error.count += unplayed.count;
        }
    }
    all
}

impl Found<'_> {
    fn to_detail(&self) -> (CharmErrorKind, CharmErrorDetail) {
        match *self {
            Self::ActionMessage(message) => (
                CharmErrorKind::ActionFailed,
                CharmErrorDetail::ActionMessage(message.to_owned()),
            ),
            Self::RefusedRequest(refused) => (
                CharmErrorKind::RequestRefused,
                CharmErrorDetail::RefusedRequest(refused.clone()),
            ),
            Self::FailedHook(hook, error) => (
                CharmErrorKind::HookFailed,
                CharmErrorDetail::FailedHook(hook.clone(), error.to_string()),
            ),
        }
    }
}

/// What went wrong in an entry, where something did.
fn classify(entry: &Entry) -> Option<Found<'_>> {
    match &entry.kind {
        Kind::Note(Note::ActionFailed { message }) => Some(Found::ActionMessage(message)),
        Kind::Note(Note::CertificateRefused { refused, .. }) => {
            Some(Found::RefusedRequest(refused))
        }
        Kind::HookFailed { hook, error } => Some(Found::FailedHook(hook, error)),
        _ => None,
    }
}
