//! The `trustsim` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    trustsim::cli::main(std::env::args_os(), &trustsim::cli::Library)
}
