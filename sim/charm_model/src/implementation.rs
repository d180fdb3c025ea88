//! What the code of a charm is, seen from outside: the name it is chosen by, how it is built, and
//! what it is able to do. Each charm's own file registers this as data ([`super::registry`]); the
//! crates above ask for a capability and never for a particular charm.
//!
//! A charm that signs with a root of its own and has one option to check registers like this:
//!
//! ```ignore
//! pub(crate) static IMPLEMENTATIONS: [Implementation; 1] = [Implementation {
//!     behaviour: "example",
//!     build: |setup| Arc::new(Example::new(setup.keys.clone())),
//!     option_faults: |options| check_common_name(options),
//!     authority: Authority::OwnRoot,
//!     ..Implementation::NONE
//! }];
//! ```

use std::fmt;
use std::sync::Arc;

use super::options::{OptionFault, Options};
use super::without_tls::WithoutTls;
use super::{AcmeServer, Charm, CharmMetadata, EndpointKeys, Mode};
use trustsim_interfaces::KeySource;
use trustsim_pki::issuers::vault::Role as VaultRole;
use trustsim_pki::{KeyAlgorithm, KeyPool};

/// What the code of one application is built from.
#[derive(Debug)]
pub struct Setup<'a> {
    /// Endpoints, libraries and options of the charm.
    pub metadata: &'a CharmMetadata,
    /// Where its private keys come from.
    pub keys: KeySource,
    /// The public ACME server, where the deployment has one.
    pub acme: Option<&'a AcmeServer>,
}

/// One implementation of a charm: a behaviour in one of its versions, with what it can do.
pub struct Implementation {
    /// The name by which a declaration chooses it (`behaviour`).
    pub behaviour: &'static str,
    /// The `version` by which a declaration chooses among implementations of one behaviour; the
    /// first that is registered is the default. `None` where there is one version only.
    pub version: Option<&'static str>,
    /// Makes the code of one application.
    pub build: fn(&Setup<'_>) -> Arc<dyn Charm>,
    /// Which keys of its endpoints' declarations it reads.
    pub endpoint_keys: EndpointKeys,
    /// Whether it plays each TLS endpoint that its metadata has; else those that its code knows.
    pub plays_any_endpoint: bool,
    /// Mistakes of revisions ([`super::Bugs`]) that it can be played with: the endpoint, and the mistake.
    pub bugs: &'static [(&'static str, &'static str)],
    /// Whether it fills the trust stores of the processes that its declaration lists.
    pub plays_processes: bool,
    /// Whether it writes files of a workload, which a new pod has on volumes only.
    pub writes_files: bool,
    /// Options with which it issues or sends nothing.
    pub option_faults: fn(&dyn Options) -> Vec<OptionFault>,
    /// The role of Vault's PKI mount with which it signs under these options.
    pub pki_role: Option<fn(&dyn Options) -> VaultRole>,
    /// The repaired revision, where this one plays a defect that was repaired.
    pub repair: Option<Repair>,
    /// Actions that it answers beside those of its metadata.
    pub actions: &'static [&'static str],
    /// The actions that replace its CA, in order, where its metadata names none.
    pub rotation_actions: &'static [&'static str],
    /// Which CA signs for its requirers.
    pub authority: Authority,
    /// Where the certificate of its own API comes from.
    pub api: Option<ApiCertificate>,
    /// Endpoints on which it requests a CA certificate, not a leaf.
    pub ca_endpoints: &'static [&'static str],
    /// For which names it requests certificates.
    pub requests: Requests,
    /// The option with the name at which an ingress is dialled. Without it the ingress is dialled, and asks for its
    /// certificate, at the address that the cluster gives its load balancer.
    pub public_name_option: Option<&'static str>,
    /// At which of its addresses on machines clients dial it.
    pub listens: Listens,
    /// What it needs an operator for, where it needs one.
    pub operator: Option<OperatorNeed>,
    /// What plays a charm of this behaviour by its own code, where a person does something for it that is in no code.
    pub with_own_code: Option<&'static Self>,
    /// Whether its workload is a Vault, which is sealed after each start of its process.
    pub seals: bool,
    /// Whether it can revoke what it gave.
    pub revokes: bool,
    /// Endpoints of which one must be integrated with a database; without it nothing is issued.
    pub database_endpoints: &'static [&'static str],
    /// The options of which the first must be at least twice the second, or it is blocked.
    pub validity_options: Option<ValidityOptions>,
    /// Whether it writes all CAs of a `certificate_transfer` relation to one file, one over the
    /// other, whatever its endpoint's profile says.
    pub overwrites_received_cas: bool,
    /// What the key in a unit's peer databag begins with that is set while that unit waits for the others in the
    /// second phase of a CA's rotation.
    pub rotation_flag: Option<&'static str>,
    /// Whether it hands out a kubeconfig, with the CA of its cluster.
    pub has_kubeconfig: bool,
    /// Interfaces over which it passes on the CA of its own certificates.
    pub ca_interfaces: &'static [&'static str],
    /// Interfaces over which it takes such a CA, with a certificate for itself as client.
    pub credential_interfaces: &'static [&'static str],
    /// Interfaces without whose data it does not use the certificates that it has.
    pub awaited_interfaces: &'static [&'static str],
}

