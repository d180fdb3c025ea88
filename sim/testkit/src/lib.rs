//! Journals and deployments made by hand, so that `diagnosis`, `report` and `cli` are tested without
//! playing a world.
//!
//! Production code must not depend on this crate.

use std::collections::BTreeMap;
use std::sync::Arc;

use trustsim_charm_model::{CharmMetadata, Endpoint, Role, Server, WITHOUT_TLS};
use trustsim_juju::{HookName, RelationChange};
use trustsim_kernel::Streams;
use trustsim_kernel::{Span, Time};
use trustsim_model::{
    Action, ActionRecord, Address, ApplicationSpec, CertificateKind, CertificateRecord, CharmStore,
    ClientSpec, ConnectionRecord, ConnectionSpec, ControllerIndex, ControllerSpec, Deployment,
    EdgeBasis, EndpointRef, Entry, Expectation, ExpectationKind, HandshakeRecord, Journal, Kind,
    Manifest, ModelIndex, ModelKind, ModelSpec, NameSpec, Party, Persisting, PersistingRecord,
    Selector, Seq, Source, Subject, TiVec, TimedAction, Timings, Trigger,
};
use trustsim_pki::issuers::charmlibs;
use trustsim_pki::{
    Certificate, CertificateRequest, KeyAlgorithm, KeyPair, RequestAttributes, SerialNumber, Terms,
};
use trustsim_validators::{ErrorKind, Side, Stack, Text, Validator, Verdict};

/// A span of whole seconds.
pub fn seconds(seconds: u64) -> Span {
    Span::from_secs(seconds)
}

/// A place in `scenarios/rotation.yaml`, column 5.
pub fn source(line: u32, text: &str) -> Source {
    Source {
        file: "scenarios/rotation.yaml".into(),
        line,
        column: 5,
        text: text.into(),
    }
}

/// `model.app/0` as the journal names it; a name without a dot is a client outside Juju.
pub fn subject(address: &str) -> Subject {
    let (model, rest) = match address.split_once('.') {
        Some((model, rest)) => (Some(Arc::from(model)), rest),
        None => (None, address),
    };
    let unit = rest.contains('/').then(|| Arc::from(rest));
    let application = rest.split('/').next().map(Arc::from);
    Subject {
        model,
        application,
        unit,
    }
}

/// `model.app/0` as a connection names it; a name without a dot is a client outside Juju.
///
/// # Panics
///
/// Where it names a model alone.
pub fn address_of(text: &str) -> Address {
    subject(text)
        .address()
        .expect("a unit, an application or a client")
}

/// An endpoint as the journal names it, `model.app:endpoint`.
///
/// # Panics
///
/// Where it has another form.
pub fn endpoint(text: &str) -> EndpointRef {
    let (application, endpoint) = text.split_once(':').expect("`model.app:endpoint`");
    EndpointRef {
        application: address_of(application),
        endpoint: endpoint.into(),
    }
}

/// A hook by its name, `certificates-relation-changed`.
///
/// # Panics
///
/// Where no hook has this name.
pub fn hook_name(name: &str) -> HookName {
    name.parse().expect("the name of a hook")
}

/// A journal written by hand: times are seconds from the start, the first attempt of every
/// connection is at 60 s, and there is one attempt every 5 s.
pub struct Script {
    /// What the run was.
    pub manifest: Manifest,
    /// What happened in it.
    pub journal: Journal,
    /// Serial of the leaf that servers present from here on.
    pub presented: Arc<str>,
}

