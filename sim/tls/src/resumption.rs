//! Sessions: a later handshake of the same two processes that takes up an earlier one.
//!
//! No certificate is presented then, so none is judged. rustls takes a session up without
//! looking at what it had verified (rustls 0.23 `client/hs.rs`, `compatible_config`: only the
//! verifier and the client's credentials must be the same objects), and so do OpenSSL and Java. Go
//! looks again at the chain it had verified: its dates, the name, and whether its root is still in
//! the pool (golang/go `src/crypto/tls/handshake_client.go`, `loadSession`, and
//! `handshake_server.go`, `checkForResumption`).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionMemoryCache, Resumption as Store};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ServerSessionMemoryCache;
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, HandshakeKind, ServerConfig,
    ServerConnection, SignatureScheme, SupportedProtocolVersion, version,
};
use thiserror::Error as ThisError;

use super::case::Case;
use super::handshake::{Prepared, pump};
use super::provider::with_stream;
use super::verifier::Verifier;
use trustsim_kernel::{Span, Stream};
use trustsim_validators::{Validator, Verdict, judge_client, judge_server, unix};

/// How a client takes up an earlier session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resumption {
    /// TLS 1.2 with a session identifier: the session is as old as its full handshake.
    Tls12Id,
    /// TLS 1.3 with a ticket: every connection brings a new one.
    Tls13Ticket,
}

/// A name that is no way to resume.
#[derive(Clone, Debug, ThisError, PartialEq, Eq)]
#[error("`{0}` is no way to resume: use tls12-id or tls13-ticket")]
pub struct UnknownResumption(pub String);

impl FromStr for Resumption {
    type Err = UnknownResumption;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "tls12-id" => Ok(Self::Tls12Id),
            "tls13-ticket" => Ok(Self::Tls13Ticket),
            other => Err(UnknownResumption(other.to_owned())),
        }
    }
}

impl fmt::Display for Resumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12Id => "tls12-id",
            Self::Tls13Ticket => "tls13-ticket",
        })
    }
}

impl Resumption {
    /// How long a stack keeps a session by default; `None` where it never forgets one.
    ///
    /// The values and their sources are in the files of `validators::Validator`.
    pub const fn lifetime(self, stack: Validator) -> Option<Span> {
        match self {
            Self::Tls12Id => stack.session_lifetime(),
            Self::Tls13Ticket => stack.ticket_lifetime(),
        }
    }

    fn versions(self) -> &'static [&'static SupportedProtocolVersion] {
        const OLD: &[&SupportedProtocolVersion] = &[&version::TLS12];
        const NEW: &[&SupportedProtocolVersion] = &[&version::TLS13];
        match self {
            Self::Tls12Id => OLD,
            Self::Tls13Ticket => NEW,
        }
    }
}

/// Whether both stacks would take up at `later` what they verified at `earlier`: only Go looks.
pub fn is_taken_up(earlier: &Case, later: &Case) -> bool {
    let judges = Validator::judges_again_on_resumption;
    let by_client = match judges(later.client.validator) {
        true => judge_server(
            earlier.server.identity.chain(),
            &later.client.trust,
            &later.server_name,
            later.client.clock,
            later.client.validator,
        )
        .is_ok(),
        false => true,
    };
    let by_server = match (judges(later.server.validator), &later.server.client_trust) {
        (true, Some(trust)) => earlier.client.identity.as_ref().is_some_and(|identity| {
            let clock = later.server.clock;
            judge_client(identity.chain(), trust, clock, later.server.validator).is_ok()
        }),
        _ => true,
    };
    by_client && by_server
}

/// Performs `earlier` in full, and then `later` between the same two processes. The server may
/// present another certificate by then and trust other clients; the client trusts what it trusted,
/// since another store would be another configuration, which takes up nothing. Says how the second
/// handshake went, and whether it took the session up.
pub fn resume(earlier: &Case, later: &Case, how: Resumption, stream: Stream) -> (Verdict, bool) {
    let mut prepared = Vec::new();
    for case in [earlier, later] {
        match Prepared::with_versions(case, how.versions()) {
            Ok(one) => prepared.push(one),
            Err(verdict) => return (*verdict, false),
        }
    }
    let [first, second] = [prepared.remove(0), prepared.remove(0)];
    let step = Arc::new(AtomicBool::new(false));
    let sessions = ServerSessionMemoryCache::new(8);
    let server = |one: &Prepared| {
        let mut config = (*one.server).clone();
        config.session_storage = sessions.clone();
        config.send_tls13_tickets = 2;
        Arc::new(config)
    };
    let servers = [server(&first), server(&second)];
    let client = match client(earlier, later, [&first, &second], &step) {
        Ok(client) => Arc::new(client),
        Err(error) => {
            return (
                super::handshake::cannot_begin(&error, trustsim_validators::Side::Client),
                false,
            );
        }
    };
    let connect = |one: &Prepared, server: &Arc<ServerConfig>| {
        let connection = ClientConnection::new(Arc::clone(&client), one.name.clone());
        let (Ok(mut near), Ok(mut far)) = (connection, ServerConnection::new(server.clone()))
        else {
            return (one.conclude(&unbegun()), false);
        };
        let results = pump(&mut near, &mut far, |_| {});
        let resumed = near.handshake_kind() == Some(HandshakeKind::Resumed);
        assert!(
            !resumed || one.by_client.refusal().is_none(),
            "a client that took a session up has judged no certificate: {:?}",
            one.by_client.refusal()
        );
        (one.conclude(&results), resumed)
    };
    with_stream(stream, || {
        let (verdict, resumed) = connect(&first, &servers[0]);
        assert!(
            !resumed,
            "the first handshake has no session to take up: {verdict:?}"
        );
        step.store(true, Ordering::Relaxed);
        connect(&second, &servers[1])
    })
}

fn unbegun() -> super::handshake::Ended {
    let error = || Err(Error::General("the handshake did not begin".to_owned()));
    super::handshake::Ended {
        client: error(),
        server: error(),
    }
}

/// One configuration for both handshakes, as one process has it: its clock moves on, and so does
/// that of its verifier.
fn client(
    earlier: &Case,
    later: &Case,
    prepared: [&Prepared; 2],
    step: &Arc<AtomicBool>,
) -> Result<ClientConfig, Error> {
    let verifier = Arc::new(Stepping {
        verifiers: prepared.map(|one| Arc::clone(&one.by_client)),
        clocks: [earlier, later].map(|case| unix(case.client.clock)),
        step: Arc::clone(step),
    });
    let mut config = (*prepared[1].client).clone();
    config.time_provider = Arc::clone(&verifier) as Arc<dyn TimeProvider>;
    config.dangerous().set_certificate_verifier(verifier);
    config.resumption = Store::store(Arc::new(ClientSessionMemoryCache::new(8)));
    Ok(config)
}

/// A verifier and clock that change between the two handshakes.
#[derive(Debug)]
struct Stepping {
    verifiers: [Arc<Verifier>; 2],
    clocks: [UnixTime; 2],
    step: Arc<AtomicBool>,
}

impl Stepping {
    fn index(&self) -> usize {
        usize::from(self.step.load(Ordering::Relaxed))
    }
}

impl TimeProvider for Stepping {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.clocks[self.index()])
    }
}

impl ServerCertVerifier for Stepping {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verifiers[self.index()].verify_server_cert(leaf, others, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verifier: &dyn ServerCertVerifier = &*self.verifiers[self.index()];
        verifier.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verifier: &dyn ServerCertVerifier = &*self.verifiers[self.index()];
        verifier.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ServerCertVerifier::supported_verify_schemes(&*self.verifiers[0])
    }
}
