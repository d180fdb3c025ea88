//! Charms of a scenario: what is read of them, and what is said of those that were not read.

use super::*;
use trustsim_model::{Coverage, Gap};

#[test]
fn charms_nobody_described_get_their_endpoints_from_their_relations() {
    let text = "models:
  m:
    applications:
      easyrsa: {charm: easyrsa, num_units: 1}
      k8s: {charm: some-k8s, num_units: 1}
      worker: {charm: k8s-worker, num_units: 1}
      beat: {charm: filebeat}
      lost: {charm: lost, num_units: 1}
    relations:
      - [k8s, easyrsa:client]
      - [k8s, worker:cluster]
      - [k8s:one, worker:other]
      - [beat:beats-host, k8s:juju-info]
      - [lost, worker]
      - [lost, easyrsa]
";
    let deployment = deployed(text);
    insta::assert_snapshot!(relations(&deployment).join("\n"), @"
    easyrsa:client k8s:client tls-certificates
    worker:cluster k8s:cluster cluster
    worker:other k8s:one other
    k8s:juju-info beat:beats-host juju-info
    worker:worker lost:worker worker
    ");
    let beat = &deployment.applications.raw[3];
    assert!(beat.charm.subordinate && !beat.charm.is_described());
    let host = beat.charm.endpoint("beats-host").expect("an endpoint");
    assert_eq!((host.role, host.container_scope), (Role::Requirer, true));
    let said = warned(text);
    assert!(
        said.iter()
            .any(|line| line.starts_with("TS0218 the relation of `lost` and `easyrsa`")),
        "{said:?}"
    );
}

/// What an import calls the charm of an application that no input names: it says what to give, in a scenario that was written
/// into a file as well. Of another application that is a name as any.
#[test]
fn a_charm_that_no_input_named_is_none_to_describe() {
    let of = |charm: &str| {
        format!(
            "models: {{m: {{bundle: kubernetes, deployed: true, applications: {{a: {{charm: {charm}, scale: 1}}}}}}}}\n"
        )
    };
    let said = warned(&of("unknown-a"));
    let missing =
        "TS0117 no input says which charm `a` has: only what its relations tell is simulated";
    assert_eq!(said, [missing]);
    let untold = loaded([("s.yaml", of("unknown-a").as_str())]);
    let coverage = Coverage::of(&untold.deployment);
    let gaps: Vec<&Gap> = coverage.reasons.iter().map(|reason| &reason.gap).collect();
    assert_eq!(gaps, [&Gap::Untold { is_played: false }]);
    let said = warned(&of("unknown-b"));
    assert!(
        !said.iter().any(|line| line.starts_with("TS0117")),
        "{said:?}"
    );
}

/// Of a model that was read off a deployment Juju took the endpoints; in what a person wrote one may be a slip.
#[test]
fn an_endpoint_that_juju_took_is_no_slip_of_the_pen() {
    let of = |deployed: bool| {
        warned(&format!(
            "models:
  m:
    deployed: {deployed}
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1}}
      k8s: {{charm: k8s, num_units: 1}}
    relations: [['k8s:etcd-certificates', 'ca:certificates']]
"
        ))
    };
    let found = "TS0203 the endpoint `k8s:etcd-certificates` is not in the catalogue, and taken from its relations";
    assert_eq!(of(true), [found]);
    let slip = "TS0203 the charm `k8s` is not known to have `etcd-certificates`; taken as `tls-certificates` from its relations";
    assert_eq!(of(false), [slip]);
}

#[test]
fn a_charm_is_read_from_its_own_file_and_laid_over() {
    let deployment = loaded([
        (
            "s.yaml",
            "models: {m: {bundle: kubernetes, applications: {web: {charm: web, options: {port: 80}}}}}
charms:
  web:
    from: web/metadata.yaml
    requires: {certificates: {mode: app}}
",
        ),
        (
            "web/metadata.yaml",
            "name: web\nassumes: [k8s-api]\nrequires: {certificates: {interface: tls-certificates, limit: 1}}\n",
        ),
        ("web/config.yaml", "options: {port: {type: int, default: 8080}}\n"),
        ("web/actions.yaml", "restart: {description: x}\n"),
    ])
    .deployment;
    let charm = &deployment.applications.raw[0].charm;
    let endpoint = charm.endpoint("certificates").expect("an endpoint");
    assert_eq!(endpoint.limit, Some(1));
    let Some(trustsim_charms::EndpointProfile::Certificates(profile)) = &endpoint.profile else {
        panic!("no profile");
    };
    assert_eq!(profile.mode, trustsim_charms::Mode::App);
    assert_eq!(charm.actions, ["restart"]);
    assert_eq!(charm.options["port"].default.as_deref(), Some("8080"));
}

