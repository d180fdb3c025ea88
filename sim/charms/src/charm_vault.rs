//! charm-vault, the `vault` of OpenStack and Charmed Kubernetes: openstack/charm-vault
//! `src/reactive/vault_handlers.py` and `src/lib/charm/vault_pki.py`, branches `stable/1.7` and
//! master (5a0c525), as far as certificates go.
//!
//! Noteworthy: nothing at all happens in update-status; without its database version 1.7
//! issues nothing; certificates live 8759 hours and are made anew by the action
//! `reissue-certificates` only; keys lie in databags and once more in leader settings; what is
//! refused stays unanswered, without a word to the requirer; an intermediate that is uploaded
//! without its root leaves requirers without any CA; the action to reissue does nothing on a unit
//! that does not lead, until that unit leads.
//!
//! Simplified: Vault's storage, database or raft, is a secret of the application, and a database is
//! there as soon as its relation has a unit; raft has no quorum; the people's commands to
//! initialise and unseal are part of `authorize-charm`; roles take any name.

mod actions;
mod operator_tasks;
mod pki;

use std::sync::Arc;
use trustsim_interfaces::notes::Note;

use pki::Bundle;

use super::leader_settings::LeaderSettings;
use super::{
    Authority, Charm, Implementation, OperatorAction, OperatorContext, OperatorNeed, PendingTask,
    Unattended,
};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates_legacy::{
    LegacyRequest, LegacyRequestKind, Provider, unit_key,
};
use trustsim_interfaces::{KeySource, pem};
use trustsim_juju::{Hook, HookError, Status, Value};
use trustsim_pki::Certificate;

/// With it the charm initialises, unseals and authorises by itself.
const AUTO_UNLOCK: &str = "totally-unsecure-auto-unlock";
const ENDPOINT: &str = "certificates";
const PEERS: &str = "cluster";
const ROOT_CA: &str = "root-ca";
/// Set once the charm may use Vault.
const ACCESS: &str = "local-charm-access-id";
const GLOBAL_CLIENT: &str = "charm.vault.global-client-cert";
const CA_READY: &str = "unitdata/flag/charm.vault.ca.ready";
const AUTO_GENERATED: &str = "unitdata/flag/charm.vault.ca.auto-generated";
const REISSUE: &str = "unitdata/flag/certificates.reissue.requested";
const REISSUE_GLOBAL: &str = "unitdata/flag/certificates.reissue.global.requested";
/// The service was restarted and has not been unsealed since.
const SEALED: &str = "vault/sealed";
/// The service was stopped by `pause`.
const PAUSED: &str = "vault/paused";

/// Which charm-vault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CharmVaultVersion {
    /// `stable/1.7` and older: storage is a database.
    V1_7,
    /// `stable/1.8`: without a database it is the charm's own raft cluster.
    V1_8,
}

const CHARM_VAULT: Implementation = Implementation {
    behaviour: "charm-vault",
    writes_files: true,
    // It has no action for it: its backend is disabled with its CA in it, a root is generated in a
    // new one, and certificates are issued again (`actions.yaml`, `actions/actions.py`).
    rotation_actions: &["disable-pki", "generate-root-ca", "reissue-certificates"],
    authority: Authority::SignedByHand,
    operator: Some(OperatorNeed {
        signs: false,
        alternative: Some(Unattended {
            option: AUTO_UNLOCK,
            action: "authorize-charm",
        }),
    }),
    seals: true,
    ..Implementation::NONE
};

pub(super) static IMPLEMENTATIONS: [Implementation; 2] = [
    Implementation {
        version: Some("1.7"),
        build: |setup| Arc::new(CharmVault::new(CharmVaultVersion::V1_7, setup.keys.clone())),
        database_endpoints: &["shared-db", "db"],
        ..CHARM_VAULT
    },
    Implementation {
        version: Some("1.8"),
        build: |setup| Arc::new(CharmVault::new(CharmVaultVersion::V1_8, setup.keys.clone())),
        ..CHARM_VAULT
    },
];

/// The charm. Cheap to clone.
#[derive(Clone, Debug)]
struct CharmVault(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    version: CharmVaultVersion,
    keys: KeySource,
    provider: Provider,
    settings: LeaderSettings,
}

