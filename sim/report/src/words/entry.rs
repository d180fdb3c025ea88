//! The words for an entry of the journal: its kind as one kebab-case word and its detail as one
//! line. `journal.csv` and the chains of causes on a terminal have the same.

use trustsim_model::{
    CertificateRecord, HandshakeRecord, Kind, Manifest, Persisting, PersistingRecord, Source,
    Trigger,
};
use trustsim_pki::Certificate;
use trustsim_validators::ErrorKind;

use super::{cause, certificate, note};

pub use trustsim_diagnosis::entry_kind as kind;

/// `rotation.yaml:31`: the scenario line without its folder, so that a report does not depend
/// on where the run was started from. `None` where the action came from no file.
pub fn place(source: &Source) -> Option<String> {
    let name = source.file.rsplit(['/', '\\']).next();
    let name = name.expect("a text that is split has a last part");
    (!name.is_empty()).then(|| format!("{name}:{}", source.line))
}

/// Whether a handshake was performed for a verdict, or that of an equal one was used again.
pub const fn performed(performed: bool) -> &'static str {
    match performed {
        true => "real",
        false => "reused",
    }
}

/// The detail of an entry, one line without the entry's subject.
pub fn detail(kind: &Kind, manifest: &Manifest) -> String {
    match kind {
        Kind::Started => manifest.name.clone(),
        Kind::Action(record) => {
            let command = record.action().to_command(&manifest.deployment);
            match place(record.source()) {
                Some(place) => format!("{command} ({place})"),
                None => command.to_string(),
            }
        }
        Kind::Relation {
            change,
            interface,
            provider,
            requirer,
        } => format!("{interface} relation {provider} - {requirer} {change}"),
        Kind::HookStarted { hook } | Kind::HookCommitted { hook } => hook.to_string(),
        Kind::HookFailed { hook, error } => format!("{hook}: {error}"),
        Kind::DatabagChanged { relation, keys } => format!("{relation}: {}", keys.join(" ")),
        Kind::Secret { change, label } => format!("{label} {change}"),
        Kind::LeaderElected => String::new(),
        Kind::StatusChanged { status, message } => cause::status(*status, message),
        Kind::AgentNotConnected(error) => error.of_agent(),
        Kind::LinkDown(error) => error.of_link(),
        Kind::CertificateIssued(record) => issued(record),
        Kind::CertificateServed {
            endpoint,
            certificate,
        } => served(endpoint, certificate.as_ref()),
        Kind::TrustChanged { roots } => trusted(roots),
        Kind::KeyStored(record) => {
            let store = record.relation.as_deref().unwrap_or("leader settings");
            format!(
                "{} of {} in {store}, readable by {}",
                record.place, record.holder, record.readers
            )
        }
        Kind::Settled { at_rest: true } => "every unit is idle".to_owned(),
        Kind::Settled { at_rest: false } => {
            "not every unit is idle, and connections are watched".to_owned()
        }
        Kind::Handshake(record) => handshake(record, manifest),
        Kind::Persists(record) => persisting(record),
        Kind::Note(said) => note::detail(said, manifest),
    }
}

/// Why a connection was judged, as `handshakes.csv` has it.
pub const fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Start => "start",
        Trigger::ServerCertificate => "server-certificate",
        Trigger::ClientCertificate => "client-certificate",
        Trigger::Trust => "trust",
        Trigger::Clock => "clock",
        Trigger::Validity => "validity",
        Trigger::Reachability => "reachability",
        Trigger::ClientProcess => "client-process",
        Trigger::Revocation => "revocation",
        Trigger::Reconnect => "reconnect",
        Trigger::Attempt => "attempt",
        Trigger::Address => "address",
    }
}

/// Until when a connection or session persists, and what would fail.
fn persisting(record: &PersistingRecord) -> String {
    let until = match record.until {
        Some(until) => format!("until {until}"),
        None => "until one of its processes restarts".to_owned(),
    };
    let (name, error) = (&record.name, record.error.kebab());
    match record.what {
        Persisting::DistrustedConnection => {
            format!("{name} goes on {until}; what it was opened with is refused now: {error}")
        }
        Persisting::OpenConnection | Persisting::Session => {
            format!("{name} goes on {until}; a new handshake fails: {error}")
        }
    }
}

fn issued(record: &CertificateRecord) -> String {
    let kind = certificate::kind(record.kind);
    let name = certificate::name(&record.certificate);
    if record.kind.is_root() {
        return format!("{kind} {name}");
    }
    format!(
        "{kind} {name} by {} (serial {})",
        record.certificate.issuer(),
        certificate::short_serial(&record.issuer_serial)
    )
}

fn served(endpoint: &str, certificate: Option<&Certificate>) -> String {
    match certificate {
        Some(certificate) => format!("{endpoint}: {}", certificate::name(certificate)),
        None => format!("{endpoint}: nothing"),
    }
}

fn trusted(roots: &[Certificate]) -> String {
    if roots.is_empty() {
        return "nothing".to_owned();
    }
    let names: Vec<String> = roots.iter().map(certificate::name).collect();
    names.join(", ")
}

fn handshake(record: &HandshakeRecord, manifest: &Manifest) -> String {
    let connection = &manifest.connections[record.connection as usize].name;
    let outcome = record.verdict.error.map_or("ok", ErrorKind::kebab);
    format!("{connection}: {outcome} ({})", trigger(record.trigger))
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_testkit::source;

    #[test]
    fn a_place_is_the_file_without_its_folder() {
        assert_eq!(place(&source(31, "")).as_deref(), Some("rotation.yaml:31"));
        assert_eq!(place(&Source::default()), None);
    }
}
