//! What an answer rests on is told before it: what is modelled, assumed, and not simulated.

use trustsim::diagnosis::{Findings, RunVerdict, SeedOutcome, diagnose};
use trustsim::model::{ConnectionSpecIndex, Coverage, Gap, Standing};
use trustsim::report::terminal::{Detail, assumptions};
use trustsim::report::words::standing;
use trustsim::world::{Deployment, Options};

use crate::common::{deployed, play, trustsim};

fn findings(deployment: &Deployment) -> Findings {
    let record = play(deployment, Options::default());
    diagnose(deployment, &record.manifest, &record.journal)
}

/// One connection to a server of a charm, which is related to a CA where `relations` says so.
fn scenario(ca: &str, relations: &str) -> Deployment {
    deployed(&format!(
        "
name: coverage
duration: 2d
models:
  m:
    applications:
      ca: {{charm: {ca}, num_units: 1}}
      shop: {{charm: never-heard-of, num_units: 1}}
{relations}
clients: {{browser: {{trusts: [m.ca]}}}}
connections:
  - {{from: browser, to: m.shop}}
"
    ))
}

/// A charm of which only the name is known, with no relation that tells how it gets certificates, was an outage
/// of the whole run ("never asked for a certificate").
#[test]
fn a_server_without_a_description_neither_holds_nor_fails() {
    let deployment = scenario("self-signed-certificates", "");
    let coverage = Coverage::of(&deployment);
    assert_eq!(
        standing::coverage(&coverage),
        "1 of 2 charms modelled, 1 not simulated; 0 of 0 TLS relations; 0 of 1 connections"
    );
    let found = findings(&deployment);
    assert!(found.outages.is_empty(), "{:?}", found.outages);
    assert!(found.tallies.is_empty());
    assert_eq!(found.verdict(), RunVerdict::NothingJudged);
    let [reason] = &*coverage.bases[ConnectionSpecIndex::from(0)].reasons else {
        panic!("{:?}", coverage.bases);
    };
    assert_eq!(
        standing::reason(reason, &deployment),
        "m.shop: the charm never-heard-of is not in the catalogue"
    );
    assert_eq!(
        standing::help(reason, &deployment).as_deref(),
        Some(
            "describe it under charms.never-heard-of, or put its charmcraft.yaml into \
             charms/never-heard-of"
        )
    );
}

/// Nothing was judged: that no connection fails, with any seed, is no result, and that connections are to be added is no
/// help where there is one.
#[test]
fn a_run_of_which_nothing_is_simulated_does_not_sound_good() {
    let deployment = scenario("self-signed-certificates", "");
    let record = play(&deployment, Options::default());
    let mut findings = diagnose(&deployment, &record.manifest, &record.journal);
    let outcome = SeedOutcome::of(&record.manifest, &findings);
    findings.seeds = vec![outcome.clone(), outcome];
    let run = trustsim::report::Run {
        manifest: &record.manifest,
        journal: &record.journal,
        findings: &findings,
        provenance: None,
    };
    let text = trustsim::report::terminal::terminal(&run, Detail::Normal);
    let last = text.lines().last();
    assert_eq!(
        last,
        Some(
            "Nothing was judged: the only connection is not simulated, and the scenario expects nothing. What is missing \
             for it is told above."
        )
    );
}

/// Where the other end of a relation tells the protocol, a generic consumer speaks it: version 1 and the legacy
/// protocol of the reactive charms.
#[test]
fn a_requirer_without_a_description_speaks_what_its_provider_speaks() {
    for (ca, endpoints) in [
        (
            "self-signed-certificates",
            "['shop:tls', 'ca:certificates']",
        ),
        ("easyrsa", "['shop:tls', 'ca:client']"),
        ("manual-tls-certificates", "['shop:tls', 'ca:certificates']"),
    ] {
        let deployment = scenario(ca, &format!("    relations: [{endpoints}]"));
        let coverage = Coverage::of(&deployment);
        let basis = &coverage.bases[ConnectionSpecIndex::from(0)];
        assert_eq!(basis.standing, Standing::Assumed, "{ca}: {basis:?}");
        assert!(
            basis
                .reasons
                .iter()
                .all(|reason| reason.gap == Gap::Generic)
        );
        let found = findings(&deployment);
        assert_eq!(found.tallies.len(), 1, "{ca}");
        // What waits for an operator who is not there fails, and says why.
        let holds = found.outages.is_empty();
        assert_eq!(
            holds,
            ca != "manual-tls-certificates",
            "{ca}: {:?}",
            found.outages
        );
    }
}

