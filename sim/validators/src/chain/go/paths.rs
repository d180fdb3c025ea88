//! Paths as Go builds them (`buildChains`, `src/crypto/x509/verify.go`), and why there is none.

use rustls::AlertDescription;

use super::super::facts::Facts;
use super::super::signature::{Digest, KeyKind};
use super::quote::escaped;
use super::{Failure, Level, Verification, messages, unparsable};
use crate::catalogue::ErrorKind;

/// `maxChainSignatureChecks`.
const MAX_CHECKS: usize = 100;

/// The best guess at why no authority was found.
struct Hint<'a> {
    error: ErrorKind,
    text: String,
    candidate: &'a Facts,
}

/// What one step of the search ends with.
enum Stop<'a> {
    /// Too many signatures were checked.
    Limit,
    /// The error of the candidate that was tried last.
    Failed(Failure<'a>),
}

impl<'a> Verification<'a> {
    /// Every path from the leaf to a root.
    pub(super) fn paths(&self, leaf: &'a Facts) -> Result<Vec<Vec<&'a Facts>>, Failure<'a>> {
        let mut checks = 0;
        self.extend(&[leaf], &mut checks)
            .map_err(|stop| match stop {
                Stop::Failed(failure) => failure,
                Stop::Limit => Failure::new(messages::TOO_MANY_CHECKS, &[], leaf),
            })
    }

    fn extend(
        &self,
        path: &[&'a Facts],
        checks: &mut usize,
    ) -> Result<Vec<Vec<&'a Facts>>, Stop<'a>> {
        let &last = path.last().expect("a path begins with the leaf");
        let mut found = Vec::new();
        let mut failed = None;
        let mut hint = None;
        let roots = self.roots.facts().filter(|root| unparsable(root).is_none());
        let candidates = parents(last, roots)
            .into_iter()
            .map(|one| (Level::Root, one))
            .chain(
                parents(last, self.sent.iter())
                    .into_iter()
                    .map(|one| (Level::Intermediate, one)),
            );
        for (level, candidate) in candidates {
            *checks += 1;
            if *checks > MAX_CHECKS {
                if found.is_empty() {
                    return Err(Stop::Limit);
                }
                break;
            }
            if is_in(path, candidate) {
                continue;
            }
            if let Err((error, text)) = check_signature(last, candidate) {
                hint = hint.or(Some(Hint {
                    error,
                    text,
                    candidate,
                }));
                continue;
            }
            // A failure before is forgotten once a later candidate gets this far.
            failed = self.check(candidate, level, path).err();
            if failed.is_some() {
                continue;
            }
            let longer: Vec<_> = path.iter().copied().chain([candidate]).collect();
            if level == Level::Root {
                found.push(longer);
                continue;
            }
            match self.extend(&longer, checks) {
                Ok(more) => found.extend(more),
                Err(Stop::Failed(failure)) => failed = Some(failure),
                Err(Stop::Limit) if found.is_empty() => return Err(Stop::Limit),
                Err(Stop::Limit) => break,
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
        Err(Stop::Failed(
            failed.unwrap_or_else(|| unknown_authority(last, hint)),
        ))
    }
}

/// `findPotentialParents`: by the encoded name; those whose key identifier fits come first, then
/// those where one of the two has none.
fn parents<'a>(certificate: &Facts, pool: impl Iterator<Item = &'a Facts>) -> Vec<&'a Facts> {
    let authority = certificate.authority_key_id.as_ref();
    let wanted = nil_or_bytes(authority.and_then(|id| id.key_id.as_deref()));
    let mut seen: Vec<&[u8]> = Vec::new();
    let mut fitting: Vec<(u8, &Facts)> = Vec::new();
    for candidate in pool.filter(|one| one.raw_subject == certificate.raw_issuer) {
        if seen.contains(&candidate.der.as_slice()) {
            continue;
        }
        seen.push(&candidate.der);
        let id = nil_or_bytes(candidate.subject_key_id.as_deref());
        let rank = if id == wanted {
            0
        } else if id.is_empty() != wanted.is_empty() {
            1
        } else {
            2
        };
        fitting.push((rank, candidate));
    }
    fitting.sort_by_key(|(rank, _)| *rank);
    fitting.into_iter().map(|(_, one)| one).collect()
}

/// A key identifier as Go holds it: one that is missing is a nil slice, which equals an empty one.
const fn nil_or_bytes(id: Option<&[u8]>) -> &[u8] {
    match id {
        Some(id) => id,
        None => &[],
    }
}

/// `alreadyInChain`: by subject, key and alternative names.
fn is_in(path: &[&Facts], candidate: &Facts) -> bool {
    path.iter().any(|one| {
        one.raw_subject == candidate.raw_subject
            && one.raw_key == candidate.raw_key
            && one.raw_subject_names == candidate.raw_subject_names
    })
}

/// `CheckSignatureFrom`.
fn check_signature(certificate: &Facts, parent: &Facts) -> Result<(), (ErrorKind, String)> {
    const VERSION_3: u32 = 2;
    let may_not_sign = match parent.basic_constraints {
        None => parent.version == VERSION_3,
        Some(constraints) => !constraints.is_ca,
    } || parent
        .key_usage
        .is_some_and(|usage| usage.has_any && !usage.cert_sign);
    if may_not_sign {
        return Err((
            ErrorKind::InvalidCa,
            "x509: invalid signature: parent certificate cannot sign this kind of certificate"
                .to_owned(),
        ));
    }
    let signed = &certificate.signed;
    let name = match (signed.digest(), signed.kind()) {
        (Digest::Other, _) => None,
        (Digest::Md5, _) => Some("MD5-RSA"),
        (Digest::Sha1, KeyKind::Rsa) => Some("SHA1-RSA"),
        (Digest::Sha1, _) => Some("ECDSA-SHA1"),
    };
    if let Some(name) = name {
        let text = format!("x509: cannot verify signature: insecure algorithm {name}");
        return Err((ErrorKind::UnsupportedSignature, text));
    }
    if signed.kind() != parent.public_key.kind() {
        let text = format!(
            "x509: signature algorithm specifies an {} public key, but have public key of type {}",
            algorithm(signed.kind()),
            go_type(parent.public_key.kind()),
        );
        return Err((ErrorKind::BadSignature, text));
    }
    if signed.is_by(&parent.public_key) {
        return Ok(());
    }
    let text = match signed.kind() {
        KeyKind::Rsa => "crypto/rsa: verification error",
        KeyKind::EllipticCurve => "x509: ECDSA verification failure",
        KeyKind::Ed25519 => "x509: Ed25519 verification failure",
        KeyKind::Other => "x509: cannot verify signature: algorithm unimplemented",
    };
    Err((ErrorKind::BadSignature, text.to_owned()))
}

const fn algorithm(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Rsa => "RSA",
        KeyKind::EllipticCurve => "ECDSA",
        KeyKind::Ed25519 => "Ed25519",
        KeyKind::Other => "0",
    }
}

