//! What is a secret in a line that is shown below a message: keys and passwords lie in what Juju prints, and messages are
//! copied into reports and logs.
//!
//! A guess by the names of keys and the looks of values: rather too much is hidden than too little. Where a value is, and how
//! long it is, stays to be seen.

use std::ops::Range;

/// What is shown for each byte of a secret.
const MASK: &str = "*";
/// Letters and digits in a row that are no word.
const LONG: usize = 40;
/// A shorter value of a `key` is a word.
const SHORT_KEY: usize = 8;
/// Parts of the names of keys whose value is a secret.
const NAMES: [&str; 7] = [
    "password",
    "passwd",
    "secret",
    "token",
    "private",
    "credential",
    "api-key",
];

/// Whole lines of a text, as long as they are, with secrets hidden.
pub(crate) fn concealed(text: &str, lines: Range<usize>) -> String {
    let mut in_key = is_in_private_key(&text[..lines.start]);
    let shown = text[lines].split_inclusive('\n').map(|line| {
        let mut hidden = Vec::new();
        private_keys(line, &mut in_key, &mut hidden);
        values(line, &mut hidden);
        long_words(line, &mut hidden);
        masked(line, &hidden)
    });
    shown.collect()
}

/// The same text with `*` in these places; a line's end stays.
fn masked(line: &str, hidden: &[Range<usize>]) -> String {
    let letters = line.char_indices().map(|(at, letter)| {
        let is_hidden = letter != '\n' && hidden.iter().any(|range| range.contains(&at));
        match is_hidden {
            true => MASK.repeat(letter.len_utf8()),
            false => letter.to_string(),
        }
    });
    letters.collect()
}

/// Whether a text ends within a PEM block of a private key.
fn is_in_private_key(before: &str) -> bool {
    let Some(begin) = before.rfind("-----BEGIN ") else {
        return false;
    };
    let block = &before[begin..];
    let label = block.lines().next().unwrap_or(block);
    label.contains("PRIVATE KEY") && !block.contains("-----END ")
}

/// From the label of a private key to the end of its block, or of the line.
fn private_keys(line: &str, in_key: &mut bool, hidden: &mut Vec<Range<usize>>) {
    let mut at = 0;
    loop {
        if *in_key {
            let end = line[at..].find("-----END ").map(|end| at + end);
            *in_key = end.is_none();
            hidden.push(at..end.unwrap_or(line.len()));
            at = match end {
                Some(end) => end,
                None => return,
            };
        }
        let Some(begin) = line[at..].find("-----BEGIN ").map(|begin| at + begin) else {
            return;
        };
        let after = &line[begin + 11..];
        let label = after.find("-----").map(|end| &after[..end]);
        at = begin + 11;
        if let Some(label) = label.filter(|label| label.ends_with("PRIVATE KEY")) {
            at += label.len() + 5;
            *in_key = true;
        }
    }
}

/// Values of keys with a telling name: `password: x`, `"token": "x"`, `secret=x`.
fn values(line: &str, hidden: &mut Vec<Range<usize>>) {
    for (at, _) in line.match_indices([':', '=']) {
        let before = line[..at].trim_end_matches([' ', '"', '\'']);
        let is_of_name =
            |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let name = before.rsplit(|letter| !is_of_name(letter)).next();
        let name = name.unwrap_or(before);
        let value = value_at(line, at + 1);
        let name = name.to_lowercase().replace('_', "-");
        let is_secret = NAMES.iter().any(|part| name.contains(part))
            || (name.ends_with("key") && value.len() >= SHORT_KEY);
        if is_secret {
            hidden.push(value);
        }
    }
}

