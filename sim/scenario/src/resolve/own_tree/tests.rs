//! Charms that are read from their own files: in folders, and packed.

use std::io::{Cursor, Write};
use std::path::Path;

use trustsim_charms::{CharmMetadata, EndpointProfile, Protocol, Provenance, Role};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::MemoryFiles;

const SCENARIO: &str =
    "models: {m: {bundle: kubernetes, applications: {a: {charm: ./web, options: {port: 80}}}}}\n";
const METADATA: &str = "name: web
description: serves
containers: {web: {resource: image}}
requires: {certificates: {interface: tls-certificates, limit: 1}}
";
const CONFIG: &str = "options: {port: {type: int, default: 8080, description: where}}\n";

fn packed(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        let started = writer.start_file(*name, SimpleFileOptions::default());
        started.expect("it fits");
        writer.write_all(content.as_bytes()).expect("it fits");
    }
    writer.finish().expect("it fits").into_inner()
}

/// Files of text, and one that is none.
fn with<const N: usize>(files: [(&str, &str); N], path: &str, content: Vec<u8>) -> MemoryFiles {
    let mut files = MemoryFiles::new(files);
    files.0.insert(path.into(), content);
    files
}

fn loaded(files: &MemoryFiles) -> crate::Loaded {
    match crate::load(Path::new("s.yaml"), files) {
        Ok(loaded) => loaded,
        Err(wrong) => panic!("{}", wrong.render(false)),
    }
}

/// The charm of the only application.
fn charm(files: &MemoryFiles) -> CharmMetadata {
    let deployment = loaded(files).deployment;
    deployment.applications.raw[0].charm.as_ref().clone()
}

fn refused(files: &MemoryFiles) -> String {
    match crate::load(Path::new("s.yaml"), files) {
        Ok(_) => panic!("nothing was found wrong"),
        Err(wrong) => wrong.render(false),
    }
}

/// That the four files of `web` are read, wherever they are.
fn assert_web(charm: &CharmMetadata) {
    assert_eq!(
        (charm.name.as_str(), charm.implementation.behaviour),
        ("web", "requirer")
    );
    assert_eq!(charm.provenance, Provenance::Metadata);
    assert_eq!(charm.containers, ["web"]);
    let endpoint = charm.endpoint("certificates").expect("an endpoint");
    assert_eq!((endpoint.role, endpoint.limit), (Role::Requirer, Some(1)));
    assert!(endpoint.profile.is_some());
    let port = &charm.options["port"];
    assert_eq!(
        (port.kind.as_str(), port.default.as_deref()),
        ("int", Some("8080"))
    );
    assert_eq!(charm.actions, ["restart"]);
}

#[test]
fn four_files_of_a_folder_are_read_together() {
    let files = MemoryFiles::new([
        ("s.yaml", SCENARIO),
        // What charmcraft needs to pack the charm, and nothing of the charm.
        (
            "web/charmcraft.yaml",
            "type: charm\nbases: [{name: ubuntu}]\n",
        ),
        ("web/metadata.yaml", METADATA),
        ("web/config.yaml", CONFIG),
        ("web/actions.yaml", "restart: {description: x}\n"),
    ]);
    assert_web(&charm(&files));
}

#[test]
fn charmcraft_yaml_has_its_own_sections() {
    let whole = format!("type: charm\n{METADATA}config: {CONFIG}actions: {{restart: {{}}}}\n")
        .replace("config: options: ", "config: {options: ")
        .replace("where}}\n", "where}}}\n");
    let files = MemoryFiles::new([("s.yaml", SCENARIO), ("web/charmcraft.yaml", &whole)]);
    assert_web(&charm(&files));
}

#[test]
fn what_two_files_say_alike_is_taken_once() {
    let files = MemoryFiles::new([
        ("s.yaml", SCENARIO),
        (
            "web/charmcraft.yaml",
            "name: web\ndescription: other words\nrequires: {certificates: {interface: tls-certificates}}\n\
             config: {options: {port: {description: other words}}}\n",
        ),
        ("web/metadata.yaml", METADATA),
        ("web/config.yaml", CONFIG),
        ("web/actions.yaml", "restart:\n"),
    ]);
    assert_web(&charm(&files));
}

