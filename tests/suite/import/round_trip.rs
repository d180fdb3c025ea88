//! What trustsim prints of a scenario is imported as what it was.

use std::path::Path;
use std::sync::Arc;

use trustsim::model::Deployment;
use trustsim::scenario::{DiskFiles, MemoryFiles, load};
use trustsim::world::{Options, Simulation};

use super::{contents, from_files, notes};

/// The status of every model of a deployment at its start, as files.
fn statuses(deployment: &Deployment) -> MemoryFiles {
    let mut deployment = deployment.clone();
    deployment.actions = Default::default();
    deployment.random.clear();
    let deployment = Arc::new(deployment);
    let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
    simulation.run_until(deployment.start + trustsim::kernel::Span::from_secs(3_600));
    let mut files = MemoryFiles::default();
    for model in &deployment.models {
        let status = simulation.status(&model.name).expect("a model");
        let path = format!("dumps/{}.json", model.name);
        files.0.insert(path.into(), status.to_string().into_bytes());
    }
    files
}

#[test]
fn the_status_of_every_scenario_is_imported_as_the_scenario() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let loaded = load(&path, &DiskFiles).expect("it loads");
        let made = from_files(&statuses(&loaded.deployment), &["dumps"]);
        let shown = path.display();
        let imported = made
            .as_ref()
            .unwrap_or_else(|_| panic!("{shown}: {}", notes(&made)));
        let expected = contents(&loaded.deployment);
        let found = contents(&imported.loaded.deployment);
        assert_eq!(
            found,
            expected,
            "{shown}\n{}\n{}",
            imported.text,
            notes(&made)
        );
        count += 1;
    }
    assert!(count >= 25, "only {count} scenarios");
}
