//! Units that come and go, and charms that are refreshed.

use std::ops::Range;

use trustsim_charm_model::{CharmDeclaration, Pinned, is_channel};
use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::Span;
use trustsim_model::{Action, ApplicationIndex, Deployment, ModelKind, ScaleAction, Target};
use trustsim_yaml::{Node, Spanned, Text, record};

use crate::Fault;
use crate::draw::{Draw, Drawn};
use crate::kind::{Effect, FaultKind};
use crate::site::Site;
use crate::write::{application_key, target_key};

/// More units than this in one fault are a mistake.
const UNITS_MAX: u32 = 1_000;

record! {
    /// How many units come.
    pub(crate) struct AddUnitsFile {
        /// `model.app`.
        #[schemars(required)]
        app: Text = "app" [Required],
        /// How many (1).
        count: Spanned<u32> = "count",
    }
}

pub(crate) struct AddUnits;

impl FaultKind for AddUnits {
    type Shape = AddUnitsFile;
    const KEY: &'static str = "add-units";
    const ABOUT: &'static str = "Units are added, as by `juju add-unit`.";
    const EFFECT: &'static str = "`juju add-unit`; on machines each on a new one. The unit's \
        connections are watched once it is idle, at the latest after `settle-max`";
    const SOURCE: &'static str = "juju/juju 3.6 `state/application.go`";

    fn resolve(shape: &AddUnitsFile, site: &mut Site<'_>) -> Option<Effect> {
        let text = shape.app.as_ref()?;
        let application = site.names.application(text)?;
        if site.charm(application).subordinate {
            let message = "a subordinate comes with its principal's units";
            return site.error(Code::Fault, text.place, message);
        }
        let count = match &shape.count {
            None => 1,
            Some(count) if (1..=UNITS_MAX).contains(&count.value) => count.value,
            Some(count) => {
                let message = format!("{} units", count.value);
                let wrong = Diagnostic::error(Code::BadValue, count.place, message);
                return site.report(wrong.help("write 1 to 1000"));
            }
        };
        site.names.add_units(application, count);
        Some(add(application, count).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let Action::Scale(ScaleAction::AddUnits { application, count }) = fault.action else {
            return None;
        };
        let application = application_key(application, deployment);
        Some(vec![application, format!("count: {count}")])
    }
}

const fn add(application: ApplicationIndex, count: u32) -> Action {
    Action::Scale(ScaleAction::AddUnits { application, count })
}

record! {
    /// Which unit goes.
    pub(crate) struct RemoveUnitFile {
        /// `model.app/0`; on Kubernetes the one with the highest number.
        #[schemars(required)]
        unit: Text = "unit" [Required],
    }
}

pub(crate) struct RemoveUnit;

impl FaultKind for RemoveUnit {
    type Shape = RemoveUnitFile;
    const KEY: &'static str = "remove-unit";
    const ABOUT: &'static str = "A unit is removed, as by `juju remove-unit`.";
    const EFFECT: &'static str = "`juju remove-unit`: others are told at once, the unit runs \
        `departed`, `broken`, `stop`, `remove`; its connections end with it. On Kubernetes the \
        highest ordinal goes, and comes again with the next unit";
    const SOURCE: &'static str = "juju/juju 3.6 `state/unit.go`";
    const DRAWN_ON: Range<u64> = 13..14;

