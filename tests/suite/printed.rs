//! What is printed may be pasted: every command has the words that were meant, in sh, bash and fish, and
//! runs nothing else.
//!
//! A stand-in for the programs that are typed notes its words. For example, `juju config -m m web motto='a;>PWN'` is
//! pasted, and the stand-in has the word `motto=a;>PWN` and the folder has no file `PWN`.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::trustsim;
use serde_json::Value;
use trustsim::model::{CommandLine, Instruction, Word};
use trustsim_oracles::skip;

/// Texts that a shell or a terminal would act on.
const HOSTILE: &[&str] = &[
    "a;>PWN",
    "$(>PWN)",
    "`>PWN`",
    "a|>PWN",
    "a&>PWN",
    "'>PWN'",
    "it's",
    r"a\'b",
    r"\",
    r"a\\b\",
    "\"$HOME\"",
    "!!",
    "~",
    "%self",
    "*",
    "{a,b}",
    "#c",
    "(>PWN)",
    "a\u{1b}[2J\u{7}b",
    "-\u{9b}\u{202e}é!%s\\n",
    "a\nb;>PWN",
    "ends\n\n",
    "-a\tb\n",
    "é",
    "a b",
    "",
];

/// The shells that commands are pasted into. fish need not be there.
fn shells() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let find = |name: &str| {
        let mut programs = std::env::split_paths(&path).map(|folder| folder.join(name));
        let found = programs.find(|program| program.is_file());
        if found.is_none() && name != "fish" {
            skip(&format!("there is no {name}"));
        } else if found.is_none() {
            // Not `skip`: no machine is required to have it.
            let _ = writeln!(io::stderr(), "SKIPPED in {name}, which is not there");
        }
        found
    };
    ["sh", "bash", "fish"]
        .into_iter()
        .filter_map(find)
        .collect()
}

/// A folder with programs that note their words, and nothing else.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let programs = folder.path().join("programs");
        fs::create_dir(&programs).expect("a folder");
        for name in ["juju", "trustsim"] {
            let program = programs.join(name);
            // How many words there are, and each of them, each with a zero byte behind it.
            let noted = format!("#!/bin/sh\nprintf '%s\\0' {name} \"$#\" \"$@\" >>\"$NOTED\"\n");
            fs::write(&program, noted).expect("it is written");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it may run");
        }
        fs::create_dir(folder.path().join("here")).expect("a folder");
        Self { folder }
    }

    /// The commands that run when these lines are pasted into a shell.
    fn paste(&self, shell: &Path, lines: &[String]) -> Vec<Vec<String>> {
        let at = |name: &str| self.folder.path().join(name);
        fs::write(at("script"), lines.join("\n") + "\n").expect("it is written");
        fs::write(at("noted"), "").expect("it is written");
        let mut pasted = Command::new(shell);
        if shell.ends_with("fish") {
            pasted.arg("--no-config");
        }
        let output = pasted
            .arg(at("script"))
            .current_dir(at("here"))
            .env_clear()
            .env("PATH", at("programs"))
            .env("HOME", at("here"))
            .env("LC_ALL", "C.UTF-8")
            .env("NOTED", at("noted"))
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said, "", "{} has nothing to say", shell.display());
        let left: Vec<_> = fs::read_dir(at("here"))
            .expect("a folder")
            .filter(|entry| {
                // fish keeps what was typed there.
                let name = entry.as_ref().expect("an entry").file_name();
                ![".local", ".config", ".cache"]
                    .iter()
                    .any(|own| name == *own)
            })
            .collect();
        assert!(left.is_empty(), "{} left {left:?}", shell.display());
        let noted = fs::read(at("noted")).expect("it is there");
        let mut words = noted
            .split(|byte| *byte == 0)
            .map(|word| String::from_utf8(word.to_vec()).expect("words are UTF-8"));
        let mut commands = Vec::new();
        while let Some(program) = words.next().filter(|program| !program.is_empty()) {
            let count = words.next().expect("a count").parse().expect("a count");
            let arguments = words.by_ref().take(count);
            commands.push(std::iter::once(program).chain(arguments).collect());
        }
        commands
    }
}

/// The words of a command that has no file in it.
fn texts(command: &CommandLine) -> Vec<String> {
    let words = command.words().iter();
    let words = words.map(|word| match word {
        // A command is one line, and a word has no line break at its end.
        Word::Text(text) => text.trim_end_matches('\n').to_owned(),
        Word::File { .. } => panic!("no file is in {command}"),
    });
    words.collect()
}

