//! What strikes offers and relations through them.

use super::Strike;
use crate::kernel::Span;
use crate::world::{Action, OfferAction, Side};

/// Something that strikes an offer or a relation through one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfferFault {
    /// A relation is suspended.
    Suspend {
        /// The consuming model.
        model: usize,
        /// Both sides there, provider first.
        sides: [Side; 2],
        /// Until it is resumed; `None` for good.
        lasts: Option<Span>,
    },
    /// A suspended relation is resumed.
    Resume {
        /// The consuming model.
        model: usize,
        /// Both sides there, provider first.
        sides: [Side; 2],
    },
    /// An offer goes.
    Remove {
        /// Which.
        offer: usize,
        /// With the relations through it.
        force: bool,
    },
    /// A user may not consume it any more.
    Revoke {
        /// Which.
        offer: usize,
        /// Owner of consuming models.
        user: String,
        /// Until access is granted and the relations are resumed; `None` for good.
        lasts: Option<Span>,
    },
}

impl OfferFault {
    pub(super) fn strike(self) -> Strike {
        let (action, mended) = match self {
            Self::Suspend {
                model,
                sides,
                lasts,
            } => {
                let resume = OfferAction::Resume {
                    model,
                    sides: sides.clone(),
                };
                let mended = lasts.map(|lasts| (lasts, resume));
                (OfferAction::Suspend { model, sides }, mended)
            }
            Self::Resume { model, sides } => (OfferAction::Resume { model, sides }, None),
            Self::Remove { offer, force } => (OfferAction::Remove { offer, force }, None),
            Self::Revoke { offer, user, lasts } => {
                let grant = OfferAction::Grant {
                    offer,
                    user: user.clone(),
                };
                let mended = lasts.map(|lasts| (lasts, grant));
                (OfferAction::Revoke { offer, user }, mended)
            }
        };
        Strike {
            action: Action::Offer(action),
            mended: mended.map(|(after, action)| (after, Action::Offer(action))),
        }
    }
}
