//! What an operator does for a playbook, line by line: what is typed before it begins, every command
//! at its time, what people do meanwhile, and what to look at before going on.

use super::baseline::{Baseline, PlayedRotation};
use super::playbook::Playbook;
use trustsim_charm_model::Role;
use trustsim_diagnosis::Command;
use trustsim_faults::rotation::performs;
use trustsim_interfaces::Interface;
use trustsim_kernel::{Span, Time};
use trustsim_world::{
    Action, Address, ApplicationIndex, CommandLine, Deployment, Entry, Instruction, Kind,
    ModelIndex, Party, RelationSpec, RotationSpec, RotationStep, TimedAction,
};

/// One line of a timetable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimetableLine {
    /// From the beginning of the rotation; zero for what is done before it, too.
    pub at: Span,
    /// Whether it is done at any time before the rotation begins.
    pub beforehand: bool,
    /// What is to be done.
    pub task: Task,
}

/// What is to be done at a line of a timetable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// This `juju` command is typed.
    Command(Command),
    /// This is done, for which Juju has no command.
    ByHand(String),
    /// An operator who is waited for does this.
    Awaited {
        /// The first command.
        command: Instruction,
        /// How many like it there are, one by one.
        times: usize,
    },
    /// Before going on this must be so.
    Check(Check),
}

impl Task {
    /// The kebab-case name of its kind.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::ByHand(_) => "by-hand",
            Self::Awaited { .. } => "awaited",
            Self::Check(_) => "check",
        }
    }

    /// The task of performing an action of a rotation.
    fn of_action(action: &Action, deployment: &Deployment) -> Self {
        match action.to_command(deployment) {
            Instruction::Typed(command) => Self::Command(Command::Juju(command)),
            Instruction::ByHand(phrase) => Self::ByHand(phrase),
        }
    }
}

/// What must be so before an operator goes on. `command` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Every unit of an application is active and idle.
    ApplicationIsIdle {
        /// The application.
        application: Address,
        /// `juju status ...`.
        command: CommandLine,
    },
    /// Every unit of a model is active and idle.
    ModelIsIdle {
        /// The model.
        model: String,
        /// `juju status ...`.
        command: CommandLine,
    },
    /// Every unit of an application trusts the new CA.
    ApplicationTrusts {
        /// The application.
        application: Address,
        /// The new CA.
        ca: NewCa,
        /// `juju show-unit ...`.
        command: CommandLine,
    },
    /// A client outside Juju trusts the new CA; Juju has no command that shows it.
    ClientTrusts {
        /// Its name.
        client: String,
        /// The new CA.
        ca: NewCa,
    },
    /// Every unit of an application serves a certificate of the new CA.
    ApplicationServes {
        /// The application.
        application: Address,
        /// The new CA.
        ca: NewCa,
        /// `juju show-unit ...`.
        command: CommandLine,
    },
}

/// The CA that comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewCa {
    /// The one that this application has made.
    OfSameApplication(Address),
    /// The one of this other application.
    OfSuccessor(Address),
}

/// The timetable of a playbook as it was played.
pub(super) fn timetable(
    playbook: &Playbook,
    baseline: &Baseline,
    played: &PlayedRotation,
) -> Vec<TimetableLine> {
    let writer = Writer {
        deployment: baseline.deployment(),
        spec: &played.spec,
        begins: baseline.deployment().start + played.spec.at,
    };
    let mut lines: Vec<TimetableLine> = playbook
        .beforehand
        .iter()
        .map(|command| beforehand(Task::Command(command.clone())))
        .collect();
    lines.extend(writer.lines_beforehand(baseline));
    let mut during = writer.checks_between_steps(&played.actions);
    during.extend(played.actions.iter().map(|timed| TimetableLine {
        at: writer.offset(timed.at),
        beforehand: false,
        task: Task::of_action(&timed.action, writer.deployment),
    }));
    during.extend(writer.lines_of_operators(played));
    // A check comes before what is done at its time.
    during.sort_by_key(|line| (line.at, !matches!(line.task, Task::Check(_))));
    lines.extend(during);
    lines.extend(writer.checks_at_the_end(&lines));
    assert!(
        lines.is_sorted_by_key(|line| (!line.beforehand, line.at)),
        "the lines of a timetable are in order of time"
    );
    lines
}

