//! `opensearch`: canonical/opensearch-operator `lib/charms/opensearch/v0/opensearch_tls.py` and
//! `opensearch_base_charm.py` at cd1c0349, as far as TLS goes: the trust store of a Java program
//! whose nodes are clients and servers of each other, rotated in two phases.
//!
//! A certificate under another CA is not served: its CA goes into the trust store beside the old
//! one, the node restarts and says so to its peers; it asks once more, and what comes then is
//! served when every node has said so. When all are done the old CA goes.
//!
//! A node that hears of a renewal of another before it has taken the new CA itself waits for ever: the
//! real charm looks at its peers first.
//!
//! A node that finds another address in config-changed throws its certificate away and asks for one with that. It is
//! put in place through the API of the node itself, which the charm does not reach as long as the certificate in use is
//! for the address before: the node restarts, or with the mistake `reload-only` (before #394) does not.
//!
//! A leader that has put a certificate in place hands its clients the chain of it (`update_certs`): while the CA is
//! rotated, they have the new one as soon as the leader serves under it.
//!
//! The charm verifies the API of its node by `chain.pem`: the chain of what came last, and in a rotation that of the new
//! certificate beside it.
//!
//! Of the three kinds of certificates (admin, HTTP, transport) one for each unit is played, and of the chain that is
//! handed on the CAs. Left out: the lock that lets one node restart at a time, and clusters of several applications.

use std::sync::Arc;

use rand::seq::SliceRandom;

use super::names::attributes;
use super::own_client::OwnClient;
use super::surface::{chain_path, key_path, trust_path};
use super::{Bugs, Charm, CharmMetadata, Implementation, Listens, Role};
use trustsim_charm_model::EndpointProfile;
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::passed_ca::{Carrier, Passing, Provider};
use trustsim_interfaces::tls_certificates::{CertificateEntry, EventV3, RequirerV3};
use trustsim_interfaces::{KeySource, pem};
use trustsim_juju::{Hook, HookError, RelationId, SecretOwner, Status, Value};
use trustsim_kernel::Span;
use trustsim_pki::{Certificate, CertificateRequest, KeyPair};

const CERTIFICATES: &str = "certificates";
/// `PeerRelationName`.
const PEERS: &str = "opensearch-peers";
/// The certificate and key of the node.
const NODE: &str = "node";
/// Aliases of the trust store.
const CA: &str = "ca";
const OLD_CA: &str = "old-ca";
/// Flags in the unit's peer databag.
const RENEWING: &str = "tls_ca_renewing";
const RENEWED: &str = "tls_ca_renewed";
const CONFIGURED: &str = "tls_configured";
/// There while a `certificate_available` is deferred: `ops` emits it again in the next hook.
const DEFERRED: &str = "charm-state/opensearch/deferred";
/// `network.publish_host` of `opensearch.yml`, once the node is configured.
const HOST: &str = "opensearch/publish_host";
/// The chain that its clients are handed under `tls-ca`, without the certificate at its end.
const HANDED_ON: &str = "opensearch/tls-ca";
/// `expiry_notification_time`.
const NOTIFICATION: Span = Span::from_secs(23 * 3_600);

pub(super) static IMPLEMENTATIONS: [Implementation; 1] = [Implementation {
    behaviour: "opensearch",
    writes_files: true,
    build: |setup| Arc::new(OpenSearch::new(setup.metadata, setup.keys.clone())),
    bugs: &[(CERTIFICATES, "reload-only")],
    rotation_flag: Some(RENEWED),
    listens: Listens::At(PEERS),
    ..Implementation::NONE
}];

/// The charm.
#[derive(Clone, Debug)]
struct OpenSearch {
    keys: KeySource,
    bugs: Bugs,
    own_client: OwnClient,
    library: RequirerV3,
    peer: Option<Arc<str>>,
    /// Relations with its clients.
    clients: Vec<Provider>,
}

