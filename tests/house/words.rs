//! Words that this project does without: dialect and riddles that a reader has to translate, where
//! standard English or the field's own word says it at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each with how often it is still there, at most. A number only ever goes down.
const BANNED: [(&str, usize); 12] = [
    ("nobody", 0),
    ("somebody", 0),
    ("anybody", 0),
    ("whoever", 0),
    ("stands", 0),
    ("is over", 8),
    ("want of", 0),
    ("mended", 0),
    ("deed", 0),
    ("errand", 0),
    ("people owe", 0),
    ("go round", 0),
];

/// What is read: our own text. Snapshots hold what the sources say, the changelog says what words
/// were, and this file has to name them.
fn is_read(path: &Path) -> bool {
    const ENDINGS: [&str; 5] = ["rs", "md", "yaml", "py", "toml"];
    let ending = path.extension().and_then(|ending| ending.to_str());
    let name = path.file_name().and_then(|name| name.to_str());
    ending.is_some_and(|ending| ENDINGS.contains(&ending))
        && !["words.rs", "CHANGELOG.md"].contains(&name.unwrap_or_default())
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a folder entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if is_read(&path) {
            found.push(path);
        }
    }
}

/// The words of a text in lower case, with their lines. An underscore is part of a word, so that
/// only whole names count.
fn words(text: &str) -> Vec<(usize, String)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let lines = text.lines().enumerate();
    lines
        .flat_map(|(line, text)| {
            let words = text.split(move |c| !is_word(c));
            let words = words.filter(|word| !word.is_empty());
            words.map(move |word| (line + 1, word.to_lowercase()))
        })
        .collect()
}

/// Lines on which a phrase begins.
fn lines_with(phrase: &str, words: &[(usize, String)]) -> Vec<usize> {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    let places = words.windows(phrase.len());
    let is_it = |place: &&[(usize, String)]| {
        let said = place.iter().map(|(_, word)| word.as_str());
        said.eq(phrase.iter().copied())
    };
    places.filter(is_it).map(|place| place[0].0).collect()
}

#[test]
fn banned_words_become_fewer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
        .map(|name| root.join(name))
        .to_vec();
    for folder in ["sim", "tests", "benches", "docs", "scenarios"] {
        files(&root.join(folder), &mut all);
    }
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for path in all {
        let text = fs::read_to_string(&path);
        // tests/invalid has files that are no text.
        let Ok(text) = text else { continue };
        let words = words(&text);
        let name = path.strip_prefix(root).expect("a path of the project");
        for (phrase, _) in BANNED {
            let lines = lines_with(phrase, &words).into_iter();
            let places = lines.map(|line| format!("{}:{line}", name.display()));
            found.entry(phrase).or_default().extend(places);
        }
    }
    let too_many = BANNED
        .iter()
        .filter(|(phrase, most)| found[phrase].len() > *most);
    let told: Vec<String> = too_many
        .map(|(phrase, most)| {
            let (places, count) = (&found[phrase], found[phrase].len());
            let first = places[..count.min(20)].join("\n  ");
            format!("{phrase:?} {count} times, at most {most}:\n  {first}")
        })
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn a_phrase_is_found_across_lines_and_not_inside_a_name() {
    let words = words("/// Nobody is\n/// over it.\nfn nobody_asks() {}\n");
    assert_eq!(lines_with("nobody", &words), [1]);
    assert_eq!(lines_with("is over", &words), [1]);
    assert_eq!(lines_with("over is", &words), [0_usize; 0]);
}
