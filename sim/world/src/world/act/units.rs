//! Carrying out what happens to units.

use std::net::IpAddr;

use crate::deployed::machine_id;
use crate::event::Event;
use crate::world::World;
use trustsim_juju::{LoadBalancer, UnitId, Workload};
use trustsim_kernel::{Agenda, Seq, Span};
use trustsim_model::{ApplicationIndex, Target, Trigger, UnitAction};

impl World {
    pub(super) fn act_on_units(
        &mut self,
        action: &UnitAction,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        match action {
            UnitAction::Stop(target) => {
                for unit in self.commands(entry, agenda).units_meant(*target) {
                    self.hold_down(unit, entry, agenda);
                }
            }
            UnitAction::Start(target) => {
                for unit in self.deployed.targets(target.application, target.unit) {
                    self.let_up(unit, entry, agenda);
                }
            }
            UnitAction::Kill { target, away } => self.kill(*target, *away, entry, agenda),
            UnitAction::Seal(target) => {
                for unit in self.commands(entry, agenda).units_meant(*target) {
                    self.forget(unit, entry, agenda);
                }
            }
            UnitAction::LoseLeader { application } => {
                self.commands(entry, agenda).lose_leader(*application);
            }
            UnitAction::ChangeAddress { target, to } => {
                self.change_address(*target, *to, entry, agenda);
            }
            UnitAction::ChangeLoadBalancer { application, to } => {
                self.change_load_balancer(*application, *to, entry, agenda);
            }
            UnitAction::SkewMachine { machine, skew_ns } => {
                let units = self.juju().machine(machine_id(*machine)).units.clone();
                self.skew(units, *skew_ns, entry, agenda);
            }
        }
    }

    /// Sets clocks, and judges what each judges.
    pub(super) fn skew(
        &mut self,
        units: Vec<UnitId>,
        skew_ns: i64,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        self.journal.clock_set(entry);
        for unit in units {
            self.in_juju(agenda, |juju, host| {
                juju.operator().set_clock_skew(unit, skew_ns, host);
            });
            self.watcher(agenda).judge_unit(unit, Trigger::Clock);
        }
    }

    /// A process goes and stays away until [`World::let_up`], whatever its charm does.
    fn hold_down(&mut self, unit: UnitId, entry: Seq, agenda: &mut Agenda<Event>) {
        self.sides.of(unit).hold_down(entry);
        self.commands(entry, agenda).restart_process(unit);
        self.workload_changed(unit, agenda);
        self.watcher(agenda).judge_unit(unit, Trigger::Reachability);
    }

    /// A process that was held down starts again.
    fn let_up(&mut self, unit: UnitId, entry: Seq, agenda: &mut Agenda<Event>) {
        if !self.sides.of(unit).let_up(entry) {
            return;
        }
        self.restart(unit, entry, agenda);
        self.watcher(agenda).judge_unit(unit, Trigger::Reachability);
    }

    fn kill(&mut self, target: Target, away: Option<Span>, entry: Seq, agenda: &mut Agenda<Event>) {
        for unit in self.commands(entry, agenda).units_meant(target) {
            let killed = self.in_juju(agenda, |juju, host| {
                juju.uniter().kill_unit(unit, away, Some(entry), host)
            });
            for unit in killed {
                self.workload_changed(unit, agenda);
                self.notice_tasks(unit, Some(entry), agenda);
            }
        }
    }

    /// Machines or pods get another address; clients dial it from now on.
    fn change_address(
        &mut self,
        target: Target,
        to: Option<IpAddr>,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let to = to.map(|to| to.to_string());
        for unit in self.commands(entry, agenda).units_meant(target) {
            let moved = self.in_juju(agenda, |juju, host| {
                juju.operator()
                    .change_address(unit, to.as_deref(), Some(entry), host)
            });
            for unit in moved {
                self.watcher(agenda).rename_server(unit, entry);
            }
        }
    }

    /// The load balancer of an application gets another address; clients that know no name dial it from now on.
    fn change_load_balancer(
        &mut self,
        application: ApplicationIndex,
        to: IpAddr,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let id = self.deployed.id(application);
        let changed = LoadBalancer {
            address: to.to_string().into(),
            reverse_name: None,
        };
        self.in_juju(agenda, |juju, host| {
            juju.operator().set_load_balancer(id, Some(changed), host);
        });
        for unit in self.deployed.targets(application, None) {
            self.watcher(agenda).rename_server(unit, entry);
        }
    }

    /// What a process only remembers goes; it serves on.
    fn forget(&mut self, unit: UnitId, entry: Seq, agenda: &mut Agenda<Event>) {
        let loaded = &self.juju().unit(unit).workload.loaded;
        let remembered = loaded
            .keys()
            .filter(|path| path.starts_with(Workload::MEMORY));
        let files = remembered.map(|path| (path.clone(), None)).collect();
        self.in_juju(agenda, |juju, host| {
            juju.operator()
                .change_files(unit, &files, Some(entry), host);
        });
        self.workload_changed(unit, agenda);
        self.notice_tasks(unit, Some(entry), agenda);
    }
}
