//! What is derived, as values: edges, and what each relation ends as.

use std::collections::BTreeSet;

use crate::row::{CatalogueRow, Checks, Exception, LookupRow, Row, UnitsRow, WorkloadRow};
use trustsim_model::{ApplicationIndex, RelationIndex, TiVec};

/// Position in [`Edges::edges`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeIndex(usize);

impl From<usize> for EdgeIndex {
    fn from(position: usize) -> Self {
        Self(position)
    }
}

impl From<EdgeIndex> for usize {
    fn from(index: EdgeIndex) -> Self {
        index.0
    }
}

/// Everything that follows from a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edges {
    /// Each edge once, in the order of the first relation that it follows from; then those that no relation shows.
    pub edges: TiVec<EdgeIndex, Edge>,
    /// What each relation of the deployment ends as.
    pub outcomes: TiVec<RelationIndex, Outcome>,
    /// Relations with models that are not given: it cannot be told what they end as.
    pub absent: usize,
}

impl Edges {
    /// How many relations end as what.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            unknown: self.absent,
            ..Counts::default()
        };
        for outcome in &self.outcomes {
            *match outcome {
                Outcome::Tls(_) => &mut counts.tls,
                Outcome::Plain(_) => &mut counts.plain,
                Outcome::None(_) => &mut counts.none,
                Outcome::Unknown(_) => &mut counts.unknown,
            } += 1;
        }
        counts
    }
}

/// How many relations end as what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// As at least one edge over TLS.
    pub tls: usize,
    /// As edges without TLS.
    pub plain: usize,
    /// As no edge.
    pub none: usize,
    /// It cannot be told.
    pub unknown: usize,
}

impl Counts {
    /// How many relations there are.
    pub const fn all(&self) -> usize {
        self.tls + self.plain + self.none + self.unknown
    }
}

/// What a relation ends as. The edges are in the order in which a connection takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Edges of which at least one is TLS.
    Tls(Vec<EdgeIndex>),
    /// Edges without TLS.
    Plain(Vec<EdgeIndex>),
    /// No edge.
    None(NoEdge),
    /// It cannot be told.
    Unknown(Unknown),
}

/// Why a relation has no edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEdge {
    /// No side dials, as the table says.
    Table(&'static Row),
    /// No side dials, since these charms do otherwise than the table says.
    Exception(&'static Exception),
}

/// Why it cannot be told what a relation ends as; each says what would have to be supplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The table has no such interface: the connection itself is needed.
    NoRow,
    /// No side's charm has a description, and its interface is not told by the names of the endpoints: the
    /// `charmcraft.yaml` of one of the two is needed.
    Untold,
    /// It goes to a server outside Juju whose URL is not there: the URL is needed.
    OutsideUrl(&'static Row),
    /// An option says whether an ingress is dialled, which only some revisions have: the option is needed.
    IngressOption(&'static Row),
}

/// One end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Each unit of an application.
    Application(ApplicationIndex),
    /// Something outside Juju.
    Outside,
}

impl End {
    /// The application, where it is one.
    pub const fn application(self) -> Option<ApplicationIndex> {
        match self {
            Self::Application(index) => Some(index),
            Self::Outside => None,
        }
    }
}

/// The name that is dialled, and looked for in the certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// What the unit is really called.
    Host,
    /// An IP address of the unit.
    Address,
    /// Its `ingress-address`: of a pod that of its application's service.
    IngressAddress,
    /// The name of the application's Kubernetes service.
    Service,
    /// The name of its headless service, `APP-endpoints`, which is that of a unit without its first label.
    HeadlessService,
    /// `localhost`.
    Localhost,
    /// The public name of an ingress; `None` where no option sets it.
    External(Option<String>),
}

/// Whether an edge is TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// It is.
    Tls {
        /// The endpoint over which the listener gets the certificate that it shows; `None` where that is not one of its
        /// relations.
        certificate: Option<String>,
    },
    /// It is not.
    Plain(Plain),
}

/// Why an edge is plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    /// It never is TLS.
    Never,
    /// An option says so.
    ByOption,
    /// The listener publishes an `http` URL.
    Published,
    /// The listener's charm has no server with TLS.
    NoServer,
    /// The dialer speaks without TLS to a listener that does not listen so: nothing comes of it.
    Mismatched {
        /// Whether a certificate of the dialer's own makes it speak TLS.
        until_certificate: bool,
    },
    /// The listener has no certificate.
    NoCertificate {
        /// The endpoint over which it could get one, where it has such an endpoint.
        possible: Option<String>,
    },
}

