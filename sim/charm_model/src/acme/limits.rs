//! The rate limits of Let's Encrypt (letsencrypt.org/docs/rate-limits, letsencrypt/boulder
//! `ratelimits/`): buckets that fill again bit by bit. Knows nothing of what is counted.

use super::Refused;
use trustsim_interfaces::UnitContext;
use trustsim_juju::Value;
use trustsim_kernel::{Span, Time, format_duration};

/// A rate limit: a bucket of `burst` that gets one back every `refill`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    name: &'static str,
    counts: Counted,
    burst: u32,
    refill: Span,
}

/// What a rate limit counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Everything that one account does.
    Account,
    /// What is for one registered domain.
    RegisteredDomain,
    /// What is for exactly the same names.
    ExactSetOfNames,
}

/// 300 orders in 3 hours.
pub(super) const ORDERS: Limit = Limit {
    name: "new-orders-per-account",
    counts: Counted::Account,
    burst: 300,
    refill: Span::from_secs(36),
};
/// 5 failures in an hour.
pub(super) const FAILURES: Limit = Limit {
    name: "authorization-failures-per-identifier-per-account",
    counts: Counted::Account,
    burst: 5,
    refill: Span::from_secs(12 * 60),
};
/// 50 in 7 days.
pub(super) const PER_DOMAIN: Limit = Limit {
    name: "new-certificates-per-registered-domain",
    counts: Counted::RegisteredDomain,
    burst: 50,
    refill: Span::from_secs(7 * 86_400 / 50),
};
/// 5 in 7 days.
pub(super) const PER_SET: Limit = Limit {
    name: "new-certificates-per-exact-set-of-identifiers",
    counts: Counted::ExactSetOfNames,
    burst: 5,
    refill: Span::from_secs(7 * 86_400 / 5),
};

/// A rate limit of the public CA, for a report that counts what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcmeLimit {
    /// Its name.
    pub name: &'static str,
    /// What it counts together.
    pub counts: Counted,
    /// How many at once.
    pub burst: u32,
    /// How long until one more is allowed.
    pub refill: Span,
}

/// The limits that count certificates.
pub fn acme_limits() -> [AcmeLimit; 3] {
    [ORDERS, PER_DOMAIN, PER_SET].map(|limit| AcmeLimit {
        name: limit.name,
        counts: limit.counts,
        burst: limit.burst,
        refill: limit.refill,
    })
}

impl Limit {
    fn key(&self, subject: &str) -> String {
        format!("acme/{}/{subject}", self.name)
    }

    /// When the bucket will be full again.
    fn full_at(&self, unit: &UnitContext<'_>, subject: &str, now: Time) -> Time {
        // What was never asked for has all of its burst.
        let Some(kept) = unit.outside(&self.key(subject)) else {
            return now;
        };
        let nanos = kept.text().parse().expect("the instant that `take` wrote");
        Time::from_nanos(nanos).max(now)
    }

    /// How long until there is one to take; `None` where there is one now.
    pub(super) fn wait(&self, unit: &UnitContext<'_>, subject: &str, now: Time) -> Option<Span> {
        self.wait_where(self.full_at(unit, subject, now), now)
    }

    /// The same where the bucket will be full again at `full_at`.
    fn wait_where(&self, full_at: Time, now: Time) -> Option<Span> {
        let missing = full_at.since(now);
        let allowed = self.refill * (self.burst - 1);
        (missing > allowed).then(|| missing - allowed)
    }

    pub(super) fn take(&self, unit: &mut UnitContext<'_>, subject: &str, now: Time) {
        let full_at = self.full_at(unit, subject, now) + self.refill;
        let text = full_at.as_nanos().to_string();
        unit.set_outside(&self.key(subject), Some(Value::from(text)));
    }

    /// What the server says where there is none to take (boulder `ratelimits/limiter.go`).
    pub(super) fn refusal(&self, what: &str, wait: Span) -> Refused {
        let wait = format_duration(wait);
        Refused::by_server(
            "rateLimited",
            format!(
                "too many {what}, retry after {wait}: see https://letsencrypt.org/docs/rate-limits/#{}",
                self.name
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// letsencrypt.org/docs/rate-limits: 300 orders of an account within 3 hours, one more every
    /// 36 seconds.
    #[test]
    fn an_account_may_order_three_hundred_times_and_then_every_36_seconds() {
        let now = Time::from_seconds(1_767_225_600);
        let mut full_at = now;
        for _ in 0..300 {
            assert_eq!(ORDERS.wait_where(full_at, now), None);
            full_at = full_at + ORDERS.refill;
        }
        let wait = ORDERS.wait_where(full_at, now);
        let wait = wait.expect("the bucket is empty");
        assert_eq!(wait, Span::from_secs(36));
        assert_eq!(ORDERS.wait_where(full_at, now + wait), None);
        assert!(ORDERS.wait_where(full_at, now + wait / 2).is_some());
        assert_ne!(ORDERS.key("account"), ORDERS.key("another"));
    }
}
