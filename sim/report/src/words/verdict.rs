//! The words for verdicts: of a handshake its outcome, and the code and error of one that failed; of a run what
//! comes of it.

use trustsim_diagnosis::RunVerdict;
use trustsim_validators::{ErrorKind, Side, Verdict};

/// `ok`, `without-tls` or `failed`.
pub fn outcome(verdict: &Verdict) -> &'static str {
    match verdict.error {
        Some(_) => "failed",
        None if verdict.without_tls => "without-tls",
        None => "ok",
    }
}

/// The code of a verdict that failed, such as `TS0401`.
pub fn code(verdict: &Verdict) -> Option<&'static str> {
    verdict.error.map(ErrorKind::code)
}

/// The name of the error of a verdict that failed, such as `unknown-issuer`.
pub fn error(verdict: &Verdict) -> Option<&'static str> {
    verdict.error.map(ErrorKind::kebab)
}

/// `passed`, `passed-with-this-seed`, `failed`, `nothing-judged` or `ended-early`.
pub const fn of_run(verdict: RunVerdict) -> &'static str {
    match verdict {
        RunVerdict::Passed => "passed",
        RunVerdict::PassedWithThisSeed => "passed-with-this-seed",
        RunVerdict::Failed => "failed",
        RunVerdict::NothingJudged => "nothing-judged",
        RunVerdict::EndedEarly => "ended-early",
    }
}

/// `client` or `server`.
pub const fn side(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}
