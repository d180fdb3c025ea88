//! Certificate requests (PKCS#10): written through `rcgen`, read back with their signature checked.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use rcgen::{CertificateParams, CustomExtension, DistinguishedName};
use sha2::{Digest, Sha256};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;

use super::memo::Memo;
use super::{KeyPair, PkiError, PublicKey, RequestAttributes, SanKind, names, pem};

const LABEL: &str = "CERTIFICATE REQUEST";
const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];
/// The order in which `CertificateSigningRequest.generate` (canonical/charmlibs) collects names.
const REQUEST_SANS: [SanKind; 4] = [
    SanKind::RegisteredId,
    SanKind::Ip,
    SanKind::Dns,
    SanKind::Email,
];

thread_local! {
    static MEMO: Memo<CertificateRequest> = const { Memo::new() };
}

/// An extension as a request carries it, other than the alternative names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestedExtension {
    /// The arcs of its object identifier.
    pub oid: Vec<u64>,
    /// Whether it is critical.
    pub critical: bool,
    /// Its value, DER.
    pub content: Vec<u8>,
}

impl RequestedExtension {
    pub(super) fn to_rcgen(&self) -> CustomExtension {
        extension(&self.oid, self.critical, self.content.clone())
    }
}

/// An extension ready for `rcgen`.
pub(super) fn extension(oid: &[u64], critical: bool, content: Vec<u8>) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content);
    extension.set_criticality(critical);
    extension
}

/// A certificate request whose signature is good. Cloning is cheap; two are equal when their DER
/// is, which is what the libraries compare (they compare the PEM text).
#[derive(Clone)]
pub struct CertificateRequest(Arc<Inner>);

struct Inner {
    der: Box<[u8]>,
    pem: Box<str>,
    public_key: PublicKey,
    attributes: RequestAttributes,
    /// The subject as read; `None` where it follows from the attributes.
    subject: Option<Result<DistinguishedName, PkiError>>,
    sha256: OnceLock<[u8; 32]>,
}

impl CertificateRequest {
    /// The request of these attributes, signed with `key`: `CertificateSigningRequest.generate` of
    /// canonical/charmlibs (commit caaf7415). The same attributes and key give the same bytes.
    ///
    /// # Errors
    ///
    /// [`PkiError`] for what `cryptography` refuses too: neither a common name nor an alternative
    /// name, a common name over 64 bytes, a country that is not two letters, names outside ASCII.
    pub fn new(attributes: &RequestAttributes, key: &KeyPair) -> Result<Self, PkiError> {
        if attributes.is_empty() {
            return Err(PkiError::EmptyRequest);
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = names::requested_subject(attributes)?;
        if let Some(content) = names::alternative_names(attributes, &REQUEST_SANS)? {
            let sans = extension(SUBJECT_ALT_NAME, false, content);
            params.custom_extensions.push(sans);
        }
        let additional = attributes.additional_extensions.iter();
        params
            .custom_extensions
            .extend(additional.map(RequestedExtension::to_rcgen));
        let der = params.serialize_request(key)?.der().to_vec();
        let request = Self(Arc::new(Inner {
            pem: pem::encode(LABEL, &der).into(),
            der: der.into(),
            public_key: key.public_key().clone(),
            attributes: attributes.clone(),
            subject: None,
            sha256: OnceLock::new(),
        }));
        debug_assert!(
            Self::from_der(&request.0.der).is_ok_and(|read| read.attributes().matches(attributes)),
            "a request is read as what it was made of: {attributes:?}"
        );
        request.remember();
        Ok(request)
    }

    /// Reads the first `CERTIFICATE REQUEST` block of a text and checks its signature.
    ///
    /// # Errors
    ///
    /// [`PkiError`] where there is none, it is damaged, its key is of an algorithm that none here
    /// can use, or it is not signed with its own key.
    pub fn from_pem(text: &str) -> Result<Self, PkiError> {
        let text = text.trim();
        let known = MEMO.with(|memo| memo.get(text, |request| &request.0.pem));
        match known {
            Some(request) => Ok(request),
            None => Self::from_der(&pem::decode(LABEL, text)?).inspect(Self::remember),
        }
    }

    /// Reads DER and checks its signature.
    ///
    /// # Errors
    ///
    /// As [`CertificateRequest::from_pem`].
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        let (rest, parsed) = X509CertificationRequest::from_der(der)
            .map_err(|error| PkiError::unreadable("certificate request", &error))?;
        if !rest.is_empty() {
            return Err(PkiError::followed("certificate request", rest.len()));
        }
        let info = &parsed.certification_request_info;
        let public_key = PublicKey::from_spki_der(info.subject_pki.raw)?;
        if !public_key.verify(info.raw, &parsed.signature_value.data) {
            return Err(PkiError::BadRequestSignature);
        }
        let mut attributes = RequestAttributes::default();
        names::read_subject(&info.subject, &mut attributes);
        for attribute in info.iter_attributes() {
            if let ParsedCriAttribute::ExtensionRequest(requested) = attribute.parsed_attribute() {
                for extension in &requested.extensions {
                    read_extension(extension, &mut attributes);
                }
            }
        }
        Ok(Self(Arc::new(Inner {
            der: der.into(),
            pem: pem::encode(LABEL, der).into(),
            public_key,
            attributes,
            subject: Some(names::copy(info.subject.as_raw())),
            sha256: OnceLock::new(),
        })))
    }

