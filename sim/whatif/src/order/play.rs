//! Plays orders: what is dialled over TLS and fails while relations are made one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{OrderFailure, OrderPlay, PlayedOrder};
use crate::at_rest::{Unrest, play_to_rest};
use crate::seeds::seeds_after;
use trustsim_interfaces::notes::RequestContent;
use trustsim_kernel::{Span, Time};
use trustsim_validators::ErrorKind;
use trustsim_world::{
    Action, Address, Deployment, Kind, Note, Options, Seq, Simulation, Source, TimedAction,
};

/// How soon after one command it is looked whether the next may come.
const STEP: Span = Span::from_secs(60);
/// How long is waited for what a command leads to: a person may have to sign.
const LONGEST: Span = Span::from_secs(30 * 86_400);
/// How long is played after the last command.
const AFTER: Span = Span::from_secs(3_600);

/// How long a play may take: longer than any takes.
const FOREVER: Span = Span::from_secs(100 * 365 * 86_400);
/// With how many seeds beside its own the order is played.
const MORE_SEEDS: u32 = 3;

/// Which failures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// Those with a certificate that was issued since the first step: what is not on yet is not dialled over TLS.
    IssuedSince,
    /// All but those of a server that does not answer, as in every restart.
    All,
}

/// What came of the three orders.
pub(super) struct Played {
    pub(super) plays: Vec<OrderPlay>,
    /// Names of the connections that were watched.
    pub(super) watched: BTreeSet<String>,
}

/// Plays the order, with further seeds too, its opposite, and all at once.
///
/// # Errors
///
/// Why the deployment without any of it does not come to rest.
pub(super) fn play(
    base: &Deployment,
    acts: &[Vec<Action>],
    failing_anyway: &[String],
    counted: Counted,
) -> Result<Played, Unrest> {
    let simulation = at_rest(base, base.seed)?;
    let connections = simulation.manifest().connections.into_iter();
    let watched = connections.map(|connection| connection.name).collect();
    let opposite: Vec<Vec<Action>> = acts.iter().rev().cloned().collect();
    let together: Vec<Vec<Action>> = vec![acts.iter().flatten().cloned().collect()];
    let play = |simulation: &Simulation, order: PlayedOrder, acts: &[Vec<Action>]| {
        let mut play = play_from(simulation, order, acts, counted);
        play.failures
            .retain(|one| !failing_anyway.contains(&one.connection));
        play
    };
    let mut found = play(&simulation, PlayedOrder::Found, acts);
    let opposite = play(&simulation, PlayedOrder::Opposite, &opposite);
    let mut at_once = play(&simulation, PlayedOrder::AtOnce, &together);
    for seed in seeds_after(base.seed, MORE_SEEDS) {
        let simulation = at_rest(base, seed)?;
        add_seed(&mut found, play(&simulation, PlayedOrder::Found, acts));
        // Where the order does not hold, it is held against this one.
        if !found.failures.is_empty() {
            add_seed(
                &mut at_once,
                play(&simulation, PlayedOrder::AtOnce, &together),
            );
        }
    }
    Ok(Played {
        plays: vec![found, opposite, at_once],
        watched,
    })
}

/// What failed with another seed: of each connection, for as long as it does with any.
fn add_seed(play: &mut OrderPlay, again: OrderPlay) {
    play.seeds += 1;
    for one in again.failures {
        let mut known = play.failures.iter_mut();
        match known.find(|known| known.connection == one.connection) {
            Some(known) => known.lost = known.lost.max(one.lost),
            None => play.failures.push(one),
        }
    }
}

/// The names of the connections that fail in this order, each with what it loses at most, with any of the seeds.
///
/// # Errors
///
/// As of [`play`].
pub(super) fn failing(
    base: &Deployment,
    acts: &[Vec<Action>],
    failing_anyway: &[String],
    counted: Counted,
) -> Result<BTreeMap<String, Span>, Unrest> {
    let mut found: BTreeMap<String, Span> = BTreeMap::new();
    for seed in std::iter::once(base.seed).chain(seeds_after(base.seed, MORE_SEEDS)) {
        let simulation = at_rest(base, seed)?;
        let play = play_from(&simulation, PlayedOrder::Found, acts, counted);
        for one in play.failures {
            let most = found.entry(one.connection).or_default();
            *most = one.lost.max(*most);
        }
    }
    found.retain(|name, _| !failing_anyway.contains(name));
    Ok(found)
}

/// The deployment without any of it, at rest.
fn at_rest(base: &Deployment, seed: u64) -> Result<Simulation, Unrest> {
    let mut longer = base.clone();
    longer.seed = seed;
    longer.duration = FOREVER;
    let mut simulation = Simulation::new(Arc::new(longer), Options::default());
    play_to_rest(&mut simulation)?;
    Ok(simulation)
}

