//! `trustsim run`: play scenarios and write their reports.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;

use super::{load, own_code};
use crate::args::{Format, Run};
use crate::console::Console;
use crate::error::{CliError, ErrorKind};
use crate::output::{deliver_folder, render};
use crate::progress::Progress;
use crate::{Exit, instant, progress};
use trustsim_diagnosis::{Findings, Remedies, SeedOutcome, diagnose};
use trustsim_files::Access;
use trustsim_kernel::Time;
use trustsim_model::Coverage;
use trustsim_rehearsal::ordered;
use trustsim_report as report;
use trustsim_report::terminal::{Detail, terminal};
use trustsim_whatif::{
    Effort, Forks, KeptWorlds, Outcome, play_longer, play_remedies, play_seeds, remedies,
    seeds_after, try_proposals,
};
use trustsim_world::{Options, Simulation};

/// What comes of each seed is kept until the end: some kilobytes for each.
const SEEDS_MAX: u32 = 10_000;

pub(super) fn run(args: &Run, verbose: bool, console: &mut Console<'_>) -> Result<Exit, CliError> {
    if args.output.is_some() && args.scenarios.len() > 1 {
        return Err(
            CliError::usage("--output is one folder, but there are several scenarios")
                .hint("without it each report goes to reports/<name>; `trustsim import A B -o FILE` makes one scenario of several files"),
        );
    }
    if args.seeds.get() > SEEDS_MAX {
        let error = format!("--seeds {} are more than can be played", args.seeds);
        return Err(CliError::usage(error).hint(format!("at most {SEEDS_MAX}")));
    }
    let mut worst = Exit::Held;
    for (index, path) in args.scenarios.iter().enumerate() {
        if index > 0 && args.format == Format::Tabular && !console.quiet {
            console.print("\n")?;
        }
        let exit = match play(args, path, verbose, console) {
            Ok(exit) => exit,
            Err(error) if args.scenarios.len() == 1 => return Err(error),
            Err(error) => {
                // One scenario that cannot be played does not keep the others from being.
                console.error(&error)?;
                Exit::Refused
            }
        };
        worst = worst.max(exit);
    }
    Ok(worst)
}

fn play(
    args: &Run,
    path: &Path,
    verbose: bool,
    console: &mut Console<'_>,
) -> Result<Exit, CliError> {
    let mut playable = load(path, &args.play, console)?;
    let until = instant::parse_instant("--until", args.until.as_deref(), &playable.deployment)?;
    let cut = Arc::make_mut(&mut playable.deployment);
    cut.duration = until.since(cut.start);
    let deployment = Arc::clone(&playable.deployment);
    let mut simulation = Simulation::new(Arc::clone(&deployment), playable.options);
    let mut kept = KeptWorlds::for_seeds(args.seeds.get());
    kept.keep(play_own(&mut simulation, until, &kept, console));
    own_code::check_played(&deployment)?;
    #[cfg(test)]
    crate::bug::tests::break_an_assertion();
    let (manifest, journal) = (simulation.manifest(), simulation.journal());
    let mut findings = diagnose(&deployment, &manifest, journal);
    let more = seeds_after(deployment.seed, args.seeds.get() - 1);
    // Of a run that ended early the rest is not known: there is nothing to compare.
    let is_whole = findings.endless.is_none();
    if !more.is_empty() && is_whole {
        findings.seeds.push(SeedOutcome::of(&manifest, &findings));
        let threads = available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let options = playable.options;
        let others = play_seeds(&deployment, options, until, more, threads, &mut kept);
        findings.seeds.extend(others);
    }
    if is_whole {
        let options = playable.options;
        findings.remedies = find_remedies(args, &simulation, options, &findings, &kept, console);
    }
    let run = report::Run {
        manifest: &manifest,
        journal,
        findings: &findings,
        provenance: Some(&playable.provenance(until)),
    };
    let contents = report::files(&run).map_err(|error| {
        CliError::new(ErrorKind::Io, "failed to render the report").caused_by(error)
    })?;
    let folder = args
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from("reports").join(folder_name(&manifest.name)));
    let detail = match verbose {
        true => Detail::Verbose,
        false => Detail::Normal,
    };
    // The other seeds and the remedies were played by the same code.
    own_code::check_played(&deployment)?;
    // Rendered before anything is written: a broken assertion leaves no report.
    let text = match console.quiet {
        true => None,
        false => Some(render(
            args.format,
            || terminal(&run, detail),
            || report::summary(&run),
        )?),
    };
    deliver_folder(&contents, &folder, Access::Shared, "the report")?;
    if let Some(text) = text {
        console.print(&text)?;
    }
    console.say(&format!("report: {}\n", folder.display()))?;
    let strict = args.strict && !Coverage::of(&deployment).is_modelled();
    let exit = match findings.passed() && !strict {
        true => Exit::Held,
        false => Exit::Broken,
    };
    drop(contents);
    let_go((simulation, kept));
    Ok(exit)
}

