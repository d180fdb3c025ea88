//! The words for what a seed decides: with how many of them an outage comes, and which draw it comes from.

use trustsim_diagnosis::{Cause, Chance, Transit, TrustCause};
use trustsim_kernel::format_duration;

/// `with 5 of 8 seeds, 48d23h lost: which CA of a set is written last decides it`.
pub fn told(chance: &Chance, cause: &Cause) -> String {
    let Chance {
        seeds,
        of,
        least,
        most,
    } = chance;
    let always = seeds == of;
    let often = match always {
        true => format!("with each of {of} seeds"),
        false => format!("with {seeds} of {of} seeds"),
    };
    let (least, most) = (format_duration(*least), format_duration(*most));
    let is_one = least == most;
    let lost = match is_one {
        true => format!("{most} lost"),
        false => format!("{least} to {most} lost"),
    };
    match decided_by(cause).filter(|_| !always || !is_one) {
        Some(draw) => format!("{often}, {lost}: {draw} decides it"),
        None => format!("{often}, {lost}"),
    }
}

/// What in a deployment is left to chance, and decides whether such an outage comes. The order of a set is drawn by the
/// charm itself; of everything else it is not proven that it decides, and the words say so.
const fn decided_by(cause: &Cause) -> Option<&'static str> {
    match cause {
        Cause::NotTransferred {
            transit: Transit::OneFile { .. },
            ..
        }
        | Cause::Trust(TrustCause::OldCaDropped {
            only_one: Some(Transit::OneFile { .. }),
            ..
        }) => Some("which CA of a set is written last"),
        // `list(set)[0]` of the provider's CAs.
        Cause::NotTransferred {
            transit: Transit::OneOfSeveral { .. },
            ..
        }
        | Cause::Trust(TrustCause::OldCaDropped {
            only_one: Some(Transit::OneOfSeveral { .. }),
            ..
        }) => Some("which CA of a set is the first"),
        Cause::NotTransferred {
            transit: Transit::BesideCertificate { .. },
            ..
        }
        | Cause::Trust(TrustCause::OldCaDropped { only_one: None, .. }) => {
            Some("probably which unit gets its next certificate first")
        }
        Cause::NotTransferred {
            transit: Transit::HookRunning { .. } | Transit::NotHeard { .. },
            ..
        } => Some("probably when hooks run"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_kernel::Span;

    #[test]
    fn a_range_that_reads_the_same_is_one_figure() {
        let day = Span::from_secs(86_400);
        let chance = |seeds, most| Chance {
            seeds,
            of: 8,
            least: day,
            most,
        };
        let cause = Cause::WrongName {
            presenter: trustsim_model::Address::application_in("m", "web"),
            judge: trustsim_model::Address::outside("browser"),
            names: Vec::new(),
            asked: "web".to_owned(),
            after: None,
            held: None,
        };
        let said = |seeds, most| told(&chance(seeds, most), &cause);
        assert_eq!(said(8, day), "with each of 8 seeds, 1d lost");
        assert_eq!(said(3, day), "with 3 of 8 seeds, 1d lost");
        assert_eq!(said(3, day * 2), "with 3 of 8 seeds, 1d to 2d lost");
    }
}
