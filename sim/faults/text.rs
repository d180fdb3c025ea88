//! A planned fault as the line of a scenario that asks for it.

use super::{Fault, HookFault, NetworkFault, OfferFault, PlannedFault, UnitFault};
use crate::juju::Trouble;
use crate::kernel::Span;
use crate::world::{
    Action, Between, Deployment, FailingHook, HookFailure, ScaleAction, Side, Target,
};

impl PlannedFault {
    /// `{at: 3600s, stop: {unit: a.web/0, for: 300s}}`; what a random plan never draws is printed
    /// as a comment.
    pub fn to_line(&self, deployment: &Deployment) -> String {
        let at = seconds(self.at);
        match body(&self.fault, deployment) {
            Some((kind, parts)) => format!("- {{at: {at}, {kind}: {{{}}}}}", parts.join(", ")),
            None => {
                let command = Action::clone(&self.fault.clone().strike().action);
                format!("# at {at}: {}", command.to_command(deployment))
            }
        }
    }
}

fn body(fault: &Fault, deployment: &Deployment) -> Option<(&'static str, Vec<String>)> {
    let app = |index: usize| format!("app: {}", deployment.application_address(index));
    Some(match fault {
        Fault::RotateCa { application, .. } => ("rotate-ca", vec![app(*application)]),
        Fault::Restart { application, unit } => {
            let (application, unit) = (*application, *unit);
            (
                "restart",
                vec![whose(Target { application, unit }, deployment)],
            )
        }
        Fault::RemoveRelation { model, sides } => {
            ("remove-relation", relation(*model, sides, deployment))
        }
        Fault::Integrate { model, sides } => ("integrate", relation(*model, sides, deployment)),
        Fault::ClockSkew {
            application,
            unit,
            skew_ns,
            lasts,
        } => {
            let (application, unit) = (*application, *unit);
            let by = format!("by: {}s", skew_ns / 1_000_000_000);
            let parts = vec![whose(Target { application, unit }, deployment), by];
            ("clock-skew", with_length(parts, *lasts))
        }
        Fault::Unit(fault) => unit(fault, deployment)?,
        Fault::Scale(action) => scale(action, deployment)?,
        Fault::Hook(fault) => hook(fault, deployment),
        Fault::Offer(fault) => offer(fault, deployment),
        Fault::Network(fault) => network(fault, deployment),
        _ => return None,
    })
}

fn unit(fault: &UnitFault, deployment: &Deployment) -> Option<(&'static str, Vec<String>)> {
    Some(match fault {
        UnitFault::Stop { target, lasts } => (
            "stop",
            with_length(vec![whose(*target, deployment)], *lasts),
        ),
        UnitFault::Kill { target, away } => {
            let parts = vec![whose(*target, deployment)];
            ("kill-unit", with_length(parts, *away))
        }
        UnitFault::Seal(target) => ("seal", vec![whose(*target, deployment)]),
        UnitFault::LoseLeader { application } => {
            let app = deployment.application_address(*application);
            ("lose-leader", vec![format!("app: {app}")])
        }
        UnitFault::SkewMachine { .. } => return None,
    })
}

fn scale(action: &ScaleAction, deployment: &Deployment) -> Option<(&'static str, Vec<String>)> {
    let app = |index: usize| format!("app: {}", deployment.application_address(index));
    Some(match action {
        ScaleAction::AddUnits { application, count } => (
            "add-units",
            vec![app(*application), format!("count: {count}")],
        ),
        ScaleAction::RemoveUnit { application, unit } => {
            let unit = Some(*unit);
            let application = *application;
            (
                "remove-unit",
                vec![whose(Target { application, unit }, deployment)],
            )
        }
        ScaleAction::Refresh {
            application,
            charm: None,
            ..
        } => ("refresh", vec![app(*application)]),
        ScaleAction::Refresh { .. } => return None,
    })
}

