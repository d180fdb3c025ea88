//! A certificate as the judges read it once: OpenSSL's cache (`ossl_x509v3_cache_extensions`,
//! `crypto/x509/v3_purp.c`), and what Go and Java look at besides.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{
    ExtendedKeyUsage, GeneralName, GeneralSubtree, ParsedExtension, X509Extension,
};
use x509_parser::prelude::FromDer;

use super::name::Name;
use super::signature::{PublicKey, Signed};
use trustsim_kernel::Time;
use trustsim_pki::Certificate;

/// What the rules look at, read once.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(super) der: Vec<u8>,
    pub(crate) subject: Name,
    pub(super) issuer: Name,
    /// The names as they are encoded, which is how Go compares them.
    pub(super) raw_subject: Vec<u8>,
    pub(super) raw_issuer: Vec<u8>,
    /// The subject public key with its algorithm, in DER.
    pub(super) raw_key: Vec<u8>,
    pub(super) serial: Vec<u8>,
    /// Seconds since 1970.
    pub(super) not_before: i64,
    /// Seconds since 1970.
    pub(super) not_after: i64,
    pub(super) version: u32,
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) extended_key_usage: Option<Purposes>,
    pub(super) subject_key_id: Option<Vec<u8>>,
    pub(super) authority_key_id: Option<AuthorityKeyId>,
    pub(super) subject_names: Option<Vec<SubjectName>>,
    /// The subject alternative names as they are encoded.
    pub(super) raw_subject_names: Option<Vec<u8>>,
    pub(super) permitted: Vec<SubjectName>,
    pub(super) excluded: Vec<SubjectName>,
    pub(super) has_unhandled_critical: bool,
    /// The identifiers of all critical extensions, dotted.
    pub(super) critical: Vec<String>,
    pub(super) public_key: PublicKey,
    pub(super) signed: Signed,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct BasicConstraints {
    pub(super) is_ca: bool,
    pub(super) path_length: Option<u32>,
    pub(super) is_critical: bool,
}

/// The bits of the key usage extension that count.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyUsage {
    pub(super) digital_signature: bool,
    pub(super) key_encipherment: bool,
    pub(super) key_agreement: bool,
    pub(super) cert_sign: bool,
    pub(super) crl_sign: bool,
    /// Whether any bit is set at all.
    pub(super) has_any: bool,
}

/// The purposes of the extended key usage extension that count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Purposes {
    pub(super) server: bool,
    pub(super) client: bool,
    /// Netscape's or Microsoft's "server gated crypto": server authentication for OpenSSL and
    /// Java.
    pub(super) gated: bool,
    /// `anyExtendedKeyUsage`, which OpenSSL does not let stand for the TLS purposes.
    pub(super) any: bool,
    /// The extension names no purpose at all.
    pub(super) is_empty: bool,
}

#[derive(Clone, Debug)]
pub(super) struct AuthorityKeyId {
    pub(super) key_id: Option<Vec<u8>>,
    issuer: Option<Name>,
    pub(super) serial: Option<Vec<u8>>,
}

/// A general name, of the kinds that are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SubjectName {
    Dns(String),
    Ip(Vec<u8>),
    Email(String),
    Uri(String),
    Directory(Name),
    Other,
}

