//! What happens to offers and to relations through them.

use super::inverse::same_relation;
use super::{ActionTarget, Instruction, juju};
use crate::command_line::CommandLine;
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

    pub(super) fn to_command(&self, deployment: &Deployment) -> Instruction {
        let typed = match self {
            Self::Suspend { sides, .. } => relation("suspend-relation", sides, deployment),
            Self::Resume { sides, .. } => relation("resume-relation", sides, deployment),
            Self::Remove { offer, force } => {
                let url = deployment.offer_url(*offer);
                juju(["remove-offer", &url]).and_flag("--force", *force)
            }
            Self::Revoke { offer, user } => {
                juju(["revoke", user, "consume", &deployment.offer_url(*offer)])
            }
            Self::Grant { offer, user } => {
                juju(["grant", user, "consume", &deployment.offer_url(*offer)])
            }
        };
        typed.into()
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
/// `juju offers`. Here the consumer tells it apart, in one word that Juju refuses unless it is replaced.
fn relation(command: &str, sides: &[Side; 2], deployment: &Deployment) -> CommandLine {
    let (model, offered) = offering(sides, deployment);
    let consumer = sides.iter().find_map(|side| match side.party {
        Party::Application(index) => Some(format!(
            "{}:{}",
            deployment.application_address(index),
            side.endpoint
        )),
        _ => None,
    });
    let consumer = consumer.expect("one side of a relation through an offer is an application");
    juju([command, "-m", &deployment.models[model].name])
        .and(format_args!("<id of {offered} with {consumer}>"))
}
