//! The words for names that are dialled beside those of certificates.

use super::number::counted;
use trustsim_pki::Certificate;
use trustsim_whatif::{DialledNames, NameVerdict};

/// `matches`, `differs`, `nothing-presented` or `untold`.
pub const fn verdict(verdict: NameVerdict) -> &'static str {
    match verdict {
        NameVerdict::Matches => "matches",
        NameVerdict::Differs => "differs",
        NameVerdict::NothingPresented => "nothing-presented",
        NameVerdict::Untold(_) => "untold",
    }
}

/// Whether it matches, for a table that people read.
pub fn answer(verdict: NameVerdict) -> String {
    match verdict {
        NameVerdict::Matches => "yes".to_owned(),
        NameVerdict::Differs => "no".to_owned(),
        NameVerdict::NothingPresented => "no certificate".to_owned(),
        NameVerdict::Untold(error) => format!("not told: {error}"),
    }
}

/// The names that a certificate is for: the alternative names, or the common name where it has none.
pub fn names(certificate: &Certificate) -> Vec<String> {
    let sans = certificate.sans();
    match (sans, certificate.subject_common_name()) {
        ([], Some(name)) => vec![format!("CN={name}")],
        (sans, _) => sans.to_vec(),
    }
}

/// `14 connections: 13 names match, 1 does not`.
pub fn counts(found: &DialledNames) -> String {
    let count = |wanted: fn(NameVerdict) -> bool| {
        let all = found.dialled.iter();
        all.filter(|one| wanted(one.verdict)).count()
    };
    let matching = count(|verdict| verdict == NameVerdict::Matches);
    let differing = count(|verdict| verdict == NameVerdict::Differs);
    let nothing = count(|verdict| verdict == NameVerdict::NothingPresented);
    let untold = count(|verdict| matches!(verdict, NameVerdict::Untold(_)));
    let mut text = format!(
        "{}: the name matches in {matching}, and does not in {differing}",
        counted(found.dialled.len() as u64, "connection"),
    );
    if nothing > 0 {
        text.push_str(&format!("; {nothing} meet no certificate"));
    }
    if untold > 0 {
        text.push_str(&format!("; of {untold} it is not told"));
    }
    text
}
