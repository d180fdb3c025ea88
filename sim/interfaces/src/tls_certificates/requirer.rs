//! The requirer side (`TLSCertificatesRequiresV4`): keeps a key, asks, stores what it gets in a
//! secret that expires when it is to be renewed.

use std::sync::Arc;

use super::session::Session;
use super::{CertificateEntry, LIBID, Library, RequestError};
use crate::KeySource;
use crate::UnitContext;
use trustsim_juju::{Hook, HookError, RelationId, SecretId, SecretOwner};
use trustsim_pki::{CertificateRequest, KeyPair, RequestAttributes};

/// Who asks (`Mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Each unit, in its unit databag.
    #[default]
    Unit,
    /// The leader, in the application databag.
    App,
    /// Both.
    AppAndUnit,
}

/// For whom one request is: the two modes a request can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The application.
    App,
    /// This unit.
    Unit,
}

impl Mode {
    /// `_flatten_modes`.
    pub(super) const fn sides(self) -> &'static [Side] {
        match self {
            Self::Unit => &[Side::Unit],
            Self::App => &[Side::App],
            Self::AppAndUnit => &[Side::App, Side::Unit],
        }
    }
}

/// One certificate a charm wants (`CertificateRequestAttributes`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for. Of the unique identifier it only matters whether there is one: each
    /// request that is sent gets its own.
    pub attributes: RequestAttributes,
    /// Whether a CA certificate is asked for.
    pub is_ca: bool,
    /// For whom; what [`Mode`] is not [`Mode::AppAndUnit`] says the same.
    pub side: Side,
}

impl Request {
    /// A request with a unique identifier, as the library makes them unless told not to.
    pub fn new(mut attributes: RequestAttributes, side: Side) -> Self {
        attributes.unique_identifier = Some(String::new());
        Self {
            attributes,
            is_ca: false,
            side,
        }
    }
}

/// What the charm hands to the library in each hook.
#[derive(Clone, Debug)]
pub struct Asks<'a> {
    /// The certificates it wants (`certificate_requests`).
    pub requests: &'a [Request],
    /// A key of the charm's own (`private_key`).
    pub private_key: Option<&'a KeyPair>,
    /// Where new keys come from.
    pub keys: &'a KeySource,
    /// Whether the hook is among `refresh_events`.
    pub refresh: bool,
}

/// What the library tells the charm, in the order in which it does.
#[derive(Clone, Debug)]
pub enum Event {
    /// `certificate_available`.
    Available(Arc<CertificateEntry>),
    /// `certificate_denied`.
    Denied(CertificateRequest, RequestError),
}

/// A certificate with its key (`get_assigned_certificate`).
#[derive(Clone, Debug)]
pub struct Assigned {
    /// The provider's answer. It may be revoked: the library does not look.
    pub entry: Arc<CertificateEntry>,
    /// The key it is for.
    pub key: KeyPair,
}

/// The library of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirer {
    /// Endpoint name.
    pub endpoint: Arc<str>,
    /// Who asks.
    pub mode: Mode,
    /// Which library the charm carries.
    pub library: Library,
    /// `renewal_relative_time` in thousandths; the library's default is 900.
    pub renewal_permille: u32,
}

impl Requirer {
    /// The current library with its defaults.
    pub fn new(endpoint: &str, mode: Mode) -> Self {
        Self {
            endpoint: Arc::from(endpoint),
            mode,
            library: Library::Current,
            renewal_permille: 900,
        }
    }

    /// Runs the library's own observers of this hook.
    ///
    /// # Errors
    ///
    /// [`HookError`] where the library raises: texts that are no PEM, names that cannot be
    /// written, more than one relation on the endpoint.
    pub fn on_hook(
        &self,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
        asks: &Asks<'_>,
    ) -> Result<Vec<Event>, HookError> {
        let mine = hook
            .relation()
            .is_some_and(|relation| unit.own_endpoint(relation) == Some(&*self.endpoint));
        match hook {
            Hook::RelationCreated { .. } | Hook::RelationChanged { .. } if mine => {
                self.configure(unit, asks)
            }
            Hook::LeaderElected if self.library.observes_leader_elected() => {
                self.configure(unit, asks)
            }
            Hook::RelationBroken { .. } if mine => {
                if self.library.cleans_up_on_broken() {
                    self.clean_up(unit)?;
                }
                if asks.refresh {
                    return self.configure(unit, asks);
                }
                Ok(Vec::new())
            }
            Hook::SecretExpired { secret, .. } => {
                self.secret_expired(*secret, unit, asks)?;
                Ok(Vec::new())
            }
            Hook::SecretRemove { secret, revision } => {
                if unit.secret_of_hook(*secret).is_some() {
                    unit.remove_secret_revision(*secret, *revision)?;
                }
                Ok(Vec::new())
            }
            _ if asks.refresh => self.configure(unit, asks),
            _ => Ok(Vec::new()),
        }
    }

    /// `_configure`, which is also `sync()`.
    ///
    /// # Errors
    ///
    /// As [`Requirer::on_hook`].
    pub fn configure(
        &self,
        unit: &mut UnitContext<'_>,
        asks: &Asks<'_>,
    ) -> Result<Vec<Event>, HookError> {
        let Some(relation) = self.relation(unit)? else {
            return Ok(Vec::new());
        };
        self.ensure_private_keys(unit, asks)?;
        let mut session = Session::open(self, unit, relation, asks)?;
        session.clean_up_requests();
        session.send(unit)?;
        let events = session.find_available(unit)?;
        if self.library.has_safety_net() {
            session.renew_expiring(unit)?;
        }
        session.write(unit)?;
        Ok(events)
    }

