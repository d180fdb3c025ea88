//! The generic consumer: what its endpoints' profiles say, and nothing else.
//!
//! It plays the many charms that write what they are given to the workload's disk and
//! restart it. It acts when the library tells it of a certificate, on config-changed, when a
//! relation breaks, and when the workload starts; unlike some it restarts only for what changed.

mod anchors;
mod cert_handler;
mod own_ca;
mod passed;
mod phased;
mod processes;
mod served;
mod shared;
mod starts;
mod trust;
mod v3;
mod v4;

use std::collections::BTreeSet;
use std::sync::Arc;

use trustsim_charm_model::names::{
    attributes, clipped, common_name, filled_name, listed, load_balancer_names, own_names,
};
use trustsim_charm_model::surface::{chain_path, key_path, own_ca_source, paths_under, trust_path};
use trustsim_charm_model::{
    Apply, Bugs, CertificatesProfile, Charm, CharmMetadata, ClientCertificate, EndpointKeys,
    EndpointProfile, Implementation, LibraryBinding, Mode, ProcessProfile, Requests, Role, Serves,
    TrustProfile, Unnamed,
};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::certificate_transfer;
use trustsim_interfaces::passed_ca;
use trustsim_interfaces::tls_certificates::{self, Library, Request, Side};
use trustsim_interfaces::{KeySource, pem};
use trustsim_juju::{Hook, HookError, RelationId, Status, Value};
use trustsim_pki::{Certificate, KeyPair};

use passed::{PassingEndpoint, TakingEndpoint};

/// The registration of the generic consumer.
pub static REQUIRER: Implementation = Implementation {
    behaviour: "requirer",
    endpoint_keys: EndpointKeys::GenericConsumer,
    plays_any_endpoint: true,
    plays_processes: true,
    writes_files: true,
    rotation_flag: Some(phased::ADDED),
    build: |setup| Arc::new(Requirer::new(setup.metadata, setup.keys.clone())),
    requests: Requests::ByProfile,
    ..Implementation::NONE
};

/// The address of the unit that a charm knows which compares it.
const KNOWN_ADDRESS: &str = "charm-state/requirer/address-of-";

/// The charm. Cheap to clone.
#[derive(Clone, Debug)]
struct Requirer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keys: KeySource,
    certificates: Vec<CertificatesEndpoint>,
    trust: Vec<TrustEndpoint>,
    /// Endpoints over which it hands on the CA of its certificates, or one of those.
    passing: Vec<PassingEndpoint>,
    /// Endpoints over which it is handed a CA, or the certificates of its clients.
    taking: Vec<TakingEndpoint>,
    /// Processes of a unit beside its workload.
    processes: Vec<ProcessProfile>,
    /// A peer endpoint, by which the leader tells its fellows that there is something new.
    peer: Option<Arc<str>>,
}

#[derive(Debug)]
struct CertificatesEndpoint {
    certificates: tls_certificates::Requirer,
    profile: CertificatesProfile,
    bugs: Bugs,
    /// Endpoints to its workers, for whose addresses a coordinator asks too.
    gathers: Vec<Arc<str>>,
}

#[derive(Debug)]
struct TrustEndpoint {
    transfer: certificate_transfer::Requirer,
    profile: TrustProfile,
    bugs: Bugs,
}

/// What an endpoint changed on disk.
#[derive(Clone, Copy, Debug, Default)]
struct Written {
    served: bool,
    ca: bool,
}

/// What a hook changed on disk, and what the workload is to do about it.
#[derive(Default)]
struct Changes {
    restart: bool,
    reload: BTreeSet<String>,
}

impl Changes {
    fn note_endpoint(&mut self, written: Written, endpoint: &CertificatesEndpoint) {
        let apply = endpoint.profile.apply;
        let name = &endpoint.certificates.endpoint;
        self.note(written.served, apply, &[format!("tls/{name}/")]);
        let own = trust_path(&own_ca_source(name));
        let cas = [trust_path(name), endpoint.old_ca_path(), own];
        let apply_ca = endpoint.profile.apply_ca.unwrap_or(apply);
        self.note(written.ca, apply_ca, &cas);
    }

