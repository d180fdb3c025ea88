//! What an issuer puts into the certificates it signs, as data: which extensions in which order,
//! whose name as issuer, how the subject is taken over, how far the start is set back.

use std::borrow::Cow;

use super::der;
use trustsim_kernel::Span;

/// How one kind of certificate of one issuer looks. The real ones stand in [`issuers`]; a
/// declared issuer starts from [`Template::root`], [`Template::intermediate`] or
/// [`Template::leaf`] and says where it differs.
///
/// [`issuers`]: super::issuers
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// How the subject follows from the request.
    pub subject: SubjectForm,
    /// Which name the issuing certificate lends.
    pub issuer_name: IssuerName,
    /// How long before the instant of signing the certificate is valid.
    pub backdate: Span,
    /// The extensions, in the order in which they are written.
    pub extensions: Cow<'static, [Extension]>,
}

/// How the subject of a certificate follows from the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectForm {
    /// The request's subject as it is.
    Verbatim,
    /// Through Go's `pkix.Name`: its order, its string types, its fields only.
    Go,
    /// Only the common name, in Go's string type, as a Vault role without name fields signs.
    GoCommonName,
}

/// Which name of the issuing certificate becomes the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerName {
    /// Its subject, as RFC 5280 wants it.
    SubjectOfIssuer,
    /// Its *issuer*, as `Certificate.generate` of canonical/charmlibs does (a to-do in its
    /// source): the same for a self-signed root, but under an intermediate the leaf names the
    /// root and no path builder finds the chain.
    IssuerOfIssuer,
}

/// The kinds of alternative names an issuer copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SanKind {
    /// DNS names.
    Dns,
    /// Addresses.
    Ip,
    /// Registered object identifiers.
    RegisteredId,
    /// Mail addresses among the alternative names of the request.
    Email,
    /// The mail address of the subject, unless it is among the alternative names already.
    SubjectEmail,
}

/// One extension of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extension {
    /// The issuer's subject key identifier; signing fails where the issuer has none, as the
    /// library's `get_extension_for_class` does.
    AuthorityKeyId,
    /// The same, left out where the issuer has none, as Go does.
    AuthorityKeyIdIfAny,
    /// The same with the issuer's own issuer and serial number, as `keyid,issuer:always` of OpenSSL
    /// writes it. A certificate that signs itself must have a common name as its whole subject.
    AuthorityKeyIdAndIssuer,
    /// SHA-1 of the key.
    SubjectKeyId,
    /// The first 160 bits of SHA-256 of the key (RFC 7093, method 1).
    SubjectKeyIdSha256,
    /// Basic constraints.
    BasicConstraints {
        /// Whether the extension is critical.
        critical: bool,
        /// CA:TRUE or CA:FALSE.
        ca: bool,
        /// How many intermediates may follow; only with CA:TRUE.
        path_length: Option<u8>,
    },
    /// The alternative names, kind by kind; not critical; left out where there is none.
    SubjectAltNames(Cow<'static, [SanKind]>),
    /// Key usage.
    KeyUsage {
        /// Whether the extension is critical.
        critical: bool,
        /// The usages.
        usages: KeyUsages,
    },
    /// Extended key usage, not critical.
    ExtendedKeyUsage(Cow<'static, [Purpose]>),
    /// Where the issuer's certificate can be fetched (`caIssuers` of the authority information
    /// access), not critical.
    CaIssuers(String),
    /// Where the revocation list can be fetched, not critical.
    CrlDistributionPoint(String),
    /// Certificate policies with the one of the CA/Browser Forum for validated domains, not
    /// critical.
    DomainValidated,
    /// DNS name constraints, critical.
    NameConstraints {
        /// Only names within these domains; no constraint where empty.
        permitted_dns: Vec<String>,
        /// No name within these domains.
        excluded_dns: Vec<String>,
    },
    /// Every extension of the request whose kind is not in the certificate yet, verbatim.
    Requested,
}

/// A set of key usages, bit k being usage k of RFC 5280 4.2.1.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUsages(u16);

impl KeyUsages {
    /// `digitalSignature`.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// `keyEncipherment`.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// `keyAgreement`.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// `keyCertSign`.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// `cRLSign`.
    pub const CRL_SIGN: Self = Self(1 << 6);

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The BIT STRING, without trailing zero bits as DER wants a named bit list.
    fn der(self) -> Vec<u8> {
        let bits = self.0.reverse_bits().to_be_bytes();
        let significant = 16 - self.0.leading_zeros();
        let bytes = significant.div_ceil(8);
        let mut content = vec![(bytes * 8 - significant) as u8];
        content.extend_from_slice(&bits[..bytes as usize]);
        der::element(der::BIT_STRING, &content)
    }
}

/// A purpose of extended key usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `serverAuth`.
    ServerAuth,
    /// `clientAuth`.
    ClientAuth,
}

