//! Whether a connection really survives as long an outage as arithmetic says, and no longer: the
//! outage is played in a fork of the run, from just before the renewal is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use trustsim_diagnosis::OutageTolerance;
use trustsim_kernel::{Span, Time};
use trustsim_world::{
    Action, ApplicationIndex, Deployment, Kind, Options, Simulation, Source, Target, TimedAction,
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
/// arithmetic says, and where that does not enclose the truth, halves until it does.
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
        proofs.push(prove_one(&base, index, one, provider, &mut known));
    }
    proofs.sort_by_key(|proof| proof.tolerance);
    proofs
}

/// Whether each connection holds just after the certificate has ended, by how long the provider was away: many
/// connections rest on one certificate, and one future shows it of all.
type Known = BTreeMap<Span, BTreeMap<u32, bool>>;

fn prove_one(
    base: &Simulation,
    tolerance: usize,
    one: &OutageTolerance,
    provider: ApplicationIndex,
    known: &mut Known,
) -> Proof {
    let mut played = 0;
    let mut survives = |away: Span| {
        if away.is_zero() {
            return true;
        }
        let verdicts = known.entry(away).or_insert_with(|| {
            played += 1;
            verdicts_after(base, one.ends_at, provider, away)
        });
        // A connection that was never judged does not fail.
        verdicts.get(&one.connection).is_none_or(|holds| *holds)
    };
    let (mut survived, mut fatal) = (Span::ZERO, one.longest + SLACK);
    // An outage shorter than the slack is compared with none at all.
    let short = one.longest.checked_sub(SLACK).unwrap_or(Span::ZERO);
    if survives(fatal) {
        return Proof {
            tolerance,
            survived: fatal,
            fatal: None,
            played,
        };
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
    Proof {
        tolerance,
        survived,
        fatal: Some(fatal),
        played,
    }
}

/// The verdict on each connection just after the certificate has ended, where every unit of the provider is away for
/// so long.
fn verdicts_after(
    base: &Simulation,
    ends_at: Time,
    provider: ApplicationIndex,
    away: Span,
) -> BTreeMap<u32, bool> {
    let mut fork = base.clone();
    let start = fork.deployment().start;
    fork.plan(TimedAction {
        at: base.now().since(start),
        action: Action::Unit(UnitAction::Kill {
            target: Target {
                application: provider,
                unit: None,
            },
            away: Some(away),
        }),
        source: Source::default(),
    });
    fork.run_until(ends_at + Span::from_secs(1));
    let judged = fork.journal().entries().iter();
    let judged = judged.filter_map(|entry| match &entry.kind {
        Kind::Handshake(record) => Some((record.connection, record.verdict.is_ok())),
        _ => None,
    });
    judged.collect()
}
