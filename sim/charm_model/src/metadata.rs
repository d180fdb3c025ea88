//! What is known of a charm before any unit of it runs: endpoints, options, how it handles
//! certificates. The catalogue and a scenario's `charms` section are both written in this shape.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Authority, Provenance, Reconciles};

use trustsim_interfaces::passed_ca::Carrier;
pub use trustsim_interfaces::tls_certificates::Mode;
use trustsim_interfaces::{cert_handler, certificate_transfer, tls_certificates};
use trustsim_juju::HookName;
pub use trustsim_juju::Role;
use trustsim_kernel::Span;
use trustsim_pki::Purpose;

/// Everything trustsim knows of one charm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharmMetadata {
    /// Charmhub name.
    pub name: String,
    /// Whether it is deployed beside a principal unit.
    pub subordinate: bool,
    /// Workload containers, each of which gives a `pebble-ready` on Kubernetes.
    pub containers: Vec<String>,
    /// Every endpoint, in name order. `juju-info` is implied, not listed.
    pub endpoints: Vec<Endpoint>,
    /// Options with their defaults; `None` where the charm sets none.
    pub options: BTreeMap<String, OptionSpec>,
    /// The code that reacts to hooks.
    pub implementation: &'static super::Implementation,
    /// The chain that the scenario declares for it, where its code is the declared provider's.
    pub issuer: Option<IssuerProfile>,
    /// The TLS stack that judges this workload's peers, where the catalogue knows it.
    pub validator: Option<String>,
    /// Whether its workload trusts the system's roots beside what it is given.
    pub system_roots: bool,
    /// What its units have for clients to connect to.
    pub server: Server,
    /// Beginnings of the paths of workload files that lie on volumes (`storage` in the charm's
    /// charmcraft.yaml, mounted into its containers): those outlive a pod.
    pub volumes: Vec<String>,
    /// The action that rotates its CA, for `rotate-ca`.
    pub rotate_ca_action: Option<String>,
    /// Processes of its units that open connections, beside the workload.
    pub processes: Vec<ProcessProfile>,
    /// Actions it answers.
    pub actions: Vec<String>,
    /// Where this description comes from.
    pub provenance: Provenance,
    /// The charm's own code, where that plays its hooks.
    pub source: Option<super::CharmSource>,
}

impl CharmMetadata {
    /// Whether more than its name is known.
    pub fn is_described(&self) -> bool {
        !matches!(self.provenance, Provenance::Unknown | Provenance::Untold)
    }

    /// The endpoints over which a coordinator hands its workers the certificate that it gets over this one. It asks for that
    /// one anew in each hook.
    pub fn worker_endpoints<'a>(
        &'a self,
        certificates: &'a str,
    ) -> impl Iterator<Item = &'a Endpoint> {
        self.endpoints.iter().filter(move |endpoint| {
            let passes = matches!(&endpoint.profile,
                Some(EndpointProfile::PassesCa(profile)) if profile.of.iter().any(|of| of == certificates));
            passes && Carrier::of(&endpoint.interface) == Carrier::Cluster
        })
    }

    /// Whether the certificate of an endpoint is handed to workers.
    pub fn has_workers(&self, certificates: &str) -> bool {
        self.worker_endpoints(certificates).next().is_some()
    }

    /// Whether the charm has a CA of its own that signs for its units while nothing else does over this endpoint.
    pub fn has_own_ca(&self, endpoint: &str) -> bool {
        let own = self.endpoint(endpoint);
        let profile = own.and_then(|own| own.profile.as_ref());
        matches!(profile, Some(EndpointProfile::Certificates(profile)) if profile.own_ca.is_some())
    }

    /// The endpoint of that name.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.name == name)
    }

    /// The process of that name.
    pub fn process(&self, name: &str) -> Option<&ProcessProfile> {
        self.processes.iter().find(|process| process.name == name)
    }

    /// The `tls-certificates` library declared for an endpoint.
    pub fn certificates_library(&self, endpoint: &str) -> Option<tls_certificates::Library> {
        match self.endpoint(endpoint)?.library? {
            LibraryProfile::Certificates(library) => Some(library),
            LibraryProfile::Transfer(_) => None,
        }
    }

    /// The endpoint of the CA above this one, where the charm issues nothing without that one.
    pub fn required_parent(&self) -> Option<&'static str> {
        let Authority::Intermediate { endpoint } = self.implementation.authority else {
            return None;
        };
        let mut endpoints = self.endpoints.iter();
        endpoints
            .any(|endpoint| endpoint.bugs.needs_parent)
            .then_some(endpoint)
    }

    /// The `tls-certificates` library that an endpoint is played with: without a declared one, the
    /// current one.
    pub fn played_certificates_library(&self, endpoint: &str) -> tls_certificates::Library {
        self.certificates_library(endpoint).unwrap_or_default()
    }

    /// The `certificate_transfer` library that an endpoint is played with: without a declared one,
    /// the current one.
    pub fn played_transfer_library(&self, endpoint: &str) -> certificate_transfer::Library {
        self.transfer_library(endpoint).unwrap_or_default()
    }

    /// The `certificate_transfer` library declared for an endpoint.
    pub fn transfer_library(&self, endpoint: &str) -> Option<certificate_transfer::Library> {
        match self.endpoint(endpoint)?.library? {
            LibraryProfile::Transfer(library) => Some(library),
            LibraryProfile::Certificates(_) => None,
        }
    }
}

