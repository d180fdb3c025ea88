//! Whether a connection really survives as long an outage as arithmetic says, and no longer: the
//! outage is played in a fork of the run, from just before the renewal is asked for.

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
    /// How many futures were played.
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
    order.sort_by_key(|&index| tolerances[index].asked_at);
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
        proofs.push(prove_one(&base, index, one, provider));
    }
    proofs.sort_by_key(|proof| proof.tolerance);
    proofs
}

fn prove_one(
    base: &Simulation,
    tolerance: usize,
    one: &OutageTolerance,
    provider: ApplicationIndex,
) -> Proof {
    let mut played = 0;
    let mut survives = |away: Span| {
        played += 1;
        !fails(base, one, provider, away)
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

/// Whether the connection fails just after the certificate has ended, where every unit of the
/// provider is away for so long.
fn fails(base: &Simulation, one: &OutageTolerance, provider: ApplicationIndex, away: Span) -> bool {
    if away.is_zero() {
        return false;
    }
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
    let looked = one.ends_at + Span::from_secs(1);
    fork.run_until(looked);
    verdict_at(&fork, one.connection, looked).is_some_and(|is_ok| !is_ok)
}

fn verdict_at(simulation: &Simulation, connection: u32, at: Time) -> Option<bool> {
    let entries = simulation.journal().entries().iter().rev();
    let mut of = entries.filter(|entry| entry.time <= at);
    of.find_map(|entry| match &entry.kind {
        Kind::Handshake(record) if record.connection == connection => Some(record.verdict.is_ok()),
        _ => None,
    })
}
