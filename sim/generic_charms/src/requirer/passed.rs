//! The generic consumer where a CA travels in a relation that is there for something else: it hands its clients the CA
//! of its certificates, and takes the CA that a server hands it.

use std::sync::Arc;

use super::{CertificatesEndpoint, Changes};
use trustsim_charm_model::surface::{chain_path, key_path, trust_path};
use trustsim_charm_model::{Apply, Endpoint, PassingProfile, TakingProfile};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::passed_ca::{Carrier, Handed, Passing, Provider, Requirer};
use trustsim_interfaces::pem;
use trustsim_interfaces::tls_certificates::Side;
use trustsim_juju::{Hook, HookError, RelationId, Value};

/// The name under which a worker's files lie.
const HANDED: &str = "server";

/// An endpoint over which the charm hands on the CA of its certificates.
#[derive(Debug)]
pub(super) struct PassingEndpoint {
    provider: Provider,
    /// Where the CAs lie that came with those certificates, the first endpoint's first.
    paths: Vec<String>,
    /// The endpoint whose certificate a client hands its server, in place of a CA.
    shows: Option<String>,
}

/// An endpoint over which the charm is handed a CA.
#[derive(Debug)]
pub(super) struct TakingEndpoint {
    requirer: Requirer,
    profile: TakingProfile,
}

impl PassingEndpoint {
    pub(super) fn new(endpoint: &Endpoint, profile: &PassingProfile) -> Self {
        let passing = match endpoint.bugs {
            bugs if bugs.word_as_ca => Passing::Word,
            bugs if bugs.earlier_relations_only => Passing::EarlierRelations,
            _ => Passing::Ca,
        };
        Self {
            provider: Provider {
                endpoint: Arc::from(endpoint.name.as_str()),
                carrier: Carrier::of(&endpoint.interface),
                passing,
            },
            paths: profile.of.iter().map(|own| trust_path(own)).collect(),
            shows: None,
        }
    }

    /// The endpoint over which a client hands its server the certificate that came over `shows`.
    pub(super) fn of_client(endpoint: &Endpoint, shows: &str) -> Self {
        Self {
            provider: Provider {
                endpoint: Arc::from(endpoint.name.as_str()),
                carrier: Carrier::ClientCertificate,
                passing: Passing::Ca,
            },
            paths: Vec::new(),
            shows: Some(shows.to_owned()),
        }
    }

    /// Charms bring what they hand on up to date in each hook (canonical/kafka-operator 3c25f095,
    /// `common/single_kernel_kafka/events/provider.py`, `reconcile`).
    pub(super) fn on_hook(
        &self,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
        certificates: &[CertificatesEndpoint],
    ) -> Result<(), HookError> {
        if matches!(hook, Hook::Install | Hook::Stop | Hook::Remove) {
            return Ok(());
        }
        let mut paths = self.paths.iter();
        let ca = paths.find_map(|path| unit.files().get(path.as_str()).cloned());
        let of_client = |endpoint: &&CertificatesEndpoint| {
            self.shows.as_deref() == Some(&*endpoint.certificates.endpoint)
        };
        let shown = certificates.iter().find(of_client);
        let ca = ca.or_else(|| leaf(shown?, unit));
        let gathers =
            |endpoint: &&CertificatesEndpoint| endpoint.gathers.contains(&self.provider.endpoint);
        let serving = certificates.iter().find(gathers);
        let handed = serving.and_then(|endpoint| handed(endpoint, unit));
        self.provider.pass(unit, ca.as_ref(), handed.as_ref())
    }
}

/// The certificate that a coordinator has, with the secret of its key.
fn handed(endpoint: &CertificatesEndpoint, unit: &UnitContext<'_>) -> Option<Handed> {
    let certificate = leaf(endpoint, unit)?;
    let key = endpoint.certificates.key_uri(Side::Unit, unit)?;
    Some(Handed {
        certificate,
        key: key.into(),
    })
}

/// The certificate that lies there for an endpoint, without its chain.
fn leaf(endpoint: &CertificatesEndpoint, unit: &UnitContext<'_>) -> Option<Value> {
    let chain = endpoint.served_chain(unit)?;
    let leaf = pem::loadable(Some(&chain)).into_iter().next()?;
    Some(pem::chain_value(&[leaf]))
}

impl TakingEndpoint {
    pub(super) fn new(endpoint: &Endpoint, profile: &TakingProfile) -> Self {
        Self {
            requirer: Requirer {
                endpoint: Arc::from(endpoint.name.as_str()),
                carrier: Carrier::of(&endpoint.interface),
            },
            profile: profile.clone(),
        }
    }

