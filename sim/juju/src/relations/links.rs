//! Cross-model relations: the consumer's controller dials the offering one, and whole databags
//! are replaced on the other side (juju/juju 3.6 `internal/worker/remoterelations`).
//!
//! A direction of a link is a channel that holds one state: while a delivery is under way, later
//! changes ride along, and while the link is down the newest state waits.

use std::collections::BTreeSet;

use crate::convert::to_u32;
use crate::{
    About, ApplicationId, ApplicationKind, ConnectionError, End, Event, Happening, Host, Life,
    LinkId, RelationId, Relations, ScopeMember, Step, Topology, UnitId, Versioned,
};
use trustsim_kernel::{Span, Time};

/// The worker that dials is started again after this long.
const DIAL_RETRY: Span = Span::from_secs(15);

impl Relations<'_> {
    /// A dial was judged.
    pub fn dialled(
        &mut self,
        id: LinkId,
        judged: Result<(), ConnectionError>,
        host: &mut dyn Host,
    ) -> Option<Step> {
        let now = host.now();
        let link = self.agents.link_mut(id);
        link.dialled_at = now;
        link.connected = judged.is_ok();
        link.error = None;
        let cause = link.down_by;
        if link.connected {
            link.down_by = None;
        }
        if let Err(error) = judged {
            link.error = Some(error.clone());
            let model = self.relation(self.link(id).consumer).model;
            let happening = Happening::LinkDown(error);
            host.record(cause, About::Model(model), happening);
            // While dials must fail, the next one is scheduled when the disruption ends.
            if self.agents.timing().link_refusal(id).is_none() {
                host.schedule(now + DIAL_RETRY, Event::Dial(id));
            }
            return None;
        }
        self.agents.link_mut(id).due = [Time::EPOCH; 2];
        for to_offering in [true, false] {
            self.schedule_transfer(id, to_offering, host);
        }
        None
    }

    /// The consumer's controller dials, where it is not connected.
    pub(crate) fn dial(&mut self, id: LinkId, host: &mut dyn Host) -> Option<Step> {
        if self.link(id).connected {
            return None;
        }
        if let Some((error, cause)) = self.agents.timing().link_refusal(id) {
            self.agents.link_mut(id).down_by = cause;
            return self.dialled(id, Err(error), host);
        }
        Some(Step::Dial { link: id })
    }

    /// A link's path carries again: what waits is delivered, or the next dial succeeds.
    pub(crate) fn resume_link(&mut self, id: LinkId, host: &mut dyn Host) {
        let now = host.now();
        if self.agents.timing().link_refusal(id).is_some()
            || self.agents.timing().is_link_stalled(id)
        {
            return;
        }
        let link = self.link(id);
        if !link.connected {
            let waited = now.since(link.dialled_at).as_nanos();
            let dials = waited.div_ceil(DIAL_RETRY.as_nanos()).max(1);
            host.schedule(
                link.dialled_at + DIAL_RETRY * to_u32(dials),
                Event::Dial(id),
            );
            return;
        }
        for to_offering in [true, false] {
            self.schedule_transfer(id, to_offering, host);
        }
    }

    /// The consumer's controller loses its connection: the other side's bags stay as they were,
    /// and the newest state is delivered once it is back. It dials every 15 s.
    pub fn cut_link(&mut self, id: LinkId, error: ConnectionError, host: &mut dyn Host) {
        if self.link(id).connected {
            self.dialled(id, Err(error), host);
        }
    }

    /// Sends side `end` of a relation on, where the other side lives in another model: the bag
    /// and presence of `unit`, or the application's bag.
    pub(crate) fn send_if_cross_model(
        &mut self,
        id: RelationId,
        end: usize,
        unit: Option<UnitId>,
        host: &mut dyn Host,
    ) {
        let relation = self.relation(id);
        let Some(link) = relation.link else {
            return;
        };
        if self.application(relation.ends[end].application).kind == ApplicationKind::Local {
            let to_offering = self.link(link).consumer == id;
            if let Some(unit) = unit {
                self.agents.link_mut(link).changed[usize::from(to_offering)].insert(unit);
            }
            self.schedule_transfer(link, to_offering, host);
        }
    }

    /// Sends the life and suspension of a relation on.
    pub(crate) fn send_life_if_cross_model(&mut self, id: RelationId, host: &mut dyn Host) {
        if let Some(link) = self.relation(id).link {
            let to_offering = self.link(link).consumer == id;
            self.schedule_transfer(link, to_offering, host);
        }
    }

    fn schedule_transfer(&mut self, id: LinkId, to_offering: bool, host: &mut dyn Host) {
        let at = host.now()
            + self.agents.timing().travel_time(id)
            + self.agents.timing().link_losses(id, host.now());
        let link = self.agents.link_mut(id);
        let due = &mut link.due[usize::from(to_offering)];
        if link.connected && *due != at {
            *due = at;
            host.schedule(at, Event::Transfer(id, to_offering));
        }
    }

    /// A delivery arrives: the proxy side becomes what the local side was one latency ago.
    pub(crate) fn transfer(&mut self, id: LinkId, to_offering: bool, host: &mut dyn Host) {
        let link = self.link(id);
        if !link.connected || self.agents.timing().is_link_stalled(id) {
            return; // What waits is delivered once the link carries again.
        }
        let travel_time = self.agents.timing().travel_time(id);
        let (source, target) = self.halves(id, to_offering);
        self.copy_life(source, target, travel_time, host);
        let (source_end, proxy) = (self.local_end(source), self.proxy_end(target));
        self.copy_units(id, to_offering, host);
        let bag = self.relation(source).ends[source_end].bag.clone();
        let travelled = bag.changed_at + travel_time;
        let delivered = &mut self.agents.link_mut(id).delivered[usize::from(to_offering)];
        assert!(
            *delivered <= bag.version,
            "{id:?} delivered version {delivered} of a databag that has {}",
            bag.version
        );
        if travelled <= host.now() && bag.version != *delivered {
            *delivered = bag.version;
            let end = &mut self.agents.relation_mut(target).ends[proxy];
            end.bag.value = bag.value;
            end.bag.touch(host.now(), bag.cause);
            self.end_changed(target, proxy, None, host);
        }
    }

    fn copy_life(
        &mut self,
        source: RelationId,
        target: RelationId,
        travel_time: Span,
        host: &mut dyn Host,
    ) {
        let relation = self.relation(source);
        if relation.changed_at + travel_time > host.now() {
            return;
        }
        let (cause, life) = (relation.cause, relation.life);
        let (suspended, asked_at) = (relation.suspended, relation.suspended_at);
        if life != Life::Alive && self.relation(target).life == Life::Alive {
            self.remove_relation(target, cause, host);
        } else if asked_at > self.relation(target).suspended_at {
            self.set_suspended(target, suspended, asked_at, cause, host);
        }
    }

    fn copy_units(&mut self, id: LinkId, to_offering: bool, host: &mut dyn Host) {
        let now = host.now();
        let (source, target) = self.halves(id, to_offering);
        let (source_end, proxy) = (self.local_end(source), self.proxy_end(target));
        let travel_time = self.agents.timing().travel_time(id);
        let changed =
            std::mem::take(&mut self.agents.link_mut(id).changed[usize::from(to_offering)]);
        let mut later = BTreeSet::new();
        for unit in changed {
            let member = self.relation(source).ends[source_end].units.get(&unit);
            let member = member
                .expect("a unit that changed is or was in scope")
                .clone();
            if member.bag.changed_at.max(member.moved_at) + travel_time > now {
                later.insert(unit);
                continue;
            }
            let far = self.proxy_unit(self.relation(target).ends[proxy].application, unit);
            let end = &mut self.agents.relation_mut(target).ends[proxy];
            let copy = end.units.entry(far).or_insert_with(|| ScopeMember {
                bag: Versioned::default(),
                in_scope: false,
                moved_at: now,
                cause: member.cause,
            });
            let (bag, moves) = (
                copy.bag.value != member.bag.value,
                copy.in_scope != member.in_scope,
            );
            if bag {
                copy.bag.value = member.bag.value;
                copy.bag.touch(now, member.bag.cause);
            }
            if moves {
                copy.in_scope = member.in_scope;
                copy.moved_at = now;
                copy.cause = member.cause;
            }
            if bag || moves {
                self.end_changed(target, proxy, Some(far), host);
            }
        }
        self.agents.link_mut(id).changed[usize::from(to_offering)] = later;
    }

    /// The proxy of a unit: same number, name of the proxy application.
    fn proxy_unit(&mut self, application: ApplicationId, of: UnitId) -> UnitId {
        let number = self.unit(of).number;
        let mut known = self.application(application).units.iter().copied();
        let found = known.find(|id| self.unit(*id).number == number);
        let id = found.unwrap_or_else(|| self.agents.create_unit(application, number, None, None));
        self.agents.unit_mut(id).address = self.unit(of).address.clone();
        id
    }
}

