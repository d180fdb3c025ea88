//! Carrying out what happens to units.

use crate::deployed::machine_id;
use crate::simulation::{Event, World};
use trustsim_juju::{UnitId, Workload};
use trustsim_kernel::{Agenda, Seq, Span};
use trustsim_model::{Refusal, Target, Trigger, UnitAction};

impl World {
    pub(super) fn act_on_units(
        &mut self,
        action: &UnitAction,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        match action {
            UnitAction::Stop(target) => {
                for unit in self.units_meant(*target, entry, agenda) {
                    self.hold_down(unit, entry, agenda);
                }
            }
            UnitAction::Start(target) => {
                for unit in self.targets(target.application, target.unit) {
                    self.let_up(unit, entry, agenda);
                }
            }
            UnitAction::Kill { target, away } => self.kill(*target, *away, entry, agenda),
            UnitAction::Seal(target) => {
                for unit in self.units_meant(*target, entry, agenda) {
                    self.forget(unit, entry, agenda);
                }
            }
            UnitAction::LoseLeader { application } => {
                let id = self.applications[*application];
                match self.juju.application(id).lease.holder {
                    Some(leader) => self.in_juju(agenda, |juju, desk| {
                        juju.uniter()
                            .cut_off_until_lease_ends(leader, Some(entry), desk);
                    }),
                    None => self.refused(Refusal::NoLeader, entry, agenda.now()),
                }
            }
            UnitAction::SkewMachine { machine, skew_ns } => {
                self.clock_cause = Some(entry);
                let id = machine_id(*machine);
                for unit in self.juju.machine(id).units.clone() {
                    self.skew(unit, *skew_ns, agenda);
                }
            }
        }
    }

    /// The units that are there; the journal says so where there are none.
    fn units_meant(
        &mut self,
        target: Target,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) -> Vec<UnitId> {
        let units = self.targets(target.application, target.unit);
        if units.is_empty() {
            self.refused(Refusal::NoSuchUnit, entry, agenda.now());
        }
        units
    }

    /// Sets one clock, and judges what it judges.
    pub(super) fn skew(&mut self, unit: UnitId, skew_ns: i64, agenda: &mut Agenda<Event>) {
        self.in_juju(agenda, |juju, desk| {
            juju.operator().set_clock_skew(unit, skew_ns, desk);
        });
        self.judge_touching(unit, Trigger::Clock, agenda);
    }

    /// A process goes and stays away until [`World::let_up`], whatever its charm does.
    fn hold_down(&mut self, unit: UnitId, entry: Seq, agenda: &mut Agenda<Event>) {
        self.sides.of(unit).hold_down(entry);
        self.in_juju(agenda, |juju, desk| {
            juju.operator().restart_process(unit, Some(entry), desk);
        });
        self.workload_changed(unit, agenda);
        self.judge_touching(unit, Trigger::Reachability, agenda);
    }

    /// A process that was held down starts again.
    fn let_up(&mut self, unit: UnitId, entry: Seq, agenda: &mut Agenda<Event>) {
        if !self.sides.of(unit).let_up(entry) {
            return;
        }
        self.restart(unit, entry, agenda);
        self.judge_touching(unit, Trigger::Reachability, agenda);
    }

    fn kill(&mut self, target: Target, away: Option<Span>, entry: Seq, agenda: &mut Agenda<Event>) {
        for unit in self.units_meant(target, entry, agenda) {
            let killed = self.in_juju(agenda, |juju, desk| {
                juju.uniter().kill_unit(unit, away, Some(entry), desk)
            });
            for unit in killed {
                self.workload_changed(unit, agenda);
                self.look_for_people(unit, Some(entry), agenda);
            }
        }
    }

    /// What a process only remembers goes; it serves on.
    fn forget(&mut self, unit: UnitId, entry: Seq, agenda: &mut Agenda<Event>) {
        let loaded = &self.juju.unit(unit).workload.loaded;
        let remembered = loaded
            .keys()
            .filter(|path| path.starts_with(Workload::MEMORY));
        let files = remembered.map(|path| (path.clone(), None)).collect();
        self.in_juju(agenda, |juju, desk| {
            juju.operator()
                .change_files(unit, &files, Some(entry), desk);
        });
        self.workload_changed(unit, agenda);
        self.look_for_people(unit, Some(entry), agenda);
    }
}
