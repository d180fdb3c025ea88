//! Real bundles load as models. They stand beside the repository, not in it; without them there
//! is nothing to do, and the test says so.

use std::fs;
use std::path::{Path, PathBuf};

use trustsim::diagnosis::{Outage, diagnose, outage_groups};
use trustsim::model::{Coverage, Standing};
use trustsim::report::{self, words::standing};
use trustsim::scenario::{DiskFiles, Severity, load};
use trustsim::world::Options;

/// Bundles that are no bundles, and why; they are left out.
const EXCLUDED: &[(&str, &str)] = &[
    ("bundle.yaml.j2", "a template"),
    ("kafka-k8s_bundle.yaml.j2", "a template"),
    (
        "cmr_bundles_test_deploy.yaml",
        "a template: its controller is filled in by a script",
    ),
    (
        "cmr-bundle.yaml",
        "a template: its model is filled in by a script",
    ),
    (
        "bundle-include-base64.yaml",
        "includes a file that is not there",
    ),
    (
        "wordpress-multidoc_bundle.yaml",
        "its second overlay leaves an offer without endpoints",
    ),
    (
        "bundle-with-overlays_overlay.yaml",
        "includes a file that is not there",
    ),
];

/// Overlays, and the bundle each is laid over; empty where that is not there.
const OVERLAYS: &[(&str, &str)] = &[
    (
        "cos-lite-bundle__overlays",
        "canonical__cos-lite-bundle__bundle.rendered.yaml",
    ),
    (
        "cos-offers-overlay",
        "canonical__cos-lite-bundle__bundle.rendered.yaml",
    ),
    (
        "charmed-kubernetes__bundle__overlays",
        "charmed-kubernetes__bundle__releases_1.35_bundle.yaml",
    ),
    (
        "tests_suites_ck_overlay",
        "charmed-kubernetes__bundle__releases_1.35_bundle.yaml",
    ),
    (
        "test-multi-overlay",
        "juju__charm__internal_test-charm-repo_bundle_wordpress-simple-multidoc_bundle.yaml",
    ),
    (
        "test-overlay3",
        "juju__charm__internal_test-charm-repo_bundle_wordpress-simple-multidoc_bundle.yaml",
    ),
    ("kafka-bundle__overlays_production", ""),
];

/// Models whose offers a bundle consumes, made up from what it uses of them.
const COMPANIONS: &[(&str, &str)] = &[
    (
        "wordpress-with-saas",
        "  default:
    applications:
      mysql: {charm: some-mysql, num_units: 1, offers: {mysql: {endpoints: [db]}}}
",
    ),
    (
        "fcb-yoga",
        "  lma-maas:
    applications:
      grafana:
        charm: some-grafana
        num_units: 1
        offers: {grafana: {endpoints: [dashboards, application-dashboard, certificates]}}
      graylog:
        charm: some-graylog
        num_units: 1
        offers: {graylog: {endpoints: [beats, application-dashboard]}}
      landscape-server:
        charm: some-landscape
        num_units: 1
        offers: {landscape-server: {endpoints: [application-dashboard, registration]}}
      nagios:
        charm: some-nagios
        num_units: 1
        offers: {nagios: {endpoints: [monitors, application-dashboard]}}
      prometheus:
        charm: some-prometheus
        num_units: 1
        offers: {prometheus: {endpoints: [website, target, manual-jobs, certificates]}}
",
    ),
];

pub(crate) fn corpus() -> Option<PathBuf> {
    trustsim_oracles::shared("corpus/bundles")
}

/// Each bundle by its name, as the text of a scenario.
pub(crate) fn scenarios(corpus: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for path in &bundle_files(corpus) {
        let name = file_name(path);
        if EXCLUDED.iter().any(|(end, _)| name.ends_with(end)) {
            continue;
        }
        let overlay = OVERLAYS.iter().find(|(part, _)| name.contains(part));
        let model = match overlay {
            // An overlay whose bundle is not there.
            Some((_, "")) => continue,
            Some((_, base)) => format!("from: {base}\n    overlays: [{name}]"),
            None => format!("from: {name}"),
        };
        let companion = COMPANIONS.iter().find(|(part, _)| name.contains(part));
        let companion = companion.map_or("", |(_, text)| text);
        let text = format!("models:\n  m:\n    {model}\n{companion}");
        found.push((name, text));
    }
    found
}

