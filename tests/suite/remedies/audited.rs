//! What an auditor saw of remedies that was false, each in a small deployment: tried at an instant at which Juju refuses
//! the command, not tried at all, or no more than a shift of dates past the end of the run.

use std::sync::Arc;

use trustsim::diagnosis::{Findings, Lasting, Remedies, Remedy, diagnose, outage_groups};
use trustsim::kernel::{Span, Time};
use trustsim::report::words;
use trustsim::whatif::{Effort, Forks, Outcome, Trials, play_longer, remedies};
use trustsim::world::{Deployment, Manifest, Options, Simulation};

const DAY: Span = Span::from_secs(86_400);

/// A run, and what was found of it: what helps in it, and whether that lasts.
struct Answer {
    manifest: Manifest,
    findings: Findings,
    trials: Trials,
}

impl Answer {
    fn of(deployment: &Deployment, tries: usize) -> Self {
        let record = crate::common::play(deployment, Options::default());
        let findings = diagnose(deployment, &record.manifest, &record.journal);
        let run = Outcome::of(record.manifest, &record.journal);
        let to = |simulation: &mut Simulation, until| simulation.run_until(until);
        let mut forks = Forks::new(Arc::new(deployment.clone()), Effort::UNBOUNDED, to);
        let mut trials = remedies(deployment, &run, &findings, tries, |it| forks.play(it));
        play_longer(&mut trials, &run.manifest, &findings, |plan| {
            forks.play_and_diagnose(plan)
        });
        Self {
            manifest: run.manifest,
            findings,
            trials,
        }
    }

    /// The longest outage of the group that lost most, and the remedy that is told for it.
    fn first(&self) -> (usize, &Remedy) {
        let groups = outage_groups(&self.manifest, &self.findings);
        let group = &groups[0].outages;
        let found: &Remedies = &self.trials.found;
        let best = found.best_for(&self.manifest, &self.findings, group);
        (group[0], best.expect("there is a remedy"))
    }

    fn at(&self, since_start: Span) -> Time {
        self.manifest.start + since_start
    }
}

/// What is typed first, when, and what follows.
fn typed(remedy: &Remedy) -> (Vec<String>, Option<Time>, Vec<(Time, String)>) {
    let later = remedy.later.iter();
    (
        remedy.commands.iter().map(words::command::text).collect(),
        remedy.at,
        later
            .map(|(at, command)| (*at, words::command::text(command)))
            .collect(),
    )
}

/// What is lost of a deployment with another seed.
fn lost_with(planned: &Deployment, seed: u64) -> Span {
    let mut planned = planned.clone();
    planned.seed = seed;
    let record = crate::common::play(&planned, Options::default());
    let failing = trustsim::diagnosis::outages(&record.manifest, &record.journal);
    let end = record.manifest.end();
    failing.iter().map(|outage| outage.length(end)).sum()
}

const TRUST_REMOVED: &str = "
name: trust removed
duration: 20d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      api: {charm: api, scale: 2}
      web: {charm: web, scale: 2}
    relations:
      - [api:certificates, ca:certificates]
      - [web:receive-ca-cert, ca:send-ca-cert]
charms:
  api: {requires: {certificates: {interface: tls-certificates, mode: unit}}}
  web: {requires: {receive-ca-cert: {interface: certificate_transfer}}}
connections:
  - {from: m.web, to: m.api, every: 60s}
faults:
  - {at: 5d, remove-relation: {model: m, between: [web:receive-ca-cert, ca:send-ca-cert]}}
";

