//! Instants as they are typed on the command line: a duration from the start, or RFC 3339.

use super::error::CliError;
use trustsim_kernel::{Time, format_duration, parse_duration};
use trustsim_world::Deployment;

/// The instant that `text` means in a run of `deployment`; the end where nothing is given.
pub(super) fn parse_instant(
    flag: &str,
    text: Option<&str>,
    deployment: &Deployment,
) -> Result<Time, CliError> {
    let (start, end) = (deployment.start, deployment.start + deployment.duration);
    let Some(text) = text else {
        return Ok(end);
    };
    let instant = match (parse_duration(text), Time::parse(text)) {
        (Ok(offset), _) => start + offset,
        (Err(_), Ok(instant)) => instant,
        (Err(error), Err(_)) => {
            return Err(CliError::usage(format!("failed to read {flag} `{text}`"))
                .caused_by(error)
                .hint("give a duration from the start, such as 91d, or an instant, such as 2026-04-02T00:00:00Z"));
        }
    };
    if (start..=end).contains(&instant) {
        return Ok(instant);
    }
    Err(CliError::usage(format!(
        "{flag} {text} is outside the run: it plays {} from {start}",
        format_duration(deployment.duration)
    ))
    .hint("`duration` in the scenario says how long it plays"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_testkit::{deployment, seconds};

    #[test]
    fn offsets_and_instants_mean_the_same() {
        let deployment = deployment();
        let at = |text| parse_instant("--at", text, &deployment).map_err(|error| error.to_string());
        let start = deployment.start;
        assert_eq!(at(Some("5m")), Ok(start + seconds(300)));
        assert_eq!(at(Some("2026-01-01T00:05:00Z")), Ok(start + seconds(300)));
        assert_eq!(at(None), Ok(start + seconds(1000)));
        assert_eq!(
            at(Some("2d")),
            Err("--at 2d is outside the run: it plays 16m40s from 2026-01-01T00:00:00Z".to_owned())
        );
        assert_eq!(
            at(Some("soon")),
            Err("failed to read --at `soon`".to_owned())
        );
    }
}