#[test]
fn every_real_bundle_loads() {
    let Some(corpus) = corpus() else {
        return;
    };
    let mut refused = Vec::new();
    let scenarios = scenarios(&corpus);
    for (name, scenario) in &scenarios {
        if let Some(why) = refusal(&corpus, scenario) {
            refused.push(format!("{name}\n{why}"));
        }
    }
    assert!(scenarios.len() > 60, "only {} bundles", scenarios.len());
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
}

/// What is said of an input: its line of coverage, or why it is refused.
fn answer(paths: &[PathBuf]) -> String {
    match crate::import::from_disk(paths) {
        Ok(made) => standing::coverage(&Coverage::of(&made.loaded.deployment)),
        Err(wrong) => {
            let error = wrong
                .list
                .iter()
                .find(|found| found.severity == Severity::Error);
            let error = error.expect("what is refused has an error");
            format!("refused: {}", crate::import::cell(&error.message))
        }
    }
}

/// The page with what of each real bundle is modelled.
fn coverage_page(corpus: &Path) -> String {
    let mut page = String::from(
        "# What is known of real bundles\n\n\
         Bundles and overlays of public repositories (`owner__repository__path`): how many of their charms are modelled, \
         assumed, or\nnot simulated, how many of their TLS relations are simulated, and how many of the connections that \
         follow from their\nrelations. A test writes this page.\n\n\
         ## Each file alone\n\n\
         What `trustsim check FILE` says. An overlay alone is only the part of a deployment that it has, and one without an\n\
         application is refused; so is a template that was not rendered.\n\n\
         | file | coverage |\n|---|---|\n",
    );
    let files = bundle_files(corpus);
    for path in &files {
        let said = answer(std::slice::from_ref(path));
        page.push_str(&format!("| {} | {said} |\n", file_name(path)));
    }
    page.push_str(
        "\n## Overlays with the bundle that they are laid over\n\n\
         What `trustsim check` says of the scenario that `trustsim import BUNDLE OVERLAY` writes. An overlay whose bundle is \
         not among\nthese files is left out.\n\n\
         | overlay | bundle | coverage |\n|---|---|---|\n",
    );
    for path in &files {
        let name = file_name(path);
        let base = OVERLAYS.iter().find(|(part, _)| name.contains(part));
        if let Some((_, base)) = base.filter(|(_, base)| !base.is_empty()) {
            let paths = [corpus.join(base), path.clone()];
            page.push_str(&format!("| {name} | {base} | {} |\n", answer(&paths)));
        }
    }
    page
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().expect("a name");
    name.to_string_lossy().into_owned()
}

/// Every file of the folder, by name.
fn bundle_files(corpus: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(corpus).expect("a folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

/// The page says what a user reads: of a bundle with an offer that is not given it had what the bundle joined to a made-up
/// model of that offer comes to, 57 charms for 52.
#[test]
fn the_page_says_what_check_says() {
    let Some(corpus) = corpus() else {
        return;
    };
    let page = fs::read_to_string(coverage_path()).expect("a page");
    for name in [
        "canonical__juju-lint__tests_resources_fcb-yoga-focal-bundle.yaml",
        "charmed-kubernetes__bundle__overlays_vault-pki-overlay.yaml",
        "charmed-kubernetes__bundle__releases_1.35_bundle.yaml",
    ] {
        let output = crate::common::trustsim(&corpus, &["check", name]);
        let said = String::from_utf8(output.stderr).expect("text");
        let line = said
            .lines()
            .find_map(|line| line.strip_prefix("coverage: "));
        let line = line.unwrap_or_else(|| panic!("{said}"));
        assert!(
            page.contains(&format!("| {name} | {line} |\n")),
            "{name}: {line}"
        );
    }
}

fn coverage_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/coverage.md")
}

#[test]
fn every_real_bundle_has_a_line_of_coverage() {
    let Some(corpus) = corpus() else {
        return;
    };
    let page = fs::read_to_string(coverage_path()).expect("a page");
    assert_eq!(
        page,
        coverage_page(&corpus),
        "cargo test --test suite corpus:: -- --ignored"
    );
}

/// `cargo test --test suite corpus:: -- --ignored` brings the page up to date.
#[test]
#[ignore = "writes docs/reference/coverage.md"]
fn write_the_coverage() {
    let corpus = corpus().expect("the bundles are beside the project");
    fs::write(coverage_path(), coverage_page(&corpus)).expect("written");
}

/// canonical/cos-lite-bundle, bundle and overlays.
pub(crate) fn real_cos_lite() -> String {
    let prefix = "canonical__cos-lite-bundle__";
    format!(
        "models:
  cos:
    from: {prefix}bundle.rendered.yaml
    overlays: [{prefix}overlays_tls-overlay.yaml, {prefix}overlays_offers-overlay.yaml]
"
    )
}

#[test]
fn the_real_cos_lite_has_what_ours_has() {
    let Some(corpus) = corpus() else {
        return;
    };
    let text = real_cos_lite();
    let real = deployment(&corpus, &text);
    let ours = "models:
  cos:
    from: cos-lite.yaml
    overlays: [cos-lite-tls-overlay.yaml, cos-lite-offers-overlay.yaml]
";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/bundles");
    assert_eq!(deployment(&folder, ours), real);
}

