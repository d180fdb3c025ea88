//! How the applications of a deployment come to certificates and CAs, as far as an edge between two needs it.

use std::collections::{BTreeMap, BTreeSet};

use trustsim_charms::{Authority, Endpoint};
use trustsim_edges::{Edge, Transport};
use trustsim_model::{ApplicationIndex, Deployment, RelationSpec};

const CERTIFICATES: &str = "tls-certificates";
const TRANSFER: &str = "certificate_transfer";

/// Which providers each application gets certificates and CAs from.
pub(super) struct Trust<'a> {
    deployment: &'a Deployment,
    /// Endpoints for certificates that are related, and the provider at the other side.
    certificates: BTreeMap<ApplicationIndex, Vec<(&'a str, ApplicationIndex)>>,
    /// Providers whose CA an application is given.
    authorities: BTreeMap<ApplicationIndex, BTreeSet<ApplicationIndex>>,
    /// The coordinators of each worker, which hand it their certificate.
    coordinators: BTreeMap<ApplicationIndex, BTreeSet<ApplicationIndex>>,
}

impl<'a> Trust<'a> {
    pub(super) fn of(deployment: &'a Deployment) -> Self {
        let mut trust = Self {
            deployment,
            certificates: BTreeMap::new(),
            authorities: BTreeMap::new(),
            coordinators: BTreeMap::new(),
        };
        for relation in &deployment.relations {
            trust.add_coordinator(relation);
            if ![CERTIFICATES, TRANSFER].contains(&&*relation.interface) {
                continue;
            }
            let [provider, requirer] = &relation.sides;
            let applications =
                [provider, requirer].map(|side| deployment.application_of(side.party));
            let [Some(from), Some(to)] = applications else {
                continue;
            };
            trust.authorities.entry(to).or_default().insert(from);
            if relation.interface == CERTIFICATES {
                let endpoints = trust.certificates.entry(to).or_default();
                endpoints.push((&requirer.endpoint, from));
            }
        }
        trust
    }

    fn add_coordinator(&mut self, relation: &RelationSpec) {
        let applications = relation
            .sides
            .each_ref()
            .map(|side| self.deployment.application_of(side.party));
        let [Some(coordinator), Some(worker)] = applications else {
            return;
        };
        let charm = &self.deployment.applications[worker].charm;
        let [_, requirer] = &relation.sides;
        let endpoint = charm.endpoint(&requirer.endpoint);
        let is_worker = endpoint.is_some_and(Endpoint::brings_certificate);
        if is_worker && self.deployment.passes_ca(relation) {
            let known = self.coordinators.entry(worker).or_default();
            known.insert(coordinator);
        }
    }

