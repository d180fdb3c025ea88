//! The generic consumer: what its endpoints' profiles say, and nothing else.
//!
//! It stands for the many charms that write what they are given to the workload's disk and
//! restart it. It acts when the library tells it of a certificate, on config-changed, when a
//! relation breaks, and when the workload starts; unlike some it restarts only for what changed.

mod shared;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::names::{attributes, listed};
use super::surface::{chain_path, key_path, paths_under, trust_path};
use super::{
    Apply, CertificatesProfile, Charm, CharmMetadata, EndpointProfile, Mode, Role, TrustProfile,
};
use crate::interfaces::certificate_transfer::{self, CertificateSet};
use crate::interfaces::tls_certificates::{self, Asks, Assigned, Event, Request, Side};
use crate::interfaces::{KeySource, pem};
use crate::juju::{Hook, HookError, Quiet, RelationId, Status, UnitContext};
use crate::pki::Certificate;

/// The charm. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Requirer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keys: KeySource,
    certificates: Vec<CertificatesEndpoint>,
    trust: Vec<TrustEndpoint>,
    /// A peer endpoint, by which the leader tells its fellows that there is something new.
    peer: Option<Arc<str>>,
}

#[derive(Debug)]
struct CertificatesEndpoint {
    library: tls_certificates::Requirer,
    profile: CertificatesProfile,
}

#[derive(Debug)]
struct TrustEndpoint {
    library: certificate_transfer::Requirer,
    profile: TrustProfile,
}

/// What a hook changed on disk, and what the workload is to do about it.
#[derive(Default)]
struct Changes {
    restart: bool,
    reload: BTreeSet<String>,
}

impl Changes {
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
        // The process begins: it reads whatever is there.
        let begins = matches!(hook, Hook::PebbleReady { .. })
            || (matches!(hook, Hook::Start) && !unit.is_kubernetes());
        let mut changes = Changes {
            restart: begins,
            ..Changes::default()
        };
        let mut denied = None;
        for endpoint in &self.0.certificates {
            let refusal = self.on_certificates(endpoint, hook, unit, begins, &mut changes)?;
            denied = denied.or(refusal);
        }
        for endpoint in &self.0.trust {
            endpoint.on_hook(hook, unit, begins, &mut changes)?;
        }
        changes.carry_out(unit);
        self.set_status(hook, unit, denied);
        Ok(())
    }

    fn quiet(&self, unit: &UnitContext<'_>) -> Quiet {
        let waits = |endpoint: &CertificatesEndpoint| shared::waits(endpoint, unit);
        if !unit.is_leader() && self.0.certificates.iter().any(waits) {
            return Quiet::No;
        }
        // The library does not observe update-status, and removes the secret of each expiry.
        Quiet::Always
    }
}

