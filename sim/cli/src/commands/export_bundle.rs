//! `trustsim export-bundle`: what `juju export-bundle` would print of a model at an instant.

use super::play_until;
use crate::args::{DataFormat, ExportBundle};
use crate::console::Console;
use crate::error::CliError;
use crate::output::{data_text, deliver};
use trustsim_files::Access;

/// A bundle, and behind it the overlay with its offers where it has any, as Juju prints it.
pub(super) fn export_bundle(
    args: &ExportBundle,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let (deployment, simulation) =
        play_until(&args.scenario, args.at.as_deref(), &args.play, console)?;
    let all: Vec<&str> = deployment.models.iter().map(|each| &*each.name).collect();
    let wanted = match (&args.model, all.as_slice()) {
        (Some(model), _) => model.as_str(),
        (None, [only]) => only,
        (None, _) => {
            let error = CliError::usage("a bundle is of one model".to_owned());
            return Err(error.hint(format!("give -m with one of {}", all.join(", "))));
        }
    };
    let documents = simulation.export_bundle(wanted).ok_or_else(|| {
        CliError::usage(format!("no model `{wanted}` in the scenario"))
            .hint(format!("its models are {}", all.join(", ")))
    })?;
    let texts = documents
        .iter()
        .map(|document| data_text(document, DataFormat::Yaml));
    let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
    let text = texts.join("--- # overlay.yaml\n");
    deliver(&text, args.output.as_deref(), Access::Shared, console)
}