    /// The endpoint of the dialer over which the listener passes on the CA, and the client's certificate, in a way
    /// that is played.
    pub(super) fn played_over(
        &self,
        edge: &Edge,
        from: ApplicationIndex,
        to: ApplicationIndex,
    ) -> Option<&'a str> {
        let code =
            |index: ApplicationIndex| self.deployment.applications[index].charm.implementation;
        let (takes, passes_on) = (code(from).credential_interfaces, code(to).ca_interfaces);
        let relations = edge.reasons.iter().filter_map(|reason| reason.relation());
        let mut relations = relations.map(|index| &self.deployment.relations[index]);
        let relation = relations.find(|relation| {
            [takes, passes_on]
                .iter()
                .all(|those| those.contains(&&*relation.interface))
        })?;
        let mut sides = relation.sides.iter();
        let side = sides.find(|side| self.deployment.application_of(side.party) == Some(from))?;
        Some(&side.endpoint)
    }

    /// Whether the listener hands the dialer the CA of its certificates over one of the edge's relations.
    pub(super) fn is_passed_on(&self, edge: &Edge) -> bool {
        let relations = edge.reasons.iter().filter_map(|reason| reason.relation());
        let mut relations = relations.map(|index| &self.deployment.relations[index]);
        relations.any(|relation| self.deployment.passes_ca(relation))
    }

    /// Whether nothing is known of an application's charm, or of one without whose data it does not use its
    /// certificates.
    pub(super) fn is_unread(&self, application: ApplicationIndex) -> bool {
        let charm = |index: ApplicationIndex| &self.deployment.applications[index].charm;
        let awaited = charm(application).implementation.awaited_interfaces;
        let mut relations = self.deployment.relations.iter();
        let is_unread = !charm(application).is_described();
        is_unread
            || !awaited.is_empty()
                && relations.any(|relation| {
                    let ends = relation
                        .sides
                        .each_ref()
                        .map(|side| self.deployment.application_of(side.party));
                    let mut known = ends.iter().flatten();
                    awaited.contains(&&*relation.interface)
                        && ends.contains(&Some(application))
                        && known.any(|index| !charm(*index).is_described())
                })
    }

    /// Whether the dialer is given the CA of a provider from which the listener has a certificate.
    pub(super) fn shares_authority(&self, from: ApplicationIndex, to: ApplicationIndex) -> bool {
        let Some(given) = self.authorities.get(&from) else {
            return false;
        };
        let mut issuers = self.certificates.get(&to).into_iter().flatten();
        issuers.any(|(_, issuer)| given.contains(issuer))
    }

    /// Whether both ends of an edge have certificates of one provider over the endpoint that the dialer shows and trusts.
    pub(super) fn shares_shown_authority(
        &self,
        edge: &Edge,
        own: &str,
        [from, to]: [ApplicationIndex; 2],
    ) -> bool {
        let signers = self.signers(to, edge);
        let mut given = self.issuers(from, Some(own)).into_iter();
        given.any(|issuer| signers.contains(&issuer))
    }

    /// The providers that sign what an edge's listener shows, and those above them: a client needs the CA of one.
    pub(super) fn signers(
        &self,
        listener: ApplicationIndex,
        edge: &Edge,
    ) -> BTreeSet<ApplicationIndex> {
        let shown = match &edge.transport {
            Transport::Tls { certificate } => certificate.as_deref(),
            Transport::Plain(_) => None,
        };
        let mut open = self.issuers(listener, shown);
        let mut found = BTreeSet::new();
        while let Some(issuer) = open.pop() {
            let charm = &self.deployment.applications[issuer].charm;
            if let (true, Authority::Intermediate { endpoint } | Authority::Relay { endpoint }) =
                (found.insert(issuer), charm.implementation.authority)
            {
                open.extend(self.issuers(issuer, Some(endpoint)));
            }
        }
        found
    }

    /// Who certifies an application over an endpoint; over any where none is said.
    fn issuers(&self, of: ApplicationIndex, endpoint: Option<&str>) -> Vec<ApplicationIndex> {
        let all = self.certificates.get(&of).into_iter().flatten();
        let those = all.filter(|(name, _)| endpoint.is_none_or(|endpoint| endpoint == *name));
        those.map(|(_, issuer)| *issuer).collect()
    }

    /// Whether an application gets certificates over a relation, or its coordinator's, which gets one.
    pub(super) fn has_certificate(&self, application: ApplicationIndex) -> bool {
        let coordinators = self.coordinators.get(&application);
        let mut all = coordinators
            .into_iter()
            .flatten()
            .chain(std::iter::once(&application));
        all.any(|one| self.certificates.contains_key(one))
    }

    /// The endpoint of units that are dialled by each other, or by another part of their cluster, where their charm has a CA
    /// of its own for it.
    pub(super) fn own_ca_endpoint(
        &self,
        edge: &Edge,
        to: ApplicationIndex,
    ) -> Option<&'static str> {
        let charm = &self.deployment.applications[to].charm;
        let endpoint = edge.shows?;
        charm.has_own_ca(endpoint).then_some(endpoint)
    }

    /// Whether an application gets certificates over more than one endpoint.
    pub(super) fn has_several(&self, application: ApplicationIndex) -> bool {
        let endpoints = self.certificates.get(&application).into_iter().flatten();
        let names: BTreeSet<&str> = endpoints.map(|(name, _)| *name).collect();
        names.len() > 1
    }
}
