//! What the simulator adds to issuing a certificate: its path from request to installed
//! certificate beside the `rcgen` calls that any program would have to make, with the same keys
//! and the same signer. Hooks and databags are not in it: what a whole renewal costs is seen in
//! `benches/scenario.rs`.
//!
//! `cargo bench --bench issuance` prints, after Criterion's own figures, a line
//! `ratio issuance-<key> <value>` for each kind of key: the time of the raw calls divided by ours,
//! 1.00 meaning no overhead, measured in interleaved batches in this one process. `-- --test`
//! runs everything once, quickly.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark measures wall-clock time"
)]
#![allow(clippy::print_stdout, reason = "the ratios are what this prints")]
#![allow(missing_docs, reason = "nothing outside uses this")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use rcgen::{CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyIdMethod, SanType};
use trustsim::kernel::{Stream, Streams, Time};
use trustsim::pki::{
    Certificate, CertificateRequest, KeyAlgorithm, KeyPair, RequestAttributes, SerialNumber, Terms,
    issuers,
};

const DAY: Duration = Duration::from_secs(86_400);
const NAMES: [&str; 2] = [
    "web.model.svc.cluster.local",
    "web-0.web-endpoints.model.svc",
];

/// An authority and a holder's key; a run makes both long before it issues.
struct Setup {
    ca: Certificate,
    ca_key: KeyPair,
    key: KeyPair,
    now: Time,
    stream: Stream,
}

impl Setup {
    fn new(algorithm: KeyAlgorithm) -> Self {
        let mut stream = Streams::new(1).stream("bench", algorithm.name());
        let ca_key = KeyPair::generate(algorithm, &mut stream);
        let now = Time::from_seconds(1_767_225_600);
        let terms = Terms {
            serial: SerialNumber::random(&mut stream),
            now,
            validity: 365 * DAY,
        };
        let name = RequestAttributes::with_common_name("ca").unique(&mut stream);
        let ca = issuers::charmlibs::generate_self_signed_ca(&name, &ca_key, &terms)
            .expect("the attributes are plain");
        let key = KeyPair::generate(algorithm, &mut stream);
        Self {
            ca,
            ca_key,
            key,
            now,
            stream,
        }
    }

    /// The random part of a request and of a certificate, drawn on both sides.
    fn draw(&mut self) -> (RequestAttributes, SerialNumber) {
        let attributes = RequestAttributes::with_common_name("web").unique(&mut self.stream);
        (attributes, SerialNumber::random(&mut self.stream))
    }
}

/// The simulator's side: request, databag text, provider, databag text, installed certificate.
fn simulator(setup: &mut Setup) -> Certificate {
    let (mut wanted, serial) = setup.draw();
    wanted.sans_dns = NAMES.map(str::to_owned).to_vec();
    let request = CertificateRequest::new(&wanted, &setup.key).expect("plain attributes");
    let requested = request.pem().to_owned();

    let request = CertificateRequest::from_pem(&requested).expect("a good request");
    let terms = Terms {
        serial,
        now: setup.now,
        validity: 90 * DAY,
    };
    let leaf = issuers::charmlibs::generate(&request, &setup.ca, &setup.ca_key, &terms, false);
    let answered = leaf.expect("a good issuer").pem().to_owned();

    Certificate::from_pem(&answered).expect("a good certificate")
}

/// The simulator's side where every text is new to the reader: parsed, and its signature checked.
fn simulator_unseen(setup: &mut Setup) -> Certificate {
    let (mut wanted, serial) = setup.draw();
    wanted.sans_dns = NAMES.map(str::to_owned).to_vec();
    let request = CertificateRequest::new(&wanted, &setup.key).expect("plain attributes");
    let request = CertificateRequest::from_der(request.der()).expect("a good request");
    let terms = Terms {
        serial,
        now: setup.now,
        validity: 90 * DAY,
    };
    let leaf = issuers::charmlibs::generate(&request, &setup.ca, &setup.ca_key, &terms, false);
    Certificate::from_der(leaf.expect("a good issuer").der()).expect("a good certificate")
}