    /// `get_assigned_certificate`.
    ///
    /// # Errors
    ///
    /// As [`Requirer::on_hook`].
    pub fn assigned(
        &self,
        unit: &UnitContext<'_>,
        asks: &Asks<'_>,
        request: &Request,
    ) -> Result<Option<Assigned>, HookError> {
        let Some(relation) = self.relation(unit)? else {
            return Ok(None);
        };
        let session = Session::open(self, unit, relation, asks)?;
        Ok(session.assigned(request))
    }

    /// `get_relation`, which raises where there is more than one.
    pub(super) fn relation(&self, unit: &UnitContext<'_>) -> Result<Option<RelationId>, HookError> {
        let relations = unit.relations(&self.endpoint);
        match relations.len() {
            0 | 1 => Ok(relations.first().copied()),
            count => Err(HookError::Charm(format!(
                "TooManyRelatedAppsError: Too many remote applications on {} ({count} > 1)",
                self.endpoint
            ))),
        }
    }

    /// The URI of the secret with this side's private key, once its hook has committed.
    pub fn key_uri(&self, side: Side, unit: &UnitContext<'_>) -> Option<String> {
        let Self {
            library, endpoint, ..
        } = self;
        let label = library.key_label(side, unit.unit_number(), endpoint);
        let secret = unit.secret(Self::owner(side, unit), &label)?;
        unit.secret_uri(secret.id)
    }

    pub(super) fn owner(side: Side, unit: &UnitContext<'_>) -> SecretOwner {
        match side {
            Side::App => SecretOwner::Application(unit.application_id()),
            Side::Unit => SecretOwner::Unit(unit.id()),
        }
    }

    fn ensure_private_keys(
        &self,
        unit: &mut UnitContext<'_>,
        asks: &Asks<'_>,
    ) -> Result<(), HookError> {
        for side in self.mode.sides() {
            if asks.private_key.is_some() {
                self.remove_private_key(*side, unit)?;
                continue;
            }
            let key_side = self.library.key_owner(*side);
            let owner = Self::owner(key_side, unit);
            let label = self
                .library
                .key_label(*side, unit.unit_number(), &self.endpoint);
            let is_others = key_side == Side::App && !unit.is_leader();
            if is_others || unit.secret(owner, &label).is_some() {
                continue;
            }
            let key = asks.keys.leaf(unit);
            let content = [("private-key".to_owned(), crate::pem::key_value(&key))];
            unit.add_secret(owner, &label, content.into(), None)?;
        }
        Ok(())
    }

    fn remove_private_key(&self, side: Side, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let key_side = self.library.key_owner(side);
        if key_side == Side::App && !unit.is_leader() {
            return Ok(());
        }
        let Self {
            library, endpoint, ..
        } = self;
        let label = library.key_label(side, unit.unit_number(), endpoint);
        if let Some(secret) = unit.secret(Self::owner(key_side, unit), &label) {
            unit.remove_secret(secret.id)?;
        }
        Ok(())
    }

    /// `_on_secret_expired`: every library of the charm reacts to every certificate's secret,
    /// whatever relation it is of.
    fn secret_expired(
        &self,
        secret: SecretId,
        unit: &mut UnitContext<'_>,
        asks: &Asks<'_>,
    ) -> Result<(), HookError> {
        let Some(view) = unit.secret_of_hook(secret) else {
            return Ok(());
        };
        if !view.label.starts_with(&format!("{LIBID}-certificate")) {
            return Ok(());
        }
        let Some(csr) = view.content.get("csr") else {
            return Err(HookError::Charm("KeyError: 'csr'".to_owned()));
        };
        let request = super::data::request(csr.text())
            .map_err(|error| HookError::Charm(error.to_string()))?;
        if let Some(relation) = self.relation(unit)? {
            let mut session = Session::open(self, unit, relation, asks)?;
            session.renew(&request, unit)?;
            session.write(unit)?;
        }
        unit.remove_secret(secret)?;
        Ok(())
    }

    /// `renew_certificate`: asks again with the same key for what `request` asked, where its
    /// certificate is kept.
    ///
    /// # Errors
    ///
    /// As [`Requirer::on_hook`].
    pub fn renew_certificate(
        &self,
        unit: &mut UnitContext<'_>,
        asks: &Asks<'_>,
        request: &CertificateRequest,
    ) -> Result<(), HookError> {
        let (library, number) = (self.library, unit.unit_number());
        for side in self.mode.sides() {
            if *side == Side::App && !unit.is_leader() {
                continue;
            }
            let owner = Self::owner(library.certificate_owner(*side), unit);
            let digest = request.sha256_hex();
            let label = library.certificate_label(*side, number, &self.endpoint, &digest);
            let (Some(secret), Some(relation)) = (unit.secret(owner, &label), self.relation(unit)?)
            else {
                continue;
            };
            let mut session = Session::open(self, unit, relation, asks)?;
            session.renew(request, unit)?;
            session.write(unit)?;
            unit.remove_secret(secret.id)?;
            return Ok(());
        }
        Ok(())
    }

    /// `_on_relation_broken`: keys and certificates of the relation go with it, unless another
    /// relation is on the endpoint.
    fn clean_up(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if !unit.relations(&self.endpoint).is_empty() {
            return Ok(());
        }
        for side in self.mode.sides() {
            if *side == Side::App && !unit.is_leader() {
                continue;
            }
            self.remove_private_key(*side, unit)?;
            let number = unit.unit_number();
            let library = self.library;
            let prefix = library.certificate_label_prefix(*side, number, &self.endpoint);
            let owner = Self::owner(*side, unit);
            for label in unit.secret_labels(owner, &prefix) {
                if let Some(secret) = unit.secret(owner, &label) {
                    unit.remove_secret(secret.id)?;
                }
            }
        }
        Ok(())
    }
}