fn hook(fault: &HookFault, deployment: &Deployment) -> (&'static str, Vec<String>) {
    let FailingHook {
        target,
        hook,
        failure,
        times,
    } = &fault.failing;
    let mut parts = vec![whose(*target, deployment)];
    parts.extend(hook.as_ref().map(|hook| format!("hook: {hook}")));
    let kind = match failure {
        HookFailure::Raises => "fail-hook",
        HookFailure::Commit(point) => {
            let point = point
                .words()
                .replace("after all was written", "after-commit");
            parts.push(format!("at: {}", point.replace(' ', "-")));
            "fail-commit"
        }
    };
    parts.extend(times.map(|times| format!("times: {times}")));
    (kind, with_length(parts, fault.lasts))
}

fn offer(fault: &OfferFault, deployment: &Deployment) -> (&'static str, Vec<String>) {
    let url = |index: usize| {
        let url = deployment.offer_url(index);
        let name = url.split_once('/').map_or(url.as_str(), |(_, name)| name);
        format!("offer: {name}")
    };
    match fault {
        OfferFault::Suspend {
            model,
            sides,
            lasts,
        } => {
            let parts = relation(*model, sides, deployment);
            ("suspend-relation", with_length(parts, *lasts))
        }
        OfferFault::Resume { model, sides } => {
            ("resume-relation", relation(*model, sides, deployment))
        }
        OfferFault::Remove { offer, force } => {
            ("remove-offer", vec![url(*offer), format!("force: {force}")])
        }
        OfferFault::Revoke { offer, user, lasts } => {
            let parts = vec![url(*offer), format!("user: {user}")];
            ("revoke-offer", with_length(parts, *lasts))
        }
    }
}

fn network(fault: &NetworkFault, deployment: &Deployment) -> (&'static str, Vec<String>) {
    let controller = |index: usize| deployment.controllers[index].name.as_str();
    match fault {
        NetworkFault::ControllerDown {
            controller: index,
            lasts,
        } => {
            let parts = vec![format!("controller: {}", controller(*index))];
            ("controller-down", with_length(parts, *lasts))
        }
        NetworkFault::SkewController {
            controller: index,
            skew_ns,
            lasts,
        } => {
            let by = format!("by: {}s", skew_ns / 1_000_000_000);
            let parts = vec![format!("controller: {}", controller(*index)), by];
            ("clock-skew", with_length(parts, *lasts))
        }
        NetworkFault::Trouble {
            between,
            trouble,
            lasts,
        } => {
            let (left, right) = match between {
                Between::Controllers(left, right) => {
                    (controller(*left).to_owned(), controller(*right))
                }
                Between::Agents(model) => {
                    let model = &deployment.models[*model];
                    (model.name.clone(), controller(model.controller))
                }
                Between::Agent { application, unit } => {
                    let address = deployment.application_address(*application);
                    let model = deployment.applications[*application].model;
                    let home = deployment.models[model].controller;
                    (format!("{address}/{unit}"), controller(home))
                }
            };
            let between = format!("between: [{left}, {right}]");
            let how = match trouble {
                Trouble::Parted => None,
                Trouble::Cut => Some("cut: true".to_owned()),
                Trouble::Held => Some("hold: true".to_owned()),
                Trouble::Slow(by) => Some(format!("delay: {}", seconds(*by))),
                Trouble::Lossy(percent) => Some(format!("drop: {percent}")),
            };
            let kind = if how.is_some() { "link" } else { "partition" };
            let parts = std::iter::once(between).chain(how).collect();
            (kind, with_length(parts, *lasts))
        }
    }
}

fn whose(target: Target, deployment: &Deployment) -> String {
    let address = deployment.application_address(target.application);
    match target.unit {
        Some(unit) => format!("unit: {address}/{unit}"),
        None => format!("app: {address}"),
    }
}

fn relation(model: usize, sides: &[Side; 2], deployment: &Deployment) -> Vec<String> {
    let [left, right] = sides.each_ref().map(|side| deployment.side_name(side));
    let model = &deployment.models[model].name;
    vec![
        format!("model: {model}"),
        format!("between: [{left}, {right}]"),
    ]
}

fn with_length(mut parts: Vec<String>, lasts: Option<Span>) -> Vec<String> {
    parts.extend(lasts.map(|lasts| format!("for: {}", seconds(lasts))));
    parts
}

fn seconds(span: Span) -> String {
    format!("{}s", span.as_secs())
}
