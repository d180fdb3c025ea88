//! Causes, outages, expectations and forecasts, all by reading a journal; remedies, least trust and
//! blast radius, by playing again and by handshakes that are performed.
//!
//! Nothing is guessed from an error's text alone: what was presented, what was trusted and what
//! led there is read from entries and their causes. Must not know the terminal or files.

mod addresses;
mod blast_radius;
mod ca_route;
mod candidates;
mod case;
mod cause;
mod change;
mod charm_errors;
mod command;
mod counts;
mod entry_kind;
mod expectations;
mod explanation;
mod facts;
mod forecast;
mod least_trust;
mod notes;
mod open_outages;
mod outages;
mod proposal;
mod remedy;
mod rotation;
mod symptom;
mod tally;
#[cfg(test)]
mod tests;
mod versions;
mod why;

pub use addresses::address;
pub use blast_radius::{BlastRadius, Impersonation, Need, Stolen, blast_radius};
pub use ca_route::{CaRelation, CaRoute};
pub use cause::{
    Apart, CaTrigger, Cause, ChangedProvider, Event, Fault, FaultAction, Kept, Lost, MissingCa,
    NeverAsked, NewCa, NotAsked, NotGiven, Performed, Refusal, RefusalMeaning, Removal, RootCause,
    Separation, SignedInThePast, Status, Step, StillPresented, Transit, WaitEnd,
};
pub use charm_errors::{CharmError, CharmErrorDetail, CharmErrorKind, charm_errors};
pub use command::{Command, Obstacle};
pub use entry_kind::entry_kind;
pub use expectations::ExpectationResult;
pub use explanation::{Explanation, Part, Trigger};
pub use facts::cause_chain;
pub use forecast::{
    Expiry, Forecast, HookQueue, OutageTolerance, Proof, RequestPeak, RequestQueue, forecast, prove,
};
pub use least_trust::{LeastTrust, Masked, SourceOfTrust, TrustedAuthority, least_trust};
pub use open_outages::{OpenOutage, OpenReason};
pub use outages::{ErrorChange, Outage, outages};
pub use proposal::{Proposal, try_proposals};
pub use remedy::{Forks, Future, Outcome, Remedies, Remedy, remedies};
pub use rotation::{Invariant, Rotated, Violation, explain};
pub use symptom::{Issuer, Symptom};
pub use tally::{Tally, outage_attempts, tallies};
pub use versions::Fix;
pub use why::{Answer, Rests, SaidBy, Source as TrustSource, WhyError, said_by_stacks, why};

use trustsim_world::{Deployment, Journal, Manifest};

/// Everything found in a run: what the reports print beside the journal itself.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Every outage, by (start, connection).
    pub outages: Vec<Outage>,
    /// Why, one for each outage.
    pub explanations: Vec<Explanation>,
    /// What each connection did, in the order of the manifest.
    pub tallies: Vec<Tally>,
    /// Every expectation, judged, in file order.
    pub expectations: Vec<ExpectationResult>,
    /// Indices of outages that no expectation asked for.
    pub unexpected: Vec<usize>,
    /// Every outage that is open at the end, and why it does not heal by itself.
    pub open_outages: Vec<OpenOutage>,
    /// What would have helped; nothing before [`remedies`] has tried.
    pub remedies: Remedies,
}

impl Findings {
    /// Every outage with its explanation, in order.
    ///
    /// # Panics
    ///
    /// Where some outage has none: the two lists were not found together.
    pub fn explained(&self) -> impl ExactSizeIterator<Item = (&Outage, &Explanation)> {
        assert_eq!(
            self.outages.len(),
            self.explanations.len(),
            "every outage has its explanation"
        );
        self.outages.iter().zip(&self.explanations)
    }

    /// Whether every expectation held and nothing failed that nobody expected to.
    pub fn passed(&self) -> bool {
        self.unexpected.is_empty() && self.expectations.iter().all(|each| each.held)
    }
}

/// Reads a run's journal and judges it by what its scenario expects.
pub fn diagnose(deployment: &Deployment, manifest: &Manifest, journal: &Journal) -> Findings {
    let outages = outages(manifest, journal);
    let tallies = tallies(manifest, journal, &outages);
    let evidence = expectations::Evidence {
        deployment,
        manifest,
        journal,
        outages: &outages,
        tallies: &tallies,
    };
    let mut expectations = evidence.expectations();
    let unexpected = evidence.unexpected(&expectations);
    for spec in &deployment.rotations {
        let rotated = Rotated::new(deployment, spec, manifest, journal, &outages);
        expectations.extend(rotated.assertions());
    }
    let explainer = explanation::Explainer::new(deployment, manifest, journal);
    let explanations: Vec<Explanation> =
        outages.iter().map(|each| explainer.explain(each)).collect();
    let open_outages =
        open_outages::open_outages(deployment, manifest, journal, &outages, &explanations);
    Findings {
        outages,
        explanations,
        tallies,
        expectations,
        unexpected,
        open_outages,
        remedies: Remedies::default(),
    }
}
