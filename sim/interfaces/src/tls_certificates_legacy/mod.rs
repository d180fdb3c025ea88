//! The `tls-certificates` interface of the reactive charms (Charmed Kubernetes, OpenStack), older
//! than version 1 and not to be told from it by its name.
//!
//! Follows charmed-kubernetes/interface-tls-certificates at 236e089: `provides.py`, `requires.py`
//! and `tls_certificates_common.py` on charms.reactive 1.5.3, and the requirer for ops in
//! `ops/ops/interface_tls_certificates/requires.py`. juju-solutions/interface-tls-certificates
//! at da891c4 says the same.
//!
//! Everything is in *unit* databags, and the provider makes the keys: they travel in clear.
//!
//! | requirer's unit | provider's unit |
//! |---|---|
//! | `unit_name` | |
//! | `common_name`, `sans`, `certificate_name`: the first server certificate | `UNIT.server.cert`, `UNIT.server.key` |
//! | `cert_requests`: further ones | `UNIT.processed_requests` |
//! | `client_cert_requests` | `UNIT.processed_client_requests` |
//! | `application_cert_requests` | `UNIT.processed_application_requests` |
//! | `intermediate_cert_requests` | `UNIT.processed_intermediate_requests` |
//! | | `ca`, `chain`, `client.cert`, `client.key` for everyone |
//!
//! There is no renewal, no expiry, no refusal and no revocation: a request is handled as long as
//! its alternative names stay the same.

mod data;
mod provider;
mod requirer;
#[cfg(test)]
mod tests;

pub use provider::{LegacyRequest, LegacyRequestKind, Provider};
pub use requirer::followed_by;
pub use requirer::{Flavour, Named, Pair, Received, Requirer};

/// `app/0` as keys have it: `app_0`.
pub fn unit_key(unit_name: &str) -> String {
    unit_name.replace('/', "_")
}
