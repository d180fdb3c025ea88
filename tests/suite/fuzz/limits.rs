//! The program with a limit of time and of memory, and what it may end with.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Of a processor, so that a busy machine is no fault of the program's.
const SECONDS: u64 = 20;
/// Of the machine's own clock: what waits for ever uses no processor.
const SECONDS_WAITED: u64 = 120;
/// Of addresses, which are more than what is in memory.
const KIB: u64 = 1024 * 1024;

/// How a run ended: its exit code, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    /// 0, 1 or 2.
    pub(crate) code: i32,
    /// Standard error.
    pub(crate) error: String,
}

/// Runs the program in a folder; an error says what it should not have done.
pub(crate) fn limited(folder: &Path, arguments: &[&str]) -> Result<Ended, String> {
    let limits = format!(
        "ulimit -c 0; ulimit -v {KIB}; ulimit -t {SECONDS}; exec timeout -k 1 {SECONDS_WAITED} \"$0\" \"$@\""
    );
    // A program that was built for release has ten times the cases.
    let program = super::setting("FUZZ_PROGRAM");
    let program = program.as_deref().unwrap_or(env!("CARGO_BIN_EXE_trustsim"));
    assert!(
        Path::new(program).is_absolute(),
        "{program} is run in the folder of a case"
    );
    let output = Command::new("sh")
        .args(["-c", &limits, program])
        .args(arguments)
        .current_dir(folder)
        // Each thread may have a heap of its own, which takes addresses and no memory.
        .env("MALLOC_ARENA_MAX", "2")
        .stdin(Stdio::null())
        .output()
        .expect("sh runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let tail: String = error.chars().take(1_500).collect();
    match (output.status.code(), output.status.signal()) {
        (Some(code @ 0..=2), _) if !error.contains("panicked") => Ok(Ended { code, error }),
        (Some(124 | 137), _) | (_, Some(9 | 24)) => Err(format!(
            "{arguments:?} takes longer than {SECONDS} s of a processor, or waits for longer than {SECONDS_WAITED} s: {tail}"
        )),
        _ => Err(format!(
            "{arguments:?} ended with {:?}: {tail}",
            output.status
        )),
    }
}

/// Whether a folder of a report is whole, or shows that it is not, after a run that ended with this code.
pub(crate) fn left_whole(out: &Path, code: i32) -> Result<(), String> {
    match crate::files::is_whole(out, "summary.json") {
        Some(true) => Ok(()),
        Some(false) => Err(format!("{} looks whole and is not", out.display())),
        None if code < 2 => Err(format!(
            "exit code {code}, and {} is no report",
            out.display()
        )),
        None => {
            let left = fs::read_dir(out).into_iter().flatten();
            let names: Vec<_> = left.flatten().map(|entry| entry.file_name()).collect();
            match names.is_empty() {
                true => Ok(()),
                false => Err(format!(
                    "exit code {code} leaves {names:?} without a summary"
                )),
            }
        }
    }
}
