//! Packs the table of interfaces.

use std::path::Path;

fn main() {
    let folder = std::env::var_os("OUT_DIR").expect("cargo sets it");
    trustsim_packed::pack_files(["src/interfaces.yaml"], Path::new(&folder));
}