/// Trust, too, comes to a charm without a description.
#[test]
fn a_client_without_a_description_trusts_what_it_is_given() {
    let text = |relation: &str| {
        format!(
            "
name: coverage
duration: 2d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, scale: 1}}
      api: {{charm: traefik-k8s, scale: 1}}
      shop: {{charm: never-heard-of, scale: 1}}
    relations:
      - [ca:certificates, api:certificates]
{relation}
connections:
  - {{from: m.shop, to: m.api}}
"
        )
    };
    let related = deployed(&text("      - [ca:send-ca-cert, shop:trust]"));
    assert!(findings(&related).outages.is_empty());
    let stranger = deployed(&text(""));
    let found = findings(&stranger);
    assert_eq!(found.verdict(), RunVerdict::NothingJudged);
    // Which CA a provider without a description has cannot be known.
    let provider = deployed(&text("").replace(
        "charm: self-signed-certificates",
        "charm: another-unknown-ca",
    ));
    assert_eq!(Coverage::of(&provider).relations.not_simulated, 1);
    assert_eq!(findings(&provider).verdict(), RunVerdict::NothingJudged);
}

/// The relation of an endpoint without a description to another one: which interface it has only their names tell.
fn by_names(relation: &str, my_ca: &str) -> String {
    // A client cannot trust the CA of a charm without a description.
    let trusts = if my_ca.is_empty() { "" } else { "m.my-ca" };
    format!(
        "
name: coverage
duration: 2d
models:
  m:
    bundle: kubernetes
    applications:
      my-ca: {{charm: my-ca, scale: 1}}
      shop: {{charm: never-heard-of, scale: 1}}
    relations: [{relation}]
charms: {{other: {{}}{my_ca}}}
clients: {{browser: {{trusts: [{trusts}]}}}}
connections: [{{from: browser, to: m.shop}}]
"
    )
}

/// What neither side tells is taken from the usual name of the endpoint, which `check` and the standing of a connection
/// say. A provider that is played issues over it; of one without a description it is not known which CA it has.
#[test]
fn a_usual_name_is_the_last_resort() {
    let declared = ", my-ca: {more-endpoints: true, issuer: {chain: [{common-name: root, validity: 365d}]}, \
                    provides: {other: {interface: tls-certificates}}}";
    let relation = "['shop:certificates', 'my-ca:issue']";
    let said = |deployment: &Deployment| -> Vec<String> {
        let coverage = Coverage::of(deployment);
        let reasons = coverage.bases[ConnectionSpecIndex::from(0)].reasons.iter();
        reasons
            .map(|reason| standing::reason(reason, deployment))
            .collect()
    };
    let deployment = deployed(&by_names(relation, declared));
    assert_eq!(
        said(&deployment),
        [
            "m.my-ca: the charm my-ca is not known to have the endpoint issue, which a generic charm uses",
            "m.my-ca: the scenario describes the charm my-ca",
            "m.shop: the charm never-heard-of is not in the catalogue; a generic charm requests its certificates and CAs",
            "m.shop: no description says of which interface the endpoint certificates of the charm never-heard-of is; by \
             its name it is taken to require tls-certificates",
        ]
    );
    let basis = &Coverage::of(&deployment).bases[ConnectionSpecIndex::from(0)];
    assert_eq!(basis.standing, Standing::Assumed);
    let found = findings(&deployment);
    assert_eq!((found.tallies.len(), found.outages.len()), (1, 0));

    let undescribed = deployed(&by_names(relation, ""));
    let coverage = Coverage::of(&undescribed);
    assert_eq!(coverage.relations.not_simulated, 1);
    let basis = &coverage.bases[ConnectionSpecIndex::from(0)];
    assert_eq!(basis.standing, Standing::NotSimulated);
    assert!(
        said(&undescribed).contains(&"m.my-ca: the charm my-ca is not in the catalogue".to_owned())
    );
    // Names that are usual for nothing tell nothing.
    let unusual = deployed(&by_names("['shop:door', 'my-ca:key']", ""));
    assert_eq!(Coverage::of(&unusual).relations.total(), 0);
}

