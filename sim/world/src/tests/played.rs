//! Worlds played from a scenario's text to an instant, so that a test can look inside.

use std::path::Path;
use std::sync::Arc;

use crate::{Kind, Options, Simulation};
use trustsim_kernel::{Span, Time};
use trustsim_model::ActionRecord;
use trustsim_scenario::{MemoryFiles, load};

pub(crate) const HOUR: Span = Span::from_secs(3_600);

/// A world at its first instant.
pub(crate) fn simulation(text: &str) -> Simulation {
    let files = MemoryFiles::new([("s.yaml", text)]);
    match load(Path::new("s.yaml"), &files) {
        Ok(loaded) => Simulation::new(Arc::new(loaded.deployment), Options::default()),
        Err(wrong) => panic!("{}", wrong.render(false)),
    }
}

/// The instant so long after the start.
pub(crate) fn after(simulation: &Simulation, span: Span) -> Time {
    simulation.deployment().start + span
}

/// Plays a world to the instant so long after its start.
pub(crate) fn play(simulation: &mut Simulation, span: Span) {
    let until = after(simulation, span);
    simulation.run_until(until);
}

/// Actions that were done, with how long after the start.
pub(crate) fn actions(simulation: &Simulation) -> Vec<(Span, &ActionRecord)> {
    let start = simulation.deployment().start;
    let entries = simulation.journal().entries().iter();
    let actions = entries.filter_map(|entry| match &entry.kind {
        Kind::Action(record) => Some((entry.time.since(start), record)),
        _ => None,
    });
    actions.collect()
}
