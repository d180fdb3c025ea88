//! Clients outside Juju that come to an ingress, as one client.
//!
//! Which clients come is told by no relation. One is taken that trusts the public roots, was given the CA that signs for
//! the ingress when the deployment began, and is given no other: no relation reaches it, so that a rotation of that CA cuts
//! it off until a scenario says that it is given the new one. A client without that CA would refuse every ingress whose CA
//! is private from the start, and one that fetches it each day would be told of what nothing tells it. Standings say that
//! this is assumed (`EdgeBasis::Outside`).

use std::collections::BTreeSet;

use super::super::inventory::Inventory;
use super::super::relations::Located;
use super::super::source_of;
use super::super::spaces::dialled_endpoint;
use super::trust::Trust;
use super::{LeftOut, follows_scheme, name, place, unplayed_name, without_certificate};
use trustsim_edges::{Edge, Name, Reason, Transport};
use trustsim_errors::Diagnostics;
use trustsim_kernel::Span;
use trustsim_model::{
    ApplicationIndex, ClientIndex, ClientSpec, ConnectionSpec, Deployment, EdgeBasis, Party,
    Persistence,
};
use trustsim_validators::Validator;

/// What the client is called, and its edges.
pub(super) const OUTSIDE: &str = "outside";

/// The client while connections are derived for it.
pub(super) struct Outside {
    name: String,
    trusts: BTreeSet<ApplicationIndex>,
    is_played: bool,
}

impl Outside {
    /// Of a scenario, which may have a client or an application of the name already.
    pub(super) fn of(inventory: &Inventory) -> Self {
        let models = &inventory.deployment().models;
        let is_taken = |name: &str| {
            let mut those = models.keys();
            inventory.client(name).is_some()
                || those.any(|model| inventory.application(model, name).is_some())
        };
        let further = (2_u32..).map(|number| format!("{OUTSIDE}-{number}"));
        let mut names = std::iter::once(OUTSIDE.to_owned()).chain(further);
        let name = names.find(|name| !is_taken(name));
        Self {
            name: name.expect("there are fewer clients than numbers"),
            trusts: BTreeSet::new(),
            is_played: false,
        }
    }

    /// Notes a connection that is made: one of the client's brings the CA with which it began.
    pub(super) fn given(&mut self, made: &ConnectionSpec, edge: &Edge, trust: &Trust<'_>) {
        if matches!(made.from, Party::Client(_)) {
            self.is_played = true;
            self.trusts.extend(trust.signers(made.to, edge));
        }
    }

    /// The client, where it has a connection.
    pub(super) fn into_client(self) -> Option<ClientSpec> {
        self.is_played.then(|| ClientSpec {
            name: self.name,
            trusts: self.trusts.into_iter().collect(),
            trusts_system: true,
            roots_pem: Vec::new(),
            refresh: None,
            validator: Validator::default(),
        })
    }
}

/// The connection that an edge from outside becomes, or why it becomes none.
pub(super) fn connection(
    edge: &Edge,
    to: ApplicationIndex,
    every: Span,
    trust: &Trust<'_>,
    inventory: &Inventory,
    out: &Diagnostics,
) -> Result<Located<ConnectionSpec>, LeftOut> {
    let deployment = inventory.deployment();
    if trust.is_unread(to) {
        return Err(LeftOut::Unread);
    }
    if !is_named(edge, to, deployment) {
        return Err(LeftOut::OutsideUnnamed);
    }
    unplayed_name(edge, to, false, deployment)?;
    let Transport::Tls { certificate } = &edge.transport else {
        return Err(LeftOut::Plain);
    };
    if certificate.is_none() || !trust.has_certificate(to) {
        return Err(without_certificate(to, deployment));
    }
    // It is added behind those of the scenario.
    let client = Party::Client(ClientIndex::from(deployment.clients.len()));
    let relation = edge.reasons.iter().copied().find_map(Reason::relation);
    let place = place(edge, to, inventory);
    let spec = ConnectionSpec {
        from: client,
        from_unit: None,
        from_endpoint: None,
        from_process: None,
        to,
        to_unit: None,
        to_endpoint: certificate.clone().filter(|_| trust.has_several(to)),
        name: name(edge, to, certificate.as_deref(), deployment),
        binding: dialled_endpoint(deployment, client, to, relation),
        every,
        validator: Validator::default(),
        mutual: edge.mutual,
        persistence: Persistence::default(),
        revocation: false,
        follows_scheme: follows_scheme(edge),
        edge: EdgeBasis::Outside,
        source: source_of(&out.sources, place),
    };
    Ok((spec, place))
}

/// Whether it is known what is dialled, or what the server is certified for in place of that: an ingress whose address is
/// not given is taken to be called by its service.
fn is_named(edge: &Edge, to: ApplicationIndex, deployment: &Deployment) -> bool {
    let application = &deployment.applications[to];
    match &edge.name {
        Name::External(None) => {
            application.load_balancer.is_some()
                || application
                    .charm
                    .implementation
                    .public_name_option
                    .is_some()
        }
        _ => true,
    }
}
