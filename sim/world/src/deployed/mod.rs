//! What is deployed: Juju as it is now, the code of its charms, and which of Juju's ids belong to which
//! part of a [`Deployment`]. Everything that connections, clients and operators look up is found here.
//!
//! Must not know what any workload serves, or what a handshake says.

mod charms;
mod deploy;
mod ids;
mod names;
mod offers;
mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::event::Event;
use super::failing::fail;
use super::host::{JujuHost, flush, subject};
use super::journal::JournalWriter;
use super::repeats::tell;
use charms::DeployedCharms;
pub(super) use ids::{controller_id, controller_index, machine_id, model_id};
use offers::RevokedAccess;
use trustsim_charm_model::{AcmeServer, Charm, CharmMetadata, PendingTask, ProcessProfile};
use trustsim_interfaces::{UnitContext, pem};
use trustsim_juju::{
    self as juju, About, ApplicationId, Hook, Juju, Quiet, RepeatedChange, RepeatedFailure,
    SecretOwner, UnitId, Value,
};
use trustsim_kernel::{Agenda, Streams, Time};
use trustsim_model::{
    ActionIndex, Address, ApplicationIndex, CharmStore, CharmVersion, Deployment, HookFailure,
    ModelIndex, Party, SaasIndex, Side, Subject, TiVec, TimedAction, process_name,
};
use trustsim_pki::{Certificate, KeyPool};
use trustsim_validators::Validator;

/// Juju, and how it corresponds to the deployment that is played.
#[derive(Clone, Debug)]
pub(super) struct Deployed {
    deployment: Arc<Deployment>,
    juju: Juju,
    charms: DeployedCharms,
    /// Applications by their index in the deployment.
    applications: TiVec<ApplicationIndex, ApplicationId>,
    /// SAAS proxies by their index in the deployment.
    saas: TiVec<SaasIndex, ApplicationId>,
    streams: Streams,
    /// Where RSA keys come from.
    pool: KeyPool,
    /// The public ACME server; none where no charm orders from one.
    acme: Option<AcmeServer>,
    revoked: RevokedAccess,
    /// What applications were refreshed to.
    refreshed: BTreeMap<ApplicationIndex, Refreshed>,
}

/// What an application was refreshed to: its charm, the channel that it tracks, and the revision where that was named.
#[derive(Clone, Debug)]
struct Refreshed {
    charm: Arc<CharmMetadata>,
    channel: Option<String>,
    revision: Option<u64>,
}

impl Deployed {
    /// Nothing is deployed yet.
    pub(super) fn new(deployment: Arc<Deployment>, every_hook: bool) -> Self {
        let streams = Streams::new(deployment.seed);
        let timings = &deployment.timings;
        let latencies = juju::Latencies {
            hook_min: timings.hook_min,
            hook_max: timings.hook_max,
            watch: timings.watch_latency,
            cross_model: timings.cross_model_latency,
        };
        Self {
            juju: Juju::new(latencies, streams.clone(), every_hook),
            pool: KeyPool::new(&streams, KeyPool::DEFAULT_SIZE),
            streams,
            charms: DeployedCharms::default(),
            applications: TiVec::new(),
            saas: TiVec::new(),
            acme: None,
            revoked: RevokedAccess::default(),
            refreshed: BTreeMap::new(),
            deployment,
        }
    }

    /// What is played.
    pub(super) fn spec(&self) -> &Arc<Deployment> {
        &self.deployment
    }

    pub(super) fn juju(&self) -> &Juju {
        &self.juju
    }

    /// Random streams of the run, by purpose.
    pub(super) fn streams(&self) -> &Streams {
        &self.streams
    }

    /// Where RSA keys come from.
    pub(super) fn pool(&self) -> &KeyPool {
        &self.pool
    }

    /// The root of the public ACME server, where there is one.
    pub(super) fn acme_root(&self) -> Option<&Certificate> {
        self.acme.as_ref().map(AcmeServer::root)
    }

