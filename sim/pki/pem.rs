//! PEM as the charms exchange it: 64 columns, `\n`, and no trailing newline, since the libraries
//! `.strip()` what they write. Reading is as lenient as `cryptography` is: text before, between
//! and after the blocks is skipped (`EasyRSA` certificates begin with an `openssl x509 -text` dump),
//! and white space inside a block does not count.

use super::PkiError;

const LINE: usize = 64;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const INVALID: u8 = 0xFF;
const SKIP: u8 = 0xFE;
const DECODE: [u8; 256] = decode_table();

const fn decode_table() -> [u8; 256] {
    let mut table = [INVALID; 256];
    let mut value = 0;
    while value < 64 {
        table[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    table[b'\n' as usize] = SKIP;
    table[b'\r' as usize] = SKIP;
    table[b' ' as usize] = SKIP;
    table[b'\t' as usize] = SKIP;
    table
}

/// The PEM text of `der`.
pub(super) fn encode(label: &str, der: &[u8]) -> String {
    let body = der.len().div_ceil(3) * 4;
    let mut text = String::with_capacity(body + body / LINE + 2 * label.len() + 34);
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    for line in der.chunks(LINE / 4 * 3) {
        let mut out = [b'='; LINE];
        let mut at = 0;
        for group in line.chunks(3) {
            let bits = group.iter().enumerate().fold(0_u32, |bits, (k, byte)| {
                bits | u32::from(*byte) << (16 - 8 * k)
            });
            for k in 0..=group.len() {
                out[at + k] = ALPHABET[(bits >> (18 - 6 * k)) as usize & 63];
            }
            at += 4;
        }
        text.push_str(std::str::from_utf8(&out[..at]).expect("base64 is ASCII"));
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----");
    text
}

/// The DER of the first block of this label.
pub(super) fn decode(label: &'static str, text: &str) -> Result<Vec<u8>, PkiError> {
    match next_block(label, text)? {
        Some((der, _)) => Ok(der),
        None => Err(PkiError::NoPemBlock { label }),
    }
}

/// The DER of the next block of this label and the text after it.
pub(super) fn next_block<'a>(
    label: &'static str,
    text: &'a str,
) -> Result<Option<(Vec<u8>, &'a str)>, PkiError> {
    let Some(after) = find_line("-----BEGIN ", label, text) else {
        return Ok(None);
    };
    let Some(length) = after.find("-----") else {
        let why = "it does not end";
        return Err(PkiError::BadPem { label, why });
    };
    let (body, tail) = after.split_at(length);
    let Some(rest) = strip_line("-----END ", label, tail) else {
        let why = "its last line does not match its first";
        return Err(PkiError::BadPem { label, why });
    };
    let der = decode_base64(body.as_bytes()).ok_or(PkiError::BadPem {
        label,
        why: "its body is not base64",
    })?;
    Ok(Some((der, rest)))
}

fn strip_line<'a>(dashes: &str, label: &str, text: &'a str) -> Option<&'a str> {
    text.strip_prefix(dashes)?
        .strip_prefix(label)?
        .strip_prefix("-----")
}

fn find_line<'a>(dashes: &str, label: &str, text: &'a str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        if let Some(after) = strip_line(dashes, label, rest) {
            return Some(after);
        }
        let at = rest.get(1..)?.find(dashes)?;
        rest = &rest[at + 1..];
    }
}

fn decode_base64(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut held = 0_u32;
    let mut padding = 0_u32;
    for &byte in body {
        match DECODE[byte as usize] {
            SKIP => {}
            INVALID if byte == b'=' => padding += 1,
            INVALID => return None,
            _ if padding > 0 => return None,
            value => {
                bits = bits << 6 | u32::from(value);
                held += 1;
                if held == 4 {
                    out.extend_from_slice(&bits.to_be_bytes()[1..]);
                    (bits, held) = (0, 0);
                }
            }
        }
    }
    match (held, padding) {
        (0, 0) => {}
        (2, 2) => out.push((bits >> 4) as u8),
        (3, 1) => out.extend_from_slice(&((bits >> 2) as u16).to_be_bytes()),
        _ => return None,
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LABEL: &str = "CERTIFICATE";

    #[test]
    fn text_around_the_blocks_is_skipped() {
        let text = format!(
            "Certificate:\n  Data:\n{}\n\nand {}\n",
            encode(LABEL, b"one"),
            encode(LABEL, b"two").replace('\n', "\r\n")
        );
        let (one, rest) = next_block(LABEL, &text).unwrap().unwrap();
        let (two, rest) = next_block(LABEL, rest).unwrap().unwrap();
        assert_eq!((one, two), (b"one".to_vec(), b"two".to_vec()));
        assert_eq!(next_block(LABEL, rest), Ok(None));
    }

    #[test]
    fn a_request_is_not_mistaken_for_a_certificate() {
        let text = encode("CERTIFICATE REQUEST", b"request");
        assert_eq!(
            decode(LABEL, &text),
            Err(PkiError::NoPemBlock { label: LABEL })
        );
    }

    #[test]
    fn damage_is_named() {
        let good = encode(LABEL, &[7; 60]);
        let messages: Vec<String> = [
            String::new(),
            good.replace("-----END", "-----"),
            good[..40].to_owned(),
            good.replace("Bw", "B!"),
            good.replace("Bwc", "B="),
        ]
        .iter()
        .map(|text| decode(LABEL, text).unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(messages.join("\n"), @"");
    }

    proptest! {
        #[test]
        fn reading_gives_back_what_was_written(der in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = encode(LABEL, &der);
            prop_assert!(text.lines().all(|line| line.len() <= LINE));
            prop_assert_eq!(decode(LABEL, &text), Ok(der));
        }

        #[test]
        fn no_text_panics_the_reader(text in ".*") {
            let _ = decode(LABEL, &format!("-----BEGIN CERTIFICATE-----{text}"));
            let _ = decode(LABEL, &text);
        }
    }
}
