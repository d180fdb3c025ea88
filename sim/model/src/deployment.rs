//! A deployment as it will be played: resolved, with no name left to look up.
//!
//! Everything refers to everything else by index into the vectors here. The code that builds one keeps
//! the invariant that every index is in range, that both sides of a relation have the same
//! interface and opposite roles, and that names are unique where Juju wants them so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::action::{Action, ScaleAction, TimedAction};
use super::address::Address;
use super::published::PublishedUrl;
use super::reference::EndpointRef;
use super::rotation::RotationSpec;
use crate::index::{
    ActionIndex, ApplicationIndex, ClientIndex, ConnectionSpecIndex, ControllerIndex, MachineIndex,
    ModelIndex, OfferIndex, OperatorIndex, RelationIndex, SaasIndex,
};
use trustsim_charm_model::{
    AcmeProfile, CharmMetadata, CharmSource, ClientCertificate, Endpoint, EndpointProfile,
    IssuerProfile, Role,
};
use trustsim_juju::{HookName, Subnet};
use trustsim_kernel::{Delay, Span, Time, format_duration};
use trustsim_pki::KeyAlgorithm;
use trustsim_tls::Resumption;
use trustsim_validators::{ErrorKind, Validator};
use typed_index_collections::TiVec;

/// What is rehearsed.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Name of the scenario: what its report folder is called.
    pub name: String,
    /// The question it answers.
    pub about: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// First instant.
    pub start: Time,
    /// How long it is played.
    pub duration: Span,
    /// Outages shorter than this, or in which no attempt failed, are counted and break nothing; zero breaks for all.
    pub tolerate: Span,
    /// Default key algorithm.
    pub keys: KeyAlgorithm,
    /// Hook durations and latencies.
    pub timings: Timings,
    /// Controllers; at least one.
    pub controllers: TiVec<ControllerIndex, ControllerSpec>,
    /// Models, in file order.
    pub models: TiVec<ModelIndex, ModelSpec>,
    /// Machines of machine models.
    pub machines: TiVec<MachineIndex, MachineSpec>,
    /// Applications, by model and then in file order.
    pub applications: TiVec<ApplicationIndex, ApplicationSpec>,
    /// Offers.
    pub offers: TiVec<OfferIndex, OfferSpec>,
    /// Consumed offers.
    pub saas: TiVec<SaasIndex, SaasSpec>,
    /// Relations there from the start; peer relations are implied by the charms.
    pub relations: TiVec<RelationIndex, RelationSpec>,
    /// Relations over which certificates or CAs would come, of models that are not there.
    pub absent: Vec<AbsentRelation>,
    /// How many TLS connections follow from the relations and are not played: nothing is known of a charm, or a certificate
    /// or CA comes in a way that is not simulated.
    pub underived: usize,
    /// Clients outside Juju.
    pub clients: TiVec<ClientIndex, ClientSpec>,
    /// Which clients connect to which servers, by application or client.
    pub connections: TiVec<ConnectionSpecIndex, ConnectionSpec>,
    /// What happens, in order of time.
    pub actions: TiVec<ActionIndex, TimedAction>,
    /// Plans that are drawn from the seed.
    pub random: Vec<RandomPlan>,
    /// The faults that were drawn, as the lines of a scenario that would ask for them.
    pub drawn: Vec<String>,
    /// Rotations that became some of those actions; only who judges a run reads them.
    pub rotations: Vec<RotationSpec>,
    /// The public ACME server, and the DNS that it looks into.
    pub acme: AcmeProfile,
    /// People who answer what applications wait for.
    pub operators: TiVec<OperatorIndex, OperatorSpec>,
    /// What should come out.
    pub expectations: Vec<Expectation>,
}

impl Deployment {
    /// The code of every charm that has any, also of those to which applications are refreshed.
    pub fn sources(&self) -> impl Iterator<Item = &CharmSource> {
        let deployed = self.applications.iter();
        let deployed = deployed.map(|application| &application.charm);
        let refreshed = self.actions.iter().filter_map(|timed| match &timed.action {
            Action::Scale(ScaleAction::Refresh { charm, .. }) => charm.as_ref(),
            _ => None,
        });
        let charms = deployed.chain(refreshed);
        charms.filter_map(|charm| charm.source.as_ref())
    }

