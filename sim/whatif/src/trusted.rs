//! Which CAs each side trusts that verifies the other, how each came, and what is missing for its connections.
//!
//! Whether a connection's trust is there is what the trust store holds of the chain that is presented to it and of what
//! is above that chain; what the TLS stack says of the whole is the handshake's verdict, which may fail for another
//! reason.

use super::at_rest::Authorities;
use trustsim_charm_model::surface;
use trustsim_diagnosis::{Command, Obstacle, Transfer};
use trustsim_interfaces::Interface;
use trustsim_interfaces::notes::CertificateKind;
use trustsim_kernel::Time;
use trustsim_pki::Certificate;
use trustsim_tls::{Case, Identity};
use trustsim_validators::{ErrorKind, TrustStore};
use trustsim_world::{
    Address, ApplicationIndex, ConnectionRecord, Deployment, EndpointRef, Kind, Party,
    RelationSpec, Simulation, WatchedSource,
};

/// What is trusted at an instant.
#[derive(Clone, Debug)]
pub struct TrustFound {
    /// The instant.
    pub at: Time,
    /// Each CA in each trust store, by who trusts it; once for each way in which it came.
    pub trusted: Vec<TrustedRoot>,
    /// Each side of a connection that verifies the other.
    pub checks: Vec<TrustCheck>,
}

/// A CA in a trust store.
#[derive(Clone, Debug)]
pub struct TrustedRoot {
    /// A unit, or a client outside Juju.
    pub holder: Address,
    /// The CA.
    pub certificate: Certificate,
    /// The application that has it, where it was made in the run.
    pub owner: Option<Address>,
    /// How it came.
    pub route: TrustRoute,
    /// Names of the connections that rest on it, in the order of the manifest.
    pub used_by: Vec<String>,
}

/// How a CA came into a trust store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustRoute {
    /// Over relations; over one endpoint several may bring it.
    Relations(Vec<TrustRelation>),
    /// An operator put it there.
    ByHand,
    /// A client outside Juju was given it.
    Given,
    /// It is the CA that the charm has for the units of its application.
    AmongUnits,
    /// It is one of the system's roots, or the workload's own.
    Own,
}

/// A relation over which a CA comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRelation {
    /// Its interface.
    pub interface: String,
    /// The provider's endpoint.
    pub provider: EndpointRef,
    /// The requirer's endpoint.
    pub requirer: EndpointRef,
}

/// What a connection needs of one side's trust.
#[derive(Clone, Debug)]
pub struct TrustCheck {
    /// The connection.
    pub connection: ConnectionRecord,
    /// The side that verifies.
    pub holder: Address,
    /// The side that is verified.
    pub presenter: Address,
    /// The application whose CA signed what is presented, where it is known.
    pub signer: Option<Address>,
    /// The CA that is needed: the last above what is presented; `None` where nothing is presented.
    pub needed: Option<Certificate>,
    /// What the trust store has of the chain.
    pub anchor: Option<Certificate>,
    /// What would bring the CA, where it is not there and something would.
    pub missing: Option<MissingTrust>,
    /// What the handshake fails with; `None` where it succeeds.
    pub error: Option<ErrorKind>,
}

/// What would bring a CA that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingTrust {
    /// A relation that is there carries it, and has not brought it.
    NotBrought(TrustRelation),
    /// These commands.
    Commands(Vec<Command>),
    /// No relation can.
    Obstacle(Box<Obstacle>),
    /// A client outside Juju has to be given it.
    Give(Address),
}

