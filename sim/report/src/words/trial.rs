//! Words for what was compared of a charm's model and its code.

use trustsim_kernel::format_duration;
use trustsim_trials::{CertificateName, Fact, Handshake, Occurrence, Outcome, Subject};

/// What came of a trial, in a word or two.
pub fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Same => "same",
        Outcome::Differs(_) => "differs",
        Outcome::NotPlayed(_) => "not played",
        Outcome::NotApplicable => "does not apply",
    }
}

/// The unit or the connection that a difference is about.
pub fn subject(subject: &Subject) -> &str {
    match subject {
        Subject::Unit(name) | Subject::Connection(name) => name,
    }
}

/// `9d1h: it serves nothing`.
pub fn occurrence(occurrence: &Occurrence) -> String {
    let at = format_duration(occurrence.at);
    format!("{at}: {}", fact(&occurrence.fact))
}

fn fact(fact: &Fact) -> String {
    match fact {
        Fact::Requested {
            common_name,
            names,
            is_shared,
            is_ca,
        } => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let what = if *is_ca { "a CA" } else { "a certificate" };
            let whose = if *is_shared {
                "the application"
            } else {
                "the unit"
            };
            let names = match names.is_empty() {
                true => String::new(),
                false => format!(" with {}", names.join(", ")),
            };
            format!("asks for {what} for {whose}: {}{names}", named(common_name))
        }
        Fact::Issued {
            certificate: name,
            common_name,
            lives,
            is_ca,
        } => {
            let what = if *is_ca { "a CA" } else { "a certificate" };
            let (which, lives) = (certificate(name), format_duration(*lives));
            format!("issues {what}, {which}: {} for {lives}", named(common_name))
        }
        Fact::Serves(chains) if chains.is_empty() => "serves no certificate".to_owned(),
        Fact::Serves(chains) => {
            let chains = chains.iter().map(|chain| {
                let names: Vec<String> = chain.iter().map(certificate).collect();
                names.join(" with ")
            });
            format!("serves {}", chains.collect::<Vec<_>>().join("; "))
        }
        Fact::Trusts(names) if names.is_empty() => "trusts nothing".to_owned(),
        Fact::Trusts(names) => {
            let names: Vec<String> = names.iter().map(certificate).collect();
            format!("trusts {}", names.join(", "))
        }
        Fact::Restarted => "restarts its workload".to_owned(),
        Fact::HookFailed { hook, error } => format!("its hook {hook} fails: {error}"),
        Fact::WithoutEnd => "its hooks follow each other without an end".to_owned(),
        Fact::Status(status) => format!("is {}", status.as_str()),
        Fact::Connects(Handshake::Completed) => "the handshake is completed".to_owned(),
        Fact::Connects(Handshake::WithoutCertificate) => {
            "the handshake fails: the server has no certificate".to_owned()
        }
        Fact::Connects(Handshake::WithoutTls) => "both speak without TLS".to_owned(),
        Fact::Connects(Handshake::Fails(error)) => {
            format!("the handshake fails: {}", error.kebab())
        }
    }
}

fn named(common_name: &str) -> &str {
    match common_name {
        "" => "no common name",
        name => name,
    }
}

/// `certificate 2 of subject/0`.
fn certificate(name: &CertificateName) -> String {
    match name {
        CertificateName::Issued { holder, number } => format!("certificate {number} of {holder}"),
        CertificateName::Foreign(subject) => format!("`{subject}`"),
    }
}
