//! The rows of `interfaces.yaml` as values: what is known of one kind of relation.

use crate::versions::CharmVersions;

/// Which side of a relation opens connections because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dials {
    /// No side: the relation carries files, links or settings.
    None,
    /// The side that provides.
    Provider,
    /// The side that requires.
    Requirer,
    /// Each dials the other.
    Both,
}

/// When a connection is TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsWhen {
    /// Never.
    Never,
    /// Always.
    Always,
    /// If the application that listens has a relation over which it gets certificates.
    ListenerCertificate,
    /// If the application that provides has one, whichever side listens.
    ProviderCertificate,
    /// The provider passes bytes through: the TLS is between a client outside and the requirer.
    PassedThrough,
    /// The listener is a public server outside Juju, over TLS.
    Outside,
    /// The listener is a server outside Juju, whose URL says whether it is TLS.
    OutsideUrl,
}

/// What the name is that a client dials and checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialled {
    /// What `socket.getfqdn()` gives on the unit.
    Fqdn,
    /// An IP address of the unit.
    Address,
    /// The address that Juju calls `ingress-address`: of a pod that of its application's service.
    IngressAddress,
    /// The Kubernetes service of the application.
    Service,
    /// Its headless service, `APP-endpoints`: the name of a unit's pod without its first label.
    HeadlessService,
    /// The public name of an ingress.
    Ingress,
    /// The host of a URL in the databag, that the provider makes from its own name.
    Url,
    /// `localhost`: both are on one machine.
    Localhost,
    /// 127.0.0.1, for which the certificate has to be too.
    Loopback,
}

/// What the dialer checks of the certificate it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checks {
    /// Chain and name.
    Verified,
    /// The chain, whatever the name is.
    ChainOnly,
    /// Nothing: the connection can fail by protocol, never by trust or name.
    Unverified,
    /// What a setting of the client says, which no relation tells (`sslmode` of PostgreSQL).
    ClientDecides,
}

/// When a dialer speaks TLS to a listener that does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speaks {
    /// Always: it is told of the listener.
    #[default]
    Always,
    /// If it has a relation over which it gets certificates itself.
    OwnCertificate,
    /// Never.
    Never,
}

/// A side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The one that opens it.
    Dialer,
    /// The one that accepts it.
    Listener,
}

/// An option of either application that decides whether a connection is TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionRule {
    /// The option's name.
    pub name: String,
    /// The values with which it is TLS.
    pub tls: Vec<String>,
}

/// An option of a provider that has to be `true` for it to give the URL of an ingress. Not every revision of it has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IngressOption {
    /// The option's name.
    pub name: String,
    /// Endpoints of the provider, over which it has the ingresses that the option is about.
    pub endpoints: Vec<String>,
}

/// How clients call an ingress that has no public name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// What of it is dialled.
    pub dialled: Dialled,
    /// Options of the ingress with a name that is dialled instead, the first that is set.
    pub named_by: Vec<String>,
    /// The same, where the ingress is related to `hacluster`.
    pub clustered_by: Vec<String>,
}

/// An endpoint at which nothing is encrypted by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainEndpoint {
    /// Its name.
    pub endpoint: String,
    /// The option of the listener with which it is TLS.
    pub unless: String,
    /// Repository, file and lines.
    pub source: String,
}

/// Charms that do otherwise than their row says, where they are on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Which.
    pub charms: CharmVersions,
    /// Where.
    pub part: Part,
    /// What has to be on the other side for them to do so.
    pub across: Option<CharmVersions>,
    /// Whether they do so only while the listener has no ingress whose URL the row lets it give.
    pub without_ingress: bool,
    /// Whether nothing is dialled because of the relation.
    pub dials_nothing: bool,
    /// Endpoints of that side; every one where none is listed.
    pub endpoints: Vec<String>,
    /// When the dialer speaks TLS, where that is not whenever the listener does.
    pub speaks: Option<Speaks>,
    /// The process of the dialer's units that opens the connection, where it is not the workload with what that trusts.
    pub process: Option<String>,
    /// When it is TLS, where that differs.
    pub tls: Option<TlsWhen>,
    /// What is dialled, where that differs.
    pub dialled: Option<Dialled>,
    /// What is checked, where that differs.
    pub checks: Option<Checks>,
    /// The port, where that differs.
    pub port: Option<u16>,
    /// Whether clients are given the URL of an ingress, where that differs.
    pub ingress: Option<bool>,
    /// Endpoints over which the provider gets the ingress whose URL it gives, where they differ.
    pub ingress_endpoints: Option<Vec<String>>,
    /// What has to be said of it.
    pub note: Option<String>,
    /// Repository, file and lines.
    pub source: String,
}