impl Charm for OpenSearch {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let is_ending = matches!(hook, Hook::Install | Hook::Stop | Hook::Remove);
        if is_ending {
            return Ok(());
        }
        if matches!(hook, Hook::Start) {
            unit.restart_workload();
        }
        if unit.remove_file(DEFERRED) {
            self.retry(unit)?;
        }
        if matches!(hook, Hook::ConfigChanged) {
            self.update_host(unit)?;
        }
        let mine = hook
            .relation()
            .is_some_and(|relation| unit.own_endpoint(relation) == Some(CERTIFICATES));
        if mine && matches!(hook, Hook::RelationCreated { .. }) {
            self.ask(unit)?;
        }
        for event in self.library.on_hook(hook, unit)? {
            match event {
                EventV3::Available(entry) => self.available(&entry, unit)?,
                // `_on_certificate_invalidated` does what `_on_certificate_expiring` does.
                EventV3::Expiring(entry) | EventV3::Expired(entry) | EventV3::Revoked(entry) => {
                    self.expiring(&entry, unit)?;
                }
                // It keeps what it has.
                EventV3::AllInvalidated => {}
            }
        }
        self.finish(unit)?;
        // What was handed on stays when the certificates go: `update_certs` is called for a new one alone.
        if let Some(chain) = unit.files().get(HANDED_ON).cloned() {
            for clients in &self.clients {
                clients.pass(unit, Some(&chain), None)?;
            }
        }
        let serves = unit.files().contains_key(&*chain_path(CERTIFICATES, NODE));
        if serves || unit.relations(CERTIFICATES).is_empty() {
            unit.set_status(Status::Active, "");
        } else {
            unit.set_status(Status::Waiting, "Waiting for TLS to be fully configured...");
        }
        Ok(())
    }
}

impl OpenSearch {
    /// The charm with keys of this source.
    fn new(metadata: &CharmMetadata, keys: KeySource) -> Self {
        let mut endpoints = metadata.endpoints.iter();
        let peer = endpoints.find(|it| it.role == Role::Peer && it.name == PEERS);
        let certificates = metadata.endpoint(CERTIFICATES);
        Self {
            keys,
            own_client: OwnClient::of(metadata),
            bugs: certificates.map_or_else(Bugs::default, |endpoint| endpoint.bugs),
            library: RequirerV3 {
                endpoint: Arc::from(CERTIFICATES),
                notification: Some(NOTIFICATION),
            },
            peer: peer.map(|endpoint| Arc::from(endpoint.name.as_str())),
            clients: clients(metadata),
        }
    }

    /// `_request_certificate`: a new key, a new request.
    fn ask(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let key = self.keys.leaf(unit);
        let content = [("key".to_owned(), pem::key_value(&key))];
        let owner = SecretOwner::Unit(unit.id());
        match unit.secret(owner, NODE) {
            Some(secret) => unit.set_secret_content(secret.id, content.into())?,
            None => {
                unit.add_secret(owner, NODE, content.into(), None)?;
            }
        }
        let request = make(&key, unit)?;
        self.library.request_creation(unit, &request)
    }

    /// `_request_certificate_renewal`: the same key and no identifier in the subject; only that
    /// Python's sets order the names anew makes another request of it, mostly.
    fn renew(&self, old: &CertificateRequest, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let Some(key) = key(unit) else {
            return Err(HookError::Charm("KeyError: 'key'".to_owned()));
        };
        let request = make(&key, unit)?;
        self.library.request_renewal(unit, old, &request)
    }

    /// `_on_certificate_expiring`.
    fn expiring(
        &self,
        entry: &CertificateEntry,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        self.set_flag(unit, CONFIGURED, false)?;
        self.renew(&entry.request, unit)
    }

    /// `update_host_if_needed`, `delete_stored_tls_resources` and `request_new_unit_certificates`: the process serves on
    /// what it has loaded.
    fn update_host(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let address = Value::from(unit.binding_address(PEERS));
        let is_configured = unit.files().contains_key(HOST);
        if !is_configured || !unit.push_file(HOST, address) {
            return Ok(());
        }
        unit.remove_file(&chain_path(CERTIFICATES, NODE));
        unit.remove_file(&key_path(CERTIFICATES, NODE));
        self.set_flag(unit, CONFIGURED, false)?;
        self.renew_all(unit)
    }

    /// `request_new_unit_certificates`.
    fn renew_all(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let Self { library, .. } = self;
        for asked in library.requests(unit)? {
            self.renew(&asked.request, unit)?;
        }
        Ok(())
    }

    /// The deferred event, with what is in the databag by now.
    fn retry(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        for entry in self.library.assigned(unit)? {
            if !entry.is_revoked() {
                self.available(&entry, unit)?;
            }
        }
        Ok(())
    }

