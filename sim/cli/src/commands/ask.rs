//! `trustsim ask`: questions about a deployment as it is, without faults to be written or keys to be typed.

use std::sync::Arc;

use super::own_code::{check_used, given};
use super::{LoadedScenario, application, load, play_through, say_coverage};
use crate::args::{Ask, AskAtRest, AskEdges, AskOrder, AskRequests};
use crate::console::Console;
use crate::error::CliError;
use crate::instant::parse_instant;
use crate::output::{Answer, deliver_answer};
use crate::scenario::load_scenario;
use trustsim_charms::{Endpoint, readings};
use trustsim_diagnosis as diagnosis;
use trustsim_kernel::Span;
use trustsim_model::Deployment;
use trustsim_pki::KeyAlgorithm;
use trustsim_report::terminal::Detail;
use trustsim_report::{self as report, terminal};
use trustsim_scenario::LoadOptions;
use trustsim_whatif::{
    NoOrder, RefreshTo, RelationOrder, dialled_names, play_to_rest, refresh_order, relation_order,
    signed_by, trust_found,
};
use trustsim_world::Simulation;

/// How long a deployment may be played to answer a question, however short its scenario is: as long as any certificate
/// that a charm makes lives.
const LONGEST: Span = Span::from_secs(20 * 365 * 86_400);

pub(super) fn ask(args: &Ask, verbose: bool, console: &mut Console<'_>) -> Result<(), CliError> {
    let detail = match verbose {
        true => Detail::Verbose,
        false => Detail::Normal,
    };
    match args {
        Ask::Edges(args) => edges(args, detail, console),
        Ask::Requests(args) => requests(args, detail, console),
        Ask::Names(args) => names(args, detail, console),
        Ask::Trust(args) => trust(args, detail, console),
        Ask::Order(args) => order(args, detail, console),
    }
}

fn edges(args: &AskEdges, detail: Detail, console: &mut Console<'_>) -> Result<(), CliError> {
    let charms = given(&args.charms)?;
    let options = LoadOptions {
        variant: args.variant.as_deref(),
        charms: &charms,
    };
    let loaded = load_scenario(&args.scenario, options)?;
    check_used(&charms, &loaded.deployment)?;
    console.say(&loaded.warnings)?;
    let deployment = &loaded.deployment;
    let found = trustsim_edges::derive(deployment);
    let answer = Answer {
        question: "edges",
        tables: &report::edges(&found, deployment),
        files: Vec::new(),
    };
    let tables = || terminal::edges(&found, deployment, detail);
    deliver_answer(answer, tables, &args.answer, console)
}

fn requests(args: &AskRequests, detail: Detail, console: &mut Console<'_>) -> Result<(), CliError> {
    let LoadedScenario {
        deployment,
        options,
        ..
    } = load(&args.scenario, &args.play, console)?;
    say_coverage(&deployment, console)?;
    let mut deployment = lasting(&deployment, &args.until)?;
    if args.answer.output.is_some() {
        deployment = with_real_keys(deployment);
    }
    if let Some(ca) = &args.ca {
        deployment = signed_by_other(&deployment, ca)?;
        console.say(&format!("as if {ca} were asked to sign every request\n"))?;
    }
    let deployment = Arc::new(deployment);
    let (start, end) = (deployment.start, deployment.start + deployment.duration);
    let mut simulation = Simulation::new(Arc::clone(&deployment), options);
    play_through(&mut simulation, start, end, console)?;
    let (manifest, journal) = (simulation.manifest(), simulation.journal());
    let found = diagnosis::requests(&deployment, journal);
    let answer = Answer {
        question: "requests",
        tables: &report::requests(&found, &manifest),
        files: report::request_files(&found),
    };
    let tables = || terminal::requests(&found, &manifest, detail);
    deliver_answer(answer, tables, &args.answer, console)
}

fn names(args: &AskAtRest, detail: Detail, console: &mut Console<'_>) -> Result<(), CliError> {
    let (playable, simulation) = play_at_rest(args, console)?;
    let found = dialled_names(&simulation);
    let unplayed = report::Unplayed::of(&playable.deployment, playable.derived.as_ref());
    let answer = Answer {
        question: "names",
        tables: &report::names(&found, &unplayed, &simulation.manifest()),
        files: Vec::new(),
    };
    let tables = || terminal::names(&found, &unplayed, &simulation.manifest(), detail);
    deliver_answer(answer, tables, &args.answer, console)
}

fn trust(args: &AskAtRest, detail: Detail, console: &mut Console<'_>) -> Result<(), CliError> {
    let (playable, simulation) = play_at_rest(args, console)?;
    let found = trust_found(&simulation);
    let unplayed = report::Unplayed::of(&playable.deployment, playable.derived.as_ref());
    let answer = Answer {
        question: "trust",
        tables: &report::trusted(&found, &unplayed, &simulation.manifest()),
        files: Vec::new(),
    };
    let tables = || terminal::trusted(&found, &unplayed, &simulation.manifest(), detail);
    deliver_answer(answer, tables, &args.answer, console)
}

