//! The words for edges that follow from relations: what each relation ends as, who dials, and why.

use std::collections::BTreeSet;

use super::number::counted;
use trustsim_charm_model::{EndpointSource, Role};
use trustsim_edges::{
    Checks, ControllerEdge, Counts, Dials, Edge, Edges, End, Name, NoEdge, Outcome, Plain, Reason,
    Row, Transport, Unknown, controller_edges, row_of, unknown_lookups,
};
use trustsim_model::{AbsentRelation, ControllerIndex, Deployment, RelationIndex, RelationSpec};
use trustsim_scenario::{Derived, LeftOut};

/// `TLS`, `plain`, `none` or `unknown`.
pub const fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Tls(_) => "TLS",
        Outcome::Plain(_) => "plain",
        Outcome::None(_) => "none",
        Outcome::Unknown(_) => "unknown",
    }
}

/// `TLS` or `plain`.
pub const fn transport(transport: &Transport) -> &'static str {
    match transport {
        Transport::Tls { .. } => "TLS",
        Transport::Plain(_) => "plain",
    }
}

/// `29 relations: 18 TLS, 3 plain, 7 none, 1 unknown`.
pub fn counts(counts: &Counts) -> String {
    format!(
        "{}: {} TLS, {} plain, {} none, {} unknown",
        counted(counts.all() as u64, "relation"),
        counts.tls,
        counts.plain,
        counts.none,
        counts.unknown,
    )
}

/// The counts, how many connections came of them, and what was not made one.
pub fn derived(derived: &Derived) -> String {
    let mut made = counted(derived.made as u64, "connection");
    made.push_str(" derived");
    if derived.assumed > 0 {
        made.push_str(&format!(" ({} assumed)", derived.assumed));
    }
    let left = derived.left_out.iter();
    let left: Vec<String> = left
        .map(|(why, count)| format!("{count} {}", left_out(*why)))
        .collect();
    let counts = counts(&derived.edges.counts());
    match left.is_empty() {
        true => format!("{counts}; {made}"),
        false => {
            let edges = derived.left_out.values().map(|count| *count as u64).sum();
            // A relation may make two edges, and an application has several units.
            let edges = counted(edges, "edge");
            format!("{counts}; {made}; {edges} not played: {}", left.join(", "))
        }
    }
}

/// Why an edge is not made a connection, after how many there are.
pub const fn left_out(why: LeftOut) -> &'static str {
    match why {
        LeftOut::Excepted => "excepted",
        LeftOut::Plain => "plain",
        LeftOut::Mismatched => {
            "whose client speaks without TLS to a server that speaks it, so that nothing comes through"
        }
        LeftOut::Outside => "to outside",
        LeftOut::OutsideUnnamed => "from outside to what has no public name that is told",
        LeftOut::Localhost => "at localhost",
        LeftOut::Unread => "with a charm of which nothing is known",
        LeftOut::Unchecked => {
            "whose client does not check chain and name, or checks them by settings of its own"
        }
        LeftOut::Address => "to the address of a pod",
        LeftOut::NoCertificate => "whose certificate comes from no relation",
        LeftOut::ModelNotGiven => "whose certificate comes from a model that is not given",
        LeftOut::CaInDatabag => "whose CA comes in the databag alone",
        LeftOut::NoClientCertificate => "whose client has no certificate of a relation",
        LeftOut::OneUnit => "of a single unit to itself",
        LeftOut::CharmsTrust => {
            "of a charm, not of its workload, whose times or trust are not played"
        }
    }
}

/// `model.app`, or `outside`.
pub fn end(end: End, deployment: &Deployment) -> String {
    match end {
        End::Application(index) => deployment.application_address(index).to_string(),
        End::Outside => "outside".to_owned(),
    }
}

/// What opens an edge: `model.app`, `model.app (charm)` where it is another process than the workload, or `outside`.
pub fn dialer(edge: &Edge, deployment: &Deployment) -> String {
    let from = end(edge.from, deployment);
    match edge.process {
        Some(process) => format!("{from} ({})", process.name),
        None => from,
    }
}

