//! A stage for charms: a [`Juju`] with the charms' code behind its hooks, and nothing else.

mod cert_handler;
mod charm_vault_rules;
mod consumer_switches;
mod declarations;
mod declared_chains;
mod kubernetes_rules;
mod legacy_rules;
mod library_rules;
mod older_libraries;
mod order_of_events;
mod provider_rules;
mod recordings;
mod renewal_rules;
mod requirer_rules;
mod rotations;
mod samples;
mod served_chains;
mod track_latest;
mod transfer_rules;
mod transfer_versions;
mod vault_rules;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    AcmeServer, CertificatesProfile, Charm, CharmMetadata, Endpoint, EndpointProfile,
    IssuerProfile, LibraryProfile, Mode, OptionSpec, Protocol, Server, TrustProfile,
    implementation,
};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::{Issued, Note, StoredKey};
use trustsim_juju::{
    About, Activity, ApplicationId, ApplicationParts, Bag, ConnectionError, Driver, EndpointInfo,
    Event, Happening, Hook, HookError, Host, Juju, Latencies, LinkId, ModelId, Quiet, RelationId,
    Role, SecretId, SecretOwner, UnitId, Value, drive,
};
use trustsim_kernel::{Agenda, EventId, Seq, Span, Streams, Time};
use trustsim_pki::{KeyAlgorithm, KeyPool};

pub(super) const START: Time = Time::from_seconds(1_767_225_600);

/// One hook that was carried out.
#[derive(Clone, Debug)]
pub(super) struct Played {
    /// When it began.
    pub at: Time,
    pub unit: UnitId,
    pub hook: Hook,
    /// Databags it changed: relation, whether the application's, whole contents.
    pub changed: Vec<(RelationId, bool, Bag)>,
    pub failed: Option<HookError>,
    /// Labels and expiries of the unit's own secrets afterwards, and of its application's.
    pub secrets: Vec<(Arc<str>, Option<Time>)>,
}

/// Code that runs in place of a charm's in an action of this name.
pub(super) type Stunt = fn(&mut UnitContext<'_>) -> Result<(), HookError>;

pub(super) struct Stage {
    pub juju: Juju,
    agenda: Agenda<Event>,
    pub model: ModelId,
    instances: BTreeMap<ApplicationId, Arc<dyn Charm>>,
    pub stunts: BTreeMap<&'static str, Stunt>,
    started: BTreeMap<UnitId, Time>,
    pub played: Vec<Played>,
    pub notes: Vec<(Time, UnitId, &'static str, String)>,
    pub stored_keys: Vec<StoredKey>,
    pub issued: Vec<Issued>,
    /// Every hook, not only those that changed a databag.
    pub keeps_all: bool,
    /// Secrets expire on the minute only, as in the recordings.
    pub ticks: bool,
    pool: KeyPool,
    /// The server that charms deployed from now on order from.
    pub(super) acme: Option<AcmeServer>,
}

/// The kind of a note, and its text: the PEM of a certificate, a common name, a message.
fn told(note: &Note) -> (&'static str, String) {
    match note {
        Note::CertificateRequested(asked) => ("certificate-requested", asked.common_name.clone()),
        Note::CertificateIssued(issued) => {
            ("certificate-issued", issued.certificate.pem().to_owned())
        }
        Note::CertificateRefused { refused, .. } => ("certificate-refused", refused.reason.clone()),
        Note::CertificateRevoked { common_name } => ("certificate-revoked", common_name.clone()),
        Note::KeyStored(stored) => ("private-key-stored", stored.place.to_string()),
        Note::ActionResult(text) => ("action-result", text.clone()),
        Note::ActionResults(results) => ("action-result", format!("{results:?}")),
        Note::ActionFailed(message) => ("action-failed", message.clone()),
        Note::AcmeOrderRefused(order) => ("acme-order-refused", order.detail.clone()),
        Note::AcmeAccountOpened => ("acme-account", String::new()),
    }
}

type OwnBags = Vec<(RelationId, bool, Bag)>;

fn without_addresses(bag: &Bag) -> Bag {
    let kept = bag
        .iter()
        .filter(|(key, _)| !key.ends_with("-address") && *key != "egress-subnets");
    kept.map(|(key, value)| (key, value.clone())).collect()
}

struct TestHost<'a>(&'a mut Agenda<Event>, bool);

impl Host for TestHost<'_> {
    fn now(&self) -> Time {
        self.0.now()
    }

    fn schedule(&mut self, at: Time, event: Event) -> EventId {
        let late_ns = at.as_nanos() % 60_000_000_000;
        let at = match event {
            Event::SecretExpiry(_) if self.1 && late_ns > 0 => {
                at + Span::from_nanos(60_000_000_000 - late_ns)
            }
            _ => at,
        };
        self.0.at(at, event)
    }

    fn cancel(&mut self, id: EventId) {
        self.0.cancel(id);
    }

    fn record(&mut self, _: Option<Seq>, _: About, _: Happening) -> Option<Seq> {
        None
    }
}