/// What the units of a charm have for clients to connect to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Server {
    /// A server with whatever certificate the charm is given.
    #[default]
    Tls,
    /// A server that speaks without TLS, whatever certificates the charm asks for.
    Plain,
    /// None: the charm has no workload.
    None,
}

/// A process of each unit that opens connections and has a trust store of its own: the charm itself, a sidecar, root
/// with a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessProfile {
    /// What it is called.
    pub name: String,
    /// The endpoints whose CAs it is given.
    pub trusts: Vec<String>,
    /// Whether it takes another CA only when the workload starts; else in the hook that brings it.
    pub at_start_only: bool,
    /// Whether the CA that came first over an endpoint stays the only one.
    pub keeps_first_ca: bool,
    /// Whether it trusts the system's roots beside what it is given.
    pub system_roots: bool,
    /// The endpoint whose certificate it shows to a server that asks for one; none where it has none to show.
    pub shows: Option<String>,
    /// Whether it dials nothing while none of the CAs is there that it is given.
    pub waits_for_ca: bool,
    /// Its TLS stack, where it is not that of the workload.
    pub validator: Option<String>,
}

/// One endpoint of a charm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Name, as in `app:NAME`.
    pub name: String,
    /// Which side of a relation it is.
    pub role: Role,
    /// Interface name.
    pub interface: String,
    /// How many relations it takes, as `juju integrate` enforces it.
    pub limit: Option<u32>,
    /// Whether it only reaches units on the same machine.
    pub container_scope: bool,
    /// Which generation of `tls-certificates` it speaks.
    pub protocol: Protocol,
    /// How a generic consumer uses it for TLS; ignored by charms that are code.
    pub profile: Option<EndpointProfile>,
    /// What it does with a certificate that a client hands its server for it to trust.
    pub client_certificate: Option<ClientCertificate>,
    /// The library the charm speaks it with; `None` for what its code would take.
    pub library: Option<LibraryProfile>,
    /// Mistakes of some revision that it is played with.
    pub bugs: super::Bugs,
    /// How it is known that the charm has it.
    pub source: EndpointSource,
}

/// How it is known that a charm has an endpoint, and of which interface it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndpointSource {
    /// The charm's description has it.
    #[default]
    Description,
    /// A relation of the deployment names it, and the other side tells the interface.
    Relation,
    /// A relation or an offer names it, and no side tells the interface: it is what endpoints of its name usually have.
    UsualName,
    /// A relation or an offer names it, and nothing tells the interface, which is called after the endpoint, or which
    /// side provides.
    Guess,
}

/// The library of an endpoint, by interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LibraryProfile {
    /// Of `tls-certificates`.
    Certificates(tls_certificates::Library),
    /// Of `certificate_transfer`.
    Transfer(certificate_transfer::Library),
}

/// The two generations of `tls-certificates`. Juju integrates one with the other, since both have
/// the same interface name, and then nothing happens: each ignores the other's keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Requests and answers as JSON lists (version 1).
    #[default]
    Current,
    /// That of the reactive charms.
    Legacy,
}

/// One charm option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionSpec {
    /// `string`, `int`, `float`, `boolean` or `secret`.
    pub kind: String,
    /// The default, as text.
    pub default: Option<String>,
}

/// How the generic consumer uses one of its endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointProfile {
    /// Requires `tls-certificates`.
    Certificates(CertificatesProfile),
    /// Requires `tls-certificates` in the protocol of the reactive charms.
    LegacyCertificates(CertificatesProfile),
    /// Requires `certificate_transfer`.
    ReceivesCa(TrustProfile),
    /// Provides something else, and hands the CA of its own certificates to the other side.
    PassesCa(PassingProfile),
    /// Requires something else, and takes the CA that the other side hands it.
    TakesCa(TakingProfile),
}