/// What is known of the relations of some interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number. Rows of one number differ in a fact.
    pub number: u32,
    /// Names of the interfaces; one that begins with `*` has every name with that end.
    pub interfaces: Vec<String>,
    /// Charms that provide and that require, between which alone this is so, beside what the interface's other row says.
    pub between: Option<[Vec<String>; 2]>,
    /// Who dials.
    pub dials: Dials,
    /// When that is TLS.
    pub tls: TlsWhen,
    /// What is dialled.
    pub dialled: Dialled,
    /// What is dialled of a listener on Kubernetes, where that differs.
    pub dialled_on_kubernetes: Option<Dialled>,
    /// What the dialer checks.
    pub checks: Checks,
    /// The port, where the interface says it; else that of the charm that listens.
    pub port: Option<u16>,
    /// Whether the server asks for a certificate of the client.
    pub mutual: bool,
    /// The dialer's endpoint over which what it shows and trusts there came; by its relations where none is said.
    pub shows: Option<String>,
    /// Whether both sides are parts of one cluster: the listener is met as its own units meet it, where the table has that of
    /// its charm.
    pub as_units: bool,
    /// Whether a provider behind an ingress gives its clients the ingress' URL, so that one relation is two edges.
    pub ingress: bool,
    /// Endpoints over which the provider gets the ingress whose URL it gives; any where none is listed.
    pub ingress_endpoints: Vec<String>,
    /// Whether of these endpoints only the first that is related counts.
    pub ingress_in_order: bool,
    /// How clients call the provider as an ingress; by its public name where nothing else is said.
    pub called: Option<Called>,
    /// Endpoints of the requirer of which the first that is related brings clients from outside, and no other of them.
    pub outside_endpoints: Vec<String>,
    /// An option of the provider that has to be `true` for it to give the URL of its ingress.
    pub ingress_option: Option<IngressOption>,
    /// Interfaces by which the side that does not dial is told of servers, whose URLs it hands on: the dialer dials those, and
    /// not that side.
    pub hands_on: Vec<String>,
    /// Whether the requirer gets a URL over it that it may give to clients of its own.
    pub gives_url: bool,
    /// Whether clients outside Juju dial the provider because of it.
    pub front: bool,
    /// Whether the CA of the listener travels in the databag of the relation.
    pub ca_in_databag: bool,
    /// Whether requirers of one provider dial each other too.
    pub requirers_too: bool,
    /// Whether requirers that dial each other check the certificate under the name of the first unit of them all, in the
    /// order of their names, whichever it is that they dial.
    pub called_as_first: bool,
    /// Endpoints at which it is TLS whatever the row says otherwise.
    pub tls_endpoints: Vec<String>,
    /// Endpoints at which not the workload dials but the charm, as a process that is called like the endpoint.
    pub charm_endpoints: Vec<String>,
    /// Endpoints at which it is plain, whatever the row says otherwise, unless an option of the listener is set.
    pub plain_endpoints: Vec<PlainEndpoint>,
    /// An option that decides.
    pub option: Option<OptionRule>,
    /// Options of the listener with a name that is dialled in place of its own and of its ingress, the first that is set.
    pub named_by: Vec<String>,
    /// The same with addresses, where the listener is related to `hacluster`.
    pub clustered_by: Vec<String>,
    /// Charms that do otherwise.
    pub exceptions: Vec<Exception>,
    /// Whether the row was not read in code.
    pub assumed: bool,
    /// What else has to be said.
    pub note: Option<String>,
    /// Repository, file and lines.
    pub source: String,
}

impl Row {
    /// Whether an interface is of this row.
    pub fn covers(&self, interface: &str) -> bool {
        self.interfaces
            .iter()
            .any(|name| match name.strip_prefix('*') {
                Some(end) => interface.ends_with(end),
                None => name == interface,
            })
    }
}

