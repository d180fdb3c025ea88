//! A stage for agents: Juju on an agenda, with a table of closures for charms, played as the
//! world plays it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::*;
use trustsim_kernel::{Agenda, EventId, Seq, Span, Streams, Time};

pub(super) type Code = Arc<dyn Fn(&Hook, &mut UnitContext<'_>) -> Result<(), HookError>>;
pub(super) type Quietness = Arc<dyn Fn(&UnitContext<'_>) -> Quiet>;

/// A hook that was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Played {
    pub(super) at: Time,
    pub(super) unit: String,
    pub(super) hook: Hook,
    /// `db-relation-joined b/0`.
    pub(super) name: String,
    pub(super) failures: u32,
    /// Only time brought it, and it did nothing.
    pub(super) idle_repeat: bool,
}

pub(super) struct Stage {
    pub(super) juju: Juju,
    pub(super) agenda: Agenda<Event>,
    codes: BTreeMap<ApplicationId, Code>,
    quiets: BTreeMap<ApplicationId, Quietness>,
    pub(super) played: Vec<Played>,
    pub(super) happened: Vec<(Time, Happening)>,
    /// Agents whose connections are refused.
    pub(super) unreachable: BTreeSet<UnitId>,
    /// Links that are refused.
    pub(super) cut: BTreeSet<LinkId>,
    pub(super) dials: Vec<(Time, LinkId)>,
    entries: u32,
    pub(super) handled: u64,
}

struct StageHost<'a> {
    agenda: &'a mut Agenda<Event>,
    happened: &'a mut Vec<(Time, Happening)>,
    entries: &'a mut u32,
}

impl Host for StageHost<'_> {
    fn now(&self) -> Time {
        self.agenda.now()
    }

    fn schedule(&mut self, at: Time, event: Event) -> EventId {
        assert!(
            at >= self.agenda.now(),
            "{event:?} is scheduled in the past"
        );
        self.agenda.at(at, event)
    }

    fn cancel(&mut self, id: EventId) {
        self.agenda.cancel(id);
    }

    fn record(&mut self, _: Option<Seq>, _: About, what: Happening) -> Option<Seq> {
        self.happened.push((self.agenda.now(), what));
        *self.entries += 1;
        Some(Seq(*self.entries))
    }
}

pub(super) const START: Time = Time::from_seconds(1_767_225_600);