/// The outage begins seconds after the removal, when the relation is dying: `juju integrate` was tried a second later,
/// refused, and said to help with half of the seeds; or nine commands with a new CA were told in its place, since they
/// end some outages of which this leaves five minutes.
#[test]
fn a_removed_relation_is_made_again_when_juju_takes_it() {
    let deployment = super::inline(TRUST_REMOVED);
    let answer = Answer::of(&deployment, 8);
    let (_, best) = answer.first();
    let command = "juju integrate -m m ca:send-ca-cert web:receive-ca-cert".to_owned();
    let at = answer.at(DAY * 5 + Span::from_secs(300));
    assert_eq!(typed(best), (vec![command], Some(at), Vec::new()));
    assert_eq!(best.breaks, Vec::<String>::new());
    assert_eq!(best.nearly_ends.len(), answer.findings.outages.len());
    let planned = &answer.trials.plans[best.plan].deployment;
    for seed in 1..=8 {
        let lost = lost_with(planned, seed);
        // Four connections, six minutes each.
        assert!(lost < Span::from_secs(4 * 360), "seed {seed}: {lost:?}");
    }
}

/// A certificate brings the CA too, ten seconds after the removal, and makes an HTTPS server of a Prometheus that Grafana
/// dials without TLS: it was told in place of the relation that is missing.
#[test]
fn what_the_cause_says_comes_before_what_leaves_minutes_less() {
    let deployment = super::inline(
        "
name: trust of a server without TLS
duration: 30d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      web: {charm: alertmanager-k8s, channel: dev/edge, scale: 1}
      prom: {charm: prometheus-k8s, channel: dev/edge, scale: 1}
    relations:
      - [web:certificates, ca:certificates]
      - [prom:receive-ca-cert, ca:send-ca-cert]
connections:
  - {from: m.prom, to: m.web, every: 1m}
faults:
  - {at: 18d, remove-relation: {model: m, between: ['prom:receive-ca-cert', 'ca:send-ca-cert']}}
",
    );
    let answer = Answer::of(&deployment, 8);
    let (_, best) = answer.first();
    let command = "juju integrate -m m ca:send-ca-cert prom:receive-ca-cert".to_owned();
    let at = answer.at(DAY * 18 + Span::from_secs(300));
    assert_eq!(typed(best), (vec![command], Some(at), Vec::new()));
    let proven = &answer.trials.found.proven;
    let certified = proven.iter().find(|remedy| !remedy.serves_tls.is_empty());
    let certified = certified.expect("it helps too, and has its price");
    assert_eq!(
        words::remedy::price(certified).as_deref(),
        Some("m.prom serves TLS from then on: whatever dials it without has to trust the CA")
    );
}

const CERTIFICATES_REMOVED: &str = "
name: certificates removed
duration: 60d
models:
  m:
    bundle: kubernetes
    applications:
      ca:
        charm: self-signed-certificates
        scale: 1
        options: {certificate-validity: 30d, root-ca-validity: 3650d}
      api: {charm: api, scale: 1}
    relations:
      - [api:certificates, ca:certificates]
charms:
  api: {requires: {certificates: {interface: tls-certificates, mode: unit}}}
clients:
  browser: {trusts: [m.ca]}
connections:
  - {from: browser, to: m.api, every: 60s}
faults:
  - {at: 10d, remove-relation: {model: m, between: [api:certificates, ca:certificates]}}
";

/// A server keeps its certificate until it ends, weeks after its relation went. The relation that was removed was not
/// tried; what moved the end of the certificates past the end of the run was called a remedy.
#[test]
fn a_relation_that_brought_certificates_is_made_again_and_that_lasts() {
    let deployment = super::inline(CERTIFICATES_REMOVED);
    let answer = Answer::of(&deployment, 8);
    let (outage, best) = answer.first();
    let command = "juju integrate -m m ca:certificates api:certificates".to_owned();
    let at = answer.at(DAY * 10 + Span::from_secs(300));
    assert_eq!(typed(best), (vec![command], Some(at), Vec::new()));
    assert_eq!(best.ends, [outage]);
    assert_eq!(best.lasting.get(&outage), Some(&Lasting::Ends));
}

