//! Code shared by the charms that issue certificates: a CA that is kept in a Juju secret ([`SigningCa`]), the journal's
//! notes of what was issued (`note_*`), requests by relation, and the answer to one request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::{CertificateKind, Issued, Note};
use trustsim_interfaces::pem;
use trustsim_interfaces::tls_certificates::{Answer, Outstanding};
use trustsim_interfaces::tls_certificates_legacy::{LegacyRequest, LegacyRequestKind};
use trustsim_juju::{HookError, RelationId, SecretContent, Value};
use trustsim_pki::{Certificate, KeyPair, PkiError, RequestAttributes};

/// A CA with its key.
#[derive(Clone, Debug)]
pub struct SigningCa {
    /// Its certificate.
    pub certificate: Certificate,
    /// The key of the certificate.
    pub key: KeyPair,
}

const KEY_FIELD: &str = "private-key";
const CERTIFICATE_FIELD: &str = "ca-certificate";

impl SigningCa {
    /// The content of the Juju secret that keeps it.
    pub fn secret_content(&self) -> BTreeMap<String, Value> {
        let chain = std::slice::from_ref(&self.certificate);
        [
            (KEY_FIELD.to_owned(), pem::key_value(&self.key)),
            (CERTIFICATE_FIELD.to_owned(), pem::chain_value(chain)),
        ]
        .into()
    }

    /// Reads what [`Self::secret_content`] made.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a field is missing or cannot be read, as Python raises it.
    pub fn from_secret(content: &SecretContent) -> Result<Self, HookError> {
        Self::from_secret_fields(content, KEY_FIELD, CERTIFICATE_FIELD)
    }

    /// Reads the content of a secret with fields of other names.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a field is missing or cannot be read, as Python raises it.
    ///
    /// # Panics
    ///
    /// Where the key is not the certificate's.
    pub fn from_secret_fields(
        content: &SecretContent,
        key_field: &str,
        certificate_field: &str,
    ) -> Result<Self, HookError> {
        let field = |name: &str| {
            content
                .get(name)
                .ok_or_else(|| HookError::Charm(format!("KeyError: '{name}'")))
        };
        let chain = pem::chain(field(certificate_field)?);
        let certificate = (*chain).as_ref().map_err(value_error)?.first().cloned();
        let no_block = PkiError::NoPemBlock {
            label: "CERTIFICATE",
        };
        let key = pem::key(field(key_field)?);
        let ca = Self {
            certificate: certificate.ok_or_else(|| value_error(&no_block))?,
            key: (*key).as_ref().map_err(value_error)?.clone(),
        };
        assert!(
            ca.certificate.spki_der() == ca.key.spki_der(),
            "a secret has the CA certificate `{}` in `{certificate_field}`, and in `{key_field}` the key of another one",
            ca.certificate.subject()
        );
        Ok(ca)
    }
}

/// Notes a CA of the charm's own. It is a root where `issuer` is the certificate itself, and an intermediate otherwise.
/// `issuer` is `None` where the charm does not have the certificate of the issuer: the note then has the serial of the
/// CA itself in place of the issuer's.
pub fn note_ca(
    unit: &mut UnitContext<'_>,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
) {
    let kind = match issuer {
        Some(issuer) if issuer == certificate => CertificateKind::Root,
        Some(_) | None => CertificateKind::Intermediate,
    };
    let issued = issued_record(unit, kind, certificate, issuer);
    note(unit, issued);
}

/// Notes a CA of the charm's own that signs for its own server alone.
pub fn note_own_root(unit: &mut UnitContext<'_>, certificate: &Certificate) {
    let kind = CertificateKind::OwnRoot;
    let issued = issued_record(unit, kind, certificate, Some(certificate));
    note(unit, issued);
}

/// Notes a certificate that the charm signs for this unit itself.
pub fn note_own_leaf(unit: &mut UnitContext<'_>, certificate: &Certificate, issuer: &Certificate) {
    let issued = Issued {
        unit: Some(unit.unit_name().into()),
        ..issued_record(unit, CertificateKind::Leaf, certificate, Some(issuer))
    };
    note(unit, issued);
}

/// Notes the answer to a request: the certificate that goes into the databag, and the CA that signed.
///
/// # Panics
///
/// Where the certificate has another key than the request.
pub fn note_answer(
    unit: &mut UnitContext<'_>,
    asked: &Outstanding,
    certificate: &Certificate,
    issuer: &Certificate,
) {
    assert!(
        certificate.spki_der() == asked.request.public_key().spki_der(),
        "the certificate {} that was issued to {} is for another key than its CSR",
        certificate.serial(),
        unit.remote_application_name(asked.relation)
    );
    let issued = Issued {
        requirer: unit.remote_application_name(asked.relation).into(),
        unit: asked.unit.map(|remote| unit.name_of(remote).into()),
        endpoint: answering_endpoint(unit, asked.relation).into(),
        request: Some(asked.request.clone()),
        ..issued_record(unit, issued_kind(asked.is_ca), certificate, Some(issuer))
    };
    note(unit, issued);
}

