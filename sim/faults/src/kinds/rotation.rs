//! A CA that is rotated in explicit steps: the steps as written, checked against what the CA at hand
//! can do. [`crate::rotation`] makes actions of them.

use trustsim_charm_model::DeclaredDuration;
use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::Span;
use trustsim_model::{ApplicationIndex, Claim, RotationStep, Target, TrustChange};
use trustsim_yaml::{Map, Node, Place, Spanned, Text, nearest, record};

use super::units::RestartFile;
use crate::kind::{Effect, FaultKind};
use crate::rotation::{self, timed};
use crate::site::Site;

record! {
    /// A CA is rotated, step by step.
    pub(crate) struct RotationFile {
        /// The provider whose CA goes, `model.app`.
        #[schemars(required)]
        ca: Text = "ca" [Required],
        /// The provider that takes over, `model.app`; without it the same one makes a new CA.
        to: Text = "to",
        /// One after the other: `hold` lets time pass, the others take none.
        #[schemars(required, length(min = 1))]
        steps: Vec<StepFile> = "steps" [Required],
    }
}

record! {
    /// One step of a rotation: one key.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
    pub(crate) struct StepFile {
        /// A new CA is made, which is neither used nor trusted yet. For a declared provider.
        prepare: PrepareFile = "prepare",
        /// Everything that trusts the old root gets the new one beside it.
        distribute: TrustChangeFile = "distribute",
        /// The old root signs the new one's key, and every new certificate comes with that bridge.
        /// For a declared provider.
        cross_sign: NothingFile = "cross-sign",
        /// The new CA signs from now on; for a real charm its action or the options that do it.
        switch_issuer: SwitchFile = "switch-issuer",
        /// What the old CA signed is signed again. For a declared provider.
        re_issue: ReIssueFile = "re-issue",
        /// Workloads are restarted, so that they read their files.
        reload: RestartFile = "reload",
        /// The old root is taken from everything that trusts it.
        withdraw: TrustChangeFile = "withdraw",
        /// The old CA signs again.
        roll_back: NothingFile = "roll-back",
        /// Nothing happens for so long.
        hold: Spanned<DeclaredDuration> = "hold",
        /// This must be true of the run up to here: `no-failures`, `trust-before-use`,
        /// `use-ends-before-distrust`, `leaf-within-issuer`, `distrust-effective`, `new-ca-in-use`,
        /// `old-ca-distrusted`.
        assert: Vec<Text> = "assert",
    }
}

record! {
    /// Nothing to say.
    pub(crate) struct NothingFile {
    }
}

record! {
    /// How the new CA is made.
    pub(crate) struct PrepareFile {
        /// It has the names of the old one (false).
        same_name: bool = "same-name",
        /// It has the keys of the old one, and so its names (false).
        same_key: bool = "same-key",
    }
}

record! {
    /// How a root reaches, or leaves, those who trust it. Relations carry it by themselves.
    pub(crate) struct TrustChangeFile {
        /// How long after the step people have done it at clients outside Juju (1m).
        lag: DeclaredDuration = "lag",
        /// Clients that are forgotten; with `to`, applications too.
        except: Vec<Text> = "except",
    }
}

record! {
    /// What makes a real charm use another CA; without options its own action does.
    pub(crate) struct SwitchFile {
        /// Options of the CA's application, as by `juju config`.
        options: Map<Node> = "options",
    }
}

record! {
    /// How fast certificates are signed again.
    pub(crate) struct ReIssueFile {
        /// Each is late by up to this long, drawn from the seed.
        jitter: DeclaredDuration = "jitter",
        /// How many an hour; all at once without it.
        per_hour: Spanned<u32> = "per-hour",
    }
}

pub(crate) struct Rotation;

impl FaultKind for Rotation {
    type Shape = RotationFile;
    const KEY: &'static str = "rotation";
    const ABOUT: &'static str = "A CA is rotated in explicit steps.";
    const EFFECT: &'static str = "see [rotation of a CA](rotation.md)";

    fn resolve(shape: &RotationFile, site: &mut Site<'_>) -> Option<Effect> {
        let at = site.at?;
        let ca = site.names.application(shape.ca.as_ref()?)?;
        let successor = match &shape.to {
            Some(text) => Some(site.names.application(text)?),
            None => None,
        };
        if successor == Some(ca) {
            let place = shape.to.as_ref().map_or(shape.place, |text| text.place);
            let message = "a CA does not take over from itself";
            let wrong = Diagnostic::error(Code::RotationStep, place, message);
            return site.report(wrong.help("leave out `to`: the same provider makes a new CA"));
        }
        let (mut steps, mut places) = (Vec::new(), Vec::new());
        for written in shape.steps.iter().flatten() {
            let source = site.names.source(written.place);
            for step in steps_of(written, ca, site)? {
                steps.push((step, source.clone()));
                places.push(written.place);
            }
        }
        let rotation = rotation::Rotation {
            ca,
            successor,
            at,
            steps,
        };
        let deployment = site.deployment();
        let duration = deployment.duration;
        match timed(deployment, &rotation) {
            Ok((actions, spec)) => {
                let last = spec.steps.last().map_or(at, |step| step.at);
                if at < duration && last >= duration {
                    let message = "this rotation does not end before the end of the run";
                    let warning = Diagnostic::warning(Code::Fault, shape.place, message);
                    site.names.report(warning);
                }
                Some(Effect::Rotation(actions, spec))
            }
            Err(refusal) => site.error(Code::RotationStep, places[refusal.step], refusal.why),
        }
    }
}

