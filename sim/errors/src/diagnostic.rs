//! What is wrong with a scenario, told in one shape: code, severity, message, places, help.

use std::fmt;

use super::codes::Code;
use trustsim_yaml::{Mistake, MistakeKind, Place, Reader, Sources};

/// How bad it is. The worst comes first in the order of diagnostics: an error is less than a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The scenario cannot be played.
    Error,
    /// The scenario can be played, but most likely not as meant.
    Warning,
    /// The scenario is played as meant; this is for information.
    Note,
}

/// A place and what is said beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What; may be empty.
    pub text: String,
}

/// One finding about a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One line, lower case.
    pub message: String,
    /// Where it is; `None` for a file that was never read.
    pub primary: Option<Label>,
    /// Further places.
    pub secondary: Vec<Label>,
    /// Further information, such as the message that Juju would print.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding without a place yet.
    pub fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            primary: None,
            secondary: Vec::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// An error at a place.
    pub fn error(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message).at(place, "")
    }

    /// A warning at a place.
    pub fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message).at(place, "")
    }

    /// Sets the place and the text beside its caret.
    #[must_use]
    pub fn at(mut self, place: Place, text: impl Into<String>) -> Self {
        let text = text.into();
        self.primary = Some(Label { place, text });
        self
    }

    /// Sets the text beside the caret.
    ///
    /// # Panics
    ///
    /// Where it has no place yet, and so no caret.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        match &mut self.primary {
            Some(primary) => primary.text = text,
            None => panic!("the label `{text}` of `{}` has no place", self.message),
        }
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn also(mut self, place: Place, text: impl Into<String>) -> Self {
        let text = text.into();
        self.secondary.push(Label { place, text });
        self
    }

    /// Adds further information.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Offers the nearest right name, where there is one.
    #[must_use]
    pub fn similar(self, what: &str, name: Option<&str>) -> Self {
        match name {
            Some(name) => self.help(format!("{what} with a similar name exists: `{name}`")),
            None => self,
        }
    }
}

impl From<Mistake> for Diagnostic {
    fn from(mistake: Mistake) -> Self {
        let (code, severity) = match mistake.kind {
            MistakeKind::UnknownKey { refused: true } => (Code::UnknownKey, Severity::Error),
            MistakeKind::UnknownKey { refused: false } => (Code::UnknownKey, Severity::Warning),
            MistakeKind::DuplicateKey { .. } => (Code::DuplicateKey, Severity::Error),
            MistakeKind::WrongType => (Code::WrongType, Severity::Error),
            MistakeKind::MissingKey => (Code::MissingKey, Severity::Error),
            MistakeKind::BadValue => (Code::BadValue, Severity::Error),
        };
        let mut diagnostic =
            Self::new(code, severity, mistake.message).at(mistake.place, mistake.label);
        if let MistakeKind::DuplicateKey { first } = mistake.kind {
            diagnostic = diagnostic.also(first, "first here");
        }
        diagnostic.help = mistake.help;
        diagnostic
    }
}

/// Findings with the texts they point into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    /// The texts.
    pub sources: Sources,
    /// The findings, in the order of their places once reading is done.
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds every mistake that a reader met.
    pub fn push_mistakes(&mut self, reader: Reader) {
        let found = reader.mistakes.into_iter().map(Diagnostic::from);
        self.list.extend(found);
    }

    /// Whether the scenario cannot be played.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many there are of that severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    }

    /// Orders them by their places in the files and drops repeated ones.
    pub fn sort_and_dedup(&mut self) {
        let key = |diagnostic: &Diagnostic| {
            let place = diagnostic.primary.as_ref().map(|label| label.place);
            (place, diagnostic.severity, diagnostic.code)
        };
        self.list.sort_by_key(key);
        let mut kept: Vec<Diagnostic> = Vec::with_capacity(self.list.len());
        for diagnostic in std::mem::take(&mut self.list) {
            let before = kept.iter().rev();
            // Another one with the same key may be between the two.
            let mut same_key = before.take_while(|other| key(other) == key(&diagnostic));
            if !same_key.any(|other| *other == diagnostic) {
                kept.push(diagnostic);
            }
        }
        self.list = kept;
    }
}

/// `3 errors, 1 warning`, or `1 note` where there is nothing worse.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        let errors = self.count(Severity::Error);
        let warnings = self.count(Severity::Warning);
        match (errors, warnings) {
            (0, 0) => f.write_str(&plural(self.count(Severity::Note), "note")),
            (0, _) => f.write_str(&plural(warnings, "warning")),
            (_, 0) => f.write_str(&plural(errors, "error")),
            _ => write!(
                f,
                "{}, {}",
                plural(errors, "error"),
                plural(warnings, "warning")
            ),
        }
    }
}

/// A caller that cannot go on because of them ([`Diagnostics::has_errors`]) returns them as its error.
impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: u32) -> Place {
        Place {
            file: 0,
            start,
            end: start + 1,
        }
    }

    #[test]
    fn a_repeated_diagnostic_is_dropped_wherever_it_is() {
        let one = Diagnostic::error(Code::BadValue, at(1), "one");
        let other = Diagnostic::error(Code::BadValue, at(1), "other");
        let first = Diagnostic::warning(Code::BadValue, at(0), "first");
        let mut diagnostics = Diagnostics::default();
        for each in [&one, &other, &one, &first, &other] {
            diagnostics.push(each.clone());
        }
        diagnostics.sort_and_dedup();
        assert_eq!(diagnostics.list, [first, one, other]);
    }

    #[test]
    fn notes_are_counted_where_there_is_nothing_worse() {
        let mut diagnostics = Diagnostics::default();
        assert_eq!(diagnostics.to_string(), "0 notes");
        diagnostics.push(Diagnostic::new(Code::BadValue, Severity::Note, "note"));
        assert_eq!(diagnostics.to_string(), "1 note");
        diagnostics.push(Diagnostic::warning(Code::BadValue, at(0), "warning"));
        assert_eq!(diagnostics.to_string(), "1 warning");
        diagnostics.push(Diagnostic::error(Code::BadValue, at(0), "error"));
        assert_eq!(diagnostics.to_string(), "1 error, 1 warning");
    }

    #[test]
    #[should_panic(expected = "the label `here` of `lost` has no place")]
    fn a_label_without_a_place_is_not_dropped() {
        let lost = Diagnostic::new(Code::BadValue, Severity::Error, "lost");
        let _ = lost.label("here");
    }
}
