//! Quiet hooks are elided; playing them all gives the same journal, entry by entry: each status, databag,
//! certificate and verdict at the same instant.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::{
    certificates, cut, deployed, load, play, play_every_hook, scenario_files, verdicts,
};
use trustsim::kernel::Span;
use trustsim::world::{Kind, Options, Simulation};

/// Scenarios whose repeated hooks once did something that elision left out: a consumer's update-status
/// that sets its status back, which a provider's next refusal changes again.
fn once_wrong() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/incidents");
    let names = [
        "01-vault-k8s-operator-500-half-life",
        "03-vault-k8s-operator-367-common-name",
        "d-vault-root-of-thirty-days",
        "f-lego-no-back-off",
    ];
    names.map(|name| folder.join(format!("{name}.yaml"))).into()
}

#[test]
fn elided_hooks_would_have_changed_nothing() {
    let mut files = scenario_files();
    files.extend(once_wrong());
    for path in files {
        let deployment = cut(&load(&path), Span::from_secs(60 * 86_400));
        let elided = play(&deployment, Options::default());
        let every = play_every_hook(&deployment);
        let name = path.display();
        assert_eq!(
            certificates(&elided),
            certificates(&every),
            "certificates of {name}"
        );
        assert_eq!(verdicts(&elided), verdicts(&every), "verdicts of {name}");
        let first_apart = elided
            .journal
            .entries()
            .iter()
            .zip(every.journal.entries())
            .find(|(elided, every)| format!("{elided:?}") != format!("{every:?}"));
        assert!(
            elided.journal.fingerprint() == every.journal.fingerprint(),
            "the journals of {name} part: {first_apart:?}"
        );
        let entries = elided.journal.entries().iter();
        let hooks = entries.filter(|entry| matches!(entry.kind, Kind::HookCommitted { .. }));
        assert!(hooks.count() > 0, "{name} commits no hook");
    }
}

/// A Vault that nothing authorises answers no request. The charms of Charmed Kubernetes reconcile again at every
/// update-status, in vain (`charms.reconciler`): each of these was played, a minute for a year.
#[test]
fn what_is_tried_again_in_vain_is_elided_and_has_not_settled() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/charmed-kubernetes-vault.yaml");
    let mut deployment = cut(&load(&path), Span::from_secs(20 * 86_400));
    deployment.actions.clear();
    let mut simulation = Simulation::new(Arc::new(deployment.clone()), Options::default());
    simulation.run_until(simulation.end());
    let every = play_every_hook(&deployment);
    assert_eq!(
        simulation.journal().fingerprint(),
        every.journal.fingerprint()
    );
    assert_eq!(every.manifest.settled_at, None);
    assert_eq!(simulation.manifest().settled_at, None);
    // Whether it has settled is looked for 30,000 times in 20 days.
    assert!(
        simulation.events() < 40_000,
        "{} events, where 20 days have 60,000 update-status hooks",
        simulation.events()
    );
}

/// A Vault whose role does not allow a name (canonical/vault-k8s-operator#367) refuses it whatever the time. Its update-status
/// looked at the clock first, so that each was played: ten years took minutes.
#[test]
fn a_name_is_refused_without_a_look_at_the_clock() {
    let incident = "scenarios/incidents/03-vault-k8s-operator-367-common-name.yaml";
    let mut deployment = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(incident));
    deployment.duration = Span::from_secs(20 * 86_400);
    let mut simulation = Simulation::new(Arc::new(deployment.clone()), Options::default());
    simulation.run_until(simulation.end());
    let every = play_every_hook(&deployment);
    assert_eq!(
        simulation.journal().fingerprint(),
        every.journal.fingerprint()
    );
    assert!(
        simulation.events() < 3_000,
        "{} events, where 20 days have 5,760 update-status hooks of Vault",
        simulation.events()
    );
}

/// A CA that lives for four days leaves an expired revision behind every second day, and self-signed-certificates
/// removes none: after a month their hooks follow each other without a pause (juju/juju 3.6 `domain/secret`,
/// `ExpireRetryDelay`). Played one by one, 400 days of it took minutes.
#[test]
fn an_agent_that_never_rests_is_elided_too() {
    let deployment = deployed(
        "
name: never-rests
duration: 60d
timings: {hook-min: 12s, hook-max: 20s}
models:
  m:
    bundle: kubernetes
    applications:
      ca:
        charm: self-signed-certificates
        channel: 1/stable
        num_units: 1
        options: {root-ca-validity: 4d, certificate-validity: 2d}
      web: {charm: catalogue-k8s, num_units: 1}
    relations: [['ca:certificates', 'web:certificates']]
clients: {browser: {trusts: [m.ca]}}
connections: [{from: browser, to: m.web}]
",
    );
    let elided = play(&deployment, Options::default());
    let every = play_every_hook(&deployment);
    assert_eq!(elided.journal.fingerprint(), every.journal.fingerprint());
    let renewed = elided.journal.entries().iter();
    let renewed = renewed.filter(|entry| matches!(entry.kind, Kind::CertificateIssued(_)));
    assert!(
        renewed.count() > 60,
        "the CA and the leaf are renewed every second day"
    );
}
