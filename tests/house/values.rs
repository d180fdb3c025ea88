//! Facts are values until the last moment: `diagnosis`, `whatif` and `rehearsal` compare no text with a literal,
//! and make no sentence. `report/src/words` has the sentence for each value.
//!
//! Reads the sources token by token, without comments and tests. What an assertion, a panic or the
//! text of an error says is for those who read them, and is left out.

use std::fs;
use std::path::Path;

use crate::sources::{below, root};

/// Files that may, each with its reason.
const EXCEPTIONS: [(&str, &str); 1] = [(
    "rehearsal/src/playbooks.rs",
    "names of a charm's options are data of its metadata",
)];

/// Calls and attributes in which a sentence is for programmers.
const FOR_PROGRAMMERS: [&str; 11] = [
    "expect",
    "panic!",
    "assert!",
    "assert_eq!",
    "assert_ne!",
    "debug_assert!",
    "debug_assert_eq!",
    "unreachable!",
    "error",
    "reason",
    "cfg",
];

/// A text in a source, and the code around it.
#[derive(Debug, PartialEq, Eq)]
struct Literal {
    line: usize,
    text: String,
    /// The code before it on its line, without spaces.
    before: String,
    /// The code behind it up to the end of the line, without spaces.
    behind: String,
    /// The innermost calls that it is an argument of.
    calls: Vec<String>,
}

/// The code before the first test module.
fn production(source: &str) -> &str {
    let end = source.find("#[cfg(test)]\nmod tests {");
    end.map_or(source, |end| &source[..end])
}

fn literals(source: &str) -> Vec<Literal> {
    let mut found = Vec::new();
    let (mut calls, mut word): (Vec<String>, String) = (Vec::new(), String::new());
    for (number, line) in joined(source) {
        let (code, texts) = split(&line);
        let mut texts = texts.into_iter();
        let mut before = String::new();
        for (place, c) in code.char_indices() {
            match c {
                '"' => found.push(Literal {
                    line: number,
                    text: texts.next().expect("one text for each quote"),
                    before: before.clone(),
                    behind: code[place + 1..].split_whitespace().collect(),
                    calls: calls.clone(),
                }),
                '(' | '[' | '{' => calls.push(std::mem::take(&mut word)),
                ')' | ']' | '}' => {
                    calls.pop();
                }
                _ => {}
            }
            match c.is_alphanumeric() || c == '_' || c == '!' {
                true => word.push(c),
                false => word.clear(),
            }
            if !c.is_whitespace() {
                before.push(c);
            }
        }
        word.clear();
    }
    found
}

/// Lines with their numbers; a text that goes on in the next line is one with it.
fn joined(source: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (index, line) in source.lines().enumerate() {
        match lines.last_mut() {
            Some((_, last)) if is_open => last.push_str(line.trim_start()),
            _ => lines.push((index + 1, line.to_owned())),
        }
        let last = &mut lines.last_mut().expect("a line was added").1;
        is_open = last.ends_with('\\');
        if is_open {
            last.pop();
        }
    }
    lines
}

/// A line without its comment, each text in it a single quote, and those texts.
fn split(line: &str) -> (String, Vec<String>) {
    let (mut code, mut texts) = (String::new(), Vec::new());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => break,
            '\'' => {
                // A character, not a lifetime, where a quote follows.
                let rest: String = chars.clone().take(3).collect();
                let is_escaped = rest.starts_with('\\');
                let length = if is_escaped { 3 } else { 2 };
                if rest.chars().nth(length - 1) == Some('\'') {
                    chars.nth(length - 1);
                }
            }
            '"' => {
                let mut text = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '\\' => text.extend(chars.next()),
                        '"' => break,
                        c => text.push(c),
                    }
                }
                code.push('"');
                texts.push(text);
            }
            c => code.push(c),
        }
    }
    (code, texts)
}

impl Literal {
    fn is_for_programmers(&self) -> bool {
        let mut calls = self.calls.iter();
        calls.any(|call| FOR_PROGRAMMERS.contains(&call.as_str())) || self.before.starts_with("#[")
    }

