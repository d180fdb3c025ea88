//! Certificates: parsed once, cheap to clone, ordered and compared by their DER.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rcgen::CertificateParams;
use ring::signature as algorithms;
use ring::signature::{UnparsedPublicKey, VerificationAlgorithm};
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey as ParsedKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::memo::Memo;
use super::{IssuerName, PkiError, names, pem, serial};
use trustsim_kernel::Time;

const LABEL: &str = "CERTIFICATE";

thread_local! {
    static MEMO: Memo<Certificate> = const { Memo::new() };
}

/// An X.509 certificate. Cloning is cheap; two are equal when their DER is.
///
/// What it says is read from the DER when it is first asked for, unless it came from outside:
/// then it was read at once, to say so if it could not be.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Box<[u8]>,
    pem: OnceLock<Box<str>>,
    sha256: OnceLock<[u8; 32]>,
    layout: OnceLock<Layout>,
    words: OnceLock<Words>,
    /// The names under which this certificate's key signs, ready for `rcgen`.
    subject_name: OnceLock<Result<CertificateParams, PkiError>>,
    issuer_name: OnceLock<Result<CertificateParams, PkiError>>,
}

/// Where things stand in the DER, and what is compared most: needed of every certificate.
struct Layout {
    tbs: Range<usize>,
    subject_der: Range<usize>,
    issuer_der: Range<usize>,
    spki: Range<usize>,
    public_bits: Range<usize>,
    signature: Range<usize>,
    subject_key_id: Option<Range<usize>>,
    authority_key_id: Option<Range<usize>>,
    not_before: Time,
    not_after: Time,
    is_ca: bool,
}

/// What is printed, as text: needed of few.
struct Words {
    subject: String,
    subject_common_name: Option<String>,
    issuer: String,
    serial: String,
    sans: Vec<String>,
    key: String,
    signature_algorithm: String,
}

