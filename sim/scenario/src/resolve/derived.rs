//! Connections that are derived from relations, and what of the derived edges is not made one.
//!
//! An edge becomes a connection where a run would play what happens there: both ends are in the deployment, it is TLS,
//! the dialer checks chain and name, and what it trusts comes in a way that is played. Clients outside that come to an
//! ingress are one client that is taken to have been given its CA. Every other edge is counted by what keeps it from being
//! played, so that a run promises nothing of it.

mod excepted;
mod outside;
#[cfg(test)]
mod tests;
mod trust;

use std::collections::BTreeMap;

use super::connections::{every, validator_of, validator_of_process};
use super::inventory::Inventory;
use super::relations::Located;
use super::source_of;
use super::spaces::dialled_endpoint;
use crate::format::ConnectionsFile;
use excepted::excepted;
use outside::Outside;
use trust::Trust;
use trustsim_charms::{CharmMetadata, EndpointProfile};
use trustsim_edges::{Checks, Edge, EdgeIndex, Edges, End, Name, Plain, Reason, Transport, derive};
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_interfaces::passed_ca::Carrier;
use trustsim_juju::{headless_service, service};
use trustsim_kernel::Span;
use trustsim_model::{
    ApplicationIndex, ConnectionSpec, ConnectionSpecIndex, Deployment, EdgeBasis, ModelKind,
    NameSpec, Party, Persistence, RelationIndex,
};
use trustsim_validators::Validator;
use trustsim_yaml::Place;

/// What was derived of a scenario's connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// Everything that follows from the relations.
    pub edges: Edges,
    /// How many connections came of it.
    pub made: usize,
    /// The edges that became connections, in their order: several may be one.
    pub edges_made: Vec<(EdgeIndex, ConnectionSpecIndex)>,
    /// How many of them follow from nothing that was read in code.
    pub assumed: usize,
    /// How many edges did not become connections, by why.
    pub left_out: BTreeMap<LeftOut, usize>,
    /// Which these are, in the order of the edges.
    pub edges_left_out: Vec<(EdgeIndex, LeftOut)>,
}

/// Why an edge is not made a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// The scenario leaves it out.
    Excepted,
    /// It is not TLS.
    Plain,
    /// The dialer speaks without TLS to a listener that speaks it: nothing comes through, whatever CA is trusted.
    Mismatched,
    /// It goes to a server outside Juju: which one has to be written.
    Outside,
    /// It comes from outside Juju to what has no public name that is told.
    OutsideUnnamed,
    /// Both ends are one machine.
    Localhost,
    /// Nothing is known of the charm of an end: whether it really checks, or serves TLS, is not told by the table.
    Unread,
    /// The dialer does not check chain and name, or a setting of its own says whether it does.
    Unchecked,
    /// The address of a pod is dialled, which is not played.
    Address,
    /// The listener's certificate comes from none of its relations.
    NoCertificate,
    /// It comes over a relation with a model that is not given.
    ModelNotGiven,
    /// The CA comes in the relation's databag, which is not played for this interface, and the dialer gets it in no
    /// other way.
    CaInDatabag,
    /// The listener asks for a certificate, and the dialer gets none over a relation for certificates.
    NoClientCertificate,
    /// An application would dial itself, and has one unit.
    OneUnit,
    /// When a charm dials its own workload, or what it trusts, is not played.
    CharmsTrust,
}

impl LeftOut {
    /// Whether it is a connection that may fail or hold in the real deployment, and that is not simulated.
    const fn is_not_simulated(self) -> bool {
        match self {
            Self::Mismatched
            | Self::Unread
            | Self::Address
            | Self::NoCertificate
            | Self::ModelNotGiven
            | Self::CaInDatabag
            | Self::NoClientCertificate
            | Self::CharmsTrust => true,
            Self::Excepted
            | Self::Plain
            | Self::Outside
            | Self::OutsideUnnamed
            | Self::Localhost
            | Self::Unchecked
            | Self::OneUnit => false,
        }
    }
}

