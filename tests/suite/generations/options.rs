//! Options of revisions before the one that a charm's entry was read for: what they were called, what they were by
//! default, and what the charm asked for with them.

use trustsim::model::{Coverage, Kind};
use trustsim::pki::Certificate;
use trustsim::report::words;
use trustsim::world::Record;

use super::{HOUR, causes, played};
use crate::common::{errors, warnings};

/// Whatever is issued but CAs, in order.
fn leaves(record: &Record) -> Vec<&Certificate> {
    let entries = record.journal.entries().iter();
    let issued = entries.filter_map(|entry| match &entry.kind {
        Kind::CertificateIssued(issued) => Some(&issued.certificate),
        _ => None,
    });
    issued.filter(|certificate| !certificate.is_ca()).collect()
}

/// A server of a charm with a certificate of a CA, which its client trusts.
fn server(charm: &str, name: &str, ca: &str, days: u32) -> String {
    format!(
        "
name: server
duration: {days}d
models:
  m:
    type: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1, {ca}}}
      server: {{{charm}, num_units: 1}}
    relations: [['server:certificates', 'ca:certificates']]
operators: {{on-call: {{answers: [m.ca], delay: {{exactly: 5m}}}}}}
clients: {{browser: {{trusts: [m.ca], validator: go}}}}
connections:
  - {{from: browser, to: m.server{name}}}
"
    )
}

/// canonical/self-signed-certificates-operator: `certificate-validity` is 365 days before bc49fab (revision 193), which
/// brought the renewal of the CA too. Played as later ones, these revisions renewed their CA and signed for 90 days.
#[test]
fn self_signed_certificates_at_175_signs_for_a_year_and_never_renews_its_ca() {
    let at = |revision: u32| {
        let charm = "charm: haproxy, options: {external-hostname: www.example.com}";
        let ca = format!("revision: {revision}");
        let text = server(charm, ", name: www.example.com", &ca, 400);
        played(&text.replace("type: kubernetes", "type: machines"))
    };
    let life = |leaf: &Certificate| leaf.not_after().since(leaf.not_before());
    let (deployment, record, found) = at(175);
    assert_eq!(life(leaves(&record)[0]), HOUR.saturating_mul(365 * 24));
    // It fails when the CA ends, which is as old as the first leaf, and not before.
    let end = leaves(&record)[0].not_after();
    let began: Vec<_> = found.outages.iter().map(|outage| outage.from).collect();
    assert!(!began.is_empty());
    let two_days = HOUR.saturating_mul(48);
    assert!(
        began.iter().all(|began| *began + two_days >= end),
        "{began:?}"
    );
    let bases = Coverage::of(&deployment).bases;
    let reasons = bases.iter().flat_map(|basis| &basis.reasons);
    let reasons: Vec<String> = reasons
        .map(|reason| words::standing::reason(reason, &deployment))
        .collect();
    assert!(
        !reasons.iter().any(|reason| reason.contains("m.ca")),
        "{reasons:?}"
    );
    let (_, record, found) = at(196);
    assert_eq!(life(leaves(&record)[0]), HOUR.saturating_mul(90 * 24));
    // The client was given the first CA only.
    let causes = causes(&found);
    assert!(
        causes[0].starts_with("m.ca has a new CA since"),
        "{causes:?}"
    );
}

/// The same with a charm whose ingress the server is, without which some ask for nothing.
fn with_user(text: &str, endpoint: &str) -> String {
    let user = format!(
        "      user: {{charm: user, num_units: 1}}\n    relations: [['server:{endpoint}', 'user:ingress'], ["
    );
    let text = text.replace("    relations: [[", &user);
    format!("{text}\ncharms: {{user: {{requires: {{ingress: {{interface: ingress}}}}}}}}\n")
}

/// canonical/gateway-api-integrator-operator `_get_certificate_requests`: only the common name at the tags
/// gateway-api-integrator-rev129 to 158 and 169, also an alternative name at 159 and 170. Go takes no common name for a
/// name.
#[test]
fn a_gateway_of_some_revisions_asks_for_a_common_name_alone() {
    for (revision, holds) in [
        (120, true),
        (150, false),
        (165, true),
        (169, false),
        (170, true),
    ] {
        let charm = format!(
            "charm: gateway-api-integrator, revision: {revision}, options: {{external-hostname: www.example.com}}"
        );
        let text = server(&charm, ", name: www.example.com", "channel: 1/stable", 2);
        let (_, record, found) = played(&with_user(&text, "gateway"));
        assert_eq!(found.outages.is_empty(), holds, "{revision}");
        assert_eq!(
            leaves(&record)[0].dns_names().count() > 0,
            holds,
            "{revision}"
        );
    }
}

