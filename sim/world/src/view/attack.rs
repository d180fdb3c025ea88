//! What is found between two sides: what each would bring to a handshake, and what
//! would come of another one.

use crate::Simulation;
use trustsim_kernel::Time;
use trustsim_model::Address;
use trustsim_tls::Case;
use trustsim_validators::{TrustStore, Validator, Verdict};

/// A unit or a client that trusts CAs.
#[derive(Clone, Debug)]
pub struct Trusting {
    /// A unit, or a client outside Juju.
    pub address: Address,
    /// What it trusts.
    pub trust: TrustStore,
    /// Its TLS stack, where the deployment says which.
    pub validator: Validator,
    /// Its clock.
    pub clock: Time,
}

impl Simulation {
    /// What both sides of a watched connection would bring to a handshake now; `None` where the
    /// server cannot begin one.
    pub fn case_of(&self, connection: u32) -> Option<Case> {
        let attempt = self.world().attempt_of(connection, self.now());
        attempt.into_case().ok()
    }

    /// Performs a handshake apart from the run. Its random bytes are drawn by `subject`.
    pub fn perform(&self, case: &Case, subject: &str) -> Verdict {
        self.world().handshakes().perform_apart(case, subject)
    }

    /// Every unit and every client that trusts anything now, by unit and then by client.
    pub fn trusting(&self) -> Vec<Trusting> {
        let peers = self.world().peers();
        let units = self.juju().units().filter_map(|(id, unit)| {
            let side = peers.sides.get(id);
            let index = self.spec_of(unit.application)?;
            let spec = &self.deployment().applications[index];
            let stack = spec.charm.validator.as_deref();
            Some(Trusting {
                address: peers.deployed.unit_address(id),
                trust: side.trust().clone(),
                validator: stack
                    .and_then(|name| name.parse().ok())
                    .unwrap_or(Validator::OpenSsl),
                clock: self.now().skewed_by(unit.skew_ns),
            })
        });
        let clients = peers.clients.stores().map(|(index, trust)| {
            let spec = &self.deployment().clients[index];
            Trusting {
                address: Address::outside(&spec.name),
                trust: trust.clone(),
                validator: spec.validator,
                clock: self.now(),
            }
        });
        let processes = self.juju().units().flat_map(|(id, unit)| {
            let clock = self.now().skewed_by(unit.skew_ns);
            let stores = peers.sides.get(id).processes();
            stores.map(move |(name, trust)| Trusting {
                address: peers.deployed.unit_address(id).of_process(name),
                trust: trust.clone(),
                validator: peers.deployed.process_validator(id, name),
                clock,
            })
        });
        let all = units.chain(processes).chain(clients);
        all.filter(|one| !one.trust.is_empty()).collect()
    }
}

/// Certificates that a side trusts, by where it has them from.
#[derive(Clone, Debug)]
pub struct WatchedSource {
    /// The file's name, which begins with the endpoint it came over; `given` and `system` of a
    /// client outside Juju.
    pub name: String,
    /// What came from there.
    pub trust: TrustStore,
}

impl Simulation {
    /// Where the client of a watched connection has what it trusts there.
    pub fn client_sources(&self, connection: u32) -> Vec<WatchedSource> {
        let world = self.world();
        world
            .peers()
            .client_sources(world.connections(), connection)
    }

    /// Where the server of a watched connection has what it trusts of clients.
    pub fn server_sources(&self, connection: u32) -> Vec<WatchedSource> {
        let world = self.world();
        world
            .peers()
            .server_sources(world.connections(), connection)
    }
}