    /// Calls into Juju with the agenda and the journal at hand.
    pub(super) fn in_juju<T>(
        &mut self,
        journal: &mut JournalWriter,
        agenda: &mut Agenda<Event>,
        call: impl FnOnce(&mut Juju, &mut JujuHost<'_>) -> T,
    ) -> T {
        let mut host = JujuHost::new(agenda, journal.next_seq());
        let result = call(&mut self.juju, &mut host);
        let (first, noted) = host.into_happenings();
        flush(first, noted, &self.juju, journal);
        result
    }

    /// Sets what a service outside Juju remembers; `None` forgets it.
    pub(super) fn set_outside(&mut self, key: &str, value: Option<Value>) {
        self.juju.set_outside(key, value);
    }

    /// Puts an action behind those of the deployment.
    pub(super) fn add_action(&mut self, action: TimedAction) -> ActionIndex {
        let deployment = Arc::make_mut(&mut self.deployment);
        deployment.actions.push_and_get_key(action)
    }

    /// What is played is another deployment from now on, which was the same so far.
    pub(super) fn set_spec(&mut self, deployment: Arc<Deployment>) {
        self.deployment = deployment;
    }

    /// The run ends so long after its start.
    pub(super) fn set_duration(&mut self, duration: trustsim_kernel::Span) {
        Arc::make_mut(&mut self.deployment).duration = duration;
    }

    /// The id of an application of the deployment.
    pub(super) fn id(&self, application: ApplicationIndex) -> ApplicationId {
        self.applications[application]
    }

    /// Index in the deployment of an application that was deployed there.
    pub(super) fn index_of(&self, id: ApplicationId) -> Option<ApplicationIndex> {
        self.applications.position(|application| *application == id)
    }

    /// The application or proxy of one side of a relation.
    fn application_of(&self, side: &Side) -> ApplicationId {
        match side.party {
            Party::Application(index) => self.applications[index],
            Party::Saas(index) => self.saas[index],
            Party::Client(index) => panic!("a client has no relation: {index:?}"),
        }
    }

    /// Both sides of a relation as Juju knows them, with their endpoints.
    pub(super) fn ends_of<'a>(&self, sides: &'a [Side; 2]) -> [(ApplicationId, &'a str); 2] {
        sides
            .each_ref()
            .map(|side| (self.application_of(side), side.endpoint.as_str()))
    }

    /// The units of an application that are there now; the one with this number, where one is given.
    pub(super) fn targets(&self, application: ApplicationIndex, unit: Option<u32>) -> Vec<UnitId> {
        let units = &self.juju.application(self.applications[application]).units;
        let wanted = |id: &&UnitId| unit.is_none_or(|number| self.juju.unit(**id).number == number);
        units.iter().filter(wanted).copied().collect()
    }

    /// The unit that leads an application.
    pub(super) fn leader(&self, application: ApplicationIndex) -> Option<UnitId> {
        self.juju
            .application(self.applications[application])
            .lease
            .holder
    }

    /// Whether the controller of a model is down.
    pub(super) fn is_model_down(&self, model: ModelIndex) -> bool {
        let controller = self.deployment.models[model].controller;
        self.juju.is_down(controller_id(controller))
    }

    /// Names for an entry's subject.
    pub(super) fn subject(&self, about: About) -> Subject {
        subject(&self.juju, about)
    }

    /// A process of a unit beside its workload, as the subject of an entry.
    pub(super) fn process_subject(&self, unit: UnitId, process: &str) -> Subject {
        let mut subject = self.subject(About::Unit(unit));
        let name = subject.unit.as_deref().expect("a unit has a name");
        subject.unit = Some(process_name(name, process).into());
        subject
    }

    /// The processes of a unit that open connections of the deployment.
    pub(super) fn connecting_processes(&self, unit: UnitId) -> Vec<&ProcessProfile> {
        let Some(index) = self.index_of(self.juju.unit(unit).application) else {
            return Vec::new();
        };
        let connections = self.deployment.connections.iter();
        let own = connections.filter(|spec| spec.from == Party::Application(index));
        let names: BTreeSet<&str> = own
            .filter_map(|spec| spec.from_process.as_deref())
            .collect();
        let processes = self.deployment.applications[index].charm.processes.iter();
        processes
            .filter(|process| names.contains(process.name.as_str()))
            .collect()
    }

    /// What the charm of a unit says of one of its processes.
    pub(super) fn process(&self, unit: UnitId, name: &str) -> &ProcessProfile {
        let index = self.index_of(self.juju.unit(unit).application);
        let index = index.expect("a unit is of an application of the deployment");
        let found = self.deployment.applications[index].charm.process(name);
        found.expect("a connection names processes that the charm has")
    }

    /// The TLS stack of a process: its own, that of the workload, or OpenSSL.
    pub(super) fn process_validator(&self, unit: UnitId, process: &str) -> Validator {
        let index = self.index_of(self.juju.unit(unit).application);
        let index = index.expect("a unit is of an application of the deployment");
        let charm = &self.deployment.applications[index].charm;
        let own = charm
            .process(process)
            .and_then(|process| process.validator.as_ref());
        match own.or(charm.validator.as_ref()) {
            Some(name) => name
                .parse()
                .expect("the stacks of a deployment are known ones"),
            None => Validator::default(),
        }
    }

    /// The TLS stack of a unit's workload, where its charm is known to have one.
    pub(super) fn workload_validator(&self, unit: UnitId) -> Option<Validator> {
        let index = self.index_of(self.juju.unit(unit).application)?;
        let name = self.deployment.applications[index]
            .charm
            .validator
            .as_ref()?;
        let known = name.parse();
        Some(known.expect("the stacks of a deployment are known ones"))
    }

    /// `model.app/0`.
    pub(super) fn unit_address(&self, unit: UnitId) -> Address {
        let found = self.juju.unit(unit);
        let application = self.juju.application(found.application);
        let model = &self.juju.model(application.model).name;
        Address::unit_in(model, &application.name, found.number)
    }
}

/// The code of charms, and what it says now.
impl Deployed {
    /// The code that new units of an application run. Proxies have none.
    pub(super) fn charm_now(&self, application: ApplicationId) -> &Arc<dyn Charm> {
        let charm = self.charms.current(application);
        charm.expect("an application of the deployment has its charm")
    }

