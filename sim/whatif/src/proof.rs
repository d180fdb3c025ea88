//! Whether a connection really survives as long an outage as arithmetic says, and no longer: the
//! outage is played in a fork of the run, from just before the renewal is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use trustsim_diagnosis::{OutageTolerance, outages};
use trustsim_kernel::{Span, Time};
use trustsim_world::{
    Action, ApplicationIndex, Deployment, Options, Simulation, Source, Target, TimedAction,
    UnitAction,
};

/// How exact a proof is: an outage so much shorter is survived, one so much longer is not.
const SLACK: Span = Span::from_secs(3_600);
/// How long before the request the outage begins.
const BEFORE: Span = Span::from_secs(1);

/// What forks showed about one [`OutageTolerance`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Index into the list that was proven.
    pub tolerance: usize,
    /// An outage that was survived in a fork.
    pub survived: Span,
    /// One that was not; `None` where every one that was tried was survived.
    pub fatal: Option<Span>,
    /// How many futures were played for it alone; another that the same outage decides may have played the others.
    pub played: usize,
}

/// Plays the outage of each, `proofs_max` of them at most: an hour less and an hour more than
/// arithmetic says, and where that does not enclose the truth, halves until it does. A connection that fails then in any
/// case has no proof.
pub fn prove(
    deployment: &Arc<Deployment>,
    tolerances: &[OutageTolerance],
    proofs_max: usize,
) -> Vec<Proof> {
    let mut order: Vec<usize> = (0..tolerances.len().min(proofs_max)).collect();
    // Those that one outage decides come together.
    let decided_by = |index: usize| {
        let one = &tolerances[index];
        (one.asked_at, &one.provider, one.ends_at)
    };
    order.sort_by_key(|&index| decided_by(index));
    let mut known = Known::default();
    let mut before: Option<usize> = None;
    let mut base = Simulation::new(Arc::clone(deployment), Options::default());
    let mut proofs = Vec::new();
    for index in order {
        let one = &tolerances[index];
        let Some(provider) = deployment.application_at(&one.provider) else {
            continue;
        };
        let begins = one.asked_at - BEFORE;
        if begins < base.now() {
            continue;
        }
        base.run_until(begins);
        if before.is_none_or(|before| decided_by(before) != decided_by(index)) {
            known = Known::default();
        }
        before = Some(index);
        proofs.extend(prove_one(&base, index, one, provider, &mut known));
    }
    proofs.sort_by_key(|proof| proof.tolerance);
    proofs
}

/// Which connections fail between the request and an hour after the certificate has ended, by how long the provider was
/// away: many connections rest on one certificate, and one future shows it of all.
type Known = BTreeMap<Span, BTreeMap<u32, Span>>;

fn prove_one(
    base: &Simulation,
    tolerance: usize,
    one: &OutageTolerance,
    provider: ApplicationIndex,
    known: &mut Known,
) -> Option<Proof> {
    let mut played = 0;
    let mut lost_without = |away: Span| {
        let lost = known.entry(away).or_insert_with(|| {
            played += 1;
            lost_until(base, one.ends_at + SLACK, provider, away)
        });
        // What does not fail at all is not there.
        lost.get(&one.connection).copied().unwrap_or_default()
    };
    // An outage that ends within a part of the slack could not be told from none.
    let tolerated = base.deployment().tolerate.min(SLACK / 4);
    let anyway = lost_without(Span::ZERO);
    // What fails in any case shows nothing.
    if anyway > tolerated {
        return None;
    }
    let mut survives = |away: Span| lost_without(away) <= anyway + tolerated;
    let (mut survived, mut fatal) = (Span::ZERO, one.longest + SLACK);
    // An outage shorter than the slack is compared with none at all.
    let short = one.longest.checked_sub(SLACK).unwrap_or(Span::ZERO);
    if survives(fatal) {
        return Some(Proof {
            tolerance,
            survived: fatal,
            fatal: None,
            played,
        });
    }
    if survives(short) {
        survived = short;
    } else {
        fatal = short;
        // What returns needs time of its own before it signs: find how much.
        while fatal - survived > SLACK {
            let middle = survived + (fatal - survived) / 2;
            match survives(middle) {
                true => survived = middle,
                false => fatal = middle,
            }
        }
    }
    assert!(
        survived < fatal,
        "what is survived is shorter than what is not: {survived:?} and {fatal:?} for {one:?}"
    );
    Some(Proof {
        tolerance,
        survived,
        fatal: Some(fatal),
        played,
    })
}

/// How long each connection fails up to an instant, where every unit of the provider is away for so long; what does not
/// fail at all is not there.
fn lost_until(
    base: &Simulation,
    until: Time,
    provider: ApplicationIndex,
    away: Span,
) -> BTreeMap<u32, Span> {
    let mut fork = base.clone();
    let start = fork.deployment().start;
    let begins = base.now();
    if !away.is_zero() {
        fork.plan(TimedAction {
            at: begins.since(start),
            action: Action::Unit(UnitAction::Kill {
                target: Target {
                    application: provider,
                    unit: None,
                },
                away: Some(away),
            }),
            source: Source::default(),
        });
    }
    let until = until.min(fork.end());
    fork.run_until(until);
    let mut lost: BTreeMap<u32, Span> = BTreeMap::new();
    for outage in outages(&fork.manifest(), fork.journal()) {
        let ended = outage.until.unwrap_or(until);
        let within = ended.min(until).since(outage.from.max(begins));
        *lost.entry(outage.connection).or_default() += within;
    }
    lost
}
