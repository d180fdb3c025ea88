//! `vault-k8s` and `vault`: canonical/vault-k8s-operator at 619be7dc5 (`k8s/src/charm.py`,
//! `machine/src/charm.py`, `vault-package/`), as far as certificates go.
//!
//! Noteworthy: the server is sealed after every restart, and so after every renewal of its
//! own certificate; while it is, nothing is signed and no requirer is told. Under a parent CA it signs
//! for half of the parent's answer's whole life, so it refuses everything in the second half until
//! the library renews that answer at nine tenths. Its requirers get the intermediate as `ca`, never
//! the root. `send-ca-cert` sends the CA of the API, which need not be that of the certificates.
//! On Kubernetes nothing happens at all if `tls-certificates-access` is there from the start: only
//! the self-signed mode makes the secret that `_configure` wants to see.
//!
//! Left out: the ACME mount (its CA certificate is asked for, and not used), what is in key-value secrets,
//! backups, and the credentials of auto-unseal. `docs/reference/vault.md` says what is simplified.

mod access;
mod config;
mod pki;
mod process;

use super::Options;
use super::own_client::OwnClient;
use super::{
    ApiCertificate, Authority, Bugs, Charm, Implementation, LibraryBinding, Listens,
    OperatorAction, OperatorContext, OperatorNeed, OptionFault, PendingTask, Repair, Setup,
};
use config::Engine;
use std::sync::Arc;
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::Note;
use trustsim_interfaces::passed_ca::{self, Carrier, Passing};
use trustsim_interfaces::tls_certificates::{self, Asks, Event, Provider, Request};
use trustsim_interfaces::{KeySource, certificate_transfer};
use trustsim_juju::{Hook, HookError, SecretOwner, SecretView, Status, Value};
use trustsim_pki::Certificate;

const PROVIDER: &str = "vault-pki";
const PKI: &str = "tls-certificates-pki";
const ACME: &str = "tls-certificates-acme";
const SEND_CA: &str = "send-ca-cert";
const PEERS: &str = "vault-peers";
const UNSEALS: &str = "vault-autounseal-provides";
const IS_UNSEALED: &str = "vault-autounseal-requires";
const KV: &str = "vault-kv";
/// `VAULT_CHARM_APPROLE_SECRET_LABEL`.
const APPROLE_SECRET: &str = "vault-approle-auth-details";
const ADDRESS: &str = "node_api_address";

/// The revision of today; the others differ in their guard, and two of them were repaired.
static CURRENT: Implementation = VAULT;

const VAULT: Implementation = Implementation {
    behaviour: "vault",
    writes_files: true,
    build: |setup| build(setup, Guard::WholeValidity),
    option_faults: config::faults,
    pki_role: Some(declared_role),
    authority: Authority::Intermediate { endpoint: PKI },
    api: Some(ApiCertificate {
        endpoint: process::ACCESS,
        blocks_start_in_pods: true,
    }),
    ca_endpoints: &[PKI, ACME],
    listens: Listens::ByRelation { peers: PEERS },
    operator: Some(OperatorNeed {
        signs: false,
        alternative: None,
    }),
    seals: true,
    bugs: &[
        (PROVIDER, "needs-parent"),
        (PROVIDER, "silent-refusals"),
        (PROVIDER, "chain-without-leaf"),
        (PROVIDER, "default-lease"),
        (process::ACCESS, "keeps-own-certificate"),
        (process::ACCESS, "ingress-address-only"),
    ],
    ..Implementation::NONE
};

pub(super) static IMPLEMENTATIONS: [Implementation; 4] = [
    VAULT,
    Implementation {
        behaviour: "vault-renews-early",
        build: |setup| build(setup, Guard::RemainingValidity),
        ..VAULT
    },
    Implementation {
        behaviour: "vault-first-issuer",
        build: |setup| build(setup, Guard::FirstIssuer),
        repair: Some(Repair {
            by: &CURRENT,
            effect: "takes the newest of its issuers",
        }),
        ..VAULT
    },
    Implementation {
        behaviour: "vault-fixed-role",
        build: |setup| build(setup, Guard::FixedRole),
        repair: Some(Repair {
            by: &CURRENT,
            effect: "writes its role anew for another common name",
        }),
        ..VAULT
    },
];

