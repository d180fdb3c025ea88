//! Identities, trust stores, validators, the handshake. (First shape: the room is being built.)

/// Whose chain rules a client applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validator {
    /// `rustls`.
    Rustls,
    /// `openssl`.
    #[default]
    OpenSsl,
}

impl std::str::FromStr for Validator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rustls" => Ok(Self::Rustls),
            "openssl" => Ok(Self::OpenSsl),
            other => Err(other.to_owned()),
        }
    }
}

/// Outcome of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was established.
    Ok,
    /// It was refused.
    Failed,
}

/// Outcome of one handshake with its error, alert and texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Outcome.
    pub outcome: Outcome,
    /// `TS04xx`, empty when ok.
    pub code: &'static str,
    /// Kebab-case error, empty when ok.
    pub error: &'static str,
    /// TLS alert sent.
    pub alert: Option<&'static str>,
    /// What rustls says.
    pub rustls: String,
}
