//! The names a unit asks for.

use std::net::IpAddr;

use trustsim_interfaces::UnitContext;
use trustsim_pki::RequestAttributes;

/// The most bytes a common name may have (X.520 `ub-common-name`).
const COMMON_NAME_MAX: usize = 64;

/// A request for these names: the first is the common name, all are alternative names of their
/// own kind. A first name too long for a common name is one among the alternative names only,
/// and `short` is the common name instead.
pub fn attributes(names: &[String], short: &str) -> RequestAttributes {
    let first = names.first().map_or(short, String::as_str);
    let fits = first.len() <= COMMON_NAME_MAX;
    let common_name = if fits { first } else { clipped(short) };
    assert!(
        common_name.len() <= COMMON_NAME_MAX,
        "`{common_name}` is too long for a common name"
    );
    let mut attributes = RequestAttributes::with_common_name(common_name);
    for name in names {
        match name.parse::<IpAddr>() {
            Ok(address) if !attributes.sans_ip.contains(&address) => {
                attributes.sans_ip.push(address);
            }
            Err(_) if !attributes.sans_dns.contains(name) => attributes.sans_dns.push(name.clone()),
            _ => {}
        }
    }
    attributes
}

/// The common name of a request that a consumer makes, under which its files lie.
pub fn common_name(attributes: &RequestAttributes) -> &str {
    let name = attributes.common_name.as_deref();
    name.expect("a consumer requests each certificate under a common name")
}

/// The names in an option's value: comma or space separated; none where it is not set.
pub fn listed(unit: &UnitContext<'_>, option: &str) -> Vec<String> {
    let value = unit.config(option).into_iter();
    let names =
        value.flat_map(|value| value.split(|letter: char| letter == ',' || letter.is_whitespace()));
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The first bytes of a text, as many as a common name may have. Juju's names are ASCII.
fn clipped(text: &str) -> &str {
    match text.get(..COMMON_NAME_MAX) {
        Some(clipped) => clipped,
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_alternative_names_of_their_own_kind() {
        let names = ["10.0.0.1", "a.example", "fd00::1", "a.example"].map(str::to_owned);
        let attributes = attributes(&names, "web-0");
        assert_eq!(attributes.common_name.as_deref(), Some("10.0.0.1"));
        assert_eq!(attributes.sans_dns, ["a.example"]);
        assert_eq!(attributes.sans_ip.len(), 2);
    }

    #[test]
    fn a_name_too_long_for_a_common_name_is_still_an_alternative_name() {
        let long = format!("{}.example", "x".repeat(60));
        let attributes = attributes(std::slice::from_ref(&long), "web-0");
        assert_eq!(attributes.common_name.as_deref(), Some("web-0"));
        assert_eq!(attributes.sans_dns, [long]);
    }
}