/// Derives the connections of a scenario and adds them; `None` where it derives none.
///
/// One that the scenario writes itself, `written`, is not derived too.
pub(super) fn derived(
    file: Option<&ConnectionsFile>,
    written: &[Located<ConnectionSpec>],
    inventory: &mut Inventory,
    out: &mut Diagnostics,
) -> Option<Derived> {
    let file = file?.derived.as_ref()?;
    let edges = derive(inventory.deployment());
    let excepted = excepted(file, &edges, inventory, out);
    let every = every(file.every.as_ref(), out);
    let trust = Trust::of(inventory.deployment());
    let mut outside = Outside::of(inventory);
    let mut edges_left_out = Vec::new();
    let mut made = Vec::new();
    let mut assumed = 0;
    let mut known = BTreeMap::new();
    let mut edges_made = Vec::new();
    let first = inventory.deployment().connections.len();
    for (index, edge) in edges.edges.iter_enumerated() {
        let is_excepted = excepted.has(edge);
        match connection(edge, is_excepted, every, &trust, inventory, out) {
            Ok((one, _)) if written.iter().any(|(own, _)| is_written(own, &one)) => {}
            // Edges that differ in what is not played are one connection.
            Ok((one, place)) => {
                let next = ConnectionSpecIndex::from(first + made.len());
                let is_of = *known.entry(told_apart_by(&one)).or_insert(next);
                edges_made.push((index, is_of));
                if is_of == next {
                    assumed += usize::from(edge.is_assumed());
                    outside.given(&one, edge, &trust);
                    made.push((one, place));
                }
            }
            Err(why) => {
                if why == LeftOut::Mismatched {
                    out.push(mismatched(edge, inventory));
                }
                edges_left_out.push((index, why));
            }
        }
    }
    out.list.extend(plain(&edges, inventory));
    let count = made.len();
    let mut left_out = BTreeMap::new();
    for (_, why) in &edges_left_out {
        *left_out.entry(*why).or_insert(0) += 1;
    }
    let underived = left_out.iter().filter(|(why, _)| why.is_not_simulated());
    inventory.set_underived(underived.map(|(_, count)| count).sum());
    if let Some(client) = outside.into_client() {
        inventory.add_client(client);
    }
    inventory.add_connections(made);
    Some(Derived {
        edges,
        made: count,
        edges_made,
        assumed,
        left_out,
        edges_left_out,
    })
}

/// One note of all edges that are plain since their listeners have no certificate, which they could get.
fn plain(edges: &Edges, inventory: &Inventory) -> Option<Diagnostic> {
    const FEW: usize = 4;
    let deployment = inventory.deployment();
    let mut endpoints: BTreeMap<(ApplicationIndex, &str), usize> = BTreeMap::new();
    for edge in &edges.edges {
        // A client outside may be anything.
        let ends = (edge.from.application(), edge.to.application());
        if let ((Some(_), Some(to)), Some(endpoint)) = (ends, edge.transport.possible_certificate())
        {
            *endpoints.entry((to, endpoint)).or_default() += 1;
        }
    }
    let ((first, _), _) = endpoints.first_key_value()?;
    let names = endpoints.keys().map(|(application, endpoint)| {
        format!(
            "`{}:{endpoint}`",
            deployment.application_address(*application)
        )
    });
    let mut names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(FEW);
    names.truncate(FEW);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let message = match endpoints.values().sum::<usize>() {
        1 => format!(
            "an edge is plain, and would be TLS with a certificate of {}",
            names.join(", ")
        ),
        count => format!(
            "{count} edges are plain, and would be TLS with certificates of {}",
            names.join(", ")
        ),
    };
    let note = Diagnostic::new(Code::PlainEdge, Severity::Note, message);
    let help = "`trustsim ask edges` tells each, and `ask order` in which order TLS is turned on";
    Some(note.at(inventory.place_of(*first), "").help(help))
}

