//! The words that explanations use of values: the kind of an entry, a place, a certificate. Reports
//! name them through `report::words`.

use trustsim_juju::Status;
use trustsim_pki::Certificate;
use trustsim_world::{ActionRecord, Deployment, Kind, Source};

/// The kind of an entry, kebab-case.
pub fn kind_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Started => "started",
        Kind::Action(_) => "action",
        Kind::Relation { .. } => "relation",
        Kind::HookStarted { .. } => "hook-started",
        Kind::HookCommitted { .. } => "hook-committed",
        Kind::HookFailed { .. } => "hook-failed",
        Kind::DatabagChanged { .. } => "databag-changed",
        Kind::Secret { .. } => "secret",
        Kind::LeaderElected => "leader-elected",
        Kind::StatusChanged { .. } => "status-changed",
        Kind::AgentNotConnected(_) => "agent-not-connected",
        Kind::LinkDown(_) => "link-down",
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

/// `` `juju config ...` (rotation.yaml:31) ``: what was done, and the scenario line that asked for
/// it.
pub fn action_line(record: &ActionRecord, deployment: &Deployment) -> String {
    let command = record.action().to_command(deployment);
    match place(record.source()) {
        Some(place) => format!("`{command}` ({place})"),
        None => format!("`{command}`"),
    }
}

/// `blocked: no database`; the status alone where it has no message.
pub fn status_words(status: Status, message: &str) -> String {
    match message.is_empty() {
        true => status.to_string(),
        false => format!("{status}: {message}"),
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
