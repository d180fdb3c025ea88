//! CAs that travel in relations that are there for something else: a charm hands the CA of its server's certificate to
//! its clients.
//!
//! Follows canonical/data-platform-libs `lib/charms/data_platform_libs/v0/data_interfaces.py` at 4bf12d1 (patch 59:
//! `set_tls_ca`, `_on_relation_created_event`, `_on_secret_changed_event`) and charmed-kubernetes/interface-kube-control
//! `ops/ops/interface_kube_control/provides.py` and `requires.py` at 9e7b13e; `vault-kv` is in `vault_kv.rs`, the
//! relation of a coordinator and its workers in `cluster.rs`.
//!
//! | interface | key | who learns of another CA |
//! |---|---|---|
//! | `kafka_client`, `postgresql_client`, `mysql_client`, `mongodb_client`, `opensearch_client` | `tls-ca` | no charm: it is another revision of a secret, and the library passes over `secret-changed` |
//! | `etcd_client` | `tls-ca` | the requirer: its library says `etcd_ready` in `secret-changed` |
//! | `kube-control` | `ca-certificate` | the requirer, whose library makes a relation-changed of `secret-changed` |
//! | `vault-kv` | `ca_certificate` | the requirer, whose library is `ready` in each relation-changed |
//! | `tempo_cluster`, `mimir_cluster`, `loki_cluster`, `pyroscope_cluster` | `ca_cert` | the requirer, which looks in each hook |
//! | any other | `ca` | the requirer |
//!
//! The other way, a client of the data platform hands its server its own certificate, for it to trust: `mtls-cert`
//! (`set_mtls_cert` and `mtls_cert_updated`), of which the server is told again in `secret-changed`. No charm takes it back
//! while the relation is there.
//!
//! Simplified: what the real libraries put into a secret that is granted over the relation lies in the application's
//! databag, so that the hook in which another CA comes is called relation-changed; the leader alone writes.

mod cluster;
mod vault_kv;

use std::sync::Arc;

use crate::{UnitContext, pem};
use trustsim_juju::{Hook, HookError, RelationId, SecretOwner, Value};

/// The clients' relations of the data platform, each with the field that says what is asked for.
const OF_DATA_PLATFORM: [(&str, &str); 6] = [
    ("etcd_client", OF_ETCD),
    ("kafka_client", "topic"),
    ("postgresql_client", "database"),
    ("mysql_client", "database"),
    ("mongodb_client", "database"),
    ("opensearch_client", "index"),
];
const OF_ETCD: &str = "prefix";
/// What a requirer of the data platform asks to have in secrets.
const REQUESTED_SECRETS: &str = "requested-secrets";
/// `RequirerData.SECRET_FIELDS`.
const SECRET_FIELDS: &str = r#"["username", "password", "tls", "tls-ca", "uris", "read-only-uris", "entity-name", "entity-password"]"#;
/// Label and field of the secret in which a control plane keeps the CA of its API.
const CA_CERTIFICATE: &str = "ca-certificate";

/// How a relation carries a CA, by its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A client's relation of the data platform, with the field that says what is asked for.
    DataPlatform(&'static str),
    /// `kube-control`.
    KubeControl,
    /// `vault-kv` of the Vault charms whose tracks begin with 1.15. That of charm-vault has the same name and other keys.
    VaultKv,
    /// That of a coordinator and its workers.
    Cluster,
    /// Any other: the CA as it is, for every relation.
    Plain,
    /// The certificate of a client, which hands it to its server.
    ClientCertificate,
}

impl Carrier {
    /// That of an interface.
    pub fn of(interface: &str) -> Self {
        let mut clients = OF_DATA_PLATFORM.iter();
        match clients.find(|(name, _)| *name == interface) {
            Some((_, resource)) => Self::DataPlatform(resource),
            None if interface == "kube-control" => Self::KubeControl,
            None if interface == "vault-kv" => Self::VaultKv,
            None if cluster::INTERFACES.contains(&interface) => Self::Cluster,
            None => Self::Plain,
        }
    }

    /// Whether the library of the requirer tells its charm when another CA comes in place of one.
    pub fn tells_of_changes(self) -> bool {
        !matches!(self, Self::DataPlatform(resource) if resource != OF_ETCD)
    }

