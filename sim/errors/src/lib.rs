//! What can be wrong with a scenario, and how that is told: a [`Code`] with the page that explains
//! it, a [`Diagnostic`] with places in the texts that were read, and the text of a list of them in
//! the style of rustc.
//!
//! `error[TS0201]: there is no model `shop`` is `Diagnostic::error(Code::UnknownModel, place,
//! message)`, rendered by [`Diagnostics::render`]. Must not know what any key means: the
//! readers of scenarios decide what is wrong.

mod codes;
mod diagnostic;
mod render;

pub use codes::{Code, explain};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
