//! The charm's options, as it reads them (`vault-package/vault/vault_helpers.py`).

use crate::{OptionFault, Options};
use trustsim_interfaces::tls_certificates::{Request, Side};
use trustsim_kernel::Span;
use trustsim_pki::RequestAttributes;
use trustsim_pki::issuers::vault::Role;

/// An option that is set to something.
pub(super) fn text(unit: &dyn Options, option: &str) -> Option<String> {
    let value = unit.option(option).filter(|value| !value.is_empty());
    value.map(str::to_owned)
}

fn flag(unit: &dyn Options, option: &str, default: bool) -> bool {
    let value = unit.option(option).filter(|value| !value.is_empty());
    value.map_or(default, |value| value.eq_ignore_ascii_case("true"))
}

/// `sans_dns_config_is_valid` and `allowed_domains_config_is_valid`: a comma separated list
/// without empty entries and without spaces inside one.
pub(super) fn is_list(unit: &dyn Options, option: &str) -> bool {
    text(unit, option).is_none_or(|value| {
        let mut names = value.split(',').map(str::trim);
        names.all(|name| !name.is_empty() && !name.contains(' '))
    })
}

pub(super) fn list(unit: &dyn Options, option: &str) -> Vec<String> {
    let value = unit.option(option).into_iter();
    let names = value.flat_map(|value| value.split(',')).map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether the revision has the options `pki_*` (canonical/vault-k8s-operator since #655): one of them
/// has a default.
pub(super) fn has_pki_options(unit: &dyn Options) -> bool {
    unit.option("pki_allow_subdomains").is_some()
}

/// The option with the common name of the CA.
fn common_name_option(unit: &dyn Options) -> &'static str {
    match has_pki_options(unit) {
        true => "pki_ca_common_name",
        false => "common_name",
    }
}

/// The common name of the CA, which is not set by default.
pub(super) fn ca_common_name(unit: &dyn Options) -> Option<String> {
    text(unit, common_name_option(unit))
}

/// An engine of Vault that has a CA of its own, which another CA signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Pki,
    Acme,
}

/// The options for the subject of an engine's CA.
struct CaOptions {
    sans_dns: &'static str,
    country_name: &'static str,
    state_or_province_name: &'static str,
    locality_name: &'static str,
    organization: &'static str,
    organizational_unit: &'static str,
    email_address: &'static str,
}

impl Engine {
    const fn ca_options(self) -> CaOptions {
        match self {
            Self::Pki => CaOptions {
                sans_dns: "pki_ca_sans_dns",
                country_name: "pki_ca_country_name",
                state_or_province_name: "pki_ca_state_or_province_name",
                locality_name: "pki_ca_locality_name",
                organization: "pki_ca_organization",
                organizational_unit: "pki_ca_organizational_unit",
                email_address: "pki_ca_email_address",
            },
            Self::Acme => CaOptions {
                sans_dns: "acme_ca_sans_dns",
                country_name: "acme_ca_country_name",
                state_or_province_name: "acme_ca_state_or_province_name",
                locality_name: "acme_ca_locality_name",
                organization: "acme_ca_organization",
                organizational_unit: "acme_ca_organizational_unit",
                email_address: "acme_ca_email_address",
            },
        }
    }
}

/// `_get_pki_certificate_request` and `_get_acme_certificate_request`: none without a common name.
pub(super) fn ca_request(unit: &dyn Options, engine: Engine) -> Option<Request> {
    let common_name = match engine {
        Engine::Pki => ca_common_name(unit)?,
        Engine::Acme => text(unit, "acme_ca_common_name")?,
    };
    let options = engine.ca_options();
    if !is_list(unit, options.sans_dns) {
        return None;
    }
    let attributes = RequestAttributes {
        common_name: Some(common_name),
        sans_dns: list(unit, options.sans_dns),
        country_name: text(unit, options.country_name),
        state_or_province_name: text(unit, options.state_or_province_name),
        locality_name: text(unit, options.locality_name),
        organization: text(unit, options.organization),
        organizational_unit: text(unit, options.organizational_unit),
        email_address: text(unit, options.email_address),
        ..RequestAttributes::default()
    };
    let mut request = Request::new(attributes, Side::App);
    request.is_ca = true;
    Some(request)
}

/// The role of the PKI mount: `pki_allowed_domains`, or the CA's common name without it.
/// Without a common name the mount is not configured, and a role would allow nothing. A revision
/// without one of the options has Vault's own default, but for subdomains, which it lets through.
pub(super) fn role(unit: &dyn Options, ca_common_name: Option<&str>, max_ttl: Span) -> Role {
    let mut domains = list(unit, "pki_allowed_domains");
    if domains.is_empty() {
        domains.extend(ca_common_name.map(str::to_owned));
    }
    Role {
        allowed_domains: domains,
        allow_bare_domains: flag(unit, "pki_allow_bare_domains", false),
        allow_subdomains: flag(unit, "pki_allow_subdomains", true),
        allow_wildcard_certificates: flag(unit, "pki_allow_wildcard_certificates", true),
        allow_any_name: flag(unit, "pki_allow_any_name", false),
        allow_ip_sans: flag(unit, "pki_allow_ip_sans", true),
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

/// Options of which the status says that the mounts are not configured (`_on_collect_status`).
pub(super) fn faults(options: &dyn Options) -> Vec<OptionFault> {
    const PKI: &[&str] = &["vault-pki", "tls-certificates-pki"];
    const ACME: &[&str] = &["tls-certificates-acme"];
    let mut faults = Vec::new();
    for (name, domains, what, endpoints) in [
        (
            common_name_option(options),
            "pki_allowed_domains",
            "PKI secrets engine",
            PKI,
        ),
        (
            "acme_ca_common_name",
            "acme_allowed_domains",
            "ACME server",
            ACME,
        ),
    ] {
        if text(options, name).is_none() {
            // The option of revisions before `pki_ca_common_name` is told in words.
            let named = match name {
                "common_name" => "Common name",
                _ => name,
            };
            let outcome =
                format!("{named} is not set in the charm config, cannot configure {what}");
            faults.push(OptionFault::new(name, outcome).only_with(endpoints));
        } else if !is_list(options, domains) {
            let outcome = format!(
                "Config value for {domains} is not valid, it must be a comma separated list"
            );
            faults.push(OptionFault::new(domains, outcome).only_with(endpoints));
        }
    }
    faults
}

const TEN_YEARS_H: u64 = 87_600;

/// `pki_self_signed_ca_validity`, hours; none and zero are ten years.
pub(super) fn self_signed_ca_validity(unit: &dyn Options) -> Span {
    let hours = unit
        .option("pki_self_signed_ca_validity")
        .and_then(|value| value.parse::<u64>().ok())
        .filter(|hours| *hours > 0)
        .unwrap_or(TEN_YEARS_H);
    // A root that would end after the last instant there is ends at it.
    Span::from_secs(hours.saturating_mul(3_600))
}
