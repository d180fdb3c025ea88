//! For which names a public CA issues (letsencrypt/boulder `policy/pa.go`), and how it counts them.

use super::Refused;
use trustsim_pki::CertificateRequest;

/// `ExtractDomainsCSR` of lego, and boulder's policy on them (`policy/pa.go`).
pub(super) fn identifiers(request: &CertificateRequest) -> Result<Vec<String>, Refused> {
    let attributes = request.attributes();
    if let Some(address) = attributes.sans_ip.first() {
        let detail = format!(
            "Error creating new order :: Cannot issue for IP address {address}: profile \"classic\" does not permit ip type identifiers"
        );
        let refused = Refused::by_server("rejectedIdentifier", detail);
        return Err(Refused {
            is_ip: true,
            ..refused
        });
    }
    let mut names: Vec<String> = Vec::new();
    for name in attributes.common_name.iter().chain(&attributes.sans_dns) {
        let name = name.to_ascii_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let wrong: Vec<(&String, &str)> = names
        .iter()
        .filter_map(|name| Some((name, refusal(name)?)))
        .collect();
    let Some((name, why)) = wrong.first() else {
        return Ok(names);
    };
    let more = match wrong.len() {
        1 => String::new(),
        count => format!(
            " (and {} more problems. Refer to sub-problems for more information.)",
            count - 1
        ),
    };
    let detail = format!("Error creating new order :: Cannot issue for {name:?}: {why}{more}");
    Err(Refused::by_server("rejectedIdentifier", detail))
}

/// Why no public CA issues for a name. Instead of the public suffix list it knows the names that
/// are reserved (RFC 2606, 6761, 6762, 8375) or usual inside networks, and takes any other last
/// label as public.
pub fn refusal(name: &str) -> Option<&'static str> {
    const RESERVED: [&str; 19] = [
        "local",
        "internal",
        "lan",
        "home",
        "corp",
        "private",
        "intranet",
        "test",
        "invalid",
        "localhost",
        "example",
        "maas",
        "juju",
        "lxd",
        "svc",
        "cluster",
        "consul",
        "onion",
        "arpa",
    ];
    let base = name.strip_prefix("*.").unwrap_or(name);
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
    if base.contains('*') {
        return Some("Domain name contains an invalid wildcard");
    }
    if base.is_empty() || !base.chars().all(allowed) {
        return Some("Domain name contains an invalid character");
    }
    let Some((rest, last)) = base.rsplit_once('.') else {
        return Some("Domain name needs at least one dot");
    };
    if RESERVED.contains(&last) || last.chars().all(|letter| letter.is_ascii_digit()) {
        return Some("Domain name does not end with a valid public suffix (TLD)");
    }
    let second = rest.rsplit_once('.').map_or(rest, |(_, second)| second);
    if second == "example" && matches!(last, "com" | "net" | "org") {
        return Some(
            "The ACME server refuses to issue a certificate for this domain name, because it is forbidden by policy",
        );
    }
    None
}

/// The registered domains of names: their last two labels, three below `co.uk` and the like.
pub fn domains(names: &[String]) -> Vec<String> {
    let registered = |name: &String| {
        let labels: Vec<&str> = name.rsplit('.').collect();
        let is_shared =
            |second: &&str| matches!(*second, "co" | "com" | "org" | "net" | "gov" | "ac");
        let deep = labels.first().is_some_and(|last| last.len() == 2)
            && labels.get(1).is_some_and(is_shared);
        let mut kept: Vec<&str> = labels.into_iter().take(if deep { 3 } else { 2 }).collect();
        kept.reverse();
        kept.join(".")
    };
    let mut found: Vec<String> = names.iter().map(registered).collect();
    found.sort();
    found.dedup();
    found
}

pub(super) fn set_of(names: &[String]) -> String {
    let mut names = names.to_vec();
    names.sort();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of letsencrypt/boulder `policy/pa.go`; hakwerk/labca#103 shows them through lego.
    #[test]
    fn no_public_ca_issues_for_names_inside_a_network() {
        let suffix = Some("Domain name does not end with a valid public suffix (TLD)");
        assert_eq!(refusal("web-0.web-endpoints.m.svc.cluster.local"), suffix);
        assert_eq!(refusal("10.0.0.1"), suffix);
        assert_eq!(refusal("web-0"), Some("Domain name needs at least one dot"));
        assert!(refusal("a.example.com").is_some_and(|why| why.ends_with("forbidden by policy")));
        assert_eq!(refusal("*.shop.rehearsal.dev"), None);
    }

    #[test]
    fn domains_are_what_one_registers() {
        let names = ["a.b.shop.dev", "c.shop.dev", "x.shop.co.uk"].map(str::to_owned);
        assert_eq!(domains(&names), ["shop.co.uk", "shop.dev"]);
    }
}
