//! From what the charm's code did to what the unit's hook does.

use std::collections::{BTreeMap, BTreeSet};

use trustsim_charm_model::CharmMetadata;
use trustsim_charm_model::surface::STOPPED;
use trustsim_interfaces::UnitContext;
use trustsim_juju::{
    Bag, HookError, SecretId, SecretOwner, Status, ToolError, Value, VisibleModel, VisibleRelation,
};
use trustsim_kernel::{Span, Time};

use crate::answer::{Act, Answer, Databags, Owner, SecretCall, StatusSet};
use crate::asked::{DISK, FRAMEWORK, MACHINE, PEBBLE};
use crate::handshake_readers::{runs_any, runs_one};
use crate::recognise::{Sources, file_by_content};

/// What the paths of chains and keys begin with.
const SERVED: &str = "tls/";

/// Does what stays done whatever becomes of the hook: files, services, the status. A pod none of whose services runs is
/// stopped until one is started. Says which services it leaves stopped beside others that run.
pub(crate) fn apply_outside(
    answer: &Answer,
    seen: &VisibleModel,
    unit: &mut UnitContext<'_>,
    metadata: &CharmMetadata,
) -> Result<BTreeSet<String>, HookError> {
    unit.spend(slept(answer.slept));
    let sources = Sources::of(seen, metadata);
    let mut down = BTreeSet::new();
    for act in &answer.workload {
        match act {
            Act::Write {
                container,
                write,
                content,
            } => {
                unit.push_file(&disk_path(container, write), content.as_str().into());
            }
            Act::Remove { container, remove } => {
                unit.remove_file(&disk_path(container, remove));
            }
            Act::Services { started, stopped } => {
                down.extend(stopped.iter().cloned());
                down.retain(|service| !started.contains(service));
                if !started.is_empty() {
                    file_by_content(unit, &sources);
                    unit.restart_workload();
                }
            }
        }
    }
    if !answer.workload.is_empty() {
        file_by_content(unit, &sources);
        if answer.pebble.values().any(runs_one) {
            unit.reload_workload(SERVED);
        }
    }
    if !down.is_empty() && unit.has_containers() && !answer.pebble.values().any(runs_any) {
        // What its process knew goes with it.
        unit.restart_workload();
        unit.push_file(STOPPED, Value::from("stopped"));
        unit.reload_workload(STOPPED);
        down.clear();
    }
    for (container, known) in &answer.pebble {
        unit.push_file(&format!("{PEBBLE}{container}"), known.to_string().into());
    }
    if let Some(machine) = &answer.machine {
        unit.push_file(MACHINE, machine.to_string().into());
    }
    if let Some(set) = &answer.status {
        unit.set_status(status(set)?, &set.message);
    }
    Ok(down)
}

/// Does what is committed at the end of the hook: secrets, databags, what ops keeps.
pub(crate) fn apply_committed(
    answer: &Answer,
    seen: &VisibleModel,
    unit: &mut UnitContext<'_>,
) -> Result<(), HookError> {
    let mut added = BTreeMap::new();
    for call in &answer.secrets {
        apply_secret(call, seen, &mut added, unit)?;
    }
    for databags in &answer.relations {
        let mut relations = seen.relations.iter();
        let relation = relations.find(|each| each.number == databags.relation_id);
        let relation = relation.ok_or_else(|| {
            HookError::Tool(ToolError::NoRelation(databags.relation_id.to_string()))
        })?;
        apply_databags(databags, relation, unit)?;
    }
    if let Some(framework) = &answer.framework {
        unit.push_file(FRAMEWORK, framework.to_string().into());
    }
    Ok(())
}

/// `replan` where Pebble finds nothing to start.
fn changes_no_workload(act: &Act) -> bool {
    matches!(act, Act::Services { started, stopped } if started.is_empty() && stopped.is_empty())
}

/// Whether the hook did nothing, so that another one in its place would do nothing either.
pub(crate) fn does_nothing(answer: &Answer, seen: &VisibleModel, unit: &UnitContext<'_>) -> bool {
    let reads_only = |call: &SecretCall| match call {
        SecretCall::Get { id, refresh, .. } => {
            let found = seen_secret(seen, id);
            let behind = found.and_then(|secret| unit.tracked_behind(&secret.label));
            match found {
                Some(_) => !refresh || behind.is_none(),
                None => is_tracked(unit, id, *refresh),
            }
        }
        _ => false,
    };
    let is_same = |databags: &Databags| {
        let mut relations = seen.relations.iter();
        let relation = relations.find(|each| each.number == databags.relation_id);
        relation.is_some_and(|relation| {
            changes(&relation.unit_data, &databags.unit_data).is_empty()
                && own_application_changes(relation, databags).is_empty()
        })
    };
    let status = answer.status.as_ref();
    let keeps_status = status.is_none_or(|set| {
        let (current, message) = unit.status();
        current.as_str() == set.current && message == set.message
    });
    let keeps = |path: &str, value: &serde_json::Value| {
        let before = unit.files().get(path).map(Value::text);
        before == Some(value.to_string().as_str())
    };
    answer.error.is_none()
        && !answer.drew
        && answer.slept == 0.0
        && answer.refused.is_empty()
        && answer.workload.iter().all(changes_no_workload)
        && answer.secrets.iter().all(reads_only)
        && answer.relations.iter().all(is_same)
        && keeps_status
        && answer
            .framework
            .as_ref()
            .is_none_or(|kept| keeps(FRAMEWORK, kept))
        && answer
            .machine
            .as_ref()
            .is_none_or(|known| keeps(MACHINE, known))
        && answer
            .pebble
            .iter()
            .all(|(container, known)| keeps(&format!("{PEBBLE}{container}"), known))
}

