//! What the charm's own code trusts when it dials the workload beside it, as the process that the catalogue lists under
//! `processes`: charms that have code of their own say here which CAs lie in the file that it is given.
//!
//! A charm runs anew for each hook and reads its file for each connection, so that what is written is in use at once. Must
//! not know where the CAs come from.

use super::surface::{process_trust_path, process_trust_prefix};
use super::{CharmMetadata, ProcessProfile};
use trustsim_interfaces::{UnitContext, pem};
use trustsim_juju::Value;
use trustsim_pki::Certificate;

/// The process in which a charm's own code dials.
const CHARM: &str = "charm";

/// The client within a charm; without effect where the catalogue lists no such process.
#[derive(Clone, Debug)]
pub(super) struct OwnClient {
    /// The endpoint whose CA it has.
    source: Option<String>,
}

impl OwnClient {
    /// That of a charm.
    pub(super) fn of(metadata: &CharmMetadata) -> Self {
        let source = |process: &ProcessProfile| process.trusts.first().cloned();
        Self {
            source: metadata.process(CHARM).and_then(source),
        }
    }

    /// It trusts these CAs and no others; with none its file is not there.
    pub(super) fn trust(&self, unit: &mut UnitContext<'_>, cas: Option<Value>) {
        let Some(source) = &self.source else {
            return;
        };
        let path = process_trust_path(CHARM, source);
        let is_changed = match cas {
            Some(cas) => unit.push_file(&path, cas),
            None => unit.remove_file(&path),
        };
        if is_changed {
            unit.reload_workload(&process_trust_prefix(CHARM));
        }
    }

    /// It trusts these CAs too, if it has any.
    pub(super) fn trust_too(&self, unit: &mut UnitContext<'_>, cas: &[Certificate]) {
        let Some(source) = &self.source else {
            return;
        };
        let path = process_trust_path(CHARM, source);
        let known = unit.files().get(path.as_str()).cloned();
        let mut all = pem::loadable(known.as_ref());
        if all.is_empty() {
            return;
        }
        for new in cas {
            if !all.contains(new) {
                all.push(new.clone());
            }
        }
        self.trust(unit, Some(pem::chain_value(&all)));
    }
}
