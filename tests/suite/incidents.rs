//! Failures that people reported, and some that reading the charms' source shows: each file of
//! `scenarios/incidents` reproduces the symptom, the first line of its diagnosis names the cause,
//! and where there is a version without the fault, the variant `fixed` has none of it.
//!
//! A file begins with `# key: value` lines that this reads: `report`, `affected`, `fixed` (`none`
//! where no version is), `cause` (words of the first line of the diagnosis of the longest outage;
//! `none` where nothing is out of service), and `remedy` (words of a remedy that was proven for that
//! outage; `none (...)` with the reason where there is none); and `seeds`, with how many of eight seeds that is so,
//! where it is not with all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use trustsim::diagnosis::{Findings, OutageClass, diagnose, why};
use trustsim::report::words;
use trustsim::scenario::{DiskFiles, load_variant};
use trustsim::whatif::{Outcome, remedies};
use trustsim::world::{Deployment, Options, Record};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One file.
struct Incident {
    name: String,
    path: PathBuf,
    header: BTreeMap<String, String>,
}

impl Incident {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).expect("text");
        let lines = text.lines().take_while(|line| line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.strip_prefix("# ")?.split_once(": "));
        let keys = ["report", "affected", "fixed", "cause", "remedy", "seeds"];
        let header = pairs
            .filter(|(key, _)| keys.contains(key))
            .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
            .collect();
        let stem = path.file_stem().expect("a name").to_string_lossy();
        let name = stem.into_owned();
        Self { name, path, header }
    }

    fn value(&self, key: &str) -> &str {
        self.header
            .get(key)
            .unwrap_or_else(|| panic!("{}: no `# {key}: ...` line", self.name))
    }

    /// With how many of [`SEEDS`] seeds it comes.
    fn seeds(&self) -> &str {
        self.header.get("seeds").map_or("8 of 8", String::as_str)
    }

    fn deployment(&self, variant: Option<&str>) -> Deployment {
        match load_variant(&self.path, variant, &DiskFiles) {
            Ok(loaded) => loaded.deployment,
            Err(wrong) => panic!("{}", wrong.render(false)),
        }
    }
}

fn incidents() -> Vec<Incident> {
    let files = crate::common::yaml_files("scenarios/incidents");
    files.into_iter().map(Incident::read).collect()
}

fn findings(deployment: &Deployment) -> (Record, Findings) {
    let record = crate::common::play(deployment, Options::default());
    let findings = diagnose(deployment, &record.manifest, &record.journal);
    (record, findings)
}

/// What was expected and did not come, and what came and was not expected.
fn complaints(record: &Record, findings: &Findings) -> Vec<String> {
    let broken = findings.expectations.iter().filter(|each| !each.held);
    let deployment = &record.manifest.deployment;
    let broken = broken.map(|each| {
        let claim = words::expectation::claim(&each.claim, deployment);
        let outcome = words::expectation::outcome(&each.outcome, deployment);
        format!("{claim}: {outcome}")
    });
    let unexpected = findings.outages_of(OutageClass::Unexpected).map(|index| {
        let outage = &findings.outages[index];
        let name = &record.manifest.connections[outage.connection as usize].name;
        let line = words::explanation::line(&findings.explanations[index]);
        format!("{name} failed with {}: {line}", outage.error)
    });
    broken.chain(unexpected).collect()
}

/// The longest outage, the first of several.
fn longest(record: &Record, findings: &Findings) -> Option<usize> {
    let end = record.manifest.start + record.manifest.duration;
    (0..findings.outages.len())
        .rev()
        .max_by_key(|&index| findings.outages[index].length(end))
}

/// The first line of the diagnosis of the longest outage.
fn first_line(record: &Record, findings: &Findings) -> Option<String> {
    let longest = longest(record, findings)?;
    Some(words::cause::line(
        &findings.explanations[longest].cause.what,
    ))
}

/// The first line of `trustsim why` at the half of the longest outage.
fn said_at_half(deployment: &Deployment, record: &Record, findings: &Findings) -> Option<String> {
    let outage = &findings.outages[longest(record, findings)?];
    let end = record.manifest.start + record.manifest.duration;
    let half = outage.from + outage.length(end) / 2;
    let connection = &record.manifest.connections[outage.connection as usize];
    let (client, server) = (connection.client.as_str(), connection.server.as_str());
    let answers = why(
        deployment,
        &record.manifest,
        &record.journal,
        client,
        server,
        half,
    );
    let answer = answers.expect("it is watched").into_iter().next()?;
    let explanation = answer.explanation.expect("it fails");
    Some(words::cause::line(&explanation.cause.what))
}

fn play_all(judge: impl Fn(&Incident) -> Vec<String> + Sync) -> Vec<String> {
    let said = crate::common::on_every_core(&incidents(), |incident| {
        let said = judge(incident);
        (!said.is_empty()).then(|| format!("{}:\n  {}", incident.name, said.join("\n  ")))
    });
    said.into_iter().flatten().collect()
}

