//! Charms that are played by their own code: whether all that it did could be played.

use std::path::Path;

use trustsim_charms::CharmSource;
use trustsim_world::Deployment;

use crate::error::{CliError, ErrorKind};

/// The code of every charm of a deployment that has any.
pub(super) fn sources(deployment: &Deployment) -> impl Iterator<Item = &CharmSource> {
    let applications = deployment.applications.iter();
    applications.filter_map(|application| application.charm.source.as_ref())
}

/// Whether all that the code of charms did was played.
///
/// # Errors
///
/// What was not: an outcome without it would be a guess.
pub(super) fn check_played(deployment: &Deployment) -> Result<(), CliError> {
    for source in sources(deployment) {
        let unplayed = source.0.unplayed();
        if unplayed.is_empty() {
            continue;
        }
        let folder = source.0.folder().display();
        let message = format!("the charm in `{folder}` cannot be played by its own code");
        let error = CliError::new(ErrorKind::Usage, message);
        let error = unplayed.into_iter().fold(error, CliError::hint);
        let is_program = source.0.interpreter() == Path::new("python3");
        return Err(match is_program {
            true => {
                error.hint("`python` of the charm names an interpreter that has what it imports")
            }
            false => error,
        });
    }
    Ok(())
}
