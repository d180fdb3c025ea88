//! Did you mean: the nearest right name to a wrong one.

/// The candidate that a hurried hand most likely meant: at most a third of its letters wrong,
/// added, missing or swapped with a neighbour. The first of equals wins.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Beyond this length no name is mistyped, and the cost is quadratic.
    const LONGEST: usize = 64;
    let length = |text: &str| text.chars().take(LONGEST + 1).count();
    let is_name = |length: usize| (1..=LONGEST).contains(&length);
    let letters = length(wrong);
    if !is_name(letters) {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let longer = letters.max(length(candidate));
        if candidate.is_empty() || !is_name(longer) {
            continue;
        }
        let distance = strsim::osa_distance(wrong, candidate);
        let allowed = (longer / 3).max(1);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_recognised() {
        let names = ["relations", "applications", "ca", "receive-ca-cert"];
        for (wrong, right) in [
            ("relation", Some("relations")),
            ("aplications", Some("applications")),
            ("caa", Some("ca")),
            ("recieve-ca-cert", Some("receive-ca-cert")),
            ("receive_ca_cert", Some("receive-ca-cert")),
            ("vault", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, names), right, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_right_name_is_its_own_nearest(name in "[a-z]{1,20}") {
            prop_assert_eq!(nearest(&name, ["zzzzzzzzzzzzzzzzzzzzz", &name]), Some(name.as_str()));
        }
    }
}
