//! Commands are lists of words until they are printed (`model::CommandLine`): no source fills names into the text of
//! one, as `format!("juju deploy {name}")` would, since nothing there would be quoted.

use std::fs;

use crate::sources::{below, root};

/// Beginnings of texts that are commands.
const PROGRAMS: [&str; 3] = ["juju ", "kubectl ", "trustsim "];

/// What begins so and is none, or has no name in it.
const HARMLESS: [&str; 2] = ["juju says: ", "trustsim explain {code}"];

/// The text of a command with something to fill in, which a line of a source has.
fn filled_in(line: &str) -> Option<&str> {
    let starts = PROGRAMS.iter().filter_map(|program| {
        let quoted = [format!("\"{program}"), format!("`{program}")];
        quoted.iter().filter_map(|start| line.find(start)).min()
    });
    let text = &line[starts.min()? + 1..];
    let is_harmless = HARMLESS.iter().any(|harmless| text.starts_with(harmless));
    (text.contains('{') && !is_harmless).then_some(text)
}

#[test]
fn no_name_is_filled_into_the_text_of_a_command() {
    let mut told = Vec::new();
    for path in below(&root().join("sim")) {
        let is_test = path.components().any(|part| {
            let part = part.as_os_str();
            part == "tests" || part == "tests.rs"
        });
        if is_test {
            continue;
        }
        let source = fs::read_to_string(&path).expect("text");
        let production = source.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = production.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
        told.extend(lines.filter_map(|(index, line)| {
            let text = filled_in(line)?;
            Some(format!("{}:{}: {text}", path.display(), index + 1))
        }));
    }
    assert!(
        told.is_empty(),
        "write `CommandLine::new`:\n{}",
        told.join("\n")
    );
}

#[test]
fn a_text_that_is_filled_in_is_told_from_one_that_is_not() {
    let filled = |line: &str| filled_in(line).is_some();
    assert!(filled(r#"format!("juju deploy {charm}")"#));
    assert!(filled(r#"format!("more: `trustsim run {path}`")"#));
    assert!(!filled(r#"let help = "`juju status` shows it";"#));
    assert!(!filled(
        r#"lines.add("explain", &format!("trustsim explain {code}"));"#
    ));
}
