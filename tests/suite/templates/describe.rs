//! A certificate in lines, for the table: what it holds, by whom, from when, for how long.

use std::collections::BTreeMap;

use trustsim::kernel::Time;
use trustsim::pki::Certificate;
use x509_parser::der_parser::ber::Tag;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::prelude::*;

/// Certificates by subject and key identifier.
pub(crate) type Known = BTreeMap<String, Certificate>;

/// The certificate that signed this one, where it is known.
pub(crate) fn issuer_of<'a>(
    certificate: &Certificate,
    known: &'a Known,
) -> Option<&'a Certificate> {
    let signed = |issuer: &&Certificate| certificate.verify_issued_by(issuer);
    known.values().filter(|found| found.is_ca()).find(signed)
}

/// Its lines: subject, issuer, dates, serial number, signature, then each extension.
pub(crate) fn describe(certificate: &Certificate, at: Time, known: &Known) -> Vec<String> {
    let (_, parsed) = X509Certificate::from_der(certificate.der()).expect("it is a certificate");
    let issuer = issuer_of(certificate, known).unwrap_or(certificate);
    let mut lines = vec![
        format!("subject {}", subject(parsed.subject())),
        format!("issuer {}", issuer_form(certificate, issuer)),
        dates(certificate, at),
        format!("serial {}", serial(&certificate.serial_bytes())),
        format!("signature {}", parsed.signature_algorithm.algorithm),
    ];
    let extensions = parsed.extensions().iter();
    lines.extend(extensions.map(|extension| one(extension, certificate, issuer)));
    lines
}

/// Kinds and string types of a name; a text is left out, since names differ from run to run.
fn subject(name: &X509Name<'_>) -> String {
    let parts = name.iter_attributes().map(|attribute| {
        let kind = match attribute.attr_type().to_id_string().as_str() {
            "2.5.4.3" => "CN",
            "2.5.4.5" => "serialNumber",
            "2.5.4.6" => "C",
            "2.5.4.10" => "O",
            "2.5.4.45" => "x500UniqueIdentifier",
            other => panic!("{other}"),
        };
        let string = match attribute.attr_value().tag() {
            Tag::Utf8String => "utf8",
            Tag::PrintableString => "printable",
            other => panic!("{other}"),
        };
        format!("{kind}:{string}")
    });
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() {
        "empty".to_owned()
    } else {
        parts.join(" ")
    }
}

fn issuer_form(certificate: &Certificate, issuer: &Certificate) -> &'static str {
    let name = certificate.issuer_der();
    if certificate == issuer {
        assert!(
            certificate.verify_issued_by(certificate),
            "no known key signed it"
        );
        "itself"
    } else if name == issuer.subject_der() {
        "subject of its CA"
    } else if name == issuer.issuer_der() {
        "issuer of its CA"
    } else {
        "another"
    }
}

/// How far the start is set back from signing, and how long it lasts from there.
fn dates(certificate: &Certificate, at: Time) -> String {
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let whole = until.since(from).as_secs();
    let back = at.since(from).as_secs();
    // What was there before the run is told in whole days.
    let back = if back > 86_400 {
        back - back % 86_400
    } else {
        back
    };
    format!("dates {} back, {}", units(back), units(whole))
}

fn units(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    match (days, rest) {
        (0, rest) => format!("{rest}s"),
        (days, 0) => format!("{days}d"),
        (days, rest) => format!("{days}d{rest}s"),
    }
}

fn serial(bytes: &[u8]) -> String {
    match bytes.len() {
        0..=2 => "counted".to_owned(),
        18 => format!("18 bytes from {:02x}", bytes[0]),
        17 if bytes[0] == 1 => "17 bytes from 01".to_owned(),
        20 if bytes[0] & 0x80 != 0 => "160 random bits".to_owned(),
        19 | 20 => "at most 159 random bits".to_owned(),
        other => format!("{other} bytes"),
    }
}

