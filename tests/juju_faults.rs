//! Faults that strike Juju itself: how long each connection is out, and the cause that the
//! diagnosis names. One file a family in `tests/juju_faults/`.

mod common;

#[path = "juju_faults/hooks.rs"]
mod hooks;
#[path = "juju_faults/network.rs"]
mod network;
#[path = "juju_faults/offers.rs"]
mod offers;
#[path = "juju_faults/scale.rs"]
mod scale;
#[path = "juju_faults/seal.rs"]
mod seal;
#[path = "juju_faults/skew.rs"]
mod skew;
#[path = "juju_faults/stage.rs"]
mod stage;
#[path = "juju_faults/units.rs"]
mod units;