impl Script {
    /// A run of 1000 s in which `browser` meets each of these servers.
    pub fn new(servers: &[&str]) -> Self {
        let start = Time::parse("2026-01-01T00:00:00Z").expect("an instant");
        let connections = servers
            .iter()
            .map(|server| ConnectionRecord {
                spec: 0.into(),
                name: format!("browser -> {server}"),
                client: address_of("browser"),
                server: address_of(server),
                server_name: "web.example.com".to_owned(),
                renamed: Vec::new(),
                validator: "openssl".to_owned(),
                every: seconds(5),
                first_attempt: Some(start + seconds(60)),
                ended: None,
                away: Vec::new(),
            })
            .collect();
        let mut script = Self {
            manifest: Manifest {
                deployment: Arc::new(deployment()),
                name: "rotation".to_owned(),
                about: "What does a rotation cost?".to_owned(),
                seed: 1,
                start,
                duration: seconds(1000),
                timings: vec![("hook".to_owned(), "1s to 3s".to_owned())],
                drawn: Vec::new(),
                settled_at: Some(start + seconds(60)),
                connections,
                endless: None,
                unplayed: Vec::new(),
            },
            journal: Journal::default(),
            presented: "0a".into(),
        };
        script.record(0, None, Subject::default(), Kind::Started);
        script
    }

    /// Appends an entry, `at_s` seconds after the start.
    pub fn record(&mut self, at_s: u64, cause: Option<Seq>, subject: Subject, kind: Kind) -> Seq {
        self.journal.record(Entry::new(
            self.manifest.start + seconds(at_s),
            cause,
            subject,
            kind,
        ))
    }

    /// Appends what the plan of a scenario did, the action and the line that asked for it. The
    /// deployment of the script does not have it.
    pub fn done(
        &mut self,
        at_s: u64,
        cause: Option<Seq>,
        (action, source): (Action, Source),
    ) -> Seq {
        let timed = TimedAction {
            at: seconds(at_s),
            action,
            source,
        };
        let record = ActionRecord {
            timed: Arc::new(timed),
            planned: true,
        };
        self.record(at_s, cause, Subject::default(), Kind::Action(record))
    }

    /// Appends a handshake that succeeded.
    pub fn ok(&mut self, at_s: u64, connection: u32) -> Seq {
        self.judge(at_s, None, connection, good())
    }

    /// Appends a handshake that failed with this error.
    pub fn fail(&mut self, at_s: u64, connection: u32, error: ErrorKind) -> Seq {
        self.judge(at_s, None, connection, bad(error))
    }

    /// Appends a handshake with this verdict.
    pub fn judge(
        &mut self,
        at_s: u64,
        cause: Option<Seq>,
        connection: u32,
        verdict: Verdict,
    ) -> Seq {
        let record = HandshakeRecord {
            connection,
            verdict: Arc::new(verdict),
            server_serial: Arc::clone(&self.presented),
            client_serial: "".into(),
            trigger: Trigger::Trust,
            performed: at_s.is_multiple_of(2),
        };
        self.record(at_s, cause, Subject::default(), Kind::Handshake(record))
    }
}

/// A verdict without an error.
pub fn good() -> Verdict {
    Verdict::ok()
}

/// A failing verdict of a client with OpenSSL.
pub fn bad(error: ErrorKind) -> Verdict {
    let mut verdict = Verdict::failed(ErrorKind::Other, Side::Client);
    verdict.error = Some(error);
    let (alert, rustls, openssl) = match error {
        ErrorKind::UnknownIssuer => ("unknown_ca", "UnknownIssuer", 20),
        ErrorKind::Expired => (
            "certificate_expired",
            "Expired { not_after: 1767226100 }",
            10,
        ),
        _ => ("bad_certificate", "BadEncoding", 1),
    };
    verdict.alert = Some(alert);
    verdict.rustls = format!("InvalidCertificate({rustls})");
    verdict.openssl_code = Some(openssl);
    verdict.texts = vec![Text {
        side: Side::Client,
        stack: Stack::OpenSsl,
        line: format!("Verify return code: {openssl}"),
    }];
    verdict
}

/// A CA and its key.
pub struct Authority {
    /// The CA certificate.
    pub certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    /// A self-signed CA, valid for the run.
    pub fn root(common_name: &str) -> Self {
        let (key, terms) = new_key(common_name, 1000);
        let name = RequestAttributes::with_common_name(common_name);
        let certificate =
            charmlibs::generate_self_signed_ca(&name, &key, &terms).expect("a certificate");
        Self { certificate, key }
    }

