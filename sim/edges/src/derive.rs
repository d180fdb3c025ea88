//! Applies the rows to every relation of a deployment, and adds what no relation shows.

use std::collections::BTreeMap;

use crate::certificates::Certificates;
use crate::edge::{
    Edge, EdgeIndex, Edges, End, Name, NoEdge, Outcome, Plain, Process, Reason, Transport, Unknown,
};
use crate::fronts::{Front, fronts};
use crate::legs::{Leg, name};
use crate::ports;
use crate::published::Published;
use crate::row::{Checks, Dials, Row, Speaks, TlsWhen};
use crate::told;
use trustsim_charm_model::{EndpointSource, Server};
use trustsim_model::{ApplicationIndex, Deployment, ModelKind, RelationIndex, RelationSpec, TiVec};

/// The edges of a deployment as it is at its start.
pub fn derive(deployment: &Deployment) -> Edges {
    let mut derivation = Derivation {
        deployment,
        certificates: Certificates::of(deployment),
        fronts: fronts(deployment),
        requirers: requirers(deployment),
        edges: TiVec::new(),
        known: BTreeMap::new(),
    };
    let relations = deployment.relations.iter_enumerated();
    let outcomes = relations.map(|(index, relation)| derivation.outcome(index, relation));
    let outcomes: TiVec<RelationIndex, Outcome> = outcomes.collect();
    assert_eq!(
        outcomes.len(),
        deployment.relations.len(),
        "each relation ends as one of four"
    );
    derivation.add_from_outside();
    derivation.add_among_units();
    derivation.add_to_own_workloads();
    derivation.add_found_in_catalogues();
    Edges {
        edges: derivation.edges,
        absent: deployment.absent.len(),
        outcomes,
    }
}

/// What makes two edges one.
type Key = (
    End,
    Option<Process>,
    End,
    Name,
    bool,
    Checks,
    bool,
    Option<&'static str>,
    bool,
);

/// The rows while they are applied.
pub(crate) struct Derivation<'a> {
    pub(crate) deployment: &'a Deployment,
    pub(crate) certificates: Certificates<'a>,
    /// The ingresses in front of each application.
    pub(crate) fronts: BTreeMap<ApplicationIndex, Vec<Front>>,
    /// Applications that require from one provider, where requirers dial each other.
    requirers: BTreeMap<ApplicationIndex, Vec<ApplicationIndex>>,
    edges: TiVec<EdgeIndex, Edge>,
    known: BTreeMap<Key, EdgeIndex>,
}

impl<'a> Derivation<'a> {
    fn outcome(&mut self, index: RelationIndex, relation: &'a RelationSpec) -> Outcome {
        let row = match told::row(relation, self.deployment) {
            Ok(row) => row,
            Err(unknown) => return Outcome::Unknown(unknown),
        };
        if row.dials == Dials::None {
            return Outcome::None(NoEdge::Table(row));
        }
        let [provider, requirer] = self.applications(relation);
        let mut found = Vec::new();
        let mut nothing = None;
        for leg in self.legs(row, relation, [provider, requirer]) {
            let has_ingress = !self.given_fronts(&leg).is_empty();
            if let Some(exception) = leg.dials_nothing(self.deployment, has_ingress) {
                nothing = Some(exception);
                continue;
            }
            match self.leg(index, &leg) {
                Ok(edges) => found.extend(edges),
                Err(unknown) => return Outcome::Unknown(unknown),
            }
        }
        // Where both sides may dial, the other may.
        if let Some(exception) = nothing.filter(|_| found.is_empty()) {
            return Outcome::None(NoEdge::Exception(exception));
        }
        if row.requirers_too {
            found.extend(self.among_requirers(index, row, provider, requirer));
        }
        if found.is_empty() && !row.hands_on.is_empty() {
            return Outcome::None(NoEdge::Table(row));
        }
        assert!(
            !found.is_empty(),
            "a relation over which something is dialled has an edge"
        );
        match found
            .iter()
            .any(|edge| self.edges[*edge].transport.is_tls())
        {
            true => Outcome::Tls(found),
            false => Outcome::Plain(found),
        }
    }

    pub(crate) fn applications(&self, relation: &RelationSpec) -> [ApplicationIndex; 2] {
        let parties = relation.sides.each_ref().map(|side| side.party);
        parties.map(|party| {
            let application = self.deployment.application_of(party);
            application.expect("a side of a relation is an application or an offer of one")
        })
    }

    /// A process of an application's units, by its name.
    pub(crate) fn process(&self, application: ApplicationIndex, name: &'static str) -> Process {
        let charm = &self.deployment.applications[application].charm;
        Process {
            name,
            is_played: charm.process(name).is_some(),
        }
    }

