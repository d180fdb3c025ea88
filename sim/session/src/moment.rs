//! Times of a session as texts. Must not know what happens at them.

use std::fmt::Write as _;

use trustsim_kernel::{Span, parse_duration};

use crate::error::SessionError;

/// A duration as `trustsim_kernel::parse_duration` reads it back to the millisecond, which is as fine as the times of a
/// session are: `89d1s`, `2h30m`, `0s`.
pub fn exact(span: Span) -> String {
    let ms = span.as_millis();
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
        (1, "ms"),
    ];
    let mut text = String::new();
    let mut rest = ms;
    for (unit, name) in units {
        if rest >= unit {
            // Writing into a text cannot fail.
            let _ = write!(text, "{}{name}", rest / unit);
            rest %= unit;
        }
    }
    match text.is_empty() {
        true => "0s".to_owned(),
        false => text,
    }
}

/// A duration of a request.
pub(crate) fn read(text: &str) -> Result<Span, SessionError> {
    parse_duration(text).map_err(|error| SessionError::Time(error.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 0_u64..10_000_000_000_000) {
            let span = Span::from_millis(ms);
            prop_assert_eq!(parse_duration(&exact(span)), Ok(span));
        }
    }

    #[test]
    fn only_what_is_there_is_written() {
        for (ms, text) in [
            (0, "0s"),
            (1, "1ms"),
            (61_000, "1m1s"),
            (86_400_250, "1d250ms"),
        ] {
            assert_eq!(exact(Span::from_millis(ms)), text);
        }
    }
}
