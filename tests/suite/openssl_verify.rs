//! What `export` writes, judged by the real `openssl verify`: at ten instants of each scenario its
//! verdict is the predicted one.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::common::{load, scenario_files};
use trustsim::world::{ExportedConnection, Options, Simulation};

const INSTANTS: u32 = 10;

/// The `X509_V_ERR_*` number that `openssl verify` gives; 0 for a good chain.
fn openssl_verdict(connection: &ExportedConnection, folder: &Path) -> u32 {
    let pem = |certificates: &[trustsim::pki::Certificate]| -> String {
        certificates
            .iter()
            .map(|one| format!("{}\n", one.pem()))
            .collect()
    };
    let (leaf, rest) = connection.server_chain.split_first().expect("a chain");
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file is written");
        path
    };
    let leaf = write("leaf.pem", pem(std::slice::from_ref(leaf)));
    let roots = write("roots.pem", pem(&connection.trust_store));
    let chain = write("chain.pem", pem(rest));
    let is_address = connection.server_name.parse::<std::net::IpAddr>().is_ok();
    let mut command = Command::new("openssl");
    command
        .args([
            "verify",
            "-no-CApath",
            "-no-CAstore",
            "-purpose",
            "sslserver",
        ])
        .arg("-CAfile")
        .arg(&roots)
        .args(["-attime", &connection.at.as_seconds().to_string()])
        .arg(if is_address {
            "-verify_ip"
        } else {
            "-verify_hostname"
        })
        .arg(&connection.server_name);
    if !rest.is_empty() {
        command.arg("-untrusted").arg(&chain);
    }
    let output = command.arg(&leaf).output().expect("openssl runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return 0;
    }
    let number = text.lines().find_map(|line| {
        let rest = line.strip_prefix("error ")?;
        rest.split_whitespace().next()?.parse().ok()
    });
    number.unwrap_or_else(|| panic!("openssl says: {text}"))
}

#[test]
fn openssl_agrees_at_ten_instants_of_each_scenario() {
    if !trustsim_oracles::has_program("openssl", "OpenSSL") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut judged = 0;
    for path in scenario_files() {
        let mut deployment = load(&path);
        for connection in &mut deployment.connections {
            connection.validator = trustsim::validators::Validator::OpenSsl;
        }
        let deployment = Arc::new(deployment);
        let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
        for instant in 1..=INSTANTS {
            let share = deployment.duration / INSTANTS * instant;
            simulation.run_until(deployment.start + share);
            for connection in simulation.export() {
                // An empty store is no file that openssl reads, and no chain is no case.
                if connection.server_chain.is_empty() || connection.trust_store.is_empty() {
                    assert!(!connection.verdict.is_ok(), "{}", connection.connection);
                    continue;
                }
                if connection.client_chain.is_some() {
                    continue;
                }
                let predicted = connection.verdict.openssl_code.unwrap_or(0);
                let (name, at) = (&connection.connection, connection.at);
                assert_eq!(connection.verdict.is_ok(), predicted == 0, "{name} at {at}");
                let found = openssl_verdict(&connection, folder.path());
                assert_eq!(predicted, found, "{}: {name} at {at}", path.display());
                judged += 1;
            }
        }
    }
    assert!(judged >= 100, "only {judged} cases were judged");
}
