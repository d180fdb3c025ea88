//! The words for values: the one place in which a fact becomes English. (The command lines of actions, such as
//! `juju run ...`, come from the model. Those of remedies are made in [`command`].)
//!
//! The crates that this one depends on return values: an instant, a span, a certificate, a verdict, an entry
//! of the journal. The formats (terminal tables, CSV, JSON, plots) lay values out, and ask this module
//! for the wording of each, so that the same fact reads alike in all of them and is renamed in one
//! place. Nothing is ever read back out of the words made here.
//!
//! For example, a failed handshake in `handshakes.csv`, in `why --format json` and in the summary on
//! a terminal has the outcome `failed` from [`verdict::outcome`], and the certificate it was about
//! is named `CN=web (serial 1a2b3c4d..)` by [`certificate::name`] wherever it is named.
//!
//! One file owns the words of one kind of value. A new kind of value gets a file of its own.

pub mod assumption;
pub mod ca_route;
pub mod cause;
pub mod certificate;
pub mod chance;
pub mod charm_error;
pub mod command;
pub mod digest;
pub mod edge_standing;
pub mod edges;
pub mod endless_loop;
pub mod entry;
pub mod expectation;
pub mod explanation;
pub mod invariant;
pub mod names;
pub mod need;
pub mod note;
pub mod number;
pub mod open_outage;
pub mod order;
pub mod refused_action;
pub mod remedy;
pub mod requests;
pub mod rotation;
pub mod secret;
pub mod standing;
pub mod step;
pub mod symptom;
#[cfg(test)]
mod tests;
pub mod time;
pub mod transit;
pub mod trial;
pub mod trusted;
pub mod unencrypted;
pub mod unplayed_repeats;
pub mod verdict;
pub mod violation;
