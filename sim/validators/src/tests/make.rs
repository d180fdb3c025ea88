//! Small PKIs for tests: rcgen over deterministic keys. The tests of handshakes use this file too.

use std::sync::LazyLock;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose,
};
use time::OffsetDateTime;

use trustsim_kernel::{Stream, Streams, Time};
use trustsim_pki::{Certificate, KeyAlgorithm, KeyPair};
use trustsim_validators::TrustStore;

pub(crate) const NAME: &str = "web.model.test";
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn start() -> Time {
    Time::parse("2026-01-01T00:00:00Z").unwrap()
}

pub(crate) fn stream(subject: &str) -> Stream {
    Streams::new(1).stream("tls-test", subject)
}

/// A certificate with its key, which can issue others.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) certificate: Certificate,
    pub(crate) key: KeyPair,
    pub(crate) params: CertificateParams,
}

pub(crate) fn key(algorithm: KeyAlgorithm, subject: &str) -> KeyPair {
    /// RSA keys are slow to make: one is enough.
    static RSA: LazyLock<KeyPair> =
        LazyLock::new(|| KeyPair::generate(KeyAlgorithm::Rsa2048, &mut stream("rsa")));
    match algorithm {
        KeyAlgorithm::Rsa2048 => RSA.clone(),
        _ => KeyPair::generate(algorithm, &mut stream(subject)),
    }
}

pub(crate) fn params(common_name: &str, names: &[&str], days: u32) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let moment = |at: Time| OffsetDateTime::from_unix_timestamp(at.as_seconds() as i64).unwrap();
    params.not_before = moment(start());
    params.not_after = moment(start() + DAY * days);
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(common_name.as_bytes().to_vec().into());
    params
}

pub(crate) fn authority(common_name: &str, days: u32) -> CertificateParams {
    let mut params = params(common_name, &[], days);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(crate) fn self_signed(params: CertificateParams, key: KeyPair) -> Made {
    let params = identified(params, &key);
    let certificate = params.self_signed(&key).unwrap();
    Made {
        certificate: Certificate::from_der(certificate.der()).unwrap(),
        key,
        params,
    }
}

/// With the identifier of its key, as RFC 5280 4.2.1.2 makes it; without a crypto library `rcgen`
/// makes none.
fn identified(mut params: CertificateParams, key: &KeyPair) -> CertificateParams {
    let id = key.public_key().key_id().to_vec();
    params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(id);
    params
}

impl Made {
    pub(crate) fn issue(&self, params: CertificateParams, key: KeyPair) -> Self {
        let params = identified(params, &key);
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Self {
            certificate: Certificate::from_der(certificate.der()).unwrap(),
            key,
            params,
        }
    }
}

/// A root for 365 days and a leaf for 90.
pub(crate) struct Pair {
    pub(crate) root: Made,
    pub(crate) leaf: Made,
}

pub(crate) fn pair(algorithm: KeyAlgorithm) -> Pair {
    let root = self_signed(authority("root", 365), key(algorithm, "root"));
    let leaf = root.issue(params("web", &[NAME], 90), key(algorithm, "leaf"));
    Pair { root, leaf }
}

pub(crate) fn trust<const N: usize>(roots: [&Made; N]) -> TrustStore {
    roots
        .into_iter()
        .map(|made| made.certificate.clone())
        .collect()
}

pub(crate) fn for_client_only(mut params: CertificateParams) -> CertificateParams {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}
