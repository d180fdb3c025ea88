//! What the simulator adds to issuing a certificate. Its side is the whole path in a running
//! deployment (`renewals.yaml`): the secret's expiry wakes the agent, a hook writes the request into
//! a databag, the provider's hook reads and signs it, the requirer's hook reads the answer, keeps it
//! in a secret and installs it, with every entry of the journal. The raw side is `rcgen` alone, with
//! the same signer: make the request, read its PEM (which checks its signature: there is no other
//! way to read one), sign the certificate, write its PEM.
//!
//! `cargo bench --bench issuance` prints, after Criterion's own figures, a line
//! `ratio issuance-<key> <value>` for each kind of key: the time of the raw loop divided by ours,
//! 1.00 meaning no overhead, measured in interleaved batches in this one process. Beside it stand
//! `signatures-<key>`, the same against the two signatures and encodings without reading the
//! request, and `path-<key>`, the room `pki` alone against those. `-- --test` runs everything once,
//! quickly.

#![allow(clippy::print_stdout, reason = "the ratios are what this prints")]
#![allow(missing_docs, reason = "nothing outside uses this")]

mod support;

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, IsCa, Issuer,
    KeyIdMethod, SanType,
};
use trustsim::kernel::{Span, Stream, Streams, Time};
use trustsim::pki::{
    Certificate, CertificateRequest, KeyAlgorithm, KeyPair, RequestAttributes, SerialNumber, Terms,
    issuers,
};
use trustsim::scenario;
use trustsim::world::{Kind, Options, Simulation};

const DAY: Span = Span::from_secs(86_400);
/// How often the unit of `renewals.yaml` renews: at nine tenths of an hour, and the time of hooks.
const RENEWAL: Span = Span::from_secs(54 * 60);
const NAMES: [&str; 2] = [
    "web-0.web-endpoints.pki.svc.cluster.local",
    "web.pki.svc.cluster.local",
];

/// A deployment that renews and renews.
struct Deployment(Simulation);

impl Deployment {
    /// Played until its CA and its first certificates are there.
    fn new(algorithm: KeyAlgorithm) -> Self {
        let file = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/benches/renewals.yaml"
        ));
        let loaded = scenario::load(file, &scenario::DiskFiles).expect("the scenario is sound");
        let mut deployment = loaded.deployment;
        deployment.keys = algorithm;
        let mut simulation = Simulation::new(Arc::new(deployment), Options::default());
        simulation.run_until(simulation.now() + DAY);
        Self(simulation)
    }

    /// Plays about `renewals` renewals.
    fn play(&mut self, renewals: u32) {
        self.0.run_until(self.0.now() + RENEWAL * renewals);
        assert!(self.0.now() < self.0.end(), "the scenario is long enough");
    }

    fn issued(&self) -> u32 {
        let entries = self.0.journal().entries().iter();
        let issued = entries.filter(|entry| matches!(entry.kind, Kind::CertificateIssued(_)));
        u32::try_from(issued.count()).expect("a bench issues fewer")
    }
}

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

    /// The random part of a request and of a certificate, drawn on every side.
    fn draw(&mut self) -> (RequestAttributes, SerialNumber) {
        let attributes = RequestAttributes::with_common_name(NAMES[0]).unique(&mut self.stream);
        (attributes, SerialNumber::random(&mut self.stream))
    }
}