impl Requirer {
    /// The consumer of these endpoints.
    pub fn new(metadata: &CharmMetadata, keys: KeySource) -> Self {
        let mut inner = Inner {
            keys,
            certificates: Vec::new(),
            trust: Vec::new(),
            peer: None,
        };
        for endpoint in &metadata.endpoints {
            match &endpoint.profile {
                Some(EndpointProfile::Certificates(profile)) => {
                    let mode = match profile.mode {
                        Mode::Unit => tls_certificates::Mode::Unit,
                        Mode::App => tls_certificates::Mode::App,
                        Mode::AppAndUnit => tls_certificates::Mode::AppAndUnit,
                    };
                    let mut library = tls_certificates::Requirer::new(&endpoint.name, mode);
                    library.renewal_permille = profile.renewal_permille;
                    let profile = profile.clone();
                    inner
                        .certificates
                        .push(CertificatesEndpoint { library, profile });
                }
                Some(EndpointProfile::ReceivesCa(profile)) => inner.trust.push(TrustEndpoint {
                    library: certificate_transfer::Requirer::new(&endpoint.name),
                    profile: profile.clone(),
                }),
                None if endpoint.role == Role::Peer && inner.peer.is_none() => {
                    inner.peer = Some(Arc::from(endpoint.name.as_str()));
                }
                None => {}
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
        let requests = endpoint.requests(unit);
        let asks = Asks {
            requests: &requests,
            private_key: None,
            keys: &self.0.keys,
            refresh: matches!(hook, Hook::ConfigChanged),
        };
        let events = endpoint.library.on_hook(hook, unit, &asks)?;
        let is_broken = matches!(hook, Hook::RelationBroken { relation }
            if unit.own_endpoint(*relation) == Some(&*endpoint.library.endpoint));
        let is_told = events
            .iter()
            .any(|event| matches!(event, Event::Available(_)));
        if is_told || is_broken || begins || asks.refresh {
            let changed = self.write(endpoint, unit, &asks)?;
            changes.note(changed, endpoint.profile.apply, &endpoint.prefixes());
        }
        let is_ending = matches!(hook, Hook::Install | Hook::Stop | Hook::Remove);
        if !unit.is_leader() && endpoint.profile.mode != Mode::Unit && !is_ending {
            let changed = shared::receive(endpoint, unit)?;
            changes.note(changed, endpoint.profile.apply, &endpoint.prefixes());
        }
        Ok(events.into_iter().find_map(|event| match event {
            Event::Denied(_, error) => Some(error.message),
            Event::Available(_) => None,
        }))
    }

    /// Writes what this unit was assigned; whether anything on disk changed.
    fn write(
        &self,
        endpoint: &CertificatesEndpoint,
        unit: &mut UnitContext<'_>,
        asks: &Asks<'_>,
    ) -> Result<bool, HookError> {
        let mut changed = false;
        let (mut names, mut authorities) = (BTreeSet::new(), Vec::new());
        let mut is_complete = true;
        for request in asks.requests {
            let is_shared = endpoint.side_of(request) == Side::App;
            if is_shared && !unit.is_leader() {
                // What the leader shares is handled apart; its files stay.
                names.extend(request.attributes.common_name.clone());
                continue;
            }
            let name = request.attributes.common_name.clone().unwrap_or_default();
            match endpoint.library.assigned(unit, asks, request)? {
                Some(assigned) => {
                    changed |= endpoint.push(unit, &name, &assigned);
                    if is_shared {
                        shared::publish(self.0.peer.as_deref(), endpoint, unit, &name, &assigned)?;
                    }
                    authorities.push(assigned.entry.ca.clone());
                    names.insert(name);
                }
                None => is_complete = false,
            }
        }
        if is_complete || endpoint.profile.delete_on_missing {
            changed |= endpoint.remove_others(unit, &names);
        }
        if endpoint.profile.trusts_ca && !authorities.is_empty() {
            changed |= endpoint.push_trust(unit, &authorities);
        }
        Ok(changed)
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
        let waits = self.0.certificates.iter().any(|endpoint| {
            let has_relation = !unit.relations(&endpoint.library.endpoint).is_empty();
            has_relation && !endpoint.serves(unit)
        });
        if waits {
            unit.set_status(Status::Waiting, "waiting for certificates");
        } else {
            unit.set_status(Status::Active, "");
        }
    }
}

impl CertificatesEndpoint {
    fn requests(&self, unit: &UnitContext<'_>) -> Vec<Request> {
        let (number, application) = (unit.unit_number(), unit.application_name());
        let for_unit = || (unit.unit_dns_name(), format!("{application}-{number}"));
        let for_application = || (unit.application_dns_name(), application.to_owned());
        let option = self.profile.name_option.as_deref();
        let set = option
            .and_then(|option| unit.config(option))
            .filter(|name| !name.is_empty());
        let mut requests = Vec::new();
        let mut add = |(name, short): (String, String), side, named: Option<&str>| {
            let mut names = vec![named.map_or(name, str::to_owned)];
            for option in &self.profile.extra_name_options {
                names.extend(listed(unit, option));
            }
            requests.push(Request::new(attributes(&names, &short), side));
        };
        match self.profile.mode {
            Mode::Unit => add(for_unit(), Side::Unit, set),
            Mode::App => add(for_application(), Side::App, set),
            Mode::AppAndUnit => {
                add(for_application(), Side::App, set);
                add(for_unit(), Side::Unit, None);
            }
        }
        requests
    }

    const fn side_of(&self, request: &Request) -> Side {
        match self.profile.mode {
            Mode::Unit => Side::Unit,
            Mode::App => Side::App,
            Mode::AppAndUnit => request.side,
        }
    }

    fn push(&self, unit: &mut UnitContext<'_>, name: &str, assigned: &Assigned) -> bool {
        let endpoint = &self.library.endpoint;
        let chain = chain_of(assigned);
        let chain_changed = unit.push_file(&chain_path(endpoint, name), pem::chain_value(&chain));
        let key = pem::key_value(&assigned.key);
        unit.push_file(&key_path(endpoint, name), key) || chain_changed
    }

    fn push_trust(&self, unit: &mut UnitContext<'_>, authorities: &[Certificate]) -> bool {
        let mut unique = authorities.to_vec();
        unique.sort_unstable();
        unique.dedup();
        unit.push_file(
            &trust_path(&self.library.endpoint),
            pem::chain_value(&unique),
        )
    }

    /// Removes what is served under other names, and with the last name the CA that came with it.
    fn remove_others(&self, unit: &mut UnitContext<'_>, names: &BTreeSet<String>) -> bool {
        let prefix = format!("tls/{}/", self.library.endpoint);
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
        let trust = trust_path(&self.library.endpoint);
        let trust_removed = names.is_empty() && unit.remove_file(&trust);
        !stale.is_empty() || trust_removed
    }

    /// Where its files lie.
    fn prefixes(&self) -> [String; 2] {
        let endpoint = &self.library.endpoint;
        [format!("tls/{endpoint}/"), trust_path(endpoint)]
    }

    fn serves(&self, unit: &UnitContext<'_>) -> bool {
        let prefix = format!("tls/{}/", self.library.endpoint);
        paths_under(unit.files(), &prefix).next().is_some()
    }
}

/// The chain as it came, or the certificate alone.
fn chain_of(assigned: &Assigned) -> Vec<Certificate> {
    match &assigned.entry.chain {
        Some(chain) if !chain.is_empty() => chain.clone(),
        _ => vec![assigned.entry.certificate.clone()],
    }
}

impl TrustEndpoint {
    fn on_hook(
        &self,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
        begins: bool,
        changes: &mut Changes,
    ) -> Result<(), HookError> {
        let event = self.library.on_hook(hook, unit)?;
        let mut written = BTreeSet::new();
        match event {
            Some(certificate_transfer::Event::SetUpdated(relation, set)) => {
                written.extend(self.write(unit, relation, &set));
            }
            Some(certificate_transfer::Event::Removed(relation)) => {
                let path = self.path(unit, relation);
                if unit.remove_file(&path) {
                    written.insert(path);
                }
            }
            None => {}
        }
        if begins {
            for relation in unit.relations(&self.library.endpoint) {
                let set = certificate_transfer::Requirer::certificates(unit, relation)?;
                written.extend(self.write(unit, relation, &set));
            }
        }
        let paths: Vec<String> = written.into_iter().collect();
        changes.note(!paths.is_empty(), self.profile.apply, &paths);
        Ok(())
    }

    /// All CAs of a relation in one file; the path of a file that changed.
    fn write(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        set: &CertificateSet,
    ) -> Option<String> {
        let path = self.path(unit, relation);
        let changed = if set.texts.is_empty() {
            unit.remove_file(&path)
        } else {
            unit.push_file(&path, set.bundle())
        };
        changed.then_some(path)
    }

    fn path(&self, unit: &UnitContext<'_>, relation: RelationId) -> String {
        let number = unit.relation_number(relation);
        trust_path(&format!("{}-{number}", self.library.endpoint))
    }
}