impl Driver for Stage {
    fn in_juju<T>(&mut self, call: impl FnOnce(&mut Juju, &mut dyn Host) -> T) -> T {
        let host = &mut TestHost(&mut self.agenda, self.ticks);
        call(&mut self.juju, host)
    }

    fn run_hook(&mut self, unit: UnitId, hook: Hook, _: Option<Seq>, failures: u32) {
        let now = self.agenda.now();
        let (effects, notes, result) = self.run_code(unit, &hook, now);
        for note in notes {
            let (kind, text) = told(&note);
            self.notes.push((now, unit, kind, text));
            match note {
                Note::KeyStored(stored) => self.stored_keys.push(stored),
                Note::CertificateIssued(issued) => self.issued.push(issued),
                _ => {}
            }
        }
        self.started.insert(unit, now);
        self.in_juju(|juju, host| {
            juju.uniter()
                .hook_ran(unit, hook, failures, None, effects, result, host);
        });
    }

    fn ask_quiet(&mut self, unit: UnitId) -> Quiet {
        let charm = &self.instances[&self.juju.unit(unit).application];
        let now = self.agenda.now();
        self.juju
            .observe(unit, now, |hook, context| charm.on_hook(hook, context))
    }

    fn judge_agent(&mut self, _: UnitId) -> Result<(), ConnectionError> {
        Ok(())
    }

    fn judge_link(&mut self, _: LinkId) -> Result<(), ConnectionError> {
        Ok(())
    }
}

impl Stage {
    pub(super) fn new(seed: u64, kubernetes: bool, every_hook: bool) -> Self {
        let streams = Streams::new(seed);
        let latencies = Latencies {
            hook_min: Span::from_secs(2),
            hook_max: Span::from_secs(2),
            watch: Span::ZERO,
            cross_model: Span::ZERO,
        };
        let pool = KeyPool::new(&streams, KeyPool::DEFAULT_SIZE);
        let mut juju = Juju::new(latencies, streams, every_hook);
        let controller = juju.operator().add_controller("c");
        let interval = Span::from_secs(300);
        let model = juju
            .operator()
            .add_model("m", "admin", controller, kubernetes, interval);
        Self {
            juju,
            agenda: Agenda::new(START),
            model,
            instances: BTreeMap::new(),
            stunts: BTreeMap::new(),
            started: BTreeMap::new(),
            played: Vec::new(),
            notes: Vec::new(),
            stored_keys: Vec::new(),
            issued: Vec::new(),
            keeps_all: false,
            ticks: false,
            pool,
            acme: None,
        }
    }

