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
    let mut text = Vec::with_capacity(body + body / LINE + 2 * label.len() + 34);
    for part in [b"-----BEGIN ", label.as_bytes(), b"-----\n"] {
        text.extend_from_slice(part);
    }
    for line in der.chunks(LINE / 4 * 3) {
        let mut out = [b'='; LINE];
        let (groups, rest) = line.as_chunks::<3>();
        let (places, _) = out.as_chunks_mut::<4>();
        for (&[a, b, c], place) in groups.iter().zip(places) {
            *place = letters(a, b, c);
        }
        let end = 4 * groups.len();
        let padded = match *rest {
            [a] => Some((letters(a, 0, 0), 2)),
            [a, b] => Some((letters(a, b, 0), 3)),
            _ => None,
        };
        if let Some((place, letters)) = padded {
            out[end..end + letters].copy_from_slice(&place[..letters]);
        }
        text.extend_from_slice(&out[..end + 4 * usize::from(padded.is_some())]);
        text.push(b'\n');
    }
    for part in [b"-----END ", label.as_bytes(), b"-----"] {
        text.extend_from_slice(part);
    }
    String::from_utf8(text).expect("PEM is ASCII")
}

const fn letters(a: u8, b: u8, c: u8) -> [u8; 4] {
    [
        ALPHABET[(a >> 2) as usize],
        ALPHABET[((a << 4 | b >> 4) & 63) as usize],
        ALPHABET[((b << 2 | c >> 6) & 63) as usize],
        ALPHABET[(c & 63) as usize],
    ]
}

/// The DER of the first block of this label.
pub(super) fn decode(label: &'static str, text: &str) -> Result<Vec<u8>, PkiError> {
    let Some((block, _)) = next_block(label, text)? else {
        return Err(PkiError::NoPemBlock { label });
    };
    let ends = "-----BEGIN -----".len() + label.len();
    let body = &block.as_bytes()[ends..block.len() - ends + 2];
    decode_base64(body).ok_or(PkiError::BadPem {
        label,
        why: "its body is not base64",
    })
}

/// The text of the next block of this label, first and last line included, and the text after it.
pub(super) fn next_block<'a>(
    label: &'static str,
    text: &'a str,
) -> Result<Option<(&'a str, &'a str)>, PkiError> {
    let Some(after) = find_line("-----BEGIN ", label, text) else {
        return Ok(None);
    };
    let Some(length) = after.find("-----") else {
        let why = "it does not end";
        return Err(PkiError::BadPem { label, why });
    };
    let Some(rest) = strip_line("-----END ", label, &after[length..]) else {
        let why = "its last line does not match its first";
        return Err(PkiError::BadPem { label, why });
    };
    let start = text.len() - after.len() - ("-----BEGIN -----".len() + label.len());
    let end = text.len() - rest.len();
    Ok(Some((&text[start..end], rest)))
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

/// Base64 of a text in one line, as `base64 -w0` writes it.
pub fn encode_base64(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len().div_ceil(3) * 4);
    let (groups, rest) = text.as_bytes().as_chunks::<3>();
    for &[a, b, c] in groups {
        out.extend_from_slice(&letters(a, b, c));
    }
    match *rest {
        [a] => out.extend_from_slice(&[letters(a, 0, 0)[0], letters(a, 0, 0)[1], b'=', b'=']),
        [a, b] => {
            out.extend_from_slice(&letters(a, b, 0)[..3]);
            out.push(b'=');
        }
        _ => {}
    }
    String::from_utf8(out).expect("base64 is ASCII")
}

/// The text that is behind this base64; `None` where it is none, or no UTF-8.
pub fn decode_base64_text(base64: &str) -> Option<String> {
    String::from_utf8(decode_base64(base64.as_bytes())?).ok()
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
        assert_eq!(one, encode(LABEL, b"one"));
        assert_eq!(decode(LABEL, two), Ok(b"two".to_vec()));
        assert_eq!(next_block(LABEL, rest), Ok(None));
    }

    proptest! {
        #[test]
        fn base64_is_read_back(text in ".{0,60}") {
            let base64 = encode_base64(&text);
            prop_assert_eq!(base64.len(), text.len().div_ceil(3) * 4);
            prop_assert_eq!(decode_base64_text(&base64), Some(text));
        }
    }

    #[test]
    fn base64_is_what_coreutils_writes() {
        let written = ["", "a", "ab", "abc", "-----BEGIN "].map(encode_base64);
        assert_eq!(written, ["", "YQ==", "YWI=", "YWJj", "LS0tLS1CRUdJTiA="]);
        assert_eq!(decode_base64_text("no!"), None);
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
        insta::assert_snapshot!(messages.join("\n"), @r"
        there is no `CERTIFICATE` block in the PEM text
        the `CERTIFICATE` block is damaged: its last line does not match its first
        the `CERTIFICATE` block is damaged: it does not end
        the `CERTIFICATE` block is damaged: its body is not base64
        the `CERTIFICATE` block is damaged: its body is not base64
        ");
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