/// A text in double quotes, as YAML reads it.
fn quoted(text: &str) -> String {
    let letters = Value::from(text).to_string();
    let letters = letters.chars().map(|letter| match letter {
        '\u{7f}'..='\u{9f}' | '\u{2028}'..='\u{202e}' => format!("\\u{:04x}", u32::from(letter)),
        _ => letter.to_string(),
    });
    letters.collect()
}

/// A deployment whose faults set options to hostile texts, and whose client does not trust the server.
fn scenario(client: &str) -> String {
    let options: String = (0..HOSTILE.len())
        .map(|index| format!("      o{index}: {{type: string}}\n"))
        .collect();
    let set: String = HOSTILE
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let text = quoted(text);
            format!(
                "  - {{at: 3h, set-config: {{app: m.web, options: {{o{index}: {text}}}}}}}\n  - {{at: 4h, run-action: \
                 {{app: m.ca, action: rotate-private-key, parameters: {{p{index}: {text}}}}}}}\n"
            )
        })
        .collect();
    format!(
        "
name: hostile
about: {about}
duration: 6h
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, scale: 1}}
      web: {{charm: web, scale: 1}}
    relations: [['web:certificates', 'ca:certificates']]
charms:
  web:
    requires: {{certificates: {{interface: tls-certificates, mode: unit}}}}
    options:
{options}clients:
  {client}: {{trusts: [system]}}
connections:
  - {{from: {client}, to: m.web, every: 60s}}
faults:
{set}",
        about = quoted("\u{1b}]0;owned\u{7} \u{202e} a\nb"),
        client = quoted(client),
    )
}

#[test]
fn a_pasted_command_has_the_words_that_were_typed() {
    let deployment = crate::common::deployed(&scenario("browser"));
    let actions = deployment.actions.iter();
    let typed: Vec<CommandLine> = actions
        .map(|timed| match timed.action.to_command(&deployment) {
            Instruction::Typed(command) => command,
            Instruction::ByHand(phrase) => panic!("{phrase} is a command"),
        })
        .collect();
    assert_eq!(typed.len(), 2 * HOSTILE.len());
    let lines: Vec<String> = typed.iter().map(ToString::to_string).collect();
    let wanted: Vec<Vec<String>> = typed.iter().map(texts).collect();
    let desk = Desk::new();
    for shell in shells() {
        let ran = desk.paste(&shell, &lines);
        for (ran, wanted) in ran.iter().zip(&wanted) {
            assert_eq!(ran, wanted, "{}", shell.display());
        }
        assert_eq!(ran.len(), wanted.len(), "{}", shell.display());
    }
}

/// The test would tell if something else ran.
#[test]
#[should_panic(expected = "PWN")]
fn a_word_that_is_not_quoted_is_noticed() {
    Desk::new().paste(Path::new("/bin/sh"), &["juju config a;>PWN".to_owned()]);
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it prints UTF-8")
}

