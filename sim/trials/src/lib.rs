//! Whether a charm's model does what the charm's own code does: both play the same trials, and what can be seen of each from
//! outside is compared.
//!
//! A [`Trial`] is a small deployment with the charm in it and something that happens to it, such as a CA that is away when a
//! certificate is to be renewed. It is played twice, once as the model has the charm and once by the code. [`Facts`] are read off each
//! journal: requests, certificates, what is served and trusted, restarts, statuses, and whether connections work. For example, a
//! charm that deletes its certificate while it waits for the next one, and a model that keeps it, are the same in
//! [`Trial::FirstCertificate`] and differ in [`Trial::RenewalLate`], in what is served and in the connection to it.
//!
//! Times are compared to the minute: hooks take about as long, not exactly as long.
//!
//! Must not know how a difference is told, or where charms lie.

mod difference;
mod facts;
mod observe;
mod play;
mod trial;

pub use difference::{Aspect, Difference, differences};
pub use facts::{CertificateName, Fact, Facts, Handshake, Occurrence, Subject};
pub use play::{Outcome, Played, Side, TrialError, compare, deployment, play};
pub use trial::{Charm, Code, Trial};
