//! The words for whether the victim of an impersonation has to trust what deceives it.

use trustsim_whatif::Need;

/// One word.
pub const fn word(need: Need) -> &'static str {
    match need {
        Need::Needed => "needed",
        Need::Excess => "excess",
        Need::Idle => "idle",
    }
}