    /// The code a unit runs: what it has unpacked, or unpacks in this hook.
    pub(super) fn charm_of(&self, unit: UnitId, hook: Option<&Hook>) -> Option<&Arc<dyn Charm>> {
        let application = self.juju.unit(unit).application;
        let unpacks = matches!(hook, Some(Hook::Install | Hook::UpgradeCharm));
        match self.juju.agent(unit).filter(|_| !unpacks) {
            Some(agent) => self.charms.at_version(application, agent.charm_version()),
            None => self.charms.current(application),
        }
    }

    /// The code that units run once they have upgraded.
    pub(super) fn refresh_charm(&mut self, application: ApplicationIndex, charm: &CharmMetadata) {
        let id = self.applications[application];
        let spec = &self.deployment.applications[application];
        let keys = spec.keys.unwrap_or(self.deployment.keys);
        let code = charm.build(keys, &self.pool, self.acme.as_ref());
        let version = self.juju.application(id).charm_version.version;
        self.charms.refresh(id, version, code);
    }

    /// The charm of an application now.
    pub(super) fn version_now(&self, application: ApplicationIndex) -> CharmVersion<'_> {
        let deployed = CharmVersion::deployed(&self.deployment.applications[application]);
        let refreshed = self.refreshed.get(&application);
        refreshed.map_or(deployed, |refreshed| CharmVersion {
            charm: &refreshed.charm,
            revision: refreshed.revision,
            channel: refreshed.channel.as_deref(),
            // `juju refresh` reads Charmhub.
            store: CharmStore::Charmhub,
        })
    }

    /// A refresh: the channel stays unless another is named, and the revision is whatever it has unless one is named.
    pub(super) fn note_refresh(
        &mut self,
        application: ApplicationIndex,
        charm: Option<&Arc<CharmMetadata>>,
        channel: Option<&str>,
        revision: Option<u64>,
    ) {
        let spec = &self.deployment.applications[application];
        let before = self.refreshed.get(&application);
        let (own, tracked) = before.map_or((&spec.charm, &spec.channel), |before| {
            (&before.charm, &before.channel)
        });
        let refreshed = Refreshed {
            charm: Arc::clone(charm.unwrap_or(own)),
            channel: channel.map(str::to_owned).or_else(|| tracked.clone()),
            revision,
        };
        self.refreshed.insert(application, refreshed);
    }

