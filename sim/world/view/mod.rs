//! The world at one instant as `juju` would show it: data only, no layout.

mod export;
mod status;
mod unit;

pub use export::ExportedConnection;
