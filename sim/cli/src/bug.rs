//! What is printed when an assertion of trustsim is broken: that it is a bug, which assertion, and
//! what reproduces it.
//!
//! An assertion states an invariant of the simulation, so a broken one means that whatever would be
//! printed afterwards might be wrong. The program ends with exit code 101, which is Rust's for a
//! panic, and writes no report: `trustsim run` renders everything before it writes the first file,
//! and nothing can panic after that. The hook itself ends it: what is released does not unwind, and a panic there
//! would end in a signal.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};

use crate::shown::shown;
use trustsim_model::CommandLine;
use trustsim_whatif::SEED_THREAD;

/// The exit code of a Rust program that panicked.
const PANICKED: i32 = 101;

/// The scenario that a command is playing, for the hook: a panic has no other way to know it. Threads
/// that play other seeds of the same scenario share it, and have their seed in their name.
static PLAYED: Mutex<Option<PlayedScenario>> = Mutex::new(None);

/// What a broken assertion happened in.
#[derive(Clone, Debug)]
pub(super) struct PlayedScenario {
    pub(super) path: PathBuf,
    pub(super) variant: Option<String>,
    pub(super) seed: u64,
}

impl PlayedScenario {
    /// Says that this scenario is played from now on.
    pub(super) fn begin(path: &Path, variant: Option<&str>, seed: u64) {
        let played = Self {
            path: path.to_owned(),
            variant: variant.map(str::to_owned),
            seed,
        };
        // A panic while the lock was held cannot have left a half-written value.
        *PLAYED.lock().unwrap_or_else(PoisonError::into_inner) = Some(played);
    }

    /// What the thread that asks is playing.
    fn current() -> Option<Self> {
        let played = PLAYED.lock().unwrap_or_else(PoisonError::into_inner);
        let mut played = played.clone()?;
        let thread = std::thread::current();
        if let Some(seed) = thread.name().and_then(seed_of_thread) {
            played.seed = seed;
        }
        Some(played)
    }
}

/// The seed that a thread of this name plays; `None` for one that plays none of its own.
fn seed_of_thread(name: &str) -> Option<u64> {
    name.strip_prefix(SEED_THREAD)?.parse().ok()
}

/// From now on a panic prints a report of a bug. `command_line` is the program with its arguments.
pub(super) fn install_hook(command_line: &[OsString]) {
    let command_line = quoted(command_line);
    panic::set_hook(Box::new(move |panic| {
        let assertion = message(panic);
        let place = panic.location().map(ToString::to_string);
        let text = describe_bug(
            assertion,
            place.as_deref(),
            PlayedScenario::current().as_ref(),
            &command_line,
        );
        let mut err = io::stderr().lock();
        // Where standard error is gone, the exit code still says it.
        let _ = err.write_all(shown(&text).as_bytes());
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            let _ = writeln!(err, "{backtrace}");
        }
        process::exit(PANICKED);
    }));
}

