//! Every kind of certificate that is issued in a deployment, as it comes out of a run, beside
//! what its real counterpart is: extensions in their order with their contents, subject with its
//! string types, how far the start is set back, how long it lasts, its serial number and signature.
//! The rows name the source. `openssl` reads each; `tests/conformance/run` has Python's
//! `cryptography` and pkilint read them too.

mod describe;
mod table;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::common::{deployed, play};
use describe::{Known, describe};
use table::{ROWS, Row};
use trustsim::kernel::{Streams, Time};
use trustsim::pki::issuers::controller;
use trustsim::pki::{Certificate, CertificateRequest, KeyAlgorithm, KeyPair, SerialNumber, Terms};
use trustsim::world::{CertificateKind, Entry, Kind, Options};

/// What one certificate of a run is told from the others by: who issued it, and to whom.
struct Issued {
    by: String,
    to: String,
    certificate: Certificate,
    /// When it was signed.
    at: Time,
}

fn issued(entry: &Entry) -> Option<Issued> {
    let Kind::CertificateIssued(record) = &entry.kind else {
        return None;
    };
    let by = entry.subject.application.as_deref().unwrap_or("people");
    let to = match record.kind {
        CertificateKind::Leaf => format!("{} leaf", record.application),
        // One application may have several authorities.
        _ => record.certificate.subject_common_name()?.to_owned(),
    };
    Some(Issued {
        by: by.to_owned(),
        to,
        certificate: record.certificate.clone(),
        at: entry.time,
    })
}

/// A deployment on Kubernetes with every provider that runs there, and one on machines.
fn played() -> Vec<Issued> {
    let mut all = Vec::new();
    for text in [
        include_str!("templates/kubernetes.yaml"),
        include_str!("templates/machines.yaml"),
    ] {
        let record = play(&deployed(text), Options::default());
        all.extend(record.journal.entries().iter().filter_map(issued));
    }
    all
}

/// What `juju bootstrap` makes; a run keeps it to itself.
fn controllers() -> Vec<Issued> {
    let mut stream = Streams::new(1).stream("test", "controller");
    let now = Time::parse("2026-01-10T00:00:00Z").expect("an instant");
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let mut terms = || Terms {
        serial: SerialNumber::random_160(&mut stream),
        now,
        validity: controller::default_validity(now),
    };
    let (ca_terms, leaf_terms) = (terms(), terms());
    let attributes = controller::ca_attributes();
    let ca = controller::generate_ca(&attributes, &key, &ca_terms, &mut stream).expect("a CA");
    let mut asked = controller::leaf_attributes("controller");
    asked.sans_dns = controller::CONTROLLER_DNS_NAMES.map(str::to_owned).to_vec();
    let request = CertificateRequest::new(&asked, &key).expect("a request");
    let leaf = controller::generate_leaf(&request, &ca, &key, &leaf_terms, &mut stream);
    let of = |to: &str, certificate| Issued {
        by: "controller".to_owned(),
        to: to.to_owned(),
        certificate,
        at: now,
    };
    vec![of("ca", ca), of("leaf", leaf.expect("a leaf"))]
}

/// The first certificate of each row, and all that were issued.
fn collected() -> &'static (Vec<(&'static Row, Issued)>, Known) {
    static COLLECTED: OnceLock<(Vec<(&Row, Issued)>, Known)> = OnceLock::new();
    COLLECTED.get_or_init(collect)
}

fn collect() -> (Vec<(&'static Row, Issued)>, Known) {
    let mut all = played();
    all.extend(controllers());
    let known = all.iter().map(|found| {
        let id = found.certificate.subject_key_id().unwrap_or_default();
        (
            format!("{:?} {id:02x?}", found.certificate.subject_der()),
            found.certificate.clone(),
        )
    });
    let known: Known = known.collect();
    let mut kinds: BTreeMap<(String, String), Issued> = BTreeMap::new();
    for found in all {
        kinds
            .entry((found.by.clone(), found.to.clone()))
            .or_insert(found);
    }
    let rows = ROWS.iter().map(|row| {
        let kind = (row.by.to_owned(), row.to.to_owned());
        let found = kinds.remove(&kind);
        (
            row,
            found.unwrap_or_else(|| panic!("{kind:?} was not issued; there is {:?}", kinds.keys())),
        )
    });
    let rows = rows.collect();
    let rowless = kinds.iter().map(|((by, to), found)| {
        let said = describe(&found.certificate, found.at, &known);
        format!("{by} -> {to}:\n{}", said.join("\n"))
    });
    let rowless: Vec<String> = rowless.collect();
    assert!(
        rowless.is_empty(),
        "no row for these:\n{}",
        rowless.join("\n\n")
    );
    (rows, known)
}

/// A change of what an issuer writes changes its row, and has to name its source.
#[test]
fn every_certificate_is_as_its_real_counterpart() {
    let (rows, known) = collected();
    let mut wrong = Vec::new();
    for (row, found) in rows {
        let said = describe(&found.certificate, found.at, known);
        let expected: Vec<&str> = row.expected.trim().lines().map(str::trim).collect();
        if said != expected {
            wrong.push(format!(
                "{} -> {} ({}):\n{}",
                row.by,
                row.to,
                row.source,
                said.join("\n")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn openssl_loads_every_one() {
    if !trustsim_oracles::has_program("openssl", "OpenSSL") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (row, found) in &collected().0 {
        let path = folder.path().join("certificate.pem");
        std::fs::write(&path, found.certificate.pem()).expect("written");
        let arguments = ["x509", "-text", "-noout", "-in"];
        let mut openssl = Command::new("openssl");
        let output = openssl.args(arguments).arg(&path).output();
        let output = output.expect("openssl runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && complaint.is_empty(),
            "{}: {complaint}",
            row.to
        );
        // What it cannot parse it prints in hexadecimal.
        assert!(
            !said.contains("<Unsupported>") && !said.contains("Unable to load"),
            "{said}"
        );
    }
}

/// Writes each certificate and its issuer for `tests/conformance/check_templates.py`.
#[test]
#[ignore = "writes files for tests/conformance/run"]
fn export() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/conformance/templates");
    std::fs::create_dir_all(&folder).expect("a folder");
    let (rows, known) = collected();
    for (row, found) in rows {
        let name = format!("{}-{}", row.by, row.to).replace([' ', '/'], "-");
        std::fs::write(folder.join(format!("{name}.pem")), found.certificate.pem())
            .expect("written");
        let issuer = describe::issuer_of(&found.certificate, known);
        let text = issuer.unwrap_or(&found.certificate).pem().to_owned();
        std::fs::write(folder.join(format!("{name}.issuer")), text).expect("written");
    }
}
