//! Edges that no relation shows: clients outside Juju, and the units of one application.

use crate::derive::Derivation;
use crate::edge::{Edge, End, Name, Plain, Reason, Transport};
use crate::fronts::external_name;
use crate::legs::{is_on_kubernetes, name};
use crate::row::{Checks, TlsWhen};
use crate::table::units_rows;
use crate::told;

impl Derivation<'_> {
    /// Clients outside Juju come to what is in front of applications.
    pub(crate) fn add_from_outside(&mut self) {
        for (index, relation) in self.deployment.relations.iter_enumerated() {
            let row = told::row(relation, self.deployment).ok();
            let Some(row) = row.filter(|row| row.front) else {
                continue;
            };
            let [provider, _] = self.applications(relation);
            let tls = match row.tls {
                TlsWhen::Always => TlsWhen::Always,
                _ => TlsWhen::ListenerCertificate,
            };
            let edge = Edge {
                from: End::Outside,
                to: End::Application(provider),
                name: Name::External(external_name(&self.deployment.applications[provider])),
                transport: self.transport(tls, provider, provider),
                checks: Checks::Verified,
                mutual: false,
                ca_in_databag: false,
                process: None,
                reasons: vec![Reason::Front(index, row)],
            };
            self.add(edge);
        }
    }

    /// Units of one application dial each other, where the table says so of its charm.
    pub(crate) fn add_among_units(&mut self) {
        for (index, application) in self.deployment.applications.iter_enumerated() {
            let charm = &application.charm.name;
            let rows = units_rows();
            let row = rows.iter().find(|row| row.charms.contains(charm));
            let Some(row) = row.filter(|_| application.units > 1) else {
                continue;
            };
            let on_kubernetes = is_on_kubernetes(self.deployment, index);
            let dialled = row.dialled_on_kubernetes.filter(|_| on_kubernetes);
            let certificate = self.certificates.for_units(index).map(str::to_owned);
            let signs_itself = row.own_ca && self.certificates.has_units_endpoint(index);
            let is_tls = certificate.is_some() || row.tls == TlsWhen::Always || signs_itself;
            let transport = match is_tls {
                true => Transport::Tls { certificate },
                false => Transport::Plain(Plain::NoCertificate {
                    possible: self.certificates.possible(index).map(str::to_owned),
                }),
            };
            self.add(Edge {
                from: End::Application(index),
                to: End::Application(index),
                name: name(dialled.unwrap_or(row.dialled)),
                transport,
                checks: Checks::Verified,
                mutual: row.mutual,
                ca_in_databag: false,
                process: None,
                reasons: vec![Reason::Units(row)],
            });
        }
    }
}