    /// What a unit sees now, outside a hook.
    pub(super) fn context(&self, unit: UnitId, now: Time) -> UnitContext<'_> {
        UnitContext::new(&self.juju, unit, now, None)
    }

    /// Whether the unit's repeated hooks would do nothing: each is run, and what it does is dropped.
    pub(super) fn quiet(&self, unit: UnitId, now: Time) -> Quiet {
        let Some(charm) = self.charm_of(unit, None) else {
            return Quiet::Always;
        };
        let retries = charm.is_retrying(&self.context(unit, now));
        let observed = self
            .juju
            .observe(unit, now, |hook, context| charm.on_hook(hook, context));
        match (retries, observed) {
            (false, observed) => observed,
            (true, Quiet::Always) => Quiet::InVain,
            // It may do something, or will in time.
            (true, _) => Quiet::No,
        }
    }

    /// What each repeated hook of the unit would change at an instant, with everything else as it is now; `None` where one
    /// cannot be compared.
    pub(super) fn repeated_at(&self, unit: UnitId, at: Time) -> Option<Vec<RepeatedChange>> {
        let hooks = self.juju.repeated_hooks(unit);
        let changes = hooks.iter().map(|hook| {
            let charm = self.charm_of(unit, Some(hook))?;
            let run =
                |hook: &Hook, context: &mut UnitContext<'_>| charm.on_hook(hook, context).is_ok();
            self.juju.observe_repeated(unit, hook, at, run, tell)
        });
        changes.collect()
    }

    /// Whether no secret and no certificate that the unit has or manages ends after one instant and by another.
    pub(super) fn holds_until(&self, unit: UnitId, now: Time, until: Time) -> bool {
        let application = self.juju.unit(unit).application;
        let owners = [
            SecretOwner::Unit(unit),
            SecretOwner::Application(application),
        ];
        let secrets = owners
            .into_iter()
            .flat_map(|owner| self.juju.secrets_of(owner));
        let ends = |at: Time| now < at && at <= until;
        let mut expiries = secrets.filter_map(|secret| self.juju.secret(secret).expire);
        let files = self.juju.unit(unit).workload.files.values();
        let mut certificates = files.flat_map(|file| pem::loadable(Some(file)));
        !expiries.any(ends) && !certificates.any(|each| ends(each.not_after()))
    }

    /// How a failed hook of the unit would fail at an instant, with everything else as it is now.
    pub(super) fn failure_at(
        &self,
        unit: UnitId,
        hook: &Hook,
        at: Time,
        forced: Option<HookFailure>,
    ) -> Option<RepeatedFailure> {
        let charm = self.charm_of(unit, Some(hook))?;
        let mut notes = Vec::new();
        let mut ran = || {
            let mut context = UnitContext::new(&self.juju, unit, at, Some(hook));
            let result = charm.on_hook(hook, &mut context);
            let (effects, noted) = context.into_effects();
            notes = noted;
            (effects, result)
        };
        let (effects, result) = match forced {
            None => ran(),
            Some(failure) => fail(failure, &mut ran, || {
                self.context(unit, at).into_effects().0
            }),
        };
        let told = tell(&notes);
        effects.repeated_failure(unit, &self.juju, hook, &result, told)
    }

    /// What the units of an application wait for, each once, with the unit that shows it.
    pub(super) fn pending_tasks(&self, id: ApplicationId, now: Time) -> Vec<(UnitId, PendingTask)> {
        let charm = self.charm_now(id);
        let mut tasks: Vec<(UnitId, PendingTask)> = Vec::new();
        for unit in &self.juju.application(id).units {
            for task in charm.pending_tasks(&self.context(*unit, now)) {
                let is_new = |(_, other): &(UnitId, PendingTask)| *other != task;
                if tasks.iter().all(is_new) {
                    tasks.push((*unit, task));
                }
            }
        }
        tasks
    }

    /// What `juju run APP/leader get-ca-certificate` would print.
    pub(super) fn ca_of(&self, application: ApplicationIndex, now: Time) -> Vec<Certificate> {
        match self.leader(application) {
            Some(leader) => {
                let charm = self.charm_now(self.applications[application]);
                charm.ca_certificates(&self.context(leader, now))
            }
            // `juju run APP/leader` has no unit to run on.
            None => Vec::new(),
        }
    }

    /// The CA that an application made for its own server alone.
    pub(super) fn own_server_ca(
        &self,
        application: ApplicationIndex,
        now: Time,
    ) -> Option<Certificate> {
        let leader = self.leader(application)?;
        let charm = self.charm_now(self.applications[application]);
        charm.own_server_ca(&self.context(leader, now))
    }

    /// Whether a unit's workload reads the system's trust store beside what its charm gave it.
    pub(super) fn trusts_public_roots(&self, unit: UnitId) -> bool {
        let index = self.index_of(self.juju.unit(unit).application);
        let index = index.expect("a unit is of an application of the deployment");
        self.deployment.applications[index].charm.system_roots
    }
}