fn play_from(
    simulation: &Simulation,
    order: PlayedOrder,
    acts: &[Vec<Action>],
    counted: Counted,
) -> OrderPlay {
    let mut simulation = simulation.clone();
    let from = simulation.now();
    let longest = match order {
        PlayedOrder::Found => LONGEST,
        // What is asked for may wait for a step that comes later.
        PlayedOrder::Opposite | PlayedOrder::AtOnce => AFTER,
    };
    for actions in acts {
        make(&mut simulation, actions, longest);
    }
    simulation.run_until(simulation.now() + AFTER);
    OrderPlay {
        order,
        seeds: 1,
        from,
        until: simulation.now(),
        failures: failures(&simulation, from, counted),
    }
}

/// Does something now, and plays on until everything is at rest again.
fn make(simulation: &mut Simulation, actions: &[Action], longest: Span) {
    let begins = simulation.journal().next_seq();
    let start = simulation.now();
    for action in actions {
        simulation.plan(TimedAction {
            at: start.since(simulation.deployment().start),
            action: action.clone(),
            source: Source::default(),
        });
    }
    let mut step = STEP;
    loop {
        simulation.run_until(simulation.now() + step);
        let is_over = simulation.is_at_rest() && !waits(simulation, begins);
        let has_ended = simulation.endless().is_some() || simulation.now() >= start + longest;
        if is_over || has_ended {
            return;
        }
        step = (step * 2).min(AFTER);
    }
}

/// Whether something that was asked for since then was neither signed nor refused. What a unit asks for replaces what it
/// asked for before over the same endpoint.
fn waits(simulation: &Simulation, since: Seq) -> bool {
    let mut answered: BTreeSet<Seq> = BTreeSet::new();
    let mut seen: BTreeSet<(Option<Address>, String)> = BTreeSet::new();
    for (seq, entry) in simulation.journal().numbered().rev() {
        if seq < since {
            break;
        }
        match &entry.kind {
            Kind::CertificateIssued(record) => answered.extend(record.request),
            Kind::Note(Note::CertificateRefused {
                request: Some(request),
                ..
            }) => {
                answered.insert(*request);
            }
            Kind::Note(Note::CertificateRequested(record)) => {
                let is_csr = matches!(record.content, RequestContent::Csr(_));
                let by = (entry.subject.address(), record.requirer.to_string());
                if seen.insert(by) && is_csr && !answered.contains(&seq) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// The connections that failed since then, as far as it counts.
fn failures(simulation: &Simulation, from: Time, counted: Counted) -> Vec<OrderFailure> {
    let connections = simulation.manifest().connections;
    let mut issued: BTreeSet<&str> = BTreeSet::new();
    let mut failing: BTreeMap<u32, (Time, ErrorKind)> = BTreeMap::new();
    let mut found: BTreeMap<u32, OrderFailure> = BTreeMap::new();
    for entry in simulation.journal().entries() {
        match &entry.kind {
            Kind::CertificateIssued(record) if entry.time >= from => {
                issued.insert(record.certificate.serial());
            }
            Kind::Handshake(record) => {
                let name = &connections[record.connection as usize].name;
                if let Some((since, error)) = failing.remove(&record.connection) {
                    let lost = entry.time.since(since);
                    add(&mut found, record.connection, name, since, error, lost);
                }
                let counts = |error: ErrorKind| match counted {
                    Counted::IssuedSince => issued.contains(&*record.server_serial),
                    Counted::All => entry.time >= from && error != ErrorKind::Unreachable,
                };
                if let Some(error) = record.verdict.error
                    && counts(error)
                {
                    failing.insert(record.connection, (entry.time, error));
                }
            }
            _ => {}
        }
    }
    for (connection, (since, error)) in failing {
        let name = &connections[connection as usize].name;
        let lost = simulation.now().since(since);
        add(&mut found, connection, name, since, error, lost);
    }
    let mut failures: Vec<OrderFailure> = found.into_values().collect();
    failures.retain(|one| one.lost > Span::ZERO);
    failures.sort_by_key(|one| one.at);
    failures
}

fn add(
    found: &mut BTreeMap<u32, OrderFailure>,
    connection: u32,
    name: &str,
    at: Time,
    error: ErrorKind,
    lost: Span,
) {
    let one = found.entry(connection).or_insert_with(|| OrderFailure {
        connection: name.to_owned(),
        at,
        error,
        lost: Span::ZERO,
    });
    one.lost += lost;
}
