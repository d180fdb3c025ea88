//! What has to be done, what each part needs before it, and what is typed for it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Act, OrderStep, StepKind, Unordered};
use crate::trusted::{TrustCheck, TrustFound, TrustRelation, TrustRoute};
use trustsim_charm_model::Role;
use trustsim_diagnosis::{Command, Transfer};
use trustsim_interfaces::Interface;
use trustsim_world::{
    Action, Address, ApplicationIndex, Deployment, EndpointRef, Party, RelationIndex, RelationSpec,
};

/// Why one act needs another before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// The CA that signs has to be the one that stays.
    Authority,
    /// A client has to trust the CA first.
    Trust,
    /// A client trusts the CA only once it has certificates of its own from it.
    TrustByOwn {
        holder: ApplicationIndex,
        ca: ApplicationIndex,
    },
}

/// Acts with what each needs.
#[derive(Clone)]
pub(super) struct Plan<'a> {
    deployment: &'a Deployment,
    acts: BTreeSet<Act>,
    /// What an act needs before it, with why.
    needs: BTreeMap<Act, BTreeMap<Act, Need>>,
    /// Needs that no order meets.
    pub(super) unordered: Vec<Unordered>,
    /// How the relations that the deployment lacks are made, once they have an order.
    transfers: BTreeMap<Act, Transfer>,
    /// The deployment with the offers and SAAS of those.
    extended: Deployment,
}

impl<'a> Plan<'a> {
    /// Of a deployment, and what is trusted in it once it is at rest.
    pub(super) fn of(deployment: &'a Deployment, trust: &TrustFound) -> Self {
        let mut plan = Self {
            deployment,
            acts: BTreeSet::new(),
            needs: BTreeMap::new(),
            unordered: Vec::new(),
            transfers: BTreeMap::new(),
            extended: deployment.clone(),
        };
        for (index, relation) in deployment.relations.iter_enumerated() {
            if is_tls(relation) {
                plan.acts.insert(Act::Relation(index));
            }
        }
        for (client, spec) in deployment.clients.iter_enumerated() {
            let given = spec.trusts.iter().map(|ca| Act::Give { client, ca: *ca });
            plan.acts.extend(given);
        }
        plan.add_authorities();
        for check in &trust.checks {
            plan.add_check(check, trust);
        }
        plan
    }

