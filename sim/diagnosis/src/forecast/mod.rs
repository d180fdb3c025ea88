//! What is coming: every certificate's end, how requests crowd, how long hooks and requests wait,
//! and how long each connection can do without each provider.
//!
//! The first three are read off a journal; the last is arithmetic on it, which
//! `trustsim_whatif::prove` confirms by playing the outage in a fork. Must not know the terminal.

mod expiries;
mod request_peaks;
mod tolerance;
mod waits;

pub use expiries::Expiry;
pub use request_peaks::RequestPeak;
pub use tolerance::OutageTolerance;
pub use waits::{CertificateWait, HookWait};

use super::cause::Trail;
use super::facts::Facts;
use trustsim_model::{Deployment, Journal, Manifest};

/// Everything a run foretells.
#[derive(Clone, Debug, Default)]
pub struct Forecast {
    /// Every certificate that ends within the run or after it, by its end.
    pub expiries: Vec<Expiry>,
    /// The most requests that each provider and each limit of a public CA had to bear.
    pub request_peaks: Vec<RequestPeak>,
    /// The longest wait for a hook of each unit.
    pub hooks: Vec<HookWait>,
    /// The longest wait for a certificate of each provider.
    pub requests: Vec<CertificateWait>,
    /// How long each connection can do without each provider, the most pressing first.
    pub tolerances: Vec<OutageTolerance>,
}

/// Reads it off a run that was played to its end.
pub fn forecast(deployment: &Deployment, manifest: &Manifest, journal: &Journal) -> Forecast {
    let facts = Facts::new(journal);
    let trail = Trail::new(journal);
    Forecast {
        expiries: expiries::expiries(manifest, journal),
        request_peaks: request_peaks::request_peaks(deployment, journal),
        hooks: waits::hooks(journal),
        requests: waits::requests(journal),
        tolerances: tolerance::tolerances(deployment, manifest, journal, &facts, &trail),
    }
}
