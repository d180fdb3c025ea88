//! The certificates of Let's Encrypt: letsencrypt/boulder at 2d00c8e27, `issuance/cert.go` (leaves),
//! `ca/ca.go` (serial numbers) and `cmd/ceremony/cert.go` (authorities), written by Go, with the
//! times of its test configuration `test/config/ca.json`, since the one in use is not public;
//! letsencrypt.org/certificates and its announcements for dates, and how URLs are built.
//!
//! Left out of leaves: the list of SCTs that ends a real one, which holds signatures of others.

use std::borrow::Cow;
use std::time::Duration;

use super::super::template::{basic_constraints, key_usage};
use super::super::{
    Certificate, CertificateRequest, Extension, KeyPair, KeyUsages, PkiError, Purpose,
    RequestAttributes, SanKind, SerialNumber, SubjectForm, Template, Terms, issue,
};
use trustsim_kernel::{Span, Time};

const DAY_S: u64 = 86_400;
/// Nine tenths of `maxValidityBackdate`, 1h5m (`GenerateValidity`).
const BACKDATE: Span = Duration::from_secs(65 * 60 * 9 / 10);
/// 2026-02-11: leaves are no longer for clients (letsencrypt.org, "Ending TLS Client
/// Authentication Certificate Support in 2026").
const SERVER_ONLY_FROM: Time = Time::from_seconds(1_770_768_000);
/// 2026-05-13: the profile `classic` is signed by intermediates of generation Y, which are for
/// servers only (letsencrypt.org/2025/11/24/gen-y-hierarchy).
const GENERATION_Y_FROM: Time = Time::from_seconds(1_778_630_400);
/// For how many days a leaf has been issued since the beginning.
const LEAF_DAYS: u64 = 90;
/// 2027-02-10 and 2028-02-16: leaves of 64 and 45 days (letsencrypt.org, "Decreasing Certificate
/// Lifetimes to 45 Days").
const SHORTER_FROM: [(Time, u64); 2] = [
    (Time::from_seconds(1_834_272_000), 45),
    (Time::from_seconds(1_802_217_600), 64),
];
/// `maxCNLength` (`csr/csr.go`).
const COMMON_NAME_MAX: usize = 64;
/// How many revocation lists an intermediate has; the number in use.
const CRL_SHARDS: u8 = 128;
/// The first byte of serial numbers, by the CA's instance; those in use begin with 3 to 6.
const SERIAL_PREFIX: u8 = 5;

const SANS: Cow<'static, [SanKind]> = Cow::Borrowed(&[SanKind::Dns]);

const ROOT_EXTENSIONS: &[Extension] = &[
    key_usage(KeyUsages::KEY_CERT_SIGN.union(KeyUsages::CRL_SIGN)),
    basic_constraints(true),
    Extension::SubjectKeyId,
];

/// A root, such as ISRG Root X1 of 2015: no authority key identifier, and its own one is SHA-1.
pub static ROOT: Template = Template::of(ROOT_EXTENSIONS).subject(SubjectForm::Go);

/// An intermediate that signs from `signs_from` on, below a root called `root` in URLs (`x1`): no
/// further CA may follow it.
pub fn intermediate(signs_from: Time, root: &str) -> Template {
    let purposes: &[Purpose] = if signs_from >= GENERATION_Y_FROM {
        &[Purpose::ServerAuth]
    } else {
        &[Purpose::ClientAuth, Purpose::ServerAuth]
    };
    let usages = KeyUsages::DIGITAL_SIGNATURE
        .union(KeyUsages::KEY_CERT_SIGN)
        .union(KeyUsages::CRL_SIGN);
    let extensions = vec![
        key_usage(usages),
        Extension::ExtendedKeyUsage(Cow::Owned(purposes.to_vec())),
        Extension::BasicConstraints {
            critical: true,
            ca: true,
            path_length: Some(0),
        },
        Extension::SubjectKeyIdSha256,
        Extension::AuthorityKeyId,
        Extension::CaIssuers(format!("http://{root}.i.lencr.org/")),
        Extension::DomainValidated,
        Extension::CrlDistributionPoint(format!("http://{root}.c.lencr.org/")),
    ];
    Template {
        extensions: Cow::Owned(extensions),
        ..Template::of(&[]).subject(SubjectForm::Go)
    }
}