    fn remember(&self) {
        MEMO.with(|memo| memo.put(&self.0.pem, self.clone()));
    }

    /// The DER.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The PEM text without a trailing newline, as the charm libraries strip it.
    pub fn pem(&self) -> &str {
        &self.0.pem
    }

    /// The public key to be certified.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// The `SubjectPublicKeyInfo` to be certified.
    pub fn spki_der(&self) -> &[u8] {
        self.0.public_key.spki_der()
    }

    /// What it asks for, as read back.
    pub fn attributes(&self) -> &RequestAttributes {
        &self.0.attributes
    }

    /// SHA-256 of the PEM text in lower hexadecimal, by which the library labels the secret of
    /// the certificate (`get_sha256_hex`).
    pub fn sha256_hex(&self) -> String {
        let digest = || Sha256::digest(self.pem().as_bytes()).into();
        hex::encode(self.0.sha256.get_or_init(digest))
    }

    /// The same key and other attributes, for an issuer that decides itself what it writes. The
    /// bytes stay those of the request.
    pub(super) fn with_attributes(&self, attributes: RequestAttributes) -> Self {
        Self(Arc::new(Inner {
            der: self.0.der.clone(),
            pem: self.0.pem.clone(),
            public_key: self.0.public_key.clone(),
            attributes,
            subject: None,
            sha256: OnceLock::new(),
        }))
    }

    /// The subject, ready for `rcgen`.
    pub(super) fn subject(&self) -> Result<DistinguishedName, PkiError> {
        match &self.0.subject {
            Some(read) => read.clone(),
            None => names::requested_subject(&self.0.attributes),
        }
    }
}

fn read_extension(extension: &X509Extension<'_>, into: &mut RequestAttributes) {
    if let ParsedExtension::SubjectAlternativeName(found) = extension.parsed_extension() {
        for name in &found.general_names {
            match name {
                GeneralName::DNSName(text) => into.sans_dns.push((*text).to_owned()),
                GeneralName::RFC822Name(text) => into.sans_email.push((*text).to_owned()),
                GeneralName::IPAddress(octets) => into.sans_ip.extend(names::address(octets)),
                GeneralName::RegisteredID(oid) => into.sans_oid.push(oid.to_id_string()),
                // The issuers of the library drop every other kind.
                _ => {}
            }
        }
    } else if let Some(oid) = extension.oid.iter() {
        into.additional_extensions.push(RequestedExtension {
            oid: oid.collect(),
            critical: extension.critical,
            content: extension.value.to_vec(),
        });
    }
}

impl PartialEq for CertificateRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for CertificateRequest {}

impl PartialOrd for CertificateRequest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CertificateRequest {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.der.cmp(&other.0.der)
    }
}

impl Hash for CertificateRequest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.der.hash(state);
    }
}

impl fmt::Debug for CertificateRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.attributes().common_name.as_deref();
        let name = name.unwrap_or("no common name");
        write!(f, "CertificateRequest({name}, {:?})", self.public_key())
    }
}