/// Marks the connections of a scenario that follow from a relation: those over which the client is told whether the server
/// has TLS, and those whose CA comes in the data of a relation of which that is not played, and in no other way: played,
/// they would fail where the real ones hold.
pub(super) fn mark_what_follows(
    written: &mut [Located<ConnectionSpec>],
    inventory: &Inventory,
    out: &Diagnostics,
) {
    if written.is_empty() {
        return;
    }
    let edges = derive(inventory.deployment());
    let trust = Trust::of(inventory.deployment());
    for (own, _) in written {
        let from = inventory.deployment().application_of(own.from);
        // A client is outside.
        let from = from.map_or(End::Outside, End::Application);
        let of = [from, End::Application(own.to)];
        let mut those = edges
            .edges
            .iter()
            .filter(|edge| ends(edge) == of)
            .peekable();
        let is_unplayed = |edge: &Edge| {
            let mut interfaces = edge.reasons.iter().filter_map(|reason| {
                let relation = reason.relation()?;
                Some(&*inventory.deployment().relations[relation].interface)
            });
            // Of these it is played who hands a CA on, and that others do not.
            if interfaces.any(|interface| Carrier::of(interface) != Carrier::Plain) {
                return false;
            }
            let made = connection(edge, false, own.every, &trust, inventory, out);
            matches!(made, Err(LeftOut::CaInDatabag))
        };
        let process = own.from_process.as_deref();
        let mut same = edges
            .edges
            .iter()
            .filter(|edge| ends(edge) == of && edge.process.map(|process| process.name) == process);
        own.follows_scheme = same.any(follows_scheme);
        if own.from_process.is_none() && those.peek().is_some() && those.all(is_unplayed) {
            own.edge = EdgeBasis::CaInDatabag;
        }
    }
}

/// Whether a connection of the scenario is a derived one: what it says nothing of may be anything. One of a single unit, or
/// of another process, is one beside it.
fn is_written(own: &ConnectionSpec, derived: &ConnectionSpec) -> bool {
    let is_free = |own: &Option<String>, other: &Option<String>| own.is_none() || own == other;
    let is_of_all = own.from_unit.is_none() && own.to_unit.is_none();
    // Any client that is written is one from outside.
    let is_from = match (own.from, derived.from) {
        (Party::Client(_), Party::Client(_)) => true,
        (own, derived) => own == derived,
    };
    is_of_all
        && is_from
        && own.from_process == derived.from_process
        && own.to == derived.to
        && is_free(&own.from_endpoint, &derived.from_endpoint)
        && is_free(&own.to_endpoint, &derived.to_endpoint)
        && (own.name.is_none() || own.name == derived.name)
        && (!own.mutual || derived.mutual)
}

/// What tells derived connections apart: their ends with the endpoints, the name, and whether they are mutual.
type Distinction = (
    Party,
    ApplicationIndex,
    [Option<String>; 2],
    Option<NameSpec>,
    [Option<String>; 2],
    bool,
);

fn told_apart_by(one: &ConnectionSpec) -> Distinction {
    let endpoints = [&one.from_endpoint, &one.to_endpoint].map(Clone::clone);
    (
        one.from,
        one.to,
        endpoints,
        one.name.clone(),
        [&one.binding, &one.from_process].map(Clone::clone),
        one.mutual,
    )
}

const fn ends(edge: &Edge) -> [End; 2] {
    [edge.from, edge.to]
}

/// What is told of an edge over which nothing comes.
fn mismatched(edge: &Edge, inventory: &Inventory) -> Diagnostic {
    let deployment = inventory.deployment();
    let [End::Application(from), End::Application(to)] = ends(edge) else {
        unreachable!(
            "a dialer that is known to speak without TLS is an application, and so is its listener"
        );
    };
    let name = |index| deployment.application_address(index).to_string();
    let (dialer, listener) = (name(from), name(to));
    let message = format!(
        "nothing of `{dialer}` comes to `{listener}` over this relation: `{dialer}` speaks without TLS here, and `{listener}` with it"
    );
    let place = place(edge, to, inventory);
    let diagnostic = Diagnostic::warning(Code::SpeaksWithoutTls, place, message);
    match edge.transport {
        Transport::Plain(Plain::Mismatched { until_certificate: true }) => diagnostic.help(format!(
            "it speaks TLS with a certificate of its own, and then trusts the CA of that one alone: relate `{dialer}` to the CA of `{listener}` for certificates"
        )),
        _ => diagnostic.help("the charm has no setting for it"),
    }
}

