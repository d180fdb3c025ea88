//! What the network does to each connection now: refuses it, hangs it, delays it. Reads only.

use crate::network::{Impairment, NetworkPath};
use crate::timing::Timing;
use crate::{ConnectionError, ControllerId, Life, LinkId, ModelId, RelationId, Topology, UnitId};
use trustsim_kernel::{Seq, Span, Time};

const PURPOSE_LOSS: u64 = 0x6c6f_7373;

/// Agents.
impl Timing<'_> {
    /// Whether a controller's API server is down.
    pub(crate) fn is_down(&self, controller: ControllerId) -> bool {
        self.network.down_by(controller).is_some()
    }

    /// What took down the controller of a model; `None` where it answers.
    pub(crate) fn down_by(&self, model: ModelId) -> Option<Option<Seq>> {
        self.network.down_by(self.model(model).controller)
    }

    /// Why a dial of an agent fails now, whatever its back-off.
    pub(crate) fn agent_refusal(&self, unit: UnitId) -> Option<(ConnectionError, Option<Seq>)> {
        self.network.refusal(|path| self.is_on(path, unit))
    }

    /// Whether an agent's calls hang.
    pub(crate) fn is_agent_stalled(&self, unit: UnitId) -> bool {
        !self.network.is_healthy() && self.network.is_silent(|path| self.is_on(path, unit))
    }

    /// Whether a unit's agent hears of an action that an operator runs.
    pub(crate) fn answers(&self, unit: UnitId) -> bool {
        self.agent_of(unit).connected && !self.is_agent_stalled(unit)
    }
}

/// Links.
impl Timing<'_> {
    /// Why the consumer's controller cannot reach the offering one now.
    pub(crate) fn link_refusal(&self, link: LinkId) -> Option<(ConnectionError, Option<Seq>)> {
        let found = self.link(link);
        self.network
            .refusal(|path| path.is_between(found.from, found.to))
    }

    /// Whether nothing passes on a link, and neither side knows.
    pub(crate) fn is_link_stalled(&self, link: LinkId) -> bool {
        let found = self.link(link);
        self.network
            .is_silent(|path| path.is_between(found.from, found.to))
    }

    /// What delay and loss there is between the controllers of a link.
    fn link_impairment(&self, link: LinkId) -> Option<Impairment> {
        let found = self.link(link);
        let is_on = |path: NetworkPath| path.is_between(found.from, found.to);
        self.network.impairment(Time::MAX, is_on)
    }

    /// How much longer a delivery takes that leaves now, for all that delays the link.
    fn link_delay(&self, link: LinkId) -> Span {
        self.link_impairment(link)
            .map_or(Span::ZERO, |impairment| impairment.delay)
    }

    /// How long what leaves now is sent again and again before it arrives.
    pub(crate) fn link_losses(&self, link: LinkId, now: Time) -> Span {
        match self.link_impairment(link) {
            Some(Impairment { loss_percent, .. }) if loss_percent > 0 => {
                self.resend_delay(PURPOSE_LOSS, u64::from(link.0) << 8, now, loss_percent)
            }
            _ => Span::ZERO,
        }
    }

    /// What keeps a relation from carrying anything now.
    pub(crate) fn relation_hindrance(&self, id: RelationId) -> Option<Seq> {
        let relation = self.relation(id);
        if relation.suspended || relation.life != Life::Alive {
            return relation.cause;
        }
        let link = self.link(relation.link?);
        let is_on = |path: NetworkPath| path.is_between(link.from, link.to);
        link.down_by.or(self.network.first_cause(is_on))
    }

    /// How long a delivery takes that leaves now and is not lost.
    pub(crate) fn travel_time(&self, id: LinkId) -> Span {
        self.latencies.watch + self.latencies.cross_model + self.link_delay(id)
    }
}

impl Topology {
    /// Whether a unit's agent reaches its controller over this path.
    pub(crate) fn is_on(&self, path: NetworkPath, unit: UnitId) -> bool {
        let model = || self.application(self.unit(unit).application).model;
        match path {
            NetworkPath::Controller(id) => id == self.model(model()).controller,
            NetworkPath::Agents(id) => id == model(),
            NetworkPath::Agent(id) => id == unit,
            NetworkPath::Controllers(..) => false,
        }
    }

    pub(crate) fn links_on(&self, path: NetworkPath) -> Vec<LinkId> {
        let on = |(_, link): &(LinkId, &crate::Link)| path.is_between(link.from, link.to);
        self.links().filter(on).map(|(id, _)| id).collect()
    }

    pub(crate) fn units_on(&self, path: NetworkPath) -> Vec<UnitId> {
        let on = |id: &UnitId| self.is_on(path, *id);
        let units = self.units().filter(|(_, unit)| unit.agent.is_some());
        units.map(|(id, _)| id).filter(on).collect()
    }
}
