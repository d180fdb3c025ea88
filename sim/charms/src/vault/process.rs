//! The Vault server of a unit: whether it runs, is initialised, unsealed, reachable and part of a
//! cluster that works.
//!
//! A server starts sealed. Unsealing it is kept in its memory, which every restart
//! loses; what was ever unsealed has a database. The cluster works while more than half of the
//! units with a database are unsealed (raft). What Vault stores, issuers above all, follows from
//! the charm's relations and secrets and is not kept twice.

use super::IS_UNSEALED;
pub(super) use crate::surface::VAULT_UNSEALED as UNSEALED;
use crate::surface::{chain_path, trust_path};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::pem;
use trustsim_juju::{RelationId, Value, Workload};
use trustsim_kernel::{Span, Time, parse_duration};

/// There once a server was unsealed; says by what: `shamir` or `transit`.
const DATABASE: &str = "vault/raft/vault.db";
/// `vault.hcl`.
const CONFIG: &str = "vault/config/vault.hcl";
/// There once the service is planned; says in which pod, since Pebble forgets it with the pod.
const PLAN: &str = "vault/plan";
/// `tls-certificates-access`, for a certificate of the charm's own too.
pub(super) const ACCESS: &str = "tls-certificates-access";
/// `ca.pem`.
pub(super) const CA: &str = "vault/certs/ca.pem";
const TRANSIT: &str = "transit";
/// The CA of the server that unseals this one, in the databag of the relation.
pub(super) const AUTOUNSEAL_CA: &str = "ca_certificate";
/// Vault's own `max_lease_ttl` and `default_lease_ttl` (hashicorp/vault `vault/core.go`, `maxLeaseTTL` and
/// `defaultLeaseTTL`).
const MAX_LEASE_TTL: Span = Span::from_secs(32 * 86_400);

pub(super) fn certificate_path() -> String {
    chain_path(ACCESS, "vault")
}

pub(super) fn is_running(unit: &UnitContext<'_>) -> bool {
    unit.files().get(PLAN).map(Value::text) == Some(pod(unit))
}

fn pod<'a>(unit: &UnitContext<'a>) -> &'a str {
    if unit.is_kubernetes() {
        unit.address()
    } else {
        "machine"
    }
}

/// Plans and starts the service.
pub(super) fn start(unit: &mut UnitContext<'_>) {
    let pod = Value::from(pod(unit));
    unit.push_file(PLAN, pod);
    restart(unit);
}

/// Restarts the service if it is planned; what is not planned cannot be restarted, which the charm
/// logs and forgets (`_restart_vault`).
pub(super) fn restart(unit: &mut UnitContext<'_>) {
    if !is_running(unit) {
        return;
    }
    unit.restart_workload();
    let was_transit = unit.files().get(DATABASE).map(Value::text) == Some(TRANSIT);
    if was_transit && is_transit(unit) && unseals_itself(unit) {
        unit.push_file(UNSEALED, Value::from(TRANSIT));
        unit.reload_workload(Workload::MEMORY);
    }
}

/// Whether the Vault of the auto-unseal relation would decrypt this one's key now: it answers, and this server, which dials
/// it at the address that the relation tells, trusts its certificate by the CA that came with that (`tls_ca_cert` of the
/// seal).
fn unseals_itself(unit: &UnitContext<'_>) -> bool {
    let Some((relation, address)) = autounseal(unit) else {
        return false;
    };
    let workloads = unit.remote_workloads(relation);
    let trusted = pem::loadable(
        unit.files()
            .get(autounseal_ca_path(unit, relation).as_str()),
    );
    let host = host_of(&address);
    let is_trusted = |workload: &&Workload| {
        let served = workload.loaded.get(certificate_path().as_str());
        // It is served without its chain.
        let leaf = pem::loadable(served).into_iter().next();
        leaf.is_some_and(|leaf| {
            let names = ["DNS", "IP"].map(|kind| format!("{kind}:{host}"));
            names.iter().any(|name| leaf.sans().contains(name))
                && trusted.iter().any(|ca| leaf.verify_issued_by(ca))
        })
    };
    workloads
        .iter()
        .copied()
        .any(|workload| is_trusted(&workload))
        && has_quorum(workloads.into_iter())
}