#[test]
fn a_local_charm_is_read_beside_its_bundle() {
    let deployment = loaded([
        ("s.yaml", "models: {m: {from: t/bundle.yaml}}\n"),
        (
            "t/bundle.yaml",
            "bundle: kubernetes\napplications: {web: {charm: ../web_ubuntu-22.04.charm}, other: {charm: ./other}}\n",
        ),
        ("charmcraft.yaml", "name: web\nprovides: {site: {interface: http}}\n"),
        ("t/other/charmcraft.yaml", "name: odd\nprovides: {x: {interface: y}}\n"),
    ])
    .deployment;
    assert!(
        deployment.applications.raw[0]
            .charm
            .endpoint("site")
            .is_some()
    );
    assert_eq!(deployment.applications.raw[1].charm.name, "odd");
}

/// canonical/self-signed-certificates-operator `charmcraft.yaml` at the tags rev155 and rev197: the action came between.
#[test]
fn an_action_that_other_revisions_have_is_refused_with_them() {
    let told = refused(
        "
duration: 3d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: latest/stable, revision: 155}
faults: [{at: 1d, run-action: {app: m.ca, action: rotate-private-key}}]
",
    );
    assert!(
        told.contains("has no action `rotate-private-key` at revision 155"),
        "{told}"
    );
    assert!(told.contains("revisions 197 to 653 have it"), "{told}");
}

/// Of a charm that was not read it is not known that it lacks an endpoint.
#[test]
fn what_a_charm_that_was_not_read_lacks_is_not_claimed() {
    let text = "
duration: 3d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates}
      api: {charm: traefik-k8s}
      client: {charm: CLIENT}
    relations: [['ca:certificates', 'api:certificates']]
connections: [{from: m.client, to: m.api}]
";
    for (client, help) in [
        ("hydra", "is not known, since it was not read"),
        (
            "oauth2-proxy-k8s",
            "the missing relation: juju integrate -m m client:receive-ca-cert ca:send-ca-cert",
        ),
    ] {
        let text = text.replace("CLIENT", client);
        let loaded = loaded([("s.yaml", text.as_str())]);
        let told = loaded.warnings.render(false);
        assert!(told.contains(help), "{client}: {told}");
        let is_certain = told.contains("will fail with unknown-issuer\n");
        assert_eq!(is_certain, client != "hydra", "{told}");
    }
}

/// canonical/tls-certificates-requirer-operator 52bfe08 and canonical/tls-constraints-operator e071954 have no workload;
/// canonical/cos-registration-server-k8s-operator 707c844 `src/charm.py`, `_scheme`, is `http`.
#[test]
fn a_connection_to_what_has_no_tls_server_is_refused() {
    let text = |charm: &str, endpoint: &str, said: &str| {
        format!(
            "models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates}}
      it: {{charm: {charm}}}
    relations: [['it:{endpoint}', 'ca:certificates']]
connections: [{{from: browser, to: m.it}}]
clients: {{browser: {{trusts: [m.ca]}}}}
{said}"
        )
    };
    for (charm, endpoint, told) in [
        (
            "tls-certificates-requirer",
            "certificates",
            "has no server to connect to",
        ),
        (
            "tls-constraints",
            "certificates-upstream",
            "has no server to connect to",
        ),
        (
            "cos-registration-server-k8s",
            "certificates",
            "speaks without TLS",
        ),
    ] {
        let said = refused(&text(charm, endpoint, ""));
        assert!(said.contains("error[TS0232]"), "{said}");
        assert!(said.contains(told), "{said}");
    }
    let other = "charms: {tls-certificates-requirer: {server: tls}}\n";
    let charm = "tls-certificates-requirer";
    assert_eq!(
        deployed(&text(charm, "certificates", other))
            .connections
            .len(),
        1
    );
}

/// charmed-kubernetes/bundle had `cs:~containers/etcd-431` and `cs:~containers/kubeapi-load-balancer-647`: revisions of
/// the Charm Store, which were counted apart from those of Charmhub that were read.
#[test]
fn what_comes_of_the_charm_store_is_assumed() {
    let text = "models:
  m:
    applications:
      easyrsa: {charm: easyrsa, num_units: 1}
      etcd: {charm: 'cs:~containers/etcd-431', num_units: 3}
      balancer: {charm: 'cs:~containers/kubeapi-load-balancer', num_units: 1}
    relations: [[etcd:certificates, easyrsa:client], [balancer:certificates, easyrsa:client]]
connections: [{from: m.etcd, to: m.etcd}]
";
    let coverage = Coverage::of(&deployed(text));
    assert_eq!((coverage.charms.modelled, coverage.charms.assumed), (1, 2));
    assert!(!coverage.is_modelled());
    let old = |revision| Gap::OldStore { revision };
    let gaps: Vec<Gap> = coverage
        .reasons
        .into_iter()
        .map(|reason| reason.gap)
        .collect();
    assert_eq!(gaps, [old(Some(431)), old(None)]);
    let newer = text.replace("'cs:~containers/etcd-431'", "etcd").replace(
        "'cs:~containers/kubeapi-load-balancer'",
        "kubeapi-load-balancer",
    );
    let charms = Coverage::of(&deployed(&newer)).charms;
    assert_eq!((charms.modelled, charms.assumed), (3, 0));
}
