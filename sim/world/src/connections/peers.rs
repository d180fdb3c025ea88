//! What both sides of a connection are now.

use super::{Attempt, Client, Connections, Pair};
use crate::clients::{Clients, client_subject};
use crate::controllers::Controllers;
use crate::deployed::Deployed;
use crate::revocation::Publications;
use crate::sides::{Served, Sides};
use crate::view::WatchedSource;
use trustsim_charm_model::EndpointProfile;
use trustsim_charm_model::surface::{DEFAULT_CERTIFICATE, configured_path, is_own_ca_source};
use trustsim_juju::{About, UnitId};
use trustsim_kernel::Time;
use trustsim_model::{Answering, ConnectionSpec, Subject};
use trustsim_tls::{Case, ClientSide, Identity, ServerSide};
use trustsim_validators::{ErrorKind, TrustStore};

/// Everything that sides of connections bring to a handshake. It is only read here.
#[derive(Clone, Copy)]
pub(crate) struct Peers<'a> {
    pub deployed: &'a Deployed,
    pub controllers: &'a Controllers,
    pub sides: &'a Sides,
    pub clients: &'a Clients,
    pub publications: &'a Publications,
}

/// The connections that are watched, by their numbers.
impl Peers<'_> {
    /// What an attempt of every watched connection would come to now, in their order.
    pub(crate) fn attempts(&self, of: &Connections, now: Time) -> Vec<Attempt> {
        let all = of.all.iter();
        all.map(|connection| self.attempt(&connection.pair, now))
            .collect()
    }

    /// What an attempt of a watched connection would come to now.
    pub(crate) fn attempt_of(&self, of: &Connections, number: u32, now: Time) -> Attempt {
        self.attempt(&of.get(number).pair, now)
    }

    /// Where the client of a connection has what it trusts there.
    pub(crate) fn client_sources(&self, of: &Connections, number: u32) -> Vec<WatchedSource> {
        let pair = &of.get(number).pair;
        match pair.client {
            Client::Unit(unit) => match &self.spec(pair).from_process {
                Some(process) => self.process_sources(unit, process),
                None => self.sources_of(unit, self.spec(pair).from_endpoint.as_deref()),
            },
            Client::Outside(index) => vec![WatchedSource {
                name: "given".to_owned(),
                trust: self.clients.trust(index).clone(),
            }],
        }
    }

    /// Where the server of a connection has what it trusts of clients.
    pub(crate) fn server_sources(&self, of: &Connections, number: u32) -> Vec<WatchedSource> {
        self.sources_of(of.get(number).pair.server, None)
    }
}

