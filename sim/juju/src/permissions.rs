//! Who may read and write which databag (juju/juju 3.6, `apiserver/facades/agent/uniter`).

use crate::{ApplicationId, Relation, Topology, UnitId};

/// What may be done, in growing order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Nothing.
    Nothing,
    /// Read.
    Read,
    /// Read and write.
    Write,
}

/// Whose databag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A unit's.
    Unit(UnitId),
    /// An application's.
    Application(ApplicationId),
}

/// What `unit` may do with a databag of `relation`.
///
/// The rules are the same for provider and requirer: one's own unit bag is one's own; the
/// application's bag belongs to its leader, and only in a peer relation may the others read it;
/// everything of the other side is readable; the bags of fellow units only in a peer relation.
pub fn access(
    topology: &Topology,
    relation: &Relation,
    unit: UnitId,
    leads: bool,
    whose: Whose,
) -> Access {
    let own = topology.unit(unit).application;
    if relation.end_of(own).is_none() {
        return Access::Nothing;
    }
    match whose {
        Whose::Unit(owner) if owner == unit => Access::Write,
        Whose::Unit(owner) if topology.unit(owner).application != own => Access::Read,
        Whose::Unit(_) if relation.is_peer() => Access::Read,
        Whose::Unit(_) => Access::Nothing,
        Whose::Application(owner) if owner != own => Access::Read,
        Whose::Application(_) if leads => Access::Write,
        Whose::Application(_) if relation.is_peer() => Access::Read,
        Whose::Application(_) => Access::Nothing,
    }
}
