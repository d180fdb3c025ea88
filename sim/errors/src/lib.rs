//! What can be wrong with a scenario, and how that is reported: a [`Code`] with the page that explains
//! it, a [`Diagnostic`] with places in the texts that were read, and the text of a list of them in
//! the style of rustc.
//!
//! A reader of scenarios that meets `model: shop` where there is no such model makes a
//! `Diagnostic::error(Code::UnknownModel, place, message)` and goes on. [`Diagnostics::render`] prints all
//! of them at the end: `error[TS0201]: there is no model `shop``, an arrow to the file, line and column,
//! the line itself with the name underlined, and what might help. [`explain`] prints the page of a code,
//! which is the doc comment of its item. Must not know what any key means: the readers of scenarios decide
//! what is wrong.

mod codes;
mod conceal;
mod diagnostic;
mod render;

pub use codes::{Code, explain};
pub use conceal::is_secret;
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
