//! How the released program is linked: without the tables by which a panic unwinds.
//!
//! What is released does not unwind (`panic = "abort"`), and has no symbols by which a backtrace could name what it
//! finds. The tables are 2.0 MB of 16.6 all the same: a profile has no key for them, and flags of the compiler would
//! hold for tests, too, which unwind. So the linker is told to leave them out, where it is one that can: it is tried on
//! a program that does nothing, since another linker than Rust's own or GNU's may know no such script.

#![expect(
    clippy::disallowed_methods,
    reason = "what cargo builds for is in the environment of a build script"
)]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Laid over the linker's own script, before it.
const SCRIPT: &str =
    "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame.*) } } INSERT AFTER .text;\n";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let script = folder.join("no-unwind-tables.ld");
    let option = format!("-Wl,-T,{}", script.display());
    if is_released() && fs::write(&script, SCRIPT).is_ok() && links(&option, &folder) {
        println!("cargo::rustc-link-arg-bin=trustsim={option}");
    }
}

/// Whether this is the profile of what is released, for a system with this format of programs. Those that inherit from it
/// keep lines, and `CARGO_CFG_PANIC` says what the target does by default, not what the profile has.
fn is_released() -> bool {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    is("CARGO_CFG_TARGET_OS", "linux") && is("PROFILE", "release") && is("DEBUG", "false")
}

/// Whether a program can be linked with this option, and runs.
fn links(option: &str, folder: &Path) -> bool {
    let (source, program) = (folder.join("nothing.rs"), folder.join("nothing"));
    fs::write(&source, "fn main() {}\n").is_ok()
        && compiler(option)
            .arg("-o")
            .arg(&program)
            .arg(&source)
            .status()
            .is_ok_and(|status| status.success())
        && Command::new(&program)
            .status()
            .is_ok_and(|status| status.success())
}

/// The compiler and the linker that cargo uses.
fn compiler(option: &str) -> Command {
    let mut compiler = Command::new(env::var_os("RUSTC").expect("cargo sets it"));
    compiler.args(["--target", &env::var("TARGET").expect("cargo sets it")]);
    compiler.args(["-C", "panic=abort", "-C", &format!("link-arg={option}")]);
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut chosen = OsString::from("linker=");
        chosen.push(linker);
        compiler.arg("-C").arg(chosen);
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    compiler.args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()));
    compiler.stdout(Stdio::null()).stderr(Stdio::null());
    compiler
}
