//! What `cert_handler` keeps, and where: in the unit's bag of the peer relation, in secrets of the unit, or no more
//! than the key.

use super::{CertHandler, Version, request_of};
use crate::notes::{Note, StoredKey};
use crate::tls_certificates::CertificateEntry;
use crate::{UnitContext, pem};
use trustsim_juju::{HookError, RelationId, SecretOwner, SecretView, Value};
use trustsim_pki::{Certificate, CertificateRequest, KeyPair};

/// Keys of the peer relation's bag.
const PRIVATE_KEY: &str = "private_key";
const CSR: &str = "csr";
const CERTIFICATE: &str = "certificate";
const CA: &str = "ca";
const CHAIN: &str = "chain";
/// `VAULT_SECRET_LABEL`, and the key in its content.
const VAULT: &str = "cert-handler-private-vault";
const KEY_FIELD: &str = "private-key";
/// The label of the secret that v1 before patch 6 keeps its certificate in.
const CERTIFICATE_LABEL: &str = "ca-certificate-chain";
const RELATION: &str = "relation";

/// A certificate as the charm is given it.
#[derive(Clone, Debug)]
pub(super) struct HeldCertificate {
    pub(super) certificate: Certificate,
    ca: Certificate,
    chain: Vec<Certificate>,
}

/// A certificate with the key that the charm writes beside it, which need not be the one it was asked for with.
#[derive(Clone, Debug)]
pub struct Held {
    /// The certificate (`server_cert`, `cert`).
    pub certificate: Certificate,
    /// Its CA (`ca_cert`, `ca`).
    pub ca: Certificate,
    /// The chain as the provider gave it.
    pub chain: Vec<Certificate>,
    /// The key (`private_key`, `key`).
    pub key: KeyPair,
}

impl HeldCertificate {
    fn of(entry: &CertificateEntry) -> Self {
        Self {
            certificate: entry.certificate.clone(),
            ca: entry.ca.clone(),
            // The library below gives an empty list where the provider gave none.
            chain: entry.chain.clone().unwrap_or_default(),
        }
    }

    pub(super) fn with_key(self, key: KeyPair) -> Held {
        let Self {
            certificate,
            ca,
            chain,
        } = self;
        Held {
            certificate,
            ca,
            chain,
            key,
        }
    }

    /// What was kept as texts; nothing where there is no certificate.
    fn read<'v>(value: impl Fn(&str) -> Option<&'v Value>) -> Option<Self> {
        let all = |name: &str| pem::loadable(value(name));
        Some(Self {
            certificate: all(CERTIFICATE).into_iter().next()?,
            ca: all(CA).into_iter().next()?,
            chain: all(CHAIN),
        })
    }

    fn texts(&self) -> [(&'static str, Value); 3] {
        let one = |certificate: &Certificate| pem::chain_value(std::slice::from_ref(certificate));
        [
            (CERTIFICATE, one(&self.certificate)),
            (CA, one(&self.ca)),
            (CHAIN, pem::chain_value(&self.chain)),
        ]
    }
}

