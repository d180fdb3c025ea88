//! The `rotation` fault: its steps, checked against what the CA at hand can do.

use std::collections::BTreeMap;

use super::Resolver;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::rotation::{HandingFile, ReIssueFile, RotationFile, StepFile, SwitchFile};
use crate::shape::Text;
use trustsim_faults::rotation::{Rotation, timed};
use trustsim_kernel::Span;
use trustsim_model::{Claim, RotationStep, TimedAction, TrustChange};
use trustsim_yaml::{Map, Place, nearest};

/// Every kind of step, as the file names it.
const STEPS: [&str; 10] = [
    "prepare",
    "distribute",
    "cross-sign",
    "switch-issuer",
    "re-issue",
    "reload",
    "withdraw",
    "roll-back",
    "hold",
    "assert",
];

impl Resolver<'_> {
    /// The actions of a rotation that begins at `at`; what it was planned to be is kept in the
    /// deployment.
    pub(super) fn rotation(&mut self, file: &RotationFile, at: Span) -> Option<Vec<TimedAction>> {
        let ca = self.application_address(file.ca.as_ref()?)?;
        let successor = match &file.to {
            Some(text) => Some(self.application_address(text)?),
            None => None,
        };
        if successor == Some(ca) {
            let place = file.to.as_ref().map_or(file.place, |text| text.place);
            let message = "a CA does not take over from itself";
            let help = "leave out `to`: the same provider makes a new CA";
            self.push(Diagnostic::error(Code::RotationStep, place, message).help(help));
            return None;
        }
        let (mut steps, mut places) = (Vec::new(), Vec::new());
        for step in file.steps.iter().flatten() {
            let source = self.source(step.place);
            for resolved in self.step(step, ca)? {
                steps.push((resolved, source.clone()));
                places.push(step.place);
            }
        }
        let rotation = Rotation {
            ca,
            successor,
            at,
            steps,
        };
        match timed(&self.deployment, &rotation) {
            Ok((actions, spec)) => {
                let last = spec.steps.last().map_or(at, |step| step.at);
                if at < self.deployment.duration && last >= self.deployment.duration {
                    let message = "this rotation does not end before the end of the run";
                    self.push(Diagnostic::warning(Code::Fault, file.place, message));
                }
                self.deployment.rotations.push(spec);
                Some(actions)
            }
            Err(refusal) => {
                let place = places.get(refusal.step).copied().unwrap_or(file.place);
                self.push(Diagnostic::error(Code::RotationStep, place, refusal.why));
                None
            }
        }
    }

    fn step(&mut self, file: &StepFile, ca: usize) -> Option<Vec<RotationStep>> {
        let [kind] = file.given.as_slice() else {
            let message = match file.given.len() {
                0 => "a step needs its kind",
                _ => "a step has one kind; write one entry for each",
            };
            let place = file.given.get(1).map_or(file.place, |key| key.place);
            let help = format!("steps are {}", STEPS.join(", "));
            self.push(Diagnostic::error(Code::OneOf, place, message).help(help));
            return None;
        };
        let step = match kind.value.as_str() {
            "prepare" => {
                let prepare = file.prepare.clone().unwrap_or_default();
                RotationStep::Prepare {
                    same_name: prepare.same_name.unwrap_or(false),
                    same_key: prepare.same_key.unwrap_or(false),
                }
            }
            "distribute" => RotationStep::Distribute(self.handing(file.distribute.as_ref())?),
            "withdraw" => RotationStep::Withdraw(self.handing(file.withdraw.as_ref())?),
            "cross-sign" => RotationStep::CrossSign,
            "roll-back" => RotationStep::RollBack,
            "switch-issuer" => self.switch(file.switch_issuer.as_ref(), ca),
            "re-issue" => self.re_issue(file.re_issue.as_ref())?,
            "reload" => {
                let reload = file.reload.as_ref()?;
                let targets = (reload.app.as_ref(), reload.unit.as_ref());
                let (application, unit) = self.units_of(targets.0, targets.1, reload.place)?;
                RotationStep::Reload { application, unit }
            }
            "hold" => RotationStep::Hold(file.hold.as_ref()?.value.0),
            _ => return self.claims(file.assert.as_deref().unwrap_or_default(), kind.place),
        };
        Some(vec![step])
    }

    fn handing(&mut self, file: Option<&HandingFile>) -> Option<TrustChange> {
        let file = file.cloned().unwrap_or_default();
        let mut except = Vec::new();
        for text in file.except.iter().flatten() {
            let (party, unit) = self.party_address(text)?;
            if unit.is_some() {
                let message = format!(
                    "`{}` is a unit; a relation is the whole application's",
                    text.value
                );
                self.push(Diagnostic::error(Code::BadAddress, text.place, message));
                return None;
            }
            except.push(party);
        }
        Some(TrustChange {
            lag: file.lag.map_or(TrustChange::LAG, |lag| lag.0),
            except,
        })
    }

    fn switch(&mut self, file: Option<&SwitchFile>, ca: usize) -> RotationStep {
        let charm = self.known_charm(ca);
        let mut options = BTreeMap::new();
        let given = file.and_then(|file| file.options.as_ref());
        for (name, node) in given.into_iter().flat_map(Map::iter) {
            self.check_option_name(name, &charm);
            if let Some(value) = self.option_value(name, node, &charm) {
                options.insert(name.value.clone(), value);
            }
        }
        RotationStep::SwitchIssuer { options }
    }

    fn re_issue(&mut self, file: Option<&ReIssueFile>) -> Option<RotationStep> {
        let file = file.cloned().unwrap_or_default();
        if let Some(rate) = file.per_hour.as_ref().filter(|rate| rate.value == 0) {
            let message = "at no certificate an hour none is ever signed";
            self.push(Diagnostic::error(Code::BadValue, rate.place, message));
            return None;
        }
        Some(RotationStep::ReIssue {
            jitter: file.jitter.map_or(Span::ZERO, |jitter| jitter.0),
            per_hour: file.per_hour.map(|rate| rate.value),
        })
    }

    fn claims(&mut self, names: &[Text], place: Place) -> Option<Vec<RotationStep>> {
        if names.is_empty() {
            let message = "an assertion needs something that must be true";
            let known = Claim::ALL.map(|(_, name)| name).join(", ");
            let help = format!("write a list of {known}");
            self.push(Diagnostic::error(Code::MissingKey, place, message).help(help));
            return None;
        }
        let mut claims = Vec::new();
        for text in names {
            let known = Claim::ALL.iter().find(|(_, name)| *name == text.value);
            let Some((claim, _)) = known else {
                let message = format!("`{}` is nothing that can be asserted", text.value);
                let near = nearest(&text.value, Claim::ALL.iter().map(|(_, name)| *name));
                let diagnostic = Diagnostic::error(Code::BadValue, text.place, message);
                self.push(diagnostic.similar("an assertion", near));
                return None;
            };
            claims.push(RotationStep::Assert(*claim));
        }
        Some(claims)
    }
}
