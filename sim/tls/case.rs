//! What one handshake depends on, and when time alone can change it.

use std::time::Duration;

use super::{Identity, TrustStore, Validator};
use crate::kernel::Time;
use crate::pki::Certificate;

/// One of the two sides of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Who opens the connection.
    Client,
    /// Who accepts it.
    Server,
}

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

    /// Between which validity boundaries the two clocks stand: how many of the change instants
    /// each side sees have passed.
    pub(super) fn interval(&self) -> (u32, u32) {
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
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (narrow(client), narrow(server))
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
    by_client
        .chain(by_server)
        .filter(|&instant| instant > after && instant != Time::MAX)
        .min()
}

/// When a certificate becomes valid and when it stops, each the first instant of the new state.
/// Bounds are whole seconds; RFC 5280 and webpki count the second of `notAfter` as valid, OpenSSL
/// 3.0's `X509_cmp_time` does not.
fn changes(validator: Validator, certificate: &Certificate) -> [Time; 2] {
    let not_after = certificate.not_after();
    let end = if validator.last_second_is_valid() {
        not_after + Duration::from_secs(1)
    } else {
        not_after
    };
    [certificate.not_before(), end]
}
