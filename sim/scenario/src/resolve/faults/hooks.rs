//! Hooks that are made to fail.

use std::sync::Arc;

use super::super::Resolver;
use super::span;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::shape::{FailCommitFile, FailHookFile, Text};
use trustsim_charms::{CharmMetadata, DeclaredDuration, Role};
use trustsim_faults::Fault;
use trustsim_juju::{CommitFault, HookName, RelationEvent};
use trustsim_model::{Action, FailingHook, HookAction, HookFailure, Target};
use trustsim_yaml::{Spanned, nearest};

/// Where a commit can break off, as the file names it.
const POINTS: [(&str, CommitFault); 4] = [
    ("before-secrets", CommitFault::BeforeSecrets),
    ("between-secrets", CommitFault::BetweenSecrets),
    (
        "between-secrets-and-databags",
        CommitFault::BetweenSecretsAndDatabags,
    ),
    ("after-commit", CommitFault::AfterCommit),
];

impl Resolver<'_> {
    pub(super) fn fail_hook(&mut self, file: &FailHookFile) -> Option<Fault> {
        let target = self.target(file.app.as_ref(), file.unit.as_ref(), file.place)?;
        let how_long = (file.times.as_ref(), file.lasts.as_ref());
        self.hook_fault(target, file.hook.as_ref(), HookFailure::Raises, how_long)
    }

    pub(super) fn fail_commit(&mut self, file: &FailCommitFile) -> Option<Fault> {
        let target = self.target(file.app.as_ref(), file.unit.as_ref(), file.place)?;
        let text = file.point.as_ref()?;
        let point = POINTS.iter().find(|(name, _)| *name == text.value);
        let Some((_, point)) = point else {
            let names = POINTS.map(|(name, _)| name);
            let message = format!("a commit does not fail `{}`", text.value);
            let help = format!("points are {}", names.join(", "));
            let diagnostic = Diagnostic::error(Code::BadValue, text.place, message);
            let near = nearest(&text.value, names);
            self.push(diagnostic.help(help).similar("a point", near));
            return None;
        };
        let how_long = (file.times.as_ref(), file.lasts.as_ref());
        let failure = HookFailure::Commit(*point);
        self.hook_fault(target, file.hook.as_ref(), failure, how_long)
    }

    fn hook_fault(
        &mut self,
        target: Target,
        hook: Option<&Text>,
        failure: HookFailure,
        (times, lasts): (Option<&Spanned<u32>>, Option<&Spanned<DeclaredDuration>>),
    ) -> Option<Fault> {
        let hook = match hook {
            None => None,
            Some(hook) => Some(self.hook_of(target.application, hook)?),
        };
        let failing = Action::Hook(HookAction::Fail(FailingHook {
            target,
            hook,
            failure,
            times: times.map(|times| times.value),
        }));
        Some(Fault::lasting(failing, span(lasts)))
    }
    /// The hook of this name, where the application's charm can run it.
    fn hook_of(&mut self, application: usize, text: &Text) -> Option<HookName> {
        let charm = self.charm(application);
        let hooks = hooks_of(charm);
        let parsed = text.value.parse().ok();
        if let Some(hook) = parsed.filter(|hook| hooks.contains(hook)) {
            return Some(hook);
        }
        let message = format!("the charm `{}` has no hook `{}`", charm.name, text.value);
        let names: Vec<String> = hooks.iter().map(HookName::to_string).collect();
        let near = nearest(&text.value, names.iter().map(String::as_str));
        let diagnostic = Diagnostic::error(Code::Fault, text.place, message);
        self.push(diagnostic.similar("a hook", near));
        None
    }
}

/// Every hook a charm may be run for.
fn hooks_of(charm: &CharmMetadata) -> Vec<HookName> {
    let mut hooks = HookName::WITHOUT_TLS.to_vec();
    for endpoint in &charm.endpoints {
        let events = RelationEvent::ALL.into_iter();
        let breaks = endpoint.role != Role::Peer;
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
