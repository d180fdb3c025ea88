//! Controllers that are down, and what connects two: parted, slow, lossy, held or cut.

use std::ops::Range;

use trustsim_charm_model::DeclaredDuration;
use trustsim_errors::{Code, Diagnostic};
use trustsim_juju::Disruption;
use trustsim_kernel::Span;
use trustsim_model::{
    Action, ApplicationIndex, Between, ControllerIndex, Deployment, ModelIndex, NetworkAction,
};
use trustsim_yaml::{Place, Spanned, Text, nearest, record};

use crate::Fault;
use crate::draw::{Draw, Drawn};
use crate::kind::{Effect, FaultKind};
use crate::site::{Site, sorted, span};
use crate::write::{controller_key, seconds};

record! {
    /// Which controller is down.
    pub(crate) struct ControllerDownFile {
        /// Its name; may be left out where there is only one.
        controller: Text = "controller",
        /// How long until it is back.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct ControllerDown;

impl FaultKind for ControllerDown {
    type Shape = ControllerDownFile;
    const KEY: &'static str = "controller-down";
    const ABOUT: &'static str = "A controller's API server is down.";
    const EFFECT: &'static str = "its API server refuses connections. Workloads serve on; no hook \
        begins, a hook that runs fails at its commit and is run again; leases run out and go to \
        the first unit that is back; secrets do not expire until it is back, then at once; cross-model \
        relations from and to it carry nothing; commands to its models are refused, and people try \
        again every 5 minutes. Agents dial after 3 s, then a fifth longer each time up to 2 minutes, \
        other controllers every 15 s";
    const SOURCE: &'static str = "juju/juju 3.6 `internal/worker/apicaller`, \
        `internal/worker/remoterelations`, `cmd/jujud/agent/engine`";
    const DRAWN_ON: Range<u64> = 14..15;

    fn resolve(shape: &ControllerDownFile, site: &mut Site<'_>) -> Option<Effect> {
        let controller = match &shape.controller {
            Some(name) => site.controller(name)?,
            None if site.deployment().controllers.len() == 1 => 0.into(),
            None => {
                let message = "there are several controllers";
                let wrong = Diagnostic::error(Code::MissingKey, shape.place, message);
                return site.report(wrong.help("say which with `controller:`"));
            }
        };
        let down = Action::Network(NetworkAction::ControllerDown(controller));
        Some(Fault::lasting(down, span(shape.lasts.as_ref())).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        match fault.action {
            Action::Network(NetworkAction::ControllerDown(controller)) => {
                Some(vec![controller_key(controller, deployment)])
            }
            _ => None,
        }
    }

    fn draw(draw: &mut Draw<'_>, lasts: Span) -> Option<Drawn> {
        let controller = draw.index(draw.deployment.controllers.len())?.into();
        let down = Action::Network(NetworkAction::ControllerDown(controller));
        Some(Drawn::lasting(down, lasts))
    }
}

record! {
    /// Between whom nothing passes.
    pub(crate) struct PartitionFile {
        /// Two controllers, by name or by one of their models; or a model and its controller.
        #[schemars(required, length(equal = 2))]
        between: Vec<Text> = "between" [Required],
        /// How long until the network carries again.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct Partition;

impl FaultKind for Partition {
    type Shape = PartitionFile;
    const KEY: &'static str = "partition";
    const ABOUT: &'static str = "A network carries nothing, and nothing says so.";
    const EFFECT: &'static str = "between two controllers (or a model of each), or a model or one \
        unit (`model.app/0`) and its controller: nothing passes and nothing says so. A health ping \
        that is missed tells both sides, 30 to 90 s later; until then calls hang, and go through if \
        the partition ends. Leases are not renewed from the first instant on";
    const SOURCE: &'static str = "juju/juju 3.6 `api/apiclient.go`, `api/monitor.go`";

