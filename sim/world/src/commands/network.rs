//! What happens to controllers and to what connects them, and whether a command reaches its controller.

use super::Commands;
use crate::deployed::{Deployed, controller_id, model_id};
use trustsim_juju::{Disruption, NetworkPath};
use trustsim_model::{
    Action, ApplicationIndex, Between, HookAction, NetworkAction, OfferAction, Refusal, offering,
};

impl Commands<'_> {
    /// Disrupts or restores a controller or a path, or sets the clock of a controller.
    pub(crate) fn act_on_network(&mut self, action: &NetworkAction) {
        let entry = self.entry;
        let controller = |index| NetworkPath::Controller(controller_id(index));
        let (path, disruption, begins) = match action {
            NetworkAction::ControllerDown(index) => (controller(*index), Disruption::Down, true),
            NetworkAction::ControllerUp(index) => (controller(*index), Disruption::Down, false),
            NetworkAction::Disrupt(between, disruption)
            | NetworkAction::Restore(between, disruption) => {
                let begins = matches!(action, NetworkAction::Disrupt(..));
                let Some(path) = network_path(*between, self.deployed) else {
                    // Nothing is to be restored: the disruption of a unit that is not there never began.
                    if begins {
                        self.refused(Refusal::NoSuchUnit);
                    }
                    return;
                };
                (path, *disruption, begins)
            }
            NetworkAction::SkewController {
                controller,
                skew_ns,
            } => {
                let id = controller_id(*controller);
                self.in_juju(|juju, host| {
                    juju.set_controller_skew(id, *skew_ns, host);
                });
                return;
            }
        };
        self.in_juju(|juju, host| {
            if begins {
                juju.connections()
                    .disrupt(path, disruption, Some(entry), host);
            } else {
                juju.connections().restore(path, disruption, host);
            }
        });
    }
}

/// Whether the controller that an operator's command goes to is down.
pub(crate) fn is_out_of_reach(action: &Action, deployed: &Deployed) -> bool {
    let deployment = deployed.spec();
    let of_application = |index: ApplicationIndex| Some(deployment.applications[index].model);
    let model = match action {
        Action::RunAction { application, .. } | Action::SetConfig { application, .. } => {
            of_application(*application)
        }
        Action::Integrate { model, .. } | Action::RemoveRelation { model, .. } => Some(*model),
        Action::Scale(action) => of_application(action.application()),
        Action::Offer(OfferAction::Suspend { sides, .. } | OfferAction::Resume { sides, .. }) => {
            let (offering_model, _) = offering(sides, deployment);
            Some(offering_model)
        }
        Action::Offer(
            OfferAction::Remove { offer, .. }
            | OfferAction::Revoke { offer, .. }
            | OfferAction::Grant { offer, .. },
        ) => of_application(deployment.offers[*offer].application),
        // What is done to workloads, clients, machines, networks and the ACME server goes through no controller.
        Action::AtWorkload { .. }
        | Action::AcmeServer { .. }
        | Action::Revoke { .. }
        | Action::Restart { .. }
        | Action::ClientTrust { .. }
        | Action::Tls(_)
        | Action::SkewClock { .. }
        | Action::Unit(_)
        | Action::Network(_) => None,
        Action::Hook(HookAction::Resolve { target, .. }) => of_application(target.application),
        // What makes hooks fail is in the charm.
        Action::Hook(HookAction::Fail(_) | HookAction::Succeed(_)) => None,
    };
    model.is_some_and(|model| deployed.is_model_down(model))
}

/// The path between the two; `None` where one is a unit that is not there.
fn network_path(between: Between, deployed: &Deployed) -> Option<NetworkPath> {
    Some(match between {
        Between::Controllers(left, right) => {
            NetworkPath::Controllers(controller_id(left), controller_id(right))
        }
        Between::Agents(model) => NetworkPath::Agents(model_id(model)),
        Between::Agent { application, unit } => {
            NetworkPath::Agent(*deployed.targets(application, Some(unit)).first()?)
        }
    })
}
