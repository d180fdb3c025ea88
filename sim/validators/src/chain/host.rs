//! Host names and addresses as OpenSSL matches them (`do_x509_check`, `crypto/x509/v3_utl.c`).
//!
//! With the flags that Python's `ssl` sets: no partial wildcards, and the common name only where
//! there is no DNS name among the subject alternative names.

use rustls::pki_types::{IpAddr, ServerName};

use super::facts::{Facts, SubjectName};

/// Whether the certificate is for this name.
pub(super) fn matches(leaf: &Facts, name: &ServerName<'_>) -> bool {
    match name {
        ServerName::DnsName(host) => host_matches(leaf, host.as_ref()),
        ServerName::IpAddress(IpAddr::V4(address)) => ip_matches(leaf, address.as_ref()),
        ServerName::IpAddress(IpAddr::V6(address)) => ip_matches(leaf, address.as_ref()),
        _ => false,
    }
}

/// Whether curl takes the certificate for this name: it falls back to the last common name only
/// where there is neither a DNS name nor an address, and then for addresses too.
pub(super) fn matches_for_curl(leaf: &Facts, name: &ServerName<'_>) -> bool {
    let is_host = |name: &SubjectName| matches!(name, SubjectName::Dns(_) | SubjectName::Ip(_));
    if leaf.alternative_names().any(is_host) {
        let dns_names = leaf.alternative_names().filter_map(|name| match name {
            SubjectName::Dns(pattern) => Some(pattern),
            _ => None,
        });
        return match name {
            ServerName::DnsName(host) => dns_names
                .into_iter()
                .any(|pattern| pattern_matches(pattern, host.as_ref())),
            _ => matches(leaf, name),
        };
    }
    let last = leaf.subject.common_names.last();
    last.is_some_and(|pattern| pattern_matches(pattern, &name.to_str()))
}

/// curl's words where it fell back to the common name (`Curl_ossl_verifyhost`); where there are
/// alternative names it says the same of all of them.
pub(super) fn curl_says_of_common_name(leaf: &Facts, name: &ServerName<'_>) -> Option<String> {
    let is_host = |name: &SubjectName| matches!(name, SubjectName::Dns(_) | SubjectName::Ip(_));
    if leaf.alternative_names().any(is_host) {
        return None;
    }
    Some(match leaf.subject.common_names.last() {
        Some(found) => format!(
            "certificate subject name '{found}' does not match target host name '{}'",
            name.to_str()
        ),
        None => "unable to obtain common name from peer certificate".to_owned(),
    })
}

fn ip_matches(leaf: &Facts, address: &[u8]) -> bool {
    leaf.alternative_names()
        .any(|name| matches!(name, SubjectName::Ip(found) if found == address))
}

fn host_matches(leaf: &Facts, host: &str) -> bool {
    let mut has_dns_name = false;
    for name in leaf.alternative_names() {
        if let SubjectName::Dns(pattern) = name {
            has_dns_name = true;
            if pattern_matches(pattern, host) {
                return true;
            }
        }
    }
    !has_dns_name
        && leaf
            .subject
            .common_names
            .iter()
            .any(|pattern| pattern_matches(pattern, host))
}

/// `equal_wildcard`: a star is the whole first label, with at least two dots behind it, and
/// matches exactly one label.
fn pattern_matches(pattern: &str, host: &str) -> bool {
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let Some(suffix) = pattern.strip_prefix('*') else {
        return false;
    };
    let is_valid_star = suffix.starts_with('.')
        && suffix[1..].split('.').count() >= 2
        && suffix[1..].split('.').all(is_label);
    let Some(dot) = host.find('.') else {
        return false;
    };
    let (label, rest) = host.split_at(dot);
    is_valid_star && !label.is_empty() && rest.eq_ignore_ascii_case(suffix)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