    fn resolve(shape: &PartitionFile, site: &mut Site<'_>) -> Option<Effect> {
        let between = between(shape.between.as_deref()?, shape.place, site)?;
        let lasts = span(shape.lasts.as_ref());
        Some(Fault::lasting(disruption(between, Disruption::Partition), lasts).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        match fault.action {
            Action::Network(NetworkAction::Disrupt(between, Disruption::Partition)) => {
                Some(vec![between_key(between, deployment)])
            }
            _ => None,
        }
    }
}

record! {
    /// What is wrong between two: one of `delay`, `drop`, `hold` and `cut`.
    #[schemars(extend("oneOf" = [
        {"required": ["delay"]}, {"required": ["drop"]}, {"required": ["hold"]}, {"required": ["cut"]}
    ]))]
    pub(crate) struct LinkFile {
        /// Two controllers, by name or by one of their models; or a model, or one unit, and its
        /// controller: what connects its agents.
        #[schemars(required, length(equal = 2))]
        between: Vec<Text> = "between" [Required],
        /// Everything takes so much longer, each way.
        delay: Spanned<DeclaredDuration> = "delay",
        /// So many in a hundred packets are lost, 1 to 99; TCP sends them again.
        drop: Spanned<u32> = "drop",
        /// Nothing passes, but connections outlive it; then everything arrives.
        hold: bool = "hold",
        /// Connections break at once, and are dialled in vain.
        cut: bool = "cut",
        /// How long.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct Link;

impl FaultKind for Link {
    type Shape = LinkFile;
    const KEY: &'static str = "link";
    const ABOUT: &'static str = "What connects two is slow, lossy, held or cut.";
    const EFFECT: &'static str = "between two as for `partition`. `delay`: everything takes so much \
        longer each way. `drop`: so many in a hundred packets are lost, and TCP sends them again \
        after 200 ms, 400 ms, ... [On agents' wires](#agents-on-slow-or-lossy-wires) hooks take \
        longer and events come later. `hold`: nothing passes, connections outlive it, then \
        everything arrives (the newest state of each databag). `cut`: connections break at once and \
        are dialled in vain";
    const SOURCE: &'static str = "juju/juju 3.6 `internal/worker/remoterelations`; RFC 6298";
    const DRAWN_ON: Range<u64> = 15..17;

    fn resolve(shape: &LinkFile, site: &mut Site<'_>) -> Option<Effect> {
        let between = between(shape.between.as_deref()?, shape.place, site)?;
        let (hold, cut) = (shape.hold == Some(true), shape.cut == Some(true));
        let found = match (&shape.delay, &shape.drop, hold, cut) {
            (Some(delay), None, false, false) => Disruption::Delay(delay.value.0),
            (None, Some(drop), false, false) => {
                if !(1..100).contains(&drop.value) {
                    let message = format!("{} in a hundred packets", drop.value);
                    let help = "write 1 to 99; where everything is lost it is a `partition`";
                    let wrong = Diagnostic::error(Code::BadValue, drop.place, message);
                    return site.report(wrong.help(help));
                }
                Disruption::Loss(drop.value)
            }
            (None, None, true, false) => Disruption::Stall,
            (None, None, false, true) => Disruption::Down,
            _ => {
                let message = "name one of `delay`, `drop`, `hold: true` and `cut: true`";
                return site.error(Code::OneOf, shape.place, message);
            }
        };
        let lasts = span(shape.lasts.as_ref());
        Some(Fault::lasting(disruption(between, found), lasts).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let Action::Network(NetworkAction::Disrupt(between, disruption)) = fault.action else {
            return None;
        };
        let how = match disruption {
            Disruption::Partition => return None,
            Disruption::Down => "cut: true".to_owned(),
            Disruption::Stall => "hold: true".to_owned(),
            Disruption::Delay(by) => format!("delay: {}", seconds(by)),
            Disruption::Loss(percent) => format!("drop: {percent}"),
        };
        Some(vec![between_key(between, deployment), how])
    }

    /// Partitions too.
    fn draw(draw: &mut Draw<'_>, lasts: Span) -> Option<Drawn> {
        let between = draw_between(draw)?;
        // An agent whose packets take longer than a quarter of a minute is only lost.
        let slowest_s = match between {
            Between::Controllers(..) => 600,
            Between::Agents(_) | Between::Agent { .. } => 20,
        };
        let found = match draw.below(5) {
            0 => Disruption::Down,
            1 => Disruption::Stall,
            2 => Disruption::Delay(Span::from_secs(1 + draw.below(slowest_s))),
            3 => Disruption::Loss(u32::try_from(1 + draw.below(99)).expect("a percentage")),
            _ => Disruption::Partition,
        };
        Some(Drawn::lasting(disruption(between, found), lasts))
    }
}

const fn disruption(between: Between, disruption: Disruption) -> Action {
    Action::Network(NetworkAction::Disrupt(between, disruption))
}

fn draw_between(draw: &mut Draw<'_>) -> Option<Between> {
    let controllers = draw.deployment.controllers.len();
    Some(if controllers > 1 && draw.below(2) == 0 {
        let left = draw.index(controllers)?;
        let right = (left + 1 + draw.index(controllers - 1)?) % controllers;
        Between::Controllers(left.into(), right.into())
    } else if draw.below(2) == 0 {
        Between::Agents(draw.index(draw.deployment.models.len())?.into())
    } else {
        let application = draw.application()?;
        let units = draw.deployment.applications[application].units;
        let unit = u32::try_from(draw.below(u64::from(units))).expect("a number below a u32");
        Between::Agent { application, unit }
    })
}

fn between_key(between: Between, deployment: &Deployment) -> String {
    let controller = |index: ControllerIndex| deployment.controllers[index].name.as_str();
    let (left, right) = match between {
        Between::Controllers(left, right) => (controller(left).to_owned(), controller(right)),
        Between::Agents(model) => {
            let model = &deployment.models[model];
            (model.name.clone(), controller(model.controller))
        }
        Between::Agent { application, unit } => {
            let address = deployment.application_address(application);
            let home = home_of(application, deployment);
            (format!("{address}/{unit}"), controller(home))
        }
    };
    format!("between: [{left}, {right}]")
}

/// The controller of an application.
fn home_of(application: ApplicationIndex, deployment: &Deployment) -> ControllerIndex {
    deployment.models[deployment.applications[application].model].controller
}

/// One end of what connects two.
#[derive(Clone, Copy)]
enum End {
    Controller(ControllerIndex),
    Model(ModelIndex),
    Unit {
        application: ApplicationIndex,
        unit: u32,
    },
}

impl End {
    /// The controller that it is, or talks to.
    fn home(self, deployment: &Deployment) -> ControllerIndex {
        match self {
            Self::Controller(controller) => controller,
            Self::Model(model) => deployment.models[model].controller,
            Self::Unit { application, .. } => home_of(application, deployment),
        }
    }
}

/// What connects two controllers, or a model's agents or one unit's and their controller.
fn between(names: &[Text], place: Place, site: &mut Site<'_>) -> Option<Between> {
    let [left, right] = names else {
        let message = format!("there are two ends, not {}", names.len());
        return site.error(Code::BadValue, place, message);
    };
    let (first, second) = (end(left, site)?, end(right, site)?);
    let deployment = site.deployment();
    let (one, other) = (first.home(deployment), second.home(deployment));
    match (first, second) {
        (End::Model(model), End::Controller(_)) | (End::Controller(_), End::Model(model))
            if one == other =>
        {
            return Some(Between::Agents(model));
        }
        (End::Unit { application, unit }, End::Controller(_))
        | (End::Controller(_), End::Unit { application, unit })
            if one == other =>
        {
            return Some(Between::Agent { application, unit });
        }
        _ => {}
    }
    for (end, name) in [(first, left), (second, right)] {
        if let End::Unit { application, .. } = end {
            let home = &deployment.controllers[home_of(application, deployment)].name;
            let help = format!("write it with `{home}`");
            let message = format!("`{}` talks to its own controller only", name.value);
            let wrong = Diagnostic::error(Code::Fault, name.place, message);
            return site.report(wrong.help(help));
        }
    }
    if one == other {
        let name = &deployment.controllers[one].name;
        let message = format!(
            "`{}` and `{}` are both at controller `{name}`",
            left.value, right.value
        );
        let help = format!("write a model and `{name}` to part its agents from it");
        let place = Place {
            end: right.place.end,
            ..left.place
        };
        let wrong = Diagnostic::error(Code::Fault, place, message);
        return site.report(wrong.help(help));
    }
    Some(Between::Controllers(one, other))
}

fn end(name: &Text, site: &mut Site<'_>) -> Option<End> {
    let deployment = site.deployment();
    let controllers = &deployment.controllers;
    if let Some(index) = controllers.position(|known| known.name == name.value) {
        return Some(End::Controller(index));
    }
    let models = &deployment.models;
    if let Some(index) = models.position(|known| known.name == name.value) {
        return Some(End::Model(index));
    }
    if name.value.contains('/') {
        let address = site.names.address(name)?;
        let (application, unit) = (address.application, address.unit?);
        return Some(End::Unit { application, unit });
    }
    let message = format!("there is no controller or model `{}`", name.value);
    let controllers = controllers.iter().map(|known| known.name.as_str());
    let models = sorted(models.iter().map(|model| &model.name));
    let near = nearest(&name.value, controllers.chain(models));
    let wrong = Diagnostic::error(Code::UnknownModel, name.place, message);
    let wrong = wrong.similar("one", near);
    site.report(wrong)
}
