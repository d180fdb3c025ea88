//! The words for hooks that were not played, because each does what the one before did.

use super::number::{counted, grouped};
use trustsim_model::UnplayedRepeats;

/// Which unit repeats what, and how much of it was not played, in one line.
pub fn line(unplayed: &UnplayedRepeats) -> String {
    let signed = match unplayed.certificates {
        0 => String::new(),
        some => format!(
            ", for which {} would have been signed",
            counted(some, "certificate")
        ),
    };
    format!(
        "each {} of {} {} the same since {}: from {} on only a few were played, and {} were not{signed} (--every-hook plays all)",
        unplayed.hook,
        unplayed.unit,
        if unplayed.fails { "fails" } else { "does" },
        unplayed.since.truncated_to_seconds(),
        unplayed.from.truncated_to_seconds(),
        grouped(unplayed.count),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_juju::HookName;
    use trustsim_kernel::Time;
    use trustsim_testkit::address_of;

    #[test]
    fn hooks_that_were_not_played_are_counted() {
        let at = |text| Time::parse(text).expect("it is RFC 3339");
        let unplayed = UnplayedRepeats {
            unit: address_of("m.vault/0"),
            hook: HookName::UpdateStatus,
            fails: false,
            since: at("2026-01-28T00:21:48Z"),
            from: at("2026-03-04T00:25:00Z"),
            count: 1_012_345,
            certificates: 0,
        };
        insta::assert_snapshot!(line(&unplayed), @"each update-status of m.vault/0 does the same since 2026-01-28T00:21:48Z: from 2026-03-04T00:25:00Z on only a few were played, and 1 012 345 were not (--every-hook plays all)");
        let signed = UnplayedRepeats {
            certificates: 1_012_345,
            ..unplayed.clone()
        };
        let told = line(&signed);
        assert!(
            told.contains("were not, for which 1 012 345 certificates would have been signed"),
            "{told}"
        );
        let failing = UnplayedRepeats {
            hook: HookName::ConfigChanged,
            fails: true,
            ..unplayed
        };
        assert!(
            line(&failing).starts_with("each config-changed of m.vault/0 fails the same since")
        );
    }
}
