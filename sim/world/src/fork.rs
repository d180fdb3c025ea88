//! Another future of a world: a copy of it as it is, in which something more is done from now on. Must
//! not know why it is asked for.

use std::sync::Arc;
use trustsim_model::{ActionIndex, Deployment, OfferSpec, SaasSpec, TiSlice, TiVec, TimedAction};

use super::simulation::Simulation;
use trustsim_kernel::Span;

/// What is done in another future and not in this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Additions {
    /// `juju offer`, at once. The first gets the index after those of the [`Deployment`].
    pub offers: Vec<OfferSpec>,
    /// `juju consume`, at once, after the offers.
    pub saas: Vec<SaasSpec>,
    /// Each at its time; what is past happens at once.
    pub actions: Vec<TimedAction>,
}

impl Additions {
    /// What a deployment has that another has not: `later` is `base` with offers and SAAS behind
    /// its own and with actions between its own.
    pub fn between(base: &Deployment, later: &Deployment) -> Self {
        let mut own = base.actions.iter().peekable();
        let is_new = |timed: &&TimedAction| own.next_if(|known| known == timed).is_none();
        let additions = Self {
            offers: added(&base.offers, &later.offers),
            saas: added(&base.saas, &later.saas),
            actions: later.actions.iter().filter(is_new).cloned().collect(),
        };
        assert!(
            own.next().is_none(),
            "a later deployment has every action of its base, in order"
        );
        additions
    }
}

impl Simulation {
    /// Another future of this one: a copy in which these actions happen too, and which may be
    /// played for `duration` from the start.
    #[must_use]
    pub fn fork(&self, actions: Vec<TimedAction>, duration: Span) -> Self {
        let mut fork = self.fork_with(Additions {
            actions,
            ..Additions::default()
        });
        fork.world_mut().set_duration(duration);
        fork
    }

    /// The world of another deployment at this instant, where it is as if that had been played from its start: this one's,
    /// with other actions among its own and played for longer. `None` where it may be another world already.
    ///
    /// # Panics
    ///
    /// Where the plan of the other deployment lacks an action of this one's.
    pub fn replanned(&self, planned: &Arc<Deployment>) -> Option<Self> {
        let own = self.deployment();
        let offers = [own.offers.len(), own.saas.len()];
        if offers != [planned.offers.len(), planned.saas.len()]
            || (own.duration != planned.duration && self.world().has_looked_at_end(self.now()))
        {
            return None;
        }
        let (moved, added) = places(&own.actions, &planned.actions);
        let is_later = |index: &ActionIndex| self.now() < own.start + planned.actions[*index].at;
        if !added.iter().all(is_later) || !come_last(&moved, &added, planned) {
            return None;
        }
        let mut other = self.clone();
        other.plan_anew(Arc::clone(planned), &moved, &added);
        Some(other)
    }

    /// Another future of this one, as long as this.
    #[must_use]
    pub fn fork_with(&self, additions: Additions) -> Self {
        let mut fork = self.clone();
        fork.world_mut()
            .add_offers(&additions.offers, &additions.saas);
        for action in additions.actions {
            fork.plan(action);
        }
        fork
    }
}

/// Where the actions of a plan are in a later one, and what that has more.
fn places(
    base: &TiSlice<ActionIndex, TimedAction>,
    later: &TiSlice<ActionIndex, TimedAction>,
) -> (TiVec<ActionIndex, ActionIndex>, Vec<ActionIndex>) {
    let mut own = base.iter().peekable();
    let (mut moved, mut added) = (TiVec::new(), Vec::new());
    for (index, timed) in later.iter_enumerated() {
        match own.next_if(|known| *known == timed) {
            Some(_) => moved.push(index),
            None => added.push(index),
        }
    }
    assert!(
        own.next().is_none(),
        "a later plan has every action of its base, in order"
    );
    (moved, added)
}

/// Whether what is added comes after what is done at the same instant anyhow, as it does where it is added to a world.
fn come_last(
    moved: &TiSlice<ActionIndex, ActionIndex>,
    added: &[ActionIndex],
    planned: &Deployment,
) -> bool {
    let at = |index: &ActionIndex| planned.actions[*index].at;
    added.iter().all(|new| {
        let mut after = moved.iter().filter(|known| *known > new);
        after.all(|known| at(new) < at(known))
    })
}

/// What a later deployment lists behind what its base has.
fn added<K, V: Clone>(base: &TiSlice<K, V>, later: &TiSlice<K, V>) -> Vec<V> {
    later.iter().skip(base.len()).cloned().collect()
}
