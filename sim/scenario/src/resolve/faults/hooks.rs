//! Hooks that are made to fail.

use super::super::Resolver;
use super::span;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::shape::{FailCommitFile, FailHookFile, Text};
use trustsim_charms::{CharmMetadata, Lasting, Role};
use trustsim_faults::Fault;
use trustsim_juju::CommitFault;
use trustsim_world::{Action, FailingHook, HookAction, HookFailure, Target};
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

/// Hooks of every charm.
const HOOKS: [&str; 11] = [
    "install",
    "start",
    "config-changed",
    "upgrade-charm",
    "leader-elected",
    "update-status",
    "stop",
    "remove",
    "secret-expired",
    "secret-changed",
    "secret-remove",
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
        (times, lasts): (Option<&Spanned<u32>>, Option<&Spanned<Lasting>>),
    ) -> Option<Fault> {
        if let Some(hook) = hook {
            let charm = self.charm(target.application);
            let names = hook_names(charm);
            if !names.contains(&hook.value) {
                let message = format!("the charm `{}` has no hook `{}`", charm.name, hook.value);
                let near = nearest(&hook.value, names.iter().map(String::as_str));
                let diagnostic = Diagnostic::error(Code::Fault, hook.place, message);
                self.push(diagnostic.similar("a hook", near));
                return None;
            }
        }
        let failing = Action::Hook(HookAction::Fail(FailingHook {
            target,
            hook: hook.map(|hook| hook.value.clone()),
            failure,
            times: times.map(|times| times.value),
        }));
        Some(Fault::lasting(failing, span(lasts)))
    }
}

/// Every hook a charm may be run for.
fn hook_names(charm: &CharmMetadata) -> Vec<String> {
    let mut names: Vec<String> = HOOKS.map(str::to_owned).to_vec();
    for endpoint in &charm.endpoints {
        for what in ["created", "joined", "changed", "departed", "broken"] {
            if what != "broken" || endpoint.role != Role::Peer {
                names.push(format!("{}-relation-{what}", endpoint.name));
            }
        }
    }
    for container in &charm.containers {
        names.push(format!("{container}-pebble-ready"));
        names.push(format!("{container}-pebble-custom-notice"));
    }
    names
}