#[test]
fn the_real_charmed_kubernetes_has_what_ours_has() {
    let Some(corpus) = corpus() else {
        return;
    };
    let prefix = "charmed-kubernetes__bundle__";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/bundles");
    for (real, ours) in [
        ("", ""),
        (
            "overlays_vault-pki-overlay",
            "charmed-kubernetes-vault-overlay",
        ),
        (
            "overlays_vault-pki-ha-overlay",
            "charmed-kubernetes-vault-ha-overlay",
        ),
    ] {
        let model = |base: &str, overlay: String| {
            let overlays = match overlay.as_str() {
                "" => String::new(),
                name => format!("    overlays: [{name}.yaml]\n"),
            };
            format!("models:\n  k8s:\n    from: {base}.yaml\n{overlays}")
        };
        let overlay = |name: &str, prefix: &str| match name {
            "" => String::new(),
            name => format!("{prefix}{name}"),
        };
        let base = format!("{prefix}releases_1.35_bundle");
        let real = deployment(&corpus, &model(&base, overlay(real, prefix)));
        let ours = deployment(&folder, &model("charmed-kubernetes", overlay(ours, "")));
        assert_eq!(ours, real);
    }
}

/// canonical/juju-lint `tests/resources/fcb-yoga-focal-bundle.yaml`: an OpenStack of 57 charms, of which 31 are known. It
/// was an outage of 400 days for each pair of applications, since the MySQL router was taken for another charm of its
/// name, and 632 lines. In the legacy protocol a certificate is issued once, for a year: that is what breaks.
#[test]
fn a_real_bundle_of_fifty_charms_is_answered_in_forty_lines() {
    let Some(corpus) = corpus() else {
        return;
    };
    let all = scenarios(&corpus);
    let focal = "canonical__juju-lint__tests_resources_fcb-yoga-focal-bundle.yaml";
    let (_, models) = all
        .iter()
        .find(|(name, _)| name == focal)
        .expect("it is there");
    let text = format!(
        "duration: 400d\n{models}\
         operators: {{ops: {{answers: [m.vault], delay: {{exactly: 30m}}}}}}\n\
         clients: {{admin: {{trusts: [m.vault]}}}}\n\
         connections:\n\
         \x20 - {{from: admin, to: m.keystone}}\n\
         \x20 - {{from: admin, to: m.openstack-dashboard}}\n\
         \x20 - {{from: m.glance, to: m.keystone}}\n\
         \x20 - {{from: m.cinder, to: m.glance}}\n\
         \x20 - {{from: m.nova-compute, to: m.neutron-api}}\n"
    );
    let deployment = resolved(&corpus, &text);
    let coverage = Coverage::of(&deployment);
    let record = crate::common::play(&deployment, Options::default());
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    let run = report::Run {
        manifest: &record.manifest,
        journal: &record.journal,
        findings: &findings,
        provenance: None,
    };
    let text = report::terminal::terminal(&run, report::terminal::Detail::Normal);
    let first = text.lines().next().expect("a line");
    assert!(first.ends_with(&standing::coverage(&coverage)), "{first}");
    let known = "3 of 57 charms modelled, 25 assumed, 29 not simulated; 22 of 27 TLS relations; 4 of 5 connections";
    assert_eq!(standing::coverage(&coverage), known);
    assert!(text.lines().count() < 40, "{text}");
    // What is not simulated neither holds nor fails.
    let spec = |outage: &Outage| record.manifest.connections[outage.connection as usize].spec;
    for outage in &findings.outages {
        let standing = coverage.bases[spec(outage)].standing;
        assert_ne!(standing, Standing::NotSimulated, "{outage:?}");
    }
    let told = outage_groups(&record.manifest, &findings);
    let causes: Vec<&str> = told
        .iter()
        .map(|group| findings.explanations[group.longest()].cause.what.name())
        .collect();
    assert_eq!(causes, ["not-asked"], "{text}");
}

