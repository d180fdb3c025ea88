//! The `trustsim` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    trustsim::cli::run_program(std::env::args_os())
}
