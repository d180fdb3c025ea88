//! Where words and data go.

use std::io::{self, IsTerminal, Write};

use super::args::Globals;
use super::error::CliError;

/// Standard output, standard error, and how much is said.
pub struct Console<'a> {
    out: Box<dyn Write + 'a>,
    err: Box<dyn Write + 'a>,
    /// Whether progress may be drawn over standard error.
    pub(super) progress: bool,
    /// Whether only errors are printed.
    pub(super) quiet: bool,
}

impl<'a> Console<'a> {
    /// The real ones; styles are stripped where they are not wanted.
    pub fn terminal(globals: &Globals) -> Self {
        Self {
            out: Box::new(anstream::AutoStream::auto(io::stdout())),
            err: Box::new(anstream::AutoStream::auto(io::stderr())),
            progress: io::stderr().is_terminal() && !globals.quiet,
            quiet: globals.quiet,
        }
    }

    /// Any two writers, without progress.
    pub fn new(out: impl Write + 'a, err: impl Write + 'a, quiet: bool) -> Self {
        Self {
            out: Box::new(out),
            err: Box::new(err),
            progress: false,
            quiet,
        }
    }

    /// Data or a table, onto standard output.
    pub(super) fn print(&mut self, text: &str) -> Result<(), CliError> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()?;
        Ok(())
    }

    /// A word for people, onto standard error, unless it is to be quiet.
    pub(super) fn say(&mut self, text: &str) -> Result<(), CliError> {
        if !self.quiet {
            self.err.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    /// An error, onto standard error.
    pub(super) fn error(&mut self, error: &CliError) -> io::Result<()> {
        self.err.write_all(error.render().as_bytes())?;
        self.err.flush()
    }
}