/// What keeps Vault from issuing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    NoDatabase,
    Paused,
    Sealed,
    /// etcd, by which Vault elects the server that is active, does not let it in.
    NoLeadership,
    /// The charm has no access to Vault yet. To initialize Vault, to unseal it and to authorize the charm is one step here.
    NotInitialized,
}

impl Obstacle {
    /// The message of [`Self::status`].
    const fn message(self) -> &'static str {
        self.status().1
    }

    /// As `_assess_status` says it.
    const fn status(self) -> (Status, &'static str) {
        match self {
            Self::NoDatabase => (Status::Blocked, "'shared-db' or 'db' missing"),
            Self::Paused => (Status::Blocked, "Vault service not running"),
            Self::Sealed => (Status::Blocked, "Unit is sealed"),
            Self::NoLeadership => (Status::Blocked, "Vault health check failed"),
            Self::NotInitialized => (Status::Blocked, "Vault needs to be initialized"),
        }
    }
}

impl Charm for CharmVault {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        match hook {
            Hook::Install | Hook::Stop | Hook::Remove => return Ok(()),
            Hook::UpdateStatus => {
                self.assess_status(unit)?;
                return Ok(());
            }
            Hook::RelationDeparted {
                relation,
                unit: remote,
                ..
            } if unit.own_endpoint(*relation) == Some(ENDPOINT) && unit.is_leader() => {
                let prefix = format!("pki:{}:", unit_key(unit.name_of(*remote)));
                for key in self.0.settings.keys(unit, &prefix) {
                    self.0.settings.set(unit, &key, None)?;
                }
            }
            Hook::Action { name, parameters } => self.act(name, parameters, unit)?,
            _ => {}
        }
        self.run_handlers(matches!(hook, Hook::ConfigChanged), unit)?;
        self.assess_status(unit)
    }

    fn pending_tasks(&self, unit: &UnitContext<'_>) -> Vec<PendingTask> {
        self.pending_task(unit).into_iter().collect()
    }

    fn operator_action(
        &self,
        task: &PendingTask,
        operator: &mut OperatorContext,
        unit: &mut UnitContext<'_>,
    ) -> Option<OperatorAction> {
        self.operator_action_for(task, operator, unit)
    }

    // `get-root-ca`.
    fn ca_certificates(&self, unit: &UnitContext<'_>) -> Vec<Certificate> {
        pem::loadable(self.0.settings.get(unit, ROOT_CA).as_ref())
    }
}

impl CharmVault {
    /// The charm in this version.
    fn new(version: CharmVaultVersion, keys: KeySource) -> Self {
        Self(Arc::new(Inner {
            version,
            keys,
            provider: Provider::new(ENDPOINT),
            settings: LeaderSettings::in_peer(Some(PEERS)),
        }))
    }

    /// Everything that reacts to flags.
    fn run_handlers(
        &self,
        config_changed: bool,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        if option_is_true(unit, AUTO_UNLOCK)
            && self.obstacle(unit) == Some(Obstacle::NotInitialized)
            && unit.is_leader()
        {
            self.0
                .settings
                .set(unit, ACCESS, Some(Value::from("auto")))?;
        }
        if !unit.is_leader() {
            return self.sync_from_cache(unit);
        }
        if self.obstacle(unit).is_some() {
            return Ok(());
        }
        self.auto_generate_root_ca(unit)?;
        if self.0.settings.get(unit, ROOT_CA).is_some() {
            // `takeover_cert_leadership`: what a leader before this one made goes on.
            set(unit, CA_READY);
        }
        if !is_set(unit, CA_READY) || !self.0.provider.is_joined(unit) {
            return Ok(());
        }
        self.publish_ca_info(unit)?;
        // `when_not('config.changed')`.
        if !config_changed {
            self.publish_global_client(unit)?;
        }
        self.create_certificates(unit)
    }