    /// The edges of one direction of a relation.
    fn leg(&mut self, index: RelationIndex, leg: &Leg<'_>) -> Result<Vec<EdgeIndex>, Unknown> {
        let facts = leg.facts(self.deployment);
        let reason = Reason::Relation {
            relation: index,
            row: leg.told_by,
            exception: facts.exception,
        };
        let mut edge = Edge {
            from: End::Application(leg.dialer),
            process: facts.process.map(|name| self.process(leg.dialer, name)),
            to: End::Application(leg.listener),
            name: name(facts.dialled),
            ports: facts.port.into_iter().collect(),
            transport: self.transport(facts.tls, leg.listener, leg.provider),
            checks: facts.checks,
            mutual: leg.row.mutual || self.deployment.hands_certificate(leg.relation),
            shows: leg.row.shows.as_deref(),
            ca_in_databag: leg.told_by.ca_in_databag,
            is_unread: false,
            is_by_names: false,
            reasons: vec![reason],
        };
        if leg.row.as_units {
            self.meet_as_units(&mut edge, leg.listener);
        }
        let published = Published::by(leg, self.deployment);
        let seen = published.and_then(|published| published.is_tls());
        let decided = seen.or_else(|| self.decided_by_option(leg));
        match (facts.tls, decided) {
            (TlsWhen::OutsideUrl, None) => return Err(Unknown::OutsideUrl(leg.row)),
            (TlsWhen::Outside | TlsWhen::OutsideUrl, _) => edge.to = End::Outside,
            (TlsWhen::PassedThrough, _) if edge.transport.is_tls() => {
                edge.from = End::Outside;
                edge.name = Name::External(None);
            }
            _ => {}
        }
        let named = self.named(leg.listener, &leg.row.named_by, &leg.row.clustered_by);
        let is_named = named.is_some();
        if let Some(name) = named {
            edge.name = Name::External(Some(name));
        }
        if let Some(is_tls) = decided {
            edge.transport = match is_tls {
                true => self.transport(TlsWhen::Always, leg.listener, leg.provider),
                false if seen.is_some() => Transport::Plain(Plain::Published),
                false => Transport::Plain(Plain::ByOption),
            };
        }
        // A name that Juju gives a unit is no ingress's, and any other may be one whatever the row says.
        let through_ingress = match published {
            Some(published) => published.public_name().is_some(),
            None => facts.ingress && !is_named,
        };
        if through_ingress {
            let through = self.through_ingress(index, leg, &edge, facts.speaks, published)?;
            if !through.is_empty() {
                return Ok(through);
            }
        }
        if let (Some(published), End::Application(_)) = (published, edge.to) {
            edge.name = published.name();
            edge.ports = published.ports();
        }
        edge.transport = self.spoken(edge.transport, facts.speaks, leg.dialer);
        Ok(vec![self.add(edge)])
    }

    /// What becomes of a connection that is TLS by its listener, for a dialer that speaks it at times, or never.
    pub(crate) fn spoken(
        &self,
        transport: Transport,
        speaks: Speaks,
        dialer: ApplicationIndex,
    ) -> Transport {
        let speaks_tls = match speaks {
            Speaks::Always => true,
            Speaks::OwnCertificate => self.certificates.for_clients(dialer).is_some(),
            Speaks::Never => false,
        };
        match transport {
            Transport::Tls { .. } if !speaks_tls => Transport::Plain(Plain::Mismatched {
                until_certificate: speaks == Speaks::OwnCertificate,
            }),
            other => other,
        }
    }

    /// What an option of either application says of TLS; `None` where no row asks for one or none is set.
    fn decided_by_option(&self, leg: &Leg<'_>) -> Option<bool> {
        let rule = leg.row.option.as_ref()?;
        let applications =
            [leg.dialer, leg.listener].map(|index| &self.deployment.applications[index]);
        let mut values = applications
            .into_iter()
            .filter_map(|application| application.option_value(&rule.name));
        let value = values.next()?;
        Some(rule.tls.iter().any(|tls| tls == value))
    }

    pub(crate) fn transport(
        &self,
        tls: TlsWhen,
        listener: ApplicationIndex,
        provider: ApplicationIndex,
    ) -> Transport {
        let owner = match tls {
            TlsWhen::Never => return Transport::Plain(Plain::Never),
            TlsWhen::Outside | TlsWhen::OutsideUrl => {
                return Transport::Tls { certificate: None };
            }
            TlsWhen::ProviderCertificate => provider,
            TlsWhen::Always | TlsWhen::ListenerCertificate | TlsWhen::PassedThrough => listener,
        };
        if self.deployment.applications[listener].charm.server != Server::Tls {
            return Transport::Plain(Plain::NoServer);
        }
        let certificate = self.certificates.for_clients(owner);
        if certificate.is_some() || tls == TlsWhen::Always {
            let own = match owner == listener {
                true => certificate,
                // A worker shows what its coordinator hands it.
                false => self.certificates.handed(listener),
            };
            let certificate = own.map(str::to_owned);
            return Transport::Tls { certificate };
        }
        let possible = self.certificates.possible(owner).map(str::to_owned);
        Transport::Plain(Plain::NoCertificate { possible })
    }

