//! The names a unit asks for.

use std::net::IpAddr;

use crate::AddressOf;
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

/// The names for which an ingress asks that has no name of its own: the address of its load balancer, and before it the
/// name that reverse DNS has for that (canonical/traefik-k8s-operator `_get_cert_requests` at 8ab4a7e). Where `only_name`,
/// the name alone if there is one, as before #446, 2ee0df9 (`server_cert_sans_dns` at b35d63a). `None` without a load balancer.
pub fn load_balancer_names(unit: &UnitContext<'_>, only_name: bool) -> Option<Vec<String>> {
    let found = unit.load_balancer()?;
    let name = found.reverse_name.as_ref().map(|name| name.to_string());
    let address = found.address.to_string();
    let address = (!only_name || name.is_none()).then_some(address);
    Some(name.into_iter().chain(address).collect())
}

/// What a unit is called: a pod by its DNS name, one on a machine by the addresses that its charm asks for.
pub fn own_names(unit: &UnitContext<'_>, address_of: &AddressOf) -> Vec<String> {
    if unit.is_kubernetes() {
        return vec![unit.unit_dns_name()];
    }
    let first = unit.binding_address(address_of.endpoint());
    let mut addresses = vec![first];
    if *address_of == AddressOf::Every {
        let further = unit.all_addresses();
        addresses.extend(further.into_iter().filter(|one| *one != first));
    }
    addresses.into_iter().map(str::to_owned).collect()
}

/// A fixed name with what it says of the unit, its application and its model.
pub fn filled_name(name: &str, unit: u32, application: &str, model: &str) -> String {
    name.replace("{unit}", &unit.to_string())
        .replace("{app}", application)
        .replace("{model}", model)
}

/// The common name of a request that a consumer makes, under which its files lie.
pub fn common_name(attributes: &RequestAttributes) -> &str {
    let name = attributes.common_name.as_deref();
    name.expect("a consumer requests each certificate under a common name")
}

/// The names in an option's value; none where it is not set.
pub fn listed(unit: &UnitContext<'_>, option: &str) -> Vec<String> {
    let number = unit.unit_number().to_string();
    let value = unit.config(option);
    value.map_or_else(Vec::new, |value| names_in(value, &number))
}

/// The names in a list that is separated by commas or spaces. As in Kafka's options `extra-listeners` and
/// `certificate-extra-sans`, a port after a name is left out and `{unit}` is the number of the unit
/// (canonical/kafka-operator `src/managers/tls.py` at rev208, `_build_extra_sans`). No name of DNS has either.
pub fn names_in(list: &str, unit: &str) -> Vec<String> {
    let names = list.split(|letter: char| letter == ',' || letter.is_whitespace());
    names
        .filter(|name| !name.is_empty())
        .map(|name| without_port(name).replace("{unit}", unit))
        .collect()
}

fn without_port(name: &str) -> &str {
    match name.split_once(':') {
        Some((host, port))
            if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            host
        }
        _ => name,
    }
}

/// The first bytes of a text, as many as a common name may have. Juju's names are ASCII.
pub fn clipped(text: &str) -> &str {
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
    fn a_list_of_names_may_have_ports_and_the_number_of_the_unit() {
        let list = "worker-{unit}.example.com:30000, b.example.com fd00::1,10.0.0.1";
        let expected = [
            "worker-2.example.com",
            "b.example.com",
            "fd00::1",
            "10.0.0.1",
        ];
        assert_eq!(names_in(list, "2"), expected);
        assert_eq!(names_in("a:b", "2"), ["a:b"]);
        assert!(names_in(" , ", "2").is_empty());
    }

    #[test]
    fn a_name_too_long_for_a_common_name_is_still_an_alternative_name() {
        let long = format!("{}.example", "x".repeat(60));
        let attributes = attributes(std::slice::from_ref(&long), "web-0");
        assert_eq!(attributes.common_name.as_deref(), Some("web-0"));
        assert_eq!(attributes.sans_dns, [long]);
    }
}