/// What a charm does with a certificate that a client hands its server, for the server to trust it (`mtls-cert` of
/// canonical/data-platform-libs `lib/charms/data_platform_libs/v0/data_interfaces.py`, 4bf12d1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCertificate {
    /// The client hands the one that its leader got over this endpoint of its own, without the chain.
    Handed(String),
    /// The server trusts it; what its workload does when another one comes.
    Trusted(Apply),
}

/// How a charm hands on the CA of its certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassingProfile {
    /// The endpoints over which those certificates come, at least one: the first of them over which a CA came counts.
    pub of: Vec<String>,
}

/// A consumer's use of a CA that comes over a relation that is there for something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakingProfile {
    /// What the workload does when its trust files change.
    pub apply: Apply,
    /// Whether the charm looks in each hook, or only when it is told.
    pub in_each_hook: bool,
    /// Whether the CA that came first stays the only one for as long as the relation is there.
    pub keeps_first_ca: bool,
    /// Whether the files are written again when the workload starts.
    pub restores: bool,
}

/// What a consumer asks for that takes its name from an option which is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unnamed {
    /// The address of its load balancer, else its Juju name.
    #[default]
    OwnName,
    /// The address of its load balancer, and nothing without one.
    LoadBalancer,
    /// Nothing.
    Nothing,
}

/// A consumer's use of `tls-certificates`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificatesProfile {
    /// Who asks: each unit, the application's leader, or both.
    pub mode: Mode,
    /// The option whose value is the name asked for; without it (or unset) the Juju name is.
    pub name_option: Option<String>,
    /// Options whose values (comma or space separated) are more names.
    pub extra_name_options: Vec<String>,
    /// Which of its addresses a unit on a machine asks for, and is dialled at.
    pub address_of: AddressOf,
    /// The name that its code asks for in place of the Juju name. `{unit}` is the number of the unit, `{app}` the name of
    /// the application and `{model}` that of the model.
    pub fixed_name: Option<String>,
    /// The common name that its code asks for, whatever its alternative names are, filled in as `fixed_name` is. The first of
    /// its names where there is none.
    pub common_name: Option<String>,
    /// What it asks for where its option is not set and no name is fixed.
    pub unnamed: Unnamed,
    /// Endpoints without a relation of one of which it asks for nothing; it always asks where none is listed.
    pub asks_with: Vec<String>,
    /// Endpoints over which names come that it asks for, in databags, which are not played. With a relation of one, and no
    /// name in its option, it asks for its usual name.
    pub names_from: Vec<String>,
    /// The share of a certificate's life after which it is renewed, in thousandths (900).
    pub renewal_permille: u32,
    /// What the workload does when its certificate files change.
    pub apply: Apply,
    /// What it does when the CA that came with the certificate changes; as `apply` if absent.
    pub apply_ca: Option<Apply>,
    /// Whether peers and clients trust the `ca` that comes with the certificate.
    pub trusts_ca: bool,
    /// Whether files go when there is no assigned certificate.
    pub delete_on_missing: bool,
    /// Whether files go when the relation goes.
    pub delete_when_broken: bool,
    /// In which further hooks the charm writes its files, or deletes them where nothing is assigned.
    pub reconciles: Reconciles,
    /// Whether the workload is restarted with a certificate where it had none, and without where it goes, whatever `apply`
    /// says.
    pub restarts_at_first: bool,
    /// As `restarts_at_first`, and whether it is restarted with a certificate for other names than the one before.
    pub restarts_for_names: bool,
    /// In which hooks a charm that restarts so makes its configuration anew, and notices that it has no certificate: one
    /// that is there again before that finds the configuration as it was. None where it notices at once.
    pub reconfigures: Option<Vec<HookName>>,
    /// The status of a charm that stops its workload for as long as the relation is there without a certificate.
    pub stops_without: Option<String>,
    /// Whether the workload serves without TLS while it has no certificate, and its charm tells those who take its scheme
    /// from a relation.
    pub plain_without_certificate: bool,
    /// Whether the library hears the unit's hooks. Where the charm keeps no reference to it, Python collects its observers:
    /// it then acts in each hook in which the charm calls it, and renews nothing at `secret-expired`.
    pub listens: bool,
    /// Which certificates go to disk, and in which order.
    pub serves: Serves,
    /// Whether a renewal keeps the key.
    pub key: KeyUse,
    /// Whether each request has an identifier of its own in its subject; without one a request
    /// made again with the same key and names is the same bytes.
    pub unique_requests: bool,
    /// Whether a certificate under another CA is served when every unit trusts that CA beside the one before, which goes
    /// when every unit serves under the other.
    pub phased: bool,
    /// How long the CA lives, and what it signs, that the charm has for the units of its application: it signs for each while
    /// nothing is assigned to that.
    pub own_ca: Option<Span>,
    /// Whether the CA before stays trusted beside a new one until the next certificate comes.
    pub keeps_old_ca: bool,
    /// Whether the CA that came first stays the only one for as long as the relation is there.
    pub keeps_first_ca: bool,
    /// Whether the files are written again when the workload starts.
    pub restores: bool,
    /// On which events of version 3 of the library the charm asks again.
    pub renews_on: RenewsOn,
    /// How long before the end a charm with version 3 wants to be told.
    pub notification: Option<Span>,
    /// Whether a charm with version 3 installs its first certificate only: it asks again in time,
    /// and takes no notice of what comes.
    pub installs_once: bool,
    /// The `cert_handler` of observability_libs between the charm and version 3, which then decides when to ask and
    /// with which key.
    pub cert_handler: Option<cert_handler::Version>,
}

