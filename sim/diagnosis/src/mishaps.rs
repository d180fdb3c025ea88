//! What went wrong without any connection telling: actions that failed, requests that a provider
//! refused, hooks that raised. Read off the journal; must not know the terminal.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::describe::refused_request;
use trustsim_kernel::Time;
use trustsim_world::{Entry, Journal, Kind, Note};

/// Kinds of mishaps, each with a code of its own that `trustsim explain` tells more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MishapKind {
    /// An action was refused by its charm.
    ActionFailed,
    /// A provider refused a request for a certificate.
    RequestRefused,
    /// A hook raised, and is run again until it does not.
    HookFailed,
}

impl MishapKind {
    /// `TS0317` and so on.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ActionFailed => "TS0317",
            Self::RequestRefused => "TS0318",
            Self::HookFailed => "TS0319",
        }
    }

    /// In two words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActionFailed => "action failed",
            Self::RequestRefused => "request refused",
            Self::HookFailed => "hook failed",
        }
    }
}

/// The same thing going wrong at the same unit, once or again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mishap {
    /// What kind it is.
    pub kind: MishapKind,
    /// `model.application/0`.
    pub unit: String,
    /// What the charm said.
    pub message: String,
    /// When it happened first.
    pub first: Time,
    /// When it happened last.
    pub last: Time,
    /// How often.
    pub count: u64,
}

/// Everything that went wrong, by kind, unit and words, in the order in which it began.
pub fn mishaps(journal: &Journal) -> Vec<Mishap> {
    let mut found: BTreeMap<(MishapKind, String, String), Mishap> = BTreeMap::new();
    for entry in journal.entries() {
        let Some((kind, message)) = told(entry) else {
            continue;
        };
        let unit = unit_of(entry);
        let key = (kind, unit.clone(), message.clone());
        let mishap = found.entry(key).or_insert_with(|| Mishap {
            kind,
            unit,
            message,
            first: entry.time,
            last: entry.time,
            count: 0,
        });
        mishap.last = entry.time;
        mishap.count += 1;
    }
    let mut all: Vec<Mishap> = found.into_values().collect();
    all.sort_by_key(|mishap| mishap.first);
    all
}

fn told(entry: &Entry) -> Option<(MishapKind, String)> {
    match &entry.kind {
        Kind::Note(Note::ActionFailed { message }) => {
            Some((MishapKind::ActionFailed, message.clone()))
        }
        Kind::Note(Note::CertificateRefused {
            common_name,
            reason,
        }) => {
            let text = refused_request(common_name.as_deref(), reason);
            Some((MishapKind::RequestRefused, text))
        }
        Kind::HookFailed { hook, error } => {
            Some((MishapKind::HookFailed, format!("{hook}: {error}")))
        }
        _ => None,
    }
}

fn unit_of(entry: &Entry) -> String {
    let part = |text: &Option<Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
    let unit = part(&entry.subject.unit);
    match entry.subject.model.as_deref() {
        Some(model) if !unit.starts_with(&format!("{model}.")) => format!("{model}.{unit}"),
        _ => unit,
    }
}