/// What is known of connections among the units of one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitsRow {
    /// Charmhub names.
    pub charms: Vec<String>,
    /// What a charm of the name is played as where it is another one.
    pub not_as: Vec<String>,
    /// When they are TLS.
    pub tls: TlsWhen,
    /// What is dialled.
    pub dialled: Dialled,
    /// What is dialled on Kubernetes, where that differs.
    pub dialled_on_kubernetes: Option<Dialled>,
    /// The port, where that is not the one for clients.
    pub port: Option<u16>,
    /// What is checked.
    pub checks: Checks,
    /// Whether both sides show a certificate.
    pub mutual: bool,
    /// The dialer's endpoint over which what it shows and trusts there came.
    pub shows: Option<String>,
    /// Whether the row was not read in code.
    pub assumed: bool,
    /// Repository, file and lines.
    pub source: String,
}

/// What is known of connections of a charm to the workload beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadRow {
    /// Charmhub names.
    pub charms: Vec<String>,
    /// What a charm of the name is played as where it is another one.
    pub not_as: Vec<String>,
    /// What the process is called that dials.
    pub process: String,
    /// When it is TLS.
    pub tls: TlsWhen,
    /// What is dialled.
    pub dialled: Dialled,
    /// What is dialled on Kubernetes, where that differs.
    pub dialled_on_kubernetes: Option<Dialled>,
    /// What is checked.
    pub checks: Checks,
    /// Whether it shows a certificate too.
    pub mutual: bool,
    /// Whether what the process trusts is not played: its charm's description does not list it. Of other charms the revisions
    /// do it whose description does.
    pub unplayed: bool,
    /// Whether it dials in actions alone, which people run: no connection comes of it by itself.
    pub in_actions: bool,
    /// The revisions, first and last, that dial the URL of their ingress where they have one.
    pub by_ingress: Option<[u64; 2]>,
    /// Repository, file and lines.
    pub source: String,
}

/// At which port charms listen, over whichever interface they are dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerRow {
    /// Charmhub names.
    pub charms: Vec<String>,
    /// What a charm of the name is played as where it is another one.
    pub not_as: Vec<String>,
    /// The interfaces; any where none is listed.
    pub interfaces: Vec<String>,
    /// Endpoints of either side; any where none is listed.
    pub endpoints: Vec<String>,
    /// The port with TLS.
    pub port: u16,
    /// The port without TLS, where that is another one.
    pub plain_port: Option<u16>,
    /// An option of the charm that has the port.
    pub option: Option<String>,
    /// Repository, file and lines.
    pub source: String,
}

/// What is known of a catalogue of services, which an application keeps for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueRow {
    /// What it is called: `the catalogue of Keystone`.
    pub name: String,
    /// Interfaces whose provider keeps it; the requirers register there, or look services up.
    pub interfaces: Vec<String>,
    /// Interfaces over which the requirer tells the provider of the catalogue, where it is told of it itself.
    pub told_over: Vec<String>,
    /// When what is found there is TLS.
    pub tls: TlsWhen,
    /// What of it is dialled.
    pub dialled: Dialled,
    /// What is checked of it.
    pub checks: Checks,
    /// Options of a service with the name of its public endpoint, the first that is set.
    pub named_by: Vec<String>,
    /// The same of its internal endpoint.
    pub named_internally_by: Vec<String>,
    /// The same with addresses of both, where the service is related to `hacluster`.
    pub clustered_by: Vec<String>,
    /// Who finds what.
    pub lookups: Vec<LookupRow>,
}

/// What some charms look up in a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupRow {
    /// Charmhub names.
    pub charms: Vec<String>,
    /// The charms whose services they dial; of charms that look up nothing, none.
    pub finds: Vec<String>,
    /// Endpoints of theirs that have to be related for them to do so.
    pub with: Vec<String>,
    /// Whether they dial internal endpoints, whatever they are set to.
    pub internal: bool,
    /// The option by which they do.
    pub internal_by: Option<String>,
    /// Whether they have the CA in the databag of the relation by which they are told of the catalogue.
    pub ca_in_databag: bool,
    /// Repository, file and lines.
    pub source: String,
}
