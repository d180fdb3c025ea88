//! What strikes units: their processes, pods, machines and leases.

use std::ops::Range;

use trustsim_charm_model::DeclaredDuration;
use trustsim_errors::Code;
use trustsim_kernel::Span;
use trustsim_model::{Action, Deployment, ModelKind, Target, UnitAction};
use trustsim_yaml::{Spanned, Text, record};

use crate::Fault;
use crate::draw::{Draw, Drawn};
use crate::kind::{Effect, FaultKind};
use crate::site::{Site, span};
use crate::write::{application_key, length_key, target_key};

record! {
    /// What is restarted: an application with all its units, or one unit.
    pub struct RestartFile {
        /// `model.app`.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
    }
}

pub(crate) struct Restart;

impl FaultKind for Restart {
    type Shape = RestartFile;
    const KEY: &'static str = "restart";
    const ABOUT: &'static str = "Workload processes are restarted.";
    const EFFECT: &'static str = "the workload's process starts again and reads its files; what it \
        only remembered is gone";
    const DRAWN_ON: Range<u64> = 5..6;

    fn resolve(shape: &RestartFile, site: &mut Site<'_>) -> Option<Effect> {
        let target = site.target(shape.app.as_ref(), shape.unit.as_ref(), shape.place)?;
        Some(restart(target).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let Action::Restart { application, unit } = fault.action else {
            return None;
        };
        Some(vec![target_key(Target { application, unit }, deployment)])
    }

    fn draw(draw: &mut Draw<'_>, _lasts: Span) -> Option<Drawn> {
        Some(Fault::from(restart(draw.target()?)).into())
    }
}

const fn restart(target: Target) -> Action {
    Action::Restart {
        application: target.application,
        unit: target.unit,
    }
}

record! {
    /// Whose workload processes are down, and for how long.
    pub(crate) struct StopFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// How long until they start again; without it, they stay down.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct Stop;

impl FaultKind for Stop {
    type Shape = StopFile;
    const KEY: &'static str = "stop";
    const ABOUT: &'static str = "Workload processes are down: connections are refused.";
    const EFFECT: &'static str = "the workload's process is gone: connections to it are refused, \
        whatever its charm does, and what it only remembered is forgotten (a Vault comes back \
        sealed). Its agent runs on. A provider that signs in its charm, such as \
        self-signed-certificates, has no such process: to take it away, kill its unit";
    const DRAWN_ON: Range<u64> = 0..2;

    fn resolve(shape: &StopFile, site: &mut Site<'_>) -> Option<Effect> {
        let target = site.target(shape.app.as_ref(), shape.unit.as_ref(), shape.place)?;
        let stop = Action::Unit(UnitAction::Stop(target));
        Some(Fault::lasting(stop, span(shape.lasts.as_ref())).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        match fault.action {
            Action::Unit(UnitAction::Stop(target)) => Some(vec![target_key(target, deployment)]),
            _ => None,
        }
    }

    fn draw(draw: &mut Draw<'_>, lasts: Span) -> Option<Drawn> {
        let stop = Action::Unit(UnitAction::Stop(draw.target()?));
        Some(Drawn::lasting(stop, lasts))
    }
}

record! {
    /// Which pods are killed, or whose machines restart with every unit on them.
    pub(crate) struct KillUnitFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// How long until they are back; without it 5 s for a pod and 60 s for a machine.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct KillUnit;

impl FaultKind for KillUnit {
    type Shape = KillUnitFile;
    const KEY: &'static str = "kill-unit";
    const ABOUT: &'static str = "Pods are killed, with what is not on volumes; machines restart.";
    const EFFECT: &'static str = "Kubernetes: the pod ends without `stop`, with every file that is \
        not on a volume; the new one starts after `for` (5 s) with another address and runs \
        `upgrade-charm`, `config-changed`, `start`, `pebble-ready`. Machines: the machine restarts \
        with all units on it (60 s), files stay, a hook that ran has failed and is run again, then \
        `start` runs. A leader that is away longer than its lease is replaced";
    const SOURCE: &'static str = "juju/juju 3.6 `internal/worker/uniter/uniter.go`, `resolver.go`";
    const DRAWN_ON: Range<u64> = 2..4;