/// Which of the addresses of its machine a unit asks a certificate for. The first of them is the one at which it is dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressOf {
    /// That in the space to which its application is bound.
    Application,
    /// That in the space of this endpoint (`model.get_binding(...).network.bind_address`).
    Endpoint(String),
    /// Every address of the machine, after that in the space of its application.
    Every,
}

impl AddressOf {
    /// The endpoint of whose binding the first address is; the empty name for that of the application.
    pub fn endpoint(&self) -> &str {
        match self {
            Self::Endpoint(name) => name,
            Self::Application | Self::Every => "",
        }
    }
}

impl Endpoint {
    /// Whether what it sends over `certificate_transfer` can be read at another endpoint: version 0 is one certificate in the
    /// bag of each unit, which a library for version 1 alone does not look for.
    pub fn is_read_at(&self, receives: &Self) -> bool {
        let v0 = Some(LibraryProfile::Transfer(
            certificate_transfer::Library::V0Patch11,
        ));
        self.library != v0 || receives.library == v0
    }

    /// Whether a worker serves with what its coordinator hands it over this endpoint.
    pub fn brings_certificate(&self) -> bool {
        matches!(self.profile, Some(EndpointProfile::TakesCa(_)))
            && Carrier::of(&self.interface) == Carrier::Cluster
    }

    /// Whether it was read for which of its addresses a unit on a machine asks a certificate over this endpoint.
    pub fn says_its_address(&self) -> bool {
        match &self.profile {
            Some(
                EndpointProfile::Certificates(profile)
                | EndpointProfile::LegacyCertificates(profile),
            ) => profile.address_of != AddressOf::Application,
            _ => false,
        }
    }
}

impl Default for CertificatesProfile {
    /// A charm whose units ask for themselves, serve the chain as it came and restart.
    fn default() -> Self {
        Self {
            mode: Mode::Unit,
            name_option: None,
            extra_name_options: Vec::new(),
            address_of: AddressOf::Application,
            fixed_name: None,
            common_name: None,
            unnamed: Unnamed::default(),
            asks_with: Vec::new(),
            names_from: Vec::new(),
            renewal_permille: 900,
            apply: Apply::Restart,
            apply_ca: None,
            trusts_ca: true,
            delete_on_missing: false,
            delete_when_broken: false,
            reconciles: Reconciles::default(),
            restarts_at_first: false,
            plain_without_certificate: false,
            restarts_for_names: false,
            reconfigures: None,
            stops_without: None,
            listens: true,
            serves: Serves::Chain,
            key: KeyUse::Kept,
            unique_requests: true,
            phased: false,
            own_ca: None,
            keeps_old_ca: false,
            keeps_first_ca: false,
            restores: true,
            renews_on: RenewsOn::default(),
            notification: None,
            installs_once: false,
            cert_handler: None,
        }
    }
}