/// Gives the memory of worlds back beside what comes next, which may be the end of the program: of a large deployment that
/// takes a tenth of the time.
fn let_go(worlds: impl Send + 'static) {
    // Where there is no other thread, they go here.
    let _ = std::thread::Builder::new().spawn(move || drop(worlds));
}

/// Plays the run itself; its world once everything was installed.
fn play_own(
    simulation: &mut Simulation,
    until: Time,
    kept: &KeptWorlds,
    console: &Console<'_>,
) -> Option<Simulation> {
    let start = simulation.now();
    let mut progress = Progress::new(start, until, console.progress);
    let installed = kept.play_installation(simulation, until, |simulation, reached| {
        simulation.run_until(reached);
        progress.show(reached);
    });
    drop(progress);
    progress::play(simulation, start, until, console.progress);
    installed
}

/// Plays on with each change that might help, and what helps beyond the end of the run and with other seeds.
fn find_remedies(
    args: &Run,
    played: &Simulation,
    options: Options,
    findings: &Findings,
    kept: &KeptWorlds,
    console: &Console<'_>,
) -> Remedies {
    let deployment = played.deployment();
    let run = Outcome::of(played.manifest(), played.journal());
    let mut progress = Progress::new(deployment.start, played.end(), console.progress);
    let effort = Effort::of(played, args.remedies_time.get());
    let mut forks = Forks::new(
        Arc::clone(deployment),
        effort,
        |simulation: &mut Simulation, until| {
            simulation.run_until(until);
            progress.show(until);
        },
    )
    .with_kept(kept, options);
    let mut play = |future| forks.play(future);
    let mut trials = remedies(deployment, &run, findings, args.remedies, &mut play);
    if args.remedies > 0 {
        let proposals = ordered(deployment, &run.manifest, findings);
        try_proposals(&mut trials, &run, proposals, &mut play);
    }
    play_longer(&mut trials, &run.manifest, findings, |plan| {
        forks.play_and_diagnose(plan)
    });
    let left = forks.effort();
    let threads = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let manifest = &run.manifest;
    play_remedies(
        &mut trials,
        manifest,
        findings,
        options,
        left,
        kept,
        threads,
    );
    trials.found
}

/// A name, such as that of a scenario or the address of a unit, as a folder: letters, digits, dots and dashes.
pub(super) fn folder_name(name: &str) -> String {
    let mut folder = String::with_capacity(name.len());
    for letter in name.trim().chars() {
        let safe = letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
        match safe {
            true => folder.push(letter),
            false if folder.ends_with('-') => {}
            false => folder.push('-'),
        }
    }
    let folder = folder.trim_matches(['-', '.']);
    match folder.is_empty() {
        true => "unnamed".to_owned(),
        false => folder.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for (name, folder) in [
            ("ca-rotation", "ca-rotation"),
            ("multi-model reference", "multi-model-reference"),
            ("../../etc", "etc"),
            ("..", "unnamed"),
            ("a / b", "a-b"),
            ("", "unnamed"),
        ] {
            assert_eq!(folder_name(name), folder, "{name}");
        }
    }
}
