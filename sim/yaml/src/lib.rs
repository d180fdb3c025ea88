//! YAML text as a tree of nodes that know where they stand, and typed reading from that tree with
//! every mistake gathered and the nearest right name beside it.
//!
//! Scenario files, bundles and the catalogue of charms are all read through here. Must not know
//! Juju, TLS or files: text comes in, values and mistakes come out.

mod distance;
mod node;
mod parse;
mod place;
mod read;
mod record;

pub use distance::nearest;
pub use node::{Entry, Node, Scalar, ScalarKind, Value};
pub use parse::{SyntaxError, parse};
pub use place::{Place, SourceText, Sources, Spanned, Text};
pub use read::{FromNode, Map, Mistake, MistakeKind, Reader, Unknown};
pub use record::Flag;