impl Transport {
    /// Whether it is TLS.
    pub const fn is_tls(&self) -> bool {
        matches!(self, Self::Tls { .. })
    }

    /// The endpoint with which a plain edge would be TLS, if it were related.
    pub fn possible_certificate(&self) -> Option<&str> {
        match self {
            Self::Plain(Plain::NoCertificate { possible }) => possible.as_deref(),
            _ => None,
        }
    }
}

/// A process beside the workload that opens connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// What it is called.
    pub name: &'static str,
    /// Whether the charm's description says what it trusts, and it dials of its own accord.
    pub is_played: bool,
}

/// A connection that is opened again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// What opens it.
    pub from: End,
    /// Which process of it, where it is not the workload.
    pub process: Option<Process>,
    /// What accepts it.
    pub to: End,
    /// Under which name.
    pub name: Name,
    /// At which ports, as far as they are known: of several, relations differ.
    pub ports: BTreeSet<u16>,
    /// Whether it is TLS.
    pub transport: Transport,
    /// What the dialer checks, where it is TLS.
    pub checks: Checks,
    /// Whether the listener asks for a certificate too.
    pub mutual: bool,
    /// The dialer's endpoint over which what it shows and trusts there came, where the table says so.
    pub shows: Option<&'static str>,
    /// Whether the dialer gets the listener's CA in the databag of the relation.
    pub ca_in_databag: bool,
    /// Whether nothing but the endpoint tells that the listener shows that certificate, since no description of its charm has it.
    pub is_unread: bool,
    /// Whether the names of endpoints alone tell which side of its relations provides, and so which one dials.
    pub is_by_names: bool,
    /// What it follows from; at least one.
    pub reasons: Vec<Reason>,
}

impl Edge {
    /// Whether nothing that it follows from was read in code, or its listener was not, or no description says which side
    /// dials.
    pub fn is_assumed(&self) -> bool {
        self.is_unread || self.is_by_names || self.reasons.iter().all(|reason| reason.is_assumed())
    }
}

/// What an edge follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A relation, by its row.
    Relation {
        /// The relation.
        relation: RelationIndex,
        /// Its row.
        row: &'static Row,
        /// What a charm does otherwise than the row says.
        exception: Option<&'static Exception>,
    },
    /// A relation whose provider gives the URL of its ingress, which it has over the other relation.
    Ingress {
        /// The relation of the client.
        client: RelationIndex,
        /// Its row.
        row: &'static Row,
        /// The relation to the ingress.
        ingress: RelationIndex,
    },
    /// Clients outside come to a provider because of this relation.
    Front(RelationIndex, &'static Row),
    /// Units of one application talk to each other.
    Units(&'static UnitsRow),
    /// A charm talks to the workload of its own unit.
    Workload(&'static WorkloadRow),
    /// A client finds a service in a catalogue.
    Catalogue {
        /// The relation over which the client is told of the catalogue.
        client: RelationIndex,
        /// The relation over which the service registers there.
        service: RelationIndex,
        /// The catalogue.
        row: &'static CatalogueRow,
        /// By which of its rows.
        by: &'static LookupRow,
    },
}

impl Reason {
    /// Whether the row that says so was not read in code. What an exception says was.
    const fn is_assumed(&self) -> bool {
        match self {
            Self::Relation { row, exception, .. } => row.assumed && exception.is_none(),
            Self::Ingress { row, .. } | Self::Front(_, row) => row.assumed,
            Self::Units(row) => row.assumed,
            Self::Workload(_) | Self::Catalogue { .. } => false,
        }
    }

    /// The relation by which the dialer is told of the listener: of one that it finds in a catalogue, that by which it is
    /// told of the catalogue.
    pub const fn told_over(self) -> Option<RelationIndex> {
        match self {
            Self::Catalogue { client, .. } => Some(client),
            other => other.relation(),
        }
    }

    /// The relation that the edge follows from, between the dialer and what it is told of.
    pub const fn relation(self) -> Option<RelationIndex> {
        match self {
            Self::Relation { relation, .. }
            | Self::Ingress {
                client: relation, ..
            }
            | Self::Front(relation, _) => Some(relation),
            Self::Units(_) | Self::Workload(_) | Self::Catalogue { .. } => None,
        }
    }
}
