//! What is no chain's fault (pki table 3d), performed with rustls: no common version, suite or
//! protocol, no certificate for the name, a key that does not fit, a peer that speaks no TLS. Each
//! must end as [`Verdict::failed`] says.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ClientConfig, ClientConnection, Error, RootCertStore, ServerConfig, ServerConnection, version,
};

use super::super::provider::{provider, signing_key, with_stream};
use super::make::*;
use trustsim_pki::KeyAlgorithm;
use trustsim_validators::{ErrorKind, Side, Stack, Verdict};

#[derive(Debug)]
struct NoCertificate;

impl ResolvesServerCert for NoCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}

fn certified(chain: &Made, key: &Made) -> CertifiedKey {
    let der = chain.certificate.der().to_vec();
    CertifiedKey::new(vec![der.into()], signing_key(&key.key))
}

struct Sides {
    client: ClientConfig,
    server: ServerConfig,
}

/// Both sides of a good connection, with these suites and versions.
fn sides(change: impl Fn(&mut CryptoProvider, Side)) -> Sides {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    let provider = |side| {
        let mut own = CryptoProvider::clone(provider());
        change(&mut own, side);
        Arc::new(own)
    };
    let mut roots = RootCertStore::empty();
    roots.add(root.certificate.der().to_vec().into()).unwrap();
    let verifier: Arc<dyn ServerCertVerifier> =
        rustls::client::WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            provider(Side::Client),
        )
        .build()
        .unwrap();
    let clock = || Arc::new(Start);
    let client = ClientConfig::builder_with_details(provider(Side::Client), clock())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let server = ServerConfig::builder_with_details(provider(Side::Server), clock())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified(&leaf, &leaf))));
    Sides { client, server }
}

#[derive(Debug)]
struct Start;

impl rustls::time_provider::TimeProvider for Start {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        Some(trustsim_validators::unix(start()))
    }
}

/// The errors of client and server.
fn shake(sides: Sides) -> (Option<Error>, Option<Error>) {
    with_stream(stream("peers"), || {
        let name = NAME.try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(sides.client), name).unwrap();
        let mut server = ServerConnection::new(Arc::new(sides.server)).unwrap();
        let (mut of_client, mut of_server) = (None, None);
        for _ in 0..6 {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            let mut rest = bytes.as_slice();
            while !rest.is_empty() && of_server.is_none() {
                server.read_tls(&mut rest).unwrap();
                of_server = server.process_new_packets().err();
            }
            let mut bytes = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            let mut rest = bytes.as_slice();
            while !rest.is_empty() && of_client.is_none() {
                client.read_tls(&mut rest).unwrap();
                of_client = client.process_new_packets().err();
            }
        }
        (of_client, of_server)
    })
}

/// That the server refused as the verdict says, and the client got its alert.
fn assert_refused_by_server(kind: ErrorKind, (client, server): (Option<Error>, Option<Error>)) {
    let verdict = Verdict::failed(kind, Side::Server);
    assert_eq!(format!("{:?}", server.unwrap()), verdict.rustls, "{kind}");
    let received = verdict.text(Side::Client, Stack::Rustls).unwrap();
    assert_eq!(client.unwrap().to_string(), received, "{kind}");
    for stack in [
        Stack::OpenSsl,
        Stack::Python,
        Stack::Curl,
        Stack::Go,
        Stack::Java,
    ] {
        assert!(
            verdict.text(Side::Client, stack).is_some(),
            "{kind} {stack}"
        );
    }
}

#[test]
fn no_version_in_common() {
    let tls12 = |suite: &rustls::SupportedCipherSuite| suite.version() == &version::TLS12;
    let only = sides(|provider, side| {
        provider
            .cipher_suites
            .retain(|suite| tls12(suite) == (side == Side::Server));
    });
    assert_refused_by_server(ErrorKind::NoCommonVersion, shake(only));
}

#[test]
fn no_suite_in_common() {
    let only = sides(|provider, side| {
        let first = provider.cipher_suites[0];
        match side {
            Side::Client => provider.cipher_suites = vec![first],
            Side::Server => provider.cipher_suites.retain(|suite| *suite != first),
        }
    });
    assert_refused_by_server(ErrorKind::NoCommonParameters, shake(only));
}

#[test]
fn no_protocol_in_common() {
    let mut both = sides(|_, _| {});
    both.client.alpn_protocols = vec![b"h2".to_vec()];
    both.server.alpn_protocols = vec![b"http/1.1".to_vec()];
    assert_refused_by_server(ErrorKind::NoCommonProtocol, shake(both));
}

#[test]
fn no_certificate_for_the_name() {
    let mut both = sides(|_, _| {});
    both.server.cert_resolver = Arc::new(NoCertificate);
    assert_refused_by_server(ErrorKind::NoCertificateForName, shake(both));
}

#[test]
fn a_key_that_does_not_fit_is_a_bad_signature_where_it_is_forced_through() {
    let Pair { root, leaf } = pair(KeyAlgorithm::EcdsaP256);
    let error = certified(&leaf, &root).keys_match().unwrap_err();
    let verdict = Verdict::failed(ErrorKind::KeyMismatch, Side::Server);
    assert_eq!(format!("{error:?}"), verdict.rustls);
    assert_eq!(
        verdict.text(Side::Server, Stack::Rustls),
        Some(error.to_string().as_str())
    );
    let mut forced = sides(|_, _| {});
    forced.server.cert_resolver = Arc::new(SingleCertAndKey::from(certified(&leaf, &root)));
    let (client, server) = shake(forced);
    let bad = rustls::CertificateError::BadSignature;
    assert_eq!(client, Some(Error::InvalidCertificate(bad)));
    let alert = rustls::AlertDescription::DecryptError;
    assert_eq!(server, Some(Error::AlertReceived(alert)));
}

#[test]
fn a_peer_in_plain_text() {
    with_stream(stream("plain"), || {
        let client = Arc::new(sides(|_, _| {}).client);
        let mut client = ClientConnection::new(client, NAME.try_into().unwrap()).unwrap();
        client.write_tls(&mut Vec::new()).unwrap();
        client
            .read_tls(&mut b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice())
            .unwrap();
        let error = client.process_new_packets().unwrap_err();
        let verdict = Verdict::failed(ErrorKind::PlaintextPeer, Side::Client);
        assert_eq!(format!("{error:?}"), verdict.rustls);
        assert_eq!(
            verdict.text(Side::Client, Stack::Rustls),
            Some(error.to_string().as_str())
        );
    });
}

/// Measured with OpenSSL 3.0.19, Python 3.11, curl 7.88.1, OpenJDK 17.0.15 against a server that
/// answers in plain text, or closes after the first bytes; Go's from `src/crypto/tls/conn.go`.
#[test]
fn every_stack_has_words_for_a_peer_that_is_none() {
    for kind in [
        ErrorKind::PlaintextPeer,
        ErrorKind::ClosedByPeer,
        ErrorKind::Unreachable,
    ] {
        let verdict = Verdict::failed(kind, Side::Client);
        for stack in [
            Stack::Rustls,
            Stack::Python,
            Stack::Curl,
            Stack::Go,
            Stack::Java,
        ] {
            assert!(
                verdict.text(Side::Client, stack).is_some(),
                "{kind} {stack}"
            );
        }
    }
}
