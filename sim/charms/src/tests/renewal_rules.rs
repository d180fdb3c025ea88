//! What renewing with charmlibs `interfaces/tls-certificates` comes to when the provider is away,
//! signs for too short a time, or has many to answer.

use super::super::{DeclaredAuthority, Mode, Transfers};
use super::requirer_rules::pair;
use super::*;
use trustsim_interfaces::tls_certificates::LIBID;

const DAY_S: u64 = 86_400;

/// With its secret gone the library has nothing left that would fire: the request waits in the
/// databag, the certificate on disk ends, and only the provider's return brings another.
#[test]
fn a_provider_that_is_away_is_not_asked_again() {
    let mut pair = pair(certificates_profile(Mode::Unit), 1);
    let first = pair.served(0).expect("it is served");
    pair.stage.run_for(80 * DAY_S);
    // A root that lives less than twice as long as its leaves blocks the provider.
    pair.stage.set_config(pair.ca, "root-ca-validity", "100d");
    let web = pair.stage.unit(pair.web, 0);
    pair.stage.run_for(2 * DAY_S);
    let labels: Vec<String> = {
        let owned = pair.stage.juju.secrets_of(SecretOwner::Unit(web));
        owned
            .map(|id| pair.stage.juju.secret(id).label.to_string())
            .collect()
    };
    assert!(
        !labels
            .iter()
            .any(|label| label.starts_with(&format!("{LIBID}-certificate"))),
        "{labels:?}"
    );
    pair.stage.played.clear();
    pair.stage.run_for(18 * DAY_S);
    assert_eq!(pair.served(0), Some(first.clone()), "it has ended");
    let hooks = pair.stage.hooks_of(web);
    assert!(
        hooks.iter().all(|hook| hook == "update-status"),
        "{hooks:?}"
    );
    pair.stage.set_config(pair.ca, "root-ca-validity", "365d");
    pair.stage.run_for(900);
    assert_ne!(pair.served(0), Some(first));
}

/// The secret of a certificate that has ended when it comes expires at once: a new request, a new
/// answer, for ever.
#[test]
fn a_provider_that_answers_with_what_has_ended_is_asked_in_a_loop() {
    let issuer = IssuerProfile {
        chain: vec![DeclaredAuthority {
            common_name: "Root".to_owned(),
            validity: Span::from_secs(3_650 * DAY_S),
            ..DeclaredAuthority::default()
        }],
        leaf_validity: Span::from_secs(1),
        chain_includes_root: true,
        transfers: Transfers::Root,
        ca_is_root: true,
        leaf_purposes: Vec::new(),
        public: false,
    };
    let mut stage = Stage::new(1, true, false);
    stage.keeps_all = true;
    let ca = stage.deploy("ca", &declared(issuer), &[], 1);
    let web = stage.deploy("web", &consumer(certificates_profile(Mode::Unit)), &[], 1);
    stage.run_for(30);
    stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.run_for(600);
    let hooks = stage.hooks_of(stage.unit(web, 0));
    let expired = hooks
        .iter()
        .filter(|hook| *hook == "secret-expired")
        .count();
    assert!(expired >= 10, "{expired} in ten minutes");
}

/// Units that were answered together renew together, and since the provider has one databag for all
/// of them, each answer is a hook for every unit.
#[test]
fn units_renew_in_the_same_minute_and_hear_of_each_other() {
    const UNITS: usize = 4;
    let mut pair = pair(certificates_profile(Mode::Unit), 4);
    let ends: Vec<Time> = (0..UNITS)
        .map(|number| {
            let unit = pair.stage.unit(pair.web, number);
            let owned = pair.stage.juju.secrets_of(SecretOwner::Unit(unit));
            let mut expiries = owned.filter_map(|id| pair.stage.juju.secret(id).expire);
            expiries.next().expect("it expires")
        })
        .collect();
    let (first, last) = (ends.iter().min(), ends.iter().max());
    let spread = last.expect("units").since(*first.expect("units"));
    assert!(spread < Span::from_secs(60), "{spread:?}");
    pair.stage.run_for(80 * DAY_S);
    pair.stage.played.clear();
    pair.stage.run_for(2 * DAY_S);
    let changed: usize = (0..UNITS)
        .map(|number| {
            let hooks = pair.stage.hooks_of(pair.stage.unit(pair.web, number));
            let changed = hooks
                .iter()
                .filter(|hook| hook.ends_with("relation-changed"));
            changed.count()
        })
        .sum();
    assert!(changed > UNITS, "{changed} hooks for {UNITS} answers");
    assert!(changed <= UNITS * UNITS, "{changed}");
}

/// The label of a secret is not filtered by relation: every library object of a charm reacts to
/// every certificate's end, and renews its own only.
#[test]
fn two_endpoints_of_one_charm_renew_each_for_itself() {
    let mut charm = consumer(certificates_profile(Mode::Unit));
    let profile = charm.endpoints[0].profile.clone();
    let second = endpoint("second", Role::Requirer, "tls-certificates", profile);
    charm.endpoints.push(second);
    let mut stage = Stage::new(3, true, false);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let web = stage.deploy("web", &charm, &[], 1);
    stage.run_for(30);
    stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.integrate((ca, "certificates"), (web, "second"));
    stage.run_for(120);
    let served = |stage: &Stage, endpoint: &str| {
        let files = &stage.juju.unit(stage.unit(web, 0)).workload.loaded;
        let served = super::super::surface::served(files);
        let found = served.iter().find(|found| found.endpoint == endpoint);
        found.map(|found| found.chain.clone())
    };
    let both = ["certificates", "second"];
    let before = both.map(|name| served(&stage, name));
    stage.run_for(90 * DAY_S);
    for (name, before) in both.into_iter().zip(before) {
        assert_ne!(served(&stage, name), before, "{name}");
    }
}