    fn note(&mut self, changed: bool, apply: Apply, prefixes: &[String]) {
        match apply {
            _ if !changed => {}
            Apply::Restart => self.restart = true,
            Apply::Reload => self.reload.extend(prefixes.iter().cloned()),
            Apply::None => {}
        }
    }

    fn carry_out(self, unit: &mut UnitContext<'_>) {
        if self.restart {
            unit.restart_workload();
            return;
        }
        for prefix in self.reload {
            unit.reload_workload(&prefix);
        }
    }
}

impl Charm for Requirer {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        // The process begins: it reads whatever is there. Without a container of its own, as on a
        // machine, it does so with the charm.
        let begins = matches!(hook, Hook::PebbleReady { .. })
            || (matches!(hook, Hook::Start) && !unit.has_containers());
        let mut changes = Changes {
            restart: begins,
            ..Changes::default()
        };
        let mut denied = None;
        for endpoint in &self.0.certificates {
            let before = endpoint.configured(unit);
            let refusal = self.on_certificates(endpoint, hook, unit, begins, &mut changes)?;
            denied = denied.or(refusal);
            let peer = self.0.peer.as_deref();
            let signed = own_ca::on_hook(endpoint, &self.0.keys, peer, hook, unit)?;
            changes.note_endpoint(signed, endpoint);
            changes.restart |= endpoint.configures(&before, hook, unit);
        }
        for endpoint in &self.0.trust {
            endpoint.on_hook(hook, unit, begins, &mut changes)?;
        }
        for endpoint in &self.0.taking {
            endpoint.on_hook(hook, unit, begins, &mut changes)?;
        }
        for endpoint in &self.0.passing {
            endpoint.on_hook(hook, unit, &self.0.certificates)?;
        }
        let starts = changes.restart;
        changes.carry_out(unit);
        for process in &self.0.processes {
            processes::on_hook(process, unit, starts);
        }
        for endpoint in &self.0.certificates {
            endpoint.stops_or_starts(hook, unit);
        }
        self.set_status(hook, unit, denied);
        Ok(())
    }

    fn libraries(&self, unit: &UnitContext<'_>) -> Vec<LibraryBinding> {
        let asking =
            self.0
                .certificates
                .iter()
                .map(|endpoint| LibraryBinding::RequiresCertificates {
                    asks: endpoint.certificates.clone(),
                    requests: endpoint.requests(unit),
                    private_key: None,
                    refresh_hooks: match endpoint.bugs.start_takes_address {
                        true => &[],
                        false => &["config-changed"],
                    },
                });
        let trusting = self.0.trust.iter();
        let trusting =
            trusting.map(|endpoint| LibraryBinding::RequiresTransfer(endpoint.transfer.clone()));
        asking.chain(trusting).collect()
    }
}

