//! What follows from relations, as lines of a scenario: comments beside `connections: derived`, or each connection as an
//! entry of its own, with the reasons as its comment.

use super::words::edges as words;
use trustsim_edges::{EdgeIndex, Outcome};
use trustsim_kernel::visible;
use trustsim_model::{ConnectionSpec, ConnectionSpecIndex, Deployment, EdgeBasis, NameSpec, Party};
use trustsim_scenario::{Derived, LeftOut};

/// Time between attempts where a line says nothing, in seconds.
const EVERY_S: u64 = 60;

/// Comments: a line for each relation because of which a side dials, or of which it cannot be told, and for each edge that no
/// relation shows. What of it is not played is marked, with why.
pub fn edge_comments(derived: &Derived, deployment: &Deployment) -> String {
    let found = &derived.edges;
    let mut text = String::new();
    for (index, outcome) in found.outcomes.iter_enumerated() {
        let relation = &deployment.relations[index];
        let (dials, edges): (String, &[EdgeIndex]) = match outcome {
            Outcome::None(_) => continue,
            Outcome::Unknown(_) => {
                let sides = relation.sides.each_ref();
                let sides = sides.map(|side| deployment.side_name(side));
                (sides.join(" and "), &[])
            }
            Outcome::Tls(edges) | Outcome::Plain(edges) => {
                (words::dials(outcome, found, deployment), edges)
            }
        };
        let why = words::why(outcome, relation, found, deployment);
        let unplayed = not_played(edges, derived, deployment);
        text.push_str(&comment(words::outcome(outcome), &dials, &why, &unplayed));
    }
    for (index, edge) in found.edges.iter_enumerated() {
        if let Some(why) = words::unseen(edge, deployment) {
            let dials = ends(index, derived, deployment);
            let unplayed = not_played(&[index], derived, deployment);
            let transport = words::transport(&edge.transport);
            text.push_str(&comment(transport, &dials, &why, &unplayed));
        }
    }
    text
}

/// Each connection that was derived as an entry of `connections`, with its clients outside, which is played as `connections:
/// derived` is.
pub fn written_connections(derived: &Derived, deployment: &Deployment) -> String {
    let mut text = clients(deployment);
    text.push_str("connections:");
    if derived.edges_made.is_empty() {
        text.push_str(" []");
    }
    text.push('\n');
    for (index, spec) in deployment.connections.iter_enumerated() {
        for reason in reasons(index, derived, deployment) {
            text.push_str(&visible(&format!("  # {reason}")));
            text.push('\n');
        }
        text.push_str(&format!("  - {{{}}}\n", entry(spec, deployment)));
    }
    let left_out = derived.edges_left_out.iter();
    let left_out: Vec<_> = left_out
        .filter(|(index, why)| is_told(*index, *why, derived))
        .collect();
    if !left_out.is_empty() {
        text.push_str("# TLS that is not played:\n");
    }
    for (index, why) in left_out {
        let (ends, why) = (ends(*index, derived, deployment), words::left_out(*why));
        text.push_str(&visible(&format!("#   {ends}: an edge {why}")));
        text.push('\n');
    }
    text
}

/// The clients outside, where there are any.
fn clients(deployment: &Deployment) -> String {
    let mut text = String::new();
    for (index, client) in deployment.clients.iter().enumerate() {
        if index == 0 {
            text.push_str(
                "clients:\n  # Which clients there are is told by nothing: one is taken that was given the CA as it is at the \
                 beginning, and no other\n  # (`refresh: 1d` fetches it each day).\n",
            );
        }
        let trusts = client.trusts.iter();
        let trusts = trusts.map(|ca| quoted(deployment.application_address(*ca).as_str()));
        let trusts: Vec<String> = trusts
            .chain(client.trusts_system.then(|| quoted("system")))
            .collect();
        let name = quoted(&client.name);
        text.push_str(&format!("  {name}: {{trusts: [{}]}}\n", trusts.join(", ")));
    }
    text
}

