//! The words for what went wrong at a charm without any connection telling.

use trustsim_diagnosis::{CharmErrorDetail, CharmErrorKind};

use super::note;

/// What went wrong, in two words.
pub const fn kind(kind: CharmErrorKind) -> &'static str {
    match kind {
        CharmErrorKind::ActionFailed => "action failed",
        CharmErrorKind::RequestRefused => "request refused",
        CharmErrorKind::HookFailed => "hook failed",
    }
}

/// What the charm said, one line.
pub fn message(detail: &CharmErrorDetail) -> String {
    match detail {
        CharmErrorDetail::Message(message) => message.clone(),
        CharmErrorDetail::Request(refused) => note::refused_request(refused),
        CharmErrorDetail::Hook(hook, error) => format!("{hook}: {error}"),
    }
}