    pub(super) fn deploy(
        &mut self,
        name: &str,
        metadata: &CharmMetadata,
        options: &[(&str, &str)],
        units: u32,
    ) -> ApplicationId {
        let role = |role| match role {
            Role::Provider => Role::Provider,
            Role::Requirer => Role::Requirer,
            Role::Peer => Role::Peer,
        };
        let endpoints = metadata.endpoints.iter().map(|endpoint| EndpointInfo {
            name: endpoint.name.as_str().into(),
            role: role(endpoint.role),
            interface: endpoint.interface.as_str().into(),
            limit: endpoint.limit,
            container_scope: false,
        });
        let defaults = metadata.options.iter();
        let defaults =
            defaults.filter_map(|(key, spec)| Some((key.clone(), spec.default.clone()?)));
        let set = options
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let parts = ApplicationParts {
            name: name.into(),
            charm: metadata.name.as_str().into(),
            endpoints: endpoints.collect(),
            containers: metadata
                .containers
                .iter()
                .map(|name| name.as_str().into())
                .collect(),
            config_defaults: defaults.collect(),
            config: set.collect(),
            subordinate: false,
            volumes: metadata
                .volumes
                .iter()
                .map(|path| path.as_str().into())
                .collect(),
        };
        let host = &mut TestHost(&mut self.agenda, self.ticks);
        let id = self
            .juju
            .operator()
            .add_application(self.model, parts, host);
        let charm = metadata.build(KeyAlgorithm::EcdsaP256, &self.pool, self.acme.as_ref());
        self.instances.insert(id, charm);
        for _ in 0..units {
            let now = self.agenda.now();
            let machine = (!self.juju.model(self.model).kubernetes)
                .then(|| self.juju.operator().add_machine(self.model, "0"));
            self.juju.operator().add_unit(
                id,
                machine,
                now,
                &mut TestHost(&mut self.agenda, self.ticks),
            );
        }
        id
    }

    pub(super) fn integrate(
        &mut self,
        left: (ApplicationId, &str),
        right: (ApplicationId, &str),
    ) -> RelationId {
        let host = &mut TestHost(&mut self.agenda, self.ticks);
        self.juju
            .relations_mut()
            .integrate([left, right], None, host)
            .expect("they fit")
    }

    pub(super) fn now(&self) -> Time {
        self.agenda.now()
    }

    pub(super) fn unit(&self, application: ApplicationId, number: usize) -> UnitId {
        self.juju.application(application).units[number]
    }

    pub(super) fn set_config(&mut self, application: ApplicationId, option: &str, value: &str) {
        let options = [(option.to_owned(), Some(value.to_owned()))].into();
        let host = &mut TestHost(&mut self.agenda, self.ticks);
        self.juju
            .operator()
            .set_config(application, &options, None, host);
    }

    pub(super) fn give_leadership(&mut self, application: ApplicationId, unit: UnitId) {
        let host = &mut TestHost(&mut self.agenda, self.ticks);
        self.juju
            .leases()
            .give_leadership(application, Some(unit), None, host);
    }

    pub(super) fn restart_pod(&mut self, unit: UnitId) {
        let host = &mut TestHost(&mut self.agenda, self.ticks);
        self.juju.pods().restart_pod(unit, None, host);
    }

    pub(super) fn act(&mut self, unit: UnitId, action: &str) {
        self.act_with(unit, action, BTreeMap::new());
    }

    pub(super) fn act_with(
        &mut self,
        unit: UnitId,
        action: &str,
        parameters: BTreeMap<String, String>,
    ) {
        let host = &mut TestHost(&mut self.agenda, self.ticks);
        self.juju
            .operator()
            .run_action(unit, action, parameters, None, host);
    }

