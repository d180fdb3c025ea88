//! What can be done to the TLS side of a unit or client by hand: to the files it serves, to what it
//! trusts, to how its port answers. Part of the one vocabulary of actions; the world carries these
//! out in `tampering`.

use super::deployment::Deployment;
use crate::index::{ApplicationIndex, ClientIndex};
use trustsim_kernel::Span;

/// One thing done to a TLS side. Indices point into the [`Deployment`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsAction {
    /// A change by hand.
    Edit(TlsEdit),
    /// What a change by hand changed is put back, where it is still as it was left.
    Undo(TlsEdit),
    /// How a port answers.
    Answer {
        /// Application index.
        application: ApplicationIndex,
        /// Unit number; every unit where absent.
        unit: Option<u32>,
        /// What it does from now on.
        how: Answering,
    },
    /// An authority publishes a revocation list.
    PublishLists {
        /// Application index of the CA.
        ca: ApplicationIndex,
        /// Whose certificates it revokes, beside those it revoked before.
        revoked: Vec<Revoked>,
        /// How long a list is valid.
        valid: Span,
        /// How often it publishes a new one; never again where absent.
        every: Option<Span>,
    },
    /// An authority publishes no new list.
    StopLists {
        /// Application index of the CA.
        ca: ApplicationIndex,
    },
    /// An attacker has the key of an application's present CA.
    Compromise {
        /// Application index of the CA.
        ca: ApplicationIndex,
    },
}

/// Whose certificates are revoked: all they have been given so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Application index.
    pub application: ApplicationIndex,
    /// Unit number; every unit, and the application itself, where absent.
    pub unit: Option<u32>,
}

/// A change made by hand. The process has it at once; a charm that writes the same
/// file later puts its own content there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsEdit {
    /// What a unit presents is another thing.
    Tamper {
        /// Application index.
        application: ApplicationIndex,
        /// Unit number; every unit where absent.
        unit: Option<u32>,
        /// The endpoint that the certificate came over; every one where absent.
        endpoint: Option<String>,
        /// What is done.
        how: Tampering,
    },
    /// Something comes into a trust store.
    Trust {
        /// Whose.
        whose: Store,
        /// What.
        added: Added,
    },
    /// CAs of an application are put on the block list of a trust store: they count no longer,
    /// whatever brings them.
    Distrust {
        /// Whose.
        whose: Store,
        /// Application index of the CA.
        ca: ApplicationIndex,
    },
}

/// Whose trust store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// Units'.
    Units {
        /// Application index.
        application: ApplicationIndex,
        /// Unit number; every unit where absent.
        unit: Option<u32>,
    },
    /// A client's outside Juju.
    Client(ClientIndex),
}

/// What comes into a trust store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// The present CA of an application.
    Authority(ApplicationIndex),
    /// Roots that no part of the deployment uses.
    Unrelated(u32),
    /// Roots with the name of the present CA of an application, and other keys. They come before
    /// what was there, as the file that sorts first.
    Namesakes {
        /// Application index of the CA.
        of: ApplicationIndex,
        /// How many.
        count: u32,
    },
    /// A damaged block at the end of every file of the store.
    Garbage,
}

/// What is done to a presented chain or its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tampering {
    /// The certificate without its issuers.
    LeafOnly,
    /// The issuers in the wrong order behind the certificate.
    Reversed,
    /// The whole file the wrong way round, the root first.
    RootFirst,
    /// The key is another one.
    WrongKey,
    /// The same CA's certificate for clients only.
    ClientCertificate,
    /// The same CA's certificate for another name.
    WrongName,
    /// The same CA's certificate with a common name and no alternative name.
    CommonNameOnly,
    /// The same CA's certificate that ended a day ago.
    Expired,
    /// The same CA's certificate that begins in a day.
    NotYetValid,
    /// A certificate that signs itself for the same names.
    SelfSigned,
    /// The signature has a bit turned over.
    BadSignature,
    /// No certificate at all: bytes.
    Garbage,
}

impl Tampering {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::LeafOnly,
        Self::Reversed,
        Self::RootFirst,
        Self::WrongKey,
        Self::ClientCertificate,
        Self::WrongName,
        Self::CommonNameOnly,
        Self::Expired,
        Self::NotYetValid,
        Self::SelfSigned,
        Self::BadSignature,
        Self::Garbage,
    ];

    /// Its name in scenario files.
    pub const fn kebab(self) -> &'static str {
        match self {
            Self::LeafOnly => "leaf-only",
            Self::Reversed => "reversed",
            Self::RootFirst => "root-first",
            Self::WrongKey => "wrong-key",
            Self::ClientCertificate => "client-certificate",
            Self::WrongName => "wrong-name",
            Self::CommonNameOnly => "common-name-only",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::SelfSigned => "self-signed",
            Self::BadSignature => "bad-signature",
            Self::Garbage => "garbage",
        }
    }

    /// What is presented afterwards, to follow "presents".
    const fn phrase(self) -> &'static str {
        match self {
            Self::LeafOnly => "its certificate without the issuers",
            Self::Reversed => "the issuers in the wrong order",
            Self::RootFirst => "its chain from the root down",
            Self::WrongKey => "a certificate for another key than its own",
            Self::ClientCertificate => "a certificate for clients only",
            Self::WrongName => "a certificate for another name",
            Self::CommonNameOnly => "a certificate with a common name only",
            Self::Expired => "an expired certificate",
            Self::NotYetValid => "a certificate that is not valid yet",
            Self::SelfSigned => "a self-signed certificate",
            Self::BadSignature => "a certificate with a damaged signature",
            Self::Garbage => "a file that is no certificate",
        }
    }
}

