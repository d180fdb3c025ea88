//! Every kind of fault that a scenario can name is played here in a whole run: what a client meets,
//! and what the diagnosis says first. A kind without a line in the table fails.

mod table;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::{deployed, notes};
use table::TABLE;
use trustsim::diagnosis::{Findings, diagnose};
use trustsim::faults::reference;
use trustsim::report::words;
use trustsim::scenario::schema;
use trustsim::validators::ErrorKind;
use trustsim::world::{Entry, Kind, Options, Record, Simulation};

/// Where a fault strikes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scene {
    /// self-signed-certificates and a web application of two units.
    Shop,
    /// The same with certificates of ten days.
    Renewing,
    /// A declared chain of two CAs and a web application.
    Chain,
    /// A CA at one controller, offered to a model at another.
    Apart,
    /// A CA offered to another model of one controller.
    Offered,
    /// A Vault that people unseal and authorise within minutes.
    Vault,
    /// lego, which orders from the public server.
    Public,
    /// notary-k8s, where people answer requests.
    Notary,
    /// A CA whose key is at hand, for a rotation in steps.
    Steps,
    /// self-signed-certificates and a web application on machines.
    Machines,
}

/// One kind of fault.
struct Played {
    kind: &'static str,
    scene: Scene,
    /// Lines of `faults:`.
    faults: &'static str,
    /// Errors of the first outage; empty where nothing fails.
    errors: &'static str,
    /// What the diagnosis of it says first, or a note of the journal where nothing fails.
    says: &'static str,
}

const WEB: &str = "charms: {web: {config: {options: {level: {type: string, default: info}, name: {type: string}}}, requires: {certificates: {interface: tls-certificates, name-option: name}, receive-ca-cert: {interface: certificate_transfer}}}}\n";

impl Scene {
    fn text(self, faults: &str) -> String {
        let body = match self {
            Self::Shop => shop("40d", "{charm: self-signed-certificates}"),
            Self::Renewing => shop(
                "40d",
                "{charm: self-signed-certificates, options: {certificate-validity: 10d, root-ca-validity: 100d}}",
            ),
            Self::Chain => {
                let chain = "charms: {chain-ca: {issuer: {chain: [{common-name: root, validity: 400d}, {common-name: middle, validity: 300d}], leaf-validity: 60d}, provides: {certificates: {interface: tls-certificates}}}, ";
                shop("40d", "{charm: chain-ca}")
                    .replace("charms: {", chain)
                    .replace("trusts: [shop.ca]", "trusts: [shop.ca], validator: rustls")
                    .replace("every: 10s", "every: 10s, revocation: true")
            }
            Self::Apart => offered("controllers: {north: {}, south: {}}\n", "north", "south", "north:admin"),
            Self::Offered => offered("", "", "", "admin"),
            Self::Vault => format!(
                "{}operators: {{team: {{answers: [shop.ca], delay: {{exactly: 5m}}}}}}\n",
                shop(
                    "20d",
                    "{charm: vault-k8s, options: {pki_ca_common_name: Root, pki_allow_any_name: true, pki_allow_ip_sans: true}}"
                )
                .replace("certificates, ca:certificates", "certificates, ca:vault-pki")
            ),
            Self::Machines => shop("40d", "{charm: self-signed-certificates, num_units: 1}")
                .replace("    bundle: kubernetes\n", "")
                .replace("scale: 2", "num_units: 2"),
            Self::Public => format!(
                "duration: 90d\nmodels: {{shop: {{bundle: kubernetes, applications: {{ca: {{charm: lego, options: {{email: a@example.com, plugin: route53, plugin-config-secret-id: s}}}}, web: {{charm: web, options: {{name: a.rehearsal.dev}}}}}}, relations: [[web:certificates, ca:certificates]]}}}}\n{WEB}clients: {{browser: {{trusts: [system]}}}}\nconnections: [{{from: browser, to: web, name: a.rehearsal.dev}}]\n"
            ),
            Self::Notary => format!(
                "{}operators: {{team: {{answers: [shop.ca], delay: {{exactly: 5m}}, signs-with: {{chain: [{{common-name: Corporate Root, validity: 3650d}}], leaf-validity: 90d}}}}}}\n",
                shop("40d", "{charm: notary-k8s}")
            ),
            Self::Steps => shop("40d", "{charm: root-ca}").replace(
                "charms: {",
                "charms: {root-ca: {issuer: {chain: [{common-name: Root, validity: 400d}], leaf-validity: 30d}, provides: {certificates: {interface: tls-certificates}, send-ca-cert: {interface: certificate_transfer}}}, ",
            ),
        };
        format!("{body}faults:\n{faults}\n")
    }
}

fn shop(duration: &str, ca: &str) -> String {
    format!(
        "duration: {duration}
timings: {{settle-max: 2h}}
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {ca}
      web: {{charm: web, scale: 2}}
    relations:
      - [web:certificates, ca:certificates]
{WEB}clients: {{browser: {{trusts: [shop.ca]}}}}
connections:
  - {{from: browser, to: shop.web, every: 10s}}
"
    )
}