fn message<'a>(panic: &'a PanicHookInfo<'_>) -> &'a str {
    // `PanicHookInfo::payload_as_str` says the same since Rust 1.91.
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

/// The report of a bug, in plain English.
fn describe_bug(
    assertion: &str,
    place: Option<&str>,
    played: Option<&PlayedScenario>,
    command_line: &str,
) -> String {
    let mut text = "error: this is a bug in trustsim: one of its assertions is broken\n".to_owned();
    let mut add = |label: &str, value: &str| {
        // Writing into a text cannot fail.
        let _ = writeln!(
            text,
            "  {label:<10} {}",
            value.trim_end().replace('\n', "\n             ")
        );
    };
    add("assertion:", assertion);
    if let Some(place) = place {
        add("place:", place);
    }
    if let Some(played) = played {
        let variant = played.variant.as_ref();
        let variant = variant.map_or_else(String::new, |name| format!(", variant {name}"));
        add("scenario:", &format!("{}{variant}", played.path.display()));
        add("seed:", &played.seed.to_string());
    }
    add("version:", env!("CARGO_PKG_VERSION"));
    add("reproduce:", command_line);
    text.push_str(
        "No report of this run was written: what would be predicted from here on could be wrong.\n\
         hint: please file this text with the scenario\n",
    );
    text
}

/// A command line as it can be typed into a shell again.
pub(super) fn quoted(command_line: &[OsString]) -> String {
    let words = command_line.iter().map(|word| word.to_string_lossy());
    CommandLine::new(words).to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Whether [`break_an_assertion`] does: only in a process of its own, which the test below starts.
    static BREAKS: AtomicBool = AtomicBool::new(false);
    const FOLDER: &str = "TRUSTSIM_TEST_FOLDER";

    /// Called by `trustsim run` once everything is played and before anything is written.
    pub(crate) fn break_an_assertion() {
        let breaks = BREAKS.load(Ordering::Relaxed);
        assert!(!breaks, "a made-up invariant holds");
    }

    #[test]
    fn a_thread_that_plays_a_seed_has_it_in_its_name() {
        let one = std::num::NonZeroUsize::MIN;
        let names = trustsim_whatif::play_in_batches(
            vec![u64::MAX],
            one,
            |seed| *seed,
            |_| std::thread::current().name().map(str::to_owned),
        );
        let name = names[0].as_deref().expect("it has a name");
        assert_eq!(seed_of_thread(name), Some(u64::MAX));
        assert_eq!(seed_of_thread("main"), None);
    }

    #[test]
    fn the_report_of_a_bug_says_what_reproduces_it() {
        let played = PlayedScenario {
            path: "scenarios/two cas.yaml".into(),
            variant: Some("fixed".to_owned()),
            seed: 7,
        };
        let line = [
            "trustsim",
            "run",
            "scenarios/two cas.yaml",
            "--variant",
            "fixed",
        ];
        let text = describe_bug(
            "a unit that holds the lock runs a hook\n  left: 1\n right: 2",
            Some("sim/juju/src/lock.rs:31:9"),
            Some(&played),
            &quoted(&line.map(OsString::from)),
        );
        let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(text, @r"
        error: this is a bug in trustsim: one of its assertions is broken
          assertion: a unit that holds the lock runs a hook
                       left: 1
                      right: 2
          place:     sim/juju/src/lock.rs:31:9
          scenario:  scenarios/two cas.yaml, variant fixed
          seed:      7
          version:   VERSION
          reproduce: trustsim run 'scenarios/two cas.yaml' --variant fixed
        No report of this run was written: what would be predicted from here on could be wrong.
        hint: please file this text with the scenario
        ");
    }

    /// The whole program, in a process of its own: the hook belongs to a process.
    #[test]
    fn a_broken_assertion_ends_with_101_and_leaves_the_old_report() {
        let root = tempfile::tempdir().expect("a folder");
        let out = root.path().join("out");
        std::fs::create_dir(&out).expect("made");
        std::fs::write(out.join("summary.json"), "old").expect("written");
        let this_binary = std::env::current_exe().expect("a test runs from a file");
        let output = Command::new(this_binary)
            .args([
                "--exact",
                "bug::tests::the_program_breaks_an_assertion",
                "--ignored",
            ])
            .env(FOLDER, &out)
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(101));
        let said = String::from_utf8(output.stderr).expect("text");
        let said = said.replace(out.to_str().expect("text"), "FOLDER");
        for line in [
            "error: this is a bug in trustsim: one of its assertions is broken",
            "  assertion: a made-up invariant holds",
            "  place:     sim/cli/src/bug.rs:",
            "  scenario:  src/tests/quiet.yaml",
            "  seed:      7",
            "  reproduce: trustsim run src/tests/quiet.yaml --seed 7 -o FOLDER",
            "No report of this run was written",
        ] {
            assert!(said.contains(line), "{line} is not in {said}");
        }
        let files: Vec<_> = std::fs::read_dir(&out).expect("a folder").collect();
        assert_eq!(files.len(), 1, "only the old summary is there");
        let old = std::fs::read_to_string(out.join("summary.json")).expect("it is there");
        assert_eq!(old, "old");
        let beside = std::fs::read_dir(root.path()).expect("a folder").count();
        assert_eq!(beside, 1, "nothing half written is left beside it");
    }

    #[test]
    #[ignore = "played by the test above, in a process of its own"]
    fn the_program_breaks_an_assertion() {
        let folder = std::env::var_os(FOLDER).expect("the test above names the folder");
        BREAKS.store(true, Ordering::Relaxed);
        let line = [
            "trustsim",
            "run",
            "src/tests/quiet.yaml",
            "--seed",
            "7",
            "-o",
        ];
        let line = line.into_iter().map(OsString::from).chain([folder]);
        let _ = crate::run_program(line);
    }
}
