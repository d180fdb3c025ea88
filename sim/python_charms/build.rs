//! Packs the modules of the worker.

use std::path::Path;

const FILES: [&str; 17] = [
    "worker/trustsim_worker/chance.py",
    "worker/trustsim_worker/charm.py",
    "worker/trustsim_worker/commands.py",
    "worker/trustsim_worker/file_commands.py",
    "worker/trustsim_worker/guard.py",
    "worker/trustsim_worker/hook.py",
    "worker/trustsim_worker/keys.py",
    "worker/trustsim_worker/kubernetes.py",
    "worker/trustsim_worker/network.py",
    "worker/trustsim_worker/own_files.py",
    "worker/trustsim_worker/processes.py",
    "worker/trustsim_worker/server.py",
    "worker/trustsim_worker/snapd.py",
    "worker/trustsim_worker/state.py",
    "worker/trustsim_worker/system_commands.py",
    "worker/trustsim_worker/tools.py",
    "worker/trustsim_worker/workload.py",
];

fn main() {
    let folder = std::env::var_os("OUT_DIR").expect("cargo sets it");
    trustsim_packed::pack_files(FILES, Path::new(&folder));
}