    /// A CA that this one signs.
    pub fn intermediate(&self, common_name: &str) -> Self {
        let (key, terms) = new_key(common_name, 1000);
        let name = RequestAttributes::with_common_name(common_name);
        let request = CertificateRequest::new(&name, &key).expect("a request");
        let certificate = charmlibs::generate(&request, &self.certificate, &self.key, &terms, true)
            .expect("a certificate");
        Self { certificate, key }
    }

    /// A leaf for this name, valid for the first 500 s.
    pub fn leaf(&self, common_name: &str) -> Certificate {
        self.leaf_for(common_name, 500)
    }

    /// A leaf for this name, valid for so long.
    pub fn leaf_for(&self, common_name: &str, validity_s: u64) -> Certificate {
        let (key, terms) = new_key(common_name, validity_s);
        let mut name = RequestAttributes::with_common_name(common_name);
        name.sans_dns = vec![common_name.to_owned()];
        let request = CertificateRequest::new(&name, &key).expect("a request");
        charmlibs::generate(&request, &self.certificate, &self.key, &terms, false)
            .expect("a certificate")
    }
}

fn new_key(common_name: &str, validity_s: u64) -> (KeyPair, Terms) {
    let mut stream = Streams::new(1).stream("fixture", common_name);
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let terms = Terms {
        serial: SerialNumber::random(&mut stream),
        now: Time::parse("2026-01-01T00:00:00Z").expect("an instant"),
        validity: seconds(validity_s),
    };
    (key, terms)
}