impl Topology {
    /// Whether nothing is under way between the two sides, and nothing waits to be.
    pub(crate) fn has_delivered_everything(&self, id: LinkId, now: Time) -> bool {
        let link = self.link(id);
        let relation = self.relation(link.consumer);
        let over = relation.life != Life::Alive || relation.suspended;
        let nothing_waits = |(to_offering, from): (usize, RelationId)| {
            let version = self.relation(from).ends[self.local_end(from)].bag.version;
            link.changed[to_offering].is_empty() && link.delivered[to_offering] == version
        };
        let sides = [(0, link.offering), (1, link.consumer)];
        let delivered = link.connected && sides.into_iter().all(nothing_waits);
        link.due.iter().all(|at| *at <= now) && (over || delivered)
    }
}

impl Topology {
    /// The relation that a delivery comes from, and the one that it is for.
    fn halves(&self, id: LinkId, to_offering: bool) -> (RelationId, RelationId) {
        let link = self.link(id);
        match to_offering {
            true => (link.consumer, link.offering),
            false => (link.offering, link.consumer),
        }
    }

    /// The side of one half of a link that is in its own model.
    fn local_end(&self, id: RelationId) -> usize {
        let mut ends = self.relation(id).ends.iter();
        let is_local = |end: &End| self.application(end.application).kind == ApplicationKind::Local;
        let local = ends.position(is_local);
        assert!(
            self.relation(id).ends.len() == 2 && !ends.any(is_local),
            "{id:?} is half of a link: one of its two sides is the proxy of another model's"
        );
        local.expect("a model takes part in its half of a link")
    }

    /// The side that is the proxy of an application of the other model.
    fn proxy_end(&self, id: RelationId) -> usize {
        1 - self.local_end(id)
    }
}