impl Requirer {
    /// The consumer of these endpoints.
    fn new(metadata: &CharmMetadata, keys: KeySource) -> Self {
        let mut inner = Inner {
            keys,
            certificates: Vec::new(),
            trust: Vec::new(),
            passing: Vec::new(),
            taking: Vec::new(),
            processes: metadata.processes.clone(),
            peer: None,
        };
        for endpoint in &metadata.endpoints {
            match &endpoint.client_certificate {
                Some(ClientCertificate::Handed(own)) => {
                    inner
                        .passing
                        .push(PassingEndpoint::of_client(endpoint, own));
                }
                Some(ClientCertificate::Trusted(apply)) => {
                    inner
                        .taking
                        .push(TakingEndpoint::of_server(endpoint, *apply));
                }
                None => {}
            }
            match &endpoint.profile {
                Some(EndpointProfile::Certificates(profile)) => {
                    assert!(
                        (501..=1000).contains(&profile.renewal_permille),
                        "`{}` renews at more than half of a life and at most all of it",
                        endpoint.name
                    );
                    let mode = profile.mode;
                    let certificates = tls_certificates::Requirer {
                        renewal_permille: profile.renewal_permille,
                        library: metadata.played_certificates_library(&endpoint.name),
                        ..tls_certificates::Requirer::new(&endpoint.name, mode)
                    };
                    let profile = profile.clone();
                    inner.certificates.push(CertificatesEndpoint {
                        certificates,
                        profile,
                        bugs: endpoint.bugs,
                        gathers: gathers(metadata, &endpoint.name),
                    });
                }
                Some(EndpointProfile::ReceivesCa(profile)) => {
                    let transfer = certificate_transfer::Requirer {
                        library: metadata.played_transfer_library(&endpoint.name),
                        ..certificate_transfer::Requirer::new(&endpoint.name)
                    };
                    let profile = profile.clone();
                    inner.trust.push(TrustEndpoint {
                        transfer,
                        profile,
                        bugs: endpoint.bugs,
                    });
                }
                Some(EndpointProfile::PassesCa(profile)) => {
                    inner.passing.push(PassingEndpoint::new(endpoint, profile));
                }
                Some(EndpointProfile::TakesCa(profile)) => {
                    inner.taking.push(TakingEndpoint::new(endpoint, profile));
                }
                None if endpoint.role == Role::Peer && inner.peer.is_none() => {
                    inner.peer = Some(Arc::from(endpoint.name.as_str()));
                }
                Some(EndpointProfile::LegacyCertificates(_)) | None => {}
            }
        }
        Self(Arc::new(inner))
    }

    /// One certificates endpoint; returns the message of a refusal.
    fn on_certificates(
        &self,
        endpoint: &CertificatesEndpoint,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
        begins: bool,
        changes: &mut Changes,
    ) -> Result<Option<String>, HookError> {
        let begins = begins && endpoint.profile.restores;
        endpoint.raise_for_bugs(hook, unit)?;
        if endpoint.profile.serves == Serves::Nothing {
            let changed = anchors::on_hook(endpoint, &self.0.keys, hook, unit, begins)?;
            let apply = endpoint.profile.apply_ca.unwrap_or(endpoint.profile.apply);
            changes.note(changed, apply, &[anchors::prefix(endpoint)]);
            return Ok(None);
        }
        let tls_certificates::Requirer { library, .. } = endpoint.certificates;
        if library == Library::V3 {
            let (keys, peer) = (&self.0.keys, self.0.peer.as_ref());
            let written = match endpoint.profile.cert_handler {
                Some(version) => {
                    let handler = cert_handler::of(endpoint, version, peer, keys);
                    cert_handler::on_hook(endpoint, &handler, hook, unit, begins)?
                }
                None => v3::on_hook(endpoint, keys, hook, unit, begins)?,
            };
            changes.note_endpoint(written, endpoint);
            return Ok(None);
        }
        self.on_version_4(endpoint, hook, unit, begins, changes)
    }

    fn set_status(&self, hook: &Hook, unit: &mut UnitContext<'_>, denied: Option<String>) {
        if matches!(hook, Hook::Install | Hook::Stop | Hook::Remove) {
            return;
        }
        if let Some(message) = denied {
            let message = format!("certificate request denied: {message}");
            unit.set_status(Status::Blocked, &message);
            return;
        }
        let waits = self.0.certificates.iter().find(|endpoint| {
            let has_relation = !unit.relations(&endpoint.certificates.endpoint).is_empty();
            let profile = &endpoint.profile;
            // What serves without TLS meanwhile says nothing of it, as the observability charms do.
            let goes_on = profile.plain_without_certificate && profile.stops_without.is_none();
            let needs_one = profile.serves != Serves::Nothing && !goes_on;
            has_relation && needs_one && !endpoint.serves(unit)
        });
        let stopped = waits.and_then(|endpoint| endpoint.profile.stops_without.clone());
        match waits.map(|endpoint| endpoint.asks_for_nothing(unit).or(stopped)) {
            Some(Some(why)) => unit.set_status(Status::Waiting, &why),
            Some(None) => unit.set_status(Status::Waiting, "waiting for certificates"),
            None => unit.set_status(Status::Active, ""),
        }
    }
}

