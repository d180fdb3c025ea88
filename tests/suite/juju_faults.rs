//! Faults that strike Juju itself: how long each connection is out, and the cause that the
//! diagnosis names. One file a family in `tests/suite/juju_faults/`.

mod addresses;
mod hooks;
mod network;
mod offers;
mod scale;
mod seal;
mod skew;
mod stage;
mod units;
