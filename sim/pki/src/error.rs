//! Why a key, a request or a certificate could not be read or made.

use thiserror::Error;
use x509_parser::error::X509Error;
use x509_parser::nom;

/// Why a key, a request or a certificate could not be read or made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PkiError {
    /// The text holds no PEM block of the kind asked for.
    #[error("there is no `{label}` block in the PEM text")]
    NoPemBlock {
        /// What is after `BEGIN`.
        label: &'static str,
    },
    /// A PEM block that does not end, or whose body is not base64.
    #[error("the `{label}` block is damaged: {why}")]
    BadPem {
        /// What is after `BEGIN`.
        label: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// DER that is not what it should be.
    #[error("not a {what}: {why}")]
    Malformed {
        /// `certificate`, `certificate request` or `private key`.
        what: &'static str,
        /// What the reader says.
        why: String,
    },
    /// The request was not signed with the key it names.
    #[error("the certificate request is not signed with its own key")]
    BadRequestSignature,
    /// A key that is neither ECDSA P-256, Ed25519 nor RSA.
    #[error("unsupported key: {0}; use ecdsa-p256, ed25519 or rsa-2048")]
    UnsupportedKey(String),
    /// A name that cannot be written again as it is.
    #[error("unsupported distinguished name: {0}")]
    UnsupportedName(String),
    /// `cryptography` refuses a common name longer than 64 bytes (`x509/name.py`).
    #[error("the common name `{0}` is longer than 64 bytes, the most X.509 allows")]
    CommonNameTooLong(String),
    /// `cryptography` refuses a country name that is not two letters (`x509/name.py`).
    #[error("the country name `{0}` is not two letters")]
    CountryName(String),
    /// A name that X.509 holds as ASCII.
    #[error("`{0}` is not ASCII: write an internationalised name in its `xn--` form")]
    NotAscii(String),
    /// Text that is no dotted object identifier.
    #[error("`{0}` is not an object identifier such as 1.2.3.4")]
    BadObjectIdentifier(String),
    /// The library's own check (`CertificateRequestAttributes.__init__`).
    #[error("at least one of common_name, sans_dns, sans_ip or sans_oid must be given")]
    EmptyRequest,
    /// `Certificate.generate` reads the subject key identifier of the authority and raises
    /// `ExtensionNotFound` where there is none.
    #[error("the issuing certificate `{0}` has no subject key identifier")]
    IssuerWithoutKeyId(String),
    /// An instant that X.509 cannot express.
    #[error("{0} seconds since 1970 is outside what X.509 can express")]
    OutOfTime(u64),
    /// What `rcgen` says where it refuses.
    #[error("failed to write the certificate: {0}")]
    Write(#[from] rcgen::Error),
}

impl PkiError {
    /// What the X.509 reader says about a thing it could not read.
    pub(super) fn unreadable(what: &'static str, error: &nom::Err<X509Error>) -> Self {
        let why = match error {
            nom::Err::Incomplete(_) => "its DER breaks off".to_owned(),
            nom::Err::Error(error) | nom::Err::Failure(error) => {
                format!("its DER is damaged or breaks off ({error})")
            }
        };
        Self::Malformed { what, why }
    }

    /// A thing with something behind it.
    pub(super) fn followed(what: &'static str, bytes: usize) -> Self {
        let why = format!("{bytes} bytes follow it");
        Self::Malformed { what, why }
    }
}