/// The same in `trustsim check`.
#[test]
fn what_is_taken_from_a_name_is_noted() {
    let text = by_names("['shop:receive-ca-cert', 'my-ca:certs']", "");
    let files = trustsim::scenario::MemoryFiles::new([("s.yaml", &*text)]);
    let loaded =
        trustsim::scenario::load(std::path::Path::new("s.yaml"), &files).expect("it can be played");
    let said = loaded.warnings.render(false);
    let note = said.lines().find(|line| line.contains("their names say"));
    assert_eq!(
        note,
        Some(
            "note[TS0218]: no description tells what these endpoints are, and they are taken for what their names say: \
             `m.my-ca:certs` provides certificate_transfer, `m.shop:receive-ca-cert` requires certificate_transfer"
        ),
        "{said}"
    );
}

/// An endpoint that the catalogue does not have of a charm whose own code is played: the code does nothing with it.
#[test]
fn an_endpoint_that_played_code_does_not_know_is_not_simulated() {
    let bundle = "
applications:
  ca: {charm: self-signed-certificates, scale: 1}
  web: {charm: traefik-k8s, scale: 1}
relations: [['ca:certificates', 'web:more-certificates'], ['ca:certificates', 'web:certificates']]
bundle: kubernetes
";
    let text = "
models: {m: {from: b.yaml}}
clients: {browser: {trusts: [m.ca]}}
connections: [{from: browser, to: m.web}]
";
    let files = trustsim::scenario::MemoryFiles::new([("s.yaml", text), ("b.yaml", bundle)]);
    let loaded =
        trustsim::scenario::load(std::path::Path::new("s.yaml"), &files).expect("it can be played");
    let coverage = Coverage::of(&loaded.deployment);
    let basis = &coverage.bases[ConnectionSpecIndex::from(0)];
    let reason = basis.reasons.first().expect("a reason");
    assert_eq!(
        standing::reason(reason, &loaded.deployment),
        "m.web: the charm traefik-k8s is not known to have the endpoint more-certificates; what it does with it is not \
         played"
    );
    assert_eq!(basis.standing, Standing::NotSimulated);
}

/// What is read at a commit is modelled, until the scenario changes it or names a revision or a track that was not read.
#[test]
fn a_revision_that_was_not_read_is_an_assumption() {
    let text = |extra: &str, charms: &str| {
        format!(
            "
name: coverage
duration: 1d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, scale: 1{extra}}}
      api: {{charm: traefik-k8s, scale: 1, options: {{external_hostname: api.example.com}}}}
    relations: [['ca:certificates', 'api:certificates']]
{charms}
clients: {{browser: {{trusts: [m.ca]}}}}
connections: [{{from: browser, to: m.api}}]
"
        )
    };
    let gaps = |text: &str| -> Vec<String> {
        let deployment = deployed(text);
        let coverage = Coverage::of(&deployment);
        let reasons = coverage.bases[ConnectionSpecIndex::from(0)].reasons.iter();
        reasons
            .map(|reason| standing::reason(reason, &deployment))
            .collect()
    };
    assert_eq!(gaps(&text("", "")), Vec::<String>::new());
    // Each of these revisions is in the range of a reading.
    for revision in [155, 175, 280, 487] {
        let pinned = format!(", channel: 1/stable, revision: {revision}");
        assert_eq!(gaps(&text(&pinned, "")), Vec::<String>::new(), "{revision}");
    }
    let known_to_differ = gaps(&text(", revision: 166", ""));
    assert_eq!(
        known_to_differ,
        [
            "m.ca: the charm self-signed-certificates makes a CA for 365 days whatever root-ca-validity says, \
             which is not played"
        ]
    );
    let not_read = gaps(&text(", revision: 100", ""));
    assert_eq!(not_read.len(), 1, "{not_read:?}");
    let said = "m.ca: revision 100 of self-signed-certificates was not read; it is played as \
                revision 131";
    assert_eq!(not_read, [said]);
    assert_eq!(
        gaps(&text(", channel: nonsense/edge", "")),
        [
            "m.ca: which revision of the charm self-signed-certificates the track nonsense brings \
             is not known; its tracks 1, latest are known"
        ]
    );
    assert_eq!(
        gaps(&text("", "charms: {traefik-k8s: {more-endpoints: true}}")),
        ["m.api: the scenario changes what the catalogue has of the charm traefik-k8s"]
    );
}

