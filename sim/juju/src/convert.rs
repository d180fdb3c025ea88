//! Narrowing conversions for values that fit in every run that is played; they panic where one does not fit.

use trustsim_kernel::Span;

/// A span in nanoseconds.
///
/// # Panics
///
/// If the span is longer than 584 years.
pub(crate) fn nanos(span: Span) -> u64 {
    narrow_nanos(span.as_nanos())
}

/// Nanoseconds that were calculated in 128 bits.
///
/// # Panics
///
/// If they are more than 584 years.
pub(crate) fn narrow_nanos(nanos: u128) -> u64 {
    u64::try_from(nanos).unwrap_or_else(|_| panic!("{nanos} ns are more than 584 years"))
}

/// Narrows a count to `u32`.
///
/// # Panics
///
/// If it does not fit.
pub(crate) fn to_u32<N>(number: N) -> u32
where
    N: TryInto<u32> + Copy + std::fmt::Display,
{
    let narrow = number.try_into().ok();
    narrow.unwrap_or_else(|| panic!("the count {number} does not fit in u32"))
}
