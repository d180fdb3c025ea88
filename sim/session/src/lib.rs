//! A session: a deployment that grows command by command while its time passes, for a program that asks as it goes, such as a test.
//!
//! A session is a scenario that is being written ([`Written`]) and how far it was played. A [`Request`] either writes more of
//! it, lets time pass, or asks about the present. Before any time has passed, commands write the deployment with which a run
//! begins; from then on each is an entry of `faults` at the present instant. So every rule about commands has the owner that
//! it has in a scenario file, and what [`Request::Scenario`] is answered is a file that `trustsim run` plays to the same present.
//!
//! For example, `deploy`, `deploy`, `integrate`, `advance 89d`, `run rotate-private-key` is a scenario with two applications, a
//! relation and one fault on day 89.
//!
//! Must not know the terminal, how an answer is written, or where the interpreters of charms are: [`Machine`] says that.

mod answers;
mod ask;
mod change;
mod error;
mod load;
mod moment;
mod past;
mod request;
mod session;
#[cfg(test)]
mod tests;
mod written;

pub use answers::{Answer, Connection, Outage, Ran, WatchedConnection};
pub use error::SessionError;
pub use moment::exact;
pub use request::{Cloud, Request};
pub use session::{COMMAND_TAKES, Machine, Session};
pub use written::Written;
