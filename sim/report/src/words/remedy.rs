//! The words for a remedy: what to type, and when, in one line.

use trustsim_diagnosis::Remedy;

use super::command;

/// One line: what to type, and when.
pub fn line(remedy: &Remedy) -> String {
    let commands: Vec<String> = remedy.commands.iter().map(command::text).collect();
    let commands = commands.join(" && ");
    let mut line = match remedy.at {
        None => format!("{commands} (beforehand)"),
        Some(at) => format!("{commands} (at {at})"),
    };
    for (at, later) in &remedy.later {
        line.push_str(&format!(" && {} (at {at})", command::text(later)));
    }
    line
}
