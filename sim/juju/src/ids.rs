//! Newtype ids: positions in the arenas of [`Juju`](crate::Juju).

use crate::arena::Id;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// Position in its arena.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of this position.
            ///
            /// # Panics
            ///
            /// Beyond 2^32 things of one kind, which no run holds.
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("arenas are counted in 32 bits"))
            }
        }

        impl Id for $name {
            fn position(self) -> usize {
                self.index()
            }

            fn at(position: usize) -> Self {
                Self::from_index(position)
            }
        }
    )+};
}

ids! {
    /// A controller.
    ControllerId,
    /// A model.
    ModelId,
    /// An application, or the proxy of one in another model.
    ApplicationId,
    /// A unit, or the proxy of one in another model.
    UnitId,
    /// A machine.
    MachineId,
    /// A relation of one model; the two models of a cross-model relation each have their own.
    RelationId,
    /// The two halves of a cross-model relation.
    LinkId,
    /// A secret.
    SecretId,
}
