//! What a certificate request asks for.

use std::collections::BTreeSet;
use std::net::IpAddr;

use rand::Rng;

use super::request::RequestedExtension;
use trustsim_kernel::Stream;

/// What a certificate request asks for: `CertificateRequestAttributes` of canonical/charmlibs
/// `interfaces/tls-certificates` (commit caaf7415). Empty texts count as absent, as there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestAttributes {
    /// CN, at most 64 bytes.
    pub common_name: Option<String>,
    /// 2.5.4.45 as a UTF8String: a random UUID that the library adds unless told not to, so that
    /// no two subjects and no two requests are ever equal. [`RequestAttributes::unique`] sets it.
    pub unique_identifier: Option<String>,
    /// O.
    pub organization: Option<String>,
    /// OU.
    pub organizational_unit: Option<String>,
    /// emailAddress, which issuers also put among the alternative names.
    pub email_address: Option<String>,
    /// C, two letters.
    pub country_name: Option<String>,
    /// ST.
    pub state_or_province_name: Option<String>,
    /// L.
    pub locality_name: Option<String>,
    /// DNS names. The library holds sets, whose order changes with each Python process; here the
    /// order given is kept.
    pub sans_dns: Vec<String>,
    /// Addresses.
    pub sans_ip: Vec<IpAddr>,
    /// Dotted object identifiers (`registeredID`).
    pub sans_oid: Vec<String>,
    /// Mail addresses among the alternative names; the library writes none into a request but
    /// copies those of others.
    pub sans_email: Vec<String>,
    /// Further extensions, written critical by the library (`additional_critical_extensions`).
    pub additional_extensions: Vec<RequestedExtension>,
}

impl RequestAttributes {
    /// A request for this common name and nothing else.
    pub fn with_common_name(name: impl Into<String>) -> Self {
        Self {
            common_name: Some(name.into()),
            ..Self::default()
        }
    }

    /// The same with a fresh UUID (version 4) from `stream` as its unique identifier.
    #[must_use]
    pub fn unique(mut self, stream: &mut Stream) -> Self {
        self.unique_identifier = Some(uuid4(stream));
        self
    }

    /// Whether the library takes both for the same request (`__eq__`): alternative names are
    /// compared as sets, and of the unique identifier only whether there is one.
    pub fn matches(&self, other: &Self) -> bool {
        self.subject_texts() == other.subject_texts()
            && self.unique_identifier.is_some() == other.unique_identifier.is_some()
            && set(&self.sans_dns) == set(&other.sans_dns)
            && set(&self.sans_ip) == set(&other.sans_ip)
            && set(&self.sans_oid) == set(&other.sans_oid)
            && self.critical_extensions() == other.critical_extensions()
    }

    fn subject_texts(&self) -> [Option<&str>; 7] {
        [
            &self.common_name,
            &self.organization,
            &self.organizational_unit,
            &self.email_address,
            &self.country_name,
            &self.state_or_province_name,
            &self.locality_name,
        ]
        .map(|text| text.as_deref().filter(|text| !text.is_empty()))
    }

    fn critical_extensions(&self) -> Vec<&RequestedExtension> {
        let all = self.additional_extensions.iter();
        all.filter(|extension| extension.critical).collect()
    }

    /// Whether there is neither a common name nor an alternative name.
    pub(super) fn is_empty(&self) -> bool {
        self.common_name.as_deref().is_none_or(str::is_empty)
            && self.sans_dns.is_empty()
            && self.sans_ip.is_empty()
            && self.sans_oid.is_empty()
    }
}

fn set<T: Ord>(items: &[T]) -> BTreeSet<&T> {
    items.iter().collect()
}

/// A random UUID of version 4 in its usual form.
pub fn uuid4(stream: &mut Stream) -> String {
    let mut bytes = [0; 16];
    stream.fill_bytes(&mut bytes);
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let mut text = hex::encode(bytes);
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_kernel::Streams;

    #[test]
    fn the_unique_identifier_is_a_uuid_of_version_4() {
        let mut stream = Streams::new(1).stream("uuid", "web/0");
        let text = uuid4(&mut stream);
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&text.as_bytes()[19]), "{text}");
        assert_ne!(text, uuid4(&mut stream));
    }

    #[test]
    fn requests_match_as_the_library_compares_them() {
        let mut stream = Streams::new(1).stream("uuid", "web/0");
        let mut one = RequestAttributes::with_common_name("a").unique(&mut stream);
        one.sans_dns = vec!["x".into(), "y".into()];
        let mut other = RequestAttributes::with_common_name("a").unique(&mut stream);
        other.sans_dns = vec!["y".into(), "x".into(), "x".into()];
        other.organization = Some(String::new());
        assert!(one.matches(&other) && one != other);
        other.unique_identifier = None;
        assert!(!one.matches(&other));
    }
}