    /// `_on_certificate_available`.
    fn available(
        &self,
        entry: &CertificateEntry,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        if !self.all_have_the_ca(unit)? {
            unit.push_file(DEFERRED, Value::from("certificate_available"));
            return Ok(());
        }
        let (ca, old) = (trust_path(CA), trust_path(OLD_CA));
        let new = pem::chain_value(std::slice::from_ref(&entry.ca));
        let stored = unit.files().get(&*ca).cloned();
        if stored.as_ref() != Some(&new) {
            // `store_new_ca`; keytool refuses an alias that is there.
            if let Some(stored) = &stored {
                if unit.files().contains_key(&*old) {
                    let raised = "OpenSearchCmdError: Destination alias <old-ca> already exists";
                    return Err(HookError::Charm(raised.to_owned()));
                }
                unit.push_file(&old, stored.clone());
            }
            unit.push_file(&ca, new);
            if stored.is_some() {
                // `_add_ca_to_request_bundle`.
                self.own_client.trust_too(unit, &handed_on(entry));
                return self.restart_with_both(unit);
            }
        }
        self.store(entry, unit)?;
        unit.push_file(HANDED_ON, pem::chain_value(&handed_on(entry)));
        if !unit.files().contains_key(&*old) {
            self.trust_own_node(unit);
        }
        self.set_flag(unit, CONFIGURED, true)
    }

    /// `on_tls_ca_rotation` and, once the node is up again, `post_start_init`.
    fn restart_with_both(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        self.set_flag(unit, RENEWING, true)?;
        unit.restart_workload();
        self.set_flag(unit, RENEWED, true)?;
        self.set_flag(unit, CONFIGURED, false)?;
        self.renew_all(unit)
    }

    /// `store_new_tls_resources`, and `reload_tls_certificates` through the API: the trust store is
    /// not read again by it.
    fn store(&self, entry: &CertificateEntry, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let Some(key) = key(unit) else {
            return Err(HookError::Charm("KeyError: 'key'".to_owned()));
        };
        let is_first = !unit.files().contains_key(HOST);
        // The key store holds the certificate without its chain (`openssl pkcs12 -export -in`).
        let leaf = std::slice::from_ref(&entry.certificate);
        unit.push_file(&chain_path(CERTIFICATES, NODE), pem::chain_value(leaf));
        unit.push_file(&key_path(CERTIFICATES, NODE), pem::key_value(&key));
        if is_first {
            let address = Value::from(unit.binding_address(PEERS));
            unit.push_file(HOST, address);
            unit.restart_workload();
        } else if reaches_itself(unit) {
            unit.reload_workload(&format!("tls/{CERTIFICATES}/"));
        } else if !self.bugs.reload_only {
            unit.restart_workload();
        }
        // `reset_ca_rotation_state`.
        if self.flag(unit, None, RENEWED)? {
            self.set_flag(unit, RENEWING, false)?;
            self.set_flag(unit, RENEWED, false)?;
        }
        Ok(())
    }

    /// `on_ca_certs_rotation_complete`, in whichever hook finds everyone done.
    fn finish(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let old = trust_path(OLD_CA);
        if unit.files().contains_key(&*old) && self.all_are_done(unit)? {
            unit.remove_file(&old);
            self.trust_own_node(unit);
        }
        Ok(())
    }

    /// `update_request_ca_bundle`: `chain.pem`, by which the charm verifies the API of its node.
    fn trust_own_node(&self, unit: &mut UnitContext<'_>) {
        let chain = unit.files().get(HANDED_ON).cloned();
        self.own_client.trust(unit, chain);
    }

    /// `ca_rotation_complete_in_cluster`.
    fn all_have_the_ca(&self, unit: &UnitContext<'_>) -> Result<bool, HookError> {
        let mut is_happening = self.flag(unit, None, RENEWING)?;
        let mut is_complete = self.flag(unit, None, RENEWED)?;
        for peer in self.peers(unit) {
            is_happening |= self.flag(unit, Some(peer), RENEWING)?;
            is_complete &= self.flag(unit, Some(peer), RENEWED)?;
        }
        Ok(!is_happening || is_complete)
    }

