//! The words for errors of charms of which no connection tells: failed actions, refused requests and failed hooks.

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
        CharmErrorDetail::ActionMessage(message) => message.clone(),
        CharmErrorDetail::RefusedRequest(refused) => note::refused_request(refused),
        CharmErrorDetail::FailedHook(hook, error) => format!("{hook}: {error}"),
    }
}
