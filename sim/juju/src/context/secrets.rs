//! Secrets as a hook sees and changes them. What it does is kept as a list of changes until the
//! commit, and reads see the secret as those leave it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ControllerRead, UnitContext};
use crate::{Juju, Secret, SecretContent, SecretId, SecretOwner, ToolError, Value};
use trustsim_kernel::Time;

/// One change of a secret.
#[derive(Clone, Debug)]
pub(crate) enum SecretWrite {
    /// `secret-add`.
    Add {
        id: SecretId,
        owner: SecretOwner,
        label: Arc<str>,
        content: SecretContent,
        expire: Option<Time>,
        /// Its id, where the hook has kept it before the commit.
        uri: Option<Arc<str>>,
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

impl SecretWrite {
    /// The secret it changes.
    pub(crate) const fn id(&self) -> SecretId {
        match self {
            Self::Add { id, .. }
            | Self::Content { id, .. }
            | Self::Expire { id, .. }
            | Self::Remove { id, .. } => *id,
        }
    }

    /// Who owns the secret; `None` where it exists only until the commit and was not added by this change.
    pub(super) fn owner(&self, juju: &Juju) -> Option<SecretOwner> {
        match self {
            Self::Add { owner, .. } => Some(*owner),
            other => (other.id().0 < UNCOMMITTED).then(|| juju.secret(other.id()).owner),
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
const UNCOMMITTED: u32 = 1 << 31;

/// A secret of another application.
#[derive(Clone, Debug)]
pub struct GrantedSecret {
    /// Its id, without `secret:`.
    pub uri: Arc<str>,
    /// The revision that the unit tracks; `None` where it has not read it, or where that revision is gone.
    pub tracked: Option<SecretView>,
    /// The latest revision.
    pub latest: SecretView,
}

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

impl<N> UnitContext<'_, N> {
    /// The secret of this owner with this label, as the hook has left it so far.
    pub fn secret(&self, owner: SecretOwner, label: &str) -> Option<SecretView> {
        self.note_read(ControllerRead::Secret(label.into()));
        let mut view = self.juju.store().by_label(owner, label).and_then(|id| {
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
        let mut labels: Vec<Arc<str>> = self.juju.store().labels(owner, prefix);
        for change in &self.effects.secrets {
            if let SecretWrite::Add {
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
        self.effects.secrets.push(SecretWrite::Add {
            id,
            owner,
            label,
            content,
            expire,
            uri: None,
        });
        Ok(id)
    }

    /// Gives a secret that this hook has added its id: Juju tells it at once, and a charm's own code may keep it.
    pub fn name_added_secret(&mut self, added: SecretId, name: &str) {
        for change in &mut self.effects.secrets {
            if let SecretWrite::Add { id, uri, .. } = change
                && *id == added
            {
                *uri = Some(name.into());
            }
        }
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
        self.update(SecretWrite::Content { id, content });
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
        self.update(SecretWrite::Expire { id, expire });
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
    fn update(&mut self, update: SecretWrite) {
        let changes = &mut self.effects.secrets;
        let id = update.id();
        changes.retain(|change| change.id() != id || !matches!(change, SecretWrite::Remove { .. }));
        let mut earlier = changes.iter_mut();
        let earlier = earlier.find(|change| change.id() == id && change.takes_in(&update));
        match (earlier, update) {
            (
                Some(SecretWrite::Add { content, .. } | SecretWrite::Content { content, .. }),
                SecretWrite::Content { content: new, .. },
            ) => *content = new,
            (
                Some(SecretWrite::Add { expire, .. } | SecretWrite::Expire { expire, .. }),
                SecretWrite::Expire { expire: new, .. },
            ) => *expire = new,
            (_, update) => {
                // Content goes first.
                let place = changes.iter().position(|change| {
                    let expires = matches!(change, SecretWrite::Expire { .. });
                    expires && change.id() == id
                });
                changes.insert(place.unwrap_or(changes.len()), update);
            }
        }
    }

    /// Records a removal, which forgets whatever the hook did to the secret before.
    fn remove(&mut self, id: SecretId, revision: Option<u32>) {
        let changes = &mut self.effects.secrets;
        changes.retain(|change| change.id() != id || matches!(change, SecretWrite::Remove { .. }));
        if id.0 < UNCOMMITTED {
            changes.push(SecretWrite::Remove { id, revision });
        }
    }

    /// `secret-get --label`, by a unit of the owning application that is not the owner's leader:
    /// the tracked revision, the latest with `refresh`.
    pub fn read_application_secret(&mut self, label: &str, refresh: bool) -> Option<SecretView> {
        self.note_read(ControllerRead::Secret(label.into()));
        let owner = SecretOwner::Application(self.application_id());
        if self.is_leader() {
            return self.secret(owner, label);
        }
        let id = self.juju.store().by_label(owner, label)?;
        let secret = self.juju.secret(id);
        let tracked = self.tracked(id);
        let revision = if refresh { None } else { tracked }.unwrap_or_else(|| secret.latest());
        self.effects.tracked.push((id, revision));
        view_of(id, secret, revision)
    }

    /// By which another application finds a secret that was granted to it; `None` of one that was added in this hook, which
    /// has its id once that commits.
    pub fn secret_uri(&self, id: SecretId) -> Option<String> {
        Self::is_committed(id).then(|| format!("secret:{}", id.0))
    }

    /// `secret-get URI` by a unit of another application, to which the secret was granted: the tracked revision, and the
    /// latest when it looks at it first. That no secret is read without a grant is up to the charms.
    pub fn read_granted_secret(&mut self, uri: &str) -> Option<SecretView> {
        let number: u32 = uri.strip_prefix("secret:")?.parse().ok()?;
        let id = SecretId(number);
        let secret = self.juju.secret(id);
        self.note_read(ControllerRead::Secret(Arc::clone(&secret.label)));
        let revision = self.tracked(id).unwrap_or_else(|| secret.latest());
        self.effects.tracked.push((id, revision));
        view_of(id, secret, revision)
    }

    /// A secret of another application by its URI, as this unit would read it: what it tracks, and the latest; nothing where
    /// there is no such secret.
    pub fn granted_secret(&self, uri: &str) -> Option<GrantedSecret> {
        let id = self.juju.store().by_uri(uri)?;
        let secret = self.juju.secret(id);
        self.note_read(ControllerRead::Secret(Arc::clone(&secret.label)));
        let latest = view_of(id, secret, secret.latest())?;
        let tracked = self.tracked(id);
        Some(GrantedSecret {
            uri: Arc::clone(&secret.uri),
            tracked: tracked.and_then(|revision| view_of(id, secret, revision)),
            latest,
        })
    }

    /// `secret-get URI` of a secret of another application, with `--refresh`, or with `--peek`, which changes what is tracked
    /// only where nothing is. Of a secret that a person made, which the model does not have, nothing is tracked.
    pub fn follow_granted_secret(&mut self, uri: &str, refresh: bool, peek: bool) {
        let Some(id) = self.juju.store().by_uri(uri) else {
            return;
        };
        let latest = self.juju.secret(id).latest();
        match self.tracked(id) {
            Some(_) if !refresh || peek => {}
            _ => self.effects.tracked.push((id, latest)),
        }
    }

    /// `secret-get --peek`: the latest revision. What is tracked stays, except that the first
    /// look at a secret starts tracking it.
    pub fn peek_application_secret(&mut self, label: &str) -> Option<SecretView> {
        self.note_read(ControllerRead::Secret(label.into()));
        let owner = SecretOwner::Application(self.application_id());
        if self.is_leader() {
            return self.secret(owner, label);
        }
        let id = self.juju.store().by_label(owner, label)?;
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

    /// The revision of a secret of the application that this unit tracks and that is not the latest; nothing where it tracks
    /// none, and for the leader, who manages it.
    pub fn tracked_behind(&self, label: &str) -> Option<SecretView> {
        if self.is_leader() {
            return None;
        }
        let owner = SecretOwner::Application(self.application_id());
        let id = self.juju.store().by_label(owner, label)?;
        let secret = self.juju.secret(id);
        let revision = self.tracked(id)?;
        (revision != secret.latest()).then(|| view_of(id, secret, revision))?
    }

    /// Whether the secret stood before this hook.
    pub(crate) const fn is_committed(id: SecretId) -> bool {
        id.0 < UNCOMMITTED
    }

    fn owner(&self, id: SecretId) -> SecretOwner {
        if Self::is_committed(id) {
            return self.juju.secret(id).owner;
        }
        self.effects
            .secrets
            .iter()
            .find_map(|change| match change {
                SecretWrite::Add { id: of, owner, .. } if *of == id => Some(*owner),
                _ => None,
            })
            .expect("a secret that is not committed was added in this hook")
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
    change: &SecretWrite,
    owner: SecretOwner,
    label: &str,
) {
    let is_it = |id: SecretId, view: &Option<SecretView>| view.as_ref().is_some_and(|v| v.id == id);
    match change {
        SecretWrite::Add {
            id,
            owner: of,
            label: named,
            content,
            expire,
            uri: _,
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
        SecretWrite::Content { id, content } if is_it(*id, view) => {
            if let Some(view) = view
                && view.content != *content
            {
                view.content = Arc::clone(content);
                view.revision += 1;
                view.expire = None;
            }
        }
        SecretWrite::Expire { id, expire } if is_it(*id, view) => {
            if let Some(view) = view {
                view.expire = *expire;
            }
        }
        SecretWrite::Remove { id, revision: None } if is_it(*id, view) => *view = None,
        _ => {}
    }
}
