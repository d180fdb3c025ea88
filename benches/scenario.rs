//! Whole runs: how much of the reference architecture's time is its cryptography, and whether a
//! unit costs the same in a large deployment as in a small one.
#![allow(clippy::print_stdout, reason = "a bench prints its ratio")]

mod support;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group};
use trustsim::charms::{CharmMetadata, Role, catalogue};
use trustsim::kernel::{Span, Streams, Time};
use trustsim::model::CharmStore;
use trustsim::pki::{
    Certificate, CertificateRequest, KeyAlgorithm, KeyPair, RequestAttributes, SerialNumber, Terms,
    issuers,
};
use trustsim::scenario;
use trustsim::tls::{Case, ClientSide, Identity, ServerSide, handshake};
use trustsim::validators::{TrustStore, Validator};
use trustsim::world::{
    ApplicationIndex, ApplicationSpec, CertificateKind, ConnectionSpec, ControllerSpec, Deployment,
    Kind, ModelIndex, ModelKind, ModelSpec, Options, Party, RelationSpec, Side, Simulation, Source,
};

const DAY: Span = Span::from_secs(86_400);

fn reference_architecture() -> Arc<Deployment> {
    let path = Path::new("scenarios/reference-architecture.yaml");
    let loaded = scenario::load(path, &scenario::DiskFiles).expect("the scenario is well formed");
    Arc::new(loaded.deployment)
}

/// What a run did that is cryptography and nothing else.
#[derive(Clone, Copy, Debug, Default)]
struct Crypto {
    roots: u64,
    leaves: u64,
    keys: u64,
    handshakes: u64,
}

fn crypto_of(deployment: &Arc<Deployment>) -> Crypto {
    let mut simulation = Simulation::new(Arc::clone(deployment), Options::default());
    simulation.run_until(simulation.end());
    let mut crypto = Crypto {
        handshakes: simulation.handshakes().0,
        ..Crypto::default()
    };
    let mut keys = std::collections::BTreeSet::new();
    for entry in simulation.journal().entries() {
        if let Kind::CertificateIssued(record) = &entry.kind {
            match record.kind {
                CertificateKind::Root | CertificateKind::OwnRoot => crypto.roots += 1,
                CertificateKind::Intermediate | CertificateKind::Leaf => crypto.leaves += 1,
            }
            keys.insert(record.certificate.spki_der().to_vec());
        }
    }
    crypto.keys = keys.len() as u64 + 2 * deployment.controllers.len() as u64;
    crypto
}

/// The bare cryptography: the same keys, requests, certificates and handshakes, made one after
/// the other with nothing around them. The server sends leaf and root, as the charm does.
fn bare(crypto: Crypto, keys: KeyAlgorithm) -> usize {
    let streams = Streams::new(1);
    let mut stream = streams.stream("bench", "bare");
    let now = Time::from_seconds(1_767_225_600);
    let name = RequestAttributes {
        sans_dns: vec!["web.example".to_owned()],
        ..RequestAttributes::with_common_name("web.example")
    };
    let ca_name = RequestAttributes::with_common_name("ca");
    let ca_key = KeyPair::generate(keys, &mut stream);
    let leaf_key = KeyPair::generate(keys, &mut stream);
    for _ in 2..crypto.keys {
        black_box(KeyPair::generate(keys, &mut stream));
    }
    let mut terms = |days: u32| Terms {
        serial: SerialNumber::random(&mut stream),
        now,
        validity: DAY * days,
    };
    let mut root = None;
    for _ in 0..crypto.roots.max(1) {
        let made = issuers::charmlibs::generate_self_signed_ca(&ca_name, &ca_key, &terms(365));
        root = made.ok();
    }
    let root = root.expect("the parameters make a root");
    let mut leaf: Option<Certificate> = None;
    for _ in 0..crypto.leaves.max(1) {
        let request = CertificateRequest::new(&name, &leaf_key).expect("a request");
        let received = CertificateRequest::from_pem(request.pem()).expect("the request is sound");
        leaf = issuers::charmlibs::generate(&received, &root, &ca_key, &terms(90), false).ok();
    }
    let leaf = leaf.expect("the parameters make a leaf");
    let case = Case {
        client: ClientSide {
            trust: TrustStore::from_iter([root.clone()]),
            identity: None,
            validator: Validator::OpenSsl,
            clock: now + DAY,
        },
        server: ServerSide {
            identity: Identity::new([leaf, root], leaf_key),
            client_trust: None,
            validator: Validator::OpenSsl,
            clock: now + DAY,
        },
        server_name: "web.example".to_owned(),
    };
    let count = (0..crypto.handshakes).filter(|number| {
        let stream = streams.stream("bench-handshake", &number.to_string());
        handshake(&case, stream).is_ok()
    });
    count.count()
}

fn run(deployment: &Arc<Deployment>) -> usize {
    let simulation = Simulation::new(Arc::clone(deployment), Options::default());
    simulation.finish().journal.entries().len()
}