/// The connection that an edge becomes, or why it becomes none.
fn connection(
    edge: &Edge,
    is_excepted: bool,
    every: Span,
    trust: &Trust<'_>,
    inventory: &Inventory,
    out: &Diagnostics,
) -> Result<Located<ConnectionSpec>, LeftOut> {
    if is_excepted {
        return Err(LeftOut::Excepted);
    }
    let deployment = inventory.deployment();
    let Transport::Tls { certificate } = &edge.transport else {
        return Err(match edge.transport {
            Transport::Plain(Plain::Mismatched { .. }) => LeftOut::Mismatched,
            _ => LeftOut::Plain,
        });
    };
    let End::Application(to) = edge.to else {
        return Err(LeftOut::Outside);
    };
    let End::Application(from) = edge.from else {
        return outside::connection(edge, to, every, trust, inventory, out);
    };
    if trust.is_unread(from) || trust.is_unread(to) {
        return Err(LeftOut::Unread);
    }
    let is_passed_on = trust.is_passed_on(edge);
    unplayed_name(edge, to, is_passed_on, deployment)?;
    if from == to && edge.process.is_none() && deployment.applications[to].units < 2 {
        return Err(LeftOut::OneUnit);
    }
    if edge.process.is_some_and(|process| !process.is_played) {
        return Err(LeftOut::CharmsTrust);
    }
    let is_own = deployment.applications[to].charm.implementation.api;
    let has_certificate = certificate.is_some() && trust.has_certificate(to);
    let among = trust.own_ca_endpoint(edge, to);
    if !has_certificate && is_own.is_none() && among.is_none() {
        return Err(without_certificate(to, deployment));
    }
    let played = unplayed_trust(edge, [from, to], is_passed_on, trust)?;
    let name = name(edge, to, certificate.as_deref(), deployment);
    let client = Party::Application(from);
    let relation = edge.reasons.iter().copied().find_map(Reason::relation);
    let binding = dialled_endpoint(deployment, client, to, relation);
    let place = place(edge, to, inventory);
    let (every, validator) = as_process(edge, from, every, inventory);
    let spec = ConnectionSpec {
        from: client,
        from_unit: None,
        from_endpoint: played.or(edge.shows).map(str::to_owned),
        from_process: edge.process.map(|process| process.name.to_owned()),
        to,
        to_unit: None,
        // Of one certificate it is clear which one is shown.
        to_endpoint: among
            .map(str::to_owned)
            .or_else(|| certificate.clone().filter(|_| trust.has_several(to))),
        name,
        binding,
        every,
        validator,
        mutual: edge.mutual,
        persistence: Persistence::default(),
        revocation: false,
        follows_scheme: follows_scheme(edge),
        edge: match edge.is_assumed() {
            true => EdgeBasis::Assumed,
            false => EdgeBasis::Known,
        },
        source: source_of(&out.sources, place),
    };
    Ok((spec, place))
}

/// The name of a service, as the `fixed-name` of a charm writes it.
const NAME_OF_SERVICE: &str = "{app}.{model}.svc.cluster.local";

/// The name that an edge dials, where that is not what the server is really called.
fn name(
    edge: &Edge,
    to: ApplicationIndex,
    certificate: Option<&str>,
    deployment: &Deployment,
) -> Option<NameSpec> {
    let application = &deployment.applications[to];
    let model = &deployment.models[application.model].name;
    match &edge.name {
        Name::External(name) => name.clone().map(NameSpec::Written),
        Name::IngressAddress => Some(NameSpec::IngressAddress),
        Name::HeadlessService => {
            let name = headless_service(&application.name, model);
            Some(NameSpec::Written(name))
        }
        // Where a charm asks for that name alone. Of others it is not told which further names their certificates have.
        Name::Service => {
            let asked = certificate.and_then(|name| fixed_name(&application.charm, name));
            let name = service(&application.name, model);
            (asked == Some(NAME_OF_SERVICE)).then_some(NameSpec::Written(name))
        }
        Name::Host | Name::Address | Name::Localhost => None,
    }
}