/// Which certificates a consumer writes to disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Serves {
    /// The chain in the order in which it came.
    #[default]
    Chain,
    /// The chain, turned round where it does not begin with the certificate.
    LeafFirst,
    /// The certificate, then the chain, which begins with the certificate again.
    LeafAndChain,
    /// The certificate alone.
    Leaf,
    /// The certificate, then each issuer above it that came with it, in whatever order they came. A key store that
    /// `openssl pkcs12` makes of a bundle is read so by Java (canonical/kafka-operator 3c25f095,
    /// `common/single_kernel_kafka/managers/tls.py`, `set_keystore`), and OpenSSL presents so what a server has among the
    /// CAs that it verifies clients with (canonical/postgresql-operator 9251d5db45,
    /// `lib/charms/postgresql_k8s/v0/postgresql_tls.py`, `get_tls_files`; OpenSSL, `SSL_MODE_NO_AUTO_CHAIN`).
    Built,
    /// The chain, always turned round: `chain_as_pem` of the library of that time
    /// (canonical/traefik-k8s-operator#491, canonical/opensearch-operator#641).
    Reversed,
    /// The chain without the certificate (canonical/traefik-k8s-operator#306, #400).
    WithoutLeaf,
    /// Nothing: a certificate is asked for so that its CA comes (canonical/kafka-operator 7b00b34b, `src/events/tls.py`,
    /// `_trusted_relation_changed`).
    Nothing,
}

/// Whether a renewal keeps the private key. The libraries since version 4 always do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyUse {
    /// The same key.
    #[default]
    Kept,
    /// A new key, written together with its certificate.
    Renewed,
    /// A new key, written as soon as it is made: until its certificate comes the workload has a
    /// key and a certificate that do not fit.
    RenewedEarly,
}

/// On which events of the library's version 3 a charm asks for a new certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenewsOn {
    /// `certificate_expiring`.
    pub expiring: bool,
    /// `certificate_invalidated` with reason `expired`.
    pub expired: bool,
    /// `certificate_invalidated` with reason `revoked`.
    pub revoked: bool,
}

impl Default for RenewsOn {
    fn default() -> Self {
        Self {
            expiring: true,
            expired: true,
            revoked: true,
        }
    }
}

/// A consumer's use of `certificate_transfer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustProfile {
    /// What the workload does when its trust files change.
    pub apply: Apply,
    /// Which files the CAs go to.
    pub store: Store,
    /// Where the charm takes the CAs from.
    pub reads: Reads,
    /// Whether the process reads the first CA that comes, whatever `apply` says: those of the system are read with its first
    /// connection, and once.
    pub reads_first: bool,
    /// Whether the workload is restarted for each event of the library, whatever it changed.
    pub restarts_always: bool,
    /// Whether CAs that left the set stay on disk.
    pub keeps_removed: bool,
    /// Whether the files are written again when the workload starts.
    pub restores: bool,
}

impl Default for TrustProfile {
    /// One file for each relation, written again at each start.
    fn default() -> Self {
        Self {
            apply: Apply::Restart,
            store: Store::Relation,
            reads: Reads::Event,
            reads_first: false,
            restarts_always: false,
            keeps_removed: false,
            restores: true,
        }
    }
}

/// Which files received CAs go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Store {
    /// One for each relation.
    #[default]
    Relation,
    /// One for all relations.
    Bundle,
    /// One for each certificate.
    Each,
    /// One for each relation, to which each certificate is written in turn: one of them stays.
    Last,
}

/// Where a charm takes received CAs from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// From the library's event.
    #[default]
    Event,
    /// It asks the library again in its handler.
    Again,
    /// From the databags of the provider's units, past the library.
    Raw,
}

/// What a workload does when its files change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Apply {
    /// The process is restarted and reads everything again.
    #[default]
    Restart,
    /// The process reads the changed files again.
    Reload,
    /// Nothing: only a later restart reads them.
    None,
}

/// A provider whose chain the scenario gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerProfile {
    /// The CAs from the root down; the last one signs.
    pub chain: Vec<DeclaredAuthority>,
    /// How long its leaves live.
    pub leaf_validity: Span,
    /// Whether the root is in the chain that requirers get.
    pub chain_includes_root: bool,
    /// What `certificate_transfer` hands out.
    pub transfers: Transfers,
    /// Subject of the `ca` field requirers get: the root or the issuing CA.
    pub ca_is_root: bool,
    /// What its leaves are good for; servers and clients where empty.
    pub leaf_purposes: Vec<Purpose>,
    /// Whether its root is among those that every system trusts.
    pub public: bool,
}

/// One CA of a declared chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredAuthority {
    /// Subject common name.
    pub common_name: String,
    /// How long it lives from the start of the run.
    pub validity: Span,
    /// How many CAs may follow below it.
    pub path_length: Option<u8>,
    /// Domains outside of which it may certify nothing; none is no constraint.
    pub permitted_dns: Vec<String>,
    /// Domains within which it may certify nothing.
    pub excluded_dns: Vec<String>,
}

/// Which CAs a declared provider transfers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transfers {
    /// The root.
    #[default]
    Root,
    /// The CA that signs leaves.
    Issuer,
    /// Every CA of the chain.
    All,
}
