//! What of a deployment's TLS no run plays, for answers that would else pass over it in silence.

use super::data_table::{DataTable, Field};
use super::words::{edges as edge_words, standing};
use trustsim_model::{Coverage, Deployment, Party, Standing};
use trustsim_scenario::{Derived, LeftOut};

/// Edges over TLS of which nothing is played.
#[derive(Clone, Debug, Default)]
pub struct Unplayed {
    /// Each, those of lines of the scenario first.
    pub edges: Vec<UnplayedEdge>,
    /// Whether there is any connection, played or not.
    pub has_connections: bool,
    /// Whether connections are derived from the relations.
    pub is_derived: bool,
}

/// An edge of which nothing is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnplayedEdge {
    /// `model.app`, `model.app (charm)` where it is another process than the workload, a client outside Juju, or
    /// `outside`.
    pub client: String,
    /// `model.app`, or `outside`.
    pub server: String,
    /// The name that is dialled.
    pub name: Option<String>,
    /// Why it is not played.
    pub why: String,
}

impl Unplayed {
    /// Connections whose charms are not described, and derived edges that are not made connections.
    pub fn of(deployment: &Deployment, derived: Option<&Derived>) -> Self {
        let mut edges = not_simulated(deployment);
        for (index, why) in derived.iter().flat_map(|found| &found.edges_left_out) {
            // Plain has no certificate, and what is excepted is so on purpose.
            if matches!(why, LeftOut::Plain | LeftOut::Excepted | LeftOut::OneUnit) {
                continue;
            }
            let edge = derived.map(|found| &found.edges.edges[*index]);
            edges.extend(edge.map(|edge| UnplayedEdge {
                client: edge_words::dialer(edge, deployment),
                server: edge_words::end(edge.to, deployment),
                name: Some(edge_words::name(&edge.name).to_owned()),
                why: format!("an edge {}", edge_words::left_out(*why)),
            }));
        }
        Self {
            edges,
            has_connections: !deployment.connections.is_empty(),
            is_derived: derived.is_some(),
        }
    }

    /// As a table: `not_played`.
    pub(super) fn table(&self) -> DataTable {
        let rows = self.edges.iter().map(|edge| {
            vec![
                Field::text(&edge.client),
                Field::text(&edge.server),
                Field::optional(edge.name.as_deref(), Field::text),
                Field::text(&edge.why),
            ]
        });
        DataTable {
            name: "not_played",
            header: &["client", "server", "name", "why"],
            rows: rows.collect(),
        }
    }
}

/// The lines of a scenario that are not simulated, with what is missing.
fn not_simulated(deployment: &Deployment) -> Vec<UnplayedEdge> {
    let coverage = Coverage::of(deployment);
    let address = |party: Party| match deployment.application_of(party) {
        Some(index) => deployment.application_address(index).to_string(),
        None => deployment.party_name(party).to_owned(),
    };
    let bases = coverage.bases.iter_enumerated();
    let missing = bases.filter(|(_, basis)| basis.standing == Standing::NotSimulated);
    missing
        .map(|(index, basis)| {
            let line = &deployment.connections[index];
            let reasons = basis.reasons.iter();
            let reasons = reasons.filter(|one| one.gap.standing() == Standing::NotSimulated);
            let reasons: Vec<String> = reasons
                .map(|one| standing::reason(one, deployment))
                .collect();
            let from = address(line.from);
            UnplayedEdge {
                client: match &line.from_process {
                    Some(process) => format!("{from} ({process})"),
                    None => from,
                },
                server: deployment.application_address(line.to).to_string(),
                name: line.name.as_ref().map(ToString::to_string),
                why: reasons.join("; "),
            }
        })
        .collect()
}
