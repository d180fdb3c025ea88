//! What is said beneath a failure of what is assumed: whether it could explain the failure away.

use trustsim::diagnosis::diagnose;
use trustsim::report::terminal::Detail;
use trustsim::world::Options;

use crate::common::{deployed, play};

/// The lines of a finding about what is assumed.
fn doubts(text: &str) -> Vec<String> {
    let deployment = deployed(text);
    let record = play(&deployment, Options::default());
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    let run = trustsim::report::Run {
        manifest: &record.manifest,
        journal: &record.journal,
        findings: &findings,
        provenance: None,
    };
    let text = trustsim::report::terminal::terminal(&run, Detail::Normal);
    let text = anstream::adapter::strip_str(&text).to_string();
    let lines = text.lines().filter_map(|line| line.strip_prefix("   = "));
    let told = lines.filter(|line| line.contains("assumed") || line.starts_with("may not"));
    let told = told.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    told.collect()
}

/// A failure that an assumption could explain away says so; what is assumed of those who have nothing to do with the
/// cause is told apart, and of a server that is stopped no charm would make another one.
#[test]
fn a_failure_that_an_assumption_could_explain_away_says_so() {
    let text = |trusts: &str, connection: &str, faults: &str| {
        format!(
            "
name: coverage
duration: 2d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, scale: 1}}
      old: {{charm: self-signed-certificates, revision: 100, scale: 1}}
      shop: {{charm: never-heard-of, scale: 1}}
      front: {{charm: traefik-k8s, scale: 1}}
      api: {{charm: traefik-k8s, scale: 1}}
    relations:
      - ['ca:certificates', 'shop:tls']
      - ['old:certificates', 'front:certificates']
clients: {{browser: {{trusts: [{trusts}]}}}}
connections: [{connection}]
faults: [{faults}]
"
        )
    };
    let generic = "m.shop: not in the catalogue; a generic charm requests certificates and CAs";
    assert_eq!(
        doubts(&text("", "{from: browser, to: m.shop}", "")),
        [format!("may not happen since this is assumed: {generic}")]
    );
    let beside = doubts(&text("", "{from: m.front, to: m.api}", ""));
    assert_eq!(beside.len(), 1, "{beside:?}");
    assert!(
        beside[0].starts_with("assumed m.old: revision 100 was not read"),
        "{beside:?}"
    );
    // What revision 166 does otherwise does not give a client its CA.
    let known =
        text("", "{from: browser, to: m.front}", "").replace("revision: 100", "revision: 166");
    let known = known.replace("charm: traefik-k8s, scale", "charm: opensearch, scale");
    assert_eq!(
        doubts(&known),
        [
            "assumed m.old: it makes a CA for 365 days whatever root-ca-validity says, which is not played"
        ]
    );
    let stopped = "{at: 1d, stop: {unit: m.shop/0, for: 2h}}";
    assert_eq!(
        doubts(&text("m.ca", "{from: browser, to: m.shop}", stopped)),
        [format!("assumed {generic}")]
    );
}

/// Of outages that one action led to, those may not happen that rest on what is assumed, and no others: a sdcore-nrf-k8s
/// that was not read was told as a doubt about databases whose certificates ran out at the same CA.
#[test]
fn a_doubt_about_one_outage_is_not_told_of_others() {
    let text = "
name: coverage
duration: 8d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1, options: {certificate-validity: 2d}}
      api: {charm: traefik-k8s, scale: 1}
      shop: {charm: never-heard-of, scale: 1}
    relations:
      - ['api:certificates', 'ca:certificates']
      - ['shop:tls', 'ca:certificates']
clients: {browser: {trusts: [m.ca]}}
connections: [{from: browser, to: m.api}, {from: browser, to: m.shop}]
faults: [{at: 1d, kill-unit: {unit: m.ca/0, for: 5d}}]
";
    let generic = "m.shop: not in the catalogue; a generic charm requests certificates and CAs";
    assert_eq!(
        doubts(text),
        [format!(
            "may not happen 1 of these 2 outages (browser -> m.shop/0), since this is assumed: {generic}"
        )]
    );
    let both = text.replace("api: {charm: traefik-k8s", "api: {charm: nor-of-this");
    let [only] = &doubts(&both)[..] else {
        panic!("one line is told of what both rest on");
    };
    assert!(only.starts_with("may not happen since this"), "{only}");
}

/// What is not known of a revision is told of failures that come while it is deployed.
#[test]
fn a_revision_that_was_refreshed_long_ago_is_no_doubt() {
    let text = |refreshed: &str| {
        format!(
            "
name: coverage
duration: 8d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, revision: 100, scale: 1}}
      api: {{charm: traefik-k8s, scale: 1}}
    relations:
      - ['api:certificates', 'ca:certificates']
clients: {{browser: {{trusts: [m.ca]}}}}
connections: [{{from: browser, to: m.api}}]
faults:
  - {{at: 4d, remove-relation: {{between: [api:certificates, ca:certificates]}}}}
{refreshed}"
        )
    };
    let refreshed = |at: &str| {
        text(&format!(
            "  - {{at: {at}, refresh: {{app: m.ca, channel: 1/stable}}}}"
        ))
    };
    let old = "m.ca: revision 100 was not read and is played as 131";
    let is_told = |lines: Vec<String>| lines.iter().any(|line| line.contains(old));
    assert!(is_told(doubts(&text(""))));
    assert!(!is_told(doubts(&refreshed("1d"))));
    assert!(
        is_told(doubts(&refreshed("5d"))),
        "it was there when it began"
    );
}
