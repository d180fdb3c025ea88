//! `traefik-k8s` before revision 281, whose units ask each for itself: the generic consumer, beside the certificate that
//! Traefik makes where it has none.
//!
//! The charm opens the entry point for TLS whether or not it has a certificate: canonical/traefik-k8s-operator rev109
//! `src/charm.py` 362, rev166 `src/traefik.py` 210, rev236 262, rev250 314.

use std::sync::Arc;

use super::{EXTERNAL_HOSTNAME, RUNNING, files};
use crate::surface::DEFAULT_CERTIFICATE;
use crate::{Charm, EndpointKeys, Implementation, LibraryBinding, Requests};
use trustsim_generic_charms::REQUIRER;
use trustsim_interfaces::{KeySource, UnitContext};
use trustsim_juju::{Hook, HookError, Value};

pub(super) const IMPLEMENTATION: Implementation = Implementation {
    behaviour: "earlier-traefik",
    endpoint_keys: EndpointKeys::GenericConsumer,
    plays_any_endpoint: true,
    plays_processes: true,
    writes_files: true,
    build: |setup| {
        Arc::new(EarlierTraefik {
            consumer: (REQUIRER.build)(setup),
            keys: setup.keys.clone(),
        })
    },
    requests: Requests::ByProfile,
    // rev109 899-911, rev166 987-1004 and rev236 1217-1229 of `src/charm.py`.
    public_name_option: Some(EXTERNAL_HOSTNAME),
    ..Implementation::NONE
};

/// The charm.
#[derive(Debug)]
struct EarlierTraefik {
    consumer: Arc<dyn Charm>,
    keys: KeySource,
}

impl Charm for EarlierTraefik {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        self.consumer.on_hook(hook, unit)?;
        if matches!(hook, Hook::PebbleReady { .. }) {
            unit.push_file(RUNNING, Value::from("true"));
        }
        if unit.files().contains_key(RUNNING) && files::keep_default_certificate(unit, &self.keys)?
        {
            unit.reload_workload(&format!("tls/{DEFAULT_CERTIFICATE}/"));
        }
        Ok(())
    }

    fn libraries(&self, unit: &UnitContext<'_>) -> Vec<LibraryBinding> {
        self.consumer.libraries(unit)
    }
}
