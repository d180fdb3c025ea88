//! Hooks that are made to fail: before they do anything, or at their commit.

use std::ops::Range;
use std::sync::Arc;

use trustsim_charm_model::{CharmMetadata, DeclaredDuration, Role};
use trustsim_errors::{Code, Diagnostic};
use trustsim_juju::{CommitFault, HookName, RelationEvent};
use trustsim_kernel::Span;
use trustsim_model::{Action, Deployment, FailingHook, HookAction, HookFailure, Target};
use trustsim_yaml::{Spanned, Text, nearest, record};

use crate::Fault;
use crate::draw::{Draw, Drawn};
use crate::kind::{Effect, FaultKind};
use crate::site::{Site, span};
use crate::write::target_key;

/// Where a commit can break off, as a scenario names it.
const POINTS: [(&str, CommitFault); 4] = [
    ("before-secrets", CommitFault::BeforeSecrets),
    ("between-secrets", CommitFault::BetweenSecrets),
    (
        "between-secrets-and-databags",
        CommitFault::BetweenSecretsAndDatabags,
    ),
    ("after-commit", CommitFault::AfterCommit),
];

record! {
    /// Which hooks fail: the charm raises before it has done anything.
    pub(crate) struct FailHookFile {
        /// `model.app`: of every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// Name of the hook, such as `certificates-relation-changed`; every hook without it.
        hook: Text = "hook",
        /// How often, over all units; each time without it.
        times: Spanned<u32> = "times",
        /// How long until they succeed again.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct FailHook;

impl FaultKind for FailHook {
    type Shape = FailHookFile;
    const KEY: &'static str = "fail-hook";
    const ABOUT: &'static str = "Hooks fail.";
    const EFFECT: &'static str = "the charm raises before it has done anything: nothing is \
        committed, the hook is run again after 5 s, 10 s, ... 300 s, and nothing else runs but \
        actions";
    const SOURCE: &'static str = "juju/juju 3.6 `apiserver/facades/agent/retrystrategy`";
    const DRAWN_ON: Range<u64> = 7..9;

    fn resolve(shape: &FailHookFile, site: &mut Site<'_>) -> Option<Effect> {
        let target = site.target(shape.app.as_ref(), shape.unit.as_ref(), shape.place)?;
        let failing = FailingHook {
            target,
            hook: hook(target, shape.hook.as_ref(), site)?,
            failure: HookFailure::Raises,
            times: shape.times.as_ref().map(|times| times.value),
        };
        Some(fail(failing, shape.lasts.as_ref()))
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let failing = failing(fault)?;
        (failing.failure == HookFailure::Raises).then(|| keys(failing, None, deployment))
    }

    fn draw(draw: &mut Draw<'_>, lasts: Span) -> Option<Drawn> {
        draw_failing(draw, HookFailure::Raises, lasts)
    }
}

record! {
    /// Which hooks fail at their commit, and what is written by then.
    pub(crate) struct FailCommitFile {
        /// `model.app`: of every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// Name of the hook, such as `certificates-relation-changed`; every hook without it.
        hook: Text = "hook",
        /// `before-secrets`, `between-secrets`, `between-secrets-and-databags`, `after-commit`.
        #[schemars(required, extend("enum" = [
            "before-secrets", "between-secrets", "between-secrets-and-databags", "after-commit"
        ]))]
        point: Text = "at" [Required],
        /// How often, over all units; each time without it.
        times: Spanned<u32> = "times",
        /// How long until they succeed again.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct FailCommit;

impl FaultKind for FailCommit {
    type Shape = FailCommitFile;
    const KEY: &'static str = "fail-commit";
    const ABOUT: &'static str = "Hooks fail when they commit.";
    const EFFECT: &'static str = "the hook's last call breaks off: `before-secrets` (nothing \
        written), `between-secrets` (the first secret written: each has its own transaction), \
        `between-secrets-and-databags`, `after-commit` (all written, but the agent does not know). \
        Files and restarts of the workload stay done. The hook is run again in each case";
    const SOURCE: &'static str =
        "juju/juju 3.6 `apiserver/facades/agent/uniter/uniter.go`, `commitHookChangesForOneUnit`";
    const DRAWN_ON: Range<u64> = 9..11;

