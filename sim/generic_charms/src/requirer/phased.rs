//! The generic consumer whose units get from one CA to the next in two phases, each telling the others over their peer
//! relation how far it is.
//!
//! Plays canonical/charmed-etcd-operator at ab2a7bc (`src/events/tls.py`, `_on_certificate_available`, `_on_clean_ca`;
//! `src/charm.py`, `_restart_ca_rotation`, `_restart_clean_cas`): a CA that is not trusted yet goes beside the one before, and
//! the process restarts, which reads its CAs once (etcd-io/etcd#11555). The certificate is written when every unit has done
//! so, and is read without a restart. When every unit has its certificate, the CA before goes, with another restart. An event
//! that has to wait is deferred, so that each hook looks again. Left out: that one unit restarts at a time.

use super::{CertificatesEndpoint, Changes, Requirer, Written};
use std::collections::BTreeSet;
use trustsim_charm_model::names::common_name;
use trustsim_charm_model::surface::trust_path;
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::pem;
use trustsim_interfaces::tls_certificates::{Asks, Assigned};
use trustsim_juju::{Hook, HookError, RelationId, Value};
use trustsim_pki::Certificate;

/// What the key of a unit's peer databag begins with that is there from when the unit trusts a new CA to when it has
/// forgotten the one before; the endpoint follows.
pub(super) const ADDED: &str = "ca-added-";
/// The same, from when it has a certificate under the new CA.
const UPDATED: &str = "ca-certificate-updated-";

/// How far a unit is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No rotation is going on.
    None,
    /// It trusts the new CA too.
    Added,
    /// It has a certificate under it.
    Updated,
}

impl Requirer {
    /// What the charm does with what it is assigned, in each hook.
    pub(super) fn on_phases(
        &self,
        endpoint: &CertificatesEndpoint,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
        asks: &Asks<'_>,
        begins: bool,
        changes: &mut Changes,
    ) -> Result<(), HookError> {
        if matches!(hook, Hook::Install | Hook::Stop | Hook::Remove) {
            return Ok(());
        }
        let peers = Peers::of(self.0.peer.as_deref(), endpoint, unit);
        if peers.own(unit)? == Phase::Updated && peers.all(unit, |phase| phase != Phase::Added)? {
            endpoint.keep_newest_ca(unit);
            peers.set(unit, Phase::None)?;
            changes.restart = true;
        }
        // It asks once for itself (`check` refuses `phased` with another `mode`).
        let Some(request) = asks.requests.first() else {
            return Ok(());
        };
        let Some(assigned) = endpoint.certificates.assigned(unit, asks, request)? else {
            return Ok(());
        };
        let ca = &assigned.entry.ca;
        let trusted = endpoint.trusted_cas(unit);
        let phase = peers.own(unit)?;
        if phase == Phase::None && endpoint.serves(unit) && !trusted.contains(ca) {
            endpoint.write_cas(unit, &with(trusted, ca));
            peers.set(unit, Phase::Added)?;
            changes.restart = true;
            return Ok(());
        }
        if phase == Phase::Added && !peers.all(unit, |phase| phase != Phase::None)? {
            return Ok(());
        }
        let name = common_name(&request.attributes);
        let written = endpoint.write_assigned(unit, name, &assigned);
        if phase == Phase::Added {
            peers.set(unit, Phase::Updated)?;
        }
        changes.restart |= begins;
        changes.note_endpoint(written, endpoint);
        Ok(())
    }
}

impl CertificatesEndpoint {
    /// `write_certificate`.
    fn write_assigned(
        &self,
        unit: &mut UnitContext<'_>,
        name: &str,
        assigned: &Assigned,
    ) -> Written {
        let chain = self.chain_of(&assigned.entry);
        let mut written = Written {
            served: self.push(unit, name, &chain, &assigned.key),
            ca: self.write_cas(unit, &with(self.trusted_cas(unit), &assigned.entry.ca)),
        };
        self.remove_others(unit, &BTreeSet::from([name.to_owned()]), &mut written);
        written
    }

    /// The CAs that came with its certificates, the newest last.
    fn trusted_cas(&self, unit: &UnitContext<'_>) -> Vec<Certificate> {
        let path = trust_path(&self.certificates.endpoint);
        pem::loadable(unit.files().get(path.as_str()))
    }

    fn write_cas(&self, unit: &mut UnitContext<'_>, cas: &[Certificate]) -> bool {
        let path = trust_path(&self.certificates.endpoint);
        unit.push_file(&path, pem::chain_value(cas))
    }

    /// `clean_cas`.
    fn keep_newest_ca(&self, unit: &mut UnitContext<'_>) {
        let newest = self.trusted_cas(unit).into_iter().next_back();
        self.write_cas(unit, newest.as_slice());
    }
}

/// `add_trusted_ca`.
fn with(mut trusted: Vec<Certificate>, ca: &Certificate) -> Vec<Certificate> {
    if !trusted.contains(ca) {
        trusted.push(ca.clone());
    }
    trusted
}

/// The units of the application, as far as one of them knows.
struct Peers<'a> {
    endpoint: &'a str,
    relation: Option<RelationId>,
}

impl<'a> Peers<'a> {
    fn of(peer: Option<&str>, endpoint: &'a CertificatesEndpoint, unit: &UnitContext<'_>) -> Self {
        let relation = peer.and_then(|peer| unit.relations(peer).first().copied());
        Self {
            endpoint: &endpoint.certificates.endpoint,
            relation,
        }
    }

    fn own(&self, unit: &UnitContext<'_>) -> Result<Phase, HookError> {
        match self.relation {
            Some(relation) => self.phase(unit, relation, unit.id()),
            None => Ok(Phase::None),
        }
    }

    fn all(&self, unit: &UnitContext<'_>, fits: impl Fn(Phase) -> bool) -> Result<bool, HookError> {
        let Some(relation) = self.relation else {
            return Ok(true);
        };
        for other in unit.remote_units(relation) {
            if !fits(self.phase(unit, relation, other)?) {
                return Ok(false);
            }
        }
        Ok(fits(self.phase(unit, relation, unit.id())?))
    }

    fn phase(
        &self,
        unit: &UnitContext<'_>,
        relation: RelationId,
        of: trustsim_juju::UnitId,
    ) -> Result<Phase, HookError> {
        let bag = unit.unit_data(relation, of)?;
        let has = |key: &str| bag.get(&format!("{key}{}", self.endpoint)).is_some();
        Ok(match (has(UPDATED), has(ADDED)) {
            (true, _) => Phase::Updated,
            (false, true) => Phase::Added,
            (false, false) => Phase::None,
        })
    }

    fn set(&self, unit: &mut UnitContext<'_>, phase: Phase) -> Result<(), HookError> {
        let Some(relation) = self.relation else {
            return Ok(());
        };
        for (key, is_set) in [
            (ADDED, phase != Phase::None),
            (UPDATED, phase == Phase::Updated),
        ] {
            let value = is_set.then(|| Value::from("true"));
            unit.set_unit_data(relation, &format!("{key}{}", self.endpoint), value)?;
        }
        Ok(())
    }
}
