//! Faults of the TLS side: what is presented, what is trusted, how a port answers.

use super::Strike;
use crate::kernel::Span;
use crate::world::{Action, Answering, Revoked, TlsAction, TlsEdit};

/// One fault of a TLS side; indices point into the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// Somebody changes what is presented or trusted, and puts it right again after a while.
    Edit {
        /// What they change.
        edit: TlsEdit,
        /// Until it is put right; `None` for good.
        lasts: Option<Span>,
    },
    /// An authority publishes revocation lists.
    PublishLists {
        /// Application index of the CA.
        ca: usize,
        /// Whose certificates are revoked.
        revoked: Vec<Revoked>,
        /// How long a list is valid.
        valid: Span,
        /// How often there is a new one; only one where absent.
        every: Option<Span>,
        /// Until there are no new ones; `None` for good.
        lasts: Option<Span>,
    },
    /// Somebody has the key of a CA.
    Compromise {
        /// Application index of the CA.
        ca: usize,
    },
    /// A port answers without TLS for a while.
    Answers {
        /// The application.
        application: usize,
        /// One unit of it; every one where absent.
        unit: Option<u32>,
        /// What it does meanwhile.
        how: Answering,
        /// Until it speaks TLS again; `None` for good.
        lasts: Option<Span>,
    },
}

impl TlsFault {
    pub(super) fn strike(self) -> Strike {
        Strike {
            action: self.struck(),
            mended: self.mended(),
        }
    }

    fn struck(&self) -> Action {
        Action::Tls(match self {
            Self::Edit { edit, .. } => TlsAction::Edit(edit.clone()),
            Self::PublishLists {
                ca,
                revoked,
                valid,
                every,
                ..
            } => TlsAction::PublishLists {
                ca: *ca,
                revoked: revoked.clone(),
                valid: *valid,
                every: *every,
            },
            Self::Compromise { ca } => TlsAction::Compromise { ca: *ca },
            Self::Answers {
                application,
                unit,
                how,
                ..
            } => TlsAction::Answer {
                application: *application,
                unit: *unit,
                how: *how,
            },
        })
    }

    /// What happens when it ends, and how long after it struck.
    fn mended(&self) -> Option<(Span, Action)> {
        let (action, lasts) = match self {
            Self::Edit { edit, lasts } => (TlsAction::Undo(edit.clone()), lasts),
            Self::PublishLists { ca, lasts, .. } => (TlsAction::StopLists { ca: *ca }, lasts),
            // What somebody knows they know for good.
            Self::Compromise { .. } => return None,
            Self::Answers {
                application,
                unit,
                lasts,
                ..
            } => {
                let answer = TlsAction::Answer {
                    application: *application,
                    unit: *unit,
                    how: Answering::Tls,
                };
                (answer, lasts)
            }
        };
        lasts.map(|lasts| (lasts, Action::Tls(action)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_is_put_right_and_what_does_not_stays() {
        let plain = |lasts| TlsFault::Answers {
            application: 3,
            unit: None,
            how: Answering::PlainText,
            lasts,
        };
        let answer = |how| {
            Action::Tls(TlsAction::Answer {
                application: 3,
                unit: None,
                how,
            })
        };
        let hour = Span::from_secs(3600);
        let lasting = plain(Some(hour));
        assert_eq!(lasting.struck(), answer(Answering::PlainText));
        assert_eq!(lasting.mended(), Some((hour, answer(Answering::Tls))));
        assert_eq!(plain(None).mended(), None);
    }
}