    /// A deployment of nothing, from which one is built up.
    pub fn empty() -> Self {
        Self {
            name: String::new(),
            about: String::new(),
            seed: 1,
            start: Time::EPOCH,
            duration: Span::ZERO,
            tolerate: Span::ZERO,
            keys: KeyAlgorithm::default(),
            timings: Timings::default(),
            controllers: TiVec::new(),
            models: TiVec::new(),
            machines: TiVec::new(),
            applications: TiVec::new(),
            offers: TiVec::new(),
            saas: TiVec::new(),
            relations: TiVec::new(),
            absent: Vec::new(),
            underived: 0,
            clients: TiVec::new(),
            connections: TiVec::new(),
            actions: TiVec::new(),
            random: Vec::new(),
            drawn: Vec::new(),
            rotations: Vec::new(),
            acme: AcmeProfile::default(),
            operators: TiVec::new(),
            expectations: Vec::new(),
        }
    }

    /// `app:endpoint` of one side of a relation, as `juju integrate` takes it.
    pub fn side_name(&self, side: &Side) -> String {
        format!("{}:{}", self.party_name(side.party), side.endpoint)
    }

    /// The endpoint at one side of a relation, of the application behind a SAAS.
    ///
    /// # Panics
    ///
    /// Where it is a client outside Juju, which has no relations.
    pub fn endpoint_of(&self, side: &Side) -> EndpointRef {
        let index = self.application_of(side.party);
        let index = index.expect("both sides of a relation are applications");
        EndpointRef {
            application: self.application_address(index),
            endpoint: side.endpoint.as_str().into(),
        }
    }

    /// The application of one side of a relation, behind a SAAS too.
    pub fn application_of(&self, party: Party) -> Option<ApplicationIndex> {
        match party {
            Party::Application(index) => Some(index),
            Party::Saas(index) => Some(self.offers[self.saas[index].offer].application),
            Party::Client(_) => None,
        }
    }

    /// Whether the two sides of a `tls-certificates` relation speak different protocols: Juju
    /// integrates them, and nothing happens. Not known of charms without a description.
    pub fn protocols_differ(&self, relation: &RelationSpec) -> bool {
        let protocols = relation.sides.each_ref().map(|side| {
            let charm = &self.applications[self.application_of(side.party)?].charm;
            let endpoint = charm.endpoint(&side.endpoint)?;
            charm.is_described().then_some(endpoint.protocol)
        });
        relation.interface == "tls-certificates"
            && matches!(protocols, [Some(left), Some(right)] if left != right)
    }

    /// What is known of the provider's endpoint of a relation and of the requirer's.
    fn endpoints(&self, relation: &RelationSpec) -> [Option<&Endpoint>; 2] {
        relation.sides.each_ref().map(|side| {
            let charm = &self.applications[self.application_of(side.party)?].charm;
            charm.endpoint(&side.endpoint)
        })
    }

    /// Whether a relation that is there for something else carries the CA of the provider's certificates to a requirer
    /// that takes it.
    pub fn passes_ca(&self, relation: &RelationSpec) -> bool {
        let endpoints = self.endpoints(relation);
        matches!(
            endpoints.map(|endpoint| endpoint?.profile.as_ref()),
            [
                Some(EndpointProfile::PassesCa(_)),
                Some(EndpointProfile::TakesCa(_))
            ]
        )
    }

    /// Whether the requirer of a relation hands the provider its own certificate, which the provider then trusts.
    pub fn hands_certificate(&self, relation: &RelationSpec) -> bool {
        let endpoints = self.endpoints(relation);
        matches!(
            endpoints.map(|endpoint| endpoint?.client_certificate.as_ref()),
            [
                Some(ClientCertificate::Trusted(_)),
                Some(ClientCertificate::Handed(_))
            ]
        )
    }

    /// The endpoint over which the server of a charm may be given the certificate of its API, for which its charm has a CA
    /// of its own where none is; `None` where the charm has none.
    pub fn own_api(&self, address: &Address) -> Option<&'static str> {
        let charm = &self.applications[self.application_at(address)?].charm;
        Some(charm.implementation.api?.endpoint)
    }

    /// Name of an application, SAAS or client without its model.
    pub fn party_name(&self, party: Party) -> &str {
        match party {
            Party::Application(index) => &self.applications[index].name,
            Party::Saas(index) => &self.saas[index].name,
            Party::Client(index) => &self.clients[index].name,
        }
    }

    /// `owner/model.offer`, as `juju revoke` takes it.
    pub fn offer_url(&self, index: OfferIndex) -> String {
        let offer = &self.offers[index];
        let model = &self.models[self.applications[offer.application].model];
        format!("{}/{}.{}", model.owner, model.name, offer.name)
    }

    /// `model.app` of an application.
    pub fn application_address(&self, index: ApplicationIndex) -> Address {
        let application = &self.applications[index];
        Address::application_in(&self.models[application.model].name, &application.name)
    }

    /// The application at an address, or of the unit there; `None` for a client outside Juju.
    pub fn application_at(&self, address: &Address) -> Option<ApplicationIndex> {
        let (model, name) = (address.model()?, address.application_name()?);
        self.applications
            .position(|spec| spec.name == name && self.models[spec.model].name == model)
    }
}

