//! Carrying out actions: what an operator or nature does to the deployment.

mod network;
mod offers;
mod scale;
mod units;

pub(super) use offers::RevokedAccess;

use std::collections::BTreeMap;
use std::sync::Arc;
use trustsim_model::{
    Action, ActionIndex, ActionRecord, ActionTarget, ApplicationIndex, Entry, Kind, Note, Refusal,
    Side, Source, Subject, TimedAction,
};

use super::simulation::{Event, World};
use trustsim_charm_model::ACME_DOWN;
use trustsim_juju::{UnitId, Value};
use trustsim_kernel::{Agenda, Seq, Time};

impl World {
    pub(super) fn act(&mut self, index: ActionIndex, agenda: &mut Agenda<Event>) {
        let timed = self.deployment.actions[index].clone();
        // Later where a future was made after its time.
        assert!(
            agenda.now() >= self.deployment.start + timed.at,
            "an action does not happen before its time"
        );
        let record = ActionRecord {
            timed: Arc::new(timed),
            planned: true,
        };
        self.carry_out(record, self.root, agenda);
    }

    /// Does what `cause` led to during the run, as `source` in the scenario asked for it.
    pub(super) fn carry_out_unplanned(
        &mut self,
        action: Action,
        source: Source,
        cause: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let at = agenda.now().since(self.deployment.start);
        let record = ActionRecord {
            timed: Arc::new(TimedAction { at, action, source }),
            planned: false,
        };
        self.carry_out(record, cause, agenda);
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each action")]
    fn carry_out(&mut self, record: ActionRecord, cause: Seq, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let timed = Arc::clone(&record.timed);
        let (action, source) = (&timed.action, &timed.source);
        let entry = self.record_action(record, cause, now);
        if self.is_out_of_reach(action) {
            self.refused(Refusal::ControllerDown, entry, now);
            return;
        }
        match action {
            Action::RunAction {
                application,
                unit,
                name,
                parameters,
            } => {
                let run = (name.as_str(), parameters);
                self.run_action((*application, *unit), run, entry, agenda);
            }
            Action::AtWorkload {
                application,
                unit,
                files,
                notifies,
                ..
            } => {
                let whom = (*application, Some(*unit));
                self.at_workload(whom, files, *notifies, entry, agenda);
            }
            Action::AcmeServer { reachable } => {
                let down = (!reachable).then(|| Value::from(""));
                self.juju.set_outside(ACME_DOWN, down);
            }
            Action::Revoke { application, name } => {
                self.revoke(*application, name, (entry, source.clone()), agenda);
            }
            Action::Tls(action) => self.do_to_tls(action, entry, agenda),
            Action::SetConfig {
                application,
                options,
            } => {
                let application = self.applications[*application];
                self.in_juju(agenda, |juju, desk| {
                    juju.operator()
                        .set_config(application, options, Some(entry), desk);
                });
            }
            Action::Integrate { sides, .. } => self.integrate(sides, entry, agenda),
            Action::RemoveRelation { sides, .. } => self.remove_relation(sides, entry, agenda),
            Action::Restart { application, unit } => {
                for unit in self.targets(*application, *unit) {
                    self.restart(unit, entry, agenda);
                }
            }
            Action::ClientTrust { client, ca, trusts } => {
                self.change_client_trust((*client, *ca), *trusts, entry, agenda);
            }
            Action::SkewClock {
                application,
                unit,
                skew_ns,
            } => {
                self.clock_cause = Some(entry);
                for unit in self.targets(*application, *unit) {
                    self.skew(unit, *skew_ns, agenda);
                }
            }
            Action::Unit(action) => self.act_on_units(action, entry, agenda),
            Action::Scale(action) => self.act_on_scale(action, entry, agenda),
            Action::Hook(action) => self.act_on_hooks(action, entry, agenda),
            Action::Offer(action) => self.act_on_offers(action, entry, agenda),
            Action::Network(action) => self.act_on_network(action, entry, agenda),
        }
    }

    /// `juju run`, on the leader where no unit is named.
    fn run_action(
        &mut self,
        (application, unit): (ApplicationIndex, Option<u32>),
        (name, parameters): (&str, &BTreeMap<String, String>),
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let target = match unit {
            Some(number) => self.targets(application, Some(number)).first().copied(),
            None => {
                let application = self.juju.application(self.applications[application]);
                application.lease.holder
            }
        };
        let Some(unit) = target else {
            self.refused(Refusal::NoLeader, entry, agenda.now());
            return;
        };
        let parameters = parameters.clone();
        self.in_juju(agenda, |juju, desk| {
            juju.operator()
                .run_action(unit, name, parameters, Some(entry), desk);
        });
    }

    /// Files of a workload change, and its charm may be told.
    fn at_workload(
        &mut self,
        (application, unit): (ApplicationIndex, Option<u32>),
        files: &BTreeMap<Arc<str>, Option<Value>>,
        notifies: Option<&'static str>,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        for unit in self.targets(application, unit) {
            if self.sides.get(unit).is_held_down() {
                self.refused(Refusal::WorkloadDown, entry, agenda.now());
                continue;
            }
            self.in_juju(agenda, |juju, desk| {
                juju.operator().change_files(unit, files, Some(entry), desk);
                if let Some(container) = notifies {
                    juju.operator().notify(unit, container, Some(entry), desk);
                }
            });
            self.workload_changed(unit, agenda);
        }
    }

