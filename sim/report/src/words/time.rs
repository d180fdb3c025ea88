//! The words for instants and spans. Instants are RFC 3339 in UTC; spans are seconds for programs,
//! and `2d3h` for people ([`trustsim_kernel::format_duration`]).

use serde_json::Value;
use trustsim_kernel::{Span, Time, format_duration};

/// Seconds without trailing zeros, exact: `7862400` or `7862400.25`.
pub fn seconds(span: Span) -> String {
    let fraction = format!("{:09}", span.subsec_nanos());
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        span.as_secs().to_string()
    } else {
        format!("{}.{fraction}", span.as_secs())
    }
}

/// Seconds as a JSON number: an integer where they are whole.
pub fn seconds_json(span: Span) -> Value {
    if span.subsec_nanos() == 0 {
        Value::from(span.as_secs())
    } else {
        Value::from(span.as_secs_f64())
    }
}

/// Two spans in words that differ where the spans do: in as many units as it takes to tell them apart.
pub fn apart(one: Span, other: Span) -> [String; 2] {
    let short = [one, other].map(format_duration);
    if one == other || short[0] != short[1] {
        return short;
    }
    let long = [one, other].map(in_every_unit);
    match long[0] == long[1] {
        true => [one, other].map(|span| format!("{}s", seconds(span))),
        false => long,
    }
}

/// `399d23h4m5s`, without the units that are zero.
fn in_every_unit(span: Span) -> String {
    let seconds = span.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let told = parts.iter().filter(|(number, _)| *number > 0);
    told.map(|(number, unit)| format!("{number}{unit}"))
        .collect()
}

/// An instant, or nothing for what has not happened.
pub fn instant_or_empty(time: Option<Time>) -> String {
    time.map_or_else(String::new, |time| time.to_string())
}

/// An instant, or null for what has not happened.
pub fn instant_json(time: Option<Time>) -> Value {
    time.map_or(Value::Null, |time| Value::from(time.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact_and_have_no_trailing_zeros() {
        for (span, text, json) in [
            (Span::ZERO, "0", "0"),
            (Span::from_secs(7_862_400), "7862400", "7862400"),
            (Span::from_millis(1_250), "1.25", "1.25"),
            (Span::from_nanos(1), "0.000000001", "1e-9"),
        ] {
            assert_eq!(seconds(span), text);
            assert_eq!(seconds_json(span).to_string(), json);
        }
    }

    #[test]
    fn spans_that_differ_are_told_apart() {
        let days = |days: u64, more: u64| Span::from_secs(days * 86_400 + more);
        for (one, other, told) in [
            (days(2, 0), days(3, 0), ["2d", "3d"]),
            (days(2, 5), days(2, 5), ["2d", "2d"]),
            (
                days(399, 82_800),
                days(399, 82_830),
                ["399d23h", "399d23h30s"],
            ),
            (days(1, 61), days(1, 3), ["1d1m1s", "1d3s"]),
            (
                Span::from_millis(90_250),
                Span::from_millis(90_500),
                ["90.25s", "90.5s"],
            ),
        ] {
            assert_eq!(apart(one, other), told);
        }
    }
}