/// What the real code does otherwise than it is played (canonical/catalogue-k8s-operator 430b1b3, run
/// under `ops[testing]`) is said, until it is played.
#[test]
fn a_charm_that_differs_from_what_is_played_says_how() {
    let deployment = deployed(
        "
name: coverage
duration: 1d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      page: {charm: catalogue-k8s, scale: 1}
    relations: [['ca:certificates', 'page:certificates']]
clients: {browser: {trusts: [m.ca]}}
connections: [{from: browser, to: m.page}]
",
    );
    let coverage = Coverage::of(&deployment);
    assert_eq!(
        standing::coverage(&coverage),
        "1 of 2 charms modelled, 1 assumed; 1 of 1 TLS relations; 1 of 1 connections"
    );
    let said: Vec<String> = coverage.bases[ConnectionSpecIndex::from(0)]
        .reasons
        .iter()
        .map(|reason| standing::reason(reason, &deployment))
        .collect();
    assert!(
        said.contains(
            &"m.page: the charm catalogue-k8s takes up its newest certificate when its items or options change, too, \
              which is not played"
                .to_owned()
        ),
        "{said:?}"
    );
}

/// charm-vault keeps its data in a raft cluster on the track 1.8 (openstack/charm-vault 5a0c525,
/// `src/reactive/vault_handlers.py`): TS0316 advised the track that was given.
#[test]
fn vault_on_the_track_with_raft_needs_no_database() {
    let version = |channel: &str| {
        let pinned = trustsim::charms::Pinned {
            channel: Some(channel),
            ..Default::default()
        };
        let known = trustsim::charms::known_charm("vault", pinned).expect("it is known");
        known.metadata.implementation.version
    };
    assert_eq!(version("1.7/stable"), Some("1.7"));
    assert_eq!(version("1.8/stable"), Some("1.8"));
}

/// A bundle of 38 charms, 34 of them unknown, had 272 lines of notes before its answer.
#[test]
fn charms_without_a_description_share_one_note() {
    let text = "
models:
  m:
    applications:
      one: {charm: never-heard-of, num_units: 1}
      two: {charm: nor-of-this, num_units: 1}
      three: {charm: never-heard-of, num_units: 1}
";
    let files = trustsim::scenario::MemoryFiles::new([("s.yaml", text)]);
    let loaded =
        trustsim::scenario::load(std::path::Path::new("s.yaml"), &files).expect("it loads");
    let notes: Vec<&str> = loaded
        .warnings
        .list
        .iter()
        .map(|found| found.message.as_str())
        .collect();
    assert_eq!(
        notes,
        [
            "2 charms are not described: only what their relations tell is simulated: \
          never-heard-of, nor-of-this"
        ]
    );
}

/// A server that is given CAs and no certificate, and a charm whose metadata is all that is known.
#[test]
fn where_a_server_gets_its_certificate_has_to_be_known() {
    let text = |relation: &str| {
        format!(
            "
name: coverage
duration: 1d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, scale: 1}}
      shop: {{charm: only-metadata, scale: 1}}
    relations: [{relation}]
clients: {{browser: {{trusts: [m.ca]}}}}
connections: [{{from: browser, to: m.shop}}]
"
        )
    };
    let metadata = "