    /// The endpoint over which a server is handed the certificates of its clients. It is told of each
    /// (`mtls_cert_updated`), and a new pod has them again (canonical/kafka-operator 3c25f095
    /// `common/single_kernel_kafka/events/tls.py`, `update_truststore`; canonical/charmed-etcd-operator 00dfa4e4
    /// `src/managers/tls.py`, `collect_client_cas`).
    pub(super) fn of_server(endpoint: &Endpoint, apply: Apply) -> Self {
        Self {
            requirer: Requirer {
                endpoint: Arc::from(endpoint.name.as_str()),
                carrier: Carrier::ClientCertificate,
            },
            profile: TakingProfile {
                apply,
                in_each_hook: false,
                keeps_first_ca: false,
                restores: true,
            },
        }
    }

    pub(super) fn on_hook(
        &self,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
        begins: bool,
        changes: &mut Changes,
    ) -> Result<(), HookError> {
        if matches!(hook, Hook::Install | Hook::Stop | Hook::Remove) {
            return Ok(());
        }
        self.requirer.on_hook(hook, unit)?;
        let endpoint = &self.requirer.endpoint;
        let own = hook
            .relation()
            .filter(|relation| unit.own_endpoint(*relation) == Some(&**endpoint));
        let looks = self.profile.in_each_hook || (begins && self.profile.restores);
        let mut written = Vec::new();
        for relation in unit.relations(endpoint) {
            let is_told = own == Some(relation) && self.is_told(hook, unit, relation);
            if (looks || is_told) && self.take(unit, relation)? {
                written.push(self.path(unit, relation));
            }
        }
        if let (Hook::RelationBroken { .. }, Some(relation)) = (hook, own) {
            let path = self.path(unit, relation);
            let serves = self.requirer.carrier == Carrier::Cluster && self.forget(unit);
            if unit.remove_file(&path) || serves {
                written.push(path);
            }
        }
        changes.note(!written.is_empty(), self.profile.apply, &written);
        Ok(())
    }

    /// Whether the library tells the charm of something in this hook.
    fn is_told(&self, hook: &Hook, unit: &UnitContext<'_>, relation: RelationId) -> bool {
        let has_one = unit
            .files()
            .contains_key(self.path(unit, relation).as_str());
        matches!(hook, Hook::RelationChanged { .. })
            && (!has_one || self.requirer.carrier.tells_of_changes())
    }

    /// Writes what a relation brings; whether that is another CA than before.
    fn take(&self, unit: &mut UnitContext<'_>, relation: RelationId) -> Result<bool, HookError> {
        let serves_other = self.serve(unit, relation)?;
        let path = self.path(unit, relation);
        // `keytool -import` finds its alias in use (canonical/kafka-connect-operator ad7cfb3, `import_cert`).
        if self.profile.keeps_first_ca && unit.files().contains_key(path.as_str()) {
            return Ok(false);
        }
        let trusts_other = match self.requirer.read(unit, relation)? {
            Some(ca) => unit.push_file(&path, ca),
            None if self.requirer.is_taken_back(unit, relation)? => unit.remove_file(&path),
            None => false,
        };
        Ok(trusts_other || serves_other)
    }

    /// Writes the certificate and the key that a coordinator hands its workers; whether that changes anything.
    fn serve(&self, unit: &mut UnitContext<'_>, relation: RelationId) -> Result<bool, HookError> {
        if self.requirer.carrier != Carrier::Cluster {
            return Ok(false);
        }
        let endpoint = &self.requirer.endpoint;
        let paths = [chain_path(endpoint, HANDED), key_path(endpoint, HANDED)];
        Ok(match self.requirer.read_handed(unit, relation)? {
            Some((certificate, key)) => {
                let changed = unit.push_file(&paths[0], certificate);
                unit.push_file(&paths[1], key) || changed
            }
            None if self.requirer.is_taken_back(unit, relation)? => self.forget(unit),
            None => false,
        })
    }

    /// Removes what it serves with; whether there was anything.
    fn forget(&self, unit: &mut UnitContext<'_>) -> bool {
        let endpoint = &self.requirer.endpoint;
        let removed = unit.remove_file(&chain_path(endpoint, HANDED));
        unit.remove_file(&key_path(endpoint, HANDED)) || removed
    }

    fn path(&self, unit: &UnitContext<'_>, relation: RelationId) -> String {
        let number = unit.relation_number(relation);
        trust_path(&format!("{}-{number}", self.requirer.endpoint))
    }
}
