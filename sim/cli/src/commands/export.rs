//! `trustsim export`: every connection as files that openssl, curl or any other tool can judge.

use std::collections::BTreeMap;

use serde_json::json;

use super::play_until;
use crate::args::{DataFormat, Export};
use crate::console::Console;
use crate::error::{CliError, ErrorKind};
use crate::output::data_text;
use trustsim_pki::Certificate;
use trustsim_report::{words, write_folder};
use trustsim_world::ExportedConnection;

pub(super) fn export(args: &Export, console: &mut Console<'_>) -> Result<(), CliError> {
    let (_, simulation) = play_until(&args.scenario, args.at.as_deref(), &args.play, console)?;
    let connections = simulation.export();
    let mut files = Vec::new();
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for connection in &connections {
        let folder = unique_folder_name(connection, &mut taken);
        let mut add = |name: &str, text: String| {
            files.push((format!("{folder}/{name}"), text.into_bytes()));
        };
        add("server-chain.pem", pem(&connection.server_chain));
        add("trust-store.pem", pem(&connection.trust_store));
        if let Some(chain) = &connection.client_chain {
            add("client-chain.pem", pem(chain));
        }
        if let Some(roots) = &connection.client_trust_store {
            add("client-trust-store.pem", pem(roots));
        }
        let verdict = &connection.verdict;
        let value = json!({
            "connection": connection.connection,
            "client": connection.client,
            "server": connection.server,
            "server_name": connection.server_name,
            "validator": connection.validator,
            "at": connection.at.to_string(),
            "outcome": words::verdict::outcome(verdict),
            "code": verdict.code(),
            "error": verdict.error_name(),
        });
        add("connection.json", data_text(&value, DataFormat::Json)?);
    }
    write_folder(&args.output, &files).map_err(|error| {
        CliError::new(ErrorKind::Io, "failed to write the export").caused_by(error)
    })?;
    console.say(&format!(
        "exported {} connection{} to {}\n",
        connections.len(),
        if connections.len() == 1 { "" } else { "s" },
        args.output.display()
    ))
}

fn pem(certificates: &[Certificate]) -> String {
    let texts = certificates.iter();
    texts.map(|each| format!("{}\n", each.pem())).collect()
}

/// The folder of a connection is CLIENT_SERVER, such as `a.client-0_a.web-1`, with the characters replaced that file
/// names cannot contain. Further connections of the same pair get `_2`, `_3`, ...
fn unique_folder_name(
    connection: &ExportedConnection,
    taken: &mut BTreeMap<String, u32>,
) -> String {
    let side = |address: &str| super::run::folder_name(address);
    let name = format!("{}_{}", side(&connection.client), side(&connection.server));
    let count = taken.entry(name.clone()).or_default();
    *count += 1;
    match *count {
        1 => name,
        again => format!("{name}_{again}"),
    }
}
