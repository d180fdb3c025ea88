//! What a unit is told of the secrets it manages: revisions that expired, and revisions that
//! no unit reads any more (juju/juju 3.6 `internal/worker/secretexpire`, `state/secrets.go`).

use crate::agents::{Expiry, Snapshot};
use crate::convert::to_u32;
use crate::secrets::Secrets;
use crate::{
    About, ControllerId, Event, Happening, Hook, Host, SecretChange, SecretId, SecretOwner, UnitId,
};
use trustsim_kernel::{Span, Time};

const MINUTE_NS: u64 = 60_000_000_000;
/// The watcher holds obsolete revisions back in case the whole secret is being deleted
/// (juju/juju 3.6 `state/secrets.go`, `obsoleteSecretsWatcher`).
const SQUASH: Span = Span::from_secs(1);

impl Secrets<'_> {
    /// The unit whose agent watches the secrets of this owner, if there is one now.
    fn manager(&self, owner: SecretOwner) -> Option<UnitId> {
        let unit = match owner {
            SecretOwner::Unit(unit) => unit,
            SecretOwner::Application(application) => self.application(application).lease.holder?,
        };
        let agent = self.agent_of(unit);
        let watches = matches!(owner, SecretOwner::Unit(_)) || agent.leader;
        (agent.connected && watches && !agent.removed).then_some(unit)
    }

    /// The expiry worker's alarm: this secret and, at its one-minute granularity, any other that
    /// the same agent manages and that expires within the minute. Batched ones keep the beat of
    /// their batch.
    pub(crate) fn secret_expiry(&mut self, id: SecretId, host: &mut dyn Host) {
        let now = host.now();
        let owner = self.store.get(id).owner;
        // The controller looks by its own clock, and not while it is down.
        let controller = self.controller_of(owner);
        let now = now.skewed_by(self.controller(controller).skew_ns);
        if self.store.get(id).removed
            || self.agents.timing().is_down(controller)
            || !self.due_revisions(id, now, 1).any(|_| true)
        {
            return;
        }
        let manager = self.manager(owner);
        if let Some(unit) = manager {
            self.agents.settle(unit, host);
        }
        let others = match manager {
            Some(unit) => self.managed_by(unit),
            None => vec![id],
        };
        for other in others {
            let granularity_ns = if other == id { 1 } else { MINUTE_NS };
            let due: Vec<u32> = self.due_revisions(other, now, granularity_ns).collect();
            for revision in due {
                self.revision_expired(other, revision, manager, host);
            }
        }
        if let Some(unit) = manager {
            self.agents.schedule_wake(unit, host.now(), host);
        }
    }

    fn controller_of(&self, owner: SecretOwner) -> ControllerId {
        let application = match owner {
            SecretOwner::Unit(unit) => self.unit(unit).application,
            SecretOwner::Application(application) => application,
        };
        self.model(self.application(application).model).controller
    }

    /// A controller is back, or its clock jumped: what is due by now, or will be, is looked at.
    pub(crate) fn schedule_expiries(&mut self, controller: ControllerId, host: &mut dyn Host) {
        let skew_ns = self.controller(controller).skew_ns;
        for (id, secret) in self.store.iter() {
            if secret.removed || self.controller_of(secret.owner) != controller {
                continue;
            }
            for (at, said) in secret.expiries.values() {
                let due = at.shown_with_skew(skew_ns);
                if !said {
                    host.schedule(due.max(host.now()), Event::SecretExpiry(id));
                }
            }
        }
    }

    /// Revisions whose expiry, cut down to this granularity, has passed and was not said yet.
    fn due_revisions(
        &self,
        id: SecretId,
        now: Time,
        granularity_ns: u64,
    ) -> impl Iterator<Item = u32> {
        let passed =
            move |at: Time| at.as_nanos() - at.as_nanos() % granularity_ns <= now.as_nanos();
        let expiries = self.store.get(id).expiries.iter();
        expiries
            .filter(move |(_, (at, said))| !said && passed(*at))
            .map(|(revision, _)| *revision)
    }

    fn revision_expired(
        &mut self,
        id: SecretId,
        revision: u32,
        manager: Option<UnitId>,
        host: &mut dyn Host,
    ) {
        let owner = self.store.get(id).owner;
        let about = match (manager, owner) {
            (Some(unit), _) | (None, SecretOwner::Unit(unit)) => About::Unit(unit),
            (None, SecretOwner::Application(application)) => About::Application(application),
        };
        let secret = self.store.get_mut(id);
        if let Some((_, said)) = secret.expiries.get_mut(&revision) {
            *said = true;
        }
        let (label, cause) = (secret.label.clone(), secret.cause);
        let entry = host.record(
            cause,
            about,
            Happening::Secret(SecretChange::Expired, label),
        );
        self.store.get_mut(id).cause = entry.or(cause);
        if let Some(agent) = manager.and_then(|unit| self.agents.agent_mut(unit)) {
            let (from, handled) = (host.now(), 0);
            agent
                .expiries
                .insert((id, revision), Expiry { from, handled });
        }
    }

    /// The agent's watchers start again: after it connected, and on every change of leadership.
    /// Whatever has expired by now fires at once.
    pub(crate) fn rearm_secrets(&mut self, unit: UnitId, now: Time) {
        let controller = self.controller_of(SecretOwner::Unit(unit));
        let by_controller = now.skewed_by(self.controller(controller).skew_ns);
        let mut expiries = std::collections::BTreeMap::new();
        for id in self.managed_by(unit) {
            let expired = self.store.get(id).expiries.iter();
            let expired = expired.filter(|(_, (at, _))| *at <= by_controller);
            let (from, handled) = (now, 0);
            expiries
                .extend(expired.map(|(revision, _)| ((id, *revision), Expiry { from, handled })));
        }
        let agent = self.agents.agent_of_mut(unit);
        agent.expiries = expiries;
        agent.obsolete.clear();
    }

    /// A revision's expiry changed or went: no unit has been told of the new one.
    pub(crate) fn forget_expiry(&mut self, id: SecretId, revision: u32, host: &mut dyn Host) {
        for unit in self.managers(id) {
            let agent = self.agent_of(unit);
            if !agent.expiries.contains_key(&(id, revision)) {
                continue;
            }
            self.agents.settle(unit, host);
            let agent = self.agents.agent_of_mut(unit);
            agent.expiries.remove(&(id, revision));
            self.agents.arm_alarm(unit, None, host);
        }
    }

    /// A secret is gone: no unit is told of it any more.
    pub(crate) fn forget_secret(&mut self, id: SecretId, host: &mut dyn Host) {
        for revision in 1..=self.store.get(id).latest() {
            self.forget_expiry(id, revision, host);
        }
        for unit in self.managers(id) {
            let agent = self.agents.agent_of_mut(unit);
            agent.obsolete.retain(|(secret, _), _| *secret != id);
            agent.obsolete_notified.retain(|(secret, _)| *secret != id);
        }
    }

    /// Secrets that an agent manages.
    fn managed_by(&self, unit: UnitId) -> Vec<SecretId> {
        let leads = self.agent_of(unit).leader;
        let led = leads.then(|| self.unit(unit).application);
        self.store.managed_by(unit, led)
    }

    fn managers(&self, id: SecretId) -> Vec<UnitId> {
        match self.store.get(id).owner {
            SecretOwner::Unit(unit) => vec![unit],
            SecretOwner::Application(application) => self.application(application).units.clone(),
        }
    }

    /// Tells the owner of revisions that no unit reads any more. An agent that does not watch when
    /// a revision becomes obsolete is not told later.
    pub(crate) fn notify_obsolete(&mut self, id: SecretId, host: &mut dyn Host) {
        let Some(unit) = self.manager(self.store.get(id).owner) else {
            return;
        };
        let at = self.agents.timing().arrival(unit, host.now()) + SQUASH;
        let mut obsolete = self.store.get(id).obsolete();
        let agent = self.agents.agent_of_mut(unit);
        obsolete.retain(|revision| {
            let key = (id, *revision);
            !agent.obsolete_notified.contains(&key) && !agent.obsolete.contains_key(&key)
        });
        if obsolete.is_empty() {
            return;
        }
        let found = obsolete.into_iter().map(|revision| ((id, revision), at));
        agent.obsolete.extend(found);
        self.agents.schedule_wake(unit, at, host);
    }

    /// Applies what a hook read: tracked revisions move at once, whatever becomes of the hook.
    pub(crate) fn track_secrets(
        &mut self,
        unit: UnitId,
        tracked: &[(SecretId, u32)],
        host: &mut dyn Host,
    ) {
        for (id, revision) in tracked {
            let latest = self.store.get(*id).latest();
            let consumers = &mut self.store.get_mut(*id).consumers;
            let is_new = !consumers.contains_key(&unit);
            let tracking = consumers.entry(unit).or_default();
            assert!(
                (1..=latest).contains(revision),
                "{unit:?} tracks revision {revision} of {latest} of {id:?}"
            );
            let moves = tracking.revision != *revision;
            tracking.revision = *revision;
            if is_new && tracking.notified < self.store.get(*id).latest() {
                self.agents.wake_at_arrival(unit, host);
            }
            if moves {
                self.notify_obsolete(*id, host);
            }
        }
    }

    /// What committing a secret hook changes in the agent's own record.
    pub(crate) fn record_secret_hook(
        &mut self,
        unit: UnitId,
        hook: &Hook,
        snapshot: Snapshot,
        now: Time,
    ) {
        if let Hook::SecretChanged { secret } = hook {
            let consumers = &mut self.store.get_mut(*secret).consumers;
            let tracking = consumers.get_mut(&unit);
            let tracking = tracking.expect("a unit is told of secrets that it reads");
            let notified = to_u32(snapshot.version);
            assert!(
                tracking.notified <= notified,
                "{unit:?} was told of revision {} of {secret:?} and now of {notified}",
                tracking.notified
            );
            tracking.notified = notified;
        }
        let (Some(agent), Some(key)) = (self.agents.agent_mut(unit), hook.secret_revision()) else {
            return;
        };
        if let Hook::SecretRemove { .. } = hook {
            agent.obsolete.remove(&key);
            agent.obsolete_notified.insert(key);
        } else if let Some(expiry) = agent.expiries.get_mut(&key) {
            // Where the watchers started again while the hook ran, its firings are of the series before. Juju
            // takes the revision off the list as it is then (`remotestate/watcher.go`, `ExpiredSecretRevision
            // Completed`), so what fired since is done, and what fires later is not.
            let firings = snapshot.firings.min(expiry.fired(now));
            expiry.handled = expiry.handled.max(firings);
        }
    }

    /// Schedules the alarm of a revision's expiry.
    pub(crate) fn schedule_expiry(&self, id: SecretId, at: Time, host: &mut dyn Host) {
        let controller = self.controller_of(self.store.get(id).owner);
        let skew_ns = self.controller(controller).skew_ns;
        // What has expired by then expires now.
        let due = at.shown_with_skew(skew_ns).max(host.now());
        host.schedule(due, Event::SecretExpiry(id));
    }
}