impl Implementation {
    /// A charm that does nothing with certificates: what others are declared by difference from.
    pub const NONE: Self = Self {
        behaviour: "plain",
        version: None,
        build: |_| Arc::new(WithoutTls),
        endpoint_keys: EndpointKeys::Listed(&[]),
        plays_any_endpoint: false,
        bugs: &[],
        plays_processes: false,
        writes_files: false,
        option_faults: |_| Vec::new(),
        pki_role: None,
        repair: None,
        actions: &[],
        rotation_actions: &[],
        authority: Authority::None,
        api: None,
        ca_endpoints: &[],
        requests: Requests::Unknown,
        public_name_option: None,
        listens: Listens::ByProfile,
        operator: None,
        with_own_code: None,
        seals: false,
        revokes: false,
        database_endpoints: &[],
        validity_options: None,
        overwrites_received_cas: false,
        rotation_flag: None,
        has_kubeconfig: false,
        ca_interfaces: &[],
        credential_interfaces: &[],
        awaited_interfaces: &[],
    };

    /// Whether its certificates are ordered from a public CA over ACME.
    pub fn orders_from_acme(&self) -> bool {
        self.authority == Authority::Acme
    }

    /// Whether the chain of CAs is the scenario's and its keys are the operator's.
    pub fn has_declared_chain(&self) -> bool {
        self.authority == Authority::Declared
    }
}

impl PartialEq for Implementation {
    /// Behaviour and version identify an implementation; a test holds the registry to it.
    fn eq(&self, other: &Self) -> bool {
        (self.behaviour, self.version) == (other.behaviour, other.version)
    }
}

impl Eq for Implementation {}

impl fmt::Debug for Implementation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(out, "{} {version}", self.behaviour),
            None => out.write_str(self.behaviour),
        }
    }
}

/// Which CA signs what an application issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// It issues nothing.
    None,
    /// A root of its own, which is under no other CA.
    OwnRoot,
    /// A CA of its own: a root, or under the provider that is integrated with `endpoint`.
    Intermediate {
        /// The endpoint on which it requests its CA certificate.
        endpoint: &'static str,
    },
    /// A CA of its own: a root, or signed by an operator who runs actions for it.
    SignedByHand,
    /// A CA outside Juju, with which operators sign each request.
    People {
        /// Whether requirers get the last certificate of the chain as `ca`; else the CA that
        /// signed, or the root, as the operator declares.
        ca_ends_chain: bool,
    },
    /// A public CA, over ACME.
    Acme,
    /// The provider that is integrated with `endpoint`: requests are passed on to it.
    Relay {
        /// The endpoint over which requests go up.
        endpoint: &'static str,
    },
    /// A chain that the scenario declares ([`CharmMetadata::issuer`]).
    Declared,
}

/// How the server of a charm comes to the certificate of its own API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiCertificate {
    /// The endpoint on which it requests one.
    pub endpoint: &'static str,
    /// Whether the server never starts in a pod where that endpoint is integrated from the start.
    pub blocks_start_in_pods: bool,
}

/// For which names the code of a charm requests certificates, as far as that can be told before
/// it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// It cannot be told.
    Unknown,
    /// As the profiles of its endpoints say.
    ByProfile,
    /// The leader requests one for the application, under the name in this option.
    ForHostname {
        /// Name of the option.
        option: &'static str,
    },
}

impl Requests {
    /// The mode that the code has, whatever the profiles of its endpoints say.
    pub const fn fixed_mode(self) -> Option<Mode> {
        match self {
            Self::ForHostname { .. } => Some(Mode::App),
            Self::Unknown | Self::ByProfile => None,
        }
    }
}

/// At which of its addresses clients dial a unit that is on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listens {
    /// At that for which its certificate is asked ([`super::CertificatesProfile`]), whichever relation the client has.
    ByProfile,
    /// At that in the space of this endpoint of its own.
    At(&'static str),
    /// At that in the space of the endpoint over which the client is related to it; its peers, at that of this endpoint.
    ByRelation {
        /// Its peer endpoint.
        peers: &'static str,
    },
}

/// What an application needs an operator for ([`Charm::pending_tasks`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorNeed {
    /// Whether the operator signs with a CA outside Juju.
    pub signs: bool,
    /// What starts it without an operator.
    pub alternative: Option<Unattended>,
}

/// What an operator would do, done by other means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unattended {
    /// A boolean option.
    pub option: &'static str,
    /// An action that a fault may run.
    pub action: &'static str,
}

/// A defect that a later revision repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The repaired revision.
    pub by: &'static Implementation,
    /// What it does, as the end of "a version that ...".
    pub effect: &'static str,
}

/// Options that bound each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidityOptions {
    /// How long the root lives.
    pub root: &'static str,
    /// How long leaves live.
    pub leaf: &'static str,
}

impl CharmMetadata {
    /// The code of one application of this charm, with keys of this algorithm; RSA keys come from
    /// `pool`.
    pub fn build(
        &self,
        algorithm: KeyAlgorithm,
        pool: &KeyPool,
        acme: Option<&AcmeServer>,
    ) -> Arc<dyn Charm> {
        assert_eq!(
            self.issuer.is_some(),
            self.implementation.has_declared_chain(),
            "`{}` has a chain of CAs where its code signs with a declared one, and nowhere else",
            self.name
        );
        (self.implementation.build)(&Setup {
            metadata: self,
            keys: KeySource::new(algorithm, pool.clone()),
            acme,
        })
    }

    /// The option that names the charm's CA: another value makes another CA.
    pub fn ca_name_option(&self) -> Option<&'static str> {
        const NAMES: [&str; 2] = ["ca-common-name", "pki_ca_common_name"];
        NAMES
            .into_iter()
            .find(|name| self.options.contains_key(*name))
    }

    /// The actions that replace the charm's CA, in order; empty where it has none.
    pub fn rotation_actions(&self) -> Vec<&str> {
        match &self.rotate_ca_action {
            Some(action) => vec![action],
            None => self.implementation.rotation_actions.to_vec(),
        }
    }
}
