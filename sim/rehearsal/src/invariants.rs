//! The six invariants of one rotation: what its journal shows, and what takes other futures, that is
//! old against new and going back.

use super::baseline::{Baseline, PlayedRotation};
use super::failure::ConnectionFailure;
use trustsim_diagnosis::{Invariant, Violation};
use trustsim_faults::rotation::{Refusal, Rotation, Way, way};
use trustsim_kernel::{Span, Streams};
use trustsim_pki::Certificate;
use trustsim_tls::{Case, handshake};
use trustsim_validators::ErrorKind;
use trustsim_world::{ConnectionSpec, Persistence, RotationStep, Source};

/// What was found of one invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It holds.
    Held,
    /// It does not: the first breach.
    Broken(Breach),
    /// It says nothing of this playbook, and why.
    NotApplicable(NotApplicable),
}

/// The first breach of an invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// With which seed, where not with the scenario's own.
    pub seed: Option<u64>,
    /// What broke it.
    pub what: BreachKind,
}

/// What breaks an invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BreachKind {
    /// The journal shows it.
    Journal(Violation),
    /// A leaf does not verify with a bundle of another time.
    TwoByTwo {
        /// Whether the leaf is of the new CA.
        new_leaf: bool,
        /// Whether the bundle is the later one.
        new_bundle: bool,
        /// The first handshake that fails.
        refused: RefusedHandshake,
    },
    /// Going back loses something.
    RollBack(ConnectionFailure),
}

/// Why an invariant says nothing of a playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotApplicable {
    /// No connection stays open, and none takes sessions up again.
    NothingPersists,
    /// The old CA stays trusted.
    OldCaStaysTrusted,
    /// Both CAs are never in use together.
    NeverTogether,
    /// The charm forgets the key of the old CA, so there is no way back.
    CharmForgetsKey,
    /// Nothing is withdrawn.
    NothingWithdrawn,
    /// The old CA is withdrawn as soon as the new one signs, so there is no time to go back.
    WithdrawnAtOnce,
    /// The CA cannot go back.
    Refused(Refusal),
}

/// One of the four that can meet while two CAs are in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quadrant {
    /// Whether the leaf is of the new CA.
    pub new_leaf: bool,
    /// Whether the bundle is that of just before the first distrust of the old CA; else of just
    /// before the first use of the new one.
    pub new_bundle: bool,
    /// How many connections verify.
    pub verified: usize,
    /// The first that does not.
    pub refused: Option<RefusedHandshake>,
}

/// A handshake that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedHandshake {
    /// The name that the client asked for.
    pub server_name: String,
    /// The error.
    pub error: ErrorKind,
}

impl Judged {
    /// Broken with the scenario's own seed.
    const fn broken(what: BreachKind) -> Self {
        Self::Broken(Breach { seed: None, what })
    }
}

/// Judges a rotation that was played.
pub(super) fn judge(
    baseline: &mut Baseline,
    rotation: &Rotation,
    played: &PlayedRotation,
) -> (Vec<(Invariant, Judged)>, Vec<Quadrant>) {
    let quadrants = two_by_two(baseline, played);
    let judged = Invariant::ALL.map(|invariant| {
        let judged = match invariant {
            Invariant::TwoByTwo => judge_quadrants(&quadrants),
            Invariant::Rollback => judge_roll_back(baseline, rotation, played),
            Invariant::DistrustEffective => judge_distrust(baseline, played),
            of_journal => judge_journal(played, of_journal),
        };
        (invariant, judged)
    });
    (judged.into(), quadrants)
}

fn judge_journal(played: &PlayedRotation, invariant: Invariant) -> Judged {
    let violation = played.judged(|rotated, end| rotated.violation(invariant, end));
    match violation {
        Some(violation) => Judged::broken(BreachKind::Journal(violation)),
        None => Judged::Held,
    }
}

/// Nothing lives on with a certificate of the old CA once it is trusted no more, where anything can.
fn judge_distrust(baseline: &Baseline, played: &PlayedRotation) -> Judged {
    let persists = |spec: &ConnectionSpec| spec.persistence != Persistence::default();
    if !baseline.deployment().connections.iter().any(persists) {
        return Judged::NotApplicable(NotApplicable::NothingPersists);
    }
    if !played.judged(|rotated, end| rotated.is_distrusted(end)) {
        return Judged::NotApplicable(NotApplicable::OldCaStaysTrusted);
    }
    judge_journal(played, Invariant::DistrustEffective)
}