impl Script {
    /// Records that `certificate` was issued for `address` (`model.app` or `model.app/0`).
    pub fn issued(
        &mut self,
        at_s: u64,
        cause: Option<Seq>,
        address: &str,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Seq {
        let subject = subject(address);
        let kind = match (certificate == issuer, certificate.is_ca()) {
            (true, _) => CertificateKind::Root,
            (false, true) => CertificateKind::Intermediate,
            (false, false) => CertificateKind::Leaf,
        };
        let record = CertificateRecord {
            certificate: certificate.clone(),
            kind,
            issuer_serial: issuer.serial().into(),
            requested_at: None,
            request: None,
            model: subject.model.clone().expect("a model"),
            application: subject.application.clone().expect("an application"),
            unit: subject.unit.clone(),
        };
        let signer = self.signer(issuer).unwrap_or(subject);
        self.record(at_s, cause, signer, Kind::CertificateIssued(record))
    }

    /// The first unit of the application that has this CA.
    fn signer(&self, issuer: &Certificate) -> Option<Subject> {
        let entries = self.journal.entries().iter();
        let mut known = entries.filter_map(|entry| match &entry.kind {
            Kind::CertificateIssued(record) => Some(record),
            _ => None,
        });
        let own = known.find(|record| record.certificate == *issuer)?;
        let unit = format!("{}/0", own.application);
        Some(Subject {
            model: Some(Arc::clone(&own.model)),
            application: Some(Arc::clone(&own.application)),
            unit: Some(unit.into()),
        })
    }

    /// Records that a workload serves `certificate`, and presents it from here on.
    pub fn serves(
        &mut self,
        at_s: u64,
        cause: Option<Seq>,
        address: &str,
        certificate: &Certificate,
    ) -> Seq {
        self.presented = certificate.serial().into();
        let kind = Kind::CertificateServed {
            endpoint: "certificates".into(),
            certificate: Some(certificate.clone()),
        };
        self.record(at_s, cause, subject(address), kind)
    }

    /// Records that a connection goes on that was opened with `certificate`.
    pub fn goes_on(
        &mut self,
        at_s: u64,
        (connection, what): (u32, Persisting),
        certificate: &Certificate,
        error: ErrorKind,
    ) -> Seq {
        let record = PersistingRecord {
            connection,
            name: self.manifest.connections[connection as usize]
                .name
                .as_str()
                .into(),
            what,
            until: Some(self.manifest.start + seconds(900)),
            error,
            server_serial: certificate.serial().into(),
            client_serial: "".into(),
        };
        self.record(at_s, None, subject("browser"), Kind::Persists(record))
    }

    /// Records what a unit or client trusts.
    pub fn trusts(&mut self, at_s: u64, address: &str, roots: &[&Certificate]) -> Seq {
        let roots = roots.iter().copied().cloned().collect();
        self.record(at_s, None, subject(address), Kind::TrustChanged { roots })
    }

    /// Records that a `certificate_transfer` relation came or went.
    pub fn transfer(
        &mut self,
        at_s: u64,
        change: RelationChange,
        provider: &str,
        requirer: &str,
    ) -> Seq {
        let kind = Kind::Relation {
            change,
            interface: "certificate_transfer".into(),
            provider: endpoint(provider),
            requirer: endpoint(requirer),
        };
        self.record(at_s, None, Subject::default(), kind)
    }
}

/// A deployment of two models: a CA and two clients in `a`, one client in `b`.
pub fn deployment() -> Deployment {
    let provider = charm(
        "self-signed-certificates",
        &[
            ("certificates", Role::Provider, "tls-certificates"),
            ("send-ca-cert", Role::Provider, "certificate_transfer"),
        ],
    );
    let client = charm(
        "client",
        &[("receive-ca-cert", Role::Requirer, "certificate_transfer")],
    );
    let server = charm(
        "web",
        &[("certificates", Role::Requirer, "tls-certificates")],
    );
    let start = Time::parse("2026-01-01T00:00:00Z").expect("an instant");
    Deployment {
        name: "rotation".to_owned(),
        about: "What does a rotation cost?".to_owned(),
        seed: 1,
        start,
        duration: seconds(1000),
        tolerate: Span::ZERO,
        keys: KeyAlgorithm::EcdsaP256,
        timings: Timings::default(),
        controllers: vec![controller("lxd"), controller("k8s")].into(),
        models: vec![
            model("a", 0.into()),
            model("b", 0.into()),
            model("c", 1.into()),
        ]
        .into(),
        machines: TiVec::new(),
        applications: vec![
            application(0.into(), "ca", &provider),
            application(0.into(), "web", &server),
            application(0.into(), "client", &client),
            application(1.into(), "client", &client),
            application(2.into(), "client", &client),
        ]
        .into(),
        offers: TiVec::new(),
        saas: TiVec::new(),
        relations: TiVec::new(),
        absent: Vec::new(),
        underived: 0,
        clients: vec![ClientSpec {
            name: "browser".to_owned(),
            trusts: vec![0.into()],
            trusts_system: false,
            roots_pem: Vec::new(),
            refresh: None,
            validator: Validator::OpenSsl,
        }]
        .into(),
        connections: vec![browses()].into(),
        actions: TiVec::new(),
        random: Vec::new(),
        drawn: Vec::new(),
        rotations: Vec::new(),
        acme: trustsim_charm_model::AcmeProfile::default(),
        operators: TiVec::new(),
        expectations: Vec::new(),
    }
}

fn controller(name: &str) -> ControllerSpec {
    ControllerSpec {
        name: name.to_owned(),
    }
}

fn model(name: &str, controller: ControllerIndex) -> ModelSpec {
    ModelSpec {
        name: name.to_owned(),
        owner: "admin".to_owned(),
        controller,
        kind: ModelKind::Kubernetes,
        update_status_interval: seconds(300),
        spaces: BTreeMap::new(),
    }
}

fn application(model: ModelIndex, name: &str, charm: &Arc<CharmMetadata>) -> ApplicationSpec {
    ApplicationSpec {
        model,
        name: name.to_owned(),
        charm: Arc::clone(charm),
        channel: None,
        revision: None,
        store: CharmStore::default(),
        units: 1,
        options: BTreeMap::new(),
        keys: None,
        placements: Vec::new(),
        published: BTreeMap::new(),
        bindings: BTreeMap::new(),
        spaces: Default::default(),
        load_balancer: None,
    }
}

/// The one line of the scenario that every connection of a script comes from.
fn browses() -> ConnectionSpec {
    ConnectionSpec {
        from: Party::Client(0.into()),
        from_unit: None,
        from_endpoint: None,
        from_process: None,
        to: 1.into(),
        to_unit: None,
        to_endpoint: None,
        name: Some(NameSpec::Written("web.example.com".to_owned())),
        binding: None,
        every: seconds(5),
        validator: trustsim_validators::Validator::default(),
        mutual: false,
        persistence: trustsim_model::Persistence::default(),
        revocation: false,
        follows_scheme: false,
        edge: EdgeBasis::Known,
        source: source(30, "- {from: browser, to: a.web}"),
    }
}

fn charm(name: &str, endpoints: &[(&str, Role, &str)]) -> Arc<CharmMetadata> {
    let endpoints = endpoints.iter().map(|&(name, role, interface)| Endpoint {
        name: name.to_owned(),
        role,
        interface: interface.to_owned(),
        limit: None,
        container_scope: false,
        protocol: trustsim_charm_model::Protocol::Current,
        profile: None,
        client_certificate: None,
        bugs: trustsim_charm_model::Bugs::default(),
        source: trustsim_charm_model::EndpointSource::Description,
        library: None,
    });
    Arc::new(CharmMetadata {
        name: name.to_owned(),
        subordinate: false,
        containers: Vec::new(),
        endpoints: endpoints.collect(),
        options: BTreeMap::new(),
        implementation: &WITHOUT_TLS,
        issuer: None,
        validator: None,
        system_roots: true,
        server: Server::default(),
        volumes: Vec::new(),
        rotate_ca_action: None,
        processes: Vec::new(),
        actions: Vec::new(),
        provenance: trustsim_charm_model::Provenance::Scenario,
        source: None,
    })
}

/// An expectation written in line 40 of the scenario.
pub fn expect(kind: ExpectationKind) -> Expectation {
    Expectation {
        kind,
        source: source(40, "- no-failures: {}"),
    }
}

/// A CA is rotated at 300 s. `a.client` gets the new one ten seconds late; `browser` never does.
pub fn rotation() -> (Deployment, Script) {
    let mut deployment = deployment();
    deployment.expectations = vec![
        expect(ExpectationKind::NoFailures(Selector {
            from: Some(Party::Client(0.into())),
            to: None,
        })),
        expect(ExpectationKind::Outage {
            connections: Selector {
                from: Some(Party::Application(2.into())),
                to: Some(1.into()),
            },
            at_least: None,
            at_most: Some(seconds(60)),
            error: Some(ErrorKind::UnknownIssuer),
        }),
    ];
    let mut script = Script::new(&["a.web/0", "a.web/0"]);
    let client = &mut script.manifest.connections[1];
    client.client = address_of("a.client/0");
    client.name = "a.client/0 -> a.web/0".to_owned();
    let (old, new) = (Authority::root("ca v1"), Authority::root("ca v2"));
    let (first, second) = (old.leaf("web.example.com"), new.leaf("web.example.com v2"));
    script.transfer(
        1,
        RelationChange::Created,
        "a.ca:send-ca-cert",
        "a.client:receive-ca-cert",
    );
    script.issued(5, Some(Seq(0)), "a.ca", &old.certificate, &old.certificate);
    let issued = script.issued(7, Some(Seq(2)), "a.web/0", &first, &old.certificate);
    script.serves(9, Some(issued), "a.web/0", &first);
    script.trusts(10, "a.client/0", &[&old.certificate]);
    script.trusts(60, "browser", &[&old.certificate]);
    script.record(
        60,
        None,
        Subject::default(),
        Kind::Settled { at_rest: true },
    );
    script.ok(60, 0);
    script.ok(60, 1);
    let action = script.done(300, Some(Seq(0)), rotate_private_key());
    let hook = Kind::HookStarted {
        hook: hook_name("action rotate-private-key"),
    };
    let hook = script.record(301, Some(action), subject("a.ca/0"), hook);
    script.issued(302, Some(hook), "a.ca", &new.certificate, &new.certificate);
    let issued = script.issued(304, Some(hook), "a.web/0", &second, &new.certificate);
    let served = script.serves(306, Some(issued), "a.web/0", &second);
    script.judge(306, Some(served), 0, bad(ErrorKind::UnknownIssuer));
    script.judge(306, Some(served), 1, bad(ErrorKind::UnknownIssuer));
    let both = [&old.certificate, &new.certificate];
    let trust = script.trusts(316, "a.client/0", &both);
    script.judge(316, Some(trust), 1, good());
    script.judge(500, Some(Seq(0)), 0, bad(ErrorKind::Expired));
    (deployment, script)
}

/// `juju run -m a ca/leader rotate-private-key`, in line 31 of the scenario.
fn rotate_private_key() -> (Action, Source) {
    let action = Action::RunAction {
        application: 0.into(),
        unit: None,
        name: "rotate-private-key".to_owned(),
        parameters: BTreeMap::new(),
    };
    (action, source(31, "      rotate-ca: {app: a.ca}"))
}

/// `juju config -m a ca x=y`, in line 3 of the scenario.
pub fn set_option() -> (Action, Source) {
    let action = Action::SetConfig {
        application: 0.into(),
        options: BTreeMap::from([("x".to_owned(), Some("y".to_owned()))]),
    };
    (action, source(3, ""))
}

/// 300 connections over 400 days, with renewals, rotations and many short outages.
pub fn large() -> (Deployment, Script) {
    const DAY: u64 = 86_400;
    let servers: Vec<String> = (0..300).map(|unit| format!("a.web/{unit}")).collect();
    let names: Vec<&str> = servers.iter().map(String::as_str).collect();
    let mut script = Script::new(&names);
    script.manifest.name = "reference-architecture".to_owned();
    script.manifest.duration = seconds(400 * DAY);
    let root = Authority::root("root");
    script.issued(1, None, "pki.vault", &root.certificate, &root.certificate);
    let inner = root.intermediate("inner");
    script.issued(2, None, "a.ca", &inner.certificate, &root.certificate);
    let leaves: Vec<Certificate> = (0..8)
        .map(|number| inner.leaf(&format!("web{number}")))
        .collect();
    let mut random = 1_u64;
    let mut events: Vec<(u64, u32, usize)> = Vec::new();
    for connection in 0..300_u32 {
        events.push((60, connection, 0));
        for renewal in 1..5_u64 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let at = renewal * 80 * DAY + (random >> 40) % (3 * DAY);
            events.push((at, connection, 1));
            if (random >> 33).is_multiple_of(7) {
                events.push((at + 1, connection, 2 + usize::from(connection % 3 == 0)));
                let length = 30 + (random >> 20) % (9 * DAY);
                events.push((at + length, connection, 0));
            }
        }
    }
    for at in [91, 200, 201, 340] {
        events.push((at * DAY, u32::MAX, 9));
    }
    events.sort_unstable();
    for (at, connection, what) in events {
        match what {
            0 => drop(script.ok(at, connection)),
            2 => drop(script.fail(at, connection, ErrorKind::UnknownIssuer)),
            3 => drop(script.fail(at, connection, ErrorKind::Expired)),
            9 => drop(script.done(at, None, rotate_private_key())),
            _ => {
                let leaf = &leaves[connection as usize % leaves.len()];
                let address = format!("a.web/{connection}");
                script.issued(at, None, &address, leaf, &inner.certificate);
                script.ok(at, connection);
            }
        }
    }
    (deployment(), script)
}
