//! The life of `self-signed-certificates`, step by step: canonical/self-signed-certificates-operator
//! `src/charm.py` at df04ad3, `_configure` and what calls it. Every hook is played.
//!
//! The root lives 8 days and a leaf 2: the CA is due after 6 (`root - leaf`), leaves after 1.8.

use std::sync::Arc;

use super::super::Mode;
use super::{Stage, certificates_profile, consumer, self_signed_certificates};
use trustsim_interfaces::tls_certificates::{CertificateEntry, read_provider};
use trustsim_juju::{ApplicationId, Hook, RelationId, SecretOwner, UnitId};
use trustsim_kernel::{Span, Time};
use trustsim_pki::Certificate;

const DAY: Span = Span::from_secs(86_400);
const UPDATE_STATUS: Span = Span::from_secs(300 + 60 + 10);

struct Life {
    stage: Stage,
    ca: ApplicationId,
    provider: UnitId,
    certificates: RelationId,
    transfer: RelationId,
}

impl Life {
    fn begin() -> Self {
        let mut stage = Stage::new(5, true, true);
        stage.keeps_all = true;
        let options = [("root-ca-validity", "8d"), ("certificate-validity", "2d")];
        let ca = stage.deploy("ca", &self_signed_certificates(), &options, 1);
        let charm = consumer(certificates_profile(Mode::Unit));
        let web = stage.deploy("web", &charm, &[], 1);
        stage.run_for(60);
        let provider = stage.unit(ca, 0);
        // Step 1, before any relation: the first CA comes with config-changed.
        let life = Self {
            certificates: stage.integrate((ca, "certificates"), (web, "certificates")),
            transfer: stage.integrate((ca, "send-ca-cert"), (web, "receive-ca-cert")),
            stage,
            ca,
            provider,
        };
        assert_eq!(life.roots().len(), 1);
        assert_eq!(life.made_in(0), "config-changed");
        life
    }

    /// Every root so far, with when its hook began.
    fn roots(&self) -> Vec<(Time, Certificate)> {
        let notes = self.stage.notes.iter();
        notes
            .filter(|note| note.2 == "certificate-issued" && note.1 == self.provider)
            .map(|note| (note.0, Certificate::from_pem(&note.3).expect("a note")))
            .filter(|(_, certificate)| certificate.is_ca())
            .collect()
    }

    /// The hook that made a root, by kind.
    fn made_in(&self, root: usize) -> &'static str {
        let at = self.roots()[root].0;
        let mut hooks = self.stage.played.iter();
        let hook = hooks.find(|played| played.unit == self.provider && played.at == at);
        hook.expect("a root is made in a hook").hook.kind()
    }

    /// The provider's hooks since an instant that changed a databag: kind, and which relation.
    fn writes_since(&self, since: Time) -> Vec<(&'static str, RelationId)> {
        let hooks = self.stage.played.iter();
        let own = hooks.filter(|played| played.unit == self.provider && played.at >= since);
        own.flat_map(|played| {
            let changed = played.changed.iter();
            changed.map(|(relation, ..)| (played.hook.kind(), *relation))
        })
        .collect()
    }

    fn answers(&self) -> Vec<Arc<CertificateEntry>> {
        let bag = self.stage.application_bag(self.certificates, self.ca);
        let data = read_provider(&bag).expect("what the charm wrote can be read");
        data.map_or_else(Vec::new, |data| data.certificates.entries().to_vec())
    }

    fn transferred(&self) -> usize {
        let bag = self.stage.application_bag(self.transfer, self.ca);
        let value = bag.get("certificates").expect("something was sent");
        let list: Vec<String> = serde_json::from_str(value.text()).expect("a list");
        list.len()
    }

    fn secret_labels(&self) -> Vec<Arc<str>> {
        let secrets = self
            .stage
            .juju
            .secrets_of(SecretOwner::Application(self.ca));
        let labels = secrets
            .into_iter()
            .map(|id| Arc::clone(&self.stage.juju.secret(id).label));
        labels.collect()
    }

    fn secret_expired_hooks_since(&self, since: Time) -> usize {
        let hooks = self.stage.played.iter();
        let expired = hooks.filter(|played| {
            played.unit == self.provider
                && played.at >= since
                && matches!(played.hook, Hook::SecretExpired { .. })
        });
        expired.count()
    }
}

#[test]
fn the_order_of_events() {
    let mut life = Life::begin();
    the_first_certificate(&mut life);
    the_ca_falls_due(&mut life);
    what_expired_is_repeated(&mut life);
    the_configuration_changes(&mut life);
}

