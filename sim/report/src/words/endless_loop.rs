//! The words for a run that ended before its time, because the hooks of a unit are taken for a loop.

use super::number::grouped;
use trustsim_model::EndlessLoop;

/// Kinds of hooks that are named.
const NAMED: usize = 3;

/// What ran without an end, and when the run was ended, in one line.
pub fn line(found: &EndlessLoop) -> String {
    let count: u64 = found.hooks.iter().map(|(_, count)| u64::from(*count)).sum();
    let named = found.hooks.iter().take(NAMED);
    let named: Vec<String> = named
        .map(|(hook, count)| format!("{} {hook}", grouped(u64::from(*count))))
        .collect();
    format!(
        "{} ran {} hooks between {} and {}, {} among them: that is taken for a loop, and the run was ended there",
        found.unit,
        grouped(count),
        found.since,
        found.at,
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_juju::HookName;
    use trustsim_kernel::Time;
    use trustsim_testkit::address_of;

    #[test]
    fn a_loop_is_told_by_its_hooks() {
        let at = |text| Time::parse(text).expect("it is RFC 3339");
        let found = EndlessLoop {
            unit: address_of("m.api/0"),
            since: at("2026-01-02T01:00:00Z"),
            at: at("2026-01-02T09:00:00Z"),
            hooks: vec![
                (HookName::SecretExpired, 6_001),
                (HookName::UpdateStatus, 4_000),
            ],
        };
        insta::assert_snapshot!(line(&found), @"m.api/0 ran 10 001 hooks between 2026-01-02T01:00:00Z and 2026-01-02T09:00:00Z, 6 001 secret-expired, 4 000 update-status among them: that is taken for a loop, and the run was ended there");
    }
}