    /// Edges from a requirer to the others of its provider, and among its own units.
    fn among_requirers(
        &mut self,
        index: RelationIndex,
        row: &'static Row,
        provider: ApplicationIndex,
        requirer: ApplicationIndex,
    ) -> Vec<EdgeIndex> {
        let all = self.requirers.get(&provider).into_iter().flatten();
        let is_several = self.deployment.applications[requirer].units > 1;
        let others: Vec<ApplicationIndex> = all
            .filter(|other| **other != requirer || is_several)
            .copied()
            .collect();
        let first = row.called_as_first.then(|| self.first_unit(provider));
        let edges = others.into_iter().map(|other| {
            let edge = Edge {
                from: End::Application(requirer),
                process: None,
                to: End::Application(other),
                name: match &first {
                    Some(first) => Name::External(first.clone()),
                    None => name(row.dialled),
                },
                ports: row.port.into_iter().collect(),
                transport: self.transport(row.tls, other, provider),
                checks: row.checks,
                mutual: row.mutual,
                shows: row.shows.as_deref(),
                ca_in_databag: row.ca_in_databag,
                is_unread: false,
                is_by_names: false,
                reasons: vec![Reason::Relation {
                    relation: index,
                    row,
                    exception: None,
                }],
            };
            self.add(edge)
        });
        edges.collect()
    }

    /// The name of the first unit of all requirers of a provider, in the order of their names; `None` on machines, where it
    /// is an address.
    fn first_unit(&self, provider: ApplicationIndex) -> Option<String> {
        let all = self.requirers.get(&provider).into_iter().flatten();
        let names = all.filter_map(|index| {
            let application = &self.deployment.applications[*index];
            let model = &self.deployment.models[application.model];
            let is_pod = model.kind == ModelKind::Kubernetes && application.units > 0;
            let (app, model) = (&application.name, &model.name);
            is_pod.then(|| format!("{app}-0.{app}-endpoints.{model}.svc.cluster.local"))
        });
        names.min()
    }

    /// Whether a listener is told to show a certificate by nothing but an endpoint over which it could get one, which no
    /// description of its charm has.
    fn is_unread(&self, edge: &Edge) -> bool {
        let Transport::Tls {
            certificate: Some(endpoint),
        } = &edge.transport
        else {
            return false;
        };
        let listener = edge.to.application();
        listener.is_some_and(|index| {
            let charm = &self.deployment.applications[index].charm;
            let own = charm.endpoint(endpoint);
            let is_listed = own.is_some_and(|own| own.source == EndpointSource::Description);
            !charm.is_described() || !is_listed
        })
    }

    /// Whether an edge goes the way it does by its relations alone, of which no charm's description tells who provides.
    fn is_by_names(&self, edge: &Edge) -> bool {
        edge.reasons.iter().all(|reason| {
            let (Reason::Relation { relation, row, .. }
            | Reason::Ingress {
                client: relation,
                row,
                ..
            }) = reason
            else {
                return false;
            };
            matches!(row.dials, Dials::Provider | Dials::Requirer)
                && !told::is_described(&self.deployment.relations[*relation], self.deployment)
        })
    }

    /// Adds an edge; one that is there already gets the reasons too.
    pub(crate) fn add(&mut self, mut edge: Edge) -> EdgeIndex {
        assert!(
            !edge.reasons.is_empty(),
            "an edge has the relation or the charm that it follows from"
        );
        assert!(
            (edge.from, edge.to) != (End::Outside, End::Outside),
            "an edge has an application at one end"
        );
        edge.is_unread = self.is_unread(&edge);
        if edge.ports.is_empty() {
            let own = ports::of_listener(&edge, self.deployment);
            edge.ports.extend(own);
        }
        edge.is_by_names = self.is_by_names(&edge);
        let key = (
            edge.from,
            edge.process,
            edge.to,
            edge.name.clone(),
            edge.transport.is_tls(),
            edge.checks,
            edge.mutual,
            edge.shows,
            edge.ca_in_databag,
        );
        if let Some(&index) = self.known.get(&key) {
            let known = &mut self.edges[index];
            known.ports.extend(edge.ports);
            // One relation that is described tells which way it goes.
            known.is_by_names &= edge.is_by_names;
            for reason in edge.reasons {
                if !known.reasons.contains(&reason) {
                    known.reasons.push(reason);
                }
            }
            return index;
        }
        let index = self.edges.push_and_get_key(edge);
        self.known.insert(key, index);
        index
    }
}

/// The applications that require from each provider, of interfaces whose requirers dial each other.
fn requirers(deployment: &Deployment) -> BTreeMap<ApplicationIndex, Vec<ApplicationIndex>> {
    let mut found: BTreeMap<ApplicationIndex, Vec<ApplicationIndex>> = BTreeMap::new();
    for relation in &deployment.relations {
        if !told::row(relation, deployment).is_ok_and(|row| row.requirers_too) {
            continue;
        }
        let applications = relation
            .sides
            .each_ref()
            .map(|side| deployment.application_of(side.party));
        if let [Some(provider), Some(requirer)] = applications {
            found.entry(provider).or_default().push(requirer);
        }
    }
    found
}