impl Purpose {
    const fn oid(self) -> &'static [u64] {
        match self {
            Self::ServerAuth => &[1, 3, 6, 1, 5, 5, 7, 3, 1],
            Self::ClientAuth => &[1, 3, 6, 1, 5, 5, 7, 3, 2],
        }
    }
}

const EVERY_SAN: Cow<'static, [SanKind]> = Cow::Borrowed(&[
    SanKind::Dns,
    SanKind::Ip,
    SanKind::RegisteredId,
    SanKind::Email,
]);
const CA_USAGES: KeyUsages = KeyUsages::KEY_CERT_SIGN.union(KeyUsages::CRL_SIGN);

impl Template {
    /// A declared root: key identifier, critical CA:TRUE, critical keyCertSign and cRLSign.
    pub const fn root() -> Self {
        const EXTENSIONS: &[Extension] = &[
            Extension::SubjectKeyId,
            basic_constraints(true),
            key_usage(CA_USAGES),
        ];
        Self::of(EXTENSIONS)
    }

    /// A declared intermediate: both key identifiers, critical CA:TRUE, critical keyCertSign and
    /// cRLSign, under the issuer's subject.
    pub const fn intermediate() -> Self {
        const EXTENSIONS: &[Extension] = &[
            Extension::AuthorityKeyId,
            Extension::SubjectKeyId,
            basic_constraints(true),
            key_usage(CA_USAGES),
        ];
        Self::of(EXTENSIONS)
    }

    /// A declared leaf: both key identifiers, critical CA:FALSE, alternative names, critical
    /// digitalSignature and keyEncipherment, serverAuth and clientAuth.
    pub const fn leaf() -> Self {
        const EXTENSIONS: &[Extension] = &[
            Extension::AuthorityKeyId,
            Extension::SubjectKeyId,
            basic_constraints(false),
            Extension::SubjectAltNames(EVERY_SAN),
            key_usage(KeyUsages::DIGITAL_SIGNATURE.union(KeyUsages::KEY_ENCIPHERMENT)),
            Extension::ExtendedKeyUsage(Cow::Borrowed(&[Purpose::ServerAuth, Purpose::ClientAuth])),
        ];
        Self::of(EXTENSIONS)
    }

    /// These extensions on a verbatim subject, under the issuer's subject, from now on.
    pub const fn of(extensions: &'static [Extension]) -> Self {
        Self {
            subject: SubjectForm::Verbatim,
            issuer_name: IssuerName::SubjectOfIssuer,
            backdate: Span::ZERO,
            extensions: Cow::Borrowed(extensions),
        }
    }

    /// The same, valid from this long before the instant of signing.
    #[must_use]
    pub const fn backdated(mut self, backdate: Span) -> Self {
        self.backdate = backdate;
        self
    }

    /// The same with this name as issuer.
    #[must_use]
    pub const fn named(mut self, issuer_name: IssuerName) -> Self {
        self.issuer_name = issuer_name;
        self
    }

    /// The same with this form of the subject.
    #[must_use]
    pub const fn subject(mut self, subject: SubjectForm) -> Self {
        self.subject = subject;
        self
    }

    /// The same with `extension` in place of the one of its kind, or at the end.
    #[must_use]
    pub fn with(mut self, extension: Extension) -> Self {
        let extensions = self.extensions.to_mut();
        let kind = extension.oid();
        match extensions.iter_mut().find(|own| own.oid() == kind) {
            Some(own) => *own = extension,
            None => extensions.push(extension),
        }
        self
    }