/// What is trusted now, by every side that verifies another.
pub fn trust_found(simulation: &Simulation) -> TrustFound {
    let mut search = Search {
        simulation,
        authorities: Authorities::of(simulation.journal()),
        found: TrustFound {
            at: simulation.now(),
            trusted: Vec::new(),
            checks: Vec::new(),
        },
    };
    let (connections, cases) = (simulation.manifest().connections, simulation.tried_cases());
    assert_eq!(
        connections.len(),
        cases.len(),
        "every connection has what both sides would bring, or why there is nothing"
    );
    for ((number, connection), case) in (0..).zip(connections).zip(cases) {
        if connection.ended.is_none() {
            search.connection(number, connection, case);
        }
    }
    let by_holder = |one: &TrustedRoot| (one.holder.clone(), one.certificate.subject().to_owned());
    search.found.trusted.sort_by_cached_key(by_holder);
    search.found
}

struct Search<'a> {
    simulation: &'a Simulation,
    authorities: Authorities<'a>,
    found: TrustFound,
}

impl Search<'_> {
    fn connection(
        &mut self,
        number: u32,
        connection: ConnectionRecord,
        tried: Result<Case, ErrorKind>,
    ) {
        let (simulation, name) = (self.simulation, &connection.name);
        let sources = simulation.client_sources(number);
        let error = match &tried {
            Ok(case) => simulation.perform(case, &format!("trust {name}")).error,
            Err(error) => Some(*error),
        };
        let case = tried.ok();
        let ends = [connection.client.clone(), connection.server.clone()];
        let trust: TrustStore = match &case {
            Some(case) => case.client.trust.clone(),
            None => {
                let roots = sources.iter().flat_map(|source| source.trust.roots());
                roots.cloned().collect()
            }
        };
        let presented = case.as_ref().map(|case| &case.server.identity);
        let side = Verifying {
            connection: &connection,
            ends: [&ends[0], &ends[1]],
            trust: &trust,
            sources: &sources,
            error,
        };
        self.side(&side, presented);
        let Some(case) = &case else {
            return;
        };
        if let Some(trust) = &case.server.client_trust {
            let sources = simulation.server_sources(number);
            let side = Verifying {
                ends: [&ends[1], &ends[0]],
                trust,
                sources: &sources,
                ..side
            };
            self.side(&side, case.client.identity.as_ref());
        }
    }

    fn side(&mut self, side: &Verifying<'_>, presented: Option<&Identity>) {
        let [holder, presenter] = side.ends;
        let chain = presented.map_or(&[][..], |identity| identity.chain());
        let above = chain.first().map(|leaf| self.authorities.above(leaf));
        let above = above.unwrap_or_default();
        let signer = above.first().map(|record| record.owner());
        let known = above.iter().map(|record| &record.certificate);
        let mut candidates = chain.iter().chain(known);
        let anchor = candidates.clone().find(|each| side.trust.contains(each));
        let needed = candidates.next_back();
        assert!(
            needed.is_some() || chain.is_empty(),
            "what is presented has a last CA above it: {}",
            side.connection.name
        );
        let missing = match anchor {
            Some(_) => None,
            None => {
                let root = above.last();
                let is_own = root.is_some_and(|root| root.kind == CertificateKind::OwnRoot);
                self.missing(signer.as_ref(), is_own, holder)
            }
        };
        let check = TrustCheck {
            connection: side.connection.clone(),
            holder: holder.clone(),
            presenter: presenter.clone(),
            signer,
            needed: needed.cloned(),
            anchor: anchor.cloned(),
            missing,
            error: side.error,
        };
        self.roots(side, check.anchor.as_ref());
        self.found.checks.push(check);
    }

    /// Every CA that this side trusts, and which of them the connection rests on.
    fn roots(&mut self, side: &Verifying<'_>, anchor: Option<&Certificate>) {
        let [holder, _] = side.ends;
        for root in side.trust.roots() {
            let brought = side
                .sources
                .iter()
                .filter(|source| source.trust.contains(root));
            let mut routes: Vec<TrustRoute> = Vec::new();
            for source in brought {
                let route = self.route(holder, root, source);
                if !routes.contains(&route) {
                    routes.push(route);
                }
            }
            if routes.is_empty() {
                routes.push(TrustRoute::Own);
            }
            for route in routes {
                let one = self.root(holder, root, route);
                if anchor == Some(root) {
                    one.used_by.push(side.connection.name.clone());
                }
            }
        }
    }

    /// The row of a CA that came this way.
    fn root(
        &mut self,
        holder: &Address,
        root: &Certificate,
        route: TrustRoute,
    ) -> &mut TrustedRoot {
        let owner = self.owner(root);
        let trusted = &mut self.found.trusted;
        let known = trusted.iter().position(|one| {
            one.holder == *holder && one.certificate == *root && one.route == route
        });
        let index = known.unwrap_or_else(|| {
            trusted.push(TrustedRoot {
                holder: holder.clone(),
                certificate: root.clone(),
                owner,
                route,
                used_by: Vec::new(),
            });
            trusted.len() - 1
        });
        &mut trusted[index]
    }

    /// The application that has a CA, or a client whose own certificate is trusted.
    fn owner(&self, root: &Certificate) -> Option<Address> {
        let entries = self.simulation.journal().entries().iter();
        let shown = || {
            let mut issued = entries.rev().filter_map(|entry| match &entry.kind {
                Kind::CertificateIssued(record) => Some(record),
                _ => None,
            });
            let record = issued.find(|record| record.certificate == *root)?;
            Some(record.holder().to_application())
        };
        self.authorities.owner(root).or_else(shown)
    }

    /// How a CA came into the source of a trust store, which is named by the endpoint that brought it.
    fn route(&self, holder: &Address, root: &Certificate, source: &WatchedSource) -> TrustRoute {
        if surface::is_by_hand(&source.name) {
            return TrustRoute::ByHand;
        }
        if surface::is_own_ca_source(&source.name) {
            return TrustRoute::AmongUnits;
        }
        if holder.model().is_none() {
            return TrustRoute::Given;
        }
        let owner = self.owner(root);
        let mut relations = relations_over(self.simulation.deployment(), holder, &source.name);
        // A client's certificate comes from the side that requires.
        let is_of_owner = |relation: &TrustRelation| {
            let giver = match root.is_ca() {
                true => &relation.provider,
                false => &relation.requirer,
            };
            Some(&giver.application) == owner.as_ref()
        };
        if relations.iter().any(is_of_owner) {
            relations.retain(is_of_owner);
        }
        // A file that is called after no endpoint has what came over any of them.
        if relations.is_empty() {
            relations = relations_of_trust(self.simulation.deployment(), holder);
            relations.retain(is_of_owner);
        }
        match relations.is_empty() {
            true => TrustRoute::Own,
            false => TrustRoute::Relations(relations),
        }
    }

    /// What would bring the CA of an application, which signs for its own server alone where `is_own_root`.
    fn missing(
        &self,
        signer: Option<&Address>,
        is_own_root: bool,
        holder: &Address,
    ) -> Option<MissingTrust> {
        let signer = signer?;
        let deployment = self.simulation.deployment();
        let ca = deployment.application_at(signer)?;
        let Some(needing) = deployment.application_at(holder) else {
            return Some(MissingTrust::Give(holder.clone()));
        };
        let mut relations = deployment.relations.iter();
        let there = relations.find(|relation| {
            let ends = relation.sides.each_ref();
            let ends = ends.map(|side| deployment.application_of(side.party));
            Interface::CertificateTransfer.is(&relation.interface)
                && ends == [Some(ca), Some(needing)]
        });
        let there = there.or_else(|| passing(deployment, ca, is_own_root, needing));
        if let Some(relation) = there {
            return Some(MissingTrust::NotBrought(trust_relation(
                deployment, relation,
            )));
        }
        let plan = Transfer::plan(deployment, Interface::CertificateTransfer, ca, needing);
        Some(match plan {
            Ok(transfer) => MissingTrust::Commands(transfer.commands),
            Err(obstacle) => MissingTrust::Obstacle(Box::new(obstacle)),
        })
    }
}

