//! Stretches in which a connection goes on without TLS: its server has no certificate and serves in the clear, and its
//! client was told so over a relation. Nothing fails, and nothing is encrypted.

use trustsim_kernel::{Span, Time};
use trustsim_model::{Journal, Kind, Manifest};

/// One stretch without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unencrypted {
    /// Index into [`Manifest::connections`].
    pub connection: u32,
    /// The first instant without TLS.
    pub from: Time,
    /// The first instant after it with TLS, or with a failure; `None` where it went on at the end.
    pub until: Option<Time>,
}

impl Unencrypted {
    /// How long it lasted, up to `end` where it went on.
    pub fn length(&self, end: Time) -> Span {
        self.until.unwrap_or(end).since(self.from)
    }
}

/// Every stretch without TLS that is longer than the scenario tolerates of an outage, by (start, connection). What ended
/// before the deployment was at rest for the first time belongs to its installation.
pub(super) fn unencrypted(manifest: &Manifest, journal: &Journal) -> Vec<Unencrypted> {
    let mut open: Vec<Option<Time>> = vec![None; manifest.connections.len()];
    let mut found = Vec::new();
    for entry in journal.entries() {
        let Kind::Handshake(record) = &entry.kind else {
            continue;
        };
        let index = record.connection as usize;
        let Some(first) = manifest.connections[index].first_attempt else {
            continue;
        };
        let at = entry.time.max(first);
        match (record.verdict.without_tls, open[index]) {
            (true, None) => open[index] = Some(at),
            (false, Some(from)) => {
                open[index] = None;
                found.push(Unencrypted {
                    connection: record.connection,
                    from,
                    until: Some(at),
                });
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    for (connection, from) in (0..).zip(open) {
        found.extend(from.map(|from| Unencrypted {
            connection,
            from,
            until: manifest.connections[connection as usize].ended,
        }));
    }
    let settled = manifest.settled_at;
    let is_told = |stretch: &Unencrypted| {
        let is_installation = stretch
            .until
            .is_some_and(|until| settled.is_some_and(|settled| until <= settled));
        let length = stretch.length(manifest.end());
        !length.is_zero() && length >= manifest.deployment.tolerate && !is_installation
    };
    found.retain(is_told);
    found.sort_by_key(|stretch| (stretch.from, stretch.connection));
    found
}
