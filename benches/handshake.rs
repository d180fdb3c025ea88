//! One handshake as the simulator performs it, beside a bare rustls loop.
//!
//! Both use the same provider, keys and certificates, and both do all the cryptography each time.
//! The bare loop has its configurations ready; ours makes them for each case, as each unit has its
//! own trust and clock. The last line, `ratio handshake VALUE`, is the time of the bare loop over
//! ours: 1 is no overhead.

#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a benchmark measures and tells

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use trustsim::kernel::{Stream, Streams, Time};
use trustsim::pki::{Certificate, KeyAlgorithm, KeyPair};
use trustsim::tls::{
    Case, ClientSide, Identity, ServerSide, handshake, provider, signing_key, with_stream,
};
use trustsim::validators::{TrustStore, Validator};

const NAME: &str = "web.model.test";
const START: &str = "2026-01-01T00:00:00Z";

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let setting = Setting::new();
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("handshake");
    group.bench_function("raw", |bencher| bencher.iter(|| setting.raw()));
    for validator in [Validator::Rustls, Validator::OpenSsl] {
        let case = setting.case(validator);
        group.bench_function(validator.name(), |bencher| {
            bencher.iter(|| ours(&setting, &case));
        });
    }
    group.finish();
    criterion.final_summary();
    println!("ratio handshake {:.3}", ratio(&setting, is_test));
}

/// Time of the bare loop over ours. The two alternate, and the tenth percentile of each counts: what
/// else the machine does falls into the other nine tenths.
fn ratio(setting: &Setting, is_test: bool) -> f64 {
    let pairs = if is_test { 200 } else { 4000 };
    let case = setting.case(Validator::default());
    let mut times = [Vec::with_capacity(pairs), Vec::with_capacity(pairs)];
    for _ in 0..pairs {
        let begun = Instant::now();
        setting.raw();
        let between = Instant::now();
        ours(setting, &case);
        times[0].push(between - begun);
        times[1].push(between.elapsed());
    }
    let [raw, ours] = times.map(|mut times| {
        times.sort();
        times[pairs / 10].as_secs_f64()
    });
    raw / ours
}

fn ours(setting: &Setting, case: &Case) {
    let verdict = handshake(black_box(case), setting.stream());
    assert!(verdict.is_ok());
}

struct Setting {
    streams: Streams,
    at: Time,
    identity: Identity,
    trust: TrustStore,
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

#[derive(Debug)]
struct Clock(UnixTime);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

impl Setting {
    fn new() -> Self {
        let streams = Streams::new(1);
        let at = Time::parse(START).expect("the start is an instant");
        let key = |subject: &str| {
            KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut streams.stream("key", subject))
        };
        let (root_key, leaf_key) = (key("root"), key("leaf"));
        let root = certificate(&root_key, None);
        let leaf = certificate(&leaf_key, Some(&root_key));
        let unix = UnixTime::since_unix_epoch(Duration::from_secs(at.as_seconds()));
        Self {
            at,
            client: Arc::new(client_config(&root, unix)),
            server: Arc::new(server_config(&leaf, &leaf_key, unix)),
            identity: Identity::new([leaf], leaf_key),
            trust: [root].into_iter().collect(),
            streams,
        }
    }

    fn stream(&self) -> Stream {
        self.streams.stream("handshake", "bench")
    }

    fn case(&self, validator: Validator) -> Case {
        Case {
            client: ClientSide {
                trust: self.trust.clone(),
                identity: None,
                validator,
                clock: self.at,
            },
            server: ServerSide {
                identity: self.identity.clone(),
                client_trust: None,
                validator,
                clock: self.at,
            },
            server_name: NAME.to_owned(),
        }
    }

    /// The bare loop: rustls alone.
    fn raw(&self) {
        with_stream(self.stream(), || {
            let name = ServerName::try_from(NAME).expect("the name is a DNS name");
            let mut client =
                ClientConnection::new(self.client.clone(), name).expect("the client begins");
            let mut server = ServerConnection::new(self.server.clone()).expect("the server begins");
            let mut bytes = Vec::with_capacity(4096);
            while client.is_handshaking() || server.is_handshaking() {
                bytes.clear();
                while client.wants_write() {
                    client.write_tls(&mut bytes).expect("a vector takes all");
                }
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    server.read_tls(&mut rest).expect("a slice gives all");
                    server.process_new_packets().expect("the server accepts");
                }
                bytes.clear();
                while server.wants_write() {
                    server.write_tls(&mut bytes).expect("a vector takes all");
                }
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    client.read_tls(&mut rest).expect("a slice gives all");
                    client.process_new_packets().expect("the client accepts");
                }
            }
        });
    }
}

fn client_config(root: &Certificate, now: UnixTime) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(root.der()))
        .expect("the root is an anchor");
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider().clone())
        .build()
        .expect("there is a root");
    let builder = ClientConfig::builder_with_details(provider().clone(), Arc::new(Clock(now)))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider speaks TLS 1.3");
    let mut config = builder.with_webpki_verifier(verifier).with_no_client_auth();
    config.resumption = Resumption::disabled();
    config
}

fn server_config(leaf: &Certificate, key: &KeyPair, now: UnixTime) -> ServerConfig {
    let chain = vec![CertificateDer::from(leaf.der().to_vec())];
    let certified = CertifiedKey::new(chain, signing_key(key));
    let mut config = ServerConfig::builder_with_details(provider().clone(), Arc::new(Clock(now)))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider speaks TLS 1.3")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config
}

/// A root, or a leaf that `issuer` signs.
fn certificate(key: &KeyPair, issuer: Option<&KeyPair>) -> Certificate {
    let root_params = || {
        let mut params = rcgen::CertificateParams::new([]).expect("no names are valid names");
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "root");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.serial_number = Some(1.into());
        params
    };
    let made = match issuer {
        None => root_params().self_signed(key),
        Some(issuer) => {
            let mut params =
                rcgen::CertificateParams::new([NAME.to_owned()]).expect("the name is a DNS name");
            params.serial_number = Some(2.into());
            params.use_authority_key_identifier_extension = true;
            params.signed_by(key, &rcgen::Issuer::new(root_params(), issuer))
        }
    };
    let made = made.expect("the parameters make a certificate");
    Certificate::from_der(made.der()).expect("rcgen writes certificates")
}