fn order(args: &AskOrder, detail: Detail, console: &mut Console<'_>) -> Result<(), CliError> {
    let playable = load(&args.scenario, &args.play, console)?;
    let deployment = &playable.deployment;
    say_coverage(deployment, console)?;
    let found = match args.refresh {
        true => refresh_order(deployment, &refreshes(deployment)),
        false => relation_order(deployment),
    };
    let (found, nothing) = match found {
        Ok(found) => (found, None),
        // There is an answer to the question, and no step in it.
        Err(why @ (NoOrder::NothingToOrder | NoOrder::NothingToRefresh)) => {
            (RelationOrder::default(), Some(why))
        }
        Err(why) => {
            let why = report::words::order::no_order(&why);
            return Err(CliError::usage(format!(
                "no order is found for `{}`: {why}",
                args.scenario.display()
            )));
        }
    };
    let unplayed = report::Unplayed::of(deployment, playable.derived.as_ref());
    let answer = Answer {
        question: "order",
        tables: &report::order(&found),
        files: Vec::new(),
    };
    let tables = || match &nothing {
        Some(why) => format!(
            "nothing to order: {}\n",
            report::words::order::no_order(why)
        ),
        None => terminal::order(&found, &unplayed, detail),
    };
    deliver_answer(answer, tables, &args.answer, console)
}

/// The applications whose charm is played as it was before the libraries of an endpoint changed over which it is related,
/// with what the catalogue has of it now.
fn refreshes(deployment: &Deployment) -> Vec<RefreshTo> {
    let applications = deployment.applications.iter_enumerated();
    let refreshed = applications.filter_map(|(index, spec)| {
        let sides = deployment.relations.iter().flat_map(|one| &one.sides);
        let own = sides.filter(|side| deployment.application_of(side.party) == Some(index));
        let used: Vec<&Endpoint> = own
            .filter_map(|side| spec.charm.endpoint(&side.endpoint))
            .collect();
        // Two charms may share a name; what lacks an endpoint that is used is the other one.
        let newest = readings(&spec.charm.name).into_iter().find(|reading| {
            let new = &reading.charm.metadata;
            let has = |old: &&Endpoint| {
                let now = new.endpoint(&old.name);
                now.is_some_and(|now| now.interface == old.interface)
            };
            !reading.is_generation && used.iter().all(has)
        })?;
        let new = newest.charm.metadata;
        let differs = |old: &&Endpoint| {
            let now = new.endpoint(&old.name);
            now.is_some_and(|now| now.library != old.library)
        };
        used.iter().any(differs).then(|| RefreshTo {
            application: index,
            tracks: newest.tracks,
            charm: Arc::new(new),
        })
    });
    refreshed.collect()
}

/// Plays until everything is at rest, or until the instant that is asked about.
fn play_at_rest(
    args: &AskAtRest,
    console: &mut Console<'_>,
) -> Result<(LoadedScenario, Simulation), CliError> {
    let playable = load(&args.scenario, &args.play, console)?;
    let deployment = &playable.deployment;
    say_coverage(deployment, console)?;
    let mut simulation = Simulation::new(Arc::clone(deployment), playable.options);
    match args.at.as_deref() {
        Some(at) => {
            let until = parse_instant("--at", Some(at), deployment)?;
            play_through(&mut simulation, deployment.start, until, console)?;
        }
        // Whether it came to rest is in the answer.
        None => {
            let _ = play_to_rest(&mut simulation);
        }
    }
    Ok((playable, simulation))
}

/// The same deployment in which the application that `ca` names is asked for every certificate.
fn signed_by_other(deployment: &Deployment, ca: &str) -> Result<Deployment, CliError> {
    let index = application(deployment, ca)?;
    signed_by(deployment, index).map_err(|obstacle| {
        let why = report::words::command::obstacle(&obstacle);
        CliError::usage(format!("`{ca}` cannot be asked for certificates: {why}"))
    })
}

/// The same deployment, played until an instant, which may be after the end of its scenario.
fn lasting(deployment: &Deployment, until: &str) -> Result<Deployment, CliError> {
    let mut longer = Deployment {
        duration: deployment.duration.max(LONGEST),
        ..deployment.clone()
    };
    let until = parse_instant("--until", Some(until), &longer)?;
    longer.duration = until.since(longer.start);
    Ok(longer)
}

/// The same deployment with keys as the libraries make them (canonical/charmlibs `PrivateKey.generate`), of which the CSRs
/// are, unless the scenario names another kind than the one that is played because it takes less time.
fn with_real_keys(deployment: Deployment) -> Deployment {
    let keys = match deployment.keys {
        keys if keys == KeyAlgorithm::default() => KeyAlgorithm::Rsa2048,
        keys => keys,
    };
    Deployment { keys, ..deployment }
}
