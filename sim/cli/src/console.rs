//! Where words and data go. Words are made of letters that are seen ([`shown`]); data is as it is, unless a terminal
//! reads it.
//!
//! A reader that goes before the end, as `head -1` does, has read enough: what is printed from then on is dropped, and
//! the command goes on. So what it writes, and the code it ends with, do not depend on who reads.

use std::io::{self, IsTerminal, Write};

use super::args::Globals;
use super::error::CliError;
use super::shown::shown;

/// Standard output, standard error, and how much is said.
pub struct Console<'a> {
    out: Stream<'a>,
    err: Stream<'a>,
    /// Whether a terminal reads standard output.
    out_is_terminal: bool,
    /// Whether progress may be drawn over standard error.
    pub(super) progress: bool,
    /// Whether only errors are printed.
    pub(super) quiet: bool,
}

impl<'a> Console<'a> {
    /// The real ones; styles are stripped where they are not wanted.
    pub fn terminal(globals: &Globals) -> Self {
        Self {
            out: Stream::new(anstream::AutoStream::auto(io::stdout())),
            err: Stream::new(anstream::AutoStream::auto(io::stderr())),
            out_is_terminal: io::stdout().is_terminal(),
            progress: io::stderr().is_terminal() && !globals.quiet,
            quiet: globals.quiet,
        }
    }

    /// Any two writers, without progress.
    pub fn new(out: impl Write + 'a, err: impl Write + 'a, quiet: bool) -> Self {
        Self {
            out: Stream::new(out),
            err: Stream::new(err),
            out_is_terminal: false,
            progress: false,
            quiet,
        }
    }

    /// Words and tables for people, onto standard output.
    pub(super) fn print(&mut self, text: &str) -> Result<(), CliError> {
        Ok(self.out.write(&shown(text))?)
    }

    /// Data for programs, onto standard output.
    pub(super) fn print_data(&mut self, text: &str) -> Result<(), CliError> {
        match self.out_is_terminal {
            true => self.print(text),
            false => Ok(self.out.write(text)?),
        }
    }

    /// A word for people, onto standard error, unless it is to be quiet.
    pub(super) fn say(&mut self, text: &str) -> Result<(), CliError> {
        match self.quiet {
            true => Ok(()),
            false => Ok(self.err.write(&shown(text))?),
        }
    }

    /// An error, onto standard error.
    pub(super) fn error(&mut self, error: &CliError) -> io::Result<()> {
        self.err.write(&shown(&error.render()))
    }
}

/// Something to write to, as long as it has a reader.
struct Stream<'a> {
    to: Box<dyn Write + 'a>,
    /// Whether its reader has gone.
    is_closed: bool,
}

impl<'a> Stream<'a> {
    fn new(to: impl Write + 'a) -> Self {
        Self {
            to: Box::new(to),
            is_closed: false,
        }
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let to = &mut self.to;
        match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            written => written,
        }
    }
}
