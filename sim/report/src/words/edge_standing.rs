//! How far an edge is known: the connections that are made of it, or that there is none.

use super::edges::found;
use super::standing;
use trustsim_edges::{Edge, Edges, End, Outcome};
use trustsim_model::{ConnectionSpec, Deployment, Party, Standing, Standings};

/// How far a TLS edge is known. The order is from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeStanding {
    /// As the connections that are made of it.
    Played(Standing),
    /// No connection is made of it.
    NotPlayed,
}

impl EdgeStanding {
    /// Of an edge; nothing of one that is plain.
    pub fn of(edge: &Edge, deployment: &Deployment, standings: &Standings<'_>) -> Option<Self> {
        if !edge.transport.is_tls() {
            return None;
        }
        let is_of_edge = |connection: &ConnectionSpec| {
            let process = edge.process.map(|process| process.name);
            // Every client is outside.
            let from = match connection.from {
                Party::Client(_) => Some(End::Outside),
                party => deployment.application_of(party).map(End::Application),
            };
            from == Some(edge.from)
                && edge.to == End::Application(connection.to)
                && connection.from_process.as_deref() == process
        };
        let connections = deployment.connections.iter_enumerated();
        let own = connections.filter(|(_, connection)| is_of_edge(connection));
        let own = own.map(|(index, _)| standings.of_connection(index).standing);
        let assumed = edge.is_assumed().then_some(Standing::Assumed);
        Some(match own.max() {
            Some(worst) => Self::Played(worst.max(assumed.unwrap_or(worst))),
            None => Self::NotPlayed,
        })
    }

    /// Of a relation: that of the worst of its edges.
    pub fn of_relation(
        outcome: &Outcome,
        edges: &Edges,
        deployment: &Deployment,
        standings: &Standings<'_>,
    ) -> Option<Self> {
        let found = found(outcome).iter();
        let each = found.filter_map(|index| Self::of(&edges.edges[*index], deployment, standings));
        each.max()
    }

    /// `modelled`, `assumed`, `not simulated` or `not played`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Played(known) => standing::word(known),
            Self::NotPlayed => "not played",
        }
    }
}
