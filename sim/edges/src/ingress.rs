//! What is dialled by the URL of an ingress that a listener gives its clients in place of its own.

use std::collections::BTreeSet;

use crate::derive::Derivation;
use crate::edge::{Edge, EdgeIndex, End, Name, Plain, Reason, Transport, Unknown};
use crate::fronts::Front;
use crate::legs::{Leg, name};
use crate::published::Published;
use crate::row::{Speaks, TlsWhen};
use crate::told;
use trustsim_charm_model::Provenance;
use trustsim_model::RelationIndex;

impl Derivation<'_> {
    /// The ingresses in front of the listener whose URLs it gives its clients over this relation, as far as its row and the
    /// exceptions of that say.
    pub(crate) fn given_fronts(&self, leg: &Leg<'_>) -> Vec<Front> {
        let all = self
            .fronts
            .get(&leg.listener)
            .map_or(&[][..], Vec::as_slice);
        let at = |endpoint: &String| {
            let is_there = |front: &&Front| self.is_at(front, endpoint);
            all.iter().filter(is_there).copied().collect::<Vec<_>>()
        };
        let endpoints = leg.facts(self.deployment).ingress_endpoints;
        match (endpoints, leg.row.ingress_in_order) {
            ([], _) => all.to_vec(),
            (some, false) => some.iter().flat_map(at).collect(),
            (some, true) => {
                let related = some.iter().map(at).find(|fronts| !fronts.is_empty());
                // Where none of them is related it has no ingress whose URL it could give.
                related.unwrap_or_default()
            }
        }
    }

    fn is_at(&self, front: &Front, endpoint: &str) -> bool {
        let mut sides = self.deployment.relations[front.relation].sides.iter();
        sides.any(|side| side.endpoint == endpoint)
    }

    /// Whether an option of the listener lets it give the URL of an ingress. Where the option is not set, and which revisions
    /// have it was not found, it cannot be told of a revision that is named; without one it is the newest that was read.
    fn lets_give(&self, front: &Front, leg: &Leg<'_>) -> Result<bool, Unknown> {
        let Some(option) = &leg.row.ingress_option else {
            return Ok(true);
        };
        let mut endpoints = option.endpoints.iter();
        if !endpoints.any(|endpoint| self.is_at(front, endpoint)) {
            return Ok(true);
        }
        let listener = &self.deployment.applications[leg.listener];
        if let Some(value) = listener.options.get(&option.name) {
            return Ok(value == "true");
        }
        let is_own = listener.charm.provenance == Provenance::Scenario;
        if listener.revision.is_some() && !is_own {
            return Err(Unknown::IngressOption(leg.row));
        }
        let default = listener.charm.options.get(&option.name);
        let default = default.and_then(|option| option.default.as_deref());
        Ok(default.is_some_and(|value| value == "true"))
    }

    /// The edges of a client that is given the URL of an ingress in front of the listener; none where there is none.
    pub(crate) fn through_ingress(
        &mut self,
        client: RelationIndex,
        leg: &Leg<'_>,
        direct: &Edge,
        speaks: Speaks,
        published: Option<Published<'_>>,
    ) -> Result<Vec<EdgeIndex>, Unknown> {
        let mut found = Vec::new();
        for front in self.given_fronts(leg) {
            // The ingress itself dials what is behind it.
            if front.ingress == leg.dialer {
                continue;
            }
            if published.is_none() && !self.lets_give(&front, leg)? {
                continue;
            }
            let relation = &self.deployment.relations[front.relation];
            let row = told::row(relation, self.deployment);
            let row = row.expect("a relation that gives URLs has a row");
            let inner = Leg {
                row,
                told_by: row,
                relation,
                dialer: front.ingress,
                listener: leg.listener,
                provider: front.ingress,
            };
            let reason = Reason::Ingress {
                client,
                row: leg.told_by,
                ingress: front.relation,
            };
            let outer = self.to_ingress(leg, &inner, direct, speaks, published);
            found.push(self.add(Edge {
                reasons: vec![reason],
                ..outer
            }));
            let facts = inner.facts(self.deployment);
            found.push(self.add(Edge {
                from: End::Application(front.ingress),
                process: None,
                to: End::Application(leg.listener),
                name: name(facts.dialled),
                ports: facts.port.into_iter().collect(),
                transport: self.transport(facts.tls, leg.listener, front.ingress),
                checks: facts.checks,
                mutual: row.mutual,
                shows: row.shows.as_deref(),
                ca_in_databag: row.ca_in_databag,
                is_unread: false,
                is_by_names: false,
                reasons: vec![reason],
            }));
        }
        Ok(found)
    }

    /// The edge from a client to the ingress.
    fn to_ingress(
        &self,
        leg: &Leg<'_>,
        inner: &Leg<'_>,
        direct: &Edge,
        speaks: Speaks,
        published: Option<Published<'_>>,
    ) -> Edge {
        let ingress = inner.dialer;
        let public = published.and_then(|published| published.public_name());
        let when = match published.and_then(|published| published.is_tls()) {
            Some(true) => TlsWhen::Always,
            Some(false) => TlsWhen::Never,
            None if inner.row.tls == TlsWhen::Always => TlsWhen::Always,
            None => TlsWhen::ListenerCertificate,
        };
        Edge {
            to: End::Application(ingress),
            name: match public {
                Some(public) => Name::External(Some(public.to_owned())),
                None => self.name_of_ingress(ingress, inner.row),
            },
            transport: match when {
                TlsWhen::Never => Transport::Plain(Plain::Published),
                when => self.spoken(self.transport(when, ingress, ingress), speaks, leg.dialer),
            },
            // Where the URL says none, that of the ingress.
            ports: match (published, public) {
                (Some(published), Some(_)) => published.ports(),
                _ => BTreeSet::new(),
            },
            mutual: false,
            ca_in_databag: false,
            ..direct.clone()
        }
    }
}
