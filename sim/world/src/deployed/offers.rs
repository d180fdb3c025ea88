//! Relations through offers: which offer a link was made through, by which user, and whether that user
//! may still consume it.

use std::collections::BTreeSet;

use super::Deployed;
use crate::event::Event;
use crate::journal::JournalWriter;
use trustsim_juju::{ApplicationId, LinkId, RelationId};
use trustsim_kernel::{Agenda, Seq};
use trustsim_model::{OfferIndex, Refusal, SaasIndex, Side};

/// Offers and the users who may not consume them any more.
#[derive(Clone, Debug, Default)]
pub(super) struct RevokedAccess(BTreeSet<(OfferIndex, String)>);

impl Deployed {
    /// `juju integrate`; Juju's refusal goes into the journal.
    pub(crate) fn integrate(
        &mut self,
        sides: &[Side; 2],
        cause: Seq,
        journal: &mut JournalWriter,
        agenda: &mut Agenda<Event>,
    ) -> Option<RelationId> {
        let ends = self.ends_of(sides);
        let made = self.in_juju(journal, agenda, |juju, host| {
            juju.relations_mut().integrate(ends, Some(cause), host)
        });
        match made {
            Ok(relation) => Some(relation),
            Err(error) => {
                journal.refused(Refusal::Integrate(error), cause, agenda.now());
                None
            }
        }
    }

    /// A user may not consume an offer any more, or may again.
    pub(crate) fn set_revoked(&mut self, offer: OfferIndex, user: &str, is_revoked: bool) {
        let access = (offer, user.to_owned());
        if is_revoked {
            self.revoked.0.insert(access);
        } else {
            self.revoked.0.remove(&access);
        }
    }

    /// Whether the access under which a relation was made is revoked now.
    pub(crate) fn is_revoked(&self, link: LinkId) -> bool {
        let (Some(offer), Some(user)) = (self.offer_of(link), self.user_of(link)) else {
            return false;
        };
        self.revoked.0.contains(&(offer, user.to_owned()))
    }

    /// The link that a relation between two sides goes through.
    pub(crate) fn link_between(&self, sides: &[Side; 2]) -> Option<LinkId> {
        let relation = self.juju.relation_between(self.ends_of(sides))?;
        self.juju.relation(relation).link
    }

    /// Links that were made through an offer by one user.
    pub(crate) fn links_of(&self, offer: OfferIndex, user: &str) -> Vec<LinkId> {
        let links = self.juju.links().map(|(id, _)| id);
        let is_it = |link: &LinkId| {
            self.offer_of(*link) == Some(offer) && self.user_of(*link) == Some(user)
        };
        links.filter(is_it).collect()
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
}
