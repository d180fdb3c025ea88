//! The playbooks that do not fit a CA, each with its reason.

use super::playbook::PlaybookKind::{
    self, ByRenewal, CharmAction, CharmConfig, CrossSigned, Emergency, SameKey, SecondProvider,
    SecondProviderClosing, StepByStep, StepByStepClosing,
};
use super::playbooks::{name_option, restarts_that_close};
use trustsim_charm_model::{Authority, CharmMetadata};
use trustsim_world::{Address, ApplicationIndex, Deployment};

/// Playbooks that were not played on a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Which.
    pub playbooks: Vec<PlaybookKind>,
    /// Why.
    pub reason: Misfit,
}

/// Why a playbook does not fit a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The operator holds the key of this application's CA, so no charm rotates it.
    OperatorHoldsKey {
        /// The application's name.
        application: String,
    },
    /// The charm orders from a public CA, so its roots and keys are not the operator's.
    PublicCa {
        /// The charm.
        charm: String,
    },
    /// The charm passes on what people had signed elsewhere.
    SignedElsewhere {
        /// The charm.
        charm: String,
    },
    /// The charm has one CA at a time, so a new one cannot be trusted before it signs.
    OneCaAtATime {
        /// The charm.
        charm: String,
    },
    /// The charm has no action that rotates its CA.
    NoRotationAction {
        /// The charm.
        charm: String,
    },
    /// The charm has an option that names its CA, and it is not set.
    NameNotSet {
        /// The option.
        option: &'static str,
    },
    /// The charm has no option that names its CA.
    NoNameOption {
        /// The charm.
        charm: String,
    },
    /// The charm keeps all it has in a database of one name, so a second one would open the first one's.
    OneDatabase {
        /// The charm.
        charm: String,
        /// The application that brings the database.
        database: Address,
    },
    /// No connection stays open and none takes sessions up again, so there is nothing to close.
    NothingStaysOpen,
}

/// The playbooks that do not fit a CA, and why.
pub(super) fn unfit_playbooks(deployment: &Deployment, ca: ApplicationIndex) -> Vec<Unfit> {
    let application = &deployment.applications[ca];
    let charm = &application.charm;
    let closes_nothing = restarts_that_close(deployment).is_empty();
    let mut unfit = Vec::new();
    let mut add = |playbooks: &[PlaybookKind], reason: Misfit| {
        let playbooks = playbooks.to_vec();
        unfit.push(Unfit { playbooks, reason });
    };
    if charm.implementation.has_declared_chain() {
        let application = application.name.clone();
        add(
            &[CharmAction, CharmConfig],
            Misfit::OperatorHoldsKey { application },
        );
    } else {
        let mut by_steps = vec![StepByStep, ByRenewal, CrossSigned, SameKey, Emergency];
        if !closes_nothing {
            by_steps.push(StepByStepClosing);
        }
        add(&by_steps, why_not_in_steps(charm));
        if charm.rotation_actions().is_empty() {
            let charm = charm.name.clone();
            add(&[CharmAction], Misfit::NoRotationAction { charm });
        }
        if name_option(deployment, ca).is_none() {
            let reason = match charm.ca_name_option() {
                Some(option) => Misfit::NameNotSet { option },
                None => Misfit::NoNameOption {
                    charm: charm.name.clone(),
                },
            };
            add(&[CharmConfig], reason);
        }
    }
    if let Some(database) = database(deployment, ca) {
        let mut second = vec![SecondProvider];
        if !closes_nothing {
            second.push(SecondProviderClosing);
        }
        let charm = charm.name.clone();
        add(&second, Misfit::OneDatabase { charm, database });
    }
    if closes_nothing {
        let closing = [StepByStepClosing, SecondProviderClosing];
        add(&closing, Misfit::NothingStaysOpen);
    }
    unfit
}

/// The application that brings a CA's charm the database in which it keeps all it has, under a name that its code gives
/// (openstack/charm-vault 5a0c525 `src/reactive/vault_handlers.py`, `request_db` and `mysql_setup`).
pub(super) fn database(deployment: &Deployment, ca: ApplicationIndex) -> Option<Address> {
    let endpoints = deployment.applications[ca]
        .charm
        .implementation
        .database_endpoints;
    let mut relations = deployment.relations.iter();
    relations.find_map(|relation| {
        let [gives, takes] = &relation.sides;
        let is_it = deployment.application_of(takes.party) == Some(ca)
            && endpoints.contains(&&*takes.endpoint);
        let brings = deployment.application_of(gives.party).filter(|_| is_it)?;
        Some(deployment.application_address(brings))
    })
}

/// Why the CA of a real charm is not rotated in steps.
fn why_not_in_steps(charm: &CharmMetadata) -> Misfit {
    let name = charm.name.clone();
    match charm.implementation.authority {
        Authority::Acme => Misfit::PublicCa { charm: name },
        Authority::People { .. } => Misfit::SignedElsewhere { charm: name },
        _ => Misfit::OneCaAtATime { charm: name },
    }
}
