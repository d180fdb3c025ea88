//! Which relation carries a CA to those who should trust it, or why none does.

use std::collections::BTreeMap;

use super::command::{Command, Obstacle};
use super::facts::{Facts, RelationFact};
use super::transfer_plan::Transfer;
use trustsim_charm_model::{CharmMetadata, ClientCertificate, EndpointProfile, Role};
use trustsim_interfaces::Interface;
use trustsim_model::{Address, ClientNames, Deployment, EndpointRef, Seq};
use trustsim_pki::Certificate;

/// How a CA gets, or does not get, to the application or client that needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaRoute {
    /// A relation carries it, but had not done so.
    Relation {
        /// Its interface.
        interface: Interface,
        /// The provider.
        provider: EndpointRef,
        /// The requirer.
        requirer: EndpointRef,
    },
    /// A server hands its clients the CA of its certificates over a relation that is there for something else, or its
    /// charm should.
    PassedOn(PassingRelation),
    /// It is the CA that a charm has for the units of its application, and both are such units.
    AmongUnits {
        /// The application.
        application: Address,
    },
    /// It is needed by a process beside the workload, to which its charm does not give what comes over relations that
    /// bring that CA.
    OtherProcess {
        /// The process.
        process: Address,
        /// The application whose CA it is.
        ca_owner: Address,
        /// The endpoint over which it comes for the workload, where it does.
        workload_has_it_over: Option<EndpointRef>,
    },
    /// No relation carries it.
    NoRelation {
        /// The application whose CA it is.
        ca_owner: Address,
        /// The application that needs it.
        needed_by: Address,
        /// What would create the relation. Not proven to end the failure: see `Remedy`.
        commands: Vec<Command>,
        /// Why no command can.
        obstacle: Option<Obstacle>,
        /// The entry in which a relation that carried it was removed.
        removed: Option<Seq>,
    },
    /// It is needed by a client outside Juju, which has what the scenario gave it.
    OutsideClient {
        /// The client.
        client: Address,
        /// The application whose CA it is.
        ca_owner: Address,
        /// Whether the scenario gives it that CA at all.
        is_trusted_by_scenario: bool,
        /// Whether it fetches its CAs again.
        fetches_again: bool,
    },
}

impl CaRoute {
    /// Whether that CA comes to the judge, or came to it before.
    pub(super) const fn has_carried(&self) -> bool {
        match self {
            Self::Relation { .. } | Self::AmongUnits { .. } => true,
            Self::PassedOn(relation) => relation.passes,
            Self::NoRelation { removed, .. } => removed.is_some(),
            Self::OutsideClient {
                is_trusted_by_scenario,
                ..
            } => *is_trusted_by_scenario,
            Self::OtherProcess { .. } => false,
        }
    }

    /// The commands that would create what is missing.
    pub fn commands(&self) -> &[Command] {
        match self {
            Self::NoRelation { commands, .. } => commands,
            Self::Relation { .. }
            | Self::AmongUnits { .. }
            | Self::PassedOn(_)
            | Self::OtherProcess { .. }
            | Self::OutsideClient { .. } => &[],
        }
    }
}

/// A CA of an application.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnedCa<'a> {
    /// The application.
    pub(super) owner: &'a Address,
    /// Whether it signs for the server of its own application alone, as that of Vault's API.
    pub(super) is_own_root: bool,
}

/// How a CA gets to `to`, a unit or a client, when `seq` was written.
pub(super) fn ca_route<'a>(
    deployment: &'a Deployment,
    facts: &Facts<'a>,
    clients: &ClientNames<'a>,
    ca: OwnedCa<'_>,
    to: &Address,
    seq: Seq,
) -> CaRoute {
    let from = ca.owner;
    let provider = deployment.application_at(from);
    if let Some((_, client)) = clients.get(to) {
        return CaRoute::OutsideClient {
            client: to.clone(),
            ca_owner: from.clone(),
            is_trusted_by_scenario: provider
                .is_some_and(|provider| client.trusts.contains(&provider)),
            fetches_again: client.refresh.is_some(),
        };
    }
    if let Some(route) = other_process(deployment, facts, ca, to, seq) {
        return route;
    }
    let requirer = deployment.application_at(to);
    if ca.is_own_root && to.process().is_none() && to.to_application() == *from {
        return CaRoute::AmongUnits {
            application: from.clone(),
        };
    }
    let mut removed = None;
    for relation in carrying(deployment, facts, from, to, seq) {
        if relation.there {
            return CaRoute::Relation {
                interface: relation.interface,
                provider: relation.provider,
                requirer: relation.requirer,
            };
        }
        // Of several the one that went last, if it had brought anything.
        if had_any_of(facts, from, to, relation.seq) {
            removed = removed.max(Some(relation.seq));
        }
    }
    if let Some(relation) = passing(deployment, facts, ca, to, seq) {
        return CaRoute::PassedOn(relation);
    }
    let (commands, obstacle) = match (provider, requirer) {
        (Some(provider), Some(requirer)) => match Transfer::plan(
            deployment,
            Interface::CertificateTransfer,
            provider,
            requirer,
        ) {
            Ok(transfer) => (transfer.commands, None),
            Err(obstacle) => (Vec::new(), Some(obstacle)),
        },
        _ => (Vec::new(), None),
    };
    CaRoute::NoRelation {
        ca_owner: from.clone(),
        needed_by: to.to_application(),
        commands,
        obstacle,
        removed,
    }
}

