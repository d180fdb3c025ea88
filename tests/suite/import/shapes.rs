//! The shapes of what Juju prints: versions, subordinates, machines, several inputs of one model.

use trustsim::model::Coverage;
use trustsim::report::words::standing;

use super::{contents, from_disk, from_texts, notes};

/// juju/juju `cmd/juju/status/formatted.go`, 2.9: names of applications, series, machines.
const OLD: &str = r#"
model: {name: old, type: iaas, controller: lxd, cloud: localhost, version: 2.9.42}
machines:
  "0": {juju-status: {current: started}, series: focal}
  "3": {juju-status: {current: started}, series: focal, containers: {3/lxd/0: {series: focal}}}
applications:
  etcd:
    charm: etcd
    series: focal
    os: ubuntu
    charm-origin: charmhub
    charm-name: etcd
    charm-rev: 701
    charm-channel: 1.24/stable
    relations: {certificates: [easyrsa], cluster: [etcd], juju-info: [telegraf]}
    units:
      etcd/4: {machine: 3/lxd/0, leader: true, subordinates: {telegraf/0: {leader: true}}}
      etcd/0: {machine: "0", subordinates: {telegraf/1: {}}}
  easyrsa:
    charm: easyrsa
    series: focal
    charm-origin: charmhub
    charm-name: easyrsa
    charm-rev: 26
    charm-channel: 1.24/stable
    relations: {client: [etcd]}
    units: {easyrsa/0: {machine: "3", leader: true}}
  telegraf:
    charm: telegraf
    series: focal
    charm-origin: charmhub
    charm-name: telegraf
    charm-rev: 65
    subordinate-to: [etcd]
    relations: {juju-info: [etcd]}
"#;

