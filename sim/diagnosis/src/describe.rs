//! The words that explanations use of values: the kind of an entry, a place, a certificate. Reports
//! name them through `report::words`.

use trustsim_charms::PendingTask;
use trustsim_interfaces::notes::RefusedOrder;
use trustsim_juju::Status;
use trustsim_kernel::{Span, format_duration};
use trustsim_pki::Certificate;
use trustsim_tls::Side;
use trustsim_world::{
    ActionRecord, Deployment, Kind, Manifest, NotFetched, Note, OperatorSpec, Persisting, Refusal,
    Source,
};

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
        Kind::Persists(record) => match record.what {
            Persisting::OpenConnection => "open-connection-goes-on",
            Persisting::DistrustedConnection => "distrusted-connection-goes-on",
            Persisting::Session => "session-goes-on",
        },
        Kind::Note(note) => note_word(note),
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

const fn note_word(note: &Note) -> &'static str {
    match note {
        Note::PeerRelation { .. } => "peer-relation",
        Note::OfferConnection { .. } => "offer-connection",
        Note::CertificateRequested { .. } => "certificate-requested",
        Note::CertificateRefused { .. } => "certificate-refused",
        Note::CertificateRevoked { .. } => "certificate-revoked",
        Note::AcmeOrderRefused(_) => "acme-order-refused",
        Note::AcmeAccountOpened => "acme-account",
        Note::ActionResult { .. } => "action-result",
        Note::ActionFailed { .. } => "action-failed",
        Note::ActionRefused(_) => "action-refused",
        Note::TrustNotFetched { .. } => "trust-not-fetched",
        Note::WaitNoticed { .. } => "waits-for-operator",
        Note::Impersonation { believed: true, .. } => "impersonation",
        Note::Impersonation {
            believed: false, ..
        } => "impersonation-over",
    }
}

/// A note in one line, without the entry's subject.
pub fn note(note: &Note, manifest: &Manifest) -> String {
    let deployment = &manifest.deployment;
    match note {
        Note::PeerRelation { relation, change } => format!("peer relation {relation} {change}"),
        Note::OfferConnection { relation, change } => {
            format!("offer connection {relation} {change}")
        }
        Note::CertificateRequested { common_name } | Note::CertificateRevoked { common_name } => {
            common_name.clone()
        }
        Note::CertificateRefused {
            common_name,
            reason,
        } => refused_request(common_name.as_deref(), reason),
        Note::AcmeOrderRefused(order) => format!("{}: {}", order.common_name, order_problem(order)),
        Note::AcmeAccountOpened => "a new account is opened".to_owned(),
        Note::ActionResult { text } => text.clone(),
        Note::ActionFailed { message } => message.clone(),
        Note::ActionRefused(why) => refusal(why),
        Note::TrustNotFetched { ca, why } => {
            let address = deployment.application_address(*ca);
            format!("CA of {address}: {}", not_fetched(*why))
        }
        Note::WaitNoticed {
            wait,
            operator,
            answers_in,
        } => noticed_wait(wait, &deployment.operators[*operator], *answers_in),
        Note::Impersonation {
            connection,
            ca,
            side,
            believed,
        } => {
            let name = &manifest.connections[*connection as usize].name;
            let ca = deployment.application_address(*ca);
            let whom = match side {
                Side::Server => "the server",
                Side::Client => "the client",
            };
            match believed {
                true => format!("{name}: whoever has the key of {ca} passes for {whom}"),
                false => format!("{name}: the key of {ca} no longer passes for {whom}"),
            }
        }
    }
}

/// `certificate web.example.com: pki-team answers in 3h`.
pub(crate) fn noticed_wait(
    wait: &PendingTask,
    operator: &OperatorSpec,
    after: Option<Span>,
) -> String {
    let PendingTask { what, detail, .. } = wait;
    let name = &operator.name;
    match after {
        Some(after) => {
            let after = format_duration(after);
            format!("{what} {detail}: {name} answers in {after}")
        }
        None => format!("{what} {detail}: {name} does not come again"),
    }
}

/// `web.example.com: the name is not allowed`.
pub(crate) fn refused_request(common_name: Option<&str>, reason: &str) -> String {
    match common_name {
        Some(name) => format!("{name}: {reason}"),
        None => reason.to_owned(),
    }
}

/// `rateLimited: too many certificates`.
pub(crate) fn order_problem(order: &RefusedOrder) -> String {
    format!("{}: {}", order.code, order.detail)
}

/// Why an action was not carried out.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    let words = match refusal {
        Refusal::ControllerDown => "the controller cannot be reached",
        Refusal::NoLeader => "no unit leads the application",
        Refusal::NoSuchUnit => "there is no such unit",
        Refusal::NoSuchRelation => "there is no such relation",
        Refusal::NoSuchCertificate => "there is no such certificate to revoke",
        Refusal::WorkloadDown => "its workload does not answer",
        Refusal::NotSettled => "the deployment has not settled",
        Refusal::PermissionDenied => "permission denied",
        Refusal::OfferNotUsed => "no relation of that user goes through it",
        Refusal::NoKey => "nobody in the deployment has the key of that CA",
        Refusal::NothingToChange => "nothing is there that this could be done to",
        Refusal::Integrate(error) => return error.to_string(),
        Refusal::Offer(error) => return error.to_string(),
    };
    words.to_owned()
}

const fn not_fetched(why: NotFetched) -> &'static str {
    match why {
        NotFetched::ControllerDown => "the controller cannot be reached",
        NotFetched::LeaderLost => "the agent of its leader is lost",
        NotFetched::NoLeader => "no unit leads it",
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
