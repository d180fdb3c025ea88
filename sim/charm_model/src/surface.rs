//! Where charms put what their workload serves and trusts: a convention of paths, so that a
//! workload's TLS side can be read off its files whatever charm wrote them.
//!
//! | path | holds |
//! |---|---|
//! | `tls/ENDPOINT/NAME.pem` | the chain served, leaf first |
//! | `tls/ENDPOINT/NAME.key` | its private key |
//! | `client/ENDPOINT/NAME.pem`, `.key` | what it presents where it is a client, if not that |
//! | `trust/SOURCE.pem` | CAs the workload trusts |
//! | `trust/0-NAME.pem` | the same, put there by hand, for whatever the workload connects to |
//! | `process/PROCESS/trust/SOURCE.pem` | CAs that another process of the unit trusts |
//! | `distrusted/NAME.pem` | CAs on its block list: they do not count, whatever brings them |

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use trustsim_juju::Value;

/// File in the memory of a Vault server that is unsealed, which every restart of its process loses.
pub const VAULT_UNSEALED: &str = "memory/vault/unsealed";

/// File of a workload whose process its charm has stopped.
pub const STOPPED: &str = "memory/stopped";

/// In place of an endpoint: a certificate that the workload makes for itself, and serves while it has no other.
pub const DEFAULT_CERTIFICATE: &str = "default";

/// In place of the name of a served chain: what the CA that a charm has for its own units signed. It is shown where the
/// endpoint is asked for, and to no other client.
pub const OF_OWN_CA: &str = "own-ca";

/// The source of trust that is the CA which a charm has for its own units, in place of what comes over an endpoint.
pub fn own_ca_source(endpoint: &str) -> String {
    format!("{endpoint}{OWN_CA_END}")
}

/// Whether a source of trust is a CA that the charm has for its own units: it counts for the endpoint that it is of alone.
pub fn is_own_ca_source(source: &str) -> bool {
    source.ends_with(OWN_CA_END)
}

const OWN_CA_END: &str = "-:own-ca";

/// Files by path.
pub type Files = BTreeMap<Arc<str>, Value>;

/// One chain with its key, as they lie in the files.
#[derive(Clone, Debug)]
pub struct ServedFiles<'a> {
    /// The certificates endpoint they came from.
    pub endpoint: &'a str,
    /// Name they are filed under.
    pub name: &'a str,
    /// PEM chain.
    pub chain: &'a Value,
    /// PEM private key.
    pub key: &'a Value,
}

/// Path of a served chain.
pub fn chain_path(endpoint: &str, name: &str) -> String {
    format!("tls/{endpoint}/{name}.pem")
}

/// Path of its key.
pub fn key_path(endpoint: &str, name: &str) -> String {
    format!("tls/{endpoint}/{name}.key")
}

/// Path of a chain that is presented to servers only.
pub fn client_chain_path(endpoint: &str, name: &str) -> String {
    format!("client/{endpoint}/{name}.pem")
}

/// Path of its key.
pub fn client_key_path(endpoint: &str, name: &str) -> String {
    format!("client/{endpoint}/{name}.key")
}

/// Path of the file that is there while the configuration with which the process was started has TLS, whatever certificates
/// there are, where its charm makes that anew in some hooks alone.
pub fn configured_path(endpoint: &str) -> String {
    format!("charm-state/requirer/configured-with-{endpoint}")
}

/// Path of trusted CAs.
pub fn trust_path(source: &str) -> String {
    format!("trust/{source}.pem")
}

/// What the paths of the CAs begin with that another process of the unit trusts.
pub fn process_trust_prefix(process: &str) -> String {
    format!("process/{process}/trust/")
}

/// Path of CAs that another process of the unit trusts.
pub fn process_trust_path(process: &str, source: &str) -> String {
    format!("{}{source}.pem", process_trust_prefix(process))
}

/// Every PEM text that another process of the unit trusts with its source, in path order.
pub fn trusted_by_process<'a>(files: &'a Files, process: &str) -> Vec<(&'a str, &'a Value)> {
    let prefix = process_trust_prefix(process);
    let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
    let own = files.range::<str, _>(from);
    own.map_while(|(path, value)| Some((path.strip_prefix(prefix.as_str())?, value)))
        .filter_map(|(file, value)| Some((file.strip_suffix(".pem")?, value)))
        .collect()
}