fn offered(controllers: &str, north: &str, south: &str, owner: &str) -> String {
    let at = |name: &str| match name {
        "" => String::new(),
        name => format!("    controller: {name}\n"),
    };
    format!(
        "duration: 40d
{controllers}models:
  pki:
{}    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, options: {{certificate-validity: 10d, root-ca-validity: 100d}}, offers: {{certificates: {{endpoints: [certificates]}}}}}}
  shop:
{}    bundle: kubernetes
    saas: {{certificates: {{url: '{owner}/pki.certificates'}}}}
    applications:
      web: {{charm: web, scale: 2}}
    relations:
      - [web:certificates, certificates]
{WEB}clients: {{browser: {{trusts: [pki.ca]}}}}
connections:
  - {{from: browser, to: shop.web, every: 10s}}
",
        at(north),
        at(south)
    )
}

const fn played(
    kind: &'static str,
    scene: Scene,
    faults: &'static str,
    errors: &'static str,
    says: &'static str,
) -> Played {
    Played {
        kind,
        scene,
        faults,
        errors,
        says,
    }
}

fn kinds() -> BTreeSet<String> {
    let schema: serde_json::Value = serde_json::from_str(&schema()).expect("json");
    let one_of = &schema["definitions"]["FaultFile"]["oneOf"];
    let kinds = one_of.as_array().expect("a fault has one kind").iter();
    kinds
        .map(|kind| kind["required"][0].as_str().expect("a key").to_owned())
        .collect()
}

/// A new kind of fault is played here.
#[test]
fn every_kind_of_fault_is_played() {
    let table: BTreeSet<String> = TABLE.iter().map(|each| each.kind.to_owned()).collect();
    assert_eq!(table, kinds());
}

fn page() -> String {
    let path = format!("{}/docs/reference/faults.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("the reference of faults")
}

/// The table of the reference is what the kinds of faults say of themselves.
#[test]
fn the_reference_of_faults_is_current() {
    assert!(
        page().contains(&reference()),
        "docs/reference/faults.md has not the table that the kinds of faults give"
    );
}

/// A row that refers to another page: that page describes the kind.
#[test]
fn every_kind_of_fault_is_described() {
    let table = reference();
    let mut missing = Vec::new();
    for page in ["tls-faults.md", "rotation.md"] {
        let path = format!("{}/docs/reference/{page}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("a page of the reference");
        let rows = table
            .lines()
            .filter(|row| row.contains(&format!("({page})")));
        for row in rows {
            let kind = row.split('`').nth(1).expect("a row begins with its key");
            let forms = [
                format!("`{kind}`"),
                format!("`{kind}:"),
                format!(" {kind}: {{"),
                format!(" {kind}:\n"),
            ];
            if forms.iter().all(|form| !text.contains(form)) {
                missing.push(format!("{kind} in {page}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// `cargo test --test suite fault_kinds:: -- --ignored` brings the table up to date.
#[test]
#[ignore = "writes docs/reference/faults.md"]
fn write_the_reference() {
    let page = page();
    let (before, rest) = page.split_once("| key |").expect("the table begins");
    let (_, after) = rest.split_once("\n\n").expect("the table ends");
    let table = reference();
    let path = format!("{}/docs/reference/faults.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::write(path, format!("{before}{table}\n{after}")).expect("written");
}

fn run(each: &Played) -> (Record, Findings) {
    let deployment = Arc::new(deployed(&each.scene.text(each.faults)));
    let record = Simulation::new(Arc::clone(&deployment), Options::default()).finish();
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    (record, findings)
}

/// What a run came to: errors of the first outage after the deployment settled, and the line.
fn outcome(record: &Record, findings: &Findings) -> (String, String) {
    let Some(outage) = findings.outages.first() else {
        return (String::new(), String::new());
    };
    let errors: Vec<&str> = outage.errors().map(ErrorKind::kebab).collect();
    assert!(outage.from >= record.manifest.start);
    (
        errors.join(" "),
        words::explanation::line(&findings.explanations[0]),
    )
}

fn journal_says(record: &Record, wanted: &str) -> bool {
    let says = |entry: &Entry| match &entry.kind {
        Kind::Note(note) => {
            let what = trustsim::report::words::entry::kind(&entry.kind);
            let detail = trustsim::report::words::note::detail(note, &record.manifest);
            format!("{what} {detail}").contains(wanted)
        }
        Kind::HookStarted { hook } => format!("hook {hook}").contains(wanted),
        Kind::TrustChanged { .. } => wanted == "trust-changed",
        _ => crate::common::command(record, entry).is_some_and(|command| command.contains(wanted)),
    };
    record.journal.entries().iter().any(says)
}

#[test]
fn every_kind_of_fault_does_what_its_line_says() {
    let mut wrong = Vec::new();
    for each in TABLE {
        let (record, findings) = run(each);
        for (_, refused) in notes(&record, "action-refused") {
            wrong.push(format!("{}: refused: {:?}", each.kind, refused.kind));
        }
        if each.kind == "random" {
            // What comes of it is the seed's; tests/suite/random_faults.rs plays many.
            assert!(record.manifest.drawn.len() >= 20);
            continue;
        }
        let (errors, line) = outcome(&record, &findings);
        let said = match each.errors.is_empty() {
            true => journal_says(&record, each.says),
            false => line.contains(each.says),
        };
        if errors != each.errors || !said || each.says.is_empty() {
            wrong.push(format!("{}: `{errors}`: {line}", each.kind));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
