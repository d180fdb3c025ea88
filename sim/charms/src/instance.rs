//! A charm's code, chosen by its metadata.

use super::{
    AcmeServer, Behaviour, Carried, Charm, CharmMetadata, CharmVault, DeclaredProvider, Deed,
    EasyRsa, Etcd, Hand, Kubernetes, LegacyRequirer, Lego, ManualTlsCertificates, Notary,
    OpenSearch, Plain, Requirer, SelfSignedCertificates, TlsConstraints, Traefik, Vault, Wait,
};
use trustsim_interfaces::KeySource;
use trustsim_interfaces::UnitContext;
use trustsim_juju::{Hook, HookError, Quiet};
use trustsim_pki::{Certificate, KeyAlgorithm, KeyPool};

/// The code of one application's charm. Options are read in each hook; it holds no state.
#[derive(Clone, Debug)]
pub enum Instance {
    /// `self-signed-certificates`.
    SelfSignedCertificates(SelfSignedCertificates),
    /// `lego`.
    Lego(Lego),
    /// `manual-tls-certificates`.
    ManualTlsCertificates(ManualTlsCertificates),
    /// `notary-k8s`.
    Notary(Notary),
    /// `tls-constraints`.
    TlsConstraints(TlsConstraints),
    /// `traefik-k8s`.
    Traefik(Traefik),
    /// `vault-k8s` and `vault`.
    Vault(Vault),
    /// `opensearch`.
    OpenSearch(OpenSearch),
    /// The generic consumer.
    Requirer(Requirer),
    /// A provider with a given chain.
    DeclaredProvider(DeclaredProvider),
    /// `easyrsa`.
    EasyRsa(EasyRsa),
    /// charm-vault.
    CharmVault(CharmVault),
    /// A charm of Charmed Kubernetes.
    Kubernetes(Kubernetes),
    /// `etcd`.
    Etcd(Etcd),
    /// The generic consumer of the legacy protocol.
    LegacyRequirer(LegacyRequirer),
    /// Nothing with certificates.
    Plain(Plain),
}

impl Instance {
    /// The code for this charm, with keys of this algorithm; RSA keys come from `pool`.
    pub fn new(metadata: &CharmMetadata, algorithm: KeyAlgorithm, pool: &KeyPool) -> Self {
        let keys = KeySource::new(algorithm, pool.clone());
        match &metadata.behaviour {
            Behaviour::Lego => Self::Lego(Lego::new(keys)),
            Behaviour::ManualTlsCertificates => {
                Self::ManualTlsCertificates(ManualTlsCertificates::default())
            }
            Behaviour::Notary => Self::Notary(Notary::new(keys)),
            Behaviour::Vault(guard) => Self::Vault(Vault::new(keys, *guard)),
            Behaviour::SelfSignedCertificates => Self::SelfSignedCertificates(
                SelfSignedCertificates::new(keys).with_libraries(metadata),
            ),
            Behaviour::Traefik => Self::Traefik(Traefik::new(keys).with_libraries(metadata)),
            Behaviour::OpenSearch => Self::OpenSearch(OpenSearch::new(metadata, keys)),
            Behaviour::TlsConstraints => Self::TlsConstraints(TlsConstraints::default()),
            Behaviour::Requirer => Self::Requirer(Requirer::new(metadata, keys)),
            Behaviour::DeclaredProvider(profile) => {
                Self::DeclaredProvider(DeclaredProvider::new(metadata, profile.clone(), keys))
            }
            Behaviour::EasyRsa(version) => Self::EasyRsa(EasyRsa::new(*version, keys)),
            Behaviour::LegacyRequirer => Self::LegacyRequirer(LegacyRequirer::new(metadata)),
            Behaviour::Kubernetes(part) => Self::Kubernetes(Kubernetes::new(*part)),
            Behaviour::Etcd => Self::Etcd(Etcd::new()),
            Behaviour::CharmVault(version) => Self::CharmVault(CharmVault::new(*version, keys)),
            Behaviour::Plain => Self::Plain(Plain),
        }
    }

    /// The same, with an ACME server for charms that order from one.
    #[must_use]
    pub fn reaching(self, server: &AcmeServer) -> Self {
        match self {
            Self::Lego(charm) => Self::Lego(charm.reaching(server.clone())),
            other => other,
        }
    }

    /// What `get-ca-certificate` of this charm would print on its leader: what people outside Juju
    /// are given to trust. Empty for a charm that is no CA.
    pub fn ca_certificates(&self, unit: &UnitContext<'_>) -> Vec<Certificate> {
        match self {
            Self::SelfSignedCertificates(charm) => charm.ca_certificates(unit),
            Self::DeclaredProvider(charm) => charm.ca_certificates(unit),
            Self::Vault(charm) => charm.ca_certificates(unit),
            Self::EasyRsa(charm) => charm.ca_certificates(unit),
            Self::CharmVault(charm) => charm.ca_certificates(unit),
            Self::Kubernetes(charm) => charm.ca_certificates(unit),
            Self::Lego(_)
            | Self::TlsConstraints(_)
            | Self::ManualTlsCertificates(_)
            | Self::Notary(_)
            | Self::Etcd(_)
            | Self::LegacyRequirer(_)
            | Self::Traefik(_)
            | Self::OpenSearch(_)
            | Self::Requirer(_)
            | Self::Plain(_) => Vec::new(),
        }
    }

    fn charm(&self) -> &dyn Charm {
        match self {
            Self::SelfSignedCertificates(charm) => charm,
            Self::Lego(charm) => charm,
            Self::ManualTlsCertificates(charm) => charm,
            Self::Notary(charm) => charm,
            Self::TlsConstraints(charm) => charm,
            Self::Traefik(charm) => charm,
            Self::Vault(charm) => charm,
            Self::OpenSearch(charm) => charm,
            Self::Requirer(charm) => charm,
            Self::DeclaredProvider(charm) => charm,
            Self::EasyRsa(charm) => charm,
            Self::LegacyRequirer(charm) => charm,
            Self::Kubernetes(charm) => charm,
            Self::Etcd(charm) => charm,
            Self::CharmVault(charm) => charm,
            Self::Plain(charm) => charm,
        }
    }
}

impl Charm for Instance {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        self.charm().on_hook(hook, unit)
    }

    fn quiet(&self, unit: &UnitContext<'_>) -> Quiet {
        self.charm().quiet(unit)
    }

    fn libraries(&self, unit: &UnitContext<'_>) -> Vec<Carried> {
        self.charm().libraries(unit)
    }

    fn waits(&self, unit: &UnitContext<'_>) -> Vec<Wait> {
        self.charm().waits(unit)
    }

    fn answer(&self, wait: &Wait, hand: &mut Hand, unit: &mut UnitContext<'_>) -> Option<Deed> {
        self.charm().answer(wait, hand, unit)
    }
}
