//! What clients find in a catalogue of services: each dials servers of which no relation of its own tells it.

use crate::called::set_to_internal;
use crate::derive::Derivation;
use crate::edge::{Edge, End, Name, Plain, Reason, Transport};
use crate::legs::name;
use crate::published::Published;
use crate::row::{CatalogueRow, LookupRow, TlsWhen};
use crate::table::catalogue_rows;
use std::collections::BTreeSet;
use trustsim_model::{ApplicationIndex, Deployment, RelationIndex};

/// An application that has to do with a catalogue.
#[derive(Clone, Copy)]
struct Member {
    application: ApplicationIndex,
    /// The application that keeps the catalogue.
    keeper: ApplicationIndex,
    /// The relation over which it registers there, or is told of it.
    relation: RelationIndex,
}

/// The applications that look up services in a catalogue, of which it is not known what they find.
pub fn unknown_lookups(
    deployment: &Deployment,
) -> Vec<(&'static CatalogueRow, BTreeSet<ApplicationIndex>)> {
    let rows = catalogue_rows().iter();
    let found = rows.map(|row| {
        let clients = clients(row, &members(row, deployment), deployment).into_iter();
        let indices = clients.map(|client| client.application);
        let is_unknown = |index: &ApplicationIndex| {
            let charm = &deployment.applications[*index].charm.name;
            !row.lookups.iter().any(|by| by.charms.contains(charm))
        };
        (row, indices.filter(is_unknown).collect::<BTreeSet<_>>())
    });
    found.filter(|(_, unknown)| !unknown.is_empty()).collect()
}

impl Derivation<'_> {
    /// Adds what each client finds that is known to look it up.
    pub(crate) fn add_found_in_catalogues(&mut self) {
        for row in catalogue_rows() {
            let members = members(row, self.deployment);
            for client in clients(row, &members, self.deployment) {
                for by in &row.lookups {
                    self.add_lookup(row, by, client, &members);
                }
            }
        }
    }

    fn add_lookup(
        &mut self,
        row: &'static CatalogueRow,
        by: &'static LookupRow,
        client: Member,
        services: &[Member],
    ) {
        let deployment = self.deployment;
        let charm = |index: ApplicationIndex| &deployment.applications[index].charm.name;
        let has = |endpoint: &String| {
            let mut relations = deployment.relations.iter();
            relations.any(|relation| {
                relation.sides.iter().any(|side| {
                    side.endpoint == *endpoint
                        && deployment.application_of(side.party) == Some(client.application)
                })
            })
        };
        if !by.charms.contains(charm(client.application)) || !by.with.iter().all(has) {
            return;
        }
        for service in services {
            if service.keeper == client.keeper
                && service.application != client.application
                && by.finds.contains(charm(service.application))
            {
                self.add_found(row, by, client, *service);
            }
        }
    }

    fn add_found(
        &mut self,
        row: &'static CatalogueRow,
        by: &'static LookupRow,
        client: Member,
        service: Member,
    ) {
        let to = service.application;
        let named_by = match set_to_internal(by, &self.deployment.applications[client.application])
        {
            true => &row.named_internally_by,
            false => &row.named_by,
        };
        let named = self.named(to, named_by, &row.clustered_by);
        let relation = &self.deployment.relations[service.relation];
        let published = Published::over(relation, to, self.deployment);
        let transport = match published.and_then(|published| published.is_tls()) {
            Some(false) => Transport::Plain(Plain::Published),
            Some(true) => self.transport(TlsWhen::Always, to, to),
            None => self.transport(row.tls, to, to),
        };
        self.add(Edge {
            from: End::Application(client.application),
            process: None,
            to: End::Application(to),
            name: named.map_or(name(row.dialled), |name| Name::External(Some(name))),
            ports: BTreeSet::new(),
            transport,
            checks: row.checks,
            mutual: false,
            shows: None,
            ca_in_databag: by.ca_in_databag,
            is_unread: false,
            is_by_names: false,
            reasons: vec![Reason::Catalogue {
                client: client.relation,
                service: service.relation,
                row,
                by,
            }],
        });
    }
}

/// The applications that have a relation of their own with the keeper of a catalogue, once for each keeper.
fn members(row: &CatalogueRow, deployment: &Deployment) -> Vec<Member> {
    let mut found = Vec::new();
    for (relation, [keeper, application]) in related(&row.interfaces, deployment) {
        push(&mut found, application, keeper, relation);
    }
    found
}

/// The members, and those that one of them tells of the catalogue.
fn clients(row: &CatalogueRow, members: &[Member], deployment: &Deployment) -> Vec<Member> {
    let mut found = members.to_vec();
    for (relation, [application, by]) in related(&row.told_over, deployment) {
        for member in members.iter().filter(|member| member.application == by) {
            push(&mut found, application, member.keeper, relation);
        }
    }
    found
}

fn push(
    found: &mut Vec<Member>,
    application: ApplicationIndex,
    keeper: ApplicationIndex,
    relation: RelationIndex,
) {
    let mut known = found.iter();
    if !known.any(|known| known.application == application && known.keeper == keeper) {
        found.push(Member {
            application,
            keeper,
            relation,
        });
    }
}

/// The relations of some interfaces with the applications that provide and require.
fn related<'d>(
    interfaces: &'d [String],
    deployment: &'d Deployment,
) -> impl Iterator<Item = (RelationIndex, [ApplicationIndex; 2])> + 'd {
    let relations = deployment.relations.iter_enumerated();
    let own = relations.filter(|(_, relation)| interfaces.contains(&relation.interface));
    own.map(|(index, relation)| {
        let parties = relation.sides.each_ref().map(|side| side.party);
        let applications = parties.map(|party| {
            let application = deployment.application_of(party);
            application.expect("a side of a relation is an application or an offer of one")
        });
        (index, applications)
    })
}
