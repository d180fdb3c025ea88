//! Each invariant with a case that holds and one that does not.

use super::super::outages::outages;
use super::*;
use crate::ExpectationOutcome;
use trustsim_model::{Persisting, TimedStep};
use trustsim_testkit::{Authority, Script, address_of, deployment, seconds, source};
use trustsim_validators::ErrorKind;

/// A CA of `a.ca` that is rotated at 100 s, and whether `browser` trusts its successor at once.
fn spec(claims: &[Claim]) -> RotationSpec {
    let steps = claims.iter().map(|claim| TimedStep {
        at: seconds(900),
        step: RotationStep::Assert(*claim),
        source: source(7, "assert"),
    });
    RotationSpec {
        ca: 0.into(),
        successor: None,
        at: seconds(100),
        steps: steps.collect(),
    }
}

fn used_too_early(trusted: TrustGained) -> ViolationKind {
    ViolationKind::UsedTooEarly {
        judge: address_of("browser"),
        presenter: address_of("a.web/0"),
        trusted,
    }
}

fn outlives_distrust(what: Persisting, end: PersistenceEnd) -> ViolationKind {
    ViolationKind::OutlivesDistrust {
        connection: "browser -> a.web/0".to_owned(),
        what,
        judge: address_of("browser"),
        end,
    }
}

struct Scene {
    script: Script,
    old: Authority,
    new: Authority,
}

impl Scene {
    /// `a.web/0` with a leaf of the old CA, which `browser` trusts.
    fn new() -> Self {
        let (old, new) = (Authority::root("old"), Authority::root("new"));
        let mut script = Script::new(&["a.web/0"]);
        script.issued(1, None, "a.ca", &old.certificate, &old.certificate);
        let leaf = old.leaf("web.example.com");
        script.issued(2, None, "a.web/0", &leaf, &old.certificate);
        script.trusts(3, "browser", &[&old.certificate]);
        script.serves(4, None, "a.web/0", &leaf);
        script.ok(60, 0);
        Self { script, old, new }
    }

    /// The new CA, and a leaf of it at `a.web/0`.
    fn switch(&mut self, at_s: u64) {
        let ca = self.new.certificate.clone();
        self.script.issued(at_s, None, "a.ca", &ca, &ca);
        let leaf = self.new.leaf("web.example.com");
        self.script.issued(at_s, None, "a.web/0", &leaf, &ca);
        self.script.serves(at_s, None, "a.web/0", &leaf);
    }

    fn found(&self, invariant: Invariant) -> Option<Violation> {
        let (deployment, spec) = (deployment(), spec(&[]));
        let outages = outages(&self.script.manifest, &self.script.journal);
        let (manifest, journal) = (&self.script.manifest, &self.script.journal);
        let rotated = Rotated::new(&deployment, &spec, manifest, journal, &outages);
        rotated.violation(invariant, manifest.start + seconds(1000))
    }

    /// First use of the new CA and first distrust of the old one, in seconds from the start.
    fn instants(&self) -> (Option<u64>, Option<u64>) {
        let (deployment, spec) = (deployment(), spec(&[]));
        let (manifest, journal) = (&self.script.manifest, &self.script.journal);
        let rotated = Rotated::new(&deployment, &spec, manifest, journal, &[]);
        let offset = |time: Time| time.since(manifest.start).as_secs();
        (
            rotated.first_use().map(offset),
            rotated.first_distrust().map(offset),
        )
    }

    /// When an invariant was broken, in seconds from the start, and by what.
    fn broken(&self, invariant: Invariant) -> (u64, ViolationKind) {
        let found = self.found(invariant).expect("a violation");
        assert_eq!(found.invariant(), Some(invariant));
        let at = found.at.since(self.script.manifest.start).as_secs();
        (at, found.what)
    }
}

#[test]
fn a_new_certificate_that_is_trusted_is_no_breach() {
    let mut scene = Scene::new();
    let both = [&scene.old.certificate, &scene.new.certificate].map(Clone::clone);
    scene.script.trusts(110, "browser", &[&both[0], &both[1]]);
    scene.switch(120);
    scene.script.ok(120, 0);
    assert_eq!(scene.found(Invariant::TrustBeforeUse), None);
    let times = scene.instants();
    assert_eq!(times, (Some(120), None));
    scene.script.trusts(300, "browser", &[&both[1]]);
    assert_eq!(scene.instants(), (Some(120), Some(300)));
}