/// Whether `to`, or another unit of its application, trusted a CA of the application `from` when `seq` was written. A unit
/// that came later has nothing of a relation that was gone by then.
fn had_any_of(facts: &Facts<'_>, from: &Address, to: &Address, seq: Seq) -> bool {
    let owner = |root: &Certificate| {
        let record = facts.record_of(root)?;
        Some(record.holder().to_application())
    };
    let is_of = |roots: &[Certificate]| roots.iter().any(|root| owner(root).as_ref() == Some(from));
    facts
        .trusted(to, seq)
        .is_some_and(|(_, roots)| is_of(roots))
        || facts.trusted_in(&to.to_application(), seq).any(is_of)
}

/// Where `to` is a process beside a workload to which its charm gives nothing of what would bring the CA.
fn other_process<'a>(
    deployment: &'a Deployment,
    facts: &Facts<'a>,
    ca: OwnedCa<'_>,
    to: &Address,
    seq: Seq,
) -> Option<CaRoute> {
    let from = ca.owner;
    let application = deployment.application_at(to)?;
    let charm = facts.charm(deployment, application, facts.time_of(seq));
    let process = charm.process(to.process()?)?;
    let mut brings: Vec<EndpointRef> = carrying(deployment, facts, from, &to.to_unit(), seq)
        .into_iter()
        .filter(|relation| relation.there)
        .map(|relation| relation.requirer)
        .collect();
    brings.extend(passing(deployment, facts, ca, to, seq).map(|relation| relation.requirer));
    let is_given = |brought: &EndpointRef| {
        process
            .trusts
            .iter()
            .any(|endpoint| **endpoint == *brought.endpoint)
    };
    if brings.iter().any(is_given) || (brings.is_empty() && !process.trusts.is_empty()) {
        return None;
    }
    Some(CaRoute::OtherProcess {
        process: to.clone(),
        ca_owner: from.clone(),
        workload_has_it_over: brings.into_iter().next(),
    })
}

/// A relation that is there for something else, over which the requirer takes the CA of the provider's certificates, or the
/// server the certificate of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassingRelation {
    /// Its interface.
    pub interface: String,
    /// Who hands it on: the provider, or the client.
    pub provider: EndpointRef,
    /// Who takes it: the requirer, or the server.
    pub requirer: EndpointRef,
    /// Whether the charm of the one hands it on at all.
    pub passes: bool,
    /// Whether it is the certificate of a client.
    pub of_client: bool,
}

/// The present relation over which the application of `client` hands that of `server` its certificate, for it to trust.
pub(super) fn handing(
    deployment: &Deployment,
    facts: &Facts<'_>,
    [client, server]: [&Address; 2],
    seq: Seq,
) -> Option<PassingRelation> {
    let part = |of: &EndpointRef| {
        let index = deployment.application_at(&of.application)?;
        let charm = facts.charm(deployment, index, facts.time_of(seq));
        charm.endpoint(&of.endpoint)?.client_certificate.as_ref()
    };
    let mut all = facts.others(&client.to_application(), seq).into_iter();
    let (interface, provider, requirer) = all.find(|(_, provider, requirer)| {
        let parts = [part(provider), part(requirer)];
        let hands = matches!(
            parts,
            [
                Some(ClientCertificate::Trusted(_)),
                Some(ClientCertificate::Handed(_))
            ]
        );
        hands && provider.application == server.to_application()
    })?;
    Some(PassingRelation {
        interface: interface.to_owned(),
        provider: requirer.clone(),
        requirer: provider.clone(),
        passes: true,
        of_client: true,
    })
}