    fn obstacle(&self, unit: &UnitContext<'_>) -> Option<Obstacle> {
        let has_unit = |endpoint: &str| {
            let relations = unit.relations(endpoint);
            relations
                .into_iter()
                .any(|relation| !unit.remote_units(relation).is_empty())
        };
        let needs_database = self.0.version == CharmVaultVersion::V1_7;
        if needs_database && !has_unit("shared-db") && !has_unit("db") {
            Some(Obstacle::NoDatabase)
        } else if is_set(unit, PAUSED) {
            Some(Obstacle::Paused)
        } else if is_set(unit, SEALED) {
            Some(Obstacle::Sealed)
        } else if self.0.settings.get(unit, ACCESS).is_none() {
            Some(Obstacle::NotInitialized)
        } else if !has_leadership(unit) {
            Some(Obstacle::NoLeadership)
        } else {
            None
        }
    }

    /// `auto_generate_root_ca_cert`.
    fn auto_generate_root_ca(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let is_wanted = option_is_true(unit, "auto-generate-root-ca-cert");
        if !is_wanted || is_set(unit, CA_READY) || is_set(unit, AUTO_GENERATED) {
            return Ok(());
        }
        if self.0.settings.get(unit, ROOT_CA).is_some() || pki::has_authority(unit) {
            // "PKI CA already configured": skipped.
            return Ok(());
        }
        let ttl = pki::hours(unit.config("default-ca-ttl"), 87_599);
        let max_ttl = pki::hours(unit.config("max-ttl"), 87_600);
        let root = pki::generate_root(unit, &self.0.keys, ttl, max_ttl)?;
        self.0.settings.set(unit, ROOT_CA, Some(root))?;
        set(unit, CA_READY);
        set(unit, AUTO_GENERATED);
        Ok(())
    }

    /// `publish_ca_info`.
    fn publish_ca_info(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let ca = self.0.settings.get(unit, ROOT_CA);
        self.0.provider.set_for_all(unit, "ca", ca.as_ref())?;
        if let Some(chain) = pki::chain(unit)? {
            self.0.provider.set_for_all(unit, "chain", Some(&chain))?;
        }
        Ok(())
    }

    /// `publish_global_client_cert`.
    fn publish_global_client(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let known = self.global_client(unit);
        let bundle = match known.filter(|_| !is_set(unit, REISSUE_GLOBAL)) {
            Some(bundle) => bundle,
            None => {
                let issued = pki::issue(
                    unit,
                    &self.0.keys,
                    LegacyRequestKind::Client,
                    "global-client",
                    &[],
                    None,
                )?;
                // Raised, where the CA lives too short, and not caught.
                let bundle = issued.map_err(|refused| {
                    HookError::Charm(format!("VaultInvalidRequest: {}", refused.reason))
                })?;
                self.keep(unit, GLOBAL_CLIENT, &bundle, "global-client")?;
                unit.remove_file(REISSUE_GLOBAL);
                bundle
            }
        };
        let provider = &self.0.provider;
        provider.set_client_cert(unit, &bundle.certificate, &bundle.key)
    }

    fn global_client(&self, unit: &UnitContext<'_>) -> Option<Bundle> {
        self.kept(unit, GLOBAL_CLIENT)
    }

    /// `create_certs`.
    fn create_certificates(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let asked = if is_set(unit, REISSUE) {
            self.0.provider.requests(unit)?
        } else {
            self.0.provider.new_requests(unit)?
        };
        let mut applications: Vec<String> = Vec::new();
        for asked in asked {
            let kind = match asked.kind {
                LegacyRequestKind::Application => {
                    let name = asked.application_name().to_owned();
                    if applications.contains(&name) {
                        continue;
                    }
                    applications.push(name);
                    LegacyRequestKind::Server
                }
                kind => kind,
            };
            let (name, sans) = (&asked.common_name, &asked.sans);
            match pki::issue(unit, &self.0.keys, kind, name, sans, Some(&asked))? {
                Ok(bundle) => {
                    let provider = &self.0.provider;
                    provider.publish(unit, &asked, &bundle.certificate, &bundle.key)?;
                    self.keep(unit, &cache_key(&asked), &bundle, &asked.unit_key)?;
                }
                // Logged; the requirer learns nothing.
                Err(refused) => unit.note(Note::CertificateRefused {
                    refused,
                    request: None,
                }),
            }
        }
        unit.remove_file(REISSUE);
        Ok(())
    }

