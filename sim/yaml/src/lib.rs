//! YAML text as a tree of nodes that know their place, and typed reading from that tree with every
//! mistake gathered and the nearest right name beside it.
//!
//! [`parse`] makes the tree. [`record!`] declares a struct by its keys, and [`FromNode`] fills it in
//! while a [`Reader`] gathers what is wrong. For example, a record with the key `num-units` that meets
//! `num_units: 3` leaves that field empty and gathers one [`Mistake`]: an unknown key, at the bytes of
//! `num_units`, with the help that a similar key exists. Reading goes on, so that one pass finds them all;
//! [`Sources`] turns the place of each into a line and a column.
//!
//! Scenario files, bundles and the catalogue of charms are all read through here. Must not know
//! Juju, TLS or files: text comes in, values and mistakes come out.

mod distance;
mod json;
mod node;
mod parse;
mod patch;
mod place;
mod read;
mod record;

pub use distance::nearest;
pub use node::{Entry, Node, Scalar, ScalarKind, Value};
pub use parse::{SyntaxError, parse};
pub use place::{Place, SourceText, Sources, Spanned, Text};
pub use read::{FromNode, Map, Mistake, MistakeKind, Reader, Unknown};
pub use record::Flag;
