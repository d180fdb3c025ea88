//! `traefik-k8s`: canonical/traefik-k8s-operator `src/charm.py` at 8ab4a7e, as far as TLS goes.
//!
//! The leader asks for the application, shares what it gets in the peer databag and a secret, and
//! every unit writes it to its own disk. Noteworthy: a unit that runs in the gap of a renewal
//! deletes the files of the host, and the default certificate is served until the new one comes;
//! received CAs are written one over the other into a single file for each relation, so that one
//! of a set survives, whichever Python's hashes put last.
//!
//! Left out: subdomain routing and `traefik_route`, which would add host names.

mod earlier;
mod files;
mod sharing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;

use super::names::{attributes, common_name, load_balancer_names};
use super::surface::trust_path;
use super::{Charm, CharmMetadata, EndpointKeys, Implementation, LibraryBinding, Requests};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::certificate_transfer::{self, CertificateSet};
use trustsim_interfaces::tls_certificates::{self, Asks, Event, Library, Mode, Request, Side};
use trustsim_interfaces::{KeySource, pem};
use trustsim_juju::{Hook, HookError, RelationId, Status, Value};
use trustsim_pki::KeyPair;

const CERTIFICATES: &str = "certificates";
const RECEIVE_CA: &str = "receive-ca-cert";
const PEERS: &str = "peers";
const EXTERNAL_HOSTNAME: &str = "external_hostname";
/// There once the service runs.
const RUNNING: &str = "charm-state/traefik/running";
/// What the static configuration says of TLS.
const STATIC_CONFIG: &str = "charm-state/traefik/static-config";

pub(super) static IMPLEMENTATIONS: [Implementation; 2] = [IMPLEMENTATION, earlier::IMPLEMENTATION];

const IMPLEMENTATION: Implementation = Implementation {
    behaviour: "traefik",
    writes_files: true,
    endpoint_keys: EndpointKeys::Listed(&["library"]),
    build: |setup| {
        let charm = Traefik::new(setup.keys.clone());
        Arc::new(charm.with_libraries(setup.metadata))
    },
    requests: Requests::ForHostname {
        option: EXTERNAL_HOSTNAME,
    },
    public_name_option: Some(EXTERNAL_HOSTNAME),
    overwrites_received_cas: true,
    ..Implementation::NONE
};

/// The charm.
#[derive(Clone, Debug)]
struct Traefik {
    keys: KeySource,
    certificates: tls_certificates::Requirer,
    received: certificate_transfer::Requirer,
}

/// What one host is served with.
#[derive(Clone, Debug, PartialEq, Eq)]
struct HostFiles {
    chain: Value,
    key: Value,
    ca: Value,
}

type Hosts = BTreeMap<String, HostFiles>;

/// The charm object of one hook.
struct Run {
    requests: Vec<Request>,
    private_key: Option<KeyPair>,
}