pub(crate) fn resolved(folder: &Path, text: &str) -> trustsim::world::Deployment {
    let scenario = trustsim::scenario::parse(text, "s.yaml").expect("a scenario");
    let loaded = trustsim::scenario::resolve(scenario, &folder.join("s.yaml"), &DiskFiles)
        .unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
    loaded.deployment
}

/// Applications, relations and offers as sorted lines.
fn deployment(folder: &Path, text: &str) -> Vec<String> {
    let deployment = resolved(folder, text);
    let applications = deployment
        .applications
        .iter()
        .map(|app| format!("{} {} {}", app.name, app.charm.name, app.units));
    let relations = deployment.relations.iter().map(|relation| {
        let [left, right] = relation
            .sides
            .each_ref()
            .map(|side| deployment.side_name(side));
        format!("{left} {right} {}", relation.interface)
    });
    let offers = deployment.offers.iter().map(|offer| {
        format!(
            "{} {:?} {:?}",
            offer.name, offer.application, offer.endpoints
        )
    });
    let mut lines: Vec<String> = applications.chain(relations).chain(offers).collect();
    lines.sort();
    lines
}

fn refusal(folder: &Path, text: &str) -> Option<String> {
    let scenario = trustsim::scenario::parse(text, "s.yaml").expect("a scenario");
    let path = folder.join("s.yaml");
    match trustsim::scenario::resolve(scenario, &path, &DiskFiles) {
        Ok(_) => None,
        Err(mut wrong) => {
            wrong.list.retain(|found| found.severity == Severity::Error);
            Some(wrong.render(false))
        }
    }
}

#[test]
fn real_charm_files_are_read() {
    let Some(corpus) = corpus() else {
        return;
    };
    let charms = corpus.with_file_name("charms");
    for entry in fs::read_dir(&charms).expect("a folder") {
        let path = entry.expect("an entry").path();
        let file = path.display();
        let text = format!(
            "models: {{m: {{bundle: kubernetes, applications: {{a: {{charm: c}}}}}}}}\ncharms: {{c: {{from: {file}}}}}\n"
        );
        let why = refusal(&charms, &text);
        assert!(why.is_none(), "{file}: {}", why.unwrap_or_default());
    }
    assert!(load(&charms.join("nothing.yaml"), &DiskFiles).is_err());
}

/// Endpoints on purpose not as in the file: name of the charm and of the endpoint.
const OTHERWISE: &[(&str, &str)] = &[];

#[test]
fn the_catalogue_says_what_the_charms_say() {
    let Some(corpus) = corpus() else {
        return;
    };
    let charms = corpus.with_file_name("charms");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&charms).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("text");
        let file: serde_json::Value = serde_saphyr::from_str(&text).expect("yaml");
        let name = file["name"].as_str().unwrap_or_default();
        let Some(known) = trustsim::charms::catalogue().get(name) else {
            wrong.push(format!("{name} is not in the catalogue"));
            continue;
        };
        for group in ["provides", "requires", "peers"] {
            for (endpoint, said) in file[group].as_object().into_iter().flatten() {
                if OTHERWISE.contains(&(name, endpoint.as_str())) {
                    continue;
                }
                let same = known.metadata.endpoint(endpoint).is_some_and(|known| {
                    known.interface == said["interface"].as_str().unwrap_or_default()
                        && known.limit.map(u64::from) == said["limit"].as_u64()
                        && known.container_scope == (said["scope"] == "container")
                });
                if !same {
                    wrong.push(format!("{}: {name}:{endpoint}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