/// The present relation over which `to` is handed a CA by a server that has certificates of it. One whose charm hands its
/// CA on comes before one whose charm does not.
fn passing<'a>(
    deployment: &'a Deployment,
    facts: &Facts<'a>,
    ca: OwnedCa<'_>,
    to: &Address,
    seq: Seq,
) -> Option<PassingRelation> {
    let profile = |of: &EndpointRef| {
        let index = deployment.application_at(&of.application)?;
        let charm = facts.charm(deployment, index, facts.time_of(seq));
        charm.endpoint(&of.endpoint)?.profile.as_ref()
    };
    let mut found: Vec<PassingRelation> = Vec::new();
    for (interface, provider, requirer) in facts.others(&to.to_application(), seq) {
        if !matches!(profile(requirer), Some(EndpointProfile::TakesCa(_))) {
            continue;
        }
        let of = match profile(provider) {
            Some(EndpointProfile::PassesCa(profile)) => Some(&profile.of),
            _ => None,
        };
        let given = facts.relations(&provider.application, &[Interface::TlsCertificates], seq);
        let is_handed = |own: &str| of.is_none_or(|of| of.iter().any(|each| each == own));
        let is_made_there = ca.is_own_root
            && provider.application == *ca.owner
            && deployment
                .own_api(&provider.application)
                .is_some_and(is_handed);
        let gives = is_made_there
            || given.iter().any(|relation| {
                relation.there
                    && relation.provider.application == *ca.owner
                    && is_handed(&relation.requirer.endpoint)
            });
        if gives {
            found.push(PassingRelation {
                interface: interface.to_owned(),
                provider: provider.clone(),
                requirer: requirer.clone(),
                passes: of.is_some(),
                of_client: false,
            });
        }
    }
    found.sort_by_key(|relation| !relation.passes);
    found.into_iter().next()
}

/// A relation over which a CA comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaRelation {
    /// Its interface.
    pub interface: Interface,
    /// The provider.
    pub provider: EndpointRef,
    /// The requirer.
    pub requirer: EndpointRef,
}

/// Every present relation over which the CA of `from` comes to `to`.
pub(super) fn all_relations<'a>(
    deployment: &'a Deployment,
    facts: &Facts<'a>,
    from: &Address,
    to: &Address,
    seq: Seq,
) -> Vec<CaRelation> {
    let all = carrying(deployment, facts, from, to, seq);
    let there = all.into_iter().filter(|relation| relation.there);
    there
        .map(|relation| CaRelation {
            interface: relation.interface,
            provider: relation.provider,
            requirer: relation.requirer,
        })
        .collect()
}

/// Every relation there ever was over which the CA of `from` comes to the application of `to`.
fn carrying<'a>(
    deployment: &'a Deployment,
    facts: &Facts<'a>,
    from: &Address,
    to: &Address,
    seq: Seq,
) -> Vec<RelationFact> {
    let requirer = deployment.application_at(to);
    let interfaces = [Interface::CertificateTransfer, Interface::TlsCertificates];
    let mut relations = facts.relations(&to.to_application(), &interfaces, seq);
    relations.retain(|relation| {
        relation.provider.application == *from
            && (relation.interface == Interface::CertificateTransfer
                || requirer.is_some_and(|index| {
                    let charm = facts.charm(deployment, index, facts.time_of(seq));
                    trusts_through(charm, &relation.requirer.endpoint)
                }))
    });
    relations
}

/// Whether a charm trusts the `ca` that comes with its certificate at this endpoint.
fn trusts_through(charm: &CharmMetadata, endpoint: &str) -> bool {
    let profile = charm
        .endpoint(endpoint)
        .and_then(|each| each.profile.as_ref());
    match profile {
        Some(
            EndpointProfile::Certificates(profile) | EndpointProfile::LegacyCertificates(profile),
        ) => profile.trusts_ca,
        _ => false,
    }
}

/// Relations over which a requirer will never get a certificate, since their sides speak different protocols, by the
/// requirer, with both sides.
pub(super) struct ProtocolMismatches(BTreeMap<Address, [EndpointRef; 2]>);

impl ProtocolMismatches {
    /// The first of each requirer.
    pub(super) fn of(deployment: &Deployment) -> Self {
        let mut found = BTreeMap::new();
        let mismatched = deployment.relations.iter();
        for relation in mismatched.filter(|relation| deployment.protocols_differ(relation)) {
            let mut sides = relation.sides.iter();
            let wanting = sides.find(|side| side.role == Role::Requirer);
            let requirer = wanting.and_then(|side| deployment.application_of(side.party));
            let Some(requirer) = requirer else {
                continue;
            };
            let ends = relation
                .sides
                .each_ref()
                .map(|side| deployment.endpoint_of(side));
            let address = deployment.application_address(requirer);
            found.entry(address).or_insert(ends);
        }
        Self(found)
    }

    /// That of a unit's application, or of an application.
    pub(super) fn of_requirer(&self, requirer: &Address) -> Option<[EndpointRef; 2]> {
        self.0.get(requirer.application()).cloned()
    }
}