/// The name that is dialled.
pub fn name(name: &Name) -> &str {
    match name {
        Name::Host => "its host name",
        Name::Address => "its address",
        Name::IngressAddress => "its ingress address",
        Name::Service => "its service",
        Name::HeadlessService => "its headless service",
        Name::Localhost => "localhost",
        Name::External(Some(name)) => name,
        Name::External(None) => "its public name",
    }
}

/// What the dialer checks.
pub const fn checks(checks: Checks) -> &'static str {
    match checks {
        Checks::Verified => "verified",
        Checks::ChainOnly => "chain-only",
        Checks::Unverified => "unverified",
        Checks::ClientDecides => "client-decides",
    }
}

/// `cos.grafana -> cos.traefik -> cos.loki`: the ends of the edges of a relation, in order.
pub fn dials(outcome: &Outcome, edges: &Edges, deployment: &Deployment) -> String {
    let mut text = String::new();
    let mut before = None;
    for index in found(outcome) {
        let edge = &edges.edges[*index];
        let (from, to) = (end(edge.from, deployment), end(edge.to, deployment));
        // What is so between some charms beside the rest is a way of its own.
        let is_beside = edge
            .reasons
            .iter()
            .all(|reason| matches!(reason, Reason::Relation { row, .. } if row.between.is_some()));
        if before == Some(edge.from) && !is_beside {
            text.push_str(&format!(" -> {to}"));
        } else {
            let gap = if text.is_empty() { "" } else { "; " };
            text.push_str(&format!("{gap}{from} -> {to}"));
        }
        before = Some(edge.to);
    }
    text
}

/// The names that are dialled with their ports, in the order of the edges.
pub fn names(outcome: &Outcome, edges: &Edges, deployment: &Deployment) -> String {
    let names = found(outcome).iter();
    let mut names: Vec<String> = names
        .map(|index| dialled(&edges.edges[*index], deployment))
        .collect();
    names.dedup();
    names.join("; ")
}

/// The ports that are dialled, in their order.
pub fn ports(outcome: &Outcome, edges: &Edges) -> String {
    let found = found(outcome).iter();
    let ports = found.flat_map(|index| &edges.edges[*index].ports);
    let ports: BTreeSet<u16> = ports.copied().collect();
    spaced(&ports)
}

/// Ports with a space between them.
pub fn spaced(ports: &BTreeSet<u16>) -> String {
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    ports.join(" ")
}

/// `prometheus-0.prometheus-endpoints.m.svc.cluster.local:9090`, that of the first unit and how many there are more, or what
/// is known of a name that is not told.
pub fn dialled(edge: &Edge, deployment: &Deployment) -> String {
    let hosts = edge.dialled(deployment);
    let ports: Vec<String> = edge.ports.iter().map(ToString::to_string).collect();
    let ports = ports.join(",");
    let Some((first, others)) = hosts.split_first() else {
        return match ports.as_str() {
            "" => name(&edge.name).to_owned(),
            ports => format!("{} at {ports}", name(&edge.name)),
        };
    };
    let host = match (ports.as_str(), first.contains(':')) {
        ("", _) => first.clone(),
        (ports, true) => format!("[{first}]:{ports}"),
        (ports, false) => format!("{first}:{ports}"),
    };
    match others.len() {
        0 => host,
        more => format!("{host} and {more} more"),
    }
}

pub(super) fn found(outcome: &Outcome) -> &[trustsim_edges::EdgeIndex] {
    match outcome {
        Outcome::Tls(found) | Outcome::Plain(found) => found,
        Outcome::None(_) | Outcome::Unknown(_) => &[],
    }
}

/// Why a relation ends as it does.
pub fn why(
    outcome: &Outcome,
    relation: &RelationSpec,
    edges: &Edges,
    deployment: &Deployment,
) -> String {
    let mut text = match outcome {
        Outcome::None(NoEdge::Table(row)) => no_edge(row).to_owned(),
        Outcome::None(NoEdge::Exception(exception)) => {
            let why = exception.note.as_deref();
            let why = why.expect("an exception by which nothing is dialled says why");
            format!("no side dials: {why}")
        }
        Outcome::Unknown(unknown) => format!(
            "{}: {}",
            unknown_because(*unknown, relation),
            supply(*unknown)
        ),
        Outcome::Tls(found) | Outcome::Plain(found) => {
            let mut said: Vec<String> = Vec::new();
            for index in found {
                let why = edge_because(&edges.edges[*index], deployment);
                if !said.contains(&why) {
                    said.push(why);
                }
            }
            said.join("; ")
        }
    };
    if is_by_usual_names(relation, deployment) {
        text.push_str("; the interface is told by the names of the endpoints");
    }
    text
}

