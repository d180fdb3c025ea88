//! What can go wrong on the command line: one error with its kind, its source and hints.

use std::error::Error;
use std::fmt;
use std::io;

use trustsim_files::ReadError;
use trustsim_kernel::visible;
use trustsim_report::terminal::style::{BAD, DETAIL, paint};

/// Whose problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was asked for cannot be.
    Usage,
    /// A scenario is wrong; the message is its rendered diagnostics.
    Scenario,
    /// The file system refused.
    Io,
}

/// An error that ends a command.
#[derive(Debug)]
pub struct CliError {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    hints: Vec<String>,
}

impl CliError {
    /// An error of this kind. Messages are lower-case and begin with what failed.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
            hints: Vec::new(),
        }
    }

    /// What was asked for cannot be.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Diagnostics of a scenario, rendered with its excerpts.
    pub fn scenario(rendered: impl Into<String>) -> Self {
        Self::new(ErrorKind::Scenario, rendered)
    }

    /// With what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// With what might help.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Whose problem it is.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The message with its causes, for what is one line.
    pub(super) fn in_one_line(&self) -> String {
        let mut text = self.message.clone();
        let mut source = self.source();
        while let Some(error) = source {
            text.push_str(&format!(": {error}"));
            source = error.source();
        }
        text
    }

    /// The error as people read it, with ANSI colours.
    pub fn render(&self) -> String {
        let mut text = match self.kind {
            // Diagnostics bring their own headline.
            ErrorKind::Scenario => self.message.clone(),
            _ => format!("{}: {}", paint(BAD, "error"), visible(&self.message)),
        };
        let mut source = self.source();
        while let Some(error) = source {
            let cause = error.to_string();
            text.push_str(&format!("\n  because: {}", visible(&cause)));
            source = error.source();
        }
        for hint in &self.hints {
            let hint = visible(hint);
            text.push_str(&format!("\n{}: {hint}", paint(DETAIL, "hint")));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for CliError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::new(ErrorKind::Io, "failed to print").caused_by(error)
    }
}

impl From<ReadError> for CliError {
    fn from(error: ReadError) -> Self {
        let said = Self::new(ErrorKind::Io, error.to_string());
        match error {
            ReadError::Io { source, .. } => said.caused_by(source),
            ReadError::TooLarge { .. } => said,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_prints_its_causes_and_hints() {
        let error = CliError::usage("no model `b`")
            .caused_by(io::Error::other("no such file"))
            .hint("the models are a, c");
        let text = anstream::adapter::strip_str(&error.render()).to_string();
        insta::assert_snapshot!(text, @r"
        error: no model `b`
          because: no such file
        hint: the models are a, c
        ");
    }
}
