//! The end of a hook: everything it buffered, in one call to the controller
//! (juju/juju 3.6 `uniter/runner/context/context.go` `doFlush`, `apiserver` `uniter.go`
//! `commitHookChangesForOneUnit`).

use crate::{
    About, Effects, Happening, Hook, HookError, Host, RelationId, ToolError, UnitId, Uniter,
    Workload,
};
use trustsim_kernel::Seq;

/// Where a commit can break off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// The call never arrives: nothing is written, the hook is run again.
    BeforeSecrets,
    /// The first secret is written, the others and the databags are not.
    BetweenSecrets,
    /// 3.6 writes secrets first, each in its own transaction: they stay, databags are not
    /// written, the hook is run again.
    BetweenSecretsAndDatabags,
    /// All is written, but the agent dies before it notes so: the hook is run again.
    AfterCommit,
}

impl CommitFault {
    /// What is written by then, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::BeforeSecrets => "before secrets",
            Self::BetweenSecrets => "between secrets",
            Self::BetweenSecretsAndDatabags => "between secrets and databags",
            Self::AfterCommit => "after all was written",
        }
    }
}

impl Uniter<'_> {
    /// Commits what a hook left behind; `Err` makes it a failed hook.
    pub(crate) fn commit(
        &mut self,
        unit: UnitId,
        hook: &Hook,
        effects: Effects,
        result: Result<(), HookError>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> Result<(), HookError> {
        let Effects {
            mut bags,
            mut secrets,
            workload,
            restarted,
            commit_fault,
            ..
        } = effects;
        self.apply_workload(unit, workload, restarted, cause, host);
        result?;
        if !self.agent_of(unit).connected {
            return Err(HookError::ControllerUnreachable);
        }
        let fault = commit_fault.or_else(|| self.take_commit_fault(unit, hook));
        let broken = || Err(HookError::CommitInterrupted);
        if fault == Some(CommitFault::BeforeSecrets) {
            return broken();
        }
        if fault == Some(CommitFault::BetweenSecrets) {
            secrets.truncate(1);
        }
        self.secrets().commit_secrets(unit, secrets, cause, host)?;
        if matches!(
            fault,
            Some(CommitFault::BetweenSecrets | CommitFault::BetweenSecretsAndDatabags)
        ) {
            return broken();
        }
        let leads = self.application(self.unit(unit).application).lease.holder == Some(unit);
        if !leads && bags.keys().any(|(_, is_application)| *is_application) {
            return Err(ToolError::NotLeader("application databag").into());
        }
        if *hook == Hook::ConfigChanged {
            self.agents
                .relations_mut()
                .add_network_info(unit, &mut bags);
        }
        for ((relation, is_application), bag) in bags {
            self.commit_bag(unit, relation, is_application, bag, cause, host);
        }
        if fault == Some(CommitFault::AfterCommit) {
            return broken();
        }
        Ok(())
    }

    /// The fault that was asked for. Repeated hooks are spared, so that a run in
    /// which they are elided fails at the same one.
    fn take_commit_fault(&mut self, unit: UnitId, hook: &Hook) -> Option<CommitFault> {
        let (_, fault) = self.commit_fault.filter(|(of, _)| *of == unit)?;
        if self.agent_of(unit).is_repeat(hook) {
            return None;
        }
        *self.commit_fault = None;
        Some(fault)
    }

    fn commit_bag(
        &mut self,
        unit: UnitId,
        relation: RelationId,
        is_application: bool,
        bag: crate::Bag,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let application = self.unit(unit).application;
        let end = self.relation(relation).end_of(application);
        let end = end.expect("a hook writes databags of its own application's relations only");
        let name = self.relation_name(relation, end);
        let side = &mut self.agents.relation_mut(relation).ends[end];
        let target = if is_application {
            &mut side.bag
        } else {
            let member = side.units.get_mut(&unit);
            let member = member.expect("a unit that writes its databag has entered the scope");
            &mut member.bag
        };
        let keys = target.value.changed_keys(&bag);
        if keys.is_empty() {
            return;
        }
        let happening = Happening::DatabagChanged(name, keys.into());
        let entry = host.record(cause, About::Unit(unit), happening);
        target.value = bag;
        target.touch(host.now(), entry.or(cause));
        self.agents.relations_mut().end_changed(
            relation,
            end,
            (!is_application).then_some(unit),
            host,
        );
    }

    /// Files and restarts are outside Juju: they stay, whatever becomes of the hook.
    fn apply_workload(
        &mut self,
        unit: UnitId,
        workload: Workload,
        restarted: bool,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        if restarted && self.unit(unit).workload.has_memory() {
            self.agents.note_process_change(unit, host);
        }
        let found = &mut self.agents.unit_mut(unit).workload;
        if restarted || workload.loaded != found.loaded {
            found.generation += 1;
            found.cause = cause;
            found.loaded = workload.loaded;
        }
        if restarted {
            found.answers_from = host.now();
        }
        found.files = workload.files;
    }
}