/// Whether no description tells the interface of a relation, and the names of its endpoints do.
fn is_by_usual_names(relation: &RelationSpec, deployment: &Deployment) -> bool {
    relation.sides.iter().all(|side| {
        let application = deployment.application_of(side.party);
        let charm = application.map(|index| &deployment.applications[index].charm);
        let endpoint = charm.and_then(|charm| charm.endpoint(&side.endpoint));
        endpoint.is_some_and(|endpoint| endpoint.source == EndpointSource::UsualName)
    })
}

const fn no_edge(row: &Row) -> &'static str {
    match row.assumed {
        true => "no side dials, as far as is known",
        false => "no side dials",
    }
}

fn is_described(end: End, deployment: &Deployment) -> bool {
    let application = end.application();
    application.is_some_and(|index| deployment.applications[index].charm.is_described())
}

/// Whether units are dialled, by each other or by another part of their cluster, with what their charm signs for them.
fn signs_for_its_units(edge: &Edge, deployment: &Deployment) -> bool {
    let listener = edge.to.application();
    listener
        .zip(edge.shows)
        .is_some_and(|(index, endpoint)| deployment.applications[index].charm.has_own_ca(endpoint))
}

/// Why an edge is TLS, or plain.
pub fn edge_because(edge: &Edge, deployment: &Deployment) -> String {
    let to = end(edge.to, deployment);
    let because = match &edge.transport {
        Transport::Tls {
            certificate: Some(endpoint),
        } => match edge.is_unread {
            true => format!(
                "{to}:{endpoint} may bring its certificate: {}",
                match is_described(edge.to, deployment) {
                    true => "its charm is not known to have that endpoint",
                    false => "its charm was not read",
                }
            ),
            false => format!("{to}:{endpoint} brings its certificate"),
        },
        Transport::Tls { certificate: None } if signs_for_its_units(edge, deployment) => {
            format!("the charm of {to} signs for its units with a CA of its own")
        }
        Transport::Tls { certificate: None } => format!("{to} is dialled over TLS"),
        Transport::Plain(Plain::NoCertificate {
            possible: Some(endpoint),
        }) => format!("{to} has no certificate, which {to}:{endpoint} could bring"),
        Transport::Plain(Plain::NoCertificate { possible: None }) => {
            format!("{to} has no certificate")
        }
        Transport::Plain(Plain::Never) => "never TLS".to_owned(),
        Transport::Plain(Plain::ByOption) => "an option says so".to_owned(),
        Transport::Plain(Plain::Published) => format!("{to} publishes an http URL"),
        Transport::Plain(Plain::NoServer) => format!("{to} serves without TLS"),
        Transport::Plain(Plain::Mismatched { until_certificate }) => {
            let from = end(edge.from, deployment);
            let until = match until_certificate {
                true => " while it has no certificate of its own",
                false => "",
            };
            format!("it fails: {from} speaks without TLS here{until}, and {to} with it")
        }
    };
    let mut text = because;
    match edge.checks {
        Checks::Verified => {}
        Checks::ChainOnly => text.push_str(", whose name is not checked"),
        Checks::Unverified => text.push_str(", which is not checked"),
        Checks::ClientDecides => text.push_str(", checked as the client is set"),
    }
    if edge.mutual && edge.transport.is_tls() {
        text.push_str(", mutual");
    }
    text
}

/// Why it cannot be told.
fn unknown_because(unknown: Unknown, relation: &RelationSpec) -> String {
    match unknown {
        Unknown::NoRow => format!("the table has no interface {}", relation.interface),
        Unknown::Untold => "nothing tells which interface it is".to_owned(),
        Unknown::OutsideUrl(_) => "it goes to a URL outside Juju that is not given".to_owned(),
        Unknown::IngressOption(row) => {
            let option = row.ingress_option.as_ref();
            let option = option.expect("it is unknown by the option of its row");
            format!(
                "whether an ingress is dialled is said by the option {}, which not every revision has",
                option.name
            )
        }
    }
}

