//! Charms by name and revision, where what they do because of a relation depends on it.

use trustsim_charm_model::Revisions;
use trustsim_model::ApplicationSpec;

/// Charms, in some of their revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharmVersions {
    /// Charmhub names.
    pub charms: Vec<String>,
    /// Their revisions; every one where none is listed.
    pub revisions: Vec<Revisions>,
    /// Whether an application is one of them only if the deployment names its revision: newer ones are known to differ, and none
    /// of those was read.
    pub pinned: bool,
}

impl CharmVersions {
    /// Whether an application is one of them, by the revision that it is played as.
    pub(crate) fn cover(&self, application: &ApplicationSpec) -> bool {
        if !self.charms.contains(&application.charm.name) {
            return false;
        }
        if self.revisions.is_empty() {
            return true;
        }
        if self.pinned && application.revision.is_none() {
            return false;
        }
        let contains = |revision: u64| {
            let mut ranges = self.revisions.iter();
            ranges.any(|range| range.contains(revision))
        };
        played_revision(application).is_none_or(contains)
    }
}

/// The revision that an application is played as: its own; the last that its charm's description was read for, where it names
/// none or one that is newer. None where nothing was read.
fn played_revision(application: &ApplicationSpec) -> Option<u64> {
    let reading = application.charm.provenance.reading();
    let last = reading.and_then(|reading| reading.covers.iter().map(|range| range.last).max());
    match (application.revision, last) {
        (Some(named), Some(last)) => {
            let newest = reading.and_then(|reading| reading.newest).unwrap_or(last);
            Some(if named > newest { last } else { named })
        }
        (named, last) => named.or(last),
    }
}