    fn resolve(shape: &FailCommitFile, site: &mut Site<'_>) -> Option<Effect> {
        let target = site.target(shape.app.as_ref(), shape.unit.as_ref(), shape.place)?;
        let text = shape.point.as_ref()?;
        let Some((_, point)) = POINTS.iter().find(|(name, _)| *name == text.value) else {
            let names = POINTS.map(|(name, _)| name);
            let message = format!("a commit does not fail `{}`", text.value);
            let help = format!("points are {}", names.join(", "));
            let wrong = Diagnostic::error(Code::BadValue, text.place, message).help(help);
            return site.report(wrong.similar("a point", nearest(&text.value, names)));
        };
        let failing = FailingHook {
            target,
            hook: hook(target, shape.hook.as_ref(), site)?,
            failure: HookFailure::Commit(*point),
            times: shape.times.as_ref().map(|times| times.value),
        };
        Some(fail(failing, shape.lasts.as_ref()))
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let failing = failing(fault)?;
        let HookFailure::Commit(point) = failing.failure else {
            return None;
        };
        let (name, _) = POINTS.iter().find(|(_, known)| *known == point)?;
        Some(keys(failing, Some(format!("at: {name}")), deployment))
    }

    fn draw(draw: &mut Draw<'_>, lasts: Span) -> Option<Drawn> {
        let sides = u64::try_from(POINTS.len()).expect("a few points");
        let side = usize::try_from(draw.below(sides)).expect("below a few");
        draw_failing(draw, HookFailure::Commit(POINTS[side].1), lasts)
    }
}

fn fail(failing: FailingHook, lasts: Option<&Spanned<DeclaredDuration>>) -> Effect {
    let fail = Action::Hook(HookAction::Fail(failing));
    Fault::lasting(fail, span(lasts)).into()
}

/// A hook that the charm may be run for; `Some(None)` for every hook.
fn hook(target: Target, text: Option<&Text>, site: &mut Site<'_>) -> Option<Option<HookName>> {
    let Some(text) = text else {
        return Some(None);
    };
    let charm = site.charm(target.application);
    let hooks = hooks_of(charm);
    let parsed = text.value.parse().ok();
    if let Some(hook) = parsed.filter(|hook| hooks.contains(hook)) {
        return Some(Some(hook));
    }
    let message = format!("the charm `{}` has no hook `{}`", charm.name, text.value);
    let names: Vec<String> = hooks.iter().map(HookName::to_string).collect();
    let near = nearest(&text.value, names.iter().map(String::as_str));
    let wrong = Diagnostic::error(Code::Fault, text.place, message);
    site.report(wrong.similar("a hook", near))
}

/// Every hook a charm may be run for.
fn hooks_of(charm: &CharmMetadata) -> Vec<HookName> {
    let mut hooks = HookName::PLAIN.to_vec();
    for endpoint in &charm.endpoints {
        let breaks = endpoint.role != Role::Peer;
        let events = RelationEvent::ALL.into_iter();
        let events = events.filter(|event| breaks || *event != RelationEvent::Broken);
        hooks.extend(events.map(|event| HookName::Relation {
            endpoint: endpoint.name.as_str().into(),
            event,
        }));
    }
    for container in &charm.containers {
        let container: Arc<str> = container.as_str().into();
        hooks.push(HookName::PebbleReady {
            container: Arc::clone(&container),
        });
        hooks.push(HookName::PebbleCustomNotice { container });
    }
    hooks
}

fn failing(fault: &Fault) -> Option<&FailingHook> {
    match &fault.action {
        Action::Hook(HookAction::Fail(failing)) => Some(failing),
        _ => None,
    }
}

fn keys(failing: &FailingHook, point: Option<String>, deployment: &Deployment) -> Vec<String> {
    let mut keys = vec![target_key(failing.target, deployment)];
    keys.extend(failing.hook.as_ref().map(|hook| format!("hook: {hook}")));
    keys.extend(point);
    keys.extend(failing.times.map(|times| format!("times: {times}")));
    keys
}

fn draw_failing(draw: &mut Draw<'_>, failure: HookFailure, lasts: Span) -> Option<Drawn> {
    let target = draw.target()?;
    let charm = &draw.deployment.applications[target.application].charm;
    let common = [
        HookName::ConfigChanged,
        HookName::UpdateStatus,
        HookName::LeaderElected,
        HookName::SecretExpired,
    ];
    let mut names: Vec<Option<HookName>> = vec![None];
    names.extend(common.map(Some));
    for endpoint in &charm.endpoints {
        // Its first four: a peer relation never breaks.
        for event in &RelationEvent::ALL[..4] {
            names.push(Some(HookName::Relation {
                endpoint: endpoint.name.as_str().into(),
                event: *event,
            }));
        }
    }
    let hook = names.swap_remove(draw.index(names.len())?);
    let times = u32::try_from(draw.below(5)).expect("below five");
    let failing = FailingHook {
        target,
        hook,
        failure,
        times: Some(times).filter(|times| *times > 0),
    };
    let fail = Action::Hook(HookAction::Fail(failing));
    Some(Drawn::lasting(fail, lasts))
}
