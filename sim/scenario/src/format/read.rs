//! From a text to a scenario as written.

use super::other_files::OtherFile;
use super::shape::ScenarioFile;
use super::unseen::refuse_unseen_letters;
use super::variants::with_variant;
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_yaml::{FromNode, Reader, Unknown};

/// A scenario as written, with the mistakes found so far.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// What it says.
    pub file: ScenarioFile,
    /// What is wrong with how it says it, and its text.
    pub diagnostics: Diagnostics,
}

/// Reads a scenario as written; `file_name` is what diagnostics call it.
///
/// # Errors
///
/// Only where the text cannot be read as one YAML document, or is another kind of file; any other mistake is in the
/// scenario's diagnostics.
pub fn parse(text: &str, file_name: &str) -> Result<Scenario, Diagnostics> {
    parse_variant(text, file_name, None)
}

pub(crate) fn parse_variant(
    text: &str,
    file_name: &str,
    variant: Option<&str>,
) -> Result<Scenario, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let index = diagnostics.sources.add(file_name, text);
    let documents = match trustsim_yaml::parse(text, index) {
        Ok(documents) => documents,
        Err(error) => {
            let code = if error.limit {
                Code::Limits
            } else {
                Code::Syntax
            };
            diagnostics.push(Diagnostic::error(code, error.place, error.message));
            return Err(diagnostics);
        }
    };
    let mut documents = documents.into_iter();
    let Some(mut document) = documents.next() else {
        let message = format!("`{file_name}` is empty");
        let help = "a scenario needs at least `models`; the README has one to begin with";
        diagnostics.push(Diagnostic::new(Code::FileEmpty, Severity::Error, message).help(help));
        return Err(diagnostics);
    };
    if let Some(other) = OtherFile::in_place_of_a_scenario(&document) {
        diagnostics.push(other.refusal(file_name, "a scenario"));
        return Err(diagnostics);
    }
    refuse_unseen_letters(&document, &mut diagnostics);
    if let Some(second) = documents.next() {
        let message = "a scenario is one YAML document";
        let help = "several documents are for bundle files, which `from:` names";
        diagnostics.push(Diagnostic::error(Code::OneOf, second.place, message).help(help));
    }
    if let Some(name) = variant {
        match with_variant(&document, name) {
            Ok(merged) => document = merged,
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    let mut reader = Reader::new(Unknown::Refused, true);
    let file = ScenarioFile::from_node(&document, &mut reader).unwrap_or_default();
    let mistakes = reader.mistakes.into_iter().map(Diagnostic::from);
    diagnostics.list.extend(mistakes);
    Ok(Scenario { file, diagnostics })
}
