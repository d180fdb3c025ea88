//! The words for what an operator does: a command is set off from a phrase for which there is none.

/// A `juju` command in backquotes, to be typed as it is; any other phrase as it is.
pub fn quoted(command: &str) -> String {
    match command.starts_with("juju ") {
        true => format!("`{command}`"),
        false => command.to_owned(),
    }
}
