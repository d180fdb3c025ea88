//! Distinguished names as OpenSSL compares them: without case, and with runs of spaces as one.

use x509_parser::x509::X509Name;

/// A distinguished name in OpenSSL's canonical form (`x509_name_canon`, `crypto/x509/x_name.c`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// Equal for names that OpenSSL takes for equal; a name whose first attributes are those of
    /// another starts with its bytes.
    pub(crate) canonical: Vec<u8>,
    /// The common names, in order, as text.
    pub(super) common_names: Vec<String>,
    /// The organizations, in order, as text.
    pub(super) organizations: Vec<String>,
    /// The email addresses in it.
    pub(super) emails: Vec<String>,
    /// Identifier and text of every attribute, one list for each relative name, as encoded.
    pub(super) attributes: Vec<Vec<(String, String)>>,
}

/// ASN.1 tags of the string types that are compared by their text: UTF8String, PrintableString,
/// T61String, IA5String, VisibleString, UniversalString, BMPString (`ASN1_MASK_CANON`).
const TEXT_TAGS: [u32; 7] = [12, 19, 20, 22, 26, 28, 30];
const UTF8_STRING: u32 = 12;
const UNIVERSAL_STRING: u32 = 28;
const BMP_STRING: u32 = 30;

/// The host in a URI that has an authority: what lies between `://` and the next port or path.
pub(super) fn uri_host(uri: &str) -> Option<&str> {
    let (_, authority) = uri.split_once("://")?;
    Some(match authority.split_once([':', '/']) {
        Some((host, _)) => host,
        None => authority,
    })
}

impl Name {
    pub(super) fn read(name: &X509Name<'_>) -> Self {
        let mut canonical = Vec::new();
        for relative in name.iter_rdn() {
            let mut set = Vec::new();
            for attribute in relative.iter() {
                put(&mut set, attribute.attr_type().as_bytes());
                let value = attribute.attr_value();
                let tag = value.tag().0;
                if TEXT_TAGS.contains(&tag) {
                    put(&mut set, &UTF8_STRING.to_be_bytes());
                    put(&mut set, squeeze(&text(tag, value.data)).as_bytes());
                } else {
                    put(&mut set, &tag.to_be_bytes());
                    put(&mut set, value.data);
                }
            }
            put(&mut canonical, &set);
        }
        let texts = |found: Vec<&x509_parser::x509::AttributeTypeAndValue<'_>>| {
            let value = |attribute: &&x509_parser::x509::AttributeTypeAndValue<'_>| {
                let value = attribute.attr_value();
                text(value.tag().0, value.data)
            };
            found.iter().map(value).collect()
        };
        Self {
            canonical,
            common_names: texts(name.iter_common_name().collect()),
            organizations: texts(name.iter_organization().collect()),
            emails: texts(name.iter_email().collect()),
            attributes: attributes(name),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.canonical.is_empty()
    }
}

fn attributes(name: &X509Name<'_>) -> Vec<Vec<(String, String)>> {
    let relatives = name.iter_rdn().map(|relative| {
        let pairs = relative.iter().map(|attribute| {
            let value = attribute.attr_value();
            let id = attribute.attr_type().to_id_string();
            (id, text(value.tag().0, value.data))
        });
        pairs.collect()
    });
    relatives.collect()
}

/// Appends a length and the bytes, so that no two different names give the same bytes.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn text(tag: u32, data: &[u8]) -> String {
    match tag {
        BMP_STRING => {
            let units = data.chunks_exact(2);
            let units = units.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        UNIVERSAL_STRING => {
            let units = data.chunks_exact(4);
            units
                .map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
                .map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        _ => String::from_utf8_lossy(data).into_owned(),
    }
}

/// Lower case in ASCII, outer spaces dropped, inner runs of spaces made one.
fn squeeze(text: &str) -> String {
    let words: Vec<_> = text
        .split(|c: char| c.is_ascii_whitespace() || c == '\x0b')
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join(" ")
}