/// canonical/kafka-operator `config.yaml`: `certificate_extra_sans` came with revision 133, `extra_listeners` with 189,
/// and 242 has a hyphen in place of each underscore.
#[test]
fn kafka_asks_for_the_names_of_the_option_that_its_revision_has() {
    let kafka = |revision: u32, option: &str| {
        let charm = format!(
            "charm: kafka, revision: {revision}, options: {{{option}: 'broker-{{unit}}.example.com:9092'}}"
        );
        let text = server(
            &charm,
            ", name: broker-0.example.com",
            "channel: 1/stable",
            2,
        );
        text.replace("type: kubernetes", "type: machines")
    };
    for (revision, option) in [
        (150, "certificate_extra_sans"),
        (195, "extra_listeners"),
        (235, "certificate_extra_sans"),
        (250, "certificate-extra-sans"),
        (258, "extra_listeners"),
    ] {
        let (_, _, found) = played(&kafka(revision, option));
        assert!(found.outages.is_empty(), "{revision}: {:?}", causes(&found));
    }
    for (revision, option, having) in [
        (
            120,
            "certificate_extra_sans",
            "133 to 208, 212 to 241 and 258",
        ),
        (180, "extra_listeners", "189 to 208, 212 to 241 and 258"),
        (
            250,
            "certificate_extra_sans",
            "133 to 208, 212 to 241 and 258",
        ),
        (258, "extra-listeners", "242 to 257 and 259 to 262"),
    ] {
        let said = errors(&kafka(revision, option));
        let refused = format!("no option `{option}` at revision {revision}");
        assert!(said.contains(&refused), "{said}");
        assert!(
            said.contains(&format!("revisions {having} have it")),
            "{said}"
        );
    }
    // Where nothing says which revision is deployed, it may be one of those.
    let text = kafka(250, "certificate_extra_sans").replace("revision: 250, ", "");
    let said = warnings(&text);
    assert!(said.contains("TS0213"), "{said}");
}

/// An option that came later is refused, and the help says where it came.
#[test]
fn an_option_that_the_revision_does_not_have_is_refused() {
    for (charm, option, having) in [
        (
            "charm: traefik-k8s, revision: 177",
            "tls-cert: x",
            "revisions 178 ",
        ),
        (
            "charm: traefik-k8s, revision: 200",
            "basic_auth_user: x",
            "revisions 206 ",
        ),
        (
            "charm: manual-tls-certificates, revision: 150",
            "trusted-certificate-bundle: x",
            "revisions 206 ",
        ),
        (
            "charm: vault-k8s, channel: 1.16/stable",
            "access_sans_dns: x",
            "have it",
        ),
        (
            "charm: lego, revision: 400",
            "eab-secret-id: x",
            "revisions 501 ",
        ),
        (
            "charm: notary-k8s, revision: 40",
            "external-hostname: x",
            "revisions 52 to 57",
        ),
        (
            "charm: self-signed-certificates, revision: 170",
            "ca-organization: x",
            "revisions 183 ",
        ),
        (
            "charm: temporal-k8s, revision: 40",
            "frontend-cert-sans-dns: x",
            "revisions 50 to 51",
        ),
    ] {
        let text = format!(
            "
duration: 1d
models:
  m:
    type: kubernetes
    applications:
      it: {{{charm}, num_units: 1, options: {{{option}}}}}
"
        );
        let said = errors(&text);
        let name = option.split(':').next().expect("a name");
        assert!(said.contains(&format!("no option `{name}`")), "{said}");
        assert!(said.contains(having), "{said}");
    }
}

/// Version 2 of the library tells a charm a week before the end of its certificate, and so does version 3 up to patch 10
/// (c03d1ff) and in patch 12 (4d2fb81); since patch 13 (378c754) it does so in the last third
/// (canonical/tls-certificates-interface, `expiry_notification_time`). canonical/grafana-k8s-operator has version 2 at
/// revision 100, version 3 patch 10 at 115 and patch 24 at 145.
#[test]
fn a_charm_with_version_2_of_the_library_asks_again_a_week_before_the_end() {
    for (revision, days) in [(100, 33), (115, 33), (145, 26)] {
        let charm = format!("charm: grafana-k8s, revision: {revision}");
        let ca = "channel: 1/stable, options: {certificate-validity: 40d}";
        let (_, record, found) = played(&server(&charm, "", ca, 50));
        assert!(found.outages.is_empty(), "{:?}", causes(&found));
        let starts: Vec<_> = leaves(&record)
            .iter()
            .map(|leaf| leaf.not_before())
            .collect();
        let after = starts[1].since(starts[0]);
        let day = HOUR.saturating_mul(24);
        let least = day.saturating_mul(days);
        assert!(
            after >= least && after < least + day,
            "{revision}: {after:?}"
        );
    }
}

/// canonical/glauth-k8s-operator `src/integrations.py`: the option `hostname` (ldap.glauth.com) is the subject at the
/// revisions 7 to 42.
#[test]
fn glauth_asked_for_its_option_hostname() {
    for (set, name) in [
        ("", "ldap.glauth.com"),
        (
            ", options: {hostname: ldap.example.com}",
            "ldap.example.com",
        ),
    ] {
        let charm = format!("charm: glauth-k8s, revision: 30{set}");
        let name = format!(", name: {name}");
        let (_, _, found) = played(&server(&charm, &name, "channel: 1/stable", 2));
        assert!(found.outages.is_empty(), "{:?}", causes(&found));
    }
}

/// canonical/nginx-ingress-integrator-operator `src/tls_relation.py`: a request has alternative names from revision 92
/// on; it is for `service-hostname` in all of them.
#[test]
fn nginx_asks_for_the_host_of_its_service() {
    for (revision, holds) in [(88, false), (93, true), (120, true), (400, true)] {
        let charm = format!(
            "charm: nginx-ingress-integrator, revision: {revision}, options: {{service-hostname: www.example.com}}"
        );
        // Revision 120 turns the chain round, which fits this provider and not the next revision of it
        // (canonical/nginx-ingress-integrator-operator rev133 `src/tls_relation.py` 259).
        let text = server(&charm, ", name: www.example.com", "revision: 308", 2);
        let (_, _, found) = played(&with_user(&text, "ingress"));
        assert_eq!(
            found.outages.is_empty(),
            holds,
            "{revision}: {:?}",
            causes(&found)
        );
    }
}
