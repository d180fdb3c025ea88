//! `etcd`: charmed-kubernetes/layer-etcd `src/reactive/etcd.py` at 233f62a with
//! juju-solutions/layer-tls-client `reactive/tls_client.py` at ed989b2, as far as TLS goes.
//!
//! One certificate serves clients and peers, and is what a member shows to its peers; who comes
//! must show one that the same CA signed (`templates/etcd3.conf`). What clients show is the
//! provider's global client certificate, which goes on to every client with its key in clear.
//! Noteworthy: any change of a file restarts etcd, member by member without waiting for each
//! other; each member that joins changes the names of all others, so that all are issued anew and
//! restarted.
//!
//! Simplified: a member is registered as soon as it has its certificates.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::leader_settings::stored_key;
use super::surface::{chain_path, key_path, trust_path};
use super::{Charm, Implementation, Listens};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::Note;
use trustsim_interfaces::tls_certificates_legacy::{
    Flavour, Received, Requirer, followed_by, unit_key,
};
use trustsim_juju::{Hook, HookError, Status, Value};

const CERTIFICATES: &str = "certificates";
const CLUSTER: &str = "cluster";
const DB: &str = "db";
const PORT: u32 = 2379;
const CLIENT_CERTIFICATE: &str = "var/snap/etcd/common/client.crt";
const CLIENT_KEY: &str = "var/snap/etcd/common/client.key";
const PEER_ADDRESS: &str = "db-ingress-address";

pub(super) static IMPLEMENTATIONS: [Implementation; 1] = [Implementation {
    behaviour: "etcd",
    writes_files: true,
    build: |_| Arc::new(Etcd::new()),
    ca_interfaces: &["etcd"],
    listens: Listens::ByRelation { peers: CLUSTER },
    ..Implementation::NONE
}];

/// The charm.
#[derive(Clone, Debug)]
struct Etcd {
    certificates: Arc<Requirer>,
}

impl Charm for Etcd {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if matches!(hook, Hook::Stop | Hook::Remove) {
            return Ok(());
        }
        self.certificates.on_hook(hook, unit)?;
        if !self.certificates.is_joined(unit) {
            let message = "Missing relation to certificate authority.";
            unit.set_status(Status::Blocked, message);
            return Ok(());
        }
        let names = names(unit);
        let certificate_name = unit_key(unit.unit_name());
        let address = unit.address();
        self.certificates
            .request_server(unit, address, &names, Some(&certificate_name))?;
        let written = match self.certificates.received(unit)? {
            Some(received) => store(unit, &received),
            None => false,
        };
        if !is_placed(unit) {
            unit.set_status(Status::Waiting, "Waiting on certificates");
            return Ok(());
        }
        if written {
            unit.restart_workload();
        }
        register(unit)?;
        send_connection_details(unit)?;
        unit.set_status(Status::Active, "Healthy");
        Ok(())
    }
}

impl Etcd {
    /// The charm.
    fn new() -> Self {
        Self {
            certificates: Arc::new(Requirer::new(CERTIFICATES, Flavour::Reactive)),
        }
    }
}

impl Default for Etcd {
    fn default() -> Self {
        Self::new()
    }
}

/// `prepare_tls_certificates`: with the addresses of all peers that are registered.
fn names(unit: &UnitContext<'_>) -> Vec<String> {
    let mut names = BTreeSet::from([
        unit.address().to_owned(),
        unit.hostname(),
        "127.0.0.1".to_owned(),
    ]);
    for endpoint in [DB, CLUSTER] {
        let addresses = unit.binding_addresses(endpoint);
        names.extend(addresses.into_iter().map(str::to_owned));
    }
    names.extend(peers(unit));
    names.into_iter().collect()
}

/// `cluster.get_db_ingress_addresses`.
fn peers(unit: &UnitContext<'_>) -> Vec<String> {
    let mut addresses = Vec::new();
    for relation in unit.relations(CLUSTER) {
        for remote in unit.remote_units(relation) {
            let bag = unit.unit_data(relation, remote);
            let bag = bag.expect("a unit reads the bags of its peers");
            addresses.extend(bag.get(PEER_ADDRESS).map(|value| value.text().to_owned()));
        }
    }
    addresses
}

/// `store_ca`, `store_server`, `store_client`: whether anything was written.
fn store(unit: &mut UnitContext<'_>, received: &Received) -> bool {
    let mut written = false;
    if let Some(ca) = &received.ca {
        written |= unit.push_file(&trust_path(CERTIFICATES), ca.clone());
    }
    let with_chain = |certificate: &Value| match &received.chain {
        Some(chain) => followed_by(certificate, chain),
        None => certificate.clone(),
    };
    if let Some(server) = received.servers.first() {
        let chain = with_chain(&server.pair.certificate);
        written |= unit.push_file(&chain_path(CERTIFICATES, "server"), chain);
        unit.push_file(&key_path(CERTIFICATES, "server"), server.pair.key.clone());
    }
    if let Some(client) = &received.client {
        written |= unit.push_file(CLIENT_CERTIFICATE, with_chain(&client.certificate));
        unit.push_file(CLIENT_KEY, client.key.clone());
    }
    written
}

/// `etcd.ssl.placed`: all five files are there.
fn is_placed(unit: &UnitContext<'_>) -> bool {
    [
        trust_path(CERTIFICATES).as_str(),
        &chain_path(CERTIFICATES, "server"),
        &key_path(CERTIFICATES, "server"),
        CLIENT_CERTIFICATE,
        CLIENT_KEY,
    ]
    .into_iter()
    .all(|path| unit.files().contains_key(path))
}

/// `get_ingress_address("db")`, which takes addresses of IPv4 first.
fn client_address<'a>(unit: &UnitContext<'a>) -> &'a str {
    let addresses = unit.binding_addresses(DB);
    let first = addresses.iter().find(|address| !address.contains(':'));
    first.copied().unwrap_or(addresses[0])
}

/// `set_db_ingress_address`.
fn register(unit: &mut UnitContext<'_>) -> Result<(), HookError> {
    for relation in unit.relations(CLUSTER) {
        let address = Value::from(client_address(unit));
        unit.set_unit_data(relation, PEER_ADDRESS, Some(address))?;
    }
    Ok(())
}

/// `send_cluster_connection_details`: key, certificate and CA to every client.
fn send_connection_details(unit: &mut UnitContext<'_>) -> Result<(), HookError> {
    let file = |path: &str| unit.files().get(path).cloned();
    let (Some(certificate), Some(key), Some(ca)) = (
        file(CLIENT_CERTIFICATE),
        file(CLIENT_KEY),
        file(&trust_path(CERTIFICATES)),
    ) else {
        return Ok(());
    };
    let mut members = peers(unit);
    members.push(client_address(unit).to_owned());
    members.sort();
    let urls = members
        .iter()
        .map(|member| format!("https://{member}:{PORT}"));
    let connection = urls.collect::<Vec<_>>().join(",");
    for relation in unit.relations(DB) {
        let before = unit.unit_data(relation, unit.id())?;
        if before.get("client_key") != Some(&key) {
            let holder = unit.remote_application_name(relation);
            let stored = stored_key(Some(relation), "client_key", holder, &certificate);
            unit.note(Note::KeyStored(stored));
        }
        for (name, value) in [
            ("client_cert", certificate.clone()),
            ("client_key", key.clone()),
            ("client_ca", ca.clone()),
            ("connection_string", Value::from(connection.as_str())),
        ] {
            unit.set_unit_data(relation, name, Some(value))?;
        }
    }
    Ok(())
}
