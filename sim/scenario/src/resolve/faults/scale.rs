//! Units that come and go, and charms that are refreshed.

use std::sync::Arc;

use super::super::Resolver;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::shape::{AddUnitsFile, RefreshFile, RemoveUnitFile};
use trustsim_charms::CharmMetadata;
use trustsim_faults::Fault;
use trustsim_model::{Action, ModelKind, ScaleAction};

impl Resolver<'_> {
    pub(super) fn add_units(&mut self, file: &AddUnitsFile) -> Option<Fault> {
        let text = file.app.as_ref()?;
        let application = self.application_address(text)?;
        if self.charm(application).subordinate {
            let message = "a subordinate comes with its principal's units";
            self.push(Diagnostic::error(Code::Fault, text.place, message));
            return None;
        }
        let count = file.count.as_ref().map_or(1, |count| count.value);
        if let Some(text) = file
            .count
            .as_ref()
            .filter(|count| !(1..=1_000).contains(&count.value))
        {
            let message = format!("{} units", text.value);
            let help = "write 1 to 1000";
            self.push(Diagnostic::error(Code::BadValue, text.place, message).help(help));
            return None;
        }
        self.units_added.push((application, count));
        Some(Action::Scale(ScaleAction::AddUnits { application, count }).into())
    }

    pub(super) fn remove_unit(&mut self, file: &RemoveUnitFile) -> Option<Fault> {
        let text = file.unit.as_ref()?;
        let target = self.target(None, Some(text), text.place)?;
        let (application, unit) = (target.application, target.unit?);
        let spec = &self.deployment.applications[application];
        let kubernetes = self.deployment.models[spec.model].kind == ModelKind::Kubernetes;
        let mut added = self.units_added.iter();
        let scaled = added.any(|(scaled, _)| *scaled == application);
        if kubernetes && !scaled && unit + 1 != spec.units {
            let message = "on Kubernetes the unit with the highest number goes first";
            let help = format!("that is {}/{}", spec.name, spec.units.saturating_sub(1));
            let diagnostic = Diagnostic::warning(Code::Fault, text.place, message);
            self.push(diagnostic.help(help));
        }
        Some(Action::Scale(ScaleAction::RemoveUnit { application, unit }).into())
    }

    pub(super) fn refresh(&mut self, file: &RefreshFile) -> Option<Fault> {
        let application = self.application_address(file.app.as_ref()?)?;
        let charm = self.refreshed(application, file);
        let refresh = ScaleAction::Refresh {
            application,
            channel: file.channel.as_ref().map(|text| text.value.clone()),
            revision: file.revision,
            charm,
        };
        Some(Action::Scale(refresh).into())
    }

    /// The charm of that channel, with what the scenario says otherwise; `None` where it is the
    /// same one.
    fn refreshed(&mut self, application: usize, file: &RefreshFile) -> Option<Arc<CharmMetadata>> {
        let name = self.charm(application).name.clone();
        let known = match (&file.charm, &file.channel) {
            (Some(node), _) => self.changed_charm(&name, file.channel.as_ref(), &node.0),
            (None, Some(channel)) => self.charm_in_channel(&name, channel)?,
            (None, None) => return None,
        };
        Some(Arc::new(known.metadata))
    }
}