impl Charm for Traefik {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let mut run = Run {
            requests: requests(unit),
            private_key: sharing::existing_key(unit)?,
        };
        let endpoint = hook.relation().and_then(|id| unit.own_endpoint(id));
        if let Some(event) = self.received.on_hook(hook, unit)? {
            self.on_received(event, unit, &mut run)?;
        }
        let asks = self.asks(&run, matches!(hook, Hook::ConfigChanged));
        let events = self.certificates.on_hook(hook, unit, &asks)?;
        if events
            .iter()
            .any(|event| matches!(event, Event::Available(_)))
        {
            self.configure(unit, &mut run)?;
        }
        match hook {
            Hook::PebbleReady { .. } => {
                self.configure(unit, &mut run)?;
                self.push_all_received(unit)?;
            }
            Hook::Start | Hook::UpdateStatus => self.process(unit, &mut run)?,
            Hook::ConfigChanged => self.configure(unit, &mut run)?,
            Hook::RelationBroken { .. } if endpoint == Some(CERTIFICATES) => {
                self.configure(unit, &mut run)?;
            }
            Hook::RelationCreated { .. } | Hook::RelationChanged { .. }
                if endpoint == Some(PEERS) && !unit.is_leader() =>
            {
                self.configure(unit, &mut run)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn libraries(&self, unit: &UnitContext<'_>) -> Vec<LibraryBinding> {
        let asking = LibraryBinding::RequiresCertificates {
            asks: self.certificates.clone(),
            requests: requests(unit),
            private_key: sharing::key_in_sight(unit),
            refresh_hooks: &["config-changed"],
        };
        vec![
            asking,
            LibraryBinding::RequiresTransfer(self.received.clone()),
        ]
    }
}

impl Traefik {
    /// The charm with keys of this source.
    fn new(keys: KeySource) -> Self {
        let mut certificates = tls_certificates::Requirer::new(CERTIFICATES, Mode::App);
        certificates.library = Library::V4Patch30;
        let mut received = certificate_transfer::Requirer::new(RECEIVE_CA);
        received.library = certificate_transfer::Library::V1Patch15;
        Self {
            keys,
            certificates,
            received,
        }
    }

    /// The same charm with the libraries that its metadata name: another revision's.
    #[must_use]
    fn with_libraries(mut self, metadata: &CharmMetadata) -> Self {
        if let Some(library) = metadata.certificates_library(CERTIFICATES) {
            self.certificates.library = library;
        }
        if let Some(library) = metadata.transfer_library(RECEIVE_CA) {
            self.received.library = library;
        }
        self
    }

    fn asks<'a>(&'a self, run: &'a Run, refresh: bool) -> Asks<'a> {
        Asks {
            requests: &run.requests,
            private_key: run.private_key.as_ref(),
            keys: &self.keys,
            refresh,
        }
    }

    /// `_configure`: certificates, configuration, and always a restart.
    fn configure(&self, unit: &mut UnitContext<'_>, run: &mut Run) -> Result<(), HookError> {
        self.update_certificates(unit, run)?;
        push_static_config(unit);
        self.restart(unit)?;
        self.process(unit, run)
    }

    /// `_update_cert_configs`.
    fn update_certificates(&self, unit: &mut UnitContext<'_>, run: &Run) -> Result<(), HookError> {
        if unit.is_leader() {
            if is_tls_enabled(unit) {
                let certificates = self.assigned_hosts(unit, run)?;
                sharing::publish(unit, &certificates)?;
            } else {
                sharing::clear(unit)?;
            }
        }
        let hosts = self.hosts(unit, run)?;
        files::update(unit, &hosts);
        Ok(())
    }

    /// `_get_certs`. A unit that does not lead and finds nothing shared ends with no host at all.
    fn hosts(&self, unit: &mut UnitContext<'_>, run: &Run) -> Result<Hosts, HookError> {
        let mut hosts = Hosts::new();
        if !is_tls_enabled(unit) {
            return Ok(hosts);
        }
        hosts.extend(configured_host(unit));
        if unit.is_leader() {
            hosts.extend(self.assigned_hosts(unit, run)?);
        } else if let Some(shared) = sharing::shared(unit) {
            hosts.extend(shared);
        } else {
            let message = "Certificates unavailable from peer relation; waiting for leader.";
            unit.set_status(Status::Blocked, message);
        }
        Ok(hosts)
    }

    /// `_get_certs_from_relation`: a host without a certificate is left out.
    fn assigned_hosts(&self, unit: &UnitContext<'_>, run: &Run) -> Result<Hosts, HookError> {
        let mut hosts = Hosts::new();
        for request in &run.requests {
            let asks = self.asks(run, false);
            let Some(assigned) = self.certificates.assigned(unit, &asks, request)? else {
                continue;
            };
            let entry = &assigned.entry;
            // An entry without a chain is an empty list to the library.
            let Some(first) = entry.chain.iter().flatten().next() else {
                return Err(HookError::Charm(
                    "IndexError: list index out of range".to_owned(),
                ));
            };
            let mut chain: Vec<_> = entry.chain.iter().flatten().cloned().collect();
            if *first != entry.certificate {
                chain.reverse();
            }
            let texts: Vec<&str> = chain.iter().map(trustsim_pki::Certificate::pem).collect();
            let text = texts.join("\n\n");
            let name = common_name(&request.attributes).to_owned();
            let files = HostFiles {
                chain: Value::with_parsed(text, Arc::new(Ok::<_, trustsim_pki::PkiError>(chain))),
                key: pem::key_value(&assigned.key),
                ca: pem::chain_value(std::slice::from_ref(&entry.ca)),
            };
            hosts.insert(name, files);
        }
        Ok(hosts)
    }

    /// `_process_status_and_configurations`.
    fn process(&self, unit: &mut UnitContext<'_>, run: &mut Run) -> Result<(), HookError> {
        if !is_running(unit) {
            unit.set_status(Status::Waiting, "waiting for service: 'traefik'");
            return Ok(());
        }
        if static_config(unit) != written_static_config(unit) {
            self.update_certificates(unit, run)?;
            push_static_config(unit);
            self.restart(unit)?;
        }
        let scheme = if is_tls_enabled(unit) {
            "https"
        } else {
            "http"
        };
        let message = format!("Serving at {scheme}://{}", external_address(unit));
        unit.set_status(Status::Active, &message);
        // `_refresh_certs_if_needed`: the service may have come up since the hook began.
        let requests = requests(unit);
        if requests != run.requests {
            run.requests = requests;
            let asks = self.asks(run, false);
            let events = self.certificates.configure(unit, &asks)?;
            if !events.is_empty() {
                self.configure(unit, run)?;
            }
        }
        if unit.is_leader() && is_related(unit) {
            let hosts = self.assigned_hosts(unit, run)?;
            if hosts.len() < run.requests.len() {
                unit.set_status(Status::Active, "Certificate not available yet");
            }
        }
        Ok(())
    }

    fn on_received(
        &self,
        event: certificate_transfer::Event,
        unit: &mut UnitContext<'_>,
        run: &mut Run,
    ) -> Result<(), HookError> {
        match event {
            certificate_transfer::Event::SetUpdated(relation, set) => {
                push_received(unit, relation, &set);
            }
            certificate_transfer::Event::Removed(relation) => {
                let path = received_path(unit, relation);
                unit.remove_file(&path);
            }
        }
        self.restart(unit)?;
        self.process(unit, run)
    }

    /// The rest of `_on_traefik_pebble_ready`. The process has been restarted already, but Go
    /// reads the system's roots when it first verifies a peer.
    fn push_all_received(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        for relation in unit.relations(RECEIVE_CA) {
            let set = self.received.read(unit, relation, 0)?;
            push_received(unit, relation, &set);
        }
        unit.reload_workload("trust/");
        Ok(())
    }

    /// `_restart_traefik`. Without a certificate of its own it makes one that no client trusts.
    fn restart(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        files::keep_default_certificate(unit, &self.keys)?;
        unit.push_file(RUNNING, Value::from("true"));
        unit.restart_workload();
        Ok(())
    }
}

/// `_get_cert_requests`, once the service runs: one for the gateway's address.
fn requests(unit: &UnitContext<'_>) -> Vec<Request> {
    if !is_running(unit) {
        return Vec::new();
    }
    let is_named = external_hostname(unit).is_some();
    let fronted = load_balancer_names(unit, false).filter(|_| !is_named);
    let names = fronted.unwrap_or_else(|| vec![external_address(unit)]);
    let attributes = attributes(&names, unit.application_name());
    vec![Request::new(attributes, Side::App)]
}

/// `_traefik_external_address`: the option, else the address of the load balancer. Without one, which the real charm waits
/// for, it is taken to be known by the name of its service.
fn external_address(unit: &UnitContext<'_>) -> String {
    let fronted = || unit.load_balancer().map(|found| found.address.to_string());
    let set = external_hostname(unit).map(str::to_owned);
    set.or_else(fronted)
        .unwrap_or_else(|| unit.application_dns_name())
}

fn external_hostname<'a>(unit: &UnitContext<'a>) -> Option<&'a str> {
    let set = unit.config(EXTERNAL_HOSTNAME);
    set.filter(|name| !name.is_empty())
}