impl Certificate {
    /// Reads one certificate.
    ///
    /// # Errors
    ///
    /// [`PkiError::Malformed`] where `der` is no certificate or more than one.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        let layout = Layout::read(der)?;
        Ok(Self::with_layout(der.into(), OnceLock::from(layout)))
    }

    /// Reads the first `CERTIFICATE` block of a text.
    ///
    /// # Errors
    ///
    /// [`PkiError`] where there is none or it is damaged.
    pub fn from_pem(text: &str) -> Result<Self, PkiError> {
        let text = text.trim();
        let known = MEMO.with(|memo| memo.get(text, Self::pem));
        match known {
            Some(certificate) => Ok(certificate),
            None => Self::from_der(&pem::decode(LABEL, text)?).inspect(|read| {
                read.pem();
            }),
        }
    }

    /// Reads every `CERTIFICATE` block of a text, in its order; none gives an empty chain.
    ///
    /// # Errors
    ///
    /// [`PkiError`] where one is damaged.
    pub fn chain_from_pem(text: &str) -> Result<Vec<Self>, PkiError> {
        let mut chain = Vec::new();
        let mut rest = text;
        while let Some((block, after)) = pem::next_block(LABEL, rest)? {
            chain.push(Self::from_pem(block)?);
            rest = after;
        }
        Ok(chain)
    }

    /// Reads the `CERTIFICATE` blocks of a text that are not damaged, in their order, as readers do
    /// that skip what they cannot read.
    pub fn undamaged_from_pem(text: &str) -> Vec<Self> {
        let begins = text.match_indices("-----BEGIN ").map(|(at, _)| at);
        let ends = begins.clone().skip(1).chain([text.len()]);
        let blocks = begins.zip(ends).map(|(from, to)| &text[from..to]);
        blocks.filter_map(|one| Self::from_pem(one).ok()).collect()
    }

    /// From DER that this room has written.
    pub(super) fn written(der: Box<[u8]>) -> Self {
        Self::with_layout(der, OnceLock::new())
    }

    fn with_layout(der: Box<[u8]>, layout: OnceLock<Layout>) -> Self {
        Self(Arc::new(Inner {
            der,
            pem: OnceLock::new(),
            sha256: OnceLock::new(),
            layout,
            words: OnceLock::new(),
            subject_name: OnceLock::new(),
            issuer_name: OnceLock::new(),
        }))
    }

    /// The DER.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The PEM text without a trailing newline, as the charm libraries strip it.
    pub fn pem(&self) -> &str {
        let mut new = false;
        let text = self.0.pem.get_or_init(|| {
            new = true;
            pem::encode(LABEL, self.der()).into()
        });
        if new {
            // The text that is asked for is about to be read from a databag or a file.
            MEMO.with(|memo| memo.put(text, self.clone()));
        }
        text
    }

    /// The subject in the order of its DER, `CN=..,O=..`, escaped as in RFC 4514.
    pub fn subject(&self) -> &str {
        &self.words().subject
    }

    /// The first common name of the subject.
    pub fn subject_common_name(&self) -> Option<&str> {
        self.words().subject_common_name.as_deref()
    }

    /// The issuer in the order of its DER, `CN=..,O=..`, escaped as in RFC 4514.
    pub fn issuer(&self) -> &str {
        &self.words().issuer
    }

    /// The subject's DER, tag and length included.
    pub fn subject_der(&self) -> &[u8] {
        self.slice(&self.layout().subject_der)
    }

    /// The issuer's DER, tag and length included.
    pub fn issuer_der(&self) -> &[u8] {
        self.slice(&self.layout().issuer_der)
    }

    /// The serial number in lower hexadecimal: whole bytes, no leading zero bytes.
    pub fn serial(&self) -> &str {
        &self.words().serial
    }

    /// The serial number as big-endian bytes, without leading zero bytes.
    pub fn serial_bytes(&self) -> Vec<u8> {
        hex::decode(self.serial()).expect("a serial number is printed as whole bytes")
    }

    /// The first instant of validity; what lies before 1970 counts as 1970.
    pub fn not_before(&self) -> Time {
        self.layout().not_before
    }

    /// The last second of validity; what lies beyond the year 2554 counts as never.
    pub fn not_after(&self) -> Time {
        self.layout().not_after
    }

    /// Whether `BasicConstraints` says CA:TRUE.
    pub fn is_ca(&self) -> bool {
        self.layout().is_ca
    }

    /// The alternative names in their order: `DNS:a`, `IP:1.2.3.4`, `email:a@b`, `RID:1.2.3`.
    pub fn sans(&self) -> &[String] {
        &self.words().sans
    }

    /// The DNS names among them, in their order.
    pub fn dns_names(&self) -> impl Iterator<Item = &str> {
        self.sans()
            .iter()
            .filter_map(|san| san.strip_prefix("DNS:"))
    }

    /// The `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> &[u8] {
        self.slice(&self.layout().spki)
    }

    /// The subject key identifier, if there is one.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        let range = self.layout().subject_key_id.as_ref()?;
        Some(self.slice(range))
    }

    /// The key identifier within the authority key identifier, if there is one.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        let range = self.layout().authority_key_id.as_ref()?;
        Some(self.slice(range))
    }

    /// SHA-256 of the DER.
    pub fn sha256(&self) -> &[u8; 32] {
        self.0
            .sha256
            .get_or_init(|| Sha256::digest(self.der()).into())
    }

    /// SHA-256 of the DER in lower hexadecimal.
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256())
    }

    /// The key's algorithm: `ecdsa-p256`, `ed25519`, `rsa-2048`, `rsa-4096`, `ecdsa-p384`, or an
    /// object identifier.
    pub fn key_algorithm(&self) -> &str {
        &self.words().key
    }

    /// Whether subject and issuer are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.subject_der() == self.issuer_der()
    }

    /// Whether the key of `issuer` made this signature. Names, dates and constraints are not
    /// looked at.
    pub fn verify_issued_by(&self, issuer: &Self) -> bool {
        let layout = self.layout();
        let curve_p384 = issuer.key_algorithm() == "ecdsa-p384";
        signature_algorithm(&self.words().signature_algorithm, curve_p384).is_some_and(
            |algorithm| {
                let bits = issuer.slice(&issuer.layout().public_bits);
                UnparsedPublicKey::new(algorithm, bits)
                    .verify(self.slice(&layout.tbs), self.slice(&layout.signature))
                    .is_ok()
            },
        )
    }

    /// The name that certificates issued under this one carry as issuer, within parameters of
    /// which `rcgen` uses the name only.
    pub(super) fn signing_params(&self, name: IssuerName) -> Result<&CertificateParams, PkiError> {
        let (cell, der) = match name {
            IssuerName::SubjectOfIssuer => (&self.0.subject_name, self.subject_der()),
            IssuerName::IssuerOfIssuer => (&self.0.issuer_name, self.issuer_der()),
        };
        let params = cell.get_or_init(|| {
            let mut params = CertificateParams::default();
            params.distinguished_name = names::copy(der)?;
            Ok(params)
        });
        params.as_ref().map_err(Clone::clone)
    }

    fn layout(&self) -> &Layout {
        let read = || Layout::read(&self.0.der).expect("a certificate this room wrote can be read");
        self.0.layout.get_or_init(read)
    }

    fn words(&self) -> &Words {
        let read = || Words::read(&self.0.der).expect("a certificate that was read can be read");
        self.0.words.get_or_init(read)
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        &self.0.der[range.clone()]
    }
}