/// `models` Kubernetes models, each with a CA of its own and one application whose units talk to
/// the next of them.
fn many_models(models: usize, units: u32) -> Arc<Deployment> {
    let ca = Arc::new(catalogue()["self-signed-certificates"].metadata.clone());
    let web = web_charm();
    let mut deployment = Deployment {
        name: format!("{models} models"),
        start: Time::from_seconds(1_767_225_600),
        duration: DAY * 100,
        keys: KeyAlgorithm::EcdsaP256,
        ..Deployment::empty()
    };
    let controller = ControllerSpec {
        name: "controller".to_owned(),
    };
    let controller = deployment.controllers.push_and_get_key(controller);
    for model in 0..models {
        let model = deployment.models.push_and_get_key(ModelSpec {
            name: format!("m{model}"),
            owner: "admin".to_owned(),
            controller,
            kind: ModelKind::Kubernetes,
            update_status_interval: Span::from_secs(300),
            spaces: BTreeMap::new(),
        });
        let applications = &mut deployment.applications;
        let provider = applications.push_and_get_key(application(model, "ca", &ca, 1));
        let requirer = applications.push_and_get_key(application(model, "web", &web, units));
        let side = |application, role| Side {
            party: Party::Application(application),
            endpoint: "certificates".to_owned(),
            role,
        };
        deployment.relations.push(RelationSpec {
            model,
            sides: [
                side(provider, Role::Provider),
                side(requirer, Role::Requirer),
            ],
            interface: "tls-certificates".to_owned(),
        });
        for unit in 0..units {
            deployment
                .connections
                .push(connection(requirer, unit, (unit + 1) % units));
        }
    }
    Arc::new(deployment)
}

fn application(
    model: ModelIndex,
    name: &str,
    charm: &Arc<CharmMetadata>,
    units: u32,
) -> ApplicationSpec {
    ApplicationSpec {
        model,
        name: name.to_owned(),
        charm: Arc::clone(charm),
        channel: None,
        revision: None,
        store: CharmStore::default(),
        units,
        options: BTreeMap::new(),
        keys: None,
        placements: Vec::new(),
        published: BTreeMap::new(),
        bindings: BTreeMap::new(),
        spaces: Default::default(),
        load_balancer: None,
    }
}

fn connection(application: ApplicationIndex, from: u32, to: u32) -> ConnectionSpec {
    ConnectionSpec {
        from: Party::Application(application),
        from_unit: Some(from),
        from_endpoint: None,
        from_process: None,
        to: application,
        to_unit: Some(to),
        to_endpoint: None,
        name: None,
        binding: None,
        every: Span::from_secs(60),
        validator: Validator::OpenSsl,
        mutual: false,
        persistence: trustsim::world::Persistence::default(),
        revocation: false,
        follows_scheme: false,
        edge: trustsim::model::EdgeBasis::Known,
        source: Source::default(),
    }
}

/// A charm with nothing but a certificate for each unit.
fn web_charm() -> Arc<CharmMetadata> {
    const SCENARIO: &str = "
name: web
duration: 1d
models: {m: {bundle: kubernetes, applications: {web: {charm: web, scale: 1}}}}
charms: {web: {requires: {certificates: {interface: tls-certificates, mode: unit}}}}
";
    let files = scenario::MemoryFiles::new([("web.yaml", SCENARIO)]);
    let loaded = scenario::load(Path::new("web.yaml"), &files).expect("it is well formed");
    Arc::clone(&loaded.deployment.applications.raw[0].charm)
}

fn measure(criterion: &mut Criterion) {
    let deployment = reference_architecture();
    let mut group = criterion.benchmark_group("scenario");
    group.sample_size(10);
    group.bench_function("reference-architecture", |bencher| {
        bencher.iter(|| run(&deployment))
    });
    group.finish();
}

criterion_group!(benches, measure);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    let deployment = reference_architecture();
    let crypto = crypto_of(&deployment);
    println!("reference-architecture.yaml contains {crypto:?}");
    support::ratio(
        "scenario-crypto-share",
        7,
        || bare(crypto, deployment.keys),
        || run(&deployment),
    );
    scale();
}

/// `ratio scale-per-unit`: the cost of a unit among 10,000 by that of one among 1,000; 1.5 is the
/// most it may be.
fn scale() {
    let (small, large) = if support::is_smoke() {
        ((1, 10), (2, 10))
    } else {
        ((10, 100), (100, 100))
    };
    let few = many_models(small.0, small.1);
    let many = many_models(large.0, large.1);
    let small_time = support::timed(&mut || run(&few));
    let large_time = support::timed(&mut || run(&many));
    println!("{} units: {large_time:?}", large.0 * large.1 as usize);
    let units = (large.0 as f64) / (small.0 as f64);
    let per_unit = large_time.as_secs_f64() / small_time.as_secs_f64() / units;
    println!("ratio scale-per-unit {per_unit:.3}");
}