impl Facts {
    /// Reads a certificate; `None` where it is not one.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut facts = Self {
            der: der.to_vec(),
            subject: Name::read(certificate.subject()),
            issuer: Name::read(certificate.issuer()),
            raw_subject: certificate.subject().as_raw().to_vec(),
            raw_issuer: certificate.issuer().as_raw().to_vec(),
            raw_key: certificate.public_key().raw.to_vec(),
            serial: certificate.raw_serial().to_vec(),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            version: certificate.version().0,
            basic_constraints: None,
            key_usage: None,
            extended_key_usage: None,
            subject_key_id: None,
            authority_key_id: None,
            subject_names: None,
            raw_subject_names: None,
            permitted: Vec::new(),
            excluded: Vec::new(),
            has_unhandled_critical: false,
            critical: Vec::new(),
            public_key: PublicKey::read(certificate.public_key())?,
            signed: Signed::read(der)?,
        };
        for extension in certificate.extensions() {
            facts.read_extension(extension);
        }
        Some(facts)
    }

    /// The rules and `trustsim_pki` read a certificate each in their own way: the rules what a real
    /// stack looks at, `pki` what a run asks of it.
    pub(crate) fn assert_agrees_with(&self, certificate: &Certificate) {
        let is_same = self.raw_subject == certificate.subject_der()
            && self.raw_issuer == certificate.issuer_der()
            && self.raw_key == certificate.spki_der()
            && self.is_ca() == certificate.is_ca()
            && instant(self.not_before) == certificate.not_before()
            && instant(self.not_after) == certificate.not_after();
        assert!(
            is_same,
            "two readings of certificate {} differ",
            certificate.sha256_hex()
        );
    }

    fn read_extension(&mut self, extension: &X509Extension<'_>) {
        let is_supported = match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(found) => {
                self.basic_constraints = Some(BasicConstraints {
                    is_ca: found.ca,
                    path_length: found.path_len_constraint,
                    is_critical: extension.critical,
                });
                true
            }
            ParsedExtension::KeyUsage(found) => {
                self.key_usage = Some(KeyUsage {
                    digital_signature: found.digital_signature(),
                    key_encipherment: found.key_encipherment(),
                    key_agreement: found.key_agreement(),
                    cert_sign: found.key_cert_sign(),
                    crl_sign: found.crl_sign(),
                    has_any: found.flags != 0,
                });
                true
            }
            ParsedExtension::ExtendedKeyUsage(found) => {
                self.extended_key_usage = Some(purposes(found));
                true
            }
            ParsedExtension::SubjectAlternativeName(found) => {
                self.subject_names = Some(found.general_names.iter().map(general).collect());
                self.raw_subject_names = Some(extension.value.to_vec());
                true
            }
            ParsedExtension::NameConstraints(found) => {
                self.permitted = subtrees(found.permitted_subtrees.as_deref());
                self.excluded = subtrees(found.excluded_subtrees.as_deref());
                true
            }
            ParsedExtension::SubjectKeyIdentifier(found) => {
                self.subject_key_id = Some(found.0.to_vec());
                false
            }
            ParsedExtension::AuthorityKeyIdentifier(found) => {
                let issuers = found.authority_cert_issuer.iter().flatten();
                self.authority_key_id = Some(AuthorityKeyId {
                    key_id: found.key_identifier.as_ref().map(|id| id.0.to_vec()),
                    issuer: issuers.map(general).find_map(|name| match name {
                        SubjectName::Directory(name) => Some(name),
                        _ => None,
                    }),
                    serial: found.authority_cert_serial.map(<[u8]>::to_vec),
                });
                false
            }
            ParsedExtension::CertificatePolicies(_)
            | ParsedExtension::PolicyMappings(_)
            | ParsedExtension::PolicyConstraints(_)
            | ParsedExtension::InhibitAnyPolicy(_)
            | ParsedExtension::CRLDistributionPoints(_)
            | ParsedExtension::NSCertType(_) => true,
            _ => false,
        };
        self.has_unhandled_critical |= extension.critical && !is_supported;
        if extension.critical {
            self.critical.push(extension.oid.to_id_string());
        }
    }

    /// `EXFLAG_SI`: subject and issuer are the same name.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject.canonical == self.issuer.canonical
    }

    /// `EXFLAG_SS`: self-issued, and nothing speaks against its own key having signed it. The
    /// signature is not checked.
    pub(super) fn is_self_signed(&self) -> bool {
        self.is_issued_by(self)
    }

    /// `ossl_x509_likely_issued`: the names, the key identifiers and the kind of key fit. The
    /// signature is not checked.
    pub(super) fn is_issued_by(&self, issuer: &Self) -> bool {
        self.issuer.canonical == issuer.subject.canonical
            && self.key_ids_fit(issuer)
            && self.signed.kind() == issuer.public_key.kind()
    }

    /// `X509_check_akid`.
    fn key_ids_fit(&self, issuer: &Self) -> bool {
        let Some(wanted) = &self.authority_key_id else {
            return true;
        };
        let key_id_fits = match (&wanted.key_id, &issuer.subject_key_id) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => true,
        };
        let serial_fits = wanted
            .serial
            .as_ref()
            .is_none_or(|serial| *serial == issuer.serial);
        let issuer_fits = wanted
            .issuer
            .as_ref()
            .is_none_or(|name| name.canonical == issuer.issuer.canonical);
        key_id_fits && serial_fits && issuer_fits
    }

    /// `check_ca`: 0 is no; 1 is a CA by its basic constraints; 3 (version 1, self-signed) and 4
    /// (key usage alone) are tolerated at the end of a chain.
    pub(super) fn ca_grade(&self) -> u8 {
        const VERSION_1: u32 = 0;
        if self.key_usage.is_some_and(|usage| !usage.cert_sign) {
            0
        } else if let Some(constraints) = self.basic_constraints {
            u8::from(constraints.is_ca)
        } else if self.version == VERSION_1 && self.is_self_signed() {
            3
        } else if self.key_usage.is_some() {
            4
        } else {
            0
        }
    }

    pub(super) fn is_ca(&self) -> bool {
        self.basic_constraints
            .is_some_and(|constraints| constraints.is_ca)
    }

    pub(super) fn path_length(&self) -> Option<u32> {
        self.basic_constraints
            .and_then(|constraints| constraints.path_length)
    }

    /// The names of a kind in the subject alternative names.
    pub(super) fn alternative_names(&self) -> impl Iterator<Item = &SubjectName> {
        self.subject_names.iter().flatten()
    }
}

