//! What an operator types or does for an action.

use std::fmt::{self, Display};

use crate::CommandLine;

/// What is typed or done for an action. For example, a relation is removed by a command, and a clock goes wrong in
/// plain words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instruction {
    /// This `juju` command is typed.
    Typed(CommandLine),
    /// This happens, for which Juju has no command: a plain phrase.
    ByHand(String),
}

/// In one line.
impl Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Typed(command) => command.fmt(f),
            Self::ByHand(phrase) => f.write_str(phrase),
        }
    }
}

impl From<CommandLine> for Instruction {
    fn from(command: CommandLine) -> Self {
        Self::Typed(command)
    }
}
