//! What the files of a unit are, by their content: which chain is served with which key, and which CAs are trusted.
//!
//! A charm's code writes where its workload looks, and trustsim reads a convention of paths
//! ([`trustsim_charm_model::surface`]). For example, `/etc/web/server.pem` with a certificate, beside a file with its key, is
//! filed as `tls/certificates/NAME.pem`, where `certificates` is the endpoint in whose databag that certificate lies; a file
//! of certificates for which there is no key is trusted, and each of its CAs is filed under the endpoint that brought it.
//! A file that holds certificates among other text (a configuration with certificates in it) counts with them. Of the files
//! that have the certificate of a key, those count first that another file, or the plan of Pebble, names.
//! **Assumption.** The workload reads each file that holds a certificate or a key, at every start, and nothing else, but for
//! those that read their certificate for each connection (`handshake_readers.rs`). What is
//! added to the system's roots is read by way of their bundle, once `update-ca-certificates` has made that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trustsim_charm_model::CharmMetadata;
use trustsim_charm_model::surface::{
    DEFAULT_CERTIFICATE, chain_path, is_by_hand, key_path, served, trust_path, trusted_by_source,
};
use trustsim_interfaces::{UnitContext, pem};
use trustsim_juju::{Bag, Role, Value, VisibleModel};
use trustsim_pki::{Certificate, KeyPair};

use crate::asked::{DISK, OWN_ROOT, PEBBLE};

/// The interface over which certificates are requested.
const CERTIFICATES: &str = "tls-certificates";

/// Which endpoint brought a certificate.
pub(crate) struct Sources {
    /// Certificates in the databags of the other side, by endpoint.
    by_endpoint: Vec<(Arc<str>, Vec<Certificate>)>,
    /// The one endpoint over which certificates are requested; none where there are several.
    only: Option<String>,
}

impl Sources {
    pub(crate) fn of(seen: &VisibleModel, metadata: &CharmMetadata) -> Self {
        let by_endpoint = seen.relations.iter().filter(|each| !each.is_peer);
        let by_endpoint = by_endpoint.map(|relation| {
            let bags = relation.remote_units.values();
            let bags = bags.chain([&relation.remote_application_data]);
            let found = bags.flat_map(certificates_in).collect();
            (Arc::clone(&relation.endpoint), found)
        });
        let requests = metadata.endpoints.iter();
        let mut requests = requests
            .filter(|each| each.role == Role::Requirer && each.interface == CERTIFICATES)
            .map(|each| each.name.clone());
        let only = requests.next().filter(|_| requests.next().is_none());
        Self {
            by_endpoint: by_endpoint.collect(),
            only,
        }
    }

    fn endpoint_of(&self, certificate: &Certificate) -> Option<&str> {
        let mut found = self.by_endpoint.iter();
        let found = found.find(|(_, all)| all.contains(certificate));
        found.map(|(endpoint, _)| &**endpoint)
    }
}

/// Every certificate in a bag. Texts in JSON have their line breaks escaped.
pub(crate) fn certificates_in(bag: &Bag) -> Vec<Certificate> {
    let texts = bag
        .iter()
        .filter(|(_, value)| value.text().contains("BEGIN CERTIFICATE"));
    texts
        .flat_map(|(_, value)| {
            let found =
                value.parsed(|text| Certificate::undamaged_from_pem(&text.replace("\\n", "\n")));
            (*found).clone()
        })
        .collect()
}

/// Where roots are added that `update-ca-certificates` puts into the bundle.
const LOCAL_ROOTS: &str = "/usr/local/share/ca-certificates/";

/// A file of a container.
struct DiskFile {
    /// Container and path.
    name: String,
    value: Value,
    chain: Vec<Certificate>,
    key: Option<KeyPair>,
    /// Whether another file of the container, or its plan, names it.
    is_named: bool,
}

/// Files what the disk holds now under the conventional paths, in place of what was filed there before.
pub(crate) fn file_by_content(unit: &mut UnitContext<'_>, sources: &Sources) {
    let files = disk_files(unit);
    let mut filed: BTreeMap<String, Value> = BTreeMap::new();
    let mut serving = BTreeSet::new();
    for (index, chain, key) in pairs(&files) {
        serving.insert(index);
        let leaf = &files[index].chain[chain];
        let endpoint = served_endpoint(leaf, unit, sources);
        let name = leaf.subject_common_name().filter(|name| !name.is_empty());
        let free = name.filter(|name| !filed.contains_key(&chain_path(&endpoint, name)));
        // Without a name of its own it has that of its file.
        let name = free.map_or_else(|| files[index].name.replace('/', "-"), str::to_owned);
        filed.insert(chain_path(&endpoint, &name), files[index].value.clone());
        filed.insert(key_path(&endpoint, &name), key);
    }
    let mut trusted: BTreeMap<String, Vec<Certificate>> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        if serving.contains(&index) {
            continue;
        }
        for certificate in &file.chain {
            let source = trusted_source(certificate, file, unit, sources);
            let all = trusted.entry(source).or_default();
            if !all.contains(certificate) {
                all.push(certificate.clone());
            }
        }
    }
    for (source, certificates) in trusted {
        filed.insert(trust_path(&source), pem::chain_value(&certificates));
    }
    replace(unit, filed);
}

