//! Conversions to narrower integers, of values that a run keeps within them.

use trustsim_kernel::Span;

/// A span in nanoseconds.
///
/// # Panics
///
/// Where it is longer than 584 years, which no run is.
pub(crate) fn nanos(span: Span) -> u64 {
    narrow_nanos(span.as_nanos())
}

/// Nanoseconds that were calculated in 128 bits.
pub(crate) fn narrow_nanos(nanos: u128) -> u64 {
    u64::try_from(nanos).expect("every span of a run is shorter than 584 years")
}

/// How many there are.
pub(crate) fn count(number: impl TryInto<u32, Error: std::fmt::Debug>) -> u32 {
    number
        .try_into()
        .expect("whatever a run counts, it counts fewer than 2^32")
}
