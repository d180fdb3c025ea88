//! Carrying out what is done to the TLS side of units and clients by hand.

use crate::event::Event;
use crate::revocation::Schedule;
use crate::tampering::{ClientChange, Files, Tampered, note_made};
use crate::world::World;
use trustsim_juju::UnitId;
use trustsim_kernel::{Agenda, Seq};
use trustsim_model::{
    Added, ApplicationIndex, ClientIndex, Refusal, Store, TlsAction, TlsEdit, Trigger,
};

impl World {
    pub(super) fn act_on_tls(
        &mut self,
        action: &TlsAction,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        match action {
            TlsAction::Edit(edit) => self.edit(edit, entry, agenda),
            TlsAction::Undo(edit) => self.undo(edit, entry, agenda),
            TlsAction::PublishLists {
                ca,
                revoked,
                valid,
                every,
            } => {
                let schedule = Schedule {
                    valid: *valid,
                    every: *every,
                };
                let (publications, keys) = self.publications();
                publications.ask(*ca, revoked, schedule, entry, agenda.now(), keys);
                if !self.publish(*ca, agenda) {
                    self.journal.refused(Refusal::NoKey, entry, agenda.now());
                }
            }
            TlsAction::StopLists { ca } => self.publications.stop(*ca),
            TlsAction::Compromise { ca } => self.compromise(*ca, entry, agenda),
            TlsAction::Answer {
                application,
                unit,
                how,
            } => {
                for unit in self.deployed.targets(*application, *unit) {
                    self.sides.of(unit).set_answering(*how, entry);
                    self.watcher(agenda).judge_unit(unit, Trigger::Reachability);
                }
            }
        }
    }

    /// An attacker has the key of an application's present CA from now on.
    fn compromise(&mut self, ca: ApplicationIndex, entry: Seq, agenda: &mut Agenda<Event>) {
        let newest = self.keys().signers_of(ca).pop();
        let Some(stolen) = newest else {
            return self.journal.refused(Refusal::NoKey, entry, agenda.now());
        };
        self.attackers.add(ca, stolen, entry, agenda.now());
        self.watcher(agenda).attack_all();
    }

    fn edit(&mut self, edit: &TlsEdit, entry: Seq, agenda: &mut Agenda<Event>) {
        self.edits.begin();
        let now = agenda.now();
        match edit {
            TlsEdit::Tamper {
                application,
                unit,
                endpoint,
                how,
            } => {
                let mut any = false;
                for unit in self.deployed.targets(*application, *unit) {
                    let files = self.tampered(agenda).files(unit, endpoint.as_deref(), *how);
                    any |= !files.is_empty();
                    let (deployed, journal) = (&self.deployed, &mut self.journal);
                    note_made(unit, &files, entry, now, deployed, journal);
                    self.change_files(edit, unit, &files, entry, agenda);
                }
                if !any {
                    self.journal.refused(Refusal::NothingToChange, entry, now);
                }
            }
            TlsEdit::Trust { whose, added } => {
                let roots = self.tampered(agenda).added_roots(added);
                match whose {
                    Store::Units { application, unit } => {
                        for unit in self.deployed.targets(*application, *unit) {
                            let files = self.tampered(agenda).trust_files(unit, added, &roots);
                            self.change_files(edit, unit, &files, entry, agenda);
                        }
                    }
                    Store::Client(client) => {
                        let what = match added {
                            Added::Garbage => ClientChange::Damaged,
                            _ => ClientChange::Added(roots),
                        };
                        self.change_client(edit, *client, what, entry, agenda);
                    }
                }
            }
            TlsEdit::Distrust { whose, ca } => match whose {
                Store::Units { application, unit } => {
                    let files = self.tampered(agenda).distrust_files(*ca);
                    for unit in self.deployed.targets(*application, *unit) {
                        self.change_files(edit, unit, &files, entry, agenda);
                    }
                }
                Store::Client(client) => {
                    let what = ClientChange::Distrusted(self.keys().authorities_of(*ca));
                    self.change_client(edit, *client, what, entry, agenda);
                }
            },
        }
    }

    /// Puts back what was there before the first of the edits that are equal to this one.
    fn undo(&mut self, edit: &TlsEdit, entry: Seq, agenda: &mut Agenda<Event>) {
        let Some(number) = self.edits.first_equal_to(edit) else {
            // Nothing could be changed when it was made.
            return;
        };
        for (unit, files) in self.edits.undo_files(number, &self.deployed) {
            self.write_files(unit, &files, entry, agenda);
        }
        for client in self.edits.take_of_clients(number) {
            self.store_changed(client, entry, agenda);
        }
    }

    /// What files become by the edit that has begun.
    fn tampered(&self, agenda: &Agenda<Event>) -> Tampered<'_> {
        Tampered {
            keys: self.keys(),
            number: self.edits.count(),
            now: agenda.now(),
        }
    }

    fn change_files(
        &mut self,
        edit: &TlsEdit,
        unit: UnitId,
        files: &Files,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        if !files.is_empty() {
            let before = &self.deployed.juju().unit(unit).workload.files;
            self.edits.add_files(edit, unit, files, before);
            self.write_files(unit, files, entry, agenda);
        }
    }

    fn write_files(&mut self, unit: UnitId, files: &Files, entry: Seq, agenda: &mut Agenda<Event>) {
        self.in_juju(agenda, |juju, host| {
            juju.operator().change_files(unit, files, Some(entry), host);
        });
        self.workload_changed(unit, agenda);
    }

    fn change_client(
        &mut self,
        edit: &TlsEdit,
        client: ClientIndex,
        what: ClientChange,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        self.edits.add_client(edit, client, what);
        self.store_changed(client, entry, agenda);
    }
}
