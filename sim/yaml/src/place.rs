//! Where something is in a text.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};

/// A range of bytes in one of the [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Index into [`Sources`].
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// Byte after the last one.
    pub end: u32,
}

/// A value and its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub place: Place,
}

/// A text with its place.
pub type Text = Spanned<String>;

impl<T> Spanned<T> {
    /// A value at a place.
    pub const fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// One text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// The file as the user names it.
    pub name: Arc<str>,
    /// Its content.
    pub text: Arc<str>,
    /// Where each line begins.
    line_starts: Vec<u32>,
}

impl SourceText {
    /// Whether it is more than one line.
    pub fn has_lines(&self) -> bool {
        let second = self.line_starts.get(1);
        second.is_some_and(|&start| (start as usize) < self.text.len())
    }

    /// Index of the line that a byte is in, and where that line begins.
    fn line_of(&self, byte: u32) -> (usize, usize) {
        // The first line begins at 0, so that one at least begins at or before any byte.
        let line = self.line_starts.partition_point(|&start| start <= byte) - 1;
        (line, self.line_starts[line] as usize)
    }
}

/// Every text that was read; places point into them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    texts: Vec<SourceText>,
}

impl Sources {
    /// Keeps a text and gives its index.
    pub fn add(&mut self, name: &str, text: &str) -> u32 {
        let index = u32::try_from(self.texts.len()).expect("a run reads some dozen files");
        assert!(
            u32::try_from(text.len()).is_ok(),
            "`{name}` has {} bytes: places are counted up to 4 GiB",
            text.len()
        );
        let after_breaks = text
            .bytes()
            .enumerate()
            .filter(|&(_, byte)| byte == b'\n')
            .map(|(at, _)| at as u32 + 1);
        self.texts.push(SourceText {
            name: name.into(),
            text: text.into(),
            line_starts: std::iter::once(0).chain(after_breaks).collect(),
        });
        index
    }

    /// The text a place points into; `None` where it was never added.
    pub fn get(&self, file: u32) -> Option<&SourceText> {
        self.texts.get(file as usize)
    }

    /// The line of the first byte, from 1.
    pub fn line(&self, place: Place) -> u32 {
        // What was written into no file, such as a default, is shown at the beginning.
        let line = self
            .get(place.file)
            .map_or(0, |source| source.line_of(place.start).0);
        // At most the bytes of the text, of which `add` has seen that they fit.
        line as u32 + 1
    }

    /// Line and column of the first byte, both from 1, the column in characters. Of a text that is one long line the
    /// column takes as long as all before it: who needs no column asks for the [`line`](Self::line).
    pub fn position(&self, place: Place) -> (u32, u32) {
        // What was written into no file, such as a default, is shown at the beginning.
        let Some(source) = self.get(place.file) else {
            return (1, 1);
        };
        let (line, start) = source.line_of(place.start);
        let before = source.text.get(start..place.start as usize);
        let before = before.expect("a place begins within its text, on the bound of a character");
        // Both are at most the bytes of the text, of which `add` has seen that they fit.
        (line as u32 + 1, before.chars().count() as u32 + 1)
    }

    /// The whole line in which the place begins, trimmed.
    pub fn line_text(&self, place: Place) -> &str {
        let Some(source) = self.get(place.file) else {
            return "";
        };
        let (line, start) = source.line_of(place.start);
        let end = source
            .line_starts
            .get(line + 1)
            .map_or(source.text.len(), |&next| next as usize);
        source.text[start..end].trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "one\n  två: x\n");
        let place = |start| Place {
            file,
            start,
            end: start + 1,
        };
        assert_eq!(sources.position(place(0)), (1, 1));
        assert_eq!(sources.position(place(12)), (2, 8));
        assert_eq!(sources.line_text(place(12)), "två: x");
        assert_eq!((sources.line(place(0)), sources.line(place(12))), (1, 2));
    }

    #[test]
    fn a_text_has_lines_where_it_has_two() {
        for text in ["", "one", "one\n", "one\r\n", "\n\n", "one\ntwo", "one\n\n"] {
            let mut sources = Sources::default();
            let file = sources.add("a.yaml", text);
            let source = sources.get(file).expect("it was added");
            assert_eq!(
                source.has_lines(),
                text.lines().nth(1).is_some(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_place_in_no_text_is_harmless() {
        let sources = Sources::default();
        let nowhere = Place {
            file: 7,
            start: 9,
            end: 10,
        };
        assert_eq!(sources.position(nowhere), (1, 1));
        assert_eq!(sources.line(nowhere), 1);
        assert_eq!(sources.line_text(nowhere), "");
    }
}