    /// `ca_and_certs_rotation_complete_in_cluster`.
    fn all_are_done(&self, unit: &UnitContext<'_>) -> Result<bool, HookError> {
        let units = self.peers(unit).into_iter().map(Some);
        for other in std::iter::once(None).chain(units) {
            let is_done = self.flag(unit, other, CONFIGURED)?
                && !self.flag(unit, other, RENEWING)?
                && !self.flag(unit, other, RENEWED)?;
            if !is_done {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn peer_relation(&self, unit: &UnitContext<'_>) -> Option<RelationId> {
        unit.relations(self.peer.as_deref()?).first().copied()
    }

    fn peers(&self, unit: &UnitContext<'_>) -> Vec<trustsim_juju::UnitId> {
        match self.peer_relation(unit) {
            Some(relation) => unit.remote_units(relation),
            // Before the peer relation is there a unit knows of no other.
            None => Vec::new(),
        }
    }

    fn flag(
        &self,
        unit: &UnitContext<'_>,
        of: Option<trustsim_juju::UnitId>,
        flag: &str,
    ) -> Result<bool, HookError> {
        let Some(relation) = self.peer_relation(unit) else {
            return Ok(flag == CONFIGURED);
        };
        let bag = unit.unit_data(relation, of.unwrap_or(unit.id()))?;
        Ok(bag.get(flag).is_some())
    }

    fn set_flag(&self, unit: &mut UnitContext<'_>, flag: &str, on: bool) -> Result<(), HookError> {
        if let Some(relation) = self.peer_relation(unit) {
            let value = on.then(|| Value::from("True"));
            unit.set_unit_data(relation, flag, value)?;
        }
        Ok(())
    }
}

/// The endpoints over which a charm hands on its CA.
fn clients(metadata: &CharmMetadata) -> Vec<Provider> {
    let passing = metadata
        .endpoints
        .iter()
        .filter(|endpoint| matches!(endpoint.profile, Some(EndpointProfile::PassesCa(_))));
    passing
        .map(|endpoint| Provider {
            endpoint: Arc::from(endpoint.name.as_str()),
            carrier: Carrier::of(&endpoint.interface),
            passing: Passing::Ca,
        })
        .collect()
}

/// The CAs of a chain, from the top; where the provider gives none, the CA alone.
fn handed_on(entry: &CertificateEntry) -> Vec<Certificate> {
    let chain = entry.chain.iter().flatten().rev();
    let authorities: Vec<Certificate> = chain.filter(|each| each.is_ca()).cloned().collect();
    match authorities.is_empty() {
        true => vec![entry.ca.clone()],
        false => authorities,
    }
}

/// `get_host_ip`: its address in the space of its peers (`lib/charms/opensearch/v0/helper_networking.py`).
fn host(unit: &UnitContext<'_>) -> String {
    match unit.is_kubernetes() {
        true => unit.unit_dns_name(),
        false => unit.binding_address(PEERS).to_owned(),
    }
}

/// Whether the charm reaches the API of its node, which it dials by the name that the unit has, and verifies
/// (`opensearch_distro.py`, `request`).
fn reaches_itself(unit: &UnitContext<'_>) -> bool {
    let in_use = unit.workload().loaded.get(&*chain_path(CERTIFICATES, NODE));
    let leaf = pem::loadable(in_use).into_iter().next();
    let name = attributes(&[host(unit)], unit.application_name());
    let wanted = |leaf: &Certificate| {
        let mut dns = name.sans_dns.iter().map(|name| format!("DNS:{name}"));
        let mut addresses = name.sans_ip.iter().map(|address| format!("IP:{address}"));
        let has = |name: &String| leaf.sans().contains(name);
        dns.all(|name| has(&name)) && addresses.all(|address| has(&address))
    };
    leaf.as_ref().is_some_and(wanted)
}

fn key(unit: &UnitContext<'_>) -> Option<KeyPair> {
    let secret = unit.secret(SecretOwner::Unit(unit.id()), NODE)?;
    let key = pem::key(secret.content.get("key")?);
    Some(
        (*key)
            .clone()
            .expect("the charm reads the key that it wrote"),
    )
}

/// `generate_csr` with the names of `_get_sans`, which are a Python set.
fn make(key: &KeyPair, unit: &mut UnitContext<'_>) -> Result<CertificateRequest, HookError> {
    let short = format!("{}-{}", unit.application_name(), unit.unit_number());
    let mut names = vec![host(unit), short.clone(), format!("{short}.local")];
    let first = names[0].clone();
    names.shuffle(&mut unit.stream("python-set-order"));
    names.insert(0, first);
    let mut attributes = attributes(&names, &short);
    // The common name is the unit's address; the alternative names keep the order of the set.
    attributes
        .sans_dns
        .sort_by_key(|name| names[1..].iter().position(|other| other == name));
    CertificateRequest::new(&attributes, key)
        .map_err(|error| HookError::Charm(format!("ValueError: {error}")))
}