/// The host of `https://HOST:8200`.
fn host_of(url: &str) -> &str {
    let host = url.strip_prefix("https://").unwrap_or(url);
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

/// Where the CA lies by which this server trusts the one that unseals it.
fn autounseal_ca_path(unit: &UnitContext<'_>, relation: RelationId) -> String {
    trust_path(&format!("{IS_UNSEALED}-{}", unit.relation_number(relation)))
}

/// Writes `vault.hcl`; only another kind of seal restarts the server
/// (`_generate_vault_config_file`).
pub(super) fn write_config(unit: &mut UnitContext<'_>, peers: &[String]) {
    let mut text = String::new();
    for peer in peers {
        text.push_str(&format!("retry_join {{ leader_api_addr = \"{peer}\" }}\n"));
    }
    for name in ["default_lease_ttl", "max_lease_ttl"] {
        // A declaration of its own may leave the option out: Vault has its own value then.
        if let Some(value) = unit.config(name) {
            text.push_str(&format!("{name} = \"{value}\"\n"));
        }
    }
    if let Some((relation, address)) = autounseal(unit) {
        // `push_autounseal_ca_cert`: as it is in the databag, where another CA never comes.
        let bag = unit.remote_application_data(relation);
        let bag = bag.expect("the relation is one of this application's");
        if let Some(ca) = bag.get(AUTOUNSEAL_CA).cloned() {
            unit.push_file(&autounseal_ca_path(unit, relation), ca);
        }
        text.push_str(&format!("seal \"transit\" {{ address = \"{address}\" }}\n"));
    }
    let before = unit.files().get(CONFIG).cloned();
    let is_other_seal = before.is_some_and(|before| {
        before.text().contains("seal \"transit\"") != text.contains("seal \"transit\"")
    });
    unit.push_file(CONFIG, Value::from(text));
    if is_other_seal {
        restart(unit);
    }
}

/// `vault_autounseal_requires.get_details()`: the relation and the address, once the provider has said all.
fn autounseal(unit: &UnitContext<'_>) -> Option<(RelationId, String)> {
    let relation = *unit.relations(IS_UNSEALED).first()?;
    let bag = unit.remote_application_data(relation);
    let bag = bag.expect("the relation is one of this application's");
    bag.get("key_name")?;
    Some((relation, bag.get("address")?.text().to_owned()))
}

/// The seal is another Vault's key, as the running server knows it.
pub(super) fn is_transit(unit: &UnitContext<'_>) -> bool {
    let config = unit.workload().loaded.get(CONFIG);
    config.is_some_and(|config| config.text().contains("seal \"transit\""))
}

/// `max_lease_ttl` as the running server read it.
pub(super) fn max_lease_ttl(unit: &UnitContext<'_>) -> Span {
    lease_ttl(unit, "max_lease_ttl = ")
}

/// `default_lease_ttl` as the running server read it; none is longer than the longest.
pub(super) fn default_lease_ttl(unit: &UnitContext<'_>) -> Span {
    lease_ttl(unit, "default_lease_ttl = ").min(max_lease_ttl(unit))
}

fn lease_ttl(unit: &UnitContext<'_>, line_begins: &str) -> Span {
    let config = unit.workload().loaded.get(CONFIG);
    let line = config.and_then(|config| {
        let mut lines = config.text().lines();
        lines.find_map(|line| line.strip_prefix(line_begins))
    });
    // An option that is no duration, or zero, leaves Vault its own limit.
    let ttl = line.and_then(|value| parse_duration(value.trim_matches('"')).ok());
    ttl.filter(|ttl| !ttl.is_zero()).unwrap_or(MAX_LEASE_TTL)
}

fn knows_it_is_unsealed(workload: &Workload) -> bool {
    workload.loaded.contains_key(UNSEALED)
}

fn is_voter(workload: &Workload) -> bool {
    workload.files.contains_key(DATABASE) || knows_it_is_unsealed(workload)
}

fn has_quorum<'a>(workloads: impl Iterator<Item = &'a Workload>) -> bool {
    let (mut voters, mut unsealed) = (0_usize, 0_usize);
    for workload in workloads.filter(|workload| is_voter(workload)) {
        voters += 1;
        unsealed += usize::from(knows_it_is_unsealed(workload));
    }
    unsealed * 2 > voters
}

fn cluster<'a>(unit: &'a UnitContext<'_>) -> impl Iterator<Item = &'a Workload> {
    std::iter::once(unit.workload()).chain(unit.fellow_workloads())
}

/// `is_initialized`: a server that was never unsealed joins a cluster that was
/// (`retry_join`).
pub(super) fn is_initialised(unit: &UnitContext<'_>) -> bool {
    cluster(unit).any(is_voter)
}

pub(super) fn is_unsealed(unit: &UnitContext<'_>) -> bool {
    knows_it_is_unsealed(unit.workload())
}

/// `authenticate` and `is_active_or_standby`: unsealed, and the cluster has a leader.
pub(super) fn works(unit: &UnitContext<'_>) -> bool {
    is_unsealed(unit) && has_quorum(cluster(unit))
}

/// Whether the database was made under another kind of seal than the server's.
pub(super) fn needs_migration(unit: &UnitContext<'_>) -> bool {
    let made_with = unit.files().get(DATABASE).map(Value::text);
    made_with.is_some_and(|seal| (seal == TRANSIT) != is_transit(unit))
}

/// The database that an unsealed server has, if it is not noted yet.
fn new_database(unit: &UnitContext<'_>) -> Option<Value> {
    let seal = if is_transit(unit) { TRANSIT } else { "shamir" };
    let noted = unit.files().get(DATABASE).map(Value::text) == Some(seal);
    (is_unsealed(unit) && !noted).then(|| Value::from(seal))
}

/// Notes the database of a server that was unsealed since the last hook.
pub(super) fn note_database(unit: &mut UnitContext<'_>) {
    if let Some(seal) = new_database(unit) {
        unit.push_file(DATABASE, seal);
    }
}

/// Until when the charm reaches the server's API, if it does now. The charm trusts `ca.pem` alone,
/// through Python 3.12's OpenSSL, which wants a self-signed anchor.
pub(super) fn reachable_until(unit: &UnitContext<'_>) -> Option<Time> {
    if !is_running(unit) {
        return None;
    }
    let chain = pem::loadable(unit.workload().loaded.get(certificate_path().as_str()));
    let anchors = pem::loadable(unit.files().get(CA));
    let (leaf, anchor) = (chain.first()?, anchors.first()?);
    let begins = leaf.not_before().max(anchor.not_before());
    let ends = leaf.not_after().min(anchor.not_after());
    // Key identifiers are digests of the keys, so they stand for the signature.
    let is_trusted = anchor.is_self_issued()
        && leaf.issuer_der() == anchor.subject_der()
        && leaf.authority_key_id() == anchor.subject_key_id();
    (is_trusted && unit.has_passed(begins) && !unit.is_after(ends)).then_some(ends)
}
