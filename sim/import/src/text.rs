//! Texts of inputs as YAML, as comments and as paths.

use std::path::{Component, Path, PathBuf};

use trustsim_yaml::{Scalar, ScalarKind};

/// A path as it is seen from a folder; both are relative to the same place, or absolute.
pub(crate) fn seen_from(folder: &Path, path: &Path) -> PathBuf {
    let is_up = folder.components().any(|part| part == Component::ParentDir);
    if path.is_absolute() || is_up {
        return path.to_owned();
    }
    let folder: Vec<Component<'_>> = folder
        .components()
        .filter(|part| *part != Component::CurDir)
        .collect();
    let parts: Vec<Component<'_>> = path
        .components()
        .filter(|part| *part != Component::CurDir)
        .collect();
    let shared = folder
        .iter()
        .zip(&parts)
        .take_while(|(one, two)| one == two)
        .count();
    let up = folder[shared..].iter().map(|_| Component::ParentDir);
    up.chain(parts[shared..].iter().copied()).collect()
}

/// A text of an input as part of a comment, which is one line of letters that are seen.
pub(crate) fn comment(text: &str) -> String {
    const LONGEST: usize = 120;
    text.chars()
        .take(LONGEST)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

/// A value of an option.
pub(crate) fn scalar(value: &Scalar) -> String {
    match value.kind {
        ScalarKind::String => double_quoted(&value.text),
        ScalarKind::Bool(_) | ScalarKind::Int(_) | ScalarKind::Float(_) => value.canonical(),
    }
}

/// A text as YAML takes it for that text.
pub(crate) fn quoted(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./@".contains(letter);
    let begins =
        text.starts_with(|first: char| first.is_ascii_alphabetic() || "./".contains(first));
    // `a:b` is plain, `a: b` is a mapping.
    let colons = text.replace(':', "");
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    match begins && colons.chars().all(is_plain) && !text.ends_with(':') && !is_word && text != "."
    {
        true => text.to_owned(),
        false => double_quoted(text),
    }
}

/// YAML 1.2, 7.3.1.
fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            letter if letter.is_control() || "\u{2028}\u{2029}\u{feff}".contains(letter) => {
                quoted.push_str(&format!("\\U{:08x}", u32::from(letter)));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_where_yaml_would_take_them_for_something_else() {
        for (text, written) in [
            ("web-1", "web-1"),
            ("a:b", "a:b"),
            ("admin/m.o", "admin/m.o"),
            ("ubuntu@22.04", "ubuntu@22.04"),
            ("1/stable", "\"1/stable\""),
            ("no", "\"no\""),
            ("a: b", "\"a: b\""),
            ("", "\"\""),
            ("x\n\"\u{1}", "\"x\\n\\\"\\U00000001\""),
        ] {
            assert_eq!(quoted(text), written);
        }
    }

    #[test]
    fn every_text_that_is_quoted_is_read_as_itself() {
        for text in [
            "a", "é ü", "# x", "- a", "{", "a\\b", "\u{85}", "\t", "1e3", "0x1F", "~", "=", "<<",
        ] {
            for written in [quoted(text), double_quoted(text)] {
                let documents = trustsim_yaml::parse(&format!("a: {written}\n"), 0).expect("YAML");
                let value = documents[0]
                    .get("a")
                    .and_then(|node| node.as_scalar().cloned());
                let value = value.expect("a value");
                assert_eq!(
                    (value.text.as_str(), value.kind),
                    (text, ScalarKind::String),
                    "{written}"
                );
            }
        }
    }

    #[test]
    fn paths_are_seen_from_the_folder_of_the_scenario() {
        for (folder, path, seen) in [
            ("", "a/b", "a/b"),
            ("a", "a/b", "b"),
            ("a/c", "a/b", "../b"),
            ("a", "./c", "../c"),
            ("..", "a/b", "a/b"),
            ("a", "/x", "/x"),
        ] {
            assert_eq!(
                seen_from(Path::new(folder), Path::new(path)),
                Path::new(seen)
            );
        }
    }
}
