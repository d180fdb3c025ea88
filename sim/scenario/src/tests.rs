//! Whole scenarios, from text to deployment or to what is wrong with them.

mod charms;

use proptest::prelude::*;

use super::*;
use trustsim_charms::Role;
use trustsim_kernel::Span;
use trustsim_model::{Action, ApplicationIndex, ExpectationKind, ModelKind, Party, Placement};

fn load_files<const N: usize>(files: [(&str, &str); N]) -> Result<Loaded, Diagnostics> {
    load(Path::new("s.yaml"), &MemoryFiles::new(files))
}

fn loaded<const N: usize>(files: [(&str, &str); N]) -> Loaded {
    load_files(files).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
}

fn deployed(text: &str) -> Deployment {
    loaded([("s.yaml", text)]).deployment
}

fn refused(text: &str) -> String {
    match load_files([("s.yaml", text)]) {
        Ok(_) => panic!("nothing was found wrong"),
        Err(wrong) => wrong.render(false),
    }
}

fn warned(text: &str) -> Vec<String> {
    let warnings = loaded([("s.yaml", text)]).warnings;
    let said = |found: &Diagnostic| format!("{} {}", found.code, found.message);
    warnings.list.iter().map(said).collect()
}

pub(crate) fn shipped(name: &str) -> Loaded {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let path = Path::new(folder).join(name);
    load(&path, &DiskFiles).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
}

/// `left right interface` of every relation.
fn relations(deployment: &Deployment) -> Vec<String> {
    let sides = |relation: &trustsim_model::RelationSpec| {
        let [left, right] = relation
            .sides
            .each_ref()
            .map(|side| deployment.side_name(side));
        format!("{left} {right} {}", relation.interface)
    };
    deployment.relations.iter().map(sides).collect()
}

/// Machine ids of an application's units, `new` for one of its own.
fn machines(deployment: &Deployment, name: &str) -> Vec<String> {
    let spec = deployment
        .applications
        .iter()
        .find(|spec| spec.name == name)
        .expect(name);
    let placements = spec.placements.iter().map(|placement| match placement {
        Placement::New => "new".to_owned(),
        Placement::Machine(index) => deployment.machines[*index].id.clone(),
    });
    placements.collect()
}

#[test]
fn internal_is_one_model_with_one_peer_connection() {
    let loaded = shipped("internal.yaml");
    assert!(
        loaded.warnings.list.is_empty(),
        "{}",
        loaded.warnings.render(false)
    );
    let deployment = loaded.deployment;
    assert_eq!(deployment.name, "internal");
    assert_eq!(deployment.models.raw[0].kind, ModelKind::Kubernetes);
    assert_eq!(deployment.applications.len(), 2);
    assert_eq!(deployment.applications.raw[1].units, 3);
    assert_eq!(
        relations(&deployment),
        ["ca:certificates web:certificates tls-certificates"]
    );
    let connection = &deployment.connections.raw[0];
    assert_eq!(
        (connection.from, connection.to),
        (Party::Application(1.into()), 1.into())
    );
    let place = connection.source.to_string();
    assert!(place.ends_with("/scenarios/internal.yaml:30:5"), "{place}");
    assert_eq!(
        &*connection.source.text,
        "- {from: web, to: web, every: 5s}"
    );
    assert_eq!(deployment.expectations.len(), 1);
}

