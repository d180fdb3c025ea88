//! Instants and durations of virtual time, and how both are written.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z. One number serves the clock and X.509;
/// it reaches the year 2554.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

/// A length of virtual time. The standard type: whole nanoseconds, never negative.
pub type Span = Duration;

/// Why a text is not an instant.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TimeError {
    /// Not RFC 3339.
    #[error("`{0}` is not an RFC 3339 instant such as 2026-01-01T00:00:00Z")]
    NotRfc3339(String),
    /// Before 1970 or after 2554.
    #[error("`{0}` is outside the years 1970 to 2554")]
    OutOfRange(String),
}

/// Why a text is not a duration.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DurationError {
    /// No digits, or something that is neither a digit nor a unit.
    #[error("`{0}` is not a duration: write a number and a unit, such as 90d, 12h, 5m or 30s")]
    Malformed(String),
    /// A unit that is not one of ours.
    #[error("`{text}` has the unknown unit `{unit}`: use ms, s, m, h, d or w")]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// The unit that is not known.
        unit: String,
    },
    /// More than a run can last.
    #[error("`{0}` is longer than a run can last (584 years)")]
    TooLong(String),
}

impl Time {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// The last instant there is, used as "never".
    pub const MAX: Self = Self(u64::MAX);

    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// From whole seconds since the epoch. Beyond the year 2554 it is [`Time::MAX`]: a certificate may be
    /// valid until the year 9999, which is never for any run.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down, as X.509 and rustls read the clock.
    pub const fn as_seconds(self) -> u64 {
        self.0 / NANOS_PER_SECOND
    }

    /// The same instant without its fraction of a second.
    #[must_use]
    pub const fn truncated_to_seconds(self) -> Self {
        Self(self.0 - self.0 % NANOS_PER_SECOND)
    }

    /// The next instant without a fraction of a second, or this one where it has none.
    #[must_use]
    pub const fn rounded_up_to_seconds(self) -> Self {
        let whole = self.truncated_to_seconds();
        match whole.0 == self.0 {
            true => self,
            false => match whole.0.checked_add(NANOS_PER_SECOND) {
                Some(next) => Self(next),
                None => panic!("no run gets to the last second of the clock"),
            },
        }
    }

    /// How long after `earlier` this is; zero if it is before.
    pub const fn since(self, earlier: Self) -> Span {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This instant as a clock that is off by `skew_ns` nanoseconds shows it. No clock shows an instant
    /// before 1970, and "never" is never on every clock.
    #[must_use]
    pub const fn skewed_by(self, skew_ns: i64) -> Self {
        Self(self.0.saturating_add_signed(skew_ns))
    }

    /// The instant at which a clock that is off by `skew_ns` nanoseconds shows this one.
    #[must_use]
    pub const fn shown_with_skew(self, skew_ns: i64) -> Self {
        match skew_ns.checked_neg() {
            Some(back_ns) => self.skewed_by(back_ns),
            None => panic!("no clock is off by 292 years"),
        }
    }

    /// Reads RFC 3339, any offset, fraction down to nanoseconds.
    ///
    /// # Errors
    ///
    /// [`TimeError`] where the text is no instant or lies outside the years 1970 to 2554.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| TimeError::NotRfc3339(text.to_owned()))?;
        u64::try_from(parsed.unix_timestamp_nanos())
            .map(Self)
            .map_err(|_| TimeError::OutOfRange(text.to_owned()))
    }
}

/// RFC 3339 in UTC, `2026-01-01T00:00:00Z`, with a fraction only where there is one.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0))
            .map_err(|_| fmt::Error)?;
        f.write_str(&moment.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

/// What is later than [`Time::MAX`] is never, as that is.
impl Add<Span> for Time {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        match u64::try_from(span.as_nanos()) {
            Ok(nanos) => Self(self.0.saturating_add(nanos)),
            Err(_) => Self::MAX,
        }
    }
}

/// Nothing is before [`Time::EPOCH`]: a window that would begin earlier begins there.
impl Sub<Span> for Time {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        match u64::try_from(span.as_nanos()) {
            Ok(nanos) => Self(self.0.saturating_sub(nanos)),
            Err(_) => Self::EPOCH,
        }
    }
}