/// What one entry of `steps` asks for: one step, or as many assertions as it lists.
fn steps_of(
    file: &StepFile,
    ca: ApplicationIndex,
    site: &mut Site<'_>,
) -> Option<Vec<RotationStep>> {
    let [kind] = file.given.as_slice() else {
        let message = match file.given.len() {
            0 => "a step needs its kind",
            _ => "a step has one kind; write one entry for each",
        };
        let place = file.given.get(1).map_or(file.place, |key| key.place);
        let names: Vec<&str> = StepFile::KEYS.iter().map(|(key, _)| *key).collect();
        let wrong = Diagnostic::error(Code::OneOf, place, message);
        return site.report(wrong.help(format!("steps are {}", names.join(", "))));
    };
    let step = match kind.value.as_str() {
        "prepare" => {
            let prepare = file.prepare.clone().unwrap_or_default();
            RotationStep::Prepare {
                same_name: prepare.same_name == Some(true),
                same_key: prepare.same_key == Some(true),
            }
        }
        "distribute" => RotationStep::Distribute(trust_change(file.distribute.as_ref(), site)?),
        "withdraw" => RotationStep::Withdraw(trust_change(file.withdraw.as_ref(), site)?),
        "cross-sign" => RotationStep::CrossSign,
        "roll-back" => RotationStep::RollBack,
        "switch-issuer" => {
            let written = file.switch_issuer.as_ref();
            let options = written.and_then(|file| file.options.as_ref());
            RotationStep::SwitchIssuer {
                options: site.names.options(ca, options),
            }
        }
        "re-issue" => re_issue(file.re_issue.as_ref(), site)?,
        "reload" => {
            let reload = file.reload.clone().unwrap_or_default();
            let (app, unit) = (reload.app.as_ref(), reload.unit.as_ref());
            let place = file
                .reload
                .as_ref()
                .map_or(kind.place, |reload| reload.place);
            let Target { application, unit } = site.target(app, unit, place)?;
            RotationStep::Reload { application, unit }
        }
        "hold" => match &file.hold {
            Some(length) => RotationStep::Hold(length.value.0),
            None => return site.error(Code::BadValue, kind.place, "it does not say how long"),
        },
        "assert" => return claims(file.assert.as_deref().unwrap_or_default(), kind.place, site),
        other => unreachable!("the reader lets no step `{other}` through"),
    };
    Some(vec![step])
}

fn trust_change(file: Option<&TrustChangeFile>, site: &mut Site<'_>) -> Option<TrustChange> {
    let file = file.cloned().unwrap_or_default();
    let mut except = Vec::new();
    for text in file.except.iter().flatten() {
        let (party, unit) = site.names.party(text)?;
        if unit.is_some() {
            let name = &text.value;
            let message = format!("`{name}` is a unit; a relation is the whole application's");
            return site.error(Code::BadAddress, text.place, message);
        }
        except.push(party);
    }
    Some(TrustChange {
        lag: file.lag.map_or(TrustChange::LAG, |lag| lag.0),
        except,
    })
}

fn re_issue(file: Option<&ReIssueFile>, site: &mut Site<'_>) -> Option<RotationStep> {
    let file = file.cloned().unwrap_or_default();
    if let Some(rate) = file.per_hour.as_ref().filter(|rate| rate.value == 0) {
        let message = "at no certificate an hour none is ever signed";
        return site.error(Code::BadValue, rate.place, message);
    }
    Some(RotationStep::ReIssue {
        jitter: file.jitter.map_or(Span::ZERO, |jitter| jitter.0),
        per_hour: file.per_hour.map(|rate| rate.value),
    })
}

fn claims(names: &[Text], place: Place, site: &mut Site<'_>) -> Option<Vec<RotationStep>> {
    if names.is_empty() {
        let message = "an assertion needs something that must be true";
        let known = Claim::ALL.map(|(_, name)| name).join(", ");
        let wrong = Diagnostic::error(Code::MissingKey, place, message);
        return site.report(wrong.help(format!("write a list of {known}")));
    }
    let mut claims = Vec::new();
    for text in names {
        let known = Claim::ALL.iter().find(|(_, name)| *name == text.value);
        let Some((claim, _)) = known else {
            let message = format!("`{}` is nothing that can be asserted", text.value);
            let near = nearest(&text.value, Claim::ALL.map(|(_, name)| name));
            let wrong = Diagnostic::error(Code::BadValue, text.place, message);
            return site.report(wrong.similar("an assertion", near));
        };
        claims.push(RotationStep::Assert(*claim));
    }
    Some(claims)
}