    /// What the unit's charm sees now.
    pub(super) fn context(&self, unit: UnitId) -> UnitContext<'_> {
        UnitContext::new(&self.juju, unit, self.agenda.now(), None)
    }

    pub(super) fn remove_relation(&mut self, relation: RelationId) {
        let host = &mut TestHost(&mut self.agenda, self.ticks);
        self.juju
            .relations_mut()
            .remove_relation(relation, None, host);
    }

    pub(super) fn run_for(&mut self, seconds: u64) {
        self.run_until(self.agenda.now() + Span::from_secs(seconds));
    }

    pub(super) fn run_until(&mut self, until: Time) {
        // Leaves the clock at `until`; a lease whose holder is connected does not expire.
        self.agenda
            .at(until, Event::LeaseExpiry(ApplicationId::from_index(0)));
        while let Some(event) = self.agenda.next(until) {
            let ending = match event {
                Event::HookEnd(unit) => self.before_end(unit),
                _ => None,
            };
            drive(self, event);
            if let Some(ending) = ending {
                self.after_end(ending);
            }
        }
    }

    fn run_code(
        &self,
        unit: UnitId,
        hook: &Hook,
        now: Time,
    ) -> (trustsim_juju::Effects, Vec<Note>, Result<(), HookError>) {
        let mut context = UnitContext::new(&self.juju, unit, now, Some(hook));
        let stunt = match hook {
            Hook::Action { name, .. } => self.stunts.get(&**name),
            _ => None,
        };
        let result = match stunt {
            Some(stunt) => stunt(&mut context),
            None => {
                let charm = &self.instances[&self.juju.unit(unit).application];
                charm.on_hook(hook, &mut context)
            }
        };
        let (effects, notes) = context.into_effects();
        (effects, notes, result)
    }

    fn before_end(&self, unit: UnitId) -> Option<(Played, OwnBags)> {
        let Activity::Running(running) = &self.juju.agent(unit)?.state else {
            return None;
        };
        let played = Played {
            at: self.started[&unit],
            unit,
            hook: running.hook.clone(),
            changed: Vec::new(),
            failed: running.result.clone().err(),
            secrets: Vec::new(),
        };
        Some((played, self.own_bags(unit)))
    }

    fn after_end(&mut self, (mut played, before): (Played, OwnBags)) {
        for bag in self.own_bags(played.unit) {
            let is_new = !bag.2.is_empty() && !before.iter().any(|(id, ..)| *id == bag.0);
            let differs = |other: &(RelationId, bool, Bag)| {
                (other.0, other.1) == (bag.0, bag.1) && other.2 != bag.2
            };
            if is_new || before.iter().any(differs) {
                played.changed.push(bag);
            }
        }
        let application = self.juju.unit(played.unit).application;
        let mut owners = vec![SecretOwner::Unit(played.unit)];
        if self.juju.application(application).lease.holder == Some(played.unit) {
            owners.push(SecretOwner::Application(application));
        }
        played.secrets = owners
            .into_iter()
            .flat_map(|owner| self.juju.secrets_of(owner))
            .map(|id: SecretId| self.juju.secret(id))
            .map(|secret| (Arc::clone(&secret.label), secret.expire))
            .collect();
        if self.keeps_all || !played.changed.is_empty() || played.failed.is_some() {
            self.played.push(played);
        }
    }

    /// The bags this unit may write, without what Juju writes there.
    fn own_bags(&self, unit: UnitId) -> OwnBags {
        let application = self.juju.unit(unit).application;
        let mut bags = Vec::new();
        for id in self.juju.application(application).relations.clone() {
            let relation = self.juju.relation(id);
            let Some(end) = relation.end_of(application) else {
                continue;
            };
            let end = &relation.ends[end];
            bags.push((id, true, end.bag.value.clone()));
            let own = end
                .units
                .get(&unit)
                .map(|member| without_addresses(&member.bag.value));
            bags.push((id, false, own.unwrap_or_default()));
        }
        bags
    }

    pub(super) fn file(&self, unit: UnitId, path: &str) -> Option<&Value> {
        self.juju.unit(unit).workload.files.get(path)
    }

    /// The application databag of one side of a relation.
    pub(super) fn application_bag(&self, relation: RelationId, application: ApplicationId) -> Bag {
        let relation = self.juju.relation(relation);
        let end = relation.end_of(application).expect("it is in the relation");
        relation.ends[end].bag.value.clone()
    }

    pub(super) fn unit_bag(&self, relation: RelationId, unit: UnitId) -> Bag {
        let ends = &self.juju.relation(relation).ends;
        let member = ends.iter().find_map(|end| end.units.get(&unit));
        member.expect("it is in scope").bag.value.clone()
    }

    /// What hooks of this unit ran, by name.
    pub(super) fn hooks_of(&self, unit: UnitId) -> Vec<String> {
        let played = self.played.iter().filter(|played| played.unit == unit);
        played
            .map(|played| self.juju.hook_name(unit, &played.hook).to_string())
            .collect()
    }
}

