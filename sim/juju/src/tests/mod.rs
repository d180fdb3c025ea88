//! Agents at play: each test names the part of juju/juju 3.6 (1c91c54f) that it holds Juju to.

mod addresses;
mod commits;
mod cross_model;
mod elision;
mod failure;
mod impairment;
mod leadership;
mod machines;
mod network;
mod random;
mod relations;
mod secrets;
mod settled;
mod speed;
mod stage;
mod startup;