    const fn key(self) -> &'static str {
        match self {
            Self::DataPlatform(_) => "tls-ca",
            Self::KubeControl => CA_CERTIFICATE,
            Self::VaultKv => vault_kv::CA_CERTIFICATE,
            Self::Cluster => cluster::CA_CERT,
            Self::Plain => "ca",
            Self::ClientCertificate => "mtls-cert",
        }
    }
}

/// Where the workers of a coordinator are, over one of its endpoints, sorted.
///
/// # Errors
///
/// [`HookError`] where a hook tool refuses.
pub fn worker_addresses(
    endpoint: &str,
    unit: &UnitContext<'_>,
) -> Result<std::collections::BTreeSet<String>, HookError> {
    cluster::addresses(endpoint, unit)
}

/// What a provider hands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// The CA, to everyone who asks.
    Ca,
    /// The word `enabled` in its place (canonical/kafka-operator#300, `update_client_data` up to 4a6846a2).
    Word,
    /// The CA, to those who were related when it was first there, and to later ones when another one comes
    /// (canonical/k8s-operator#950: a secret that is found by its label has no id in `ops` before its content is set, and
    /// without one `set_ca_certificate` neither grants nor publishes).
    EarlierRelations,
}

/// The certificate with which a coordinator's workers serve, and where its key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// The certificate without its chain, in PEM.
    pub certificate: Value,
    /// The secret with the key, as a databag names it.
    pub key: Value,
}

/// The side that hands its CA on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Endpoint name.
    pub endpoint: Arc<str>,
    /// How its relations carry it.
    pub carrier: Carrier,
    /// What it hands on.
    pub passing: Passing,
}

impl Provider {
    /// Hands `ca` on in each relation, and a coordinator what its workers serve with; without one, takes back what was handed
    /// on, which Vault's charm and clients do not. Only the leader does.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn pass(
        &self,
        unit: &mut UnitContext<'_>,
        ca: Option<&Value>,
        handed: Option<&Handed>,
    ) -> Result<(), HookError> {
        let keeps =
            matches!(self.carrier, Carrier::VaultKv | Carrier::ClientCertificate) && ca.is_none();
        if !unit.is_leader() || keeps {
            return Ok(());
        }
        let passes_to_new = match (self.passing, ca) {
            (Passing::EarlierRelations, Some(ca)) => Self::is_another(unit, ca)?,
            _ => true,
        };
        let value = ca.map(|ca| match self.passing {
            Passing::Word => Value::from("enabled"),
            Passing::Ca if self.carrier == Carrier::Cluster => cluster::encoded(ca.text()),
            Passing::Ca | Passing::EarlierRelations => ca.clone(),
        });
        let key = self.carrier.key();
        for relation in unit.relations(&self.endpoint) {
            let before = unit.own_application_data(relation)?.get(key).cloned();
            let is_left_out = before.is_none() && !passes_to_new;
            if !is_left_out && self.is_requested(unit, relation)? {
                if before != value {
                    unit.set_application_data(relation, key, value.clone())?;
                }
                match self.carrier {
                    Carrier::VaultKv => vault_kv::answer(unit, relation)?,
                    Carrier::Cluster => cluster::answer(unit, relation, handed)?,
                    Carrier::DataPlatform(_)
                    | Carrier::KubeControl
                    | Carrier::Plain
                    | Carrier::ClientCertificate => {}
                }
            }
        }
        Ok(())
    }

    /// `_refresh_secret_content`: whether the secret is made in this call, or is given another content.
    fn is_another(unit: &mut UnitContext<'_>, ca: &Value) -> Result<bool, HookError> {
        let owner = SecretOwner::Application(unit.application_id());
        let content = [(CA_CERTIFICATE.to_owned(), ca.clone())];
        match unit.secret(owner, CA_CERTIFICATE) {
            Some(secret) if secret.content.get(CA_CERTIFICATE) == Some(ca) => return Ok(false),
            Some(secret) => unit.set_secret_content(secret.id, content.into())?,
            None => {
                unit.add_secret(owner, CA_CERTIFICATE, content.into(), None)?;
            }
        }
        Ok(true)
    }

    /// `PrematureDataAccessError`: nothing is written before the other side has said what it wants.
    fn is_requested(
        &self,
        unit: &UnitContext<'_>,
        relation: RelationId,
    ) -> Result<bool, HookError> {
        let resource = match self.carrier {
            Carrier::DataPlatform(resource) => resource,
            Carrier::VaultKv => return vault_kv::is_requested(unit, relation),
            Carrier::Cluster => return cluster::is_requested(unit, relation),
            Carrier::KubeControl | Carrier::Plain | Carrier::ClientCertificate => return Ok(true),
        };
        let asked = unit.remote_application_data(relation)?;
        Ok(asked.get(resource).is_some())
    }
}

