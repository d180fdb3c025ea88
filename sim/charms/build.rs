//! Packs the catalogue.

use std::path::Path;

const FILES: [&str; 12] = [
    "src/catalogue.yaml",
    "src/catalogue/applications.yaml",
    "src/catalogue/coordinators.yaml",
    "src/catalogue/data.yaml",
    "src/catalogue/earlier.yaml",
    "src/catalogue/generations.yaml",
    "src/catalogue/ingress.yaml",
    "src/catalogue/kubernetes.yaml",
    "src/catalogue/observability.yaml",
    "src/catalogue/openstack.yaml",
    "src/catalogue/sql.yaml",
    "src/catalogue/telemetry.yaml",
];

fn main() {
    let folder = std::env::var_os("OUT_DIR").expect("cargo sets it");
    trustsim_packed::pack_files(FILES, Path::new(&folder));
}
