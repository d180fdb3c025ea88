//! A planned fault as the line of a scenario that asks for it.

use super::{Fault, PlannedFault};
use trustsim_juju::Disruption;
use trustsim_kernel::Span;
use trustsim_model::{
    Action, Between, Deployment, FailingHook, HookAction, HookFailure, NetworkAction, OfferAction,
    ScaleAction, Side, Target, UnitAction,
};

/// The kind of a fault, and its keys with their values.
type Body = (&'static str, Vec<String>);

impl PlannedFault {
    /// `{at: 3600s, stop: {unit: a.web/0, for: 300s}}`; what a random plan never draws is printed
    /// as a comment.
    pub fn to_line(&self, deployment: &Deployment) -> String {
        let at = seconds(self.at);
        let Fault { action, lasts } = &self.fault;
        let Some((kind, mut parts)) = body(action, deployment) else {
            return format!("# at {at}: {}", action.to_command(deployment));
        };
        let lasts = lasts.filter(|_| action.inverse().is_some());
        parts.extend(lasts.map(length));
        format!("- {{at: {at}, {kind}: {{{}}}}}", parts.join(", "))
    }
}

fn body(action: &Action, deployment: &Deployment) -> Option<Body> {
    Some(match action {
        Action::RunAction {
            application,
            unit: None,
            name,
            parameters,
        } => {
            let charm = &deployment.applications[*application].charm;
            let rotates = charm.rotate_ca_action.as_ref() == Some(name) && parameters.is_empty();
            rotates.then(|| ("rotate-ca", vec![app(*application, deployment)]))?
        }
        Action::Restart { application, unit } => {
            let (application, unit) = (*application, *unit);
            (
                "restart",
                vec![whose(Target { application, unit }, deployment)],
            )
        }
        Action::RemoveRelation { model, sides } => {
            ("remove-relation", relation(*model, sides, deployment))
        }
        Action::Integrate { model, sides } => ("integrate", relation(*model, sides, deployment)),
        Action::SkewClock {
            application,
            unit,
            skew_ns,
        } => {
            let (application, unit) = (*application, *unit);
            let target = whose(Target { application, unit }, deployment);
            ("clock-skew", vec![target, by(*skew_ns)])
        }
        Action::Unit(action) => unit(action, deployment)?,
        Action::Scale(action) => scale(action, deployment)?,
        Action::Hook(HookAction::Fail(failing)) => hook(failing, deployment),
        Action::Offer(action) => offer(action, deployment)?,
        Action::Network(action) => network(action, deployment)?,
        _ => return None,
    })
}

fn unit(action: &UnitAction, deployment: &Deployment) -> Option<Body> {
    Some(match action {
        UnitAction::Stop(target) => ("stop", vec![whose(*target, deployment)]),
        UnitAction::Kill { target, away } => {
            let target = whose(*target, deployment);
            let parts = std::iter::once(target).chain(away.map(length));
            ("kill-unit", parts.collect())
        }
        UnitAction::Seal(target) => ("seal", vec![whose(*target, deployment)]),
        UnitAction::LoseLeader { application } => {
            ("lose-leader", vec![app(*application, deployment)])
        }
        _ => return None,
    })
}

fn scale(action: &ScaleAction, deployment: &Deployment) -> Option<Body> {
    Some(match action {
        ScaleAction::AddUnits { application, count } => (
            "add-units",
            vec![app(*application, deployment), format!("count: {count}")],
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
        } => ("refresh", vec![app(*application, deployment)]),
        ScaleAction::Refresh { .. } => return None,
    })
}

fn hook(failing: &FailingHook, deployment: &Deployment) -> Body {
    let FailingHook {
        target,
        hook,
        failure,
        times,
    } = failing;
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
    (kind, parts)
}

fn offer(action: &OfferAction, deployment: &Deployment) -> Option<Body> {
    let url = |index: usize| {
        let url = deployment.offer_url(index);
        let name = url.split_once('/').map_or(url.as_str(), |(_, name)| name);
        format!("offer: {name}")
    };
    Some(match action {
        OfferAction::Suspend { model, sides } => {
            ("suspend-relation", relation(*model, sides, deployment))
        }
        OfferAction::Resume { model, sides } => {
            ("resume-relation", relation(*model, sides, deployment))
        }
        OfferAction::Remove { offer, force } => {
            ("remove-offer", vec![url(*offer), format!("force: {force}")])
        }
        OfferAction::Revoke { offer, user } => {
            ("revoke-offer", vec![url(*offer), format!("user: {user}")])
        }
        OfferAction::Grant { .. } => return None,
    })
}

fn network(action: &NetworkAction, deployment: &Deployment) -> Option<Body> {
    let controller = |index: usize| deployment.controllers[index].name.as_str();
    let named = |index: usize| format!("controller: {}", controller(index));
    Some(match action {
        NetworkAction::ControllerDown(index) => ("controller-down", vec![named(*index)]),
        NetworkAction::SkewController {
            controller: index,
            skew_ns,
        } => ("clock-skew", vec![named(*index), by(*skew_ns)]),
        NetworkAction::Disrupt(between, disruption) => {
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
            let how = match disruption {
                Disruption::Partition => None,
                Disruption::Down => Some("cut: true".to_owned()),
                Disruption::Stall => Some("hold: true".to_owned()),
                Disruption::Delay(by) => Some(format!("delay: {}", seconds(*by))),
                Disruption::Loss(percent) => Some(format!("drop: {percent}")),
            };
            let kind = if how.is_some() { "link" } else { "partition" };
            (kind, std::iter::once(between).chain(how).collect())
        }
        _ => return None,
    })
}

fn app(index: usize, deployment: &Deployment) -> String {
    format!("app: {}", deployment.application_address(index))
}

fn by(skew_ns: i64) -> String {
    format!("by: {}s", skew_ns / 1_000_000_000)
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

fn length(lasts: Span) -> String {
    format!("for: {}", seconds(lasts))
}

fn seconds(span: Span) -> String {
    format!("{}s", span.as_secs())
}