/// How a port answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answering {
    /// With TLS.
    #[default]
    Tls,
    /// In plain text.
    PlainText,
    /// By closing the connection in the middle of the handshake.
    HangUp,
}

impl TlsAction {
    pub(super) fn inverse(&self) -> Option<Self> {
        match self {
            Self::Edit(edit) => Some(Self::Undo(edit.clone())),
            Self::PublishLists { ca, .. } => Some(Self::StopLists { ca: *ca }),
            Self::Answer {
                application,
                unit,
                how: Answering::PlainText | Answering::HangUp,
            } => Some(Self::Answer {
                application: *application,
                unit: *unit,
                how: Answering::Tls,
            }),
            Self::Answer {
                how: Answering::Tls,
                ..
            }
            | Self::Undo(_)
            | Self::StopLists { .. }
            | Self::Compromise { .. } => None,
        }
    }

    pub(super) fn undoes(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::Undo(undone), Self::Edit(edit)) => undone == edit,
            (Self::StopLists { ca }, Self::PublishLists { ca: of, .. }) => ca == of,
            (
                Self::Answer {
                    application, unit, ..
                },
                Self::Answer {
                    application: of,
                    unit: which,
                    ..
                },
            ) => application == of && (unit.is_none() || unit == which),
            _ => false,
        }
    }

    /// A plain phrase: there is no `juju` command for it.
    pub(super) fn to_phrase(&self, deployment: &Deployment) -> String {
        match self {
            Self::Edit(edit) => edit.to_phrase(deployment),
            Self::Undo(edit) => format!("put right again: {}", edit.to_phrase(deployment)),
            Self::Answer {
                application,
                unit,
                how,
            } => {
                let whose = units(deployment, *application, *unit);
                match how {
                    Answering::Tls => format!("{whose} speaks TLS again"),
                    Answering::PlainText => format!("{whose} answers in plain text"),
                    Answering::HangUp => format!("{whose} closes connections at once"),
                }
            }
            Self::PublishLists { ca, revoked, .. } => {
                let ca = deployment.application_address(*ca);
                let names = revoked
                    .iter()
                    .map(|one| units(deployment, one.application, one.unit));
                match names.collect::<Vec<_>>().as_slice() {
                    [] => format!("{ca} publishes a revocation list"),
                    names => {
                        format!(
                            "{ca} publishes a revocation list that names {}",
                            names.join(", ")
                        )
                    }
                }
            }
            Self::StopLists { ca } => {
                let ca = deployment.application_address(*ca);
                format!("{ca} publishes no new revocation list")
            }
            Self::Compromise { ca } => {
                let ca = deployment.application_address(*ca);
                format!("an attacker has the key of the CA of {ca}")
            }
        }
    }

    /// The application it is about; none for a client's.
    pub(super) const fn application(&self) -> Option<ApplicationIndex> {
        match self {
            Self::Answer { application, .. } => Some(*application),
            Self::PublishLists { ca, .. } | Self::StopLists { ca } | Self::Compromise { ca } => {
                Some(*ca)
            }
            Self::Edit(edit) | Self::Undo(edit) => match edit {
                TlsEdit::Tamper { application, .. } => Some(*application),
                TlsEdit::Trust { whose, .. } | TlsEdit::Distrust { whose, .. } => match whose {
                    Store::Units { application, .. } => Some(*application),
                    Store::Client(_) => None,
                },
            },
        }
    }
}

impl TlsEdit {
    fn to_phrase(&self, deployment: &Deployment) -> String {
        match self {
            Self::Tamper {
                application,
                unit,
                endpoint,
                how,
            } => {
                let whose = units(deployment, *application, *unit);
                let endpoint = endpoint.as_ref();
                let endpoint = endpoint.map_or(String::new(), |name| format!(":{name}"));
                format!("{whose}{endpoint} presents {}", how.phrase())
            }
            Self::Trust { whose, added } => {
                let what = match added {
                    Added::Authority(ca) => {
                        format!("the CA of {}", deployment.application_address(*ca))
                    }
                    Added::Unrelated(1) => "an unrelated root".to_owned(),
                    Added::Unrelated(count) => format!("{count} unrelated roots"),
                    Added::Namesakes { of, count } => format!(
                        "{count} roots with the name of the CA of {}",
                        deployment.application_address(*of)
                    ),
                    Added::Garbage => "a damaged block in each of its files".to_owned(),
                };
                format!("trust store of {} gets {what}", whose.name(deployment))
            }
            Self::Distrust { whose, ca } => format!(
                "{} distrusts the CA of {}",
                whose.name(deployment),
                deployment.application_address(*ca)
            ),
        }
    }
}

impl Store {
    fn name(&self, deployment: &Deployment) -> String {
        match self {
            Self::Units { application, unit } => units(deployment, *application, *unit),
            Self::Client(client) => format!("client {}", deployment.clients[*client].name),
        }
    }
}

fn units(deployment: &Deployment, application: ApplicationIndex, unit: Option<u32>) -> String {
    let address = deployment.application_address(application);
    let number = unit.map_or(String::new(), |number| format!("/{number}"));
    format!("{address}{number}")
}
