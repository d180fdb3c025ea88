//! Carrying out what an operator does to offers and to relations through them.

use super::Commands;
use trustsim_juju::RelationId;
use trustsim_model::{OfferAction, OfferIndex, Refusal, Side};

impl Commands<'_> {
    pub(crate) fn act_on_offers(&mut self, action: &OfferAction) {
        match action {
            OfferAction::Suspend { sides, .. } => self.suspend(sides, true),
            OfferAction::Resume { sides, .. } => self.suspend(sides, false),
            OfferAction::Remove { offer, force } => {
                let offer = &self.deployed.spec().offers[*offer];
                let application = self.deployed.id(offer.application);
                let (name, entry) = (offer.name.clone(), self.entry);
                let refused = self.in_juju(|juju, host| {
                    juju.relations_mut()
                        .remove_offer(application, &name, *force, Some(entry), host)
                });
                if let Err(error) = refused {
                    self.refused(Refusal::Offer(error));
                }
            }
            OfferAction::Revoke { offer, user } => {
                self.deployed.set_revoked(*offer, user, true);
                self.suspend_all(*offer, user, true);
            }
            OfferAction::Grant { offer, user } => {
                self.deployed.set_revoked(*offer, user, false);
                self.suspend_all(*offer, user, false);
            }
        }
    }

    /// The offering half of the relation is suspended or resumed; the other follows.
    fn suspend(&mut self, sides: &[Side; 2], suspended: bool) {
        let Some(link) = self.deployed.link_between(sides) else {
            return self.refused(Refusal::NoSuchRelation);
        };
        if !suspended && self.deployed.is_revoked(link) {
            // juju/juju 3.6 `apiserver/facades/client/application`, `SetRelationsSuspended`.
            return self.refused(Refusal::PermissionDenied);
        }
        let relation = self.deployed.juju().link(link).offering;
        self.set_suspended(relation, suspended);
    }

    fn set_suspended(&mut self, relation: RelationId, suspended: bool) {
        let entry = self.entry;
        self.in_juju(|juju, host| {
            if suspended {
                juju.relations_mut()
                    .suspend_relation(relation, Some(entry), host);
            } else {
                juju.relations_mut()
                    .resume_relation(relation, Some(entry), host);
            }
        });
    }

    /// Revoking access suspends the user's relations at once, unless the user is an admin of the
    /// offering model; they stay so until they are resumed (juju/juju 3.6
    /// `state/applicationofferuser.go`, `suspendRevokedRelationsOps`).
    fn suspend_all(&mut self, offer: OfferIndex, user: &str, suspended: bool) {
        let links = self.deployed.links_of(offer, user);
        if links.is_empty() && suspended {
            self.refused(Refusal::OfferNotUsed);
        }
        for link in links {
            let relation = self.deployed.juju().link(link).offering;
            self.set_suspended(relation, suspended);
        }
    }

    /// A new relation through an offer that its user may not consume is suspended at once.
    pub(super) fn suspend_if_revoked(&mut self, relation: RelationId) {
        let juju = self.deployed.juju();
        if let Some(link) = juju.relation(relation).link
            && self.deployed.is_revoked(link)
        {
            self.set_suspended(juju.link(link).offering, true);
        }
    }
}
