//! Expectations that count: how often units ran or failed hooks, how many certificates were
//! signed. All by reading the journal's entries one by one.

use trustsim_model::{ApplicationIndex, Counted, Deployment, Entry, Journal, Kind};

/// How many entries of the journal are meant.
pub(super) fn count(deployment: &Deployment, journal: &Journal, what: &Counted) -> usize {
    let entries = journal.entries().iter();
    entries
        .filter(|entry| is_meant(deployment, entry, what))
        .count()
}

fn is_meant(deployment: &Deployment, entry: &Entry, what: &Counted) -> bool {
    let is = |index: ApplicationIndex, model: Option<&str>, application: Option<&str>| {
        let spec = &deployment.applications[index];
        model == Some(&deployment.models[spec.model].name) && application == Some(&spec.name)
    };
    let subject = &entry.subject;
    let of_subject = |index: ApplicationIndex| {
        is(
            index,
            subject.model.as_deref(),
            subject.application.as_deref(),
        )
    };
    match (what, &entry.kind) {
        (
            Counted::Hooks {
                application,
                hook,
                failed,
            },
            Kind::HookStarted { hook: name } | Kind::HookFailed { hook: name, .. },
        ) => {
            matches!(entry.kind, Kind::HookFailed { .. }) == *failed
                && hook.as_ref().is_none_or(|hook| hook == name)
                && of_subject(*application)
        }
        (Counted::Certificates { by, application }, Kind::CertificateIssued(record)) => {
            let holder =
                |index: ApplicationIndex| is(index, Some(&record.model), Some(&record.application));
            by.is_none_or(of_subject) && application.is_none_or(holder)
        }
        _ => false,
    }
}