/// Whether two actions of an operator are the same one, with other parameters.
fn is_alike(one: &Action, other: &Action) -> bool {
    match (one, other) {
        (
            Action::RunAction {
                application,
                unit,
                name,
                ..
            },
            Action::RunAction {
                application: other_application,
                unit: other_unit,
                name: other_name,
                ..
            },
        ) => (application, unit, name) == (other_application, other_unit, other_name),
        (
            Action::AtWorkload {
                application,
                unit,
                command,
                ..
            },
            Action::AtWorkload {
                application: other_application,
                unit: other_unit,
                command: other_command,
                ..
            },
        ) => (application, unit, command) == (other_application, other_unit, other_command),
        _ => one == other,
    }
}

const fn beforehand(task: Task) -> TimetableLine {
    TimetableLine {
        at: Span::ZERO,
        beforehand: true,
        task,
    }
}

struct Writer<'a> {
    deployment: &'a Deployment,
    spec: &'a RotationSpec,
    begins: Time,
}

impl Writer<'_> {
    /// How long after the beginning of the rotation an instant of its plan is.
    fn offset(&self, at: Span) -> Span {
        let offset = at.checked_sub(self.spec.at);
        offset.expect("no part of a rotation comes before its beginning")
    }

    /// What operators did for the second provider until it was up, and how to see that it is.
    fn lines_beforehand(&self, baseline: &Baseline) -> Vec<TimetableLine> {
        let Some(successor) = self.spec.successor else {
            return Vec::new();
        };
        let entries = baseline.journal_before().entries().iter();
        let done = self.done_by_operators(entries, &[successor], &[]);
        let mut lines: Vec<TimetableLine> =
            done.into_iter().map(|(_, task)| beforehand(task)).collect();
        lines.push(beforehand(Task::Check(Check::ApplicationIsIdle {
            application: self.deployment.application_address(successor),
            command: self.status_command(successor),
        })));
        lines
    }

    /// Which application must have what before the new CA signs and before the old one is withdrawn,
    /// where there is a pause before it.
    fn checks_between_steps(&self, actions: &[TimedAction]) -> Vec<TimetableLine> {
        let mut checks = Vec::new();
        let mut last = self.spec.at;
        for step in &self.spec.steps {
            let needed = match step.step {
                RotationStep::SwitchIssuer { .. } => self.checks_of_trust(),
                RotationStep::Withdraw(_) => self.checks_of_use(),
                _ => Vec::new(),
            };
            if step.at > last {
                // People do their part later: what is checked is checked before the first of it.
                let own = |timed: &&TimedAction| {
                    timed.at >= step.at && self.begins_step(&step.step, &timed.action)
                };
                let first = actions.iter().find(own);
                let at = first.map_or(step.at, |timed| timed.at);
                checks.extend(needed.into_iter().map(|check| TimetableLine {
                    at: self.offset(at),
                    beforehand: false,
                    task: Task::Check(check),
                }));
            }
            if !matches!(step.step, RotationStep::Hold(_)) {
                last = step.at;
            }
        }
        checks
    }

    /// Whether a step begins with this action.
    fn begins_step(&self, step: &RotationStep, action: &Action) -> bool {
        let is_removed = |interface| {
            let Action::RemoveRelation { sides, .. } = action else {
                return false;
            };
            let side = &sides[1];
            self.related(interface).any(|(application, endpoint)| {
                side.party == Party::Application(application) && side.endpoint == endpoint
            })
        };
        match step {
            RotationStep::SwitchIssuer { .. } => {
                is_removed(Interface::TlsCertificates) || performs(action, step)
            }
            RotationStep::Withdraw(_) => {
                let is_told = matches!(action, Action::ClientTrust { trusts: false, .. });
                is_told || is_removed(Interface::CertificateTransfer) || performs(action, step)
            }
            _ => false,
        }
    }

    /// That all who are told of the CA by a transfer, or by an operator, trust the new one.
    fn checks_of_trust(&self) -> Vec<Check> {
        let related = self.related(Interface::CertificateTransfer);
        let receivers = related.map(|(application, endpoint)| Check::ApplicationTrusts {
            application: self.deployment.application_address(application),
            ca: self.new_ca(),
            command: self.show_unit_command(application, endpoint),
        });
        let clients = self.deployment.clients.iter();
        let clients = clients.filter(|client| client.trusts.contains(&self.spec.ca));
        let clients = clients.map(|client| Check::ClientTrusts {
            client: client.name.clone(),
            ca: self.new_ca(),
        });
        receivers.chain(clients).collect()
    }

    /// That all who ask the CA for certificates have one of the new CA.
    fn checks_of_use(&self) -> Vec<Check> {
        let related = self.related(Interface::TlsCertificates);
        let requirers = related.map(|(application, endpoint)| Check::ApplicationServes {
            application: self.deployment.application_address(application),
            ca: self.new_ca(),
            command: self.show_unit_command(application, endpoint),
        });
        requirers.collect()
    }

    /// That the models that took part are at rest when all is done.
    fn checks_at_the_end(&self, lines: &[TimetableLine]) -> Vec<TimetableLine> {
        let last = lines.last().map_or(Span::ZERO, |line| line.at);
        let mut models = Vec::new();
        let taking_part = self
            .related(Interface::TlsCertificates)
            .chain(self.related(Interface::CertificateTransfer))
            .map(|(application, _)| application)
            .chain([self.spec.ca]);
        for application in taking_part {
            let model = self.deployment.applications[application].model;
            if !models.contains(&model) {
                models.push(model);
            }
        }
        let line = |model: ModelIndex| {
            let name = &self.deployment.models[model].name;
            TimetableLine {
                at: last,
                beforehand: false,
                task: Task::Check(Check::ModelIsIdle {
                    model: name.clone(),
                    command: CommandLine::new(["juju", "status", "-m", name]),
                }),
            }
        };
        models.into_iter().map(line).collect()
    }

    /// What operators did in the course of it for either CA: to sign requests, to unseal.
    fn lines_of_operators(&self, played: &PlayedRotation) -> Vec<TimetableLine> {
        let entries = played.simulation.journal().entries().iter();
        let later = entries.filter(|entry| entry.time >= self.begins);
        let both: Vec<ApplicationIndex> = [Some(self.spec.ca), self.spec.successor]
            .into_iter()
            .flatten()
            .collect();
        let planned = played.actions.iter();
        let planned: Vec<&Action> = planned.map(|timed| &timed.action).collect();
        let done = self.done_by_operators(later, &both, &planned);
        done.into_iter()
            .map(|(at, task)| TimetableLine {
                at: Span::from_secs(at.since(self.begins).as_secs()),
                beforehand: false,
                task,
            })
            .collect()
    }

    /// Actions about these applications that are not planned, the first of each kind, with how often
    /// it was.
    fn done_by_operators<'e>(
        &self,
        entries: impl Iterator<Item = &'e Entry>,
        applications: &[ApplicationIndex],
        planned: &[&Action],
    ) -> Vec<(Time, Task)> {
        // The first action of each kind, with when it was and how many there are.
        let mut kinds: Vec<(&Action, Time, usize)> = Vec::new();
        for entry in entries {
            let Kind::Action(record) = &entry.kind else {
                continue;
            };
            let Some(address) = entry.subject.address() else {
                continue;
            };
            let action = record.action();
            let about = self.deployment.application_at(&address);
            let is_about = about.is_some_and(|about| applications.contains(&about));
            if !is_about || planned.contains(&action) {
                continue;
            }
            match kinds.iter_mut().find(|(known, ..)| is_alike(known, action)) {
                Some((.., times)) => *times += 1,
                None => kinds.push((action, entry.time, 1)),
            }
        }
        let done = kinds.into_iter().map(|(action, at, times)| {
            let command = action.to_command(self.deployment);
            (at, command, times)
        });
        let mut done: Vec<(Time, Instruction, usize)> = done.collect();
        done.sort();
        let tasks = done
            .into_iter()
            .map(|(at, command, times)| (at, Task::Awaited { command, times }));
        tasks.collect()
    }

    /// The applications that are related to the CA that goes over an interface, each with its
    /// endpoint.
    fn related(&self, interface: Interface) -> impl Iterator<Item = (ApplicationIndex, &str)> {
        let of_it = move |relation: &&RelationSpec| {
            let provider = &relation.sides[0];
            interface.is(&relation.interface)
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

    fn new_ca(&self) -> NewCa {
        let address = |application| self.deployment.application_address(application);
        match self.spec.successor {
            Some(successor) => NewCa::OfSuccessor(address(successor)),
            None => NewCa::OfSameApplication(address(self.spec.ca)),
        }
    }

    fn show_unit_command(&self, application: ApplicationIndex, endpoint: &str) -> CommandLine {
        let spec = &self.deployment.applications[application];
        let model = &self.deployment.models[spec.model].name;
        CommandLine::new(["juju", "show-unit", "-m", model])
            .and(format_args!("{}/0", spec.name))
            .and_option("--endpoint", Some(endpoint))
    }

    fn status_command(&self, application: ApplicationIndex) -> CommandLine {
        let spec = &self.deployment.applications[application];
        let model = &self.deployment.models[spec.model].name;
        CommandLine::new(["juju", "status", "-m", model, &spec.name])
    }
}
