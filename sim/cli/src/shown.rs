//! What a terminal is given: letters that are seen, line breaks, and the colours that trustsim writes itself.
//!
//! Everything that is printed for people goes through [`shown`], so that no call can forget it. For example, a name
//! with the sequence that clears a screen is printed as `\u{1b}[2J`. What is foreign and belongs into one line has
//! lost its line breaks and colours before: cells, findings and errors are made with `trustsim_kernel::visible`.

use std::borrow::Cow;

use trustsim_kernel::is_invisible;

/// The text with an escape such as `\u{1b}` for each letter on which a terminal would act.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    let acts = |letter: char| is_invisible(letter) && letter != '\n' && letter != '\t';
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(acts) {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        let length = colour(from);
        if length > 0 {
            shown.push_str(&from[..length]);
            rest = &from[length..];
            continue;
        }
        let mut letters = from.chars();
        let escaped = letters.next().map(char::escape_default);
        shown.extend(escaped.into_iter().flatten());
        rest = letters.as_str();
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// How long the sequence is with which a text begins, where it is one that trustsim writes: bold, a colour of the
/// foreground, back to what it was (`terminal::style`, and the findings about a scenario).
fn colour(text: &str) -> usize {
    let Some((codes, _)) = text
        .strip_prefix("\u{1b}[")
        .and_then(|rest| rest.split_once('m'))
    else {
        return 0;
    };
    let is_ours = matches!(codes.as_bytes(), [b'0' | b'1'] | [b'3' | b'9', b'0'..=b'7']);
    match is_ours {
        true => "\u{1b}[m".len() + codes.len(),
        false => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_report::terminal::style::{BAD, DETAIL, GOOD, STRONG, WAIT, paint};

    #[test]
    fn what_a_terminal_acts_on_is_escaped() {
        for (text, told) in [
            ("\u{1b}[2J", "\\u{1b}[2J"),
            (
                "\u{1b}[8mhidden\u{1b}[31;8m",
                "\\u{1b}[8mhidden\\u{1b}[31;8m",
            ),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("a\rb\u{8}\u{7f}\u{9b}2J", "a\\rb\\u{8}\\u{7f}\\u{9b}2J"),
            (
                "\u{202e}abc\u{2069}\u{200b}",
                "\\u{202e}abc\\u{2069}\\u{200b}",
            ),
            ("\u{1b}", "\\u{1b}"),
        ] {
            assert_eq!(shown(text), told);
        }
    }

    #[test]
    fn lines_and_our_own_colours_stay() {
        for style in [GOOD, WAIT, BAD, DETAIL, STRONG] {
            let text = format!("a\n\t{}\n", paint(style, "b"));
            assert_eq!(shown(&text), text);
        }
    }

    /// The colours of findings about a scenario are those of the library that renders them.
    #[test]
    fn colours_of_findings_stay() {
        let files =
            trustsim_scenario::MemoryFiles::new([("s.yaml", "models: {m: {owner: a;b}}\n")]);
        let Err(wrong) = trustsim_scenario::load(std::path::Path::new("s.yaml"), &files) else {
            panic!("nothing was found wrong");
        };
        let text = wrong.render(true);
        assert!(text.contains('\u{1b}'));
        assert_eq!(shown(&text), text);
    }
}
