//! Name constraints as Go checks them (`checkChainConstraints`, `src/crypto/x509/constraints.go`):
//! every certificate with alternative names against every constrained one above it. Common names
//! and directory names are not looked at.

use super::super::facts::{Facts, SubjectName};
use super::super::name::uri_host;
use super::host::address;
use super::quote::quoted;

/// Checks a path, leaf first.
///
/// # Errors
///
/// Go's words for the first violation.
pub(super) fn check(path: &[&Facts]) -> Result<(), String> {
    for (depth, certificate) in path.iter().enumerate() {
        if certificate.subject_names.is_none() {
            continue;
        }
        for authority in &path[depth + 1..] {
            if !authority.permitted.is_empty() || !authority.excluded.is_empty() {
                check_names(certificate, authority)?;
            }
        }
    }
    Ok(())
}

/// `chainConstraints.check`: addresses, then DNS names, URIs and mailboxes.
fn check_names(certificate: &Facts, authority: &Facts) -> Result<(), String> {
    let rank = |name: &SubjectName| match name {
        SubjectName::Ip(_) => 0,
        SubjectName::Dns(_) => 1,
        SubjectName::Uri(_) => 2,
        SubjectName::Email(_) => 3,
        SubjectName::Directory(_) | SubjectName::Other => 4,
    };
    let mut names: Vec<_> = certificate.alternative_names().collect();
    names.sort_by_key(|name| rank(name));
    for name in names {
        let Some((kind, shown)) = kind(name) else {
            continue;
        };
        if let SubjectName::Dns(name) = name
            && !is_domain(name)
        {
            return Err(format!("x509: cannot parse dnsName {}", quoted(name)));
        }
        let same_kind =
            |base: &&SubjectName| std::mem::discriminant(*base) == std::mem::discriminant(name);
        let mut permitted = authority.permitted.iter().filter(same_kind).peekable();
        if permitted.peek().is_some() && !permitted.any(|base| is_within(name, base)) {
            return Err(format!(
                "{kind} {} is not permitted by any constraint",
                quoted(&shown)
            ));
        }
        let excluded = authority.excluded.iter().filter(same_kind);
        let hits = excluded.filter(|base| is_within(name, base) || covers_star(name, base));
        // Go keeps the widest of the constraints that lie within each other.
        let widest = hits.filter_map(constraint).min_by_key(String::len);
        if let Some(base) = widest {
            return Err(format!(
                "{kind} {} is excluded by constraint {}",
                quoted(&shown),
                quoted(&base)
            ));
        }
    }
    Ok(())
}

/// Go's name for the kind, and the name as it prints it.
fn kind(name: &SubjectName) -> Option<(&'static str, String)> {
    Some(match name {
        SubjectName::Ip(octets) => ("IP address", address(octets)?.to_string()),
        SubjectName::Dns(name) => ("DNS name", name.clone()),
        SubjectName::Uri(uri) => ("URI", uri.clone()),
        SubjectName::Email(mailbox) => ("email address", mailbox.clone()),
        SubjectName::Directory(_) | SubjectName::Other => return None,
    })
}

/// A constraint as Go prints it.
fn constraint(base: &SubjectName) -> Option<String> {
    Some(match base {
        SubjectName::Dns(name) | SubjectName::Uri(name) | SubjectName::Email(name) => name.clone(),
        SubjectName::Ip(octets) => {
            let (network, mask) = octets.split_at(octets.len() / 2);
            let bits: u32 = mask.iter().map(|octet| octet.count_ones()).sum();
            format!("{}/{bits}", address(network)?)
        }
        SubjectName::Directory(_) | SubjectName::Other => return None,
    })
}

fn is_within(name: &SubjectName, base: &SubjectName) -> bool {
    match (name, base) {
        (SubjectName::Dns(name), SubjectName::Dns(base)) => has_suffix(name, base),
        (SubjectName::Ip(address), SubjectName::Ip(base)) if address.len() * 2 == base.len() => {
            let (network, mask) = base.split_at(address.len());
            let mut octets = address.iter().zip(network).zip(mask);
            octets.all(|((address, network), mask)| address & mask == network & mask)
        }
        (SubjectName::Uri(uri), SubjectName::Uri(base)) => match uri_host(uri) {
            Some(host) => has_suffix(host, base),
            // A URI without a host lies in the tree of all hosts only.
            None => base.is_empty(),
        },
        (SubjectName::Email(mailbox), SubjectName::Email(base)) => match mailbox.rsplit_once('@') {
            Some((_, host)) if !base.contains('@') => has_suffix(host, base),
            Some((local, host)) => base
                .rsplit_once('@')
                .is_some_and(|(base_local, base_host)| {
                    base_local == local && base_host.eq_ignore_ascii_case(host)
                }),
            None => false,
        },
        _ => false,
    }
}

/// `dnsHasSuffix`: whole labels; a leading dot asks for one label more.
fn has_suffix(name: &str, base: &str) -> bool {
    let Some(start) = name.len().checked_sub(base.len()) else {
        return false;
    };
    let (left, right) = name.as_bytes().split_at(start);
    base.is_empty()
        || (right.eq_ignore_ascii_case(base.as_bytes())
            && (base.starts_with('.') || left.is_empty() || left.ends_with(b".")))
}

/// A wildcard name is excluded too where it could stand for an excluded one: both are the same
/// but for the first label.
fn covers_star(name: &SubjectName, base: &SubjectName) -> bool {
    let parent = |name: &str| {
        name.split_once('.')
            .map(|(_, parent)| parent.to_lowercase())
    };
    match (name, base) {
        (SubjectName::Dns(name), SubjectName::Dns(base)) => {
            name.starts_with('*') && parent(name).is_some() && parent(name) == parent(base)
        }
        _ => false,
    }
}

/// `domainNameValid`, without constraint syntax.
fn is_domain(name: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| (33..=126).contains(&byte));
    name.is_empty() || name.split('.').all(is_label)
}
