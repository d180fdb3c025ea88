//! `trustsim why`: why a connection fails at an instant, or what it rests on.

use std::sync::Arc;

use serde_json::Value;

use super::{LoadedScenario, load, say_coverage};
use crate::args::Why;
use crate::console::Console;
use crate::error::CliError;
use crate::output::print_answer;
use crate::readings::Reading;
use crate::{instant, progress};
use trustsim_diagnosis::{self as diagnosis, Answer, WhyError};
use trustsim_report::words::standing;
use trustsim_report::{self as report, terminal};
use trustsim_whatif::{SaidBy, said_by_stacks};
use trustsim_world::{ExportedConnection, Simulation};
use trustsim_yaml::nearest;

/// JSON and YAML are a list, one object a connection.
pub(super) fn why(args: &Why, console: &mut Console<'_>) -> Result<(), CliError> {
    let playable = load(&args.scenario, &args.play, console)?;
    let deployment = Arc::clone(&playable.deployment);
    let at = instant::parse_instant("--at", args.at.as_deref(), &deployment)?;
    let mut simulation = Simulation::new(Arc::clone(&deployment), playable.options);
    progress::play(&mut simulation, deployment.start, at, console.progress);
    let shown = simulation.export();
    // How long it goes on failing, and who came in the end, is known later only.
    let end = deployment.start + deployment.duration;
    super::play_through(&mut simulation, at, end, console)?;
    let (manifest, journal) = (simulation.manifest(), simulation.journal());
    playable.check_reproduces(journal)?;
    say_coverage(&deployment, console)?;
    let (client, server) = (args.client.as_str(), args.server.as_str());
    let answers = diagnosis::why(&deployment, &manifest, journal, client, server, at)
        .map_err(|error| explain(error, &playable))?;
    let stacks = |answer: &Answer| -> Vec<SaidBy> {
        let name = &manifest.connections[answer.connection as usize].name;
        let connection: &ExportedConnection = &shown[answer.connection as usize];
        assert_eq!(
            &connection.connection, name,
            "a connection that was judged at an instant was watched at it"
        );
        said_by_stacks(connection)
    };
    let texts = || {
        let texts = answers
            .iter()
            .map(|answer| terminal::why(&manifest, journal, answer, &stacks(answer)));
        texts.collect::<Vec<_>>().join("\n")
    };
    let objects = || {
        let objects = answers
            .iter()
            .map(|answer| report::why(&manifest, journal, answer, &stacks(answer)));
        Value::Array(objects.collect())
    };
    print_answer(args.format, texts, objects, console)
}

fn explain(error: WhyError, playable: &LoadedScenario) -> CliError {
    let deployment = &playable.deployment;
    let said = CliError::usage(error.to_string());
    match &error {
        WhyError::NoConnection {
            client,
            server,
            known,
        } => no_connection(said, client, server, known, playable),
        WhyError::NotSimulated { reasons, .. } => {
            let missing = reasons.iter();
            let missing = missing.map(|reason| standing::missing(reason, deployment));
            said.hint(missing.collect::<Vec<_>>().join("; "))
        }
        WhyError::NotYet { .. } => said.hint("give a later --at"),
    }
}

/// The client and the server of the connection that was most likely meant: both names are right or nearly so.
fn nearest_pair<'a>(client: &str, server: &str, known: &'a [String]) -> Option<&'a str> {
    let is_near = |given: &str, right: &str| {
        let application = given.split('/').next();
        application.is_some_and(|name| nearest(name, [right]).is_some())
    };
    let mut pairs = known.iter().map(String::as_str);
    pairs.find(|pair| {
        let sides = pair.split_once(' ');
        sides.is_some_and(|(from, to)| is_near(client, from) && is_near(server, to))
    })
}

/// The connections of the variant that was asked for, and which others have the one that is meant.
fn no_connection(
    said: CliError,
    client: &str,
    server: &str,
    known: &[String],
    playable: &LoadedScenario,
) -> CliError {
    let asked = playable.reading().name();
    let watched = match known {
        [] => "no connection".to_owned(),
        known => known.join(", "),
    };
    let others = playable.other_readings();
    let having = others.iter().filter(|other| other.connects(client, server));
    let having: Vec<&Reading> = having.collect();
    // What is in another variant is no mistyped name.
    let near = nearest_pair(client, server, known).filter(|_| having.is_empty());
    let said = match near {
        Some(near) => said.hint(format!("a similar connection is watched: {near}")),
        None => said.hint(format!("{asked} watches {watched}")),
    };
    having.into_iter().fold(said, |said, other| {
        said.hint(format!("{} has it: {}", other.name(), other.how()))
    })
}
