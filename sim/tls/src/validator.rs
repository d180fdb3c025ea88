//! Whose chain rules a side applies: one rules value each.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::chain::openssl;
use super::texts::Stack;
use trustsim_kernel::Span;

/// Whose chain rules a side applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Validator {
    /// rustls 0.23 with rustls-webpki 0.103: an anchor is a name and a key, so its own validity,
    /// usage and path length are not looked at.
    Rustls,
    /// OpenSSL 3.0 with its defaults, as Debian and Ubuntu build it (security level 2): also
    /// nginx, Apache, HAProxy and PostgreSQL.
    #[default]
    OpenSsl,
    /// OpenSSL 3.0 that takes any certificate of its store for the end of a chain.
    OpenSslPartial,
    /// Python's `ssl` up to 3.12: OpenSSL's defaults.
    Python311,
    /// Python's `ssl` since 3.13, whose default context sets `VERIFY_X509_PARTIAL_CHAIN` and
    /// `VERIFY_X509_STRICT` (`Lib/ssl.py`, `create_default_context`).
    Python313,
    /// curl with OpenSSL, which allows partial chains since 7.68 (`lib/vtls/openssl.c`).
    Curl,
    /// Go's `crypto/tls` and `crypto/x509`, as of Go 1.27.
    Go,
    /// Java's `SunJSSE` with its PKIX trust manager, as of OpenJDK 17.
    Java,
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
    /// `Certificate.Verify` (`src/crypto/x509/verify.go`).
    Go,
    /// `PKIXValidator` (`sun.security.validator`).
    Java,
}

impl Validator {
    /// All of them, in the order they are listed to people.
    pub const ALL: [Self; 8] = [
        Self::Rustls,
        Self::OpenSsl,
        Self::OpenSslPartial,
        Self::Python311,
        Self::Python313,
        Self::Curl,
        Self::Go,
        Self::Java,
    ];

    /// The name in scenario files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rustls => "rustls",
            Self::OpenSsl => "openssl",
            Self::OpenSslPartial => "openssl-partial",
            Self::Python311 => "python-3.11",
            Self::Python313 => "python-3.13",
            Self::Curl => "curl",
            Self::Go => "go",
            Self::Java => "java",
        }
    }

    /// Which program's words are its own, as [`super::Text::stack`] names it.
    pub const fn stack(self) -> Stack {
        match self {
            Self::Rustls => Stack::Rustls,
            Self::OpenSsl | Self::OpenSslPartial => Stack::OpenSsl,
            Self::Python311 | Self::Python313 => Stack::Python,
            Self::Curl => Stack::Curl,
            Self::Go => Stack::Go,
            Self::Java => Stack::Java,
        }
    }

    pub(super) const fn engine(self) -> Engine {
        match self {
            Self::Rustls => Engine::WebPki,
            Self::OpenSsl | Self::Python311 => Engine::OpenSsl(&openssl::Rules::DEFAULT),
            Self::OpenSslPartial => Engine::OpenSsl(&openssl::Rules::PARTIAL),
            Self::Curl => Engine::OpenSsl(&openssl::Rules::CURL),
            Self::Python313 => Engine::OpenSsl(&openssl::Rules::STRICT),
            Self::Go => Engine::Go,
            Self::Java => Engine::Java,
        }
    }

    /// Whether it takes an intermediate in its trust store for the end of a chain
    /// (`X509_V_FLAG_PARTIAL_CHAIN` and its like).
    pub const fn takes_partial_chains(self) -> bool {
        !matches!(self, Self::OpenSsl | Self::Python311)
    }

    /// Whether a client of this stack keeps its certificate to itself where the server names
    /// authorities and none of them issued it.
    pub(super) const fn heeds_hints(self) -> bool {
        matches!(self, Self::Go | Self::Java)
    }

    /// Whether a damaged block of a PEM bundle costs only that block: Go's `AppendCertsFromPEM` goes
    /// on (golang/go `src/crypto/x509/cert_pool.go`), and so do programs over rustls
    /// (`RootCertStore::add_parsable_certificates`). OpenSSL 3.0 loads nothing of such a file
    /// (`X509_load_cert_crl_file_ex`, `crypto/x509/by_file.c`; measured with Python's
    /// `load_verify_locations` and `openssl verify -CAfile`), nor does Java's `keytool`.
    pub const fn skips_damaged_blocks(self) -> bool {
        matches!(self, Self::Rustls | Self::Go)
    }

    /// How long after the instant of `notAfter` a certificate first counts as expired: OpenSSL
    /// 3.0's `X509_cmp_time` counts the instant itself as past, the others do not, and each has
    /// the grain of its clock (webpki seconds, Java's `Date` milliseconds, Go nanoseconds).
    pub(super) const fn grain_after_end(self) -> Span {
        match self.engine() {
            Engine::WebPki => Span::from_secs(1),
            Engine::OpenSsl(_) => Span::ZERO,
            Engine::Go => Span::from_nanos(1),
            Engine::Java => Span::from_millis(1),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for validator in Validator::ALL {
            assert_eq!(validator.to_string().parse(), Ok(validator));
        }
        let error = "openSSL".parse::<Validator>().unwrap_err();
        insta::assert_snapshot!(error, @"`openSSL` is not a validator: use one of rustls, openssl, openssl-partial, python-3.11, python-3.13, curl, go, java");
    }
}
