//! Carrying out what an operator does to offers and to relations through them.

use std::collections::BTreeSet;

use crate::simulation::{Event, World};
use trustsim_juju::{ApplicationId, LinkId, RelationId};
use trustsim_kernel::{Agenda, Seq};
use trustsim_model::{OfferAction, OfferIndex, Refusal, SaasIndex, Side};

/// Offers and the users who may not consume them any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct RevokedAccess(BTreeSet<(OfferIndex, String)>);

impl World {
    pub(super) fn act_on_offers(
        &mut self,
        action: &OfferAction,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        match action {
            OfferAction::Suspend { sides, .. } => self.suspend(sides, true, entry, agenda),
            OfferAction::Resume { sides, .. } => self.suspend(sides, false, entry, agenda),
            OfferAction::Remove { offer, force } => {
                let offer = &self.deployment.offers[*offer];
                let application = self.applications[offer.application];
                let name = offer.name.clone();
                let refused = self.in_juju(agenda, |juju, desk| {
                    juju.relations_mut()
                        .remove_offer(application, &name, *force, Some(entry), desk)
                });
                if let Err(error) = refused {
                    self.refused(Refusal::Offer(error), entry, agenda.now());
                }
            }
            OfferAction::Revoke { offer, user } => {
                self.revoked.0.insert((*offer, user.clone()));
                self.suspend_all(*offer, user, true, entry, agenda);
            }
            OfferAction::Grant { offer, user } => {
                self.revoked.0.remove(&(*offer, user.clone()));
                self.suspend_all(*offer, user, false, entry, agenda);
            }
        }
    }

    /// The offering half of the relation is suspended or resumed; the other follows.
    fn suspend(
        &mut self,
        sides: &[Side; 2],
        suspended: bool,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let Some(link) = self.link_between(sides) else {
            self.refused(Refusal::NoSuchRelation, entry, agenda.now());
            return;
        };
        let refused = !suspended && self.revoked_on(link);
        if refused {
            // juju/juju 3.6 `apiserver/facades/client/application`, `SetRelationsSuspended`.
            self.refused(Refusal::PermissionDenied, entry, agenda.now());
            return;
        }
        let relation = self.juju.link(link).offering;
        self.set_suspended(relation, suspended, entry, agenda);
    }

    fn set_suspended(
        &mut self,
        relation: RelationId,
        suspended: bool,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        self.in_juju(agenda, |juju, desk| {
            if suspended {
                juju.relations_mut()
                    .suspend_relation(relation, Some(entry), desk);
            } else {
                juju.relations_mut()
                    .resume_relation(relation, Some(entry), desk);
            }
        });
    }

    /// Revoking access suspends the user's relations at once, unless the user is an admin of the
    /// offering model; they stay so until they are resumed (juju/juju 3.6
    /// `state/applicationofferuser.go`, `suspendRevokedRelationsOps`).
    fn suspend_all(
        &mut self,
        offer: OfferIndex,
        user: &str,
        suspended: bool,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let links: Vec<LinkId> = self.juju.links().map(|(id, _)| id).collect();
        let mut hit = false;
        for link in links {
            if self.offer_of(link) == Some(offer) && self.user_of(link) == Some(user) {
                hit = true;
                let relation = self.juju.link(link).offering;
                self.set_suspended(relation, suspended, entry, agenda);
            }
        }
        if !hit && suspended {
            self.refused(Refusal::OfferNotUsed, entry, agenda.now());
        }
    }

    fn link_between(&self, sides: &[Side; 2]) -> Option<LinkId> {
        let [first, second] = sides.each_ref().map(|side| self.application_of(side));
        let pair = [
            (first, sides[0].endpoint.as_str()),
            (second, sides[1].endpoint.as_str()),
        ];
        let relation = self.juju.relation_between(pair)?;
        self.juju.relation(relation).link
    }

    /// Whether the access under which a relation was made is revoked now.
    pub(super) fn revoked_on(&self, link: LinkId) -> bool {
        let (Some(offer), Some(user)) = (self.offer_of(link), self.user_of(link)) else {
            return false;
        };
        self.revoked.0.contains(&(offer, user.to_owned()))
    }

    /// The SAAS on the consumer's side.
    fn saas_of(&self, link: LinkId) -> Option<SaasIndex> {
        let relation = self.juju.relation(self.juju.link(link).consumer);
        let is_end = |id: &ApplicationId| relation.ends.iter().any(|end| end.application == *id);
        self.saas.position(is_end)
    }

    fn offer_of(&self, link: LinkId) -> Option<OfferIndex> {
        Some(self.deployment.saas[self.saas_of(link)?].offer)
    }

    /// Who consumed: the owner of the consuming model.
    fn user_of(&self, link: LinkId) -> Option<&str> {
        let saas = &self.deployment.saas[self.saas_of(link)?];
        Some(&self.deployment.models[saas.model].owner)
    }

    /// A new relation through an offer that its user may not consume is suspended at once.
    pub(super) fn suspend_if_revoked(
        &mut self,
        relation: RelationId,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        if let Some(link) = self.juju.relation(relation).link
            && self.revoked_on(link)
        {
            self.set_suspended(self.juju.link(link).offering, true, entry, agenda);
        }
    }
}
