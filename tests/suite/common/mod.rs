//! What the whole-scenario tests share.

pub(crate) mod catalogued;
pub(crate) mod random;
pub(crate) mod rehearsals;
pub(crate) mod small;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use trustsim::diagnosis::{Findings, diagnose};
use trustsim::kernel::{Span, Time};
use trustsim::report::words::{command, entry, note};
use trustsim::scenario;
use trustsim::whatif::{Effort, Forks, Future, Outcome, Unfinished, remedies};
use trustsim::world::{Deployment, Entry, Kind, Options, Record, Simulation};

/// What comes of each item, in their order, on as many threads as there are processors.
pub(crate) fn on_every_core<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else {
                        break;
                    };
                    let came = work(item);
                    done.lock()
                        .expect("no worker panics with it")
                        .insert(index, came);
                }
            });
        }
    });
    let done = done.into_inner().expect("no worker panicked");
    done.into_values().collect()
}

/// The program in a folder, with what a user types after its name.
pub(crate) fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustsim"));
    command.args(arguments).current_dir(folder);
    command
}

/// What comes of running the program in a folder.
pub(crate) fn trustsim(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = program(folder, arguments);
    command.output().expect("the program runs")
}

/// A run in which every hook is played, quiet or not.
pub(crate) fn play_every_hook(deployment: &Deployment) -> Record {
    let options = Options {
        every_hook: true,
        ..Options::default()
    };
    play(deployment, options)
}

/// Every scenario file of the project, in name order.
pub(crate) fn scenario_files() -> Vec<PathBuf> {
    let files = yaml_files("scenarios");
    assert!(files.len() >= 10, "only {} scenarios", files.len());
    files
}

/// Every YAML file of a folder of the project, in name order.
pub(crate) fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).expect("a folder of the project");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
        .collect();
    files.sort();
    files
}

/// The deployment of a scenario file.
pub(crate) fn load(path: &Path) -> Deployment {
    match scenario::load(path, &scenario::DiskFiles) {
        Ok(loaded) => loaded.deployment,
        Err(diagnostics) => panic!("{}: {diagnostics:?}", path.display()),
    }
}

/// The deployment of `scenarios/NAME.yaml`.
pub(crate) fn load_named(name: &str) -> Deployment {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    load(&folder.join(format!("{name}.yaml")))
}

/// What is warned of in a scenario text.
pub(crate) fn warnings(text: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.yaml");
    std::fs::write(&path, text).expect("written");
    match scenario::load(&path, &scenario::DiskFiles) {
        Ok(loaded) => loaded.warnings.render(false),
        Err(wrong) => panic!("{}", wrong.render(false)),
    }
}

/// What is wrong with a scenario text that is refused.
pub(crate) fn errors(text: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.yaml");
    std::fs::write(&path, text).expect("written");
    let refused = scenario::load(&path, &scenario::DiskFiles).expect_err("it is refused");
    refused.render(false)
}

/// The deployment of a scenario text.
pub(crate) fn deployed(text: &str) -> Deployment {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.yaml");
    std::fs::write(&path, text).expect("written");
    match scenario::load(&path, &scenario::DiskFiles) {
        Ok(loaded) => loaded.deployment,
        Err(wrong) => panic!("{}", wrong.render(false)),
    }
}

/// Notes of one kind, with their places in the journal.
pub(crate) fn notes<'a>(record: &'a Record, wanted: &str) -> Vec<(usize, &'a Entry)> {
    let all = record.journal.entries().iter().enumerate();
    all.filter(|(_, entry)| is_note(entry, wanted)).collect()
}

/// Whether an entry is a note of this kebab-case kind.
pub(crate) fn is_note(entry: &Entry, wanted: &str) -> bool {
    matches!(entry.kind, Kind::Note(_)) && entry::kind(&entry.kind) == wanted
}

/// What a note says; empty for anything else.
pub(crate) fn text_of(record: &Record, entry: &Entry) -> String {
    match &entry.kind {
        Kind::Note(said) => note::detail(said, &record.manifest),
        _ => String::new(),
    }
}

/// The command or phrase of what was done; `None` where an entry is something else.
pub(crate) fn command(record: &Record, entry: &Entry) -> Option<String> {
    match &entry.kind {
        Kind::Action(done) => Some(
            done.action()
                .to_command(&record.manifest.deployment)
                .to_string(),
        ),
        _ => None,
    }
}

/// Plays a deployment to its end.
pub(crate) fn play(deployment: &Deployment, options: Options) -> Record {
    Simulation::new(Arc::new(deployment.clone()), options).finish()
}

/// Plays futures of a deployment.
pub(crate) fn forks(deployment: &Deployment) -> impl FnMut(Future) -> Result<Outcome, Unfinished> {
    let to = |simulation: &mut Simulation, until| simulation.run_until(until);
    let mut forks = Forks::new(Arc::new(deployment.clone()), Effort::UNBOUNDED, to);
    move |future| forks.play(future)
}

/// A deployment played and diagnosed.
pub(crate) fn diagnosed(deployment: Deployment) -> (Deployment, Record, Findings) {
    let record = play(&deployment, Options::default());
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    (deployment, record, findings)
}

/// The commands of the remedy that helps an outage best, of so many changes that are tried.
///
/// # Panics
///
/// Where none helps.
pub(crate) fn best_commands(
    (deployment, record, mut findings): (Deployment, Record, Findings),
    outage: usize,
    tries: usize,
) -> Vec<String> {
    let run = Outcome::of(record.manifest, &record.journal);
    findings.remedies = remedies(&deployment, &run, &findings, tries, forks(&deployment)).found;
    let best = findings.remedies.best(outage).expect("there is a remedy");
    let later = best.later.iter().map(|(_, command)| command);
    best.commands
        .iter()
        .chain(later)
        .map(command::text)
        .collect()
}

/// The same deployment, cut short.
pub(crate) fn cut(deployment: &Deployment, longest: Span) -> Deployment {
    let mut deployment = deployment.clone();
    deployment.duration = deployment.duration.min(longest);
    let duration = deployment.duration;
    deployment.actions.retain(|action| action.at <= duration);
    deployment
}

/// DER of every certificate issued, in order.
pub(crate) fn certificates(record: &Record) -> Vec<Vec<u8>> {
    let entries = record.journal.entries().iter();
    let issued = entries.filter_map(|entry| match &entry.kind {
        Kind::CertificateIssued(issued) => Some(issued.certificate.der().to_vec()),
        _ => None,
    });
    issued.collect()
}

/// When each connection's verdict became what.
pub(crate) fn verdicts(record: &Record) -> BTreeMap<u32, Vec<(Time, &'static str)>> {
    let mut changes: BTreeMap<u32, Vec<(Time, &'static str)>> = BTreeMap::new();
    for entry in record.journal.entries() {
        if let Kind::Handshake(handshake) = &entry.kind {
            let of_connection = changes.entry(handshake.connection).or_default();
            let error = handshake.verdict.error_name();
            if of_connection.last().is_none_or(|(_, last)| *last != error) {
                of_connection.push((entry.time, error));
            }
        }
    }
    changes
}

/// The error in force at `at`, by a list of changes.
pub(crate) fn in_force(changes: &[(Time, &'static str)], at: Time) -> Option<&'static str> {
    changes
        .iter()
        .rev()
        .find(|(since, _)| *since <= at)
        .map(|(_, error)| *error)
}
