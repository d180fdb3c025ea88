//! What went wrong without any connection telling: actions that failed, requests that a provider
//! refused, hooks that raised. Read off the journal; must not know the terminal.

use std::collections::BTreeMap;

use trustsim_interfaces::notes::RefusedRequest;
use trustsim_juju::HookName;
use trustsim_kernel::Time;
use trustsim_model::{Address, Entry, Journal, Kind, Note};

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

/// Everything that went wrong, by kind, unit and words, in the order in which it began.
pub fn charm_errors(journal: &Journal) -> Vec<CharmError> {
    let mut found: BTreeMap<(CharmErrorKind, Address, CharmErrorDetail), CharmError> =
        BTreeMap::new();
    for entry in journal.entries() {
        let Some((kind, detail)) = classify(entry) else {
            continue;
        };
        let Some(unit) = entry.subject.address() else {
            continue;
        };
        let key = (kind, unit.clone(), detail.clone());
        let error = found.entry(key).or_insert_with(|| CharmError {
            kind,
            unit,
            detail,
            first: entry.time,
            last: entry.time,
            count: 0,
        });
        error.last = entry.time;
        error.count += 1;
    }
    let mut all: Vec<CharmError> = found.into_values().collect();
    all.sort_by_key(|error| error.first);
    all
}

/// What went wrong in an entry, where something did.
fn classify(entry: &Entry) -> Option<(CharmErrorKind, CharmErrorDetail)> {
    match &entry.kind {
        Kind::Note(Note::ActionFailed { message }) => Some((
            CharmErrorKind::ActionFailed,
            CharmErrorDetail::ActionMessage(message.clone()),
        )),
        Kind::Note(Note::CertificateRefused { refused, .. }) => Some((
            CharmErrorKind::RequestRefused,
            CharmErrorDetail::RefusedRequest(refused.clone()),
        )),
        Kind::HookFailed { hook, error } => Some((
            CharmErrorKind::HookFailed,
            CharmErrorDetail::FailedHook(hook.clone(), error.to_string()),
        )),
        _ => None,
    }
}