/// The files that the workload can read: those of its containers, or of its machine. What lies in the container of the charm
/// itself is not among them.
fn disk_files(unit: &UnitContext<'_>) -> Vec<DiskFile> {
    let files = unit.files().iter().filter_map(|(path, value)| {
        let name = path.strip_prefix(DISK)?;
        let container = name.split('/').next();
        if (container == Some(OWN_ROOT)) == unit.has_containers() {
            return None;
        }
        if !value.text().contains("-----BEGIN ") {
            return None;
        }
        let is_named = is_named(unit, name);
        if name.contains(LOCAL_ROOTS) && !is_named {
            return None;
        }
        let value = &blocks(value);
        let chain = (*pem::chain(value)).clone();
        // Of a file with a damaged block what can be read of it counts; a stack that refuses it whole is not told apart.
        let chain = chain.unwrap_or_else(|_| Certificate::undamaged_from_pem(value.text()));
        let key = value.text().contains("PRIVATE KEY-----");
        let key = key.then(|| KeyPair::from_pem(value.text()).ok()).flatten();
        Some(DiskFile {
            name: name.to_owned(),
            value: value.clone(),
            chain,
            key,
            is_named,
        })
    });
    files.collect()
}

/// Whether the path of a file is in another file of its container, or in what Pebble knows there.
fn is_named(unit: &UnitContext<'_>, name: &str) -> bool {
    let Some((container, path)) = name.split_once('/') else {
        return false;
    };
    let path = format!("/{path}");
    let (disk, pebble) = (
        format!("{DISK}{container}/"),
        format!("{PEBBLE}{container}"),
    );
    let mut others = unit.files().iter().filter(|(other, _)| {
        let is_there = other.starts_with(&disk) || other.as_ref() == pebble.as_str();
        is_there && !other.ends_with(path.as_str())
    });
    others.any(|(_, text)| text.text().contains(&path))
}

/// The PEM blocks of a file that has other text beside them: in a line of their own, but perhaps indented, or with their line
/// breaks escaped. A file that begins with one is left as it is.
fn blocks(value: &Value) -> Value {
    if value.text().starts_with("-----BEGIN ") {
        return value.clone();
    }
    let text = value.text().replace("\\n", "\n");
    let mut found = String::new();
    let mut is_inside = false;
    for line in text.lines() {
        let line = line.trim();
        let begin = line.find("-----BEGIN ");
        if let Some(begin) = begin {
            is_inside = true;
            found.push_str(&line[begin..]);
            found.push('\n');
        } else if is_inside {
            let end = line.find("-----END ").and_then(|from| {
                let rest = &line[from + 9..];
                Some(from + 9 + rest.find("-----")? + 5)
            });
            found.push_str(&line[..end.unwrap_or(line.len())]);
            found.push('\n');
            is_inside = end.is_none();
        }
    }
    Value::from(found.as_str())
}

/// For each key the file with the chain that is for it, the place of its leaf there, and the key's own text. Of several files
/// it is one that is named, and of those the longest: a chain beside its leaf alone is what servers present.
fn pairs(files: &[DiskFile]) -> Vec<(usize, usize, Value)> {
    let mut found = Vec::new();
    let keys = files
        .iter()
        .filter_map(|file| Some((file.key.as_ref()?, file)));
    for (key, file) in keys {
        let fitting = files.iter().enumerate().filter_map(|(index, other)| {
            let mut chain = other.chain.iter();
            let leaf = chain.position(|each| each.spki_der() == key.spki_der())?;
            let index = std::cmp::Reverse(index);
            Some((other.is_named, other.chain.len(), index, leaf))
        });
        if let Some((_, _, std::cmp::Reverse(index), leaf)) = fitting.max() {
            let is_new = found.iter().all(|(other, _, _)| *other != index);
            if is_new {
                found.push((index, leaf, file.value.clone()));
            }
        }
    }
    found
}

/// The endpoint over which a served certificate came: as its databag says, as it was filed before, or the only one there is.
fn served_endpoint(leaf: &Certificate, unit: &UnitContext<'_>, sources: &Sources) -> String {
    if let Some(endpoint) = sources.endpoint_of(leaf) {
        return endpoint.to_owned();
    }
    let before = served(unit.files()).into_iter().find(|filed| {
        let chain = pem::chain(filed.chain);
        chain
            .as_ref()
            .as_ref()
            .is_ok_and(|chain| chain.contains(leaf))
    });
    let before = before.map(|filed| filed.endpoint.to_owned());
    before
        .or_else(|| sources.only.clone())
        .unwrap_or_else(|| DEFAULT_CERTIFICATE.to_owned())
}

/// The endpoint that brought a CA: as a databag says, or as it was filed before; else the name of its file.
fn trusted_source(
    certificate: &Certificate,
    file: &DiskFile,
    unit: &UnitContext<'_>,
    sources: &Sources,
) -> String {
    if let Some(endpoint) = sources.endpoint_of(certificate) {
        return endpoint.to_owned();
    }
    let before = trusted_by_source(unit.files()).find(|(source, value)| {
        let chain = pem::chain(value);
        let has_it = chain
            .as_ref()
            .as_ref()
            .is_ok_and(|chain| chain.contains(certificate));
        has_it && !is_by_hand(source)
    });
    match before {
        Some((source, _)) => source.to_owned(),
        None => file.name.replace('/', "-"),
    }
}

/// Writes what was filed, and removes what else was filed before. What a person put there stays.
fn replace(unit: &mut UnitContext<'_>, filed: BTreeMap<String, Value>) {
    let stale: Vec<Arc<str>> = unit
        .files()
        .keys()
        .filter(|path| {
            let trust = path.strip_prefix("trust/");
            let is_ours = path.starts_with("tls/") || trust.is_some_and(|file| !is_by_hand(file));
            is_ours && !filed.contains_key(&***path)
        })
        .cloned()
        .collect();
    for path in stale {
        unit.remove_file(&path);
    }
    for (path, value) in filed {
        unit.push_file(&path, value);
    }
}