    /// Every act.
    pub(super) fn acts(&self) -> impl Iterator<Item = Act> + '_ {
        self.acts.iter().copied()
    }

    /// What an act needs before it.
    pub(super) fn needs(&self, act: Act) -> impl Iterator<Item = (Act, Need)> + '_ {
        let own = self.needs.get(&act).into_iter().flatten();
        own.map(|(before, need)| (*before, *need))
    }

    fn need(&mut self, act: Act, before: Act, need: Need) {
        if act != before {
            self.needs.entry(act).or_default().insert(before, need);
        }
    }

    /// In place of a need that cannot be met, the CA comes over a relation that the deployment lacks, where there can be
    /// one.
    pub(super) fn replace(&mut self, act: Act, before: Act) {
        let needs = self.needs.get_mut(&act).expect("an act has its needs");
        let need = needs.remove(&before);
        let Some(Need::TrustByOwn { holder, ca }) = need else {
            unreachable!("only trust by own certificates is replaced: {need:?}");
        };
        let transfer = Act::Transfer { ca, to: holder };
        if self.can_transfer(ca, holder) {
            self.acts.insert(transfer);
            self.need(act, transfer, Need::Trust);
            return;
        }
        let one = Unordered {
            holder: self.deployment.application_address(holder),
            server: self.gains(act),
        };
        if !self.unordered.contains(&one) {
            self.unordered.push(one);
        }
    }

    /// Leaves out an act, and that others need it.
    pub(super) fn remove(&mut self, act: Act) {
        let was_there = self.acts.remove(&act);
        assert!(was_there, "only an act of the plan is left out: {act:?}");
        self.needs.remove(&act);
        for needs in self.needs.values_mut() {
            needs.remove(&act);
        }
    }

    /// Whether a relation can bring the CA of one application to another.
    pub(super) fn can_transfer(&self, ca: ApplicationIndex, to: ApplicationIndex) -> bool {
        Transfer::plan(self.deployment, Interface::CertificateTransfer, ca, to).is_ok()
    }

    /// Says how the relations that the deployment lacks are made, one after the other: the second to one CA finds the
    /// offer and the SAAS of the first.
    pub(super) fn plan_transfers(&mut self, sorted: &[Act]) {
        for &act in sorted {
            let Act::Transfer { ca, to } = act else {
                continue;
            };
            let transfer = Transfer::plan(&self.extended, Interface::CertificateTransfer, ca, to);
            let transfer = transfer.expect("only what can be transferred is an act");
            self.extended.offers.extend(transfer.offer.clone());
            self.extended.saas.extend(transfer.saas.clone());
            self.transfers.insert(act, transfer);
        }
    }

    fn transfer(&self, act: Act) -> &Transfer {
        let planned = self.transfers.get(&act);
        planned.expect("transfers are planned once they have an order")
    }

    /// What a CA gets comes before what it gives, or what it gave is of another CA.
    fn add_authorities(&mut self) {
        let acts: Vec<Act> = self.acts().collect();
        for &act in &acts {
            for &before in &acts {
                if let (Act::Relation(own), Some(provider)) = (before, self.provider(act))
                    && self.is_of_authority(own)
                    && self.requirer(own) == Some(provider)
                {
                    self.need(act, before, Need::Authority);
                }
            }
        }
    }

    /// Whether over a relation a CA is signed that signs for others.
    fn is_of_authority(&self, relation: RelationIndex) -> bool {
        let requirer = self.requirer(relation);
        let relation = &self.deployment.relations[relation];
        let mut relations = self.deployment.relations.iter();
        Interface::TlsCertificates.is(&relation.interface)
            && relations.any(|other| {
                let provider = self.deployment.application_of(other.sides[0].party);
                Interface::TlsCertificates.is(&other.interface) && provider == requirer
            })
    }

    fn provider(&self, act: Act) -> Option<ApplicationIndex> {
        match act {
            Act::Relation(index) => {
                let relation = &self.deployment.relations[index];
                self.deployment.application_of(relation.sides[0].party)
            }
            Act::Transfer { ca, .. } | Act::Give { ca, .. } => Some(ca),
        }
    }

    fn requirer(&self, relation: RelationIndex) -> Option<ApplicationIndex> {
        let relation = &self.deployment.relations[relation];
        self.deployment.application_of(relation.sides[1].party)
    }

    /// Before one side presents certificates, the other trusts the CA above them.
    fn add_check(&mut self, check: &TrustCheck, trust: &TrustFound) {
        let Some(anchor) = &check.anchor else {
            return;
        };
        let presents = self.certificates_of(&check.presenter, check);
        let roots = trust.trusted.iter();
        let routes: Vec<&TrustRoute> = roots
            .filter(|root| root.holder == check.holder && root.certificate == *anchor)
            .map(|root| &root.route)
            .collect();
        let ways = self.ways(check, &routes);
        // Over a transfer nothing else comes than trust.
        let transfers = ways.iter().filter(|(_, need)| *need == Need::Trust);
        let chosen: Vec<(Act, Need)> = match transfers.clone().next() {
            Some(_) => transfers.copied().collect(),
            None => ways.first().copied().into_iter().collect(),
        };
        for &act in &presents {
            for &(before, need) in &chosen {
                self.need_trust(act, before, need);
            }
        }
    }

    /// The units of one application trust each other by the relation that brings each its certificate, not at once.
    fn need_trust(&mut self, act: Act, before: Act, need: Need) {
        if act != before {
            return self.need(act, before, need);
        }
        if let Need::TrustByOwn { .. } = need {
            self.needs.entry(act).or_default().insert(before, need);
            self.replace(act, before);
        }
    }

    /// The acts by which a CA comes to one side of a connection.
    fn ways(&self, check: &TrustCheck, routes: &[&TrustRoute]) -> Vec<(Act, Need)> {
        let holder = self.deployment.application_at(&check.holder);
        let ca = check.signer.as_ref();
        let ca = ca.and_then(|signer| self.deployment.application_at(signer));
        let mut ways = Vec::new();
        for route in routes {
            match (route, holder) {
                (TrustRoute::Relations(relations), Some(holder)) => {
                    let acts = relations.iter().filter_map(|one| self.act_of(one));
                    ways.extend(acts.map(|act| match self.is_transfer(act) {
                        true => (act, Need::Trust),
                        false => {
                            let ca = self.provider(act).or(ca).unwrap_or(holder);
                            (act, Need::TrustByOwn { holder, ca })
                        }
                    }));
                }
                (TrustRoute::Given, None) => {
                    let given = self.acts().filter(|act| {
                        matches!(act, Act::Give { client, .. }
                            if self.deployment.clients[*client].name == *check.holder.as_str())
                    });
                    ways.extend(given.map(|act| (act, Need::Trust)));
                }
                _ => {}
            }
        }
        ways
    }

    fn is_transfer(&self, act: Act) -> bool {
        match act {
            Act::Relation(index) => {
                let interface = &self.deployment.relations[index].interface;
                Interface::CertificateTransfer.is(interface)
            }
            Act::Transfer { .. } | Act::Give { .. } => true,
        }
    }

    fn act_of(&self, relation: &TrustRelation) -> Option<Act> {
        let ends = [&relation.provider, &relation.requirer];
        self.acts().find(|act| match act {
            Act::Relation(index) => self.ends(*index).each_ref() == ends,
            Act::Transfer { .. } | Act::Give { .. } => false,
        })
    }

    fn ends(&self, relation: RelationIndex) -> [EndpointRef; 2] {
        let sides = self.deployment.relations[relation].sides.each_ref();
        sides.map(|side| self.deployment.endpoint_of(side))
    }

    /// The relations over which a side of a connection has the certificates that it may present there.
    fn certificates_of(&self, presenter: &Address, check: &TrustCheck) -> Vec<Act> {
        let own = self.deployment.application_at(presenter);
        let endpoint = match *presenter == check.connection.server {
            true => {
                let line = &self.deployment.connections[check.connection.spec];
                line.to_endpoint.as_deref()
            }
            false => None,
        };
        let acts = self.acts().filter(|act| match act {
            Act::Relation(index) => {
                let relation = &self.deployment.relations[*index];
                Interface::TlsCertificates.is(&relation.interface)
                    && self.requirer(*index) == own
                    && endpoint.is_none_or(|wanted| relation.sides[1].endpoint == wanted)
                    && self.provider(*act)
                        == check
                            .signer
                            .as_ref()
                            .and_then(|signer| self.deployment.application_at(signer))
            }
            Act::Transfer { .. } | Act::Give { .. } => false,
        });
        acts.collect()
    }

    /// What is told of each act, in the order that was found.
    pub(super) fn steps(&self, sorted: &[Act]) -> Vec<OrderStep> {
        let place = |act: Act| sorted.iter().position(|one| *one == act);
        let steps = sorted.iter().map(|&act| {
            let mut after: Vec<usize> = self.needs(act).filter_map(|(act, _)| place(act)).collect();
            after.sort_unstable();
            let ca = self.provider(act);
            let ca = ca.expect("an act is about the CA of an application");
            OrderStep {
                kind: self.kind(act),
                gains: self.gains(act),
                ca: self.deployment.application_address(ca),
                commands: self.commands(act),
                refresh: None,
                is_new: matches!(act, Act::Transfer { .. }),
                after,
            }
        });
        steps.collect()
    }

    /// What an act does, by which acts of one rank come before others.
    pub(super) fn kind(&self, act: Act) -> StepKind {
        match act {
            Act::Relation(index) if self.is_of_authority(index) => StepKind::Authority,
            Act::Relation(_) if self.is_transfer(act) => StepKind::Trust,
            Act::Relation(_) => StepKind::Certificates,
            Act::Transfer { .. } => StepKind::Trust,
            Act::Give { .. } => StepKind::Given,
        }
    }

    fn gains(&self, act: Act) -> Address {
        match act {
            Act::Relation(index) => {
                let requirer = self.requirer(index);
                let requirer = requirer.expect("both sides of a relation are applications");
                self.deployment.application_address(requirer)
            }
            Act::Transfer { to, .. } => self.deployment.application_address(to),
            Act::Give { client, .. } => Address::outside(&self.deployment.clients[client].name),
        }
    }

    fn commands(&self, act: Act) -> Vec<Command> {
        if let Act::Transfer { .. } = act {
            return self.transfer(act).commands.clone();
        }
        vec![Command::of(&self.action(act), self.deployment)]
    }

    /// What is done in a play.
    pub(super) fn action(&self, act: Act) -> Action {
        match act {
            Act::Relation(index) => {
                let relation = &self.deployment.relations[index];
                Action::Integrate {
                    model: relation.model,
                    sides: relation.sides.clone(),
                }
            }
            Act::Transfer { .. } => {
                let transfer = self.transfer(act);
                Action::Integrate {
                    model: transfer.model,
                    sides: transfer.sides.clone(),
                }
            }
            Act::Give { client, ca } => Action::ClientTrust {
                client,
                ca,
                trusts: true,
            },
        }
    }

    /// The deployment in which none of it is done, but for the offers and SAAS of what it lacks.
    pub(super) fn base(&self) -> Deployment {
        let mut base = self.extended.clone();
        for connection in &mut base.connections {
            let server = connection.to;
            // What a server presents must not depend on what it is integrated with at the start.
            let own = |relation: &&RelationSpec| {
                let charm = &self.deployment.applications[server].charm;
                let side = &relation.sides[1];
                Interface::TlsCertificates.is(&relation.interface)
                    && side.role == Role::Requirer
                    && self.deployment.application_of(side.party) == Some(server)
                    && !charm.implementation.ca_endpoints.contains(&&*side.endpoint)
            };
            let endpoints = self.deployment.relations.iter().filter(own);
            let endpoints: BTreeSet<&str> = endpoints.map(|one| &*one.sides[1].endpoint).collect();
            if let (None, [only]) = (
                &connection.to_endpoint,
                &endpoints.into_iter().collect::<Vec<_>>()[..],
            ) {
                connection.to_endpoint = Some((*only).to_owned());
            }
        }
        base.relations.retain(|relation| !is_tls(relation));
        for client in &mut base.clients {
            client.trusts.clear();
        }
        base
    }
}

/// Whether certificates or CAs come over a relation.
fn is_tls(relation: &RelationSpec) -> bool {
    [Interface::TlsCertificates, Interface::CertificateTransfer]
        .iter()
        .any(|interface| interface.is(&relation.interface))
        && relation
            .sides
            .iter()
            .all(|side| !matches!(side.party, Party::Client(_)))
}