    fn record_action(&mut self, record: ActionRecord, cause: Seq, time: Time) -> Seq {
        let deployment = &self.deployment;
        let named = |name: &str| Some(Arc::from(name));
        let subject = match record.action().target(deployment) {
            ActionTarget::Outside => Subject::default(),
            ActionTarget::Model(model) => Subject {
                model: named(&deployment.models[model].name),
                ..Subject::default()
            },
            ActionTarget::Application(application) => {
                let spec = &deployment.applications[application];
                Subject {
                    model: named(&deployment.models[spec.model].name),
                    application: named(&spec.name),
                    unit: None,
                }
            }
        };
        let kind = Kind::Action(record);
        self.journal.record(Entry {
            time,
            cause: Some(cause),
            subject,
            kind,
        })
    }

    pub(super) fn refused(&mut self, refusal: Refusal, cause: Seq, time: Time) {
        let kind = Kind::Note(Note::ActionRefused(refusal));
        let subject = Subject::default();
        self.journal.record(Entry {
            time,
            cause: Some(cause),
            subject,
            kind,
        });
    }

    pub(super) fn targets(&self, application: ApplicationIndex, unit: Option<u32>) -> Vec<UnitId> {
        let units = &self.juju.application(self.applications[application]).units;
        let wanted = |id: &&UnitId| unit.is_none_or(|number| self.juju.unit(**id).number == number);
        units.iter().filter(wanted).copied().collect()
    }

    /// `juju integrate`; Juju's refusal goes into the journal.
    pub(super) fn integrate(&mut self, sides: &[Side; 2], cause: Seq, agenda: &mut Agenda<Event>) {
        let [first, second] = sides.each_ref().map(|side| self.application_of(side));
        let pair = [
            (first, sides[0].endpoint.as_str()),
            (second, sides[1].endpoint.as_str()),
        ];
        let made = self.in_juju(agenda, |juju, desk| {
            juju.relations_mut().integrate(pair, Some(cause), desk)
        });
        match made {
            Ok(relation) => self.suspend_if_revoked(relation, cause, agenda),
            Err(error) => self.refused(Refusal::Integrate(error), cause, agenda.now()),
        }
    }

    fn remove_relation(&mut self, sides: &[Side; 2], cause: Seq, agenda: &mut Agenda<Event>) {
        let [first, second] = sides.each_ref().map(|side| self.application_of(side));
        let pair = [
            (first, sides[0].endpoint.as_str()),
            (second, sides[1].endpoint.as_str()),
        ];
        match self.juju.relation_between(pair) {
            Some(relation) => self.in_juju(agenda, |juju, desk| {
                juju.relations_mut()
                    .remove_relation(relation, Some(cause), desk);
            }),
            None => self.refused(Refusal::NoSuchRelation, cause, agenda.now()),
        }
    }

    /// The workload's process starts again and reads its files.
    fn restart(&mut self, unit: UnitId, cause: Seq, agenda: &mut Agenda<Event>) {
        self.in_juju(agenda, |juju, desk| {
            juju.operator().restart_process(unit, Some(cause), desk);
        });
        self.workload_changed(unit, agenda);
        self.look_for_people(unit, Some(cause), agenda);
    }
}