fn build(setup: &Setup<'_>, guard: Guard) -> Arc<dyn Charm> {
    let bugs = |endpoint| {
        let endpoint = setup.metadata.endpoint(endpoint);
        endpoint.map_or_else(Bugs::default, |endpoint| endpoint.bugs)
    };
    let mut vault = Vault::new(setup.keys.clone(), guard);
    vault.pki_bugs = bugs(PROVIDER);
    vault.access_bugs = bugs(process::ACCESS);
    vault.own_client = Some(OwnClient::of(setup.metadata));
    Arc::new(vault)
}

/// When the charm asks for a new intermediate by itself, which differs between its revisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Guard {
    /// Never: `intermediate_ca_exceeds_role_ttl` compares the intermediate's whole life with the
    /// role's ttl, which is half of it (619be7dc5, and canonical/vault-k8s-operator#500).
    #[default]
    WholeValidity,
    /// As its documentation says: when what is left of the intermediate is no more than the ttl.
    RemainingValidity,
    /// Whenever the certificate of the default issuer is not for the configured common name; and a
    /// newer issuer does not become the default one, so that after a change of that name it never
    /// is, and every hook asks for another intermediate (canonical/vault-k8s-operator before #386).
    FirstIssuer,
    /// Never, and the role stays as it was made: a change of the common name permits no name that
    /// was not permitted before (canonical/vault-k8s-operator#367, before #377).
    FixedRole,
}

/// Where the certificate of the API comes from (`TLSMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    SelfSigned,
    Integration,
}

/// The charm.
#[derive(Clone, Debug)]
struct Vault {
    keys: KeySource,
    guard: Guard,
    /// Mistakes of the revision, at `vault-pki`.
    pki_bugs: Bugs,
    /// Mistakes of the revision, at `tls-certificates-access`.
    access_bugs: Bugs,
    /// The charm as a client of its server.
    own_client: Option<OwnClient>,
    provider: Provider,
    pki_parent: tls_certificates::Requirer,
    acme_parent: tls_certificates::Requirer,
    access: tls_certificates::Requirer,
    transfer: certificate_transfer::Provider,
    /// Clients of its key-value store.
    stores: passed_ca::Provider,
}

/// The role of the PKI mount, as far as options say it.
fn declared_role(options: &dyn Options) -> trustsim_pki::issuers::vault::Role {
    let common_name = config::ca_common_name(options);
    config::role(options, common_name.as_deref(), trustsim_kernel::Span::ZERO)
}

