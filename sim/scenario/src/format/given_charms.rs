//! Charms whose code is given beside a scenario, as `--charm NAME=PATH` of the command line does: laid over the document
//! before it is read, as if it said `charms: {NAME: {source: PATH}}`.

use std::path::PathBuf;

use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_yaml::{Node, parse};

/// What diagnostics call the text that is laid over a scenario.
const SHOWN: &str = "--charm";

/// A charm that is played by the code in a folder, whatever the scenario says of its source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GivenCharm {
    /// The name of the charm.
    pub name: String,
    /// Its folder. One that is not absolute is beside the scenario, as `source` is.
    pub source: PathBuf,
}

/// Lays what is given over a document. What is wrong with it is reported at a text of its own.
pub(super) fn lay_over(document: &mut Node, given: &[GivenCharm], out: &mut Diagnostics) {
    for charm in given {
        let Some(source) = charm.source.to_str() else {
            let message = format!("the path `{}` is no UTF-8", charm.source.display());
            out.push(Diagnostic::new(Code::BadValue, Severity::Error, message));
            continue;
        };
        let (name, source) = (quoted(&charm.name), quoted(source));
        let text = format!("charms: {{{name}: {{source: {source}}}}}\n");
        let file = out.sources.add(SHOWN, &text);
        match parse(&text, file) {
            Ok(documents) => documents
                .iter()
                .for_each(|given| document.merge_patch(given)),
            Err(error) => out.push(Diagnostic::error(Code::Syntax, error.place, error.message)),
        }
    }
}

/// A text as YAML has it between quotes. YAML reads what JSON writes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
