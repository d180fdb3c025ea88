//! From a text to a scenario as written.

use super::given_charms::{GivenCharm, lay_over};
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

/// How a scenario is read beside what its file says.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions<'a> {
    /// The variant that is laid over the file.
    pub variant: Option<&'a str>,
    /// Charms whose code is given, in place of what the file says of their source.
    pub charms: &'a [GivenCharm],
}

/// Reads a scenario as written; `file_name` is what diagnostics call it.
///
/// # Errors
///
/// Only where the text cannot be read as one YAML document, or is another kind of file; any other mistake is in the
/// scenario's diagnostics.
pub fn parse(text: &str, file_name: &str) -> Result<Scenario, Diagnostics> {
    parse_with(text, file_name, LoadOptions::default())
}

/// Reads a scenario as written, with what is laid over it.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_with(
    text: &str,
    file_name: &str,
    options: LoadOptions<'_>,
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
            let wrong = Diagnostic::error(code, error.place, error.message);
            // Scenarios are rarely written as JSON, and what Juju and Terraform print is.
            diagnostics.push(match text.trim_start().starts_with(['{', '[']) {
                true => wrong.help("a dump that was cut off ends so: write it again"),
                false => wrong,
            });
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
    if let Some(name) = options.variant {
        match with_variant(&document, name) {
            Ok(merged) => document = merged,
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    lay_over(&mut document, options.charms, &mut diagnostics);
    let mut reader = Reader::new(Unknown::Refused, true);
    let file = ScenarioFile::from_node(&document, &mut reader).unwrap_or_default();
    let mistakes = reader.mistakes.into_iter().map(Diagnostic::from);
    diagnostics.list.extend(mistakes);
    Ok(Scenario { file, diagnostics })
}