    fn resolve(shape: &RemoveUnitFile, site: &mut Site<'_>) -> Option<Effect> {
        let text = shape.unit.as_ref()?;
        let target = site.target(None, Some(text), text.place)?;
        let (application, unit) = (target.application, target.unit?);
        let spec = &site.deployment().applications[application];
        let in_pods = site.deployment().models[spec.model].kind == ModelKind::Kubernetes;
        let scaled = site.names.units_added(application) > 0;
        if in_pods && !scaled && unit + 1 != spec.units {
            let message = "on Kubernetes the unit with the highest number goes first";
            let warning = Diagnostic::warning(Code::Fault, text.place, message);
            let warning = match spec.units.checked_sub(1) {
                Some(highest) => warning.help(format!("that is {}/{highest}", spec.name)),
                None => warning,
            };
            site.names.report(warning);
        }
        Some(Action::Scale(ScaleAction::RemoveUnit { application, unit }).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let Action::Scale(ScaleAction::RemoveUnit { application, unit }) = fault.action else {
            return None;
        };
        let unit = Some(unit);
        Some(vec![target_key(Target { application, unit }, deployment)])
    }

    /// One unit more, which stays, or one less, which comes back.
    fn draw(draw: &mut Draw<'_>, _lasts: Span) -> Option<Drawn> {
        let application = draw.application()?;
        let units = draw.deployment.applications[application].units;
        let more = Fault::from(add(application, 1));
        if units < 2 || draw.below(2) == 0 {
            return Some(more.into());
        }
        let unit = units - 1;
        let less = Action::Scale(ScaleAction::RemoveUnit { application, unit });
        Some(Drawn {
            fault: less.into(),
            after: Some(more),
        })
    }
}

record! {
    /// Which application goes.
    pub(crate) struct RemoveApplicationFile {
        /// `model.app`.
        #[schemars(required)]
        app: Text = "app" [Required],
    }
}

pub(crate) struct RemoveApplication;

impl FaultKind for RemoveApplication {
    type Shape = RemoveApplicationFile;
    const KEY: &'static str = "remove-application";
    const ABOUT: &'static str = "An application is removed, as by `juju remove-application`.";
    const EFFECT: &'static str = "`juju remove-application`: its relations end and its units go, \
        each with its last hooks; its offers go with it, and Juju refuses it where another model \
        has a relation through one. Simplified: secrets that it owned can be read on";
    const SOURCE: &'static str = "juju/juju 3.6 `state/application.go`";

    fn resolve(shape: &RemoveApplicationFile, site: &mut Site<'_>) -> Option<Effect> {
        let application = site.names.application(shape.app.as_ref()?)?;
        Some(Action::Scale(ScaleAction::RemoveApplication { application }).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let Action::Scale(ScaleAction::RemoveApplication { application }) = fault.action else {
            return None;
        };
        Some(vec![application_key(application, deployment)])
    }
}

record! {
    /// Whose charm is refreshed, to what.
    pub(crate) struct RefreshFile {
        /// `model.app`.
        #[schemars(required)]
        app: Text = "app" [Required],
        /// The channel to refresh to.
        channel: Text = "channel",
        /// The revision to refresh to.
        revision: u64 = "revision",
        /// What the new charm does otherwise, with the keys of a charm under `charms`.
        #[schemars(with = "Option<CharmDeclaration>")]
        charm: Node = "charm",
    }
}

pub(crate) struct Refresh;

impl FaultKind for Refresh {
    type Shape = RefreshFile;
    const KEY: &'static str = "refresh";
    const ABOUT: &'static str = "A charm is refreshed, as by `juju refresh`.";
    const EFFECT: &'static str = "`juju refresh`: machine units run `upgrade-charm`; pods are \
        replaced one after the other, the last first. A unit runs the old code until then. `charm` \
        says what the new charm does otherwise (`requires: {certificates: {library: ...}}`); a \
        channel or revision of which the catalogue knows another charm brings that one";
    const SOURCE: &'static str = "juju/juju 3.6 `internal/worker/uniter`, Kubernetes StatefulSet";
    const DRAWN_ON: Range<u64> = 12..13;

    fn resolve(shape: &RefreshFile, site: &mut Site<'_>) -> Option<Effect> {
        let application = site.names.application(shape.app.as_ref()?)?;
        let (channel, changes) = (shape.channel.as_ref(), shape.charm.as_ref());
        if let Some(channel) = channel.filter(|channel| !is_channel(&channel.value)) {
            let message = format!("`{}` is not a channel", channel.value);
            let wrong = Diagnostic::error(Code::BadChannel, channel.place, message);
            return site.report(wrong.help("write `track/risk`, such as `1/stable`"));
        }
        let pinned = Pinned {
            endpoints: &[],
            channel: channel.map(|text| text.value.as_str()),
            series: None,
            revision: shape.revision,
        };
        let refresh = ScaleAction::Refresh {
            application,
            channel: channel.map(|text| text.value.clone()),
            revision: shape.revision,
            charm: site.names.refreshed(application, pinned, changes),
        };
        Some(Action::Scale(refresh).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        match &fault.action {
            Action::Scale(ScaleAction::Refresh {
                application,
                charm: None,
                ..
            }) => Some(vec![application_key(*application, deployment)]),
            _ => None,
        }
    }

    fn draw(draw: &mut Draw<'_>, _lasts: Span) -> Option<Drawn> {
        let refresh = ScaleAction::Refresh {
            application: draw.application()?,
            channel: None,
            revision: None,
            charm: None,
        };
        Some(Fault::from(Action::Scale(refresh)).into())
    }
}
