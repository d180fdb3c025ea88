//! Another future of a world: a copy of it as it is, in which something more is done from now on. Must
//! not know why it is asked for.

use trustsim_model::{Deployment, OfferSpec, SaasSpec, TiSlice, TimedAction};

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

/// What a later deployment lists behind what its base has.
fn added<K, V: Clone>(base: &TiSlice<K, V>, later: &TiSlice<K, V>) -> Vec<V> {
    later.iter().skip(base.len()).cloned().collect()
}