impl CertHandler<'_> {
    pub(super) fn peers(&self, unit: &UnitContext<'_>) -> Option<RelationId> {
        let peer = self.peer.as_deref()?;
        unit.relations(peer).first().copied()
    }

    /// `_csr`. Of v1 before patch 6 it stays the first one of a relation: `get_content` gives the tracked revision, which
    /// since Juju 3.1.7 and 3.3.1 is the first also for the owner (bugs.launchpad.net/juju/+bug/2037120).
    pub(super) fn request(
        &self,
        unit: &UnitContext<'_>,
    ) -> Result<Option<CertificateRequest>, HookError> {
        match self.version {
            Version::V0 => {
                let Some(peers) = self.peers(unit) else {
                    return Ok(None);
                };
                let bag = unit.unit_data(peers, unit.id())?;
                bag.get(CSR).map(|text| request_of(text.text())).transpose()
            }
            Version::V1Patch6 => {
                let kept = self.secret_of_relation(unit, CSR);
                let text = kept.as_ref().and_then(|secret| secret.content.get(CSR));
                text.map(|text| request_of(text.text())).transpose()
            }
            Version::V1Patch13 | Version::V1 => {
                let requests = self.library.requests(unit)?;
                Ok(requests.last().map(|entry| entry.request.clone()))
            }
        }
    }

    pub(super) fn keep_request(
        &self,
        unit: &mut UnitContext<'_>,
        request: &CertificateRequest,
    ) -> Result<(), HookError> {
        match self.version {
            Version::V0 => {
                if let Some(peers) = self.peers(unit) {
                    unit.set_unit_data(peers, CSR, Some(Value::from(request.pem())))?;
                }
            }
            Version::V1Patch6 => {
                let is_first = self.secret_of_relation(unit, CSR).is_none();
                if let Some(label) = self.label_of_relation(unit, CSR).filter(|_| is_first) {
                    let content = [(CSR.to_owned(), Value::from(request.pem()))];
                    let owner = SecretOwner::Unit(unit.id());
                    unit.add_secret(owner, &label, content.into(), None)?;
                }
            }
            // It is in the databag.
            Version::V1Patch13 | Version::V1 => {}
        }
        Ok(())
    }

    /// `server_cert`, `ca_cert` and `chain`.
    pub(super) fn certificate(
        &self,
        unit: &UnitContext<'_>,
    ) -> Result<Option<HeldCertificate>, HookError> {
        match self.version {
            Version::V0 => {
                let Some(peers) = self.peers(unit) else {
                    return Ok(None);
                };
                let bag = unit.unit_data(peers, unit.id())?;
                Ok(HeldCertificate::read(|name| bag.get(name)))
            }
            Version::V1Patch6 => {
                // The id of the secret is in the databag of the relation: for another one there is none.
                let kept = unit.secret(SecretOwner::Unit(unit.id()), CERTIFICATE_LABEL);
                let number = self.relation_text(unit);
                let kept = kept.filter(|kept| {
                    let of = kept.content.get(RELATION).map(Value::text);
                    of.is_some() && of == number.as_deref()
                });
                Ok(kept.and_then(|kept| HeldCertificate::read(|name| kept.content.get(name))))
            }
            Version::V1Patch13 | Version::V1 => {
                let request = self.request(unit)?;
                let all = self.library.assigned(unit)?;
                let found = all
                    .iter()
                    .find(|entry| Some(&entry.request) == request.as_ref());
                Ok(found.map(|entry| HeldCertificate::of(entry)))
            }
        }
    }

    /// `_on_certificate_available`. Whether the charm is told.
    pub(super) fn keep_certificate(
        &self,
        unit: &mut UnitContext<'_>,
        entry: &CertificateEntry,
    ) -> Result<bool, HookError> {
        let is_own = self.request(unit)?.as_ref() == Some(&entry.request);
        let held = HeldCertificate::of(entry);
        match self.version {
            Version::V0 if is_own => {
                let Some(peers) = self.peers(unit) else {
                    return Ok(false);
                };
                let before = self.certificate(unit)?;
                for (name, text) in held.texts() {
                    unit.set_unit_data(peers, name, Some(text))?;
                }
                if before.is_none_or(|before| before.certificate != held.certificate) {
                    note_key(unit, peers, &held.certificate);
                }
                Ok(true)
            }
            Version::V1Patch6 if is_own => {
                let owner = SecretOwner::Unit(unit.id());
                if unit.secret(owner, CERTIFICATE_LABEL).is_some() {
                    return Ok(false);
                }
                let number = self.relation_text(unit);
                let number = Value::from(number.expect("a certificate comes over a relation"));
                let texts = held.texts().into_iter().chain([(RELATION, number)]);
                let content = texts.map(|(name, text)| (name.to_owned(), text)).collect();
                unit.add_secret(owner, CERTIFICATE_LABEL, content, None)?;
                Ok(true)
            }
            Version::V0 | Version::V1Patch6 => Ok(false),
            Version::V1Patch13 | Version::V1 => Ok(true),
        }
    }

    /// What goes after a request in place of a certificate that was revoked or has ended (`clear_cert`).
    pub(super) fn clear(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        match self.version {
            Version::V0 => self.clear_bag(unit, &[CERTIFICATE, CA, CHAIN]),
            // The databag names the secret that is gone, and each look at the certificate raises from then on.
            Version::V1Patch6 => Err(HookError::Charm(
                "ops.model.SecretNotFoundError: secret not found".to_owned(),
            )),
            // With the key that the request was made with.
            Version::V1Patch13 | Version::V1 => self.drop_key(unit),
        }
    }

    /// `_on_all_certificates_invalidated`.
    pub(super) fn forget(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        match self.version {
            Version::V0 => self.clear_bag(unit, &[CSR, CERTIFICATE, CA, CHAIN]),
            // It looks for a label that no secret has.
            Version::V1Patch6 => Ok(()),
            Version::V1Patch13 | Version::V1 => self.drop_key(unit),
        }
    }

    fn clear_bag(&self, unit: &mut UnitContext<'_>, names: &[&str]) -> Result<(), HookError> {
        if let Some(peers) = self.peers(unit) {
            for name in names {
                unit.set_unit_data(peers, name, None)?;
            }
        }
        Ok(())
    }

    fn drop_key(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if let Some(secret) = unit.secret(SecretOwner::Unit(unit.id()), VAULT) {
            unit.remove_secret(secret.id)?;
        }
        Ok(())
    }

    /// `private_key`, which makes one where there is none.
    pub(super) fn key_or_new(&self, unit: &mut UnitContext<'_>) -> Result<KeyPair, HookError> {
        if let Some(text) = self.key_text(unit)? {
            return match &*pem::key(&text) {
                Ok(key) => Ok(key.clone()),
                Err(error) => Err(HookError::Charm(format!("ValueError: {error}"))),
            };
        }
        let key = self.keys.leaf(unit);
        let text = pem::key_value(&key);
        let label = match self.version {
            Version::V0 => {
                if let Some(peers) = self.peers(unit) {
                    unit.set_unit_data(peers, PRIVATE_KEY, Some(text))?;
                }
                return Ok(key);
            }
            Version::V1Patch6 => self.label_of_relation(unit, KEY_FIELD),
            Version::V1Patch13 | Version::V1 => Some(VAULT.to_owned()),
        };
        if let Some(label) = label {
            let content = [(KEY_FIELD.to_owned(), text)];
            unit.add_secret(SecretOwner::Unit(unit.id()), &label, content.into(), None)?;
        }
        Ok(key)
    }

    fn key_text(&self, unit: &UnitContext<'_>) -> Result<Option<Value>, HookError> {
        let kept = match self.version {
            Version::V0 => {
                let Some(peers) = self.peers(unit) else {
                    return Ok(None);
                };
                let bag = unit.unit_data(peers, unit.id())?;
                return Ok(bag.get(PRIVATE_KEY).cloned());
            }
            Version::V1Patch6 => self.secret_of_relation(unit, KEY_FIELD),
            Version::V1Patch13 | Version::V1 => unit.secret(SecretOwner::Unit(unit.id()), VAULT),
        };
        Ok(kept.and_then(|kept| kept.content.get(KEY_FIELD).cloned()))
    }

    /// A secret whose id v1 before patch 6 keeps in the databag of the relation, with which it is lost. Those secrets
    /// have no labels: these stand in for their ids.
    fn secret_of_relation(&self, unit: &UnitContext<'_>, what: &str) -> Option<SecretView> {
        let label = self.label_of_relation(unit, what)?;
        unit.secret(SecretOwner::Unit(unit.id()), &label)
    }

    fn label_of_relation(&self, unit: &UnitContext<'_>, what: &str) -> Option<String> {
        let number = self.relation_text(unit)?;
        Some(format!("{what}-secret-id-{number}"))
    }

    fn relation_text(&self, unit: &UnitContext<'_>) -> Option<String> {
        let relations = unit.relations(&self.library.endpoint);
        let relation = relations.first().copied()?;
        Some(unit.relation_number(relation).to_string())
    }
}

/// The peer relation's databag holds the key in clear.
fn note_key(unit: &mut UnitContext<'_>, relation: RelationId, certificate: &Certificate) {
    let note = StoredKey {
        relation: Some(relation),
        place: PRIVATE_KEY.into(),
        holder: unit.unit_name().into(),
        // Empty where the certificate has none, as in every such note.
        common_name: certificate.subject_common_name().unwrap_or_default().into(),
        serial: certificate.serial().into(),
    };
    unit.note(Note::KeyStored(note));
}
