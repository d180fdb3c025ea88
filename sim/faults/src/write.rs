//! A planned fault as the line of a scenario that asks for it, and the keys that several kinds of
//! faults have in such a line.

use super::PlannedFault;
use super::kinds::KINDS;
use trustsim_kernel::Span;
use trustsim_model::{ApplicationIndex, ControllerIndex, Deployment, Target};

impl PlannedFault {
    /// `- {at: 3600s, stop: {unit: a.web/0, for: 300s}}`; what no kind of fault can be asked for is
    /// a comment.
    pub fn to_line(&self, deployment: &Deployment) -> String {
        let at = seconds(self.at);
        let mut written = KINDS.iter().filter_map(|kind| {
            let keys = (kind.write)(&self.fault, deployment)?;
            Some((kind.key, keys))
        });
        let first = written.next();
        if let (Some((kind, _)), Some((other, _))) = (&first, written.next()) {
            panic!(
                "one kind of fault writes {:?}, not {kind} and {other}",
                self.fault
            );
        }
        let Some((kind, mut keys)) = first else {
            let command = self.fault.action.to_command(deployment);
            return format!("# at {at}: {command}");
        };
        let lasts = self
            .fault
            .lasts
            .filter(|_| self.fault.action.inverse().is_some());
        keys.extend(lasts.map(length_key));
        format!("- {{at: {at}, {kind}: {{{}}}}}", keys.join(", "))
    }
}

pub(crate) fn application_key(application: ApplicationIndex, deployment: &Deployment) -> String {
    format!("app: {}", deployment.application_address(application))
}

pub(crate) fn target_key(target: Target, deployment: &Deployment) -> String {
    let address = deployment.application_address(target.application);
    match target.unit {
        Some(unit) => format!("unit: {address}/{unit}"),
        None => format!("app: {address}"),
    }
}

pub(crate) fn controller_key(controller: ControllerIndex, deployment: &Deployment) -> String {
    format!("controller: {}", deployment.controllers[controller].name)
}

pub(crate) fn length_key(lasts: Span) -> String {
    format!("for: {}", seconds(lasts))
}

/// In seconds, or in milliseconds where a plan begins between two seconds.
pub(crate) fn seconds(span: Span) -> String {
    if Span::from_secs(span.as_secs()) == span {
        return format!("{}s", span.as_secs());
    }
    let millis = u64::try_from(span.as_millis()).expect("a scenario is shorter than 2^64 ms");
    assert_eq!(
        Span::from_millis(millis),
        span,
        "a scenario has no time between two milliseconds"
    );
    format!("{millis}ms")
}