/// A leaf that is signed at `now` with this serial number; `rsa` is whether its key is an RSA key,
/// `issuer` what its intermediate is called in URLs (`e7`).
pub fn leaf(now: Time, rsa: bool, issuer: &str, serial: SerialNumber) -> Template {
    let purposes: &[Purpose] = if now >= SERVER_ONLY_FROM {
        &[Purpose::ServerAuth]
    } else {
        &[Purpose::ServerAuth, Purpose::ClientAuth]
    };
    let usages = if rsa {
        KeyUsages::DIGITAL_SIGNATURE.union(KeyUsages::KEY_ENCIPHERMENT)
    } else {
        KeyUsages::DIGITAL_SIGNATURE
    };
    // The serial number modulo the number of lists.
    let shard = serial.as_bytes()[19] % CRL_SHARDS + 1;
    let extensions = vec![
        key_usage(usages),
        Extension::ExtendedKeyUsage(Cow::Owned(purposes.to_vec())),
        basic_constraints(false),
        Extension::SubjectKeyIdSha256,
        Extension::AuthorityKeyId,
        Extension::CaIssuers(format!("http://{issuer}.i.lencr.org/")),
        Extension::SubjectAltNames(SANS),
        Extension::DomainValidated,
        Extension::CrlDistributionPoint(format!("http://{issuer}.c.lencr.org/{shard}.crl")),
    ];
    Template {
        extensions: Cow::Owned(extensions),
        ..Template::of(&[])
            .subject(SubjectForm::GoCommonName)
            .backdated(BACKDATE)
    }
}

/// A serial number of the CA that signs leaves.
pub fn serial_number(stream: &mut trustsim_kernel::Stream) -> SerialNumber {
    SerialNumber::random_136(SERIAL_PREFIX, stream)
}

/// Signs an order: of the request only key and names are taken, in lower case, sorted, the common
/// name among them (`identifier/identifier.go` `Normalize`, `csr/csr.go` `CNFromCSR`).
///
/// # Errors
///
/// [`PkiError`] where a name cannot be written.
pub fn sign(
    request: &CertificateRequest,
    issuer: &Certificate,
    issuer_key: &KeyPair,
    serial: SerialNumber,
    now: Time,
) -> Result<Certificate, PkiError> {
    let asked = request.attributes();
    let all = asked.common_name.iter().chain(&asked.sans_dns);
    let mut sans_dns: Vec<String> = all.map(|name| name.to_ascii_lowercase()).collect();
    sans_dns.sort();
    sans_dns.dedup();
    let named = match &asked.common_name {
        Some(name) => Some(name).filter(|name| name.len() <= COMMON_NAME_MAX),
        None => asked
            .sans_dns
            .iter()
            .find(|name| name.len() <= COMMON_NAME_MAX),
    };
    let attributes = RequestAttributes {
        common_name: named.map(|name| name.to_ascii_lowercase()),
        sans_dns,
        ..RequestAttributes::default()
    };
    let label = issuer.subject_common_name();
    let label =
        label.expect("an intermediate of a public CA has a common name, which its URLs have");
    let label = label.to_ascii_lowercase();
    let template = leaf(now, request.public_key().is_rsa(), &label, serial);
    let terms = Terms {
        serial,
        now,
        validity: leaf_validity(now),
    };
    let request = request.with_attributes(attributes);
    issue(&request, issuer, issuer_key, &terms, &template)
}

/// From the instant of signing to the end of a leaf: its days less what it is set back and the
/// second that counts twice.
pub fn leaf_validity(now: Time) -> Span {
    let shorter = SHORTER_FROM.iter().find(|(from, _)| now >= *from);
    let days = shorter.map_or(LEAF_DAYS, |(_, days)| *days);
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
            let serial = SerialNumber::from(1);
            let template = leaf(at(text), false, "e7", serial);
            template.extensions.contains(&wanted)
        };
        assert!(is_for_clients("2026-02-10T23:59:59Z"));
        assert!(!is_for_clients("2026-02-11T00:00:00Z"));
    }

    /// letsencrypt.org/2025/11/24/gen-y-hierarchy: `classic` changes over on 2026-05-13.
    #[test]
    fn intermediates_of_generation_y_are_for_servers_only() {
        let purposes = |text| {
            let template = intermediate(at(text), "x1");
            template
                .extensions
                .iter()
                .find_map(|extension| match extension {
                    Extension::ExtendedKeyUsage(purposes) => Some(purposes.len()),
                    _ => None,
                })
        };
        assert_eq!(purposes("2026-05-12T23:59:59Z"), Some(2));
        assert_eq!(purposes("2026-05-13T00:00:00Z"), Some(1));
    }
}