fn the_first_certificate(life: &mut Life) {
    // Step 2: certificates are signed in relation-changed, the CA is sent in relation-joined of
    // `send-ca-cert`, each by the hook of its own relation.
    let since = life.stage.now();
    life.stage.run_for(60);
    let writes = life.writes_since(since);
    let signed = writes.iter().find(|(_, to)| *to == life.certificates);
    assert_eq!(signed, Some(&("relation-changed", life.certificates)));
    let sent = writes.iter().find(|(_, to)| *to == life.transfer);
    // A library's observer names its version when the relation is created; the set comes later.
    assert!(sent.is_some());
    assert_eq!(life.transferred(), 1);
    let first = life.answers()[0].clone();
    let texts: Vec<&str> = first.chain.iter().flatten().map(Certificate::pem).collect();
    assert_eq!(
        texts,
        [first.certificate.pem(), first.ca.pem()],
        "leaf first"
    );
}

fn the_ca_falls_due(life: &mut Life) {
    let born = life.roots()[0].0;
    // Step 3: nothing but renewals until the CA is due, six days after it was made.
    life.stage.run_until(born + 6 * DAY - Span::from_secs(60));
    assert_eq!(life.roots().len(), 1);
    let before = life.answers()[0].clone();
    assert_eq!(before.ca, life.roots()[0].1);

    // Step 4, hook A: its secret expires, a new CA is made, and nothing is published.
    let since = life.stage.now();
    life.stage.run_for(75);
    assert_eq!(life.roots().len(), 2);
    assert_eq!(life.made_in(1), "secret-expired");
    assert_eq!(life.writes_since(since), []);
    assert_eq!(life.transferred(), 1);
    assert!(
        life.secret_labels()
            .iter()
            .any(|label| &**label == "expiring-ca-certificates")
    );

    // Step 5, hook B: the next update-status sends both CAs; what was issued is not revoked.
    life.stage.run_for(UPDATE_STATUS.as_secs());
    assert_eq!(life.writes_since(since), [("update-status", life.transfer)]);
    assert_eq!(life.transferred(), 2);
    let kept = life.answers()[0].clone();
    assert!(kept.certificate == before.certificate && !kept.is_revoked());

    // Step 6: leaves change CA at their own renewal.
    life.stage.run_for(2 * 86_400);
    let renewed = life.answers()[0].clone();
    assert_eq!(renewed.ca, life.roots()[1].1);
}

fn what_expired_is_repeated(life: &mut Life) {
    // Step 7: what has expired is not removed, neither the replaced revision of the active CA's
    // secret nor, two days later, the expiring one. Juju repeats the event of each every five
    // minutes (juju/juju 3.6 `ExpireRetryDelay`), and each time the charm configures.
    let since = life.stage.now();
    life.stage.run_for(3_600);
    let repeated = life.secret_expired_hooks_since(since);
    assert!(
        (2 * 11..=2 * 13).contains(&repeated),
        "{repeated} in an hour"
    );
    assert_eq!(life.roots().len(), 2, "the active CA is in order");
}

fn the_configuration_changes(life: &mut Life) {
    // Step 8: configuration. All is revoked and a new CA made in one hook, which publishes no
    // more than the flags; the next one that configures sends and signs.
    let since = life.stage.now();
    life.stage.set_config(life.ca, "ca-common-name", "another");
    life.stage.run_for(3);
    assert_eq!(life.roots().len(), 3);
    assert_eq!(life.made_in(2), "config-changed");
    assert_eq!(
        life.writes_since(since),
        [("config-changed", life.certificates)]
    );
    assert!(life.answers()[0].is_revoked());
    assert!(
        !life
            .secret_labels()
            .iter()
            .any(|label| &**label == "expiring-ca-certificates")
    );
    life.stage.run_for(UPDATE_STATUS.as_secs());
    let mut published = life.writes_since(since);
    published.remove(0);
    published.sort_unstable();
    let by = "update-status";
    let mut expected = [(by, life.certificates), (by, life.transfer)];
    expected.sort_unstable();
    assert_eq!(published, expected, "both in one hook");
    assert_eq!(life.transferred(), 3, "for ever");
    assert_eq!(life.answers()[0].ca, life.roots()[2].1);

    // Step 9: the validity of leaves is not compared with what the CA was made for.
    life.stage.set_config(life.ca, "certificate-validity", "1d");
    life.stage.run_for(UPDATE_STATUS.as_secs());
    assert_eq!(life.roots().len(), 3);
}