fn is_running(unit: &UnitContext<'_>) -> bool {
    unit.files().contains_key(RUNNING)
}

fn is_related(unit: &UnitContext<'_>) -> bool {
    !unit.relations(CERTIFICATES).is_empty()
}

/// `_is_tls_enabled`.
fn is_tls_enabled(unit: &UnitContext<'_>) -> bool {
    is_related(unit) || configured_host(unit).is_some()
}

/// The certificate an operator configured.
fn configured_host(unit: &UnitContext<'_>) -> Option<(String, HostFiles)> {
    let option = |name| {
        unit.config(name)
            .filter(|text| !text.is_empty())
            .map(Value::from)
    };
    let files = HostFiles {
        chain: option("tls-cert")?,
        key: option("tls-key")?,
        ca: option("tls-ca")?,
    };
    Some(("local-config".to_owned(), files))
}

/// What of the static configuration depends on TLS.
fn static_config(unit: &UnitContext<'_>) -> Option<Value> {
    Some(Value::from(if is_tls_enabled(unit) {
        "tls"
    } else {
        "plain"
    }))
}

fn written_static_config(unit: &UnitContext<'_>) -> Option<Value> {
    unit.files().get(STATIC_CONFIG).cloned()
}

fn push_static_config(unit: &mut UnitContext<'_>) {
    if let Some(config) = static_config(unit) {
        unit.push_file(STATIC_CONFIG, config);
    }
}

/// `_update_received_ca_certs`: each of the set is pushed to the same path, in the order of a
/// Python set, so one of them stays. An empty set pushes nothing, and the last file stays.
fn push_received(unit: &mut UnitContext<'_>, relation: RelationId, set: &CertificateSet) {
    let count = set.texts.len();
    let last = match count {
        0 => return,
        1 => 0,
        count => unit.stream("python-set-order").random_range(0..count),
    };
    let text = set.texts.iter().nth(last).expect("a place within the set");
    // A set of one is the same value for every unit that reads it.
    let value = if count == 1 {
        set.bundle()
    } else {
        Value::from(&**text)
    };
    let path = received_path(unit, relation);
    unit.push_file(&path, value);
}

fn received_path(unit: &UnitContext<'_>, relation: RelationId) -> String {
    trust_path(&format!("{RECEIVE_CA}-{}", unit.relation_number(relation)))
}
