//! What a role of Vault's PKI engine lets through: hashicorp/vault
//! `builtin/logical/pki/issuing/cert_util.go` (`ValidateNames`, `ValidateWildcardDomain`), with
//! the defaults of a role for what the charms do not set (`allow_localhost`, `enforce_hostnames`,
//! `use_csr_common_name` and `use_csr_sans` are on).

use thiserror::Error;

use crate::{Certificate, RequestAttributes};
use trustsim_kernel::{Span, Time};

/// A role, as `create_or_update_pki_charm_role` (canonical/vault-k8s-operator,
/// `vault-package/vault/vault_client.py`) makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// `allowed_domains`.
    pub allowed_domains: Vec<String>,
    /// `allow_bare_domains`.
    pub allow_bare_domains: bool,
    /// `allow_subdomains`.
    pub allow_subdomains: bool,
    /// `allow_wildcard_certificates`.
    pub allow_wildcard_certificates: bool,
    /// `allow_any_name`.
    pub allow_any_name: bool,
    /// `allow_ip_sans`.
    pub allow_ip_sans: bool,
    /// Organization, unit, country, province and locality of every subject.
    pub subject: RequestAttributes,
    /// `max_ttl`.
    pub max_ttl: Span,
}

/// Why Vault refuses a request, in its words.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The common name.
    #[error("common name {0} not allowed by this role")]
    CommonName(String),
    /// A DNS name.
    #[error("subject alternate name {0} not allowed by this role")]
    AlternativeName(String),
    /// A mail address.
    #[error("email address {0} not allowed by this role")]
    Email(String),
    /// Any address at all.
    #[error(
        "IP Subject Alternative Names are not allowed in this role, but was provided some via CSR"
    )]
    Address,
    /// `leaf_not_after_behavior=err`.
    #[error(
        "cannot satisfy request, as TTL would result in notAfter of {not_after} that is beyond the \
         expiration of the CA certificate at {authority_not_after}"
    )]
    BeyondAuthority {
        /// The end asked for.
        not_after: Time,
        /// The authority's.
        authority_not_after: Time,
    },
}

/// The alternative names of a certificate.
pub(super) struct Names {
    pub dns: Vec<String>,
    pub email: Vec<String>,
}

impl Role {
    /// Why this request would be refused under `ca`, with this end.
    pub fn refuses(
        &self,
        asked: &RequestAttributes,
        not_after: Time,
        ca: &Certificate,
    ) -> Option<Refusal> {
        let beyond = || {
            let authority_not_after = ca.not_after();
            (not_after > authority_not_after).then_some(Refusal::BeyondAuthority {
                not_after,
                authority_not_after,
            })
        };
        self.names(asked).err().or_else(beyond)
    }

    /// Why its names would be refused, whatever the CA.
    pub fn refuses_name(&self, asked: &RequestAttributes) -> Option<Refusal> {
        self.names(asked).err()
    }

    /// The names of the certificate, if all are allowed, looked at in Vault's order.
    pub(super) fn names(&self, asked: &RequestAttributes) -> Result<Names, Refusal> {
        let dns = dns_names(asked);
        // To Go a name that is missing is an empty one.
        let common_name = match &asked.common_name {
            Some(name) => name.as_str(),
            None => "",
        };
        if !common_name.is_empty() && !self.allows(common_name) {
            return Err(Refusal::CommonName(common_name.to_owned()));
        }
        // Vault looks at the names before it sorts them.
        let in_order = asked.sans_dns.iter().chain(&dns);
        if let Some(bad) = in_order.into_iter().find(|name| !self.allows(name)) {
            return Err(Refusal::AlternativeName(bad.clone()));
        }
        let mut email = asked.sans_email.clone();
        if common_name.contains('@') {
            email.push(common_name.to_owned());
        }
        if let Some(bad) = email.iter().find(|name| !self.allows(name)) {
            return Err(Refusal::Email(bad.clone()));
        }
        if !asked.sans_ip.is_empty() && !self.allow_ip_sans {
            return Err(Refusal::Address);
        }
        email.sort_unstable();
        email.dedup();
        Ok(Names { dns, email })
    }

    /// `ValidateNames` of one name.
    fn allows(&self, name: &str) -> bool {
        let (is_email, mut reduced) = match name.split_once('@') {
            Some((_, host)) if !host.contains('@') => (true, host),
            Some(_) => return false,
            None => (false, name),
        };
        let host = reduced;
        let is_wildcard = reduced.contains('*');
        if is_wildcard {
            // `strings.SplitN` of a name without a dot leaves no second part.
            let (label, rest) = reduced.split_once('.').unwrap_or((reduced, ""));
            let is_allowed = self.allow_wildcard_certificates && !is_email;
            if !is_allowed || rest.contains('*') || !is_wildcard_label(label) {
                return false;
            }
            reduced = rest;
        }
        if !reduced.is_empty() && !is_hostname(reduced) {
            return false;
        }
        self.allow_any_name
            || self.allows_localhost(reduced)
            || self.allowed_domains.iter().any(|domain| {
                let is_bare = |name: &str| name.eq_ignore_ascii_case(domain);
                let bare = is_bare(name) || (is_email && is_bare(host));
                (self.allow_bare_domains && bare)
                    || (self.allow_subdomains
                        && (is_below(reduced, domain) || (is_wildcard && is_bare(reduced))))
            })
    }

    /// A wildcard of `localhost` itself counts as the name without its wildcard.
    fn allows_localhost(&self, reduced: &str) -> bool {
        ["localhost", "localdomain"]
            .iter()
            .any(|local| reduced == *local || (self.allow_subdomains && is_below(reduced, local)))
    }
}

/// The DNS names of a certificate: the request's and its common name where that is a host's name,
/// sorted and each once (`strutil.RemoveDuplicates`).
pub(super) fn dns_names(asked: &RequestAttributes) -> Vec<String> {
    let common_name = asked.common_name.iter().filter(|name| {
        let bare = name.strip_prefix("*.").unwrap_or(name);
        is_hostname(bare)
    });
    let mut names: Vec<String> = asked.sans_dns.iter().chain(common_name).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn is_below(name: &str, domain: &str) -> bool {
    let head = name.strip_suffix(domain);
    head.is_some_and(|head| head.ends_with('.'))
}

/// `hostnameRegex` without its wildcard. An address in dots is a host's name to it.
fn is_hostname(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let bytes = label.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    bytes.iter().all(is_inner)
        && ends
            .iter()
            .all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
}

/// `leftWildLabelRegex`: one asterisk, alone or beside labels.
fn is_wildcard_label(label: &str) -> bool {
    let Some((head, tail)) = label.split_once('*') else {
        return false;
    };
    let fits = |part: &str| part.is_empty() || is_label(part);
    fits(head) && fits(tail)
}
