//! What one handshake depends on, and when time alone can change it.

use super::Identity;
use trustsim_kernel::Time;
use trustsim_pki::{Certificate, RevocationList};
use trustsim_validators::{TrustStore, Validator};

/// The side that opens the connection.
#[derive(Clone, Debug)]
pub struct ClientSide {
    /// The roots it trusts for servers.
    pub trust: TrustStore,
    /// What it presents when asked for a certificate.
    pub identity: Option<Identity>,
    /// Whose chain rules it applies.
    pub validator: Validator,
    /// Its own clock.
    pub clock: Time,
}

/// The side that accepts the connection.
#[derive(Clone, Debug)]
pub struct ServerSide {
    /// What it presents.
    pub identity: Identity,
    /// The roots it trusts for clients; where given, a client certificate is required.
    pub client_trust: Option<TrustStore>,
    /// Whose chain rules it applies to client certificates.
    pub validator: Validator,
    /// Its own clock.
    pub clock: Time,
}

/// Everything one handshake depends on.
#[derive(Clone, Debug)]
pub struct Case {
    /// Who opens the connection.
    pub client: ClientSide,
    /// Who accepts it.
    pub server: ServerSide,
    /// The name the client asks for: a DNS name or an IP address.
    pub server_name: String,
}

impl Case {
    /// The certificates that the client judges, by its own clock.
    fn judged_by_client(&self) -> impl Iterator<Item = &Certificate> {
        let chain = self.server.identity.chain().iter();
        chain.chain(self.client.trust.roots())
    }

    /// The certificates that the server judges, by its own clock: none without mutual TLS.
    fn judged_by_server(&self) -> impl Iterator<Item = &Certificate> {
        let trust = self.server.client_trust.as_ref();
        let identity = trust.and(self.client.identity.as_ref());
        let chain = identity.into_iter().flat_map(Identity::chain);
        chain.chain(trust.into_iter().flat_map(TrustStore::roots))
    }

    /// Between which validity boundaries the two clocks are: how many of the change instants
    /// that each side sees have passed.
    pub fn interval(&self) -> (usize, usize) {
        let passed = |validator: Validator, certificate: &Certificate, clock: Time| {
            changes(validator, certificate)
                .into_iter()
                .filter(|&instant| instant <= clock)
                .count()
        };
        let client: usize = self
            .judged_by_client()
            .map(|certificate| passed(self.client.validator, certificate, self.client.clock))
            .sum();
        let server: usize = self
            .judged_by_server()
            .map(|certificate| passed(self.server.validator, certificate, self.server.clock))
            .sum();
        let passed_lists = |trust: &TrustStore, clock: Time| {
            let instants = trust.revocation_lists().iter().flat_map(list_changes);
            instants.filter(|&instant| instant <= clock).count()
        };
        let client = client + passed_lists(&self.client.trust, self.client.clock);
        // A server that asks for no certificate looks at no list.
        let by_server = self.server.client_trust.iter();
        let lists = by_server.map(|trust| passed_lists(trust, self.server.clock));
        (client, server + lists.sum::<usize>())
    }
}

/// The next instant strictly after `after`, both on the client's clock, at which a certificate in
/// play becomes valid or stops being valid for the side that judges it; `None` where time alone
/// changes nothing any more.
///
/// The server's boundaries are converted by the difference between the two clocks of the case.
pub fn next_boundary(case: &Case, after: Time) -> Option<Time> {
    let (client, server) = (case.client.clock, case.server.clock);
    let to_client = |instant: Time| (instant + client.since(server)) - server.since(client);
    let by_client = case
        .judged_by_client()
        .flat_map(|certificate| changes(case.client.validator, certificate));
    let by_server = case
        .judged_by_server()
        .flat_map(|certificate| changes(case.server.validator, certificate))
        .map(to_client);
    let client_lists = case.client.trust.revocation_lists().iter();
    let server_trust = case.server.client_trust.iter();
    let server_lists = server_trust.flat_map(TrustStore::revocation_lists);
    by_client
        .chain(by_server)
        .chain(client_lists.flat_map(list_changes))
        .chain(server_lists.flat_map(list_changes).map(to_client))
        .filter(|&instant| instant > after && instant != Time::MAX)
        .min()
}

/// When a certificate becomes valid and when it stops, each the first instant of the new state.
fn changes(validator: Validator, certificate: &Certificate) -> [Time; 2] {
    let end = certificate.not_after() + validator.grain_after_end();
    [certificate.not_before(), end]
}

/// When a revocation list begins to hold and when the next one is due. Both webpki and OpenSSL
/// count the instant of `nextUpdate` as too late.
fn list_changes(list: &RevocationList) -> impl Iterator<Item = Time> + use<> {
    std::iter::once(list.this_update()).chain(list.next_update())
}
