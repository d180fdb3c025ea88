//! What the charm puts on the workload's disk (`src/traefik.py`).

use std::sync::Arc;

use super::{CERTIFICATES, Hosts};
use crate::surface::{DEFAULT_CERTIFICATE, chain_path, key_path, trust_path};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::{KeySource, pem, serial_number};
use trustsim_juju::HookError;
use trustsim_kernel::Span;
use trustsim_pki::{RequestAttributes, Template, Terms, self_sign};

const YEAR: Span = Span::from_secs(365 * 86_400);

/// `update_cert_configuration`: what is not among `hosts` goes.
pub(super) fn update(unit: &mut UnitContext<'_>, hosts: &Hosts) {
    let (served, trusted) = (
        format!("tls/{CERTIFICATES}/"),
        format!("trust/{CERTIFICATES}-"),
    );
    let host_of = |path: &str| {
        let file = path
            .strip_prefix(&served)
            .or_else(|| path.strip_prefix(&trusted))?;
        file.rsplit_once('.').map(|(host, _)| host.to_owned())
    };
    let is_stale = |path: &str| host_of(path).is_some_and(|host| !hosts.contains_key(&host));
    let stale: Vec<Arc<str>> = unit
        .files()
        .keys()
        .filter(|path| is_stale(path))
        .cloned()
        .collect();
    for path in stale {
        unit.remove_file(&path);
    }
    for (host, files) in hosts {
        unit.push_file(&chain_path(CERTIFICATES, host), files.chain.clone());
        unit.push_file(&key_path(CERTIFICATES, host), files.key.clone());
        let trust = trust_path(&format!("{CERTIFICATES}-{host}"));
        unit.push_file(&trust, files.ca.clone());
    }
}

/// traefik/traefik `pkg/tls/generate`: where no certificate fits it serves one of its own,
/// self-signed for a random name under `traefik.default`. Whether that came or went.
pub(super) fn keep_default_certificate(
    unit: &mut UnitContext<'_>,
    keys: &KeySource,
) -> Result<bool, HookError> {
    let (chain, key) = (
        chain_path(DEFAULT_CERTIFICATE, DEFAULT_CERTIFICATE),
        key_path(DEFAULT_CERTIFICATE, DEFAULT_CERTIFICATE),
    );
    let served = format!("tls/{CERTIFICATES}/");
    if unit.files().keys().any(|path| path.starts_with(&served)) {
        unit.remove_file(&key);
        return Ok(unit.remove_file(&chain));
    }
    if unit.files().contains_key(chain.as_str()) {
        return Ok(false);
    }
    let pair = keys.leaf(unit);
    let terms = Terms {
        serial: serial_number(unit),
        now: unit.now(),
        validity: YEAR,
    };
    let mut name = RequestAttributes::with_common_name("TRAEFIK DEFAULT CERT");
    name.sans_dns = vec![format!("{}.traefik.default", terms.serial)];
    let certificate = self_sign(
        &name,
        &pair,
        &terms,
        &Template::leaf().without(&trustsim_pki::Extension::AuthorityKeyId),
    )
    .map_err(|error| HookError::Charm(error.to_string()))?;
    unit.push_file(&chain, pem::chain_value(&[certificate]));
    unit.push_file(&key, pem::key_value(&pair));
    Ok(true)
}
