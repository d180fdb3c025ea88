//! `trustsim record`: the hooks of units, with the data that each hook read and wrote.
//!
//! A recording can be larger than memory: what was recorded is written, and kept no longer, slice by slice of virtual
//! time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::recording_text::RecordingText;
use super::{LoadedScenario, load, show_unit};
use crate::args::Record;
use crate::console::Console;
use crate::error::CliError;
use crate::instant;
use crate::output::Delivery;
use crate::progress::Progress;
use trustsim_files::Access;
use trustsim_kernel::Time;
use trustsim_world::{Address, Deployment, Options, Simulation};

/// How many hooks are held before they are written, about: one that is recorded takes up to some 100 kB.
const HELD: usize = 200;
/// The longest and the shortest slice that is played before what was recorded is written.
const SLICES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(86_400)];

/// What is recorded: the hooks of some units, or of all, that begin from an instant on.
struct Wanted {
    deployment: Arc<Deployment>,
    options: Options,
    /// Each with its model, as `app/0`; all where it is empty.
    units: BTreeSet<(String, String)>,
    from: Time,
    until: Time,
}

/// Writes `{"scenario": NAME, "hooks": [HOOK, ...]}`, with the hooks in the order in which they began.
pub(super) fn record(args: &Record, console: &mut Console<'_>) -> Result<(), CliError> {
    let LoadedScenario {
        deployment,
        options,
        ..
    } = load(&args.scenario, &args.play, console)?;
    let from = match &args.from {
        Some(text) => instant::parse_instant("--from", Some(text), &deployment)?,
        None => deployment.start,
    };
    let until = instant::parse_instant("--until", args.until.as_deref(), &deployment)?;
    let mut units = BTreeSet::new();
    for name in &args.units {
        let (model, unit) =
            show_unit::split_unit_address(name, args.model.as_deref(), &deployment)?;
        units.insert((model, unit.to_owned()));
    }
    let wanted = Wanted {
        deployment,
        options,
        units,
        from,
        until,
    };
    wanted.check_units()?;
    let mut delivery = Delivery::begin(args.output.as_deref(), Access::Private)?;
    let mut text = RecordingText::new(args.format);
    delivery.write(&text.head(&wanted.deployment.name)?, console)?;
    let mut watched = Progress::new(wanted.deployment.start, until, console.progress);
    let mut simulation = wanted.simulation()?;
    wanted.play(&mut simulation, |hooks, reached| {
        for hook in hooks.iter().filter(|hook| began(hook) >= wanted.from) {
            delivery.write(&text.hook(hook)?, console)?;
        }
        watched.show(reached);
        Ok(true)
    })?;
    drop(watched);
    delivery.write(text.end(), console)?;
    delivery.finish()?;
    super::own_code::check_played(&wanted.deployment)?;
    super::say_endless(&simulation, console)
}

impl Wanted {
    fn simulation(&self) -> Result<Simulation, CliError> {
        let mut simulation = Simulation::new(Arc::clone(&self.deployment), self.options);
        if self.units.is_empty() {
            simulation.record_all();
        }
        for (model, unit) in &self.units {
            if !simulation.record(&format!("{model}.{unit}")) {
                let message = format!("model `{model}` has no application for unit `{unit}`");
                return Err(CliError::usage(message).hint(applications(&self.deployment)));
            }
        }
        Ok(simulation)
    }

    /// Plays until the end, or until `take` says that it needs no more. `take` is given what was recorded in each slice
    /// of time, and to where the run has come.
    fn play(
        &self,
        simulation: &mut Simulation,
        mut take: impl FnMut(&[Value], Time) -> Result<bool, CliError>,
    ) -> Result<(), CliError> {
        let [shortest, longest] = SLICES;
        let mut slice = shortest;
        let mut reached = self.deployment.start;
        loop {
            reached = self.until.min(reached + slice);
            simulation.run_until(reached);
            let hooks = simulation.take_recording();
            if !take(&hooks, reached)? || reached == self.until {
                return Ok(());
            }
            slice = match hooks.len() {
                0..HELD => longest.min(slice * 2),
                _ => shortest.max(slice / 2),
            };
        }
    }

    /// That each unit runs a hook, before anything is written. It plays no further than to where all have.
    fn check_units(&self) -> Result<(), CliError> {
        let mut missing = self.units.clone();
        if missing.is_empty() {
            return Ok(());
        }
        self.play(&mut self.simulation()?, |hooks, _| {
            for hook in hooks {
                missing.remove(&ran_in(hook));
            }
            Ok(!missing.is_empty())
        })?;
        let Some((model, unit)) = missing.first() else {
            return Ok(());
        };
        let message = format!(
            "unit `{unit}` of model `{model}` ran no hook until {}",
            self.until
        );
        let hint = "the scenario may never have this unit, or have it later";
        Err(CliError::usage(message).hint(hint))
    }
}

/// When a recorded hook began. A recording is JSON, so its instants are texts.
fn began(hook: &Value) -> Time {
    let at = hook["at"].as_str();
    let at = at.and_then(|at| Time::parse(at).ok());
    at.unwrap_or_else(|| panic!("a recorded hook has no instant at which it began: {hook}"))
}

/// The model and the unit of a recorded hook.
fn ran_in(hook: &Value) -> (String, String) {
    let [Some(model), Some(unit)] = [&hook["model"], &hook["unit"]].map(Value::as_str) else {
        panic!("a recorded hook has no unit: {hook}");
    };
    (model.to_owned(), unit.to_owned())
}

/// A hint that names the applications of a scenario.
pub(super) fn applications(deployment: &Deployment) -> String {
    let applications = deployment.applications.keys();
    let known: Vec<Address> = applications
        .map(|index| deployment.application_address(index))
        .collect();
    format!("the applications are {}", known.join(", "))
}
