//! A clock that goes wrong: of a unit, of all units on a machine, of a controller.

use std::ops::Range;

use trustsim_charm_model::DeclaredDuration;
use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::{Span, parse_duration};
use trustsim_model::{Action, Deployment, MachineIndex, NetworkAction, Target, TiVec, UnitAction};
use trustsim_yaml::{Spanned, Text, nearest, record};

use crate::Fault;
use crate::draw::{Draw, Drawn};
use crate::kind::{Effect, FaultKind};
use crate::site::{Site, span};
use crate::write::{controller_key, target_key};

/// Random plans draw clocks that are off by no more.
const DRAWN_MAX_S: u64 = 2 * 3_600;

record! {
    /// Whose clock goes wrong, by how much and for how long.
    pub(crate) struct ClockSkewFile {
        /// `model.app`: the clock of every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// `model.0`, a machine: the clock of every unit on it.
        machine: Text = "machine",
        /// A controller: when secrets expire, and what it thinks of another's certificate.
        controller: Text = "controller",
        /// How far ahead (`5m`) or behind (`-5m`) it is.
        #[schemars(required)]
        by: Text = "by" [Required],
        /// How long until it is set right; without it, it stays.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct ClockSkew;

impl FaultKind for ClockSkew {
    type Shape = ClockSkewFile;
    const KEY: &'static str = "clock-skew";
    const ABOUT: &'static str = "A clock goes wrong.";
    const EFFECT: &'static str = "the clock jumps, and back when it is set right; verdicts and what \
        charms do are judged by the unit's clock. A controller's clock decides when secrets expire, \
        and what it thinks of another controller's certificate; leases are durations, and a macaroon \
        is made and judged by the same controller";
    const DRAWN_ON: Range<u64> = 6..7;

    fn resolve(shape: &ClockSkewFile, site: &mut Site<'_>) -> Option<Effect> {
        let skew_ns = shape
            .by
            .as_ref()
            .and_then(|by| match parse_skew(&by.value) {
                Ok(skew_ns) => Some(skew_ns),
                Err(message) => site.error(Code::BadValue, by.place, message),
            });
        let lasts = span(shape.lasts.as_ref());
        let (app, unit) = (shape.app.as_ref(), shape.unit.as_ref());
        let action = match (&shape.controller, &shape.machine, app, unit) {
            (Some(name), None, None, None) => {
                let controller = site.controller(name)?;
                Action::Network(NetworkAction::SkewController {
                    controller,
                    skew_ns: skew_ns?,
                })
            }
            (None, Some(text), None, None) => {
                let machine = machine(text, site)?;
                Action::Unit(UnitAction::SkewMachine {
                    machine,
                    skew_ns: skew_ns?,
                })
            }
            (None, None, app, unit) => {
                let Target { application, unit } = site.target(app, unit, shape.place)?;
                Action::SkewClock {
                    application,
                    unit,
                    skew_ns: skew_ns?,
                }
            }
            _ => {
                let message = "name one of `app`, `unit`, `machine` and `controller`";
                return site.error(Code::OneOf, shape.place, message);
            }
        };
        Some(Fault::lasting(action, lasts).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let (whose, skew_ns) = match fault.action {
            Action::SkewClock {
                application,
                unit,
                skew_ns,
            } => (
                target_key(Target { application, unit }, deployment),
                skew_ns,
            ),
            Action::Network(NetworkAction::SkewController {
                controller,
                skew_ns,
            }) => (controller_key(controller, deployment), skew_ns),
            Action::Unit(UnitAction::SkewMachine { machine, skew_ns }) => (
                format!("machine: {}", machine_name(machine, deployment)),
                skew_ns,
            ),
            _ => return None,
        };
        Some(vec![whose, format!("by: {}s", skew_ns / 1_000_000_000)])
    }

    fn draw(draw: &mut Draw<'_>, lasts: Span) -> Option<Drawn> {
        let ahead = draw.below(2) == 0;
        let seconds = 1 + draw.below(DRAWN_MAX_S);
        let skew_ns = i64::try_from(seconds * 1_000_000_000).expect("hours are few nanoseconds");
        let skew_ns = if ahead { skew_ns } else { -skew_ns };
        let action = if draw.below(4) == 0 {
            let controller = draw.index(draw.deployment.controllers.len())?.into();
            Action::Network(NetworkAction::SkewController {
                controller,
                skew_ns,
            })
        } else {
            let Target { application, unit } = draw.target()?;
            Action::SkewClock {
                application,
                unit,
                skew_ns,
            }
        };
        Some(Drawn::lasting(action, lasts))
    }
}

/// `model.0`: a machine that the scenario names.
fn machine(text: &Text, site: &mut Site<'_>) -> Option<MachineIndex> {
    let deployment = site.deployment();
    let machines = deployment.machines.keys();
    let names = machines.map(|index| machine_name(index, deployment));
    let names: TiVec<MachineIndex, String> = names.collect();
    let only_model = deployment.models.len() == 1;
    let found = names.position(|name| {
        let id = name.split_once('.').map(|(_, id)| id);
        *name == text.value || (only_model && id == Some(text.value.as_str()))
    });
    if found.is_none() {
        let message = format!("there is no machine `{}`", text.value);
        let near = nearest(&text.value, names.iter().map(String::as_str));
        let help = "write `model.0`, as `machines:` or `to:` of the model name it";
        let wrong = Diagnostic::error(Code::Fault, text.place, message);
        return site.report(wrong.help(help).similar("a machine", near));
    }
    found
}

fn machine_name(index: MachineIndex, deployment: &Deployment) -> String {
    let machine = &deployment.machines[index];
    format!("{}.{}", deployment.models[machine.model].name, machine.id)
}

/// `5m` is ahead, `-5m` behind.
fn parse_skew(text: &str) -> Result<i64, String> {
    let (sign, length) = match text.trim().strip_prefix('-') {
        Some(length) => (-1, length),
        None => (1, text.trim().trim_start_matches('+')),
    };
    let span: Span = parse_duration(length).map_err(|error| error.to_string())?;
    i64::try_from(span.as_nanos())
        .map(|nanos| sign * nanos)
        .map_err(|_| format!("`{text}` is further off than a clock can be (292 years)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_go_both_ways() {
        assert_eq!(parse_skew("5m"), Ok(300_000_000_000));
        assert_eq!(parse_skew("-30s"), Ok(-30_000_000_000));
        assert!(parse_skew("--5m").is_err());
        assert!(parse_skew("400000d").is_err());
        assert!(parse_skew("later").is_err());
    }
}
