//! Carrying out what happens to controllers and to what connects them.

use crate::deployed::{controller_id, model_id};
use crate::simulation::{Event, World};
use trustsim_juju::{Disruption, NetworkPath};
use trustsim_kernel::{Agenda, Seq};
use trustsim_model::{
    Action, ApplicationIndex, Between, ModelIndex, NetworkAction, OfferAction, Refusal, offering,
};

impl World {
    pub(super) fn act_on_network(
        &mut self,
        action: &NetworkAction,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let controller = |index| NetworkPath::Controller(controller_id(index));
        let (path, disruption, begins) = match action {
            NetworkAction::ControllerDown(index) => (controller(*index), Disruption::Down, true),
            NetworkAction::ControllerUp(index) => (controller(*index), Disruption::Down, false),
            NetworkAction::Disrupt(between, disruption)
            | NetworkAction::Restore(between, disruption) => {
                let begins = matches!(action, NetworkAction::Disrupt(..));
                let Some(path) = self.network_path(*between) else {
                    // A disruption that never began is over.
                    if begins {
                        self.refused(Refusal::NoSuchUnit, entry, agenda.now());
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
                self.controllers[*controller].skew(*skew_ns, entry);
                self.in_juju(agenda, |juju, desk| {
                    juju.set_controller_skew(id, *skew_ns, desk);
                });
                return;
            }
        };
        self.in_juju(agenda, |juju, desk| {
            if begins {
                juju.connections()
                    .disrupt(path, disruption, Some(entry), desk);
            } else {
                juju.connections().restore(path, disruption, desk);
            }
        });
    }

    /// Whether the controller that an operator's command goes to is down.
    pub(super) fn is_out_of_reach(&self, action: &Action) -> bool {
        let deployment = &self.deployment;
        let of_application = |index: ApplicationIndex| Some(deployment.applications[index].model);
        let model = match action {
            Action::RunAction { application, .. } | Action::SetConfig { application, .. } => {
                of_application(*application)
            }
            Action::Integrate { model, .. } | Action::RemoveRelation { model, .. } => Some(*model),
            Action::Scale(action) => of_application(action.application()),
            Action::Offer(
                OfferAction::Suspend { sides, .. } | OfferAction::Resume { sides, .. },
            ) => Some(offering(sides, deployment).0),
            Action::Offer(
                OfferAction::Remove { offer, .. }
                | OfferAction::Revoke { offer, .. }
                | OfferAction::Grant { offer, .. },
            ) => of_application(deployment.offers[*offer].application),
            _ => None,
        };
        model.is_some_and(|model| self.is_model_down(model))
    }

    /// What connects two; none where the unit is not there.
    fn network_path(&self, between: Between) -> Option<NetworkPath> {
        Some(match between {
            Between::Controllers(left, right) => {
                NetworkPath::Controllers(controller_id(left), controller_id(right))
            }
            Between::Agents(model) => NetworkPath::Agents(model_id(model)),
            Between::Agent { application, unit } => {
                NetworkPath::Agent(*self.targets(application, Some(unit)).first()?)
            }
        })
    }

    /// Whether the controller of a model is down.
    pub(crate) fn is_model_down(&self, model: ModelIndex) -> bool {
        let controller = self.deployment.models[model].controller;
        self.juju.is_down(controller_id(controller))
    }
}
