//! A command as its words, and as the line that people paste into a shell.
//!
//! A command is kept as words for as long as it is a value; [`CommandLine`]'s `Display` is the one place where words
//! are quoted. For example, the words `juju`, `config`, `web` and `motto=it's; fine` are the line
//! `juju config web motto='it'\''s; fine'`, which has the same four words in sh, bash and fish.
//!
//! The crate `shlex` does the same for POSIX shells only: it leaves `\\` inside single quotes, where fish makes one
//! backslash of the two.

use std::fmt::{self, Display, Write as _};

use trustsim_kernel::is_invisible;

/// One word of a command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// This text.
    Text(String),
    /// `key=` and what is in the file `key.pem`, as operators give PEM texts.
    File {
        /// The key.
        key: String,
        /// How the file is put into the word.
        content: FileContent,
    },
}

/// How a file is put into a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileContent {
    /// As it is.
    Text,
    /// In base64.
    Base64,
}

/// A command: the program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandLine {
    words: Vec<Word>,
}

impl CommandLine {
    /// A command of these words, the program first.
    pub fn new<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self { words: Vec::new() }.and_all(words)
    }

    /// With another word. What is empty is a word too.
    #[must_use]
    pub fn and(self, word: impl Display) -> Self {
        self.and_word(Word::Text(word.to_string()))
    }

    /// With another word, which may be a file.
    #[must_use]
    pub fn and_word(mut self, word: Word) -> Self {
        self.words.push(word);
        self
    }

    /// With further words.
    #[must_use]
    pub fn and_all<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        let words = words.into_iter();
        self.words.extend(words.map(|word| Word::Text(word.into())));
        self
    }

    /// With an option and its value, where there is one.
    #[must_use]
    pub fn and_option(self, option: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.and(option).and(value),
            None => self,
        }
    }

    /// With a flag, where it is set.
    #[must_use]
    pub fn and_flag(self, flag: &str, is_set: bool) -> Self {
        match is_set {
            true => self.and(flag),
            false => self,
        }
    }

    /// The words, the program first.
    pub fn words(&self) -> &[Word] {
        &self.words
    }
}

/// As it is typed.
impl Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.words.iter().enumerate() {
            if index > 0 {
                f.write_char(' ')?;
            }
            match word {
                Word::Text(text) => f.write_str(&quoted(text))?,
                Word::File { key, content } => {
                    let reader = match content {
                        FileContent::Text => "cat",
                        FileContent::Base64 => "base64 -w0",
                    };
                    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
                    let file = key.replace(|letter: char| !is_plain(letter), "_");
                    write!(f, "{}=\"$({reader} {file}.pem)\"", quoted(key))?;
                }
            }
        }
        Ok(())
    }
}

/// A word as sh, bash and fish read it alike. Of `key=value` only the value is quoted, where that will do.
///
/// Line breaks at the end of a word are left out: in one line the three shells have no common form for them, and what
/// comes out of a file by `$(...)` has none either.
fn quoted(word: &str) -> String {
    let word = word.trim_end_matches('\n');
    if is_plain(word) {
        return word.to_owned();
    }
    match word.split_once('=') {
        Some((key, value)) if is_plain(key) => format!("{key}={}", in_quotes(value)),
        _ => in_quotes(word),
    }
}

/// Whether no shell reads anything into a word.
fn is_plain(word: &str) -> bool {
    // fish expands `%self`, and zsh `=program`.
    let begins_plain = !word.starts_with(['%', '=']) && !word.is_empty();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.,:/@%+=".contains(letter);
    begins_plain && word.chars().all(is_plain)
}

/// A text in single quotes, or out of `printf` where a letter of it would not be seen.
fn in_quotes(text: &str) -> String {
    if text.contains(is_invisible) {
        return format!("\"$(printf '{}')\"", in_octal(text));
    }
    let mut quoted = "'".to_owned();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            // In single quotes fish takes a backslash before these two for an escape, sh for a backslash.
            ('\'', _) | ('\\', Some('\'' | '\\') | None) => {
                quoted.push_str("'\\");
                quoted.push(letter);
                quoted.push('\'');
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('\'');
    quoted
}

/// A format of `printf` whose bytes are in octal, but for letters, digits and what is harmless in any quotes.
fn in_octal(text: &str) -> String {
    let mut format = String::new();
    for (index, byte) in text.bytes().enumerate() {
        let is_harmless = match byte {
            // A format that begins with it would be an option.
            b'-' => index > 0,
            _ => byte.is_ascii_alphanumeric() || b" ./:".contains(&byte),
        };
        match is_harmless {
            true => format.push(char::from(byte)),
            false => format.push_str(&format!("\\{byte:03o}")),
        }
    }
    format
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> String {
        CommandLine::new(words.iter().copied()).to_string()
    }

    #[test]
    fn words_that_no_shell_reads_anything_into_are_as_they_are() {
        let words = [
            "juju",
            "consume",
            "-m",
            "apps",
            "ctl:admin@corp/pki.ca",
            "a=b",
            "c+d%",
        ];
        assert_eq!(
            line(&words),
            "juju consume -m apps ctl:admin@corp/pki.ca a=b c+d%"
        );
    }

    #[test]
    fn of_a_setting_the_value_is_quoted() {
        for (word, typed) in [
            ("motto=it's; fine", r"motto='it'\''s; fine'"),
            ("name=", "name="),
            ("name=a b", "name='a b'"),
            ("home=~/x", "home='~/x'"),
            ("n me=a", "'n me=a'"),
            ("", "''"),
            ("%self", "'%self'"),
            ("<id of a:b with c:d>", "'<id of a:b with c:d>'"),
            ("a=$(touch PWN)", "a='$(touch PWN)'"),
        ] {
            assert_eq!(line(&[word]), typed);
        }
    }

    #[test]
    fn a_backslash_is_in_quotes_where_all_shells_take_it_for_one() {
        for (word, typed) in [
            (r"a=.*\.b", r"a='.*\.b'"),
            (r"a\'b", r"'a'\\''\''b'"),
            (r"a\\b", r"'a'\\'\b'"),
            (r"a\", r"'a'\\''"),
        ] {
            assert_eq!(line(&[word]), typed);
        }
    }

    #[test]
    fn what_would_not_be_seen_comes_out_of_printf() {
        for (word, typed) in [
            ("a=\u{1b}[2J!", r#"a="$(printf '\033\1332J\041')""#),
            ("a\nb\n", r#""$(printf 'a\012b')""#),
            ("\u{202e}x", r#""$(printf '\342\200\256x')""#),
            ("-a\tb-c", r#""$(printf '\055a\011b-c')""#),
            ("a b\n\n", "'a b'"),
        ] {
            assert_eq!(line(&[word]), typed);
        }
    }

    #[test]
    fn a_file_is_named_by_its_key() {
        let file = |key: &str, content| {
            let key = key.to_owned();
            let words = CommandLine::new(["juju"]);
            words.and_word(Word::File { key, content }).to_string()
        };
        assert_eq!(
            file("ca-chain", FileContent::Text),
            r#"juju ca-chain="$(cat ca-chain.pem)""#
        );
        assert_eq!(
            file("a;b", FileContent::Base64),
            r#"juju 'a;b'="$(base64 -w0 a_b.pem)""#
        );
    }
}
