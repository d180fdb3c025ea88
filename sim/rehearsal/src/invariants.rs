//! The six invariants of one rotation: what its journal shows, and what takes other futures, that is
//! old against new and going back.

use super::stage::{Played, Stage};
use trustsim_diagnosis::Invariant;
use trustsim_faults::rotation::{Rotation, Step, Way, way};
use trustsim_kernel::{Span, Streams};
use trustsim_pki::Certificate;
use trustsim_tls::{Case, Lane, handshake};
use trustsim_world::{ConnectionSpec, Persistence, Source};

/// What was found of one invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It holds.
    Held,
    /// It does not: the first breach.
    Broken(String),
    /// It says nothing of this playbook, and why.
    NotApplicable(String),
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
    pub refused: Option<String>,
}

/// Judges a rotation that was played.
pub(super) fn judge(
    stage: &mut Stage,
    rotation: &Rotation,
    played: &Played,
) -> (Vec<(Invariant, Judged)>, Vec<Quadrant>) {
    let quadrants = two_by_two(stage, played);
    let judged = Invariant::ALL.map(|invariant| {
        let judged = match invariant {
            Invariant::TwoByTwo => of_quadrants(&quadrants),
            Invariant::Rollback => rolled_back(stage, rotation, played),
            Invariant::DistrustEffective => distrust(stage, played),
            of_journal => of_the_journal(played, of_journal),
        };
        (invariant, judged)
    });
    (judged.into(), quadrants)
}

fn of_the_journal(played: &Played, invariant: Invariant) -> Judged {
    let violation = played.judged(|rotated, end| rotated.violation(invariant, end));
    match violation {
        Some(violation) => Judged::Broken(violation.message),
        None => Judged::Held,
    }
}

/// Nothing lives on with a certificate of the old CA once it is trusted no more, where anything can.
fn distrust(stage: &Stage, played: &Played) -> Judged {
    let persists = |spec: &ConnectionSpec| spec.persistence != Persistence::default();
    if !stage.deployment().connections.iter().any(persists) {
        let why = "no connection stays open, and none takes up sessions";
        return Judged::NotApplicable(why.to_owned());
    }
    if !played.judged(|rotated, end| rotated.is_distrusted(end)) {
        return Judged::NotApplicable("nobody stops trusting the old CA".to_owned());
    }
    of_the_journal(played, Invariant::DistrustEffective)
}

/// Real handshakes of the leaf and the bundle of just before the first use of the new CA with those
/// of just before the first distrust of the old one, each leaf at a time at which it was in use.
/// Only connections whose leaf changed in between are asked.
fn two_by_two(stage: &Stage, played: &Played) -> Vec<Quadrant> {
    let instants = played.judged(|rotated, end| {
        let used = rotated.first_use()?;
        Some((used, rotated.first_distrust().unwrap_or(end)))
    });
    let Some((used, distrusted)) = instants.filter(|(used, distrusted)| used < distrusted) else {
        return Vec::new();
    };
    let old = stage.cases_before(played, used);
    let new = stage.cases_before(played, distrusted);
    let pairs: Vec<(&Case, &Case)> = old
        .iter()
        .zip(&new)
        .filter_map(|(old, new)| old.as_ref().zip(new.as_ref()))
        .filter(|(old, new)| leaves(old) != leaves(new))
        .collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    let streams = Streams::new(stage.deployment().seed);
    let all = [(false, false), (false, true), (true, false), (true, true)];
    let quadrants = all.map(|(new_leaf, new_bundle)| {
        let mut quadrant = Quadrant {
            new_leaf,
            new_bundle,
            verified: 0,
            refused: None,
        };
        for (old, new) in &pairs {
            let case = meet(old, new, new_leaf, new_bundle);
            let stream = streams.stream("two-by-two", &case.server_name);
            let verdict = handshake(&case, Lane::default(), stream);
            if verdict.is_ok() {
                quadrant.verified += 1;
            } else if quadrant.refused.is_none() {
                let name = &case.server_name;
                quadrant.refused = Some(format!("{name}: {}", verdict.error_name()));
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
fn meet(old: &Case, new: &Case, new_leaf: bool, new_bundle: bool) -> Case {
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

fn of_quadrants(quadrants: &[Quadrant]) -> Judged {
    if quadrants.is_empty() {
        return Judged::NotApplicable("both CAs are never in use together".to_owned());
    }
    let broken = quadrants.iter().find_map(|quadrant| {
        let refused = quadrant.refused.as_ref()?;
        let word = |is_new: bool| if is_new { "new" } else { "old" };
        Some(format!(
            "the {} leaf does not verify with the {} bundle: {refused}",
            word(quadrant.new_leaf),
            word(quadrant.new_bundle)
        ))
    });
    broken.map_or(Judged::Held, Judged::Broken)
}

/// The same rotation, turned back just before the withdrawal.
fn rolled_back(stage: &mut Stage, rotation: &Rotation, played: &Played) -> Judged {
    let way = way(stage.deployment(), rotation);
    if way == Way::Own {
        let why = "the charm forgets the key of the old CA";
        return Judged::NotApplicable(why.to_owned());
    }
    let is_withdrawal = |(step, _): &(Step, Source)| matches!(step, Step::Withdraw(_));
    let is_switch = |(step, _): &(Step, Source)| matches!(step, Step::SwitchIssuer { .. });
    let steps = &rotation.steps;
    let (Some(switch), Some(withdrawal)) = (
        steps.iter().position(is_switch),
        steps.iter().position(is_withdrawal),
    ) else {
        return Judged::NotApplicable("nothing is withdrawn".to_owned());
    };
    if withdrawal <= switch + 1 && played.spec.steps[switch].at == played.spec.steps[withdrawal].at
    {
        let why = "the old CA is withdrawn as soon as the new one signs";
        return Judged::NotApplicable(why.to_owned());
    }
    let mut back = Rotation {
        steps: steps[..withdrawal].to_vec(),
        ..rotation.clone()
    };
    back.steps.push((Step::RollBack, Source::default()));
    if way == Way::Held {
        let again = Step::ReIssue {
            jitter: Span::ZERO,
            per_hour: None,
        };
        back.steps.push((again, Source::default()));
    }
    match stage.play(&back) {
        Ok(played) if played.is_safe() => Judged::Held,
        Ok(played) => Judged::Broken(played.lost.first.unwrap_or_default()),
        Err(refusal) => Judged::NotApplicable(refusal.why),
    }
}
