//! The words for instants and spans. Instants are RFC 3339 in UTC; spans are seconds for programs,
//! and `2d3h` for people ([`trustsim_kernel::format_duration`]).

use serde_json::Value;
use trustsim_kernel::{Span, Time};

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
}
