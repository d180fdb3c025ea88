//! What `trustsim export-bundle` prints, or says instead.

use std::path::Path;

use crate::common::trustsim;

/// What comes of the command: its exit status, what it prints, and what it says beside it.
fn exported(arguments: &[&str]) -> (Option<i32>, String, String) {
    let arguments: Vec<&str> = ["export-bundle"].iter().chain(arguments).copied().collect();
    let output = trustsim(Path::new(env!("CARGO_MANIFEST_DIR")), &arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn the_offers_of_a_model_are_an_overlay() {
    let (status, bundle, _) = exported(&["scenarios/cross-model.yaml", "-m", "owner"]);
    assert_eq!(status, Some(0));
    let (base, overlay) = bundle
        .split_once("--- # overlay.yaml\n")
        .expect("there are offers");
    assert!(
        base.contains("charm: ") && !base.contains("offers:"),
        "{base}"
    );
    assert!(
        overlay.contains("offers:") && !overlay.contains("charm: "),
        "{overlay}"
    );
    let (status, bundle, _) = exported(&["scenarios/cross-model.yaml", "-m", "consumer"]);
    assert_eq!(status, Some(0));
    assert!(
        bundle.contains("saas:") && !bundle.contains("overlay"),
        "{bundle}"
    );
}

#[test]
fn a_model_is_named_where_there_are_several() {
    let (status, bundle, told) = exported(&["scenarios/cross-model.yaml"]);
    assert_eq!((status, bundle.as_str()), (Some(2), ""));
    assert!(
        told.contains("give -m with one of owner, consumer"),
        "{told}"
    );
    let (status, bundle, told) = exported(&["scenarios/cross-model.yaml", "-m", "nope"]);
    assert_eq!((status, bundle.as_str()), (Some(2), ""));
    assert!(told.contains("no model `nope` in the scenario"), "{told}");
}
