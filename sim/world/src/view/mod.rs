//! The world at one instant as `juju` would show it: data only, no layout.

mod attack;
mod bundle;
mod config;
mod export;
mod model;
mod recording;
mod status;
mod unit;

pub use attack::{Trusting, WatchedSource};
pub use export::ExportedConnection;
