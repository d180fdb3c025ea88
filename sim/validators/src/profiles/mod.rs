//! The validators, one file each: a validator is a name, the rules by which it judges a chain, what
//! its library does around a handshake, and the stack whose words it prints.
//!
//! [`Validator`] and [`Stack`] are made from the two lists in this file, and everything else about a
//! member is a value in its own file: a [`Profile`] for a validator, a [`Words`] for a stack. To add
//! one, write its file and give it a line in each list; nothing else asks which validator it has.
//! The rules themselves are in `chain/`, since several validators share some.

mod curl;
mod go;
mod java;
mod openssl;
mod python;
mod rustls;

use std::fmt;
use std::str::FromStr;

use ::rustls::pki_types::ServerName;
use ::rustls::{AlertDescription, Error};
use thiserror::Error;

use super::catalogue::ErrorKind;
use super::chain::{Question, Refusal};
use super::side::Side;
use trustsim_kernel::Span;

/// All that differs between validators.
pub(super) struct Profile {
    /// The name in scenario files and reports.
    pub(super) name: &'static str,
    /// Whose words it prints.
    pub(super) stack: Stack,
    /// The rules of its chains.
    pub(super) decide: fn(&Question<'_>) -> Result<(), Box<Refusal>>,
    /// Whether a certificate of its trust store that is no root ends a chain
    /// (`X509_V_FLAG_PARTIAL_CHAIN` and its like).
    pub(super) takes_partial_chains: bool,
    /// Whether its client sends no certificate to a server that names authorities of which none
    /// issued it.
    pub(super) heeds_hints: bool,
    /// Whether a damaged block of a PEM bundle costs only that block.
    pub(super) skips_damaged_blocks: bool,
    /// How long after the instant of `notAfter` a certificate first counts as expired: the grain of
    /// its clock, and nothing where the instant itself counts as past.
    pub(super) grain_after_end: Span,
    /// How long a session with an identifier (TLS 1.2) is kept by default; `None` for good.
    pub(super) session_lifetime: Option<Span>,
    /// How long a ticket (TLS 1.3) is kept by default; `None` for good.
    pub(super) ticket_lifetime: Option<Span>,
    /// Whether it judges the chain of a session again before it takes the session up.
    pub(super) judges_again_on_resumption: bool,
}

/// What a library or program prints about a handshake that failed.
pub(super) struct Words {
    /// The name in reports.
    pub(super) name: &'static str,
    /// Whether a short report shows what it prints; if not, another line says the same.
    pub(super) is_shown_in_brief: bool,
    /// The line for an error that no chain rule found, where it has one.
    pub(super) of_handshake: fn(ErrorKind, &Error) -> Option<String>,
    /// The line for a chain that its rules, or those of the library below it, refused on `Side`;
    /// the name is the one that was asked for.
    pub(super) of_refusal: fn(&Refusal, Side, Option<&ServerName<'_>>) -> Option<String>,
    /// The line for an alert that it receives on `Side`.
    pub(super) of_alert: fn(AlertDescription, Side) -> Option<String>,
    /// Every line that `of_refusal` can give for an error, with `…` for what depends on the case.
    pub(super) patterns: fn(ErrorKind) -> Vec<String>,
    /// The alerts that it sends for an error of a chain.
    pub(super) alerts: fn(ErrorKind) -> Vec<AlertDescription>,
}

/// Makes the enum of the validators, and the table of what each is.
macro_rules! validators {
    ($($(#[doc = $line:literal])+ $name:ident = $profile:path;)+) => {
        /// Whose chain rules a side applies.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Validator {
            $($(#[doc = $line])+ $name,)+
        }

        impl Validator {
            const COUNT: usize = [$(stringify!($name)),+].len();

            /// All of them, in the order they are listed to people.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$name),+];

            pub(super) const fn profile(self) -> &'static Profile {
                match self { $(Self::$name => &$profile,)+ }
            }
        }
    };
}

/// Makes the enum of the stacks, and the table of what each prints.
macro_rules! stacks {
    ($($(#[doc = $line:literal])+ $name:ident = $words:path;)+) => {
        /// A TLS library or program with words of its own for a failure.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Stack {
            $($(#[doc = $line])+ $name,)+
        }

        impl Stack {
            const COUNT: usize = [$(stringify!($name)),+].len();

            /// All of them, in the order in which their lines are printed.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$name),+];

            pub(super) const fn words(self) -> &'static Words {
                match self { $(Self::$name => &$words,)+ }
            }
        }
    };
}

validators! {
    /// rustls 0.23 with rustls-webpki 0.103: an anchor is a name and a key, so its own validity,
    /// usage and path length are not looked at.
    Rustls = rustls::PROFILE;
    /// OpenSSL 3.0 with its defaults, as Debian and Ubuntu build it (security level 2): also
    /// nginx, Apache, HAProxy and PostgreSQL.
    OpenSsl = openssl::PROFILE;
    /// OpenSSL 3.0 that takes any certificate of its store for the end of a chain.
    OpenSslPartial = openssl::PARTIAL;
    /// Python's `ssl` up to 3.12: OpenSSL's defaults.
    Python311 = python::UP_TO_3_12;
    /// Python's `ssl` since 3.13, whose default context sets `VERIFY_X509_PARTIAL_CHAIN` and
    /// `VERIFY_X509_STRICT` (`Lib/ssl.py`, `create_default_context`).
    Python313 = python::SINCE_3_13;
    /// curl with OpenSSL, which allows partial chains since 7.68 (`lib/vtls/openssl.c`).
    Curl = curl::PROFILE;
    /// Go's `crypto/tls` and `crypto/x509`, as of Go 1.27.
    Go = go::PROFILE;
    /// Java's `SunJSSE` with its PKIX trust manager, as of OpenJDK 17.
    Java = java::PROFILE;
}

stacks! {
    /// rustls 0.23.
    Rustls = rustls::WORDS;
    /// OpenSSL 3.0, as its own programs print it (`crypto/x509/x509_txt.c`, `ssl/ssl_err.c`).
    OpenSsl = openssl::WORDS;
    /// Python's `ssl` on top of OpenSSL.
    Python = python::WORDS;
    /// curl 7.88 on top of OpenSSL (`lib/vtls/openssl.c`).
    Curl = curl::WORDS;
    /// Go 1.27 (`crypto/tls`).
    Go = go::WORDS;
    /// OpenJDK 17 (`sun.security.ssl`).
    Java = java::WORDS;
}

/// A validator name that is none.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a validator: use one of {list}", list = Validator::ALL.map(Validator::name).join(", "))]
pub struct UnknownValidator(pub String);

impl Validator {
    /// The name in scenario files and reports.
    pub const fn name(self) -> &'static str {
        self.profile().name
    }

    /// Which program's words are its own, as [`super::Text::stack`] names it.
    pub const fn stack(self) -> Stack {
        self.profile().stack
    }

    /// Whether it takes an intermediate in its trust store for the end of a chain
    /// (`X509_V_FLAG_PARTIAL_CHAIN` and its like).
    pub const fn takes_partial_chains(self) -> bool {
        self.profile().takes_partial_chains
    }

    /// Whether a client of this stack keeps its certificate to itself where the server names
    /// authorities and none of them issued it.
    pub const fn heeds_hints(self) -> bool {
        self.profile().heeds_hints
    }

    /// Whether a damaged block of a PEM bundle costs only that block: Go's `AppendCertsFromPEM` goes
    /// on (golang/go `src/crypto/x509/cert_pool.go`), and so do programs over rustls
    /// (`RootCertStore::add_parsable_certificates`). OpenSSL 3.0 loads nothing of such a file
    /// (`X509_load_cert_crl_file_ex`, `crypto/x509/by_file.c`; measured with Python's
    /// `load_verify_locations` and `openssl verify -CAfile`), nor does Java's `keytool`.
    pub const fn skips_damaged_blocks(self) -> bool {
        self.profile().skips_damaged_blocks
    }

    /// How long after the instant of `notAfter` a certificate first counts as expired.
    pub const fn grain_after_end(self) -> Span {
        self.profile().grain_after_end
    }

    /// How long it keeps a session with an identifier (TLS 1.2) by default; `None` for good.
    pub const fn session_lifetime(self) -> Option<Span> {
        self.profile().session_lifetime
    }

    /// How long it keeps a ticket (TLS 1.3) by default; `None` for good.
    pub const fn ticket_lifetime(self) -> Option<Span> {
        self.profile().ticket_lifetime
    }

    /// Whether it judges the chain of a session again before it takes the session up.
    pub const fn judges_again_on_resumption(self) -> bool {
        self.profile().judges_again_on_resumption
    }
}

impl Default for Validator {
    /// What most programs of a Juju deployment are linked with.
    fn default() -> Self {
        Self::OpenSsl
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

impl Stack {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        self.words().name
    }

    /// Whether a short report shows what it prints about a refusal. rustls' error is shown anyway,
    /// and Python prints OpenSSL's reason again.
    pub const fn is_shown_in_brief(self) -> bool {
        self.words().is_shown_in_brief
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The line of a table for an error.
fn line(table: &[(ErrorKind, &str)], error: ErrorKind) -> Option<String> {
    let found = table.iter().find(|(of, _)| *of == error);
    found.map(|(_, line)| (*line).to_owned())
}

/// The patterns of a table for an error, `prefix` before each; one that begins with `=` is whole.
fn patterns(table: &[(ErrorKind, &[&str])], error: ErrorKind, prefix: &str) -> Vec<String> {
    let found = table.iter().find(|(of, _)| *of == error);
    let lines = found.map_or(&[][..], |(_, lines)| lines);
    let whole = lines.iter().map(|line| match line.strip_prefix('=') {
        Some(whole) => whole.to_owned(),
        None => format!("{prefix}{line}"),
    });
    whole.collect()
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

    /// A table has one entry for an error, else the second one is never printed.
    #[test]
    fn every_stack_has_each_line_once() {
        for stack in Stack::ALL {
            for kind in ErrorKind::ALL {
                let mut patterns = (stack.words().patterns)(*kind);
                let count = patterns.len();
                patterns.sort_unstable();
                patterns.dedup();
                assert_eq!(patterns.len(), count, "{stack} {kind}");
            }
        }
    }
}
