//! Deployments to which anything happens at any time.

use std::time::Duration;

use proptest::prelude::*;

use super::stage::{Stage, seconds};
use crate::*;
use trustsim_kernel::Time;

/// Something that happens; numbers are taken modulo what there is.
#[derive(Clone, Debug)]
pub(super) enum OperatorAction {
    Configure(u8, u8),
    Integrate(u8),
    Remove(u8),
    Suspend(u8, bool),
    AddUnit(u8),
    RemoveUnit(u8),
    Act(u8, &'static str),
    Lead(u8, bool),
    Disconnect(u8),
    Kill(u8),
    Back,
    Cut(u8),
    Fault(u8, CommitFault),
    Pod(u8),
    Skew(u8, i8),
    Resolve(u8, bool),
    Refresh(u8),
    Address(u8, u8),
    NetworkPath(u8, bool, Disruption),
    Calm(u8),
}

pub(super) fn actions() -> impl Strategy<Value = Vec<(u32, OperatorAction)>> {
    let fault = prop_oneof![
        Just(CommitFault::BeforeSecrets),
        Just(CommitFault::BetweenSecretsAndDatabags),
        Just(CommitFault::AfterCommit),
    ];
    let action = prop_oneof![
        Just("add"),
        Just("expire"),
        Just("set"),
        Just("drop"),
        Just("remove"),
        Just("read"),
        Just("write"),
        Just("fail"),
    ];
    let trouble = prop_oneof![
        3 => prop::sample::select(vec![20_u64, 700, 1_600, 14_000, 16_000])
            .prop_map(|ms| Disruption::Delay(Duration::from_millis(ms))),
        3 => prop::sample::select(vec![3_u32, 30, 60, 90]).prop_map(Disruption::Loss),
        1 => Just(Disruption::Stall),
        1 => Just(Disruption::Partition),
        1 => Just(Disruption::Down),
    ];
    let n = any::<u8>;
    let action = prop_oneof![
        1 => (n(), n()).prop_map(|(n, level)| OperatorAction::Configure(n, level)),
        1 => n().prop_map(OperatorAction::Integrate),
        1 => n().prop_map(OperatorAction::Remove),
        1 => (n(), any::<bool>()).prop_map(|(n, on)| OperatorAction::Suspend(n, on)),
        1 => n().prop_map(OperatorAction::AddUnit),
        1 => n().prop_map(OperatorAction::RemoveUnit),
        4 => (n(), action).prop_map(|(n, action)| OperatorAction::Act(n, action)),
        1 => (n(), any::<bool>()).prop_map(|(n, none)| OperatorAction::Lead(n, none)),
        1 => n().prop_map(OperatorAction::Disconnect),
        1 => n().prop_map(OperatorAction::Kill),
        2 => Just(OperatorAction::Back),
        1 => n().prop_map(OperatorAction::Cut),
        1 => (n(), fault).prop_map(|(n, fault)| OperatorAction::Fault(n, fault)),
        1 => n().prop_map(OperatorAction::Pod),
        1 => (n(), any::<i8>()).prop_map(|(n, minutes)| OperatorAction::Skew(n, minutes)),
        1 => (n(), any::<bool>()).prop_map(|(n, skip)| OperatorAction::Resolve(n, skip)),
        1 => n().prop_map(OperatorAction::Refresh),
        1 => (n(), n()).prop_map(|(n, address)| OperatorAction::Address(n, address)),
        3 => (n(), any::<bool>(), trouble).prop_map(|(n, all, what)| OperatorAction::NetworkPath(n, all, what)),
        2 => n().prop_map(OperatorAction::Calm),
    ];
    // Bursts a few milliseconds apart, and long quiet stretches.
    let wait = prop_oneof![0_u32..3_000, 3_000_u32..400_000, 400_000_u32..8_000_000];
    prop::collection::vec((wait, action), 1..25)
}

/// Two models on two controllers, five applications, relations within and across.
pub(super) struct Scene {
    pub(super) stage: Stage,
    pub(super) apps: Vec<ApplicationId>,
    sides: Vec<[(ApplicationId, &'static str); 2]>,
    down: Vec<UnitId>,
    troubles: Vec<(NetworkPath, Disruption)>,
}

impl Scene {
    pub(super) fn new(seed: u64, every_hook: bool) -> Self {
        let mut stage = Stage::with(seed, every_hook);
        let (one, two) = (stage.model("one", true), stage.model("two", false));
        let a = stage.app(one, "a", &["provides db", "provides web", "peers cluster"]);
        let b = stage.app_of(one, "b", &["requires db", "requires web"], &["work"], false);
        let c = stage.app(two, "c", &["requires db", "provides host"]);
        let d = stage.app_of(two, "d", &["requires host container"], &[], true);
        stage
            .juju
            .relations_mut()
            .offer(a, "dbs", &["db".to_owned()]);
        let saas = stage.juju.relations_mut().consume(two, "far", "dbs", a);
        let sides = vec![
            [(a, "db"), (b, "db")],
            [(a, "web"), (b, "web")],
            [(saas, "db"), (c, "db")],
            [(c, "host"), (d, "host")],
        ];
        for app in [a, b, c, d] {
            stage.code(app, charm);
            stage.quiet(app, quiet);
        }
        for app in [a, a, b] {
            stage.unit(app);
        }
        // Three units, subordinates and all, that share a machine.
        let first = stage.unit(c);
        let machine = stage.juju.unit(first).machine;
        stage.unit_on(c, machine);
        let mut scene = Self {
            stage,
            apps: vec![a, b, c],
            sides,
            down: Vec::new(),
            troubles: Vec::new(),
        };
        for n in 0..3 {
            scene.act(&OperatorAction::Integrate(n));
        }
        scene.stage.run_for(seconds(90));
        scene
    }

    fn unit(&self, n: u8) -> Option<UnitId> {
        let alive = |(id, unit): (UnitId, &Unit)| {
            let agent = unit.agent.as_deref()?;
            (!agent.removed && !agent.dying).then_some(id)
        };
        let units: Vec<UnitId> = self.stage.juju.units().filter_map(alive).collect();
        units.get(usize::from(n) % units.len().max(1)).copied()
    }

    fn relation(&self, n: u8) -> Option<RelationId> {
        let alive = |(id, relation): (RelationId, &Relation)| {
            (relation.life == Life::Alive && !relation.is_peer()).then_some(id)
        };
        let relations: Vec<_> = self.stage.juju.relations().filter_map(alive).collect();
        relations
            .get(usize::from(n) % relations.len().max(1))
            .copied()
    }

    pub(super) fn act(&mut self, action: &OperatorAction) {
        let apps = self.apps.clone();
        let app = |n: u8| apps[usize::from(n) % apps.len()];
        let unit = |n: u8| self.unit(n);
        let (unit, relation) = match action {
            OperatorAction::RemoveUnit(n)
            | OperatorAction::Act(n, _)
            | OperatorAction::Lead(n, _)
            | OperatorAction::Disconnect(n) => (unit(*n), None),
            OperatorAction::Kill(n)
            | OperatorAction::Fault(n, _)
            | OperatorAction::Pod(n)
            | OperatorAction::Skew(n, _) => (unit(*n), None),
            OperatorAction::Resolve(n, _) | OperatorAction::Address(n, _) => (unit(*n), None),
            OperatorAction::NetworkPath(n, ..) => (unit(*n), None),
            OperatorAction::Remove(n) | OperatorAction::Suspend(n, _) => (None, self.relation(*n)),
            _ => (None, None),
        };
        let stage = &mut self.stage;
        match (action, unit, relation) {
            (OperatorAction::Configure(n, level), ..) => {
                stage.configure(app(*n), &level.to_string())
            }
            (OperatorAction::Integrate(n), ..) => {
                let sides = self.sides[usize::from(*n) % self.sides.len()];
                let _ = stage.call(|juju, host| juju.relations_mut().integrate(sides, None, host));
            }
            (OperatorAction::AddUnit(n), ..) => {
                stage.unit(app(*n));
            }
            (OperatorAction::Refresh(n), ..) => {
                stage.call(|juju, host| juju.pods().refresh(app(*n), None, host))
            }
            (OperatorAction::Calm(n), ..) => {
                let index = usize::from(*n) % self.troubles.len().max(1);
                if index < self.troubles.len() {
                    let (wire, trouble) = self.troubles.remove(index);
                    stage.call(|juju, host| juju.connections().restore(wire, trouble, host));
                }
            }
            (OperatorAction::Back, ..) => {
                for (wire, trouble) in std::mem::take(&mut self.troubles) {
                    stage.call(|juju, host| juju.connections().restore(wire, trouble, host));
                }
                stage.cut.clear();
                for unit in std::mem::take(&mut self.down) {
                    stage.unreachable.remove(&unit);
                    stage.call(|_, host| host.schedule(host.now(), Event::AgentStart(unit)));
                }
            }
            (OperatorAction::Cut(n), ..) => {
                let links: Vec<LinkId> = stage.juju.links().map(|(id, _)| id).collect();
                if let Some(link) = links.get(usize::from(*n) % links.len().max(1)).copied() {
                    stage.cut.insert(link);
                    stage.call(|juju, host| {
                        juju.relations_mut()
                            .cut_link(link, ConnectionError::Reset, host)
                    });
                }
            }
            (_, Some(unit), _) => self.act_on_unit(action, unit),
            (OperatorAction::Remove(_), _, Some(id)) => {
                stage.call(|juju, host| juju.relations_mut().remove_relation(id, None, host));
            }
            (OperatorAction::Suspend(_, on), _, Some(id)) => stage.call(|juju, host| match on {
                true => juju.relations_mut().suspend_relation(id, None, host),
                false => juju.relations_mut().resume_relation(id, None, host),
            }),
            _ => {}
        }
    }

    fn act_on_unit(&mut self, action: &OperatorAction, unit: UnitId) {
        let stage = &mut self.stage;
        match action {
            OperatorAction::RemoveUnit(_) => {
                stage.call(|juju, host| juju.relations_mut().remove_unit(unit, None, host))
            }
            OperatorAction::Act(_, action) => stage.call(|juju, host| {
                juju.operator()
                    .run_action(unit, action, Default::default(), None, host);
            }),
            OperatorAction::Lead(_, none) => {
                let application = stage.juju.unit(unit).application;
                let holder = (!none).then_some(unit);
                stage.call(|juju, host| {
                    juju.leases()
                        .give_leadership(application, holder, None, host)
                });
            }
            OperatorAction::Disconnect(_) => {
                stage.unreachable.insert(unit);
                self.down.push(unit);
                stage.call(|juju, host| juju.agents().disconnect(unit, host));
            }
            OperatorAction::Kill(_) => {
                self.down.push(unit);
                stage.call(|juju, host| juju.uniter().kill_agent(unit, host));
            }
            OperatorAction::Fault(_, fault) => stage.juju.fail_next_commit(unit, *fault),
            OperatorAction::Pod(_) => {
                stage.call(|juju, host| juju.pods().restart_pod(unit, None, host))
            }
            OperatorAction::Skew(_, minutes) => {
                let skew_ns = i64::from(*minutes) * 60_000_000_000;
                stage.call(|juju, host| juju.operator().set_clock_skew(unit, skew_ns, host));
            }
            OperatorAction::Resolve(_, skip) => {
                stage.call(|juju, host| juju.uniter().resolved(unit, *skip, host))
            }
            OperatorAction::NetworkPath(_, all, trouble) => {
                let model = stage
                    .juju
                    .application(stage.juju.unit(unit).application)
                    .model;
                let wire = if *all {
                    NetworkPath::Agents(model)
                } else {
                    NetworkPath::Agent(unit)
                };
                self.troubles.push((wire, *trouble));
                stage.call(|juju, host| juju.connections().disrupt(wire, *trouble, None, host));
            }
            OperatorAction::Address(_, n) => {
                let address = format!("10.9.9.{n}");
                stage.call(|juju, host| {
                    juju.operator()
                        .change_address(unit, Some(&address), None, host)
                });
            }
            _ => {}
        }
    }

    pub(super) fn play(&mut self, actions: &[(u32, OperatorAction)]) {
        for (wait_ms, action) in actions {
            self.stage
                .run_for(Duration::from_millis(u64::from(*wait_ms)));
            self.act(action);
        }
        self.stage.run_for(seconds(4_000));
    }
}

/// Where the unit keeps when it has to renew, by its own clock.
fn renewal(unit: &UnitContext<'_>) -> Option<Time> {
    let text = unit.files().get("/renewal")?.text();
    Some(Time::from_nanos(text.parse().expect("a number")))
}

/// Renews something every 40 minutes, whichever hook comes first after that; copies what it
/// reads; does what actions say.
pub(super) fn charm(hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
    check_permissions(unit);
    let now = unit.now();
    if renewal(unit).is_none_or(|at| now >= at) {
        let next = (now + seconds(2_400)).as_nanos().to_string();
        unit.push_file("/renewal", next.as_str().into());
        write(unit, "renewed", &next)?;
    }
    if let Some(level) = unit.config("level").map(str::to_owned) {
        write(unit, "level", &level)?;
    }
    let broken = matches!(hook, Hook::RelationBroken { .. });
    if let Some(relation) = hook.relation().filter(|_| unit.is_leader() && !broken) {
        let remote = unit.remote_units(relation).len().to_string();
        unit.set_application_data(relation, "remote-units", Some(remote.into()))?;
    }
    match hook {
        Hook::Action { name, .. } => act(name, unit),
        _ => Ok(()),
    }
}

fn write(unit: &mut UnitContext<'_>, key: &str, value: &str) -> Result<(), ToolError> {
    for endpoint in ["db", "web", "cluster", "host"] {
        for relation in unit.relations(endpoint) {
            unit.set_unit_data(relation, key, Some(value.into()))?;
        }
    }
    Ok(())
}

fn act(name: &str, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
    let owner = if unit.is_leader() {
        SecretOwner::Application(unit.application_id())
    } else {
        SecretOwner::Unit(unit.id())
    };
    let label = format!("s{}", unit.secret_labels(owner, "s").len().min(3));
    let last = unit.secret_labels(owner, "s").pop();
    let view = last.and_then(|label| unit.secret(owner, &label));
    let now = unit.now();
    let content = [("at".to_owned(), Value::from(now.to_string()))];
    match (name, view) {
        ("add", _) if unit.secret(owner, &label).is_none() => {
            unit.add_secret(owner, &label, content.into(), Some(now + seconds(500)))?;
        }
        ("expire", Some(view)) => unit.set_secret_expire(view.id, Some(now + seconds(77)))?,
        ("set", Some(view)) => unit.set_secret_content(view.id, content.into())?,
        ("drop", Some(view)) => unit.remove_secret_revision(view.id, 1)?,
        ("remove", Some(view)) => unit.remove_secret(view.id)?,
        ("read", _) => {
            unit.read_application_secret("s0", false);
        }
        ("write", _) => write(unit, "at", &now.to_string())?,
        ("fail", _) => return Err(HookError::Charm("asked to".to_owned())),
        _ => {}
    }
    Ok(())
}

/// Nothing before the renewal, unless an option is not written yet.
pub(super) fn quiet(unit: &UnitContext<'_>) -> Quiet {
    let level = unit.config("level");
    for endpoint in ["db", "web", "cluster", "host"] {
        for relation in unit.relations(endpoint) {
            let own = unit.unit_data(relation, unit.id()).expect("its own");
            if own.get("level").map(Value::text) != level {
                return Quiet::No;
            }
        }
    }
    renewal(unit).map_or(Quiet::No, Quiet::Until)
}

/// What a charm may not read it is refused.
fn check_permissions(unit: &UnitContext<'_>) {
    for endpoint in ["db", "web", "host"] {
        for relation in unit.relations(endpoint) {
            assert_eq!(
                unit.own_application_data(relation).is_ok(),
                unit.is_leader(),
                "only the leader reads its application's bag"
            );
            assert!(unit.remote_application_data(relation).is_ok());
            for remote in unit.remote_units(relation) {
                assert!(unit.unit_data(relation, remote).is_ok());
            }
        }
    }
}

/// Versions of everything that has one.
fn versions(juju: &Juju) -> Vec<u64> {
    let relations = juju.relations().flat_map(|(_, relation)| &relation.ends);
    let ends = relations.map(|end| end.bag.version);
    ends.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens: nothing panics, versions only grow, and once everything is back and
    /// nothing more happens, every agent comes to rest.
    #[test]
    fn anything_may_happen(seed: u64, actions in actions()) {
        let mut scene = Scene::new(seed, false);
        let mut before = versions(&scene.stage.juju);
        for (wait_ms, action) in &actions {
            scene.stage.run_for(Duration::from_millis(u64::from(*wait_ms)));
            scene.act(action);
            let after = versions(&scene.stage.juju);
            prop_assert!(before.iter().zip(&after).all(|(before, after)| before <= after));
            before = after;
        }
        scene.act(&OperatorAction::Back);
        scene.stage.run_for(seconds(2_000));
        // Its charm may be renewing something just then, but not for long.
        let rests = (0..3).any(|_| {
            scene.stage.run_for(seconds(47));
            scene.stage.juju.is_settled(scene.stage.now())
        });
        prop_assert!(rests, "{:#?}", scene.stage.juju.units().collect::<Vec<_>>());
        let links = scene.stage.juju.links();
        for (_, link) in links {
            prop_assert!(link.connected);
        }
    }

    /// The same seed and the same actions give the same hooks.
    #[test]
    fn the_same_again(seed: u64, actions in actions()) {
        let play = || {
            let mut scene = Scene::new(seed, false);
            scene.play(&actions);
            scene.stage.played
        };
        prop_assert_eq!(play(), play());
    }
}
