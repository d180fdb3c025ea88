//! What would have to be made so that certificates or a CA come to an application: an offer and a SAAS where they are
//! in different models, and the relation, with the commands for each.

use super::command::{Command, Obstacle};
use trustsim_charm_model::Role;
use trustsim_interfaces::Interface;
use trustsim_model::{ApplicationIndex, Deployment, ModelIndex, OfferSpec, Party, SaasSpec, Side};

/// How a provider is related to the application that should have its certificates or trust its CA, over an offer where
/// they are in different models.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// The model of the relation.
    pub model: ModelIndex,
    /// Both sides of it, the provider first.
    pub sides: [Side; 2],
    /// An offer that is not there yet.
    pub offer: Option<OfferSpec>,
    /// A SAAS that is not there yet.
    pub saas: Option<SaasSpec>,
    /// What makes it, in order.
    pub commands: Vec<Command>,
}

impl Transfer {
    /// The plan for certificates of `provider`, or its CA, to come to `requirer`, by the interface.
    ///
    /// # Errors
    ///
    /// Which of the charms has no endpoint for it.
    pub fn plan(
        deployment: &Deployment,
        interface: Interface,
        provider: ApplicationIndex,
        requirer: ApplicationIndex,
    ) -> Result<Self, Obstacle> {
        let takes = endpoint(deployment, interface, requirer, Role::Requirer)?;
        Self::plan_to(deployment, interface, provider, (requirer, takes))
    }

    /// The same, for one endpoint of the requirer.
    ///
    /// # Errors
    ///
    /// That the provider's charm has no endpoint for it.
    pub fn plan_to(
        deployment: &Deployment,
        interface: Interface,
        provider: ApplicationIndex,
        (requirer, takes): (ApplicationIndex, &str),
    ) -> Result<Self, Obstacle> {
        let gives = endpoint(deployment, interface, provider, Role::Provider)?;
        let [sends, receives] = [(provider, gives), (requirer, takes)].map(|(index, name)| {
            let endpoint = deployment.applications[index].charm.endpoint(name);
            endpoint.expect("a plan is for endpoints that the charms have")
        });
        if !sends.is_read_at(receives) {
            let named = |index: ApplicationIndex, endpoint: &str| {
                format!("{}:{endpoint}", deployment.application_address(index))
            };
            return Err(Obstacle::NotRead {
                sends: named(provider, gives),
                receives: named(requirer, takes),
            });
        }
        let (from, to) = (
            deployment.applications[provider].model,
            deployment.applications[requirer].model,
        );
        let mut transfer = Self {
            model: to,
            sides: [
                side(Party::Application(provider), gives, Role::Provider),
                side(Party::Application(requirer), takes, Role::Requirer),
            ],
            offer: None,
            saas: None,
            commands: Vec::new(),
        };
        let mut local = deployment.applications[provider].name.clone();
        if from != to {
            local = transfer.over_an_offer(deployment, provider, gives);
        }
        let own = &deployment.applications[requirer].name;
        transfer.commands.push(Command::Integrate {
            model: deployment.models[to].name.clone(),
            endpoints: [format!("{own}:{takes}"), format!("{local}:{gives}")],
        });
        Ok(transfer)
    }

    /// Puts a SAAS in the provider's place, and says what it is called.
    fn over_an_offer(
        &mut self,
        deployment: &Deployment,
        provider: ApplicationIndex,
        gives: &str,
    ) -> String {
        let spec = &deployment.applications[provider];
        let (there, here) = (
            &deployment.models[spec.model],
            &deployment.models[self.model],
        );
        let controller = &deployment.controllers[there.controller].name;
        let foreign = there.controller != here.controller;
        let known = deployment.offers.position(|offer| {
            offer.application == provider && offer.endpoints.iter().any(|each| each == gives)
        });
        let offer_name = match known {
            Some(offer) => deployment.offers[offer].name.clone(),
            None => {
                // The application's own name, as `juju offer` picks it, unless an offer has it already.
                let own = format!("{}-{gives}", spec.name);
                let name = deployment.free_offer_name(spec.model, &[&spec.name, &own]);
                self.commands.push(Command::Offer {
                    controller: foreign.then(|| controller.clone()),
                    model: there.name.clone(),
                    application: spec.name.clone(),
                    endpoints: vec![gives.to_owned()],
                    name: name.clone(),
                });
                self.offer = Some(OfferSpec {
                    name: name.clone(),
                    application: provider,
                    endpoints: vec![gives.to_owned()],
                });
                name
            }
        };
        let saas = deployment
            .saas
            .position(|saas| saas.model == self.model && Some(saas.offer) == known);
        let (index, name) = match saas {
            Some(index) => (index, deployment.saas[index].name.clone()),
            None => {
                let other = format!("{}-{offer_name}", there.name);
                let free = deployment.free_local_name(self.model, &[&offer_name, &other]);
                let alias = (free != offer_name).then_some(free);
                self.commands.push(Command::Consume {
                    model: here.name.clone(),
                    controller: foreign.then(|| controller.clone()),
                    owner: there.owner.clone(),
                    offer_model: there.name.clone(),
                    offer: offer_name.clone(),
                    alias: alias.clone(),
                });
                let name = alias.unwrap_or(offer_name);
                self.saas = Some(SaasSpec {
                    model: self.model,
                    name: name.clone(),
                    offer: known.unwrap_or(deployment.offers.next_key()),
                });
                (deployment.saas.next_key(), name)
            }
        };
        self.sides[0].party = Party::Saas(index);
        name
    }
}

fn side(party: Party, endpoint: &str, role: Role) -> Side {
    Side {
        party,
        endpoint: endpoint.to_owned(),
        role,
    }
}

fn endpoint(
    deployment: &Deployment,
    interface: Interface,
    application: ApplicationIndex,
    role: Role,
) -> Result<&str, Obstacle> {
    let charm = &deployment.applications[application].charm;
    let endpoint = charm
        .endpoints
        .iter()
        .find(|each| each.role == role && interface.is(&each.interface));
    endpoint
        .map(|each| each.name.as_str())
        .ok_or_else(|| Obstacle::NoEndpoint {
            charm: charm.name.clone(),
            application: deployment.application_address(application),
            provides: role == Role::Provider,
            interface,
            is_described: charm.is_described() && !charm.provenance.is_unread(),
        })
}