fn one(extension: &X509Extension<'_>, certificate: &Certificate, issuer: &Certificate) -> String {
    let mark = if extension.critical { "!" } else { "" };
    let (kind, content) = match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(found) => ("aki", authority(found, issuer)),
        ParsedExtension::SubjectKeyIdentifier(found) => ("ski", key_id(found.0, certificate)),
        ParsedExtension::BasicConstraints(found) => (
            "bc",
            match (found.ca, found.path_len_constraint) {
                (true, Some(length)) => format!("CA:TRUE pathlen:{length}"),
                (true, None) => "CA:TRUE".to_owned(),
                (false, _) => "CA:FALSE".to_owned(),
            },
        ),
        ParsedExtension::KeyUsage(found) => ("ku", usages(found)),
        ParsedExtension::ExtendedKeyUsage(found) => ("eku", purposes(found, extension.value)),
        ParsedExtension::SubjectAlternativeName(found) => ("san", names(&found.general_names)),
        ParsedExtension::AuthorityInfoAccess(found) => (
            "aia",
            found
                .accessdescs
                .iter()
                .map(|one| {
                    format!(
                        "{} {}",
                        one.access_method
                            .to_id_string()
                            .replace("1.3.6.1.5.5.7.48.2", "caIssuers"),
                        name(&one.access_location)
                    )
                })
                .collect::<Vec<_>>()
                .join(" "),
        ),
        ParsedExtension::CertificatePolicies(found) => (
            "policies",
            found
                .iter()
                .map(|policy| {
                    assert!(policy.policy_qualifiers.is_none(), "a qualifier");
                    policy.policy_id.to_id_string()
                })
                .collect::<Vec<_>>()
                .join(" "),
        ),
        ParsedExtension::CRLDistributionPoints(found) => (
            "crl",
            found
                .points
                .iter()
                .map(|point| match &point.distribution_point {
                    Some(DistributionPointName::FullName(all)) => {
                        all.iter().map(name).collect::<Vec<_>>().join(" ")
                    }
                    other => panic!("{other:?}"),
                })
                .collect::<Vec<_>>()
                .join(" "),
        ),
        other => panic!("{other:?}"),
    };
    format!("{kind}{mark} {content}")
}

fn key_id(id: &[u8], certificate: &Certificate) -> String {
    use sha1::Digest as _;
    let (_, parsed) = X509Certificate::from_der(certificate.der()).expect("it is a certificate");
    let bits = &parsed.public_key().subject_public_key.data;
    if id == &sha1::Sha1::digest(bits)[..] {
        "sha1".to_owned()
    } else if id == &sha2::Sha256::digest(bits)[..20] {
        "sha256 cut to 160 bits".to_owned()
    } else {
        panic!("{id:02x?}")
    }
}

fn authority(found: &AuthorityKeyIdentifier<'_>, issuer: &Certificate) -> String {
    let mut parts = Vec::new();
    if let Some(id) = &found.key_identifier {
        assert_eq!(Some(id.0), issuer.subject_key_id());
        parts.push("keyid");
    }
    if let Some(all) = &found.authority_cert_issuer {
        let [GeneralName::DirectoryName(name)] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert_eq!(name.as_raw(), issuer.issuer_der());
        parts.push("issuer");
    }
    if let Some(number) = found.authority_cert_serial {
        let significant = number.iter().copied().skip_while(|byte| *byte == 0);
        assert!(significant.eq(issuer.serial_bytes()));
        parts.push("serial");
    }
    parts.join(" ")
}

fn usages(found: &KeyUsage) -> String {
    found.to_string().replace(", ", " ")
}

/// In the order in which they stand.
fn purposes(found: &ExtendedKeyUsage<'_>, der: &[u8]) -> String {
    let all = [
        ("serverAuth", found.server_auth, 1_u8),
        ("clientAuth", found.client_auth, 2),
    ];
    let place = |arc: u8| {
        der.windows(8)
            .position(|at| at == [0x2B, 6, 1, 5, 5, 7, 3, arc])
    };
    let mut there: Vec<_> = all
        .iter()
        .filter(|(_, has, _)| *has)
        .map(|(name, _, arc)| (place(*arc), *name))
        .collect();
    there.sort_unstable();
    there
        .into_iter()
        .map(|(_, name)| name)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Kinds of names in their order, each run once; texts differ from run to run.
fn names(all: &[GeneralName<'_>]) -> String {
    let mut kinds: Vec<&str> = all
        .iter()
        .map(|name| match name {
            GeneralName::DNSName(_) => "dns",
            GeneralName::IPAddress(_) => "ip",
            GeneralName::RegisteredID(_) => "rid",
            GeneralName::RFC822Name(_) => "email",
            other => panic!("{other:?}"),
        })
        .collect();
    kinds.dedup();
    kinds.join(" ")
}

fn name(one: &GeneralName<'_>) -> String {
    match one {
        GeneralName::URI(text) => without_numbers(text),
        other => panic!("{other:?}"),
    }
}

/// A URL without what differs from run to run: the number of a list, an address.
fn without_numbers(url: &str) -> String {
    let parts = url.split('/').map(|part| {
        if part.ends_with(".crl") {
            "N.crl"
        } else if part.starts_with("10.") {
            "ADDRESS:8200"
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("/")
}
