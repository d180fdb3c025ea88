//! Did you mean: the nearest right name to a wrong one.

/// The candidate that a hurried hand most likely meant: at most a third of its letters wrong,
/// added, missing or swapped. The first of equals wins.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Beyond this length nobody mistypes a name, and the cost is quadratic.
    const LONGEST: usize = 64;
    let wrong: Vec<char> = wrong.chars().take(LONGEST + 1).collect();
    if wrong.is_empty() || wrong.len() > LONGEST {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let letters: Vec<char> = candidate.chars().take(LONGEST + 1).collect();
        if letters.is_empty() || letters.len() > LONGEST {
            continue;
        }
        let allowed = (wrong.len().max(letters.len()) / 3).max(1);
        let distance = distance(&wrong, &letters);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Optimal string alignment: insertions, deletions, substitutions and neighbour swaps. Case and
/// the choice between `-` and `_` cost nothing twice: they count as one wrong letter each.
fn distance(left: &[char], right: &[char]) -> usize {
    let width = right.len() + 1;
    let mut rows = vec![vec![0; width]; left.len() + 1];
    for (row, cells) in rows.iter_mut().enumerate() {
        cells[0] = row;
    }
    for (column, cell) in rows[0].iter_mut().enumerate() {
        *cell = column;
    }
    for row in 1..=left.len() {
        for column in 1..width {
            let (a, b) = (left[row - 1], right[column - 1]);
            let mut least = (rows[row - 1][column] + 1)
                .min(rows[row][column - 1] + 1)
                .min(rows[row - 1][column - 1] + usize::from(a != b));
            let swapped = row > 1 && column > 1 && a == right[column - 2] && left[row - 2] == b;
            if swapped {
                least = least.min(rows[row - 2][column - 2] + 1);
            }
            rows[row][column] = least;
        }
    }
    rows[left.len()][right.len()]
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
