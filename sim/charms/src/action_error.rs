//! Why an action of a charm ends without a result.

use trustsim_juju::HookError;

/// Why an action ends without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ActionError {
    /// The charm calls `event.fail` with this message.
    Failed(&'static str),
    /// The charm raises, and the hook fails.
    Raised(HookError),
}

impl From<HookError> for ActionError {
    fn from(error: HookError) -> Self {
        Self::Raised(error)
    }
}
