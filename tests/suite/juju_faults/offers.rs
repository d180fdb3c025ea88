//! Offers and relations through them: suspended, resumed, removed, revoked.

use super::stage::{Played, played};

fn offered(owner: &str, faults: &str) -> Played {
    played(&format!(
        "duration: 1d
models:
  pki:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, offers: {{certificates: {{endpoints: [certificates]}}}}}}
  shop:
    owner: {owner}
    bundle: kubernetes
    saas: {{certificates: {{url: admin/pki.certificates}}}}
    applications:
      web: {{charm: web}}
    relations:
      - [web:certificates, certificates]
charms:
  web: {{requires: {{certificates: {{interface: tls-certificates}}}}}}
clients:
  browser: {{trusts: [pki.ca]}}
connections:
  - {{from: browser, to: shop.web, every: 1s}}
faults:
{faults}"
    ))
}

fn refused(run: &Played) -> Vec<String> {
    let notes = run.entries(|entry| crate::common::is_note(entry, "action-refused"));
    notes
        .into_iter()
        .map(|entry| crate::common::text_of(&run.record, entry))
        .collect()
}

/// Both sides run `departed` and `broken`; resumed, both create it again, and the requirer asks
/// anew (juju/juju 3.6 `internal/worker/remoterelations`).
#[test]
fn a_suspended_relation_breaks_and_comes_again() {
    let run = offered(
        "bob",
        "  - {at: 1h, suspend-relation: {model: shop, between: [web:certificates, certificates], for: 2h}}\n",
    );
    let hooks = run.hooks_from("web/0", 3_600);
    let expected = [
        "certificates-relation-departed",
        "certificates-relation-broken",
    ];
    assert_eq!(hooks[..2], expected);
    assert!(hooks.contains(&"certificates-relation-created".to_owned()));
    assert!(hooks.contains(&"certificates-relation-changed".to_owned()));
    let provider = run.hooks_from("ca/0", 3_600);
    assert_eq!(provider[..2], expected);
    for root in run.roots() {
        assert_eq!(
            root,
            "`juju suspend-relation -m pki '<id of ca:certificates with shop.web:certificates>'` (s.yaml:23)"
        );
    }
}

/// Revoked access suspends at once, and a resume is refused until access is back.
#[test]
fn revoked_access_suspends() {
    let run = offered(
        "bob",
        "  - {at: 1h, revoke-offer: {offer: pki.certificates, for: 2h}}
  - {at: 2h, resume-relation: {model: shop, between: [web:certificates, certificates]}}\n",
    );
    assert_eq!(refused(&run), ["permission denied"]);
    assert_eq!(
        run.hooks_from("web/0", 3_600)[1],
        "certificates-relation-broken"
    );
    let after = run.hooks_from("web/0", 3 * 3_600);
    assert_eq!(after[0], "certificates-relation-created");
    let commands = run.entries(|entry| {
        let command = crate::common::command(&run.record, entry);
        command.as_deref() == Some("juju revoke bob consume admin/pki.certificates")
    });
    assert_eq!(commands.len(), 1);
}

/// Juju refuses to remove an offer in use; by force its relations go, for good.
#[test]
fn an_offer_in_use_is_removed_by_force_only() {
    let run = offered(
        "bob",
        "  - {at: 1h, remove-offer: {offer: pki.certificates}}\n",
    );
    assert_eq!(
        refused(&run),
        ["cannot delete application offer \"certificates\": offer has 1 relation"]
    );
    assert!(run.outages().is_empty());
    let run = offered(
        "bob",
        "  - {at: 1h, remove-offer: {offer: pki.certificates, force: true}}
  - {at: 2h, integrate: {model: shop, between: [web:certificates, certificates]}}\n",
    );
    assert_eq!(
        run.hooks_from("web/0", 3_600)[1],
        "certificates-relation-broken"
    );
    assert_eq!(refused(&run), ["remote offer certificates is terminated"]);
}
