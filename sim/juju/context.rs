//! What a charm sees and does inside one hook: the only door between a charm and its model.
//!
//! Reads are of the controller as it is when the hook runs, by Juju's permission table. Writes
//! are buffered in [`Effects`] and committed together at the end of the hook, or dropped if it
//! fails. What Juju does not buffer (status, tracking a secret) and what happens outside Juju
//! (files, restarts) stays done.

mod outside;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::permissions::{Access, Whose, access};
use super::{
    Application, ApplicationId, ApplicationKind, Bag, Juju, Relation, RelationId, Secret,
    SecretContent, SecretId, SecretOwner, Status, ToolError, Unit, UnitId, Value, Workload,
};
use crate::kernel::{Span, Stream, Time};

/// What a hook leaves behind.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Databags as they will be, by relation and whether it is the application's.
    pub(super) bags: BTreeMap<(RelationId, bool), Bag>,
    /// Secrets to create, change or remove, in order.
    pub(super) secrets: Vec<SecretChange>,
    /// Secrets created in this hook: their ids hold until the commit.
    pub(super) created: u32,
    /// Workload status, set at once.
    pub(super) status: Option<(Status, Arc<str>)>,
    /// Secrets read: tracked revisions, set at once.
    pub(super) tracked: Vec<(SecretId, u32)>,
    /// The workload as the hook leaves it.
    pub(super) workload: Workload,
    /// Whether the process was restarted.
    pub(super) restarted: bool,
    /// Whether a file of the workload was written or deleted.
    pub(super) files_changed: bool,
    /// What the charm wants in the journal.
    pub notes: Vec<(&'static str, Value)>,
    /// What services outside Juju are to remember, at once.
    pub(super) outside: BTreeMap<Arc<str>, Option<Value>>,
    /// How much longer the hook takes than one that calls nobody.
    pub(super) spent: Span,
    /// How often each purpose was drawn from, so that the next draw is a new one.
    pub(super) draws: BTreeMap<&'static str, u32>,
}

impl Effects {
    /// Whether the hook changes anything beside the workload status.
    pub fn changes_anything(&self) -> bool {
        !self.bags.is_empty()
            || !self.secrets.is_empty()
            || !self.notes.is_empty()
            || self.files_changed
            || self.restarted
    }
}

/// One change of a secret.
#[derive(Clone, Debug)]
pub(super) enum SecretChange {
    /// `secret-add`.
    Add {
        id: SecretId,
        owner: SecretOwner,
        label: Arc<str>,
        content: SecretContent,
        expire: Option<Time>,
    },
    /// `secret-set` with content; the revision's expiry goes with the old revision.
    Content {
        id: SecretId,
        content: SecretContent,
    },
    /// `secret-set --expire`.
    Expire { id: SecretId, expire: Option<Time> },
    /// `secret-remove`, one revision or all.
    Remove { id: SecretId, revision: Option<u32> },
}

impl SecretChange {
    /// The secret it changes.
    pub(super) const fn id(&self) -> SecretId {
        match self {
            Self::Add { id, .. }
            | Self::Content { id, .. }
            | Self::Expire { id, .. }
            | Self::Remove { id, .. } => *id,
        }
    }

    /// Whether `update` of the same secret is merged into this change.
    const fn takes_in(&self, update: &Self) -> bool {
        matches!(
            (self, update),
            (Self::Add { .. }, _)
                | (Self::Content { .. }, Self::Content { .. })
                | (Self::Expire { .. }, Self::Expire { .. })
        )
    }
}

/// Ids at and above this are secrets that exist only until the commit of the hook.
pub(super) const UNCOMMITTED: u32 = 1 << 31;

/// A secret as a hook sees it.
#[derive(Clone, Debug)]
pub struct SecretView {
    /// Id, valid within this hook.
    pub id: SecretId,
    /// Owner's label.
    pub label: Arc<str>,
    /// Content of the latest revision (of the tracked one for a reader).
    pub content: SecretContent,
    /// Expiry of the latest revision.
    pub expire: Option<Time>,
    /// The revision of `content`.
    pub revision: u32,
}

