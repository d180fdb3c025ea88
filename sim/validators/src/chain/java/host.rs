//! Host names and addresses as Java matches them (`sun.security.util.HostnameChecker`): the last
//! common name where there is no DNS name, a star anywhere in the first label.

use std::net::IpAddr;

use rustls::pki_types::ServerName;

use super::super::facts::{Facts, SubjectName};
use super::{Failure, messages};

/// Whether the certificate is for this name, or Java's words where it is not.
pub(super) fn check<'a>(leaf: &'a Facts, name: &ServerName<'_>) -> Result<(), Failure<'a>> {
    match name {
        ServerName::IpAddress(address) => check_address(leaf, IpAddr::from(*address)),
        name => check_host(leaf, &name.to_str()),
    }
}

fn check_address(leaf: &Facts, wanted: IpAddr) -> Result<(), Failure<'_>> {
    if leaf.subject_names.is_none() {
        return Err(Failure::new(messages::NO_ALTERNATIVE_NAMES, &[], leaf));
    }
    let is_wanted = |name: &SubjectName| match (name, wanted) {
        (SubjectName::Ip(octets), IpAddr::V4(wanted)) => *octets == wanted.octets(),
        (SubjectName::Ip(octets), IpAddr::V6(wanted)) => *octets == wanted.octets(),
        _ => false,
    };
    if leaf.alternative_names().any(is_wanted) {
        return Ok(());
    }
    let wanted = wanted.to_string();
    Err(Failure::new(messages::NO_ADDRESS, &[&wanted], leaf))
}

fn check_host<'a>(leaf: &'a Facts, host: &str) -> Result<(), Failure<'a>> {
    let fail = |message| Err(Failure::new(message, &[host], leaf));
    if !is_host(host) {
        return fail(messages::ILLEGAL_NAME);
    }
    let mut names = leaf
        .alternative_names()
        .filter_map(|name| match name {
            SubjectName::Dns(name) => Some(name),
            _ => None,
        })
        .peekable();
    if names.peek().is_some() {
        if names.any(|pattern| is_for(pattern, host)) {
            return Ok(());
        }
        return fail(messages::NO_DNS_NAME);
    }
    match leaf.subject.common_names.last() {
        Some(pattern) if is_for(pattern, host) => Ok(()),
        _ => fail(messages::NO_COMMON_NAME),
    }
}

/// What `SNIHostName` takes.
fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    !name.is_empty() && name.split('.').all(is_label)
}

fn is_for(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
    let has_bad_star = match pattern.rfind('*') {
        Some(star) => pattern == "*" || pattern == "*." || !pattern[star..].contains('.'),
        None => false,
    };
    if has_bad_star || !is_host(&pattern.replace('*', "z")) {
        return false;
    }
    let split = |name: &str| {
        let dot = name.find('.').unwrap_or(name.len());
        (name[..dot].to_owned(), name[dot..].to_owned())
    };
    let (first, rest) = split(&pattern);
    let (label, parent) = split(&host);
    rest == parent && label_matches(&label, &first)
}

/// `matchWildCards`: stars stand for any letters of the label.
fn label_matches(label: &str, pattern: &str) -> bool {
    let Some((start, mut pattern)) = pattern.split_once('*') else {
        return label == pattern;
    };
    let Some(mut rest) = label.strip_prefix(start) else {
        return false;
    };
    while let Some((text, after)) = pattern.split_once('*') {
        let Some(found) = rest.find(text) else {
            return false;
        };
        rest = &rest[found + text.len()..];
        pattern = after;
    }
    rest.ends_with(pattern)
}