#[test]
fn the_reference_architecture_has_every_arrow() {
    let deployment = shipped("reference-architecture.yaml").deployment;
    assert_eq!((deployment.models.len(), deployment.saas.len()), (3, 3));
    insta::assert_snapshot!(relations(&deployment).join("\n"), @"
    central-certificates:certificates traefik:certificates tls-certificates
    ca:send-ca-cert traefik:receive-ca-cert certificate_transfer
    traefik:ingress app:ingress ingress
    ca:certificates app:certificates tls-certificates
    central-ca:send-ca-cert app:receive-ca-cert certificate_transfer
    ca:certificates app:certificates tls-certificates
    central-certificates:certificates app:public-certificates tls-certificates
    ");
    assert_eq!(deployment.connections.len(), 6);
}

#[test]
fn what_is_left_out_has_its_default() {
    let deployment = deployed(
        "models: {m: {bundle: kubernetes, applications: {ca: {charm: self-signed-certificates}}}}\n",
    );
    assert_eq!((deployment.name.as_str(), deployment.seed), ("s", 1));
    assert_eq!(deployment.start.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(deployment.duration, Span::from_secs(90 * 86_400));
    assert_eq!(deployment.controllers.len(), 1);
    let model = &deployment.models.raw[0];
    assert_eq!(
        (model.owner.as_str(), model.update_status_interval.as_secs()),
        ("admin", 300)
    );
    let ca = &deployment.applications.raw[0];
    assert_eq!(
        (ca.units, ca.charm.implementation.behaviour),
        (1, "self-signed-certificates")
    );
}

#[test]
fn every_mistake_is_told_at_once() {
    insta::assert_snapshot!(refused(
        "name: x
durration: 9y
models:
  cos:
    bundle: kubernetes
    applications:
      loki: {charm: loki-k8s, scale: many}
      ca: {charm: self-signed-certificates, options: {root-ca-valdity: 90d}}
    relations:
      - [loki:certificates, caa:certificates]
      - [loki:certificats, ca]
connections:
  - {from: lokki, to: loki, every: 5y}
"
    ));
}

#[test]
fn a_bundle_file_its_documents_and_overlays_are_merged() {
    let loaded = loaded([
        (
            "s.yaml",
            "models:
  m:
    from: bundles/base.yaml
    overlays: [overlay.yaml]
    owner: bob
    applications:
      wordpress: {options: {from-scenario: 'yes'}, keys: ed25519}
",
        ),
        (
            "bundles/base.yaml",
            "docs: nowhere
applications:
  wordpress:
    charm: ch:wordpress
    num_units: 1
    options: {text: include-file://text.txt, code: include-base64://text.txt, on: yes}
  gone: {charm: gone}
  mysql: {charm: mysql, num_units: 1}
relations: [[wordpress:db, mysql:server], [gone:x, mysql:y]]
--- # overlay
applications:
  gone:
  wordpress: {offers: {site: {endpoints: [website]}}}
",
        ),
        ("bundles/text.txt", "héllo\n"),
        ("overlay.yaml", "applications: {mysql: {num_units: 3}}\n"),
    ]);
    let deployment = loaded.deployment;
    assert_eq!(deployment.models.raw[0].owner, "bob");
    assert_eq!(deployment.applications.len(), 2);
    assert_eq!(relations(&deployment), ["mysql:server wordpress:db server"]);
    let wordpress = &deployment.applications.raw[0];
    let option = |name: &str| wordpress.options[name].as_str();
    assert_eq!(option("text"), "héllo\n");
    assert_eq!(option("code"), "aMOpbGxvCg==");
    assert_eq!(option("from-scenario"), "yes");
    assert_eq!(option("on"), "true");
    assert!(wordpress.keys.is_some());
    assert_eq!(deployment.applications.raw[1].units, 3);
    assert_eq!(deployment.offers.raw[0].endpoints, ["website"]);
}

#[test]
fn unknown_keys_of_a_bundle_file_are_warned_of() {
    let found = loaded([
        ("s.yaml", "models: {m: {from: b.yaml}}\n"),
        (
            "b.yaml",
            "controller: x\napplications: {ca: {charm: self-signed-certificates, num_unit: 1, num_units: 1, keys: rsa}}\n",
        ),
    ]);
    insta::assert_snapshot!(found.warnings.render(false));
}

/// canonical/bundle-kubeflow `releases/1.8/stable/kubeflow/bundle.yaml` has notes of its authors on each application, which
/// were 600 lines of warnings.
#[test]
fn a_key_that_is_unknown_in_many_places_is_warned_of_once() {
    let found = loaded([
        ("s.yaml", "models: {m: {from: b.yaml}}\n"),
        (
            "b.yaml",
            "_notes: x
applications:
  one: {charm: self-signed-certificates, num_units: 1, _github_repo_name: a, tracks: 1}
  two: {charm: self-signed-certificates, num_units: 1, _github_repo_name: b, tracks: 1}
  three: {charm: self-signed-certificates, num_units: 1, tracks: 1}
",
        ),
    ]);
    let messages: Vec<&str> = found
        .warnings
        .list
        .iter()
        .map(|found| found.message.as_str())
        .collect();
    assert_eq!(messages, ["unknown key `tracks` in 3 places"]);
    // In a scenario nothing is ignored.
    let own = "models: {m: {applications: {a: {charm: self-signed-certificates, num_units: 1, _note: x}}}}\n";
    assert!(refused(own).contains("unknown key `_note`"));
}

#[test]
fn placements_give_machines() {
    let deployment = deployed(
        "models:
  m:
    machines: {'0': {}, '3': null}
    applications:
      db: {charm: self-signed-certificates, num_units: 3, to: ['0', '3']}
      web: {charm: self-signed-certificates, num_units: 4, to: [db, 'lxd:0', 'lxd:0', lxd:db/1]}
      api: {charm: self-signed-certificates, num_units: 2, to: [free]}
      free: {charm: self-signed-certificates, num_units: 2}
      own: {charm: self-signed-certificates, num_units: 2, to: ['0', new]}
",
    );
    assert_eq!(machines(&deployment, "db"), ["0", "3", "3"]);
    assert_eq!(
        machines(&deployment, "web"),
        ["0", "0/lxd/0", "0/lxd/1", "3/lxd/0"]
    );
    assert_eq!(machines(&deployment, "api"), ["4", "5"]);
    assert_eq!(machines(&deployment, "free"), ["4", "5"]);
    assert_eq!(machines(&deployment, "own"), ["0"]);
}

#[test]
fn a_unit_that_is_placed_first_leaves_those_before_it_where_they_belong() {
    let deployment = deployed(
        "models:
  m:
    machines: {'0': {}, '1': {}, '2': {}}
    applications:
      web: {charm: self-signed-certificates, num_units: 1, to: [db/2]}
      db: {charm: self-signed-certificates, num_units: 3, to: ['0', '1', '2']}
",
    );
    assert_eq!(machines(&deployment, "web"), ["2"]);
    assert_eq!(machines(&deployment, "db"), ["0", "1", "2"]);
}

#[test]
fn beside_an_application_without_units_is_a_machine_of_ones_own() {
    let deployment = deployed(
        "models:
  m:
    applications:
      web: {charm: self-signed-certificates, num_units: 1, to: [db]}
      db: {charm: self-signed-certificates, num_units: 0}
",
    );
    assert_eq!(machines(&deployment, "web"), ["0"]);
    assert_eq!(machines(&deployment, "db"), [""; 0]);
}

#[test]
fn endpoints_are_inferred_as_juju_does() {
    let deployment = deployed(
        "models:
  m:
    applications:
      ca: {charm: self-signed-certificates, num_units: 1}
      lb: {charm: haproxy, num_units: 1}
      agent: {charm: grafana-agent}
    relations:
      - [ca, lb:certificates]
      - [lb:receive-ca-certs, ca]
      - [agent:juju-info, ca]
      - [agent:cos-agent, lb]
",
    );
    insta::assert_snapshot!(relations(&deployment).join("\n"), @"
    ca:certificates lb:certificates tls-certificates
    ca:send-ca-cert lb:receive-ca-certs certificate_transfer
    ca:juju-info agent:juju-info juju-info
    lb:cos-agent agent:cos-agent cos_agent
    ");
}

const FAULTS: &str = "duration: 30d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates}
      web: {charm: web, scale: 2}
    relations: [[web:certificates, ca:certificates]]
charms:
  web: {requires: {certificates: {interface: tls-certificates}, receive-ca-cert: {interface: certificate_transfer, limit: 1}}}
connections: [{from: web, to: web}]
";

#[test]
fn faults_become_actions_in_order_of_time() {
    let text = format!(
        "{FAULTS}faults:
  - {{at: 9d, clock-skew: {{unit: web/1, by: -5m, for: 1h}}, note: a bad clock}}
  - {{at: 3d, integrate: {{between: [web, ca:send-ca-cert]}}}}
  - {{at: 4d, remove-relation: {{model: m, between: [ca:send-ca-cert, web:receive-ca-cert]}}}}
  - {{at: 5d, integrate: {{between: [web:receive-ca-cert, ca]}}}}
  - {{at: 1d, rotate-ca: {{app: ca}}}}
  - {{at: 2d, set-config: {{app: m.ca, options: {{certificate-validity: 30d, ca-organization: null}}}}}}
  - {{at: 6d, restart: {{app: web}}}}
expect: [outage: {{at-most: 5m}}, no-failures: null]
"
    );
    let deployment = deployed(&text);
    let told: Vec<String> = deployment
        .actions
        .iter()
        .map(|timed| {
            format!(
                "{} {}",
                timed.at.as_secs() / 3_600,
                timed.action.to_command(&deployment)
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    24 juju run -m m ca/leader rotate-private-key
    48 juju config -m m ca --reset ca-organization certificate-validity=30d
    72 juju integrate -m m ca:send-ca-cert web:receive-ca-cert
    96 juju remove-relation -m m ca:send-ca-cert web:receive-ca-cert
    120 juju integrate -m m ca:send-ca-cert web:receive-ca-cert
    144 restart of m.web, with `pebble restart SERVICE` in its container
    216 clock of m.web/1 goes 5m behind
    217 clock of m.web/1 is right again
    ");
    let Action::SkewClock { skew_ns, .. } = deployment.actions.raw[6].action else {
        panic!("no skew");
    };
    assert_eq!(skew_ns, -300_000_000_000);
    assert!(matches!(
        deployment.expectations[1].kind,
        ExpectationKind::NoFailures(_)
    ));
}

#[test]
fn a_fault_after_the_end_is_warned_of() {
    let said = warned(&format!(
        "{FAULTS}faults: [{{at: 31d, rotate-ca: {{app: ca}}}}]\n"
    ));
    assert_eq!(said, ["TS0220 this happens after the end of the run"]);
}

#[test]
fn a_client_without_the_ca_is_warned_of_with_the_missing_relation() {
    let text = "models:
  pki:
    bundle: kubernetes
    applications: {ca: {charm: self-signed-certificates}, api: {charm: api}}
    relations: [[api, ca]]
  shop:
    bundle: kubernetes
    applications: {web: {charm: web}, deaf: {charm: deaf}}
charms:
  api: {requires: {certificates: {interface: tls-certificates}}}
  web: {requires: {receive-ca-cert: {interface: certificate_transfer}}}
  deaf: {provides: {x: {interface: y}}}
clients: {stranger: {}}
connections:
  - {from: shop.web, to: pki.api}
  - {from: shop.deaf, to: pki.api}
  - {from: stranger, to: pki.api}
  - {from: stranger, to: shop.deaf}
";
    insta::assert_snapshot!(loaded([("s.yaml", text)]).warnings.render(false));
}

#[test]
fn a_root_that_lives_too_short_is_warned_of() {
    let text = "models:
  m:
    bundle: kubernetes
    applications:
      one: {charm: self-signed-certificates, options: {certificate-validity: 200d}}
      two: {charm: self-signed-certificates}
faults:
  - {at: 5d, set-config: {app: two, options: {root-ca-validity: 100d}}}
";
    insta::assert_snapshot!(loaded([("s.yaml", text)]).warnings.render(false));
}

/// canonical/vault-k8s-operator 619be7dc5, `k8s/src/charm.py`, `_configure`.
#[test]
fn a_vault_that_never_starts_is_warned_of() {
    let text = |bundle: &str, charm: &str| {
        format!(
            "about: x
models:
  m:
    bundle: {bundle}
    applications:
      root: {{charm: self-signed-certificates}}
      vault: {{charm: {charm}}}
    relations:
      - [vault:tls-certificates-access, root:certificates]
operators:
  person: {{answers: [m.vault], delay: {{exactly: 1h}}}}
"
        )
    };
    let said = warned(&text("kubernetes", "vault-k8s"));
    assert_eq!(said, ["TS0307 `m.vault` never starts its server"]);
    let machine = text("machine", "vault").replace("    bundle: machine\n", "");
    let machine = machine.replace("root: {", "root: {num_units: 1, ");
    let machine = machine.replace("vault: {", "vault: {num_units: 1, ");
    assert_eq!(warned(&machine), Vec::<String>::new());
}

#[test]
fn roots_of_a_client_are_read_from_their_file() {
    let pem = include_str!("../../pki/src/fixtures/charmlibs.pem");
    let text = format!(
        "{FAULTS}clients: {{b: {{roots: [roots.pem], trusts: [ca], refresh: 1d, validator: rustls}}}}\n"
    );
    let deployment = loaded([("s.yaml", &text), ("roots.pem", pem)]).deployment;
    let client = &deployment.clients.raw[0];
    assert_eq!(client.roots_pem, [pem]);
    assert_eq!(client.trusts, [ApplicationIndex::new(0)]);
    assert_eq!(client.validator, trustsim_validators::Validator::Rustls);
    assert_eq!(client.refresh, Some(Span::from_secs(86_400)));
    let damaged = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
    let at_once = text.replace("1d", "0s");
    assert!(load_files([("s.yaml", &at_once), ("roots.pem", pem)]).is_err());
    for wrong in [damaged, "no certificate"] {
        assert!(load_files([("s.yaml", &text), ("roots.pem", wrong)]).is_err());
    }
}

#[test]
fn a_relation_across_controllers_is_resolved_to_the_offer() {
    let loaded = shipped("cross-controller.yaml");
    let deployment = loaded.deployment;
    assert_eq!(deployment.controllers.len(), 2);
    assert_eq!(deployment.models.raw[1].controller, 1.into());
    let saas = &deployment.saas.raw[0];
    assert_eq!(deployment.offers[saas.offer].application, 0.into());
}

/// What `juju export-bundle` writes of a model whose offer is consumed elsewhere (juju/juju 3.6,
/// `apiserver/facades/client/bundle/bundle.go`: every remote application, the consumers' proxies too).
#[test]
fn a_consumer_of_an_offer_is_left_out_of_an_exported_bundle() {
    let bundle = "
saas: {remote-5a6b7c: {}}
applications:
  alerts: {charm: alertmanager-k8s, scale: 1}
  ca: {charm: self-signed-certificates, scale: 1}
relations:
- [alerts:certificates, ca:certificates]
- [alerts:karma-dashboard, remote-5a6b7c:dashboard]
--- # overlay.yaml
applications:
  alerts: {offers: {karma: {endpoints: [karma-dashboard]}}}
";
    let scenario = "models: {cos: {from: bundle.yaml}}\nduration: 1d\n";
    let loaded = loaded([("s.yaml", scenario), ("bundle.yaml", bundle)]);
    assert_eq!(loaded.deployment.relations.len(), 1);
    let said = loaded
        .warnings
        .list
        .iter()
        .map(|each| each.code.to_string());
    assert_eq!(said.collect::<Vec<_>>(), ["TS0225"]);
    let url = bundle.replace("remote-5a6b7c", "karma");
    let wrong = load_files([("s.yaml", scenario), ("bundle.yaml", &url)]);
    let wrong = wrong.expect_err("a consumed offer has a URL");
    assert!(wrong.render(false).contains("`karma` has no `url`"));
}

#[test]
fn ten_thousand_units_are_read_in_no_time() {
    use std::fmt::Write;
    let mut text = "models:\n".to_owned();
    let mut connections = "connections:\n".to_owned();
    for model in 0..100 {
        writeln!(text, "  m{model}:\n    bundle: kubernetes\n    applications:\n      ca: {{charm: self-signed-certificates}}").expect("text");
        for app in 0..10 {
            writeln!(text, "      app{app}: {{charm: web, scale: 10}}").expect("text");
            for _ in 0..10 {
                writeln!(
                    connections,
                    "  - {{from: m{model}.app{app}, to: m{model}.app{app}, every: 10s}}"
                )
                .expect("text");
            }
        }
        text.push_str("    relations:\n");
        for app in 0..10 {
            writeln!(text, "      - [app{app}:certificates, ca:certificates]").expect("text");
        }
    }
    text.push_str("charms: {web: {requires: {certificates: {interface: tls-certificates}}}}\n");
    text.push_str(&connections);
    let deployment = deployed(&text);
    assert_eq!(deployment.connections.len(), 10_000);
    assert_eq!(deployment.relations.len(), 1_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_panic_the_loader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut files = MemoryFiles::default();
        files.0.insert("s.yaml".into(), bytes);
        if let Err(wrong) = load(Path::new("s.yaml"), &files) {
            prop_assert!(!wrong.render(true).is_empty());
        }
    }

    /// A scenario with a piece cut out or doubled is read or refused, never worse.
    #[test]
    fn no_damage_panics_the_loader(from in 0usize..1400, length in 0usize..40, twice in any::<bool>()) {
        let text = include_str!("../../../scenarios/missing-transfer.yaml");
        let characters: Vec<char> = text.chars().collect();
        let from = from.min(characters.len());
        let to = (from + length).min(characters.len());
        let middle = if twice { &characters[from..to] } else { &[] };
        let damaged: String = [&characters[..to.min(if twice { to } else { from })], middle, &characters[to..]]
            .concat()
            .into_iter()
            .collect();
        if let Err(wrong) = load_files([("s.yaml", &damaged)]) {
            prop_assert!(!wrong.render(false).is_empty());
        }
    }
}

#[test]
fn operators_are_read_with_their_delays() {
    use trustsim_kernel::{Delay, Span};
    use trustsim_model::When;
    let text = "models:
  m:
    bundle: kubernetes
    applications: {a: {charm: self-signed-certificates}, b: {charm: self-signed-certificates, scale: 2}, c: {charm: self-signed-certificates}}
operators:
  first: {answers: [a], delay: {median: 4h, sigma: 1.25}}
  second: {answers: [m.b], delay: {from: 1h, to: 3d}, unit: 1}
  third: {answers: [c], at: [2d, 1d]}
";
    let deployment = deployed(text);
    let hours = |hours: u64| Span::from_secs(hours * 3_600);
    let normal = Delay::LogNormal {
        median: hours(4),
        sigma_permille: 1_250,
    };
    let whens: Vec<&When> = deployment.operators.iter().map(|spec| &spec.when).collect();
    let between = Delay::Between(hours(1), hours(72));
    let rounds = When::At(vec![hours(24), hours(48)]);
    assert_eq!(
        whens,
        [&When::After(normal), &When::After(between), &rounds]
    );
    assert_eq!(deployment.operators.raw[1].unit, Some(1));
    let said = warned(text);
    let wanted = "TS0223 the charm `self-signed-certificates` never waits for an operator";
    assert_eq!(said, [wanted; 3]);
}

#[test]
fn what_a_provider_cannot_issue_is_warned_of() {
    let said = warned(
        "models:
  m:
    bundle: kubernetes
    applications:
      tls: {charm: lego, options: {email: a@b.dev, plugin: route53}}
      filter: {charm: tls-constraints}
      web: {charm: web}
      shop: {charm: web, options: {name: shop.example.com}}
      right: {charm: web, options: {name: shop.rehearsal.dev}}
      vault: {charm: vault-k8s}
      traefik: {charm: traefik-k8s, options: {external_hostname: a.rehearsal.dev}}
    relations:
      - [web:certificates, tls:certificates]
      - [shop:certificates, tls:certificates]
      - [right:certificates, tls:certificates]
      - [vault:tls-certificates-pki, tls:certificates]
      - [traefik:certificates, filter:certificates-downstream]
      - [filter:certificates-upstream, tls:certificates]
charms:
  web:
    options: {name: {type: string}}
    requires: {certificates: {interface: tls-certificates, name-option: name}}
",
    );
    let said: Vec<&str> = said
        .iter()
        .filter_map(|line| line.strip_prefix("TS0306 "))
        .collect();
    let forbidden = "The ACME server refuses to issue a certificate for this domain name, because it is forbidden by policy";
    assert_eq!(
        said,
        [
            "`m.web` requests its Juju unit name, and no public CA behind `m.tls` can issue it: it is known inside its model only".to_owned(),
            format!("`m.shop` requests `shop.example.com`, and no public CA behind `m.tls` can issue it: {forbidden}"),
            "`m.vault` requests a CA certificate, but `m.tls` issues only leaf certificates".to_owned(),
            "`m.traefik` requests one certificate for the whole application in the application databag, which `m.filter` does not read".to_owned(),
        ]
    );
}

#[test]
fn a_charm_that_waits_for_people_needs_somebody_who_signs() {
    let text = "models: {m: {bundle: kubernetes, applications: {tls: {charm: manual-tls-certificates}}}}\n";
    assert_eq!(
        warned(text),
        ["TS0224 no operator does what `m.tls` waits for"]
    );
    let unsigned =
        format!("{text}operators: {{team: {{answers: [tls], delay: {{exactly: 1h}}}}}}\n");
    let wrong = refused(&unsigned);
    assert!(wrong.contains("needs an operator who can sign"), "{wrong}");
}
