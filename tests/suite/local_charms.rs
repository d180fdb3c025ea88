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
