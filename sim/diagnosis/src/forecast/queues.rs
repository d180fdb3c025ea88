//! Who waits longest: a unit for its hook to begin, a request for its certificate.

use std::collections::BTreeMap;

use crate::addresses::{address, application_of};
use trustsim_kernel::{Span, Time};
use trustsim_model::{Journal, Kind};

/// The longest wait of a unit from a change to the hook that is told of it: the watcher's latency,
/// its own hooks before, its machine's lock, a link that is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookQueue {
    /// `model.app/0`.
    pub unit: String,
    /// The hook that waited longest.
    pub hook: String,
    /// How long.
    pub longest: Span,
    /// When it began.
    pub at: Time,
    /// How many of its own hooks ran meanwhile.
    pub own_hooks_before: u64,
    /// How many hooks the unit ran that were caused by a change.
    pub hooks: u64,
    /// How long they waited in all.
    pub total: Span,
}

/// The longest wait for a certificate of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestQueue {
    /// `model.app` of the provider.
    pub provider: String,
    /// `model.app/0` or `model.app` of who waited longest.
    pub holder: String,
    /// How long.
    pub longest: Span,
    /// When it was issued.
    pub at: Time,
    /// How many requests it answered whose time is known.
    pub answered: u64,
    /// How long they waited in all.
    pub total: Span,
}

/// One for each unit that ever ran a hook because of a change, by unit.
pub(super) fn hooks(journal: &Journal) -> Vec<HookQueue> {
    let mut found: BTreeMap<String, HookQueue> = BTreeMap::new();
    let mut began: BTreeMap<String, Vec<Time>> = BTreeMap::new();
    for entry in journal.entries() {
        let Kind::HookStarted { hook } = &entry.kind else {
            continue;
        };
        let unit = address(&entry.subject);
        let own = began.entry(unit.clone()).or_default();
        own.push(entry.time);
        let cause = entry.cause.and_then(|cause| journal.get(cause));
        // What only time brings names the unit's last hook, and waited for nothing.
        let Some(cause) = cause.filter(|cause| is_change(&cause.kind)) else {
            continue;
        };
        let waited = entry.time.since(cause.time);
        let queue = found.entry(unit.clone()).or_insert_with(|| HookQueue {
            unit,
            hook: String::new(),
            longest: Span::ZERO,
            at: entry.time,
            own_hooks_before: 0,
            hooks: 0,
            total: Span::ZERO,
        });
        queue.hooks += 1;
        queue.total += waited;
        if waited > queue.longest {
            queue.longest = waited;
            queue.at = entry.time;
            queue.hook = hook.to_string();
            let first = own.partition_point(|time| *time < cause.time);
            queue.own_hooks_before = (own.len() - 1 - first.min(own.len() - 1)) as u64;
        }
    }
    found.into_values().collect()
}

const fn is_change(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::DatabagChanged { .. } | Kind::Secret { .. } | Kind::Action(_)
    )
}

/// One for each provider that ever answered a request, by provider.
pub(super) fn requests(journal: &Journal) -> Vec<RequestQueue> {
    let mut found: BTreeMap<String, RequestQueue> = BTreeMap::new();
    for entry in journal.entries() {
        let Kind::CertificateIssued(record) = &entry.kind else {
            continue;
        };
        let Some(asked) = record.requested_at else {
            continue;
        };
        let provider = application_of(&address(&entry.subject)).to_owned();
        let waited = entry.time.since(asked);
        let queue = found
            .entry(provider.clone())
            .or_insert_with(|| RequestQueue {
                provider,
                holder: String::new(),
                longest: Span::ZERO,
                at: entry.time,
                answered: 0,
                total: Span::ZERO,
            });
        queue.answered += 1;
        queue.total += waited;
        if waited >= queue.longest {
            queue.longest = waited;
            queue.at = entry.time;
            queue.holder = crate::addresses::holder(record);
        }
    }
    found.into_values().collect()
}