/// The endpoints over which a charm hands its workers the certificate that it gets over this one, with a library that keeps
/// the key in a secret.
fn gathers(metadata: &CharmMetadata, certificates: &str) -> Vec<Arc<str>> {
    if metadata.played_certificates_library(certificates) == Library::V3 {
        return Vec::new();
    }
    metadata
        .worker_endpoints(certificates)
        .map(|endpoint| Arc::from(endpoint.name.as_str()))
        .collect()
}

/// What a charm asks for.
enum Naming {
    /// Its unit's or its application's Juju name.
    Usual,
    /// These names, of which there is at least one.
    As(Vec<String>),
    /// Nothing, since it has no name to ask for.
    Unknown,
}

/// Whether one of these endpoints has a relation.
fn is_related(unit: &UnitContext<'_>, endpoints: &[String]) -> bool {
    let mut endpoints = endpoints.iter();
    endpoints.any(|endpoint| !unit.relations(endpoint).is_empty())
}

impl CertificatesEndpoint {
    /// The chain that it serves for itself.
    fn served_chain(&self, unit: &UnitContext<'_>) -> Option<Value> {
        let mut requests = self.requests(unit);
        let own = requests
            .iter()
            .position(|request| request.side == Side::Unit);
        // A client whose units share one has no other.
        let request = match own {
            Some(own) => requests.swap_remove(own),
            None => requests.into_iter().next()?,
        };
        let path = chain_path(
            &self.certificates.endpoint,
            common_name(&request.attributes),
        );
        unit.files().get(path.as_str()).cloned()
    }

    /// What a mistake of the charm makes of this hook.
    fn raise_for_bugs(&self, hook: &Hook, unit: &UnitContext<'_>) -> Result<(), HookError> {
        let raised = |text: &str| Err(HookError::Charm(text.to_owned()));
        let is_mine = hook
            .relation()
            .is_some_and(|id| unit.own_endpoint(id) == Some(&*self.certificates.endpoint));
        let bugs = self.bugs;
        match hook {
            Hook::RelationBroken { .. } if is_mine && bugs.broken_raises => {
                raised("AttributeError: 'NoneType' object has no attribute 'certificate'")
            }
            Hook::RelationCreated { .. } | Hook::RelationJoined { .. }
                if is_mine && bugs.empty_name_raises && !self.is_named(unit) =>
            {
                raised("ValueError: Value must not be empty")
            }
            _ => Ok(()),
        }
    }

    /// Whether a relation goes or changes that decides whether the charm asks, or for what. Real ones list its events as
    /// `refresh_events` (canonical/nginx-ingress-integrator-operator 8f872b9 `src/charm.py`, `__init__`).
    fn decides(&self, hook: &Hook, unit: &UnitContext<'_>) -> bool {
        let CertificatesProfile {
            asks_with,
            names_from,
            ..
        } = &self.profile;
        let is_its = |relation: &RelationId| {
            let own = unit.own_endpoint(*relation);
            let mut listed = asks_with.iter().chain(names_from);
            listed.any(|endpoint| own == Some(&**endpoint))
        };
        match hook {
            Hook::RelationChanged { .. } | Hook::RelationBroken { .. } => {
                hook.relation().is_some_and(|relation| is_its(&relation))
            }
            _ => false,
        }
    }