/// What has to be supplied where the model of the other side is not given.
pub const SUPPLY_MODEL: &str = "give the status or the bundle of its model too";

/// Provider, requirer, interface and reason of a relation with a model that is not given. Where no interface is known, that cell
/// is empty.
pub fn absent(absent: &AbsentRelation, deployment: &Deployment) -> [String; 4] {
    let address = deployment.application_address(absent.application);
    let name = address.as_str().split_once('.');
    let name = name.map_or(address.as_str(), |(_, name)| name);
    let own = match &*absent.endpoint {
        "" => name.to_owned(),
        endpoint => format!("{name}:{endpoint}"),
    };
    let sides = match absent.role {
        Some(Role::Provider) => [own, absent.offer.clone()],
        Some(Role::Requirer | Role::Peer) | None => [absent.offer.clone(), own],
    };
    let [provider, requirer] = sides;
    let interface = absent.interface.clone().unwrap_or_default();
    let why = format!("the model of {} is not given", absent.offer);
    [provider, requirer, interface, why]
}

/// What would have to be supplied.
pub const fn supply(unknown: Unknown) -> &'static str {
    match unknown {
        Unknown::NoRow => "write the connection, if there is one",
        Unknown::Untold => "give the charmcraft.yaml of one of them (charms.NAME.from)",
        Unknown::OutsideUrl(_) => "write the connection, if it is TLS",
        Unknown::IngressOption(_) => {
            "set the option as it is, or give what the application publishes (published)"
        }
    }
}

/// The row by which a relation is judged, and the source of it or of the exception that holds, with that of what is so
/// between these charms alone.
pub fn row_and_source(
    index: RelationIndex,
    edges: &Edges,
    deployment: &Deployment,
) -> Option<(&'static Row, String)> {
    let row = row_of(&deployment.relations[index].interface)?;
    let reasons = found(&edges.outcomes[index]).iter();
    let reasons = reasons.flat_map(|edge| &edges.edges[*edge].reasons);
    let mut source = row.source.as_str();
    let mut beside = Vec::new();
    for reason in reasons {
        match reason {
            Reason::Relation { relation, row, .. }
                if *relation == index && row.between.is_some() =>
            {
                beside.push(row.source.as_str());
            }
            Reason::Relation {
                relation,
                exception: Some(exception),
                ..
            } if *relation == index => source = exception.source.as_str(),
            _ => {}
        }
    }
    let all: Vec<&str> = std::iter::once(source).chain(beside).collect();
    Some((row, all.join("; ")))
}

/// `row 16: grafana_source.py 519-526`.
pub fn source(index: RelationIndex, edges: &Edges, deployment: &Deployment) -> String {
    let found = row_and_source(index, edges, deployment);
    found.map_or_else(String::new, |(row, source)| {
        told_source(row.assumed, row.number, &source)
    })
}

/// What edges to controllers rest on.
pub const BY_JUJU: &str = "Juju's own CA: no charm's certificate is part of it";

/// Who dials a controller, and which.
pub fn controller_edge(edge: ControllerEdge, deployment: &Deployment) -> [String; 2] {
    let controller =
        |index: ControllerIndex| format!("controller {}", deployment.controllers[index].name);
    match edge {
        ControllerEdge::Agents(model, to) => {
            let name = &deployment.models[model].name;
            [format!("agents of {name}"), controller(to)]
        }
        ControllerEdge::Controller(from, to) => [from, to].map(controller),
    }
}

/// What is looked up in catalogues of services by charms of which it is not known what they find there.
pub fn further(deployment: &Deployment) -> Vec<String> {
    const FEW: usize = 4;
    let told = unknown_lookups(deployment)
        .into_iter()
        .map(|(row, clients)| {
            let mut names: Vec<String> = clients
                .iter()
                .take(FEW)
                .map(|index| deployment.application_address(*index).to_string())
                .collect();
            if clients.len() > FEW {
                names.push(format!("{} more", clients.len() - FEW));
            }
            let verb = if clients.len() == 1 { "finds" } else { "find" };
            let last = names
                .pop()
                .expect("a catalogue is told of with its clients");
            let names = match names.as_slice() {
                [] => last,
                others => format!("{} and {last}", others.join(", ")),
            };
            format!("not counted: what {names} {verb} in {}", row.name)
        });
    told.collect()
}

