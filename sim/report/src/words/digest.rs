//! Digests in what is said, which tell people nothing: their beginnings will do.

/// `afd8c2bc..-certificate-0f343b09..` of the label of a secret, which has whole digests.
pub fn shortened(text: &str) -> String {
    const SHOWN: usize = 8;
    const DIGEST: usize = 32;
    let parts = text.split_inclusive(|letter: char| !letter.is_ascii_hexdigit());
    let mut short = String::with_capacity(text.len());
    for part in parts {
        let digits = part.trim_end_matches(|letter: char| !letter.is_ascii_hexdigit());
        if digits.len() < DIGEST {
            short.push_str(part);
        } else {
            short.push_str(&digits[..SHOWN]);
            short.push_str("..");
            short.push_str(&part[digits.len()..]);
        }
    }
    short
}
