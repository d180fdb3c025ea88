//! The two interfaces over which CAs come to those who trust them, told from all others by the name
//! that charms declare.

use std::fmt;

/// An interface over which a CA comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interface {
    /// `tls-certificates`: a CA beside each certificate.
    TlsCertificates,
    /// `certificate_transfer`: CAs and nothing else.
    CertificateTransfer,
}

impl Interface {
    /// The interface of this name, where it is one over which CAs come.
    pub fn of(name: &str) -> Option<Self> {
        [Self::TlsCertificates, Self::CertificateTransfer]
            .into_iter()
            .find(|interface| interface.name() == name)
    }

    /// The name that `metadata.yaml` gives it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TlsCertificates => "tls-certificates",
            Self::CertificateTransfer => "certificate_transfer",
        }
    }

    /// Whether a relation or an endpoint with an interface of this name has this one.
    pub fn is(self, name: &str) -> bool {
        self.name() == name
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