/// What a charm sees and does inside one hook of one unit.
pub struct UnitContext<'a> {
    pub(super) juju: &'a Juju,
    pub(super) id: UnitId,
    pub(super) true_now: Time,
    /// The relation being broken, which `relation-ids` leaves out.
    breaking: Option<RelationId>,
    /// Who joins or departs in this hook, and whether `relation-list` has them.
    moving: Option<(RelationId, UnitId, bool)>,
    pub(super) effects: Effects,
}

impl<'a> UnitContext<'a> {
    /// The context of a hook of `unit` that runs now.
    pub(crate) fn new(juju: &'a Juju, unit: UnitId, now: Time, hook: Option<&super::Hook>) -> Self {
        let breaking = match hook {
            Some(super::Hook::RelationBroken { relation }) => Some(*relation),
            _ => None,
        };
        let moving = match hook {
            Some(super::Hook::RelationJoined { relation, unit }) => Some((*relation, *unit, true)),
            Some(super::Hook::RelationDeparted { relation, unit, .. }) => {
                Some((*relation, *unit, false))
            }
            _ => None,
        };
        let workload = juju.unit(unit).workload.clone();
        let draws = juju
            .agent(unit)
            .map(|agent| agent.draws.clone())
            .unwrap_or_default();
        let effects = Effects {
            workload,
            draws,
            ..Effects::default()
        };
        Self {
            juju,
            id: unit,
            true_now: now,
            breaking,
            moving,
            effects,
        }
    }

    /// Ends the hook.
    pub(crate) fn into_effects(self) -> Effects {
        self.effects
    }

