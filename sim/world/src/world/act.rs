//! Carrying out actions: what an operator or nature does to the deployment, and what has to be looked at
//! for it.

mod tls;
mod units;

use std::collections::BTreeMap;
use std::sync::Arc;
use trustsim_model::{
    Action, ActionIndex, ActionRecord, ActionTarget, ApplicationIndex, ClientIndex, Deployment,
    Entry, HookAction, Kind, NetworkAction, Refusal, Source, Subject, Target, TimedAction,
};

use super::World;
use crate::commands::{Commands, is_out_of_reach};
use crate::event::Event;
use crate::operators::revocation;
use trustsim_charm_model::ACME_DOWN;
use trustsim_juju::{UnitId, Value};
use trustsim_kernel::{Agenda, Seq};

impl World {
    pub(super) fn act(&mut self, index: ActionIndex, agenda: &mut Agenda<Event>) {
        let timed = self.deployment().actions[index].clone();
        // Later where a future was made after its time.
        assert!(
            agenda.now() >= self.deployment().start + timed.at,
            "an action does not happen before its time"
        );
        let record = ActionRecord {
            timed: Arc::new(timed),
            planned: true,
        };
        self.carry_out(record, self.journal.root(), agenda);
    }

    /// Does what `cause` led to during the run, as `source` in the scenario asked for it.
    pub(super) fn carry_out_unplanned(
        &mut self,
        action: Action,
        source: Source,
        cause: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let at = agenda.now().since(self.deployment().start);
        let record = ActionRecord {
            timed: Arc::new(TimedAction { at, action, source }),
            planned: false,
        };
        self.carry_out(record, cause, agenda);
    }

    fn carry_out(&mut self, record: ActionRecord, cause: Seq, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let timed = Arc::clone(&record.timed);
        let entry = self.journal.record(Entry::new(
            now,
            Some(cause),
            subject_of(&record, self.deployed.spec()),
            Kind::Action(record),
        ));
        for unit in self.repeats.end_rests() {
            self.in_juju(agenda, |juju, host| juju.end_rest(unit, host));
        }
        if is_out_of_reach(&timed.action, &self.deployed) {
            self.journal.refused(Refusal::ControllerDown, entry, now);
        } else {
            self.act_on(&timed, entry, agenda);
        }
    }

    fn act_on(&mut self, timed: &TimedAction, entry: Seq, agenda: &mut Agenda<Event>) {
        match &timed.action {
            Action::RunAction {
                application,
                unit,
                name,
                parameters,
            } => {
                let target = Target {
                    application: *application,
                    unit: *unit,
                };
                self.commands(entry, agenda)
                    .run_action(target, name, parameters);
            }
            Action::AtWorkload {
                application,
                unit,
                files,
                notifies,
                ..
            } => {
                let target = Target {
                    application: *application,
                    unit: Some(*unit),
                };
                self.at_workload(target, files, *notifies, entry, agenda);
            }
            Action::AcmeServer { reachable } => {
                let down = (!reachable).then(|| Value::from(""));
                self.deployed.set_outside(ACME_DOWN, down);
            }
            Action::Revoke { application, name } => {
                self.revoke(*application, name, &timed.source, entry, agenda);
            }
            Action::Tls(action) => self.act_on_tls(action, entry, agenda),
            Action::SetConfig {
                application,
                options,
            } => self
                .commands(entry, agenda)
                .set_config(*application, options),
            Action::Integrate { sides, .. } => self.commands(entry, agenda).integrate(sides),
            Action::RemoveRelation { sides, .. } => {
                self.commands(entry, agenda).remove_relation(sides);
            }
            Action::Restart { application, unit } => {
                for unit in self.deployed.targets(*application, *unit) {
                    self.restart(unit, entry, agenda);
                }
            }
            Action::ClientTrust { client, ca, trusts } => {
                self.change_client_trust(*client, *ca, *trusts, entry, agenda);
            }
            Action::SkewClock {
                application,
                unit,
                skew_ns,
            } => {
                let units = self.deployed.targets(*application, *unit);
                self.skew(units, *skew_ns, entry, agenda);
            }
            Action::Unit(action) => self.act_on_units(action, entry, agenda),
            Action::Scale(action) => self.commands(entry, agenda).act_on_scale(action),
            Action::Hook(action) => self.act_on_hooks(action, entry, agenda),
            Action::Offer(action) => self.commands(entry, agenda).act_on_offers(action),
            Action::Network(action) => self.act_on_network(action, entry, agenda),
        }
    }