#[test]
fn every_incident_shows_its_symptom_and_its_cause() {
    let wrong = play_all(|incident| {
        let (record, found) = findings(&incident.deployment(None));
        let mut wrong = complaints(&record, &found);
        if found.expectations.is_empty() {
            wrong.push("it expects nothing".to_owned());
        }
        let line = first_line(&record, &found);
        let cause = incident.value("cause");
        let named = match &line {
            Some(line) => line.contains(cause),
            None => cause == "none",
        };
        let said_by_why = said_at_half(&incident.deployment(None), &record, &found);
        let differs = said_by_why.filter(|said| Some(said) != line.as_ref());
        wrong.extend(differs.map(|said| format!("why says something else: {said}")));
        if !named {
            let line = line.unwrap_or_else(|| "nothing failed".to_owned());
            wrong.push(format!("the cause `{cause}` is not named: {line}"));
        }
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How many seeds each incident is played with: its own and those that follow.
const SEEDS: u32 = 8;

/// What is left to chance decides some incidents, as it does in the deployments that were reported: with how many of the
/// seeds an incident meets its header is in the file.
#[test]
fn every_incident_says_with_how_many_seeds_it_comes() {
    let wrong = play_all(|incident| {
        let cause = incident.value("cause");
        let deployment = incident.deployment(None);
        let is_met = |seed: &u64| {
            let mut with_seed = deployment.clone();
            with_seed.seed = *seed;
            let (record, found) = findings(&with_seed);
            let line = first_line(&record, &found);
            let named = line.map_or(cause == "none", |line| line.contains(cause));
            named && complaints(&record, &found).is_empty()
        };
        let more = trustsim::whatif::seeds_after(deployment.seed, SEEDS - 1);
        // That of the file is held by the test above.
        let met = 1 + more.iter().filter(|seed| is_met(seed)).count();
        let counted = format!("{met} of {SEEDS}");
        match incident.seeds() == counted {
            true => Vec::new(),
            false => vec![format!("seeds: {counted}, not {}", incident.seeds())],
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fixed_version_is_without_the_symptom() {
    let wrong = play_all(|incident| {
        if incident.value("fixed").starts_with("none") {
            return Vec::new();
        }
        let (record, found) = findings(&incident.deployment(Some("fixed")));
        complaints(&record, &found)
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How many files have a remedy.
const WITH_REMEDY: usize = 52;
/// How many changes are tried: as many as `trustsim run` does.
const TRIES: usize = 8;

/// A remedy that a file names was proven, for its longest outage, by playing on with its commands;
/// and where a file names none, nothing was found for that outage.
#[test]
fn every_remedy_is_proven() {
    let all = incidents();
    let with = all
        .iter()
        .filter(|one| !one.value("remedy").starts_with("none ("))
        .count();
    assert_eq!(with, WITH_REMEDY, "a remedy is lost, or one was found");
    let wrong = play_all(|incident| {
        let wanted = incident.value("remedy");
        let deployment = incident.deployment(None);
        let (record, found) = findings(&deployment);
        let run = Outcome::of(record.manifest.clone(), &record.journal);
        let play = crate::common::forks(&deployment);
        let tried = remedies(&deployment, &run, &found, TRIES, play).found;
        let longest = longest(&record, &found);
        let helping = tried
            .proven
            .iter()
            .filter(|remedy| longest.is_some_and(|outage| remedy.helps(outage)));
        let lines: Vec<String> = helping.map(words::remedy::line).collect();
        let is_so = match wanted.starts_with("none (") {
            true => lines.is_empty(),
            false => lines.iter().any(|line| line.contains(wanted)),
        };
        match is_so {
            true => Vec::new(),
            false => vec![format!("`{wanted}` is none of {lines:#?}")],
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The table of docs/reference/incidents.md, from the files' headers.
fn table() -> String {
    let mut text = String::from(
        "| | report | scenario | affected | fixed | what the diagnosis says | seeds | what helps |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for incident in incidents() {
        let number = incident.name.split('-').next().unwrap_or_default();
        let name = &incident.name;
        let cause = incident.value("cause");
        let columns = ["report", "affected", "fixed"].map(|key| incident.value(key));
        let [report, affected, fixed] = columns;
        let (remedy, seeds) = (incident.value("remedy"), incident.seeds());
        text.push_str(&format!(
            "| {number} | {report} | [{name}](../../scenarios/incidents/{name}.yaml) | {affected} | {fixed} | {cause} | {seeds} | {remedy} |\n"
        ));
    }
    text
}

const PAGE: &str = "docs/reference/incidents.md";
const BEGIN: &str = "<!-- table -->\n";
const END: &str = "<!-- end of table -->\n";

fn page() -> (String, String, String) {
    let text = fs::read_to_string(root().join(PAGE)).expect("the page");
    let (before, rest) = text.split_once(BEGIN).expect("the table begins");
    let (table, after) = rest.split_once(END).expect("the table ends");
    (before.to_owned(), table.to_owned(), after.to_owned())
}

#[test]
fn the_page_lists_every_incident() {
    assert!(
        page().1 == table(),
        "`cargo test --test suite incidents:: -- --ignored` brings {PAGE} up to date"
    );
}

/// `cargo test --test suite incidents:: -- --ignored` brings the table up to date.
#[test]
#[ignore = "writes docs/reference/incidents.md"]
fn write_the_table() {
    let (before, _, after) = page();
    let text = format!("{before}{BEGIN}{}{END}{after}", table());
    fs::write(root().join(PAGE), text).expect("written");
}

/// What cannot be a scenario is in the page with the reason, so that nothing is silently left.
#[test]
fn every_report_is_a_scenario_or_has_its_reason() {
    let names: Vec<String> = incidents().into_iter().map(|one| one.name).collect();
    let (_, _, after) = page();
    let numbers = (1..=42).map(|number| format!("{number:02}"));
    let letters = ('a'..='n').map(String::from);
    for key in numbers.chain(letters) {
        let is_played = names
            .iter()
            .any(|name| name.split('-').next() == Some(&key));
        let is_told = after.contains(&format!("| {key} |"));
        assert!(
            is_played != is_told,
            "{key}: played {is_played}, told {is_told}"
        );
    }
}