/// That agents dial controllers, and why nothing is counted or played of it.
pub fn to_controllers(deployment: &Deployment) -> Option<String> {
    let found = controller_edges(deployment);
    let [mut agents, mut controllers] = [0_u64; 2];
    for edge in &found {
        match edge {
            ControllerEdge::Agents(..) => agents += 1,
            ControllerEdge::Controller(..) => controllers += 1,
        }
    }
    if found.is_empty() {
        return None;
    }
    let others = match controllers {
        0 => String::new(),
        count => format!(
            ", and {} to the controllers whose offers their models consume",
            counted(count, "controller")
        ),
    };
    Some(format!(
        "not counted: the agents of {} connect to their controller{others}. That is TLS by {BY_JUJU}",
        counted(agents, "model")
    ))
}

/// What edges among units follow from.
pub const AMONG_UNITS: &str = "units of one application dial each other";

/// What edges from charms to the workloads of their units follow from.
pub const OWN_WORKLOAD: &str = "a charm dials the workload of its own unit";

/// What an edge follows from that no relation shows.
pub fn unseen(edge: &Edge, deployment: &Deployment) -> Option<String> {
    let follows_from = match edge.reasons.first()? {
        Reason::Front(..) => "clients outside come to an ingress".to_owned(),
        Reason::Units(_) => AMONG_UNITS.to_owned(),
        Reason::Workload(_) => OWN_WORKLOAD.to_owned(),
        reason @ Reason::Catalogue { .. } => follows_from(*reason, deployment),
        Reason::Relation { .. } | Reason::Ingress { .. } => return None,
    };
    Some(format!(
        "{follows_from}: {}",
        edge_because(edge, deployment)
    ))
}

/// The source of an edge that no relation shows.
pub fn unseen_source(edge: &Edge) -> String {
    match edge.reasons.first() {
        Some(Reason::Front(_, row)) => told_source(row.assumed, row.number, &row.source),
        Some(Reason::Units(row)) => {
            let assumed = if row.assumed { "assumed, " } else { "" };
            format!("{assumed}{}", row.source)
        }
        Some(Reason::Workload(row)) => row.source.clone(),
        Some(Reason::Catalogue { by, .. }) => by.source.clone(),
        Some(Reason::Relation { .. } | Reason::Ingress { .. }) | None => String::new(),
    }
}

fn told_source(is_assumed: bool, number: u32, source: &str) -> String {
    let assumed = if is_assumed { "assumed, " } else { "" };
    format!("{assumed}row {number}: {source}")
}

/// The side that dials, as the table has it.
pub const fn dialing_side(dials: Dials) -> &'static str {
    match dials {
        Dials::None => "none",
        Dials::Provider => "provider",
        Dials::Requirer => "requirer",
        Dials::Both => "both",
    }
}

/// The relations, or what else, that an edge follows from: `model.app:endpoint model.app:endpoint`.
pub fn follows_from(reason: Reason, deployment: &Deployment) -> String {
    let relation = |index: RelationIndex| {
        let [provider, requirer] = deployment.relations[index]
            .sides
            .each_ref()
            .map(|side| deployment.side_name(side));
        format!("{requirer} {provider}")
    };
    match reason {
        Reason::Relation {
            relation: index, ..
        }
        | Reason::Front(index, _) => relation(index),
        Reason::Ingress {
            client, ingress, ..
        } => format!("{} by {}", relation(client), relation(ingress)),
        Reason::Units(_) => AMONG_UNITS.to_owned(),
        Reason::Workload(_) => OWN_WORKLOAD.to_owned(),
        Reason::Catalogue {
            client,
            service,
            row,
            ..
        } => format!(
            "by {}: {} and {}",
            row.name,
            relation(client),
            relation(service)
        ),
    }
}