name: only-metadata
requires: {tls: {interface: tls-certificates}, trust: {interface: certificate_transfer}}
";
    let said = |relation: &str, charm: &str| -> (Standing, Vec<String>) {
        let text = text(relation).replace("only-metadata", charm);
        let files = trustsim::scenario::MemoryFiles::new([
            ("s.yaml", text.as_str()),
            ("charms/only-metadata/charmcraft.yaml", metadata),
        ]);
        let loaded = trustsim::scenario::load(std::path::Path::new("s.yaml"), &files);
        let deployment = loaded.expect("it loads").deployment;
        let coverage = Coverage::of(&deployment);
        let basis = &coverage.bases[ConnectionSpecIndex::from(0)];
        let is_played = !play(&deployment, Options::default())
            .manifest
            .connections
            .is_empty();
        assert_eq!(is_played, basis.standing != Standing::NotSimulated);
        let reasons = basis.reasons.iter();
        let words = reasons.map(|reason| standing::reason(reason, &deployment));
        (basis.standing, words.collect())
    };
    let unknown = said("[ca:send-ca-cert, shop:trust]", "never-heard-of");
    assert_eq!(unknown.0, Standing::NotSimulated);
    assert!(
        unknown
            .1
            .contains(&"m.shop: the charm never-heard-of is not in the catalogue".to_owned())
    );
    for relation in ["", "[ca:send-ca-cert, shop:trust]"] {
        let (standing, words) = said(relation, "only-metadata");
        assert_eq!(standing, Standing::NotSimulated, "{relation}");
        let silent = "m.shop: the metadata of the charm only-metadata does not say what it does with certificates";
        assert!(words.contains(&silent.to_owned()), "{words:?}");
    }
    assert_eq!(
        said("[ca:certificates, shop:tls]", "only-metadata").0,
        Standing::Assumed
    );
}

/// A key that the scenario changes hides nothing of what is known of the charm.
#[test]
fn what_differs_is_said_of_a_changed_charm_too() {
    let deployment = deployed(
        "
name: coverage
duration: 1d
models:
  m:
    bundle: kubernetes
    applications: {page: {charm: catalogue-k8s, scale: 1}}
charms: {catalogue-k8s: {more-options: true}}
clients: {browser: {}}
connections: [{from: browser, to: m.page}]
",
    );
    let coverage = Coverage::of(&deployment);
    let reasons = &coverage.bases[ConnectionSpecIndex::from(0)].reasons;
    let is_changed = |gap: &Gap| *gap == Gap::ChangedByScenario;
    assert!(reasons.iter().any(|reason| is_changed(&reason.gap)));
    assert!(
        reasons
            .iter()
            .any(|reason| matches!(reason.gap, Gap::Differs { .. })),
        "{reasons:?}"
    );
}

/// A channel that is nowhere was taken for one: `charm: traefik-k8s, channel: nonsense/edge`.
#[test]
fn a_channel_that_is_nowhere_is_told() {
    let said = |channel: &str| -> Vec<String> {
        let text = format!(
            "
duration: 1d
models:
  m:
    bundle: kubernetes
    applications: {{api: {{charm: traefik-k8s, scale: 1, channel: {channel}}}}}
"
        );
        let files = trustsim::scenario::MemoryFiles::new([("s.yaml", &*text)]);
        let found = match trustsim::scenario::load(std::path::Path::new("s.yaml"), &files) {
            Ok(loaded) => loaded.warnings.list,
            Err(wrong) => wrong.list,
        };
        let told = found.iter().filter(|each| each.code.text() > "TS0225");
        told.map(|each| format!("{} {}", each.code, each.message))
            .collect()
    };
    assert_eq!(
        said("nonsense/edge"),
        ["TS0226 the charm traefik-k8s has no track `nonsense` that is known"]
    );
    assert_eq!(
        said("stable/latest/x/y"),
        ["TS0227 `stable/latest/x/y` is not a channel"]
    );
    assert_eq!(said("1.0/stabel"), ["TS0227 `1.0/stabel` is not a channel"]);
    for fine in ["latest/stable", "edge", "latest", "latest/edge/fix-1"] {
        assert_eq!(said(fine), Vec::<String>::new(), "{fine}");
    }
}