/// Notes what a provider of the legacy protocol issued. `asked` is `None` for the one client certificate that it gives
/// to all its requirers.
pub fn note_legacy(
    unit: &mut UnitContext<'_>,
    asked: Option<&LegacyRequest>,
    certificate: &Certificate,
    issuer: &Certificate,
) {
    let is_ca = asked.is_some_and(|asked| asked.kind == LegacyRequestKind::Intermediate);
    let mut issued = issued_record(unit, issued_kind(is_ca), certificate, Some(issuer));
    if let Some(asked) = asked {
        issued.requirer = unit.remote_application_name(asked.relation).into();
        issued.endpoint = answering_endpoint(unit, asked.relation).into();
        let of_unit = asked.kind != LegacyRequestKind::Application;
        issued.unit = of_unit.then(|| unit.name_of(asked.unit).into());
    }
    note(unit, issued);
}

/// The endpoint over which a request came.
fn answering_endpoint<'a>(unit: &UnitContext<'a>, relation: RelationId) -> &'a str {
    unit.own_endpoint(relation)
        .expect("a provider answers requests in relations of its own")
}

const fn issued_kind(is_ca: bool) -> CertificateKind {
    if is_ca {
        CertificateKind::Intermediate
    } else {
        CertificateKind::Leaf
    }
}

/// The record of a certificate that the application issued to itself, from which the other records are made. The answer
/// to a request sets `requirer`, `unit`, `endpoint` and, where the protocol has CSRs, `request`. A leaf for the charm's
/// own unit sets `unit`.
fn issued_record(
    unit: &UnitContext<'_>,
    kind: CertificateKind,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
) -> Issued {
    // charm-vault accepts an intermediate whose issuer is not uploaded with it.
    let issuer = issuer.unwrap_or(certificate);
    debug_assert!(
        certificate == issuer || certificate.verify_issued_by(issuer),
        "{}: `{}` is noted as issued by `{}`, whose key did not sign it",
        unit.unit_name(),
        certificate.subject(),
        issuer.subject()
    );
    Issued {
        certificate: certificate.clone(),
        kind,
        issuer_serial: issuer.serial().to_owned(),
        requirer: unit.application_name().into(),
        unit: None,
        endpoint: Arc::from(""),
        request: None,
    }
}

fn note(unit: &mut UnitContext<'_>, issued: Issued) {
    unit.note(Note::CertificateIssued(issued));
}

/// Splits requests into runs of one relation each, in their order.
///
/// # Panics
///
/// Where the requests of a relation are not adjacent. Such a relation would have two runs, and callers count and answer
/// the requests of a relation by the run.
pub fn by_relation(requests: &[Outstanding]) -> impl Iterator<Item = &[Outstanding]> {
    let mut seen = BTreeSet::new();
    requests
        .chunk_by(|left, right| left.relation == right.relation)
        .inspect(move |together| {
            let relation = together[0].relation;
            assert!(
                seen.insert(relation),
                "the requests of {relation:?} are not adjacent"
            );
        })
}

/// Notes the certificate and returns the answer, whose chain is the leaf and then the CA. It has
/// nothing above the CA.
///
/// # Panics
///
/// Where the certificate names another issuer than the CA, and as [`note_answer`].
pub fn note_and_answer(
    unit: &mut UnitContext<'_>,
    asked: &Outstanding,
    certificate: Certificate,
    ca: &Certificate,
) -> Answer {
    assert!(
        certificate.issuer_der() == ca.subject_der(),
        "`{}` names `{}` as its issuer, and `{}` is handed out with it",
        certificate.subject(),
        certificate.issuer(),
        ca.subject()
    );
    note_answer(unit, asked, &certificate, ca);
    Answer {
        request: asked.request.clone(),
        certificate: certificate.clone(),
        ca: ca.clone(),
        chain: vec![certificate, ca.clone()],
    }
}

/// Whether a certificate has the common name and the subject alternative names that are wanted, and no others.
pub fn is_for_names(certificate: &Certificate, wanted: &RequestAttributes) -> bool {
    let dns = wanted.sans_dns.iter().map(|name| format!("DNS:{name}"));
    let addresses = wanted.sans_ip.iter().map(|address| format!("IP:{address}"));
    let mut wanted_names: Vec<String> = dns.chain(addresses).collect();
    let mut names = certificate.sans().to_vec();
    wanted_names.sort_unstable();
    names.sort_unstable();
    certificate.subject_common_name() == wanted.common_name.as_deref() && names == wanted_names
}

/// The `ValueError` that Python's `cryptography`, or the library above it, raises for this error.
pub fn value_error(error: &PkiError) -> HookError {
    HookError::Charm(format!("ValueError: {error}"))
}
