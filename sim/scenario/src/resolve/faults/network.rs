//! Faults that strike controllers and what connects them.

use super::super::Resolver;
use super::span;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::shape::{ControllerDownFile, LinkFile, PartitionFile, Text};
use trustsim_faults::Fault;
use trustsim_juju::Disruption;
use trustsim_kernel::Span;
use trustsim_model::{Action, Between, NetworkAction};
use trustsim_yaml::{Place, nearest};

/// One end of what connects two.
#[derive(Clone, Copy)]
enum End {
    Controller(usize),
    Model(usize),
    Unit { application: usize, unit: u32 },
}

impl Resolver<'_> {
    pub(super) fn controller_down(&mut self, file: &ControllerDownFile) -> Option<Fault> {
        let controller = match &file.controller {
            Some(name) => self.controller_named(name)?,
            None if self.deployment.controllers.len() == 1 => 0,
            None => {
                let message = "there are several controllers";
                let help = "say which with `controller:`";
                self.push(Diagnostic::error(Code::MissingKey, file.place, message).help(help));
                return None;
            }
        };
        let down = Action::Network(NetworkAction::ControllerDown(controller));
        Some(Fault::lasting(down, span(file.lasts.as_ref())))
    }

    pub(super) fn partition(&mut self, file: &PartitionFile) -> Option<Fault> {
        let between = self.between(file.between.as_deref()?, file.place)?;
        let lasts = span(file.lasts.as_ref());
        Some(disruption(between, Disruption::Partition, lasts))
    }

    pub(super) fn link(&mut self, file: &LinkFile) -> Option<Fault> {
        let between = self.between(file.between.as_deref()?, file.place)?;
        let lasts = span(file.lasts.as_ref());
        let (hold, cut) = (file.hold == Some(true), file.cut == Some(true));
        let found = match (&file.delay, &file.drop, hold, cut) {
            (Some(delay), None, false, false) => Disruption::Delay(delay.value.0),
            (None, Some(drop), false, false) => {
                if !(1..100).contains(&drop.value) {
                    let message = format!("{} in a hundred packets", drop.value);
                    let help = "write 1 to 99; where everything is lost it is a `partition`";
                    self.push(Diagnostic::error(Code::BadValue, drop.place, message).help(help));
                    return None;
                }
                Disruption::Loss(drop.value)
            }
            (None, None, true, false) => Disruption::Stall,
            (None, None, false, true) => Disruption::Down,
            _ => {
                let message = "name one of `delay`, `drop`, `hold: true` and `cut: true`";
                self.push(Diagnostic::error(Code::OneOf, file.place, message));
                return None;
            }
        };
        Some(disruption(between, found, lasts))
    }

    /// What connects two controllers, or a model's agents or one unit's and their controller.
    fn between(&mut self, names: &[Text], place: Place) -> Option<Between> {
        let [left, right] = names else {
            let message = format!("there are two ends, not {}", names.len());
            self.push(Diagnostic::error(Code::BadValue, place, message));
            return None;
        };
        let (first, second) = (self.end(left)?, self.end(right)?);
        let home = |model: usize| self.deployment.models[model].controller;
        let agents_of = match (first, second) {
            (End::Model(model), End::Controller(controller))
            | (End::Controller(controller), End::Model(model))
                if home(model) == controller =>
            {
                Some(model)
            }
            _ => None,
        };
        if let Some(model) = agents_of {
            return Some(Between::Agents(model));
        }
        let home_of = |application: usize| home(self.deployment.applications[application].model);
        if let (End::Unit { application, unit }, End::Controller(controller), _)
        | (End::Controller(controller), End::Unit { application, unit }, _) = (first, second, ())
            && home_of(application) == controller
        {
            return Some(Between::Agent { application, unit });
        }
        for (end, name) in [(first, left), (second, right)] {
            if let End::Unit { application, .. } = end {
                let home = &self.deployment.controllers[home_of(application)].name;
                let message = format!("`{}` talks to its own controller only", name.value);
                let help = format!("write it with `{home}`");
                self.push(Diagnostic::error(Code::Fault, name.place, message).help(help));
                return None;
            }
        }
        let [first, second] = [first, second].map(|end| match end {
            End::Controller(controller) => controller,
            End::Model(model) => home(model),
            End::Unit { application, .. } => home_of(application),
        });
        if first == second {
            let name = &self.deployment.controllers[first].name;
            let message = format!(
                "`{}` and `{}` are both at controller `{name}`",
                left.value, right.value
            );
            let help = format!("write a model and `{name}` to part its agents from it");
            let place = Place {
                end: right.place.end,
                ..left.place
            };
            self.push(Diagnostic::error(Code::Fault, place, message).help(help));
            return None;
        }
        Some(Between::Controllers(first, second))
    }

    fn end(&mut self, name: &Text) -> Option<End> {
        let mut controllers = self.deployment.controllers.iter();
        if let Some(index) = controllers.position(|controller| controller.name == name.value) {
            return Some(End::Controller(index));
        }
        if let Some(model) = self.model_names.get(&name.value) {
            return Some(End::Model(*model));
        }
        if name.value.contains('/') {
            let address = self.address(name)?;
            let (application, unit) = (address.application, address.unit?);
            return Some(End::Unit { application, unit });
        }
        let message = format!("there is no controller or model `{}`", name.value);
        let controllers = self.deployment.controllers.iter();
        let known = controllers.map(|controller| controller.name.as_str());
        let known = known.chain(self.model_names.keys().map(String::as_str));
        let near = nearest(&name.value, known);
        let diagnostic = Diagnostic::error(Code::UnknownModel, name.place, message);
        let diagnostic = diagnostic.similar("one", near);
        self.push(diagnostic);
        None
    }

    pub(super) fn controller_named(&mut self, name: &Text) -> Option<usize> {
        let mut controllers = self.deployment.controllers.iter();
        let found = controllers.position(|controller| controller.name == name.value);
        if found.is_none() {
            let message = format!("there is no controller `{}`", name.value);
            let controllers = self.deployment.controllers.iter();
            let near = nearest(&name.value, controllers.map(|known| known.name.as_str()));
            let diagnostic = Diagnostic::error(Code::Fault, name.place, message);
            let diagnostic = diagnostic.similar("a controller", near);
            self.push(diagnostic);
        }
        found
    }
}

fn disruption(between: Between, disruption: Disruption, lasts: Option<Span>) -> Fault {
    Fault::lasting(
        Action::Network(NetworkAction::Disrupt(between, disruption)),
        lasts,
    )
}
