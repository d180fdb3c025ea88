//! What a command plays: a scenario file, or the run whose folder is named, as it was played.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::own_code;
use crate::args::Play;
use crate::bug::{PlayedScenario, quoted};
use crate::console::Console;
use crate::error::CliError;
use crate::readings::{self, Reading};
use crate::scenario::{is_folder_to_import, load_scenario};
use trustsim_files::{Seal, SealError};
use trustsim_kernel::Time;
use trustsim_model::Coverage;
use trustsim_report::terminal::{coverage, derived};
use trustsim_report::{PlayedBefore, Provenance, SUMMARY};
use trustsim_scenario::{Derived, GivenCharm, LoadOptions};
use trustsim_world::{Deployment, Journal, Options};

/// Largest `summary.json` that is read. It has some 600 bytes for each connection and each outage, so that this is a run
/// with some 400,000 of them; most of it is skipped, not kept.
const SUMMARY_MAX: u64 = 256 * 1024 * 1024;

/// A deployment that can be played, and how.
pub(super) struct LoadedScenario {
    pub(super) deployment: Arc<Deployment>,
    pub(super) options: Options,
    /// What was derived of its connections, where they are.
    pub(super) derived: Option<Derived>,
    scenario: PathBuf,
    variant: Option<String>,
    /// Charms whose code was given beside it.
    charms: Vec<GivenCharm>,
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
            charms: self
                .charms
                .iter()
                .map(|charm| (charm.name.clone(), charm.source.clone()))
                .collect(),
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
        let asked = LoadOptions {
            variant: self.variant.as_deref(),
            charms: &self.charms,
        };
        readings::others(&self.scenario, asked, &self.variants)
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
    let is_run = path.is_dir() && (path.join(SUMMARY).exists() || !is_folder_to_import(path));
    let previous = is_run.then(|| PreviousRun::read(path, play)).transpose()?;
    let (scenario, variant, charms) = match &previous {
        Some(PreviousRun { provenance, .. }) => (
            provenance.scenario.clone(),
            provenance.variant.clone(),
            own_code::given_before(provenance),
        ),
        None => (
            path.to_owned(),
            play.variant.clone(),
            own_code::given(&play.code.charms)?,
        ),
    };
    let options = LoadOptions {
        variant: variant.as_deref(),
        charms: &charms,
    };
    let loaded = load_scenario(&scenario, options)?;
    own_code::check_used(&charms, &loaded.deployment)?;
    // Where a run's folder says which code was given, the command line does not.
    let named = if previous.is_some() { &[] } else { &*charms };
    own_code::check_may_run(play.code.run_charms, named, &loaded.deployment)?;
    own_code::use_prepared(&loaded.deployment)?;
    if let Some(previous) = &previous {
        previous.check_sources(&loaded.sha256)?;
    }
    console.say(&loaded.warnings)?;
    if let Some(found) = &loaded.derived {
        console.say(&derived(found))?;
    }
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
    if let Some(folder) = &play.keep_answers {
        for source in deployment.sources() {
            source.0.keep_answers_in(folder.clone());
        }
    }
    PlayedScenario::begin(&scenario, variant.as_deref(), deployment.seed);
    trustsim_faults::draw(&mut deployment);
    if let Some(previous) = &previous {
        // As `--until` does: what is drawn is drawn for the whole scenario.
        deployment.duration = previous.until(&deployment)?.since(deployment.start);
    }
    Ok(LoadedScenario {
        deployment: Arc::new(deployment),
        options,
        derived: loaded.derived,
        scenario,
        variant,
        charms,
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
        let otherwise =
            play.variant.is_some() || play.seed.is_some() || !play.code.charms.is_empty();
        if otherwise || play.every_hook || play.every_handshake {
            let error = "the folder of a run says itself how it was played";
            return Err(CliError::usage(error).hint("name the scenario file to play it otherwise"));
        }
        let seal = Seal::read(folder, SUMMARY, SUMMARY_MAX)
            .map_err(|error| refused(error, folder, "SCENARIO"))?;
        let PlayedBefore {
            provenance,
            fingerprint,
        } = PlayedBefore::read(seal.bytes()).map_err(|error| {
            let path = folder.join(SUMMARY);
            CliError::usage(format!("`{}` does not say what was played", path.display()))
                .caused_by(error)
        })?;
        seal.check()
            .map_err(|error| refused(error, folder, &typed(&provenance)))?;
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
        .hint(format!(
            "play it again: trustsim run {}",
            typed(&self.provenance)
        )))
    }

    /// Until when it was played, which cannot be longer than the scenario lasts.
    fn until(&self, deployment: &Deployment) -> Result<Time, CliError> {
        let path = self.folder.join(SUMMARY);
        let until = Time::parse(&self.provenance.until).map_err(|error| {
            CliError::usage(format!("failed to read `{}`", path.display())).caused_by(error)
        })?;
        let (start, end) = (deployment.start, deployment.start + deployment.duration);
        if (start..=end).contains(&until) {
            return Ok(until);
        }
        let (path, scenario) = (path.display(), self.provenance.scenario.display());
        Err(CliError::usage(format!(
            "`{path}` says that `{scenario}` was played until {until}, but it plays from {start} until {end}"
        ))
        .hint(format!("play it again: trustsim run {}", typed(&self.provenance))))
    }
}

/// A scenario, with its variant, as it is typed after `trustsim run`.
fn typed(provenance: &Provenance) -> String {
    let mut words = vec![provenance.scenario.clone().into_os_string()];
    if let Some(variant) = &provenance.variant {
        words.extend(["--variant".into(), variant.into()]);
    }
    for (name, source) in &provenance.charms {
        let mut given = OsString::from(format!("{name}="));
        given.push(source);
        words.extend(["--charm".into(), given]);
    }
    quoted(&words)
}

/// Why a folder is not taken for that of a run. `scenario` is what is typed to have it written again.
fn refused(error: SealError, folder: &Path, scenario: &str) -> CliError {
    let again = || {
        let folder = quoted(&[folder.as_os_str().to_owned()]);
        format!("write it again: trustsim run {scenario} -o {folder}")
    };
    match error {
        SealError::NoSeal { .. } => CliError::usage(format!(
            "`{}` is no folder of a run: it has no {SUMMARY}",
            folder.display()
        ))
        .hint("name a scenario file, or a folder that `trustsim run` wrote"),
        SealError::NoDigests(_) => CliError::usage(error.to_string()).hint(
            "an earlier version may have written it, and nothing is written over it: \
             trustsim run SCENARIO -o ANOTHER-FOLDER",
        ),
        SealError::Read(error) => error.into(),
        error => CliError::usage(error.to_string()).hint(again()),
    }
}