    /// Whether something is compared with it.
    fn is_compared(&self) -> bool {
        const OPERATORS: [&str; 4] = ["==", "!=", "==*", "!=*"];
        const METHODS: [&str; 8] = [
            "contains",
            "starts_with",
            "ends_with",
            "strip_prefix",
            "strip_suffix",
            "split_once",
            "split",
            "find",
        ];
        // What comes before an arrow on its line is a pattern.
        let is_arm = self.behind.contains("=>") || self.before.ends_with('|');
        let is_operand = OPERATORS
            .iter()
            .any(|operator| self.before.ends_with(operator));
        let is_left = self.behind.starts_with("==") || self.behind.starts_with("!=");
        let is_argument = self
            .calls
            .last()
            .is_some_and(|call| METHODS.contains(&call.as_str()));
        is_arm || is_operand || is_left || is_argument
    }

    /// Whether it has two words of English.
    fn is_sentence(&self) -> bool {
        let mut depth = 0;
        let plain: String = self
            .text
            .chars()
            .filter(|c| {
                depth += i32::from(*c == '{');
                let is_kept = depth == 0;
                depth -= i32::from(*c == '}');
                is_kept
            })
            .collect();
        let words = plain.split_whitespace().filter(|word| {
            let letters = word.trim_matches(|c: char| !c.is_alphabetic());
            letters.len() > 1 && letters.chars().all(char::is_alphabetic)
        });
        words.count() > 1
    }
}

#[test]
fn findings_and_rehearsals_compare_no_text_and_make_no_sentence() {
    let mut told = Vec::new();
    let mut needed: Vec<&str> = Vec::new();
    for room in ["diagnosis", "whatif", "rehearsal"] {
        for path in below(&root().join("sim").join(room).join("src")) {
            if path.ends_with("tests.rs") {
                continue;
            }
            let name = path.strip_prefix(root().join("sim"));
            let name = name
                .expect("a file of a room")
                .to_string_lossy()
                .into_owned();
            let source = fs::read_to_string(&path).expect("text");
            let mut wrong = literals(production(&source));
            wrong.retain(|each| {
                !each.is_for_programmers() && (each.is_compared() || each.is_sentence())
            });
            if wrong.is_empty() {
                continue;
            }
            match EXCEPTIONS
                .iter()
                .find(|(file, _)| Path::new(file) == Path::new(&name))
            {
                Some((file, _)) => needed.push(file),
                None => told.extend(
                    wrong
                        .iter()
                        .map(|each| format!("{name}:{}: {:?}", each.line, each.text)),
                ),
            }
        }
    }
    assert!(
        told.is_empty(),
        "texts that are compared, or sentences, outside of report/src/words:\n{}",
        told.join("\n")
    );
    for (file, reason) in EXCEPTIONS {
        assert!(
            needed.contains(&file),
            "{file} needs no exception: {reason}"
        );
    }
}

#[test]
fn what_is_compared_and_what_is_said_is_told_apart_from_names() {
    let found = |source: &str| {
        let mut found = literals(source);
        found.retain(|each| {
            !each.is_for_programmers() && (each.is_compared() || each.is_sentence())
        });
        found.len()
    };
    for wrong in [
        "if error == \"expired\" {",
        "if text.contains(\"denied: \") {",
        "match name {\n    \"unseal\" => 1,\n}",
        "format!(\"{who} trusts the old CA\")",
        "let text = \"it never \\\n    trusted\";",
    ] {
        assert_eq!(found(wrong), 1, "{wrong}");
    }
    for right in [
        "assert!(is_sorted, \"entries come in order of time\");",
        "let entry = entry.expect(\"a handshake is known\");",
        "#[error(\"no connection is watched\")]",
        "Self::Expired => \"expired\",",
        "format!(\"{model}.{unit}\") // it never trusted",
        "address.rsplit_once('/')",
    ] {
        assert_eq!(found(right), 0, "{right}");
    }
}
