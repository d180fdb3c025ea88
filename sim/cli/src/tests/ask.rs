//! `trustsim ask`.

use super::{folder, trustsim};
use crate::Exit;
use serde_json::Value;

const ASKED: &str = "src/tests/asked.yaml";

#[test]
fn edges_are_told_of_every_relation() {
    let (exit, out, _) = trustsim(&["ask", "edges", ASKED]);
    assert_eq!(exit, Exit::Held);
    insta::assert_snapshot!(out);
    let last = out.lines().rev().take(2).collect::<Vec<_>>();
    assert!(
        last[0].starts_with("not counted: ") && last[1].starts_with("9 relations: "),
        "{last:?}"
    );
    let (_, verbose, _) = trustsim(&["-v", "ask", "edges", ASKED]);
    assert!(verbose.contains("row 13: prometheus"), "{verbose}");
}

#[test]
fn edges_are_data_too() {
    let (_, json, _) = trustsim(&["ask", "edges", ASKED, "--format", "json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let relations = json["relations"].as_array().expect("a list");
    assert_eq!(relations.len(), 9);
    insta::assert_snapshot!(serde_json::to_string_pretty(&relations[3]).expect("JSON"));
    let (_root, path) = folder();
    let (exit, _, _) = trustsim(&["ask", "edges", ASKED, "-o", &path]);
    assert_eq!(exit, Exit::Held);
    let edges = std::fs::read_to_string(format!("{path}/edges.csv")).expect("a table");
    insta::assert_snapshot!(edges);
}

#[test]
fn check_counts_what_is_derived() {
    let (exit, _, err) = trustsim(&["check", ASKED]);
    assert_eq!(exit, Exit::Held);
    let line = err.lines().find(|line| line.contains(" derived"));
    insta::assert_snapshot!(line.expect("a line"));
    let (_, _, err) = trustsim(&["check", "src/tests/rotated.yaml"]);
    assert!(!err.contains(" derived"), "{err}");
}

const REQUESTS: &str = "src/tests/requests.yaml";

/// hashicorp/vault `builtin/logical/pki`: the role that vault-k8s makes signs what is below `pki_allowed_domains`.
#[test]
fn requests_are_told_with_what_became_of_them() {
    let (exit, out, _) = trustsim(&["ask", "requests", REQUESTS, "--until", "100d"]);
    assert_eq!(exit, Exit::Held);
    insta::assert_snapshot!(out);
    // Before anyone came to unseal the Vault.
    let (_, waiting, _) = trustsim(&["ask", "requests", REQUESTS, "--until", "30m"]);
    assert!(
        waiting.contains(
            "waits: `m.example.com` of m.traefik is not answered by m.vault: m.vault/0 is blocked: "
        ),
        "{waiting}"
    );
}

#[test]
fn another_ca_may_be_asked() {
    let asked = ["ask", "requests", REQUESTS, "--until", "1d"];
    let (_, out, err) = trustsim(&[&asked[..], &["--ca", "m.vault"]].concat());
    assert!(
        err.contains("as if m.vault were asked to sign every request"),
        "{err}"
    );
    assert!(out.contains("refused: m.vault refuses `loki`"), "{out}");
    let (exit, _, err) = trustsim(&[&asked[..], &["--ca", "m.loki"]].concat());
    assert_eq!(exit, Exit::Refused);
    assert!(
        err.contains("has no endpoint that provides tls-certificates"),
        "{err}"
    );
}

/// The CSRs are those of the requests, and each is named in its row.
#[test]
fn requests_are_files_too() {
    let (_root, path) = folder();
    let (exit, csv, err) = trustsim(&[
        "ask", "requests", REQUESTS, "--until", "1d", "--format", "csv", "-o", &path,
    ]);
    assert_eq!(exit, Exit::Held);
    assert!(
        err.contains("this is requests.csv; -o FOLDER writes silent_relations.csv, played.csv too"),
        "{err}"
    );
    let written = std::fs::read_to_string(format!("{path}/requests.csv")).expect("a table");
    assert_eq!(csv, written);
    let traefik = csv
        .lines()
        .find(|line| line.contains("m.traefik"))
        .expect("a row");
    let file = traefik.rsplit(',').next().expect("a file");
    let csr = std::fs::read_to_string(format!("{path}/{file}")).expect("a CSR");
    let csr = trustsim_pki::CertificateRequest::from_pem(&csr).expect("its signature is good");
    assert_eq!(csr.attributes().sans_dns, ["m.example.com"]);
    assert_eq!(csr.public_key().algorithm().name(), "ed25519");
    assert!(std::fs::exists(format!("{path}/ask-requests.json")).expect("a folder"));
}

const SIDES: &str = "src/tests/sides.yaml";

/// One client dials a name that the certificate lacks, another does not trust the CA.
#[test]
fn names_are_told_beside_those_of_certificates() {
    let (exit, out, _) = trustsim(&["ask", "names", SIDES]);
    assert_eq!(exit, Exit::Held);
    insta::assert_snapshot!(out);
    let (_, none, _) = trustsim(&["ask", "names", "src/tests/requests.yaml", "--at", "1h"]);
    assert!(
        none.contains("The scenario has no connection: `connections: derived`"),
        "{none}"
    );
}

#[test]
fn trust_is_told_with_its_route_and_what_is_missing() {
    let (exit, out, _) = trustsim(&["ask", "trust", SIDES]);
    assert_eq!(exit, Exit::Held);
    insta::assert_snapshot!(out);
    let (_, csv, err) = trustsim(&["ask", "trust", SIDES, "--format", "csv"]);
    assert!(csv.starts_with("holder,subject,serial,"), "{csv}");
    assert!(
        err.contains(
            "this is trust.csv; -o FOLDER writes trust_checks.csv, not_played.csv, played.csv too"
        ),
        "{err}"
    );
}

const ORDER: &str = "src/tests/order.yaml";

/// Grafana and Prometheus dial each other, and each trusts the CA with its own certificate: neither can be first.
#[test]
fn an_order_is_told_with_its_commands_and_what_came_of_it() {
    let (exit, out, _) = trustsim(&["ask", "order", ORDER]);
    assert_eq!(exit, Exit::Held);
    insta::assert_snapshot!(out);
    let (_, csv, err) = trustsim(&["ask", "order", ORDER, "--format", "csv"]);
    assert!(
        csv.starts_with("step,kind,gains,ca,command,is_new,after\n1,"),
        "{csv}"
    );
    assert!(err.contains("order_plays.csv, order_failures.csv"), "{err}");
}

/// Of three new relations to two CAs of another model the second finds the offer and the SAAS of the first, and the third
/// needs its own: what is played is what is printed.
#[test]
fn an_offer_is_made_once_for_all_that_need_it() {
    let (exit, out, _) = trustsim(&["ask", "order", "src/tests/offers.yaml"]);
    assert_eq!(exit, Exit::Held);
    for (command, count) in [
        ("juju offer pki.ca:send-ca-cert", 1),
        ("juju consume -m m admin/pki.ca", 1),
        ("juju offer pki.other-ca:send-ca-cert", 1),
        ("juju consume -m m admin/pki.other-ca", 1),
        (":receive-ca-cert ca:send-ca-cert", 2),
        (":receive-ca-cert other-ca:send-ca-cert", 1),
    ] {
        assert_eq!(out.matches(command).count(), count, "{command}\n{out}");
    }
    assert!(
        out.contains(
            "played in this order: no connection is dialled over TLS before it is trusted"
        ),
        "{out}"
    );
}

#[test]
fn there_may_be_nothing_to_order() {
    let (root, _) = folder();
    let path = root.path().join("alone.yaml");
    let text = "models: {m: {bundle: kubernetes, applications: {ca: {charm: self-signed-certificates}}}}\n";
    std::fs::write(&path, text).expect("written");
    let (exit, out, _) = trustsim(&["ask", "order", &path.to_string_lossy()]);
    assert_eq!(exit, Exit::Held);
    assert_eq!(
        out,
        "nothing to order: no relation is for certificates or CAs; give the deployment as it is to be, with those relations\n"
    );
    let json = ["ask", "order", &path.to_string_lossy(), "--format", "json"];
    let (exit, out, _) = trustsim(&json);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        (exit, &json["order"]),
        (Exit::Held, &Value::Array(Vec::new()))
    );
    let (exit, _, err) = trustsim(&["ask", "order", "../../scenarios/charmed-kubernetes.yaml"]);
    assert_eq!(exit, Exit::Refused);
    assert!(
        err.contains(
            "k8s.kubernetes-control-plane/0 never starts: `Waiting for certificate authority`"
        ),
        "{err}"
    );
}

#[test]
fn refreshes_are_ordered_too() {
    let (exit, out, _) = trustsim(&["ask", "order", "--refresh", "src/tests/refresh.yaml"]);
    assert_eq!(exit, Exit::Held);
    insta::assert_snapshot!(out);
    let (exit, out, _) = trustsim(&["ask", "order", "--refresh", ORDER]);
    assert_eq!(exit, Exit::Held);
    assert!(
        out.starts_with("nothing to order: no charm is known at a revision before"),
        "{out}"
    );
}

/// Keys that take less time are played where no CSR is written, and the same is told.
#[test]
fn what_is_told_of_requests_does_not_depend_on_the_keys_that_are_played() {
    let asked = ["ask", "requests", ORDER, "--until", "1d", "--format", "csv"];
    let (_, quick, _) = trustsim(&asked);
    let (_root, path) = folder();
    let (_, real, _) = trustsim(&[&asked[..], &["-o", &path]].concat());
    let without_issuers = |csv: &str| -> Vec<String> {
        let cells = csv
            .lines()
            .map(|line| line.split(',').take(11).collect::<Vec<_>>());
        cells.map(|cells| cells.join(",")).collect()
    };
    assert!(quick.contains(",rsa-2048,"), "{quick}");
    assert_eq!(without_issuers(&quick), without_issuers(&real));
}