/// The revisions of cassandra were compared by libraries, endpoints, options and actions only. Without a revision it was
/// modelled.
#[test]
fn a_revision_whose_code_was_not_compared_is_an_assumption() {
    let standing_at = |pin: &str| {
        let text = format!(
            "
duration: 1d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      it: {{charm: cassandra, scale: 1{pin}}}
    relations: [['ca:certificates', 'it:client-certificates']]
clients: {{browser: {{trusts: [m.ca]}}}}
connections: [{{from: browser, to: m.it}}]
"
        );
        let deployment = deployed(&text);
        Coverage::of(&deployment).bases[ConnectionSpecIndex::from(0)].standing
    };
    assert_eq!(standing_at(""), Standing::Assumed);
    assert_eq!(standing_at(", revision: 70"), Standing::Assumed);
}

/// Of an answer that rests on assumptions only their number was told, unless something failed.
#[test]
fn what_is_assumed_is_told_beneath_the_coverage() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "
name: coverage
duration: 1d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, revision: 100, scale: 1}
      api: {charm: traefik-k8s, scale: 1}
      shop: {charm: never-heard-of, scale: 1}
      cart: {charm: nor-of-this, scale: 1}
      page: {charm: unrelated, scale: 1}
    relations:
      - ['ca:certificates', 'shop:tls']
      - ['ca:certificates', 'cart:tls']
clients: {browser: {trusts: [m.ca]}}
connections: [{from: browser, to: m.shop}]
";
    std::fs::write(folder.path().join("s.yaml"), text).expect("written");
    let said = |arguments: &[&str]| -> Vec<String> {
        let output = trustsim(folder.path(), arguments);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).expect("text");
        let after = text
            .lines()
            .skip_while(|line| !line.starts_with("coverage: "));
        let told = after.skip(1).take_while(|line| line.starts_with("  "));
        told.map(str::to_owned).collect()
    };
    let generic = "not in the catalogue; a generic charm requests certificates and CAs";
    let expected = [
        "  not simulated: unrelated: not in the catalogue".to_owned(),
        format!("  assumed: never-heard-of, nor-of-this: {generic}"),
        "  assumed: self-signed-certificates: revision 100 was not read and is played as 131"
            .to_owned(),
    ];
    let pointed_to = [
        &expected[..],
        &["  how to make it known: --verbose".to_owned()],
    ]
    .concat();
    let helps = ["never-heard-of", "nor-of-this"].map(|charm| {
        format!(
            "  help: describe it under charms.{charm}, or put its charmcraft.yaml into charms/{charm}"
        )
    });
    assert_eq!(said(&["check", "s.yaml"]), pointed_to);
    assert_eq!(
        said(&["check", "-v", "s.yaml"]),
        [&expected[..], &helps].concat()
    );
    let run = ["run", "--seeds", "1", "--remedies", "0", "s.yaml"];
    assert_eq!(said(&run), pointed_to);
    let quiet = trustsim(folder.path(), &["check", "-q", "s.yaml"]);
    assert_eq!((quiet.stdout, quiet.stderr), (Vec::new(), Vec::new()));
}

/// A bundle of many unknown charms has few lines, and the verbose form has all of them.
#[test]
fn the_same_reason_is_told_once_with_its_charms() {
    let applications: String = (0..30)
        .map(|number| format!("      a{number}: {{charm: unknown-{number:02}, num_units: 1}}\n"))
        .collect();
    let deployment = deployed(&format!(
        "name: coverage\nduration: 1d\nmodels:\n  m:\n    applications:\n{applications}"
    ));
    let coverage = Coverage::of(&deployment);
    let told = |detail| assumptions(&deployment, &coverage, detail);
    let brief = told(Detail::Normal);
    assert!(
        brief.ends_with(
            ": unknown-00, unknown-01, unknown-02, unknown-03, 26 more: not in the catalogue\n"
        ),
        "{brief}"
    );
    assert_eq!(brief.lines().count(), 1);
    let full = told(Detail::Verbose);
    assert!((0..30).all(|number| full.contains(&format!("unknown-{number:02}"))));
    let modelled = deployed(
        "name: coverage\nduration: 1d\nmodels:\n  m:\n    applications:\n      \
         ca: {charm: self-signed-certificates, num_units: 1}\n",
    );
    let coverage = Coverage::of(&modelled);
    assert_eq!(assumptions(&modelled, &coverage, Detail::Verbose), "");
}
