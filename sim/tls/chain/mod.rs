//! The chain decision: given what a peer presented, what is trusted and whose rules apply.
//!
//! The verifiers inside the handshake and [`judge_server`]/[`judge_client`] ask the same
//! [`decide`]; nothing here knows keys or connections.

mod constraints;
mod facts;
mod host;
mod name;
pub(super) mod openssl;
mod signature;
pub(super) mod webpki_rules;
mod x509_errors;

use rustls::Error;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

pub(super) use facts::Facts;
pub(super) use x509_errors::text as x509_text;

use super::case::Side;
use super::catalogue::ErrorKind;
use super::trust::TrustStore;
use super::validator::{Engine, Validator};
use super::verdict::Verdict;
use crate::kernel::Time;
use crate::pki::Certificate;

/// What a certificate is judged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It authenticates a server.
    Server,
    /// It authenticates a client.
    Client,
}

/// Everything a validator may look at.
pub(super) struct Question<'a> {
    /// The leaf that the peer presented.
    pub(super) leaf: &'a CertificateDer<'a>,
    /// What it sent along, in its order.
    pub(super) others: &'a [CertificateDer<'a>],
    /// The roots of the judging side.
    pub(super) trust: &'a TrustStore,
    /// The name asked for; none for client certificates.
    pub(super) name: Option<&'a ServerName<'a>>,
    /// What the certificate is judged for.
    pub(super) purpose: Purpose,
    /// The clock of the judging side.
    pub(super) now: UnixTime,
}

/// Why a chain was refused.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// Our name for it.
    pub(super) error: ErrorKind,
    /// The rustls error that means this.
    pub(super) rustls: Error,
    /// The rustls error whose alert is the one that the validator's stack sends.
    pub(super) wire: Error,
    /// What webpki said, where it was asked.
    pub(super) webpki: Option<webpki::Error>,
    /// `X509_V_ERR_*`, where OpenSSL's rules decided.
    pub(super) openssl: Option<u32>,
}

/// Asks `validator`.
pub(super) fn decide(validator: Validator, question: &Question<'_>) -> Result<(), Box<Refusal>> {
    match validator.engine() {
        Engine::WebPki => webpki_rules::decide(question),
        Engine::OpenSsl(rules) => openssl::decide(rules, question),
    }
}

/// What a client that applies `validator` says at `at` of a server that presents `chain` (leaf
/// first) when it asks for `name` and trusts `roots`: the verdict of the handshake, without one.
pub fn judge_server(
    chain: &[Certificate],
    roots: &TrustStore,
    name: &str,
    at: Time,
    validator: Validator,
) -> Verdict {
    let Ok(name) = ServerName::try_from(name) else {
        return Verdict::failed(ErrorKind::InvalidServerName, Side::Client);
    };
    judge(chain, roots, Some(&name), Purpose::Server, at, validator)
}

/// What a server that applies `validator` says at `at` of a client that presents `chain`.
pub fn judge_client(
    chain: &[Certificate],
    roots: &TrustStore,
    at: Time,
    validator: Validator,
) -> Verdict {
    judge(chain, roots, None, Purpose::Client, at, validator)
}

fn judge(
    chain: &[Certificate],
    trust: &TrustStore,
    name: Option<&ServerName<'_>>,
    purpose: Purpose,
    at: Time,
    validator: Validator,
) -> Verdict {
    let judged_by = match purpose {
        Purpose::Server => Side::Client,
        Purpose::Client => Side::Server,
    };
    let presented: Vec<_> = chain
        .iter()
        .map(|certificate| CertificateDer::from(certificate.der()))
        .collect();
    let Some((leaf, others)) = presented.split_first() else {
        let error = match purpose {
            Purpose::Server => ErrorKind::NoCertificate,
            Purpose::Client => ErrorKind::NoClientCertificate,
        };
        return Verdict::failed(error, judged_by);
    };
    let question = Question {
        leaf,
        others,
        trust,
        name,
        purpose,
        now: unix(at),
    };
    match decide(validator, &question) {
        Ok(()) => Verdict::ok(),
        Err(refusal) => Verdict::refused(&refusal, judged_by, None, name),
    }
}

/// A clock as rustls reads it.
pub(super) const fn unix(at: Time) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(at.as_seconds()))
}
