//! Charms that come from a path, and not from Charmhub.

use trustsim::model::{ConnectionSpecIndex, Coverage, Standing};
use trustsim::report::words::standing;

use crate::common::deployed;

/// A charm that was built by hand is not a revision of Charmhub: canonical/grafana-k8s-operator
/// `tests/manual/bundle_3_end_to_end_tls.yaml` deploys its own, of which the catalogue has the name.
#[test]
fn a_local_charm_is_assumed_to_be_the_one_of_its_name() {
    let reasons = |charm: &str| {
        let text = format!(
            "
name: local
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, scale: 1}}
      grafana: {{charm: '{charm}', scale: 1}}
    relations: [['ca:certificates', 'grafana:certificates']]
clients: {{browser: {{trusts: [m.ca]}}}}
connections: [{{from: browser, to: m.grafana}}]
"
        );
        let deployment = deployed(&text);
        let coverage = Coverage::of(&deployment);
        let basis = &coverage.bases[ConnectionSpecIndex::from(0)];
        let reasons = basis.reasons.iter();
        let missing = reasons.map(|reason| standing::missing(reason, &deployment));
        (basis.standing, missing.collect::<Vec<String>>())
    };
    assert_eq!(reasons("grafana-k8s"), (Standing::Modelled, Vec::new()));
    for charm in [
        "../../grafana-k8s_ubuntu-20.04-amd64.charm",
        "local:grafana-k8s",
    ] {
        let told = "m.grafana: the charm grafana-k8s is a local charm, played as the one of its name on Charmhub: play its \
                    code, with `source` under charms.grafana-k8s";
        assert_eq!(
            reasons(charm),
            (Standing::Assumed, vec![told.to_owned()]),
            "{charm}"
        );
    }
}

/// What is assumed of a local charm can be made known, and the summary says where that is told.
#[test]
fn how_to_make_known_what_is_assumed_is_told_or_pointed_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle =
        "bundle: kubernetes\napplications: {a: {charm: ./traefik-k8s_amd64.charm, scale: 1}}\n";
    std::fs::write(folder.path().join("b.yaml"), bundle).expect("written");
    let said = |arguments: &[&str]| {
        let output = crate::common::trustsim(folder.path(), arguments);
        let all = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&all).into_owned()
    };
    let (short, long) = (said(&["check", "b.yaml"]), said(&["-v", "check", "b.yaml"]));
    let help = "help: play its code, with `source` under charms.traefik-k8s";
    assert!(
        short.contains("how to make it known: --verbose") && !short.contains(help),
        "{short}"
    );
    assert!(long.contains(help) && !long.contains("--verbose"), "{long}");
}
