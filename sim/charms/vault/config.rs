//! The charm's options, as it reads them (`vault-package/vault/vault_helpers.py`).

use crate::interfaces::tls_certificates::{Request, Side};
use crate::juju::UnitContext;
use crate::kernel::Span;
use crate::pki::RequestAttributes;
use crate::pki::issuers::vault::Role;

/// An option that is set to something.
pub(super) fn text(unit: &UnitContext<'_>, option: &str) -> Option<String> {
    let value = unit.config(option).filter(|value| !value.is_empty());
    value.map(str::to_owned)
}

fn flag(unit: &UnitContext<'_>, option: &str, default: bool) -> bool {
    let value = unit.config(option).filter(|value| !value.is_empty());
    value.map_or(default, |value| value.eq_ignore_ascii_case("true"))
}

/// `sans_dns_config_is_valid` and `allowed_domains_config_is_valid`: a comma separated list
/// without empty entries and without spaces inside one.
pub(super) fn is_list(unit: &UnitContext<'_>, option: &str) -> bool {
    let value = unit.config(option).unwrap_or("");
    value.is_empty() || {
        let mut names = value.split(',').map(str::trim);
        names.all(|name| !name.is_empty() && !name.contains(' '))
    }
}

pub(super) fn list(unit: &UnitContext<'_>, option: &str) -> Vec<String> {
    let value = unit.config(option).unwrap_or("");
    let names = value.split(',').map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `_get_pki_certificate_request` (`prefix` being `pki`) and `_get_acme_certificate_request`:
/// none without a common name.
pub(super) fn ca_request(unit: &UnitContext<'_>, prefix: &str) -> Option<Request> {
    let field = |name: &str| text(unit, &format!("{prefix}_ca_{name}"));
    let sans = format!("{prefix}_ca_sans_dns");
    if !is_list(unit, &sans) {
        return None;
    }
    let attributes = RequestAttributes {
        common_name: Some(field("common_name")?),
        sans_dns: list(unit, &sans),
        country_name: field("country_name"),
        state_or_province_name: field("state_or_province_name"),
        locality_name: field("locality_name"),
        organization: field("organization"),
        organizational_unit: field("organizational_unit"),
        email_address: field("email_address"),
        ..RequestAttributes::default()
    };
    let mut request = Request::new(attributes, Side::App);
    request.is_ca = true;
    Some(request)
}

/// The role of the PKI mount: `pki_allowed_domains`, or the CA's common name without it.
pub(super) fn role(unit: &UnitContext<'_>, ca_common_name: &str, max_ttl: Span) -> Role {
    let mut domains = list(unit, "pki_allowed_domains");
    if domains.is_empty() {
        domains.push(ca_common_name.to_owned());
    }
    Role {
        allowed_domains: domains,
        allow_bare_domains: flag(unit, "pki_allow_bare_domains", true),
        allow_subdomains: flag(unit, "pki_allow_subdomains", false),
        allow_wildcard_certificates: flag(unit, "pki_allow_wildcard_certificates", true),
        allow_any_name: flag(unit, "pki_allow_any_name", false),
        allow_ip_sans: flag(unit, "pki_allow_ip_sans", false),
        subject: RequestAttributes {
            organization: text(unit, "pki_organization"),
            organizational_unit: text(unit, "pki_organizational_unit"),
            country_name: text(unit, "pki_country"),
            state_or_province_name: text(unit, "pki_province"),
            locality_name: text(unit, "pki_locality"),
            ..RequestAttributes::default()
        },
        max_ttl,
    }
}

/// `pki_self_signed_ca_validity`, hours; none and zero are ten years.
pub(super) fn self_signed_ca_validity(unit: &UnitContext<'_>) -> Span {
    let hours = unit
        .config("pki_self_signed_ca_validity")
        .and_then(|value| value.parse::<u64>().ok())
        .filter(|hours| *hours > 0)
        .unwrap_or(87_600);
    Span::from_secs(hours.saturating_mul(3_600))
}
