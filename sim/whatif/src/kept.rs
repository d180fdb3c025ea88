//! Worlds that are kept of runs, as they were soon after everything was installed. What begins as such a run did is played
//! on from there: the installation is most of what a large deployment takes. Must not know for which reason it is played.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::effort::Effort;
use super::remedies::Plan;
use trustsim_kernel::{Span, Time};
use trustsim_world::{Options, Simulation};

/// Units and connections that all kept worlds may have together, each of which takes 100 kB.
const SIZE_MAX: usize = 5_000;
/// How often it is looked whether everything is installed, at first.
const LOOK: Span = Span::from_secs(60);
/// It is looked again after this part of the time that has gone by.
const LOOKS: u32 = 16;

/// The world of each seed that was kept: plain copies, in which nothing is played. By default none is kept.
#[derive(Clone, Debug, Default)]
pub struct KeptWorlds {
    by_seed: BTreeMap<u64, Simulation>,
    /// The size that each may have.
    share: usize,
}

impl KeptWorlds {
    /// Has room for the worlds of so many seeds, where they are not too large.
    pub fn for_seeds(count: u32) -> Self {
        Self {
            by_seed: BTreeMap::new(),
            share: SIZE_MAX / usize::try_from(count.max(1)).expect("a count fits"),
        }
    }

    /// Plays the installation of a run that has just begun, no longer than `until`, and gives its world where that can be
    /// kept. `play` plays up to an instant.
    pub fn play_installation(
        &self,
        simulation: &mut Simulation,
        until: Time,
        mut play: impl FnMut(&mut Simulation, Time),
    ) -> Option<Simulation> {
        let start = simulation.now();
        while simulation.watched_from().is_none() {
            let now = simulation.now();
            let next = now + (now.since(start) / LOOKS).max(LOOK);
            if next >= until {
                return None;
            }
            play(simulation, next);
        }
        (size(simulation) <= self.share).then(|| simulation.clone())
    }

    /// Keeps a world for its seed.
    pub fn keep(&mut self, world: Option<Simulation>) {
        let seeded = world.map(|world| (world.deployment().seed, world));
        self.by_seed.extend(seeded);
    }

    /// The world that was kept of a seed.
    pub(super) fn of(&self, seed: u64) -> Option<&Simulation> {
        self.by_seed.get(&seed)
    }
}

/// The world from which a plan is played: one that was kept of a run that began the same, or else that of its start.
pub(super) fn begin(
    plan: &Plan,
    kept: Option<&Simulation>,
    options: Options,
    effort: Effort,
) -> Simulation {
    let kept = kept.filter(|kept| plan.only_adds && effort.affords(kept));
    let begun = kept.and_then(|kept| kept.replanned(&plan.deployment));
    begun.unwrap_or_else(|| Simulation::new(Arc::clone(&plan.deployment), options))
}

fn size(world: &Simulation) -> usize {
    let applications = world.deployment().applications.iter();
    let units: usize = applications.map(|spec| spec.units as usize).sum();
    units + world.connection_count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_testkit::{deployment, seconds, source};
    use trustsim_world::{Action, TimedAction};

    fn installed(kept: &KeptWorlds) -> Option<Simulation> {
        let mut simulation = Simulation::new(Arc::new(deployment()), Options::default());
        let end = simulation.end();
        kept.play_installation(&mut simulation, end, Simulation::run_until)
    }

    #[test]
    fn a_world_is_kept_once_its_connections_are_watched() {
        let mut kept = KeptWorlds::for_seeds(1);
        let world = installed(&kept).expect("the deployment is small");
        let watched = world.watched_from().expect("it is installed");
        assert!(watched <= world.now());
        assert!(world.now() < watched + LOOK.max(watched.since(world.deployment().start) / LOOKS));
        let seed = world.deployment().seed;
        kept.keep(Some(world));
        assert!(kept.of(seed).is_some());
        assert!(kept.of(seed + 1).is_none());
    }

    #[test]
    fn what_is_too_large_is_not_kept_nor_what_is_never_installed() {
        assert!(installed(&KeptWorlds::default()).is_none());
        assert!(installed(&KeptWorlds::for_seeds(u32::MAX)).is_none());
        let mut simulation = Simulation::new(Arc::new(deployment()), Options::default());
        let soon = simulation.now() + LOOK;
        let kept = KeptWorlds::for_seeds(1);
        let world = kept.play_installation(&mut simulation, soon, Simulation::run_until);
        assert!(world.is_none() && simulation.now() < soon);
    }

    /// What changes a deployment from its start, and what was not affordable, is played from there.
    #[test]
    fn a_plan_begins_with_the_kept_world_where_it_may() {
        let world = installed(&KeptWorlds::for_seeds(1)).expect("the deployment is small");
        let mut planned = deployment();
        planned.actions.push(TimedAction {
            at: world.end().since(planned.start) - seconds(1),
            action: Action::Restart {
                application: 0.into(),
                unit: None,
            },
            source: source(1, ""),
        });
        let plan = |only_adds| Plan {
            deployment: Arc::new(planned.clone()),
            only_adds,
        };
        let begun = |plan: &Plan, effort| {
            let begun = begin(plan, Some(&world), Options::default(), effort);
            assert_eq!(begun.deployment().actions, plan.deployment.actions);
            begun.now()
        };
        let (start, enough) = (planned.start, Effort::UNBOUNDED);
        assert_eq!(begun(&plan(true), enough), world.now());
        assert_eq!(begun(&plan(false), enough), start);
        assert_eq!(begun(&plan(true), Effort::least(world.events())), start);
        assert_eq!(
            begun(&plan(true), Effort::least(world.events() + 1)),
            world.now()
        );
    }
}
