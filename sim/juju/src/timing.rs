//! When things reach an agent or a controller, and how long they take: what latencies, draws and the
//! network make of them. Reads only.

use crate::network::Network;
use crate::{Latencies, Topology};
use trustsim_kernel::Streams;

/// What instants and durations depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing<'a> {
    pub(crate) topology: &'a Topology,
    pub(crate) network: &'a Network,
    pub(crate) latencies: &'a Latencies,
    pub(crate) streams: &'a Streams,
}

impl std::ops::Deref for Timing<'_> {
    type Target = Topology;

    fn deref(&self) -> &Topology {
        self.topology
    }
}
