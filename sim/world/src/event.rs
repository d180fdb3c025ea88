//! What is due in a world, and when.

use trustsim_juju::{self as juju, UnitId};
use trustsim_kernel::Time;
use trustsim_model::{ActionIndex, ApplicationIndex, ClientIndex, OperatorIndex};

/// Something due in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Something due in Juju.
    Juju(juju::Event),
    /// The n-th action of the plan.
    Action(ActionIndex),
    /// Looks whether the deployment has settled.
    SettleCheck,
    /// A validity boundary of a connection passes.
    Boundary { connection: u32, generation: u32 },
    /// The next revocation list of an authority.
    PublishLists { ca: ApplicationIndex, number: u64 },
    /// An open connection or a session is as old as it gets.
    SessionExpires { connection: u32, expiry: u32 },
    /// A connection is tried; only where every attempt is performed.
    Attempt(u32),
    /// A client fetches the CAs it trusts again.
    RefreshClient(ClientIndex),
    /// A restarted workload answers again.
    Answers(UnitId),
    /// A new unit may be ready; it is watched at the latest from `deadline`.
    Ready { unit: UnitId, deadline: Time },
    /// An operator does the n-th task.
    OperatorTask(usize),
    /// An operator looks after whatever waits.
    Round(OperatorIndex),
}