#[test]
fn a_new_certificate_before_its_root_is_named_with_how_late_that_was() {
    let mut scene = Scene::new();
    scene.switch(120);
    scene.script.fail(120, 0, ErrorKind::UnknownIssuer);
    let new = scene.new.certificate.clone();
    scene.script.trusts(165, "browser", &[&new]);
    scene.script.ok(165, 0);
    assert_eq!(
        scene.broken(Invariant::TrustBeforeUse),
        (120, used_too_early(TrustGained::After(seconds(45))))
    );
    assert_eq!(scene.found(Invariant::UseEndsBeforeDistrust), None);
}

/// A unit keeps one CA for each endpoint (the Kubernetes charms one for etcd and one for kubelets):
/// what it trusts somewhere does not help where it is not trusted.
#[test]
fn a_ca_that_is_trusted_elsewhere_is_missing_here() {
    let mut scene = Scene::new();
    let both = [&scene.old.certificate, &scene.new.certificate].map(Clone::clone);
    scene.script.trusts(110, "browser", &[&both[0], &both[1]]);
    scene.switch(120);
    scene.script.fail(120, 0, ErrorKind::UnknownIssuer);
    scene.script.ok(165, 0);
    assert_eq!(
        scene.broken(Invariant::TrustBeforeUse),
        (120, used_too_early(TrustGained::Elsewhere))
    );
}

/// What fails although the CA is trusted is another matter.
#[test]
fn an_expired_certificate_breaks_neither() {
    let mut scene = Scene::new();
    scene.switch(120);
    scene.script.fail(120, 0, ErrorKind::Expired);
    assert_eq!(scene.found(Invariant::TrustBeforeUse), None);
    assert_eq!(scene.found(Invariant::UseEndsBeforeDistrust), None);
}

#[test]
fn a_bridged_certificate_needs_no_trust_in_the_new_root() {
    let mut scene = Scene::new();
    scene.switch(120);
    scene.script.ok(120, 0);
    assert_eq!(scene.found(Invariant::TrustBeforeUse), None);
}

#[test]
fn an_old_certificate_after_its_root_is_gone_is_named() {
    let mut scene = Scene::new();
    let new = scene.new.certificate.clone();
    scene.script.issued(110, None, "a.ca", &new, &new);
    scene.script.trusts(200, "browser", &[&new]);
    scene.script.fail(200, 0, ErrorKind::UnknownIssuer);
    let distrusted = ViolationKind::DistrustedTooEarly {
        judge: address_of("browser"),
        presenter: address_of("a.web/0"),
    };
    assert_eq!(
        scene.broken(Invariant::UseEndsBeforeDistrust),
        (200, distrusted)
    );
    assert_eq!(scene.found(Invariant::TrustBeforeUse), None);
}

#[test]
fn once_every_server_has_a_new_certificate_the_old_root_may_go() {
    let mut scene = Scene::new();
    scene.switch(120);
    let new = scene.new.certificate.clone();
    scene.script.trusts(120, "browser", &[&new]);
    scene.script.ok(120, 0);
    assert_eq!(scene.found(Invariant::UseEndsBeforeDistrust), None);
}

/// The fixtures' CAs live 1000 s and their leaves 500 s.
#[test]
fn a_leaf_that_outlives_its_ca_is_named() {
    let scene = Scene::new();
    assert_eq!(scene.found(Invariant::LeafWithinIssuer), None);
    let mut scene = Scene::new();
    let (old, long) = (&scene.old.certificate, scene.old.leaf_for("long", 1500));
    scene.script.issued(130, None, "a.web/0", &long, old);
    let outlives = ViolationKind::OutlivesIssuer {
        holder: address_of("a.web/0"),
        by: seconds(500),
    };
    assert_eq!(scene.broken(Invariant::LeafWithinIssuer), (130, outlives));
}

