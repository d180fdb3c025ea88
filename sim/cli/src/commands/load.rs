//! What a command plays: a scenario file, or the run whose folder is named, as it was played.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::args::Play;
use crate::bug::PlayedScenario;
use crate::console::Console;
use crate::error::{CliError, ErrorKind};
use crate::readings::{self, Reading};
use crate::scenario::load_scenario;
use trustsim_kernel::Time;
use trustsim_model::Coverage;
use trustsim_report::terminal::coverage;
use trustsim_report::{Provenance, SUMMARY};
use trustsim_world::{Deployment, Journal, Options};

/// A deployment that can be played, and how.
pub(super) struct LoadedScenario {
    pub(super) deployment: Arc<Deployment>,
    pub(super) options: Options,
    scenario: PathBuf,
    variant: Option<String>,
    /// Names of the variants that the file has.
    variants: Vec<String>,
    sha256: String,
    previous: Option<PreviousRun>,
}

/// The run that was played before.
struct PreviousRun {
    folder: PathBuf,
    provenance: Provenance,
    fingerprint: String,
}

impl LoadedScenario {
    /// What has to be given to play this again.
    pub(super) fn provenance(&self, until: Time) -> Provenance {
        Provenance {
            scenario: self.scenario.clone(),
            variant: self.variant.clone(),
            seed: self.deployment.seed,
            until: until.to_string(),
            every_hook: self.options.every_hook,
            every_handshake: self.options.every_handshake,
            sha256: self.sha256.clone(),
        }
    }

    /// The scenario as it was asked for, with its connections.
    pub(super) fn reading(&self) -> Reading {
        Reading::new(self.variant.as_deref(), &self.deployment)
    }

    /// The other readings of the scenario: the file as it is, and its other variants.
    pub(super) fn other_readings(&self) -> Vec<Reading> {
        readings::others(&self.scenario, self.variant.as_deref(), &self.variants)
    }

    /// Whether a run played to its end is the one whose folder was named, where one was.
    ///
    /// # Errors
    ///
    /// Another version of the program may play the same scenario otherwise.
    pub(super) fn check_reproduces(&self, journal: &Journal) -> Result<(), CliError> {
        match &self.previous {
            Some(previous) if previous.fingerprint != format!("{:016x}", journal.fingerprint()) => {
                let folder = previous.folder.display();
                Err(CliError::usage(format!(
                    "`{folder}` is of another run: played again, it came out otherwise"
                ))
                .hint("another version of trustsim may have played it: play the scenario again"))
            }
            _ => Ok(()),
        }
    }
}

/// Reads a scenario, or the one of a run's folder, and says its warnings.
pub(super) fn load(
    path: &Path,
    play: &Play,
    console: &mut Console<'_>,
) -> Result<LoadedScenario, CliError> {
    let previous = path
        .is_dir()
        .then(|| PreviousRun::read(path, play))
        .transpose()?;
    let (scenario, variant) = match &previous {
        Some(PreviousRun { provenance, .. }) => {
            (provenance.scenario.clone(), provenance.variant.clone())
        }
        None => (path.to_owned(), play.variant.clone()),
    };
    let loaded = load_scenario(&scenario, variant.as_deref())?;
    if let Some(previous) = &previous {
        previous.check_sources(&loaded.sha256)?;
    }
    console.say(&loaded.warnings)?;
    let mut deployment = loaded.deployment;
    let mut options = Options {
        every_hook: play.every_hook,
        every_handshake: play.every_handshake,
    };
    deployment.seed = play.seed.unwrap_or(deployment.seed);
    if let Some(previous) = &previous {
        deployment.seed = previous.provenance.seed;
        options.every_hook = previous.provenance.every_hook;
        options.every_handshake = previous.provenance.every_handshake;
    }
    PlayedScenario::begin(&scenario, variant.as_deref(), deployment.seed);
    trustsim_faults::draw(&mut deployment);
    if let Some(previous) = &previous {
        // As `--until` does: what is drawn is drawn for the whole scenario.
        deployment.duration = previous.until()?.since(deployment.start);
    }
    Ok(LoadedScenario {
        deployment: Arc::new(deployment),
        options,
        scenario,
        variant,
        variants: loaded.variants,
        sha256: loaded.sha256,
        previous,
    })
}

/// Says what an answer about a deployment rests on.
pub(super) fn say_coverage(
    deployment: &Deployment,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    console.say(&coverage(&Coverage::of(deployment)))
}

impl PreviousRun {
    fn read(folder: &Path, play: &Play) -> Result<Self, CliError> {
        let otherwise = play.variant.is_some() || play.seed.is_some();
        if otherwise || play.every_hook || play.every_handshake {
            let error = "the folder of a run says itself how it was played";
            return Err(CliError::usage(error).hint("name the scenario file to play it otherwise"));
        }
        let path = folder.join(SUMMARY);
        let shown = path.display();
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CliError::usage(format!(
                "`{}` is no folder of a run: it has no {SUMMARY}",
                folder.display()
            ))
            .hint("name a scenario file, or a folder that `trustsim run` wrote"),
            _ => CliError::new(ErrorKind::Io, format!("failed to read `{shown}`")).caused_by(error),
        })?;
        let unlike = || CliError::usage(format!("`{shown}` does not say what was played"));
        let mut summary: Value =
            serde_json::from_str(&text).map_err(|error| unlike().caused_by(error))?;
        let fingerprint = summary["fingerprint"]
            .as_str()
            .ok_or_else(unlike)?
            .to_owned();
        let provenance = summary["played"].take();
        let provenance =
            serde_json::from_value(provenance).map_err(|error| unlike().caused_by(error))?;
        Ok(Self {
            folder: folder.to_owned(),
            provenance,
            fingerprint,
        })
    }

    fn check_sources(&self, sha256: &str) -> Result<(), CliError> {
        if self.provenance.sha256 == sha256 {
            return Ok(());
        }
        let (scenario, folder) = (self.provenance.scenario.display(), self.folder.display());
        Err(CliError::usage(format!(
            "`{scenario}`, or a file that it names, is not what it was when `{folder}` was written"
        ))
        .hint(format!("play it again: trustsim run {scenario}")))
    }

    fn until(&self) -> Result<Time, CliError> {
        Time::parse(&self.provenance.until).map_err(|error| {
            let path = self.folder.join(SUMMARY);
            CliError::usage(format!("failed to read `{}`", path.display())).caused_by(error)
        })
    }
}