/// Whether reading a secret of another application changes nothing: it is tracked, and at its latest where that is asked for.
fn is_tracked(unit: &UnitContext<'_>, id: &str, refresh: bool) -> bool {
    let granted = unit.granted_secret(id);
    granted.is_none_or(|secret| {
        let tracked = secret.tracked.map(|view| view.revision);
        tracked.is_some() && (!refresh || tracked == Some(secret.latest.revision))
    })
}

fn disk_path(container: &str, path: &str) -> String {
    format!("{DISK}{container}{path}")
}

/// How long the hook took beside its own time. A sleep is rounded to the millisecond; one that is no span of time, or longer
/// than [`crate::answer::LONGEST_SLEEP`], was refused when the answer was read.
fn slept(seconds: f64) -> Span {
    let span = Span::from_secs_f64(seconds);
    Span::new(span.as_secs(), span.subsec_millis() * 1_000_000)
}

fn status(set: &StatusSet) -> Result<Status, HookError> {
    let found = Status::ALL
        .into_iter()
        .find(|status| status.as_str() == set.current);
    found.ok_or_else(|| HookError::Charm(format!("invalid status \"{}\"", set.current)))
}

fn seen_secret<'a>(seen: &'a VisibleModel, id: &str) -> Option<&'a trustsim_juju::VisibleSecret> {
    let uri = id.strip_prefix("secret:")?;
    seen.secrets
        .iter()
        .find(|secret| secret.uri.as_deref() == Some(uri))
}

fn apply_secret(
    call: &SecretCall,
    seen: &VisibleModel,
    added: &mut BTreeMap<String, SecretId>,
    unit: &mut UnitContext<'_>,
) -> Result<(), HookError> {
    let find = |id: &str, added: &BTreeMap<String, SecretId>, unit: &UnitContext<'_>| {
        let committed = || {
            let secret = seen_secret(seen, id)?;
            Some(unit.secret(secret.owner, &secret.label)?.id)
        };
        let found = added.get(id).copied().or_else(committed);
        found.ok_or_else(|| HookError::Charm(format!("secret \"{id}\" not found")))
    };
    match call {
        SecretCall::Add {
            id,
            owner,
            label,
            content,
            expire,
        } => {
            let owner = match owner {
                Owner::Unit => SecretOwner::Unit(unit.id()),
                Owner::Application => SecretOwner::Application(unit.application_id()),
            };
            // One without a label is found by its id alone, which serves as its label here.
            let label = label.as_ref().unwrap_or(id);
            let expire = expire.as_deref().map(instant).transpose()?;
            let made = unit.add_secret(owner, label, values(content), expire)?;
            let name = id.strip_prefix("secret:").unwrap_or(id);
            unit.name_added_secret(made, name);
            added.insert(id.clone(), made);
        }
        SecretCall::Set {
            id,
            content,
            expire,
        } => {
            let found = find(id, added, unit)?;
            if let Some(content) = content {
                unit.set_secret_content(found, values(content))?;
            }
            if let Some(expire) = expire {
                unit.set_secret_expire(found, Some(instant(expire)?))?;
            }
        }
        SecretCall::Get { id, refresh, peek } => match seen_secret(seen, id) {
            Some(secret) if matches!(secret.owner, SecretOwner::Application(_)) => {
                match peek {
                    true => unit.peek_application_secret(&secret.label),
                    false => unit.read_application_secret(&secret.label, *refresh),
                };
            }
            Some(_) => {}
            None => unit.follow_granted_secret(id, *refresh, *peek),
        },
        SecretCall::Remove { id, revision } => {
            let found = find(id, added, unit)?;
            match revision {
                Some(revision) => unit.remove_secret_revision(found, *revision)?,
                None => unit.remove_secret(found)?,
            }
        }
    }
    Ok(())
}

fn instant(text: &str) -> Result<Time, HookError> {
    Time::parse(text).map_err(|error| HookError::Charm(format!("secret expiry `{text}`: {error}")))
}

fn values(content: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    let fields = content.iter();
    fields
        .map(|(field, value)| (field.clone(), Value::from(value.as_str())))
        .collect()
}

fn apply_databags(
    databags: &Databags,
    relation: &VisibleRelation,
    unit: &mut UnitContext<'_>,
) -> Result<(), HookError> {
    for (key, value) in changes(&relation.unit_data, &databags.unit_data) {
        unit.set_unit_data(relation.id, &key, value.map(Value::from))?;
    }
    for (key, value) in own_application_changes(relation, databags) {
        unit.set_application_data(relation.id, &key, value.map(Value::from))?;
    }
    Ok(())
}

/// What changed in a bag that only the leader may read: to others it is empty, before and after.
fn own_application_changes<'a>(
    relation: &VisibleRelation,
    databags: &'a Databags,
) -> Vec<(String, Option<&'a str>)> {
    let empty = Bag::default();
    let before = relation.application_data.as_ref().unwrap_or(&empty);
    changes(before, &databags.application_data)
}

/// Keys with another value, and those that are gone.
fn changes<'a>(
    before: &Bag,
    after: &'a BTreeMap<String, String>,
) -> Vec<(String, Option<&'a str>)> {
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    let gone = gone.map(|(key, _)| (key.to_owned(), None));
    let other = after
        .iter()
        .filter(|(key, value)| before.get(key).map(Value::text) != Some(value.as_str()));
    let other = other.map(|(key, value)| (key.clone(), Some(value.as_str())));
    gone.chain(other).collect()
}
