//! What README and docs tell a reader to type: every command and every flag is there.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};

use crate::Cli;

/// Markdown files at the root and in `docs/`.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in [".", "docs", "docs/reference"] {
        let entries = fs::read_dir(root.join(folder)).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        found.extend(paths.filter(|path| {
            let is_markdown = path.extension().is_some_and(|ending| ending == "md");
            is_markdown && !path.ends_with("CHANGELOG.md")
        }));
    }
    found
}

/// What follows the program's name in a code span or a shell line, up to its end.
fn typed(line: &str) -> Vec<&str> {
    let starts = ["`trustsim ", "$ trustsim ", "release/trustsim "];
    let found = starts.iter().flat_map(|start| {
        line.match_indices(start)
            .map(move |(at, _)| &line[at + start.len()..])
    });
    found
        .map(|rest| rest.split('`').next().expect("a text has a first part"))
        .collect()
}

/// Why a command line cannot be typed; nothing where it can.
fn mistake(typed: &str, program: &Command) -> Option<String> {
    let words = typed.split(|letter: char| letter.is_whitespace() || "[]|,;()".contains(letter));
    let mut command = program;
    for word in words.filter(|word| !word.is_empty()) {
        if let Some(flag) = word.strip_prefix("--") {
            let is_known = |command: &Command| {
                let mut arguments = command.get_arguments();
                arguments.any(|argument| argument.get_long() == Some(flag))
            };
            if !is_known(command) && !is_known(program) {
                return Some(format!("no flag --{flag} of `{}`", command.get_name()));
            }
        } else if command.has_subcommands() {
            match command.find_subcommand(word) {
                Some(found) => command = found,
                None => return Some(format!("no command `{word}`")),
            }
        }
    }
    None
}

#[test]
fn commands_and_flags_that_the_docs_name_are_there() {
    let program = Cli::command();
    let (mut count, mut mistakes) = (0, Vec::new());
    for path in documents() {
        let text = fs::read_to_string(&path).expect("text");
        for (number, line) in text.lines().enumerate() {
            for typed in typed(line) {
                count += 1;
                let mistake = mistake(typed, &program);
                mistakes.extend(
                    mistake.map(|what| format!("{}:{}: {what}", path.display(), number + 1)),
                );
            }
        }
    }
    assert!(count > 10, "the docs name commands: {count}");
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn a_command_that_is_not_there_is_found() {
    let program = Cli::command();
    let wrong = |line: &str| {
        let typed = typed(line);
        mistake(typed.first().expect("a command line"), &program)
    };
    assert_eq!(wrong("type `trustsim run it.yaml --until 1d`"), None);
    assert_eq!(
        wrong("`trustsim report x`"),
        Some("no command `report`".to_owned())
    );
    let flag = wrong("$ trustsim run it.yaml --colour");
    assert_eq!(flag, Some("no flag --colour of `run`".to_owned()));
}
