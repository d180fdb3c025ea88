//! Letters that a terminal acts on, or shows nothing of, and how they are shown.
//!
//! For example, a name with ESC in it is `a\u{1b}[2Jb` in an answer, not an order to the terminal.

use std::borrow::Cow;

/// Whether a terminal would act on a letter, or show nothing of it: control characters, line breaks, what changes the
/// direction of text, what has no width. The joiners U+200C and U+200D are among them: names of Juju have none.
pub fn is_invisible(letter: char) -> bool {
    let is_format = matches!(
        letter,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    letter.is_control() || is_format
}

/// A text in one line in which every letter is seen: `\u{1b}` for ESC, `\n` for a line break.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match is_invisible(letter) {
            // `\n`, `\t`, `\r` and `\u{..}` are what Rust writes for them.
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_seen() {
        for (text, shown) in [
            ("ca-0 é 証明書 'a\\b'", "ca-0 é 証明書 'a\\b'"),
            ("\u{1b}[31m", "\\u{1b}[31m"),
            ("\u{7}\u{7f}\u{9b}", "\\u{7}\\u{7f}\\u{9b}"),
            ("a\r\n\tb", "a\\r\\n\\tb"),
            (
                "\u{202e}\u{2066}\u{200f}\u{61c}",
                "\\u{202e}\\u{2066}\\u{200f}\\u{61c}",
            ),
            ("\u{200b}\u{2028}\u{feff}", "\\u{200b}\\u{2028}\\u{feff}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }
}
