//! What can go wrong with a request.

use thiserror::Error;
use trustsim_diagnosis::WhyError;
use trustsim_kernel::Span;
use trustsim_model::Refusal;
use trustsim_scenario::Diagnostics;

/// Why a request was not carried out. The session is as it was before, but for [`SessionError::NotEnded`] and
/// [`SessionError::NotAtRest`], for which time has passed, and [`SessionError::Endless`].
#[derive(Debug, Error)]
pub enum SessionError {
    /// A name that a request uses is not there, or is there already.
    #[error("{0}")]
    Name(String),
    /// What the request would make is no sound scenario.
    #[error("it makes no sound deployment")]
    Unsound(Box<Diagnostics>),
    /// Juju refuses the command.
    #[error("the command is refused")]
    Refused(Box<Refusal>),
    /// A time that is none, or at which a session cannot be.
    #[error("{0}")]
    Time(String),
    /// Nothing can be told before something is deployed and time has passed.
    #[error("{0}")]
    TooEarly(&'static str),
    /// A command that trustsim does not play.
    #[error("{0}")]
    NotPlayed(String),
    /// The code of a charm did what trustsim does not play: no answer holds.
    #[error("the charm in `{folder}` cannot be played by its own code")]
    Code {
        /// The charm's folder.
        folder: String,
        /// What it tried.
        tried: Vec<String>,
        /// Whether an interpreter is known for it.
        has_interpreter: bool,
    },
    /// An action has not ended in time.
    #[error("timed out waiting for the action, which has not ended")]
    NotEnded,
    /// Something still happens.
    #[error("the deployment is not at rest")]
    NotAtRest,
    /// The hooks of a unit follow each other without an end, and nothing is played from then on.
    #[error("the hooks of a unit follow each other without an end")]
    Endless,
    /// A connection is not judged: what it needs is not simulated, or it is not watched yet.
    #[error("{0}")]
    NotWatched(Box<WhyError>),
    /// What was played before a command comes out otherwise with it.
    #[error("with it, what happened until now would not have happened as it did")]
    PastChanged {
        /// The first instant that differs, from the start.
        at: Span,
    },
    /// A file of a charm cannot be used.
    #[error("{0}")]
    Charm(String),
    /// A session that was saved cannot be read.
    #[error("this is no scenario of a session: {0}")]
    NoSession(#[source] serde_json::Error),
}
