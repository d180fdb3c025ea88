//! `juju remove-application` (juju/juju 3.6 `state/application.go`, `DestroyApplicationOperation`): its relations end, its
//! units go, and its offers with them. Nothing is added to it from then on.

use trustsim_kernel::Seq;

use super::{OfferError, Relations};
use crate::{ApplicationId, Host, Life, Relation, RelationId, UnitId};

impl Relations<'_> {
    /// Removes an application: it is gone with its last unit and relation.
    ///
    /// # Errors
    ///
    /// [`OfferError::BehindConsumed`] where another model has a relation through one of its offers.
    pub fn remove_application(
        &mut self,
        application: ApplicationId,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> Result<(), OfferError> {
        self.check_unused(application)?;
        self.agents.application_mut(application).dying = true;
        let found = self.agents.application_mut(application);
        for (name, _) in std::mem::take(&mut found.offers) {
            self.terminate_consumers(application, &name);
        }
        for relation in self.application(application).relations.clone() {
            self.remove_relation(relation, cause, host);
        }
        let units: Vec<UnitId> = self.application(application).units.clone();
        for unit in units {
            self.remove_unit(unit, cause, host);
        }
        Ok(())
    }

    /// Refuses where another model uses one of its offers.
    fn check_unused(&self, application: ApplicationId) -> Result<(), OfferError> {
        let found = self.application(application);
        let mut offers = found.offers.iter();
        if offers.all(|(_, endpoints)| self.relations_through(application, endpoints).is_empty()) {
            return Ok(());
        }
        let crosses = |(_, relation): &(RelationId, &Relation)| {
            relation.model == found.model
                && relation.link.is_some()
                && relation.life != Life::Removed
        };
        Err(OfferError::BehindConsumed {
            application: found.name.to_string(),
            consumers: self.relations().filter(crosses).count(),
        })
    }
}
