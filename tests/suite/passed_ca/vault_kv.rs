//! `vault-kv`: the CA of Vault's API beside its address. canonical/vault-k8s-operator at 619be7dc5: `_sync_vault_kv` of both
//! charms, `KVManager` of `vault-package/vault/vault_managers.py`, `k8s/lib/charms/vault_k8s/v0/vault_kv.py`.

use std::sync::Arc;

use trustsim::diagnosis::{Findings, TrustSource, diagnose, why};
use trustsim::kernel::Span;
use trustsim::model::NameSpec;
use trustsim::report::words;
use trustsim::whatif::{least_trust, trust_found};
use trustsim::world::{ConnectionSpec, Deployment, Options, Simulation};

const DAY: Span = Span::from_secs(86_400);

/// Vault, unsealed within ten minutes of each restart, and who keeps secrets in it and trusts nothing else.
fn deployed_in(pods: bool, vault: &str, more: &str) -> Deployment {
    let bundle = match pods {
        true => "    bundle: kubernetes\n",
        false => "",
    };
    crate::common::deployed(&format!(
        "duration: 6d
models:
  m:
{bundle}    applications:
      root: {{charm: self-signed-certificates, num_units: 1}}
      vault: {{{vault}, num_units: 1}}
      reader: {{charm: reader, num_units: 2}}
    relations: [['reader:store', 'vault:vault-kv']]
charms:
  reader:
    system-roots: false
    requires: {{store: {{interface: vault-kv, trusts-ca: true}}}}
operators: {{people: {{answers: [m.vault], delay: {{exactly: 10m}}}}}}
connections: derived
{more}"
    ))
}

fn deployed(vault: &str, more: &str) -> Deployment {
    deployed_in(false, vault, more)
}

fn diagnosed(deployment: &Deployment) -> Findings {
    let record = crate::common::play(deployment, Options::default());
    diagnose(deployment, &record.manifest, &record.journal)
}

/// All but that of Vault's charm with its own workload.
fn of_the_reader(deployment: &Deployment) -> impl Iterator<Item = &ConnectionSpec> {
    let connections = deployment.connections.iter();
    connections.filter(|connection| connection.from_process.is_none())
}

/// What is told of each outage from the first day on, and whether it is open at the end.
fn outages(deployment: &Deployment) -> Vec<(String, bool)> {
    let found = diagnosed(deployment);
    let later = found.outages.iter().zip(&found.explanations);
    let later = later.filter(|(outage, _)| outage.from > deployment.start + DAY);
    later
        .map(|(outage, told)| {
            let line = words::cause::line(&told.cause.what);
            (line, outage.until.is_none())
        })
        .collect()
}

#[test]
fn the_ca_of_vaults_api_is_a_source_of_trust_like_any_other() {
    let deployment = deployed("charm: vault, channel: 2.0/stable", "");
    assert_eq!(of_the_reader(&deployment).count(), 1, "it is derived");
    assert_eq!(outages(&deployment), []);

    let record = crate::common::play(&deployment, Options::default());
    let at = deployment.start + DAY * 2;
    let (manifest, journal) = (&record.manifest, &record.journal);
    let answers = why(&deployment, manifest, journal, "m.reader", "m.vault", at);
    let rests = answers.expect("it is watched").remove(0).rests;
    let rests = rests.expect("it holds");
    let TrustSource::PassedOn(relation) = &rests.source else {
        panic!("{:?}", rests.source);
    };
    assert_eq!(
        words::transit::passing(relation),
        "what m.vault:vault-kv hands m.reader:store over vault-kv"
    );

    let mut simulation = Simulation::new(Arc::new(deployment.clone()), Options::default());
    simulation.run_until(at);
    let found = trust_found(&simulation);
    let mut trusted = found.trusted.iter();
    let one = trusted.find(|root| &*root.holder == "m.reader/0");
    let one = one.expect("it trusts what it was handed");
    assert_eq!(one.owner.as_deref(), Some("m.vault"));
    assert!(format!("{:?}", one.route).contains("vault-kv"), "{one:?}");

    let least = least_trust(&Arc::new(deployment));
    let mut sources = least.sources.iter();
    let source = sources.find(|source| &*source.holder == "m.reader/0");
    let source = source.expect("it has one");
    assert!(source.source.starts_with("store-") && source.is_single());
}

#[test]
fn each_vault_charm_hands_its_ca_on() {
    for vault in [
        "charm: vault, channel: 1.16/stable",
        "charm: vault, channel: 1.18/stable",
    ] {
        assert_eq!(outages(&deployed(vault, "")), [], "{vault}");
    }
}

/// `_get_relation_api_address` has the ingress address, which on Kubernetes is that of the service.
#[test]
fn in_pods_vault_is_dialled_at_the_address_of_its_service() {
    let vault = "charm: vault-k8s, channel: 2.0/stable";
    let deployment = deployed_in(true, vault, "");
    let names: Vec<_> = of_the_reader(&deployment)
        .map(|connection| connection.name.clone())
        .collect();
    assert_eq!(names, [Some(NameSpec::IngressAddress)]);
    assert_eq!(outages(&deployment), []);
}

/// `_configure_tls_integration` writes the CA of the new certificate and restarts Vault, which is sealed then; what comes
/// after `is_available_initialized_and_unsealed` in `_configure`, and so the other CA, waits until it is unsealed.
#[test]
fn another_ca_comes_once_vault_is_unsealed_and_not_before() {
    let moved = "faults:
  - {at: 3d, integrate: {between: ['vault:tls-certificates-access', 'root:certificates']}}
";
    let deployment = deployed("charm: vault, channel: 2.0/stable", moved);
    let found = outages(&deployment);
    let expected = |reader: &str| {
        let line = format!(
            "the CA of m.root has not come to {reader} from m.vault:vault-kv over vault-kv yet"
        );
        (line, false)
    };
    assert_eq!(found, [expected("m.reader/0"), expected("m.reader/1")]);
}

#[test]
fn without_the_relation_the_ca_is_gone() {
    let removed = "faults:
  - {at: 3d, remove-relation: {between: ['reader:store', 'vault:vault-kv']}}
";
    let deployment = deployed("charm: vault, channel: 2.0/stable", removed);
    let found = outages(&deployment);
    assert_eq!(found.len(), 2, "{found:?}");
    for (line, is_open) in found {
        let taken = "its charm took it away in store-relation-broken";
        assert!(is_open && line.contains(taken), "{line}");
    }
}

/// It is not the CA with which Vault signs for others.
#[test]
fn the_ca_of_vaults_pki_does_not_come_over_it() {
    let deployment = crate::common::deployed(
        "duration: 2d
models:
  m:
    applications:
      vault: {charm: vault, channel: 2.0/stable, num_units: 1, options: {pki_ca_common_name: Shop, pki_allow_any_name: true, pki_allow_ip_sans: true}}
      reader: {charm: reader, num_units: 1}
      web: {charm: web, num_units: 1}
    relations:
      - ['reader:store', 'vault:vault-kv']
      - ['web:certificates', 'vault:vault-pki']
charms:
  reader: {system-roots: false, requires: {store: {interface: vault-kv, trusts-ca: true}}}
  web: {requires: {certificates: {interface: tls-certificates}}}
operators: {people: {answers: [m.vault], delay: {exactly: 10m}}}
connections: [{from: m.reader, to: m.web, every: 1m}]
",
    );
    let found = diagnosed(&deployment);
    let last = found.explanations.last().expect("it is not trusted");
    let expected = "no relation carries the CA of m.vault to m.reader";
    assert_eq!(words::cause::line(&last.cause.what), expected);
}