/// The room `pki` alone: request, its text, provider, its text, installed certificate.
fn path(setup: &mut Setup) -> Certificate {
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

/// `rcgen` alone: the request and its text, read again where `reads` says so, the certificate and
/// its text.
fn raw(setup: &mut Setup, issuer: &Issuer<'_, &KeyPair>, reads: bool) -> (String, String) {
    let (wanted, serial) = setup.draw();
    let mut params = CertificateParams::default();
    params.distinguished_name = raw_name(wanted);
    params.subject_alt_names = NAMES
        .iter()
        .map(|name| SanType::DnsName((*name).try_into().expect("ASCII")))
        .collect();
    let request = params.serialize_request(&setup.key);
    let requested = request.and_then(|request| request.pem());
    let requested = requested.expect("plain parameters");

    let read = reads.then(|| CertificateSigningRequestParams::from_pem(&requested));
    let read = read.transpose().expect("a good request");
    let mut params = read.as_ref().map_or(params, |read| read.params.clone());
    let now = i64::try_from(setup.now.as_seconds()).expect("this century");
    params.not_before = time::OffsetDateTime::from_unix_timestamp(now).expect("this century");
    params.not_after = params.not_before + 90 * DAY;
    params.serial_number = Some(serial.as_bytes().to_vec().into());
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_identifier_method =
        KeyIdMethod::PreSpecified(setup.key.public_key().key_id().to_vec());
    let leaf = match &read {
        Some(read) => params.signed_by(&read.public_key, issuer),
        None => params.signed_by(&setup.key, issuer),
    };
    (requested, leaf.expect("plain parameters").pem())
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
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("rcgen", algorithm), |bencher| {
            bencher.iter(|| raw(&mut setup, &issuer, true));
        });
        group.bench_function(BenchmarkId::new("pki", algorithm), |bencher| {
            bencher.iter(|| path(&mut setup));
        });
        group.throughput(Throughput::Elements(20));
        let mut deployment = Deployment::new(algorithm);
        group.bench_function(BenchmarkId::new("deployment", algorithm), |bencher| {
            // Criterion decides how often: a deployment that has come to its end begins again.
            bencher.iter(|| {
                if deployment.0.end().since(deployment.0.now()) < 2 * DAY {
                    deployment = Deployment::new(algorithm);
                }
                deployment.play(20);
            });
        });
    }
    group.finish();
}

/// Times per certificate, one a round.
#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn add(&mut self, time: Duration, certificates: u32) {
        self.0.push(time.as_secs_f64() / f64::from(certificates));
    }

    /// Of each side the fastest tenth counts, since whatever else the machine does only adds.
    fn fast(mut self) -> f64 {
        self.0.sort_unstable_by(f64::total_cmp);
        self.0[self.0.len() / 10]
    }
}

/// Prints the ratios of one kind of key. In each round every side issues `batch` certificates, and
/// in every second round the other way round.
fn ratios(algorithm: KeyAlgorithm, rounds: u32, batch: u32) {
    let mut setup = Setup::new(algorithm);
    let key = setup.ca_key.clone();
    let issuer = raw_issuer(&setup, &key);
    let mut deployment = Deployment::new(algorithm);
    let mut times: [Times; 4] = Default::default();
    for round in 0..rounds {
        let mut order = [0, 1, 2, 3];
        if round % 2 == 1 {
            order.reverse();
        }
        for side in order {
            let before = deployment.issued();
            let time = support::timed(&mut || match side {
                0 => repeat(batch, || raw(&mut setup, &issuer, true)),
                1 => repeat(batch, || raw(&mut setup, &issuer, false)),
                2 => repeat(batch, || path(&mut setup)),
                _ => deployment.play(batch),
            });
            let certificates = match side {
                0..=2 => batch,
                _ => deployment.issued() - before,
            };
            assert!(certificates > 0, "the deployment renews");
            times[side].add(time, certificates);
        }
    }
    let [with_reading, signatures, path, ours] = times.map(Times::fast);
    println!(
        "{algorithm}: rcgen {:.1} us, deployment {:.1} us a certificate",
        with_reading * 1e6,
        ours * 1e6
    );
    println!("ratio issuance-{algorithm} {:.3}", with_reading / ours);
    println!("ratio signatures-{algorithm} {:.3}", signatures / ours);
    println!("ratio path-{algorithm} {:.3}", signatures / path);
}

fn repeat<T>(times: u32, mut work: impl FnMut() -> T) {
    for _ in 0..times {
        black_box(work());
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    criterion_figures(&mut criterion);
    criterion.final_summary();
    for algorithm in KeyAlgorithm::ALL {
        let (rounds, batch) = match (support::is_smoke(), algorithm) {
            (true, _) => (3, 2),
            (false, KeyAlgorithm::Rsa2048) => (201, 5),
            (false, _) => (201, 50),
        };
        ratios(algorithm, rounds, batch);
    }
}
