//! The words for what went wrong at a charm without any connection telling.

use trustsim_diagnosis::CharmErrorDetail;

use super::note;

/// What the charm said, one line.
pub fn message(detail: &CharmErrorDetail) -> String {
    match detail {
        CharmErrorDetail::Message(message) => message.clone(),
        CharmErrorDetail::Request {
            common_name,
            reason,
        } => note::refused_request(common_name.as_deref(), reason),
        CharmErrorDetail::Hook(hook, error) => format!("{hook}: {error}"),
    }
}