/// Real handshakes of the leaf and the bundle of just before the first use of the new CA with those
/// of just before the first distrust of the old one, each leaf at a time at which it was in use.
/// Only connections whose leaf changed in between are asked.
fn two_by_two(baseline: &Baseline, played: &PlayedRotation) -> Vec<Quadrant> {
    let instants = played.judged(|rotated, end| {
        let used = rotated.first_use()?;
        Some((used, rotated.first_distrust().unwrap_or(end)))
    });
    let Some((used, distrusted)) = instants.filter(|(used, distrusted)| used < distrusted) else {
        return Vec::new();
    };
    let old = baseline.cases_before(played, used);
    let new = baseline.cases_before(played, distrusted);
    assert_eq!(
        old.len(),
        new.len(),
        "one world has the same connections at both instants"
    );
    let pairs: Vec<(&Case, &Case)> = old
        .iter()
        .zip(&new)
        .filter_map(|(old, new)| old.as_ref().zip(new.as_ref()))
        .filter(|(old, new)| leaves(old) != leaves(new))
        .collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    let streams = Streams::new(baseline.deployment().seed);
    let all = [(false, false), (false, true), (true, false), (true, true)];
    let quadrants = all.map(|(new_leaf, new_bundle)| {
        let mut quadrant = Quadrant {
            new_leaf,
            new_bundle,
            verified: 0,
            refused: None,
        };
        for (old, new) in &pairs {
            let case = mixed_case(old, new, new_leaf, new_bundle);
            let stream = streams.stream("two-by-two", &case.server_name);
            let verdict = handshake(&case, stream);
            if verdict.is_ok() {
                quadrant.verified += 1;
            } else if quadrant.refused.is_none() {
                quadrant.refused = Some(RefusedHandshake {
                    server_name: case.server_name.clone(),
                    error: verdict
                        .error
                        .expect("a verdict that is not ok has an error"),
                });
            }
        }
        quadrant
    });
    quadrants.into()
}

fn leaves(case: &Case) -> [Option<&Certificate>; 2] {
    let client = case.client.identity.as_ref();
    [
        case.server.identity.leaf(),
        client.and_then(|each| each.leaf()),
    ]
}

/// One side's leaf of one time with the other side's bundle of another, both ways in mutual TLS.
fn mixed_case(old: &Case, new: &Case, new_leaf: bool, new_bundle: bool) -> Case {
    let (leaf, bundle) = (
        if new_leaf { new } else { old },
        if new_bundle { new } else { old },
    );
    let mut case = leaf.clone();
    case.client.trust = bundle.client.trust.clone();
    case.server
        .client_trust
        .clone_from(&bundle.server.client_trust);
    case
}

fn judge_quadrants(quadrants: &[Quadrant]) -> Judged {
    if quadrants.is_empty() {
        return Judged::NotApplicable(NotApplicable::NeverTogether);
    }
    let broken = quadrants.iter().find_map(|quadrant| {
        Some(BreachKind::TwoByTwo {
            new_leaf: quadrant.new_leaf,
            new_bundle: quadrant.new_bundle,
            refused: quadrant.refused.clone()?,
        })
    });
    broken.map_or(Judged::Held, Judged::broken)
}

/// The same rotation, turned back just before the withdrawal.
fn judge_roll_back(
    baseline: &mut Baseline,
    rotation: &Rotation,
    played: &PlayedRotation,
) -> Judged {
    let way = way(baseline.deployment(), rotation);
    if way == Way::Own {
        return Judged::NotApplicable(NotApplicable::CharmForgetsKey);
    }
    let is_withdrawal =
        |(step, _): &(RotationStep, Source)| matches!(step, RotationStep::Withdraw(_));
    let is_switch =
        |(step, _): &(RotationStep, Source)| matches!(step, RotationStep::SwitchIssuer { .. });
    let steps = &rotation.steps;
    let (Some(switch), Some(withdrawal)) = (
        steps.iter().position(is_switch),
        steps.iter().position(is_withdrawal),
    ) else {
        return Judged::NotApplicable(NotApplicable::NothingWithdrawn);
    };
    if withdrawal <= switch + 1 && played.spec.steps[switch].at == played.spec.steps[withdrawal].at
    {
        return Judged::NotApplicable(NotApplicable::WithdrawnAtOnce);
    }
    let mut back = Rotation {
        steps: steps[..withdrawal].to_vec(),
        ..rotation.clone()
    };
    back.steps.push((RotationStep::RollBack, Source::default()));
    if way == Way::Held {
        let again = RotationStep::ReIssue {
            jitter: Span::ZERO,
            per_hour: None,
        };
        back.steps.push((again, Source::default()));
    }
    match baseline.play(&back) {
        Ok(played) => match played.lost.first {
            None => Judged::Held,
            Some(first) => Judged::broken(BreachKind::RollBack(first)),
        },
        Err(refusal) => Judged::NotApplicable(NotApplicable::Refused(refusal)),
    }
}