const fn go_type(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Rsa => "*rsa.PublicKey",
        KeyKind::EllipticCurve => "*ecdsa.PublicKey",
        KeyKind::Ed25519 => "ed25519.PublicKey",
        KeyKind::Other => "<nil>",
    }
}

/// `UnknownAuthorityError`.
fn unknown_authority<'a>(certificate: &'a Facts, hint: Option<Hint<'_>>) -> Failure<'a> {
    let failure = match hint {
        None => Failure::new(messages::UNKNOWN_AUTHORITY, &[], certificate),
        Some(hint) => {
            let candidate = escaped(&hint.candidate.name_for_go());
            let values = [escaped(&hint.text), candidate];
            let values = values.each_ref().map(String::as_str);
            Failure::new(messages::of_candidate(hint.error), &values, certificate)
        }
    };
    Failure {
        by_server: AlertDescription::UnknownCA,
        ..failure
    }
}

impl Facts {
    /// The last common name, else the first organization, else the serial number.
    fn name_for_go(&self) -> String {
        let name = &self.subject;
        match (name.common_names.last(), name.organizations.first()) {
            (Some(name), _) if !name.is_empty() => name.clone(),
            (_, Some(name)) => name.clone(),
            _ => format!("serial:{}", decimal(&self.serial)),
        }
    }
}

/// A big-endian number in decimal.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0_u8];
    for &byte in bytes {
        let mut carry = u32::from(byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = (value % 10) as u8;
            carry = value / 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    let letters = digits.iter().rev().map(|digit| char::from(b'0' + digit));
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn serial_numbers_are_printed_in_decimal() {
        assert_eq!(decimal(&[]), "0");
        assert_eq!(decimal(&[0xff]), "255");
        assert_eq!(
            decimal(&[1, 0, 0, 0, 0, 0, 0, 0, 0]),
            "18446744073709551616"
        );
    }
}