    fn resolve(shape: &KillUnitFile, site: &mut Site<'_>) -> Option<Effect> {
        let target = site.target(shape.app.as_ref(), shape.unit.as_ref(), shape.place)?;
        let away = span(shape.lasts.as_ref());
        Some(Action::Unit(UnitAction::Kill { target, away }).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let Action::Unit(UnitAction::Kill { target, away }) = fault.action else {
            return None;
        };
        let target = target_key(target, deployment);
        Some(
            std::iter::once(target)
                .chain(away.map(length_key))
                .collect(),
        )
    }

    fn draw(draw: &mut Draw<'_>, lasts: Span) -> Option<Drawn> {
        let kill = UnitAction::Kill {
            target: draw.target()?,
            away: Some(lasts),
        };
        Some(Fault::from(Action::Unit(kill)).into())
    }
}

record! {
    /// Which Vaults are sealed.
    pub(crate) struct SealFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
    }
}

pub(crate) struct Seal;

impl FaultKind for Seal {
    type Shape = SealFile;
    const KEY: &'static str = "seal";
    const ABOUT: &'static str = "A Vault is sealed.";
    const EFFECT: &'static str = "`vault operator seal`: the process serves, but issues nothing \
        until an operator unseals it";
    const DRAWN_ON: Range<u64> = 19..20;

    fn resolve(shape: &SealFile, site: &mut Site<'_>) -> Option<Effect> {
        let target = site.target(shape.app.as_ref(), shape.unit.as_ref(), shape.place)?;
        let charm = site.charm(target.application);
        if !charm.implementation.seals {
            let text = shape.app.as_ref().or(shape.unit.as_ref())?;
            let message = format!("`{}` runs no Vault that could be sealed", charm.name);
            return site.error(Code::Fault, text.place, message);
        }
        Some(Action::Unit(UnitAction::Seal(target)).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        match fault.action {
            Action::Unit(UnitAction::Seal(target)) => Some(vec![target_key(target, deployment)]),
            _ => None,
        }
    }

    /// Only where an operator unseals it again.
    fn draw(draw: &mut Draw<'_>, _lasts: Span) -> Option<Drawn> {
        let target = draw.target()?;
        let mut operators = draw.deployment.operators.iter();
        let unsealed = operators.any(|operator| operator.answers.contains(&target.application));
        let spec = &draw.deployment.applications[target.application];
        let seals = spec.charm.implementation.seals;
        let in_pods = draw.deployment.models[spec.model].kind == ModelKind::Kubernetes;
        let seal = Action::Unit(UnitAction::Seal(target));
        (seals && unsealed && in_pods).then(|| Fault::from(seal).into())
    }
}

record! {
    /// Whose leader is cut off from its controller until its lease expires.
    pub(crate) struct LoseLeaderFile {
        /// `model.app`.
        #[schemars(required)]
        app: Text = "app" [Required],
    }
}

pub(crate) struct LoseLeader;

impl FaultKind for LoseLeader {
    type Shape = LoseLeaderFile;
    const KEY: &'static str = "lose-leader";
    const ABOUT: &'static str = "A leader is cut off from its controller until another leads.";
    const EFFECT: &'static str = "the leader's agent cannot reach its controller until its lease is \
        over (30 to 60 s, and 2 s for the sweeper); another connected unit leads, drawn from the \
        seed; where there is none it leads again";
    const SOURCE: &'static str =
        "juju/juju 3.6 `internal/worker/leadership`, `internal/worker/lease`";
    const DRAWN_ON: Range<u64> = 4..5;

    fn resolve(shape: &LoseLeaderFile, site: &mut Site<'_>) -> Option<Effect> {
        let application = site.names.application(shape.app.as_ref()?)?;
        Some(Action::Unit(UnitAction::LoseLeader { application }).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        match fault.action {
            Action::Unit(UnitAction::LoseLeader { application }) => {
                Some(vec![application_key(application, deployment)])
            }
            _ => None,
        }
    }

    fn draw(draw: &mut Draw<'_>, _lasts: Span) -> Option<Drawn> {
        let application = draw.application()?;
        let lose = Action::Unit(UnitAction::LoseLeader { application });
        Some(Fault::from(lose).into())
    }
}
