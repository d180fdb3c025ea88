//! Vault's own API: its certificates, its seal, its cluster.

use super::*;

/// `vault_managers.py` `generate_vault_ca_certificate` and `generate_vault_unit_certificate`.
#[test]
fn without_an_access_relation_the_api_is_self_signed_for_fifty_years() {
    let house = house("vault-k8s", "vault", 90, 2);
    for number in [0, 1] {
        let served = house.served(number).expect("it serves");
        assert_eq!(
            served.not_after().since(served.not_before()),
            Span::from_secs(50 * 365 * DAY_S)
        );
        let unit = house.stage.unit(house.vault, number);
        let ca = house
            .stage
            .file(unit, "vault/certs/ca.pem")
            .expect("it is there");
        let ca = Certificate::from_pem(ca.text()).unwrap();
        assert!(served.verify_issued_by(&ca) && ca.is_self_issued());
        assert_eq!(ca.subject_common_name(), Some("Vault self signed CA"));
        let address = house.stage.juju.ingress_address(unit, "vault-peers");
        assert_eq!(served.subject_common_name(), Some(address));
    }
}

/// `vault_managers.py` `_configure_tls_integration`: whenever a file differs, the server restarts,
/// which seals it; the certificate is written without its chain.
#[test]
fn every_renewal_of_the_access_certificate_seals() {
    let mut house = vault_k8s(10);
    house.open();
    let self_signed = house.served(0).unwrap();
    let (root, vault) = (house.root, house.vault);
    let access = house
        .stage
        .integrate((root, "certificates"), (vault, "tls-certificates-access"));
    let sealed = (Status::Blocked, "Please unseal Vault".to_owned());
    house.stage.run_for(700);
    let first = house.served(0).unwrap();
    assert_ne!(first, self_signed);
    assert_eq!(house.status(0), sealed);
    house.people();
    house.stage.run_for(700);
    assert_eq!(house.status(0).0, Status::Active);
    house.stage.run_for(9 * DAY_S);
    assert_ne!(house.served(0).unwrap(), first);
    assert_eq!(house.status(0), sealed);
    // Back to a certificate of its own, and sealed again.
    house.people();
    house.stage.run_for(700);
    house.stage.remove_relation(access);
    house.stage.run_for(700);
    assert_eq!(
        house.served(0).unwrap().not_after(),
        self_signed.not_after()
            + house
                .served(0)
                .unwrap()
                .not_before()
                .since(self_signed.not_before())
    );
    assert_eq!(house.status(0), sealed);
}

/// `vault_managers.py` `TLSManager.__init__`: in the hook of the broken relation there is no
/// library any more that would clean up.
#[test]
fn the_key_of_the_access_certificate_outlives_its_relation() {
    let mut house = vault_k8s(10);
    let (root, vault) = (house.root, house.vault);
    let sides = [(root, "certificates"), (vault, "tls-certificates-access")];
    let access = house.stage.integrate(sides[0], sides[1]);
    house.stage.run_for(700);
    let first = house.served(0).unwrap();
    house.stage.remove_relation(access);
    house.stage.run_for(700);
    assert_ne!(house.served(0).unwrap().spki_der(), first.spki_der());
    house.stage.integrate(sides[0], sides[1]);
    house.stage.run_for(700);
    assert_eq!(house.served(0).unwrap().spki_der(), first.spki_der());
}

/// `k8s/src/charm.py` `_configure` wants the secret `self-signed-vault-ca-certificate`, which
/// `vault_managers.py` makes in the self-signed mode only; `machine/src/charm.py` does not.
#[test]
fn with_an_access_relation_from_the_start_the_kubernetes_charm_never_starts_vault() {
    for (name, expected) in [
        ("vault-k8s", "Waiting for vault to be available"),
        (
            "vault",
            "Please initialize Vault or integrate with an auto-unseal provider",
        ),
    ] {
        let mut stage = Stage::new(1, name == "vault-k8s", false);
        let root = stage.deploy("root", &self_signed_certificates(), &[], 1);
        let charm = vault_charm(name, "vault");
        let vault = stage.deploy("vault", &charm, ANY_NAME, 1);
        stage.integrate((root, "certificates"), (vault, "tls-certificates-access"));
        stage.run_for(3 * DAY_S);
        // Whatever became of the first one: another relation-changed once the workload is there.
        let host = &mut TestHost(&mut stage.agenda, false);
        let signer = stage.juju.application(root).units[0];
        stage
            .juju
            .operator()
            .run_action(signer, "rotate-private-key", BTreeMap::new(), None, host);
        stage.run_for(DAY_S);
        let house = House { stage, root, vault };
        assert_eq!(house.status(0).1, expected, "{name}");
    }
}

