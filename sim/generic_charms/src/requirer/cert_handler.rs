//! The generic consumer with observability_libs `cert_handler`: it writes what it is given when it is told
//! `cert_changed` and when its workload starts, and asks for nothing itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{CertificatesEndpoint, Written};
use trustsim_charm_model::names::common_name;
use trustsim_interfaces::cert_handler::{CertHandler, Version};
use trustsim_interfaces::tls_certificates::{Request, RequirerV3};
use trustsim_interfaces::{KeySource, UnitContext};
use trustsim_juju::{Hook, HookError};

/// The library of this endpoint.
pub(super) fn of<'a>(
    endpoint: &CertificatesEndpoint,
    version: Version,
    peer: Option<&Arc<str>>,
    keys: &'a KeySource,
) -> CertHandler<'a> {
    CertHandler {
        library: RequirerV3 {
            endpoint: endpoint.certificates.endpoint.clone(),
            notification: endpoint.profile.notification,
        },
        version,
        peer: peer.cloned(),
        keys,
    }
}

/// One hook of a unit.
pub(super) fn on_hook(
    endpoint: &CertificatesEndpoint,
    handler: &CertHandler<'_>,
    hook: &Hook,
    unit: &mut UnitContext<'_>,
    begins: bool,
) -> Result<Written, HookError> {
    let Some(wanted) = wanted(endpoint, unit) else {
        // The charm makes no `cert_handler`, and takes what it serves away (canonical/istio-ingress-k8s-operator a9ef964
        // `src/charm.py`, `DisabledCertHandler`, `_construct_gateway_tls_secret`).
        let mut written = Written::default();
        endpoint.remove_others(unit, &BTreeSet::new(), &mut written);
        return Ok(written);
    };
    let is_changed = handler.on_hook(hook, unit, &wanted)?;
    if !is_changed && !begins {
        return Ok(Written::default());
    }
    let mut written = Written::default();
    if let Some(held) = handler.held(unit)? {
        let name = common_name(&wanted.attributes);
        let chain = endpoint.chain(&held.certificate, &held.chain, &held.ca);
        written.served |= endpoint.push(unit, name, &chain, &held.key);
        let names = BTreeSet::from([name.to_owned()]);
        endpoint.remove_others(unit, &names, &mut written);
        if endpoint.profile.trusts_ca {
            let is_new = written.served;
            written.ca |= endpoint.push_trust(unit, std::slice::from_ref(&held.ca), is_new);
        }
        return Ok(written);
    }
    let is_related = !unit.relations(&endpoint.certificates.endpoint).is_empty();
    if endpoint.profile.delete_on_missing || !(is_related || endpoint.bugs.keeps_when_broken) {
        endpoint.remove_others(unit, &BTreeSet::new(), &mut written);
    }
    Ok(written)
}

/// What the charm asks for; `None` where it asks for nothing. A charm that hands over no name has its unit's, with a hyphen, as the common name; its
/// address is an alternative name only.
fn wanted(endpoint: &CertificatesEndpoint, unit: &UnitContext<'_>) -> Option<Request> {
    let mut requests = endpoint.requests(unit).into_iter();
    let mut wanted = requests.next()?;
    assert!(
        requests.next().is_none(),
        "`cert_handler` asks for one certificate"
    );
    let profile = &endpoint.profile;
    let given = [
        &profile.name_option,
        &profile.fixed_name,
        &profile.common_name,
    ];
    if given.into_iter().all(Option::is_none) {
        let name = format!("{}-{}", unit.application_name(), unit.unit_number());
        wanted.attributes.common_name = Some(name);
    }
    Some(wanted)
}
