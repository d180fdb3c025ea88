//! The command line: arguments, progress, exit codes.
//!
//! One file a command: it reads its arguments, loads the scenario, plays it through the library, and prints what
//! `report` renders. For example, `trustsim run a.yaml -o out` loads and plays `a.yaml` with a progress bar on
//! standard error, writes the files of `report` into `out`, prints the summary, and ends with the exit code for
//! whether every expectation held.
//!
//! Reaches everything else only through the library. Words for people go to standard error or
//! into a terminal table; data goes to standard output or into files.

mod args;
mod bug;
mod commands;
mod console;
mod error;
mod instant;
mod output;
mod progress;
mod readings;
mod scenario;
mod shown;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

pub use args::Cli;
pub use console::Console;
pub use error::{CliError, ErrorKind};

/// How a command ended, as its exit code. A bug that panics ends with 101.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Every expectation held and there was no outage that is not expected.
    Held = 0,
    /// An expectation is broken, or there was an outage that is not expected.
    Broken = 1,
    /// The run could not be made: usage, a bad scenario, a file that could not be written.
    Refused = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Runs the program in a terminal or a pipe. `args` begins with the program's name.
///
/// From here on a panic prints the report of a bug, and ends the process with 101.
pub fn run_program(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    bug::install_hook(&args);
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // To a closed pipe there is nothing more to say.
            let _ = error.print();
            return match error.use_stderr() {
                true => Exit::Refused.into(),
                false => Exit::Held.into(),
            };
        }
    };
    cli.globals.color.write_global();
    let mut console = Console::terminal(&cli.globals);
    execute(&cli, &mut console).into()
}

/// Runs one command and prints its error, if there is one.
pub fn execute(cli: &Cli, console: &mut Console<'_>) -> Exit {
    match commands::dispatch(cli, console) {
        Ok(exit) => exit,
        Err(error) => {
            // If standard error is gone too, the exit code still says it.
            let _ = console.error(&error);
            Exit::Refused
        }
    }
}