/// How much a plan drawn from the seed does, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RandomPlan {
    /// How many faults.
    pub count: u32,
    /// The first may strike then, from the start.
    pub from: Span,
    /// All are over so long after that.
    pub window: Span,
    /// Where it was asked for.
    pub source: Source,
}

/// A controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerSpec {
    /// Name, as in `controller:owner/model.offer`.
    pub name: String,
}

/// Where a model's units run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// On machines.
    Machine,
    /// In pods.
    Kubernetes,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSpec {
    /// Name.
    pub name: String,
    /// Owner, `admin` unless the file says otherwise.
    pub owner: String,
    /// Index of its controller.
    pub controller: ControllerIndex,
    /// Machine or Kubernetes.
    pub kind: ModelKind,
    /// `update-status-hook-interval`.
    pub update_status_interval: Span,
    /// Subnets of its spaces, where they are known.
    pub spaces: BTreeMap<String, Vec<Subnet>>,
}

/// A machine of a machine model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineSpec {
    /// Model index.
    pub model: ModelIndex,
    /// Machine id, `0` or `0/lxd/1`.
    pub id: String,
    /// Its addresses in each space, where they are known.
    pub addresses: BTreeMap<String, Vec<IpAddr>>,
    /// The spaces that its constraints put it into.
    pub spaces: BTreeSet<String>,
}

/// Where one unit goes in a machine model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Onto a machine of its own.
    New,
    /// Onto this machine (index into [`Deployment::machines`]).
    Machine(MachineIndex),
}

/// An application.
#[derive(Clone, Debug)]
pub struct ApplicationSpec {
    /// Model index.
    pub model: ModelIndex,
    /// Name.
    pub name: String,
    /// Its charm.
    pub charm: Arc<CharmMetadata>,
    /// Charmhub channel and revision, for `juju status`.
    pub channel: Option<String>,
    /// Charm revision.
    pub revision: Option<u64>,
    /// Where its charm comes from.
    pub store: CharmStore,
    /// How many units; zero for a subordinate.
    pub units: u32,
    /// Options as set, as text; defaults are in the charm.
    pub options: BTreeMap<String, String>,
    /// Key algorithm, where it differs from the scenario's.
    pub keys: Option<KeyAlgorithm>,
    /// One per unit; shorter means [`Placement::New`].
    pub placements: Vec<Placement>,
    /// What its units publish on each endpoint, where databags were seen: where its clients really dial it.
    pub published: BTreeMap<String, BTreeSet<PublishedUrl>>,
    /// The space of each endpoint that is bound to one, and under the empty name that of all others; empty where all are in
    /// `alpha`, and on Kubernetes.
    pub bindings: BTreeMap<String, String>,
    /// The spaces that its constraints put each machine into that is made for a unit; none on Kubernetes.
    pub spaces: BTreeSet<String>,
    /// What the cluster puts in front of its service; on Kubernetes only.
    pub load_balancer: Option<LoadBalancerSpec>,
}

impl ApplicationSpec {
    /// The value of an option as it is deployed, or its default; `None` where it is empty too.
    pub fn option_value(&self, option: &str) -> Option<&str> {
        let default = || self.charm.options.get(option)?.default.as_ref();
        let value = self.options.get(option).or_else(default)?;
        (!value.is_empty()).then_some(value)
    }
}

/// Where the charm of an application comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CharmStore {
    /// Charmhub.
    #[default]
    Charmhub,
    /// A path, or what Juju calls local: it was built by hand.
    Local,
    /// The Charm Store that was before Charmhub (`cs:`), whose revisions were counted apart.
    Old {
        /// The revision there; the newest without one.
        revision: Option<u64>,
    },
}

/// A load balancer in front of the service of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancerSpec {
    /// Its address.
    pub address: IpAddr,
    /// The name that reverse DNS has for the address.
    pub reverse_name: Option<String>,
}

/// An offer: endpoints of one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferSpec {
    /// Offer name.
    pub name: String,
    /// Application index.
    pub application: ApplicationIndex,
    /// Endpoint names.
    pub endpoints: Vec<String>,
}

/// A consumed offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaasSpec {
    /// The consuming model.
    pub model: ModelIndex,
    /// Name in that model.
    pub name: String,
    /// Offer index.
    pub offer: OfferIndex,
}