impl Layout {
    fn read(der: &[u8]) -> Result<Self, PkiError> {
        let parsed = parse(der)?;
        let within = |part: &[u8]| {
            let start = part.as_ptr() as usize - der.as_ptr() as usize;
            start..start + part.len()
        };
        let tbs = &parsed.tbs_certificate;
        let mut layout = Self {
            tbs: within(tbs.as_ref()),
            subject_der: within(tbs.subject.as_raw()),
            issuer_der: within(tbs.issuer.as_raw()),
            spki: within(tbs.subject_pki.raw),
            public_bits: within(&tbs.subject_pki.subject_public_key.data),
            signature: within(&parsed.signature_value.data),
            subject_key_id: None,
            authority_key_id: None,
            not_before: instant(tbs.validity.not_before),
            not_after: instant(tbs.validity.not_after),
            is_ca: false,
        };
        for extension in tbs.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => {
                    layout.subject_key_id = Some(within(id.0));
                }
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    layout.authority_key_id = id.key_identifier.as_ref().map(|id| within(id.0));
                }
                ParsedExtension::BasicConstraints(constraints) => layout.is_ca = constraints.ca,
                _ => {}
            }
        }
        Ok(layout)
    }
}

impl Words {
    fn read(der: &[u8]) -> Result<Self, PkiError> {
        let parsed = parse(der)?;
        let tbs = &parsed.tbs_certificate;
        let alternatives = tbs.extensions().iter().rev().find_map(|extension| {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
                _ => None,
            }
        });
        let sans = alternatives
            .into_iter()
            .flatten()
            .map(names::alternative_name_text);
        Ok(Self {
            subject: names::text(&tbs.subject),
            subject_common_name: tbs.subject.iter_common_name().next().map(names::value_text),
            issuer: names::text(&tbs.issuer),
            serial: serial::digits(tbs.raw_serial()),
            sans: sans.collect(),
            key: key_name(&tbs.subject_pki),
            signature_algorithm: parsed.signature_algorithm.algorithm.to_id_string(),
        })
    }
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, PkiError> {
    let (rest, parsed) = X509Certificate::from_der(der)
        .map_err(|error| PkiError::unreadable("certificate", &error))?;
    if rest.is_empty() {
        Ok(parsed)
    } else {
        Err(PkiError::followed("certificate", rest.len()))
    }
}

/// What lies before 1970 counts as 1970: no clock of a run is earlier.
pub(super) fn instant(time: ASN1Time) -> Time {
    match u64::try_from(time.timestamp()) {
        Ok(seconds) => Time::from_seconds(seconds),
        Err(_before_1970) => Time::EPOCH,
    }
}

/// The name of the key algorithm of a `SubjectPublicKeyInfo`.
pub(super) fn key_text(spki: &[u8]) -> String {
    SubjectPublicKeyInfo::from_der(spki)
        .map_or_else(|_| "unreadable".to_owned(), |(_, parsed)| key_name(&parsed))
}

fn key_name(spki: &SubjectPublicKeyInfo<'_>) -> String {
    match spki.parsed() {
        Ok(ParsedKey::RSA(key)) => format!("rsa-{}", key.key_size()),
        Ok(ParsedKey::EC(point)) => match point.key_size() {
            256 => "ecdsa-p256".to_owned(),
            384 => "ecdsa-p384".to_owned(),
            bits => format!("ecdsa-{bits}"),
        },
        _ => match spki.algorithm.algorithm.to_id_string() {
            oid if oid == "1.3.101.112" => "ed25519".to_owned(),
            oid => oid,
        },
    }
}

fn signature_algorithm(oid: &str, p384: bool) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (oid, p384) {
        ("1.2.840.10045.4.3.2", false) => &algorithms::ECDSA_P256_SHA256_ASN1,
        ("1.2.840.10045.4.3.2", true) => &algorithms::ECDSA_P384_SHA256_ASN1,
        ("1.2.840.10045.4.3.3", false) => &algorithms::ECDSA_P256_SHA384_ASN1,
        ("1.2.840.10045.4.3.3", true) => &algorithms::ECDSA_P384_SHA384_ASN1,
        ("1.3.101.112", _) => &algorithms::ED25519,
        ("1.2.840.113549.1.1.11", _) => &algorithms::RSA_PKCS1_2048_8192_SHA256,
        ("1.2.840.113549.1.1.12", _) => &algorithms::RSA_PKCS1_2048_8192_SHA384,
        ("1.2.840.113549.1.1.13", _) => &algorithms::RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    })
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl PartialOrd for Certificate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Certificate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.der.cmp(&other.0.der)
    }
}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.der.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Certificate({} serial {} issued by {}, {} to {})",
            self.subject(),
            self.serial(),
            self.issuer(),
            self.not_before(),
            self.not_after()
        )
    }
}