/// The name that a charm asks for over an endpoint in place of the Juju name.
fn fixed_name<'a>(charm: &'a CharmMetadata, endpoint: &str) -> Option<&'a str> {
    match charm.endpoint(endpoint)?.profile.as_ref()? {
        EndpointProfile::Certificates(profile) => profile.fixed_name.as_deref(),
        _ => None,
    }
}

/// Why a listener has no certificate that is played.
fn without_certificate(listener: ApplicationIndex, deployment: &Deployment) -> LeftOut {
    let mut absent = deployment.absent.iter();
    match absent.any(|one| one.brings_certificates() && one.application == listener) {
        true => LeftOut::ModelNotGiven,
        false => LeftOut::NoCertificate,
    }
}

/// Whether the dialer takes the scheme from a relation, as a URL or beside the address, or is the charm that sets it. Units
/// among themselves have it from their own configuration.
fn follows_scheme(edge: &Edge) -> bool {
    edge.reasons.iter().any(|reason| match reason {
        Reason::Workload(_) => true,
        _ => edge.from != edge.to && reason.told_over().is_some(),
    })
}

/// How often a client connects, and with which TLS stack: a charm does in its hooks, by its own.
fn as_process(
    edge: &Edge,
    from: ApplicationIndex,
    every: Span,
    inventory: &Inventory,
) -> (Span, Validator) {
    let deployment = inventory.deployment();
    let of_workload = || validator_of(Party::Application(from), inventory);
    let Some(process) = edge.process else {
        return (every, of_workload());
    };
    let application = &deployment.applications[from];
    let profile = application.charm.process(process.name);
    let own = profile.and_then(validator_of_process);
    let is_charm = |reason: &Reason| matches!(reason, Reason::Workload(_));
    let every = match edge.reasons.iter().any(is_charm) {
        true => every.max(deployment.models[application.model].update_status_interval),
        // Part of the workload, with a store of its own.
        false => every,
    };
    (every, own.unwrap_or_else(of_workload))
}

/// The endpoint over which what is trusted is played, where one is; or what keeps trust and the client's own certificate
/// from being played.
fn unplayed_trust<'t>(
    edge: &Edge,
    [from, to]: [ApplicationIndex; 2],
    is_passed_on: bool,
    trust: &Trust<'t>,
) -> Result<Option<&'t str>, LeftOut> {
    let played = trust.played_over(edge, from, to);
    if played.is_none() {
        let is_brought = match edge.shows {
            Some(own) if edge.ca_in_databag => trust.shares_shown_authority(edge, own, [from, to]),
            _ => trust.shares_authority(from, to) || is_passed_on,
        };
        if edge.ca_in_databag && !is_brought {
            return Err(LeftOut::CaInDatabag);
        }
        let signs_itself = trust.own_ca_endpoint(edge, to).is_some();
        if edge.mutual && !trust.has_certificate(from) && !signs_itself {
            return Err(LeftOut::NoClientCertificate);
        }
    }
    Ok(played)
}

/// What keeps the name that is dialled, or how it is checked, from being played. A client that takes the CA which the
/// server hands it has decided that it checks.
fn unplayed_name(
    edge: &Edge,
    to: ApplicationIndex,
    is_passed_on: bool,
    deployment: &Deployment,
) -> Result<(), LeftOut> {
    let model = deployment.applications[to].model;
    let in_pods = deployment.models[model].kind == ModelKind::Kubernetes;
    match (&edge.name, edge.checks) {
        (Name::Localhost, _) => Err(LeftOut::Localhost),
        (_, Checks::ClientDecides) if !is_passed_on => Err(LeftOut::Unchecked),
        (_, Checks::ChainOnly | Checks::Unverified) => Err(LeftOut::Unchecked),
        // On a machine what a unit is called is its address.
        (Name::Address, _) if in_pods => Err(LeftOut::Address),
        _ => Ok(()),
    }
}

/// Where the relation is written from which an edge follows first, or the application whose units it is among.
fn place(edge: &Edge, to: ApplicationIndex, inventory: &Inventory) -> Place {
    let relation = edge.reasons.iter().copied().find_map(Reason::told_over);
    let of_relation = |relation: RelationIndex| inventory.place_of_relation(relation);
    relation.map_or_else(|| inventory.place_of(to), of_relation)
}
