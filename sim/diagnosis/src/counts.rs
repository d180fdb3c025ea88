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
    let unplayed = unplayed.filter(|unplayed| is_unplayed(deployment, unplayed, what));
    entries.count() as u64 + unplayed.map(|unplayed| unplayed.count).sum::<u64>()
}

/// Whether hooks that were not played are among those that are counted.
fn is_unplayed(deployment: &Deployment, unplayed: &UnplayedRepeats, what: &Counted) -> bool {
    let Counted::Hooks {
        application,
        hook,
        failed,
    } = what
    else {
        return false;
    };
    let spec = &deployment.applications[*application];
    let owner = Address::application_in(&deployment.models[spec.model].name, &spec.name);
    unplayed.unit.to_application() == owner
        && hook.as_ref().is_none_or(|hook| *hook == unplayed.hook)
        && (unplayed.fails || !failed)
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
