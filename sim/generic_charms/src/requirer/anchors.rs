//! The generic consumer where it asks for a certificate that it never serves, so that the provider's CA comes.
//!
//! Plays `trusted-ca` and `trusted-certificate` of canonical/kafka-operator at 7b00b34b (`src/events/tls.py`,
//! `_trusted_relation_joined`, `_trusted_relation_changed`): it asks once on relation-joined, past the library, takes the
//! first answer of the list, also where it is for another unit, and never asks again. That the request waits for the
//! charm's own certificate and has its key is left out.

use super::CertificatesEndpoint;
use trustsim_charm_model::surface::trust_path;
use trustsim_interfaces::notes::{Note, Requested};
use trustsim_interfaces::tls_certificates::{
    REQUESTS, RequestEntry, RequestList, generate_csr, provided,
};
use trustsim_interfaces::{KeySource, UnitContext, pem};
use trustsim_juju::{Hook, HookError, RelationId};

/// One hook of a unit. Whether a CA came or went.
pub(super) fn on_hook(
    endpoint: &CertificatesEndpoint,
    keys: &KeySource,
    hook: &Hook,
    unit: &mut UnitContext<'_>,
    begins: bool,
) -> Result<bool, HookError> {
    let name = &endpoint.certificates.endpoint;
    let own = |relation: &RelationId| unit.own_endpoint(*relation) == Some(&**name);
    let Some(relation) = hook.relation().filter(own) else {
        let mut is_changed = false;
        for relation in unit.relations(name) {
            is_changed |= begins && trust(endpoint, relation, unit)?;
        }
        return Ok(is_changed);
    };
    match hook {
        Hook::RelationJoined { .. } => ask(endpoint, relation, keys, unit).map(|()| false),
        Hook::RelationChanged { .. } => trust(endpoint, relation, unit),
        Hook::RelationBroken { .. } => {
            let path = path(endpoint, relation, unit);
            Ok(unit.remove_file(&path))
        }
        _ => Ok(false),
    }
}

/// What the paths of its CAs begin with.
pub(super) fn prefix(endpoint: &CertificatesEndpoint) -> String {
    let of_none = trust_path(&endpoint.certificates.endpoint);
    let (start, _) = of_none
        .rsplit_once('.')
        .expect("a path of a CA has an ending");
    format!("{start}-")
}

fn path(endpoint: &CertificatesEndpoint, relation: RelationId, unit: &UnitContext<'_>) -> String {
    let (name, number) = (
        &endpoint.certificates.endpoint,
        unit.relation_number(relation),
    );
    trust_path(&format!("{name}-{number}"))
}

/// Asks, unless it has.
fn ask(
    endpoint: &CertificatesEndpoint,
    relation: RelationId,
    keys: &KeySource,
    unit: &mut UnitContext<'_>,
) -> Result<(), HookError> {
    if unit.unit_data(relation, unit.id())?.get(REQUESTS).is_some() {
        return Ok(());
    }
    let key = keys.leaf(unit);
    let mut entries = Vec::new();
    for wanted in endpoint.requests(unit) {
        let request = generate_csr(&wanted, &key, unit)?;
        let requested = Requested::of(request.clone(), relation, false, false);
        unit.note(Note::CertificateRequested(requested));
        entries.push(RequestEntry {
            request,
            ca: Some(false),
        });
    }
    unit.set_unit_data(relation, REQUESTS, RequestList::new(entries).into_value())?;
    Ok(())
}

fn trust(
    endpoint: &CertificatesEndpoint,
    relation: RelationId,
    unit: &mut UnitContext<'_>,
) -> Result<bool, HookError> {
    let path = path(endpoint, relation, unit);
    let is_kept = endpoint.profile.keeps_first_ca && unit.files().contains_key(path.as_str());
    if is_kept || !endpoint.profile.trusts_ca {
        return Ok(false);
    }
    let provider = provided(unit, relation)?;
    let Some(first) = provider.certificates.entries().first() else {
        return Ok(false);
    };
    Ok(unit.push_file(&path, pem::chain_value(std::slice::from_ref(&first.ca))))
}
