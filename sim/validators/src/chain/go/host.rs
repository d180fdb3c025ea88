//! Host names and addresses as Go matches them (`VerifyHostname`, `HostnameError`,
//! `src/crypto/x509/verify.go`): never the common name, and any text that is equal.

use std::net::IpAddr;

use rustls::pki_types::ServerName;

use super::super::facts::{Facts, SubjectName};
use super::super::message::Message;
use super::{Failure, messages};

/// Whether the certificate is for this name, or Go's words where it is not.
pub(super) fn check<'a>(leaf: &'a Facts, name: &ServerName<'_>) -> Result<(), Failure<'a>> {
    let (message, values) = match name {
        ServerName::IpAddress(address) => {
            let wanted = IpAddr::from(*address);
            let found = addresses(leaf);
            if found.contains(&wanted) {
                return Ok(());
            }
            not_for_address(leaf, wanted, &found)
        }
        name => {
            let host = name.to_str();
            if names(leaf).any(|pattern| is_for(pattern, &host)) {
                return Ok(());
            }
            not_for_host(leaf, &host)
        }
    };
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    Err(Failure::new(message, &values, leaf))
}

/// Longer lists are counted instead of shown.
const MAX_NAMES: usize = 100;

fn names(leaf: &Facts) -> impl Iterator<Item = &str> {
    leaf.alternative_names().filter_map(|name| match name {
        SubjectName::Dns(name) => Some(name.as_str()),
        _ => None,
    })
}

fn addresses(leaf: &Facts) -> Vec<IpAddr> {
    let octets = leaf.alternative_names().filter_map(|name| match name {
        SubjectName::Ip(octets) => Some(octets.as_slice()),
        _ => None,
    });
    octets.filter_map(address).collect()
}

/// An address as `net.IP` prints it.
pub(super) fn address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(IpAddr::from(four));
    }
    let sixteen = <[u8; 16]>::try_from(octets).ok()?;
    Some(IpAddr::from(sixteen).to_canonical())
}

fn not_for_address(leaf: &Facts, wanted: IpAddr, found: &[IpAddr]) -> (Message, Vec<String>) {
    let wanted = wanted.to_string();
    if relies_on_common_name(leaf, &wanted) {
        return (messages::LEGACY_COMMON_NAME, Vec::new());
    }
    if found.is_empty() {
        return (messages::NO_ADDRESSES, vec![wanted]);
    }
    if found.len() >= MAX_NAMES {
        return (
            messages::MANY_ADDRESSES,
            vec![found.len().to_string(), wanted],
        );
    }
    let list: Vec<_> = found.iter().map(IpAddr::to_string).collect();
    (messages::VALID_FOR_OTHERS, vec![list.join(", "), wanted])
}

fn not_for_host(leaf: &Facts, host: &str) -> (Message, Vec<String>) {
    let host = host.to_owned();
    if relies_on_common_name(leaf, &host) {
        return (messages::LEGACY_COMMON_NAME, Vec::new());
    }
    let list: Vec<_> = names(leaf).collect();
    if list.len() >= MAX_NAMES {
        return (messages::MANY_NAMES, vec![list.len().to_string(), host]);
    }
    match list.join(", ") {
        list if list.is_empty() => (messages::NO_NAMES, vec![host]),
        list => (messages::VALID_FOR_OTHERS, vec![list, host]),
    }
}

fn relies_on_common_name(leaf: &Facts, host: &str) -> bool {
    let common_name = leaf.subject.common_names.last();
    leaf.subject_names.is_none() && common_name.is_some_and(|name| labels_match(name, host))
}

fn is_for(pattern: &str, host: &str) -> bool {
    if is_host(host.strip_suffix('.').unwrap_or(host), false) && is_host(pattern, true) {
        return labels_match(pattern, host);
    }
    let is_name = |name: &str| !name.is_empty() && name != ".";
    is_name(pattern) && is_name(host) && pattern.eq_ignore_ascii_case(host)
}

/// `validHostname`.
fn is_host(host: &str, is_pattern: bool) -> bool {
    let is_label = |(index, label): (usize, &str)| {
        let is_star = is_pattern && index == 0 && label == "*";
        let is_text = !label.starts_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        !label.is_empty() && (is_star || is_text)
    };
    host != "*" && host.split('.').enumerate().all(is_label)
}

/// `matchHostnames`: a star is the whole first label and matches one label.
fn labels_match(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let pattern: Vec<_> = pattern.split('.').collect();
    let host: Vec<_> = host.split('.').collect();
    pattern.len() == host.len()
        && pattern
            .iter()
            .zip(&host)
            .enumerate()
            .all(|(index, (pattern, label))| {
                (index == 0 && *pattern == "*") || pattern.eq_ignore_ascii_case(label)
            })
}
