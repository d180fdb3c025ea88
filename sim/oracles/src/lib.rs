//! Where tests find what none of us wrote: programs such as `openssl`, and the data in `../shared`
//! beside the checkout.
//!
//! Neither is part of the project, so a test may find its oracle missing. It then calls [`skip`] and
//! returns. On a developer's machine this prints a line that libtest cannot capture; in CI it fails
//! the test, because a run that skipped its oracles has proven less than it says:
//!
//! ```no_run
//! let Some(folder) = trustsim_oracles::shared("corpus/bundles") else {
//!     return;
//! };
//! # let _ = folder;
//! ```
//!
//! `TRUSTSIM_REQUIRE_SHARED` decides: `1` makes a skip an error, `0` allows it. Where it is not set,
//! a skip is an error if `CI` is set, as the common CI services do.

use std::env;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `../shared/INSIDE`, beside the checkout or one folder further up; `None`, after [`skip`], where
/// it is not there.
///
/// # Panics
/// As [`skip`] does.
pub fn shared(inside: &str) -> Option<PathBuf> {
    // sim/oracles, sim, and the checkout itself come first.
    let outside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(3);
    let mut candidates = outside
        .take(2)
        .map(|above| above.join("shared").join(inside));
    let found = candidates.find(|path| path.exists());
    if found.is_none() {
        skip(&format!("../shared/{inside} is not there"));
    }
    found
}

/// Whether `PROGRAM version` runs and its output starts with `version`, such as `"OpenSSL 3."`; where
/// not, after [`skip`], `false`.
///
/// # Panics
/// As [`skip`] does.
pub fn has_program(program: &str, version: &str) -> bool {
    let output = Command::new(program).arg("version").output();
    let has = output.is_ok_and(|output| {
        output.status.success() && output.stdout.starts_with(version.as_bytes())
    });
    if !has {
        skip(&format!(
            "there is no program {program} whose version starts with {version:?}"
        ));
    }
    has
}

/// The Python of `tests/conformance/environment`, which has `ops[testing]` and the charm libraries; `None`, after [`skip`],
/// where it was not made.
///
/// # Panics
/// As [`skip`] does.
pub fn python_with_ops() -> Option<PathBuf> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let python = checkout.join("target/conformance/venv/bin/python");
    let imports = Command::new(&python)
        .args(["-c", "import ops.testing, time_machine"])
        .output();
    if imports.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    skip("there is no ops[testing]: run tests/conformance/environment");
    None
}

/// Says that the running test is skipped, and why.
///
/// # Panics
/// Where this machine is required to have every oracle.
pub fn skip(why: &str) {
    let (required, ci) = (env::var_os("TRUSTSIM_REQUIRE_SHARED"), env::var_os("CI"));
    assert!(
        !is_error(required.as_deref(), ci.as_deref()),
        "a test may not be skipped here: {why}"
    );
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    // Not `eprintln!`, which libtest keeps to itself for a test that passes. Standard error that is
    // closed is no reason to fail.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

fn is_error(required: Option<&OsStr>, ci: Option<&OsStr>) -> bool {
    let is_on = |value: &OsStr| !["", "0", "false"].iter().any(|off| value == *off);
    match required {
        Some(required) => is_on(required),
        None => ci.is_some_and(is_on),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_is_an_error_where_ci_says_so() {
        let decided = |required: Option<&str>, ci: Option<&str>| {
            is_error(required.map(OsStr::new), ci.map(OsStr::new))
        };
        assert!(!decided(None, None));
        assert!(decided(None, Some("true")));
        assert!(decided(None, Some("1")));
        assert!(!decided(None, Some("false")));
        assert!(
            !decided(Some("0"), Some("true")),
            "the project's own word counts"
        );
        assert!(decided(Some("1"), None));
    }
}
