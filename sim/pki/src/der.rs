//! The few DER writers that extension contents need.

use super::PkiError;

pub(super) const BOOLEAN_TRUE: [u8; 3] = [0x01, 0x01, 0xFF];
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0C;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// The context-specific primitive tag of this number.
pub(super) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// The context-specific constructed tag of this number.
pub(super) const fn context_constructed(number: u8) -> u8 {
    0xA0 | number
}

/// Appends one element to `out`.
pub(super) fn push(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match content.len() {
        length @ 0..=0x7F => out.push(length as u8),
        length => {
            let bytes = length.to_be_bytes();
            let first = bytes.iter().position(|byte| *byte != 0);
            let first = first.expect("a length of 128 or more has a byte that is not zero");
            out.push(0x80 | (bytes.len() - first) as u8);
            out.extend_from_slice(&bytes[first..]);
        }
    }
    out.extend_from_slice(content);
}

/// One element.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 4);
    push(&mut out, tag, content);
    out
}

/// The content and the rest behind the element of this tag that `der` begins with.
pub(super) fn take(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7F => (usize::from(short), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7F))?;
            let length = bytes
                .iter()
                .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    if found == tag {
        rest.split_at_checked(length)
    } else {
        None
    }
}

/// The content octets of a dotted object identifier.
pub(super) fn oid_content(dotted: &str) -> Result<Vec<u8>, PkiError> {
    let bad = || PkiError::BadObjectIdentifier(dotted.to_owned());
    let arcs: Vec<u64> = dotted
        .split('.')
        .map(|arc| arc.parse().map_err(|_| bad()))
        .collect::<Result<_, _>>()?;
    let [first, second, rest @ ..] = arcs.as_slice() else {
        return Err(bad());
    };
    if *first > 2 || (*first < 2 && *second > 39) {
        return Err(bad());
    }
    let mut out = Vec::new();
    push_arc(&mut out, (first * 40).checked_add(*second).ok_or_else(bad)?);
    for arc in rest {
        push_arc(&mut out, *arc);
    }
    Ok(out)
}

/// The content octets of an object identifier given by its arcs.
pub(super) fn oid_of(arcs: &[u64]) -> Vec<u8> {
    let [first, second, rest @ ..] = arcs else {
        panic!("an object identifier has two arcs at least: {arcs:?}");
    };
    let mut out = Vec::with_capacity(arcs.len() + 4);
    push_arc(&mut out, first * 40 + second);
    for arc in rest {
        push_arc(&mut out, *arc);
    }
    out
}

fn push_arc(out: &mut Vec<u8>, arc: u64) {
    let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let more = if group > 0 { 0x80 } else { 0 };
        out.push((arc >> (7 * group)) as u8 & 0x7F | more);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn object_identifiers_encode_as_in_x_690() {
        assert_eq!(
            oid_content("1.2.840.113549"),
            Ok(vec![0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D])
        );
        assert_eq!(oid_content("2.999.3"), Ok(vec![0x88, 0x37, 0x03]));
        for bad in [
            "",
            "1",
            "3.1",
            "1.40",
            "1.2.x",
            "1..2",
            "2.18446744073709551615",
        ] {
            assert!(oid_content(bad).is_err(), "{bad}");
        }
        assert_eq!(oid_of(&[2, 5, 29, 17]), [0x55, 0x1D, 0x11]);
    }

    proptest! {
        #[test]
        fn an_element_is_read_back(content in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let der = element(SEQUENCE, &content);
            prop_assert_eq!(take(SEQUENCE, &der), Some((content.as_slice(), &[][..])));
            prop_assert_eq!(take(OID, &der), None);
        }

        #[test]
        fn no_bytes_panic_the_reader(der in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = take(SEQUENCE, &der);
        }
    }
}