    /// The same without extensions of the kind of `extension`.
    #[must_use]
    pub fn without(mut self, extension: &Extension) -> Self {
        let kind = extension.oid();
        self.extensions.to_mut().retain(|own| own.oid() != kind);
        self
    }

    /// The same with these critical key usages; none removes the extension.
    #[must_use]
    pub fn with_key_usage(self, usages: KeyUsages) -> Self {
        let extension = key_usage(usages);
        match usages {
            KeyUsages(0) => self.without(&extension),
            _ => self.with(extension),
        }
    }

    /// The same with these purposes; none removes the extension.
    #[must_use]
    pub fn with_purposes(self, purposes: &[Purpose]) -> Self {
        let extension = Extension::ExtendedKeyUsage(Cow::Owned(purposes.to_vec()));
        match purposes {
            [] => self.without(&extension),
            _ => self.with(extension),
        }
    }

    /// The same authority with at most this many intermediates below it.
    #[must_use]
    pub fn with_path_length(self, path_length: Option<u8>) -> Self {
        let is_authority =
            |own: &Extension| matches!(own, Extension::BasicConstraints { ca: true, .. });
        assert!(
            self.extensions.iter().any(is_authority),
            "only the template of an authority has a path length"
        );
        self.with(Extension::BasicConstraints {
            critical: true,
            ca: true,
            path_length,
        })
    }
}

/// Critical basic constraints without a path length.
pub(super) const fn basic_constraints(ca: bool) -> Extension {
    Extension::BasicConstraints {
        critical: true,
        ca,
        path_length: None,
    }
}

/// Critical key usage.
pub(super) const fn key_usage(usages: KeyUsages) -> Extension {
    Extension::KeyUsage {
        critical: true,
        usages,
    }
}

impl Extension {
    /// The arcs of its object identifier; empty for [`Extension::Requested`].
    pub(super) const fn oid(&self) -> &'static [u64] {
        match self {
            Self::AuthorityKeyId | Self::AuthorityKeyIdIfAny | Self::AuthorityKeyIdAndIssuer => {
                &[2, 5, 29, 35]
            }
            Self::SubjectKeyId | Self::SubjectKeyIdSha256 => &[2, 5, 29, 14],
            Self::BasicConstraints { .. } => &[2, 5, 29, 19],
            Self::SubjectAltNames(_) => &[2, 5, 29, 17],
            Self::KeyUsage { .. } => &[2, 5, 29, 15],
            Self::ExtendedKeyUsage(_) => &[2, 5, 29, 37],
            Self::NameConstraints { .. } => &[2, 5, 29, 30],
            Self::DomainValidated => &[2, 5, 29, 32],
            Self::CaIssuers(_) => &[1, 3, 6, 1, 5, 5, 7, 1, 1],
            Self::CrlDistributionPoint(_) => &[2, 5, 29, 31],
            Self::Requested => &[],
        }
    }
}

pub(super) fn basic_constraints_der(ca: bool, path_length: Option<u8>) -> Vec<u8> {
    let mut content = Vec::new();
    if ca {
        content.extend_from_slice(&der::BOOLEAN_TRUE);
    }
    if let Some(length) = path_length.filter(|_| ca) {
        let positive = if length > 0x7F {
            &[0, length][..]
        } else {
            &[length]
        };
        der::push(&mut content, der::INTEGER, positive);
    }
    der::element(der::SEQUENCE, &content)
}

pub(super) fn key_usage_der(usages: KeyUsages) -> Vec<u8> {
    usages.der()
}

pub(super) fn purposes_der(purposes: &[Purpose]) -> Vec<u8> {
    let mut content = Vec::new();
    for purpose in purposes {
        der::push(&mut content, der::OID, &der::oid_of(purpose.oid()));
    }
    der::element(der::SEQUENCE, &content)
}

