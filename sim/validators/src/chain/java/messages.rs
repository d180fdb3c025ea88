//! What Java prints about a chain.

use super::super::message::Message;
use crate::catalogue::ErrorKind as E;

/// A message of the path validator, as its caller and `SunJSSE` wrap it.
macro_rules! validator {
    ($error:ident, $text:literal) => {
        Message::new(
            E::$error,
            concat!(
                "SSLHandshakeException: PKIX path validation failed: \
                 java.security.cert.CertPathValidatorException: ",
                $text
            ),
        )
    };
}

/// Any other message that `SunJSSE` wraps.
macro_rules! handshake {
    ($error:ident, $text:literal) => {
        Message::new(E::$error, concat!("SSLHandshakeException: ", $text))
    };
}

pub(super) const NO_PATH: Message = handshake!(
    UnknownIssuer,
    "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to \
     find valid certification path to requested target"
);
pub(super) const NO_ANCHOR: Message = validator!(
    UnknownIssuer,
    "Path does not chain with any of the trust anchors"
);
pub(super) const NO_ISSUER: Message = validator!(
    UnknownIssuer,
    "subject/issuer name chaining check failed: empty/null issuer DN in certificate is invalid"
);
pub(super) const EMPTY_STORE: Message = Message::new(
    E::UnknownIssuer,
    "SSLException: Unexpected error: java.security.InvalidAlgorithmParameterException: the \
     trustAnchors parameter must be non-empty",
);
pub(super) const EXPIRED: Message = validator!(Expired, "validity check failed");
pub(super) const NOT_VALID_YET: Message = validator!(NotValidYet, "validity check failed");
pub(super) const BAD_SIGNATURE: Message = validator!(BadSignature, "signature check failed");
pub(super) const NO_DNS_NAME: Message = handshake!(
    NotValidForName,
    "No subject alternative DNS name matching … found."
);
pub(super) const NO_ADDRESS: Message = handshake!(
    NotValidForName,
    "No subject alternative names matching IP address … found"
);
pub(super) const NO_ALTERNATIVE_NAMES: Message =
    handshake!(NotValidForName, "No subject alternative names present");
pub(super) const NO_COMMON_NAME: Message = handshake!(NotValidForName, "No name matching … found");
pub(super) const ILLEGAL_NAME: Message =
    handshake!(NotValidForName, "Illegal given domain name: …");
pub(super) const NO_DIGITAL_SIGNATURE: Message =
    handshake!(InvalidPurpose, "KeyUsage does not allow digital signatures");
pub(super) const WRONG_PURPOSE: Message = handshake!(
    InvalidPurpose,
    "Extended key usage does not permit use for TLS … authentication"
);
pub(super) const MAY_NOT_SIGN: Message = validator!(
    InvalidCa,
    "CA key usage check failed: keyCertSign bit is not set"
);
pub(super) const NO_CA: Message = validator!(
    InvalidCa,
    "basic constraints check failed: this is not a CA certificate"
);
/// The first gap is what Java was doing, `building` or `validation`.
pub(super) const ANCHOR_NO_CA: Message = handshake!(
    InvalidCa,
    "PKIX path … failed: sun.security.validator.ValidatorException: TrustAnchor with subject \"…\" is \
     not a CA certificate"
);
/// The first gap is what Java was doing, `building` or `validation`.
pub(super) const ANCHOR_MAY_NOT_SIGN: Message = handshake!(
    InvalidCa,
    "PKIX path … failed: sun.security.validator.ValidatorException: TrustAnchor with subject \"…\" \
     does not have keyCertSign bit set in KeyUsage extension"
);
pub(super) const PATH_TOO_LONG: Message = validator!(
    PathLengthExceeded,
    "basic constraints check failed: pathLenConstraint violated - this cert must be the last cert in the \
     certification path"
);
pub(super) const NAME_CONSTRAINTS: Message =
    validator!(NameConstraintViolation, "name constraints check failed");
pub(super) const UNHANDLED_CRITICAL: Message = validator!(
    UnhandledCriticalExtension,
    "unrecognized critical extension(s)"
);
pub(super) const UNPARSABLE: Message = handshake!(BadEncoding, "Failed to parse … certificates");

/// All of them, in the order in which a page lists them.
pub(crate) const ALL: &[Message] = &[
    NO_PATH,
    NO_ANCHOR,
    NO_ISSUER,
    EMPTY_STORE,
    EXPIRED,
    NOT_VALID_YET,
    BAD_SIGNATURE,
    NO_DNS_NAME,
    NO_ADDRESS,
    NO_ALTERNATIVE_NAMES,
    NO_COMMON_NAME,
    ILLEGAL_NAME,
    NO_DIGITAL_SIGNATURE,
    WRONG_PURPOSE,
    MAY_NOT_SIGN,
    NO_CA,
    ANCHOR_NO_CA,
    ANCHOR_MAY_NOT_SIGN,
    PATH_TOO_LONG,
    NAME_CONSTRAINTS,
    UNHANDLED_CRITICAL,
    UNPARSABLE,
];
