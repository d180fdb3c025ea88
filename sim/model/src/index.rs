//! Positions in the vectors of a [`Deployment`](super::Deployment) and of a
//! [`Manifest`](super::Manifest), one type for each vector, so that an application is never looked up
//! by the position of a model.
//!
//! These are not the ids of `juju`'s arenas (`juju::ModelId` and the like): those count what a run adds,
//! too, and only `world` knows which of them became of what was deployed.

use std::fmt;

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(usize);

        impl $name {
            /// The position that is counted so from 0.
            pub const fn new(position: usize) -> Self {
                Self(position)
            }
        }

        impl From<usize> for $name {
            fn from(position: usize) -> Self {
                Self(position)
            }
        }

        impl From<$name> for usize {
            fn from(index: $name) -> Self {
                index.0
            }
        }

        /// As a plain number: the fingerprint of a journal hashes actions as they are printed, and
        /// stays what it was before positions had types.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )+};
}

indices! {
    /// Position in [`Deployment::controllers`](super::Deployment::controllers).
    ControllerIndex,
    /// Position in [`Deployment::models`](super::Deployment::models).
    ModelIndex,
    /// Position in [`Deployment::machines`](super::Deployment::machines).
    MachineIndex,
    /// Position in [`Deployment::applications`](super::Deployment::applications); that of a CA is that of
    /// the application whose CA it is.
    ApplicationIndex,
    /// Position in [`Deployment::offers`](super::Deployment::offers).
    OfferIndex,
    /// Position in [`Deployment::saas`](super::Deployment::saas).
    SaasIndex,
    /// Position in [`Deployment::relations`](super::Deployment::relations).
    RelationIndex,
    /// Position in [`Deployment::clients`](super::Deployment::clients).
    ClientIndex,
    /// Position in [`Deployment::connections`](super::Deployment::connections): a line of the scenario,
    /// from which come as many connections as its sides have units.
    ConnectionSpecIndex,
    /// Position in [`Deployment::actions`](super::Deployment::actions).
    ActionIndex,
    /// Position in [`Deployment::operators`](super::Deployment::operators).
    OperatorIndex,
}
