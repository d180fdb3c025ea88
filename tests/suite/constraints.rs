//! `tls-constraints`: canonical/tls-constraints-operator `src/charm.py` at e071954.

use crate::common::{deployed, play};
use trustsim::world::{Options, Record};

fn scenario(options: &str, mode: &str) -> Record {
    played(options, mode, "")
}

fn played(options: &str, mode: &str, more: &str) -> Record {
    let text = format!(
        "duration: 100d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates}}
      filter: {{charm: tls-constraints, options: {{{options}}}}}
      web: {{charm: web, options: {{name: web.example}}}}
      api: {{charm: web, options: {{name: api.example}}}}
    relations:
      - [filter:certificates-upstream, ca:certificates]
      - [web:certificates, filter:certificates-downstream]
      - [api:certificates, filter:certificates-downstream]
charms:
  web:
    options: {{name: {{type: string}}}}
    requires: {{certificates: {{interface: tls-certificates, name-option: name, mode: {mode}}}}}
clients: {{browser: {{trusts: [ca]}}}}
connections:
  - {{from: browser, to: web, name: web.example}}
  - {{from: browser, to: api, name: api.example}}
{more}"
    );
    play(&deployed(&text), Options::default())
}

/// Whether each of the two ever worked, and whether it always did.
fn outcome(record: &Record) -> [(bool, bool); 2] {
    let changes = crate::common::verdicts(record);
    [0, 1].map(|connection| {
        let of = &changes[&connection];
        let works = |(_, error): &(_, &'static str)| error.is_empty();
        (of.iter().any(works), of.iter().all(works))
    })
}

/// Requests go up, certificates come down, renewals too: `LimitToFirstRequester`, which is on by
/// default, denies a renewal until the request it replaces is withdrawn, in the same hook.
#[test]
fn what_is_allowed_is_relayed_and_renewed() {
    assert_eq!(outcome(&scenario("", "unit")), [(true, true); 2]);
}

/// `AllowedFields`: a request whose names do not match waits, and no status says why.
#[test]
fn what_a_filter_denies_is_never_answered() {
    let record = scenario("allowed-dns: 'web\\.example'", "unit");
    assert_eq!(outcome(&record), [(true, true), (false, false)]);
    let record = scenario("allowed-common-name: 'api'", "unit");
    assert_eq!(outcome(&record), [(false, false), (true, true)]);
}

/// `_get_csr_filters` looks for `allowed-organizations`, which is no option: a request without any
/// organization passes `allowed-organization`.
#[test]
fn the_filter_for_organizations_never_applies() {
    let record = scenario("allowed-organization: 'Canonical'", "unit");
    assert_eq!(outcome(&record), [(true, true); 2]);
    // The filter beside it does: no request has a country.
    let record = scenario("allowed-country-code: 'UK'", "unit");
    assert_eq!(outcome(&record), [(false, false); 2]);
}

/// `get_requirer_csrs` of tls_certificates_interface.v3 reads unit databags only, and its
/// `_on_relation_changed` ignores an application's.
#[test]
fn a_requirer_that_asks_for_its_application_is_never_answered() {
    assert_eq!(outcome(&scenario("", "app")), [(false, false); 2]);
}

/// The charm's own description of the filters: "any future CSR's will be filtered [...]. This may
/// break automatic renewal requests."
#[test]
fn a_filter_that_is_set_later_denies_the_renewal() {
    let fault = "faults: [{at: 10d, set-config: {app: filter, options: {allowed-dns: 'api'}}}]\n";
    let record = played("", "unit", fault);
    let changes = crate::common::verdicts(&record);
    let errors: Vec<_> = changes[&0].iter().map(|(_, error)| *error).collect();
    assert_eq!(errors, ["", "expired"]);
    assert_eq!(outcome(&record)[1], (true, true));
}

/// `LimitToFirstRequester`: a name belongs to the first that asked, `LimitToOneRequest`: one
/// request for each relation, so of an application's two units at most one gets its certificate.
#[test]
fn names_are_for_the_first_and_one_request_is_for_one_unit() {
    let same = "      - [web:other, filter:certificates-downstream]\n";
    let text = |options: &str, scale: u32| {
        format!(
            "duration: 2d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates}}
      filter: {{charm: tls-constraints, options: {{{options}}}}}
      web: {{charm: web, scale: {scale}, options: {{name: web.example}}}}
    relations:
      - [filter:certificates-upstream, ca:certificates]
      - [web:certificates, filter:certificates-downstream]
{same}charms:
  web:
    options: {{name: {{type: string}}}}
    requires:
      certificates: {{interface: tls-certificates, name-option: name}}
      other: {{interface: tls-certificates, name-option: name}}
clients: {{browser: {{trusts: [ca]}}}}
connections:
  - {{from: browser, to: \"web:certificates\", name: web.example}}
  - {{from: browser, to: \"web:other\", name: web.example}}
"
        )
    };
    let works = |text: &str| -> Vec<bool> {
        let record = play(&deployed(text), Options::default());
        let changes = crate::common::verdicts(&record);
        let ever = |of: &Vec<(_, &str)>| of.iter().any(|(_, error)| error.is_empty());
        changes.values().map(ever).collect()
    };
    let first = works(&text("", 1));
    assert_eq!(first.iter().filter(|works| **works).count(), 1, "{first:?}");
    assert_eq!(
        works(&text("limit-to-first-requester: false", 1)),
        [true, true]
    );
    let one = "limit-to-first-requester: false, limit-to-one-request: true";
    assert_eq!(works(&text(one, 1)), [true, true]);
    // The one that asks before the other is there gets one; from then on there are two.
    let of_two_units = works(&text(one, 2));
    assert_eq!(of_two_units.len(), 4);
    assert!(of_two_units.iter().filter(|works| !**works).count() >= 2);
}