/// Every text of a JSON value that is a command of Juju.
fn commands_of(value: &Value, found: &mut Vec<String>) {
    match value {
        // Files are not there when a command is pasted here.
        Value::String(text) if text.starts_with("juju ") && !text.contains(".pem)") => {
            found.push(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| commands_of(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| commands_of(value, found)),
        _ => {}
    }
}

const CLIENT: &str = "it's;>PWN$(>PWN)";
const FILE: &str = "it's;>PWN \u{1b}[2J.yaml";

#[test]
fn hints_and_remedies_of_a_run_run_nothing_but_what_they_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario_file = folder.path().join(FILE);
    // Commands are told in the summary where they are refused.
    let refusing = scenario(CLIENT)
        .replace("models:\n", "controllers: {north: {}}\nmodels:\n")
        .replace(
            "faults:\n",
            "faults:\n  - {at: 2h, controller-down: {controller: north, for: 3h}}\n",
        );
    fs::write(&scenario_file, &refusing).expect("it is written");
    let run = trustsim(folder.path(), &["run", FILE, "-o", "report"]);
    let summary = text(&run.stdout);
    assert_eq!(run.status.code(), Some(1), "{summary}{}", text(&run.stderr));
    assert_harmless(&summary, false);
    let more = summary
        .lines()
        .find_map(|line| line.strip_prefix("more: --verbose; "));
    let why = more
        .and_then(|more| more.rsplit_once("; "))
        .expect("there is more")
        .0;

    let json = fs::read_to_string(folder.path().join("report/summary.json")).expect("a summary");
    let mut lines = Vec::new();
    commands_of(&serde_json::from_str(&json).expect("JSON"), &mut lines);
    assert!(lines.len() >= 2 * HOSTILE.len(), "{json}");

    let changed = refusing.replace("duration: 6h", "duration: 5h");
    fs::write(&scenario_file, changed).expect("it is written");
    let refused = trustsim(folder.path(), &["why", "report", CLIENT, "m.web"]);
    let said = text(&refused.stderr);
    let hint = said
        .lines()
        .find_map(|line| line.strip_prefix("hint: play it again: "));
    let again = hint.unwrap_or_else(|| panic!("a hint in {said}"));

    let desk = Desk::new();
    for shell in shells() {
        let ran = desk.paste(&shell, &lines);
        assert_eq!(ran.len(), lines.len(), "{lines:?}");
        let ran = desk.paste(&shell, &[why.to_owned()]);
        assert_eq!(
            ran[0][..5],
            ["trustsim", "why", "SCENARIO", CLIENT, "m.web/0"]
        );
        let ran = desk.paste(&shell, &[again.to_owned()]);
        assert_eq!(ran, [["trustsim", "run", FILE]]);
    }
}

/// A text as a terminal gets it: letters that are seen, line breaks, and colours where there may be some.
fn assert_harmless(text: &str, may_be_coloured: bool) {
    let mut plain = text.to_owned();
    if may_be_coloured {
        let codes = (30..38).chain(90..98).chain([0, 1]);
        for code in codes {
            plain = plain.replace(&format!("\u{1b}[{code}m"), "");
        }
    }
    let acts = |letter: char| {
        let is_format = matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        letter != '\n' && (letter.is_control() || is_format)
    };
    let found = plain.lines().find(|line| line.contains(acts));
    assert_eq!(found, None, "a terminal would act on this line");
}

/// The folder of a scenario whose option values, certificates and file name have letters that a terminal acts on.
fn folder_of(client: &str, name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let common_name = quoted("Root\u{1b}[2J\u{9b}31m\nerror: faked\u{202e}");
    let declared = format!(
        "  ca-of-people:\n    issuer: {{chain: [{{common-name: {common_name}, validity: 520w}}]}}\n    provides: \
         {{certificates: {{interface: tls-certificates}}}}\n"
    );
    let text = scenario(client)
        .replace("charms:\n", &format!("charms:\n{declared}"))
        .replace("charm: self-signed-certificates", "charm: ca-of-people");
    // What is declared has no action to run.
    let lines = text.lines().filter(|line| !line.contains("run-action"));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    fs::write(folder.path().join(name), text).expect("it is written");
    folder
}

#[test]
fn no_letter_of_a_scenario_moves_a_terminal() {
    let folder = folder_of("browser", FILE);
    for colour in ["never", "always"] {
        for arguments in [
            &["run", FILE, "-o", "report", "--verbose"][..],
            &["check", FILE],
            &["why", FILE, "browser", "m.web"],
        ] {
            let arguments = [&["--color", colour], arguments].concat();
            let output = trustsim(folder.path(), &arguments);
            assert_harmless(&text(&output.stdout), colour == "always");
            assert_harmless(&text(&output.stderr), colour == "always");
            let told = text(&output.stdout) + &text(&output.stderr);
            assert!(!told.contains("\nerror: faked"), "{told}");
        }
    }
    let told = text(&trustsim(folder.path(), &["why", FILE, "browser", "m.web"]).stdout);
    assert!(
        told.contains("\\u{1b}[2J\\u{9b}31m\\nerror: faked\\u{202e}"),
        "{told}"
    );
}

#[test]
fn findings_and_their_excerpts_have_letters_that_are_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = "models: {m: {owner: 'a\u{202e}\u{2028}\u{85}b', applications: {a: {charm: \"x\\e[2J\"}}}}\n";
    fs::write(folder.path().join("s.yaml"), wrong).expect("it is written");
    for colour in ["never", "always"] {
        let output = trustsim(folder.path(), &["--color", colour, "check", "s.yaml"]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert_harmless(&told, colour == "always");
        assert!(told.contains("\\u{1b}[2J"), "{told}");
        assert!(told.contains("\\u{202e}"), "{told}");
    }
}
