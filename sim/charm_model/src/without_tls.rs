//! A charm that does nothing with certificates.

use super::{Charm, Implementation};
use trustsim_interfaces::UnitContext;
use trustsim_juju::{Hook, HookError, Status};

/// The registration of a charm without certificates.
pub static WITHOUT_TLS: Implementation = Implementation::NONE;

/// Runs its hooks and is active.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WithoutTls;

impl Charm for WithoutTls {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if matches!(hook, Hook::Start | Hook::PebbleReady { .. }) {
            unit.restart_workload();
        }
        if !matches!(hook, Hook::Install | Hook::Stop | Hook::Remove) {
            unit.set_status(Status::Active, "");
        }
        Ok(())
    }
}
