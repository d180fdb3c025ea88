//! One real rustls handshake, at the two sides' own clocks.
//!
//! [`Prepared`] is both sides of a case before they have said anything. [`handshake`] carries their
//! bytes by hand; tests carry them through tokio as well, and must read the same verdict.

mod offer;
mod sans_io;

pub(super) use sans_io::pump;

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::time_provider::TimeProvider;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, Error, ServerConfig, SupportedProtocolVersion,
};

use super::case::Case;
use super::provider::{provider, with_stream};
use super::verifier::Verifier;
use trustsim_kernel::{Stream, Time};
use trustsim_validators::{ErrorKind, Side, Verdict, unix};

/// Performs one handshake and says how it went. Every random byte of both sides is drawn from
/// `stream`; nothing is resumed from earlier handshakes.
pub fn handshake(case: &Case, stream: Stream) -> Verdict {
    let prepared = match Prepared::new(case) {
        Ok(prepared) => prepared,
        Err(verdict) => return *verdict,
    };
    let ended = with_stream(stream, || sans_io::run(&prepared));
    prepared.assert_refusal_was_sent(&ended);
    prepared.conclude(&ended)
}

/// What each side ended with.
pub struct Ended {
    /// The client: nothing, or its error.
    pub client: Result<(), Error>,
    /// The server: nothing, or its error.
    pub server: Result<(), Error>,
}

/// Both sides of a case, ready to begin.
pub struct Prepared {
    pub(super) name: ServerName<'static>,
    pub(super) client: Arc<ClientConfig>,
    pub(super) server: Arc<ServerConfig>,
    pub(super) by_client: Arc<Verifier>,
    by_server: Option<Arc<Verifier>>,
}

type Versions = &'static [&'static SupportedProtocolVersion];

impl Prepared {
    /// Makes both sides ready; a side that cannot begin is a verdict already.
    pub fn new(case: &Case) -> Result<Self, Box<Verdict>> {
        Self::with_versions(case, VERSIONS)
    }

    /// The name that the client asks for.
    pub const fn name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// The client's side, as rustls takes it.
    pub fn client_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.client)
    }

    /// The server's side, as rustls takes it.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// The same with these protocol versions.
    pub(super) fn with_versions(case: &Case, versions: Versions) -> Result<Self, Box<Verdict>> {
        let name = ServerName::try_from(case.server_name.as_str())
            .map_err(|_| Box::new(Verdict::failed(ErrorKind::InvalidServerName, Side::Client)))?
            .to_owned();
        let by_client = Verifier::new(&case.client.trust, case.client.validator, case.client.clock);
        let trust = case.server.client_trust.as_ref();
        let by_server =
            trust.map(|trust| Verifier::new(trust, case.server.validator, case.server.clock));
        let server = server_config(case, by_server.clone(), versions)
            .map_err(|error| Box::new(cannot_begin(&error, Side::Server)))?;
        let client = client_config(case, by_client.clone(), versions)
            .map_err(|error| Box::new(cannot_begin(&error, Side::Client)))?;
        Ok(Self {
            name,
            client: Arc::new(client),
            server: Arc::new(server),
            by_client,
            by_server,
        })
    }

    /// What a verifier refused and what crossed the wire are two views of one fact: the side that
    /// refused has failed, and its peer has received the alert.
    fn assert_refusal_was_sent(&self, ended: &Ended) {
        let by_server = self.by_server.as_ref().and_then(|by| by.refusal());
        for (refusal, own, peer, side) in [
            (
                self.by_client.refusal(),
                &ended.client,
                &ended.server,
                Side::Client,
            ),
            (by_server, &ended.server, &ended.client, Side::Server),
        ] {
            let Some(refusal) = refusal else { continue };
            assert!(
                own.is_err(),
                "{side:?} refused a chain and went on: {refusal:?}"
            );
            assert_eq!(
                received(peer),
                Some(refusal.alert_on_wire()),
                "the peer of {side:?} receives the alert of the refusal: {refusal:?}"
            );
        }
    }

    /// Reads the verdict from what both sides ended with.
    pub fn conclude(&self, ended: &Ended) -> Verdict {
        let refused_by_server = self.by_server.as_ref().and_then(|by| by.refusal());
        if let Some(refusal) = self.by_client.refusal() {
            Verdict::refused(refusal, Side::Client, Some(&self.name))
        } else if let Some(refusal) = refused_by_server {
            Verdict::refused(refusal, Side::Server, None)
        } else {
            match (&ended.client, &ended.server) {
                (Ok(()), Ok(())) => Verdict::ok(),
                (Err(error), other) if received(&ended.client).is_none() => {
                    Verdict::from_error(kind(error), error, Side::Client, received(other))
                }
                (other, Err(error)) => {
                    Verdict::from_error(kind(error), error, Side::Server, received(other))
                }
                (Err(error), Ok(())) => Verdict::from_error(kind(error), error, Side::Client, None),
            }
        }
    }
}

fn client_config(
    case: &Case,
    verifier: Arc<Verifier>,
    versions: Versions,
) -> Result<ClientConfig, Error> {
    let builder = ClientConfig::builder_with_details(
        Arc::clone(provider()),
        Arc::new(Clock::new(case.client.clock)),
    )
    .with_protocol_versions(versions)?
    .dangerous()
    .with_custom_certificate_verifier(verifier);
    let mut config = match &case.client.identity {
        Some(identity) => builder.with_client_cert_resolver(offer::resolver(
            identity.loaded()?,
            identity.chain(),
            case.client.validator,
        )),
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn server_config(
    case: &Case,
    verifier: Option<Arc<Verifier>>,
    versions: Versions,
) -> Result<ServerConfig, Error> {
    let builder = ServerConfig::builder_with_details(
        Arc::clone(provider()),
        Arc::new(Clock::new(case.server.clock)),
    )
    .with_protocol_versions(versions)?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(case.server.identity.loaded()?);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// TLS 1.3 alone, as the current stacks agree on it.
const VERSIONS: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// One side's clock, which does not move during a handshake.
#[derive(Debug)]
struct Clock(UnixTime);

impl Clock {
    const fn new(at: Time) -> Self {
        Self(unix(at))
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// A side that cannot load its own identity.
pub(super) fn cannot_begin(error: &Error, side: Side) -> Verdict {
    match error {
        Error::NoCertificatesPresented => Verdict::failed(ErrorKind::NoCertificate, side),
        Error::InconsistentKeys(_) => Verdict::failed(ErrorKind::KeyMismatch, side),
        error => Verdict::from_error(kind(error), error, side, None),
    }
}

/// The alert that a side received.
const fn received(result: &Result<(), Error>) -> Option<AlertDescription> {
    match result {
        Err(Error::AlertReceived(alert)) => Some(*alert),
        _ => None,
    }
}

/// Our name for an error that no validator raised.
const fn kind(error: &Error) -> ErrorKind {
    match error {
        Error::NoCertificatesPresented => ErrorKind::NoClientCertificate,
        Error::InvalidCertificate(CertificateError::BadSignature) => ErrorKind::BadSignature,
        Error::InvalidCertificate(CertificateError::BadEncoding) => ErrorKind::BadEncoding,
        _ => ErrorKind::Other,
    }
}
