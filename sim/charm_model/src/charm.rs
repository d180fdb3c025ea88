//! What a charm is: code that handles hooks through one door.

use std::fmt::Debug;

use super::{LibraryBinding, OperatorAction, OperatorContext, PendingTask};
use trustsim_interfaces::UnitContext;
use trustsim_juju::{Hook, HookError};
use trustsim_pki::Certificate;

/// A charm of one unit. What it remembers between hooks lives in Juju (databags, secrets) or on
/// its workload's disk, as for a real charm, whose process ends with each hook: an implementation
/// holds what it was built from and no state, so that clones of a world share it.
pub trait Charm: Debug + Send + Sync {
    /// Handles one hook.
    ///
    /// # Errors
    ///
    /// [`HookError`] where the real charm's code would end in an uncaught exception or a hook
    /// tool refuses: nothing it buffered is committed, and Juju runs the hook again.
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError>;

    /// Whether each update-status tries again what did not succeed before: such a unit has not settled,
    /// though its next attempt may change nothing.
    fn is_retrying(&self, _unit: &UnitContext<'_>) -> bool {
        false
    }

    /// The libraries whose hooks can be told from the charm's own, with what the charm would hand
    /// them now: for those who compare them with the real ones.
    fn libraries(&self, _unit: &UnitContext<'_>) -> Vec<LibraryBinding> {
        Vec::new()
    }

    /// What this unit shows that a person has to do: for the unit itself, and on the leader for
    /// the application.
    fn pending_tasks(&self, _unit: &UnitContext<'_>) -> Vec<PendingTask> {
        Vec::new()
    }

    /// What a person does now about `task`, which this unit shows; `None` where there is nothing
    /// they could do. What they put into the journal goes through [`UnitContext::note`]; nothing
    /// else that is done to `unit` is kept.
    fn operator_action(
        &self,
        _task: &PendingTask,
        _operator: &mut OperatorContext,
        _unit: &mut UnitContext<'_>,
    ) -> Option<OperatorAction> {
        None
    }

    /// What `get-ca-certificate` of this charm would print on its leader: what people outside Juju
    /// are given to trust. Empty for a charm that is no CA.
    fn ca_certificates(&self, _unit: &UnitContext<'_>) -> Vec<Certificate> {
        Vec::new()
    }

    /// The CA that the charm made for its own server alone, as its leader has it: what people who dial that server are
    /// given beside. `None` where there is none.
    fn own_server_ca(&self, _unit: &UnitContext<'_>) -> Option<Certificate> {
        None
    }
}
