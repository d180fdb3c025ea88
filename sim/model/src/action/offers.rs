//! What happens to offers and to relations through them.

use super::ActionTarget;
use super::inverse::same_relation;
use crate::deployment::{Deployment, Party, Side};
use crate::index::{ModelIndex, OfferIndex};

/// Something an operator does to an offer or to a relation through one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfferAction {
    /// `juju suspend-relation`, in the offering model.
    Suspend {
        /// The consuming model.
        model: ModelIndex,
        /// Both sides there, provider first; one is a SAAS.
        sides: [Side; 2],
    },
    /// `juju resume-relation`.
    Resume {
        /// The consuming model.
        model: ModelIndex,
        /// Both sides there, provider first; one is a SAAS.
        sides: [Side; 2],
    },
    /// `juju remove-offer`.
    Remove {
        /// Offer index.
        offer: OfferIndex,
        /// `--force`: with the relations through it.
        force: bool,
    },
    /// `juju revoke USER consume OFFER`.
    Revoke {
        /// Offer index.
        offer: OfferIndex,
        /// Owner of consuming models.
        user: String,
    },
    /// `juju grant USER consume OFFER`, and the relations are resumed.
    Grant {
        /// Offer index.
        offer: OfferIndex,
        /// Owner of consuming models.
        user: String,
    },
}

impl OfferAction {
    pub(super) fn inverse(&self) -> Option<Self> {
        match self {
            Self::Suspend { model, sides } => Some(Self::Resume {
                model: *model,
                sides: sides.clone(),
            }),
            Self::Revoke { offer, user } => Some(Self::Grant {
                offer: *offer,
                user: user.clone(),
            }),
            Self::Resume { .. } | Self::Remove { .. } | Self::Grant { .. } => None,
        }
    }

    pub(super) fn undoes(&self, earlier: &Self, deployment: &Deployment) -> bool {
        match (self, earlier) {
            (Self::Resume { sides, .. }, Self::Suspend { sides: of, .. }) => {
                same_relation(deployment, sides, of)
            }
            (
                Self::Grant { offer, user },
                Self::Revoke {
                    offer: of,
                    user: whose,
                },
            ) => offer == of && user == whose,
            _ => false,
        }
    }

    pub(super) fn to_command(&self, deployment: &Deployment) -> String {
        match self {
            Self::Suspend { sides, .. } => relation("suspend-relation", sides, deployment),
            Self::Resume { sides, .. } => relation("resume-relation", sides, deployment),
            Self::Remove { offer, force } => {
                let force = if *force { " --force" } else { "" };
                format!("juju remove-offer {}{force}", deployment.offer_url(*offer))
            }
            Self::Revoke { offer, user } => {
                let url = deployment.offer_url(*offer);
                format!("juju revoke {user} consume {url}")
            }
            Self::Grant { offer, user } => {
                let url = deployment.offer_url(*offer);
                format!("juju grant {user} consume {url}")
            }
        }
    }

    pub(super) fn target(&self, deployment: &Deployment) -> ActionTarget {
        match self {
            Self::Suspend { sides, .. } | Self::Resume { sides, .. } => {
                ActionTarget::Model(offering(sides, deployment).0)
            }
            Self::Remove { offer, .. } | Self::Revoke { offer, .. } | Self::Grant { offer, .. } => {
                ActionTarget::Application(deployment.offers[*offer].application)
            }
        }
    }
}

/// The offering model and the offered side of a relation through an offer.
///
/// # Panics
///
/// Where the relation goes through no offer.
pub fn offering(sides: &[Side; 2], deployment: &Deployment) -> (ModelIndex, String) {
    let offered = sides.iter().find_map(|side| match side.party {
        Party::Saas(index) => {
            let offer = &deployment.offers[deployment.saas[index].offer];
            let spec = &deployment.applications[offer.application];
            Some((spec.model, format!("{}:{}", spec.name, side.endpoint)))
        }
        _ => None,
    });
    offered.expect("only a relation through an offer is suspended or resumed")
}

/// The command takes the relation's number in the offering model; which one that is shows
/// `juju offers`. Here the consumer tells it apart.
fn relation(command: &str, sides: &[Side; 2], deployment: &Deployment) -> String {
    let (model, offered) = offering(sides, deployment);
    let consumer = sides.iter().find_map(|side| match side.party {
        Party::Application(index) => Some(format!(
            "{}:{}",
            deployment.application_address(index),
            side.endpoint
        )),
        _ => None,
    });
    format!(
        "juju {command} -m {} <id of {offered} with {}>",
        deployment.models[model].name,
        consumer.expect("one side of a relation through an offer is an application")
    )
}
