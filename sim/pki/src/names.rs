//! Distinguished names and alternative names: written as the libraries write them, copied from
//! certificate to certificate, and printed.

use rcgen::string::{Ia5String, PrintableString};
use rcgen::{DistinguishedName, DnType, DnValue};
use x509_parser::asn1_rs::{Any, FromDer, Tag};
use x509_parser::extensions::GeneralName;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use super::{PkiError, RequestAttributes, SanKind, der};

const UNIQUE_IDENTIFIER: &[u64] = &[2, 5, 4, 45];
const EMAIL_ADDRESS: &[u64] = &[1, 2, 840, 113_549, 1, 9, 1];
pub(super) const SERIAL_NUMBER: &[u64] = &[2, 5, 4, 5];

/// Object identifier, short name as OpenSSL prints it.
const SHORT_NAMES: [(&[u64], &str); 14] = [
    (&[2, 5, 4, 3], "CN"),
    (&[2, 5, 4, 4], "SN"),
    (SERIAL_NUMBER, "serialNumber"),
    (&[2, 5, 4, 6], "C"),
    (&[2, 5, 4, 7], "L"),
    (&[2, 5, 4, 8], "ST"),
    (&[2, 5, 4, 9], "street"),
    (&[2, 5, 4, 10], "O"),
    (&[2, 5, 4, 11], "OU"),
    (&[2, 5, 4, 12], "title"),
    (UNIQUE_IDENTIFIER, "x500UniqueIdentifier"),
    (EMAIL_ADDRESS, "emailAddress"),
    (&[0, 9, 2342, 19_200_300, 100, 1, 25], "DC"),
    (&[0, 9, 2342, 19_200_300, 100, 1, 1], "UID"),
];

/// The subject of a request in the order and string types of `_extract_subject_name_attributes`
/// (canonical/charmlibs) and `cryptography`: UTF8String, but PrintableString for the country and
/// IA5String for the mail address.
pub(super) fn requested_subject(wanted: &RequestAttributes) -> Result<DistinguishedName, PkiError> {
    let mut name = DistinguishedName::new();
    let mut utf8 = |kind: DnType, text: &Option<String>| {
        if let Some(text) = given(text) {
            name.push(kind, DnValue::Utf8String(text.to_owned()));
        }
    };
    if let Some(long) = given(&wanted.common_name).filter(|text| text.len() > 64) {
        return Err(PkiError::CommonNameTooLong(long.to_owned()));
    }
    utf8(DnType::CommonName, &wanted.common_name);
    let unique = DnType::CustomDnType(UNIQUE_IDENTIFIER.to_vec());
    utf8(unique, &wanted.unique_identifier);
    utf8(DnType::OrganizationName, &wanted.organization);
    utf8(DnType::OrganizationalUnitName, &wanted.organizational_unit);
    if let Some(text) = given(&wanted.email_address) {
        let value = Ia5String::try_from(text).map_err(|_| PkiError::NotAscii(text.to_owned()))?;
        let kind = DnType::CustomDnType(EMAIL_ADDRESS.to_vec());
        name.push(kind, DnValue::Ia5String(value));
    }
    if let Some(text) = given(&wanted.country_name) {
        let value = PrintableString::try_from(text)
            .ok()
            .filter(|_| text.len() == 2);
        let value = value.ok_or_else(|| PkiError::CountryName(text.to_owned()))?;
        name.push(DnType::CountryName, DnValue::PrintableString(value));
    }
    let mut utf8 = |kind: DnType, text: &Option<String>| {
        if let Some(text) = given(text) {
            name.push(kind, DnValue::Utf8String(text.to_owned()));
        }
    };
    utf8(DnType::StateOrProvinceName, &wanted.state_or_province_name);
    utf8(DnType::LocalityName, &wanted.locality_name);
    Ok(name)
}

/// The DER of a name that is nothing but the common name, a UTF8String.
pub(super) fn common_name_der(wanted: &RequestAttributes) -> Vec<u8> {
    let text = given(&wanted.common_name).expect("an authority of EasyRSA has a common name");
    let mut attribute = der::element(der::OID, &der::oid_of(&[2, 5, 4, 3]));
    der::push(&mut attribute, der::UTF8_STRING, text.as_bytes());
    let attribute = der::element(der::SEQUENCE, &attribute);
    der::element(der::SEQUENCE, &der::element(der::SET, &attribute))
}

