//! The shortest pauses with which a playbook loses nothing, found by halving and shown to be the
//! shortest: one second less fails.

use super::failure::Failure;
use super::playbook::OpenPauses;
use trustsim_kernel::Span;

/// A pause that was solved for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Whole seconds.
    pub length: Span,
    /// What goes wrong with one second less; `None` for no pause at all.
    pub one_second_less: Option<Shortfall>,
}

/// What goes wrong, and with which seed: of those that were tried, that one needs most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// The seed.
    pub seed: u64,
    /// The first thing that goes wrong.
    pub failure: Failure,
}

/// Both pauses of a playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// From distributing the new root until the new CA signs.
    pub before_switch: Pause,
    /// From then until the old root is withdrawn.
    pub before_withdrawal: Pause,
}

impl Pauses {
    /// How long both roots are trusted.
    pub fn overlap(&self) -> Span {
        self.before_switch.length + self.before_withdrawal.length
    }
}

/// What a try of two pauses came to: `None` is nothing lost, else what went wrong first.
pub(super) type Tried = Option<Shortfall>;

const SECOND: Span = Span::from_secs(1);

/// Pauses so long that longer ones would not help, to begin with.
const GENEROUS: [u64; 7] = [
    600,
    3_600,
    86_400,
    7 * 86_400,
    31 * 86_400,
    100 * 86_400,
    400 * 86_400,
];

/// The shortest pauses for which `attempt` finds nothing wrong, none longer than `longest`; `None`
/// where there are none. A playbook without pauses has them zero.
///
/// Longer pauses are taken to be no worse; that the answer is right where it matters, at its edge,
/// is tried.
pub(super) fn solve(
    open: OpenPauses,
    longest: Span,
    mut attempt: impl FnMut(Span, Span) -> Tried,
) -> Option<Pauses> {
    let pauses = |length: Span| match open {
        OpenPauses::Neither => (Span::ZERO, Span::ZERO),
        OpenPauses::Both => (length, length),
    };
    let mut generous = GENEROUS
        .map(Span::from_secs)
        .into_iter()
        .filter(|length| *length <= longest)
        .chain([longest]);
    let (most_lead, most_tail) = generous.find_map(|length| {
        let (lead, tail) = pauses(length);
        attempt(lead, tail).is_none().then_some((lead, tail))
    })?;
    // The more time there is after the switch, the less is needed before it; what is needed after
    // it is asked of the shortest time before it.
    let (_, all_tail) = pauses(longest);
    let ample = [all_tail, most_tail];
    let ample = ample
        .into_iter()
        .find(|tail| attempt(most_lead, *tail).is_none())?;
    let lead = shortest(most_lead, |lead| attempt(lead, ample));
    let enough = match attempt(lead, most_tail) {
        None => most_tail,
        Some(_) => ample,
    };
    let tail = shortest(enough, |tail| attempt(lead, tail));
    // With less of the other pause a pause may have to be longer: its edge is shown with both.
    let edge = |length: Span, tried: Tried| Pause {
        length,
        one_second_less: tried,
    };
    let less = |length: Span| length.checked_sub(SECOND);
    let lead_less = less(lead).and_then(|less| attempt(less, tail));
    let tail_less = less(tail).and_then(|less| attempt(lead, less));
    Some(Pauses {
        before_switch: edge(lead, lead_less),
        before_withdrawal: edge(tail, tail_less),
    })
}

/// The shortest pause up to `most`, which is known to do, in whole seconds.
fn shortest(most: Span, mut attempt: impl FnMut(Span) -> Tried) -> Span {
    if most.is_zero() || attempt(Span::ZERO).is_none() {
        return Span::ZERO;
    }
    // `fails` does not do and `does` does.
    let (mut fails, mut does) = (0, most.as_secs());
    while fails + 1 < does {
        let middle = fails.midpoint(does);
        match attempt(Span::from_secs(middle)) {
            None => does = middle,
            Some(_) => fails = middle,
        }
    }
    Span::from_secs(does)
}

#[cfg(test)]
mod tests {
    use super::super::failure::ConnectionFailure;
    use super::*;

    fn too_short() -> Shortfall {
        Shortfall {
            seed: 1,
            failure: Failure::Connection(ConnectionFailure {
                connection: "web -> api".to_owned(),
                after: Span::ZERO,
                error: trustsim_validators::ErrorKind::UnknownIssuer,
            }),
        }
    }

    fn needs(lead: u64, tail: u64) -> impl Fn(Span, Span) -> Tried {
        move |given, later| {
            let enough = given >= Span::from_secs(lead) && later >= Span::from_secs(tail);
            (!enough).then(too_short)
        }
    }

    #[test]
    fn the_edge_is_found_to_the_second_and_shown() {
        let longest = Span::from_secs(100 * 86_400);
        for (lead, tail) in [
            (0, 0),
            (1, 0),
            (0, 1),
            (61, 7_000_001),
            (600, 600),
            (599, 601),
        ] {
            let solved = solve(OpenPauses::Both, longest, needs(lead, tail)).expect("there is one");
            assert_eq!(solved.before_switch.length.as_secs(), lead);
            assert_eq!(solved.before_withdrawal.length.as_secs(), tail);
            assert_eq!(solved.before_switch.one_second_less.is_some(), lead > 0);
            assert_eq!(solved.before_withdrawal.one_second_less.is_some(), tail > 0);
            assert_eq!(solved.overlap().as_secs(), lead + tail);
        }
    }

    /// A certificate is renewed on the tenth day whatever else is done: the sum counts, and all of
    /// it goes to the pause after the switch.
    #[test]
    fn time_before_the_switch_does_not_stand_in_for_time_after_it() {
        let tenth = Span::from_secs(864_000);
        let attempt = |lead: Span, tail: Span| {
            let enough = lead.as_secs() >= 5 && lead + tail >= tenth;
            (!enough).then(too_short)
        };
        let solved = solve(OpenPauses::Both, Span::from_secs(100 * 86_400), attempt);
        let solved = solved.expect("there is one");
        assert_eq!(solved.before_switch.length.as_secs(), 5);
        assert_eq!(solved.overlap(), tenth);
    }

    #[test]
    fn what_no_pause_helps_has_none() {
        let never = |_, _| Some(too_short());
        assert_eq!(
            solve(OpenPauses::Both, Span::from_secs(86_400), never),
            None
        );
        let longer = solve(OpenPauses::Both, Span::from_secs(3_600), needs(3_601, 0));
        assert_eq!(longer, None, "longer than is tried");
    }

    #[test]
    fn a_playbook_without_pauses_has_them_zero() {
        let solved = solve(OpenPauses::Neither, Span::from_secs(3_600), needs(0, 0));
        let solved = solved.expect("there is one");
        assert_eq!(solved.overlap(), Span::ZERO);
        assert_eq!(solved.before_switch.one_second_less, None);
        assert_eq!(
            solve(OpenPauses::Neither, Span::from_secs(3_600), needs(1, 0)),
            None
        );
    }
}