    /// Whether the charm has the library look at its requests again. One that compares the address with the one that
    /// it knows does so for another one only (canonical/postgresql-operator at its revision 1047, `_update_member_ip`).
    fn refreshes(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> bool {
        let is_configured = matches!(hook, Hook::ConfigChanged) || self.decides(hook, unit);
        // A coordinator has the library look in each hook (`coordinator.py`, `_certificates.sync`), and so does a charm
        // whose library hears none (canonical/opentelemetry-collector-operator 0357b4b `src/integrations.py`,
        // `receive_server_cert`).
        if !self.gathers.is_empty() || !self.profile.listens {
            return !matches!(hook, Hook::Install | Hook::Stop | Hook::Remove);
        }
        if !self.bugs.start_takes_address {
            return is_configured;
        }
        let is_noted = is_configured || matches!(hook, Hook::Start);
        let address = unit.binding_address(self.profile.address_of.endpoint());
        let address = Value::from(address);
        let known = format!("{KNOWN_ADDRESS}{}", self.certificates.endpoint);
        let is_another = is_noted && unit.push_file(&known, address);
        is_another && is_configured
    }

    /// Why the charm asks for nothing, where it does.
    fn asks_for_nothing(&self, unit: &UnitContext<'_>) -> Option<String> {
        if !self.is_asked(unit) {
            let needed = self.profile.asks_with.join(" or ");
            return Some(format!("waiting for a relation of {needed}"));
        }
        let option = self.profile.name_option.as_deref();
        let option = option.filter(|_| matches!(self.naming(unit), Naming::Unknown));
        option.map(|option| format!("waiting for a name: {option} is not set"))
    }

    /// Whether the name that the charm asks for is known.
    fn is_named(&self, unit: &UnitContext<'_>) -> bool {
        let option = self.profile.name_option.as_deref();
        option.is_none_or(|option| unit.config(option).is_some_and(|name| !name.is_empty()))
    }

    /// Whether a relation is there without which the charm asks for nothing. One that is being broken is not.
    fn is_asked(&self, unit: &UnitContext<'_>) -> bool {
        let needed = &self.profile.asks_with;
        needed.is_empty() || is_related(unit, needed)
    }

    /// What the charm asks for in place of its usual name.
    fn naming(&self, unit: &UnitContext<'_>) -> Naming {
        let profile = &self.profile;
        let option = profile.name_option.as_deref();
        let set = option.and_then(|option| unit.config(option));
        if let Some(name) = set.filter(|name| !name.is_empty()) {
            return Naming::As(vec![name.to_owned()]);
        }
        if let Some(fixed) = &profile.fixed_name {
            let (app, model) = (unit.application_name(), unit.model_name());
            return Naming::As(vec![filled_name(fixed, unit.unit_number(), app, model)]);
        }
        // What comes over the relation is not known.
        if option.is_none() || is_related(unit, &profile.names_from) {
            return Naming::Usual;
        }
        // An ingress without a name of its own is called by the address of its load balancer.
        match profile.unnamed {
            Unnamed::OwnName => match load_balancer_names(unit, self.bugs.reverse_dns_only) {
                Some(names) => Naming::As(names),
                None => Naming::Usual,
            },
            Unnamed::LoadBalancer => match unit.load_balancer() {
                Some(found) => Naming::As(vec![found.address.to_string()]),
                None => Naming::Unknown,
            },
            Unnamed::Nothing => Naming::Unknown,
        }
    }

    fn requests(&self, unit: &UnitContext<'_>) -> Vec<Request> {
        let (number, application) = (unit.unit_number(), unit.application_name());
        let own = || own_names(unit, &self.profile.address_of);
        let for_unit = || (own(), format!("{application}-{number}"));
        let for_application = || match unit.is_kubernetes() {
            true => (vec![unit.application_dns_name()], application.to_owned()),
            false => (own(), application.to_owned()),
        };
        if !self.is_asked(unit) {
            return Vec::new();
        }
        let called = match self.naming(unit) {
            Naming::As(names) => Some(names),
            Naming::Usual => None,
            Naming::Unknown => return Vec::new(),
        };
        let mut requests = Vec::new();
        // Of two certificates the one of the application has the names that the code or an option gives.
        let mut add = |(own, short): (Vec<String>, String), side, is_named: bool| {
            let named = called.as_ref().filter(|_| is_named);
            let mut names = named.cloned().unwrap_or(own);
            for option in &self.profile.extra_name_options {
                names.extend(listed(unit, option));
            }
            names.extend(self.worker_addresses(unit));
            let mut request = Request::new(attributes(&names, &short), side);
            if let Some(common) = self.profile.common_name.as_ref().filter(|_| is_named) {
                let filled = filled_name(common, number, application, unit.model_name());
                request.attributes.common_name = Some(clipped(&filled).to_owned());
            }
            if !self.profile.unique_requests {
                request.attributes.unique_identifier = None;
            }
            if self.bugs.no_alternative_names {
                request.attributes.sans_dns.clear();
                request.attributes.sans_ip.clear();
            }
            requests.push(request);
        };
        match self.profile.mode {
            Mode::Unit => add(for_unit(), Side::Unit, true),
            Mode::App => add(for_application(), Side::App, true),
            Mode::AppAndUnit => {
                add(for_application(), Side::App, true);
                add(for_unit(), Side::Unit, false);
            }
        }
        requests
    }

    /// Where the workers are that a coordinator's certificate is for too.
    fn worker_addresses(&self, unit: &UnitContext<'_>) -> BTreeSet<String> {
        let gathered = self.gathers.iter().flat_map(|endpoint| {
            let found = passed_ca::worker_addresses(endpoint, unit);
            found.expect("a unit reads the bags of the units that have joined")
        });
        gathered.collect()
    }

    const fn side_of(&self, request: &Request) -> Side {
        match self.profile.mode {
            Mode::Unit => Side::Unit,
            Mode::App => Side::App,
            Mode::AppAndUnit => request.side,
        }
    }

    fn push(
        &self,
        unit: &mut UnitContext<'_>,
        name: &str,
        chain: &[Certificate],
        key: &KeyPair,
    ) -> bool {
        let endpoint = &self.certificates.endpoint;
        let chain_changed = unit.push_file(&chain_path(endpoint, name), pem::chain_value(chain));
        let key = pem::key_value(key);
        unit.push_file(&key_path(endpoint, name), key) || chain_changed
    }

    /// The CA that came with the certificate. Where the charm keeps the one before, it stays beside
    /// a new one until a certificate comes that has the same CA
    /// (canonical/kafka-operator 3c25f095, `common/single_kernel_kafka/events/tls.py`,
    /// `_handle_certificate_available_event`). Where it keeps the first, `keytool -import` finds its alias in use, which
    /// the charm takes for success (7b00b34b, `src/managers/tls.py`, `set_truststore`).
    fn push_trust(
        &self,
        unit: &mut UnitContext<'_>,
        authorities: &[Certificate],
        is_new: bool,
    ) -> bool {
        let mut unique = authorities.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let path = trust_path(&self.certificates.endpoint);
        let before = unit.files().get(path.as_str()).cloned();
        if self.profile.keeps_first_ca && before.is_some() {
            return false;
        }
        let changed = unit.push_file(&path, pem::chain_value(&unique));
        if !self.profile.keeps_old_ca || !is_new {
            return changed;
        }
        let old = self.old_ca_path();
        match before {
            Some(before) if changed => unit.push_file(&old, before) || changed,
            _ => unit.remove_file(&old) || changed,
        }
    }

    fn old_ca_path(&self) -> String {
        trust_path(&format!("{}-old", self.certificates.endpoint))
    }

    /// Removes what is served under other names, and with the last name the CA that came with it.
    fn remove_others(
        &self,
        unit: &mut UnitContext<'_>,
        names: &BTreeSet<String>,
        written: &mut Written,
    ) {
        let prefix = format!("tls/{}/", self.certificates.endpoint);
        let stale: Vec<Arc<str>> = paths_under(unit.files(), &prefix)
            .filter(|path| {
                let file = &path[prefix.len()..];
                let name = file.rsplit_once('.').map_or(file, |(name, _)| name);
                !names.contains(name)
            })
            .cloned()
            .collect();
        for path in &stale {
            unit.remove_file(path);
        }
        let trust = trust_path(&self.certificates.endpoint);
        written.served |= !stale.is_empty();
        for path in [trust, self.old_ca_path()] {
            written.ca |= names.is_empty() && unit.remove_file(&path);
        }
    }

    fn serves(&self, unit: &UnitContext<'_>) -> bool {
        let prefix = format!("tls/{}/", self.certificates.endpoint);
        paths_under(unit.files(), &prefix).next().is_some()
    }
}
