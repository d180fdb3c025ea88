//! Name constraints as OpenSSL checks them (`crypto/x509/v3_ncons.c`).

use super::facts::{Facts, SubjectName};
use super::name::uri_host;
use super::x509_errors::{EXCLUDED_VIOLATION, PERMITTED_VIOLATION, UNSUPPORTED_NAME_SYNTAX};

/// Checks the names of `certificate` against the constraints of `authority`; `is_leaf` also
/// checks a common name that may be taken for a host name.
///
/// # Errors
///
/// `X509_V_ERR_*`.
pub(super) fn check(certificate: &Facts, authority: &Facts, is_leaf: bool) -> Result<(), u32> {
    if authority.permitted.is_empty() && authority.excluded.is_empty() {
        return Ok(());
    }
    if !certificate.subject.is_empty() {
        check_name(
            &SubjectName::Directory(certificate.subject.clone()),
            authority,
        )?;
    }
    for email in &certificate.subject.emails {
        check_name(&SubjectName::Email(email.clone()), authority)?;
    }
    for name in certificate.alternative_names() {
        check_name(name, authority)?;
    }
    let has_dns_name = certificate
        .alternative_names()
        .any(|name| matches!(name, SubjectName::Dns(_)));
    if is_leaf && !has_dns_name {
        let names = certificate.subject.common_names.iter();
        for name in names.filter(|name| looks_like_host(name)) {
            check_name(&SubjectName::Dns(name.clone()), authority)?;
        }
    }
    Ok(())
}

/// `nc_match`.
fn check_name(name: &SubjectName, authority: &Facts) -> Result<(), u32> {
    let same_kind = |base: &&SubjectName| {
        std::mem::discriminant(*base) == std::mem::discriminant(name)
            && !matches!(base, SubjectName::Other)
    };
    let mut permitted = authority.permitted.iter().filter(same_kind).peekable();
    if permitted.peek().is_some() {
        let mut is_permitted = false;
        for base in permitted {
            is_permitted = is_permitted || is_within(name, base)?;
        }
        if !is_permitted {
            return Err(PERMITTED_VIOLATION);
        }
    }
    for base in authority.excluded.iter().filter(same_kind) {
        if is_within(name, base)? {
            return Err(EXCLUDED_VIOLATION);
        }
    }
    Ok(())
}

/// `nc_match_single`: whether a name lies within a subtree of its own kind.
fn is_within(name: &SubjectName, base: &SubjectName) -> Result<bool, u32> {
    Ok(match (name, base) {
        (SubjectName::Dns(name), SubjectName::Dns(base)) => is_below(name, base),
        (SubjectName::Directory(name), SubjectName::Directory(base)) => {
            name.canonical.starts_with(&base.canonical)
        }
        (SubjectName::Ip(address), SubjectName::Ip(base)) => ip_is_within(address, base)?,
        (SubjectName::Email(address), SubjectName::Email(base)) => email_is_within(address, base),
        (SubjectName::Uri(uri), SubjectName::Uri(base)) => uri_is_within(uri, base)?,
        _ => false,
    })
}

/// `nc_dns`: the base itself, or more labels on its left.
fn is_below(name: &str, base: &str) -> bool {
    let Some(start) = name.len().checked_sub(base.len()) else {
        return false;
    };
    let (left, right) = name.as_bytes().split_at(start);
    let is_whole_label = left.is_empty() || base.starts_with('.') || left.ends_with(b".");
    base.is_empty() || (is_whole_label && right.eq_ignore_ascii_case(base.as_bytes()))
}

/// `nc_ip`: the base is an address and a mask.
fn ip_is_within(address: &[u8], base: &[u8]) -> Result<bool, u32> {
    if !matches!(address.len(), 4 | 16) || !matches!(base.len(), 8 | 32) {
        return Err(UNSUPPORTED_NAME_SYNTAX);
    }
    if address.len() * 2 != base.len() {
        return Ok(false);
    }
    let (network, mask) = base.split_at(address.len());
    let mut octets = address.iter().zip(network).zip(mask);
    Ok(octets.all(|((address, network), mask)| (address ^ network) & mask == 0))
}

/// `nc_email`: a mailbox, a host, or a domain with a leading dot.
fn email_is_within(address: &str, base: &str) -> bool {
    let Some((mailbox, host)) = address.rsplit_once('@') else {
        return false;
    };
    match base.rsplit_once('@') {
        Some((base_mailbox, base_host)) => {
            (base_mailbox.is_empty() || base_mailbox == mailbox)
                && base_host.eq_ignore_ascii_case(host)
        }
        None if base.starts_with('.') => host.len() > base.len() && is_below(host, base),
        None => base.eq_ignore_ascii_case(host),
    }
}

/// `nc_uri`: the host of the URI.
fn uri_is_within(uri: &str, base: &str) -> Result<bool, u32> {
    let host = uri_host(uri).ok_or(UNSUPPORTED_NAME_SYNTAX)?;
    if host.is_empty() {
        return Err(UNSUPPORTED_NAME_SYNTAX);
    }
    Ok(if base.starts_with('.') {
        host.len() > base.len() && is_below(host, base)
    } else {
        host.eq_ignore_ascii_case(base)
    })
}

/// `cn2dnsid`: at least two labels of letters, digits, hyphens and underscores.
fn looks_like_host(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    name.contains('.') && name.split('.').all(is_label)
}
