//! What providers share: an authority kept in a secret, and the journal's notes of what was
//! issued.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::{CertificateKind, Issued, Note};
use trustsim_interfaces::pem;
use trustsim_interfaces::tls_certificates::{Answer, Outstanding};
use trustsim_interfaces::tls_certificates_legacy::{Kind, LegacyRequest};
use trustsim_juju::{HookError, RelationId, SecretContent, Value};
use trustsim_pki::{Certificate, KeyPair, PkiError};

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
    /// The content of its secret.
    pub fn content(&self) -> BTreeMap<String, Value> {
        let chain = std::slice::from_ref(&self.certificate);
        [
            (KEY_FIELD.to_owned(), pem::key_value(&self.key)),
            (CERTIFICATE_FIELD.to_owned(), pem::chain_value(chain)),
        ]
        .into()
    }

    /// Reads the content of its secret.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a field is missing or cannot be read, as Python raises it.
    pub fn read(content: &SecretContent) -> Result<Self, HookError> {
        Self::read_fields(content, KEY_FIELD, CERTIFICATE_FIELD)
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
    pub fn read_fields(
        content: &SecretContent,
        key_field: &str,
        certificate_field: &str,
    ) -> Result<Self, HookError> {
        let field = |name: &str| {
            content
                .get(name)
                .ok_or_else(|| HookError::Charm(format!("KeyError: '{name}'")))
        };
        let raised = |error: &PkiError| HookError::Charm(format!("ValueError: {error}"));
        let chain = pem::chain(field(certificate_field)?);
        let certificate = (*chain).as_ref().map_err(raised)?.first().cloned();
        let no_block = PkiError::NoPemBlock {
            label: "CERTIFICATE",
        };
        let key = pem::key(field(key_field)?);
        let authority = Self {
            certificate: certificate.ok_or_else(|| raised(&no_block))?,
            key: (*key).as_ref().map_err(raised)?.clone(),
        };
        assert_eq!(
            authority.certificate.spki_der(),
            authority.key.spki_der(),
            "the CA certificate and the key in one secret belong together: {}",
            authority.certificate.subject()
        );
        Ok(authority)
    }
}

/// Notes an authority of the charm's own.
pub fn note_authority(unit: &mut UnitContext<'_>, certificate: &Certificate, issuer: &Certificate) {
    let kind = if certificate == issuer {
        CertificateKind::Root
    } else {
        CertificateKind::Intermediate
    };
    let issued = unrequested(unit, kind, certificate, issuer);
    note(unit, issued);
}

/// Notes a certificate that the charm signs for this unit itself.
pub fn note_own_leaf(unit: &mut UnitContext<'_>, certificate: &Certificate, issuer: &Certificate) {
    let issued = Issued {
        unit: Some(unit.unit_name().into()),
        ..unrequested(unit, CertificateKind::Leaf, certificate, issuer)
    };
    note(unit, issued);
}

/// Notes the answer to a request: the certificate that goes into the databag, and the CA that signed.
pub fn note_answer(
    unit: &mut UnitContext<'_>,
    asked: &Outstanding,
    certificate: &Certificate,
    issuer: &Certificate,
) {
    assert_eq!(
        certificate.spki_der(),
        asked.request.public_key().spki_der(),
        "the certificate for {} has the key of its request",
        unit.remote_application_name(asked.relation)
    );
    let issued = Issued {
        requirer: unit.remote_application_name(asked.relation).into(),
        unit: asked.unit.map(|remote| unit.name_of(remote).into()),
        endpoint: answering_endpoint(unit, asked.relation).into(),
        request: Some(asked.request.clone()),
        ..unrequested(unit, answer_kind(asked.is_ca), certificate, issuer)
    };
    note(unit, issued);
}

/// Notes what a provider of the legacy protocol issued: for a request, or for its own use.
pub fn note_legacy(
    unit: &mut UnitContext<'_>,
    asked: Option<&LegacyRequest>,
    certificate: &Certificate,
    issuer: &Certificate,
) {
    let is_ca = asked.is_some_and(|asked| asked.kind == Kind::Intermediate);
    let mut issued = unrequested(unit, answer_kind(is_ca), certificate, issuer);
    if let Some(asked) = asked {
        issued.requirer = unit.remote_application_name(asked.relation).into();
        issued.endpoint = answering_endpoint(unit, asked.relation).into();
        let of_unit = asked.kind != Kind::Application;
        issued.unit = of_unit.then(|| unit.name_of(asked.unit).into());
    }
    note(unit, issued);
}

/// The endpoint over which a request came.
fn answering_endpoint<'a>(unit: &UnitContext<'a>, relation: RelationId) -> &'a str {
    unit.own_endpoint(relation)
        .expect("a provider answers requests in relations of its own")
}

const fn answer_kind(is_ca: bool) -> CertificateKind {
    if is_ca {
        CertificateKind::Intermediate
    } else {
        CertificateKind::Leaf
    }
}

/// A certificate without a request, of the application that issues it.
fn unrequested(
    unit: &UnitContext<'_>,
    kind: CertificateKind,
    certificate: &Certificate,
    issuer: &Certificate,
) -> Issued {
    // charm-vault takes an intermediate without the CA above it, which is noted as its own issuer.
    debug_assert!(
        certificate == issuer || certificate.verify_issued_by(issuer),
        "{}: `{}` is not signed by `{}`, which the journal is told of as its issuer",
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

/// Requests by relation, in their order: they come with those of one relation together.
///
/// # Panics
///
/// Where requests of one relation are apart: each answer would replace those before it.
pub fn by_relation(requests: &[Outstanding]) -> impl Iterator<Item = &[Outstanding]> {
    let mut seen = BTreeSet::new();
    requests
        .chunk_by(|left, right| left.relation == right.relation)
        .inspect(move |together| {
            let relation = together[0].relation;
            assert!(
                seen.insert(relation),
                "requests of one relation come together, those of {relation:?} do not"
            );
        })
}

/// Notes the answer of a CA that is alone in its chain, and gives it: the leaf, then the CA.
pub fn answer(
    unit: &mut UnitContext<'_>,
    asked: &Outstanding,
    certificate: Certificate,
    ca: &Certificate,
) -> Answer {
    note_answer(unit, asked, &certificate, ca);
    assert_eq!(
        certificate.issuer_der(),
        ca.subject_der(),
        "the CA that is handed out with a certificate is the one that it names as its issuer"
    );
    Answer {
        request: asked.request.clone(),
        certificate: certificate.clone(),
        ca: ca.clone(),
        chain: vec![certificate, ca.clone()],
    }
}

/// What `cryptography` or the library raises.
pub fn raised(error: &PkiError) -> HookError {
    HookError::Charm(format!("ValueError: {error}"))
}
