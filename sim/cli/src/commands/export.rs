//! `trustsim export`: every connection as files that openssl, curl or any other tool can judge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, json};

use super::{load, play_loaded, say_coverage};
use crate::args::{DataFormat, Export};
use crate::console::Console;
use crate::error::CliError;
use crate::output::{data_text, deliver_folder};
use crate::readings::Reading;
use trustsim_files::{Access, Contents};
use trustsim_pki::Certificate;
use trustsim_report::words;
use trustsim_world::ExportedConnection;

/// The file with the digests of the others.
const SEAL: &str = "export.json";

pub(super) fn export(args: &Export, console: &mut Console<'_>) -> Result<(), CliError> {
    let playable = load(&args.scenario, &args.play, console)?;
    say_coverage(&playable.deployment, console)?;
    let simulation = play_loaded(&playable, args.at.as_deref(), console)?;
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
    let contents = Contents::sealed(files, SEAL, Map::new());
    let removed = deliver_folder(&contents, &args.output, Access::Private, "the export")?;
    let own = playable.reading();
    console.say(&format!(
        "exported {} connection{} of {} to {}\n",
        connections.len(),
        if connections.len() == 1 { "" } else { "s" },
        own.name(),
        args.output.display()
    ))?;
    say_elsewhere(&own, &playable.other_readings(), console)?;
    say_removed(&removed, console)
}

/// Which folders an earlier export had there, of connections that this one does not have.
fn say_removed(files: &[String], console: &mut Console<'_>) -> Result<(), CliError> {
    let folders = files.iter().filter_map(|name| name.split('/').next());
    let folders: BTreeSet<&str> = folders.collect();
    if folders.is_empty() {
        return Ok(());
    }
    let folders = folders.into_iter().collect::<Vec<_>>().join(", ");
    console.say(&format!(
        "removed what an earlier export left there: {folders}\n"
    ))
}

/// Which connections only other variants of the scenario have.
fn say_elsewhere(
    own: &Reading,
    others: &[Reading],
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    for other in others {
        let missing = other.pairs.iter().filter(|pair| !own.pairs.contains(pair));
        let missing: Vec<String> = missing
            .map(|(client, server)| format!("{client} -> {server}"))
            .collect();
        if missing.is_empty() {
            continue;
        }
        let (name, how) = (other.name(), other.how());
        console.say(&format!(
            "not in this export: {}, which {name} has: {how}\n",
            missing.join(", ")
        ))?;
    }
    Ok(())
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
