//! What trustsim prints of a scenario is imported as what it was.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use trustsim::model::Deployment;
use trustsim::scenario::{DiskFiles, MemoryFiles, load};
use trustsim::world::{Options, Simulation};

use super::{contents, from_files, notes};

/// The status of every model of a deployment soon after its start and, where they are wanted, each of its units: a folder
/// for each model.
pub(super) fn dumped(deployment: &Deployment, with_units: bool) -> MemoryFiles {
    let mut deployment = deployment.clone();
    deployment.actions = Default::default();
    deployment.random.clear();
    let deployment = Arc::new(deployment);
    let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
    simulation.run_until(deployment.start + trustsim::kernel::Span::from_secs(3_600));
    let mut files = MemoryFiles::default();
    for model in &deployment.models {
        let name = &model.name;
        let status = simulation.status(name).expect("a model");
        let path = format!("dumps/{name}/status.json");
        files.0.insert(path.into(), status.to_string().into_bytes());
        let units = if with_units {
            simulation.unit_names(name)
        } else {
            Vec::new()
        };
        for unit in units {
            let shown = simulation.show_unit(name, &unit).expect("a unit");
            let path = format!("dumps/{name}/unit-{}.json", unit.replace('/', "-"));
            files.0.insert(path.into(), shown.to_string().into_bytes());
        }
    }
    files
}

/// Every scenario that is shipped, as it is imported from what is printed of it.
fn round_trip(with_units: bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let loaded = load(&path, &DiskFiles).expect("it loads");
        let made = from_files(&dumped(&loaded.deployment, with_units), &["dumps"]);
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
        assert!(
            !notes(&made).contains("TS0116"),
            "{shown}: {}",
            notes(&made)
        );
        // Keys and certificates are in databags, and nothing of them is written.
        assert!(!imported.text.contains("BEGIN"), "{}", imported.text);
        count += 1;
    }
    assert!(count >= 25, "only {count} scenarios");
}

#[test]
fn the_status_of_every_scenario_is_imported_as_the_scenario() {
    round_trip(false);
}

#[test]
fn so_are_its_units_beside_the_status() {
    round_trip(true);
}

/// A run of an import is played again by its folder, as one of a scenario is.
#[test]
fn the_folder_of_a_run_says_what_was_imported() {
    let root = tempfile::tempdir().expect("a folder");
    let bundle =
        "bundle: kubernetes\napplications: {ca: {charm: self-signed-certificates, scale: 1}}\n";
    fs::write(root.path().join("bundle.yaml"), bundle).expect("written");
    let run = |arguments: &[&str]| {
        let output = crate::common::trustsim(root.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    // Nothing is judged, since it has no connection.
    let (code, said) = run(&["run", "bundle.yaml", "--until", "1d", "-o", "out"]);
    assert_eq!(code, Some(1), "{said}");
    let (code, said) = run(&["status", "out"]);
    assert_eq!(code, Some(0), "{said}");
    fs::write(
        root.path().join("bundle.yaml"),
        bundle.replace("scale: 1", "scale: 2"),
    )
    .expect("written");
    let (code, said) = run(&["status", "out"]);
    assert!(
        code == Some(2) && said.contains("is not what it was"),
        "{said}"
    );
}

/// A bundle with its overlays is what a scenario makes of them.
#[test]
fn the_bundle_of_a_scenario_is_imported_as_its_model() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/bundles");
    for (bundle, overlays) in [
        (
            "cos-lite",
            ["cos-lite-tls-overlay", "cos-lite-offers-overlay"].as_slice(),
        ),
        ("charmed-kubernetes", &[]),
        ("charmed-kubernetes", &["charmed-kubernetes-vault-overlay"]),
        (
            "charmed-kubernetes",
            &["charmed-kubernetes-vault-ha-overlay"],
        ),
    ] {
        let names = overlays.iter().map(|name| format!("{name}.yaml"));
        let names: Vec<String> = names.collect();
        let model = format!(
            "models: {{{bundle}: {{from: {bundle}.yaml, overlays: [{}]}}}}\n",
            names.join(", ")
        );
        let scenario = trustsim::scenario::parse(&model, "s.yaml").expect("a scenario");
        let loaded = trustsim::scenario::resolve(scenario, &folder.join("s.yaml"), &DiskFiles)
            .expect("it loads");
        let base = folder.join(format!("{bundle}.yaml"));
        let paths: Vec<_> = std::iter::once(base)
            .chain(names.iter().map(|name| folder.join(name)))
            .collect();
        let made = super::from_disk(&paths);
        let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
        assert_eq!(
            contents(&imported.loaded.deployment),
            contents(&loaded.deployment),
            "{}",
            notes(&made)
        );
    }
}

/// A folder is what is asked of; that nothing in it is a dump is what is wrong.
#[test]
fn a_folder_without_a_dump_says_so_to_every_command() {
    let root = tempfile::tempdir().expect("a folder");
    fs::create_dir(root.path().join("reports")).expect("a folder");
    fs::write(root.path().join("reports/journal.csv"), "time\n").expect("written");
    for arguments in [
        ["import", "reports"].as_slice(),
        &["ask", "edges", "reports"],
        &["check", "reports"],
    ] {
        let output = crate::common::trustsim(root.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("TS0114") && said.contains("nothing was recognised in `reports`"),
            "{said}"
        );
    }
}
