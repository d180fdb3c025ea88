//! Whose chain rules a side applies: one rules value each.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::chain::openssl;

/// Whose chain rules a side applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Validator {
    /// rustls 0.23 with rustls-webpki 0.103: an anchor is a name and a key, so its own validity,
    /// usage and path length are not looked at.
    Rustls,
    /// OpenSSL 3.0 with its defaults, as Debian and Ubuntu build it (security level 2): also
    /// nginx, Apache, HAProxy, PostgreSQL and Python up to 3.12.
    #[default]
    OpenSsl,
}

/// A validator name that is none.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a validator: use one of {list}", list = Validator::ALL.map(Validator::name).join(", "))]
pub struct UnknownValidator(pub String);

/// What decides for a validator.
pub(super) enum Engine {
    /// webpki's path building.
    WebPki,
    /// Path building as `crypto/x509/x509_vfy.c` does it.
    OpenSsl(&'static openssl::Rules),
}

impl Validator {
    /// All of them, in the order they are listed to people.
    pub const ALL: [Self; 2] = [Self::Rustls, Self::OpenSsl];

    /// The name in scenario files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rustls => "rustls",
            Self::OpenSsl => "openssl",
        }
    }

    pub(super) const fn engine(self) -> Engine {
        match self {
            Self::Rustls => Engine::WebPki,
            Self::OpenSsl => Engine::OpenSsl(&openssl::Rules::DEFAULT),
        }
    }

    /// Whether a certificate is still valid in the second of its `notAfter`.
    pub(super) const fn last_second_is_valid(self) -> bool {
        match self.engine() {
            Engine::WebPki => true,
            Engine::OpenSsl(_) => false,
        }
    }
}

impl fmt::Display for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Validator {
    type Err = UnknownValidator;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|validator| validator.name() == text)
            .ok_or_else(|| UnknownValidator(text.to_owned()))
    }
}
