//! Name constraints as Java checks them (`NameConstraintsExtension.verify`,
//! `GeneralNameInterface.constrains`).

use super::super::facts::{Facts, SubjectName};
use super::super::name::uri_host;

/// Whether every authority above allows every name of the certificate.
pub(super) fn allow(certificate: &Facts, above: &[&Facts]) -> bool {
    let mut constrained = above
        .iter()
        .filter(|one| !one.permitted.is_empty() || !one.excluded.is_empty())
        .peekable();
    if constrained.peek().is_none() {
        return true;
    }
    let names = names(certificate);
    constrained.all(|authority| names.iter().all(|name| allows(authority, name)))
}

/// The subject, the alternative names, without any the mailboxes of the subject, and the last
/// common name where there is no alternative name of its kind.
fn names(certificate: &Facts) -> Vec<SubjectName> {
    let mut names = Vec::new();
    if !certificate.subject.is_empty() {
        names.push(SubjectName::Directory(certificate.subject.clone()));
    }
    match &certificate.subject_names {
        Some(found) => names.extend(found.iter().cloned()),
        None => {
            let mailboxes = certificate.subject.emails.iter();
            names.extend(mailboxes.map(|mailbox| SubjectName::Email(mailbox.clone())));
        }
    }
    if let Some(common_name) = certificate.subject.common_names.last() {
        match common_name.parse::<std::net::IpAddr>() {
            Ok(address) if !names.iter().any(|name| matches!(name, SubjectName::Ip(_))) => {
                names.push(SubjectName::Ip(match address {
                    std::net::IpAddr::V4(address) => address.octets().to_vec(),
                    std::net::IpAddr::V6(address) => address.octets().to_vec(),
                }));
            }
            Err(_)
                if is_dns_name(common_name)
                    && !names.iter().any(|name| matches!(name, SubjectName::Dns(_))) =>
            {
                names.push(SubjectName::Dns(common_name.clone()));
            }
            _ => {}
        }
    }
    names
}

/// What `sun.security.x509.DNSName` takes: labels of letters, digits, hyphens and underscores that
/// begin with a letter or digit.
fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        label.starts_with(|first: char| first.is_ascii_alphanumeric())
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    !name.is_empty() && name.split('.').all(is_label)
}

/// `verify(GeneralNameInterface)`.
fn allows(authority: &Facts, name: &SubjectName) -> bool {
    let same_kind =
        |base: &&SubjectName| std::mem::discriminant(*base) == std::mem::discriminant(name);
    let mut excluded = authority.excluded.iter().filter(same_kind);
    if excluded.any(|base| is_within(name, base)) {
        return false;
    }
    let mut permitted = authority.permitted.iter().filter(same_kind).peekable();
    permitted.peek().is_none() || permitted.any(|base| is_within(name, base))
}

fn is_within(name: &SubjectName, base: &SubjectName) -> bool {
    match (name, base) {
        (SubjectName::Dns(name), SubjectName::Dns(base)) => is_below(name, base),
        (SubjectName::Directory(name), SubjectName::Directory(base)) => {
            name.canonical.starts_with(&base.canonical)
        }
        (SubjectName::Ip(address), SubjectName::Ip(base)) => {
            let (network, mask) = base.split_at(base.len() / 2);
            let mut octets = address.iter().zip(network).zip(mask);
            address.len() == network.len()
                && octets.all(|((address, network), mask)| address & mask == *network)
        }
        (SubjectName::Email(mailbox), SubjectName::Email(base)) => {
            let (mailbox, base) = (mailbox.to_lowercase(), base.to_lowercase());
            // A mailbox without `@` is on no host.
            let host = mailbox.rsplit_once('@').map_or("", |(_, host)| host);
            if base.contains('@') {
                mailbox == base
            } else if base.starts_with('.') {
                host.ends_with(&base)
            } else {
                host == base
            }
        }
        (SubjectName::Uri(uri), SubjectName::Uri(base)) => match uri_host(uri) {
            Some(host) if base.starts_with('.') => host.len() > base.len() && is_below(host, base),
            Some(host) => host.eq_ignore_ascii_case(base),
            // A URI without a host lies in the tree of the empty host only.
            None => base.is_empty(),
        },
        _ => false,
    }
}

/// `DNSName.constrains`: the base itself, or whole labels more.
fn is_below(name: &str, base: &str) -> bool {
    let (name, base) = (name.to_ascii_lowercase(), base.to_ascii_lowercase());
    name == base
        || name
            .strip_suffix(&base)
            .is_some_and(|left| left.ends_with('.') != base.starts_with('.'))
}