/// Certificates of charm-vault are issued again by people (charmed-kubernetes/kubernetes-docs#331), here after thirty days:
/// an action before the end moves that by as much, and no further. It was said to end the outage.
#[test]
fn what_is_renewed_once_is_put_off_and_not_ended() {
    let whole = crate::common::load_named("incidents/06-kubernetes-docs-331-reissue-by-hand");
    // Before the action of the scenario itself.
    let deployment = crate::common::cut(&whole, DAY * 38);
    let answer = Answer::of(&deployment, 8);
    let (outage, best) = answer.first();
    let (commands, at, _) = typed(best);
    assert_eq!(
        commands,
        ["juju run -m k8s vault/leader reissue-certificates"]
    );
    let Some(Lasting::PutsOff(until)) = best.lasting.get(&outage) else {
        panic!("{best:?}");
    };
    let at = at.expect("it is run in time");
    let moved = until.since(at);
    assert!(DAY * 29 < moved && moved < DAY * 31, "{at} {until}");
    let told = words::remedy::effect(best, &[outage]);
    let until = until.truncated_to_seconds();
    let said = format!("it puts this off until {until}, when the same cause is back");
    assert!(told.contains(&said), "{told}");
}

const ADDRESS_KEPT: &str = "
name: address kept
duration: 30d
models:
  m:
    applications:
      easyrsa: {charm: easyrsa, num_units: 1}
      etcd: {charm: etcd, num_units: 3}
    relations:
      - [etcd:certificates, easyrsa:client]
connections:
  - {from: m.etcd, to: m.etcd, every: 60s}
faults:
  - {at: 5d, change-address: {unit: m.etcd/0}}
";

/// charmed-kubernetes/bundle#425 with etcd, whose charm has no option for further names: none of the changes that were
/// played helped, and the relation without which easyrsa forgets what it issued was none of them. Before the units know
/// the address, they ask for the old one again.
#[test]
fn a_certificate_that_is_kept_is_issued_anew_over_a_relation_made_again() {
    let deployment = super::inline(ADDRESS_KEPT);
    let answer = Answer::of(&deployment, 8);
    let (_, best) = answer.first();
    let (commands, at, later) = typed(best);
    let remove = "juju remove-relation -m m easyrsa:client etcd:certificates";
    assert_eq!(commands, [remove]);
    let at = at.expect("it is done when it fails");
    let integrate = "juju integrate -m m easyrsa:client etcd:certificates".to_owned();
    assert_eq!(later, [(at + Span::from_secs(300), integrate)]);
    for seed in 1..=4 {
        let lost = lost_with(&answer.trials.plans[best.plan].deployment, seed);
        assert!(lost < DAY, "seed {seed}: {lost:?}");
    }
}

const NOTARY: &str = "
name: notary alone
duration: 460d
models:
  m:
    bundle: kubernetes
    applications:
      notary: {charm: notary-k8s, scale: 1}
      ca: {charm: self-signed-certificates, scale: 1}
      api: {charm: api, scale: 1}
    relations:
      - [api:certificates, notary:certificates]
charms:
  api: {requires: {certificates: {interface: tls-certificates, mode: unit}}}
operators:
  team:
    answers: [m.notary]
    delay: {exactly: 1h}
    signs-with: {chain: [{common-name: Corporate, validity: 3650d}], leaf-validity: 60d}
clients:
  browser: {trusts: [m.notary], refresh: 7d}
connections:
  - {from: browser, to: m.api, every: 60s}
";

/// Notary's own certificate, which it makes once for a year, has ended, and it issues nothing more
/// (canonical/notary-k8s-operator a02e839, `src/charm.py`); the CA beside it was not tried.
#[test]
fn a_provider_without_certificates_gets_them_from_a_ca_of_the_deployment() {
    let answer = Answer::of(&super::inline(NOTARY), 8);
    let (outage, best) = answer.first();
    let (commands, at, _) = typed(best);
    assert_eq!(
        commands,
        ["juju integrate -m m notary:access-certificates ca:certificates"]
    );
    assert!(at.is_some(), "{best:?}");
    assert_eq!(best.ends, [outage]);
}
