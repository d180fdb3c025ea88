//! When the generic consumer's workload starts anew because of a certificate that it had not, and when its charm stops it
//! because it has none.

use super::CertificatesEndpoint;
use super::served::Configured;
use trustsim_charm_model::surface::{STOPPED, configured_path};
use trustsim_interfaces::UnitContext;
use trustsim_juju::{Hook, Value};

impl CertificatesEndpoint {
    /// Whether the configuration is another one after this hook, so that the workload is restarted: with a certificate
    /// where it had none, and without one where the charm notices that. A charm that does not look when the relation goes
    /// finds, with the next certificate, the configuration that it had (canonical/loki-k8s-operator 8bcecbf2f
    /// `src/charm.py`, `_configure` and `_update_config`).
    pub(super) fn configures(
        &self,
        before: &Configured,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
    ) -> bool {
        let now = self.configured(unit);
        let Some(looks) = &self.profile.reconfigures else {
            return *before != now;
        };
        if !self.profile.restarts_at_first {
            return false;
        }
        let configured = configured_path(&self.certificates.endpoint);
        if now.has_any {
            return unit.push_file(&configured, Value::from("tls"));
        }
        looks.contains(&unit.hook_name(hook)) && unit.remove_file(&configured)
    }

    /// Stops the workload where the relation is there without a certificate, if the charm does that, and starts it
    /// afterwards (canonical/opentelemetry-collector-k8s-operator 2a77867 `src/charm.py`, the end of `_reconcile`).
    pub(super) fn stops_or_starts(&self, hook: &Hook, unit: &mut UnitContext<'_>) {
        let is_ending = matches!(hook, Hook::Install | Hook::Stop | Hook::Remove);
        if self.profile.stops_without.is_none() || is_ending || !unit.can_connect() {
            return;
        }
        let is_related = !unit.relations(&self.certificates.endpoint).is_empty();
        if is_related && !self.serves(unit) {
            unit.push_file(STOPPED, Value::from("stopped"));
            unit.reload_workload(STOPPED);
        } else if unit.remove_file(STOPPED) {
            unit.restart_workload();
        }
    }
}