/// The value that begins after the sign between a key and it.
fn value_at(line: &str, from: usize) -> Range<usize> {
    let rest = &line[from..];
    let start = from + (rest.len() - rest.trim_start().len());
    let value = &line[start..];
    let Some(quote) = value
        .chars()
        .next()
        .filter(|letter| matches!(letter, '"' | '\''))
    else {
        let end = value.find([',', '}', ']', '\n']);
        return start..end.map_or(line.len(), |end| start + end);
    };
    let mut is_escaped = false;
    for (at, letter) in value.char_indices().skip(1) {
        if letter == quote && !is_escaped {
            return start..start + at + 1;
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    start..line.len()
}

/// Words that are no words: base64, hexadecimal.
fn long_words(line: &str, hidden: &mut Vec<Range<usize>>) {
    let is_of_word =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=' | '_');
    let mut begin = None;
    for (at, letter) in line.char_indices().chain([(line.len(), '\n')]) {
        match (is_of_word(letter), begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                let word = &line[from..at];
                // A path has no digits in most of its parts.
                let has_digits = word.bytes().any(|byte| byte.is_ascii_digit());
                let is_path = word.contains('/') && !word.contains(['+', '=']);
                if word.len() >= LONG && has_digits && !is_path {
                    hidden.push(from..at);
                }
                begin = None;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        concealed(text, 0..text.len())
    }

    #[test]
    fn secrets_are_hidden_and_as_long() {
        for (text, told) in [
            ("password: hunter2", "password: *******"),
            (
                "{db_password: 'a b', name: web}",
                "{db_password: *****, name: web}",
            ),
            (
                r#""admin-token": "x\"y", "port": 80"#,
                r#""admin-token": ******, "port": 80"#,
            ),
            (r#""password": "hunte"#, r#""password": ******"#),
            ("ssl_key: c2VjcmV0", "ssl_key: ********"),
            ("key: kept", "key: kept"),
            ("keys: rsa-2048-and-more", "keys: rsa-2048-and-more"),
            (
                "common-name: web.example.com",
                "common-name: web.example.com",
            ),
            (
                r#""x": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----""#,
                r#""x": "-----BEGIN RSA PRIVATE KEY-----********-----END RSA PRIVATE KEY-----""#,
            ),
            (
                r#""x": "-----BEGIN PRIVATE KEY-----\nMIIE"#,
                r#""x": "-----BEGIN PRIVATE KEY-----******"#,
            ),
            (
                "-----BEGIN CERTIFICATE-----\nMIIE",
                "-----BEGIN CERTIFICATE-----\nMIIE",
            ),
            (
                "url: https://a.example.com/é",
                "url: https://a.example.com/é",
            ),
        ] {
            assert_eq!(shown(text), told);
        }
        let long = "a1".repeat(20);
        assert_eq!(
            shown(&format!("x: {long} y")),
            format!("x: {} y", "*".repeat(40))
        );
    }

    /// What is shown may begin within the block.
    #[test]
    fn a_key_goes_on_over_lines() {
        let text = "k: |\n  -----BEGIN PRIVATE KEY-----\n  MIIE\n  AB==\n  -----END PRIVATE KEY-----\n  after\n";
        let from = text.find("  AB").expect("it is there");
        assert_eq!(
            concealed(text, from..text.len()),
            "******\n**-----END PRIVATE KEY-----\n  after\n"
        );
    }

    proptest! {
        /// Whatever a line has, what is shown is as long, ends where it ends, and differs in what is hidden alone.
        #[test]
        fn every_text_is_as_long(text in "([a-z\"' :={},\\\\\n\u{e9}\u{1f600}]|key|password|-----BEGIN PRIVATE KEY-----|-----END ){0,60}") {
            let told = shown(&text);
            prop_assert_eq!(told.len(), text.len());
            for (own, other) in told.bytes().zip(text.bytes()) {
                prop_assert!(own == other || own == b'*');
                prop_assert!(own != b'*' || other != b'\n');
            }
            let from = text.find('\n').map_or(0, |end| end + 1);
            prop_assert_eq!(concealed(&text, from..text.len()).len(), text.len() - from);
        }
    }
}
