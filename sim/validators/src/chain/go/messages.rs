//! What Go prints about a chain.

use super::super::message::Message;
use crate::catalogue::ErrorKind as E;

/// A message of `crypto/x509`, as `crypto/tls` wraps it.
macro_rules! verify {
    ($error:ident, $text:literal) => {
        Message::new(
            E::$error,
            concat!("tls: failed to verify certificate: x509: ", $text),
        )
    };
}

pub(super) const UNKNOWN_AUTHORITY: Message =
    verify!(UnknownIssuer, "certificate signed by unknown authority");
pub(super) const EXPIRED: Message = verify!(
    Expired,
    "certificate has expired or is not yet valid: current time … is after …"
);
pub(super) const NOT_VALID_YET: Message = verify!(
    NotValidYet,
    "certificate has expired or is not yet valid: current time … is before …"
);
pub(super) const VALID_FOR_OTHERS: Message =
    verify!(NotValidForName, "certificate is valid for …, not …");
pub(super) const LEGACY_COMMON_NAME: Message = verify!(
    NotValidForName,
    "certificate relies on legacy Common Name field, use SANs instead"
);
pub(super) const NO_ADDRESSES: Message = verify!(
    NotValidForName,
    "cannot validate certificate for … because it doesn't contain any IP SANs"
);
pub(super) const NO_NAMES: Message = verify!(
    NotValidForName,
    "certificate is not valid for any names, but wanted to match …"
);
pub(super) const MANY_ADDRESSES: Message = verify!(
    NotValidForName,
    "certificate is valid for … IP SANs, but none matched …"
);
pub(super) const MANY_NAMES: Message = verify!(
    NotValidForName,
    "certificate is valid for … names, but none matched …"
);
pub(super) const WRONG_PURPOSE: Message = verify!(
    InvalidPurpose,
    "certificate specifies an incompatible key usage"
);
pub(super) const MAY_NOT_SIGN: Message = verify!(
    InvalidCa,
    "certificate is not authorized to sign other certificates"
);
pub(super) const PATH_TOO_LONG: Message = verify!(
    PathLengthExceeded,
    "too many intermediates for path length constraint"
);
pub(super) const NAME_CONSTRAINT: Message = verify!(
    NameConstraintViolation,
    "a root or intermediate certificate is not authorized to sign for this name: …"
);
pub(super) const UNHANDLED_CRITICAL: Message =
    verify!(UnhandledCriticalExtension, "unhandled critical extension");
pub(super) const TOO_MANY_CHECKS: Message = verify!(
    TooManyCandidates,
    "signature check attempts limit reached while verifying certificate chain"
);
pub(super) const UNPARSABLE: Message =
    Message::new(E::BadEncoding, "tls: failed to parse …: x509: …");

/// No authority was found, and a candidate of the right name would not do, for one of these reasons.
macro_rules! possibly {
    ($error:ident) => {
        verify!(
            $error,
            "certificate signed by unknown authority (possibly because of \"…\" while trying to \
             verify candidate authority certificate \"…\")"
        )
    };
}

/// [`possibly`] for each reason.
const CANDIDATES: [Message; 3] = [
    possibly!(BadSignature),
    possibly!(InvalidCa),
    possibly!(UnsupportedSignature),
];

/// What is printed where a candidate failed for this reason.
pub(super) fn of_candidate(reason: E) -> Message {
    let found = CANDIDATES.into_iter().find(|one| one.error() == reason);
    found.unwrap_or_else(|| panic!("a candidate does not fail for `{reason}`"))
}

/// All of them, in the order in which a page lists them.
pub(crate) const ALL: &[Message] = &[
    UNKNOWN_AUTHORITY,
    EXPIRED,
    NOT_VALID_YET,
    CANDIDATES[0],
    VALID_FOR_OTHERS,
    LEGACY_COMMON_NAME,
    NO_ADDRESSES,
    NO_NAMES,
    MANY_ADDRESSES,
    MANY_NAMES,
    WRONG_PURPOSE,
    CANDIDATES[1],
    MAY_NOT_SIGN,
    PATH_TOO_LONG,
    NAME_CONSTRAINT,
    UNHANDLED_CRITICAL,
    CANDIDATES[2],
    TOO_MANY_CHECKS,
    UNPARSABLE,
];