/// Source of trusted CAs that an operator put there by hand; it sorts before every endpoint's.
pub fn hand_source(name: &str) -> String {
    format!("{BY_HAND}{name}")
}

/// Whether trusted CAs were put there by hand.
pub fn is_by_hand(source: &str) -> bool {
    source.starts_with(BY_HAND)
}

const BY_HAND: &str = "0-";

/// Path of CAs on the block list.
pub fn distrusted_path(name: &str) -> String {
    format!("distrusted/{name}.pem")
}

/// Every PEM text of the block list, in path order.
pub fn distrusted(files: &Files) -> impl Iterator<Item = &Value> {
    let found = files.range::<str, _>(under("distrusted/", "distrusted0"));
    found.map(|(_, value)| value)
}

/// Every chain that has its key beside it, in path order.
pub fn served(files: &Files) -> Vec<ServedFiles<'_>> {
    pairs(files, "tls/", "tls0", key_path)
}

/// Every chain for servers only that has its key beside it, in path order.
pub fn presented(files: &Files) -> Vec<ServedFiles<'_>> {
    pairs(files, "client/", "client0", client_key_path)
}

fn pairs<'a>(
    files: &'a Files,
    folder: &'static str,
    end: &'static str,
    key_path: fn(&str, &str) -> String,
) -> Vec<ServedFiles<'a>> {
    files
        .range::<str, _>(under(folder, end))
        .filter_map(|(path, chain)| {
            let (endpoint, file) = path.strip_prefix(folder)?.split_once('/')?;
            let name = file.strip_suffix(".pem")?;
            let key = files.get(key_path(endpoint, name).as_str())?;
            Some(ServedFiles {
                endpoint,
                name,
                chain,
                key,
            })
        })
        .collect()
}

/// Every trusted PEM text with its source, in path order.
pub fn trusted_by_source(files: &Files) -> impl Iterator<Item = (&str, &Value)> {
    files
        .range::<str, _>(under("trust/", "trust0"))
        .filter_map(|(path, value)| {
            let file = path.strip_prefix("trust/")?;
            let name = file.strip_suffix(".pem");
            Some((name.expect("`trust_path` ends in .pem"), value))
        })
}

/// Every trusted PEM text, in path order.
pub fn trusted(files: &Files) -> impl Iterator<Item = &Value> {
    files
        .range::<str, _>(under("trust/", "trust0"))
        .map(|(_, value)| value)
}

/// Every path that begins with `prefix`, in order.
pub fn paths_under<'a>(files: &'a Files, prefix: &'a str) -> impl Iterator<Item = &'a Arc<str>> {
    files
        .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
        .map(|(path, _)| path)
        .take_while(move |path| path.starts_with(prefix))
}

/// The paths from `first` up to, not including, `end`.
fn under<'a>(first: &'a str, end: &'a str) -> (Bound<&'a str>, Bound<&'a str>) {
    (Bound::Included(first), Bound::Excluded(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_without_its_key_is_not_served() {
        let mut files = Files::new();
        for path in [
            "tls/a/x.pem",
            "tls/a/x.key",
            "tls/a/y.pem",
            "trust/b.pem",
            "zzz",
        ] {
            files.insert(path.into(), path.into());
        }
        let served: Vec<_> = served(&files)
            .iter()
            .map(|found| found.name.to_owned())
            .collect();
        assert_eq!(served, ["x"]);
        assert_eq!(trusted(&files).count(), 1);
    }

    #[test]
    fn a_charms_own_ca_is_no_source_that_anything_else_is_called_after() {
        let own = own_ca_source("peer-certificates");
        assert!(own.starts_with("peer-certificates-") && is_own_ca_source(&own));
        // Juju's names have no colon.
        for other in [
            "peer-certificates",
            "peer-certificates-own-ca",
            "own-ca",
            "0-own-ca",
        ] {
            assert!(!is_own_ca_source(other), "{other}");
        }
    }
}
