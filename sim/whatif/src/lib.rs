//! What takes another future to know: which change ends an outage, which trust nothing needs, what a stolen key
//! can be used for.
//!
//! `trustsim_diagnosis` reads what happened; this room plays what would have happened. For example: an outage is
//! put down to a removed relation. [`remedies()`] makes the relation again in a copy of the world as it was then
//! ([`Forks`]), plays on, and keeps `juju integrate` as a remedy only where less is lost with it. [`least_trust()`]
//! takes each CA from a trust store and performs the handshakes without it; [`blast_radius()`] performs them with
//! certificates forged with each key.
//!
//! Must not know the terminal or files.

mod at_rest;
mod blast_radius;
mod candidates;
mod change;
mod effort;
mod failing_times;
mod futures;
mod kept;
mod lasting;
mod least_trust;
mod names;
mod order;
mod parallel;
mod proof;
mod proposal;
mod remedies;
mod remedy_seeds;
mod seeds;
mod signed_by;
mod stacks;
mod trusted;
mod untried;
mod versions;

pub use at_rest::{Unrest, play_to_rest};
pub use blast_radius::{BlastRadius, Impersonation, Need, Stolen, blast_radius};
pub use change::appoint;
pub use effort::{Effort, Unfinished};
pub use futures::{Forks, Future, Outcome};
pub use kept::KeptWorlds;
pub use lasting::play_longer;
pub use least_trust::{LeastTrust, MaskedSources, SourceOfTrust, TrustedAuthority, least_trust};
pub use names::{DialledName, DialledNames, NameVerdict, dialled_names};
pub use order::{
    NoOrder, OrderFailure, OrderPlay, OrderStep, PlayedOrder, RefreshTo, RelationOrder, StepKind,
    Unordered, refresh_order, relation_order,
};
pub use parallel::{SEED_THREAD, play_in_batches};
pub use proof::{Proof, prove};
pub use proposal::{Proposal, try_proposals};
pub use remedies::{Plan, Trials, remedies};
pub use remedy_seeds::play_remedies;
pub use seeds::{play_seeds, seeds_after};
pub use signed_by::signed_by;
pub use stacks::{SaidBy, said_by_stacks};
pub use trusted::{
    MissingTrust, TrustCheck, TrustFound, TrustRelation, TrustRoute, TrustedRoot, trust_found,
};
pub use trustsim_world::TriesInVain;
