//! The words for what is trusted: how each CA came, and what is missing.

use super::certificate::short_serial;
use super::command;
use super::number::counted;
use trustsim_pki::Certificate;
use trustsim_whatif::{MissingTrust, TrustCheck, TrustRelation, TrustRoute};

/// How a CA came, in one cell.
pub fn route(route: &TrustRoute) -> String {
    match route {
        TrustRoute::Relations(relations) => {
            let all: Vec<String> = relations.iter().map(relation).collect();
            all.join(" or ")
        }
        TrustRoute::ByHand => "by hand".to_owned(),
        TrustRoute::Given => "given".to_owned(),
        TrustRoute::AmongUnits => "the charm's own CA".to_owned(),
        TrustRoute::Own => "its own store".to_owned(),
    }
}

/// `m.ca:send-ca-cert m.web:receive-ca-cert`, as `juju integrate` takes them but for the models.
pub fn relation(relation: &TrustRelation) -> String {
    format!("{} {}", relation.provider, relation.requirer)
}

/// Whether the CA that is needed is trusted.
pub const fn answer(check: &TrustCheck) -> &'static str {
    match (&check.needed, &check.anchor) {
        (None, _) => "nothing presented",
        (Some(_), Some(_)) => "yes",
        (Some(_), None) => "no",
    }
}

/// The CA that is needed; nothing where nothing is presented.
pub fn needed(check: &TrustCheck) -> String {
    let found = check.anchor.as_ref().or(check.needed.as_ref());
    found.map_or_else(String::new, ca)
}

/// `CN=ca.example.com (1f2a6806..)`: a CA by its subject without the random identifier, and its serial.
pub fn ca(certificate: &Certificate) -> String {
    let subject = certificate.subject().split(',');
    let subject = subject.filter(|part| !part.starts_with("x500UniqueIdentifier="));
    let subject: Vec<&str> = subject.collect();
    let serial = short_serial(certificate.serial());
    format!("{} ({serial})", subject.join(","))
}

/// What would bring a CA that is missing.
pub fn missing(missing: &MissingTrust) -> String {
    match missing {
        MissingTrust::NotBrought(there) => {
            format!(
                "the relation {} carries it, and has not brought it",
                relation(there)
            )
        }
        MissingTrust::Commands(commands) => {
            let all: Vec<String> = commands.iter().map(command::quoted).collect();
            all.join(", then ")
        }
        MissingTrust::Obstacle(obstacle) => {
            format!("no relation can bring it: {}", command::obstacle(obstacle))
        }
        MissingTrust::Give(client) => format!("{client} has to be given it"),
    }
}

/// `14 checks of a certificate: in 13 its CA is trusted, in 1 it is not`. With mutual TLS each side checks the other.
pub fn counts(checks: &[&TrustCheck]) -> String {
    let (mut trusted, mut missing, mut nothing) = (0_u64, 0_u64, 0_u64);
    for check in checks {
        *match (&check.needed, &check.anchor) {
            (None, _) => &mut nothing,
            (Some(_), Some(_)) => &mut trusted,
            (Some(_), None) => &mut missing,
        } += 1;
    }
    let all = counted(checks.len() as u64, "check");
    let mut text =
        format!("{all} of a certificate: in {trusted} its CA is trusted, in {missing} it is not");
    if nothing > 0 {
        text.push_str(&format!("; in {nothing} nothing is presented"));
    }
    text
}