/// What an edge follows from, and why it is TLS: one line for each of its reasons.
fn reasons(index: ConnectionSpecIndex, derived: &Derived, deployment: &Deployment) -> Vec<String> {
    let made = derived.edges_made.iter();
    let edges = made.filter(|(_, is_of)| *is_of == index);
    let edges = edges.map(|(edge, _)| &derived.edges.edges[*edge]);
    let mut found: Vec<String> = Vec::new();
    for edge in edges {
        let because = words::edge_because(edge, deployment);
        for reason in &edge.reasons {
            let line = format!("{}: {because}", words::follows_from(*reason, deployment));
            if !found.contains(&line) {
                found.push(line);
            }
        }
    }
    found
}

/// The keys of a connection.
fn entry(spec: &ConnectionSpec, deployment: &Deployment) -> String {
    let with_endpoint = |address: String, endpoint: &Option<String>| match endpoint {
        Some(endpoint) => quoted(&format!("{address}:{endpoint}")),
        None => quoted(&address),
    };
    let from = match deployment.application_of(spec.from) {
        Some(index) => deployment.application_address(index).to_string(),
        None => deployment.party_name(spec.from).to_owned(),
    };
    let to = deployment.application_address(spec.to).to_string();
    let mut keys = vec![format!(
        "from: {}",
        with_endpoint(from, &spec.from_endpoint)
    )];
    let process = spec.from_process.as_ref();
    keys.extend(process.map(|name| format!("process: {}", quoted(name))));
    keys.push(format!("to: {}", with_endpoint(to, &spec.to_endpoint)));
    match &spec.name {
        Some(NameSpec::Written(name)) => keys.push(format!("name: {}", quoted(name))),
        Some(address) => keys.push(format!("dials: {address}")),
        None => {}
    }
    let binding = spec.binding.as_ref();
    keys.extend(binding.map(|endpoint| format!("binding: {}", quoted(endpoint))));
    if spec.every.as_secs() != EVERY_S {
        keys.push(format!("every: {}s", spec.every.as_secs()));
    }
    if spec.mutual {
        keys.push("mutual: true".to_owned());
    }
    // A client outside is assumed by itself.
    let is_assumed = match spec.edge {
        EdgeBasis::Assumed | EdgeBasis::Outside => true,
        EdgeBasis::Known | EdgeBasis::CaInDatabag => false,
    };
    if is_assumed {
        keys.push("assumed: true".to_owned());
    }
    assert!(
        !matches!(spec.from, Party::Saas(_)),
        "no connection is from a consumed offer"
    );
    keys.join(", ")
}

/// A text as YAML takes it for that text: JSON is YAML.
fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._/:".contains(letter);
    let is_address =
        text.contains('.') && text.starts_with(|first: char| first.is_ascii_lowercase());
    match is_address && text.chars().all(is_plain) && !text.ends_with(':') {
        true => text.to_owned(),
        false => serde_json::Value::from(text).to_string(),
    }
}

/// `model.app -> model.app`.
fn ends(index: EdgeIndex, derived: &Derived, deployment: &Deployment) -> String {
    let edge = &derived.edges.edges[index];
    let to = words::end(edge.to, deployment);
    format!("{} -> {to}", words::dialer(edge, deployment))
}

/// Whether an edge that is left out is one over TLS that the deployment has: plain is told already, and what is excepted is so
/// on purpose.
fn is_told(index: EdgeIndex, why: LeftOut, derived: &Derived) -> bool {
    let is_tls = derived.edges.edges[index].transport.is_tls();
    is_tls && !matches!(why, LeftOut::Excepted | LeftOut::OneUnit)
}

/// What of some edges is not played, with why.
fn not_played(edges: &[EdgeIndex], derived: &Derived, deployment: &Deployment) -> Vec<String> {
    let left_out = derived.edges_left_out.iter();
    let own =
        left_out.filter(|(index, why)| edges.contains(index) && is_told(*index, *why, derived));
    let told = own.map(|(index, why)| {
        let why = words::left_out(*why);
        match edges {
            [_] => format!("an edge {why}"),
            _ => format!("{}, an edge {why}", ends(*index, derived, deployment)),
        }
    });
    told.collect()
}

fn comment(outcome: &str, dials: &str, why: &str, unplayed: &[String]) -> String {
    let unplayed = match unplayed {
        [] => String::new(),
        some => format!(" (not played: {})", some.join("; ")),
    };
    let line = format!("#   {outcome:<8} {dials}: {why}{unplayed}");
    format!("{}\n", visible(&line))
}
