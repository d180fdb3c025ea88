//! Expectations that count: how often units ran or failed hooks, how many certificates were
//! signed. All by reading the journal's entries one by one.

use trustsim_model::{
    Address, ApplicationIndex, Counted, Deployment, Entry, Journal, Kind, Manifest, UnplayedRepeats,
};

/// How many entries of the journal are meant, with those that it would have of hooks that were not played.
pub(super) fn count(
    deployment: &Deployment,
    manifest: &Manifest,
    journal: &Journal,
    what: &Counted,
) -> u64 {
    let entries = journal.entries().iter();
    let entries = entries.filter(|entry| is_meant(deployment, entry, what));
    let unplayed = manifest.unplayed.iter();
    let unplayed = unplayed.map(|unplayed| count_unplayed(deployment, journal, unplayed, what));
    entries.count() as u64 + unplayed.sum::<u64>()
}

/// How much of what was not played is among what is counted.
fn count_unplayed(
    deployment: &Deployment,
    journal: &Journal,
    unplayed: &UnplayedRepeats,
    what: &Counted,
) -> u64 {
    let is_of = |application: ApplicationIndex| {
        let spec = &deployment.applications[application];
        let owner = Address::application_in(&deployment.models[spec.model].name, &spec.name);
        unplayed.unit.to_application() == owner
    };
    match what {
        Counted::Hooks {
            application,
            hook,
            failed,
        } => {
            let is_meant = is_of(*application)
                && hook.as_ref().is_none_or(|hook| *hook == unplayed.hook)
                && (unplayed.fails || !failed);
            if is_meant { unplayed.count } else { 0 }
        }
        // Who signed for it since it has done the same signs for it as often.
        Counted::Certificates { by, application } => {
            let signs = |by: ApplicationIndex| {
                let what = Counted::Certificates {
                    by: Some(by),
                    application: None,
                };
                let entries = journal.entries().iter().rev();
                let mut since = entries.take_while(|entry| entry.time >= unplayed.since);
                since.any(|entry| {
                    is_for(entry, &unplayed.unit) && is_meant(deployment, entry, &what)
                })
            };
            let is_meant =
                unplayed.certificates > 0 && application.is_none_or(is_of) && by.is_none_or(signs);
            if is_meant { unplayed.certificates } else { 0 }
        }
    }
}

/// Whether a certificate was signed for a unit.
fn is_for(entry: &Entry, unit: &Address) -> bool {
    match &entry.kind {
        Kind::CertificateIssued(record) => {
            record.holder().to_application() == unit.to_application()
        }
        _ => false,
    }
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
