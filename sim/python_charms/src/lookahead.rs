//! Until when a hook that did nothing would do nothing again: what Juju repeats for months is not run for months.
//!
//! A charm's code reads the clock where it cannot be seen, so it is asked what it would do later: a week on, just after each
//! instant in between at which a certificate in sight begins or ends, and just before its end: what is done in the last part of
//! its life alone (`_renew_expiring_certificates` of canonical/tls-certificates-interface v4.30, in the last twentieth) is done
//! then. Where it would do something, the time before is
//! halved down to five minutes. **Assumption.** What does nothing now and nothing at these instants does nothing in between.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use trustsim_juju::Value;
use trustsim_juju::VisibleModel;
use trustsim_kernel::{Span, Time};
use trustsim_pki::Certificate;

use crate::recognise::certificates_in;

/// How far ahead a charm is asked.
const WEEK: Span = Span::from_secs(7 * 86_400);
/// How exactly it is found when it would do something.
const RESOLUTION: Span = Span::from_secs(300);
/// Certificates are valid to the second, at their last one too.
const JUST_BEFORE: Span = Span::from_secs(1);
const JUST_AFTER: Span = Span::from_secs(1);

/// The instant up to which the hook would do nothing, `now` where it may do something at once. `is_quiet` plays it at an
/// instant with everything else as it is now.
pub(crate) fn quiet_until(
    now: Time,
    boundaries: &BTreeSet<Time>,
    mut is_quiet: impl FnMut(Time) -> bool,
) -> Time {
    // Asked from one instant or a little later it is the same week, whose answers are known then.
    let week = Time::from_seconds((now + WEEK).as_seconds() / 86_400 * 86_400);
    let between = boundaries.range(now..week).copied();
    let mut quiet = now;
    for asked in between.chain([week]) {
        if is_quiet(asked) {
            quiet = asked;
            continue;
        }
        let mut busy = asked;
        while busy.since(quiet) > RESOLUTION {
            let middle = quiet + busy.since(quiet) / 2;
            match is_quiet(middle) {
                true => quiet = middle,
                false => busy = middle,
            }
        }
        break;
    }
    quiet
}

/// The instants just after a certificate that the unit can see begins, and just before and after it ends.
pub(crate) fn boundaries<'a>(
    seen: &'a VisibleModel,
    files: impl Iterator<Item = &'a Value>,
) -> BTreeSet<Time> {
    let mut found = BTreeSet::new();
    let mut add = |certificates: Vec<Certificate>| {
        for certificate in certificates {
            found.extend(instants(certificate.not_before(), certificate.not_after()));
        }
    };
    for relation in &seen.relations {
        let own = [
            Some(&relation.unit_data),
            relation.application_data.as_ref(),
        ];
        let remote = relation.remote_units.values();
        let bags = remote.chain([&relation.remote_application_data]);
        bags.chain(own.into_iter().flatten())
            .for_each(|bag| add(certificates_in(bag)));
    }
    let secrets = seen
        .secrets
        .iter()
        .flat_map(|secret| secret.content.values());
    for value in secrets.chain(files) {
        if value.text().contains("BEGIN CERTIFICATE") {
            add(Certificate::undamaged_from_pem(value.text()));
        }
    }
    found
}

/// The instants at which it is asked for a certificate that is valid from one instant to another.
fn instants(begins: Time, ends: Time) -> [Time; 3] {
    [begins + JUST_AFTER, ends - JUST_BEFORE, ends + JUST_AFTER]
}

/// What an update-status is asked at another instant differs in nothing else.
pub(crate) type Asked = Map<String, Json>;

#[cfg(test)]
mod tests {
    use super::*;

    fn until(now: u64, boundaries: &[u64], acts_from: u64, acts_to: u64) -> (u64, usize) {
        let mut asked = 0;
        let boundaries = boundaries
            .iter()
            .map(|at| Time::from_seconds(*at))
            .collect();
        let quiet = quiet_until(Time::from_seconds(now), &boundaries, |at| {
            asked += 1;
            !(acts_from..acts_to).contains(&at.as_seconds())
        });
        (quiet.as_seconds(), asked)
    }

    #[test]
    fn a_quiet_charm_is_asked_once_a_week() {
        let day = 86_400;
        assert_eq!(until(10 * day + 5, &[], u64::MAX, u64::MAX), (17 * day, 1));
        assert_eq!(
            until(10 * day + 400, &[], u64::MAX, u64::MAX),
            (17 * day, 1)
        );
    }

    #[test]
    fn when_it_acts_is_found_to_five_minutes() {
        let acts = 12 * 86_400 + 1234;
        let (quiet, asked) = until(10 * 86_400, &[], acts, u64::MAX);
        assert!(acts - 300 <= quiet && quiet < acts, "{quiet}");
        assert!(asked < 14, "{asked}");
    }

    /// As `_renew_expiring_certificates` does: after the end it is too late.
    #[test]
    fn what_is_done_in_the_last_part_of_a_certificates_life_alone_is_found() {
        let (begins, ends) = (5 * 86_400, 15 * 86_400);
        let asked = instants(Time::from_seconds(begins), Time::from_seconds(ends));
        let asked = asked.map(Time::as_seconds);
        let acts = ends - 86_400 / 2;
        let (quiet, _) = until(10 * 86_400, &asked, acts, ends);
        assert!(acts - 300 <= quiet && quiet < acts, "{quiet}");
    }

    #[test]
    fn what_lasts_for_an_hour_is_seen_at_the_end_of_a_certificate() {
        let end = 12 * 86_400;
        let (quiet, _) = until(10 * 86_400, &[end], end, end + 3600);
        assert!(end - 300 <= quiet && quiet < end, "{quiet}");
        assert_eq!(until(10 * 86_400, &[], end, end + 3600).0, 17 * 86_400);
    }
}