pub(super) fn name_constraints_der(permitted: &[String], excluded: &[String]) -> Vec<u8> {
    let mut content = Vec::new();
    for (number, domains) in [(0, permitted), (1, excluded)] {
        let mut subtrees = Vec::new();
        for domain in domains {
            let name = der::element(der::context(2), domain.as_bytes());
            der::push(&mut subtrees, der::SEQUENCE, &name);
        }
        if !subtrees.is_empty() {
            der::push(&mut content, der::context_constructed(number), &subtrees);
        }
    }
    der::element(der::SEQUENCE, &content)
}

/// `CertificatePolicies` with the CA/Browser Forum's `domain-validated`.
pub(super) fn domain_validated_der() -> Vec<u8> {
    const DOMAIN_VALIDATED: &[u64] = &[2, 23, 140, 1, 2, 1];
    let policy = der::element(der::OID, &der::oid_of(DOMAIN_VALIDATED));
    der::element(der::SEQUENCE, &der::element(der::SEQUENCE, &policy))
}

/// `AuthorityInfoAccessSyntax` with one `caIssuers`.
pub(super) fn ca_issuers_der(url: &str) -> Vec<u8> {
    const CA_ISSUERS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 2];
    let mut description = der::element(der::OID, &der::oid_of(CA_ISSUERS));
    der::push(&mut description, der::context(6), url.as_bytes());
    der::element(der::SEQUENCE, &der::element(der::SEQUENCE, &description))
}

/// `CRLDistributionPoints` with one full name.
pub(super) fn crl_distribution_point_der(url: &str) -> Vec<u8> {
    let name = der::element(der::context(6), url.as_bytes());
    let full_name = der::element(der::context_constructed(0), &name);
    let point = der::element(der::context_constructed(0), &full_name);
    der::element(der::SEQUENCE, &der::element(der::SEQUENCE, &point))
}

/// `AuthorityKeyIdentifier` with all three parts; `name` is the DER of the issuer's own issuer.
pub(super) fn key_id_and_issuer_der(id: &[u8], name: &[u8], serial: &[u8]) -> Vec<u8> {
    let mut content = der::element(der::context(0), id);
    let directory_name = der::element(der::context_constructed(4), name);
    der::push(&mut content, der::context_constructed(1), &directory_name);
    der::push(&mut content, der::context(2), &positive(serial));
    der::element(der::SEQUENCE, &content)
}

/// The content of a positive INTEGER.
fn positive(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0);
    let significant = first.map_or(&[0][..], |first| &bytes[first..]);
    let pad = significant[0] & 0x80 != 0;
    let zero: &[u8] = if pad { &[0] } else { &[] };
    [zero, significant].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_the_der_of_rfc_5280() {
        assert_eq!(basic_constraints_der(false, Some(1)), [0x30, 0]);
        assert_eq!(basic_constraints_der(true, None), [0x30, 3, 1, 1, 0xFF]);
        assert_eq!(basic_constraints_der(true, Some(200))[5..], [2, 2, 0, 200]);
        assert_eq!(key_usage_der(CA_USAGES), [3, 2, 1, 0x06]);
        let juju = KeyUsages::DIGITAL_SIGNATURE
            .union(KeyUsages::KEY_ENCIPHERMENT)
            .union(KeyUsages::KEY_CERT_SIGN);
        assert_eq!(key_usage_der(juju), [3, 2, 2, 0xA4]);
        assert_eq!(key_usage_der(KeyUsages::default()), [3, 1, 0]);
        assert_eq!(key_usage_der(KeyUsages(1 << 8)), [3, 3, 7, 0, 0x80]);
    }

    #[test]
    fn a_declared_template_says_where_it_differs() {
        let leaf = Template::leaf()
            .with_purposes(&[])
            .with_key_usage(KeyUsages::default());
        assert_eq!(leaf.extensions.len(), 4);
        let back = leaf.with_purposes(&[Purpose::ClientAuth]);
        let Some(Extension::ExtendedKeyUsage(purposes)) = back.extensions.last() else {
            panic!("{back:?}");
        };
        assert_eq!(purposes.as_ref(), [Purpose::ClientAuth]);
        let short = Template::intermediate().with_path_length(Some(0));
        assert_eq!(
            short.extensions.len(),
            Template::intermediate().extensions.len()
        );
    }
}