    /// `sync_cert_from_cache`: a unit that does not lead says what the leader said.
    fn sync_from_cache(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let provider = &self.0.provider;
        if !provider.is_joined(unit) {
            return Ok(());
        }
        if let Some(ca) = self.0.settings.get(unit, ROOT_CA) {
            provider.set_for_all(unit, "ca", Some(&ca))?;
        }
        // Its own Vault is asked for the chain.
        if self.obstacle(unit).is_none() {
            let chain = pki::chain(unit)?;
            provider.set_for_all(unit, "chain", chain.as_ref())?;
        }
        if let Some(bundle) = self.global_client(unit) {
            provider.set_client_cert(unit, &bundle.certificate, &bundle.key)?;
        }
        for asked in provider.requests(unit)? {
            if let Some(bundle) = self.kept(unit, &cache_key(&asked)) {
                provider.publish(unit, &asked, &bundle.certificate, &bundle.key)?;
            }
        }
        Ok(())
    }

    /// Certificate and key under two keys of the leader settings (`CertCache`).
    fn keep(
        &self,
        unit: &mut UnitContext<'_>,
        key: &str,
        bundle: &Bundle,
        holder: &str,
    ) -> Result<(), HookError> {
        let settings = &self.0.settings;
        let private = format!("{key}:key");
        super::leader_settings::note_key(unit, &private, holder, &bundle.certificate);
        settings.set(unit, &private, Some(bundle.key.clone()))?;
        let public = format!("{key}:cert");
        settings.set(unit, &public, Some(bundle.certificate.clone()))
    }

    fn kept(&self, unit: &UnitContext<'_>, key: &str) -> Option<Bundle> {
        let setting = |item: &str| self.0.settings.get(unit, &format!("{key}:{item}"));
        Some(Bundle {
            certificate: setting("cert")?,
            key: setting("key")?,
        })
    }

    /// `_assess_status`.
    fn assess_status(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let (status, message) = match self.obstacle(unit) {
            Some(obstacle) => obstacle.status(),
            None if unit.is_leader()
                && !is_set(unit, CA_READY)
                && self.0.provider.is_joined(unit) =>
            {
                (Status::Blocked, "Missing CA cert")
            }
            None => (
                Status::Active,
                "Unit is ready (active: true, mlock: enabled)",
            ),
        };
        unit.set_status(status, message);
        Ok(())
    }
}

/// `PUBLISH_KEY_FORMAT` without its last part.
fn cache_key(asked: &LegacyRequest) -> String {
    let publish_key = asked
        .publish_key()
        // The first request of a unit has no key of its own (`top_level_publish_key`).
        .unwrap_or_else(|| "top_level_publish_key".to_owned());
    format!("pki:{}:{publish_key}:{}", asked.unit_key, asked.common_name)
}

fn option_is_true(unit: &UnitContext<'_>, option: &str) -> bool {
    unit.config(option)
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn is_set(unit: &UnitContext<'_>, flag: &str) -> bool {
    unit.files().contains_key(flag)
}

fn set(unit: &mut UnitContext<'_>, flag: &str) {
    unit.push_file(flag, Value::from("set"));
}

/// Whether Vault's server becomes active. Where etcd is its means of election
/// (openstack/charm-vault `src/templates/vault.hcl.j2`, `ha_storage "etcd"`), etcd must take the
/// client certificate that came over the relation; charmed-kubernetes/bundle#723 is what happens
/// when it is one that Vault itself would have to issue anew.
fn has_leadership(unit: &UnitContext<'_>) -> bool {
    let mut relations = unit.relations("etcd").into_iter();
    relations.all(|relation| {
        let members = unit.remote_units(relation).into_iter();
        let shown = members.map(|member| {
            let bag = unit.unit_data(relation, member);
            bag.expect("a unit reads the bags of remote units")
        });
        let mut shown = shown.filter_map(|bag| bag.get("client_cert").cloned());
        shown.all(|certificate| match &*pem::chain(&certificate) {
            Ok(chain) => chain
                .first()
                .is_some_and(|leaf| !unit.has_passed(leaf.not_after())),
            Err(_) => false,
        })
    })
}
