//! Faults that strike units.

use super::super::Resolver;
use super::span;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::shape::{KillUnitFile, LoseLeaderFile, SealFile, StopFile, Text};
use trustsim_faults::Fault;
use trustsim_model::{Action, Target, UnitAction};
use trustsim_yaml::{Place, nearest};

impl Resolver<'_> {
    pub(super) fn stop(&mut self, file: &StopFile) -> Option<Fault> {
        let target = self.target(file.app.as_ref(), file.unit.as_ref(), file.place)?;
        let stop = Action::Unit(UnitAction::Stop(target));
        Some(Fault::lasting(stop, span(file.lasts.as_ref())))
    }

    pub(super) fn kill_unit(&mut self, file: &KillUnitFile) -> Option<Fault> {
        let target = self.target(file.app.as_ref(), file.unit.as_ref(), file.place)?;
        let away = span(file.lasts.as_ref());
        Some(Action::Unit(UnitAction::Kill { target, away }).into())
    }

    pub(super) fn seal(&mut self, file: &SealFile) -> Option<Fault> {
        let target = self.target(file.app.as_ref(), file.unit.as_ref(), file.place)?;
        let charm = self.charm(target.application);
        if !charm.implementation.seals {
            let text = file.app.as_ref().or(file.unit.as_ref())?;
            let message = format!("`{}` runs no Vault that could be sealed", charm.name);
            self.push(Diagnostic::error(Code::Fault, text.place, message));
            return None;
        }
        Some(Action::Unit(UnitAction::Seal(target)).into())
    }

    pub(super) fn lose_leader(&mut self, file: &LoseLeaderFile) -> Option<Fault> {
        let application = self.application_address(file.app.as_ref()?)?;
        Some(Action::Unit(UnitAction::LoseLeader { application }).into())
    }

    /// Every unit of `app`, or the one unit.
    pub(super) fn target(
        &mut self,
        app: Option<&Text>,
        unit: Option<&Text>,
        place: Place,
    ) -> Option<Target> {
        let (application, unit) = self.units_of(app, unit, place)?;
        Some(Target { application, unit })
    }

    /// `model.0`: a machine that the scenario names.
    pub(super) fn machine_address(&mut self, text: &Text) -> Option<usize> {
        let deployment = &self.deployment;
        let names: Vec<String> = deployment
            .machines
            .iter()
            .map(|machine| format!("{}.{}", deployment.models[machine.model].name, machine.id))
            .collect();
        let only_model = deployment.models.len() == 1;
        let found = names.iter().position(|name| {
            let id = name.split_once('.').map(|(_, id)| id);
            *name == text.value || (only_model && id == Some(text.value.as_str()))
        });
        if found.is_none() {
            let message = format!("there is no machine `{}`", text.value);
            let near = nearest(&text.value, names.iter().map(String::as_str));
            let help = "write `model.0`, as `machines:` or `to:` of the model name it";
            let diagnostic = Diagnostic::error(Code::Fault, text.place, message);
            self.push(diagnostic.help(help).similar("a machine", near));
        }
        found
    }
}
