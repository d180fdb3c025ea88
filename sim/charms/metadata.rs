//! What is known of a charm before any unit of it runs: endpoints, options, how it handles
//! certificates. The catalogue and a scenario's `charms` section are both written in this shape.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::kernel::Span;

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
    /// The code or profile that reacts to hooks.
    pub behaviour: Behaviour,
    /// The TLS stack that judges this workload's peers, where the catalogue knows it.
    pub validator: Option<String>,
    /// The action that rotates its CA, for `rotate-ca`.
    pub rotate_ca_action: Option<String>,
    /// Actions it answers.
    pub actions: Vec<String>,
    /// False for a charm that nobody described: it runs as a plain application.
    pub known: bool,
}

impl CharmMetadata {
    /// The endpoint of that name.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.name == name)
    }
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
    /// How a generic consumer uses it for TLS; ignored by charms that are code.
    pub profile: Option<EndpointProfile>,
}

/// Sides of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// `provides`.
    Provider,
    /// `requires`.
    Requirer,
    /// `peers`.
    Peer,
}

/// One charm option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionSpec {
    /// `string`, `int`, `float`, `boolean` or `secret`.
    pub kind: String,
    /// The default, as text.
    pub default: Option<String>,
}

/// What reacts to the charm's hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// canonical/self-signed-certificates-operator.
    SelfSignedCertificates,
    /// canonical/manual-tls-certificates-operator.
    ManualTlsCertificates,
    /// canonical/notary-k8s-operator.
    Notary,
    /// canonical/traefik-k8s-operator.
    Traefik,
    /// canonical/vault-k8s-operator, either charm.
    Vault(super::VaultGuard),
    /// The generic consumer, driven by the endpoint profiles.
    Requirer,
    /// A provider with a chain that the scenario gives.
    DeclaredProvider(IssuerProfile),
    /// Runs hooks and does nothing with certificates.
    Plain,
}

impl Behaviour {
    /// Whether what it waits for is signed by a CA outside Juju.
    pub const fn is_signed_for(&self) -> bool {
        matches!(self, Self::ManualTlsCertificates | Self::Notary)
    }

    /// Whether the charm ever waits for people ([`super::Charm::waits`]).
    pub const fn waits_for_people(&self) -> bool {
        match self {
            Self::ManualTlsCertificates | Self::Notary | Self::Vault(_) => true,
            Self::SelfSignedCertificates
            | Self::Traefik
            | Self::Requirer
            | Self::DeclaredProvider(_)
            | Self::Plain => false,
        }
    }
}

/// How the generic consumer uses one of its endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointProfile {
    /// Requires `tls-certificates`.
    Certificates(CertificatesProfile),
    /// Requires `certificate_transfer`.
    ReceivesCa(TrustProfile),
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
    /// The share of a certificate's life after which it is renewed, in thousandths (900).
    pub renewal_permille: u32,
    /// What the workload does when its certificate files change.
    pub apply: Apply,
    /// Whether peers and clients trust the `ca` that comes with the certificate.
    pub trusts_ca: bool,
    /// Whether files go when there is no assigned certificate.
    pub delete_on_missing: bool,
}

/// A consumer's use of `certificate_transfer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustProfile {
    /// What the workload does when its trust files change.
    pub apply: Apply,
}

/// Who asks for certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Each unit, in its unit databag.
    #[default]
    Unit,
    /// The leader, in the application databag.
    App,
    /// Both.
    AppAndUnit,
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
    /// Whether the root stands in the chain that requirers get.
    pub chain_includes_root: bool,
    /// What `certificate_transfer` hands out.
    pub transfers: Transfers,
    /// Subject of the `ca` field requirers get: the root or the issuing CA.
    pub ca_is_root: bool,
}

/// One CA of a declared chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredAuthority {
    /// Subject common name.
    pub common_name: String,
    /// How long it lives from the start of the run.
    pub validity: Span,
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