fn endpoint(name: &str, role: Role, interface: &str, profile: Option<EndpointProfile>) -> Endpoint {
    Endpoint {
        name: name.to_owned(),
        role,
        interface: interface.to_owned(),
        limit: None,
        container_scope: false,
        protocol: Protocol::Current,
        profile,
        client_certificate: None,
        library: None,
        bugs: crate::Bugs::default(),
        source: crate::EndpointSource::Description,
    }
}

fn metadata(name: &str, behaviour: &str, endpoints: Vec<Endpoint>) -> CharmMetadata {
    CharmMetadata {
        name: name.to_owned(),
        subordinate: false,
        containers: Vec::new(),
        endpoints,
        options: BTreeMap::new(),
        implementation: implementation(behaviour, None).expect("it is registered"),
        issuer: None,
        validator: None,
        system_roots: true,
        server: Server::default(),
        volumes: Vec::new(),
        rotate_ca_action: None,
        processes: Vec::new(),
        actions: Vec::new(),
        provenance: trustsim_charm_model::Provenance::Scenario,
        source: None,
    }
}

pub(super) fn self_signed_certificates() -> CharmMetadata {
    let endpoints = vec![
        endpoint("certificates", Role::Provider, "tls-certificates", None),
        endpoint("send-ca-cert", Role::Provider, "certificate_transfer", None),
    ];
    let name = "self-signed-certificates";
    let mut charm = metadata(name, "self-signed-certificates", endpoints);
    for (key, default) in [
        ("ca-common-name", "self-signed-certificates-operator"),
        ("root-ca-validity", "365d"),
        ("certificate-validity", "90d"),
        ("certificate-limit", "99"),
    ] {
        let spec = OptionSpec {
            kind: "string".to_owned(),
            default: Some(default.to_owned()),
        };
        charm.options.insert(key.to_owned(), spec);
    }
    charm
}

pub(super) fn certificates_profile(mode: Mode) -> CertificatesProfile {
    CertificatesProfile {
        mode,
        name_option: Some("name".to_owned()),
        extra_name_options: vec!["extra".to_owned()],
        ..CertificatesProfile::default()
    }
}

/// A generic consumer with a certificates and a receive-ca-cert endpoint.
pub(super) fn consumer(profile: CertificatesProfile) -> CharmMetadata {
    let certificates = Some(EndpointProfile::Certificates(profile));
    let trust = Some(EndpointProfile::ReceivesCa(TrustProfile::default()));
    let endpoints = vec![
        endpoint(
            "certificates",
            Role::Requirer,
            "tls-certificates",
            certificates,
        ),
        endpoint(
            "receive-ca-cert",
            Role::Requirer,
            "certificate_transfer",
            trust,
        ),
    ];
    metadata("consumer", "requirer", endpoints)
}

/// The same charm with this library on one of its endpoints.
pub(super) fn with_library(
    mut charm: CharmMetadata,
    endpoint: &str,
    library: LibraryProfile,
) -> CharmMetadata {
    let found = charm
        .endpoints
        .iter_mut()
        .find(|other| other.name == endpoint);
    found.expect("it has that endpoint").library = Some(library);
    charm
}

/// `traefik-k8s`, as far as TLS goes.
pub(super) fn traefik() -> CharmMetadata {
    let endpoints = vec![
        endpoint("certificates", Role::Requirer, "tls-certificates", None),
        endpoint(
            "receive-ca-cert",
            Role::Requirer,
            "certificate_transfer",
            None,
        ),
        endpoint("peers", Role::Peer, "traefik_peers", None),
    ];
    let mut charm = metadata("traefik-k8s", "traefik", endpoints);
    charm.containers = vec!["traefik".to_owned()];
    charm
}

/// A provider whose chain is given.
pub(super) fn declared(profile: IssuerProfile) -> CharmMetadata {
    let endpoints = vec![
        endpoint("certificates", Role::Provider, "tls-certificates", None),
        endpoint("send-ca-cert", Role::Provider, "certificate_transfer", None),
    ];
    CharmMetadata {
        issuer: Some(profile),
        ..metadata("declared", "declared-provider", endpoints)
    }
}