/// The raw side: the same two signatures through `rcgen` alone, and the two texts.
fn raw(setup: &mut Setup, issuer: &Issuer<'_, &KeyPair>) -> (String, String) {
    let (wanted, serial) = setup.draw();
    let mut params = CertificateParams::default();
    params.distinguished_name = raw_name(wanted);
    params.subject_alt_names = NAMES
        .iter()
        .map(|name| SanType::DnsName((*name).try_into().expect("ASCII")))
        .collect();
    let request = params
        .serialize_request(&setup.key)
        .expect("plain parameters");
    let requested = request.pem().expect("PEM");

    let now = i64::try_from(setup.now.as_seconds()).expect("this century");
    params.not_before = time::OffsetDateTime::from_unix_timestamp(now).expect("this century");
    params.not_after = params.not_before + 90 * DAY;
    params.serial_number = Some(serial.as_bytes().to_vec().into());
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_identifier_method =
        KeyIdMethod::PreSpecified(setup.key.public_key().key_id().to_vec());
    let leaf = params
        .signed_by(&setup.key, issuer)
        .expect("plain parameters");
    (requested, leaf.pem())
}

fn raw_name(wanted: RequestAttributes) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, wanted.common_name.unwrap_or_default());
    let unique = DnType::CustomDnType(vec![2, 5, 4, 45]);
    name.push(unique, wanted.unique_identifier.unwrap_or_default());
    name
}

fn raw_issuer<'a>(setup: &Setup, key: &'a KeyPair) -> Issuer<'a, &'a KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let name = setup.ca.subject_common_name().unwrap_or_default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_identifier_method = KeyIdMethod::PreSpecified(key.public_key().key_id().to_vec());
    Issuer::new(params, key)
}

fn criterion_figures(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("issuance");
    group
        .measurement_time(Duration::from_secs(3))
        .sample_size(30);
    for algorithm in KeyAlgorithm::ALL {
        let mut setup = Setup::new(algorithm);
        let key = setup.ca_key.clone();
        let issuer = raw_issuer(&setup, &key);
        group.bench_function(BenchmarkId::new("rcgen", algorithm), |bencher| {
            bencher.iter(|| raw(&mut setup, &issuer));
        });
        group.bench_function(BenchmarkId::new("simulator", algorithm), |bencher| {
            bencher.iter(|| simulator(&mut setup));
        });
        group.bench_function(BenchmarkId::new("simulator-unseen", algorithm), |bencher| {
            bencher.iter(|| simulator_unseen(&mut setup));
        });
    }
    group.finish();
}

fn timed<T>(iterations: u32, mut work: impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..iterations {
        black_box(work());
    }
    start.elapsed()
}

/// Raw time over ours. In each of `rounds` rounds both sides make `batch` certificates, turn about
/// first; of each side the fastest tenth counts, since whatever else the machine does only adds.
fn ratio(algorithm: KeyAlgorithm, rounds: usize, batch: u32) -> f64 {
    let mut setup = Setup::new(algorithm);
    let key = setup.ca_key.clone();
    let issuer = raw_issuer(&setup, &key);
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            theirs.push(timed(batch, || raw(&mut setup, &issuer)));
            ours.push(timed(batch, || simulator(&mut setup)));
        } else {
            ours.push(timed(batch, || simulator(&mut setup)));
            theirs.push(timed(batch, || raw(&mut setup, &issuer)));
        }
    }
    let fast = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[rounds / 10].as_secs_f64()
    };
    fast(theirs) / fast(ours)
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let mut criterion = Criterion::default().configure_from_args();
    criterion_figures(&mut criterion);
    criterion.final_summary();
    for algorithm in KeyAlgorithm::ALL {
        let batch = match (quick, algorithm) {
            (true, _) => 2,
            (false, KeyAlgorithm::Rsa2048) => 5,
            (false, _) => 50,
        };
        let rounds = if quick { 3 } else { 401 };
        println!(
            "ratio issuance-{algorithm} {:.3}",
            ratio(algorithm, rounds, batch)
        );
    }
}
