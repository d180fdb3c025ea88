//! What is left to chance is part of the answer: which CA of a set is written last, which unit restarts first.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use trustsim::diagnosis::{SeedOutcome, chance, diagnose, elsewhere};
use trustsim::scenario::{DiskFiles, load};
use trustsim::whatif::{play_seeds, seeds_after};
use trustsim::world::{Deployment, Options, Simulation};

/// traefik writes every CA of a relation to one file, in the order of a Python set.
const ONE_FILE: &str = "scenarios/incidents/a-self-signed-certificates-renewal-one-file.yaml";

fn deployment() -> Deployment {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(ONE_FILE);
    let loaded = load(&path, &DiskFiles);
    loaded
        .unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
        .deployment
}

fn outcomes(deployment: &Deployment, seeds: Vec<u64>, threads: usize) -> Vec<SeedOutcome> {
    let until = deployment.start + deployment.duration;
    let threads = NonZeroUsize::new(threads).expect("not zero");
    play_seeds(deployment, Options::default(), until, seeds, threads)
}

/// What comes of a seed does not depend on what else is played, nor on how many threads play.
#[test]
fn a_seed_comes_to_the_same_alone_and_beside_others() {
    let deployment = deployment();
    let seeds = seeds_after(deployment.seed, 5);
    let together = outcomes(&deployment, seeds.clone(), 3);
    for (seed, outcome) in seeds.into_iter().zip(&together) {
        let mut alone = deployment.clone();
        alone.seed = seed;
        let alone = Arc::new(alone);
        let mut simulation = Simulation::new(Arc::clone(&alone), Options::default());
        simulation.run_until(alone.start + alone.duration);
        let manifest = simulation.manifest();
        let findings = diagnose(&alone, &manifest, simulation.journal());
        let own = SeedOutcome::of(&manifest, &findings);
        assert_eq!(format!("{own:?}"), format!("{outcome:?}"), "seed {seed}");
    }
}

/// The same CA is left in the file with some seeds and not with others: either one is broken for weeks.
#[test]
fn which_ca_is_left_in_one_file_is_a_matter_of_chance() {
    let deployment = deployment();
    let mut seeds = vec![deployment.seed];
    seeds.extend(seeds_after(deployment.seed, 7));
    let outcomes = outcomes(&deployment, seeds, 2);
    let first = outcomes[0].groups.keys().next().expect("it fails");
    let found = chance(&outcomes, &BTreeSet::from([first.clone()])).expect("it comes");
    assert_eq!((found.seeds, found.of), (5, 8));
    assert!(found.least.as_secs() > 48 * 86_400, "{found:?}");
    let others = elsewhere(&outcomes);
    assert_eq!(others.len(), 1, "{others:?}");
    let (likeness, _, chance) = &others[0];
    assert_eq!(
        (&likeness.client, &likeness.server),
        (&first.client, &first.server)
    );
    assert_eq!(chance.seeds, 3);
}

#[test]
fn a_deployment_without_an_outage_has_none_with_any_seed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/internal.yaml");
    let loaded = load(&path, &DiskFiles);
    let mut deployment = loaded
        .unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
        .deployment;
    deployment.duration = trustsim::kernel::Span::from_secs(20 * 86_400);
    let outcomes = outcomes(&deployment, seeds_after(deployment.seed, 3), 2);
    assert!(
        outcomes.iter().all(|outcome| outcome.outages == 0),
        "{outcomes:?}"
    );
    assert!(elsewhere(&outcomes).is_empty());
}
