//! Relations as written, before their endpoints are found.

use trustsim_model::{ApplicationIndex, ModelIndex, Party};
use trustsim_yaml::{Place, Text};

/// A relation as written, with both parties found.
#[derive(Clone, Debug)]
pub(super) struct RelationDraft {
    pub model: ModelIndex,
    pub sides: [SideDraft; 2],
    pub place: Place,
}

/// One side as written.
#[derive(Clone, Debug)]
pub(super) struct SideDraft {
    /// The whole text.
    pub text: Text,
    /// Application or SAAS.
    pub party: Party,
    /// The application behind it: itself, or the one that is offered.
    pub application: ApplicationIndex,
    /// The endpoint, where it is named.
    pub endpoint: Option<Text>,
}
