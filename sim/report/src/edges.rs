//! Edges that follow from relations, as tables: `relations`, `edges`.

use super::data_table::{DataTable, Field};
use super::words::edge_standing::EdgeStanding;
use super::words::edges as words;
use trustsim_edges::{
    CONTROLLER_NAME, CONTROLLER_SOURCE, Checks, Edge, Edges, Name, Outcome, Reason, Transport,
    controller_edges,
};
use trustsim_model::{AbsentRelation, Deployment, RelationIndex, Standings};

/// Every table. `relations` has a row for each relation, `edges` one for each edge with the relations it follows from.
pub fn edges(found: &Edges, deployment: &Deployment) -> Vec<DataTable> {
    vec![relations(found, deployment), each_edge(found, deployment)]
}

fn relations(found: &Edges, deployment: &Deployment) -> DataTable {
    let relations = deployment.relations.keys();
    let rows = relations.map(|index| relation_row(index, found, deployment));
    let absent = deployment.absent.iter();
    let rows = rows.chain(absent.map(|absent| absent_row(absent, deployment)));
    DataTable {
        name: "relations",
        header: &[
            "model",
            "provider",
            "requirer",
            "interface",
            "outcome",
            "dials",
            "edges",
            "name",
            "port",
            "why",
            "supply",
            "row",
            "source",
            "is_assumed",
            "note",
        ],
        rows: rows.collect(),
    }
}

fn relation_row(index: RelationIndex, found: &Edges, deployment: &Deployment) -> Vec<Field> {
    let (relation, outcome) = (&deployment.relations[index], &found.outcomes[index]);
    let [provider, requirer] = &relation.sides;
    let judged = words::row_and_source(index, found, deployment);
    let row = judged.as_ref().map(|(row, _)| *row);
    let source = judged.as_ref().map(|(_, source)| source.as_str());
    let supply = match outcome {
        Outcome::Unknown(unknown) => Field::text(words::supply(*unknown)),
        _ => Field::Nothing,
    };
    vec![
        Field::text(deployment.models[relation.model].name.as_str()),
        Field::text(deployment.side_name(provider)),
        Field::text(deployment.side_name(requirer)),
        Field::text(relation.interface.as_str()),
        Field::text(words::outcome(outcome)),
        Field::optional(row, |row| Field::text(words::dialing_side(row.dials))),
        Field::text(words::dials(outcome, found, deployment)),
        Field::text(words::names(outcome, found, deployment)),
        Field::text(words::ports(outcome, found)),
        Field::text(words::why(outcome, relation, found, deployment)),
        supply,
        Field::optional(row, |row| Field::Count(u64::from(row.number))),
        Field::optional(source, Field::text),
        Field::optional(row, |row| Field::Flag(row.assumed)),
        Field::optional(row.and_then(|row| row.note.as_deref()), Field::text),
    ]
}

fn absent_row(absent: &AbsentRelation, deployment: &Deployment) -> Vec<Field> {
    let model = deployment.applications[absent.application].model;
    let [provider, requirer, interface, why] = words::absent(absent, deployment);
    vec![
        Field::text(deployment.models[model].name.as_str()),
        Field::text(provider),
        Field::text(requirer),
        Field::text(interface),
        Field::text("unknown"),
        Field::Nothing,
        Field::text(""),
        Field::text(""),
        Field::text(""),
        Field::text(why),
        Field::text(words::SUPPLY_MODEL),
        Field::Nothing,
        Field::Nothing,
        Field::Nothing,
        Field::Nothing,
    ]
}

fn each_edge(found: &Edges, deployment: &Deployment) -> DataTable {
    let standings = Standings::of(deployment);
    let own = found.edges.iter();
    let own = own.map(|edge| edge_row(edge, deployment, &standings));
    let rows = own.chain(to_controllers(deployment));
    DataTable {
        name: "edges",
        header: &[
            "from",
            "to",
            "name",
            "dialled",
            "port",
            "transport",
            "standing",
            "certificate",
            "could_be_tls",
            "checks",
            "is_mutual",
            "ca_in_databag",
            "follows_from",
            "row",
            "source",
        ],
        rows: rows.collect(),
    }
}

fn edge_row(edge: &Edge, deployment: &Deployment, standings: &Standings<'_>) -> Vec<Field> {
    let certificate = match &edge.transport {
        Transport::Tls { certificate } => certificate.as_deref(),
        Transport::Plain(_) => None,
    };
    let name = match &edge.name {
        Name::External(Some(name)) => name,
        name => words::name(name),
    };
    let reasons: Vec<String> = edge
        .reasons
        .iter()
        .map(|reason| words::follows_from(*reason, deployment))
        .collect();
    let (row, source) = match edge.reasons.first().copied().and_then(source) {
        Some((row, source)) => (row, Field::text(source)),
        None => (Field::Nothing, Field::Nothing),
    };
    vec![
        Field::text(words::dialer(edge, deployment)),
        Field::text(words::end(edge.to, deployment)),
        Field::text(name),
        Field::text(edge.dialled(deployment).join(" ")),
        Field::text(words::spaced(&edge.ports)),
        Field::text(words::transport(&edge.transport)),
        Field::optional(EdgeStanding::of(edge, deployment, standings), |found| {
            Field::text(found.word())
        }),
        Field::optional(certificate, Field::text),
        Field::optional(edge.transport.possible_certificate(), Field::text),
        Field::text(words::checks(edge.checks)),
        Field::Flag(edge.mutual),
        Field::Flag(edge.ca_in_databag),
        Field::text(reasons.join("; ")),
        row,
        source,
    ]
}

/// Agents and controllers that dial controllers, which is TLS by a CA of Juju's own.
fn to_controllers(deployment: &Deployment) -> impl Iterator<Item = Vec<Field>> {
    controller_edges(deployment).into_iter().map(|edge| {
        let [from, to] = words::controller_edge(edge, deployment);
        vec![
            Field::text(from),
            Field::text(to),
            Field::text(CONTROLLER_NAME),
            Field::text(CONTROLLER_NAME),
            Field::text(""),
            Field::text("TLS"),
            Field::text(EdgeStanding::NotPlayed.word()),
            Field::Nothing,
            Field::Nothing,
            Field::text(words::checks(Checks::Verified)),
            Field::Flag(false),
            Field::Flag(false),
            Field::text(words::BY_JUJU),
            Field::Nothing,
            Field::text(CONTROLLER_SOURCE),
        ]
    })
}

/// The number of a reason's row, where its rows have numbers, and the source.
fn source(reason: Reason) -> Option<(Field, &'static str)> {
    Some(match reason {
        Reason::Relation {
            row,
            exception: Some(exception),
            ..
        } => (Field::Count(u64::from(row.number)), &exception.source),
        Reason::Relation { row, .. } | Reason::Ingress { row, .. } | Reason::Front(_, row) => {
            (Field::Count(u64::from(row.number)), row.source.as_str())
        }
        Reason::Units(row) => (Field::Nothing, row.source.as_str()),
        Reason::Workload(row) => (Field::Nothing, row.source.as_str()),
        Reason::Catalogue { by, .. } => (Field::Nothing, by.source.as_str()),
    })
}
