//! `trustsim import`: from what people have to a scenario.

use std::path::Path;

use crate::args::{ConnectionsForm, Import};
use crate::console::Console;
use crate::error::CliError;
use crate::output::deliver;
use crate::scenario::{import_files, rendered};
use trustsim_files::Access;
use trustsim_kernel::parse_duration;
use trustsim_report::terminal::derived;
use trustsim_report::{edge_comments, written_connections};

pub(super) fn import(args: &Import, console: &mut Console<'_>) -> Result<(), CliError> {
    parse_duration(&args.duration).map_err(|error| {
        CliError::usage(format!("--duration {}", args.duration))
            .caused_by(error)
            .hint("a duration is a number with a unit, such as 400d")
    })?;
    let output = args.output.as_deref();
    if let Some(output) = output.filter(|output| args.paths.iter().any(|path| path == output)) {
        let message = format!(
            "`{}` would be written over what is imported",
            output.display()
        );
        return Err(CliError::usage(message).hint("name another file with -o"));
    }
    let folder = output.and_then(Path::parent).unwrap_or(Path::new(""));
    let imported = import_files(&args.paths, folder, &args.duration)?;
    console.say(&rendered(&imported.notes))?;
    let mut text = imported.text.clone();
    if let Some(found) = &imported.loaded.derived {
        console.say(&derived(found))?;
        let deployment = &imported.loaded.deployment;
        match args.connections {
            ConnectionsForm::Derived => text.push_str(&edge_comments(found, deployment)),
            ConnectionsForm::Written => {
                imported.before_connections().clone_into(&mut text);
                text.push_str(&written_connections(found, deployment));
            }
        }
    }
    deliver(&text, output, Access::Shared, console)
}