/// A relation that is left out: the model on its other side is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsentRelation {
    /// The application of this side.
    pub application: ApplicationIndex,
    /// Its endpoint; empty where the relation names none.
    pub endpoint: String,
    /// What its charm has the endpoint for, where that is known.
    pub interface: Option<String>,
    /// Its role there, where that is known.
    pub role: Option<Role>,
    /// The URL of the offer that it consumes; where the application's own offer is consumed, the name that Juju gives
    /// to the consumer.
    pub offer: String,
}

impl AbsentRelation {
    /// Whether the application would be given certificates over it.
    pub fn brings_certificates(&self) -> bool {
        self.brings("tls-certificates")
    }

    /// Whether the application would be given certificates or CAs over it.
    pub fn brings_trust(&self) -> bool {
        self.brings_certificates() || self.brings("certificate_transfer")
    }

    fn brings(&self, interface: &str) -> bool {
        let requires = self.role.is_none_or(|role| role == Role::Requirer);
        requires && self.interface.as_deref() == Some(interface)
    }
}

/// Something that can stand on one side of a relation or a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// Application index.
    Application(ApplicationIndex),
    /// SAAS index (relations only).
    Saas(SaasIndex),
    /// Client index (connections only).
    Client(ClientIndex),
}

/// One side of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Application or SAAS.
    pub party: Party,
    /// Endpoint name.
    pub endpoint: String,
    /// Its role there.
    pub role: Role,
}

/// A relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationSpec {
    /// Model index.
    pub model: ModelIndex,
    /// Both sides, provider first.
    pub sides: [Side; 2],
    /// Interface name.
    pub interface: String,
}

/// A client outside Juju.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSpec {
    /// Name.
    pub name: String,
    /// Applications whose CA it was given.
    pub trusts: Vec<ApplicationIndex>,
    /// Whether it trusts the public roots.
    pub trusts_system: bool,
    /// PEM text of more roots it trusts.
    pub roots_pem: Vec<String>,
    /// How often it fetches those CAs again; `None` keeps what it had when it began.
    pub refresh: Option<Span>,
    /// Its TLS stack.
    pub validator: Validator,
}

/// How a connection may go on, as its line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Persistence {
    /// How long a connection stays open before it is opened anew; without it, every attempt is a
    /// connection of its own.
    pub lives: Option<Span>,
    /// How the client takes up sessions.
    pub resumes: Option<Resumption>,
    /// How long sessions are kept, where not as long as the stack keeps them by default.
    pub session_lifetime: Option<Span>,
}

/// Which client connects to which server. An application means each of its units; from an application to itself
/// means each unit to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSpec {
    /// Application or client.
    pub from: Party,
    /// Only this unit of it.
    pub from_unit: Option<u32>,
    /// The endpoint over which the client got what it trusts and presents here; without it,
    /// everything it has.
    pub from_endpoint: Option<String>,
    /// The process of the client's unit that connects, where it is not the workload. One that connects to its own
    /// application connects to the server of its own unit.
    pub from_process: Option<String>,
    /// Application.
    pub to: ApplicationIndex,
    /// Only this unit of it.
    pub to_unit: Option<u32>,
    /// The certificate endpoint whose certificate it meets, where the file names one.
    pub to_endpoint: Option<String>,
    /// Server name; without it what the server is really called.
    pub name: Option<NameSpec>,
    /// The endpoint of the server in whose space it is dialled; without it that for which its certificate is asked.
    pub binding: Option<String>,
    /// Time between attempts.
    pub every: Span,
    /// The client's TLS stack: as the file says, else its workload's or client's, else OpenSSL.
    pub validator: Validator,
    /// Whether the server asks for a client certificate.
    pub mutual: bool,
    /// How it goes on without new handshakes.
    pub persistence: Persistence,
    /// Whether both sides look certificates up in the revocation lists that are published.
    pub revocation: bool,
    /// Whether the client takes from a relation whether the server has TLS.
    pub follows_scheme: bool,
    /// What is known of how the two connect.
    pub edge: EdgeBasis,
    /// The scenario line.
    pub source: Source,
}

/// What is known of how a client and a server connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EdgeBasis {
    /// The scenario says so, or code that was read.
    #[default]
    Known,
    /// It follows from the relations by what was not read in code.
    Assumed,
    /// The client is given the CA in the data of a relation, which is not played for its interface, and in no other way.
    CaInDatabag,
    /// The client is one outside Juju of which nothing is said: it is taken to have the CA with which the server began, and
    /// to be told of no other.
    Outside,
}