impl<'a> Peers<'a> {
    /// The line of the deployment that a connection is from.
    pub(super) fn spec(&self, pair: &Pair) -> &'a ConnectionSpec {
        &self.deployed.spec().connections[pair.spec]
    }

    /// Which process of the client, and which of the server, takes part: counted from their starts. A server that is
    /// reached at another address is another one to its client: what is open ends, and so do sessions, which are kept
    /// by name.
    pub(super) fn processes(&self, pair: &Pair) -> [u32; 2] {
        let started = |unit| self.sides.get(unit).starts();
        let client = match pair.client {
            Client::Unit(unit) => started(unit),
            Client::Outside(_) => 0,
        };
        let renamed = u32::try_from(pair.record.renamed.len()).expect("an address changes seldom");
        [client, started(pair.server) + renamed]
    }

    /// Whether the client's process is there to attempt anything.
    pub(super) fn has_client(&self, pair: &Pair, now: Time) -> bool {
        match pair.client {
            Client::Unit(unit) => match &self.spec(pair).from_process {
                // It does not go down with the workload.
                Some(process) => self.process_dials(unit, process),
                None => self.sides.get(unit).answers(now),
            },
            Client::Outside(_) => true,
        }
    }

    /// Whether a process dials at all: some do not before a CA is there.
    fn process_dials(&self, unit: UnitId, process: &str) -> bool {
        let waits = self.deployed.process(unit, process).waits_for_ca;
        !waits || !self.sides.get(unit).process_trust(process).is_empty()
    }

    /// Whether the client's charm has stopped its process.
    fn is_stopped(&self, pair: &Pair) -> bool {
        match pair.client {
            Client::Unit(unit) if self.spec(pair).from_process.is_none() => {
                self.sides.get(unit).is_stopped()
            }
            Client::Unit(_) | Client::Outside(_) => false,
        }
    }

    /// The subject of an entry about a connection: the client.
    pub(super) fn subject(&self, pair: &Pair) -> Subject {
        match pair.client {
            Client::Unit(unit) => match &self.spec(pair).from_process {
                Some(process) => self.deployed.process_subject(unit, process),
                None => self.deployed.subject(About::Unit(unit)),
            },
            Client::Outside(index) => client_subject(self.deployed, index),
        }
    }

    /// What an attempt comes to now: a handshake with what both sides have for it, or none.
    pub(super) fn attempt(&self, pair: &Pair, now: Time) -> Attempt {
        let spec = self.spec(pair);
        let juju = self.deployed.juju();
        let server = juju.unit(pair.server);
        if self.is_stopped(pair) {
            return Attempt::Failed(ErrorKind::ClientStopped);
        }
        let side = self.sides.get(pair.server);
        if !side.answers(now) {
            return Attempt::Failed(ErrorKind::Unreachable);
        }
        match side.answering() {
            Answering::Tls => {}
            Answering::PlainText => return Attempt::Failed(ErrorKind::PlaintextPeer),
            Answering::HangUp => return Attempt::Failed(ErrorKind::ClosedByPeer),
        }
        let name = pair.record.last_server_name();
        let Some(identity) = choose(side.served(), pair.endpoint.as_deref(), name) else {
            return match (self.is_plain(pair), spec.follows_scheme) {
                (false, _) => Attempt::Failed(ErrorKind::NoCertificate),
                (true, true) => Attempt::WithoutTls,
                (true, false) => Attempt::Failed(ErrorKind::PlaintextPeer),
            };
        };
        if identity.leaf().is_none() {
            return Attempt::Failed(ErrorKind::BadEncoding);
        }
        let (trust, client_identity, skew_ns) = match pair.client {
            Client::Outside(index) => (self.clients.trust(index).clone(), None, 0),
            Client::Unit(unit) => {
                let side = self.sides.get(unit);
                let endpoint = spec.from_endpoint.as_deref();
                let (trust, identity) = match &spec.from_process {
                    Some(process) => {
                        let shown = self.deployed.process(unit, process).shows.as_deref();
                        let identity = shown.and_then(|from| side.client_identity(Some(from)));
                        (side.process_trust(process), identity)
                    }
                    None => (
                        side.client_trust(endpoint, spec.validator),
                        side.client_identity(endpoint),
                    ),
                };
                (trust, identity, juju.unit(unit).skew_ns)
            }
        };
        // What units show each other is judged by what they have for each other.
        let among = self.own_ca_endpoint(pair);
        let server_stack = self.deployed.workload_validator(pair.server);
        let server_stack = server_stack.unwrap_or(spec.validator);
        let client_trust = spec.mutual.then(|| side.client_trust(among, server_stack));
        let looked_up = |trust: TrustStore| match spec.revocation {
            true => trust.checking_revocation(self.publications.lists()),
            false => trust,
        };
        Attempt::Handshake(Box::new(Case {
            client: ClientSide {
                trust: looked_up(trust),
                identity: client_identity.filter(|_| spec.mutual),
                validator: spec.validator,
                clock: now.skewed_by(skew_ns),
            },
            server: ServerSide {
                identity,
                client_trust: client_trust.map(looked_up),
                validator: server_stack,
                clock: now.skewed_by(server.skew_ns),
            },
            server_name: name.to_owned(),
        }))
    }

    /// The server's endpoint that is met, where its charm has a CA of its own for it.
    fn own_ca_endpoint<'p>(&self, pair: &'p Pair) -> Option<&'p str> {
        let application = self.deployed.juju().unit(pair.server).application;
        let index = self.deployed.index_of(application)?;
        let charm = self.deployed.version_now(index).charm;
        let endpoint = pair.endpoint.as_deref()?;
        charm.has_own_ca(endpoint).then_some(endpoint)
    }

    /// Whether a server without a certificate serves without TLS: its process was started so. One whose charm has taken the
    /// certificate away and left its configuration as it was still expects TLS, and fails.
    fn is_plain(&self, pair: &Pair) -> bool {
        let server = self.deployed.juju().unit(pair.server);
        let files = &server.workload.files;
        let application = server.application;
        let index = self.deployed.index_of(application);
        let charm = index.map(|index| self.deployed.version_now(index).charm);
        // A server that is no application of the deployment has no charm.
        let mut endpoints = charm.into_iter().flat_map(|charm| &charm.endpoints);
        endpoints.any(|endpoint| {
            let is_meant = pair
                .endpoint
                .as_deref()
                .is_none_or(|own| own == endpoint.name);
            match &endpoint.profile {
                Some(
                    EndpointProfile::Certificates(profile)
                    | EndpointProfile::LegacyCertificates(profile),
                ) => {
                    is_meant
                        && profile.plain_without_certificate
                        && !files.contains_key(configured_path(&endpoint.name).as_str())
                }
                _ => false,
            }
        })
    }

    fn process_sources(&self, unit: UnitId, process: &str) -> Vec<WatchedSource> {
        let side = self.sides.get(unit).process(process);
        let sources = side.into_iter().flat_map(|side| &side.by_source);
        sources
            .map(|(source, trust)| WatchedSource {
                name: source.to_string(),
                trust: trust.clone(),
            })
            .collect()
    }

    fn sources_of(&self, unit: UnitId, endpoint: Option<&str>) -> Vec<WatchedSource> {
        let side = self.sides.get(unit);
        let own = side
            .trust_by_source()
            .iter()
            .filter(|(source, _)| match endpoint {
                Some(endpoint) => source.starts_with(endpoint),
                None => !is_own_ca_source(source),
            });
        own.map(|(source, trust)| WatchedSource {
            name: source.to_string(),
            trust: trust.clone(),
        })
        .collect()
    }
}

/// The chain a server shows for a name: of those of the endpoint, the one that is valid for the
/// name as SNI picks it, else the first. Where there is none it is the workload's own default.
fn choose(served: &[Served], endpoint: Option<&str>, name: &str) -> Option<Identity> {
    let of_endpoint = |served: &&Served| served.is_of(endpoint);
    let fits = |served: &&Served| {
        served.identity.leaf().is_some_and(|leaf| {
            leaf.sans()
                .iter()
                .any(|san| san.split_once(':').is_some_and(|(_, text)| text == name))
        })
    };
    let mut candidates = served.iter().filter(of_endpoint);
    let fitting = served.iter().filter(of_endpoint).find(fits);
    fitting
        .or_else(|| candidates.next())
        .or_else(|| {
            let mut all = served.iter();
            all.find(|served| *served.endpoint == *DEFAULT_CERTIFICATE)
        })
        .map(|served| served.identity.clone())
}