    pub(super) fn unit(&self) -> &'a Unit {
        self.juju.unit(self.id)
    }

    pub(super) fn application(&self) -> &'a Application {
        self.juju.application(self.unit().application)
    }

    /// This unit.
    pub fn id(&self) -> UnitId {
        self.id
    }

    /// `app/0`.
    pub fn unit_name(&self) -> &'a str {
        &self.unit().name
    }

    /// The number in its name.
    pub fn unit_number(&self) -> u32 {
        self.unit().number
    }

    /// Application name.
    pub fn application_name(&self) -> &'a str {
        &self.application().name
    }

    /// This unit's application.
    pub fn application_id(&self) -> ApplicationId {
        self.unit().application
    }

    /// Model name.
    pub fn model_name(&self) -> &'a str {
        &self.juju.model(self.application().model).name
    }

    /// Whether the model runs on Kubernetes.
    pub fn is_kubernetes(&self) -> bool {
        self.juju.model(self.application().model).kubernetes
    }

    /// The unit's own clock, which may be skewed. Certificates are made and judged by it.
    pub fn now(&self) -> Time {
        self.true_now.skewed_by(self.unit().skew_ns)
    }

    /// `is-leader`.
    pub fn is_leader(&self) -> bool {
        self.application().lease.holder == Some(self.id)
    }

    /// An option's effective value; `None` where it is unset and has no default.
    pub fn config(&self, option: &str) -> Option<&'a str> {
        self.application()
            .config
            .value
            .get(option)
            .map(String::as_str)
    }

    /// The address others reach this unit at.
    pub fn address(&self) -> &'a str {
        &self.unit().address.value
    }

    /// `gethostname` where this unit runs.
    pub fn hostname(&self) -> String {
        self.juju.hostname(self.id)
    }

    /// DNS name of this unit: in a pod that of the headless service, on a machine its address.
    pub fn unit_dns_name(&self) -> String {
        self.juju.unit_dns_name(self.id)
    }

    /// DNS name of the application: in Kubernetes that of its service, else the unit's.
    pub fn application_dns_name(&self) -> String {
        self.juju
            .application_dns_name(self.application_id())
            .unwrap_or_else(|| self.unit_dns_name())
    }

    // --- relations ------------------------------------------------------------------------

    /// `relation-ids ENDPOINT`, in order of number; one being broken is left out.
    pub fn relations(&self, endpoint: &str) -> Vec<RelationId> {
        let Some(agent) = self.juju.agent(self.id) else {
            return Vec::new();
        };
        self.application()
            .relations
            .iter()
            .copied()
            .filter(|id| Some(*id) != self.breaking && agent.relations.contains_key(id))
            .filter(|id| self.own_endpoint(*id) == Some(endpoint))
            .collect()
    }

    /// The endpoint of this unit's application in a relation.
    pub fn own_endpoint(&self, relation: RelationId) -> Option<&'a str> {
        let relation = self.juju.relation(relation);
        let end = relation.end_of(self.application_id())?;
        Some(&relation.ends[end].endpoint)
    }

    /// The relation's number in this model.
    pub fn relation_number(&self, relation: RelationId) -> u32 {
        self.juju.relation(relation).number
    }

    /// Name of the application on the other side (its own for a peer relation).
    pub fn remote_application_name(&self, relation: RelationId) -> &'a str {
        match self.sides(relation) {
            Some((relation, end)) => {
                &self
                    .juju
                    .application(relation.opposite(end).application)
                    .name
            }
            None => "",
        }
    }

    /// `relation-list`: remote units joined, as far as this unit's hooks have been told, sorted
    /// by name. The one that joins is in, the one that departs is out (juju/juju 3.6
    /// `uniter/runner/context/contextfactory.go`).
    pub fn remote_units(&self, relation: RelationId) -> Vec<UnitId> {
        if Some(relation) == self.breaking {
            return Vec::new();
        }
        let members = self
            .juju
            .agent(self.id)
            .and_then(|agent| agent.relations.get(&relation));
        let mut units: Vec<UnitId> = members
            .map(|local| local.members.keys().copied().collect())
            .unwrap_or_default();
        if let Some((of, unit, joins)) = self.moving {
            units.retain(|other| of != relation || *other != unit);
            if of == relation && joins {
                units.push(unit);
            }
        }
        units.sort_by(|left, right| self.juju.unit(*left).name.cmp(&self.juju.unit(*right).name));
        units
    }

    /// Name of any unit, `app/0`.
    pub fn name_of(&self, unit: UnitId) -> &'a str {
        &self.juju.unit(unit).name
    }

    /// `relation-get - UNIT`: the bag of a remote unit, or of this one.
    ///
    /// # Errors
    ///
    /// [`ToolError::PermissionDenied`] for another unit of this application outside a peer
    /// relation.
    pub fn unit_data(&self, relation: RelationId, unit: UnitId) -> Result<Bag, ToolError> {
        if unit == self.id
            && let Some(bag) = self.effects.bags.get(&(relation, false))
        {
            return Ok(bag.clone());
        }
        self.check(relation, Whose::Unit(unit), Access::Read)?;
        let relation = self.juju.relation(relation);
        let member = relation.ends.iter().find_map(|end| end.units.get(&unit));
        Ok(member
            .map(|member| member.bag.value.clone())
            .unwrap_or_default())
    }

    /// `relation-get --app - REMOTE`: the other application's bag.
    ///
    /// # Errors
    ///
    /// [`ToolError::NoRelation`] where the relation is not this application's.
    pub fn remote_application_data(&self, relation: RelationId) -> Result<Bag, ToolError> {
        let (found, end) = self.sides(relation).ok_or_else(|| no_relation(relation))?;
        if found.is_peer() {
            return self.own_application_data(relation);
        }
        Ok(found.opposite(end).bag.value.clone())
    }

    /// `relation-get --app` of this application's own bag.
    ///
    /// # Errors
    ///
    /// [`ToolError::PermissionDenied`] for a unit that does not lead, outside a peer relation.
    pub fn own_application_data(&self, relation: RelationId) -> Result<Bag, ToolError> {
        if let Some(bag) = self.effects.bags.get(&(relation, true)) {
            return Ok(bag.clone());
        }
        self.check(
            relation,
            Whose::Application(self.application_id()),
            Access::Read,
        )?;
        let (found, end) = self.sides(relation).ok_or_else(|| no_relation(relation))?;
        Ok(found.ends[end].bag.value.clone())
    }

    /// `relation-set KEY=VALUE` on this unit's bag; `None` deletes the key.
    ///
    /// # Errors
    ///
    /// [`ToolError::NoRelation`] where the relation is not this application's.
    pub fn set_unit_data(
        &mut self,
        relation: RelationId,
        key: &str,
        value: Option<Value>,
    ) -> Result<(), ToolError> {
        self.check(relation, Whose::Unit(self.id), Access::Write)?;
        let mut bag = self.unit_data(relation, self.id)?;
        if bag.set(key, value) {
            self.effects.bags.insert((relation, false), bag);
        }
        Ok(())
    }

    /// `relation-set --app KEY=VALUE`; `None` deletes the key.
    ///
    /// # Errors
    ///
    /// [`ToolError::PermissionDenied`] for a unit that does not lead.
    pub fn set_application_data(
        &mut self,
        relation: RelationId,
        key: &str,
        value: Option<Value>,
    ) -> Result<(), ToolError> {
        self.check(
            relation,
            Whose::Application(self.application_id()),
            Access::Write,
        )?;
        let mut bag = self.own_application_data(relation)?;
        if bag.set(key, value) {
            self.effects.bags.insert((relation, true), bag);
        }
        Ok(())
    }

    pub(super) fn sides(&self, relation: RelationId) -> Option<(&'a Relation, usize)> {
        let relation = self.juju.relation(relation);
        Some((relation, relation.end_of(self.application_id())?))
    }

    fn check(&self, relation: RelationId, whose: Whose, wanted: Access) -> Result<(), ToolError> {
        let (found, _) = self.sides(relation).ok_or_else(|| no_relation(relation))?;
        let held = access(self.juju, found, self.id, self.is_leader(), whose);
        if held >= wanted {
            Ok(())
        } else {
            Err(ToolError::PermissionDenied)
        }
    }

    // --- secrets --------------------------------------------------------------------------

    /// The secret of this owner with this label, as the hook has left it so far.
    pub fn secret(&self, owner: SecretOwner, label: &str) -> Option<SecretView> {
        let mut view = self.juju.secret_by_label(owner, label).and_then(|id| {
            let secret = self.juju.secret(id);
            view_of(id, secret, secret.latest())
        });
        for change in &self.effects.secrets {
            apply_to_view(&mut view, change, owner, label);
        }
        view
    }

    /// Labels of every secret of this owner that begin with `prefix`, in label order.
    pub fn secret_labels(&self, owner: SecretOwner, prefix: &str) -> Vec<Arc<str>> {
        let mut labels: Vec<Arc<str>> = self.juju.secret_labels(owner, prefix);
        for change in &self.effects.secrets {
            if let SecretChange::Add {
                owner: of, label, ..
            } = change
                && *of == owner
                && label.starts_with(prefix)
                && !labels.contains(label)
            {
                labels.push(Arc::clone(label));
            }
        }
        labels.sort();
        labels.retain(|label| self.secret(owner, label).is_some());
        labels
    }

    /// The secret a `secret-expired`, `secret-remove` or `secret-changed` hook is about.
    pub fn secret_of_hook(&self, id: SecretId) -> Option<SecretView> {
        let secret = self.juju.secret(id);
        if secret.removed {
            None
        } else {
            view_of(id, secret, secret.latest())
        }
    }

    /// Owner of the secret a hook is about.
    pub fn owner_of(&self, id: SecretId) -> SecretOwner {
        self.juju.secret(id).owner
    }

    /// `secret-add`.
    ///
    /// # Errors
    ///
    /// [`ToolError::NotLeader`] for an application's secret by a unit that does not lead.
    pub fn add_secret(
        &mut self,
        owner: SecretOwner,
        label: &str,
        content: BTreeMap<String, Value>,
        expire: Option<Time>,
    ) -> Result<SecretId, ToolError> {
        self.check_owner(owner)?;
        let id = SecretId(UNCOMMITTED + self.effects.created);
        self.effects.created += 1;
        let (label, content) = (Arc::from(label), Arc::new(content));
        self.effects.secrets.push(SecretChange::Add {
            id,
            owner,
            label,
            content,
            expire,
        });
        Ok(id)
    }

    /// `secret-set` with new content: a new revision, unless it is the same.
    ///
    /// # Errors
    ///
    /// [`ToolError::NotLeader`] for an application's secret by a unit that does not lead.
    pub fn set_secret_content(
        &mut self,
        id: SecretId,
        content: BTreeMap<String, Value>,
    ) -> Result<(), ToolError> {
        self.check_owner(self.owner(id))?;
        let content = Arc::new(content);
        self.update(SecretChange::Content { id, content });
        Ok(())
    }

    /// `secret-set --expire`.
    ///
    /// # Errors
    ///
    /// [`ToolError::NotLeader`] for an application's secret by a unit that does not lead.
    pub fn set_secret_expire(
        &mut self,
        id: SecretId,
        expire: Option<Time>,
    ) -> Result<(), ToolError> {
        self.check_owner(self.owner(id))?;
        self.update(SecretChange::Expire { id, expire });
        Ok(())
    }

    /// `secret-remove` of every revision.
    ///
    /// # Errors
    ///
    /// [`ToolError::NotLeader`] for an application's secret by a unit that does not lead.
    pub fn remove_secret(&mut self, id: SecretId) -> Result<(), ToolError> {
        self.check_owner(self.owner(id))?;
        self.remove(id, None);
        Ok(())
    }

    /// `secret-remove --revision`.
    ///
    /// # Errors
    ///
    /// [`ToolError::NotLeader`] for an application's secret by a unit that does not lead.
    pub fn remove_secret_revision(&mut self, id: SecretId, revision: u32) -> Result<(), ToolError> {
        self.check_owner(self.owner(id))?;
        self.remove(id, Some(revision));
        Ok(())
    }

    /// Records an update. Juju merges a hook's updates of one secret into its creation, or into
    /// one update, and forgets a removal before it (juju/juju 3.6
    /// `uniter/runner/context/secrets.go`, `secretsChangeRecorder`). So an expiry is always that
    /// of the revision the hook makes, if it makes one.
    fn update(&mut self, update: SecretChange) {
        let changes = &mut self.effects.secrets;
        let id = update.id();
        changes
            .retain(|change| change.id() != id || !matches!(change, SecretChange::Remove { .. }));
        let mut earlier = changes.iter_mut();
        let earlier = earlier.find(|change| change.id() == id && change.takes_in(&update));
        match (earlier, update) {
            (
                Some(SecretChange::Add { content, .. } | SecretChange::Content { content, .. }),
                SecretChange::Content { content: new, .. },
            ) => *content = new,
            (
                Some(SecretChange::Add { expire, .. } | SecretChange::Expire { expire, .. }),
                SecretChange::Expire { expire: new, .. },
            ) => *expire = new,
            (_, update) => {
                // Content goes first.
                let place = changes.iter().position(|change| {
                    let expires = matches!(change, SecretChange::Expire { .. });
                    expires && change.id() == id
                });
                changes.insert(place.unwrap_or(changes.len()), update);
            }
        }
    }

    /// Records a removal, which forgets whatever the hook did to the secret before.
    fn remove(&mut self, id: SecretId, revision: Option<u32>) {
        let changes = &mut self.effects.secrets;
        changes.retain(|change| change.id() != id || matches!(change, SecretChange::Remove { .. }));
        if id.0 < UNCOMMITTED {
            changes.push(SecretChange::Remove { id, revision });
        }
    }

    /// `secret-get --label`, by a unit of the owning application that is not the owner's leader:
    /// the tracked revision, the latest with `refresh`.
    pub fn read_application_secret(&mut self, label: &str, refresh: bool) -> Option<SecretView> {
        let owner = SecretOwner::Application(self.application_id());
        if self.is_leader() {
            return self.secret(owner, label);
        }
        let id = self.juju.secret_by_label(owner, label)?;
        let secret = self.juju.secret(id);
        let tracked = self.tracked(id);
        let revision = if refresh { None } else { tracked }.unwrap_or_else(|| secret.latest());
        self.effects.tracked.push((id, revision));
        view_of(id, secret, revision)
    }

    /// `secret-get --peek`: the latest revision. What is tracked stays, except that the first
    /// look at a secret starts tracking it.
    pub fn peek_application_secret(&mut self, label: &str) -> Option<SecretView> {
        let owner = SecretOwner::Application(self.application_id());
        if self.is_leader() {
            return self.secret(owner, label);
        }
        let id = self.juju.secret_by_label(owner, label)?;
        let secret = self.juju.secret(id);
        if self.tracked(id).is_none() {
            self.effects.tracked.push((id, secret.latest()));
        }
        view_of(id, secret, secret.latest())
    }

    /// The revision this unit tracks, as the hook has left it so far.
    fn tracked(&self, id: SecretId) -> Option<u32> {
        let here = self.effects.tracked.iter().rev();
        let here = here
            .filter(|(of, _)| *of == id)
            .map(|(_, revision)| *revision);
        let before = self.juju.secret(id).consumers.get(&self.id);
        here.chain(before.map(|tracking| tracking.revision)).next()
    }

    fn owner(&self, id: SecretId) -> SecretOwner {
        if id.0 < UNCOMMITTED {
            return self.juju.secret(id).owner;
        }
        self.effects
            .secrets
            .iter()
            .find_map(|change| match change {
                SecretChange::Add { id: of, owner, .. } if *of == id => Some(*owner),
                _ => None,
            })
            .unwrap_or(SecretOwner::Unit(self.id))
    }

    fn check_owner(&self, owner: SecretOwner) -> Result<(), ToolError> {
        match owner {
            SecretOwner::Unit(unit) if unit == self.id => Ok(()),
            SecretOwner::Application(application)
                if application == self.application_id() && self.is_leader() =>
            {
                Ok(())
            }
            SecretOwner::Application(_) => Err(ToolError::NotLeader("secret")),
            SecretOwner::Unit(_) => Err(ToolError::PermissionDenied),
        }
    }

    // --- status, workload, randomness -----------------------------------------------------

    /// `status-set`: at once, whatever becomes of the hook.
    pub fn set_status(&mut self, status: Status, message: &str) {
        self.effects.status = Some((status, Arc::from(message)));
    }

    /// A random stream for `purpose` that no other unit, purpose or time of asking shares.
    pub fn stream(&mut self, purpose: &'static str) -> Stream {
        let count = self.effects.draws.get(purpose).copied().unwrap_or(0) + 1;
        self.effects.draws.insert(purpose, count);
        let subject = format!("{}.{}#{count}", self.model_name(), self.unit_name());
        self.juju.streams().stream(purpose, &subject)
    }

    /// Puts something into the journal: a kind and a text that may carry its parsed form.
    pub fn note(&mut self, kind: &'static str, value: Value) {
        self.effects.notes.push((kind, value));
    }

    /// What a proxy or an application is, for charms that ask where a relation leads.
    pub fn is_cross_model(&self, relation: RelationId) -> bool {
        self.sides(relation).is_some_and(|(found, end)| {
            self.juju.application(found.opposite(end).application).kind != ApplicationKind::Local
        })
    }
}