/// The subject as Go's `pkix.Name.ToRDNSequence` orders it, each text a PrintableString where it
/// can be one and a UTF8String else, without what `pkix.Name` has no field for (the unique
/// identifier and the mail address are lost).
pub(super) fn go_subject(wanted: &RequestAttributes, whole: bool) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    let mut push = |kind: DnType, text: &Option<String>| {
        if let Some(text) = given(text) {
            name.push(kind, go_string(text));
        }
    };
    if whole {
        push(DnType::CountryName, &wanted.country_name);
        push(DnType::OrganizationName, &wanted.organization);
        push(DnType::OrganizationalUnitName, &wanted.organizational_unit);
        push(DnType::LocalityName, &wanted.locality_name);
        push(DnType::StateOrProvinceName, &wanted.state_or_province_name);
    }
    push(DnType::CommonName, &wanted.common_name);
    name
}

/// A text as Go's `encoding/asn1` writes it.
pub(super) fn go_string(text: &str) -> DnValue {
    PrintableString::try_from(text).map_or_else(
        |_| DnValue::Utf8String(text.to_owned()),
        DnValue::PrintableString,
    )
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// The subject fields of a parsed request, the first of each kind as the library reads them.
pub(super) fn read_subject(name: &X509Name<'_>, into: &mut RequestAttributes) {
    for attribute in name.iter_attributes() {
        let Some(kind) = attribute
            .attr_type()
            .iter()
            .map(Iterator::collect::<Vec<u64>>)
        else {
            // An identifier beyond 64 bits is none of the fields.
            continue;
        };
        let field = match DnType::from_oid(&kind) {
            DnType::CommonName => &mut into.common_name,
            DnType::OrganizationName => &mut into.organization,
            DnType::OrganizationalUnitName => &mut into.organizational_unit,
            DnType::CountryName => &mut into.country_name,
            DnType::StateOrProvinceName => &mut into.state_or_province_name,
            DnType::LocalityName => &mut into.locality_name,
            DnType::CustomDnType(kind) if kind == UNIQUE_IDENTIFIER => &mut into.unique_identifier,
            DnType::CustomDnType(kind) if kind == EMAIL_ADDRESS => &mut into.email_address,
            _ => continue,
        };
        if field.is_none() {
            *field = Some(value_text(attribute));
        }
    }
}

/// A name to be written again, byte for byte, from its DER.
pub(super) fn copy(der: &[u8]) -> Result<DistinguishedName, PkiError> {
    let unsupported = |why: &str| PkiError::UnsupportedName(why.to_owned());
    let (_, parsed) = X509Name::from_der(der).map_err(|_| unsupported("not a name"))?;
    let mut name = DistinguishedName::new();
    for rdn in parsed.iter() {
        let mut attributes = rdn.iter();
        let (Some(attribute), None) = (attributes.next(), attributes.next()) else {
            return Err(unsupported("it has a part with several attributes"));
        };
        let kind = attribute
            .attr_type()
            .iter()
            .map(Iterator::collect::<Vec<u64>>);
        let kind = DnType::from_oid(&kind.ok_or_else(|| unsupported("an identifier too large"))?);
        if name.get(&kind).is_some() {
            return Err(unsupported("it has two attributes of one type"));
        }
        let value = copy_value(attribute.attr_value());
        name.push(
            kind,
            value.ok_or_else(|| unsupported("an unusual string type"))?,
        );
    }
    Ok(name)
}

fn copy_value(value: &Any<'_>) -> Option<DnValue> {
    let text = std::str::from_utf8(value.data).ok()?;
    match value.tag() {
        Tag::Utf8String => Some(DnValue::Utf8String(text.to_owned())),
        Tag::PrintableString => text.try_into().ok().map(DnValue::PrintableString),
        Tag::Ia5String => text.try_into().ok().map(DnValue::Ia5String),
        _ => None,
    }
}

/// The name in the order of its DER, `CN=..,O=..`, values escaped as in RFC 4514.
pub(super) fn text(name: &X509Name<'_>) -> String {
    let mut out = String::new();
    for rdn in name.iter() {
        for (k, attribute) in rdn.iter().enumerate() {
            if !out.is_empty() {
                out.push(if k == 0 { ',' } else { '+' });
            }
            push_kind(&mut out, attribute);
            out.push('=');
            push_escaped(&mut out, &value_text(attribute));
        }
    }
    out
}

fn push_kind(out: &mut String, attribute: &AttributeTypeAndValue<'_>) {
    let kind = attribute.attr_type();
    let mut short = SHORT_NAMES.iter();
    let same = |arcs: &[u64]| {
        kind.iter()
            .is_some_and(|found| found.eq(arcs.iter().copied()))
    };
    match short.find(|(arcs, _)| same(arcs)) {
        Some((_, name)) => out.push_str(name),
        None => out.push_str(&kind.to_id_string()),
    }
}

fn push_escaped(out: &mut String, value: &str) {
    for (at, letter) in value.char_indices() {
        let special = match letter {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            ' ' => at == 0 || at + 1 == value.len(),
            '#' => at == 0,
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(letter);
    }
}

/// The text of a value; `#` and the bytes where it is no string.
pub(super) fn value_text(attribute: &AttributeTypeAndValue<'_>) -> String {
    attribute.as_str().map_or_else(
        |_| format!("#{}", hex::encode(attribute.as_slice())),
        str::to_owned,
    )
}

/// The content of a `SubjectAltName`, by kind in this order; `None` where there is no name.
pub(super) fn alternative_names(
    wanted: &RequestAttributes,
    order: &[SanKind],
) -> Result<Option<Vec<u8>>, PkiError> {
    let mut names = Vec::new();
    let ascii = |text: &str| match text.is_ascii() {
        true => Ok(()),
        false => Err(PkiError::NotAscii(text.to_owned())),
    };
    for kind in order {
        match kind {
            SanKind::Dns => {
                for name in &wanted.sans_dns {
                    ascii(name)?;
                    der::push(&mut names, der::context(2), name.as_bytes());
                }
            }
            SanKind::Ip => {
                for address in &wanted.sans_ip {
                    push_address(&mut names, *address);
                }
            }
            SanKind::RegisteredId => {
                for oid in &wanted.sans_oid {
                    der::push(&mut names, der::context(8), &der::oid_content(oid)?);
                }
            }
            SanKind::Email => {
                for name in &wanted.sans_email {
                    ascii(name)?;
                    der::push(&mut names, der::context(1), name.as_bytes());
                }
            }
            SanKind::SubjectEmail => {
                let name = given(&wanted.email_address);
                if let Some(name) = name.filter(|name| !wanted.sans_email.iter().any(|k| k == name))
                {
                    ascii(name)?;
                    der::push(&mut names, der::context(1), name.as_bytes());
                }
            }
        }
    }
    Ok((!names.is_empty()).then(|| der::element(der::SEQUENCE, &names)))
}

fn push_address(names: &mut Vec<u8>, address: std::net::IpAddr) {
    match address {
        std::net::IpAddr::V4(address) => der::push(names, der::context(7), &address.octets()),
        std::net::IpAddr::V6(address) => der::push(names, der::context(7), &address.octets()),
    }
}

/// The address in an `iPAddress` name.
pub(super) fn address(octets: &[u8]) -> Option<std::net::IpAddr> {
    <[u8; 4]>::try_from(octets)
        .map(std::net::IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(octets).map(std::net::IpAddr::from))
        .ok()
}

/// An alternative name as it is reported: `DNS:a`, `IP:1.2.3.4`, `email:a@b`, `URI:..`, `RID:1.2`.
pub(super) fn alternative_name_text(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(text) => format!("DNS:{text}"),
        GeneralName::RFC822Name(text) => format!("email:{text}"),
        GeneralName::URI(text) => format!("URI:{text}"),
        GeneralName::IPAddress(octets) => match address(octets) {
            Some(address) => format!("IP:{address}"),
            None => format!("IP:#{}", hex::encode(octets)),
        },
        GeneralName::RegisteredID(oid) => format!("RID:{}", oid.to_id_string()),
        GeneralName::DirectoryName(name) => format!("DirName:{}", text(name)),
        _ => "other".to_owned(),
    }
}