#[test]
fn files_that_contradict_each_other_are_refused_with_both_places() {
    insta::assert_snapshot!(refused(&MemoryFiles::new([
        ("s.yaml", SCENARIO),
        (
            "web/charmcraft.yaml",
            "name: web\nrequires:\n  certificates:\n    interface: tls-certificate\nconfig: {options: {port: {type: string}}}\n",
        ),
        ("web/metadata.yaml", METADATA),
        ("web/config.yaml", CONFIG),
    ])), @r#"
    error[TS0214]: option "port" expected string, got 80
     --> s.yaml:1:83
      |
    1 | models: {m: {bundle: kubernetes, applications: {a: {charm: ./web, options: {port: 80}}}}}
      |                                                                                   ^^
      |
    help: quote it: "80"

    error[TS0229]: two files of the charm contradict each other about `interface`
     --> web/metadata.yaml:4:38
      |
    4 | requires: {certificates: {interface: tls-certificates, limit: 1}}
      |                                      ^^^^^^^^^^^^^^^^
      |
     ::: web/charmcraft.yaml:4:16
      |
    4 |     interface: tls-certificate
      |                --------------- the other file says this

    error[TS0229]: two files of the charm contradict each other about `type`
     --> web/config.yaml:1:24
      |
    1 | options: {port: {type: int, default: 8080, description: where}}
      |                        ^^^
      |
     ::: web/charmcraft.yaml:5:33
      |
    5 | config: {options: {port: {type: string}}}
      |                                 ------ the other file says this
    "#);
    insta::assert_snapshot!(refused(&MemoryFiles::new([
        ("s.yaml", SCENARIO),
        ("web/charmcraft.yaml", "provides: {certificates: {interface: tls-certificates}}\n"),
        ("web/metadata.yaml", METADATA),
        ("web/config.yaml", CONFIG),
    ])), @"
    warning[TS0219]: `web` is not played yet: it issues no certificate
     --> s.yaml:1:60
      |
    1 | models: {m: {bundle: kubernetes, applications: {a: {charm: ./web, options: {port: 80}}}}}
      |                                                            ^^^^^
      |
    help: give it a chain with `charms.web.issuer`, or use another provider

    error[TS0111]: the endpoint `certificates` is declared twice
     --> web/metadata.yaml:4:12
      |
    4 | requires: {certificates: {interface: tls-certificates, limit: 1}}
      |            ^^^^^^^^^^^^
    ");
}

#[test]
fn a_file_of_a_charm_that_juju_refuses_is_refused() {
    insta::assert_snapshot!(refused(&MemoryFiles::new([
        ("s.yaml", SCENARIO),
        ("web/charmcraft.yaml", "type: charm\n"),
        ("web/config.yaml", "port: {type: int}\n"),
        ("web/actions.yaml", "[restart\n"),
    ])), @"
    error[TS0110]: `config.yaml` has no `options`: Juju refuses the charm
     --> web/config.yaml:1:1
      |
    1 | port: {type: int}
      | ^^^^^^^^^^^^^^^^^

    error[TS0105]: unclosed bracket '['
     --> web/actions.yaml:1:1
      |
    1 | [restart
      | ^^^^^^^^
    ");
    insta::assert_snapshot!(refused(&MemoryFiles::new([
        ("s.yaml", SCENARIO),
        ("web/charmcraft.yaml", "type: charm\nrequires: [certificates]\n"),
        ("web/config.yaml", CONFIG),
    ])), @"
    error[TS0109]: expected a mapping of names, found a list
     --> web/charmcraft.yaml:2:11
      |
    2 | requires: [certificates]
      |           ^ expected a mapping of names
    ");
    insta::assert_snapshot!(refused(&MemoryFiles::new([
        ("s.yaml", SCENARIO),
        ("web/charmcraft.yaml", "type: charm\n"),
        ("web/config.yaml", CONFIG),
    ])), @"
    error[TS0110]: neither `charmcraft.yaml` nor `metadata.yaml` has the `name` of the charm
     --> s.yaml:1:60
      |
    1 | models: {m: {bundle: kubernetes, applications: {a: {charm: ./web, options: {port: 80}}}}}
      |                                                            ^^^^^
    ");
}

/// `ifaceExpander` of juju/juju.
#[test]
fn an_interface_alone_is_an_endpoint() {
    let files = MemoryFiles::new([
        (
            "s.yaml",
            "models: {m: {applications: {a: {charm: ./web, num_units: 1}}}}\n",
        ),
        (
            "web/metadata.yaml",
            "name: web\nprovides: {website: http}\nrequires: {tls: tls-certificates}\n",
        ),
    ]);
    let charm = charm(&files);
    let found = charm.endpoints.iter();
    let found: Vec<(&str, &str)> = found
        .map(|endpoint| (endpoint.name.as_str(), endpoint.interface.as_str()))
        .collect();
    assert_eq!(found, [("tls", "tls-certificates"), ("website", "http")]);
}

#[test]
fn a_packed_charm_is_read_as_its_folder_is() {
    let zip = packed(&[
        ("src/charm.py", "import ops"),
        ("metadata.yaml", METADATA),
        ("config.yaml", CONFIG),
        ("actions.yaml", "restart: {}\n"),
        ("manifest.yaml", "not: [read"),
    ]);
    // Its content says which charm it is, and its name says nothing.
    for path in [
        "./mycharm_ubuntu-22.04-amd64.charm",
        "./build/packed",
        "local:x.charm",
    ] {
        let scenario = SCENARIO.replace("./web", path);
        let at = path.trim_start_matches("./").trim_start_matches("local:");
        assert_web(&charm(&with([("s.yaml", &scenario)], at, zip.clone())));
    }
    let beside = SCENARIO.replace("./web", "web");
    assert_web(&charm(&with(
        [("s.yaml", &beside)],
        "charms/web.charm",
        zip.clone(),
    )));
    let from = format!("{beside}charms: {{web: {{from: some/web.charm}}}}\n");
    assert_web(&charm(&with([("s.yaml", &from)], "some/web.charm", zip)));
}

#[test]
fn a_packed_charm_that_cannot_be_read_is_told_with_its_place() {
    let scenario = SCENARIO.replace("./web", "./web.charm");
    let file = |content: Vec<u8>| with([("s.yaml", &scenario)], "web.charm", content);
    insta::assert_snapshot!(refused(&file(b"name: web\n".to_vec())), @"
    error[TS0115]: `web.charm` cannot be read as a packed charm: it is no zip archive
     --> s.yaml:1:60
      |
    1 | models: {m: {bundle: kubernetes, applications: {a: {charm: ./web.charm, options: {port: 80}}}}}
      |                                                            ^^^^^^^^^^^
    ");
    let said = |content: Vec<u8>| {
        let text = refused(&file(content));
        let first = text.lines().next();
        first.expect("an error").to_owned()
    };
    let large = format!("name: web\n#{}", "#".repeat(1024 * 1024));
    let mut damaged = packed(&[("metadata.yaml", METADATA)]);
    damaged.truncate(damaged.len() - 1);
    insta::assert_snapshot!([
        said(packed(&[("config.yaml", CONFIG)])),
        said(packed(&[("metadata.yaml", &large)])),
        said(packed(&[("metadata.yaml", "\0")])),
        said(damaged),
    ].join("\n"), @"
    error[TS0115]: `web.charm` cannot be read as a packed charm: it has neither a `metadata.yaml` nor a `charmcraft.yaml`
    error[TS0115]: `web.charm` cannot be read as a packed charm: its `metadata.yaml` is larger than 1 MiB
    error[TS0115]: `web.charm` cannot be read as a packed charm: its `metadata.yaml` is not UTF-8 text
    error[TS0115]: `web.charm` cannot be read as a packed charm: it is no whole zip archive
    ");
    let inside = refused(&file(packed(&[(
        "metadata.yaml",
        "name: web\nrequires: []\n",
    )])));
    assert!(
        inside.contains("--> web.charm/metadata.yaml:2:11"),
        "{inside}"
    );
}

/// What is not there is looked for as before: beside the packed charm, as in a charm's own repository.
#[test]
fn a_packed_charm_that_is_not_there_is_read_beside_its_place() {
    let scenario = SCENARIO.replace("./web", "./web_ubuntu-22.04.charm");
    let files = [
        ("s.yaml", &*scenario),
        ("metadata.yaml", METADATA),
        ("config.yaml", CONFIG),
        ("actions.yaml", "restart: {}\n"),
    ];
    assert_web(&charm(&MemoryFiles::new(files)));
    let other = scenario
        .replace("web_", "other_")
        .replace(", options: {port: 80}", "");
    let files = MemoryFiles::new([("s.yaml", &*other), ("metadata.yaml", METADATA)]);
    assert!(!charm(&files).is_described());
}

/// The library, the protocol and the switches of an endpoint are the catalogue's as long as it has the same interface.
#[test]
fn a_known_charm_does_what_the_catalogue_knows() {
    use trustsim_interfaces::tls_certificates::Library;
    let scenario = "models: {m: {bundle: kubernetes, applications: {a: {charm: ./it}}}}\n";
    let read = |metadata: &str| {
        charm(&MemoryFiles::new([
            ("s.yaml", scenario),
            ("it/metadata.yaml", metadata),
        ]))
    };
    let traefik = read(
        "name: traefik-k8s\nrequires: {certificates: tls-certificates, receive-ca-cert: other}\n",
    );
    assert_eq!(traefik.implementation.behaviour, "traefik");
    assert_eq!(traefik.validator.as_deref(), Some("go"));
    assert_eq!(
        traefik.certificates_library("certificates"),
        Some(Library::V4Patch30)
    );
    assert_eq!(
        traefik.transfer_library("receive-ca-cert"),
        None,
        "another interface"
    );
    assert!(
        traefik.endpoint("ingress").is_none(),
        "its own files have it not"
    );
    assert!(
        traefik.options.contains_key("external_hostname"),
        "no file says otherwise"
    );
    assert!(matches!(traefik.provenance, Provenance::Adjusted(_)));
    let easyrsa = read("name: easyrsa\nprovides: {client: {interface: tls-certificates}}\n");
    let client = easyrsa.endpoint("client").expect("an endpoint");
    assert_eq!(client.protocol, Protocol::Legacy);
}

#[test]
fn the_scenario_is_laid_over_a_charms_own_files() {
    let mode = |charm: &CharmMetadata| match &charm.endpoint("certificates").expect("one").profile {
        Some(EndpointProfile::Certificates(profile)) => profile.mode,
        other => panic!("{other:?}"),
    };
    let over = "charms: {web: {requires: {certificates: {mode: app}}}}\n";
    let scenario = format!("{}{over}", SCENARIO.replace("./web", "web"));
    let found = charm(&MemoryFiles::new([
        ("s.yaml", &*scenario),
        ("charms/web/metadata.yaml", METADATA),
        ("charms/web/config.yaml", CONFIG),
    ]));
    assert_eq!(mode(&found), trustsim_charms::Mode::App);
    assert_eq!(found.provenance, Provenance::Scenario);
    // Files at a path of their own are named.
    let over = over.replace("{web: {", "{web: {from: web, ");
    let scenario = format!("{SCENARIO}{over}");
    let found = charm(&MemoryFiles::new([
        ("s.yaml", &*scenario),
        ("web/metadata.yaml", METADATA),
        ("web/config.yaml", CONFIG),
    ]));
    assert_eq!(mode(&found), trustsim_charms::Mode::App);
}

#[test]
fn files_that_a_description_hides_are_warned_of() {
    let over = "charms: {web: {requires: {tls: {interface: tls-certificates}}, options: {port: {type: int}}}}\n";
    let scenario = format!("{SCENARIO}{over}");
    let files = MemoryFiles::new([("s.yaml", &*scenario), ("web/metadata.yaml", METADATA)]);
    let warnings = loaded(&files).warnings.render(false);
    insta::assert_snapshot!(warnings, @"
    warning[TS0229]: the files of `./web` are not read
     --> s.yaml:1:60
      |
    1 | models: {m: {bundle: kubernetes, applications: {a: {charm: ./web, options: {port: 80}}}}}
      |                                                            ^^^^^ `charms.web` describes the charm
      |
    help: give `charms.web` their place in `from`, to lay it over them
    ");
}
