//! `kubeapi-load-balancer`: nginx before the API servers, whose certificates it does not check
//! (`templates/apilb.conf` sets no `proxy_ssl_verify`).

use super::{Kubernetes, Stop, sorted, words, write_server};
use trustsim_interfaces::UnitContext;
use trustsim_juju::{HookError, Status, Value};

const CONSUMERS: &str = "lb-consumers";
/// The field of a response that consumers put among their names.
pub(super) const ADDRESS: &str = "address";

impl Kubernetes {
    /// `_reconcile`. Nothing here turns exceptions into a status: they fail the hook.
    pub(super) fn reconcile_load_balancer(&self, unit: &mut UnitContext<'_>) -> Result<(), Stop> {
        let relation = self.certificates.relation(unit)?;
        let received = self.certificates.received(unit)?;
        let mut waits = None;
        if received.is_some() {
            let names = names(unit);
            let address = unit.address();
            self.certificates
                .request_server(unit, address, &names, None)?;
        } else if relation.is_some() {
            waits = Some((Status::Waiting, "Waiting for certificates"));
        } else {
            waits = Some((Status::Blocked, "Missing required certificates"));
        }
        let pair = received.and_then(|received| received.server(unit.address()).cloned());
        match &pair {
            Some(pair) => write_server(unit, pair),
            None => waits = waits.or(Some((Status::Waiting, "Waiting for certificate"))),
        }
        // With both files there, nginx is restarted every time.
        if unit.files().keys().any(|path| path.starts_with("tls/")) {
            unit.restart_workload();
        }
        provide(unit)?;
        match waits {
            Some((status, message)) => Err(Stop::Status(status, message.to_owned())),
            None => Ok(()),
        }
    }
}

/// `_request_server_certificates`.
fn names(unit: &UnitContext<'_>) -> Vec<String> {
    let mut names = vec![unit.address().to_owned(), unit.hostname()];
    names.extend(words(unit, "loadbalancer-ips"));
    names.extend(words(unit, "extra_sans"));
    sorted(names)
}

/// `_provide_lbs`: the leader answers; forced addresses come first.
fn provide(unit: &mut UnitContext<'_>) -> Result<(), Stop> {
    if !unit.is_leader() {
        return Ok(());
    }
    let forced = words(unit, "loadbalancer-ips").into_iter().next();
    let address = forced.unwrap_or_else(|| unit.address().to_owned());
    for relation in unit.relations(CONSUMERS) {
        let value = Some(Value::from(address.as_str()));
        unit.set_application_data(relation, ADDRESS, value)
            .map_err(HookError::from)?;
    }
    Ok(())
}