/// A relation over which an application hands on the CA of its certificates, which `ca` gives it or which is its own.
fn passing(
    deployment: &Deployment,
    ca: ApplicationIndex,
    is_own_root: bool,
    needing: ApplicationIndex,
) -> Option<&RelationSpec> {
    let ends = |relation: &RelationSpec| {
        let sides = relation.sides.each_ref();
        sides.map(|side| deployment.application_of(side.party))
    };
    let has_certificates = |server: Option<ApplicationIndex>| {
        deployment.relations.iter().any(|relation| {
            Interface::TlsCertificates.is(&relation.interface)
                && ends(relation) == [Some(ca), server]
        })
    };
    deployment.relations.iter().find(|relation| {
        let [server, client] = ends(relation);
        client == Some(needing)
            && (deployment.passes_ca(relation) || hands_on_credentials(deployment, relation))
            && (has_certificates(server) || (is_own_root && server == Some(ca)))
    })
}

/// Whether the charm of a provider hands its CA on in data of its own, which the requirer's takes, as etcd does to a control
/// plane (charmed-kubernetes/layer-etcd 233f62a `src/reactive/etcd.py`, `send_cluster_connection_details`).
fn hands_on_credentials(deployment: &Deployment, relation: &RelationSpec) -> bool {
    let codes = relation.sides.each_ref().map(|side| {
        let application = deployment.application_of(side.party)?;
        Some(deployment.applications[application].charm.implementation)
    });
    let interface = relation.interface.as_str();
    matches!(codes, [Some(server), Some(client)]
        if server.ca_interfaces.contains(&interface) && client.credential_interfaces.contains(&interface))
}

