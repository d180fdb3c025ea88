//! `docs/glossary.md` lists the words that are ours: few, in order, and each in use.

use std::fs;
use std::path::{Path, PathBuf};

/// As many as a newcomer can keep in mind.
const WORDS_MAX: usize = 60;

/// The words of the glossary with their meanings.
fn glossary(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("- **"));
    lines
        .map(|line| {
            line.split_once("**: ")
                .unwrap_or_else(|| panic!("`{line}` is not `- **word**: its meaning`"))
        })
        .collect()
}

fn add_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a folder entry").path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() {
            add_files(&path, found);
        } else if matches!(ending, Some("rs" | "md")) && !path.ends_with("docs/glossary.md") {
            found.push(path);
        }
    }
}

/// Lower-case words separated by one space, with one at each end; names of types and functions are
/// taken apart.
fn normalised(text: &str) -> String {
    let mut plain = String::from(" ");
    let mut was_lower = false;
    for letter in text.chars() {
        if letter.is_uppercase() && was_lower {
            plain.push(' ');
        }
        was_lower = letter.is_lowercase();
        match letter.is_alphanumeric() {
            true => plain.extend(letter.to_lowercase()),
            false if plain.ends_with(' ') => {}
            false => plain.push(' '),
        }
    }
    plain.push(' ');
    plain
}

/// Whether a word is there, alone or as several.
fn occurs(word: &str, text: &str) -> bool {
    let plural = match word.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{word}s"),
    };
    [word, plural.as_str()]
        .iter()
        .any(|form| text.contains(&format!(" {form} ")))
}

#[test]
fn the_glossary_is_short_and_in_order_and_its_words_are_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/glossary.md")).expect("the glossary");
    let words = glossary(&text);
    assert!(!words.is_empty(), "the glossary has words");
    assert!(words.len() <= WORDS_MAX, "{} words", words.len());
    for pair in words.windows(2) {
        let [(before, _), (after, _)] = pair else {
            unreachable!("windows of two");
        };
        assert!(before < after, "`{before}` comes before `{after}`");
    }
    let mut files = vec![root.join("README.md"), root.join("ARCHITECTURE.md")];
    for folder in ["sim", "docs"] {
        add_files(&root.join(folder), &mut files);
    }
    let mut all = String::new();
    for file in files {
        all.push_str(&fs::read_to_string(&file).expect("text"));
    }
    let all = normalised(&all);
    for (word, meaning) in words {
        assert!(
            meaning.ends_with('.'),
            "`{word}` is explained by a sentence"
        );
        assert!(occurs(word, &all), "`{word}` is not used anywhere");
    }
}

#[test]
fn a_word_occurs_as_a_name_or_in_prose() {
    let text = normalised("struct BlastRadius; // Two quiet hooks, and proxies.");
    for word in ["blast radius", "quiet hook", "proxy"] {
        assert!(occurs(word, &text), "{word}");
    }
    assert!(!occurs("blas radius", &text) && !occurs("hook quiet", &text));
}
