//! Faults that strike controllers and what connects them.

use super::super::Resolver;
use crate::faults::{Fault, NetworkFault};
use crate::juju::Trouble;
use crate::kernel::Span;
use crate::scenario::codes::Code;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::shape::{ControllerDownFile, LinkFile, PartitionFile, Text};
use crate::world::Between;
use crate::yaml::{Place, nearest};

/// One end of what connects two.
#[derive(Clone, Copy)]
enum End {
    Controller(usize),
    Model(usize),
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
        Some(Fault::Network(NetworkFault::ControllerDown {
            controller,
            lasts: file.lasts.as_ref().map(|lasts| lasts.value.0),
        }))
    }

    pub(super) fn partition(&mut self, file: &PartitionFile) -> Option<Fault> {
        let between = self.between(file.between.as_deref()?, file.place)?;
        let lasts = file.lasts.as_ref().map(|lasts| lasts.value.0);
        Some(trouble(between, Trouble::Parted, lasts))
    }

    pub(super) fn link(&mut self, file: &LinkFile) -> Option<Fault> {
        let between = self.between(file.between.as_deref()?, file.place)?;
        let lasts = file.lasts.as_ref().map(|lasts| lasts.value.0);
        let (hold, cut) = (file.hold == Some(true), file.cut == Some(true));
        let found = match (&file.delay, &file.drop, hold, cut) {
            (Some(delay), None, false, false) => (Trouble::Slow(delay.value.0), delay.place),
            (None, Some(drop), false, false) => {
                if !(1..100).contains(&drop.value) {
                    let message = format!("{} in a hundred packets", drop.value);
                    let help = "write 1 to 99; where everything is lost it is a `partition`";
                    self.push(Diagnostic::error(Code::BadValue, drop.place, message).help(help));
                    return None;
                }
                (Trouble::Lossy(drop.value), drop.place)
            }
            (None, None, true, false) => (Trouble::Held, file.place),
            (None, None, false, true) => (Trouble::Cut, file.place),
            _ => {
                let message = "name one of `delay`, `drop`, `hold: true` and `cut: true`";
                self.push(Diagnostic::error(Code::OneOf, file.place, message));
                return None;
            }
        };
        let between_controllers = matches!(found.0, Trouble::Slow(_) | Trouble::Lossy(_));
        if between_controllers && matches!(between, Between::Agents(_)) {
            let message = "only what passes between controllers can be slow or lost";
            let help = "between agents and their controller write `hold`, `cut` or a `partition`";
            self.push(Diagnostic::error(Code::Fault, found.1, message).help(help));
            return None;
        }
        Some(trouble(between, found.0, lasts))
    }

    /// What connects two controllers, or a model's agents and their controller.
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
        let [first, second] = [first, second].map(|end| match end {
            End::Controller(controller) => controller,
            End::Model(model) => home(model),
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

fn trouble(between: Between, trouble: Trouble, lasts: Option<Span>) -> Fault {
    Fault::Network(NetworkFault::Trouble {
        between,
        trouble,
        lasts,
    })
}
