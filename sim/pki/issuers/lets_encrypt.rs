//! The certificates of Let's Encrypt, as its documentation and its Certificate Practice Statement
//! describe them (letsencrypt.org/certificates, letsencrypt/boulder `issuance/`).
//!
//! Left out of leaves: authority information access, CRL distribution points, certificate policies
//! and embedded SCTs, which no validator here reads.

use std::borrow::Cow;
use std::time::Duration;

use super::super::template::{basic_constraints, key_usage};
use super::super::{Extension, KeyUsages, Purpose, SanKind, SubjectForm, Template};
use crate::kernel::{Span, Time};

const DAY_S: u64 = 86_400;
/// Boulder sets the start back by an hour (`backdate`).
const BACKDATE: Span = Duration::from_secs(3_600);
/// 2026-02-11: leaves are no longer for clients (letsencrypt.org, "Ending TLS Client
/// Authentication Certificate Support in 2026").
const SERVER_ONLY_FROM: Time = Time::from_seconds(1_770_768_000);
/// 2027-02-10 and 2028-02-16: leaves of 64 and 45 days (letsencrypt.org, "Decreasing Certificate
/// Lifetimes to 45 Days").
const SHORTER_FROM: [(Time, u64); 2] = [
    (Time::from_seconds(1_834_272_000), 45),
    (Time::from_seconds(1_802_217_600), 64),
];

const SANS: Cow<'static, [SanKind]> = Cow::Borrowed(&[SanKind::Dns]);

const ROOT_EXTENSIONS: &[Extension] = &[
    key_usage(KeyUsages::KEY_CERT_SIGN.and(KeyUsages::CRL_SIGN)),
    basic_constraints(true),
    Extension::SubjectKeyId,
];

/// A root, such as ISRG Root X1: no authority key identifier.
pub static ROOT: Template = Template::of(ROOT_EXTENSIONS).subject(SubjectForm::Go);

const INTERMEDIATE_EXTENSIONS: &[Extension] = &[
    key_usage(
        KeyUsages::DIGITAL_SIGNATURE
            .and(KeyUsages::KEY_CERT_SIGN)
            .and(KeyUsages::CRL_SIGN),
    ),
    Extension::ExtendedKeyUsage(Cow::Borrowed(&[Purpose::ClientAuth, Purpose::ServerAuth])),
    Extension::BasicConstraints {
        critical: true,
        ca: true,
        path_length: Some(0),
    },
    Extension::SubjectKeyId,
    Extension::AuthorityKeyId,
];

/// An intermediate: no further CA may follow it.
pub static INTERMEDIATE: Template = Template::of(INTERMEDIATE_EXTENSIONS).subject(SubjectForm::Go);

const LEAF_USAGE: Extension = key_usage(KeyUsages::DIGITAL_SIGNATURE);
const LEAF_RSA_USAGE: Extension =
    key_usage(KeyUsages::DIGITAL_SIGNATURE.and(KeyUsages::KEY_ENCIPHERMENT));

/// A leaf that is signed at `now`; `rsa` is whether its key is an RSA key.
pub fn leaf(now: Time, rsa: bool) -> Template {
    let purposes: &[Purpose] = if now >= SERVER_ONLY_FROM {
        &[Purpose::ServerAuth]
    } else {
        &[Purpose::ServerAuth, Purpose::ClientAuth]
    };
    let extensions = vec![
        if rsa { LEAF_RSA_USAGE } else { LEAF_USAGE },
        Extension::ExtendedKeyUsage(Cow::Owned(purposes.to_vec())),
        basic_constraints(false),
        Extension::SubjectKeyId,
        Extension::AuthorityKeyId,
        Extension::SubjectAltNames(SANS),
    ];
    Template {
        extensions: Cow::Owned(extensions),
        ..Template::of(&[])
            .subject(SubjectForm::GoCommonName)
            .backdated(BACKDATE)
    }
}

/// From the instant of signing to the end of a leaf: its days less the hour it is set back and
/// the second that counts twice.
pub fn leaf_validity(now: Time) -> Span {
    let days = SHORTER_FROM
        .iter()
        .find(|(from, _)| now >= *from)
        .map_or(90, |(_, days)| *days);
    Duration::from_secs(days * DAY_S - 1) - BACKDATE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(text).expect("an instant")
    }

    #[test]
    fn leaves_get_shorter_on_the_announced_days() {
        let days = |text| (leaf_validity(at(text)) + BACKDATE).as_secs() / DAY_S + 1;
        assert_eq!(days("2026-06-01T00:00:00Z"), 90);
        assert_eq!(days("2027-02-09T23:59:59Z"), 90);
        assert_eq!(days("2027-02-10T00:00:00Z"), 64);
        assert_eq!(days("2028-02-16T00:00:00Z"), 45);
    }

    #[test]
    fn leaves_stop_being_for_clients_in_february_2026() {
        let is_for_clients = |text| {
            let wanted = Extension::ExtendedKeyUsage(Cow::Borrowed(&[
                Purpose::ServerAuth,
                Purpose::ClientAuth,
            ]));
            leaf(at(text), false).extensions.contains(&wanted)
        };
        assert!(is_for_clients("2026-02-10T23:59:59Z"));
        assert!(!is_for_clients("2026-02-11T00:00:00Z"));
    }
}
