//! A journal entry in words: its kind as one kebab-case word and its detail as one line. The
//! same words stand in `journal.csv` and in cause chains.

use trustsim_pki::Certificate;
use trustsim_tls::Outcome;
use trustsim_world::{CertificateKind, CertificateRecord, HandshakeRecord, Kind, Manifest, Source};

/// The kind of an entry, kebab-case.
pub fn kind_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Started => "started",
        Kind::Action { .. } => "action",
        Kind::Relation { .. } => "relation",
        Kind::HookStarted { .. } => "hook-started",
        Kind::HookCommitted { .. } => "hook-committed",
        Kind::HookFailed { .. } => "hook-failed",
        Kind::DatabagChanged { .. } => "databag-changed",
        Kind::Secret { .. } => "secret",
        Kind::LeaderElected => "leader-elected",
        Kind::CertificateIssued(_) => "certificate-issued",
        Kind::CertificateServed { .. } => "certificate-served",
        Kind::TrustChanged { .. } => "trust-changed",
        Kind::KeyStored(_) => "private-key-stored",
        Kind::Settled => "settled",
        Kind::Handshake(_) => "handshake",
        Kind::GoesOn(record) => record.what,
        Kind::Note { what, .. } => what,
    }
}

/// The detail of an entry, one line without the entry's subject.
pub fn detail(kind: &Kind, manifest: &Manifest) -> String {
    match kind {
        Kind::Started => manifest.name.clone(),
        Kind::Action { command, source } => match place(source) {
            Some(place) => format!("{command} ({place})"),
            None => command.clone(),
        },
        Kind::Relation {
            what,
            interface,
            provider,
            requirer,
        } => format!("{interface} relation {provider} - {requirer} {what}"),
        Kind::HookStarted { hook } | Kind::HookCommitted { hook } => hook.to_string(),
        Kind::HookFailed { hook, reason } => format!("{hook}: {reason}"),
        Kind::DatabagChanged { relation, keys } => format!("{relation}: {keys}"),
        Kind::Secret { what, label } => format!("{label} {what}"),
        Kind::LeaderElected => String::new(),
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
        Kind::Settled => "every unit is idle".to_owned(),
        Kind::Handshake(record) => handshake(record, manifest),
        Kind::GoesOn(record) => record.detail(),
        Kind::Note { detail, .. } => detail.clone(),
    }
}

/// `rotation.yaml:31`: the scenario line without its folder, so that a report does not depend
/// on where the run was started from. `None` where the action came from no file.
pub fn place(source: &Source) -> Option<String> {
    let name = source.file.rsplit(['/', '\\']).next().unwrap_or_default();
    (!name.is_empty()).then(|| format!("{name}:{}", source.line))
}

/// `CN=web (serial 1a2b3c4d..)`: a serial is cut to what tells certificates apart by eye.
pub fn certificate_name(certificate: &Certificate) -> String {
    format!(
        "{} (serial {})",
        certificate.subject(),
        short_serial(certificate.serial())
    )
}

/// The first eight digits of a serial.
pub fn short_serial(serial: &str) -> String {
    match serial.char_indices().nth(8) {
        Some((cut, _)) => format!("{}..", &serial[..cut]),
        None => serial.to_owned(),
    }
}

/// `root`, `intermediate` or `leaf`.
pub fn certificate_kind_word(kind: CertificateKind) -> &'static str {
    match kind {
        CertificateKind::Root => "root",
        CertificateKind::Intermediate => "intermediate",
        CertificateKind::Leaf => "leaf",
    }
}

fn issued(record: &CertificateRecord) -> String {
    let kind = certificate_kind_word(record.kind);
    let name = certificate_name(&record.certificate);
    if record.kind == CertificateKind::Root {
        return format!("{kind} {name}");
    }
    format!(
        "{kind} {name} by {} (serial {})",
        record.certificate.issuer(),
        short_serial(&record.issuer_serial)
    )
}

fn served(endpoint: &str, certificate: Option<&Certificate>) -> String {
    match certificate {
        Some(certificate) => format!("{endpoint}: {}", certificate_name(certificate)),
        None => format!("{endpoint}: nothing"),
    }
}

fn trusted(roots: &[Certificate]) -> String {
    if roots.is_empty() {
        return "nothing".to_owned();
    }
    let names: Vec<String> = roots.iter().map(certificate_name).collect();
    names.join(", ")
}

fn handshake(record: &HandshakeRecord, manifest: &Manifest) -> String {
    let connection = manifest
        .connections
        .get(record.connection as usize)
        .map_or("?", |connection| connection.name.as_str());
    let outcome = match record.verdict.outcome {
        Outcome::Ok => "ok",
        Outcome::Failed => record.verdict.error,
    };
    format!("{connection}: {outcome} ({})", record.trigger)
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

    #[test]
    fn serials_are_cut_only_when_long() {
        assert_eq!(short_serial("0a1b"), "0a1b");
        assert_eq!(short_serial("0a1b2c3d"), "0a1b2c3d");
        assert_eq!(short_serial("0a1b2c3d4e"), "0a1b2c3d..");
    }
}