/// The side that is handed a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirer {
    /// Endpoint name.
    pub endpoint: Arc<str>,
    /// How its relations carry it.
    pub carrier: Carrier,
}

impl Requirer {
    /// The library's own part of a hook: what a relation is for is said when it is there.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        match self.carrier {
            Carrier::VaultKv => return vault_kv::request(&self.endpoint, hook, unit),
            Carrier::Cluster => return cluster::request(&self.endpoint, hook, unit),
            Carrier::DataPlatform(_)
            | Carrier::KubeControl
            | Carrier::Plain
            | Carrier::ClientCertificate => {}
        }
        let (Hook::RelationCreated { relation, .. }, Carrier::DataPlatform(resource)) =
            (hook, self.carrier)
        else {
            return Ok(());
        };
        if unit.own_endpoint(*relation) != Some(&*self.endpoint) || !unit.is_leader() {
            return Ok(());
        }
        let name = Value::from(unit.application_name());
        unit.set_application_data(*relation, resource, Some(name))?;
        let fields = Value::from(SECRET_FIELDS);
        unit.set_application_data(*relation, REQUESTED_SECRETS, Some(fields))?;
        Ok(())
    }

    /// The chain and the key with which a worker serves, as its coordinator hands them.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn read_handed(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
    ) -> Result<Option<(Value, Value)>, HookError> {
        match self.carrier {
            Carrier::Cluster => cluster::handed(unit, relation),
            _ => Ok(None),
        }
    }

    /// What a relation brings; `None` where that is nothing, or no certificate: charms pass over a word in place of one
    /// (canonical/kafka-connect-operator ad7cfb3, `src/events/kafka.py`; canonical/karapace-operator a5c1fb4,
    /// `src/managers/tls.py`).
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn read(
        &self,
        unit: &UnitContext<'_>,
        relation: RelationId,
    ) -> Result<Option<Value>, HookError> {
        if self.carrier == Carrier::VaultKv && !vault_kv::is_answered(unit, relation)? {
            return Ok(None);
        }
        let bag = unit.remote_application_data(relation)?;
        let found = bag.get(self.carrier.key());
        let found = match self.carrier {
            Carrier::Cluster => found.and_then(cluster::decoded),
            _ => found.cloned(),
        };
        Ok(found.filter(|value| !pem::loadable(Some(value)).is_empty()))
    }

    /// Whether the other side says that it has no CA any more, upon which the charm drops the one that it was handed.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn is_taken_back(
        &self,
        unit: &UnitContext<'_>,
        relation: RelationId,
    ) -> Result<bool, HookError> {
        Ok(self.carrier == Carrier::Cluster
            && cluster::is_taken_back(&unit.remote_application_data(relation)?))
    }
}

#[cfg(test)]
mod tests {
    use super::Carrier;

    #[test]
    fn an_interface_says_what_its_relations_carry() {
        for (interface, carrier, key, tells) in [
            (
                "kafka_client",
                Carrier::DataPlatform("topic"),
                "tls-ca",
                false,
            ),
            (
                "opensearch_client",
                Carrier::DataPlatform("index"),
                "tls-ca",
                false,
            ),
            (
                "etcd_client",
                Carrier::DataPlatform("prefix"),
                "tls-ca",
                true,
            ),
            ("kube-control", Carrier::KubeControl, "ca-certificate", true),
            ("vault-kv", Carrier::VaultKv, "ca_certificate", true),
            ("loki_cluster", Carrier::Cluster, "ca_cert", true),
            ("my_interface", Carrier::Plain, "ca", true),
        ] {
            let found = Carrier::of(interface);
            assert_eq!((found, found.key()), (carrier, key), "{interface}");
            assert_eq!(found.tells_of_changes(), tells, "{interface}");
        }
    }
}