pub(super) fn seconds(seconds: u64) -> Span {
    Span::from_secs(seconds)
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::with(1, false)
    }

    pub(super) fn with(seed: u64, every_hook: bool) -> Self {
        let latencies = Latencies {
            hook_min: Span::from_millis(500),
            hook_max: seconds(2),
            watch: Span::from_millis(50),
            cross_model: Span::from_millis(100),
        };
        Self {
            juju: Juju::new(latencies, Streams::new(seed), every_hook),
            agenda: Agenda::new(START),
            codes: BTreeMap::new(),
            quiets: BTreeMap::new(),
            played: Vec::new(),
            happened: Vec::new(),
            unreachable: BTreeSet::new(),
            cut: BTreeSet::new(),
            dials: Vec::new(),
            entries: 0,
            handled: 0,
        }
    }

    pub(super) fn now(&self) -> Time {
        self.agenda.now()
    }

    /// Calls into Juju now.
    pub(super) fn call<T>(&mut self, call: impl FnOnce(&mut Juju, &mut dyn Host) -> T) -> T {
        let mut stage_host = StageHost {
            agenda: &mut self.agenda,
            happened: &mut self.happened,
            entries: &mut self.entries,
        };
        call(&mut self.juju, &mut stage_host)
    }

    // --- building -------------------------------------------------------------------------

    pub(super) fn model(&mut self, name: &str, kubernetes: bool) -> ModelId {
        let controller = self.juju.operator().add_controller("ctl");
        self.juju
            .operator()
            .add_model(name, "admin", controller, kubernetes, seconds(300))
    }

    /// An application; endpoints are written `provides db`, `requires db limit 1`,
    /// `peers cluster`, `requires host container`.
    pub(super) fn app(&mut self, model: ModelId, name: &str, endpoints: &[&str]) -> ApplicationId {
        self.app_of(model, name, endpoints, &[], false)
    }

    pub(super) fn app_of(
        &mut self,
        model: ModelId,
        name: &str,
        endpoints: &[&str],
        containers: &[&str],
        subordinate: bool,
    ) -> ApplicationId {
        let mut infos: Vec<EndpointInfo> = endpoints.iter().map(|text| endpoint(text)).collect();
        infos.push(endpoint("provides juju-info"));
        let parts = ApplicationParts {
            name: name.into(),
            charm: name.into(),
            endpoints: infos.into(),
            containers: containers.iter().map(|name| Arc::from(*name)).collect(),
            config_defaults: BTreeMap::from([("level".to_owned(), "info".to_owned())]),
            config: BTreeMap::new(),
            subordinate,
            volumes: Vec::new(),
        };
        self.call(|juju, host| juju.operator().add_application(model, parts, host))
    }

    pub(super) fn code(
        &mut self,
        application: ApplicationId,
        code: impl Fn(&Hook, &mut UnitContext<'_>) -> Result<(), HookError> + 'static,
    ) {
        self.codes.insert(application, Arc::new(code));
    }

    pub(super) fn quiet(
        &mut self,
        application: ApplicationId,
        quiet: impl Fn(&UnitContext<'_>) -> Quiet + 'static,
    ) {
        self.quiets.insert(application, Arc::new(quiet));
    }

    /// A unit whose agent starts now: on a machine of its own in a machine model.
    pub(super) fn unit(&mut self, application: ApplicationId) -> UnitId {
        let model = self.juju.application(application).model;
        let machine = (!self.juju.model(model).kubernetes).then(|| {
            let id = self.juju.machines().count().to_string();
            self.juju.operator().add_machine(model, &id)
        });
        self.unit_on(application, machine)
    }

    pub(super) fn unit_on(
        &mut self,
        application: ApplicationId,
        machine: Option<MachineId>,
    ) -> UnitId {
        let now = self.now();
        self.call(|juju, host| juju.operator().add_unit(application, machine, now, host))
    }

    pub(super) fn relate(
        &mut self,
        left: (ApplicationId, &str),
        right: (ApplicationId, &str),
    ) -> RelationId {
        self.call(|juju, host| juju.relations_mut().integrate([left, right], None, host))
            .expect("it can be integrated")
    }

    pub(super) fn configure(&mut self, application: ApplicationId, level: &str) {
        let options = BTreeMap::from([("level".to_owned(), Some(level.to_owned()))]);
        self.call(|juju, host| {
            juju.operator()
                .set_config(application, &options, None, host)
        });
    }

    // --- playing --------------------------------------------------------------------------

    pub(super) fn run_for(&mut self, span: Span) {
        self.run_until(self.now() + span);
    }

    pub(super) fn run_until(&mut self, until: Time) {
        while let Some(event) = self.agenda.next(until) {
            self.handled += 1;
            drive(self, event);
        }
        trustsim_kernel::run(&mut Nothing, &mut self.agenda, until);
    }

    fn name(&self, unit: UnitId, hook: &Hook) -> String {
        let mut name = self.juju.hook_name(unit, hook).to_string();
        let remote = match hook {
            Hook::RelationJoined { unit, .. } | Hook::RelationDeparted { unit, .. } => Some(*unit),
            Hook::RelationChanged { unit, .. } => *unit,
            _ => None,
        };
        if let Some(remote) = remote {
            name = format!("{name} {}", self.juju.unit(remote).name);
        }
        if let Hook::SecretExpired { revision, .. } | Hook::SecretRemove { revision, .. } = hook {
            name = format!("{name} {revision}");
        }
        name
    }

    /// Names of the hooks a unit ran, in order; update-status left out.
    pub(super) fn hooks(&self, unit: UnitId) -> Vec<&str> {
        let name = &self.juju.unit(unit).name;
        let played = self.played.iter();
        played
            .filter(|played| *played.unit == **name && played.hook != Hook::UpdateStatus)
            .map(|played| played.name.as_str())
            .collect()
    }

    /// Plays on until everything has settled, and forgets what was played.
    pub(super) fn settle(&mut self) {
        self.run_for(seconds(120));
        let now = self.now();
        assert!(self.juju.is_settled(now), "{:#?}", self.played);
        self.played.clear();
        self.happened.clear();
    }

    pub(super) fn agent(&self, unit: UnitId) -> &Agent {
        self.juju.agent(unit).expect("it is no proxy")
    }
}

impl Driver for Stage {
    fn in_juju<T>(&mut self, call: impl FnOnce(&mut Juju, &mut dyn Host) -> T) -> T {
        self.call(call)
    }

    fn run_hook(&mut self, unit: UnitId, hook: Hook, _: Option<Seq>, failures: u32) {
        let now = self.now();
        let mut context = UnitContext::new(&self.juju, unit, now, Some(&hook));
        let application = self.juju.unit(unit).application;
        let result = match self.codes.get(&application) {
            Some(code) => code(&hook, &mut context),
            None => Ok(()),
        };
        let (effects, _) = context.into_effects();
        let repeats = failures == 0 && self.agent(unit).is_repeat(&hook);
        let idles = effects.bags.is_empty() && effects.secrets.is_empty() && result.is_ok();
        let name = self.name(unit, &hook);
        self.played.push(Played {
            at: now,
            unit: self.juju.unit(unit).name.to_string(),
            hook: hook.clone(),
            name,
            failures,
            idle_repeat: repeats && idles,
        });
        self.call(|juju, host| {
            juju.uniter()
                .hook_ran(unit, hook, failures, Some(Seq(0)), effects, result, host);
        });
    }

    fn ask_quiet(&mut self, unit: UnitId) -> Quiet {
        let application = self.juju.unit(unit).application;
        let context = UnitContext::new(&self.juju, unit, self.agenda.now(), None);
        let quiet = self.quiets.get(&application);
        quiet.map_or(Quiet::Always, |quiet| quiet(&context))
    }

    fn judge_agent(&mut self, unit: UnitId) -> Result<(), ConnectionError> {
        let is_refused = self.unreachable.contains(&unit);
        if is_refused {
            Err(ConnectionError::Refused)
        } else {
            Ok(())
        }
    }

    fn judge_link(&mut self, link: LinkId) -> Result<(), ConnectionError> {
        self.dials.push((self.now(), link));
        let is_refused = self.cut.contains(&link);
        if is_refused {
            Err(ConnectionError::Refused)
        } else {
            Ok(())
        }
    }
}

struct Nothing;

impl trustsim_kernel::World for Nothing {
    type Event = Event;

    fn handle(&mut self, _: Event, _: &mut Agenda<Event>) {
        unreachable!("everything due was handled");
    }
}

fn endpoint(text: &str) -> EndpointInfo {
    let words: Vec<&str> = text.split(' ').collect();
    let limit = words.iter().position(|word| *word == "limit");
    EndpointInfo {
        name: words[1].into(),
        role: match words[0] {
            "provides" => Role::Provider,
            "requires" => Role::Requirer,
            _ => Role::Peer,
        },
        interface: words[1].into(),
        limit: limit.map(|at| words[at + 1].parse().expect("a number")),
        container_scope: words.contains(&"container"),
    }
}

/// A stage with a relation of two applications, both with units: `a:db` provides to `b:db`.
pub(super) fn pair(units: (u32, u32)) -> (Stage, ApplicationId, ApplicationId, RelationId) {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &["provides db"]);
    let b = stage.app(model, "b", &["requires db"]);
    let relation = stage.relate((a, "db"), (b, "db"));
    for _ in 0..units.0 {
        stage.unit(a);
    }
    for _ in 0..units.1 {
        stage.unit(b);
    }
    (stage, a, b, relation)
}

/// The n-th unit of an application.
pub(super) fn nth(stage: &Stage, application: ApplicationId, n: usize) -> UnitId {
    stage.juju.application(application).units[n]
}