/// A side of a connection that verifies the other.
#[derive(Clone, Copy)]
struct Verifying<'a> {
    connection: &'a ConnectionRecord,
    /// Who verifies, and who is verified.
    ends: [&'a Address; 2],
    trust: &'a TrustStore,
    sources: &'a [WatchedSource],
    error: Option<ErrorKind>,
}

/// The relations of a unit's application over the endpoint that the name of a source begins with.
fn relations_over(deployment: &Deployment, holder: &Address, source: &str) -> Vec<TrustRelation> {
    let own = deployment.application_at(holder);
    let is_own = |party: Party| deployment.application_of(party) == own;
    let brings = |endpoint: &str| {
        let rest = source.strip_prefix(endpoint);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let relations = deployment.relations.iter();
    let fitting = relations.filter_map(|relation| {
        let mut sides = relation.sides.iter();
        let side = sides.find(|side| is_own(side.party) && brings(&side.endpoint))?;
        Some((side.endpoint.len(), relation))
    });
    let fitting: Vec<(usize, &RelationSpec)> = fitting.collect();
    // `receive-ca-cert-7` is of the endpoint `receive-ca-cert`, though there be one that is called `receive`.
    let longest = fitting.iter().map(|(length, _)| *length).max();
    let of_longest = fitting
        .iter()
        .filter(|(length, _)| Some(*length) == longest);
    of_longest
        .map(|(_, relation)| trust_relation(deployment, relation))
        .collect()
}

/// The relations over which an application gets certificates or CAs.
fn relations_of_trust(deployment: &Deployment, holder: &Address) -> Vec<TrustRelation> {
    let own = deployment.application_at(holder);
    let relations = deployment.relations.iter().filter(|relation| {
        let is_trust = [Interface::TlsCertificates, Interface::CertificateTransfer]
            .iter()
            .any(|interface| interface.is(&relation.interface));
        is_trust && deployment.application_of(relation.sides[1].party) == own
    });
    relations
        .map(|relation| trust_relation(deployment, relation))
        .collect()
}

fn trust_relation(deployment: &Deployment, relation: &RelationSpec) -> TrustRelation {
    let sides = relation.sides.each_ref();
    let [provider, requirer] = sides.map(|side| deployment.endpoint_of(side));
    TrustRelation {
        interface: relation.interface.clone(),
        provider,
        requirer,
    }
}