/// The browser trusts the new CA alone from 200 s on, and what it has open was opened before.
fn going_on(what: Persisting, error: ErrorKind, by_new: bool) -> Scene {
    let mut scene = Scene::new();
    scene.switch(120);
    let by = match by_new {
        true => &scene.new,
        false => &scene.old,
    };
    let (leaf, issuer) = (by.leaf("held.example.com"), by.certificate.clone());
    scene.script.issued(121, None, "a.web/0", &leaf, &issuer);
    let new = scene.new.certificate.clone();
    scene.script.trusts(200, "browser", &[&new]);
    scene.script.goes_on(200, (0, what), &leaf, error);
    scene
}

#[test]
fn what_stays_open_with_an_old_certificate_is_named_until_it_is_opened_anew() {
    let mut scene = going_on(
        Persisting::DistrustedConnection,
        ErrorKind::UnknownIssuer,
        false,
    );
    let what = Persisting::DistrustedConnection;
    let due = scene.script.manifest.start + seconds(900);
    assert_eq!(
        scene.broken(Invariant::DistrustEffective),
        (200, outlives_distrust(what, PersistenceEnd::Due(due)))
    );
    scene.script.ok(500, 0);
    let reopened = scene.script.manifest.start + seconds(500);
    assert_eq!(
        scene.broken(Invariant::DistrustEffective),
        (
            200,
            outlives_distrust(what, PersistenceEnd::Reopened(reopened))
        )
    );
    assert_eq!(scene.found(Invariant::UseEndsBeforeDistrust), None);
}

#[test]
fn a_session_of_an_old_certificate_is_named() {
    let scene = going_on(Persisting::Session, ErrorKind::UnknownIssuer, false);
    let (_, broken) = scene.broken(Invariant::DistrustEffective);
    assert!(
        matches!(
            &broken,
            ViolationKind::OutlivesDistrust {
                what: Persisting::Session,
                ..
            }
        ),
        "{broken:?}"
    );
}

/// Not what began with a new certificate, what has merely expired, or what was said before the
/// distrust.
#[test]
fn what_goes_on_for_another_reason_is_no_breach_of_distrust() {
    let of = |scene: &Scene| scene.found(Invariant::DistrustEffective);
    assert_eq!(
        of(&going_on(
            Persisting::OpenConnection,
            ErrorKind::UnknownIssuer,
            true
        )),
        None
    );
    assert_eq!(
        of(&going_on(
            Persisting::OpenConnection,
            ErrorKind::Expired,
            false
        )),
        None
    );
    let mut trusting = Scene::new();
    let leaf = trusting.old.leaf("web.example.com");
    let goes_on = (0, Persisting::OpenConnection);
    trusting
        .script
        .goes_on(150, goes_on, &leaf, ErrorKind::UnknownIssuer);
    assert_eq!(of(&trusting), None);
}

#[test]
fn assertions_are_judged_up_to_their_instant() {
    let mut scene = Scene::new();
    scene.switch(120);
    scene.script.fail(120, 0, ErrorKind::UnknownIssuer);
    let deployment = deployment();
    let claims = Claim::ALL.map(|(claim, _)| claim);
    let spec = spec(&claims);
    let outages = outages(&scene.script.manifest, &scene.script.journal);
    let (manifest, journal) = (&scene.script.manifest, &scene.script.journal);
    let rotated = Rotated::new(&deployment, &spec, manifest, journal, &outages);
    let held: Vec<bool> = rotated.assertions().iter().map(|each| each.held).collect();
    assert_eq!(held, [false, false, true, true, true, true, false]);
    let broken = |index: usize| match &rotated.assertions()[index].outcome {
        ExpectationOutcome::Violated(violation) => violation.what.clone(),
        other => panic!("{other:?}"),
    };
    let holder = address_of("browser");
    assert_eq!(broken(6), ViolationKind::StillTrusted { holder });
    let first = ViolationKind::ConnectionFailed {
        connection: "browser -> a.web/0".to_owned(),
        error: ErrorKind::UnknownIssuer,
    };
    assert_eq!(broken(0), first);
    let claim = ClaimedTruth::OfRotation {
        ca: 0.into(),
        claim: Claim::NoFailures,
        until: seconds(900),
    };
    assert_eq!(rotated.assertions()[0].claim, claim);
    let early = rotated.failure(manifest.start + seconds(119));
    assert_eq!(early, None);
}