impl Charm for Vault {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        process::note_database(unit);
        let kubernetes = unit.is_kubernetes();
        // The observers run in the order in which the charm constructs their objects.
        if !kubernetes {
            self.on_access(hook, unit)?;
        }
        self.provider.on_hook(hook, unit)?;
        if self.on_parents(hook, unit)? {
            self.configure(unit)?;
        }
        if kubernetes {
            self.on_access(hook, unit)?;
        }
        if is_configuring(hook, unit) {
            self.configure(unit)?;
        }
        if let Hook::Action { name, .. } = hook
            && &**name == "authorize-charm"
        {
            self.authorize(unit)?;
        }
        self.trust_own_server(unit);
        if !matches!(hook, Hook::Install | Hook::Stop | Hook::Remove) {
            let (status, message) = self.status(unit);
            unit.set_status(status, &message);
        }
        Ok(())
    }

    fn libraries(&self, unit: &UnitContext<'_>) -> Vec<LibraryBinding> {
        let asking = |library: &tls_certificates::Requirer, request: Option<Request>, refresh| {
            LibraryBinding::RequiresCertificates {
                asks: library.clone(),
                requests: request.into_iter().collect(),
                private_key: None,
                refresh_hooks: refresh,
            }
        };
        let parent = |library, engine| {
            let request = config::ca_request(unit, engine);
            asking(library, request, &["config-changed"] as &[_])
        };
        let mut carried = vec![
            LibraryBinding::ProvidesCertificates(self.provider.clone()),
            parent(&self.pki_parent, Engine::Pki),
            parent(&self.acme_parent, Engine::Acme),
            LibraryBinding::ProvidesTransfer(self.transfer.clone()),
        ];
        if mode(unit) == Mode::Integration {
            let request = access::request(unit, self.access_bugs);
            carried.push(asking(&self.access, request, &[]));
        }
        carried
    }

    fn pending_tasks(&self, unit: &UnitContext<'_>) -> Vec<PendingTask> {
        let wait = |what: &'static str, subject: &str, detail: &str| PendingTask {
            what,
            subject: subject.to_owned(),
            common_name: None,
            detail: detail.to_owned(),
        };
        if !process::is_running(unit) {
            return Vec::new();
        }
        if !process::is_unsealed(unit) {
            let is_transit = process::is_transit(unit) && !process::needs_migration(unit);
            if is_transit && process::is_initialised(unit) {
                return Vec::new();
            }
            let detail = match (
                process::is_initialised(unit),
                process::needs_migration(unit),
            ) {
                (false, _) => "Vault is not initialized",
                (true, false) => "Vault is sealed",
                (true, true) => "Vault's seal has changed",
            };
            return vec![wait("unseal", unit.unit_name(), detail)];
        }
        let is_authorised = approle(unit).is_some();
        if !unit.is_leader() || is_authorised || !process::works(unit) {
            return Vec::new();
        }
        let detail = "the charm has no access to Vault";
        vec![wait("authorize-charm", unit.application_name(), detail)]
    }

    fn operator_action(
        &self,
        task: &PendingTask,
        _: &mut OperatorContext,
        unit: &mut UnitContext<'_>,
    ) -> Option<OperatorAction> {
        match task.what {
            "unseal" => Some(OperatorAction::AtWorkload {
                command: "vault operator unseal".to_owned(),
                files: [(process::UNSEALED.into(), Some(Value::from("true")))].into(),
                notifies: None,
            }),
            "authorize-charm" if unit.is_leader() => Some(OperatorAction::Action {
                name: task.what.to_owned(),
                parameters: [("secret-id".to_owned(), "vault-token".to_owned())].into(),
            }),
            _ => None,
        }
    }

    // The secret `self-signed-vault-ca-certificate`, which the charm's documentation has people read for `VAULT_CACERT`.
    fn own_server_ca(&self, unit: &UnitContext<'_>) -> Option<Certificate> {
        access::own_ca(unit)
    }

    // The CA that signs: what `vault read charm-pki/cert/ca` prints.
    fn ca_certificates(&self, unit: &UnitContext<'_>) -> Vec<Certificate> {
        // What raises in its hook, as a parent's answer that cannot be read, leaves it without one.
        let issuer = self.issuer(unit).ok().flatten();
        issuer
            .map(|issuer| issuer.certificate)
            .into_iter()
            .collect()
    }
}

impl Vault {
    /// `VaultClient` verifies by `ca.pem`, which the charm reads from its storage (`vault-package/vault/vault_client.py` 123,
    /// `vault_managers.py`, `get_tls_file_path_in_charm`).
    fn trust_own_server(&self, unit: &mut UnitContext<'_>) {
        let ca = unit.files().get(process::CA).cloned();
        if let Some(own) = &self.own_client {
            own.trust(unit, ca);
        }
    }

    /// The charm with keys of this source.
    fn new(keys: KeySource, guard: Guard) -> Self {
        let requirer = tls_certificates::Requirer::new;
        Self {
            keys,
            guard,
            pki_bugs: Bugs::default(),
            access_bugs: Bugs::default(),
            own_client: None,
            provider: Provider::new(PROVIDER),
            pki_parent: requirer(PKI, tls_certificates::Mode::App),
            acme_parent: requirer(ACME, tls_certificates::Mode::App),
            access: requirer(process::ACCESS, tls_certificates::Mode::Unit),
            transfer: certificate_transfer::Provider::new(SEND_CA),
            stores: passed_ca::Provider {
                endpoint: KV.into(),
                carrier: Carrier::VaultKv,
                passing: Passing::Ca,
            },
        }
    }

