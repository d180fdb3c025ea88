//! Edges that no relation shows: clients outside Juju, the units of one application, charms and their own workloads.

use std::collections::BTreeSet;

use crate::certificates::PEERS;
use crate::derive::Derivation;
use crate::edge::{Edge, End, Name, Plain, Process, Reason, Transport};
use crate::fronts::external_name;
use crate::legs::{is_on_kubernetes, name};
use crate::published::is_plain_itself;
use crate::row::{Checks, Row, TlsWhen, UnitsRow, WorkloadRow};
use crate::table::{units_rows, workload_rows};
use crate::told;
use trustsim_charm_model::CharmMetadata;
use trustsim_model::{ApplicationIndex, RelationSpec};

impl Derivation<'_> {
    /// Clients outside Juju come to what is in front of applications.
    pub(crate) fn add_from_outside(&mut self) {
        for (index, relation) in self.deployment.relations.iter_enumerated() {
            let row = told::row(relation, self.deployment).ok();
            let Some(row) = row.filter(|row| row.front) else {
                continue;
            };
            let [provider, requirer] = self.applications(relation);
            if !self.brings_clients(relation, requirer, row) {
                continue;
            }
            let tls = match row.tls {
                TlsWhen::Always => TlsWhen::Always,
                _ => TlsWhen::ListenerCertificate,
            };
            let edge = Edge {
                from: End::Outside,
                process: None,
                to: End::Application(provider),
                name: self.name_of_ingress(provider, row),
                ports: BTreeSet::new(),
                transport: self.transport(tls, provider, provider),
                checks: Checks::Verified,
                mutual: false,
                shows: None,
                ca_in_databag: false,
                is_unread: false,
                is_by_names: false,
                reasons: vec![Reason::Front(index, row)],
            };
            self.add(edge);
        }
    }

    /// Whether clients come from outside because of this relation: of some endpoints of one application only the first that
    /// is related brings them.
    fn brings_clients(
        &self,
        relation: &RelationSpec,
        requirer: ApplicationIndex,
        row: &Row,
    ) -> bool {
        let endpoints = relation.sides.iter().map(|side| &side.endpoint);
        let position = |endpoint: &String| {
            let mut all = row.outside_endpoints.iter();
            all.position(|known| known == endpoint)
        };
        let Some(own) = endpoints.filter_map(position).next() else {
            return true;
        };
        let mut others = self.fronts.get(&requirer).into_iter().flatten();
        !others.any(|front| {
            let mut sides = self.deployment.relations[front.relation].sides.iter();
            sides.any(|side| position(&side.endpoint).is_some_and(|other| other < own))
        })
    }

    /// Units of one application dial each other, where the table says so of its charm.
    pub(crate) fn add_among_units(&mut self) {
        for (index, application) in self.deployment.applications.iter_enumerated() {
            let charm = &application.charm;
            let Some(row) = units_row(charm).filter(|_| application.units > 1) else {
                continue;
            };
            let on_kubernetes = is_on_kubernetes(self.deployment, index);
            let dialled = row.dialled_on_kubernetes.filter(|_| on_kubernetes);
            let signs_itself = charm.has_own_ca(PEERS);
            let transport = self.transport_among_units(index, row.tls);
            self.add(Edge {
                from: End::Application(index),
                process: None,
                to: End::Application(index),
                name: name(dialled.unwrap_or(row.dialled)),
                ports: row.port.into_iter().collect(),
                transport,
                checks: row.checks,
                mutual: row.mutual,
                shows: row.shows.as_deref().or(signs_itself.then_some(PEERS)),
                ca_in_databag: false,
                is_unread: false,
                is_by_names: false,
                reasons: vec![Reason::Units(row)],
            });
        }
    }

    /// What an application shows to its own units.
    fn transport_among_units(&self, index: ApplicationIndex, tls: TlsWhen) -> Transport {
        let certificate = self.certificates.for_units(index).map(str::to_owned);
        let signs_itself = self.deployment.applications[index].charm.has_own_ca(PEERS);
        match certificate.is_some() || tls == TlsWhen::Always || signs_itself {
            true => Transport::Tls { certificate },
            false => Transport::Plain(Plain::NoCertificate {
                possible: self.certificates.possible(index).map(str::to_owned),
            }),
        }
    }

    /// Another part of one cluster meets a listener as that meets its own units, and is handed the CA that its charm has.
    pub(crate) fn meet_as_units(&self, edge: &mut Edge, listener: ApplicationIndex) {
        let charm = &self.deployment.applications[listener].charm;
        let Some(row) = units_row(charm) else {
            return;
        };
        let signs_itself = charm.has_own_ca(PEERS);
        edge.transport = self.transport_among_units(listener, row.tls);
        edge.checks = row.checks;
        edge.mutual = row.mutual;
        edge.shows = row.shows.as_deref().or(signs_itself.then_some(PEERS));
        edge.ca_in_databag |= signs_itself;
    }

    /// Charms dial the workloads of their own units over TLS, where the table says so of them.
    pub(crate) fn add_to_own_workloads(&mut self) {
        for (index, application) in self.deployment.applications.iter_enumerated() {
            let charm = &application.charm;
            let rows = workload_rows().iter();
            for row in rows.filter(|row| is_of(charm, &row.charms, &row.not_as)) {
                let process = self.process(index, &row.process);
                // Another revision of the charm does.
                if !process.is_played && !row.unplayed {
                    continue;
                }
                let (to, name) = self.dialled_by_charm(index, row);
                let transport = self.transport(row.tls, to, to);
                // What is plain between a charm and its workload never leaves the machine.
                if !transport.is_tls() || is_plain_itself(to, self.deployment) {
                    continue;
                }
                self.add(Edge {
                    from: End::Application(index),
                    process: Some(Process {
                        is_played: process.is_played && !row.in_actions,
                        ..process
                    }),
                    to: End::Application(to),
                    name,
                    ports: BTreeSet::new(),
                    transport,
                    checks: row.checks,
                    mutual: row.mutual,
                    shows: None,
                    ca_in_databag: false,
                    is_unread: false,
                    is_by_names: false,
                    reasons: vec![Reason::Workload(row)],
                });
            }
        }
    }

    /// What a charm dials to come to its own workload: that, or its ingress.
    fn dialled_by_charm(
        &self,
        index: ApplicationIndex,
        row: &WorkloadRow,
    ) -> (ApplicationIndex, Name) {
        let revision = self.deployment.applications[index].revision;
        let by_ingress = row.by_ingress.filter(|[first, last]| {
            revision.is_some_and(|revision| (*first..=*last).contains(&revision))
        });
        let front = self.fronts.get(&index).and_then(|fronts| fronts.first());
        if let (Some(_), Some(front)) = (by_ingress, front) {
            let ingress = &self.deployment.applications[front.ingress];
            return (front.ingress, Name::External(external_name(ingress)));
        }
        let on_kubernetes = is_on_kubernetes(self.deployment, index);
        let dialled = row.dialled_on_kubernetes.filter(|_| on_kubernetes);
        (index, name(dialled.unwrap_or(row.dialled)))
    }
}

/// Whether a charm is one of these, and not another one of the same name.
pub(crate) fn is_of(charm: &CharmMetadata, names: &[String], not_as: &[String]) -> bool {
    let is_other = not_as
        .iter()
        .any(|other| other == charm.implementation.behaviour);
    names.contains(&charm.name) && !is_other
}

/// What is known of connections among the units of a charm.
fn units_row(charm: &CharmMetadata) -> Option<&'static UnitsRow> {
    let mut rows = units_rows().iter();
    rows.find(|row| is_of(charm, &row.charms, &row.not_as))
}