/// The name under which a connection dials its server, where the file says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameSpec {
    /// This one.
    Written(String),
    /// `bind-address` of the unit: of a pod its own address, which each pod that replaces it has another of.
    BindAddress,
    /// `ingress-address` of the unit: of a pod that of its application's service.
    IngressAddress,
}

impl fmt::Display for NameSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Written(name) => name,
            Self::BindAddress => "bind-address",
            Self::IngressAddress => "ingress-address",
        })
    }
}

/// A person who does what applications wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorSpec {
    /// Name.
    pub name: String,
    /// Applications whose tasks they do; no application has two operators.
    pub answers: Vec<ApplicationIndex>,
    /// When they do.
    pub when: When,
    /// The unit on which they run actions; the leader where absent.
    pub unit: Option<u32>,
    /// Common names that they refuse.
    pub rejects: Vec<String>,
    /// The CA with which they sign.
    pub signs_with: Option<IssuerProfile>,
    /// The scenario line.
    pub source: Source,
}

/// When an operator does a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// So long after a wait shows.
    After(Delay),
    /// At these instants from the start, whatever waits then.
    At(Vec<Span>),
}

/// What should come out of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The claim.
    pub kind: ExpectationKind,
    /// The scenario line.
    pub source: Source,
}

/// Which connections a claim is about; everything where both are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Only connections from here.
    pub from: Option<Party>,
    /// Only connections to this application.
    pub to: Option<ApplicationIndex>,
}

/// One claim about a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectationKind {
    /// None of these connections ever fails.
    NoFailures(Selector),
    /// Each of these connections fails, with this error where it is given.
    Fails {
        /// Which connections.
        connections: Selector,
        /// The error.
        error: Option<ErrorKind>,
    },
    /// The lost time of each of these connections is within bounds.
    Outage {
        /// Which connections.
        connections: Selector,
        /// At least this long in all.
        at_least: Option<Span>,
        /// At most this long in all.
        at_most: Option<Span>,
        /// Every outage has this error, where it is given.
        error: Option<ErrorKind>,
    },
    /// Something happens so often.
    Count {
        /// What.
        what: Counted,
        /// At least so often.
        at_least: Option<u64>,
        /// At most so often.
        at_most: Option<u64>,
    },
}

/// What an expectation counts in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Hooks that units of an application ran, or failed.
    Hooks {
        /// The application.
        application: ApplicationIndex,
        /// Only hooks of this name.
        hook: Option<HookName>,
        /// Failed ones instead of those that began.
        failed: bool,
    },
    /// Certificates that were signed.
    Certificates {
        /// Only by this application.
        by: Option<ApplicationIndex>,
        /// Only for this application, which for a root is the one that made it.
        application: Option<ApplicationIndex>,
    },
}

/// Hook durations and latencies. All are assumptions: `docs/reference/timings.md` says what each
/// rests on, and every run's manifest prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timings {
    /// Shortest hook.
    pub hook_min: Span,
    /// Longest hook.
    pub hook_max: Span,
    /// From a change on a controller to the agent that watches it.
    pub watch_latency: Span,
    /// From one controller to the other, for a cross-model relation.
    pub cross_model_latency: Span,
    /// From `juju deploy` until a unit's agent runs, shortest.
    pub provision_min: Span,
    /// And longest.
    pub provision_max: Span,
    /// How long a restarted workload does not answer.
    pub restart: Span,
    /// Connections are watched from when the deployment first settles, at the latest this long
    /// after the start.
    pub settle_max: Span,
}

impl Timings {
    /// Name and value of each, in a stable order, for a run's manifest.
    pub fn listed(&self) -> Vec<(String, String)> {
        [
            ("hook-min", self.hook_min),
            ("hook-max", self.hook_max),
            ("watch-latency", self.watch_latency),
            ("cross-model-latency", self.cross_model_latency),
            ("provision-min", self.provision_min),
            ("provision-max", self.provision_max),
            ("restart", self.restart),
            ("settle-max", self.settle_max),
        ]
        .map(|(name, span)| (name.to_owned(), format_duration(span)))
        .to_vec()
    }
}

impl Default for Timings {
    fn default() -> Self {
        let ms = Span::from_millis;
        Self {
            hook_min: ms(1_000),
            hook_max: ms(3_000),
            watch_latency: ms(200),
            cross_model_latency: ms(500),
            provision_min: ms(20_000),
            provision_max: ms(60_000),
            restart: ms(0),
            settle_max: ms(3_600_000),
        }
    }
}

/// A place in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The file as it was named on the command line; empty where there is none.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The text there, one line.
    pub text: Arc<str>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
