//! What an outage counts for: whether it breaks a run, was expected, or is too small to matter.
//!
//! Seven seconds in which a container restarts, between two attempts of its client, are true and break no one's day.
//! They are in `outages.csv`, and head no answer. An outage that is over before everything was at rest for the first
//! time belongs to the installation: a Vault that waits two days for its first unseal is not broken. A client outside that is
//! derived for an ingress is assumed to have the CA with which its server began, and no other. That it lacks another one is a
//! warning: how it is told of one is in no deployment.

use super::explanation::Explanation;
use super::outages::Outage;
use super::tally::outage_attempts;
use super::{Cause, Part, TrustCause};
use trustsim_model::{EdgeBasis, Manifest};

/// What an outage counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutageClass {
    /// It was not expected: the run fails.
    Unexpected,
    /// A `fails` or `outage` of the scenario covers it.
    Expected,
    /// It was over before the deployment was at rest for the first time.
    Installation,
    /// It was shorter than `tolerate`, or no attempt failed in it.
    Tolerated,
    /// Its client is one outside that was derived, and lacks only a CA that it is assumed not to be given.
    Outside,
}

impl OutageClass {
    /// Its name, kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unexpected => "unexpected",
            Self::Expected => "expected",
            Self::Installation => "installation",
            Self::Tolerated => "tolerated",
            Self::Outside => "outside",
        }
    }

    /// Whether it breaks what says that nothing fails, and is told with its cause.
    pub const fn is_told(self) -> bool {
        match self {
            Self::Unexpected | Self::Expected | Self::Outside => true,
            Self::Installation | Self::Tolerated => false,
        }
    }
}

/// What an outage counts for, whatever the scenario expects of it.
///
/// One that is open at the end is never small: how long it would have been is not known.
pub(super) fn class_of(outage: &Outage, manifest: &Manifest) -> OutageClass {
    let Some(until) = outage.until else {
        return OutageClass::Unexpected;
    };
    let end = manifest.end();
    let connection = &manifest.connections[outage.connection as usize];
    let tolerate = manifest.deployment.tolerate;
    if manifest.settled_at.is_some_and(|settled| until <= settled) {
        OutageClass::Installation
    } else if !tolerate.is_zero()
        && (outage.length(end) < tolerate || outage_attempts(connection, outage, end) == 0)
    {
        OutageClass::Tolerated
    } else {
        OutageClass::Unexpected
    }
}

/// What an outage counts for once it is explained: `class`, unless it rests on what a client outside is taken to trust and on
/// nothing else.
pub(super) fn class_explained(
    class: OutageClass,
    manifest: &Manifest,
    outage: &Outage,
    explanation: &Explanation,
    parts: &[Part],
) -> OutageClass {
    let connection = &manifest.connections[outage.connection as usize];
    let is_outside = manifest.deployment.connections[connection.spec].edge == EdgeBasis::Outside;
    let is_not_given = |explanation: &Explanation| {
        matches!(
            explanation.cause.what,
            Cause::Trust(TrustCause::NotGiven { .. })
        )
    };
    let mut explained = parts
        .iter()
        .map(|part| &part.explanation)
        .chain([explanation]);
    match class {
        OutageClass::Unexpected if is_outside && explained.all(is_not_given) => {
            OutageClass::Outside
        }
        _ => class,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::outages;
    use trustsim_kernel::Span;
    use trustsim_testkit::{Script, seconds};
    use trustsim_validators::ErrorKind;

    /// An outage of a connection that is attempted at 60 s and every five seconds after.
    fn class(tolerate: Span, settled: Option<u64>, from: u64, until: Option<u64>) -> OutageClass {
        let mut script = Script::new(&["a.web/0"]);
        Arc::make_mut(&mut script.manifest.deployment).tolerate = tolerate;
        script.manifest.settled_at = settled.map(|at| script.manifest.start + seconds(at));
        script.fail(from, 0, ErrorKind::Expired);
        if let Some(until) = until {
            script.ok(until, 0);
        }
        let found = outages(&script.manifest, &script.journal);
        class_of(&found[0], &script.manifest)
    }

    #[test]
    fn what_is_shorter_than_tolerated_breaks_nothing() {
        let minute = seconds(60);
        let of = |until| class(minute, Some(60), 100, Some(until));
        assert_eq!(of(159), OutageClass::Tolerated);
        assert_eq!(of(160), OutageClass::Unexpected);
        let strict = class(Span::ZERO, Some(60), 100, Some(101));
        assert_eq!(strict, OutageClass::Unexpected);
    }

    #[test]
    fn an_outage_between_two_attempts_breaks_nothing() {
        let of = |tolerate| class(tolerate, Some(60), 101, Some(104));
        assert_eq!(of(seconds(1)), OutageClass::Tolerated);
        assert_eq!(of(Span::ZERO), OutageClass::Unexpected);
        let met = class(seconds(1), Some(60), 101, Some(106));
        assert_eq!(met, OutageClass::Unexpected);
    }

    #[test]
    fn what_is_open_at_the_end_is_never_small() {
        assert_eq!(
            class(seconds(60), Some(60), 999, None),
            OutageClass::Unexpected
        );
    }

    #[test]
    fn what_is_over_before_the_deployment_is_at_rest_is_installation() {
        let of = |settled| class(seconds(60), settled, 60, Some(400));
        assert_eq!(of(Some(400)), OutageClass::Installation);
        assert_eq!(of(Some(399)), OutageClass::Unexpected);
        assert_eq!(of(None), OutageClass::Unexpected);
    }
}
