//! The words for what a failing handshake shows of itself: a headline that names both sides, and the
//! reason with what was presented and trusted.

use trustsim_diagnosis::Symptom;
use trustsim_pki::Certificate;
use trustsim_validators::ErrorKind;

use super::certificate;

/// One line that names both sides.
pub fn headline(symptom: &Symptom) -> String {
    let Symptom {
        presenter,
        judge,
        error,
        ..
    } = symptom;
    if *error == ErrorKind::Unreachable {
        return format!("{presenter} does not answer {judge}");
    }
    if presenter == judge && error.prevents_loading() {
        return format!("{presenter} cannot load its own certificate: {error}");
    }
    if *error == ErrorKind::ClientStopped {
        return format!("{presenter} is stopped by its charm and sends nothing to {judge}");
    }
    if let Some(did) = did_instead(*error) {
        return format!("{presenter} {did} when {judge} connected");
    }
    if symptom.serial.is_none() {
        return format!("{presenter} presents no certificate to {judge}");
    }
    match *error {
        ErrorKind::UnknownIssuer | ErrorKind::PartialChain => {
            format!("{judge} does not trust the issuer of {presenter}")
        }
        ErrorKind::NoClientCertificate => {
            format!("{presenter} has no certificate of a CA that {judge} asks its clients for")
        }
        ErrorKind::BadSignature => {
            format!("{judge} trusts another key than the one that signed {presenter}")
        }
        ErrorKind::Expired => format!("{presenter} presents an expired certificate to {judge}"),
        ErrorKind::NotValidYet => {
            format!("{presenter} presents a certificate to {judge} that is not valid yet")
        }
        ErrorKind::NotValidForName => format!(
            "{presenter} presents a certificate to {judge} that does not name {}",
            symptom.server_name
        ),
        other => format!("{judge} refuses {presenter}: {other}"),
    }
}

/// Which hop broke, one clause.
pub fn reason(symptom: &Symptom) -> String {
    let presenter = &symptom.presenter;
    if *presenter == symptom.judge {
        return match symptom.error {
            ErrorKind::KeyMismatch => {
                format!("the key of {presenter} does not belong to the certificate beside it")
            }
            _ => format!("the certificate file of {presenter} holds no certificate"),
        };
    }
    let Some(leaf) = &symptom.leaf else {
        return reason_without_leaf(symptom);
    };
    match symptom.error {
        _ if symptom.lacks_trust() => trust_reason(symptom, leaf),
        ErrorKind::Expired => validity_reason(symptom, leaf, "expired", |invalid| {
            format!("was valid until {}", invalid.not_after())
        }),
        ErrorKind::NotValidYet => validity_reason(symptom, leaf, "not valid yet", |invalid| {
            format!("is valid from {}", invalid.not_before())
        }),
        ErrorKind::NotValidForName => {
            let names = match leaf.sans() {
                [] => "nothing".to_owned(),
                names => names.join(", "),
            };
            format!(
                "{presenter} was asked for {}, its certificate {} names {names}",
                symptom.server_name,
                certificate::name(leaf),
            )
        }
        other => format!(
            "{presenter} presented {}, refused as {other}",
            certificate::name(leaf)
        ),
    }
}

/// What a server did that began no handshake.
fn did_instead(error: ErrorKind) -> Option<&'static str> {
    match error {
        ErrorKind::PlaintextPeer => Some("answered in plain text"),
        ErrorKind::ClosedByPeer => Some("closed the connection in the middle of the handshake"),
        _ => None,
    }
}

fn reason_without_leaf(symptom: &Symptom) -> String {
    let (presenter, error) = (&symptom.presenter, symptom.error);
    if error == ErrorKind::Unreachable {
        return format!("no process listened at {presenter}");
    }
    if let (None, Some([left, right])) = (&symptom.serial, &symptom.protocols_differ) {
        return format!(
            "{presenter} had no certificate: {left} and {right} speak different protocols (TS0304)"
        );
    }
    if let Some(did) = did_instead(error) {
        return format!("{presenter} {did}");
    }
    match &symptom.serial {
        None if error == ErrorKind::ClientStopped => {
            format!("{presenter} had no certificate, without which its charm stops it")
        }
        None => format!("{presenter} had no certificate"),
        Some(serial) => {
            format!(
                "{presenter} presented the certificate with serial {serial}, refused as {error}"
            )
        }
    }
}

fn trust_reason(symptom: &Symptom, leaf: &Certificate) -> String {
    let (presenter, judge) = (&symptom.presenter, &symptom.judge);
    let mut reason = format!("{presenter} presented {}", certificate::name(leaf));
    let issuers = symptom.issuers.iter();
    let signers: Vec<String> = issuers
        .map(|issuer| {
            let name = certificate::name(&issuer.certificate);
            format!("signed by {name} of {}", issuer.owner)
        })
        .collect();
    reason.push_str(", ");
    match signers.is_empty() {
        true => reason.push_str(&format!("signed by {}", leaf.issuer())),
        false => reason.push_str(&signers.join(", ")),
    }
    match symptom.trusted.as_deref() {
        None => {}
        Some(_) if symptom.trusts_any_issuer() => reason.push_str(&format!(
            ", which {judge} trusts, but no chain to it could be built from what was presented"
        )),
        Some([]) => reason.push_str(&format!("; {judge} trusted nothing")),
        Some(trusted) => {
            let names: Vec<String> = trusted.iter().map(certificate::name).collect();
            let has_namesake = symptom.issuers.iter().any(|issuer| {
                let subject = issuer.certificate.subject();
                trusted.iter().any(|root| root.subject() == subject)
            });
            let but = match has_namesake {
                true => ", of the same name but another certificate",
                false => "",
            };
            reason.push_str(&format!("; {judge} trusted {}{but}", first_three(&names)));
        }
    }
    reason
}

fn validity_reason(
    symptom: &Symptom,
    leaf: &Certificate,
    word: &str,
    when: impl Fn(&Certificate) -> String,
) -> String {
    let (presenter, name) = (&symptom.presenter, certificate::name(leaf));
    match &symptom.invalid {
        Some(invalid) if invalid == leaf => {
            format!("{presenter} presented {name}, which {}", when(invalid))
        }
        Some(invalid) => format!(
            "{presenter} presented {name}, signed under {}, which {}",
            certificate::name(invalid),
            when(invalid)
        ),
        None => format!(
            "{presenter} presented {name}, {word} by the clock of {}",
            symptom.judge
        ),
    }
}

/// The first three names, and how many more there are.
fn first_three(names: &[String]) -> String {
    match names.len() {
        0..=3 => names.join(", "),
        many => format!("{} and {} more", names[..3].join(", "), many - 3),
    }
}
