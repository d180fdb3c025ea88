//! Packs the fonts of plots.

use std::path::Path;

use dejavu::sans_condensed;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = std::env::var_os("OUT_DIR").expect("cargo sets it");
    let folder = Path::new(&folder);
    trustsim_packed::pack("regular", sans_condensed::regular(), folder);
    trustsim_packed::pack("bold", sans_condensed::bold(), folder);
}