/// `vault_managers.py` `send_ca_cert`, and charmlibs `add_certificates`: the CA of the API, and
/// never one less.
#[test]
fn send_ca_cert_only_adds() {
    let mut house = vault_k8s(10);
    house.open();
    let profile = certificates_profile(Mode::Unit);
    let web = house.stage.deploy("web", &consumer(profile), &[], 1);
    house.stage.run_for(30);
    let vault = house.vault;
    let relation = house
        .stage
        .integrate((vault, "send-ca-cert"), (web, "receive-ca-cert"));
    house.stage.run_for(700);
    let sent = |house: &House| -> Vec<String> {
        let bag = house.stage.application_bag(relation, vault);
        let texts: Vec<String> =
            serde_json::from_str(bag.get("certificates").unwrap().text()).unwrap();
        let names = texts
            .iter()
            .map(|text| Certificate::from_pem(text).unwrap());
        let mut names: Vec<String> = names
            .map(|ca| ca.subject_common_name().unwrap_or("").to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(sent(&house), ["Vault self signed CA"], "not the issuing CA");
    let root = house.root;
    house
        .stage
        .integrate((root, "certificates"), (vault, "tls-certificates-access"));
    house.stage.run_for(700);
    assert_eq!(
        sent(&house),
        ["Vault self signed CA", "self-signed-certificates-operator"]
    );
}

/// hashicorp/vault integrated storage: more than half of the nodes have to be unsealed. The Juju
/// leader signs through its own node, whichever node leads the cluster.
#[test]
fn a_cluster_without_a_quorum_signs_nothing() {
    let mut house = house("vault-k8s", "vault", 90, 3);
    house.open();
    assert_eq!(house.status(2).0, Status::Active);
    for number in [1, 2] {
        house.restart(number);
    }
    let (_, relation) = house.web("web", &[("name", "web.example.com")]);
    house.stage.run_for(700);
    assert!(house.answers(relation).is_empty() && house.errors(relation).is_empty());
    let message = "Waiting for Vault to become available";
    assert_eq!(house.status(0), (Status::Waiting, message.to_owned()));
    assert_eq!(house.status(1).1, "Please unseal Vault");
    house.people();
    house.stage.run_for(700);
    assert_eq!(house.answers(relation).len(), 1);
    // One of three may be sealed.
    house.restart(1);
    let (_, other) = house.web("other", &[("name", "other.example.com")]);
    assert_eq!(house.answers(other).len(), 1);
}

/// `k8s/src/charm.py` `_configure`: a server whose seal is another Vault's key is restarted until
/// that Vault answers.
#[test]
fn a_vault_that_another_unseals_needs_no_operator_after_a_restart() {
    let mut house = vault_k8s(90);
    house.open();
    let charm = vault_charm("vault-k8s", "vault");
    let below = house.stage.deploy("below", &charm, ANY_NAME, 1);
    house.stage.run_for(30);
    let sides = [
        (house.vault, "vault-autounseal-provides"),
        (below, "vault-autounseal-requires"),
    ];
    house.stage.integrate(sides[0], sides[1]);
    house.stage.run_for(700);
    let status = |house: &House| {
        let unit = house.stage.unit(below, 0);
        house.stage.juju.unit(unit).status.1.to_string()
    };
    assert_eq!(status(&house), "Please initialize Vault");
    people(&mut house.stage, below);
    house.stage.run_for(30);
    people(&mut house.stage, below);
    house.stage.run_for(700);
    assert_eq!(status(&house), "");
    let restart = |house: &mut House, unit| {
        let host = &mut TestHost(&mut house.stage.agenda, false);
        house
            .stage
            .juju
            .operator()
            .restart_process(unit, None, host);
        house.stage.run_for(700);
    };
    let unit = house.stage.unit(below, 0);
    restart(&mut house, unit);
    assert_eq!(
        status(&house),
        "",
        "update-status restarts it, and it unseals"
    );
    house.restart(0);
    restart(&mut house, unit);
    assert_eq!(status(&house), "Waiting for transit auto-unseal");
    house.people();
    house.stage.run_for(700);
    assert_eq!(status(&house), "");
}

/// `get_outstanding_requests` of `vault-package/vault/vault_managers.py` at 619be7dc5 passes over a relation that has
/// credentials, so that `ca_certificate` stays the CA that was there first: a Vault that another unseals cannot reach that
/// one after its CA is another, and stays sealed from its next restart on.
#[test]
fn a_vault_that_another_unseals_is_never_told_of_another_ca() {
    let mut house = vault_k8s(90);
    house.open();
    let charm = vault_charm("vault-k8s", "vault");
    let below = house.stage.deploy("below", &charm, ANY_NAME, 1);
    house.stage.run_for(30);
    house.stage.integrate(
        (house.vault, "vault-autounseal-provides"),
        (below, "vault-autounseal-requires"),
    );
    house.stage.run_for(700);
    people(&mut house.stage, below);
    house.stage.run_for(30);
    people(&mut house.stage, below);
    house.stage.run_for(700);
    let (root, vault) = (house.root, house.vault);
    house
        .stage
        .integrate((root, "certificates"), (vault, "tls-certificates-access"));
    house.stage.run_for(700);
    house.people();
    house.stage.run_for(700);
    let unit = house.stage.unit(below, 0);
    let status = |house: &House| house.stage.juju.unit(unit).status.1.to_string();
    assert_eq!(status(&house), "");
    let host = &mut TestHost(&mut house.stage.agenda, false);
    house
        .stage
        .juju
        .operator()
        .restart_process(unit, None, host);
    house.stage.run_for(DAY_S);
    assert_eq!(status(&house), "Waiting for transit auto-unseal");
}

/// hvac verifies the API with `ca.pem`: a server whose certificate has ended is not available.
#[test]
fn vault_behind_an_expired_access_certificate_signs_nothing() {
    let mut house = vault_k8s(10);
    house.open();
    let (root, vault) = (house.root, house.vault);
    house
        .stage
        .integrate((root, "certificates"), (vault, "tls-certificates-access"));
    house.stage.run_for(60);
    house.people();
    // The root refuses to sign: its configuration is not valid.
    house.stage.set_config(root, "root-ca-validity", "1d");
    house.stage.run_for(9 * DAY_S + DAY_S / 2);
    assert_eq!(house.status(0).0, Status::Active);
    house.stage.run_for(DAY_S);
    let message = "Waiting for vault to be available";
    assert_eq!(house.status(0), (Status::Waiting, message.to_owned()));
}

#[test]
fn the_action_wants_a_leader_and_a_vault_that_answers() {
    let mut house = house("vault-k8s", "vault", 90, 2);
    for number in [0, 1] {
        let unit = house.stage.unit(house.vault, number);
        house.stage.act(unit, "authorize-charm");
    }
    house.stage.run_for(30);
    let failures = house
        .stage
        .notes
        .iter()
        .filter(|(_, _, kind, _)| *kind == "action-failed");
    let mut failures: Vec<&str> = failures.map(|(.., text)| text.as_str()).collect();
    failures.sort_unstable();
    insta::assert_snapshot!(failures.join("\n"), @r"
    The token provided is not valid. Please use a Vault token with the appropriate permissions.
    This action must be run on the leader unit.
    ");
}

/// A pod that is replaced has a server that does not run, until Pebble is ready; then it is sealed. Its certificate is
/// for the address of the service (`k8s/src/charm.py`, `_ingress_address`) and its name, and fits as before.
#[test]
fn a_replaced_pod_is_sealed() {
    let mut house = vault_k8s(90);
    house.open();
    let before = house.served(0).unwrap();
    let unit = house.stage.unit(house.vault, 0);
    let host = &mut TestHost(&mut house.stage.agenda, false);
    house.stage.juju.pods().restart_pod(unit, None, host);
    house.stage.run_for(700);
    assert_eq!(
        house.status(0),
        (Status::Blocked, "Please unseal Vault".to_owned())
    );
    assert_eq!(house.served(0).unwrap(), before);
    house.people();
    house.stage.run_for(700);
    assert_eq!(house.status(0).0, Status::Active);
}

/// canonical/vault-k8s-operator f35462b63 `k8s/src/charm.py`: the bind address of a pod is beside that of its service. Before,
/// at 619be7dc5, there was that of the service alone; a new pod has another bind address, and another certificate.
#[test]
fn since_the_repair_the_certificate_is_for_the_address_of_the_pod_too() {
    for is_repaired in [false, true] {
        let mut stage = Stage::new(1, true, false);
        let mut charm = vault_charm("vault-k8s", "vault");
        for endpoint in &mut charm.endpoints {
            endpoint.bugs.ingress_address_only &= !is_repaired;
        }
        let root = stage.deploy("root", &self_signed_certificates(), &[], 1);
        let vault = stage.deploy("vault", &charm, ANY_NAME, 2);
        stage.run_for(700);
        let mut house = House { stage, root, vault };
        let unit = house.stage.unit(vault, 0);
        let bound = |house: &House| house.stage.juju.reached_at(unit).to_owned();
        let names = |house: &House| house.served(0).expect("it serves").sans().to_vec();
        let service = format!(
            "IP:{}",
            house.stage.juju.ingress_address(unit, "vault-peers")
        );
        assert!(names(&house).contains(&service));
        let first = bound(&house);
        assert_eq!(names(&house).contains(&format!("IP:{first}")), is_repaired);
        let host = &mut TestHost(&mut house.stage.agenda, false);
        house.stage.juju.pods().restart_pod(unit, None, host);
        house.stage.run_for(700);
        assert_ne!(bound(&house), first);
        let other = format!("IP:{}", bound(&house));
        assert_eq!(names(&house).contains(&other), is_repaired);
        assert!(!names(&house).contains(&format!("IP:{first}")) || !is_repaired);
    }
}
