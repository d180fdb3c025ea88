//! The longest waits: from a change to the hook that handles it, per unit; from a request to its certificate, per
//! provider.

use std::collections::BTreeMap;

use trustsim_kernel::{Span, Time};
use trustsim_model::{Address, Journal, Kind};

/// The longest wait of a unit from a change to the hook that handles it. A unit waits for the watcher's latency, its
/// own hooks before, its machine's lock and a link that is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookWait {
    /// The unit.
    pub unit: Address,
    /// The hook that waited longest.
    pub hook: String,
    /// How long.
    pub longest: Span,
    /// When that hook began.
    pub at: Time,
    /// How many of its own hooks began meanwhile. A hook that ran already when the change came is not counted.
    pub own_hooks_before: u64,
    /// How many hooks the unit ran that were caused by a change.
    pub hooks: u64,
    /// How long they waited in all.
    pub total: Span,
}

/// The longest wait for a certificate of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateWait {
    /// The provider.
    pub provider: Address,
    /// The unit or application that waited longest.
    pub requirer: Address,
    /// How long.
    pub longest: Span,
    /// When it was issued.
    pub at: Time,
    /// How many requests it answered whose time is known.
    pub answered: u64,
    /// How long they waited in all.
    pub total: Span,
}

/// The longest wait of each unit that ever ran a hook because of a change, in the order of the units.
pub(super) fn hooks(journal: &Journal) -> Vec<HookWait> {
    let mut found: BTreeMap<Address, HookWait> = BTreeMap::new();
    let mut began: BTreeMap<Address, Vec<Time>> = BTreeMap::new();
    for entry in journal.entries() {
        let Kind::HookStarted { hook } = &entry.kind else {
            continue;
        };
        let unit = entry.subject.address();
        let unit = unit.expect("a hook is of a unit");
        let before = began.entry(unit.clone()).or_default();
        let cause = entry.cause.and_then(|cause| journal.get(cause));
        if let Some(cause) = cause.filter(|cause| is_change(&cause.kind)) {
            let own_hooks_since = before.iter().filter(|time| **time >= cause.time);
            let wait = HookWait {
                unit: unit.clone(),
                hook: hook.to_string(),
                longest: entry.time.since(cause.time),
                at: entry.time,
                own_hooks_before: own_hooks_since.count() as u64,
                hooks: 1,
                total: entry.time.since(cause.time),
            };
            found
                .entry(unit)
                .and_modify(|known| *known = known.merged(&wait))
                .or_insert(wait);
        }
        before.push(entry.time);
    }
    found.into_values().collect()
}

impl HookWait {
    /// The longer of the two, with the counts of both.
    fn merged(&self, later: &Self) -> Self {
        let longest = longer(self, later, |wait| wait.longest);
        Self {
            hooks: self.hooks + later.hooks,
            total: self.total + later.total,
            ..longest.clone()
        }
    }
}

/// The longer of two waits, the earlier of two that are equally long.
fn longer<'w, W>(earlier: &'w W, later: &'w W, length: impl Fn(&W) -> Span) -> &'w W {
    if length(later) > length(earlier) {
        later
    } else {
        earlier
    }
}

/// Whether a hook with this cause waited since its instant.
const fn is_change(kind: &Kind) -> bool {
    match kind {
        Kind::DatabagChanged { .. } | Kind::Secret { .. } | Kind::Action(_) => true,
        // The entry of a relation is also the cause of the hooks of units that were added much later, and the first
        // leader is elected before its machine is there: the time since then is not a wait.
        Kind::Relation { .. } | Kind::LeaderElected => false,
        // The cause of a timer's hook is the unit's previous hook, and so is that of a hook that is tried again:
        // neither waited for a change.
        Kind::Started
        | Kind::HookStarted { .. }
        | Kind::HookCommitted { .. }
        | Kind::HookFailed { .. } => false,
        // No hook is caused by these.
        Kind::StatusChanged { .. }
        | Kind::AgentNotConnected(_)
        | Kind::LinkDown(_)
        | Kind::CertificateIssued(_)
        | Kind::CertificateServed { .. }
        | Kind::TrustChanged { .. }
        | Kind::KeyStored(_)
        | Kind::Settled { .. }
        | Kind::Handshake(_)
        | Kind::Persists(_)
        | Kind::Note(_) => false,
    }
}

/// The longest wait for each provider that ever answered a request, in the order of the providers.
pub(super) fn requests(journal: &Journal) -> Vec<CertificateWait> {
    let mut found: BTreeMap<Address, CertificateWait> = BTreeMap::new();
    for entry in journal.entries() {
        let Kind::CertificateIssued(record) = &entry.kind else {
            continue;
        };
        let (Some(asked), Some(signer)) = (record.requested_at, entry.subject.address()) else {
            continue;
        };
        let provider = signer.to_application();
        let wait = CertificateWait {
            provider: provider.clone(),
            requirer: record.holder(),
            longest: entry.time.since(asked),
            at: entry.time,
            answered: 1,
            total: entry.time.since(asked),
        };
        found
            .entry(provider)
            .and_modify(|known| *known = known.merged(&wait))
            .or_insert(wait);
    }
    found.into_values().collect()
}

impl CertificateWait {
    /// The longer of the two, with the counts of both.
    fn merged(&self, later: &Self) -> Self {
        let longest = longer(self, later, |wait| wait.longest);
        Self {
            answered: self.answered + later.answered,
            total: self.total + later.total,
            ..longest.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(hook: &str, seconds: u64) -> HookWait {
        HookWait {
            unit: Address::unit_in("m", "a", 0),
            hook: hook.to_owned(),
            longest: Span::from_secs(seconds),
            at: Time::from_seconds(1),
            own_hooks_before: 0,
            hooks: 1,
            total: Span::from_secs(seconds),
        }
    }

    #[test]
    fn the_first_of_equally_long_waits_is_told_and_one_of_no_time_has_its_hook() {
        let both = wait("first", 0).merged(&wait("second", 0));
        assert_eq!((both.hook.as_str(), both.hooks), ("first", 2));
        let all = both.merged(&wait("third", 3)).merged(&wait("fourth", 3));
        assert_eq!((all.hook.as_str(), all.hooks), ("third", 4));
        assert_eq!(all.total, Span::from_secs(6));
    }
}
