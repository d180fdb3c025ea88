//! Handshakes of a run: the verdicts that are known, and how many were performed for them.

use std::sync::Arc;

use trustsim_kernel::Streams;
use trustsim_tls::{Case, Resumption, VerdictCache, handshake, resume};
use trustsim_validators::Verdict;

/// Performs handshakes; equal cases are performed once.
#[derive(Clone, Debug)]
pub(super) struct Handshakes {
    streams: Streams,
    cache: VerdictCache,
    performed: u64,
}

/// A verdict, and whether a handshake was performed for it.
pub(super) struct Judged {
    pub(super) verdict: Arc<Verdict>,
    pub(super) performed: bool,
}

impl Judged {
    /// A verdict for which there was no handshake.
    pub(super) fn supposed(verdict: Verdict) -> Self {
        Self {
            verdict: Arc::new(verdict),
            performed: false,
        }
    }
}

impl Handshakes {
    pub(super) fn new(streams: Streams) -> Self {
        Self {
            streams,
            cache: VerdictCache::default(),
            performed: 0,
        }
    }

    /// Handshakes performed and verdicts used again, so far.
    pub(super) fn count(&self) -> (u64, u64) {
        (self.performed, self.cache.reused())
    }

    /// The verdict of a case. Random bytes are drawn by `purpose` and `subject`.
    pub(super) fn judge(&mut self, case: &Case, purpose: &str, subject: &str) -> Judged {
        let judged = self.cached(case, purpose, subject);
        self.performed += u64::from(judged.performed);
        judged
    }

    /// The verdict of a case that no client attempts: it is not counted.
    pub(super) fn suppose(&mut self, case: &Case, purpose: &str, subject: &str) -> Arc<Verdict> {
        self.cached(case, purpose, subject).verdict
    }

    /// One attempt, performed in full.
    pub(super) fn perform(&mut self, case: &Case, subject: &str) -> Verdict {
        self.performed += 1;
        handshake(case, self.streams.stream("attempt", subject))
    }

    /// A handshake that takes the session of `earlier` up, with the one that made the session; `None`
    /// where the session is not taken up.
    pub(super) fn resume(
        &mut self,
        earlier: &Case,
        later: &Case,
        how: Resumption,
        subject: &str,
    ) -> Option<Verdict> {
        let stream = self.streams.stream("session", subject);
        let (verdict, resumed) = resume(earlier, later, how, stream);
        self.performed += 2;
        resumed.then_some(verdict)
    }

    /// The verdict of a case, performed apart from the run.
    pub(super) fn perform_apart(&self, case: &Case, subject: &str) -> Verdict {
        handshake(case, self.streams.stream("export", subject))
    }

    fn cached(&mut self, case: &Case, purpose: &str, subject: &str) -> Judged {
        let streams = &self.streams;
        let (verdict, performed) = self.cache.judge(case, || streams.stream(purpose, subject));
        Judged { verdict, performed }
    }
}
