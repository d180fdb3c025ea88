//! What is answered of every real deployment of the corpus without a key typed: no connection fails but those of which the
//! real charms tell that they do.

use trustsim::diagnosis::{diagnose, outage_groups};
use trustsim::report::words;
use trustsim::world::Options;

use super::corpus::cases;
use crate::common::play;

/// canonical/self-signed-certificates-operator replaces its CA before it ends, after nine months here, and gives it to who is
/// related to it: no relation reaches a client outside, which is assumed to have been given the first one by hand.
const TOLD_OF_NO_OTHER: &str = "client outside still has the one that it was given before";

/// The inputs in which a connection fails, with what shows that it really does.
const FAILING: &[(&str, &[&str])] = &[
    (
        // canonical/traefik-k8s-operator 8ab4a7e, `_on_recv_ca_cert_available`: one file for each relation.
        "alertmanager-k8s-operator__tests_manual_bundle_1_e2e_tls.yaml",
        // canonical/prometheus-k8s-operator 432c227, `_update_cert`: what a CA came beside renews no process of Go.
        &[
            "charm traefik-k8s writes every CA of a relation to one file",
            "charm prometheus-k8s does not restart its process for a CA",
            TOLD_OF_NO_OTHER,
        ],
    ),
    (
        "grafana-k8s-operator__tests_manual_bundle_2_tls_termination.yaml",
        &[TOLD_OF_NO_OTHER],
    ),
    (
        "prometheus-k8s-operator__tests_manual_bundle_2_e2e_tls.yaml",
        &[TOLD_OF_NO_OTHER],
    ),
    (
        "traefik-k8s-operator__tests_manual_bundle_4_tls_termination.yaml",
        &[TOLD_OF_NO_OTHER],
    ),
    (
        "grafana-k8s-operator__tests_manual_bundle_3_end_to_end_tls.yaml",
        &[
            "charm prometheus-k8s does not restart its process for a CA",
            TOLD_OF_NO_OTHER,
        ],
    ),
    (
        // canonical/loki-k8s-operator 8bcecbf and canonical/catalogue-k8s-operator 430b1b3, `_configure`: another
        // configuration restarts them, and a certificate is none.
        "cos-lite-bundle__overlays_tls-overlay.yaml",
        &[
            "charm prometheus-k8s does not restart its process for a CA",
            "charm loki-k8s does not restart its process for a CA",
            "the charm catalogue-k8s writes it to disk and neither restarts nor reloads its process",
            TOLD_OF_NO_OTHER,
        ],
    ),
    (
        // No relation gives traefik the CA, and it verifies (`insecureSkipVerify: false`, `src/traefik.py` 461).
        "traefik-k8s-operator__tests_manual_bundle_3_reverse_termination.yaml",
        &["no relation carries the CA of 3-reverse-termination.ca to 3-reverse-termination.trfk"],
    ),
    (
        "traefik-k8s-operator__tests_manual_bundle_5_tls_end_to_end.yaml",
        &[
            "no relation carries the CA of bundle-5-tls-end-to-end.ca to bundle-5-tls-end-to-end.trfk",
            TOLD_OF_NO_OTHER,
        ],
    ),
    (
        // charm-vault's `reissue-certificates` is run by people; certificates live for 8759h.
        "fcb-yoga-focal-bundle.yaml",
        &["never asked for a new certificate: in the legacy protocol a certificate is issued once"],
    ),
    (
        "fcb-yoga-jammy-bundle.yaml",
        &["never asked for a new certificate: in the legacy protocol a certificate is issued once"],
    ),
    (
        // The overlay brings a second provider of certificates, and the charms take one: canonical/operator
        // `ops/model.py`, `get_relation`, raises.
        "charmed-kubernetes__bundle__overlays_vault-pki-ha-overlay.yaml",
        &[
            "TooManyRelatedAppsError: Too many remote applications on certificates (2 > 1)",
            "goes on without the certificate that was issued for it",
            // `status.on_error` of charm-kubernetes-worker b702c96 tells the same of the worker, whose kubelet then has none.
            "kubernetes-worker/0 is waiting: Waiting for certificate authority",
        ],
    ),
    (
        // The client certificate of all (`publish_global_client_cert`) is issued before the others.
        "charmed-kubernetes__bundle__overlays_vault-pki-overlay.yaml",
        &[
            "never issued a new client certificate for those who share it: in the legacy protocol it is issued once",
            "never asked for a new certificate: in the legacy protocol a certificate is issued once",
        ],
    ),
];

#[test]
fn no_connection_of_a_real_deployment_fails_without_a_reason_that_was_read() {
    let Some(cases) = cases() else {
        return;
    };
    let (mut answered, mut seen, mut wrong) = (0, Vec::new(), Vec::new());
    for case in cases {
        let Ok(imported) = case.made else {
            continue;
        };
        let deployment = imported.loaded.deployment;
        answered += usize::from(!deployment.connections.is_empty());
        let record = play(&deployment, Options::default());
        let findings = diagnose(&deployment, &record.manifest, &record.journal);
        let expected = FAILING.iter().find(|(name, _)| case.name.ends_with(name));
        for group in outage_groups(&record.manifest, &findings) {
            let line = words::explanation::line(&findings.explanations[group.outages[0]]);
            match expected {
                Some((name, whys)) if whys.iter().any(|why| line.contains(why)) => seen.push(*name),
                _ => wrong.push(format!("{}: {line}", case.name)),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "false alarms, or true ones to be listed:\n{}",
        wrong.join("\n")
    );
    let all: Vec<&str> = FAILING.iter().map(|(name, _)| *name).collect();
    seen.sort_unstable();
    seen.dedup();
    let mut sorted = all;
    sorted.sort_unstable();
    assert_eq!(seen, sorted, "what should fail does");
    assert!(answered >= 25, "only {answered} inputs have a connection");
}
