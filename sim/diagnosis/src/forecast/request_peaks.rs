//! How requests crowd: the most that came to a provider within an hour, and how much of each limit
//! of a public CA that used up.

use std::collections::BTreeMap;

use trustsim_charm_model::{AcmeLimit, AcmeLimitScope, acme_limits, domains};
use trustsim_kernel::{Span, Time};
use trustsim_model::{Address, Deployment, Journal, Kind};
use trustsim_pki::Certificate;

const HOUR: Span = Span::from_secs(3_600);

/// The most that something had to bear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPeak {
    /// The provider.
    pub provider: Address,
    /// What is counted: `requests`, or the name of a limit.
    pub what: &'static str,
    /// The subject of the limit, such as a registered domain; empty where it is the provider.
    pub subject: String,
    /// Over how long.
    pub window: Span,
    /// The most within that long.
    pub peak: u64,
    /// When that began.
    pub at: Time,
    /// How many in all.
    pub total: u64,
    /// How many are allowed; `None` where there is no limit.
    pub limit: Option<u64>,
}

/// Requests of one kind.
struct Requests {
    window: Span,
    limit: Option<u64>,
    times: Vec<Time>,
}

/// Every provider's hour of most requests; of a charm that orders from a public CA also the limits.
pub(super) fn request_peaks(deployment: &Deployment, journal: &Journal) -> Vec<RequestPeak> {
    let applications = deployment.applications.iter_enumerated();
    let public: Vec<Address> = applications
        .filter(|(_, spec)| spec.charm.implementation.orders_from_acme())
        .map(|(index, _)| deployment.application_address(index))
        .collect();
    let mut found: BTreeMap<(Address, &'static str, String), Requests> = BTreeMap::new();
    for entry in journal.entries() {
        let Kind::CertificateIssued(record) = &entry.kind else {
            continue;
        };
        // A CA outside Juju signs for itself, and is asked by no one.
        let Some(signer) = entry.subject.address() else {
            continue;
        };
        if record.kind.is_root() {
            continue;
        }
        let provider = signer.to_application();
        let at = record.requested_at.unwrap_or(entry.time);
        let mut add = |what, subject: String, window, limit| {
            let requests = found
                .entry((provider.clone(), what, subject))
                .or_insert_with(|| Requests {
                    window,
                    limit,
                    times: Vec::new(),
                });
            requests.times.push(at);
        };
        add("requests", String::new(), HOUR, None);
        if public.contains(&provider) {
            for limit in acme_limits() {
                for subject in subjects(&limit, &record.certificate) {
                    let burst = u64::from(limit.burst);
                    add(limit.name, subject, limit.refill * limit.burst, Some(burst));
                }
            }
        }
    }
    let peaks = found
        .into_iter()
        .map(|((provider, what, subject), mut requests)| {
            requests.times.sort_unstable();
            let (peak, at) = busiest(&requests.times, requests.window);
            RequestPeak {
                provider,
                what,
                subject,
                window: requests.window,
                peak,
                at,
                total: requests.times.len() as u64,
                limit: requests.limit,
            }
        });
    peaks.collect()
}

/// The subjects for which a limit counts an order.
fn subjects(limit: &AcmeLimit, certificate: &Certificate) -> Vec<String> {
    let names = || certificate.dns_names();
    match limit.counts {
        AcmeLimitScope::RegisteredDomain => {
            domains(&names().map(str::to_owned).collect::<Vec<_>>())
        }
        AcmeLimitScope::ExactSetOfNames => {
            let mut set: Vec<&str> = names().collect();
            set.sort_unstable();
            vec![set.join(" ")]
        }
        AcmeLimitScope::Account => vec![String::new()],
    }
}

/// The most instants within `window` of the first of them, and that first one; `times` are in order.
fn busiest(times: &[Time], window: Span) -> (u64, Time) {
    let mut best = (0, times.first().copied().unwrap_or(Time::EPOCH));
    for (index, first) in times.iter().enumerate() {
        let last = times.partition_point(|time| *time < *first + window);
        let count = (last - index) as u64;
        if count > best.0 {
            best = (count, *first);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_window_holds_more_than_the_busiest(
            mut seconds in prop::collection::vec(0_u64..500, 1..40), window in 1_u64..100,
        ) {
            seconds.sort_unstable();
            let at = |second: u64| Time::from_nanos(second * 1_000_000_000);
            let times: Vec<Time> = seconds.iter().map(|&second| at(second)).collect();
            let (peak, _) = busiest(&times, Span::from_secs(window));
            let most = (0..500_u64).map(|from| {
                seconds.iter().filter(|&&s| s >= from && s < from + window).count() as u64
            });
            prop_assert_eq!(Some(peak), most.max());
        }
    }
}
