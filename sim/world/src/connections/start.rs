//! Connections that begin to be watched: all when the deployment settles, those of a new unit later.

use super::{ATTEMPT_PHASE, Client, Pair, Watcher};
use crate::deployed::Deployed;
use crate::event::Event;
use trustsim_juju::UnitId;
use trustsim_kernel::{Span, Time};
use trustsim_model::{
    Address, ConnectionRecord, ConnectionSpec, ConnectionSpecIndex, NameSpec, Party, Standing,
    Standings, Trigger,
};

impl Watcher<'_> {
    /// Makes every connection of the deployment and judges it for the first time.
    pub(crate) fn start(&mut self) {
        assert!(
            self.connections.all.is_empty(),
            "connections are made once, when the deployment settles"
        );
        self.watch(None);
    }

    /// Watches every connection that a new unit takes part in.
    pub(crate) fn watch_unit(&mut self, unit: UnitId) {
        self.watch(Some(unit));
    }

    /// Watches all connections; those with `only`, where it is given.
    fn watch(&mut self, only: Option<UnitId>) {
        let second = self.agenda.now().truncated_to_seconds();
        let first_attempt = second + Span::from_secs(1) + ATTEMPT_PHASE;
        let known = self.connections.len();
        let deployed = self.peers.deployed;
        let standings = Standings::of(deployed.spec());
        for (index, spec) in deployed.spec().connections.iter_enumerated() {
            // What cannot be simulated neither holds nor fails.
            if standings.of_connection(index).standing == Standing::NotSimulated {
                continue;
            }
            self.expand(index, spec, only, first_attempt);
        }
        for connection in self.connections.since(known) {
            if self.every_handshake {
                self.agenda.at(first_attempt, Event::Attempt(connection));
            } else {
                self.judge(connection, Trigger::Start);
            }
        }
    }

    /// One connection for each pair of units that a line means; of those with `only`, where it is
    /// given.
    fn expand(
        &mut self,
        index: ConnectionSpecIndex,
        spec: &ConnectionSpec,
        only: Option<UnitId>,
        first_attempt: Time,
    ) {
        let deployed = self.peers.deployed;
        let servers = deployed.targets(spec.to, spec.to_unit);
        let clients: Vec<Client> = match spec.from {
            Party::Client(client) => vec![Client::Outside(client)],
            Party::Application(application) => {
                let units = deployed.targets(application, spec.from_unit);
                units.into_iter().map(Client::Unit).collect()
            }
            Party::Saas(_) => panic!("a SAAS opens no connection: {}", spec.source),
        };
        let endpoint = deployed.server_endpoint(spec);
        let dials_own = spec.from_process.is_some() && spec.from == Party::Application(spec.to);
        for &client in &clients {
            for &server in servers.iter().filter(|&&server| {
                let is_meant =
                    only.is_none_or(|only| only == server || client == Client::Unit(only));
                // A process dials the server beside it.
                let is_beside = client == Client::Unit(server);
                is_beside == dials_own && is_meant
            }) {
                let record =
                    self.record_of(index, client, server, endpoint.as_deref(), first_attempt);
                let pair = Pair {
                    number: self.connections.len(),
                    spec: index,
                    client,
                    server,
                    endpoint: endpoint.clone(),
                    record,
                    renamed_by: None,
                };
                self.connections.add(pair);
            }
        }
    }

    fn record_of(
        &self,
        index: ConnectionSpecIndex,
        client: Client,
        server: UnitId,
        endpoint: Option<&str>,
        first_attempt: Time,
    ) -> ConnectionRecord {
        let deployed = self.peers.deployed;
        let spec = &deployed.spec().connections[index];
        let client = match client {
            Client::Outside(index) => Address::outside(&deployed.spec().clients[index].name),
            Client::Unit(unit) => match &spec.from_process {
                Some(process) => deployed.unit_address(unit).of_process(process),
                None => deployed.unit_address(unit),
            },
        };
        let server_name = asked_for(deployed, spec, server, endpoint);
        let server = deployed.unit_address(server);
        ConnectionRecord {
            spec: index,
            name: format!("{client} -> {server}"),
            client,
            server,
            server_name,
            renamed: Vec::new(),
            validator: spec.validator.to_string(),
            every: spec.every,
            first_attempt: Some(first_attempt),
            ended: None,
            away: Vec::new(),
        }
    }
}

/// The name that clients of a connection ask for now.
pub(super) fn asked_for(
    deployed: &Deployed,
    spec: &ConnectionSpec,
    server: UnitId,
    endpoint: Option<&str>,
) -> String {
    match &spec.name {
        Some(NameSpec::Written(name)) => name.clone(),
        Some(NameSpec::BindAddress) if deployed.juju().is_pod(server) => {
            deployed.juju().reached_at(server).to_owned()
        }
        Some(NameSpec::BindAddress) => deployed.address_of(spec, server, endpoint).to_owned(),
        Some(NameSpec::IngressAddress) => {
            let dialled = deployed.dialled_endpoint(spec, endpoint);
            deployed.juju().ingress_address(server, dialled).to_owned()
        }
        None => deployed.server_name(spec, server, endpoint),
    }
}