    /// Juju, to be commanded by the action of `entry`.
    fn commands<'a>(&'a mut self, entry: Seq, agenda: &'a mut Agenda<Event>) -> Commands<'a> {
        Commands {
            deployed: &mut self.deployed,
            journal: &mut self.journal,
            agenda,
            entry,
        }
    }

    /// What an application gave for a name is revoked, as `source` in the scenario asked for it.
    fn revoke(
        &mut self,
        application: ApplicationIndex,
        name: &str,
        source: &Source,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let now = agenda.now();
        match revocation(&self.deployed, application, name, now) {
            Some(action) => self.carry_out_unplanned(action, source.clone(), entry, agenda),
            None => self.journal.refused(Refusal::NoSuchCertificate, entry, now),
        }
    }

    /// Files of a workload change, and its charm may be told.
    fn at_workload(
        &mut self,
        target: Target,
        files: &BTreeMap<Arc<str>, Option<Value>>,
        notifies: Option<&'static str>,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        for unit in self.deployed.targets(target.application, target.unit) {
            if self.sides.get(unit).is_held_down() {
                self.journal
                    .refused(Refusal::WorkloadDown, entry, agenda.now());
                continue;
            }
            self.in_juju(agenda, |juju, host| {
                juju.operator().change_files(unit, files, Some(entry), host);
                if let Some(container) = notifies {
                    juju.operator().notify(unit, container, Some(entry), host);
                }
            });
            self.workload_changed(unit, agenda);
        }
    }

    /// A client is given the CA of an application as it is now, or loses it.
    fn change_client_trust(
        &mut self,
        client: ClientIndex,
        application: ApplicationIndex,
        trusts: bool,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        if self.clients.change_trust(client, application, trusts) {
            self.fetch_again(client, entry, agenda);
        } else {
            // Before the deployment settles no client has opened anything.
            self.journal
                .refused(Refusal::NotSettled, entry, agenda.now());
        }
    }

    fn act_on_network(&mut self, action: &NetworkAction, entry: Seq, agenda: &mut Agenda<Event>) {
        if let NetworkAction::SkewController {
            controller,
            skew_ns,
        } = action
        {
            self.controllers.skew(*controller, *skew_ns, entry);
        }
        self.commands(entry, agenda).act_on_network(action);
    }

    fn act_on_hooks(&mut self, action: &HookAction, entry: Seq, agenda: &mut Agenda<Event>) {
        let target = match action {
            HookAction::Fail(failing) => {
                self.failing.add(failing, entry);
                failing.target
            }
            HookAction::Succeed(failing) => {
                self.failing.remove(failing);
                failing.target
            }
            HookAction::Resolve { target, no_retry } => {
                self.commands(entry, agenda).resolve(*target, *no_retry);
                *target
            }
        };
        // Hooks that only time brings are played while they would fail.
        self.commands(entry, agenda).look_again(target);
    }

    /// The workload's process starts again and reads its files.
    fn restart(&mut self, unit: UnitId, cause: Seq, agenda: &mut Agenda<Event>) {
        self.commands(cause, agenda).restart_process(unit);
        self.workload_changed(unit, agenda);
        self.notice_tasks(unit, Some(cause), agenda);
    }
}

/// The subject of the entry about an action.
fn subject_of(record: &ActionRecord, deployment: &Deployment) -> Subject {
    let named = |name: &str| Some(Arc::from(name));
    match record.action().target(deployment) {
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
    }
}
