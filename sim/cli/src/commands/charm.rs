//! `trustsim charm`: what is done with a charm's own code.

use super::own_code::{charm_folder, environments};
use crate::Exit;
use crate::args::{Charm, CharmPrepare};
use crate::console::Console;
use crate::error::{CliError, ErrorKind};
use trustsim_python_charms::{PrepareError, environment_of, interpreter};

pub(super) fn charm(args: &Charm, console: &mut Console<'_>) -> Result<Exit, CliError> {
    match args {
        Charm::Prepare(args) => prepare(args, console).map(|()| Exit::Held),
        Charm::Compare(args) => super::compare::compare(args, console),
    }
}

fn prepare(args: &CharmPrepare, console: &mut Console<'_>) -> Result<(), CliError> {
    let folder = charm_folder(&args.path)?;
    let into = match &args.into {
        Some(into) => into.clone(),
        None => environment_of(&environments()?, &folder),
    };
    let made = trustsim_python_charms::prepare(&folder, &args.python, &into);
    let made = made.map_err(|error| {
        let message = format!("failed to prepare `{}`", args.path.display());
        let hint = match &error {
            PrepareError::NothingSaysSo(_) if args.path.is_file() => {
                Some("a packed charm has no such file: name the folder of its source")
            }
            PrepareError::NoPython { .. } => Some("name another one with --python"),
            PrepareError::NoEnvironment { .. } => {
                Some("it needs the modules `venv` and `ensurepip`: Debian has them in python3-venv")
            }
            PrepareError::NoNetwork(_) => {
                Some("pip takes an index that can be reached from PIP_INDEX_URL")
            }
            PrepareError::InTheWay(_) => Some("name another folder with --into"),
            _ => None,
        };
        let said = error.said().to_vec();
        let error = CliError::new(ErrorKind::Io, message).caused_by(error);
        let error = said.into_iter().fold(error, CliError::hint);
        hint.into_iter().fold(error, CliError::hint)
    })?;
    let python = interpreter(&into);
    console.print_data(&format!("{}\n", python.display()))?;
    let count = made.installed.len();
    console.say(&match made.was_there {
        true => format!("it was there already, with {count} packages\n"),
        false => format!("made of {}, with {count} packages\n", made.file),
    })?;
    console.say(
        &made
            .installed
            .iter()
            .fold(String::new(), |text, each| text + "  " + each + "\n"),
    )
}
