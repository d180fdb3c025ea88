//! Which connections each variant of a scenario has, in errors and lists.

use super::{Exit, folder, trustsim};

/// `browser` connects to `a.web`, and in its variant `api` to `a.api` instead.
const VARIANTS: &str = "src/tests/variants.yaml";

#[test]
fn why_names_the_connections_of_the_variant_that_was_asked_for_and_who_has_the_other() {
    let (exit, _, err) = trustsim(&["why", VARIANTS, "browser", "a.api/0", "-q"]);
    assert_eq!(exit, Exit::Refused);
    insta::assert_snapshot!(err, @"
    error: no connection from `browser` to `a.api/0` is watched
    hint: the scenario watches browser a.web
    hint: variant `api` has it: --variant api
    ");
    let (exit, _, err) = trustsim(&[
        "why",
        VARIANTS,
        "browser",
        "a.web",
        "--variant",
        "api",
        "-q",
    ]);
    assert_eq!(exit, Exit::Refused);
    insta::assert_snapshot!(err, @"
    error: no connection from `browser` to `a.web` is watched
    hint: variant `api` watches browser a.api
    hint: the scenario has it: without --variant
    ");
    let (_, _, err) = trustsim(&["why", VARIANTS, "browser", "a.ca", "-q"]);
    insta::assert_snapshot!(err, @"
    error: no connection from `browser` to `a.ca` is watched
    hint: the scenario watches browser a.web
    ");
}

#[test]
fn an_export_says_of_which_variant_it_is_and_what_only_others_have() {
    let (_root, path) = folder();
    let said = |args: &[&str]| {
        let (exit, _, err) = trustsim(args);
        assert_eq!(exit, Exit::Held);
        let lines = err.lines().filter(|line| line.contains("export"));
        lines.collect::<Vec<_>>().join("\n").replace(&path, "OUT")
    };
    insta::assert_snapshot!(said(&["export", VARIANTS, "-o", &path]), @"
    exported 1 connection of the scenario to OUT
    not in this export: browser -> a.api, which variant `api` has: --variant api
    ");
    insta::assert_snapshot!(said(&["export", VARIANTS, "--variant", "api", "-o", &path]), @"
    exported 1 connection of variant `api` to OUT
    not in this export: browser -> a.web, which the scenario has: without --variant
    removed what an earlier export left there: browser_a.web-0
    ");
}
