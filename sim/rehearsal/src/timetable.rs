//! What an operator does for a playbook, line by line: what is typed before it begins, every command
//! at its time, what people do meanwhile, and what to look at before going on.

use std::collections::BTreeMap;

use super::playbooks::Playbook;
use super::stage::{Played, Stage};
use trustsim_charms::Role;
use trustsim_kernel::{Span, Time};
use trustsim_world::{
    Action, Deployment, Entry, Kind, Party, RelationSpec, RotationSpec, StepKind, TimedAction,
};

/// One line of a timetable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// From the beginning of the rotation; zero for what is done before it, too.
    pub at: Span,
    /// Whether it is done at any time before the rotation begins.
    pub beforehand: bool,
    /// What kind of line it is.
    pub doing: Doing,
    /// The command, or a plain phrase where Juju has none.
    pub text: String,
}

/// What is to be done at a line of a timetable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// A `juju` command is typed.
    Command,
    /// Something is done that Juju has no command for.
    ByHand,
    /// Somebody who is waited for does it, when they come.
    Awaited,
    /// Before going on this must be so; the command shows it.
    Check,
}

impl Doing {
    /// Its name, kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::ByHand => "by-hand",
            Self::Awaited => "awaited",
            Self::Check => "check",
        }
    }

    fn of(text: &str) -> Self {
        match text.starts_with("juju ") {
            true => Self::Command,
            false => Self::ByHand,
        }
    }
}

/// The timetable of a playbook as it was played.
pub(super) fn timetable(playbook: &Playbook, stage: &Stage, played: &Played) -> Vec<Command> {
    let writer = Writer {
        deployment: stage.deployment(),
        spec: &played.spec,
        begins: stage.deployment().start + played.spec.at,
    };
    let mut lines: Vec<Command> = playbook
        .beforehand
        .iter()
        .map(|text| beforehand(Doing::Command, text.clone()))
        .collect();
    lines.extend(writer.before_it_begins(stage));
    let mut during: Vec<Command> = writer.checks(&played.actions);
    during.extend(played.actions.iter().map(|timed| {
        let text = timed.action.to_command(writer.deployment);
        Command {
            at: timed.at.saturating_sub(played.spec.at),
            beforehand: false,
            doing: Doing::of(&text),
            text,
        }
    }));
    during.extend(writer.meanwhile(played));
    // A check stands before what is done at its time.
    during.sort_by_key(|line| (line.at, line.doing != Doing::Check));
    lines.extend(during);
    lines.extend(writer.at_the_end(&lines));
    lines
}

fn beforehand(doing: Doing, text: String) -> Command {
    Command {
        at: Span::ZERO,
        beforehand: true,
        doing,
        text,
    }
}

struct Writer<'a> {
    deployment: &'a Deployment,
    spec: &'a RotationSpec,
    begins: Time,
}