    const fn asks<'a>(&'a self, requests: &'a [Request], refresh: bool) -> Asks<'a> {
        Asks {
            requests,
            private_key: None,
            keys: &self.keys,
            refresh,
        }
    }

    /// The libraries of both parents; whether a certificate for the PKI mount is there.
    fn on_parents(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<bool, HookError> {
        let mut is_told = false;
        for (library, engine) in [
            (&self.pki_parent, Engine::Pki),
            (&self.acme_parent, Engine::Acme),
        ] {
            let requests: Vec<Request> = config::ca_request(unit, engine).into_iter().collect();
            let asks = self.asks(&requests, matches!(hook, Hook::ConfigChanged));
            let events = library.on_hook(hook, unit, &asks)?;
            let is_available = |event: &Event| matches!(event, Event::Available(_));
            is_told |= engine == Engine::Pki && events.iter().any(is_available);
        }
        Ok(is_told)
    }

    /// `TLSManager`: which of its observers there are depends on the mode in this very hook, so
    /// that the library never sees its relation break, and leaves its key behind.
    fn on_access(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let endpoint = hook.relation().and_then(|id| unit.own_endpoint(id));
        let is_of = |name: &str| endpoint == Some(name);
        match mode(unit) {
            Mode::Integration => {
                let request = access::request(unit, self.access_bugs);
                let requests: Vec<Request> = request.into_iter().collect();
                let asks = self.asks(&requests, false);
                self.access.on_hook(hook, unit, &asks)?;
                if matches!(hook, Hook::RelationChanged { .. }) && is_of(process::ACCESS) {
                    self.configure_integration(unit)?;
                }
            }
            Mode::SelfSigned => {
                let is_observed = matches!(hook, Hook::ConfigChanged | Hook::UpdateStatus)
                    || (matches!(hook, Hook::RelationBroken { .. }) && is_of(process::ACCESS));
                if is_observed {
                    self.configure_self_signed(unit)?;
                }
            }
        }
        let is_joined = matches!(hook, Hook::RelationJoined { .. }) && is_of(SEND_CA);
        if is_joined || matches!(hook, Hook::UpdateStatus) {
            self.send_ca(unit)?;
        }
        Ok(())
    }

    /// `_configure`: does nothing, and says nothing, unless all of it can be done.
    fn configure(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        unit.read_application_secret(access::CA_SECRET, false);
        if !can_start(unit) {
            return Ok(());
        }
        let address = Value::from(api_address(unit));
        for relation in unit.relations(PEERS) {
            unit.set_unit_data(relation, ADDRESS, Some(address.clone()))?;
        }
        process::write_config(unit, &peers(unit));
        if !process::is_running(unit) {
            process::start(unit);
        }
        if !process::is_unsealed(unit) {
            let is_stuck = process::reachable_until(unit).is_some()
                && process::is_initialised(unit)
                && process::is_transit(unit);
            if is_stuck {
                process::restart(unit);
            }
            return Ok(());
        }
        unit.read_application_secret(APPROLE_SECRET, true);
        if !can_sign(unit) {
            return Ok(());
        }
        self.configure_pki(unit)?;
        self.sync_autounseal(unit)?;
        // `_sync_vault_kv`: the CA that lies beside this unit's server, which another one follows only here.
        let ca = unit.files().get(process::CA).cloned();
        self.stores.pass(unit, ca.as_ref(), None)?;
        self.sync_pki(unit)
    }

    /// `_sync_vault_autounseal`: a key for each requirer. The credentials, a secret that is granted
    /// to the other side, are left out. A relation that has a key is passed over (`get_outstanding_requests`), so that
    /// another CA is never told.
    fn sync_autounseal(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if !unit.is_leader() {
            return Ok(());
        }
        let Some(ca) = unit.files().get(process::CA).cloned() else {
            return Ok(());
        };
        for relation in unit.relations(UNSEALS) {
            if unit
                .own_application_data(relation)?
                .get("key_name")
                .is_some()
            {
                continue;
            }
            let number = unit.relation_number(relation);
            // `_get_relation_api_address`
            let address = unit.ingress_address(unit.endpoint_of(relation));
            let address = format!("https://{address}:8200");
            for (key, value) in [
                ("address", Value::from(address)),
                ("mount_path", Value::from("charm-autounseal")),
                ("key_name", Value::from(number.to_string())),
                (process::AUTOUNSEAL_CA, ca.clone()),
            ] {
                unit.set_application_data(relation, key, Some(value))?;
            }
        }
        Ok(())
    }

    /// `_on_authorize_charm_action`, by an operator who has a good token. Vault does not answer while
    /// it is sealed, which the charm takes for a bad token.
    fn authorize(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let failure = if !unit.is_leader() {
            Some("This action must be run on the leader unit.")
        } else if process::reachable_until(unit).is_none() || !process::works(unit) {
            Some(
                "The token provided is not valid. Please use a Vault token with the appropriate \
                 permissions.",
            )
        } else {
            None
        };
        if let Some(message) = failure {
            unit.note(Note::action_failed(message));
            return Ok(());
        }
        let details = ["role-id", "secret-id"].map(|field| {
            let mut stream = unit.stream("approle");
            (
                field.to_owned(),
                Value::from(trustsim_pki::uuid4(&mut stream)),
            )
        });
        let owner = SecretOwner::Application(unit.application_id());
        match unit.secret(owner, APPROLE_SECRET) {
            Some(secret) => unit.set_secret_content(secret.id, details.into())?,
            None => {
                unit.add_secret(owner, APPROLE_SECRET, details.into(), None)?;
            }
        }
        let result = "Charm authorized successfully. You may now remove the secret.";
        unit.note(Note::action_result(result));
        Ok(())
    }

    /// `_on_collect_status`, the first that applies.
    fn status(&self, unit: &UnitContext<'_>) -> (Status, String) {
        if let Some(message) = self.pki_fault(unit) {
            return (Status::Blocked, message);
        }
        let (status, message) = if !unit.can_connect() {
            (
                Status::Waiting,
                "Waiting to be able to connect to vault unit",
            )
        } else if unit.relations(PEERS).is_empty() {
            (Status::Waiting, "Waiting for peer relation")
        } else if !unit.files().contains_key(process::CA) {
            let message = "Waiting for CA certificate to be accessible in the charm";
            (Status::Waiting, message)
        } else if !unit.is_leader() && unit.is_kubernetes() && access::ca_secret(unit).is_none() {
            (Status::Waiting, "Waiting for CA certificate secret")
        } else {
            server_status(unit)
        };
        (status, message.to_owned())
    }

    /// Why the PKI mount is not configured, where the status says it.
    fn pki_fault(&self, unit: &UnitContext<'_>) -> Option<String> {
        let has = |endpoint| !unit.relations(endpoint).is_empty();
        if self.pki_bugs.needs_parent && !has(PKI) {
            // Said since #704, which has the options `pki_*` of #655.
            let says = has(PROVIDER) && config::has_pki_options(unit);
            let message = "relation is missing, cannot configure PKI secrets engine";
            return says.then(|| format!("{PKI} {message}"));
        }
        let related = |fault: &OptionFault| fault.only_with.iter().any(|endpoint| has(endpoint));
        let mut faults = config::faults(unit).into_iter();
        // Of the ACME mount, whose options are checked last, nothing is played.
        let fault = faults.find(|fault| fault.only_with.contains(&PKI) && related(fault));
        fault.map(|fault| fault.outcome)
    }
}

/// `_get_mode`.
fn mode(unit: &UnitContext<'_>) -> Mode {
    if unit.relations(process::ACCESS).is_empty() {
        Mode::SelfSigned
    } else {
        Mode::Integration
    }
}

/// Events that the charm configures on.
fn is_configuring(hook: &Hook, unit: &UnitContext<'_>) -> bool {
    let endpoint = hook.relation().and_then(|id| unit.own_endpoint(id));
    match hook {
        Hook::UpdateStatus | Hook::ConfigChanged => true,
        Hook::PebbleReady { .. } => unit.is_kubernetes(),
        Hook::Install => !unit.is_kubernetes(),
        Hook::RelationCreated { .. } => matches!(endpoint, Some(PEERS | UNSEALS)),
        Hook::RelationChanged { .. } => {
            matches!(endpoint, Some(PEERS | PROVIDER | IS_UNSEALED | KV))
        }
        Hook::RelationJoined { .. } => endpoint == Some(PKI),
        Hook::RelationBroken { .. } => matches!(endpoint, Some(UNSEALS | IS_UNSEALED)),
        _ => false,
    }
}

/// What `_configure` looks at before it starts the server. The Kubernetes charm wants the secret
/// of the self-signed CA, whatever the mode.
fn can_start(unit: &UnitContext<'_>) -> bool {
    let knows_a_peer = unit.is_leader() || !peers(unit).is_empty();
    let has_secret = access::ca_secret(unit).is_some();
    let is_shared = if unit.is_kubernetes() {
        has_secret
    } else {
        unit.is_leader() || has_secret || unit.files().contains_key(process::CA)
    };
    unit.can_connect()
        && !unit.relations(PEERS).is_empty()
        && access::files_are_there(unit)
        && is_shared
        && knows_a_peer
}

/// The server can be reached, the charm may use it, and it is active or a standby of one that is.
fn can_sign(unit: &UnitContext<'_>) -> bool {
    process::reachable_until(unit).is_some() && approle(unit).is_some() && process::works(unit)
}

/// `_get_approle_auth_secret`, without reading it as Juju counts it.
fn approle(unit: &UnitContext<'_>) -> Option<SecretView> {
    let owner = SecretOwner::Application(unit.application_id());
    unit.secret(owner, APPROLE_SECRET)
}

/// `_get_peer_relation_node_api_addresses`.
fn peers(unit: &UnitContext<'_>) -> Vec<String> {
    let relations = unit.relations(PEERS);
    let units = relations.iter().flat_map(|relation| {
        let units = unit.remote_units(*relation);
        units.into_iter().map(|remote| (*relation, remote))
    });
    let addresses = units.filter_map(|(relation, remote)| {
        let bag = unit.unit_data(relation, remote);
        let bag = bag.expect("a unit reads the bags of its peers");
        Some(bag.get(ADDRESS)?.text().to_owned())
    });
    addresses.collect()
}

/// `_api_address`.
fn api_address(unit: &UnitContext<'_>) -> String {
    let host = match unit.is_kubernetes() {
        true => unit.unit_dns_name(),
        false => unit.binding_address(PEERS).to_owned(),
    };
    format!("https://{host}:8200")
}

/// What the server's state says.
fn server_status(unit: &UnitContext<'_>) -> (Status, &'static str) {
    if process::reachable_until(unit).is_none() {
        (Status::Waiting, "Waiting for vault to be available")
    } else if !process::is_initialised(unit) && process::is_transit(unit) {
        (Status::Blocked, "Please initialize Vault")
    } else if !process::is_initialised(unit) {
        let message = "Please initialize Vault or integrate with an auto-unseal provider";
        (Status::Blocked, message)
    } else if !process::is_unsealed(unit) {
        if process::needs_migration(unit) {
            (Status::Blocked, "Please migrate Vault")
        } else if process::is_transit(unit) {
            (Status::Waiting, "Waiting for transit auto-unseal")
        } else {
            (Status::Blocked, "Please unseal Vault")
        }
    } else if approle(unit).is_none() {
        let message = "Please authorize charm (see `authorize-charm` action)";
        (Status::Blocked, message)
    } else if !process::works(unit) {
        (Status::Waiting, "Waiting for Vault to become available")
    } else {
        (Status::Active, "")
    }
}