/// A bound of validity as an instant. What lies before 1970 counts as 1970, as in
/// [`trustsim_pki::Certificate::not_before`]: no clock of a run is earlier.
pub(super) fn instant(seconds: i64) -> Time {
    match u64::try_from(seconds) {
        Ok(seconds) => Time::from_seconds(seconds),
        Err(_before_1970) => Time::EPOCH,
    }
}

fn purposes(found: &ExtendedKeyUsage<'_>) -> Purposes {
    /// Netscape's and Microsoft's "server gated crypto", which count as server authentication.
    const SGC: [&str; 2] = ["2.16.840.1.113730.4.1", "1.3.6.1.4.1.311.10.3.3"];
    let has_sgc = found
        .other
        .iter()
        .any(|oid| SGC.contains(&oid.to_id_string().as_str()));
    Purposes {
        server: found.server_auth,
        client: found.client_auth,
        gated: has_sgc,
        any: found.any,
        is_empty: !(found.any
            || found.server_auth
            || found.client_auth
            || found.code_signing
            || found.email_protection
            || found.time_stamping
            || found.ocsp_signing)
            && found.other.is_empty(),
    }
}

fn subtrees(found: Option<&[GeneralSubtree<'_>]>) -> Vec<SubjectName> {
    // RFC 5280 4.2.1.10: subtrees that are left out constrain nothing.
    let found = found.into_iter().flatten();
    found.map(|subtree| general(&subtree.base)).collect()
}

fn general(name: &GeneralName<'_>) -> SubjectName {
    match name {
        GeneralName::DNSName(name) => SubjectName::Dns((*name).to_owned()),
        GeneralName::IPAddress(address) => SubjectName::Ip(address.to_vec()),
        GeneralName::RFC822Name(name) => SubjectName::Email((*name).to_owned()),
        GeneralName::URI(name) => SubjectName::Uri((*name).to_owned()),
        GeneralName::DirectoryName(name) => SubjectName::Directory(Name::read(name)),
        _ => SubjectName::Other,
    }
}
