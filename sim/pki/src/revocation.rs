//! Certificate revocation lists: made with `rcgen`, read once. It must not know who checks them.
//!
//! The charms' own authorities issue none, and their certificates lack the usage to sign them
//! (canonical/charmlibs, `_tls_certificates.py`, `generate_ca`); lists come from outside authorities
//! and from Vault.

use std::fmt;
use std::sync::Arc;

use rcgen::{CertificateRevocationListParams, Issuer, KeyIdMethod, RevokedCertParams};
use sha2::{Digest, Sha256};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use super::certificate::instant;
use super::issue::moment;
use super::{Certificate, IssuerName, KeyPair, PkiError, pem};
use trustsim_kernel::Time;

const LABEL: &str = "X509 CRL";
const WHAT: &str = "certificate revocation list";

/// A revocation list, cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct RevocationList(Arc<Inner>);

#[derive(PartialEq, Eq)]
struct Inner {
    der: Vec<u8>,
    issuer: Vec<u8>,
    authority_key_id: Option<Vec<u8>>,
    this_update: Time,
    next_update: Option<Time>,
    revoked: Vec<Vec<u8>>,
    has_critical: bool,
    sha256: [u8; 32],
}

/// What an authority writes into a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationTerms {
    /// The list's number, which grows.
    pub number: u64,
    /// Since when the list holds.
    pub this_update: Time,
    /// When there will be the next one.
    pub next_update: Time,
    /// The serial numbers, as [`Certificate::serial_bytes`] gives them, and since when each is
    /// revoked.
    pub revoked: Vec<(Vec<u8>, Time)>,
}

impl RevocationList {
    /// A list that `issuer_key` signs under the name of `issuer`. Whether the certificate allows
    /// its key to sign lists is not checked: judges do that.
    ///
    /// # Errors
    ///
    /// [`PkiError`] where a name or an instant cannot be written.
    pub fn sign(
        issuer: &Certificate,
        issuer_key: &KeyPair,
        terms: &RevocationTerms,
    ) -> Result<Self, PkiError> {
        // RFC 5280 4.2.1.1: the identifier in the issuer's certificate, else one made from the key.
        let key_id = match issuer.subject_key_id() {
            Some(key_id) => key_id,
            None => issuer_key.public_key().key_id(),
        };
        let revoked: Result<Vec<_>, PkiError> = terms
            .revoked
            .iter()
            .map(|(serial, since)| {
                Ok(RevokedCertParams {
                    serial_number: serial.clone().into(),
                    revocation_time: moment(*since)?,
                    reason_code: None,
                    invalidity_date: None,
                })
            })
            .collect();
        let params = CertificateRevocationListParams {
            this_update: moment(terms.this_update)?,
            next_update: moment(terms.next_update)?,
            crl_number: terms.number.into(),
            issuing_distribution_point: None,
            revoked_certs: revoked?,
            key_identifier_method: KeyIdMethod::PreSpecified(key_id.to_vec()),
        };
        let issuer = issuer.signing_params(IssuerName::SubjectOfIssuer)?;
        let signed = params.signed_by(&Issuer::from_params(issuer, issuer_key))?;
        let list = Self::from_der(signed.der())?;
        for (serial, _) in &terms.revoked {
            assert!(
                list.revokes(serial),
                "a list revokes what its terms name: {}",
                hex::encode(serial)
            );
        }
        Ok(list)
    }

    /// Reads one list.
    ///
    /// # Errors
    ///
    /// [`PkiError::Malformed`] where `der` is none.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        let malformed = |why: String| PkiError::Malformed { what: WHAT, why };
        let (rest, list) = CertificateRevocationList::from_der(der)
            .map_err(|error| malformed(error.to_string()))?;
        if !rest.is_empty() {
            return Err(malformed("something follows it".to_owned()));
        }
        let key_id =
            list.extensions()
                .iter()
                .find_map(|extension| match extension.parsed_extension() {
                    ParsedExtension::AuthorityKeyIdentifier(id) => {
                        id.key_identifier.as_ref().map(|id| id.0.to_vec())
                    }
                    _ => None,
                });
        let entries = list.iter_revoked_certificates();
        Ok(Self(Arc::new(Inner {
            der: der.to_vec(),
            issuer: list.issuer().as_raw().to_vec(),
            authority_key_id: key_id,
            this_update: instant(list.last_update()),
            next_update: list.next_update().map(instant),
            revoked: entries
                .map(|entry| magnitude(entry.raw_serial()).to_vec())
                .collect(),
            has_critical: list.extensions().iter().any(|one| one.critical),
            sha256: Sha256::digest(der).into(),
        })))
    }

    /// Reads every `X509 CRL` block of a text, in its order; none gives an empty list.
    ///
    /// # Errors
    ///
    /// [`PkiError`] where one is damaged.
    pub fn all_from_pem(text: &str) -> Result<Vec<Self>, PkiError> {
        let mut lists = Vec::new();
        let mut rest = text;
        while let Some((block, after)) = pem::next_block(LABEL, rest)? {
            lists.push(Self::from_der(&pem::decode(LABEL, block)?)?);
            rest = after;
        }
        Ok(lists)
    }

    /// The list in DER.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The list in PEM, without a newline at its end.
    pub fn pem(&self) -> String {
        pem::encode(LABEL, &self.0.der)
    }

    /// The name of its issuer, in DER.
    pub fn issuer_der(&self) -> &[u8] {
        &self.0.issuer
    }

    /// The identifier of the key that signed it, where the list says.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.0.authority_key_id.as_deref()
    }

    /// Since when the list holds.
    pub fn this_update(&self) -> Time {
        self.0.this_update
    }

    /// When there should be a newer one.
    pub fn next_update(&self) -> Option<Time> {
        self.0.next_update
    }

    /// Whether it names this serial number (big-endian; leading zeros do not count).
    pub fn revokes(&self, serial: &[u8]) -> bool {
        let serial = magnitude(serial);
        self.0.revoked.iter().any(|revoked| revoked == serial)
    }

    /// Whether an extension of the list is critical: it covers only a part, or changes another.
    pub fn has_critical_extension(&self) -> bool {
        self.0.has_critical
    }

    /// SHA-256 of the DER.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.0.sha256
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList")
            .field("this_update", &self.0.this_update)
            .field("next_update", &self.0.next_update)
            .field("revoked", &self.0.revoked.len())
            .finish_non_exhaustive()
    }
}

fn magnitude(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    &serial[zeros..]
}
