//! Edges that follow from relations, for a terminal: each relation with what it ends as, then what no relation shows, and
//! the counts.

use anstyle::Style;

use super::style;
use super::{Align, Cell, Detail, Table};
use crate::words::edge_standing::EdgeStanding;
use crate::words::edges as words;
use trustsim_edges::{Edges, Outcome, Transport};
use trustsim_model::{Deployment, Standings};
use trustsim_scenario::Derived;

/// Renders them; the sources are in the verbose form.
pub fn edges(found: &Edges, deployment: &Deployment, detail: Detail) -> String {
    let mut text = relations(found, deployment, detail);
    let unseen = unseen(found, deployment, detail);
    if !unseen.is_empty() {
        text.push('\n');
        text.push_str(&unseen);
    }
    text.push_str(&format!("\n{}\n", words::counts(&found.counts())));
    for told in words::further(deployment) {
        text.push_str(&format!("{told}\n"));
    }
    if let Some(told) = words::to_controllers(deployment) {
        text.push_str(&format!("{told}\n"));
    }
    text
}

/// The line of what was derived of a scenario's connections.
pub fn derived(found: &Derived) -> String {
    format!("{}\n", words::derived(found))
}

fn relations(found: &Edges, deployment: &Deployment, detail: Detail) -> String {
    let with_source = detail >= Detail::Verbose;
    let mut header = vec![
        ("Model", Align::Left),
        ("Provider", Align::Left),
        ("Requirer", Align::Left),
        ("Interface", Align::Left),
        ("Outcome", Align::Left),
        ("Standing", Align::Left),
        ("Dials", Align::Left),
        ("Name", Align::Left),
        ("Why", Align::Left),
    ];
    if with_source {
        header.push(("Source", Align::Left));
    }
    let standings = Standings::of(deployment);
    let mut table = Table::new(&header);
    for (index, relation) in deployment.relations.iter_enumerated() {
        let outcome = &found.outcomes[index];
        let [provider, requirer] = relation
            .sides
            .each_ref()
            .map(|side| deployment.side_name(side));
        let mut cells = vec![
            Cell::plain(&deployment.models[relation.model].name),
            Cell::plain(&provider),
            Cell::plain(&requirer),
            Cell::plain(&relation.interface),
            Cell::new(words::outcome(outcome), colour(outcome, found)),
            Cell::plain(
                EdgeStanding::of_relation(outcome, found, deployment, &standings)
                    .map_or("", EdgeStanding::word),
            ),
            Cell::plain(&words::dials(outcome, found, deployment)),
            Cell::plain(&words::names(outcome, found, deployment)),
            Cell::plain(&words::why(outcome, relation, found, deployment)),
        ];
        if with_source {
            cells.push(Cell::plain(&words::source(index, found, deployment)));
        }
        table.row(cells);
    }
    for absent in &deployment.absent {
        let model = deployment.applications[absent.application].model;
        let [provider, requirer, interface, why] = words::absent(absent, deployment);
        let why = format!("{why}: {}", words::SUPPLY_MODEL);
        let mut cells = vec![
            Cell::plain(&deployment.models[model].name),
            Cell::plain(&provider),
            Cell::plain(&requirer),
            Cell::plain(&interface),
            Cell::new("unknown", style::BAD),
            Cell::plain(""),
            Cell::plain(""),
            Cell::plain(""),
            Cell::plain(&why),
        ];
        if with_source {
            cells.push(Cell::plain(""));
        }
        table.row(cells);
    }
    table.render()
}

/// Plain is to be waited for where it could be TLS.
fn colour(outcome: &Outcome, found: &Edges) -> Style {
    match outcome {
        Outcome::Tls(_) => style::GOOD,
        Outcome::Unknown(_) => style::BAD,
        Outcome::None(_) => style::PLAIN,
        Outcome::Plain(edges) => {
            let transports = edges.iter().map(|edge| &found.edges[*edge].transport);
            let mut possible = transports.map(Transport::possible_certificate);
            match possible.any(|endpoint| endpoint.is_some()) {
                true => style::WAIT,
                false => style::PLAIN,
            }
        }
    }
}

/// The edges that no relation shows; empty where there are none.
fn unseen(found: &Edges, deployment: &Deployment, detail: Detail) -> String {
    let with_source = detail >= Detail::Verbose;
    let mut header = vec![
        ("From", Align::Left),
        ("To", Align::Left),
        ("Name", Align::Left),
        ("Transport", Align::Left),
        ("Standing", Align::Left),
        ("Why", Align::Left),
    ];
    if with_source {
        header.push(("Source", Align::Left));
    }
    let standings = Standings::of(deployment);
    let mut table = Table::new(&header);
    for edge in &found.edges {
        let Some(why) = words::unseen(edge, deployment) else {
            continue;
        };
        let mut cells = vec![
            Cell::plain(&words::dialer(edge, deployment)),
            Cell::plain(&words::end(edge.to, deployment)),
            Cell::plain(&words::dialled(edge, deployment)),
            Cell::plain(words::transport(&edge.transport)),
            Cell::plain(
                EdgeStanding::of(edge, deployment, &standings).map_or("", EdgeStanding::word),
            ),
            Cell::plain(&why),
        ];
        if with_source {
            cells.push(Cell::plain(&words::unseen_source(edge)));
        }
        table.row(cells);
    }
    match table.is_empty() {
        true => String::new(),
        false => table.render(),
    }
}