#[test]
fn a_status_of_2_9_has_names_of_applications_and_machines() {
    let made = from_texts([("s.yaml", OLD)], &["s.yaml"]);
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    insta::assert_snapshot!(imported.text);
    insta::assert_snapshot!(contents(&imported.loaded.deployment).join("\n"), @"
    old.easyrsa easyrsa 1.24/stable Some(26) 1
    old.etcd etcd 1.24/stable Some(701) 2
    old.telegraf telegraf - Some(65) 0
    old: easyrsa:client etcd:certificates tls-certificates
    old: etcd:juju-info telegraf:juju-info juju-info
    ");
}

/// An endpoint lists each application once, however many relations to it there are (juju/juju 3.6
/// `apiserver/facades/client/client/status.go`, `processApplicationRelations`): a database that gets certificates for its clients
/// and for its peers of one CA.
#[test]
fn an_application_that_is_listed_once_may_be_related_twice() {
    let status = |certificates: &str, own: &str| {
        format!(
            "
model: {{name: db, type: caas, controller: c, cloud: k8s, version: 3.6.4}}
applications:
  ca:
    {{charm: self-signed-certificates, charm-origin: charmhub, charm-name: self-signed-certificates, charm-rev: 309, scale: 1,
     relations: {{certificates: [{certificates}]}}}}
  pg:
    {{charm: postgresql-k8s, charm-origin: charmhub, charm-name: postgresql-k8s, charm-rev: 600, scale: 1,
     relations: {{client-certificates: [{own}], peer-certificates: [{own}]}}}}
"
        )
    };
    let object = |name: &str| {
        format!("{{related-application: {name}, interface: tls-certificates, scope: global}}")
    };
    for text in [status("pg", "ca"), status(&object("pg"), &object("ca"))] {
        let made = from_texts([("s.yaml", text.as_str())], &["s.yaml"]);
        let said = notes(&made);
        let imported = made.unwrap_or_else(|_| panic!("{said}"));
        let found = contents(&imported.loaded.deployment);
        let relations: Vec<&String> = found
            .iter()
            .filter(|line| line.starts_with("db: "))
            .collect();
        assert_eq!(
            relations,
            [
                "db: ca:certificates pg:client-certificates tls-certificates",
                "db: ca:certificates pg:peer-certificates tls-certificates"
            ],
            "{said}"
        );
        assert!(!said.contains("left out"), "{said}");
    }
}

/// 4.0 leaves out `since` of units (juju/juju#21261).
const NEW: &str = r#"
model: {name: new, type: caas, controller: k8s, cloud: k8s, version: 4.0.0}
machines: {}
applications:
  front:
    charm: mystery-front
    base: {name: ubuntu, channel: "24.04"}
    charm-origin: charmhub
    charm-name: mystery-front
    charm-rev: 5
    charm-channel: latest/stable
    scale: 2
    relations:
      db: [{related-application: back, interface: mystery_client, scope: global}]
      db-admin: [{related-application: back, interface: mystery_admin, scope: global}]
      certificates: [{related-application: ca, interface: tls-certificates, scope: global}]
    units: {front/0: {workload-status: {current: active}, juju-status: {current: idle, version: 4.0.0}, leader: true}}
  back:
    charm: mystery-back
    charm-origin: charmhub
    charm-name: mystery-back
    charm-rev: 2
    scale: 1
    relations:
      database: [{related-application: front, interface: mystery_client, scope: global}]
      admin: [{related-application: front, interface: mystery_admin, scope: global}]
  ca:
    charm: self-signed-certificates
    charm-origin: charmhub
    charm-name: self-signed-certificates
    charm-rev: 155
    charm-channel: latest/stable
    scale: 1
    relations:
      certificates: [{related-application: front, interface: tls-certificates, scope: global}]
"#;

#[test]
fn a_status_of_4_0_declares_what_the_catalogue_does_not_know() {
    let made = from_texts([("s.yaml", NEW)], &["s.yaml"]);
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    insta::assert_snapshot!(imported.text);
    // What asks for certificates is played by the generic charm, and nothing is known of the other.
    let coverage = Coverage::of(&imported.loaded.deployment);
    assert_eq!(
        standing::charms_and_relations(&coverage),
        "1 of 3 charms modelled, 1 assumed, 1 not simulated; 1 of 1 TLS relations"
    );
}

#[test]
fn subfolders_are_models_and_metadata_beside_them_describes_charms() {
    let metadata = "name: mystery-front\nrequires:\n  db: {interface: mystery_client}\n  db-admin: {interface: mystery_admin}\n  \
                    certificates: {interface: tls-certificates}\n";
    let consumer = "bundle: kubernetes\nsaas: {front: {url: admin/new.front-db}}\napplications: {app: {charm: some-app}}\n\
                    relations:\n- [app:backend, front:db]\n";
    let offers = "---\napplications: {front: {offers: {front-db: {endpoints: [db]}}}}\n";
    let bundle = format!(
        "bundle: kubernetes\napplications: {{front: {{charm: mystery-front, scale: 2}}}}\n{offers}"
    );
    let made = from_texts(
        [
            ("dump/new/status.yaml", NEW),
            ("dump/new/bundle.yaml", &bundle),
            ("dump/apps/bundle.yaml", consumer),
            ("dump/charms/mystery-front/metadata.yaml", metadata),
            ("dump/README.md", "# A dump\n"),
        ],
        &["dump"],
    );
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    insta::assert_snapshot!(format!("{}\n{}", imported.text, notes(&made)));
}

#[test]
fn every_input_of_one_real_model_gives_that_model() {
    let Some(folder) = trustsim_oracles::shared("corpus/status") else {
        return;
    };
    let name = "canonical__juju-doctor__tests_resources_artifacts_";
    let [status, bundle, unit] =
        ["status", "bundle", "show-unit"].map(|kind| folder.join(format!("{name}{kind}.yaml")));
    let alone = from_disk(std::slice::from_ref(&status)).expect("imported");
    let made = from_disk(&[status, bundle, unit]);
    let whole = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    let relations = |imported: &trustsim::import::Imported| {
        let lines = contents(&imported.loaded.deployment);
        lines
            .into_iter()
            .filter(|line| line.contains(": "))
            .collect::<Vec<_>>()
    };
    // The unit and the bundle are of other models of the same charms; nothing of their secrets is in the scenario.
    assert!(relations(&alone).len() >= 20);
    assert_eq!(whole.loaded.deployment.models.len(), 1, "{}", whole.text);
    for line in relations(&alone) {
        assert!(relations(whole).contains(&line), "{line}\n{}", whole.text);
    }
    assert!(!whole.text.contains("BEGIN") && !notes(&made).contains("password"));
}

/// What juju/juju-crashdump 5b1386a writes (`jujucrashdump/crashdump.py`, `jujucrashdump/addons.yaml`): the status of the
/// model and of the controller, files that are of no use here, and units in folders of their own.
#[test]
fn the_files_of_a_crashdump_are_one_model() {
    let controller = "model: {name: controller, type: iaas, controller: lxd, version: 2.9.42}\n\
                      machines: {\"0\": {juju-status: {current: started}, series: focal}}\napplications: {}\n";
    let unit = "etcd/4:\n  charm: ch:amd64/focal/etcd-701\n  leader: true\n  machine: 3/lxd/0\n  relation-info:\n  \
                - endpoint: certificates\n    related-endpoint: client\n    application-data: {}\n    \
                related-units: {easyrsa/0: {in-scope: true, data: {private-address: 10.1.2.3}}}\n";
    let metadata = "name: telegraf\nsubordinate: true\nrequires: {juju-info: {interface: juju-info, scope: container}}\n";
    let made = from_texts(
        [
            ("dump/2f1d/juju_status.yaml", OLD),
            ("dump/2f1d/juju_status_controller.yaml", controller),
            (
                "dump/2f1d/juju_status.txt",
                "Model  Controller\nold    lxd\n",
            ),
            (
                "dump/2f1d/model_config.yaml",
                "logging-config: {Value: <root>=INFO, Source: model}\n",
            ),
            ("dump/2f1d/storage.yaml", "{}\n"),
            (
                "dump/2f1d/debug_log.txt",
                "unit-etcd-4: 10:00:00 INFO juju.worker.uniter awaiting\n",
            ),
            ("dump/2f1d/etcd_4/addon_output/juju-show-unit", unit),
            (
                "dump/2f1d/etcd_4/var/lib/juju/agents/unit-telegraf-0/charm/metadata.yaml",
                metadata,
            ),
        ],
        &["dump"],
    );
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    let models: Vec<&str> = imported
        .loaded
        .deployment
        .models
        .iter()
        .map(|model| &*model.name)
        .collect();
    assert_eq!(models, ["old"], "{}", imported.text);
    let relation = "old: easyrsa:client etcd:certificates tls-certificates";
    let lines = contents(&imported.loaded.deployment);
    assert!(lines.iter().any(|line| line == relation), "{lines:?}");
    assert!(
        imported
            .text
            .contains("var/lib/juju/agents/unit-telegraf-0/charm"),
        "{}",
        imported.text
    );
    let unread = "nothing was recognised in `dump/2f1d/debug_log.txt`";
    assert!(notes(&made).contains(unread), "{}", notes(&made));
}

/// Two that give each other certificates, as two Vaults may: each lists the other once at `vault-pki`, whatever asks there.
/// What both require is not related with each other.
#[test]
fn two_that_give_each_other_certificates_are_related_as_provider_and_requirer() {
    let related = |endpoints: &[&str], other: &str| {
        let lines = endpoints.iter().map(|endpoint| {
            format!("      {endpoint}: [{{related-application: {other}, interface: tls-certificates, scope: global}}]\n")
        });
        lines.collect::<String>()
    };
    let status = format!(
        "model: {{name: m, type: caas, controller: c, version: 3.6.1}}\napplications:\n  a:\n    charm-name: vault-k8s\n    \
         scale: 1\n    relations:\n{}  b:\n    charm-name: vault-k8s\n    scale: 1\n    relations:\n{}",
        related(
            &[
                "tls-certificates-access",
                "tls-certificates-pki",
                "vault-pki"
            ],
            "b"
        ),
        related(
            &[
                "tls-certificates-access",
                "tls-certificates-acme",
                "vault-pki"
            ],
            "a"
        ),
    );
    let made = from_texts([("s.yaml", status.as_str())], &["s.yaml"]);
    let said = notes(&made);
    let imported = made.unwrap_or_else(|_| panic!("{said}"));
    for (left, right) in [
        ("a:tls-certificates-access", "b:vault-pki"),
        ("a:tls-certificates-pki", "b:vault-pki"),
        ("a:vault-pki", "b:tls-certificates-access"),
        ("a:vault-pki", "b:tls-certificates-acme"),
    ] {
        let line = format!("- [{left}, {right}]");
        assert!(imported.text.contains(&line), "{line}: {}", imported.text);
    }
    assert!(!said.contains("both require"), "{said}");
}
