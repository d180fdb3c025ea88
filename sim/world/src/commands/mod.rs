//! Commands to Juju, and what happens to its network: what needs no more than Juju, the journal and the
//! agenda. Whether a workload has changed with it is looked at by the world.

mod network;
mod offers;
mod scale;

use std::collections::BTreeMap;

use super::deployed::Deployed;
use super::event::Event;
use super::host::JujuHost;
use super::journal::JournalWriter;
pub(super) use network::is_out_of_reach;
pub(super) use scale::READY_CHECK;
use trustsim_juju::{Juju, UnitId};
use trustsim_kernel::{Agenda, Seq};
use trustsim_model::{ApplicationIndex, Refusal, Side, Target};

/// Juju, to be commanded by one action.
pub(super) struct Commands<'a> {
    pub deployed: &'a mut Deployed,
    pub journal: &'a mut JournalWriter,
    pub agenda: &'a mut Agenda<Event>,
    /// The entry of the action.
    pub entry: Seq,
}

impl Commands<'_> {
    fn in_juju<T>(&mut self, call: impl FnOnce(&mut Juju, &mut JujuHost<'_>) -> T) -> T {
        self.deployed.in_juju(self.journal, self.agenda, call)
    }

    /// What the action asked for was refused.
    fn refused(&mut self, refusal: Refusal) {
        self.journal.refused(refusal, self.entry, self.agenda.now());
    }

    /// `juju config`.
    pub(super) fn set_config(
        &mut self,
        application: ApplicationIndex,
        options: &BTreeMap<String, Option<String>>,
    ) {
        let (application, entry) = (self.deployed.id(application), self.entry);
        self.in_juju(|juju, host| {
            juju.operator()
                .set_config(application, options, Some(entry), host);
        });
    }

    /// `juju run`, on the leader where no unit is named.
    pub(super) fn run_action(
        &mut self,
        target: Target,
        name: &str,
        parameters: &BTreeMap<String, String>,
    ) {
        let Target { application, unit } = target;
        let found = match unit {
            Some(_) => self.deployed.targets(application, unit).first().copied(),
            None => self.deployed.leader(application),
        };
        let Some(unit) = found else {
            return self.refused(Refusal::NoLeader);
        };
        let (parameters, entry) = (parameters.clone(), self.entry);
        self.in_juju(|juju, host| {
            juju.operator()
                .run_action(unit, name, parameters, Some(entry), host);
        });
    }

    /// `juju integrate`; a relation through an offer that its user may not consume is suspended at once.
    pub(super) fn integrate(&mut self, sides: &[Side; 2]) {
        let made = self
            .deployed
            .integrate(sides, self.entry, self.journal, self.agenda);
        if let Some(relation) = made {
            self.suspend_if_revoked(relation);
        }
    }

    /// `juju remove-relation`.
    pub(super) fn remove_relation(&mut self, sides: &[Side; 2]) {
        let ends = self.deployed.ends_of(sides);
        let Some(relation) = self.deployed.juju().relation_between(ends) else {
            return self.refused(Refusal::NoSuchRelation);
        };
        let entry = self.entry;
        self.in_juju(|juju, host| {
            juju.relations_mut()
                .remove_relation(relation, Some(entry), host);
        });
    }

    /// `juju resolved`.
    pub(super) fn resolve(&mut self, target: Target, no_retry: bool) {
        for unit in self.deployed.targets(target.application, target.unit) {
            self.in_juju(|juju, host| juju.uniter().resolved(unit, no_retry, host));
        }
    }

    /// What units would do may have changed: they look again.
    pub(super) fn look_again(&mut self, target: Target) {
        for unit in self.deployed.targets(target.application, target.unit) {
            self.in_juju(|juju, host| juju.look_again(unit, host));
        }
    }

    /// The leader's agent cannot reach its controller until its lease ends.
    pub(super) fn lose_leader(&mut self, application: ApplicationIndex) {
        let Some(leader) = self.deployed.leader(application) else {
            return self.refused(Refusal::NoLeader);
        };
        let entry = self.entry;
        self.in_juju(|juju, host| {
            juju.uniter()
                .cut_off_until_lease_ends(leader, Some(entry), host);
        });
    }

    /// The process of a workload starts again and reads its files.
    pub(super) fn restart_process(&mut self, unit: UnitId) {
        let entry = self.entry;
        self.in_juju(|juju, host| {
            juju.operator().restart_process(unit, Some(entry), host);
        });
    }

    /// The units that are there; the journal says so where there are none.
    pub(super) fn units_meant(&mut self, target: Target) -> Vec<UnitId> {
        let units = self.deployed.targets(target.application, target.unit);
        if units.is_empty() {
            self.refused(Refusal::NoSuchUnit);
        }
        units
    }
}