fn no_relation(relation: RelationId) -> ToolError {
    ToolError::NoRelation(relation.0.to_string())
}

fn view_of(id: SecretId, secret: &Secret, revision: u32) -> Option<SecretView> {
    if secret.removed {
        return None;
    }
    let content = Arc::clone(secret.content(revision)?);
    let (label, expire) = (Arc::clone(&secret.label), secret.expire);
    Some(SecretView {
        id,
        label,
        content,
        expire,
        revision,
    })
}

fn apply_to_view(
    view: &mut Option<SecretView>,
    change: &SecretChange,
    owner: SecretOwner,
    label: &str,
) {
    let is_it = |id: SecretId, view: &Option<SecretView>| view.as_ref().is_some_and(|v| v.id == id);
    match change {
        SecretChange::Add {
            id,
            owner: of,
            label: named,
            content,
            expire,
        } if *of == owner && **named == *label => {
            let (label, content) = (Arc::clone(named), Arc::clone(content));
            *view = Some(SecretView {
                id: *id,
                label,
                content,
                expire: *expire,
                revision: 1,
            });
        }
        SecretChange::Content { id, content } if is_it(*id, view) => {
            if let Some(view) = view
                && view.content != *content
            {
                view.content = Arc::clone(content);
                view.revision += 1;
                view.expire = None;
            }
        }
        SecretChange::Expire { id, expire } if is_it(*id, view) => {
            if let Some(view) = view {
                view.expire = *expire;
            }
        }
        SecretChange::Remove { id, revision: None } if is_it(*id, view) => *view = None,
        _ => {}
    }
}