impl Writer<'_> {
    /// What people did for the second provider until it was up, and how to see that it is.
    fn before_it_begins(&self, stage: &Stage) -> Vec<Command> {
        let Some(successor) = self.spec.successor else {
            return Vec::new();
        };
        let entries = stage.journal_before().entries().iter();
        let done = self.done_by_people(entries, &[successor], &[]);
        let mut lines: Vec<Command> = done
            .into_iter()
            .map(|(_, text)| beforehand(Doing::Awaited, text))
            .collect();
        let text = format!(
            "every unit of {} is active and idle: {}",
            self.deployment.application_address(successor),
            self.status(successor)
        );
        lines.push(beforehand(Doing::Check, text));
        lines
    }

    /// Who must have what before the new CA signs and before the old one is withdrawn, where there
    /// is a pause before it.
    fn checks(&self, actions: &[TimedAction]) -> Vec<Command> {
        let mut checks = Vec::new();
        let mut last = self.spec.at;
        for step in &self.spec.steps {
            let texts = match step.kind {
                StepKind::SwitchIssuer => self.told(),
                StepKind::Withdraw => self.renewed(),
                _ => Vec::new(),
            };
            if step.at > last {
                // People do their part later: what is checked is checked before the first of it.
                let own = |timed: &&TimedAction| {
                    timed.at >= step.at && self.is_of(step.kind, &timed.action)
                };
                let first = actions.iter().find(own);
                let at = first.map_or(step.at, |timed| timed.at);
                checks.extend(texts.into_iter().map(|text| Command {
                    at: at.saturating_sub(self.spec.at),
                    beforehand: false,
                    doing: Doing::Check,
                    text,
                }));
            }
            if step.kind != StepKind::Hold {
                last = step.at;
            }
        }
        checks
    }

    /// Whether an action is how this kind of step begins.
    fn is_of(&self, kind: StepKind, action: &Action) -> bool {
        let is_removed = |interface| {
            let Action::RemoveRelation { sides, .. } = action else {
                return false;
            };
            let side = &sides[1];
            self.related(interface).any(|(application, endpoint)| {
                side.party == Party::Application(application) && side.endpoint == endpoint
            })
        };
        let runs =
            |wanted: &str| matches!(action, Action::RunAction { name, .. } if name == wanted);
        match kind {
            StepKind::SwitchIssuer => is_removed("tls-certificates") || runs("switch-issuer"),
            StepKind::Withdraw => {
                let told = matches!(action, Action::ClientTrust { trusts: false, .. });
                told || is_removed("certificate_transfer") || runs("withdraw")
            }
            _ => false,
        }
    }

    /// How to see that whoever is told of the CA by a transfer, or by people, has been told.
    fn told(&self) -> Vec<String> {
        let new = self.new_ca();
        let receivers = self
            .related("certificate_transfer")
            .map(|(application, endpoint)| {
                let whom = self.deployment.application_address(application);
                let show = self.show_unit(application, endpoint);
                format!("every unit of {whom} trusts {new}: {show}")
            });
        let clients = self.deployment.clients.iter();
        let people = clients.filter(|client| client.trusts.contains(&self.spec.ca));
        let people = people.map(|client| format!("{} trusts {new}", client.name));
        receivers.chain(people).collect()
    }

    /// How to see that whoever asks the CA for certificates has one of the new CA.
    fn renewed(&self) -> Vec<String> {
        let new = self.new_ca();
        let requirers = self
            .related("tls-certificates")
            .map(|(application, endpoint)| {
                let whom = self.deployment.application_address(application);
                let show = self.show_unit(application, endpoint);
                format!("every unit of {whom} serves a certificate of {new}: {show}")
            });
        requirers.collect()
    }

    /// Once more, when all is done: who took part is at rest.
    fn at_the_end(&self, lines: &[Command]) -> Vec<Command> {
        let last = lines.last().map_or(Span::ZERO, |line| line.at);
        let mut models = Vec::new();
        let taking_part = self
            .related("tls-certificates")
            .chain(self.related("certificate_transfer"))
            .map(|(application, _)| application)
            .chain([self.spec.ca]);
        for application in taking_part {
            let model = self.deployment.applications[application].model;
            if !models.contains(&model) {
                models.push(model);
            }
        }
        let line = |model: usize| {
            let name = &self.deployment.models[model].name;
            Command {
                at: last,
                beforehand: false,
                doing: Doing::Check,
                text: format!("every unit in {name} is active and idle: juju status -m {name}"),
            }
        };
        models.into_iter().map(line).collect()
    }

    /// What people did in the course of it for either CA: to sign requests, to unseal.
    fn meanwhile(&self, played: &Played) -> Vec<Command> {
        let entries = played.simulation.journal().entries().iter();
        let later = entries.filter(|entry| entry.time >= self.begins);
        let both: Vec<usize> = [Some(self.spec.ca), self.spec.successor]
            .into_iter()
            .flatten()
            .collect();
        let planned = played.actions.iter();
        let planned: Vec<&Action> = planned.map(|timed| &timed.action).collect();
        let done = self.done_by_people(later, &both, &planned);
        done.into_iter()
            .map(|(at, text)| Command {
                at: Span::from_secs(at.since(self.begins).as_secs()),
                beforehand: false,
                doing: Doing::Awaited,
                text,
            })
            .collect()
    }

    /// Actions about these applications that are not planned, the first of each kind, with how often
    /// it was.
    fn done_by_people<'e>(
        &self,
        entries: impl Iterator<Item = &'e Entry>,
        whom: &[usize],
        planned: &[&Action],
    ) -> Vec<(Time, String)> {
        let whom: Vec<String> = whom
            .iter()
            .map(|index| self.deployment.application_address(*index))
            .collect();
        let mut kinds: BTreeMap<String, (Time, String, usize)> = BTreeMap::new();
        for entry in entries {
            let Kind::Action(record) = &entry.kind else {
                continue;
            };
            let (model, application) = (&entry.subject.model, &entry.subject.application);
            let Some((model, application)) = model.as_deref().zip(application.as_deref()) else {
                continue;
            };
            let is_about = whom.contains(&format!("{model}.{application}"));
            if !is_about || planned.contains(&record.action()) {
                continue;
            }
            let command = record.action().to_command(self.deployment);
            let kind: Vec<&str> = command.split_whitespace().take(6).collect();
            let kind = kinds
                .entry(kind.join(" "))
                .or_insert_with(|| (entry.time, command.clone(), 0));
            kind.2 += 1;
        }
        let mut done: Vec<(Time, String)> = kinds
            .into_values()
            .map(|(at, text, times)| match times {
                1 => (at, text),
                _ => (at, format!("{text} ({times} times in all, one by one)")),
            })
            .collect();
        done.sort();
        done
    }

    /// Who is related to the CA that goes over an interface, and by which endpoint.
    fn related(&self, interface: &'static str) -> impl Iterator<Item = (usize, &str)> {
        let of_it = move |relation: &&RelationSpec| {
            let provider = &relation.sides[0];
            relation.interface == interface
                && provider.role == Role::Provider
                && self.deployment.application_of(provider.party) == Some(self.spec.ca)
        };
        let relations = self.deployment.relations.iter().filter(of_it);
        relations.filter_map(|relation| match relation.sides[1].party {
            Party::Application(application) => {
                Some((application, relation.sides[1].endpoint.as_str()))
            }
            _ => None,
        })
    }

    fn new_ca(&self) -> String {
        match self.spec.successor {
            Some(successor) => {
                let address = self.deployment.application_address(successor);
                format!("the CA of {address}")
            }
            None => {
                let address = self.deployment.application_address(self.spec.ca);
                format!("the new CA of {address}")
            }
        }
    }

    fn show_unit(&self, application: usize, endpoint: &str) -> String {
        let spec = &self.deployment.applications[application];
        let model = &self.deployment.models[spec.model].name;
        format!(
            "juju show-unit -m {model} {}/0 --endpoint {endpoint}",
            spec.name
        )
    }

    fn status(&self, application: usize) -> String {
        let spec = &self.deployment.applications[application];
        let model = &self.deployment.models[spec.model].name;
        format!("juju status -m {model} {}", spec.name)
    }
}