/// Reads a duration as the charms write it: `90d`, `12h`, `5m`, `30s`, `2w`, `250ms`, several
/// in a row (`1d12h`), or a bare number of days.
///
/// # Errors
///
/// [`DurationError`] says what was expected.
pub fn parse_duration(text: &str) -> Result<Span, DurationError> {
    let trimmed = text.trim();
    let malformed = || DurationError::Malformed(text.to_owned());
    let too_long = || DurationError::TooLong(text.to_owned());
    let mut rest = trimmed;
    let mut total_ms: u64 = 0;
    if rest.is_empty() {
        return Err(malformed());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(malformed());
        }
        let number: u64 = rest[..digits].parse().map_err(|_| too_long())?;
        rest = &rest[digits..];
        let letters = rest.chars().take_while(char::is_ascii_alphabetic).count();
        let unit = &rest[..letters];
        rest = &rest[letters..];
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            "" if rest.is_empty() && total_ms == 0 => 86_400_000,
            "" => return Err(malformed()),
            unit => {
                let unit = unit.to_owned();
                return Err(DurationError::UnknownUnit {
                    text: text.to_owned(),
                    unit,
                });
            }
        };
        let part = number.checked_mul(unit_ms).ok_or_else(too_long)?;
        total_ms = total_ms.checked_add(part).ok_or_else(too_long)?;
    }
    if total_ms > u64::MAX / 1_000_000 {
        return Err(too_long());
    }
    Ok(Duration::from_millis(total_ms))
}

/// Writes a duration in its two largest units, `91d2h`, `3h26m`, `45s`, `0s`; what is under a
/// second is written in milliseconds.
pub fn format_duration(span: Span) -> String {
    let seconds = span.as_secs();
    if seconds == 0 {
        return match span.subsec_millis() {
            0 => "0s".to_owned(),
            ms => format!("{ms}ms"),
        };
    }
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let first = parts
        .iter()
        .position(|&(number, _)| number > 0)
        .unwrap_or(3);
    parts[first..]
        .iter()
        .take(2)
        .filter(|&&(number, _)| number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_read_as_the_charms_write_them() {
        let day = 86_400;
        for (text, seconds) in [
            ("90d", 90 * day),
            ("12h", 43_200),
            ("5m", 300),
            ("30s", 30),
            ("2w", 14 * day),
            ("365", 365 * day),
            ("1d12h", day + 43_200),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn bad_durations_say_what_was_expected() {
        let messages: Vec<String> = ["", "d", "5 m", "5y", "1d5", "99999999999999999999d", "-3d"]
            .iter()
            .map(|text| parse_duration(text).expect_err(text).to_string())
            .collect();
        insta::assert_snapshot!(messages.join("\n"), @r"
        `` is not a duration: write a number and a unit, such as 90d, 12h, 5m or 30s
        `d` is not a duration: write a number and a unit, such as 90d, 12h, 5m or 30s
        `5 m` is not a duration: write a number and a unit, such as 90d, 12h, 5m or 30s
        `5y` has the unknown unit `y`: use ms, s, m, h, d or w
        `1d5` is not a duration: write a number and a unit, such as 90d, 12h, 5m or 30s
        `99999999999999999999d` is longer than a run can last (584 years)
        `-3d` is not a duration: write a number and a unit, such as 90d, 12h, 5m or 30s
        ");
    }

    #[test]
    fn instants_read_and_print_rfc_3339() {
        let time = Time::parse("2026-01-01T01:00:00+01:00").expect("an instant");
        assert_eq!(time.to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(
            (time + Duration::from_millis(250)).to_string(),
            "2026-01-01T00:00:00.25Z"
        );
        assert!(Time::parse("yesterday").is_err());
        assert!(Time::parse("1969-01-01T00:00:00Z").is_err());
    }

    #[test]
    fn durations_print_in_two_units() {
        for (seconds, text) in [
            (0, "0s"),
            (45, "45s"),
            (12_360, "3h26m"),
            (7_862_400, "91d"),
        ] {
            assert_eq!(format_duration(Duration::from_secs(seconds)), text);
        }
        assert_eq!(
            format_duration(Duration::from_secs(91 * 86_400 + 7_500)),
            "91d2h"
        );
        assert_eq!(format_duration(Duration::from_millis(250)), "250ms");
    }

    proptest! {
        #[test]
        fn no_text_panics_the_duration_reader(text in ".*") {
            let _ = parse_duration(&text);
        }

        #[test]
        fn printing_then_reading_an_instant_changes_nothing(nanos in any::<u64>()) {
            let time = Time::from_nanos(nanos);
            prop_assert_eq!(Time::parse(&time.to_string()), Ok(time));
        }
    }
}
